//! An agent among real postoffices: `external` carries the mail, the programs of PC Mail are the other side.

use std::cell::Cell;
use std::fs;

use super::scene::Scene;
use crate::cycle::site::{Letter, Site};
use crate::support::slapd::Setup;
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
        let net = Self::new(offices, offices);
        let server = offices[0];
        let words = format!("config dirsync server requestors create {AGENT}");
        net.site.admin(server, &words).ends(0);
        net
    }

    /// The agent is the server of all offices; the one that was it before is left out.
    pub(super) fn server(offices: &[&'static str]) -> Self {
        let all = [&["NET1/OLD"], offices].concat();
        let net = Self::new(&all, offices);
        for office in offices {
            let words = format!("config dirsync requestor registration {AGENT}");
            net.site.admin(office, &words).ends(0);
        }
        net
    }

    fn new(all: &[&'static str], offices: &[&'static str]) -> Self {
        let scene = Scene::new();
        // The first run makes the agent's postoffice.
        scene.dxa("lists").ends(0);
        let site = Site::new(all);
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

    /// Lets the agent and an office that it serves each have somebody of the other.
    pub(super) fn meet(&self, office: &str) {
        self.scene.person("Lena Berg", "LENA");
        self.site.user(office, "Otto");
        for _ in 0..3 {
            self.round_served().ends(0);
        }
        assert_eq!(self.site.names_in(office, AGENT), ["Lena Berg"]);
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
}

/// Returns the messages in the quarantine of the agent.
pub(super) fn quarantine(scene: &Scene) -> Vec<String> {
    let files = fs::read_dir(scene.data("postoffice/MBG/QUARANT/new"));
    let read = |file: std::io::Result<fs::DirEntry>| {
        let bytes = fs::read(file.expect("an entry").path()).expect("readable");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    files.into_iter().flatten().map(read).collect()
}

/// Returns the messages in a Maildir of the agent.
pub(super) fn letters(scene: &Scene, maildir: &str) -> Vec<Letter> {
    let own = crate::support::name(AGENT);
    Letter::all(&scene.data("postoffice").join(maildir), &own)
}

/// An agent whose requests nobody answers.
pub(super) struct Alone {
    pub(super) scene: Scene,
    last: Cell<u32>,
}

impl Alone {
    pub(super) fn new() -> Self {
        Self::on(Setup::new())
    }

    /// The same with more settings of the connection.
    pub(super) fn with(settings: &str) -> Self {
        let alone = Self::new();
        alone.scene.configure(settings);
        alone
    }

    pub(super) fn on(setup: Setup) -> Self {
        Self {
            scene: Scene::on(setup),
            last: Cell::new(0),
        }
    }

    /// Runs a cycle; returns what the request has that none before it had, as `A Name|PCM:...`.
    pub(super) fn cycle(&self) -> Vec<String> {
        self.cycle_with("")
    }

    pub(super) fn cycle_with(&self, options: &str) -> Vec<String> {
        let sent = self.cycle_lines(options).into_iter();
        sent.map(|text| text.split("~- ").next().unwrap_or_default().to_owned())
            .collect()
    }

    /// As [`Self::cycle_with`], with the template lines behind a `~- `.
    pub(super) fn cycle_lines(&self, options: &str) -> Vec<String> {
        self.scene.dxa(&format!("cycle {options}")).ends(0);
        self.fresh()
    }

    /// Takes the request that was sent.
    pub(super) fn fresh(&self) -> Vec<String> {
        let letters = letters(&self.scene, "P1/new");
        let [letter] = &letters[..] else {
            panic!("{} messages were sent", letters.len());
        };
        fs::remove_file(&letter.path).expect("removed");
        let mut sent = letter.queued();
        sent.retain(|(number, _)| *number > self.last.get());
        if let Some((number, _)) = sent.last() {
            self.last.set(*number);
        }
        sent.into_iter().map(|(_, text)| text).collect()
    }

    /// Runs a cycle that sends nothing.
    pub(super) fn cycle_that_ends(&self, exit: i32) -> Run {
        let run = self.scene.dxa("cycle").ends(exit);
        let sent = letters(&self.scene, "P1/new");
        assert!(sent.is_empty(), "{} messages were sent", sent.len());
        run
    }

    /// Runs a cycle and returns what was said of the sending.
    pub(super) fn report(&self) -> serde_json::Value {
        let report = self.scene.dxa("cycle --json").ends(0).json();
        self.fresh();
        report["connections"][0]["sent"].clone()
    }
}
