//! Groups: the files they consist of, and who hears of them.

use dirsync::codec::grpmem::GrpMemTable;
use dirsync::codec::{AccessRecord, AliasKind, GroupTable, GrpTable, MemFile, NmeRecord};

use super::site::{Site, records};

fn site() -> Site {
    let site = Site::registered();
    for (name, mailbox) in [("Ann A", "ANN"), ("Bob B", "BOB"), ("Cid C", "CID")] {
        site.done(&["local", "create", name, mailbox, "--no-dirsync"]);
    }
    site.import(
        &["-a"],
        "A Fred F                         PCM:NET/DSS/FRED\r\n",
    );
    site.acknowledge(9);
    site
}

fn group(site: &Site, name: &str) -> NmeRecord {
    let found = site
        .pol()
        .into_iter()
        .find(|r| r.name.as_bytes() == name.as_bytes());
    let record = found.unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(record.kind, AliasKind::Group);
    record
}

fn members(site: &Site, name: &str) -> Vec<u32> {
    let bytes = site.bytes("GRP/ADMIN.GRP");
    assert_eq!(bytes, site.bytes("GRP/ADMINSHD.GRP"));
    let table = GrpTable::read_from(&bytes[..]).unwrap();
    table.members(group(site, name).pointer).unwrap()
}

fn delivery(site: &Site, name: &str) -> Vec<u32> {
    let file = format!("MEM/{:08X}.MEM", group(site, name).tid);
    MemFile::read_from(&site.bytes(&file)[..]).unwrap().members
}

/// The groups of a user, by way of ACCESS.GLB and GRPMEM.GLB.
fn groups_of(site: &Site, mailbox: &str) -> Vec<u32> {
    let index = site
        .accounts()
        .iter()
        .position(|a| a.mailbox.as_bytes() == mailbox.as_bytes());
    let access: Vec<AccessRecord> = records(&site.bytes("GLB/ACCESS.GLB"));
    let table = GrpMemTable::read_from(&site.bytes("GLB/GRPMEM.GLB")[..]).unwrap();
    let mut offset = access[index.unwrap()].groups;
    let mut groups = Vec::new();
    while offset != 0 {
        let record = table.at(offset).expect("a record");
        assert!(record.state.is_active());
        groups.extend(record.groups.iter().filter(|tid| **tid != 0));
        offset = record.next;
    }
    groups
}

fn tid(site: &Site, mailbox: &str) -> u32 {
    site.account(mailbox).tid
}

fn mailbag(site: &Site, mailbox: &str) -> u32 {
    site.account(mailbox).mailbag.id().unwrap().0
}

fn texts(site: &Site) -> Vec<String> {
    site.queue()
        .into_iter()
        .skip(1)
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn a_group_stands_in_all_its_files() {
    let site = site();
    site.done(&["group", "create", "All hands", "HANDS", "ANN", "bob b"]);
    site.done(&["group", "create", "Others", "OTHERS", "BOB", "Fred F"]);
    assert_eq!(
        members(&site, "All hands"),
        [tid(&site, "ANN"), tid(&site, "BOB")]
    );
    assert_eq!(
        delivery(&site, "All hands"),
        [mailbag(&site, "ANN"), mailbag(&site, "BOB")]
    );
    assert_eq!(members(&site, "Others").len(), 2);
    assert_eq!(
        delivery(&site, "Others"),
        [mailbag(&site, "BOB")],
        "the own members alone"
    );
    assert_eq!(site.len("GLB/GROUP.GLB"), 4 + 2 * 51);
    assert_eq!(site.len("GRP/ADMIN.GRP"), 8 + 4 * 8);
    let table = GroupTable::read_from(&site.bytes("GLB/GROUP.GLB")[..]).unwrap();
    let record = &table.records[0];
    assert_eq!(record.alias.as_bytes(), b"All hands");
    assert_eq!(record.address.as_bytes(), b"HANDS");
    assert_eq!(record.pointer, group(&site, "All hands").pointer);
    assert_eq!(record.tid, group(&site, "All hands").id.0);
    let (hands, others) = (group(&site, "All hands").tid, group(&site, "Others").tid);
    assert_eq!(groups_of(&site, "ANN"), [hands]);
    assert_eq!(groups_of(&site, "BOB"), [hands, others]);
    assert!(groups_of(&site, "CID").is_empty());
    let listed = site.list(&["group", "list"]);
    assert_eq!(listed[0]["members"], serde_json::json!(["Ann A", "Bob B"]));
    assert_eq!(listed[0]["dirsync"], true);
    assert_eq!(listed[1]["dirsync"], false);
}

#[test]
fn ds_p010_a_group_with_a_member_elsewhere_is_nobodys_business() {
    let site = site();
    site.done(&["group", "create", "Mixed", "MIXED", "ANN", "Fred F"]);
    assert!(texts(&site).is_empty());
    site.done(&["group", "create", "Ours", "OURS", "ANN", "BOB"]);
    assert_eq!(texts(&site), ["A Ours|PCM:NET/PO1/OURS"]);
    site.acknowledge(10);
    site.done(&["config", "dirsync", "requestor", "export"]);
    let exported = texts(&site);
    assert_eq!(
        exported,
        [
            "R PCM:NET/PO1",
            "A Administrator|PCM:NET/PO1/Admin",
            "A Ours|PCM:NET/PO1/OURS"
        ]
    );
}

#[test]
fn a_group_is_told_of_as_it_begins_and_stops_to_take_part() {
    let site = site();
    site.done(&["group", "create", "Ours", "OURS", "ANN"]);
    site.done(&["group", "modify", "Ours", "--add", "BOB"]);
    site.done(&[
        "group",
        "modify",
        "Ours",
        "--name",
        "Us",
        "--address",
        "USALL",
    ]);
    site.done(&["group", "modify", "Us", "--add", "Fred F"]);
    site.done(&["group", "modify", "Us", "--add", "CID"]);
    site.done(&["group", "modify", "Us", "--remove", "Fred F"]);
    site.done(&["group", "delete", "Us"]);
    assert_eq!(
        texts(&site),
        [
            "A Ours|PCM:NET/PO1/OURS",
            "M Ours|PCM:NET/PO1/OURS~  Us|PCM:NET/PO1/USALL",
            "D Us|PCM:NET/PO1/USALL",
            "A Us|PCM:NET/PO1/USALL",
            "D Us|PCM:NET/PO1/USALL",
        ]
    );
}

#[test]
fn ds_s037_a_group_without_address_makes_no_transaction() {
    let site = site();
    site.done(&["group", "create", "Ours", "OURS", "ANN"]);
    site.acknowledge(10);
    site.write("GLB/GROUP.GLB", &[0; 4]);
    let said = site.refused(&["group", "modify", "Ours", "--add", "BOB"], 1);
    assert!(said.contains("No mailbox name Ours"), "{said}");
    let said = site.ends(&["config", "dirsync", "requestor", "export"], 1);
    assert!(said.contains("[ 81]"), "{said}");
    assert_eq!(
        texts(&site),
        ["R PCM:NET/PO1", "A Administrator|PCM:NET/PO1/Admin"]
    );
    site.acknowledge(20);
    site.done(&["group", "modify", "Ours", "--address", "OURS2"]);
    assert_eq!(texts(&site), ["A Ours|PCM:NET/PO1/OURS2"]);
    site.write("GLB/GROUP.GLB", &[0; 4]);
    site.acknowledge(30);
    let said = site.done(&["group", "delete", "Ours"]);
    assert!(
        said.contains("[ 81] No mailbox name Ours: other postoffices are not told"),
        "{said}"
    );
    assert!(texts(&site).is_empty());
}

#[test]
fn a_deleted_user_is_in_no_group() {
    let site = site();
    site.done(&["group", "create", "Ours", "OURS", "ANN", "BOB", "CID"]);
    site.done(&["group", "create", "More", "MORE", "BOB"]);
    site.done(&["local", "delete", "BOB"]);
    assert_eq!(
        members(&site, "Ours"),
        [tid(&site, "ANN"), tid(&site, "CID")]
    );
    assert_eq!(
        delivery(&site, "Ours"),
        [mailbag(&site, "ANN"), mailbag(&site, "CID")]
    );
    assert!(members(&site, "More").is_empty() && delivery(&site, "More").is_empty());
    // The place of the deleted user is taken by a new one, who is in no group of his.
    site.done(&["local", "create", "Dan D", "DAN"]);
    assert!(groups_of(&site, "DAN").is_empty());
}

#[test]
fn a_deleted_group_leaves_nothing() {
    let site = site();
    let before = (site.pol_names(), site.bytes("GRP/ADMIN.GRP"));
    site.done(&["group", "create", "Ours", "OURS", "ANN"]);
    let file = format!("MEM/{:08X}.MEM", group(&site, "Ours").tid);
    assert!(site.exists(&file));
    site.done(&["group", "delete", "ours"]);
    assert!(!site.exists(&file));
    assert_eq!((site.pol_names(), site.bytes("GRP/ADMIN.GRP")), before);
    assert!(groups_of(&site, "ANN").is_empty());
    let table = GroupTable::read_from(&site.bytes("GLB/GROUP.GLB")[..]).unwrap();
    assert!(table.records.iter().all(|record| !record.state.is_active()));
    site.done(&["group", "create", "Next", "NEXT"]);
    assert_eq!(
        site.len("GLB/GROUP.GLB"),
        4 + 51,
        "the place is taken again"
    );
}

#[test]
fn a_user_in_many_groups_has_as_many_records_as_they_take() {
    let site = site();
    for n in 0..31 {
        let (name, address) = (format!("Group {n:02}"), format!("G{n}"));
        site.done(&["group", "create", &name, &address, "ANN"]);
    }
    let groups = groups_of(&site, "ANN");
    assert_eq!(groups.len(), 31);
    assert_eq!(site.len("GLB/GRPMEM.GLB"), 4 + 2 * 128);
    site.done(&["group", "delete", "Group 00"]);
    site.done(&["group", "delete", "Group 30"]);
    assert_eq!(groups_of(&site, "ANN"), groups[1..30]);
    site.done(&["group", "create", "Other", "OTHER", "BOB"]);
    assert_eq!(
        site.len("GLB/GRPMEM.GLB"),
        4 + 2 * 128,
        "the free record is taken"
    );
}

#[test]
fn names_of_groups_are_refused_like_those_of_users() {
    let site = site();
    site.done(&["group", "create", "Ours", "OURS", "ANN"]);
    for (words, code, says) in [
        (
            &["group", "create", "ANN a", "X"][..],
            1,
            "Alias already exists",
        ),
        (&["group", "create", "New", "ann"], 1, "mailbox of a user"),
        (&["group", "create", "New", "ours"], 1, "address of a group"),
        (
            &["group", "create", "New", "ELEVENCHARS"],
            2,
            "1 to 10 characters",
        ),
        (
            &["group", "create", "New", "NEW", "NOBODY"],
            66,
            "Alias does not exist NOBODY",
        ),
        (&["group", "create", "New", "NEW", "Ours"], 1, "is a group"),
        (
            &["group", "modify", "None", "--name=X"],
            66,
            "Alias does not exist None",
        ),
        (
            &["group", "modify", "Ours", "--name=Bob B"],
            1,
            "Alias already exists",
        ),
        (
            &["group", "delete", "None"],
            66,
            "Alias does not exist None",
        ),
        (
            &["local", "create", "Dan D", "OURS"],
            1,
            "address of a group",
        ),
        (
            &["local", "create", "Ours", "DAN"],
            1,
            "Alias already exists",
        ),
    ] {
        let said = site.refused(words, code);
        assert!(said.contains(says), "{words:?}: {said}");
    }
}
