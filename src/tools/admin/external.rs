//! `external create|delete|list`: other postoffices, and the nodes and DGNs behind gateways.

use serde_json::{Value, json};

use super::gateway::{Gone, address_type, check_name};
use super::run::{Run, refused, refused_because};
use super::words::External;
use crate::address::{AddressType, PostofficeName};
use crate::codec::{FixedText, RouteKind};
use crate::list::ListId;
use crate::plan::outcome::{Action, Outcome};
use crate::postoffice::define::Definitions;
use crate::postoffice::ids::MailbagSource;
use crate::postoffice::places::{Missing, Route, family_of, network_kind};
use crate::tools::exit::ToolError;

pub(super) fn run(run: &mut Run<'_>, word: &External) -> Result<(), ToolError> {
    match word {
        External::Create { name, kind, route } => {
            let kind = place_type(kind)?;
            create(run, kind, name, route.as_deref())
        }
        External::Delete {
            name,
            kind,
            with_network,
        } => delete(run, place_type(kind)?, name, *with_network),
        External::List => list(run),
    }
}

fn place_type(text: &str) -> Result<AddressType, ToolError> {
    match address_type(text)? {
        kind if kind.is_three_part() => Ok(kind),
        kind => Err(ToolError::usage(format!(
            "{}: no postoffices or nodes behind this type",
            kind.token()
        ))),
    }
}

fn create(
    run: &mut Run<'_>,
    kind: AddressType,
    text: &str,
    route: Option<&str>,
) -> Result<(), ToolError> {
    let name = run.place_name(kind, text)?;
    let is_pcm = kind == AddressType::Pcm;
    if is_pcm && name.is_same(run.po().name(), run.code_page()) {
        return Err(refused_because(format!("{text} is this postoffice")));
    }
    let id = ListId::postoffice(kind, &name, run.code_page());
    let with_network = match run.state.places.check(&id) {
        Ok(()) => {
            return Err(refused_because(format!("{text} is defined already")));
        }
        Err(Missing::Postoffice) => false,
        Err(Missing::Gateway) => return Err(refused(44, kind.token())),
        Err(Missing::Network) if !is_pcm => {
            return Err(refused(44, run.code_page().decode(name.network())));
        }
        Err(Missing::Network) => true,
    };
    if with_network {
        check_name(run, kind, name.network())?;
        if run.state.places.network(name.network()).is_some() {
            return Err(refused(68, run.code_page().decode(name.network())));
        }
    }
    let route = match (is_pcm, route) {
        (true, Some(route)) => parse_route(run, &name, route)?,
        (true, None) => return Err(ToolError::usage("how does mail reach it? Give --route")),
        (false, None) => Route {
            kind: RouteKind::None,
            text: Box::default(),
        },
        (false, Some(_)) => {
            return Err(ToolError::usage(
                "a node is reached through its gateway: no --route",
            ));
        }
    };
    let (po, state) = (&run.session.po, &mut run.state);
    let mut definitions = Definitions::load(po)?;
    let mut mailbags = MailbagSource::open(po, &state.places, &state.config)?;
    let places = &mut state.places;
    if with_network {
        let network = network_kind(kind);
        definitions.add_network(places, network, name.network(), &mut mailbags)?;
    }
    definitions.add_postoffice(po, places, &name, &route, &mut mailbags)?;
    let shown = name.view(run.code_page());
    if with_network {
        run.say(format!(
            "network {} defined",
            run.code_page().decode(name.network())
        ));
    }
    run.say(match is_pcm {
        true => format!("postoffice {shown} defined, {}", shown_route(run, &route)),
        false => format!("{} node {shown} defined", kind.token()),
    });
    run.count(Action::Add, Outcome::Added, kind.token(), &shown, "")?;
    run.commit(|_, _, batch, config| {
        definitions.stage(batch)?;
        mailbags.stage(batch, config)
    })
}

/// Reads `direct:PATH`, `indirect:NET/PO` or `mail:USER@HOST`.
fn parse_route(run: &Run<'_>, name: &PostofficeName, text: &str) -> Result<Route, ToolError> {
    let wrong = |why: &str| ToolError::usage(format!("--route {text}: {why}"));
    let (kind, rest) = text
        .split_once(':')
        .filter(|(_, rest)| !rest.is_empty())
        .ok_or_else(|| wrong("expected direct:PATH, indirect:NET/PO or mail:USER@HOST"))?;
    let (kind, text) = match kind.to_ascii_lowercase().as_str() {
        "direct" => (RouteKind::Direct, run.encode(rest)?),
        "indirect" => {
            let hub = run.place_name(AddressType::Pcm, rest)?;
            if hub.is_same(name, run.code_page()) {
                return Err(wrong("a postoffice cannot be its own hub"));
            }
            let id = ListId::postoffice(AddressType::Pcm, &hub, run.code_page());
            if let Err(missing) = run.state.places.check(&id) {
                return Err(refused(missing.message(), rest));
            }
            (RouteKind::Indirect, hub.encode())
        }
        "mail" => {
            let is_address = rest.split_once('@').is_some_and(|(user, host)| {
                let is_part =
                    |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c <= ' ');
                is_part(user) && is_part(host)
            });
            if !is_address {
                return Err(wrong("expected USER@HOST"));
            }
            (RouteKind::Mail, run.encode(rest)?)
        }
        _ => return Err(wrong("expected direct, indirect or mail")),
    };
    match FixedText::<256>::new(&text) {
        Ok(_) => Ok(Route {
            kind,
            text: text.into(),
        }),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

fn delete(
    run: &mut Run<'_>,
    kind: AddressType,
    text: &str,
    with_network: bool,
) -> Result<(), ToolError> {
    let name = run.place_name(kind, text)?;
    let id = ListId::postoffice(kind, &name, run.code_page());
    if let Err(missing) = run.state.places.check(&id) {
        return Err(refused(missing.message(), text));
    }
    let shown = name.view(run.code_page());
    check_unused(run, kind, &name, &shown)?;
    let entries = run.po().list_len(&run.state.places, &id)?;
    run.confirm(&format!(
        "{shown} goes, with {entries} entries and the mail that waits for it."
    ))?;

    let (po, places) = (&run.session.po, &run.state.places);
    let place = places.place_of(&id).ok_or_else(|| refused(32, text))?;
    let network = place.network.clone();
    let mut definitions = Definitions::load(po)?;
    definitions.remove_postoffice(po, places, place)?;
    let drops_network = with_network && network.postoffices.len() == 1 && kind == AddressType::Pcm;
    if drops_network {
        definitions.remove_network(&network);
    }
    let mut gone = Gone::load(run)?;
    let tids = gone.pol.remove_place(&name);
    gone.forget(run, &tids);
    run.say(format!("{shown} deleted, with {entries} entries"));
    if drops_network {
        run.say(format!(
            "network {} deleted",
            run.code_page().decode(name.network())
        ));
    } else if with_network {
        run.remark("the network stays: other postoffices are in it");
    }
    run.count(Action::Delete, Outcome::Deleted, kind.token(), &shown, "")?;
    run.commit(|_, state, batch, config| {
        definitions.stage(batch)?;
        gone.stage(batch)?;
        if !state.ownership.marks(&id).is_empty() {
            state.ownership.set(&id, Default::default());
            state.ownership.stage(batch, config)?;
        }
        Ok(())
    })
}

/// A hub (Notice 53) and the dir-sync server stay; that a requestor goes is said.
fn check_unused(
    run: &mut Run<'_>,
    kind: AddressType,
    name: &PostofficeName,
    shown: &str,
) -> Result<(), ToolError> {
    if kind != AddressType::Pcm {
        return Ok(());
    }
    let found = run.state.places.find(name);
    let count = found.map_or(0, |place| place.record.indirect_count);
    if count > 0 {
        return Err(refused_because(format!(
            "{shown}: {count} postoffices are routed through it"
        )));
    }
    let config = &run.state.config;
    let server = PostofficeName::from_checked(
        config.server_network.as_bytes(),
        config.server_postoffice.as_bytes(),
    );
    if config.has_server() && server.is_same(name, run.code_page()) {
        return Err(refused_because(format!(
            "{shown} is the dir-sync server of this postoffice; register with another first"
        )));
    }
    let registered = run.po().server_config()?.is_some_and(|server| {
        let (network, postoffice) = (name.network(), name.postoffice());
        server.find(network, postoffice, run.code_page()).is_some()
    });
    if registered {
        run.remark(format!("{shown} is still registered here as a requestor"));
    }
    Ok(())
}

fn list(run: &mut Run<'_>) -> Result<(), ToolError> {
    let mut rows = Vec::new();
    for place in run.state.places.all() {
        let Some(kind) = family_of(place.network.record.kind) else {
            continue;
        };
        let id = ListId::postoffice(kind, &place.name(), run.code_page());
        let route = match kind {
            AddressType::Pcm => json!(shown_route(run, &place.route())),
            _ => Value::Null,
        };
        rows.push(vec![
            json!(kind.token()),
            json!(place.name().view(run.code_page())),
            route,
            json!(run.po().list_len(&run.state.places, &id)?),
        ]);
    }
    run.show(&["type", "name", "route", "entries"], rows);
    Ok(())
}

fn shown_route(run: &Run<'_>, route: &Route) -> String {
    let text = run.code_page().decode(&route.text);
    match route.kind {
        RouteKind::Direct => format!("direct:{text}"),
        RouteKind::Indirect => format!("indirect:{text}"),
        RouteKind::Mail => format!("mail:{text}"),
        RouteKind::None | RouteKind::Other(_) => "no route".to_owned(),
    }
}
