//! Speed of the text forms: `cargo bench --bench text`.

use std::hint::black_box;

use dirsync::codec::codepage::CodePage;
use dirsync::importfile::Reader;
use dirsync::transaction::Transaction;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

const LINES: usize = 100_000;

/// Pages of one and of two bytes per character.
const CODE_PAGES: [CodePage; 2] = [CodePage::Cp850, CodePage::Cp932];

/// One mailbox per line, as an extract has them: the name padded to 30 columns, the address behind it.
fn mailboxes() -> Vec<u8> {
    let lines = (0..LINES).map(|n| {
        let name = format!("Surname, Given {n:07}");
        format!("A {name:30} PCM:NET{}/PO{}/U{n}\r\n", n / 10_000, n / 100)
    });
    lines.collect::<String>().into_bytes()
}

/// Adds, changes, deletions and gateway addresses in turn, some with information lines.
fn mixed() -> Vec<u8> {
    let lines = (0..LINES / 6).map(|n| {
        let name = format!("Surname, Given {n:07}");
        format!(
            "A {name:30} PCM:NET/PO{}/U{n}\r\n-Telephone/555-{n:07}\r\n\
             M {name:30} PCM:NET/PO{}/U{n}\r\n  Other {n:07}\tPCM:NET/PO{}/U{n}\r\n\
             D {name:30} SNADS:GATE/NODE{}/U{n}\r\n\
             A {name:30} SMTP:u{n}@host.example.org\r\n",
            n / 100,
            n / 100,
            n / 100,
            n / 100,
        )
    });
    lines.collect::<String>().into_bytes()
}

fn read_all(text: &[u8], code_page: CodePage) -> usize {
    Reader::new(text, code_page)
        .map(|block| block.expect("memory can be read"))
        .filter(|block| block.transaction.is_some() && block.messages.is_empty())
        .count()
}

/// Reads 100 thousand entries of an import file.
#[divan::bench(args = CODE_PAGES)]
fn read_mailboxes(bencher: Bencher<'_, '_>, code_page: CodePage) {
    let text = mailboxes();
    assert_eq!(read_all(&text, code_page), LINES);
    bencher
        .counter(ItemsCount::new(LINES))
        .counter(BytesCount::of_slice(&text))
        .bench(|| read_all(black_box(&text), code_page));
}

/// Reads 100 thousand lines of all sorts.
#[divan::bench(args = CODE_PAGES)]
fn read_mixed(bencher: Bencher<'_, '_>, code_page: CodePage) {
    let text = mixed();
    assert_eq!(read_all(&text, code_page), LINES / 6 * 4);
    bencher
        .counter(ItemsCount::new(LINES / 6 * 6))
        .counter(BytesCount::of_slice(&text))
        .bench(|| read_all(black_box(&text), code_page));
}

/// Reads the text of a queue record 100 thousand times.
#[divan::bench(args = CODE_PAGES)]
fn read_queue_text(bencher: Bencher<'_, '_>, code_page: CodePage) {
    let text = b"A Surname, Given 0000001\tPCM:NET1/PO15/U1501";
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        for _ in 0..LINES {
            let read = Transaction::decode_queue_text(black_box(text), code_page);
            assert!(black_box(read).is_ok());
        }
    });
}
