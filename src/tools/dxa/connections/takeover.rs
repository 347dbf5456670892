//! `dxa takeover --check`: the server's part has come to this agent; who still points at the old server
//! (`spec/exchange.md` DX-34, Q180297, Q257740, Q269129).
//!
//! A requestor that points elsewhere is one from which nothing comes. So three things count, the surest first: what the
//! REQCONF.GLB of the postoffice names, where its folder is given; mail of it for another server that came here; and whether
//! it has ever asked here.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use crate::codec::codepage::CodePage;
use crate::directory::ledger::Ledger;
use crate::tools::cli::data::DataLocation;
use crate::tools::dxa::agent::unusable_ledger;
use crate::tools::dxa::config::{Config, Connection, Role};
use crate::tools::dxa::home::Home;
use crate::tools::dxa::mail::mailscan::{self, Bag, Seen};
use crate::tools::dxa::mail::offices::Office;
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::aside;
use super::numbers::Numbers;
use super::todo::{self, Sides};

/// Where a requestor points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Points {
    /// Here.
    Here,
    /// At another server.
    Elsewhere,
    /// At none.
    Nowhere,
    /// Nothing is known: it has never asked here.
    Unknown,
}

/// One postoffice.
#[derive(Debug, Serialize)]
struct Requestor {
    /// Its network and postoffice.
    address: String,
    /// The connection; none where the configuration has none to it.
    connection: Option<String>,
    points: Points,
    /// The server that it names.
    server: Option<String>,
    /// By what it is known.
    because: String,
    /// When it has asked here last.
    asked: Option<String>,
    /// It is a dirsync server itself.
    is_server: bool,
    /// What has to be done.
    to_do: Vec<String>,
}

impl Requestor {
    /// Tells whether it is as it has to be.
    fn is_well(&self) -> bool {
        self.to_do.is_empty()
    }
}

/// Looks at every requestor.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    folders: &[PathBuf],
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let served = config.connections.iter().filter(|c| c.role == Role::Server);
    let served: Vec<_> = served.collect();
    if served.is_empty() {
        let text = "the agent is the server of nobody: no connection has role = \"server\"";
        return Err(ToolError::new(ExitCode::NotHere, text).into());
    }
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let offices = folders.iter().map(|path| {
        let place = DataLocation::from(path.as_os_str());
        Office::read(&place.directory()?)
    });
    let offices = offices.collect::<Result<Vec<_>, _>>()?;
    let home = Home::at(&config.agent.data);
    let mail = mailscan::scan(&home.postoffice(), config.agent.code_page)?;
    let ledger = aside::look(&home)?;
    let mut looking = Looking {
        config,
        offices,
        mail,
        ledger,
    };
    let mut all = Vec::new();
    for connection in served {
        all.push(looking.requestor(connection)?);
    }
    let strangers = looking.strangers();
    all.extend(strangers);
    let count = all.iter().filter(|requestor| !requestor.is_well()).count();
    let exit = match count {
        0 => ExitCode::Done,
        _ => ExitCode::Differences,
    };
    if let Some(report) = &mut report {
        for requestor in &all {
            report.line(requestor)?;
        }
    }
    let summary = json!({
        "program": "dxa",
        "server": config.agent.address.view(config.agent.code_page),
        "requestors": all,
        "to_be_changed": count,
        "exit": exit.number(),
    });
    if let Some(report) = report {
        report.finish_with(&summary, exit)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for requestor in &all {
        show(requestor, screen)?;
    }
    match count {
        0 => writeln!(screen, "All point here.")?,
        n => writeln!(screen, "{n} of {} have something to do.", all.len())?,
    }
    Ok(exit)
}

struct Looking<'c> {
    config: &'c Config,
    offices: Vec<Office>,
    mail: Vec<Seen>,
    ledger: Option<Ledger>,
}

impl Looking<'_> {
    /// Says where the requestor of a connection points.
    fn requestor(&mut self, connection: &Connection) -> Result<Requestor, ToolError> {
        let page = self.page();
        let (own, address) = todo::sides(self.config, connection);
        let asked = self.asked(connection)?;
        let is_its = |name: &str| name.eq_ignore_ascii_case(&address);
        let office = self.offices.iter().find(|office| is_its(&office.name));
        let strayed = self.mail.iter().rev().find(|seen| {
            let to = seen.to.view(page);
            seen.bag != Bag::Outgoing
                && is_its(&seen.from.view(page))
                && !to.eq_ignore_ascii_case(&own)
        });
        // What it did last counts.
        let strayed = strayed.filter(|seen| asked.is_none_or(|asked| asked < seen.arrived));
        let (points, server, because) = match (office, strayed, asked) {
            (Some(office), _, _) => {
                let (points, server) = pointed(office.server.as_deref(), &own);
                (points, server, "its REQCONF.GLB")
            }
            (None, Some(seen), _) => {
                let server = seen.to.view(page);
                (Points::Elsewhere, Some(server), "its mail")
            }
            (None, None, Some(_)) => (Points::Here, Some(own.clone()), "it has asked here"),
            (None, None, None) => (Points::Unknown, None, "it has never asked here"),
        };
        let is_server = office.is_some_and(|office| office.is_server);
        let sides = Sides {
            own: &own,
            other: &address,
        };
        let mut to_do = Vec::new();
        if is_server {
            to_do.push(todo::demote(&address));
        }
        if points != Points::Here {
            to_do.extend(todo::pointed_here(sides));
        }
        Ok(Requestor {
            connection: Some(connection.name.clone()),
            points,
            server,
            because: because.to_owned(),
            asked: asked.map(|moment| moment.to_string()),
            is_server,
            to_do,
            address,
        })
    }

    /// Returns the postoffices of which something is known, and to which there is no connection: those whose folder was
    /// given, and those that are registered at a server among them.
    fn strangers(&self) -> Vec<Requestor> {
        let page = self.page();
        let own = self.config.agent.address.view(page);
        let is_known = |name: &str| {
            let mut connections = self.config.connections.iter();
            name.eq_ignore_ascii_case(&own)
                || connections.any(|c| c.address.view(c.code_page).eq_ignore_ascii_case(name))
        };
        let mut all: Vec<Requestor> = Vec::new();
        for office in self.offices.iter().filter(|office| !is_known(&office.name)) {
            let (points, server) = pointed(office.server.as_deref(), &own);
            let mut to_do = Vec::new();
            if office.is_server {
                to_do.push(todo::demote(&office.name));
            }
            let is_own_requestor = office.is_server && office.points_at(&office.name);
            if points != Points::Nowhere && !is_own_requestor {
                to_do.push(connect(&office.name, &own));
            }
            all.push(Requestor {
                address: office.name.clone(),
                connection: None,
                points,
                server,
                because: "its REQCONF.GLB".to_owned(),
                asked: None,
                is_server: office.is_server,
                to_do,
            });
        }
        for office in self.offices.iter().filter(|office| office.is_server) {
            for name in &office.requestors {
                let is_there = all.iter().any(|r| r.address.eq_ignore_ascii_case(name));
                if is_known(name) || is_there {
                    continue;
                }
                all.push(Requestor {
                    address: name.clone(),
                    connection: None,
                    points: Points::Elsewhere,
                    server: Some(office.name.clone()),
                    because: format!("the SRVCONF.GLB of {}", office.name),
                    asked: None,
                    is_server: false,
                    to_do: vec![connect(name, &own)],
                });
            }
        }
        all
    }

    /// Returns when a requestor has asked here last.
    fn asked(&mut self, connection: &Connection) -> Result<Option<jiff::Timestamp>, ToolError> {
        let Some(ledger) = &mut self.ledger else {
            return Ok(None);
        };
        let change = ledger.begin().map_err(unusable_ledger)?;
        let kept = match change.find(&connection.name).map_err(unusable_ledger)? {
            Some(id) => change.numbers(id).map_err(unusable_ledger)?,
            None => None,
        };
        // Numbers of another role are of a time when it did not ask.
        let numbers = kept.filter(|bytes| Numbers::role_of(bytes) == Role::Server);
        let numbers = numbers.map(|bytes| Numbers::decode(&bytes, connection));
        Ok(match numbers.transpose()? {
            Some(Numbers::Server(conf)) => {
                let moment = conf.requestors[0].last_update;
                (moment.0 != 0).then(|| moment.to_jiff())
            }
            _ => None,
        })
    }

    fn page(&self) -> CodePage {
        self.config.agent.code_page
    }
}

fn pointed(server: Option<&str>, own: &str) -> (Points, Option<String>) {
    let points = match server {
        None => Points::Nowhere,
        Some(server) if server.eq_ignore_ascii_case(own) => Points::Here,
        Some(_) => Points::Elsewhere,
    };
    (points, server.map(str::to_owned))
}

fn connect(name: &str, own: &str) -> String {
    format!(
        "{own}: there is no connection to {name}; add one with role = \"server\", or strike it off."
    )
}

fn show(requestor: &Requestor, screen: &mut impl Write) -> io::Result<()> {
    write!(screen, "{}", requestor.address)?;
    match &requestor.connection {
        Some(name) => write!(screen, " ({name}): ")?,
        None => write!(screen, ": ")?,
    }
    match (requestor.points, &requestor.server) {
        (Points::Here, _) => write!(screen, "points here")?,
        (Points::Elsewhere, Some(server)) => write!(screen, "points at {server}")?,
        (Points::Elsewhere, None) => write!(screen, "points elsewhere")?,
        (Points::Nowhere, _) => write!(screen, "points at no server")?,
        (Points::Unknown, _) => write!(screen, "does not point here, as far as is known")?,
    }
    write!(screen, " ({})", requestor.because)?;
    match &requestor.asked {
        Some(moment) => write!(screen, "; asked here last at {moment}")?,
        None if requestor.connection.is_some() && requestor.points != Points::Unknown => {
            write!(screen, "; has never asked here")?;
        }
        None => {}
    }
    if requestor.is_server {
        write!(screen, "; is a dirsync server itself")?;
    }
    writeln!(screen)?;
    for line in &requestor.to_do {
        writeln!(screen, "- {line}")?;
    }
    Ok(())
}
