//! Values of the master table as both databases keep them.

use super::super::card::{Card, SourceKey};
use super::super::master::{Member, Progress, Row};
use super::super::number::{Epoch, Receipt, Usn};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// A number as SQL has it.
pub(super) fn number(usn: Usn) -> Result<i64, String> {
    i64::try_from(usn.0).map_err(|_| format!("number {usn} is above 2^63"))
}

/// A number of SQL.
pub(super) fn usn(number: i64) -> Result<Usn, String> {
    u64::try_from(number)
        .map(Usn)
        .map_err(|_| format!("number {number}, expected 0 or more"))
}

/// An epoch of SQL.
pub(super) fn epoch(text: &str) -> Result<Epoch, String> {
    Epoch::new(text).ok_or_else(|| format!("epoch {text:?}"))
}

/// Tells whether nothing is to be kept of an entry: it waits for nothing and was never seen.
pub(super) fn is_void(row: &Row) -> bool {
    row.shown.is_none() && row.waiting.is_none() && row.usn == Usn::NONE
}

/// A key as one text.
pub(super) fn key(text: &str) -> Result<SourceKey, String> {
    SourceKey::parse(text).ok_or_else(|| format!("key {text:?}"))
}

/// The columns of an entry, besides its key, branch and number.
pub(super) struct EntryText {
    pub(super) shown: Option<String>,
    pub(super) waiting: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) detail: Option<String>,
}

impl EntryText {
    pub(super) fn of(row: &Row) -> Self {
        let json = |card: &Card| serde_json::to_string(card).expect("a card is text");
        let waiting = row.waiting.as_ref();
        Self {
            shown: row.shown.as_ref().map(json),
            waiting: waiting.map(|(card, _)| json(card)),
            reason: waiting.map(|(_, note)| note.reason.to_string()),
            detail: waiting.map(|(_, note)| note.detail.clone()),
        }
    }

    pub(super) fn to_row(&self, key: SourceKey, number: i64) -> Result<Row, String> {
        let card = |text: &String| {
            serde_json::from_str::<Card>(text).map_err(|error| format!("entry {key}: {error}"))
        };
        let waiting = self.waiting.as_ref().map(card).transpose()?;
        let note = || {
            let code = self.reason.as_deref();
            let mut reasons = Reason::ALL.iter();
            let reason = reasons.find(|reason| reason.code() == code && code.is_some());
            let reason = reason.ok_or_else(|| format!("entry {key}: reason {code:?}"))?;
            Ok::<_, String>(Note::new(*reason, self.detail.clone().unwrap_or_default()))
        };
        Ok(Row {
            usn: usn(number)?,
            shown: self.shown.as_ref().map(card).transpose()?,
            waiting: match waiting {
                Some(card) => Some((card, note()?)),
                None => None,
            },
            key,
        })
    }
}

/// The columns of a branch, besides its name.
pub(super) struct MemberText {
    pub(super) taken_epoch: Option<String>,
    pub(super) taken_usn: Option<i64>,
    pub(super) taken_by: Option<String>,
    pub(super) earlier: String,
    pub(super) confirmed: i64,
    pub(super) given: String,
}

impl MemberText {
    pub(super) fn of(member: &Member) -> Result<Self, String> {
        let given: Vec<_> = member.given.iter().map(|(r, usn)| (&r.0, usn.0)).collect();
        let taken = member.taken.as_ref();
        Ok(Self {
            taken_epoch: taken.map(|taken| taken.epoch.to_string()),
            taken_usn: taken.map(|taken| number(taken.usn)).transpose()?,
            taken_by: taken.map(|taken| taken.by.clone()),
            earlier: serde_json::to_string(&member.earlier).expect("a list is text"),
            confirmed: number(member.confirmed)?,
            given: serde_json::to_string(&given).expect("a list is text"),
        })
    }

    pub(super) fn to_member(&self, name: &str) -> Result<Member, String> {
        let bad = |error: serde_json::Error| format!("branch {name}: {error}");
        let taken = match (&self.taken_epoch, self.taken_usn, &self.taken_by) {
            (Some(text), Some(taken), Some(by)) => Some(Progress {
                epoch: epoch(text)?,
                usn: usn(taken)?,
                by: by.clone(),
            }),
            (None, None, None) => None,
            _ => return Err(format!("branch {name}: half of how far it is")),
        };
        let given: Vec<(String, u64)> = serde_json::from_str(&self.given).map_err(bad)?;
        Ok(Member {
            name: name.to_owned(),
            taken,
            earlier: serde_json::from_str(&self.earlier).map_err(bad)?,
            confirmed: usn(self.confirmed)?,
            given: given
                .into_iter()
                .map(|(receipt, usn)| (Receipt(receipt), Usn(usn)))
                .collect(),
        })
    }
}
