//! Configuration, numbers, marks and rights, as users of a connector to Notes know their faults (`spec/exchange.md` NT-04,
//! NT-13 to NT-18, NT-21).

use std::fs;

use rusqlite::Connection;

use super::net::{AGENT, Alone, letters, quarantine};
use super::scene::{CONTAINER, Scene, resync};
use crate::support::slapd::Setup;

const PEOPLE: &str = "ou=People,o=Org";
const SERVER: &str = "NET1/PO1";

#[test]
fn ntc_040_containers_of_two_trees_are_refused_and_both_are_shown() {
    let second = "moduleload back_null\ndatabase null\nsuffix \"o=Other\"";
    let scene = Scene::on(Setup::new().global(second));
    let config = fs::read_to_string(scene.config()).expect("readable");
    fs::write(scene.config(), config.replace(PEOPLE, "ou=People,o=Other")).expect("written");
    let run = scene.dxa("cycle").ends(2);
    let expected = "the containers lie in two trees, o=Org and o=Other";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn ntc_041_what_somebody_wrote_into_the_configuration_stays() {
    let scene = Scene::new();
    let mut config = fs::read_to_string(scene.config()).expect("readable");
    config.push_str(
        "# by hand, mind the  blanks\n[[connection.mapping]]\nprompt='Cost:'\nattribute='o'\n",
    );
    fs::write(scene.config(), &config).expect("written");
    scene.person("Lena Berg", "LENA");
    for command in ["check", "cycle", "lists", "reset HQ", "cycle", "status"] {
        scene.dxa(command).ends(0);
        assert_eq!(
            fs::read_to_string(scene.config()).expect("readable"),
            config
        );
    }
}

/// An agent that has sent one person, which the server has confirmed with its own list.
fn in_step() -> Alone {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    let profile = "TASK=IMPORT\nREQNAME=PCM:NET1/AGENT\nREQSEQ=2\nSRVSEQ=40\nIMPSEQ=3\n";
    let list = [
        "0000000040 R PCM:NET1/PO1",
        "0000000040 A Ann                            PCM:NET1/PO1/ANN",
        "0000000040 A Bob                            PCM:NET1/PO1/BOB",
    ];
    alone.scene.put_mail(SERVER, "list", profile, &list);
    alone.scene.dxa("cycle --step t3").ends(0);
    alone
}

fn reply(scene: &Scene, name: &str, profile: &str, transactions: &[&str]) {
    let profile = format!("TASK=UPDATE\nREQNAME=PCM:{AGENT}\n{profile}");
    scene.put_mail(SERVER, name, &profile, transactions);
}

#[test]
fn ntc_042_numbers_that_do_not_fit_are_both_told_a_list_is_asked_for_and_sending_goes_on() {
    let alone = in_step();
    let scene = &alone.scene;
    let add = ["0000000043 A Carl                           PCM:NET1/PO1/CARL"];
    reply(
        scene,
        "gap",
        "REQSEQ=2\nWAS=42\nSRVSEQ=43\nIMPSEQ=3\n",
        &add,
    );
    scene.person("Max Berg", "MAX");
    let run = scene.dxa("cycle").ends(4);
    assert!(run.stdout.contains("expected=41 got=43"), "{}", run.stdout);
    assert!(run.stdout.contains("DX221"), "{}", run.stdout);
    let letter = &letters(scene, "P1/new")[0];
    assert_eq!(letter.profile.task.as_deref(), Some("IMPORTREQ"));
    assert_eq!(
        alone.fresh(),
        ["A Max Berg|PCM:NET1/AGENT/MAX~- Last:/Berg"]
    );
    scene.person("Nora Berg", "NORA");
    assert_eq!(alone.cycle(), ["A Nora Berg|PCM:NET1/AGENT/NORA"]);
}

#[test]
fn ntc_043_state_that_somebody_edited_is_refused_with_its_place_and_there_is_a_way_out() {
    let alone = in_step();
    let scene = &alone.scene;
    let ledger = Connection::open(scene.data("ledger.db")).expect("a ledger");
    let state = "{\"has-sent-list\": true,\n\"old-replies\": \"2026-13-45\"}";
    let set = "UPDATE connection SET state = ?1";
    assert_eq!(ledger.execute(set, [state]).expect("written"), 1);
    drop(ledger);
    let run = scene.dxa("cycle").ends(65);
    for part in [
        "DX249",
        "the state of HQ in the ledger",
        "2026-13-45",
        "line 2",
        "dxa state show HQ shows it",
        "dxa state set HQ ReqSync=N",
        "dxa reset HQ begins anew",
    ] {
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(letters(scene, "P1/new").is_empty());
    scene.dxa("reset HQ").ends(0);
    scene.dxa("cycle").ends(0);
    let config = fs::read_to_string(scene.config()).expect("readable");
    fs::write(scene.config(), format!("{config}at = [\"25:61\"]\n")).expect("written");
    let run = scene.dxa("status").ends(2);
    assert!(run.stderr.contains("25:61"), "{}", run.stderr);
}

#[test]
fn ntc_044_what_nobody_confirmed_is_sent_again() {
    let alone = in_step();
    let scene = &alone.scene;
    scene.person("Max Berg", "MAX");
    assert_eq!(alone.cycle(), ["A Max Berg|PCM:NET1/AGENT/MAX"]);
    // It was lost: the next one begins behind what is confirmed.
    scene.person("Nora Berg", "NORA");
    scene.dxa("cycle").ends(0);
    let queued = letters(scene, "P1/new")[0].queued();
    let texts = queued.iter().map(|(_, text)| text.split("~- ").next());
    let texts: Vec<_> = texts.map(|text| text.expect("a part")).collect();
    assert_eq!(
        texts,
        [
            "A Max Berg|PCM:NET1/AGENT/MAX",
            "A Nora Berg|PCM:NET1/AGENT/NORA"
        ]
    );
}

#[test]
fn ntc_045_a_corrupt_message_in_front_does_not_hold_up_those_behind() {
    let alone = in_step();
    let scene = &alone.scene;
    let carl = ["0000000041 A Carl                           PCM:NET1/PO1/CARL"];
    reply(
        scene,
        "1-cut",
        "REQSEQ=2\nSRVSEQ=42\nIMPSEQ=3\nCOUNT=2\n",
        &carl,
    );
    reply(scene, "2-whole", "REQSEQ=2\nSRVSEQ=41\nIMPSEQ=3\n", &carl);
    let run = scene.dxa("cycle --step t3").ends(4);
    assert!(run.stdout.contains("put aside"), "{}", run.stdout);
    assert_eq!(quarantine(scene).len(), 1);
    assert_eq!(scene.numbers()[1], "41");
    assert_eq!(scene.shown().len(), 3);
}

#[test]
fn ntc_046_an_address_that_another_has_is_said_when_it_begins_and_when_it_ends() {
    let alone = Alone::new();
    let scene = &alone.scene;
    scene.person("Ann Berg", "SAME");
    scene.person("Ben Berg", "SAME");
    let said = |run: &crate::support::Run| {
        let lines = run.stdout.lines().filter(|line| line.contains("DI236"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let run = scene.dxa("cycle --step t1").ends(0);
    let first = said(&run);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first[0].contains("address-duplicate"), "{first:?}");
    assert!(
        first[0].contains("held by cn=Ann Berg,ou=People,o=Org"),
        "{first:?}"
    );
    for _ in 0..2 {
        let run = scene.dxa("cycle --step t1").ends(0);
        assert_eq!(said(&run), [""; 0]);
        assert!(
            run.stdout.contains("skipped: address-duplicate 1"),
            "{}",
            run.stdout
        );
    }
    scene.replace(
        &format!("cn=Ben Berg,{PEOPLE}"),
        "syncProxyPrimary",
        "MS:NET1/AGENT/BEN",
    );
    let run = scene.dxa("cycle --step t1").ends(0);
    let last = said(&run);
    assert_eq!(last.len(), 1, "{last:?}");
    assert!(last[0].contains("no duplicate any more"), "{last:?}");
}

#[test]
fn ntc_048_049_what_has_no_address_or_is_of_a_kind_that_stays_is_counted_with_its_reason() {
    let alone = Alone::new();
    let scene = &alone.scene;
    scene.add(&format!(
        "dn: cn=Plain,{PEOPLE}\nobjectClass: inetOrgPerson\ncn: Plain\nsn: P\nmail: p@org.example\n"
    ));
    scene.remote(PEOPLE, "dss/NET9/PO9", "Far", "SMTP:far@example.org");
    let report = scene.config().with_file_name("report.jsonl");
    alone.cycle_with(&format!("--report {}", report.display()));
    let lines = fs::read_to_string(report).expect("a report");
    let plain = lines
        .lines()
        .find(|line| line.contains("cn=Plain"))
        .expect("a line");
    assert!(plain.contains("\"no-address\""), "{plain}");
    // Where it would come from.
    assert!(
        plain.contains("no MS address in syncProxyPrimary"),
        "{plain}"
    );
    let sent = alone.report();
    assert_eq!(sent["counts"]["excluded"]["kind-off"], 1, "{sent}");
    assert_eq!(sent["counts"]["unexportable"]["no-address"], 1, "{sent}");
}

#[test]
fn ntc_050_who_lost_all_gets_all_in_one_run_and_the_ledger_is_right() {
    let alone = in_step();
    let scene = &alone.scene;
    assert_eq!(
        alone.cycle_with("--export-all"),
        ["R PCM:NET1/AGENT", "A Lena Berg|PCM:NET1/AGENT/LENA"]
    );
    scene.replace(&format!("cn=Lena Berg,{PEOPLE}"), "displayName", "Lena B.");
    let sent = alone.cycle();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("M "), "{sent:?}");

    // So it is with what was removed from the container by others: the next list adds it.
    for entry in scene.entries(CONTAINER) {
        scene.change(&entry.dn.to_string(), "changetype: delete");
    }
    let list = [
        "R PCM:NET1/PO1",
        "A Ann\tPCM:NET1/PO1/ANN",
        "A Bob\tPCM:NET1/PO1/BOB",
    ];
    scene.drop_file("RESYNC.GLB", &resync((9, 50, 4, 100), &list));
    let run = scene.dxa("lists --json").ends(0).json();
    assert_eq!(run["lists"][0]["added"], 2, "{run}");
}

#[test]
fn ntc_053_rights_to_write_below_the_container_are_enough() {
    let rules = format!(
        "to dn.subtree=\"{CONTAINER}\" by dn.exact=\"cn=agent,o=Org\" write by * read\naccess to * by * read"
    );
    let scene = Scene::on(Setup::new().access(&rules));
    scene.bind_as_agent();
    scene.person("Lena Berg", "LENA");
    scene.dxa("check").ends(0);
    scene.dxa("cycle").ends(0);
    let list = ["R PCM:NET1/PO1", "A Ann\tPCM:NET1/PO1/ANN"];
    scene.drop_file("RESYNC.GLB", &resync((14, 80, 1, 100), &list));
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    let as_agent = |dn: &str| {
        let change =
            format!("dn: {dn}\nchangetype: modify\nreplace: description\ndescription: x\n");
        let agent = crate::support::slapd::AGENT;
        scene
            .slapd
            .client_as(agent, "ldapmodify", &[], &change)
            .status
            .success()
    };
    assert!(
        !as_agent(&format!("cn=Lena Berg,{PEOPLE}")),
        "it has no other rights"
    );
    assert!(!as_agent("o=Org"));
}
