//! Random histories over the decisions of both sides, in memory: whatever happens to mail and to copies, some
//! undisturbed cycles later all lists hold what their owners hold (design, section 7).

use std::collections::BTreeMap;

use super::message::{ReplyHead, RequestHead};
use super::requestor::{self, Acknowledgment, QueueView, Requestor, Updates, Verdict};
use super::resync::{RequestorState, ServerNumbers, Verdict as FileVerdict, header_numbers, judge};
use super::server::{self, Content, Due, Master, Numbered, Registered, Server};
use super::sync::{RecordDigest, Stamp};
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::resync::ResyncHeader;
use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::codec::timestamp::Timestamp;

const DAY: u32 = 86_400;
const KEEP_UPDATES: u16 = 14;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Replace(usize),
    Add(usize, u8, u32),
    Delete(usize, u8),
}

impl Op {
    fn digest(&self, stamp: Timestamp) -> RecordDigest {
        RecordDigest::of(stamp, format!("{self:?}").as_bytes())
    }
}

type List = BTreeMap<u8, u32>;

#[derive(Debug, Clone)]
struct Record<N> {
    number: N,
    stamp: Timestamp,
    op: Op,
}

/// One postoffice: its numbers, queues and lists; the first is the server too.
#[derive(Debug, Clone, Default)]
struct Office {
    numbers: Requestor,
    queue: Vec<Record<ReqSync>>,
    last: ReqSync,
    incoming: Vec<Record<SrvSync>>,
    lists: Vec<List>,
}

#[derive(Debug, Clone, Default)]
struct ServerState {
    numbers: Server,
    entries: Vec<Registered>,
    master: Vec<Record<SrvSync>>,
}

#[derive(Debug, Clone)]
enum Mail {
    Request(usize, RequestHead, Vec<Record<ReqSync>>),
    Reply(usize, ReplyHead, Vec<Record<SrvSync>>),
}

#[derive(Debug, Clone)]
struct ResyncFile {
    header: ResyncHeader,
    lists: Vec<List>,
}

struct World {
    now: Timestamp,
    random: u64,
    offices: Vec<Office>,
    server: ServerState,
    travelling: Vec<Mail>,
    boxes: Vec<Vec<Mail>>,
    copies: Vec<(usize, Office, Option<ServerState>)>,
    files: Vec<ResyncFile>,
    trace: Vec<String>,
}

impl World {
    fn new(count: usize, seed: u64) -> Self {
        let office = Office {
            lists: vec![List::new(); count],
            ..Office::default()
        };
        Self {
            now: Timestamp(100 * DAY),
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            offices: vec![office; count],
            server: ServerState {
                entries: vec![Registered::default(); count],
                ..ServerState::default()
            },
            travelling: Vec::new(),
            boxes: vec![Vec::new(); count],
            copies: Vec::new(),
            files: Vec::new(),
            trace: Vec::new(),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        ((self.random >> 33) as usize) % limit
    }

    fn tick(&mut self, seconds: u32) {
        self.now = Timestamp(self.now.0 + seconds);
    }

    fn say(&mut self, text: impl Into<String>) {
        self.trace.push(text.into());
    }

    fn queue(&mut self, office: usize, op: Op) {
        let stamp = self.now;
        let office = &mut self.offices[office];
        let next = office.last.max(office.numbers.req_sync).next().unwrap();
        office.last = next;
        let number = next;
        office.queue.push(Record { number, stamp, op });
    }

    fn edit(&mut self, office: usize) {
        let name = self.below(4) as u8;
        let value = self.below(1000) as u32;
        let own = &mut self.offices[office].lists[office];
        let op = match own.contains_key(&name) && value % 2 == 0 {
            true => {
                own.remove(&name);
                Op::Delete(office, name)
            }
            false => {
                own.insert(name, value);
                Op::Add(office, name, value)
            }
        };
        self.say(format!("edit {office}: {op:?}"));
        self.queue(office, op);
    }

    fn export(&mut self, office: usize) {
        let own = self.offices[office].lists[office].clone();
        self.queue(office, Op::Replace(office));
        for (name, value) in own {
            self.queue(office, Op::Add(office, name, value));
        }
    }

    fn t1(&mut self, index: usize) {
        let office = &mut self.offices[index];
        let sending = requestor::send(&office.numbers, office.last);
        office.numbers = sending.next;
        let records: Vec<_> = office
            .queue
            .iter()
            .filter(|r| r.number > sending.after)
            .cloned()
            .collect();
        self.trace.push(format!(
            "T1 {index}: {:?} {} records",
            sending.head,
            records.len()
        ));
        self.travelling
            .push(Mail::Request(index, sending.head, records));
    }

    fn t2(&mut self) {
        let now = self.now;
        let mails = std::mem::take(&mut self.boxes[0]);
        let (requests, replies): (Vec<_>, Vec<_>) = mails
            .into_iter()
            .partition(|m| matches!(m, Mail::Request(..)));
        self.boxes[0] = replies;
        let state = &mut self.server;
        let last = state.master.last().map(|r| r.number);
        if let Some(super::outcome::Remark::MasterShort { .. }) =
            server::begin_receive(&mut state.numbers, last)
        {
            state.master.clear();
        }
        let cutoff = server::cutoff(now, KEEP_UPDATES);
        while state
            .master
            .first()
            .is_some_and(|r| server::expires(r.stamp, cutoff))
        {
            state.master.remove(0);
        }
        let before = state.numbers.sync;
        for mail in requests {
            let Mail::Request(from, head, records) = mail else {
                continue;
            };
            let entry = &mut state.entries[from];
            let at = records.iter().find(|r| r.number == entry.req_sync);
            let at = at.map_or(RecordDigest::UNKNOWN, |r| r.op.digest(r.stamp));
            let remarks = server::hear(&mut state.numbers, entry, &head, before, at);
            self.trace.push(format!("T2 hears {from}: {remarks:?}"));
            for record in records {
                let digest = record.op.digest(record.stamp);
                let is_own = record.op == Op::Replace(from);
                match server::take(&mut state.numbers, entry, record.number, digest, is_own) {
                    Numbered::Old => {}
                    Numbered::Taken { sync, gap } => {
                        let (number, stamp, op) = (sync, now, record.op);
                        state.master.push(Record { number, stamp, op });
                        if let Some(gap) = gap {
                            gap.settle(entry);
                        }
                    }
                    Numbered::Exhausted => unreachable!(),
                }
            }
        }
        self.transmit();
    }

    fn master(&self) -> Master {
        let sync = self.server.numbers.sync;
        let low = self
            .server
            .master
            .first()
            .map_or(SrvSync(sync.0 + 1), |r| r.number);
        let own = &self.offices[0];
        let pending = own.incoming.iter().map(|r| r.number).min();
        let applied = server::own_applied(own.numbers.srv_sync, pending, sync);
        let own_is_ahead = server::is_ahead(
            own.queue
                .iter()
                .filter(|r| r.number > self.server.entries[0].req_sync)
                .map(|r| r.op == Op::Replace(0)),
        );
        Master {
            low,
            applied,
            own_stamp: own.numbers.stamp,
            own_is_ahead,
        }
    }

    fn transmit(&mut self) {
        let stamp = self.server.numbers.issue(self.now).unwrap();
        for index in 0..self.offices.len() {
            let master = self.master();
            let entry = &self.server.entries[index];
            let Some(answer) = server::answer(&self.server.numbers, entry, master, index == 0)
            else {
                continue;
            };
            let (lists, after) = match answer.content {
                Content::Master { after } => (false, after),
                Content::FullList { applied } => (true, applied),
            };
            let mut records = Vec::new();
            if lists {
                for owner in (0..self.offices.len()).filter(|&owner| owner != index) {
                    let number = after;
                    let mut put = |op| {
                        records.push(Record {
                            number,
                            stamp: self.now,
                            op,
                        })
                    };
                    put(Op::Replace(owner));
                    for (&name, &value) in &self.offices[0].lists[owner] {
                        put(Op::Add(owner, name, value));
                    }
                }
            }
            let mut through = self.server.numbers.sync;
            let mut pace = server::Pace::new(if lists { 0 } else { 3 });
            for record in self.server.master.iter().filter(|r| r.number > after) {
                if !pace.admits(1) {
                    through = SrvSync(record.number.0 - 1);
                    break;
                }
                records.push(record.clone());
            }
            if answer.export_all {
                for entry in &mut self.server.entries {
                    entry.due.export = true;
                }
            }
            let entry = &mut self.server.entries[index];
            let head = server::answered(&mut self.server.numbers, entry, &answer, through);
            self.trace.push(format!(
                "T2 answers {index} ({stamp}): {head:?} {:?}",
                answer.remarks
            ));
            self.travelling.push(Mail::Reply(index, head, records));
        }
    }

    fn t3(&mut self, index: usize, import: bool) {
        let mails = std::mem::take(&mut self.boxes[index]);
        let (mut replies, others): (Vec<_>, Vec<_>) = mails
            .into_iter()
            .partition(|m| matches!(m, Mail::Reply(..)));
        self.boxes[index] = others;
        requestor::order(&mut replies, |mail| match mail {
            Mail::Reply(_, head, _) => head,
            Mail::Request(..) => unreachable!(),
        });
        for mail in replies {
            let Mail::Reply(_, head, records) = mail else {
                continue;
            };
            self.take_reply(index, &head, &records);
        }
        if import {
            self.import(index);
        }
    }

    fn take_reply(&mut self, index: usize, head: &ReplyHead, records: &[Record<SrvSync>]) {
        let office = &mut self.offices[index];
        let at = office.queue.iter().find(|r| r.number == head.req_sync);
        let view = QueueView {
            last: office.last,
            at_confirmed: at.map_or(RecordDigest::UNKNOWN, |r| r.op.digest(r.stamp)),
        };
        let verdict = requestor::judge(&office.numbers, view, head);
        self.trace.push(format!("T3 {index}: {verdict:?}"));
        let taken = match verdict {
            Verdict::Leave { next, .. } => {
                office.numbers = next;
                return;
            }
            Verdict::Take(taken) => taken,
        };
        let after = match taken.updates {
            Updates::All => None,
            Updates::After(after) => Some(after),
        };
        let new = records
            .iter()
            .filter(|r| after.is_none_or(|after| r.number > after));
        office.incoming.extend(new.cloned());
        let confirmed = office.numbers.req_sync;
        let exports = office
            .queue
            .iter()
            .rev()
            .find(|r| r.op == Op::Replace(index));
        let waiting = exports.map(|r| r.number).filter(|&n| n > confirmed);
        match taken.acknowledgment {
            Acknowledgment::Nothing => {}
            Acknowledgment::Discard { through } => office.queue.retain(|r| r.number > through),
            Acknowledgment::Renumber { above } => office.renumber(confirmed, above),
        }
        office.last = office.last.max(taken.next.req_sync);
        office.numbers = taken.next;
        if requestor::needs_export(taken.export, waiting, taken.acknowledgment) {
            self.export(index);
        }
    }

    fn import(&mut self, index: usize) {
        let office = &mut self.offices[index];
        for record in std::mem::take(&mut office.incoming) {
            match record.op {
                Op::Replace(owner) | Op::Add(owner, ..) | Op::Delete(owner, _)
                    if owner == index => {}
                Op::Replace(owner) => office.lists[owner].clear(),
                Op::Add(owner, name, value) => {
                    office.lists[owner].insert(name, value);
                }
                Op::Delete(owner, name) => {
                    office.lists[owner].remove(&name);
                }
            }
        }
    }

    fn make_file(&mut self) {
        let master = self.master();
        let entries = self.server.entries.iter();
        let (req_sync, srv_sync, import_sync) = header_numbers(&ServerNumbers {
            requestors: entries
                .map(|e| (e.req_sync, e.srv_sync, e.import_count))
                .collect(),
            own_srv_sync: master.applied,
            own_import_sync: self.offices[0].numbers.import_sync,
        });
        let stamp = self.server.numbers.issue(self.now).unwrap().0;
        let header = ResyncHeader {
            req_sync,
            srv_sync,
            import_sync,
            stamp,
            server: b"NET/A"[..].into(),
            addressee: None,
        };
        let lists = self.offices[0].lists.clone();
        self.say(format!("resync made: {header:?}"));
        self.files.push(ResyncFile { header, lists });
    }

    fn apply_file(&mut self, index: usize, file: usize) {
        let name = |text: &[u8]| PostofficeName::parse(text, CodePage::Cp850).unwrap();
        let ResyncFile { header, lists } = self.files[file].clone();
        let office = &mut self.offices[index];
        let own = RequestorState {
            name: name(b"NET/B"),
            server: Some(name(b"NET/A")),
            is_server: index == 0,
            req_sync: office.numbers.req_sync,
            srv_sync: office.numbers.srv_sync,
            import_sync: office.numbers.import_sync,
            server_stamp: office.numbers.stamp.0,
        };
        let verdict = judge(&header, &own, CodePage::Cp850);
        self.trace
            .push(format!("resync {index}: {header:?} {verdict:?}"));
        let keep_above = match verdict {
            FileVerdict::Take => header.srv_sync,
            FileVerdict::TakeOlder(_) => SrvSync(u32::MAX),
            _ => return,
        };
        let before = office.numbers.req_sync;
        let numbers = (header.req_sync, header.srv_sync, header.import_sync);
        office.numbers = requestor::resynced(&office.numbers, numbers, Stamp(header.stamp));
        office.renumber(before, header.req_sync);
        office.last = office.last.max(header.req_sync);
        for (owner, list) in lists
            .into_iter()
            .enumerate()
            .filter(|&(owner, _)| owner != index)
        {
            office.lists[owner] = list;
        }
        office.incoming.retain(|r| r.number > keep_above);
        self.import(index);
    }

    fn disturb(&mut self) {
        let count = self.offices.len();
        let seconds = 60 + self.below(3600) as u32;
        self.tick(seconds);
        let index = self.below(count);
        match self.below(24) {
            0..=3 => self.edit(index),
            4..=6 => self.t1(index),
            7..=8 => self.t2(),
            9..=11 => self.t3(index, true),
            12 => self.t3(index, false),
            13..=15 => self.deliver_some(),
            16 => self.copies.push((
                index,
                self.offices[index].clone(),
                (index == 0).then(|| self.server.clone()),
            )),
            17 if !self.copies.is_empty() => {
                let at = self.below(self.copies.len());
                let (index, office, server) = self.copies[at].clone();
                self.say(format!("restore {index}"));
                self.offices[index] = office;
                if let Some(server) = server {
                    self.server = server;
                }
            }
            18 if index > 0 => {
                self.say(format!("register {index} anew"));
                self.server.entries[index] = Registered::default();
            }
            19 => self.make_file(),
            20 if !self.files.is_empty() => {
                let file = self.below(self.files.len());
                self.apply_file(index, file);
            }
            21 => {
                let days = self.below(10) as u32;
                self.tick(days * DAY);
            }
            _ => self.cycle(),
        }
    }

    /// Delivers, loses, doubles or delays what travels, in any order.
    fn deliver_some(&mut self) {
        for _ in 0..self.travelling.len() {
            let at = self.below(self.travelling.len());
            let mail = self.travelling.swap_remove(at);
            match self.below(6) {
                0 => self.say("mail lost"),
                1 => {
                    self.travelling.push(mail.clone());
                    self.put(mail);
                }
                2 => self.travelling.push(mail),
                _ => self.put(mail),
            }
        }
    }

    fn put(&mut self, mail: Mail) {
        let to = match &mail {
            Mail::Request(..) => 0,
            Mail::Reply(to, ..) => *to,
        };
        self.boxes[to].push(mail);
    }

    fn deliver_all(&mut self) {
        for mail in std::mem::take(&mut self.travelling) {
            self.put(mail);
        }
    }

    fn cycle(&mut self) {
        for index in 0..self.offices.len() {
            self.t1(index);
        }
        self.deliver_all();
        self.tick(3600);
        self.t2();
        self.deliver_all();
        self.tick(3600);
        for index in 0..self.offices.len() {
            self.t3(index, true);
        }
        self.tick(3600);
    }

    fn difference(&self) -> Option<String> {
        for (index, office) in self.offices.iter().enumerate() {
            for owner in 0..self.offices.len() {
                let (found, held) = (&office.lists[owner], &self.offices[owner].lists[owner]);
                if found != held {
                    return Some(format!(
                        "{index} has {found:?} of {owner}, who holds {held:?}"
                    ));
                }
            }
        }
        None
    }
}

impl Office {
    fn renumber(&mut self, confirmed: ReqSync, above: ReqSync) {
        self.queue.retain(|r| r.number > confirmed);
        let mut next = above;
        for record in &mut self.queue {
            next = next.next().unwrap();
            record.number = next;
        }
        self.last = next;
    }
}

/// Runs a history of `steps` and then undisturbed cycles; the error is the trace.
fn run(seed: u64, steps: usize) -> Result<(), String> {
    let mut world = World::new(3, seed);
    for _ in 0..steps {
        world.disturb();
    }
    world.say("undisturbed from here");
    for _ in 0..30 {
        world.cycle();
    }
    match world.difference() {
        None => Ok(()),
        Some(difference) => Err(format!(
            "seed {seed}, {steps} steps: {difference}\n{}",
            world.trace.join("\n")
        )),
    }
}

#[test]
fn all_lists_hold_what_their_owners_hold_after_any_history() {
    let histories = std::env::var("DIRSYNC_HISTORIES")
        .ok()
        .and_then(|n| n.parse().ok());
    for seed in 1..histories.unwrap_or(400) {
        for steps in [4, 8, 15, 30, 80] {
            if let Err(trace) = run(seed, steps) {
                panic!("{trace}");
            }
        }
    }
}

#[test]
fn due_is_forgotten_only_when_it_is_done() {
    let mut world = World::new(2, 7);
    world.edit(1);
    for _ in 0..3 {
        world.cycle();
    }
    world.server.entries[1] = Registered::default();
    world.cycle();
    assert_eq!(
        world.server.entries[1].due,
        Due {
            export: true,
            ..Due::default()
        }
    );
    world.cycle();
    assert_eq!(world.server.entries[1].due, Due::default());
}
