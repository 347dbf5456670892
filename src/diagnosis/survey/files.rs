//! Every directory of a postoffice as it stands: names, sizes, modes, times. No file is opened here.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::UNIX_EPOCH;

use crate::codec::HexId;
use crate::codec::sizes::{SizeRule, size_rule};
use crate::codec::timestamp::Timestamp;
use crate::postoffice::layout::MailPart;
use crate::postoffice::{Dir, File, Layout};

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Link,
    /// A device, a pipe or a socket.
    Other,
}

/// One name in a directory.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name as it is spelled.
    pub name: String,
    /// Another spelling of it that is there too.
    pub twin: Option<String>,
    /// What it stands for.
    pub kind: EntryKind,
    /// Whether it is, or leads to, a regular file: only such are opened.
    pub is_file: bool,
    /// Bytes of a file; 0 for anything else.
    pub len: u64,
    /// Permission bits.
    pub mode: u32,
    /// When it was written last; zero where that cannot be told.
    pub modified: Timestamp,
}

/// A directory.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Whether it is there.
    pub exists: bool,
    /// Why it could not be read.
    pub fault: Option<String>,
    /// Its names, in upper case but for a Maildir.
    pub entries: BTreeMap<String, Entry>,
}

/// Every directory that was looked at.
#[derive(Debug, Clone, Default)]
pub struct Files {
    dirs: BTreeMap<Dir, Listing>,
}

impl Files {
    /// Lists the published directories, the Maildirs and the folders of every user.
    #[must_use]
    pub fn read(layout: &Layout) -> Self {
        let mut files = Self::default();
        let mail = [MailPart::Tmp, MailPart::New, MailPart::Cur];
        let more = [Dir::Root, Dir::FoldersLoc, Dir::FoldersPub, Dir::System]
            .into_iter()
            .chain(mail.map(Dir::MailIn))
            .chain(mail.map(Dir::MailOut))
            .chain(mail.map(Dir::QuarantineIn));
        for dir in Dir::published().chain(more) {
            files.dirs.insert(dir, list(layout, dir));
        }
        let users: Vec<_> = files
            .entries(Dir::FoldersLoc)
            .filter_map(|(name, _)| HexId::parse(name.as_bytes()))
            .collect();
        for user in users {
            let dir = Dir::FoldersUser(user);
            files.dirs.insert(dir, list(layout, dir));
        }
        files
    }

    /// Returns the directories in order, with what is in them.
    pub fn dirs(&self) -> impl Iterator<Item = (Dir, &Listing)> {
        self.dirs.iter().map(|(dir, listing)| (*dir, listing))
    }

    /// Returns the names in a directory.
    pub fn entries(&self, dir: Dir) -> impl Iterator<Item = (&str, &Entry)> {
        let listing = self.dirs.get(&dir);
        let entries = listing.into_iter().flat_map(|listing| &listing.entries);
        entries.map(|(name, entry)| (&**name, entry))
    }

    /// Returns the files in a directory whose name is an identifier with this extension, in order.
    pub fn numbered<'a>(
        &'a self,
        dir: Dir,
        extension: &'a str,
    ) -> impl Iterator<Item = (HexId, &'a Entry)> {
        self.entries(dir).filter_map(move |(name, entry)| {
            let (stem, found) = name.split_once('.')?;
            let id = HexId::parse(stem.as_bytes())?;
            (found == extension).then_some((id, entry))
        })
    }

    /// Finds a name; `None` where it is not there.
    #[must_use]
    pub fn get(&self, file: &File) -> Option<&Entry> {
        self.dirs.get(&file.dir())?.entries.get(file.name())
    }

    /// Tells whether something of that name is there.
    #[must_use]
    pub fn has(&self, file: &File) -> bool {
        self.get(file).is_some()
    }

    /// Returns the size of a file; `None` where it is not there.
    #[must_use]
    pub fn len(&self, file: &File) -> Option<u64> {
        self.get(file).map(|entry| entry.len)
    }

    /// Tells whether a file is there, can be told from others, and has a size that fits its rule: only then is it
    /// worth reading.
    #[must_use]
    pub fn is_sound(&self, file: &File) -> bool {
        let Some(entry) = self.get(file) else {
            return false;
        };
        entry.is_file && entry.twin.is_none() && self.size_fits(file.dir(), file.name(), entry)
    }

    /// Tells whether the size of a file fits its published rule, where there is one.
    #[must_use]
    pub fn size_fits(&self, dir: Dir, name: &str, entry: &Entry) -> bool {
        rule_of(dir, name).is_none_or(|rule| rule.record_count(entry.len).is_ok())
    }
}

/// Returns the size rule of a file; a rule holds in its own directory only.
#[must_use]
pub fn rule_of(dir: Dir, name: &str) -> Option<&'static SizeRule> {
    let mut top = dir;
    while let Some(parent) = top.parent().filter(|parent| *parent != Dir::Root) {
        top = parent;
    }
    size_rule(name).filter(|rule| rule.directory == top.name())
}

fn list(layout: &Layout, dir: Dir) -> Listing {
    let path = match layout.dir_path(dir) {
        Ok(path) => path,
        Err(error) => return failed(error.to_string()),
    };
    let read = match fs::read_dir(&path) {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Listing::default(),
        Err(error) => return failed(error.to_string()),
    };
    let mut listing = Listing {
        exists: true,
        ..Listing::default()
    };
    for found in read {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                listing.fault = Some(error.to_string());
                break;
            }
        };
        // A name that is not Unicode is no file of ours.
        let Ok(name) = found.file_name().into_string() else {
            continue;
        };
        let key = match dir.is_case_sensitive() {
            true => name.clone(),
            false => name.to_ascii_uppercase(),
        };
        if let Some(known) = listing.entries.get_mut(&key) {
            known.twin = Some(name);
            continue;
        }
        listing.entries.insert(key, entry(name, &found));
    }
    listing
}

fn entry(name: String, found: &fs::DirEntry) -> Entry {
    let kind = match found.file_type() {
        Ok(kind) if kind.is_symlink() => EntryKind::Link,
        Ok(kind) if kind.is_dir() => EntryKind::Directory,
        Ok(kind) if kind.is_file() => EntryKind::File,
        _ => EntryKind::Other,
    };
    // Of a link, what it leads to counts; one that leads nowhere has no bytes.
    let metadata = fs::metadata(found.path()).ok();
    let modified = metadata
        .as_ref()
        .and_then(|metadata| metadata.modified().ok())
        .and_then(|at| u32::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok());
    let is_file = metadata.as_ref().is_some_and(fs::Metadata::is_file);
    let len = metadata.as_ref().map_or(0, fs::Metadata::len);
    Entry {
        name,
        twin: None,
        kind,
        is_file,
        len: if is_file { len } else { 0 },
        mode: metadata.map_or(0o600, |metadata| metadata.permissions().mode() & 0o7777),
        modified: Timestamp(modified.unwrap_or(0)),
    }
}

fn failed(fault: String) -> Listing {
    Listing {
        exists: true,
        fault: Some(fault),
        entries: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postoffice::layout;

    #[test]
    fn a_rule_holds_in_its_own_directory() {
        assert!(rule_of(Dir::Glb, "REQCONF.GLB").is_some());
        assert!(rule_of(Dir::Log, "REQCONF.GLB").is_none());
        assert!(rule_of(Dir::FoldersUser(HexId(0)), "00000000.IDX").is_some());
        assert!(rule_of(Dir::FoldersPub, "FOLDROOT.IDX").is_some());
        assert!(rule_of(Dir::Glb, "SMTP.GLB").is_none());
    }

    #[test]
    fn a_directory_is_read_once_in_any_letter_case() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("glb")).unwrap();
        fs::write(root.path().join("glb/reqconf.glb"), [0; 512]).unwrap();
        fs::write(root.path().join("glb/Tid.glb"), [0; 4]).unwrap();
        fs::write(root.path().join("glb/TID.GLB"), [0; 4]).unwrap();
        fs::create_dir(root.path().join("glb/MASTER.GLB")).unwrap();
        let files = Files::read(&Layout::open(root.path()).unwrap());
        assert_eq!(files.len(&layout::REQCONF), Some(512));
        assert!(files.is_sound(&layout::REQCONF));
        assert!(files.has(&layout::TID) && !files.is_sound(&layout::TID));
        assert!(files.get(&layout::TID).unwrap().twin.is_some());
        assert!(!files.is_sound(&layout::MASTER));
        assert!(!files.dirs().any(|(dir, l)| dir == Dir::Mbg && l.exists));
    }
}
