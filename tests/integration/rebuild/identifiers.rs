//! TIDs: one per address, for good.

use std::collections::BTreeSet;

use dirsync::codec::counters::Tid;
use dirsync::postoffice::layout;

use super::{ADDRESS_LEN, FIRST_ADDRESS, filled, office};
use crate::support::{Office, encoded};

/// Where the published identifiers begin.
const FIRST: u32 = 0x7f67_697f;

fn last_tid(office: &Office) -> u32 {
    let bytes = office.bytes(&layout::GALNETPO);
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

#[test]
fn identifiers_begin_where_published_and_go_down() {
    let office = filled();
    office.rebuild("").ends(0);
    let gal = office.gal();
    let tids: BTreeSet<u32> = gal.entries().map(|e| e.tid).collect();
    let expected = [1].into_iter().chain(FIRST - 4..=FIRST);
    assert_eq!(tids, expected.collect());
    assert_eq!(last_tid(&office), FIRST - 4);
    // The first record says it again: "the first 4 bytes and the first record" (Q135486).
    let bytes = office.bytes(&layout::GALNETPO);
    assert_eq!(bytes[4 + 35..4 + 39], bytes[..4]);
}

#[test]
fn ds_s054_an_address_keeps_its_identifier_when_others_come_before_it() {
    let office = filled();
    office.rebuild("").ends(0);
    let before = [
        "Smith, Sue",
        "Doe, John",
        "Brown, Ann",
        "Wu, Li",
        "Meyer, Max",
    ]
    .map(|name| (name, office.tid(name)));
    office.put_list(
        "NET/PO1",
        &[
            ("Aaron, A", "AA"),
            ("Doe, John", "JOHN"),
            ("Smith, Sue", "SUE"),
            ("Abel, B", "AB"),
        ],
    );
    office.put_gateway(&[
        ("Adam", "adam@example.com", 71),
        ("Meyer, Max", "max@example.com", 70),
    ]);
    office.rebuild("").ends(0);
    for (name, tid) in before {
        assert_eq!(office.tid(name), tid, "{name}");
    }
    let new: BTreeSet<u32> = ["Aaron, A", "Abel, B", "Adam"]
        .map(|name| office.tid(name))
        .into();
    assert_eq!(new, (FIRST - 7..FIRST - 4).collect());
}

#[test]
fn a_new_name_for_an_address_changes_nothing() {
    let office = filled();
    office.rebuild("").ends(0);
    let tid = office.tid("Smith, Sue");
    office.put_list("NET/PO1", &[("Miller, Sue", "sue"), ("Sue", "SUE")]);
    office.rebuild("").ends(0);
    assert_eq!((office.tid("Miller, Sue"), office.tid("Sue")), (tid, tid));
    let address = office.gal().address(tid).unwrap();
    assert_eq!(address.mailbox.as_bytes(), b"SUE");
}

#[test]
fn an_address_that_comes_back_has_its_identifier_back_and_nobody_else_ever() {
    let office = filled();
    office.rebuild("").ends(0);
    let (sue, john) = (office.tid("Smith, Sue"), office.tid("Doe, John"));
    office.put_list("NET/PO1", &[("New, Ned", "NED")]);
    let json = office.rebuild("--json").ends(0).json();
    assert_eq!(json["gal"]["tids_retired"], 2);
    let ned = office.tid("New, Ned");
    assert!(ned < sue.min(john));
    assert!(office.gal().address(sue).is_none(), "in no list");
    office.put_list("NET/PO1", &[("Smith, Sue", "SUE"), ("Newer, Nell", "NELL")]);
    office.rebuild("").ends(0);
    assert_eq!(office.tid("Smith, Sue"), sue);
    assert!(office.tid("Newer, Nell") < ned);
}

#[test]
fn q137865_an_address_behind_a_gateway_keeps_its_identifier_when_its_list_is_made_anew() {
    let office = filled();
    office.put_gateway(&[
        ("Meyer, Max", "max@example.com", 70),
        ("Meyer, Mia", "mia@example.com", 71),
    ]);
    office.rebuild("").ends(0);
    let (max, mia) = (office.tid("Meyer, Max"), office.tid("Meyer, Mia"));
    // The identifiers of the list are exchanged, and one address is spelled otherwise.
    office.put_gateway(&[
        ("Meyer, Mia", "MIA@example.com", 70),
        ("Meyer, Max", "max@example.com", 71),
    ]);
    office.rebuild("").ends(0);
    assert_eq!(
        (office.tid("Meyer, Max"), office.tid("Meyer, Mia")),
        (max, mia)
    );
    // Another address under the old name is somebody else.
    office.put_gateway(&[("Meyer, Max", "max@example.org", 71)]);
    office.rebuild("").ends(0);
    assert_ne!(office.tid("Meyer, Max"), max);
}

#[test]
fn ds_s055_a_file_of_zeroes_is_made_anew_from_the_first_identifier() {
    let office = filled();
    office.rebuild("").ends(0);
    let whole = office.gal_files();
    for len in [whole[2].len(), 4, 1000] {
        office.put(&layout::GALNETPO, &vec![0; len]);
        let run = office.rebuild("").ends(0);
        let is_empty_file = len == 4;
        assert_eq!(
            run.stdout
                .contains("[ 39] Error generating TID. Allocating unique ID."),
            !is_empty_file,
            "{len}: {}",
            run.stdout
        );
        assert_eq!(office.gal_files(), whole, "{len}");
    }
    let log = office.log(&layout::DIRSYNC_LOG);
    let warnings = log.iter().filter(|line| {
        line.starts_with("Warning[ 39] Error generating TID. Allocating unique ID.")
    });
    assert_eq!(warnings.count(), 2, "{log:#?}");
    assert_eq!(office.gal().entries().map(|e| e.tid).max(), Some(FIRST));
}

#[test]
fn without_the_file_identifiers_begin_anew() {
    let office = filled();
    office.rebuild("").ends(0);
    let whole = office.gal_files();
    for file in [layout::GAL_NME, layout::GALINDEX, layout::GALNETPO] {
        std::fs::remove_file(office.file(&file)).unwrap();
    }
    office.rebuild("").ends(0);
    assert_eq!(office.gal_files(), whole);
}

#[test]
fn what_is_whole_of_a_damaged_file_keeps_its_identifiers() {
    let office = filled();
    office.rebuild("").ends(0);
    let names = [
        "Smith, Sue",
        "Doe, John",
        "Brown, Ann",
        "Wu, Li",
        "Meyer, Max",
    ];
    let before = names.map(|name| office.tid(name));
    let bytes = office.bytes(&layout::GALNETPO);
    // The last two records are torn off: their addresses get others, that nobody had before.
    office.put(&layout::GALNETPO, &bytes[..bytes.len() - ADDRESS_LEN - 1]);
    let run = office.rebuild("").ends(0);
    assert!(run.stdout.contains("[ 39]"), "{}", run.stdout);
    let after = names.map(|name| office.tid(name));
    let kept = before.iter().zip(&after).filter(|(a, b)| a == b).count();
    assert_eq!(kept, 3);
    for (before, after) in before.iter().zip(after) {
        assert!(*before == after || after < FIRST - 4);
    }
}

#[test]
fn an_identifier_that_two_addresses_have_is_neithers() {
    let office = filled();
    office.rebuild("").ends(0);
    let mut bytes = office.bytes(&layout::GALNETPO);
    let tid = |n: usize| FIRST_ADDRESS + n * ADDRESS_LEN + 35;
    let first = bytes[tid(0)..tid(0) + 4].to_vec();
    bytes[tid(1)..tid(1) + 4].copy_from_slice(&first);
    office.put(&layout::GALNETPO, &bytes);
    let run = office.rebuild("").ends(0);
    assert!(
        run.stdout
            .contains("2 records share an identifier with another one"),
        "{}",
        run.stdout
    );
    let gal = office.gal();
    let tids: Vec<u32> = gal.entries().map(|e| e.tid).collect();
    assert_eq!(tids.iter().collect::<BTreeSet<_>>().len(), tids.len());
    assert!(!tids.contains(&FIRST));
    assert_eq!(last_tid(&office), FIRST - 6);
}

#[test]
fn a_header_that_went_back_does_not_give_an_identifier_twice() {
    let office = filled();
    office.rebuild("").ends(0);
    let last = last_tid(&office);
    for header in [0, 1, FIRST, u32::MAX, last + 1] {
        let mut bytes = office.bytes(&layout::GALNETPO);
        bytes[..4].copy_from_slice(&header.to_le_bytes());
        office.put(&layout::GALNETPO, &bytes);
        let run = office.rebuild("").ends(0);
        assert!(run.stdout.contains("[ 39]"), "{header:#x}: {}", run.stdout);
        assert_eq!(last_tid(&office), last, "{header:#x}");
        office.gal();
    }
}

#[test]
fn local_identifiers_that_reach_those_of_the_list_stop_it() {
    let office = filled();
    office.rebuild("").ends(0);
    let before = office.gal_files();
    office.put(&layout::TID, &encoded(&Tid { last: FIRST - 2 }));
    let run = office.rebuild("").ends(73);
    assert!(
        run.stderr
            .contains("Error generating TID. Allocating unique ID."),
        "{}",
        run.stderr
    );
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log[log.len() - 3..],
        [
            "Fatal  [ 39] Error generating TID. Allocating unique ID. the local identifiers have reached \
             0x7F67697D, the last of GALNETPO.GLB is 0x7F67697B",
            "Fatal  [203] GAL Rebuild problem accessing files",
            "Fatal  [   ] Global Address List not installed on this Postoffice",
        ]
    );
    assert_eq!(office.gal_files(), before);
}

#[test]
fn without_tid_glb_nobody_new_can_be_listed() {
    let office = filled();
    office.rebuild("").ends(0);
    std::fs::remove_file(office.file(&layout::TID)).unwrap();
    office.rebuild("").ends(0);
    let before = office.gal_files();
    office.put_list("NET/PO1", &[("New, Ned", "NED")]);
    let run = office.rebuild("").ends(73);
    assert!(run.stderr.contains("TID.GLB is missing"), "{}", run.stderr);
    assert_eq!(office.gal_files(), before);
}

#[test]
fn identifiers_of_the_lists_end_below_those_of_the_global_one() {
    let office = office();
    office.put_list("NET/PO1", &[("A", "A"), ("B", "B"), ("C", "C")]);
    office.rebuild("").ends(0);
    assert_eq!(last_tid(&office), FIRST - 2);
    office.put(&layout::TID, &encoded(&Tid { last: FIRST - 4 }));
    let office = office.configure(|config| config.highest_tid = FIRST - 4);
    let import = |mailbox: &str| {
        office.import_text(
            "",
            &format!("A Name {mailbox}                          PCM:NET/OWN/{mailbox}\n"),
        )
    };
    import("ONE").ends(0);
    let run = import("TWO").ends(73);
    assert!(
        run.stderr
            .contains("Error generating TID. Allocating unique ID."),
        "{}",
        run.stderr
    );
}
