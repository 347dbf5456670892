//! What goes out of an organization, and what of it.

use dirsync::directory::interorg::wire::{Part, Parts, Unit, read_changes, read_withheld};
use dirsync::directory::interorg::{Request, SourceKey};
use dirsync::plan::outcome::{Outcome, Reason};
use dirsync::tools::dxa::interorg::branch::Wanted;
use dirsync::tools::exit::ExitCode;

use super::scene::{Hub, Org, PEOPLE, because, ended};

/// Sends a request the way mail does.
fn mailed(request: Request) -> Request {
    let mut parts = Parts::default();
    for (part, changes, withheld) in Unit::Request(request).into_parts(0) {
        let part = Part::parse(&part.to_text()).expect("a head");
        let changes = read_changes(&changes).expect("changes");
        let withheld = read_withheld(&withheld).expect("reasons");
        parts.add(part, changes, withheld).expect("a part");
    }
    match parts.join() {
        Some(Unit::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ioc_004_whoever_has_no_address_is_named_at_both_sides_and_costs_nobody_else() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person("No Mail", "nomail", "", "");
    one.person("Ann Gray", "ann", "ann@org1.example", "");
    let mut hub = Hub::new();
    let (request, asked) = one.ask();
    assert_eq!(asked.exit(), ExitCode::Partial);
    let [line] = because(&asked.lines, Reason::NoSmtp)[..] else {
        panic!("{:?}", asked.lines);
    };
    assert_eq!(
        (line.dn.as_str(), line.outcome),
        (&*format!("cn=No Mail,{PEOPLE}"), Outcome::Refused)
    );
    let request = mailed(request);
    let [withheld] = &request.withheld[..] else {
        panic!("{:?}", request.withheld);
    };
    assert_eq!(
        (&withheld.dn, withheld.note.reason),
        (&line.dn, Reason::NoSmtp)
    );
    hub.serve(&[&request]);
    hub.cycle(&two);
    assert_eq!(two.shown(), ["ORG1 Ann Gray <ann@org1.example>"]);
    // Repaired at the source, it comes by itself.
    one.replace(&line.dn, "mail", "nomail@org1.example");
    hub.cycle(&one);
    hub.cycle(&two);
    assert_eq!(two.entries().len(), 2);
}

#[test]
fn ioc_005_an_address_that_is_missing_is_missing_and_not_another_column() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("no-smtp = \"import-without-mail\"");
    one.person("Ann Gray", "ann", "ann@org1.example", "title: Clerk");
    one.person(
        "Fax Only",
        "fax",
        "",
        "title: Baker\nsyncProxyPrimary: FAX:555",
    );
    let (request, _) = one.ask();
    let request = mailed(request.clone());
    let cards: Vec<_> = request
        .changes
        .iter()
        .filter_map(|c| c.card.as_ref())
        .collect();
    assert_eq!(cards.len(), 2);
    let fax = cards
        .iter()
        .find(|card| card.mail.is_none())
        .expect("it is there");
    assert_eq!(fax.attributes["title"], ["Baker"]);
    let mut hub = Hub::new();
    hub.serve(&[&request]);
    let (.., took) = hub.cycle(&two);
    assert_eq!(two.shown(), ["ORG1 Ann Gray <ann@org1.example>"]);
    let [line] = because(&took.lines, Reason::NoSmtp)[..] else {
        panic!("{:?}", took.lines);
    };
    assert_eq!(
        (line.outcome, line.dn.as_str()),
        (Outcome::Ignored, &*format!("cn=Fax Only,{PEOPLE}"))
    );
}

#[test]
fn ioc_006_whoever_has_another_address_comes_without_mail_where_both_want_that() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    for org in [&one, &two] {
        org.configure("no-smtp = \"import-without-mail\"");
    }
    one.person("Fax Only", "fax", "", "syncProxyPrimary: FAX:555");
    one.person("No Mail", "none", "", "");
    let mut hub = Hub::new();
    let (asked, ..) = hub.cycle(&one);
    let [line] = because(&asked.lines, Reason::NoAddress)[..] else {
        panic!("{:?}", asked.lines);
    };
    assert_eq!(line.dn, format!("cn=No Mail,{PEOPLE}"));
    hub.cycle(&two);
    let entry = two.entry("Fax Only");
    assert_eq!(entry.attributes.text("syncAddress"), Some("FAX:555"));
    assert_eq!(entry.attributes.text("mail"), None);
    // It is skipped from now on: the branch asks for everything by itself, and the entry goes.
    two.configure("");
    let (asked, _, took) = hub.cycle(&two);
    assert!(asked.asks_for_all && took.is_full);
    assert_eq!(two.entries(), []);
    assert_eq!((took.counts.deleted, took.reasons["no-smtp"]), (1, 1));
}

#[test]
fn ioc_021_only_the_kinds_that_are_chosen_go_out() {
    let one = Org::new("ORG1");
    let list = "objectClass: organizationalRole\nobjectClass: syncRemoteAddress";
    one.person("Ann Gray", "ann", "ann@org1.example", "");
    one.slapd.add(&format!(
        "dn: cn=All,{PEOPLE}\nobjectClass: groupOfNames\nobjectClass: syncLocalRecipient\ncn: All\n\
         member: cn=Ann Gray,{PEOPLE}\nsyncProxyPrimary: SMTP:all@org1.example\n\n\
         dn: cn=Far,{PEOPLE}\n{list}\ncn: Far\nsyncKey: SMTP:far@x.example\nsyncAddress: SMTP:far@x.example\n\
         syncImportedFrom:: IA==\n"
    ));
    let two = Org::new("ORG2");
    one.configure_export("", PEOPLE, "kinds = [\"mailbox\"]");
    let mut hub = Hub::new();
    let (asked, ..) = hub.cycle(&one);
    assert_eq!((asked.considered, asked.exported), (3, 1));
    assert_eq!(asked.skipped["kind-off"], 2);
    assert_eq!(asked.exit(), ExitCode::Done);
    one.configure("");
    hub.cycle(&one);
    let (.., took) = hub.cycle(&two);
    assert_eq!(took.counts.added, 3, "{took:?}");
    let all = two.entry("All");
    assert!(all.attributes.is_of_class("organizationalRole"));
    assert_eq!(all.attributes.text("mail"), Some("all@org1.example"));
}

#[test]
fn of_two_containers_one_in_the_other_the_inner_one_decides() {
    let one = Org::new("ORG1");
    one.person("Ann Gray", "ann", "ann@org1.example", "");
    one.slapd.add(&format!(
        "dn: ou=Sales,{PEOPLE}\nobjectClass: organizationalUnit\nou: Sales\n\n\
         dn: cn=Bob,ou=Sales,{PEOPLE}\nobjectClass: inetOrgPerson\ncn: Bob\nsn: Bob\nmail: bob@org1.example\n"
    ));
    let inner = format!("[[branch.export]]\ncontainer = \"ou=Sales,{PEOPLE}\"\nkinds = [\"list\"]");
    one.configure_export("", PEOPLE, &inner);
    let (_, asked) = one.ask();
    assert_eq!((asked.considered, asked.exported), (2, 1));
    assert_eq!(asked.skipped["kind-off"], 1);
}

#[test]
fn ioc_023_a_text_is_appended_once_and_goes_with_its_setting() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("append = \" (ORG1)\"");
    one.person("Ann Gray", "ann", "ann@org1.example", "");
    let mut hub = Hub::new();
    hub.cycle(&one);
    hub.cycle(&two);
    let before = two.entry("Ann Gray (ORG1)");
    one.replace(
        &format!("cn=Ann Gray,{PEOPLE}"),
        "displayName",
        "Ann Gray (ORG1)",
    );
    let (asked, ..) = hub.cycle(&one);
    assert_eq!(asked.sent, 0, "it is as it was");
    one.replace(&format!("cn=Ann Gray,{PEOPLE}"), "displayName", "Ann Gray");
    one.configure("");
    let (asked, ..) = hub.cycle(&one);
    assert_eq!(asked.sent, 1);
    assert_eq!(asked.changed_settings, ["append: \" (ORG1)\", now \"\""]);
    hub.cycle(&two);
    let after = two.entry("Ann Gray");
    for name in ["entryUUID", "syncKey", "cn"] {
        assert_eq!(
            after.attributes.text(name),
            before.attributes.text(name),
            "{name}"
        );
    }
}

#[test]
fn two_of_one_name_get_numbers_that_stay() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("append = \" (ORG1)\"");
    one.person("Bob Smith", "bob", "bob@org1.example", "");
    let mut hub = Hub::new();
    hub.cycle(&one);
    one.person("Robert Smith", "robert", "robert@org1.example", "");
    one.replace(
        &format!("cn=Robert Smith,{PEOPLE}"),
        "displayName",
        "bob smith",
    );
    hub.cycle(&one);
    hub.cycle(&two);
    let expected = [
        "ORG1 Bob Smith (ORG1) <bob@org1.example>",
        "ORG1 bob smith (ORG1)001 <robert@org1.example>",
    ];
    assert_eq!(two.shown(), expected);
    let (asked, ..) = hub.cycle(&one);
    assert_eq!(asked.sent, 0);
    assert_eq!(because(&asked.lines, Reason::NameSuffixed).len(), 1);
}

#[test]
fn ioc_025_a_rewritten_address_keeps_the_way_back() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("rewrite = [{ from = \"org1.company.example\", to = \"company.example\" }]");
    one.person("User One", "user1", "user1@org1.company.example", "");
    let mut hub = Hub::new();
    hub.cycle(&one);
    hub.cycle(&two);
    let entry = two.entry("User One");
    let text = |name| entry.attributes.text(name).unwrap_or("-");
    assert_eq!(text("mail"), "user1@company.example");
    assert_eq!(text("syncAddress"), "SMTP:user1@org1.company.example");
    let secondary = entry.attributes.values("syncProxySecondary");
    assert_eq!(secondary, ["SMTP:user1@org1.company.example"]);
}

#[test]
fn ioc_026_ioc_010_who_falls_together_by_a_rewrite_is_named_with_the_other_and_the_same_one_wins_each_time()
 {
    let one = Org::new("ORG1");
    one.configure(
        "rewrite = [{ from = \"a.example\", to = \"c.example\" }, { from = \"b.example\", to = \"c.example\" }]",
    );
    one.person("Ann A", "a", "ann@a.example", "");
    one.person("Ann B", "b", "Ann@b.example", "");
    let (request, asked) = one.ask();
    let [line] = because(&asked.lines, Reason::SmtpDuplicate)[..] else {
        panic!("{:?}", asked.lines);
    };
    let [sent] = &request.changes[..] else {
        panic!("{:?}", request.changes);
    };
    let winner = sent.card.as_ref().expect("a card").dn.clone();
    assert!(
        line.detail.contains(&winner) && line.dn != winner,
        "{line:?}"
    );
    assert!(
        sent.key < SourceKey::parse(&line.key).expect("a key"),
        "the lower key has it"
    );
    let (again, asked) = one.ask();
    assert_eq!(again.changes, request.changes);
    assert_eq!(because(&asked.lines, Reason::SmtpDuplicate), [line]);
}

#[test]
fn ioc_027_a_trust_level_above_the_limit_stays_and_one_at_it_goes() {
    let one = Org::new("ORG1");
    one.configure("trust = 20");
    one.person("Ann Twenty", "a", "a@org1.example", "syncTrustLevel: 20");
    one.person("Bob More", "b", "b@org1.example", "syncTrustLevel: 21");
    one.person("Eve None", "e", "e@org1.example", "");
    let (request, asked) = one.ask();
    assert_eq!((asked.exported, asked.skipped["trust"]), (2, 1));
    assert_eq!(request.changes.len(), 2);
    assert_eq!(request.withheld, [], "that is nobody's business");
    let [line] = ended(&asked.lines, Outcome::Ignored)[..] else {
        panic!("{:?}", asked.lines);
    };
    assert_eq!(line.detail, "level 21, limit 20");
}

#[test]
fn ioc_035_what_is_not_on_the_list_is_not_carried() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person(
        "Ann Gray",
        "ann",
        "ann@org1.example",
        "employeeNumber: 4711\ndescription: private\ntitle: Clerk\ntelephoneNumber: 1234",
    );
    let (request, _) = one.ask();
    let card = request.changes[0].card.as_ref().expect("a card");
    let names: Vec<_> = card.attributes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["cn", "displayname", "sn", "telephonenumber", "title", "uid"]
    );
    let mut hub = Hub::new();
    hub.serve(&[&request]);
    hub.cycle(&two);
    let entry = two.entry("Ann Gray");
    assert_eq!(entry.attributes.text("telephoneNumber"), Some("1234"));
    assert_eq!(entry.attributes.text("employeeNumber"), None);
    // A list of its own, where both want it.
    for org in [&one, &two] {
        org.configure("attributes = [\"cn\", \"displayName\", \"employeeNumber\"]");
    }
    hub.cycle(&one);
    hub.cycle(&two);
    let entry = two.entry("Ann Gray");
    assert_eq!(entry.attributes.text("employeeNumber"), Some("4711"));
}

#[test]
fn io_16_an_attribute_is_carried_by_whatever_name_it_is_called_and_one_that_nobody_has_is_refused()
{
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("attributes = [\"displayName\", \"Surname\", \"localityName\"]");
    two.configure("attributes = [\"displayName\", \"sn\", \"l\"]");
    one.person("Ann Gray", "ann", "ann@org1.example", "l: Bonn");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let entry = two.entry("Ann Gray");
    assert_eq!(entry.attributes.text("l"), Some("Bonn"));
    assert_eq!(entry.attributes.text("sn"), Some("Gray"));

    one.configure("attributes = [\"displayName\", \"shoeSize\"]");
    let error = one.try_with(false, |side| side.ask(Wanted::default()));
    let error = error.expect_err("an attribute that the directory does not know");
    assert_eq!(error.exit, ExitCode::Usage);
    assert!(error.message.contains("branch.attributes"), "{error}");
    assert!(error.message.contains("shoesize"), "{error}");
}

#[test]
fn io_14_what_becomes_too_long_stays_as_it_was_with_the_others() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let title = |count: usize| "x".repeat(count);
    one.person(
        "Ann Gray",
        "ann",
        "ann@org1.example",
        &format!("title: {}", title(30_000)),
    );
    one.person("Bob Gray", "bob", "bob@org1.example", "title: Clerk");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    hub.cycle(&two);
    assert_eq!(two.entries().len(), 2);
    one.configure("limit = 20000");
    for is_full in [false, true, false] {
        let wanted = Wanted {
            export_all: is_full,
            ..Wanted::default()
        };
        let (asked, taken, _) = hub.cycle_with(&one, wanted);
        assert_eq!(because(&asked.lines, Reason::TooLong).len(), 1, "{asked:?}");
        assert_eq!(
            (asked.deleted, taken.deleted, taken.swept),
            (0, 0, 0),
            "{taken:?}"
        );
        hub.cycle(&two);
        assert_eq!(two.entries().len(), 2, "full list: {is_full}");
        assert_eq!(
            two.entry("Ann Gray").attributes.text("title").map(str::len),
            Some(30_000)
        );
    }
    let dn = format!("cn=Ann Gray,{PEOPLE}");
    one.replace(&dn, "title", "Boss");
    hub.cycle(&one);
    hub.cycle(&two);
    assert_eq!(two.entry("Ann Gray").attributes.text("title"), Some("Boss"));
    // Who is gone goes, whatever was too long of it.
    one.delete(&dn);
    hub.cycle(&one);
    hub.cycle(&two);
    assert_eq!(two.shown(), ["ORG1 Bob Gray <bob@org1.example>"]);
}
