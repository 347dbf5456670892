//! Reads a file of any length, record by record.

use std::io::BufRead;

use super::error::{LdifError, shown};
use super::line::{Pair, is_description};
use super::lines::{Lines, Next};
use super::record::{Located, Record};
use crate::directory::attributes::Gathered;
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};

/// Bytes of one record in the file that a reader holds unless told otherwise, the empty line behind it included. An
/// address has about a thousand.
pub const MAX_RECORD_LEN: usize = 1 << 20;

/// Attributes of different names in one record.
pub const MAX_ATTRIBUTES: usize = 1024;

/// The one version there is.
const VERSION: &str = "1";

const NO_CONTROL: &str = "no control: none is acted on here";

/// Iterates over the records of a file in memory bounded by one record.
///
/// Yields an error where the file is damaged or cannot be read, and then ends: such a file was not read whole, and no
/// list may be applied from it.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    /// What the records are; decided by the first.
    kind: Option<Kind>,
    /// Nothing was read yet.
    at_start: bool,
    is_closed: bool,
    done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Content,
    Changes,
}

/// What comes next in a record.
enum Item {
    Pair(Pair),
    /// `-` alone, and its line.
    Dash(u64),
    /// The empty line behind the record.
    Empty(u64),
    /// The end of the file, behind this line.
    End(u64),
}

impl<R: BufRead> Reader<R> {
    /// Reads a file.
    #[must_use]
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input, MAX_RECORD_LEN),
            kind: None,
            at_start: true,
            is_closed: true,
            done: false,
        }
    }

    /// Holds records of up to `limit` bytes instead of [`MAX_RECORD_LEN`].
    #[must_use]
    pub fn with_record_limit(mut self, limit: usize) -> Self {
        self.lines.set_record_limit(limit);
        self
    }

    /// Returns the number of the last line read.
    #[must_use]
    pub fn line_count(&self) -> u64 {
        self.lines.number()
    }

    /// Tells whether an empty line stands behind the last record. Without it, lines at the end of that record may be
    /// missing, and nothing else would show it; the grammar does not ask for it, but common writers put it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn next_record(&mut self) -> Result<Option<Located<Record>>, LdifError> {
        let dn = loop {
            self.lines.begin_record();
            match self.item()? {
                Item::Empty(_) => {}
                Item::End(_) => return Ok(None),
                Item::Dash(line) => return Err(LdifError::damaged(line, "\"-\"", "dn:")),
                Item::Pair(pair) if pair.is("version") && self.at_start => {
                    if pair.value != VERSION.as_bytes() {
                        return Err(pair.unexpected("version: 1"));
                    }
                    self.at_start = false;
                }
                Item::Pair(pair) if pair.is("dn") => break pair,
                Item::Pair(pair) => return Err(pair.unexpected("dn:")),
            }
        };
        self.at_start = false;
        self.is_closed = false;
        let line = dn.line;
        let dn = name(&dn)?;
        let expected = "an attribute or changetype:";
        let record = match self.item()? {
            Item::Pair(pair) if pair.is("changetype") => {
                self.decide(Kind::Changes, pair.line)?;
                let change = self.change(&pair)?;
                Record::Change { dn, change }
            }
            Item::Pair(pair) if pair.is("control") => return Err(pair.unexpected(NO_CONTROL)),
            Item::Pair(pair) => {
                self.decide(Kind::Content, pair.line)?;
                let attributes = self.attributes(Some(pair))?;
                Record::Entry(Entry { dn, attributes })
            }
            other => return Err(other.missing(expected)),
        };
        Ok(Some(Located { line, record }))
    }

    /// Refuses a record that is not of the kind of those before it.
    fn decide(&mut self, kind: Kind, line: u64) -> Result<(), LdifError> {
        match (*self.kind.get_or_insert(kind), kind) {
            (Kind::Content, Kind::Changes) => {
                let expected = "an entry, as the records before it";
                Err(LdifError::damaged(line, "a change", expected))
            }
            (Kind::Changes, Kind::Content) => {
                let expected = "changetype:, as in the records before it";
                Err(LdifError::damaged(line, "an entry", expected))
            }
            _ => Ok(()),
        }
    }

    fn change(&mut self, changetype: &Pair) -> Result<Change, LdifError> {
        let expected = "changetype: add, delete, modify, modrdn or moddn";
        match &changetype.text(expected)?.to_ascii_lowercase()[..] {
            "add" => Ok(Change::Add(self.attributes(None)?)),
            "delete" => {
                self.end_record()?;
                Ok(Change::Delete)
            }
            "modify" => self.modify(),
            "modrdn" | "moddn" => self.rename(),
            _ => Err(changetype.unexpected(expected)),
        }
    }

    /// Reads attributes to the end of the record; there is at least one.
    fn attributes(&mut self, first: Option<Pair>) -> Result<Attributes, LdifError> {
        let mut attributes = Gathered::default();
        let mut next = first.map(Item::Pair);
        loop {
            let item = match next.take() {
                Some(item) => item,
                None => self.item()?,
            };
            match item {
                Item::Pair(pair) if pair.is("dn") || pair.is("changetype") => {
                    return Err(pair.unexpected("an empty line before the next record"));
                }
                Item::Pair(pair) if pair.is("control") => return Err(pair.unexpected(NO_CONTROL)),
                Item::Pair(pair) => {
                    if attributes.len() == MAX_ATTRIBUTES && !attributes.has(&pair.name) {
                        let expected = format!("at most {MAX_ATTRIBUTES} attributes in a record");
                        return Err(LdifError::damaged(pair.line, "one more", expected));
                    }
                    attributes.add(&pair.name, &pair.value);
                }
                Item::Empty(_) | Item::End(_) if attributes.len() > 0 => {
                    return Ok(attributes.finish());
                }
                other => return Err(other.missing("an attribute")),
            }
        }
    }

    fn modify(&mut self) -> Result<Change, LdifError> {
        let expected = "add:, delete: or replace:";
        let mut modifications = Vec::new();
        loop {
            match self.item()? {
                Item::Pair(pair) => {
                    let Some(kind) = ModificationKind::of_word(&pair.name) else {
                        return Err(pair.unexpected(expected));
                    };
                    modifications.push(self.modification(kind, &pair)?);
                }
                Item::Empty(_) | Item::End(_) if !modifications.is_empty() => {
                    return Ok(Change::Modify(modifications));
                }
                other => return Err(other.missing(expected)),
            }
        }
    }

    fn modification(
        &mut self,
        kind: ModificationKind,
        head: &Pair,
    ) -> Result<Modification, LdifError> {
        let expected = "the name of an attribute";
        let attribute = head.text(expected)?;
        if !is_description(attribute) {
            return Err(head.unexpected(expected));
        }
        let mut values = Vec::new();
        loop {
            match self.item()? {
                Item::Pair(pair) if pair.is(attribute) => values.push(pair.value),
                Item::Pair(pair) => return Err(pair.unexpected("a value of the attribute, or -")),
                Item::Dash(line) if values.is_empty() && kind == ModificationKind::Add => {
                    return Err(LdifError::damaged(line, "\"-\"", "a value to add"));
                }
                Item::Dash(_) => break,
                other => return Err(other.missing("- behind the values")),
            }
        }
        Ok(Modification {
            kind,
            attribute: attribute.to_owned(),
            values,
        })
    }

    fn rename(&mut self) -> Result<Change, LdifError> {
        let pair = self.keyword("newrdn", "newrdn:")?;
        let new_rdn = name(&pair)?;
        if new_rdn.depth() != 1 {
            return Err(pair.unexpected("one relative name"));
        }
        let pair = self.keyword("deleteoldrdn", "deleteoldrdn:")?;
        let delete_old = match &pair.value[..] {
            b"0" => false,
            b"1" => true,
            _ => return Err(pair.unexpected("deleteoldrdn: 0 or 1")),
        };
        let new_superior = match self.item()? {
            Item::Empty(_) | Item::End(_) => None,
            Item::Pair(pair) if pair.is("newsuperior") => {
                let name = name(&pair)?;
                self.end_record()?;
                Some(name)
            }
            other => return Err(other.missing("newsuperior: or the end of the record")),
        };
        Ok(Change::Rename {
            new_rdn,
            delete_old,
            new_superior,
        })
    }

    fn keyword(&mut self, keyword: &str, expected: &'static str) -> Result<Pair, LdifError> {
        match self.item()? {
            Item::Pair(pair) if pair.is(keyword) => Ok(pair),
            other => Err(other.missing(expected)),
        }
    }

    fn end_record(&mut self) -> Result<(), LdifError> {
        match self.item()? {
            Item::Empty(_) | Item::End(_) => Ok(()),
            other => Err(other.missing("the end of the record")),
        }
    }

    fn item(&mut self) -> Result<Item, LdifError> {
        let item = match self.lines.next()? {
            Next::Line(line, b"-") => return Ok(Item::Dash(line)),
            Next::Line(line, text) => return Pair::parse(line, text).map(Item::Pair),
            Next::Empty => Item::Empty(self.lines.number()),
            Next::End => Item::End(self.lines.number()),
        };
        self.is_closed |= matches!(item, Item::Empty(_));
        Ok(item)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Located<Record>, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_record().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl Item {
    /// Something else should stand here.
    fn missing(&self, expected: &'static str) -> LdifError {
        match self {
            Self::Pair(pair) => pair.unexpected(expected),
            Self::Dash(line) => LdifError::damaged(*line, "\"-\"", expected),
            Self::Empty(line) => LdifError::damaged(*line, "an empty line", expected),
            Self::End(line) => LdifError::end(*line, expected),
        }
    }
}

fn name(pair: &Pair) -> Result<Dn, LdifError> {
    Dn::parse(pair.text("a name in UTF-8")?).map_err(|error| {
        let (found, at) = (&error.found, error.at);
        let found = format!("{found} at byte {at} of the name {}", shown(&pair.value));
        LdifError::damaged(pair.line, found, error.expected)
    })
}

#[cfg(test)]
mod tests;
