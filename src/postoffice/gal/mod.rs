//! The global address list: GAL.NME with its word index GALINDEX.GLB and its addresses GALNETPO.GLB
//! (`spec/protocol.md` section 10).
//!
//! A rebuild reads every list of the postoffice, sorts, and writes all three files anew:
//!
//! ```text
//! sources() -> Collector::read() for each -> Collected::arrange() -> Arranged::stage() -> the batch of the run
//! ```
//!
//! - What stands in it: the postoffice list (local users and groups, whether they take part in dir-sync or not,
//!   Q118621, and whatever else was put there), the list of every gateway and that of every external postoffice. An
//!   address may have several names and a name several addresses; one name with one address stands once.
//! - A local entry has the TID and the pointer that it has in ADMIN.NME. Any other has a TID of
//!   [GALNETPO.GLB](crate::codec::galnetpo), which stays with the address, and points there.
//! - The order is a [collation](crate::codec::codepage::collation); equal names stand in the order of their TIDs, which
//!   stay. The stamp in GALNETPO.GLB names the collation, so that whoever searches the list knows it. It has the
//!   checksums of the other two files as well: files of two runs side by side, which sent mail to the wrong person
//!   (Q96060), do not pass [`Gal::verify`].
//! - A list that is damaged, or half of which is missing, stops the rebuild: the list there is stays, rather than one
//!   without these names. A `.USR` that is not there at all is only said (message 201).

mod arrange;
mod book;
mod check;
mod collect;
mod notice;
mod sort;
mod sources;
mod stage;
mod verify;

pub use arrange::{Arranged, Listed, Tally};
pub use collect::{Collected, Collector};
pub use notice::Notice;
pub use sources::{Source, check_networks, sources};
pub use verify::GalFault;

use super::layout::{self, Dir, File};
use super::{Postoffice, PostofficeError};
use crate::codec::codepage::CodePage;
use crate::codec::codepage::collation::{Collation, Order};
use crate::codec::galnetpo::GalnetpoHeader;
use crate::codec::{CodecError, GalStamp, NetpoRecord, NmeRecord, Record, WordIndex};

/// The three files, which change together or not at all.
pub const FILES: [File; 3] = [layout::GAL_NME, layout::GALINDEX, layout::GALNETPO];

/// Where the addresses begin in GALNETPO.GLB: behind header and stamp.
const FIRST_ADDRESS: usize = GalnetpoHeader::LEN + NetpoRecord::LEN;

/// What the original may have left of a rebuild that was interrupted (Q99117, Q119018, Q148364); `TMP0000x.NME` apart.
const LEFTOVERS: [File; 6] = [
    layout::GAL_FALLBACK,
    layout::TMPACC2,
    layout::TMPGRP,
    layout::GALINDEX_TEMPORARY,
    layout::TMPNETPO,
    layout::GALTMP,
];

/// Returns what is left of interrupted runs of the original.
///
/// # Errors
/// A directory cannot be read.
pub fn leftovers(po: &Postoffice) -> Result<Vec<File>, PostofficeError> {
    let mut found = Vec::new();
    for name in po.layout().list(Dir::Nme)? {
        let number = name
            .strip_prefix("TMP0000")
            .and_then(|n| n.strip_suffix(".NME"));
        if number.is_some_and(|n| n.len() == 1) {
            found.push(File::named(Dir::Nme, &name)?);
        }
    }
    for file in LEFTOVERS {
        if po.layout().exists(&file)? {
            found.push(file);
        }
    }
    Ok(found)
}

/// A global list in memory.
#[derive(Debug)]
pub struct Gal {
    names: Vec<u8>,
    index: Vec<u8>,
    addresses: Vec<u8>,
    collation: Collation,
}

impl Gal {
    /// Reads the list of a postoffice; `None` where one of its files is not there.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn load(po: &Postoffice) -> Result<Option<Self>, PostofficeError> {
        let [names, index, addresses] = FILES.map(|file| po.read_optional(&file));
        let (Some(names), Some(index), Some(addresses)) = (names?, index?, addresses?) else {
            return Ok(None);
        };
        Ok(Some(Self::new(names, index, addresses, po.code_page())))
    }

    /// Takes the bytes of the three files. The collation is that of the stamp; without one it is the order of the
    /// letters of `page`.
    #[must_use]
    pub fn new(names: Vec<u8>, index: Vec<u8>, addresses: Vec<u8>, page: CodePage) -> Self {
        let first = addresses.get(GalnetpoHeader::LEN..FIRST_ADDRESS);
        let stamp = first.and_then(GalStamp::find);
        let order = stamp.and_then(|stamp| stamp.order()).unwrap_or(Order::Page);
        let page = stamp
            .and_then(|stamp| CodePage::from_id(stamp.code_page_id))
            .unwrap_or(page);
        Self {
            names,
            index,
            addresses,
            collation: Collation::new(order, page),
        }
    }

    /// Returns what it is sorted by.
    #[must_use]
    pub fn collation(&self) -> Collation {
        self.collation
    }

    /// Returns the sizes of the three files, in the order of [`FILES`].
    #[must_use]
    pub fn sizes(&self) -> [u64; 3] {
        [&self.names, &self.index, &self.addresses].map(|bytes| bytes.len() as u64)
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len() / NmeRecord::LEN
    }

    /// Tells whether it has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the entries in the order of the list.
    pub fn entries(&self) -> impl Iterator<Item = NmeRecord> {
        let records = self.names.chunks_exact(NmeRecord::LEN);
        records.map(|bytes| NmeRecord::decode(bytes).expect("any 45 bytes are an entry"))
    }

    /// Returns the index, to search for words.
    ///
    /// # Errors
    /// A size or an offset in its header is wrong.
    pub fn index(&self) -> Result<WordIndex<'_>, CodecError> {
        WordIndex::new(&self.names, &self.index, self.collation)
    }

    /// Returns the address with a TID: what a client asks for when a message is sent.
    #[must_use]
    pub fn address(&self, tid: u32) -> Option<NetpoRecord> {
        let records = self.addresses.get(FIRST_ADDRESS..)?;
        let at = |number: usize| {
            let bytes = &records[number * NetpoRecord::LEN..][..NetpoRecord::LEN];
            NetpoRecord::decode(bytes).expect("any 43 bytes are an address")
        };
        let (mut start, mut end) = (0, records.len() / NetpoRecord::LEN);
        while start < end {
            let middle = start + (end - start) / 2;
            match at(middle).tid > tid {
                true => start = middle + 1,
                false => end = middle,
            }
        }
        let is_there = start < records.len() / NetpoRecord::LEN;
        is_there
            .then(|| at(start))
            .filter(|record| record.tid == tid && record.state.is_active())
    }

    /// Tells whether the files of a postoffice hold the same bytes.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn is_installed(&self, po: &Postoffice) -> Result<bool, PostofficeError> {
        for (file, bytes) in FILES
            .iter()
            .zip([&self.names, &self.index, &self.addresses])
        {
            if po.layout().len(file)? != Some(bytes.len() as u64)
                || po.read_optional(file)?.as_ref() != Some(bytes)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
