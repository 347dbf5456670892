//! Reads the two sections of a message, and writes records.

use std::io::{self, BufRead, Read};

use super::{Profile, Setting};
use crate::codec::codepage::CodePage;
use crate::importfile::{Block, Diagnostic, Lines, Reader, push_columns};
use crate::transaction::Transaction;

/// The line above the records, without its end.
pub const RECORDS_SECTION: &str = "[DIRSYNC-TRANSACTIONS]";

const PROFILE_SECTION: &str = "[DIRSYNC]";

/// Lines a profile may have; the printed ones have seven at most.
const MAX_PROFILE_LINES: usize = 256;

/// Bytes of blank lines that may stand above the first section.
const MAX_HEAD_LEN: usize = 1 << 16;

/// Reads a message body or a text attachment: first the profile, then record by record in constant
/// memory.
///
/// Empty lines and extra CRs between records are skipped (Q159294). A record without a code is an
/// A (Q118298). Records may skip numbers; those of kind `#` come as blocks without transaction.
#[derive(Debug)]
pub struct BodyReader<R> {
    profile: Option<Profile>,
    keys: Vec<String>,
    messages: Vec<Diagnostic>,
    records: Reader<R>,
}

impl<R: BufRead> BodyReader<R> {
    /// Reads the profile. `None` when the first line that is not blank begins no section:
    /// message 124.
    ///
    /// # Errors
    /// Those of the input.
    pub fn open(input: R, code_page: CodePage) -> io::Result<Option<Self>> {
        let mut lines = Lines::new(input, 0);
        loop {
            if !lines.advance()? {
                return Ok(None);
            }
            if !lines.text().is_empty() {
                break;
            }
        }
        let (mut keys, mut messages) = (Vec::new(), Vec::new());
        let profile = match section(lines.text()) {
            Some(Section::Records) => None,
            Some(Section::Profile) => Some(read_profile(
                &mut lines,
                &mut keys,
                &mut messages,
                code_page,
            )?),
            None => return Ok(None),
        };
        let lines_before = lines.number();
        Ok(Some(Self {
            profile,
            keys,
            messages,
            records: Reader::numbered(lines.into_input(), code_page, lines_before),
        }))
    }

    /// Returns the profile; `None` when the text begins with the records, as attachments do.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Returns the keys of the profile in lower case, in the order of the text.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Returns what is wrong in the profile: 103 for a value that cannot be read or a line that is
    /// no `KEY=VALUE`, 21 for too many lines.
    #[must_use]
    pub fn messages(&self) -> &[Diagnostic] {
        &self.messages
    }
}

/// Yields the records; see [`Reader`] for errors.
impl<R: BufRead> Iterator for BodyReader<R> {
    type Item = io::Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        self.records.next()
    }
}

/// Reads lines up to the records or the end.
fn read_profile<R: BufRead>(
    lines: &mut Lines<R>,
    keys: &mut Vec<String>,
    messages: &mut Vec<Diagnostic>,
    code_page: CodePage,
) -> io::Result<Profile> {
    let mut profile = Profile::default();
    let mut count = 0;
    while lines.advance()? {
        let line = lines.text();
        if section(line) == Some(Section::Records) {
            break;
        }
        if line.is_empty() || line[0] == b'#' || count > MAX_PROFILE_LINES {
            continue;
        }
        count += 1;
        if let Some(message) = lines.too_long() {
            messages.push(message);
            continue;
        }
        let (found, expected) = if count > MAX_PROFILE_LINES {
            ("one line more", "at most 256 lines of profile")
        } else if let Some(equals) = line.iter().position(|&b| b == b'=') {
            let key = code_page.decode(&line[..equals]);
            let value = code_page.decode(&line[equals + 1..]);
            keys.push(key.trim().to_ascii_lowercase());
            match profile.set(&key, &value) {
                Setting::Taken => continue,
                Setting::BadValue(expected) => ("another value", expected),
            }
        } else {
            ("no \"=\"", "KEY=VALUE")
        };
        messages.push(Diagnostic {
            number: if count > MAX_PROFILE_LINES { 21 } else { 103 },
            line: lines.number(),
            column: 1,
            found: found.into(),
            expected,
        });
    }
    Ok(profile)
}

/// Looks whether a text begins with a section, and returns the bytes taken from the input, to be
/// put before it again.
///
/// # Errors
/// Those of the input.
pub fn peek_section(input: &mut impl BufRead) -> io::Result<(bool, Vec<u8>)> {
    let mut head = Vec::new();
    while head.len() < MAX_HEAD_LEN {
        let start = head.len();
        let limit = (MAX_HEAD_LEN - start) as u64;
        if input.take(limit).read_until(b'\n', &mut head)? == 0 {
            break;
        }
        let line = head[start..].trim_ascii_end();
        if !line.is_empty() {
            return Ok((section(line).is_some(), head));
        }
    }
    Ok((false, head))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Profile,
    Records,
}

fn section(line: &[u8]) -> Option<Section> {
    if line.eq_ignore_ascii_case(PROFILE_SECTION.as_bytes()) {
        Some(Section::Profile)
    } else if line.eq_ignore_ascii_case(RECORDS_SECTION.as_bytes()) {
        Some(Section::Records)
    } else {
        None
    }
}

/// Appends a record in the columns of Q118298: ten digits, a blank, the transaction as in an
/// import file. Tokens are left out, as they are in queue records.
pub fn push_record(sync: u32, transaction: &Transaction, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{sync:010} ").as_bytes());
    push_columns(transaction, out);
}

#[cfg(test)]
mod tests;
