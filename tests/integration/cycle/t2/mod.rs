//! T2 at the server: `srvmain -r` and `srvmain -t`.

mod answers;
mod foreign_programs;
mod master_list;
mod refused;
mod requests;
mod runs;

use std::sync::{Mutex, OnceLock};

use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::sync_number::SrvSync;
use dirsync::codec::timestamp::Timestamp;

use crate::cycle::site::{Letter, Site};

const D: &str = "NET/D";
const A: &str = "NET/A";
const B: &str = "NET/B";

/// A server with two requestors in step.
pub(super) fn three() -> Site {
    static MADE: OnceLock<Mutex<Site>> = OnceLock::new();
    let make = || {
        let users: [(&str, &[&str]); 3] = [(D, &["Dan"]), (A, &["Ann", "Abe"]), (B, &["Bea"])];
        let site = Site::with_users(&users);
        site.cycle();
        Mutex::new(site)
    };
    Site::copied(&MADE.get_or_init(make).lock().expect("no test holds it"))
}

/// A request in a text of its own, as a program of another make would send it.
pub(super) fn foreign(site: &Site, name: &str, profile: &str, transactions: &str) {
    let mut text = format!(
        "From: someone@example.com\nTo: server@example.com\nSubject: anything\nMessage-ID: <{name}@x>\n\n\
         [dirsync]\n{profile}"
    );
    if !transactions.is_empty() {
        text.push_str("\n[dirsync-transactions]\n");
        text.push_str(transactions);
    }
    site.put_mail(D, name, &text);
}

fn log_has(site: &Site, line: &str) -> bool {
    site.last_log(D, "DIRSYNC").iter().any(|l| l == line)
}

fn reply_to<'l>(letters: &'l [Letter], office: &str) -> &'l Letter {
    let to = format!("PCM:{office}/$SYSTEM");
    letters
        .iter()
        .find(|letter| letter.to() == to)
        .expect("a reply")
}

/// Puts transactions of equal length into MSTTRANS, as if they had come from elsewhere.
fn fill_master(site: &Site, count: u32) -> u64 {
    let mut conf = site.server_config();
    let first = conf.header.srv_sync.0 + 1;
    let mut writer = QueueWriter::new(site.read(D, "GLB/MSTTRANS.GLB"), &Framing::OURS);
    let mut len = 0;
    for n in first..first + count {
        let text = format!("A User {n:06}\tPCM:NET/A/U{n:06}").into_bytes();
        len = 24 + text.len() as u64;
        let record = QueueRecord::transaction(Timestamp(site.now()), n, 0, text);
        writer.write(&record).expect("written");
    }
    site.put(D, "GLB/MSTTRANS.GLB", &writer.finish().expect("written").0);
    conf.header.srv_sync = SrvSync(first + count - 1);
    site.configure_server(|stored| *stored = conf);
    len
}
