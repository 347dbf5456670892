//! The first line of a numbered record: `0000000645 A User  PCM:NET/PO/USER`
//! (`spec/protocol.md` 6.2).

use super::Diagnostic;
use super::block::{Form, OpenBlock, unknown};
use crate::address::{AddressError, AddressType, quote, quote_byte};
use crate::codec::codepage::CodePage;
use crate::transaction::MAX_NAME_LEN;

/// Digits of a sync number.
const MAX_DIGITS: usize = 10;

/// Begins a block with a numbered line.
pub(super) fn start(line: u64, text: &[u8], code_page: CodePage) -> (Option<u32>, OpenBlock) {
    let (sync, rest) = match split(text, code_page) {
        Ok(parts) => parts,
        Err(error) => {
            let message = Diagnostic::new(line, 1, error);
            return (None, OpenBlock::refused(line, Some(message), code_page));
        }
    };
    let record = &text[rest..];
    let block = if record.first() == Some(&b'#') {
        // A record without a transaction: only its number counts.
        OpenBlock::refused(line, None, code_page)
    } else if let Some(restored) = restore_code(record) {
        let column = rest + 1 - CODE_LEN;
        OpenBlock::start(Form::Record, line, column, &restored, code_page)
    } else if let Some(parted) = part_by_type(record) {
        OpenBlock::start(Form::Record, line, rest + 1, &parted, code_page)
    } else {
        OpenBlock::start(Form::Record, line, rest + 1, record, code_page)
    };
    (Some(sync), block)
}

/// Reads the number and returns it with the offset of what follows.
fn split(text: &[u8], code_page: CodePage) -> Result<(u32, usize), AddressError> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(unknown(text, "a sync number"));
    }
    let sync = std::str::from_utf8(&text[..digits])
        .ok()
        .filter(|_| digits <= MAX_DIGITS)
        .and_then(|number| number.parse().ok());
    let Some(sync) = sync else {
        return Err(AddressError {
            number: 21,
            offset: 0,
            found: quote(&text[..digits], code_page),
            expected: "a sync number of at most 10 digits and 4294967295",
        });
    };
    let blanks = text[digits..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    match text.get(digits) {
        None => Err(AddressError::at_end(13, digits, "a transaction")),
        Some(&byte) if blanks == 0 => Err(AddressError {
            number: 23,
            offset: digits,
            found: quote_byte(byte),
            expected: "a blank behind the sync number",
        }),
        Some(_) => Ok((sync, digits + blanks)),
    }
}

/// Bytes of a code and its blank.
const CODE_LEN: usize = 2;

/// Puts back the `A` of a record that lost it in print (Q118298).
///
/// There the address stands 33 columns behind the name, not 31, so whatever blanks follow column
/// 30 of the name are skipped. A single character before a blank is a code, known or not: taking
/// it for the beginning of a name could turn a deletion into an entry.
fn restore_code(record: &[u8]) -> Option<Vec<u8>> {
    if matches!(record.get(1), None | Some(b' ' | b'\t')) {
        return None;
    }
    let mut line = [b"A ", record].concat();
    let name_end = CODE_LEN + MAX_NAME_LEN;
    if !record.contains(&b'\t') && line.get(name_end) == Some(&b' ') {
        line[name_end] = b'\t';
    }
    Some(line)
}

/// Puts a TAB between name and address of a record whose blanks were collapsed, as in the print of Q106623: where
/// neither a TAB nor column 33 parts them, the last blank before `TYPE:` does.
fn part_by_type(record: &[u8]) -> Option<Vec<u8>> {
    let is_entry = matches!(record, [b'A' | b'D' | b'M', b' ', ..]);
    let has_column = record.get(CODE_LEN + MAX_NAME_LEN) == Some(&b' ');
    if !is_entry || has_column || record.contains(&b'\t') {
        return None;
    }
    let blanks = (CODE_LEN + 1..record.len())
        .rev()
        .filter(|&at| record[at] == b' ');
    let is_type = |at: &usize| {
        let rest = &record[at + 1..];
        let colon = rest.iter().position(|&b| b == b':');
        colon.is_some_and(|colon| AddressType::from_token(&rest[..colon]).is_some())
    };
    let at = blanks.into_iter().find(is_type)?;
    let name = record[..at].trim_ascii_end();
    (name.len() <= CODE_LEN + MAX_NAME_LEN).then(|| [name, b"\t", &record[at + 1..]].concat())
}
