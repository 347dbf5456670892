//! Where the passwords of a configuration stand: in a file or the environment, never in the configuration itself.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;
use crate::directory::ldap::Password;

/// Finds a password where two settings say that it is; one line end behind it does not count.
pub(in crate::tools::dxa) fn find(
    setting: &str,
    file: Option<PathBuf>,
    variable: Option<String>,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Option<Password> {
    let text = match (file, variable) {
        (None, None) => return None,
        (Some(_), Some(_)) => {
            Err("a variable of the environment is named too, expected one of them".to_owned())
        }
        (Some(file), None) => {
            let path = base.join(file);
            let read = fs::read_to_string(&path);
            read.map_err(|error| format!("{}: {error}", path.display()))
        }
        (None, Some(name)) => {
            let read = env::var(&name);
            read.map_err(|error| format!("variable {name}: {error}"))
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
        Ok(text) => Some(Password::new(text)),
        Err(error) => {
            faults.push(Fault::new(setting, error));
            None
        }
    }
}
