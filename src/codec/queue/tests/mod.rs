use super::*;

use std::io::{self, Read};

mod framings;

fn text(s: &str) -> Vec<u8> {
    s.as_bytes().to_vec()
}

fn sample() -> Vec<QueueRecord> {
    let stamp = Timestamp(765_720_832);
    vec![
        QueueRecord::transaction(stamp, 1, 7, text("R PCM:POLYNOMIAL/MONTGOMERY")),
        QueueRecord::transaction(
            stamp,
            2,
            7,
            text("A apple\tPCM:POLYNOMIAL/MONTGOMERY/apple"),
        ),
        QueueRecord::transaction(stamp, 3, 7, Vec::new()),
        QueueRecord::dummy(stamp, 4),
        QueueRecord {
            kind: RecordKind::Other(513),
            reserved: 0xdead_beef,
            ..QueueRecord::podiag_dummy(stamp, 5)
        },
    ]
}

fn write(records: &[QueueRecord], framing: &Framing) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), framing);
    for record in records {
        writer.write(record).unwrap();
    }
    let len = writer.offset();
    let (bytes, count) = writer.finish().unwrap();
    assert_eq!((len, count), (bytes.len() as u64, records.len() as u64));
    bytes
}

fn read(bytes: impl Read, framing: &Framing) -> Result<Vec<Framed>, QueueError> {
    QueueReader::new(bytes, framing).collect()
}

fn error(bytes: &[u8], framing: &Framing) -> String {
    read(bytes, framing).unwrap_err().to_string()
}

/// Hands out one byte at a time, and is interrupted before each.
struct Short<'a>(&'a [u8], bool);

impl Read for Short<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(1);
        self.0.read(&mut buffer[..len])
    }
}

#[test]
fn a_record_lies_as_the_table_says() {
    // The first line of the LISTQ sample (Q96060) in our framing; the checksum was computed apart.
    #[rustfmt::skip]
    let golden = [
        0x53, 0x5f,             // checksum
        0x00, 0x00,             // kind: transaction
        0x1b, 0x00, 0x00, 0x00, // length: 27
        0x00, 0xf9, 0xa3, 0x2d, // stamp: Thu Apr 07 12:13:52 1994
        0x01, 0x00, 0x00, 0x00, // sync: 1
        0x07, 0x00, 0x00, 0x00, // origin: 7
        0x00, 0x00, 0x00, 0x00, // reserved
        b'R', b' ', b'P', b'C', b'M', b':', b'P', b'O', b'L', b'Y', b'N', b'O', b'M', b'I', b'A',
        b'L', b'/', b'M', b'O', b'N', b'T', b'G', b'O', b'M', b'E', b'R', b'Y',
    ];
    assert_eq!(write(&sample()[..1], &Framing::OURS), golden);
    let framed = read(&golden[..], &Framing::OURS).unwrap().remove(0);
    assert!(framed.is_intact());
    assert_eq!(framed.record, sample()[0]);
}

#[test]
fn records_come_back_with_number_and_place() {
    let bytes = write(&sample(), &Framing::OURS);
    let framed = read(Short(&bytes, false), &Framing::OURS).unwrap();
    let records: Vec<_> = framed.iter().map(|f| f.record.clone()).collect();
    assert_eq!(records, sample());
    let places: Vec<_> = framed.iter().map(|f| (f.number, f.offset)).collect();
    assert_eq!(places, [(1, 0), (2, 51), (3, 114), (4, 138), (5, 187)]);
    assert!(framed.iter().all(Framed::is_intact));
}

#[test]
fn a_reader_goes_on_behind_a_known_record() {
    let bytes = write(&sample(), &Framing::OURS);
    let mut reader = QueueReader::new_at(&bytes[51..], &Framing::OURS, 1, 51);
    let mut framed = Framed::default();
    assert!(reader.read(&mut framed).unwrap());
    assert_eq!(
        (framed.number, framed.offset, framed.record.sync),
        (2, 51, 2)
    );
    assert_eq!((reader.number(), reader.offset()), (2, 114));
}

#[test]
fn reading_reuses_the_memory_of_the_record() {
    let bytes = write(&sample(), &Framing::OURS);
    let mut reader = QueueReader::new(&bytes[..], &Framing::OURS);
    let mut framed = Framed::default();
    framed.record.text.reserve(100);
    let at = framed.record.text.as_ptr();
    while reader.read(&mut framed).unwrap() {
        assert_eq!(framed.record.text.as_ptr(), at);
    }
    assert_eq!(framed.number, 5);
}

#[test]
fn kinds_come_back() {
    for code in 0..=u16::MAX {
        assert_eq!(RecordKind::from_code(code).code(), code);
    }
    assert_eq!(RecordKind::from_code(3), RecordKind::EndMark);
    assert_eq!(RecordKind::from_code(4), RecordKind::Other(4));
}

#[test]
fn a_wrong_checksum_is_told_and_reading_goes_on() {
    let mut bytes = write(&sample(), &Framing::OURS);
    bytes[51 + 30] ^= 1;
    bytes[51..53].copy_from_slice(&[0xa2, 0xb4]);
    let framed = read(&bytes[..], &Framing::OURS).unwrap();
    let intact: Vec<_> = framed.iter().map(Framed::is_intact).collect();
    assert_eq!(intact, [true, false, true, true, true]);
    assert_eq!(
        framed[1].checksum_error().unwrap().to_string(),
        format!(
            "transaction 2 at byte 0x33: stored checksum 0xb4a2, computed {:#06x}",
            framed[1].computed_checksum
        )
    );
    assert!(framed[0].checksum_error().is_none());
}

#[test]
fn a_mismatch_reads_as_the_style_says() {
    let framed = Framed {
        number: 17,
        offset: 0x2f4,
        stored_checksum: Some(0xb4a2),
        computed_checksum: 0xfb16,
        record: QueueRecord::default(),
    };
    assert_eq!(
        framed.checksum_error().unwrap().to_string(),
        "transaction 17 at byte 0x2f4: stored checksum 0xb4a2, computed 0xfb16"
    );
}

#[test]
fn damage_names_record_and_byte() {
    let bytes = write(&sample(), &Framing::OURS);
    assert_eq!(
        error(&bytes[..60], &Framing::OURS),
        "transaction 2 at byte 0x33: file ends inside the header (9 of 24 bytes)"
    );
    let mut long = bytes[..51 + 36].to_vec();
    long[55..59].copy_from_slice(&99_999u32.to_le_bytes());
    assert_eq!(
        error(&long, &Framing::OURS),
        "transaction 2 at byte 0x33: text length 99999 leaves the file (12 bytes left)"
    );
    long[55..59].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(
        error(&long, &Framing::OURS),
        "transaction 2 at byte 0x33: text length 4294967295, expected at most 1048576"
    );
}

#[test]
fn after_an_error_the_reader_stays_and_the_iterator_ends() {
    let bytes = write(&sample(), &Framing::OURS);
    let mut reader = QueueReader::new(&bytes[..60], &Framing::OURS);
    let mut framed = Framed::default();
    assert!(reader.read(&mut framed).unwrap());
    for _ in 0..3 {
        assert!(reader.read(&mut framed).is_err());
        assert_eq!((reader.number(), reader.offset()), (1, 51));
    }
    assert_eq!(QueueReader::new(&bytes[..60], &Framing::OURS).count(), 2);
}

#[test]
fn the_longest_text_passes_and_one_more_byte_does_not() {
    let mut record = sample().remove(0);
    record.text = vec![b'x'; MAX_TEXT_LEN];
    let bytes = write(std::slice::from_ref(&record), &Framing::OURS);
    assert_eq!(read(&bytes[..], &Framing::OURS).unwrap()[0].record, record);
    record.text.push(b'x');
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    assert_eq!(
        writer.write(&record).unwrap_err().to_string(),
        "transaction 1 at byte 0x0: text length 1048577, expected at most 1048576"
    );
}

#[test]
fn a_dummy_has_the_published_sizes() {
    let stamp = Timestamp(1);
    let len = |record| write(&[record], &Framing::OURS).len();
    assert_eq!(len(QueueRecord::dummy(stamp, 22)), 49, "Q133428");
    assert_eq!(len(QueueRecord::podiag_dummy(stamp, 22)), 60, "Q110496");
}

#[test]
fn a_file_cut_anywhere_gives_its_whole_records_and_an_error() {
    for framing in [
        Framing::OURS,
        Framing {
            terminator: b"\0".into(),
            ..Framing::OURS
        },
    ] {
        let bytes = write(&sample(), &framing);
        let mut ends = vec![0];
        ends.extend(
            read(&bytes[..], &framing)
                .unwrap()
                .iter()
                .skip(1)
                .map(|f| f.offset as usize),
        );
        for cut in 0..bytes.len() {
            let whole = ends.iter().filter(|&&end| end > 0 && end <= cut).count();
            let seen: Vec<_> = QueueReader::new(&bytes[..cut], &framing).collect();
            let torn = usize::from(!ends.contains(&cut));
            assert_eq!(seen.len(), whole + torn, "cut at {cut}");
            assert!(seen[..whole].iter().all(Result::is_ok));
            assert!(seen[whole..].iter().all(Result::is_err));
        }
    }
}

#[test]
fn no_flipped_bit_passes_unseen() {
    let bytes = write(&sample(), &Framing::OURS);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let seen = read(&damaged[..], &Framing::OURS);
            let passes = seen.is_ok_and(|all| all.iter().all(Framed::is_intact));
            assert!(!passes, "byte {at} bit {bit}");
        }
    }
}
