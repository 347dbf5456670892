//! Speed and memory of `rebuild`: `cargo bench --bench rebuild`.
//!
//! What is timed is the program itself, from its start to its end: every list read, the names and their words sorted, the
//! three files written, read back, checked and made durable. Beside it, right after each run, `LC_ALL=C sort` of the same
//! names in the order in which the program reads them, to a file. `first` makes a list where there is none, `again`
//! one that has an entry more than the list there is, `bytes` a first one in the order of bytes (`--order c`). Every number
//! is the median of the runs; nothing is asserted but that the program did the work.
//!
//! The original took 68 s for 136 names (Q149271), 215 s for 954 (Q148364), almost an hour for 10,000 and several hours for
//! more than 100,000 (Q96060); that is for reference only (DS-S065).
//!
//! - `DIRSYNC_BENCH_ENTRIES`: names, `100k,1M` by default.
//! - `DIRSYNC_BENCH_POSTOFFICES`: postoffices they are spread over, `100` by default.
//! - `DIRSYNC_BENCH_RUNS`: runs of each case, 3 by default.
//! - `DIRSYNC_BENCH_DIR`: where the postoffice is made; the directory of temporary files by default.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::{HexId, Record, UsrRecord};
use dirsync::postoffice::File;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::{
    GIVEN, Ran, SURNAMES, directory, list, measure_ours, mebibytes, median, millis, place, ratio,
    run, runs, set_up, usr_record,
};

fn main() {
    let runs = runs();
    println!(
        "{:>9} {:>11} {:5} {:>9} {:>9} {:>9} {:>9} {:>6} {:>11}",
        "names",
        "postoffices",
        "list",
        "rebuild",
        "per name",
        "memory",
        "sort",
        "ratio",
        "sort memory"
    );
    for &names in &list("DIRSYNC_BENCH_ENTRIES", "100k,1M", "100k,1M") {
        for &postoffices in &list("DIRSYNC_BENCH_POSTOFFICES", "100", "100") {
            for (case, samples) in measure(names, postoffices, runs) {
                let median = Sample::median(&samples);
                println!(
                    "{names:>9} {postoffices:>11} {case:5} {:>7.1}ms {:>7.0}ns {:>6.1}MiB {:>7.1}ms {:>6.2} {:>8.1}MiB",
                    millis(median.rebuild),
                    median.rebuild.as_nanos() as f64 / names as f64,
                    mebibytes(median.memory),
                    millis(median.sort),
                    ratio(median.rebuild, median.sort),
                    mebibytes(median.sort_memory),
                );
            }
        }
    }
}

/// What one run took, and the sort after it.
struct Sample {
    rebuild: Duration,
    /// Peak of the memory that was really used, in bytes.
    memory: u64,
    sort: Duration,
    sort_memory: u64,
}

impl Sample {
    fn median(samples: &[Self]) -> Self {
        Self {
            rebuild: median(samples.iter().map(|sample| sample.rebuild)),
            memory: median(samples.iter().map(|sample| sample.memory)),
            sort: median(samples.iter().map(|sample| sample.sort)),
            sort_memory: median(samples.iter().map(|sample| sample.sort_memory)),
        }
    }
}

/// Measures one size in all cases.
fn measure(names: usize, postoffices: usize, runs: usize) -> [(&'static str, Vec<Sample>); 3] {
    let directory = directory();
    let office = directory.path().join("PO");
    let others: Vec<_> = (0..postoffices).map(place).collect();
    let stems = set_up(&office, "NET/OWN", &others, |_: &mut ReqConf| ()).expect("a postoffice");
    let text = directory.path().join("NAMES");
    write_lists(&office, &stems, names, &text);
    let extra = office.join(File::usr(stems[0]).to_string());
    let list = fs::read(&extra).expect("readable");

    let mut measured = [
        ("first", Vec::new()),
        ("again", Vec::new()),
        ("bytes", Vec::new()),
    ];
    for _ in 0..runs {
        for (case, samples) in &mut measured {
            match *case {
                "again" => {
                    let record = usr_record("Zz, One More", "ZZ", 1);
                    fs::write(&extra, [&list[..], &record].concat()).expect("writable");
                }
                _ => {
                    fs::write(&extra, &list).expect("writable");
                    for file in dirsync::postoffice::gal::FILES {
                        let _ = fs::remove_file(office.join(file.to_string()));
                    }
                }
            }
            run("sync", &[]);
            let order = if *case == "bytes" { "c" } else { "page" };
            let rebuild = env!("CARGO_BIN_EXE_rebuild");
            let (ran, summary) = measure_ours(rebuild, &["-f", "--order", order], &office);
            let expected = names + 1 + usize::from(*case == "again");
            assert_eq!(summary["gal"]["entries"], expected, "{summary}");
            assert_eq!(summary["gal"]["replaced"], true, "{summary}");
            let sorted = sort(&text, directory.path());
            samples.push(Sample {
                rebuild: ran.time,
                memory: ran.memory,
                sort: sorted.time,
                sort_memory: sorted.memory,
            });
        }
    }
    measured
}

/// Sorts the names with the system's own program.
fn sort(text: &Path, directory: &Path) -> Ran {
    let mut command = Command::new("sort");
    command.arg("-o").arg(directory.join("SORTED")).arg(text);
    common::measure(command.env("LC_ALL", "C"))
}

/// Writes the lists, each in name order as IMPORT keeps them, and the same names as text for `sort`.
fn write_lists(office: &Path, stems: &[HexId], names: usize, text: &Path) {
    let mut lines = Vec::new();
    for (postoffice, &stem) in stems.iter().enumerate() {
        let of_this = (postoffice..names).step_by(stems.len());
        let mut of_this: Vec<_> = of_this.map(|n| (full_name(n), format!("U{n}"))).collect();
        of_this.sort();
        let mut bytes = Vec::with_capacity(of_this.len() * UsrRecord::LEN);
        for (full_name, mailbox) in &of_this {
            bytes.extend(usr_record(full_name, mailbox, 1));
            lines.extend(full_name.as_bytes());
            lines.push(b'\n');
        }
        fs::write(office.join(File::usr(stem).to_string()), bytes).expect("writable");
    }
    fs::write(text, lines).expect("writable");
}

/// Returns a full name, three words of which one is nobody else's; the number decides over the other two.
fn full_name(number: usize) -> String {
    // A multiplier without a common factor: every number once, in no order.
    let mixed = number.wrapping_mul(7_368_787) % 9_999_991;
    let (surname, given) = (SURNAMES[mixed % 12], GIVEN[mixed / 12 % 6]);
    format!("{surname}, {given} {mixed:07}")
}
