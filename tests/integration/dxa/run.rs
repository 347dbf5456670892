//! `dxa run`: the service and its signals (`spec/exchange.md` 1, DX-05, DX-08, DX-11, DX-31, DX-38).

use std::fs;

use rustix::process::Signal;

use super::net::{AGENT, letters};
use super::scene::{CONTAINER, Scene, names, resync};
use super::service::{Service, carry_away, quiet, set_agent, wait_until};
use crate::nsda::units;

const ASKED: &str = "a cycle is asked for because=SIGUSR1";

#[test]
fn a_signal_asks_for_a_cycle_and_the_service_says_which_and_why() {
    let scene = quiet();
    scene.person("Lena Berg", "LENA");
    let mut service = Service::start(&scene);
    let line = service.wait_for("schedule connection=HQ");
    assert!(line.contains("step=T1 when=\"every 604800 s\""), "{line}");
    service.signal(Signal::USR1);
    let line = service.wait_for(ASKED);
    assert!(line.ends_with("connections=\"HQ: T1 T3\""), "{line}");
    let line = service.wait_for("T1: request sent");
    assert!(line.contains("sent=\"changes: A 1\""), "{line}");
    assert_eq!(letters(&scene, "P1/new").len(), 1);
    let said = service.stop();
    assert!(
        said.ends_with("info service stopped because=\"a signal\""),
        "{said}"
    );
    assert_eq!(said.matches("T1: request sent").count(), 1, "{said}");
    // The log has what the screen had.
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    for line in said.lines() {
        assert!(log.contains(line), "{line}");
    }
}

#[test]
fn signals_that_come_during_a_cycle_are_one_more_cycle() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    scene.slapd.hold();
    service.signal(Signal::USR1);
    service.wait_for(ASKED);
    service.signal(Signal::USR1);
    service.signal(Signal::USR1);
    scene.slapd.go_on();
    service.wait_for("T1: request sent");
    service.wait_for(ASKED);
    service.wait_for("T1: request sent");
    let said = service.stop();
    assert_eq!(said.matches(ASKED).count(), 2, "{said}");
    assert_eq!(said.matches("T1: request sent").count(), 2, "{said}");
}

#[test]
fn dxc_022_a_reply_is_taken_on_arrival_and_a_list_when_it_lies_there() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    let profile = format!("TASK=IMPORT\nREQNAME=PCM:{AGENT}\nREQSEQ=1\nSRVSEQ=40\nIMPSEQ=3\n");
    let list = ["0000000040 A Ann                            PCM:NET1/PO1/ANN"];
    scene.put_mail("NET1/PO1", "reply", &profile, &list);
    let line = service.wait_for("T3: replies taken");
    assert!(line.contains("1 messages wait"), "{line}");
    wait_until("the reply is applied", || scene.numbers()[1] == "40");
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    let texts = ["R PCM:NET1/PO1", "A Bob\tPCM:NET1/PO1/BOB"];
    scene.drop_file("resync.part", b"not there yet");
    scene.drop_file("RESYNC.GLB", &resync((1, 88, 4, 200), &texts));
    service.wait_for("list done file=RESYNC.GLB connection=HQ");
    assert_eq!(scene.shown(), ["MS:NET1/PO1/BOB=Bob"]);
    assert_eq!(scene.numbers(), ["1", "88", "4"]);
    assert_eq!(names(&scene.data("in")), ["resync.part"]);
    let said = service.stop();
    assert!(!said.contains("T1: "), "it was not time for that: {said}");
}

#[test]
fn the_first_t1_goes_at_once_and_the_next_one_after_the_interval() {
    let scene = Scene::new();
    scene.configure("every = 1");
    let mut service = Service::start(&scene);
    service.wait_for("exchange connection=HQ because=\"every 1 s\"");
    service.wait_for("T1: request sent");
    service.wait_for("exchange connection=HQ because=\"every 1 s\"");
    service.wait_for("T1: request sent");
    service.stop();
    // What was done is known after a restart.
    scene.configure("every = 604800");
    let mut service = Service::start(&scene);
    let line = service.wait_for("schedule connection=HQ");
    let status = scene.dxa("status --json").ends(0).json();
    let last = status["connections"][0]["last_success"]
        .as_str()
        .expect("a moment")
        .to_owned();
    let last: jiff::Timestamp = last.parse().expect("a moment");
    let next = last + jiff::SignedDuration::from_hours(7 * 24);
    assert!(line.ends_with(&format!("next={next}")), "{line}");
    service.stop();
}

#[test]
fn requests_wait_for_t2_and_both_roles_do_what_they_are_for() {
    let scene = Scene::new();
    scene.unit("PO2");
    scene.configure(
        "every = 604800\n[[connection]]\nname = \"PO2\"\nrole = \"server\"\naddress = \"NET1/PO2\"\n\
         import-container = \"ou=PO2,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\nat = [\"Sun 03:00\"]",
    );
    set_agent(&scene, "poll = 1\nmetrics = \"dxa.prom\"");
    let mut service = Service::start(&scene);
    service.wait_for("T1: request sent");
    carry_away(&scene);
    let request = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO2\nREQSEQ=0\nSRVSEQ=0\n";
    scene.put_mail("NET1/PO2", "request", request, &[]);
    let reply = format!("TASK=UPDATE\nREQNAME=PCM:{AGENT}\nREQSEQ=1\nSRVSEQ=0\nIMPSEQ=0\n");
    scene.put_mail("NET1/PO1", "reply", &reply, &[]);
    service.wait_for("T3: replies taken");
    wait_until("the reply is gone", || {
        names(&scene.data("postoffice/MBG/SYSTEM/new")) == ["request"]
    });
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(status["connections"][1]["incoming"], 1, "{status}");
    assert_eq!(status["connections"][1]["next"]["step"], "T2", "{status}");
    let waiting = "dxa_waiting_messages{connection=\"PO2\",direction=\"incoming\"} 1";
    wait_until("the metrics have it", || {
        let metrics = fs::read_to_string(scene.config().with_file_name("dxa.prom"));
        metrics
            .expect("metrics")
            .lines()
            .any(|line| line == waiting)
    });
    service.signal(Signal::USR1);
    let line = service.wait_for(ASKED);
    assert!(
        line.ends_with("connections=\"HQ: T1 T3, PO2: T2\""),
        "{line}"
    );
    service.wait_for("T1: request sent");
    service.wait_for("T2: reply sent");
    let said = service.stop();
    let sent = letters(&scene, "P1/new");
    let mut to: Vec<_> = sent.iter().map(crate::cycle::site::Letter::to).collect();
    to.sort();
    assert_eq!(
        to,
        ["PCM:NET1/PO1/$SYSTEM", "PCM:NET1/PO2/$SYSTEM"],
        "{said}"
    );
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_and_the_old_one_goes_on() {
    let scene = quiet();
    for (name, trust) in [("Ann", 10), ("Ben", 50), ("Cleo", 90)] {
        let mailbox = name.to_uppercase();
        let more = format!("syncTrustLevel: {trust}\n");
        scene.person_in("ou=People,o=Org", &format!("{name} Berg"), &mailbox, &more);
    }
    let mut service = Service::start(&scene);
    service.signal(Signal::USR1);
    service.wait_for("T1: request sent");
    let good = fs::read_to_string(scene.config()).expect("readable");
    for (bad, why) in [
        (
            good.replace("NET1/PO1\"\nowner", "NET1\"\nowner"),
            "connection HQ: address",
        ),
        (
            good.replace("poll = 1", "poll = 1\npol = 2"),
            "unknown field",
        ),
        (
            good.replace(CONTAINER, "ou=Elsewhere,o=Org"),
            "import container",
        ),
        (
            good.replace("data = \"data\"", "data = \"other\""),
            "a new start",
        ),
    ] {
        assert_ne!(bad, good, "{why}");
        fs::write(scene.config(), bad).expect("written");
        service.signal(Signal::HUP);
        let line = service.wait_for("error configuration refused, the old one stays");
        assert!(line.contains(why), "{line}");
    }
    carry_away(&scene);
    service.signal(Signal::USR1);
    let line = service.wait_for("T1: request sent");
    assert!(line.contains("sent=\"changes: none\""), "{line}");

    fs::write(
        scene.config(),
        good.replace("every = ", "trust = 20\nevery = "),
    )
    .expect("written");
    service.signal(Signal::HUP);
    service.wait_for("configuration read again");
    let line = service.wait_for("setting is another");
    assert!(
        line.ends_with("setting=\"connection HQ: trust\" was=\"not set\" is=20"),
        "{line}"
    );
    let line = service.wait_for("settings are others than at the last exchange");
    assert!(line.contains("changed=\"trust: 100 -> 20\""), "{line}");
    assert!(
        line.contains("D 2 (trust 2); because of the settings: D 2 (trust 2)"),
        "{line}"
    );
    service.signal(Signal::USR1);
    let line = service.wait_for("T1: request sent");
    assert!(line.contains("sent=\"changes: D 2\""), "{line}");
    service.stop();
}

#[test]
fn lists_that_are_asked_for_in_the_configuration_are_made_once() {
    let scene = Scene::new();
    scene.unit("PO2");
    scene.configure_connections(
        "[[connection]]\nname = \"PO2\"\nrole = \"server\"\naddress = \"NET1/PO2\"\n\
         import-container = \"ou=PO2,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\nat = [\"Sun 03:00\"]\n",
    );
    let plain = fs::read_to_string(scene.config()).expect("readable");
    let asking = format!("resync-connections = [\"PO2\"]\n{plain}");
    fs::write(scene.config(), &asking).expect("written");
    let mut service = Service::start(&scene);
    service.wait_for("resync-connections is done and taken out");
    let now = || fs::read_to_string(scene.config()).expect("readable");
    assert_eq!(now(), plain);
    assert_eq!(names(&scene.data("out")).len(), 1);
    // Asked for again while it runs.
    fs::write(scene.config(), &asking).expect("written");
    service.signal(Signal::HUP);
    service.wait_for("resync-connections is done and taken out");
    assert_eq!(now(), plain);
    assert_eq!(names(&scene.data("out")).len(), 2);
    service.signal(Signal::HUP);
    service.wait_for("changed=0");
    service.stop();
}

#[test]
fn the_unit_runs_the_service_and_systemd_has_nothing_to_remark() {
    const UNIT: &str = "dirsync-dxa.service";
    let settings = units::settings(&units::unit(UNIT));
    let line = &settings["Service.ExecStart"];
    let line = line.strip_prefix(units::INSTALLED).expect("its place");
    let words: Vec<_> = line.split(' ').collect();
    let ["dxa", "--config", config, command] = words[..] else {
        panic!("{line}");
    };
    assert!(config.ends_with("dxa.toml"), "{config}");
    let scene = quiet();
    let mut service = Service::spawn(&scene, command);
    service.wait_for("service started");
    let reload = &settings["Service.ExecReload"];
    assert!(reload.ends_with("kill -HUP $MAINPID"), "{reload}");
    service.signal(Signal::HUP);
    service.wait_for("configuration read again");
    service.stop();
    units::verify(env!("CARGO_BIN_EXE_dxa"), "dxa", &[UNIT]);
}

#[test]
fn events_are_lines_of_json_where_that_is_wanted() {
    let scene = quiet();
    let mut service = Service::spawn(&scene, "run --json");
    service.wait_for("service started");
    service.wait_for("\"schedule\"");
    service.signal(Signal::INT);
    let (exit, said) = service.end();
    assert_eq!(exit, Some(0));
    let objects: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(objects[0]["severity"], "info");
    assert_eq!(objects.last().expect("an end")["exit"], 0);
    scene.dxa("run --dry-run").ends(2);
}
