//! RESYNC.GLB: a queue whose first record says which numbers the list in it stands for (Q119449).
//!
//! Published are the queue format and that the header holds IMPSEQ, REQSEQ and SRVSEQ
//! (`spec/protocol.md` section 5.3); their syntax, the other fields and the end mark are ours. The end
//! mark is what makes a cut file different from a short one.

mod reader;
mod writer;

use super::sync_number::{ImportSync, ReqSync, SrvSync};

pub use reader::{Ending, ResyncError, ResyncFault, ResyncReader};
pub use writer::ResyncWriter;

/// What a resync file stands for: the text of its first record, kind 2.
///
/// ```text
/// # RESYNC IMPSEQ=%010u REQSEQ=%010u SRVSEQ=%010u STAMP=%010u SERVER=PCM:NET/PO FOR=PCM:NET/PO
/// ```
///
/// `FOR=*` where the file is for any requestor of that server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResyncHeader {
    /// IMPSEQ: the import number the requestor shall hold afterwards.
    pub import_sync: ImportSync,
    /// REQSEQ: the largest ReqSync of the requestors it is for (Q119449).
    pub req_sync: ReqSync,
    /// SRVSEQ: the number up to which the list holds the server's transactions.
    pub srv_sync: SrvSync,
    /// STAMP of the server, to be compared only with other stamps of the same server.
    pub stamp: u32,
    /// `NET/PO` of the server, in its code page.
    pub server: Box<[u8]>,
    /// `NET/PO` of the requestor it is for; `None` for any.
    pub addressee: Option<Box<[u8]>>,
}

/// The proof that a resync file is whole: the text of its last record, kind 3.
///
/// ```text
/// # END COUNT=%010u CRC32=%08X
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndMark {
    /// Records before it, the header among them.
    pub count: u64,
    /// CRC-32/ISO-HDLC of every byte before it.
    pub crc32: u32,
}

/// A header or end mark that does not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {position} of the text: found \"{}\", expected {expected}", found.escape_ascii())]
pub struct ResyncTextError {
    /// Position in the text, from 0.
    pub position: usize,
    /// What stands there, at most 24 bytes of it.
    pub found: Vec<u8>,
    /// What should.
    pub expected: String,
}

const HEADER_KEY: &str = "# RESYNC ";
const END_KEY: &str = "# END ";

impl ResyncHeader {
    /// Returns the text of the record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!(
            "{HEADER_KEY}IMPSEQ={:010} REQSEQ={:010} SRVSEQ={:010} STAMP={:010} SERVER=PCM:",
            self.import_sync, self.req_sync, self.srv_sync, self.stamp
        )
        .into_bytes();
        text.extend_from_slice(&self.server);
        match &self.addressee {
            Some(name) => {
                text.extend_from_slice(b" FOR=PCM:");
                text.extend_from_slice(name);
            }
            None => text.extend_from_slice(b" FOR=*"),
        }
        text
    }

    /// Reads the text of the record; the form is exact.
    ///
    /// # Errors
    /// The first byte that does not fit, with what was expected there.
    pub fn decode(text: &[u8]) -> Result<Self, ResyncTextError> {
        let mut rest = Cursor { text, at: 0 };
        rest.literal(HEADER_KEY)?;
        let import_sync = ImportSync(rest.number("IMPSEQ=")?);
        rest.literal(" ")?;
        let req_sync = ReqSync(rest.number("REQSEQ=")?);
        rest.literal(" ")?;
        let srv_sync = SrvSync(rest.number("SRVSEQ=")?);
        rest.literal(" ")?;
        let stamp = rest.number("STAMP=")?;
        rest.literal(" SERVER=PCM:")?;
        let server = rest.name(b" FOR=")?;
        rest.literal(" FOR=")?;
        let addressee = match rest.rest() {
            b"*" => None,
            _ => {
                rest.literal("PCM:")?;
                Some(rest.name(b"")?)
            }
        };
        Ok(Self {
            import_sync,
            req_sync,
            srv_sync,
            stamp,
            server,
            addressee,
        })
    }
}

impl EndMark {
    /// Returns the text of the record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        format!("{END_KEY}COUNT={:010} CRC32={:08X}", self.count, self.crc32).into_bytes()
    }

    /// Reads the text of the record; the form is exact.
    ///
    /// # Errors
    /// The first byte that does not fit, with what was expected there.
    pub fn decode(text: &[u8]) -> Result<Self, ResyncTextError> {
        let mut rest = Cursor { text, at: 0 };
        rest.literal(END_KEY)?;
        let count = rest.digits("COUNT=", 10, 10)?;
        rest.literal(" ")?;
        let crc32 = rest.digits("CRC32=", 8, 16)? as u32;
        if !rest.rest().is_empty() {
            return Err(rest.unexpected("the end of the text"));
        }
        Ok(Self { count, crc32 })
    }
}

/// A place in a text, for errors that name it.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    const NAME_PART_MAX: usize = 10;

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn unexpected(&self, expected: impl Into<String>) -> ResyncTextError {
        let rest = self.rest();
        ResyncTextError {
            position: self.at,
            found: rest[..rest.len().min(24)].to_vec(),
            expected: expected.into(),
        }
    }

    fn literal(&mut self, literal: &str) -> Result<(), ResyncTextError> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return Err(self.unexpected(format!("\"{literal}\"")));
        }
        self.at += literal.len();
        Ok(())
    }

    fn digits(&mut self, key: &str, width: usize, radix: u32) -> Result<u64, ResyncTextError> {
        self.literal(key)?;
        let is_digit = |b: &u8| b.is_ascii_digit() || radix == 16 && matches!(b, b'A'..=b'F');
        let value = self
            .rest()
            .get(..width)
            .filter(|digits| digits.iter().all(is_digit))
            .and_then(|digits| u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok())
            .ok_or_else(|| self.unexpected(format!("{width} digits to the base of {radix}")))?;
        self.at += width;
        Ok(value)
    }

    fn number(&mut self, key: &str) -> Result<u32, ResyncTextError> {
        let start = self.at + key.len();
        let value = self.digits(key, 10, 10)?;
        u32::try_from(value).map_err(|_| {
            self.at = start;
            self.unexpected(format!("a number up to {}", u32::MAX))
        })
    }

    /// Takes `NET/PO` up to the last `end`, or up to the end of the text for an empty one.
    fn name(&mut self, end: &[u8]) -> Result<Box<[u8]>, ResyncTextError> {
        let rest = self.rest();
        let len = match end {
            [] => Some(rest.len()),
            end => rest.windows(end.len()).rposition(|w| w == end),
        };
        let is_part = |part: &[u8]| {
            (1..=Self::NAME_PART_MAX).contains(&part.len()) && part.iter().all(|&b| b >= b' ')
        };
        let name = len.map(|len| &rest[..len]).filter(|name| {
            let mut parts = name.split(|&b| b == b'/');
            parts.next().is_some_and(is_part)
                && parts.next().is_some_and(is_part)
                && parts.next().is_none()
        });
        let name = name.ok_or_else(|| self.unexpected("NET/PO of at most ten bytes each"))?;
        self.at += name.len();
        Ok(name.into())
    }
}

#[cfg(test)]
mod tests;
