//! X.400 addresses in text: `c=US;a= ;p=Org;s=Smith` and `/c=US/a= /p=Org/s=Smith` (`spec/exchange.md` DX-21).
//!
//! A separator parts two attributes only where the name of a known one follows, so `o=R/D Dept` is one value.

/// How the terminal number is called: each side rejects the other's spelling (Q156725, Q156726).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum X121Spelling {
    /// `X121=`, as PC Mail has it.
    #[default]
    Plain,
    /// `X.121=`, as Exchange has it.
    Dotted,
}

impl X121Spelling {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "X121",
            Self::Dotted => "X.121",
        }
    }
}

/// Where a text stops being an X.400 address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the X.400 address {address:?}: expected {expected}")]
pub struct X400Error {
    /// The text.
    pub address: String,
    /// Byte of the text, from 0.
    pub at: usize,
    /// What should be there.
    pub expected: &'static str,
}

/// One attribute of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct X400Part<'a> {
    /// Its name, as written.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
    /// Byte of the text at which the name begins.
    pub at: usize,
}

const NAMES: &[&str] = &[
    "C", "A", "ADMD", "P", "PRMD", "O", "OU", "OU1", "OU2", "OU3", "OU4", "S", "G", "I", "Q", "CN",
    "X121", "X.121", "N-ID", "UA-ID", "T-ID",
];

/// Takes an address apart.
///
/// # Errors
/// The first place that does not fit: no known attribute in front, a doubled separator, both separators in one
/// address (either reading would be a guess), or a country that is none, as when the separators are others.
pub fn parts(text: &str) -> Result<Vec<X400Part<'_>>, X400Error> {
    let wrong = |at, expected| X400Error {
        address: text.to_owned(),
        at,
        expected,
    };
    let lead = text.chars().next().filter(|c| is_separator(*c));
    let start = lead.map_or(0, char::len_utf8);
    let heads = heads(text, start);
    if heads.first().is_none_or(|head| head.separator.is_some()) {
        return Err(wrong(start, "an attribute such as c="));
    }
    let separator = lead.or_else(|| heads.iter().find_map(|head| head.separator));
    let mut parts = Vec::with_capacity(heads.len());
    for (number, head) in heads.iter().enumerate() {
        if head.separator.is_some() && head.separator != separator {
            return Err(wrong(head.at, "one kind of separator, / or ;"));
        }
        let next = heads.get(number + 1);
        let end = next.map_or(text.len(), |next| next.at);
        let mut value = &text[head.value..end];
        if next.is_none() {
            value = value.strip_suffix(is_separator).unwrap_or(value);
        }
        if let Some(separator) = separator.filter(|s| value.ends_with(*s)) {
            let at = head.value + value.len() - separator.len_utf8();
            return Err(wrong(at, "an attribute behind each separator"));
        }
        if head.name.eq_ignore_ascii_case("C") && !is_country(value.trim()) {
            return Err(wrong(
                head.value,
                "a country of two letters or three digits",
            ));
        }
        parts.push(X400Part {
            name: head.name,
            value,
            at: head.name_at,
        });
    }
    Ok(parts)
}

/// Returns the address with its terminal number under this name; a text that is no address as it is.
#[must_use]
pub fn spell_x121(text: &str, spelling: X121Spelling) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut from = 0;
    for part in parts(text).unwrap_or_default() {
        if ["X121", "X.121"]
            .iter()
            .any(|name| part.name.eq_ignore_ascii_case(name))
        {
            out.push_str(&text[from..part.at]);
            out.push_str(spelling.name());
            from = part.at + part.name.len();
        }
    }
    out.push_str(&text[from..]);
    out
}

/// The beginning of an attribute: its separator, if one stands before it, its name, and where its value begins.
struct Head<'a> {
    separator: Option<char>,
    at: usize,
    name: &'a str,
    name_at: usize,
    value: usize,
}

fn heads(text: &str, start: usize) -> Vec<Head<'_>> {
    let mut heads = Vec::new();
    heads.extend(head(text, None, start, start));
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        if is_separator(c) {
            heads.extend(head(text, Some(c), at, at + c.len_utf8()));
        }
    }
    heads
}

fn head(text: &str, separator: Option<char>, at: usize, from: usize) -> Option<Head<'_>> {
    let behind = &text[from..];
    let equals = behind.find('=')?;
    let name = behind[..equals].trim();
    if !is_known(name) {
        return None;
    }
    Some(Head {
        separator,
        at,
        name,
        name_at: from + (behind.len() - behind.trim_start().len()),
        value: from + equals + 1,
    })
}

fn is_known(name: &str) -> bool {
    // A domain-defined attribute has a type of its own behind the colon.
    let is_domain_defined = name
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("DDA:") && !name[4..].contains(is_separator));
    is_domain_defined || NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | ';')
}

fn is_country(value: &str) -> bool {
    value.is_empty()
        || (value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()))
        || (value.len() == 3 && value.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&str, &str)> {
        let parts = parts(text).unwrap_or_else(|e| panic!("{e}"));
        parts.iter().map(|part| (part.name, part.value)).collect()
    }

    #[test]
    fn both_separators_and_an_end_separator_are_read() {
        let parts = [("c", "US"), ("a", " "), ("p", "Org"), ("s", "Smith")];
        assert_eq!(read("c=US;a= ;p=Org;s=Smith"), parts);
        assert_eq!(read("c=US;a= ;p=Org;s=Smith;"), parts);
        assert_eq!(read("/c=US/a= /p=Org/s=Smith"), parts);
        assert_eq!(
            read("C=US/DDA:RFC-822=a(a)b/"),
            [("C", "US"), ("DDA:RFC-822", "a(a)b")]
        );
    }

    #[test]
    fn dx21_a_slash_inside_a_value_parts_nothing() {
        assert_eq!(
            read("/c=US/o=R/D Dept/s=Smith"),
            [("c", "US"), ("o", "R/D Dept"), ("s", "Smith")]
        );
        assert_eq!(
            read("c=US;o=AC/DC;s=X"),
            [("c", "US"), ("o", "AC/DC"), ("s", "X")]
        );
        assert_eq!(
            read("c=US;o=a;b;s=X"),
            [("c", "US"), ("o", "a;b"), ("s", "X")]
        );
    }

    #[test]
    fn dx21_malformed_separators_are_found_with_their_place() {
        for (text, at) in [
            ("", 0),
            ("Bob Smith", 0),
            ("/Bob/c=US", 1),
            ("c=US;;a=MCI", 4),
            ("c=US//a=MCI", 4),
            ("c=US;a=MCI;;", 10),
            ("c=US;a=MCI/p=Org", 10),
            ("/c=US;a=MCI", 5),
            ("c=US,a=MCI,p=Org", 2),
            ("c=US a=MCI", 2),
        ] {
            assert_eq!(parts(text).map_err(|e| e.at), Err(at), "{text:?}");
        }
    }

    #[test]
    fn dxc_064_dxc_065_the_terminal_number_is_written_as_the_target_wants() {
        for text in [
            "c=US;X121=123;s=X",
            "c=US;X.121=123;s=X",
            "c=US;x.121=123;s=X",
        ] {
            assert_eq!(spell_x121(text, X121Spelling::Plain), "c=US;X121=123;s=X");
            assert_eq!(spell_x121(text, X121Spelling::Dotted), "c=US;X.121=123;s=X");
        }
        assert_eq!(
            spell_x121("c=US;o=X121", X121Spelling::Dotted),
            "c=US;o=X121"
        );
        assert_eq!(spell_x121("/X121=1", X121Spelling::Dotted), "/X.121=1");
    }
}
