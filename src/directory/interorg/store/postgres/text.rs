//! What PostgreSQL would not keep as it is: a text with a zero in it, and a key of any length.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::super::super::card::SourceKey;

/// What stands for a text in an index, which has room for less than a page.
pub(super) type Mark = [u8; 32];

/// The mark of the key of an entry.
pub(super) fn key_mark(key: &SourceKey) -> Mark {
    pair_mark(key.branch(), key.uuid())
}

/// The mark of two texts, each from its beginning to its end.
pub(super) fn pair_mark(first: &str, second: &str) -> Mark {
    let begin = Sha256::new_with_prefix((first.len() as u64).to_be_bytes());
    begin
        .chain_update(first)
        .chain_update(second)
        .finalize()
        .into()
}

/// The mark of one text.
pub(super) fn mark(text: &str) -> Mark {
    Sha256::digest(text).into()
}

/// Marks as a parameter.
pub(super) fn slices(marks: &[Mark]) -> Vec<&[u8]> {
    marks.iter().map(<[u8; 32]>::as_slice).collect()
}

/// A text as the database takes it: with `\0` for a zero, and so with two backslashes for one.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    match text.contains(['\\', '\0']) {
        true => text.replace('\\', "\\\\").replace('\0', "\\0").into(),
        false => text.into(),
    }
}

/// The text again.
pub(super) fn unescape(text: String) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(match (char, char == '\\') {
            (char, false) => char,
            (_, true) => match chars.next() {
                Some('\\') => '\\',
                Some('0') => '\0',
                _ => return Err(format!("text {text:?}")),
            },
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back() {
        for text in ["", "plain", "a\0b", "a\\0b", "\\\\0\0\\", "ä\0"] {
            let kept = escape(text).into_owned();
            assert!(!kept.contains('\0'));
            assert_eq!(unescape(kept).as_deref(), Ok(text));
        }
        assert!(unescape("a\\b".to_owned()).is_err());
        assert!(unescape("a\\".to_owned()).is_err());
    }

    #[test]
    fn pairs_that_read_alike_have_marks_of_their_own() {
        assert_ne!(pair_mark("AB", "c"), pair_mark("A", "Bc"));
    }
}
