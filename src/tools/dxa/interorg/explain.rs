//! `dxa explain` between organizations: where one entry stands at the hub and at the branch of this agent, and what happens to
//! it next. Nothing is asked but the master table and the ledger.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use super::branch::{self, OfBranch};
use super::config::{Config, Hub, Table};
use super::table::{self, wrong};
use crate::directory::dn::Dn;
use crate::directory::interorg::{Card, Row, SourceKey, Usn};
use crate::tools::cli::CommonArgs;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// Who is asked about: a key, an address, a name at the source, an alias or a display name.
#[derive(Debug)]
pub(in crate::tools::dxa::interorg) struct Query {
    text: String,
    key: Option<SourceKey>,
    dn: Option<Dn>,
}

impl Query {
    /// Takes the text.
    pub(in crate::tools::dxa::interorg) fn new(text: &str) -> Self {
        let address = text.strip_prefix("SMTP:").or(text.strip_prefix("smtp:"));
        Self {
            text: address.unwrap_or(text).to_lowercase(),
            key: SourceKey::parse(text),
            dn: Dn::parse(text).ok().filter(|dn| !dn.is_root()),
        }
    }

    /// Tells whether an entry is meant, by its key and its name at the source.
    pub(in crate::tools::dxa::interorg) fn is_it(&self, key: &SourceKey, dn: &str) -> bool {
        let is_named = |wanted: &Dn| Dn::parse(dn).is_ok_and(|dn| dn.is_same(wanted));
        self.key.as_ref() == Some(key) || self.dn.as_ref().is_some_and(is_named)
    }

    /// Tells whether one of some texts, all in lower case, is meant.
    pub(in crate::tools::dxa::interorg) fn has(&self, text: &str) -> bool {
        text.to_lowercase() == self.text
    }

    fn is_card(&self, key: &SourceKey, card: &Card) -> bool {
        let mut names = ["uid", "cn", "displayname"].iter();
        self.is_it(key, &card.dn)
            || card.claims().any(|claim| claim == self.text)
            || names.any(|name| {
                let mut values = card.attributes.get(*name).into_iter().flatten();
                values.any(|value| self.has(value))
            })
    }

    /// Tells whether an entry of the master table is meant.
    pub(in crate::tools::dxa::interorg) fn is_row(&self, row: &Row) -> bool {
        let waiting = row.waiting.iter().map(|(card, _)| card);
        let mut cards = row.shown.iter().chain(waiting);
        self.key.as_ref() == Some(&row.key) || cards.any(|card| self.is_card(&row.key, card))
    }
}

/// An entry at the hub.
#[derive(Debug, Serialize)]
pub(super) struct AtHub {
    pub(super) entry: String,
    pub(super) dn: String,
    /// Number of the last change that the others see.
    pub(super) usn: u64,
    /// As the others see it.
    pub(super) shown: Option<String>,
    /// Why they do not see it as its branch has it.
    pub(super) waits: Option<String>,
    /// Branches that have not confirmed that change yet.
    pub(super) behind: Vec<String>,
    pub(super) next: String,
}

/// Explains one entry.
pub(super) fn run(
    config: &Config,
    text: &str,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let query = Query::new(text);
    let at_hub = match &config.hub {
        Some(hub) => at_hub(hub, &query)?,
        None => Vec::new(),
    };
    let of_branch = match &config.branch {
        Some(_) => branch::explain(config, &query)?,
        None => Vec::new(),
    };
    let exit = match at_hub.is_empty() && of_branch.is_empty() {
        true => ExitCode::NotFound,
        false => ExitCode::Done,
    };
    let summary = json!({
        "program": "dxa", "hub": at_hub, "branch": of_branch, "exit": exit.number(),
    });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for entry in &at_hub {
        show_at_hub(entry, screen)?;
    }
    for OfBranch { entry, dn, lines } in &of_branch {
        writeln!(screen, "{entry} at the branch: {dn}")?;
        for line in lines {
            writeln!(screen, "  {line}")?;
        }
    }
    if exit == ExitCode::NotFound {
        writeln!(screen, "Nothing is known of {text}.")?;
    }
    Ok(exit)
}

fn at_hub(hub: &Hub, query: &Query) -> Result<Vec<AtHub>, ToolError> {
    if matches!(&hub.table, Table::File(path) if !path.exists()) {
        return Ok(Vec::new());
    }
    let mut opened = table::open(&hub.table, true)?;
    let mut change = opened.begin().map_err(wrong)?;
    let mut rows = Vec::new();
    change
        .above(Usn::NONE, "", &mut |row| {
            if query.is_row(&row) {
                rows.push(row);
            }
        })
        .map_err(wrong)?;
    // Who was never seen has no number.
    let waiting = change.waiting().map_err(wrong)?.into_iter();
    rows.extend(waiting.filter(|row| row.usn == Usn::NONE && query.is_row(row)));
    let mut confirmed = Vec::new();
    for registered in &hub.branches {
        let member = change.member(&registered.name).map_err(wrong)?;
        confirmed.push((member.name, member.confirmed));
    }
    Ok(rows
        .into_iter()
        .map(|row| explained(row, &confirmed))
        .collect())
}

fn explained(row: Row, confirmed: &[(String, Usn)]) -> AtHub {
    let lacks =
        |(name, confirmed): &&(String, Usn)| *confirmed < row.usn && *name != row.key.branch();
    let behind = confirmed.iter().filter(lacks).map(|(name, _)| name.clone());
    let behind: Vec<_> = behind.collect();
    let card = row
        .shown
        .as_ref()
        .or(row.waiting.as_ref().map(|(card, _)| card));
    let next = match (&row.waiting, &row.shown, behind.is_empty()) {
        (Some((_, note)), _, _) => format!("nothing, until {} is settled at a source", note.reason),
        (None, Some(_), true) => "nothing: every branch has confirmed it".to_owned(),
        (None, None, true) => "forgotten: every branch has confirmed that it is gone".to_owned(),
        (None, _, false) => format!("goes with the next answer to {}", behind.join(", ")),
    };
    AtHub {
        entry: row.key.to_string(),
        dn: card.map(|card| card.dn.clone()).unwrap_or_default(),
        usn: row.usn.0,
        shown: row.shown.as_ref().map(shown),
        waits: row.waiting.as_ref().map(|(_, note)| note.to_string()),
        behind,
        next,
    }
}

/// Returns what people know an entry by.
fn shown(card: &Card) -> String {
    let name = card
        .attributes
        .get("displayname")
        .and_then(|values| values.first());
    let name = name.map_or("", String::as_str);
    match &card.mail {
        Some(mail) => format!("{name} <{mail}>"),
        None => name.to_owned(),
    }
}

fn show_at_hub(entry: &AtHub, screen: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        screen,
        "{} at the hub: {}, USN {}",
        entry.entry, entry.dn, entry.usn
    )?;
    match &entry.shown {
        Some(shown) => writeln!(screen, "  the others see: {shown}")?,
        None if entry.usn == 0 => writeln!(screen, "  the others have not seen it yet")?,
        None => writeln!(screen, "  the others are told that it is gone")?,
    }
    if let Some(waits) = &entry.waits {
        writeln!(screen, "  waits: {waits}")?;
    }
    if !entry.behind.is_empty() {
        writeln!(
            screen,
            "  not confirmed yet by: {}",
            entry.behind.join(", ")
        )?;
    }
    writeln!(screen, "  next: {}", entry.next)
}
