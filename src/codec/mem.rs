//! `MEM/<TID>.MEM`: the local members of one administrator group, for delivery.

use std::io::{self, Read, Write};

use byteorder::{ByteOrder, LittleEndian};

use super::CodecError;
use super::input::{complete, fill};

/// The most members a file may have: 2000 bytes of 4 (Q77926, Q117895).
pub const MAX_MEM_MEMBERS: usize = 500;

/// Bytes of one member.
const MEMBER_LEN: usize = 4;

/// The local members of one group (`spec/files.md` 4.12): `4 * n` bytes without a header, zero bytes allowed.
///
/// | Offset | Size | Meaning | Status |
/// |---:|---:|---|---|
/// | 4 * i | 4 | mailbag number of member *i*, little-endian | length published (Q77926, Q87396), byte order derived |
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemFile {
    /// Mailbag numbers in file order.
    pub members: Vec<u32>,
}

impl MemFile {
    /// Reads a whole file.
    ///
    /// # Errors
    /// The input ends inside a member or holds more than [`MAX_MEM_MEMBERS`].
    pub fn read_from<R: Read>(mut input: R) -> Result<Self, CodecError> {
        let mut bytes = [0; (MAX_MEM_MEMBERS + 1) * MEMBER_LEN];
        let have = fill(&mut input, &mut bytes)?;
        let torn = have % MEMBER_LEN;
        if torn != 0 {
            complete(torn, MEMBER_LEN, (have - torn) as u64, "a member")?;
        }
        let members = bytes[..have]
            .chunks_exact(MEMBER_LEN)
            .map(LittleEndian::read_u32)
            .collect();
        let file = Self { members };
        file.check()?;
        Ok(file)
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// There are more than [`MAX_MEM_MEMBERS`]; writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> Result<(), CodecError> {
        self.check()?;
        self.members
            .iter()
            .try_for_each(|member| output.write_all(&member.to_le_bytes()))
            .and_then(|()| output.flush())
            .map_err(io::Error::into)
    }

    fn check(&self) -> Result<(), CodecError> {
        if self.members.len() > MAX_MEM_MEMBERS {
            let offset = MAX_MEM_MEMBERS * MEMBER_LEN;
            return Err(CodecError::field(offset, "members", "more", "at most 500"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_hundred_members_are_the_most() {
        let full = vec![0; 2000];
        assert_eq!(MemFile::read_from(&full[..]).unwrap().members.len(), 500);
        let error = MemFile::read_from(&[0; 2004][..]).unwrap_err().to_string();
        assert_eq!(
            error,
            "byte 0x7d0: members: found more, expected at most 500"
        );
        let members = vec![1; 501];
        assert!(MemFile { members }.write_to(Vec::new()).is_err());
    }

    #[test]
    fn members_are_little_endian_numbers() {
        let file = MemFile::read_from(&[0x2e, 0, 0, 0, 1, 2, 0, 0][..]).unwrap();
        assert_eq!(file.members, [0x2e, 0x201]);
        let mut again = Vec::new();
        file.write_to(&mut again).unwrap();
        assert_eq!(again, [0x2e, 0, 0, 0, 1, 2, 0, 0]);
    }

    #[test]
    fn a_torn_member_says_where() {
        let error = MemFile::read_from(&[0; 6][..]).unwrap_err().to_string();
        assert_eq!(error, "byte 0x4: file ends inside a member: 2 of 4 bytes");
    }
}
