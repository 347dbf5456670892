//! A directory with `nsda` and shell scripts in place of the programs that it runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scene::Ran;

/// The moment of every run; a Saturday.
pub(super) const NOW: &str = "2026-11-21T08:30:00Z";

/// Writes its command line to `log`, and ends as `<program><first argument>.exit` says.
const SCRIPT: &str = r#"#!/bin/sh
here=${0%/*}
name=${0##*/}
echo "$name $*" >>"$here/log"
echo "$name was here"
how=0
[ -e "$here/$name$1.exit" ] && read -r how <"$here/$name$1.exit"
case $how in
    kill) kill -9 $$ ;;
    clock) echo "clock $DIRSYNC_NOW"; how=0 ;;
    replace) cp "$here/replacement" "${2#-d}/GLB/PROCESS.GLB"; how=0 ;;
    wait)
        until [ -e "$here/go" ]; do /bin/sleep 0.02; done
        how=0
        ;;
esac
exit "$how"
"#;

pub(super) struct StandIns {
    directory: tempfile::TempDir,
}

impl StandIns {
    /// Makes the directory. Another process writes the executables: one that this process holds open for writing
    /// while some other test starts a program could not be started itself.
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let made = Command::new("/bin/sh")
            .args([
                "-ec",
                "cp \"$1\" nsda; for name in reqmain srvmain import rebuild; do\n\
                 printf '%s' \"$2\" >$name; chmod +x $name; done",
                "sh",
                env!("CARGO_BIN_EXE_nsda"),
                SCRIPT,
            ])
            .current_dir(directory.path())
            .status();
        assert!(made.expect("sh runs").success());
        Self { directory }
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// Says how a program ends when this is its first argument: `srvmain-r`.
    pub(super) fn exit(&self, program: &str, how: &str) {
        fs::write(self.file(&format!("{program}.exit")), format!("{how}\n")).unwrap();
    }

    pub(super) fn remove(&self, program: &str) {
        fs::remove_file(self.file(program)).unwrap();
    }

    /// Takes the right to start a program.
    pub(super) fn deny(&self, program: &str) {
        fs::set_permissions(self.file(program), Permissions::from_mode(0o644)).unwrap();
    }

    /// Gives the one that waits its end.
    pub(super) fn let_go(&self) {
        fs::write(self.file("go"), "").unwrap();
    }

    /// Returns the command lines of what was started.
    pub(super) fn started(&self) -> Vec<String> {
        let log = fs::read_to_string(self.file("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    pub(super) fn forget(&self) {
        let _none = fs::remove_file(self.file("log"));
    }

    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(self.file("nsda"));
        command
            .args(line.split_whitespace())
            .current_dir(self.directory())
            .env_clear()
            .envs([("TZ", "UTC"), ("DIRSYNC_NOW", NOW)]);
        command
    }

    pub(super) fn ran(&self, mut command: Command) -> Ran {
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ran {
            code: output.status.code().expect("ended by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    pub(super) fn nsda(&self, line: &str) -> Ran {
        self.ran(self.command(line))
    }

    /// Runs nsda at another time, in a zone.
    pub(super) fn nsda_at(&self, line: &str, zone: &str, now: &str) -> Ran {
        let mut command = self.command(line);
        command.envs([("TZ", zone), ("DIRSYNC_NOW", now)]);
        self.ran(command)
    }
}
