//! The directory server: SRVCONF and MSTTRANS, and the two halves of T2.

use dirsync::codec::resync::ResyncHeader;
use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::outcome::{Refusal, Remark};
use dirsync::protocol::resync::{ServerNumbers, header_numbers};
use dirsync::protocol::server::{self, Content, Master, Numbered, Pace, Registered, Server};
use dirsync::protocol::sync::RecordDigest;

use super::list::{Change, Op, Record, whole};
use super::mail::{Damage, Reply, Request, ResyncFile};
use super::office::Office;
use super::watch::Watch;

/// What is on the disk of the server beside its postoffice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ServerState {
    /// The header of SRVCONF.
    pub(super) numbers: Server,
    /// Its records; none for a requestor that is not registered.
    pub(super) entries: Vec<Option<Registered>>,
    /// MSTTRANS.
    pub(super) master: Vec<Record<SrvSync>>,
}

impl ServerState {
    pub(super) fn new(count: usize) -> Self {
        Self {
            numbers: Server::default(),
            entries: vec![Some(Registered::default()); count],
            master: Vec::new(),
        }
    }

    /// SRVMAIN -R; returns what was taken, by requestor.
    pub(super) fn receive(
        &mut self,
        now: Timestamp,
        keep_updates_days: u16,
        requests: Vec<Request>,
        watch: &mut Watch,
    ) -> Vec<(usize, RecordDigest)> {
        let last = self.master.last().map(|r| r.number);
        if let Some(remark) = server::begin_receive(&mut self.numbers, last) {
            watch.remark(0, &remark);
            if matches!(remark, Remark::MasterShort { .. }) {
                self.master.clear();
            }
            if remark.exports_all() {
                self.ask_all();
            }
        }
        let cutoff = server::cutoff(now, keep_updates_days);
        let kept = self
            .master
            .iter()
            .position(|r| !server::expires(r.stamp, cutoff));
        self.master.drain(..kept.unwrap_or(self.master.len()));
        let before = self.numbers.sync;
        let mut taken = Vec::new();
        for request in requests {
            self.hear(now, before, &request, &mut taken, watch);
        }
        self.check_master(watch);
        taken
    }

    fn hear(
        &mut self,
        now: Timestamp,
        before: SrvSync,
        request: &Request,
        taken: &mut Vec<(usize, RecordDigest)>,
        watch: &mut Watch,
    ) {
        let from = request.from;
        let Some(entry) = &mut self.entries[from] else {
            return watch.refusal(from, &Refusal::NotRegistered(format!("PCM:NET/{from}")));
        };
        if request.damage != Damage::None {
            watch.refusal(from, &Refusal::Damaged("record".to_owned()));
        }
        let records = match request.damage {
            Damage::None => &request.records[..],
            Damage::From(at) => &request.records[..request.records.len().min(at.into())],
            Damage::All => return,
        };
        let at = records.iter().find(|r| r.number == entry.req_sync);
        let at = at.map_or(RecordDigest::UNKNOWN, Record::digest);
        let remarks = server::hear(&mut self.numbers, entry, &request.head, before, at);
        watch.say(|| format!("   hears {request}"));
        for remark in &remarks {
            watch.remark(from, remark);
        }
        for record in records {
            let replaces_own = Op {
                list: u8::try_from(from).expect("a few"),
                change: Change::Replace,
            };
            let replaces_own = record.op == replaces_own;
            let digest = record.digest();
            let numbered = server::take(
                &mut self.numbers,
                entry,
                record.number,
                digest,
                replaces_own,
            );
            watch.count_variant("request", &numbered);
            let Numbered::Taken { sync, gap } = numbered else {
                continue;
            };
            taken.push((from, digest));
            self.master.push(Record {
                number: sync,
                stamp: now,
                op: record.op,
            });
            if let Some(gap) = gap {
                watch.remark(from, &gap.settle(entry));
            }
        }
        let missing = match request.damage {
            Damage::None => server::finish(entry, &request.head),
            _ => None,
        };
        if let Some(remark) = missing {
            watch.remark(from, &remark);
        }
    }

    /// Invariant 5: numbers are consecutive and end at the highest.
    fn check_master(&self, watch: &mut Watch) {
        let numbers = self.master.windows(2);
        let is_dense = numbers
            .into_iter()
            .all(|w| w[0].number.next() == Some(w[1].number));
        let last = self.master.last().map(|r| r.number);
        let ends = last.is_none_or(|last| last == self.numbers.sync);
        watch.check(is_dense && ends, || {
            format!("MSTTRANS ends at {last:?} of {}", self.numbers.sync)
        });
    }

    /// Returns what the server answers from; `own` is its own postoffice.
    pub(super) fn master(&self, own: &Office) -> Master {
        let sync = self.numbers.sync;
        let first = self.master.first().map(|r| r.number);
        let low = first.unwrap_or(SrvSync(sync.0 + 1));
        let pending = own.incoming.iter().map(|r| r.number).min();
        let applied = server::own_applied(own.numbers.srv_sync, pending, sync);
        let own_is_ahead = server::is_ahead(self.waiting(own));
        Master {
            low,
            applied,
            own_stamp: server::own_stamp(&own.numbers),
            own_is_ahead,
        }
    }

    /// Tells of each transaction for the list of the server's own users that it has not taken whether it is an R.
    fn waiting(&self, own: &Office) -> impl Iterator<Item = bool> {
        let taken = self.entries[0]
            .as_ref()
            .map_or(ReqSync::ZERO, |e| e.req_sync);
        let queue = own.queue.iter().filter(move |r| r.number > taken);
        queue
            .filter(|r| r.op.list == 0)
            .map(|r| r.op.change == Change::Replace)
    }

    /// SRVMAIN -T; writing the answer for `failing` fails.
    pub(super) fn transmit(
        &mut self,
        now: Timestamp,
        offices: &[Office],
        failing: Option<usize>,
        watch: &mut Watch,
    ) -> Vec<Reply> {
        self.numbers.issue(now).expect("a stamp is left");
        let answers = (0..offices.len()).filter(|&to| failing != Some(to));
        let mut replies = Vec::new();
        for to in answers {
            replies.extend(self.answer(now, offices, to, watch));
        }
        replies
    }

    fn answer(
        &mut self,
        now: Timestamp,
        offices: &[Office],
        to: usize,
        watch: &mut Watch,
    ) -> Option<Reply> {
        let master = self.master(&offices[0]);
        let entry = self.entries[to].as_ref()?;
        let Some(answer) = server::answer(&self.numbers, entry, master, to == 0) else {
            watch.count("answer: none");
            return None;
        };
        for remark in &answer.remarks {
            watch.remark(to, remark);
        }
        watch.count_variant("answer", &answer.content);
        if let Some(reason) = answer.import {
            watch.count_variant("full list", &reason);
        }
        if answer.export_all {
            watch.count("export of all");
            self.ask_all();
        }
        if answer.export_own {
            watch.count("export of the server");
            watch.own_is_ahead = true;
            self.ask_own_export();
        }
        let mut records = Vec::new();
        let limit = offices[to].limit;
        let after = match answer.content {
            Content::Master { after } => after,
            Content::FullList { applied } => {
                records = lists(&offices[0], applied, now);
                applied
            }
        };
        let is_list = matches!(answer.content, Content::FullList { .. });
        let mut pace = Pace::new(if is_list { 0 } else { limit });
        let mut through = self.numbers.sync;
        let above = self.master.iter().filter(|r| r.number > after);
        for record in above.filter(|r| !(is_list && r.op.list == 0)) {
            if !pace.admits(1) {
                through = SrvSync(record.number.0 - 1);
                watch.count("answer: paced");
                watch.paced += 1;
                break;
            }
            records.push(*record);
        }
        let entry = self.entries[to].as_mut()?;
        if is_list && !Pace::takes_whole(limit, records.len() as u64) {
            server::given_up(entry);
            watch.remark(to, &Remark::ImportLimit);
            return None;
        }
        let head = server::answered(&mut self.numbers, entry, &answer, through);
        let damage = Damage::None;
        let reply = Reply {
            to,
            head,
            records,
            damage,
        };
        watch.reply(&reply);
        Some(reply)
    }

    fn ask_all(&mut self) {
        for entry in self.entries.iter_mut().flatten() {
            entry.due.export = true;
        }
    }

    fn ask_own_export(&mut self) {
        if let Some(own) = &mut self.entries[0] {
            own.due.export = true;
        }
    }

    /// IMPORT -S: makes a resync file for any requestor.
    pub(super) fn make_resync(
        &mut self,
        now: Timestamp,
        own: &Office,
        watch: &mut Watch,
    ) -> ResyncFile {
        let master = self.master(own);
        let entries = self.entries.iter().flatten();
        let numbers = entries.map(|e| (e.req_sync, e.srv_sync, e.import_count));
        let (req_sync, srv_sync, import_sync) = header_numbers(&ServerNumbers {
            requestors: numbers.collect(),
            own_srv_sync: master.applied,
            own_import_sync: own.numbers.import_sync,
        });
        let above = self
            .master
            .iter()
            .filter(|r| r.number > master.applied && r.op.list == 0);
        let above = above.map(|r| r.op.change == Change::Replace);
        if server::is_ahead(above.chain(self.waiting(own))) {
            watch.own_is_ahead = true;
            self.ask_own_export();
        }
        let stamp = self
            .numbers
            .issue_resync(now, &master)
            .expect("a stamp is left")
            .0;
        ResyncFile {
            header: ResyncHeader {
                req_sync,
                srv_sync,
                import_sync,
                stamp,
                server: b"NET/SRV"[..].into(),
                addressee: None,
            },
            lists: own.lists.clone(),
        }
    }
}

/// The lists of the server, each with its R.
fn lists(own: &Office, number: SrvSync, stamp: Timestamp) -> Vec<Record<SrvSync>> {
    let lists = (0..).zip(&own.lists);
    let ops = lists.flat_map(|(owner, list)| whole(owner, list));
    ops.map(|op| Record { number, stamp, op }).collect()
}
