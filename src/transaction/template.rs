//! Template fields: `prompt~start~width~edit~default~internal` (`spec/import.md` 3.11, Q87432).

use std::fmt;

use super::info::check_line_text;
use crate::address::AddressError;
use crate::codec::codepage::CodePage;

/// Fields a template may have (Q148770).
pub const MAX_TEMPLATE_FIELDS: usize = 256;

/// Characters an edit mask is made of.
const EDIT_CHARACTERS: &[u8] = b"ULNPA";

/// One field of a template.
#[derive(Clone, PartialEq, Eq)]
pub struct TemplateField {
    prompt: Box<[u8]>,
    start: u16,
    width: u16,
    edit: Box<[u8]>,
    default: Box<[u8]>,
    internal: Box<[u8]>,
}

impl TemplateField {
    /// Makes a field.
    ///
    /// # Errors
    /// 21 for NUL, CR, LF, 0x1A or a tilde in a text, an edit mask of other letters than
    /// `U L N P A`, or a width of 0.
    pub fn new(
        prompt: &[u8],
        start: u16,
        width: u16,
        edit: &[u8],
        default: &[u8],
        internal: &[u8],
        code_page: CodePage,
    ) -> Result<Self, AddressError> {
        let internal = internal.trim_ascii_end();
        for text in [prompt, default, internal] {
            check_line_text(text)?;
            if let Some(at) = code_page.find(text, b'~') {
                return Err(AddressError::at_byte(21, at, b'~', "text without a tilde"));
            }
        }
        check_edit(edit, code_page)?;
        if width == 0 {
            return Err(AddressError::new(21, 0, b"0", WIDTH, code_page));
        }
        Ok(Self {
            prompt: prompt.into(),
            start,
            width,
            edit: edit.into(),
            default: default.into(),
            internal: internal.into(),
        })
    }

    /// Reads a field as it stands in a list's `.TPL` file, or in an import file behind the blank
    /// of column 1.
    ///
    /// # Errors
    /// 21, with the offset inside `bytes`: another number of tildes than five, start or width not
    /// a number of 16 bits, or as [`Self::new`].
    pub fn parse(bytes: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        let mut parts = [(0, &bytes[..0]); 6];
        let mut from = 0;
        for part in &mut parts[..5] {
            let Some(len) = code_page.find(&bytes[from..], b'~') else {
                return Err(AddressError::at_end(21, bytes.len(), FORM));
            };
            *part = (from, &bytes[from..from + len]);
            from += len + 1;
        }
        parts[5] = (from, &bytes[from..]);
        if let Some(at) = code_page.find(parts[5].1, b'~') {
            return Err(AddressError::at_byte(21, from + at, b'~', FORM));
        }
        let [prompt, start, width, edit, default, internal] = parts;
        for (from, text) in [prompt, default, internal] {
            check_line_text(text).map_err(|e| e.shifted(from))?;
        }
        let start_column =
            number(start.1, "a start column", code_page).map_err(|e| e.shifted(start.0))?;
        let width_len = number(width.1, WIDTH, code_page).map_err(|e| e.shifted(width.0))?;
        if width_len == 0 {
            return Err(AddressError::new(21, width.0, width.1, WIDTH, code_page));
        }
        check_edit(edit.1, code_page).map_err(|e| e.shifted(edit.0))?;
        Self::new(
            prompt.1,
            start_column,
            width_len,
            edit.1,
            default.1,
            internal.1,
            code_page,
        )
    }

    /// Returns the prompt; slashes stand single here.
    #[must_use]
    pub fn prompt(&self) -> &[u8] {
        &self.prompt
    }

    /// Returns the display column of the entry.
    #[must_use]
    pub fn start(&self) -> u16 {
        self.start
    }

    /// Returns the bytes the entry may have.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Returns the edit mask as written: letters of `U` upper, `L` lower, `N` digits,
    /// `P` punctuation, `A` any; may be empty.
    #[must_use]
    pub fn edit(&self) -> &[u8] {
        &self.edit
    }

    /// Returns the initial value.
    #[must_use]
    pub fn default_value(&self) -> &[u8] {
        &self.default
    }

    /// Returns the preamble stored before the data.
    #[must_use]
    pub fn internal(&self) -> &[u8] {
        &self.internal
    }

    /// Appends `prompt~start~width~edit~default~internal`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prompt);
        out.extend_from_slice(format!("~{}~{}~", self.start, self.width).as_bytes());
        out.extend_from_slice(&self.edit);
        out.push(b'~');
        out.extend_from_slice(&self.default);
        out.push(b'~');
        out.extend_from_slice(&self.internal);
    }
}

const FORM: &str = "five tildes: prompt~start~width~edit~default~internal";
const WIDTH: &str = "a width from 1 to 65535";

fn check_edit(edit: &[u8], code_page: CodePage) -> Result<(), AddressError> {
    match edit.iter().position(|b| !EDIT_CHARACTERS.contains(b)) {
        Some(at) => Err(AddressError::new(
            21,
            at,
            edit,
            "an edit mask of the letters U L N P A",
            code_page,
        )),
        None => Ok(()),
    }
}

fn number(text: &[u8], expected: &'static str, code_page: CodePage) -> Result<u16, AddressError> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| digits)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| AddressError::new(21, 0, text, expected, code_page))
}

impl fmt::Debug for TemplateField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        self.encode_into(&mut line);
        write!(f, "TemplateField({})", line.escape_ascii())
    }
}
