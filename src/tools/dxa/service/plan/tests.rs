use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NOON: &str = "2026-11-27T12:00:00Z";

fn at(seconds: i64) -> Timestamp {
    let noon: Timestamp = NOON.parse().expect("a moment");
    noon + SignedDuration::from_secs(seconds)
}

/// A requestor HQ each hour, a server B at ten past every other hour of the afternoon, and a look every 30 seconds.
fn config() -> Config {
    let text = "[agent]\naddress = \"NET1/AGENT\"\ndata = \"d\"\npoll = 30\n[directory]\nurl = \"ldap://x\"\n\
        [[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"o=I\"\n\
        export-containers = [\"o=E\"]\n\
        [[connection]]\nname = \"B\"\nrole = \"server\"\naddress = \"NET1/PO2\"\nimport-container = \"o=J\"\n\
        export-containers = [\"o=E\"]\nat = [\"12:10\", \"14:10\"]\n";
    Config::parse(text, Path::new("dxa.toml")).expect("a configuration")
}

fn plan(last: Option<Timestamp>) -> Plan {
    Plan::new(&config(), TimeZone::UTC, |_| last)
}

fn exchanges(todo: &Todo) -> Vec<&str> {
    todo.exchanges.iter().map(|(name, _)| &name[..]).collect()
}

fn seen(mail: &[&str]) -> Seen {
    Seen {
        mail: mail.iter().map(|name| (*name).to_owned()).collect(),
        ..Seen::default()
    }
}

#[test]
fn who_never_exchanged_begins_at_once_by_an_interval_and_waits_for_a_time() {
    let plan = plan(None);
    assert!(plan.is_look_due(at(0)));
    assert_eq!(exchanges(&plan.todo(at(0))), ["HQ"]);
    assert_eq!(exchanges(&plan.todo(at(600))), ["HQ", "B"]);
    assert_eq!(plan.todo(at(0)).exchanges[0].1, Why::Schedule);
}

#[test]
fn each_goes_by_its_schedule_and_the_next_moment_is_known() {
    let mut plan = plan(Some(at(-60)));
    plan.looked(at(0), &Seen::default());
    assert!(plan.todo(at(0)).is_empty());
    assert_eq!(plan.next(at(0)), at(30), "a look");
    assert_eq!(plan.next_of("HQ", at(0)), Some(("T1", at(3540), false)));
    assert_eq!(plan.next_of("B", at(0)), Some(("T2", at(600), false)));
    assert_eq!(exchanges(&plan.todo(at(600))), ["B"]);
    assert_eq!(plan.exchanged(at(605), "B", End::Well), None);
    assert!(plan.todo(at(605)).is_empty());
    assert_eq!(plan.next_of("B", at(605)), Some(("T2", at(7800), false)));
}

#[test]
fn replies_are_taken_when_they_are_seen_and_requests_wait_for_t2() {
    let mut plan = plan(Some(at(-60)));
    plan.looked(at(0), &seen(&["HQ", "B"]));
    let todo = plan.todo(at(0));
    assert_eq!(
        (todo.exchanges.len(), &todo.mail[..]),
        (0, &["HQ".to_owned()][..])
    );
    assert_eq!(plan.next_of("HQ", at(0)), Some(("T3", at(0), false)));
    assert_eq!(plan.took_mail(at(1), "HQ", End::Well), None);
    assert!(plan.todo(at(1)).is_empty());
    // With T1 goes the T3 that waits.
    plan.looked(at(30), &seen(&["HQ"]));
    plan.ask();
    let todo = plan.todo(at(30));
    assert_eq!((exchanges(&todo), todo.mail.len()), (vec!["HQ", "B"], 0));
    plan.exchanged(at(31), "HQ", End::Well);
    plan.exchanged(at(31), "B", End::Well);
    assert!(plan.todo(at(31)).is_empty());
}

#[test]
fn what_is_not_there_is_tried_again_after_pauses_that_grow_to_a_quarter_of_an_hour() {
    let mut plan = plan(Some(at(-60)));
    plan.ask();
    plan.exchanged(at(0), "B", End::Well);
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(exchanges(&plan.todo(now)), ["HQ"]);
        let retry = plan.exchanged(now, "HQ", End::Busy).expect("a retry");
        assert_eq!(plan.next_of("HQ", now), Some(("T1", retry, true)));
        assert!(
            plan.todo(now).is_empty()
                && plan
                    .todo(retry - SignedDuration::from_secs(1))
                    .exchanges
                    .iter()
                    .all(|(n, _)| n == "B")
        );
        pauses.push(retry.duration_since(now).as_secs());
        now = retry;
        plan.exchanged(now, "B", End::Well);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900, 900]);
    plan.exchanged(now, "HQ", End::Well);
    assert!(plan.todo(now).is_empty());
    plan.ask();
    assert_eq!(
        plan.exchanged(now, "HQ", End::Busy),
        Some(now + SignedDuration::from_secs(30))
    );
}

#[test]
fn what_was_in_vain_is_tried_again_with_the_options_it_was_asked_with() {
    let mut plan = plan(Some(at(-60)));
    let wanted = Wanted {
        export_all: true,
        allow_deletes: Some(7),
        ..Wanted::default()
    };
    let retry = plan.exchanged(at(0), "HQ", End::Busy).expect("a retry");
    plan.keep_wanted("HQ", End::Busy, wanted);
    assert_eq!(exchanges(&plan.todo(retry)), ["HQ"]);
    assert_eq!(plan.wanted_of("HQ"), wanted);
    assert_eq!(plan.wanted_of("B"), Wanted::default());
    // A look at the mail in between does not do what was asked for.
    plan.took_mail(retry, "HQ", End::Well);
    plan.keep_wanted("HQ", End::Well, Wanted::default());
    assert_eq!(plan.wanted_of("HQ"), wanted);
    for end in [End::Well, End::Failed] {
        let mut plan = plan.clone();
        plan.exchanged(retry, "HQ", end);
        plan.keep_wanted("HQ", end, wanted);
        assert_eq!(plan.wanted_of("HQ"), Wanted::default(), "{end:?}");
    }
}

#[test]
fn what_somebody_has_to_mend_waits_for_the_next_time() {
    let mut plan = plan(None);
    assert_eq!(plan.exchanged(at(0), "HQ", End::Failed), Some(at(3600)));
    assert!(
        plan.todo(at(3599))
            .exchanges
            .iter()
            .all(|(name, _)| name == "B")
    );
    plan.looked(at(10), &seen(&["HQ"]));
    assert_eq!(plan.took_mail(at(10), "HQ", End::Failed), Some(at(3600)));
    assert!(plan.todo(at(10)).is_empty());
    // Without a directory nothing is done; what was asked for is not forgotten, but not done at once either.
    plan.ask();
    let todo = plan.todo(at(20));
    assert_eq!(plan.out(at(20), End::Failed, &todo), at(920));
    assert!(plan.todo(at(20)).is_empty());
    assert!(
        plan.todo(at(920))
            .exchanges
            .iter()
            .all(|(name, _)| name == "B")
    );
}

#[test]
fn an_outage_stops_everything_and_forgets_nothing_and_who_asks_ends_it() {
    let mut plan = plan(None);
    let all = Seen {
        strangers: true,
        lists: true,
        queued: true,
        ..seen(&["HQ"])
    };
    plan.looked(at(0), &all);
    let todo = plan.todo(at(0));
    assert_eq!(plan.out(at(0), End::Busy, &todo), at(30));
    assert_eq!(plan.out(at(30), End::Busy, &todo), at(90));
    assert!(plan.todo(at(89)).is_empty());
    assert_eq!(plan.next(at(31)), at(31), "it looks all the same");
    plan.looked(at(60), &Seen::default());
    assert_eq!(plan.next(at(60)), at(90));
    assert_eq!(plan.todo(at(90)), todo);
    plan.out(at(90), End::Busy, &todo);
    plan.ask();
    assert!(!plan.todo(at(91)).is_empty());
    plan.held(at(91));
    assert!(plan.todo(at(91)).is_empty(), "a command has the folder");
    assert_eq!(plan.next(at(91)), at(92).min(plan.next(at(91))));
    assert!(!plan.todo(at(92)).is_empty());
}

#[test]
fn another_configuration_keeps_what_is_known_and_looks_again() {
    let mut plan = plan(Some(at(-60)));
    plan.looked(at(0), &Seen::default());
    plan.exchanged(at(0), "HQ", End::Busy);
    let mut other = config();
    other.agent.poll = 5;
    other.connections[0].name = "hq".to_owned();
    other.connections.remove(1);
    plan.reconfigure(&other);
    assert!(plan.is_look_due(at(1)));
    assert_eq!(
        exchanges(&plan.todo(at(1))),
        ["hq"],
        "it was asked for, and pauses end"
    );
    plan.exchanged(at(1), "hq", End::Well);
    plan.looked(at(1), &Seen::default());
    assert_eq!(plan.next(at(1)), at(6));
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let mut plan = plan(Some(at(-60)));
    plan.looked(at(100_000), &Seen::default());
    plan.exchanged(at(100_000), "HQ", End::Busy);
    plan.exchanged(at(100_000), "B", End::Well);
    assert!(plan.is_look_due(at(0)));
    assert_eq!(exchanges(&plan.todo(at(0))), ["HQ"]);
}

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Ask,
    Look(bool, bool, bool, bool),
    Held,
    Out(End),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Well), Just(End::Busy), Just(End::Failed)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_i64..4000).prop_map(Step::Wait),
        Just(Step::Ask),
        any::<(bool, bool, bool, bool)>().prop_map(|(a, b, c, d)| Step::Look(a, b, c, d)),
        Just(Step::Held),
        end().prop_map(Step::Out),
    ]
}

proptest! {
    /// Whatever happens: once it is tried there is nothing to do at that moment, and the next moment is no later than the
    /// next look. So the service never spins, and never sleeps over anything.
    #[test]
    fn it_never_spins_and_nothing_is_slept_over(steps in vec((step(), end()), 1..60)) {
        let mut plan = plan(Some(at(-60)));
        let mut now = at(0);
        for (step, end) in steps {
            match step {
                Step::Wait(seconds) => now += SignedDuration::from_secs(seconds),
                Step::Ask => plan.ask(),
                Step::Look(mail, strangers, lists, queued) => {
                    let mail = seen(if mail { &["HQ", "B"] } else { &[] }).mail;
                    plan.looked(now, &Seen { mail, strangers, lists, queued });
                }
                Step::Held => plan.held(now),
                Step::Out(end) => {
                    let todo = plan.todo(now);
                    plan.out(now, end, &todo);
                }
            }
            let todo = plan.todo(now);
            prop_assert!(todo.is_empty() || plan.next(now) == now);
            if todo.lists {
                plan.took_lists(now, end);
            }
            for (name, _) in &todo.exchanges {
                plan.exchanged(now, name, end);
            }
            for name in &todo.mail {
                plan.took_mail(now, name, end);
            }
            if todo.is_cycle() {
                plan.opened();
                plan.put_strangers_aside();
                plan.set_queued(false);
            }
            prop_assert!(plan.todo(now).is_empty());
            if plan.is_look_due(now) {
                plan.looked(now, &Seen::default());
            }
            let next = plan.next(now);
            prop_assert!(next > now && next <= now + SignedDuration::from_secs(30));
            // A moment before it there is nothing to do.
            let before = Timestamp::from_millisecond(next.as_millisecond() - 1).expect("a moment");
            prop_assert!(before < now || plan.todo(before).is_empty());
        }
    }
}
