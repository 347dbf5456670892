//! Works transactions in: what the lists hold in the end (`spec/import.md` 3.2, 6.1).
//!
//! Inside a list the name is the key, so that the transactions are sorted by list and name and each name is settled for
//! itself. R and T are about whole lists; there are few of them, and they are kept.

use std::collections::HashMap;

use super::exact;
use super::finding::{Finding, Outcome};
use super::intake::unsorted;
use super::item::{Item, State};
use super::sorted::Sorter;
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;
use crate::tools::side::Place;
use crate::transaction::{Entry, InfoLine, ListName, TemplateField, Transaction};

/// Entries of one name that are held at a time.
const MAX_SAME_NAME: usize = 1000;

/// What a transaction does to a name.
const ADD: u8 = 0;
const REMOVE: u8 = 1;
const CHANGE: u8 = 2;
/// The other half of a rename: the name it comes to.
const COME: u8 = 3;

/// Takes transactions.
pub(super) struct Replay {
    page: CodePage,
    /// Every entry is named once: an A for a name that is there is one too many.
    is_list: bool,
    names: Sorter,
    number: u64,
    begun: Begun,
    templates: HashMap<String, Vec<(u64, Vec<Field>)>>,
}

/// Lists that R transactions have emptied, and when.
#[derive(Debug, Default)]
pub(super) struct Begun {
    lists: HashMap<String, Vec<u64>>,
}

/// A field of a template: its prompt and its default.
type Field = (String, String);

/// What one step of the work comes to.
#[derive(Default)]
pub(super) struct Worked {
    /// A name that stands twice.
    pub(super) finding: Option<Finding>,
    /// An entry that is there in the end, or is not any more.
    pub(super) item: Option<Item>,
}

/// What is left when all is worked in.
pub(super) struct Finished {
    /// Lists that were begun anew.
    pub(super) begun: Begun,
    /// Bytes that went through temporary files.
    pub(super) spilled: u64,
}

type Emit<'e> = dyn FnMut(Worked) -> Result<(), ToolError> + 'e;

impl Begun {
    fn add(&mut self, list: &ListName, page: CodePage, number: u64) {
        let name = exact::decode(page, &list.encode());
        let name = match name.split_once(':') {
            Some((kind, place)) => list_of(kind, place),
            None => name,
        };
        self.lists.entry(name).or_default().push(number);
    }

    /// Returns the last time that a list was emptied; a gateway is emptied with all its lists.
    fn last(&self, list: &str) -> Option<u64> {
        let of_type = list.split_once(':').map(|(kind, _)| format!("{kind}:"));
        let last = |name: &str| self.lists.get(name).and_then(|n| n.last().copied());
        last(list).max(of_type.and_then(|name| last(&name)))
    }

    /// Tells whether a list was emptied between two transactions.
    fn is_between(&self, list: &str, after: u64, before: u64) -> bool {
        let of_type = list.split_once(':').map(|(kind, _)| format!("{kind}:"));
        let lists = [
            self.lists.get(list),
            of_type.and_then(|name| self.lists.get(&name)),
        ];
        let mut numbers = lists.into_iter().flatten().flatten();
        numbers.any(|&number| after < number && number < before)
    }

    /// Tells whether what the records do not name is not in this list.
    pub(super) fn has(&self, list: &str) -> bool {
        self.last(list).is_some()
    }
}

/// Returns the name of a list as [`TargetAddress::list`] has it.
fn list_of(kind: &str, place: &str) -> String {
    let address = TargetAddress::new(kind, &format!("{place}/x"));
    match place {
        "" => format!("{}:", address.kind()),
        _ => address.list(),
    }
}

impl Replay {
    pub(super) fn new(memory: usize, page: CodePage, is_list: bool) -> Self {
        Self {
            page,
            is_list,
            names: Sorter::new(memory, None),
            number: 0,
            begun: Begun::default(),
            templates: HashMap::new(),
        }
    }

    pub(super) fn page(&self) -> CodePage {
        self.page
    }

    /// Takes the next transaction.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(super) fn take(
        &mut self,
        transaction: Transaction,
        place: Place,
        sync: Option<u32>,
        stamp: Option<u32>,
    ) -> Result<(), ToolError> {
        self.number += 1;
        let page = self.page;
        let item = |entry: &Entry, info: &[InfoLine]| {
            let mut item = Item::of_entry(entry, info, place.clone(), page);
            (item.sync, item.stamp) = (sync, stamp);
            // An A may leave what an entry has; whether it had something is not known before all is worked in.
            item.is_partial = info.is_empty();
            item
        };
        match &transaction {
            Transaction::Add { entry, info, .. } => self.push(ADD, entry, None, &item(entry, info)),
            Transaction::Delete { entry } => self.push(REMOVE, entry, None, &item(entry, &[])),
            Transaction::Modify {
                entry, new, info, ..
            } => {
                let new = new.as_ref().unwrap_or(entry);
                let (old_item, new_item) = (item(entry, &[]), item(new, info));
                let is_same_name = page.eq_ignore_case(entry.name(), new.name())
                    && old_item.address.list() == new_item.address.list();
                if is_same_name {
                    return self.push(CHANGE, entry, Some(&old_item), &new_item);
                }
                self.push(REMOVE, entry, None, &old_item)?;
                self.push(COME, new, None, &new_item)
            }
            Transaction::Replace { list } => {
                self.begun.add(list, page, self.number);
                Ok(())
            }
            Transaction::Template { list, fields } => {
                self.template(list, fields);
                Ok(())
            }
        }
    }

    fn template(&mut self, list: &ListName, fields: &[TemplateField]) {
        let text = |bytes: &[u8]| exact::decode(self.page, bytes);
        let name = text(&list.encode());
        let (kind, place) = name.split_once(':').unwrap_or((&name, ""));
        let fields = fields
            .iter()
            .map(|field| (text(field.prompt()), text(field.default_value())));
        self.templates
            .entry(list_of(kind, place))
            .or_default()
            .push((self.number, fields.collect()));
    }

    /// Puts a transaction under its list and name; `old` is the address that a change must find.
    fn push(
        &mut self,
        what: u8,
        entry: &Entry,
        old: Option<&Item>,
        item: &Item,
    ) -> Result<(), ToolError> {
        let list = old.unwrap_or(item).address.list();
        let mut key = list.into_bytes();
        key.push(0);
        self.page.fold_into(entry.name(), &mut key);
        let old = old.map_or_else(String::new, |old| old.key().folded().to_owned());
        let mut value = vec![what];
        value.extend(self.number.to_be_bytes());
        let old_len = u32::try_from(old.len()).unwrap_or(u32::MAX);
        value.extend(old_len.to_be_bytes());
        value.extend(old.bytes());
        value.extend(item.encode());
        self.names.push(&key, &value).map_err(unsorted)
    }

    /// Works everything in, name by name.
    ///
    /// # Errors
    /// A temporary file cannot be read; `emit` failed.
    pub(super) fn finish(self, emit: &mut Emit<'_>) -> Result<Finished, ToolError> {
        let Self {
            names,
            begun,
            templates,
            is_list,
            ..
        } = self;
        let mut sorted = names.finish().map_err(unsorted)?;
        let spilled = sorted.spilled;
        let mut name = Name::new(is_list, &begun, &templates);
        while let Some((key, value)) = sorted.next().map_err(unsorted)? {
            if key != name.key {
                name.settle(emit)?;
                name.begin(key);
            }
            name.take(value, emit)?;
        }
        name.settle(emit)?;
        Ok(Finished { begun, spilled })
    }
}

/// One name of one list.
struct Name<'n> {
    is_list: bool,
    begun: &'n Begun,
    templates: &'n HashMap<String, Vec<(u64, Vec<Field>)>>,
    key: Vec<u8>,
    list: String,
    /// Who has it: more than one where something is wrong.
    there: Vec<(u64, Item)>,
    /// Who had it.
    gone: Vec<Item>,
    /// The last transaction.
    last: u64,
}

impl<'n> Name<'n> {
    fn new(
        is_list: bool,
        begun: &'n Begun,
        templates: &'n HashMap<String, Vec<(u64, Vec<Field>)>>,
    ) -> Self {
        Self {
            is_list,
            begun,
            templates,
            key: Vec::new(),
            list: String::new(),
            there: Vec::new(),
            gone: Vec::new(),
            last: 0,
        }
    }

    fn begin(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        let list = key.split(|&b| b == 0).next().unwrap_or_default();
        self.list = String::from_utf8_lossy(list).into_owned();
        self.last = 0;
    }

    fn take(&mut self, value: &[u8], emit: &mut Emit<'_>) -> Result<(), ToolError> {
        let (what, number, old, item) = parts(value).map_err(unsorted)?;
        if self.begun.is_between(&self.list, self.last, number) {
            self.there.clear();
        }
        self.last = number;
        let key = item.key();
        match what {
            REMOVE => {
                if let Some(at) = self.there.iter().position(|(_, i)| i.key() == key) {
                    self.there.remove(at);
                }
                self.remember(item);
                Ok(())
            }
            CHANGE => {
                let found = |(_, i): &(u64, Item)| i.key().folded() == old;
                match self.there.iter().position(found) {
                    Some(at) => {
                        let was = self.there.remove(at).1;
                        let now = over(&was, item);
                        if was.key() != now.key() {
                            self.remember(was);
                        }
                        self.there.insert(at, (number, now));
                        Ok(())
                    }
                    // What is changed was there before these records.
                    None => self.add(number, item, emit),
                }
            }
            _ => {
                let is_same = |(_, i): &(u64, Item)| i.key() == key;
                let at = self.there.iter().position(is_same);
                match at.filter(|_| !self.is_list || what == COME) {
                    Some(at) => {
                        let was = self.there.remove(at).1;
                        self.there.insert(at, (number, over(&was, item)));
                        Ok(())
                    }
                    None => {
                        let mut item = item;
                        // An A says all of a new entry, also by saying nothing.
                        item.is_partial &= what == COME;
                        self.add(number, item, emit)
                    }
                }
            }
        }
    }

    fn add(&mut self, number: u64, mut item: Item, emit: &mut Emit<'_>) -> Result<(), ToolError> {
        let Some((_, first)) = self.there.first_mut() else {
            self.there.push((number, item));
            return Ok(());
        };
        first.is_twin = true;
        item.is_twin = true;
        let mut finding = Finding::about(Outcome::Duplicated, Some(&item), None);
        finding.a = None;
        finding.places = vec![first.place.clone(), item.place.clone()];
        finding = finding.because(Reason::AmbiguousName).detail(format!(
            "the name stands twice in {}, the other is {}",
            exact::shown(&self.list),
            exact::shown(first.key().as_str())
        ));
        emit(Worked {
            finding: Some(finding),
            item: None,
        })?;
        if self.there.len() < MAX_SAME_NAME {
            self.there.push((number, item));
            return Ok(());
        }
        let item = self.in_the_end(number, item);
        emit(Worked {
            finding: None,
            item: Some(item),
        })
    }

    fn remember(&mut self, mut item: Item) {
        item.state = State::Removed;
        if self.gone.len() < MAX_SAME_NAME {
            self.gone.push(item);
        }
    }

    /// Says who has the name in the end.
    fn settle(&mut self, emit: &mut Emit<'_>) -> Result<(), ToolError> {
        if self.begun.is_between(&self.list, self.last, u64::MAX) {
            self.there.clear();
        }
        let there = std::mem::take(&mut self.there);
        let gone = std::mem::take(&mut self.gone);
        // In a list that was begun anew nothing is there but what follows.
        let is_known = self.begun.has(&self.list);
        for item in gone {
            let is_back = there.iter().any(|(_, i)| i.key() == item.key());
            if !is_back && !is_known {
                emit(Worked {
                    finding: None,
                    item: Some(item),
                })?;
            }
        }
        for (number, item) in there {
            let item = self.in_the_end(number, item);
            emit(Worked {
                finding: None,
                item: Some(item),
            })?;
        }
        Ok(())
    }

    /// Fills in what the template of the list has for an entry. A template drops what entries had before it, and a line that
    /// it has no field for.
    fn in_the_end(&self, number: u64, mut item: Item) -> Item {
        let template = self.templates.get(&self.list).and_then(|t| t.last());
        let is_filled = |(_, values): &(String, Vec<Vec<u8>>)| values.iter().any(|v| !v.is_empty());
        let Some((begun, fields)) = template else {
            item.details.retain(is_filled);
            return item;
        };
        let had = match *begun > number {
            true => Vec::new(),
            false => std::mem::take(&mut item.details),
        };
        item.is_partial &= *begun <= number;
        let is_partial = item.is_partial;
        let mut details: Vec<_> = fields
            .iter()
            .filter_map(|(prompt, default)| {
                let own = had.iter().find(|(name, _)| name == prompt);
                let values = match own {
                    Some((_, values)) => values.clone(),
                    None if default.is_empty() || is_partial => return None,
                    None => vec![default.clone().into_bytes()],
                };
                Some((prompt.clone(), values))
            })
            .collect();
        details.retain(is_filled);
        details.sort();
        item.details = details;
        item
    }
}

/// What a transaction makes of an entry that is there: without lines it leaves the details as they are.
fn over(was: &Item, mut now: Item) -> Item {
    now.is_twin = was.is_twin;
    if now.is_partial {
        now.details.clone_from(&was.details);
        now.is_partial = was.is_partial;
    }
    now
}

fn parts(value: &[u8]) -> std::io::Result<(u8, u64, &str, Item)> {
    let damaged = || {
        std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "a temporary file is damaged",
        )
    };
    let (what, rest) = value.split_first().ok_or_else(damaged)?;
    let (number, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    let (len, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    let len = u32::from_be_bytes(*len) as usize;
    let (old, rest) = rest.split_at_checked(len).ok_or_else(damaged)?;
    let old = std::str::from_utf8(old).map_err(|_| damaged())?;
    Ok((*what, u64::from_be_bytes(*number), old, Item::decode(rest)?))
}
