//! One state of the search, and what can happen in it.

use std::fmt::Write as _;

use dirsync::codec::timestamp::Timestamp;

use super::Bounds;
use super::canon::canonicalize;
use crate::convergence::heal;
use crate::convergence::mail::{Reply, Request, ResyncFile};
use crate::convergence::office::{Edit, Office};
use crate::convergence::server::ServerState;
use crate::convergence::stage::{Mail, Stage};
use crate::convergence::watch::Watch;
use crate::convergence::world::World;

/// The clock of the server: a STAMP is higher than all that a state still has.
const NOW: Timestamp = Timestamp(1_000);

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) world: World,
    /// Every request that was sent.
    pub(super) requests: Vec<Request>,
    /// Every reply.
    pub(super) replies: Vec<Reply>,
    /// The copy of a postoffice that was put away, and of the server where it is that one.
    pub(super) copy: Option<Box<(Office, Option<ServerState>)>>,
    pub(super) file: Option<ResyncFile>,
    restores: u8,
    resyncs: u8,
    registrations: u8,
    /// Times that each postoffice has put something into REQTRANS, which date it.
    births: Vec<u32>,
    /// The first rule that did not hold.
    pub(super) broken: Option<String>,
}

/// What can happen. Messages are meant by their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Edit(usize, Edit),
    T1(usize),
    /// T2 with one request, or two that have come in this order.
    T2(usize, Option<usize>),
    /// T3 with one reply; several are taken one after the other.
    T3(usize),
    /// A whole cycle of everybody, whose mail comes once only.
    Cycle,
    Backup(usize),
    Restore,
    MakeResync,
    ApplyResync(usize),
    /// The server registers a requestor anew.
    Register(usize),
}

impl Node {
    /// An organization in step: everybody has one entry.
    pub(super) fn new(bounds: &Bounds) -> Self {
        let mut world = World::new(bounds.offices);
        world.keep_updates_days = u16::MAX;
        let mut stage = Stage::with(world, Vec::new());
        stage.establish(1);
        let mut node = Self {
            world: stage.world,
            requests: Vec::new(),
            replies: Vec::new(),
            copy: None,
            file: None,
            restores: 0,
            resyncs: 0,
            registrations: 0,
            births: vec![0; bounds.offices],
            broken: None,
        };
        node.world.ghost.edits = 0;
        canonicalize(&mut node);
        node
    }

    /// Lists what can happen.
    pub(super) fn steps(&self, bounds: &Bounds, steps: &mut Vec<Step>) {
        if self.broken.is_some() {
            return;
        }
        let offices = 0..self.world.offices.len();
        if self.world.ghost.edits < bounds.edits {
            steps.extend(offices.clone().flat_map(|at| self.edits(at)));
        }
        steps.extend(offices.clone().map(Step::T1));
        let requests = 0..self.requests.len();
        for first in requests.clone() {
            steps.push(Step::T2(first, None));
            let others = requests.clone().filter(|&second| second != first);
            steps.extend(others.map(|second| Step::T2(first, Some(second))));
        }
        steps.extend((0..self.replies.len()).map(Step::T3));
        steps.push(Step::Cycle);
        if self.restores < bounds.restores {
            match &self.copy {
                None => steps.extend(offices.clone().map(Step::Backup)),
                Some(_) => steps.push(Step::Restore),
            }
        }
        if self.resyncs < bounds.resyncs {
            match &self.file {
                None => steps.push(Step::MakeResync),
                Some(_) => steps.extend(offices.clone().skip(1).map(Step::ApplyResync)),
            }
        }
        if self.registrations < bounds.registrations {
            steps.extend(offices.map(Step::Register));
        }
    }

    fn edits(&self, at: usize) -> impl Iterator<Item = Step> + '_ {
        let edits = [Edit::Put(1, 0), Edit::Rename(0, 1), Edit::Delete(0)];
        let own = self.world.offices[at].own();
        let useful = edits
            .into_iter()
            .filter(|edit| edit.change(own, 0).is_some());
        useful.map(move |edit| Step::Edit(at, edit))
    }

    /// Returns the state after a step.
    pub(super) fn after(&self, step: &Step) -> Self {
        let mut node = self.clone();
        let mut watch = Watch::default();
        node.take(step, &mut watch);
        node.broken = watch.broken.into_iter().next();
        canonicalize(&mut node);
        node
    }

    fn take(&mut self, step: &Step, watch: &mut Watch) {
        match *step {
            Step::Edit(at, edit) => {
                let born = self.born(at);
                self.world.edit(at, edit, false, born);
                self.births[at] += 1;
            }
            Step::T1(at) => _ = self.t1(at, watch),
            Step::T2(first, second) => {
                let requests = [Some(first), second].into_iter().flatten();
                let requests = requests.map(|at| self.requests[at].clone()).collect();
                self.t2(requests, watch);
            }
            Step::T3(reply) => self.t3(self.replies[reply].clone(), watch),
            Step::Cycle => {
                let travelling = (self.requests.clone(), self.replies.clone());
                let offices = 0..self.world.offices.len();
                let requests = offices.map(|at| self.t1(at, watch)).collect();
                for reply in self.t2(requests, watch) {
                    self.t3(reply, watch);
                }
                (self.requests, self.replies) = travelling;
            }
            Step::Backup(at) => {
                let server = (at == 0).then(|| self.world.server.clone());
                self.copy = Some(Box::new((self.world.offices[at].clone(), server)));
            }
            Step::Restore => self.restore(),
            Step::MakeResync => self.file = Some(self.world.make_resync(NOW, watch)),
            Step::ApplyResync(at) => {
                self.resyncs += 1;
                let file = self.file.take().expect("there is a file");
                self.world.apply_resync(at, &file, watch);
            }
            Step::Register(at) => {
                self.registrations += 1;
                self.world.register(at);
            }
        }
    }

    fn t1(&mut self, at: usize, watch: &mut Watch) -> Request {
        let request = self.world.offices[at].t1(watch);
        if !self.requests.contains(&request) {
            self.requests.push(request.clone());
        }
        request
    }

    fn t2(&mut self, requests: Vec<Request>, watch: &mut Watch) -> Vec<Reply> {
        self.world.receive(Timestamp::ZERO, requests, watch);
        let replies = self.world.transmit(NOW, None, watch);
        self.replies.extend(replies.iter().cloned());
        replies
    }

    fn t3(&mut self, reply: Reply, watch: &mut Watch) {
        let at = reply.to;
        let born = self.born(at);
        self.world.take_replies(at, vec![reply], born, watch);
        self.world.offices[at].import(watch);
        let last = self.world.offices[at].queue.last();
        self.births[at] += u32::from(last.is_some_and(|r| r.stamp == born));
    }

    fn restore(&mut self) {
        let (office, server) = *self.copy.take().expect("there is a copy");
        self.restores += 1;
        let at = office.at();
        self.world.offices[at] = office;
        self.world.ghost.disturbed[at] = true;
        if let Some(server) = server {
            self.world.server = server;
            self.world.disturb_all();
        }
    }

    fn born(&self, at: usize) -> Timestamp {
        Timestamp(self.births[at] + 1)
    }

    /// Lets undisturbed cycles pass: without what travels, and with all of it.
    pub(super) fn heals(&self) -> Result<(), String> {
        let requests = self.requests.iter().cloned().map(Mail::Request);
        let replies = self.replies.iter().cloned().map(Mail::Reply);
        for mails in [Vec::new(), requests.chain(replies).collect::<Vec<_>>()] {
            let mut stage = Stage::with(self.world.clone(), mails);
            heal::heal(&mut stage)?;
            if let Some(rule) = stage.watch.broken.first() {
                return Err(rule.clone());
            }
        }
        Ok(())
    }

    /// Tells whether a restore was noticed: in step, nobody gets a full list or is asked to export.
    pub(super) fn has_noticed_restore(&self) -> bool {
        let mut heads = self.replies.iter().map(|reply| &reply.head);
        self.restores > 0 && heads.any(|head| head.is_import || head.export)
    }

    /// Tells what happened on the way to a state, and how it heals.
    pub(super) fn trace(bounds: &Bounds, steps: &[Step]) -> String {
        let mut node = Self::new(bounds);
        let mut text = String::new();
        for step in steps {
            let mut watch = Watch::tracing();
            node.take(step, &mut watch);
            canonicalize(&mut node);
            let lines = watch.trace.unwrap_or_default().join("\n");
            _ = writeln!(text, "{step:?}\n{lines}");
        }
        text
    }
}
