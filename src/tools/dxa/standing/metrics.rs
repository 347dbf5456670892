//! How the connections stand, for Prometheus: a text file that the node exporter collects (setting `metrics`), whole or
//! not at all, written at the end of every run that exchanges something.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `dxa_last_success_timestamp_seconds` | `connection` | when a run last came to its end; 0 never |
//! | `dxa_last_failure_timestamp_seconds` | `connection` | when one last did not; 0 never |
//! | `dxa_last_run_timestamp_seconds` | `connection` | when the last run was; 0 never |
//! | `dxa_last_run_exit_code` | `connection` | how it ended |
//! | `dxa_last_run_received_entries` | `connection`, `outcome` | entries that came in, by what became of them |
//! | `dxa_last_run_sent_transactions` | `connection`, `action` | transactions that were made |
//! | `dxa_last_run_skipped_entries` | `connection`, `reason` | entries that stay here |
//! | `dxa_waiting_changes` | `connection` | transactions without confirmation |
//! | `dxa_waiting_messages` | `connection`, `direction` | `incoming`: to be taken, `outgoing`: to be carried |
//! | `dxa_waiting_cycles` | `connection` | cycles that were asked for and follow |
//! | `dxa_sync_number` | `connection`, `number` | `req`, `svr`, `conf`, `imp` |

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;

use crate::directory::ledger::Ledger;
use crate::tools::dxa::config::Config;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::home::Home;
use crate::tools::outfile::OutFile;

use super::history::Ran;
use super::status::{self, Status};

/// Writes the file, if the configuration wants one; returns what is to be said where it cannot be written.
pub(in crate::tools::dxa) fn write(
    config: &Config,
    home: &Home,
    ledger: &mut Ledger,
) -> Option<Event> {
    let path = config.agent.metrics.as_deref()?;
    let all = match status::gather(config, home, Some(ledger)) {
        Ok(all) => all,
        Err(error) => return Some(Event::of_error(&error).with("file", path.display())),
    };
    let error = put(path, &render(&all)).err()?;
    Some(unwritten(path, &error))
}

/// Says that they were not written.
pub(in crate::tools::dxa) fn unwritten(path: &Path, error: &io::Error) -> Event {
    let event = Event::new(Severity::Error, "the metrics were not written").id("DX268");
    let event = event.with("path", path.display());
    // The number that the system gave stands in the text of the error.
    event.with("because", error)
}

pub(in crate::tools::dxa) fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OutFile::create(path)?;
    file.write_all(text.as_bytes())?;
    file.put_in_place()
}

/// All samples of one metric.
pub(in crate::tools::dxa) struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, String)>,
}

impl Family {
    pub(in crate::tools::dxa) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            samples: Vec::new(),
        }
    }

    pub(in crate::tools::dxa) fn add(
        &mut self,
        labels: &[(&'static str, &str)],
        value: impl fmt::Display,
    ) {
        let labels = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.samples.push((labels.collect(), value.to_string()));
    }

    pub(in crate::tools::dxa) fn write(&self, text: &mut String) -> fmt::Result {
        let Self { name, help, .. } = self;
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge")?;
        for (labels, value) in &self.samples {
            let labels = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
            let labels: Vec<_> = labels.collect();
            match labels.is_empty() {
                true => writeln!(text, "{name} {value}")?,
                false => writeln!(text, "{name}{{{}}} {value}", labels.join(","))?,
            }
        }
        Ok(())
    }
}

/// Writes a value of a label as the format wants it.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text
}

/// Writes the metrics of all connections in the text format 0.0.4.
fn render(all: &[Status]) -> String {
    let mut success = Family::new(
        "dxa_last_success_timestamp_seconds",
        "When a run last came to its end, 0 if none ever did.",
    );
    let mut failure = Family::new(
        "dxa_last_failure_timestamp_seconds",
        "When a run last failed, 0 if none ever did.",
    );
    let mut ran = Family::new(
        "dxa_last_run_timestamp_seconds",
        "When the last run was, 0 if there was none.",
    );
    let mut exit = Family::new("dxa_last_run_exit_code", "How the last run ended.");
    let mut received = Family::new(
        "dxa_last_run_received_entries",
        "Entries that came in with the last run, by what became of them.",
    );
    let mut sent = Family::new(
        "dxa_last_run_sent_transactions",
        "Transactions that the last run made, by kind.",
    );
    let mut skipped = Family::new(
        "dxa_last_run_skipped_entries",
        "Entries that stayed here in the last run, by reason.",
    );
    let mut changes = Family::new(
        "dxa_waiting_changes",
        "Transactions that wait for their confirmation.",
    );
    let mut messages = Family::new(
        "dxa_waiting_messages",
        "Messages that wait to be taken (incoming) or to be carried (outgoing).",
    );
    let mut cycles = Family::new(
        "dxa_waiting_cycles",
        "Cycles that were asked for while one ran.",
    );
    let mut numbers = Family::new("dxa_sync_number", "The numbers of the connection.");
    for status in all {
        let of = ("connection", &status.connection[..]);
        success.add(&[of], seconds(status.last_success));
        failure.add(&[of], seconds(status.last_failure.as_ref().map(|f| f.at)));
        let last = status.last_run.as_ref();
        ran.add(&[of], seconds(last.map(|ran| ran.at)));
        if let Some(last) = last {
            exit.add(&[of], last.exit);
            for (outcome, count) in last.received.named() {
                received.add(&[of, ("outcome", outcome)], count);
            }
            for (action, count) in actions(last) {
                sent.add(&[of, ("action", action)], count);
            }
            for (reason, count) in &last.sent.skipped {
                skipped.add(&[of, ("reason", reason)], count);
            }
        }
        changes.add(&[of], status.backlog);
        messages.add(&[of, ("direction", "incoming")], status.incoming);
        messages.add(&[of, ("direction", "outgoing")], status.outgoing);
        cycles.add(&[of], status.queued);
        let shown = status.numbers;
        for (number, value) in [
            ("req", shown.req),
            ("svr", shown.svr),
            ("conf", shown.conf),
            ("imp", shown.imp),
        ] {
            numbers.add(&[of, ("number", number)], value);
        }
    }
    let mut text = String::new();
    for family in [
        success, failure, ran, exit, received, sent, skipped, changes, messages, cycles, numbers,
    ] {
        family.write(&mut text).expect("memory takes everything");
    }
    text
}

fn actions(ran: &Ran) -> [(&'static str, u64); 4] {
    let sent = &ran.sent;
    [
        ("replace", sent.replaced),
        ("delete", sent.deleted),
        ("modify", sent.modified),
        ("add", sent.added),
    ]
}

fn seconds(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::plan::outcome::Counts;
    use crate::tools::dxa::connections::numbers::Shown;
    use crate::tools::dxa::standing::history::{Failure, Sent};

    /// Samples by name and labels.
    type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

    /// Reads the text format 0.0.4, and nothing that deviates from it.
    fn parse(text: &str) -> Samples {
        assert!(text.ends_with('\n'), "the last line has an end");
        let mut found = Samples::new();
        let mut begun = BTreeSet::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let help = line
                .strip_prefix("# HELP ")
                .expect("a family begins with its help");
            let (name, help) = help.split_once(' ').expect("a text");
            let is_name = |name: &str| {
                let mut chars = name.chars();
                chars
                    .next()
                    .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                    && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            assert!(is_name(name) && !help.is_empty(), "{line}");
            assert!(!help.contains('\\'), "{line}");
            assert!(begun.insert(name.to_owned()), "{name} stands together");
            let kind = lines.next().expect("a type");
            assert_eq!(kind, format!("# TYPE {name} gauge"));
            while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
                let rest = sample.strip_prefix(name).expect("a sample of this family");
                let (labels, value) = labels(rest.strip_prefix('{').expect("labels"));
                assert!(labels.keys().all(|label| is_name(label)), "{sample}");
                let value = value.strip_prefix(' ').expect("one blank");
                let value = value.parse().expect("a number");
                let known = found.insert((name.to_owned(), labels), value);
                assert_eq!(known, None, "{sample} is there once");
            }
        }
        found
    }

    /// Reads labels up to the closing brace; returns what follows it.
    fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
        let mut labels = BTreeMap::new();
        let mut rest = text;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label");
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().expect("the value ends") {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().expect("an escape").1 {
                        '\\' => '\\',
                        '"' => '"',
                        'n' => '\n',
                        other => panic!("\\{other}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            assert_eq!(labels.insert(label.to_owned(), value), None, "{label}");
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => return (labels, rest.strip_prefix('}').expect("an end")),
            }
        }
    }

    fn status(connection: &str) -> Status {
        let at = "2026-11-27T10:00:00Z".parse().expect("a moment");
        Status {
            connection: connection.to_owned(),
            role: "requestor",
            address: "NET1/PO1".to_owned(),
            numbers: Shown {
                req: 1,
                svr: 40,
                conf: 39,
                imp: 3,
            },
            backlog: 2,
            is_known: true,
            incoming: 4,
            outgoing: 5,
            queued: 1,
            last_success: Some(at),
            last_failure: Some(Failure {
                at,
                exit: 75,
                why: "gone".to_owned(),
            }),
            is_failing: false,
            last_run: Some(Ran {
                at,
                command: "cycle".to_owned(),
                exit: 1,
                received: Counts {
                    read: 8,
                    added: 7,
                    refused: 1,
                    ..Counts::default()
                },
                sent: Sent {
                    deleted: 3,
                    skipped: BTreeMap::from([("trust".to_owned(), 6)]),
                    ..Sent::default()
                },
            }),
            next: None,
        }
    }

    #[test]
    fn the_text_is_what_the_format_allows_and_says_what_the_status_says() {
        let never = Status {
            last_success: None,
            last_failure: None,
            last_run: None,
            ..status("B")
        };
        let samples = parse(&render(&[status("A"), never]));
        let value = |name: &str, labels: &[(&str, &str)]| {
            let labels = labels
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            samples
                .get(&(format!("dxa_{name}"), labels.collect()))
                .copied()
        };
        let a = ("connection", "A");
        let moment = Some(1_795_773_600.0);
        assert_eq!(value("last_success_timestamp_seconds", &[a]), moment);
        assert_eq!(value("last_failure_timestamp_seconds", &[a]), moment);
        assert_eq!(value("last_run_exit_code", &[a]), Some(1.0));
        let received = |outcome| value("last_run_received_entries", &[a, ("outcome", outcome)]);
        assert_eq!(
            ["added", "refused", "swept"].map(received),
            [7.0, 1.0, 0.0].map(Some)
        );
        let sent = |action| value("last_run_sent_transactions", &[a, ("action", action)]);
        assert_eq!(["delete", "add"].map(sent), [3.0, 0.0].map(Some));
        assert_eq!(
            value("last_run_skipped_entries", &[a, ("reason", "trust")]),
            Some(6.0)
        );
        assert_eq!(value("waiting_changes", &[a]), Some(2.0));
        let messages = |way| value("waiting_messages", &[a, ("direction", way)]);
        assert_eq!(["incoming", "outgoing"].map(messages), [4.0, 5.0].map(Some));
        assert_eq!(value("waiting_cycles", &[a]), Some(1.0));
        let numbers = ["req", "svr", "conf", "imp"];
        let numbers = numbers.map(|number| value("sync_number", &[a, ("number", number)]));
        assert_eq!(numbers, [1.0, 40.0, 39.0, 3.0].map(Some));
        let b = ("connection", "B");
        assert_eq!(value("last_success_timestamp_seconds", &[b]), Some(0.0));
        assert_eq!(value("last_run_exit_code", &[b]), None, "there was none");
    }

    #[test]
    fn no_value_of_a_label_breaks_the_text() {
        for name in ["a\"b", "a\\", "a\\n", "a\nb", "a} 1\n# TYPE x", "ä,b=\"\""] {
            let samples = parse(&render(&[status(name)]));
            let is_it =
                |(_, labels): &(String, BTreeMap<String, String>)| labels["connection"] == name;
            assert!(samples.keys().all(is_it), "{name:?}");
        }
    }

    #[test]
    fn the_documentation_names_every_metric() {
        let text = include_str!("metrics.rs");
        let samples = parse(&render(&[status("A")]));
        let names: BTreeSet<_> = samples.keys().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 11);
        for name in names {
            assert!(text.contains(&format!("//! | `{name}` |")), "{name}");
        }
    }
}
