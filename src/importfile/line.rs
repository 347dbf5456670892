//! One line at a time: what kind it is and what stands in it (`spec/import.md` 3.2, 3.3).
//!
//! Lines come without their end and without trailing blanks. Offsets in errors count from the
//! start of the line.

use super::Diagnostic;
use crate::address::{AddressError, AddressText, AddressType, PostofficeName, quote_byte, trim};
use crate::codec::codepage::CodePage;
use crate::transaction::{
    Entry, EntryText, InfoLine, ListName, MAX_NAME_LEN, MAX_PASSWORD_LEN, Token, TokenName,
    Transaction, check_line_text,
};

/// Offset of column 3, where names begin.
const NAME: usize = 2;
/// Offset of column 33, the blank behind the name.
const NAME_END: usize = NAME + MAX_NAME_LEN;

/// What column 1 makes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Nothing, or nothing but blanks.
    Blank,
    /// `#`.
    Comment,
    /// `A`, `D`, `M`, `R` or `T`.
    Command,
    /// A blank: a second line, a template field, or an indented information line.
    Indented,
    /// `-`.
    Info,
    /// `&`.
    Token,
    /// Anything else that looks like a command of its own.
    UnknownCommand,
    /// Anything else.
    Unknown,
}

pub(super) fn classify(line: &[u8]) -> LineKind {
    let Some(&first) = line.first() else {
        return LineKind::Blank;
    };
    match first {
        b'#' => LineKind::Comment,
        b'A' | b'D' | b'M' | b'R' | b'T' => LineKind::Command,
        b' ' => LineKind::Indented,
        b'-' => LineKind::Info,
        b'&' => LineKind::Token,
        _ if first.is_ascii_alphanumeric() => LineKind::UnknownCommand,
        b'\t' => LineKind::Unknown,
        _ if matches!(line.get(1), Some(b' ' | b'\t')) => LineKind::UnknownCommand,
        _ => LineKind::Unknown,
    }
}

/// Checks column 2 (message 23).
fn check_separator(line: &[u8]) -> Result<(), AddressError> {
    match line.get(1) {
        None | Some(b' ' | b'\t') => Ok(()),
        Some(&other) => Err(AddressError {
            number: 23,
            offset: 1,
            found: quote_byte(other),
            expected: "a blank or TAB",
        }),
    }
}

/// Reads name and address of an A, D or M line, or of the second line of M.
pub(super) fn entry(line: &[u8], code_page: CodePage) -> Result<Entry, AddressError> {
    entry_text(line, code_page).map(Entry::from)
}

/// As [`entry`], without copying anything.
pub(super) fn entry_text(line: &[u8], code_page: CodePage) -> Result<EntryText<'_>, AddressError> {
    check_separator(line)?;
    let Some(rest) = line.get(NAME..).filter(|rest| !rest.is_empty()) else {
        return Err(AddressError::at_end(18, line.len(), "a full name"));
    };
    let (name, address_start) = match rest.iter().position(|&b| b == b'\t') {
        Some(len) => (&rest[..len], NAME + len + 1),
        None => {
            if let Some(&behind) = line.get(NAME_END).filter(|&&b| b != b' ') {
                return Err(overrun(line, behind, code_page));
            }
            let end = line.len().min(NAME_END);
            (&line[NAME..end], (NAME_END + 1).min(line.len()))
        }
    };
    let name = Entry::check_name(name, code_page).map_err(|e| e.shifted(NAME))?;
    let address = AddressText::parse(&line[address_start..], code_page)
        .map_err(|e| e.shifted(address_start))?;
    Ok(EntryText { name, address })
}

/// Returns the name of an entry line with nothing but blanks behind it.
pub(super) fn lone_name(line: &[u8], code_page: CodePage) -> Option<&[u8]> {
    check_separator(line).ok()?;
    let name = line.get(NAME..)?;
    // Behind a TAB the address would stand.
    let name = name.strip_suffix(b"\t").unwrap_or(name);
    Entry::check_name(name, code_page).ok()
}

/// Says that a name runs into column 33 (Q104869), or that the address came too early.
fn overrun(line: &[u8], behind: u8, code_page: CodePage) -> AddressError {
    match Entry::check_name(&line[NAME..], code_page) {
        Err(error) if error.number == 72 => AddressError {
            number: 72,
            offset: NAME_END,
            found: error.found,
            expected: "a blank: the name stands in columns 3 to 32, the address from column 34",
        },
        Err(error) => error.shifted(NAME),
        Ok(_) => AddressError {
            number: 72,
            offset: NAME_END,
            found: quote_byte(behind),
            expected: "a blank",
        },
    }
}

/// Reads the list of an R line.
pub(super) fn list(line: &[u8], code_page: CodePage) -> Result<ListName, AddressError> {
    check_separator(line)?;
    let start = NAME.min(line.len());
    ListName::parse(&line[start..], code_page).map_err(|e| e.shifted(start))
}

/// Reads the list of a T line: one place of a type that has templates.
pub(super) fn template_list(line: &[u8], code_page: CodePage) -> Result<ListName, AddressError> {
    let list = list(line, code_page)?;
    if !list.kind().has_templates() {
        return Err(no_templates(NAME, list.kind()));
    }
    if list.place().is_none() {
        return Err(AddressError::at_end(
            48,
            line.len(),
            "one list: TYPE:NET/PO",
        ));
    }
    Ok(list)
}

/// Message 24.
pub(super) fn no_templates(offset: usize, kind: AddressType) -> AddressError {
    AddressError {
        number: 24,
        offset,
        found: kind.token().to_owned(),
        expected: "a type with templates: PCM, CSI, FFAPI, MS, PROFS, SNADS or OV",
    }
}

/// Reads an information line without its hyphen, `prompt/value`, from outside an import file.
///
/// # Errors
/// 22 without the slash, 21 for a control character.
pub fn parse_info(text: &[u8]) -> Result<InfoLine, AddressError> {
    let line = [b"- ", text].concat();
    info(&line, 0)
}

/// Reads an information line whose hyphen stands at `hyphen`.
pub(super) fn info(line: &[u8], hyphen: usize) -> Result<InfoLine, AddressError> {
    check_line_text(line)?;
    let mut at = hyphen + 1;
    if matches!(line.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let mut prompt = Vec::with_capacity(MAX_NAME_LEN);
    loop {
        match (line.get(at), line.get(at + 1)) {
            (None, _) => {
                return Err(AddressError::at_end(
                    22,
                    line.len(),
                    "\"/\" between prompt and information",
                ));
            }
            (Some(b'/'), Some(b'/')) => {
                prompt.push(b'/');
                at += 2;
            }
            (Some(b'/'), _) => break,
            (Some(&byte), _) => {
                prompt.push(byte);
                at += 1;
            }
        }
    }
    InfoLine::new(&prompt, &line[at + 1..])
}

/// Reads `&NAME=value`. A password that is too long is cut, and the second value is message 89.
pub(super) fn token(
    line: &[u8],
    code_page: CodePage,
) -> Result<(Token, Option<AddressError>), AddressError> {
    check_line_text(line)?;
    let Some(equals) = line.iter().position(|&b| b == b'=') else {
        // The rest may be a password.
        return Err(AddressError::at_end(88, line.len(), "&NAME=value"));
    };
    let (blanks, name) = trim(&line[1..equals]);
    let name = TokenName::from_text(name)
        .ok_or_else(|| AddressError::new(84, 1 + blanks, name, TokenName::NAMES, code_page))?;
    let (blanks, value) = trim(&line[equals + 1..]);
    let value_start = equals + 1 + blanks;
    match Token::new(name, value, code_page) {
        Ok(token) => Ok((token, None)),
        Err(warning) if warning.number == 89 => {
            let cut = code_page.cut(value, MAX_PASSWORD_LEN);
            Ok((
                Token::new(name, cut, code_page)?,
                Some(warning.shifted(value_start)),
            ))
        }
        Err(error) => Err(error.shifted(value_start)),
    }
}

/// Checks that tokens belong to a user of the own postoffice: one message 82 for each token of
/// another entry. The text alone does not decide this, so the reader does not ask.
#[must_use]
pub fn check_tokens(
    transaction: &Transaction,
    own: &PostofficeName,
    code_page: CodePage,
) -> Vec<Diagnostic> {
    let is_local = |entry: &Entry| {
        let address = entry.address();
        address.kind().family() == AddressType::Pcm
            && address
                .place()
                .is_some_and(|place| place.is_same(own, code_page))
    };
    if transaction.entry().is_some_and(is_local) {
        return Vec::new();
    }
    transaction
        .tokens()
        .iter()
        .map(|token| Diagnostic {
            number: 82,
            line: token.line(),
            column: 1,
            found: token.name().text().into(),
            expected: "tokens for users of the own postoffice only",
        })
        .collect()
}

/// Returns the name on a line that was refused, as far as its columns or TABs show one: an entry of that name
/// counts as present (design, section 5).
#[must_use]
pub fn name_on_line(raw: &[u8], code_page: CodePage) -> &[u8] {
    if !matches!(raw.first(), Some(b'A' | b'M')) || raw.len() < 3 {
        return &[];
    }
    let line = raw[2..]
        .split(|&b| b == b'\r' || b == b'\n')
        .next()
        .unwrap_or_default();
    let name = match code_page.find(line, b'\t') {
        Some(tab) => &line[..tab],
        None => code_page.cut(line, 30),
    };
    name.trim_ascii_end()
}
