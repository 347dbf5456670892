//! East Asian code pages, one or two bytes per character, from `encoding_rs`.

use encoding_rs::Encoding;

use super::CodePage;

/// Tells whether a byte can be the second one of a pair in any of the four pages.
pub(super) fn is_trail_byte(byte: u8) -> bool {
    matches!(byte, 0x40..=0x7e | 0x80..=0xfe)
}

fn encoding(page: CodePage) -> &'static Encoding {
    match page {
        CodePage::Cp932 => encoding_rs::SHIFT_JIS,
        CodePage::Cp936 => encoding_rs::GBK,
        CodePage::Cp949 => encoding_rs::EUC_KR,
        _ => encoding_rs::BIG5,
    }
}

/// Decodes a text; a character that does not survive the way back becomes U+FFFD.
pub(super) fn decode(page: CodePage, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (unit, behind) = rest.split_at(page.character_len(rest));
        match decode_unit(page, unit) {
            Some(characters) => text.push_str(&characters),
            None => text.push(char::REPLACEMENT_CHARACTER),
        }
        rest = behind;
    }
    text
}

// Several pairs may stand for one character (NEC and IBM extensions of 932), and Big5 has pairs that
// stand for two: only the one that encoding gives is shown.
fn decode_unit(page: CodePage, unit: &[u8]) -> Option<String> {
    if unit.is_ascii() {
        return Some(char::from(unit[0]).to_string());
    }
    let text = encoding(page).decode_without_bom_handling_and_without_replacement(unit)?;
    let (back, _, unmappable) = encoding(page).encode(&text);
    (!unmappable && *back == *unit).then(|| text.into_owned())
}

/// Encodes a text, or returns index and value of the first character that would not come back.
pub(super) fn encode(page: CodePage, text: &str) -> Result<Vec<u8>, (usize, char)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for (position, character) in text.chars().enumerate() {
        let utf8: &str = character.encode_utf8(&mut buffer);
        let (unit, _, unmappable) = encoding(page).encode(utf8);
        // Shift-JIS would store the yen sign as a backslash and the minus sign as a full-width hyphen.
        if unmappable || decode_unit(page, &unit).as_deref() != Some(utf8) {
            return Err((position, character));
        }
        bytes.extend_from_slice(&unit);
    }
    Ok(bytes)
}
