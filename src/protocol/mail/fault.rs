//! Why a message cannot be taken, as a value with its published number.

use std::fmt;

use super::message_id::MessageId;
use super::party::Party;
use crate::address::AddressError;
use crate::codec::codepage::CodePage;
use crate::messages::Message;

/// A message that is none, is damaged, or is not for dir-sync; with what is known of it for the log and the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct MailFault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Who it says it is from, where that can be read.
    pub from: Option<Party>,
    /// Its Message-ID, where it has one.
    pub message_id: Option<MessageId>,
}

impl MailFault {
    /// Returns the published number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.kind.number()
    }

    /// Returns the message for the log: 115, 116, 124 and 125 name the sender, 154 the text of the report.
    #[must_use]
    pub fn message(&self, code_page: CodePage) -> Message {
        let argument = match (&self.kind, &self.from) {
            (FaultKind::NonDelivery(_), _) => String::new(),
            (FaultKind::Foreign { from, .. }, _) => from.clone(),
            (kind, Some(from)) => format!("{}: {kind}", from.view(code_page)),
            (kind, None) => format!("<NULL>: {kind}"),
        };
        Message::new(self.number(), argument)
    }
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// It does not begin with a header (115).
    #[error("no mail header")]
    NoHeader,
    /// It ends inside its header (115).
    #[error("it ends inside its header")]
    HeaderCut,
    /// The header is longer than any that is read (115).
    #[error("a header of more than {0} bytes")]
    HeaderTooLong(usize),
    /// It is larger than is read (115).
    #[error("{len} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its bytes.
        len: u64,
        /// Bytes that are read.
        limit: u64,
    },
    /// Parts inside parts, or more of them than any message has (115).
    #[error("{0}")]
    TooComplex(&'static str),
    /// A header that must be there once is there twice: nobody knows which is meant (115).
    #[error("more than one {0} header")]
    Repeated(&'static str),
    /// A `DirSync-From:` or `DirSync-To:` that names no postoffice (115).
    #[error("{header}: {source}")]
    Address {
        /// Which header.
        header: &'static str,
        /// What is wrong.
        source: Box<AddressError>,
    },
    /// The parts cannot be told apart (124).
    #[error("{0}")]
    Structure(&'static str),
    /// It ends before its last part does (125).
    #[error("it ends inside part {part}")]
    Cut {
        /// Number of the part, from 1.
        part: usize,
    },
    /// The transfer encoding of a part is damaged or unknown (125).
    #[error("part {part}: {encoding} cannot be decoded")]
    Encoding {
        /// Number of the part, from 1.
        part: usize,
        /// Its encoding, as written.
        encoding: String,
    },
    /// What arrived is not what was sent (125).
    #[error("it was changed on the way: its digest is {found}, the header says {stored}")]
    Digest {
        /// Digest in the header.
        stored: String,
        /// Digest of what arrived.
        found: String,
    },
    /// The text holds what the code page of this postoffice does not have (124).
    #[error("character {character:?} of its text is not in code page {code_page}")]
    Charset {
        /// The first such character.
        character: char,
        /// The page.
        code_page: CodePage,
    },
    /// An announced attachment is missing or empty (116).
    #[error("no attachment with transactions")]
    NoTransactions,
    /// It is a report that a message was not delivered (154).
    #[error("a non-delivery report")]
    NonDelivery(Box<NonDelivery>),
    /// Mail of somebody else, neither from nor to a system mailbox (154).
    #[error("no dir-sync message: it is from {from}")]
    Foreign {
        /// Its `From:`, bounded.
        from: String,
        /// What it says.
        report: Box<NonDelivery>,
    },
}

impl FaultKind {
    /// Returns the published number.
    #[must_use]
    pub fn number(&self) -> u16 {
        match self {
            Self::NoHeader
            | Self::HeaderCut
            | Self::HeaderTooLong(_)
            | Self::TooLarge { .. }
            | Self::TooComplex(_)
            | Self::Repeated(_)
            | Self::Address { .. } => 115,
            Self::NoTransactions => 116,
            Self::Structure(_) | Self::Charset { .. } => 124,
            Self::Cut { .. } | Self::Encoding { .. } | Self::Digest { .. } => 125,
            Self::NonDelivery(_) | Self::Foreign { .. } => 154,
        }
    }

    /// Returns the report, or the text of a stranger's mail, that the log lines below 154 and the administrator get.
    #[must_use]
    pub fn report(&self) -> Option<&NonDelivery> {
        match self {
            Self::NonDelivery(report) | Self::Foreign { report, .. } => Some(report),
            _ => None,
        }
    }
}

/// What a non-delivery report says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NonDelivery {
    /// Its text, line by line, bounded in number and length.
    pub lines: Vec<String>,
    /// Which message was not delivered, where it says so.
    pub about: Option<MessageId>,
    /// Who had sent that message, where the report encloses its header.
    pub sender: Option<Party>,
    /// Its subject.
    pub subject: String,
}

impl fmt::Display for NonDelivery {
    /// Writes the text, lines parted by a blank.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join(" "))
    }
}
