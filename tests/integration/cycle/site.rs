//! A directory server and its requestors in one temporary directory, with a helper that carries mail between them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use dirsync::address::PostofficeName;
use dirsync::codec::Record;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::{Framed, Framing, QueueReader, QueueRecord, QueueWriter};
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::srvconf::{RequestorRecord, SrvConf};
use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::mail::{Mail, Reader};
use dirsync::protocol::message::{BodyReader, Profile};

use crate::support::{Run, run, trace};

pub(crate) const PAGE: CodePage = CodePage::Cp850;

/// The moment of the first command, in seconds; each later one happens a minute after the one before.
pub(crate) const START: u32 = 1_795_255_200;

/// Some postoffices, the first of them the server.
pub(crate) struct Site {
    root: tempfile::TempDir,
    names: Vec<String>,
    clock: Cell<u32>,
}

/// A message as it lies in a Maildir.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) path: PathBuf,
    pub(crate) mail: Mail,
    pub(crate) profile: Profile,
}

impl Letter {
    pub(crate) fn subject(&self) -> &str {
        &self.mail.envelope.subject
    }

    pub(crate) fn to(&self) -> String {
        self.mail.envelope.to.view(PAGE)
    }

    pub(crate) fn text(&self) -> String {
        PAGE.decode(&self.mail.body)
    }

    /// Reads all messages in a directory of a postoffice.
    pub(crate) fn all(directory: &Path, own: &PostofficeName) -> Vec<Self> {
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).expect("readable");
            let reader = Reader {
                own,
                code_page: PAGE,
            };
            let mail = Mail::parse(&bytes, &reader).expect("a message of ours");
            let text = BodyReader::open(&mail.body[..], PAGE).expect("readable");
            let profile = text.and_then(|body| body.profile().cloned());
            Self {
                path,
                mail,
                profile: profile.unwrap_or_default(),
            }
        };
        files(directory).into_iter().map(read).collect()
    }

    /// Returns the transactions of an INTERNAL message.
    pub(crate) fn queued(&self) -> Vec<(u32, String)> {
        match self.mail.transactions() {
            Ok(attachment) => queue_of(&attachment.bytes),
            Err(_) => Vec::new(),
        }
    }
}

impl Site {
    /// Makes postoffices that know each other, with the first as the registered server of all.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::routed(names, |site, other| {
            format!("direct:{}", site.path(other).display())
        })
    }

    /// As [`Self::new`], with the routes by which they know each other.
    pub(crate) fn routed(names: &[&str], route: impl Fn(&Self, &str) -> String) -> Self {
        let site = Self {
            root: tempfile::tempdir().expect("a temporary directory"),
            names: names.iter().map(ToString::to_string).collect(),
            clock: Cell::new(START),
        };
        for name in names {
            site.admin(name, &format!("setup {name}")).ends(0);
            for other in names.iter().filter(|other| *other != name) {
                let route = route(&site, other);
                site.admin(name, &format!("external create {other} --route {route}"))
                    .ends(0);
            }
        }
        let server = names[0];
        site.admin(server, "config dirsync options server yes")
            .ends(0);
        for name in &names[1..] {
            site.admin(
                server,
                &format!("config dirsync server requestors create {name}"),
            )
            .ends(0);
            site.admin(
                name,
                &format!("config dirsync requestor registration {server}"),
            )
            .ends(0);
        }
        site
    }

    /// Copies a site that was made before: setting one up takes some dozens of commands.
    pub(crate) fn copied(of: &Self) -> Self {
        Self::copied_to(of, tempfile::tempdir().expect("a temporary directory"))
    }

    /// As [`Self::copied`], into a directory that is empty.
    pub(crate) fn copied_to(of: &Self, root: tempfile::TempDir) -> Self {
        let site = Self {
            root,
            names: of.names.clone(),
            clock: of.clock.clone(),
        };
        for name in &site.names {
            copy_tree(&of.path(name), &site.path(name));
        }
        site
    }

    /// Makes the site of the worked example: two users at the server D, three at A, all exported.
    pub(crate) fn exported() -> Self {
        static MADE: OnceLock<Mutex<Site>> = OnceLock::new();
        let make = || {
            let users: [(&str, &[&str]); 2] = [
                ("NET/D", &["Dan", "Dora"]),
                ("NET/A", &["Ann", "Abe", "Ada"]),
            ];
            Mutex::new(Self::with_users(&users))
        };
        let made = MADE.get_or_init(make).lock();
        Self::copied(&made.expect("no test holds it"))
    }

    /// Makes postoffices with users that are exported and not yet sent.
    pub(crate) fn with_users(offices: &[(&str, &[&str])]) -> Self {
        let names: Vec<_> = offices.iter().map(|(name, _)| *name).collect();
        let site = Self::new(&names);
        site.export(offices);
        site
    }

    /// Gives postoffices users that are exported and not yet sent.
    pub(crate) fn export(&self, offices: &[(&str, &[&str])]) {
        for (name, users) in offices {
            for user in *users {
                self.user(name, user);
            }
            self.admin(name, "local modify admin --dirsync no").ends(0);
            // What was told of them so far is said again by the export, under the first numbers.
            self.put(name, "GLB/REQTRANS.GLB", b"");
            self.admin(name, "config dirsync requestor export").ends(0);
        }
    }

    pub(crate) fn user(&self, office: &str, user: &str) {
        self.admin(
            office,
            &format!("local create {user} {}", user.to_uppercase()),
        )
        .ends(0);
    }

    /// Returns the directory of a postoffice.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name.replace('/', "-"))
    }

    /// A place for files beside the postoffices.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    /// Sets the time of the next command.
    pub(crate) fn at(&self, seconds: u32) {
        self.clock.set(seconds);
    }

    pub(crate) fn now(&self) -> u32 {
        self.clock.get()
    }

    pub(crate) fn pass_days(&self, days: u32) {
        self.clock.set(self.clock.get() + days * 86_400);
    }

    /// Runs a program on a postoffice; arguments are parted by blanks.
    pub(crate) fn run(&self, office: &str, program: &str, args: &str) -> Run {
        let (args, now) = self.command_line(office, args);
        run(program, args, |command| {
            command.env("DIRSYNC_NOW", now);
        })
    }

    /// Runs a program that dies as it enters its N-th call of one kind; returns whether it came there.
    pub(crate) fn killed(
        &self,
        office: &str,
        program: &str,
        args: &str,
        call: &str,
        when: u32,
    ) -> bool {
        let (args, now) = self.command_line(office, args);
        let program = Path::new(env!("CARGO_BIN_EXE_import")).with_file_name(program);
        let mut command = trace::traced(&program, call, "signal=KILL", when);
        command.args(args).env("DIRSYNC_NOW", now).env("TZ", "UTC");
        let output = command.output().expect("it runs");
        let code = output.status.code().unwrap_or(128 + 9);
        assert!(code < 5 || code == 128 + 9, "{output:?}");
        code == 128 + 9
    }

    /// Returns arguments and time of the next command.
    fn command_line(&self, office: &str, args: &str) -> (Vec<String>, String) {
        let mut all = vec![format!("-d{}", self.path(office).display())];
        all.extend(args.split_whitespace().map(ToOwned::to_owned));
        self.clock.set(self.clock.get() + 60);
        let now = jiff::Timestamp::from_second(self.clock.get().into()).expect("a time");
        (all, now.to_string())
    }

    pub(crate) fn admin(&self, office: &str, words: &str) -> Run {
        let words = format!("admin -ppw -y {words}");
        self.run(office, "admin", &words)
    }

    pub(crate) fn t1(&self, office: &str) -> Run {
        self.run(office, "reqmain", "-t").ends(0)
    }

    pub(crate) fn t2(&self) {
        self.t2_receive().ends(0);
        self.t2_transmit().ends(0);
    }

    pub(crate) fn t2_receive(&self) -> Run {
        self.run(&self.names[0], "srvmain", "-r")
    }

    pub(crate) fn t2_transmit(&self) -> Run {
        self.run(&self.names[0], "srvmain", "-t")
    }

    pub(crate) fn t3(&self, office: &str) -> Run {
        let run = self.run(office, "reqmain", "-r");
        self.import(office);
        run
    }

    /// IMPORT -Q, which may find nothing to do.
    pub(crate) fn import(&self, office: &str) -> Run {
        self.run(office, "import", "admin -ppw -q -y")
    }

    /// One undisturbed cycle of everybody.
    pub(crate) fn cycle(&self) {
        for name in &self.names {
            self.run(name, "reqmain", "-t");
        }
        self.carry();
        self.t2_receive();
        self.t2_transmit();
        self.carry();
        for name in &self.names {
            self.t3(name);
        }
    }

    /// Carries all outgoing mail into the mailbags it is for.
    pub(crate) fn carry(&self) {
        for name in &self.names {
            for letter in self.outgoing(name) {
                self.deliver(&letter);
            }
        }
    }

    /// Delivers one message; a note to a person goes nowhere.
    pub(crate) fn deliver(&self, letter: &Letter) {
        let to = PAGE.decode(&letter.mail.envelope.to.place.encode());
        let target = self.path(&to).join("MBG/SYSTEM/new");
        if letter.mail.envelope.to.is_system() {
            fs::create_dir_all(&target).expect("writable");
            let file = letter.path.file_name().expect("a name");
            fs::rename(&letter.path, target.join(file)).expect("moved");
        } else {
            fs::remove_file(&letter.path).expect("removed");
        }
    }

    /// Throws away what waits in P1.
    pub(crate) fn lose(&self, office: &str) {
        for letter in self.outgoing(office) {
            fs::remove_file(letter.path).expect("removed");
        }
    }

    /// Returns the outgoing mail of a postoffice, in the order in which it was sent.
    pub(crate) fn outgoing(&self, office: &str) -> Vec<Letter> {
        self.letters(office, "P1/new")
    }

    /// Returns what was sent to the system mailboxes of a postoffice.
    pub(crate) fn sent_to(&self, office: &str, to: &str) -> Vec<Letter> {
        let mut letters = self.outgoing(office);
        letters.retain(|letter| letter.to() == format!("PCM:{to}/$SYSTEM"));
        letters
    }

    pub(crate) fn incoming(&self, office: &str) -> Vec<Letter> {
        self.letters(office, "MBG/SYSTEM/new")
    }

    /// Returns the messages in the quarantine as they were kept.
    pub(crate) fn quarantine(&self, office: &str) -> Vec<String> {
        let directory = self.path(office).join("MBG/QUARANT/new");
        let files = files(&directory);
        files
            .iter()
            .map(|path| String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned())
            .collect()
    }

    pub(crate) fn letters(&self, office: &str, directory: &str) -> Vec<Letter> {
        let own = PostofficeName::parse(office.as_bytes(), PAGE).expect("NET/PO");
        Letter::all(&self.path(office).join(directory), &own)
    }

    /// Puts a message into the incoming mailbag, as a mail system would.
    pub(crate) fn put_mail(&self, office: &str, name: &str, text: &str) {
        let directory = self.path(office).join("MBG/SYSTEM/new");
        fs::create_dir_all(&directory).expect("writable");
        fs::write(directory.join(name), text.replace('\n', "\r\n")).expect("writable");
    }

    pub(crate) fn put(&self, office: &str, file: &str, bytes: &[u8]) {
        fs::write(self.path(office).join(file), bytes).expect("writable");
    }

    pub(crate) fn read(&self, office: &str, file: &str) -> Vec<u8> {
        fs::read(self.path(office).join(file)).unwrap_or_default()
    }

    /// Returns the records of a queue with their numbers, dummies included.
    pub(crate) fn queue(&self, office: &str, queue: &str) -> Vec<(u32, String)> {
        queue_of(&self.read(office, &format!("GLB/{queue}.GLB")))
    }

    pub(crate) fn put_queue(&self, office: &str, queue: &str, records: &[(u32, &str)]) {
        let stamp = Timestamp(self.now());
        let records: Vec<_> = records.iter().map(|(n, text)| (stamp, *n, *text)).collect();
        self.put(office, &format!("GLB/{queue}.GLB"), &queue_bytes(&records));
    }

    pub(crate) fn config(&self, office: &str) -> ReqConf {
        ReqConf::decode(&self.read(office, "GLB/REQCONF.GLB")).expect("REQCONF")
    }

    pub(crate) fn configure(&self, office: &str, change: impl FnOnce(&mut ReqConf)) {
        let mut config = self.config(office);
        change(&mut config);
        let mut bytes = [0; ReqConf::LEN];
        config.encode(&mut bytes);
        self.put(office, "GLB/REQCONF.GLB", &bytes);
    }

    /// Returns ReqSync, SrvSync and ImportSync of a requestor.
    pub(crate) fn numbers(&self, office: &str) -> (u32, u32, u32) {
        let config = self.config(office);
        (config.req_sync.0, config.srv_sync.0, config.import_sync.0)
    }

    pub(crate) fn server_config(&self) -> SrvConf {
        let bytes = self.read(&self.names[0], "GLB/SRVCONF.GLB");
        SrvConf::read_from(&bytes[..]).expect("SRVCONF")
    }

    pub(crate) fn configure_server(&self, change: impl FnOnce(&mut SrvConf)) {
        let mut conf = self.server_config();
        change(&mut conf);
        let mut bytes = Vec::new();
        conf.write_to(&mut bytes).expect("written");
        self.put(&self.names[0], "GLB/SRVCONF.GLB", &bytes);
    }

    /// Returns the record of a requestor.
    pub(crate) fn record(&self, requestor: &str) -> RequestorRecord {
        let conf = self.server_config();
        let (network, postoffice) = requestor.split_once('/').expect("NET/PO");
        let index = conf.find(network.as_bytes(), postoffice.as_bytes(), PAGE);
        conf.requestors[index.expect("registered")].clone()
    }

    /// Returns ReqSync, SrvSync and imports of a requestor's record.
    pub(crate) fn registered(&self, requestor: &str) -> (u32, u32, u32) {
        let record = self.record(requestor);
        (record.req_sync.0, record.srv_sync.0, record.import_count.0)
    }

    /// Returns the names in a list of a postoffice, sorted.
    pub(crate) fn names_in(&self, office: &str, list: &str) -> Vec<String> {
        let out = self.root.path().join("extract.txt");
        let _ = fs::remove_file(&out); // an extract goes on where the file ends
        let list = match list.contains('/') {
            true => format!("-x{list}"),
            false => format!("-x -g{list}"),
        };
        let args = format!("admin -ppw -y {list} -f{}", out.display());
        self.run(office, "import", &args);
        let text = PAGE.decode(&fs::read(&out).unwrap_or_default());
        let lines = text.lines().filter(|line| line.starts_with("A "));
        let mut names: Vec<_> = lines
            .map(|line| {
                line[2..]
                    .chars()
                    .take(30)
                    .collect::<String>()
                    .trim()
                    .to_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Asserts that everybody's list is everywhere what its owner holds.
    #[track_caller]
    pub(crate) fn assert_converged(&self) {
        for owner in &self.names {
            let held = self.names_in(owner, owner);
            let held: Vec<_> = held.into_iter().filter(|n| n != "Administrator").collect();
            for other in self.names.iter().filter(|other| *other != owner) {
                let found = self.names_in(other, owner);
                let found: Vec<_> = found.into_iter().filter(|n| n != "Administrator").collect();
                assert_eq!(found, held, "{other} of {owner}");
            }
        }
    }

    /// Returns a log without its times.
    pub(crate) fn log(&self, office: &str, log: &str) -> Vec<String> {
        let text =
            String::from_utf8_lossy(&self.read(office, &format!("LOG/{log}.LOG"))).into_owned();
        let line = |line: &str| {
            let (_, text) = line.split_once(" | ").unwrap_or(("", line));
            text.to_owned()
        };
        text.lines().map(line).collect()
    }

    /// Returns the lines of a log from the last banner of a program on.
    pub(crate) fn last_log(&self, office: &str, log: &str) -> Vec<String> {
        let lines = self.log(office, log);
        let start = lines
            .iter()
            .rposition(|line| line.contains("Microsoft (R) Mail"));
        lines[start.unwrap_or(0)..].to_vec()
    }

    /// Copies a postoffice, to be put back later.
    pub(crate) fn copy(&self, office: &str) -> PathBuf {
        let target = self.root.path().join(format!("copy-{}", self.now()));
        copy_tree(&self.path(office), &target);
        target
    }

    /// Puts a copy in the place of a postoffice, as a restore from a backup does.
    pub(crate) fn restore(&self, office: &str, copy: &Path) {
        fs::remove_dir_all(self.path(office)).expect("removed");
        copy_tree(copy, &self.path(office));
    }

    /// Returns every file below a postoffice with its bytes.
    pub(crate) fn snapshot(&self, office: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path(office), &mut found);
        found
    }

    pub(crate) fn set_mode(&self, office: &str, file: &str, mode: u32) {
        let path = self.path(office).join(file);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    }
}

pub(crate) fn queue_bytes(records: &[(Timestamp, u32, &str)]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for (stamp, number, text) in records {
        let text = PAGE.encode(text).expect("in the code page");
        let record = QueueRecord::transaction(*stamp, *number, 0, text);
        writer.write(&record).expect("written");
    }
    writer.finish().expect("written").0
}

pub(crate) fn queue_of(bytes: &[u8]) -> Vec<(u32, String)> {
    let mut reader = QueueReader::new(bytes, &Framing::OURS);
    let mut framed = Framed::default();
    let mut found = Vec::new();
    while reader.read(&mut framed).expect("readable") {
        assert!(framed.is_intact(), "record {}", framed.number);
        let text = PAGE
            .decode(&framed.record.text)
            .replace('\t', "|")
            .replace("\r\n", "~");
        found.push((framed.record.sync, text));
    }
    found
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    paths
}

fn collect(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for path in files(directory) {
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = fs::read(&path).expect("readable");
            found.insert(path, bytes);
        }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for path in files(from) {
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}
