use super::*;

fn text<const N: usize>(text: &str) -> FixedText<N> {
    FixedText::new(text.as_bytes()).unwrap()
}

fn requestor(network: &str, postoffice: &str, registration: u32) -> RequestorRecord {
    RequestorRecord::new(text(network), text(postoffice), registration)
}

fn sample() -> SrvConf {
    let mut conf = SrvConf {
        header: SrvConfHeader {
            srv_sync: SrvSync(80),
            next_registration: 4,
            administrator: text("0123456789"),
            ..SrvConfHeader::default()
        },
        requestors: vec![
            requestor("NET", "PO10", 1),
            requestor("NET", "PO1", 2),
            requestor("NET", "PO2", 3),
        ],
    };
    conf.set_requestor_count();
    conf
}

fn encoded(conf: &SrvConf) -> Vec<u8> {
    let mut bytes = Vec::new();
    conf.write_to(&mut bytes).unwrap();
    bytes
}

fn findings(change: impl FnOnce(&mut SrvConf)) -> Vec<String> {
    let mut conf = sample();
    change(&mut conf);
    conf.verify(CodePage::Cp850)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn fields_lie_where_the_tables_say() {
    let mut conf = sample();
    conf.requestors[1] = RequestorRecord {
        password: text("SECRET"),
        flags: RequestorFlags::REPLY_DUE.with(RequestorFlags::TEMPLATES, true),
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        import_count: ImportSync(2),
        last_cycle: 11,
        last_update: Timestamp(0x1234_5678),
        limit: 100,
        types: 5,
        ..conf.requestors[1].clone()
    };
    let bytes = encoded(&conf);
    assert_eq!(bytes.len(), 1024 + 3 * 1024);
    assert_eq!(bytes[..12], *b"SRVC\x01\0\x0e\0\x50\0\0\0");
    assert_eq!(bytes[20..28], [4, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(bytes[28..40], *b"0123456789\0\0");
    let record = &bytes[2048..];
    assert_eq!(
        record[..36],
        *b"\x01\x01NET\0\0\0\0\0\0\0\0PO1\0\0\0\0\0\0\0\0SECRET\0\0\0\0\x09\0"
    );
    assert_eq!(
        record[36..68],
        *b"\x11\0\0\0\x50\0\0\0\x02\0\0\0\x0b\0\0\0\x78\x56\x34\x12\x02\0\0\0\x64\0\0\0\x05\0\0\0"
    );
    assert_eq!(SrvConf::read_from(&bytes[..]).unwrap(), conf);
}

#[test]
fn ds_s011_a_requestor_is_found_by_its_whole_name_in_any_case() {
    let mut conf = sample();
    let find = |conf: &SrvConf, po: &[u8]| conf.find(b"net", po, CodePage::Cp850);
    assert_eq!(find(&conf, b"po1"), Some(1));
    assert_eq!(find(&conf, b"PO10"), Some(0));
    assert_eq!(find(&conf, b"PO"), None);
    assert_eq!(find(&conf, b"PO100"), None);
    conf.requestors[1].state = RecordState::Deleted;
    assert_eq!(find(&conf, b"po1"), None);
}

#[test]
fn ds_s016_an_administrator_of_ten_letters_leaves_keep_updates_alone() {
    let mut conf = sample();
    for name in ["NINECHARS", "TENLETTERS"] {
        conf.header.administrator = text(name);
        let back = SrvConf::read_from(&encoded(&conf)[..]).unwrap();
        assert_eq!(back.header.administrator.as_bytes(), name.as_bytes());
        assert_eq!(back.header.keep_updates_days, 14);
        assert_eq!(back.verify(CodePage::Cp850), []);
    }
}

#[test]
fn ds_c014_ds_s017_damage_is_told_in_plain_words() {
    let bytes = encoded(&sample());
    let error = |bytes: &[u8]| SrvConf::read_from(bytes).unwrap_err().to_string();
    assert_eq!(
        error(&bytes[..2500]),
        "record 2 at byte 0x800: byte 0x800: file ends inside a record: 452 of 1024 bytes"
    );
    assert_eq!(
        error(&bytes[..1000]),
        "byte 0x0: file ends inside the SRVCONF header: 1000 of 1024 bytes"
    );
    for at in 0..6 {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        assert!(
            error(&damaged).starts_with("byte 0x0: mark: found \""),
            "byte {at}"
        );
    }
    let mut damaged = bytes.clone();
    damaged[..6].fill(0);
    assert_eq!(
        error(&damaged),
        "byte 0x0: mark: found zeroes, expected \"SRVC\""
    );
    // Written in pieces of 512 bytes, one of which was lost.
    damaged.clone_from(&bytes);
    damaged.drain(1024 + 512..1024 + 1024);
    damaged.extend([0; 512]);
    assert!(error(&damaged).starts_with("record 1 at byte 0x400: byte 0x3fc: checksum: found 0x"));
}

#[test]
fn no_flipped_bit_passes_unseen() {
    let bytes = encoded(&sample());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(SrvConf::read_from(&damaged[..]).is_err(), "byte {at}");
    }
}

#[test]
fn a_sound_file_has_no_findings() {
    assert_eq!(findings(|_| ()), [""; 0]);
    assert_eq!(SrvConf::default().verify(CodePage::Cp850), []);
}

#[test]
fn what_contradicts_itself_is_found() {
    let one = |change: fn(&mut SrvConf), expected: &str| {
        assert_eq!(findings(change), [expected]);
    };
    one(
        |c| c.requestors.truncate(2),
        "header counts 3 requestors, found 2",
    );
    one(
        |c| c.header.administrator = FixedText::from_field(b"ADMIN567890"),
        "administrator has no end: found \"ADMIN567890\"",
    );
    one(
        |c| c.requestors[1].state = RecordState::Other(0x50),
        "requestor 2: state 80, expected 0 or 1",
    );
    one(
        |c| c.requestors[1].postoffice = FixedText::default(),
        "requestor 2: postoffice is empty",
    );
    one(
        |c| c.requestors[1].password = FixedText::from_field(b"123456789"),
        "requestor 2: password is without end",
    );
    one(
        |c| c.requestors[2].postoffice = text("po10"),
        "requestors 1 and 3 are both \"PCM:NET/po10\"",
    );
    one(
        |c| c.requestors[2].registration = 1,
        "requestors 1 and 3 both have registration 1",
    );
    one(
        |c| c.requestors[2].registration = 4,
        "requestor 3: registration 4, expected 1 to 3",
    );
    one(
        |c| c.requestors[0].srv_sync = SrvSync(81),
        "requestor 1: SrvSync 81, expected at most 80",
    );
}
