//! Routes: each leads somewhere, and none in a circle.

use std::collections::HashMap;

use crate::address::PostofficeName;
use crate::codec::RouteKind;
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::places::{Neighbour, Network, Postoffice};
use crate::postoffice::{File, Role};

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_routes(survey, out);
    check_circles(survey, out);
    check_counts(survey, out);
}

/// Where one postoffice is reached: directly or by mail, through another one, or nowhere.
enum Way<'s> {
    /// No hub is needed.
    Own,
    /// Through this postoffice.
    Hub(&'s Network, &'s Postoffice),
    /// Through this postoffice itself.
    Here,
    /// Nobody knows; why.
    Nowhere(&'static str),
}

fn way<'s>(survey: &'s Survey, postoffice: &Postoffice) -> Way<'s> {
    let route = postoffice.record.route.as_bytes();
    match postoffice.record.route_kind {
        RouteKind::None => Way::Own,
        RouteKind::Direct if route.is_empty() => Way::Nowhere("a directory"),
        RouteKind::Mail if !route.contains(&b'@') => Way::Nowhere("USER@HOST"),
        RouteKind::Direct | RouteKind::Mail => Way::Own,
        RouteKind::Other(_) => Way::Nowhere("a kind of route that is known"),
        RouteKind::Indirect => {
            let Ok(hub) = PostofficeName::parse(route, survey.code_page) else {
                return Way::Nowhere("NETWORK/POSTOFFICE");
            };
            let is_own = |own: &PostofficeName| own.is_same(&hub, survey.code_page);
            if survey.name.as_ref().is_some_and(is_own) {
                return Way::Here;
            }
            match survey
                .places
                .find(hub.network(), hub.postoffice(), survey.code_page)
            {
                Some((network, postoffice)) => Way::Hub(network, postoffice),
                // What cannot be read may well be defined.
                None if !survey.places.is_whole => Way::Own,
                None => Way::Nowhere("a postoffice that is defined here"),
            }
        }
    }
}

fn check_routes(survey: &Survey, out: &mut Vec<Finding>) {
    let (mut without, mut autocreated) = (Vec::new(), Vec::new());
    for (network, postoffice) in survey.places.pcm() {
        let Some(file) = network.xtn() else { continue };
        let name = super::shown_name(survey, &network.name_of(postoffice));
        let route = super::shown(survey, postoffice.record.route.as_bytes());
        if postoffice.record.route_kind == RouteKind::None {
            without.push(name);
            continue;
        }
        if is_autocreated(survey, network, postoffice) {
            autocreated.push(name);
            continue;
        }
        if let Way::Nowhere(expected) = way(survey, postoffice) {
            let kind = route_word(postoffice.record.route_kind);
            let found = format!("{name} through {kind}{route}");
            let finding = Finding::at(&c::ROUTE_NOWHERE, &file, found, expected);
            out.push(finding.place(postoffice.place).remedy(define_again(&name)));
            continue;
        }
        if postoffice.record.route_kind == RouteKind::Direct {
            out.extend(check_directory(survey, network, postoffice, &file));
        }
    }
    if !autocreated.is_empty() {
        let finding = Finding::new(
            &c::ROUTE_AUTOCREATED,
            super::listed(&autocreated),
            "a route of its own for each, if mail is to go there",
        );
        out.push(finding.remedy(
            "lists need no route; for mail delete them and define them again with --route, or give their directories to external",
        ));
    }
    if !without.is_empty() {
        let finding = Finding::new(&c::ROUTE_NONE, super::listed(&without), "a route to each");
        out.push(
            finding.remedy("mail to them waits: delete them and define them again with --route"),
        );
    }
}

/// Autocreate defines a postoffice with the route to the server, and on the server itself direct without a directory
/// (message 60).
fn is_autocreated(survey: &Survey, network: &Network, postoffice: &Postoffice) -> bool {
    let record = &postoffice.record;
    if record.route_kind != RouteKind::Direct {
        return false;
    }
    if record.route.is_empty() {
        return survey.role() == Role::Server;
    }
    let Some(config) = survey.requestor.whole() else {
        return false;
    };
    let page = survey.code_page;
    let is_server = |name: &PostofficeName| {
        page.eq_ignore_case(name.network(), config.server_network.as_bytes())
            && page.eq_ignore_case(name.postoffice(), config.server_postoffice.as_bytes())
    };
    let found = survey.places.directories.get(record.route.as_bytes());
    let leads_to_server = matches!(found, Some(Neighbour::Postoffice(name)) if is_server(name));
    leads_to_server && !is_server(&network.name_of(postoffice))
}

fn check_directory(
    survey: &Survey,
    network: &Network,
    postoffice: &Postoffice,
    file: &File,
) -> Option<Finding> {
    let name = network.name_of(postoffice);
    let shown = super::shown_name(survey, &name);
    let route = postoffice.record.route.as_bytes();
    let path = super::shown(survey, route);
    let finding = match survey.places.directories.get(route)? {
        Neighbour::NotLookedAt | Neighbour::Unknown => return None,
        Neighbour::Missing => Finding::at(
            &c::ROUTE_UNREACHABLE,
            file,
            format!("{shown} in {path}: no such directory"),
            "the postoffice",
        )
        .remedy("mount it, or define the postoffice again with another route"),
        Neighbour::Postoffice(found) if found.is_same(&name, survey.code_page) => return None,
        Neighbour::Postoffice(found) => Finding::at(
            &c::ROUTE_OTHER,
            file,
            format!(
                "{shown} in {path}, which is {}",
                super::shown_name(survey, found)
            ),
            format!("the postoffice {shown}"),
        )
        .remedy(define_again(&shown)),
    };
    Some(finding.place(postoffice.place))
}

fn route_word(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Direct => "direct:",
        RouteKind::Indirect => "indirect:",
        RouteKind::Mail => "mail:",
        RouteKind::None => "",
        RouteKind::Other(_) => "an unknown kind of route: ",
    }
}

fn define_again(name: &str) -> Remedy {
    Remedy::signed_in(
        "delete the postoffice and define it again with a route that leads there",
        "admin",
        format!("external delete {name}"),
    )
}

/// Follows the routes by whole names, never by the first nine letters (Q128627): each postoffice has one hub at most, so
/// every circle is met once.
fn check_circles(survey: &Survey, out: &mut Vec<Finding>) {
    let all: Vec<_> = survey.places.pcm().collect();
    let page = survey.code_page;
    let key = |network: &Network, postoffice: &Postoffice| {
        let network = page.fold(network.record.name.as_bytes());
        (network, page.fold(postoffice.record.postoffice.as_bytes()))
    };
    let mut places = HashMap::new();
    for (n, (network, postoffice)) in all.iter().enumerate() {
        places.entry(key(network, postoffice)).or_insert(n);
    }
    let mut hubs = vec![None; all.len()];
    for (n, (network, postoffice)) in all.iter().enumerate() {
        match way(survey, postoffice) {
            Way::Hub(network, postoffice) => {
                hubs[n] = places.get(&key(network, postoffice)).copied()
            }
            Way::Here => {
                let name = super::shown_name(survey, &network.name_of(postoffice));
                let found = format!("{name} through this postoffice itself");
                out.extend(circle(network, postoffice, found, &name));
            }
            Way::Own | Way::Nowhere(_) => {}
        }
    }
    for members in circles(&hubs) {
        let names: Vec<_> = members
            .iter()
            .map(|&n| super::shown_name(survey, &all[n].0.name_of(all[n].1)))
            .collect();
        let (network, postoffice) = all[members[0]];
        let found = format!("{} through {}", names.join(" through "), names[0]);
        out.extend(circle(network, postoffice, found, &names[0]));
    }
}

fn circle(
    network: &Network,
    postoffice: &Postoffice,
    found: String,
    name: &str,
) -> Option<Finding> {
    let finding = Finding::at(
        &c::ROUTE_CIRCLE,
        &network.xtn()?,
        found,
        "a route that ends at a neighbour",
    );
    Some(finding.place(postoffice.place).remedy(define_again(name)))
}

/// Returns the circles of a graph in which each node has one successor at most, each from its lowest node on.
fn circles(next: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut walk_of = vec![usize::MAX; next.len()];
    let mut found = Vec::new();
    for start in 0..next.len() {
        let mut at = start;
        while walk_of[at] == usize::MAX {
            walk_of[at] = start;
            match next[at] {
                Some(hub) => at = hub,
                None => break,
            }
        }
        // The walk came to a node of its own: the circle begins there.
        if walk_of[at] == start && next[at].is_some() {
            let mut members = vec![at];
            let mut node = next[at];
            while let Some(hub) = node.filter(|hub| *hub != at) {
                members.push(hub);
                node = next[hub];
            }
            let lowest = members.iter().position(|n| Some(n) == members.iter().min());
            members.rotate_left(lowest.unwrap_or(0));
            found.push(members);
        }
    }
    found
}

/// Compares the number of postoffices routed through each with its count, which forbids to delete it (Q86625).
fn check_counts(survey: &Survey, out: &mut Vec<Finding>) {
    if !survey.places.is_whole {
        return;
    }
    let page = survey.code_page;
    let mut counts: HashMap<(Vec<u8>, Vec<u8>), u16> = HashMap::new();
    for (_, postoffice) in survey.places.all() {
        if let Way::Hub(network, hub) = way(survey, postoffice) {
            let name = network.name_of(hub);
            let key = (page.fold(name.network()), page.fold(name.postoffice()));
            let count = counts.entry(key).or_default();
            *count = count.saturating_add(1);
        }
    }
    for (network, postoffice) in survey.places.all() {
        let Some(file) = network.xtn() else { continue };
        let name = network.name_of(postoffice);
        let key = (page.fold(name.network()), page.fold(name.postoffice()));
        let expected = counts.get(&key).copied().unwrap_or(0);
        let found = postoffice.record.indirect_count;
        if found != expected {
            let shown = super::shown_name(survey, &name);
            let finding = Finding::at(
                &c::ROUTE_COUNT,
                &file,
                format!("{shown}: {found} postoffices routed through it"),
                expected.to_string(),
            );
            out.push(finding.place(postoffice.place).remedy(match found > expected {
                true => "it cannot be deleted until the count is 0 (Notice 53): set bytes 0x289 and 0x28A of its record (Q86625)",
                false => "do not delete it before those that are routed through it",
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_circle_is_found_once_and_no_tail_is_one() {
        // 0 -> 1 -> 2 -> 1; 3 -> 3; 4 -> nowhere; 5 -> 4; 6 -> 0
        let next = [Some(1), Some(2), Some(1), Some(3), None, Some(4), Some(0)];
        assert_eq!(circles(&next), [vec![1, 2], vec![3]]);
        assert!(circles(&[]).is_empty());
        assert!(circles(&[None, Some(0), Some(1)]).is_empty());
    }
}
