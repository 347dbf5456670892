//! The law of the difference, over histories of a directory and of the settings.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a requestor holds: names by list, one entry for each, as a postoffice has it.
fn apply(changes: &[Change], held: &mut BTreeMap<(String, String), SyncKey>) {
    for change in changes {
        let old = match change {
            Change::Delete { sent, .. } | Change::Modify { sent, .. } => Some(sent),
            _ => None,
        };
        if let Some(sent) = old {
            let had = held.remove(&(sent.address.list(), names::fold(&sent.name)));
            assert_eq!(
                had.as_ref(),
                Some(&sent.key),
                "the entry is found by the name it has"
            );
        }
        if let Change::Add { export, .. } | Change::Modify { export, .. } = change {
            let record = &export.found.record;
            let before = held.insert(
                (record.address.list(), names::fold(&export.name)),
                record.key.clone(),
            );
            assert_eq!(before, None, "the name is free");
        }
    }
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    let row = (
        "[12]",
        "[A-D]",
        "[ab]{1,2}(001)?",
        prop::option::of("[xy]"),
        0..60u8,
        any::<bool>(),
        any::<bool>(),
    );
    let row = row.prop_map(|(po, mailbox, name, title, trust, hidden, b)| {
        let mut person = person(&format!("NET/PO{po}/{mailbox}"), &name)
            .with("syncTrustLevel", &trust.to_string());
        if let Some(title) = title {
            person = person.with("title", &title);
        }
        if hidden {
            person = person.with("syncHidden", "TRUE");
        }
        if b { person.at("ou=B,o=Org") } else { person }
    });
    prop::collection::vec(row, 0..10)
}

proptest! {
    /// Over any history of the directory and of the settings: the changes lead from what was sent to what is wanted,
    /// each finds its entry and a free name, and then there is nothing more to send.
    #[test]
    fn the_difference_leads_to_what_is_wanted_and_is_empty_then(
        states in prop::collection::vec((people(), 10..70u8, any::<bool>()), 1..5)
    ) {
        let mut sent = Vec::new();
        let mut held = BTreeMap::new();
        for (people, limit, with_b) in states {
            let mut setting = Setting { limit, ..Setting::new() };
            if !with_b {
                setting.containers.truncate(1);
            }
            let read = people.iter().filter(|p| setting.containers.contains(&p.container));
            let entries: Vec<_> = read.map(|p| (dn(p.container), p.entry())).collect();
            let (changes, wanted) = cycle_entries(&sent, &entries, &setting);
            apply(&changes, &mut held);
            sent = sorted(settled(&sent, &changes));
            let expected: Vec<_> = wanted.exports.iter().map(Export::as_sent).collect();
            // Where an entry was found makes no transaction.
            let without_container = |sent: &[Sent]| -> Vec<Sent> {
                let root = Dn::default();
                sent.iter().map(|s| Sent { container: root.clone(), ..s.clone() }).collect()
            };
            prop_assert_eq!(without_container(&sent), without_container(&expected));
            let ranks: Vec<_> = changes.iter().map(|change| match change {
                Change::Replace { .. } => 9,
                Change::Delete { .. } => 0,
                Change::Modify { cause: Cause::Renamed, .. } => 1,
                Change::Modify { .. } => 2,
                Change::Add { .. } => 3,
            }).collect();
            prop_assert!(ranks.is_sorted(), "{:?}", ranks);
            let (again, _) = cycle_entries(&sent, &entries, &setting);
            prop_assert_eq!(again, vec![]);
        }
    }
}
