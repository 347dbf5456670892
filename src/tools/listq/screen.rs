//! The screen of `listq`: one line per record, in the columns of Q96060.

use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::record::{Checksum, Listed};
use crate::codec::codepage::CodePage;
use crate::codec::codepage::visible::push_visible;
use crate::codec::queue::RecordKind;
use crate::codec::timestamp::Timestamp;

/// Which columns are shown, and how text and times are read.
#[derive(Debug)]
pub struct Columns {
    /// `-c`: the checksum of each record.
    pub checksum: bool,
    /// Digits of a checksum.
    pub digits: usize,
    /// `-t`: when each record was queued.
    pub dates: bool,
    /// Zone of the date stamps.
    pub zone: TimeZone,
    /// Code page of the texts.
    pub page: CodePage,
}

/// Prints records below each other.
#[derive(Debug)]
pub struct Table {
    columns: Columns,
    line: String,
    /// Records of one run share their stamp, and printing a date is the dearest part of a line.
    last_date: (Timestamp, String),
}

impl Table {
    /// Makes a table; [`Self::head`] comes first.
    #[must_use]
    pub fn new(columns: Columns) -> Self {
        let epoch = Timestamp::ZERO.asctime(&columns.zone);
        Self {
            columns,
            line: String::new(),
            last_date: (Timestamp::ZERO, epoch),
        }
    }

    /// Tells whether the checksums are shown.
    #[must_use]
    pub fn checks(&self) -> bool {
        self.columns.checksum
    }

    /// Prints the headings of the columns.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn head(&self, output: &mut dyn Write) -> io::Result<()> {
        if self.columns.checksum {
            write!(output, "{:<1$} ", "CRC", self.columns.digits)?;
        }
        if self.columns.dates {
            write!(output, "{:<24} ", "Date stamp")?;
        }
        writeln!(output, "Sync#  Transaction")
    }

    /// Prints one record; what is wrong with it stands below its text.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn row(&mut self, record: &Listed<'_>, output: &mut dyn Write) -> io::Result<()> {
        self.line.clear();
        self.put(record).expect("a string takes everything");
        output.write_all(self.line.as_bytes())
    }

    fn put(&mut self, record: &Listed<'_>) -> std::fmt::Result {
        let Self {
            columns,
            line,
            last_date,
        } = self;
        let digits = columns.digits;
        if columns.checksum {
            match record.checksum {
                Checksum::Verified(stored) | Checksum::Wrong { stored, .. } => {
                    write!(line, "{stored:0digits$X} ")?;
                }
                Checksum::NotExplained(stored) => write!(line, "{stored:0digits$X}?")?,
                Checksum::None => write!(line, "{:-<digits$} ", "")?,
            }
        }
        if columns.dates {
            match record.stamp {
                Some(stamp) => {
                    if last_date.0 != stamp {
                        *last_date = (stamp, stamp.asctime(&columns.zone));
                    }
                    write!(line, "{} ", last_date.1)?;
                }
                None => write!(line, "{:-<24} ", "")?,
            }
        }
        match record.sync {
            Some(sync) => write!(line, "{sync:06} ")?,
            None => line.push_str("------ "),
        }
        let indent = line.len();
        push_visible(line, record.text, columns.page, indent);
        line.push('\n');
        if let Checksum::Wrong { stored, computed } = record.checksum {
            writeln!(
                line,
                "{:indent$}*** wrong checksum: stored {stored:0digits$X}, computed {computed:0digits$X}",
                ""
            )?;
        }
        for fault in record.faults {
            writeln!(line, "{:indent$}*** {fault}", "")?;
        }
        if let RecordKind::Other(kind) = record.kind {
            writeln!(line, "{:indent$}*** record of unknown kind {kind}", "")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::queue::{Framed, QueueRecord};

    fn printed(checksum: bool, dates: bool, framed: &Framed) -> String {
        printed_as(checksum, dates, &Listed::of(framed))
    }

    fn printed_as(checksum: bool, dates: bool, record: &Listed<'_>) -> String {
        let mut table = Table::new(Columns {
            checksum,
            digits: 4,
            dates,
            zone: TimeZone::UTC,
            page: CodePage::default(),
        });
        let mut output = Vec::new();
        table.head(&mut output).expect("memory");
        table.row(record, &mut output).expect("memory");
        String::from_utf8(output).expect("text")
    }

    fn framed(text: &[u8]) -> Framed {
        Framed {
            number: 1,
            offset: 0,
            stored_checksum: Some(0xb4a2),
            computed_checksum: 0xb4a2,
            record: QueueRecord::transaction(Timestamp(765_720_832), 2, 0, text.to_vec()),
        }
    }

    #[test]
    fn columns_stand_below_their_headings() {
        let record = framed(b"M Ann\tPCM:N/P/ann\r\n  Anne\tPCM:N/P/ann");
        assert_eq!(
            printed(true, true, &record),
            "CRC  Date stamp               Sync#  Transaction\n\
             B4A2 Thu Apr 07 12:13:52 1994 000002 M Ann<tab>PCM:N/P/ann\n\
             \x20                                      Anne<tab>PCM:N/P/ann\n"
        );
        assert_eq!(
            printed(false, false, &framed(b"R PCM:N/P")),
            "Sync#  Transaction\n000002 R PCM:N/P\n"
        );
    }

    #[test]
    fn what_is_wrong_stands_below_the_record() {
        let mut record = framed(b"x");
        record.computed_checksum = 0x0001;
        record.record.kind = RecordKind::Other(9);
        assert_eq!(
            printed(true, false, &record),
            "CRC  Sync#  Transaction\n\
             B4A2 000002 x\n\
             \x20           *** wrong checksum: stored B4A2, computed 0001\n\
             \x20           *** record of unknown kind 9\n"
        );
    }

    #[test]
    fn what_another_framing_does_not_have_or_explain_is_left_open() {
        let faults = ["wrong length at header byte 0".to_owned()];
        let mut record = Listed {
            number: 1,
            offset: 0,
            kind: RecordKind::Transaction,
            sync: Some(70_000_000_000),
            stamp: None,
            origin: None,
            checksum: Checksum::NotExplained(0xfb16),
            text: b"R PCM:N/P",
            faults: &faults,
        };
        assert_eq!(
            printed_as(true, true, &record),
            "CRC  Date stamp               Sync#  Transaction\n\
             FB16?------------------------ 70000000000 R PCM:N/P\n\
             \x20                                         *** wrong length at header byte 0\n"
        );
        (record.checksum, record.sync, record.faults) = (Checksum::None, None, &[]);
        assert_eq!(
            printed_as(true, false, &record),
            "CRC  Sync#  Transaction\n---- ------ R PCM:N/P\n"
        );
    }
}
