//! Works transactions in: what the lists hold in the end (`spec/import.md` 3.2, 6.1).
//!
//! Inside a list the name is the key, so that the transactions are sorted by list and name and each name is settled for
//! itself ([`super::named`]). R and T are about whole lists; there are few of them, and they are kept.

use std::collections::HashMap;

use super::exact;
use super::finding::Finding;
use super::intake::unsorted;
use super::item::Item;
use super::named::{Deed, Name, Step};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::tools::exit::ToolError;
use crate::tools::side::Place;
use crate::tools::sorted::Sorter;
use crate::transaction::{Entry, InfoLine, ListName, TemplateField, Transaction};

/// Takes transactions.
pub(super) struct Replay {
    page: CodePage,
    /// Every entry is named once: an A for a name that is there is one too many.
    is_list: bool,
    names: Sorter,
    number: u64,
    whole_lists: WholeLists,
    value: Vec<u8>,
}

/// What was done to whole lists.
#[derive(Debug, Default)]
pub(super) struct WholeLists {
    begun: Begun,
    templates: Templates,
}

/// Templates by list: when each was defined last, and its fields.
#[derive(Debug, Default)]
pub(super) struct Templates {
    lists: HashMap<String, (u64, Vec<Field>)>,
}

impl Templates {
    /// Returns the lists that have a template.
    pub(super) fn lists(&self) -> impl Iterator<Item = &String> {
        self.lists.keys()
    }

    /// Returns the fields of the template of a list, as import text has them.
    pub(super) fn lines(&self, list: &str) -> Option<Vec<String>> {
        let (_, fields) = self.lists.get(list)?;
        Some(fields.iter().map(|field| field.line.clone()).collect())
    }
}

/// A field of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its prompt.
    pub(super) prompt: String,
    /// The value that an entry has without saying so.
    pub(super) default: String,
    /// All of it, as import text has it.
    line: String,
}

/// Lists that R transactions have emptied, and when.
#[derive(Debug, Default)]
pub(super) struct Begun {
    lists: HashMap<String, Vec<u64>>,
}

/// What one step of the work comes to.
pub(super) enum Worked<'w> {
    /// A name stands twice.
    Twice(Box<Finding>),
    /// An entry that is there in the end, or is not any more.
    Item(Box<Item>),
    /// An entry that is there as it came: its folded key, and itself encoded.
    AsItCame(&'w [u8], &'w [u8]),
}

/// Takes what the work comes to.
pub(super) type Emit<'e> = dyn FnMut(Worked<'_>) -> Result<(), ToolError> + 'e;

/// What is left when all is worked in.
pub(super) struct Finished {
    /// Lists that were begun anew.
    pub(super) begun: Begun,
    /// The templates of the lists.
    pub(super) templates: Templates,
    /// Bytes that went through temporary files.
    pub(super) spilled: u64,
}

impl Begun {
    fn add(&mut self, list: &str, number: u64) {
        self.lists.entry(list.to_owned()).or_default().push(number);
    }

    /// Returns when a list was emptied; a gateway is emptied with all its lists.
    fn times(&self, list: &str) -> impl Iterator<Item = u64> {
        // Most sides have no R at all.
        let of_type = match self.lists.is_empty() {
            true => None,
            false => list.split_once(':').map(|(kind, _)| format!("{kind}:")),
        };
        let of_type = of_type.filter(|of_type| of_type != list);
        let both = [Some(list.to_owned()), of_type].into_iter().flatten();
        both.filter_map(|name| self.lists.get(&name))
            .flatten()
            .copied()
    }

    /// Tells whether a list was emptied between two transactions.
    pub(super) fn is_between(&self, list: &str, after: u64, before: u64) -> bool {
        !self.lists.is_empty() && self.times(list).any(|time| after < time && time < before)
    }

    /// Tells whether what the records do not name is not in this list.
    pub(super) fn has(&self, list: &str) -> bool {
        !self.lists.is_empty() && self.times(list).next().is_some()
    }
}

impl WholeLists {
    /// Returns the lists that were emptied.
    pub(super) fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Returns when the template of a list was defined last, and its fields.
    pub(super) fn template(&self, list: &str) -> Option<&(u64, Vec<Field>)> {
        self.templates.lists.get(list)
    }
}

/// Returns the name of a list as [`TargetAddress::list`] has it.
fn name_of(list: &ListName, page: CodePage) -> String {
    let place = list.place().map(|place| {
        let network = exact::decode(page, place.network());
        format!("{network}/{}/x", exact::decode(page, place.postoffice()))
    });
    let address = TargetAddress::new(list.kind().token(), place.as_deref().unwrap_or("x"));
    match place {
        Some(_) => address.list(),
        None => format!("{}:", address.kind()),
    }
}

impl Replay {
    /// Begins with a side whose text is in `page`; with `is_list` every entry is named once.
    pub(super) fn new(memory: usize, page: CodePage, is_list: bool) -> Self {
        Self {
            page,
            is_list,
            names: Sorter::new(memory, None),
            number: 0,
            whole_lists: WholeLists::default(),
            value: Vec::new(),
        }
    }

    /// Returns the code page of the text.
    pub(super) fn page(&self) -> CodePage {
        self.page
    }

    /// Takes the next transaction.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(super) fn take(
        &mut self,
        transaction: &Transaction,
        place: &Place,
        sync: Option<u32>,
        stamp: Option<u32>,
    ) -> Result<(), ToolError> {
        self.number += 1;
        let page = self.page;
        let item = |entry: &Entry, info: &[InfoLine]| {
            let mut item = Item::of_entry(entry, info, place.clone(), page);
            (item.sync, item.stamp) = (sync, stamp);
            item
        };
        match transaction {
            Transaction::Add { entry, info, .. } => {
                self.push(Deed::Add, entry, None, &item(entry, info))
            }
            Transaction::Delete { entry } => {
                self.push(Deed::Remove, entry, None, &item(entry, &[]))
            }
            Transaction::Modify {
                entry, new, info, ..
            } => {
                let new = new.as_ref().unwrap_or(entry);
                let (old_item, new_item) = (item(entry, &[]), item(new, info));
                let is_same_name = page.eq_ignore_case(entry.name(), new.name())
                    && old_item.address.list() == new_item.address.list();
                if is_same_name {
                    return self.push(Deed::Change, entry, Some(&old_item), &new_item);
                }
                self.push(Deed::Remove, entry, None, &old_item)?;
                self.push(Deed::Come, new, None, &new_item)
            }
            Transaction::Replace { list } => {
                let list = name_of(list, page);
                self.whole_lists.begun.add(&list, self.number);
                Ok(())
            }
            Transaction::Template { list, fields } => {
                self.template(&name_of(list, page), fields);
                Ok(())
            }
        }
    }

    fn template(&mut self, list: &str, fields: &[TemplateField]) {
        let text = |bytes: &[u8]| exact::decode(self.page, bytes);
        let fields = fields.iter().map(|field| {
            let mut line = Vec::new();
            field.encode_into(&mut line);
            Field {
                prompt: text(field.prompt()),
                default: text(field.default_value()),
                line: text(&line),
            }
        });
        let template = (self.number, fields.collect());
        let templates = &mut self.whole_lists.templates;
        templates.lists.insert(list.to_owned(), template);
    }

    /// Puts a transaction under its list and name; `old` is the entry that a change must find.
    fn push(
        &mut self,
        deed: Deed,
        entry: &Entry,
        old: Option<&Item>,
        item: &Item,
    ) -> Result<(), ToolError> {
        let mut key = old.unwrap_or(item).address.list().into_bytes();
        key.push(0);
        self.page.fold_into(entry.name(), &mut key);
        self.value.clear();
        Step::encode_into(deed, self.number, old, item, &mut self.value);
        self.names.push(&key, &self.value).map_err(unsorted)
    }

    /// Works everything in, name by name.
    ///
    /// # Errors
    /// A temporary file cannot be read; `emit` failed.
    pub(super) fn finish(self, emit: &mut Emit<'_>) -> Result<Finished, ToolError> {
        let mut sorted = self.names.finish().map_err(unsorted)?;
        let spilled = sorted.spilled;
        let mut name = Name::new(self.is_list, &self.whole_lists);
        while let Some((key, value)) = sorted.next().map_err(unsorted)? {
            if !name.is_of(key) {
                name.settle(emit)?;
                name.begin(key);
            }
            name.take(value, emit)?;
        }
        name.settle(emit)?;
        Ok(Finished {
            begun: self.whole_lists.begun,
            templates: self.whole_lists.templates,
            spilled,
        })
    }
}
