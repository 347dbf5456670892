//! `external`: delivery between postoffices, and through a real mail system.

mod carried;
mod crash;
mod logs;
mod mail_system;
mod stuck;

use crate::support::{Office, Run, run};

/// Runs `external -0` with the postoffices and more arguments.
fn external(offices: &[&Office], args: &str) -> Run {
    let mut all = vec!["-0".to_owned()];
    for office in offices {
        all.push(format!("-d{}", office.path().display()));
    }
    all.extend(args.split_whitespace().map(str::to_owned));
    run("external", all, |_| {})
}

/// Returns a count of the summary that `--json` printed.
fn count(run: &Run, key: &str) -> u64 {
    run.json()[key].as_u64().expect("a count")
}
