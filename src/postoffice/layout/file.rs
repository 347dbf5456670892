//! The files of a postoffice, by name.

use std::borrow::Cow;
use std::fmt;

use super::Dir;
use crate::codec::HexId;

/// A name that cannot be that of a file in a postoffice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" cannot be a file name: {reason}", name.escape_default())]
pub struct NameError {
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A file of a postoffice: its directory and its name there.
///
/// The published files with fixed names are constants of [`layout`](super); those with an identifier or a
/// name from outside come from the functions below, which refuse whatever could leave the directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    dir: Dir,
    name: Cow<'static, str>,
}

impl File {
    /// Bytes a name may have.
    pub const MAX_NAME_LEN: usize = 200;

    pub(super) const fn fixed(dir: Dir, name: &'static str) -> Self {
        Self {
            dir,
            name: Cow::Borrowed(name),
        }
    }

    fn hex(dir: Dir, id: HexId, extension: &str) -> Self {
        Self {
            dir,
            name: Cow::Owned(format!("{id}.{extension}")),
        }
    }

    /// Names a file in a directory; outside of a Maildir the name becomes upper case.
    ///
    /// # Errors
    /// The name is empty or too long, is `.` or `..`, or holds a separator or a character that no file of a postoffice has.
    pub fn named(dir: Dir, name: &str) -> Result<Self, NameError> {
        if let Some(reason) = name_fault(name) {
            return Err(NameError {
                name: name.to_owned(),
                reason,
            });
        }
        let name = if dir.is_case_sensitive() {
            name.to_owned()
        } else {
            name.to_ascii_uppercase()
        };
        Ok(Self {
            dir,
            name: Cow::Owned(name),
        })
    }

    /// The list of an external postoffice, `USR\<hexid>.USR`.
    #[must_use]
    pub fn usr(id: HexId) -> Self {
        Self::hex(Dir::Usr, id, "USR")
    }

    /// The template information of an external postoffice, `INF\<hexid>.INF`.
    #[must_use]
    pub fn inf(id: HexId) -> Self {
        Self::hex(Dir::Inf, id, "INF")
    }

    /// The template of an external postoffice, `TPL\<hexid>.TPL`.
    #[must_use]
    pub fn tpl(id: HexId) -> Self {
        Self::hex(Dir::Tpl, id, "TPL")
    }

    /// The postoffices of a network, `XTN\<hexid>.XTN`.
    #[must_use]
    pub fn xtn(id: HexId) -> Self {
        Self::hex(Dir::Xtn, id, "XTN")
    }

    /// A personal list, `NME\<hexid>.NME`.
    #[must_use]
    pub fn nme(id: HexId) -> Self {
        Self::hex(Dir::Nme, id, "NME")
    }

    /// Personal groups, `GRP\<hexid>.GRP`.
    #[must_use]
    pub fn grp(id: HexId) -> Self {
        Self::hex(Dir::Grp, id, "GRP")
    }

    /// Members of a group, `MEM\<tid>.MEM`.
    #[must_use]
    pub fn mem(tid: HexId) -> Self {
        Self::hex(Dir::Mem, tid, "MEM")
    }

    /// A mailbag, `MBG\<hexid>.MBG`.
    #[must_use]
    pub fn mbg(id: HexId) -> Self {
        Self::hex(Dir::Mbg, id, "MBG")
    }

    /// The bitmap of a mailbag, `KEY\<hexid>.KEY`.
    #[must_use]
    pub fn key(id: HexId) -> Self {
        Self::hex(Dir::Key, id, "KEY")
    }

    /// What a 3.x MTA holds while it serves the queue of a mailbag, `P1\<hexid>.0LK`; a stranded one may be taken
    /// over (Q119642).
    #[must_use]
    pub fn queue_lock(id: HexId) -> Self {
        Self::hex(Dir::P1, id, "0LK")
    }

    /// A message, `MAI\MAx\<hexid>.MAI`; the last digit picks the directory (Q87409).
    #[must_use]
    pub fn mai(id: HexId) -> Self {
        Self::hex(Dir::MaiPart((id.0 & 0xf) as u8), id, "MAI")
    }

    /// An attachment, `ATT\ATx\<hexid>.ATT`.
    #[must_use]
    pub fn att(id: HexId) -> Self {
        Self::hex(Dir::AttPart((id.0 & 0xf) as u8), id, "ATT")
    }

    /// The index of a user's private folders, `FOLDERS\LOC\<hexid>\<hexid>.IDX`.
    #[must_use]
    pub fn folder_index(id: HexId) -> Self {
        Self::hex(Dir::FoldersUser(id), id, "IDX")
    }

    /// The names of a gateway list, `NME\<type>.NME`.
    ///
    /// # Errors
    /// The type is not one to eight letters and digits, or names a list of the postoffice itself.
    pub fn gateway_nme(kind: &str) -> Result<Self, NameError> {
        Self::gateway(Dir::Nme, kind, "NME")
    }

    /// The addresses of a gateway list, `GLB\<type>.GLB`.
    ///
    /// # Errors
    /// As [`Self::gateway_nme`]; `MASTER` and the like are refused.
    pub fn gateway_glb(kind: &str) -> Result<Self, NameError> {
        Self::gateway(Dir::Glb, kind, "GLB")
    }

    fn gateway(dir: Dir, kind: &str, extension: &str) -> Result<Self, NameError> {
        let refuse = |reason| NameError {
            name: kind.to_owned(),
            reason,
        };
        if !(1..=8).contains(&kind.len()) || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(refuse("a gateway has one to eight letters and digits"));
        }
        let file = Self {
            dir,
            name: Cow::Owned(format!("{}.{extension}", kind.to_ascii_uppercase())),
        };
        let taken = super::FIXED.contains(&file) || HexId::parse(kind.as_bytes()).is_some();
        if taken {
            return Err(refuse("it is a file of the postoffice itself"));
        }
        Ok(file)
    }

    /// The work file of a sort, `GLB\SORTnnnn.GLB`; numbers from 10000 on wrap.
    #[must_use]
    pub fn sort(number: u32) -> Self {
        Self {
            dir: Dir::Glb,
            name: Cow::Owned(format!("SORT{:04}.GLB", number % 10_000)),
        }
    }

    /// The one-byte file that keeps a directory from being empty (Q135868).
    #[must_use]
    pub fn populate(dir: Dir) -> Self {
        Self {
            dir,
            name: Cow::Borrowed("POPULATE.MSM"),
        }
    }

    /// A staged file of a batch.
    pub(in crate::postoffice) fn staged(number: u32) -> Self {
        Self {
            dir: Dir::Staging,
            name: Cow::Owned(format!("{number:08X}")),
        }
    }

    /// Returns the directory.
    #[must_use]
    pub fn dir(&self) -> Dir {
        self.dir
    }

    /// Returns the name in the spelling of a new file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name without its extension, as the logs print files (`REQTRANS`).
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name
            .rsplit_once('.')
            .map_or(&*self.name, |(stem, _)| stem)
    }
}

impl fmt::Display for File {
    /// Writes the path below the root with `/` between its parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dir != Dir::Root {
            write!(f, "{}/", self.dir)?;
        }
        f.write_str(&self.name)
    }
}

/// Tells why a name cannot be a file of a postoffice.
fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > File::MAX_NAME_LEN {
        Some("it has more than 200 bytes")
    } else if name == "." || name == ".." {
        Some("it is a directory")
    } else if name.bytes().any(|b| matches!(b, b'/' | b'\\')) {
        Some("it holds a separator")
    } else if !name.bytes().all(|b| b.is_ascii_graphic()) {
        Some("it holds a blank, a control character or one outside of ASCII")
    } else {
        None
    }
}

/// Tells why a path of a journal, `/` between its parts, cannot lie in a postoffice.
pub(in crate::postoffice) fn path_fault(path: &str) -> Option<&'static str> {
    path.split('/').find_map(name_fault)
}

#[cfg(test)]
mod tests {
    use super::super::MailPart;
    use super::*;

    const VECTORS: &str = include_str!("../../../testdata/spec/vectors.json");

    fn vectors(key: &str) -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(VECTORS).unwrap()[key].clone()
    }

    #[test]
    fn hashed_directory_is_the_last_digit() {
        for sample in vectors("hashed_directory").as_array().unwrap() {
            let name = sample["file"].as_str().unwrap().to_ascii_uppercase();
            let id = HexId::parse(&name.as_bytes()[..8]).unwrap();
            let file = if name.ends_with("ATT") {
                File::att(id)
            } else {
                File::mai(id)
            };
            assert_eq!(file.name(), name);
            assert_eq!(file.dir().to_string(), sample["dir"].as_str().unwrap());
        }
    }

    #[test]
    fn a_name_from_outside_stays_in_its_directory() {
        for name in [
            "", ".", "..", "../X", "..\\X", "A/B", "A\\B", "A\0B", "A\nB", "Ä.USR", "A B",
        ] {
            assert!(File::named(Dir::Usr, name).is_err(), "{name:?}");
        }
        assert!(File::named(Dir::Usr, &"A".repeat(201)).is_err());
        assert_eq!(
            File::named(Dir::Usr, "../MASTER.GLB")
                .unwrap_err()
                .to_string(),
            "\"../MASTER.GLB\" cannot be a file name: it holds a separator"
        );
        assert_eq!(
            File::named(Dir::Log, "import.log").unwrap().name(),
            "IMPORT.LOG"
        );
        let mail = File::named(Dir::MailIn(MailPart::New), "17a.bC:2,S").unwrap();
        assert_eq!(mail.to_string(), "MBG/SYSTEM/new/17a.bC:2,S");
    }

    #[test]
    fn a_gateway_cannot_take_the_name_of_a_database() {
        assert_eq!(
            File::gateway_glb("smtp").unwrap().to_string(),
            "GLB/SMTP.GLB"
        );
        assert_eq!(
            File::gateway_nme("X400").unwrap().to_string(),
            "NME/X400.NME"
        );
        for kind in ["MASTER", "reqtrans", "", "..", "A/B", "NINECHARS"] {
            assert!(File::gateway_glb(kind).is_err(), "{kind}");
        }
        for kind in ["ADMIN", "gal", "0000000A"] {
            assert!(File::gateway_nme(kind).is_err(), "{kind}");
        }
    }

    #[test]
    fn lock_files_of_version_3_are_named_after_the_mailbag() {
        for sample in vectors("lock_files").as_array().unwrap() {
            let mailbag = sample["mailbag"].as_str().unwrap();
            let id = HexId::parse(&mailbag.as_bytes()[..8]).unwrap();
            // 2.1 named them after the drive instead.
            let expected = sample["version"].as_str().unwrap().starts_with('3');
            let lock = File::queue_lock(id).to_string();
            assert_eq!(lock == sample["lock"].as_str().unwrap(), expected);
        }
    }

    #[test]
    fn rename_pairs_are_known_files() {
        for pair in vectors("rename_pairs").as_array().unwrap() {
            for key in ["from", "to", "fallback"] {
                let Some(path) = pair[key].as_str() else {
                    continue;
                };
                let path = path
                    .replace("<hexid>", "0000000A")
                    .replace("TMP0000x", "TMP00003");
                let known = super::super::FIXED.iter().any(|f| f.to_string() == path)
                    || File::usr(HexId(10)).to_string() == path
                    || File::inf(HexId(10)).to_string() == path;
                assert!(known, "{path}");
            }
        }
    }
}
