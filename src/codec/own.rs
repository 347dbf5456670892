//! `GLB/DIRSYNC.OWN`: which entries were made by hand. A file of this project (`design.md` section 3, Ownership).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use super::CodecError;
use super::checksum::Crc32;
use super::input::fill_all;

const MAGIC: [u8; 8] = *b"DSYNCOWN";
const VERSION: u16 = 1;

/// The longest list id or name, in bytes; a reader refuses more before it allocates.
const MAX_TEXT_LEN: usize = 1024;

/// The marks of entries made by hand; they survive a resync or an import reply.
///
/// | Offset | Size | Meaning | Status |
/// |---:|---:|---|---|
/// | 0 | 8 | `DSYNCOWN` | ours |
/// | 8 | 2 | version, 1 | ours |
/// | 10 | 2 | reserved, 0 | ours |
/// | 12 | 4 | `generation`, repeated in REQCONF.GLB | ours |
/// | 16 | 4 | number of lists | ours |
///
/// then each list, in ascending order of its id: length of the id (2), id, number of marks (4), and each mark in ascending
/// order: length of the name (2), name. At the end 4 bytes: CRC-32/ISO-HDLC of everything before. All numbers are
/// little-endian. Two files with the same marks and generation are the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnFile {
    /// Which of several states of the file this is.
    pub generation: u32,
    /// For each list, by its id, the names of the marked entries, case folded in the code page.
    pub marks: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl OwnFile {
    /// Reads a whole file from buffered input; memory is in proportion to the input.
    ///
    /// # Errors
    /// The file is not one of ours or of another version, ends early, goes on behind its end, is out of order or damaged; the
    /// error says where.
    pub fn read_from<R: Read>(input: R) -> Result<Self, CodecError> {
        let mut input = Source {
            input,
            offset: 0,
            checksum: Crc32::new(),
        };
        let magic = input.bytes::<8>("the header")?;
        if magic != MAGIC {
            let found = format_args!("\"{}\"", magic.escape_ascii()).to_string();
            return Err(CodecError::field(0, "magic", found, "\"DSYNCOWN\""));
        }
        let version = u16::from_le_bytes(input.bytes("the header")?);
        if version != VERSION {
            return Err(CodecError::field(8, "version", version, VERSION));
        }
        let reserved = u16::from_le_bytes(input.bytes("the header")?);
        if reserved != 0 {
            return Err(CodecError::field(10, "reserved", reserved, 0));
        }
        let generation = u32::from_le_bytes(input.bytes("the header")?);
        let list_count = u32::from_le_bytes(input.bytes("the header")?);
        let mut marks = BTreeMap::new();
        for _ in 0..list_count {
            let last = marks.last_key_value().map(|(id, _)| id);
            let id = input.text("list id", last)?;
            let names = input.names()?;
            marks.insert(id, names);
        }
        input.finish()?;
        Ok(Self { generation, marks })
    }

    /// Writes the whole file to buffered output.
    ///
    /// # Errors
    /// A list id or name is longer than 1024 bytes, or there are more than 2^32 of them; writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> Result<(), CodecError> {
        let mut checksum = Crc32::new();
        let mut put = |bytes: &[u8]| {
            checksum.update(bytes);
            output.write_all(bytes)
        };
        put(&MAGIC)?;
        put(&VERSION.to_le_bytes())?;
        put(&[0; 2])?;
        put(&self.generation.to_le_bytes())?;
        put(&count(self.marks.len())?)?;
        for (id, names) in &self.marks {
            put(&text_len(id, "list id")?)?;
            put(id)?;
            put(&count(names.len())?)?;
            for name in names {
                put(&text_len(name, "name")?)?;
                put(name)?;
            }
        }
        let checksum = checksum.value();
        output.write_all(&checksum.to_le_bytes())?;
        output.flush()?;
        Ok(())
    }

    /// Tells whether an entry is marked; `name` is folded as in `marks`.
    #[must_use]
    pub fn contains(&self, list: &[u8], name: &[u8]) -> bool {
        self.marks
            .get(list)
            .is_some_and(|names| names.contains(name))
    }
}

fn count(count: usize) -> Result<[u8; 4], CodecError> {
    u32::try_from(count)
        .map(u32::to_le_bytes)
        .map_err(|_| CodecError::field(0, "count", count, "below 2^32"))
}

fn text_len(text: &[u8], name: &'static str) -> Result<[u8; 2], CodecError> {
    u16::try_from(text.len())
        .ok()
        .filter(|&len| usize::from(len) <= MAX_TEXT_LEN)
        .map(u16::to_le_bytes)
        .ok_or_else(|| too_long(0, name, text.len()))
}

fn too_long(offset: u64, field: &'static str, len: usize) -> CodecError {
    CodecError::Field {
        offset,
        field,
        found: format!("{len} bytes"),
        expected: format!("at most {MAX_TEXT_LEN}"),
    }
}

struct Source<R> {
    input: R,
    offset: u64,
    checksum: Crc32,
}

impl<R: Read> Source<R> {
    fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), CodecError> {
        fill_all(&mut self.input, buffer, self.offset, what)?;
        self.checksum.update(buffer);
        self.offset += buffer.len() as u64;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    /// Reads a text that must come behind `last` in order.
    fn text(&mut self, what: &'static str, last: Option<&Vec<u8>>) -> Result<Vec<u8>, CodecError> {
        let offset = self.offset;
        let len = usize::from(u16::from_le_bytes(self.bytes(what)?));
        if len > MAX_TEXT_LEN {
            return Err(too_long(offset, what, len));
        }
        let mut text = vec![0; len];
        self.fill(&mut text, what)?;
        match last {
            Some(last) if *last >= text => Err(CodecError::Field {
                offset,
                field: what,
                found: format!("\"{}\"", text.escape_ascii()),
                expected: format!("one behind \"{}\"", last.escape_ascii()),
            }),
            _ => Ok(text),
        }
    }

    fn names(&mut self) -> Result<BTreeSet<Vec<u8>>, CodecError> {
        let count = u32::from_le_bytes(self.bytes("number of marks")?);
        let mut names = BTreeSet::new();
        for _ in 0..count {
            let name = self.text("name", names.last())?;
            names.insert(name);
        }
        Ok(names)
    }

    fn finish(mut self) -> Result<(), CodecError> {
        let offset = self.offset;
        let computed = self.checksum.value();
        let stored = u32::from_le_bytes(self.bytes("the checksum")?);
        let wrong = |offset, field, found: String, expected: String| CodecError::Field {
            offset,
            field,
            found,
            expected,
        };
        if stored != computed {
            let (found, expected) = (format!("{stored:#010x}"), format!("{computed:#010x}"));
            return Err(wrong(offset, "checksum", found, expected));
        }
        match super::input::fill(&mut self.input, &mut [0])? {
            0 => Ok(()),
            _ => Err(wrong(
                self.offset,
                "file",
                "more bytes".into(),
                "its end".into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"DSYNCOWN\x01\0\0\0\x07\0\0\0\x01\0\0\0\x02\0PO\x02\0\0\0\x01\0A\x02\0BC";

    fn bytes() -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend(super::super::checksum::crc32(HEAD).to_le_bytes());
        bytes
    }

    fn error(bytes: &[u8]) -> String {
        OwnFile::read_from(bytes).unwrap_err().to_string()
    }

    #[test]
    fn marks_stand_in_order() {
        let file = OwnFile::read_from(&bytes()[..]).unwrap();
        assert_eq!(file.generation, 7);
        assert!(file.contains(b"PO", b"BC"));
        assert!(!file.contains(b"PO", b"D") && !file.contains(b"NO", b"A"));
        let mut again = Vec::new();
        file.write_to(&mut again).unwrap();
        assert_eq!(again, bytes());
    }

    #[test]
    fn a_file_without_marks_has_24_bytes() {
        let mut bytes = Vec::new();
        OwnFile::default().write_to(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 24);
        assert_eq!(OwnFile::read_from(&bytes[..]).unwrap(), OwnFile::default());
    }

    #[test]
    fn damage_is_an_error_that_says_where() {
        let whole = bytes();
        let changed = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            error(&bytes)
        };
        assert_eq!(
            changed(0, b'X'),
            "byte 0x0: magic: found \"XSYNCOWN\", expected \"DSYNCOWN\""
        );
        assert_eq!(changed(8, 2), "byte 0x8: version: found 2, expected 1");
        assert_eq!(changed(10, 2), "byte 0xa: reserved: found 2, expected 0");
        assert_eq!(
            changed(21, 5),
            "byte 0x14: list id: found 1282 bytes, expected at most 1024"
        );
        assert_eq!(
            changed(30, b'Z'),
            "byte 0x1f: name: found \"BC\", expected one behind \"Z\""
        );
        assert!(changed(12, 8).starts_with("byte 0x23: checksum: found 0x"));
        assert_eq!(
            error(&whole[..33]),
            "byte 0x21: file ends inside name: 0 of 2 bytes"
        );
        let longer = [&whole[..], b"x"].concat();
        assert_eq!(
            error(&longer),
            "byte 0x27: file: found more bytes, expected its end"
        );
    }

    #[test]
    fn no_flipped_bit_and_no_cut_goes_unseen() {
        let whole = bytes();
        for at in 0..whole.len() {
            assert!(OwnFile::read_from(&whole[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                assert!(OwnFile::read_from(&bytes[..]).is_err(), "bit {bit} of {at}");
            }
        }
    }

    #[test]
    fn a_name_too_long_to_read_back_is_not_written() {
        let mut file = OwnFile::default();
        file.marks
            .entry(b"PO".to_vec())
            .or_default()
            .insert(vec![b'x'; 1025]);
        assert_eq!(
            file.write_to(Vec::new()).unwrap_err().to_string(),
            "byte 0x0: name: found 1025 bytes, expected at most 1024"
        );
    }
}
