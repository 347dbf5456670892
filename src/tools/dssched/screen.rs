//! The screen of `dssched` (Q96060), with the lines of `-v` (Q148718).

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::protocol::schedule::Entry;
use crate::tools::banner;

/// The version that Q96060 prints.
const VERSION: &str = "DSSched v3.2";

/// What stands for an empty comment (Q148718).
const NONE: &str = "<null>";

/// What stands for a moment that the file cannot hold.
const PAST_END: &str = "(after February 2106)";

/// Prints the process times of one postoffice.
pub(super) struct Screen<'o> {
    /// `NET/PO` of the postoffice.
    pub(super) postoffice: &'o str,
    /// `-v`.
    pub(super) verbose: bool,
    /// Zone of all times.
    pub(super) zone: &'o TimeZone,
    /// Code page of the comments.
    pub(super) page: CodePage,
    /// Where it is printed.
    pub(super) output: &'o mut dyn Write,
}

impl Screen<'_> {
    /// Prints banner, heading and every entry.
    ///
    /// # Errors
    /// The output could not be written.
    pub(super) fn schedule(&mut self, entries: &[Entry]) -> io::Result<()> {
        banner::print(VERSION, self.output)?;
        let postoffice = self.postoffice;
        writeln!(self.output, "Examining {postoffice} Dir-Sync process times")?;
        if entries.is_empty() {
            writeln!(self.output, "\nNo process times are set.")?;
        }
        entries
            .iter()
            .zip(1..)
            .try_for_each(|(entry, number)| self.record(entry, number))
    }

    fn record(&mut self, entry: &Entry, number: usize) -> io::Result<()> {
        let (phase, record) = (entry.phase(), entry.record());
        let (option, description) = (phase.option(), phase.description());
        let current = self.moment(Some(entry.current()));
        let output = &mut *self.output;
        writeln!(output, "\n   Record number {number}")?;
        if self.verbose {
            writeln!(output, "ID = {}", record.id)?;
        }
        writeln!(output, "{description} (Dispatch runs NSDA {option})")?;
        writeln!(output, "Current time to run NSDA {option}: {current}")?;
        if self.verbose {
            self.details(entry)?;
        }
        Ok(())
    }

    fn details(&mut self, entry: &Entry) -> io::Result<()> {
        let record = entry.record();
        let (hours, seconds) = (hours(record.window), record.window);
        let not_after = self.moment(record.not_after());
        let next = self.moment(entry.next(self.zone));
        let comment = match record.comment.as_bytes() {
            [] => NONE.to_owned(),
            text => self.page.decode(text).replace(char::is_control, " "),
        };
        let output = &mut *self.output;
        writeln!(output, "Run window is {hours} ({seconds} seconds)")?;
        writeln!(
            output,
            "Time after which this process will not run: {not_after}"
        )?;
        writeln!(
            output,
            "If this time is exceeded, an error (missed run window) is recorded."
        )?;
        writeln!(output, "Next scheduled time is used instead of this time.")?;
        writeln!(output, "This instance next runs on {next}")?;
        writeln!(output, "Process comment: {comment}")
    }

    fn moment(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| PAST_END.to_owned(), |at| at.asctime(self.zone))
    }
}

/// Returns a run window in hours, with a fraction where it has one.
fn hours(window: u32) -> String {
    match f64::from(window) / 3600.0 {
        1.0 => "1 hour".to_owned(),
        hours if window % 3600 == 0 => format!("{hours} hours"),
        hours => format!("{hours:.2} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_shown_in_hours() {
        for (window, shown) in [
            (28_800, "8 hours"),
            (14_400, "4 hours"),
            (3_600, "1 hour"),
            (5_400, "1.50 hours"),
            (0, "0 hours"),
            (u32::MAX, "1193046.47 hours"),
        ] {
            assert_eq!(hours(window), shown);
        }
    }
}
