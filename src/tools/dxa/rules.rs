//! Whether the directory knows what the rules of a connection are about: a rule about an attribute that nobody has would be
//! void without a word (`spec/exchange.md` NT-09, NT-11, NT-13).

use std::collections::HashSet;

use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection as Link, Scope, Search};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

use super::agent::Agent;
use super::config::{Connection, Direction};
use super::container::unread;

impl Agent<'_> {
    /// Refuses to go on by rules about attributes that the directory does not know: all of them are named.
    pub(super) fn knows_attributes(&mut self, connection: &Connection) -> Result<(), ToolError> {
        let named = named(connection);
        if named.is_empty() {
            return Ok(());
        }
        let known = match self.attributes.take() {
            Some(known) => known,
            None => known_attributes(&mut self.directory)?,
        };
        let faults = unknown(&named, &known);
        self.attributes = Some(known);
        refuse(connection, faults)
    }
}

/// Checks the rules of a connection by themselves.
pub(super) fn check(link: &mut Link, connection: &Connection) -> Result<String, ToolError> {
    let named = named(connection);
    if named.is_empty() {
        return Ok(String::new());
    }
    let known = known_attributes(link)?;
    refuse(connection, unknown(&named, &known))?;
    let places: Vec<_> = named.into_iter().map(|(place, _)| place).collect();
    Ok(places.join(", "))
}

fn refuse(connection: &Connection, faults: Vec<String>) -> Result<(), ToolError> {
    if faults.is_empty() {
        return Ok(());
    }
    let text = format!("connection {}: {}", connection.name, faults.join("; "));
    Err(ToolError::usage(text))
}

/// Returns the attributes that decide what is sent, each with the setting that names it.
fn named(connection: &Connection) -> Vec<(String, String)> {
    let conditions = connection.export.conditions.attributes().into_iter();
    let conditions = conditions.map(|named| (named.place, named.attribute));
    let sends = connection.templates.sends();
    let mappings = connection.mappings.iter().enumerate();
    let mappings = mappings.filter(|(_, mapping)| sends && Direction::sends(mapping.direction));
    let mappings = mappings.map(|(at, mapping)| {
        let place = format!("mapping {}, {:?}", at + 1, mapping.prompt);
        (place, mapping.attribute.clone())
    });
    conditions.chain(mappings).collect()
}

fn unknown(named: &[(String, String)], known: &HashSet<String>) -> Vec<String> {
    let is_unknown = |attribute: &str| {
        let name = attribute.split(';').next().unwrap_or_default();
        !known.contains(&name.to_lowercase())
    };
    let unknown = named.iter().filter(|(_, attribute)| is_unknown(attribute));
    unknown
        .map(|(place, attribute)| format!("{place}: the directory knows no attribute {attribute}"))
        .collect()
}

/// Reads the names of all attributes of a server, in small letters.
fn known_attributes(link: &mut Link) -> Result<HashSet<String>, ToolError> {
    let mut known = HashSet::new();
    for definition in subschema(link, "attributeTypes")? {
        known.extend(names(&definition).map(str::to_lowercase));
    }
    match known.is_empty() {
        true => Err(ToolError::new(
            ExitCode::NotFound,
            "the server does not say which attributes it knows",
        )),
        false => Ok(known),
    }
}

/// Reads the definitions of a kind that a server has.
pub(super) fn subschema(link: &mut Link, kind: &str) -> Result<Vec<String>, ToolError> {
    let mut root = Search::new(Dn::default()).attributes(&["subschemaSubentry"]);
    root.scope = Scope::Base;
    root.page = None;
    let found = link.find(&root).map_err(unread)?;
    let subentry = found
        .first()
        .and_then(|entry| entry.attributes.text("subschemaSubentry"));
    let subentry = Dn::parse(subentry.unwrap_or("cn=Subschema"));
    let subentry =
        subentry.map_err(|error| ToolError::new(ExitCode::NotFound, error.to_string()))?;
    let mut search = Search::new(subentry).attributes(&[kind]);
    search.scope = Scope::Base;
    search.page = None;
    search.filter = Filter::equal(schema::OBJECT_CLASS, "subschema");
    let found = link.find(&search).map_err(unread)?;
    let definitions = found
        .iter()
        .flat_map(|entry| entry.attributes.values(kind))
        .map(|text| String::from_utf8_lossy(text).into_owned());
    Ok(definitions.collect())
}

/// Returns the names in a definition: `( 2.5.4.3 NAME ( 'cn' 'commonName' ) ...`, `( 2.5.4.4 NAME 'sn' ...`.
fn names(definition: &str) -> impl Iterator<Item = &str> {
    let behind = definition
        .split_once(" NAME ")
        .map(|(_, rest)| rest.trim_start());
    let list = behind.map_or("", |rest| match rest.strip_prefix('(') {
        Some(list) => list.split_once(')').map_or(list, |(list, _)| list),
        None => {
            let end = rest.match_indices('\'').nth(1);
            end.map_or(rest, |(end, _)| &rest[..=end])
        }
    });
    list.split('\'').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_has_one_name_or_several() {
        let all = |text| names(text).collect::<Vec<_>>();
        let one = "( 2.5.4.4 NAME 'title' DESC 'x 'y' z' SYNTAX 1.2 )";
        assert_eq!(all(one), ["title"]);
        let two = "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'a' )";
        assert_eq!(all(two), ["cn", "commonName"]);
        assert_eq!(all("( 1.2.3 DESC 'x' )"), [""; 0]);
    }
}
