//! The schedule of a postoffice on disk: PROCESS.GLB read, checked and staged. `dssched` and `nsda` share it.

use crate::codec::process::{HEADER_LEN, ProcessEntry, ProcessFile};
use crate::codec::timestamp::Timestamp;
use crate::codec::{CodecError, Record, record_count};
use crate::postoffice::{Batch, Layout, PostofficeError, layout};
use crate::protocol::schedule::{Entry, Move, Situation};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::ToolError;

/// PROCESS.GLB, whole and without contradictions.
#[derive(Debug)]
pub struct Schedule {
    /// Bytes before the first entry, kept as they are.
    pub header: [u8; HEADER_LEN],
    /// The entries in file order.
    pub entries: Vec<Entry>,
}

impl Schedule {
    /// Reads the schedule. A size that is not `512 + 197 * n`, or an entry that contradicts itself, is an error: it
    /// would start processes at wrong times (Q119111).
    ///
    /// It needs no lock: a batch puts a new file in place of the old one.
    ///
    /// # Errors
    /// PROCESS.GLB is missing, cannot be read or is damaged.
    pub fn load(layout: &Layout) -> Result<Self, PostofficeError> {
        let path = layout.path(&layout::PROCESS)?;
        match layout.read(&layout::PROCESS)? {
            None => Err(PostofficeError::Missing { path }),
            Some(bytes) => decode(&bytes).map_err(|source| PostofficeError::Codec { path, source }),
        }
    }

    /// Stages the schedule.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        let records = self.entries.iter().map(|entry| entry.record().clone());
        let file = ProcessFile {
            header: self.header,
            records: records.collect(),
        };
        let mut bytes = Vec::new();
        file.write_to(&mut bytes)
            .map_err(|error| PostofficeError::Unstorable(error.to_string()))?;
        batch.replace_bytes(&layout::PROCESS, &bytes)
    }

    /// Gives entries their next times, and returns how many of the moves found theirs: somebody may have replaced the
    /// schedule since the moves were decided.
    pub fn carry_out(&mut self, moves: &[Move]) -> usize {
        let mut done = 0;
        for Move { before, after } in moves {
            if let Some(entry) = self.entries.iter_mut().find(|entry| *entry == before) {
                *entry = after.clone();
                done += 1;
            }
        }
        done
    }
}

fn decode(bytes: &[u8]) -> Result<Schedule, CodecError> {
    record_count(bytes.len() as u64, HEADER_LEN, ProcessEntry::LEN)?;
    let file = ProcessFile::read_from(bytes)?;
    let checked = file.records.into_iter().zip(0..).map(|(record, index)| {
        let offset = HEADER_LEN + index * ProcessEntry::LEN;
        Entry::check(record).map_err(|error| error.in_record(index as u64 + 1, offset as u64))
    });
    Ok(Schedule {
        header: file.header,
        entries: checked.collect::<Result<_, _>>()?,
    })
}

/// Returns the time of a run as the schedule stores it.
///
/// # Errors
/// The clock is out of what can be stored.
pub fn now(clock: &Clock) -> Result<Timestamp, ToolError> {
    Timestamp::from_jiff(clock.now()).ok_or_else(|| {
        let found = clock.now();
        ToolError::usage(format!("the clock shows {found}, expected 1970 to 2106"))
    })
}

/// Returns what decisions about the schedule of a postoffice depend on.
///
/// # Errors
/// GLB cannot be read.
pub fn situation<'c>(
    layout: &Layout,
    clock: &'c Clock,
    now: Timestamp,
) -> Result<Situation<'c>, PostofficeError> {
    Ok(Situation {
        now,
        zone: clock.zone(),
        is_server: layout.exists(&layout::SRVCONF)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ds_s007_a_size_of_no_whole_number_of_entries_is_damage() {
        for (len, told) in [
            (0, "size is 0 bytes, expected 512 + n * 197"),
            (511, "size is 511 bytes, expected 512 + n * 197"),
            (512 + 196, "size is 708 bytes, expected 512 + n * 197"),
            (
                512 + 197,
                "record 1 at byte 0x200: byte 0x0: kind: found 0, expected 1 to 3",
            ),
        ] {
            let error = decode(&vec![0; len]).expect_err(told);
            assert_eq!(error.to_string(), told);
        }
        assert_eq!(decode(&[7; 512]).expect("empty").header, [7; 512]);
    }
}
