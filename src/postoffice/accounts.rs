//! The local users: ACCESS.GLB, ACCESS2.GLB and ACCESS3.GLB, one record each in the same place.

use super::batch::Batch;
use super::layout::{self, File};
use super::{Postoffice, PostofficeError};
use crate::codec::codepage::CodePage;
use crate::codec::{
    Access2Record, Access3Record, AccessFlags, AccessRecord, FixedText, HexId, HexText, Record,
    RecordReader, RecordState, RecordWriter,
};

pub use crate::plan::local::MAX_ACCOUNTS;

/// The accounts of a postoffice in order of creation, deleted ones included.
#[derive(Debug)]
pub struct Accounts {
    access: Vec<AccessRecord>,
    access2: Vec<Access2Record>,
    access3: Vec<Access3Record>,
    code_page: CodePage,
    changed: bool,
}

/// The postoffice has as many accounts as it may have (message 87).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the postoffice has {MAX_ACCOUNTS} accounts already")]
pub struct AccountsFull;

impl Accounts {
    /// Reads the three files.
    ///
    /// # Errors
    /// A file cannot be read, is damaged, or they do not hold the same number of records.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let access = load(po, &layout::ACCESS)?;
        let access2: Vec<_> = load(po, &layout::ACCESS2)?;
        let access3 = load(po, &layout::ACCESS3)?;
        for (file, found) in [
            (layout::ACCESS, access.len()),
            (layout::ACCESS3, access3.len()),
        ] {
            if found != access2.len() {
                let expected = format!("{} records as in ACCESS2.GLB", access2.len());
                return Err(po.mismatch(&file, found as u64, expected));
            }
        }
        let code_page = po.code_page();
        Ok(Self {
            access,
            access2,
            access3,
            code_page,
            changed: false,
        })
    }

    /// Returns the accounts in order of creation, each with its place.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Access2Record)> {
        self.access2
            .iter()
            .enumerate()
            .filter(|(_, record)| record.state.is_active())
    }

    /// Returns how many accounts there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// Returns how many records the files have, deleted ones included.
    #[must_use]
    pub fn record_count(&self) -> usize {
        self.access2.len()
    }

    /// Finds an account by its whole mailbox name without case.
    #[must_use]
    pub fn find(&self, mailbox: &[u8]) -> Option<usize> {
        let mut accounts = self.iter();
        accounts
            .find(|(_, record)| {
                self.code_page
                    .eq_ignore_case(record.mailbox.as_bytes(), mailbox)
            })
            .map(|(index, _)| index)
    }

    /// Returns the account at a place.
    #[must_use]
    pub fn get(&self, index: usize) -> &Access2Record {
        &self.access2[index]
    }

    /// Returns the account that an ADMIN.NME entry points to by byte offset.
    #[must_use]
    pub fn at_offset(&self, offset: u32) -> Option<&Access2Record> {
        let offset = offset as usize;
        let record = self.access2.get(offset / Access2Record::LEN)?;
        (offset % Access2Record::LEN == 0 && record.state.is_active()).then_some(record)
    }

    /// Returns the byte offset in ACCESS2.GLB of the account at a place.
    #[must_use]
    pub fn offset(index: usize) -> u32 {
        u32::try_from(index * Access2Record::LEN).expect("500 accounts are far below 4 GiB")
    }

    /// Creates an account in the place of a deleted one or at the end (Q117646), and returns its place.
    ///
    /// # Errors
    /// There are [`MAX_ACCOUNTS`] already.
    pub fn create(
        &mut self,
        mailbox: FixedText<11>,
        name: FixedText<31>,
        mailbag: HexId,
        tid: u32,
        flags: AccessFlags,
    ) -> Result<usize, AccountsFull> {
        if self.count() >= MAX_ACCOUNTS {
            return Err(AccountsFull);
        }
        let mut record = Access2Record::new(mailbox, name, HexText::from(mailbag), tid);
        record.flags = flags;
        let access = AccessRecord {
            state: RecordState::Active,
            ..AccessRecord::default()
        };
        let access3 = Access3Record {
            state: RecordState::Active,
            ..Access3Record::default()
        };
        self.changed = true;
        let free = self
            .access2
            .iter()
            .position(|r| r.state == RecordState::Deleted);
        if let Some(index) = free {
            self.access[index] = access;
            self.access2[index] = record;
            self.access3[index] = access3;
            return Ok(index);
        }
        self.access.push(access);
        self.access2.push(record);
        self.access3.push(access3);
        Ok(self.access2.len() - 1)
    }

    /// Gives the account at a place another mailbox, name or flags; its files and TID stay (Q117259, Q105178).
    pub fn modify(
        &mut self,
        index: usize,
        mailbox: FixedText<11>,
        name: FixedText<31>,
        flags: AccessFlags,
    ) {
        let record = &mut self.access2[index];
        record.mailbox = mailbox;
        record.name = name;
        record.flags = flags;
        self.changed = true;
    }

    /// Returns where in GRPMEM.GLB the groups of the account at a place begin; 0 where it is in none.
    #[must_use]
    pub fn groups(&self, index: usize) -> u32 {
        self.access[index].groups
    }

    /// Points the account at a place to its groups in GRPMEM.GLB.
    pub fn set_groups(&mut self, index: usize, offset: u32) {
        if self.access[index].groups != offset {
            self.access[index].groups = offset;
            self.changed = true;
        }
    }

    /// Deletes the account at a place; its records stay in the files (Q87465).
    pub fn delete(&mut self, index: usize) {
        self.access[index].state = RecordState::Deleted;
        self.access2[index].state = RecordState::Deleted;
        self.access3[index].state = RecordState::Deleted;
        self.changed = true;
    }

    /// Stages the three files, if anything changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if self.changed {
            stage(batch, &layout::ACCESS, &self.access)?;
            stage(batch, &layout::ACCESS2, &self.access2)?;
            stage(batch, &layout::ACCESS3, &self.access3)?;
        }
        Ok(())
    }
}

fn load<T: Record>(po: &Postoffice, file: &File) -> Result<Vec<T>, PostofficeError> {
    let bytes = po.read(file)?;
    RecordReader::new(&bytes[..], 0)
        .collect::<Result<_, _>>()
        .map_err(|e| po.damaged(file, e))
}

fn stage<T: Record>(batch: &Batch<'_>, file: &File, records: &[T]) -> Result<(), PostofficeError> {
    let mut writer = RecordWriter::new(Vec::with_capacity(records.len() * T::LEN));
    for record in records {
        writer.write(record).expect("a vector takes it");
    }
    batch.replace_bytes(file, &writer.finish().0)
}

/// Files that each account has beside its records.
pub(super) fn account_files(mailbag: HexId) -> [(File, usize); 5] {
    [
        (File::mbg(mailbag), 0),
        (File::key(mailbag), 560),
        (File::nme(mailbag), 0),
        (File::grp(mailbag), 8),
        (File::folder_index(mailbag), 100),
    ]
}
