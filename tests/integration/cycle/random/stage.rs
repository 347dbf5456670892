//! Plays a history: the postoffices on disk, what their operators hold, copies and files put away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::channel::Channel;
use super::event::{Cycle, Event, Fate, Step};
use super::people::{Change, Edit, People};
use crate::cycle::site::{PAGE, Site};

/// The postoffices; the first is the server.
pub(super) const NAMES: [&str; 3] = ["NET/D", "NET/A", "NET/B"];

/// A postoffice that takes no part: its list is fed by all and owned by none.
pub(super) const NOBODY: &str = "EXT/PO";

/// What the names that each of them feeds begin with.
const FEEDERS: [&str; 3] = ["d", "a", "b"];

const RESYNC: &str = "GLB/RESYNC.GLB";

/// How often each outcome was reached.
pub(super) type Coverage = BTreeMap<String, u64>;

/// The organizations that histories begin with, made once.
pub(super) struct Begin {
    fresh: Site,
    established: Site,
    held: Vec<People>,
    fed: Vec<People>,
}

/// A copy of a postoffice.
struct Copied {
    at: usize,
    path: PathBuf,
    held: People,
    fed: People,
    is_dirty: bool,
}

/// Everything there is while a history is played.
pub(super) struct Stage {
    pub(super) site: Site,
    pub(super) channel: Channel,
    /// The users of each postoffice.
    pub(super) held: Vec<People>,
    /// What each feeds.
    pub(super) fed: Vec<People>,
    /// What happened, line by line.
    pub(super) trace: Vec<String>,
    /// How often each outcome was reached.
    pub(super) coverage: Coverage,
    /// A program was killed there and none has run since.
    pub(super) is_dirty: [bool; 3],
    /// Those who were said to have lost transactions, or were tampered with so that they have.
    pub(super) losses: BTreeSet<usize>,
    /// Lines that said so.
    pub(super) lost: u64,
    /// A resync file was applied.
    pub(super) is_raised: bool,
    /// Programs that did not end with 0.
    pub(super) out_of_step: u64,
    /// Transactions that were sent.
    pub(super) sent: u64,
    /// The queues as they were when they were looked at.
    pub(super) queues: BTreeMap<(usize, &'static str), Vec<u8>>,
    copies: Vec<Copied>,
    resyncs: Vec<Vec<u8>>,
}

/// Makes a directory in memory where there is such: every run syncs what it writes, and no plug is pulled here.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary directory")
}

impl Begin {
    pub(super) fn new() -> Self {
        // Nothing is carried by these routes; a direct one would lead to the postoffices that the copies are made of.
        let fresh = Site::routed(&NAMES, |_, _| "mail:postmaster@example.com".to_owned());
        for name in NAMES {
            let words = format!("external create {NOBODY} --route mail:nobody@example.com");
            fresh.admin(name, &words).ends(0);
            fresh.admin(name, "local modify admin --dirsync no").ends(0);
            fresh.put(name, "GLB/REQTRANS.GLB", b"");
        }
        let mut stage = Stage::of(&fresh);
        for at in 0..NAMES.len() as u8 {
            stage.step(Step::Edit(at, Edit::Put(0, at), false));
            stage.step(Step::Edit(at, Edit::Put(1, 5), true));
            stage.step(Step::Feed(at, Edit::Put(0, 0)));
        }
        let (held, fed) = (stage.held.clone(), stage.fed.clone());
        let fresh = Site::copied_to(&stage.site, directory());
        for _ in 0..3 {
            stage.cycle(&Cycle::undisturbed());
        }
        Self {
            fresh,
            established: stage.site,
            held,
            fed,
        }
    }
}

impl Stage {
    fn of(site: &Site) -> Self {
        Self {
            site: Site::copied_to(site, directory()),
            channel: Channel::default(),
            held: vec![People::new(""); NAMES.len()],
            fed: FEEDERS.map(People::new).to_vec(),
            trace: Vec::new(),
            coverage: Coverage::new(),
            is_dirty: [false; 3],
            losses: BTreeSet::new(),
            lost: 0,
            is_raised: false,
            out_of_step: 0,
            sent: 0,
            queues: BTreeMap::new(),
            copies: Vec::new(),
            resyncs: Vec::new(),
        }
    }

    pub(super) fn new(begin: &Begin, is_established: bool) -> Self {
        let site = match is_established {
            true => &begin.established,
            false => &begin.fresh,
        };
        Self {
            held: begin.held.clone(),
            fed: begin.fed.clone(),
            ..Self::of(site)
        }
    }

    /// Writes a line of the trace.
    pub(super) fn say(&mut self, text: impl FnOnce() -> String) {
        self.trace.push(text());
    }

    /// Counts an outcome.
    pub(super) fn count(&mut self, outcome: String) {
        *self.coverage.entry(outcome).or_default() += 1;
    }

    /// Lets an event happen.
    pub(super) fn play(&mut self, event: &Event) {
        self.say(|| format!("{event:?}"));
        match *event {
            Event::Step(step) => self.step(step),
            Event::Killed(step, call, when, mends) => self.killed(step, call, when, mends),
            Event::T2(times) => {
                for _ in 0..times {
                    self.step(Step::Receive);
                    self.step(Step::Transmit);
                }
            }
            Event::T3(at) => {
                self.step(Step::TakeReplies(at));
                self.step(Step::Import(at));
            }
            Event::Deliver(ref fates, is_turned) => self.deliver(fates, is_turned),
            Event::Cycle(ref edits, ref cycle) => {
                edits.iter().for_each(|&edit| self.step(edit));
                self.cycle(cycle);
            }
            Event::Backup(at) => self.back_up(at_of(at)),
            Event::Restore(copy) => self.restore(copy),
            Event::LocalReset(at) => self.reset(at_of(at).max(1)),
            Event::ApplyResync(at, file) => self.apply_resync(at_of(at).max(1), file),
            Event::Wait(days) => self.site.pass_days(days.into()),
            Event::LoseMaster => {
                self.mend(0);
                self.site.put(NAMES[0], "GLB/MSTTRANS.GLB", b"");
            }
        }
    }

    /// Runs the programs of a step to their end.
    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Edit(..) | Step::Feed(..) => {
                if let Some((at, program, args, change)) = self.entering(step) {
                    self.run(at, program, &args);
                    self.enter(step, &change);
                }
            }
            Step::Register(at) => {
                self.step(Step::Strike(at));
                self.run_step(step);
            }
            Step::MakeResync => {
                self.run_step(step);
                self.take_resync();
            }
            Step::Send(_) | Step::Transmit => {
                let json = self.run_step(step);
                self.sent += json["read"].as_u64().unwrap_or_default();
            }
            _ => _ = self.run_step(step),
        }
    }

    fn run_step(&mut self, step: Step) -> serde_json::Value {
        match self.command(step) {
            Some((at, program, args)) => self.run(at, program, &args),
            None => serde_json::Value::Null,
        }
    }

    /// Returns the postoffice, the program and the arguments of a step; nothing where it does not fit.
    fn command(&self, step: Step) -> Option<(usize, &'static str, String)> {
        let admin = |at: usize, words: &str| {
            let words = format!("admin -ppw -y config dirsync {words}");
            Some((at, "admin", words))
        };
        let requestor = |word: &str, at: u8| {
            let at = at_of(at).max(1);
            let is_wanted = self.is_registered(at) == (word == "delete");
            let words = format!("server requestors {word} {}", NAMES[at]);
            admin(0, &words).filter(|_| is_wanted)
        };
        match step {
            Step::Edit(..) | Step::Feed(..) => {
                let (at, program, args, _) = self.entering(step)?;
                Some((at, program, args))
            }
            Step::Export(at) => admin(at_of(at), "requestor export"),
            Step::AskImport(at) => admin(at_of(at).max(1), "requestor import"),
            Step::Send(at) => Some((at_of(at), "reqmain", "-t".to_owned())),
            Step::Receive => Some((0, "srvmain", "-r".to_owned())),
            Step::Transmit => Some((0, "srvmain", "-t".to_owned())),
            Step::TakeReplies(at) => Some((at_of(at), "reqmain", "-r".to_owned())),
            Step::Import(at) => Some((at_of(at), "import", "admin -ppw -q -y".to_owned())),
            Step::Strike(at) => requestor("delete", at),
            Step::Register(at) => requestor("create", at),
            Step::MakeResync => Some((0, "import", "admin -ppw -s -y".to_owned())),
        }
    }

    fn is_registered(&self, at: usize) -> bool {
        let (network, postoffice) = NAMES[at].split_once('/').expect("NET/PO");
        let conf = self.site.server_config();
        conf.find(network.as_bytes(), postoffice.as_bytes(), PAGE)
            .is_some()
    }

    /// Returns how a change is entered; nothing where there is none.
    fn entering(&self, step: Step) -> Option<(usize, &'static str, String, Change)> {
        let (at, list, change, by_text) = match step {
            Step::Edit(at, edit, by_text) => {
                let at = at_of(at);
                (at, NAMES[at], self.held[at].change(edit)?, by_text)
            }
            Step::Feed(at, edit) => (at_of(at), NOBODY, self.fed[at_of(at)].change(edit)?, true),
            _ => return None,
        };
        let by_admin = matches!(change, Change::Show(..)) && list != NOBODY;
        if by_admin || !by_text {
            let args = format!("admin -ppw -y {}", change.words());
            return Some((at, "admin", args, change));
        }
        let file = self.site.beside("in.txt");
        let text = PAGE.encode(&change.text(list)).expect("in the code page");
        fs::write(&file, text).expect("written");
        let feed = if list == NOBODY { "-e " } else { "" };
        let args = format!("admin -ppw -y {feed}-f{}", file.display());
        Some((at, "import", args, change))
    }

    fn enter(&mut self, step: Step, change: &Change) {
        match step {
            Step::Edit(at, ..) => self.held[at_of(at)].apply(change),
            // Whether an entry that is fed is shown is said by nobody.
            Step::Feed(..) if matches!(change, Change::Show(..)) => {}
            Step::Feed(at, ..) => self.fed[at_of(at)].apply(change),
            _ => {}
        }
    }

    /// A program is killed; what was entered with it is there or is not.
    fn killed(&mut self, step: Step, call: u8, when: u8, mends: bool) {
        let Some((at, program, args)) = self.command(step) else {
            return;
        };
        let change = self.entering(step).map(|(_, _, _, change)| change);
        self.mend(at);
        let last = self.last_number(at);
        self.kill(at, program, &args, call, when);
        let Some(change) = change else {
            if matches!(step, Step::MakeResync) {
                self.mend(at);
                self.take_resync();
            } else if mends {
                self.mend(at);
            }
            return;
        };
        self.mend(at);
        let is_done = match step {
            Step::Feed(..) => self.last_number(at) != last,
            _ => {
                let mut changed = self.held[at].clone();
                changed.apply(&change);
                match change {
                    // Nothing but what is sent of it tells.
                    Change::Show(..) => self.last_number(at) != last,
                    _ => self.own_lines(at) == changed.lines(NAMES[at], true),
                }
            }
        };
        if is_done {
            self.enter(step, &change);
        }
        self.check_own(at);
    }

    /// Returns the last number in REQTRANS.
    fn last_number(&self, at: usize) -> u32 {
        let records = self.site.queue(NAMES[at], "REQTRANS");
        records.last().map_or(0, |(number, _)| *number)
    }

    /// The next program finishes or drops what one that was killed has begun.
    pub(super) fn mend(&mut self, at: usize) {
        if self.is_dirty[at] {
            let words = "admin -ppw -y config dirsync requestor types PCM";
            self.run(at, "admin", words);
        }
    }

    fn own_lines(&self, at: usize) -> BTreeSet<(String, String)> {
        let place = format!("PCM:{}/", NAMES[at]);
        let mut lines = self.extract(at);
        lines.retain(|(name, address)| address.starts_with(&place) && name != "Administrator");
        lines
    }

    /// Asserts that the own list is what was entered.
    pub(super) fn check_own(&self, at: usize) {
        let held = self.held[at].lines(NAMES[at], true);
        assert_eq!(self.own_lines(at), held, "own list of {}", NAMES[at]);
    }

    fn deliver(&mut self, fates: &[Fate], is_turned: bool) {
        self.channel.collect(&self.site);
        let lines = self.channel.deliver(&self.site, fates, is_turned);
        self.trace.extend(lines);
    }

    /// A cycle of those who are not away.
    pub(super) fn cycle(&mut self, cycle: &Cycle) {
        let all = || 0..NAMES.len() as u8;
        let takes_part = |at: &u8| cycle.away >> at & 1 == 0;
        for at in all().filter(takes_part) {
            self.step(Step::Send(at));
        }
        self.deliver(&cycle.fates, false);
        self.step(Step::Receive);
        self.step(Step::Transmit);
        self.deliver(&cycle.fates, false);
        for at in all().filter(takes_part) {
            self.step(Step::TakeReplies(at));
            if cycle.failing >> at & 1 == 0 {
                self.step(Step::Import(at));
            }
        }
    }

    /// Registers those who were struck off.
    pub(super) fn register_all(&mut self) {
        for at in 1..NAMES.len() {
            if !self.is_registered(at) {
                self.step(Step::Register(at as u8));
            }
        }
    }

    fn back_up(&mut self, at: usize) {
        let path = self.site.copy(NAMES[at]);
        self.site.at(self.site.now() + 1); // each copy has the moment in its name
        self.copies.push(Copied {
            at,
            path,
            held: self.held[at].clone(),
            fed: self.fed[at].clone(),
            is_dirty: self.is_dirty[at],
        });
    }

    fn restore(&mut self, copy: u8) {
        if self.copies.is_empty() {
            return;
        }
        let copy = &self.copies[usize::from(copy) % self.copies.len()];
        let at = copy.at;
        self.site.restore(NAMES[at], &copy.path);
        self.held[at] = copy.held.clone();
        self.fed[at] = copy.fed.clone();
        self.is_dirty[at] = copy.is_dirty;
        self.channel.garbled.retain(|(to, _)| *to != at);
        // It does not know any more what it has fed since.
        self.losses.insert(at);
        self.trace.push(format!("   {}", NAMES[at]));
    }

    fn reset(&mut self, at: usize) {
        self.step(Step::Register(at as u8));
        self.mend(at);
        self.site.put(NAMES[at], "GLB/REQTRANS.GLB", b"");
        self.run(at, "listds", "admin -ppw -r -z");
        self.losses.insert(at);
        let words = "admin -ppw -y config dirsync requestor types PCM";
        self.run(at, "admin", words);
        self.step(Step::Export(at as u8));
    }

    /// The file must not stay at the server.
    fn take_resync(&mut self) {
        let path = self.site.path(NAMES[0]).join(RESYNC);
        if path.exists() {
            self.resyncs.push(fs::read(&path).expect("readable"));
            fs::remove_file(path).expect("removed");
        }
    }

    /// A file that is refused blocks every IMPORT -Q until the operator removes it.
    fn apply_resync(&mut self, at: usize, file: u8) {
        if self.resyncs.is_empty() {
            return;
        }
        let file = self.resyncs[usize::from(file) % self.resyncs.len()].clone();
        self.mend(at);
        self.is_raised = true;
        self.site.put(NAMES[at], RESYNC, &file);
        self.step(Step::Import(at as u8));
        let path = self.site.path(NAMES[at]).join(RESYNC);
        if path.exists() {
            fs::remove_file(path).expect("removed");
        }
    }
}

pub(super) fn at_of(number: u8) -> usize {
    usize::from(number) % NAMES.len()
}
