//! One short history for each row of the tables in `protocol::server` and `protocol::requestor`: what happens, by what it
//! is noticed, and what mends it. Random histories show that all of them together mend everything; these show each alone.
//!
//! Postoffice 0 is the server and its own requestor. Every history begins with an organization in step, in which each
//! postoffice owns the entries 0 and 1.

mod requestor;
mod server;
mod server_lost;

use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::messages::Severity;
use dirsync::protocol::outcome::Remark;
use dirsync::protocol::requestor::Requestor;
use dirsync::protocol::server::Registered;

use super::event::{Event, Fate};
use super::heal;
use super::list::{Change, Entry, List};
use super::mail::{Reply, Request};
use super::office::{Edit, Office};
use super::stage::Stage;
use super::watch::{Coverage, Seen, Watch};

/// An organization to which things happen.
struct Scene {
    stage: Stage,
}

impl Scene {
    /// An organization in step.
    fn in_step(offices: usize) -> Self {
        let mut scene = Self::just_registered(offices);
        scene.stage.establish(2);
        scene.stage.watch = watch();
        scene
    }

    /// Postoffices that have sent nothing yet.
    fn just_registered(offices: usize) -> Self {
        let stage = Stage::new(offices, watch());
        Self { stage }
    }

    /// Lets events happen; returns what was noticed and sent meanwhile.
    fn play(&mut self, events: &[Event]) -> Seen {
        for event in events {
            self.stage.play(event);
        }
        let seen = self.stage.watch.seen.replace(Seen::default());
        seen.expect("it is wanted")
    }

    /// Returns how often an outcome was reached.
    fn count(&self, outcome: &str) -> u64 {
        let coverage = self.stage.watch.coverage.as_ref().expect("it is wanted");
        coverage.get(outcome).copied().unwrap_or_default()
    }

    fn office(&self, at: usize) -> &Office {
        &self.stage.world.offices[at]
    }

    /// The numbers of a requestor.
    fn own(&self, at: usize) -> Requestor {
        self.office(at).numbers.clone()
    }

    /// The record of a requestor at the server.
    fn record(&self, of: usize) -> Registered {
        let record = &self.stage.world.server.entries[of];
        record.clone().expect("it is registered")
    }

    /// Highest number of the server.
    fn sync(&self) -> SrvSync {
        self.stage.world.server.numbers.sync
    }

    /// What a postoffice has taken into the master list above a number, in order.
    fn taken(&self, from: u8, above: SrvSync) -> Vec<Change> {
        let master = self.stage.world.server.master.iter();
        let new = master.filter(|r| r.number > above && r.op.list == from);
        new.map(|r| r.op.change).collect()
    }

    /// What waits in REQTRANS of a postoffice, with its numbers.
    fn waiting(&self, at: usize) -> Vec<(ReqSync, Change)> {
        let office = self.office(at);
        let queue = office.queue.iter();
        let waiting = queue.filter(|r| r.number > office.numbers.req_sync);
        waiting.map(|r| (r.number, r.op.change)).collect()
    }

    /// The list of an owner as a postoffice has it.
    fn list(&self, at: usize, owner: usize) -> &List {
        &self.office(at).lists[owner]
    }

    /// Lets undisturbed cycles pass: then every list holds what its owner holds, and no rule was broken on the way.
    fn heals(mut self) -> Self {
        let result = heal::heal(&mut self.stage);
        let watch = &mut self.stage.watch;
        let trace = watch.trace.take().unwrap_or_default().join("\n");
        assert_eq!(watch.broken, [""; 0], "{trace}");
        assert!(result.is_ok(), "{trace}\n{result:?}");
        self
    }
}

impl Seen {
    /// Returns the only reply to a requestor.
    fn reply(&self, to: usize) -> &Reply {
        let replies: Vec<_> = self.replies.iter().filter(|r| r.to == to).collect();
        match replies[..] {
            [reply] => reply,
            _ => panic!("{replies:?}"),
        }
    }

    /// Returns the last request of a requestor.
    fn request(&self, from: usize) -> &Request {
        let mut requests = self.requests.iter().rev();
        requests.find(|r| r.from == from).expect("it has sent one")
    }
}

fn watch() -> Watch {
    Watch {
        coverage: Some(Coverage::new()),
        seen: Some(Seen::default()),
        ..Watch::tracing()
    }
}

/// What the log says: the severity and the published number of each line, which must say something.
fn logged(remark: &Remark) -> Vec<(Severity, Option<u16>)> {
    let lines = remark.lines("PCM:NET/REQ");
    for line in &lines {
        assert!(line.number.is_some() || !line.text.is_empty(), "{remark:?}");
    }
    lines.iter().map(|l| (l.severity, l.number)).collect()
}

/// T0 at a postoffice.
fn edit(at: u8, edit: Edit) -> Event {
    Event::Edit(at, edit)
}

/// A cycle of all but one.
fn cycle_without(at: u8) -> Event {
    Event::PartCycle(!(1 << at))
}

/// What travels arrives.
fn arrive() -> Event {
    deliver(&[Fate::Arrives])
}

/// What travels meets its fate, in the order in which it was sent.
fn deliver(fates: &[Fate]) -> Event {
    Event::Deliver(fates.to_vec(), false)
}

/// The names of a list.
fn names(list: &List) -> Vec<u8> {
    list.keys().copied().collect()
}

/// What an export of a list sends: R, and an A for each entry.
fn export_of(list: &List) -> Vec<Change> {
    let adds = list.iter().map(|(&name, &entry)| Change::Add(name, entry));
    std::iter::once(Change::Replace).chain(adds).collect()
}

/// The names that changes add; nothing else may be among them.
fn added(changes: &[Change]) -> Vec<u8> {
    let name = |change: &Change| match *change {
        Change::Add(name, Entry { .. }) => name,
        other => panic!("{other:?}"),
    };
    changes.iter().map(name).collect()
}
