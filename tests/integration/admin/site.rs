//! A postoffice in a temporary directory, and the programs run on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dirsync::codec::queue::{Framing, QueueReader, QueueRecord, QueueWriter};
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::srvconf::SrvConf;
use dirsync::codec::sync_number::ReqSync;
use dirsync::codec::{Access2Record, NmeRecord, Record, RecordReader};
use serde_json::Value;
use tempfile::TempDir;

/// A new postoffice NET/PO1 with the user Admin.
pub(super) struct Site {
    dir: TempDir,
}

impl Site {
    pub(super) fn new() -> Self {
        let site = Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
        };
        site.done(&["setup", "NET/PO1"]);
        site
    }

    /// A postoffice that is registered with the server NET/DSS.
    pub(super) fn registered() -> Self {
        let site = Self::new();
        site.done(&[
            "external",
            "create",
            "NET/DSS",
            "--route",
            "direct:/srv/dss",
        ]);
        site.done(&["config", "dirsync", "requestor", "registration", "NET/DSS"]);
        site
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("po")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    pub(super) fn len(&self, name: &str) -> u64 {
        fs::metadata(self.path(name))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .len()
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Runs the program with these words, as Admin, without a terminal.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        self.run_as("Admin", "x", words)
    }

    pub(super) fn run_as(&self, who: &str, password: &str, words: &[&str]) -> Output {
        self.command(who, password)
            .args(words)
            .output()
            .expect("the program starts")
    }

    pub(super) fn command(&self, who: &str, password: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admin"));
        command
            .env_clear()
            .env("DIRSYNC_NOW", "1996-04-03T16:30:00Z")
            .env("TZ", "UTC")
            .arg(format!("-d{}", self.root().display()))
            .arg(who)
            .arg(format!("-p{password}"))
            .arg("-y");
        command
    }

    /// Runs words that must succeed, and returns what they print.
    pub(super) fn done(&self, words: &[&str]) -> String {
        self.ends(words, 0)
    }

    /// Runs words that must end with this code, and returns what they print on either stream.
    pub(super) fn ends(&self, words: &[&str], code: i32) -> String {
        let output = self.run(words);
        let text = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
        text
    }

    /// Runs words that must be refused with this code and change nothing but the logs.
    pub(super) fn refused(&self, words: &[&str], code: i32) -> String {
        let before = self.tree();
        let text = self.ends(words, code);
        assert_eq!(self.tree(), before, "{words:?}: {text}");
        text
    }

    /// Runs a list word and returns its entries.
    pub(super) fn list(&self, words: &[&str]) -> Vec<Value> {
        let words = [words, &["--json"]].concat();
        let object: Value = serde_json::from_str(&self.done(&words)).expect("one object");
        object["entries"].as_array().expect("entries").clone()
    }

    /// Every file outside LOG with its content.
    pub(super) fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut todo = vec![self.root()];
        while let Some(dir) = todo.pop() {
            for entry in fs::read_dir(&dir).expect("readable") {
                let path = entry.expect("readable").path();
                // The lock's files say who was here last, not what the postoffice holds.
                let name = path.file_name().unwrap_or_default().to_owned();
                if path.is_dir() && name != "LOG" {
                    todo.push(path);
                } else if path.is_file() && name != "FLAG.GLB" && name != "DIRSYNC.LCK" {
                    files.insert(path.clone(), fs::read(&path).expect("readable"));
                }
            }
        }
        files
    }

    pub(super) fn requestor(&self) -> ReqConf {
        ReqConf::decode(&self.bytes("GLB/REQCONF.GLB")).expect("REQCONF.GLB")
    }

    /// Makes the queue look as after an acknowledged cycle: one dummy with this number, which REQCONF confirms.
    pub(super) fn acknowledge(&self, number: u32) {
        let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
        writer
            .write(&QueueRecord::dummy(Default::default(), number))
            .expect("memory");
        self.write("GLB/REQTRANS.GLB", &writer.finish().expect("memory").0);
        let mut config = self.requestor();
        config.req_sync = ReqSync(number);
        let mut bytes = [0; ReqConf::LEN];
        config.encode(&mut bytes);
        self.write("GLB/REQCONF.GLB", &bytes);
    }

    pub(super) fn server(&self) -> SrvConf {
        SrvConf::read_from(&self.bytes("GLB/SRVCONF.GLB")[..]).expect("SRVCONF.GLB")
    }

    /// Numbers and texts that wait in REQTRANS.GLB, TABs shown as `|` and line ends as `/`.
    pub(super) fn queue(&self) -> Vec<(u32, String)> {
        let bytes = self.bytes("GLB/REQTRANS.GLB");
        QueueReader::new(&bytes[..], &Framing::OURS)
            .map(|framed| {
                let framed = framed.expect("a whole queue");
                assert!(framed.is_intact());
                let text = String::from_utf8(framed.record.text).expect("ASCII");
                (
                    framed.record.sync,
                    text.replace('\t', "|").replace("\r\n", "~"),
                )
            })
            .collect()
    }

    pub(super) fn accounts(&self) -> Vec<Access2Record> {
        records(&self.bytes("GLB/ACCESS2.GLB"))
    }

    pub(super) fn account(&self, mailbox: &str) -> Access2Record {
        let accounts = self.accounts().into_iter();
        let mut active = accounts.filter(|a| a.state.is_active());
        active
            .find(|a| a.mailbox.as_bytes() == mailbox.as_bytes())
            .unwrap_or_else(|| panic!("no {mailbox}"))
    }

    pub(super) fn pol(&self) -> Vec<NmeRecord> {
        assert_eq!(self.bytes("NME/ADMIN.NME"), self.bytes("NME/ADMINSHD.NME"));
        records(&self.bytes("NME/ADMIN.NME"))
    }

    pub(super) fn pol_names(&self) -> Vec<String> {
        let names = self.pol().into_iter();
        names
            .map(|r| String::from_utf8_lossy(r.name.as_bytes()).into_owned())
            .collect()
    }

    /// Runs `import` on a text.
    pub(super) fn import(&self, options: &[&str], text: &str) {
        let file = self.dir.path().join("names.txt");
        fs::write(&file, text).expect("writable");
        let output = Command::new(env!("CARGO_BIN_EXE_import"))
            .env_clear()
            .env("DIRSYNC_NOW", "1996-04-03T16:30:00Z")
            .env("TZ", "UTC")
            .arg(format!("-d{}", self.root().display()))
            .args(["admin", "-px", "-y"])
            .arg(format!("-f{}", file.display()))
            .args(options)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

pub(super) fn records<T: Record>(bytes: &[u8]) -> Vec<T> {
    RecordReader::new(bytes, 0)
        .collect::<Result<_, _>>()
        .expect("whole records")
}

pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

pub(super) fn is_dir(path: &Path) -> bool {
    path.is_dir()
}
