//! What becomes of each transaction, by the rules of `spec/import.md` 3.9 and design sections 3 to 5.

use std::collections::BTreeSet;

use super::*;
use crate::codec::codepage::CodePage;
use crate::plan::outcome::Outcome::*;
use crate::plan::{Removal, Row};
use crate::transaction::Entry;

const CODE_PAGE: CodePage = CodePage::Cp850;

fn entry(name: &str, mailbox: &str) -> ListEntry {
    let address = format!("PCM:NET/PO/{mailbox}");
    let address = crate::address::Address::parse(address.as_bytes(), CODE_PAGE).unwrap();
    let entry = Entry::new(name.as_bytes(), address, CODE_PAGE).unwrap();
    ListEntry::new(&entry, CODE_PAGE).unwrap()
}

fn base(entries: &[(&str, &str)], marks: &[&str]) -> ListBase {
    let numbered = entries.iter().zip(1..).map(|(&(name, mailbox), tid)| {
        let mut entry = entry(name, mailbox);
        entry.tid = tid;
        entry
    });
    ListBase {
        id: ListId::from_bytes(b"PCM:NET/PO").unwrap(),
        entries: numbered.collect(),
        marks: marks
            .iter()
            .map(|name| name.to_uppercase().into_bytes())
            .collect(),
        template: None,
        fingerprint: Fingerprint::default(),
    }
}

const TEXT: Rules = Rules {
    source: Source::Text,
    whole: true,
    drop_marked: false,
    templates: false,
    keep_info: false,
    code_page: CODE_PAGE,
};
const QUEUE: Rules = Rules {
    source: Source::Queue,
    ..TEXT
};

fn add(name: &str, mailbox: &str) -> OpKind {
    OpKind::Add {
        entry: entry(name, mailbox),
        info: None,
    }
}

fn delete(name: &str, mailbox: &str) -> OpKind {
    OpKind::Delete {
        entry: entry(name, mailbox),
    }
}

fn modify(old: (&str, &str), new: (&str, &str)) -> OpKind {
    OpKind::Modify {
        old: Box::new(entry(old.0, old.1)),
        new: Some(Box::new(entry(new.0, new.1))),
        info: None,
    }
}

fn run(base: ListBase, rules: &Rules, ops: Vec<OpKind>) -> Merged {
    let mut merge = Merge::new(base, rules, true);
    for (kind, line) in ops.into_iter().zip(1..) {
        merge.apply(Op {
            at: Position { line, sync: 0 },
            kind,
        });
    }
    let merged = merge.finish();
    assert!(merged.plan.counts.adds_up(), "{:?}", merged.plan.counts);
    merged
}

/// Returns the outcomes in the order of the lines, those of unnamed entries first, with the messages.
fn outcomes(merged: &Merged) -> Vec<(Outcome, Option<u16>)> {
    let mut decisions: Vec<_> = merged.decisions.iter().collect();
    decisions.sort_by_key(|decision| decision.at);
    decisions
        .iter()
        .map(|decision| (decision.outcome, decision.message))
        .collect()
}

/// Returns the list as it stands after its rows are carried out: name, mailbox, TID.
fn result(entries: &[(&str, &str)], plan: &ListPlan) -> Vec<(String, String, u32)> {
    let text = |entry: &ListEntry| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (
            text(entry.name.as_bytes()),
            text(entry.mailbox.as_bytes()),
            entry.tid,
        )
    };
    let mut list: Vec<_> = base(entries, &[]).entries.iter().map(text).collect();
    for row in &plan.rows {
        match row {
            Row::Add(entry) => list.push(text(entry)),
            Row::Change { old, new } => {
                let place = list
                    .iter()
                    .position(|e| *e == text(old))
                    .expect("it stood there");
                list[place] = text(new);
            }
            Row::Remove { entry, .. } => {
                let place = list
                    .iter()
                    .position(|e| *e == text(entry))
                    .expect("it stood there");
                list.remove(place);
            }
        }
    }
    list.sort();
    list
}

fn strings(list: &[(&str, &str, u32)]) -> Vec<(String, String, u32)> {
    list.iter()
        .map(|&(name, mailbox, tid)| (name.into(), mailbox.into(), tid))
        .collect()
}

const TWO: &[(&str, &str)] = &[("Ann", "ANN"), ("Bob", "BOB")];

#[test]
fn an_existing_name_is_refused_and_the_entry_stays() {
    let ops = || {
        vec![
            add("ann", "ANN"),
            add("Bob", "BOB2"),
            add("Cid", "CID"),
            add("Cid", "X"),
        ]
    };
    let merged = run(base(TWO, &[]), &TEXT, ops());
    let expected = [
        (Unchanged, Some(27)),
        (Refused, Some(27)),
        (Added, None),
        (Refused, Some(28)),
    ];
    assert_eq!(outcomes(&merged), expected);
    let list = strings(&[("Ann", "ANN", 1), ("Bob", "BOB", 2), ("Cid", "CID", 0)]);
    assert_eq!(result(TWO, &merged.plan), list);
}

#[test]
fn a_wrong_name_deletes_nobody() {
    let ops = vec![
        delete("Anne", "ANN"),
        delete("Bob", "ANN"),
        delete("BOB", "bob"),
    ];
    let merged = run(base(TWO, &[]), &TEXT, ops);
    assert_eq!(
        outcomes(&merged),
        [(Refused, Some(29)), (Refused, Some(29)), (Deleted, None)]
    );
    assert_eq!(result(TWO, &merged.plan), strings(&[("Ann", "ANN", 1)]));
}

#[test]
fn a_misspelt_m_changes_nothing_at_all() {
    let ops = vec![modify(("Annn", "ANN"), ("Anna", "ANN"))];
    let merged = run(base(TWO, &[]), &TEXT, ops);
    assert_eq!(outcomes(&merged), [(Refused, Some(29))]);
    assert!(merged.plan.is_empty());
}

#[test]
fn m_is_one_step_that_keeps_the_tid() {
    let ops = vec![
        modify(("Ann", "ANN"), ("Anna", "ANN")),
        modify(("Bob", "BOB"), ("Bob", "BOBBY")),
        modify(("Bob", "BOBBY"), ("Anna", "BOBBY")),
        modify(("Bob", "BOBBY"), ("Bob", "BOBBY")),
    ];
    let merged = run(base(TWO, &[]), &TEXT, ops);
    let expected = [
        (Renamed, None),
        (Modified, None),
        (Refused, Some(27)),
        (Unchanged, Some(47)),
    ];
    assert_eq!(outcomes(&merged), expected);
    let list = strings(&[("Anna", "ANN", 1), ("Bob", "BOBBY", 2)]);
    assert_eq!(result(TWO, &merged.plan), list);
}

#[test]
fn under_q_the_address_finds_an_entry_whose_name_is_gone() {
    let nicknames: &[(&str, &str)] = &[("Ann", "ANN"), ("Nick", "X"), ("Name", "X")];
    let ops = vec![
        delete("Annabel", "ANN"),
        delete("Other", "X"),
        modify(("Ann A", "NOBODY"), ("Ann B", "NOBODY")),
        add("Nick", "X"),
    ];
    let merged = run(base(nicknames, &[]), &QUEUE, ops);
    let expected = [
        (Deleted, None),
        (Refused, Some(29)),
        (Refused, Some(29)),
        (Unchanged, None),
    ];
    assert_eq!(outcomes(&merged), expected);
    assert_eq!(merged.decisions[1].reason, Some(Reason::AmbiguousName));
    assert_eq!(merged.decisions[2].reason, Some(Reason::NoSuchEntry));
}

#[test]
fn a_replaced_list_keeps_the_tids_of_unchanged_entries() {
    let ops = vec![OpKind::Replace, add("Bob", "BOB"), add("Cid", "CID")];
    let merged = run(base(TWO, &[]), &QUEUE, ops);
    let expected = [
        (Swept, None),
        (Command, None),
        (Unchanged, None),
        (Added, None),
    ];
    assert_eq!(outcomes(&merged), expected);
    assert_eq!(merged.plan.removal_count(Removal::Absence), 1);
    assert_eq!(
        result(TWO, &merged.plan),
        strings(&[("Bob", "BOB", 2), ("Cid", "CID", 0)])
    );
}

#[test]
fn a_new_name_at_a_known_address_is_a_rename_not_a_loss() {
    let ops = vec![OpKind::Replace, add("Anna", "ANN"), add("Bob", "BOBBY")];
    let merged = run(base(TWO, &[]), &QUEUE, ops);
    assert_eq!(
        outcomes(&merged),
        [(Command, None), (Renamed, None), (Modified, None)]
    );
    assert_eq!(merged.plan.removal_count(Removal::Absence), 0);
    let list = strings(&[("Anna", "ANN", 1), ("Bob", "BOBBY", 0)]);
    assert_eq!(
        result(TWO, &merged.plan),
        list,
        "an address that is new gets a new TID"
    );
}

#[test]
fn two_people_who_swap_names_keep_their_tids() {
    let ops = vec![OpKind::Replace, add("Ann", "BOB"), add("Bob", "ANN")];
    let merged = run(base(TWO, &[]), &QUEUE, ops);
    assert_eq!(
        outcomes(&merged),
        [(Command, None), (Renamed, None), (Renamed, None)]
    );
    assert_eq!(
        result(TWO, &merged.plan),
        strings(&[("Ann", "BOB", 2), ("Bob", "ANN", 1)])
    );
}

#[test]
fn entries_made_by_hand_survive_a_resync_and_lose_their_mark_by_an_a() {
    let ops = || vec![OpKind::Replace, add("Cid", "CID")];
    let merged = run(base(TWO, &["Ann"]), &QUEUE, ops());
    let expected = [(Kept, None), (Swept, None), (Command, None), (Added, None)];
    assert_eq!(outcomes(&merged), expected);
    assert_eq!(merged.plan.marks, None, "the marks stay as they are");

    let merged = run(
        base(TWO, &["Ann"]),
        &QUEUE,
        vec![OpKind::Replace, add("Ann", "ANN")],
    );
    assert_eq!(merged.plan.marks, Some(BTreeSet::new()));

    let all = Rules {
        drop_marked: true,
        ..QUEUE
    };
    let merged = run(base(TWO, &["Ann"]), &all, ops());
    assert_eq!(merged.plan.removal_count(Removal::Absence), 2);
}

#[test]
fn what_a_text_file_adds_is_marked_as_made_by_hand() {
    let merged = run(base(TWO, &[]), &TEXT, vec![add("Cid", "CID")]);
    assert_eq!(merged.plan.marks, Some(BTreeSet::from([b"CID".to_vec()])));
    let merged = run(base(TWO, &["Ann"]), &TEXT, vec![delete("Ann", "ANN")]);
    assert_eq!(merged.plan.marks, Some(BTreeSet::new()));
}

#[test]
fn a_source_not_proven_whole_removes_nobody_by_absence() {
    let rules = Rules {
        whole: false,
        ..QUEUE
    };
    let ops = vec![OpKind::Replace, add("Cid", "CID"), delete("Bob", "BOB")];
    let merged = run(base(TWO, &[]), &rules, ops);
    assert_eq!(merged.plan.counts.withheld, 1);
    let list = strings(&[("Ann", "ANN", 1), ("Cid", "CID", 0)]);
    assert_eq!(result(TWO, &merged.plan), list);
}

#[test]
fn an_m_for_what_an_r_took_away_is_refused_whoever_had_it() {
    let ops = || {
        vec![
            OpKind::Replace,
            add("New", "new"),
            modify(("Old", "old"), ("OLD", "old")),
        ]
    };
    let had = [("Old", "old"), ("New", "new")];
    for entries in [&had[..], &had[1..]] {
        let merged = run(base(entries, &[]), &QUEUE, ops());
        let names: Vec<_> = result(entries, &merged.plan)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(names, ["New"], "{entries:?}");
        assert!(outcomes(&merged).contains(&(Refused, Some(29))));
    }
}

#[test]
fn an_entry_named_on_a_refused_line_counts_as_present() {
    let ops = vec![
        OpKind::Replace,
        OpKind::Named {
            name: entry("Ann", "ANN").name,
        },
    ];
    let merged = run(base(TWO, &[]), &QUEUE, ops);
    assert_eq!(result(TWO, &merged.plan), strings(&[("Ann", "ANN", 1)]));
}
