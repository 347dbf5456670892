//! Speed and memory of `dxa` on a directory: `cargo bench --bench directory`.
//!
//! A full list goes into an empty container, then one with 1,000 changes over it. What is timed is the program itself, from its
//! start to its end. Beside it, right after each run, `ldapadd` and `ldapmodify` of the very same entries and changes
//! into a container of their own on the same server. `read` is one search of the container, paged, by `ldapsearch`:
//! the second run pays it to see what there is. Nothing is asserted but that the programs did the work.
//!
//! - `DIRSYNC_BENCH_ENTRIES`: entries of the list, `10k` by default; `full` is 100k.
//! - `DIRSYNC_BENCH_CHANGES`: changes of the second run, `1k` by default.
//! - `DIRSYNC_BENCH_DIR`: where server and agent lie; the directory of temporary files by default.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dirsync::codec::queue::QueueRecord;
use dirsync::codec::resync::{ResyncHeader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;

#[allow(dead_code, reason = "every benchmark uses its part")]
mod common;

use common::slapd::{PASSWORD, Server};
use common::{directory, full_name, list, measure, mebibytes, millis, ratio};

const ADMIN: &str = "cn=admin,o=Org";

/// What the entries of the list are, and nothing else.
const REMOTE: &str = "(objectClass=syncRemoteAddress)";

/// What is there before anything else.
fn tree() -> String {
    let mut tree = "dn: o=Org\nobjectClass: organization\no: Org\n\n".to_owned();
    for unit in ["Ours", "Peer", "People"] {
        let _ = write!(
            tree,
            "dn: ou={unit},o=Org\nobjectClass: organizationalUnit\nou: {unit}\n\n"
        );
    }
    tree
}

fn main() {
    println!(
        "{:>9} {:8} {:>10} {:>10} {:>10} {:>10} {:>6} {:>9}",
        "entries", "run", "dxa", "processor", "peer", "read", "ratio", "memory"
    );
    for &entries in &list("DIRSYNC_BENCH_ENTRIES", "10k", "100k") {
        for &changes in &list("DIRSYNC_BENCH_CHANGES", "1k", "1k") {
            bench(entries, changes.min(entries));
        }
    }
}

fn bench(entries: usize, changes: usize) {
    let place = directory();
    let server = Server::start(&place.path().join("slapd"), &["Org"]);
    server.client("ldapadd", ADMIN, &tree());
    let agent = Agent::new(place.path(), &server.url);
    for (run, changed) in [("full", 0), ("changes", changes), ("same", changes)] {
        agent.drop_list(entries, changed, run);
        let ran = measure(&mut agent.command("lists --json"));
        let summary: serde_json::Value = serde_json::from_str(&ran.output).expect("one object");
        let done = &summary["lists"][0];
        let expected = match run {
            "full" => (entries, 0),
            "changes" => (0, changed),
            _ => (0, 0),
        };
        let found =
            ["added", "modified"].map(|what| done[what].as_u64().unwrap_or(u64::MAX) as usize);
        assert_eq!((found[0], found[1]), expected, "{summary}");
        let peer = match run {
            "full" => server.client("ldapadd", ADMIN, &content(entries)),
            "changes" => server.client("ldapmodify", ADMIN, &modifications(changed)),
            _ => Duration::ZERO,
        };
        let read = server.search(ADMIN, "ou=Ours,o=Org", REMOTE);
        for place in ["Ours", "Peer"] {
            let base = format!("ou={place},o=Org");
            assert_eq!(server.count(ADMIN, &base, REMOTE), entries, "{run} {place}");
            let new = server.count(ADMIN, &base, "(title=Manager)");
            assert_eq!(new, changed, "{run} {place}");
        }
        let shown = match peer.is_zero() {
            true => "-".to_owned(),
            false => format!(
                "{:.2}",
                ratio(
                    ran.time,
                    peer + if run == "full" { Duration::ZERO } else { read }
                )
            ),
        };
        println!(
            "{entries:>9} {run:8} {:>8.0}ms {:>8.0}ms {:>8.0}ms {:>8.0}ms {shown:>6} {:>6.1}MiB",
            millis(ran.time),
            millis(ran.processor),
            millis(peer),
            millis(read),
            mebibytes(ran.memory),
        );
    }
}

/// The agent.
struct Agent {
    folder: PathBuf,
}

impl Agent {
    fn new(folder: &Path, url: &str) -> Self {
        fs::write(folder.join("secret"), PASSWORD).expect("written");
        let config = format!(
            "[agent]\naddress = \"NET1/AGENT\"\ndata = \"data\"\n[directory]\nurl = \"{url}\"\nbind-dn = \"{ADMIN}\"\n\
             password-file = \"secret\"\n[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\n\
             import-container = \"ou=Ours,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
        );
        fs::write(folder.join("dxa.toml"), config).expect("written");
        Self {
            folder: folder.to_owned(),
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
        command
            .arg("--config")
            .arg(self.folder.join("dxa.toml"))
            .args(line.split(' '));
        command
    }

    fn drop_list(&self, entries: usize, changed: usize, run: &str) {
        let number = match run {
            "full" => 1,
            "changes" => 2,
            _ => 3,
        };
        let header = ResyncHeader {
            import_sync: ImportSync(number),
            req_sync: ReqSync(0),
            srv_sync: SrvSync(number),
            stamp: number,
            server: b"NET1/PO1"[..].into(),
            addressee: None,
        };
        let mut writer = ResyncWriter::new(Vec::new(), &header, Timestamp(1)).expect("a header");
        let mut write = |text: String| {
            let record = QueueRecord::transaction(Timestamp(1), number, 0, text.into_bytes());
            writer.write(&record).expect("a record");
        };
        write("R PCM:NET1/PO1".to_owned());
        for entry in 0..entries {
            write(format!(
                "A {}\tPCM:NET1/PO1/U{entry:07}\r\n- Title:/{}",
                full_name(entry, entries),
                title(entry, changed)
            ));
        }
        let folder = self.folder.join("data/in");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(
            folder.join("RESYNC.GLB"),
            writer.finish().expect("an end").0,
        )
        .expect("written");
    }
}

/// The first entries are those that change.
fn title(entry: usize, changed: usize) -> &'static str {
    if entry < changed { "Manager" } else { "Clerk" }
}

fn dn(entry: usize) -> String {
    format!("syncKey=MS:NET1/PO1/U{entry:07},ou=Peer,o=Org")
}

/// The same entries, as the agent makes them.
fn content(entries: usize) -> String {
    let mut ldif = String::new();
    for entry in 0..entries {
        let name = full_name(entry, entries);
        let surname = name.split(',').next().unwrap_or(&name);
        let _ = write!(
            ldif,
            "dn: {dn}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\nsyncKey: MS:NET1/PO1/U{entry:07}\n\
             syncAddress: MS:NET1/PO1/U{entry:07}\nsyncImportedFrom: peer\nsyncOriginalName: {name}\nsyncTrustLevel: 100\n\
             cn: {name}\nsn: {surname}\ndisplayName: {name}\nuid: U{entry:07}\ntitle: Clerk\n\n",
            dn = dn(entry),
        );
    }
    ldif
}

fn modifications(changed: usize) -> String {
    let mut ldif = String::new();
    for entry in 0..changed {
        let _ = write!(
            ldif,
            "dn: {}\nchangetype: modify\nreplace: title\ntitle: Manager\n-\n\n",
            dn(entry)
        );
    }
    ldif
}
