//! Reading queue files whose framing nobody published: the transactions are found by their text, and the framing is
//! inferred from what surrounds them.
//!
//! - [`scan`] finds the texts, whatever surrounds them, `starts` moves those that begin elsewhere; where records have one
//!   size, `one_size` adds those that were missed, and where each leads to the next one, so does [`geometry`].
//! - [`geometry`] infers from their distances where a record begins and how its text ends.
//! - [`fields`] infers what the other bytes mean; [`checksum`] is the search for the sums among them.
//! - `likeliest` chooses between the ways to part the records.
//! - [`varying`] is how numbers of as many digits as they have are told: places count as if each had its most.
//! - [`layout`] is the result, [`profile`] writes it down, [`walk`] reads a whole file by it, and `tally`
//!   counts what agrees.
//!
//! [`records`] does the same for files of records of one size.
//!
//! Nothing here knows a path or any particular framing.

pub mod checksum;
pub mod fields;
pub mod geometry;
pub mod layout;
mod likeliest;
mod one_size;
pub mod profile;
pub mod records;
pub mod scan;
pub mod stamp;
mod starts;
mod tally;
pub mod value;
pub mod varying;
pub mod walk;

use geometry::Sample;
use layout::Layout;
use likeliest::likeliest;

/// Texts so many that a header of bytes which nothing explains is none by chance.
const MANY: usize = 8;

/// Infers the framing of a file, or of a piece from its beginning.
#[must_use]
pub fn infer(bytes: &[u8], at_end: bool) -> Option<Layout> {
    with_sample(bytes, at_end, |sample| {
        let is_framing = |layout: &Layout| {
            let unexplained = layout.unexplained_len();
            sample.texts.len() >= MANY || 2 * unexplained <= layout.overhead()
        };
        likeliest(sample).filter(is_framing)
    })
}

/// Returns how many of the first records of some bytes fit a framing.
#[must_use]
pub fn fitting(bytes: &[u8], at_end: bool, layout: &Layout) -> usize {
    with_sample(bytes, at_end, |sample| {
        geometry::rows(sample, layout, usize::MAX).len()
    })
}

/// Searches what explains the checksums of a queue, by a framing that was inferred.
#[must_use]
pub fn checksum_search(bytes: &[u8], at_end: bool, layout: &Layout) -> checksum::Search {
    with_sample(bytes, at_end, |sample| {
        fields::checksum_search(sample, layout)
    })
}

/// Finds the texts in some bytes and hands both on.
fn with_sample<T>(bytes: &[u8], at_end: bool, look: impl FnOnce(&Sample<'_>) -> T) -> T {
    let mut texts = scan::scan(bytes);
    starts::settle(&mut texts);
    starts::align(bytes, &mut texts);
    one_size::fill(bytes, &mut texts);
    let found = Sample {
        bytes,
        texts: &texts,
        at_end,
        chained: None,
    };
    match geometry::chained(&found) {
        Some((geometry, texts)) => look(&Sample {
            texts: &texts,
            chained: Some(&geometry),
            ..found
        }),
        None => look(&found),
    }
}
