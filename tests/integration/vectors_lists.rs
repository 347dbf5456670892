//! The published samples and sizes of list files, mailbags and templates: `testdata/spec/vectors.json`.
//!
//! Each test names the key of the file it is about.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use dirsync::codec::codepage::CodePage;
use dirsync::codec::folder::{FolderHead, FolderIndex, FolderKind};
use dirsync::codec::mai::{
    ElementHeader, Elements, MaiAddress, decipher, directory_digit, encipher, reference_count,
    set_reference_count,
};
use dirsync::codec::mailbag::MAX_MAILBAG_RECORDS;
use dirsync::codec::mem::MAX_MEM_MEMBERS;
use dirsync::codec::misc::{GlobalFile, ModemFile, ServerTable, SortTable};
use dirsync::codec::msgfile::MessageSlot;
use dirsync::codec::sizes::{Evidence, SAME_COUNT, SIZE_RULES, size_rule};
use dirsync::codec::template::MAX_FIELDS;
use dirsync::codec::{
    Access2Record, Access3Record, AccessRecord, AliasKind, FixedText, GalIndexEntry,
    GalIndexHeader, GalTids, GroupRecord, GroupTable, GrpMemTable, GrpTable, HexId, HexText,
    KeyFile, MbgRecord, MemFile, NetpoRecord, NetpoTable, NetworkKind, NetworkRecord, NmeRecord,
    Opaque, Record, RecordReader, RecordState, TemplateField, UsrRecord, XtnRecord,
    is_mailbox_byte,
};
use serde_json::Value;

fn vector(key: &str) -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    let vectors = VECTORS.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/spec/vectors.json");
        let text = std::fs::read(path).expect("vectors.json is part of the package");
        serde_json::from_slice(&text).expect("vectors.json is JSON")
    });
    &vectors[key]
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().expect("a list");
    assert!(!list.is_empty());
    list
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}: text"))
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value}: a number"))
}

fn at(value: &Value) -> usize {
    number(value).try_into().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    text(value)
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0xee; T::LEN];
    record.encode(&mut bytes);
    bytes
}

/// The file names a `size_rules` entry is about, `nnnnnnnn` as a number.
fn names(file: &str) -> Vec<String> {
    let names = match file.split_once(" (and ") {
        Some((names, _)) => {
            format!("{names} / C850INT.GLB / C850SCAN.GLB / ANSIINT.GLB / ANSISCAN.GLB")
        }
        None => file.split(" (").next().unwrap().to_owned(),
    };
    names
        .split([',', '/'])
        .map(|name| {
            name.trim()
                .replace("nnnnnnnn", "0000002E")
                .replace('*', "0000002E")
        })
        .collect()
}

#[test]
fn size_rules_are_those_of_the_table() {
    let mut covered = BTreeSet::new();
    for entry in list(vector("size_rules")) {
        let file = text(&entry["file"]);
        for name in names(file) {
            let rule = size_rule(&name).unwrap_or_else(|| panic!("{name}: no rule"));
            covered.insert(rule.file);
            assert_eq!(rule.base, number(&entry["base"]), "{name}");
            // The one .FLD size published is that of an empty one; others may be longer.
            let record = if file.contains(".FLD") {
                1
            } else {
                number(&entry["record"])
            };
            assert_eq!(rule.record, record, "{name}");
            let max = match (entry.get("max_records"), entry.get("max_size")) {
                (Some(max), _) => Some(number(max)),
                (None, Some(size)) => Some(number(size) / rule.record),
                (None, None) => None,
            };
            assert_eq!(rule.max, max, "{name}");
            let evidence = match text(&entry["status"]) {
                "published" => Evidence::Published,
                "derived" => Evidence::Derived,
                "unknown" => Evidence::Ours,
                other => panic!("{other}"),
            };
            assert_eq!(rule.evidence, evidence, "{name}");
            let directory = text(&entry["dir"]);
            assert!(
                directory
                    .split(['/', ','])
                    .any(|part| part == rule.directory),
                "{name}"
            );
            if let Some(others) = entry.get("same_n_as") {
                let others = list(others).iter().map(text);
                let all: BTreeSet<_> = others.chain([file]).collect();
                assert_eq!(all, SAME_COUNT.into());
            }
        }
    }
    let left: Vec<_> = SIZE_RULES
        .iter()
        .filter(|rule| !covered.contains(rule.file))
        .map(|rule| (rule.file, rule.base, rule.record))
        .collect();
    let queues = ["REQ", "SRV", "MST", "USR", "NME", "GW"].map(|q| format!("{q}TRANS.GLB"));
    let varying = ["RESYNC.GLB", "SRVUPDS.GLB", "REQUPDS.GLB"].map(str::to_owned);
    let expected: Vec<_> = queues
        .iter()
        .chain(&varying)
        .map(|f| (f.as_str(), 0, 1))
        .collect();
    assert_eq!(
        left, expected,
        "rules without a vector are the queues of section 3"
    );
}

#[test]
fn size_rules_are_the_lengths_of_our_records() {
    let lengths = [
        ("ACCESS.GLB", 0, AccessRecord::LEN),
        ("ACCESS2.GLB", 0, Access2Record::LEN),
        ("ACCESS3.GLB", 0, Access3Record::LEN),
        ("GLOBAL.GLB", GlobalFile::LEN, 0),
        ("MODEM.GLB", ModemFile::LEN, 0),
        ("GROUP.GLB", 4, GroupRecord::LEN),
        ("GRPMEM.GLB", 4, 128),
        ("NETPO.GLB", 4, NetpoRecord::LEN),
        ("NETWORK.GLB", 0, NetworkRecord::LEN),
        ("SERVER.GLB", 0, 181),
        ("0000002E.MBG", 0, MbgRecord::LEN),
        ("0000002E.KEY", KeyFile::LEN, 0),
        ("ADMIN.NME", 0, NmeRecord::LEN),
        ("GALINDEX.GLB", GalIndexHeader::LEN, GalIndexEntry::LEN),
        ("0000002E.USR", 0, UsrRecord::LEN),
        ("0000002E.XTN", 0, XtnRecord::LEN),
        ("ADMIN.GRP", 8, 8),
        ("C850SORT.GLB", SortTable::LEN, 0),
        ("DS_MSG.GLB", 0, MessageSlot::LEN),
        ("0000002E.FLD", FolderHead::LEN, 1),
    ];
    for (file, base, record) in lengths {
        let rule = size_rule(file).unwrap();
        assert_eq!(
            (rule.base, rule.record),
            (base as u64, record as u64),
            "{file}"
        );
    }
    for (table, header) in [
        (GrpTable::offset_of(1), 16),
        (GrpMemTable::offset_of(1), 4 + 128),
        (FolderIndex::offset_of(1), 100 + 158),
        (ServerTable::offset_of(1), 181),
    ] {
        assert_eq!(table, Some(header));
    }
}

#[test]
fn size_examples_have_their_records() {
    for entry in list(vector("size_examples")) {
        let rule = size_rule(text(&entry["file"])).unwrap();
        let Some(size) = entry.get("size").map(number) else {
            assert_eq!(
                at(&entry["bitmap_bytes"]) + at(&entry["other_bytes"]),
                KeyFile::LEN
            );
            assert_eq!(number(&entry["limit"]), u64::from(MAX_MAILBAG_RECORDS));
            continue;
        };
        if entry["valid"] == false {
            let error = rule.record_count(size).unwrap_err().to_string();
            assert_eq!(error, "size is 3015 bytes, expected 0 + n * 698");
            let repaired = rule.repaired_len(size).unwrap();
            assert_eq!(repaired, number(&entry["repair_to"]));
            assert_eq!(
                rule.record_count(repaired).unwrap(),
                number(&entry["repair_records"])
            );
            continue;
        }
        let count = entry.get("records").unwrap_or_else(|| &entry["words"]);
        assert_eq!(rule.record_count(size).unwrap(), number(count), "{entry}");
        assert!(rule.record_count(size + 1).is_err(), "{entry}");
    }
}

#[test]
fn fresh_install_has_valid_sizes() {
    let mut without_rule = BTreeSet::new();
    for (directory, files) in vector("fresh_install")["files"].as_object().unwrap() {
        for (file, size) in files.as_object().unwrap() {
            match size_rule(file) {
                Some(rule) => {
                    rule.record_count(number(size))
                        .unwrap_or_else(|e| panic!("{file}: {e}"));
                    assert!(directory.starts_with(rule.directory), "{directory}/{file}");
                }
                None => {
                    without_rule.insert(file.as_str());
                }
            }
        }
    }
    // Texts.
    assert_eq!(without_rule, ["TRANSFIL.GLB", "WELCOME.GLB"].into());
}

#[test]
fn hashed_directory_is_the_last_digit() {
    for entry in list(vector("hashed_directory")) {
        let (stem, extension) = text(&entry["file"]).split_once('.').unwrap();
        let id = HexId::parse(stem.as_bytes()).unwrap();
        let directory = match extension {
            "MAI" => format!("MAI/MA{}", directory_digit(id)),
            "att" => format!("ATT/AT{}", directory_digit(id)),
            other => panic!("{other}"),
        };
        assert_eq!(directory, text(&entry["dir"]));
    }
}

#[test]
fn network_glb_records_decode() {
    let vector = vector("network_glb");
    assert_eq!(at(&vector["record"]), NetworkRecord::LEN);
    for entry in list(&vector["records"]) {
        let bytes = hex(&entry["hex"]);
        let record = NetworkRecord::decode(&bytes).unwrap();
        let decoded = &entry["decoded"];
        assert_eq!(
            u64::from(record.state.as_byte()),
            number(&decoded["active"])
        );
        assert_eq!(record.state.is_active(), number(&decoded["active"]) == 1);
        assert_eq!(u64::from(record.kind.as_byte()), number(&decoded["type"]));
        assert_eq!(record.kind, NetworkKind::Msmail);
        assert_eq!(record.name.as_bytes(), text(&decoded["name"]).as_bytes());
        assert_eq!(text(&decoded["xtn"]), "");
        assert_eq!(record.xtn.id(), None);
        assert_eq!(
            record.mailbag.id().unwrap().to_string(),
            text(&decoded["mbg"])
        );
        assert!(record.unknown_16.is_zero() && record.unknown_2a.is_zero());
        assert_eq!(encoded(&record), bytes);

        let mut made = NetworkRecord::new(NetworkKind::Msmail, FixedText::new(b"MSMAIL").unwrap());
        made.mailbag = HexId(0x2e).into();
        made.state = record.state;
        assert_eq!(encoded(&made), bytes);
    }
    let first = |entry: &Value| {
        let mut bytes = hex(&entry["hex"]);
        bytes.resize(NetworkRecord::LEN, 0);
        let record = NetworkRecord::decode(&bytes).unwrap();
        (record.state, record.kind)
    };
    let found: Vec<_> = list(&vector["prefixes"]).iter().map(first).collect();
    assert_eq!(
        found,
        [
            (RecordState::Active, NetworkKind::Msmail),
            (RecordState::Active, NetworkKind::Ffapi),
            (RecordState::Deleted, NetworkKind::Ffapi),
        ]
    );
}

/// DEBUG loads a file at 100h.
const DEBUG_BASE: usize = 0x100;

#[test]
fn network_glb_debug_table_points_at_the_fields() {
    let table = list(&vector("network_glb")["debug_table"]);
    assert_eq!(table.len(), 45);
    let mut file = vec![0; DEBUG_BASE + table.len() * NetworkRecord::LEN];
    for row in table {
        let [number, active, kind, name, xtn, mailbag] = [0, 1, 2, 3, 4, 5].map(|i| at(&row[i]));
        file[active] = 1;
        file[kind] = 0x64;
        file[name..name + 5].copy_from_slice(format!("NET{number:02}").as_bytes());
        file[xtn..xtn + 8].copy_from_slice(format!("{number:08X}").as_bytes());
        file[mailbag..mailbag + 8].copy_from_slice(format!("{:08X}", number + 0x100).as_bytes());
    }
    let records = RecordReader::<_, NetworkRecord>::new(&file[DEBUG_BASE..], 0);
    let mut count = 0;
    for (record, number) in records.zip(1_u32..) {
        let name = FixedText::new(format!("NET{number:02}").as_bytes()).unwrap();
        let mut expected = NetworkRecord::new(NetworkKind::Ffapi, name);
        expected.xtn = HexId(number).into();
        expected.mailbag = HexId(number + 0x100).into();
        assert_eq!(record.unwrap(), expected);
        count += 1;
    }
    assert_eq!(count, 45);
}

#[test]
fn xtn_debug_table_points_at_the_fields() {
    let vector = vector("xtn");
    assert_eq!(at(&vector["record"]), XtnRecord::LEN);
    let mailbag = list(&vector["layout"])
        .iter()
        .find(|f| f["name"] == "mailbag")
        .unwrap();
    let table = list(&vector["debug_table"]);
    let mut file = vec![0; DEBUG_BASE + table.len() * XtnRecord::LEN];
    for (row, number) in table.iter().zip(1_u8..) {
        let [delete_bit, name, counter] = [0, 1, 2].map(|i| at(&row[i]));
        file[delete_bit] = 1;
        file[name..name + 4].copy_from_slice(format!("PO{number:02}").as_bytes());
        file[counter] = number;
        let mailbag = delete_bit + at(&mailbag["offset"]);
        file[mailbag..mailbag + 8].copy_from_slice(format!("{number:08X}").as_bytes());
    }
    let records: Vec<_> = RecordReader::<_, XtnRecord>::new(&file[DEBUG_BASE..], 0)
        .map(Result::unwrap)
        .collect();
    assert_eq!(records.len(), table.len());
    for (record, number) in records.iter().zip(1_u32..) {
        let name = FixedText::new(format!("PO{number:02}").as_bytes()).unwrap();
        let mut expected = XtnRecord::new(name, HexId(number).into());
        expected.indirect_count = u16::try_from(number).unwrap();
        assert_eq!(*record, expected);
    }
}

#[test]
fn xtn_edit_example_clears_the_counter() {
    let edit = &vector("xtn")["edit_example"];
    let offset = at(&edit["file_offset"]);
    assert_eq!(offset + DEBUG_BASE, at(&edit["debug_address"]));
    let mut file = vec![0; XtnRecord::LEN];
    file[offset] = hex(&edit["old"])[0];
    assert_eq!(XtnRecord::decode(&file).unwrap().indirect_count, 1);
    file[offset..offset + 2].copy_from_slice(&hex(&edit["new"]));
    assert_eq!(XtnRecord::decode(&file).unwrap(), XtnRecord::default());
}

#[test]
fn nme_holds_the_identifier_in_its_last_four_bytes() {
    let vector = vector("nme");
    let mut bytes = vec![0; at(&vector["record"])];
    assert_eq!(bytes.len(), NmeRecord::LEN);
    let layout = list(&vector["layout"]);
    let offset = |name: &str| at(&layout.iter().find(|f| f["name"] == name).unwrap()["offset"]);
    let [order, distance] = list(&vector["examples"]) else {
        panic!("two examples")
    };
    let name_offset = offset("full_name");
    assert_eq!(
        offset("hexid") - name_offset,
        at(&distance["full_name_offset_to_hexid"])
    );
    bytes[name_offset..name_offset + 5].copy_from_slice(b"Admin");
    bytes[offset("hexid")..].copy_from_slice(&hex(&order["hex"]));
    for (code, kind) in [(2, AliasKind::External), (4, AliasKind::Group)] {
        assert!(vector["alias_types"].get(code.to_string()).is_some());
        bytes[0] = code;
        let record = NmeRecord::decode(&bytes).unwrap();
        assert_eq!(record.kind, kind);
        assert_eq!(record.name.as_bytes(), b"Admin");
        assert_eq!(record.id.to_string(), text(&order["value_hex"]));
        assert_eq!(encoded(&record), bytes);
    }
}

#[test]
fn key_file_of_zeroes_is_an_empty_mailbag() {
    let vector = vector("key_file");
    let empty = vec![hex(&vector["empty"]["fill"])[0]; at(&vector["empty"]["len"])];
    let key = KeyFile::decode(&empty).unwrap();
    assert_eq!(key, KeyFile::default());
    assert_eq!(key.deleted.iter(u16::MAX).count(), 0);
    assert_eq!(
        at(&vector["bitmap"]["bytes"]) * 8,
        at(&vector["bitmap"]["max_records"])
    );
    assert_eq!(
        at(&vector["bitmap"]["max_records"]),
        usize::from(MAX_MAILBAG_RECORDS)
    );
}

#[test]
fn empty_images_are_what_we_write() {
    let mut checked = 0;
    for entry in list(vector("empty_images")) {
        let file = text(&entry["file"]);
        let len = entry
            .get("len")
            .map_or_else(|| text(&entry["hex"]).len() / 2, at);
        assert_eq!(
            size_rule(file).unwrap().record_count(len as u64).unwrap(),
            0,
            "{file}"
        );
        let mut bytes = Vec::new();
        match file {
            "*.KEY" => bytes = encoded(&KeyFile::default()),
            "GROUP.GLB" => GroupTable::default().write_to(&mut bytes).unwrap(),
            "GRPMEM.GLB" => GrpMemTable::default().write_to(&mut bytes).unwrap(),
            "NETPO.GLB" => NetpoTable::default().write_to(&mut bytes).unwrap(),
            "ADMIN.GRP" => GrpTable::default().write_to(&mut bytes).unwrap(),
            "*.MEM" => MemFile::default().write_to(&mut bytes).unwrap(),
            "SERVER.GLB" => ServerTable::default().write_to(&mut bytes).unwrap(),
            _ => continue,
        }
        assert_eq!(bytes, vec![0; len], "{file}");
        checked += 1;
    }
    assert_eq!(checked, 7);
}

#[test]
fn mbg_records_decode() {
    let vector = vector("mbg");
    assert_eq!(at(&vector["record"]), MbgRecord::LEN);
    for entry in list(&vector["records"]) {
        let bytes = hex(&entry["hex"]);
        let record = MbgRecord::decode(&bytes).unwrap();
        let decoded = &entry["decoded"];
        assert_eq!(
            record.sender.as_bytes(),
            text(&decoded["sender"]).as_bytes()
        );
        assert_eq!(
            record.subject.as_bytes(),
            text(&decoded["subject"]).as_bytes()
        );
        for (field, name) in [
            (record.minute, "minute"),
            (record.hour, "hour"),
            (record.day, "day"),
            (record.month, "month"),
            (record.year, "year"),
        ] {
            assert_eq!(u64::from(field), number(&decoded[name]), "{name}");
        }
        assert_eq!(
            record.mai.id().unwrap().to_string(),
            text(&decoded["mai_id"])
        );
        assert_eq!(u64::from(record.message_len), number(&decoded["at_4e_u32"]));
        assert!(!record.unknown_52.is_zero());
        assert_eq!(encoded(&record), bytes);
    }
}

#[test]
fn mai_reference_counter_is_little_endian() {
    for entry in list(&vector("mai")["refcount"]) {
        let mut head = vec![0; 11];
        head.extend(hex(&entry["hex"]));
        let count = reference_count(&head).unwrap();
        assert_eq!(u64::from(count), number(&entry["u16"]));
        let mut again = vec![0; 13];
        set_reference_count(&mut again, count).unwrap();
        assert_eq!(again, head);
    }
}

#[test]
fn mai_dump_reads_as_elements() {
    let vector = vector("mai");
    let dump = hex(&vector["dump"]["hex"]);
    let start = at(&vector["dump"]["file_offset"]);
    assert_eq!(dump.len(), at(&vector["dump"]["len"]));
    let expected = list(&vector["elements"]);
    let first = at(&expected[0]["offset"]);
    let mut elements = Elements::new(&dump[first - start..], first as u64);
    for entry in &expected[..4] {
        let element = elements.next().unwrap().unwrap();
        assert_eq!(element.offset, number(&entry["offset"]));
        let tag = u8::from_str_radix(&text(&entry["tag"])[..2], 16).unwrap();
        assert_eq!(element.header.id, tag);
        let qualifier = u8::from_str_radix(&text(&entry["qualifier"])[..2], 16).unwrap();
        assert_eq!(element.header.qualifier, Some(qualifier));
        let inner: Vec<_> = element.children().map(Result::unwrap).collect();
        assert_eq!(inner.len(), 1);
        match entry.get("integer_le") {
            Some(value) => {
                assert_eq!(element.header.id, ElementHeader::VENDOR);
                assert_eq!(inner[0].integer().map(u64::from), Some(number(value)));
            }
            None => {
                assert_eq!(qualifier, ElementHeader::FROM);
                assert_eq!(element.header.contents_len + 1, at(&entry["length"]));
                let from = MaiAddress::decode(&inner[0].text().unwrap()).unwrap();
                assert_eq!(*from.address, *b"NET1/DATA3/Admin");
                assert_eq!(from.name.as_deref(), Some(&b"Administrator"[..]));
            }
        }
    }
    // The field To has 300 recipients; the dump ends inside the third.
    let to = &expected[4];
    let rest = &dump[at(&to["offset"]) - start..];
    let header = ElementHeader::decode(rest, number(&to["offset"])).unwrap();
    assert_eq!(
        (header.id, header.qualifier),
        (ElementHeader::FIELD, Some(ElementHeader::TO))
    );
    assert_eq!(header.contents_len + 1, at(&to["length"]));
    assert_eq!(
        header.contents_len,
        22 * usize::from(reference_count_of(&dump, start))
    );
    let mut recipients = Elements::new(&rest[header.header_len..], number(&to["offset"]) + 5);
    for mailbox in ["NET1/DATA3/300", "NET1/DATA3/299"] {
        let string = recipients.next().unwrap().unwrap();
        let address = MaiAddress::decode(&string.text().unwrap()).unwrap();
        assert_eq!(*address.address, *mailbox.as_bytes());
        assert_eq!(address.name, None);
    }
    let end = recipients.next().unwrap().unwrap_err().to_string();
    assert_eq!(
        end,
        "byte 0x7a: file ends inside an element: 17 of 22 bytes"
    );
    assert_eq!(
        elements.next().unwrap().unwrap_err().to_string(),
        "byte 0x49: file ends inside an element: 66 of 6605 bytes"
    );
}

fn reference_count_of(dump: &[u8], start: usize) -> u16 {
    let mut head = vec![0; start];
    head.extend(dump);
    reference_count(&head).unwrap()
}

#[test]
fn mai_string_cipher_reads_and_writes_all_samples() {
    let cipher = &vector("mai")["string_cipher"];
    let pairs = list(&cipher["pairs"]);
    assert_eq!(
        pairs.len(),
        4,
        "the third recipient was not used to find the key"
    );
    for (index, pair) in pairs.iter().enumerate() {
        let (ciphertext, plain) = (hex(&pair["cipher"]), hex(&pair["plain"]));
        let mut bytes = ciphertext.clone();
        decipher(&mut bytes);
        assert_eq!(bytes, plain);
        encipher(&mut bytes);
        assert_eq!(bytes, ciphertext);
        match MaiAddress::decode(&plain) {
            Ok(address) => {
                assert_eq!(address.kind, AliasKind::External);
                assert_eq!(address.encode(), plain);
            }
            Err(error) => {
                assert_eq!(index, 3, "only the sample that is cut is no whole address");
                assert_eq!(
                    error.to_string(),
                    "byte 0x0: file ends inside an address: 15 of 16 bytes"
                );
            }
        }
    }
}

#[test]
fn fld_type_stands_at_49() {
    let vector = vector("fld");
    let mut bytes = vec![0; at(&vector["new_file_size"])];
    let edit = &vector["edit"];
    assert_eq!(edit["offset"], vector["type_offset"]);
    for (value, kind, meaning) in [
        ("before", FolderKind::Group, "group"),
        ("after", FolderKind::Shared, "shared"),
    ] {
        bytes[at(&edit["offset"])] = hex(&edit[value])[0];
        let folder = FolderHead::decode(&bytes).unwrap();
        assert_eq!(folder.kind, kind);
        assert_eq!(vector["values"][kind.as_byte().to_string()], meaning);
        assert_eq!(encoded(&folder), bytes);
    }
}

#[test]
fn galindex_has_52_offsets_and_entries_of_six_bytes() {
    let vector = vector("galindex");
    let header = GalIndexHeader::default();
    assert_eq!(header.offsets.len(), at(&vector["header"]["count"]));
    assert_eq!(GalIndexHeader::LEN, 52 * 4);
    assert_eq!(GalIndexEntry::LEN, at(&vector["record"]["len"]));
    let names: Vec<_> = list(&vector["record"]["fields"])
        .iter()
        .map(|f| text(&f["name"]))
        .collect();
    assert_eq!(names, ["word_number", "gal_nme_pointer"]);
    let entry = GalIndexEntry::decode(&[2, 1, 0x5a, 0, 0, 1]).unwrap();
    assert_eq!((entry.word, entry.pointer), (0x102, 0x0100_005a));
}

#[test]
fn galnetpo_identifiers_start_where_published() {
    let first = text(&vector("galnetpo")["default_first_tid"]);
    assert_eq!(format!("{:08X}", GalTids::FIRST), first);
    let tid = GalTids::new(None, GalTids::FIRST - 1).next_tid();
    assert_eq!(tid, Ok(GalTids::FIRST));
    assert!(GalTids::new(None, GalTids::FIRST).next_tid().is_err());
}

#[test]
fn tpl_lines_parse_and_come_back() {
    for entry in list(vector("tpl_lines")) {
        let line = text(&entry["line"]);
        let field = TemplateField::parse(line.as_bytes(), CodePage::Cp850).unwrap();
        let parsed = &entry["parsed"];
        assert_eq!(*field.prompt, *text(&parsed["prompt"]).as_bytes());
        assert_eq!(u64::from(field.start), number(&parsed["start"]));
        assert_eq!(u64::from(field.width), number(&parsed["width"]));
        assert_eq!(*field.edit, *text(&parsed["edit"]).as_bytes());
        assert_eq!(*field.default, *text(&parsed["data"]).as_bytes());
        assert_eq!(*field.internal, *text(&parsed["internal"]).as_bytes());
        assert_eq!(field.to_line(), line.as_bytes());
    }
    assert_eq!(MAX_FIELDS, 256);
}

#[test]
fn limits_are_the_widths_of_our_fields() {
    let nme = NmeRecord::default();
    let netpo = NetpoRecord::default();
    let xtn = XtnRecord::default();
    let max = |field: usize| field as u64 - 1;
    for entry in list(vector("limits")) {
        let limit = number(&entry["max"]);
        match text(&entry["what"]) {
            "full name / alias" => {
                let usr = UsrRecord::default();
                let group = GroupRecord::default();
                let access = Access2Record::default();
                for field in [nme.name, usr.name, group.alias, access.name] {
                    assert_eq!(max(field.as_field().len()), limit);
                }
            }
            "network, postoffice and mailbox name (each part of a 10/10/10 address)" => {
                for field in [
                    netpo.network,
                    netpo.postoffice,
                    netpo.mailbox,
                    xtn.postoffice,
                ] {
                    assert_eq!(max(field.as_field().len()), limit);
                }
            }
            "group address" => {
                assert_eq!(max(GroupRecord::default().address.as_field().len()), limit);
            }
            "subject in the mail header" => {
                assert_eq!(max(MbgRecord::default().subject.as_field().len()), limit);
            }
            "mailbag records" => assert_eq!(u64::from(MAX_MAILBAG_RECORDS), limit),
            "local users" => assert_eq!(MAX_MEM_MEMBERS as u64, limit),
            // With the configuration files that hold one.
            "password" => {}
            names => {
                assert!(names.starts_with("mailbox name characters"), "{names}");
                let legal = (0..=u8::MAX).filter(|&b| is_mailbox_byte(b));
                let expected = (48..=57)
                    .chain(65..=90)
                    .chain(97..=122)
                    .chain(128..=144)
                    .chain(149..=255);
                assert!(legal.eq(expected));
            }
        }
    }
}

#[test]
fn a_record_made_here_has_zero_where_nothing_is_known() {
    let name = FixedText::new(b"Sue").unwrap();
    let place = FixedText::new(b"PO").unwrap();
    let xtn = XtnRecord::new(place, HexText::NONE);
    assert!(xtn.unknown_116.is_zero() && xtn.unknown_28b.is_zero());
    assert_eq!(NmeRecord::new(AliasKind::Local, name, 1).unknown_01, 0);
    assert_eq!(UsrRecord::new(name, place, 1).reserved, Opaque([0; 5]));
}
