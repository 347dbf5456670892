//! Settings that change between two cycles.

use dirsync::plan::outcome::{Outcome, Reason};
use dirsync::tools::dxa::interorg::branch::pending;

use super::scene::{Hub, OTHERS, Org, PEOPLE, because};
use crate::support::slapd::ADMIN;

fn person(org: &Org, name: &str, mail: &str) {
    org.person(name, &name.to_lowercase(), mail, "");
}

#[test]
fn ioc_022_a_container_that_is_taken_out_shows_before_the_next_cycle_and_goes_with_it() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    one.slapd
        .add("dn: ou=More,o=Org\nobjectClass: organizationalUnit\nou: More\n");
    person(&one, "Ann", "ann@org1.example");
    one.slapd.add(
        "dn: cn=Bob,ou=More,o=Org\nobjectClass: inetOrgPerson\ncn: Bob\nsn: Bob\nmail: bob@org1.example\n",
    );
    let both = "[[branch.export]]\ncontainer = \"ou=More,o=Org\"";
    one.configure_export("", PEOPLE, both);
    hub.round(&[&one, &two]);
    assert_eq!(two.entries().len(), 2);
    assert_eq!(pending(&one.config()).expect("read"), [""; 0]);
    one.configure("");
    assert_eq!(
        pending(&one.config()).expect("read"),
        [
            "export ou=more,o=org: removed, was mailbox, list, recipient",
            "ou=more,o=org: 1 entries go with the next request",
        ]
    );
    assert_eq!(two.entries().len(), 2, "not before the next cycle");
    let (asked, ..) = hub.cycle(&one);
    assert_eq!((asked.deleted, asked.changed_settings.len()), (1, 1));
    assert_eq!(pending(&one.config()).expect("read"), [""; 0]);
    hub.cycle(&two);
    assert_eq!(two.shown(), ["ORG1 Ann <ann@org1.example>"]);
}

#[test]
fn ioc_028_a_domain_is_that_one_and_no_other() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("domains = [\"Org2.example\"]");
    person(&two, "Ann", "ann@ORG2.example");
    person(&two, "Bob", "bob@sub.org2.example");
    person(&two, "Eve", "eve@xorg2.example");
    let mut hub = Hub::new();
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!(one.shown(), ["ORG2 Ann <ann@ORG2.example>"]);
    assert_eq!(
        (took.counts.ignored, took.reasons["domain-not-wanted"]),
        (2, 2)
    );
    assert_eq!(took.exit().number(), 0, "that is no error");
    let lines = because(&took.lines, Reason::DomainNotWanted);
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ignored; 2]);
    // Whoever changes to another domain goes.
    two.replace(&format!("cn=Ann,{PEOPLE}"), "mail", "ann@elsewhere.example");
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!((took.counts.deleted, one.entries().len()), (1, 0));
}

#[test]
fn ioc_029_ioc_030_domains_that_come_bring_their_entries_and_those_that_go_take_them_along() {
    let orgs = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    let [one, two, three] = &orgs;
    person(two, "Ann", "ann@org2.example");
    person(three, "Bob", "bob@org3.example");
    one.configure("domains = [\"org2.example\"]");
    let mut hub = Hub::new();
    hub.round(&orgs.each_ref());
    assert_eq!(one.shown(), ["ORG2 Ann <ann@org2.example>"]);
    let (asked, ..) = hub.cycle(one);
    assert!(!asked.asks_for_all);
    one.configure("domains = [\"org3.example\", \"org2.example\"]");
    let (asked, _, took) = hub.cycle(one);
    assert!(asked.asks_for_all && took.is_full, "by itself");
    assert_eq!((took.counts.added, took.counts.unchanged), (1, 1));
    assert_eq!(one.entries().len(), 2);
    let (asked, ..) = hub.cycle(one);
    assert!(!asked.asks_for_all, "once");
    one.configure("domains = [\"org3.example\"]");
    let (.., took) = hub.cycle(one);
    assert_eq!(one.shown(), ["ORG3 Bob <bob@org3.example>"]);
    assert_eq!(
        (took.counts.deleted, took.reasons["domain-not-wanted"]),
        (1, 1)
    );
    let kept = std::fs::read_to_string(took.removed.expect("it is kept")).expect("read");
    assert!(kept.contains("ann@org2.example"));
}

#[test]
fn ioc_029_a_full_list_that_is_lost_is_asked_for_again() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    person(&two, "Ann", "ann@org2.example");
    one.configure("domains = [\"org3.example\"]");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    assert_eq!(one.entries(), []);
    one.configure("");
    let (request, _) = one.ask();
    hub.serve(&[&request]);
    let (asked, ..) = hub.cycle(&one);
    assert!(asked.asks_for_all);
    assert_eq!(one.entries().len(), 1);
}

#[test]
fn ioc_041_a_changed_setting_counts_from_the_next_cycle_and_is_named() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person("Ann", "ann", "ann@org1.example", "syncTrustLevel: 50");
    let mut hub = Hub::new();
    let (first, ..) = hub.cycle(&one);
    let (second, ..) = hub.cycle(&one);
    assert_eq!(first.settings, second.settings);
    assert_eq!(second.changed_settings, [""; 0]);
    one.configure("trust = 20");
    let (third, ..) = hub.cycle(&one);
    assert_ne!(third.settings, second.settings);
    assert_eq!(third.changed_settings, ["trust: 100, now 20"]);
    assert_eq!(third.deleted, 1);
    hub.cycle(&two);
    assert_eq!(two.entries(), []);
}

#[test]
fn another_import_container_gets_the_entries_that_are_there() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    person(&two, "Ann", "ann@org2.example");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let before = one.entry("Ann");
    one.slapd.add(&format!(
        "dn: ou=New,o=Org\nobjectClass: organizationalUnit\nou: New\n\n\
         dn: cn=Manual,{OTHERS}\nobjectClass: organizationalRole\ncn: Manual\n"
    ));
    one.write_config(&one.config_text().replace(OTHERS, "ou=New,o=Org"));
    person(&two, "Bob", "bob@org2.example");
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    let remark = "1 entries moved from ou=others,o=org to ou=New,o=Org";
    assert_eq!(took.remarks, [remark]);
    let entries = one.entries();
    assert_eq!(entries.len(), 2);
    assert!(
        entries
            .iter()
            .all(|e| e.dn.to_string().ends_with("ou=New,o=Org"))
    );
    assert_eq!(
        entries[0].attributes.text("entryUUID"),
        before.attributes.text("entryUUID")
    );
    assert!(
        one.slapd
            .search(OTHERS, "(cn=Manual)", &["cn"])
            .contains("Manual")
    );
    let (.., took) = hub.cycle(&one);
    assert_eq!(took.remarks, [""; 0], "once");
}

#[test]
fn ioc_038_names_are_compared_without_case() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let text = one.config_text();
    let text = text
        .replace(ADMIN, "CN=Admin, O=ORG")
        .replace(OTHERS, "OU=OTHERS,o=org")
        .replace(PEOPLE, "ou=people,O=ORG")
        .replace("name = \"ORG1\"", "name = \"Org1\"");
    one.write_config(&text);
    person(&one, "Ann", "ann@org1.example");
    person(&two, "Bob", "bob@org2.example");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    assert_eq!(one.shown(), ["ORG2 Bob <bob@org2.example>"]);
    assert_eq!(two.shown(), ["ORG1 Ann <ann@org1.example>"]);
    // Written as it is, nothing is another one.
    one.configure("");
    let (asked, _, took) = hub.cycle(&one);
    assert_eq!((asked.sent, asked.deleted, took.counts.read), (0, 0, 0));
    assert_eq!(asked.changed_settings, [""; 0]);
}

#[test]
fn ioc_044_whoever_leaves_keeps_the_entries_or_not_and_is_told_what_stays() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    person(&one, "Ann", "ann@org1.example");
    person(&two, "Bob", "bob@org2.example");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let left = one.with(|side| side.leave(false, None));
    assert_eq!((left.kept, left.deleted), (1, 0));
    assert!(
        left.stays
            .iter()
            .any(|line| line.contains("1 entries of hub/ORG1")),
        "{left:?}"
    );
    assert_eq!(one.entries().len(), 1);
    let (asked, ..) = hub.cycle(&one);
    assert!(asked.is_full, "as if it had never been there");
    let dry = one
        .try_with(true, |side| side.leave(true, None))
        .expect("said");
    assert_eq!((dry.deleted, dry.file, one.entries().len()), (1, None, 1));
    let left = one.with(|side| side.leave(true, None));
    assert_eq!((left.kept, left.deleted, left.refused), (0, 1, 0));
    let kept = std::fs::read_to_string(left.file.expect("kept")).expect("read");
    assert!(kept.contains("bob@org2.example"));
    assert_eq!(one.entries(), []);
    assert!(
        one.slapd
            .search(PEOPLE, "(cn=Ann)", &["cn"])
            .contains("Ann")
    );
}
