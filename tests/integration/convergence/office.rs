//! A postoffice as a requestor: its numbers, its queues and its lists.

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::outcome::Refusal;
use dirsync::protocol::requestor::{
    self, Acknowledgment, QueueView, Requestor, Sending, Updates, Verdict,
};
use dirsync::protocol::resync::{self, RequestorState};
use dirsync::protocol::sync::{RecordDigest, Stamp};

use super::list::{Change, Entry, List, Op, Record, whole};
use super::mail::{Damage, Reply, Request, ResyncFile};
use super::watch::Watch;

/// A postoffice: what is on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Office {
    /// Its own number.
    pub(super) index: u8,
    /// REQCONF.
    pub(super) numbers: Requestor,
    /// REQTRANS, without the dummy.
    pub(super) queue: Vec<Record<ReqSync>>,
    /// Last number of REQTRANS, the dummy's included.
    pub(super) last: ReqSync,
    /// SRVTRANS.
    pub(super) incoming: Vec<Record<SrvSync>>,
    /// One list for each owner, and behind them the one that nobody owns, which all feed.
    pub(super) lists: Vec<List>,
    /// What this postoffice has fed into that one and holds for it.
    pub(super) fed: List,
    /// Most transactions of a reply; 0 for no limit.
    pub(super) limit: u32,
    /// The numbers were set to zero and REQTRANS was left, so that numbers have a hole in front of what waits.
    pub(super) is_zeroed: bool,
    /// The numbers were set to zero, and the operator has still to export, as LISTDS says.
    pub(super) has_to_export: bool,
}

/// What an operator does to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Edit {
    /// Adds the entry with a mailbox; changes it where it is there.
    Put(u8, u8),
    /// Gives the entry another name.
    Rename(u8, u8),
    /// Deletes it.
    Delete(u8),
}

/// Names that one postoffice feeds.
const FED_NAMES: u8 = 8;

impl Edit {
    fn of_feeder(self, index: u8) -> Self {
        let name = |name: u8| index * FED_NAMES + name % FED_NAMES;
        match self {
            Self::Put(at, mailbox) => Self::Put(name(at), name(mailbox)),
            Self::Rename(from, to) => Self::Rename(name(from), name(to)),
            Self::Delete(at) => Self::Delete(name(at)),
        }
    }

    /// Returns the change it makes to a list; none where there is nothing to do.
    pub(super) fn change(self, list: &List, value: u32) -> Option<Change> {
        let entry = |mailbox| Entry { mailbox, value };
        let held = |name| list.get(&name).map(|held: &Entry| entry(held.mailbox));
        match self {
            Self::Put(name, mailbox) => Some(match held(name) {
                Some(entry) => Change::Modify {
                    from: name,
                    to: name,
                    entry,
                },
                None => Change::Add(name, entry(mailbox)),
            }),
            Self::Rename(from, to) => {
                let entry = held(from).filter(|_| !list.contains_key(&to))?;
                Some(Change::Modify { from, to, entry })
            }
            Self::Delete(name) => held(name).map(|entry| Change::Delete(name, entry)),
        }
    }
}

impl Office {
    pub(super) fn new(index: usize, count: usize) -> Self {
        Self {
            index: u8::try_from(index).expect("a few"),
            numbers: Requestor::default(),
            queue: Vec::new(),
            last: ReqSync::ZERO,
            incoming: Vec::new(),
            lists: vec![List::new(); count + 1],
            fed: List::new(),
            limit: 0,
            is_zeroed: false,
            has_to_export: false,
        }
    }

    /// Returns its number as an index.
    pub(super) fn at(&self) -> usize {
        usize::from(self.index)
    }

    /// Returns its own list.
    pub(super) fn own(&self) -> &List {
        &self.lists[self.at()]
    }

    /// Edits the own list, or feeds the one that nobody owns; returns whether there was something to do.
    pub(super) fn edit(&mut self, edit: Edit, feeds: bool, value: u32, now: Timestamp) -> bool {
        let (number, edit) = match feeds {
            true => (self.lists.len() - 1, edit.of_feeder(self.index)),
            false => (self.at(), edit),
        };
        let list = match feeds {
            true => &mut self.fed,
            false => &mut self.lists[number],
        };
        let Some(change) = edit.change(list, value) else {
            return false;
        };
        change.apply(list);
        let list = u8::try_from(number).expect("a few");
        self.push(Op { list, change }, now);
        true
    }

    /// Returns the names that this postoffice feeds: each has its own, so that no order among them matters.
    pub(super) fn fed_names(&self) -> std::ops::Range<u8> {
        self.index * FED_NAMES..(self.index + 1) * FED_NAMES
    }

    /// Sends the own list whole: R and its entries.
    pub(super) fn export(&mut self, now: Timestamp) {
        self.has_to_export = false;
        let ops: Vec<_> = whole(self.index, self.own()).collect();
        for op in ops {
            self.push(op, now);
        }
    }

    fn push(&mut self, op: Op, stamp: Timestamp) {
        let last = self.last.max(self.numbers.req_sync);
        let number = last.next().expect("few edits");
        self.last = number;
        self.queue.push(Record { number, stamp, op });
    }

    /// T1: REQMAIN -T.
    pub(super) fn t1(&mut self, watch: &mut Watch) -> Request {
        let sending = requestor::send(&self.numbers, self.last);
        self.request(sending, watch)
    }

    /// Asks for a full list outside of T1.
    pub(super) fn ask_import(&mut self, watch: &mut Watch) -> Request {
        let sending = requestor::ask_import(&self.numbers);
        let mut request = self.request(sending, watch);
        request.records.clear();
        request
    }

    fn request(&mut self, sending: Sending, watch: &mut Watch) -> Request {
        let head = sending.head;
        let told = self.queue.iter().filter(|r| r.number > sending.after);
        let records: Vec<_> = told
            .filter(|r| r.number <= head.req_sync)
            .copied()
            .collect();
        if let Some(remark) = &sending.remark {
            watch.remark(self.at(), remark);
        }
        // Invariants 1 and 2 of section 2.2.
        let after = head.confirmed.expect("ours say it");
        let is_dead = |r: &Record<ReqSync>| r.number <= self.numbers.req_sync;
        watch.check(!records.iter().any(is_dead), || {
            format!("{} sends what was confirmed", self.index)
        });
        let sum = u64::from(after.0) + records.len() as u64;
        watch.check(self.is_zeroed || sum == u64::from(head.req_sync.0), || {
            format!("x = y + z does not hold: {head:?} with {}", records.len())
        });
        self.numbers = sending.next;
        let request = Request {
            from: self.at(),
            head,
            records,
            damage: Damage::None,
        };
        watch.request(&request);
        request
    }

    /// The receiving half of T3: REQMAIN -R. `is_taken` tells whether the server ever took a transaction.
    pub(super) fn take_replies(
        &mut self,
        mut replies: Vec<Reply>,
        now: Timestamp,
        is_taken: impl Fn(RecordDigest) -> bool,
        watch: &mut Watch,
    ) {
        requestor::order(&mut replies, |reply| &reply.head);
        for reply in replies {
            match reply.damage {
                Damage::None => self.take_reply(&reply, now, &is_taken, watch),
                _ => watch.refusal(self.at(), &Refusal::Damaged("cut".to_owned())),
            }
        }
    }

    fn take_reply(
        &mut self,
        reply: &Reply,
        now: Timestamp,
        is_taken: &impl Fn(RecordDigest) -> bool,
        watch: &mut Watch,
    ) {
        let head = &reply.head;
        let at = self.queue.iter().find(|r| r.number == head.req_sync);
        let view = QueueView {
            last: self.last,
            at_confirmed: at.map_or(RecordDigest::UNKNOWN, Record::digest),
        };
        let verdict = requestor::judge(&self.numbers, view, head);
        watch.say(|| format!("   judges {reply}"));
        watch.count_variant("reply", &verdict);
        let taken = match verdict {
            Verdict::Leave { next, remark } => {
                watch.remark(self.at(), &remark);
                self.numbers = next;
                return;
            }
            Verdict::Take(taken) => taken,
        };
        for remark in &taken.remarks {
            watch.remark(self.at(), remark);
        }
        watch.say(|| format!("   takes it: {:?}", taken.acknowledgment));
        watch.count_variant("acknowledgment", &taken.acknowledgment);
        watch.count_variant("updates", &taken.updates);
        let after = match taken.updates {
            Updates::All => None,
            Updates::After(after) => Some(after),
        };
        let is_new = |r: &&Record<SrvSync>| after.is_none_or(|after| r.number > after);
        self.incoming.extend(reply.records.iter().filter(is_new));
        let confirmed = self.numbers.req_sync;
        let own = Op {
            list: self.index,
            change: Change::Replace,
        };
        let exports = self.queue.iter().rev().find(|r| r.op == own);
        let waiting = exports.map(|r| r.number).filter(|&n| n > confirmed);
        self.acknowledge(taken.acknowledgment, is_taken, watch);
        self.last = self.last.max(taken.next.req_sync);
        self.numbers = taken.next;
        if requestor::needs_export(taken.export, waiting, taken.acknowledgment) {
            watch.count("export");
            self.export(now);
        }
    }

    fn acknowledge(
        &mut self,
        acknowledgment: Acknowledgment,
        is_taken: &impl Fn(RecordDigest) -> bool,
        watch: &mut Watch,
    ) {
        match acknowledgment {
            Acknowledgment::Nothing => {}
            Acknowledgment::Discard { through } => {
                // Invariant 8: nothing is forgotten before the server has it.
                let mut gone = self.queue.iter().filter(|r| r.number <= through);
                let lost = gone.find(|r| !is_taken(r.digest()));
                watch.check(lost.is_none(), || {
                    format!("{} forgets {lost:?}, which no server took", self.index)
                });
                self.queue.retain(|r| r.number > through);
            }
            Acknowledgment::Renumber { above } => self.renumber(above),
        }
    }

    fn renumber(&mut self, above: ReqSync) {
        let confirmed = self.numbers.req_sync;
        self.queue.retain(|r| r.number > confirmed);
        let mut next = above;
        for record in &mut self.queue {
            next = next.next().expect("few edits");
            record.number = next;
        }
        self.is_zeroed = false;
        self.last = next;
    }

    /// The other half of T3: IMPORT -Q.
    pub(super) fn import(&mut self, watch: &mut Watch) {
        for record in std::mem::take(&mut self.incoming) {
            let Op { list, change } = record.op;
            if list == self.index {
                watch.count("import: own, ignored (66)");
                continue;
            }
            let applied = change.apply(&mut self.lists[usize::from(list)]);
            watch.count_variant("import", &applied);
        }
    }

    /// Applies a resync file, which brings the lists at once.
    pub(super) fn apply_resync(&mut self, file: &ResyncFile, watch: &mut Watch) -> bool {
        let name = |text: &[u8]| PostofficeName::parse(text, CodePage::Cp850).expect("NET/PO");
        let own = RequestorState {
            name: name(b"NET/REQ"),
            server: Some(name(b"NET/SRV")),
            is_server: self.index == 0,
            req_sync: self.numbers.req_sync,
            srv_sync: self.numbers.srv_sync,
            import_sync: self.numbers.import_sync,
            server_stamp: self.numbers.stamp.0,
        };
        let header = &file.header;
        let verdict = resync::judge(header, &own, CodePage::Cp850);
        watch.say(|| format!("   {} judges {header:?}: {verdict:?}", self.index));
        watch.count_variant("resync", &verdict);
        let is_taken = matches!(
            verdict,
            resync::Verdict::Take | resync::Verdict::TakeOlder(_)
        );
        if !is_taken {
            return false;
        }
        let numbers = (header.req_sync, header.srv_sync, header.import_sync);
        self.renumber(header.req_sync);
        self.numbers = requestor::resynced(&self.numbers, numbers, Stamp(header.stamp));
        for (owner, list) in file.lists.iter().enumerate() {
            if owner != self.at() {
                self.lists[owner].clone_from(list);
            }
        }
        self.incoming.clear();
        true
    }

    /// `listds -r -z`: the numbers alone.
    pub(super) fn zero_numbers(&mut self) {
        self.is_zeroed = true;
        self.has_to_export = true;
        self.numbers.req_sync = ReqSync::ZERO;
        self.numbers.srv_sync = SrvSync::ZERO;
        self.numbers.import_sync = dirsync::codec::sync_number::ImportSync::ZERO;
    }

    /// Exports, where the numbers were set to zero before (5.4).
    pub(super) fn complete_reset(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.has_to_export) {
            self.export(now);
        }
    }

    /// REQTRANS is lost; PODIAG puts a dummy with ReqSync there, and the operator exports (Q119014, Q110496).
    pub(super) fn lose_queue(&mut self, now: Timestamp) {
        self.queue.clear();
        self.last = self.numbers.req_sync;
        self.export(now);
    }
}
