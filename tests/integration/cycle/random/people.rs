//! What the operators have entered: the users of a postoffice, or the entries that it feeds into a list of nobody's.

use std::collections::{BTreeMap, BTreeSet};

/// Names, some of them alike but for the case of their letters.
const NAMES: [&str; 6] = ["Ann", "ANN", "Bob", "Zoë", "zoË", "Carl"];

/// What an operator does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edit {
    /// Creates the mailbox with a name; renames it where it is there.
    Put(u8, u8),
    /// Gives an entry another mailbox.
    Move(u8, u8),
    /// Deletes the mailbox.
    Delete(u8),
    /// Leaves a user out of dir-sync, or takes him in again; an entry that is fed is told again.
    Turn(u8),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) is_shown: bool,
}

/// What an edit comes to; names and mailboxes as they are, and as they shall be.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Add(Entry),
    Modify(Entry, Entry),
    Delete(Entry),
    Show(Entry, bool),
}

/// Mailbox and name.
pub(super) type Entry = (String, String);

/// All entries that one postoffice has entered into one list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct People {
    /// What its mailboxes and names begin with: the names of a list are those of all who feed it.
    pub(super) prefix: &'static str,
    people: BTreeMap<String, Person>,
}

impl People {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            people: BTreeMap::new(),
        }
    }

    /// Returns what an edit would change; nothing where it does not fit.
    pub(super) fn change(&self, edit: Edit) -> Option<Change> {
        let mailbox = |number: u8| format!("{}M{number}", self.prefix);
        let held = |number: u8| self.people.get(&mailbox(number));
        let entry = |number: u8, name: &str| (mailbox(number), name.to_owned());
        match edit {
            Edit::Put(at, name) => {
                let name = format!("{}{}", self.prefix, NAMES[usize::from(name) % NAMES.len()]);
                let is_free = |(held, person): (&String, &Person)| {
                    *held == mailbox(at) || person.name.to_lowercase() != name.to_lowercase()
                };
                if !self.people.iter().all(is_free) {
                    return None;
                }
                match held(at) {
                    None => Some(Change::Add(entry(at, &name))),
                    Some(person) if person.name == name => None,
                    Some(person) => Some(Change::Modify(entry(at, &person.name), entry(at, &name))),
                }
            }
            Edit::Move(at, to) => {
                let person = held(at).filter(|_| held(to).is_none())?;
                Some(Change::Modify(
                    entry(at, &person.name),
                    entry(to, &person.name),
                ))
            }
            Edit::Delete(at) => held(at).map(|person| Change::Delete(entry(at, &person.name))),
            Edit::Turn(at) => {
                let person = held(at)?;
                Some(Change::Show(entry(at, &person.name), !person.is_shown))
            }
        }
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Add((mailbox, name)) => {
                let person = Person {
                    name: name.clone(),
                    is_shown: true,
                };
                self.people.insert(mailbox.clone(), person);
            }
            Change::Modify((from, _), (to, name)) => {
                let mut person = self.people.remove(from).expect("held");
                person.name.clone_from(name);
                self.people.insert(to.clone(), person);
            }
            Change::Delete((mailbox, _)) => _ = self.people.remove(mailbox),
            Change::Show((mailbox, _), is_shown) => {
                self.people.get_mut(mailbox).expect("held").is_shown = *is_shown;
            }
        }
    }

    /// Returns the entries as an extract shows them, those left out of dir-sync among them if wanted.
    pub(super) fn lines(&self, list: &str, with_hidden: bool) -> BTreeSet<(String, String)> {
        let people = self.people.iter();
        let wanted = people.filter(|(_, person)| person.is_shown || with_hidden);
        wanted
            .map(|(mailbox, person)| (person.name.clone(), format!("PCM:{list}/{mailbox}")))
            .collect()
    }
}

impl Change {
    /// Returns the words of ADMIN.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Add((mailbox, name)) => format!("local create {name} {mailbox}"),
            Self::Modify((from, old), (to, new)) => {
                let mut words = format!("local modify {from}");
                if new != old {
                    words += &format!(" --name {new}");
                }
                if to != from {
                    words += &format!(" --mailbox {to}");
                }
                words
            }
            Self::Delete((mailbox, _)) => format!("local delete {mailbox}"),
            Self::Show((mailbox, _), is_shown) => {
                let word = if *is_shown { "yes" } else { "no" };
                format!("local modify {mailbox} --dirsync {word}")
            }
        }
    }

    /// Returns it as a transaction of an import text; whether an entry is shown is no matter of one, which then says
    /// again what it is.
    pub(super) fn text(&self, list: &str) -> String {
        let line = |(mailbox, name): &Entry| format!("{name}\tPCM:{list}/{mailbox}\r\n");
        match self {
            Self::Add(entry) => format!("A {}", line(entry)),
            Self::Modify(from, to) => format!("M {}  {}", line(from), line(to)),
            Self::Delete(entry) => format!("D {}", line(entry)),
            Self::Show(entry, _) => format!("M {}  {}", line(entry), line(entry)),
        }
    }
}
