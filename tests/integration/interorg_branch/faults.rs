//! What goes wrong: before anything begins, and in the middle.

use std::fs;
use std::thread;

use dirsync::directory::interorg::Usn;
use dirsync::tools::dxa::interorg::branch::Wanted;
use dirsync::tools::exit::{ExitCode, ToolError};
use rustix::process::{Pid, Signal, kill_process};

use super::scene::{Hub, OTHERS, Org, PEOPLE};
use crate::support::relay::{ADD, DELETE, MODIFY, Relay, SEARCH};
use crate::support::slapd::{ADMIN, AGENT, Setup};

fn fault(org: &Org) -> ToolError {
    let opened = org.try_with(false, |side| side.ask(Wanted::default()));
    opened.map(|_| ()).expect_err("it does not begin")
}

/// Lets a branch bind as somebody whom access rules hold.
fn bind_as_agent(org: &Org) {
    org.write_config(&org.config_text().replace(ADMIN, AGENT));
}

#[test]
fn ioc_036_whatever_is_missing_ends_the_run_with_one_error() {
    let one = Org::new("ORG1");
    let text = one.config_text();
    let wrong = |from: &str, to: &str| {
        one.write_config(&text.replace(from, to));
        fault(&one)
    };
    let error = wrong(ADMIN, "cn=nobody,o=Org");
    assert_eq!(error.exit, ExitCode::BadLogin, "{error}");
    let error = wrong("ou=Others", "ou=Nowhere");
    assert_eq!(error.exit, ExitCode::NotFound);
    assert!(error.message.contains("ou=Nowhere,o=Org"), "{error}");
    let error = wrong("ou=People,o=Org\"", "ou=Persons,o=Org\"");
    assert_eq!(error.exit, ExitCode::NotFound);
    assert!(error.message.contains("ou=Persons,o=Org"), "{error}");
    let error = wrong(OTHERS, "ou=Others,o=Elsewhere");
    assert_eq!(error.exit, ExitCode::NotFound, "{error}");
    one.write_config(&text);
    one.ask();
}

#[test]
fn ioc_036_a_server_without_our_schema_is_no_place() {
    let one = Org::on("ORG1", Setup::new().without_our_schema());
    let error = fault(&one);
    assert_eq!(error.exit, ExitCode::NotFound);
    assert!(error.message.contains("syncRemoteAddress"), "{error}");
}

#[test]
fn ioc_036_whoever_may_not_see_or_write_is_told_once() {
    let hidden = "to attrs=syncImportedFrom by * none";
    let one = Org::on("ORG1", Setup::new().access(hidden));
    one.person("Ann", "ann", "ann@org1.example", "");
    bind_as_agent(&one);
    let error = fault(&one);
    assert_eq!(error.exit, ExitCode::BadLogin);
    assert!(error.message.contains("syncImportedFrom"), "{error}");

    let sealed = "to dn.subtree=\"ou=Others,o=Org\" by * read";
    let one = Org::on("ORG1", Setup::new().access(sealed));
    bind_as_agent(&one);
    let two = Org::new("ORG2");
    for name in ["Ann", "Bob", "Eve"] {
        two.person(name, name, &format!("{name}@org2.example"), "");
    }
    let mut hub = Hub::new();
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let error = one.try_with(false, |side| side.hear(&answer, None));
    let error = error.expect_err("it may not");
    assert_eq!(error.exit, ExitCode::BadLogin);
    assert!(error.message.contains(OTHERS), "{error}");
    let (request, _) = one.ask();
    assert_eq!(request.applied.usn, Usn::NONE);
}

#[test]
fn a_container_that_is_not_read_whole_deletes_nothing() {
    let setup = Setup::new().database("limits users size.soft=5 size.hard=5 size.prtotal=8");
    let one = Org::on("ORG1", setup);
    for number in 0..6 {
        one.person(
            &format!("P{number}"),
            "p",
            &format!("p{number}@org1.example"),
            "",
        );
    }
    let mut hub = Hub::new();
    hub.cycle(&one);
    for number in 6..12 {
        one.person(
            &format!("P{number}"),
            "p",
            &format!("p{number}@org1.example"),
            "",
        );
    }
    bind_as_agent(&one);
    let error = fault(&one);
    assert_eq!(error.exit, ExitCode::Busy, "{error}");
    assert!(error.message.contains("incomplete read"), "{error}");
    one.configure("");
    let (asked, taken, _) = hub.cycle(&one);
    assert_eq!((asked.sent, asked.deleted, taken.deleted), (6, 0, 0));
}

#[test]
fn a_full_list_is_held_against_nothing_that_is_not_read_whole() {
    let setup = Setup::new().database("limits users size.soft=5 size.hard=5 size.prtotal=8");
    let [one, two] = [Org::on("ORG1", setup), Org::new("ORG2")];
    for number in 0..12 {
        let mail = format!("p{number}@org2.example");
        two.person(&format!("P{number}"), "p", &mail, "");
    }
    let mut hub = Hub::new();
    hub.round(&[&one, &two]);
    two.delete(&format!("cn=P0,{PEOPLE}"));
    hub.cycle(&two);
    bind_as_agent(&one);
    let all = Wanted {
        import_all: true,
        ..Wanted::default()
    };
    let (request, _) = one.with(|side| side.ask(all));
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let heard = one.try_with(false, |side| side.hear(&answer, None));
    let error = heard.expect_err("it sees a part");
    assert_eq!(error.exit, ExitCode::Busy, "{error}");
    assert_eq!(one.entries().len(), 12);
    one.configure("");
    let took = one.hear(&answer);
    assert_eq!((took.counts.swept, one.entries().len()), (1, 11));
}

#[test]
fn a_directory_that_was_emptied_is_asked_about() {
    let people = (0..105).map(|number| {
        format!(
            "dn: cn=P{number},ou=More,o=Org\nobjectClass: inetOrgPerson\ncn: P{number}\nsn: P\nmail: p{number}@org1.example\n\n"
        )
    });
    let unit = "dn: ou=More,o=Org\nobjectClass: organizationalUnit\nou: More\n\n".to_owned();
    let content: String = std::iter::once(unit).chain(people).collect();
    let one = Org::on("ORG1", Setup::new().content(&content));
    one.configure_export("", "ou=More,o=Org", "");
    let mut hub = Hub::new();
    hub.cycle(&one);
    let gone: String = (0..105)
        .map(|number| format!("dn: cn=P{number},ou=More,o=Org\nchangetype: delete\n\n"))
        .collect();
    one.slapd.modify(&gone);
    let error = fault(&one);
    assert_eq!(error.exit, ExitCode::Guard);
    assert!(error.message.contains("--allow-deletes 105"), "{error}");
    let allowed = Wanted {
        allow_deletes: Some(105),
        ..Wanted::default()
    };
    let (asked, taken, _) = hub.cycle_with(&one, allowed);
    assert_eq!((asked.deleted, taken.deleted), (105, 105));
}

#[test]
fn a_directory_that_was_loaded_anew_is_another_one() {
    let [mut one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    one.person("Ann", "ann", "ann@org1.example", "");
    two.person("Bob", "bob", "bob@org2.example", "");
    hub.round(&[&one, &two]);
    let marks = [
        "structuralObjectClass",
        "entry",
        "creat",
        "modif",
        "context",
    ];
    let lines: Vec<_> = one.slapd.slapcat().lines().map(str::to_owned).collect();
    let plain = lines
        .iter()
        .filter(|line| !marks.iter().any(|mark| line.starts_with(mark)));
    let plain: Vec<_> = plain.map(String::as_str).collect();
    one.slapd.restore(&(plain.join("\n") + "\n"));
    let (asked, taken, took) = hub.cycle(&one);
    assert!(asked.is_full && asked.asks_for_all, "{asked:?}");
    assert!(
        asked.remarks[0].starts_with("the ledger was about"),
        "{asked:?}"
    );
    assert_eq!((taken.added, taken.swept, taken.refused.len()), (1, 1, 0));
    assert_eq!(took.counts.unchanged, 1);
    hub.cycle(&two);
    assert_eq!(two.shown(), ["ORG1 Ann <ann@org1.example>"]);
}

/// Leads a branch to its server by a way that can be stopped.
fn through_relay(org: &Org) -> Relay {
    let relay = org.slapd.relay();
    org.write_config(&org.config_text().replace(&org.slapd.url(), &relay.url()));
    relay
}

#[test]
fn what_is_read_follows_the_changes_and_not_the_container() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let text = one.config_text();
    one.write_config(&text.replace("[mail]", "page-size = 10\n[mail]"));
    let relay = through_relay(&one);
    let mut hub = Hub::new();
    two.person("Ann", "ann", "ann@org2.example", "");
    hub.round(&[&one, &two]);
    let few = searches(&one, &two, &mut hub, &relay, "Clerk", false);
    let people: String = (0..60)
        .map(|number| {
            format!(
                "dn: cn=P{number},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: P{number}\nsn: P\nmail: p{number}@org2.example\n\n"
            )
        })
        .collect();
    two.slapd.add(&people);
    hub.cycle(&two);
    hub.cycle(&one);
    assert_eq!(searches(&one, &two, &mut hub, &relay, "Baker", false), few);
    let all = searches(&one, &two, &mut hub, &relay, "Cook", true);
    assert!(all > few + 3, "that one reads all of it: {all}, {few}");
}

/// Counts the searches with which a branch takes one change.
fn searches(
    one: &Org,
    two: &Org,
    hub: &mut Hub,
    relay: &Relay,
    title: &str,
    import_all: bool,
) -> usize {
    two.replace(&format!("cn=Ann,{PEOPLE}"), "title", title);
    hub.cycle(two);
    let wanted = Wanted {
        import_all,
        ..Wanted::default()
    };
    let (request, _) = one.with(|side| side.ask(wanted));
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let before = relay.count(SEARCH);
    let took = one.hear(&answer);
    assert_eq!((took.counts.modified, took.counts.added), (1, 0));
    relay.count(SEARCH) - before
}

/// What there is to do of every kind.
fn busy(one: &Org, two: &Org, hub: &mut Hub) {
    for name in ["Ann", "Bob", "Eve", "Guy"] {
        two.person(name, name, &format!("{name}@org2.example"), "");
    }
    hub.round(&[one, two]);
    two.delete(&format!("cn=Ann,{PEOPLE}"));
    two.replace(&format!("cn=Bob,{PEOPLE}"), "title", "Clerk");
    two.replace(&format!("cn=Eve,{PEOPLE}"), "mail", "ann@org2.example");
    for name in ["Jim", "Kay", "Lee"] {
        two.person(name, name, &format!("{name}@org2.example"), "");
    }
    hub.cycle(two);
}

/// What there has to be in the end.
const BUSY: [&str; 6] = [
    "ORG2 Bob <Bob@org2.example>",
    "ORG2 Eve <ann@org2.example>",
    "ORG2 Guy <Guy@org2.example>",
    "ORG2 Jim <Jim@org2.example>",
    "ORG2 Kay <Kay@org2.example>",
    "ORG2 Lee <Lee@org2.example>",
];

#[test]
fn whenever_the_directory_goes_away_the_same_answer_makes_it_good() {
    for (operation, behind) in [(DELETE, 0), (MODIFY, 0), (ADD, 0), (ADD, 2)] {
        let [mut one, two] = ["ORG1", "ORG2"].map(Org::new);
        let mut hub = Hub::new();
        busy(&one, &two, &mut hub);
        let (request, _) = one.ask();
        let (_, answer) = hub.serve(&[&request]).remove(0);
        let relay = through_relay(&one);
        relay.stop_at(operation, behind);
        let heard = thread::scope(|scope| {
            let hearing = scope.spawn(|| {
                let heard = one.try_with(false, |side| side.hear(&answer, None));
                heard.map(|_| ())
            });
            relay.until_stopped();
            let pid = i32::try_from(one.slapd.pid()).expect("an id");
            let pid = Pid::from_raw(pid).expect("an id");
            kill_process(pid, Signal::KILL).expect("it is our child");
            relay.go_on();
            hearing.join().expect("no panic")
        });
        let error = heard.expect_err("its directory is gone");
        assert_eq!(error.exit, ExitCode::Busy, "{error}");
        one.slapd.kill();
        one.slapd.restart();
        one.configure("");
        let (again, _) = one.ask();
        assert_eq!(again.applied, request.applied, "nothing counts as applied");
        let took = one.hear(&answer);
        assert_eq!(
            (took.after, took.counts.refused),
            (answer.span.upto, 0),
            "{took:?}"
        );
        assert_eq!(one.shown(), BUSY, "{operation} {behind}");
        let bob = one.entry("Bob");
        assert_eq!(bob.attributes.text("title"), Some("Clerk"));
    }
}

#[test]
fn whatever_was_written_before_the_ledger_could_not_be_is_made_good_by_the_next_answer() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    busy(&one, &two, &mut hub);
    let (request, _) = one.ask();
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let relay = through_relay(&one);
    relay.stop_at(ADD, 2);
    let heard = thread::scope(|scope| {
        let hearing = scope.spawn(|| {
            let heard = one.try_with(false, |side| side.hear(&answer, None));
            heard.map(|_| ())
        });
        relay.until_stopped();
        let ledger = rusqlite::Connection::open(one.data("branch.db")).expect("opened");
        ledger.execute_batch("BEGIN IMMEDIATE").expect("held");
        relay.go_on();
        let heard = hearing.join().expect("no panic");
        drop(ledger);
        heard
    });
    assert_eq!(heard.expect_err("held").exit, ExitCode::Busy);
    assert_eq!(one.shown(), BUSY, "the directory was first");
    let before = one.slapd.slapcat();
    let (again, _) = one.ask();
    assert_eq!(again.applied, request.applied, "the numbers are last");
    let (_, next) = hub.serve(&[&again]).remove(0);
    let took = one.hear(&next);
    assert_eq!(took.after, next.span.upto);
    assert_eq!(
        (took.counts.changed(), took.counts.refused),
        (0, 0),
        "{took:?}"
    );
    assert_eq!(one.slapd.slapcat(), before);
}

#[test]
fn somebody_who_writes_at_the_same_time_is_looked_at_again() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    two.person("Ann", "ann", "ann@org2.example", "");
    hub.round(&[&one, &two]);
    two.replace(&format!("cn=Ann,{PEOPLE}"), "title", "Clerk");
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let relay = through_relay(&one);
    relay.stop_at(MODIFY, 0);
    let dn = one.entry("Ann").dn.to_string();
    let took = thread::scope(|scope| {
        let hearing = scope.spawn(|| one.hear(&answer));
        relay.until_stopped();
        one.delete(&dn);
        relay.go_on();
        hearing.join().expect("no panic")
    });
    assert_eq!((took.counts.added, took.counts.read), (1, 1), "{took:?}");
    assert_eq!(one.entry("Ann").attributes.text("title"), Some("Clerk"));
}

#[test]
fn a_dry_run_says_all_and_changes_nothing() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    let asked = one.try_with(true, |side| side.ask(Wanted::default()));
    let (_, asked) = asked.expect("said");
    assert!(asked.is_full && !one.data("").exists(), "no file is made");
    busy(&one, &two, &mut hub);
    let (request, _) = one.ask();
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let before = (
        one.slapd.slapcat(),
        fs::read(one.data("branch.db")).expect("read"),
    );
    let took = one
        .try_with(true, |side| side.hear(&answer, None))
        .expect("said");
    let counts = &took.counts;
    assert_eq!((counts.added, counts.modified, counts.deleted), (3, 2, 1));
    assert_eq!(took.after, answer.span.upto);
    let after = (
        one.slapd.slapcat(),
        fs::read(one.data("branch.db")).expect("read"),
    );
    assert_eq!(after, before);
    one.hear(&answer);
    assert_eq!(one.shown(), BUSY);
}
