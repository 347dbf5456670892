//! Speed of the codec: `cargo bench --bench codec`.

use std::hint::black_box;

use dirsync::codec::queue::{Framed, Framing, QueueReader, QueueRecord, QueueWriter};
use dirsync::codec::timestamp::Timestamp;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

const RECORDS: u32 = 1_000_000;

/// A record of 60 bytes: 24 of framing, 36 of text.
fn record(sync: u32) -> QueueRecord {
    let text = format!("A User {sync:08}\tPCM:NET/PO/U{sync:08}");
    QueueRecord::transaction(Timestamp(765_720_832), sync, 1, text.into())
}

fn queue() -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for sync in 1..=RECORDS {
        writer.write(&record(sync)).expect("the record fits");
    }
    writer.finish().expect("a vector takes everything").0
}

/// Reads a million records and compares every checksum.
#[divan::bench]
fn read_queue(bencher: Bencher<'_, '_>) {
    let bytes = queue();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| {
            let mut reader = QueueReader::new(black_box(&bytes[..]), &Framing::OURS);
            let mut framed = Framed::default();
            while reader.read(&mut framed).expect("the queue is sound") {
                assert!(framed.is_intact());
            }
            framed.number
        });
}

/// Writes a record a million times.
#[divan::bench]
fn write_queue(bencher: Bencher<'_, '_>) {
    let record = record(1);
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let mut writer = QueueWriter::new(std::io::sink(), &Framing::OURS);
        for _ in 0..RECORDS {
            writer.write(black_box(&record)).expect("the record fits");
        }
        writer.finish().expect("a sink takes everything").1
    });
}
