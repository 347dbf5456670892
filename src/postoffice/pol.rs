//! The postoffice address list: ADMIN.NME with its shadow, and the addresses of its external entries in NETPO.GLB.

use std::collections::HashMap;

use super::batch::Batch;
use super::layout;
use super::lists::{compare_names, fingerprint};
use super::{Postoffice, PostofficeError};
use crate::address::{Address, AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::{
    AliasKind, FixedText, HexId, NetpoRecord, NetpoTable, NmeRecord, Record, RecordReader,
    RecordState, RecordWriter, TextTooLong,
};
use crate::plan::Fingerprint;
use crate::plan::pol::Held;

/// What an entry of the POL for somebody elsewhere is made from.
#[derive(Debug, Clone)]
pub struct External {
    /// Full name.
    pub name: FixedText<31>,
    /// Full address.
    pub address: Address,
    /// TID of the entry in its own list.
    pub tid: u32,
    /// Mailbag that mail goes to: of the postoffice, or of the gateway.
    pub mailbag: HexId,
}

/// One of many changes ([`Pol::change`]): what goes by its name, and what comes. Where nobody has the name that goes,
/// nothing comes either.
#[derive(Debug, Clone)]
pub struct Change {
    /// Name of the entry that goes.
    pub remove: Option<FixedText<31>>,
    /// The entry that comes.
    pub insert: Option<External>,
}

/// Places of the entries by their names without case.
#[derive(Debug)]
pub struct PolNames(HashMap<Vec<u8>, usize>);

/// The list in memory.
#[derive(Debug)]
pub struct Pol {
    /// The entries; local users, groups, external users, in the order of the file.
    pub records: Vec<NmeRecord>,
    netpo: NetpoTable,
    fingerprint: Fingerprint,
    code_page: CodePage,
    changed: bool,
}

impl Pol {
    /// Reads ADMIN.NME and NETPO.GLB.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read(&layout::ADMIN_NME)?;
        let records = RecordReader::<_, NmeRecord>::new(&bytes[..], 0)
            .collect::<Result<_, _>>()
            .map_err(|e| po.damaged(&layout::ADMIN_NME, e))?;
        let netpo = po.read(&layout::NETPO)?;
        let netpo = NetpoTable::read_from(&netpo[..]).map_err(|e| po.damaged(&layout::NETPO, e))?;
        let (fingerprint, code_page) = (fingerprint(&bytes), po.code_page());
        Ok(Self {
            records,
            netpo,
            fingerprint,
            code_page,
            changed: false,
        })
    }

    /// Returns what the list looked like on disk.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Finds an entry by its whole name without case.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.records
            .iter()
            .position(|record| self.code_page.eq_ignore_case(record.name.as_bytes(), name))
    }

    /// Returns the names of the list with their places, for many looks at a list that does not change.
    #[must_use]
    pub fn names(&self) -> PolNames {
        let names = self.records.iter().enumerate();
        let names =
            names.map(|(index, record)| (self.code_page.fold(record.name.as_bytes()), index));
        // The first of two equal names is the one that counts, as for `find`.
        PolNames(names.rev().collect())
    }

    /// As [`Self::find`], in the names of this list.
    #[must_use]
    pub fn find_in(&self, names: &PolNames, name: &[u8]) -> Option<usize> {
        names.0.get(&self.code_page.fold(name)).copied()
    }

    /// Finds an entry by its TID.
    #[must_use]
    pub fn find_tid(&self, tid: u32) -> Option<usize> {
        self.records.iter().position(|record| record.tid == tid)
    }

    /// Removes the entries of one postoffice, node or DGN, and returns their TIDs.
    pub fn remove_place(&mut self, name: &PostofficeName) -> Vec<u32> {
        let code_page = self.code_page;
        self.remove_where(|netpo| {
            code_page.eq_ignore_case(netpo.network.as_bytes(), name.network())
                && code_page.eq_ignore_case(netpo.postoffice.as_bytes(), name.postoffice())
        })
    }

    /// Removes the entries behind a gateway whose addresses have one part, and returns their TIDs.
    pub fn remove_gateway(&mut self, kind: AddressType) -> Vec<u32> {
        let token = kind.token().as_bytes();
        self.remove_where(|netpo| netpo.network.as_bytes() == token && netpo.postoffice.is_empty())
    }

    fn remove_where(&mut self, is_meant: impl Fn(&NetpoRecord) -> bool) -> Vec<u32> {
        let found = |pol: &Self, record: &NmeRecord| pol.netpo_of(record).is_some_and(&is_meant);
        let mut tids = Vec::new();
        for index in (0..self.records.len()).rev() {
            if found(self, &self.records[index]) {
                tids.push(self.remove(index).tid);
            }
        }
        tids
    }

    /// Says how the list stands to a name and the address of somebody elsewhere.
    #[must_use]
    pub fn holds(&self, names: &PolNames, name: &[u8], address: &Address) -> Held {
        let Some(index) = self.find_in(names, name) else {
            return Held::Free;
        };
        match self.netpo_of(&self.records[index]) {
            Some(netpo) if self.is_address(netpo, address) => Held::Same,
            _ => Held::Other,
        }
    }

    fn is_address(&self, netpo: &NetpoRecord, address: &Address) -> bool {
        let same = |field: &FixedText<11>, text: &[u8]| {
            self.code_page.eq_ignore_case(field.as_bytes(), text)
        };
        match (address.place(), address.mailbox()) {
            (Some(place), Some(mailbox)) => {
                same(&netpo.network, place.network())
                    && same(&netpo.postoffice, place.postoffice())
                    && same(&netpo.mailbox, mailbox)
            }
            _ => same(&netpo.network, address.kind().token().as_bytes()),
        }
    }

    /// Tells whether any entry stands for somebody elsewhere.
    #[must_use]
    pub fn has_external(&self) -> bool {
        self.records
            .iter()
            .any(|record| record.kind == AliasKind::External)
    }

    /// Returns the NETPO record of an external entry.
    #[must_use]
    pub fn netpo_of(&self, record: &NmeRecord) -> Option<&NetpoRecord> {
        if record.kind != AliasKind::External {
            return None;
        }
        self.netpo
            .at(record.pointer)
            .filter(|found| found.state.is_active())
    }

    /// Adds a local user.
    pub fn insert_local(&mut self, name: FixedText<31>, tid: u32, access2_offset: u32, id: HexId) {
        let mut record = NmeRecord::new(AliasKind::Local, name, tid);
        record.pointer = access2_offset;
        record.id = id;
        self.push(record);
    }

    /// Adds a group; `members_offset` is where its chain begins in ADMIN.GRP.
    pub fn insert_group(&mut self, name: FixedText<31>, tid: u32, members_offset: u32) {
        let mut record = NmeRecord::new(AliasKind::Group, name, tid);
        record.pointer = members_offset;
        record.id = HexId(tid);
        self.push(record);
    }

    /// Adds somebody elsewhere. The address of an entry behind a one-part gateway stands in the gateway's list
    /// alone; its NETPO record names the type, and the TID leads to it (Q137865).
    ///
    /// # Errors
    /// A part of the address does not fit its field; NETPO.GLB has no room left.
    pub fn insert_external(&mut self, external: &External) -> Result<(), PostofficeError> {
        let record = netpo_record(external)
            .map_err(|e| PostofficeError::Unstorable(format!("NETPO.GLB: {e}")))?;
        let pointer = self
            .netpo
            .insert(record)
            .ok_or_else(|| PostofficeError::Unstorable("NETPO.GLB has reached 4 GiB".to_owned()))?;
        let mut record = NmeRecord::new(AliasKind::External, external.name, external.tid);
        record.pointer = pointer;
        record.id = external.mailbag;
        self.push(record);
        Ok(())
    }

    fn push(&mut self, record: NmeRecord) {
        self.records.push(record);
        self.changed = true;
    }

    /// Removes the entry at a place, with its NETPO record.
    pub fn remove(&mut self, index: usize) -> NmeRecord {
        let record = self.records.remove(index);
        if record.kind == AliasKind::External {
            // A pointer to nowhere has nothing to free; podiag reports such entries.
            let _freed = self.netpo.delete(record.pointer);
        }
        self.changed = true;
        record
    }

    /// Works many changes in, one after the other, at the price of one walk over the list.
    ///
    /// # Errors
    /// As [`Self::insert_external`].
    pub fn change(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<(), PostofficeError> {
        let mut names = self.names();
        let mut gone = vec![false; self.records.len()];
        for Change { remove, insert } in changes {
            if let Some(name) = remove {
                let Some(index) = names.0.remove(&self.code_page.fold(name.as_bytes())) else {
                    continue;
                };
                let pointer = self.records[index].pointer;
                if self.records[index].kind == AliasKind::External {
                    // A pointer to nowhere has nothing to free; podiag reports such entries.
                    let _freed = self.netpo.delete(pointer);
                }
                gone[index] = true;
                self.changed = true;
            }
            if let Some(external) = insert {
                let key = self.code_page.fold(external.name.as_bytes());
                self.insert_external(&external)?;
                names.0.insert(key, self.records.len() - 1);
                gone.push(false);
            }
        }
        let mut gone = gone.into_iter();
        self.records.retain(|_| gone.next() == Some(false));
        Ok(())
    }

    /// Gives the entry at a place another name.
    pub fn rename(&mut self, index: usize, name: FixedText<31>) {
        self.records[index].name = name;
        self.changed = true;
    }

    /// Points the entry at a place to the first member of its group.
    pub fn set_pointer(&mut self, index: usize, pointer: u32) {
        let record = &mut self.records[index];
        self.changed |= record.pointer != pointer;
        record.pointer = pointer;
    }

    /// Gives the entry at a place the TID of its list, in both files.
    pub fn set_tid(&mut self, index: usize, tid: u32) {
        let record = &mut self.records[index];
        if record.tid != tid {
            record.tid = tid;
            if let Some(netpo) = self.netpo.index_at(record.pointer) {
                self.netpo.records[netpo].tid = tid;
            }
            self.changed = true;
        }
    }

    /// Stages ADMIN.NME, its identical shadow and NETPO.GLB, if anything changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&mut self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if !self.changed {
            return Ok(());
        }
        let code_page = self.code_page;
        self.records
            .sort_by(|a, b| compare_names(a.name.as_bytes(), b.name.as_bytes(), code_page));
        let mut names = RecordWriter::new(Vec::with_capacity(self.records.len() * NmeRecord::LEN));
        for record in &self.records {
            names.write(record).expect("a vector takes it");
        }
        let names = names.finish().0;
        batch.replace_bytes(&layout::ADMIN_NME, &names)?;
        batch.replace_bytes(&layout::ADMINSHD_NME, &names)?;
        let mut netpo = batch.replace(&layout::NETPO)?;
        self.netpo
            .write_to(&mut netpo)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        netpo.finish()?;
        Ok(())
    }
}

fn netpo_record(external: &External) -> Result<NetpoRecord, TextTooLong> {
    let address = &external.address;
    let mut record = NetpoRecord {
        state: RecordState::Active,
        kind: AliasKind::External,
        tid: external.tid,
        mailbag: external.mailbag.0,
        ..NetpoRecord::default()
    };
    match (address.place(), address.mailbox()) {
        (Some(name), Some(mailbox)) => {
            record.network = FixedText::new(name.network())?;
            record.postoffice = FixedText::new(name.postoffice())?;
            record.mailbox = FixedText::new(mailbox)?;
        }
        _ => record.network = FixedText::new(address.kind().token().as_bytes())?,
    }
    Ok(record)
}
