//! The mail between the postoffices, and what happens to it.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::event::Fate;
use super::stage::NAMES;
use crate::cycle::site::Site;

/// A message on its way.
#[derive(Debug, Clone)]
struct Post {
    to: usize,
    name: String,
    bytes: Vec<u8>,
}

/// What travels.
#[derive(Debug, Default)]
pub(super) struct Channel {
    travelling: Vec<Post>,
    /// Messages that have arrived.
    arrived: u32,
    /// Messages whose text was changed and that nobody has read yet: for whom, and the name of the file.
    pub(super) garbled: Vec<(usize, String)>,
}

impl Channel {
    /// Takes what the postoffices have sent; notes to people go nowhere.
    pub(super) fn collect(&mut self, site: &Site) {
        for name in NAMES {
            for letter in site.outgoing(name) {
                let bytes = fs::read(&letter.path).expect("readable");
                fs::remove_file(&letter.path).expect("removed");
                let to = &letter.mail.envelope.to;
                if !to.is_system() {
                    continue;
                }
                let place = letter.to();
                let to = NAMES.iter().position(|name| place.contains(name));
                let file = letter.path.file_name().expect("a name");
                self.travelling.push(Post {
                    to: to.expect("one of ours"),
                    name: file.to_str().expect("text").to_owned(),
                    bytes,
                });
            }
        }
    }

    /// Lets every message meet its fate; returns lines for the trace.
    pub(super) fn deliver(&mut self, site: &Site, fates: &[Fate], is_turned: bool) -> Vec<String> {
        let mut posts = std::mem::take(&mut self.travelling);
        if is_turned {
            posts.reverse();
        }
        let mut trace = Vec::new();
        for (mut post, fate) in posts.into_iter().zip(fates.iter().cycle()) {
            trace.push(format!("   {} for {}: {fate:?}", post.name, NAMES[post.to]));
            let place = |at: u16| post.bytes.len() * usize::from(at) / 65536;
            match *fate {
                Fate::Arrives => _ = self.put(site, &post),
                Fate::Lost => {}
                Fate::Doubled => {
                    self.put(site, &post);
                    self.travelling.push(post);
                }
                Fate::Late => self.travelling.push(post),
                Fate::Cut(at) => {
                    let len = place(at);
                    post.bytes.truncate(len);
                    self.put(site, &post);
                }
                Fate::Flipped(at, bit) => {
                    let at = place(at);
                    post.bytes[at] ^= 1 << bit;
                    self.put(site, &post);
                }
                Fate::Garbled(at) => {
                    let is_garbled = garble(&mut post.bytes, at);
                    let name = self.put(site, &post);
                    if is_garbled {
                        self.garbled.push((post.to, name));
                    }
                }
            }
        }
        trace
    }

    /// Puts a message into its mailbag, a second after the one before.
    /// Returns the name of its file.
    fn put(&mut self, site: &Site, post: &Post) -> String {
        self.arrived += 1;
        let directory = site.path(NAMES[post.to]).join("MBG/SYSTEM/new");
        fs::create_dir_all(&directory).expect("writable");
        let name = format!("{:06}.{}", self.arrived, post.name);
        let path = directory.join(&name);
        fs::write(&path, &post.bytes).expect("written");
        let file = File::options().append(true).open(path).expect("there");
        let seconds = u64::from(site.now()) + u64::from(self.arrived);
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_modified(moment).expect("set");
        name
    }
}

/// Changes a digit between `[DIRSYNC]` and the end of that part; returns whether there was one.
fn garble(bytes: &mut [u8], at: u16) -> bool {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|w| w == what);
    let Some(start) = find(bytes, b"[DIRSYNC]") else {
        return false;
    };
    let len = find(&bytes[start..], b"\n--").unwrap_or(bytes.len() - start);
    let text = &mut bytes[start..start + len];
    let mut digits: Vec<_> = text
        .iter_mut()
        .filter(|byte| byte.is_ascii_digit())
        .collect();
    let count = digits.len();
    match digits.get_mut(usize::from(at) % count.max(1)) {
        Some(digit) => **digit = b'0' + (**digit - b'0' + 1) % 10,
        None => return false,
    }
    true
}
