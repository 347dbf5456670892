//! What is read is what becomes of it: counts that add up, with a second one of another make (`spec/exchange.md` NT-01).

use serde_json::Value;

use super::net::Alone;
use crate::support::relay::{Relay, SEARCH};
use crate::support::slapd::Setup;

const PEOPLE: &str = "ou=People,o=Org";

fn scene() -> Alone {
    let alone = Alone::new();
    for number in 0..4 {
        alone
            .scene
            .person(&format!("P{number} Berg"), &format!("P{number}"));
    }
    alone
}

fn counts(run: &Value) -> Value {
    run["connections"][0]["sent"]["counts"].clone()
}

/// Runs T1 with something done before the last of its searches, which is the second count.
fn meanwhile(alone: &mut Alone, relay: &Relay, searches: usize, change: &str) -> Value {
    relay.stop_at(SEARCH, searches - 1);
    let change = change.to_owned();
    let run = alone
        .scene
        .dxa_meanwhile("cycle --step t1 --json", relay, |scene| {
            scene.slapd.modify(&change);
        });
    counts(&run.ends(1).json())
}

#[test]
fn nt01_every_entry_is_in_one_count() {
    let alone = scene();
    alone
        .scene
        .replace("cn=P0 Berg,ou=People,o=Org", "syncHidden", "TRUE");
    alone
        .scene
        .person_at(PEOPLE, "P5 Berg", "SMTP:p5@org.example", "");
    alone.scene.person("Q1 Berg", "P1");
    alone.scene.unit("Inner,ou=People");
    let run = alone.scene.dxa("cycle --step t1 --json").ends(0).json();
    let counts = counts(&run);
    for (name, count) in [("source", 6), ("read", 6), ("eligible", 5), ("exported", 3)] {
        assert_eq!(counts[name], count, "{name}: {counts}");
    }
    assert_eq!(counts["excluded"]["hidden"], 1, "{counts}");
    assert_eq!(counts["unexportable"]["no-address"], 1, "{counts}");
    assert_eq!(counts["unexportable"]["address-duplicate"], 1, "{counts}");
    let status = alone.scene.dxa("status").ends(0).stdout;
    assert!(
        status.contains("6 entries = 3 exported + 1 excluded (hidden 1)"),
        "{status}"
    );
}

#[test]
fn ntc_003_004_entries_that_only_one_count_has_are_named_and_the_run_is_partial() {
    let gone = format!("dn: cn=P1 Berg,{PEOPLE}\nchangetype: delete\n");
    let fresh = format!(
        "dn: cn=New,{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: New\n\
         sn: New\nsyncProxyPrimary: MS:NET1/AGENT/NEW\n"
    );
    // How many searches a run makes is found out by one that nobody disturbs.
    let undisturbed = scene();
    let relay = undisturbed.scene.through_relay();
    undisturbed.scene.dxa("cycle --step t1").ends(0);
    let searches = relay.count(SEARCH);

    let mut alone = scene();
    let relay = alone.scene.through_relay();
    let counts = meanwhile(&mut alone, &relay, searches, &gone);
    assert_eq!(
        (&counts["exported"], &counts["source"]),
        (&4.into(), &3.into())
    );
    let partial = counts["partial"].to_string();
    assert!(
        partial.contains("more entries are exported than there are: 4 of 3"),
        "{partial}"
    );
    assert!(partial.contains("cn=p1 berg,"), "{partial}");

    let mut alone = scene();
    let relay = alone.scene.through_relay();
    let counts = meanwhile(&mut alone, &relay, searches, &format!("{gone}\n{fresh}"));
    assert_eq!(
        (&counts["exported"], &counts["source"]),
        (&4.into(), &4.into())
    );
    let differing = counts["differing"].as_array().expect("a list");
    assert_eq!(differing.len(), 2, "{counts}");
    let partial = counts["partial"].to_string();
    assert!(
        partial.contains("cn=New,") && partial.contains("cn=p1 berg,"),
        "{partial}"
    );
}

#[test]
fn nt01_only_a_whole_reading_is_counted_again() {
    let alone = Alone::on(Setup::new());
    for number in 0..4 {
        alone
            .scene
            .person(&format!("P{number} Berg"), &format!("P{number}"));
    }
    let first = alone.report();
    assert_eq!(first["counts"]["source"], 4, "{first}");
    let second = alone.report();
    assert_eq!(second["counts"]["source"], Value::Null, "{second}");
    assert_eq!(second["counts"]["exported"], 4, "{second}");
}
