//! What can go wrong with a server as a whole.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::code::Refusal;
use crate::directory::dn::Dn;

/// The connection, or what was asked of it as a whole, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LdapError {
    /// The text names no server.
    #[error("{url:?} names no directory server: {why}")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody answers there.
    #[error("{url}: directory unreachable")]
    Unreachable {
        /// The server.
        url: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The CA certificates cannot be used.
    #[error("{}: no certificates of authorities: {why}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No encrypted connection to a server that is known.
    #[error("{url}: no secure connection: {why}")]
    Tls {
        /// The server.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The server does not know name and password together (result 49).
    #[error("{url}: wrong password, or no such name: {dn:?}")]
    WrongPassword {
        /// The server.
        url: String,
        /// The name.
        dn: String,
    },
    /// A name without a password would be taken for nobody, and would be let in as such (RFC 4513 section 5.1.2).
    #[error("{url}: no password for {dn:?}")]
    NoPassword {
        /// The server.
        url: String,
        /// The name.
        dn: String,
    },
    /// The server refuses what is not about one entry.
    #[error("{what} refused: {refusal}")]
    Refused {
        /// What was asked.
        what: String,
        /// What it said.
        refusal: Refusal,
    },
    /// What was asked cannot be put into a request.
    #[error("no request: {0}")]
    Request(String),
    /// The server took too long. Whether it did what was asked is not known.
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    Timeout(Duration),
    /// The run was to end before the answer to what changes nothing.
    #[error("interrupted before the directory answered")]
    Stopped,
    /// The connection ended before the answer. Whether the server did what was asked is not known.
    #[error("connection to the directory lost")]
    Lost,
    /// The server ended the connection, and said so. Whether it did what was asked is not known.
    #[error("the directory ended the connection: {refusal}")]
    Closed {
        /// What it said.
        refusal: Refusal,
    },
    /// The server answered what no server should.
    #[error("the directory answered nonsense: {0}")]
    Answer(String),
    /// Not everything was read: what is missing is not known to be absent (LD-11).
    #[error("incomplete read of {:?}: {seen} entries seen, then {cause}", base.to_string())]
    Incomplete {
        /// Where was read.
        base: Dn,
        /// Entries seen.
        seen: usize,
        /// Why no more.
        cause: Incomplete,
    },
    /// The connection failed with requests outstanding.
    #[error("{answered} operations answered, then, with {unknown} outstanding, {cause}")]
    Interrupted {
        /// Operations that were answered, and handed back.
        answered: usize,
        /// Operations sent of which nothing is known.
        unknown: usize,
        /// What happened.
        #[source]
        cause: Box<Self>,
    },
}

/// Why a read is not whole.
#[derive(Debug, thiserror::Error)]
pub enum Incomplete {
    /// The server ended with something else than success.
    #[error("result {0}")]
    Result(Refusal),
    /// A part lies on another server.
    #[error("a referral to {}", .0.join(", "))]
    Referral(Vec<String>),
    /// The reader wanted no more.
    #[error("stopped by the reader")]
    Stopped,
    /// The connection failed.
    #[error("{0}")]
    Connection(Box<LdapError>),
}

impl LdapError {
    /// Puts what happened to a request on an established connection into our words.
    pub(super) fn of_request(error: ldap3::LdapError, timeout: Duration) -> Self {
        use ldap3::LdapError as E;
        match error {
            E::Timeout { .. } => Self::Timeout(timeout),
            E::FilterParsing => Self::Request("not a filter".into()),
            E::AddNoValues => Self::Request("an attribute without values".into()),
            // Every other way to fail is the end of the connection, seen from different sides.
            _ => Self::Lost,
        }
    }
}
