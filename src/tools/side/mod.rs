//! One side of a comparison, read from the front: a postoffice, a resync file, a queue, import text, LDIF, CSV, a
//! directory by its URL. `audit` compares two, `resync show` shows one.
//!
//! ```text
//! SideSpec (what was named) -> recognised -> read() -> Event ... Event -> About
//! ```
//!
//! A side is read once, in memory that does not grow with it, and nothing in it is written. What cannot be read is an
//! event too, with its reason; where a side ends before its end, [`About::incomplete`] says so, since nothing is known
//! to be absent then.

mod about;
pub mod access;
mod csv;
mod ldif;
mod postoffice;
pub mod recipient;
mod records;
mod spec;
mod text;

#[cfg(feature = "ldap")]
mod ldap;
#[cfg(feature = "ldap")]
mod url;

use std::fmt;

use serde::{Serialize, Serializer};

pub use about::{About, Numbering, Numbers};
pub use access::Access;
pub use spec::{SideKind, SideSpec};

use crate::directory::entry::Attributes;
use crate::plan::outcome::Reason;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ToolError;
use crate::transaction::Transaction;

/// Where something stands in its side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// Line of a text, from 1.
    Line(u64),
    /// Record of a queue, from 1, and its byte.
    Record(u64, u64),
    /// Entry of a list, from 1, in the order of the list.
    Entry(u64),
    /// Name of an entry of a directory.
    Name(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Record(number, offset) => write!(f, "record {number} at byte {offset:#x}"),
            Self::Entry(number) => write!(f, "entry {number} of its list"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Something in a side.
#[derive(Debug)]
pub enum Event<'e> {
    /// A transaction, as postoffices have them; an entry of a list is an A.
    Transaction {
        /// The transaction.
        transaction: Transaction,
        /// Where it stands.
        place: Place,
        /// Its sync number.
        sync: Option<u32>,
        /// Its date stamp.
        stamp: Option<u32>,
    },
    /// An entry of a directory or an address book.
    Entry {
        /// Its attributes.
        attributes: Attributes,
        /// Attributes that could not be looked at.
        unreadable: &'e [&'e str],
        /// Where it stands.
        place: Place,
    },
    /// Something that cannot be read.
    Refused(Refusal),
    /// An entry that the side itself keeps to itself.
    Excluded(Refusal),
    /// Numbers that a queue does not have, from and to, before a record.
    Gap {
        /// The first number that is missing.
        from: u32,
        /// The last number that is missing.
        to: u32,
        /// The record behind the gap.
        place: Place,
    },
    /// A number that is not above the one before it.
    Backwards {
        /// The number before.
        before: u32,
        /// The number.
        number: u32,
        /// Its record.
        place: Place,
    },
}

/// What is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Address, as far as it is known.
    pub address: String,
    /// Name, as far as it is known.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub reason: Reason,
    /// The published message, where there is one.
    pub message: Option<u16>,
    /// What is wrong.
    pub detail: String,
}

/// Takes what a side holds, in its order.
pub type Sink<'s> = dyn FnMut(Event<'_>) -> Result<(), ToolError> + 's;

/// Reads a side from the front to its end.
///
/// # Errors
/// There is no such side, it cannot be opened, or nothing of it can be read; `sink` failed; interrupted.
pub fn read(
    spec: &SideSpec,
    access: &Access,
    interrupt: &Interrupt,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let mut sink = |event: Event<'_>| {
        interrupt.check()?;
        sink(event)
    };
    match spec.kind {
        SideKind::Postoffice => postoffice::read(spec, &mut sink),
        SideKind::Resync => records::read_resync(spec, access, &mut sink),
        SideKind::Queue => records::read_queue(spec, access, &mut sink),
        SideKind::Text => text::read(spec, access, &mut sink),
        SideKind::Ldif => ldif::read(spec, &mut sink),
        SideKind::Csv => csv::read(spec, access, &mut sink),
        #[cfg(feature = "ldap")]
        SideKind::Ldap => ldap::read(spec, access, &mut sink),
        #[cfg(not(feature = "ldap"))]
        SideKind::Ldap => Err(ToolError::usage(format!(
            "{}: this program was built without LDAP",
            spec.title()
        ))),
    }
}
