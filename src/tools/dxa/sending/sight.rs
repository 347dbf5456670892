//! Whether the agent sees what it has to see: what access rules hide looks as if it were not there, and would be taken for
//! deleted, allowed or empty (`spec/exchange.md` LD-12). Only a comparison tells one from the other.

use std::ops::ControlFlow;

use crate::directory::conditions::Conditions;
use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Comparison, Connection as Link, LdapError, Scope, Search};
use crate::directory::schema;
use crate::directory::template_map::{TemplateMap, TemplateRule};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::containers::container::unread;
use crate::tools::exit::{ExitCode, ToolError};

/// Tells whether there is anything below an entry (X.501; OpenLDAP answers comparisons with it).
const HAS_SUBORDINATES: &str = "hasSubordinates";

/// What an import depends on.
const IMPORT: [&str; 5] = [
    schema::KEY,
    schema::ADDRESS,
    schema::IMPORTED_FROM,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
];

/// What a container itself is asked for.
const NUMBERS: [&str; 4] = [
    schema::REQ_SEQ,
    schema::SVR_SEQ,
    schema::IMP_SEQ,
    schema::CONF_SEQ,
];

/// What decides whether and how an entry goes out.
const EXPORT: [&str; 8] = [
    schema::HIDDEN,
    schema::EXPORT,
    schema::TRUST_LEVEL,
    schema::IMPORTED_FROM,
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::DISPLAY_NAME,
    schema::CN,
];

impl Agent<'_> {
    /// Refuses to import blind. Each container is looked at once in a run.
    pub(in crate::tools::dxa) fn sees_import(&mut self, container: &Dn) -> Result<(), ToolError> {
        self.sees("import", container.key(), |link| {
            sees_import(link, container)
        })
    }

    /// Refuses to export blind.
    pub(in crate::tools::dxa) fn sees_export(
        &mut self,
        container: &Dn,
        outgoing: Option<&TemplateMap>,
        conditions: &Conditions,
    ) -> Result<(), ToolError> {
        // Of another connection other attributes decide.
        let attributes = decisive(outgoing, conditions).join(" ");
        self.sees(
            "export",
            format!("{} {attributes}", container.key()),
            |link| sees_export(link, container, outgoing, conditions),
        )
    }

    fn sees(
        &mut self,
        what: &'static str,
        key: String,
        look: impl FnOnce(&mut Link) -> Result<String, ToolError>,
    ) -> Result<(), ToolError> {
        let key = (what, key);
        if self.seen.contains(&key) {
            return Ok(());
        }
        look(&mut self.directory)?;
        self.seen.insert(key);
        Ok(())
    }
}

/// Looks at an import container.
pub(in crate::tools::dxa) fn sees_import(
    link: &mut Link,
    container: &Dn,
) -> Result<String, ToolError> {
    check(link, container, &NUMBERS)?;
    let filter = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
    look(link, container, filter, &IMPORT)
}

/// Looks at an export container.
pub(in crate::tools::dxa) fn sees_export(
    link: &mut Link,
    container: &Dn,
    outgoing: Option<&TemplateMap>,
    conditions: &Conditions,
) -> Result<String, ToolError> {
    let attributes = decisive(outgoing, conditions);
    let attributes: Vec<_> = attributes.iter().map(String::as_str).collect();
    look(link, container, Filter::any(), &attributes)
}

/// Returns the attributes that must not be hidden. Of consent each entry is asked, and a hidden one is no reason to end.
fn decisive(outgoing: Option<&TemplateMap>, conditions: &Conditions) -> Vec<String> {
    let rules = outgoing.into_iter().flat_map(TemplateMap::rules);
    let mapped = rules.flat_map(TemplateRule::attributes).map(str::to_owned);
    let named = conditions.attributes().into_iter();
    let mut all: Vec<_> = EXPORT.map(String::from).into();
    all.extend(mapped.chain(named.map(|named| named.attribute)));
    if let Some(consent) = &conditions.consent {
        all.retain(|name| !name.eq_ignore_ascii_case(&consent.attribute));
    }
    all
}

/// Looks whether attributes can be read of what lies below a container and a filter holds for.
pub(in crate::tools::dxa) fn look(
    link: &mut Link,
    container: &Dn,
    filter: Filter,
    attributes: &[&str],
) -> Result<String, ToolError> {
    let Some(dn) = first_below(link, container, filter)? else {
        return match is_hidden(link, container)? {
            false => Ok("nothing to try it on yet".to_owned()),
            true => Err(blind(format!("the entries below {container}"))),
        };
    };
    check(link, &dn, attributes)?;
    Ok(String::new())
}

fn check(link: &mut Link, dn: &Dn, attributes: &[&str]) -> Result<(), ToolError> {
    for attribute in attributes {
        if is_unreadable(link, dn, attribute)? {
            return Err(blind(format!("{attribute} of {dn}")));
        }
    }
    Ok(())
}

fn blind(what: String) -> ToolError {
    let text = format!("{what} cannot be read: access rules hide it (LD-12)");
    ToolError::new(ExitCode::BadLogin, text)
}

/// Entries that are asked for where one is enough: the container itself may be the other. A server that is asked for all of
/// them sends them, however soon nobody listens any more.
const FIRST: u32 = 2;

/// Finds an entry below a container for which a filter holds.
pub(in crate::tools::dxa) fn first_below(
    link: &mut Link,
    container: &Dn,
    filter: Filter,
) -> Result<Option<Dn>, ToolError> {
    let mut search = Search::new(container.clone()).filter(filter);
    search.attributes = vec![schema::OBJECT_CLASS.to_owned()];
    search.page = Some(FIRST);
    let mut first = None;
    let searched = link.search(&search, |entry| match entry.dn.is_same(container) {
        true => ControlFlow::Continue(()),
        false => {
            first = Some(entry.dn);
            ControlFlow::Break(())
        }
    });
    // One is enough: that it was stopped behind it is no fault.
    if first.is_none() {
        searched.map_err(unread)?;
    }
    Ok(first)
}

/// Tells whether a container in which no entry was found has some below it all the same.
fn is_hidden(link: &mut Link, container: &Dn) -> Result<bool, ToolError> {
    let mut any = Search::new(container.clone());
    any.scope = Scope::OneLevel;
    any.attributes = vec![schema::OBJECT_CLASS.to_owned()];
    any.page = Some(FIRST);
    let mut is_any_seen = false;
    let searched = link.search(&any, |_| {
        is_any_seen = true;
        ControlFlow::Break(())
    });
    if is_any_seen {
        return Ok(false);
    }
    searched.map_err(unread)?;
    match link.compare(container, HAS_SUBORDINATES, b"TRUE") {
        Ok(comparison) => Ok(comparison == Comparison::True),
        // Not every server knows it.
        Err(LdapError::Refused { .. }) => Ok(false),
        Err(error) => Err(unread(error)),
    }
}

fn is_unreadable(link: &mut Link, dn: &Dn, attribute: &str) -> Result<bool, ToolError> {
    // A value that the syntax allows: else the server does not get as far as its rules.
    let value: &[u8] = match attribute {
        schema::HIDDEN | schema::EXPORT => b"TRUE",
        number if number == schema::TRUST_LEVEL || NUMBERS.contains(&number) => b"0",
        _ => b"-",
    };
    match link.compare(dn, attribute, value) {
        Ok(comparison) => Ok(comparison == Comparison::Unreadable),
        // One that the server does not know hides nothing.
        Err(LdapError::Refused { .. }) => Ok(false),
        Err(error) => Err(unread(error)),
    }
}
