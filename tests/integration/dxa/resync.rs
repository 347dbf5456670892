//! Lists that the agent makes for its requestors (`spec/exchange.md` DX-07 to DX-09).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use dirsync::codec::queue::{Framed, Framing};
use dirsync::codec::resync::{Ending, ResyncHeader, ResyncReader};

use super::net::{Net, letters};
use super::scene::{Scene, names};

const ONE: &str = "NET1/PO1";
const TWO: &str = "NET1/PO2";

/// The settings of a connection to a requestor.
fn connection(name: &str, postoffice: &str, more: &str) -> String {
    format!(
        "[[connection]]\nname = \"{name}\"\nrole = \"server\"\naddress = \"NET1/{postoffice}\"\n\
         import-container = \"ou={name},o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n{more}\n"
    )
}

/// An agent that is the server of R1, R2 and R3, with two persons.
fn three() -> Scene {
    let scene = Scene::new();
    let all = [1, 2, 3].map(|n| {
        scene.unit(&format!("R{n}"));
        connection(&format!("R{n}"), &format!("PO{n}"), "")
    });
    scene.configure_connections(&all.concat());
    scene.person("Lena Berg", "LENA");
    scene.person("Max Berg", "MAX");
    scene
}

/// Gives an import container numbers, as those of a server whose ledger is gone.
fn set_numbers(scene: &Scene, name: &str, (req, svr): (u32, u32)) {
    scene.change(
        &format!("ou={name},o=Org"),
        &format!(
            "changetype: modify\nadd: objectClass\nobjectClass: syncImportContainer\n-\nadd: syncImportedFrom\n\
             syncImportedFrom: x\n-\nadd: syncReqSeq\nsyncReqSeq: {req}\n-\nadd: syncSvrSeq\nsyncSvrSeq: {svr}\n-\n\
             add: syncConfSeq\nsyncConfSeq: {svr}\n-\nadd: syncImpSeq\nsyncImpSeq: 1\n"
        ),
    );
}

/// Returns the lists in out/ by name.
fn lists(scene: &Scene) -> BTreeMap<String, PathBuf> {
    let folder = scene.data("out");
    let all = names(&folder).into_iter();
    all.map(|name| (name.clone(), folder.join(name))).collect()
}

/// Returns header and texts of a list that is whole.
fn read(path: &PathBuf) -> (ResyncHeader, Vec<String>) {
    let bytes = fs::read(path).expect("readable");
    let mut reader = ResyncReader::new(&bytes[..], &Framing::OURS).expect("a header");
    let mut framed = Framed::default();
    let mut texts = Vec::new();
    while reader.read(&mut framed).expect("a record") {
        let text = String::from_utf8_lossy(&framed.record.text).into_owned();
        texts.push(text.replace('\t', "|"));
    }
    assert!(matches!(reader.ending(), Some(Ending::Whole(_))));
    (reader.header().clone(), texts)
}

/// Returns (req, svr) of every connection.
fn status(scene: &Scene) -> BTreeMap<String, (u64, u64)> {
    let all = scene.dxa("status --json").ends(0).json();
    let all = all["connections"].as_array().expect("a list").iter();
    let number = |row: &serde_json::Value, name: &str| row["numbers"][name].as_u64();
    all.map(|row| {
        let numbers = (number(row, "req"), number(row, "svr"));
        let name = row["connection"].as_str().unwrap_or_default().to_owned();
        (name, (numbers.0.unwrap_or(9999), numbers.1.unwrap_or(9999)))
    })
    .collect()
}

#[test]
fn dxc_012_one_list_for_each_that_is_named() {
    let scene = three();
    let before = status(&scene)["R2"];
    scene.dxa("resync R1 r3 R1").ends(0);
    let found = lists(&scene);
    let moment = "20261127T100000Z";
    let expected = ["R1", "R3"].map(|name| format!("{moment}-{name}-RESYNC.GLB"));
    assert!(found.keys().eq(&expected), "{found:?}");
    for (name, place) in expected.iter().zip(["NET1/PO1", "NET1/PO3"]) {
        let (header, texts) = read(&found[name]);
        assert_eq!(&*header.server, b"NET1/AGENT");
        assert_eq!(header.addressee.as_deref(), Some(place.as_bytes()));
        assert_ne!(header.stamp, 0);
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0], "R PCM:NET1/AGENT");
        assert!(texts[1].contains("NET1/AGENT/LENA"), "{texts:?}");
        assert!(texts[2].contains("NET1/AGENT/MAX"), "{texts:?}");
    }
    assert_eq!(status(&scene)["R2"], before);
}

#[test]
fn dxc_012_the_request_of_the_configuration_is_taken_out_once_all_lists_are_there() {
    let scene = three();
    let plain = fs::read_to_string(scene.config()).expect("readable");
    let plain = format!("# By hand; keep.\n{plain}\n# The end.\n");
    let with = plain.replacen(
        '\n',
        "\nresync-connections = [ # once\n 'R3', \"R1\" ]\n",
        1,
    );
    fs::write(scene.config(), &with).expect("written");
    scene.dxa("resync --dry-run").ends(0);
    // A list that cannot be placed: nothing is consumed, and none is there.
    let out = scene.data("out");
    fs::create_dir_all(scene.data("")).expect("made");
    fs::write(&out, "in the way").expect("written");
    assert_ne!(scene.dxa("resync").exit, 0);
    let now = || fs::read_to_string(scene.config()).expect("readable");
    assert_eq!(now(), with);
    fs::remove_file(&out).expect("removed");
    scene.dxa("cycle").ends(0);
    assert_eq!(now(), with, "no other command looks at it");
    scene.dxa("resync").ends(0);
    assert_eq!(lists(&scene).len(), 2);
    assert_eq!(now(), plain);
    scene.dxa("resync").ends(2);
    assert_eq!(lists(&scene).len(), 2);
}

#[test]
fn dx_08_a_name_that_is_not_there_stops_all_lists() {
    let scene = three();
    let run = scene.dxa("resync R1 RR3 R2").ends(66);
    assert!(
        run.stderr
            .contains("no connection RR3; near it: R1, R2, R3"),
        "{}",
        run.stderr
    );
    assert!(!scene.data("").exists(), "nothing was begun");
    let config = fs::read_to_string(scene.config()).expect("readable");
    fs::write(
        scene.config(),
        format!("resync-connections = [\"R1\", \"R4\"]\n{config}"),
    )
    .expect("written");
    let run = scene.dxa("resync").ends(2);
    assert!(run.stderr.contains("R4"), "{}", run.stderr);
    assert!(!scene.data("").exists(), "nothing was begun");
}

#[test]
fn dx_08_a_dry_run_and_a_requestor_make_none() {
    let scene = three();
    let run = scene.dxa("resync R1 --dry-run").ends(0);
    assert!(run.stdout.contains("R1: R 1, A 2"), "{}", run.stdout);
    assert!(!scene.data("").exists(), "nothing was written");
    scene.dxa("resync").ends(2);
    scene.configure("");
    scene.dxa("resync HQ").ends(78);
    assert!(!scene.data("").exists(), "nothing was written");
}

#[test]
fn dx_08_a_ledger_that_cannot_be_written_leaves_no_list() {
    let scene = three();
    scene.dxa("cycle").ends(0);
    let before = status(&scene);
    let ledger = rusqlite::Connection::open(scene.data("ledger.db")).expect("a ledger");
    ledger
        .execute_batch(
            "CREATE TRIGGER forbid BEFORE INSERT ON sent BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .expect("a trigger");
    let run = scene.dxa("resync R1 R2").ends(73);
    assert!(run.stderr.contains("DX168"), "{}", run.stderr);
    assert!(lists(&scene).is_empty(), "{:?}", lists(&scene));
    assert_eq!(status(&scene), before);
    ledger
        .execute_batch("DROP TRIGGER forbid")
        .expect("dropped");
    scene.dxa("resync R1 R2").ends(0);
    assert_eq!(lists(&scene).len(), 2);
}

#[test]
fn dxc_003_the_agent_refuses_its_own_list() {
    let scene = three();
    scene.dxa("resync R1").ends(0);
    let (name, path) = lists(&scene).pop_first().expect("a list");
    scene.drop_file(&name, &fs::read(path).expect("readable"));
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("list-own"), "{}", run.stdout);
    assert!(names(&scene.data("bad")).iter().any(|n| n.ends_with(&name)));
}

#[test]
fn dxc_014_a_list_for_several_that_are_sent_different_things_is_refused_by_setting() {
    let scene = three();
    let more = scene.unit("More");
    let wider = connection("R1", "PO1", "").replace(
        "ou=People,o=Org\"",
        &format!("ou=People,o=Org\", \"{more}\""),
    );
    let rest = connection("R2", "PO2", "") + &connection("R3", "PO3", "trust = 20\n");
    scene.configure_connections(&(wider + &rest));
    let more = "syncTrustLevel: 50\n";
    scene.person_in("ou=People,o=Org", "Nora Berg", "NORA", more);
    let run = scene.dxa("resync --shared R1 R2").ends(2);
    assert!(run.stderr.contains("export-containers"), "{}", run.stderr);
    assert!(!run.stderr.contains("trust"), "{}", run.stderr);
    let run = scene.dxa("resync --shared R2 R3").ends(2);
    assert!(
        run.stderr.contains("trust (R2: 100, R3: 20)"),
        "{}",
        run.stderr
    );
    assert!(!scene.data("").exists(), "nothing was begun");
    scene.dxa("resync R2 R3").ends(0);
    let counts = lists(&scene).into_values().map(|path| read(&path).1.len());
    assert_eq!(counts.collect::<Vec<_>>(), [4, 3]);
}

#[test]
fn dxc_014_a_list_is_not_shared_where_what_came_from_one_goes_to_the_other() {
    let scene = three();
    let both = ["R1", "R2"].map(|name| {
        let more = "relay = true\ncustom-recipients = true";
        connection(name, &name.replace('R', "PO"), more).replace(
            "\"ou=People,o=Org\"",
            "\"ou=People,o=Org\", \"ou=R1,o=Org\"",
        )
    });
    scene.configure_connections(&both.concat());
    scene.dxa("resync --shared R1 R2").ends(0);
    let owner = "R1/NET1/PO1";
    scene.remote("ou=R1,o=Org", owner, "Otto", "MS:NET1/PO1/OTTO");
    let run = scene.dxa("resync --shared R1 R2").ends(2);
    assert!(run.stderr.contains(owner), "{}", run.stderr);
    assert_eq!(lists(&scene).len(), 1);
}

#[test]
fn dxc_015_what_is_there_is_not_written_over() {
    let scene = three();
    scene.dxa("resync --shared R1 R2").ends(0);
    let (first, path) = lists(&scene).pop_first().expect("a list");
    let bytes = fs::read(&path).expect("readable");
    scene.dxa("resync --shared R1 R2").ends(0);
    let found = lists(&scene);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(fs::read(&found[&first]).expect("readable") == bytes);
    let stamps: Vec<_> = found.values().map(|path| read(path).0.stamp).collect();
    assert_ne!(stamps[0], stamps[1]);
}

#[test]
fn dx_09_a_list_for_one_has_its_numbers() {
    let scene = three();
    set_numbers(&scene, "R1", (10, 7));
    set_numbers(&scene, "R2", (50, 90));
    scene.dxa("resync R1 R2").ends(0);
    let heads = lists(&scene).into_values().map(|path| read(&path).0);
    let heads: Vec<_> = heads
        .map(|head| (head.req_sync.0, head.srv_sync.0))
        .collect();
    assert_eq!(heads, [(10, 7), (50, 90)]);
    let known = status(&scene);
    assert_eq!((known["R1"], known["R2"]), ((10, 7), (50, 90)));
}

#[test]
fn dxc_017_a_shared_list_has_the_highest_numbers_of_all_and_raises_those_of_the_named() {
    let scene = three();
    set_numbers(&scene, "R1", (10, 7));
    set_numbers(&scene, "R2", (50, 90));
    set_numbers(&scene, "R3", (70, 95));
    scene.dxa("cycle").ends(0);
    scene.dxa("resync --shared R1 R2").ends(0);
    let found = lists(&scene);
    let (header, _) = read(found.values().next().expect("a list"));
    assert_eq!((header.req_sync.0, header.srv_sync.0), (70, 95));
    assert_eq!(header.addressee, None);
    let known = status(&scene);
    for name in ["R1", "R2"] {
        assert_eq!(known[name], (70, 95), "{name}");
    }

    // R1 has applied it, R2 not yet.
    let add = "A Otto                           PCM:NET1";
    let request = |req: u32, svr: u32, stamp: &str, number: u32, place: &str| {
        let (from, name) = (format!("NET1/{place}"), place.to_lowercase());
        let profile = format!(
            "TASK=UPDATEREQ\nREQNAME=PCM:{from}\nREQSEQ={req}\nSRVSEQ={svr}\nIMPSEQ=1\n{stamp}"
        );
        let line = format!("{number:010} {add}/{place}/OTTO");
        scene.put_mail(&from, &name, &profile, &[&line]);
    };
    let stamp = format!("STAMP={}\n", header.stamp);
    request(71, 95, &stamp, 71, "PO1");
    request(51, 90, "", 51, "PO2");
    let run = scene.dxa("cycle --json").ends(0).json();
    for at in [0, 1] {
        let received = &run["connections"][at]["received"];
        assert_eq!(received["added"], 1, "{run}");
        assert_eq!(received["ignored"], 0, "{run}");
    }
    let of = |at: usize| &run["connections"][at]["sent"];
    assert_eq!(of(0)["is_full"], false, "it has the list: {run}");
    assert_eq!(of(0)["added"], 0, "it has the list: {run}");
    assert_eq!(of(1)["is_full"], true, "nothing is known of it: {run}");
    assert_eq!(status(&scene)["R1"].0, 71);
    assert_eq!(status(&scene)["R2"].0, 51);
}

/// An agent that is the server of two postoffices and sends both the same.
fn served() -> Net {
    let net = Net::server(&[ONE, TWO]);
    for name in ["R1", "R2"] {
        net.scene.unit(name);
    }
    let both = connection("R1", "PO1", "") + &connection("R2", "PO2", "");
    net.scene.configure_connections(&both);
    net.scene.person("Lena Berg", "LENA");
    net.site.user(ONE, "Otto");
    net.site.user(TWO, "Tina");
    for _ in 0..3 {
        net.round_served().ends(0);
    }
    assert_eq!(net.site.names_in(ONE, "NET1/AGENT"), ["Lena Berg"]);
    net
}

/// Applies a list at a postoffice as its administrator does.
fn apply(net: &Net, office: &str, path: &PathBuf) {
    let bytes = fs::read(path).expect("readable");
    net.site.put(office, "GLB/RESYNC.GLB", &bytes);
    let run = net.site.import(office).ends(0);
    assert!(!run.stdout.contains("Fatal"), "{}", run.stdout);
    let log = net.site.last_log(office, "IMPORT").join("\n");
    assert!(!log.contains("Fatal"), "{log}");
    let (header, _) = read(path);
    let expected = (header.req_sync.0, header.srv_sync.0, header.import_sync.0);
    assert_eq!(net.site.numbers(office), expected, "{log}");
}

/// Runs a cycle in which nobody is told to send or gets a full list.
#[track_caller]
fn plain_round(net: &Net) {
    let run = net.round_served().ends(0);
    for word in ["DX220", "DX221", "full list", "WARN"] {
        assert!(!run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

#[test]
fn dx_09_a_postoffice_takes_its_list_and_goes_on_behind_it() {
    let net = served();
    plain_round(&net);
    net.scene.person("Max Berg", "MAX");
    net.scene.dxa("resync R1").ends(0);
    let (_, path) = lists(&net.scene).pop_first().expect("a list");
    apply(&net, ONE, &path);
    let both = ["Lena Berg", "Max Berg"];
    assert_eq!(net.site.names_in(ONE, "NET1/AGENT"), both);
    net.site.user(ONE, "Oskar");
    plain_round(&net);
    plain_round(&net);
    let keys = net.scene.entries("ou=R1,o=Org").len();
    assert_eq!(keys, 3, "Administrator, Oskar, Otto");
    net.scene.person("Nora Berg", "NORA");
    plain_round(&net);
    for office in [ONE, TWO] {
        let all = ["Lena Berg", "Max Berg", "Nora Berg"];
        assert_eq!(net.site.names_in(office, "NET1/AGENT"), all, "{office}");
    }
}

#[test]
fn dx_09_what_is_new_in_a_list_that_nobody_applies_is_sent_all_the_same() {
    let net = served();
    net.scene.person("Max Berg", "MAX");
    net.scene
        .change("cn=Lena Berg,ou=People,o=Org", "changetype: delete");
    net.scene.dxa("resync R1").ends(0);
    plain_round(&net);
    assert_eq!(net.site.names_in(ONE, "NET1/AGENT"), ["Max Berg"]);
    assert_eq!(letters(&net.scene, "P1/new").len(), 0);
}

/// Postoffices whose server numbers differ, and a list that both share with something new in it.
fn shared() -> (Net, PathBuf) {
    let net = served();
    for user in ["Tom", "Tara", "Theo"] {
        net.site.user(TWO, user);
    }
    plain_round(&net);
    net.site.t1(TWO);
    net.carry();
    net.scene.dxa("cycle R2 --export-all").ends(0);
    net.carry();
    net.site.t3(TWO);
    plain_round(&net);
    let before = status(&net.scene);
    let (one, two) = (before["R1"], before["R2"]);
    assert!(two.0 > one.0 && two.1 > one.1, "{before:?}");
    net.scene.person("Max Berg", "MAX");
    net.scene.dxa("resync --shared R1 R2").ends(0);
    let (_, path) = lists(&net.scene).pop_first().expect("a list");
    let known = status(&net.scene);
    assert_eq!(known["R1"], known["R2"]);
    (net, path)
}

#[track_caller]
fn assert_in_step(net: &Net, people: &[&str]) {
    for (office, ou, users) in [(ONE, "R1", 3), (TWO, "R2", 6)] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, people, "{office}");
        let entries = net.scene.entries(&format!("ou={ou},o=Org"));
        assert_eq!(entries.len(), users, "{office}");
    }
}

#[test]
fn dxc_017_a_postoffice_takes_a_shared_list_and_another_never_does() {
    let (net, path) = shared();
    apply(&net, ONE, &path);
    for office in [ONE, TWO] {
        net.site.user(office, "Newman");
    }
    plain_round(&net);
    plain_round(&net);
    assert_in_step(&net, &["Lena Berg", "Max Berg"]);
}

#[test]
fn dxc_017_a_postoffice_whose_request_comes_before_it_takes_a_shared_list_loses_nothing() {
    let (net, path) = shared();
    for office in [ONE, TWO] {
        net.site.user(office, "Newman");
    }
    net.site.t1(ONE);
    net.carry();
    plain_round(&net);
    apply(&net, ONE, &path);
    plain_round(&net);
    net.scene.person("Nora Berg", "NORA");
    plain_round(&net);
    plain_round(&net);
    assert_in_step(&net, &["Lena Berg", "Max Berg", "Nora Berg"]);
}

#[test]
fn dx_09_a_list_of_what_is_passed_on_names_what_is_gone_of_it() {
    let net = Net::server(&[ONE, TWO]);
    let both = [("R1", "R2"), ("R2", "R1")].map(|(name, other)| {
        net.scene.unit(name);
        let more = "relay = true\ncustom-recipients = true";
        let container = format!("\"ou=People,o=Org\", \"ou={other},o=Org\"");
        connection(name, &name.replace('R', "PO"), more).replace("\"ou=People,o=Org\"", &container)
    });
    net.scene.configure_connections(&both.concat());
    net.scene.person("Lena Berg", "LENA");
    for user in ["Tina", "Tom"] {
        net.site.user(TWO, user);
    }
    for _ in 0..4 {
        net.round_served().ends(0);
    }
    let users = |list: &str| {
        let mut names = net.site.names_in(ONE, list);
        names.retain(|name| name != "Administrator");
        names
    };
    assert_eq!(users(TWO), ["Tina", "Tom"]);
    net.site.admin(TWO, "local delete TOM").ends(0);
    net.site.t1(TWO);
    net.carry();
    net.scene.dxa("cycle R2").ends(0);
    net.scene.dxa("resync R1").ends(0);
    let (_, path) = lists(&net.scene).pop_first().expect("a list");
    let (_, texts) = read(&path);
    let deleted = texts.iter().filter(|text| text.starts_with("D "));
    assert_eq!(deleted.count(), 1, "{texts:?}");
    apply(&net, ONE, &path);
    assert_eq!(users(TWO), ["Tina"]);
    assert_eq!(users("NET1/AGENT"), ["Lena Berg"]);
    plain_round(&net);
    assert_eq!(users(TWO), ["Tina"]);
}
