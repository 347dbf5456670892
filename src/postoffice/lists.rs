//! Address lists on disk: read one into memory, and write one back with the changed rows of a plan.
//!
//! Lists of external postoffices are `USR\<hexid>.USR` with `.TPL` and `.INF` beside them, gateway lists are
//! `NME\<type>.NME` with `GLB\<type>.GLB`. Both are kept sorted by name and are always replaced whole.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufReader, Read};

use super::batch::Batch;
use super::error::AtPath;
use super::ids::TidSource;
use super::layout::{self, File};
use super::ownership::Ownership;
use super::places::Places;
use super::{Postoffice, PostofficeError};
use crate::address::AddressType;
use crate::codec::checksum::{Summed, crc32};
use crate::codec::codepage::CodePage;
use crate::codec::{
    AliasKind, FixedText, GatewayFile, GatewayRecord, HexId, NmeRecord, Record, RecordReader,
    RecordState, UsrRecord,
};
use crate::list::{Extra, ListEntry, ListId};
use crate::plan::info::Template;
use crate::plan::merge::ListBase;
use crate::plan::{Fingerprint, ListPlan, Row};

/// Records that are encoded before they are written: more than the buffer of a staged file holds.
const STAGED_TOGETHER: usize = 2048;

/// One list in memory, as its files hold it.
#[derive(Debug)]
pub struct StoredList {
    /// Its entries in the order of the file; deleted records are left out.
    pub entries: Vec<ListEntry>,
    /// Its template.
    pub template: Option<Template>,
    /// The list file as it was read.
    pub fingerprint: Fingerprint,
    /// Entries of a gateway list without an address in its `.GLB` (message 43).
    pub without_address: Vec<FixedText<31>>,
    /// Addresses of a gateway's `.GLB` that no name points to (Q119240).
    pub without_name_count: usize,
}

impl Postoffice {
    /// Reads one list of an external postoffice or a gateway.
    ///
    /// # Errors
    /// A file cannot be read, is damaged, or `.INF` and `.TPL` do not fit together (message 36).
    pub fn load_list(&self, places: &Places, id: &ListId) -> Result<StoredList, PostofficeError> {
        match id {
            ListId::Gateway(kind) => self.load_gateway_list(*kind),
            ListId::Postoffice { .. } => match places.place_of(id).and_then(|p| p.stem()) {
                Some(stem) => self.load_usr_list(stem),
                None => Ok(StoredList::empty()),
            },
            ListId::Local | ListId::Pol => Ok(StoredList::empty()),
        }
    }

    /// Reads one list as the base of a merge.
    ///
    /// # Errors
    /// As [`Self::load_list`].
    pub fn load_base(
        &self,
        places: &Places,
        id: &ListId,
        ownership: &Ownership,
    ) -> Result<ListBase, PostofficeError> {
        let list = self.load_list(places, id)?;
        let marks = ownership.marks(id);
        Ok(ListBase {
            id: id.clone(),
            entries: list.entries,
            marks,
            template: list.template,
            fingerprint: list.fingerprint,
        })
    }

    /// Returns how many entries a list has, from the size of its file alone.
    ///
    /// # Errors
    /// The size cannot be read.
    pub fn list_len(&self, places: &Places, id: &ListId) -> Result<u64, PostofficeError> {
        let (file, record) = match id {
            ListId::Gateway(kind) => (gateway_names(*kind), NmeRecord::LEN),
            ListId::Postoffice { .. } => match places.place_of(id).and_then(|p| p.stem()) {
                Some(stem) => (File::usr(stem), UsrRecord::LEN),
                None => return Ok(0),
            },
            ListId::Pol => (layout::ADMIN_NME, NmeRecord::LEN),
            ListId::Local => return Ok(0),
        };
        Ok(self.layout().len(&file)?.unwrap_or(0) / record as u64)
    }

    fn load_usr_list(&self, stem: HexId) -> Result<StoredList, PostofficeError> {
        let file = File::usr(stem);
        let (len, open): (u64, Box<dyn Read>) = match self.layout().open_file(&file)? {
            Some(open) => {
                let metadata = open.metadata().reading(&self.layout().path(&file)?)?;
                (metadata.len(), Box::new(open))
            }
            None => (0, Box::new(io::empty())),
        };
        let count = crate::codec::record_count(len, 0, UsrRecord::LEN)
            .map_err(|e| self.damaged(&file, e))?;
        let template = self.load_template(stem)?;
        let info = match &template {
            Some(_) => self.read_optional(&File::inf(stem))?.unwrap_or_default(),
            None => Vec::new(),
        };
        let info_len = template.as_ref().map_or(0, Template::record_len);
        if template.is_some() && info.len() as u64 != count * info_len as u64 {
            let expected = format!("{count} records of {info_len} bytes, one per entry");
            return Err(self.mismatch(&File::inf(stem), info.len() as u64, expected));
        }
        let mut entries = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
        let mut input = BufReader::with_capacity(1 << 16, Summed::new(open.take(len)));
        let records = RecordReader::<_, UsrRecord>::new(&mut input, 0);
        for (n, record) in records.enumerate() {
            let record = record.map_err(|e| self.damaged(&file, e))?;
            if record.state == RecordState::Deleted {
                continue;
            }
            let mut entry = from_usr(&record);
            if template.is_some() {
                entry.set_info(Some(info[n * info_len..(n + 1) * info_len].into()));
            }
            entries.push(entry);
        }
        let read = input.into_inner();
        Ok(StoredList {
            entries,
            template,
            fingerprint: Fingerprint {
                len: read.len,
                crc32: read.crc.value(),
            },
            ..StoredList::empty()
        })
    }

    /// Reads the template of an external postoffice.
    ///
    /// # Errors
    /// The file cannot be read or is no template.
    pub fn load_template(&self, stem: HexId) -> Result<Option<Template>, PostofficeError> {
        let file = File::tpl(stem);
        match self.read_optional(&file)? {
            Some(bytes) if !bytes.is_empty() => Template::decode(&bytes, self.code_page())
                .map(Some)
                .map_err(|e| self.damaged(&file, e)),
            _ => Ok(None),
        }
    }

    fn load_gateway_list(&self, kind: AddressType) -> Result<StoredList, PostofficeError> {
        let file = gateway_names(kind);
        let bytes = self.read_optional(&file)?.unwrap_or_default();
        let addresses_file = gateway_addresses(kind);
        let addresses = match self.read_optional(&addresses_file)? {
            Some(bytes) => {
                GatewayFile::read_from(&bytes[..]).map_err(|e| self.damaged(&addresses_file, e))?
            }
            None => GatewayFile::default(),
        };
        crate::codec::record_count(bytes.len() as u64, 0, NmeRecord::LEN)
            .map_err(|e| self.damaged(&file, e))?;
        let mut list = StoredList {
            fingerprint: fingerprint(&bytes),
            ..StoredList::empty()
        };
        for record in RecordReader::<_, NmeRecord>::new(&bytes[..], 0) {
            let record = record.map_err(|e| self.damaged(&file, e))?;
            match addresses.at(record.pointer) {
                Some(found) => {
                    let extra = Extra {
                        address: found.address.clone(),
                        info: None,
                    };
                    list.entries.push(ListEntry {
                        name: record.name,
                        mailbox: FixedText::default(),
                        tid: record.tid,
                        unknown: [record.kind.as_byte(), record.unknown_01, 0, 0, 0, 0],
                        extra: Some(Box::new(extra)),
                    });
                }
                None => list.without_address.push(record.name),
            }
        }
        list.without_name_count = addresses.len().saturating_sub(list.entries.len());
        Ok(list)
    }

    /// Stages one list of an external postoffice or a gateway with the changed rows of its plan, and returns its
    /// entries as they will stand.
    ///
    /// # Errors
    /// The list is not what the plan was made from; a TID cannot be had (message 39); staging failed.
    pub fn stage_list(
        &self,
        batch: &Batch<'_>,
        places: &Places,
        plan: ListPlan,
        tids: &mut TidSource,
    ) -> Result<Vec<ListEntry>, PostofficeError> {
        let list = self.load_list(places, &plan.id)?;
        if list.fingerprint != plan.fingerprint {
            return Err(PostofficeError::Moved {
                list: plan.id.display(self.code_page()),
            });
        }
        let template = plan.template.clone();
        let entries = with_rows(list.entries, plan.rows, self.code_page(), tids)?;
        match &plan.id {
            ListId::Gateway(kind) => self.stage_gateway_list(batch, *kind, &entries)?,
            id => {
                let stem = places.place_of(id).and_then(|p| p.stem());
                let stem = stem.ok_or_else(|| PostofficeError::Moved {
                    list: id.display(self.code_page()),
                })?;
                if let Some(template) = &template {
                    batch.replace_bytes(&File::tpl(stem), &template.encode())?;
                }
                self.stage_usr_list(batch, stem, template.or(list.template).as_ref(), &entries)?;
            }
        }
        Ok(entries)
    }

    fn stage_usr_list(
        &self,
        batch: &Batch<'_>,
        stem: HexId,
        template: Option<&Template>,
        entries: &[ListEntry],
    ) -> Result<(), PostofficeError> {
        let mut usr = batch.replace(&File::usr(stem))?;
        let mut bytes = vec![0; UsrRecord::LEN * entries.len().min(STAGED_TOGETHER)];
        for entries in entries.chunks(STAGED_TOGETHER) {
            let bytes = &mut bytes[..UsrRecord::LEN * entries.len()];
            for (entry, bytes) in entries.iter().zip(bytes.chunks_exact_mut(UsrRecord::LEN)) {
                to_usr(entry).encode(bytes);
            }
            usr.put(bytes)?;
        }
        usr.finish()?;
        if let Some(template) = template {
            let mut inf = batch.replace(&File::inf(stem))?;
            let defaults = template.defaults();
            for entry in entries {
                inf.put(entry.info().unwrap_or(&defaults))?;
            }
            inf.finish()?;
        }
        Ok(())
    }

    fn stage_gateway_list(
        &self,
        batch: &Batch<'_>,
        kind: AddressType,
        entries: &[ListEntry],
    ) -> Result<(), PostofficeError> {
        let file = gateway_addresses(kind);
        let mut addresses = GatewayFile::default();
        let mut names = vec![0; NmeRecord::LEN * entries.len()];
        for (entry, bytes) in entries.iter().zip(names.chunks_exact_mut(NmeRecord::LEN)) {
            let address = entry.stored_address().into();
            let pointer = addresses
                .push(GatewayRecord {
                    tid: entry.tid,
                    address,
                })
                .map_err(|e| self.damaged(&file, e))?;
            let kind = match entry.unknown[0] {
                0 => AliasKind::External,
                known => AliasKind::from_byte(known),
            };
            let mut record = NmeRecord::new(kind, entry.name, entry.tid);
            record.unknown_01 = entry.unknown[1];
            record.pointer = pointer;
            record.encode(bytes);
        }
        batch.replace_bytes(&gateway_names(kind), &names)?;
        let mut staged = batch.replace(&file)?;
        addresses
            .write_to(&mut staged)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        staged.finish()?;
        Ok(())
    }
}

impl StoredList {
    fn empty() -> Self {
        Self {
            entries: Vec::new(),
            template: None,
            fingerprint: fingerprint(&[]),
            without_address: Vec::new(),
            without_name_count: 0,
        }
    }
}

/// Returns the length and checksum by which a changed file is noticed.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint {
        len: bytes.len() as u64,
        crc32: crc32(bytes),
    }
}

pub(super) fn from_usr(record: &UsrRecord) -> ListEntry {
    let mut unknown = [0; 6];
    unknown[0] = record.kind.as_byte();
    unknown[1..].copy_from_slice(&record.reserved.0);
    let (name, mailbox, tid) = (record.name, record.mailbox, record.tid);
    ListEntry {
        name,
        mailbox,
        tid,
        unknown,
        extra: None,
    }
}

fn to_usr(entry: &ListEntry) -> UsrRecord {
    let mut record = UsrRecord::new(entry.name, entry.mailbox, entry.tid);
    if entry.unknown[0] != 0 {
        record.kind = AliasKind::from_byte(entry.unknown[0]);
    }
    record.reserved.0.copy_from_slice(&entry.unknown[1..]);
    record
}

/// Returns the list with its rows changed: new entries get TIDs, and all stand in name order.
fn with_rows(
    mut entries: Vec<ListEntry>,
    rows: Vec<Row>,
    code_page: CodePage,
    tids: &mut TidSource,
) -> Result<Vec<ListEntry>, PostofficeError> {
    let mut gone = BTreeSet::new();
    let mut changed = HashMap::new();
    let added = rows.into_iter().filter_map(|row| match row {
        Row::Add(entry) => Some(entry),
        Row::Change { old, new } => {
            changed.insert(code_page.fold(old.name.as_bytes()), new);
            None
        }
        Row::Remove { entry, .. } => {
            gone.insert(code_page.fold(entry.name.as_bytes()));
            None
        }
    });
    let mut added: Vec<_> = added.collect();
    let mut in_place = Vec::new();
    if !(gone.is_empty() && changed.is_empty()) {
        entries.retain(|entry| {
            let key = code_page.fold(entry.name.as_bytes());
            match changed.remove(&key) {
                Some(new) => {
                    in_place.push(new);
                    false
                }
                None => !gone.contains(&key),
            }
        });
    }
    for entry in in_place.iter_mut().chain(&mut added) {
        if entry.tid == 0 {
            entry.tid = tids.give()?;
        }
    }
    if entries.is_empty() && in_place.is_empty() {
        entries = added;
    } else {
        entries.reserve_exact(in_place.len() + added.len());
        entries.append(&mut in_place);
        entries.append(&mut added);
    }
    sort_by_name(&mut entries, code_page);
    Ok(entries)
}

/// Sorts entries by folded name, then by the name as it is written: the order in which every list is kept.
///
/// Lists come in sorted already, and full lists arrive sorted; the stable sort finds such runs.
pub(super) fn sort_by_name(entries: &mut [ListEntry], code_page: CodePage) {
    entries.sort_by(|a, b| compare_names(a.name.as_bytes(), b.name.as_bytes(), code_page));
}

/// Compares two names in list order.
pub(super) fn compare_names(a: &[u8], b: &[u8], code_page: CodePage) -> Ordering {
    code_page.compare_ignore_case(a, b).then_with(|| a.cmp(b))
}

/// The names of a gateway list.
pub(super) fn gateway_names(kind: AddressType) -> File {
    File::gateway_nme(kind.token()).expect("a type token is a file name")
}

/// The addresses of a gateway list.
pub(super) fn gateway_addresses(kind: AddressType) -> File {
    File::gateway_glb(kind.token()).expect("a type token is a file name")
}
