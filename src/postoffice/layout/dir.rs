//! The directories of a postoffice (`spec/files.md` section 2).

use std::borrow::Cow;
use std::fmt;

use crate::codec::HexId;

/// The three directories of a Maildir.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailPart {
    /// Being written.
    Tmp,
    /// Delivered, not looked at.
    New,
    /// Taken.
    Cur,
}

/// A directory of a postoffice (`spec/files.md` section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dir {
    /// The data root itself.
    Root,
    /// Attachments; holds [`Dir::AttPart`].
    Att,
    /// `ATT\AT0` to `ATT\ATF`, by the last hexadecimal digit of the file's stem.
    AttPart(u8),
    /// Schedules.
    Cal,
    /// Folders.
    Folders,
    /// Private folders, one directory per user.
    FoldersLoc,
    /// Private folders of one user.
    FoldersUser(HexId),
    /// Shared folders.
    FoldersPub,
    /// Databases.
    Glb,
    /// Group chains.
    Grp,
    /// Help.
    Hlp,
    /// Template information.
    Inf,
    /// Settings of Windows clients.
    Ini,
    /// Mailbag bitmaps.
    Key,
    /// Logs.
    Log,
    /// Messages; holds [`Dir::MaiPart`].
    Mai,
    /// `MAI\MA0` to `MAI\MAF`.
    MaiPart(u8),
    /// Mailbags.
    Mbg,
    /// Group members.
    Mem,
    /// Message files of Windows clients.
    Mmf,
    /// Name lists.
    Nme,
    /// Envelopes; its Maildir is [`Dir::MailOut`].
    P1,
    /// Templates.
    Tpl,
    /// Lists of external postoffices.
    Usr,
    /// Definitions of external postoffices.
    Xtn,
    /// `MBG\SYSTEM`: the Maildir of incoming dir-sync mail.
    System,
    /// One directory of the incoming Maildir.
    MailIn(MailPart),
    /// One directory of the outgoing Maildir, in `P1`.
    MailOut(MailPart),
    /// `MBG\QUARANT`: the Maildir of messages that were refused.
    Quarantine,
    /// One directory of the quarantine.
    QuarantineIn(MailPart),
    /// `MBG\<hexid>`: the Maildir of a local mailbox, beside its `MBG\<hexid>.MBG`.
    UserMail(HexId),
    /// One directory of the Maildir of a local mailbox.
    UserMailIn(HexId, MailPart),
    /// Where a batch prepares its files, `GLB\DIRSYNC.TMP`.
    Staging,
    /// Where a repair keeps the files it replaces, `GLB\PODIAG.001` and so on. One directory takes them all: the extension
    /// of a file tells the directory it comes from.
    Kept(u16),
}

impl Dir {
    /// The 19 directories below the root, in the order of `spec/files.md` section 2.
    pub const TOP: [Self; 19] = [
        Self::Att,
        Self::Cal,
        Self::Folders,
        Self::Glb,
        Self::Grp,
        Self::Hlp,
        Self::Inf,
        Self::Ini,
        Self::Key,
        Self::Log,
        Self::Mai,
        Self::Mbg,
        Self::Mem,
        Self::Mmf,
        Self::Nme,
        Self::P1,
        Self::Tpl,
        Self::Usr,
        Self::Xtn,
    ];

    /// Returns the 51 directories every postoffice has (Q132744), parents first.
    pub fn published() -> impl Iterator<Item = Self> {
        Self::TOP
            .into_iter()
            .chain((0..16).map(Self::AttPart))
            .chain((0..16).map(Self::MaiPart))
    }

    /// Returns the directory that holds this one; the root has none.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        Some(match self {
            Self::Root => return None,
            Self::AttPart(_) => Self::Att,
            Self::MaiPart(_) => Self::Mai,
            Self::FoldersLoc | Self::FoldersPub => Self::Folders,
            Self::FoldersUser(_) => Self::FoldersLoc,
            Self::System | Self::Quarantine | Self::UserMail(_) => Self::Mbg,
            Self::MailIn(_) => Self::System,
            Self::MailOut(_) => Self::P1,
            Self::QuarantineIn(_) => Self::Quarantine,
            Self::UserMailIn(id, _) => Self::UserMail(id),
            Self::Staging | Self::Kept(_) => Self::Glb,
            _ => Self::Root,
        })
    }

    /// Returns the name inside [`Self::parent`], in the spelling of a new directory; the root has an empty one.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        let hashed = |prefix, digit: u8| Cow::Owned(format!("{prefix}{:X}", digit & 0xf));
        Cow::Borrowed(match self {
            Self::Root => "",
            Self::Att => "ATT",
            Self::AttPart(digit) => return hashed("AT", digit),
            Self::Cal => "CAL",
            Self::Folders => "FOLDERS",
            Self::FoldersLoc => "LOC",
            Self::FoldersUser(id) | Self::UserMail(id) => return Cow::Owned(id.to_string()),
            Self::FoldersPub => "PUB",
            Self::Glb => "GLB",
            Self::Grp => "GRP",
            Self::Hlp => "HLP",
            Self::Inf => "INF",
            Self::Ini => "INI",
            Self::Key => "KEY",
            Self::Log => "LOG",
            Self::Mai => "MAI",
            Self::MaiPart(digit) => return hashed("MA", digit),
            Self::Mbg => "MBG",
            Self::Mem => "MEM",
            Self::Mmf => "MMF",
            Self::Nme => "NME",
            Self::P1 => "P1",
            Self::Tpl => "TPL",
            Self::Usr => "USR",
            Self::Xtn => "XTN",
            Self::System => "SYSTEM",
            Self::Quarantine => "QUARANT",
            Self::MailIn(part)
            | Self::MailOut(part)
            | Self::QuarantineIn(part)
            | Self::UserMailIn(_, part) => match part {
                // The Maildir standard writes these in lower case.
                MailPart::Tmp => "tmp",
                MailPart::New => "new",
                MailPart::Cur => "cur",
            },
            Self::Staging => "DIRSYNC.TMP",
            Self::Kept(number) => return Cow::Owned(format!("PODIAG.{number:03}")),
        })
    }

    /// Returns the three directories of the Maildir that a directory holds or belongs to.
    #[must_use]
    pub fn maildir(self) -> Option<[Self; 3]> {
        let part: &dyn Fn(MailPart) -> Self = match self {
            Self::System | Self::MailIn(_) => &Self::MailIn,
            Self::P1 | Self::MailOut(_) => &Self::MailOut,
            Self::Quarantine | Self::QuarantineIn(_) => &Self::QuarantineIn,
            Self::UserMail(id) | Self::UserMailIn(id, _) => &move |part| Self::UserMailIn(id, part),
            _ => return None,
        };
        Some([MailPart::Tmp, MailPart::New, MailPart::Cur].map(part))
    }

    /// Returns which directory of a Maildir it is.
    #[must_use]
    pub fn mail_part(self) -> Option<MailPart> {
        match self {
            Self::MailIn(part)
            | Self::MailOut(part)
            | Self::QuarantineIn(part)
            | Self::UserMailIn(_, part) => Some(part),
            _ => None,
        }
    }

    /// Tells whether names in here are kept letter by letter: those of a Maildir are not ours alone.
    #[must_use]
    pub fn is_case_sensitive(self) -> bool {
        self.mail_part().is_some()
    }
}

impl fmt::Display for Dir {
    /// Writes the path below the root with `/` between its parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent() {
            Some(Self::Root) | None => {}
            Some(parent) => write!(f, "{parent}/")?,
        }
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../../testdata/spec/vectors.json");

    #[test]
    fn directories_are_the_51_published() {
        let published =
            serde_json::from_str::<serde_json::Value>(VECTORS).unwrap()["directories"].clone();
        let names = |key: &str| -> Vec<String> {
            let mut names: Vec<_> = published[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n.as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let below = |parent| -> Vec<String> {
            let mut names: Vec<_> = Dir::published()
                .filter(|d| d.parent() == Some(parent))
                .map(|d| d.name().into_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(below(Dir::Root), names("top"));
        assert_eq!(below(Dir::Att), names("att"));
        assert_eq!(below(Dir::Mai), names("mai"));
        assert_eq!(
            Dir::published().count() as u64,
            published["count"].as_u64().unwrap()
        );
    }
}
