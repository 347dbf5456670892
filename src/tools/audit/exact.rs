//! Text of a code page as Unicode and back without loss: a byte that is no character stands as one of the private
//! characters U+F700 to U+F7FF, which no code page here has. Two texts that differ in such bytes stay two.

use crate::codec::codepage::{CharacterError, CodePage};

const FIRST: u32 = 0xf700;

/// Returns the text in Unicode.
pub(super) fn decode(page: CodePage, bytes: &[u8]) -> String {
    let text = page.decode(bytes);
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return text;
    }
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (character, behind) = rest.split_at(page.character_len(rest));
        let shown = page.decode(character);
        if shown.contains(char::REPLACEMENT_CHARACTER) {
            text.extend(character.iter().map(|&byte| stand_in(byte)));
        } else {
            text.push_str(&shown);
        }
        rest = behind;
    }
    text
}

/// Returns the bytes of a text.
///
/// # Errors
/// The first character that the page does not have.
pub(super) fn encode(page: CodePage, text: &str) -> Result<Vec<u8>, CharacterError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut from = 0;
    for (at, byte) in text
        .char_indices()
        .filter_map(|(at, c)| Some((at, stood_for(c)?)))
    {
        bytes.extend(page.encode(&text[from..at])?);
        bytes.push(byte);
        from = at + stand_in(byte).len_utf8();
    }
    bytes.extend(page.encode(&text[from..])?);
    Ok(bytes)
}

/// Returns the text for people: such bytes as `\xNN`.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match stood_for(c) {
            Some(byte) => shown.push_str(&format!("\\x{byte:02x}")),
            None => shown.push(c),
        }
    }
    shown
}

fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).expect("a private character")
}

fn stood_for(c: char) -> Option<u8> {
    u8::try_from(u32::from(c).checked_sub(FIRST)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_byte_that_is_no_character_shows_as_itself() {
        let text = decode(CodePage::Windows1252, b"J\x81rg \xf6");
        assert_eq!(shown(&text), "J\\x81rg \u{f6}");
        assert_eq!(
            encode(CodePage::Windows1252, &text).expect("back"),
            b"J\x81rg \xf6"
        );
        encode(CodePage::Cp850, "สม").expect_err("not of this page");
    }

    proptest! {
        #[test]
        fn every_text_of_every_page_comes_back(
            page in proptest::sample::select(CodePage::ALL.to_vec()),
            bytes in proptest::collection::vec(any::<u8>(), 0..24),
        ) {
            let text = decode(page, &bytes);
            prop_assert_eq!(encode(page, &text).expect("back"), bytes);
        }
    }
}
