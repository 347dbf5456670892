//! `dxa adopt`: an entry that somebody put in by hand has the address of one that the other side sends, so that its own never
//! comes. It is made the connection's, once it is shown what becomes of it (`spec/exchange.md` NT-16).
//!
//! It stays the same entry, in every group: it gets owner, key and name of the one that would come, and what the other side
//! says of it next. Nobody adopts what is another connection's, nor a person of this directory.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::directory::address_text::TargetAddress;
use crate::directory::change::{Change, Modification};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::filter::Filter;
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Operation, Refusal, Search};
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::container::{self, unread};
use super::importing::container_of;

/// Structural classes that an entry for a remote address may have (LD-02).
const CLASSES: [&str; 2] = ["inetOrgPerson", "organizationalRole"];

/// An attribute that is another afterwards.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Changed {
    attribute: &'static str,
    was: Vec<String>,
    is: Vec<String>,
}

/// What becomes of an entry.
#[derive(Debug, Serialize)]
struct Adopted {
    connection: String,
    entry: String,
    /// Its name before.
    dn: String,
    /// Its name afterwards.
    to: String,
    /// What is another.
    changes: Vec<Changed>,
}

/// Adopts the entry that has an address.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    text: &str,
    name: Option<&str>,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let keys = SyncKey::meant_by(text);
    let connection = choose(config, name, &keys)?;
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let mut agent = Agent::open(config, "adopt", clock, interrupt, options.dry_run)?;
    let adopted = agent.adopt(connection, text, &keys);
    agent.end(&adopted)?;
    let adopted = adopted?;
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "adopted": adopted,
        "exit": ExitCode::Done.number(),
    });
    if let Some(report) = report {
        report.finish_with(&summary, ExitCode::Done)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(ExitCode::Done);
    }
    show(&adopted, options.dry_run, screen)?;
    Ok(ExitCode::Done)
}

fn show(adopted: &Adopted, dry_run: bool, screen: &mut impl Write) -> std::io::Result<()> {
    let Adopted {
        connection,
        entry,
        dn,
        to,
        changes,
    } = adopted;
    if changes.is_empty() && dn == to {
        return writeln!(screen, "{connection}: {entry} is its own already: {dn}");
    }
    writeln!(screen, "{connection}: {entry} is {dn}")?;
    let shown = |values: &[String]| match values.is_empty() {
        true => "-".to_owned(),
        false => values.join(", "),
    };
    for changed in changes {
        let (was, is) = (shown(&changed.was), shown(&changed.is));
        writeln!(screen, "  {}: {was} -> {is}", changed.attribute)?;
    }
    if dn != to {
        writeln!(screen, "  name: {to}")?;
    }
    match dry_run {
        true => writeln!(screen, "Dry run: nothing was written."),
        false => writeln!(
            screen,
            "It is the connection's now, and follows what the other side says of it next."
        ),
    }
}

/// Finds the connection: the one that is named, the only one that receives, or that of the postoffice of the address.
fn choose<'c>(
    config: &'c Config,
    name: Option<&str>,
    keys: &[SyncKey],
) -> Result<&'c Connection, ToolError> {
    if let Some(name) = name {
        let connection = config.named(name)?;
        container_of(connection)?;
        return Ok(connection);
    }
    let receiving = config
        .connections
        .iter()
        .filter(|c| c.import.container.is_some());
    let receiving: Vec<_> = receiving.collect();
    if let [only] = receiving[..] {
        return Ok(only);
    }
    let is_of = |connection: &&&Connection| {
        let (page, place) = (connection.code_page, &connection.address);
        let own = (
            page.decode(place.network()),
            page.decode(place.postoffice()),
        );
        let mut places = keys.iter().filter_map(SyncKey::postoffice);
        places.any(|(network, postoffice)| {
            network.to_lowercase() == own.0.to_lowercase()
                && postoffice.to_lowercase() == own.1.to_lowercase()
        })
    };
    receiving.iter().find(is_of).copied().ok_or_else(|| {
        let names: Vec<_> = receiving.iter().map(|c| &c.name[..]).collect();
        let text = format!(
            "which connection is to have it? say --connection with one of {}",
            names.join(", ")
        );
        ToolError::usage(text)
    })
}

impl Agent<'_> {
    fn adopt(
        &mut self,
        connection: &Connection,
        text: &str,
        keys: &[SyncKey],
    ) -> Result<Adopted, ToolError> {
        let container = container_of(connection)?;
        self.settle_place(connection)?;
        let (entry, key, address) = self.find_holder(text, keys)?;
        self.check_adoptable(connection, container, &entry)?;
        let to = key.dn(container, connection.import.layout);
        let wanted = self.wanted(connection, &key, &address);
        let changes = changes(&entry.attributes, &wanted);
        let adopted = Adopted {
            connection: connection.name.clone(),
            entry: key.as_str().to_owned(),
            dn: entry.dn.to_string(),
            to: to.to_string(),
            changes,
        };
        let is_there = entry.dn.is_same(&to);
        if self.dry_run || adopted.changes.is_empty() && is_there {
            return Ok(adopted);
        }
        if let Some(above) = key.parent(container, connection.import.layout) {
            if let Some(upper) = above.parent() {
                container::make_unit(&mut self.directory, &upper)?;
            }
            container::make_unit(&mut self.directory, &above)?;
        }
        // The owner last: until then the entry is nobody's, and the next run goes on from here.
        let parts = |names: &[&str]| {
            let named = adopted.changes.iter();
            let named = named.filter(|changed| names.contains(&changed.attribute));
            let parts = named.map(|changed| {
                let values = changed.is.iter().map(|value| value.clone().into_bytes());
                Modification::replace(changed.attribute, values.collect())
            });
            parts.collect::<Vec<_>>()
        };
        let has_class = entry.attributes.is_of_class(schema::REMOTE_ADDRESS);
        let all = [
            schema::OBJECT_CLASS,
            schema::KEY,
            schema::ADDRESS,
            schema::IMPORTED_FROM,
        ];
        if !has_class {
            // The class asks for all of them at once.
            self.write_adopted(&entry.dn, Change::Modify(parts(&all)))?;
        }
        if !is_there {
            let above = to.parent().unwrap_or_default();
            let is_moved = entry.dn.parent().is_none_or(|now| !now.is_same(&above));
            let change = Change::Rename {
                new_rdn: to.own(),
                delete_old: has_class,
                new_superior: is_moved.then_some(above),
            };
            self.write_adopted(&entry.dn, change)?;
        }
        if has_class {
            let rest = parts(&[schema::ADDRESS, schema::IMPORTED_FROM]);
            if !rest.is_empty() {
                self.write_adopted(&to, Change::Modify(rest))?;
            }
        }
        self.fresh.clear();
        let event = Event::new(Severity::Info, "an entry was adopted");
        let event = event.with("connection", &connection.name);
        self.say(event.with("entry", &adopted.entry).with("dn", &adopted.dn));
        Ok(adopted)
    }

    /// Finds the entry of a key, else the one that has the address.
    fn find_holder(
        &mut self,
        text: &str,
        keys: &[SyncKey],
    ) -> Result<(Entry, SyncKey, TargetAddress), ToolError> {
        let address = |key: &SyncKey| TargetAddress::parse(key.as_str()).ok();
        for key in keys {
            let Some(known) = address(key) else { continue };
            let by_key = Filter::equal(schema::KEY, key.as_str());
            let mut ways = vec![
                by_key.clone(),
                Filter::equal(schema::ADDRESS, known.to_string()),
            ];
            if known.kind() == "SMTP" {
                ways.push(Filter::equal(schema::MAIL, known.value()));
            }
            let mut search = Search::new(self.suffix.clone());
            search.filter = Filter::Or(ways);
            let found = self.directory.find(&search).map_err(unread)?;
            match &found[..] {
                [] => {}
                [entry] => return Ok((entry.clone(), key.clone(), known)),
                several => {
                    let names: Vec<_> = several.iter().map(|e| e.dn.to_string()).collect();
                    let what = format!(
                        "{}: {known} is the address of {}: one of them has to give it up",
                        Reason::AddressDuplicate,
                        names.join(" and ")
                    );
                    return Err(ToolError::new(ExitCode::NotHere, what));
                }
            }
        }
        let what = format!("no entry of {} has {text}", self.suffix);
        Err(ToolError::new(ExitCode::NotFound, what))
    }

    /// Checks that an entry is nobody's, and of a kind that a remote address may be.
    fn check_adoptable(
        &self,
        connection: &Connection,
        container: &Dn,
        entry: &Entry,
    ) -> Result<(), ToolError> {
        let attributes = &entry.attributes;
        let refuse = |reason: Reason, what: String| {
            let what = format!("{reason}: {} {what}", entry.dn);
            Err(ToolError::new(ExitCode::NotHere, what))
        };
        let owner = attributes.text(schema::IMPORTED_FROM).map(str::trim);
        let mut others = self.config.connections.iter();
        let other = others.find(|other| {
            other.name != connection.name
                && owner.is_some_and(|owner| owner.eq_ignore_ascii_case(&other.import.owner))
        });
        if let Some(other) = other {
            return refuse(Reason::NotOwner, format!("is of connection {}", other.name));
        }
        if let Some(owner) = owner.filter(|owner| owner.starts_with("hub/")) {
            return refuse(Reason::NotOwner, format!("is of {owner}"));
        }
        let is_remote = attributes.is_of_class(schema::REMOTE_ADDRESS);
        if !is_remote && !entry.dn.is_within(container) {
            let what = format!(
                "is no remote address, and not in {container}: a person of this directory stays what it is"
            );
            return refuse(Reason::NotOwner, what);
        }
        if !CLASSES.iter().any(|class| attributes.is_of_class(class)) {
            let what = format!("is of neither class: {}", CLASSES.join(", "));
            return refuse(Reason::ClassUnsupported, what);
        }
        Ok(())
    }

    /// Returns what makes an entry the connection's.
    fn wanted(
        &self,
        connection: &Connection,
        key: &SyncKey,
        address: &TargetAddress,
    ) -> [(&'static str, String); 4] {
        [
            (schema::OBJECT_CLASS, schema::REMOTE_ADDRESS.to_owned()),
            (schema::KEY, key.as_str().to_owned()),
            (schema::ADDRESS, address.to_string()),
            (schema::IMPORTED_FROM, connection.import.owner.clone()),
        ]
    }

    fn write_adopted(&mut self, dn: &Dn, change: Change) -> Result<(), ToolError> {
        let operation = Operation::new(dn.clone(), change);
        let outcome = self.directory.apply(&operation).map_err(unread)?;
        outcome.map_err(|refusal: Refusal| {
            ToolError::new(ExitCode::CannotWrite, format!("DX133 dn={dn} {refusal}"))
        })
    }
}

/// Returns what has to change: a class is added to those that are there, anything else takes the place of what is.
fn changes(present: &Attributes, wanted: &[(&'static str, String)]) -> Vec<Changed> {
    let mut changes = Vec::new();
    for (attribute, value) in wanted {
        let was = present.values(attribute);
        let was: Vec<_> = was
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect();
        let is_class = *attribute == schema::OBJECT_CLASS;
        let has_it = match attribute {
            // The server compares them without case, and so they are one key; an address keeps the letters it came with.
            &schema::KEY | &schema::ADDRESS | &schema::OBJECT_CLASS => {
                was.iter().any(|was| was.eq_ignore_ascii_case(value))
            }
            _ => was.len() == 1 && was[0] == *value,
        };
        if has_it {
            continue;
        }
        let mut is = match is_class {
            true => was.clone(),
            false => Vec::new(),
        };
        is.push(value.clone());
        changes.push(Changed { attribute, was, is });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nt_16_only_what_makes_it_the_connections_is_changed() {
        let present = Attributes::from_iter([
            ("objectClass", "inetOrgPerson"),
            ("syncAddress", "MS:N/P/Ann"),
            ("syncImportedFrom", "manual"),
            ("title", "Clerk"),
        ]);
        let wanted = [
            (schema::OBJECT_CLASS, "syncRemoteAddress".to_owned()),
            (schema::KEY, "MS:N/P/ANN".to_owned()),
            (schema::ADDRESS, "MS:N/P/ANN".to_owned()),
            (schema::IMPORTED_FROM, "HQ".to_owned()),
        ];
        let changed = changes(&present, &wanted);
        let shown = changed
            .iter()
            .map(|c| format!("{} {} -> {}", c.attribute, c.was.join(";"), c.is.join(";")));
        let shown: Vec<_> = shown.collect();
        assert_eq!(
            shown,
            [
                "objectClass inetOrgPerson -> inetOrgPerson;syncRemoteAddress",
                "syncKey  -> MS:N/P/ANN",
                "syncImportedFrom manual -> HQ",
            ]
        );
    }
}
