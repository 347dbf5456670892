//! Checksums by the `crc` package and by hand: nothing of the search is used.

use crc::{Crc, Table};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Sum {
    Ibm3740,
    Arc,
    Xmodem,
    Kermit,
    Modbus,
    Bytes16,
    Rotate16,
    Fletcher16,
    Crc32,
    Crc32Bzip2,
    Adler32,
    Bytes32,
}

impl Sum {
    pub(super) fn of(self, bytes: &[u8]) -> u32 {
        let crc16 = |a: &'static crc::Algorithm<u16>| -> u32 {
            Crc::<u16, Table<1>>::new(a).checksum(bytes).into()
        };
        match self {
            Self::Ibm3740 => crc16(&crc::CRC_16_IBM_3740),
            Self::Arc => crc16(&crc::CRC_16_ARC),
            Self::Xmodem => crc16(&crc::CRC_16_XMODEM),
            Self::Kermit => crc16(&crc::CRC_16_KERMIT),
            Self::Modbus => crc16(&crc::CRC_16_MODBUS),
            Self::Crc32 => Crc::<u32, Table<1>>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes),
            Self::Crc32Bzip2 => Crc::<u32, Table<1>>::new(&crc::CRC_32_BZIP2).checksum(bytes),
            Self::Bytes16 => bytes.iter().map(|&b| u32::from(b)).sum::<u32>() & 0xffff,
            Self::Bytes32 => bytes.iter().map(|&b| u32::from(b)).sum(),
            Self::Rotate16 => {
                let mut sum = 0_u16;
                for &byte in bytes {
                    sum = sum.rotate_right(1).wrapping_add(byte.into());
                }
                sum.into()
            }
            Self::Fletcher16 => {
                let (mut low, mut high) = (0_u32, 0_u32);
                for &byte in bytes {
                    low = (low + u32::from(byte)) % 255;
                    high = (high + low) % 255;
                }
                high << 8 | low
            }
            Self::Adler32 => {
                let (mut low, mut high) = (1_u32, 0_u32);
                for &byte in bytes {
                    low = (low + u32::from(byte)) % 65_521;
                    high = (high + low) % 65_521;
                }
                high << 16 | low
            }
        }
    }
}
