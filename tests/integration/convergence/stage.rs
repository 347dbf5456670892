//! Plays a history: the postoffices, what travels between them, copies put away, resync files.

use dirsync::codec::sync_number::SrvSync;
use dirsync::codec::timestamp::Timestamp;

use super::event::{Event, Fate};
use super::list::Op;
use super::mail::{Damage, Reply, Request, ResyncFile};
use super::memory::Memory;
use super::office::{Edit, Office};
use super::server::ServerState;
use super::watch::Watch;
use super::world::World;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// When every history begins.
pub(super) const BEGIN: Timestamp = Timestamp(1000 * DAY);

/// A message on its way, or in the mailbag it was for.
#[derive(Debug, Clone)]
pub(super) enum Mail {
    Request(Request),
    Reply(Reply),
}

/// A copy of a postoffice.
#[derive(Debug, Clone)]
struct Copied {
    office: Office,
    server: Option<ServerState>,
    /// Servers begun anew or restored before it was made.
    epoch: u32,
}

/// Everything there is while a history is played.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) watch: Watch,
    now: Timestamp,
    travelling: Vec<Mail>,
    boxes: Vec<Vec<Mail>>,
    copies: Vec<Copied>,
    /// Servers begun anew or restored so far.
    epoch: u32,
    files: Vec<ResyncFile>,
    memory: Memory,
}

impl Stage {
    pub(super) fn new(count: usize, watch: Watch) -> Self {
        Self {
            watch,
            ..Self::with(World::new(count), Vec::new())
        }
    }

    /// Goes on from a state, with what still travels.
    pub(super) fn with(world: World, travelling: Vec<Mail>) -> Self {
        let count = world.offices.len();
        Self {
            world,
            watch: Watch::default(),
            now: BEGIN,
            travelling,
            boxes: vec![Vec::new(); count],
            copies: Vec::new(),
            epoch: 0,
            files: Vec::new(),
            memory: Memory::new(count),
        }
    }

    /// Gives every postoffice some entries, and lets all come in step.
    pub(super) fn establish(&mut self, entries: u8) {
        let trace = self.watch.trace.take();
        for at in 0..self.count() {
            for name in 0..entries {
                self.world.edit(at, Edit::Put(name, name), false, self.now);
            }
            self.world.edit(at, Edit::Put(0, 0), true, self.now);
        }
        for _ in 0..3 {
            self.cycle();
        }
        self.watch.trace = trace;
    }

    fn count(&self) -> usize {
        self.world.offices.len()
    }

    fn at(&self, number: u8) -> usize {
        usize::from(number) % self.count()
    }

    fn tick(&mut self, seconds: u32) {
        self.now = Timestamp(self.now.0 + seconds);
    }

    /// Lets an event happen.
    pub(super) fn play(&mut self, event: &Event) {
        self.watch.say(|| format!("{event:?}"));
        self.tick(HOUR / 2);
        match *event {
            Event::Edit(at, edit) => _ = self.world.edit(self.at(at), edit, false, self.now),
            Event::Feed(at, edit) => _ = self.world.edit(self.at(at), edit, true, self.now),
            Event::Export(at) => {
                let at = self.at(at);
                self.world.offices[at].export(self.now);
            }
            Event::AskImport(at) => {
                let at = self.at(at);
                let request = self.world.offices[at].ask_import(&mut self.watch);
                self.travelling.push(Mail::Request(request));
            }
            Event::T1(at) => self.t1(self.at(at)),
            Event::T2 => self.t2(),
            Event::Receive => self.receive(),
            Event::Transmit(failing) => self.transmit(failing.map(|at| self.at(at))),
            Event::T3(at, works) => self.t3(self.at(at), works),
            Event::Import(at) => self.import(self.at(at)),
            Event::Deliver(ref fates, turned) => {
                if turned {
                    self.travelling.reverse();
                }
                self.deliver(fates);
            }
            Event::Cycle => self.cycle(),
            Event::NoisyCycle(ref fates) => self.cycle_of(u8::MAX, fates),
            Event::PartCycle(who) => self.cycle_of(who, &[Fate::Arrives]),
            Event::Wait(days) => self.tick(u32::from(days) * DAY),
            _ => self.disturb(event),
        }
    }

    /// What is no everyday event.
    fn disturb(&mut self, event: &Event) {
        let now = self.now;
        match *event {
            Event::Backup(at) => self.back_up(self.at(at)),
            Event::Restore(copy) => self.restore(copy),
            Event::RestoreConfiguration(copy) => self.restore_configuration(copy),
            Event::Strike(at) => {
                // The server stays its own requestor.
                let at = self.at(at).max(1);
                self.world.server.entries[at] = None;
                self.world.ghost.disturbed[at] = true;
            }
            Event::Register(at) => self.world.register(self.at(at)),
            Event::ZeroNumbers(at) => self.zero_numbers(self.at(at).max(1)),
            Event::LocalReset(at) => {
                let at = self.at(at).max(1);
                self.world.register(at);
                self.zero_numbers(at);
                self.world.offices[at].complete_reset(now);
            }
            Event::BeginServerAnew(resets_all) => {
                // ADMIN does not let a server begin while updates of an earlier one wait.
                self.import(0);
                self.epoch += 1;
                self.world.begin_server_anew(now);
                self.world.offices[0].export(now);
                for at in (1..self.count()).filter(|_| resets_all) {
                    self.zero_numbers(at);
                    self.world.offices[at].complete_reset(now);
                }
            }
            Event::MakeResync => {
                let file = self.world.make_resync(now, &mut self.watch);
                self.memory.own_is_ahead |= self.watch.own_is_ahead;
                self.files.push(file);
            }
            Event::ApplyResync(at, file) if !self.files.is_empty() => {
                let file = self.files[usize::from(file) % self.files.len()].clone();
                self.world.apply_resync(self.at(at), &file, &mut self.watch);
            }
            Event::LoseMaster => {
                self.world.server.master.clear();
                self.note_server_loss();
            }
            Event::CutMaster(kept) => {
                let len = self.world.server.master.len();
                self.world
                    .server
                    .master
                    .truncate(len * usize::from(kept) / 4);
                self.note_server_loss();
            }
            Event::LoseQueue(at) => {
                let at = self.at(at);
                self.world.offices[at].lose_queue(now);
                // What was fed and not confirmed is gone, as PODIAG says; the export does not bring it.
                self.watch.losses.push(Some(at));
                self.world.ghost.disturbed[at] = true;
            }
            Event::Limit(at, limit) => {
                let at = self.at(at);
                self.world.offices[at].limit = limit.into();
            }
            _ => {}
        }
    }

    fn zero_numbers(&mut self, at: usize) {
        self.world.offices[at].zero_numbers();
        self.world.ghost.disturbed[at] = true;
        // What the server had confirmed is forgotten, so that nobody can tell what of it a restored server lacks.
        self.watch.losses.push(Some(at));
    }

    fn back_up(&mut self, at: usize) {
        self.copies.push(Copied {
            office: self.world.offices[at].clone(),
            server: (at == 0).then(|| self.world.server.clone()),
            epoch: self.epoch,
        });
    }

    fn restore(&mut self, copy: u8) {
        if self.copies.is_empty() {
            return;
        }
        let copy = self.copies[usize::from(copy) % self.copies.len()].clone();
        let at = copy.office.at();
        self.world.offices[at] = copy.office;
        // It does not know any more what it has fed since.
        self.watch.losses.push(Some(at));
        self.world.ghost.disturbed[at] = true;
        if let Some(server) = copy.server {
            self.epoch += 1;
            self.world.server = server;
            self.world.disturb_all();
        }
    }

    /// Only of a copy of what MSTTRANS has grown from: one of another past may end at the very same number.
    fn restore_configuration(&mut self, copy: u8) {
        let copies = self.copies.iter().filter(|copy| copy.epoch == self.epoch);
        let servers: Vec<_> = copies.filter_map(|copy| copy.server.as_ref()).collect();
        if servers.is_empty() {
            return;
        }
        let copy = servers[usize::from(copy) % servers.len()].clone();
        self.world.server.numbers = copy.numbers;
        self.world.server.entries = copy.entries;
        self.world.disturb_all();
        self.note_server_loss();
    }

    /// Notes where the server has lost what its own lists lack.
    fn note_server_loss(&mut self) {
        let master = self.world.server.master(&self.world.offices[0]);
        let last = self.world.server.master.last().map(|r| r.number);
        let is_whole = last.is_none_or(|last| last == self.world.server.numbers.sync);
        self.memory.server_lost |= !is_whole || master.low > SrvSync(master.applied.0 + 1);
    }

    fn t1(&mut self, at: usize) {
        let request = self.world.offices[at].t1(&mut self.watch);
        self.travelling.push(Mail::Request(request));
    }

    fn t2(&mut self) {
        self.receive();
        self.transmit(None);
    }

    fn receive(&mut self) {
        let mails = std::mem::take(&mut self.boxes[0]);
        let mut requests = Vec::new();
        for mail in mails {
            match mail {
                Mail::Request(request) => requests.push(request),
                reply => self.boxes[0].push(reply),
            }
        }
        self.world.receive(self.now, requests, &mut self.watch);
        self.note_server_loss();
    }

    fn transmit(&mut self, failing: Option<usize>) {
        let replies = self.world.transmit(self.now, failing, &mut self.watch);
        self.travelling.extend(replies.into_iter().map(Mail::Reply));
        self.memory.own_is_ahead |= self.watch.own_is_ahead;
    }

    fn t3(&mut self, at: usize, works: bool) {
        let mails = std::mem::take(&mut self.boxes[at]);
        let mut replies = Vec::new();
        for mail in mails {
            match mail {
                Mail::Reply(reply) => replies.push(reply),
                request => self.boxes[at].push(request),
            }
        }
        self.world
            .take_replies(at, replies, self.now, &mut self.watch);
        if works {
            self.import(at);
        }
    }

    fn import(&mut self, at: usize) {
        let ops: Vec<Op> = self.world.offices[at]
            .incoming
            .iter()
            .map(|r| r.op)
            .collect();
        self.world.offices[at].import(&mut self.watch);
        if let Err(rule) = self.memory.imported(&self.world, at, &ops) {
            self.watch.check(false, || rule);
        }
    }

    fn put(&mut self, mail: Mail) {
        let to = match &mail {
            Mail::Request(_) => 0,
            Mail::Reply(reply) => reply.to,
        };
        self.boxes[to].push(mail);
    }

    fn deliver(&mut self, fates: &[Fate]) {
        let mails = std::mem::take(&mut self.travelling);
        for (mail, fate) in mails.into_iter().zip(fates.iter().cycle()) {
            self.watch.say(|| format!("   {fate:?}"));
            self.watch.count_variant("mail", fate);
            match *fate {
                Fate::Arrives => self.put(mail),
                Fate::Lost => {}
                Fate::Doubled => {
                    self.put(mail.clone());
                    self.travelling.push(mail);
                }
                Fate::Late => self.travelling.push(mail),
                Fate::Cut(at) => self.put(mail.damaged(Damage::From(at))),
                Fate::Unreadable => self.put(mail.damaged(Damage::All)),
            }
        }
    }

    /// A cycle of everybody with mail that arrives.
    pub(super) fn cycle(&mut self) {
        self.cycle_of(u8::MAX, &[Fate::Arrives]);
    }

    /// The operator registers again whom he has struck off, and ends what he has begun.
    pub(super) fn end_procedures(&mut self) {
        for entry in &mut self.world.server.entries {
            entry.get_or_insert_default();
        }
        for office in &mut self.world.offices {
            office.complete_reset(self.now);
        }
    }

    /// The operator lifts the limit of those whose full list was over it (Q119450).
    pub(super) fn lift_limits(&mut self) {
        for at in std::mem::take(&mut self.watch.over_limit) {
            self.world.offices[at].limit = 0;
        }
    }

    /// A cycle of those whose bit is set.
    fn cycle_of(&mut self, who: u8, fates: &[Fate]) {
        let takes_part = |at: usize| who >> (at % 8) & 1 == 1;
        for at in (0..self.count()).filter(|&at| takes_part(at)) {
            self.t1(at);
        }
        self.deliver(fates);
        self.tick(HOUR);
        self.t2();
        self.deliver(fates);
        self.tick(HOUR);
        for at in (0..self.count()).filter(|&at| takes_part(at)) {
            self.t3(at, true);
        }
        self.tick(HOUR);
    }
}

impl Mail {
    fn damaged(mut self, damage: Damage) -> Self {
        match &mut self {
            Self::Request(request) => request.damage = damage,
            Self::Reply(reply) => reply.damage = damage,
        }
        self
    }
}
