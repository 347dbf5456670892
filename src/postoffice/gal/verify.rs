//! Whether the three files of a global list are whole, in order, and of one run.

use std::cmp::Ordering;
use std::fmt;
use std::thread;

use super::Gal;
use crate::codec::checksum::crc32;
use crate::codec::galnetpo::GalnetpoHeader;
use crate::codec::{
    AliasKind, CodecError, GalIndexEntry, GalIndexHeader, GalStamp, NetpoRecord, NmeRecord, Record,
    WordIndex, nme, record_count,
};
use crate::postoffice::{File, layout};

/// What is wrong, and in which file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {source}")]
pub struct GalFault {
    /// The file.
    pub file: File,
    /// What is wrong, in which record and at which byte.
    pub source: CodecError,
}

impl Gal {
    /// Checks sizes, stamp, order and pointers, and that the index has every word of every name once.
    ///
    /// # Errors
    /// The first fault found. A list without a stamp was made by another program; what binds the three files
    /// together is then not known, and that is the fault.
    pub fn verify(&self) -> Result<(), GalFault> {
        let stamp = self.check_addresses().map_err(of(&layout::GALNETPO))?;
        // Most of the time of a check; neither needs the other.
        let (words, index) = thread::scope(|scope| {
            let names = scope.spawn(|| self.check_names(&stamp));
            let index = self.check_index(&stamp);
            (names.join().expect("checks do not panic"), index)
        });
        let words = words.map_err(of(&layout::GAL_NME))?;
        let count = index.map_err(of(&layout::GALINDEX))?;
        expect(0, "size", count, words).map_err(of(&layout::GALINDEX))
    }

    fn check_addresses(&self) -> Result<GalStamp, CodecError> {
        let (base, len) = (GalnetpoHeader::LEN, NetpoRecord::LEN);
        record_count(self.addresses.len() as u64, base, len)?;
        let (header, records) = self.addresses.split_at(base);
        let header = GalnetpoHeader::decode(header)?;
        let Some(stamp) = records.get(..len).and_then(GalStamp::find) else {
            let error = CodecError::field(2, "mark", "none", "the stamp of a rebuild");
            return Err(error.in_record(1, base as u64));
        };
        let at_stamp = |error: CodecError| error.in_record(1, base as u64);
        expect(35, "tid", header.last_tid, stamp.tid).map_err(at_stamp)?;
        let records = &records[len..];
        expect(28, "address_crc", stamp.address_crc, crc32(records)).map_err(at_stamp)?;
        let mut last = u32::MAX;
        for (number, record) in records.chunks_exact(len).enumerate() {
            let record = NetpoRecord::decode(record)?;
            if record.tid >= last || record.tid < stamp.tid {
                let expected = format!("below {last:#010X}, not below {:#010X}", stamp.tid);
                let found = format_args!("{:#010X}", record.tid).to_string();
                let error = CodecError::field(35, "tid", found, expected);
                return Err(error.in_record(number as u64 + 2, (base + (number + 1) * len) as u64));
            }
            last = record.tid;
        }
        Ok(stamp)
    }

    /// Returns the number of words in all names.
    fn check_names(&self, stamp: &GalStamp) -> Result<usize, CodecError> {
        let count = record_count(self.names.len() as u64, 0, NmeRecord::LEN)?;
        expect(0, "size", count, u64::from(stamp.entry_count))?;
        expect(0, "checksum", crc32(&self.names), stamp.list_crc)?;
        let mut words = 0;
        let mut before: &[u8] = &[];
        for (number, bytes) in self.names.chunks_exact(NmeRecord::LEN).enumerate() {
            let name = nme::name_in(bytes);
            let check = if self.collation.compare(before, name) == Ordering::Greater {
                let page = self.collation.page();
                let expected = format!("a name not before \"{}\"", page.decode(before));
                Err(CodecError::field(2, "name", page.decode(name), expected))
            } else {
                self.check_pointer(&NmeRecord::decode(bytes)?)
            };
            check.map_err(|e| e.in_record(number as u64 + 1, (number * NmeRecord::LEN) as u64))?;
            words += self.collation.words(name).count();
            before = name;
        }
        Ok(words)
    }

    /// An entry for somebody elsewhere has its address in GALNETPO.GLB.
    fn check_pointer(&self, entry: &NmeRecord) -> Result<(), CodecError> {
        if entry.kind != AliasKind::External {
            return Ok(());
        }
        let at = usize::try_from(entry.pointer).unwrap_or(usize::MAX);
        let behind_header = at.checked_sub(GalnetpoHeader::LEN);
        let is_record = behind_header.is_some_and(|at| at % NetpoRecord::LEN == 0);
        let bytes = self.addresses.get(at..).filter(|_| is_record);
        let record = bytes.and_then(|bytes| bytes.get(..NetpoRecord::LEN));
        let record = record.and_then(|bytes| NetpoRecord::decode(bytes).ok());
        match record.filter(|record| record.state.is_active()) {
            Some(record) => expect(33, "tid", entry.tid, record.tid),
            None => {
                let expected = "the offset of an address in GALNETPO.GLB";
                Err(CodecError::field(37, "pointer", entry.pointer, expected))
            }
        }
    }

    /// Returns the number of its entries.
    fn check_index(&self, stamp: &GalStamp) -> Result<usize, CodecError> {
        let index = WordIndex::new(&self.names, &self.index, self.collation)?;
        expect(0, "size", index.len(), stamp.word_count as usize)?;
        expect(0, "checksum", crc32(&self.index), stamp.index_crc)?;
        let mut header = GalIndexHeader::default();
        let mut before: Option<(&[u8], GalIndexEntry)> = None;
        for number in 0..index.len() {
            let (word, entry) = (index.word_of(number)?, index.entry(number));
            if let Some((word_before, entry_before)) = before {
                let order = self.collation.compare_letters(word_before, word);
                let place = |entry: GalIndexEntry| (entry.pointer, entry.word);
                if order.then(place(entry_before).cmp(&place(entry))) != Ordering::Less {
                    let page = self.collation.page();
                    let expected = format!("a word behind \"{}\"", page.decode(word_before));
                    let error = CodecError::field(0, "word", page.decode(word), expected);
                    let offset = GalIndexHeader::LEN + number * GalIndexEntry::LEN;
                    return Err(error.in_record(number as u64 + 1, offset as u64));
                }
            }
            before = Some((word, entry));
            if let Some(letter) = self.collation.letter_of(word) {
                header.note(letter, self.collation.order(), number as u64)?;
            }
        }
        let offsets = index.header().offsets.into_iter().zip(header.offsets);
        for (slot, (found, expected)) in offsets.enumerate() {
            expect(4 * slot, "offsets", found, expected)?;
        }
        Ok(index.len())
    }
}

fn of(file: &File) -> impl Fn(CodecError) -> GalFault {
    move |source| GalFault {
        file: file.clone(),
        source,
    }
}

fn expect<T: PartialEq + fmt::Display>(
    offset: usize,
    field: &'static str,
    found: T,
    expected: T,
) -> Result<(), CodecError> {
    match found == expected {
        true => Ok(()),
        false => Err(CodecError::field(offset, field, found, expected)),
    }
}
