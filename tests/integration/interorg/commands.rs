//! The commands of a hub: what they show, and what makes no sense towards organizations.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::org::Org;
use super::scene::{Scene, files};
#[cfg(feature = "postgres")]
use crate::support::postgres::Server;

const FOLDER: &str = "folder = \"post\"";

#[test]
fn status_says_how_far_everybody_is() {
    let [mut one, mut two, three] = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    let scene = Scene::new(&[&one, &two, &three]);
    let status = scene.dxa("status").ends(0).stdout;
    assert!(
        status.contains("no request yet") && status.contains("ORG3: org3@po.test, never heard of"),
        "{status}"
    );
    assert!(!scene.path("data").exists(), "a look makes nothing");
    for n in 0..3 {
        one.person(&format!("n{n}"), "x", &format!("n{n}@org1.example"));
    }
    scene.round(&mut [&mut one, &mut two], 0);
    scene.round(&mut [&mut one, &mut two], 0);
    one.person("n3", "x", "n3@org1.example");
    scene.round(&mut [&mut one], 0);
    let status = scene.dxa("status --json").ends(0).json();
    let branch = |at: usize| status["hub"]["branches"][at].clone();
    assert_eq!(status["hub"]["last"], 4);
    let shown = |at: usize| {
        let branch = branch(at);
        [
            "branch",
            "taken",
            "confirmed",
            "behind",
            "lacks",
            "entries",
            "last_contact",
        ]
        .map(|key| branch[key].to_string().replace('"', ""))
        .join(" ")
    };
    assert_eq!(shown(0), "ORG1 5 3 1 0 4 2026-11-27T10:00:00Z");
    assert_eq!(shown(1), "ORG2 1 3 1 1 0 2026-11-27T10:00:00Z");
    assert_eq!(shown(2), "ORG3 null 0 4 4 0 null");
    let text = scene.dxa("status").ends(0).stdout;
    let line = "ORG2: org2@po.test, last contact 2026-11-27T10:00:00Z, USN 3, behind by 1 (1 entries), 0 entries of its own";
    assert!(text.contains(line), "{text}");
}

#[test]
fn ioc_041_a_changed_setting_counts_from_the_next_cycle_and_is_shown() {
    let one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    let first = scene.cycle(0);
    assert_eq!(
        first["settings"]["changed"].as_array().expect("none").len(),
        0
    );
    scene.configure(&[&one], FOLDER, "# a remark\nlimit = 20000");
    let checked = scene.dxa("check").ends(0).stdout;
    assert!(
        checked.contains("setting is another setting=hub.limit was=\"not set\" is=20000"),
        "{checked}"
    );
    let second = scene.cycle(0);
    let changed = &second["settings"]["changed"];
    assert_eq!(changed.as_array().expect("one").len(), 1, "{changed}");
    assert_eq!(
        (&changed[0]["setting"], &changed[0]["is"]),
        (&"hub.limit".into(), &"20000".into())
    );
    assert_ne!(first["settings"]["hash"], second["settings"]["hash"]);
    let third = scene.cycle(0);
    assert_eq!(third["settings"]["hash"], second["settings"]["hash"]);
    assert_eq!(
        third["settings"]["changed"].as_array().expect("none").len(),
        0
    );
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert_eq!(log.matches("setting is another").count(), 1, "{log}");
}

#[test]
fn ioc_043_every_message_has_a_readable_copy_and_the_oldest_go() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    scene.configure_agent("copies = \"copies\"\ncopies-keep = 3", &[&one], FOLDER, "");
    fs::create_dir(scene.path("copies")).expect("made");
    one.person("a", "J\u{fc}rgen", "j@org1.example");
    scene.round(&mut [&mut one], 0);
    let copies = files(&scene.path("copies"));
    let names: Vec<_> = copies
        .iter()
        .map(|(path, _)| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        names,
        [
            "20261127T100000Z-000001-received-ORG1.eml",
            "20261127T100000Z-000002-sent-ORG1.eml"
        ]
    );
    let text = |at: usize| String::from_utf8(copies[at].1.clone()).expect("UTF-8");
    let received = text(0);
    assert!(
        received.contains("received at 2026-11-27T10:00:00Z; branch ORG1; taken."),
        "{received}"
    );
    assert!(
        received.contains("TASK=REQUEST") && received.contains("uid=J\u{fc}rgen"),
        "{received}"
    );
    assert!(text(1).contains("TASK=ANSWER") && text(1).contains("--- withheld.csv ---"));
    assert!(!received.contains("DirSync-Signature"));
    scene.round(&mut [&mut one], 0);
    let copies = files(&scene.path("copies"));
    assert_eq!(copies.len(), 3);
    assert!(copies[0].0.to_string_lossy().contains("-000002-"));
    // None was lost, and none is taken for a message.
    assert_eq!(scene.lying(), 0);
}

#[test]
fn ioc_044_a_branch_that_leaves_is_forgotten_with_its_entries_where_that_is_wanted() {
    let [mut one, mut two, mut three] = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    let scene = Scene::new(&[&one, &two, &three]);
    one.person("a", "ann", "x@company.example");
    two.person("b", "bob", "x@company.example");
    scene.round(&mut [&mut one], 0);
    scene.round(&mut [&mut two, &mut three], 1);
    assert_eq!(three.shown(), ["ORG1:a ann"]);
    // Nobody leaves by mistake.
    let refused = scene.dxa("leave ORG1 --entries delete").ends(2);
    assert!(
        refused.stderr.contains("ORG1 is registered"),
        "{}",
        refused.stderr
    );
    scene.configure(&[&two, &three], FOLDER, "");
    // It cannot ask any more, and its entries stay until it is said otherwise.
    scene.ask(&mut one);
    let done = scene.cycle(1);
    assert_eq!(done["mail"]["aside"]["unknown-requestor"], 1, "{done}");
    assert_eq!(done["hub"]["unregistered"][0], "ORG1");
    scene.round(&mut [&mut three], 1);
    assert_eq!(three.shown(), ["ORG1:a ann"]);

    let before = scene.table();
    scene.dxa("--dry-run leave ORG1 --entries delete").ends(0);
    assert_eq!(scene.table(), before);
    let left = scene
        .dxa("leave org1 --entries delete --json")
        .ends(0)
        .json();
    assert_eq!(
        (&left["deleted"], &left["was_known"]),
        (&1.into(), &true.into()),
        "{left}"
    );
    let stays = left["stays"].to_string();
    assert!(
        stays.contains("1 deletions") && stays.contains("1 messages put aside"),
        "{stays}"
    );
    // Who waited for its address has it now.
    scene.round(&mut [&mut three], 0);
    assert_eq!(three.shown(), ["ORG2:b bob"]);
    let status = scene.dxa("status").ends(0).stdout;
    assert!(!status.contains("ORG1"), "{status}");
    scene.dxa("leave ORG1 --entries keep").ends(66);
}

#[test]
fn entries_of_who_left_may_stay() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("a", "ann", "ann@org1.example");
    scene.round(&mut [&mut one, &mut two], 0);
    scene.configure(&[&two], FOLDER, "");
    let left = scene.dxa("leave ORG1 --entries keep").ends(0).stdout;
    assert!(left.contains("stays: 1 entries of it"), "{left}");
    scene.round(&mut [&mut two], 0);
    assert_eq!(two.shown(), ["ORG1:a ann"]);
}

#[test]
fn what_the_mail_system_refuses_stays_and_the_next_answer_takes_its_place() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    let program = scene.path("sendmail");
    let write = |code: u8| {
        let out = scene.path("sent");
        let script = format!(
            "#!/bin/sh\ncat > {}\necho not now >&2\nexit {code}\n",
            out.display()
        );
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    };
    scene.configure(&[&one], "sendmail = \"sendmail\"", "");
    write(75);
    scene.ask(&mut one);
    let done = scene.cycle(1);
    assert_eq!(
        (&done["mail"]["sent"], &done["mail"]["queued"]),
        (&0.into(), &1.into())
    );
    let queue = scene.data("mail-out/new");
    let first = files(&queue);
    assert_eq!(first.len(), 1);
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(
        (&status["queued"], &status["hub"]["branches"][0]["queued"]),
        (&1.into(), &1.into())
    );
    write(67);
    let run = scene.dxa("cycle").ends(1);
    assert!(
        run.stdout
            .contains("error a message is refused for good, and stays branch=ORG1"),
        "{}",
        run.stdout
    );
    assert_eq!(files(&queue), first);
    scene.ask(&mut one);
    scene.cycle(1);
    let second = files(&queue);
    assert!(second.len() == 1 && second != first);
    write(0);
    let done = scene.cycle(0);
    assert_eq!(done["mail"]["sent"], 1, "{done}");
    assert_eq!(files(&queue).len(), 0);
    let sent = fs::read(scene.path("sent")).expect("sent");
    let answer = one
        .read(&[super::letter::Letter::read(&sent)])
        .expect("whole");
    assert_eq!(answer.answers, "org1-request-2");
    // Without the program nothing is lost either.
    scene.configure(&[&one], "sendmail = \"nowhere\"", "");
    scene.ask(&mut one);
    let run = scene.dxa("cycle").ends(66);
    assert!(run.stdout.contains("mail.sendmail"), "{}", run.stdout);
    assert_eq!(files(&queue).len(), 1);
}

#[test]
fn commands_towards_postoffices_are_refused_with_a_sentence() {
    let one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    for line in [
        "lists",
        "resync",
        "reset HQ",
        "move",
        "remove HQ --entries keep",
        "takeover --check",
        "export HQ",
    ] {
        let run = scene.dxa(line).ends(78);
        assert!(
            run.stderr.contains("a command towards postoffices"),
            "{line}: {}",
            run.stderr
        );
    }
    scene.dxa("cycle --import-all").ends(78);
    scene.dxa("cycle --step t1").ends(2);
    assert!(!scene.path("data").exists());
    scene.dxa("schema").ends(0);
}

#[test]
fn check_names_what_is_wrong_and_changes_nothing() {
    let one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    let run = scene.dxa("check").ends(0);
    assert!(
        run.stdout.contains("ok     master table: ") && run.stdout.contains("will be made"),
        "{}",
        run.stdout
    );
    assert!(!scene.path("data").exists());
    fs::create_dir(scene.path("data")).expect("made");
    fs::write(
        scene.data("master.db"),
        "no table at all, and long enough to be none",
    )
    .expect("written");
    scene.configure(&[&one], "sendmail = \"nowhere\"", "");
    let run = scene.dxa("check --json").ends(65).json();
    let faults: Vec<_> = run["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|checked| !checked["fault"].is_null())
        .map(|checked| checked["what"].as_str().expect("text"))
        .collect();
    assert_eq!(faults, ["way of mail", "master table"]);
    // A cycle says the same, and mail waits.
    let mut one = one;
    scene.ask(&mut one);
    let run = scene.dxa("cycle").ends(65);
    assert!(
        run.stdout.contains("error the master table"),
        "{}",
        run.stdout
    );
    assert_eq!(scene.lying(), 1);
}

#[cfg(feature = "postgres")]
#[test]
fn a_database_that_is_not_there_keeps_the_mail_and_shows_no_password() {
    let mut one = Org::new("ORG1");
    let store = "store = \"postgresql://hub:s3cret@127.0.0.1:1/hub\"";
    let scene = Scene::with(&[&one], FOLDER, store);
    scene.ask(&mut one);
    let run = scene.dxa("cycle").ends(73);
    let said = run.stdout + &run.stderr;
    assert!(
        said.contains("the master table hub.dirsync at 127.0.0.1:1"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
    assert_eq!(scene.lying(), 1);
}

#[test]
fn who_was_forgotten_and_comes_back_costs_nobody_else_a_full_list() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("a", "ann", "ann@org1.example");
    two.person("b", "bob", "bob@org2.example");
    scene.round(&mut [&mut one, &mut two], 0);
    scene.round(&mut [&mut one, &mut two], 0);
    scene.configure(&[&one], FOLDER, "");
    scene.dxa("leave ORG2 --entries keep").ends(0);
    scene.configure(&[&one, &two], FOLDER, "");
    one.person("a", "ann", "ann@elsewhere.example");
    let done = scene.round(&mut [&mut one, &mut two], 4);
    let requests = done["hub"]["requests"].as_array().expect("a list").iter();
    let full: Vec<_> = requests
        .map(|took| format!("{} {}", took["branch"], took["answer"]["is_full"]))
        .collect();
    assert_eq!(full, ["\"ORG1\" false", "\"ORG2\" true"], "{done}");
    scene.round(&mut [&mut one, &mut two], 0);
    assert_eq!(one.shown(), ["ORG2:b bob"]);
    assert_eq!(two.shown(), ["ORG1:a ann"]);
}

#[cfg(feature = "postgres")]
#[test]
fn two_hubs_beside_each_other_share_one_table() {
    let database = Server::shared().database();
    let store = format!(
        "store = \"{}\"\nstore-password-file = \"database\"",
        database.url()
    );
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let hubs = [0, 1].map(|_| {
        let scene = Scene::with(&[&one, &two], FOLDER, &store);
        fs::write(scene.path("database"), database.password()).expect("written");
        scene
    });
    for (mail, round) in ["first", "second", "third"].iter().zip(1..) {
        one.person("a", "ann", &format!("{mail}@org1.example"));
        two.person("b", "bob", &format!("{mail}@org2.example"));
        hubs[0].ask(&mut one);
        hubs[1].ask(&mut two);
        let mut running: Vec<_> = hubs
            .iter()
            .map(|hub| {
                let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dxa"));
                hub.prepare(&mut command, "cycle");
                command
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .expect("it runs")
            })
            .collect();
        for run in &mut running {
            assert_eq!(
                run.wait().expect("it ended").code(),
                Some(0),
                "round {round}"
            );
        }
        one.hear(&hubs[0].answer(&one));
        two.hear(&hubs[1].answer(&two));
    }
    // Once more, so that who was first in the last round hears of the other.
    hubs[1].round(&mut [&mut one, &mut two], 0);
    assert_eq!(one.shown(), ["ORG2:b bob"]);
    assert_eq!(two.shown(), ["ORG1:a ann"]);
    let mails = |org: &Org| {
        org.has
            .values()
            .map(|card| card.mail.clone().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    assert_eq!(mails(&one), ["third@org2.example"]);
    assert_eq!(mails(&two), ["third@org1.example"]);
}

#[test]
fn two_cycles_at_once_wait_for_each_other() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    one.person("a", "ann", "ann@org1.example");
    scene.ask(&mut one);
    let spawn = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dxa"));
        scene.prepare(&mut command, "cycle --json");
        let piped = std::process::Stdio::piped;
        command
            .stdout(piped())
            .stderr(piped())
            .spawn()
            .expect("it runs")
    };
    let running = [spawn(), spawn(), spawn()];
    let mut taken = 0;
    for child in running {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        let done: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        taken += done["hub"]["requests"].as_array().expect("requests").len();
    }
    assert_eq!(taken, 1);
    scene.answer(&one);
}

#[test]
fn nt_14_usn_and_epoch_are_shown_and_not_set() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("n0", "x", "n0@org1.example");
    scene.round(&mut [&mut one, &mut two], 0);
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(
        (&status["program"], &status["exit"]),
        (&"dxa".into(), &0.into())
    );
    let kept = scene.dxa("state show --json").ends(0).json();
    assert_eq!(kept["hub"]["usn"], status["hub"]["last"], "{kept}");
    assert_eq!(kept["hub"]["epoch"], status["hub"]["epoch"], "{kept}");
    assert!(kept["hub"]["epoch"].is_string(), "{kept}");
    let text = scene.dxa("state show ORG1").ends(0).stdout;
    assert!(text.starts_with("Hub: USN 1, epoch "), "{text}");
    assert!(
        text.contains("  ORG1: taken to its USN ") && !text.contains("ORG2"),
        "{text}"
    );
    scene.dxa("state show ORG7").ends(66);
    let run = scene.dxa("state set ORG1 USN=7").ends(78);
    assert!(
        run.stderr.contains("cycle --import-all") && run.stderr.contains("leave"),
        "{}",
        run.stderr
    );
    assert_eq!(scene.dxa("state show --json").ends(0).json(), kept);
}
