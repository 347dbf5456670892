//! Whether the directory knows what the rules of a connection are about: a rule about an attribute that nobody has would be
//! void without a word (`spec/exchange.md` NT-09, NT-11, NT-13).

use std::collections::HashMap;

use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection as Link, Scope, Search};
use crate::directory::schema;
use crate::directory::template_map::TemplateRule;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Connection, Direction};
use crate::tools::dxa::containers::container::unread;
use crate::tools::exit::{ExitCode, ToolError};

impl Agent<'_> {
    /// Refuses to go on by rules about attributes that the directory does not know: all of them are named.
    pub(in crate::tools::dxa) fn knows_attributes(
        &mut self,
        connection: &Connection,
    ) -> Result<(), ToolError> {
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

/// Returns what is wrong with names of attributes, each with the setting that has it.
pub(in crate::tools::dxa) fn faults(
    link: &mut Link,
    named: &[(String, String)],
) -> Result<Vec<String>, ToolError> {
    Ok(unknown(named, &known_attributes(link)?))
}

/// Checks the rules of a connection by themselves.
pub(in crate::tools::dxa) fn check(
    link: &mut Link,
    connection: &Connection,
) -> Result<String, ToolError> {
    let named = named(connection);
    if named.is_empty() {
        return Ok(String::new());
    }
    refuse(connection, faults(link, &named)?)?;
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
    let mappings = mappings.flat_map(|(at, mapping)| {
        let place = format!("mapping {}, {:?}", at + 1, mapping.prompt);
        let rule = mapping.rule(Direction::sends);
        let read = rule.iter().flat_map(TemplateRule::attributes);
        let read: Vec<_> = read.map(|name| (place.clone(), name.to_owned())).collect();
        read
    });
    conditions.chain(mappings).collect()
}

/// Attributes that a server knows: by each of their names, in small letters, the one that its entries have.
pub(in crate::tools::dxa) type Known = HashMap<String, String>;

/// Says what is wrong with names of attributes: one that the directory does not know, and one that its entries never have,
/// since they have the attribute by another name.
fn unknown(named: &[(String, String)], known: &Known) -> Vec<String> {
    let fault = |(place, attribute): &(String, String)| {
        let name = attribute.split(';').next().unwrap_or_default();
        match known.get(&name.to_lowercase()) {
            None => Some(format!(
                "{place}: the directory knows no attribute {attribute}"
            )),
            Some(own) if !own.eq_ignore_ascii_case(name) => Some(format!(
                "{place}: {attribute} is called {own} by the directory, expected that name"
            )),
            Some(_) => None,
        }
    };
    named.iter().filter_map(fault).collect()
}

/// Reads the names of all attributes of a server.
fn known_attributes(link: &mut Link) -> Result<Known, ToolError> {
    let mut known = Known::new();
    for definition in subschema(link, "attributeTypes")? {
        let Some(own) = names(&definition).next() else {
            continue;
        };
        known.extend(names(&definition).map(|name| (name.to_lowercase(), own.to_owned())));
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
pub(in crate::tools::dxa) fn subschema(
    link: &mut Link,
    kind: &str,
) -> Result<Vec<String>, ToolError> {
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
    fn nt_11_a_name_that_no_entry_has_is_told_apart() {
        let known = [("cn", "cn"), ("commonname", "cn")];
        let known = known.map(|(name, own)| (name.to_owned(), own.to_owned()));
        let faults = |attribute: &str| {
            let named = [("limits".to_owned(), attribute.to_owned())];
            unknown(&named, &known.clone().into())
        };
        assert_eq!(faults("CN;lang-de"), [""; 0]);
        let other = "limits: commonName is called cn by the directory, expected that name";
        assert_eq!(faults("commonName"), [other]);
        assert_eq!(
            faults("nn"),
            ["limits: the directory knows no attribute nn"]
        );
    }

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
