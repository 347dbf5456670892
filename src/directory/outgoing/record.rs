//! What is sent of an entry, and its hash.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::difference::Sent;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::x400::X121Spelling;
use crate::plan::outcome::Reason;
use crate::transaction::{Entry, InfoLine};

/// What an entry is to a requestor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// A person of this directory.
    Person,
    /// A group or a resource of this directory.
    Group,
    /// A remote address ("custom recipient").
    Remote,
}

impl ExportKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Person, Self::Group, Self::Remote];

    /// Returns the word of a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "people",
            Self::Group => "groups",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "people",
            Self::Group => "groups",
            Self::Remote => "remote addresses",
        })
    }
}

/// A template line to send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SentLine {
    /// Prompt, slashes single.
    pub prompt: String,
    /// Data.
    pub value: String,
}

impl SentLine {
    /// Makes a line of a prompt whose slashes may be doubled.
    #[must_use]
    pub fn new(prompt: &str, value: &str) -> Self {
        Self {
            prompt: prompt.replace("//", "/"),
            value: value.to_owned(),
        }
    }

    /// Returns the line of a transaction.
    ///
    /// # Errors
    /// A character that the code page lacks.
    pub fn to_info(&self, page: CodePage) -> Result<InfoLine, Note> {
        let bytes = |text: &str| {
            let encoded = page.encode(text);
            encoded.map_err(|e| Note::new(Reason::Charset, format!("template line: {e}")))
        };
        let line = InfoLine::new(&bytes(&self.prompt)?, &bytes(&self.value)?);
        line.map_err(|e| Note::new(Reason::MappingError, format!("template line: {e}")))
    }
}

/// SHA-256 of what is sent of an entry: its address, its name before any number, and its template lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    fn of(address: &TargetAddress, name: &str, lines: &[SentLine]) -> Self {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            let len = u64::try_from(text.len()).expect("a length has 64 bits");
            hash.update(len.to_le_bytes());
            hash.update(text.as_bytes());
        };
        text(address.kind());
        text(address.value());
        text(name);
        for line in lines {
            text(&line.prompt);
            text(&line.value);
        }
        Self(hash.finalize().into())
    }

    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a requestor is to have of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRecord {
    /// Key of the address as it is sent: what the other side knows the entry by.
    pub key: SyncKey,
    /// Address.
    pub address: TargetAddress,
    /// Name as the directory has it.
    pub original: String,
    /// Name in characters that the requestor has, before it is made unique.
    pub name: String,
    /// Template lines.
    pub lines: Vec<SentLine>,
    /// What the entry is.
    pub kind: ExportKind,
    /// Its trust level.
    pub trust: Option<i64>,
    /// Hash of what is sent. Neither kind nor trust level is.
    pub hash: ContentHash,
}

impl ExportRecord {
    pub(super) fn new(
        address: TargetAddress,
        original: String,
        name: String,
        lines: Vec<SentLine>,
        kind: ExportKind,
        trust: Option<i64>,
    ) -> Self {
        Self {
            key: SyncKey::of(&address),
            hash: ContentHash::of(&address, &name, &lines),
            original,
            address,
            name,
            lines,
            kind,
            trust,
        }
    }
}

impl ExportRecord {
    /// Makes the record of an entry as the other side has it already, with these template lines: nothing else of it is known
    /// for certain.
    #[must_use]
    pub fn as_sent(sent: &Sent, lines: Vec<SentLine>) -> Self {
        let name = sent.plain_name.clone();
        let address = sent.address.clone();
        Self::new(address, name.clone(), name, lines, ExportKind::Person, None)
    }
}

/// Returns the line of an address list for a name and an address.
///
/// # Errors
/// What keeps a postoffice from holding it.
pub(in crate::directory) fn list_entry(
    name: &str,
    address: &TargetAddress,
    page: CodePage,
    x121: X121Spelling,
) -> Result<Entry, Note> {
    let address = address.to_address(page, x121)?;
    let bytes = page.encode(name);
    let bytes = bytes.map_err(|e| Note::new(Reason::Charset, format!("name: {e}")))?;
    Entry::new(&bytes, address, page)
        .map_err(|e| Note::new(Reason::of_refused_line(e.number), format!("name: {e}")))
}
