//! The two checksums of our files: CRC-16/IBM-3740 per queue record, CRC-32/ISO-HDLC per resync file.
//!
//! The checksum of the original queues is not published (`spec/files.md` section 4.15); these are ours.

use std::fmt;

use crc::{CRC_16_IBM_3740, CRC_32_ISO_HDLC, Crc, Digest, Table};

static CRC_16: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);
static CRC_32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// Returns the CRC-16/IBM-3740 (polynomial 1021, from FFFF, not reflected) of some bytes.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    CRC_16.checksum(bytes)
}

/// Returns the CRC-32/ISO-HDLC (that of ZIP and Ethernet) of some bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    CRC_32.checksum(bytes)
}

macro_rules! streaming {
    ($(#[$doc:meta])* $name:ident, $width:ty, $crc:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Digest<'static, $width, Table<16>>);

        impl $name {
            /// Makes a checksum over nothing.
            #[must_use]
            pub fn new() -> Self {
                Self($crc.digest())
            }

            /// Takes the next bytes.
            pub fn update(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }

            /// Returns the checksum of all bytes taken so far.
            #[must_use]
            pub fn value(&self) -> $width {
                self.0.clone().finalize()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:#x})", stringify!($name), self.value())
            }
        }
    };
}

streaming! {
    /// A [`crc16`] over bytes that come in pieces.
    Crc16, u16, CRC_16
}

streaming! {
    /// A [`crc32`] over bytes that come in pieces.
    Crc32, u32, CRC_32
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
        }
    }
}
