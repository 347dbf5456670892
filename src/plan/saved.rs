//! A plan on paper: `resync plan -o PLAN` writes it, `resync apply PLAN` carries out exactly what it says.
//!
//! JSON lines, so that a person can read it and a program can take it apart: a head, then places, lists, each list's rows
//! and what follows for the postoffice list, and an end line that proves the file whole. Text is written as Unicode where its
//! bytes survive the way there and back in the code page, else as `{"hex": ".."}`.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::info::Template;
use super::outcome::Counts;
use super::pol::PolChange;
use super::{Fingerprint, ListPlan, NewPlace, Plan, Removal, Row};
use crate::address::{Address, AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::checksum::Crc32;
use crate::codec::codepage::CodePage;
use crate::list::{Extra, ListEntry, ListId};

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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Place {
        kind: String,
        network: Text,
        postoffice: Text,
        with_network: bool,
    },
    List {
        id: Text,
        len: u64,
        crc32: u32,
        entries: u64,
        template: Option<Text>,
        marks: Option<Vec<Text>>,
        counts: Counts,
    },
    Add(EntryText),
    Change {
        old: EntryText,
        new: EntryText,
    },
    Remove {
        entry: EntryText,
        by_absence: bool,
    },
    PolInsert {
        name: Text,
        list: Text,
        address: Text,
    },
    PolRemove {
        name: Text,
    },
    PolChange {
        old: Text,
        name: Text,
        list: Text,
        address: Text,
    },
    End {
        lines: u64,
        crc32: u32,
    },
}

/// Text of the code page: Unicode if that loses nothing.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Unicode(String),
    Bytes { hex: String },
}

#[derive(Serialize, Deserialize)]
struct EntryText {
    name: Text,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    mailbox: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    address: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    info: Option<Text>,
    tid: u32,
    #[serde(skip_serializing_if = "is_plain", default)]
    unknown: [u8; 6],
}

fn is_plain(unknown: &[u8; 6]) -> bool {
    *unknown == [0; 6]
}

/// Turns text and entries into lines and back.
#[derive(Clone, Copy)]
struct Form(CodePage);

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

impl Form {
    fn text(self, bytes: &[u8]) -> Text {
        let view = self.0.decode(bytes);
        let survives = self.0.encode(&view).is_ok_and(|again| again == bytes);
        if survives && !view.contains('\u{fffd}') {
            return Text::Unicode(view);
        }
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Text::Bytes { hex }
    }

    fn bytes(self, text: &Text) -> Option<Vec<u8>> {
        match text {
            Text::Unicode(view) => self.0.encode(view).ok(),
            Text::Bytes { hex } => {
                let digits = hex.as_bytes().chunks(2);
                digits
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                    .collect()
            }
        }
    }

    fn entry(self, entry: &ListEntry) -> EntryText {
        let optional = |bytes: &[u8]| (!bytes.is_empty()).then(|| self.text(bytes));
        EntryText {
            name: self.text(entry.name.as_bytes()),
            mailbox: optional(entry.mailbox.as_bytes()),
            address: optional(entry.stored_address()),
            info: entry.info().map(|info| self.text(info)),
            tid: entry.tid,
            unknown: entry.unknown,
        }
    }

    fn to_entry(self, text: &EntryText) -> Option<ListEntry> {
        let optional = |text: &Option<Text>| match text {
            None => Some(Vec::new()),
            Some(text) => self.bytes(text),
        };
        let address = optional(&text.address)?;
        let info = match &text.info {
            None => None,
            Some(info) => Some(self.bytes(info)?.into()),
        };
        let has_extra = info.is_some() || !address.is_empty();
        Some(ListEntry {
            name: FixedText::new(&self.bytes(&text.name)?).ok()?,
            mailbox: FixedText::new(&optional(&text.mailbox)?).ok()?,
            tid: text.tid,
            unknown: text.unknown,
            extra: has_extra.then(|| {
                Box::new(Extra {
                    address: address.into(),
                    info,
                })
            }),
        })
    }

    fn place(self, place: &NewPlace) -> Line {
        Line::Place {
            kind: place.kind.token().to_owned(),
            network: self.text(place.name.network()),
            postoffice: self.text(place.name.postoffice()),
            with_network: place.with_network,
        }
    }

    fn list(self, list: &ListPlan) -> Line {
        let marks = list
            .marks
            .as_ref()
            .map(|marks| marks.iter().map(|m| self.text(m)).collect());
        Line::List {
            id: self.text(&list.id.to_bytes()),
            len: list.fingerprint.len,
            crc32: list.fingerprint.crc32,
            entries: list.base_len,
            template: list
                .template
                .as_ref()
                .map(|template| self.text(&template.encode())),
            marks,
            counts: list.counts,
        }
    }

    fn row(self, row: &Row) -> Line {
        match row {
            Row::Add(entry) => Line::Add(self.entry(entry)),
            Row::Change { old, new } => Line::Change {
                old: self.entry(old),
                new: self.entry(new),
            },
            Row::Remove { entry, why } => Line::Remove {
                entry: self.entry(entry),
                by_absence: *why == Removal::Absence,
            },
        }
    }

    fn pol(self, change: &PolChange) -> Line {
        let id = |list: &ListId| self.text(&list.to_bytes());
        match change {
            PolChange::Insert {
                name,
                list,
                address,
            } => Line::PolInsert {
                name: self.text(name.as_bytes()),
                list: id(list),
                address: self.text(&address.encode()),
            },
            PolChange::Remove { name } => Line::PolRemove {
                name: self.text(name.as_bytes()),
            },
            PolChange::Change {
                old,
                name,
                list,
                address,
            } => Line::PolChange {
                old: self.text(old.as_bytes()),
                name: self.text(name.as_bytes()),
                list: id(list),
                address: self.text(&address.encode()),
            },
        }
    }

    /// Adds what a line says to the plan; `None` where no list can hold it.
    fn take(self, saved: &mut SavedPlan, line: Line) -> Option<()> {
        match line {
            Line::Place {
                kind,
                network,
                postoffice,
                with_network,
            } => {
                let kind = AddressType::from_token(kind.as_bytes())?;
                let (network, postoffice) = (self.bytes(&network)?, self.bytes(&postoffice)?);
                let joined = [&network[..], &postoffice].join(&b'/');
                let name = PostofficeName::parse_for(kind, &joined, self.0).ok()?;
                saved.plan.places.push(NewPlace {
                    kind,
                    name,
                    with_network,
                });
            }
            Line::List {
                id,
                len,
                crc32,
                entries,
                template,
                marks,
                counts,
            } => {
                let template = match template {
                    None => None,
                    Some(text) => Some(Template::decode(&self.bytes(&text)?, self.0).ok()?),
                };
                let marks = match marks {
                    None => None,
                    Some(marks) => {
                        Some(marks.iter().map(|m| self.bytes(m)).collect::<Option<_>>()?)
                    }
                };
                saved.plan.lists.push(ListPlan {
                    id: ListId::from_bytes(&self.bytes(&id)?)?,
                    fingerprint: Fingerprint { len, crc32 },
                    base_len: entries,
                    rows: Vec::new(),
                    template,
                    marks,
                    counts,
                });
            }
            Line::Add(entry) => self.push(saved, Row::Add(self.to_entry(&entry)?))?,
            Line::Change { old, new } => {
                let old = Box::new(self.to_entry(&old)?);
                self.push(
                    saved,
                    Row::Change {
                        old,
                        new: self.to_entry(&new)?,
                    },
                )?;
            }
            Line::Remove { entry, by_absence } => {
                let why = if by_absence {
                    Removal::Absence
                } else {
                    Removal::Explicit
                };
                self.push(
                    saved,
                    Row::Remove {
                        entry: self.to_entry(&entry)?,
                        why,
                    },
                )?;
            }
            Line::PolInsert {
                name,
                list,
                address,
            } => {
                let (name, list, address) =
                    (self.name(&name)?, self.id(&list)?, self.address(&address)?);
                saved.pol.push(PolChange::Insert {
                    name,
                    list,
                    address,
                });
            }
            Line::PolRemove { name } => saved.pol.push(PolChange::Remove {
                name: self.name(&name)?,
            }),
            Line::PolChange {
                old,
                name,
                list,
                address,
            } => {
                let (old, name) = (self.name(&old)?, self.name(&name)?);
                let (list, address) = (self.id(&list)?, self.address(&address)?);
                saved.pol.push(PolChange::Change {
                    old,
                    name,
                    list,
                    address,
                });
            }
            Line::End { .. } => return None,
        }
        Some(())
    }

    fn push(self, saved: &mut SavedPlan, row: Row) -> Option<()> {
        saved.plan.lists.last_mut()?.rows.push(row);
        Some(())
    }

    fn name(self, text: &Text) -> Option<FixedText<31>> {
        FixedText::new(&self.bytes(text)?).ok()
    }

    fn id(self, text: &Text) -> Option<ListId> {
        ListId::from_bytes(&self.bytes(text)?)
    }

    fn address(self, text: &Text) -> Option<Address> {
        Address::parse(&self.bytes(text)?, self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
