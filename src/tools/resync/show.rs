//! `resync show`: what a resync file holds. What else a list may be written in is for [`super::show_side`].

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use super::file::{self, Contents, Shown, State};
use super::options::ShowArgs;
use super::{show_side, tally};
use crate::codec::codepage::CodePage;
use crate::codec::queue::Framed;
use crate::codec::timestamp::Timestamp;
use crate::importfile::{Diagnostic, Writer};
use crate::messages::Message;
use crate::plan::outcome::{Action, Counts, EntryOutcome, Outcome, OutcomeSink, Reason};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::ExitCode;
use crate::tools::framed;
use crate::tools::pass::Report;
use crate::tools::report::{Note, Summary};
use crate::tools::side::{SideKind, SideSpec};

/// Runs `resync show`.
///
/// # Errors
/// The file cannot be read, or is no resync file; the output cannot be written.
pub(super) fn run(args: &ShowArgs, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let framing = framed::load(args.framing.as_deref())?;
    let is_framed = framing.is_some();
    let spec = SideSpec::recognise(args.file.as_os_str())?.framed_by(framing);
    // What is meant to be a queue is said; else it is a resync file without its header.
    let is_ours = matches!(spec.kind, SideKind::Resync | SideKind::Queue) || is_framed;
    if !is_ours || spec.is_told() {
        return show_side::run(args, &spec, screen);
    }
    let clock = Clock::from_environment()?;
    let mut examination = Examination::new(args.code_page, &args.common)?;
    let contents = if args.text {
        print_text(args, &mut examination, screen)?
    } else {
        file::read(
            &args.file,
            args.framing.as_deref(),
            examination.code_page,
            &mut |framed, shown| examination.take(framed, &shown),
        )?
    };
    let exit = match contents.ending {
        State::Damaged => ExitCode::Damaged,
        State::Whole | State::NoEndMark => ExitCode::Done,
    };
    let name = args.file.display().to_string();
    let examined = examination.finish(name, contents, exit);
    if args.common.json {
        examined.print_json(screen)?;
    } else if !args.text {
        examined.print(&clock, screen)?;
    }
    examined.report.finish(&examined.found.summary)?;
    Ok(exit)
}

/// Prints the transactions as import text; what is none becomes a comment.
fn print_text(
    args: &ShowArgs,
    examination: &mut Examination,
    screen: &mut impl Write,
) -> anyhow::Result<Contents> {
    let code_page = examination.code_page;
    let contents = file::read(
        &args.file,
        args.framing.as_deref(),
        code_page,
        &mut |framed, shown| {
            match &shown {
                Shown::Transaction(transaction) => {
                    let mut text = Writer::new(Vec::with_capacity(128));
                    text.write(transaction)?;
                    screen.write_all(&text.finish()?)?;
                }
                Shown::Unreadable(messages) => {
                    let line = describe(framed, messages);
                    write!(screen, "# {line}\r\n")?;
                }
                Shown::Comment => {}
            }
            examination.take(framed, &shown)
        },
    )?;
    write!(screen, "# {}\r\n", contents.verdict())?;
    Ok(contents)
}

/// The records of a file while they pass: counts, messages, lines of the report.
pub(super) struct Examination {
    pub(super) code_page: CodePage,
    report: Report,
    counts: Counts,
    messages: Vec<Note>,
    started: Instant,
}

/// What was found, as JSON: the summary of every program, and what the file holds.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    file: String,
    #[serde(flatten)]
    pub(super) contents: Contents,
    #[serde(flatten)]
    pub(super) summary: Summary,
}

/// What was found, with the report it goes into.
pub(super) struct Examined {
    pub(super) found: Found,
    pub(super) report: Report,
}

impl Examination {
    pub(super) fn new(
        code_page: Option<CodePage>,
        common: &crate::tools::cli::CommonArgs,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            code_page: code_page.unwrap_or_default(),
            report: Report::create(common.report.as_deref())?,
            counts: Counts::default(),
            messages: Vec::new(),
            started: Instant::now(),
        })
    }

    /// Takes one record. Nothing is applied, so what can be read counts as unchanged.
    pub(super) fn take(&mut self, framed: &Framed, shown: &Shown<'_>) -> anyhow::Result<()> {
        match shown {
            Shown::Comment => Ok(()),
            Shown::Transaction(transaction) => {
                let sync = Some(framed.record.sync);
                let (counts, report) = (&mut self.counts, &mut self.report);
                Ok(tally::take(
                    transaction,
                    sync,
                    self.code_page,
                    counts,
                    report,
                )?)
            }
            Shown::Unreadable(messages) => self.unreadable(framed, messages),
        }
    }

    fn unreadable(&mut self, framed: &Framed, messages: &[Diagnostic]) -> anyhow::Result<()> {
        let number = messages.last().map_or(13, |message| message.number);
        let reason = Reason::Message(number);
        self.counts.read += 1;
        self.counts.count(Outcome::Refused, Some(reason));
        let text = describe(framed, messages);
        let line = EntryOutcome::new("", "", "", Action::None, Outcome::Refused);
        let mut line = line.because(reason);
        line.sync = Some(framed.record.sync);
        line.detail = Some(text.as_str().into());
        self.report.take(line)?;
        self.messages.push(Note {
            number: Some(number),
            text,
        });
        Ok(())
    }

    pub(super) fn finish(self, file: String, contents: Contents, exit: ExitCode) -> Examined {
        let mut summary = Summary::new("resync", None, false);
        summary.counts = self.counts;
        summary.messages = self.messages;
        if contents.ending != State::Whole {
            let text = contents.verdict();
            summary.messages.push(Note { number: None, text });
        }
        summary.elapsed = self.started.elapsed();
        summary.exit = exit;
        Examined {
            found: Found {
                file,
                contents,
                summary,
            },
            report: self.report,
        }
    }
}

impl Examined {
    pub(super) fn print_json(&self, screen: &mut impl Write) -> anyhow::Result<()> {
        writeln!(screen, "{}", serde_json::to_string(&self.found)?)?;
        Ok(())
    }

    /// Prints the lines about records that are no transactions.
    pub(super) fn print_messages(&self, screen: &mut impl Write) -> anyhow::Result<()> {
        for note in &self.found.summary.messages {
            if let Some(number) = note.number {
                writeln!(screen, "[{number:3}] {}", note.text)?;
            }
        }
        Ok(())
    }

    fn print(&self, clock: &Clock, screen: &mut impl Write) -> anyhow::Result<()> {
        let Found { file, contents, .. } = &self.found;
        let header = &contents.header;
        writeln!(
            screen,
            "{file}: from {} for {}",
            header.server, header.addressee
        )?;
        writeln!(
            screen,
            "IMPSEQ {}, REQSEQ {}, SRVSEQ {}, STAMP {} ({})",
            header.import_sync,
            header.req_sync,
            header.srv_sync,
            header.stamp,
            Timestamp(header.stamp).asctime(clock.zone())
        )?;
        contents.lists.print(screen)?;
        self.print_messages(screen)?;
        writeln!(
            screen,
            "{} records, {}",
            contents.records,
            contents.verdict()
        )?;
        Ok(())
    }
}

/// Names a record and what is wrong with its text.
fn describe(framed: &Framed, messages: &[Diagnostic]) -> String {
    let place = format!("record {} at byte {:#x}", framed.number, framed.offset);
    let faults = messages.iter().map(|message| {
        format!(
            "{}: line {}, column {}: found {}, expected {}",
            Message::new(message.number, ""),
            message.line,
            message.column,
            message.found,
            message.expected
        )
    });
    let faults: Vec<_> = faults.collect();
    format!("{place}: {}", faults.join("; "))
}
