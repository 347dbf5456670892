//! Reads address lists entry by entry, in the order of their files.
//!
//! Lists of mailboxes (`.USR` with its `.INF`) need constant memory. A gateway list holds the addresses of its
//! `.GLB` in memory, since any name may point to any of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;

use super::layout::File;
use super::lists::{from_usr, gateway_addresses, gateway_names};
use super::places::Places;
use super::{Postoffice, PostofficeError};
use crate::address::AddressType;
use crate::codec::template::InfReader;
use crate::codec::{
    CodecError, FixedText, GatewayFile, HexId, NmeRecord, Record, RecordReader, UsrRecord,
    record_count,
};
use crate::list::{Extra, ListEntry, ListId};
use crate::plan::info::Template;

/// What stands at one place of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// An entry.
    Entry(ListEntry),
    /// A name of a gateway list without an address (message 43, Q119240).
    NoAddress(FixedText<31>),
    /// An address of a gateway list that no name points to, in stored form (Q119240).
    NoName(Box<[u8]>),
}

/// One list, read from the front.
#[derive(Debug)]
pub struct ListScan<'a> {
    po: &'a Postoffice,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Empty,
    Mailboxes(Box<Mailboxes>),
    Gateway(Box<Gateway>),
}

#[derive(Debug)]
struct Mailboxes {
    file: File,
    records: RecordReader<BufReader<fs::File>, UsrRecord>,
    info: Option<(File, InfReader<BufReader<fs::File>>)>,
}

#[derive(Debug)]
struct Gateway {
    file: File,
    records: Option<RecordReader<BufReader<fs::File>, NmeRecord>>,
    addresses: GatewayFile,
    /// Offsets of addresses that no name has pointed to so far.
    unnamed: BTreeSet<u32>,
}

impl Postoffice {
    /// Begins to read the list of an external postoffice or a gateway; the local lists are empty here.
    ///
    /// With `template`, the one of the list, entries carry their template information.
    ///
    /// # Errors
    /// A file cannot be read, or its size is no whole number of records; the `.INF` is missing, or does not hold one
    /// record per entry.
    pub fn scan_list(
        &self,
        places: &Places,
        id: &ListId,
        template: Option<&Template>,
    ) -> Result<ListScan<'_>, PostofficeError> {
        let source = match id {
            ListId::Local | ListId::Pol => Source::Empty,
            ListId::Gateway(kind) => self.scan_gateway(*kind)?,
            ListId::Postoffice { .. } => match places.place_of(id).and_then(|p| p.stem()) {
                Some(stem) => self.scan_mailboxes(stem, template)?,
                None => Source::Empty,
            },
        };
        Ok(ListScan { po: self, source })
    }

    fn scan_mailboxes(
        &self,
        stem: HexId,
        template: Option<&Template>,
    ) -> Result<Source, PostofficeError> {
        let file = File::usr(stem);
        let Some((open, len)) = self.open_records(&file)? else {
            return Ok(Source::Empty);
        };
        let count =
            record_count(len, 0, UsrRecord::LEN).map_err(|error| self.damaged(&file, error))?;
        let info = match template {
            Some(template) if count > 0 => {
                let file = File::inf(stem);
                let Some((open, len)) = self.open_records(&file)? else {
                    let path = self.layout().path(&file)?;
                    return Err(PostofficeError::Missing { path });
                };
                let record_len = template.record_len();
                if len != count * record_len as u64 {
                    let expected = format!("{count} records of {record_len} bytes, one per entry");
                    return Err(self.mismatch(&file, len, expected));
                }
                Some((file, InfReader::new(open, template.layout())))
            }
            _ => None,
        };
        Ok(Source::Mailboxes(Box::new(Mailboxes {
            file,
            records: RecordReader::new(open, 0),
            info,
        })))
    }

    fn scan_gateway(&self, kind: AddressType) -> Result<Source, PostofficeError> {
        let (file, addresses_file) = (gateway_names(kind), gateway_addresses(kind));
        let addresses = match self.open_records(&addresses_file)? {
            Some((open, _)) => {
                GatewayFile::read_from(open).map_err(|e| self.damaged(&addresses_file, e))?
            }
            None => GatewayFile::default(),
        };
        let records = match self.open_records(&file)? {
            Some((open, len)) => {
                record_count(len, 0, NmeRecord::LEN).map_err(|e| self.damaged(&file, e))?;
                Some(RecordReader::new(open, 0))
            }
            None => None,
        };
        let unnamed = addresses.iter().map(|(offset, _)| offset).collect();
        Ok(Source::Gateway(Box::new(Gateway {
            file,
            records,
            addresses,
            unnamed,
        })))
    }

    fn open_records(
        &self,
        file: &File,
    ) -> Result<Option<(BufReader<fs::File>, u64)>, PostofficeError> {
        let Some(open) = self.layout().open_file(file)? else {
            return Ok(None);
        };
        let len = open.metadata().map_err(|source| {
            let path = self.layout().root().join(file.to_string());
            PostofficeError::Read { path, source }
        })?;
        Ok(Some((BufReader::with_capacity(1 << 16, open), len.len())))
    }
}

impl Iterator for ListScan<'_> {
    type Item = Result<Scanned, PostofficeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Empty => None,
            Source::Mailboxes(list) => list.next(self.po),
            Source::Gateway(list) => list.next(self.po),
        }
    }
}

impl Mailboxes {
    fn next(&mut self, po: &Postoffice) -> Option<Result<Scanned, PostofficeError>> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(po.damaged(&self.file, error))),
            };
            let mut info = Vec::new();
            if let Some((file, reader)) = &mut self.info {
                match reader.read(&mut info) {
                    Ok(true) => {}
                    Ok(false) => {
                        let error = CodecError::field(0, "record", "the end", "one per entry");
                        return Some(Err(po.damaged(file, error)));
                    }
                    Err(error) => return Some(Err(po.damaged(file, error))),
                }
            }
            if !record.state.is_active() {
                continue;
            }
            let mut entry = from_usr(&record);
            if self.info.is_some() {
                entry.set_info(Some(info.into()));
            }
            return Some(Ok(Scanned::Entry(entry)));
        }
    }
}

impl Gateway {
    fn next(&mut self, po: &Postoffice) -> Option<Result<Scanned, PostofficeError>> {
        match self.records.as_mut().and_then(Iterator::next) {
            Some(Ok(record)) => Some(Ok(self.entry(&record))),
            Some(Err(error)) => Some(Err(po.damaged(&self.file, error))),
            None => {
                self.records = None;
                let unnamed = self.addresses.at(self.unnamed.pop_first()?)?;
                Some(Ok(Scanned::NoName(unnamed.address.clone())))
            }
        }
    }

    fn entry(&mut self, record: &NmeRecord) -> Scanned {
        let Some(found) = self.addresses.at(record.pointer) else {
            return Scanned::NoAddress(record.name);
        };
        self.unnamed.remove(&record.pointer);
        if found.address.is_empty() {
            return Scanned::NoAddress(record.name);
        }
        let extra = Extra {
            address: found.address.clone(),
            info: None,
        };
        Scanned::Entry(ListEntry {
            name: record.name,
            tid: record.tid,
            extra: Some(Box::new(extra)),
            ..ListEntry::default()
        })
    }
}
