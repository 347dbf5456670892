//! What of the others comes into the directory, and what does not.

use dirsync::directory::interorg::{Answer, Change, Usn, Withheld};
use dirsync::directory::note::Note;
use dirsync::plan::outcome::{Outcome, Reason};
use dirsync::tools::dxa::interorg::branch::Wanted;
use dirsync::tools::exit::ExitCode;

use super::scene::{Hub, Org, PEOPLE, because, ended};
use crate::support::slapd::{ADMIN, AGENT, Setup};

#[test]
fn ioc_008_an_address_is_there_once_whatever_its_case_and_place() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person(
        "Holder One",
        "h1",
        "",
        "syncProxySecondary: SMTP:Ann@Company.example",
    );
    one.person("Holder Two", "h2", "BOB@company.EXAMPLE", "");
    two.person("Ann Gray", "ann", "ann@company.example", "");
    two.person(
        "Bob Gray",
        "bob",
        "bob@org2.example",
        "syncProxySecondary: smtp:bob@company.example",
    );
    two.person("Eve Gray", "eve", "eve@company.example", "");
    let mut hub = Hub::new();
    // The hub knows nothing of a person who does not go out.
    one.configure_export("", "ou=Sales,ou=People,o=Org", "");
    one.slapd.add(&format!(
        "dn: ou=Sales,{PEOPLE}\nobjectClass: organizationalUnit\nou: Sales\n"
    ));
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!(one.shown(), ["ORG2 Eve Gray <eve@company.example>"]);
    let refused = because(&took.lines, Reason::SmtpDuplicate);
    let mut details: Vec<_> = refused.iter().map(|line| line.detail.as_str()).collect();
    details.sort();
    assert_eq!(
        details,
        [
            &*format!("ann@company.example is held by cn=Holder One,{PEOPLE}"),
            &*format!("bob@company.example is held by cn=Holder Two,{PEOPLE}"),
        ]
    );
    assert_eq!((took.counts.refused, took.exit()), (2, ExitCode::Partial));
    assert!(took.after > took.before, "they are not sent again");

    // Refused again and again, without being sent again.
    let (_, taken, took) = hub.cycle(&one);
    assert_eq!((taken.added, took.counts.refused), (0, 2));
    let [line, _] = because(&took.lines, Reason::SmtpDuplicate)[..] else {
        panic!("{:?}", took.lines);
    };
    assert!(line.dn.ends_with(PEOPLE), "{line:?}");
    // Until the holder gives the address up.
    one.replace(
        &format!("cn=Holder Two,{PEOPLE}"),
        "mail",
        "b2@company.example",
    );
    let (.., took) = hub.cycle(&one);
    assert_eq!((took.counts.added, took.counts.refused), (1, 1));
    // Without any answer too.
    one.delete(&format!("cn=Holder One,{PEOPLE}"));
    let took = one.with(|side| side.retry());
    assert_eq!(
        (took.counts.added, took.is_news, took.after),
        (1, false, took.before)
    );
    assert_eq!(one.entries().len(), 3);
    assert_eq!(one.with(|side| side.retry()).counts.read, 0);
}

#[test]
fn what_is_refused_and_then_goes_at_its_source_is_not_tried_again() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person(
        "Holder",
        "h",
        "",
        "syncProxySecondary: SMTP:ann@company.example",
    );
    two.person("Ann Gray", "ann", "ann@company.example", "");
    let mut hub = Hub::new();
    hub.cycle(&two);
    hub.cycle(&one);
    two.delete(&format!("cn=Ann Gray,{PEOPLE}"));
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!((took.counts.refused, took.counts.ignored), (0, 1));
    one.delete(&format!("cn=Holder,{PEOPLE}"));
    let (.., took) = hub.cycle(&one);
    assert_eq!((took.counts.read, one.entries().len()), (0, 0));
}

#[test]
fn an_address_that_is_passed_on_within_one_answer_is_free() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    two.person("Ann Gray", "ann", "a@company.example", "");
    two.person("Bob Gray", "bob", "b@company.example", "");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let dn = |name: &str| format!("cn={name},{PEOPLE}");
    two.replace(&dn("Ann Gray"), "mail", "c@company.example");
    two.replace(&dn("Bob Gray"), "mail", "a@company.example");
    two.person("Eve Gray", "eve", "b@company.example", "");
    let rounds = hub.round(&[&one, &two]);
    assert_eq!(rounds[0].2.counts.refused, 0, "{:?}", rounds[0].2);
    let expected = [
        "ORG2 Ann Gray <c@company.example>",
        "ORG2 Bob Gray <a@company.example>",
        "ORG2 Eve Gray <b@company.example>",
    ];
    assert_eq!(one.shown(), expected);
    two.delete(&dn("Eve Gray"));
    two.person("Guy Gray", "guy", "b@company.example", "");
    hub.round(&[&one, &two]);
    assert_eq!(one.shown()[2], "ORG2 Guy Gray <b@company.example>");
}

#[test]
fn an_entry_that_wants_a_taken_address_stays_as_it_is() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.person(
        "Holder",
        "h",
        "",
        "syncProxySecondary: SMTP:new@company.example",
    );
    two.person("Ann Gray", "ann", "ann@company.example", "");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let dn = format!("cn=Ann Gray,{PEOPLE}");
    two.replace(&dn, "mail", "new@company.example");
    two.person("Eve Gray", "eve", "ann@company.example", "");
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!(one.shown(), ["ORG2 Ann Gray <ann@company.example>"]);
    let lines = because(&took.lines, Reason::SmtpDuplicate);
    assert_eq!(lines.len(), 2, "one waits for the other: {lines:?}");
    // An import of everything makes no difference to that, and removes nothing.
    let all = Wanted {
        import_all: true,
        ..Wanted::default()
    };
    let (.., took) = hub.cycle_with(&one, all);
    assert_eq!((took.counts.refused, took.counts.swept), (2, 0), "{took:?}");
    assert_eq!(one.shown(), ["ORG2 Ann Gray <ann@company.example>"]);
    one.delete(&format!("cn=Holder,{PEOPLE}"));
    hub.cycle(&one);
    let expected = [
        "ORG2 Ann Gray <new@company.example>",
        "ORG2 Eve Gray <ann@company.example>",
    ];
    assert_eq!(one.shown(), expected);
}

/// Returns an answer in which the cards of another one have this address.
fn with_mail(answer: &Answer, mail: &str) -> Answer {
    let mut answer = answer.clone();
    for change in &mut answer.changes {
        change.card.as_mut().expect("a card").mail = Some(mail.to_owned());
    }
    answer
}

#[test]
fn ioc_010_of_two_new_ones_in_one_answer_the_lower_key_has_the_address() {
    let two = Org::new("ORG2");
    two.person("Ann Gray", "ann", "ann@company.example", "");
    two.person("Bob Gray", "bob", "bob@company.example", "");
    let mut hub = Hub::new();
    hub.cycle(&two);
    for is_turned in [false, true] {
        let one = Org::new("ORG1");
        let (request, _) = one.ask();
        let (_, answer) = hub.serve(&[&request]).remove(0);
        let mut answer = with_mail(&answer, "both@company.example");
        let lower = answer
            .changes
            .iter()
            .map(|change| change.key.to_string())
            .min();
        if is_turned {
            answer.changes.reverse();
        }
        let took = one.hear(&answer);
        assert_eq!((took.counts.added, took.counts.refused), (1, 1));
        let entries = one.entries();
        assert_eq!(entries[0].attributes.text("syncKey"), lower.as_deref());
    }
}

#[test]
fn a_value_that_the_directory_does_not_take_does_not_cost_the_entry() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    two.person("Ann Gray", "ann", "ann@company.example", "title: Clerk");
    let mut hub = Hub::new();
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, mut answer) = hub.serve(&[&request]).remove(0);
    let card = answer.changes[0].card.as_mut().expect("a card");
    for (name, value) in [("telephonenumber", "#12*9"), ("c", "US"), ("l", "Leeds")] {
        card.attributes
            .insert(name.to_owned(), vec![value.to_owned()]);
    }
    let took = one.hear(&answer);
    assert_eq!((took.counts.added, took.counts.refused), (1, 0), "{took:?}");
    assert_eq!(because(&took.lines, Reason::ValueDropped).len(), 2);
    let entry = one.entry("Ann Gray");
    assert_eq!(entry.attributes.text("l"), Some("Leeds"));
    assert_eq!(entry.attributes.text("title"), Some("Clerk"));
    // The same once more is nothing new.
    let took = one.hear(&answer);
    assert_eq!(
        (took.counts.unchanged, took.counts.modified),
        (1, 0),
        "{took:?}"
    );
}

#[test]
fn a_removal_that_the_server_refuses_is_tried_again() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    two.person("Ann Gray", "ann", "ann@company.example", "");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    // Somebody put an entry below it, so that it cannot go.
    let entry = one.entry("Ann Gray");
    one.slapd.add(&format!(
        "dn: ou=Below,{}\nobjectClass: organizationalUnit\nou: Below\n",
        entry.dn
    ));
    two.delete(&format!("cn=Ann Gray,{PEOPLE}"));
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    let [line] = ended(&took.lines, Outcome::Refused)[..] else {
        panic!("{:?}", took.lines);
    };
    assert_eq!(line.reason, Some(Reason::ServerOther), "{line:?}");
    assert_eq!(line.dn, format!("cn=Ann Gray,{PEOPLE}"));
    one.delete(&format!("ou=Below,{}", entry.dn));
    let (.., took) = hub.cycle(&one);
    assert_eq!((took.counts.deleted, one.entries().len()), (1, 0));
}

#[test]
fn the_hub_brings_no_entry_of_the_branch_itself() {
    let one = Org::new("ORG1");
    one.person("Ann Gray", "ann", "ann@org1.example", "");
    let (request, _) = one.ask();
    let mut hub = Hub::new();
    let (_, mut answer) = hub.serve(&[&request]).remove(0);
    answer.changes.push(Change {
        number: Usn(1),
        ..request.changes[0].clone()
    });
    let took = one.hear(&answer);
    assert_eq!(because(&took.lines, Reason::OwnImport).len(), 1);
    assert_eq!(one.entries(), []);
}

#[test]
fn an_answer_for_another_branch_is_not_taken() {
    let one = Org::new("ORG1");
    let (request, _) = one.ask();
    let (_, mut answer) = Hub::new().serve(&[&request]).remove(0);
    answer.branch = "ORG2".to_owned();
    let error = one.try_with(false, |side| side.hear(&answer, None));
    assert_eq!(error.expect_err("another's").exit, ExitCode::NotHere);
}

#[test]
fn addresses_that_are_swapped_are_so_under_a_server_that_keeps_them_apart() {
    let overlay = ["unique_uri ldap:///?mail?sub?"];
    let one = Org::on("ORG1", Setup::new().overlay("unique", &overlay));
    let two = Org::new("ORG2");
    let people = [("Ann Gray", "a"), ("Bob Gray", "b"), ("Eve Gray", "e")];
    for (name, mail) in people {
        two.person(
            name,
            mail,
            &format!("{mail}@company.example"),
            "title: Clerk",
        );
    }
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    for ((name, _), mail) in people.into_iter().zip(["b", "a", "new"]) {
        let dn = format!("cn={name},{PEOPLE}");
        two.replace(&dn, "mail", &format!("{mail}@company.example"));
    }
    two.person("Guy Gray", "guy", "e@company.example", "");
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!(
        (took.counts.modified, took.counts.added),
        (3, 1),
        "{took:?}"
    );
    assert_eq!(took.counts.refused, 0);
    let expected = [
        "ORG2 Ann Gray <b@company.example>",
        "ORG2 Bob Gray <a@company.example>",
        "ORG2 Eve Gray <new@company.example>",
        "ORG2 Guy Gray <e@company.example>",
    ];
    assert_eq!(one.shown(), expected);
}

#[test]
fn an_address_of_somebody_who_is_not_to_be_seen_costs_nobody_the_one_before() {
    let overlay = ["unique_uri ldap:///?mail?sub?"];
    let hidden = format!("to dn.exact=\"cn=Secret,{PEOPLE}\" by * none");
    let one = Org::on(
        "ORG1",
        Setup::new().access(&hidden).overlay("unique", &overlay),
    );
    one.person("Secret", "s", "secret@company.example", "");
    one.person("Open", "o", "open@company.example", "");
    one.write_config(&one.config_text().replace(ADMIN, AGENT));
    let two = Org::new("ORG2");
    two.person("Ann Gray", "ann", "ann@company.example", "title: Clerk");
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    let dn = format!("cn=Ann Gray,{PEOPLE}");
    two.replace(&dn, "mail", "secret@company.example");
    hub.cycle(&two);
    for _ in 0..2 {
        let (.., took) = hub.cycle(&one);
        let [line] = ended(&took.lines, Outcome::Refused)[..] else {
            panic!("{:?}", took.lines);
        };
        assert_eq!(line.reason, Some(Reason::ServerConstraint), "{line:?}");
        assert_eq!(one.shown(), ["ORG2 Ann Gray <ann@company.example>"]);
    }
    one.delete(&format!("cn=Secret,{PEOPLE}"));
    hub.cycle(&one);
    assert_eq!(one.shown(), ["ORG2 Ann Gray <secret@company.example>"]);
}

#[test]
fn io_14_what_no_message_of_the_hub_has_room_for_stays_where_it_is() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    for (name, uid) in [
        ("Ann Gray", "ann"),
        ("Bob Gray", "bob"),
        ("Cid Gray", "cid"),
    ] {
        two.person(name, uid, &format!("{uid}@org2.example"), "");
    }
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    assert_eq!(one.entries().len(), 3);
    let all = Wanted {
        import_all: true,
        ..Wanted::default()
    };
    let (request, _) = one.with(|side| side.ask(all));
    let (_, mut answer) = hub.serve(&[&request]).remove(0);
    assert!(answer.is_full);
    let at = answer.changes.iter().position(|change| {
        let card = change.card.as_ref();
        card.is_some_and(|card| card.mail.as_deref() == Some("ann@org2.example"))
    });
    let long = answer.changes.remove(at.expect("Ann"));
    answer.refused.push(Withheld {
        key: long.key,
        dn: "cn=Ann Gray".to_owned(),
        note: Note::new(Reason::TooLong, "alone it is more than a message holds"),
    });
    // Whom the list lacks for no such reason goes.
    let at = answer.changes.iter().position(|change| {
        let card = change.card.as_ref();
        card.is_some_and(|card| card.mail.as_deref() == Some("bob@org2.example"))
    });
    answer.changes.remove(at.expect("Bob"));
    let took = one.hear(&answer);
    assert_eq!((took.counts.swept, took.counts.refused), (1, 1), "{took:?}");
    let there = [
        "ORG2 Ann Gray <ann@org2.example>",
        "ORG2 Cid Gray <cid@org2.example>",
    ];
    assert_eq!(one.shown(), there);
    // It is not tried again as if it were to go, and follows its source as ever.
    one.with(|side| side.retry());
    assert_eq!(one.shown(), there);
    two.delete(&format!("cn=Ann Gray,{PEOPLE}"));
    hub.cycle(&two);
    hub.cycle(&one);
    assert_eq!(one.shown(), there[1..]);
}
