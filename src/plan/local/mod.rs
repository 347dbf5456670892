//! Decides over transactions for the accounts of the postoffice itself (`spec/import.md` 3.8).
//!
//! There are few accounts and each is many files, so this is kept apart from the merge of lists: an account is
//! created, changed or deleted by name, never removed because a list lacks it.

mod account;

use super::op::Position;
use super::outcome::{Action, Outcome, Reason};
use super::{Decision, Note};
use crate::address::PostofficeName;
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::list::{ListEntry, ListId};
use crate::transaction::{Entry, InfoLine, Token, TokenName, Transaction};

pub use account::{Account, LocalChange, LocalPlan, Place};

/// Most accounts a postoffice has (Q126592, message 87).
pub const MAX_ACCOUNTS: usize = 500;

/// Works transactions into the accounts as they stand.
pub struct LocalMerge<'a> {
    accounts: Vec<Account>,
    /// Tells whether a full name stands in the postoffice list, as somebody or something else than an account.
    is_taken: &'a dyn Fn(&[u8]) -> bool,
    own: &'a PostofficeName,
    code_page: CodePage,
    plan: LocalPlan,
}

impl<'a> LocalMerge<'a> {
    /// Starts with the accounts as they stand.
    pub fn new(
        accounts: Vec<Account>,
        is_taken: &'a dyn Fn(&[u8]) -> bool,
        own: &'a PostofficeName,
        code_page: CodePage,
    ) -> Self {
        Self {
            accounts,
            is_taken,
            own,
            code_page,
            plan: LocalPlan::default(),
        }
    }

    /// Works one transaction in.
    pub fn apply(&mut self, at: Position, transaction: Transaction) {
        let echo = transaction.clone();
        match transaction {
            Transaction::Add {
                entry,
                info,
                tokens,
            } => self.create(at, &entry, info, tokens, echo),
            Transaction::Delete { entry } => self.delete(at, &entry, echo),
            Transaction::Modify {
                entry,
                new,
                info,
                tokens,
            } => {
                self.modify(at, &entry, new.as_ref(), info, tokens, echo);
            }
            Transaction::Replace { .. } | Transaction::Template { .. } => {}
        }
    }

    /// Returns what it comes to.
    #[must_use]
    pub fn finish(self) -> LocalPlan {
        self.plan
    }

    fn create(
        &mut self,
        at: Position,
        entry: &Entry,
        info: Vec<InfoLine>,
        tokens: Vec<Token>,
        echo: Transaction,
    ) {
        let stored = self.stored(entry);
        if let Some(found) = self.by_name(&stored) {
            let is_same = self.is_same_mailbox(&self.accounts[found].mailbox, &stored);
            let outcome = if is_same {
                Outcome::Unchanged
            } else {
                Outcome::Refused
            };
            return self.conclude(at, Action::Add, outcome, Some(27), &stored);
        }
        if (self.is_taken)(stored.name.as_bytes()) {
            return self.conclude(at, Action::Add, Outcome::Refused, Some(27), &stored);
        }
        if self.by_mailbox(&stored).is_some() {
            return self.refuse(at, Action::Add, 85, Reason::AddressDuplicate, &stored);
        }
        if self.accounts.len() >= MAX_ACCOUNTS {
            return self.conclude(at, Action::Add, Outcome::Refused, Some(87), &stored);
        }
        let (name, mailbox) = (stored.name, stored.mailbox);
        let is_administrator = sets_administrator(&tokens).unwrap_or(false);
        let place = Place::Created(self.plan.changes.len());
        self.accounts.push(Account {
            place,
            name,
            mailbox,
            is_administrator,
        });
        self.conclude(at, Action::Add, Outcome::Added, None, &stored);
        let change = LocalChange::Create {
            entry: stored,
            info,
            tokens,
        };
        self.plan.changes.push((change, echo));
    }

    fn delete(&mut self, at: Position, entry: &Entry, echo: Transaction) {
        let stored = self.stored(entry);
        let found = self.by_name(&stored);
        let Some(found) =
            found.filter(|&n| self.is_same_mailbox(&self.accounts[n].mailbox, &stored))
        else {
            return self.refuse(at, Action::Delete, 29, Reason::NoSuchEntry, &stored);
        };
        if self.accounts[found].is_administrator && self.administrators() == 1 {
            return self.conclude(at, Action::Delete, Outcome::Refused, Some(86), &stored);
        }
        let Account { place, name, .. } = self.accounts.remove(found);
        match place {
            Place::Existing(index) => {
                self.plan
                    .changes
                    .push((LocalChange::Delete { index, name }, echo));
            }
            Place::Created(number) => self.forget(number),
        }
        self.conclude(at, Action::Delete, Outcome::Deleted, None, &stored);
    }

    fn modify(
        &mut self,
        at: Position,
        entry: &Entry,
        new: Option<&Entry>,
        info: Vec<InfoLine>,
        mut tokens: Vec<Token>,
        echo: Transaction,
    ) {
        let old = self.stored(entry);
        let found = self.by_name(&old);
        let Some(found) = found.filter(|&n| self.is_same_mailbox(&self.accounts[n].mailbox, &old))
        else {
            return self.refuse(at, Action::Modify, 29, Reason::NoSuchEntry, &old);
        };
        if new.is_some_and(|new| !self.is_local(new)) {
            return self.conclude(at, Action::Modify, Outcome::Refused, Some(92), &old);
        }
        let stored = new.map_or_else(|| old.clone(), |new| self.stored(new));
        let clash = self.by_name(&stored).is_some_and(|other| other != found)
            || (!self
                .code_page
                .eq_ignore_case(stored.name.as_bytes(), old.name.as_bytes())
                && (self.is_taken)(stored.name.as_bytes()));
        if clash {
            return self.conclude(at, Action::Modify, Outcome::Refused, Some(27), &stored);
        }
        if self.by_mailbox(&stored).is_some_and(|other| other != found) {
            return self.refuse(at, Action::Modify, 85, Reason::AddressDuplicate, &stored);
        }
        let only_administrator =
            self.accounts[found].is_administrator && self.administrators() == 1;
        if only_administrator && sets_administrator(&tokens) == Some(false) {
            self.note(at, 93, &old);
            tokens.retain(|token| token.name() != TokenName::Access);
        }
        let account = &self.accounts[found];
        let same = account.name == stored.name && account.mailbox == stored.mailbox;
        if same && info.is_empty() && tokens.is_empty() {
            return self.conclude(at, Action::Modify, Outcome::Unchanged, Some(47), &old);
        }
        let place = account.place;
        let (action, outcome) = if account.name == stored.name {
            (Action::Modify, Outcome::Modified)
        } else {
            (Action::Rename, Outcome::Renamed)
        };
        let old_name = account.name;
        let account = &mut self.accounts[found];
        account.name = stored.name;
        account.mailbox = stored.mailbox;
        account.is_administrator = sets_administrator(&tokens).unwrap_or(account.is_administrator);
        self.conclude(at, action, outcome, None, &old);
        match place {
            Place::Existing(index) => {
                let change = LocalChange::Modify {
                    index,
                    old_name,
                    entry: stored,
                    info,
                    tokens,
                };
                self.plan.changes.push((change, echo));
            }
            Place::Created(number) => self.change_created(number, stored, info, tokens),
        }
    }

    /// An M for an account that an A of this run creates changes that A.
    fn change_created(
        &mut self,
        number: usize,
        stored: ListEntry,
        more_info: Vec<InfoLine>,
        more_tokens: Vec<Token>,
    ) {
        let (change, echo) = &mut self.plan.changes[number];
        let LocalChange::Create {
            entry,
            info,
            tokens,
        } = change
        else {
            return;
        };
        *entry = stored;
        info.extend(more_info);
        tokens.extend(more_tokens);
        let address = self
            .own
            .mailbox_address(entry.mailbox.as_bytes(), self.code_page);
        let named = address.and_then(|a| Entry::new(entry.name.as_bytes(), a, self.code_page));
        if let Ok(entry) = named {
            let (info, tokens) = (info.clone(), tokens.clone());
            *echo = Transaction::Add {
                entry,
                info,
                tokens,
            };
        }
    }

    /// Drops the change that would have created an account.
    fn forget(&mut self, number: usize) {
        self.plan.changes.remove(number);
        for account in &mut self.accounts {
            if let Place::Created(other) = &mut account.place {
                *other -= usize::from(*other > number);
            }
        }
    }

    fn stored(&self, entry: &Entry) -> ListEntry {
        ListEntry::new(entry, self.code_page).expect("the grammar has checked the lengths")
    }

    fn is_local(&self, entry: &Entry) -> bool {
        ListId::of_address(entry.address(), self.own, self.code_page) == ListId::Local
    }

    fn is_same_mailbox(&self, mailbox: &FixedText<11>, entry: &ListEntry) -> bool {
        self.code_page
            .eq_ignore_case(mailbox.as_bytes(), entry.mailbox.as_bytes())
    }

    fn by_name(&self, entry: &ListEntry) -> Option<usize> {
        let name = entry.name.as_bytes();
        let mut accounts = self.accounts.iter();
        accounts.position(|account| self.code_page.eq_ignore_case(account.name.as_bytes(), name))
    }

    fn by_mailbox(&self, entry: &ListEntry) -> Option<usize> {
        self.accounts
            .iter()
            .position(|account| self.is_same_mailbox(&account.mailbox, entry))
    }

    fn administrators(&self) -> usize {
        self.accounts
            .iter()
            .filter(|account| account.is_administrator)
            .count()
    }

    fn conclude(
        &mut self,
        at: Position,
        action: Action,
        outcome: Outcome,
        message: Option<u16>,
        entry: &ListEntry,
    ) {
        let refused = outcome == Outcome::Refused;
        let reason = message.filter(|_| refused).map(Reason::Message);
        self.decide(at, action, outcome, reason, message, entry);
    }

    fn refuse(
        &mut self,
        at: Position,
        action: Action,
        message: u16,
        reason: Reason,
        entry: &ListEntry,
    ) {
        self.decide(
            at,
            action,
            Outcome::Refused,
            Some(reason),
            Some(message),
            entry,
        );
    }

    fn decide(
        &mut self,
        at: Position,
        action: Action,
        outcome: Outcome,
        reason: Option<Reason>,
        message: Option<u16>,
        entry: &ListEntry,
    ) {
        if let Some(message) = message {
            self.note(at, message, entry);
        }
        self.plan.counts.read += 1;
        self.plan.counts.count(outcome, reason);
        let entry = Some(entry.clone());
        self.plan.decisions.push(Decision {
            at,
            action,
            outcome,
            reason,
            message,
            entry,
            new: None,
        });
    }

    fn note(&mut self, at: Position, message: u16, entry: &ListEntry) {
        let argument = entry.name.as_bytes().to_vec();
        self.plan.notes.push(Note {
            at,
            message,
            argument,
        });
    }
}

/// Returns what tokens say of administrator rights.
#[must_use]
pub fn sets_administrator(tokens: &[Token]) -> Option<bool> {
    setting(tokens, TokenName::Access)
}

/// Returns what the last token of a name says.
#[must_use]
pub fn setting(tokens: &[Token], name: TokenName) -> Option<bool> {
    tokens
        .iter()
        .rev()
        .find(|token| token.name() == name)
        .map(Token::is_set)
}
