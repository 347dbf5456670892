//! A directory server with an agent beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::resync::{ResyncHeader, ResyncWriter};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::directory::dn::Dn;
use dirsync::directory::entry::Entry;
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{ConnectOptions, Connection, Password, Scope, Search};

use crate::support::Run;
use crate::support::relay::Relay;
use crate::support::slapd::{ADMIN, AGENT, Setup, Slapd};

/// The moment of every run.
const NOW: &str = "2026-11-27T10:00:00Z";

/// The import container of the one connection, HQ.
pub(super) const CONTAINER: &str = "ou=HQ,o=Org";

const TREE: &str = "
dn: ou=HQ,o=Org
objectClass: organizationalUnit
ou: HQ

dn: ou=People,o=Org
objectClass: organizationalUnit
ou: People
";

/// A directory and an agent that is a requestor of `NET1/PO1` under the name HQ.
pub(super) struct Scene {
    pub(super) slapd: Slapd,
    folder: tempfile::TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::on(Setup::new())
    }

    pub(super) fn on(setup: Setup) -> Self {
        Self::holding(setup, TREE)
    }

    /// A directory that holds something else from the beginning, put there past the overlays of the server.
    pub(super) fn holding(setup: Setup, content: &str) -> Self {
        let scene = Self {
            slapd: setup.content(content).start(),
            folder: tempfile::tempdir().expect("a folder"),
        };
        scene.configure("");
        scene
    }

    /// Writes the configuration, with more settings of the connection.
    pub(super) fn configure(&self, more: &str) {
        self.configure_connections(&format!(
            "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\n\
             owner = \"dss/NET1/PO1\"\nimport-container = \"{CONTAINER}\"\nexport-containers = [\"ou=People,o=Org\"]\n{more}\n"
        ));
    }

    /// Writes the configuration with these connections.
    pub(super) fn configure_connections(&self, connections: &str) {
        fs::write(self.folder.path().join("secret"), self.slapd.password()).expect("written");
        let text = format!(
            "[agent]\naddress = \"NET1/AGENT\"\ndata = \"data\"\n\n\
             [directory]\nurl = \"{}\"\nbind-dn = \"{ADMIN}\"\npassword-file = \"secret\"\n\n{connections}",
            self.slapd.url()
        );
        fs::write(self.config(), text).expect("written");
    }

    /// Lets the agent bind as somebody who is held to limits and access rules.
    pub(super) fn bind_as_agent(&self) {
        let text = fs::read_to_string(self.config()).expect("readable");
        fs::write(self.config(), text.replace(ADMIN, AGENT)).expect("written");
    }

    /// Lets the agent reach its server by a way that can be stopped.
    pub(super) fn through_relay(&self) -> Relay {
        let relay = self.slapd.relay();
        let text = fs::read_to_string(self.config()).expect("readable");
        let text = text.replace(&self.slapd.url(), &relay.url());
        fs::write(self.config(), text).expect("written");
        relay
    }

    /// Starts a run, does something when it is stopped on its way to the server, and returns how it ended.
    pub(super) fn dxa_meanwhile(
        &mut self,
        line: &str,
        relay: &Relay,
        meanwhile: impl FnOnce(&mut Self),
    ) -> Run {
        let mut command = self.command(line);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("it runs");
        relay.until_stopped();
        meanwhile(self);
        relay.go_on();
        Run::of(child.wait_with_output().expect("it ended"))
    }

    /// Returns every file of the agent with its bytes.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.folder.path().join("data"), &mut found);
        found
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("dxa.toml")
    }

    pub(super) fn data(&self, path: &str) -> PathBuf {
        self.folder.path().join("data").join(path)
    }

    pub(super) fn command(&self, line: &str) -> Command {
        self.command_with(&self.config(), line)
    }

    /// The same with another configuration.
    pub(super) fn command_with(&self, config: &Path, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
        command
            .arg("--config")
            .arg(config)
            .args(line.split_whitespace());
        command.env("DIRSYNC_NOW", NOW).env("TZ", "UTC");
        command
    }

    pub(super) fn dxa(&self, line: &str) -> Run {
        Run::of(self.command(line).output().expect("it runs"))
    }

    /// Puts a file into the drop folder.
    pub(super) fn drop_file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.data("in").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Adds entries.
    pub(super) fn add(&self, ldif: &str) {
        let output = self.slapd.client("ldapadd", &[], ldif);
        assert!(output.status.success(), "{output:?}");
    }

    /// Adds a person of the agent's postoffice.
    pub(super) fn person(&self, name: &str, mailbox: &str) {
        self.person_in("ou=People,o=Org", name, mailbox, "");
    }

    /// Adds a person with more lines below a name.
    pub(super) fn person_in(&self, container: &str, name: &str, mailbox: &str, more: &str) {
        let address = format!("MS:NET1/AGENT/{mailbox}");
        self.person_at(container, name, &address, more);
    }

    /// Adds a person with this address.
    pub(super) fn person_at(&self, container: &str, name: &str, address: &str, more: &str) {
        let last = name.split(' ').next_back().expect("a name");
        self.add(&format!(
            "dn: cn={name},{container}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: {name}\nsn: {last}\n\
             displayName: {name}\nsyncProxyPrimary: {address}\n{more}\n"
        ));
    }

    /// Changes an entry by the lines of an LDIF change record.
    pub(super) fn change(&self, dn: &str, lines: &str) {
        let output = self
            .slapd
            .client("ldapmodify", &[], &format!("dn: {dn}\n{lines}\n"));
        assert!(output.status.success(), "{output:?}");
    }

    /// Replaces the value of an attribute.
    pub(super) fn replace(&self, dn: &str, attribute: &str, value: &str) {
        self.change(
            dn,
            &format!("changetype: modify\nreplace: {attribute}\n{attribute}: {value}"),
        );
    }

    /// Adds a remote address of another owner.
    pub(super) fn remote(&self, container: &str, owner: &str, name: &str, address: &str) {
        self.add(&format!(
            "dn: syncKey={address},{container}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\n\
             syncKey: {address}\ncn: {name}\nsn: {name}\ndisplayName: {name}\nsyncAddress: {address}\n\
             syncImportedFrom: {owner}\n"
        ));
    }

    /// Adds an organizational unit and returns its name.
    pub(super) fn unit(&self, name: &str) -> String {
        let dn = format!("ou={name},o=Org");
        self.add(&format!(
            "dn: {dn}\nobjectClass: organizationalUnit\nou: {name}\n"
        ));
        dn
    }

    /// Puts a message in text into the mail place, as the program of another make would send it to the agent.
    pub(super) fn put_mail(&self, from: &str, name: &str, profile: &str, transactions: &[&str]) {
        let mut text = format!(
            "DirSync-From: PCM:{from}\nDirSync-To: PCM:NET1/AGENT\nSubject: dirsync\nMessage-ID: <{name}@x>\n\n\
             [DIRSYNC]\nTRANSACTIONS=INBODY\n{profile}"
        );
        if !transactions.is_empty() {
            text.push_str("\n[DIRSYNC-TRANSACTIONS]\n");
        }
        for line in transactions {
            text.push_str(line);
            text.push('\n');
        }
        let folder = self.data("postoffice/MBG/SYSTEM/new");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(name), text.replace('\n', "\r\n")).expect("written");
    }

    /// Puts a message whose transactions come with it as a file.
    pub(super) fn put_attached(
        &self,
        from: &str,
        name: &str,
        profile: &str,
        file: &str,
        bytes: &[u8],
    ) {
        let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(76)
            .map(String::from_utf8_lossy)
            .collect();
        let text = format!(
            "DirSync-From: PCM:{from}\nDirSync-To: PCM:NET1/AGENT\nSubject: dirsync\nMessage-ID: <{name}@x>\n\
             MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"cut\"\n\n--cut\nContent-Type: text/plain\n\n\
             [DIRSYNC]\n{profile}\n--cut\nContent-Type: application/octet-stream; name=\"{file}\"\n\
             Content-Disposition: attachment; filename=\"{file}\"\nContent-Transfer-Encoding: base64\n\n{}\n--cut--\n",
            lines.join("\n")
        );
        let folder = self.data("postoffice/MBG/SYSTEM/new");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(name), text.replace('\n', "\r\n")).expect("written");
    }

    pub(super) fn connection(&self) -> Connection {
        let options = ConnectOptions::new(&self.slapd.url());
        let options = options.login(ADMIN, Password::new(self.slapd.password()));
        Connection::open(&options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the entries below a name, with their operational attributes, by key or name.
    pub(super) fn entries(&self, base: &str) -> Vec<Entry> {
        let search = Search::new(dn(base)).attributes(&["*", "+"]);
        let search = search.filter(Filter::equal("objectClass", "syncRemoteAddress"));
        let mut found = self
            .connection()
            .find(&search)
            .unwrap_or_else(|error| panic!("{error}"));
        found.sort_by_key(|entry| entry.dn.key());
        found
    }

    /// Returns `KEY=cn` of every entry in the container.
    pub(super) fn shown(&self) -> Vec<String> {
        let entries = self.entries(CONTAINER);
        let shown = entries.iter().map(|entry| {
            let text = |name| entry.attributes.text(name).unwrap_or("-");
            format!("{}={}", text("syncKey"), text("cn"))
        });
        shown.collect()
    }

    /// Returns ReqSeq, SvrSeq and ImpSeq of the container.
    pub(super) fn numbers(&self) -> [String; 3] {
        let mut search = Search::new(dn(CONTAINER));
        search.scope = Scope::Base;
        let found = self
            .connection()
            .find(&search)
            .unwrap_or_else(|error| panic!("{error}"));
        ["syncReqSeq", "syncSvrSeq", "syncImpSeq"]
            .map(|name| found[0].attributes.text(name).unwrap_or("-").to_owned())
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, found),
            false => {
                found.insert(path.clone(), fs::read(path).expect("readable"));
            }
        }
    }
}

pub(super) fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The numbers of a list: ReqSync, SrvSync, ImportSync, STAMP.
pub(super) type Numbers = (u32, u32, u32, u32);

/// Makes a resync file of `NET1/PO1` for the agent.
pub(super) fn resync(numbers: Numbers, texts: &[&str]) -> Vec<u8> {
    resync_by("NET1/PO1", Some("NET1/AGENT"), numbers, texts)
}

/// Makes a full list of so many users of `NET1/PO1`.
pub(super) fn users(numbers: Numbers, count: usize) -> Vec<u8> {
    let adds = (0..count).map(|n| format!("A User {n}\tPCM:NET1/PO1/U{n:05}"));
    let texts: Vec<_> = [String::from("R PCM:NET1/PO1")]
        .into_iter()
        .chain(adds)
        .collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    resync(numbers, &texts)
}

pub(super) fn resync_by(
    server: &str,
    addressee: Option<&str>,
    numbers: Numbers,
    texts: &[&str],
) -> Vec<u8> {
    let (req, srv, imp, stamp) = numbers;
    let header = ResyncHeader {
        import_sync: ImportSync(imp),
        req_sync: ReqSync(req),
        srv_sync: SrvSync(srv),
        stamp,
        server: server.as_bytes().into(),
        addressee: addressee.map(|name| name.as_bytes().into()),
    };
    let mut writer = ResyncWriter::new(Vec::new(), &header, Timestamp(1)).expect("a header");
    for text in texts {
        let record = QueueRecord::transaction(Timestamp(1), srv, 0, text.as_bytes().to_vec());
        writer.write(&record).expect("a record");
    }
    writer.finish().expect("an end").0
}

/// Returns the names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
