//! Numbers that are given once: tuple identifiers (TIDs) and mailbags.
//!
//! TID.GLB and CONTROL.GLB hold the counters. Both were reset by hand or by tools often enough (Q111556, Q117738),
//! so REQCONF.GLB keeps high-water marks of its own, and where a counter lies below its mark, the lists
//! themselves are searched for the highest number in use.

use super::batch::Batch;
use super::layout::{self, File};
use super::places::Places;
use super::{Postoffice, PostofficeError};
use crate::codec::counters::{Control, Tid};
use crate::codec::reqconf::ReqConf;
use crate::codec::{
    Access2Record, GalTids, GalnetpoHeader, GroupTable, HexId, NmeRecord, Record, RecordReader,
    UsrRecord,
};
use crate::list::ListId;

/// Hands out TIDs; nothing is written until [`TidSource::stage`].
#[derive(Debug)]
pub struct TidSource {
    last: Result<u32, String>,
    /// The global list gives its TIDs from the top down (Q135486); those of the other lists stay below.
    ceiling: u32,
    given: u32,
}

impl TidSource {
    /// Reads the counter, and searches the lists if it was reset.
    ///
    /// A counter that cannot be read is remembered: [`Self::give`] then refuses (defect 10 of `import.md`).
    ///
    /// # Errors
    /// The lists had to be searched and cannot be read.
    pub fn open(
        po: &Postoffice,
        places: &Places,
        config: &ReqConf,
    ) -> Result<Self, PostofficeError> {
        let last = match read_counter(po) {
            Ok(Tid { last }) if config.highest_tid != 0 && last >= config.highest_tid => Ok(last),
            Ok(Tid { last }) => Ok(last.max(config.highest_tid).max(highest_tid(po, places)?)),
            Err(error) => Err(error.to_string()),
        };
        let ceiling = match (&last, last_gal_tid(po)?) {
            // Whatever is not above the counter was never given: REBUILD looks at that.
            (Ok(last), Some(tid)) if tid > *last => tid.min(GalTids::FIRST),
            _ => GalTids::FIRST,
        };
        Ok(Self {
            last,
            ceiling,
            given: 0,
        })
    }

    /// Returns a TID nobody has.
    ///
    /// # Errors
    /// The counter cannot be read, or has reached the TIDs of the GAL (message 39).
    pub fn give(&mut self) -> Result<u32, PostofficeError> {
        match &mut self.last {
            Ok(last) if last.saturating_add(1) < self.ceiling => {
                *last += 1;
                self.given += 1;
                Ok(*last)
            }
            Ok(last) => Err(PostofficeError::Tid(format!(
                "TID.GLB has reached {last:#010x}, and {:#010x} is a TID of the GAL",
                self.ceiling
            ))),
            Err(error) => Err(PostofficeError::Tid(error.clone())),
        }
    }

    /// Returns how many TIDs were given.
    #[must_use]
    pub fn given_count(&self) -> u32 {
        self.given
    }

    /// Stages the counter and sets the mark in `config`, if any TID was given.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>, config: &mut ReqConf) -> Result<(), PostofficeError> {
        if let (Ok(last), true) = (&self.last, self.given > 0) {
            let mut bytes = [0; Tid::LEN];
            Tid { last: *last }.encode(&mut bytes);
            batch.replace_bytes(&layout::TID, &bytes)?;
            config.highest_tid = *last;
        }
        Ok(())
    }
}

fn read_counter(po: &Postoffice) -> Result<Tid, PostofficeError> {
    let bytes = po.read(&layout::TID)?;
    Tid::decode(&bytes).map_err(|e| po.damaged(&layout::TID, e))
}

/// Returns the TID that the global list gave last; `None` where it gave none.
fn last_gal_tid(po: &Postoffice) -> Result<Option<u32>, PostofficeError> {
    let Some(mut open) = po.layout().open_file(&layout::GALNETPO)? else {
        return Ok(None);
    };
    // A file that is shorter gave none; REBUILD makes it anew.
    let header = GalnetpoHeader::read_from(&mut open).ok();
    Ok(header.map(|header| header.last_tid).filter(|tid| *tid != 0))
}

/// Returns the highest TID in any list.
fn highest_tid(po: &Postoffice, places: &Places) -> Result<u32, PostofficeError> {
    let mut highest = 0;
    let bytes = po.read_optional(&layout::ACCESS2)?.unwrap_or_default();
    for record in RecordReader::<_, Access2Record>::new(&bytes[..], 0) {
        highest = highest.max(record.map_err(|e| po.damaged(&layout::ACCESS2, e))?.tid);
    }
    let bytes = po.read_optional(&layout::ADMIN_NME)?.unwrap_or_default();
    for record in RecordReader::<_, NmeRecord>::new(&bytes[..], 0) {
        highest = highest.max(record.map_err(|e| po.damaged(&layout::ADMIN_NME, e))?.tid);
    }
    if let Some(bytes) = po.read_optional(&layout::GROUP)? {
        let groups =
            GroupTable::read_from(&bytes[..]).map_err(|e| po.damaged(&layout::GROUP, e))?;
        highest = groups.records.iter().map(|g| g.tid).fold(highest, u32::max);
    }
    for id in places.lists() {
        highest = highest.max(highest_in_list(po, places, &id)?);
    }
    Ok(if highest < GalTids::FIRST { highest } else { 0 })
}

fn highest_in_list(po: &Postoffice, places: &Places, id: &ListId) -> Result<u32, PostofficeError> {
    let stem = places.place_of(id).and_then(|place| place.stem());
    let mut highest = 0;
    match (id, stem) {
        (ListId::Gateway(kind), _) => {
            let file = super::lists::gateway_names(*kind);
            let bytes = po.read_optional(&file)?.unwrap_or_default();
            for record in RecordReader::<_, NmeRecord>::new(&bytes[..], 0) {
                highest = highest.max(record.map_err(|e| po.damaged(&file, e))?.tid);
            }
        }
        (_, Some(stem)) => {
            let file = File::usr(stem);
            let bytes = po.read_optional(&file)?.unwrap_or_default();
            for record in RecordReader::<_, UsrRecord>::new(&bytes[..], 0) {
                highest = highest.max(record.map_err(|e| po.damaged(&file, e))?.tid);
            }
        }
        _ => {}
    }
    Ok(highest)
}

/// Hands out mailbag numbers, the stems of the files of users, postoffices and gateways.
#[derive(Debug)]
pub struct MailbagSource {
    control: Control,
    given: u32,
}

impl MailbagSource {
    /// Reads CONTROL.GLB and looks at the numbers in use: the next free one lies above both
    /// (Q117738, defect 9 of `import.md`).
    ///
    /// # Errors
    /// A file or directory cannot be read.
    pub fn open(
        po: &Postoffice,
        places: &Places,
        config: &ReqConf,
    ) -> Result<Self, PostofficeError> {
        let bytes = po.read(&layout::CONTROL)?;
        let mut control = Control::decode(&bytes).map_err(|e| po.damaged(&layout::CONTROL, e))?;
        let used = highest_mailbag(po, places)?.max(Some(config.highest_mailbag));
        let next = used.map_or(0, |used| used.saturating_add(1));
        control.nmailbag = control.nmailbag.max(next);
        Ok(Self { control, given: 0 })
    }

    /// Returns a mailbag number nobody has.
    ///
    /// # Errors
    /// There is none left (message 39).
    pub fn give(&mut self) -> Result<HexId, PostofficeError> {
        let id = HexId(self.control.nmailbag);
        self.control.nmailbag = id.0.checked_add(1).ok_or_else(|| {
            PostofficeError::Tid("CONTROL.GLB has no mailbag number left".to_owned())
        })?;
        self.given += 1;
        Ok(id)
    }

    /// Stages the counter and sets the mark in `config`, if any number was given.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>, config: &mut ReqConf) -> Result<(), PostofficeError> {
        if self.given > 0 {
            let mut bytes = [0; Control::LEN];
            self.control.encode(&mut bytes);
            batch.replace_bytes(&layout::CONTROL, &bytes)?;
            config.highest_mailbag = self.control.nmailbag - 1;
        }
        Ok(())
    }
}

/// Returns the highest mailbag number that any file or record uses.
fn highest_mailbag(po: &Postoffice, places: &Places) -> Result<Option<u32>, PostofficeError> {
    let mut used: Vec<u32> = po.mailbag_stems()?.into_iter().map(|id| id.0).collect();
    for network in places.networks() {
        used.extend(network.record.xtn.id().map(|id| id.0));
        used.extend(network.record.mailbag.id().map(|id| id.0));
        let stems = network.postoffices.iter();
        used.extend(stems.filter_map(|(_, record)| Some(record.mailbag.id()?.0)));
    }
    let bytes = po.read_optional(&layout::ACCESS2)?.unwrap_or_default();
    for record in RecordReader::<_, Access2Record>::new(&bytes[..], 0) {
        let record = record.map_err(|e| po.damaged(&layout::ACCESS2, e))?;
        used.extend(record.mailbag.id().map(|id| id.0));
    }
    Ok(used.into_iter().max())
}
