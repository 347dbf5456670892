//! `import -e`: the transactions of a text file go into the dir-sync stream (`spec/import.md` 6.4).

use std::io::Write;
use std::path::Path;

use super::block::{action_of, argument_of};
use super::input;
use super::options::Options;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::importfile::{Block, Reader, name_on_line};
use crate::messages::{Message, Severity};
use crate::plan::Note;
use crate::plan::op::Position;
use crate::plan::outcome::{Counts, EntryOutcome, Outcome, OutcomeSink, Reason};
use crate::postoffice::log::LogLine;
use crate::postoffice::queues::RequestorQueue;
use crate::postoffice::{PostofficeError, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::confirm::confirm;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{Report, failure_messages, log_line};
use crate::tools::report;
use crate::tools::session::{Access, Session, note};
use crate::transaction::{Entry, Transaction};

/// Runs `import -e`.
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let path = options
        .file
        .as_deref()
        .ok_or_else(|| ToolError::usage("the input file is missing: -f<file>"))?;
    let mut report = Report::create(options.common.report.as_deref())?;
    let access = Access::of_writer(options.dry_run);
    let mut session = Session::open(super::PROGRAM, &options.login, access, clock)?;
    let fed = feed(&session, path, options.code_page, &mut report, &interrupt);
    let fed = match fed {
        Ok(fed) => fed,
        Err(error) => return Err(session.fail(error).into()),
    };
    conclude(options, session, fed, report, screen)
}

/// The transactions that wait to be staged, and what was said of the others.
struct Fed {
    queue: RequestorQueue,
    counts: Counts,
    notes: Vec<Note>,
}

fn feed(
    session: &Session,
    path: &Path,
    from: Option<CodePage>,
    report: &mut Report,
    interrupt: &Interrupt,
) -> Result<Fed, ToolError> {
    let po = &session.po;
    let config = po.requestor_config()?;
    let stamp = Timestamp::from_jiff(session.clock.now()).unwrap_or_default();
    let queue = RequestorQueue::open(po, &config, stamp).map_err(|error| match error {
        PostofficeError::Missing { .. } => {
            let message = Message::new(2, layout::REQTRANS.stem()).with_severity(Severity::Warning);
            ToolError::from(error).with_message(message)
        }
        error => error.into(),
    })?;
    let mut fed = Fed {
        queue,
        counts: Counts::default(),
        notes: Vec::new(),
    };
    let input = input::open(path, from, po.code_page())?;
    for block in Reader::new(input, po.code_page()) {
        interrupt.check()?;
        let block = block.map_err(|error| input::unreadable(path, error))?;
        fed.take(session, block, report)?;
    }
    Ok(fed)
}

impl Fed {
    fn take(
        &mut self,
        session: &Session,
        block: Block,
        report: &mut Report,
    ) -> Result<(), ToolError> {
        let line = u32::try_from(block.line).unwrap_or(u32::MAX);
        for message in &block.messages {
            let line = u32::try_from(message.line).unwrap_or(u32::MAX);
            let argument = argument_of(&session.po, message);
            let at = Position { line, sync: 0 };
            self.notes.push(Note {
                at,
                message: message.number,
                argument,
            });
        }
        let code_page = session.po.code_page();
        let Some(mut transaction) = block.transaction else {
            let message = block.messages.last().map_or(21, |message| message.number);
            let reason = Reason::of_refused_line(message);
            self.counts.read += 1;
            self.counts.count(Outcome::Refused, Some(reason));
            let name = code_page.decode(name_on_line(&block.raw, code_page));
            let action = action_of(&block.raw);
            let mut outcome = EntryOutcome::new("", name, "REQTRANS", action, Outcome::Refused);
            outcome.reason = Some(reason);
            outcome.message = Some(message);
            outcome.line = Some(block.line);
            return report.take(outcome).map_err(report_error);
        };
        transaction.clear_tokens();
        complete_second_line(&mut transaction);
        let number = self.queue.push(&transaction)?;
        let (action, entry) = (action_of(&block.raw), transaction.entry());
        let outcome = if entry.is_some() {
            Outcome::Added
        } else {
            Outcome::Command
        };
        self.counts.read += u64::from(entry.is_some());
        self.counts.count(outcome, None);
        let address = entry.map_or_else(String::new, |entry| entry.address().view(code_page));
        let name = entry.map_or_else(String::new, |entry| code_page.decode(entry.name()));
        let mut outcome = EntryOutcome::new(address, name, "REQTRANS", action, outcome);
        outcome.sync = Some(number);
        outcome.line = Some(u64::from(line));
        report.take(outcome).map_err(report_error)
    }
}

/// Every M goes out with its second line: Exchange mishandles one without it (Q159308, Q151782).
fn complete_second_line(transaction: &mut Transaction) {
    if let Transaction::Modify { entry, new, .. } = transaction {
        let second: &Entry = entry;
        new.get_or_insert_with(|| second.clone());
    }
}

fn report_error(error: std::io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, error.to_string())
}

fn conclude(
    options: &Options,
    mut session: Session,
    fed: Fed,
    mut report: Report,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let Fed {
        queue,
        counts,
        notes,
    } = fed;
    let mut summary = session.summary(options.dry_run);
    summary.counts = counts;
    if queue.is_behind() {
        let argument = format!(
            "REQTRANS ends at {}, ReqSync is {}: the new transactions are numbered above both, so that they are sent",
            queue.last, queue.confirmed
        );
        let message = Message::new(40, argument).with_severity(Severity::Warning);
        summary.messages.push(note(&message));
        session.log_message(message);
    }
    let mut exit = ExitCode::from(&counts);
    for note in &notes {
        let line = log_line(&session.po, note);
        if options.common.json {
            summary.messages.push((&line).into());
        } else {
            writeln!(screen, "{} IMPORT: {}", note.at.line, line.tagged())?;
        }
        // An information line that its type cannot have is dropped though its entry goes out.
        if line.severity() >= Severity::Error {
            exit = exit.worst(ExitCode::Partial);
        }
        session.log(&line);
    }
    if !options.dry_run {
        let count = queue.count();
        let name = session.po.name().view(session.po.code_page());
        if count > 0 {
            let question = format!("{name}: {count} transactions will be sent to all requestors.");
            if let Err(error) = confirm(options.flags.yes, &question) {
                return Err(session.fail(error).into());
            }
        }
        report.flush()?;
        let log_before = session.log.clone();
        match commit(&mut session, queue) {
            Ok(warnings) => summary.messages.extend(warnings),
            Err(error) => {
                session.log = log_before;
                let messages = failure_messages(&error, session.drive, counts.read);
                return Err(session.fail_with(error, &messages).into());
            }
        }
    }
    session.finish(&mut summary, exit);
    summary.print(options.common.json, screen)?;
    report.finish(&summary)?;
    Ok(exit)
}

/// Appends the transactions in one batch with the lines of the log, and returns the warnings of the batch.
fn commit(
    session: &mut Session,
    queue: RequestorQueue,
) -> Result<Vec<report::Note>, PostofficeError> {
    let Session { po, log, clock, .. } = session;
    let batch = po.batch()?;
    log.add_warnings(clock.now(), &batch);
    if let Some(farewell) = super::PROGRAM.farewell {
        log.add(clock.now(), &LogLine::status(farewell));
    }
    if queue.count() > 0 {
        batch.bump_flag();
    }
    queue.stage(&batch)?;
    log.stage(&batch)?;
    let committed = batch.commit()?;
    let warnings = committed.warnings.iter();
    let texts = warnings.map(ToString::to_string);
    Ok(texts
        .map(|text| report::Note { number: None, text })
        .collect())
}
