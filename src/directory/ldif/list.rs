//! A content file as a list: the container record, then all the entries that it declares.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

use super::container::{ContainerRecord, is_container};
use super::error::{LdifError, shown_name};
use super::order;
use super::reader::Reader;
use super::record::{Located, Record};
use super::writer::{VersionLine, Writer};
use crate::directory::entry::Entry;

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Whose list it is, and its numbers.
    pub container: ContainerRecord,
    /// The entries, in the order of the file.
    pub entries: Vec<Located<Entry>>,
    /// Whether an empty line stands behind the last record ([`Reader::is_closed`]).
    pub is_closed: bool,
}

impl List {
    /// Reads a list. It is all there, or there is none.
    ///
    /// # Errors
    /// As [`ListReader`] has them.
    pub fn read_from<R: BufRead>(input: R) -> Result<Self, LdifError> {
        let mut reader = ListReader::new(Reader::new(input))?;
        let entries = reader.by_ref().collect::<Result<_, _>>()?;
        Ok(Self {
            is_closed: reader.records.is_closed(),
            container: reader.container,
            entries,
        })
    }
}

/// Iterates over the entries of a list.
///
/// **Only an iteration that ended without an error proves that the list is whole**: until then nothing may be done
/// that takes absence for deletion. The last item is an error when the file holds fewer entries than declared.
#[derive(Debug)]
pub struct ListReader<R> {
    records: Reader<R>,
    container: ContainerRecord,
    /// Names of the entries so far: a directory has no two of one name.
    names: HashSet<String>,
    done: bool,
}

impl<R: BufRead> ListReader<R> {
    /// Reads the container record of a list.
    ///
    /// # Errors
    /// The first record is not the container record, or lacks something; the file is damaged or ends too early.
    pub fn new(mut records: Reader<R>) -> Result<Self, LdifError> {
        let Some(first) = records.next().transpose()? else {
            return Err(LdifError::end(
                records.line_count().max(1),
                "a container record",
            ));
        };
        let container = entry(first)?;
        // Where nothing follows the record, not even its empty line, its own end may be what is missing.
        let container = match ContainerRecord::read(&container) {
            Err(error) if !records.is_closed() => return Err(error.into_incomplete()),
            container => container?,
        };
        Ok(Self {
            names: HashSet::from([container.dn.key()]),
            records,
            container,
            done: false,
        })
    }

    /// Returns whose list it is, and its numbers.
    #[must_use]
    pub fn container(&self) -> &ContainerRecord {
        &self.container
    }

    fn next_entry(&mut self) -> Result<Option<Located<Entry>>, LdifError> {
        let declared = u64::from(self.container.entry_count);
        let count = self.names.len() as u64 - 1;
        let Some(record) = self.records.next().transpose()? else {
            if count == declared {
                return Ok(None);
            }
            let found = format!("the end of the file behind {count} entries");
            let expected = format!("{declared}, as syncEntryCount says");
            let line = self.records.line_count();
            return Err(LdifError::incomplete(line, found, expected));
        };
        let entry = entry(record)?;
        let (line, dn) = (entry.line, &entry.record.dn);
        if count == declared {
            let expected = format!("{declared}, as syncEntryCount says");
            return Err(LdifError::incomplete(line, "one entry more", expected));
        }
        if is_container(&entry.record) {
            let expected = "one container, in the first record";
            return Err(LdifError::damaged(line, "another container", expected));
        }
        if !dn.is_within(&self.container.dn) {
            let expected = "an entry below the container";
            return Err(LdifError::damaged(line, shown_name(dn), expected));
        }
        if !self.names.insert(dn.key()) {
            let found = format!("another entry {}", shown_name(dn));
            return Err(LdifError::damaged(line, found, "every name once"));
        }
        Ok(Some(entry))
    }
}

impl<R: BufRead> Iterator for ListReader<R> {
    type Item = Result<Located<Entry>, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_entry().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

fn entry(Located { line, record }: Located<Record>) -> Result<Located<Entry>, LdifError> {
    match record {
        Record::Entry(record) => Ok(Located { line, record }),
        Record::Change { .. } => {
            let expected = "an entry: a list is no change file";
            Err(LdifError::damaged(line, "a change", expected))
        }
    }
}

/// Writes a list: the container, then the entries by key, so that two exports of one state are the same bytes.
///
/// # Errors
/// The output fails. With [`io::ErrorKind::InvalidInput`], and before anything is written: the container declares
/// another number of entries, or has a name that is no organizational unit's. Also with it: an entry that
/// [`Writer::entry`] refuses.
pub fn write_list<'e, W: Write>(
    output: W,
    version: VersionLine,
    container: &ContainerRecord,
    entries: impl IntoIterator<Item = &'e Entry>,
) -> io::Result<W> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    let (declared, count) = (container.entry_count, entries.len());
    if usize::try_from(declared) != Ok(count) {
        let what = format!("{count} entries in a list that declares {declared}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let container = container.to_entry()?;
    entries.sort_by(|one, other| order::by_key(one, other));
    let mut writer = Writer::new(output, version);
    writer.entry(&container)?;
    for entry in entries {
        writer.entry(entry)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests;
