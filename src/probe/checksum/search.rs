//! The search for the checksum that explains a column of a file.

use std::collections::{HashMap, HashSet};

use super::{Algorithm, Extent, Own, Record, Start, Stop};
use crate::probe::value::{Code, Place};

/// Bits that must agree beyond those a claim was fitted on.
pub const MIN_BITS: u32 = 32;

/// Records a claim is tried on before it is looked at all of them.
const SEEDS: usize = 3;

/// What each algorithm makes of some bytes, as far as it was asked.
type Known = HashMap<Vec<u8>, Vec<Option<u32>>>;

/// A checksum that explains a place.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where the checksum stands.
    pub place: Place,
    /// How it is computed.
    pub algorithm: &'static Algorithm,
    /// Over what.
    pub extent: Extent,
    /// Records it agrees with, the one it was fitted on included.
    pub agree: usize,
    /// Records looked at.
    pub of: usize,
}

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What explains the records, the simplest first.
    pub found: Vec<Found>,
    /// Combinations of place, algorithm and range that were tried.
    pub tried: u64,
}

/// Looks for checksums at any of `places` that explain at least nine of ten records.
///
/// A claim is fitted on one record. It is made only if the values of the other records that agree have [`MIN_BITS`]
/// together, equal values counted once.
#[must_use]
pub fn search(
    records: &[Record<'_>],
    places: &[Place],
    header_len: usize,
    behind: usize,
) -> Search {
    let mut result = Search::default();
    let extents = extents(header_len, behind);
    let mut seeds: Vec<usize> = (0..SEEDS).map(|i| i * records.len() / SEEDS).collect();
    seeds.dedup();
    for seed in seeds {
        if result.found.is_empty() && seed < records.len() {
            from_seed(records, seed, places, &extents, &mut result);
        }
    }
    result
        .found
        .sort_by_key(|f| (rank(f), std::cmp::Reverse(f.agree)));
    result
}

/// The simpler, the lower.
fn rank(found: &Found) -> (std::cmp::Reverse<usize>, u8, usize, Extent) {
    let behind = found.place.offset + found.place.size;
    let plain = match (found.extent.start, found.extent.own) {
        (Start::Text, _) => 0,
        (Start::Header(0), Own::Skipped) => 1,
        (Start::Header(at), _) if at == behind => 1,
        (Start::Header(0), Own::Zero) => 2,
        _ => 3,
    };
    let all = Algorithm::all();
    let index = all.iter().position(|a| std::ptr::eq(a, found.algorithm));
    // Four bytes that agree are more than two of them.
    let size = std::cmp::Reverse(found.place.size);
    (size, plain, index.unwrap_or(all.len()), found.extent)
}

fn from_seed(
    records: &[Record<'_>],
    seed: usize,
    places: &[Place],
    extents: &[Extent],
    result: &mut Search,
) {
    if places.is_empty() {
        return;
    }
    let mut known = HashMap::new();
    let record = &records[seed];
    let values: Vec<Option<u64>> = places.iter().map(|p| record.value(p)).collect();
    let mut message = Vec::new();
    for &extent in extents {
        // Before the checksum itself, the range differs from place to place.
        let to_own = extent.stop == Stop::Own;
        let range = match to_own {
            true => None,
            false => extent.bounds(record, &places[0]),
        };
        if range.is_none() && !to_own {
            continue;
        }
        let outside: Vec<usize> = (0..places.len())
            .filter(|&i| {
                let own = record.offset_of(&places[i]);
                let own_end = own + record.lacks.size_of(&places[i]).unwrap_or(0);
                range.is_some_and(|(start, stop)| own_end <= start || own >= stop)
            })
            .collect();
        if let Some((start, stop)) = range {
            if extent.own == Own::Skipped && !outside.is_empty() {
                message.clear();
                message.extend_from_slice(&record.bytes[start..stop]);
                compare(
                    records, seed, &extent, &message, places, &values, &outside, &mut known, result,
                );
            }
        }
        // Inside, the own bytes differ from place to place, and with them what is summed; both byte orders share it.
        let is_whole = matches!(extent.start, Start::Header(0) | Start::Text);
        for (i, place) in places.iter().enumerate() {
            if !is_whole || outside.contains(&i) || place.code == Code::Big {
                continue;
            }
            let has_own = extent.message(record, place, &mut message);
            if has_own.is_some_and(|has_own| has_own || to_own) {
                let same: Vec<usize> = (0..places.len())
                    .filter(|&j| {
                        let other = places[j];
                        (other.zone, other.offset, other.size)
                            == (place.zone, place.offset, place.size)
                    })
                    .collect();
                compare(
                    records, seed, &extent, &message, places, &values, &same, &mut known, result,
                );
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the state of one loop")]
fn compare(
    records: &[Record<'_>],
    seed: usize,
    extent: &Extent,
    message: &[u8],
    places: &[Place],
    values: &[Option<u64>],
    among: &[usize],
    known: &mut Known,
    result: &mut Search,
) {
    // Ranges that hold the same bytes in this record share what is computed.
    let computed = known
        .entry(message.to_vec())
        .or_insert_with(|| vec![None; Algorithm::all().len()]);
    for (algorithm, known) in Algorithm::all().iter().zip(computed) {
        let fits = |i: &&usize| {
            places[**i].code.bits(places[**i].size).next_multiple_of(16) == algorithm.bits()
                || matches!(
                    places[**i].code,
                    Code::Decimal | Code::Blanks | Code::Digits | Code::HexDigits
                )
        };
        if !among.iter().any(|i| fits(&i)) {
            continue;
        }
        let computed = u64::from(*known.get_or_insert_with(|| algorithm.compute(message)));
        for &i in among.iter().filter(fits) {
            result.tried += 1;
            if values[i] == Some(computed) {
                let found = confirm(records, seed, places[i], algorithm, *extent);
                result.found.extend(found);
            }
        }
    }
}

fn confirm(
    records: &[Record<'_>],
    seed: usize,
    place: Place,
    algorithm: &'static Algorithm,
    extent: Extent,
) -> Option<Found> {
    let mut message = Vec::new();
    let mut agree = 0;
    let mut distinct = HashSet::new();
    let fitted = records[seed].value(&place)?;
    for (n, record) in records.iter().enumerate() {
        extent.message(record, &place, &mut message)?;
        let value = record.value(&place);
        if value == Some(algorithm.compute(&message).into()) {
            agree += 1;
            distinct.insert(value);
        }
        if n >= 8 && agree * 2 < n {
            return None;
        }
    }
    distinct.remove(&Some(fitted));
    let bits = distinct.len() as u32 * algorithm.bits();
    (agree * 10 >= records.len() * 9 && bits >= MIN_BITS).then_some(Found {
        place,
        algorithm,
        extent,
        agree,
        of: records.len(),
    })
}

/// Returns the grammar of ranges.
fn extents(header_len: usize, behind: usize) -> Vec<Extent> {
    let starts = [Start::Text]
        .into_iter()
        .chain((0..header_len.min(64)).map(Start::Header));
    starts
        .flat_map(|start| {
            let behind = (1..=behind).map(Stop::Behind);
            Stop::ALL.into_iter().chain(behind).flat_map(move |stop| {
                [Own::Skipped, Own::Zero].map(|own| Extent { start, stop, own })
            })
        })
        .filter(|e| e.stop != Stop::Own || e.own == Own::Skipped)
        .collect()
}
