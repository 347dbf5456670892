//! Sorts the transactions of a source by the list they are for, in their order.
//!
//! What can be decided without a list is decided here: other types than asked for, the own postoffice
//! under `-q`, lines that name no list. The rest waits in `Intake::lists` for its [`Merge`](super::merge::Merge).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::merge::Source;
use super::op::{Op, OpKind, Position};
use super::outcome::{Action, Counts, Outcome, Reason};
use super::{Decision, Note};
use crate::address::{Address, AddressKey, AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::list::{ListEntry, ListId};
use crate::transaction::{Entry, EntryText, InfoLine, ListName, Transaction};

/// What restricts a run to some lists: `-g`, or the types that the requestor asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Families of addresses to take; `None` takes all.
    pub families: Option<Vec<AddressType>>,
    /// The one postoffice to take.
    pub place: Option<PostofficeName>,
}

impl Filter {
    fn takes(
        &self,
        kind: AddressType,
        place: Option<&PostofficeName>,
        code_page: CodePage,
    ) -> bool {
        let family = kind.family();
        self.families
            .as_ref()
            .is_none_or(|families| families.contains(&family))
            && match (&self.place, place) {
                (None, _) => true,
                (Some(wanted), Some(place)) => wanted.is_same(place, code_page),
                (Some(_), None) => false,
            }
    }
}

/// What an intake has to know about the run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where the transactions come from.
    pub source: Source,
    /// Name of the postoffice.
    pub own: PostofficeName,
    /// Its code page.
    pub code_page: CodePage,
    /// Which lists are taken.
    pub filter: Filter,
    /// Every list that a transaction names is emptied first (`-r`).
    pub replace: bool,
    /// The nodes and DGNs of each three-part gateway, for `R SNADS:`.
    pub nodes: BTreeMap<AddressType, Vec<ListId>>,
    /// One [`Decision`] per transaction is asked for.
    pub keep_decisions: bool,
}

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

    /// Takes note of a line or record that was refused as it stands; its messages are with the caller.
    /// `name` is the name it had, as far as one could be read.
    pub fn take_refused(&mut self, at: Position, action: Action, message: u16, name: &[u8]) {
        self.counts.read += 1;
        let reason = Reason::of_refused_line(message);
        self.counts.count(Outcome::Refused, Some(reason));
        let name = FixedText::new(self.setting.code_page.cut(name, FixedText::<31>::MAX))
            .expect("cut to its length");
        if !name.is_empty() {
            self.named.push(name);
        }
        if self.setting.keep_decisions {
            let entry = ListEntry {
                name,
                ..ListEntry::default()
            };
            let entry = Some(entry).filter(|_| !name.is_empty());
            let decision = Decision {
                at,
                action,
                outcome: Outcome::Refused,
                reason: Some(reason),
                message: Some(message),
                entry,
                new: None,
            };
            self.decisions.push((None, decision));
        }
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
            let at = Position::default();
            self.notes.push(Note {
                at,
                message: 66,
                argument,
            });
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
        let action = action_of(&transaction);
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

    /// Leaves a transaction out, with a reason.
    fn leave(
        &mut self,
        at: Position,
        action: Action,
        outcome: Outcome,
        reason: Reason,
        message: Option<u16>,
        entry: &Entry,
    ) {
        self.counts.read += 1;
        self.counts.count(outcome, Some(reason));
        let (own, code_page) = (&self.setting.own, self.setting.code_page);
        let list = ListId::of_address(entry.address(), own, code_page);
        // The own postoffice comes back with every full list: one message for all its entries.
        if let Some(message) = message.filter(|_| outcome != Outcome::Ignored) {
            let argument = entry.name().to_vec();
            self.notes.push(Note {
                at,
                message,
                argument,
            });
        }
        if self.setting.keep_decisions {
            let entry = Some(stored(entry, code_page));
            let reason = Some(reason);
            let decision = Decision {
                at,
                action,
                outcome,
                reason,
                message,
                entry,
                new: None,
            };
            self.decisions.push((Some(list), decision));
        }
    }

    fn leave_command(
        &mut self,
        at: Position,
        action: Action,
        reason: Reason,
        message: Option<u16>,
    ) {
        self.counts.count(Outcome::Command, None);
        let list = ListId::Local;
        if let Some(message) = message {
            let argument = self.setting.own.encode();
            self.notes.push(Note {
                at,
                message,
                argument,
            });
        }
        if self.setting.keep_decisions {
            let (outcome, reason, entry) = (Outcome::Ignored, Some(reason), None);
            let decision = Decision {
                at,
                action,
                outcome,
                reason,
                message,
                entry,
                new: None,
            };
            self.decisions.push((Some(list), decision));
        }
    }
}

/// Why an address has no list here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Filtered,
    Local,
}

fn action_of(transaction: &Transaction) -> Action {
    match transaction {
        Transaction::Add { .. } => Action::Add,
        Transaction::Delete { .. } => Action::Delete,
        Transaction::Modify { .. } => Action::Modify,
        Transaction::Replace { .. } => Action::Replace,
        Transaction::Template { .. } => Action::Template,
    }
}

fn stored(entry: &Entry, code_page: CodePage) -> ListEntry {
    ListEntry::new(entry, code_page).expect("the grammar has checked the lengths")
}

fn boxed(info: Vec<InfoLine>) -> Option<Box<[InfoLine]>> {
    (!info.is_empty()).then(|| info.into())
}
