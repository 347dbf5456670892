//! Where a message goes next (`spec/protocol.md` 8.4). Pure: what is known of routes is asked for, and nothing is sent.
//!
//! Names of postoffices are compared whole and without letter case, never by their beginning: nine characters that begin a
//! name of ten once sent dir-sync mail back (Q128627, Q162841).

use std::fmt;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;

/// Postoffices a message may pass through on its way.
pub const MAX_HOPS: usize = 16;

/// A postoffice by its whole name, whatever its letter case and code page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceKey(String);

impl PlaceKey {
    /// Makes the key of a name in a code page.
    #[must_use]
    pub fn new(name: &PostofficeName, code_page: CodePage) -> Self {
        Self(name.folded(code_page).view(code_page))
    }
}

impl fmt::Display for PlaceKey {
    /// Writes `NET/PO` in upper case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a postoffice can be reached without another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It is one of those that the run was given.
    Given,
    /// Its mail data files are at a path or on a drive, as the route says.
    Path(String),
    /// By mail to `USER@HOST`.
    Mail(String),
}

/// What is known of a postoffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// It is one of those that the run was given.
    pub is_given: bool,
    /// Its route, where it is defined.
    pub route: Option<KnownRoute>,
}

/// A route of a postoffice that is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownRoute {
    /// None.
    None,
    /// Its path or drive.
    Direct(String),
    /// Through another postoffice.
    Indirect(PlaceKey),
    /// `USER@HOST`.
    Mail(String),
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is for the postoffice it lies in.
    Here,
    /// It goes to its postoffice.
    Deliver(Way),
    /// It goes to another postoffice, which sends it on.
    Relay {
        /// Which.
        hub: PlaceKey,
        /// How it is reached.
        way: Way,
    },
    /// It cannot go anywhere.
    Stuck(Stuck),
}

/// Why a message cannot go anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Its postoffice is not defined here.
    #[error("postoffice {0} is not defined here")]
    Unknown(PlaceKey),
    /// A postoffice on the way has no route.
    #[error("there is no route to {0}")]
    NoRoute(PlaceKey),
    /// The route leads back to where the message was.
    #[error("circular route: it leads back to {0}")]
    Circle(PlaceKey),
    /// It passed through too many.
    #[error("it passed through {0} postoffices")]
    TooFar(usize),
}

/// Decides where a message goes that lies at `own`.
///
/// `hops` are the postoffices that it passed through. A postoffice that the run was given is delivered to directly, unless its
/// route leads through another one and that can be reached.
pub fn decide(
    own: &PlaceKey,
    to: &PlaceKey,
    hops: &[PlaceKey],
    known: impl Fn(&PlaceKey) -> Known,
) -> Decision {
    if own == to {
        return Decision::Here;
    }
    if hops.contains(own) {
        return Decision::Stuck(Stuck::Circle(own.clone()));
    }
    if hops.len() >= MAX_HOPS {
        return Decision::Stuck(Stuck::TooFar(hops.len()));
    }
    let target = known(to);
    match &target.route {
        Some(KnownRoute::Indirect(hub)) => match through(own, to, hub, hops, &known) {
            Ok(relay) => relay,
            Err(_) if target.is_given => Decision::Deliver(Way::Given),
            Err(stuck) => Decision::Stuck(stuck),
        },
        _ => match way(&target) {
            Some(way) => Decision::Deliver(way),
            None if target.route.is_some() => Decision::Stuck(Stuck::NoRoute(to.clone())),
            None => Decision::Stuck(Stuck::Unknown(to.clone())),
        },
    }
}

/// Follows the hubs to the first that can be reached.
fn through(
    own: &PlaceKey,
    to: &PlaceKey,
    first: &PlaceKey,
    hops: &[PlaceKey],
    known: impl Fn(&PlaceKey) -> Known,
) -> Result<Decision, Stuck> {
    let mut passed = vec![own.clone(), to.clone()];
    passed.extend_from_slice(hops);
    let mut hub = first.clone();
    loop {
        if passed.contains(&hub) {
            return Err(Stuck::Circle(hub));
        }
        let found = known(&hub);
        if let Some(way) = way(&found) {
            return Ok(Decision::Relay { hub, way });
        }
        match found.route {
            Some(KnownRoute::Indirect(next)) => passed.push(std::mem::replace(&mut hub, next)),
            Some(_) => return Err(Stuck::NoRoute(hub)),
            None => return Err(Stuck::Unknown(hub)),
        }
    }
}

/// Returns how a postoffice is reached by itself.
fn way(known: &Known) -> Option<Way> {
    match &known.route {
        _ if known.is_given => Some(Way::Given),
        Some(KnownRoute::Direct(path)) => Some(Way::Path(path.clone())),
        Some(KnownRoute::Mail(address)) => Some(Way::Mail(address.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> PlaceKey {
        let name = PostofficeName::parse(text.as_bytes(), CodePage::Cp850).unwrap();
        PlaceKey::new(&name, CodePage::Cp850)
    }

    /// `NET/A direct:/a`, `NET/B indirect:NET/A`, `NET/C mail:x@y`, `NET/D given`, `NET/E none`.
    fn decide_by(routes: &str, to: &str, hops: &[&str]) -> Decision {
        let routes: Vec<_> = routes
            .split(", ")
            .map(|r| r.split_once(' ').unwrap())
            .collect();
        let known = |place: &PlaceKey| {
            let mut found = Known {
                is_given: false,
                route: None,
            };
            for (name, route) in &routes {
                if key(name) != *place {
                    continue;
                }
                match route.split_once(':') {
                    Some(("direct", path)) => {
                        found.route = Some(KnownRoute::Direct(path.to_owned()))
                    }
                    Some(("indirect", hub)) => found.route = Some(KnownRoute::Indirect(key(hub))),
                    Some((_, address)) => found.route = Some(KnownRoute::Mail(address.to_owned())),
                    None if *route == "given" => found.is_given = true,
                    None => found.route = Some(KnownRoute::None),
                }
            }
            found
        };
        let hops: Vec<_> = hops.iter().map(|hop| key(hop)).collect();
        decide(&key("NET/OWN"), &key(to), &hops, known)
    }

    fn relay(hub: &str, way: Way) -> Decision {
        Decision::Relay { hub: key(hub), way }
    }

    #[test]
    fn mail_goes_by_its_route() {
        let routes = "NET/A direct:/a, NET/B indirect:net/a, NET/C mail:x@y, NET/D given, NET/E none, \
            NET/D direct:/d, NET/F indirect:NET/C, NET/G indirect:NET/F, NET/H indirect:NET/D";
        for (to, expected) in [
            ("net/own", Decision::Here),
            ("net/a", Decision::Deliver(Way::Path("/a".to_owned()))),
            ("NET/B", relay("NET/A", Way::Path("/a".to_owned()))),
            ("NET/C", Decision::Deliver(Way::Mail("x@y".to_owned()))),
            ("NET/D", Decision::Deliver(Way::Given)),
            ("NET/E", Decision::Stuck(Stuck::NoRoute(key("NET/E")))),
            ("NET/X", Decision::Stuck(Stuck::Unknown(key("NET/X")))),
            // A hub behind a hub: to the first that can be reached.
            ("NET/G", relay("NET/C", Way::Mail("x@y".to_owned()))),
            ("NET/H", relay("NET/D", Way::Given)),
        ] {
            assert_eq!(decide_by(routes, to, &[]), expected, "{to}");
        }
    }

    #[test]
    fn a_given_postoffice_is_reached_though_its_hub_is_not() {
        assert_eq!(
            decide_by(
                "NET/A given, NET/A indirect:NET/HUB, NET/HUB none",
                "NET/A",
                &[]
            ),
            Decision::Deliver(Way::Given)
        );
    }

    #[test]
    fn circles_are_seen_before_the_message_goes_round() {
        for (routes, to, hops, expected) in [
            (
                "NET/A indirect:NET/B, NET/B indirect:NET/A",
                "NET/A",
                &[][..],
                "circular route: it leads back to NET/A",
            ),
            (
                "NET/A indirect:NET/OWN",
                "NET/A",
                &[],
                "circular route: it leads back to NET/OWN",
            ),
            (
                "NET/A direct:/a",
                "NET/A",
                &["NET/HUB", "net/own"],
                "circular route: it leads back to NET/OWN",
            ),
            (
                "NET/A indirect:NET/HUB, NET/HUB given",
                "NET/A",
                &["NET/HUB"],
                "circular route: it leads back to NET/HUB",
            ),
            (
                "NET/A indirect:NET/HUB",
                "NET/A",
                &[],
                "postoffice NET/HUB is not defined here",
            ),
            (
                "NET/A direct:/a",
                "NET/A",
                &["N/P"; MAX_HOPS],
                "it passed through 16 postoffices",
            ),
        ] {
            let Decision::Stuck(stuck) = decide_by(routes, to, hops) else {
                panic!("{routes}");
            };
            assert_eq!(stuck.to_string(), expected);
        }
    }

    #[test]
    fn q128627_nine_characters_are_not_ten() {
        let routes = "NETWORK/POSTOFFIC direct:/nine, NETWORK/POSTOFFICE direct:/ten";
        for (to, path) in [
            ("NETWORK/POSTOFFIC", "/nine"),
            ("NETWORK/POSTOFFICE", "/ten"),
        ] {
            let expected = Decision::Deliver(Way::Path(path.to_owned()));
            assert_eq!(decide_by(routes, to, &[]), expected);
            // Q162841: to have passed the one is not to have passed the other.
            let other = match path {
                "/nine" => "NETWORK/POSTOFFICE",
                _ => "NETWORK/POSTOFFIC",
            };
            let through = "NETWORK/X indirect:NETWORK/POSTOFFIC, NETWORK/POSTOFFIC direct:/nine";
            assert_eq!(decide_by(routes, to, &[other]), expected);
            assert_eq!(
                decide_by(through, "NETWORK/X", &["NETWORK/POSTOFFICE"]),
                relay("NETWORK/POSTOFFIC", Way::Path("/nine".to_owned()))
            );
        }
        assert!(matches!(
            decide_by("NETWORK/POSTOFFIC given", "NETWORK/POSTOFFICE", &[]),
            Decision::Stuck(Stuck::Unknown(_))
        ));
    }

    #[test]
    fn two_code_pages_spell_one_name() {
        let name = |page: CodePage| {
            PostofficeName::parse(&page.encode("MÜNCHEN/pö").unwrap(), page).unwrap()
        };
        let keys =
            [CodePage::Cp850, CodePage::Windows1252].map(|page| PlaceKey::new(&name(page), page));
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[0].to_string(), "MÜNCHEN/PÖ");
    }
}
