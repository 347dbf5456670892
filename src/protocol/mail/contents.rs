//! What a message holds, as hashes: the same before it is sent and after it arrived.

use std::fmt;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::read::Attachment;

/// Length and SHA-256 of a body or an attachment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentHash {
    /// Bytes that were hashed.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl ContentHash {
    /// Hashes text: see [`ContentHasher::text`].
    #[must_use]
    pub fn of_text(text: &[u8]) -> Self {
        let mut hasher = ContentHasher::text();
        hasher.update(text);
        hasher.finish()
    }

    /// Hashes bytes as they are.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut hasher = ContentHasher::bytes();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({} bytes, {})", self.len, hex(&self.sha256))
    }
}

/// Makes a [`ContentHash`] of what is written to it.
#[derive(Clone)]
pub struct ContentHasher {
    sha256: Sha256,
    len: u64,
    lines: Option<Lines>,
}

/// Line ends not hashed yet: those that no other byte follows do not count.
#[derive(Debug, Clone, Copy, Default)]
struct Lines {
    feeds: u64,
    returns: u64,
}

impl ContentHasher {
    /// For text: line ends count as LF whatever they are in transit, and empty lines at the end do not count, since mail
    /// systems add and remove them.
    #[must_use]
    pub fn text() -> Self {
        Self {
            lines: Some(Lines::default()),
            ..Self::bytes()
        }
    }

    /// For attachments, which travel byte by byte.
    #[must_use]
    pub fn bytes() -> Self {
        Self {
            sha256: Sha256::new(),
            len: 0,
            lines: None,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self.lines {
            None => self.hash(bytes),
            Some(lines) => self.lines = Some(self.update_text(lines, bytes)),
        }
    }

    /// Returns the hash of everything taken.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash {
            len: self.len,
            sha256: self.sha256.finalize().into(),
        }
    }

    fn update_text(&mut self, mut lines: Lines, bytes: &[u8]) -> Lines {
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            match byte {
                b'\r' => lines.returns += 1,
                b'\n' => {
                    lines.returns = 0;
                    lines.feeds += 1;
                }
                _ => {
                    self.repeat(b'\n', lines.feeds);
                    self.repeat(b'\r', lines.returns);
                    lines = Lines::default();
                    let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n'));
                    let (piece, more) = rest.split_at(end.unwrap_or(rest.len()));
                    self.hash(piece);
                    rest = more;
                    continue;
                }
            }
            rest = behind;
        }
        lines
    }

    fn repeat(&mut self, byte: u8, count: u64) {
        for _ in 0..count {
            self.hash(&[byte]);
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.len += bytes.len() as u64;
    }
}

impl Write for ContentHasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for ContentHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHasher({} bytes)", self.len)
    }
}

/// The body and the attachments of a message, by their hashes.
///
/// Known before the first byte is written, so that the Message-ID and the signature can stand in the header of a message
/// that is streamed: queues are hashed while they are made, or read twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The body, hashed as text.
    pub body: ContentHash,
    /// Names and hashes of the attachments, in order.
    pub attachments: Vec<(String, ContentHash)>,
}

impl Contents {
    /// Begins with a body.
    #[must_use]
    pub fn new(body: &[u8]) -> Self {
        Self::with_body(ContentHash::of_text(body))
    }

    /// Hashes all that a message holds.
    pub(super) fn of(body: &[u8], attachments: &[Attachment]) -> Self {
        let begun = Self::new(body);
        attachments.iter().fold(begun, |contents, attachment| {
            let hash = ContentHash::of_bytes(&attachment.bytes);
            contents.and(attachment.name.clone(), hash)
        })
    }

    /// Begins with a body that was hashed in pieces by a [`ContentHasher::text`].
    #[must_use]
    pub fn with_body(body: ContentHash) -> Self {
        Self {
            body,
            attachments: Vec::new(),
        }
    }

    /// Adds an attachment.
    #[must_use]
    pub fn and(mut self, name: impl Into<String>, hash: ContentHash) -> Self {
        self.attachments.push((name.into(), hash));
        self
    }

    /// Returns one line for each: what signatures and Message-IDs are made over.
    pub(super) fn canonical(&self) -> String {
        let line = |name: &str, hash: &ContentHash| {
            let name = name.to_ascii_uppercase();
            format!(
                "{} {} {}\n",
                hash.len,
                hex(&hash.sha256),
                name.escape_debug()
            )
        };
        let mut text = line("[body]", &self.body);
        for (name, hash) in &self.attachments {
            text.push_str(&line(name, hash));
        }
        text
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_whatever_its_line_ends() {
        let lf = ContentHash::of_text(b"[DIRSYNC]\nTASK=X\n\nY\rZ");
        for text in [
            &b"[DIRSYNC]\r\nTASK=X\r\n\r\nY\rZ\r\n"[..],
            b"[DIRSYNC]\r\r\nTASK=X\n\nY\rZ\r\n\r\n\n",
            b"[DIRSYNC]\nTASK=X\n\nY\rZ\r",
        ] {
            assert_eq!(ContentHash::of_text(text), lf);
        }
        for text in [
            &b"[DIRSYNC]\nTASK=X\nY\rZ"[..],
            b"\n[DIRSYNC]\nTASK=X\n\nY\rZ",
            b"[DIRSYNC]\nTASK=X \n\nY\rZ",
            b"[DIRSYNC]\nTASK=X\n\nYZ",
        ] {
            assert_ne!(ContentHash::of_text(text), lf);
        }
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        let text = b"\r\n\ra\r\r\nb\n\n\rc\r\n\r\n";
        for cut in 0..=text.len() {
            let mut hasher = ContentHasher::text();
            hasher.update(&text[..cut]);
            hasher.write_all(&text[cut..]).unwrap();
            assert_eq!(hasher.finish(), ContentHash::of_text(text), "{cut}");
        }
    }

    #[test]
    fn bytes_are_hashed_as_they_are() {
        // FIPS 180-2, B.1
        assert_eq!(
            hex(&ContentHash::of_bytes(b"abc").sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_ne!(
            ContentHash::of_bytes(b"a\r\n"),
            ContentHash::of_bytes(b"a\n")
        );
    }

    #[test]
    fn no_attachment_can_pass_for_two() {
        let hash = ContentHash::of_bytes(b"x");
        let forged = format!("A\n{} {} B", hash.len, hex(&hash.sha256));
        let one = Contents::new(b"").and(forged, hash);
        let two = Contents::new(b"").and("A", hash).and("B", hash);
        assert_ne!(one.canonical(), two.canonical());
        assert_eq!(one.canonical().lines().count(), 2);
    }
}
