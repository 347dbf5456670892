//! The text of a template.

use crate::codec::CodecError;
use crate::codec::codepage::CodePage;

use super::InfLayout;

/// The most fields a template may have (Q148770).
pub const MAX_FIELDS: usize = 256;

/// The most bytes an `.INF` record may have; ours, so that a template cannot ask for any amount of memory.
pub const MAX_INF_RECORD_LEN: usize = 0xffff;

/// One field: a line `prompt~start~width~edit~default~internal` with exactly five tildes (Q87432, Q112913,
/// `import.md` 3.11).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateField {
    /// Text before the field, usually with its colon.
    pub prompt: Box<[u8]>,
    /// Column where the value is shown.
    pub start: u16,
    /// Bytes a value may have, at least 1.
    pub width: u16,
    /// What may be typed: letters of `ULNPA`, upper, lower, digits, punctuation, anything.
    pub edit: Box<[u8]>,
    /// Value of a new entry.
    pub default: Box<[u8]>,
    /// Preamble stored before the value.
    pub internal: Box<[u8]>,
}

impl TemplateField {
    /// Reads one line without its end; `~` inside a two-byte character of `code_page` is no separator.
    ///
    /// # Errors
    /// There are not five tildes, start or width is no number of 16 bits, the width is 0, `edit` has another
    /// letter, or a byte stands there that ends lines or files. Offsets count from the start of the line.
    pub fn parse(line: &[u8], code_page: CodePage) -> Result<Self, CodecError> {
        let mut parts: [&[u8]; 6] = [&[]; 6];
        let (mut count, mut offset) = (0, 0);
        let mut offsets = [0; 6];
        if let Some(at) = line.iter().position(|b| b"\0\r\n\x1a".contains(b)) {
            let found = format_args!("byte {:#04x}", line[at]).to_string();
            return Err(CodecError::field(at, "template line", found, "text"));
        }
        loop {
            let end = code_page.find(&line[offset..], b'~');
            if count < parts.len() {
                parts[count] = &line[offset..end.map_or(line.len(), |end| offset + end)];
                offsets[count] = offset;
            }
            count += 1;
            match end {
                Some(end) => offset += end + 1,
                None => break,
            }
        }
        if count != parts.len() {
            let found = format_args!("{} tildes", count - 1).to_string();
            return Err(CodecError::field(0, "template line", found, "5 tildes"));
        }
        let [prompt, start, width, edit, default, internal] = parts;
        let field = Self {
            prompt: prompt.into(),
            start: number(start, offsets[1], "start", 0)?,
            width: number(width, offsets[2], "width", 1)?,
            edit: edit.into(),
            default: default.into(),
            internal: internal.into(),
        };
        check_edit(edit, offsets[3])?;
        Ok(field)
    }

    /// Returns the line without its end.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let numbers = [self.start.to_string(), self.width.to_string()];
        [
            &*self.prompt,
            numbers[0].as_bytes(),
            numbers[1].as_bytes(),
            &self.edit,
            &self.default,
            &self.internal,
        ]
        .join(&b'~')
    }

    /// Checks that the line of this field reads back as this field.
    fn check(&self, code_page: CodePage) -> Result<(), CodecError> {
        let read = Self::parse(&self.to_line(), code_page)?;
        if read != *self {
            // A tilde that stands behind a lead byte in one part and before another part.
            return Err(CodecError::field(
                0,
                "template line",
                "a torn character",
                "whole characters",
            ));
        }
        Ok(())
    }
}

/// The mark some editors leave at the end of a file.
const END: u8 = 0x1a;

fn number(digits: &[u8], offset: usize, name: &'static str, min: u16) -> Result<u16, CodecError> {
    std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|&value| value >= min)
        .ok_or_else(|| {
            let found = format_args!("\"{}\"", digits.escape_ascii()).to_string();
            let expected = format_args!("a number from {min} to 65535").to_string();
            CodecError::field(offset, name, found, expected)
        })
}

fn check_edit(edit: &[u8], offset: usize) -> Result<(), CodecError> {
    match edit.iter().position(|b| !b"ULNPA".contains(b)) {
        None => Ok(()),
        Some(at) => {
            let found = format_args!("\"{}\"", edit.escape_ascii()).to_string();
            Err(CodecError::field(
                offset + at,
                "edit",
                found,
                "letters of ULNPA",
            ))
        }
    }
}

/// The fields of a template, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    fields: Vec<TemplateField>,
}

impl Template {
    /// Makes a template.
    ///
    /// # Errors
    /// There are more than [`MAX_FIELDS`] fields, one could not be written as a line that reads back the same, or
    /// an `.INF` record would pass [`MAX_INF_RECORD_LEN`].
    pub fn new(fields: Vec<TemplateField>, code_page: CodePage) -> Result<Self, CodecError> {
        for (index, field) in fields.iter().enumerate() {
            let number = index as u64 + 1;
            check_count(index).map_err(|e| e.in_record(number, 0))?;
            field.check(code_page).map_err(|e| e.in_record(number, 0))?;
        }
        Self { fields }.check_record_len()
    }

    /// Reads a stored template: each line ends with CR (Q87432). CR LF and LF are taken too, empty lines
    /// are skipped, and a byte 1A ends the text, as editors leave it.
    ///
    /// # Errors
    /// A line is wrong, or there are more than [`MAX_FIELDS`]; the error names line and byte. An `.INF` record would
    /// pass [`MAX_INF_RECORD_LEN`].
    pub fn decode(bytes: &[u8], code_page: CodePage) -> Result<Self, CodecError> {
        let bytes = bytes.split(|&b| b == END).next().unwrap_or_default();
        let mut fields = Vec::new();
        let (mut number, mut offset) = (0, 0);
        for line in bytes.split(|b| matches!(b, b'\r' | b'\n')) {
            let start = offset;
            offset += line.len() as u64 + 1;
            if line.is_empty() {
                continue;
            }
            number += 1;
            let field = check_count(fields.len())
                .and_then(|()| TemplateField::parse(line, code_page))
                .map_err(|e| e.in_record(number, start))?;
            fields.push(field);
        }
        Self { fields }.check_record_len()
    }

    fn check_record_len(self) -> Result<Self, CodecError> {
        let len = InfLayout::from(&self).record_len();
        if len > MAX_INF_RECORD_LEN {
            let expected = format_args!("at most {MAX_INF_RECORD_LEN} bytes").to_string();
            return Err(CodecError::field(0, "record length", len, expected));
        }
        Ok(self)
    }

    /// Returns the stored form: each line ends with CR.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.fields
            .iter()
            .flat_map(|field| {
                let mut line = field.to_line();
                line.push(b'\r');
                line
            })
            .collect()
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> &[TemplateField] {
        &self.fields
    }

    /// Returns the number, from 0, of the field with a prompt, compared byte for byte.
    #[must_use]
    pub fn position(&self, prompt: &[u8]) -> Option<usize> {
        self.fields.iter().position(|f| *f.prompt == *prompt)
    }
}

fn check_count(before: usize) -> Result<(), CodecError> {
    if before == MAX_FIELDS {
        let expected = format_args!("at most {MAX_FIELDS}").to_string();
        return Err(CodecError::field(
            0,
            "number of fields",
            before + 1,
            expected,
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    fn error(line: &[u8]) -> String {
        TemplateField::parse(line, PAGE).unwrap_err().to_string()
    }

    #[test]
    fn a_template_is_its_lines() {
        let stored = b"Alias:~9~30~ULNP~~\rSurname:~15~10~ULP~Lastname~\r";
        let template = Template::decode(stored, PAGE).unwrap();
        assert_eq!(template.encode(), stored);
        assert_eq!(template.position(b"Surname:"), Some(1));
        assert_eq!(template.position(b"surname:"), None);
        assert_eq!(*template.fields()[1].default, *b"Lastname");
        let typed = b"Alias:~9~30~ULNP~~\r\n\r\nSurname:~15~10~ULP~Lastname~\n\x1a\0\0";
        assert_eq!(Template::decode(typed, PAGE).unwrap(), template);
        let fields = template.fields().to_vec();
        assert_eq!(Template::new(fields, PAGE).unwrap(), template);
    }

    #[test]
    fn a_wrong_line_is_named_with_its_byte() {
        assert_eq!(
            error(b"City:~1~2~A~"),
            "byte 0x0: template line: found 4 tildes, expected 5 tildes"
        );
        assert_eq!(
            error(b"City:~1~2~A~~~"),
            "byte 0x0: template line: found 6 tildes, expected 5 tildes"
        );
        assert_eq!(
            error(b"City:~1~x~A~~"),
            "byte 0x8: width: found \"x\", expected a number from 1 to 65535"
        );
        assert_eq!(
            error(b"City:~+1~2~A~~"),
            "byte 0x6: start: found \"+1\", expected a number from 0 to 65535"
        );
        assert_eq!(
            error(b"City:~1~0~A~~"),
            "byte 0x8: width: found \"0\", expected a number from 1 to 65535"
        );
        assert_eq!(
            error(b"City:~1~2~Aa~~"),
            "byte 0xb: edit: found \"Aa\", expected letters of ULNPA"
        );
        let two = Template::decode(b"A:~1~2~A~~\rB:~1~2~~\r", PAGE).unwrap_err();
        assert_eq!(
            two.to_string(),
            "record 2 at byte 0xb: byte 0x0: template line: found 4 tildes, expected 5 tildes"
        );
    }

    #[test]
    fn a_tilde_inside_a_character_does_not_separate() {
        let line = b"\x81~:~1~2~A~~";
        let field = TemplateField::parse(line, CodePage::Cp932).unwrap();
        assert_eq!(*field.prompt, *b"\x81~:");
        assert_eq!(field.to_line(), line);
        assert!(TemplateField::parse(line, PAGE).is_err());
    }

    #[test]
    fn q148770_a_template_has_at_most_256_fields() {
        let lines = |n| b"A:~1~2~A~~\r".repeat(n);
        let full = Template::decode(&lines(256), PAGE).unwrap();
        assert_eq!(full.fields().len(), 256);
        assert_eq!(
            Template::decode(&lines(257), PAGE).unwrap_err().to_string(),
            "record 257 at byte 0xb00: byte 0x0: number of fields: found 257, expected at most 256"
        );
        let fields = vec![full.fields()[0].clone(); 257];
        assert!(Template::new(fields, PAGE).is_err());
    }

    #[test]
    fn a_record_is_at_most_64_kib() {
        assert!(Template::decode(b"A:~1~65534~A~~\r", PAGE).is_ok());
        assert_eq!(
            Template::decode(b"A:~1~65535~A~~\r", PAGE)
                .unwrap_err()
                .to_string(),
            "byte 0x0: record length: found 65536, expected at most 65535 bytes"
        );
    }

    #[test]
    fn a_field_that_would_not_read_back_is_refused() {
        let field = |prompt: &[u8]| TemplateField {
            prompt: prompt.into(),
            width: 1,
            ..TemplateField::default()
        };
        assert!(Template::new(vec![field(b"A:")], PAGE).is_ok());
        for prompt in [&b"A~:"[..], b"A\r", b"A\n", b"A\x1a", b"A\0"] {
            assert!(
                Template::new(vec![field(prompt)], PAGE).is_err(),
                "{prompt:?}"
            );
        }
        assert!(Template::new(vec![field(b"A\x81")], CodePage::Cp932).is_err());
    }
}
