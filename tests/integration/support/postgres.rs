//! A real PostgreSQL on loopback: a cluster of its own in a temporary directory, and a process that ends with the tests.
//!
//! Nothing of the system's own clusters is touched. Making a cluster takes a second or two, so the tests of one process share
//! one, each with a database of its own; whoever stops the server takes one alone.

mod install;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};

use self::install::{binary, unprivileged, unprivileged_command};
use super::slapd::tls;

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the server, and stops it by its id when told so, or when whoever started it is gone; then nothing is left of it.
/// `sh` reaps it only there, so that the id cannot be another's.
const KEEPER: &str = r#"
root=$1; shift
"$@" 2>&1 </dev/null &
server=$!
exec >/dev/null 2>&1
read -r word
case $word in
    crash) kill -QUIT $server ;;
    *) kill -INT $server ;;
esac
wait $server
[ -n "$word" ] || rm -rf "$root"
"#;

/// A server and its cluster.
pub(crate) struct Server {
    root: PathBuf,
    port: u16,
    password: String,
    keeper: Option<Child>,
    log: Arc<Mutex<String>>,
    admin: Mutex<Option<Client>>,
}

impl Server {
    /// The one that the tests of this process share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one, and returns when it answers. It takes encrypted connections and others.
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory").keep();
        let password = root.file_name().expect("a name").to_str().expect("text");
        let mut server = Self {
            password: password.replace('.', ""),
            port: 0,
            keeper: None,
            log: Arc::default(),
            admin: Mutex::default(),
            root,
        };
        server.make_cluster();
        // Another process may take the port between the search for it and the start.
        let started = (0..10).any(|_| {
            server.port = free_port();
            server.spawn()
        });
        assert!(started, "it does not start\n{}", server.log());
        server.run(&format!(
            "CREATE ROLE hub LOGIN PASSWORD '{}'",
            server.password
        ));
        server
    }

    fn make_cluster(&self) {
        tls::make(&self.root, "127.0.0.1");
        fs::write(self.root.join("password"), &self.password).expect("written");
        let key = self.root.join("server.key");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("ours");
        if let Some((user, group)) = unprivileged() {
            for file in ["", "password", "server.key", "server.pem"] {
                chown(self.root.join(file), Some(user), Some(group)).expect("given away");
            }
        }
        let made = unprivileged_command(&binary("initdb"))
            .args(["--username=admin", "--auth=scram-sha-256", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .arg(self.argument("--pwfile=", "password"))
            .arg(self.argument("--pgdata=", "data"))
            .current_dir("/")
            .output()
            .unwrap_or_else(|error| panic!("setpriv of util-linux: {error}"));
        assert!(made.status.success(), "{made:?}");
    }

    fn argument(&self, start: &str, file: &str) -> String {
        format!("{start}{}", self.root.join(file).display())
    }

    /// Starts the process; `false` where it ends instead.
    fn spawn(&mut self) -> bool {
        let mut keeper = unprivileged_command(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "sh"])
            .arg(&self.root)
            .arg(binary("postgres"))
            .arg("-D")
            .arg(self.root.join("data"))
            .args(["-c", "listen_addresses=127.0.0.1", "-c"])
            .arg(format!("port={}", self.port))
            .arg("-c")
            .arg(self.argument("unix_socket_directories=", ""))
            .args(["-c", "ssl=on", "-c"])
            .arg(self.argument("ssl_cert_file=", "server.pem"))
            .arg("-c")
            .arg(self.argument("ssl_key_file=", "server.key"))
            // What it wrote survives its own end, but not the machine's.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=32MB"])
            .current_dir("/")
            // A signal from the terminal is not for it: it would end before it has tidied up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv of util-linux: {error}"));
        let says = self.listen(keeper.stdout.take().expect("a pipe"));
        self.keeper = Some(keeper);
        loop {
            match says.recv_timeout(PATIENCE) {
                Ok(line) if line.contains("ready to accept connections") => return true,
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    self.end("again");
                    return false;
                }
                Err(error) => panic!("{error}\n{}", self.log()),
            }
        }
    }

    /// Takes down what it says, line by line, until it ends.
    fn listen(&self, output: std::process::ChildStdout) -> Receiver<String> {
        let (into, says) = mpsc::channel();
        let log = Arc::clone(&self.log);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                writeln!(log.lock().expect("whole"), "{line}").expect("written");
                // Nobody listens behind the start.
                let _ = into.send(line);
            }
        });
        says
    }

    fn end(&mut self, word: &str) {
        *self.admin.lock().expect("whole") = None;
        if let Some(mut keeper) = self.keeper.take() {
            let mut stdin = keeper.stdin.take().expect("a pipe");
            let _ = writeln!(stdin, "{word}");
            drop(stdin);
            let _ = keeper.wait();
        }
    }

    /// Stops it in an orderly way, as for an update.
    pub(crate) fn stop(&mut self) {
        self.end("stop");
    }

    /// Stops it where it stands: what it knows of the end of a change is in its log alone.
    pub(crate) fn crash(&mut self) {
        self.end("crash");
    }

    /// Starts it again on the same port after [`stop`](Self::stop) or [`crash`](Self::crash).
    pub(crate) fn restart(&mut self) {
        assert!(self.keeper.is_none(), "it runs");
        assert!(self.spawn(), "it does not start\n{}", self.log());
    }

    /// Makes an empty database, which belongs to the role `hub`.
    pub(crate) fn database(&self) -> Database {
        self.database_with("")
    }

    /// The same with options, for instance `ENCODING 'LATIN1'`.
    pub(crate) fn database_with(&self, options: &str) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!(
            "CREATE DATABASE {name} OWNER hub TEMPLATE template0 {options}"
        ));
        Database {
            port: self.port,
            password: self.password.clone(),
            root: self.root.clone(),
            name,
        }
    }

    /// Does something as the superuser, outside of any database of a test.
    pub(crate) fn run(&self, sql: &str) {
        let mut admin = self.admin.lock().expect("whole");
        let admin = admin.get_or_insert_with(|| connect(self.port, &self.password, "postgres"));
        let done = admin.batch_execute(sql);
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}\n{}", self.log()));
    }

    /// Returns what it said.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("whole").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Without a word nothing is left.
        let was_stopped = self.keeper.is_none();
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
        if was_stopped {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// A database of a test.
pub(crate) struct Database {
    port: u16,
    password: String,
    root: PathBuf,
    name: String,
}

impl Database {
    /// Returns its address for the role `hub`, without password and without encryption.
    pub(crate) fn url(&self) -> String {
        self.url_with("sslmode=disable")
    }

    /// The same with other options.
    pub(crate) fn url_with(&self, options: &str) -> String {
        let Self { port, name, .. } = self;
        format!("postgresql://hub@127.0.0.1:{port}/{name}?{options}")
    }

    /// Returns its address by the socket.
    pub(crate) fn socket_url(&self, options: &str) -> String {
        let directory = self.root.display().to_string().replace('/', "%2F");
        let Self { port, name, .. } = self;
        format!("postgresql://hub@{directory}:{port}/{name}?{options}")
    }

    /// Returns the password of `hub`, and of the superuser.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Returns the file with the certificate that vouches for the server.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// Connects as the superuser.
    pub(crate) fn admin(&self) -> Client {
        connect(self.port, &self.password, &self.name)
    }

    /// Does something as the superuser.
    pub(crate) fn run(&self, sql: &str) {
        let done = self.admin().batch_execute(sql);
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Alters it, for instance with `SET search_path = nowhere`.
    pub(crate) fn alter(&self, how: &str) {
        self.run(&format!("ALTER DATABASE {} {how}", self.name));
    }

    /// Returns the number that a question has for an answer.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let row = self.admin().query_one(sql, &[]);
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .get(0)
    }

    /// Waits until a question has this number for an answer.
    #[track_caller]
    pub(crate) fn wait_for(&self, sql: &str, number: i64) {
        let mut admin = self.admin();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let row = admin.query_one(sql, &[]);
            let found: i64 = row
                .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
                .get(0);
            if found == number {
                return;
            }
            thread::yield_now();
        }
        panic!("never {number}: {sql}");
    }

    /// Ends the connections of `hub` to it, as an administrator does who does not ask.
    pub(crate) fn cut_off(&self) {
        let cut = self.count(&format!(
            "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
             WHERE usename = 'hub' AND datname = '{}'",
            self.name
        ));
        assert!(cut > 0, "nobody is connected");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It may be gone together with its server.
        if let Ok(mut admin) = try_connect(self.port, &self.password, "postgres") {
            let _ = admin.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn connect(port: u16, password: &str, database: &str) -> Client {
    try_connect(port, password, database).unwrap_or_else(|error| panic!("{error:?}"))
}

fn try_connect(port: u16, password: &str, database: &str) -> Result<Client, postgres::Error> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).dbname(database);
    config.user("admin").password(password);
    config.connect(NoTls)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
