//! `testdata/spec/vectors.json`: the entries about configuration files, counters and queues.

use dirsync::codec::queue::{
    DUMMY_TEXT, Framed, Framing, PODIAG_DUMMY_TEXT, QueueReader, QueueRecord, QueueWriter,
    RecordKind,
};
use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{
    Control, FixedText, Flag, GatewayWord, HexId, Master, ProcessEntry, ProcessFile, ProcessKind,
    Record, ReqConf, RequestorRecord, RnetSem, SerialNo, SrvConf, SrvConfHeader, Tid, record_count,
};
use dirsync::protocol::schedule::Entry;
use jiff::tz::TimeZone;
use serde_json::Value;

fn vectors() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/spec/vectors.json"
    ));
    serde_json::from_str(text).expect("vectors.json is JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key]
        .as_array()
        .unwrap_or_else(|| panic!("{key} is a list"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is text: {value}"))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} is a number: {value}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap())
        .collect()
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0xee; T::LEN];
    record.encode(&mut bytes);
    bytes
}

fn fixed<const N: usize>(text: &str) -> FixedText<N> {
    FixedText::new(text.as_bytes()).unwrap()
}

/// Takes a moment as the samples print it, in UTC.
fn moment(format: &str, text: &str) -> Timestamp {
    let at = jiff::civil::DateTime::strptime(format, text).unwrap();
    Timestamp::from_jiff(at.to_zoned(TimeZone::UTC).unwrap().timestamp()).unwrap()
}

const ASCTIME: &str = "%a %b %d %H:%M:%S %Y";

fn read(bytes: &[u8]) -> Vec<Framed> {
    QueueReader::new(bytes, &Framing::OURS)
        .collect::<Result<_, _>>()
        .unwrap()
}

fn queue(records: &[QueueRecord]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    records.iter().for_each(|r| writer.write(r).unwrap());
    writer.finish().unwrap().0
}

/// Header and record of each file that this theme has.
const SIZES: [(&str, usize, usize); 9] = [
    ("CONTROL.GLB", Control::LEN, 0),
    ("TID.GLB", Tid::LEN, 0),
    ("FLAG.GLB", Flag::LEN, 0),
    ("RNETSEM.GLB", RnetSem::LEN, 0),
    ("MASTER.GLB", Master::LEN, 0),
    (
        "PROCESS.GLB",
        dirsync::codec::process::HEADER_LEN,
        ProcessEntry::LEN,
    ),
    ("REQCONF.GLB", ReqConf::LEN, 0),
    ("SRVCONF.GLB", SrvConfHeader::LEN, RequestorRecord::LEN),
    ("SERIALNO.IDX", SerialNo::LEN, 0),
];

#[test]
fn size_rules_are_those_of_the_structures() {
    let vectors = vectors();
    for (file, base, record) in SIZES {
        let rule = list(&vectors, "size_rules")
            .iter()
            .find(|rule| rule["file"] == file)
            .unwrap_or_else(|| panic!("{file} has a size rule"));
        assert_eq!(number(rule, "base"), base as u64, "{file}");
        assert_eq!(number(rule, "record"), record as u64, "{file}");
    }
}

#[test]
fn fresh_install_files_decode_and_hold_nothing() {
    let vectors = vectors();
    let sizes = &vectors["fresh_install"]["files"]["GLB"];
    let zeroes = |file: &str| vec![0; number(sizes, file) as usize];
    let reqconf = ReqConf::decode(&zeroes("REQCONF.GLB")).unwrap();
    assert_eq!(reqconf, ReqConf::default());
    assert_eq!(encoded(&reqconf), zeroes("REQCONF.GLB"));
    let master = Master::decode(&zeroes("MASTER.GLB")).unwrap();
    assert_eq!(master, Master::default());
    assert_eq!(encoded(&master), zeroes("MASTER.GLB"));
    assert_eq!(
        Control::decode(&zeroes("CONTROL.GLB")).unwrap(),
        Control::default()
    );
    assert_eq!(Tid::decode(&zeroes("TID.GLB")).unwrap(), Tid::default());
    let process = ProcessFile::read_from(&zeroes("PROCESS.GLB")[..]).unwrap();
    assert!(process.records.is_empty());
    for queue in ["REQTRANS", "SRVTRANS", "USRTRANS", "GWTRANS", "NMETRANS"] {
        assert!(read(&zeroes(&format!("{queue}.GLB"))).is_empty());
    }
}

#[test]
fn empty_images_are_empty() {
    let vectors = vectors();
    let image = |file: &str| {
        let image = list(&vectors, "empty_images")
            .iter()
            .find(|image| image["file"] == file)
            .unwrap_or_else(|| panic!("{file} has an empty image"));
        match image["hex"].as_str() {
            Some(hex) => bytes(hex),
            None => vec![0; number(image, "len") as usize],
        }
    };
    assert_eq!(image("CONTROL.GLB"), encoded(&Control::default()));
    assert_eq!(image("SERIALNO.IDX"), encoded(&SerialNo::default()));
    for file in ["MSTTRANS.GLB", "REQTRANS.GLB"] {
        assert_eq!(queue(&[]), image(file), "{file}");
        assert!(read(&image(file)).is_empty(), "{file}");
    }
    let mut process = Vec::new();
    ProcessFile::default().write_to(&mut process).unwrap();
    assert_eq!(process, image("PROCESS.GLB"));
}

#[test]
fn control_glb_examples_have_their_numbers() {
    let vectors = vectors();
    let entry = &vectors["control_glb"];
    for field in list(entry, "layout") {
        let mut image = [0; 8];
        image[number(field, "offset") as usize] = 7;
        let control = Control::decode(&image).unwrap();
        let value = match text(field, "name") {
            "nmailbag" => control.nmailbag,
            "nletter" => control.nletter,
            other => panic!("unknown field {other}"),
        };
        assert_eq!(value, 7, "{field}");
    }
    for example in list(entry, "examples") {
        assert_eq!(number(example, "offset"), 4);
        let mut image = vec![0; 4];
        image.extend(bytes(text(example, "hex")));
        let mut control = Control::decode(&image).unwrap();
        assert_eq!(encoded(&control), image);
        assert_eq!(u64::from(control.nletter), number(example, "u32"));
        assert_eq!(
            control.take_letter().unwrap().to_string(),
            text(example, "id")
        );
    }
    let reset = bytes(text(&entry["reset_image"], "hex"));
    assert_eq!(encoded(&Control::default()), reset);
}

#[test]
fn master_glb_gateway_word_and_security_lie_where_published() {
    let vectors = vectors();
    let entry = &vectors["master_glb"];
    assert_eq!(number(entry, "size"), Master::LEN as u64);
    let with = |example: &Value, key: &str| {
        let mut image = vec![0; Master::LEN];
        image[number(example, "offset") as usize] = bytes(text(example, key))[0];
        let master = Master::decode(&image).unwrap();
        assert_eq!(encoded(&master), image);
        master
    };
    let examples = list(entry, "examples");
    let (before, after) = (with(&examples[0], "before"), with(&examples[0], "after"));
    assert!(before.gateways.contains(GatewayWord::MSMAIL));
    assert_eq!(
        after.gateways,
        before.gateways.with(GatewayWord::MSMAIL, false)
    );
    assert_eq!(with(&examples[1], "value").security, 1);
    assert_eq!(with(&examples[2], "value").security, 0);

    let bits = entry["gateway_word"]["bits"].as_object().unwrap();
    let ours = [
        ("PC Mail", GatewayWord::PCM),
        ("PROFS", GatewayWord::PROFS),
        ("SNADS", GatewayWord::SNADS),
        ("MCI", GatewayWord::MCI),
        ("X.400", GatewayWord::X400),
        ("FAX", GatewayWord::FAX),
        ("MHS", GatewayWord::MHS),
        ("SMTP", GatewayWord::SMTP),
        ("OfficeVision", GatewayWord::OV),
        ("MacMail", GatewayWord::MSMAIL),
    ];
    assert_eq!(bits.len(), ours.len());
    for ((bit, name), (prefix, word)) in bits.iter().zip(ours) {
        assert!(name.as_str().unwrap().starts_with(prefix), "{name}");
        assert_eq!(u16::from_str_radix(&bit[2..], 16).unwrap(), word.0);
    }
}

#[test]
fn reqtrans_sizes_follow_from_the_overhead() {
    let vectors = vectors();
    let entry = &vectors["reqtrans"];
    let overhead = number(&entry["overhead"], "value");
    assert_eq!(Framing::OURS.header_len as u64, overhead);
    let sizes = list(entry, "sizes");
    let stamp = Timestamp(765_720_832);
    assert_eq!(queue(&[]).len() as u64, number(&sizes[0], "size"));

    let dummy = queue(&[QueueRecord::dummy(stamp, 22)]);
    assert_eq!(dummy.len() as u64, number(&sizes[1], "size"));
    assert_eq!(
        DUMMY_TEXT.len() as u64,
        number(&sizes[1], "text_len_if_overhead_24")
    );
    assert!(DUMMY_TEXT.starts_with(b"#"));

    let podiag = queue(&[QueueRecord::podiag_dummy(stamp, 22)]);
    assert_eq!(podiag.len() as u64, number(&sizes[2], "size"));
    assert_eq!(PODIAG_DUMMY_TEXT, text(&sizes[2], "text").as_bytes());
    let framed = read(&podiag).remove(0);
    assert_eq!(
        (framed.record.kind, framed.record.sync),
        (RecordKind::Dummy, 22)
    );
}

#[test]
fn listq_lines_survive_the_queue() {
    let vectors = vectors();
    let sample = &vectors["listq"][0];
    let lines = list(sample, "lines");
    let records: Vec<_> = lines
        .iter()
        .map(|line| {
            let stamp = moment(ASCTIME, text(line, "date"));
            let sync = text(line, "sync").parse().unwrap();
            QueueRecord::transaction(stamp, sync, 0, text(line, "transaction").into())
        })
        .collect();
    let back = read(&queue(&records));
    assert_eq!(back.len(), 6);
    for (framed, line) in back.iter().zip(lines) {
        // The checksum of the sample is not published; ours has the same four digits.
        let crc = format!("{:04X}", framed.stored_checksum.unwrap());
        assert_eq!(crc.len(), text(line, "crc").len());
        assert!(framed.is_intact());
        let record = &framed.record;
        assert_eq!(record.stamp.asctime(&TimeZone::UTC), text(line, "date"));
        assert_eq!(format!("{:06}", record.sync), text(line, "sync"));
        assert_eq!(record.text, text(line, "transaction").as_bytes());
    }
    let podiag = text(&vectors["listq"][1]["lines"][0], "transaction");
    let shown = String::from_utf8(PODIAG_DUMMY_TEXT.to_vec()).unwrap();
    assert_eq!(shown.replace('\0', "<00>"), podiag);
}

#[test]
fn listds_srvconf_sample_survives_its_file() {
    let vectors = vectors();
    let decoded = &vectors["listds"][0]["decoded"];
    let header = SrvConfHeader {
        srv_sync: SrvSync(number(decoded, "highest_srvsync") as u32),
        cycle: number(decoded, "cycle") as u32,
        next_registration: 4,
        ..SrvConfHeader::default()
    };
    let requestors = list(decoded, "requestors")
        .iter()
        .zip(1..)
        .map(|(r, registration)| {
            let (network, postoffice) = text(r, "name")
                .strip_prefix("PCM:")
                .and_then(|name| name.split_once('/'))
                .unwrap();
            RequestorRecord {
                req_sync: ReqSync(number(r, "reqsync") as u32),
                srv_sync: SrvSync(number(r, "srvsync") as u32),
                last_cycle: number(r, "last_cycle") as u32,
                last_update: moment("%Y-%m-%dT%H:%M:%S", text(r, "last_update")),
                ..RequestorRecord::new(fixed(network), fixed(postoffice), registration)
            }
        })
        .collect();
    let mut conf = SrvConf { header, requestors };
    conf.set_requestor_count();
    let mut file = Vec::new();
    conf.write_to(&mut file).unwrap();
    assert_eq!(record_count(file.len() as u64, 1024, 1024).unwrap(), 3);
    let conf = SrvConf::read_from(&file[..]).unwrap();
    assert_eq!(conf.verify(dirsync::codec::codepage::CodePage::Cp850), []);

    // The lines of the screen, made of what was read.
    let mut screen = vec![format!(
        "Highest SrvSync is {}, Current Dirsync Cycle is {}",
        conf.header.srv_sync, conf.header.cycle
    )];
    for (r, n) in conf.requestors.iter().zip(1..) {
        screen.extend([
            String::new(),
            format!("     Server Requestor Record #{n}"),
            format!("Requestor name: {}", r.requestor_name().escape_ascii()),
            format!(
                "ReqSync = {}, SrvSync = {}, Last Cycle = {}",
                r.req_sync, r.srv_sync, r.last_cycle
            ),
            format!(
                "Last update received {}",
                r.last_update.asctime(&TimeZone::UTC)
            ),
        ]);
    }
    let output = list(&vectors["listds"][0], "output");
    assert_eq!(screen, output[4..]);
}

#[test]
fn listds_reqconf_sample_survives_its_file() {
    let vectors = vectors();
    let sample = &vectors["listds"][1];
    let decoded = &sample["decoded"];
    let (network, postoffice) = text(decoded, "server").split_once('/').unwrap();
    let conf = ReqConf {
        server_network: fixed(network),
        server_postoffice: fixed(postoffice),
        req_sync: ReqSync(number(decoded, "reqsync") as u32),
        srv_sync: SrvSync(number(decoded, "srvsync") as u32),
        ..ReqConf::default()
    };
    let back = ReqConf::decode(&encoded(&conf)).unwrap();
    assert_eq!(back, conf);
    assert!(back.has_server());
    let screen = [
        format!(
            "Dir-Sync Server: {}/{}",
            back.server_network.as_bytes().escape_ascii(),
            back.server_postoffice.as_bytes().escape_ascii()
        ),
        format!("ReqSync = {}, SrvSync = {}", back.req_sync, back.srv_sync),
    ];
    assert_eq!(screen, list(sample, "output")[5..]);
}

#[test]
fn dssched_samples_survive_their_file() {
    let vectors = vectors();
    let mut file = ProcessFile::default();
    let samples: Vec<_> = vectors["dssched"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|sample| list(sample, "records"))
        .collect();
    for sample in &samples {
        let current = moment(ASCTIME, text(sample, "current"));
        let civil = current.to_jiff().to_zoned(TimeZone::UTC);
        let kind = match text(sample, "text") {
            t if t.contains("NSDA -RT") => ProcessKind::T1,
            t if t.contains("NSDA -S") => ProcessKind::T2,
            t if t.contains("NSDA -RR") => ProcessKind::T3,
            other => panic!("unknown process {other}"),
        };
        file.records.push(ProcessEntry {
            kind,
            day: civil.weekday().to_sunday_zero_offset() as u8,
            minute: (civil.hour() as u16) * 60 + civil.minute() as u16,
            window: ProcessEntry::DEFAULT_WINDOW,
            id: number(sample, "n") as u32,
            current,
            next: current.checked_add(604_800).unwrap(),
            ..ProcessEntry::default()
        });
    }
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 512 + 197 * samples.len());
    let back = ProcessFile::read_from(&bytes[..]).unwrap();
    for (entry, sample) in back.records.iter().zip(&samples) {
        let shown = |at: Timestamp| at.asctime(&TimeZone::UTC);
        assert_eq!(shown(entry.current), text(sample, "current"));
        if let Some(export) = sample["export"].as_str() {
            let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][usize::from(entry.day)];
            let (hour, minute) = (entry.minute / 60, entry.minute % 60);
            let kind = entry.kind.as_byte();
            assert_eq!(format!("T{kind} {day} {hour:02}:{minute:02}"), export);
        }
        if sample["next"].is_string() {
            assert_eq!(
                u64::from(entry.window),
                number(sample, "run_window_seconds")
            );
            assert_eq!(shown(entry.not_after().unwrap()), text(sample, "not_after"));
            assert_eq!(shown(entry.next), text(sample, "next"));
            let checked = Entry::check(entry.clone()).expect("its fields agree");
            let moved = checked.after_run(&TimeZone::UTC).expect("before 2106");
            assert_eq!(shown(moved.current()), text(sample, "next"));
        }
    }
}

#[test]
fn reqconf_file_pointers_are_minus_one_after_a_reset() {
    let vectors = vectors();
    let entry = &vectors["reqconf"];
    let conf = ReqConf {
        srv_sync: SrvSync(1),
        ..ReqConf::default()
    };
    let file = encoded(&conf);
    let pointers: Vec<_> = file[52..68]
        .chunks_exact(4)
        .map(|p| i32::from_le_bytes(p.try_into().unwrap()))
        .collect();
    assert_eq!(pointers.len(), list(entry, "file_pointers").len());
    for pointer in pointers {
        assert_eq!(i64::from(pointer), entry["reset_value"].as_i64().unwrap());
    }
}

#[test]
fn serialno_idx_names_the_next_folder() {
    let vectors = vectors();
    let entry = &vectors["serialno_idx"];
    for example in list(entry, "examples") {
        let image = bytes(text(example, "hex"));
        let mut serial = SerialNo::decode(&image).unwrap();
        assert_eq!(encoded(&serial), image);
        assert_eq!(u64::from(serial.next), number(example, "u32"));
        let id = serial.take().unwrap();
        assert_eq!(format!("{id}.FLD"), text(example, "folder"));
    }
    let max = HexId::parse(text(entry, "windows_client_max").as_bytes()).unwrap();
    assert_eq!(max, SerialNo::WINDOWS_CLIENT_MAX);
}

#[test]
fn limits_of_names_and_passwords_are_those_of_the_fields() {
    let vectors = vectors();
    let max = |what: &str| {
        let limit = list(&vectors, "limits")
            .iter()
            .find(|limit| text(limit, "what").starts_with(what))
            .unwrap_or_else(|| panic!("{what} has a limit"));
        number(limit, "max") as usize
    };
    let name = "0123456789";
    assert_eq!(max("network, postoffice and mailbox name"), name.len());
    let conf = ReqConf {
        server_network: fixed(name),
        server_postoffice: fixed(name),
        password: fixed("12345678"),
        ..ReqConf::default()
    };
    assert_eq!(max("password"), conf.password.as_bytes().len());
    let back = ReqConf::decode(&encoded(&conf)).unwrap();
    assert_eq!(back, conf);
    assert!(FixedText::<11>::new(b"01234567890").is_err());
    assert!(FixedText::<9>::new(b"123456789").is_err());
}
