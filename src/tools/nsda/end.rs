//! How `nsda` ends: the published codes, which it alone has (Q139034, Q148705, Q132731).

use std::fmt;

use serde::{Serialize, Serializer};

use crate::tools::exit::{self, ExitCode};

/// The exit codes of `nsda`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum End {
    /// Help or the version was asked for, and nothing was run.
    Told = 0,
    /// A program is missing, or the command line is wrong.
    Missing = 2,
    /// Everything ran.
    Normal = 64,
    /// Something failed; what comes after it in its set was not started.
    Error = 65,
}

impl End {
    /// Returns the number the shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Merges the ends of two sets of one run: a missing program is worse than one that failed.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let severity = |end| match end {
            Self::Told => 0,
            Self::Normal => 1,
            Self::Error => 2,
            Self::Missing => 3,
        };
        match severity(other) > severity(self) {
            true => other,
            false => self,
        }
    }

    /// Returns how `nsda` ends that failed with `error`.
    #[must_use]
    pub fn of_error(error: &anyhow::Error) -> Self {
        match exit::code_of(error) {
            ExitCode::Usage => Self::Missing,
            _ => Self::Error,
        }
    }
}

/// Writes what DISPATCH.LOG says of it.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "terminated normally with exit code ",
            Self::Error => "terminated abnormally with exit code ",
            Self::Told | Self::Missing => "terminated with exit code ",
        })?;
        self.number().fmt(f)
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl From<End> for std::process::ExitCode {
    fn from(end: End) -> Self {
        Self::from(end.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::exit::ToolError;

    #[test]
    fn ds_c005_the_codes_are_those_that_dispatch_knows() {
        let shown = |end: End| end.to_string();
        assert_eq!(shown(End::Normal), "terminated normally with exit code 64");
        assert_eq!(shown(End::Error), "terminated abnormally with exit code 65");
        assert_eq!(shown(End::Missing), "terminated with exit code 2");
    }

    #[test]
    fn the_worst_end_wins() {
        assert_eq!(End::Normal.worst(End::Error), End::Error);
        assert_eq!(End::Missing.worst(End::Error), End::Missing);
        assert_eq!(End::Error.worst(End::Normal), End::Error);
    }

    #[test]
    fn wrong_usage_is_2_and_every_other_failure_65() {
        let end = |code| End::of_error(&ToolError::new(code, "x").into());
        assert_eq!(end(ExitCode::Usage), End::Missing);
        assert_eq!(end(ExitCode::Busy), End::Error);
        assert_eq!(end(ExitCode::NotFound), End::Error);
    }
}
