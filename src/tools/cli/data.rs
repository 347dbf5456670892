//! Where a postoffice is: a drive letter or a path (`-d`).

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::tools::exit::{ExitCode, ToolError};

/// The value of `-d`: the mail data files by drive or by path (`spec/import.md` 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataLocation {
    /// A drive letter, in upper case.
    Drive(char),
    /// A path, as written.
    Path(PathBuf),
}

/// Drive M, as for all the original programs.
impl Default for DataLocation {
    fn default() -> Self {
        Self::Drive('M')
    }
}

impl From<&OsStr> for DataLocation {
    /// Reads a value of `-d`: one letter, with or without a colon, is a drive, and everything else a path.
    fn from(value: &OsStr) -> Self {
        match value.as_encoded_bytes() {
            [letter] | [letter, b':'] if letter.is_ascii_alphabetic() => {
                Self::Drive(char::from(letter.to_ascii_uppercase()))
            }
            _ => Self::Path(value.into()),
        }
    }
}

impl DataLocation {
    /// Returns the directory of the mail data files, a drive being looked up in the environment.
    ///
    /// # Errors
    ///
    /// [`ExitCode::NotFound`]: the environment says nothing of the drive (on Windows the drive itself is
    /// meant then).
    pub fn directory(&self) -> Result<PathBuf, ToolError> {
        self.directory_by(|name| env::var_os(name))
    }

    fn directory_by(
        &self,
        variable: impl FnOnce(&str) -> Option<OsString>,
    ) -> Result<PathBuf, ToolError> {
        let letter = match self {
            Self::Path(path) => return Ok(path.clone()),
            Self::Drive(letter) => letter,
        };
        let name = format!("DIRSYNC_DRIVE_{letter}");
        match variable(&name) {
            Some(directory) if !directory.is_empty() => Ok(directory.into()),
            _ if cfg!(windows) => Ok(format!("{letter}:\\").into()),
            _ => Err(ToolError::new(
                ExitCode::NotFound,
                format!(
                    "drive {letter} is not defined: set {name} to the directory of its mail data files, \
                     or give the directory itself with -d"
                ),
            )),
        }
    }
}

impl fmt::Display for DataLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drive(letter) => write!(f, "{letter}"),
            Self::Path(path) => Path::display(path).fmt(f),
        }
    }
}

impl Serialize for DataLocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(value: &str) -> DataLocation {
        DataLocation::from(OsStr::new(value))
    }

    #[test]
    fn one_letter_is_a_drive_and_the_rest_is_a_path_as_written() {
        for value in ["n", "N", "n:", "N:"] {
            assert_eq!(location(value), DataLocation::Drive('N'), "{value}");
        }
        for value in [
            "C:\\PO1",
            "\\\\SRV1\\MAIL",
            "po",
            "mp",
            "n:\\",
            ".",
            "5",
            "é",
            "/var/po",
        ] {
            assert_eq!(location(value), DataLocation::Path(value.into()), "{value}");
            assert_eq!(location(value).to_string(), value);
        }
    }

    #[test]
    fn a_drive_is_looked_up_by_its_letter() {
        let directory = location("n").directory_by(|name| {
            assert_eq!(name, "DIRSYNC_DRIVE_N");
            Some("/var/po".into())
        });
        assert_eq!(directory.expect("defined"), PathBuf::from("/var/po"));
        let directory = location("po").directory_by(|_| None);
        assert_eq!(
            directory.expect("a path needs no environment"),
            PathBuf::from("po")
        );
    }

    #[cfg(not(windows))]
    #[test]
    fn an_undefined_drive_says_what_to_set() {
        for value in [None, Some(OsString::new())] {
            let error = DataLocation::default()
                .directory_by(|_| value)
                .expect_err("undefined");
            assert_eq!(error.exit, ExitCode::NotFound);
            assert_eq!(
                error.to_string(),
                "drive M is not defined: set DIRSYNC_DRIVE_M to the directory of its mail data files, \
                 or give the directory itself with -d"
            );
        }
    }
}
