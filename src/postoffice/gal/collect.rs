//! Reads the lists of a postoffice into one.

use std::collections::HashMap;
use std::fs;
use std::io::BufReader;

use sha2::{Digest, Sha256};

use super::book::{AddressBook, Filed, Found};
use super::check;
use super::notice::Notice;
use super::sources::Source;
use crate::address::AddressType;
use crate::codec::codepage::CodePage;
use crate::codec::reqconf::ReqConf;
use crate::codec::{
    AliasKind, CodecError, FixedText, GalStamp, GatewayAddress, GatewayView, HexId, NetpoRecord,
    NetpoTable, NmeRecord, Record, RecordReader, Tid, UsrRecord, record_count,
};
use crate::list::ListId;
use crate::postoffice::error::AtPath;
use crate::postoffice::layout::{self, File};
use crate::postoffice::lists::{gateway_addresses, gateway_names};
use crate::postoffice::places::Place;
use crate::postoffice::{Postoffice, PostofficeError};

/// The entries of all lists, as they come.
#[derive(Debug)]
pub struct Collector<'a> {
    pub(super) po: &'a Postoffice,
    pub(super) book: AddressBook,
    pub(super) entries: Vec<NmeRecord>,
    /// Stored addresses by TID, where a report wants them: GALNETPO.GLB does not hold those behind gateways.
    addresses: Option<HashMap<u32, Box<[u8]>>>,
    own: Vec<NmeRecord>,
    /// Entries of the postoffice list behind gateways, until their lists are read.
    waiting: HashMap<(AddressType, u32), Waiting>,
    highest_own_tid: u32,
    stamp: Option<GalStamp>,
    notices: Vec<Notice>,
    read: u64,
    refused: u64,
    key: Vec<u8>,
}

#[derive(Debug, Default)]
struct Waiting {
    names: Vec<FixedText<31>>,
    filed: Option<(Filed, HexId)>,
}

impl<'a> Collector<'a> {
    /// Reads what stands before all lists: the own one, and the TIDs given so far. `keep_addresses` is for a report.
    ///
    /// # Errors
    /// ADMIN.NME is missing, empty (the original ended without a word, Q119018) or damaged; GALNETPO.GLB cannot be read; the
    /// TIDs of the local lists have reached those of the global one (message 39).
    pub fn open(
        po: &'a Postoffice,
        config: &ReqConf,
        keep_addresses: bool,
    ) -> Result<Self, PostofficeError> {
        let own = check::read_own(po)?;
        let tids = own.iter().filter(|r| check::is_local(r)).map(|r| r.tid);
        let highest_own_tid = tids.max().unwrap_or(0);
        let floor = match po.layout().read_record::<Tid>(&layout::TID) {
            Ok(Some(tid)) => Ok(tid.last.max(config.highest_tid).max(highest_own_tid)),
            Ok(None) => Err("TID.GLB is missing".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let (book, Found { stamp, faults }) = AddressBook::load(po, floor)?;
        let mut notices = Vec::new();
        if !faults.is_empty() {
            notices.push(Notice::Identifiers { faults });
        }
        Ok(Self {
            po,
            book,
            entries: Vec::new(),
            addresses: keep_addresses.then(HashMap::new),
            own,
            waiting: HashMap::new(),
            highest_own_tid,
            stamp,
            notices,
            read: 0,
            refused: 0,
            key: Vec::new(),
        })
    }

    /// Returns what GALNETPO.GLB says of the list that stands there now.
    #[must_use]
    pub fn stamp(&self) -> Option<&GalStamp> {
        self.stamp.as_ref()
    }

    /// Makes room for entries.
    pub fn reserve(&mut self, count: u64) {
        let count = usize::try_from(count).unwrap_or(0);
        let _ = self.entries.try_reserve_exact(count); // it grows, if need be
        self.book.reserve(count);
    }

    /// Reads one list.
    ///
    /// # Errors
    /// A file cannot be read or is damaged: a list that is not whole must not take its names out of the global one.
    pub fn read(&mut self, source: &Source<'_>) -> Result<(), PostofficeError> {
        match source {
            Source::Own => self.read_pol(),
            Source::Gateway { kind, .. } => self.read_gateway(*kind, source.mailbag()),
            Source::Place(place) => self.read_place(place, source),
        }
    }

    /// Ends the reading: entries of the postoffice list behind gateways get the addresses that were found.
    ///
    /// # Errors
    /// The local TIDs have reached those of the global list (message 39).
    pub fn finish(mut self) -> Result<Collected<'a>, PostofficeError> {
        let mut waiting: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        waiting.sort_by_key(|((kind, tid), _)| (kind.token(), *tid));
        for ((kind, _), Waiting { names, filed }) in waiting {
            for name in names {
                match filed {
                    Some((filed, mailbag)) => self.push(name, filed, mailbag),
                    None => self.refuse_no_address(kind, &name),
                }
            }
        }
        let last = self.book.last_tid();
        if last != 0 && last <= self.highest_own_tid {
            return Err(PostofficeError::Tid(format!(
                "identifier {:#010X} of ADMIN.NME lies among those of the global list",
                self.highest_own_tid
            )));
        }
        self.book.close();
        self.entries.shrink_to_fit();
        Ok(Collected {
            po: self.po,
            book: self.book,
            entries: self.entries,
            addresses: self.addresses,
            notices: self.notices,
            read: self.read,
            refused: self.refused,
        })
    }

    fn read_pol(&mut self) -> Result<(), PostofficeError> {
        let own = std::mem::take(&mut self.own);
        self.read += own.len() as u64;
        let netpo = match own.iter().any(|r| r.kind == AliasKind::External) {
            true => load_netpo(self.po)?,
            false => NetpoTable::default(),
        };
        for record in own {
            if check::is_local(&record) {
                self.entries.push(record);
                continue;
            }
            let found = netpo.at(record.pointer).filter(|r| r.state.is_active());
            match found {
                Some(found) if found.postoffice.is_empty() => self.wait_for(found, &record),
                Some(found) if !found.mailbox.is_empty() => {
                    let filed = self.enter(*found)?;
                    self.push(record.name, filed, HexId(found.mailbag));
                }
                _ => self.refuse_no_netpo(&record),
            }
        }
        Ok(())
    }

    /// The address of an entry behind a gateway stands in the list of the gateway: its TID leads to it (Q137865).
    fn wait_for(&mut self, netpo: &NetpoRecord, entry: &NmeRecord) {
        match AddressType::from_token(netpo.network.as_bytes()) {
            Some(kind) => {
                let waiting = self.waiting.entry((kind, netpo.tid)).or_default();
                waiting.names.push(entry.name);
            }
            None => self.refuse_no_netpo(entry),
        }
    }

    fn read_gateway(&mut self, kind: AddressType, mailbag: HexId) -> Result<(), PostofficeError> {
        let (file, addresses_file) = (gateway_names(kind), gateway_addresses(kind));
        let names = self.open_records(&file, NmeRecord::LEN)?;
        let bytes = self.po.read_optional(&addresses_file)?;
        let has_names = names.as_ref().is_some_and(|(_, count)| *count > 0);
        // Half of a list would take names out of the global one, or leave it without any.
        let has_addresses = bytes.as_ref().is_some_and(|b| b.len() > 4);
        for (missing, file) in [
            (has_names && bytes.is_none(), &addresses_file),
            (has_addresses && names.is_none(), &file),
        ] {
            if missing {
                let path = self.po.layout().path(file)?;
                return Err(PostofficeError::Missing { path });
            }
        }
        let bytes = bytes.unwrap_or_else(|| vec![0; 4]);
        let addresses =
            GatewayView::new(&bytes).map_err(|e| self.po.damaged(&addresses_file, e))?;
        let mut is_named = vec![false; addresses.len()];
        for (number, record) in names.into_iter().flat_map(|(reader, _)| reader).enumerate() {
            let record: NmeRecord = record.map_err(|e| self.po.damaged(&file, e))?;
            check::name(&record.name)
                .map_err(|e| self.at_record(&file, number, NmeRecord::LEN, e))?;
            self.read += 1;
            let found = addresses.index_at(record.pointer);
            if let Some(at) = found {
                is_named[at] = true;
            }
            let found = found.map(|at| addresses.get(at));
            match found.filter(|(_, address)| !address.is_empty()) {
                None => self.refuse_no_address(kind, &record.name),
                Some((tid, address)) => {
                    let filed = self.file_gateway(kind, tid, address, mailbag)?;
                    // An entry of the postoffice list knows the TID of the name (Q137865).
                    if let Some(waiting) = self.waiting.get_mut(&(kind, record.tid)) {
                        waiting.filed = Some((filed, mailbag));
                    }
                    self.push(record.name, filed, mailbag);
                }
            }
        }
        let count = is_named.iter().filter(|is_named| !**is_named).count();
        if count > 0 {
            let list = self.gateway_list(kind);
            self.notices.push(Notice::NoName { list, count });
        }
        Ok(())
    }

    fn file_gateway(
        &mut self,
        kind: AddressType,
        list_tid: u32,
        address: &[u8],
        mailbag: HexId,
    ) -> Result<Filed, PostofficeError> {
        let network = FixedText::new(kind.token().as_bytes()).expect("a token is short");
        let mut record = NetpoRecord {
            kind: AliasKind::External,
            network,
            mailbag: mailbag.0,
            ..NetpoRecord::default()
        };
        let digest = digest(kind, address, self.po.code_page());
        GatewayAddress { list_tid, digest }.put(&mut record);
        let filed = self.enter(record)?;
        if let Some(addresses) = &mut self.addresses {
            addresses.insert(filed.tid, address.into());
        }
        Ok(filed)
    }

    fn read_place(
        &mut self,
        place: &Place<'_>,
        source: &Source<'_>,
    ) -> Result<(), PostofficeError> {
        let (name, page) = (place.name(), self.po.code_page());
        if name.is_same(self.po.name(), page) {
            let place = name.view(page);
            self.notices.push(Notice::OwnList { place });
            return Ok(());
        }
        let file = place.stem().map(File::usr);
        let open = match &file {
            Some(file) => self.open_records::<UsrRecord>(file, UsrRecord::LEN)?,
            None => None,
        };
        let (Some(file), Some((reader, _))) = (file, open) else {
            let place = name.view(page);
            self.notices.push(Notice::NoList { place });
            return Ok(());
        };
        let mailbag = source.mailbag();
        let of_place = NetpoRecord {
            network: place.network.record.name,
            postoffice: place.record.postoffice,
            mailbag: mailbag.0,
            ..NetpoRecord::default()
        };
        for (number, record) in reader.enumerate() {
            let record = record.map_err(|e| self.po.damaged(&file, e))?;
            let in_use = check::is_in_use(&record);
            if !in_use.map_err(|e| self.at_record(&file, number, UsrRecord::LEN, e))? {
                continue;
            }
            self.read += 1;
            let kind = match record.kind {
                AliasKind::Group => AliasKind::Group,
                _ => AliasKind::External,
            };
            let filed = self.enter(NetpoRecord {
                kind,
                mailbox: record.mailbox,
                ..of_place
            })?;
            self.push(record.name, filed, mailbag);
        }
        Ok(())
    }

    /// Adds file and record to what is wrong with a record.
    fn at_record(
        &self,
        file: &File,
        number: usize,
        record: usize,
        error: CodecError,
    ) -> PostofficeError {
        let error = error.in_record(number as u64 + 1, (number * record) as u64);
        self.po.damaged(file, error)
    }

    fn open_records<T: Record>(
        &self,
        file: &File,
        record: usize,
    ) -> Result<Option<(Records<T>, u64)>, PostofficeError> {
        let Some(open) = self.po.layout().open_file(file)? else {
            return Ok(None);
        };
        let len = open
            .metadata()
            .reading(&self.po.layout().path(file)?)?
            .len();
        let count = record_count(len, 0, record).map_err(|e| self.po.damaged(file, e))?;
        let input = BufReader::with_capacity(1 << 16, open);
        Ok(Some((RecordReader::new(input, 0), count)))
    }

    fn enter(&mut self, address: NetpoRecord) -> Result<Filed, PostofficeError> {
        self.book.enter(address, &mut self.key)
    }

    fn push(&mut self, name: FixedText<31>, filed: Filed, mailbag: HexId) {
        let mut record = NmeRecord::new(AliasKind::External, name, filed.tid);
        record.pointer = filed.offset;
        record.id = mailbag;
        self.entries.push(record);
    }

    fn refuse_no_address(&mut self, kind: AddressType, name: &FixedText<31>) {
        self.refused += 1;
        let list = self.gateway_list(kind);
        let name = self.po.code_page().decode(name.as_bytes());
        self.notices.push(Notice::NoAddress { list, name });
    }

    fn refuse_no_netpo(&mut self, record: &NmeRecord) {
        self.refused += 1;
        let name = self.po.code_page().decode(record.name.as_bytes());
        let pointer = record.pointer;
        self.notices.push(Notice::NoNetpo { name, pointer });
    }

    fn gateway_list(&self, kind: AddressType) -> String {
        ListId::Gateway(kind).display(self.po.code_page())
    }
}

type Records<T> = RecordReader<BufReader<fs::File>, T>;

/// The entries of all lists, before they are sorted.
#[derive(Debug)]
pub struct Collected<'a> {
    pub(super) book: AddressBook,
    pub(super) entries: Vec<NmeRecord>,
    pub(super) addresses: Option<HashMap<u32, Box<[u8]>>>,
    pub(super) notices: Vec<Notice>,
    pub(super) read: u64,
    pub(super) refused: u64,
    pub(super) po: &'a Postoffice,
}

fn load_netpo(po: &Postoffice) -> Result<NetpoTable, PostofficeError> {
    let bytes = po.read(&layout::NETPO)?;
    NetpoTable::read_from(&bytes[..]).map_err(|e| po.damaged(&layout::NETPO, e))
}

/// Returns the digest of an address behind a gateway, the same however its letters are written.
fn digest(kind: AddressType, address: &[u8], page: CodePage) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(kind.token());
    hash.update([0]);
    hash.update(page.fold(address));
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}
