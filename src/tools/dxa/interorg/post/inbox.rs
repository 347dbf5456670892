//! The Maildir where mail for this agent arrives, unit by unit.
//!
//! What belongs to a unit stays there until the unit is whole, and what it brought is kept: the Maildir itself is the memory,
//! so that a run that is killed loses nothing. Everything else leaves it: what is not from whom it says, damaged or not ours
//! is put aside, a copy is removed, and so are parts of a unit that nothing will make whole any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::bundle::{Bundle, in_order, is_superseded, spelt};
use super::letter::{self, Label, Letter};
use super::maildir::{self, Lying};
use super::quarantine::Quarantine;
use super::side::{Link, task};
use super::{MAX_LETTER_LEN, letter::read as read_letter};
use crate::directory::interorg::wire::{Parts, Unit, read_changes, read_withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;
use crate::postoffice::mailbag;
use crate::protocol::mail;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::ToolError;

/// Bytes that all messages of one unit may have.
const MAX_UNIT_LEN: u64 = 512 << 20;

/// The Maildir, looked through.
#[derive(Debug)]
pub(in crate::tools::dxa::interorg) struct Inbox<'a> {
    root: PathBuf,
    quarantine: Quarantine,
    links: &'a [Link],
    now: Timestamp,
    dry_run: bool,
    /// Units that are whole, in the order in which they are to be taken.
    pub(in crate::tools::dxa::interorg) whole: Vec<Bundle>,
    /// Units that are not.
    pub(in crate::tools::dxa::interorg) waiting: Vec<Bundle>,
    /// Messages that were put aside, by reason.
    pub(in crate::tools::dxa::interorg) aside: Vec<(String, Note)>,
    /// Copies that were removed.
    pub(in crate::tools::dxa::interorg) copies: u64,
    events: Vec<Event>,
}

impl<'a> Inbox<'a> {
    /// Looks through a Maildir. A dry run changes nothing, and says the same.
    pub(in crate::tools::dxa::interorg) fn look(
        root: &Path,
        quarantine: &Quarantine,
        links: &'a [Link],
        now: Timestamp,
        dry_run: bool,
        interrupt: &Interrupt,
    ) -> Result<Self, ToolError> {
        let mut inbox = Self {
            root: root.to_owned(),
            quarantine: quarantine.clone(),
            links,
            now,
            dry_run,
            whole: Vec::new(),
            waiting: Vec::new(),
            aside: Vec::new(),
            copies: 0,
            events: Vec::new(),
        };
        let listing = maildir::list(root)?;
        for (name, reason) in listing.skipped {
            let event = Event::new(Severity::Warn, "passed over in the Maildir");
            inbox.say(event.with("file", name).with("because", reason));
        }
        if listing.is_more {
            let event = Event::new(Severity::Warn, "more mail than is looked at in one run");
            inbox.say(event.with("looked-at", listing.mails.len()));
        }
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut known: BTreeMap<(usize, String), usize> = BTreeMap::new();
        for lying in listing.mails {
            interrupt.check()?;
            match inbox.sort(&lying)? {
                Sorted::Gone => {}
                Sorted::Aside(note) => inbox.put_aside(&lying, note)?,
                Sorted::Part(link, letter) => {
                    let key = (link, letter.part.unit.id().to_owned());
                    let at = *known.entry(key).or_insert_with(|| {
                        bundles.push(Bundle {
                            link,
                            head: letter.part.unit.clone(),
                            of: letter.part.of,
                            parts: BTreeMap::new(),
                        });
                        bundles.len() - 1
                    });
                    inbox.add(&mut bundles[at], lying, letter)?;
                }
            }
        }
        bundles.retain(|bundle| !bundle.parts.is_empty());
        let (whole, waiting) = bundles
            .into_iter()
            .partition(|bundle: &Bundle| bundle.missing().is_empty());
        (inbox.whole, inbox.waiting) = (in_order(whole), waiting);
        Ok(inbox)
    }

    /// Looks what a message is. Of a sender that is unknown no more than the header is read.
    fn sort(&self, lying: &Lying) -> Result<Sorted, ToolError> {
        let path = &lying.path;
        let Some(file) = maildir::open(path)? else {
            return Ok(Sorted::Gone);
        };
        let head = mailbag::read_head(&file, mail::Label::MAX_HEAD_LEN);
        let label = match head {
            Ok(head) => Label::parse(&head),
            Err(error) => Err(Note::new(Reason::ListDamaged, error.to_string())),
        };
        let found = label.and_then(|label| find(self.links, &label));
        let at = match found {
            Ok(at) => at,
            Err(note) => return Ok(Sorted::Aside(note)),
        };
        let Some(file) = maildir::open(path)? else {
            return Ok(Sorted::Gone);
        };
        let Some(bytes) = maildir::read(file, path, MAX_LETTER_LEN)? else {
            let detail = format!("{} bytes, {MAX_LETTER_LEN} are read", lying.len);
            return Ok(Sorted::Aside(Note::new(Reason::TooLong, detail)));
        };
        Ok(match read_letter(&self.links[at], &bytes) {
            Ok(letter) => Sorted::Part(at, Box::new(letter)),
            Err(note) => Sorted::Aside(note),
        })
    }

    /// Adds a part to its unit.
    fn add(
        &mut self,
        bundle: &mut Bundle,
        lying: Lying,
        letter: Box<Letter>,
    ) -> Result<(), ToolError> {
        let Letter {
            part, signature, ..
        } = *letter;
        let (id, number) = (part.unit.id().to_owned(), part.number);
        let damaged = |what: String| Note::new(Reason::ListDamaged, what);
        if part.unit != bundle.head || part.of != bundle.of {
            let what = format!("part {number} of {id} differs from the parts before it");
            return self.put_aside(&lying, damaged(what));
        }
        match bundle.parts.get(&number) {
            Some((_, there)) if *there == signature => {
                let what = format!("part {number} of {id} is there already");
                self.drop_copy(&lying.path, bundle.link, &what)
            }
            Some(_) => {
                let what = format!("part {number} of {id} is there already, with another content");
                self.put_aside(&lying, damaged(what))
            }
            None => {
                bundle.parts.insert(number, (lying, signature));
                Ok(())
            }
        }
    }

    /// Reads a unit that is whole; none where it is damaged, and then it was put aside.
    pub(in crate::tools::dxa::interorg) fn load(
        &mut self,
        bundle: &Bundle,
        mut copy: impl FnMut(&[u8], &Letter),
    ) -> Result<Option<Unit>, ToolError> {
        let link = &self.links[bundle.link];
        let mut parts = Parts::default();
        let mut bad = None;
        if bundle.len() > MAX_UNIT_LEN {
            let detail = format!("{} bytes in all, {MAX_UNIT_LEN} are read", bundle.len());
            bad = Some(Note::new(Reason::TooLong, detail));
        }
        for lying in bundle.files() {
            if bad.is_some() {
                break;
            }
            let Some(file) = maildir::open(&lying.path)? else {
                return Ok(None);
            };
            let bytes = maildir::read(file, &lying.path, MAX_LETTER_LEN)?.unwrap_or_default();
            let added = letter::read(link, &bytes).and_then(|letter| {
                copy(&bytes, &letter);
                let tables = read_changes(&letter.changes)
                    .and_then(|changes| Ok((changes, read_withheld(&letter.withheld)?)));
                tables
                    .and_then(|(changes, withheld)| parts.add(letter.part, changes, withheld))
                    .map_err(|fault| Note::new(Reason::ListDamaged, fault.to_string()))
            });
            bad = added.err();
        }
        if let Some(note) = bad {
            for lying in bundle.files() {
                self.put_aside(lying, note.clone())?;
            }
            return Ok(None);
        }
        Ok(parts.join())
    }

    /// Removes a unit: what it brought is kept, and so is what it is answered with.
    pub(in crate::tools::dxa::interorg) fn finish(
        &mut self,
        bundle: &Bundle,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        bundle
            .files()
            .try_for_each(|lying| maildir::remove(&lying.path))
    }

    /// Removes a unit, or what is there of it, that was taken before.
    pub(in crate::tools::dxa::interorg) fn finish_copy(
        &mut self,
        bundle: &Bundle,
    ) -> Result<(), ToolError> {
        let what = format!(
            "{} {} was taken before",
            task(&bundle.head),
            bundle.head.id()
        );
        let files: Vec<_> = bundle.files().map(|lying| lying.path.clone()).collect();
        let mut files = files.iter();
        files.try_for_each(|path| self.drop_copy(path, bundle.link, &what))
    }

    /// A unit was taken: what is there of others before it will not be made whole any more, and is removed. Returns what
    /// was missing of each.
    pub(in crate::tools::dxa::interorg) fn supersede(
        &mut self,
        taken: &Bundle,
    ) -> Result<Vec<Note>, ToolError> {
        let is_done = |bundle: &Bundle| bundle.link == taken.link && is_superseded(bundle, taken);
        let (done, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(is_done);
        self.waiting = waiting;
        let mut notes = Vec::new();
        let done: Vec<Bundle> = done;
        for bundle in done {
            self.finish(&bundle)?;
            let missing = spelt(&bundle.missing());
            let detail = format!(
                "{} {}: part {missing} of {} did not come; {} came instead",
                task(&bundle.head),
                bundle.head.id(),
                bundle.of,
                taken.head.id()
            );
            let note = Note::new(Reason::SequenceGap, detail);
            let event = Event::new(Severity::Warn, "parts of a message were given up");
            let event = event.with("branch", self.links[bundle.link].branch());
            self.say(
                event
                    .with("reason", note.reason)
                    .with("detail", &note.detail),
            );
            notes.push(note);
        }
        Ok(notes)
    }

    /// Takes units out of those that wait.
    pub(in crate::tools::dxa::interorg) fn take_waiting(
        &mut self,
        mut is_wanted: impl FnMut(&Bundle) -> Result<bool, ToolError>,
    ) -> Result<Vec<Bundle>, ToolError> {
        let mut taken = Vec::new();
        for bundle in std::mem::take(&mut self.waiting) {
            match is_wanted(&bundle)? {
                true => taken.push(bundle),
                false => self.waiting.push(bundle),
            }
        }
        Ok(taken)
    }

    /// Returns what is to be said.
    pub(in crate::tools::dxa::interorg) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Makes durable that messages are gone.
    pub(in crate::tools::dxa::interorg) fn sync(&self) {
        for part in ["new", "cur"] {
            // What comes back is a copy, and is removed then.
            let _unsynced = maildir::sync(&self.root.join(part));
        }
    }

    fn drop_copy(&mut self, path: &Path, link: usize, what: &str) -> Result<(), ToolError> {
        if !self.dry_run {
            maildir::remove(path)?;
        }
        self.copies += 1;
        let event = Event::new(Severity::Info, "a copy of a message was removed");
        let event = event.with("branch", self.links[link].branch());
        self.say(event.with("because", what));
        Ok(())
    }

    fn put_aside(&mut self, lying: &Lying, note: Note) -> Result<(), ToolError> {
        let name = match self.dry_run {
            true => lying.name(),
            false => self.quarantine.put(&lying.path, &note, self.now)?,
        };
        let event = Event::new(Severity::Warn, "a message was put aside");
        let event = event.with("file", &name).with("reason", note.reason);
        self.say(event.with("detail", &note.detail));
        self.aside.push((name, note));
        Ok(())
    }

    fn say(&mut self, event: Event) {
        self.events.push(event);
    }
}

enum Sorted {
    Gone,
    Aside(Note),
    Part(usize, Box<Letter>),
}

/// Finds whom a message is from: the one who is registered under that name, writes from that address, and means this side.
fn find(links: &[Link], label: &Label) -> Result<usize, Note> {
    let Label { from, to, address } = label;
    let mut same = links
        .iter()
        .enumerate()
        .filter(|(_, link)| link.other == *from);
    let Some((at, link)) = same.find(|(_, link)| link.own == *to) else {
        let known = links.iter().any(|link| link.other == *from);
        return Err(match known {
            true => Note::new(Reason::ListForOther, format!("from {from}, for {to}")),
            false => {
                let detail = format!("{from} ({address}) is not registered");
                Note::new(Reason::UnknownRequestor, detail)
            }
        });
    };
    if !address.eq_ignore_ascii_case(link.other_address.as_str()) {
        let registered = &link.other_address;
        let detail = format!("it is from {address:?}, and {from} is registered with {registered}");
        return Err(Note::new(Reason::UnknownRequestor, detail));
    }
    Ok(at)
}
