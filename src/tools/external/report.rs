//! What a pass says about itself.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::item::{Outcome, Row};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, ReportFile};

/// The summary. Each message is counted once for each postoffice that it lay in.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    pub(super) program: &'static str,
    /// The postoffices given, in order.
    pub(super) postoffices: Vec<String>,
    pub(super) dry_run: bool,
    /// `delivered + relayed + mailed + returned + waiting + quarantined`.
    pub(super) read: u64,
    pub(super) delivered: u64,
    pub(super) relayed: u64,
    pub(super) mailed: u64,
    pub(super) returned: u64,
    pub(super) waiting: u64,
    pub(super) quarantined: u64,
    /// Postoffices that somebody else held.
    pub(super) busy: Vec<String>,
    pub(super) messages: Vec<Note>,
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub(super) elapsed: Duration,
    pub(super) exit: ExitCode,
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_millis() as f64 / 1000.0)
}

/// Takes what happens, message by message.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) summary: Summary,
    report: Option<ReportFile>,
    /// Lines for the screen.
    lines: Vec<String>,
    is_verbose: bool,
}

impl Record {
    pub(super) fn new(
        postoffices: Vec<String>,
        dry_run: bool,
        is_verbose: bool,
        report: Option<ReportFile>,
    ) -> Self {
        Self {
            summary: Summary {
                program: "external",
                postoffices,
                dry_run,
                read: 0,
                delivered: 0,
                relayed: 0,
                mailed: 0,
                returned: 0,
                waiting: 0,
                quarantined: 0,
                busy: Vec::new(),
                messages: Vec::new(),
                elapsed: Duration::ZERO,
                exit: ExitCode::Done,
            },
            report,
            lines: Vec::new(),
            is_verbose,
        }
    }

    /// Takes a message.
    pub(super) fn take(&mut self, row: &Row) -> Result<(), ToolError> {
        let summary = &mut self.summary;
        summary.read += 1;
        let count = match row.outcome {
            Outcome::Delivered => &mut summary.delivered,
            Outcome::Relayed => &mut summary.relayed,
            Outcome::Mailed => &mut summary.mailed,
            Outcome::Returned => &mut summary.returned,
            Outcome::Waiting => &mut summary.waiting,
            Outcome::Quarantined => &mut summary.quarantined,
        };
        *count += 1;
        let went = matches!(
            row.outcome,
            Outcome::Delivered | Outcome::Relayed | Outcome::Mailed
        );
        if !went {
            summary.exit = summary.exit.worst(ExitCode::Partial);
        }
        if self.is_verbose || !went {
            self.lines.push(line(row));
        }
        match &mut self.report {
            Some(report) => report.line(row),
            None => Ok(()),
        }
    }

    /// Adds something that is not about one message.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.summary.messages.push(Note {
            number: None,
            text: text.into(),
        });
    }

    /// Adds an error that does not end the pass.
    pub(super) fn error(&mut self, error: &ToolError) {
        self.summary.exit = self.summary.exit.worst(error.exit);
        self.summary.messages.push(Note {
            number: error.logged.as_ref().map(|message| message.number),
            text: error.to_string(),
        });
    }

    /// Prints what there is to say, and ends the report.
    pub(super) fn finish(
        mut self,
        json: bool,
        elapsed: Duration,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        self.summary.elapsed = elapsed;
        let exit = self.summary.exit;
        match json {
            true => {
                serde_json::to_writer(&mut *screen, &self.summary).map_err(io::Error::from)?;
                writeln!(screen)?;
            }
            false => self.print(screen)?,
        }
        if let Some(report) = self.report {
            report.finish_with(&self.summary, exit)?;
        }
        Ok(exit)
    }

    fn print(&self, screen: &mut impl Write) -> io::Result<()> {
        for line in &self.lines {
            writeln!(screen, "{line}")?;
        }
        let summary = &self.summary;
        write!(
            screen,
            "{}: {} read",
            summary.postoffices.join(", "),
            summary.read
        )?;
        for (count, word) in [
            (summary.delivered, "delivered"),
            (summary.relayed, "relayed"),
            (summary.mailed, "mailed"),
            (summary.returned, "returned"),
            (summary.waiting, "waiting"),
            (summary.quarantined, "quarantined"),
        ] {
            if count > 0 {
                write!(screen, ", {count} {word}")?;
            }
        }
        writeln!(screen)?;
        for note in &summary.messages {
            match note.number {
                Some(number) => writeln!(screen, "[{number:3}] {}", note.text)?,
                None => writeln!(screen, "{}", note.text)?,
            }
        }
        if summary.dry_run {
            writeln!(screen, "Dry run: nothing was written.")?;
        }
        if summary.exit != ExitCode::Done {
            let exit = summary.exit;
            writeln!(screen, "Exit {}: {}.", exit.number(), exit.meaning())?;
        }
        Ok(())
    }
}

fn line(row: &Row) -> String {
    let unknown = |text: &str| match text {
        "" => "?".to_owned(),
        text => text.to_owned(),
    };
    let mut line = format!(
        "{}: {} -> {}: {}",
        row.postoffice,
        unknown(&row.from),
        unknown(&row.to),
        row.outcome.word()
    );
    if !row.route.is_empty() {
        line.push_str(&format!(" ({})", row.route));
    }
    if row.outcome == Outcome::Waiting && row.tries > 0 {
        match row.tries {
            1 => line.push_str(", tried once"),
            tries => line.push_str(&format!(", tried {tries} times")),
        }
    }
    if !row.reason.is_empty() {
        line.push_str(&format!(": {}", row.reason));
    }
    line
}
