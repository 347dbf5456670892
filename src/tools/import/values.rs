//! The values that options of `import` take (`spec/import.md` 2.2).

use std::fmt;
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
    /// The `NET/PO` behind the type, its letters as written.
    pub postoffice: Option<String>,
}

impl TypeFilter {
    /// Reads `SNADS`, `SNADS:`, `PCM:NET/PO` or `PCM:NET\PO` (Q101933), the type in any letter case.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let (token, place) = value.split_once(':').unwrap_or((value, ""));
        let kind = AddressType::from_token(token.as_bytes())
            .ok_or_else(|| format!("'{token}' is not an address type"))?;
        let postoffice = match place {
            "" => None,
            place if kind.is_three_part() => {
                let name = two_names(place).ok_or("the list behind the type is written NET/PO")?;
                Some(name)
            }
            _ => return Err(format!("the gateway {} has one list", kind.token())),
        };
        Ok(Self { kind, postoffice })
    }
}

/// Prints the value as it is understood: `SNADS`, `PCM:NET/PO`.
impl fmt::Display for TypeFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.token())?;
        match &self.postoffice {
            None => Ok(()),
            Some(name) => write!(f, ":{name}"),
        }
    }
}

/// Reads a `-x` value: a list, never a file (`spec/import.md` 2.2, on message 57).
pub(super) fn list_name(value: &str) -> Result<String, &'static str> {
    two_names(value).ok_or("expected the name of a list, NET/PO (an output file is given with -f)")
}

/// Reads `NET/PO` or `NET\PO`.
fn two_names(text: &str) -> Option<String> {
    let text = text.replace('\\', "/");
    let (network, postoffice) = text.split_once('/')?;
    let are_names = !network.is_empty() && !postoffice.is_empty() && !postoffice.contains('/');
    are_names.then_some(text)
}
