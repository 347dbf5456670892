//! How a distinguished name is written (RFC 4514), and read (also RFC 2253).

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
pub(super) struct NamePart {
    /// Attribute, as written.
    pub(super) attribute: String,
    /// Value, unescaped.
    pub(super) value: Vec<u8>,
}

/// Reads the relative names of a name.
pub(super) fn read(text: &str) -> Result<Vec<Vec<NamePart>>, DnError> {
    Parser { text, at: 0 }.name()
}

/// Tells whether a text is a name just as it would be written: without anything escaped, and with no more blanks, `=` and
/// `+` than it needs. Most names are.
pub(super) fn is_plain(text: &str) -> bool {
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

/// Writes the relative names of a name.
pub(super) fn write(relative: &[Vec<NamePart>]) -> String {
    let part = |part: &NamePart| format!("{}={}", part.attribute, escape(&part.value));
    let names = relative.iter().map(|parts| {
        let parts: Vec<_> = parts.iter().map(part).collect();
        parts.join("+")
    });
    names.collect::<Vec<_>>().join(",")
}

/// Escapes a value for a name: the characters of RFC 4514, and bytes that are no UTF-8 as hex pairs.
pub(super) fn escape(value: &[u8]) -> String {
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

/// Reads a name from its beginning.
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
