//! Writes records.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::line::is_description;
use super::order;
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};

/// Bytes of a written line without its end.
const LINE_LEN: usize = 76;

/// Whether a file begins with `version: 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionLine {
    /// It does, as RFC 2849 asks.
    #[default]
    Written,
    /// It does not: slapadd of OpenLDAP 2.5 refuses it.
    LeftOut,
}

/// Writes records of one kind, with an empty line behind each.
///
/// What could not be read back is refused with [`io::ErrorKind::InvalidInput`], and nothing of it is written.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    version: VersionLine,
    /// Whether the records are changes; decided by the first.
    is_changes: Option<bool>,
}

impl<W: Write> Writer<W> {
    /// Writes a file. Nothing is written before the first record but by [`Self::finish`].
    #[must_use]
    pub fn new(output: W, version: VersionLine) -> Self {
        Self {
            output,
            version,
            is_changes: None,
        }
    }

    /// Writes an entry of a content file, attributes and values in fixed order.
    ///
    /// # Errors
    /// The output fails; an entry behind changes, without attributes or with a name that is none.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let mut record = Record::new(&entry.dn)?;
        record.attributes(&entry.attributes)?;
        self.put(record, false)
    }

    /// Writes a change. Modifications stay in their order.
    ///
    /// # Errors
    /// The output fails; a change behind entries, one that changes nothing, a new name that is not one relative name,
    /// or an attribute with a name that is none.
    pub fn change(&mut self, dn: &Dn, change: &Change) -> io::Result<()> {
        let mut record = Record::new(dn)?;
        match change {
            Change::Add(attributes) => {
                record.line("changetype", b"add");
                record.attributes(attributes)?;
            }
            Change::Delete => record.line("changetype", b"delete"),
            Change::Modify(modifications) => {
                if modifications.is_empty() {
                    return refused("a modification of nothing");
                }
                record.line("changetype", b"modify");
                for modification in modifications {
                    record.modification(modification)?;
                }
            }
            Change::Rename {
                new_rdn,
                delete_old,
                new_superior,
            } => {
                if new_rdn.depth() != 1 {
                    return refused(format!("{new_rdn} as the new name of an entry itself"));
                }
                record.line("changetype", b"modrdn");
                record.name("newrdn", new_rdn)?;
                record.line("deleteoldrdn", if *delete_old { b"1" } else { b"0" });
                if let Some(above) = new_superior {
                    record.name("newsuperior", above)?;
                }
            }
        }
        self.put(record, true)
    }

    /// Ends the file and returns the output. A file without records is its version line.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> io::Result<W> {
        if self.is_changes.is_none() {
            self.begin()?;
        }
        self.output.flush()?;
        Ok(self.output)
    }

    fn put(&mut self, mut record: Record, is_change: bool) -> io::Result<()> {
        match self.is_changes {
            None => self.begin()?,
            Some(before) if before == is_change => {}
            Some(_) => return refused("entries and changes in one file"),
        }
        self.is_changes = Some(is_change);
        record.text.push(b'\n');
        self.output.write_all(&record.text)
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.version {
            VersionLine::Written => self.output.write_all(b"version: 1\n\n"),
            VersionLine::LeftOut => Ok(()),
        }
    }
}

fn refused<T>(what: impl Into<String>) -> io::Result<T> {
    let what = format!("no LDIF can hold {}", what.into());
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// The text of a record.
struct Record {
    text: Vec<u8>,
}

impl Record {
    fn new(dn: &Dn) -> io::Result<Self> {
        let mut record = Self { text: Vec::new() };
        record.name("dn", dn)?;
        Ok(record)
    }

    fn name(&mut self, keyword: &str, dn: &Dn) -> io::Result<()> {
        let text = dn.to_string();
        if Dn::parse(&text).as_ref() != Ok(dn) {
            return refused(format!("the name {text:?}"));
        }
        self.line(keyword, text.as_bytes());
        Ok(())
    }

    fn attributes(&mut self, attributes: &Attributes) -> io::Result<()> {
        if attributes.is_empty() {
            return refused("an entry without attributes");
        }
        for (name, values) in order::sorted(attributes) {
            check_name(name)?;
            // The reader takes these for the beginning of a record.
            if ["dn", "changetype", "control"].contains(&&name.to_ascii_lowercase()[..]) {
                return refused(format!("an attribute {name}"));
            }
            for value in values {
                self.line(name, value);
            }
        }
        Ok(())
    }

    fn modification(&mut self, modification: &Modification) -> io::Result<()> {
        let Modification {
            kind,
            attribute,
            values,
        } = modification;
        check_name(attribute)?;
        if values.is_empty() && *kind == ModificationKind::Add {
            return refused(format!("an addition of no value to {attribute}"));
        }
        self.line(kind.word(), attribute.as_bytes());
        for value in values {
            self.line(attribute, value);
        }
        self.text.extend_from_slice(b"-\n");
        Ok(())
    }

    /// Appends an attribute with a value, in base64 where the value asks for it, and folded.
    fn line(&mut self, name: &str, value: &[u8]) {
        let line = match value {
            [] => format!("{name}:"),
            value if is_safe(value) => format!("{name}: {}", String::from_utf8_lossy(value)),
            value => format!("{name}:: {}", STANDARD.encode(value)),
        };
        let (head, mut rest) = line.split_at(line.len().min(LINE_LEN));
        self.text.extend_from_slice(head.as_bytes());
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.len().min(LINE_LEN - 1));
            self.text.extend_from_slice(b"\n ");
            self.text.extend_from_slice(part.as_bytes());
            rest = behind;
        }
        self.text.push(b'\n');
    }
}

fn check_name(name: &str) -> io::Result<()> {
    if is_description(name) {
        Ok(())
    } else {
        refused(format!("an attribute {name:?}"))
    }
}

/// Tells whether a value may stand as it is: printable ASCII that does not begin like another form and does not end
/// with a blank, which transports cut off.
fn is_safe(value: &[u8]) -> bool {
    !matches!(value, [b' ' | b':' | b'<', ..] | [.., b' '])
        && value.iter().all(|b| matches!(b, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
