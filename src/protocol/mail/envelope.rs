//! What the header of a message says.

use super::message_id::MessageId;
use super::party::Party;
use super::signature::Signature;
use crate::codec::timestamp::Timestamp;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailKind {
    /// From one system mailbox to another.
    #[default]
    DirSync,
    /// To a person (`spec/protocol.md` 6.4).
    Note,
    /// A message could not be delivered; it comes back to its sender (message 154).
    NonDelivery,
}

impl MailKind {
    /// Returns the value of `DirSync-Kind:`; a dir-sync message has no such header.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::DirSync => None,
            Self::Note => Some("note"),
            Self::NonDelivery => Some("non-delivery"),
        }
    }

    /// Returns the kind with this word in its header.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Note, Self::NonDelivery]
            .into_iter()
            .find(|kind| kind.word().is_some_and(|w| w.eq_ignore_ascii_case(word)))
    }
}

/// The header of a message, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `Message-ID:`.
    pub message_id: MessageId,
    /// `DirSync-From:`.
    pub from: Party,
    /// `DirSync-To:`.
    pub to: Party,
    /// `Subject:`; for people.
    pub subject: String,
    /// `Date:`; zero where a message came without one.
    pub date: Timestamp,
    /// `DirSync-Kind:`.
    pub kind: MailKind,
    /// `In-Reply-To:`.
    pub in_reply_to: Option<MessageId>,
    /// `DirSync-Signature:`.
    pub signature: Option<Signature>,
}
