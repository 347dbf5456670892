//! Distinguished names (RFC 4514), compared parsed: servers write `=` as `\3D` and `+` as `\2B` where others do not
//! (`spec/exchange.md` LD-03).

use std::fmt;
use std::sync::Arc;

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NamePart {
    /// Attribute, as written.
    attribute: String,
    /// Value, unescaped.
    value: Vec<u8>,
}

/// A distinguished name, the entry itself in front.
///
/// It is kept as the one text that [`Display`](fmt::Display) gives: a container has a name for each of its entries, and
/// to pass one on costs nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dn {
    text: Arc<str>,
}

impl Dn {
    /// Reads a name. Blanks around `,`, `+` and `=` carry no meaning, and `;` parts as `,` does (RFC 2253).
    ///
    /// # Errors
    /// The first byte that does not fit.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        match is_plain(text) {
            true => Ok(Self { text: text.into() }),
            false => Parser { text, at: 0 }.name().map(Self::of),
        }
    }

    /// Takes a text that [`Self::as_str`] returned.
    pub(super) fn written(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// Returns the name as it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    fn of(relative: Vec<Vec<NamePart>>) -> Self {
        let text = write(&relative).into();
        Self { text }
    }

    /// Returns the entry of this name and value below `self`.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &[u8]) -> Self {
        let mut text = format!("{attribute}={}", escape(value));
        if !self.is_root() {
            text.push(',');
            text.push_str(&self.text);
        }
        Self { text: text.into() }
    }

    /// Returns this name, of an entry itself, below another entry.
    #[must_use]
    pub fn below(&self, above: &Self) -> Self {
        match (self.is_root(), above.is_root()) {
            (true, _) => above.clone(),
            (_, true) => self.clone(),
            _ => Self {
                text: format!("{self},{above}").into(),
            },
        }
    }

    /// Tells whether this is the name of the root, which is empty.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns how many relative names there are: none for the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.is_root() {
            true => 0,
            false => commas(&self.text).count() + 1,
        }
    }

    /// Returns the relative name of the entry itself.
    #[must_use]
    pub fn own(&self) -> Self {
        let end = commas(&self.text).next().unwrap_or(self.text.len());
        Self {
            text: self.text[..end].into(),
        }
    }

    /// Returns the value of an attribute in the name of the entry itself.
    #[must_use]
    pub fn own_value(&self, attribute: &str) -> Option<Vec<u8>> {
        let own = parts(&self.own().text).into_iter().next()?;
        let part = own
            .into_iter()
            .find(|p| p.attribute.eq_ignore_ascii_case(attribute));
        part.map(|part| part.value)
    }

    /// Returns the name of the entry above, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let above = commas(&self.text).next().map(|at| &self.text[at + 1..]);
        Some(Self {
            text: above.unwrap_or_default().into(),
        })
    }

    /// Tells whether this is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        if other.is_root() {
            return true;
        }
        let Some(above) = self.depth().checked_sub(other.depth()) else {
            return false;
        };
        let tail = match above.checked_sub(1) {
            None => Some(0),
            Some(comma) => commas(&self.text).nth(comma).map(|at| at + 1),
        };
        tail.is_some_and(|at| is_same(&self.text[at..], &other.text))
    }

    /// Returns what two names of one entry have in common: attributes and values without case, blanks in values
    /// squeezed, as `caseIgnoreMatch` has it; the parts of a relative name in order.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.text)
    }

    /// Tells whether two names are of one entry.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        is_same(&self.text, &other.text)
    }
}

/// Tells whether a text is a name just as it would be written: without anything escaped, and with no more blanks, `=` and
/// `+` than it needs. Most names are.
fn is_plain(text: &str) -> bool {
    let is_plain_part = |part: &str| {
        part.split_once('=').is_some_and(|(attribute, value)| {
            let is_text = |b: u8| {
                matches!(b, b' '..=b'~')
                    && !matches!(b, b'"' | b'+' | b';' | b'<' | b'>' | b'\\' | b'=')
            };
            !attribute.is_empty()
                && attribute.chars().all(is_attribute)
                && value.bytes().all(is_text)
                && !value.starts_with(['#', ' '])
                && !value.ends_with(' ')
        })
    };
    text.is_empty() || text.split(',').all(is_plain_part)
}

/// Returns where the commas are that part relative names.
fn commas(text: &str) -> impl Iterator<Item = usize> {
    let mut is_escaped = false;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        let is_comma = byte == b',' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_comma.then_some(at)
    })
}

/// Returns the relative names of a name as it is written.
fn parts(text: &str) -> Vec<Vec<NamePart>> {
    Parser { text, at: 0 }.name().unwrap_or_default()
}

/// Tells whether letter case and blanks are all that may differ in two writings of a name.
fn is_simple(text: &str) -> bool {
    let is_simple = |b: u8| b.is_ascii() && !matches!(b, b'\\' | b'+');
    text.bytes().all(is_simple)
}

fn key(text: &str) -> String {
    if is_simple(text) {
        let mut key = text.to_ascii_lowercase();
        if key.contains("  ") {
            let mut before = b'=';
            key.retain(|c| {
                let stays = c != ' ' || before != b' ';
                before = if c == ' ' { b' ' } else { b'=' };
                stays
            });
        }
        return key;
    }
    let mut relative = parts(text);
    for parts in &mut relative {
        for part in &mut *parts {
            *part = fold(part);
        }
        parts.sort_unstable();
    }
    write(&relative)
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || key(one) == key(other)
}

fn fold(part: &NamePart) -> NamePart {
    let text = String::from_utf8_lossy(&part.value).to_lowercase();
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    NamePart {
        attribute: part.attribute.to_ascii_lowercase(),
        value: words.join(" ").into_bytes(),
    }
}

impl Default for Dn {
    /// The root.
    fn default() -> Self {
        Self { text: "".into() }
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({:?})", self.text)
    }
}

fn write(relative: &[Vec<NamePart>]) -> String {
    let part = |part: &NamePart| format!("{}={}", part.attribute, escape(&part.value));
    let names = relative.iter().map(|parts| {
        let parts: Vec<_> = parts.iter().map(part).collect();
        parts.join("+")
    });
    names.collect::<Vec<_>>().join(",")
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

/// Tells whether a character may be in the name of an attribute.
fn is_attribute(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';')
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn name(mut self) -> Result<Vec<Vec<NamePart>>, DnError> {
        let mut relative = Vec::new();
        self.skip_blanks();
        if self.at == self.text.len() {
            return Ok(relative);
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
        Ok(relative)
    }

    fn part(&mut self) -> Result<NamePart, DnError> {
        self.skip_blanks();
        let start = self.at;
        while self.peek().is_some_and(is_attribute) {
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

    #[test]
    fn a_name_is_taken_apart_at_its_commas_and_not_at_those_in_values() {
        let name = dn(r"cn=Smith\, Bob\\,ou=a\=b , o=Org");
        assert_eq!(name.depth(), 3);
        assert_eq!(name.own(), dn(r"cn=Smith\, Bob\\"));
        assert_eq!(name.own_value("CN").as_deref(), Some(&br"Smith, Bob\"[..]));
        assert_eq!(name.own_value("ou"), None);
        let above = name.parent().expect("a name above");
        assert_eq!(above.own_value("ou").as_deref(), Some(&b"a=b"[..]));
        assert_eq!(name.own().below(&above), name);
        assert_eq!(
            above.parent().and_then(|above| above.parent()),
            Some(Dn::default())
        );
        assert_eq!(Dn::default().parent(), None);
        assert!(
            name.is_within(&Dn::default()) && name.is_within(&above) && !above.is_within(&name)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..4)) {
            let name = values.iter().fold(Dn::default(), |above, value| above.child("cn", value));
            let read = Dn::parse(&name.to_string()).expect("a name");
            prop_assert_eq!(read, name);
        }

        #[test]
        fn a_plain_name_is_what_its_parts_say(text in r"((cn|CN|o|[a-z];x|) ?= ?[ab#,+=;<\\ ]{0,3},?){1,3}") {
            let parted = Parser { text: &text, at: 0 }.name();
            prop_assert_eq!(Dn::parse(&text), parted.map(Dn::of));
        }

        #[test]
        fn letter_case_and_blanks_are_folded_alike_however_a_name_is_written(value in r"[a-bA-B ö\\+,]{0,6}") {
            let name = Dn::default().child("cn", value.as_bytes());
            let parted = parts(&name.to_string());
            let folded: Vec<Vec<_>> = parted.iter().map(|parts| parts.iter().map(fold).collect()).collect();
            prop_assert_eq!(name.key(), write(&folded));
            let other = Dn::default().child("CN", format!(" {} ", value.to_uppercase().replace(' ', "  ")).as_bytes());
            prop_assert!(name.is_same(&other));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            let _ = Dn::parse(&text);
        }
    }
}
