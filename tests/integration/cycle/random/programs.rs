//! Runs a program, and looks at what it leaves: how it ended, what it said, the mail it refused, the queues.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::stage::{NAMES, Stage};

/// The system calls that programs are killed at: those that every run makes some of.
const CALLS: [&str; 6] = ["write", "rename", "unlink", "fsync", "fdatasync", "syncfs"];

/// The queues that are looked at.
const QUEUES: [&str; 3] = ["REQTRANS", "SRVTRANS", "MSTTRANS"];

/// How lines of the server begin or go on that say: transactions of a requestor, or of any, are lost.
const LOSSES: [&str; 9] = [
    "were confirmed and are lost here",
    "are missing: the requestor is asked to export",
    "did not come, its list follows",
    "is another transaction than before",
    "were taken and not confirmed to it when a resync raised its number",
    "restored from an old copy; what waits is renumbered",
    "were purged before the lists of this server took them",
    "hold updates that it never sent",
    "it is of an older copy and is emptied",
];

impl Stage {
    /// Runs a program to its end and looks at what it leaves. Returns its summary.
    pub(super) fn run(&mut self, at: usize, program: &str, args: &str) -> Value {
        let name = NAMES[at];
        let log = self.site.read(name, "LOG/DIRSYNC.LOG").len();
        let mends = std::mem::replace(&mut self.is_dirty[at], false);
        let kept = self.site.quarantine(name).len();
        let taken = (at == 0).then(|| self.taken());
        let lost = self.lost;
        let run = self.site.run(name, program, &format!("{args} --json"));
        self.say(|| format!("   {name} {program} {args}: {}", run.exit));
        assert!(
            [0, 1, 4].contains(&run.exit),
            "{name} {program} {args}: {}\n{}\n{}",
            run.exit,
            run.stdout,
            run.stderr
        );
        let json = run.json();
        let messages: Vec<_> = json["messages"].as_array().into_iter().flatten().collect();
        let text = |message: &&Value| message["text"].as_str().map(ToOwned::to_owned);
        let texts: Vec<_> = messages.iter().filter_map(text).collect();
        for text in &texts {
            self.say(|| format!("      {text}"));
            self.note_losses(at, text);
            if program != "admin" {
                let kind = text.chars().filter(|c| !c.is_ascii_digit()).take(50);
                self.count(format!("{program}: {}", kind.collect::<String>()));
            }
        }
        self.count(format!("{program} ends with {}", run.exit));
        assert_eq!(json["exit"], run.exit, "{json}");
        assert!(run.exit == 0 || !texts.is_empty(), "no word: {json}");
        for rest in ["GLB/DIRSYNC.JNL", "GLB/DIRSYNC.TMP"] {
            assert!(!self.site.path(name).join(rest).exists(), "{rest}");
        }
        let added = self.site.read(name, "LOG/DIRSYNC.LOG").split_off(log);
        let added = String::from_utf8(added).expect("a log is UTF-8");
        if matches!(program, "reqmain" | "srvmain") {
            let numbered = messages.iter().filter(|m| !m["number"].is_null());
            for text in numbered.filter_map(text) {
                assert!(
                    added.contains(&visible(&text)),
                    "{text:?} is not logged:\n{added}"
                );
            }
            assert!(run.exit == 0 || complaints(&added) > 0, "{json}\n{added}");
        }
        // What a run before has refused may be put away only now.
        self.look_at_mail(at, &json, kept, mends, &added);
        self.look_at_queues(at);
        if let Some(taken) = taken.filter(|_| program == "srvmain" && !mends) {
            let now = self.taken();
            let is_calm = self.lost == lost;
            // Every number of a requestor becomes one of the server, once; a resync file raises numbers that become none.
            let is_exact = now == taken || self.is_raised && now > taken;
            assert!(!is_calm || is_exact, "{taken} taken twice or lost, {now}");
        }
        self.out_of_step += u64::from(run.exit != 0);
        json
    }

    /// Every message has one fate, and one that was refused is kept, with a line in the log.
    fn look_at_mail(&mut self, at: usize, json: &Value, kept: usize, mends: bool, added: &str) {
        let name = NAMES[at];
        let mail = &json["mail"];
        let count = |what: &str| mail[what].as_u64().unwrap_or_default();
        self.look_for_garbled(at);
        let sum: u64 = ["taken", "duplicates", "refused", "left"]
            .map(count)
            .iter()
            .sum();
        assert_eq!(count("read"), sum, "{json}");
        let quarantine = self.site.quarantine(name);
        let refused = quarantine.len() - kept;
        let counted = count("refused") as usize;
        let agrees = refused == counted || mends && refused > counted;
        assert!(agrees, "{refused} put away: {json}\n{quarantine:?}");
        assert!(counted == 0 || json["exit"] != 0, "{json}");
        assert!(complaints(added) >= refused, "{refused} refused:\n{added}");
        if count("read") > 0 {
            let rest = files(&self.site.path(name).join("MBG/SYSTEM/new"));
            assert_eq!(rest as u64, count("left"), "{json}");
        }
    }

    /// A message whose text was changed on the way is refused, whatever was changed.
    fn look_for_garbled(&mut self, at: usize) {
        let directory = self.site.path(NAMES[at]).join("MBG");
        self.channel.garbled.retain(|(to, name)| {
            let waits = *to != at || directory.join("SYSTEM/new").join(name).exists();
            let is_kept = directory.join("QUARANT/new").join(name).exists();
            assert!(waits || is_kept, "{name} was changed on the way, and taken");
            waits
        });
    }

    /// Returns how far the numbers of all requestors are ahead of that of the server.
    fn taken(&self) -> i64 {
        let conf = self.site.server_config();
        let requestors = conf.requestors.iter();
        let sum: i64 = requestors.map(|record| i64::from(record.req_sync.0)).sum();
        sum - i64::from(conf.header.srv_sync.0)
    }

    fn note_losses(&mut self, at: usize, text: &str) {
        if !LOSSES.iter().any(|words| text.contains(words)) {
            return;
        }
        self.lost += 1;
        let who = NAMES
            .iter()
            .position(|name| text.contains(&format!("PCM:{name}:")));
        match (
            who,
            text.contains("This requestor") || text.contains("this requestor"),
        ) {
            (Some(who), _) => _ = self.losses.insert(who),
            (None, true) => _ = self.losses.insert(at),
            (None, false) => self.losses.extend(0..NAMES.len()),
        }
    }

    /// Kills a program at a system call, if it comes there.
    pub(super) fn kill(&mut self, at: usize, program: &str, args: &str, call: u8, when: u8) {
        let name = NAMES[at];
        let call = CALLS[usize::from(call) % CALLS.len()];
        let when = u32::from(when);
        let killed = self.site.killed(name, program, args, call, when);
        self.say(|| format!("   {name} {program} {args}: killed at {call} {when}: {killed}"));
        self.is_dirty[at] = true;
        let fate = if killed { "killed" } else { "not killed" };
        self.count(format!("{program} {fate}"));
    }

    /// Looks at the queues that have changed since: LISTQ reads them, and their numbers are as promised.
    pub(super) fn look_at_queues(&mut self, at: usize) {
        let name = NAMES[at];
        for queue in QUEUES {
            let bytes = self.site.read(name, &format!("GLB/{queue}.GLB"));
            if self.queues.get(&(at, queue)) == Some(&bytes) {
                continue;
            }
            self.queues.insert((at, queue), bytes);
            if !self
                .site
                .path(name)
                .join(format!("GLB/{queue}.GLB"))
                .exists()
            {
                continue;
            }
            let args = format!("admin -ppw -c -f{queue} --json");
            let json = self.site.run(name, "listq", &args).ends(0).json();
            assert_eq!(json["wrong_checksums"], 0, "{json}");
            let records = json["transactions"].as_array().expect("a list");
            let numbers = records.iter().map(|record| record["sync"].as_u64());
            let numbers: Vec<_> = numbers.map(|number| number.expect("a number")).collect();
            let is_dense = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
            let (first, last) = (numbers.first().copied(), numbers.last().copied());
            match queue {
                "REQTRANS" => {
                    let confirmed = u64::from(self.site.numbers(name).0);
                    assert!(is_dense, "{name} {queue}: {numbers:?}");
                    assert!(
                        first.is_none_or(|first| first <= confirmed + 1),
                        "{name} {queue}: {numbers:?} behind {confirmed}"
                    );
                }
                "MSTTRANS" => {
                    let sync = u64::from(self.site.server_config().header.srv_sync.0);
                    assert!(is_dense, "{name} {queue}: {numbers:?}");
                    assert!(
                        last.is_none_or(|last| last == sync),
                        "{numbers:?} to {sync}"
                    );
                }
                _ => {}
            }
        }
    }

    /// Returns every entry of every list of a postoffice, by `PCM:NET/PO`, as `import -x` extracts them.
    pub(super) fn extract(&self, at: usize) -> BTreeSet<(String, String)> {
        let out = self.site.beside("extract.txt");
        let _ = fs::remove_file(&out); // an extract goes on where the file ends
        let args = format!("admin -ppw -y -x -f{}", out.display());
        self.site.run(NAMES[at], "import", &args).ends(0);
        let text = crate::cycle::site::PAGE.decode(&fs::read(&out).unwrap_or_default());
        let entry = |line: &str| {
            let line = line.strip_prefix("A ").expect("an entry");
            let (name, address) = line.split_once("PCM:").expect("an address");
            (name.trim().to_owned(), format!("PCM:{address}"))
        };
        text.lines().map(entry).collect()
    }
}

/// Returns a text as a log has it, with its control characters as escapes.
fn visible(text: &str) -> String {
    let mut visible = String::new();
    for c in text.chars() {
        match c.is_control() {
            true => visible.extend(c.escape_default()),
            false => visible.push(c),
        }
    }
    visible
}

/// Counts the lines of a log that are worse than a notice.
fn complaints(log: &str) -> usize {
    let is_one = |line: &&str| {
        ["| Error", "| Warning", "| Fatal"]
            .iter()
            .any(|tag| line.contains(tag))
    };
    log.lines().filter(is_one).count()
}

/// Counts the files of a directory that may not be there.
pub(super) fn files(directory: &std::path::Path) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}
