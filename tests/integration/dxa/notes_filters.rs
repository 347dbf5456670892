//! Filter rules in their published form (`spec/exchange.md` NT-11).

use super::net::{Alone, letters};
use crate::support::slapd::Setup;

const PEOPLE: &str = "ou=People,o=Org";

fn with(filters: &str) -> Alone {
    Alone::with(&format!("filters = [{filters}]"))
}

fn person(alone: &Alone, name: &str, more: &str) {
    alone
        .scene
        .person_in(PEOPLE, &format!("{name} Berg"), &name.to_uppercase(), more);
}

/// Runs a cycle and returns the names that are sent in it, and the entries that a rule keeps here with the rule.
fn cycle(alone: &Alone) -> (Vec<String>, Vec<String>) {
    let report = alone.scene.config().with_file_name("report.jsonl");
    let sent = alone.cycle_with(&format!("--report {}", report.display()));
    let lines = std::fs::read_to_string(report).expect("a report");
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let filtered = lines.filter(|line: &serde_json::Value| line["reason"] == "filtered");
    let shown = filtered.map(|line| {
        let entry = line["entry"].as_str().expect("a name");
        let rule = line["detail"].as_str().expect("a rule");
        format!("{} ({rule})", entry.split(',').next().expect("a part"))
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    let names = sent.iter().filter(|text| !text.starts_with("R "));
    let names = names.map(|text| text.split('|').next().expect("a name").trim().to_owned());
    (names.collect(), shown)
}

#[test]
fn ntc_031_a_rule_about_an_attribute_that_nobody_knows_is_refused() {
    let alone = with("\"person = CompanyName, EQ, Acme & title, NE, x & Tag, NE, y\"");
    person(&alone, "Lena", "o: Acme\n");
    let run = alone.cycle_that_ends(2);
    for place in [
        "filters person, condition 1: the directory knows no attribute CompanyName",
        "filters person, condition 3: the directory knows no attribute Tag",
    ] {
        assert!(run.stdout.contains(place), "{}", run.stdout);
        let check = alone.scene.dxa("check").ends(2);
        let fault = check.stdout.lines().find(|line| line.starts_with("FAULT"));
        assert!(
            fault.is_some_and(|fault| fault.contains(place)),
            "{}",
            check.stdout
        );
    }
}

#[test]
fn ntc_032_an_operator_that_only_books_have_is_refused_and_those_there_are_named() {
    let alone = with("\"person = o, SW, Acme\"");
    for command in ["check", "cycle", "status"] {
        let run = alone.scene.dxa(command).ends(2);
        let expected = "person: there is no operator \"SW\", only EQ and NE";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn ntc_033_a_value_has_its_commas() {
    let ministry = "Ministry of Economic Development, Trade and Tourism";
    let alone = with(&format!("\"filter_person = o, EQ, {ministry}\""));
    person(&alone, "Ann", &format!("o: {ministry}\n"));
    person(&alone, "Ben", "o: Ministry of Economic Development\n");
    person(&alone, "Carl", &format!("o: {ministry}, Fishery\n"));
    let (sent, filtered) = cycle(&alone);
    assert_eq!(sent, ["A Ann Berg"]);
    assert_eq!(filtered, ["cn=Ben Berg (person)", "cn=Carl Berg (person)"]);
}

#[test]
fn ntc_034_what_is_empty_and_what_is_a_resource_does_not_get_through() {
    let alone = with("\"x = physicalDeliveryOfficeName, EQ, Sales\"");
    person(&alone, "Ann", "physicalDeliveryOfficeName: sales\n");
    person(&alone, "Ben", "");
    alone.scene.add(&format!(
        "dn: cn=Room 1,{PEOPLE}\nobjectClass: organizationalRole\nobjectClass: syncLocalRecipient\ncn: Room 1\n\
         syncProxyPrimary: MS:NET1/AGENT/ROOM1\n"
    ));
    let (sent, filtered) = cycle(&alone);
    assert_eq!(sent, ["A Ann Berg"]);
    assert_eq!(filtered, ["cn=Ben Berg (x)", "cn=Room 1 (x)"]);
}

#[test]
fn ntc_035_all_but_one_go_and_those_of_it_are_named_with_the_rule() {
    let alone = with("\"Sales = physicalDeliveryOfficeName, NE, Sales\"");
    person(&alone, "Ann", "physicalDeliveryOfficeName: Sales\n");
    person(&alone, "Ben", "physicalDeliveryOfficeName: Sales North\n");
    person(&alone, "Carl", "");
    let (sent, filtered) = cycle(&alone);
    assert_eq!(sent, ["A Ben Berg", "A Carl Berg"]);
    assert_eq!(filtered, ["cn=Ann Berg (Sales)"]);
    let counts = alone.scene.dxa("status --json").ends(0).json();
    let counts = &counts["connections"][0]["last_run"]["sent"]["counts"];
    assert_eq!(counts["excluded"]["filtered"], 1, "{counts}");
}

#[test]
fn ntc_036_a_rule_is_about_text_whatever_the_other_side_can_write() {
    let alone = Alone::new();
    // The second has a letter that the code page lacks; the & of the first belongs to the value.
    alone.scene.configure(
        "code-page = 437\nfilters = ['u = o, EQ, Müller \\& Söhne AG | Œuvre, Ltd.', 't = title, NE, Küche']",
    );
    person(&alone, "Ann", "o: MÜLLER & Söhne AG\n");
    person(&alone, "Ben", "o: Œuvre, Ltd.\n");
    person(&alone, "Carl", "o: Muller & Sohne AG\n");
    person(&alone, "Dora", "o: Œuvre, Ltd.\ntitle: Küche\n");
    let (sent, filtered) = cycle(&alone);
    assert_eq!(sent, ["A Ann Berg", "A Ben Berg"]);
    assert_eq!(filtered, ["cn=Carl Berg (u)", "cn=Dora Berg (t)"]);
}

#[test]
fn nt11_a_rule_that_comes_or_goes_sends_the_difference() {
    let alone = Alone::new();
    person(&alone, "Ann", "o: Acme\n");
    person(&alone, "Ben", "o: Other\n");
    assert_eq!(cycle(&alone).0, ["A Ann Berg", "A Ben Berg"]);
    alone.scene.configure("filters = [\"acme = o, EQ, Acme\"]");
    let check = alone.scene.dxa("check").ends(0).stdout;
    assert!(
        check.contains("filters: none -> acme = o, EQ, Acme"),
        "{check}"
    );
    assert!(
        check.contains("because of the settings: D 1 (filtered 1)"),
        "{check}"
    );
    assert_eq!(cycle(&alone).0, ["D Ben Berg"]);
    assert_eq!(cycle(&alone).0, [""; 0]);
    alone.scene.configure("");
    assert_eq!(cycle(&alone).0, ["A Ben Berg"]);
    assert!(letters(&alone.scene, "P1/new").is_empty());
}

#[test]
fn nt02_nt11_what_a_rule_is_about_and_cannot_be_read_is_not_taken_for_empty() {
    let rule = format!("to dn.children=\"{PEOPLE}\" filter=(carLicense=hidden) attrs=o by * none");
    let alone = Alone::on(Setup::new().access(&rule));
    let configure = |filter: &str| {
        alone.scene.configure(&format!(
            "template-options = \"none\"\nfilters = [\"acme = o, {filter}, Acme\", \"t = title, NE, x\"]"
        ));
        alone.scene.bind_as_agent();
    };
    configure("EQ");
    person(&alone, "Ann", "o: Acme\n");
    person(&alone, "Ben", "o: Acme\n");
    person(&alone, "Carl", "o: Other\ncarLicense: hidden\n");
    let sent = |exit: i32| {
        let run = alone.scene.dxa("cycle --step t1 --json").ends(exit).json();
        let counts = run["connections"][0]["sent"]["counts"].clone();
        (alone.fresh(), counts)
    };
    let (first, counts) = sent(1);
    assert_eq!(first.len(), 3, "{first:?}");
    assert_eq!(counts["unexportable"]["server-access"], 1, "{counts}");
    alone
        .scene
        .replace(&format!("cn=Ben Berg,{PEOPLE}"), "carLicense", "hidden");
    let (second, counts) = sent(1);
    assert_eq!(second, [""; 0]);
    assert_eq!(counts["kept"], 1, "{counts}");
    // Nor does it pass, and another rule keeps it here.
    configure("NE");
    alone
        .scene
        .replace(&format!("cn=Carl Berg,{PEOPLE}"), "title", "x");
    let (third, counts) = sent(1);
    assert_eq!(third, ["D Ann Berg|PCM:NET1/AGENT/ANN"]);
    assert_eq!(counts["excluded"]["filtered"], 2, "{counts}");
    assert_eq!(counts["unexportable"]["server-access"], 1, "{counts}");
}
