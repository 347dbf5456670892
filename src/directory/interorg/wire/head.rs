//! The head of a message.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::super::master::Progress;
use super::super::number::{Epoch, Receipt, Span, Usn};
use super::super::unit::{Answer, Applied, Request};
use super::fault::{WireFault, start};

/// First line of every head.
const MARK: &str = "[INTERORG]";

/// Lines of a head at most.
const MAX_LINES: usize = 64;

/// What a message holds: without the changes, which stand in a table of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Of a branch.
    Request(Request),
    /// Of the hub.
    Answer(Answer),
}

/// One part of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The head, the tables empty.
    pub unit: Unit,
    /// Which part, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Changes in this part.
    pub changes: usize,
    /// Rows of the table of what was withheld.
    pub withheld: usize,
}

impl Unit {
    /// Returns the id of the message.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Request(request) => &request.id,
            Self::Answer(answer) => &answer.id,
        }
    }

    /// Returns the name of the branch.
    #[must_use]
    pub fn branch(&self) -> &str {
        match self {
            Self::Request(request) => &request.branch,
            Self::Answer(answer) => &answer.branch,
        }
    }
}

impl Part {
    /// Writes the head.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{MARK}\r\n");
        let mut put = |key: &str, value: &dyn Display| {
            let _ = write!(text, "{key}={value}\r\n");
        };
        let task = match &self.unit {
            Unit::Request(_) => "REQUEST",
            Unit::Answer(_) => "ANSWER",
        };
        put("TASK", &task);
        put("ID", &self.unit.id());
        put("BRANCH", &self.unit.branch());
        match &self.unit {
            Unit::Request(request) => {
                put_numbers(&mut put, &request.epoch, request.span, request.is_full);
                let applied = &request.applied;
                if let Some(epoch) = &applied.epoch {
                    put("APPLIED-EPOCH", epoch);
                }
                put("APPLIED-USN", &applied.usn);
                if let Some(receipt) = &applied.receipt {
                    put("APPLIED-RECEIPT", receipt);
                }
                put("EARLIER", &request.earlier.join(" "));
            }
            Unit::Answer(answer) => {
                put("ANSWERS", &answer.answers);
                put_numbers(&mut put, &answer.epoch, answer.span, answer.is_full);
                put("RECEIPT", &answer.receipt);
                if let Some(taken) = &answer.taken {
                    put("TAKEN-EPOCH", &taken.epoch);
                    put("TAKEN-USN", &taken.usn);
                    put("TAKEN-BY", &taken.by);
                }
                put("WANTS-ALL", &word(answer.wants_all));
                let earlier: Vec<_> = answer.earlier.iter().map(|r| r.0.as_str()).collect();
                put("EARLIER", &earlier.join(" "));
            }
        }
        put("PART", &format_args!("{}/{}", self.number, self.of));
        put("CHANGES", &self.changes);
        put("WITHHELD", &self.withheld);
        text
    }

    /// Reads a head. Lines behind it that it does not know are an error: a message is taken as it was meant, or not at all.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, WireFault> {
        let mut lines = Lines::parse(text)?;
        let task = lines.take("TASK")?;
        let id = lines.word("ID")?;
        let branch = lines.take("BRANCH")?.to_uppercase();
        let epoch = lines.epoch("EPOCH")?;
        let span = Span {
            after: lines.usn("AFTER")?,
            upto: lines.usn("UPTO")?,
        };
        let is_full = lines.flag("FULL")?;
        let earlier: Vec<String> = lines
            .take("EARLIER")?
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let unit = match task.as_str() {
            "REQUEST" => Unit::Request(Request {
                id,
                branch,
                earlier,
                epoch,
                span,
                is_full,
                applied: Applied {
                    epoch: lines.maybe("APPLIED-EPOCH", Lines::epoch)?,
                    usn: lines.usn("APPLIED-USN")?,
                    receipt: lines.maybe("APPLIED-RECEIPT", Lines::word)?.map(Receipt),
                },
                changes: Vec::new(),
                withheld: Vec::new(),
            }),
            "ANSWER" => Unit::Answer(Answer {
                id,
                branch,
                answers: lines.word("ANSWERS")?,
                epoch,
                span,
                is_full,
                receipt: Receipt(lines.word("RECEIPT")?),
                earlier: earlier.into_iter().map(Receipt).collect(),
                taken: lines.maybe("TAKEN-EPOCH", |lines, key| {
                    Ok(Progress {
                        epoch: lines.epoch(key)?,
                        usn: lines.usn("TAKEN-USN")?,
                        by: lines.word("TAKEN-BY")?,
                    })
                })?,
                wants_all: lines.flag("WANTS-ALL")?,
                changes: Vec::new(),
                refused: Vec::new(),
            }),
            _ => {
                return Err(WireFault::Value {
                    key: "TASK",
                    found: start(&task),
                    expected: "REQUEST or ANSWER",
                });
            }
        };
        let part = lines.take("PART")?;
        let numbers = part.split_once('/').and_then(|(number, of)| {
            let (number, of): (usize, usize) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some((number, of))
        });
        let Some((number, of)) = numbers else {
            return Err(WireFault::Value {
                key: "PART",
                found: start(&part),
                expected: "n/m",
            });
        };
        let changes = lines.count("CHANGES")?;
        let withheld = lines.count("WITHHELD")?;
        lines.end()?;
        Ok(Self {
            unit,
            number,
            of,
            changes,
            withheld,
        })
    }
}

fn put_numbers(put: &mut dyn FnMut(&str, &dyn Display), epoch: &Epoch, span: Span, is_full: bool) {
    put("EPOCH", epoch);
    put("AFTER", &span.after);
    put("UPTO", &span.upto);
    put("FULL", &word(is_full));
}

fn word(flag: bool) -> &'static str {
    if flag { "YES" } else { "NO" }
}

/// The lines of a head, by key.
struct Lines(BTreeMap<String, (usize, String)>);

impl Lines {
    fn parse(text: &str) -> Result<Self, WireFault> {
        let mut lines = BTreeMap::new();
        let mut numbered = text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty());
        let first = numbered.next();
        if first.is_none_or(|(_, line)| line != MARK) {
            let (line, found) = first.unwrap_or((1, ""));
            return Err(WireFault::Line {
                line,
                found: start(found),
                expected: "[INTERORG]",
            });
        }
        for (line, found) in numbered {
            let bad = |expected| WireFault::Line {
                line,
                found: start(found),
                expected,
            };
            let (key, value) = found.split_once('=').ok_or_else(|| bad("KEY=value"))?;
            if lines.len() == MAX_LINES {
                return Err(bad("no more lines"));
            }
            let before = lines.insert(key.to_owned(), (line, value.to_owned()));
            if before.is_some() {
                return Err(bad("each line once"));
            }
        }
        Ok(Self(lines))
    }

    fn take(&mut self, key: &'static str) -> Result<String, WireFault> {
        let found = self.0.remove(key);
        found.map(|(_, value)| value).ok_or(WireFault::Missing(key))
    }

    fn maybe<T>(
        &mut self,
        key: &'static str,
        take: impl FnOnce(&mut Self, &'static str) -> Result<T, WireFault>,
    ) -> Result<Option<T>, WireFault> {
        match self.0.contains_key(key) {
            true => take(self, key).map(Some),
            false => Ok(None),
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, WireFault> {
        let value = self.take(key)?;
        read(&value).ok_or_else(|| WireFault::Value {
            key,
            found: start(&value),
            expected,
        })
    }

    fn word(&mut self, key: &'static str) -> Result<String, WireFault> {
        self.read(key, "one word", |text| {
            let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
            is_word.then(|| text.to_owned())
        })
    }

    fn epoch(&mut self, key: &'static str) -> Result<Epoch, WireFault> {
        self.read(key, "letters, digits and hyphens", Epoch::new)
    }

    fn usn(&mut self, key: &'static str) -> Result<Usn, WireFault> {
        self.read(key, "a number", |text| text.parse().ok().map(Usn))
    }

    fn count(&mut self, key: &'static str) -> Result<usize, WireFault> {
        self.read(key, "a number", |text| text.parse().ok())
    }

    fn flag(&mut self, key: &'static str) -> Result<bool, WireFault> {
        self.read(key, "YES or NO", |text| match text {
            "YES" => Some(true),
            "NO" => Some(false),
            _ => None,
        })
    }

    fn end(self) -> Result<(), WireFault> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((key, (line, _))) => Err(WireFault::Line {
                line,
                found: start(&key),
                expected: "a line of this kind of message",
            }),
        }
    }
}
