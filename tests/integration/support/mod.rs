//! A postoffice in a temporary directory, made with the library and worked on with the real programs.

mod lists;
pub(crate) mod mail;
pub(crate) mod mta;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod relay;
pub(crate) mod slapd;
pub(crate) mod trace;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dirsync::address::{AddressType, PostofficeName};
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::{Framed, Framing, QueueReader, QueueRecord, QueueWriter};
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::resync::{ResyncHeader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{FixedText, Record, RouteKind};
use dirsync::list::{ListEntry, ListId};
use dirsync::postoffice::define::Definitions;
use dirsync::postoffice::ids::MailbagSource;
use dirsync::postoffice::places::{Places, Route, network_kind};
use dirsync::postoffice::{Batch, File, Holder, Postoffice, layout, setup};
pub(crate) use lists::encoded;

/// The moment every test run happens at, in UTC.
pub(crate) const NOW: &str = "2026-11-21T10:00:00Z";

/// One postoffice.
pub(crate) struct Office {
    directory: tempfile::TempDir,
}

/// What a program printed and how it ended.
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Returns what a program printed and how it ended; -1 is a signal.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns the summary that `--json` printed.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// Asserts how the program ended, showing what it printed if otherwise.
    #[track_caller]
    pub(crate) fn ends(self, exit: i32) -> Self {
        assert_eq!(
            self.exit, exit,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

pub(crate) fn name(text: &str) -> PostofficeName {
    PostofficeName::parse(text.as_bytes(), CodePage::Cp850).expect("NET/PO")
}

impl Office {
    /// Makes a new postoffice.
    pub(crate) fn new(own: &str) -> Self {
        Self::with_page(own, CodePage::Cp850)
    }

    /// Makes a new postoffice with text in another code page.
    pub(crate) fn with_page(own: &str, page: CodePage) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let office = Self { directory };
        setup::create(&office.path(), &name(own), page).expect("set up");
        office
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("PO")
    }

    /// A place for files beside the postoffice.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Writes a file beside the postoffice and returns its path.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.beside(file);
        fs::write(&path, content).expect("writable");
        path
    }

    pub(crate) fn open(&self) -> Postoffice {
        Postoffice::open_read(&self.path()).expect("a postoffice")
    }

    fn change(&self, change: impl FnOnce(&Postoffice, &Batch<'_>)) {
        let now = "2026-11-21T09:00:00Z"
            .parse::<jiff::Timestamp>()
            .expect("a time");
        let holder = Holder::new(
            "test",
            "Admin",
            "Administrator",
            now.to_zoned(jiff::tz::TimeZone::UTC),
        );
        let po = Postoffice::open_write(&self.path(), holder).expect("a postoffice");
        let batch = po.batch().expect("a batch");
        change(&po, &batch);
        batch.commit().expect("committed");
    }

    /// Defines networks, gateways (`SMTP`), postoffices (`PCM:NET/PO`) and nodes (`SNADS:GATE/DGN`).
    pub(crate) fn define(self, lists: &[&str]) -> Self {
        self.define_routed(
            lists,
            &Route {
                kind: RouteKind::None,
                text: Box::default(),
            },
        )
    }

    pub(crate) fn define_routed(self, lists: &[&str], route: &Route) -> Self {
        self.change(|po, batch| {
            let mut config = po.requestor_config().expect("readable");
            let mut places = Places::load(po).expect("readable");
            let mut mailbags = MailbagSource::open(po, &places, &config).expect("readable");
            let mut definitions = Definitions::load(po).expect("readable");
            for list in lists {
                let (kind, place) = list.split_once(':').unwrap_or((list, ""));
                let kind = AddressType::from_token(kind.as_bytes()).expect("a type");
                let record = match list.starts_with("FFAPI") {
                    true => dirsync::codec::NetworkKind::Ffapi,
                    false => network_kind(kind),
                };
                let network = place
                    .split('/')
                    .next()
                    .filter(|n| !n.is_empty())
                    .unwrap_or(kind.token());
                if places.network(network.as_bytes()).is_none() {
                    definitions
                        .add_network(&mut places, record, network.as_bytes(), &mut mailbags)
                        .expect("defined");
                }
                if place.contains('/') {
                    definitions
                        .add_postoffice(po, &mut places, &name(place), route, &mut mailbags)
                        .expect("defined");
                }
            }
            definitions.stage(batch).expect("staged");
            mailbags.stage(batch, &mut config).expect("staged");
            let mut bytes = [0; ReqConf::LEN];
            config.encode(&mut bytes);
            batch
                .replace_bytes(&layout::REQCONF, &bytes)
                .expect("staged");
        });
        self
    }

    /// Changes REQCONF.GLB.
    pub(crate) fn configure(self, change: impl FnOnce(&mut ReqConf)) -> Self {
        let mut config = self.config();
        change(&mut config);
        let mut bytes = [0; ReqConf::LEN];
        config.encode(&mut bytes);
        self.put(&layout::REQCONF, &bytes);
        self
    }

    pub(crate) fn config(&self) -> ReqConf {
        self.open().requestor_config().expect("readable")
    }

    /// Registers with a directory server.
    pub(crate) fn registered_with(self, server: &str) -> Self {
        let server = name(server);
        self.configure(|config| {
            config.server_network = FixedText::new(server.network()).expect("fits");
            config.server_postoffice = FixedText::new(server.postoffice()).expect("fits");
        })
    }

    /// Sets ReqSync, SrvSync and ImportSync.
    pub(crate) fn numbers(self, req: u32, srv: u32, import: u32) -> Self {
        self.configure(|config| {
            config.req_sync = ReqSync(req);
            config.srv_sync = SrvSync(srv);
            config.import_sync = ImportSync(import);
        })
    }

    pub(crate) fn file(&self, file: &File) -> PathBuf {
        self.open().layout().path(file).expect("a path")
    }

    pub(crate) fn bytes(&self, file: &File) -> Vec<u8> {
        fs::read(self.file(file)).unwrap_or_default()
    }

    pub(crate) fn exists(&self, file: &File) -> bool {
        self.file(file).exists()
    }

    /// Writes a file of the postoffice without a batch, as another program would.
    pub(crate) fn put(&self, file: &File, bytes: &[u8]) {
        fs::write(self.file(file), bytes).expect("writable");
    }

    /// Writes a queue of transactions, each with its sync number.
    pub(crate) fn queue(self, file: &File, transactions: &[(u32, &str)]) -> Self {
        self.put(file, &queue_bytes(transactions));
        self
    }

    /// Returns the transactions of a queue with their numbers.
    pub(crate) fn queued(&self, file: &File) -> Vec<(u32, String)> {
        read_queue(&self.bytes(file))
    }

    /// Returns a list as names, mailboxes (or stored addresses) and TIDs.
    pub(crate) fn list(&self, id: &str) -> Vec<(String, String, u32)> {
        let po = self.open();
        let places = Places::load(&po).expect("readable");
        let id = ListId::from_bytes(id.as_bytes()).expect("a list");
        let list = po.load_list(&places, &id).expect("readable");
        list.entries.iter().map(entry_text).collect()
    }

    /// Returns the names of a list.
    pub(crate) fn names(&self, id: &str) -> Vec<String> {
        self.list(id).into_iter().map(|(name, _, _)| name).collect()
    }

    /// Runs a program on this postoffice; `args` are separated by blanks, `{}` stands for the directory of the test.
    pub(crate) fn run(&self, program: &str, args: &str) -> Run {
        let directory = self.directory.path().display().to_string();
        let args = args
            .split_whitespace()
            .map(|arg| arg.replace("{}", &directory));
        self.run_args(program, args.collect::<Vec<_>>())
    }

    pub(crate) fn run_args(&self, program: &str, args: Vec<String>) -> Run {
        run(program, args, |command| {
            command.env("DIRSYNC_DRIVE_M", self.path());
        })
    }

    /// Runs `import admin -ppw -y` with more arguments.
    pub(crate) fn import(&self, args: &str) -> Run {
        self.run("import", &format!("admin -ppw -y {args}"))
    }

    /// Imports a text with options.
    pub(crate) fn import_text(&self, args: &str, text: &str) -> Run {
        let text = CodePage::Cp850
            .encode(&text.replace('\n', "\r\n"))
            .expect("in the code page");
        self.write("in.txt", text);
        self.import(&format!("{args} -f{{}}/in.txt"))
    }

    /// Returns a log without its times.
    pub(crate) fn log(&self, file: &File) -> Vec<String> {
        let text = CodePage::Cp850.decode(&self.bytes(file));
        text.lines()
            .map(|line| {
                line.split_once(" | ")
                    .map_or(line, |(_, text)| text)
                    .to_owned()
            })
            .collect()
    }

    /// Returns every file below the postoffice with its bytes.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(), &mut files);
        files
    }
}

fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = fs::read(&path).expect("readable");
            files.insert(path, bytes);
        }
    }
}

fn entry_text(entry: &ListEntry) -> (String, String, u32) {
    let text = |bytes: &[u8]| CodePage::Cp850.decode(bytes);
    let address = match entry.stored_address() {
        [] => entry.mailbox.as_bytes(),
        stored => stored,
    };
    (text(entry.name.as_bytes()), text(address), entry.tid)
}

/// Runs one of the programs.
pub(crate) fn run(program: &str, args: Vec<String>, prepare: impl FnOnce(&mut Command)) -> Run {
    let binary = Path::new(env!("CARGO_BIN_EXE_import")).with_file_name(program);
    let mut command = Command::new(binary);
    command
        .args(args)
        .env("DIRSYNC_NOW", NOW)
        .env("TZ", "UTC")
        .env_remove("DIRSYNC_PASSWORD");
    prepare(&mut command);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it runs");
    Run {
        exit: status.code().expect("it was not killed"),
        stdout: String::from_utf8(stdout).expect("text"),
        stderr: String::from_utf8(stderr).expect("text"),
    }
}

/// Returns the bytes of a queue; `\t` separates name and address.
pub(crate) fn queue_bytes(transactions: &[(u32, &str)]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for (sync, text) in transactions {
        let text = CodePage::Cp850.encode(text).expect("in the code page");
        writer
            .write(&QueueRecord::transaction(Timestamp(1), *sync, 0, text))
            .expect("written");
    }
    writer.finish().expect("written").0
}

pub(crate) fn read_queue(bytes: &[u8]) -> Vec<(u32, String)> {
    let mut reader = QueueReader::new(bytes, &Framing::OURS);
    let mut framed = Framed::default();
    let mut found = Vec::new();
    while reader.read(&mut framed).expect("readable") {
        assert!(framed.is_intact(), "record {}", framed.number);
        found.push((
            framed.record.sync,
            CodePage::Cp850.decode(&framed.record.text),
        ));
    }
    found
}

/// The header of a resync file from `NET/SRV` for any requestor.
pub(crate) fn resync_header(req: u32, srv: u32, import: u32, stamp: u32) -> ResyncHeader {
    ResyncHeader {
        req_sync: ReqSync(req),
        srv_sync: SrvSync(srv),
        import_sync: ImportSync(import),
        stamp,
        server: b"NET/SRV"[..].into(),
        addressee: None,
    }
}

/// Returns a whole resync file.
pub(crate) fn resync_bytes(header: &ResyncHeader, transactions: &[&str]) -> Vec<u8> {
    let mut writer = ResyncWriter::new(Vec::new(), header, Timestamp(1)).expect("written");
    for (text, sync) in transactions.iter().zip(1..) {
        let text = CodePage::Cp850.encode(text).expect("in the code page");
        writer
            .write(&QueueRecord::transaction(Timestamp(1), sync, 0, text))
            .expect("written");
    }
    writer.finish().expect("written").0
}
