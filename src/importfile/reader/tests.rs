use std::io::{BufReader, Read};

use super::*;
use crate::transaction::TokenName;

const CP: CodePage = CodePage::Cp850;

fn blocks(text: &str) -> Vec<Block> {
    let bytes = CP.encode(text).expect("text of the code page");
    Reader::new(&bytes[..], CP)
        .collect::<io::Result<_>>()
        .expect("reading a slice")
}

/// Codes of the transactions with their lines, and messages as line and number.
fn outline(text: &str) -> (String, Vec<(u64, u16)>) {
    let blocks = blocks(text);
    let codes = blocks
        .iter()
        .filter_map(|block| {
            Some(format!(
                "{}{} ",
                block.line,
                block.transaction.as_ref()?.code()
            ))
        })
        .collect::<String>();
    let messages = blocks
        .iter()
        .flat_map(|block| &block.messages)
        .map(|message| (message.line, message.number))
        .collect();
    (codes.trim_end().to_owned(), messages)
}

fn first_message(text: &str) -> String {
    blocks(text)[0].messages[0].to_string()
}

#[test]
fn messages_say_where_what_and_what_instead() {
    let line = "A User One                       ";
    assert_eq!(
        first_message(&format!("{line}UUCP:host!user")),
        "line 1, column 34: [16] Unknown address type: found \"UUCP\", expected one of PCM, CSI, \
         FFAPI, MS, PROFS, SNADS, OV, SMTP, X400, MHS, MSMAIL, FAX, MCI"
    );
    assert_eq!(
        first_message("\n#\nA-User"),
        "line 3, column 2: [23] Expecting tab or space: found \"-\", expected a blank or TAB"
    );
    assert_eq!(
        first_message("A User One"),
        "line 1, column 11: [48] Expecting physical address: found the end of the line, expected \
         a physical address"
    );
    assert_eq!(
        first_message("A\tUser\tPCM:NET/P-O/M"),
        "line 1, column 17: [70] Alphanumeric characters only allowed in postoffice name: found \
         \"P-O\", expected letters and digits only in the postoffice name"
    );
    assert_eq!(
        first_message("A Short name                    PCM:NET/PO/M"),
        "line 1, column 33: [72] Fullname is too long: found \"Short name                    \
         PCM:NET/PO/M\", expected a blank: the name stands in columns 3 to 32, the address from \
         column 34"
    );
    assert_eq!(
        first_message("T PCM:N/P\n Phone:~15~20~NP~"),
        "line 2, column 18: [21] Input file is corrupt or has incorrect format: found the end of \
         the line, expected five tildes: prompt~start~width~edit~default~internal"
    );
}

#[test]
fn a_blank_before_the_hyphen_is_tolerated() {
    let text = "A a\tPCM:N/P/M\n - Title:/Sales Rep\nM a\tPCM:N/P/M\n - Title:/x\n";
    let blocks = blocks(text);
    for (block, value) in blocks.iter().zip([&b"Sales Rep"[..], b"x"]) {
        let transaction = block.transaction.as_ref().expect("a transaction");
        assert_eq!(transaction.info()[0].prompt(), b"Title:");
        assert_eq!(transaction.info()[0].value(), value);
    }
}

#[test]
fn blank_lines_and_comments_inside_a_block_are_skipped() {
    let text = "M a\tPCM:N/P/M\r\n \t\r\n# new\r\n  b\tPCM:N/P/M\r\n\r\r\n- T:/x\r\n";
    let blocks = blocks(text);
    assert_eq!(blocks.len(), 1);
    let Some(Transaction::Modify {
        new: Some(new),
        info,
        ..
    }) = &blocks[0].transaction
    else {
        panic!("M with its second line: {:?}", blocks[0]);
    };
    assert_eq!((new.name(), info[0].line()), (&b"b"[..], 6));
    assert_eq!(
        blocks[0].raw,
        b"M a\tPCM:N/P/M\r\n  b\tPCM:N/P/M\r\n- T:/x\r\n"
    );
}

#[test]
fn a_failed_block_takes_its_lines_with_it_and_no_others() {
    let failed = "A a\tUUCP:x\n- T:/x\n&FOO\n  b\tPCM:N/P/M\n - x\n";
    assert_eq!(
        outline(&format!("{failed}A ok\tPCM:N/P/M\n")),
        ("6A".into(), vec![(1, 16)])
    );
    assert_eq!(
        outline("!bad\n- T:/x\n!bad\n*\n- T:/x\n"),
        (String::new(), vec![(1, 12), (3, 12), (4, 12)])
    );
    assert_eq!(
        outline("- T:/x\n- T:/x\n F\n&A=b\n"),
        (String::new(), vec![(1, 12), (2, 12), (3, 12), (4, 12)])
    );
    assert_eq!(
        outline("D ok\tPCM:N/P/M\n- T:/x\nA ok\tPCM:N/P/M\n"),
        ("1D 3A".into(), vec![(2, 12)])
    );
}

#[test]
fn information_behind_an_unknown_command_is_not_given_to_the_entry_before() {
    let text = "A One\tPCM:N/P/ONE\na Two\tPCM:N/P/TWO\n- Title:/Two's\n";
    let blocks = blocks(text);
    assert_eq!(outline(text), ("1A".into(), vec![(2, 12)]));
    assert!(blocks[0].transaction.as_ref().expect("A").info().is_empty());
    let mangled = "A One\tPCM:N/P/ONE\n*Title:/Boss\n- Dept:/One's\n";
    assert_eq!(outline(mangled), ("1A".into(), vec![(2, 12)]));
    assert_eq!(
        self::blocks(mangled)[0]
            .transaction
            .as_ref()
            .expect("A")
            .info()
            .len(),
        1
    );
}

#[test]
fn a_bad_second_line_refuses_the_change() {
    let m = "M a\tPCM:N/P/M\n";
    let good = "  b\tPCM:N/P/M\n";
    for (lines, expected) in [
        ("  b\n- T:/x\n", (2, 48)),
        ("  b\tPCM:N/P\n", (2, 19)),
        (" b\tPCM:N/P/M\n", (2, 23)),
        ("\tb\tPCM:N/P/M\n", (2, 12)),
        (&format!("- T:/x\n{good}"), (3, 12)),
        (&format!("{good}{good}"), (3, 12)),
    ] {
        assert_eq!(
            outline(&format!("{m}{lines}")),
            (String::new(), vec![expected]),
            "{lines}"
        );
    }
}

#[test]
fn templates_are_whole_or_refused() {
    let t = "T PROFS:G/N\n";
    let many = " F:~1~1~A~~\n".repeat(256);
    assert_eq!(outline(&format!("{t}{many}")).0, "1T");
    for (text, expected) in [
        (format!("{t}{many} F:~1~1~A~~\n"), (258, 21)),
        (t.to_owned(), (1, 21)),
        (format!("{t} A:~1~1~A~~ B:~1~1~A~~\n"), (2, 21)),
        (format!("{t} A:~1~1~A~~\n B:~1~x~A~~\n C:\n"), (3, 21)),
        (format!("{t} A:~1~1~A~~\n B:~1~0~A~~\n"), (3, 21)),
        (format!("{t} A:~1~1~a~~\n"), (2, 21)),
        (format!("{t} A:~1~1~A~~\n*\n B:~1~1~A~~\n"), (3, 12)),
        (format!("{t}\tA:~1~1~A~~\n"), (2, 12)),
        ("T SMTP:\n F:~1~1~A~~\n".into(), (1, 24)),
        ("T SNADS:\n F:~1~1~A~~\n".into(), (1, 48)),
        ("T PCM:NET\n F:~1~1~A~~\n".into(), (1, 17)),
    ] {
        assert_eq!(outline(&text), (String::new(), vec![expected]), "{text}");
    }
}

#[test]
fn lists_are_a_place_or_a_whole_gateway() {
    assert_eq!(outline("R SMTP:\nR profs:\nR PROFS: G/N\n").0, "1R 2R 3R");
    for (line, number) in [
        ("R", 48),
        ("R ", 48),
        ("R PCM:", 48),
        ("R NET/PO", 16),
        ("R NETWORK\\MSM3", 16),
        ("R PCM:NET", 17),
        ("R PCM:NET/PO/M", 26),
        ("R SMTP:x", 26),
        ("R PCM:NE-T/PO", 69),
        ("R PCM:NET/POSTOFFICE1", 20),
        ("RPCM:NET/PO", 23),
    ] {
        assert_eq!(outline(line), (String::new(), vec![(1, number)]), "{line}");
    }
}

#[test]
fn tokens_are_known_or_refused_and_long_passwords_cut() {
    let text = "A a\tPCM:N/P/M\n&password=abcdefghi\n&Dirsync = yes\n&FOO=1\n&REMOTE=maybe\n\
                &ACCESS\n&ACCESS=Admin\n";
    assert_eq!(
        outline(text),
        ("1A".into(), vec![(2, 89), (4, 84), (5, 83), (6, 88)])
    );
    let blocks = blocks(text);
    let tokens = blocks[0].transaction.as_ref().expect("A").tokens();
    let read: Vec<_> = tokens
        .iter()
        .map(|t| (t.name(), t.value(), t.line()))
        .collect();
    assert_eq!(
        read,
        [
            (TokenName::Password, &b"abcdefgh"[..], 2),
            (TokenName::Dirsync, b"YES", 3),
            (TokenName::Access, b"ADMIN", 7),
        ]
    );
    assert!(!blocks[0].messages[0].to_string().contains("abcdefgh"));
}

#[test]
fn tokens_of_other_postoffices_are_message_82() {
    use crate::address::PostofficeName;
    use crate::importfile::check_tokens;
    let own = PostofficeName::parse(b"net/po", CP).expect("a name");
    let text = "A a\tPCM:NET/PO/M\n&REMOTE=YES\nA b\tPCM:NET/PO1/M\n&REMOTE=YES\n\
                A c\tSMTP:x\n&REMOTE=NO\nA d\tPCM:NET/PO1/M\n";
    let lines: Vec<_> = blocks(text)
        .iter()
        .flat_map(|b| check_tokens(b.transaction.as_ref().expect("A"), &own, CP))
        .map(|message| (message.line, message.number))
        .collect();
    assert_eq!(lines, [(4, 82), (6, 82)]);
}

#[test]
fn double_byte_names_keep_their_columns() {
    // Fifteen characters of two bytes fill columns 3 to 32; the second bytes are tildes.
    let cp = CodePage::Cp932;
    let name = b"\x81~".repeat(15);
    let line = [b"A ", &name[..], b" PCM:N/P/M"].concat();
    let block = Reader::new(&line[..], cp).next().expect("a block");
    let transaction = block.expect("read").transaction.expect("A");
    assert_eq!(transaction.entry().expect("entry").name(), name);
    let field = b"T PCM:N/P\n \x81~:~1~2~A~\x81~~";
    let block = Reader::new(&field[..], cp).next().expect("a block");
    assert!(matches!(
        block.expect("read").transaction,
        Some(Transaction::Template { .. })
    ));
}

#[test]
fn control_characters_never_enter_a_name_or_an_address() {
    assert_eq!(
        outline("A a\0b\tPCM:N/P/M\n"),
        (String::new(), vec![(1, 21)])
    );
    assert_eq!(
        outline("A a\rb\tPCM:N/P/M\n"),
        (String::new(), vec![(1, 21)])
    );
    assert_eq!(outline("A a\tSMTP:x\ty\n"), (String::new(), vec![(1, 26)]));
    assert_eq!(
        outline("A a\tPCM:N/P/M\n- T:/a\0b\n"),
        ("1A".into(), vec![(2, 21)])
    );
}

/// Yields a piece again and again, then an end, and fails a reader that asks for too much at once.
struct Endless {
    head: &'static [u8],
    piece: &'static [u8],
    left: u64,
    tail: &'static [u8],
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let source = match (self.head, self.left) {
            ([], 0) => &mut self.tail,
            ([], _) => {
                let len = self.piece.len().min(buffer.len());
                buffer[..len].copy_from_slice(&self.piece[..len]);
                self.left = self.left.saturating_sub(len as u64);
                return Ok(len);
            }
            _ => &mut self.head,
        };
        let len = source.len().min(buffer.len());
        buffer[..len].copy_from_slice(&source[..len]);
        *source = &source[len..];
        Ok(len)
    }
}

const HUGE: u64 = 300 << 20;

fn huge(head: &'static [u8], piece: &'static [u8], left: u64) -> Reader<BufReader<Endless>> {
    let tail = b"\nA ok\tPCM:N/P/M\n";
    let input = Endless {
        head,
        piece,
        left,
        tail,
    };
    Reader::new(BufReader::with_capacity(1 << 16, input), CP)
}

#[test]
fn a_line_of_any_length_is_refused_in_bounded_memory() {
    for head in [&b"A name\tSMTP:"[..], b"- ", b"", b"# "] {
        let mut reader = huge(head, &[b'x'; 1 << 14], HUGE);
        let mut blocks = Vec::new();
        while let Some(block) = reader.next() {
            blocks.push(block.expect("no I/O error"));
            assert!(reader.lines.capacity() <= 4 * MAX_LINE_LEN);
        }
        let last = blocks.pop().expect("the line behind it");
        assert_eq!(last.line, 2);
        assert!(last.transaction.is_some(), "{}", head.escape_ascii());
        let comment = head == b"# ";
        assert_eq!(blocks.len(), usize::from(!comment));
        for block in blocks {
            assert!(block.raw.is_empty());
            assert_eq!((block.messages[0].line, block.messages[0].number), (1, 21));
            assert_eq!(block.messages.len(), 1);
        }
    }
}

#[test]
fn a_block_of_endless_lines_is_refused_in_bounded_memory() {
    for (head, line, number) in [
        (&b"A a\tPCM:N/P/M\n"[..], &b"- T:/x\n"[..], 21),
        (b"A a\tSMTP:x\n", b"- T:/x\n", 24),
        (b"A a\tPCM:N/P/M\n", b"&REMOTE=YES\n", 21),
        (b"T PCM:N/P\n", b" F:~1~1~A~~\n", 21),
        (b"A a\tUUCP:x\n", b"- T:/x\n", 16),
    ] {
        let blocks: Vec<_> = huge(head, line, 4 << 20)
            .map(|block| block.expect("no I/O error"))
            .collect();
        assert_eq!(blocks.len(), 2);
        assert!(blocks[0].transaction.is_none());
        assert!(blocks[0].raw.len() <= MAX_LINE_LEN);
        assert!(blocks[0].messages.len() <= MAX_BLOCK_LINES + 1);
        assert_eq!(blocks[0].messages[0].number, number);
        assert!(blocks[1].transaction.is_some());
    }
}

#[test]
fn endless_unknown_lines_do_not_refuse_the_entry_before_them() {
    let mut reader = huge(b"A a\tPCM:N/P/M\n", b"*\n", 1 << 20);
    let first = reader.next().expect("a block").expect("no I/O error");
    assert!(first.transaction.is_some());
    assert_eq!(first.messages.len(), MAX_BLOCK_LINES);
    let rest: u64 = reader
        .map(|b| b.expect("no I/O error").messages.len() as u64)
        .sum();
    assert_eq!(rest + MAX_BLOCK_LINES as u64, (1 << 20) / 2);
}

#[test]
fn a_read_error_ends_the_blocks_and_is_not_taken_for_the_end() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken disk"))
        }
    }
    let input = BufReader::new(b"A a\tPCM:N/P/M\nA b\tPCM:N/P/M\n".chain(Broken));
    let results: Vec<_> = Reader::new(input, CP).collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].is_ok());
    assert!(results[1].is_err());
}

#[test]
fn an_m_without_address_is_refused_and_given_along() {
    let text = "M George Jones\n- Title:/Clerk\n# note\n - Phone://2\n- no slash\nA b\tPCM:N/P/B\n";
    assert_eq!(outline(text), ("6A".into(), vec![(1, 48)]));
    let blocks = blocks(text);
    let by_name = blocks[0].loose.by_name.as_ref().expect("a name");
    assert_eq!(
        (by_name.name(), &by_name.new),
        (&b"George Jones"[..], &None)
    );
    assert_eq!(by_name.info[0].value(), b"Clerk");
    let loose: Vec<_> = by_name.left_out.info.iter().collect();
    assert_eq!((&loose[0].text[..], loose[0].line), (&b"Phone://2"[..], 4));
    assert_eq!(&loose[1].text[..], b"no slash");
    let messages = by_name.left_out.messages.iter();
    let messages: Vec<_> = messages.map(|m| (m.line, m.number)).collect();
    assert_eq!(messages, [(4, 22), (5, 22)]);
}

#[test]
fn a_second_line_below_a_name_alone_is_the_new_name_and_address() {
    let read = |below: &str| {
        let text = format!("M George Jones\n{below}\n- Title:/Clerk\n");
        blocks(&text).remove(0).loose.by_name
    };
    let by_name = read("  George Smith\tPCM:N/P/GS").expect("a name");
    let new = by_name.new.expect("a second line");
    assert_eq!(new.name(), b"George Smith");
    // Half a line is not guessed at, nor are lines out of their order.
    assert_eq!(read("  George Smith"), None);
    assert_eq!(read("- A:/b\n  George Smith\tPCM:N/P/GS"), None);
}

#[test]
fn only_an_m_that_ends_behind_its_name_is_a_name_alone() {
    for text in [
        "A George Jones",
        "D George Jones",
        "M ",
        "M George Jones\tUUCP:x",
        "M-George Jones",
        "M A name that is much longer than any name",
        "M a\x01b",
    ] {
        assert_eq!(blocks(text)[0].loose, Loose::default(), "{text:?}");
    }
    for text in [
        "M George Jones\t",
        "M\tGeorge Jones",
        "M George Jones   \r\r",
    ] {
        assert!(blocks(text)[0].loose.by_name.is_some(), "{text:?}");
    }
    let numbered = Reader::numbered(&b"0000000007 M George Jones\n- A:/b"[..], CP, 0);
    let block = numbered.map(|block| block.expect("memory")).next();
    let block = block.expect("a block");
    assert_eq!(block.sync, Some(7));
    assert_eq!(block.loose.by_name.expect("a name").info.len(), 1);
}

#[test]
fn a_line_whose_prompt_does_not_end_is_refused_and_given_along() {
    let text = "A a\tPCM:N/P/A\n- T:/x\n-Phone://2\nA s\tSMTP:s@x\n- Phone://2\n";
    assert_eq!(outline(text), ("1A 4A".into(), vec![(3, 22), (5, 24)]));
    let blocks = blocks(text);
    assert_eq!(&blocks[0].loose.info[0].text[..], b"Phone://2");
    assert_eq!(blocks[1].loose, Loose::default());
}
