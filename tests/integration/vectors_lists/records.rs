//! Records of networks, postoffices, lists and templates.

use dirsync::codec::codepage::CodePage;
use dirsync::codec::template::MAX_FIELDS;
use dirsync::codec::{
    AliasKind, FixedText, GalIndexEntry, GalIndexHeader, GalTids, HexId, HexText, NetworkKind,
    NetworkRecord, NmeRecord, Opaque, Record, RecordReader, RecordState, TemplateField, UsrRecord,
    XtnRecord,
};
use serde_json::Value;

use super::{at, encoded, hex, list, number, text, vector};

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
fn a_record_made_here_has_zero_where_nothing_is_known() {
    let name = FixedText::new(b"Sue").unwrap();
    let place = FixedText::new(b"PO").unwrap();
    let xtn = XtnRecord::new(place, HexText::NONE);
    assert!(xtn.unknown_116.is_zero() && xtn.unknown_28b.is_zero());
    assert_eq!(NmeRecord::new(AliasKind::Local, name, 1).unknown_01, 0);
    assert_eq!(UsrRecord::new(name, place, 1).reserved, Opaque([0; 5]));
}
