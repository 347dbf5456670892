//! What must hold once nothing disturbs any more.

use std::collections::BTreeSet;

use super::event::Cycle;
use super::programs::files;
use super::stage::{NAMES, NOBODY, Stage};

/// Undisturbed cycles until one brings nothing any more, that one counted.
const CYCLES: u32 = 7;

/// Lets undisturbed cycles pass until nothing is left to do, and compares the lists.
pub(super) fn heal(stage: &mut Stage) {
    stage.say(|| "nothing disturbs from here".to_owned());
    for at in 0..NAMES.len() {
        stage.mend(at);
    }
    stage.register_all();
    for cycle in 1.. {
        stage.say(|| format!("cycle {cycle}"));
        let before = (stage.sent, stage.out_of_step);
        stage.cycle(&Cycle::undisturbed());
        let rest = match before == (stage.sent, stage.out_of_step) {
            true => unsettled(stage),
            false => Some("it does not come to rest".to_owned()),
        };
        match rest {
            None => {
                stage.count(format!("cycles: {cycle}"));
                break;
            }
            Some(rest) => assert!(cycle < CYCLES, "{rest}"),
        }
    }
    compare(stage);
    for (at, name) in NAMES.into_iter().enumerate() {
        let mail = files(&stage.site.path(name).join("MBG/SYSTEM/new"));
        assert_eq!(mail, 0, "mail waits at {name}");
        examine(stage, at);
    }
}

/// Says what is still to be done before nothing changes any more.
fn unsettled(stage: &Stage) -> Option<String> {
    let site = &stage.site;
    let sync = site.server_config().header.srv_sync.0;
    for name in NAMES {
        let (own, entry) = (site.numbers(name), site.registered(name));
        let agree = own.0 == entry.0 && own.2 == entry.2 && own.1 == sync;
        if !agree {
            return Some(format!(
                "{name} has {own:?}, the server {entry:?} of {sync}"
            ));
        }
        let waiting = site.queue(name, "REQTRANS");
        let waits = waiting.iter().any(|(number, _)| *number > own.0);
        if waits || !site.queue(name, "SRVTRANS").is_empty() {
            return Some(format!("{name} waits: {waiting:?}"));
        }
    }
    None
}

/// Every list is everywhere what its owner holds, and what was fed is there.
fn compare(stage: &Stage) {
    let lists: Vec<_> = (0..NAMES.len()).map(|at| stage.extract(at)).collect();
    let of = |at: usize, place: &str| {
        let place = format!("PCM:{place}/");
        let entries = lists[at].iter();
        let found = entries.filter(|(_, address)| address.starts_with(&place));
        found.cloned().collect::<BTreeSet<_>>()
    };
    for (owner, list) in NAMES.into_iter().enumerate() {
        stage.check_own(owner);
        let held = stage.held[owner].lines(list, false);
        for (at, name) in NAMES.into_iter().enumerate().filter(|(at, _)| *at != owner) {
            assert_eq!(of(at, list), held, "{name} of {list}");
        }
    }
    let fed = of(0, NOBODY);
    for (at, name) in NAMES.into_iter().enumerate() {
        assert_eq!(of(at, NOBODY), fed, "{name} of {NOBODY}");
        if stage.losses.contains(&at) {
            continue;
        }
        let entered = stage.fed[at].lines(NOBODY, true);
        let prefix = format!("PCM:{NOBODY}/{}", stage.fed[at].prefix);
        let mut found = fed.clone();
        found.retain(|(_, address)| address.starts_with(&prefix));
        assert_eq!(found, entered, "what {name} has fed");
    }
}

/// PODIAG finds nothing but what was refused, and that nobody has a password.
fn examine(stage: &Stage, at: usize) {
    let run = stage.site.run(NAMES[at], "podiag", "admin -ppw --json");
    let json = run.json();
    let findings = json["findings"].as_array().expect("a list");
    let wrong: Vec<_> = findings
        .iter()
        .filter(|finding| finding["severity"] != "remark" && finding["id"] != "mail-quarantined")
        .collect();
    assert!(wrong.is_empty(), "{}: {wrong:#?}", NAMES[at]);
}
