//! Speed and memory of a dir-sync cycle, step by step: `cargo bench --bench cycle`.
//!
//! A server, all of whose requestors ask in the same cycle. One of them, the maker, has changes (`10`, `1000`: new
//! users); another, the taker, is timed at T3. In the case `list` ten changes were made, and the taker is new: it has
//! empty lists and gets a full one. What a step costs must follow the changes, not the entries, but for the full list.
//!
//! What is timed is each program itself, from its start to its end, with everything it has to make durable. The measure
//! beside it is `cp` and `sync` of what the step wrote, right after each run: files that are new or were replaced, and
//! what was added to the others. Every number is the median of the runs; nothing is asserted but that the programs did
//! the work. `processor` is the time that processors worked, which other work on the machine does not lengthen.
//!
//! | step | program | work |
//! |---|---|---|
//! | T1 | `reqmain -t` at the maker | its changes into a message |
//! | T2 in | `srvmain -r` | a request of every requestor |
//! | T2 out | `srvmain -t` | an answer to every requestor |
//! | T3 in | `reqmain -r` at the taker | the answer into SRVTRANS |
//! | T3 | `import -q` at the taker | SRVTRANS into the lists |
//!
//! - `DIRSYNC_BENCH_ENTRIES`: entries of the lists and of MSTTRANS, `10k,100k` by default; `full` is 1M.
//! - `DIRSYNC_BENCH_REQUESTORS`: requestors, `100` by default; `full` is 1,000.
//! - `DIRSYNC_BENCH_RUNS`: runs of each case, 3 by default.
//! - `DIRSYNC_BENCH_DIR`: where the postoffices are made; the directory of temporary files by default. One on a
//!   disk is wanted: in memory `sync` costs nothing.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::srvconf::{RequestorRecord, SrvConf};
use dirsync::codec::stamps::StampRing;
use dirsync::codec::sync_number::{ImportSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{FixedText, HexId, Record, Tid};
use dirsync::postoffice::{File, layout};
use serde_json::Value;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::{
    directory, durably, full_name, list, measure_ours, mebibytes, median, millis, name, place,
    ratio, register, run, runs, set_up, usr_record,
};

/// The server, which [`register`] names.
const SERVER: &str = "NET/SRV";

/// Number of the requestor that has changes.
const MAKER: usize = 0;

/// Number of the requestor that is timed at T3.
const TAKER: usize = 1;

/// TIDs of the lists begin above those of the few users a new postoffice has.
const FIRST_TID: usize = 1000;

/// The cases: their name, the changes of the maker, and whether the taker is new.
const CASES: [(&str, usize, bool); 3] =
    [("10", 10, false), ("1000", 1000, false), ("list", 10, true)];

const STEPS: [&str; 5] = ["T1", "T2 in", "T2 out", "T3 in", "T3"];

fn main() {
    let runs = runs();
    println!(
        "{:>9} {:>10} {:>7} {:6} {:>10} {:>10} {:>10} {:>10} {:>9} {:>6}",
        "entries",
        "requestors",
        "changes",
        "step",
        "time",
        "processor",
        "memory",
        "written",
        "cp + sync",
        "ratio"
    );
    for &entries in &list("DIRSYNC_BENCH_ENTRIES", "10k,100k", "1M") {
        for &requestors in &list("DIRSYNC_BENCH_REQUESTORS", "100", "1000") {
            assert!(requestors > TAKER, "one makes changes, another takes them");
            let site = Site::new(entries, requestors).expect("the postoffices");
            for case in CASES {
                let cycles: Vec<_> = (0..runs).map(|_| site.cycle(case)).collect();
                for (nth, step) in STEPS.iter().enumerate() {
                    let samples = || cycles.iter().map(|cycle| &cycle[nth]);
                    let time = median(samples().map(|sample| sample.time));
                    let copy = median(samples().map(|sample| sample.copy));
                    println!(
                        "{entries:>9} {requestors:>10} {:>7} {step:6} {:>8.1}ms {:>8.1}ms {:>7.1}MiB {:>7.2}MiB {:>7.1}ms {:>6.2}",
                        case.0,
                        millis(time),
                        millis(median(samples().map(|sample| sample.processor))),
                        mebibytes(median(samples().map(|sample| sample.memory))),
                        mebibytes(median(samples().map(|sample| sample.written))),
                        millis(copy),
                        ratio(time, copy),
                    );
                }
            }
        }
    }
}

/// What one step took.
struct Sample {
    time: Duration,
    processor: Duration,
    /// Peak of the memory that was really used, in bytes.
    memory: u64,
    /// Bytes of what it wrote.
    written: u64,
    copy: Duration,
}

/// Postoffices as they are before a cycle, from which each run copies.
struct Site {
    directory: tempfile::TempDir,
    requestors: usize,
}

impl Site {
    /// Makes a server and requestors that are in step, with the requests of all but the maker.
    fn new(entries: usize, requestors: usize) -> anyhow::Result<Self> {
        let site = Self {
            directory: directory(),
            requestors,
        };
        let stamp = Timestamp::from_jiff(jiff::Timestamp::now()).unwrap_or_default();
        let all: Vec<_> = (0..requestors).map(place).collect();
        let known = |config: &mut ReqConf| in_step(config, entries, stamp);

        let server = site.path("SERVER");
        let stems = set_up(&server, SERVER, &all, known)?;
        write_lists(&server, &stems, 0..requestors, entries, requestors);
        write_master(&server, entries, requestors, stamp)?;
        write_registered(&server, entries, &all, stamp)?;

        for (office, number) in [("MAKER", MAKER), ("TAKER", TAKER)] {
            let office = site.path(office);
            let others = all.iter().enumerate().filter(|(other, _)| *other != number);
            let others: Vec<_> = others.map(|(_, name)| name.clone()).collect();
            let mut known_there = vec![SERVER.to_owned()];
            known_there.extend(others);
            let stems = set_up(&office, &place(number), &known_there, known)?;
            let numbers = (0..requestors).filter(|other| *other != number);
            write_lists(&office, &stems[1..], numbers, entries, requestors);
            write_tid(&office, entries)?;
        }
        let mut known_there = vec![SERVER.to_owned()];
        known_there.extend(all.iter().filter(|other| **other != place(TAKER)).cloned());
        set_up(&site.path("NEW"), &place(TAKER), &known_there, register)?;
        for changes in [10, 1000] {
            site.make_changes(changes);
        }
        site.make_requests(&all, known)?;
        Ok(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn copy(&self, of: &str, name: &str) -> PathBuf {
        let copy = self.path(name);
        let of = self.path(of);
        run("cp", &["-r".as_ref(), of.as_os_str(), copy.as_os_str()]);
        copy
    }

    /// Makes a copy of the maker that has new users to tell of. They are fed into its queue: there is room for 500
    /// accounts alone.
    fn make_changes(&self, changes: usize) {
        let office = self.copy("MAKER", &format!("MAKER-{changes}"));
        let own = place(MAKER);
        let line = |n: usize| format!("A {:30} PCM:{own}/N{n}\r\n", format!("New User {n:06}"));
        let text: String = (0..changes).map(line).collect();
        let path = self.path("CHANGES.TXT");
        fs::write(&path, text).expect("writable");
        let file = format!("-f{}", path.display());
        let import = env!("CARGO_BIN_EXE_import");
        let (_, summary) = measure_ours(import, &["admin", "-ppw", "-y", "-e", &file], &office);
        assert_eq!(summary["added"], changes, "{summary}");
    }

    /// Has a small postoffice of each requestor but the maker send its request.
    fn make_requests(
        &self,
        all: &[String],
        known: impl Fn(&mut ReqConf) + Copy,
    ) -> anyhow::Result<()> {
        fs::create_dir(self.path("REQUESTS"))?;
        for (number, own) in all.iter().enumerate().filter(|(n, _)| *n != MAKER) {
            let office = self.path("SMALL");
            set_up(&office, own, &[SERVER.to_owned()], known)?;
            transmit(&office);
            if number == TAKER {
                // Every run adds either this request or that of the new postoffice.
                move_mail(&office, &self.path("TAKERS"));
                fs::remove_dir_all(&office)?;
                set_up(&office, own, &[SERVER.to_owned()], register)?;
                transmit(&office);
                move_mail(&office, &self.path("NEWS"));
            } else {
                move_mail(&office, &self.path("REQUESTS"));
            }
            fs::remove_dir_all(&office)?;
        }
        Ok(())
    }

    /// Runs one cycle, and returns what each of [`STEPS`] took.
    fn cycle(&self, (_, changes, is_new): (&str, usize, bool)) -> Vec<Sample> {
        let (reqmain, srvmain) = (env!("CARGO_BIN_EXE_reqmain"), env!("CARGO_BIN_EXE_srvmain"));
        let maker = self.copy(&format!("MAKER-{changes}"), "A");
        let server = self.copy("SERVER", "S");
        let taker = self.copy(if is_new { "NEW" } else { "TAKER" }, "B");
        if is_new {
            forget(&server, TAKER);
        }
        let mut samples = Vec::new();
        let mut step = |program: &str, arguments: &[&str], office: &Path| {
            let (sample, summary) = self.step(program, arguments, office);
            samples.push(sample);
            summary
        };
        let summary = step(reqmain, &["-t"], &maker);
        assert_eq!(summary["added"], changes, "{summary}");

        let incoming = mailbag(&server);
        move_mail(&maker, &incoming);
        copy_mail(&self.path("REQUESTS"), &incoming);
        copy_mail(
            &self.path(if is_new { "NEWS" } else { "TAKERS" }),
            &incoming,
        );
        let summary = step(srvmain, &["-r"], &server);
        assert_eq!(summary["added"], changes, "{summary}");

        step(srvmain, &["-t"], &server);
        let answers = fs::read_dir(server.join("P1/new"))
            .expect("answers")
            .count();
        assert!(answers >= self.requestors, "{answers} answers");

        let incoming = mailbag(&taker);
        let answer = answer_to(&server.join("P1/new"), &place(TAKER));
        let arrived = incoming.join(answer.file_name().expect("a name"));
        fs::rename(&answer, arrived).expect("on the same disk");
        step(reqmain, &["-r"], &taker);

        let import = ["-q", "-y", "--unattended"];
        let summary = step(env!("CARGO_BIN_EXE_import"), &import, &taker);
        let added = summary["added"].as_u64().unwrap_or_default();
        assert!(added >= changes as u64, "{summary}");
        for office in [maker, server, taker] {
            fs::remove_dir_all(office).expect("removed");
        }
        samples
    }

    /// Runs one step, and copies what it wrote.
    fn step(&self, program: &str, arguments: &[&str], office: &Path) -> (Sample, Value) {
        let before = survey(office);
        run("sync", &[]);
        let (ran, summary) = measure_ours(program, arguments, office);
        let (pieces, copies) = (self.path("PIECES"), self.path("COPIES"));
        let written = take_pieces(&before, &survey(office), &pieces);
        let copy = durably(|| {
            run(
                "cp",
                &["-r".as_ref(), pieces.as_os_str(), copies.as_os_str()],
            );
        });
        for directory in [pieces, copies] {
            fs::remove_dir_all(directory).expect("removed");
        }
        let sample = Sample {
            time: ran.time,
            processor: ran.processor,
            memory: ran.memory,
            written,
            copy,
        };
        (sample, summary)
    }
}

/// The files of a postoffice: what tells whether one was replaced, and its length.
type Survey = HashMap<PathBuf, (u64, i64, i64, u64)>;

fn survey(directory: &Path) -> Survey {
    let mut found = Survey::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).expect("readable") {
            let entry = entry.expect("readable");
            let metadata = entry.metadata().expect("readable");
            if metadata.is_dir() {
                left.push(entry.path());
            } else {
                let (inode, len) = (metadata.ino(), metadata.len());
                let state = (inode, metadata.mtime(), metadata.mtime_nsec(), len);
                found.insert(entry.path(), state);
            }
        }
    }
    found
}

/// Puts what is new between two surveys into a directory; returns its bytes.
fn take_pieces(before: &Survey, after: &Survey, directory: &Path) -> u64 {
    fs::create_dir(directory).expect("writable");
    let mut written = 0;
    for (nth, (path, state)) in after.iter().enumerate() {
        let old = before.get(path);
        if old == Some(state) {
            continue;
        }
        // What the same file has more was added to it.
        let start = match old {
            Some(old) if old.0 == state.0 && old.3 < state.3 => old.3,
            _ => 0,
        };
        let mut file = fs::File::open(path).expect("readable");
        file.seek(SeekFrom::Start(start)).expect("readable");
        let mut piece = fs::File::create(directory.join(nth.to_string())).expect("writable");
        written += std::io::copy(&mut file, &mut piece).expect("writable");
    }
    written
}

/// Makes the incoming mailbag of a postoffice, and returns where new mail lies.
fn mailbag(office: &Path) -> PathBuf {
    let maildir = office.join("MBG/SYSTEM");
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(maildir.join(part)).expect("writable");
    }
    maildir.join("new")
}

fn transmit(office: &Path) {
    measure_ours(env!("CARGO_BIN_EXE_reqmain"), &["-t"], office);
}

/// Moves what a postoffice sends into a directory.
fn move_mail(office: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for mail in fs::read_dir(office.join("P1/new")).expect("mail") {
        let mail = mail.expect("readable");
        fs::rename(mail.path(), to.join(mail.file_name())).expect("on the same disk");
    }
}

fn copy_mail(from: &Path, to: &Path) {
    for mail in fs::read_dir(from).expect("mail") {
        let mail = mail.expect("readable");
        fs::copy(mail.path(), to.join(mail.file_name())).expect("writable");
    }
}

/// Finds the answer to a requestor among the mail of the server.
fn answer_to(directory: &Path, requestor: &str) -> PathBuf {
    let to = format!("DirSync-To: PCM:{requestor}");
    let mails = fs::read_dir(directory)
        .expect("mail")
        .map(|mail| mail.expect("readable").path());
    let is_it = |path: &PathBuf| {
        let mut head = Vec::new();
        let file = fs::File::open(path).expect("readable");
        file.take(4096).read_to_end(&mut head).expect("readable");
        String::from_utf8_lossy(&head)
            .lines()
            .any(|line| line == to)
    };
    mails.into_iter().find(is_it).expect("an answer")
}

/// Sets the numbers of a requestor that has everything.
fn in_step(config: &mut ReqConf, entries: usize, stamp: Timestamp) {
    register(config);
    config.srv_sync = SrvSync(number(entries));
    config.import_sync = ImportSync(1);
    config.server_stamp = stamp.0;
    config.highest_tid = number(FIRST_TID + entries);
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("a small number")
}

/// Makes the counter of TIDs stand where the lists end; it would else be looked for in all lists.
fn write_tid(office: &Path, entries: usize) -> anyhow::Result<()> {
    let last = number(FIRST_TID + entries);
    let mut bytes = [0; Tid::LEN];
    Tid { last }.encode(&mut bytes);
    Ok(fs::write(office.join(layout::TID.to_string()), bytes)?)
}

/// Returns how many entries the list of a requestor has.
fn share(entries: usize, requestors: usize, number: usize) -> usize {
    entries / requestors + usize::from(number < entries % requestors)
}

/// Writes lists, each in name order as IMPORT keeps them.
fn write_lists(
    office: &Path,
    stems: &[HexId],
    numbers: impl Iterator<Item = usize>,
    entries: usize,
    requestors: usize,
) {
    for (&stem, number) in stems.iter().zip(numbers) {
        let count = share(entries, requestors, number);
        let record = |n: usize| {
            let tid = FIRST_TID + n * requestors + number + 1;
            usr_record(&full_name(n, count), &format!("U{n}"), self::number(tid))
        };
        let bytes: Vec<u8> = (0..count).flat_map(record).collect();
        fs::write(office.join(File::usr(stem).to_string()), bytes).expect("writable");
    }
}

/// Writes MSTTRANS as if every entry had been sent just now.
fn write_master(
    server: &Path,
    entries: usize,
    requestors: usize,
    stamp: Timestamp,
) -> anyhow::Result<()> {
    let file = fs::File::create(server.join(layout::MSTTRANS.to_string()))?;
    let mut writer = QueueWriter::new(file, &Framing::OURS);
    let mut sync = 0;
    for requestor in 0..requestors {
        let (place, count) = (place(requestor), share(entries, requestors, requestor));
        for n in 0..count {
            sync += 1;
            let text = format!("A {}\tPCM:{place}/U{n}", full_name(n, count));
            let registration = self::number(requestor + 1);
            let text = text.into_bytes();
            writer.write(&QueueRecord::transaction(stamp, sync, registration, text))?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// Writes SRVCONF with requestors that have everything.
fn write_registered(
    server: &Path,
    entries: usize,
    all: &[String],
    stamp: Timestamp,
) -> anyhow::Result<()> {
    let mut conf = SrvConf::default();
    for (requestor, registration) in all.iter().zip(1..) {
        let requestor = name(requestor);
        let network = FixedText::new(requestor.network())?;
        let postoffice = FixedText::new(requestor.postoffice())?;
        conf.requestors.push(RequestorRecord {
            srv_sync: SrvSync(number(entries)),
            import_count: ImportSync(1),
            heard_stamp: stamp.0,
            sent_stamps: StampRing::from_newest([stamp.0]),
            ..RequestorRecord::new(network, postoffice, registration)
        });
    }
    conf.header.srv_sync = SrvSync(number(entries));
    conf.header.cycle = 1;
    conf.header.stamp = stamp.0;
    conf.header.issued = StampRing::from_newest([stamp.0]);
    conf.header.next_registration = number(all.len() + 1);
    write_conf(server, conf)
}

/// Registers a requestor anew.
fn forget(server: &Path, requestor: usize) {
    let bytes = fs::read(server.join(layout::SRVCONF.to_string())).expect("readable");
    let mut conf = SrvConf::read_from(&bytes[..]).expect("SRVCONF");
    let record = &mut conf.requestors[requestor];
    let (network, postoffice) = (record.network, record.postoffice);
    *record = RequestorRecord::new(network, postoffice, conf.header.next_registration);
    conf.header.next_registration += 1;
    write_conf(server, conf).expect("written");
}

fn write_conf(server: &Path, mut conf: SrvConf) -> anyhow::Result<()> {
    conf.set_requestor_count();
    conf.write_to(fs::File::create(server.join(layout::SRVCONF.to_string()))?)?;
    Ok(())
}
