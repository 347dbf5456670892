//! The tables of a message: CSV with a header, every row as many fields as the header.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};

use super::super::card::{Card, CardKind, SourceKey};
use super::super::number::Usn;
use super::super::unit::{Change, Withheld};
use super::fault::{WireFault, start};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// Name of the table of changes.
const CHANGES: &str = "changes.csv";

/// Name of the table of what was withheld.
const WITHHELD: &str = "withheld.csv";

/// Columns in front of those of the attributes.
const FIXED: [&str; 8] = [
    "number",
    "key",
    "action",
    "kind",
    "dn",
    "mail",
    "target",
    "secondary",
];

/// Columns of what was withheld.
const WITHHELD_COLUMNS: [&str; 4] = ["key", "dn", "reason", "detail"];

/// Writes changes. The columns are those of the attributes that occur.
#[must_use]
pub fn write_changes(changes: &[Change]) -> Vec<u8> {
    let cards = changes.iter().filter_map(|change| change.card.as_ref());
    let names: BTreeSet<&str> = cards
        .flat_map(|card| card.attributes.keys().map(String::as_str))
        .collect();
    let mut table = writer();
    table.push(FIXED.iter().copied().chain(names.iter().copied()));
    for change in changes {
        let mut fields = vec![change.number.to_string(), change.key.to_string()];
        match &change.card {
            None => {
                fields.push("remove".to_owned());
                fields.resize(FIXED.len() + names.len(), String::new());
            }
            Some(card) => {
                fields.extend([
                    "put".to_owned(),
                    card.kind.word().to_owned(),
                    card.dn.clone(),
                    card.mail.clone().unwrap_or_default(),
                    card.target.clone().unwrap_or_default(),
                    join(&card.secondary),
                ]);
                let values = names.iter().map(|name| card.attributes.get(*name));
                fields.extend(values.map(|values| values.map(|v| join(v)).unwrap_or_default()));
            }
        }
        table.push(fields.iter().map(String::as_str));
    }
    table.finish()
}

/// Reads changes.
///
/// # Errors
/// The record that is none: too many or too few fields, an unknown word, a key that is none.
pub fn read_changes(bytes: &[u8]) -> Result<Vec<Change>, WireFault> {
    let mut changes = Vec::new();
    read(CHANGES, bytes, &FIXED, |header, row| {
        let field = |at: usize| row.get(at).unwrap_or_default();
        let some = |at: usize| Some(field(at)).filter(|text| !text.is_empty());
        let number = field(0)
            .parse()
            .map_err(|_| format!("number {:?}", start(field(0))))?;
        let key = SourceKey::parse(field(1))
            .ok_or_else(|| format!("key {:?}, expected BRANCH:entryUUID", start(field(1))))?;
        let card = match field(2) {
            "remove" => None,
            "put" => {
                let kind = CardKind::parse(field(3))
                    .ok_or_else(|| format!("kind {:?}", start(field(3))))?;
                let names = header.iter().enumerate().skip(FIXED.len());
                let attributes = names.filter_map(|(at, name)| {
                    let values = split(field(at));
                    (!values.is_empty()).then(|| (name.to_lowercase(), values))
                });
                Some(Card {
                    kind,
                    dn: field(4).to_owned(),
                    mail: some(5).map(str::to_owned),
                    target: some(6).map(str::to_owned),
                    secondary: split(field(7)),
                    attributes: attributes.collect::<BTreeMap<_, _>>(),
                })
            }
            other => return Err(format!("action {:?}, expected put or remove", start(other))),
        };
        changes.push(Change {
            number: Usn(number),
            key,
            card,
        });
        Ok(())
    })?;
    Ok(changes)
}

/// Writes what was withheld.
#[must_use]
pub fn write_withheld(withheld: &[Withheld]) -> Vec<u8> {
    let mut table = writer();
    table.push(WITHHELD_COLUMNS.iter().copied());
    for Withheld { key, dn, note } in withheld {
        let fields = [
            key.to_string(),
            dn.clone(),
            note.reason.to_string(),
            note.detail.clone(),
        ];
        table.push(fields.iter().map(String::as_str));
    }
    table.finish()
}

/// Reads what was withheld.
///
/// # Errors
/// The record that is none.
pub fn read_withheld(bytes: &[u8]) -> Result<Vec<Withheld>, WireFault> {
    let mut all = Vec::new();
    read(WITHHELD, bytes, &WITHHELD_COLUMNS, |_, row| {
        let field = |at: usize| row.get(at).unwrap_or_default();
        let key = SourceKey::parse(field(0))
            .ok_or_else(|| format!("key {:?}, expected BRANCH:entryUUID", start(field(0))))?;
        let mut reasons = Reason::ALL.iter();
        let reason = reasons.find(|reason| reason.code() == Some(field(2)));
        let reason = reason.ok_or_else(|| format!("reason {:?}", start(field(2))))?;
        all.push(Withheld {
            key,
            dn: field(1).to_owned(),
            note: Note::new(*reason, field(3)),
        });
        Ok(())
    })?;
    Ok(all)
}

/// Goes through a table row by row.
fn read(
    table: &'static str,
    bytes: &[u8],
    fixed: &[&str],
    mut take: impl FnMut(&StringRecord, &StringRecord) -> Result<(), String>,
) -> Result<(), WireFault> {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let at = |record: u64, byte: u64, what: String| WireFault::Record {
        table,
        record,
        byte,
        what,
    };
    let header = reader.headers().cloned();
    let header = header.map_err(|error| at(0, 0, error.to_string()))?;
    let columns: Vec<_> = header.iter().take(fixed.len()).collect();
    if columns != fixed {
        let what = format!("columns {columns:?}, expected {fixed:?}");
        return Err(at(0, 0, what));
    }
    for row in reader.records() {
        let row = row.map_err(|error| {
            let position = error.position();
            let (record, byte) = position.map_or((0, 0), |p| (p.record(), p.byte()));
            let what = match error.kind() {
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => format!("DI291 the record has {len} fields, expected {expected_len}"),
                _ => error.to_string(),
            };
            at(record, byte, what)
        })?;
        take(&header, &row).map_err(|what| {
            let position = row.position();
            at(
                position.map_or(0, csv::Position::record),
                position.map_or(0, csv::Position::byte),
                what,
            )
        })?;
    }
    Ok(())
}

/// Writes rows into memory, where nothing can fail.
struct Table(csv::Writer<Vec<u8>>);

fn writer() -> Table {
    let mut builder = WriterBuilder::new();
    builder.terminator(Terminator::CRLF);
    Table(builder.from_writer(Vec::new()))
}

impl Table {
    fn push<'a>(&mut self, fields: impl Iterator<Item = &'a str>) {
        let written = self.0.write_record(fields);
        written.expect("memory takes it, and rows are of one length");
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes it")
    }
}

/// Puts several values into one field, each on a line of its own; a line break or a backslash inside one is escaped.
fn join(values: &[String]) -> String {
    let escaped = values.iter().map(|value| {
        value
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r")
    });
    escaped.collect::<Vec<_>>().join("\n")
}

/// Takes the values out of a field.
fn split(field: &str) -> Vec<String> {
    if field.is_empty() {
        return Vec::new();
    }
    let lines = field.split('\n').map(|line| {
        let mut value = String::with_capacity(line.len());
        let mut chars = line.trim_end_matches('\r').chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some(other) => value.push(other),
                    None => value.push('\\'),
                },
                c => value.push(c),
            }
        }
        value
    });
    lines.collect()
}
