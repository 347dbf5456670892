//! A hub: its configuration, its Maildir, and the real program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::directory::interorg::Answer;

use super::letter::Letter;
use super::org::{HUB, Org};
use crate::support::Run;

/// The moment that runs happen at.
pub(super) const NOW: &str = "2026-11-27T10:00:00Z";

/// A hub with branches.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    letters: std::cell::Cell<u64>,
}

impl Scene {
    /// Makes a hub where these are registered; mail goes into Maildirs.
    pub(super) fn new(orgs: &[&Org]) -> Self {
        Self::with(orgs, "folder = \"post\"", "")
    }

    /// As [`Self::new`], with another way of mail, and more settings of `[hub]`.
    pub(super) fn with(orgs: &[&Org], way: &str, hub: &str) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().expect("a folder"),
            letters: std::cell::Cell::new(0),
        };
        scene.configure(orgs, way, hub);
        scene
    }

    /// Writes the configuration.
    pub(super) fn configure(&self, orgs: &[&Org], way: &str, hub: &str) {
        self.configure_agent("", orgs, way, hub);
    }

    /// Writes the configuration, with more settings of `[agent]`.
    pub(super) fn configure_agent(&self, agent: &str, orgs: &[&Org], way: &str, hub: &str) {
        let mut text = format!(
            "[agent]\ndata = \"data\"\n{agent}\n[mail]\n{way}\n[hub]\naddress = \"{HUB}\"\n{hub}\n"
        );
        for org in orgs {
            let file = format!("{}.key", org.name);
            fs::write(self.path(&file), &org.key).expect("written");
            text.push_str(&format!(
                "[[hub.branch]]\nname = \"{}\"\naddress = \"{}\"\nkey-file = \"{file}\"\n",
                org.name, org.address
            ));
        }
        fs::write(self.path("dxa.toml"), text).expect("written");
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self, name: &str) -> PathBuf {
        self.path("data").join(name)
    }

    /// Runs `dxa` with the words of a line.
    pub(super) fn dxa(&self, line: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
        self.prepare(&mut command, line);
        Run::of(command.output().expect("it runs"))
    }

    /// Gives a command the configuration, the words of a line and the time.
    pub(super) fn prepare(&self, command: &mut Command, line: &str) {
        command.arg("--config").arg(self.path("dxa.toml"));
        command.args(line.split_whitespace());
        command.env("DIRSYNC_NOW", NOW).env("TZ", "UTC");
    }

    /// Runs a cycle, and returns what it says as JSON.
    #[track_caller]
    pub(super) fn cycle(&self, exit: i32) -> serde_json::Value {
        self.dxa("cycle --json").ends(exit).json()
    }

    /// Puts bytes into the Maildir, as a mail system does.
    pub(super) fn deliver_bytes(&self, bytes: &[u8]) -> PathBuf {
        let number = self.letters.get() + 1;
        self.letters.set(number);
        let path = self.data(&format!("mail/new/{number:06}.test"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Delivers messages.
    pub(super) fn deliver(&self, letters: &[Letter]) {
        for letter in letters {
            self.deliver_bytes(&letter.bytes());
        }
    }

    /// Sends a request of a branch.
    pub(super) fn ask(&self, org: &mut Org) {
        let request = org.ask();
        self.deliver(&org.letters(request));
    }

    /// Takes what came for an address.
    pub(super) fn collect(&self, org: &Org) -> Vec<Letter> {
        let folder = self.path("post").join(&org.address).join("new");
        let found = files(&folder);
        let letters = found.into_iter().map(|(path, bytes)| {
            fs::remove_file(path).expect("removed");
            Letter::read(&bytes)
        });
        letters.collect()
    }

    /// Takes the answer that came for a branch, which has to be whole.
    #[track_caller]
    pub(super) fn answer(&self, org: &Org) -> Answer {
        let letters = self.collect(org);
        let answer = org.read(&letters);
        answer.unwrap_or_else(|| panic!("{} messages make no answer", letters.len()))
    }

    /// A branch asks, the hub answers, the branch applies it.
    #[track_caller]
    pub(super) fn round(&self, orgs: &mut [&mut Org], exit: i32) -> serde_json::Value {
        for org in orgs.iter_mut() {
            self.ask(org);
        }
        let done = self.cycle(exit);
        for org in orgs.iter_mut() {
            let answer = self.answer(org);
            assert_eq!(org.hear(&answer), []);
        }
        done
    }

    /// Returns what lies in the Maildir of the hub.
    pub(super) fn lying(&self) -> usize {
        ["new", "cur"]
            .iter()
            .map(|part| files(&self.data("mail").join(part)).len())
            .sum()
    }

    /// Returns the reasons for which messages were put aside.
    pub(super) fn reasons(&self) -> Vec<String> {
        let found = files(&self.data("quarantine")).into_iter();
        let reasons = found.filter(|(path, _)| path.extension().is_some_and(|e| e == "reason"));
        reasons
            .map(|(_, bytes)| {
                String::from_utf8(bytes)
                    .expect("text")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    /// Returns what the master table says, without what is random.
    pub(super) fn table(&self) -> BTreeMap<String, String> {
        let database = rusqlite::Connection::open(self.data("master.db")).expect("a table");
        let mut rows = BTreeMap::new();
        for (sql, columns) in [
            ("SELECT 'last', last, forgotten FROM head", 2),
            (
                "SELECT name, taken_epoch, taken_usn, taken_by, confirmed FROM member",
                4,
            ),
            ("SELECT key, usn, shown, waiting, reason FROM entry", 4),
            ("SELECT address, key FROM claim", 1),
            ("SELECT branch || ' ' || id, 'seen' FROM seen", 1),
        ] {
            let mut statement = database.prepare(sql).expect("a statement");
            let read = statement.query_map([], |row| {
                let value = |at: usize| row.get::<_, rusqlite::types::Value>(at);
                let values: Vec<_> = (1..=columns).map(|at| value(at).expect("there")).collect();
                Ok((row.get::<_, String>(0)?, format!("{values:?}")))
            });
            for row in read.expect("rows") {
                let (key, value) = row.expect("a row");
                rows.insert(
                    format!("{} {key}", sql.rsplit(' ').next().expect("a table")),
                    value,
                );
            }
        }
        rows
    }
}

/// Returns the files of a folder by name, with their bytes.
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = paths
        .map(|path| {
            let bytes = fs::read(&path).expect("read");
            (path, bytes)
        })
        .collect();
    found.sort();
    found
}
