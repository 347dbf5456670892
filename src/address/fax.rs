//! Fax addresses: `recipient~location~company~phone` (`spec/import.md` 3.6).

use super::AddressError;
use crate::codec::codepage::CodePage;

/// What one field may hold: its bytes, the message when there are more, and the words for it.
struct FieldRule {
    max_len: usize,
    too_long: u16,
    expected: &'static str,
}

const FIELDS: [FieldRule; 4] = [
    FieldRule {
        max_len: 30,
        too_long: 74,
        expected: "at most 30 characters of recipient",
    },
    FieldRule {
        max_len: 30,
        too_long: 75,
        expected: "at most 30 characters of location",
    },
    FieldRule {
        max_len: 30,
        too_long: 76,
        expected: "at most 30 characters of company",
    },
    FieldRule {
        max_len: 22,
        too_long: 77,
        expected: "at most 22 characters of phone number",
    },
];

const FORM: &str = "four fields: recipient~location~company~phone";

/// Checks the fields and returns the text without the fourth tilde, which the stored form
/// suggests and we accept.
pub(super) fn check(text: &[u8], code_page: CodePage) -> Result<&[u8], AddressError> {
    let mut start = 0;
    for rule in &FIELDS[..3] {
        let Some(len) = code_page.find(&text[start..], b'~') else {
            return Err(AddressError::at_end(26, text.len(), FORM));
        };
        check_field_len(rule, &text[start..start + len], code_page)
            .map_err(|e| e.shifted(start))?;
        start += len + 1;
    }
    let phone_end = code_page
        .find(&text[start..], b'~')
        .map_or(text.len(), |len| start + len);
    if phone_end + 1 < text.len() {
        return Err(AddressError::at_byte(26, phone_end, b'~', FORM));
    }
    // The line lost its trailing blanks; those before a fourth tilde must not come back.
    let phone_len = text[start..phone_end]
        .iter()
        .rposition(|&b| b != b' ')
        .map_or(0, |last| last + 1);
    let phone = &text[start..start + phone_len];
    if phone.is_empty() {
        return Err(AddressError::at_end(26, phone_end, FORM));
    }
    check_field_len(&FIELDS[3], phone, code_page).map_err(|e| e.shifted(start))?;
    let dialled = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b',' | b'-');
    if let Some(at) = phone.iter().position(|b| !dialled(b)) {
        return Err(AddressError::at_byte(
            15,
            start + at,
            phone[at],
            "digits, blanks, commas and hyphens in the phone number",
        ));
    }
    Ok(&text[..start + phone.len()])
}

fn check_field_len(
    rule: &FieldRule,
    field: &[u8],
    code_page: CodePage,
) -> Result<(), AddressError> {
    if field.len() > rule.max_len {
        return Err(AddressError::new(
            rule.too_long,
            rule.max_len,
            field,
            rule.expected,
            code_page,
        ));
    }
    Ok(())
}

/// Returns the stored form: a CR behind every field, also the last (Q94410).
pub(super) fn to_stored(text: &[u8], code_page: CodePage) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut start = 0;
    while let Some(len) = code_page.find(&out[start..], b'~') {
        out[start + len] = b'\r';
        start += len + 1;
    }
    out.push(b'\r');
    out
}

/// Returns the text form; the last CR may be missing.
pub(super) fn from_stored(stored: &[u8]) -> Vec<u8> {
    let fields = stored.strip_suffix(b"\r").unwrap_or(stored);
    fields
        .iter()
        .map(|&b| if b == b'\r' { b'~' } else { b })
        .collect()
}
