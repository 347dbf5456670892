use super::*;

use crate::codec::queue::{Framed, Framing, QueueReader, QueueRecord, QueueWriter, RecordKind};
use crate::codec::timestamp::Timestamp;

const HEADER: &[u8] = b"# RESYNC IMPSEQ=0000000002 REQSEQ=0000000017 SRVSEQ=0000000080 \
    STAMP=0765720832 SERVER=PCM:POLYNOMIAL/MONTGOMERY FOR=PCM:POLYNOMIAL/OCTOBER";

fn header() -> ResyncHeader {
    ResyncHeader {
        import_sync: ImportSync(2),
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        stamp: 765_720_832,
        server: (*b"POLYNOMIAL/MONTGOMERY").into(),
        addressee: Some((*b"POLYNOMIAL/OCTOBER").into()),
    }
}

fn records() -> Vec<QueueRecord> {
    ["able", "apple", "paul"]
        .map(|name| {
            let text = format!("A {name}\tPCM:POLYNOMIAL/MONTGOMERY/{name}");
            QueueRecord::transaction(Timestamp(765_720_832), 80, 1, text.into())
        })
        .to_vec()
}

fn file() -> (Vec<u8>, EndMark) {
    let mut writer = ResyncWriter::new(Vec::new(), &header(), Timestamp(765_720_832)).unwrap();
    for record in records() {
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap()
}

fn verify(bytes: &[u8]) -> Result<Ending, String> {
    ResyncReader::new(bytes, &Framing::OURS)
        .and_then(ResyncReader::verify)
        .map_err(|e| e.to_string())
}

/// Writes records of any kind, as no strict writer would.
fn queue(records: &[QueueRecord]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap().0
}

fn all_records(bytes: &[u8]) -> Vec<QueueRecord> {
    QueueReader::new(bytes, &Framing::OURS)
        .map(|framed| framed.unwrap().record)
        .collect()
}

#[test]
fn header_and_end_mark_have_their_texts() {
    assert_eq!(
        header().encode().escape_ascii().to_string(),
        HEADER.escape_ascii().to_string()
    );
    assert_eq!(ResyncHeader::decode(HEADER).unwrap(), header());
    let any = ResyncHeader {
        addressee: None,
        ..header()
    };
    assert!(
        any.encode()
            .ends_with(b"SERVER=PCM:POLYNOMIAL/MONTGOMERY FOR=*")
    );
    assert_eq!(ResyncHeader::decode(&any.encode()).unwrap(), any);
    let mark = EndMark {
        count: 4,
        crc32: 0xcbf4_3926,
    };
    assert_eq!(mark.encode(), b"# END COUNT=0000000004 CRC32=CBF43926");
    assert_eq!(EndMark::decode(&mark.encode()).unwrap(), mark);
}

#[test]
fn a_name_may_hold_blanks_and_letters_of_the_code_page() {
    let odd = ResyncHeader {
        server: (*b"N FOR=x/\x9aBER").into(),
        ..header()
    };
    assert_eq!(ResyncHeader::decode(&odd.encode()).unwrap(), odd);
}

#[test]
fn a_bad_header_text_names_its_byte() {
    let error = |from: &str, to: &str| {
        let text = String::from_utf8(HEADER.to_vec()).unwrap();
        assert!(text.contains(from));
        let changed = text.replacen(from, to, 1);
        ResyncHeader::decode(changed.as_bytes())
            .unwrap_err()
            .to_string()
    };
    for (from, to, expected) in [
        (
            "# RESYNC",
            "# resync",
            "byte 0 of the text: found \"# resync IMPSEQ=00000000\", expected \"# RESYNC \"",
        ),
        (
            "IMPSEQ=0000000002",
            "IMPSEQ=2",
            "byte 16 of the text: found \"2 REQSEQ=0000000017 SRVS\", expected 10 digits to the base of 10",
        ),
        (
            "REQSEQ=0000000017",
            "REQSEQ=+000000017",
            "byte 34 of the text: found \"+000000017 SRVSEQ=000000\", expected 10 digits to the base of 10",
        ),
        (
            "SRVSEQ=0000000080",
            "SRVSEQ=4294967296",
            "byte 52 of the text: found \"4294967296 STAMP=0765720\", expected a number up to 4294967295",
        ),
        (
            "SERVER=PCM:POLYNOMIAL/",
            "SERVER=PCM:",
            "byte 91 of the text: found \"MONTGOMERY FOR=PCM:POLYN\", expected NET/PO of at most ten bytes each",
        ),
        (
            "MONTGOMERY",
            "MONTGOMERYX",
            "byte 91 of the text: found \"POLYNOMIAL/MONTGOMERYX F\", expected NET/PO of at most ten bytes each",
        ),
        (
            "FOR=PCM:",
            "FOR=SMTP:",
            "byte 117 of the text: found \"SMTP:POLYNOMIAL/OCTOBER\", expected \"PCM:\"",
        ),
        (
            "/OCTOBER",
            "/OCTOBER\r\n",
            "byte 121 of the text: found \"POLYNOMIAL/OCTOBER\\r\\n\", expected NET/PO of at most ten bytes each",
        ),
    ] {
        assert_eq!(error(from, to), expected);
    }
}

#[test]
fn a_bad_end_mark_text_names_its_byte() {
    let error = |text: &[u8]| EndMark::decode(text).unwrap_err().to_string();
    assert_eq!(
        error(b"# END COUNT=0000000004 CRC32=cbf43926"),
        "byte 29 of the text: found \"cbf43926\", expected 8 digits to the base of 16"
    );
    assert_eq!(
        error(b"# END COUNT=0000000004 CRC32=CBF439267"),
        "byte 37 of the text: found \"7\", expected the end of the text"
    );
    assert_eq!(
        error(b"# END"),
        "byte 0 of the text: found \"# END\", expected \"# END \""
    );
}

#[test]
fn a_whole_file_gives_its_records_and_its_proof() {
    let (bytes, mark) = file();
    assert_eq!(mark.count, 4);
    let end = QueueReader::new(&bytes[..], &Framing::OURS)
        .last()
        .unwrap()
        .unwrap();
    assert_eq!(
        mark.crc32,
        crate::codec::checksum::crc32(&bytes[..end.offset as usize])
    );
    assert_eq!(
        (end.record.kind, end.record.sync),
        (RecordKind::EndMark, 80)
    );

    let mut reader = ResyncReader::new(&bytes[..], &Framing::OURS).unwrap();
    assert_eq!(reader.header(), &header());
    let mut framed = Framed::default();
    let mut seen = Vec::new();
    while reader.read(&mut framed).unwrap() {
        assert_eq!(reader.ending(), None);
        seen.push(framed.record.clone());
    }
    assert_eq!(seen, records());
    assert_eq!(reader.ending(), Some(Ending::Whole(mark)));
    assert!(!reader.read(&mut framed).unwrap());
}

#[test]
fn a_file_cut_anywhere_is_never_whole() {
    let (bytes, _) = file();
    let mut boundaries: Vec<_> = QueueReader::new(&bytes[..], &Framing::OURS)
        .map(|framed| framed.unwrap().offset as usize)
        .collect();
    assert_eq!(boundaries.remove(0), 0);
    for cut in 0..bytes.len() {
        match verify(&bytes[..cut]) {
            Ok(Ending::NoEndMark) => assert!(boundaries.contains(&cut), "cut at {cut}"),
            Ok(Ending::Whole(_)) => panic!("cut at {cut} passes as whole"),
            Err(_) => assert!(!boundaries.contains(&cut), "cut at {cut}"),
        }
    }
}

#[test]
fn no_flipped_bit_leaves_a_file_whole() {
    let (bytes, _) = file();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(verify(&damaged).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_file_without_header_is_told_by_what_it_begins_with() {
    assert_eq!(
        verify(b"").unwrap_err(),
        "no resync header: found an empty file"
    );
    assert_eq!(
        verify(&queue(&records())).unwrap_err(),
        "no resync header: found a record of kind 0 with the text \"A able\\tPCM:POLYNOMIAL/MONTGOMERY/able\""
    );
    assert_eq!(
        verify(b"MZ\x90").unwrap_err(),
        "transaction 1 at byte 0x0: file ends inside the header (3 of 24 bytes)"
    );
}

#[test]
fn a_record_taken_away_or_doubled_is_found_by_the_count() {
    let (bytes, _) = file();
    let mut all = all_records(&bytes);
    let second = all.remove(2);
    assert_eq!(
        verify(&queue(&all)).unwrap_err(),
        "transaction 4 at byte 0x11d: end mark counts 4 records, found 3"
    );
    all.insert(2, all[1].clone());
    let error = verify(&queue(&all)).unwrap_err();
    assert!(error.contains("end mark has crc32"), "{error}");
    all[2] = second;
    assert!(matches!(verify(&queue(&all)), Ok(Ending::Whole(_))));
}

#[test]
fn what_stands_in_the_wrong_place_is_an_error() {
    let (bytes, _) = file();
    let all = all_records(&bytes);
    let mut twice = all.clone();
    twice.insert(1, all[0].clone());
    assert_eq!(
        verify(&queue(&twice)).unwrap_err(),
        "transaction 2 at byte 0xa3: a second resync header"
    );
    let mut behind = bytes.clone();
    behind.extend_from_slice(b"\r\n");
    assert_eq!(
        verify(&behind).unwrap_err(),
        format!(
            "transaction 6 at byte {:#x}: a record after the end mark",
            bytes.len()
        )
    );
    behind.truncate(bytes.len());
    behind.extend(queue(&records()[..1]));
    assert!(
        verify(&behind)
            .unwrap_err()
            .ends_with("a record after the end mark")
    );
    let mut writer = ResyncWriter::new(Vec::new(), &header(), Timestamp(0)).unwrap();
    assert_eq!(
        writer.write(&all[4]).unwrap_err().to_string(),
        "transaction 2 at byte 0xa3: a record of kind 3 inside a resync file"
    );
}

#[test]
fn a_wrong_checksum_is_an_error_that_names_the_record() {
    let (mut bytes, _) = file();
    let third = QueueReader::new(&bytes[..], &Framing::OURS)
        .nth(2)
        .unwrap()
        .unwrap()
        .offset as usize;
    bytes[third + 30] ^= 0x20;
    let error = verify(&bytes).unwrap_err();
    let place = format!("transaction 3 at byte {third:#x}: stored checksum 0x");
    assert!(error.starts_with(&place), "{error}");
}

#[test]
fn a_name_that_could_not_be_read_back_is_refused_by_the_writer() {
    let bad = ResyncHeader {
        server: (*b"NET").into(),
        ..header()
    };
    let error = ResyncWriter::new(Vec::new(), &bad, Timestamp(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "resync header: byte 91 of the text: found \"NET FOR=PCM:POLYNOMIAL/O\", expected NET/PO of at most ten bytes each"
    );
}

#[test]
fn without_kinds_the_text_tells_header_and_end() {
    let framing = Framing {
        kind: None,
        ..Framing::OURS
    };
    let (bytes, _) = file();
    let plain: Vec<_> = all_records(&bytes)
        .into_iter()
        .map(|record| QueueRecord {
            kind: RecordKind::Transaction,
            ..record
        })
        .collect();
    let write = |records: &[QueueRecord]| {
        let mut writer = QueueWriter::new(Vec::new(), &framing);
        records.iter().for_each(|r| writer.write(r).unwrap());
        writer.finish().unwrap().0
    };
    let body = write(&plain[..4]);
    let mark = EndMark {
        count: 4,
        crc32: crate::codec::checksum::crc32(&body),
    };
    let end = QueueRecord {
        text: mark.encode(),
        ..plain[4].clone()
    };
    let whole = [body.clone(), write(&[end])].concat();
    let ending = |bytes: &[u8]| {
        ResyncReader::new(bytes, &framing)
            .unwrap()
            .verify()
            .unwrap()
    };
    assert_eq!(ending(&whole), Ending::Whole(mark));
    assert_eq!(ending(&body), Ending::NoEndMark);
}
