//! Damaged configuration files, queues and resync files: no panic, no memory beyond the input, and whatever
//! decodes is written back as it was.

use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::{Framed, Framing, MAX_TEXT_LEN, QueueReader, QueueRecord};
use dirsync::codec::resync::{EndMark, ResyncHeader, ResyncReader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{
    Control, FixedText, Flag, Master, ProcessEntry, ProcessFile, ProcessKind, Record, ReqConf,
    RequestorRecord, RnetSem, SerialNo, SrvConf, SrvConfHeader, Tid,
};
use proptest::prelude::*;

/// Decodes, and where that goes well, encodes to the same bytes; returns whether it went well.
fn survives<T: Record>(bytes: &[u8]) -> bool {
    let Ok(record) = T::decode(bytes) else {
        return false;
    };
    let mut back = vec![0xee; T::LEN];
    record.encode(&mut back);
    assert_eq!(back, bytes);
    true
}

fn process(bytes: &[u8]) -> bool {
    let Ok(file) = ProcessFile::read_from(bytes) else {
        return false;
    };
    let mut back = Vec::new();
    file.write_to(&mut back).unwrap();
    assert_eq!(back, bytes);
    true
}

fn srvconf(bytes: &[u8]) -> bool {
    let Ok(conf) = SrvConf::read_from(bytes) else {
        return false;
    };
    let _ = conf.verify(CodePage::Cp932);
    let mut back = Vec::new();
    conf.write_to(&mut back).unwrap();
    assert_eq!(back, bytes);
    true
}

fn queue(bytes: &[u8]) -> bool {
    let mut reader = QueueReader::new(bytes, &Framing::OURS);
    let mut framed = Framed::default();
    loop {
        match reader.read(&mut framed) {
            Ok(true) => assert!(framed.record.text.capacity() <= 2 * MAX_TEXT_LEN),
            Ok(false) => return true,
            Err(_) => return false,
        }
    }
}

fn resync(bytes: &[u8]) -> bool {
    ResyncReader::new(bytes, &Framing::OURS)
        .and_then(ResyncReader::verify)
        .is_ok()
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::LEN];
    record.encode(&mut bytes);
    bytes
}

fn name<const N: usize>(text: &[u8]) -> FixedText<N> {
    FixedText::new(text).unwrap()
}

type Sample = (&'static str, Vec<u8>, fn(&[u8]) -> bool);

fn samples() -> Vec<Sample> {
    let reqconf = ReqConf {
        server_network: name(b"NET"),
        server_postoffice: name(b"HUB"),
        req_sync: ReqSync(17),
        ..ReqConf::default()
    };
    let master = Master {
        network: name(b"NET"),
        postoffice: name(b"PO"),
        is_server: true,
        ..Master::default()
    };
    let entry = ProcessEntry {
        kind: ProcessKind::T2,
        comment: name(b"nightly"),
        ..ProcessEntry::default()
    };
    let schedule = ProcessFile {
        records: vec![entry; 2],
        ..ProcessFile::default()
    };
    let mut schedule_bytes = Vec::new();
    schedule.write_to(&mut schedule_bytes).unwrap();
    let mut server = SrvConf {
        header: SrvConfHeader::default(),
        requestors: vec![RequestorRecord::new(name(b"NET"), name(b"PO"), 1)],
    };
    server.set_requestor_count();
    let mut server_bytes = Vec::new();
    server.write_to(&mut server_bytes).unwrap();
    let header = ResyncHeader {
        import_sync: ImportSync(1),
        req_sync: ReqSync(2),
        srv_sync: SrvSync(3),
        stamp: 4,
        server: (*b"NET/HUB").into(),
        addressee: None,
    };
    let mut writer = ResyncWriter::new(Vec::new(), &header, Timestamp(5)).unwrap();
    for text in ["A one\tPCM:NET/PO/one", "A two\tPCM:NET/PO/two"] {
        let record = QueueRecord::transaction(Timestamp(5), 3, 1, text.into());
        writer.write(&record).unwrap();
    }
    let resync_bytes = writer.finish().unwrap().0;
    vec![
        ("REQCONF", encoded(&reqconf), survives::<ReqConf>),
        ("MASTER", encoded(&master), survives::<Master>),
        ("CONTROL", vec![1; 8], survives::<Control>),
        ("TID", vec![1; 4], survives::<Tid>),
        ("FLAG", vec![1; 2], survives::<Flag>),
        ("RNETSEM", vec![1; 4], survives::<RnetSem>),
        ("SERIALNO", vec![1; 4], survives::<SerialNo>),
        ("PROCESS", schedule_bytes, process),
        ("SRVCONF", server_bytes, srvconf),
        ("queue", resync_bytes.clone(), queue),
        ("RESYNC", resync_bytes, resync),
    ]
}

#[test]
fn every_sample_survives_as_it_is() {
    for (name, bytes, check) in samples() {
        assert!(check(&bytes), "{name}");
    }
}

#[test]
fn samples_cut_at_every_byte_are_refused_or_shorter_files() {
    for (name, bytes, check) in samples() {
        let whole: Vec<_> = (0..bytes.len())
            .filter(|&cut| check(&bytes[..cut]))
            .collect();
        let expected: &[usize] = match name {
            "PROCESS" => &[512, 512 + 197],
            "SRVCONF" => &[1024],
            "queue" => &[0, 128, 172, 216],
            "RESYNC" => &[128, 172, 216],
            _ => &[],
        };
        assert_eq!(whole, expected, "{name}");
    }
}

#[test]
fn samples_with_a_byte_changed_never_panic() {
    for (_, bytes, check) in samples() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                check(&damaged);
            }
        }
    }
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    // A header that promises the longest text there can be, and nothing behind it; many times over.
    let mut bytes = [0; 24];
    for len in [MAX_TEXT_LEN as u32, MAX_TEXT_LEN as u32 + 1, u32::MAX] {
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        let mut reader = QueueReader::new(&bytes[..], &Framing::OURS);
        let mut framed = Framed::default();
        assert!(reader.read(&mut framed).is_err());
        assert_eq!(framed.record.text.capacity(), 0);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2600)) {
        for (_, _, check) in samples() {
            check(&bytes);
        }
        let _ = ResyncHeader::decode(&bytes);
        let _ = EndMark::decode(&bytes);
    }

    #[test]
    fn random_content_behind_a_mark_is_written_back(
        content in proptest::collection::vec(any::<u8>(), 512),
    ) {
        let mut bytes = content.clone();
        bytes[..6].copy_from_slice(b"RQCF\x01\0");
        prop_assert!(survives::<ReqConf>(&bytes));
        let mut bytes = content[..176].to_vec();
        bytes[..6].copy_from_slice(b"MSTR\x01\0");
        bytes[0x2a] &= 1;
        bytes[0x2b] &= 1;
        prop_assert!(survives::<Master>(&bytes));
    }

    #[test]
    fn random_text_behind_a_key_never_panics(
        tail in proptest::collection::vec(any::<u8>(), 0..120),
        cut in 0..120usize,
    ) {
        let header = b"# RESYNC IMPSEQ=0000000002 REQSEQ=0000000017 SRVSEQ=0000000080 STAMP=0000000001 SERVER=PCM:A/B FOR=*";
        let text = [&header[..cut.min(header.len())], &tail].concat();
        if let Ok(decoded) = ResyncHeader::decode(&text) {
            prop_assert_eq!(decoded.encode(), text);
        }
        let end = b"# END COUNT=0000000004 CRC32=CBF43926";
        let text = [&end[..cut.min(end.len())], &tail].concat();
        if let Ok(decoded) = EndMark::decode(&text) {
            prop_assert_eq!(decoded.encode(), text);
        }
    }
}
