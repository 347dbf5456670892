//! What becomes of one name of one list, transaction by transaction.

use std::io;

use super::exact;
use super::finding::{Finding, Outcome};
use super::intake::unsorted;
use super::item::{Item, State};
use super::replay::{Emit, WholeLists, Worked};
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;

/// Entries of one name that are held at a time.
const MAX_SAME_NAME: usize = 1000;

/// What a transaction does to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A.
    Add,
    /// D, and the name that an M leaves.
    Remove,
    /// M of a name that stays.
    Change,
    /// The name that an M comes to.
    Come,
}

impl Deed {
    const ALL: [Self; 4] = [Self::Add, Self::Remove, Self::Change, Self::Come];
}

/// Bits beside a deed: the transaction has no line of information, and none without a value.
const BARE: u8 = 1 << 6;
const LEAN: u8 = 1 << 7;

/// A transaction in the files of a sort.
pub(super) struct Step<'s> {
    deed: Deed,
    /// Nothing is said of details.
    is_bare: bool,
    /// No detail is without a value.
    is_lean: bool,
    number: u64,
    /// Folded key of the entry that is meant; of an A the entry itself.
    old: &'s [u8],
    key: &'s [u8],
    bytes: &'s [u8],
}

impl<'s> Step<'s> {
    /// Appends a transaction.
    pub(super) fn encode_into(
        deed: Deed,
        number: u64,
        old: Option<&Item>,
        item: &Item,
        out: &mut Vec<u8>,
    ) {
        let is_lean = item.details.iter().all(is_filled);
        let is_bare = item.details.is_empty();
        let bits = [(is_bare, BARE), (is_lean, LEAN)];
        let bits = bits.iter().filter(|(is_so, _)| *is_so);
        out.push(bits.fold(deed as u8, |all, (_, bit)| all | bit));
        out.extend(number.to_be_bytes());
        let (old, key) = (old.map(Item::key), item.key());
        for key in [old.as_ref(), Some(&key)] {
            let key = key.map_or("", |key| key.folded());
            let len = u32::try_from(key.len()).unwrap_or(u32::MAX);
            out.extend(len.to_be_bytes());
            out.extend_from_slice(key.as_bytes());
        }
        out.extend(item.encode());
    }

    fn decode(bytes: &'s [u8]) -> io::Result<Self> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a temporary file is damaged");
        let (bits, rest) = bytes.split_first().ok_or_else(damaged)?;
        let deed = Deed::ALL.get(usize::from(bits & !(BARE | LEAN)));
        let (number, mut rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let mut key = || {
            let (len, behind) = rest.split_first_chunk().ok_or_else(damaged)?;
            let len = u32::from_be_bytes(*len) as usize;
            let (key, behind) = behind.split_at_checked(len).ok_or_else(damaged)?;
            rest = behind;
            Ok::<_, io::Error>(key)
        };
        let (old, key) = (key()?, key()?);
        let old = if old.is_empty() { key } else { old };
        Ok(Self {
            deed: *deed.ok_or_else(damaged)?,
            is_bare: bits & BARE != 0,
            is_lean: bits & LEAN != 0,
            number: u64::from_be_bytes(*number),
            old,
            key,
            bytes: rest,
        })
    }
}

/// One name of one list.
pub(super) struct Name<'n> {
    is_list: bool,
    lists: &'n WholeLists,
    key: Vec<u8>,
    list: String,
    /// The first transaction, if it is an A: mostly there is no other, and it need not be taken apart.
    first: Vec<u8>,
    /// Who has it: more than one where something is wrong.
    there: Vec<(u64, Item)>,
    /// Who had it.
    gone: Vec<Item>,
    /// The last transaction.
    last: u64,
}

impl<'n> Name<'n> {
    /// Begins with no name.
    pub(super) fn new(is_list: bool, lists: &'n WholeLists) -> Self {
        Self {
            is_list,
            lists,
            key: Vec::new(),
            list: String::new(),
            first: Vec::new(),
            there: Vec::new(),
            gone: Vec::new(),
            last: 0,
        }
    }

    /// Tells whether this is the name that transactions are sorted under.
    pub(super) fn is_of(&self, key: &[u8]) -> bool {
        self.key == key
    }

    /// Goes on with another name, the one before being settled.
    pub(super) fn begin(&mut self, key: &[u8]) {
        let list = key.split(|&b| b == 0).next().unwrap_or_default();
        if self.list.as_bytes() != list {
            self.list = String::from_utf8_lossy(list).into_owned();
        }
        self.key.clear();
        self.key.extend_from_slice(key);
        self.last = 0;
    }

    /// Takes the next transaction of the name.
    ///
    /// # Errors
    /// A temporary file is damaged; `emit` failed.
    pub(super) fn take(&mut self, value: &[u8], emit: &mut Emit<'_>) -> Result<(), ToolError> {
        let step = Step::decode(value).map_err(unsorted)?;
        if self.last == 0 && step.deed == Deed::Add {
            self.last = step.number;
            self.first.extend_from_slice(value);
            return Ok(());
        }
        self.work_first(emit)?;
        self.work(&step, emit)
    }

    fn work_first(&mut self, emit: &mut Emit<'_>) -> Result<(), ToolError> {
        if self.first.is_empty() {
            return Ok(());
        }
        let first = std::mem::take(&mut self.first);
        self.last = 0;
        self.work(&Step::decode(&first).map_err(unsorted)?, emit)
    }

    fn work(&mut self, step: &Step<'_>, emit: &mut Emit<'_>) -> Result<(), ToolError> {
        let number = step.number;
        if self.lists.begun().is_between(&self.list, self.last, number) {
            self.there.clear();
        }
        self.last = number;
        let mut item = Item::decode(step.bytes).map_err(unsorted)?;
        let found = |(_, known): &(u64, Item)| known.key().folded().as_bytes() == step.old;
        let at = self.there.iter().position(found);
        match (step.deed, at) {
            (Deed::Remove, at) => {
                if let Some(at) = at {
                    self.there.remove(at);
                }
                self.remember(item);
                Ok(())
            }
            // A list names everybody once.
            (Deed::Add, Some(_)) if self.is_list => self.add(number, item, emit),
            (_, Some(at)) => {
                let was = self.there.remove(at).1;
                item.is_twin = was.is_twin;
                if step.is_bare {
                    // Nothing said of them, the details stay.
                    item.details.clone_from(&was.details);
                    item.is_partial = was.is_partial;
                }
                if step.old != step.key {
                    self.remember(was);
                }
                self.there.insert(at, (number, item));
                Ok(())
            }
            // What is changed was there before these records, with details that they do not name.
            (deed, None) => {
                item.is_partial = step.is_bare && deed != Deed::Add;
                self.add(number, item, emit)
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
        let finding = finding.because(Reason::AmbiguousName).detail(format!(
            "the name stands twice in {}, the other is {}",
            exact::shown(&self.list),
            exact::shown(first.key().as_str())
        ));
        emit(Worked::Twice(Box::new(finding)))?;
        if self.there.len() < MAX_SAME_NAME {
            self.there.push((number, item));
            return Ok(());
        }
        let item = self.in_the_end(number, item);
        emit(Worked::Item(Box::new(item)))
    }

    fn remember(&mut self, mut item: Item) {
        item.state = State::Removed;
        if self.gone.len() < MAX_SAME_NAME {
            self.gone.push(item);
        }
    }

    /// Says who has the name in the end.
    ///
    /// # Errors
    /// A temporary file is damaged; `emit` failed.
    pub(super) fn settle(&mut self, emit: &mut Emit<'_>) -> Result<(), ToolError> {
        let begun = self.lists.begun();
        let is_over = begun.is_between(&self.list, self.last, u64::MAX);
        if !self.first.is_empty() {
            let step = Step::decode(&self.first).map_err(unsorted)?;
            if step.is_lean && self.lists.template(&self.list).is_none() {
                if !is_over {
                    emit(Worked::AsItCame(step.key, step.bytes))?;
                }
                self.first.clear();
                return Ok(());
            }
            self.work_first(emit)?;
        }
        if is_over {
            self.there.clear();
        }
        let there = std::mem::take(&mut self.there);
        // In a list that was begun anew nothing is there but what follows.
        let is_known = begun.has(&self.list);
        for item in std::mem::take(&mut self.gone) {
            let is_back = there.iter().any(|(_, known)| known.key() == item.key());
            if !is_back && !is_known {
                emit(Worked::Item(Box::new(item)))?;
            }
        }
        for (number, item) in there {
            let item = self.in_the_end(number, item);
            emit(Worked::Item(Box::new(item)))?;
        }
        Ok(())
    }

    /// Fills in what the template of the list has for an entry. A template drops what entries had before it, and a line that
    /// it has no field for.
    fn in_the_end(&self, number: u64, mut item: Item) -> Item {
        let Some((begun, fields)) = self.lists.template(&self.list) else {
            item.details.retain(is_filled);
            return item;
        };
        let had = match *begun > number {
            true => Vec::new(),
            false => std::mem::take(&mut item.details),
        };
        item.is_partial &= *begun <= number;
        let is_partial = item.is_partial;
        let details = fields.iter().filter_map(|field| {
            let own = had.iter().find(|(name, _)| *name == field.prompt);
            let values = match own {
                Some((_, values)) => values.clone(),
                None if is_partial => return None,
                None => vec![field.default.clone().into_bytes()],
            };
            Some((field.prompt.clone(), values))
        });
        item.details = details.filter(is_filled).collect();
        item.details.sort();
        item
    }
}

fn is_filled((_, values): &(String, Vec<Vec<u8>>)) -> bool {
    values.iter().any(|value| !value.is_empty())
}
