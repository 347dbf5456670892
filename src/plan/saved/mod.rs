//! A plan on paper: `resync plan -o PLAN` writes it, `resync apply PLAN` carries out exactly what it says.
//!
//! JSON lines, so that a person can read it and a program can take it apart: a head, then places, lists, each list's rows
//! and what follows for the postoffice list, and an end line that proves the file whole. Text is written as Unicode where its
//! bytes survive the way there and back in the code page, else as `{"hex": ".."}`.

mod form;

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::Plan;
use super::outcome::Counts;
use super::pol::PolChange;
use crate::codec::checksum::Crc32;
use crate::codec::codepage::CodePage;
use form::{Form, Line};

/// What the head of every saved plan says it is.
const FORMAT: &str = "dirsync resync plan";
const VERSION: u32 = 1;

/// A plan with everything it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedPlan {
    /// For whom it was made, and from what.
    pub head: Head,
    /// The lists.
    pub plan: Plan,
    /// What follows for the postoffice list.
    pub pol: Vec<PolChange>,
}

/// The first line of a saved plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    format: String,
    version: u32,
    /// `NET/PO` of the postoffice it is for.
    pub postoffice: String,
    /// Text of the header record of the resync file.
    pub header: String,
    /// Path of the resync file, as it was given.
    pub source: String,
    /// Marks of entries made by hand start anew (`--replace`).
    pub replace: bool,
    /// Entries in all lists when it was made.
    pub entry_count: u64,
    /// What became of the transactions.
    pub counts: Counts,
    /// Files it rests on: path below the root, length, CRC-32.
    pub state: Vec<(String, u64, u32)>,
}

impl Head {
    /// Makes the head of a plan.
    #[must_use]
    pub fn new(postoffice: String, header: String, source: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            postoffice,
            header,
            source,
            replace: false,
            entry_count: 0,
            counts: Counts::default(),
            state: Vec::new(),
        }
    }
}

/// A saved plan cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct SavedPlanError {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// Tells whether a file begins like a saved plan.
#[must_use]
pub fn is_saved_plan(start: &[u8]) -> bool {
    start.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes())
}

impl SavedPlan {
    /// Writes the plan.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_to(&self, output: impl Write, code_page: CodePage) -> io::Result<()> {
        let form = Form(code_page);
        let mut output = LineWriter {
            output,
            crc32: Crc32::new(),
            lines: 0,
        };
        output.put(&self.head)?;
        for place in &self.plan.places {
            output.put(&form.place(place))?;
        }
        for list in &self.plan.lists {
            output.put(&form.list(list))?;
            for row in &list.rows {
                output.put(&form.row(row))?;
            }
        }
        for change in &self.pol {
            output.put(&form.pol(change))?;
        }
        let (lines, crc32) = (output.lines, output.crc32.value());
        output.put(&Line::End { lines, crc32 })?;
        output.output.flush()
    }

    /// Reads a plan and proves it whole.
    ///
    /// # Errors
    /// A line is not what it should be, or the end is missing or does not agree.
    pub fn read_from(input: impl BufRead, code_page: CodePage) -> Result<Self, SavedPlanError> {
        let form = Form(code_page);
        let mut crc32 = Crc32::new();
        let mut number = 0;
        let mut saved: Option<Self> = None;
        let mut ended = false;
        for line in input.lines() {
            number += 1;
            let wrong = |reason: String| SavedPlanError {
                line: number,
                reason,
            };
            let line = line.map_err(|e| wrong(e.to_string()))?;
            if ended {
                return Err(wrong("something follows the end line".to_owned()));
            }
            let Some(plan) = &mut saved else {
                let head: Head = serde_json::from_str(&line).map_err(|e| wrong(e.to_string()))?;
                if head.format != FORMAT || head.version != VERSION {
                    return Err(wrong(format!(
                        "found \"{}\" version {}",
                        head.format, head.version
                    )));
                }
                saved = Some(Self {
                    head,
                    plan: Plan::default(),
                    pol: Vec::new(),
                });
                digest(&mut crc32, &line);
                continue;
            };
            match serde_json::from_str(&line).map_err(|e| wrong(e.to_string()))? {
                Line::End {
                    lines,
                    crc32: stored,
                } => {
                    let found = (number - 1, crc32.value());
                    if (lines, stored) != found {
                        let reason = format!(
                            "end line says {lines} lines and CRC {stored:08X}, found {} and {:08X}",
                            found.0, found.1
                        );
                        return Err(wrong(reason));
                    }
                    ended = true;
                }
                parsed => {
                    form.take(plan, parsed)
                        .ok_or_else(|| wrong("a value no list can hold".to_owned()))?;
                    digest(&mut crc32, &line);
                }
            }
        }
        let incomplete = SavedPlanError {
            line: number,
            reason: "the file has no end line".to_owned(),
        };
        saved.filter(|_| ended).ok_or(incomplete)
    }
}

fn digest(crc32: &mut Crc32, line: &str) {
    crc32.update(line.as_bytes());
    crc32.update(b"\n");
}

struct LineWriter<W> {
    output: W,
    crc32: Crc32,
    lines: u64,
}

impl<W: Write> LineWriter<W> {
    fn put(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.crc32.update(&text);
        self.lines += 1;
        self.output.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, AddressType, PostofficeName};
    use crate::codec::FixedText;
    use crate::list::{Extra, ListEntry, ListId};
    use crate::plan::{Fingerprint, ListPlan, NewPlace, Removal, Row};

    fn sample() -> SavedPlan {
        let entry = |name: &[u8]| ListEntry {
            name: FixedText::new(name).expect("fits"),
            mailbox: FixedText::new(b"BOX").expect("fits"),
            tid: 7,
            unknown: [2, 0, 0, 0, 0, 9],
            extra: Some(Box::new(Extra {
                address: Box::default(),
                info: Some(b"a\0b\xff"[..].into()),
            })),
        };
        let mut head = Head::new("NET/PO".into(), "# RESYNC ..".into(), "RESYNC.GLB".into());
        head.state.push(("GLB/REQCONF.GLB".into(), 512, 7));
        let address = Address::parse(b"PCM:NET/PO/BOX", CodePage::Cp850).expect("an address");
        let list = ListPlan {
            id: ListId::from_bytes(b"PCM:NET/PO").expect("a list"),
            fingerprint: Fingerprint {
                len: 53,
                crc32: 0xffff_ffff,
            },
            base_len: 1,
            rows: vec![
                Row::Add(entry(b"J\x9arg")),
                Row::Change {
                    old: Box::new(entry(b"Old")),
                    new: entry(b"New"),
                },
                Row::Remove {
                    entry: entry(b"Gone"),
                    why: Removal::Absence,
                },
            ],
            template: None,
            marks: Some([b"HAND".to_vec()].into()),
            counts: Counts::default(),
        };
        let name = PostofficeName::from_checked(b"NET", b"NEW");
        let place = NewPlace {
            kind: AddressType::Pcm,
            name,
            with_network: false,
        };
        let name = FixedText::new(b"New").expect("fits");
        let pol = PolChange::Insert {
            name,
            list: list.id.clone(),
            address,
        };
        SavedPlan {
            head,
            plan: Plan {
                places: vec![place],
                lists: vec![list],
            },
            pol: vec![pol],
        }
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        sample()
            .write_to(&mut bytes, CodePage::Cp850)
            .expect("a vector takes it");
        bytes
    }

    #[test]
    fn a_plan_reads_back_as_it_was_written() {
        let bytes = written();
        assert!(is_saved_plan(&bytes));
        assert_eq!(
            SavedPlan::read_from(&bytes[..], CodePage::Cp850).expect("whole"),
            sample()
        );
    }

    #[test]
    fn a_cut_or_changed_plan_is_refused_with_its_line() {
        let bytes = written();
        for end in 0..bytes.len() - 1 {
            assert!(
                SavedPlan::read_from(&bytes[..end], CodePage::Cp850).is_err(),
                "{end}"
            );
        }
        let text = String::from_utf8(bytes).expect("text");
        let changed = text.replace("\"Gone\"", "\"Gene\"");
        let error = SavedPlan::read_from(changed.as_bytes(), CodePage::Cp850).expect_err("changed");
        assert!(
            error
                .to_string()
                .starts_with("line 8: end line says 7 lines"),
            "{error}"
        );
    }
}
