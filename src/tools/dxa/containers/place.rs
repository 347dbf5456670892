//! Where the entries of a connection lie: what the configuration says, what the ledger remembers, and which containers in
//! the tree say it of themselves (`spec/exchange.md` DX-02, DX-34, LD-01).

use serde::{Deserialize, Serialize};

use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::key::ContainerLayout;
use crate::directory::ldap::{Connection as Link, Search};
use crate::directory::ledger::Ledger;
use crate::directory::schema;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::aside::{self, Found};
use crate::tools::dxa::connections::state::{State, not_saved};
use crate::tools::dxa::home::Home;
use crate::tools::exit::{ExitCode, ToolError};

use super::container::unread;

/// A place for the entries of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::tools::dxa) struct Place {
    /// The import container.
    #[serde(with = "text")]
    pub(in crate::tools::dxa) container: Dn,
    /// Where in it.
    pub(in crate::tools::dxa) layout: ContainerLayout,
    /// Whose they are.
    pub(in crate::tools::dxa) owner: String,
    /// Containers that the entries were moved out of, where some had to stay.
    #[serde(default, with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tools::dxa) behind: Vec<Dn>,
}

impl Place {
    /// Returns what the configuration says; none where nothing is received.
    pub(in crate::tools::dxa) fn configured(connection: &Connection) -> Option<Self> {
        let import = &connection.import;
        Some(Self {
            container: import.container.clone()?,
            layout: import.layout,
            owner: import.owner.clone(),
            behind: Vec::new(),
        })
    }

    /// Tells whether it is the same place, whatever stayed elsewhere.
    pub(in crate::tools::dxa) fn is_same(&self, other: &Self) -> bool {
        self.container.is_same(&other.container) && self.layout == other.layout
    }

    /// Returns the place for people.
    pub(in crate::tools::dxa) fn shown(&self) -> String {
        match self.layout {
            ContainerLayout::Flat => self.container.to_string(),
            ContainerLayout::PerPostoffice => format!("{} (per-postoffice)", self.container),
        }
    }
}

/// Where the entries of a connection come from before they are where the configuration has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa) struct Sources {
    /// The place before, which has the numbers too; none where it did not change.
    pub(in crate::tools::dxa) before: Option<Place>,
    /// Containers in which entries had to stay.
    pub(in crate::tools::dxa) behind: Vec<Dn>,
}

impl Sources {
    /// Tells whether there is nothing to bring from anywhere.
    pub(in crate::tools::dxa) fn is_empty(&self) -> bool {
        self.before.is_none() && self.behind.is_empty()
    }
}

impl Agent<'_> {
    /// Returns where the ledger has the entries of a connection.
    pub(in crate::tools::dxa) fn remembered(
        &mut self,
        name: &str,
    ) -> Result<Option<Place>, ToolError> {
        remembered(&mut self.ledger, name)
    }

    /// Remembers where the entries of a connection lie.
    pub(in crate::tools::dxa) fn remember(
        &mut self,
        name: &str,
        place: &Place,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let change = self.ledger.begin().map_err(not_saved)?;
        let id = change.connection(name).map_err(not_saved)?;
        let state = State {
            place: Some(place.clone()),
            ..State::read(&change, id, name)?
        };
        state.write(&change, id).map_err(not_saved)?;
        change.commit().map_err(not_saved)
    }

    /// Finds out where the entries of a connection are to be brought from. What the ledger remembers counts; where it
    /// remembers nothing, the one container that says it is this connection's. Two that say so are one too many: which of
    /// them is right only a person knows (DX139, Q163625).
    pub(in crate::tools::dxa) fn sources(
        &mut self,
        name: &str,
        here: &Place,
    ) -> Result<Sources, ToolError> {
        let remembered = self.remembered(name)?;
        let claims = claims(&mut self.directory, &self.suffix, &here.owner)?;
        sources(remembered, here, &claims)
    }
}

/// Decides where entries come from.
pub(in crate::tools::dxa) fn sources(
    remembered: Option<Place>,
    here: &Place,
    claims: &[Dn],
) -> Result<Sources, ToolError> {
    let is_claimed = claims.iter().any(|dn| dn.is_same(&here.container));
    let is_known = |dn: &Dn, place: &Place| {
        // Containers in a container may be those of its postoffices (LD-01).
        dn.is_same(&place.container) || is_claimed && dn.is_within(&place.container)
    };
    let others = claims.iter().filter(|dn| !is_known(dn, here));
    let Some(place) = remembered else {
        let others: Vec<_> = others.cloned().collect();
        return match &others[..] {
            [] => Ok(Sources {
                before: None,
                behind: Vec::new(),
            }),
            [only] if !is_claimed => Ok(Sources {
                before: Some(Place {
                    container: only.clone(),
                    ..here.clone()
                }),
                behind: Vec::new(),
            }),
            _ => Err(twice(claims, here)),
        };
    };
    if others.into_iter().any(|dn| !is_known(dn, &place)) {
        return Err(twice(claims, here));
    }
    let behind = place.behind.clone();
    Ok(Sources {
        before: Some(place).filter(|place| !place.is_same(here)),
        behind,
    })
}

/// DX139: two containers say that they are of one source.
fn twice(claims: &[Dn], here: &Place) -> ToolError {
    let mut names: Vec<_> = claims.iter().map(Dn::to_string).collect();
    if !claims.iter().any(|dn| dn.is_same(&here.container)) {
        names.push(here.container.to_string());
    }
    let text = format!(
        "DX139 requestor-twice: {} are both of {}; take the class {} from the one that is not, mail waits until then",
        names.join(" and "),
        here.owner,
        schema::IMPORT_CONTAINER
    );
    ToolError::new(ExitCode::NotHere, text)
}

/// Finds the containers in a tree that say whose entries they hold.
pub(in crate::tools::dxa) fn claims(
    link: &mut Link,
    suffix: &Dn,
    owner: &str,
) -> Result<Vec<Dn>, ToolError> {
    let class = Filter::equal("objectClass", schema::IMPORT_CONTAINER);
    let mut search = Search::new(suffix.clone()).attributes(&["objectClass"]);
    search.filter = class.and(Filter::equal(schema::IMPORTED_FROM, owner));
    let found = link.find(&search).map_err(unread)?;
    Ok(found.into_iter().map(|entry| entry.dn).collect())
}

/// Looks at where the entries of a connection lie, for `dxa check`.
pub(in crate::tools::dxa) fn check(
    link: &mut Link,
    home: &Home,
    connection: &Connection,
) -> Result<String, ToolError> {
    let Some(here) = Place::configured(connection) else {
        return Ok("nothing is received".to_owned());
    };
    let known = match aside::find(home)? {
        Found::Whole(mut ledger) => remembered(&mut ledger, &connection.name)?,
        // It is put aside, and then there is none.
        Found::Damaged(_) | Found::None => None,
    };
    let contexts = &link.root_dse().map_err(unread)?.naming_contexts;
    let suffix = contexts
        .iter()
        .find(|suffix| here.container.is_within(suffix));
    let suffix = suffix.cloned().unwrap_or_default();
    let claims = claims(link, &suffix, &here.owner)?;
    let sources = sources(known, &here, &claims)?;
    let from = sources.before.iter().map(Place::shown);
    let from: Vec<_> = from
        .chain(sources.behind.iter().map(Dn::to_string))
        .collect();
    Ok(match from.is_empty() {
        true => String::new(),
        false => format!("the next run moves entries from {}", from.join(" and ")),
    })
}

/// Refuses to take a container for the connection's whose entries the next run brings there.
pub(in crate::tools::dxa) fn expect_settled(
    home: &Home,
    connection: &Connection,
) -> Result<(), ToolError> {
    let Some(mut ledger) = aside::look(home)? else {
        return Ok(());
    };
    let known = remembered(&mut ledger, &connection.name)?;
    settled(known.as_ref(), connection)
}

/// As [`expect_settled`], where it is known where the entries are.
pub(in crate::tools::dxa) fn settled(
    known: Option<&Place>,
    connection: &Connection,
) -> Result<(), ToolError> {
    match (known, Place::configured(connection)) {
        (Some(known), Some(here)) if !known.is_same(&here) => {
            let text = format!(
                "connection {}: its entries are in {} still: see dxa move {}",
                connection.name,
                known.shown(),
                connection.name
            );
            Err(ToolError::new(ExitCode::OutOfStep, text))
        }
        _ => Ok(()),
    }
}

/// Returns where a ledger has the entries of a connection.
pub(in crate::tools::dxa) fn remembered(
    ledger: &mut Ledger,
    name: &str,
) -> Result<Option<Place>, ToolError> {
    let change = ledger.begin().map_err(unusable_ledger)?;
    Ok(State::of(&change, name)?.place)
}

/// A name as text.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Dn;

    pub(in crate::tools::dxa) fn serialize<S: Serializer>(
        dn: &Dn,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(dn)
    }

    pub(in crate::tools::dxa) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Dn, D::Error> {
        let text = String::deserialize(deserializer)?;
        Dn::parse(&text).map_err(de::Error::custom)
    }
}

/// Names as texts.
mod texts {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Dn;

    pub(in crate::tools::dxa) fn serialize<S: Serializer>(
        all: &[Dn],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(Dn::to_string))
    }

    pub(in crate::tools::dxa) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Dn>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let read = texts.iter().map(|text| Dn::parse(text));
        read.collect::<Result<_, _>>().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).expect("a name")
    }

    fn place(container: &str) -> Place {
        Place {
            container: dn(container),
            layout: ContainerLayout::Flat,
            owner: "HQ".to_owned(),
            behind: Vec::new(),
        }
    }

    /// Returns the container that entries come from, or both of those that claim them.
    fn from(remembered: Option<&str>, claims: &[&str]) -> Result<Option<String>, String> {
        let claims: Vec<_> = claims.iter().map(|text| dn(text)).collect();
        let found = sources(remembered.map(place), &place("ou=New,o=Org"), &claims);
        let before = |sources: Sources| sources.before.map(|place| place.container.to_string());
        found.map(before).map_err(|error| error.message)
    }

    #[test]
    fn what_the_ledger_remembers_counts_and_else_the_one_claim() {
        let old = Ok(Some("ou=Old,o=Org".to_owned()));
        let (new, was) = ("ou=New,o=Org", "ou=Old,o=Org");
        assert_eq!(from(None, &[]), Ok(None));
        assert_eq!(from(None, &[new]), Ok(None));
        assert_eq!(from(None, &[was]), old, "the ledger was lost");
        assert_eq!(from(Some(new), &[new]), Ok(None));
        assert_eq!(from(Some("OU=new, o=org"), &[new]), Ok(None));
        assert_eq!(from(Some(was), &[was]), old);
        assert_eq!(from(Some(was), &[]), old, "without numbers yet");
        assert_eq!(from(Some(was), &[new]), old, "stopped before the end");
        assert_eq!(from(Some(was), &[was, new]), old, "the same");
    }

    #[test]
    fn two_that_claim_a_requestor_are_named() {
        let (new, was, third) = ("ou=New,o=Org", "ou=Old,o=Org", "ou=Third,o=Org");
        for (remembered, claims) in [
            (None, vec![new, was]),
            (None, vec![was, third]),
            (Some(new), vec![new, was]),
            (Some(new), vec![was]),
            (Some(was), vec![was, third]),
        ] {
            let error = from(remembered, &claims).expect_err("one too many");
            let is_named = |name: &&&str| error.contains(**name);
            assert_eq!(claims.iter().filter(is_named).count(), claims.len());
            assert!(error.starts_with("DX139 requestor-twice: "), "{error}");
        }
    }

    #[test]
    fn containers_of_postoffices_lie_in_their_container() {
        let new = "ou=New,o=Org";
        assert_eq!(from(Some(new), &[new, "ou=PO1,ou=New,o=Org"]), Ok(None));
        assert_eq!(from(None, &[new, "ou=PO1,ou=New,o=Org"]), Ok(None));
    }

    #[test]
    fn a_place_is_kept_as_text() {
        let mut place = place("ou=a\\, b,o=Org");
        place.layout = ContainerLayout::PerPostoffice;
        place.behind = vec![dn("ou=Old,o=Org")];
        let text = serde_json::to_string(&place).expect("plain values");
        assert_eq!(
            serde_json::from_str::<Place>(&text).expect("the same"),
            place
        );
        assert_eq!(place.shown(), "ou=a\\, b,o=Org (per-postoffice)");
    }
}
