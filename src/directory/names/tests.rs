use proptest::prelude::*;

use super::*;
use crate::codec::codepage::CodePage;

const RULES: NameRules = NameRules {
    unique: UniqueNames::Postoffice,
    was: None,
    charset: Charset::Page(CodePage::Cp850),
    max_len: 30,
};

/// An entry: mailbox, name, and what was sent of it.
type Row<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>);

fn names_with(rules: NameRules, rows: &[Row<'_>]) -> Vec<AssignedName> {
    let keys: Vec<_> = rows
        .iter()
        .map(|(place, ..)| SyncKey::stored(&format!("MS:{place}")))
        .collect();
    let lists: Vec<_> = rows
        .iter()
        .map(|(place, ..)| place.rsplit_once('/').unwrap().0)
        .collect();
    let rows = keys.iter().zip(&lists).zip(rows);
    let candidates: Vec<_> = rows
        .map(|((key, list), &(_, name, sent))| Candidate {
            key,
            list,
            name,
            sent,
        })
        .collect();
    assign(rules, &candidates)
}

fn texts(names: Vec<AssignedName>) -> Vec<String> {
    names.into_iter().map(|name| name.text).collect()
}

fn names(rows: &[Row<'_>]) -> Vec<String> {
    texts(names_with(RULES, rows))
}

const BOB: &str = "Bob Smith";

#[test]
fn dx23_the_second_of_a_name_in_one_postoffice_gets_a_number() {
    let assigned = names_with(RULES, &[("N/P1/A", BOB, None), ("N/P1/B", BOB, None)]);
    assert_eq!(assigned[0].notes, []);
    assert_eq!(assigned[1].notes[0].reason, Reason::NameSuffixed);
    assert_eq!(texts(assigned), [BOB, "Bob Smith001"]);
    assert_eq!(
        names(&[("N/P1/A", BOB, None), ("N/P2/A", BOB, None)]),
        [BOB, BOB]
    );
    // Letter case tells nobody apart in an address list, and the order of reading decides nothing.
    assert_eq!(
        names(&[("N/P1/B", "BOB SMITH", None), ("N/P1/A", BOB, None)]),
        ["BOB SMITH001", BOB]
    );
}

#[test]
fn dxc_036_deleted_and_created_again_has_the_plain_name() {
    // The old entry is not in the final state, so that nothing is in the way of the new one.
    assert_eq!(names(&[("N/P/NEW", BOB, None)]), [BOB]);
    assert_eq!(names(&[("N/P/OLD", BOB, Some((BOB, BOB)))]), [BOB]);
}

#[test]
fn dxc_037_a_number_stays_when_the_plain_name_is_free() {
    assert_eq!(
        names(&[("N/P/B", BOB, Some((BOB, "Bob Smith001")))]),
        ["Bob Smith001"]
    );
    // A newcomer gets the plain name, or the lowest free number.
    let rows = [
        ("N/P/A", BOB, Some((BOB, "Bob Smith002"))),
        ("N/P/B", BOB, None),
        ("N/P/C", BOB, None),
        ("N/P/D", BOB, None),
    ];
    assert_eq!(
        names(&rows),
        ["Bob Smith002", BOB, "Bob Smith001", "Bob Smith003"]
    );
}

#[test]
fn who_has_the_plain_name_keeps_it_from_a_newcomer_of_a_lower_key() {
    let rows = [("N/P/Z", BOB, Some((BOB, BOB))), ("N/P/A", BOB, None)];
    assert_eq!(names(&rows), [BOB, "Bob Smith001"]);
    // One whose name was another is a newcomer to this one.
    let rows = [
        ("N/P/A", BOB, Some(("Al", "Al"))),
        ("N/P/B", BOB, Some((BOB, BOB))),
    ];
    assert_eq!(names(&rows), ["Bob Smith001", BOB]);
}

#[test]
fn a_number_that_is_somebodys_name_is_not_free() {
    let rows = [
        ("N/P/A", BOB, None),
        ("N/P/B", BOB, None),
        (
            "N/P/C",
            "Bob Smith001",
            Some(("Bob Smith001", "Bob Smith001")),
        ),
    ];
    assert_eq!(names(&rows), [BOB, "Bob Smith002", "Bob Smith001"]);
}

#[test]
fn the_name_is_shortened_and_not_the_number() {
    let long = "Bartholomew Featherstonehaugh-X";
    let assigned = names_with(RULES, &[("N/P/A", long, None), ("N/P/B", long, None)]);
    let reasons: Vec<Vec<_>> = assigned
        .iter()
        .map(|name| name.notes.iter().map(|n| n.reason).collect())
        .collect();
    assert_eq!(
        reasons,
        [
            vec![Reason::NameShortened],
            vec![Reason::NameSuffixed, Reason::NameShortened]
        ]
    );
    assert_eq!(
        texts(assigned),
        [
            "Bartholomew Featherstonehaugh-",
            "Bartholomew Featherstonehau001"
        ]
    );
    // Two names that become one by being cut are one.
    let rows = [
        ("N/P/A", "Bartholomew Featherstonehaugh-X", None),
        ("N/P/B", "Bartholomew Featherstonehaugh-Y", None),
    ];
    assert_eq!(
        names(&rows),
        [
            "Bartholomew Featherstonehaugh-",
            "Bartholomew Featherstonehau001"
        ]
    );
}

#[test]
fn the_setting_decides_where_names_are_unique_and_its_change_makes_the_difference() {
    let unique = |unique, was| NameRules {
        unique,
        was,
        ..RULES
    };
    let fresh = [
        ("N/P1/A", BOB, None),
        ("N/P2/A", BOB, None),
        ("N/P2/B", BOB, None),
    ];
    assert_eq!(
        texts(names_with(unique(UniqueNames::All, None), &fresh)),
        [BOB, "Bob Smith001", "Bob Smith002"]
    );
    assert_eq!(
        texts(names_with(unique(UniqueNames::Off, None), &fresh)),
        [BOB, BOB, BOB]
    );
    // From "all" to "postoffice": the number goes that nothing needs, the other stays.
    let sent = [
        ("N/P1/A", BOB, Some((BOB, BOB))),
        ("N/P2/A", BOB, Some((BOB, "Bob Smith001"))),
        ("N/P2/B", BOB, Some((BOB, "Bob Smith002"))),
    ];
    let changed = unique(UniqueNames::Postoffice, Some(UniqueNames::All));
    assert_eq!(
        texts(names_with(changed, &sent)),
        [BOB, BOB, "Bob Smith002"]
    );
    let same = unique(UniqueNames::Postoffice, Some(UniqueNames::Postoffice));
    assert_eq!(
        texts(names_with(same, &sent)),
        [BOB, "Bob Smith001", "Bob Smith002"]
    );
}

#[test]
fn dx24_a_change_of_case_keeps_the_number() {
    assert_eq!(
        names(&[("N/P/B", "BOB Smith", Some((BOB, "Bob Smith001")))]),
        ["BOB Smith001"]
    );
}

#[test]
fn twenty_thousand_of_one_name_take_no_long() {
    let places: Vec<_> = (0..20_000).map(|n| format!("N/P/{n:05}")).collect();
    let rows: Vec<_> = places.iter().map(|place| (&**place, BOB, None)).collect();
    let names = names(&rows);
    assert_eq!(names[19_999], "Bob Smith19999");
}

proptest! {
    /// Unique in each scope, for any history; and stable: what was assigned is assigned again.
    #[test]
    fn names_are_unique_per_scope_and_stay(
        rows in prop::collection::btree_map(
            ("[12]", "[A-F]"),
            ("[aAb]{1,2}(00[12])?", prop::option::of(("[aAb]{1,2}(00[12])?", "[aAb]{1,2}(00[12])?"))),
            1..12,
        ),
        all in any::<bool>(),
        max_len in 4..7usize,
    ) {
        let unique = if all { UniqueNames::All } else { UniqueNames::Postoffice };
        let rules = NameRules { unique, max_len, ..RULES };
        let rows: Vec<_> = rows.into_iter().map(|((po, mailbox), row)| (format!("N/{po}/{mailbox}"), row)).collect();
        let first: Vec<Row<'_>> = rows.iter().map(|(place, (name, sent))| {
            (&**place, &**name, sent.as_ref().map(|(o, s)| (&**o, &**s)))
        }).collect();
        let assigned = texts(names_with(rules, &first));
        let mut seen = HashSet::new();
        for ((place, ..), name) in first.iter().zip(&assigned) {
            prop_assert!(name.len() <= max_len);
            let scope = if all { "" } else { place.rsplit_once('/').unwrap().0 };
            prop_assert!(seen.insert((scope, fold(name))), "{} twice", name);
        }
        let again: Vec<Row<'_>> = first.iter().zip(&assigned).map(|((place, name, _), sent)| {
            (*place, *name, Some((*name, &**sent)))
        }).collect();
        prop_assert_eq!(texts(names_with(rules, &again)), assigned);
    }
}
