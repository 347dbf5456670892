//! What the benchmarks of whole programs share: settings, programs run and measured, postoffices to run them in.

pub(crate) mod slapd;

use std::env;
use std::ffi::OsStr;
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
use dirsync::postoffice::{Holder, Postoffice, layout, setup};
use tempfile::TempDir;
use wait4::Wait4;

/// The code page of all postoffices.
pub(crate) const CODE_PAGE: CodePage = CodePage::Cp850;

/// Postoffices in one network.
const NETWORK_LEN: usize = 100;

pub(crate) const SURNAMES: [&str; 12] = [
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

pub(crate) const GIVEN: [&str; 6] = ["Alexandra", "Bo", "Charlotte", "Joseph", "Maria", "Susan"];

/// Reads a list of numbers from the environment; `full` stands for the largest setting.
pub(crate) fn list(variable: &str, default: &str, full: &str) -> Vec<usize> {
    let text = env::var(variable).unwrap_or_else(|_| default.to_owned());
    let text = text.replace("full", full).to_lowercase();
    let number = |part: &str| {
        let zeroes = part.replace('k', "000").replace('m', "000000");
        zeroes
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: \"{part}\" is no number"))
    };
    text.split(',').map(number).collect()
}

/// Reads how often each case runs.
pub(crate) fn runs() -> usize {
    list("DIRSYNC_BENCH_RUNS", "3", "3")[0]
}

/// Makes the directory for the postoffices.
pub(crate) fn directory() -> TempDir {
    let place = env::var_os("DIRSYNC_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(place).expect("a directory for the postoffices")
}

/// Returns the value in the middle.
pub(crate) fn median<T: Copy + Ord>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// Runs a program of the system, which must do its work.
pub(crate) fn run(program: &str, arguments: &[&OsStr]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}

/// Returns how long the copies take that `copies` makes, and `sync` after them.
pub(crate) fn durably(copies: impl FnOnce()) -> Duration {
    run("sync", &[]);
    let start = Instant::now();
    copies();
    run("sync", &[]);
    start.elapsed()
}

/// What a program took.
#[derive(Debug)]
pub(crate) struct Ran {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// Time that processors worked for it, which other work on the machine does not lengthen.
    pub(crate) processor: Duration,
    /// Peak of the memory that was really used, in bytes.
    pub(crate) memory: u64,
    /// What it printed.
    pub(crate) output: String,
}

/// Runs a program to its end, which must be a good one.
pub(crate) fn measure(command: &mut Command) -> Ran {
    // The peak of a process counts from that of whoever started it, which made the data. Where it cannot be reset, the figure
    // is too high.
    let _too_high = std::fs::write("/proc/self/clear_refs", "5");
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let output = child.stdout.take().expect("a pipe");
    let output = io::read_to_string(output).expect("text");
    let used = child.wait4().expect("the program ends");
    let time = start.elapsed();
    assert!(used.status.success(), "{command:?}: {output}");
    Ran {
        time,
        processor: used.rusage.utime + used.rusage.stime,
        memory: used.rusage.maxrss,
        output,
    }
}

/// Runs one of our programs in a postoffice; returns its summary too.
pub(crate) fn measure_ours(
    program: &str,
    arguments: &[&str],
    office: &Path,
) -> (Ran, serde_json::Value) {
    let mut command = Command::new(program);
    command.args(arguments).arg("--json");
    let ran = measure(command.env("DIRSYNC_DRIVE_M", office));
    let summary = serde_json::from_str(&ran.output).expect("one object");
    (ran, summary)
}

pub(crate) fn name(text: &str) -> PostofficeName {
    PostofficeName::parse(text.as_bytes(), CODE_PAGE).expect("NET/PO")
}

/// Returns the name of the external postoffice with this number.
pub(crate) fn place(postoffice: usize) -> String {
    format!("NET{}/PO{postoffice}", postoffice / NETWORK_LEN)
}

/// Makes a postoffice that knows others, and returns the stems of their lists.
pub(crate) fn set_up(
    path: &Path,
    own: &str,
    others: &[String],
    configure: impl FnOnce(&mut ReqConf),
) -> anyhow::Result<Vec<HexId>> {
    setup::create(path, &name(own), CODE_PAGE)?;
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
    for other in others {
        let name = name(other);
        let network = name.network();
        if places.network(network).is_none() {
            definitions.add_network(&mut places, NetworkKind::Pcm, network, &mut mailbags)?;
        }
        definitions.add_postoffice(&po, &mut places, &name, &route, &mut mailbags)?;
    }
    definitions.stage(&batch)?;
    mailbags.stage(&batch, &mut config)?;
    configure(&mut config);
    let mut bytes = [0; ReqConf::LEN];
    config.encode(&mut bytes);
    batch.replace_bytes(&layout::REQCONF, &bytes)?;
    batch.commit()?;
    let stem = |other| places.find(&name(other)).and_then(|place| place.stem());
    Ok(others.iter().filter_map(|other| stem(other)).collect())
}

/// Registers a postoffice with NET/SRV.
pub(crate) fn register(config: &mut ReqConf) {
    config.server_network = FixedText::new(b"NET").expect("fits");
    config.server_postoffice = FixedText::new(b"SRV").expect("fits");
}

/// Returns a record of a list.
pub(crate) fn usr_record(full_name: &str, mailbox: &str, tid: u32) -> [u8; UsrRecord::LEN] {
    let full_name = FixedText::new(full_name.as_bytes()).expect("fits");
    let mailbox = FixedText::new(mailbox.as_bytes()).expect("fits");
    let mut bytes = [0; UsrRecord::LEN];
    UsrRecord::new(full_name, mailbox, tid).encode(&mut bytes);
    bytes
}

/// Returns the full name with this number among `count`, all different and in their order.
pub(crate) fn full_name(number: usize, count: usize) -> String {
    let nth = number * SURNAMES.len() * GIVEN.len() / count;
    let (surname, given) = (SURNAMES[nth / GIVEN.len()], GIVEN[nth % GIVEN.len()]);
    format!("{surname}, {given} {number:07}")
}
