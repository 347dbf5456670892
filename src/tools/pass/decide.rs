//! Decides what becomes of every transaction, list by list.

use std::collections::BTreeMap;
use std::io;

use super::report::write_decisions;
use super::{Decided, Settings, State, pol};
use crate::address::{AddressType, PostofficeName};
use crate::codec::{AccessFlags, AliasKind, RouteKind};
use crate::list::ListId;
use crate::plan::intake::{Intake, ListOps};
use crate::plan::local::{Account, LocalMerge, Place};
use crate::plan::merge::{ListBase, Merge, Source};
use crate::plan::op::{Op, OpKind};
use crate::plan::outcome::{Action, Outcome, OutcomeSink, Reason};
use crate::plan::{Decision, Fingerprint, NewPlace, Note};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::places::{Missing, Route, family_of};
use crate::postoffice::pol::{Pol, PolNames};
use crate::postoffice::{Postoffice, PostofficeError};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};

/// Decides over everything in an intake. Nothing is written but the report.
///
/// # Errors
/// A list cannot be read; autocreate is impossible (54, 55); the report cannot be written; interrupted.
pub fn decide(
    po: &Postoffice,
    state: &State,
    mut intake: Intake,
    settings: &Settings,
    sink: &mut dyn OutcomeSink,
    interrupt: &Interrupt,
) -> Result<Decided, ToolError> {
    let list = Pol::load(po)?;
    let mut pass = Pass {
        po,
        state,
        settings,
        pol_names: list.names(),
        pol: list,
        decided: Decided::default(),
        reported_gateways: Vec::new(),
        new_networks: Vec::new(),
    };
    let lists = intake.take_lists();
    pass.decided.counts = intake.counts;
    pass.decided.notes = std::mem::take(&mut intake.notes);
    let wants = sink.wants_details();
    for (list, decision) in intake.decisions.drain(..) {
        write_decisions(po, list.as_ref(), std::slice::from_ref(&decision), sink)
            .map_err(report)?;
    }
    for (id, ops) in lists {
        interrupt.check()?;
        let decisions = pass.decide_list(&id, ops, wants)?;
        write_decisions(po, Some(&id), &decisions, sink).map_err(report)?;
    }
    pass.decide_local(std::mem::take(&mut intake.local), sink)?;
    pass.decided.notes.sort_by_key(|note| note.at);
    pass.decided.entry_count = pass.count_entries()?;
    interrupt.check()?;
    Ok(pass.decided)
}

fn report(error: io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, error.to_string())
}

struct Pass<'a> {
    po: &'a Postoffice,
    state: &'a State,
    settings: &'a Settings,
    pol: Pol,
    pol_names: PolNames,
    decided: Decided,
    /// Gateways that message 44 has named already (one line per gateway under `-q`).
    reported_gateways: Vec<AddressType>,
    /// Networks that this pass defines.
    new_networks: Vec<Vec<u8>>,
}

impl Pass<'_> {
    fn decide_list(
        &mut self,
        id: &ListId,
        ops: ListOps,
        wants: bool,
    ) -> Result<Vec<Decision>, ToolError> {
        let base = match self.state.places.check(id) {
            Ok(()) => self
                .po
                .load_base(&self.state.places, id, &self.state.ownership)?,
            Err(missing) => match self.create(id, &ops, missing)? {
                Ok(()) => ListBase {
                    id: id.clone(),
                    entries: Vec::new(),
                    marks: self.state.ownership.marks(id),
                    template: None,
                    fingerprint: Fingerprint::default(),
                },
                Err(message) => return Ok(self.refuse_list(id, ops.ops, message)),
            },
        };
        let keep = wants || self.settings.pol;
        let mut merge = Merge::new(base, &self.settings.rules, keep);
        merge.expect(ops.ops.len());
        for op in ops.ops {
            merge.apply(op);
        }
        let mut merged = merge.finish();
        if self.settings.pol {
            let held = (&self.pol, &self.pol_names);
            let followed =
                pol::follow_decisions(held, self.po, &self.state.places, id, &mut merged);
            self.decided.pol.extend(followed.changes);
            self.decided.pol_refused += followed.refused;
            merged.notes.extend(followed.notes);
        } else if self.settings.rules.source == Source::Queue {
            let held = (&self.pol, &self.pol_names);
            let changes = pol::follow_rows(held, self.po, &self.state.places, &merged.plan);
            self.decided.pol.extend(changes);
        }
        if merged.emptied_count > 0 {
            self.decided.warnings.push(format!(
                "{}: T defines its template anew, and the information of {} entries starts from the defaults",
                id.display(self.po.code_page()),
                merged.emptied_count,
            ));
        }
        self.decided.counts.merge(&merged.plan.counts);
        self.decided.notes.append(&mut merged.notes);
        self.decided.plan.lists.push(merged.plan);
        Ok(if wants { merged.decisions } else { Vec::new() })
    }

    /// Decides whether an unknown place is defined; the inner error is the message that refuses its entries.
    fn create(
        &mut self,
        id: &ListId,
        ops: &ListOps,
        missing: Missing,
    ) -> Result<Result<(), u16>, ToolError> {
        let ListId::Postoffice {
            family, network, ..
        } = id
        else {
            return Ok(Err(missing.message()));
        };
        let Some(name) = ops.name.place().filter(|_| self.settings.autocreate) else {
            return Ok(Err(missing.message()));
        };
        if missing.can_create(*family).is_none() {
            return Ok(Err(missing.message()));
        }
        let with_network =
            missing == Missing::Network && !self.new_networks.contains(&network.to_vec());
        if missing == Missing::Network {
            if AddressType::from_token(network).is_some_and(|kind| !kind.is_three_part()) {
                return Ok(Err(64));
            }
            if self.state.places.network(network).is_some() {
                return Ok(Err(68));
            }
        }
        route_for_new(self.po, self.state, *family)?;
        if with_network {
            self.new_networks.push(network.to_vec());
        }
        let name = name.clone();
        self.decided.plan.places.push(NewPlace {
            kind: *family,
            name,
            with_network,
        });
        Ok(Ok(()))
    }

    /// Refuses every transaction of a list that is not there. Under `-q` a gateway that is not installed is no
    /// fault: its entries are rightly left out, and said once (Q122751).
    fn refuse_list(&mut self, id: &ListId, ops: Vec<Op>, message: u16) -> Vec<Decision> {
        let is_queue = self.settings.rules.source == Source::Queue;
        let outcome = if is_queue && message == 44 {
            Outcome::Ignored
        } else {
            Outcome::Refused
        };
        let mut decisions = Vec::new();
        for op in ops {
            let (action, entry) = match op.kind {
                OpKind::Add { entry, .. } => (Action::Add, Some(entry)),
                OpKind::Delete { entry } => (Action::Delete, Some(entry)),
                OpKind::Modify { old, .. } => (Action::Modify, Some(*old)),
                OpKind::Replace => (Action::Replace, None),
                OpKind::Template { .. } => (Action::Template, None),
                OpKind::Named { .. } => continue,
            };
            let is_entry = entry.is_some();
            let reason = if message == 44 {
                Reason::AddressType
            } else {
                Reason::Message(message)
            };
            if is_entry {
                self.decided.counts.read += 1;
                self.decided.counts.count(outcome, Some(reason));
            } else {
                self.decided.counts.count(Outcome::Command, None);
            }
            if self.is_worth_a_note(id, message, is_queue) {
                let argument = match (id, message) {
                    (ListId::Gateway(kind), 44) => kind.token().as_bytes().to_vec(),
                    (ListId::Postoffice { family, .. }, 44) => family.token().as_bytes().to_vec(),
                    (ListId::Postoffice { network, .. }, 64 | 68) => network.to_vec(),
                    _ => id.to_bytes(),
                };
                self.decided.notes.push(Note {
                    at: op.at,
                    message,
                    argument,
                });
            }
            let (at, reason, message) = (op.at, Some(reason), Some(message));
            let outcome = if is_entry { outcome } else { Outcome::Command };
            decisions.push(Decision {
                at,
                action,
                outcome,
                reason,
                message,
                entry,
                new: None,
            });
        }
        decisions
    }

    fn is_worth_a_note(&mut self, id: &ListId, message: u16, is_queue: bool) -> bool {
        let kind = match id {
            ListId::Gateway(kind) => *kind,
            ListId::Postoffice { family, .. } => *family,
            ListId::Local | ListId::Pol => return true,
        };
        if message != 44 || !is_queue {
            return true;
        }
        let known = self.reported_gateways.contains(&kind);
        self.reported_gateways.push(kind);
        !known
    }

    fn decide_local(
        &mut self,
        transactions: Vec<(crate::plan::op::Position, crate::transaction::Transaction)>,
        sink: &mut dyn OutcomeSink,
    ) -> Result<(), ToolError> {
        if transactions.is_empty() {
            return Ok(());
        }
        let accounts = Accounts::load(self.po)?;
        self.decided.account_count = accounts.count() as u64;
        let known = accounts.iter().map(|(index, record)| Account {
            place: Place::Existing(index),
            name: record.name,
            mailbox: record.mailbox,
            is_administrator: record.flags.contains(AccessFlags::ADMINISTRATOR),
        });
        let pol = &self.pol;
        let is_taken = |name: &[u8]| {
            pol.find(name)
                .is_some_and(|index| pol.records[index].kind != AliasKind::Local)
        };
        let (own, code_page) = (self.po.name(), self.po.code_page());
        let mut merge = LocalMerge::new(known.collect(), &is_taken, own, code_page);
        for (at, transaction) in transactions {
            merge.apply(at, transaction);
        }
        let mut local = merge.finish();
        self.decided.counts.merge(&local.counts);
        self.decided.notes.append(&mut local.notes);
        write_decisions(self.po, Some(&ListId::Local), &local.decisions, sink).map_err(report)?;
        local.decisions.clear();
        self.decided.local = local;
        Ok(())
    }

    fn count_entries(&self) -> Result<u64, PostofficeError> {
        let mut count = 0;
        for id in self.state.places.lists() {
            count += self.po.list_len(&self.state.places, &id)?;
        }
        Ok(count)
    }
}

/// Returns the route of a place that autocreate defines: direct on the dirsync server (message 60), else the
/// route to the server (Q96060).
///
/// # Errors
/// No server is registered (54), or it is not defined here (55): nothing is created.
pub(super) fn route_for_new(
    po: &Postoffice,
    state: &State,
    family: AddressType,
) -> Result<Route, ToolError> {
    if family != AddressType::Pcm {
        // A node or DGN is reached through its gateway.
        return Ok(Route {
            kind: RouteKind::None,
            text: Box::default(),
        });
    }
    if po.role()? == crate::postoffice::Role::Server {
        return Ok(Route {
            kind: RouteKind::Direct,
            text: Box::default(),
        });
    }
    let fatal = |number: u16, argument: String| {
        let message = crate::messages::Message::new(number, argument);
        ToolError::new(ExitCode::NotFound, message.to_string()).with_message(message)
    };
    if !state.config.has_server() {
        return Err(fatal(54, String::new()));
    }
    let server = PostofficeName::from_checked(
        state.config.server_network.as_bytes(),
        state.config.server_postoffice.as_bytes(),
    );
    match state.places.find(&server) {
        Some(place) if family_of(place.network.record.kind) == Some(AddressType::Pcm) => {
            Ok(place.route())
        }
        _ => Err(fatal(55, server.view(po.code_page()))),
    }
}

/// Returns the nodes and DGNs of every three-part gateway, for `R SNADS:`.
#[must_use]
pub fn nodes(po: &Postoffice, state: &State) -> BTreeMap<AddressType, Vec<ListId>> {
    let families = [AddressType::Profs, AddressType::Snads, AddressType::Ov];
    let nodes = families.map(|family| {
        let places = state.places.of_family(family);
        let ids = places.map(|p| ListId::postoffice(family, &p.name(), po.code_page()));
        (family, ids.collect())
    });
    nodes.into_iter().collect()
}
