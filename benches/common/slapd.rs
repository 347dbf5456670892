//! A directory server for the benchmarks, and the usual clients beside it.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dirsync::directory::schema;

/// The password of `cn=admin` of every tree.
pub(crate) const PASSWORD: &str = "bench";

/// A server of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    folder: PathBuf,
}

impl Server {
    /// Starts one with a tree `o=NAME` for each name, which has nothing in it.
    pub(crate) fn start(folder: &Path, names: &[&str]) -> Self {
        let shown = folder.display();
        let mut text = format!(
            "modulepath /usr/lib/ldap\nmoduleload back_mdb\ninclude /etc/ldap/schema/core.schema\n\
             include /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n\
             include {shown}/dirsync.schema\npidfile {shown}/pid\nsizelimit unlimited\n"
        );
        for name in names {
            fs::create_dir_all(folder.join(name)).expect("a folder");
            let _ = write!(
                text,
                "database mdb\nmaxsize 4294967296\nsuffix \"o={name}\"\nrootdn \"cn=admin,o={name}\"\n\
                 rootpw {PASSWORD}\ndirectory {shown}/{name}\nindex objectClass,syncKey,syncAddress,mail eq\n\
                 index syncProxyPrimary,syncProxySecondary,syncImportedFrom eq\n"
            );
        }
        let config = folder.join("slapd.conf");
        fs::write(&config, text).expect("written");
        fs::write(folder.join("dirsync.schema"), schema::SCHEMA).expect("written");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let url = format!("ldap://127.0.0.1:{port}");
        let child = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-h", &url, "-f"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd starts");
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "slapd does not answer"
            );
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            url,
            folder: folder.to_owned(),
        }
    }

    fn command(&self, program: &str, admin: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-x", "-H", &self.url, "-D", admin, "-w", PASSWORD]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Has a client apply LDIF; returns how long that took.
    pub(crate) fn client(&self, program: &str, admin: &str, ldif: &str) -> Duration {
        let file = self.folder.join("input.ldif");
        fs::write(&file, ldif).expect("written");
        let start = Instant::now();
        let status = self.command(program, admin).arg("-f").arg(&file).status();
        assert!(status.is_ok_and(|status| status.success()), "{program}");
        start.elapsed()
    }

    /// Has a client read what a filter holds for, by pages; returns how long that took.
    pub(crate) fn search(&self, admin: &str, base: &str, filter: &str) -> Duration {
        let start = Instant::now();
        let mut command = self.command("ldapsearch", admin);
        command.args(["-E", "pr=500/noprompt", "-b", base, filter]);
        assert!(
            command.status().is_ok_and(|status| status.success()),
            "ldapsearch"
        );
        start.elapsed()
    }

    /// Counts what a filter holds for.
    pub(crate) fn count(&self, admin: &str, base: &str, filter: &str) -> usize {
        let mut command = self.command("ldapsearch", admin);
        command.args(["-LLL", "-E", "pr=500/noprompt", "-b", base, filter, "1.1"]);
        let output = command.stdout(Stdio::piped()).output().expect("ldapsearch");
        assert!(output.status.success(), "ldapsearch");
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().filter(|line| line.starts_with("dn:")).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
