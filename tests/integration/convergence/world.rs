//! The postoffices of an organization and their server, as they are at one moment.

use std::collections::BTreeSet;

use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::server::Registered;
use dirsync::protocol::sync::{RecordDigest, Stamp};

use super::mail::{Reply, Request, ResyncFile};
use super::office::{Edit, Office};
use super::server::ServerState;
use super::watch::Watch;

/// All postoffices; the first is the server and its own requestor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) offices: Vec<Office>,
    pub(super) server: ServerState,
    pub(super) keep_updates_days: u16,
    /// What nobody in the world knows.
    pub(super) ghost: Ghost,
}

/// What is remembered for the checks alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ghost {
    /// Edits so far.
    pub(super) edits: u32,
    /// Every transaction that a server ever took, by requestor.
    pub(super) taken: Vec<BTreeSet<u32>>,
    /// Requestors whose numbers were tampered with: the invariants between them and the server may not hold.
    pub(super) disturbed: Vec<bool>,
}

impl World {
    pub(super) fn new(count: usize) -> Self {
        Self {
            offices: (0..count).map(|index| Office::new(index, count)).collect(),
            server: ServerState::new(count),
            keep_updates_days: 14,
            ghost: Ghost {
                edits: 0,
                taken: vec![BTreeSet::new(); count],
                disturbed: vec![false; count],
            },
        }
    }

    pub(super) fn edit(&mut self, office: usize, edit: Edit, feeds: bool, now: Timestamp) -> bool {
        let value = self.ghost.edits + 1;
        let done = self.offices[office].edit(edit, feeds, value, now);
        self.ghost.edits += u32::from(done);
        done
    }

    pub(super) fn receive(&mut self, now: Timestamp, requests: Vec<Request>, watch: &mut Watch) {
        let taken = self
            .server
            .receive(now, self.keep_updates_days, requests, watch);
        for (from, digest) in taken {
            self.ghost.taken[from].insert(digest.0);
        }
        self.check(watch);
    }

    pub(super) fn transmit(
        &mut self,
        now: Timestamp,
        failing: Option<usize>,
        watch: &mut Watch,
    ) -> Vec<Reply> {
        let replies = self.server.transmit(now, &self.offices, failing, watch);
        self.check(watch);
        replies
    }

    pub(super) fn take_replies(
        &mut self,
        office: usize,
        replies: Vec<Reply>,
        now: Timestamp,
        watch: &mut Watch,
    ) {
        let before = self.offices[office].numbers.clone();
        let taken = &self.ghost.taken[office];
        let is_taken = |digest: RecordDigest| taken.contains(&digest.0);
        self.offices[office].take_replies(replies, now, is_taken, watch);
        let after = &self.offices[office].numbers;
        let is_calm = !self.ghost.disturbed[office];
        // Rule 7, and what was confirmed or received never goes back in normal running.
        watch.check(after.import_sync >= before.import_sync, || {
            format!("import number of {office} goes back")
        });
        let goes_on = after.req_sync >= before.req_sync && after.srv_sync >= before.srv_sync;
        watch.check(goes_on || !is_calm, || {
            format!("numbers of {office} go back: {before:?}, {after:?}")
        });
        self.check(watch);
    }

    pub(super) fn make_resync(&mut self, now: Timestamp, watch: &mut Watch) -> ResyncFile {
        self.server.make_resync(now, &self.offices[0], watch)
    }

    pub(super) fn apply_resync(&mut self, office: usize, file: &ResyncFile, watch: &mut Watch) {
        if self.offices[office].apply_resync(file, watch) {
            self.ghost.disturbed[office] = true;
        }
    }

    /// Registers a requestor, anew where it is registered.
    pub(super) fn register(&mut self, office: usize) {
        self.server.entries[office] = Some(Registered::default());
        self.ghost.disturbed[office] = true;
    }

    /// Switches the server off and on again, with its own numbers set to zero before, as ADMIN demands (Q103421).
    pub(super) fn begin_server_anew(&mut self, now: Timestamp) {
        self.offices[0].zero_numbers();
        self.server = ServerState::new(self.offices.len());
        self.server.numbers.stamp = Stamp(now.0);
        self.disturb_all();
    }

    pub(super) fn disturb_all(&mut self) {
        self.ghost.disturbed.fill(true);
    }

    /// Invariants 3 and 4 of section 2.2, between requestors that nobody tampered with and the server.
    pub(super) fn check(&self, watch: &mut Watch) {
        let sync = self.server.numbers.sync;
        for (at, office) in self.offices.iter().enumerate() {
            if self.ghost.disturbed[at] {
                continue;
            }
            let Some(entry) = &self.server.entries[at] else {
                continue;
            };
            let own = &office.numbers;
            let last = office.last.max(own.req_sync);
            watch.check(
                own.req_sync <= entry.req_sync && entry.req_sync <= last,
                || {
                    let taken = entry.req_sync;
                    format!(
                        "{at} has {} confirmed, {taken} taken, {last} made",
                        own.req_sync
                    )
                },
            );
            watch.check(entry.srv_sync <= sync && own.srv_sync <= sync, || {
                let told = entry.srv_sync;
                format!("{at} has SrvSync {}, told {told}, of {sync}", own.srv_sync)
            });
        }
    }

    /// Says where a list differs from what its owner holds.
    pub(super) fn difference(&self) -> Option<String> {
        let foreign = self.offices.len();
        for (at, office) in self.offices.iter().enumerate() {
            for owner in 0..=foreign {
                let held = match owner == foreign {
                    true => &self.offices[0].lists[foreign],
                    false => self.offices[owner].own(),
                };
                let found = &office.lists[owner];
                if found != held {
                    return Some(format!("{at} has {found:?} of {owner}, that is {held:?}"));
                }
            }
        }
        None
    }

    /// Says what was fed and is gone, by requestors that were not said to have lost something.
    pub(super) fn lost_feed(&self, losses: &[Option<usize>]) -> Option<String> {
        if losses.contains(&None) {
            return None;
        }
        let held = &self.offices[0].lists[self.offices.len()];
        let feeders = self
            .offices
            .iter()
            .filter(|o| !losses.contains(&Some(o.at())));
        for office in feeders {
            let (at, fed) = (office.at(), &office.fed);
            for name in office.fed_names() {
                let (fed, held) = (fed.get(&name), held.get(&name));
                if fed != held {
                    return Some(format!("{at} has fed {fed:?} as {name}, that is {held:?}"));
                }
            }
        }
        None
    }

    /// Says what is still to be done before nothing changes any more.
    pub(super) fn unsettled(&self) -> Option<String> {
        let sync = self.server.numbers.sync;
        for (at, office) in self.offices.iter().enumerate() {
            let Some(entry) = &self.server.entries[at] else {
                return Some(format!("{at} is not registered"));
            };
            let own = &office.numbers;
            let waits = office.queue.iter().any(|r| r.number > own.req_sync);
            let is_due = entry.due.export || own.import_requested;
            if waits || is_due || !office.incoming.is_empty() {
                return Some(format!("{at} waits: {office:?}, {entry:?}"));
            }
            // Invariants 3 and 4, without exception.
            let agree = own.req_sync == entry.req_sync && own.import_sync == entry.import_count;
            if !agree || own.srv_sync != sync || own.raised_from.is_some() {
                return Some(format!(
                    "{at} is out of step: {own:?}, {entry:?}, Sync {sync}"
                ));
            }
        }
        None
    }
}
