//! `network/postoffice/mailbox` and the same form of PROFS, SNADS and OV (`spec/import.md` 3.5).

use super::{AddressError, AddressType};
use crate::codec::codepage::CodePage;
use crate::codec::is_mailbox_byte;

/// Bytes a part may have (message 20).
pub(crate) const MAX_PART_LEN: usize = 10;

/// Mailboxes of the system, never importable (Q96060, Q112879).
const SYSTEM_MAILBOXES: [&[u8]; 2] = [b"$SYSTEM", b"*SPECIAL"];

/// Which part of an address a rule speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Network,
    Postoffice,
    Mailbox,
}

impl Part {
    fn alphanumeric(self) -> (u16, &'static str) {
        match self {
            Self::Network => (69, "letters and digits only in the network name"),
            Self::Postoffice => (70, "letters and digits only in the postoffice name"),
            Self::Mailbox => (71, "letters and digits only in the mailbox name"),
        }
    }

    fn bounds(self) -> &'static str {
        match self {
            Self::Network => "a network name of 1 to 10 characters",
            Self::Postoffice => "a postoffice name of 1 to 10 characters",
            Self::Mailbox => "a mailbox name of 1 to 10 characters",
        }
    }
}

/// Checks the text of a three-part address.
pub(super) fn check(
    kind: AddressType,
    text: &[u8],
    code_page: CodePage,
) -> Result<(), AddressError> {
    // A slash is never the second byte of a character.
    let mut slashes = text.iter().enumerate().filter(|(_, b)| **b == b'/');
    let first = slashes.next().map(|(at, _)| at);
    let second = slashes.next().map(|(at, _)| at);
    if let Some((third, _)) = slashes.next() {
        return Err(AddressError::at_byte(
            26,
            third,
            b'/',
            "exactly two slashes: network/postoffice/mailbox",
        ));
    }
    let Some(first) = first.filter(|at| at + 1 < text.len()) else {
        return Err(AddressError::at_end(
            17,
            text.len(),
            "\"/\" and a postoffice name",
        ));
    };
    let Some(second) = second else {
        return Err(AddressError::at_end(
            19,
            text.len(),
            "\"/\" and a mailbox name",
        ));
    };
    check_part(kind, Part::Network, &text[..first], code_page)?;
    check_part(kind, Part::Postoffice, &text[first + 1..second], code_page)
        .map_err(|e| e.shifted(first + 1))?;
    let mailbox = &text[second + 1..];
    if mailbox.is_empty() {
        return Err(AddressError::at_end(81, text.len(), "a mailbox name"));
    }
    check_part(kind, Part::Mailbox, mailbox, code_page).map_err(|e| e.shifted(second + 1))
}

/// Checks `network/postoffice`.
pub(super) fn check_place(
    kind: AddressType,
    text: &[u8],
    slash: Option<usize>,
    code_page: CodePage,
) -> Result<usize, AddressError> {
    let Some(slash) = slash.filter(|at| at + 1 < text.len()) else {
        return Err(AddressError::at_end(
            17,
            text.len(),
            "\"/\" and a postoffice name",
        ));
    };
    if let Some(more) = text[slash + 1..].iter().position(|&b| b == b'/') {
        return Err(AddressError::at_byte(
            26,
            slash + 1 + more,
            b'/',
            "one slash: network/postoffice",
        ));
    }
    check_part(kind, Part::Network, &text[..slash], code_page)?;
    check_part(kind, Part::Postoffice, &text[slash + 1..], code_page)
        .map_err(|e| e.shifted(slash + 1))?;
    Ok(slash)
}

/// Checks length and characters of one part.
///
/// Only PC Mail names are held to letters and digits: nothing is published for the names of
/// PROFS, SNADS and OV (`spec/import.md` 3.5).
fn check_part(
    kind: AddressType,
    part: Part,
    text: &[u8],
    code_page: CodePage,
) -> Result<(), AddressError> {
    if text.is_empty() || text.len() > MAX_PART_LEN {
        return Err(AddressError::new(20, 0, text, part.bounds(), code_page));
    }
    let (number, expected) = part.alphanumeric();
    if part == Part::Mailbox
        && SYSTEM_MAILBOXES
            .iter()
            .any(|m| text.eq_ignore_ascii_case(m))
    {
        return Err(AddressError::new(
            number,
            0,
            text,
            "a mailbox other than those of the system",
            code_page,
        ));
    }
    let bad = if kind.family() == AddressType::Pcm {
        first_non_alphanumeric(part, text, code_page)
    } else {
        text.iter().position(|&b| b < b' ')
    };
    match bad {
        Some(at) => Err(AddressError::new(number, at, text, expected, code_page)),
        None => Ok(()),
    }
}

/// Returns the position of the first character that is no letter or digit.
///
/// Codes above 127 count as letters; for mailboxes Q199676 leaves out 145 to 148, though those are
/// letters in the DOS pages (`spec/import.md` 3.5). Nobody says so of the other parts.
fn first_non_alphanumeric(part: Part, text: &[u8], code_page: CodePage) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if !byte.is_ascii() && code_page.character_len(&text[at..]) == 2 {
            at += 2;
            continue;
        }
        let letter = match part {
            Part::Mailbox => is_mailbox_byte(byte),
            Part::Network | Part::Postoffice => byte.is_ascii_alphanumeric() || !byte.is_ascii(),
        };
        if !letter {
            return Some(at);
        }
        at += 1;
    }
    None
}
