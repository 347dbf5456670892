//! An agent among real postoffices: `external` carries the mail, the programs of PC Mail are the other side.

use dirsync::protocol::mail::{Mail, Reader};
use dirsync::protocol::message::BodyReader;

use super::scene::Scene;
use crate::cycle::site::{Letter, PAGE, Site, queue_of};
use crate::support::{Run, run};

/// The agent's own postoffice.
pub(super) const AGENT: &str = "NET1/AGENT";

/// An agent and a site.
pub(super) struct Net {
    pub(super) scene: Scene,
    pub(super) site: Site,
    offices: Vec<&'static str>,
}

impl Net {
    /// The agent is a requestor of the first office.
    pub(super) fn requestor(offices: &[&'static str]) -> Self {
        let net = Self::new(offices);
        let server = offices[0];
        let words = format!("config dirsync server requestors create {AGENT}");
        net.site.admin(server, &words).ends(0);
        net
    }

    /// The agent is the server of all offices, each a site of its own.
    pub(super) fn server(offices: &[&'static str]) -> Self {
        let net = Self::new(offices);
        for office in offices {
            let words = format!("config dirsync requestor registration {AGENT}");
            net.site.admin(office, &words).ends(0);
        }
        net
    }

    fn new(offices: &[&'static str]) -> Self {
        let scene = Scene::new();
        // The first run makes the agent's postoffice.
        scene.dxa("lists").ends(0);
        let site = Site::new(offices);
        for office in offices {
            let route = format!("direct:{}", scene.data("postoffice").display());
            let words = format!("external create {AGENT} --route {route}");
            site.admin(office, &words).ends(0);
        }
        Self {
            scene,
            site,
            offices: offices.to_vec(),
        }
    }

    /// Carries all mail.
    pub(super) fn carry(&self) -> Run {
        let mut args = vec!["-0".to_owned()];
        args.push(format!("-d{}", self.scene.data("postoffice").display()));
        for office in &self.offices {
            args.push(format!("-d{}", self.site.path(office).display()));
        }
        run("external", args, |_| {})
    }

    /// One cycle of everybody, with the agent a requestor: its T1, T2 at the server, T3 everywhere.
    pub(super) fn round(&self) -> Run {
        let ran = self.scene.dxa("cycle").ends(0);
        self.serve();
        self.scene.dxa("cycle --step t3").ends(0);
        ran
    }

    /// T1, T2 and T3 of the others.
    pub(super) fn serve(&self) {
        for office in &self.offices {
            self.site.t1(office);
        }
        self.carry();
        self.site.t2();
        self.carry();
        for office in &self.offices {
            self.site.t3(office);
        }
    }

    /// One cycle of everybody, with the agent the server.
    pub(super) fn round_served(&self) -> Run {
        for office in &self.offices {
            self.site.t1(office);
        }
        self.carry();
        let ran = self.scene.dxa("cycle");
        self.carry();
        for office in &self.offices {
            self.site.t3(office);
        }
        ran
    }

    /// Returns what the agent has sent and nobody has taken.
    pub(super) fn sent(&self) -> Vec<Letter> {
        letters(&self.scene, "P1/new")
    }

    /// Returns the messages in the quarantine of the agent.
    pub(super) fn quarantine(&self) -> Vec<String> {
        let folder = self.scene.data("postoffice/MBG/QUARANT/new");
        let files = std::fs::read_dir(folder).into_iter().flatten();
        let read = |file: std::io::Result<std::fs::DirEntry>| {
            let bytes = std::fs::read(file.expect("an entry").path()).expect("readable");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        files.map(read).collect()
    }
}

/// Returns the messages in a Maildir of the agent.
fn letters(scene: &Scene, maildir: &str) -> Vec<Letter> {
    let own = crate::support::name(AGENT);
    let files = std::fs::read_dir(scene.data("postoffice").join(maildir));
    let mut paths: Vec<_> = files
        .into_iter()
        .flatten()
        .map(|file| file.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).expect("readable");
        let reader = Reader {
            own: &own,
            code_page: PAGE,
        };
        let mail = Mail::parse(&bytes, &reader).expect("a message of ours");
        let text = BodyReader::open(&mail.body[..], PAGE).expect("readable");
        let profile = text.and_then(|body| body.profile().cloned());
        Letter {
            path,
            mail,
            profile: profile.unwrap_or_default(),
        }
    };
    paths.into_iter().map(read).collect()
}

/// Runs a cycle and returns the transactions that were sent with it, as `A Name|PCM:...`; the message is thrown away, so
/// that the next one has them again unless something confirms them.
pub(super) fn sent_by(scene: &Scene, line: &str) -> Vec<String> {
    scene.dxa(line).ends(0);
    let letters = letters(scene, "P1/new");
    let letter = letters.last().expect("a message was sent");
    let sent = match letter.mail.transactions() {
        Ok(attachment) => queue_of(&attachment.bytes),
        Err(_) => Vec::new(),
    };
    for letter in &letters {
        std::fs::remove_file(&letter.path).expect("removed");
    }
    sent.into_iter().map(|(_, text)| text).collect()
}
