//! How fast the records of address lists are read and written.

use dirsync::codec::{FixedText, NmeRecord, Record, RecordReader, RecordWriter, UsrRecord};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

const RECORDS: u32 = 100_000;

fn main() {
    divan::main();
}

/// A file of [`RECORDS`] users.
fn users() -> Vec<UsrRecord> {
    let text = |n: u32| format!("User{n:06}");
    (0..RECORDS)
        .map(|n| {
            let name = FixedText::new(text(n).as_bytes()).expect("10 bytes fit 30");
            let mailbox = FixedText::new(text(n).as_bytes()).expect("10 bytes fit 10");
            UsrRecord::new(name, mailbox, n)
        })
        .collect()
}

fn file<T: Record>(records: &[T]) -> Vec<u8> {
    let mut writer = RecordWriter::new(Vec::with_capacity(records.len() * T::LEN));
    for record in records {
        writer.write(record).expect("memory takes all bytes");
    }
    writer.finish().0
}

fn read<T: Record>(bencher: Bencher, bytes: &[u8]) {
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::of_slice(bytes))
        .bench_local(|| {
            RecordReader::<_, T>::new(bytes, 0)
                .filter(Result::is_ok)
                .count()
        });
}

#[divan::bench]
fn read_usr(bencher: Bencher) {
    read::<UsrRecord>(bencher, &file(&users()));
}

#[divan::bench]
fn read_nme(bencher: Bencher) {
    read::<NmeRecord>(bencher, &vec![b'0'; RECORDS as usize * NmeRecord::LEN]);
}

#[divan::bench]
fn write_usr(bencher: Bencher) {
    let users = users();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| file(&users));
}
