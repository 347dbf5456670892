//! Sorts the transactions of a source by the list they are for, in their order.
//!
//! What can be decided without a list is decided here: other types than asked for, the own postoffice
//! under `-q`, lines that name no list. The rest waits in `Intake::lists` for its [`Merge`](super::merge::Merge).

mod leaving;
mod setting;

use std::collections::{HashMap, HashSet};

use super::merge::Source;
use super::op::{Op, OpKind, Position};
use super::outcome::{Action, Counts, Outcome, Reason};
use super::{Decision, Note};
use crate::address::{Address, AddressKey, AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::list::{ListEntry, ListId};
use crate::transaction::{Entry, EntryText, InfoLine, ListName, Transaction};

pub use setting::{Filter, Setting};

/// The transactions of one list.
#[derive(Debug)]
pub struct ListOps {
    /// Type token as the first transaction spells it, and the names of its postoffice, for messages and autocreate.
    pub name: ListName,
    /// The transactions in their order.
    pub ops: Vec<Op>,
}

/// Transactions sorted by list.
#[derive(Debug)]
pub struct Intake {
    setting: Setting,
    ids: Vec<ListId>,
    lists: Vec<ListOps>,
    known: HashMap<ListId, usize>,
    /// Place of the last address, so that a run of one postoffice is looked up once.
    last: Option<(AddressType, Vec<u8>, usize)>,
    /// Names on refused lines: such entries count as present wherever their list is replaced.
    named: Vec<FixedText<31>>,
    /// Transactions of the queue for the postoffice itself, which touch nothing (message 66).
    own_count: u64,
    /// Addresses that are looked for, and those of them that were seen.
    watched: HashSet<AddressKey>,
    seen: HashSet<AddressKey>,
    /// Transactions for the accounts of the postoffice itself, in their order.
    pub local: Vec<(Position, Transaction)>,
    /// What was decided here.
    pub counts: Counts,
    /// Decisions over single transactions with their lists, as far as they have one, if they were asked for.
    pub decisions: Vec<(Option<ListId>, Decision)>,
    /// Numbered messages.
    pub notes: Vec<Note>,
}

impl Intake {
    /// Starts with nothing.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            ids: Vec::new(),
            lists: Vec::new(),
            known: HashMap::new(),
            last: None,
            named: Vec::new(),
            own_count: 0,
            watched: HashSet::new(),
            seen: HashSet::new(),
            local: Vec::new(),
            counts: Counts::default(),
            decisions: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Looks for these addresses in additions and modifications.
    pub fn watch(&mut self, addresses: HashSet<AddressKey>) {
        self.watched = addresses;
    }

    /// Returns which of them were there.
    #[must_use]
    pub fn seen(&self) -> &HashSet<AddressKey> {
        &self.seen
    }

    /// Takes one transaction.
    pub fn take(&mut self, at: Position, transaction: Transaction) {
        match transaction {
            Transaction::Add { .. } | Transaction::Delete { .. } | Transaction::Modify { .. } => {
                self.take_entry(at, transaction);
            }
            Transaction::Replace { list } => self.take_replace(at, list),
            Transaction::Template { list, fields } => {
                let kind = OpKind::Template {
                    fields: fields.into(),
                };
                self.take_command(at, Action::Template, list, kind);
            }
        }
    }

    /// Empties a list that `-r` names, whether or not the source says anything about it.
    pub fn replace_list(&mut self, list: ListName) {
        let id = ListId::of_list_name(&list, &self.setting.own, self.setting.code_page);
        match id {
            Some(id @ (ListId::Postoffice { .. } | ListId::Gateway(_))) if self.setting.replace => {
                self.list(id, || list);
            }
            _ => self.take(Position::default(), Transaction::Replace { list }),
        }
    }

    /// Takes an A that has nothing but its entry. Behind another of the same postoffice it is not copied before
    /// it stands in its list; else it goes the way of every transaction.
    pub(crate) fn take_add(&mut self, at: Position, entry: &EntryText<'_>) {
        let address = entry.address;
        let Some(place) = self.last_place(address.kind(), address.place_text()) else {
            let entry = Entry::from(*entry);
            let (info, tokens) = (Vec::new(), Vec::new());
            return self.take(
                at,
                Transaction::Add {
                    entry,
                    info,
                    tokens,
                },
            );
        };
        let entry = ListEntry::from_text(entry, self.setting.code_page);
        let entry = entry.expect("the grammar has checked the lengths");
        let kind = OpKind::Add { entry, info: None };
        self.lists[place].ops.push(Op { at, kind });
    }

    /// Tells whether any list is replaced.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.lists
            .iter()
            .flat_map(|list| &list.ops)
            .any(|op| op.kind == OpKind::Replace)
    }

    /// Tells whether any transaction is for a list.
    #[must_use]
    pub fn has(&self, id: &ListId) -> bool {
        self.known.contains_key(id)
    }

    /// Returns the lists with their transactions, in the order of the list ids.
    #[must_use]
    pub fn take_lists(&mut self) -> Vec<(ListId, ListOps)> {
        if self.own_count > 0 {
            let mut argument = self.setting.own.encode();
            argument.extend_from_slice(format!(" ({} transactions)", self.own_count).as_bytes());
            self.note(Position::default(), 66, argument);
        }
        let ids = std::mem::take(&mut self.ids);
        let mut lists: Vec<_> = ids
            .into_iter()
            .zip(std::mem::take(&mut self.lists))
            .collect();
        for (_, list) in &mut lists {
            let replaced = list.ops.iter().any(|op| op.kind == OpKind::Replace);
            let named = self.named.iter().filter(|_| replaced);
            list.ops.extend(named.map(|&name| Op {
                at: Position::default(),
                kind: OpKind::Named { name },
            }));
        }
        lists.sort_by(|a, b| a.0.cmp(&b.0));
        lists
    }

    fn take_entry(&mut self, at: Position, transaction: Transaction) {
        let action = Action::of(&transaction);
        let entry = transaction.entry().expect("A, D and M have one");
        if !self.watched.is_empty() && action != Action::Delete {
            let key = entry.address().key(self.setting.code_page);
            self.seen
                .extend(Some(key).filter(|key| self.watched.contains(key)));
        }
        let place = self.place_of(entry.address());
        let place = match place {
            Ok(place) => place,
            Err(Refusal::Filtered) => {
                return self.leave(at, action, Outcome::Ignored, Reason::Filtered, None, entry);
            }
            Err(Refusal::Local) if self.setting.source == Source::Queue => {
                self.own_count += 1;
                let reason = Reason::Message(66);
                return self.leave(at, action, Outcome::Ignored, reason, Some(66), entry);
            }
            Err(Refusal::Local) => return self.local.push((at, transaction)),
        };
        let code_page = self.setting.code_page;
        let kind = match transaction {
            Transaction::Add { entry, info, .. } => OpKind::Add {
                entry: stored(&entry, code_page),
                info: boxed(info),
            },
            Transaction::Delete { entry } => OpKind::Delete {
                entry: stored(&entry, code_page),
            },
            Transaction::Modify {
                entry, new, info, ..
            } => {
                if let Some(new) = &new {
                    if self.place_of(new.address()) != Ok(place) {
                        let reason = Reason::AddressSyntax;
                        let (outcome, message) = (Outcome::Refused, Some(26));
                        return self.leave(at, action, outcome, reason, message, &entry);
                    }
                }
                OpKind::Modify {
                    old: Box::new(stored(&entry, code_page)),
                    new: new.map(|new| Box::new(stored(&new, code_page))),
                    info: boxed(info),
                }
            }
            Transaction::Replace { .. } | Transaction::Template { .. } => {
                unreachable!("take() sends only A, D and M here")
            }
        };
        self.lists[place].ops.push(Op { at, kind });
    }

    fn take_replace(&mut self, at: Position, list: ListName) {
        if list.place().is_some() || !list.kind().is_three_part() {
            return self.take_command(at, Action::Replace, list, OpKind::Replace);
        }
        if !self
            .setting
            .filter
            .takes(list.kind(), None, self.setting.code_page)
        {
            return self.leave_command(at, Action::Replace, Reason::Filtered, None);
        }
        let nodes = self
            .setting
            .nodes
            .get(&list.kind().family())
            .cloned()
            .unwrap_or_default();
        for node in nodes {
            let ListId::Postoffice {
                network,
                postoffice,
                ..
            } = &node
            else {
                continue;
            };
            let place = PostofficeName::from_checked(network, postoffice);
            let number = self.list(node.clone(), || ListName::new(list.kind(), Some(place)));
            self.lists[number].ops.push(Op {
                at,
                kind: OpKind::Replace,
            });
        }
    }

    fn take_command(&mut self, at: Position, action: Action, list: ListName, kind: OpKind) {
        let (own, code_page) = (&self.setting.own, self.setting.code_page);
        if !self
            .setting
            .filter
            .takes(list.kind(), list.place(), code_page)
        {
            return self.leave_command(at, action, Reason::Filtered, None);
        }
        match ListId::of_list_name(&list, own, code_page) {
            // Accounts are never removed by absence, whoever asks; T is for other postoffices' lists.
            None | Some(ListId::Local | ListId::Pol) => {
                let is_queue = self.setting.source == Source::Queue;
                self.own_count += u64::from(is_queue);
                let message = Some(66).filter(|_| !is_queue);
                self.leave_command(at, action, Reason::Message(66), message);
            }
            Some(id) => {
                let number = self.list(id, || list);
                self.lists[number].ops.push(Op { at, kind });
            }
        }
    }

    /// Returns the number of the list that an address belongs to.
    fn place_of(&mut self, address: &Address) -> Result<usize, Refusal> {
        let kind = address.kind();
        let prefix = address.place_text();
        if let Some(number) = self.last_place(kind, prefix) {
            return Ok(number);
        }
        let (own, code_page) = (&self.setting.own, self.setting.code_page);
        let place = address.place();
        if !self.setting.filter.takes(kind, place.as_ref(), code_page) {
            return Err(Refusal::Filtered);
        }
        let id = ListId::of_address(address, own, code_page);
        if id == ListId::Local {
            return Err(Refusal::Local);
        }
        let prefix = prefix.to_vec();
        let number = self.list(id, || ListName::of(address));
        self.last = Some((kind, prefix, number));
        Ok(number)
    }

    /// Returns the number of the last list, if an address of this type and place belongs to it.
    fn last_place(&self, kind: AddressType, prefix: &[u8]) -> Option<usize> {
        let (last_kind, last_prefix, number) = self.last.as_ref()?;
        (*last_kind == kind && last_prefix == prefix).then_some(*number)
    }

    fn list(&mut self, id: ListId, name: impl FnOnce() -> ListName) -> usize {
        if let Some(&number) = self.known.get(&id) {
            return number;
        }
        let replace = Op {
            at: Position::default(),
            kind: OpKind::Replace,
        };
        let ops = if self.setting.replace {
            vec![replace]
        } else {
            Vec::new()
        };
        let number = self.lists.len();
        self.lists.push(ListOps { name: name(), ops });
        self.known.insert(id.clone(), number);
        self.ids.push(id);
        number
    }
}

/// Why an address has no list here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Filtered,
    Local,
}

fn stored(entry: &Entry, code_page: CodePage) -> ListEntry {
    ListEntry::new(entry, code_page).expect("the grammar has checked the lengths")
}

fn boxed(info: Vec<InfoLine>) -> Option<Box<[InfoLine]>> {
    (!info.is_empty()).then(|| info.into())
}
