//! What stays of a run beside the table: readable copies of all messages (`spec/exchange.md` IO-19), when a branch was last
//! heard of (IO-17), and the settings that were in force, so that the next run can say what is another (IO-20).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::config::Config;
use super::post::letter::{self, Letter};
use crate::directory::interorg::wire::Part;
use crate::tools::dxa::config::{Changed, difference, fingerprint};
use crate::tools::dxa::event::{Event, Severity, whole};
use crate::tools::dxa::home::unusable;
use crate::tools::dxa::mail::copies::{CopyFolder, Way};
use crate::tools::dxa::mail::copytext::copy_of_texts;
use crate::tools::exit::ToolError;
use crate::tools::outfile::OutFile;

/// A message, to be copied once it is known what became of it.
pub(super) type Kept = Vec<(Vec<u8>, String, Vec<u8>, Vec<u8>)>;

/// What stays of a run.
#[derive(Debug)]
pub(super) struct Evidence {
    copies: Option<CopyFolder>,
    contacts: BTreeMap<String, Timestamp>,
}

impl Evidence {
    pub(super) fn new(config: &Config, now: Timestamp) -> Self {
        Self {
            copies: config
                .copies
                .as_ref()
                .map(|copies| CopyFolder::new(copies, now)),
            contacts: BTreeMap::new(),
        }
    }

    /// Keeps a message that came.
    pub(super) fn of_letter(&self, bytes: &[u8], letter: &Letter, kept: &mut Kept) {
        if self.copies.is_some() {
            let text = letter.part.to_text();
            kept.push((
                bytes.to_vec(),
                text,
                letter.changes.clone(),
                letter.withheld.clone(),
            ));
        }
    }

    /// Keeps a message that goes.
    pub(super) fn of_part(&self, bytes: &[u8], part: &Part, kept: &mut Kept) {
        if self.copies.is_some() {
            let (changes, withheld) = letter::tables(bytes);
            kept.push((bytes.to_vec(), part.to_text(), changes, withheld));
        }
    }

    /// What came was dealt with.
    pub(super) fn received(&mut self, branch: &str, kept: Kept, became: &str) {
        self.copy(Way::Received, branch, kept, Some(became));
    }

    /// What goes is queued.
    pub(super) fn sent(&mut self, branch: &str, kept: Kept) {
        self.copy(Way::Sent, branch, kept, None);
    }

    fn copy(&mut self, way: Way, branch: &str, kept: Kept, became: Option<&str>) {
        let Some(copies) = &mut self.copies else {
            return;
        };
        let said = copies.said(way, &format!("branch {branch}"), became);
        for (bytes, text, changes, withheld) in kept {
            let files = [
                ("changes.csv", &changes[..]),
                ("withheld.csv", &withheld[..]),
            ];
            copies.put(way, branch, copy_of_texts(&bytes, &text, &files, &said));
        }
        copies.write();
    }

    /// A branch was heard of.
    pub(super) fn heard_of(&mut self, branch: &str, now: Timestamp) {
        self.contacts.insert(branch.to_uppercase(), whole(now));
    }

    /// Writes what stays. That something cannot be written is said, and stops nothing.
    pub(super) fn write(&mut self, config: &Config) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(copies) = &mut self.copies {
            events.extend(copies.take_event());
        }
        if !self.contacts.is_empty() {
            let mut all = contacts(&config.data);
            all.append(&mut self.contacts);
            let text = serde_json::to_string(&all).unwrap_or_default();
            events.extend(put(&contacts_file(&config.data), &text).err());
        }
        events
    }
}

fn contacts_file(data: &Path) -> PathBuf {
    data.join("contacts.json")
}

/// Returns when each branch was last heard of.
pub(super) fn contacts(data: &Path) -> BTreeMap<String, Timestamp> {
    let text = fs::read_to_string(contacts_file(data)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Forgets when a branch was last heard of.
pub(super) fn forget_contact(data: &Path, branch: &str) -> Option<Event> {
    let mut all = contacts(data);
    all.remove(&branch.to_uppercase())?;
    let text = serde_json::to_string(&all).unwrap_or_default();
    put(&contacts_file(data), &text).err()
}

/// The settings of a run, and what is another than in the run before.
#[derive(Debug, serde::Serialize)]
pub(super) struct Settings {
    /// Two configurations that say the same have the same.
    pub(super) hash: String,
    pub(super) changed: Vec<Changed>,
}

impl Settings {
    /// Compares a configuration with that of the run before; of the first run nothing is another.
    pub(super) fn compare(data: &Path, text: &str) -> Self {
        let before = fs::read_to_string(settings_file(data));
        Self {
            hash: fingerprint(text),
            changed: before
                .map(|before| difference(&before, text))
                .unwrap_or_default(),
        }
    }

    /// Says what is another.
    pub(super) fn events(&self) -> Vec<Event> {
        let nothing = || "not set".to_owned();
        let all = self.changed.iter().map(|changed| {
            let (was, is) = (&changed.before, &changed.after);
            let setting = &changed.setting;
            let event = Event::new(Severity::Info, "setting is another").with("setting", setting);
            let event = event.with("was", was.clone().unwrap_or_else(nothing));
            event.with("is", is.clone().unwrap_or_else(nothing))
        });
        all.collect()
    }

    /// Keeps a configuration for the next run; passwords and keys stand in none.
    pub(super) fn keep(data: &Path, text: &str) -> Option<Event> {
        let path = settings_file(data);
        match fs::read_to_string(&path) {
            Ok(before) if before == text => None,
            _ => put(&path, text).err(),
        }
    }
}

fn settings_file(data: &Path) -> PathBuf {
    data.join("settings.toml")
}

fn put(path: &Path, text: &str) -> Result<(), Event> {
    let write = || {
        let mut file = OutFile::create(path)?;
        file.write_all(text.as_bytes())?;
        file.put_in_place()
    };
    write().map_err(|error| Event::of_error(&unusable(path, error)))
}

/// Looks whether the files can be kept.
///
/// # Errors
/// Why not.
pub(super) fn check(config: &Config) -> Result<(), ToolError> {
    match &config.copies {
        Some(copies) => crate::tools::dxa::mail::copies::check(&copies.folder)
            .map_err(|error| unusable(&copies.folder, error)),
        None => Ok(()),
    }
}
