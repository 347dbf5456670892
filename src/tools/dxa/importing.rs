//! Brings a list or updates into an import container, and says what became of each entry.

use crate::directory::address_map::AddressMap;
use crate::directory::dn::Dn;
use crate::directory::holders::Holders;
use crate::directory::import::{
    Ask, Change, Decision, Extent, Fate, Filling, Needs, Sender, Snapshot, Write, decide, managed,
};
use crate::directory::key::SyncKey;
use crate::directory::proxy::{ProxyRule, ProxyRules, WhenTaken};
use crate::directory::remote::ImportRules;
use crate::directory::template_map::TemplateMap;
use crate::plan::guard;
use crate::plan::outcome::{Counts, Reason};
use crate::tools::exit::{ExitCode, ToolError};

use super::agent::{Agent, templates};
use super::config::{Connection, Direction};
use super::container::{self, Contents, Place, Refused};
use super::event::{Event, Severity};
use super::held::HeldAddresses;
use super::refused::{merge, place};

/// How often a run looks again where somebody else wrote at the same time.
const ROUNDS: usize = 3;

/// Transactions that are named in the log one by one; the report has all of them.
const NAMED: usize = 100;

/// What became of a list or of updates.
#[derive(Debug, Default)]
pub(super) struct Imported {
    /// What became of each entry.
    pub(super) fates: Vec<Fate>,
    /// How many ended in which way.
    pub(super) counts: Counts,
    /// Entries of the container that are not of this connection.
    pub(super) foreign: u64,
    /// It was not read whole: nothing was removed by absence, and the numbers stay.
    pub(super) is_damaged: bool,
}

/// How a connection reads what it gets.
pub(super) struct Incoming {
    templates: Option<TemplateMap>,
    proxies: ProxyRules,
}

impl Incoming {
    /// Reads what the configuration says.
    pub(super) fn new(connection: &Connection) -> Result<Self, ToolError> {
        let import = &connection.import;
        let map = match &import.address_map {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| super::home::unusable(path, error))?;
                AddressMap::parse(&text)
                    .map_err(|error| ToolError::usage(format!("{}: {error}", path.display())))?
            }
            None => AddressMap::default(),
        };
        let makes_smtp = import.address_map.is_some() || import.smtp_domain.is_some();
        let rule = makes_smtp.then(|| ProxyRule {
            kind: "SMTP".to_owned(),
            pattern: "{alias}{n}@{domain}".to_owned(),
        });
        Ok(Self {
            templates: templates(connection, Direction::receives)?,
            proxies: ProxyRules {
                rules: rule.into_iter().collect(),
                map: map.with_default(import.smtp_domain.as_deref()),
                when_taken: match import.keep_original {
                    true => WhenTaken::LeaveOut,
                    false => WhenTaken::Number,
                },
            },
        })
    }

    /// Returns the incoming table, where templates are received.
    pub(super) fn templates(&self) -> Option<&TemplateMap> {
        self.templates.as_ref()
    }

    /// Returns the rules by which a transaction becomes an entry.
    pub(super) fn rules<'a>(&'a self, connection: &'a Connection) -> ImportRules<'a> {
        ImportRules {
            owner: &connection.import.owner,
            trust: None,
            page: connection.code_page,
            templates: self.templates.as_ref(),
        }
    }
}

impl Agent<'_> {
    /// Says which transactions were refused because nobody can read them, or their address (DX247, Q193842).
    pub(super) fn name_unreadable<'f>(
        &mut self,
        connection: &Connection,
        fates: impl Iterator<Item = &'f Fate>,
    ) {
        let unreadable = fates.filter_map(|fate| {
            let note = fate.reason.as_ref()?;
            let what = match note.reason {
                Reason::AddressSyntax => "the address of a transaction is invalid",
                Reason::ListDamaged => "a transaction cannot be read",
                _ => return None,
            };
            Some((what, fate.number, &note.detail))
        });
        let of = |what: &str| {
            Event::new(Severity::Error, what)
                .id("DX247")
                .with("connection", &connection.name)
        };
        let mut count = 0_usize;
        for (what, number, detail) in unreadable {
            count += 1;
            if count > NAMED {
                continue;
            }
            let event = of(what);
            let event = match number {
                Some(number) => event.with("number", number),
                None => event,
            };
            self.say(event.with("because", detail));
        }
        if let Some(further @ 1..) = count.checked_sub(NAMED) {
            self.say(of("further transactions cannot be read").with("count", further));
        }
    }

    /// Makes a container what the asks want it to be. `allowed` is the number of `--allow-deletes`; `held` is what was said of
    /// addresses that others have.
    pub(super) fn import(
        &mut self,
        connection: &Connection,
        incoming: &Incoming,
        asks: &[Ask],
        extent: Extent,
        allowed: Option<u64>,
        held: &mut HeldAddresses,
    ) -> Result<Imported, ToolError> {
        let container = container_of(connection)?;
        let mut imported: Option<Imported> = None;
        let mut open = Vec::new();
        for round in 1..=ROUNDS {
            let (snapshot, decision) =
                self.decide(connection, incoming, container, asks, extent)?;
            if imported.is_none() {
                check(connection, &decision, allowed)?;
                for owner in &decision.stand_ins {
                    let pair = (connection.name.clone(), owner.to_lowercase());
                    if !self.stood_in.insert(pair) {
                        continue;
                    }
                    let event = Event::new(Severity::Info, "owner not matched, trying").id("DX282");
                    self.say(
                        event
                            .with("connection", &connection.name)
                            .with("owner", owner),
                    );
                }
            }
            let Decision {
                mut fates,
                writes,
                foreign,
                is_damaged,
                ..
            } = decision;
            let mut refused = Vec::new();
            if !self.dry_run {
                self.keep_removed(connection, &snapshot, &fates, &writes)?;
                // What is written here may lie in an export container.
                self.fresh.clear();
                self.make_places(connection, container, &writes)?;
                let interrupt = self.interrupt.clone();
                refused = container::write(&mut self.directory, writes, &mut || interrupt.check())?;
                refused = self.mend(refused, incoming, &snapshot, &mut fates)?;
            }
            let is_last = round == ROUNDS || !refused.iter().any(Refused::has_moved);
            let (moved, refused): (Vec<_>, Vec<_>) = refused
                .into_iter()
                .partition(|refused| !is_last && refused.has_moved());
            self.say_refused(connection, &refused, &mut fates);
            match &mut imported {
                Some(known) => {
                    merge(&mut known.fates, &fates, asks.len(), &open);
                    let places = moved.iter();
                    let places =
                        places.filter_map(|r| place(&known.fates, asks.len(), &fates, r.fate));
                    open = places.collect();
                }
                None => {
                    open = moved.iter().map(|refused| refused.fate).collect();
                    imported = Some(Imported {
                        fates,
                        foreign,
                        is_damaged,
                        ..Imported::default()
                    });
                }
            }
            if is_last {
                break;
            }
        }
        let mut imported = imported.unwrap_or_default();
        for fate in &imported.fates {
            let reason = fate.reason.as_ref().map(|note| note.reason);
            imported.counts.read += u64::from(fate.outcome.is_of_read_entry());
            imported.counts.count(fate.outcome, reason);
        }
        let is_list = matches!(extent, Extent::List { .. });
        for news in held.heed(&imported.fates, is_list) {
            self.say(news.event(&connection.name));
        }
        Ok(imported)
    }

    /// Makes the units of postoffices that new entries lie in (DX-36), the upper ones first.
    fn make_places(
        &mut self,
        connection: &Connection,
        container: &Dn,
        writes: &[Write],
    ) -> Result<(), ToolError> {
        let layout = connection.import.layout;
        let mut made = std::collections::HashSet::new();
        for write in writes
            .iter()
            .filter(|write| matches!(write.change, Change::Add(_) | Change::Rename { .. }))
        {
            let Some(unit) = write.key.parent(container, layout) else {
                continue;
            };
            if !made.insert(unit.key()) {
                continue;
            }
            if let Some(above) = unit.parent() {
                container::make_unit(&mut self.directory, &above)?;
            }
            container::make_unit(&mut self.directory, &unit)?;
        }
        Ok(())
    }

    /// Reads what there is and decides what the asks make of it.
    fn decide(
        &mut self,
        connection: &Connection,
        incoming: &Incoming,
        container: &Dn,
        asks: &[Ask],
        extent: Extent,
    ) -> Result<(Snapshot, Decision), ToolError> {
        self.sees_import(container)?;
        let behind = self.remembered(&connection.name)?.map(|place| place.behind);
        let import = &connection.import;
        let authorities = self.authorities();
        let sender = Sender {
            owner: &import.owner,
            also_accept: &import.also_accept,
            authorities: &authorities,
            trust: import.trust,
            force_trust: import.force_trust,
        };
        let dn = |key: &SyncKey| key.dn(container, import.layout);
        let mut filling = Filling {
            rules: incoming.rules(connection),
            proxies: &incoming.proxies,
            holders: Holders::default(),
            gone: Vec::new(),
            dn: &dn,
        };
        let managed = managed(incoming.templates.as_ref());
        let needs = Needs::of(asks, &sender, &managed, &filling);
        let place = Place {
            container,
            suffix: &self.suffix,
            owner: &import.owner,
            made: &incoming.proxies.kinds(),
            page: self.config.directory.page_size,
        };
        let behind = behind.unwrap_or_default();
        let contents = Contents::read(&mut self.directory, place, &behind, &needs)?;
        let Contents {
            snapshot, holders, ..
        } = contents;
        filling.holders = holders;
        let decision = decide(&snapshot, &sender, asks, extent, &managed, dn, &mut filling);
        Ok((snapshot, decision))
    }
}

/// Returns the import container of a connection that receives.
pub(super) fn container_of(connection: &Connection) -> Result<&Dn, ToolError> {
    connection.import.container.as_ref().ok_or_else(|| {
        let text = format!(
            "connection {} receives nothing (exchange-options)",
            connection.name
        );
        ToolError::new(ExitCode::NotHere, text)
    })
}

/// Stops what looks like a mass deletion by accident (design, section 5).
fn check(
    connection: &Connection,
    decision: &Decision,
    allowed: Option<u64>,
) -> Result<(), ToolError> {
    let (swept, deleted) = (decision.counts.swept, decision.counts.deleted);
    if allowed.is_some_and(|allowed| swept + deleted <= allowed) {
        return Ok(());
    }
    for (removed, by_absence) in [(swept, true), (deleted, false)] {
        if let Some(limit) = guard::limit(decision.owned, removed, by_absence) {
            let how = if by_absence {
                "since the list lacks them"
            } else {
                "since they were named"
            };
            let text = format!(
                "connection {}: {removed} of {} entries would go {how}, at most {limit} may: --allow-deletes {}",
                connection.name,
                decision.owned,
                swept + deleted
            );
            return Err(ToolError::new(ExitCode::Guard, text));
        }
    }
    Ok(())
}
