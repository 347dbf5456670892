//! Distinguished names (RFC 4514), compared parsed: servers write `=` as `\3D` and `+` as `\2B` where others do not
//! (`spec/exchange.md` LD-03).

use std::fmt;

/// Why a text is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the name {name:?}: {found}, expected {expected}")]
pub struct DnError {
    /// The text.
    pub name: String,
    /// Byte of the text, from 0.
    pub at: usize,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: &'static str,
}

/// One attribute of a relative name. Several of them make a name joined by `+`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamePart {
    /// Attribute, as written.
    pub attribute: String,
    /// Value, unescaped.
    pub value: Vec<u8>,
}

/// A distinguished name, the entry itself in front.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Dn {
    relative: Vec<Vec<NamePart>>,
}

impl Dn {
    /// Reads a name. Blanks around `,`, `+` and `=` carry no meaning, and `;` parts as `,` does (RFC 2253).
    ///
    /// # Errors
    /// The first byte that does not fit.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        Parser { text, at: 0 }.name()
    }

    /// Puts a name together from relative ones, the entry itself in front.
    #[must_use]
    pub fn from_relative(relative: Vec<Vec<NamePart>>) -> Self {
        Self { relative }
    }

    /// Returns the entry of this name and value below `self`.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &[u8]) -> Self {
        let own = vec![NamePart {
            attribute: attribute.to_owned(),
            value: value.to_vec(),
        }];
        let relative = std::iter::once(own).chain(self.relative.iter().cloned());
        Self {
            relative: relative.collect(),
        }
    }

    /// Returns the relative names, the entry itself in front.
    #[must_use]
    pub fn relative(&self) -> &[Vec<NamePart>] {
        &self.relative
    }

    /// Returns the relative name of the entry itself.
    #[must_use]
    pub fn own(&self) -> Self {
        Self {
            relative: self.relative.first().cloned().into_iter().collect(),
        }
    }

    /// Returns the value of an attribute in the name of the entry itself.
    #[must_use]
    pub fn own_value(&self, attribute: &str) -> Option<&[u8]> {
        let own = self.relative.first()?;
        let part = own
            .iter()
            .find(|p| p.attribute.eq_ignore_ascii_case(attribute));
        part.map(|part| &part.value[..])
    }

    /// Returns the name of the entry above, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let above = self.relative.get(1..)?;
        Some(Self {
            relative: above.to_vec(),
        })
    }

    /// Tells whether this is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let Some(above) = self.relative.len().checked_sub(other.relative.len()) else {
            return false;
        };
        let tail = Self {
            relative: self.relative[above..].to_vec(),
        };
        tail.key() == other.key()
    }

    /// Returns what two names of one entry have in common: attributes and values without case, blanks in values
    /// squeezed, as `caseIgnoreMatch` has it; the parts of a relative name in order.
    #[must_use]
    pub fn key(&self) -> String {
        let folded = self.relative.iter().map(|relative| {
            let mut parts: Vec<_> = relative.iter().map(fold).collect();
            parts.sort_unstable();
            parts
        });
        let folded = Self {
            relative: folded.collect(),
        };
        folded.to_string()
    }

    /// Tells whether two names are of one entry.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

fn fold(part: &NamePart) -> NamePart {
    let text = String::from_utf8_lossy(&part.value).to_lowercase();
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    NamePart {
        attribute: part.attribute.to_ascii_lowercase(),
        value: words.join(" ").into_bytes(),
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, relative) in self.relative.iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            for (number, part) in relative.iter().enumerate() {
                if number > 0 {
                    f.write_str("+")?;
                }
                write!(f, "{}={}", part.attribute, escape(&part.value))?;
            }
        }
        Ok(())
    }
}

/// Escapes a value for a name: the characters of RFC 4514, and bytes that are no UTF-8 as hex pairs.
fn escape(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    for (number, chunk) in value.utf8_chunks().enumerate() {
        let is_first_chunk = number == 0;
        let ends_value = chunk.invalid().is_empty();
        let last = chunk.valid().len().saturating_sub(1);
        for (at, c) in chunk.valid().char_indices() {
            let is_first = is_first_chunk && at == 0;
            let is_last = ends_value && at == last;
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => out.extend(['\\', c]),
                '#' if is_first => out.push_str("\\#"),
                ' ' if is_first || is_last => out.push_str("\\ "),
                '\0'..='\x1f' | '\x7f' => out.push_str(&format!("\\{:02X}", u32::from(c))),
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\{byte:02X}"));
        }
    }
    out
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn name(mut self) -> Result<Dn, DnError> {
        let mut relative = Vec::new();
        self.skip_blanks();
        if self.at == self.text.len() {
            return Ok(Dn { relative });
        }
        let mut own = Vec::new();
        loop {
            own.push(self.part()?);
            match self.next() {
                Some('+') => {}
                Some(',' | ';') => relative.push(std::mem::take(&mut own)),
                _ => break,
            }
        }
        relative.push(own);
        Ok(Dn { relative })
    }

    fn part(&mut self) -> Result<NamePart, DnError> {
        self.skip_blanks();
        let start = self.at;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == ';';
        while self.peek().is_some_and(is_name) {
            self.next();
        }
        let attribute = self.text[start..self.at].to_owned();
        if attribute.is_empty() {
            return Err(self.wrong("an attribute"));
        }
        self.skip_blanks();
        if self.peek() != Some('=') {
            return Err(self.wrong("="));
        }
        self.next();
        self.skip_blanks();
        let value = match self.peek() {
            Some('#') => self.hex()?,
            _ => self.value()?,
        };
        Ok(NamePart { attribute, value })
    }

    fn hex(&mut self) -> Result<Vec<u8>, DnError> {
        self.next();
        let mut bytes = Vec::new();
        while !matches!(self.peek(), None | Some('+' | ',' | ';' | ' ')) {
            bytes.push(self.hex_pair()?);
        }
        self.skip_blanks();
        Ok(bytes)
    }

    /// Reads to the next separator; blanks at the end do not count unless escaped.
    fn value(&mut self) -> Result<Vec<u8>, DnError> {
        let mut bytes = Vec::new();
        let mut kept = 0;
        while let Some(c) = self.peek() {
            match c {
                '+' | ',' | ';' => break,
                '"' | '<' | '>' => return Err(self.wrong("this character behind a \\")),
                '\\' => {
                    self.next();
                    match self.peek() {
                        Some(c) if c.is_ascii_hexdigit() => bytes.push(self.hex_pair()?),
                        Some(c) if c.is_ascii() => {
                            bytes.push(c as u8);
                            self.next();
                        }
                        _ => return Err(self.wrong("an escaped character")),
                    }
                    kept = bytes.len();
                }
                _ => {
                    self.next();
                    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                    if c != ' ' {
                        kept = bytes.len();
                    }
                }
            }
        }
        bytes.truncate(kept);
        Ok(bytes)
    }

    fn hex_pair(&mut self) -> Result<u8, DnError> {
        let pair = self.text.get(self.at..self.at + 2);
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let byte = byte.ok_or_else(|| self.wrong("two hex digits"))?;
        self.at += 2;
        Ok(byte)
    }

    fn skip_blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.next();
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn wrong(&self, expected: &'static str) -> DnError {
        DnError {
            name: self.text.to_owned(),
            at: self.at,
            found: self
                .peek()
                .map_or_else(|| "the end".to_owned(), |c| format!("{c:?}")),
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn one_entry_has_one_key_however_its_name_is_written() {
        for (one, other) in [
            (
                r"syncKey=SMTP:pat\2Bnews@a.example,ou=I,o=O",
                r"SYNCKEY=smtp:pat\+news@a.example, OU=i ; o=o",
            ),
            (r"cn=a\3Db,o=O", r"cn=a\=b,o=O"),
            ("cn=Bob  Smith,o=O", "cn=bob smith,o=O"),
            ("cn=a+sn=b,o=O", "sn=b + cn=a,o=O"),
            (r"cn=J\C3\B6rg", "cn=Jörg"),
            ("", "  "),
        ] {
            assert_eq!(dn(one).key(), dn(other).key(), "{one}");
        }
        assert!(!dn("cn=a,o=O").is_same(&dn("cn=a,o=P")));
        assert!(!dn(r"cn=a\,o=O").is_same(&dn("cn=a,o=O")));
    }

    #[test]
    fn the_text_of_a_wrong_name_and_its_byte_are_said() {
        for (text, at) in [
            ("cn", 2),
            ("=x", 0),
            ("cn=a,", 5),
            ("cn=a\\", 5),
            ("cn=\\4", 4),
            ("cn=a\"b", 4),
        ] {
            assert_eq!(Dn::parse(text).map_err(|e| e.at), Err(at), "{text}");
        }
    }

    #[test]
    fn who_lies_below_whom_is_told_by_whole_names() {
        let container = dn("ou=Imported,o=Org");
        assert!(
            container
                .child("syncKey", b"MS:A/B/C")
                .is_within(&container)
        );
        assert!(container.is_within(&container));
        assert!(dn("ou=X,OU=imported,o=org").is_within(&container));
        assert!(!dn("ou=AlsoImported,o=Org").is_within(&container));
        assert!(!dn("o=Org").is_within(&container));
        assert_eq!(container.parent(), Some(dn("o=Org")));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..4)) {
            let name = values.iter().fold(Dn::default(), |above, value| above.child("cn", value));
            let read = Dn::parse(&name.to_string()).expect("a name");
            prop_assert_eq!(read, name);
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            let _ = Dn::parse(&text);
        }
    }
}
