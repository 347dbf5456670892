//! GALNETPO.GLB: the addresses of the global list, each with its TID for good.

use std::cmp::Reverse;
use std::hash::BuildHasher;
use std::io::{BufReader, Read};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::codec::checksum::Crc32;
use crate::codec::codepage::CodePage;
use crate::codec::{
    GalStamp, GalTids, GalnetpoHeader, GalnetpoTable, GatewayAddress, NetpoRecord, Record,
    RecordState,
};
use crate::postoffice::error::AtPath;
use crate::postoffice::{Postoffice, PostofficeError, layout};

/// Records before the addresses: the stamp.
const STAMP_COUNT: usize = 1;

/// The addresses while a list is being made.
#[derive(Debug)]
pub(super) struct AddressBook {
    /// By descending TID. Those that no entry has asked for are deleted.
    records: Vec<NetpoRecord>,
    /// Places in `records`, by address.
    by_address: HashTable<u32>,
    hasher: DefaultHashBuilder,
    tids: GalTids,
    /// Why no new TID can be given.
    no_tids: Option<String>,
    given: u64,
    code_page: CodePage,
}

/// An address in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filed {
    /// Its TID.
    pub(super) tid: u32,
    /// Byte offset of its record in GALNETPO.GLB.
    pub(super) offset: u32,
}

/// What was found in GALNETPO.GLB.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The stamp, where there is one.
    pub(super) stamp: Option<GalStamp>,
    /// What is wrong with it; what is whole was taken all the same.
    pub(super) faults: Vec<String>,
}

/// The highest TID outside of the global list, or why it is not known.
pub(super) type Floor = Result<u32, String>;

impl AddressBook {
    /// Reads GALNETPO.GLB. Every address that is whole keeps its TID, whatever else is damaged; where nothing is left,
    /// TIDs begin anew at [`GalTids::FIRST`] (Q135486).
    ///
    /// # Errors
    /// The file cannot be read; or the TIDs of the local lists have reached those in it (message 39).
    pub(super) fn load(po: &Postoffice, floor: Floor) -> Result<(Self, Found), PostofficeError> {
        let mut found = Found::default();
        let raw = match po.layout().open_file(&layout::GALNETPO)? {
            None => Raw::default(),
            Some(open) => {
                let path = po.layout().path(&layout::GALNETPO)?;
                let len = open.metadata().reading(&path)?.len();
                Raw::read(BufReader::with_capacity(1 << 16, open), len, &mut found)
                    .reading(&path)?
            }
        };
        let book = Self::new(raw, floor, po.code_page(), &mut found)?;
        Ok((book, found))
    }

    fn new(
        raw: Raw,
        floor: Floor,
        code_page: CodePage,
        found: &mut Found,
    ) -> Result<Self, PostofficeError> {
        let mut records = raw.records;
        let lowest = records.iter().map(|record| record.tid).min();
        let lowest = lowest.unwrap_or(u32::MAX);
        drop_doubles(&mut records, found);
        let (floor, no_tids) = match floor {
            Ok(floor) => (floor, None),
            Err(reason) => (0, Some(reason)),
        };
        if lowest <= floor {
            return Err(PostofficeError::Tid(format!(
                "the local identifiers have reached {floor:#010X}, the last of GALNETPO.GLB is {lowest:#010X}"
            )));
        }
        let mut last = raw.last_tid;
        if last != 0 && (last <= floor || last > lowest || last > GalTids::FIRST) {
            found.faults.push(format!(
                "last identifier {last:#010X} in the header is none that was given last"
            ));
            last = 0;
        }
        if last == 0 && lowest != u32::MAX {
            last = lowest;
        }
        let header = GalnetpoHeader { last_tid: last };
        for record in &mut records {
            record.state = RecordState::Deleted;
        }
        let mut book = Self {
            by_address: HashTable::with_capacity(records.len()),
            records,
            hasher: DefaultHashBuilder::default(),
            tids: GalTids::new(Some(header), floor),
            no_tids,
            given: 0,
            code_page,
        };
        book.index();
        Ok(book)
    }

    fn index(&mut self) {
        let mut key = Vec::new();
        for (at, record) in self.records.iter().enumerate() {
            fold(record, self.code_page, &mut key);
            let hash = self.hasher.hash_one(&key);
            // Of two records of one address the older TID stands.
            let same =
                |&other: &u32| is_same(&self.records[other as usize], record, self.code_page);
            if self.by_address.find(hash, same).is_none() {
                let rehash = rehash(&self.records, self.code_page, &self.hasher);
                self.by_address.insert_unique(hash, at as u32, rehash);
            }
        }
    }

    /// Makes room for more addresses.
    pub(super) fn reserve(&mut self, count: usize) {
        let missing = count.saturating_sub(self.records.len());
        // The size of a file may be a lie, such as of one with holes; then it grows as it must.
        let _ = self.records.try_reserve_exact(missing);
        let rehash = rehash(&self.records, self.code_page, &self.hasher);
        let _ = self.by_address.try_reserve(missing, rehash);
    }

    /// Returns the TID of an address: the one it has, or a new one. Its record is as it is spelled now.
    ///
    /// # Errors
    /// No TID is left, or TID.GLB cannot be read (message 39); the file would pass 4 GiB.
    pub(super) fn enter(
        &mut self,
        address: NetpoRecord,
        key: &mut Vec<u8>,
    ) -> Result<Filed, PostofficeError> {
        fold(&address, self.code_page, key);
        let hash = self.hasher.hash_one(&*key);
        let (records, page) = (&self.records, self.code_page);
        let same = |&at: &u32| is_same(&records[at as usize], &address, page);
        let at = match self.by_address.find(hash, same) {
            Some(&at) => at as usize,
            None => self.add(hash)?,
        };
        let tid = self.records[at].tid;
        self.records[at] = NetpoRecord {
            state: RecordState::Active,
            tid,
            ..address
        };
        let offset = GalnetpoTable::offset_of(at + STAMP_COUNT).ok_or_else(|| {
            PostofficeError::Unstorable("GALNETPO.GLB would pass 4 GiB".to_owned())
        })?;
        Ok(Filed { tid, offset })
    }

    /// Gives a new TID to an address with this hash, and returns its place.
    fn add(&mut self, hash: u64) -> Result<usize, PostofficeError> {
        if let Some(reason) = &self.no_tids {
            return Err(PostofficeError::Tid(reason.clone()));
        }
        let tid = self
            .tids
            .next_tid()
            .map_err(|e| PostofficeError::Tid(e.to_string()))?;
        let at = self.records.len();
        self.records.push(NetpoRecord {
            tid,
            ..NetpoRecord::default()
        });
        let rehash = rehash(&self.records, self.code_page, &self.hasher);
        self.by_address.insert_unique(hash, at as u32, rehash);
        self.given += 1;
        Ok(at)
    }

    /// Returns the address with a TID.
    pub(super) fn get(&self, tid: u32) -> Option<&NetpoRecord> {
        let found = self.records.binary_search_by(|record| tid.cmp(&record.tid));
        self.records.get(found.ok()?)
    }

    /// Returns the TID given last, 0 where none was.
    pub(super) fn last_tid(&self) -> u32 {
        self.tids.header().last_tid
    }

    /// Returns how many TIDs were given since it was read.
    pub(super) fn given_count(&self) -> u64 {
        self.given
    }

    /// Returns how many addresses are in no list.
    pub(super) fn retired_count(&self) -> u64 {
        let retired = self.records.iter().filter(|r| !r.state.is_active());
        retired.count() as u64
    }

    /// Forgets how to find records by address: no more are entered.
    pub(super) fn close(&mut self) {
        self.by_address = HashTable::new();
    }

    /// Returns the records in the order of the file.
    pub(super) fn records(&self) -> &[NetpoRecord] {
        &self.records
    }
}

/// Hashes the address at a place.
fn rehash(
    records: &[NetpoRecord],
    page: CodePage,
    hasher: &DefaultHashBuilder,
) -> impl Fn(&u32) -> u64 {
    move |&at| {
        let mut key = Vec::new();
        fold(&records[at as usize], page, &mut key);
        hasher.hash_one(&key)
    }
}

/// Writes what an address is known by into `key`: its parts without case, or type and digest of one behind a gateway.
fn fold(record: &NetpoRecord, page: CodePage, key: &mut Vec<u8>) {
    key.clear();
    page.fold_into(record.network.as_bytes(), key);
    key.push(0);
    match GatewayAddress::of(record) {
        Some(gateway) => key.extend_from_slice(&gateway.digest),
        None => {
            page.fold_into(record.postoffice.as_bytes(), key);
            key.push(0);
            page.fold_into(record.mailbox.as_bytes(), key);
        }
    }
}

fn is_same(a: &NetpoRecord, b: &NetpoRecord, page: CodePage) -> bool {
    let same = |a: &[u8], b: &[u8]| page.eq_ignore_case(a, b);
    if !same(a.network.as_bytes(), b.network.as_bytes()) {
        return false;
    }
    match (GatewayAddress::of(a), GatewayAddress::of(b)) {
        (Some(a), Some(b)) => a.digest == b.digest,
        (None, None) => {
            same(a.postoffice.as_bytes(), b.postoffice.as_bytes())
                && same(a.mailbox.as_bytes(), b.mailbox.as_bytes())
        }
        _ => false,
    }
}

/// A TID that two addresses have is neither's: both get another.
fn drop_doubles(records: &mut Vec<NetpoRecord>, found: &mut Found) {
    if !records.is_sorted_by_key(|record| Reverse(record.tid)) {
        records.sort_by_key(|record| Reverse(record.tid));
    }
    let pairs = records.windows(2).filter(|pair| pair[0].tid == pair[1].tid);
    let doubles: Vec<u32> = pairs.map(|pair| pair[0].tid).collect();
    if doubles.is_empty() {
        return;
    }
    let before = records.len();
    records.retain(|record| doubles.binary_search_by(|d| record.tid.cmp(d)).is_err());
    let count = before - records.len();
    let fault = format!("{count} records share an identifier with another one");
    found.faults.push(fault);
}

/// GALNETPO.GLB as it stands.
#[derive(Debug, Default)]
struct Raw {
    last_tid: u32,
    /// The addresses that are whole.
    records: Vec<NetpoRecord>,
}

impl Raw {
    fn read(mut input: impl Read, len: u64, found: &mut Found) -> std::io::Result<Self> {
        let mut raw = Self::default();
        let count = match crate::codec::record_count(len, GalnetpoHeader::LEN, NetpoRecord::LEN) {
            Ok(count) => count,
            Err(error) => {
                found.faults.push(error.to_string());
                len.saturating_sub(GalnetpoHeader::LEN as u64) / NetpoRecord::LEN as u64
            }
        };
        if len < GalnetpoHeader::LEN as u64 {
            return Ok(raw);
        }
        let mut bytes = [0; NetpoRecord::LEN];
        input.read_exact(&mut bytes[..GalnetpoHeader::LEN])?;
        raw.last_tid = header(&bytes);
        let (mut crc, mut broken) = (Crc32::new(), 0);
        raw.records
            .reserve_exact(usize::try_from(count).unwrap_or(0));
        for number in 0..count {
            input.read_exact(&mut bytes)?;
            if number == 0 {
                found.stamp = GalStamp::find(&bytes);
                if found.stamp.is_some() {
                    continue;
                }
            }
            crc.update(&bytes);
            match NetpoRecord::decode(&bytes).ok().filter(is_whole) {
                Some(record) => raw.records.push(record),
                None => broken += 1,
            }
        }
        if broken > 0 {
            let fault = format!("{broken} of {count} records hold no address with an identifier");
            found.faults.push(fault);
        }
        if let Some(stamp) = &found.stamp {
            if stamp.address_crc != crc.value() {
                found
                    .faults
                    .push("its addresses are not those it was made with".to_owned());
            }
            if stamp.tid != raw.last_tid {
                let fault = format!(
                    "last identifier {:#010X} in the header, {:#010X} in the first record",
                    raw.last_tid, stamp.tid
                );
                found.faults.push(fault);
            }
        }
        Ok(raw)
    }
}

fn header(bytes: &[u8]) -> u32 {
    let header = GalnetpoHeader::decode(&bytes[..GalnetpoHeader::LEN]);
    header.expect("any four bytes are a header").last_tid
}

/// Tells whether a record holds an address with a TID that this program gives.
fn is_whole(record: &NetpoRecord) -> bool {
    let has_place = record.postoffice.is_empty() == record.mailbox.is_empty();
    (1..=GalTids::FIRST).contains(&record.tid)
        && !matches!(record.state, RecordState::Other(_))
        && !record.network.is_empty()
        && has_place
}
