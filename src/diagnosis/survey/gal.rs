//! The global address list: GAL.NME, its index and its addresses, held against each other.
//!
//! How names are parted into words is REBUILD's own affair; what must hold whatever that is: an entry of the index leads
//! to a name, the entries of a name have the numbers 0, 1, 2..., each once, and a name that has letters has an entry.
//! Memory: two bytes per name for its words, four per address for its TID.

use std::fs;
use std::io::{self, BufReader, Read};

use super::names::{Named, Several};
use super::reader::{Reader, Seen};
use crate::codec::checksum::Crc32;
use crate::codec::galnetpo::GalnetpoHeader;
use crate::codec::{
    AliasKind, GalIndexEntry, GalIndexHeader, GalStamp, NetpoRecord, NmeRecord, Record,
};
use crate::diagnosis::finding::Place;
use crate::postoffice::{File, layout};

/// The three files that REBUILD makes together.
pub static GAL_FILES: [File; 3] = [layout::GAL_NME, layout::GALINDEX, layout::GALNETPO];

/// The global list.
#[derive(Debug, Clone, Default)]
pub struct Gal {
    /// Which of [`GAL_FILES`] are there and hold nothing but zeroes.
    pub zeroes: [bool; 3],
    /// Entries of GAL.NME.
    pub count: u64,
    /// Entries elsewhere whose TID no address has.
    pub without_address: Several<Named>,
    /// The TID given last, as GALNETPO.GLB says.
    pub last_tid: Option<u32>,
    /// What does not fit in the index; none where it fits or could not be compared.
    pub index: Option<IndexFault>,
}

/// What does not fit in GALINDEX.GLB, or between it and the two others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexFault {
    /// An entry leads to no name, or where another entry leads.
    Pointer {
        /// The entry.
        place: Place,
        /// Where it leads.
        pointer: u32,
        /// Which word, from 0.
        word: u16,
    },
    /// Words of a name have no entry.
    Missing {
        /// Byte of the name in GAL.NME.
        pointer: u64,
        /// How many such names there are.
        count: u64,
    },
    /// A file is not the one that the stamp of the rebuild in GALNETPO.GLB names: files of two runs side by side sent mail
    /// to the wrong person (Q96060).
    Mixed {
        /// The file.
        file: File,
        /// Its checksum.
        found: u32,
        /// That of the file that belongs to the others.
        expected: u32,
    },
    /// The header leads to no entry.
    Letter {
        /// The letter.
        letter: char,
        /// Where the header says its entries begin.
        offset: u32,
    },
}

/// What the index says of the words of one name: bit n, word n has an entry.
const NOTHING_SEEN: u16 = 0;

/// A name without letters and digits has no word.
const NO_WORDS: u16 = u16::MAX;

impl Gal {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let zeroes = GAL_FILES.each_ref().map(|file| is_zeroes(reader, file));
        if zeroes.contains(&true) {
            return Self {
                zeroes,
                ..Self::default()
            };
        }
        let mut gal = Self::default();
        let mut tids = Vec::new();
        if let Seen::Whole(mut input) = reader.open(&layout::GALNETPO) {
            let mut header = [0; 4];
            if input.read_exact(&mut header).is_ok() {
                gal.last_tid = Some(u32::from_le_bytes(header));
            }
        }
        let addresses = reader.each(&layout::GALNETPO, 4, |_, _, record: NetpoRecord| {
            if record.state.is_active() {
                tids.push(record.tid);
            }
        });
        tids.sort_unstable();
        let mut seen: Vec<u16> = Vec::new();
        let names = reader.each(&layout::GAL_NME, 0, |number, byte, record: NmeRecord| {
            gal.count += 1;
            let name = record.name.as_bytes();
            let has_words = name.iter().any(u8::is_ascii_alphanumeric);
            seen.push(if has_words { NOTHING_SEEN } else { NO_WORDS });
            let is_lost = record.kind == AliasKind::External
                && addresses.whole().is_some()
                && tids.binary_search(&record.tid).is_err();
            if is_lost {
                gal.without_address.add(Named {
                    place: Place::record(number, byte),
                    name: record.name.as_bytes().to_vec(),
                });
            }
        });
        if names.whole().is_some() {
            gal.index = compare_index(reader, &mut seen);
        }
        gal.index = gal.index.or_else(|| compare_stamp(reader));
        gal
    }
}

/// Compares the three files with the stamp that a rebuild of ours leaves in GALNETPO.GLB; others leave none.
fn compare_stamp(reader: &mut Reader<'_>) -> Option<IndexFault> {
    let Seen::Whole(mut addresses) = reader.open(&layout::GALNETPO) else {
        return None;
    };
    let mut head = [0; GalnetpoHeader::LEN + NetpoRecord::LEN];
    addresses.read_exact(&mut head).ok()?;
    let stamp = GalStamp::find(&head[GalnetpoHeader::LEN..])?;
    let check = |file: &File, input: Option<BufReader<fs::File>>, expected| {
        let found = checksum(input?)?;
        (found != expected).then(|| IndexFault::Mixed {
            file: file.clone(),
            found,
            expected,
        })
    };
    let whole = |reader: &mut Reader<'_>, file: &File| match reader.open(file) {
        Seen::Whole(input) => Some(input),
        _ => None,
    };
    let (list, index) = (
        whole(reader, &layout::GAL_NME),
        whole(reader, &layout::GALINDEX),
    );
    check(&layout::GAL_NME, list, stamp.list_crc)
        .or_else(|| check(&layout::GALINDEX, index, stamp.index_crc))
        .or_else(|| check(&layout::GALNETPO, Some(addresses), stamp.address_crc))
}

/// Sums what is left of a file.
fn checksum(mut input: impl Read) -> Option<u32> {
    let (mut sum, mut buffer) = (Crc32::new(), vec![0; 1 << 16]);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Some(sum.value()),
            Ok(n) => sum.update(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Holds every entry of the index against the names of the list.
fn compare_index(reader: &mut Reader<'_>, seen: &mut [u16]) -> Option<IndexFault> {
    let (mut end, mut fault) = (GalIndexHeader::LEN as u64, None);
    let read = reader.each(
        &layout::GALINDEX,
        GalIndexHeader::LEN,
        |number, byte, entry: GalIndexEntry| {
            end = byte + GalIndexEntry::LEN as u64;
            let GalIndexEntry { word, pointer } = entry;
            let index = pointer as usize / NmeRecord::LEN;
            let is_start = pointer as usize % NmeRecord::LEN == 0;
            let bit = 1_u16.checked_shl(u32::from(word)).unwrap_or(0);
            match seen.get_mut(index).filter(|_| is_start && bit != 0) {
                // What is a word where there are no letters is not known here.
                Some(words) if *words == NO_WORDS => {}
                Some(words) if *words & bit == 0 => *words |= bit,
                _ => {
                    fault.get_or_insert(IndexFault::Pointer {
                        place: Place::record(number, byte),
                        pointer,
                        word,
                    });
                }
            }
        },
    );
    read.whole()?;
    fault
        .or_else(|| missing_words(seen))
        .or_else(|| wrong_letter(reader, end))
}

fn missing_words(seen: &[u16]) -> Option<IndexFault> {
    let is_gap = |words: u16| words == NOTHING_SEEN || words & words.wrapping_add(1) != 0;
    let mut gaps = seen.iter().enumerate().filter(|(_, words)| is_gap(**words));
    let (first, _) = gaps.next()?;
    Some(IndexFault::Missing {
        pointer: first as u64 * NmeRecord::LEN as u64,
        count: 1 + gaps.count() as u64,
    })
}

/// Looks whether the header leads to entries, 0 being a letter without any.
fn wrong_letter(reader: &mut Reader<'_>, end: u64) -> Option<IndexFault> {
    let Seen::Whole(mut index) = reader.open(&layout::GALINDEX) else {
        return None;
    };
    let header = GalIndexHeader::read_from(&mut index).ok()?;
    let letters = (b'A'..=b'Z').chain(b'a'..=b'z');
    let wrong = letters.zip(header.offsets).find(|(_, offset)| {
        let body = u64::from(*offset).checked_sub(GalIndexHeader::LEN as u64);
        let is_entry = body.is_some_and(|body| body % GalIndexEntry::LEN as u64 == 0);
        *offset != 0 && !(is_entry && u64::from(*offset) < end)
    });
    wrong.map(|(letter, offset)| IndexFault::Letter {
        letter: char::from(letter),
        offset,
    })
}

/// Tells whether a file has bytes and all of them are zero (Q135486); the empty GALNETPO.GLB of 4 bytes is none.
fn is_zeroes(reader: &mut Reader<'_>, file: &File) -> bool {
    let least = match file {
        file if *file == layout::GALNETPO => 4,
        // One entry for the first word of the first name is zero as well.
        file if *file == layout::GALINDEX => (GalIndexHeader::LEN + GalIndexEntry::LEN) as u64,
        _ => 0,
    };
    if reader.files.len(file).is_none_or(|len| len <= least) {
        return false;
    }
    let Seen::Whole(mut input) = reader.open(file) else {
        return false;
    };
    let mut buffer = [0; 8192];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return true,
            Ok(n) if buffer[..n].iter().all(|&byte| byte == 0) => {}
            _ => return false,
        }
    }
}
