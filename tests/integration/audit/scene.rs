//! Sides as files, and the program on them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use dirsync::codec::codepage::CodePage;
use serde_json::Value;

use crate::support::{Run, queue_bytes, resync_bytes, resync_header, run};

/// A place for files.
pub(super) struct Scene {
    place: tempfile::TempDir,
}

/// What an audit said.
pub(super) struct Audited {
    pub(super) exit: i32,
    /// The summary.
    pub(super) summary: Value,
    /// The lines of the report, but for what is equal, of which there may be very many.
    pub(super) lines: Vec<Value>,
    equal_count: u64,
}

impl Scene {
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        Self { place }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("writable");
        path
    }

    /// Writes import text in code page 850.
    pub(super) fn text(&self, name: &str, text: &str) -> PathBuf {
        let text = text.replace('\n', "\r\n");
        self.write(name, CodePage::Cp850.encode(&text).expect("in the page"))
    }

    /// Writes a queue; `\t` parts name and address.
    pub(super) fn queue(&self, name: &str, transactions: &[(u32, &str)]) -> PathBuf {
        self.write(name, queue_bytes(transactions))
    }

    /// Writes a resync file of NET/SRV with these REQSEQ, SRVSEQ and IMPSEQ.
    pub(super) fn resync(&self, name: &str, numbers: [u32; 3], transactions: &[&str]) -> PathBuf {
        let header = resync_header(numbers[0], numbers[1], numbers[2], 5);
        self.write(name, resync_bytes(&header, transactions))
    }

    /// Runs the program on two sides; more arguments are parted by blanks, and `{}` is this place.
    pub(super) fn run(&self, a: &str, b: &str, more: &str) -> Run {
        let place = self.place.path().display().to_string();
        let mut args = vec![a.to_owned(), b.to_owned()];
        args.extend(more.split_whitespace().map(|arg| arg.replace("{}", &place)));
        let directory = self.place.path().to_owned();
        run("audit", args, |command| {
            command.current_dir(directory);
        })
    }

    /// Compares two sides by their names in this place.
    pub(super) fn audit(&self, a: &str, b: &str, more: &str) -> Audited {
        let report = self.path("report.jsonl");
        let ran = self.run(
            a,
            b,
            &format!("--json --report {} {more}", report.display()),
        );
        Audited::read(&ran, &report)
    }
}

impl Audited {
    pub(super) fn read(ran: &Run, report: &Path) -> Self {
        assert_eq!(
            ran.stdout.lines().count(),
            1,
            "{}\n{}",
            ran.stdout,
            ran.stderr
        );
        let file = fs::File::open(report).expect("a report");
        let (mut lines, mut equal_count) = (Vec::new(), 0);
        for line in BufReader::new(file).lines() {
            let line = line.expect("text");
            match line.contains(r#""outcome":"equal""#) {
                true => equal_count += 1,
                false => lines.push(serde_json::from_str::<Value>(&line).expect("JSON")),
            }
        }
        let summary = lines.pop().expect("a summary");
        assert_eq!(summary, ran.json(), "the summary is the last line");
        let audited = Self {
            exit: ran.exit,
            summary,
            lines,
            equal_count,
        };
        audited.check_counts();
        audited
    }

    /// The counts add up, and each is the number of lines with its name (NT-01).
    fn check_counts(&self) {
        let count = |path: &str| self.count(path);
        let sum = |path: &str| {
            let counts = self.summary.pointer(path).expect(path);
            let counts = counts.as_object().expect("counts").values();
            counts.map(|n| n.as_u64().expect("a number")).sum::<u64>()
        };
        for side in ["a", "b"] {
            let left_out =
                ["excluded", "withheld", "refused"].map(|w| sum(&format!("/{side}/{w}")));
            assert_eq!(
                count(&format!("/{side}/read")),
                count(&format!("/{side}/entries"))
                    + count(&format!("/{side}/superseded"))
                    + left_out.iter().sum::<u64>(),
                "{}",
                self.summary
            );
        }
        let both = count("/equal") + count("/altered");
        let of_a = both + count("/missing") + count("/duplicated/a");
        let of_b = both + count("/extra") + count("/kept") + count("/duplicated/b");
        assert_eq!((count("/a/entries"), count("/b/entries")), (of_a, of_b));
        let lines = |word: &str| self.of(word).len() as u64;
        assert_eq!(self.equal_count, count("/equal"));
        for word in ["altered", "missing", "extra", "kept", "stale", "gap"] {
            assert_eq!(lines(word), count(&format!("/{word}")), "{word}");
        }
        assert_eq!(lines("pair"), count("/pairs"));
        for word in ["refused", "excluded", "withheld"] {
            let counted = sum(&format!("/a/{word}")) + sum(&format!("/b/{word}"));
            assert_eq!(lines(word), counted, "{word}");
        }
    }

    #[track_caller]
    pub(super) fn count(&self, path: &str) -> u64 {
        let found = self.summary.pointer(path).and_then(Value::as_u64);
        found.unwrap_or_else(|| panic!("{path}: {}", self.summary))
    }

    /// Returns the lines of an outcome.
    pub(super) fn of(&self, outcome: &str) -> Vec<&Value> {
        let lines = self.lines.iter();
        lines.filter(|line| line["outcome"] == outcome).collect()
    }

    /// Returns the keys of an outcome.
    pub(super) fn keys(&self, outcome: &str) -> Vec<&str> {
        let lines = self.of(outcome).into_iter();
        lines
            .map(|line| line["entry"].as_str().expect("text"))
            .collect()
    }

    /// Returns everything that was found: outcome, key, reason, and what differs.
    pub(super) fn found(&self) -> Vec<String> {
        self.lines.iter().map(shown).collect()
    }

    #[track_caller]
    pub(super) fn ends(self, exit: i32, state: &str) -> Self {
        assert_eq!(self.exit, exit, "{}\n{:#?}", self.summary, self.found());
        assert_eq!(self.summary["state"], state, "{}", self.summary);
        assert_eq!(self.summary["exit"], exit);
        self
    }
}

/// `altered MS:N/P/BOB name A|B`, `duplicated B MS:N/P/BOB address-duplicate`.
fn shown(line: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = vec![text(&line["outcome"]), text(&line["side"]).to_uppercase()];
    words.push(text(&line["entry"]));
    words.push(text(&line["reason"]));
    for difference in line["differences"].as_array().into_iter().flatten() {
        let values = |side: &str| {
            let values = difference[side].as_array().expect("values").iter();
            values.map(text).collect::<Vec<_>>().join(";")
        };
        let attribute = text(&difference["attribute"]);
        words.push(format!("{attribute} {}|{}", values("a"), values("b")));
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}
