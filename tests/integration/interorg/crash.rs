//! A hub that is killed at any system call: the next run ends where one that was left alone ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::org::Org;
use super::scene::{Scene, files};
use crate::support::trace;

/// A hub with everything at once: a request in parts that is whole, a copy of one of them, one that was taken before, mail of
/// a stranger, parts that are given up, and an answer that was not sent.
fn with_work() -> (Scene, Org, Org) {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::with(&[&one, &two], "folder = \"post\"", "limit = 16384");
    one.limit = 16 * 1024;
    scene.round(&mut [&mut one, &mut two], 0);
    for n in 0..120 {
        two.person(&format!("n{n}"), "b", &format!("n{n}@org2.example"));
        one.person(&format!("n{n}"), "a", &format!("n{n}@org1.example"));
    }
    scene.round(&mut [&mut two], 0);
    let lost = one.ask();
    scene.deliver(&one.letters(lost)[1..]);
    let request = two.ask();
    let known = two.letters(request);
    scene.deliver(&known);
    scene.cycle(0);
    scene.deliver(&known);
    scene.deliver_bytes(b"From: eve@shop.example\n\nbuy\n");
    let request = one.ask();
    let letters = one.letters(request);
    assert!(letters.len() > 1, "{}", letters.len());
    scene.deliver(&letters[..1]);
    scene.deliver(&letters);
    (scene, one, two)
}

/// What there is in the end.
struct End {
    table: BTreeMap<String, String>,
    lying: usize,
    aside: usize,
    staged: usize,
    queued: usize,
    /// What the branch has when it has applied the only answer that there is.
    has: Vec<String>,
    refused: usize,
}

impl End {
    /// Shows what differs alone: the table is long.
    #[track_caller]
    fn assert_is(&self, expected: &Self, place: &str) {
        let rows = |end: &Self| end.table.clone().into_iter().collect::<BTreeSet<_>>();
        let (found, wanted) = (rows(self), rows(expected));
        let differ: Vec<_> = found.symmetric_difference(&wanted).collect();
        assert!(differ.is_empty(), "{place}: {differ:?}");
        let rest = |end: &Self| [end.lying, end.aside, end.staged, end.queued, end.refused];
        assert_eq!(
            rest(self),
            rest(expected),
            "{place}: lying, aside, staged, queued, refused"
        );
        assert_eq!(self.has, expected.has, "{place}");
    }
}

fn end(scene: &Scene, mut one: Org, two: &Org) -> End {
    let answer = scene.answer(&one);
    one.hear(&answer);
    let _first = scene.collect(two);
    End {
        table: scene.table(),
        lying: scene.lying(),
        aside: files(&scene.data("quarantine")).len(),
        staged: files(&scene.data("mail-out/tmp")).len(),
        queued: files(&scene.data("mail-out/new")).len(),
        has: one.shown(),
        refused: answer.refused.len(),
    }
}

/// Kills a cycle at every call of some kinds, each on a scene of its own, and lets another one follow.
fn kill_everywhere(calls: &[&str]) -> usize {
    trace::require_tracing();
    let (scene, one, two) = with_work();
    scene.dxa("cycle").ends(4);
    let expected = end(&scene, one, &two);
    assert_eq!((expected.lying, expected.aside), (0, 2));
    assert_eq!(
        (expected.staged, expected.queued, expected.has.len()),
        (0, 0, 120)
    );
    let mut kills = 0;
    for call in calls {
        for when in 1.. {
            let (scene, one, two) = with_work();
            let program = Path::new(env!("CARGO_BIN_EXE_dxa"));
            let mut command = trace::traced(program, call, "signal=KILL", when);
            scene.prepare(&mut command, "cycle");
            let ended = command.output().expect("it runs").status;
            let place = format!("{call} {when}");
            let is_over = ended.code() == Some(4);
            if !is_over {
                assert_eq!(ended.code(), None, "{place}: it was killed");
                kills += 1;
                let run = scene.dxa("cycle");
                let is_well = [0, 1, 4].contains(&run.exit);
                assert!(is_well, "{place}: {}{}", run.stdout, run.stderr);
                assert_eq!(scene.lying(), 0, "{place}: {}", run.stdout);
                // A reason without message may be left of the first run.
                assert_eq!(scene.reasons().len(), 1, "{place}");
            }
            end(&scene, one, &two).assert_is(&expected, &place);
            if is_over {
                break;
            }
        }
    }
    kills
}

/// Every call that writes takes a minute or more, and is there for `DIRSYNC_CRASH_FULL=1`.
#[test]
fn a_hub_that_is_killed_anywhere_is_done_by_the_next_run() {
    let usual = ["rename", "unlink", "fsync", "fdatasync", "mkdir"];
    let is_full = std::env::var_os("DIRSYNC_CRASH_FULL").is_some();
    let calls = if is_full { &trace::WRITING[..] } else { &usual };
    let kills = kill_everywhere(calls);
    assert!(kills > 20, "{kills}");
}

#[test]
fn what_was_written_and_not_decided_does_not_go() {
    let (scene, one, two) = with_work();
    let torn = scene.data("mail-out/tmp/00000009.ANSWER.ORG1.0a1b2c3d4e5f6071.1of1");
    fs::write(torn, "half a message").expect("written");
    scene.dxa("cycle").ends(4);
    let ended = end(&scene, one, &two);
    assert_eq!((ended.staged, ended.queued, ended.has.len()), (0, 0, 120));
}
