//! Makes resync files: into the postoffice of the server, or outside of it.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{How, Purpose, Selection, Server, Walk, Walked, all_lists};
use crate::address::PostofficeName;
use crate::codec::queue::QueueRecord;
use crate::codec::resync::{EndMark, ResyncError, ResyncHeader, ResyncWriter};
use crate::codec::timestamp::Timestamp;
use crate::messages::Message;
use crate::plan::Note as PlanNote;
use crate::plan::op::Position;
use crate::plan::outcome::Counts;
use crate::postoffice::log::LogLine;
use crate::postoffice::places::Places;
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::tools::cli::confirm::confirm;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::outfile::OutFile;
use crate::tools::pass::{ImportLog, Report, Wishes};
use crate::tools::report::Note;
use crate::tools::session::{Session, note};

/// Where a resync file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// GLB/RESYNC.GLB of the server itself, to be copied from there (Q119449).
    Postoffice,
    /// A file outside.
    Outside(PathBuf),
}

/// One resync file to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where it goes.
    pub target: Target,
    /// What it holds.
    pub selection: Selection,
    /// The requestor it is for; none for any.
    pub addressee: Option<PostofficeName>,
}

/// Makes the files, all with one STAMP, which SRVCONF keeps: no file is in place before the server knows its STAMP.
///
/// # Errors
/// Nothing is in place: the postoffice is no server, a list is damaged, something cannot be written. Where a file
/// outside could not be given its name after the STAMP was kept, the error names it.
pub fn run(
    mut session: Session,
    jobs: impl FnOnce(&Server) -> Result<Vec<Job>, ToolError>,
    wishes: &Wishes,
    mut report: Report,
    log: Option<&ImportLog>,
    interrupt: &Interrupt,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let made = Server::load(&session.po).and_then(|server| {
        let jobs = jobs(&server)?;
        make(&mut session, server, &jobs, wishes, &mut report, interrupt)
    });
    let made = match made {
        Ok(made) => made,
        Err(error) => return Err(session.fail(error).into()),
    };
    let mut summary = session.summary(wishes.dry_run);
    summary.counts = made.walked.counts;
    summary.messages = made.walked.messages.iter().map(note).collect();
    if wishes.verbose {
        summary.messages.extend(made.walked.details());
    }
    summary.messages.extend(made.said);
    if let Some(log) = log {
        write_failures(&session, log, &made.walked.messages)?;
    }
    let exit = made.walked.exit();
    session.finish(&mut summary, exit);
    summary.print(wishes.json, screen)?;
    report.finish(&summary)?;
    Ok(exit)
}

/// Writes messages about entries to the log of `-l`; there is no source line to repeat.
///
/// # Errors
/// [`ExitCode::CannotWrite`].
pub fn write_failures(
    session: &Session,
    log: &ImportLog,
    messages: &[Message],
) -> Result<(), ToolError> {
    let code_page = session.po.code_page();
    let bytes = |text: &str| code_page.encode(text).unwrap_or_else(|_| text.into());
    let notes: Vec<_> = messages
        .iter()
        .map(|message| PlanNote {
            at: Position::default(),
            message: message.number,
            argument: bytes(&message.argument),
        })
        .collect();
    log.write(&session.po, &notes, session.clock.now(), &mut |_| Ok(()))
}

/// What was made.
struct Made {
    walked: Walked,
    said: Vec<Note>,
}

fn make(
    session: &mut Session,
    mut server: Server,
    jobs: &[Job],
    wishes: &Wishes,
    report: &mut Report,
    interrupt: &Interrupt,
) -> Result<Made, ToolError> {
    let now = Timestamp::from_jiff(session.clock.now()).unwrap_or_default();
    let stamp = server.issue_stamp(now)?;
    if wishes.dry_run {
        let mut writing = Writing::new(&session.po, report, interrupt, now)?;
        for job in jobs {
            let header = server.header(stamp, job.addressee.as_ref());
            writing.file(job, &header, io::sink())?;
        }
        return Ok(writing.made);
    }
    confirm(wishes.yes, &question(&session.po, jobs))?;
    let failed = |error: PostofficeError, drive| {
        let message = error.message(drive);
        failure(message.as_ref(), error.into())
    };
    let drive = session.drive;
    let mut outside = Vec::new();
    let Session { po, log, clock, .. } = session;
    let batch = po.batch().map_err(|e| failed(e, drive))?;
    log.add_warnings(clock.now(), &batch);
    let mut writing = Writing::new(po, report, interrupt, now)?;
    for job in jobs {
        let header = server.header(stamp, job.addressee.as_ref());
        match &job.target {
            Target::Postoffice => {
                let staged = batch
                    .replace(&layout::RESYNC)
                    .map_err(|e| failed(e, drive))?;
                let staged = writing.file(job, &header, staged)?;
                staged.finish().map_err(|e| failed(e, drive))?;
            }
            Target::Outside(path) => {
                let file = OutFile::create(path).map_err(|e| cannot_write(path, e))?;
                let mut file = writing.file(job, &header, file)?;
                file.seal().map_err(|e| cannot_write(path, e))?;
                outside.push((path, file));
            }
        }
    }
    let mut made = writing.made;
    report.flush()?;
    server.stage(&batch).map_err(|e| failed(e, drive))?;
    for message in &made.walked.messages {
        log.add(clock.now(), &LogLine::from(message.clone()));
    }
    let details = made.walked.details().filter(|_| wishes.verbose);
    for detail in details {
        log.add_local(clock.now(), &LogLine::status(detail.text));
    }
    for said in &made.said {
        log.add(clock.now(), &LogLine::status(&*said.text));
    }
    if let Some(farewell) = session.program.farewell {
        log.add(clock.now(), &LogLine::status(farewell));
    }
    log.stage(&batch).map_err(|e| failed(e, drive))?;
    let committed = batch.commit().map_err(|e| failed(e, drive))?;
    for (path, file) in outside {
        file.put_in_place().map_err(|e| cannot_write(path, e))?;
    }
    made.said
        .extend(committed.warnings.iter().map(|warning| Note {
            number: None,
            text: warning.to_string(),
        }));
    Ok(made)
}

/// Writes one file after the other.
struct Writing<'a> {
    po: &'a Postoffice,
    places: Places,
    report: &'a mut Report,
    interrupt: &'a Interrupt,
    now: Timestamp,
    made: Made,
}

impl<'a> Writing<'a> {
    fn new(
        po: &'a Postoffice,
        report: &'a mut Report,
        interrupt: &'a Interrupt,
        now: Timestamp,
    ) -> Result<Self, ToolError> {
        let walked = Walked {
            counts: Counts::default(),
            messages: Vec::new(),
            lists: Vec::new(),
            altered: false,
        };
        Ok(Self {
            po,
            places: Places::load(po)?,
            report,
            interrupt,
            now,
            made: Made {
                walked,
                said: Vec::new(),
            },
        })
    }

    fn file<W: Write>(
        &mut self,
        job: &Job,
        header: &ResyncHeader,
        output: W,
    ) -> Result<W, ToolError> {
        let (po, places) = (self.po, &self.places);
        let mut lists = all_lists(po, places);
        lists.retain(|id| job.selection.takes(id, po.code_page()));
        let mut walk = Walk::new(po, places, &lists, self.report, self.interrupt)?;
        let written = write_resync(
            &mut walk,
            &lists,
            job.selection.templates,
            header,
            self.now,
            output,
        );
        let walked = walk.finish();
        let (output, mark) = written.map_err(|error| {
            let message = error.logged.clone();
            failure(message.as_ref(), error)
        })?;
        self.made.walked.merge(walked);
        let text = description(po, job, header, mark);
        self.made.said.push(Note { number: None, text });
        Ok(output)
    }
}

/// Writes the header, every list and the end mark.
fn write_resync<W: Write>(
    walk: &mut Walk<'_>,
    lists: &[crate::list::ListId],
    templates: bool,
    header: &ResyncHeader,
    now: Timestamp,
    output: W,
) -> Result<(W, EndMark), ToolError> {
    let mut writer = ResyncWriter::new(output, header, now).map_err(unwritable)?;
    let mut number: u32 = 0;
    let how = How {
        info: templates,
        template: templates,
        replace: true,
        purpose: Purpose::Dirsync,
    };
    for id in lists {
        walk.list(id, how, &mut |transaction| {
            number = number.checked_add(1).ok_or_else(|| {
                ToolError::new(ExitCode::CannotWrite, "more transactions than numbers")
            })?;
            let text = transaction.encode_queue_text();
            writer
                .write(&QueueRecord::transaction(now, number, 0, text))
                .map_err(unwritable)?;
            Ok(Some(number))
        })?;
    }
    writer.finish().map_err(unwritable)
}

/// Says what was made; records are counted as `resync show` counts them, without header and end mark.
fn description(po: &Postoffice, job: &Job, header: &ResyncHeader, mark: EndMark) -> String {
    let code_page = po.code_page();
    let reader = match &job.addressee {
        Some(name) => format!("PCM:{}", name.view(code_page)),
        None => "any requestor".to_owned(),
    };
    let numbers = format!(
        "{} records for {reader}, IMPSEQ={} REQSEQ={} SRVSEQ={} STAMP={}",
        mark.count.saturating_sub(1),
        header.import_sync,
        header.req_sync,
        header.srv_sync,
        header.stamp
    );
    match &job.target {
        Target::Outside(path) => format!("{}: {numbers}", path.display()),
        // Left here it disturbs the next run of the server (Q156124, Q96060).
        Target::Postoffice => format!(
            "RESYNC.GLB: {numbers}. Copy RESYNC.GLB into the GLB directory of each requestor, and delete it here: \
             the server must not process it"
        ),
    }
}

fn question(po: &Postoffice, jobs: &[Job]) -> String {
    let name = po.name().view(po.code_page());
    let in_postoffice = jobs.iter().any(|job| job.target == Target::Postoffice);
    if in_postoffice {
        format!("{name}: all address lists are extracted into GLB/RESYNC.GLB.")
    } else {
        format!(
            "{name}: the address lists are extracted into {} files.",
            jobs.len()
        )
    }
}

/// Wraps an error in message 63; an interruption is none.
pub fn failure(cause: Option<&Message>, error: ToolError) -> ToolError {
    if error.exit == ExitCode::Busy {
        return error;
    }
    let message = Message::new(63, cause.map_or_else(String::new, ToString::to_string));
    let text = format!("{}: {}", Message::new(63, ""), error.message);
    ToolError::new(error.exit, text).with_message(message)
}

fn cannot_write(path: &std::path::Path, error: io::Error) -> ToolError {
    let text = format!("{}: {}: {error}", Message::new(63, ""), path.display());
    ToolError::new(ExitCode::CannotWrite, text)
        .with_message(Message::new(63, path.display().to_string()))
}

fn unwritable(error: ResyncError) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, error.to_string())
}
