//! Faults that `strace` injects into a program: the only way to kill it at a chosen system call.

use std::fmt::Display;
use std::path::Path;
use std::process::{Command, Stdio};

/// System calls with which a pass changes the disk. On some kernels one has another name; it then never hits.
pub(crate) const WRITING: [&str; 13] = [
    "write",
    "pwrite64",
    "copy_file_range",
    "ftruncate",
    "fallocate",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "fchmod",
    "fsync",
    "fdatasync",
    "syncfs",
];

/// Fails where the faults cannot be injected: a test that passes without them would prove nothing.
pub(crate) fn require_tracing() {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=close", "true"]);
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "strace may not trace here (in a container: --cap-add=SYS_PTRACE): {}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => {
            panic!("install strace, these tests need it (apt-get install strace): {error}")
        }
    }
}

/// Returns a command that runs `program` with a fault at the `when`-th call; `1+` is every call.
pub(crate) fn traced(program: &Path, call: &str, fault: &str, when: impl Display) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
    command.arg(format!("trace={call}"));
    command.arg("-e");
    command.arg(format!("inject={call}:{fault}:when={when}"));
    command.arg(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
