//! Organizations with a directory each, and the hub that they share.

use std::fs;
use std::path::PathBuf;

use dirsync::directory::dn::Dn;
use dirsync::directory::entry::Entry;
use dirsync::directory::filter::Filter;
use dirsync::directory::interorg::master::{answer, take};
use dirsync::directory::interorg::store::{MasterTable, SqliteTable};
use dirsync::directory::interorg::{Answer, Epoch, Receipt, Request, Taken};
use dirsync::directory::ldap::{ConnectOptions, Connection, Password, Search};
use dirsync::plan::outcome::{Outcome, Reason};
use dirsync::tools::cli::clock::Clock;
use dirsync::tools::cli::interrupt::Interrupt;
use dirsync::tools::dxa::interorg::branch::{Asked, BranchSide, Line, Took, Wanted};
use dirsync::tools::dxa::interorg::config::Config;
use dirsync::tools::exit::ToolError;

use crate::support::slapd::{ADMIN, Setup, Slapd};

/// Where people are that go out.
pub(super) const PEOPLE: &str = "ou=People,o=Org";

/// Where entries of the others come.
pub(super) const OTHERS: &str = "ou=Others,o=Org";

/// An organization. All have a tree of the same name: nothing may depend on its being another one.
pub(super) struct Org {
    pub(super) name: String,
    pub(super) slapd: Slapd,
    folder: tempfile::TempDir,
}

impl Org {
    pub(super) fn new(name: &str) -> Self {
        Self::on(name, Setup::new())
    }

    pub(super) fn on(name: &str, setup: Setup) -> Self {
        let unit = |name: &str| {
            format!("dn: ou={name},o=Org\nobjectClass: organizationalUnit\nou: {name}\n\n")
        };
        let content = unit("People") + &unit("Others");
        let org = Self {
            name: name.to_owned(),
            slapd: setup.content(&content).start(),
            folder: tempfile::tempdir().expect("a folder"),
        };
        org.configure("");
        org
    }

    /// Writes the configuration, with more settings of the branch.
    pub(super) fn configure(&self, more: &str) {
        self.configure_export(more, PEOPLE, "");
    }

    /// The same with another export container, and more settings behind it.
    pub(super) fn configure_export(&self, more: &str, container: &str, behind: &str) {
        let name = &self.name;
        let text = format!(
            "[agent]\ndata = \"data\"\n[directory]\nurl = \"{}\"\nbind-dn = \"{ADMIN}\"\npassword-file = \"secret\"\n\
             [mail]\nfolder = \"post\"\n[branch]\nname = \"{name}\"\naddress = \"dirsync@{}.example\"\n\
             hub = \"dirsync@hub.example\"\nkey-file = \"key\"\nimport-container = \"{OTHERS}\"\n{more}\n\
             [[branch.export]]\ncontainer = \"{container}\"\n{behind}\n",
            self.slapd.url(),
            name.to_lowercase()
        );
        self.write_config(&text);
    }

    pub(super) fn write_config(&self, text: &str) {
        let write = |file: &str, text: &str| {
            fs::write(self.folder.path().join(file), text).expect("written");
        };
        write("secret", self.slapd.password());
        write("key", "a key that nobody guesses, long enough\n");
        write("dxa.toml", text);
    }

    pub(super) fn config_text(&self) -> String {
        fs::read_to_string(self.folder.path().join("dxa.toml")).expect("read")
    }

    pub(super) fn config(&self) -> Config {
        let path = self.folder.path().join("dxa.toml");
        Config::parse(&self.config_text(), &path).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn data(&self, file: &str) -> PathBuf {
        self.folder.path().join("data").join(file)
    }

    /// Opens the branch and does something with it.
    pub(super) fn try_with<T>(
        &self,
        dry_run: bool,
        act: impl FnOnce(&mut BranchSide<'_>) -> Result<T, ToolError>,
    ) -> Result<T, ToolError> {
        let now = "2026-11-27T10:00:00Z".parse().expect("a moment");
        let clock = Clock::fixed(now, jiff::tz::TimeZone::UTC);
        let config = self.config();
        let mut side = BranchSide::open(&config, clock, Interrupt::default(), dry_run)?;
        act(&mut side)
    }

    #[track_caller]
    pub(super) fn with<T>(
        &self,
        act: impl FnOnce(&mut BranchSide<'_>) -> Result<T, ToolError>,
    ) -> T {
        match self.try_with(false, act) {
            Ok(done) => done,
            Err(error) => panic!("{}: {error} ({:?})", self.name, error.exit),
        }
    }

    #[track_caller]
    pub(super) fn ask(&self) -> (Request, Asked) {
        self.with(|side| side.ask(Wanted::default()))
    }

    #[track_caller]
    pub(super) fn hear(&self, answer: &Answer) -> Took {
        self.with(|side| side.hear(answer, None))
    }

    /// Adds a person with a mail address and more lines.
    #[track_caller]
    pub(super) fn person(&self, name: &str, uid: &str, mail: &str, more: &str) {
        let mail = match mail {
            "" => String::new(),
            mail => format!("mail: {mail}\n"),
        };
        let last = name.split(' ').next_back().expect("a name");
        self.slapd.add(&format!(
            "dn: cn={name},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: {name}\n\
             sn: {last}\ndisplayName: {name}\nuid: {uid}\n{mail}{more}\n"
        ));
    }

    /// Replaces the value of an attribute of an entry.
    #[track_caller]
    pub(super) fn replace(&self, dn: &str, attribute: &str, value: &str) {
        self.slapd.modify(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    #[track_caller]
    pub(super) fn delete(&self, dn: &str) {
        self.slapd
            .modify(&format!("dn: {dn}\nchangetype: delete\n"));
    }

    pub(super) fn connection(&self) -> Connection {
        let options = ConnectOptions::new(&self.slapd.url());
        let options = options.login(ADMIN, Password::new(self.slapd.password()));
        Connection::open(&options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the entries of others, with their operational attributes, by display name and key.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let search = Search::new(Dn::parse("o=Org").expect("a name")).attributes(&["*", "+"]);
        let owner = format!("hub/{}", self.name);
        let search = search.filter(Filter::equal("syncImportedFrom", owner));
        let mut found = self
            .connection()
            .find(&search)
            .unwrap_or_else(|error| panic!("{error}"));
        let text = |entry: &Entry, name: &str| entry.attributes.text(name).map(str::to_owned);
        found.sort_by_key(|entry| (text(entry, "displayName"), text(entry, "syncKey")));
        found
    }

    /// Returns `BRANCH name <mail>` of every entry of others.
    pub(super) fn shown(&self) -> Vec<String> {
        let entries = self.entries();
        let shown = entries.iter().map(|entry| {
            let text = |name| entry.attributes.text(name).unwrap_or("-");
            let branch = text("syncKey").split(':').next().unwrap_or("-");
            format!("{branch} {} <{}>", text("displayName"), text("mail"))
        });
        shown.collect()
    }

    /// Returns the entry of others with this display name.
    #[track_caller]
    pub(super) fn entry(&self, name: &str) -> Entry {
        let entries = self.entries();
        let mut found = entries
            .into_iter()
            .filter(|entry| entry.attributes.text("displayName") == Some(name));
        let entry = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} is there twice");
        entry
    }
}

/// The hub.
pub(super) struct Hub {
    table: SqliteTable,
    folder: tempfile::TempDir,
    answers: u32,
    epochs: u32,
}

impl Hub {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.db");
        Self {
            table: SqliteTable::open(&path, || epoch(0)).expect("a table"),
            folder,
            answers: 0,
            epochs: 0,
        }
    }

    /// Copies the table, as a backup does.
    pub(super) fn back_up(&self) {
        let path = |file| self.folder.path().join(file);
        fs::copy(path("master.db"), path("copy.db")).expect("copied");
    }

    /// Restores the copy.
    pub(super) fn restore(&mut self) {
        let path = |file| self.folder.path().join(file);
        fs::copy(path("copy.db"), path("restored.db")).expect("copied");
        self.table = SqliteTable::open(&path("restored.db"), || epoch(0)).expect("a table");
    }

    /// Takes requests, then answers them.
    pub(super) fn serve(&mut self, requests: &[&Request]) -> Vec<(Taken, Answer)> {
        let mut change = self.table.begin().expect("begun");
        let mut taken = Vec::new();
        for request in requests {
            let epochs = &mut self.epochs;
            let fresh = || {
                *epochs += 1;
                epoch(*epochs)
            };
            taken.push(take(&mut *change, request, fresh).expect("taken"));
        }
        let mut served = Vec::new();
        for (request, taken) in requests.iter().zip(taken) {
            self.answers += 1;
            let id = format!("answer-{}", self.answers);
            let receipt = Receipt(format!("receipt-{}", self.answers));
            let answer = answer(&mut *change, request, &taken, &id, receipt).expect("answered");
            served.push((taken, answer));
        }
        change.commit().expect("kept");
        served
    }

    /// One cycle of one branch: it asks, and hears the answer.
    #[track_caller]
    pub(super) fn cycle(&mut self, org: &Org) -> (Asked, Taken, Took) {
        self.cycle_with(org, Wanted::default())
    }

    #[track_caller]
    pub(super) fn cycle_with(&mut self, org: &Org, wanted: Wanted) -> (Asked, Taken, Took) {
        let (request, asked) = org.with(|side| side.ask(wanted));
        let (taken, answer) = self.serve(&[&request]).remove(0);
        let took = org.with(|side| side.hear(&answer, wanted.allow_deletes));
        (asked, taken, took)
    }

    /// One round: all ask, the hub takes what they have, and all hear its answers.
    #[track_caller]
    pub(super) fn round(&mut self, orgs: &[&Org]) -> Vec<(Asked, Taken, Took)> {
        let asked: Vec<_> = orgs.iter().map(|org| org.ask()).collect();
        let requests: Vec<_> = asked.iter().map(|(request, _)| request).collect();
        let served = self.serve(&requests);
        let all = orgs.iter().zip(asked).zip(served);
        all.map(|((org, (_, asked)), (taken, answer))| {
            let took = org.hear(&answer);
            assert!(took.counts.adds_up(), "{:?}", took.counts);
            (asked, taken, took)
        })
        .collect()
    }
}

fn epoch(number: u32) -> Epoch {
    Epoch::new(&format!("hub-{number}")).expect("an epoch")
}

/// Returns the lines that have a reason.
pub(super) fn because(lines: &[Line], reason: Reason) -> Vec<&Line> {
    let lines = lines.iter();
    lines.filter(|line| line.reason == Some(reason)).collect()
}

/// Returns the lines that ended so.
pub(super) fn ended(lines: &[Line], outcome: Outcome) -> Vec<&Line> {
    let lines = lines.iter();
    lines.filter(|line| line.outcome == outcome).collect()
}
