//! Passwords of a configuration: from a file or the environment, never from the configuration itself, and never shown.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;

/// A password. `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns it, to be handed on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Finds a password where two settings say that it is; one line end behind it does not count.
pub(super) fn find(
    setting: &str,
    file: Option<PathBuf>,
    variable: Option<String>,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Option<Secret> {
    let text = match (file, variable) {
        (None, None) => return None,
        (Some(_), Some(_)) => Err("password-env is set too, expected one of them".to_owned()),
        (Some(file), None) => {
            let path = base.join(file);
            let read = fs::read_to_string(&path);
            read.map_err(|error| format!("{}: {error}", path.display()))
        }
        (None, Some(name)) => {
            let read = env::var(&name);
            read.map_err(|error| format!("password-env {name}: {error}"))
        }
    };
    let text = text.map(|text| {
        let end = text.strip_suffix('\n').unwrap_or(&text);
        end.strip_suffix('\r').unwrap_or(end).to_owned()
    });
    match text {
        Ok(text) if text.is_empty() => {
            faults.push(Fault::new(setting, "the password is empty"));
            None
        }
        Ok(text) => Some(Secret(text)),
        Err(error) => {
            faults.push(Fault::new(setting, error));
            None
        }
    }
}
