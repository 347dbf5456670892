//! Speed and memory of `audit`: `cargo bench --bench audit`.
//!
//! Two extracts of one address list are compared, as they are and the second shuffled; a thousandth of the entries is
//! missing and as many have another name. What is timed is the program itself, from its start to its end, with the
//! memory it has by default and with little. Beside it, right after each run, `sort` and `comm` on the very same texts,
//! which find lines that differ, and know nothing of keys.
//!
//! - `DIRSYNC_BENCH_ENTRIES`: entries of a side, `1m` by default.
//! - `DIRSYNC_BENCH_RUNS`: how often each case runs, 3 by default; the median is shown.
//! - `DIRSYNC_BENCH_DIR`: where the texts and the temporary files lie; the directory of temporary files by default.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::{
    Ran, directory, full_name, list, measure, mebibytes, median, millis, place, ratio, runs,
};

/// Entries of one postoffice.
const LIST_LEN: usize = 2000;

/// One entry in so many is missing, and one has another name.
const FAULT: usize = 1000;

fn main() {
    println!(
        "{:>9} {:9} {:>6} {:>10} {:>10} {:>10} {:>6} {:>6} {:>9}",
        "entries", "order", "memory", "audit", "processor", "peer", "ratio", "cpu", "used"
    );
    for &entries in &list("DIRSYNC_BENCH_ENTRIES", "1m", "1m") {
        for order in ["as listed", "shuffled"] {
            let place = directory();
            write(place.path(), entries, order == "shuffled");
            for memory in ["256m", "16m"] {
                bench(place.path(), entries, order, memory);
            }
        }
    }
}

fn bench(place: &Path, entries: usize, order: &str, memory: &str) {
    let ran: Vec<_> = (0..runs())
        .map(|_| (audit(place, entries, memory), peer(place, entries)))
        .collect();
    let ours = median(ran.iter().map(|(ours, _)| ours.time));
    let processor = median(ran.iter().map(|(ours, _)| ours.processor));
    let theirs = median(ran.iter().map(|(_, theirs)| theirs.time));
    let their_processor = median(ran.iter().map(|(_, theirs)| theirs.processor));
    let used = median(ran.iter().map(|(ours, _)| ours.memory));
    println!(
        "{entries:>9} {order:9} {memory:>6} {:>8.0}ms {:>8.0}ms {:>8.0}ms {:>6.2} {:>6.2} {:>6.1}MiB",
        millis(ours),
        millis(processor),
        millis(theirs),
        ratio(ours, theirs),
        ratio(processor, their_processor),
        mebibytes(used),
    );
}

/// Runs the audit, which must find what was planted.
fn audit(place: &Path, entries: usize, memory: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_audit");
    let line = format!("{program} a.txt b.txt --json --memory {memory}; test $? = 5");
    let ran = shell(place, &line);
    let summary: serde_json::Value = serde_json::from_str(&ran.output).expect("one object");
    let planted = (entries / FAULT) as u64;
    assert_eq!(summary["missing"], planted, "{summary}");
    assert_eq!(summary["altered"], planted, "{summary}");
    ran
}

/// Lets the usual tools find the lines that differ: those that are missing once, those that are altered twice.
fn peer(place: &Path, entries: usize) -> Ran {
    let line = "sort a.txt >a.sorted && sort b.txt >b.sorted && comm -3 a.sorted b.sorted | wc -l";
    let ran = shell(place, line);
    assert_eq!(ran.output.trim(), (3 * (entries / FAULT)).to_string());
    ran
}

fn shell(place: &Path, line: &str) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(place);
    measure(command.env("LC_ALL", "C").env("TMPDIR", place))
}

/// Writes both texts line by line: what this process holds would count as memory of those that it starts.
fn write(directory: &Path, entries: usize, is_shuffled: bool) {
    let create = |name: &str| {
        let file = File::create(directory.join(name)).expect("writable");
        BufWriter::new(file)
    };
    let (mut a, mut b) = (create("a.txt"), create("b.txt"));
    let line = |output: &mut BufWriter<File>, name: &str, entry: usize| {
        let list = place(entry / LIST_LEN);
        write!(output, "A {name:30} PCM:{list}/U{entry:07}\r\n").expect("written");
    };
    for number in 0..entries {
        line(&mut a, &full_name(number, entries), number);
        // A factor that has nothing in common with a power of ten leads to every entry once.
        let entry = match is_shuffled {
            true => (number * 700_001 + 13) % entries,
            false => number,
        };
        let name = full_name(entry, entries);
        match entry % FAULT {
            7 => {}
            9 => line(&mut b, &name.to_uppercase(), entry),
            _ => line(&mut b, &name, entry),
        }
    }
    a.flush().and_then(|()| b.flush()).expect("written");
}
