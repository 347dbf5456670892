//! Reading what has changed in place of all (`spec/exchange.md` DX-12, LD-09, LD-10): it comes to the same.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::scene::Scene;
use crate::support::Run;
use crate::support::relay::Relay;
use crate::support::slapd::{Setup, Slapd};

const PEOPLE: &str = "ou=People,o=Org";

/// Keeps the last change of each server, as one does that others copy from.
fn setup() -> Setup {
    let limits = "limits dn.exact=\"cn=agent,o=Org\" size=unlimited size.prtotal=unlimited";
    Setup::new()
        .global("serverID 1")
        .database(limits)
        .overlay("syncprov", &["syncprov-checkpoint 1 1"])
}

fn people(scene: &Scene, count: usize) {
    let ldif: Vec<_> = (0..count).map(|number| person(number, PEOPLE)).collect();
    scene.add(&ldif.concat());
}

fn person(number: usize, container: &str) -> String {
    format!(
        "dn: cn=P{number},{container}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: P{number}\n\
         sn: P\ndisplayName: P{number}\ntitle: t\nsyncProxyPrimary: MS:NET1/AGENT/P{number}\n\n"
    )
}

/// Runs T1 and returns what was sent.
fn cycle(scene: &Scene) -> Value {
    let run = scene.dxa("cycle --step t1 --json").ends(0);
    run.json()["connections"][0]["sent"].clone()
}

/// Returns how many entries were read whole, and why all were.
fn reading(sent: &Value) -> (u64, Option<&str>) {
    let reading = &sent["readings"][0];
    let entries = reading["entries"].as_u64().expect("a number");
    (entries, reading["all_because"].as_str())
}

/// Returns the numbers of D, M and A.
fn counts(sent: &Value) -> [u64; 3] {
    ["deleted", "modified", "added"].map(|name| sent[name].as_u64().expect("a number"))
}

#[test]
fn only_what_has_changed_is_read_again() {
    let scene = Scene::on(setup());
    people(&scene, 20);
    let first = cycle(&scene);
    assert_eq!(counts(&first), [0, 0, 20]);
    let (entries, because) = reading(&first);
    assert_eq!((entries, because), (21, Some("it was not read before")));
    let second = cycle(&scene);
    assert_eq!((reading(&second), counts(&second)), ((0, None), [0, 0, 0]));
    scene.replace(&format!("cn=P3,{PEOPLE}"), "title", "u");
    scene.add(&person(20, PEOPLE));
    let output = scene
        .slapd
        .client("ldapdelete", &[&format!("cn=P4,{PEOPLE}")], "");
    assert!(output.status.success(), "{output:?}");
    let third = cycle(&scene);
    assert_eq!((reading(&third), counts(&third)), ((2, None), [1, 1, 1]));
    assert_eq!(third["considered"], 20);
    // What no line is made of changes the entry, and nothing is sent.
    scene.replace(&format!("cn=P5,{PEOPLE}"), "carLicense", "B-AB 1");
    let fourth = cycle(&scene);
    assert_eq!((reading(&fourth), counts(&fourth)), ((1, None), [0, 0, 0]));
}

#[test]
fn a_dry_run_and_the_setting_read_all() {
    let scene = Scene::on(setup());
    people(&scene, 20);
    cycle(&scene);
    scene.replace(&format!("cn=P3,{PEOPLE}"), "title", "u");
    let files = scene.files();
    let run = scene.dxa("cycle --step t1 --json --dry-run").ends(0).json();
    let sent = &run["connections"][0]["sent"];
    assert_eq!(reading(sent), (21, Some("it is a dry run")));
    assert_eq!(counts(sent), [0, 1, 0]);
    assert_eq!(scene.files(), files);
    let text = fs::read_to_string(scene.config()).expect("readable");
    let text = text.replace("[directory]\n", "[directory]\nfull-read-hours = 0\n");
    fs::write(scene.config(), text).expect("written");
    let sent = cycle(&scene);
    assert_eq!(reading(&sent), (21, Some("full-read-hours is 0")));
    assert_eq!(counts(&sent), [0, 1, 0]);
}

#[test]
fn after_a_day_all_is_read_again() {
    let scene = Scene::on(setup());
    people(&scene, 20);
    cycle(&scene);
    let at = |moment: &str| {
        let mut command = scene.command("cycle --step t1 --json");
        command.env("DIRSYNC_NOW", moment);
        let run = Run::of(command.output().expect("it runs")).ends(0).json();
        run["connections"][0]["sent"].clone()
    };
    let late = at("2026-11-28T09:59:59Z");
    assert_eq!(reading(&late), (0, None));
    let later = at("2026-11-28T10:00:00Z");
    assert_eq!(reading(&later), (21, Some("that was 24 hours ago")));
    let latest = at("2026-11-28T12:00:00Z");
    assert_eq!(reading(&latest), (0, None));
    // A clock that was set back is no reason to rest on what is known for long.
    let back = at("2026-11-20T12:00:00Z");
    assert!(reading(&back).1.is_some(), "{back}");
}

#[test]
fn a_mirror_that_is_damaged_or_lost_is_made_anew() {
    let scene = Scene::on(setup());
    people(&scene, 20);
    cycle(&scene);
    let path = scene.data("mirror.db");
    let whole = fs::read(&path).expect("readable");
    let mut damaged = whole.clone();
    // All of them: pages may have remains of what lies elsewhere.
    for at in 0..whole.len() - 8 {
        if whole[at..].starts_with(b"NET1/AGE") {
            damaged[at] ^= 1;
        }
    }
    for (bytes, because) in [
        (Some(&damaged[..]), "what was read before cannot be used"),
        (
            Some(&whole[..whole.len() / 2]),
            "what was read before cannot be used",
        ),
        (
            Some(b"nothing of the kind"),
            "what was read before cannot be used",
        ),
        (None, "it was not read before"),
    ] {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
        let sent = cycle(&scene);
        assert_eq!(reading(&sent), (21, Some(because)));
        assert_eq!(counts(&sent), [0, 0, 0]);
        cycle(&scene);
        assert_eq!(reading(&cycle(&scene)), (0, None));
    }
}

#[test]
fn ldc_016_what_is_newly_hidden_or_gone_or_out_of_sight_is_a_deletion() {
    // Who is hidden, the agent does not even see.
    let rule = "to filter=(title=invisible) by dn.exact=\"cn=admin,o=Org\" write by * none";
    let scene = Scene::on(setup().access(rule));
    people(&scene, 20);
    scene.bind_as_agent();
    cycle(&scene);
    scene.replace(&format!("cn=P1,{PEOPLE}"), "syncHidden", "TRUE");
    scene.replace(&format!("cn=P2,{PEOPLE}"), "title", "invisible");
    let output = scene
        .slapd
        .client("ldapdelete", &[&format!("cn=P3,{PEOPLE}")], "");
    assert!(output.status.success(), "{output:?}");
    let sent = cycle(&scene);
    assert_eq!((reading(&sent), counts(&sent)), ((1, None), [3, 0, 0]));
    assert_eq!(sent["deleted_because"]["hidden"], 1, "{sent}");
    let sent = cycle(&scene);
    assert_eq!((reading(&sent), counts(&sent)), ((0, None), [0, 0, 0]));
    // And what is shown again comes back.
    scene.replace(&format!("cn=P1,{PEOPLE}"), "syncHidden", "FALSE");
    scene.replace(&format!("cn=P2,{PEOPLE}"), "title", "t");
    let sent = cycle(&scene);
    assert_eq!((reading(&sent), counts(&sent)), ((2, None), [0, 0, 2]));
}

/// A directory with the same people under the same address: what it says of its changes is not about this one.
fn made_anew(backup: &str) -> String {
    let marks = [
        "entryUUID",
        "entryCSN",
        "contextCSN",
        "createTimestamp",
        "modifyTimestamp",
    ];
    let lines = backup.lines();
    let lines = lines.filter(|line| !marks.iter().any(|mark| line.starts_with(mark)));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn ldc_035_another_server_instance_is_read_whole_and_its_difference_is_right() {
    let scene = Scene::on(setup());
    people(&scene, 20);
    let relay = scene.through_relay();
    cycle(&scene);
    assert_eq!(reading(&cycle(&scene)), (0, None));
    let backup = scene.slapd.slapcat();

    // The same content, made anew, with one difference.
    let mut other = setup().start();
    other.restore(&made_anew(&backup).replace("title: t", "title: u"));
    lead_to(&scene, &relay, &other);
    let sent = cycle(&scene);
    assert_eq!(reading(&sent), (21, Some("the tree was made anew")));
    assert_eq!(counts(&sent), [0, 20, 0]);
    assert_eq!(reading(&cycle(&scene)), (0, None));

    // Back at the first, which is another one again.
    lead_to(&scene, &relay, &scene.slapd);
    let sent = cycle(&scene);
    assert_eq!(reading(&sent), (21, Some("the tree was made anew")));
    assert_eq!(counts(&sent), [0, 20, 0]);

    // A copy of it that another server writes to: what both know is known.
    let mut copy = Setup::new()
        .global("serverID 2")
        .overlay("syncprov", &["syncprov-checkpoint 1 1"])
        .start();
    copy.restore(&backup);
    lead_to(&scene, &relay, &copy);
    replace_at(&copy, "P7", "title", "v");
    let sent = cycle(&scene);
    assert_eq!((reading(&sent), counts(&sent)), ((1, None), [0, 1, 0]));
    // The first knows nothing of the second's change.
    lead_to(&scene, &relay, &scene.slapd);
    let sent = cycle(&scene);
    assert_eq!(
        reading(&sent),
        (21, Some("server 002 is not known there any more"))
    );
    assert_eq!(counts(&sent), [0, 1, 0]);
}

/// Lets the agent find another server under the same address.
fn lead_to(scene: &Scene, relay: &Relay, server: &Slapd) {
    relay.lead_to(server.place());
    let secret = scene.config().with_file_name("secret");
    fs::write(secret, server.password()).expect("written");
}

fn replace_at(server: &Slapd, name: &str, attribute: &str, value: &str) {
    server.modify(&format!(
        "dn: cn={name},{PEOPLE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
    ));
}

#[test]
fn ldc_035_a_directory_that_was_restored_is_read_whole_and_its_difference_is_right() {
    for is_noted in [true, false] {
        let setup = match is_noted {
            true => setup(),
            // A directory that keeps no note of its last change.
            false => Setup::new(),
        };
        let mut scene = Scene::on(setup);
        people(&scene, 20);
        cycle(&scene);
        let backup = scene.slapd.slapcat();
        scene.replace(&format!("cn=P1,{PEOPLE}"), "title", "u");
        scene.add(&person(20, PEOPLE));
        let output = scene
            .slapd
            .client("ldapdelete", &[&format!("cn=P2,{PEOPLE}")], "");
        assert!(output.status.success(), "{output:?}");
        scene.replace(&format!("cn=P3,{PEOPLE}"), "title", "u");
        let sent = cycle(&scene);
        assert_eq!((reading(&sent), counts(&sent)), ((3, None), [1, 2, 1]));
        scene.slapd.restore(&backup);
        let sent = cycle(&scene);
        let because = match is_noted {
            true => "server 001 was set back",
            false => "its newest entry is gone or was set back",
        };
        assert_eq!(reading(&sent), (21, Some(because)));
        assert_eq!(counts(&sent), [1, 2, 1], "all of it is taken back");
        assert_eq!(reading(&cycle(&scene)), (0, None));
    }
}

/// Numbers without order, the same in every run.
struct Dice(u32);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }
}

/// People of a directory by name, each with the unit it lies in.
struct Town {
    dice: Dice,
    people: Vec<(String, String)>,
    next: usize,
    /// The name of the unit below the first container, which changes.
    sub: String,
}

impl Town {
    fn units(&self) -> [String; 4] {
        [
            PEOPLE.to_owned(),
            format!("{},{PEOPLE}", self.sub),
            "ou=More,o=Org".to_owned(),
            // Exported by nobody.
            "ou=Away,o=Org".to_owned(),
        ]
    }

    fn one(&mut self) -> usize {
        self.dice.below(self.people.len())
    }

    /// Returns a change of one entry, or of the unit with all that lies in it.
    fn edit(&mut self) -> String {
        let modify = |dn: &str, attribute: &str, value: &str| {
            format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n")
        };
        let at = self.one();
        let (name, unit) = self.people[at].clone();
        let dn = format!("cn={name},{unit}");
        match self.dice.below(12) {
            0 | 1 => {
                let unit = self.units()[self.dice.below(4)].clone();
                let number = self.next;
                self.next += 1;
                self.people.push((format!("P{number}"), unit.clone()));
                let [head, rest] = ["dn: ", ""].map(str::to_owned);
                let entry = person(number, &unit);
                let entry = entry.strip_prefix(&head).expect("a name");
                let (dn, attributes) = entry.split_once('\n').expect("attributes");
                format!("dn: {dn}\nchangetype: add\n{attributes}{rest}")
            }
            2 if self.people.len() > 40 => {
                self.people.swap_remove(at);
                format!("dn: {dn}\nchangetype: delete\n\n")
            }
            3 => {
                let unit = self.units()[self.dice.below(4)].clone();
                self.people[at].1.clone_from(&unit);
                format!(
                    "dn: {dn}\nchangetype: modrdn\nnewrdn: cn={name}\ndeleteoldrdn: 1\nnewsuperior: {unit}\n\n"
                )
            }
            4 => {
                let other = format!("{name}x");
                self.people[at].0.clone_from(&other);
                format!("dn: {dn}\nchangetype: modrdn\nnewrdn: cn={other}\ndeleteoldrdn: 1\n\n")
            }
            5 => {
                // Names that several have are numbered.
                let shown = format!("Q{}", self.dice.below(4));
                modify(&dn, "displayName", &shown)
            }
            6 => modify(&dn, "syncHidden", ["TRUE", "FALSE"][self.dice.below(2)]),
            7 => {
                let level = self.dice.below(100).to_string();
                modify(&dn, "syncTrustLevel", &level)
            }
            8 => {
                let address = format!("MS:NET1/AGENT/R{}", self.dice.below(60));
                modify(&dn, "syncProxyPrimary", &address)
            }
            9 => modify(&dn, "carLicense", &self.dice.below(9).to_string()),
            10 if self.dice.below(3) == 0 => {
                let old = format!("{},{PEOPLE}", self.sub);
                self.sub = format!("ou=Sub{}", self.next);
                self.next += 1;
                let new = format!("{},{PEOPLE}", self.sub);
                for (_, unit) in self.people.iter_mut().filter(|(_, unit)| *unit == old) {
                    unit.clone_from(&new);
                }
                format!(
                    "dn: {old}\nchangetype: modrdn\nnewrdn: {}\ndeleteoldrdn: 1\n\n",
                    self.sub
                )
            }
            _ => {
                let title = format!("t{}", self.dice.below(5));
                modify(&dn, "title", &title)
            }
        }
    }
}

/// Runs T1 under a configuration and returns what was sent, and the lines of the report, sorted.
fn sent_under(scene: &Scene, config: &Path) -> (Value, Vec<String>) {
    let report = config.with_extension("report");
    let line = format!(
        "cycle --step t1 --json --allow-deletes 1000 --report {}",
        report.display()
    );
    let run = Run::of(scene.command_with(config, &line).output().expect("it runs"));
    let mut sent = run.ends(0).json()["connections"][0]["sent"].take();
    let readings = sent["readings"].take();
    // Only what is read whole is counted a second time.
    sent["counts"]["source"].take();
    let text = fs::read_to_string(report).expect("a report");
    let entries = text.lines().filter(|line| line.starts_with("{\"entry\""));
    let mut lines: Vec<_> = entries.map(str::to_owned).collect();
    lines.sort();
    lines.push(sent.to_string());
    (readings, lines)
}

#[test]
fn what_was_read_whole_and_what_has_changed_come_to_the_same_difference() {
    let scene = Scene::on(setup());
    for unit in ["More", "Away"] {
        scene.unit(unit);
    }
    scene.add(&format!(
        "dn: ou=Sub,{PEOPLE}\nobjectClass: organizationalUnit\nou: Sub\n"
    ));
    scene.configure(
        "trust = 60\n[[connection.mapping]]\nprompt = \"Plate:\"\nattribute = \"employeeType\"\n",
    );
    let text = fs::read_to_string(scene.config()).expect("readable");
    let text = text.replace(
        "export-containers = [\"ou=People,o=Org\"]",
        "export-containers = [\"ou=People,o=Org\", \"ou=More,o=Org\"]",
    );
    fs::write(scene.config(), &text).expect("written");
    // Another agent beside it, which reads all each time.
    let always: PathBuf = scene.config().with_file_name("always.toml");
    let text = text.replace("data = \"data\"", "data = \"always\"");
    let text = text.replace("[directory]\n", "[directory]\nfull-read-hours = 0\n");
    fs::write(&always, text).expect("written");

    let mut town = Town {
        dice: Dice(0x9e37_79b9),
        people: Vec::new(),
        next: 0,
        sub: "ou=Sub".to_owned(),
    };
    while town.people.len() < 60 {
        let unit = town.units()[town.dice.below(4)].clone();
        scene.add(&person(town.next, &unit));
        town.people.push((format!("P{}", town.next), unit));
        town.next += 1;
    }
    let mut by_changes = 0;
    let mut changed = 0;
    for round in 0..25 {
        let (readings, sent) = sent_under(&scene, &scene.config());
        let (all, expected) = sent_under(&scene, &always);
        assert_eq!(sent, expected, "round {round}");
        for (reading, all) in readings
            .as_array()
            .into_iter()
            .flatten()
            .zip(all.as_array().expect("two"))
        {
            let read = reading["entries"].as_u64().expect("a number");
            if reading["all_because"].is_null() {
                by_changes += 1;
                assert!(
                    read < all["entries"].as_u64().expect("a number"),
                    "{reading} {all}"
                );
            }
        }
        changed += sent.len() - 1;
        let edits: String = (0..1 + town.dice.below(9)).map(|_| town.edit()).collect();
        scene.slapd.modify(&edits);
    }
    assert!(
        by_changes > 30,
        "{by_changes} of 50 readings read changes only"
    );
    assert!(changed > 200, "{changed}");
}
