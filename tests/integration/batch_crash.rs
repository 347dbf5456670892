//! A run that is killed, or whose disk fails, leaves the old state or the new one.
//!
//! A real process runs a small pass, and `strace` kills it with SIGKILL as it enters its N-th call of each
//! system call that writes, for N from 1 until it survives. `DIRSYNC_CRASH_FULL=1` takes every system call it
//! makes. Without strace, or where tracing is not permitted, these tests fail.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use dirsync::codec::HexId;
use dirsync::postoffice::layout::{self, MailPart};
use dirsync::postoffice::{Dir, File, Holder, Postoffice, PostofficeError};

use crate::support::mail::copy_tree;
use crate::support::trace::{self, WRITING, require_tracing};

/// Tells the worker where its postoffice is.
const ROOT: &str = "DIRSYNC_CRASH_ROOT";

type Files = BTreeMap<String, Vec<u8>>;

fn holder() -> Holder {
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    Holder::new("crash", "Admin", "Administrator", now)
}

/// Puts a postoffice into its old state.
fn old_state(root: &Path) {
    let big = "r".repeat(70_000);
    for (file, text) in [
        ("GLB/MASTER.GLB", "\0".repeat(176).as_str()),
        ("GLB/FLAG.GLB", "\x01\x02"),
        ("GLB/REQTRANS.GLB", "old requests"),
        ("GLB/MSTTRANS.GLB", &big),
        ("GLB/RESYNC.GLB", "resync"),
        ("USR/0000000A.USR", "list"),
        ("LOG/DIRSYNC.LOG", "first\r\n"),
        ("MBG/SYSTEM/new/1.a", "mail"),
        ("MBG/SYSTEM/cur/0.a", "mail"),
        ("P1/POPULATE.MSM", "x"),
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The pass: like a real one it looks at what is there, and does nothing where nothing is left to do.
fn pass(root: &Path) -> Result<(), PostofficeError> {
    let postoffice = Postoffice::open_write(root, holder())?;
    let requests = postoffice.layout().read(&layout::REQTRANS)?;
    if requests.as_deref() == Some(b"new") {
        return Ok(());
    }
    let batch = postoffice.batch()?;
    batch.replace_bytes(&layout::REQTRANS, b"new")?;
    batch.append(&layout::MSTTRANS, &[b'm'; 70_000])?;
    batch.remove(&layout::RESYNC)?;
    batch.replace_bytes(&File::usr(HexId(10)), b"longer list")?;
    batch.replace_bytes(&File::usr(HexId(11)), b"another")?;
    batch.append(&layout::DIRSYNC_LOG, b"second\r\n")?;
    batch.move_file(
        &File::named(Dir::MailIn(MailPart::New), "1.a")?,
        &File::named(Dir::MailIn(MailPart::Cur), "1.a:2,S")?,
    );
    batch.create_dir(Dir::MailOut(MailPart::New));
    batch.replace_bytes(&File::named(Dir::MailOut(MailPart::New), "9.z")?, b"out")?;
    batch.bump_flag();
    batch.commit()?;
    Ok(())
}

/// The process that is killed: this very test binary, told to run this alone.
#[test]
#[ignore = "run by the other tests of this module"]
fn worker() {
    let root = env::var_os(ROOT).expect("the other tests of this module say where");
    let code = match pass(Path::new(&root)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            error.exit_code()
        }
    };
    std::process::exit(code.into());
}

fn worker_command(program: &Path, root: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env(ROOT, root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Arguments that make the test binary the worker, on the main thread: strace counts per thread.
const WORKER: [&str; 5] = [
    "--ignored",
    "--exact",
    "batch_crash::worker",
    "--test-threads=1",
    "--nocapture",
];

/// Runs the worker under strace with a fault at the `when`-th call.
fn traced(root: &Path, call: &str, fault: &str, when: u32) -> Output {
    let worker = env::current_exe().unwrap();
    let mut command = trace::traced(&worker, call, fault, when);
    command.env(ROOT, root).args(WORKER).output().unwrap()
}

fn run_worker(root: &Path) {
    let output = worker_command(&env::current_exe().unwrap(), root)
        .args(WORKER)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Every file with its bytes, without the word of the lock and what recovery wrote into the log.
fn files(root: &Path) -> Files {
    let mut files = Files::new();
    let mut todo = vec![root.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let mut bytes = fs::read(path).unwrap();
            match name.as_str() {
                "GLB/DIRSYNC.LCK" => continue,
                "LOG/DIRSYNC.LOG" => {
                    let text = String::from_utf8(bytes).unwrap();
                    bytes = text
                        .split_inclusive('\n')
                        .filter(|line| !line.contains("n interrupted run: "))
                        .collect::<String>()
                        .into_bytes();
                }
                _ => {}
            }
            files.insert(name, bytes);
        }
    }
    files
}

struct States {
    old: Files,
    new: Files,
}

impl States {
    fn learn() -> Self {
        let root = tempfile::tempdir().unwrap();
        old_state(root.path());
        let old = files(root.path());
        run_worker(root.path());
        let new = files(root.path());
        assert_eq!(new["LOG/DIRSYNC.LOG"], b"first\r\nsecond\r\n");
        assert_eq!(new["GLB/MSTTRANS.GLB"].len(), 140_000);
        assert_eq!(new["GLB/FLAG.GLB"], [2, 2]);
        assert!(!new.contains_key("GLB/RESYNC.GLB") && new.contains_key("P1/new/9.z"));
        let before: BTreeSet<_> = old.keys().collect();
        assert_ne!(before, new.keys().collect());
        Self { old, new }
    }

    /// Asserts that after recovery all files are old or all are new, and that running again gives the new state.
    /// Returns whether they were new.
    fn check(&self, root: &Path, fault: &str) -> bool {
        drop(Postoffice::open_write(root, holder()).unwrap());
        let found = files(root);
        let is_new = found == self.new;
        if !is_new {
            assert_eq!(names(&found), names(&self.old), "{fault}");
            assert!(found == self.old, "{fault}: bytes of the old state changed");
        }
        pass(root).unwrap();
        assert!(files(root) == self.new, "{fault}: running again");
        assert!(!root.join("GLB/DIRSYNC.TMP").exists(), "{fault}");
        is_new
    }
}

fn names(files: &Files) -> Vec<&String> {
    files.keys().collect()
}

fn fresh() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    old_state(root.path());
    root
}

/// Kills the worker at every call of each kind, and looks at what it leaves. Returns the states seen and, for
/// each place where a committed run was left, a copy of it.
fn kill_everywhere(
    states: &States,
    calls: &[String],
    start: impl Fn() -> tempfile::TempDir,
) -> (BTreeSet<bool>, Vec<tempfile::TempDir>) {
    let mut seen = BTreeSet::new();
    let mut left = Vec::new();
    for call in calls {
        for when in 1.. {
            let root = start();
            let output = traced(root.path(), call, "signal=SIGKILL", when);
            if output.status.code() == Some(0) {
                assert!(files(root.path()) == states.new, "{call} {when}");
                break;
            }
            if root.path().join("GLB/DIRSYNC.JNL").exists() {
                let copy = tempfile::tempdir().unwrap();
                copy_tree(root.path(), copy.path());
                left.push(copy);
                let busy = Postoffice::open_read(root.path()).unwrap_err();
                assert_eq!(busy.exit_code(), 75, "{call} {when}");
            }
            seen.insert(states.check(root.path(), &format!("killed at {call} {when}")));
        }
    }
    (seen, left)
}

/// The calls to kill at: those that write, or all the worker makes.
fn calls() -> Vec<String> {
    let mut calls: Vec<_> = WRITING.iter().map(ToString::to_string).collect();
    if env::var_os("DIRSYNC_CRASH_FULL").is_none() {
        return calls;
    }
    let root = fresh();
    let trace = root.path().join("trace");
    let mut command = worker_command(Path::new("strace"), root.path());
    command
        .args(["-f", "-qq", "-c", "-U", "name", "-o"])
        .arg(&trace);
    command.arg(env::current_exe().unwrap()).args(WORKER);
    command.output().unwrap();
    let table = fs::read_to_string(trace).unwrap();
    let all = table.lines().map(str::trim).filter(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !["syscall", "total", "execve"].contains(name)
    });
    calls.extend(all.map(str::to_owned));
    calls.sort();
    calls.dedup();
    calls
}

#[test]
fn a_run_killed_at_any_call_leaves_the_old_state_or_the_new() {
    let states = States::learn();
    require_tracing();
    let (seen, left) = kill_everywhere(&states, &calls(), fresh);
    assert_eq!(
        seen,
        BTreeSet::from([false, true]),
        "both sides of the commit"
    );

    // The run that completes it may be killed just the same: a few of the states left, spread over the steps.
    assert!(left.len() > 10, "{} committed runs were left", left.len());
    let step = match env::var_os("DIRSYNC_CRASH_FULL") {
        Some(_) => 1,
        None => left.len().div_ceil(2),
    };
    for template in left.iter().step_by(step) {
        let start = || {
            let root = tempfile::tempdir().unwrap();
            copy_tree(template.path(), root.path());
            root
        };
        let calls: Vec<_> = WRITING.iter().map(ToString::to_string).collect();
        let (seen, _) = kill_everywhere(&states, &calls, start);
        assert_eq!(
            seen,
            BTreeSet::from([true]),
            "a committed run is never lost"
        );
    }
}

#[test]
fn a_disk_that_fails_before_the_commit_changes_nothing() {
    let states = States::learn();
    require_tracing();
    let mut codes = BTreeSet::new();
    for (call, fault) in [
        ("write", "error=ENOSPC"),
        ("fallocate", "error=ENOSPC"),
        ("mkdir", "error=ENOSPC"),
        ("copy_file_range", "error=ENOSPC"),
        ("rename", "error=EIO"),
        ("fsync", "error=EIO"),
        ("fdatasync", "error=EIO"),
        ("ftruncate", "error=EIO"),
    ] {
        for when in 1.. {
            let root = fresh();
            let name = format!("{call} {when} with {fault}");
            let output = traced(root.path(), call, fault, when);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            match code {
                // The standard output of the test harness failed, the pass never began or was over.
                Some(101) if text.contains("io error when") => continue,
                // One call more than there are.
                Some(0) => {
                    assert!(files(root.path()) == states.new, "{name}");
                    break;
                }
                Some(73) => {
                    assert!(files(root.path()) == states.old, "{name}: {text}");
                    assert!(!states.check(root.path(), &name), "{name}: {text}");
                }
                Some(75) => {
                    assert!(states.check(root.path(), &name), "{name}: {text}");
                }
                other => panic!("{name}: ended with {other:?}: {text}"),
            }
            codes.extend(code);
        }
    }
    assert_eq!(codes, BTreeSet::from([73, 75]), "both sides of the commit");
}
