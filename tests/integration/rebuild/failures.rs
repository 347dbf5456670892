//! A rebuild that is stopped leaves the list there is, and says why.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use dirsync::postoffice::gal::{FILES, Gal};
use dirsync::postoffice::{File, Holder, Postoffice, layout};

use super::{BANNER, filled, office};
use crate::support::Office;

const NOT_INSTALLED: &str = "Fatal  [   ] Global Address List not installed on this Postoffice";

/// The postoffice with a list, and somebody new that is not in it yet.
fn outdated() -> Office {
    let office = filled();
    office.rebuild("").ends(0);
    office.put_list("NET2/PO2", &[("Brown, Ann", "ANN"), ("New, Ned", "NED")]);
    office
}

/// Holds a lock on a file for a while, as a client does that reads it.
fn hold(office: &Office, file: &File, seconds: &str) -> Child {
    let held = Command::new("flock")
        .args(["-F", "-s"])
        .arg(office.file(file))
        .args(["sleep", seconds])
        .spawn()
        .expect("flock is there");
    std::thread::sleep(Duration::from_millis(300));
    held
}

fn let_go(mut held: Child) {
    held.kill().expect("it runs");
    held.wait().expect("it ends");
}

/// Asserts what the last run logged: banner, the lines given, and no empty Status line.
#[track_caller]
fn logged(office: &Office, lines: &[&str]) {
    let log = office.log(&layout::DIRSYNC_LOG);
    let run = log.iter().rposition(|line| line.ends_with(BANNER)).unwrap();
    assert_eq!(log[run + 1..], *lines);
    let numeric = office.log(&layout::DSSERVER_LOG);
    assert_eq!(
        numeric.last().unwrap(),
        "2  -1 Global Address List not installed on this Postoffice"
    );
}

/// Every file with its bytes but the logs and the word of the lock.
fn state(office: &Office) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = office.snapshot();
    files.retain(|path, _| {
        !path.starts_with(office.path().join("LOG")) && !path.ends_with("DIRSYNC.LCK")
    });
    files
}

#[test]
fn ds_s051_an_index_that_a_client_holds_keeps_all_three_files() {
    let office = outdated();
    for file in FILES {
        let before = state(&office);
        let held = hold(&office, &file, "60");
        let run = office.rebuild("--wait 0").ends(75);
        let_go(held);
        let said = format!("GAL Rebuild problem accessing files {file}: held by another process");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
        assert!(
            run.stderr
                .contains("Global Address List not installed on this Postoffice"),
            "{}",
            run.stderr
        );
        logged(&office, &[&format!("Fatal  [203] {said}"), NOT_INSTALLED]);
        assert!(state(&office) == before, "{file}");
        assert_eq!(office.gal().len(), 6, "the old list is usable");
    }
    office.rebuild("").ends(0);
    assert_eq!(office.gal().len(), 7);
}

#[test]
fn ds_s052_a_file_that_is_held_is_tried_again_for_the_time_given() {
    let office = outdated();
    let held = hold(&office, &layout::GAL_NME, "1");
    office.rebuild("--wait 30").ends(0);
    assert_eq!(office.gal().len(), 7);
    drop(held.wait_with_output());

    office.put_list("NET2/PO2", &[]);
    let held = hold(&office, &layout::GAL_NME, "60");
    let begun = std::time::Instant::now();
    office.rebuild("--wait 1").ends(75);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let_go(held);
    assert_eq!(office.gal().len(), 7);
}

#[test]
fn ds_s053_files_of_two_runs_do_not_pass() {
    let office = outdated();
    let before = office.gal_files();
    office.rebuild("").ends(0);
    let after = office.gal_files();
    let load = |files: [&Vec<u8>; 3]| {
        let [names, index, addresses] = files.map(Clone::clone);
        Gal::new(names, index, addresses, office.page()).verify()
    };
    load([&after[0], &after[1], &after[2]]).unwrap();
    for mixed in 1..7 {
        let pick = |n: usize| {
            if mixed >> n & 1 == 0 {
                &before[n]
            } else {
                &after[n]
            }
        };
        load([pick(0), pick(1), pick(2)]).unwrap_err();
    }
}

#[test]
fn a_file_without_a_write_bit_is_left_with_the_others() {
    let office = outdated();
    for file in FILES {
        let before = state(&office);
        let path = office.file(&file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        office.rebuild("").ends(73);
        let line = format!("Fatal  [203] GAL Rebuild problem accessing files {file}: read-only");
        logged(&office, &[&line, NOT_INSTALLED]);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(state(&office) == before, "{file}");
    }
}

#[test]
fn ds_l010_an_index_that_cannot_be_written_is_named_and_nothing_follows() {
    let office = outdated();
    let path = office.file(&layout::GALINDEX);
    let index = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let names = office.bytes(&layout::GAL_NME);
    office.rebuild("").ends(73);
    logged(
        &office,
        &[
            "Fatal  [203] GAL Rebuild problem accessing files GLB/GALINDEX.GLB: a directory",
            NOT_INSTALLED,
        ],
    );
    assert_eq!(office.bytes(&layout::GAL_NME), names);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, index).unwrap();
    office.gal();
}

#[test]
fn an_empty_postoffice_list_is_said() {
    let office = outdated();
    office.put(&layout::ADMIN_NME, &[]);
    let before = state(&office);
    let run = office.rebuild("").ends(65);
    assert!(run.stderr.contains("NME/ADMIN.NME"), "{}", run.stderr);
    logged(
        &office,
        &[
            "Fatal  [ 40] Possible database corruption detected: NME/ADMIN.NME: byte 0x0: size: found 0 bytes, expected at least one entry",
            "Fatal  [203] GAL Rebuild problem accessing files",
            NOT_INSTALLED,
        ],
    );
    assert!(state(&office) == before);
}

#[test]
fn ds_s050_a_postoffice_that_is_locked_is_message_91() {
    let office = outdated();
    let before = office.gal_files();
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let holder = Holder::new("admin", "Admin", "Administrator", now);
    let admin = Postoffice::open_write(&office.path(), holder).unwrap();
    let path = office.path().display().to_string();
    let run =
        crate::support::run("rebuild", vec!["-f".into(), format!("-d{path}")], |_| ()).ends(75);
    drop(admin);
    assert!(run.stderr.contains("locked by admin"), "{}", run.stderr);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log[log.len() - 5..],
        [
            format!("Status       {BANNER}").as_str(),
            "Fatal  [ 91] The mail database is locked by another process: ADMIN",
            "Fatal  [   ]   Mailbox name: Admin.",
            "Fatal  [   ]   Full name: Administrator.",
            "Fatal  [   ]   FLAG.GLB is locked open.",
        ]
    );
    assert_eq!(office.gal_files(), before);
}

/// Completes or discards what a run left that did not come to its end.
fn recover(office: &Office) {
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let holder = Holder::new("test", "Admin", "Administrator", now);
    drop(Postoffice::open_write(&office.path(), holder).unwrap());
}

/// Runs `rebuild -f` under strace with a fault at the `when`-th call.
fn traced(root: &Path, call: &str, fault: &str, when: u32) -> Output {
    Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={call}"),
            "-e",
        ])
        .arg(format!("inject={call}:{fault}:when={when}"))
        .arg(env!("CARGO_BIN_EXE_rebuild"))
        .arg("-f")
        .arg(format!("-d{}", root.display()))
        .env("DIRSYNC_NOW", crate::support::NOW)
        .output()
        .expect("install strace, these tests need it (apt-get install strace)")
}

#[test]
fn a_full_disk_is_message_204_and_names_the_file() {
    // More than a staged file buffers, so that each is written in pieces.
    let office = office();
    let names: Vec<_> = (0..4000)
        .map(|n| (format!("Name {n}"), format!("N{n}")))
        .collect();
    let entries: Vec<_> = names
        .iter()
        .map(|(n, m)| (n.as_str(), m.as_str()))
        .collect();
    office.put_list("NET/PO1", &entries[..10]);
    office.rebuild("").ends(0);
    office.put_list("NET/PO1", &entries);
    let before = state(&office);
    let mut full = Vec::new();
    for when in 1.. {
        let output = traced(&office.path(), "write", "error=ENOSPC", when);
        // From the commit on the run is completed, if need be by the next.
        if [Some(0), Some(75)].contains(&output.status.code()) {
            recover(&office);
            break;
        }
        assert_eq!(output.status.code(), Some(73), "write {when}");
        assert!(state(&office) == before, "write {when}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        full.extend(
            text.lines()
                .map(str::to_owned)
                .filter(|l| l.contains("out of disk space")),
        );
        assert!(when < 100, "{text}");
    }
    for file in FILES {
        let said =
            format!("GAL Rebuild out of disk space {file}; Global Address List not installed");
        assert!(
            full.iter().any(|line| line.contains(&said)),
            "{file}: {full:#?}"
        );
    }
    let log = office.log(&layout::DIRSYNC_LOG);
    let line = "Fatal  [204] GAL Rebuild out of disk space GLB/GALINDEX.GLB";
    let at = log.iter().position(|l| l == line).unwrap();
    assert_eq!(
        log[at - 1],
        "Status       Number of entries in GAL:     4001"
    );
    assert_eq!(
        log[at + 1],
        "Fatal  [203] GAL Rebuild problem accessing files"
    );
    assert_eq!(log[at + 2], NOT_INSTALLED);
}

#[test]
fn a_run_that_is_killed_leaves_the_old_list_or_the_new_one() {
    let office = outdated();
    let old = office.gal_files();
    let root = |files: &[Vec<u8>; 3]| {
        for (file, bytes) in FILES.iter().zip(files) {
            office.put(file, bytes);
        }
    };
    office.rebuild("").ends(0);
    let new = office.gal_files();
    let mut seen = [false; 2];
    for call in ["rename", "unlink", "fsync", "syncfs", "rmdir"] {
        for when in 1.. {
            root(&old);
            let output = traced(&office.path(), call, "signal=SIGKILL", when);
            if output.status.code() == Some(0) {
                break;
            }
            recover(&office);
            let found = office.gal_files();
            assert!(
                found == old || found == new,
                "{call} {when}: all three or none"
            );
            seen[usize::from(found == new)] = true;
            office.gal();
        }
    }
    assert_eq!(seen, [true; 2], "both sides of the commit");
}

#[test]
fn without_file_handles_message_249_is_given() {
    let office = outdated();
    let before = office.gal_files();
    let mut said = Vec::new();
    for limit in 4..12 {
        let script = format!(
            "ulimit -n {limit}; exec '{}' -f '-d{}'",
            env!("CARGO_BIN_EXE_rebuild"),
            office.path().display()
        );
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        if output.status.success() {
            break;
        }
        assert_eq!(office.gal_files(), before, "{limit}");
        said.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    assert!(
        said.iter()
            .any(|text| text.contains("Not enough free file handles")),
        "{said:#?}"
    );
}
