//! The two checksums of our files: CRC-16/IBM-3740 per queue record, CRC-32/ISO-HDLC per resync file.
//!
//! The checksum of the original queues is not published (`spec/files.md` section 4.15); these are ours.

use std::fmt;
use std::io::{self, Read};

use crc::{CRC_16_IBM_3740, Crc, Digest, Table};

static CRC_16: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);

/// Returns the CRC-16/IBM-3740 (polynomial 1021, from FFFF, not reflected) of some bytes.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    CRC_16.checksum(bytes)
}

/// Returns the CRC-32/ISO-HDLC (that of ZIP and Ethernet) of some bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// A [`crc16`] over bytes that come in pieces.
#[derive(Clone)]
pub struct Crc16(Digest<'static, u16, Table<16>>);

impl Crc16 {
    /// Makes a checksum over nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(CRC_16.digest())
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the checksum of all bytes taken so far.
    #[must_use]
    pub fn value(&self) -> u16 {
        self.0.clone().finalize()
    }
}

impl Default for Crc16 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Crc16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc16({:#x})", self.value())
    }
}

/// A [`crc32`] over bytes that come in pieces.
#[derive(Clone, Default)]
pub struct Crc32(crc32fast::Hasher);

impl Crc32 {
    /// Makes a checksum over nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the checksum of all bytes taken so far.
    #[must_use]
    pub fn value(&self) -> u32 {
        self.0.clone().finalize()
    }
}

impl fmt::Debug for Crc32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc32({:#x})", self.value())
    }
}

/// An input that counts and sums what is read from it.
#[derive(Debug)]
pub struct Summed<R> {
    input: R,
    /// Bytes read so far.
    pub len: u64,
    /// Checksum of the bytes read so far.
    pub crc: Crc32,
}

impl<R> Summed<R> {
    /// Makes one that has read nothing.
    pub fn new(input: R) -> Self {
        Self {
            input,
            len: 0,
            crc: Crc32::new(),
        }
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.len += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        assert_eq!(crc16(b"123456789"), 0x29b1);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!((crc16(b""), crc32(b"")), (0xffff, 0));
    }

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        for cut in 0..bytes.len() {
            let (mut short, mut long) = (Crc16::new(), Crc32::new());
            for part in [&bytes[..cut], &bytes[cut..]] {
                short.update(part);
                long.update(part);
            }
            assert_eq!(
                (short.value(), long.value()),
                (crc16(&bytes), crc32(&bytes))
            );
            let mut input = Summed::new(bytes[..cut].chain(&bytes[cut..]));
            io::copy(&mut input, &mut io::sink()).expect("memory");
            assert_eq!((input.len, input.crc.value()), (256, crc32(&bytes)));
        }
    }
}
