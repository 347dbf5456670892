//! Where the programs of PostgreSQL are, and who runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts things: below it a directory for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

const MISSING: &str = "these tests need PostgreSQL: run `apt-get install --no-install-recommends postgresql` (no cluster is \
    needed)";

/// Returns a program of the newest version that is installed.
pub(super) fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let numbered = versions.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let program = entry.path().join("bin").join(name);
        program.exists().then_some((number, program))
    });
    let newest = numbered.max();
    newest.unwrap_or_else(|| panic!("{MISSING}")).1
}

/// User and group that the server runs as where these tests run as root, which it does not do.
pub(super) fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("readable");
    let ids = |wanted: &str| {
        let line = users.lines().find(|line| {
            let mut fields = line.split(':');
            fields.next() == Some(wanted)
        });
        let mut fields = line?.split(':').skip(2);
        let mut id = || fields.next()?.parse().ok();
        Some((id()?, id()?))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    Some(found.expect("a user who is not root"))
}

pub(super) fn unprivileged_command(program: &Path) -> Command {
    match unprivileged() {
        None => Command::new(program),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={group}"))
                .args(["--clear-groups", "--"])
                .arg(program);
            command
        }
    }
}
