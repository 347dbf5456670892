//! The global address list: GAL.NME, its index and its addresses, held against each other.
//!
//! Memory: two bytes per name for the words of the index, four per address for its TID.

use std::fs;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::names::{Named, Several};
use super::reader::{Reader, Seen};
use crate::codec::galindex::words;
use crate::codec::{AliasKind, GalIndexEntry, GalIndexHeader, NetpoRecord, NmeRecord, Record};
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

/// What does not fit in GALINDEX.GLB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexFault {
    /// It has another number of entries than the list has words.
    Count {
        /// Entries.
        found: u64,
        /// Words.
        expected: u64,
    },
    /// An entry leads to no word of a name, or to one that another entry leads to.
    Pointer {
        /// The entry.
        place: Place,
        /// Where it leads.
        pointer: u32,
        /// Which word, from 0.
        word: u16,
    },
    /// The header leads to no entry that begins with the letter, although words do.
    Letter {
        /// The letter.
        letter: char,
        /// Where the header says its entries begin, 0 for nowhere.
        offset: u32,
    },
}

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
        // Bit n of a name: its word n has no entry in the index yet.
        let mut missing: Vec<u16> = Vec::new();
        let mut letters = [false; 256];
        let names = reader.each(&layout::GAL_NME, 0, |number, byte, record: NmeRecord| {
            gal.count += 1;
            let mut count = 0;
            for word in words(record.name.as_bytes()) {
                letters[usize::from(word[0])] = true;
                count += 1;
            }
            // 31 bytes have 16 words at most.
            missing.push(u16::try_from((1_u32 << count) - 1).unwrap_or(u16::MAX));
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
            gal.index = compare_index(reader, &mut missing, &letters);
        }
        gal
    }
}

/// Holds every entry of the index against the words of the list.
fn compare_index(
    reader: &mut Reader<'_>,
    missing: &mut [u16],
    letters: &[bool; 256],
) -> Option<IndexFault> {
    let counts = missing.iter().map(|words| u64::from(words.count_ones()));
    let expected: u64 = counts.sum();
    let (mut found, mut fault) = (0, None);
    let read = reader.each(
        &layout::GALINDEX,
        GalIndexHeader::LEN,
        |number, byte, entry: GalIndexEntry| {
            found = number;
            let GalIndexEntry { word, pointer } = entry;
            let index = pointer as usize / NmeRecord::LEN;
            let is_start = pointer as usize % NmeRecord::LEN == 0;
            let bit = 1_u16.checked_shl(u32::from(word)).unwrap_or(0);
            match missing.get_mut(index).filter(|_| is_start) {
                Some(words) if *words & bit != 0 => *words &= !bit,
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
    match read {
        Seen::Whole(()) if fault.is_some() => fault,
        Seen::Whole(()) if found != expected => Some(IndexFault::Count { found, expected }),
        Seen::Whole(()) => compare_letters(reader, letters),
        _ => None,
    }
}

/// Follows the header of the index for every letter that a word begins with.
fn compare_letters(reader: &mut Reader<'_>, letters: &[bool; 256]) -> Option<IndexFault> {
    let Seen::Whole(mut index) = reader.open(&layout::GALINDEX) else {
        return None;
    };
    let Seen::Whole(mut names) = reader.open(&layout::GAL_NME) else {
        return None;
    };
    let header = GalIndexHeader::read_from(&mut index).ok()?;
    let all = (b'A'..=b'Z').chain(b'a'..=b'z');
    for letter in all.filter(|&letter| letters[usize::from(letter)]) {
        let offset = header.first_entry(letter).unwrap_or(0);
        let found = offset != 0 && first_byte(&mut index, &mut names, offset) == Some(letter);
        if !found {
            let letter = char::from(letter);
            return Some(IndexFault::Letter { letter, offset });
        }
    }
    None
}

/// Returns the first byte of the word that an entry of the index leads to.
fn first_byte(
    index: &mut BufReader<fs::File>,
    names: &mut BufReader<fs::File>,
    offset: u32,
) -> Option<u8> {
    let body = (offset as usize).checked_sub(GalIndexHeader::LEN)?;
    if body % GalIndexEntry::LEN != 0 {
        return None;
    }
    index.seek(SeekFrom::Start(u64::from(offset))).ok()?;
    let entry = GalIndexEntry::read_from(index).ok()?;
    names.seek(SeekFrom::Start(u64::from(entry.pointer))).ok()?;
    let record = NmeRecord::read_from(names).ok()?;
    let word = words(record.name.as_bytes()).nth(usize::from(entry.word))?;
    word.first().copied()
}

/// Tells whether a file has bytes and all of them are zero (Q135486); the empty GALNETPO.GLB of 4 bytes is none.
fn is_zeroes(reader: &mut Reader<'_>, file: &File) -> bool {
    let least = match file {
        file if *file == layout::GALNETPO => 4,
        file if *file == layout::GALINDEX => GalIndexHeader::LEN as u64,
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
