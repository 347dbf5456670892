//! Speed and memory of `import -q` over a whole list: `cargo bench --bench import_queue`.
//!
//! A full resync goes into empty lists (`new`), and a second time over the lists it made (`same`), where
//! nothing changes. What is timed is the program itself, from its start to its end, with everything it has to
//! make durable. The measure beside it is `cp` and `sync` of the same bytes, the resync file and the lists,
//! right after each run. Every number is the median of the runs; nothing is asserted but that the program did
//! the work.
//!
//! - `DIRSYNC_BENCH_ENTRIES`: entries of the list, `10k,100k` by default; `full` adds 1M.
//! - `DIRSYNC_BENCH_POSTOFFICES`: postoffices they are spread over, `1,100,1000` by default.
//! - `DIRSYNC_BENCH_RUNS`: runs of each case, 3 by default.
//! - `DIRSYNC_BENCH_DIR`: where the postoffices are made; the directory of temporary files by default. One on a
//!   disk is wanted: in memory `sync` costs nothing.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::resync::{ResyncHeader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{FixedText, NetworkKind, Record, RouteKind};
use dirsync::postoffice::define::Definitions;
use dirsync::postoffice::ids::MailbagSource;
use dirsync::postoffice::places::{Places, Route};
use dirsync::postoffice::{Holder, Postoffice, layout, setup};
use wait4::Wait4;

const CODE_PAGE: CodePage = CodePage::Cp850;

/// Postoffices in one network.
const NETWORK_LEN: usize = 100;

fn main() {
    let runs = list("DIRSYNC_BENCH_RUNS", "3")[0];
    println!(
        "{:>9} {:>11} {:5} {:>9} {:>9} {:>9} {:>6} {:>9}",
        "entries", "postoffices", "lists", "import -q", "per entry", "cp + sync", "ratio", "memory"
    );
    for &entries in &list("DIRSYNC_BENCH_ENTRIES", "10k,100k") {
        for &postoffices in &list("DIRSYNC_BENCH_POSTOFFICES", "1,100,1000") {
            for (lists, mut samples) in measure(entries, postoffices, runs) {
                let median = Sample::median(&mut samples);
                println!(
                    "{entries:>9} {postoffices:>11} {lists:5} {:>7.1}ms {:>7.0}ns {:>7.1}ms {:>6.2} {:>6.1}MiB",
                    millis(median.import),
                    median.import.as_nanos() as f64 / entries as f64,
                    millis(median.copy),
                    median.import.as_secs_f64() / median.copy.as_secs_f64(),
                    median.memory as f64 / f64::from(1 << 20),
                );
            }
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Reads a list of numbers from the environment.
fn list(variable: &str, default: &str) -> Vec<usize> {
    let text = env::var(variable).unwrap_or_else(|_| default.to_owned());
    let text = text.replace("full", "10k,100k,1M").to_lowercase();
    let number = |part: &str| {
        let zeroes = part.replace('k', "000").replace('m', "000000");
        zeroes
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: \"{part}\" is no number"))
    };
    text.split(',').map(number).collect()
}

/// What one run took.
#[derive(Clone, Copy)]
struct Sample {
    import: Duration,
    copy: Duration,
    /// Peak of the memory that was really used, in bytes.
    memory: u64,
}

impl Sample {
    fn median(samples: &mut [Self]) -> Self {
        let middle = samples.len() / 2;
        let mut median = samples[middle];
        samples.sort_by_key(|sample| sample.import);
        median.import = samples[middle].import;
        samples.sort_by_key(|sample| sample.copy);
        median.copy = samples[middle].copy;
        samples.sort_by_key(|sample| sample.memory);
        median.memory = samples[middle].memory;
        median
    }
}

/// Measures one case, into empty lists and over the lists that were made.
fn measure(entries: usize, postoffices: usize, runs: usize) -> [(&'static str, Vec<Sample>); 2] {
    let place = env::var_os("DIRSYNC_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(place).expect("a directory for the postoffices");
    let new = directory.path().join("NEW");
    set_up(&new, postoffices).expect("a postoffice");
    let resync = directory.path().join("RESYNC.GLB");
    write_resync(&resync, entries, postoffices).expect("a resync file");

    let mut measured = [("empty", Vec::new()), ("same", Vec::new())];
    for _ in 0..runs {
        let office = directory.path().join("PO");
        run("cp", &["-r".as_ref(), new.as_os_str(), office.as_os_str()]);
        for (lists, samples) in &mut measured {
            fs::copy(&resync, office.join("GLB/RESYNC.GLB")).expect("copied");
            run("sync", &[]);
            let (import, memory, summary) = import(&office);
            let did = if *lists == "empty" {
                "added"
            } else {
                "unchanged"
            };
            assert_eq!(summary[did], entries, "{summary}");
            let copy = copy(&resync, &office, directory.path());
            samples.push(Sample {
                import,
                copy,
                memory,
            });
        }
        fs::remove_dir_all(&office).expect("removed");
    }
    measured
}

/// Runs `import -q`, and returns how long it took, its peak of memory, and what it said.
fn import(office: &Path) -> (Duration, u64, serde_json::Value) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_import"))
        .args(["admin", "-ppw", "-q", "-y", "--json"])
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

/// Copies the resync file and the lists that came of it, and makes the copies durable.
fn copy(resync: &Path, office: &Path, directory: &Path) -> Duration {
    let copies = directory.join("COPIES");
    run("mkdir", &[copies.as_os_str()]);
    run("sync", &[]);
    let start = Instant::now();
    let lists = office.join("USR");
    run(
        "cp",
        &[
            "-r".as_ref(),
            resync.as_os_str(),
            lists.as_os_str(),
            copies.as_os_str(),
        ],
    );
    run("sync", &[]);
    let time = start.elapsed();
    fs::remove_dir_all(&copies).expect("removed");
    time
}

fn run(program: &str, arguments: &[&std::ffi::OsStr]) {
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

/// Makes a postoffice that is registered with NET/SRV and knows the external postoffices.
fn set_up(path: &Path, postoffices: usize) -> anyhow::Result<()> {
    setup::create(path, &name("NET/OWN"), CODE_PAGE)?;
    let now = jiff::Zoned::now();
    let holder = Holder::new("bench", "Admin", "Administrator", now);
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
            definitions.add_network(
                &mut places,
                NetworkKind::Pcm,
                name.network(),
                &mut mailbags,
            )?;
        }
        definitions.add_postoffice(&po, &mut places, &name, &route, &mut mailbags)?;
    }
    definitions.stage(&batch)?;
    mailbags.stage(&batch, &mut config)?;
    config.server_network = FixedText::new(b"NET")?;
    config.server_postoffice = FixedText::new(b"SRV")?;
    let mut bytes = [0; ReqConf::LEN];
    config.encode(&mut bytes);
    batch.replace_bytes(&layout::REQCONF, &bytes)?;
    batch.commit()?;
    Ok(())
}

/// Writes a resync file as the server makes it: list by list, each emptied first and then in name order.
fn write_resync(path: &Path, entries: usize, postoffices: usize) -> anyhow::Result<()> {
    let header = ResyncHeader {
        req_sync: ReqSync(0),
        srv_sync: SrvSync(u32::try_from(entries)?),
        import_sync: ImportSync(1),
        stamp: 1,
        server: b"NET/SRV"[..].into(),
        addressee: None,
    };
    let stamp = Timestamp(765_720_832);
    let mut writer = ResyncWriter::new(fs::File::create(path)?, &header, stamp)?;
    let mut sync = 0;
    let mut write = |text: String| {
        sync += 1;
        writer.write(&QueueRecord::transaction(stamp, sync, 1, text.into_bytes()))
    };
    for postoffice in 0..postoffices {
        let place = place(postoffice);
        write(format!("R PCM:{place}"))?;
        let of_this = entries / postoffices + usize::from(postoffice < entries % postoffices);
        for number in 0..of_this {
            let name = full_name(number, of_this);
            write(format!("A {name}\tPCM:{place}/U{number}"))?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// Returns the full name with this number among `count`, all different and in their order.
fn full_name(number: usize, count: usize) -> String {
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
    let nth = number * SURNAMES.len() * GIVEN.len() / count;
    let (surname, given) = (SURNAMES[nth / GIVEN.len()], GIVEN[nth % GIVEN.len()]);
    format!("{surname}, {given} {number:07}")
}
