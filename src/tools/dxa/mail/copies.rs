//! Copies of all messages, for people (`spec/exchange.md` DX-33): a folder that keeps the last ones.
//!
//! A copy is written once what became of its message is settled, so that it says nothing that is not so. That one cannot be
//! written is said, and stops nothing: neither the exchange nor the mail depends on the folder or on what is in it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::copytext::copy_of;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::tools::dxa::config::{self, Connection};
use crate::tools::dxa::event::{Event, Severity};

/// What a copy is called whose message belongs to no connection.
const UNKNOWN: &str = "unknown";

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Way {
    Received,
    Sent,
}

impl Way {
    const ALL: [Self; 2] = [Self::Received, Self::Sent];

    fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// The copies of messages of a postoffice.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Copies {
    folder: CopyFolder,
    own: PostofficeName,
    code_page: CodePage,
}

impl Copies {
    /// Begins; `None` where no copies are wanted.
    pub(in crate::tools::dxa) fn new(agent: &config::Agent, now: Timestamp) -> Option<Self> {
        let copies = agent.copies.as_ref()?;
        Some(Self {
            folder: CopyFolder::new(copies, now),
            own: agent.address.clone(),
            code_page: agent.code_page,
        })
    }

    /// Makes a copy, to be written by [`Self::write`]; `became` says what came of a message that arrived.
    pub(in crate::tools::dxa) fn add(
        &mut self,
        way: Way,
        connection: Option<&Connection>,
        bytes: &[u8],
        became: Option<&str>,
    ) {
        let name = connection.map_or(UNKNOWN, |connection| &connection.name);
        let page = connection.map_or(self.code_page, |connection| connection.code_page);
        let said = self.folder.said(way, &format!("connection {name}"), became);
        let text = copy_of(bytes, &self.own, page, &said);
        self.folder.put(way, name, text);
    }

    /// Writes what waits, and takes the oldest ones away.
    pub(in crate::tools::dxa) fn write(&mut self) {
        self.folder.write();
    }

    /// Says that copies could not be kept, once for the run.
    pub(in crate::tools::dxa) fn take_event(&mut self) -> Option<Event> {
        self.folder.take_event()
    }

    /// Notes that one could not be kept.
    pub(in crate::tools::dxa) fn fail(&mut self, error: &io::Error) {
        self.folder.fail(error);
    }
}

/// The folder, and the copies on their way into it.
#[derive(Debug)]
pub(in crate::tools::dxa) struct CopyFolder {
    folder: PathBuf,
    keep: usize,
    now: Timestamp,
    waiting: Vec<(Way, String, String)>,
    failed: Option<(String, u32)>,
}

impl CopyFolder {
    /// Begins.
    pub(in crate::tools::dxa) fn new(copies: &config::Copies, now: Timestamp) -> Self {
        Self {
            folder: copies.folder.clone(),
            keep: copies.keep as usize,
            now,
            waiting: Vec::new(),
            failed: None,
        }
    }

    /// Returns the first line of the text of a copy.
    pub(in crate::tools::dxa) fn said(
        &self,
        way: Way,
        about: &str,
        became: Option<&str>,
    ) -> String {
        let (word, now) = (way.word(), self.now);
        let became = became.map(|became| format!("; {became}"));
        let became = became.unwrap_or_default();
        format!("Copy of a message, not to be sent: {word} at {now}; {about}{became}.")
    }

    /// Takes a copy, to be written by [`Self::write`].
    pub(in crate::tools::dxa) fn put(&mut self, way: Way, name: &str, text: String) {
        self.waiting.push((way, name.to_owned(), text));
    }

    /// Writes what waits, and takes the oldest ones away.
    pub(in crate::tools::dxa) fn write(&mut self) {
        let mut is_well = true;
        for (way, name, text) in std::mem::take(&mut self.waiting) {
            if let Err(error) = self.write_one(way, &name, &text) {
                self.fail(&error);
                is_well = false;
            }
        }
        if is_well {
            if let Err(error) = self.trim() {
                self.fail(&error);
            }
        }
    }

    /// Says that copies could not be kept, once for the run.
    pub(in crate::tools::dxa) fn take_event(&mut self) -> Option<Event> {
        let (error, count) = self.failed.take()?;
        let event = Event::new(Severity::Warn, "copies of messages could not be kept");
        let event = event.with("folder", self.folder.display());
        Some(event.with("failures", count).with("error", error))
    }

    /// Notes that one could not be kept.
    pub(in crate::tools::dxa) fn fail(&mut self, error: &io::Error) {
        let failed = self.failed.get_or_insert_with(|| (error.to_string(), 0));
        failed.1 += 1;
    }

    /// Writes one copy: all of it is there, or nothing.
    fn write_one(&self, way: Way, name: &str, text: &str) -> io::Result<()> {
        let time = self.now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut staged = tempfile::Builder::new()
            .prefix(".dxa-copy-")
            .tempfile_in(&self.folder)?;
        staged.write_all(text.as_bytes())?;
        staged.as_file().sync_all()?;
        let there = names(&self.folder)?;
        let numbers = there.iter().filter_map(|there| {
            let number = there.strip_prefix(&*time)?.get(1..7)?;
            number.parse::<u32>().ok()
        });
        let mut number = numbers.max().unwrap_or(0);
        loop {
            number += 1;
            let path = self
                .folder
                .join(format!("{time}-{number:06}-{}-{name}.eml", way.word()));
            match staged.persist_noclobber(&path) {
                Ok(_) => return Ok(()),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                    staged = error.file;
                }
                Err(error) => return Err(error.error),
            }
        }
    }

    /// Takes the oldest copies away, and nothing else that lies in the folder.
    fn trim(&self) -> io::Result<()> {
        let mut names = names(&self.folder)?;
        let surplus = names.len().saturating_sub(self.keep);
        names.sort_unstable();
        for name in &names[..surplus] {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Looks whether the folder is there and can be written.
///
/// # Errors
/// Why it cannot be used.
pub(in crate::tools::dxa) fn check(folder: &Path) -> io::Result<()> {
    let metadata = fs::metadata(folder)?;
    if !metadata.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut probe = tempfile::Builder::new()
        .prefix(".dxa")
        .tempfile_in(folder)?;
    probe.write_all(b"-")
}

/// Returns the names of the copies in a folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_copy(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Tells whether a file is named as copies are: `20261127T100000Z-000001-received-HQ.eml`.
fn is_copy(name: &str) -> bool {
    let Some(name) = name.strip_suffix(".eml") else {
        return false;
    };
    let parts: Vec<_> = name.splitn(4, '-').collect();
    let [time, number, way, connection] = &parts[..] else {
        return false;
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_time = time.len() == 16
        && time.char_indices().all(|(at, c)| match at {
            8 => c == 'T',
            15 => c == 'Z',
            _ => c.is_ascii_digit(),
        });
    let is_way = Way::ALL.iter().any(|known| known.word() == *way);
    is_time && number.len() == 6 && is_number(number) && is_way && !connection.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_as_a_copy_is_one() {
        assert!(is_copy("20261127T100000Z-000001-received-HQ.eml"));
        assert!(is_copy("20261127T100000Z-000001-sent-my-branch.x.eml"));
        for name in [
            "20261127T100000Z-000001-received-.eml",
            "20261127T100000Z-000001-received-HQ.txt",
            "20261127T100000Z-1-received-HQ.eml",
            "20261127T100000-000001-received-HQ.eml",
            "20261127T100000Z-000001-kept-HQ.eml",
            "letter.eml",
        ] {
            assert!(!is_copy(name), "{name}");
        }
    }
}
