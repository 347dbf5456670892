//! The values that options of `import` take (`spec/import.md` 2.2).

use std::path::PathBuf;

use crate::address::AddressType;

/// Where failed transactions are logged (`-l`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFile {
    /// IMPORT.LOG in the LOG directory of the mail data files.
    Default,
    /// A file named on the command line.
    Path(PathBuf),
}

/// The value of `-g`: an address type, and for one list of it the name of that list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFilter {
    /// The address type.
    pub kind: AddressType,
    /// The `NET/PO` behind the type, in upper case.
    pub postoffice: Option<String>,
    text: String,
}

impl TypeFilter {
    /// Reads `SNADS`, `PCM:`, `PCM:NET/PO` or `PCM:NET\PO` (Q101933) in any letter case.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let text = value.to_uppercase().replace('\\', "/");
        let (kind, place) = match text.split_once(':') {
            Some((kind, place)) => (kind, Some(place).filter(|place| !place.is_empty())),
            None => (text.as_str(), None),
        };
        let kind = AddressType::from_token(kind.as_bytes())
            .ok_or_else(|| format!("'{kind}' is not an address type"))?;
        if !place.is_none_or(is_list_name) {
            return Err("the list behind the type is written NET/PO".into());
        }
        Ok(Self {
            kind,
            postoffice: place.map(Into::into),
            text,
        })
    }

    /// Returns the value as it is understood: in upper case, with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Reads a `-x` value: a list, never a file (`spec/import.md` 2.2, on message 57).
pub(super) fn list_name(value: &str) -> Result<String, &'static str> {
    let name = value.replace('\\', "/");
    if is_list_name(&name) {
        Ok(name)
    } else {
        Err("expected the name of a list, NET/PO (an output file is given with -f)")
    }
}

/// Returns whether `text` is two names with a slash between them.
fn is_list_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((network, postoffice)) => {
            !network.is_empty() && !postoffice.is_empty() && !postoffice.contains('/')
        }
        None => false,
    }
}
