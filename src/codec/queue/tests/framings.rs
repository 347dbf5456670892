//! Framings other than ours.

use proptest::prelude::*;

use super::*;

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
