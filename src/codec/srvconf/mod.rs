//! `GLB/SRVCONF.GLB`: what the dirsync server knows of itself and of its requestors.

use std::io::{self, Read, Write};

use super::checksum::crc32;
use super::codepage::CodePage;
use super::input::fill_all;
use super::layout::{Field, fields, flag_word, whole};
use super::mark::{Mark, letters};
use super::stamps::StampRing;
use super::sync_number::{ImportSync, ReqSync, SrvSync};
use super::timestamp::Timestamp;
use super::{CodecError, FixedText, Opaque, Record, RecordReader, RecordState, RecordWriter};

mod verify;

pub use verify::SrvConfFinding;

const LETTERS: u32 = letters(*b"SRVC");

fields! {
    /// The first 1024 bytes of SRVCONF.GLB (`spec/files.md` 4.14). Size and content are published, every place is ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 6 | `mark` | `SRVC`, version 1; the bytes known to be overwritten (Q107443) | ours |
    /// | 6 | 2 | `keep_updates_days` | days a transaction stays in MSTTRANS | content published (Q96060) |
    /// | 8 | 4 | `srv_sync` | highest SrvSync ever given | content published (Q96060) |
    /// | 12 | 4 | `cycle` | current cycle | content published (Q96060) |
    /// | 16 | 4 | `stamp` | STAMP of the server | ours |
    /// | 20 | 4 | `next_registration` | next registration id, never given twice | ours |
    /// | 24 | 4 | `requestor_count` | records behind the header | ours |
    /// | 28 | 11 | `administrator` | mailbox that gets the notes | content published (Q111703) |
    /// | 39 | 1 | `unknown_39` | zero, kept as read | ours |
    /// | 40 | 896 | `issued` | the last 224 STAMPs given out, newest first | ours |
    /// | 936 | 84 | `unknown_936` | zero, kept as read | ours |
    /// | 1020 | 4 | checksum | CRC-32/ISO-HDLC of the 1020 bytes before it | ours |
    ///
    /// Keep Updates stands before the administrator's name and not behind it, where a long name once ran
    /// over it (Q111703).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SrvConfHeader, "the SRVCONF header", 1020 bytes {
        /// Tells our layout from others, and damage.
        0 => mark: Mark<LETTERS>,
        /// Days a transaction stays in MSTTRANS.
        6 => keep_updates_days: u16,
        /// Highest SrvSync ever given.
        8 => srv_sync: SrvSync,
        /// Current cycle; for reports alone.
        12 => cycle: u32,
        /// STAMP of the server, sent with replies.
        16 => stamp: u32,
        /// Registration id of the next requestor.
        20 => next_registration: u32,
        /// Records behind the header, so that a cut file shows; see [`SrvConf::verify`].
        24 => requestor_count: u32,
        /// Mailbox of the administrator, 10 bytes at most.
        28 => administrator: FixedText<11>,
        /// A byte without meaning.
        39 => unknown_39: Opaque<1>,
        /// The STAMPs given out last, with answers and resync files: a requestor whose STAMP is none of them has its
        /// numbers from a server that is no more, such as this one before it was restored from an old copy.
        40 => issued: StampRing<224>,
        /// Bytes without meaning.
        936 => unknown_936: Opaque<84>,
    }
}

impl SrvConfHeader {
    /// Days a transaction stays in MSTTRANS unless it is said otherwise.
    pub const DEFAULT_KEEP_UPDATES_DAYS: u16 = 14;
}

/// The header of a server that was just switched on.
impl Default for SrvConfHeader {
    fn default() -> Self {
        Self {
            mark: Mark::default(),
            keep_updates_days: Self::DEFAULT_KEEP_UPDATES_DAYS,
            srv_sync: SrvSync::ZERO,
            cycle: 0,
            stamp: 0,
            next_registration: 1,
            requestor_count: 0,
            administrator: FixedText::default(),
            unknown_39: Opaque::default(),
            issued: StampRing::default(),
            unknown_936: Opaque::default(),
        }
    }
}

impl Record for SrvConfHeader {
    const LEN: usize = 1024;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (fields, sum) = whole::<1024>(bytes, "the SRVCONF header")?.split_at(SUM_OFFSET);
        let header = Self::decode_fields(fields)?;
        if !header.mark.is_written() {
            return Err(CodecError::field(0, "mark", "zeroes", "\"SRVC\""));
        }
        check_sum(fields, sum)?;
        Ok(header)
    }

    fn encode(&self, bytes: &mut [u8]) {
        self.encode_fields(&mut bytes[..SUM_OFFSET]);
        put_sum(bytes);
    }
}

/// Offset of the checksum in the header and in each record. A card that wrote in pieces of 512 bytes once shifted
/// whole records (Q107443, Q120449); no field of ours would show that.
const SUM_OFFSET: usize = 1020;

fn check_sum(fields: &[u8], sum: &[u8]) -> Result<(), CodecError> {
    let stored = u32::get(sum, SUM_OFFSET, "checksum")?;
    let computed = crc32(fields);
    if stored != computed {
        return Err(CodecError::field(
            SUM_OFFSET,
            "checksum",
            format_args!("{stored:#010x}"),
            format_args!("{computed:#010x}"),
        ));
    }
    Ok(())
}

fn put_sum(bytes: &mut [u8]) {
    let (fields, sum) = bytes.split_at_mut(SUM_OFFSET);
    crc32(fields).put(sum);
}

flag_word! {
    /// What the server keeps between receiving from a requestor and answering it.
    pub struct RequestorFlags(u16) {
        /// A message came in this cycle; only then is there a reply (Q96060).
        REPLY_DUE = 0x0001,
        /// The reply is a full list.
        IMPORT_DUE = 0x0002,
        /// The reply asks the requestor to export its list again.
        EXPORT_DUE = 0x0004,
        /// The requestor takes template information.
        TEMPLATES = 0x0008,
    }
}

fields! {
    /// One requestor of a dirsync server, 1024 bytes (`spec/files.md` 4.14). Size and content are published, every
    /// place is ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | ours |
    /// | 1 | 1 | `kind` | type of the name, 1 PCM | ours |
    /// | 2 | 11 | `network` | its network | content published (Q96060) |
    /// | 13 | 11 | `postoffice` | its postoffice | content published (Q96060) |
    /// | 24 | 9 | `password` | password, may be empty | content published (Q116435) |
    /// | 33 | 1 | `transactions` | form of the updates it wants: 0 INTERNAL, 1 INATTACHMENT, 2 INBODY | ours |
    /// | 34 | 2 | `flags` | see [`RequestorFlags`] | ours |
    /// | 36 | 4 | `req_sync` | last number taken from it | content published (Q96060) |
    /// | 40 | 4 | `srv_sync` | last number it reported or was sent | content published (Q96060) |
    /// | 44 | 4 | `import_count` | full lists sent to it | content published (Q99961) |
    /// | 48 | 4 | `last_cycle` | cycle of its last message | content published (Q96060) |
    /// | 52 | 4 | `last_update` | time of its last message, seconds since 1970 UTC, 0 never | content published (Q96060) |
    /// | 56 | 4 | `registration` | registration id, never used twice | ours |
    /// | 60 | 4 | `limit` | most bytes of a reply, 0 none | ours |
    /// | 64 | 4 | `types` | address types it asked for, 0 PCM only | ours |
    /// | 68 | 4 | `req_digest` | which transaction `req_sync` numbers, 0 unknown, 1 none | ours |
    /// | 72 | 4 | `heard_stamp` | STAMP in its last request, 0 none | ours |
    /// | 76 | 32 | `sent_stamps` | STAMPs of the last 8 answers to it, newest first | ours |
    /// | 108 | 11 | `mailbox` | mailbox its last request came from, empty for `$SYSTEM` | ours |
    /// | 119 | 1 | `import_reason` | why the reply is a full list; for messages alone | ours |
    /// | 120 | 900 | `unknown_120` | zero, kept as read | ours |
    /// | 1020 | 4 | checksum | CRC-32/ISO-HDLC of the 1020 bytes before it | ours |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct RequestorRecord, "a SRVCONF record", 1020 bytes {
        /// Whether the requestor is registered.
        0 => state: RecordState,
        /// Type of the name, as in NETWORK.GLB; 1 for PCM.
        1 => kind: u8,
        /// Network, 10 bytes at most.
        2 => network: FixedText<11>,
        /// Postoffice, 10 bytes at most.
        13 => postoffice: FixedText<11>,
        /// Password; empty accepts any.
        24 => password: FixedText<9>,
        /// Form of the updates it wants: 0 INTERNAL, 1 INATTACHMENT, 2 INBODY.
        33 => transactions: u8,
        /// What is kept until the reply.
        34 => flags: RequestorFlags,
        /// Last number taken from it.
        36 => req_sync: ReqSync,
        /// Last number it reported or was sent.
        40 => srv_sync: SrvSync,
        /// Full lists sent to it.
        44 => import_count: ImportSync,
        /// Cycle of its last message.
        48 => last_cycle: u32,
        /// When its last message was taken.
        52 => last_update: Timestamp,
        /// Registration id, never used twice.
        56 => registration: u32,
        /// Most bytes of a reply; 0 stands for no limit.
        60 => limit: u32,
        /// Address types it asked for, with the bits of [`super::GatewayWord`]; 0 stands for PCM alone.
        64 => types: u32,
        /// Digest of the transaction that [`Self::req_sync`] numbers; 0 where it is unknown, 1 where there is none.
        68 => req_digest: u32,
        /// STAMP that its last request named, which the reply builds on.
        72 => heard_stamp: u32,
        /// STAMPs of the last answers to it.
        76 => sent_stamps: StampRing<8>,
        /// Mailbox that the answer goes to (Q150828); empty for `$SYSTEM`.
        108 => mailbox: FixedText<11>,
        /// Why the reply is a full list, 0 where it is none; the protocol numbers the reasons.
        119 => import_reason: u8,
        /// Bytes without meaning.
        120 => unknown_120: Opaque<900>,
    }
}

impl RequestorRecord {
    /// [`Self::kind`] of a PC Mail postoffice.
    pub const KIND_PCM: u8 = 1;

    /// Makes the record of a newly registered postoffice.
    #[must_use]
    pub fn new(network: FixedText<11>, postoffice: FixedText<11>, registration: u32) -> Self {
        Self {
            state: RecordState::Active,
            kind: Self::KIND_PCM,
            network,
            postoffice,
            registration,
            ..Self::default()
        }
    }

    /// Returns the name as LISTDS shows it, `PCM:NET/PO`, in the code page of the server.
    #[must_use]
    pub fn requestor_name(&self) -> Vec<u8> {
        [
            b"PCM:",
            self.network.as_bytes(),
            b"/",
            self.postoffice.as_bytes(),
        ]
        .concat()
    }
}

impl Record for RequestorRecord {
    const LEN: usize = 1024;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (fields, sum) = whole::<1024>(bytes, "a SRVCONF record")?.split_at(SUM_OFFSET);
        check_sum(fields, sum)?;
        Self::decode_fields(fields)
    }

    fn encode(&self, bytes: &mut [u8]) {
        self.encode_fields(&mut bytes[..SUM_OFFSET]);
        put_sum(bytes);
    }
}

/// SRVCONF.GLB: `1024 + 1024 * n` bytes, only on the dirsync server (Q77926).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SrvConf {
    /// What concerns the server.
    pub header: SrvConfHeader,
    /// Its requestors in file order, deleted ones too.
    pub requestors: Vec<RequestorRecord>,
}

impl SrvConf {
    /// Reads a whole file; memory is in proportion to the input. What the records say of each other is left to
    /// [`Self::verify`].
    ///
    /// # Errors
    /// The size is not a multiple of 1024; the mark is damaged, or that of another make; a checksum is wrong.
    pub fn read_from<R: Read>(mut input: R) -> Result<Self, CodecError> {
        let mut header = [0; SrvConfHeader::LEN];
        fill_all(&mut input, &mut header, 0, "the SRVCONF header")?;
        let header = SrvConfHeader::decode(&header)?;
        let start = SrvConfHeader::LEN as u64;
        let requestors = RecordReader::new(input, start).collect::<Result<_, _>>()?;
        Ok(Self { header, requestors })
    }

    /// Writes the whole file as it is; [`Self::set_requestor_count`] comes before.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> io::Result<()> {
        let mut header = [0; SrvConfHeader::LEN];
        self.header.encode(&mut header);
        output.write_all(&header)?;
        let mut writer = RecordWriter::new(output);
        self.requestors.iter().try_for_each(|r| writer.write(r))?;
        writer.finish().0.flush()
    }

    /// Makes the header count the records.
    pub fn set_requestor_count(&mut self) {
        self.header.requestor_count = u32::try_from(self.requestors.len()).unwrap_or(u32::MAX);
    }

    /// Finds an active requestor by its whole name without regard to letter case: `NET/PO1` is never `NET/PO10`
    /// (Q125917). Returns its index.
    #[must_use]
    pub fn find(&self, network: &[u8], postoffice: &[u8], page: CodePage) -> Option<usize> {
        self.requestors.iter().position(|r| {
            r.state.is_active()
                && page.eq_ignore_case(r.network.as_bytes(), network)
                && page.eq_ignore_case(r.postoffice.as_bytes(), postoffice)
        })
    }
}

#[cfg(test)]
mod tests;
