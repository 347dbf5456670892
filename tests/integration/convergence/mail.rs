//! What travels: requests, replies, and resync files.

use std::fmt;
use std::hash::{Hash, Hasher};

use dirsync::codec::resync::ResyncHeader;
use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::protocol::message::{ReplyHead, RequestHead};

use dirsync::protocol::sync::Stamp;

use super::list::{Change, Entry, List, Record};
use super::stage::BEGIN;

/// What happened to a message on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Damage {
    /// Nothing.
    None,
    /// It is whole up to this transaction: cut there, or the checksum of the next is wrong.
    From(u8),
    /// Not even its numbers can be believed.
    All,
}

/// A request to the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub(super) from: usize,
    pub(super) head: RequestHead,
    pub(super) records: Vec<Record<ReqSync>>,
    pub(super) damage: Damage,
}

/// A reply to a requestor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    pub(super) to: usize,
    pub(super) head: ReplyHead,
    pub(super) records: Vec<Record<SrvSync>>,
    pub(super) damage: Damage,
}

/// A resync file that the server has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResyncFile {
    pub(super) header: ResyncHeader,
    pub(super) lists: Vec<List>,
}

impl Hash for ResyncFile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let header = &self.header;
        (header.req_sync, header.srv_sync, header.import_sync).hash(state);
        (header.stamp, &self.lists).hash(state);
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.head;
        let confirmed = head.confirmed.map_or(0, |n| n.0);
        write!(f, "{}: R={} (was {confirmed}", self.from, head.req_sync)?;
        if let Some(acknowledged) = head.acknowledged {
            write!(f, ", raised from {acknowledged}")?;
        }
        let import = head.import_sync.unwrap_or_default();
        write!(f, ") S={} I={import} {}", head.srv_sync, moment(head.stamp))?;
        if head.wants_import {
            write!(f, " wants import")?;
        }
        write!(f, ", {} sent", Records(&self.records))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.head;
        let was = head.was.unwrap_or_default();
        write!(
            f,
            "{}: R={} S={} (was {was})",
            self.to, head.req_sync, head.srv_sync
        )?;
        write!(f, " I={} {}", head.import_sync, moment(head.stamp))?;
        if let Some(after) = &head.after {
            let after: Vec<_> = after.iter().copied().map(moment).collect();
            write!(f, " after {}", after.join(" "))?;
        }
        for (is_set, word) in [(head.is_import, " IMPORT"), (head.export, " EXPORT")] {
            f.write_str(if is_set { word } else { "" })?;
        }
        write!(f, ", {} sent", Records(&self.records))
    }
}

/// Shows a STAMP as hours since the history began.
fn moment(stamp: Stamp) -> String {
    match stamp.0.checked_sub(BEGIN.0) {
        Some(seconds) => format!("@{}", f64::from(seconds) / 3600.0),
        None => format!("@-{stamp}"),
    }
}

/// Shows transactions, if they are few.
struct Records<'a, N>(&'a [Record<N>]);

impl<N: fmt::Display> fmt::Display for Records<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())?;
        for Record { number, op, .. } in self.0.iter().take(8) {
            write!(f, " {number}:{}.", op.list)?;
            match op.change {
                Change::Replace => write!(f, "R")?,
                Change::Add(name, Entry { mailbox, value }) => {
                    write!(f, "A{name}/{mailbox}={value}")?
                }
                Change::Modify { from, to, entry } => {
                    write!(f, "M{from}>{to}/{}={}", entry.mailbox, entry.value)?;
                }
                Change::Delete(name, entry) => {
                    write!(f, "D{name}/{}={}", entry.mailbox, entry.value)?
                }
            }
        }
        Ok(())
    }
}
