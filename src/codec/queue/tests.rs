use super::*;

use std::io::{self, Read};

use proptest::prelude::*;

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

/// Lines of text, as a queue of another make might hold them.
fn lines() -> Framing {
    Framing {
        header_len: 4,
        sync: Some(FieldSpec::new(0, 4)),
        checksum: None,
        kind: None,
        length: None,
        stamp: None,
        origin: None,
        reserved: None,
        byte_order: ByteOrder::Big,
        length_counts: LengthCounts::Text,
        terminator: b"\r\n".into(),
        checksum_kind: ChecksumKind::None,
    }
}

#[test]
fn a_terminator_ends_the_text_where_there_is_no_length() {
    let bytes = b"\0\0\0\x01A one\r\r\n\0\0\0\x02\r\n";
    let framed = read(Short(bytes, false), &lines()).unwrap();
    let seen: Vec<_> = framed
        .iter()
        .map(|f| (f.record.sync, &f.record.text[..]))
        .collect();
    assert_eq!(seen, [(1, &b"A one\r"[..]), (2, b"")]);
    assert_eq!(framed[0].stored_checksum, None);
    assert!(framed[0].is_intact());
    assert_eq!(
        error(b"\0\0\0\x01A one\r", &lines()),
        "transaction 1 at byte 0x0: text without its terminator (6 bytes read)"
    );
    let endless = vec![b'x'; 3 * MAX_TEXT_LEN];
    assert!(error(&endless, &lines()).contains("text without its terminator"));
}

#[test]
fn a_terminator_behind_a_length_is_checked() {
    let framing = Framing {
        terminator: b"\0".into(),
        length_counts: LengthCounts::Whole,
        ..Framing::OURS
    };
    let mut bytes = write(&sample()[..2], &framing);
    assert_eq!(bytes[4], 27 + 24 + 1);
    let end = bytes.len();
    bytes[end - 1] = b'\n';
    assert_eq!(
        error(&bytes, &framing),
        "transaction 2 at byte 0x34: found \"\\n\" behind the text, expected the terminator \"\\x00\""
    );
    bytes[4] = 24;
    assert_eq!(
        error(&bytes, &framing),
        "transaction 1 at byte 0x0: length field 24, expected at least 25"
    );
}

#[test]
fn what_a_framing_cannot_hold_is_refused_and_the_writer_goes_on() {
    let mut writer = QueueWriter::new(Vec::new(), &lines());
    let mut record = QueueRecord {
        sync: 9,
        ..QueueRecord::default()
    };
    record.stamp = Timestamp(5);
    let refused = |e: QueueError| e.to_string();
    assert_eq!(
        writer.write(&record).map_err(refused),
        Err("transaction 1 at byte 0x0: stamp 5 does not fit 0 bytes".into())
    );
    record.stamp = Timestamp::ZERO;
    record.text = b"a\r\nb".to_vec();
    assert_eq!(
        writer.write(&record).map_err(refused),
        Err("transaction 1 at byte 0x0: text holds its own terminator at byte 1".into())
    );
    record.text = b"a\r".to_vec();
    writer.write(&record).unwrap();
    assert_eq!(writer.finish().unwrap(), (b"\0\0\0\x09a\r\r\n".to_vec(), 1));
}

#[test]
fn a_framing_that_contradicts_itself_is_refused() {
    let field = |offset, width| Some(FieldSpec::new(offset, width));
    let ours = || Framing::OURS;
    for (framing, expected) in [
        (
            Framing {
                stamp: field(8, 0),
                ..ours()
            },
            "stamp has an impossible width",
        ),
        (
            Framing {
                kind: field(2, 3),
                ..ours()
            },
            "kind has an impossible width",
        ),
        (
            Framing {
                sync: field(12, 5),
                ..ours()
            },
            "sync has an impossible width",
        ),
        (
            Framing {
                reserved: field(21, 4),
                ..ours()
            },
            "reserved leaves the header",
        ),
        (
            Framing {
                origin: field(usize::MAX, 4),
                ..ours()
            },
            "origin leaves the header",
        ),
        (
            Framing {
                sync: field(10, 4),
                ..ours()
            },
            "stamp and sync overlap",
        ),
        (
            Framing {
                length: None,
                ..ours()
            },
            "neither length nor terminator ends the text",
        ),
        (
            Framing {
                checksum: None,
                ..ours()
            },
            "checksum has no field that holds it",
        ),
        (
            Framing {
                checksum: field(0, 1),
                ..ours()
            },
            "checksum has no field that holds it",
        ),
        (
            Framing {
                header_len: 1025,
                ..ours()
            },
            "header is too long",
        ),
        (
            Framing {
                terminator: vec![0; 17].into(),
                ..ours()
            },
            "terminator is too long",
        ),
    ] {
        let expected = format!("framing: {expected}");
        assert_eq!(error(b"x", &framing), expected);
        let mut writer = QueueWriter::new(Vec::new(), &framing);
        let refused = writer.write(&QueueRecord::default()).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(Framing::OURS.check(), Ok(()));
    assert_eq!(lines().check(), Ok(()));
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

fn framing_strategy() -> impl Strategy<Value = Framing> {
    let fields = proptest::collection::vec(proptest::option::of((1..=4usize, 0..3usize)), 7);
    let order = Just([0, 1, 2, 3, 4, 5, 6usize]).prop_shuffle();
    (
        fields,
        order,
        any::<bool>(),
        0..4u8,
        0..4usize,
        any::<bool>(),
    )
        .prop_map(|(fields, order, big, counts, terminator, crc)| {
            let mut at = 0;
            let mut specs = [None; 7];
            for i in order {
                if let Some((width, gap)) = fields[i] {
                    let width = if i == 1 { width.min(2) } else { width };
                    at += gap;
                    specs[i] = Some(FieldSpec::new(at, width));
                    at += width;
                }
            }
            let crc = crc && specs[0].is_some_and(|s| s.width >= 2);
            let terminator: &[u8] = [&b""[..], b"\0", b"\r\n", b"aba"][terminator];
            let endless = terminator.is_empty() && specs[2].is_none();
            Framing {
                header_len: at,
                checksum: specs[0],
                kind: specs[1],
                length: specs[2],
                stamp: specs[3],
                sync: specs[4],
                origin: specs[5],
                reserved: specs[6],
                byte_order: if big {
                    ByteOrder::Big
                } else {
                    ByteOrder::Little
                },
                length_counts: match counts {
                    0 => LengthCounts::Text,
                    1 => LengthCounts::TextAndTerminator,
                    2 => LengthCounts::HeaderAndText,
                    _ => LengthCounts::Whole,
                },
                terminator: if endless {
                    b"\n".into()
                } else {
                    terminator.to_vec().into()
                },
                checksum_kind: if crc {
                    ChecksumKind::Crc16Ibm3740
                } else {
                    ChecksumKind::None
                },
            }
        })
}

fn record_strategy() -> impl Strategy<Value = QueueRecord> {
    let text = proptest::collection::vec(any::<u8>(), 0..80);
    let number = || prop_oneof![0..256u32, any::<u32>()];
    (any::<u16>(), number(), number(), number(), number(), text).prop_map(
        |(kind, stamp, sync, origin, reserved, text)| QueueRecord {
            kind: RecordKind::from_code(kind),
            stamp: Timestamp(stamp),
            sync,
            origin,
            reserved,
            text,
        },
    )
}

/// Cuts the values of a record to what a framing can hold.
fn fit(record: &mut QueueRecord, framing: &Framing) {
    let cut = |value: u32, spec: Option<FieldSpec>| {
        let width = spec.map_or(0, |s| s.width);
        (u64::from(value) & ((1u64 << (8 * width)) - 1)) as u32
    };
    record.kind = RecordKind::from_code(cut(u32::from(record.kind.code()), framing.kind) as u16);
    record.stamp.0 = cut(record.stamp.0, framing.stamp);
    record.sync = cut(record.sync, framing.sync);
    record.origin = cut(record.origin, framing.origin);
    record.reserved = cut(record.reserved, framing.reserved);
}

proptest! {
    #[test]
    fn any_framing_gives_back_what_it_took(
        framing in framing_strategy(),
        mut records in proptest::collection::vec(record_strategy(), 0..8),
    ) {
        prop_assert_eq!(framing.check(), Ok(()));
        let mut writer = QueueWriter::new(Vec::new(), &framing);
        records.iter_mut().for_each(|r| fit(r, &framing));
        // A text that holds its terminator, or a length above one byte, is rightly refused.
        records.retain(|r| writer.write(r).is_ok());
        let (bytes, count) = writer.finish().unwrap();
        prop_assert_eq!(count, records.len() as u64);
        let framed = read(&bytes[..], &framing).unwrap();
        prop_assert!(framed.iter().all(Framed::is_intact));
        let back: Vec<_> = framed.into_iter().map(|f| f.record).collect();
        prop_assert_eq!(back, records);
    }

    #[test]
    fn random_bytes_end_in_records_or_an_error(
        framing in framing_strategy(),
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        for framing in [framing, Framing::OURS] {
            let mut reader = QueueReader::new(&bytes[..], &framing);
            let mut framed = Framed::default();
            while let Ok(true) = reader.read(&mut framed) {
                prop_assert!(framed.record.text.len() <= bytes.len());
            }
            prop_assert!(reader.offset() <= bytes.len() as u64);
        }
    }

    #[test]
    fn intact_bytes_are_written_as_they_were_read(
        records in proptest::collection::vec(record_strategy(), 0..8),
    ) {
        let bytes = write(&records, &Framing::OURS);
        let back: Vec<_> = read(&bytes[..], &Framing::OURS)
            .unwrap()
            .into_iter()
            .map(|f| f.record)
            .collect();
        prop_assert_eq!(write(&back, &Framing::OURS), bytes);
    }
}
