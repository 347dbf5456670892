//! What is wrong in a configuration: each setting by its name, all at once.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The setting, as a path: `connection HQ: import-container`.
    pub setting: String,
    /// What is wrong with it, and what was expected.
    pub text: String,
}

impl Fault {
    pub(in crate::tools::dxa) fn new(setting: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            setting: setting.into(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.text)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no TOML, or has settings that nobody knows; the error says where.
    #[error("{}: {error}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line and column, what was found and what was expected.
        error: Box<toml::de::Error>,
    },
    /// Settings are wrong.
    #[error("{}: {}", path.display(), list(faults))]
    Settings {
        /// The file.
        path: PathBuf,
        /// Each of them.
        faults: Vec<Fault>,
    },
}

fn list(faults: &[Fault]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n  ")
}

/// Returns the names that differ from `name` by little: one is the beginning of the other, or two letters differ.
pub(in crate::tools::dxa) fn near<'n>(
    name: &str,
    names: impl Iterator<Item = &'n str>,
) -> Vec<&'n str> {
    let wanted = name.to_lowercase();
    names
        .filter(|name| {
            let name = name.to_lowercase();
            let is_part =
                !wanted.is_empty() && (name.starts_with(&wanted) || wanted.starts_with(&name));
            is_part || distance(&name, &wanted) <= 2
        })
        .collect()
}

/// Letters to put in, leave out or change to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, c) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, &o) in other.iter().enumerate() {
            let changed = diagonal + usize::from(c != o);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_those_that_a_typing_error_makes() {
        let names = ["NET1/PO1", "NET1/PO", "HQ", "HEADQUARTERS"];
        let of = |name| near(name, names.into_iter());
        assert_eq!(of("net1/po1"), ["NET1/PO1", "NET1/PO"]);
        assert_eq!(of("NET1/P01"), ["NET1/PO1", "NET1/PO"]);
        assert_eq!(of("headquarter"), ["HEADQUARTERS"]);
        assert!(of("LONDON").is_empty());
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
