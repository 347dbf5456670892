//! Template information: `- prompt:/value` (`spec/import.md` 3.10).

use std::fmt;

use crate::address::AddressError;

/// One line of template information.
///
/// Two lines are equal when prompt and value are; where they were read does not matter.
#[derive(Clone)]
pub struct InfoLine {
    prompt: Box<[u8]>,
    value: Box<[u8]>,
    line: u64,
}

impl InfoLine {
    /// Makes a line from a prompt, slashes undoubled, and a value.
    ///
    /// The line form cannot hold every value: trailing blanks are dropped, and a value that
    /// begins with a slash gets a blank before it, since its slash would double the one that ends
    /// the prompt.
    ///
    /// # Errors
    /// 21 for NUL, CR, LF or 0x1A in either; the offset counts inside the one at fault.
    pub fn new(prompt: &[u8], value: &[u8]) -> Result<Self, AddressError> {
        check_line_text(prompt)?;
        check_line_text(value)?;
        let end = value
            .iter()
            .rposition(|b| !matches!(b, b' ' | b'\t'))
            .map_or(0, |at| at + 1);
        let value = &value[..end];
        let value = match value.first() {
            Some(b'/') => [b" ", value].concat().into(),
            _ => value.into(),
        };
        Ok(Self {
            prompt: prompt.into(),
            value,
            line: 0,
        })
    }

    /// Says where the line was read.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// Returns the prompt, slashes undoubled, with the colon it usually ends with.
    #[must_use]
    pub fn prompt(&self) -> &[u8] {
        &self.prompt
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Returns the physical line it was read from, from 1; 0 when it was not read.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Appends the line without its end; slashes of the prompt are doubled.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"- ");
        for &byte in &self.prompt {
            out.push(byte);
            if byte == b'/' {
                out.push(b'/');
            }
        }
        out.push(b'/');
        out.extend_from_slice(&self.value);
    }
}

impl PartialEq for InfoLine {
    fn eq(&self, other: &Self) -> bool {
        self.prompt == other.prompt && self.value == other.value
    }
}

impl Eq for InfoLine {}

impl fmt::Debug for InfoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfoLine")
            .field("prompt", &self.prompt.escape_ascii().to_string())
            .field("value", &self.value.escape_ascii().to_string())
            .field("line", &self.line)
            .finish()
    }
}

/// Refuses what would end a line, a file or a stored field.
pub(crate) fn check_line_text(text: &[u8]) -> Result<(), AddressError> {
    match text
        .iter()
        .position(|b| matches!(b, 0 | b'\r' | b'\n' | 0x1a))
    {
        Some(at) => Err(AddressError::at_byte(
            21,
            at,
            text[at],
            "text without NUL, CR, LF and 0x1A",
        )),
        None => Ok(()),
    }
}
