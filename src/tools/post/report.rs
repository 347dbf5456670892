//! What a program that exchanges mail says about itself: a line per message and per transaction, and how many.

use std::io::{self, Write};

use serde::Serialize;

use crate::plan::outcome::{EntryOutcome, OutcomeSink};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, Summary, put_line};

/// How many messages ended in which way; `read = taken + duplicates + refused + left`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MailCounts {
    /// Messages read.
    pub read: u64,
    /// Taken.
    pub taken: u64,
    /// Taken before.
    pub duplicates: u64,
    /// Put into the quarantine.
    pub refused: u64,
    /// Left for another program.
    pub left: u64,
    /// Sent.
    pub sent: u64,
}

impl std::fmt::Display for MailCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Messages: {} read", self.read)?;
        let parts = [
            (self.taken, "taken"),
            (self.duplicates, "duplicates"),
            (self.refused, "refused"),
            (self.left, "left"),
            (self.sent, "sent"),
        ];
        for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

/// One line of a report: what became of one message.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailLine {
    /// `taken`, `duplicate`, `refused`, `left`, `sent` or `failed`.
    pub mail: &'static str,
    /// Its identifier, where it has one.
    pub id: Option<String>,
    /// Who sent it.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// The published number of a refusal.
    pub message: Option<u16>,
    /// Transactions in it.
    pub transactions: Option<u64>,
    /// Why it was refused, or what was noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The report file of such a program, if one is wanted.
#[derive(Debug, Default)]
pub struct Reporter {
    file: Option<ReportFile>,
    /// How many messages there were.
    pub mail: MailCounts,
}

impl Reporter {
    /// Begins with a file that was made before anything was done.
    #[must_use]
    pub fn new(file: Option<ReportFile>) -> Self {
        Self {
            file,
            mail: MailCounts::default(),
        }
    }

    /// Reports what became of a message, and counts it.
    ///
    /// # Errors
    /// The line could not be written.
    pub fn mail(&mut self, line: &MailLine) -> Result<(), ToolError> {
        match line.mail {
            "taken" => self.mail.taken += 1,
            "duplicate" => self.mail.duplicates += 1,
            "refused" => self.mail.refused += 1,
            "left" => self.mail.left += 1,
            "sent" => self.mail.sent += 1,
            _ => {}
        }
        match &mut self.file {
            Some(file) => file.line(line),
            None => Ok(()),
        }
    }

    /// Tells whether lines are written at all.
    #[must_use]
    pub fn wants_lines(&self) -> bool {
        self.file.is_some()
    }

    /// Reports what became of a transaction.
    ///
    /// # Errors
    /// The line could not be written.
    pub fn entry(&mut self, line: EntryOutcome<'_>) -> Result<(), ToolError> {
        self.take(line)
            .map_err(|e| ToolError::new(ExitCode::CannotWrite, e.to_string()))
    }

    /// Hands every line so far to the system, before the commit.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> Result<(), ToolError> {
        self.file.as_mut().map_or(Ok(()), ReportFile::flush)
    }

    /// Prints the summary, and ends the report with it.
    ///
    /// # Errors
    /// The screen or the file cannot be written.
    pub fn finish(
        self,
        exchange: &Exchange<'_>,
        json: bool,
        screen: &mut impl Write,
    ) -> anyhow::Result<()> {
        if json {
            put_line(screen, exchange)?;
        } else {
            write!(screen, "{}", exchange.summary)?;
            writeln!(screen, "{}.", exchange.messages_exchanged)?;
        }
        match self.file {
            Some(file) => Ok(file.finish_with(exchange, exchange.summary.exit)?),
            None => Ok(()),
        }
    }
}

impl OutcomeSink for Reporter {
    fn wants_details(&self) -> bool {
        self.file.is_some()
    }

    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.take(line))
    }
}

/// The summary of such a program: that of every program, and the counts of its messages under `mail`.
#[derive(Debug, Serialize)]
pub struct Exchange<'s> {
    /// The summary of every program.
    #[serde(flatten)]
    pub summary: &'s Summary,
    /// How many messages ended in which way.
    #[serde(rename = "mail")]
    pub messages_exchanged: MailCounts,
    /// Numbers of the server before and after, for the server alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerNumbers>,
}

/// Numbers of the directory server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServerNumbers {
    /// Highest SrvSync before the run.
    pub sync_before: u32,
    /// Highest SrvSync after it.
    pub sync_after: u32,
    /// The cycle.
    pub cycle: u32,
}
