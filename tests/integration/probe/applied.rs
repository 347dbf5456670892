//! What came in another framing is applied with a profile: the same happens as with our own, or nothing does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::postoffice::{File, layout};

use super::foreign::{BEHIND, HEADER, profile, push};
use crate::support::{Office, Run, queue_bytes, resync_header, trace};

/// A full list as `import -s` makes it: header, one list that begins with R, and what goes beside.
const ADDS: [&str; 4] = [
    "R PCM:NET/PO",
    "A One\tPCM:NET/PO/ONE",
    "A J\u{fc}rg\tPCM:NET/PO/JURG",
    "A Three\tPCM:NET/PO/THREE\r\n- Room/12",
];

/// A queue with a change of two lines, a comment and a removal.
const QUEUE: [&str; 6] = [
    "A One\tPCM:NET/PO/ONE",
    "A Two\tPCM:NET/PO/TWO",
    "# Dummy record.",
    "M One\tPCM:NET/PO/ONE\r\n  Other\tPCM:NET/PO/OTHER",
    "D Old\tPCM:NET/PO/OLD",
    "A Wrong\tPCM:NET/PO/ELEVENCHARS",
];

fn office() -> Office {
    let office = Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "PCM:NET/PO"])
        .registered_with("NET/SRV")
        .numbers(12, 71, 1)
        .queue(&layout::SRVTRANS, &[(70, "A Old\tPCM:NET/PO/OLD")]);
    office.import("-q").ends(0);
    office
}

/// Encodes texts in the foreign framing, in code page 850.
fn foreign(first: u32, texts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (sync, text) in (first..).zip(texts) {
        push(&mut bytes, sync, 765_720_832, &text.replace('\u{fc}', "u"));
    }
    bytes
}

fn ours(first: u32, texts: &[&str]) -> Vec<u8> {
    let texts: Vec<String> = texts.iter().map(|t| t.replace('\u{fc}', "u")).collect();
    let all: Vec<(u32, &str)> = (first..).zip(texts.iter().map(String::as_str)).collect();
    queue_bytes(&all)
}

/// The header of a full list as a text, and the list behind it.
fn full_list() -> Vec<String> {
    let header = resync_header(18, 80, 2, 5).encode();
    let header = String::from_utf8(header).expect("text");
    let list = ADDS.iter().map(|text| (*text).to_owned());
    [header].into_iter().chain(list).collect()
}

/// The same list in both framings, without an end mark in either.
fn lists(office: &Office) -> (PathBuf, PathBuf) {
    let texts = full_list();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let taught = profile(&office.path().join(".."));
    let foreign = office.write("FOREIGN", foreign(1, &texts));
    // Through `probe`: our writer of full lists always sets an end mark.
    let ours = office.beside("OURS");
    let output = Command::new(env!("CARGO_BIN_EXE_probe"))
        .args([
            &foreign,
            Path::new("--framing"),
            &taught,
            Path::new("--convert"),
            &ours,
        ])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    (foreign, ours)
}

/// Every file of the postoffice but the word of the lock; logs without the place of the test and what recovery says.
fn tree(office: &Office) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = office.path();
    let place = root.parent().expect("a place").display().to_string();
    let mut all = BTreeMap::new();
    for (path, bytes) in office.snapshot() {
        let name = path.strip_prefix(&root).expect("below it").to_owned();
        if name.ends_with("DIRSYNC.LCK") {
            continue;
        }
        let is_log = name.starts_with("LOG");
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if is_log => text
                .replace(&place, "{}")
                .split_inclusive('\n')
                .filter(|line| !line.contains("n interrupted run: "))
                .collect::<String>()
                .replace("FOREIGN", "OURS")
                .into_bytes(),
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        all.insert(name, bytes);
    }
    all
}

/// Says which files differ, for a failure that can be read.
#[track_caller]
fn assert_same(found: &Office, expected: &Office) {
    let (found, expected) = (tree(found), tree(expected));
    let names: Vec<_> = found.keys().chain(expected.keys()).collect();
    let differ = |name: &&&PathBuf| found.get(**name) != expected.get(**name);
    let differing: Vec<_> = names.iter().filter(differ).collect();
    let shown: Vec<String> = differing
        .iter()
        .map(|name| {
            let text = |of: &BTreeMap<PathBuf, Vec<u8>>| {
                of.get(**name).map(|bytes| bytes.escape_ascii().to_string())
            };
            format!(
                "{}: {:?}, expected {:?}",
                name.display(),
                text(&found),
                text(&expected)
            )
        })
        .collect();
    assert!(differing.is_empty(), "{}", shown.join("\n"));
}

fn resync(office: &Office, line: &str) -> Run {
    office.run("resync", &format!("{line} admin -pX"))
}

#[test]
fn probe_profile_applies_a_full_list_as_one_of_ours() {
    for options in ["", "--whole", "--whole --replace"] {
        let (other, own) = (office(), office());
        lists(&other);
        lists(&own);
        // Without an end mark, or the word of the operator, nothing is removed.
        let exit = if options.is_empty() { 1 } else { 0 };
        resync(&own, &format!("apply {{}}/OURS -y {options}")).ends(exit);
        resync(
            &other,
            &format!("apply {{}}/FOREIGN --framing {{}}/PROFILE -y {options}"),
        )
        .ends(exit);
        let names = match options {
            "" => &["Jurg", "Old", "One", "Three"][..],
            _ => &["Jurg", "One", "Three"],
        };
        assert_eq!(other.names("PCM:NET/PO"), names, "{options}");
        let config = other.config();
        assert_eq!(
            config.srv_sync.0,
            if exit == 0 {
                80
            } else {
                own.config().srv_sync.0
            }
        );
        assert_same(&other, &own);
    }
}

#[test]
fn probe_profile_plans_what_is_then_applied() {
    let (other, own) = (office(), office());
    lists(&other);
    lists(&own);
    let before = other.snapshot();
    let shown = resync(
        &other,
        "plan {}/FOREIGN --framing {}/PROFILE --whole -o {}/PLAN",
    )
    .ends(0)
    .stdout;
    assert_eq!(other.snapshot(), before, "a plan changes nothing");
    let expected = resync(&own, "plan {}/OURS --whole -o {}/PLAN")
        .ends(0)
        .stdout;
    assert_eq!(shown, expected);
    for line in ["add     PCM:NET/PO  One", "remove  PCM:NET/PO  Old"] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    // A saved plan needs neither the list nor the profile; where the list waits as RESYNC.GLB, its work is done, and
    // only the profile tells that it is this one.
    let waiting = fs::read(other.beside("FOREIGN")).expect("there");
    other.put(&layout::RESYNC, &waiting);
    for office in [&other, &own] {
        fs::remove_file(office.beside("FOREIGN")).expect("there");
        fs::remove_file(office.beside("OURS")).expect("there");
    }
    resync(&own, "apply {}/PLAN -y").ends(0);
    let kept = resync(&other, "apply {}/PLAN -y --dry-run").ends(0).stdout;
    assert!(kept.contains("is not the file that is applied"), "{kept}");
    resync(&other, "apply {}/PLAN -y --framing {}/PROFILE").ends(0);
    assert!(!other.exists(&layout::RESYNC));
    assert_eq!(other.names("PCM:NET/PO"), ["Jurg", "One", "Three"]);
    assert_same(&other, &own);
}

#[test]
fn probe_profile_imports_a_queue_as_one_of_ours() {
    let (other, own) = (office(), office());
    let taught = profile(&other.path().join(".."));
    own.put(&layout::SRVTRANS, &ours(81, &QUEUE));
    other.put(&layout::SRVTRANS, &foreign(81, &QUEUE));
    let expected = own.import("-q --json").ends(1).json();
    let framing = format!("-q --framing={} --json", taught.display());
    let found = other.import(&framing).ends(1).json();
    for key in ["read", "added", "modified", "deleted", "refused"] {
        assert_eq!(found[key], expected[key], "{key}: {found}\n{expected}");
    }
    assert_eq!(other.names("PCM:NET/PO"), ["Other", "Two"]);
    assert_eq!(other.bytes(&layout::SRVTRANS), b"", "it is taken");
    assert_same(&other, &own);
    // An idle queue has no bytes in any framing.
    other
        .import(&format!("-q --framing={}", taught.display()))
        .ends(0);
}

#[test]
fn probe_profile_imports_a_full_list_and_the_queue_behind_it() {
    // RESYNC.GLB and SRVTRANS.GLB both come from elsewhere; and a list that was copied over SRVTRANS (Q119449).
    for is_copied in [false, true] {
        let (other, own) = (office(), office());
        lists(&other);
        let (_, list) = lists(&own);
        let read = |path: PathBuf| fs::read(path).expect("readable");
        let into = if is_copied {
            layout::SRVTRANS
        } else {
            layout::RESYNC
        };
        own.put(&into, &read(list));
        other.put(&into, &read(other.beside("FOREIGN")));
        if !is_copied {
            own.put(&layout::SRVTRANS, &ours(78, &QUEUE[..5]));
            other.put(&layout::SRVTRANS, &foreign(78, &QUEUE[..5]));
        }
        own.import("-q --whole").ends(0);
        let framing = format!("-q --whole --framing={}", other.beside("PROFILE").display());
        other.import(&framing).ends(0);
        assert!(!other.exists(&layout::RESYNC) && !own.exists(&layout::RESYNC));
        // Up to 80 the list has it all: 81 and 82 are applied behind it, a change and a removal.
        let names = match is_copied {
            true => ["Jurg", "One", "Three"],
            false => ["Jurg", "Other", "Three"],
        };
        assert_eq!(other.names("PCM:NET/PO"), names);
        assert_same(&other, &own);
    }
}

/// Offset of the record of that number, from 1.
fn offset_of(texts: &[&str], number: usize) -> usize {
    let len = |text: &&str| HEADER + text.replace("\r\n", "\n").len() + BEHIND;
    texts[..number - 1].iter().map(len).sum()
}

#[test]
fn probe_profile_that_does_not_fit_names_record_and_byte_and_changes_nothing() {
    let office = office();
    lists(&office);
    let texts = full_list();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let whole = foreign(1, &texts);
    let third = offset_of(&texts, 3);
    let sum = offset_of(&texts, 4) - 2;
    let before = unlogged(&office);
    let (mut flipped, mut marked, mut cut) = (whole.clone(), whole.clone(), whole.clone());
    flipped[third + HEADER + 3] ^= 1;
    marked[third] = b'R';
    cut.truncate(third + 20);
    let stored = dirsync::probe::profile::hex(&whole[sum..sum + 2]);
    for (bytes, said) in [
        (
            &flipped,
            format!(
                "record 3 at byte {third:#x} does not fit the framing: wrong checksum at trailer byte 0: byte {sum:#x} of \
                 the file has {stored}"
            ),
        ),
        (
            &marked,
            format!(
                "record 3 at byte {third:#x} does not fit the framing: wrong constant at header byte 0: byte {third:#x} of \
                 the file has 5207"
            ),
        ),
        (
            &cut,
            format!("record 3 at byte {third:#x} does not fit the framing: "),
        ),
    ] {
        office.write("FOREIGN", bytes);
        for line in [
            "resync plan {}/FOREIGN admin -pX -o {}/PLAN",
            "resync apply {}/FOREIGN admin -pX -y --whole",
            "resync show {}/FOREIGN",
            "resync check {}/FOREIGN",
            "audit resync:{}/FOREIGN {}/OURS",
        ] {
            let (program, rest) = line.split_once(' ').expect("a program");
            let run = office
                .run(program, &format!("{rest} --framing {{}}/PROFILE"))
                .ends(65);
            assert!(run.stderr.contains(&said), "{line}: {said}\n{}", run.stderr);
        }
        assert_eq!(unlogged(&office), before, "nothing was changed");
        assert!(!office.beside("PLAN").exists());
    }
    // The queue of the postoffice: it stays, too.
    for file in [layout::SRVTRANS, layout::RESYNC] {
        office.put(&file, &flipped);
        let before = lists_and_queue(&office, &file);
        let run = office
            .import(&format!(
                "-q --framing={}",
                office.beside("PROFILE").display()
            ))
            .ends(65);
        let said = format!("record 3 at byte {third:#x} does not fit the framing: wrong checksum");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
        assert_eq!(lists_and_queue(&office, &file), before);
        office.put(&file, b"");
        fs::remove_file(office.file(&layout::RESYNC)).ok();
    }
}

/// Every file of the postoffice but the logs and the word of the lock.
fn unlogged(office: &Office) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = tree(office);
    all.retain(|name, _| !name.starts_with("LOG"));
    all
}

fn lists_and_queue(office: &Office, file: &File) -> (Vec<String>, Vec<u8>) {
    (office.names("PCM:NET/PO"), office.bytes(file))
}

#[test]
fn probe_profile_import_that_is_killed_is_done_by_the_next_run() {
    trace::require_tracing();
    let start = office();
    let taught = profile(&start.path().join(".."));
    start.put(&layout::SRVTRANS, &foreign(81, &QUEUE[..5]));
    let program = Path::new(env!("CARGO_BIN_EXE_import"));
    let line = |office: &Office| {
        [
            "admin".to_owned(),
            "-ppw".to_owned(),
            "-y".to_owned(),
            "-q".to_owned(),
            format!("--framing={}", taught.display()),
            format!("-d{}", office.path().display()),
        ]
    };
    let done = start.copy();
    done.run_args("import", line(&done).to_vec()).ends(0);
    assert_eq!(done.names("PCM:NET/PO"), ["Other", "Two"]);
    let mut kills = 0;
    for call in ["rename", "unlink", "fdatasync", "fsync"] {
        for when in 1.. {
            let office = start.copy();
            let mut command = trace::traced(program, call, "signal=KILL", when);
            let output = command
                .args(line(&office))
                .env("DIRSYNC_NOW", crate::support::NOW)
                .env("TZ", "UTC")
                .output()
                .expect("strace runs");
            if output.status.code() == Some(0) {
                break;
            }
            kills += 1;
            assert!(when < 100, "{call}: no end of them");
            office.run_args("import", line(&office).to_vec()).ends(0);
            assert_eq!(
                office.names("PCM:NET/PO"),
                ["Other", "Two"],
                "{call} {when}"
            );
            assert_eq!(office.bytes(&layout::SRVTRANS), b"", "{call} {when}");
            assert_eq!(office.config().srv_sync.0, done.config().srv_sync.0);
        }
    }
    assert!(kills >= 4, "{kills}");
}
