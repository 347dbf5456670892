//! Carries out changes of accounts: their records, files, passwords, details and entries in the postoffice list.

use super::accounts::{Accounts, account_files};
use super::ids::{MailbagSource, TidSource};
use super::layout::{self, Dir};
use super::passwords::Passwords;
use super::places::Places;
use super::pol::Pol;
use super::queues::RequestorQueue;
use super::{Batch, Postoffice, PostofficeError};
use crate::codec::reqconf::ReqConf;
use crate::codec::timestamp::Timestamp;
use crate::codec::{AccessFlags, HexId};
use crate::list::ListEntry;
use crate::plan::info::Template;
use crate::plan::local::{LocalChange, setting};
use crate::transaction::{InfoLine, Token, TokenName, Transaction};

/// The accounts while they are being changed.
#[derive(Debug)]
pub struct LocalUpdate<'a> {
    po: &'a Postoffice,
    accounts: Accounts,
    passwords: Passwords,
    mailbags: MailbagSource,
    details: Details,
    queue: Option<RequestorQueue>,
    created: Vec<HexId>,
    deleted: Vec<HexId>,
}

impl<'a> LocalUpdate<'a> {
    /// Reads what accounts consist of. `templates` takes information lines (`-t`).
    ///
    /// A postoffice that is registered with a directory server puts every change into REQTRANS.GLB as well
    /// (`spec/import.md` section 6).
    ///
    /// # Errors
    /// A file cannot be read or is damaged; REQTRANS.GLB is missing where it is needed.
    pub fn load(
        po: &'a Postoffice,
        places: &Places,
        config: &ReqConf,
        stamp: Timestamp,
        templates: bool,
    ) -> Result<Self, PostofficeError> {
        let accounts = Accounts::load(po)?;
        let queue = match config.has_server() {
            true => Some(RequestorQueue::open(po, config, stamp)?),
            false => None,
        };
        let details = if templates {
            Details::load(po, accounts.record_count())?
        } else {
            Details::default()
        };
        Ok(Self {
            po,
            accounts,
            passwords: Passwords::load(po)?,
            mailbags: MailbagSource::open(po, places, config)?,
            details,
            queue,
            created: Vec::new(),
            deleted: Vec::new(),
        })
    }

    /// Carries out one change in memory.
    ///
    /// # Errors
    /// No TID or mailbag can be had (message 39); no room for the account.
    pub fn apply(
        &mut self,
        change: LocalChange,
        echo: &Transaction,
        pol: &mut Pol,
        tids: &mut TidSource,
    ) -> Result<(), PostofficeError> {
        let in_dirsync = match change {
            LocalChange::Create {
                entry,
                info,
                tokens,
            } => self.create(&entry, &info, &tokens, pol, tids)?,
            LocalChange::Modify {
                index,
                old_name,
                entry,
                info,
                tokens,
            } => self.modify(index, old_name.as_bytes(), &entry, &info, &tokens, pol)?,
            LocalChange::Delete { index, name } => self.delete(index, name.as_bytes(), pol),
        };
        match &mut self.queue {
            Some(queue) if in_dirsync => queue.push(echo).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn create(
        &mut self,
        entry: &ListEntry,
        info: &[InfoLine],
        tokens: &[Token],
        pol: &mut Pol,
        tids: &mut TidSource,
    ) -> Result<bool, PostofficeError> {
        let (tid, mailbag) = (tids.next()?, self.mailbags.next()?);
        let flags = flags(AccessFlags::IN_DIRSYNC, tokens);
        let index = self
            .accounts
            .create(entry.mailbox, entry.name, mailbag, tid, flags)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        pol.insert_local(entry.name, tid, Accounts::offset(index), mailbag);
        self.details.set(index, info, true, self.po);
        self.set_password(entry, tokens)?;
        self.created.push(mailbag);
        Ok(flags.contains(AccessFlags::IN_DIRSYNC))
    }

    fn modify(
        &mut self,
        index: usize,
        old_name: &[u8],
        entry: &ListEntry,
        info: &[InfoLine],
        tokens: &[Token],
        pol: &mut Pol,
    ) -> Result<bool, PostofficeError> {
        let old = *self.accounts.get(index);
        let flags = flags(old.flags, tokens);
        self.accounts
            .modify(index, entry.mailbox, entry.name, flags);
        if let Some(place) = pol.find(old_name) {
            pol.rename(place, entry.name);
        }
        let code_page = self.po.code_page();
        let (before, after) = (
            code_page.decode(old.mailbox.as_bytes()),
            code_page.decode(entry.mailbox.as_bytes()),
        );
        self.passwords.rename(&before, &after);
        self.set_password(entry, tokens)?;
        if !info.is_empty() {
            self.details.set(index, info, false, self.po);
        }
        let takes_part = AccessFlags::IN_DIRSYNC;
        Ok(old.flags.contains(takes_part) || flags.contains(takes_part))
    }

    fn delete(&mut self, index: usize, name: &[u8], pol: &mut Pol) -> bool {
        let old = *self.accounts.get(index);
        self.accounts.delete(index);
        if let Some(place) = pol.find(name) {
            pol.remove(place);
        }
        self.passwords
            .remove(&self.po.code_page().decode(old.mailbox.as_bytes()));
        self.deleted.extend(old.mailbag.id());
        old.flags.contains(AccessFlags::IN_DIRSYNC)
    }

    fn set_password(&mut self, entry: &ListEntry, tokens: &[Token]) -> Result<(), PostofficeError> {
        let password = tokens
            .iter()
            .rev()
            .find(|token| token.name() == TokenName::Password);
        let Some(password) = password else {
            return Ok(());
        };
        let code_page = self.po.code_page();
        let folded = code_page.decode(password.value()).to_uppercase();
        self.passwords
            .set(&code_page.decode(entry.mailbox.as_bytes()), &folded)
    }

    /// Stages everything that changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(self, batch: &Batch<'_>, config: &mut ReqConf) -> Result<(), PostofficeError> {
        self.accounts.stage(batch)?;
        self.passwords.stage(batch)?;
        self.mailbags.stage(batch, config)?;
        self.details.stage(batch)?;
        for mailbag in self.created {
            batch.create_dir(Dir::FoldersUser(mailbag));
            for (file, len) in account_files(mailbag) {
                batch.replace_bytes(&file, &vec![0; len])?;
            }
        }
        for mailbag in self.deleted {
            for (file, _) in account_files(mailbag) {
                batch.remove(&file)?;
            }
            batch.remove_dir(Dir::FoldersUser(mailbag))?;
        }
        match self.queue {
            Some(queue) => queue.stage(batch),
            None => Ok(()),
        }
    }
}

fn flags(old: AccessFlags, tokens: &[Token]) -> AccessFlags {
    let settings = [
        (TokenName::Access, AccessFlags::ADMINISTRATOR),
        (TokenName::Dirsync, AccessFlags::IN_DIRSYNC),
        (TokenName::Remote, AccessFlags::REMOTE),
    ];
    settings
        .into_iter()
        .fold(old, |flags, (name, flag)| match setting(tokens, name) {
            Some(set) => flags.with(flag, set),
            None => flags,
        })
}

/// ADMIN.TPL and ADMIN.INF: one record of details per account, in the places of the ACCESS files.
#[derive(Debug, Default)]
struct Details {
    template: Option<Template>,
    records: Vec<Box<[u8]>>,
    changed: bool,
}

impl Details {
    fn load(po: &Postoffice, count: usize) -> Result<Self, PostofficeError> {
        let Some(template) = po.local_template()? else {
            return Ok(Self::default());
        };
        let bytes = po.read_optional(&layout::ADMIN_INF)?.unwrap_or_default();
        let len = template.record_len();
        if len == 0 || bytes.len() % len != 0 || bytes.len() / len > count {
            let expected = format!("records of {len} bytes for up to {count} accounts");
            return Err(po.mismatch(&layout::ADMIN_INF, bytes.len() as u64, expected));
        }
        let mut records: Vec<Box<[u8]>> = bytes.chunks_exact(len).map(Into::into).collect();
        records.resize(count, template.defaults());
        Ok(Self {
            template: Some(template),
            records,
            changed: false,
        })
    }

    fn set(&mut self, index: usize, lines: &[InfoLine], is_new: bool, po: &Postoffice) {
        let Some(template) = &self.template else {
            return;
        };
        let old = self.records.get(index).cloned().filter(|_| !is_new);
        let base = old.unwrap_or_else(|| template.defaults());
        if self.records.len() <= index {
            self.records.resize(index + 1, template.defaults());
        }
        // Faults were reported when the transaction was decided over.
        self.records[index] = template.fill(base, lines, po.code_page()).record;
        self.changed = true;
    }

    fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if !self.changed {
            return Ok(());
        }
        batch.replace_bytes(&layout::ADMIN_INF, &self.records.concat())
    }
}

impl Postoffice {
    /// Reads the template of the local users.
    ///
    /// # Errors
    /// The file cannot be read or is no template.
    pub fn local_template(&self) -> Result<Option<Template>, PostofficeError> {
        match self.read_optional(&layout::ADMIN_TPL)? {
            Some(bytes) if !bytes.is_empty() => Template::decode(&bytes, self.code_page())
                .map(Some)
                .map_err(|e| self.damaged(&layout::ADMIN_TPL, e)),
            _ => Ok(None),
        }
    }
}
