//! `dxa state set`: the numbers of a connection, set by hand (`spec/exchange.md` NT-14). The state itself is not meant to be
//! edited: what is edited there is refused (NTC-043), and this is one way out.
//!
//! A number that is set says something that this side cannot know, so that nothing rests on it: in the direction that it counts
//! a full list follows. So a number that is wrong costs a list and never an entry.

use std::fmt;
use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::protocol::requestor::Acknowledgment;
use crate::protocol::sync::{Issued, RecordDigest};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::containers::place::{Place, settled};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

use super::numbers::{Numbers, Shown, put_server, requestor, server};
use super::state::{Known, State};

/// A number by its published name (Q152231, Q96060).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Name {
    /// `req` of the status.
    #[serde(rename = "ReqSync")]
    Req,
    /// `svr` of the status.
    #[serde(rename = "SrvSync")]
    Srv,
    /// `imp` of the status.
    #[serde(rename = "ImpSync")]
    Imp,
}

impl Name {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Req, "ReqSync"),
        (Self::Srv, "SrvSync"),
        (Self::Imp, "ImpSync"),
    ];

    /// Returns the number of this name.
    fn of(self, shown: Shown) -> u32 {
        match self {
            Self::Req => shown.req,
            Self::Srv => shown.svr,
            Self::Imp => shown.imp,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|(name, _)| name == self);
        f.write_str(found.map_or("", |(_, text)| text))
    }
}

/// The highest value that a number may be set to: numbers are never used again, and those to come need room above it.
const HIGHEST: u32 = 4_000_000_000;

/// A number and what it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    name: Name,
    value: u32,
}

/// Reads `NAME=VALUE` of each, and each name once.
fn read(texts: &[String]) -> Result<Vec<Setting>, ToolError> {
    let mut settings: Vec<Setting> = Vec::new();
    for text in texts {
        let wrong = |what: &str| ToolError::usage(format!("{text}: {what}"));
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("expected NAME=VALUE"))?;
        let mut all = Name::ALL.into_iter();
        let found = all.find(|(_, known)| known.eq_ignore_ascii_case(name.trim()));
        let (name, _) =
            found.ok_or_else(|| wrong("no such number, expected ReqSync, SrvSync or ImpSync"))?;
        let digits = value.trim();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits
            .parse()
            .ok()
            .filter(|value| is_number && *value <= HIGHEST)
            .ok_or_else(|| {
                wrong(&format!(
                    "{digits:?} is no such number, expected 0 to {HIGHEST}"
                ))
            })?;
        if settings.iter().any(|setting| setting.name == name) {
            return Err(wrong(&format!("{name} is given twice")));
        }
        settings.push(Setting { name, value });
    }
    Ok(settings)
}

/// What was set, and what follows from it.
struct Set {
    before: Shown,
    after: Shown,
    changed: Vec<Name>,
    /// A full list goes to the other side.
    sends_list: bool,
    /// One is asked of it.
    asks_list: bool,
    /// The state beside the numbers could not be read, and begins anew.
    was_unreadable: bool,
}

/// Sets numbers of one connection.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    name: &str,
    texts: &[String],
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let connection = config.named(name)?;
    let settings = read(texts)?;
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let mut agent = Agent::open(config, "state", clock, interrupt, options.dry_run)?;
    let set = agent.set_by_hand(connection, &settings);
    let events = agent.end(&set)?;
    let set = set?;
    let exit = ExitCode::Done;
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "connection": connection.name,
        "role": connection.role.word(),
        "before": set.before,
        "after": set.after,
        "changed": set.changed,
        "was_unreadable": set.was_unreadable,
        "sends_full_list": set.sends_list,
        "asks_full_list": set.asks_list,
        "exit": exit.number(),
    });
    report_alone(options.common.report.as_deref(), &summary, exit)?;
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for event in &events {
        writeln!(screen, "{event}")?;
    }
    let Set { before, after, .. } = set;
    writeln!(screen, "{}: {before} -> {after}", connection.name)?;
    if set.sends_list {
        writeln!(screen, "The next exchange sends a full list.")?;
    }
    if set.asks_list {
        writeln!(screen, "The next exchange asks for a full list.")?;
    }
    if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

impl Agent<'_> {
    /// Sets numbers: in the container, if they are still those that stand there, and in the ledger.
    fn set_by_hand(
        &mut self,
        connection: &Connection,
        settings: &[Setting],
    ) -> Result<Set, ToolError> {
        let (mut known, was_unreadable) = self.settable(connection)?;
        settled(known.state.place.as_ref(), connection)?;
        let before = known.numbers.shown();
        let is_changed = |setting: &&Setting| setting.name.of(before) != setting.value;
        let changed: Vec<_> = settings.iter().filter(is_changed).copied().collect();
        let (acknowledgment, sends_list, asks_list) = change(&mut known, &changed, was_unreadable);
        let set = Set {
            before,
            after: known.numbers.shown(),
            changed: changed.iter().map(|setting| setting.name).collect(),
            sends_list,
            asks_list,
            was_unreadable,
        };
        if changed.is_empty() && !was_unreadable {
            return Ok(set);
        }
        self.keep(connection, &known, acknowledgment)?;
        let event = Event::new(Severity::Info, "numbers were set by hand");
        let event = event.with("connection", &connection.name);
        self.say(event.with("was", set.before).with("is", set.after));
        let lists = [
            (set.sends_list, "the next exchange is a full list"),
            (set.asks_list, "a full list is asked for"),
        ];
        for (_, text) in lists.iter().filter(|(follows, _)| *follows) {
            let event = Event::new(Severity::Info, *text).id("DX221");
            let event = event.with("connection", &connection.name);
            self.say(event.with("because", "the state was set by hand"));
        }
        Ok(set)
    }

    /// Reads what is known of a connection, without the state beside the numbers where somebody edited that.
    fn settable(&mut self, connection: &Connection) -> Result<(Known, bool), ToolError> {
        match self.known(connection) {
            Ok(known) => Ok((known, false)),
            Err(error) if error.exit == ExitCode::Damaged => {
                // Where it is the numbers that cannot be read, this says so.
                let (id, numbers) = self.numbers(connection)?;
                let state = State {
                    place: Place::configured(connection),
                    ..State::default()
                };
                Ok((Known { id, numbers, state }, true))
            }
            Err(error) => Err(error),
        }
    }
}

/// Puts the settings into what is known; returns what becomes of what waits, and whether a list is sent and asked for.
fn change(
    known: &mut Known,
    changed: &[Setting],
    was_unreadable: bool,
) -> (Acknowledgment, bool, bool) {
    let value = |name| {
        let mut found = changed.iter().filter(|setting| setting.name == name);
        found.next().map(|setting| setting.value)
    };
    let (req, srv, imp) = (value(Name::Req), value(Name::Srv), value(Name::Imp));
    let of_server = srv.is_some() || imp.is_some();
    let mut acknowledgment = Acknowledgment::Nothing;
    let (sends, asks) = match &mut known.numbers {
        Numbers::Requestor(conf) => {
            let mut own = requestor(conf);
            if let Some(value) = req {
                // What waits keeps its numbers where they are above, and never gets one below.
                if ReqSync(value) > own.req_sync {
                    acknowledgment = Acknowledgment::Renumber {
                        above: ReqSync(value),
                    };
                    own.sent = ReqSync(value);
                }
                own.req_sync = ReqSync(value);
                own.digest = RecordDigest::UNKNOWN;
                own.raised_from = None;
            }
            if let Some(value) = srv {
                own.srv_sync = SrvSync(value);
            }
            if let Some(value) = imp {
                own.import_sync = ImportSync(value);
            }
            own.import_requested |= of_server || was_unreadable;
            own.put(conf);
            (req.is_some(), of_server)
        }
        Numbers::Server(conf) => {
            let (mut own, mut entry) = server(conf);
            if let Some(value) = req {
                entry.req_sync = ReqSync(value);
                entry.digest = RecordDigest::UNKNOWN;
            }
            if let Some(value) = srv {
                // Numbers that were given may be given again: no answer before this one is gone by any more.
                own.sync = SrvSync(value);
                own.issued = Issued::default();
                entry.srv_sync = entry.srv_sync.min(own.sync);
                // The list that follows is all that there is to have.
                acknowledgment = Acknowledgment::Discard {
                    through: ReqSync(u32::MAX),
                };
            }
            if let Some(value) = imp {
                entry.import_count = ImportSync(value);
            }
            entry.due.export |= req.is_some() || was_unreadable;
            put_server(conf, &own, &entry);
            (of_server, req.is_some())
        }
    };
    let state = &mut known.state;
    if sends {
        state.has_sent_list = false;
        state.touched.again();
    }
    if !changed.is_empty() {
        // What a shared list had raised, and what it passed over, speak of numbers that are no more.
        (state.list_stamp, state.raised, state.unused) = (None, None, None);
    }
    (
        acknowledgment,
        sends || was_unreadable,
        asks || was_unreadable,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn names_are_the_published_ones_in_any_case() {
        let read = read(&texts(&["reqsync=7", "SrvSync = 4000000000", "IMPSYNC=0"]));
        let read = read.expect("three");
        let values: Vec<_> = read
            .iter()
            .map(|setting| format!("{}={}", setting.name, setting.value))
            .collect();
        assert_eq!(values, ["ReqSync=7", "SrvSync=4000000000", "ImpSync=0"]);
    }

    #[test]
    fn what_is_no_number_of_ours_is_said_with_what_was_expected() {
        for (given, expected) in [
            (&["ReqSync"][..], "NAME=VALUE"),
            (&["USN=7"], "expected ReqSync, SrvSync or ImpSync"),
            (&["ReqSync="], "is no such number, expected 0 to 4000000000"),
            (&["ReqSync=+7"], "is no such number"),
            (&["ReqSync=-1"], "is no such number"),
            (&["ReqSync=4000000001"], "is no such number"),
            (&["ReqSync=1", "reqsync=1"], "twice"),
        ] {
            let error = read(&texts(given)).expect_err("refused");
            assert_eq!(error.exit, ExitCode::Usage);
            assert!(error.message.contains(expected), "{}", error.message);
            assert!(error.message.contains(given[0]) || given.len() > 1);
        }
    }
}
