//! A real store that does what the table in memory does, and has to come to the same.

use std::collections::{BTreeMap, BTreeSet};

use dirsync::directory::interorg::master::{answer, forget, take};
use dirsync::directory::interorg::store::{MasterChange, MasterTable};
use dirsync::directory::interorg::{
    Answer, Epoch, MasterStore, Receipt, Request, Row, SourceKey, Taken, Usn,
};

use super::memory::Table;

/// What is new with a request, the same for both.
pub(super) struct Ids {
    pub(super) epoch: Epoch,
    pub(super) answer: String,
    pub(super) receipt: Receipt,
    /// All branches.
    pub(super) registered: Vec<String>,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) taken: Taken,
    pub(super) answer: Answer,
    pub(super) forgotten: Option<Usn>,
}

/// Does what a hub does with a request.
pub(super) fn serve<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    ids: &Ids,
) -> Result<Served, S::Error> {
    let taken = take(store, request, || ids.epoch.clone())?;
    let answer = answer(store, request, &taken, &ids.answer, ids.receipt.clone())?;
    let forgotten = forget(store, &ids.registered)?;
    Ok(Served {
        taken,
        answer,
        forgotten,
    })
}

/// A real store beside the table in memory.
pub(super) struct Twin<'t>(pub(super) &'t mut dyn MasterTable);

impl Twin<'_> {
    fn change<T>(&mut self, work: impl FnOnce(&mut dyn MasterChange) -> T) -> T {
        let mut change = self.0.begin().unwrap_or_else(|error| panic!("{error}"));
        let done = work(&mut *change);
        change.commit().unwrap_or_else(|error| panic!("{error}"));
        done
    }

    /// Does it too.
    pub(super) fn serve(&mut self, request: &Request, ids: &Ids, expected: &Served) {
        let served = self.change(|change| serve(change, request, ids).expect("served"));
        assert_eq!(&served, expected);
    }

    /// Puts another content in the place of all that is there.
    pub(super) fn load(&mut self, table: &Table) {
        self.change(|change| {
            let void = |row: Row| Row {
                usn: Usn::NONE,
                shown: None,
                waiting: None,
                ..row
            };
            let rows: Vec<Row> = all(change).into_values().map(void).collect();
            change.put(&rows).expect("emptied");
            for name in change.members().expect("read") {
                change.remove_member(&name).expect("removed");
            }
            change.set_head(&table.head).expect("written");
            let rows: Vec<Row> = table.rows.values().cloned().collect();
            change.put(&rows).expect("written");
            for member in table.members.values() {
                change.set_member(member).expect("written");
            }
        });
    }

    /// Holds all that it has against the table in memory.
    pub(super) fn check(&mut self, table: &Table) {
        self.change(|change| {
            assert_eq!(change.head().expect("read"), table.head);
            let names: Vec<_> = table.members.keys().cloned().collect();
            assert_eq!(change.members().expect("read"), names);
            for (name, member) in &table.members {
                assert_eq!(&change.member(name).expect("read"), member);
            }
            assert_eq!(all(change), table.rows);
            let cards = table.rows.values().flat_map(|row| {
                let waiting = row.waiting.as_ref().map(|(card, _)| card);
                row.shown.iter().chain(waiting)
            });
            let addresses: BTreeSet<_> = cards.flat_map(|card| card.claims()).collect();
            assert_eq!(change.holders(&addresses).expect("read"), table.holders);
        });
    }
}

/// Every entry.
fn all(change: &mut dyn MasterChange) -> BTreeMap<SourceKey, Row> {
    let mut rows = change.waiting().expect("read");
    change
        .above(Usn::NONE, "", &mut |row| rows.push(row))
        .expect("read");
    rows.into_iter().map(|row| (row.key.clone(), row)).collect()
}
