//! What will be written once all is decided, in temporary files where it is much: deletions, then renames, then
//! modifications, then additions (DX-25).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::import::{Change, Decision, Packed, Snapshot, Write};
use crate::directory::key::ContainerLayout;
use crate::plan::outcome::Outcome;
use crate::tools::dxa::containers::container::Planned;
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::spool::Spool;

/// The writes of a run.
pub(in crate::tools::dxa) struct Plan {
    /// By kind, in the order in which they are carried out.
    kinds: [Spool; 4],
    /// Units that new entries lie in.
    units: Vec<Dn>,
    known_units: HashSet<String>,
    swept: usize,
    record: Vec<u8>,
}

impl Plan {
    /// Begins; what memory is not to hold goes into `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            kinds: [(); 4].map(|()| Spool::new(folder)),
            units: Vec::new(),
            known_units: HashSet::new(),
            swept: 0,
            record: Vec::new(),
        }
    }

    /// Takes the writes of a part. `place` says where its fates belong.
    pub(super) fn take(
        &mut self,
        decision: &mut Decision,
        snapshot: &Snapshot,
        place: impl Fn(usize) -> usize,
        (container, layout): (&Dn, ContainerLayout),
    ) -> Result<(), ToolError> {
        let writes = std::mem::take(&mut decision.writes);
        let is_of_held =
            |write: &Write| matches!(write.change, Change::Rename { .. } | Change::Modify { .. });
        let mut held: HashMap<String, &Attributes> = HashMap::new();
        if writes.iter().any(is_of_held) {
            let all = snapshot.iter().map(|(_, held)| held);
            let all = all.filter_map(|held| Some((held.dn.key(), held.attributes.as_ref()?)));
            held.extend(all);
        }
        for write in writes {
            let (kind, of) = match &write.change {
                Change::Delete { .. } => (0, None),
                Change::Rename { dn, .. } => (1, Some(dn)),
                Change::Modify { dn, .. } => (2, Some(dn)),
                Change::Add(_) => (3, None),
            };
            if matches!(write.change, Change::Add(_) | Change::Rename { .. }) {
                if let Some(unit) = write.key.parent(container, layout) {
                    if self.known_units.insert(unit.key()) {
                        self.units.push(unit);
                    }
                }
            }
            let fate = decision.fates.get(write.fate);
            let is_swept = kind == 0 && fate.is_some_and(|fate| fate.outcome == Outcome::Swept);
            self.swept += usize::from(is_swept);
            let held = of.and_then(|dn| held.get(&dn.key()).copied());
            self.record.clear();
            place(write.fate).pack(&mut self.record);
            is_swept.pack(&mut self.record);
            write.change.pack(&mut self.record);
            held.is_some().pack(&mut self.record);
            if let Some(held) = held {
                held.pack(&mut self.record);
            }
            self.kinds[kind].push(&self.record).map_err(unspilled)?;
        }
        Ok(())
    }

    /// Returns the units that new entries lie in.
    pub(super) fn units(&self) -> &[Dn] {
        &self.units
    }

    /// Returns how many entries go because a list lacks them.
    pub(in crate::tools::dxa) fn swept(&self) -> usize {
        self.swept
    }

    /// Hands on the names of those.
    pub(in crate::tools::dxa) fn each_swept(
        &mut self,
        mut take: impl FnMut(Dn) -> Result<(), ToolError>,
    ) -> Result<(), ToolError> {
        let mut at = 0;
        while let Some((record, next)) = self.kinds[0].next(at).map_err(unspilled)? {
            let (is_swept, planned) = read(record)?;
            if let (true, Change::Delete { dn }) = (is_swept, planned.change) {
                take(dn)?;
            }
            at = next;
        }
        Ok(())
    }

    /// Returns the writes in their order.
    pub(super) fn writes(&mut self) -> impl Iterator<Item = Result<Planned, ToolError>> + '_ {
        self.kinds.iter_mut().flat_map(|kind| {
            let mut at = 0;
            std::iter::from_fn(move || {
                let (record, next) = match kind.next(at) {
                    Ok(record) => record?,
                    Err(error) => return Some(Err(unspilled(error))),
                };
                at = next;
                Some(read(record).map(|(_, planned)| planned))
            })
        })
    }
}

fn read(record: &[u8]) -> Result<(bool, Planned), ToolError> {
    let input = &mut &record[..];
    let mut unpack = || {
        let fate = usize::unpack(input)?;
        let is_swept = bool::unpack(input)?;
        let change = Change::unpack(input)?;
        let held = Packed::unpack(input)?;
        Some((is_swept, Planned { fate, change, held }))
    };
    unpack().ok_or_else(|| unspilled(std::io::ErrorKind::InvalidData.into()))
}
