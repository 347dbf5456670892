//! Does what a pass has decided: everything in one batch.

use std::collections::HashMap;

use super::decide::route_for_new;
use super::{Decided, State};
use crate::address::{Address, AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::reqconf::ReqConf;
use crate::codec::timestamp::Timestamp;
use crate::codec::{FixedText, HexId, Record};
use crate::importfile::Writer;
use crate::list::{ListEntry, ListId};
use crate::messages::Message;
use crate::plan::info::Template;
use crate::plan::pol::PolChange;
use crate::plan::{ListPlan, NewPlace, Removal, Row};
use crate::postoffice::define::Definitions;
use crate::postoffice::ids::{MailbagSource, TidSource};
use crate::postoffice::leftovers;
use crate::postoffice::local::LocalUpdate;
use crate::postoffice::log::LogLine;
use crate::postoffice::places::{Places, network_kind};
use crate::postoffice::pol::{Change, External, Pol};
use crate::postoffice::{Batch, Dir, File, Postoffice, PostofficeError, layout};
use crate::tools::session::Session;
use crate::transaction::{Entry, InfoLine, Transaction};

/// What a pass changes beside the lists.
#[derive(Debug, Default)]
pub struct Effects {
    /// Files that go.
    pub remove: Vec<File>,
    /// Files with their new content.
    pub replace: Vec<(File, Vec<u8>)>,
    /// Template information of local users is taken (`-t`).
    pub templates: bool,
    /// The configuration of the requestor as it will stand; its marks and counters are set by the commit.
    pub config: Option<ReqConf>,
}

impl Effects {
    /// Tells whether nothing beside the lists changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.replace.is_empty() && self.config.is_none()
    }
}

/// Carries out a pass in one batch, with the lines of the log, and returns the warnings of the batch.
///
/// # Errors
/// Nothing was changed, but for [`PostofficeError::Incomplete`]: then the next run completes it.
pub fn commit(
    session: &mut Session,
    state: &mut State,
    decided: Decided,
    effects: Effects,
) -> Result<Vec<String>, PostofficeError> {
    let Session {
        po,
        log,
        clock,
        program,
        ..
    } = session;
    let po = &*po;
    let changes_lists = !decided.is_empty() || !effects.is_empty();
    let mut config = effects.config.unwrap_or_else(|| state.config.clone());
    let batch = po.batch()?;
    log.add_warnings(clock.now(), &batch);
    let mut tids = None;
    if !decided.plan.places.is_empty() {
        let definitions = define_places(po, state, &decided.plan.places, &mut config, &batch)?;
        definitions.stage(&batch)?;
    }
    stage_removed(
        po,
        &batch,
        &state.places,
        &decided.plan.lists,
        &clock.local(),
    )?;
    let mut links = Links::new(&decided.pol, po.code_page());
    for list in decided.plan.lists {
        if let Some(marks) = &list.marks {
            state.ownership.set(&list.id, marks.clone());
        }
        if list.rows.is_empty() && list.template.is_none() {
            continue;
        }
        let id = list.id.clone();
        let source = opened(&mut tids, po, &state.places, &config)?;
        let entries = po.stage_list(&batch, &state.places, list, source)?;
        links.take(&id, &entries);
    }
    let mut pol = Pol::load(po)?;
    if !decided.local.changes.is_empty() {
        let source = opened(&mut tids, po, &state.places, &config)?;
        let stamp = Timestamp::from_jiff(clock.now()).unwrap_or_default();
        let mut update = LocalUpdate::load(po, &state.places, &config, stamp, effects.templates)?;
        for (change, transaction) in decided.local.changes {
            update.apply(change, &transaction, &mut pol, source)?;
        }
        update.stage(&batch, &mut config)?;
    }
    follow_in_pol(po, state, &mut pol, decided.pol, links)?;
    pol.stage(&batch)?;
    state.ownership.stage(&batch, &mut config)?;
    if let Some(tids) = &tids {
        tids.stage(&batch, &mut config)?;
    }
    for file in &effects.remove {
        batch.remove(file)?;
    }
    for (file, bytes) in &effects.replace {
        batch.replace_bytes(file, bytes)?;
    }
    if config != state.config {
        let mut bytes = [0; ReqConf::LEN];
        config.encode(&mut bytes);
        batch.replace_bytes(&layout::REQCONF, &bytes)?;
        state.config = config;
    }
    for file in leftovers::find(po.layout())? {
        batch.remove(&file)?;
        let text = format!("{file} was left by a failed run, and is removed");
        log.add(clock.now(), &LogLine::status(text));
    }
    if let Some(farewell) = program.farewell {
        log.add(clock.now(), &LogLine::status(farewell));
    }
    log.stage(&batch)?;
    if changes_lists {
        batch.bump_flag();
    }
    let committed = batch.commit()?;
    Ok(committed.warnings.iter().map(ToString::to_string).collect())
}

fn opened<'t>(
    tids: &'t mut Option<TidSource>,
    po: &Postoffice,
    places: &Places,
    config: &ReqConf,
) -> Result<&'t mut TidSource, PostofficeError> {
    if tids.is_none() {
        *tids = Some(TidSource::open(po, places, config)?);
    }
    Ok(tids.as_mut().expect("opened above"))
}

/// Defines what autocreate has decided, and puts it among the known places, so that its lists are found.
fn define_places(
    po: &Postoffice,
    state: &mut State,
    new: &[NewPlace],
    config: &mut ReqConf,
    batch: &Batch<'_>,
) -> Result<Definitions, PostofficeError> {
    let mut mailbags = MailbagSource::open(po, &state.places, config)?;
    let mut definitions = Definitions::load(po)?;
    for place in new {
        let route = route_for_new(po, state, place.kind)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        if place.with_network {
            let (kind, name) = (network_kind(place.kind), place.name.network());
            definitions.add_network(&mut state.places, kind, name, &mut mailbags)?;
        }
        definitions.add_postoffice(po, &mut state.places, &place.name, &route, &mut mailbags)?;
    }
    mailbags.stage(batch, config)?;
    Ok(definitions)
}

/// Keeps what is removed by absence as import text, so that `import -a` can bring it back (design, section 3).
fn stage_removed(
    po: &Postoffice,
    batch: &Batch<'_>,
    places: &Places,
    lists: &[ListPlan],
    now: &jiff::Zoned,
) -> Result<(), PostofficeError> {
    let mut text = Writer::new(Vec::new());
    let mut count = 0;
    for list in lists {
        let (kind, place) = kind_and_place(places, &list.id);
        let template = match places.place_of(&list.id).and_then(|place| place.stem()) {
            Some(stem) => po.load_template(stem)?,
            None => None,
        };
        for row in &list.rows {
            let Row::Remove {
                entry,
                why: Removal::Absence,
            } = row
            else {
                continue;
            };
            let code_page = po.code_page();
            let address = entry.address(kind, place.as_ref(), code_page);
            let line = address.and_then(|a| Entry::new(entry.name.as_bytes(), a, code_page));
            // What no import line can hold could not be brought back by one either; the report names it.
            if let Ok(line) = line {
                let add = Transaction::Add {
                    entry: line,
                    info: info_of(entry, template.as_ref()),
                    tokens: Vec::new(),
                };
                text.write(&add).expect("a vector takes it");
                count += 1;
            }
        }
    }
    if count == 0 {
        return Ok(());
    }
    let text = text.finish().expect("a vector takes it");
    let name = format!("REMOVED-{}.TXT", now.strftime("%Y%m%dT%H%M%S"));
    batch.create_dir(Dir::Log);
    // Two runs within one second share the file: nothing of the first is lost.
    batch.append(&File::named(Dir::Log, &name)?, &text)
}

/// Returns the information lines of an entry; a value that no line can hold is left out.
fn info_of(entry: &ListEntry, template: Option<&Template>) -> Vec<InfoLine> {
    let Some((template, record)) = template.zip(entry.info()) else {
        return Vec::new();
    };
    let values = template.values(record);
    values
        .filter_map(|(prompt, value)| InfoLine::new(prompt, value).ok())
        .collect()
}

fn kind_and_place(places: &Places, id: &ListId) -> (AddressType, Option<PostofficeName>) {
    match id {
        ListId::Postoffice {
            family,
            network,
            postoffice,
        } => {
            let known = places.place_of(id).map(|place| place.name());
            let folded = || PostofficeName::from_checked(network, postoffice);
            (*family, Some(known.unwrap_or_else(folded)))
        }
        ListId::Gateway(kind) => (*kind, None),
        ListId::Local | ListId::Pol => (AddressType::Pcm, None),
    }
}

/// The TIDs that entries of the postoffice list take over from their own lists.
struct Links {
    wanted: HashMap<ListId, HashMap<Vec<u8>, u32>>,
    code_page: CodePage,
}

impl Links {
    fn new(changes: &[PolChange], code_page: CodePage) -> Self {
        let mut wanted: HashMap<ListId, HashMap<Vec<u8>, u32>> = HashMap::new();
        for change in changes {
            if let PolChange::Insert { name, list, .. } | PolChange::Change { name, list, .. } =
                change
            {
                let key = code_page.fold(name.as_bytes());
                wanted.entry(list.clone()).or_default().insert(key, 0);
            }
        }
        Self { wanted, code_page }
    }

    fn take(&mut self, id: &ListId, entries: &[ListEntry]) {
        let Some(wanted) = self.wanted.get_mut(id) else {
            return;
        };
        for entry in entries {
            if let Some(tid) = wanted.get_mut(&self.code_page.fold(entry.name.as_bytes())) {
                *tid = entry.tid;
            }
        }
    }

    /// Looks up what lists that do not change hold.
    fn complete(&mut self, po: &Postoffice, places: &Places) -> Result<(), PostofficeError> {
        let unseen = |names: &HashMap<Vec<u8>, u32>| names.values().any(|&tid| tid == 0);
        let lists: Vec<_> = self
            .wanted
            .iter()
            .filter(|(_, n)| unseen(n))
            .map(|(id, _)| id.clone())
            .collect();
        for id in lists {
            let entries = po.load_list(places, &id)?.entries;
            let wanted = self.wanted.get_mut(&id).expect("taken from its keys");
            for entry in &entries {
                let key = self.code_page.fold(entry.name.as_bytes());
                if let Some(tid) = wanted.get_mut(&key).filter(|tid| **tid == 0) {
                    *tid = entry.tid;
                }
            }
        }
        Ok(())
    }

    fn tid(&self, id: &ListId, name: &[u8]) -> u32 {
        let found = self
            .wanted
            .get(id)
            .and_then(|names| names.get(&self.code_page.fold(name)));
        found.copied().unwrap_or(0)
    }
}

fn follow_in_pol(
    po: &Postoffice,
    state: &State,
    pol: &mut Pol,
    changes: Vec<PolChange>,
    mut links: Links,
) -> Result<(), PostofficeError> {
    if !changes.is_empty() {
        links.complete(po, &state.places)?;
    }
    let external = |name: FixedText<31>, list: &ListId, address: Address| External {
        name,
        tid: links.tid(list, name.as_bytes()),
        mailbag: mailbag_of(state, list, &address),
        address,
    };
    pol.change(changes.into_iter().map(|change| match change {
        PolChange::Insert {
            name,
            list,
            address,
        } => Change {
            remove: None,
            insert: Some(external(name, &list, address)),
        },
        PolChange::Remove { name } => Change {
            remove: Some(name),
            insert: None,
        },
        PolChange::Change {
            old,
            name,
            list,
            address,
        } => Change {
            remove: Some(old),
            insert: Some(external(name, &list, address)),
        },
    }))
}

/// Returns the mailbag that mail to an address goes to (Q103421: for SNADS, PROFS and OV the gateway's).
fn mailbag_of(state: &State, list: &ListId, address: &Address) -> HexId {
    let found = match list {
        ListId::Gateway(kind) => state
            .places
            .gateway(*kind)
            .and_then(|gateway| gateway.record.mailbag.id()),
        _ => address
            .place()
            .and_then(|name| state.places.find(&name)?.mailbag()),
    };
    found.unwrap_or_default()
}

/// Returns the message for an error of a commit, and how many of message 90 follow it (Q134228, Q148811).
#[must_use]
pub fn failure_messages(error: &PostofficeError, drive: char, skipped: u64) -> Vec<Message> {
    let Some(message) = error.message(drive) else {
        return Vec::new();
    };
    let repeats = if message.number == 7 { skipped } else { 0 };
    let not_processed = (0..repeats).map(|_| Message::new(90, ""));
    std::iter::once(message.clone())
        .chain(not_processed)
        .collect()
}
