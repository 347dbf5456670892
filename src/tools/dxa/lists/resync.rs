//! `dxa resync`: lists of requestors that are carried by hand (`spec/exchange.md` DX-07 to DX-09, DX-39).
//!
//! A list that is made need not be applied. So what is new in it gets numbers and waits in the ledger like any other change,
//! and the numbers that a shared list raises count only once a requestor tells them: who applies the list goes on behind it,
//! who does not goes on as before.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::codec::resync::ResyncHeader;
use crate::codec::timestamp::Timestamp;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::{Agent, expect_role};
use crate::tools::dxa::config::{Config, Connection, Consumed, Role};
use crate::tools::dxa::connections::numbers::server;
use crate::tools::dxa::connections::state::not_saved;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::outcome::{Sending, shown};
use crate::tools::dxa::home::unusable;
use crate::tools::dxa::options::Options;
use crate::tools::dxa::sending::settings;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::listing::{Item, check_same, no_stamp, refuse_differences, together};
use super::listout::Staged;

/// What a run is to make.
#[derive(Debug, Clone, Default)]
pub(in crate::tools::dxa) struct Order {
    /// The connections; none for those that the configuration asks for.
    pub(in crate::tools::dxa) names: Vec<String>,
    /// One list for all of them.
    pub(in crate::tools::dxa) shared: bool,
    /// `--allow-deletes`.
    pub(in crate::tools::dxa) allow_deletes: Option<u64>,
}

/// A list that was made.
#[derive(Debug, Serialize)]
struct Made {
    connections: Vec<String>,
    /// Its path; none in a dry run.
    file: Option<String>,
    req: u32,
    svr: u32,
    imp: u32,
    stamp: u32,
    sent: Sending,
}

/// Makes lists.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    order: &Order,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let chosen = choose(config, order)?;
    if order.shared {
        refuse_differences(settings::differences(&chosen))?;
    }
    let clock = Clock::from_environment()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let mut agent = Agent::open(
        config,
        "resync",
        clock,
        Interrupt::install()?,
        options.dry_run,
    )?;
    let made = agent.make_asked(&chosen, order);
    let events = agent.end(&made)?;
    if !options.common.json {
        for event in &events {
            writeln!(screen, "{event}")?;
        }
    }
    let made = made?;
    let is_partial = made.iter().any(|list| list.sent.counts.is_partial());
    let exit = match is_partial {
        true => ExitCode::Partial,
        false => ExitCode::Done,
    };
    for list in &made {
        if let Some(report) = &mut report {
            for line in &list.sent.lines {
                report.line(line)?;
            }
            report.line(list)?;
        }
        if !options.common.json {
            show(list, screen)?;
        }
    }
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "lists": made,
        "exit": exit.number(),
    });
    if let Some(report) = report {
        report.finish_with(&summary, exit)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
    } else if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

/// Finds the connections that are meant; one that is not there stops all (DX-08).
fn choose<'c>(config: &'c Config, order: &Order) -> Result<Vec<&'c Connection>, ToolError> {
    let names = match order.names.is_empty() {
        true => &config.resync_connections,
        false => &order.names,
    };
    if names.is_empty() {
        let text = "no connection is named, and resync-connections is not set";
        return Err(ToolError::usage(text));
    }
    let mut chosen: Vec<&Connection> = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        match config.named(name) {
            Ok(c) if chosen.iter().any(|chosen| chosen.name == c.name) => {}
            Ok(connection) => chosen.push(connection),
            Err(error) => unknown.push(error.to_string()),
        }
    }
    if !unknown.is_empty() {
        let text = format!("{}; no list was made", unknown.join("; "));
        return Err(ToolError::new(ExitCode::NotFound, text));
    }
    for connection in &chosen {
        expect_role(connection, Role::Server)?;
        if !connection.exchange.sends() {
            let text = format!(
                "connection {}: nothing is sent there (exchange-options)",
                connection.name
            );
            return Err(ToolError::new(ExitCode::NotHere, text));
        }
    }
    Ok(chosen)
}

/// Makes the lists that the configuration asks for; there must be some.
pub(in crate::tools::dxa) fn make_configured(agent: &mut Agent<'_>) -> Result<(), ToolError> {
    let order = Order::default();
    let chosen = choose(agent.config, &order)?;
    agent.make_asked(&chosen, &order).map(|_| ())
}

impl<'c> Agent<'c> {
    /// Makes the lists; if the configuration asks for them, it does not any more once all are there.
    fn make_asked(
        &mut self,
        chosen: &[&'c Connection],
        order: &Order,
    ) -> Result<Vec<Made>, ToolError> {
        let config = self.config;
        let consumed = match order.names.is_empty() && !self.dry_run {
            true => Consumed::prepare(&config.path, &config.resync_connections)
                .map_err(|error| unusable(&config.path, error))?,
            false => None,
        };
        let made = self.make_lists(chosen, order)?;
        if let Some(consumed) = consumed {
            let taken = consumed.put_in_place();
            taken.map_err(|error| unusable(&config.path, error))?;
            let event = Event::new(Severity::Info, "resync-connections is done and taken out");
            self.say(event.with("file", config.path.display()));
        }
        Ok(made)
    }

    /// Makes the lists: all files, then the ledger in one transaction, then the numbers in the containers.
    fn make_lists(
        &mut self,
        chosen: &[&'c Connection],
        order: &Order,
    ) -> Result<Vec<Made>, ToolError> {
        let mut items = Vec::new();
        for connection in chosen {
            self.interrupt.check()?;
            self.settle_place(connection)?;
            items.push(self.item(connection, order.allow_deletes)?);
        }
        let now = Timestamp::from_jiff(self.clock.now()).unwrap_or_default();
        let mut heads = items
            .iter()
            .map(Item::head)
            .collect::<Result<Vec<_>, _>>()?;
        let mut groups: Vec<_> = (0..items.len()).map(|at| at..at + 1).collect();
        if order.shared {
            check_same(&items)?;
            heads = vec![self.highest(&items)?; items.len()];
            groups = std::iter::once(0..items.len()).collect();
        }
        // One STAMP for all of a list: the next one of each is at most this one.
        let next = |item: &Item<'_>| Ok(server(item.known.numbers.srv_conf()?).0.stamp.next(now));
        let stamps = items
            .iter()
            .map(next)
            .collect::<Result<Vec<_>, ToolError>>()?;
        let highest = stamps.iter().copied().max().flatten();
        let moment = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let folder = self.home.outgoing();
        let mut staged = Staged::new(&folder);
        let mut made = Vec::new();
        let change = self.ledger.begin().map_err(not_saved)?;
        for group in groups {
            let head = heads[group.start];
            let stamp = match order.shared {
                true => highest,
                false => stamps[group.start],
            };
            let stamp = stamp.ok_or_else(no_stamp)?;
            let list = &items[group.clone()];
            let address = list[0].connection.address.encode();
            let header = ResyncHeader {
                import_sync: head.imp,
                req_sync: head.req,
                srv_sync: head.svr,
                stamp: stamp.0,
                server: self.config.agent.address.encode().into(),
                addressee: (!order.shared).then(|| address.into()),
            };
            let names: Vec<_> = list.iter().map(|i| i.connection.name.clone()).collect();
            if !self.dry_run {
                let texts = together(list);
                staged.write(file_of(&moment, &names), &header, now, &texts)?;
            }
            made.push(Made {
                connections: names,
                file: None,
                req: head.req.0,
                svr: head.svr.0,
                imp: head.imp.0,
                stamp: stamp.0,
                sent: list[0].list.sending.clone(),
            });
            for item in &mut items[group] {
                item.known.id = change
                    .connection(&item.connection.name)
                    .map_err(not_saved)?;
                item.settle(head, Timestamp(stamp.0), order.shared)?;
                let (id, above) = (item.known.id, head.svr.0 - item.news.len());
                let put = item.news.put(&change, id, above, now);
                put.and_then(|_| item.list.remember(&change, id))
                    .and_then(|()| item.known.put(&change))
                    .map_err(not_saved)?;
            }
        }
        if self.dry_run {
            return Ok(made);
        }
        let placed = staged.place()?;
        change.commit().map_err(not_saved)?;
        for (list, path) in made.iter_mut().zip(placed.keep()) {
            list.file = Some(path.display().to_string());
        }
        for list in &made {
            let event = Event::new(Severity::Info, "list made, to be carried by hand");
            let event = event.with("connection", list.connections.join(","));
            let file = list.file.as_deref().unwrap_or_default();
            let event = event.with("file", file).with("req", list.req);
            self.say(event.with("svr", list.svr).with("imp", list.imp));
        }
        for item in &items {
            self.show_numbers(item.connection, &item.known)?;
        }
        Ok(made)
    }
}

/// Returns what the name of a list begins with: when it was made, and for whom.
fn file_of(moment: &str, names: &[String]) -> String {
    const MOST: usize = 4;
    match names.len() {
        0..=MOST => format!("{moment}-{}", names.join("+")),
        count => format!("{moment}-{}+{}", names[0], count - 1),
    }
}

fn show(list: &Made, screen: &mut impl Write) -> std::io::Result<()> {
    let Made { req, svr, imp, .. } = list;
    let names = list.connections.join(", ");
    let sent = list.sent.transactions();
    write!(screen, "{names}: {sent}; req={req} svr={svr} imp={imp}")?;
    if !list.sent.skipped.is_empty() {
        write!(screen, "; skipped: {}", shown(&list.sent.skipped))?;
    }
    match &list.file {
        Some(file) => writeln!(screen, "; {file}"),
        None => writeln!(screen),
    }
}
