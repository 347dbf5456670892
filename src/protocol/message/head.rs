//! What a request and a reply say about numbers: the part of a message that decisions are made from.

use super::{Profile, Task};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::protocol::sync::{RecordDigest, Stamp};

/// The numbers in a requestor's request (`spec/protocol.md` 6.1 and 6.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RequestHead {
    /// It asks for a full list.
    pub wants_import: bool,
    /// `REQSEQ`: last number in REQTRANS.
    pub req_sync: ReqSync,
    /// `WAS`: last number that the server has confirmed; programs other than ours do not say.
    pub confirmed: Option<ReqSync>,
    /// `CONFIRMED`: what the server itself had confirmed, where a resync file has raised that number since.
    pub acknowledged: Option<ReqSync>,
    /// `REQDIGEST`: which transaction the server itself confirmed last.
    pub digest: RecordDigest,
    /// `SRVSEQ`: last number received from the server; 0 where it is missing.
    pub srv_sync: SrvSync,
    /// `IMPSEQ`: number of the last full list received.
    pub import_sync: Option<ImportSync>,
    /// `STAMP` that the numbers of the server came with.
    pub stamp: Stamp,
}

impl RequestHead {
    /// Reads the numbers of a profile. `last` is the number of the last transaction, which tells where the profile is
    /// silent (`spec/protocol.md` 6.2).
    #[must_use]
    pub fn from_profile(profile: &Profile, last: Option<ReqSync>) -> Self {
        Self {
            wants_import: profile.known_task() == Some(Task::ImportRequest),
            req_sync: profile.reqseq.or(last).unwrap_or_default(),
            confirmed: profile.was.map(ReqSync),
            acknowledged: profile.confirmed,
            digest: RecordDigest(profile.reqdigest.unwrap_or_default()),
            srv_sync: profile.srvseq.unwrap_or_default(),
            import_sync: profile.impseq,
            stamp: Stamp(profile.stamp.unwrap_or_default()),
        }
    }

    /// Writes the numbers into a profile.
    pub fn put(&self, profile: &mut Profile) {
        let task = match self.wants_import {
            true => Task::ImportRequest,
            false => Task::UpdateRequest,
        };
        profile.task = Some(task.word().to_owned());
        profile.reqseq = Some(self.req_sync);
        profile.was = self.confirmed.map(|n| n.0);
        profile.confirmed = self.acknowledged;
        profile.reqdigest = self.digest.known().map(|digest| digest.0);
        profile.srvseq = Some(self.srv_sync);
        profile.impseq = self.import_sync;
        profile.stamp = Some(self.stamp.0).filter(|&stamp| stamp != 0);
    }

    /// Tells whether the request is of a program like ours, whose numbers can be compared with what is known.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.confirmed.is_some()
    }

    /// Returns which transaction the confirmed number belongs to: none where a resync file has raised it.
    #[must_use]
    pub fn digest_at_confirmed(&self) -> RecordDigest {
        match (self.acknowledged, self.digest) {
            (None, digest) if digest != RecordDigest::UNKNOWN => digest,
            _ => RecordDigest::NO_RECORD,
        }
    }

    /// Tells whether the requestor has nothing yet, so that an import is meant: the confirmed ReqSync and SrvSync are
    /// both 0 (Q96060; the import number does not count, `spec/protocol.md` 4.4). Where the confirmed number is not
    /// said, the last one stands for it: who has sent something is not new.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.confirmed.unwrap_or(self.req_sync) == ReqSync::ZERO && self.srv_sync == SrvSync::ZERO
    }
}

/// The numbers in a server's reply (`spec/protocol.md` 6.1 and 6.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReplyHead {
    /// Its transactions are a full list.
    pub is_import: bool,
    /// `REQSEQ`: last number taken from the requestor.
    pub req_sync: ReqSync,
    /// `REQDIGEST`: which transaction that number belongs to.
    pub digest: RecordDigest,
    /// `SRVSEQ`: what the requestor has afterwards.
    pub srv_sync: SrvSync,
    /// `WAS`: what it has before; servers other than ours do not say in the body.
    pub was: Option<SrvSync>,
    /// `IMPSEQ`: full lists sent to the requestor.
    pub import_sync: ImportSync,
    /// `STAMP` of the server.
    pub stamp: Stamp,
    /// `AFTER`: the states that the updates fit on, by the STAMP that brought them; servers other than ours do not say.
    pub after: Option<Vec<Stamp>>,
    /// `EXPORT`: the requestor shall send its whole own list.
    pub export: bool,
}

impl ReplyHead {
    /// Reads the numbers of a profile; those that are missing are those the requestor has, so that they change nothing.
    #[must_use]
    pub fn from_profile(profile: &Profile, own: (ReqSync, SrvSync, ImportSync)) -> Self {
        Self {
            is_import: profile.known_task() == Some(Task::Import),
            req_sync: profile.reqseq.unwrap_or(own.0),
            digest: RecordDigest(profile.reqdigest.unwrap_or_default()),
            srv_sync: profile.srvseq.unwrap_or(own.1),
            was: profile.was.map(SrvSync),
            import_sync: profile.impseq.unwrap_or(own.2),
            stamp: Stamp(profile.stamp.unwrap_or_default()),
            after: profile
                .after
                .as_ref()
                .map(|stamps| stamps.iter().copied().map(Stamp).collect()),
            export: profile.export.unwrap_or(false),
        }
    }

    /// Writes the numbers into a profile.
    pub fn put(&self, profile: &mut Profile) {
        let task = match self.is_import {
            true => Task::Import,
            false => Task::Update,
        };
        profile.task = Some(task.word().to_owned());
        profile.reqseq = Some(self.req_sync);
        profile.reqdigest = self.digest.known().map(|digest| digest.0);
        profile.srvseq = Some(self.srv_sync);
        profile.was = self.was.map(|n| n.0);
        profile.impseq = Some(self.import_sync);
        profile.stamp = Some(self.stamp.0).filter(|&stamp| stamp != 0);
        profile.after = self
            .after
            .as_ref()
            .map(|stamps| stamps.iter().map(|stamp| stamp.0).collect());
        profile.export = Some(true).filter(|_| self.export);
    }
}
