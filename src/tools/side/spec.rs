//! Which side is meant, and what it is: told by its name or its first bytes, unless `kind:` says so.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueReader, RecordKind};
use crate::directory::ldif;
use crate::postoffice::{Identity, Layout};
use crate::probe::layout::Layout as Foreign;
use crate::tools::cli::data::DataLocation;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;

/// Bytes looked at to find out what a file is: comments may stand in front of what tells.
const HEAD_LEN: u64 = 64 * 1024;

/// What a side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SideKind {
    /// The lists of a postoffice.
    Postoffice,
    /// A resync file.
    Resync,
    /// A queue; its end state is what its records make.
    Queue,
    /// Import text.
    Text,
    /// An LDIF content file.
    Ldif,
    /// An address book as CSV, the names of its columns in the first line.
    Csv,
    /// What lies below a name in a directory.
    Ldap,
}

impl SideKind {
    const WORDS: [(&'static str, Self); 8] = [
        ("postoffice", Self::Postoffice),
        ("po", Self::Postoffice),
        ("resync", Self::Resync),
        ("queue", Self::Queue),
        ("text", Self::Text),
        ("ldif", Self::Ldif),
        ("csv", Self::Csv),
        ("ldap", Self::Ldap),
    ];

    /// Returns the word that stands for it before the colon.
    #[must_use]
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        known.expect("every kind has a word").0
    }

    /// Tells whether its entries have attributes of a directory; else they have template lines.
    #[must_use]
    pub fn is_directory(self) -> bool {
        matches!(self, Self::Ldif | Self::Csv | Self::Ldap)
    }
}

impl fmt::Display for SideKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postoffice => "postoffice",
            Self::Resync => "resync file",
            Self::Queue => "queue",
            Self::Text => "import text",
            Self::Ldif => "LDIF",
            Self::Csv => "CSV",
            Self::Ldap => "directory",
        })
    }
}

impl Serialize for SideKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A side by its name, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideSpec {
    /// What it is.
    pub kind: SideKind,
    name: PathBuf,
    is_told: bool,
    framing: Option<Box<Foreign>>,
}

impl SideSpec {
    /// Finds out what a side is.
    ///
    /// # Errors
    /// [`ExitCode::NotFound`]: there is nothing of that name, or it cannot be read.
    pub fn recognise(name: &OsStr) -> Result<Self, ToolError> {
        if let Some((kind, rest)) = prefixed(name) {
            let name = match kind {
                // The scheme of a URL is its prefix too.
                SideKind::Ldap if rest.to_string_lossy().starts_with("//") => name.into(),
                _ => rest.into(),
            };
            return Ok(Self {
                kind,
                name,
                is_told: true,
                framing: None,
            });
        }
        let name = PathBuf::from(name);
        let text = name.to_string_lossy();
        let scheme = |scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        };
        let kind = if scheme("ldaps://") {
            SideKind::Ldap
        } else if name.is_dir() {
            SideKind::Postoffice
        } else {
            let file = File::open(&name).map_err(|error| cannot_open(&name, error))?;
            of_file(&name, file).map_err(|error| cannot_open(&name, error))?
        };
        Ok(Self {
            kind,
            name,
            is_told: false,
            framing: None,
        })
    }

    /// Says how the records of a queue or resync file lie, where that was said to be one and is of another framing.
    #[must_use]
    pub fn framed_by(mut self, framing: Option<Foreign>) -> Self {
        if self.is_told && matches!(self.kind, SideKind::Queue | SideKind::Resync) {
            self.framing = framing.map(Box::new);
        }
        self
    }

    /// Tells whether what it is was said, and not found out.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Returns it as it was named, without the kind in front.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.display().to_string()
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.name
    }

    /// Returns the directory of a postoffice, which may be named by its drive.
    pub(super) fn data(&self) -> Result<PathBuf, ToolError> {
        match DataLocation::from(self.name.as_os_str()) {
            DataLocation::Drive(_) if self.name.exists() => Ok(self.name.clone()),
            location => location.directory(),
        }
    }

    /// Returns the code page of a postoffice.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn code_page(&self) -> Result<CodePage, ToolError> {
        let layout = Layout::open(&self.data()?)?;
        Ok(Identity::read(&layout)?.code_page)
    }

    /// Opens the file.
    pub(super) fn open(&self) -> Result<BufReader<File>, ToolError> {
        if let Some(framing) = &self.framing {
            let file = framed::open(&self.name, Some(framing));
            let file = file.map_err(|error| framed::failed(&self.name, error))?;
            return Ok(BufReader::with_capacity(1 << 16, file));
        }
        let file = File::open(&self.name).map_err(|error| cannot_open(&self.name, error))?;
        let is_directory = file.metadata().is_ok_and(|found| found.is_dir());
        if is_directory {
            let what = format!("{}: a directory, expected a file", self.title());
            return Err(ToolError::new(ExitCode::NotFound, what));
        }
        Ok(BufReader::with_capacity(1 << 16, file))
    }

    /// Returns the name of the file without its directory and extension, in upper case.
    pub(super) fn stem(&self) -> String {
        let stem = self.name.file_stem().unwrap_or_default();
        stem.to_string_lossy().to_uppercase()
    }

    /// Says that it cannot be read any further.
    pub(super) fn unreadable(&self, error: io::Error) -> ToolError {
        cannot_open(&self.name, error)
    }
}

fn prefixed(name: &OsStr) -> Option<(SideKind, &OsStr)> {
    let bytes = name.as_encoded_bytes();
    let colon = bytes.iter().position(|&b| b == b':')?;
    let word = std::str::from_utf8(&bytes[..colon]).ok()?;
    let (_, kind) = SideKind::WORDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let rest = name.to_str().map(|text| OsStr::new(&text[colon + 1..]));
    // A name that is no text keeps its prefix: such a file is given by another path.
    rest.map(|rest| (*kind, rest))
}

fn cannot_open(path: &Path, error: io::Error) -> ToolError {
    let exit = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => ExitCode::NotFound,
        _ => ExitCode::Damaged,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}

/// Tells by name and first bytes what a file is.
fn of_file(path: &Path, file: File) -> io::Result<SideKind> {
    let mut head = Vec::new();
    file.take(HEAD_LEN).read_to_end(&mut head)?;
    let has_extension = |wanted: &str| {
        let extension = path.extension();
        extension.is_some_and(|found| found.eq_ignore_ascii_case(wanted))
    };
    if head.is_empty() {
        // An empty queue has no bytes (Q133428).
        return Ok(match () {
            () if has_extension("glb") => SideKind::Queue,
            () if has_extension("ldif") => SideKind::Ldif,
            () if has_extension("csv") => SideKind::Csv,
            () => SideKind::Text,
        });
    }
    let is_binary = |b: &u8| *b < b' ' && !b"\t\r\n\x1a".contains(b);
    if head.iter().take(24).any(is_binary) {
        return Ok(of_records(&head));
    }
    if ldif::begins(&head) {
        return Ok(SideKind::Ldif);
    }
    let first = ldif::first_line(&head);
    let is_command = matches!(first, [b'A' | b'D' | b'M' | b'R' | b'T', b' ' | b'\t', ..]);
    let has_columns = first.contains(&b',') || first.contains(&b';');
    Ok(match is_command {
        false if has_columns || has_extension("csv") => SideKind::Csv,
        _ => SideKind::Text,
    })
}

fn of_records(head: &[u8]) -> SideKind {
    let mut framed = Framed::default();
    let first = QueueReader::new(head, &Framing::OURS).read(&mut framed);
    match (first, framed.record.kind) {
        (Ok(true), RecordKind::ResyncHeader) => SideKind::Resync,
        _ => SideKind::Queue,
    }
}

/// Lines of an input that may end with CR LF, LF or the end.
pub(super) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    input.read_until(b'\n', line).map(|len| len > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::codec::queue::{QueueRecord, QueueWriter};
    use crate::codec::resync::{ResyncHeader, ResyncWriter};
    use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
    use crate::codec::timestamp::Timestamp;

    fn queue() -> Vec<u8> {
        let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
        let text = b"A Bob\tPCM:NET/PO/BOB".to_vec();
        writer
            .write(&QueueRecord::transaction(Timestamp(1), 1, 0, text))
            .expect("written");
        writer.finish().expect("written").0
    }

    fn resync() -> Vec<u8> {
        let header = ResyncHeader {
            import_sync: ImportSync(1),
            req_sync: ReqSync(1),
            srv_sync: SrvSync(1),
            stamp: 1,
            server: b"NET/PO"[..].into(),
            addressee: None,
        };
        let writer = ResyncWriter::new(Vec::new(), &header, Timestamp(1)).expect("written");
        writer.finish().expect("written").0
    }

    #[test]
    fn a_file_is_told_by_its_bytes_and_only_an_empty_one_by_its_name() {
        let place = tempfile::tempdir().expect("a directory");
        for (name, bytes, kind) in [
            ("any.txt", queue(), SideKind::Queue),
            ("any.csv", resync(), SideKind::Resync),
            ("x.GLB", b"A Bob\tPCM:N/P/BOB\r\n".to_vec(), SideKind::Text),
            (
                "a,b",
                b"# A, B\r\n\r\nT PCM:N/P\r\n".to_vec(),
                SideKind::Text,
            ),
            ("x", b"\xef\xbb\xbfversion: 1\n".to_vec(), SideKind::Ldif),
            ("x", b"# a comment\n\nDN: o=x\n".to_vec(), SideKind::Ldif),
            ("x", b"FullName,Mail\nBob,b@x\n".to_vec(), SideKind::Csv),
            ("x", b"Mail;Name\n".to_vec(), SideKind::Csv),
            ("x.csv", b"Mail\n".to_vec(), SideKind::Csv),
            ("x.ldif", Vec::new(), SideKind::Ldif),
            ("x.glb", Vec::new(), SideKind::Queue),
            ("x", Vec::new(), SideKind::Text),
        ] {
            let path = place.path().join(name);
            fs::write(&path, &bytes).expect("written");
            let spec = SideSpec::recognise(path.as_os_str()).expect("there");
            assert_eq!(spec.kind, kind, "{name} {}", bytes.escape_ascii());
        }
        let spec = SideSpec::recognise(place.path().as_os_str()).expect("there");
        assert_eq!(spec.kind, SideKind::Postoffice);
    }

    #[test]
    fn a_prefix_decides_and_a_url_is_its_own() {
        for (name, kind, title) in [
            ("text:no/such", SideKind::Text, "no/such"),
            ("PO:M", SideKind::Postoffice, "M"),
            ("ldif:C:\\x", SideKind::Ldif, "C:\\x"),
            ("ldap://h/o=x", SideKind::Ldap, "ldap://h/o=x"),
            ("LDAPS://h", SideKind::Ldap, "LDAPS://h"),
            ("ldap:ldaps://h", SideKind::Ldap, "ldaps://h"),
        ] {
            let spec = SideSpec::recognise(OsStr::new(name)).expect(name);
            assert_eq!((spec.kind, &spec.title()[..]), (kind, title), "{name}");
        }
        let error = SideSpec::recognise(OsStr::new("no/such")).expect_err("it is not there");
        assert_eq!(error.exit, ExitCode::NotFound);
    }
}
