//! A connection that begins anew (`spec/exchange.md` DX-04).

use super::net::{AGENT, Net};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";

fn served_by() -> Net {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.scene.person("Lena Berg", "LENA");
    net.site.user(OTHER, "Otto");
    for _ in 0..3 {
        net.round();
    }
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg"]);
    assert_ne!(net.scene.numbers(), ["0", "0", "0"]);
    net
}

/// Both sides have what the other one has.
#[track_caller]
fn assert_in_step(net: &Net, people: &[&str]) {
    assert_eq!(net.site.names_in(SERVER, AGENT), people);
    let shown = net.scene.shown();
    let otto = "MS:NET1/PO2/OTTO=Otto".to_owned();
    assert!(shown.contains(&otto), "{shown:?}");
}

#[test]
fn dx_04_a_requestor_and_its_server_begin_anew() {
    let net = served_by();
    let before = net.scene.numbers();
    let run = net.scene.dxa("reset HQ").ends(0);
    let old = format!("HQ: req={} svr={}", before[0], before[1]);
    assert!(run.stdout.contains(&old), "{}", run.stdout);
    let new = "-> req=0 svr=0 conf=0 imp=0";
    assert!(run.stdout.contains(new), "{}", run.stdout);
    assert_eq!(net.scene.numbers(), ["0", "0", "0"]);
    // What it says is to be done.
    for word in ["delete", "create"] {
        let words = format!("config dirsync server requestors {word} {AGENT}");
        assert!(run.stdout.contains(&words), "{}", run.stdout);
        net.site.admin(SERVER, &words).ends(0);
    }
    net.scene.person("Max Berg", "MAX");
    net.scene
        .change("cn=Lena Berg,ou=People,o=Org", "changetype: delete");
    let run = net.scene.dxa("cycle --step t1").ends(0);
    assert!(run.stdout.contains("sent R 1, A 1"), "{}", run.stdout);
    net.serve();
    let record = net.site.registered(AGENT);
    assert_eq!(record.0, 2, "R and A were taken");
    let report = net.scene.data("../report");
    let step = format!("cycle --step t3 --json --report {}", report.display());
    let run = net.scene.dxa(&step).ends(0).json();
    let received = &run["connections"][0]["received"];
    let lines = std::fs::read_to_string(report).expect("a report");
    let ignored: Vec<_> = lines
        .lines()
        .filter(|l| l.contains("\"outcome\":\"ignored\""))
        .collect();
    assert!(!lines.contains("sequence-old"), "{lines}");
    assert!(!ignored.is_empty(), "{lines}");
    assert!(
        ignored.iter().all(|l| l.contains("own-import")),
        "{ignored:?}"
    );
    assert!(
        received["unchanged"].as_u64() > Some(0),
        "a full list: {run}"
    );
    let log = net.site.last_log(SERVER, "SRVMAIN").join("\n");
    assert!(!log.to_lowercase().contains("ignored"), "{log}");
    assert_in_step(&net, &["Max Berg"]);
    assert_eq!(net.scene.numbers()[0], "2");
}

#[test]
fn dx_04_a_requestor_that_begins_anew_alone_comes_in_step_too() {
    let net = served_by();
    net.scene.dxa("reset HQ").ends(0);
    net.scene.person("Max Berg", "MAX");
    for _ in 0..3 {
        net.scene.dxa("cycle");
        net.serve();
        net.scene.dxa("cycle --step t3");
    }
    assert_in_step(&net, &["Lena Berg", "Max Berg"]);
    net.round();
}

fn server() -> Net {
    let net = Net::server(&[SERVER, OTHER]);
    let connection = |name: &str| {
        net.scene.unit(name);
        format!(
            "[[connection]]\nname = \"{name}\"\nrole = \"server\"\naddress = \"NET1/{name}\"\nrelay = true\n\
             import-container = \"ou={name},o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
        )
    };
    let both = connection("PO1") + &connection("PO2");
    net.scene.configure_connections(&both);
    net.meet(SERVER);
    net
}

#[test]
fn dx_04_a_server_and_its_requestor_begin_anew() {
    let net = server();
    let status = |net: &Net| net.scene.dxa("status --json").ends(0).json()["connections"].take();
    let other = status(&net)[1].clone();
    let run = net.scene.dxa("reset po1").ends(0);
    let new = "-> req=0 svr=0 conf=0 imp=0";
    assert!(run.stdout.contains(new), "{}", run.stdout);
    assert_eq!(status(&net)[1], other, "the other one is as it was");
    // What it says is to be done.
    assert!(run.stdout.contains("listds -r -z"), "{}", run.stdout);
    net.site.run(SERVER, "listds", "admin -ppw -r -z").ends(0);
    let words = "config dirsync requestor export";
    assert!(run.stdout.contains(words), "{}", run.stdout);
    net.site.admin(SERVER, words).ends(0);
    net.scene.person("Max Berg", "MAX");
    net.site.t1(SERVER);
    net.carry();
    let run = net.scene.dxa("cycle PO1 --json").ends(0).json();
    let done = &run["connections"][0];
    assert_eq!(done["received"]["ignored"], 0, "{run}");
    assert!(done["received"]["unchanged"].as_u64() > Some(0), "{run}");
    assert_eq!(done["sent"]["is_full"], true, "{run}");
    net.carry();
    net.site.t3(SERVER);
    let both = ["Lena Berg", "Max Berg"];
    assert_eq!(net.site.names_in(SERVER, AGENT), both);
    assert_eq!(net.scene.entries("ou=PO1,o=Org").len(), 2);
    net.round_served().ends(0);
}

#[test]
fn dx_04_a_server_that_begins_anew_alone_comes_in_step_too() {
    let net = server();
    net.scene.dxa("reset PO1").ends(0);
    net.site.user(SERVER, "Oskar");
    net.scene.person("Max Berg", "MAX");
    net.round_served();
    net.round_served();
    let run = net.round_served().ends(0);
    assert!(!run.stdout.contains("full list"), "{}", run.stdout);
    let both = ["Lena Berg", "Max Berg"];
    assert_eq!(net.site.names_in(SERVER, AGENT), both);
    assert_eq!(net.scene.entries("ou=PO1,o=Org").len(), 3);
}

#[test]
fn dx_04_a_role_that_was_changed_begins_anew() {
    let scene = Scene::new();
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let text = std::fs::read_to_string(scene.config()).expect("readable");
    let text = text.replace("\"requestor\"", "\"server\"");
    std::fs::write(scene.config(), text).expect("written");
    let run = scene.dxa("cycle").ends(78);
    assert!(run.stdout.contains("dxa reset HQ"), "{}", run.stdout);
    scene.dxa("reset HQ").ends(0);
    scene.dxa("cycle").ends(0);
}

#[test]
fn dx_04_a_dry_run_and_a_wrong_name_change_nothing() {
    let scene = Scene::new();
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let before = scene.files();
    let run = scene.dxa("reset HQ --dry-run").ends(0);
    assert!(run.stdout.contains("2 waiting"), "{}", run.stdout);
    let run = scene.dxa("reset HW").ends(66);
    assert!(run.stderr.contains("near it: HQ"), "{}", run.stderr);
    assert!(before == scene.files(), "a file was changed");
}
