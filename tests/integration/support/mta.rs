//! A real mail system on loopback: Postfix with a configuration, a queue and processes of its own.
//!
//! Nothing of the system's own Postfix is touched: configuration, spool, data and log lie in a temporary directory, the port is
//! a free one of 127.0.0.1, and the processes end with the one that is started here, by its id.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long the mail system may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian puts the programs.
const DAEMONS: &str = "/usr/lib/postfix/sbin";

const MISSING: &str = "these tests need a real mail system: run `apt-get install --no-install-recommends postfix` (no \
    configuration is needed), and run them as root, since Postfix starts under no other user";

/// The user that messages are delivered as: `nobody`.
const DELIVERS_AS: u32 = 65534;

/// A running Postfix.
pub(crate) struct Mta {
    root: tempfile::TempDir,
    port: u16,
    master: Child,
}

impl Mta {
    /// Starts one that delivers the mail of each address into a Maildir, which is made. Other addresses are unknown.
    pub(crate) fn start(mailboxes: &[(&str, &Path)]) -> Self {
        let programs = ["master", "smtpd", "cleanup", "qmgr", "virtual"];
        let installed = programs.iter().all(|p| Path::new(DAEMONS).join(p).exists());
        let mail_owner = user_id("postfix");
        assert!(
            installed && mail_owner.is_some() && rustix::process::geteuid().is_root(),
            "{MISSING}"
        );
        let root = tempfile::tempdir().expect("a temporary directory");
        open_to_all(root.path());
        for directory in ["etc", "spool", "data"] {
            fs::create_dir(root.path().join(directory)).expect("a directory");
        }
        chown(root.path().join("data"), mail_owner, None).expect("owned by postfix");
        let port = free_port();
        let table: String = mailboxes
            .iter()
            .map(|(address, maildir)| {
                make_maildir(maildir);
                format!("{address} {}/\n", maildir.display())
            })
            .collect();
        let write = |name: &str, text: &str| fs::write(root.path().join("etc").join(name), text);
        write("boxes", &table).expect("written");
        write("main.cf", &main_cf(root.path())).expect("written");
        write("master.cf", &master_cf(port)).expect("written");
        make_queue(root.path());
        let master = Command::new(Path::new(DAEMONS).join("master"))
            .arg("-d") // stay a child of this process
            .process_group(0) // it ends its own processes as a group
            .arg("-c")
            .arg(root.path().join("etc"))
            .env("MAIL_CONFIG", root.path().join("etc"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(root.path().join("stderr")).expect("a file"))
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
        let mta = Self { root, port, master };
        mta.wait_for_greeting();
        mta
    }

    /// Returns `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Writes a program that behaves as this mail system's `sendmail`, and returns its path.
    pub(crate) fn sendmail(&self) -> PathBuf {
        let path = self.root.path().join("sendmail");
        let config = self.root.path().join("etc");
        let script = format!(
            "#!/bin/sh\nexport MAIL_CONFIG={0}\nexec /usr/sbin/sendmail -C {0} \"$@\"\n",
            config.display()
        );
        fs::write(&path, script).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    /// Waits until a Maildir holds this many messages in `new`.
    #[track_caller]
    pub(crate) fn wait_for(&self, maildir: &Path, count: usize) {
        let start = Instant::now();
        loop {
            let found = fs::read_dir(maildir.join("new")).map_or(0, Iterator::count);
            if found >= count {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{found} of {count} messages in {}\n{}",
                maildir.display(),
                self.log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns what it logged.
    pub(crate) fn log(&self) -> String {
        ["log", "stderr"]
            .map(|name| fs::read_to_string(self.root.path().join(name)).unwrap_or_default())
            .concat()
    }

    fn wait_for_greeting(&self) {
        let start = Instant::now();
        loop {
            if self.greets() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no greeting\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn greets(&self) -> bool {
        let Ok(stream) = TcpStream::connect(self.address()) else {
            return false;
        };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        let greeted = reader.read_line(&mut line).is_ok() && line.starts_with("220 ");
        let _ = (&stream).write_all(b"QUIT\r\n");
        greeted
    }
}

impl Drop for Mta {
    fn drop(&mut self) {
        // TERM makes the master end its own processes first; it is our child, so the id cannot be another's.
        let id = rustix::process::Pid::from_child(&self.master);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if matches!(self.master.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.master.kill();
        let _ = self.master.wait();
    }
}

/// Makes the directories of the queue.
fn make_queue(root: &Path) {
    let output = Command::new("/usr/sbin/postfix")
        .arg("-c")
        .arg(root.join("etc"))
        .arg("check")
        .output()
        .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
    assert!(output.status.success(), "postfix check: {output:?}");
}

/// Makes a Maildir that the mail system may write into, and lets it through the directories above.
fn make_maildir(maildir: &Path) {
    for part in ["", "tmp", "new", "cur"] {
        let path = maildir.join(part);
        fs::create_dir_all(&path).expect("a directory");
        chown(&path, Some(DELIVERS_AS), None).expect("owned by nobody");
    }
    for directory in maildir.ancestors().skip(1) {
        if directory.starts_with(std::env::temp_dir()) && directory != std::env::temp_dir() {
            open_to_all(directory);
        }
    }
}

fn open_to_all(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("permissions");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn user_id(name: &str) -> Option<u32> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

fn main_cf(root: &Path) -> String {
    let root = root.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = {DAEMONS}
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
myhostname = mta.test
mydomain = test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost =
default_transport = error:this mail system sends nothing to the outside
local_recipient_maps =
alias_maps =
alias_database =
maillog_file = {root}/log
maillog_file_prefixes = {root}
virtual_mailbox_domains = po.test
virtual_mailbox_base = /
virtual_mailbox_maps = texthash:{root}/etc/boxes
virtual_minimum_uid = 100
virtual_uid_maps = static:{DELIVERS_AS}
virtual_gid_maps = static:{DELIVERS_AS}
virtual_mailbox_limit = 0
message_size_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
"
    )
}

fn master_cf(port: u16) -> String {
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}
