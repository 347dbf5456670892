//! A pass that is killed between any two steps loses no message, and a doubled one has one name.

use std::env;
use std::path::Path;

use crate::support::Office;
use crate::support::mail::Draft;
use crate::support::trace::{WRITING, require_tracing, traced};

use super::external;

/// Two postoffices and what one has to send: to itself, to the other, and to nobody.
struct Scene {
    own: Office,
    other: Office,
}

impl Scene {
    fn new() -> Self {
        let other = Office::new("NET/OTHER");
        let own = Office::new("NET/OWN").route("NET/OTHER", "none");
        own.send(&[
            Draft::to("NET/OTHER"),
            Draft::to("NET/OWN"),
            Draft::to("NET/OTHER/nobody"),
        ]);
        Self { own, other }
    }

    fn copy(&self) -> Self {
        Self {
            own: self.own.copy(),
            other: self.other.copy(),
        }
    }

    /// Returns the state in the end: which messages lie where. Of a report, which comes into being on the way, its place counts.
    fn state(&self) -> Vec<Vec<String>> {
        let names = |office: &Office, dir: &str| office.mail_names(dir);
        let mut own = names(&self.own, "MBG/SYSTEM/new");
        for name in &mut own {
            if !name.contains(".000002.") {
                *name = "report".to_owned();
            }
        }
        own.sort();
        vec![
            own,
            names(&self.other, "MBG/SYSTEM/new"),
            names(&self.own, "P1/new"),
            names(&self.own, "MBG/QUARANT/new"),
        ]
    }
}

#[test]
fn a_pass_killed_at_any_call_loses_nothing_and_the_next_one_completes_it() {
    require_tracing();
    let template = Scene::new();
    let calm = template.copy();
    external(&[&calm.own, &calm.other], "-ms -mr").ends(1);
    let expected = calm.state();
    assert_eq!(
        expected.iter().map(Vec::len).collect::<Vec<_>>(),
        [2, 1, 0, 0]
    );

    let program = Path::new(env!("CARGO_BIN_EXE_import")).with_file_name("external");
    let mut killed = 0;
    for call in WRITING {
        for when in 1.. {
            let scene = template.copy();
            let mut command = traced(&program, call, "signal=SIGKILL", when);
            for office in [&scene.own, &scene.other] {
                command.arg(format!("-d{}", office.path().display()));
            }
            command
                .args(["-0", "-ms", "-mr"])
                .env("DIRSYNC_NOW", crate::support::NOW)
                .env("TZ", "UTC");
            let output = command.output().unwrap();
            if output.status.code() == Some(1) {
                assert_eq!(scene.state(), expected, "{call} {when}");
                break;
            }
            killed += 1;
            let ran = external(&[&scene.own, &scene.other], "-ms -mr");
            assert!([0, 1].contains(&ran.exit), "{call} {when}: {}", ran.stdout);
            assert_eq!(scene.state(), expected, "killed at {call} {when}");
            for office in [&scene.own, &scene.other] {
                assert!(!office.path().join("GLB/DIRSYNC.TMP").exists());
                assert!(
                    office.mail_names("MBG/SYSTEM/tmp").is_empty(),
                    "{call} {when}"
                );
            }
        }
    }
    assert!(killed > 30, "{killed} kills");
}
