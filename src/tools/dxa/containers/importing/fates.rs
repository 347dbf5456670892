//! What became of each ask and of each entry that none named, in a temporary file where it is much.

use std::collections::HashMap;
use std::path::Path;

use crate::directory::import::{Fate, Packed};
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::spool::Spool;

/// Stands for the place of a fate that is not known yet.
const NOWHERE: u64 = u64::MAX;

/// Fates: of the asks in order, then of the entries that none named.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Fates {
    spool: Spool,
    places: Vec<u64>,
    /// Those that ended otherwise than was decided. They take no room on a disk, which may be full.
    changed: HashMap<usize, Fate>,
    record: Vec<u8>,
}

impl Fates {
    /// Makes room for those of so many asks; what memory is not to hold goes into `folder`.
    pub(super) fn new(asks: usize, folder: Option<&Path>) -> Self {
        Self {
            spool: Spool::new(folder),
            places: vec![NOWHERE; asks],
            changed: HashMap::new(),
            record: Vec::new(),
        }
    }

    /// Returns how many there are.
    pub(in crate::tools::dxa) fn len(&self) -> usize {
        self.places.len()
    }

    /// Puts what was decided of an ask, or behind all others of an entry that none named.
    pub(super) fn put(&mut self, at: usize, fate: &Fate) -> Result<(), ToolError> {
        self.record.clear();
        fate.pack(&mut self.record);
        let place = self.spool.push(&self.record).map_err(unspilled)?;
        match self.places.get_mut(at) {
            Some(known) => *known = place,
            None => self.places.push(place),
        }
        Ok(())
    }

    /// Returns one.
    pub(in crate::tools::dxa) fn get(&mut self, at: usize) -> Result<Option<Fate>, ToolError> {
        if let Some(fate) = self.changed.get(&at) {
            return Ok(Some(fate.clone()));
        }
        let place = self.places.get(at).filter(|place| **place != NOWHERE);
        let Some(&place) = place else {
            return Ok(None);
        };
        let mut record = self.spool.get(place).map_err(unspilled)?;
        let damaged = || unspilled(std::io::ErrorKind::InvalidData.into());
        Fate::unpack(&mut record).map(Some).ok_or_else(damaged)
    }

    /// Says that one ended otherwise.
    pub(in crate::tools::dxa) fn set(&mut self, at: usize, fate: Fate) {
        self.changed.insert(at, fate);
    }

    /// Changes one, where it is there.
    pub(in crate::tools::dxa) fn change(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut Fate),
    ) -> Result<(), ToolError> {
        if let Some(mut fate) = self.get(at)? {
            change(&mut fate);
            self.set(at, fate);
        }
        Ok(())
    }

    /// Hands on each, in order.
    pub(in crate::tools::dxa) fn each<E: From<ToolError>>(
        &mut self,
        mut take: impl FnMut(Fate) -> Result<(), E>,
    ) -> Result<(), E> {
        for at in 0..self.places.len() {
            if let Some(fate) = self.get(at)? {
                take(fate)?;
            }
        }
        Ok(())
    }
}
