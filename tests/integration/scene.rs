//! A temporary postoffice, and the programs run on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::{CodecError, Record};
use dirsync::postoffice::setup;

/// A postoffice of its own for one test.
pub(crate) struct Scene {
    root: tempfile::TempDir,
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Returns the screen without the two lines of the banner and the empty one behind them.
    pub(crate) fn screen(&self) -> &str {
        let mut parts = self.stdout.splitn(4, '\n');
        assert!(
            parts
                .next()
                .is_some_and(|line| line.starts_with("Microsoft Mail for the PC v3.2, ")),
            "{self:?}"
        );
        assert_eq!(
            parts.next(),
            Some("(C) Microsoft Corp. 1993-1994. All rights reserved")
        );
        assert_eq!(parts.next(), Some(""));
        parts.next().expect("a screen behind the banner")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "one object on one line");
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}

impl Scene {
    /// Makes the postoffice of the published screens.
    pub(crate) fn new() -> Self {
        Self::with_page(CodePage::Cp850)
    }

    pub(crate) fn with_page(page: CodePage) -> Self {
        let root = tempfile::tempdir().unwrap();
        let name = PostofficeName::parse(b"POLYNOMIAL/MONTGOMERY", page).unwrap();
        setup::create(&root.path().join("PO"), &name, page).unwrap();
        Self { root }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("PO")
    }

    /// Returns a path beside the postoffice.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn glb(&self, name: &str) -> PathBuf {
        self.path().join("GLB").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.glb(name), bytes).unwrap();
    }

    pub(crate) fn write_record<T: Record>(&self, name: &str, record: &T) {
        let mut bytes = vec![0; T::LEN];
        record.encode(&mut bytes);
        self.write(name, &bytes);
    }

    pub(crate) fn read_record<T: Record>(&self, name: &str) -> Result<T, CodecError> {
        T::decode(&fs::read(self.glb(name)).unwrap())
    }

    /// Runs a program with the tokens of `line`, UTC and a fixed clock.
    pub(crate) fn run(&self, program: &str, line: &str) -> Ran {
        self.run_at(program, line, "UTC", "2026-11-21T08:30:00Z")
    }

    /// Runs a program in another zone and at another time.
    pub(crate) fn run_at(&self, program: &str, line: &str, zone: &str, now: &str) -> Ran {
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .arg(format!("-d{}", self.path().display()))
            .current_dir(self.root.path())
            .env_clear()
            .envs([("TZ", zone), ("DIRSYNC_NOW", now)]);
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ran {
            code: output.status.code().expect("ended by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Returns every file and directory of the postoffice with its bytes.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        walk(&self.path(), &mut found);
        found
    }

    /// Runs a program that must leave every byte as it was, and make no file.
    pub(crate) fn run_reading(&self, program: &str, line: &str) -> Ran {
        let before = self.tree();
        let ran = self.run(program, line);
        assert!(before == self.tree(), "{line}: wrote something: {ran:?}");
        ran
    }
}

fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
            found.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
}

/// Returns the bytes of a queue.
pub(crate) fn queue(records: &[QueueRecord]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap().0
}
