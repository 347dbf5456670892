//! The lines of a saved plan, and their way to values and back.

use serde::{Deserialize, Serialize};

use super::SavedPlan;
use crate::address::{Address, AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::list::{Extra, ListEntry, ListId};
use crate::plan::info::Template;
use crate::plan::outcome::Counts;
use crate::plan::pol::PolChange;
use crate::plan::{Fingerprint, ListPlan, NewPlace, Removal, Row};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
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
pub(super) enum Text {
    Unicode(String),
    Bytes { hex: String },
}

#[derive(Serialize, Deserialize)]
pub(super) struct EntryText {
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
pub(super) struct Form(pub(super) CodePage);

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

    pub(super) fn place(self, place: &NewPlace) -> Line {
        Line::Place {
            kind: place.kind.token().to_owned(),
            network: self.text(place.name.network()),
            postoffice: self.text(place.name.postoffice()),
            with_network: place.with_network,
        }
    }

    pub(super) fn list(self, list: &ListPlan) -> Line {
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

    pub(super) fn row(self, row: &Row) -> Line {
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

    pub(super) fn pol(self, change: &PolChange) -> Line {
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
    pub(super) fn take(self, saved: &mut SavedPlan, line: Line) -> Option<()> {
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
