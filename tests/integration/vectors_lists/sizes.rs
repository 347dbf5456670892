//! Sizes, empty images and limits.

use std::collections::BTreeSet;

use dirsync::codec::folder::{FolderHead, FolderIndex};
use dirsync::codec::mailbag::MAX_MAILBAG_RECORDS;
use dirsync::codec::mem::MAX_MEM_MEMBERS;
use dirsync::codec::misc::{GlobalFile, ModemFile, ServerTable, SortTable};
use dirsync::codec::msgfile::MessageSlot;
use dirsync::codec::sizes::{Evidence, SAME_COUNT, SIZE_RULES, size_rule};
use dirsync::codec::{
    Access2Record, Access3Record, AccessRecord, GalIndexEntry, GalIndexHeader, GroupRecord,
    GroupTable, GrpMemTable, GrpTable, KeyFile, MbgRecord, MemFile, NetpoRecord, NetpoTable,
    NetworkRecord, NmeRecord, Record, UsrRecord, XtnRecord, is_mailbox_byte,
};

use super::{at, encoded, list, number, text, vector};

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
            assert_eq!(error, "size is 3015 bytes, expected a multiple of 698");
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
