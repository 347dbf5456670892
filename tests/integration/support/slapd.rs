//! A real directory server on loopback: OpenLDAP's slapd with a configuration, a database and a process of its own.
//!
//! Nothing of the system's own slapd is touched: configuration and database lie in a temporary directory, the ports are free
//! ones of 127.0.0.1, and the process ends with the value that started it, or with the thread that did.

pub(crate) mod tls;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The root of the tree, which is there from the beginning.
pub(crate) const SUFFIX: &str = "o=Org";

/// May do everything, and no limit holds for it.
pub(crate) const ADMIN: &str = "cn=admin,o=Org";

/// An entry that binds with the same password, may write, and is held to limits and access rules.
pub(crate) const AGENT: &str = "cn=agent,o=Org";

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian puts things.
const SLAPD: &str = "/usr/sbin/slapd";
const MODULES: &str = "/usr/lib/ldap";
const SCHEMAS: &str = "/etc/ldap/schema";

const MISSING: &str = "these tests need OpenLDAP: run `apt-get install --no-install-recommends slapd ldap-utils` (no \
    configuration is needed)";

/// What a server is to be like.
#[derive(Default)]
pub(crate) struct Setup {
    global: String,
    modules: String,
    database: String,
    access: String,
    overlays: String,
    content: String,
    tls_name: Option<String>,
    is_durable: bool,
    lacks_schema: bool,
}

impl Setup {
    /// A server with our schema, [`ADMIN`], [`AGENT`] and an empty tree.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a line to the global part of the configuration, for instance `sizelimit 10`.
    pub(crate) fn global(mut self, line: &str) -> Self {
        writeln!(self.global, "{line}").expect("written");
        self
    }

    /// Adds a line about the database, for instance `limits * size.prtotal=unlimited`.
    pub(crate) fn database(mut self, line: &str) -> Self {
        writeln!(self.database, "{line}").expect("written");
        self
    }

    /// Adds an access rule in front of the usual ones, for instance `to attrs=syncExport by * none`.
    pub(crate) fn access(mut self, rule: &str) -> Self {
        writeln!(self.access, "access {rule}").expect("written");
        self
    }

    /// Adds an overlay and the lines that configure it.
    pub(crate) fn overlay(mut self, name: &str, lines: &[&str]) -> Self {
        writeln!(self.modules, "moduleload {name}").expect("written");
        writeln!(self.overlays, "overlay {name}\n{}", lines.join("\n")).expect("written");
        self
    }

    /// Adds entries, as LDIF without `version:` line, that are there before the server starts.
    pub(crate) fn content(mut self, ldif: &str) -> Self {
        writeln!(self.content, "{ldif}\n").expect("written");
        self
    }

    /// Lets it answer `ldaps://` and StartTLS as well.
    pub(crate) fn tls(self) -> Self {
        self.tls_as("127.0.0.1")
    }

    /// The same with a certificate for this name or address.
    pub(crate) fn tls_as(mut self, name: &str) -> Self {
        self.tls_name = Some(name.to_owned());
        self
    }

    /// Lets it sync every write to disk, as a server in use does. Otherwise what it wrote survives its own end, but not the
    /// machine's.
    pub(crate) fn durable(mut self) -> Self {
        self.is_durable = true;
        self
    }

    /// Leaves our schema out.
    pub(crate) fn without_our_schema(mut self) -> Self {
        self.lacks_schema = true;
        self
    }

    /// Starts it, and returns when it answers.
    pub(crate) fn start(self) -> Slapd {
        let installed = [SLAPD, MODULES, SCHEMAS]
            .iter()
            .all(|p| Path::new(p).exists());
        assert!(installed, "{MISSING}");
        let root = tempfile::tempdir().expect("a temporary directory");
        // Each has a password of its own, so that none is taken for another that got its port.
        let password = root.path().file_name().expect("a name");
        let password = password.to_str().expect("text").replace('.', "");
        let tls = self
            .tls_name
            .as_deref()
            .map(|name| tls::make(root.path(), name));
        fs::create_dir(root.path().join("db")).expect("a directory");
        let write = |name: &str, text: &str| {
            fs::write(root.path().join(name), text).expect("written");
        };
        write("slapd.conf", &self.conf(root.path(), &password));
        write("base.ldif", &(base(&password) + &self.content));
        let mut server = Slapd {
            root,
            password,
            tls,
            ports: (0, 0),
            process: None,
        };
        let loaded = server.slapadd("base.ldif");
        assert!(loaded.status.success(), "{loaded:?}");
        server.start_somewhere();
        server
    }

    fn conf(&self, root: &Path, password: &str) -> String {
        let (schema, index) = match self.lacks_schema {
            true => ("", ""),
            false => (
                concat!(
                    "include ",
                    env!("CARGO_MANIFEST_DIR"),
                    "/contrib/schema/dirsync.schema"
                ),
                "index objectClass,entryUUID,entryCSN,syncImportedFrom,mail,uid eq",
            ),
        };
        let tls = match self.tls_name {
            Some(_) => tls::conf(root),
            None => String::new(),
        };
        let Self {
            global,
            modules,
            database,
            access,
            overlays,
            ..
        } = self;
        let sync = if self.is_durable { "" } else { "dbnosync" };
        let root = root.display();
        format!(
            "include {SCHEMAS}/core.schema
include {SCHEMAS}/cosine.schema
include {SCHEMAS}/inetorgperson.schema
{schema}
pidfile {root}/pid
argsfile {root}/args
modulepath {MODULES}
moduleload back_mdb
{modules}
{global}
{tls}
database config
rootpw {password}
database mdb
directory {root}/db
maxsize 1073741824
{sync}
suffix {SUFFIX}
rootdn {ADMIN}
rootpw {password}
{index}
{database}
access to attrs=userPassword by anonymous auth by * none
{access}
access to * by dn.exact={AGENT} write by * read
{overlays}
"
        )
    }
}

fn base(password: &str) -> String {
    format!(
        "dn: {SUFFIX}
objectClass: organization
o: Org

dn: {AGENT}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: agent
userPassword: {password}

"
    )
}

/// A running slapd, or one that was killed.
pub(crate) struct Slapd {
    root: tempfile::TempDir,
    password: String,
    tls: Option<tls::Authority>,
    ports: (u16, u16),
    process: Option<Child>,
}

impl Slapd {
    /// Starts one with our schema, [`ADMIN`], [`AGENT`] and an empty tree.
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    /// Returns `ldap://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.ports.0)
    }

    /// Returns `127.0.0.1:PORT`.
    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.ports.0)
    }

    /// Begins a way to it that can be stopped.
    pub(crate) fn relay(&self) -> super::relay::Relay {
        super::relay::Relay::to(self.place())
    }

    /// Returns `ldaps://127.0.0.1:PORT`.
    pub(crate) fn ldaps_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.ports.1)
    }

    /// Returns the password of [`ADMIN`] and [`AGENT`].
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Returns the file with the certificate that vouches for this server.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.tls.as_ref().expect("set up with TLS").file()
    }

    /// Returns the id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Holds it, so that it answers nothing, until [`go_on`](Self::go_on).
    pub(crate) fn hold(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(self.process.as_ref().expect("it runs"));
        rustix::process::kill_process(id, signal).expect("it is our child");
    }

    /// Kills it where it stands (SIGKILL).
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("killed");
        process.wait().expect("it ended");
    }

    /// Stops it in an orderly way.
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let id = rustix::process::Pid::from_child(&process);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if matches!(process.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    /// Starts it again on the same database and ports after [`kill`](Self::kill) or [`stop`](Self::stop).
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.process = Some(self.spawn());
        assert!(self.becomes_ready(), "it does not start\n{}", self.log());
    }

    /// Runs one of the usual clients (`ldapadd`, `ldapsearch`, ...) as [`ADMIN`].
    pub(crate) fn client(&self, program: &str, args: &[&str], input: &str) -> Output {
        self.client_as(ADMIN, program, args, input)
    }

    /// Runs one of the usual clients under another name.
    pub(crate) fn client_as(&self, dn: &str, program: &str, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(program)
            .args(["-x", "-H", &self.url(), "-D", dn, "-w", &self.password])
            // Encrypted where it can be: some servers take passwords in no other way.
            .args(self.tls.as_ref().map(|_| "-ZZ"))
            .env("LDAPTLS_REQCERT", "never")
            .args(args)
            .env("LDAPCONF", "/dev/null")
            .env("HOME", self.root.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING}: {program}: {error}"));
        let mut stdin = child.stdin.take().expect("a pipe");
        // In a thread of its own, so that neither waits for the other when both have much to say.
        thread::scope(|scope| {
            scope.spawn(move || {
                // A client that refuses its input ends without reading it.
                let _ = stdin.write_all(input.as_bytes());
            });
            child.wait_with_output().expect("it ends")
        })
    }

    /// Adds entries from LDIF as [`ADMIN`].
    #[track_caller]
    pub(crate) fn add(&self, ldif: &str) {
        let output = self.client("ldapadd", &[], ldif);
        assert!(output.status.success(), "{output:?}");
    }

    /// Applies changes from LDIF as [`ADMIN`].
    #[track_caller]
    pub(crate) fn modify(&self, ldif: &str) {
        let output = self.client("ldapmodify", &[], ldif);
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns what `ldapsearch -LLL` prints below a name for [`ADMIN`], unfolded.
    #[track_caller]
    pub(crate) fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        let args = [
            &["-LLL", "-o", "ldif-wrap=no", "-b", base, filter],
            attributes,
        ]
        .concat();
        let output = self.client("ldapsearch", &args, "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("LDIF is text")
    }

    /// Loads LDIF, written beside the database before, into a server that does not run.
    pub(crate) fn slapadd(&self, file: &str) -> Output {
        assert!(self.process.is_none(), "it runs");
        Command::new(SLAPD)
            .args(["-T", "add", "-b", SUFFIX, "-f"])
            .arg(self.root.path().join("slapd.conf"))
            .arg("-l")
            .arg(self.root.path().join(file))
            .output()
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"))
    }

    /// Returns the content of the tree with all that the server notes of it, as a backup.
    pub(crate) fn slapcat(&self) -> String {
        let output = Command::new(SLAPD)
            .args(["-T", "cat", "-b", SUFFIX, "-f"])
            .arg(self.root.path().join("slapd.conf"))
            .output()
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("LDIF is text")
    }

    /// Puts other content in the place of all that is there, as who restores a backup.
    pub(crate) fn restore(&mut self, backup: &str) {
        self.stop();
        let database = self.root.path().join("db");
        fs::remove_dir_all(&database).expect("removed");
        fs::create_dir(&database).expect("made");
        self.write("backup.ldif", backup);
        let loaded = self.slapadd("backup.ldif");
        assert!(loaded.status.success(), "{loaded:?}");
        self.restart();
    }

    /// Writes a file beside the database and returns its path.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root.path().join(file);
        fs::write(&path, content).expect("writable");
        path
    }

    /// Returns what it said on its standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("stderr")).unwrap_or_default()
    }

    /// Starts it on free ports. Another process may take one between the search for it and the start.
    fn start_somewhere(&mut self) {
        for _ in 0..10 {
            self.ports = (free_port(), free_port());
            self.process = Some(self.spawn());
            if self.becomes_ready() {
                return;
            }
        }
        panic!("it does not start\n{}", self.log());
    }

    fn spawn(&self) -> Child {
        let file = |name: &str| fs::File::create(self.root.path().join(name)).expect("a file");
        let mut urls = self.url();
        if self.tls.is_some() {
            write!(urls, " {}", self.ldaps_url()).expect("written");
        }
        // With a debug level it stays a child of this process.
        Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "--",
                SLAPD,
                "-d",
                "none",
                "-h",
                &urls,
                "-f",
            ])
            .arg(self.root.path().join("slapd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv of util-linux: {error}"))
    }

    /// Waits until it answers a bind, or ends.
    fn becomes_ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let process = self.process.as_mut().expect("just started");
            if process.try_wait().expect("a child").is_some() {
                self.process = None;
                return false;
            }
            if self.client("ldapwhoami", &[], "").status.success() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it answers no bind\n{}", self.log());
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // It is our child until it is waited for, so the id cannot be another's.
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
