//! `dxa status` between organizations (`spec/exchange.md` IO-17): how far every branch is, who waits for whom, and what lies
//! where. Nothing is changed, and no directory is asked.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::branch;
use super::config::{Config, Table};
use super::evidence::contacts;
use super::post::maildir;
use super::post::quarantine::Quarantine;
use super::post::queue::Queue;
use super::table::{self, wrong};
use crate::directory::interorg::Usn;
use crate::tools::cli::CommonArgs;
use crate::tools::dxa::home::Home;
use crate::tools::dxa::standing::notice;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// How a branch stands.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BranchStatus {
    pub(super) branch: String,
    /// Where it is; none where it is not registered.
    pub(super) address: Option<String>,
    /// When it was last heard of.
    pub(super) last_contact: Option<Timestamp>,
    /// How far its changes were taken, in its own numbers.
    pub(super) taken: Option<u64>,
    /// How far it said that it has applied those of the hub.
    pub(super) confirmed: u64,
    /// Numbers between that and the last one of the hub.
    pub(super) behind: u64,
    /// Entries that it does not have as they are, as far as it said.
    pub(super) lacks: u64,
    /// Entries of it that the others see.
    pub(super) entries: u64,
    /// Messages that wait to be sent to it.
    pub(super) queued: u64,
}

/// An entry that waits.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WaitingEntry {
    pub(super) entry: String,
    pub(super) dn: String,
    pub(super) reason: String,
    /// Which address, and who holds it.
    pub(super) detail: String,
}

/// How a hub stands.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HubStatus {
    pub(super) address: String,
    pub(super) table: String,
    pub(super) epoch: Option<String>,
    pub(super) last: u64,
    pub(super) branches: Vec<BranchStatus>,
    pub(super) waiting: Vec<WaitingEntry>,
}

/// How an agent stands.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Status {
    pub(super) hub: Option<HubStatus>,
    /// What the branch sends and asks with its next request beside what changed.
    pub(super) pending: Vec<String>,
    /// Messages in the Maildir that were not taken yet.
    pub(super) incoming: u64,
    /// Messages in the quarantine.
    pub(super) quarantine: u64,
    /// Messages that wait to be sent.
    pub(super) queued: u64,
}

/// Looks how it stands.
pub(super) fn gather(config: &Config) -> Result<Status, ToolError> {
    let queued = Queue::at(&config.data).waiting()?;
    let mut by_branch: BTreeMap<String, u64> = BTreeMap::new();
    for queued in queued.iter().filter(|queued| queued.task == "ANSWER") {
        *by_branch.entry(queued.branch.to_uppercase()).or_default() += 1;
    }
    Ok(Status {
        hub: match &config.hub {
            Some(_) => Some(hub(config, &by_branch)?),
            None => None,
        },
        pending: match &config.branch {
            Some(_) => branch::pending(config)?,
            None => Vec::new(),
        },
        incoming: maildir::list(&config.mail.maildir)?.count(),
        quarantine: Quarantine(config.data.join("quarantine")).count(),
        queued: queued.len() as u64,
    })
}

fn hub(config: &Config, queued: &BTreeMap<String, u64>) -> Result<HubStatus, ToolError> {
    let hub = config.hub.as_ref().expect("who calls has looked");
    let mut status = HubStatus {
        address: hub.address.to_string(),
        table: table::shown(&hub.table),
        epoch: None,
        last: 0,
        branches: Vec::new(),
        waiting: Vec::new(),
    };
    let contacts = contacts(&config.data);
    let mut addresses: BTreeMap<String, Option<String>> = BTreeMap::new();
    for branch in &hub.branches {
        addresses.insert(branch.name.to_uppercase(), Some(branch.place.to_string()));
    }
    let blank = |branch: &String, address: &Option<String>| BranchStatus {
        branch: branch.clone(),
        address: address.clone(),
        last_contact: contacts.get(branch).copied(),
        taken: None,
        confirmed: 0,
        behind: 0,
        lacks: 0,
        entries: 0,
        queued: queued.get(branch).copied().unwrap_or(0),
    };
    if matches!(&hub.table, Table::File(path) if !path.exists()) {
        status.branches = addresses.iter().map(|(name, at)| blank(name, at)).collect();
        return Ok(status);
    }
    let mut opened = table::open(&hub.table, true)?;
    let mut change = opened.begin().map_err(wrong)?;
    let head = change.head().map_err(wrong)?;
    status.epoch = Some(head.epoch.to_string());
    status.last = head.last.0;
    for name in change.members().map_err(wrong)? {
        addresses.entry(name).or_insert(None);
    }
    for (name, address) in &addresses {
        let member = change.member(name).map_err(wrong)?;
        let mut branch = blank(name, address);
        branch.taken = member.taken.as_ref().map(|taken| taken.usn.0);
        branch.confirmed = member.confirmed.0;
        branch.behind = head.last.0.saturating_sub(member.confirmed.0);
        let mut lacks = 0;
        change
            .above(member.confirmed, name, &mut |row| {
                lacks += u64::from(row.shown.is_some() || member.confirmed > Usn::NONE);
            })
            .map_err(wrong)?;
        branch.lacks = lacks;
        branch.entries = change.keys_of(name).map_err(wrong)?.len() as u64;
        status.branches.push(branch);
    }
    for row in change.waiting().map_err(wrong)? {
        if let Some((card, note)) = row.waiting {
            status.waiting.push(WaitingEntry {
                entry: row.key.to_string(),
                dn: card.dn,
                reason: note.reason.to_string(),
                detail: note.detail,
            });
        }
    }
    Ok(status)
}

/// Shows how it stands.
pub(super) fn run(
    config: &Config,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let status = gather(config)?;
    let mut summary = json!(status);
    summary["program"] = "dxa".into();
    summary["exit"] = ExitCode::Done.number().into();
    report_alone(common.report.as_deref(), &summary, ExitCode::Done)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(ExitCode::Done);
    }
    if let Some(hub) = &status.hub {
        show_hub(hub, screen)?;
    }
    if let Some((branch, _)) = &config.branch {
        writeln!(screen, "Branch {} of {}", branch.name, branch.hub)?;
        for pending in &status.pending {
            writeln!(screen, "  pending: {pending}")?;
        }
    }
    let service = notice::read(&Home::at(&config.data));
    writeln!(
        screen,
        "Mail: {} to be taken, {} to be sent, {} in the quarantine",
        status.incoming, status.queued, status.quarantine
    )?;
    if let Some(service) = service {
        for (branch, next) in &service.next {
            writeln!(screen, "{branch}: next {next}")?;
        }
        writeln!(screen, "{service}")?;
    }
    Ok(ExitCode::Done)
}

fn show_hub(hub: &HubStatus, screen: &mut impl Write) -> std::io::Result<()> {
    match &hub.epoch {
        Some(epoch) => writeln!(
            screen,
            "Hub {}: {}, USN {}, epoch {epoch}",
            hub.address, hub.table, hub.last
        )?,
        None => writeln!(screen, "Hub {}: no request yet", hub.address)?,
    }
    for branch in &hub.branches {
        let BranchStatus {
            branch: name,
            confirmed,
            behind,
            lacks,
            entries,
            ..
        } = branch;
        let address = branch.address.as_deref();
        let address = address.unwrap_or("NOT REGISTERED, dxa leave removes it");
        match branch.last_contact {
            Some(at) => write!(screen, "{name}: {address}, last contact {at}, ")?,
            None if branch.taken.is_some() => write!(screen, "{name}: {address}, ")?,
            None => write!(screen, "{name}: {address}, never heard of, ")?,
        }
        writeln!(
            screen,
            "USN {confirmed}, behind by {behind} ({lacks} entries), {entries} entries of its own"
        )?;
        if branch.queued > 0 {
            let messages = if branch.queued == 1 {
                "message"
            } else {
                "messages"
            };
            writeln!(screen, "  {} {messages} to be sent", branch.queued)?;
        }
    }
    for waiting in &hub.waiting {
        let WaitingEntry {
            entry,
            dn,
            reason,
            detail,
        } = waiting;
        writeln!(screen, "waits: {entry} ({dn}): {reason}: {detail}")?;
    }
    Ok(())
}
