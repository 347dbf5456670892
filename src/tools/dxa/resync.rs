//! `dxa resync`: lists of requestors that are carried by hand (`spec/exchange.md` DX-07 to DX-09, DX-39).
//!
//! A list that is made need not be applied. So what is new in it gets numbers and waits in the ledger like any other change,
//! and the numbers that a shared list raises count only once a requestor tells them: who applies the list goes on behind it,
//! who does not goes on as before.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::codec::resync::ResyncHeader;
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::codec::timestamp::Timestamp;
use crate::protocol::server::SENT_CAPACITY;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::agent::{Agent, expect_role};
use super::answering::wish;
use super::config::{Config, Connection, Consumed, Role};
use super::event::{Event, Severity};
use super::exporting::{Exported, Wish};
use super::home::unusable;
use super::listout::Staged;
use super::numbers::{Numbers, put_server, server};
use super::options::Options;
use super::outcome::{Sending, shown};
use super::serving::conf_of;
use super::settings;
use super::state::{Known, Raised, Unused, not_saved};

/// What a run is to make.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    /// The connections; none for those that the configuration asks for.
    pub(super) names: Vec<String>,
    /// One list for all of them.
    pub(super) shared: bool,
    /// `--allow-deletes`.
    pub(super) allow_deletes: Option<u64>,
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

/// A connection that a list is made for.
struct Item<'c> {
    connection: &'c Connection,
    known: Known,
    wish: Wish,
    /// What was not sent yet; it gets numbers.
    news: Exported,
    list: Exported,
}

/// The numbers of a list.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    req: ReqSync,
    svr: SrvSync,
    imp: ImportSync,
}

/// Makes lists.
pub(super) fn run(
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
    let mut agent = Agent::open(config, clock, Interrupt::install()?, options.dry_run)?;
    let consumed = match order.names.is_empty() && !options.dry_run {
        true => Consumed::prepare(&config.path, &config.resync_connections)
            .map_err(|error| unusable(&config.path, error))?,
        false => None,
    };
    let made = agent.make_lists(&chosen, order);
    if made.is_ok() {
        if let Some(consumed) = consumed {
            let taken = consumed.put_in_place();
            taken.map_err(|error| unusable(&config.path, error))?;
            let event = Event::new(Severity::Info, "resync-connections is done and taken out");
            agent.say(event.with("file", config.path.display()));
        }
    }
    let events = agent.take_events();
    agent.log(&events)?;
    if !options.common.json {
        for event in &events {
            writeln!(screen, "{event}")?;
        }
    }
    let made = made?;
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
    if options.common.json {
        let summary = json!({
            "program": "dxa",
            "dry_run": options.dry_run,
            "lists": made,
            "exit": ExitCode::Done.number(),
        });
        put_line(screen, &summary)?;
    } else if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(ExitCode::Done)
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
        match config.connection(name) {
            Some(c) if chosen.iter().any(|chosen| chosen.name == c.name) => {}
            Some(connection) => chosen.push(connection),
            None => {
                let near = config.near(name).join(", ");
                unknown.push(format!("no connection {name}; near it: {near}"));
            }
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

fn refuse_differences(differences: Vec<String>) -> Result<(), ToolError> {
    if differences.is_empty() {
        return Ok(());
    }
    let text = format!(
        "no list for several: they are sent different things: {}",
        differences.join("; ")
    );
    Err(ToolError::usage(text))
}

impl<'c> Agent<'c> {
    /// Makes the lists: all files, then the ledger in one transaction, then the numbers in the containers.
    fn make_lists(
        &mut self,
        chosen: &[&'c Connection],
        order: &Order,
    ) -> Result<Vec<Made>, ToolError> {
        let mut items = Vec::new();
        for connection in chosen {
            self.interrupt.check()?;
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
        let next = |item: &Item<'_>| Ok(server(conf_of(&item.known.numbers)?).0.stamp.next(now));
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

    /// Looks at what a connection is to have. Nothing is written.
    fn item(
        &mut self,
        connection: &'c Connection,
        allowed: Option<u64>,
    ) -> Result<Item<'c>, ToolError> {
        let known = self.known(connection)?;
        let record = &conf_of(&known.numbers)?.requestors[0];
        // Who has not asked yet gets what the configuration says.
        let wish = match record.last_cycle {
            0 => Wish::of(connection),
            _ => wish(connection, record),
        };
        let outgoing = self.outgoing(connection, known.id, &known.state, &wish, allowed)?;
        let news = match known.state.has_sent_list {
            true => outgoing.exported(connection, false),
            false => Exported::nothing(),
        };
        let list = outgoing.exported(connection, true);
        Ok(Item {
            connection,
            known,
            wish,
            news,
            list,
        })
    }

    /// Returns the highest numbers of all requestors: a list with those of some is refused by others (Q215505, DX-09).
    fn highest(&mut self, items: &[Item<'_>]) -> Result<Head, ToolError> {
        // What is new gets numbers that none of the sharers has.
        let news = items.iter().map(|item| item.news.len()).max();
        let mut highest = Head::default();
        for item in items {
            highest = highest.max(head_of(&item.known.numbers)?);
        }
        highest.svr = raised(highest.svr, news.unwrap_or_default())?;
        let config = self.config;
        for connection in &config.connections {
            if connection.role == Role::Server {
                let known = self.known(connection)?;
                highest = highest.max(head_of(&known.numbers)?);
            }
        }
        Ok(highest)
    }
}

impl Head {
    fn max(self, other: Self) -> Self {
        Self {
            req: self.req.max(other.req),
            svr: self.svr.max(other.svr),
            imp: self.imp.max(other.imp),
        }
    }
}

impl Item<'_> {
    /// Returns the numbers of a list for this requestor alone: its own, and that of the last change which is in the list.
    fn head(&self) -> Result<Head, ToolError> {
        let own = head_of(&self.known.numbers)?;
        let svr = raised(own.svr, self.news.len())?;
        Ok(Head { svr, ..own })
    }

    /// Brings numbers and state up to the list.
    fn settle(&mut self, head: Head, stamp: Timestamp, shared: bool) -> Result<(), ToolError> {
        let mut conf = conf_of(&self.known.numbers)?.clone();
        let (mut own, mut entry) = server(&conf);
        let stamp = own.issue(stamp).ok_or_else(no_stamp)?;
        let state = &mut self.known.state;
        let (last, through) = (own.sync.0, head.svr.0 - self.news.len());
        if through > last {
            // Those passed over before may lie in front of these.
            let after = state
                .unused
                .map_or(last, |unused| match unused.through == last {
                    true => unused.after,
                    false => last,
                });
            state.unused = Some(Unused { after, through });
        }
        own.sync = head.svr;
        if !entry.is_fresh() {
            entry.sent.push(stamp, SENT_CAPACITY);
        }
        if shared {
            let before = Raised {
                req: entry.req_sync.0,
                svr: entry.srv_sync.0,
                imp: entry.import_count.0,
            };
            state.raised.get_or_insert(before);
            (entry.req_sync, entry.import_count) = (head.req, head.imp);
            if !entry.due.reply {
                entry.srv_sync = head.svr;
            }
        }
        let has_sent_list = state.has_sent_list;
        self.list.settle(self.connection, state);
        if !has_sent_list {
            // Only who applies the list has it; everybody else gets one with the next reply.
            state.has_sent_list = false;
            state.list_stamp = Some(stamp.0);
        }
        put_server(&mut conf, &own, &entry);
        self.known.numbers = Numbers::Server(Box::new(conf));
        Ok(())
    }
}

fn head_of(numbers: &Numbers) -> Result<Head, ToolError> {
    let (own, entry) = server(conf_of(numbers)?);
    Ok(Head {
        req: entry.req_sync,
        svr: own.sync,
        imp: entry.import_count,
    })
}

fn raised(number: SrvSync, by: u32) -> Result<SrvSync, ToolError> {
    let raised = number.0.checked_add(by).map(SrvSync);
    raised.ok_or_else(|| ToolError::new(ExitCode::CannotWrite, "no number is left"))
}

fn no_stamp() -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "no STAMP is left")
}

/// Refuses a list for several whose lists differ although their settings do not.
fn check_same(items: &[Item<'_>]) -> Result<(), ToolError> {
    let wishes: Vec<_> = items.iter().map(|i| (i.connection, &i.wish)).collect();
    refuse_differences(settings::asked(&wishes))?;
    let mut lists = items.iter().map(|item| (item, named(item)));
    let Some((first, list)) = lists.next() else {
        return Ok(());
    };
    match lists.find(|(_, other)| *other != list) {
        None => Ok(()),
        Some((other, _)) => {
            let (one, two) = (first.connection, other.connection);
            refuse_differences(vec![format!(
                "owner ({}: {}, {}: {}; nobody is sent what came from there)",
                one.name, one.import.owner, two.name, two.import.owner
            )])
        }
    }
}

/// Returns the transactions of a list without the deletions.
fn named(item: &Item<'_>) -> Vec<Vec<u8>> {
    let texts = item.list.texts();
    texts.filter(|text| !is_deletion(text)).collect()
}

/// Returns the transactions of a list that several share: what one of them has to delete the others lack anyway.
fn together(items: &[Item<'_>]) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for text in items.iter().flat_map(|item| item.list.texts()) {
        if is_deletion(&text) && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.extend(items.first().map(named).unwrap_or_default());
    texts
}

fn is_deletion(text: &[u8]) -> bool {
    text.first() == Some(&b'D')
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
