//! The transactions that make B what A is, as import text: D first, then M, then A.
//!
//! An M whose new name somebody else still has until his own M would be refused (message 27); such a rename is a D and
//! an A, which are apart. Nothing is written for what is not known for certain, and nothing about the names of the
//! postoffice that B is: those are made there, and a D would take a mailbox with its mail.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::compare::Difference;
use super::exact;
use super::finding::SideCounts;
use super::item::Item;
use super::report::Repaired;
use crate::address::{Address, AddressType};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::PC_MAIL;
use crate::directory::note::Note;
use crate::directory::template_map::TemplateMap;
use crate::importfile::Writer;
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::outfile::OutFile;
use crate::tools::side::transaction::info_lines;
use crate::tools::sorted::Sorter;
use crate::tools::spool::Spool;
use crate::transaction::{Entry, InfoLine, Transaction};

/// How transactions are written.
pub(super) struct Target<'t> {
    /// Code page of the text.
    pub(super) page: CodePage,
    /// The list that is made at B itself.
    pub(super) own_list: Option<&'t str>,
    /// Entries of A have attributes, not template lines.
    pub(super) is_directory: bool,
    /// Which attribute is which template line.
    pub(super) map: &'t TemplateMap,
    /// Template lines are compared, so that they are mended too.
    pub(super) has_details: bool,
}

/// A name that a rename leaves, and one that it comes to.
const OLD: u8 = 0;
const NEW: u8 = 1;

/// Takes what is to be mended.
pub(super) struct Repair<'t> {
    target: Target<'t>,
    path: PathBuf,
    deletes: Spool,
    modifies: Spool,
    adds: Spool,
    /// Old and new names of renames.
    names: Sorter,
    left_out: BTreeMap<String, u64>,
}

impl<'t> Repair<'t> {
    /// Begins a file.
    pub(super) fn new(path: &Path, memory: usize, target: Target<'t>) -> Self {
        Self {
            target,
            path: path.to_owned(),
            deletes: Spool::new(None),
            modifies: Spool::new(None),
            adds: Spool::new(None),
            names: Sorter::new(memory, None),
            left_out: BTreeMap::new(),
        }
    }

    /// Removes an entry of B.
    pub(super) fn remove(&mut self, b: &Item) -> io::Result<()> {
        match self.entry(b) {
            Ok(entry) => self
                .deletes
                .push(&text(&Transaction::Delete { entry })?)
                .map(|_| ()),
            Err(note) => self.leave_out(note.reason),
        }
    }

    /// Adds an entry of A.
    pub(super) fn add(&mut self, a: &Item) -> io::Result<()> {
        match self.addition(a) {
            Ok(add) => self.adds.push(&text(&add)?).map(|_| ()),
            Err(note) => self.leave_out(note.reason),
        }
    }

    /// Makes an entry of B what it is in A.
    pub(super) fn change(&mut self, a: &Item, b: &Item, found: &[Difference]) -> io::Result<()> {
        let made = self.entry(b).and_then(|old| {
            let Transaction::Add { entry, info, .. } = self.addition(a)? else {
                unreachable!("an addition is an A");
            };
            Ok((old, entry, info))
        });
        let (old, new, mut info) = match made {
            Ok(made) => made,
            Err(note) => return self.leave_out(note.reason),
        };
        // A value that is to go is named without one: a field that is not named may get a default.
        let is_line = |difference: &&Difference| {
            let is_told = matches!(&*difference.attribute, "address" | "name");
            difference.a.is_empty() && !is_told && !self.target.is_directory
        };
        for difference in found.iter().filter(is_line) {
            let prompt = exact::encode(self.target.page, &difference.attribute);
            let line = prompt
                .ok()
                .and_then(|prompt| InfoLine::new(&prompt, b"").ok());
            info.extend(line);
        }
        let number = self.modifies.count();
        let page = self.target.page;
        let (old_name, new_name) = (page.fold(old.name()), page.fold(new.name()));
        if old_name != new_name {
            let list = b.address.list();
            let mut put = |name: &[u8], what: u8| {
                let key = [list.as_bytes(), &[0], name, &[0, what]].concat();
                self.names.push(&key, &number.to_be_bytes())
            };
            put(&old_name, OLD)?;
            put(&new_name, NEW)?;
        }
        let delete = text(&Transaction::Delete { entry: old.clone() })?;
        let add = text(&Transaction::Add {
            entry: new.clone(),
            info: info.clone(),
            tokens: Vec::new(),
        })?;
        let modify = text(&Transaction::Modify {
            entry: old,
            new: Some(new),
            info,
            tokens: Vec::new(),
        })?;
        let mut record = Vec::new();
        for part in [delete, add, modify] {
            record.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            record.extend(part);
        }
        self.modifies.push(&record).map(|_| ())
    }

    /// Counts a finding that no transaction mends.
    pub(super) fn leave_out(&mut self, reason: Reason) -> io::Result<()> {
        SideCounts::add(&mut self.left_out, reason);
        Ok(())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`ExitCode::CannotWrite`].
    pub(super) fn finish(mut self) -> Result<Repaired, ToolError> {
        let path = self.path.clone();
        let failed = |error: io::Error| {
            ToolError::new(ExitCode::CannotWrite, path.display().to_string()).caused_by(error)
        };
        let names = std::mem::replace(&mut self.names, Sorter::new(0, None));
        let apart = conflicts(names).map_err(failed)?;
        let mut output = OutFile::create(&path).map_err(failed)?;
        let modifies = self.write(&apart, &mut output).map_err(failed)?;
        output.seal().map_err(failed)?;
        output.put_in_place().map_err(failed)?;
        let apart = apart.len() as u64;
        Ok(Repaired {
            file: path.display().to_string(),
            deletes: self.deletes.count() + apart,
            modifies,
            adds: self.adds.count() + apart,
            left_out: self.left_out,
        })
    }

    fn write(&mut self, apart: &HashSet<u64>, output: &mut OutFile) -> io::Result<u64> {
        self.deletes.each(&mut |text| output.write_all(text))?;
        let is_apart = |number: u64| apart.contains(&number);
        put_parts(&mut self.modifies, DELETE, &is_apart, output)?;
        let modifies = put_parts(&mut self.modifies, MODIFY, &|n| !is_apart(n), output)?;
        self.adds.each(&mut |text| output.write_all(text))?;
        put_parts(&mut self.modifies, ADD, &is_apart, output)?;
        Ok(modifies)
    }

    /// Returns the A of an entry of A.
    fn addition(&self, item: &Item) -> Result<Transaction, Note> {
        let entry = self.entry(item)?;
        let info = match self.target.has_details {
            true => self.info(item)?,
            false => Vec::new(),
        };
        let tokens = Vec::new();
        Ok(Transaction::Add {
            entry,
            info,
            tokens,
        })
    }

    fn entry(&self, item: &Item) -> Result<Entry, Note> {
        let list = item.address.list();
        if self.target.own_list == Some(&*list) {
            let detail = format!("{list} is made where it is");
            return Err(Note::new(Reason::NotAuthoritative, detail));
        }
        let page = self.target.page;
        let kind = match item.address.kind() {
            PC_MAIL => Some(AddressType::Pcm),
            kind => AddressType::from_token(kind.as_bytes()),
        };
        let unknown = || Note::new(Reason::AddressType, item.address.kind().to_owned());
        let kind = kind.ok_or_else(unknown)?;
        let charset = |error| Note::new(Reason::Charset, format!("{error}"));
        let refused = |error: crate::address::AddressError| {
            Note::new(Reason::of_refused_line(error.number), error.to_string())
        };
        let value = exact::encode(page, item.address.value()).map_err(charset)?;
        let address = Address::new(kind, &value, page).map_err(refused)?;
        let name = exact::encode(page, &item.name).map_err(charset)?;
        Entry::new(&name, address, page).map_err(refused)
    }

    fn info(&self, item: &Item) -> Result<Vec<InfoLine>, Note> {
        let page = self.target.page;
        let charset = |error| Note::new(Reason::Charset, format!("{error}"));
        let wrong = |error: crate::address::AddressError| {
            Note::new(Reason::MappingError, error.to_string())
        };
        if !self.target.is_directory {
            let lines = item
                .details
                .iter()
                .flat_map(|(prompt, values)| values.iter().map(move |value| (prompt, value)));
            return lines
                .map(|(prompt, value)| {
                    let prompt = exact::encode(page, prompt).map_err(charset)?;
                    let value = String::from_utf8_lossy(value);
                    let value = exact::encode(page, &value).map_err(charset)?;
                    InfoLine::new(&prompt, &value).map_err(wrong)
                })
                .collect();
        }
        info_lines(&item.attributes(), self.target.map, page)
    }
}

/// Parts of a rename: each way to write it.
const DELETE: usize = 0;
const ADD: usize = 1;
const MODIFY: usize = 2;

/// Writes one part of every record with a wanted number, and returns how many those are.
fn put_parts(
    spool: &mut Spool,
    part: usize,
    is_wanted: &dyn Fn(u64) -> bool,
    output: &mut impl Write,
) -> io::Result<u64> {
    let (mut number, mut count) = (0, 0);
    spool.each(&mut |record| {
        number += 1;
        if !is_wanted(number - 1) {
            return Ok(());
        }
        count += 1;
        output.write_all(part_of(record, part)?)
    })?;
    Ok(count)
}

fn part_of(record: &[u8], part: usize) -> io::Result<&[u8]> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let mut rest = record;
    for at in 0.. {
        let (len, behind) = rest.split_first_chunk().ok_or_else(damaged)?;
        let len = u32::from_be_bytes(*len) as usize;
        let (text, behind) = behind.split_at_checked(len).ok_or_else(damaged)?;
        if at == part {
            return Ok(text);
        }
        rest = behind;
    }
    Err(damaged())
}

/// Returns the renames whose new name is the old name of another.
fn conflicts(names: Sorter) -> io::Result<HashSet<u64>> {
    let mut sorted = names.finish()?;
    let mut conflicts = HashSet::new();
    let mut old = Vec::new();
    while let Some((key, value)) = sorted.next()? {
        match key.split_last() {
            // The old one of a name comes before the new ones.
            Some((&OLD, name)) => old = name.to_vec(),
            Some((_, name)) if old == name => {
                conflicts.extend(value.first_chunk().map(|n| u64::from_be_bytes(*n)));
            }
            _ => {}
        }
    }
    Ok(conflicts)
}

fn text(transaction: &Transaction) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    writer.write(transaction)?;
    writer.finish()
}
