//! Carries out changes of accounts: their records, files, passwords, details and entries in the postoffice list.

use super::accounts::{Accounts, account_files};
use super::groups::Groups;
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
    /// Read when an account goes.
    groups: Option<Groups>,
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
            groups: None,
            created: Vec::new(),
            deleted: Vec::new(),
        })
    }

    /// Carries out one change in memory. `asked` is the transaction that asked for it.
    ///
    /// REQTRANS gets what others have to know of it: nothing of an account that takes no part in dir-sync, a D when
    /// it stops to take part (Q131151), an A when it begins to. Settings never leave the postoffice, and an M always
    /// has its second line (Q159308).
    ///
    /// # Errors
    /// No TID or mailbag can be had (message 39); no room for the account; the groups cannot be read.
    pub fn apply(
        &mut self,
        change: LocalChange,
        asked: &Transaction,
        pol: &mut Pol,
        tids: &mut TidSource,
    ) -> Result<(), PostofficeError> {
        let echo = match change {
            LocalChange::Create {
                entry,
                info,
                tokens,
            } => {
                let index = self.create(&entry, &info, &tokens, pol, tids)?;
                self.echo(None, Some(index), true, asked)
            }
            LocalChange::Modify {
                index,
                old_name,
                entry,
                info,
                tokens,
            } => {
                let old = *self.accounts.get(index);
                self.modify(index, old_name.as_bytes(), &entry, &info, &tokens, pol)?;
                let shows =
                    old.name != entry.name || old.mailbox != entry.mailbox || !info.is_empty();
                self.echo(Some(old.flags), Some(index), shows, asked)
            }
            LocalChange::Delete { index, name } => {
                let old = *self.accounts.get(index);
                self.delete(index, name.as_bytes(), pol)?;
                self.echo(Some(old.flags), None, true, asked)
            }
        };
        match (&mut self.queue, echo) {
            (Some(queue), Some(echo)) => queue.push(&echo).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Returns how many transactions REQTRANS gets.
    #[must_use]
    pub fn queued_count(&self) -> u64 {
        self.queue.as_ref().map_or(0, RequestorQueue::count)
    }

    /// Returns the transaction that others get; `before` are the flags before, `after` is the place after.
    fn echo(
        &self,
        before: Option<AccessFlags>,
        after: Option<usize>,
        shows: bool,
        asked: &Transaction,
    ) -> Option<Transaction> {
        let takes_part = |flags: AccessFlags| flags.contains(AccessFlags::IN_DIRSYNC);
        let was = before.is_some_and(takes_part);
        let is = after.is_some_and(|index| takes_part(self.accounts.get(index).flags));
        let old = asked.entry()?.clone();
        let new = match asked {
            Transaction::Modify { new: Some(new), .. } => new.clone(),
            _ => old.clone(),
        };
        let info = match after.and_then(|index| self.details.lines(index)) {
            Some(lines) => lines,
            None => asked.info().to_vec(),
        };
        match (was, is) {
            (false, false) => None,
            (true, false) => Some(Transaction::Delete { entry: old }),
            (false, true) => Some(Transaction::Add {
                entry: new,
                info,
                tokens: Vec::new(),
            }),
            (true, true) if !shows => None,
            (true, true) => Some(Transaction::Modify {
                entry: old,
                new: Some(new),
                info,
                tokens: Vec::new(),
            }),
        }
    }

    fn create(
        &mut self,
        entry: &ListEntry,
        info: &[InfoLine],
        tokens: &[Token],
        pol: &mut Pol,
        tids: &mut TidSource,
    ) -> Result<usize, PostofficeError> {
        let (tid, mailbag) = (tids.give()?, self.mailbags.give()?);
        let flags = flags(AccessFlags::IN_DIRSYNC, tokens);
        let index = self
            .accounts
            .create(entry.mailbox, entry.name, mailbag, tid, flags)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        pol.insert_local(entry.name, tid, Accounts::offset(index), mailbag);
        self.details.set(index, info, true, self.po);
        self.set_password(entry, tokens)?;
        self.created.push(mailbag);
        Ok(index)
    }

    fn modify(
        &mut self,
        index: usize,
        old_name: &[u8],
        entry: &ListEntry,
        info: &[InfoLine],
        tokens: &[Token],
        pol: &mut Pol,
    ) -> Result<(), PostofficeError> {
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
        Ok(())
    }

    fn delete(&mut self, index: usize, name: &[u8], pol: &mut Pol) -> Result<(), PostofficeError> {
        let old = *self.accounts.get(index);
        if self.groups.is_none() {
            self.groups = Some(Groups::load(self.po, pol)?);
        }
        if let Some(groups) = &mut self.groups {
            groups.forget(&[old.tid], pol, &mut self.accounts);
        }
        self.accounts.delete(index);
        if let Some(place) = pol.find(name) {
            pol.remove(place);
        }
        self.passwords
            .remove(&self.po.code_page().decode(old.mailbox.as_bytes()));
        self.deleted.extend(old.mailbag.id());
        Ok(())
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
        if let Some(groups) = &self.groups {
            groups.stage(batch)?;
        }
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
pub(super) struct Details {
    template: Option<Template>,
    records: Vec<Box<[u8]>>,
    changed: bool,
}

impl Details {
    /// Reads both files; `count` is how many records the ACCESS files have.
    pub(super) fn load(po: &Postoffice, count: usize) -> Result<Self, PostofficeError> {
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

    /// Returns all that is known of an account; `None` where details are not kept.
    pub(super) fn lines(&self, index: usize) -> Option<Vec<InfoLine>> {
        let template = self.template.as_ref()?;
        let record = self.records.get(index)?;
        let values = template.values(record);
        // A value that no line of text can hold stays here; only damage can have put it into the file.
        let lines = values.filter_map(|(prompt, value)| InfoLine::new(prompt, value).ok());
        Some(lines.collect())
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
