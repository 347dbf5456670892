//! `gateway install|remove|list`: which gateways the postoffice has.

use serde_json::json;

use super::run::{Run, refused, refused_because, stage_master};
use super::words::Gateway;
use crate::address::AddressType;
use crate::codec::FixedText;
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{Action, Outcome};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::define::Definitions;
use crate::postoffice::groups::Groups;
use crate::postoffice::ids::MailbagSource;
use crate::postoffice::layout::File;
use crate::postoffice::places::{Network, family_of, gateway_bit, network_kind};
use crate::postoffice::pol::Pol;
use crate::postoffice::{Batch, PostofficeError};
use crate::tools::exit::ToolError;

pub(super) fn run(run: &mut Run<'_>, word: &Gateway) -> Result<(), ToolError> {
    match word {
        Gateway::Install { kind, name } => install(run, gateway_type(kind)?, name.as_deref()),
        Gateway::Remove { kind, name } => remove(run, gateway_type(kind)?, name.as_deref()),
        Gateway::List => list(run),
    }
}

/// Reads an address type.
pub(super) fn address_type(text: &str) -> Result<AddressType, ToolError> {
    let kind = AddressType::from_token(text.as_bytes());
    kind.map(AddressType::family).ok_or_else(|| {
        let message = Message::new(16, text);
        ToolError::usage(message.to_string()).with_message(message)
    })
}

fn gateway_type(text: &str) -> Result<AddressType, ToolError> {
    match address_type(text)? {
        AddressType::Pcm => Err(ToolError::usage(format!(
            "{text} is no gateway: other postoffices are defined by 'external create'"
        ))),
        kind => Ok(kind),
    }
}

fn install(run: &mut Run<'_>, kind: AddressType, name: Option<&str>) -> Result<(), ToolError> {
    let shown = name.unwrap_or(kind.token()).to_owned();
    let name = run.encode(&shown)?;
    check_name(run, kind, &name)?;
    if run.state.places.network(&name).is_some() {
        return Err(refused(68, shown));
    }
    // All addresses of such a type are in one list, so a second gateway would have nothing of its own.
    if !kind.is_three_part() && run.state.places.gateway(kind).is_some() {
        return Err(refused_because(format!(
            "a gateway of type {} is installed",
            kind.token()
        )));
    }
    let (po, state) = (&run.session.po, &mut run.state);
    let mut definitions = Definitions::load(po)?;
    let mut mailbags = MailbagSource::open(po, &state.places, &state.config)?;
    let (places, network) = (&mut state.places, network_kind(kind));
    definitions.add_network(places, network, &name, &mut mailbags)?;
    let mut master = po.master().clone();
    master.gateways = master.gateways.with(gateway_bit(kind), true);
    run.say(format!(
        "gateway {shown} of type {} installed",
        kind.token()
    ));
    run.count(Action::Add, Outcome::Added, kind.token(), &shown, "")?;
    run.commit(|po, _, batch, config| {
        definitions.stage(batch)?;
        mailbags.stage(batch, config)?;
        if !kind.is_three_part() {
            // A list left by an earlier gateway of the type is taken up again.
            for (file, len) in list_files(kind) {
                if !po.layout().exists(&file)? {
                    batch.replace_bytes(&file, &vec![0; len])?;
                }
            }
        }
        stage_master(batch, &master)
    })
}

/// The files of a gateway list with their sizes when it is empty (Q119240).
fn list_files(kind: AddressType) -> [(File, usize); 2] {
    let token = kind.token();
    let files = (File::gateway_nme(token), File::gateway_glb(token));
    let (Ok(names), Ok(addresses)) = files else {
        unreachable!("a type token is a file name")
    };
    [(names, 0), (addresses, 4)]
}

/// A network that is called like another type could not be told from its gateway (defect 18 of `import.md`).
pub(super) fn check_name(run: &Run<'_>, kind: AddressType, name: &[u8]) -> Result<(), ToolError> {
    let shown = run.code_page().decode(name);
    if AddressType::from_token(name).is_some_and(|reserved| reserved.family() != kind) {
        return Err(refused(64, shown));
    }
    if name.is_empty() || FixedText::<11>::new(name).is_err() {
        return Err(refused(20, shown));
    }
    match name
        .iter()
        .find(|&&b| matches!(b, b'/' | b'\\' | b':') || b <= b' ')
    {
        Some(_) => Err(refused(69, shown)),
        None => Ok(()),
    }
}

fn remove(run: &mut Run<'_>, kind: AddressType, name: Option<&str>) -> Result<(), ToolError> {
    let network = meant(run, kind, name)?;
    let shown = run.code_page().decode(network.record.name.as_bytes());
    if !network.postoffices.is_empty() {
        let count = network.postoffices.len();
        return Err(refused_because(format!(
            "{shown}: {count} nodes are defined behind it; delete them first"
        )));
    }
    let list = ListId::Gateway(kind);
    let is_list = !kind.is_three_part();
    let entries = match is_list {
        true => run.po().list_len(&run.state.places, &list)?,
        false => 0,
    };
    run.confirm(&format!("Gateway {shown} goes, with {entries} entries."))?;
    let mut gone = Gone::load(run)?;
    let tids = match is_list {
        true => gone.pol.remove_gateway(kind),
        false => Vec::new(),
    };
    gone.forget(run, &tids);
    let mut definitions = Definitions::load(run.po())?;
    definitions.remove_network(&network);
    let same_kind = run.state.places.networks().iter();
    let is_last = same_kind
        .filter(|n| family_of(n.record.kind) == Some(kind))
        .count()
        == 1;
    let mut master = run.po().master().clone();
    master.gateways = master.gateways.with(gateway_bit(kind), !is_last);
    run.say(format!("gateway {shown} removed, with {entries} entries"));
    run.count(Action::Delete, Outcome::Deleted, kind.token(), &shown, "")?;
    run.commit(|_, state, batch, config| {
        definitions.stage(batch)?;
        gone.stage(batch)?;
        if is_list {
            for (file, _) in list_files(kind) {
                batch.remove(&file)?;
            }
            if !state.ownership.marks(&list).is_empty() {
                state.ownership.set(&list, Default::default());
                state.ownership.stage(batch, config)?;
            }
        }
        stage_master(batch, &master)
    })
}

/// Finds the gateway that is meant.
fn meant(run: &Run<'_>, kind: AddressType, name: Option<&str>) -> Result<Network, ToolError> {
    let networks = run.state.places.networks().iter();
    let of_kind: Vec<_> = networks
        .filter(|network| family_of(network.record.kind) == Some(kind))
        .collect();
    let Some(name) = name else {
        return match of_kind[..] {
            [] => Err(refused(44, kind.token())),
            [one] => Ok(one.clone()),
            _ => Err(ToolError::usage(format!(
                "there are {} gateways of type {}: give the name",
                of_kind.len(),
                kind.token()
            ))),
        };
    };
    let bytes = run.encode(name)?;
    let is_meant = |network: &&&Network| {
        let known = network.record.name.as_bytes();
        run.code_page().eq_ignore_case(known, &bytes)
    };
    let found = of_kind.iter().find(is_meant);
    found
        .map(|network| (**network).clone())
        .ok_or_else(|| refused(44, name))
}

fn list(run: &mut Run<'_>) -> Result<(), ToolError> {
    let mut rows = Vec::new();
    for network in run.state.places.networks() {
        let Some(kind) = family_of(network.record.kind).filter(|k| *k != AddressType::Pcm) else {
            continue;
        };
        let mut entries = 0;
        if kind.is_three_part() {
            let name = network.record.name.as_bytes();
            for place in run.state.places.of_family(kind) {
                if place.network.record.name.as_bytes() == name {
                    let id = ListId::postoffice(kind, &place.name(), run.code_page());
                    entries += run.po().list_len(&run.state.places, &id)?;
                }
            }
        } else {
            entries = run
                .po()
                .list_len(&run.state.places, &ListId::Gateway(kind))?;
        }
        rows.push(vec![
            json!(kind.token()),
            json!(run.code_page().decode(network.record.name.as_bytes())),
            json!(network.postoffices.len()),
            json!(entries),
        ]);
    }
    run.show(&["type", "name", "nodes", "entries"], rows);
    Ok(())
}

/// What follows in the own lists when others go.
pub(super) struct Gone {
    pub(super) pol: Pol,
    accounts: Accounts,
    groups: Groups,
}

impl Gone {
    pub(super) fn load(run: &Run<'_>) -> Result<Self, ToolError> {
        let pol = Pol::load(run.po())?;
        Ok(Self {
            groups: Groups::load(run.po(), &pol)?,
            accounts: Accounts::load(run.po())?,
            pol,
        })
    }

    /// Takes entries that left the postoffice list out of the groups, and says so.
    pub(super) fn forget(&mut self, run: &mut Run<'_>, tids: &[u32]) {
        if tids.is_empty() {
            return;
        }
        let (pol, accounts) = (&mut self.pol, &mut self.accounts);
        let groups = self.groups.forget(tids, pol, accounts);
        run.say(format!(
            "{} entries left the postoffice list and {} groups",
            tids.len(),
            groups.len()
        ));
    }

    pub(super) fn stage(&mut self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        self.groups.stage(batch)?;
        self.accounts.stage(batch)?;
        self.pol.stage(batch)
    }
}
