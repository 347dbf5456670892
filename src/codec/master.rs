//! `GLB/MASTER.GLB`: what this postoffice is.

use super::codepage::CodePage;
use super::layout::{fields, flag_word};
use super::mark::{Mark, letters};
use super::{CodecError, FixedText, Opaque, Record};

const LETTERS: u32 = letters(*b"MSTR");
const OURS_END: usize = 0x92;

flag_word! {
    /// Installed gateways, at 0x92 of MASTER.GLB. Bit 0x1000 is published for this file (Q148666), the others
    /// are those of the transport mask of Q259957, by analogy.
    pub struct GatewayWord(u16) {
        /// PC Mail postoffices.
        PCM = 0x0001,
        /// PROFS.
        PROFS = 0x0002,
        /// SNADS.
        SNADS = 0x0004,
        /// MCI Mail.
        MCI = 0x0008,
        /// X.400.
        X400 = 0x0010,
        /// Fax.
        FAX = 0x0040,
        /// MHS.
        MHS = 0x0080,
        /// SMTP.
        SMTP = 0x0100,
        /// OfficeVision.
        OV = 0x0800,
        /// AppleTalk Connection.
        MSMAIL = 0x1000,
    }
}

fields! {
    /// MASTER.GLB, 176 bytes (`spec/files.md` 4.5).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0x00 | 6 | `mark` | `MSTR`, version 1 | ours |
    /// | 0x06 | 2 | `code_page_id` | code page of all text, 0 stands for 850 | ours |
    /// | 0x08 | 11 | `network` | own network | content published (Q128358), place ours |
    /// | 0x13 | 11 | `postoffice` | own postoffice | content published (Q128358), place ours |
    /// | 0x1E | 12 | `serial` | serial number, `xx-yyyyy` | content published (Q209486), place ours |
    /// | 0x2A | 1 | `is_server` | 1 on the dirsync server | content published (Q131423), place ours |
    /// | 0x2B | 1 | `gal_enabled` | 1 where there is a global list | content published (Q128358), place ours |
    /// | 0x2C | 2 | `hop_count` | most hops of a message, 0 stands for 10 | content published (Q134753), place ours |
    /// | 0x2E | 100 | `unknown_2e` | kept as read | unknown |
    /// | 0x92 | 2 | `gateways` | see [`GatewayWord`] | byte 0x93 bit 0x10 published, rest derived |
    /// | 0x94 | 1 | `security` | enhanced security, 1 on, 0 off | published (Q104586) |
    /// | 0x95 | 27 | `unknown_95` | kept as read | unknown |
    ///
    /// Zeroes before 0x92 mean that nothing of ours is set; they are kept until something is.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct Master, "MASTER.GLB", 176 bytes {
        /// Tells our layout from others.
        0x00 => mark: Mark<LETTERS>,
        /// Number of the code page as stored; see [`Self::code_page`].
        0x06 => code_page_id: u16,
        /// Name of the own network.
        0x08 => network: FixedText<11>,
        /// Name of the own postoffice.
        0x13 => postoffice: FixedText<11>,
        /// Serial number, 11 bytes at most.
        0x1e => serial: FixedText<12>,
        /// Whether this postoffice is the dirsync server.
        0x2a => is_server: bool,
        /// Whether there is a global list.
        0x2b => gal_enabled: bool,
        /// Most hops of a message as stored; see [`Self::hop_count`].
        0x2c => stored_hop_count: u16,
        /// Bytes of unknown meaning.
        0x2e => unknown_2e: Opaque<100>,
        /// Installed gateways.
        0x92 => gateways: GatewayWord,
        /// 1 where enhanced security is on.
        0x94 => security: u8,
        /// Bytes of unknown meaning.
        0x95 => unknown_95: Opaque<27>,
    }
}

impl Master {
    /// Hops a message may make unless it is said otherwise (Q134753, Q244485).
    pub const DEFAULT_HOP_COUNT: u16 = 10;

    /// Returns the code page of all text in the postoffice; `None` where the number stored is of no page we have.
    #[must_use]
    pub fn code_page(&self) -> Option<CodePage> {
        match self.code_page_id {
            0 => Some(CodePage::default()),
            id => CodePage::from_id(id),
        }
    }

    /// Returns the most hops a message may make.
    #[must_use]
    pub fn hop_count(&self) -> u16 {
        match self.stored_hop_count {
            0 => Self::DEFAULT_HOP_COUNT,
            count => count,
        }
    }
}

impl Record for Master {
    const LEN: usize = 176;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let master = Self::decode_fields(bytes)?;
        if !master.mark.is_written() && bytes[..OURS_END] != [0; OURS_END] {
            return Err(CodecError::field(0, "mark", "zeroes", "\"MSTR\""));
        }
        Ok(master)
    }

    fn encode(&self, bytes: &mut [u8]) {
        self.encode_fields(bytes);
        if !self.mark.is_written() && bytes[6..OURS_END].iter().all(|&b| b == 0) {
            bytes[..6].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(master: &Master) -> [u8; 176] {
        let mut bytes = [0xee; 176];
        master.encode(&mut bytes);
        bytes
    }

    #[test]
    fn fields_lie_where_the_table_says() {
        let master = Master {
            code_page_id: 852,
            network: FixedText::new(b"POLYNOMIAL").unwrap(),
            postoffice: FixedText::new(b"MONTGOMERY").unwrap(),
            serial: FixedText::new(b"0799-99992").unwrap(),
            is_server: true,
            gateways: GatewayWord::PCM.with(GatewayWord::MSMAIL, true),
            security: 1,
            ..Master::default()
        };
        let bytes = encoded(&master);
        assert_eq!(bytes[..8], *b"MSTR\x01\0\x54\x03");
        assert_eq!(bytes[8..0x1e], *b"POLYNOMIAL\0MONTGOMERY\0");
        assert_eq!(bytes[0x1e..0x2e], *b"0799-99992\0\0\x01\0\0\0");
        assert_eq!(bytes[0x92..0x95], [0x01, 0x10, 0x01]);
        assert_eq!(Master::decode(&bytes).unwrap(), master);
        assert_eq!(master.code_page(), Some(CodePage::Cp852));
    }

    #[test]
    fn zeroes_are_the_usual_values() {
        let master = Master::decode(&[0; 176]).unwrap();
        assert_eq!(master.code_page(), Some(CodePage::Cp850));
        assert_eq!(master.hop_count(), 10);
        assert_eq!(encoded(&master), [0; 176]);
        let odd = Master {
            code_page_id: 1,
            ..master
        };
        assert_eq!(odd.code_page(), None);
    }

    #[test]
    fn a_file_of_another_make_is_refused() {
        let error = |at: usize, value| {
            let mut bytes = encoded(&Master {
                is_server: true,
                ..Master::default()
            });
            bytes[at] = value;
            Master::decode(&bytes).unwrap_err().to_string()
        };
        assert_eq!(
            error(4, 2),
            "byte 0x0: mark: found \"MSTR\\x02\\x00\", expected \"MSTR\\x01\\x00\""
        );
        assert_eq!(
            error(0x2b, 7),
            "byte 0x2b: gal_enabled: found 7, expected 0 or 1"
        );
        assert_eq!(
            Master::decode(&[0; 174]).unwrap_err().to_string(),
            "byte 0x0: file ends inside MASTER.GLB: 174 of 176 bytes"
        );
    }
}
