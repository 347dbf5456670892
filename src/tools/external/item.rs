//! One message in a postoffice, and what becomes of it.

use serde::Serialize;

use crate::codec::codepage::CodePage;
use crate::postoffice::Dir;
use crate::postoffice::mailbag::{Tries, Waiting};
use crate::protocol::mail::{FaultKind, Label};

/// A message that waits.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) waiting: Waiting,
    pub(super) label: Result<Label, FaultKind>,
}

impl Item {
    /// Takes its file name apart.
    pub(super) fn tries(&self) -> Tries<'_> {
        Tries::of(self.waiting.file.name())
    }

    /// Tells whether it came in by mail, rather than being sent here.
    pub(super) fn is_incoming(&self) -> bool {
        matches!(self.waiting.file.dir(), Dir::MailIn(_))
    }

    /// Returns its sender as the transfer logs show it: `NET/PO/$SYSTEM`.
    pub(super) fn from(&self, code_page: CodePage) -> String {
        self.party(|label| label.from.as_ref(), code_page)
    }

    /// Returns its addressee.
    pub(super) fn to(&self, code_page: CodePage) -> String {
        self.party(|label| label.to.as_ref(), code_page)
    }

    fn party<'l>(
        &'l self,
        which: impl FnOnce(&'l Label) -> Option<&'l crate::protocol::mail::Party>,
        code_page: CodePage,
    ) -> String {
        let party = self.label.as_ref().ok().and_then(which);
        let text = party.map(|party| party.view(code_page)).unwrap_or_default();
        text.strip_prefix("PCM:").map(str::to_owned).unwrap_or(text)
    }
}

/// Why a message did not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// For the logs and the report.
    pub(super) reason: String,
    /// Whether trying again is of no use.
    pub(super) is_final: bool,
    /// The address is unknown: the report to the sender has the published words (Q125511).
    pub(super) is_unknown_address: bool,
}

impl Failure {
    /// It may go next time.
    pub(super) fn later(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_final: false,
            is_unknown_address: false,
        }
    }

    /// It will never go.
    pub(super) fn forever(reason: impl Into<String>) -> Self {
        Self {
            is_final: true,
            ..Self::later(reason)
        }
    }

    /// There is no such address.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self {
            is_unknown_address: true,
            ..Self::forever(reason)
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// It is where it is addressed to.
    Delivered,
    /// Another postoffice sends it on.
    Relayed,
    /// A mail system has it.
    Mailed,
    /// Its sender has been told.
    Returned,
    /// It stays, for another try.
    Waiting,
    /// Nobody can be told: it is kept with the reason.
    Quarantined,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Mailed => "mailed",
            Self::Returned => "returned",
            Self::Waiting => "waiting",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A line of the report: one message at one postoffice.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    /// The postoffice it lay in, or the Maildir of `--from-maildir`.
    pub(super) postoffice: String,
    /// Its file there.
    pub(super) file: String,
    /// Its Message-ID.
    pub(super) id: Option<String>,
    /// `NET/PO/MAILBOX` of its sender.
    pub(super) from: String,
    /// `NET/PO/MAILBOX` of its addressee.
    pub(super) to: String,
    /// Its subject.
    pub(super) subject: String,
    /// Its bytes.
    pub(super) size: u64,
    /// `here`, `given`, `direct:PATH`, `indirect:NET/PO`, `mail:USER@HOST`, or nothing.
    pub(super) route: String,
    /// What became of it.
    pub(super) outcome: Outcome,
    /// Why, where it did not simply go.
    pub(super) reason: String,
    /// Tries in vain so far.
    pub(super) tries: u32,
}
