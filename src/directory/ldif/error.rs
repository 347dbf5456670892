//! What is wrong with an LDIF file.

use std::borrow::Cow;
use std::io;

use crate::directory::dn::Dn;
use crate::plan::outcome::Reason;

/// Bytes of the file that a message repeats.
const SHOWN_LEN: usize = 48;

/// Why a file is not read any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LdifError {
    /// The input failed: the file was not read whole.
    #[error("line {line}: cannot be read")]
    Read {
        /// Line that was being read, from 1.
        line: u64,
        /// What the input said.
        #[source]
        source: io::Error,
    },
    /// The file ends too early, or holds another number of entries than it declares.
    #[error("line {line}: {found}, expected {expected}")]
    Incomplete {
        /// Line, from 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
        expected: Cow<'static, str>,
    },
    /// The file is no LDIF, or LDIF that is refused.
    #[error("line {line}: {found}, expected {expected}")]
    Damaged {
        /// Line, from 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
        expected: Cow<'static, str>,
    },
}

impl LdifError {
    pub(super) fn damaged(
        line: u64,
        found: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Damaged {
            line,
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(super) fn incomplete(
        line: u64,
        found: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Incomplete {
            line,
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// The file ends where something is missing.
    pub(super) fn end(line: u64, expected: impl Into<Cow<'static, str>>) -> Self {
        Self::incomplete(line, "the end of the file", expected)
    }

    /// Takes what is wrong for what is missing: the file ends there.
    pub(super) fn into_incomplete(self) -> Self {
        match self {
            Self::Damaged {
                line,
                found,
                expected,
            } => Self::Incomplete {
                line,
                found,
                expected,
            },
            other => other,
        }
    }

    /// Returns the reason code of a list that fails so.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Read { .. } | Self::Incomplete { .. } => Reason::ListIncomplete,
            Self::Damaged { .. } => Reason::ListDamaged,
        }
    }

    /// Returns the line, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        match self {
            Self::Read { line, .. }
            | Self::Incomplete { line, .. }
            | Self::Damaged { line, .. } => *line,
        }
    }
}

/// Returns bytes of the file for a message: quoted, printable, of bounded length.
pub(super) fn shown(bytes: &[u8]) -> String {
    let (head, rest) = bytes.split_at(bytes.len().min(SHOWN_LEN));
    let dots = if rest.is_empty() { "" } else { ".." };
    let valid = head.utf8_chunks().map(|chunk| {
        let broken = chunk.invalid().escape_ascii();
        format!("{}{broken}", chunk.valid().escape_debug())
    });
    format!("\"{}\"{dots}", valid.collect::<String>())
}

/// Returns a name for a message.
pub(super) fn shown_name(dn: &Dn) -> String {
    shown(dn.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_repeats_is_printable_and_short() {
        assert_eq!(shown("J\u{f6}rg\n".as_bytes()), r#""Jörg\n""#);
        assert_eq!(shown(b"J\xf6rg\x1b"), r#""J\xf6rg\u{1b}""#);
        assert_eq!(shown(&[b'x'; 4000]).len(), SHOWN_LEN + 4);
    }

    #[test]
    fn every_error_has_a_line_and_the_reason_of_a_list() {
        let source = io::Error::other("gone");
        let error = LdifError::Read { line: 3, source };
        assert_eq!((error.line(), error.reason()), (3, Reason::ListIncomplete));
        let error = LdifError::end(4, "a dn");
        assert_eq!((error.line(), error.reason()), (4, Reason::ListIncomplete));
        assert_eq!(
            error.to_string(),
            "line 4: the end of the file, expected a dn"
        );
        let error = LdifError::damaged(5, "x", "y");
        assert_eq!((error.line(), error.reason()), (5, Reason::ListDamaged));
    }
}
