//! Local user tokens: `&NAME=value` (`spec/import.md` 3.8).
//!
//! That tokens exist, and their messages, is published; their names are not. Ours:
//!
//! | token | value | sets |
//! |---|---|---|
//! | `PASSWORD` | text, cut to 8 bytes with message 89 | the account's password |
//! | `ACCESS` | `ADMIN` or `USER` | administrator rights |
//! | `DIRSYNC` | `YES` or `NO` | whether the account takes part in dir-sync |
//! | `REMOTE` | `YES` or `NO` | whether the account may dial in |

use std::fmt;

use super::info::check_line_text;
use crate::address::AddressError;
use crate::codec::codepage::CodePage;

/// Bytes a password may have (message 89).
pub const MAX_PASSWORD_LEN: usize = 8;

/// The tokens we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenName {
    /// The account's password.
    Password,
    /// Administrator rights.
    Access,
    /// Takes part in dir-sync.
    Dirsync,
    /// May dial in.
    Remote,
}

impl TokenName {
    /// Every token.
    pub const ALL: [Self; 4] = [Self::Password, Self::Access, Self::Dirsync, Self::Remote];

    /// What a message offers for an unknown name.
    pub(crate) const NAMES: &'static str = "one of PASSWORD, ACCESS, DIRSYNC, REMOTE";

    /// Returns the name as it is written out.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::Access => "ACCESS",
            Self::Dirsync => "DIRSYNC",
            Self::Remote => "REMOTE",
        }
    }

    /// Reads a name in any letter case; `None` is message 84.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|name| text.eq_ignore_ascii_case(name.text().as_bytes()))
    }

    /// Returns the values that are allowed, upper case, and the words for them; `None` is any text.
    fn values(self) -> Option<([&'static str; 2], &'static str)> {
        match self {
            Self::Password => None,
            Self::Access => Some((["ADMIN", "USER"], "ADMIN or USER")),
            Self::Dirsync | Self::Remote => Some((["YES", "NO"], "YES or NO")),
        }
    }
}

/// One token. Equality leaves out where it was read.
#[derive(Clone)]
pub struct Token {
    name: TokenName,
    value: Box<[u8]>,
    line: u64,
}

impl Token {
    /// Makes a token; values of fixed choice are kept in upper case.
    ///
    /// # Errors
    /// 83 for a value the token cannot have, 89 for a password that is too long (a caller that
    /// only warns cuts it by [`MAX_PASSWORD_LEN`] and tries again), 21 for NUL, CR, LF or 0x1A.
    pub fn new(name: TokenName, value: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        check_line_text(value)?;
        let value = match name.values() {
            Some((choices, expected)) => choices
                .into_iter()
                .find(|choice| value.eq_ignore_ascii_case(choice.as_bytes()))
                .ok_or_else(|| AddressError::new(83, 0, value, expected, code_page))?
                .as_bytes(),
            None => value.trim_ascii_end(),
        };
        if name == TokenName::Password && value.len() > MAX_PASSWORD_LEN {
            // The password itself is never repeated in a message.
            return Err(AddressError {
                number: 89,
                offset: MAX_PASSWORD_LEN,
                found: format!("{} characters", value.len()),
                expected: "a password of at most 8 characters",
            });
        }
        Ok(Self {
            name,
            value: value.into(),
            line: 0,
        })
    }

    /// Says where the token was read.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> TokenName {
        self.name
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Returns true for `YES` and `ADMIN`.
    #[must_use]
    pub fn is_set(&self) -> bool {
        matches!(&*self.value, b"YES" | b"ADMIN") && self.name != TokenName::Password
    }

    /// Returns the physical line it was read from, from 1; 0 when it was not read.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Appends `&NAME=value`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        out.extend_from_slice(self.name.text().as_bytes());
        out.push(b'=');
        out.extend_from_slice(&self.value);
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for Token {}

/// Leaves a password out.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match self.name {
            TokenName::Password => "...".to_owned(),
            _ => self.value.escape_ascii().to_string(),
        };
        f.debug_struct("Token")
            .field("name", &self.name)
            .field("value", &value)
            .field("line", &self.line)
            .finish()
    }
}
