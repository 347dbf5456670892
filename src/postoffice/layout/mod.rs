//! The only place that knows file names: which files there are, and where each is on this medium.
//!
//! Names are found without regard to letter case, because a postoffice that passed through other
//! systems may have either; new files are upper case (Q103945). Directories are listed once and
//! kept, until a batch changes them. No path leaves the root: names are checked when a [`File`] is
//! made, and a symbolic link that leads out is refused when it is followed.

mod dir;
mod file;
mod names;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use dir::{Dir, MailPart};
pub(super) use file::path_fault;
pub use file::{File, NameError};
pub use names::*;

use super::error::{AtPath, PostofficeError};
use crate::codec::{CodecError, Record};

/// Where the files of one postoffice are.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
    listings: Mutex<HashMap<Dir, Arc<Listing>>>,
}

/// What a directory held when it was read.
#[derive(Debug)]
struct Listing {
    path: PathBuf,
    /// By the name in upper case.
    entries: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    name: OsString,
    is_symlink: bool,
    /// Another spelling of the same name that is also there.
    twin: Option<String>,
}

impl Layout {
    /// Finds the root, given in any letter case.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn open(root: &Path) -> Result<Self, PostofficeError> {
        let found = match fs::symlink_metadata(root) {
            Ok(_) => root.to_owned(),
            Err(_) => find_without_case(root)?,
        };
        let root = fs::canonicalize(&found).map_err(|e| no_postoffice(root, &e.to_string()))?;
        if !root.is_dir() {
            return Err(no_postoffice(&found, "not a directory"));
        }
        Ok(Self {
            root,
            listings: Mutex::default(),
        })
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where a file is, or where it would be made.
    ///
    /// # Errors
    /// A directory cannot be read, two names differ in letter case only, or a symbolic link leads out of the root.
    pub fn path(&self, file: &File) -> Result<PathBuf, PostofficeError> {
        if file.dir().is_case_sensitive() {
            let path = self.dir_path(file.dir())?.join(file.name());
            return match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => self.inside(path),
                _ => Ok(path),
            };
        }
        self.lookup(file.dir(), file.name())
    }

    /// Returns where a directory is, or where it would be made.
    ///
    /// # Errors
    /// As [`Self::path`].
    pub fn dir_path(&self, dir: Dir) -> Result<PathBuf, PostofficeError> {
        match dir.parent() {
            None => Ok(self.root.clone()),
            Some(parent) => self.lookup(parent, &dir.name()),
        }
    }

    /// Tells whether a file is there.
    ///
    /// # Errors
    /// As [`Self::path`].
    pub fn exists(&self, file: &File) -> Result<bool, PostofficeError> {
        Ok(self.len(file)?.is_some())
    }

    /// Returns the size of a file in bytes; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Self::path`]; the file cannot be looked at.
    pub fn len(&self, file: &File) -> Result<Option<u64>, PostofficeError> {
        let path = self.path(file)?;
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(e) => absent(e, &path).map(|()| None),
        }
    }

    /// Opens a file for reading; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Self::path`]; the file cannot be opened.
    pub fn open_file(&self, file: &File) -> Result<Option<fs::File>, PostofficeError> {
        let path = self.path(file)?;
        match fs::File::open(&path) {
            Ok(open) => Ok(Some(open)),
            Err(e) => absent(e, &path).map(|()| None),
        }
    }

    /// Reads a whole file; `None` when it is not there. For files of records use [`Self::open_file`].
    ///
    /// # Errors
    /// As [`Self::open_file`]; reading failed.
    pub fn read(&self, file: &File) -> Result<Option<Vec<u8>>, PostofficeError> {
        let Some(mut open) = self.open_file(file)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        open.read_to_end(&mut bytes).reading(&self.path(file)?)?;
        Ok(Some(bytes))
    }

    /// Reads a file that is one record; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Self::open_file`]; the size is not that of the record, or a field holds what it cannot hold.
    pub fn read_record<T: Record>(&self, file: &File) -> Result<Option<T>, PostofficeError> {
        let Some(open) = self.open_file(file)? else {
            return Ok(None);
        };
        let path = self.path(file)?;
        let len = open.metadata().reading(&path)?.len();
        let mut bytes = Vec::with_capacity(T::LEN);
        open.take(T::LEN as u64)
            .read_to_end(&mut bytes)
            .reading(&path)?;
        let damaged = |source| PostofficeError::Codec { path, source };
        if len != T::LEN as u64 || bytes.len() != T::LEN {
            return Err(damaged(CodecError::Size {
                len,
                base: T::LEN as u64,
                record: 0,
            }));
        }
        T::decode(&bytes).map(Some).map_err(damaged)
    }

    /// Returns the names in a directory, sorted, in upper case but for a Maildir; none when it is not there.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self, dir: Dir) -> Result<Vec<String>, PostofficeError> {
        let path = self.dir_path(dir)?;
        let mut names = Vec::new();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) => return absent(e, &path).map(|()| names),
        };
        for entry in entries {
            // A name that is not Unicode is no file of ours.
            if let Ok(name) = entry.reading(&path)?.file_name().into_string() {
                names.push(match dir.is_case_sensitive() {
                    true => name,
                    false => name.to_ascii_uppercase(),
                });
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Forgets what was read of the directories, after something changed them.
    pub fn forget(&self) {
        self.listings().clear();
    }

    /// Turns a path of this postoffice into the form of the journal: below the root, `/` between its parts.
    pub(super) fn relative(&self, path: &Path) -> Result<String, PostofficeError> {
        let outside = || PostofficeError::Outside {
            path: path.to_owned(),
            root: self.root.clone(),
        };
        let below = path.strip_prefix(&self.root).map_err(|_| outside())?;
        let mut parts = Vec::new();
        for part in below.components() {
            match part {
                Component::Normal(name) => parts.push(name.to_str().ok_or_else(outside)?),
                _ => return Err(outside()),
            }
        }
        let relative = parts.join("/");
        match path_fault(&relative) {
            None => Ok(relative),
            Some(_) => Err(outside()),
        }
    }

    /// Follows a path of the journal; every directory on the way must stay below the root.
    pub(super) fn absolute(&self, relative: &str) -> Result<PathBuf, PostofficeError> {
        let mut path = self.root.clone();
        let mut parts = relative.split('/').peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            let outside = path_fault(part).is_some()
                || parts.peek().is_some()
                    && path.is_symlink()
                    && self.inside(path.clone()).is_err();
            if outside {
                return Err(PostofficeError::Outside {
                    path: self.root.join(relative),
                    root: self.root.clone(),
                });
            }
        }
        Ok(path)
    }

    fn lookup(&self, dir: Dir, name: &str) -> Result<PathBuf, PostofficeError> {
        let Some(mut listing) = self.listing(dir)? else {
            return Ok(self.dir_path(dir)?.join(name));
        };
        let key = name.to_ascii_uppercase();
        if !listing.entries.contains_key(&key) {
            // Made since the directory was read, by another process or another value of this one.
            if fs::symlink_metadata(listing.path.join(name)).is_err() {
                return Ok(listing.path.join(name));
            }
            self.listings().remove(&dir);
            let Some(again) = self.listing(dir)? else {
                return Ok(self.dir_path(dir)?.join(name));
            };
            listing = again;
        }
        let Some(entry) = listing.entries.get(&key) else {
            return Ok(listing.path.join(name));
        };
        entry.alone_in(&listing.path)?;
        let path = listing.path.join(&entry.name);
        if entry.is_symlink {
            return self.inside(path);
        }
        Ok(path)
    }

    /// Refuses a symbolic link that leads out of the root, or nowhere.
    fn inside(&self, path: PathBuf) -> Result<PathBuf, PostofficeError> {
        match fs::canonicalize(&path) {
            Ok(real) if real.starts_with(&self.root) => Ok(path),
            _ => Err(PostofficeError::Outside {
                path,
                root: self.root.clone(),
            }),
        }
    }

    fn listing(&self, dir: Dir) -> Result<Option<Arc<Listing>>, PostofficeError> {
        if let Some(listing) = self.listings().get(&dir) {
            return Ok(Some(Arc::clone(listing)));
        }
        let path = self.dir_path(dir)?;
        let listing = match Listing::read(&path) {
            Ok(listing) => Arc::new(listing),
            Err(e) => return absent(e, &path).map(|()| None),
        };
        self.listings().insert(dir, Arc::clone(&listing));
        Ok(Some(listing))
    }

    fn listings(&self) -> MutexGuard<'_, HashMap<Dir, Arc<Listing>>> {
        // A panic elsewhere cannot leave a cache half changed.
        self.listings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listing {
    fn read(path: &Path) -> io::Result<Self> {
        let mut entries = HashMap::<String, Entry>::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(text) = name.to_str() else { continue };
            let (key, text) = (text.to_ascii_uppercase(), text.to_owned());
            if let Some(known) = entries.get_mut(&key) {
                known.twin = Some(text);
                continue;
            }
            let is_symlink = entry.file_type()?.is_symlink();
            let entry = Entry {
                name,
                is_symlink,
                twin: None,
            };
            entries.insert(key, entry);
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }
}

impl Entry {
    /// Refuses a name that is there in two spellings.
    fn alone_in(&self, directory: &Path) -> Result<(), PostofficeError> {
        let Some(twin) = self.twin.clone() else {
            return Ok(());
        };
        let mut both = [self.name.to_string_lossy().into_owned(), twin];
        both.sort();
        let [first, second] = both;
        Err(PostofficeError::Ambiguous {
            directory: directory.to_owned(),
            first,
            second,
        })
    }
}

/// Passes over "not there"; everything else is an error.
fn absent(error: io::Error, path: &Path) -> Result<(), PostofficeError> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(()),
        _ => Err(error).reading(path),
    }
}

fn no_postoffice(path: &Path, reason: &str) -> PostofficeError {
    PostofficeError::NoPostoffice {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Follows a path part by part, taking the one name that differs in letter case where none is equal.
fn find_without_case(path: &Path) -> Result<PathBuf, PostofficeError> {
    let mut found = PathBuf::new();
    for part in path.components() {
        let exact = found.join(part);
        if fs::symlink_metadata(&exact).is_ok() || !matches!(part, Component::Normal(_)) {
            found = exact;
            continue;
        }
        let parent = if found.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &found
        };
        let wanted = part.as_os_str().to_ascii_uppercase();
        let listing = Listing::read(parent).map_err(|e| no_postoffice(path, &e.to_string()))?;
        let entry = wanted
            .to_str()
            .and_then(|w| listing.entries.get(w))
            .ok_or_else(|| no_postoffice(path, "no such directory"))?;
        entry.alone_in(parent)?;
        found = found.join(&entry.name);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::codec::HexId;

    fn postoffice(files: &[&str]) -> (tempfile::TempDir, Layout) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let layout = Layout::open(root.path()).unwrap();
        (root, layout)
    }

    fn relative(layout: &Layout, file: &File) -> String {
        layout.relative(&layout.path(file).unwrap()).unwrap()
    }

    #[test]
    fn names_are_found_in_any_case_and_made_in_upper_case() {
        let (_root, layout) = postoffice(&["glb/ReqTrans.glb", "Usr/0000000a.usr"]);
        for (file, path) in [
            (REQTRANS, "glb/ReqTrans.glb"),
            (SRVTRANS, "glb/SRVTRANS.GLB"),
            (File::usr(HexId(10)), "Usr/0000000a.usr"),
            (File::usr(HexId(11)), "Usr/0000000B.USR"),
            (ADMIN_NME, "NME/ADMIN.NME"),
            (File::mai(HexId(0x3d)), "MAI/MAD/0000003D.MAI"),
        ] {
            assert_eq!(relative(&layout, &file), path);
        }
        assert_eq!(
            layout.read(&REQTRANS).unwrap().unwrap(),
            b"glb/ReqTrans.glb"
        );
        assert_eq!(layout.read(&SRVTRANS).unwrap(), None);
        assert_eq!(layout.len(&ADMIN_NME).unwrap(), None);
        assert_eq!(layout.list(Dir::Usr).unwrap(), ["0000000A.USR"]);
        assert!(layout.list(Dir::Nme).unwrap().is_empty());
    }

    #[test]
    fn the_root_is_found_in_any_case() {
        let (root, _) = postoffice(&["MailData/Po/GLB/MASTER.GLB"]);
        let layout = Layout::open(&root.path().join("MAILDATA").join("po")).unwrap();
        assert!(layout.root().ends_with("MailData/Po"));
        let error = Layout::open(&root.path().join("maildata/none")).unwrap_err();
        assert_eq!(error.exit_code(), 66);
    }

    #[test]
    fn two_spellings_of_one_name_are_refused() {
        let (_root, layout) = postoffice(&["GLB/reqtrans.glb", "GLB/REQTRANS.GLB"]);
        let error = layout.path(&REQTRANS).unwrap_err().to_string();
        assert!(
            error.contains("names must differ in more than letter case")
                && error.contains("both REQTRANS.GLB and reqtrans.glb"),
            "{error}"
        );
        assert!(layout.path(&SRVTRANS).is_ok());
    }

    #[test]
    fn a_link_out_of_the_root_is_refused() {
        let (root, layout) = postoffice(&["GLB/MASTER.GLB", "REAL/X"]);
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("0000000A.USR"), "secret").unwrap();
        symlink(outside.path(), root.path().join("USR")).unwrap();
        symlink(
            outside.path().join("0000000A.USR"),
            root.path().join("GLB/TID.GLB"),
        )
        .unwrap();
        symlink("nowhere", root.path().join("GLB/CONTROL.GLB")).unwrap();
        symlink(root.path().join("REAL"), root.path().join("LOG")).unwrap();
        for file in [File::usr(HexId(10)), TID, CONTROL] {
            let error = layout.read(&file).unwrap_err();
            assert!(
                error.to_string().contains("leads out of the postoffice"),
                "{error}"
            );
        }
        assert!(layout.path(&DIRSYNC_LOG).is_ok());
        assert!(layout.absolute("USR/0000000A.USR").is_err());
        assert!(layout.absolute("LOG/DIRSYNC.LOG").is_ok());
        for path in ["../X", "GLB/../../X", "/etc/X", "GLB//X", "", "GLB\\X"] {
            assert!(layout.absolute(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_file_made_behind_our_back_is_seen() {
        let (root, layout) = postoffice(&["GLB/MASTER.GLB"]);
        assert!(!layout.exists(&REQTRANS).unwrap());
        fs::write(root.path().join("GLB/REQTRANS.GLB"), "x").unwrap();
        assert_eq!(layout.len(&REQTRANS).unwrap(), Some(1));
        fs::remove_file(root.path().join("GLB/REQTRANS.GLB")).unwrap();
        assert!(!layout.exists(&REQTRANS).unwrap());
    }

    #[test]
    fn a_thousand_lists_cost_one_reading_of_the_directory() {
        let names: Vec<_> = (0..1000).map(|n| format!("usr/{n:08x}.usr")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (root, layout) = postoffice(&names);
        assert_eq!(relative(&layout, &File::usr(HexId(0))), "usr/00000000.usr");
        // Were the directory read again, these lower-case names would be gone.
        fs::rename(root.path().join("usr"), root.path().join("away")).unwrap();
        for n in 0..1000 {
            let path = relative(&layout, &File::usr(HexId(n)));
            assert_eq!(path, format!("usr/{n:08x}.usr"));
        }
        layout.forget();
        assert_eq!(relative(&layout, &File::usr(HexId(0))), "USR/00000000.USR");
    }
}
