//! The agent as a requestor of a postoffice: both ways, and what a request has (`spec/exchange.md` DX-11 to DX-18,
//! DX-23 to DX-26).

use super::net::{Alone, Net};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";
const PEOPLE: &str = "ou=People,o=Org";

fn lena() -> String {
    format!("cn=Lena Berg,{PEOPLE}")
}

#[test]
fn dxc_022_entries_of_both_sides_go_all_ways_are_changed_and_go() {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.scene.person("Lena Berg", "LENA");
    net.site.user(OTHER, "Otto");
    net.round();
    net.round();
    for office in [SERVER, OTHER] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, ["Lena Berg"], "{office}");
    }
    let otto = |name: &str| format!("MS:NET1/PO2/OTTO={name}");
    let shown = net.scene.shown();
    assert!(shown.contains(&otto("Otto")), "{shown:?}");

    net.scene.replace(&lena(), "displayName", "Lena Berger");
    net.site
        .admin(OTHER, "local modify Otto --name Ottokar")
        .ends(0);
    net.round();
    net.round();
    for office in [SERVER, OTHER] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, ["Lena Berger"], "{office}");
    }
    let shown = net.scene.shown();
    assert!(shown.contains(&otto("Ottokar")), "{shown:?}");

    net.scene.change(&lena(), "changetype: delete");
    net.site.admin(OTHER, "local delete OTTO").ends(0);
    net.round();
    net.round();
    for office in [SERVER, OTHER] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, Vec::<String>::new(), "{office}");
    }
    let shown = net.scene.shown();
    assert!(
        !shown.iter().any(|entry| entry.contains("OTTO")),
        "{shown:?}"
    );
    let numbers = net.scene.numbers();
    assert_eq!(numbers[0], "4", "R, A, M, D are confirmed");
    net.scene.dxa("status").ends(0);
}

#[test]
fn dxc_018_a_requestor_does_t1_with_its_changes() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    assert_eq!(
        alone.cycle(),
        ["R PCM:NET1/AGENT", "A Lena Berg|PCM:NET1/AGENT/LENA"]
    );
    alone.scene.person("Max Berg", "MAX");
    alone.scene.person("Nora Berg", "NORA");
    let run = alone.scene.dxa("cycle HQ").ends(0);
    assert!(run.stdout.contains("T1: request sent"), "{}", run.stdout);
    assert!(
        run.stdout.contains("a requestor of NET1/PO1"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("sent A 2"), "{}", run.stdout);
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_writes_nothing() {
    let alone = Alone::new();
    alone.scene.dxa("lists").ends(0);
    alone.scene.person("Lena Berg", "LENA");
    let before = alone.scene.files();
    let run = alone.scene.dxa("cycle --dry-run").ends(0);
    assert!(run.stdout.contains("sent R 1, A 1"), "{}", run.stdout);
    assert!(before == alone.scene.files(), "a file was changed");
    assert_eq!(alone.cycle().len(), 2, "it is still to be sent");
}

#[test]
fn dxc_020_where_there_are_both_roles_one_has_to_be_named() {
    let scene = Scene::new();
    scene.configure(
        "[[connection]]\nname = \"BRANCH\"\nrole = \"server\"\naddress = \"NET2/PO1\"\nexchange-options = \"send\"\n\
         export-containers = [\"ou=People,o=Org\"]",
    );
    let run = scene.dxa("cycle").ends(2);
    assert!(run.stderr.contains("name a connection"), "{}", run.stderr);
    assert!(!scene.data("postoffice").exists(), "nothing was begun");
    scene.dxa("cycle HQ").ends(0);
    let run = scene.dxa("cycle --step t2").ends(0);
    assert!(run.stdout.contains("T2"), "{}", run.stdout);
    scene.dxa("cycle HQ --step t2").ends(78);
    scene.dxa("cycle NOBODY").ends(66);
}

#[test]
fn dxc_039_another_name_is_one_modification() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    alone.scene.replace(&lena(), "displayName", "Lena Berger");
    assert_eq!(
        alone.cycle(),
        ["M Lena Berg|PCM:NET1/AGENT/LENA~  Lena Berger|PCM:NET1/AGENT/LENA"]
    );
    assert_eq!(alone.cycle(), Vec::<String>::new());
}

#[test]
fn dxc_040_another_postoffice_is_a_deletion_and_an_addition() {
    let alone = Alone::new();
    alone
        .scene
        .configure("owned = [\"NET1/AGENT\", \"NET1/BRANCH\"]");
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    let moved = "MS:NET1/BRANCH/LENA";
    alone.scene.replace(&lena(), "syncProxyPrimary", moved);
    assert_eq!(
        alone.cycle(),
        [
            "D Lena Berg|PCM:NET1/AGENT/LENA",
            "A Lena Berg|PCM:NET1/BRANCH/LENA"
        ]
    );
}

#[test]
fn dxc_044_what_was_made_by_hand_for_the_postoffice_of_another_stays_here() {
    let alone = Alone::new();
    alone
        .scene
        .configure("custom-recipients = true\nrelay = true");
    let scene = &alone.scene;
    scene.person_at(PEOPLE, "Test User", "MS:NETWORK/MSM3/TESTUSER", "");
    let sent = alone.report();
    assert_eq!(sent["skipped"]["not-authoritative"], 1, "{sent}");
    assert_eq!(
        (&sent["replaced"], &sent["added"]),
        (&1.into(), &0.into()),
        "{sent}"
    );
    let sent = alone.cycle_with("--export-all");
    assert_eq!(sent, ["R PCM:NET1/AGENT"], "no R for the list of another");
}

#[test]
fn dxc_047_a_container_that_leaves_takes_along_what_was_sent_from_it_and_nothing_else() {
    let alone = Alone::new();
    let more = alone.scene.unit("More");
    let both = format!(
        "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"ou=HQ,o=Org\"\n\
         custom-recipients = true\nrelay = true\nexport-containers = [\"{PEOPLE}\", \"{more}\"]\n"
    );
    alone.scene.configure_connections(&both);
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.person_in(&more, "Max Berg", "MAX", "");
    let (scene, owner) = (&alone.scene, "other/NET1/PO2");
    scene.remote(&more, owner, "Link Monitor", "MS:NET1/PO2/MONITOR");
    assert_eq!(alone.cycle().len(), 4);
    let one = both.replace(&format!(", \"{more}\""), "");
    alone.scene.configure_connections(&one);
    let sent = alone.report();
    assert_eq!(sent["deleted"], 2, "{sent}");
    assert_eq!(sent["deleted_because"]["outside-containers"], 2, "{sent}");
    assert_eq!(sent["replaced"], 0, "{sent}");
}

#[test]
fn dxc_085_everything_in_a_container_that_is_new_is_new() {
    let alone = Alone::new();
    let more = alone.scene.unit("More");
    for name in ["Ann", "Ben", "Cleo", "Dan", "Eve"] {
        let full = format!("{name} Old");
        let mailbox = name.to_uppercase();
        alone.scene.person_in(&more, &full, &mailbox, "");
    }
    assert_eq!(alone.cycle(), ["R PCM:NET1/AGENT"]);
    alone.scene.configure_connections(&format!(
        "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"ou=HQ,o=Org\"\n\
         export-containers = [\"{PEOPLE}\", \"{more}\"]\n"
    ));
    let sent = alone.cycle();
    assert_eq!(sent.len(), 5, "{sent:?}");
    assert!(sent.iter().all(|text| text.starts_with("A ")), "{sent:?}");
}

#[test]
fn dxc_086_a_container_that_is_not_there_stops_the_cycle_before_it_sends() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    alone.scene.configure_connections(
        "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"ou=HQ,o=Org\"\n\
         export-containers = [\"ou=Poeple,o=Org\"]\n",
    );
    let run = alone.cycle_that_ends(66);
    assert!(run.stdout.contains("ou=Poeple,o=Org"), "{}", run.stdout);
    alone.scene.configure("");
    assert_eq!(
        alone.cycle(),
        Vec::<String>::new(),
        "nothing was taken for gone"
    );
}

#[test]
fn a_container_that_is_read_in_part_stops_the_cycle_before_it_sends() {
    let setup = crate::support::slapd::Setup::new().global("sizelimit 3");
    let scene = Scene::on(setup);
    for name in ["Ann", "Ben", "Cleo", "Dan", "Eve"] {
        scene.person(&format!("{name} Berg"), &name.to_uppercase());
    }
    scene.bind_as_agent();
    let run = scene.dxa("cycle");
    assert_ne!(run.exit, 0, "{}", run.stdout);
    assert!(
        !scene
            .data("postoffice/P1/new")
            .read_dir()
            .is_ok_and(|mut files| files.next().is_some())
    );
}

#[test]
fn dxc_089_a_lower_trust_limit_takes_back_what_is_above_it() {
    let alone = Alone::new();
    for n in 0..10 {
        let trust = if n < 3 { 50 } else { 10 };
        let more = format!("syncTrustLevel: {trust}\n");
        alone
            .scene
            .person_in(PEOPLE, &format!("User Nr{n}"), &format!("USER{n}"), &more);
    }
    assert_eq!(alone.cycle().len(), 11);
    alone.scene.configure("trust = 20");
    let sent = alone.report();
    assert_eq!(sent["deleted"], 3, "{sent}");
    assert_eq!(sent["deleted_because"]["trust"], 3, "{sent}");
    let rest = ["replaced", "modified", "added"].map(|name| sent[name].as_u64());
    assert_eq!(rest, [Some(0); 3], "{sent}");
}

#[test]
fn dxc_090_091_what_is_hidden_goes_once_and_comes_back_as_new() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone
        .scene
        .person_in(PEOPLE, "Max Berg", "MAX", "syncHidden: TRUE\n");
    assert_eq!(alone.cycle().len(), 2);
    alone.scene.replace(&lena(), "syncHidden", "TRUE");
    assert_eq!(alone.cycle(), ["D Lena Berg|PCM:NET1/AGENT/LENA"]);
    assert_eq!(alone.cycle(), Vec::<String>::new());
    let max = format!("cn=Max Berg,{PEOPLE}");
    alone.scene.replace(&max, "syncHidden", "FALSE");
    assert_eq!(alone.cycle(), ["A Max Berg|PCM:NET1/AGENT/MAX"]);
}

#[test]
fn dxc_093_an_address_of_a_type_that_nobody_asked_for_stays_or_goes_as_proxy() {
    let alone = Alone::new();
    alone.scene.configure("custom-recipients = true");
    let proxy = "syncProxyPrimary: MS:NET1/AGENT/EXTERN\n";
    alone.scene.add(&format!(
        "dn: syncKey=X,{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\nsyncKey: X\nsyncImportedFrom: by hand\ncn: Extern\nsn: Extern\n\
         syncAddress: SMTP:extern@example.com\n{proxy}"
    ));
    let sent = alone.report();
    assert_eq!(sent["skipped"]["address-type"], 1, "{sent}");
    assert_eq!(sent["added"], 0, "{sent}");
    alone
        .scene
        .configure("custom-recipients = true\nas-proxy = true");
    assert_eq!(alone.cycle(), ["A Extern|PCM:NET1/AGENT/EXTERN"]);
    alone
        .scene
        .configure("custom-recipients = true\nas-proxy = true\ntypes = [\"PCM\", \"SMTP\"]");
    let sent = alone.cycle();
    assert_eq!(
        sent.len(),
        1,
        "an SMTP address of nobody is not ours to give: {sent:?}"
    );
    assert!(sent[0].starts_with("D "), "{sent:?}");
}

#[test]
fn dxc_094_remote_addresses_stay_where_they_are_not_selected() {
    let alone = Alone::new();
    let (scene, owner) = (&alone.scene, "by hand");
    scene.remote(PEOPLE, owner, "By Hand", "MS:NET1/AGENT/HAND");
    scene.remote(PEOPLE, owner, "Other Hand", "SMTP:hand@example.com");
    let sent = alone.report();
    assert_eq!(sent["skipped"]["kind-off"], 2, "{sent}");
    assert_eq!(sent["added"], 0, "{sent}");
}

#[test]
fn dxc_095_without_ledger_everything_goes_once_more_and_nothing_is_taken_for_gone() {
    let net = Net::requestor(&[SERVER]);
    net.scene.person("Lena Berg", "LENA");
    net.scene.person("Max Berg", "MAX");
    net.round();
    net.round();
    let names = || net.site.names_in(SERVER, "NET1/AGENT");
    assert_eq!(names(), ["Lena Berg", "Max Berg"]);
    std::fs::remove_file(net.scene.data("ledger.db")).expect("removed");
    let run = net.scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("DX221"), "{}", run.stdout);
    assert!(run.stdout.contains("sent R 1, A 2"), "{}", run.stdout);
    let shown = net.scene.shown();
    net.serve();
    net.scene.dxa("cycle").ends(0);
    net.serve();
    assert_eq!(names(), ["Lena Berg", "Max Berg"]);
    assert_eq!(net.scene.shown(), shown);
    net.scene.dxa("cycle --step t3").ends(0);
    assert_eq!(net.scene.numbers()[0], "6", "R and two A, twice");
}

#[test]
fn dxc_097_a_change_that_nobody_sees_sends_nothing() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    alone.scene.replace(&lena(), "carLicense", "B-XY 1");
    assert_eq!(alone.cycle(), Vec::<String>::new());
}

#[test]
fn names_of_one_postoffice_are_made_unique_and_a_changed_switch_sends_the_difference() {
    let alone = Alone::new();
    alone.scene.person("Bob Smith", "BOB1");
    let more = alone.scene.unit("More");
    alone.scene.person_in(&more, "Bob Smith", "BOB2", "");
    let with = |unique: &str| {
        alone.scene.configure_connections(&format!(
            "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"ou=HQ,o=Org\"\n\
             export-containers = [\"{PEOPLE}\", \"{more}\"]\nunique-names = \"{unique}\"\n"
        ));
    };
    with("postoffice");
    assert_eq!(
        alone.cycle()[1..],
        [
            "A Bob Smith|PCM:NET1/AGENT/BOB1",
            "A Bob Smith001|PCM:NET1/AGENT/BOB2"
        ]
    );
    with("off");
    assert_eq!(
        alone.cycle(),
        ["M Bob Smith001|PCM:NET1/AGENT/BOB2~  Bob Smith|PCM:NET1/AGENT/BOB2"]
    );
}

#[test]
fn template_lines_go_out_and_a_table_that_changes_sends_the_difference() {
    let alone = Alone::new();
    alone
        .scene
        .person_in(PEOPLE, "Lena Berg", "LENA", "title: Doctor\n");
    let sent = alone.cycle_lines("");
    assert!(sent[1].contains("Title"), "{sent:?}");
    alone.scene.configure("template-options = \"incoming\"");
    let sent = alone.cycle_lines("");
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("M Lena Berg|"), "{sent:?}");
    assert_eq!(alone.cycle_lines(""), Vec::<String>::new());
}
