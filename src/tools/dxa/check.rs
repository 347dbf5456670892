//! Everything that must hold before a byte is sent (`spec/exchange.md` DX-38), looked at one after the other: a fault
//! hides no other, and nothing is changed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection as Link, Search};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

use super::agent::{connect, shown_password, templates};
use super::config::{Config, Connection, Copies, Direction};
use super::connections::aside::{self, Found};
use super::containers::container::unread;
use super::containers::importing::Incoming;
use super::containers::place;
use super::event::told;
use super::home::Home;
use super::mail::copies;
use super::sending::effect::{self, Effect};
use super::sending::rules;
use super::sending::sight::{sees_export, sees_import};

/// Free space that the data folder must have, as a multiple of the ledger (Q264286).
const LEDGERS_FREE: u64 = 4;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    /// What: `connection HQ: import container`.
    pub(super) what: String,
    /// What is wrong; none where it is well.
    pub(super) fault: Option<String>,
    /// What is well enough to go on, and should be otherwise.
    pub(super) warning: Option<String>,
    /// What was found.
    pub(super) found: Option<String>,
    #[serde(skip)]
    exit: ExitCode,
}

/// `ok     ledger: data/ledger.db`
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, text) = match (&self.fault, &self.warning) {
            (Some(fault), _) => ("FAULT ", Some(fault)),
            (None, Some(warning)) => ("warning", Some(warning)),
            (None, None) => ("ok    ", self.found.as_ref()),
        };
        write!(f, "{sign} {}", self.what)?;
        match text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

/// What was looked at, in order.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) all: Vec<Checked>,
}

impl Checks {
    /// Notes what was found about one thing; returns whether it is well.
    pub(super) fn note(
        &mut self,
        what: impl Into<String>,
        result: Result<String, ToolError>,
    ) -> bool {
        let (fault, found, exit) = match result {
            Ok(found) => (
                None,
                Some(found).filter(|found| !found.is_empty()),
                ExitCode::Done,
            ),
            Err(error) => (Some(told(&error)), None, error.exit),
        };
        let is_well = fault.is_none();
        self.all.push(Checked {
            what: what.into(),
            fault,
            warning: None,
            found,
            exit,
        });
        is_well
    }

    /// Returns what is wrong: `ledger: why`.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        let all = self.all.iter();
        all.filter_map(|checked| Some(format!("{}: {}", checked.what, checked.fault.as_ref()?)))
    }

    fn warn(&mut self, what: impl Into<String>, warning: &str) {
        self.all.push(Checked {
            what: what.into(),
            fault: None,
            warning: Some(warning.to_owned()),
            found: None,
            exit: ExitCode::Done,
        });
    }

    /// Returns what a configuration cannot be used for: all that is wrong at once (DX-38).
    pub(super) fn refusal(&self) -> Option<ToolError> {
        let faults: Vec<_> = self.faults().collect();
        let text = format!("start-up check: {}", faults.join("; "));
        (!faults.is_empty()).then(|| ToolError::new(self.exit(), text))
    }

    /// Returns how the run ends: as the worst fault.
    pub(super) fn exit(&self) -> ExitCode {
        self.all
            .iter()
            .fold(ExitCode::Done, |worst, checked| worst.worst(checked.exit))
    }
}

/// Looks at everything.
pub(super) fn run(config: &Config) -> Checks {
    let mut checks = Checks::default();
    let home = Home::at(&config.agent.data);
    checks.note("data folder", check_folder(&home));
    check_ledger(&home, &mut checks);
    if let Some(copies) = &config.agent.copies {
        checks.note("copies of messages", check_copies(copies));
    }
    for connection in &config.connections {
        let of = |what: &str| format!("connection {}: {what}", connection.name);
        checks.note(
            of("address map"),
            Incoming::new(connection).map(|_| String::new()),
        );
        let tables = [Direction::sends, Direction::receives]
            .map(|way| templates(connection, way).map(|_| ()));
        let tables = tables.into_iter().collect::<Result<Vec<_>, _>>();
        checks.note(of("template tables"), tables.map(|_| String::new()));
    }
    if let Some(warning) = shown_password(&config.directory) {
        checks.warn("way to the directory", warning);
    }
    let mut link = None;
    let connected = connect(&config.directory).map(|connection| {
        link = Some(connection);
        config.directory.url.clone()
    });
    checks.note("directory", connected);
    let Some(mut link) = link else { return checks };
    checks.note("schema", check_schema(&mut link));
    for connection in &config.connections {
        check_connection(&mut link, &home, connection, &mut checks);
    }
    checks
}

/// Looks at what the next exchange would send, where all is well so far.
pub(super) fn effects(config: &Config, checks: &mut Checks) -> Vec<Effect> {
    let mut effects = Vec::new();
    if checks.exit() != ExitCode::Done {
        return effects;
    }
    let found = match effect::of(config) {
        Ok(found) => found,
        Err(error) => {
            checks.note("next exchange", Err(error));
            return effects;
        }
    };
    for (connection, effect) in found {
        let of = |what: &str| format!("connection {}: {what}", connection.name);
        match effect {
            Ok(effect) => {
                checks.note(of("settings"), Ok(effect.settings()));
                checks.note(of("next exchange"), Ok(effect.sends()));
                effects.push(effect);
            }
            Err(error) => {
                checks.note(of("next exchange"), Err(error));
            }
        }
    }
    effects
}

/// The folder is there, or can be made; it can be written, and there is room (Q171260, Q264286).
pub(super) fn check_folder(home: &Home) -> Result<String, ToolError> {
    let root = home.root();
    let cannot = |path: &Path, error: std::io::Error| {
        ToolError::new(ExitCode::CannotWrite, path.display().to_string()).caused_by(error)
    };
    // Of a relative path the last one is empty, which means the folder that we are in.
    let mut above = root
        .ancestors()
        .map(|path| match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        });
    let there = above.find(|path| path.exists()).unwrap_or(root);
    let probe = tempfile::Builder::new().prefix(".dxa").tempfile_in(there);
    probe.map_err(|error| cannot(there, error))?;
    let space = rustix::fs::statvfs(there).map_err(|error| cannot(there, error.into()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let ledger = fs::metadata(home.ledger()).map_or(0, |metadata| metadata.len());
    let needed = ledger.saturating_mul(LEDGERS_FREE);
    if free < needed {
        let text = format!(
            "{}: {free} bytes free, {needed} needed for a ledger of {ledger}",
            there.display()
        );
        return Err(ToolError::new(ExitCode::CannotWrite, text));
    }
    Ok(match root.exists() {
        true => root.display().to_string(),
        false => format!("{} will be made", root.display()),
    })
}

/// The folder of copies is there and can be written (DX-33).
fn check_copies(copies: &Copies) -> Result<String, ToolError> {
    let folder = copies.folder.display();
    copies::check(&copies.folder)
        .map(|()| format!("{folder}, the last {}", copies.keep))
        .map_err(|error| {
            ToolError::new(ExitCode::CannotWrite, format!("{folder}")).caused_by(error)
        })
}

/// The ledger is whole, or none yet. A damaged one keeps nobody from work: a run puts it aside (DX-12).
fn check_ledger(home: &Home, checks: &mut Checks) {
    let found = match aside::find(home) {
        Ok(Found::None) => Ok("none yet: the first exchange is a full list".to_owned()),
        Ok(Found::Whole(_)) => Ok(home.ledger().display().to_string()),
        Ok(Found::Damaged(cause)) => {
            return checks.warn("ledger", &format!("DX249 {}", aside::told(home, &cause)));
        }
        Err(error) => Err(error),
    };
    checks.note("ledger", found);
}

/// The server knows our classes.
pub(super) fn check_schema(link: &mut Link) -> Result<String, ToolError> {
    let classes = rules::subschema(link, "objectClasses")?;
    for class in [
        schema::REMOTE_ADDRESS,
        schema::IMPORT_CONTAINER,
        schema::LOCAL_RECIPIENT,
    ] {
        let name = format!("'{class}'").to_lowercase();
        let is_it = |text: &String| text.to_lowercase().contains(&name);
        if !classes.iter().any(is_it) {
            let text =
                format!("the server does not know the class {class}: load what dxa schema prints");
            return Err(ToolError::new(ExitCode::NotFound, text));
        }
    }
    Ok(String::new())
}

fn check_connection(link: &mut Link, home: &Home, connection: &Connection, checks: &mut Checks) {
    let of = |what: &str| format!("connection {}: {what}", connection.name);
    if let Some(container) = &connection.import.container {
        let found = count(link, container, &connection.import.owner);
        let is_there = checks.note(of("import container"), found);
        if is_there {
            checks.note(
                of("rights to read the import container"),
                sees_import(link, container),
            );
        }
        let lie = place::check(link, home, connection);
        checks.note(of("place of its entries"), lie);
    }
    checks.note(
        of("attributes of its rules"),
        rules::check(link, connection),
    );
    for container in &connection.export.containers {
        let kinds = kinds(link, container);
        if checks.note(of(&format!("export container {container}")), kinds) {
            let outgoing = templates(connection, Direction::sends);
            let conditions = &connection.export.conditions;
            let seen =
                outgoing.and_then(|map| sees_export(link, container, map.as_ref(), conditions));
            let what = format!("rights to read the export container {container}");
            checks.note(of(&what), seen);
        }
    }
}

/// Counts the entries of a container by whose they are.
fn count(link: &mut Link, container: &Dn, owner: &str) -> Result<String, ToolError> {
    let (mut own, mut foreign) = (0, 0);
    let search = Search::new(container.clone()).attributes(&[schema::IMPORTED_FROM]);
    let search = search.filter(Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS));
    link.search(&search, |entry| {
        match entry.attributes.text(schema::IMPORTED_FROM) {
            Some(found) if found.eq_ignore_ascii_case(owner) => own += 1,
            _ => foreign += 1,
        }
        ControlFlow::Continue(())
    })
    .map_err(unread)?;
    Ok(format!("{own} entries of {owner}, {foreign} foreign"))
}

/// Counts what lies in an export container, by kind: how many entries each rule touches.
fn kinds(link: &mut Link, container: &Dn) -> Result<String, ToolError> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let attributes = [schema::OBJECT_CLASS, schema::HIDDEN, schema::TRUST_LEVEL];
    let search = Search::new(container.clone()).attributes(&attributes);
    link.search(&search, |entry| {
        let has = |class: &str| {
            let mut classes = entry.attributes.values(schema::OBJECT_CLASS).iter();
            classes.any(|value| value.eq_ignore_ascii_case(class.as_bytes()))
        };
        let kind = match (
            has(schema::REMOTE_ADDRESS),
            has("person") || has("inetOrgPerson"),
            has("organizationalUnit"),
        ) {
            (true, _, _) => "remote",
            (_, true, _) => "people",
            (_, _, true) => "containers",
            _ => "others",
        };
        *counts.entry(kind).or_default() += 1;
        if entry.attributes.text(schema::HIDDEN) == Some("TRUE") {
            *counts.entry("hidden").or_default() += 1;
        }
        ControlFlow::Continue(())
    })
    .map_err(unread)?;
    let counts: Vec<_> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    Ok(counts.join(", "))
}
