//! Organizations with a directory each, the hub that they share, and the programs of all of them; mail goes through Maildirs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dirsync::directory::entry::Entry;
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{ConnectOptions, Connection, Password, Search};

use super::scene::NOW;
use crate::support::Run;
use crate::support::slapd::{ADMIN, Setup, Slapd};

/// Where people are that go out.
pub(super) const PEOPLE: &str = "ou=People,o=Org";

/// Where entries of the others come.
const OTHERS: &str = "ou=Others,o=Org";

/// An organization.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) slapd: Slapd,
    folder: PathBuf,
}

/// All of them. The first one is the organization of the hub, and its branch speaks with the hub without mail.
pub(super) struct World {
    root: tempfile::TempDir,
    pub(super) members: Vec<Member>,
}

impl World {
    pub(super) fn new(names: &[&str]) -> Self {
        Self::with(names, "")
    }

    /// The same with more settings of the hub.
    pub(super) fn with(names: &[&str], hub: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let unit = |name: &str| {
            format!("dn: ou={name},o=Org\nobjectClass: organizationalUnit\nou: {name}\n\n")
        };
        let members = names.iter().map(|name| Member {
            name: (*name).to_owned(),
            slapd: Setup::new()
                .content(&(unit("People") + &unit("Others")))
                .start(),
            folder: root.path().join(name),
        });
        let world = Self {
            members: members.collect(),
            root,
        };
        for (at, member) in world.members.iter().enumerate() {
            fs::create_dir_all(&member.folder).expect("made");
            fs::write(member.folder.join("secret"), member.slapd.password()).expect("written");
            fs::write(member.folder.join("key"), key(&member.name)).expect("written");
            let registered = match at {
                0 => world.hub(hub),
                _ => String::new(),
            };
            let text = world.branch(member, at == 0, "") + &registered;
            fs::write(member.folder.join("dxa.toml"), text).expect("written");
        }
        world
    }

    /// The part of a configuration that makes it the hub.
    fn hub(&self, more: &str) -> String {
        let mut text = format!("[hub]\naddress = \"dirsync@hub.example\"\n{more}\n");
        for (at, Member { name, .. }) in self.members.iter().enumerate() {
            let place = match at {
                0 => "address = \"local\"".to_owned(),
                _ => format!("address = \"{}\"\nkey-file = \"{name}.key\"", address(name)),
            };
            let file = self.members[0].folder.join(format!("{name}.key"));
            fs::write(file, key(name)).expect("written");
            text.push_str(&format!("[[hub.branch]]\nname = \"{name}\"\n{place}\n"));
        }
        text
    }

    fn branch(&self, member: &Member, is_local: bool, more: &str) -> String {
        let Member { name, slapd, .. } = member;
        let post = self.root.path().join("post");
        let (own, hub) = match is_local {
            true => (
                "dirsync@hub.example".to_owned(),
                "hub = \"local\"".to_owned(),
            ),
            false => (
                address(name),
                "hub = \"dirsync@hub.example\"\nkey-file = \"key\"".to_owned(),
            ),
        };
        format!(
            "[agent]\ndata = \"data\"\n[directory]\nurl = \"{}\"\nbind-dn = \"{ADMIN}\"\npassword-file = \"secret\"\n\
             [mail]\nmaildir = \"{}\"\nfolder = \"{}\"\n[branch]\nname = \"{name}\"\naddress = \"{}\"\n{hub}\n\
             import-container = \"{OTHERS}\"\n{more}\n[[branch.export]]\ncontainer = \"{PEOPLE}\"\n",
            slapd.url(),
            post.join(&own).display(),
            post.display(),
            address(name),
        )
    }

    pub(super) fn member(&self, name: &str) -> &Member {
        let found = self.members.iter().find(|member| member.name == name);
        found.unwrap_or_else(|| panic!("no organization {name}"))
    }

    /// Everybody asks, the hub answers, everybody hears.
    pub(super) fn round(&self) -> Vec<(String, Run)> {
        self.round_with("cycle")
    }

    /// The same with another command line.
    pub(super) fn round_with(&self, line: &str) -> Vec<(String, Run)> {
        let (hub, others) = self.members.split_first().expect("a hub");
        let turns = others.iter().chain([hub]).chain(others);
        turns
            .map(|member| (member.name.clone(), member.dxa(line)))
            .collect()
    }
}

fn address(name: &str) -> String {
    format!("dirsync@{}.example", name.to_lowercase())
}

fn key(name: &str) -> String {
    format!("a key of {name} that nobody guesses\n")
}

impl Member {
    pub(super) fn dxa(&self, line: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
        command.arg("--config").arg(self.folder.join("dxa.toml"));
        command.args(line.split_whitespace());
        command.env("DIRSYNC_NOW", NOW).env("TZ", "UTC");
        Run::of(command.output().expect("it runs"))
    }

    /// Adds a person; without a mail address where that is empty.
    pub(super) fn person(&self, name: &str, uid: &str, mail: &str) {
        let mail = match mail {
            "" => String::new(),
            mail => format!("mail: {mail}\n"),
        };
        let last = name.split(' ').next_back().expect("a name");
        self.slapd.add(&format!(
            "dn: cn={name},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: {name}\n\
             sn: {last}\ndisplayName: {name}\nuid: {uid}\n{mail}\n"
        ));
    }

    /// Changes an entry by LDIF.
    pub(super) fn modify(&self, dn: &str, lines: &str) {
        let output = self
            .slapd
            .client("ldapmodify", &[], &format!("dn: {dn}\n{lines}\n"));
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns what it has of the others, as `uid mail`, sorted.
    pub(super) fn others(&self) -> Vec<String> {
        let mut shown: Vec<_> = self
            .entries()
            .iter()
            .map(|entry| {
                let text = |name: &str| entry.attributes.text(name).unwrap_or("-").to_owned();
                format!("{} {}", text("uid"), text("mail"))
            })
            .collect();
        shown.sort();
        shown
    }

    /// Returns the entries that it has of the others.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let options = ConnectOptions::new(&self.slapd.url());
        let options = options.login(ADMIN, Password::new(self.slapd.password()));
        let mut directory = Connection::open(&options).expect("connected");
        let others = dirsync::directory::dn::Dn::parse(OTHERS).expect("a name");
        let search = Search::new(others).filter(Filter::equal("objectClass", "syncRemoteAddress"));
        directory.find(&search).expect("read")
    }
}
