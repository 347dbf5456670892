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

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::{FixedText, HexId, NetworkKind, Record, RouteKind, UsrRecord};
use dirsync::postoffice::define::Definitions;
use dirsync::postoffice::ids::MailbagSource;
use dirsync::postoffice::places::{Places, Route};
use dirsync::postoffice::{File, Holder, Postoffice, layout, setup};
use wait4::Wait4;

const CODE_PAGE: CodePage = CodePage::Cp850;

/// Postoffices in one network.
const NETWORK_LEN: usize = 100;

fn main() {
    let runs = list("DIRSYNC_BENCH_RUNS", "3")[0];
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
    for &names in &list("DIRSYNC_BENCH_ENTRIES", "100k,1M") {
        for &postoffices in &list("DIRSYNC_BENCH_POSTOFFICES", "100") {
            for (case, mut samples) in measure(names, postoffices, runs) {
                let median = Sample::median(&mut samples);
                println!(
                    "{names:>9} {postoffices:>11} {case:5} {:>7.1}ms {:>7.0}ns {:>6.1}MiB {:>7.1}ms {:>6.2} {:>8.1}MiB",
                    millis(median.rebuild),
                    median.rebuild.as_nanos() as f64 / names as f64,
                    mebibytes(median.memory),
                    millis(median.sort),
                    median.rebuild.as_secs_f64() / median.sort.as_secs_f64(),
                    mebibytes(median.sort_memory),
                );
            }
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Reads a list of numbers from the environment.
fn list(variable: &str, default: &str) -> Vec<usize> {
    let text = env::var(variable).unwrap_or_else(|_| default.to_owned());
    let number = |part: &str| {
        let zeroes = part
            .to_lowercase()
            .replace('k', "000")
            .replace('m', "000000");
        zeroes
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: \"{part}\" is no number"))
    };
    text.split(',').map(number).collect()
}

/// What one run took, and the sort after it.
#[derive(Clone, Copy)]
struct Sample {
    rebuild: Duration,
    /// Peak of the memory that was really used, in bytes.
    memory: u64,
    sort: Duration,
    sort_memory: u64,
}

impl Sample {
    fn median(samples: &mut [Self]) -> Self {
        let middle = samples.len() / 2;
        let mut median = samples[middle];
        samples.sort_by_key(|sample| sample.rebuild);
        median.rebuild = samples[middle].rebuild;
        samples.sort_by_key(|sample| sample.memory);
        median.memory = samples[middle].memory;
        samples.sort_by_key(|sample| sample.sort);
        median.sort = samples[middle].sort;
        samples.sort_by_key(|sample| sample.sort_memory);
        median.sort_memory = samples[middle].sort_memory;
        median
    }
}

/// Measures one size in all cases.
fn measure(names: usize, postoffices: usize, runs: usize) -> [(&'static str, Vec<Sample>); 3] {
    let place = env::var_os("DIRSYNC_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(place).expect("a directory for the postoffice");
    let office = directory.path().join("PO");
    let stems = set_up(&office, postoffices).expect("a postoffice");
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
                    let record = usr_record("Zz, One More", "ZZ");
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
            let (rebuild, memory, summary) = rebuild(&office, order);
            let expected = names + 1 + usize::from(*case == "again");
            assert_eq!(summary["gal"]["entries"], expected, "{summary}");
            assert_eq!(summary["gal"]["replaced"], true, "{summary}");
            let (sort, sort_memory) = sort(&text, directory.path());
            samples.push(Sample {
                rebuild,
                memory,
                sort,
                sort_memory,
            });
        }
    }
    measured
}

/// Runs `rebuild -f`, and returns how long it took, its peak of memory, and what it said.
fn rebuild(office: &Path, order: &str) -> (Duration, u64, serde_json::Value) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rebuild"))
        .args(["-f", "--json", "--order", order])
        .env("DIRSYNC_DRIVE_M", office)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let output = child.stdout.take().expect("a pipe");
    let output = io::read_to_string(output).expect("text");
    let used = child.wait4().expect("the program ends");
    let time = start.elapsed();
    assert!(used.status.success(), "{output}");
    let summary = serde_json::from_str(&output).expect("one object");
    (time, used.rusage.maxrss, summary)
}

/// Sorts the names with the system's own program.
fn sort(text: &Path, directory: &Path) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = Command::new("sort")
        .arg("-o")
        .arg(directory.join("SORTED"))
        .arg(text)
        .env("LC_ALL", "C")
        .spawn()
        .expect("the program starts");
    let used = child.wait4().expect("the program ends");
    assert!(used.status.success());
    (start.elapsed(), used.rusage.maxrss)
}

fn run(program: &str, arguments: &[&OsStr]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}

fn name(text: &str) -> PostofficeName {
    PostofficeName::parse(text.as_bytes(), CODE_PAGE).expect("NET/PO")
}

fn place(postoffice: usize) -> String {
    format!("NET{}/PO{postoffice}", postoffice / NETWORK_LEN)
}

/// Makes a postoffice that knows the external postoffices, and returns the stems of their lists.
fn set_up(path: &Path, postoffices: usize) -> anyhow::Result<Vec<HexId>> {
    setup::create(path, &name("NET/OWN"), CODE_PAGE)?;
    let holder = Holder::new("bench", "Admin", "Administrator", jiff::Zoned::now());
    let po = Postoffice::open_write(path, holder)?;
    let batch = po.batch()?;
    let mut config = po.requestor_config()?;
    let mut places = Places::load(&po)?;
    let mut mailbags = MailbagSource::open(&po, &places, &config)?;
    let mut definitions = Definitions::load(&po)?;
    let route = Route {
        kind: RouteKind::None,
        text: Box::default(),
    };
    for postoffice in 0..postoffices {
        let name = name(&place(postoffice));
        if postoffice % NETWORK_LEN == 0 {
            let network = name.network();
            definitions.add_network(&mut places, NetworkKind::Pcm, network, &mut mailbags)?;
        }
        definitions.add_postoffice(&po, &mut places, &name, &route, &mut mailbags)?;
    }
    definitions.stage(&batch)?;
    mailbags.stage(&batch, &mut config)?;
    let mut bytes = [0; ReqConf::LEN];
    config.encode(&mut bytes);
    batch.replace_bytes(&layout::REQCONF, &bytes)?;
    batch.commit()?;
    let stem = |n| places.find(&name(&place(n))).and_then(|place| place.stem());
    Ok((0..postoffices).filter_map(stem).collect())
}

fn usr_record(full_name: &str, mailbox: &str) -> [u8; UsrRecord::LEN] {
    let full_name = FixedText::new(full_name.as_bytes()).expect("fits");
    let mailbox = FixedText::new(mailbox.as_bytes()).expect("fits");
    let mut bytes = [0; UsrRecord::LEN];
    UsrRecord::new(full_name, mailbox, 1).encode(&mut bytes);
    bytes
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
            bytes.extend(usr_record(full_name, mailbox));
            lines.extend(full_name.as_bytes());
            lines.push(b'\n');
        }
        fs::write(office.join(File::usr(stem).to_string()), bytes).expect("writable");
    }
    fs::write(text, lines).expect("writable");
}

/// Returns a full name, three words of which one is nobody else's; the number decides over the other two.
fn full_name(number: usize) -> String {
    const SURNAMES: [&str; 12] = [
        "Andersen",
        "Brown",
        "Castillo",
        "Davidson",
        "Eriksson",
        "Fitzgerald",
        "Gustafsson",
        "Hall",
        "Johansson",
        "Kowalski",
        "Montgomery",
        "Wu",
    ];
    const GIVEN: [&str; 6] = ["Alexandra", "Bo", "Charlotte", "Joseph", "Maria", "Susan"];
    // A multiplier without a common factor: every number once, in no order.
    let mixed = number.wrapping_mul(7_368_787) % 9_999_991;
    let (surname, given) = (SURNAMES[mixed % 12], GIVEN[mixed / 12 % 6]);
    format!("{surname}, {given} {mixed:07}")
}
