//! `GLB/REQCONF.GLB`: what a postoffice knows as a requestor.

use super::layout::{Field, fields, flag_word};
use super::mark::{Mark, letters};
use super::sync_number::{ImportSync, ReqSync, SrvSync};
use super::timestamp::Timestamp;
use super::{CodecError, FixedText, Opaque, Record};

const LETTERS: u32 = letters(*b"RQCF");

flag_word! {
    /// Options of a requestor (Q96060, Q134753; places ours).
    pub struct ReqOptions(u16) {
        /// Sends template information with its entries.
        TEMPLATES_SEND = 0x0001,
        /// Takes template information with the entries of others.
        TEMPLATES_RECEIVE = 0x0002,
        /// Makes the records of postoffices it did not know (message 60).
        CREATE_PO = 0x0004,
        /// Rebuilds the global list at T3.
        REBUILD = 0x0008,
        /// Has asked for a full list and not got it yet.
        IMPORT_REQUESTED = 0x0010,
    }
}

/// The four file pointers, into SRVTRANS, USRTRANS, GWTRANS and NMETRANS in this order (Q140462, Q112301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePointers(pub [i32; 4]);

impl QueuePointers {
    /// Every pointer reset: -1, as published.
    pub const RESET: Self = Self([-1; 4]);
}

impl Default for QueuePointers {
    fn default() -> Self {
        Self::RESET
    }
}

impl Field for QueuePointers {
    const WIDTH: usize = 16;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        let mut pointers = Self::RESET;
        for (pointer, bytes) in pointers.0.iter_mut().zip(bytes.chunks_exact(4)) {
            *pointer = i32::get(bytes, offset, name)?;
        }
        Ok(pointers)
    }

    fn put(&self, bytes: &mut [u8]) {
        for (pointer, bytes) in self.0.iter().zip(bytes.chunks_exact_mut(4)) {
            pointer.put(bytes);
        }
    }
}

fields! {
    /// REQCONF.GLB, 512 bytes (`spec/files.md` 4.14). Size and content are published, every place is ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 6 | `mark` | `RQCF`, version 1 | ours |
    /// | 6 | 2 | `options` | see [`ReqOptions`] | content published |
    /// | 8 | 11 | `server_network` | network of the dirsync server | content published |
    /// | 19 | 11 | `server_postoffice` | its postoffice | content published |
    /// | 30 | 9 | `password` | sent to the server | content published |
    /// | 39 | 1 | `unknown_39` | zero, kept as read | ours |
    /// | 40 | 4 | `req_sync` | last number the server confirmed | content published |
    /// | 44 | 4 | `srv_sync` | last number received | content published |
    /// | 48 | 4 | `import_sync` | last full list received | content published |
    /// | 52 | 16 | `pointers` | four of 4 bytes, -1 after a reset | content published |
    /// | 68 | 4 | `last_export` | seconds since 1970 UTC, 0 never | content published |
    /// | 72 | 4 | `last_import` | the same | content published |
    /// | 76 | 4 | `types` | address types wanted, 0 PCM only | content published |
    /// | 80 | 4 | `limit` | most bytes of a reply, 0 none | ours |
    /// | 84 | 4 | `own_generation` | generation of DIRSYNC.OWN | ours |
    /// | 88 | 4 | `server_stamp` | last STAMP taken from the server | ours |
    /// | 92 | 4 | `highest_tid` | highest TID given | ours |
    /// | 96 | 4 | `highest_mailbag` | highest mailbag number given | ours |
    /// | 100 | 4 | `sent` | last number of the last request | ours |
    /// | 104 | 4 | `raised_from` | one more than what the server had confirmed before a resync raised `req_sync`; 0 none | ours |
    /// | 108 | 4 | `req_digest` | which transaction the server confirmed last, 0 unknown, 1 none | ours |
    /// | 112 | 4 | `request_count` | requests sent, so that no two messages are the same | ours |
    /// | 116 | 396 | `unknown_116` | zero, kept as read | ours |
    ///
    /// The 512 zero bytes of a new postoffice (Q135868) mean that nothing is set: they read as the default,
    /// with every pointer -1, and are written back as they were until something is set.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct ReqConf, "REQCONF.GLB", 512 bytes {
        /// Tells our layout from others.
        0 => mark: Mark<LETTERS>,
        /// Options of the requestor.
        6 => options: ReqOptions,
        /// Network of the dirsync server; empty where there is none.
        8 => server_network: FixedText<11>,
        /// Postoffice of the dirsync server.
        19 => server_postoffice: FixedText<11>,
        /// Password it registered with the server; empty where there is none.
        30 => password: FixedText<9>,
        /// A byte without meaning.
        39 => unknown_39: Opaque<1>,
        /// Last number that the server confirmed.
        40 => req_sync: ReqSync,
        /// Last number received from the server.
        44 => srv_sync: SrvSync,
        /// Number of the last full list received.
        48 => import_sync: ImportSync,
        /// File pointers of IMPORT.
        52 => pointers: QueuePointers,
        /// When the own list was last exported; a reset keeps it (Q131681).
        68 => last_export: Timestamp,
        /// When a full list was last received; a reset keeps it.
        72 => last_import: Timestamp,
        /// Address types wanted, with the bits of [`super::GatewayWord`]; 0 stands for PCM alone.
        76 => types: u32,
        /// Most bytes a reply may have; 0 stands for no limit.
        80 => limit: u32,
        /// Generation of DIRSYNC.OWN that belongs to this file; 0 where there never was one.
        84 => own_generation: u32,
        /// Last STAMP taken from the server; only such are compared with each other.
        88 => server_stamp: u32,
        /// Highest TID ever given, so that a TID.GLB that went back is noticed.
        92 => highest_tid: u32,
        /// Highest mailbag number ever given, so that a CONTROL.GLB that went back is noticed.
        96 => highest_mailbag: u32,
        /// Last number that the last request told the server; 0 where there was none. An answer that confirms more
        /// than that shows that this postoffice was restored from an old copy.
        100 => sent: ReqSync,
        /// One more than the number that the server itself had confirmed when a resync file raised [`Self::req_sync`];
        /// 0 where none has since the last answer.
        104 => raised_from: u32,
        /// Digest of the transaction that the server itself confirmed last; 0 where it is unknown, 1 where there is none.
        108 => req_digest: u32,
        /// Requests sent so far: a second one with the same content is another message, and is answered.
        112 => request_count: u32,
        /// Bytes without meaning.
        116 => unknown_116: Opaque<396>,
    }
}

impl ReqConf {
    /// Tells whether a dirsync server is named.
    #[must_use]
    pub fn has_server(&self) -> bool {
        !self.server_network.is_empty() && !self.server_postoffice.is_empty()
    }
}

impl Record for ReqConf {
    const LEN: usize = 512;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        if bytes == [0; Self::LEN] {
            return Ok(Self::default());
        }
        let conf = Self::decode_fields(bytes)?;
        if !conf.mark.is_written() {
            return Err(CodecError::field(0, "mark", "zeroes", "\"RQCF\""));
        }
        Ok(conf)
    }

    fn encode(&self, bytes: &mut [u8]) {
        if !self.mark.is_written() && *self == Self::default() {
            bytes.fill(0);
        } else {
            self.encode_fields(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(conf: &ReqConf) -> [u8; 512] {
        let mut bytes = [0xee; 512];
        conf.encode(&mut bytes);
        bytes
    }

    #[test]
    fn zeroes_mean_that_nothing_is_set() {
        let conf = ReqConf::decode(&[0; 512]).unwrap();
        assert_eq!(conf, ReqConf::default());
        assert_eq!(conf.pointers.0, [-1; 4]);
        assert!(!conf.has_server());
        assert_eq!(encoded(&conf), [0; 512]);
    }

    #[test]
    fn the_first_thing_set_writes_the_mark() {
        let conf = ReqConf {
            srv_sync: SrvSync(80),
            ..ReqConf::decode(&[0; 512]).unwrap()
        };
        let bytes = encoded(&conf);
        assert_eq!(bytes[..6], *b"RQCF\x01\0");
        assert_eq!(bytes[44..48], [80, 0, 0, 0]);
        assert_eq!(bytes[52..68], [0xff; 16]);
        assert_eq!(ReqConf::decode(&bytes).unwrap(), conf);
    }

    #[test]
    fn a_file_with_everything_reset_keeps_its_mark() {
        let mut bytes = [0; 512];
        bytes[..6].copy_from_slice(b"RQCF\x01\0");
        bytes[52..68].fill(0xff);
        assert_eq!(encoded(&ReqConf::decode(&bytes).unwrap()), bytes);
    }

    #[test]
    fn a_file_of_another_make_or_size_is_refused() {
        let error = |bytes: &[u8]| ReqConf::decode(bytes).unwrap_err().to_string();
        let mut bytes = [0; 512];
        bytes[300] = 1;
        assert_eq!(
            error(&bytes),
            "byte 0x0: mark: found zeroes, expected \"RQCF\""
        );
        bytes[..4].copy_from_slice(b"NET1");
        assert_eq!(
            error(&bytes),
            "byte 0x0: mark: found \"NET1\\x00\\x00\", expected \"RQCF\\x01\\x00\""
        );
        assert_eq!(
            error(&[0; 100]),
            "byte 0x0: file ends inside REQCONF.GLB: 100 of 512 bytes"
        );
    }

    #[test]
    fn options_are_single_bits() {
        let options = ReqOptions::default()
            .with(ReqOptions::CREATE_PO, true)
            .with(ReqOptions::REBUILD, true)
            .with(ReqOptions::CREATE_PO, false);
        assert_eq!(options, ReqOptions::REBUILD);
        assert!(!options.contains(ReqOptions::TEMPLATES_SEND));
    }
}
