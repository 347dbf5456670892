//! Speed, memory and mail of organizations around a hub: `cargo bench --bench interorg`.
//!
//! Each organization has a tree of its own on one server, with the same number of people; the first one has the hub. All send
//! what they have, the hub answers, all take it: `first`. Then one in a hundred changes everywhere: `day`. Then nothing
//! does: `none`. Shown are the time of all programs together, the largest memory of a branch and of the hub, and the bytes
//! that were mailed. `peer` is `ldapadd` of what one branch took at first, or `ldapmodify` of the changes of the day, into a
//! container beside, times the branches; `ratio` is the time of all against that. The hub and both its ways by mail have no peer.
//!
//! - `DIRSYNC_BENCH_ENTRIES`: people of all organizations together, `5k` by default; `full` is 50k.
//! - `DIRSYNC_BENCH_ORGS`: organizations, `10` by default.
//! - `DIRSYNC_BENCH_DIR`: where server and agents lie; the directory of temporary files by default.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::slapd::{PASSWORD, Server};
use common::{directory, list, measure, mebibytes, millis, ratio};

fn main() {
    println!(
        "{:>8} {:>5} {:6} {:>10} {:>10} {:>10} {:>6} {:>10} {:>10} {:>10}",
        "entries", "orgs", "round", "all", "processor", "peer", "ratio", "branch", "hub", "mailed"
    );
    for &orgs in &list("DIRSYNC_BENCH_ORGS", "10", "10") {
        for &entries in &list("DIRSYNC_BENCH_ENTRIES", "5k", "50k") {
            bench(entries / orgs, orgs);
        }
    }
}

fn bench(each: usize, orgs: usize) {
    let place = directory();
    let names: Vec<String> = (1..=orgs).map(|n| format!("ORG{n}")).collect();
    let shown: Vec<_> = names.iter().map(String::as_str).collect();
    let server = Server::start(&place.path().join("slapd"), &shown);
    let world = World {
        root: place.path(),
        names: &names,
        server: &server,
    };
    world.fill(each);
    let changed = each.div_ceil(100);
    for round in ["first", "day", "none"] {
        if round == "day" {
            world.change(changed);
        }
        let ran = world.round();
        world.check(each, if round == "first" { 0 } else { changed });
        let peer = match round {
            "first" => world.peer_adds(each * (orgs - 1)) * u32::try_from(orgs).unwrap_or(1),
            "day" => world.peer_changes(changed * (orgs - 1)) * u32::try_from(orgs).unwrap_or(1),
            _ => Duration::ZERO,
        };
        let shown = match peer.is_zero() {
            true => "-".to_owned(),
            false => format!("{:.2}", ratio(ran.time, peer)),
        };
        println!(
            "{:>8} {orgs:>5} {round:6} {:>8.0}ms {:>8.0}ms {:>8.0}ms {shown:>6} {:>7.1}MiB {:>7.1}MiB {:>7.2}MiB",
            each * orgs,
            millis(ran.time),
            millis(ran.processor),
            millis(peer),
            mebibytes(ran.branch),
            mebibytes(ran.hub),
            mebibytes(ran.mailed),
        );
    }
}

/// What all programs of a round cost.
#[derive(Default)]
struct Ran {
    time: Duration,
    processor: Duration,
    branch: u64,
    hub: u64,
    mailed: u64,
}

struct World<'w> {
    root: &'w Path,
    names: &'w [String],
    server: &'w Server,
}

impl World<'_> {
    fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Puts people into all trees, and configures all agents.
    fn fill(&self, each: usize) {
        for (at, name) in self.names.iter().enumerate() {
            let mut ldif = format!("dn: o={name}\nobjectClass: organization\no: {name}\n\n");
            for unit in ["People", "Others", "Peer"] {
                let _ = write!(
                    ldif,
                    "dn: ou={unit},o={name}\nobjectClass: organizationalUnit\nou: {unit}\n\n"
                );
            }
            for n in 0..each {
                ldif.push_str(&person(&format!("ou=People,o={name}"), name, n));
            }
            self.server.client("ldapadd", &admin(name), &ldif);
            let folder = self.folder(name);
            fs::create_dir_all(&folder).expect("made");
            fs::write(folder.join("secret"), PASSWORD).expect("written");
            fs::write(folder.join("key"), format!("a key of {name} for a bench")).expect("written");
            fs::write(folder.join("dxa.toml"), self.config(name, at == 0)).expect("written");
        }
    }

    fn config(&self, name: &str, is_hub: bool) -> String {
        let post = self.root.join("post").display().to_string();
        let (own, hub) = match is_hub {
            true => ("hub@bench.example".to_owned(), "hub = \"local\"".to_owned()),
            false => (
                address(name),
                "hub = \"hub@bench.example\"\nkey-file = \"key\"".to_owned(),
            ),
        };
        let mut text = format!(
            "[agent]\ndata = \"data\"\n[directory]\nurl = \"{}\"\nbind-dn = \"{}\"\npassword-file = \"secret\"\n\
             [mail]\nmaildir = \"{post}/{own}\"\nfolder = \"{post}\"\n[branch]\nname = \"{name}\"\naddress = \"{}\"\n{hub}\n\
             import-container = \"ou=Others,o={name}\"\n[[branch.export]]\ncontainer = \"ou=People,o={name}\"\n",
            self.server.url,
            admin(name),
            address(name)
        );
        if is_hub {
            text.push_str("[hub]\naddress = \"hub@bench.example\"\n");
            for other in self.names {
                let place = match other == name {
                    true => "address = \"local\"".to_owned(),
                    false => format!(
                        "address = \"{}\"\nkey-file = \"../{other}/key\"",
                        address(other)
                    ),
                };
                let _ = write!(text, "[[hub.branch]]\nname = \"{other}\"\n{place}\n");
            }
        }
        text
    }

    /// Gives some people of each organization another title.
    fn change(&self, changed: usize) {
        for name in self.names {
            let mut ldif = String::new();
            for n in 0..changed {
                let _ = write!(
                    ldif,
                    "dn: uid=u{n},ou=People,o={name}\nchangetype: modify\nreplace: title\ntitle: Manager\n-\n\n"
                );
            }
            self.server.client("ldapmodify", &admin(name), &ldif);
        }
    }

    /// All ask, the hub answers, all take it.
    fn round(&self) -> Ran {
        let mut ran = Ran::default();
        let others = &self.names[1..];
        for name in others {
            self.run(name, &mut ran);
        }
        self.run(&self.names[0], &mut ran);
        for name in others {
            self.run(name, &mut ran);
        }
        ran
    }

    fn run(&self, name: &str, ran: &mut Ran) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
        command
            .arg("--config")
            .arg(self.folder(name).join("dxa.toml"));
        let measured = measure(command.args(["cycle", "--json"]));
        let summary: serde_json::Value =
            serde_json::from_str(&measured.output).expect("one object");
        ran.time += measured.time;
        ran.processor += measured.processor;
        ran.mailed += summary["mail"]["bytes"].as_u64().expect("bytes");
        match *name == self.names[0] {
            true => ran.hub = ran.hub.max(measured.memory),
            false => ran.branch = ran.branch.max(measured.memory),
        }
    }

    /// Adds as many entries as a branch took, with the usual client.
    fn peer_adds(&self, count: usize) -> Duration {
        let name = &self.names[0];
        let entries: String = (0..count)
            .map(|n| person(&format!("ou=Peer,o={name}"), "PEER", n))
            .collect();
        self.server.client("ldapadd", &admin(name), &entries)
    }

    fn peer_changes(&self, count: usize) -> Duration {
        let name = &self.names[0];
        let mut ldif = String::new();
        for n in 0..count {
            let _ = write!(
                ldif,
                "dn: uid=u{n},ou=Peer,o={name}\nchangetype: modify\nreplace: title\ntitle: Manager\n-\n\n"
            );
        }
        self.server.client("ldapmodify", &admin(name), &ldif)
    }

    /// Makes sure that each organization has all of the others, and of each of them those who were changed.
    fn check(&self, each: usize, changed: usize) {
        let others = self.names.len() - 1;
        for name in self.names {
            let base = format!("ou=Others,o={name}");
            let count = |filter: &str| self.server.count(&admin(name), &base, filter);
            let all = count("(objectClass=syncRemoteAddress)");
            assert_eq!(all, each * others, "{name} has all of the others");
            let new = count("(title=Manager)");
            assert_eq!(new, changed * others, "{name} has all changes");
        }
    }
}

fn admin(name: &str) -> String {
    format!("cn=admin,o={name}")
}

fn address(name: &str) -> String {
    format!("dirsync@{}.example", name.to_lowercase())
}

fn person(container: &str, org: &str, n: usize) -> String {
    format!(
        "dn: uid=u{n},{container}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\nuid: u{n}\n\
         cn: User {n} of {org}\nsn: User {n}\ndisplayName: User {n} of {org}\nmail: u{n}@{}.example\ntitle: Clerk\n\
         telephoneNumber: +1 555 {n:07}\nl: Town {}\n\n",
        org.to_lowercase(),
        n % 50
    )
}
