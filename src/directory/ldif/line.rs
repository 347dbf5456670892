//! One line, unfolded: an attribute and its value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{LdifError, shown};

/// An attribute and one value, or a keyword and its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// Line on which it begins, from 1.
    pub(super) line: u64,
    /// What stands before the colon.
    pub(super) name: String,
    /// The value, out of base64.
    pub(super) value: Vec<u8>,
}

impl Pair {
    /// Takes an unfolded line apart.
    pub(super) fn parse(line: u64, text: &[u8]) -> Result<Self, LdifError> {
        let wrong = |found: &[u8], expected| Err(LdifError::damaged(line, shown(found), expected));
        let Some(colon) = text.iter().position(|&b| b == b':') else {
            return wrong(text, "an attribute, a colon and a value");
        };
        let name = match std::str::from_utf8(&text[..colon]) {
            Ok(name) if is_description(name) => name.to_owned(),
            _ => return wrong(&text[..colon], "the name of an attribute"),
        };
        let value = match &text[colon + 1..] {
            [b'<', ..] => {
                let found = format!("{name:?} given by a URL");
                let expected = "the value itself: what a URL names is never read";
                return Err(LdifError::damaged(line, found, expected));
            }
            [b':', rest @ ..] => {
                let text = filled(rest);
                match STANDARD.decode(text) {
                    Ok(value) => value,
                    Err(_) => return wrong(text, "base64"),
                }
            }
            rest => {
                let value = filled(rest);
                if std::str::from_utf8(value).is_err() {
                    return wrong(value, "UTF-8, or base64 behind two colons");
                }
                if value.contains(&0) || value.contains(&b'\r') {
                    return wrong(value, "base64 for a value with NUL or CR");
                }
                if matches!(value, [b':' | b'<', ..]) {
                    return wrong(value, "base64 for a value that begins so");
                }
                value.to_vec()
            }
        };
        Ok(Self { line, name, value })
    }

    /// Tells whether this is the keyword, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.name.eq_ignore_ascii_case(keyword)
    }

    /// Returns the value as text.
    pub(super) fn text(&self, expected: &'static str) -> Result<&str, LdifError> {
        std::str::from_utf8(&self.value)
            .map_err(|_| LdifError::damaged(self.line, shown(&self.value), expected))
    }

    /// Something else should stand here.
    pub(super) fn unexpected(&self, expected: &'static str) -> LdifError {
        LdifError::damaged(self.line, self.to_string(), expected)
    }
}

/// The line for a message, as it would be without base64.
impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = [self.name.as_bytes(), b": ", &self.value].concat();
        f.write_str(&shown(&line))
    }
}

/// Tells whether a text is an attribute's name or OID with its options.
pub(super) fn is_description(text: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let (kind, options) = text
        .split_once(';')
        .map_or((text, None), |(kind, options)| (kind, Some(options)));
    let is_oid = |kind: &str| {
        kind.split('.')
            .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
    };
    let is_name = |kind: &str| is_part(kind) && kind.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_name(kind) || is_oid(kind)) && options.is_none_or(|options| options.split(';').all(is_part))
}

/// Returns what stands behind the blanks that fill.
fn filled(value: &[u8]) -> &[u8] {
    let blanks = value.iter().take_while(|&&b| b == b' ').count();
    &value[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Vec<u8> {
        let pair = Pair::parse(1, line.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        pair.value
    }

    fn error(line: &[u8]) -> String {
        Pair::parse(7, line).unwrap_err().to_string()
    }

    #[test]
    fn blanks_behind_the_colon_fill_and_those_at_the_end_belong_to_the_value() {
        assert_eq!(value("cn:Bob"), b"Bob");
        assert_eq!(value("cn:   Bob Smith "), b"Bob Smith ");
        assert_eq!(value("cn:"), b"");
        assert_eq!(value("cn:  "), b"");
        assert_eq!(value("cn:\tBob"), b"\tBob");
        assert_eq!(value("syncTemplate: a:b<c::d"), b"a:b<c::d");
        assert_eq!(value("cn: Müller"), "Müller".as_bytes());
        assert_eq!(value("cn;lang-de:: TcO8bGxlcg=="), "Müller".as_bytes());
        assert_eq!(value("2.5.4.3::/w=="), b"\xff");
        assert_eq!(value("cn::"), b"");
    }

    #[test]
    fn what_was_found_and_expected_is_said() {
        assert_eq!(
            error(b"Bob Smith"),
            "line 7: \"Bob Smith\", expected an attribute, a colon and a value"
        );
        let name = "expected the name of an attribute";
        for (line, found) in [
            (": x", "\"\""),
            ("c n: x", "\"c n\""),
            ("cn;: x", "\"cn;\""),
            ("2.5..3: x", "\"2.5..3\""),
            ("-cn: x", "\"-cn\""),
            ("cé: x", "\"cé\""),
        ] {
            assert_eq!(error(line.as_bytes()), format!("line 7: {found}, {name}"));
        }
        for text in ["Sm9z*", "Sm9z=", "Sm9zw6k", "Sm9z ", "/x=="] {
            let line = format!("cn:: {text}");
            let message = format!("line 7: {text:?}, expected base64");
            assert_eq!(error(line.as_bytes()), message);
        }
        assert_eq!(
            error(b"cn: J\xf6rg"),
            "line 7: \"J\\xf6rg\", expected UTF-8, or base64 behind two colons"
        );
        assert_eq!(
            error(b"cn: a\0b"),
            "line 7: \"a\\0b\", expected base64 for a value with NUL or CR"
        );
        assert_eq!(
            error(b"cn: <file:///etc/hostname"),
            "line 7: \"<file:///etc/hostname\", expected base64 for a value that begins so"
        );
    }
}
