//! A server that answers the agent by hand, in every form that transactions have.

use std::fs;

use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::timestamp::Timestamp;

use super::net::AGENT;
use super::scene::{CONTAINER, Scene};

pub(super) const SERVER: &str = "NET1/PO1";

/// Where the transactions of a message are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    InBody,
    InAttachment,
    Internal,
}

pub(super) const FORMS: [Form; 3] = [Form::InBody, Form::InAttachment, Form::Internal];

/// Replies of the server, one after the other.
pub(super) struct Server {
    pub(super) scene: Scene,
    pub(super) number: u32,
}

impl Server {
    /// The agent has the entries.
    pub(super) fn new(more: &str, entries: &[&str]) -> Self {
        let scene = Scene::new();
        scene.configure(more);
        scene.dxa("cycle").ends(0);
        let mut server = Self { scene, number: 39 };
        let list = [&["R PCM:NET1/PO1"], entries].concat();
        server.put(Form::Internal, "IMPORT", &list);
        server.scene.dxa("cycle --step t3").ends(0);
        assert_eq!(server.scene.shown().len(), entries.len());
        server
    }

    /// Puts a reply with these transactions, their lines joined by CR LF.
    pub(super) fn put(&mut self, form: Form, task: &str, texts: &[&str]) {
        self.number += 1;
        let number = self.number;
        let count = texts.len();
        let text = || {
            let mut text = "[DIRSYNC-TRANSACTIONS]\r\n".to_owned();
            for line in texts {
                text.push_str(&format!("{number:010} {line}\r\n"));
            }
            text
        };
        let profile =
            format!("TASK={task}\nREQNAME=PCM:{AGENT}\nREQSEQ=1\nSRVSEQ={number}\nIMPSEQ=3\n");
        let name = format!("reply{number}");
        match form {
            Form::InBody => {
                let text = text();
                let lines: Vec<_> = text.lines().skip(1).collect();
                self.scene.put_mail(SERVER, &name, &profile, &lines);
            }
            Form::InAttachment => {
                let profile = format!("{profile}COUNT={count}\n");
                let bytes = text();
                self.attach(
                    &name,
                    &profile,
                    "INATTACHMENT",
                    "TMPTRANS.GLB",
                    bytes.as_bytes(),
                );
            }
            Form::Internal => {
                let mut queue = QueueWriter::new(Vec::new(), &Framing::OURS);
                for text in texts {
                    let text = text.as_bytes().to_vec();
                    let record = QueueRecord::transaction(Timestamp(1), number, 0, text);
                    queue.write(&record).expect("a record");
                }
                let (bytes, _) = queue.finish().expect("memory");
                let profile = format!("{profile}COUNT={count}\n");
                self.attach(&name, &profile, "INTERNAL", "SRVUPDS.GLB", &bytes);
            }
        }
    }

    /// Puts a message with an attachment.
    fn attach(&self, name: &str, profile: &str, form: &str, file: &str, bytes: &[u8]) {
        self.scene.put_attached(
            SERVER,
            name,
            &format!("TRANSACTIONS={form}\n{profile}"),
            file,
            bytes,
        );
    }

    /// Takes the reply; returns what became of its transactions.
    pub(super) fn take(&self, exit: i32) -> Vec<serde_json::Value> {
        let report = self.scene.data("../report");
        let _ = fs::remove_file(&report);
        let line = format!("cycle --step t3 --report {}", report.display());
        self.scene.dxa(&line).ends(exit);
        let text = fs::read_to_string(&report).expect("a report");
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        lines
            .filter(|line: &serde_json::Value| line["action"].is_string())
            .collect()
    }

    /// Returns `attribute=value` of an entry, without what moves by itself.
    pub(super) fn entry(&self, key: &str) -> Vec<String> {
        shown(&self.scene, key)
    }
}

fn shown(scene: &Scene, key: &str) -> Vec<String> {
    let entries = scene.entries(CONTAINER);
    let mut found = entries
        .iter()
        .filter(|entry| entry.attributes.text("syncKey") == Some(key));
    let entry = found.next().unwrap_or_else(|| panic!("no entry {key}"));
    let moves = [
        "entryCSN",
        "modifyTimestamp",
        "modifiersName",
        "createTimestamp",
        "structuralObjectClass",
        "syncSourceSeq",
    ];
    let pairs = entry
        .attributes
        .iter()
        .filter(|(name, _)| !moves.contains(name));
    let pairs = pairs.flat_map(|(name, values)| {
        values
            .iter()
            .map(move |value| format!("{name}={}", String::from_utf8_lossy(value)))
    });
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    pairs
}

/// What an entry has afterwards that it did not have, and the other way round.
pub(super) fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before
        .iter()
        .filter(|pair| !after.contains(pair))
        .map(|pair| format!("-{pair}"));
    let new = after
        .iter()
        .filter(|pair| !before.contains(pair))
        .map(|pair| format!("+{pair}"));
    gone.chain(new).collect()
}
