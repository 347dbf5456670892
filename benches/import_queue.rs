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

use std::fs;
use std::path::Path;
use std::time::Duration;

use dirsync::codec::queue::QueueRecord;
use dirsync::codec::resync::{ResyncHeader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::{
    directory, durably, full_name, list, measure_ours, mebibytes, median, millis, place, ratio,
    register, run, runs, set_up,
};

fn main() {
    let runs = runs();
    println!(
        "{:>9} {:>11} {:5} {:>9} {:>9} {:>9} {:>6} {:>9}",
        "entries", "postoffices", "lists", "import -q", "per entry", "cp + sync", "ratio", "memory"
    );
    for &entries in &list("DIRSYNC_BENCH_ENTRIES", "10k,100k", "10k,100k,1M") {
        for &postoffices in &list("DIRSYNC_BENCH_POSTOFFICES", "1,100,1000", "1,100,1000") {
            for (lists, samples) in measure(entries, postoffices, runs) {
                let median = Sample::median(&samples);
                println!(
                    "{entries:>9} {postoffices:>11} {lists:5} {:>7.1}ms {:>7.0}ns {:>7.1}ms {:>6.2} {:>6.1}MiB",
                    millis(median.import),
                    median.import.as_nanos() as f64 / entries as f64,
                    millis(median.copy),
                    ratio(median.import, median.copy),
                    mebibytes(median.memory),
                );
            }
        }
    }
}

/// What one run took.
struct Sample {
    import: Duration,
    copy: Duration,
    /// Peak of the memory that was really used, in bytes.
    memory: u64,
}

impl Sample {
    fn median(samples: &[Self]) -> Self {
        Self {
            import: median(samples.iter().map(|sample| sample.import)),
            copy: median(samples.iter().map(|sample| sample.copy)),
            memory: median(samples.iter().map(|sample| sample.memory)),
        }
    }
}

/// Measures one case, into empty lists and over the lists that were made.
fn measure(entries: usize, postoffices: usize, runs: usize) -> [(&'static str, Vec<Sample>); 2] {
    let directory = directory();
    let new = directory.path().join("NEW");
    let others: Vec<_> = (0..postoffices).map(place).collect();
    set_up(&new, "NET/OWN", &others, register).expect("a postoffice");
    let resync = directory.path().join("RESYNC.GLB");
    write_resync(&resync, entries, postoffices).expect("a resync file");

    let mut measured = [("empty", Vec::new()), ("same", Vec::new())];
    for _ in 0..runs {
        let office = directory.path().join("PO");
        run("cp", &["-r".as_ref(), new.as_os_str(), office.as_os_str()]);
        for (lists, samples) in &mut measured {
            fs::copy(&resync, office.join("GLB/RESYNC.GLB")).expect("copied");
            run("sync", &[]);
            let import = env!("CARGO_BIN_EXE_import");
            let (ran, summary) = measure_ours(import, &["admin", "-ppw", "-q", "-y"], &office);
            let did = if *lists == "empty" {
                "added"
            } else {
                "unchanged"
            };
            assert_eq!(summary[did], entries, "{summary}");
            samples.push(Sample {
                import: ran.time,
                copy: copy(&resync, &office, directory.path()),
                memory: ran.memory,
            });
        }
        fs::remove_dir_all(&office).expect("removed");
    }
    measured
}

/// Copies the resync file and the lists that came of it, and makes the copies durable.
fn copy(resync: &Path, office: &Path, directory: &Path) -> Duration {
    let copies = directory.join("COPIES");
    fs::create_dir(&copies).expect("writable");
    let lists = office.join("USR");
    let time = durably(|| {
        run(
            "cp",
            &[
                "-r".as_ref(),
                resync.as_os_str(),
                lists.as_os_str(),
                copies.as_os_str(),
            ],
        );
    });
    fs::remove_dir_all(&copies).expect("removed");
    time
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
