//! A connection that is removed, and made again (`spec/exchange.md` DX-02, DX-34, DX-35).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::net::{AGENT, Net, quarantine};
use super::scene::{CONTAINER, Scene, names, resync, users};
use crate::support::trace;

const LIST: [&str; 4] = [
    "R PCM:NET1/PO1",
    "A Ann\tPCM:NET1/PO1/ANN",
    "A Bob\tPCM:NET1/PO1/BOB",
    "A Carl\tPCM:NET1/PO1/CARL",
];

fn list() -> Vec<u8> {
    resync((14, 80, 1, 100), &LIST)
}

/// A scene whose container holds Ann, Bob and Carl, and which waits for an answer.
fn filled() -> Scene {
    let scene = Scene::new();
    scene.drop_file("RESYNC.GLB", &list());
    scene.dxa("lists").ends(0);
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    scene
}

/// Returns entryUUIDs by name.
fn uuids(scene: &Scene, base: &str) -> BTreeMap<String, String> {
    let entries = scene.entries(base);
    let uuid = |entry: &dirsync::directory::entry::Entry| {
        entry
            .attributes
            .text("entryUUID")
            .expect("there")
            .to_owned()
    };
    let pairs = entries
        .iter()
        .map(|entry| (entry.dn.to_string(), uuid(entry)));
    pairs.collect()
}

fn container(scene: &Scene) -> String {
    scene.slapd.search("ou=HQ,o=Org", "(ou=HQ)", &[])
}

fn add_manual(scene: &Scene, above: &str) {
    scene.add(&format!(
        "dn: cn=Manual,{above}\nobjectClass: inetOrgPerson\ncn: Manual\nsn: Manual\n"
    ));
}

fn team(scene: &Scene) -> String {
    let members =
        ["ANN", "BOB"].map(|name| format!("member: syncKey=MS:NET1/PO1/{name},{CONTAINER}\n"));
    scene.add(&format!(
        "dn: cn=team,o=Org\nobjectClass: groupOfNames\ncn: team\n{}",
        members.concat()
    ));
    members.concat()
}

#[test]
fn dxc_099_entries_that_are_kept_stay_in_groups_and_are_taken_over() {
    let scene = filled();
    let members = team(&scene);
    let before = uuids(&scene, CONTAINER);
    let run = scene.dxa("remove HQ --entries keep").ends(0);
    for text in [
        "HQ: removed; 0 entries deleted, 3 kept",
        "2 transactions waited",
        "3 entries of dss/NET1/PO1",
        "take it out",
        "config dirsync server requestors delete NET1/AGENT",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    assert_eq!(uuids(&scene, CONTAINER), before);
    assert_eq!(
        scene.numbers(),
        ["-", "-", "-"],
        "no numbers of before are read again"
    );
    assert!(container(&scene).contains("syncImportedFrom: dss/NET1/PO1"));
    let status = scene.dxa("status").ends(0);
    let nothing = "req=0 svr=0 conf=0 imp=0, 0 waiting, nothing exchanged yet";
    assert!(status.stdout.contains(nothing), "{}", status.stdout);

    // Made again, it is a new connection over the same entries.
    scene.drop_file("RESYNC.GLB", &list());
    let run = scene.dxa("lists --json").ends(0).json();
    let done = &run["lists"][0];
    let counts = [
        "unchanged",
        "added",
        "modified",
        "renamed",
        "deleted",
        "swept",
        "refused",
    ]
    .map(|what| done[what].as_u64().expect("a number"));
    assert_eq!(counts, [3, 0, 0, 0, 0, 0, 0], "{run}");
    assert_eq!(uuids(&scene, CONTAINER), before, "the same entries");
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    let group = scene
        .slapd
        .search("cn=team,o=Org", "(cn=team)", &["member"]);
    assert!(group.contains(&members), "{group}");
}

#[test]
fn dxc_031_099_entries_that_are_deleted_come_back_under_the_same_names() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    add_manual(&scene, CONTAINER);
    scene.remote(CONTAINER, "other/source", "Otto", "SMTP:otto@x.example");
    let run = scene.dxa("remove hq --entries delete").ends(0);
    for text in [
        "HQ: removed; 3 entries deleted, 0 kept",
        "1 entries put in by hand and 1 of other owners in ou=HQ,o=Org",
        "the container ou=HQ,o=Org itself",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    let left: Vec<_> = uuids(&scene, CONTAINER).into_keys().collect();
    assert_eq!(left, [format!("syncKey=SMTP:otto@x.example,{CONTAINER}")]);
    let container = container(&scene);
    assert!(!container.contains("sync"), "{container}");
    let status = scene.dxa("status --json").ends(0).json();
    assert!(
        status["connections"][0]["last_success"].is_null(),
        "{status}"
    );

    // The connection is there again at once, as if it never had been.
    scene.drop_file("RESYNC.GLB", &list());
    let run = scene.dxa("lists --json").ends(0).json();
    let done = &run["lists"][0];
    assert_eq!(
        (&done["added"], &done["refused"]),
        (&3.into(), &0.into()),
        "{run}"
    );
    let after = uuids(&scene, CONTAINER);
    assert!(before.keys().all(|dn| after.contains_key(dn)), "{after:?}");
    assert_eq!(after.len(), 4, "{after:?}");
    scene.dxa("cycle").ends(0);
}

#[test]
fn what_was_deleted_lies_in_removed_and_can_be_put_back() {
    let scene = filled();
    let text = fs::read_to_string(scene.config()).expect("readable");
    fs::write(scene.config(), text + "layout = \"per-postoffice\"\n").expect("written");
    scene.dxa("move").ends(0);
    let before: Vec<_> = uuids(&scene, CONTAINER).into_keys().collect();
    assert!(
        before[0].ends_with(",ou=PO1,ou=NET1,ou=HQ,o=Org"),
        "{before:?}"
    );
    let run = scene
        .dxa("remove HQ --entries delete --json")
        .ends(0)
        .json();
    assert_eq!(
        (&run["deleted"], &run["kept"]),
        (&3.into(), &0.into()),
        "{run}"
    );
    let units = scene
        .slapd
        .search(CONTAINER, "(objectClass=organizationalUnit)", &["1.1"]);
    assert_eq!(
        units.matches("dn: ").count(),
        1,
        "the agent's units are gone: {units}"
    );
    let files = names(&scene.data("removed"));
    assert_eq!(files, ["20261127T100000Z-HQ.ldif"]);
    let path = scene.data("removed").join(&files[0]);
    let said = run["file"].as_str().expect("a path");
    assert!(
        Path::new(said).ends_with(Path::new("removed").join(&files[0])),
        "{said}"
    );
    let ldif = fs::read_to_string(path).expect("readable");
    scene.add(&ldif);
    let after: Vec<_> = uuids(&scene, CONTAINER).into_keys().collect();
    assert_eq!(after, before);
}

#[test]
fn what_becomes_of_the_entries_has_to_be_said() {
    let scene = filled();
    let before = scene.files();
    for line in ["remove HQ", "remove HQ --entries", "remove HQ --entries no"] {
        let run = scene.dxa(line).ends(2);
        assert!(run.stderr.contains("keep"), "{line}: {}", run.stderr);
        assert!(run.stderr.contains("delete"), "{line}: {}", run.stderr);
    }
    let run = scene.dxa("remove HQ --entries delete --dry-run").ends(0);
    assert!(
        run.stdout.contains("3 entries to be deleted"),
        "{}",
        run.stdout
    );
    assert!(scene.files() == before, "a file was changed");
    assert_eq!(scene.shown().len(), 3);
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    let run = scene.dxa("remove HW --entries keep").ends(66);
    assert!(run.stderr.contains("near it: HQ"), "{}", run.stderr);
}

#[test]
fn more_entries_than_usual_go_only_if_that_is_allowed() {
    let scene = Scene::new();
    scene.drop_file("RESYNC.GLB", &users((14, 88, 2, 200), 150));
    scene.dxa("lists").ends(0);
    for line in ["", "--allow-deletes 149"] {
        let run = scene
            .dxa(&format!("remove HQ --entries delete {line}"))
            .ends(3);
        assert!(run.stderr.contains("--allow-deletes 150"), "{}", run.stderr);
        assert_eq!(scene.shown().len(), 150);
    }
    let removed = names(&scene.data("removed"));
    assert!(removed.is_empty(), "{removed:?}");
    scene
        .dxa("remove HQ --entries delete --allow-deletes 150")
        .ends(0);
    assert_eq!(scene.shown(), Vec::<String>::new());
}

#[test]
fn an_entry_with_others_below_it_stops_the_removal_and_they_are_named() {
    let scene = filled();
    let ann = format!("syncKey=MS:NET1/PO1/ANN,{CONTAINER}");
    add_manual(&scene, &ann);
    let run = scene.dxa("remove HQ --entries delete").ends(73);
    let text = format!("{ann} has cn=Manual,{ann}");
    assert!(run.stderr.contains(&text), "{}", run.stderr);
    assert_eq!(scene.shown().len(), 3, "nothing is deleted");
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    // A child that is the connection's own goes before its parent.
    scene.change(&format!("cn=Manual,{ann}"), "changetype: delete");
    scene.remote(&ann, "dss/NET1/PO1", "Below", "MS:NET1/PO1/BELOW");
    let run = scene.dxa("remove HQ --entries delete").ends(0);
    assert!(run.stdout.contains("4 entries deleted"), "{}", run.stdout);
    assert_eq!(scene.shown(), Vec::<String>::new());
}

#[test]
fn a_removal_that_is_killed_anywhere_is_ended_by_the_next_one() {
    trace::require_tracing();
    let mut kills = 0;
    for call in ["sendto", "fdatasync", "fsync", "rename"] {
        for when in 1.. {
            let scene = filled();
            let program = Path::new(env!("CARGO_BIN_EXE_dxa"));
            let mut command = trace::traced(program, call, "signal=KILL", when);
            command.arg("--config").arg(scene.config());
            command.args(["remove", "HQ", "--entries", "delete"]);
            command.env("DIRSYNC_NOW", "2026-11-27T10:00:00Z");
            let ended = command.output().expect("it runs").status;
            let place = format!("{call} {when}");
            let is_whole = ended.code() == Some(0);
            if !is_whole {
                kills += 1;
                scene.dxa("remove HQ --entries delete").ends(0);
            }
            assert_eq!(scene.shown(), Vec::<String>::new(), "{place}");
            assert!(!container(&scene).contains("sync"), "{place}");
            let status = scene.dxa("status").ends(0).stdout;
            assert!(
                status.contains("nothing exchanged yet"),
                "{place}: {status}"
            );
            // All that went is written down, in one run or the other.
            let folder = scene.data("removed");
            let files = names(&folder).into_iter();
            let texts = files.map(|name| fs::read_to_string(folder.join(name)).expect("readable"));
            let all: String = texts.collect();
            for name in ["ANN", "BOB", "CARL"] {
                assert!(
                    all.contains(&format!("syncKey: MS:NET1/PO1/{name}")),
                    "{place}: {all}"
                );
            }
            if is_whole {
                break;
            }
        }
    }
    assert!(kills > 10, "{kills}");
}

#[test]
fn a_list_that_waits_and_mail_of_it_are_spoken_of() {
    let scene = filled();
    scene.drop_file("HQ/later.glb", &list());
    scene.put_mail(
        "NET1/PO1",
        "late",
        "TASK=UPDATE\nREQSEQ=14\nSRVSEQ=81\nIMPSEQ=1\n",
        &[],
    );
    let run = scene.dxa("remove HQ --entries keep").ends(0);
    for text in [
        "1 lists of it in",
        "1 messages that came from it",
        "1 messages for it that were not carried yet",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
}

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";

fn served_connection(name: &str) -> String {
    format!(
        "[[connection]]\nname = \"{name}\"\nrole = \"server\"\naddress = \"NET1/{name}\"\nrelay = true\n\
         import-container = \"ou={name},o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
    )
}

#[test]
fn dxc_031_a_connection_that_only_the_ledger_knows_goes_and_is_made_again() {
    let net = Net::server(&[SERVER, OTHER]);
    let [one, two] = ["PO1", "PO2"].map(|name| {
        net.scene.unit(name);
        served_connection(name)
    });
    net.scene.configure_connections(&(one.clone() + &two));
    net.scene.person("Lena Berg", "LENA");
    net.site.user(SERVER, "Otto");
    for _ in 0..3 {
        net.round_served().ends(0);
    }
    let before: Vec<_> = uuids(&net.scene, "ou=PO1,o=Org").into_keys().collect();
    assert_eq!(before.len(), 2, "Otto and the administrator: {before:?}");

    // Out of the configuration: its mail is a stranger's, and the ledger still knows it.
    net.scene.configure_connections(&two);
    let run = net.round_served().ends(1);
    assert!(run.stdout.contains("DX136"), "{}", run.stdout);
    let aside = quarantine(&net.scene).len();
    assert!(aside > 0);
    let run = net.scene.dxa("remove PO1 --entries delete").ends(0);
    assert!(
        run.stdout.contains("PO1: removed; 2 entries deleted"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains(&format!("{aside} messages from it that were put aside")),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("take it out"), "{}", run.stdout);
    assert_eq!(uuids(&net.scene, "ou=PO1,o=Org"), BTreeMap::new());
    net.scene.dxa("remove PO1 --entries delete").ends(66);

    // The last one too: without any connection the configuration names no tree.
    net.scene.configure_connections("");
    net.scene.dxa("remove PO2 --entries keep").ends(0);

    net.scene.configure_connections(&(one + &two));
    net.site.run(SERVER, "listds", "admin -ppw -r -z").ends(0);
    net.site
        .admin(SERVER, "config dirsync requestor export")
        .ends(0);
    for _ in 0..3 {
        net.round_served();
    }
    let run = net.round_served().ends(0);
    assert!(!run.stdout.contains("full list"), "{}", run.stdout);
    let after: Vec<_> = uuids(&net.scene, "ou=PO1,o=Org").into_keys().collect();
    assert_eq!(after, before, "the same names, each once");
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg"]);
}

#[test]
fn dxc_098_a_requestor_that_becomes_the_server_keeps_every_entry() {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.site.user(SERVER, "Otto");
    net.site.user(OTHER, "Tina");
    net.scene.person("Lena Berg", "LENA");
    for _ in 0..3 {
        net.round();
    }
    let members: Vec<_> = uuids(&net.scene, CONTAINER).into_keys().collect();
    let members: String = members.iter().map(|dn| format!("member: {dn}\n")).collect();
    net.scene.add(&format!(
        "dn: cn=team,o=Org\nobjectClass: groupOfNames\ncn: team\n{members}"
    ));
    let before = uuids(&net.scene, CONTAINER);
    let otto = format!("syncKey=MS:NET1/PO1/OTTO,{CONTAINER}");
    assert!(before.contains_key(&otto), "{before:?}");

    let text = fs::read_to_string(net.scene.config()).expect("readable");
    let text = text.replace("role = \"requestor\"", "role = \"server\"");
    fs::write(net.scene.config(), text).expect("written");
    net.scene.dxa("status").ends(0);
    let run = net.scene.dxa("cycle").ends(78);
    assert!(run.stdout.contains("dxa reset HQ"), "{}", run.stdout);
    // What the other side has to change is said, by both.
    let words = [
        "config dirsync options server no",
        "config dirsync requestor registration NET1/AGENT",
        "listds -r -z",
        "config dirsync requestor export",
    ];
    assert!(
        words.iter().all(|text| run.stdout.contains(text)),
        "{}",
        run.stdout
    );
    let run = net.scene.dxa("reset HQ").ends(0);
    for text in words {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
        match text.strip_prefix("listds") {
            Some(words) => net
                .site
                .run(SERVER, "listds", &format!("admin -ppw{words}")),
            None => net.site.admin(SERVER, text),
        }
        .ends(0);
    }
    assert_eq!(
        net.scene.numbers(),
        ["0", "0", "0"],
        "none of the other role is taken over"
    );
    for _ in 0..3 {
        net.site.t1(SERVER);
        net.carry();
        net.scene.dxa("cycle").ends(0);
        net.carry();
        net.site.t3(SERVER);
    }
    let after = uuids(&net.scene, CONTAINER);
    assert_eq!(after.get(&otto), before.get(&otto), "the same entry");
    let gone: Vec<_> = before
        .iter()
        .filter(|(dn, uuid)| after.get(*dn) != Some(uuid))
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
    let group = net
        .scene
        .slapd
        .search("cn=team,o=Org", "(cn=team)", &["member"]);
    assert!(members.lines().all(|line| group.contains(line)), "{group}");
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg"]);
}
