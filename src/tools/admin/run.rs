//! What every word of `admin` shares: refusals, what was done in words, the one batch, and the end of the run.

use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value};

use super::PROGRAM;
use super::options::Options;
use crate::address::{AddressError, AddressType, PostofficeName};
use crate::codec::Record;
use crate::codec::codepage::CodePage;
use crate::codec::master::Master;
use crate::codec::reqconf::ReqConf;
use crate::codec::timestamp::Timestamp;
use crate::messages::Message;
use crate::plan::outcome::{Action, EntryOutcome, Outcome, OutcomeSink};
use crate::postoffice::log::{Log, LogLine};
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::confirm::confirm;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{Decided, Effects, Report, State, commit, failure_messages};
use crate::tools::report::{Note, Summary};
use crate::tools::session::{Access, Session, complete_login, note};

/// One run of `admin` on an open postoffice.
pub(super) struct Run<'o> {
    /// The postoffice, the clock and the log.
    pub(super) session: Session,
    /// What every word reads of it.
    pub(super) state: State,
    /// The command line.
    pub(super) options: &'o Options,
    /// Mailbox of the account that runs it.
    pub(super) administrator: String,
    /// The report file.
    pub(super) report: Report,
    summary: Summary,
    done: Vec<String>,
    table: Option<Table>,
}

/// What a list word shows.
struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

/// The object of `--json`: that of every program, and the rows of a list word.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Map<String, Value>>>,
}

impl<'o> Run<'o> {
    /// Opens the postoffice; a word that only reads shares it.
    pub(super) fn open(options: &'o Options, clock: Clock) -> Result<Self, ToolError> {
        let report = Report::create(options.common.report.as_deref())?;
        let access = match options.dry_run || options.words.only_reads() {
            true => Access::Read,
            false => Access::Write,
        };
        let login = complete_login(&options.login)?;
        let mut session = Session::open(PROGRAM, &login, access, clock)?;
        let state = match State::load(&session.po) {
            Ok(state) => state,
            Err(error) => return Err(session.fail(error.into())),
        };
        let summary = session.summary(options.dry_run);
        Ok(Self {
            session,
            state,
            options,
            administrator: login.administrator.unwrap_or_default(),
            report,
            summary,
            done: Vec::new(),
            table: None,
        })
    }

    pub(super) fn po(&self) -> &Postoffice {
        &self.session.po
    }

    pub(super) fn code_page(&self) -> CodePage {
        self.session.po.code_page()
    }

    /// Returns the time of the run as records hold it.
    pub(super) fn stamp(&self) -> Timestamp {
        Timestamp::from_jiff(self.session.clock.now()).unwrap_or_default()
    }

    /// Writes text of the command line in the code page of the postoffice.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u8>, ToolError> {
        encode(self.code_page(), text)
    }

    /// Reads the name of a postoffice, or of a node behind a gateway.
    pub(super) fn place_name(
        &self,
        kind: AddressType,
        text: &str,
    ) -> Result<PostofficeName, ToolError> {
        let bytes = self.encode(text)?;
        let name = match kind.family() {
            AddressType::Pcm => PostofficeName::parse(&bytes, self.code_page()),
            kind => PostofficeName::parse_for(kind, &bytes, self.code_page()),
        };
        name.map_err(|error| wrong(text, &error))
    }

    /// Says what was done, on the screen and, with the commit, in DIRSYNC.LOG.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.done.push(text.into());
    }

    /// Says something that is not about what was done.
    pub(super) fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.summary.messages.push(Note { number: None, text });
    }

    /// Warns with a published message, on the screen and in both logs.
    pub(super) fn warn(&mut self, message: Message) {
        self.summary.messages.push(note(&message));
        self.session.log_message(message);
    }

    /// Counts an entry, and reports it.
    pub(super) fn count(
        &mut self,
        action: Action,
        outcome: Outcome,
        list: &str,
        name: &str,
        address: &str,
    ) -> Result<(), ToolError> {
        if outcome == Outcome::Command {
            self.summary.counts.count(outcome, None);
        } else {
            self.summary.counts.read += 1;
            self.summary.counts.count(outcome, None);
        }
        let line = EntryOutcome::new(address, name, list, action, outcome);
        self.report
            .take(line)
            .map_err(|e| ToolError::new(ExitCode::CannotWrite, e.to_string()))
    }

    /// Counts a setting that was changed.
    pub(super) fn count_setting(&mut self) {
        self.summary.counts.count(Outcome::Command, None);
    }

    /// Takes over the counts of a pass.
    pub(super) fn count_pass(&mut self, decided: &Decided) {
        self.summary.counts.merge(&decided.counts);
    }

    /// Asks before something goes that cannot be had back.
    pub(super) fn confirm(&self, question: &str) -> Result<(), ToolError> {
        confirm(self.options.yes || self.options.dry_run, question)
    }

    /// Shows a table.
    pub(super) fn show(&mut self, columns: &'static [&'static str], rows: Vec<Vec<Value>>) {
        self.table = Some(Table { columns, rows });
    }

    /// Carries out a change in one batch: what `stage` stages, REQCONF.GLB if it differs, the logs. A dry run stops
    /// before it.
    pub(super) fn commit(
        &mut self,
        stage: impl FnOnce(
            &Postoffice,
            &mut State,
            &Batch<'_>,
            &mut ReqConf,
        ) -> Result<(), PostofficeError>,
    ) -> Result<(), ToolError> {
        if self.options.dry_run {
            return Ok(());
        }
        self.report.flush()?;
        let log_before = self.log_done();
        let Session { po, log, clock, .. } = &mut self.session;
        let (po, state) = (&*po, &mut self.state);
        let staged = (|| {
            let batch = po.batch()?;
            log.add_warnings(clock.now(), &batch);
            let mut config = state.config.clone();
            stage(po, state, &batch, &mut config)?;
            if config != state.config {
                let mut bytes = [0; ReqConf::LEN];
                config.encode(&mut bytes);
                batch.replace_bytes(&layout::REQCONF, &bytes)?;
            }
            log.stage(&batch)?;
            batch.bump_flag();
            let committed = batch.commit()?;
            Ok(committed.warnings.iter().map(ToString::to_string).collect())
        })();
        self.committed(staged, log_before)
    }

    /// Carries out what a pass over the accounts has decided.
    pub(super) fn commit_pass(
        &mut self,
        decided: Decided,
        effects: Effects,
    ) -> Result<(), ToolError> {
        if self.options.dry_run {
            return Ok(());
        }
        self.report.flush()?;
        let log_before = self.log_done();
        let done = commit(&mut self.session, &mut self.state, decided, effects);
        self.committed(done, log_before)
    }

    /// Puts what is done into the log of the batch, and returns the log without it.
    fn log_done(&mut self) -> Log {
        let before = self.session.log.clone();
        for text in &self.done {
            self.session
                .log
                .add(self.session.clock.now(), &LogLine::status(text.clone()));
        }
        before
    }

    fn committed(
        &mut self,
        result: Result<Vec<String>, PostofficeError>,
        log_before: Log,
    ) -> Result<(), ToolError> {
        match result {
            Ok(warnings) => {
                warnings.into_iter().for_each(|text| self.remark(text));
                Ok(())
            }
            Err(error) => {
                // The lines of success went with the batch; where it is decided, the next run completes both.
                self.session.log = log_before;
                let messages = failure_messages(&error, self.session.drive, 0);
                let error = ToolError::from(error);
                Err(match messages.into_iter().next() {
                    Some(message) => {
                        let text = format!("{message}: {}", error.message);
                        ToolError::new(error.exit, text).with_message(message)
                    }
                    None => error,
                })
            }
        }
    }

    /// Ends the run: the summary, the report, and the log of a failure.
    pub(super) fn finish(
        mut self,
        result: Result<ExitCode, ToolError>,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let (exit, error) = match result {
            Ok(exit) => {
                let done = std::mem::take(&mut self.done).into_iter();
                let notes = done.map(|text| Note { number: None, text });
                self.summary.messages.splice(0..0, notes);
                (exit, None)
            }
            // A wrong command line is nothing that the logs need.
            Err(error) if error.exit == ExitCode::Usage => (error.exit, Some(error)),
            Err(error) => {
                let error = self.session.fail(error);
                (error.exit, Some(error))
            }
        };
        if let Some(error) = &error {
            self.summary.messages.push(Note {
                number: error.logged.as_ref().map(|message| message.number),
                text: error.message.clone(),
            });
        }
        self.session.finish(&mut self.summary, exit);
        let json = self.options.common.json;
        match (json, error) {
            (true, _) => self.print_json(screen)?,
            (false, None) => self.print_text(screen)?,
            (false, Some(error)) => {
                self.report.finish(&self.summary)?;
                return Err(error.into());
            }
        }
        self.report.finish(&self.summary)?;
        Ok(exit)
    }

    fn print_json(&self, screen: &mut impl Write) -> anyhow::Result<()> {
        let entries = self.table.as_ref().map(|table| {
            let object = |row: &Vec<Value>| {
                let names = table.columns.iter().map(ToString::to_string);
                names.zip(row.iter().cloned()).collect()
            };
            table.rows.iter().map(object).collect()
        });
        let summary = &self.summary;
        serde_json::to_writer(&mut *screen, &Output { summary, entries })?;
        writeln!(screen)?;
        Ok(())
    }

    fn print_text(&self, screen: &mut impl Write) -> anyhow::Result<()> {
        if let Some(table) = &self.table {
            table.print(screen)?;
        }
        for note in &self.summary.messages {
            match note.number {
                Some(number) => writeln!(screen, "[{number:3}] {}", note.text)?,
                None => writeln!(screen, "{}", note.text)?,
            }
        }
        if self.options.dry_run {
            writeln!(screen, "Dry run: nothing was written.")?;
        }
        Ok(())
    }
}

impl Table {
    fn print(&self, screen: &mut impl Write) -> std::io::Result<()> {
        let heads = self.columns.iter().map(|name| name.replace('_', " "));
        let mut lines: Vec<Vec<String>> = vec![heads.collect()];
        let rows = self.rows.iter();
        lines.extend(rows.map(|row| row.iter().map(cell).collect::<Vec<_>>()));
        let width_of = |column: usize| lines.iter().map(move |line| line[column].chars().count());
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| width_of(column).max().unwrap_or(0))
            .collect();
        for line in &lines {
            let padded = line.iter().zip(&widths);
            let cells: Vec<_> = padded
                .map(|(text, width)| format!("{text:width$}"))
                .collect();
            writeln!(screen, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Refuses with a published message. What does not exist ends in 66, everything else in 1.
pub(super) fn refused(number: u16, argument: impl Into<String>) -> ToolError {
    let exit = match number {
        2 | 29 | 31 | 32 | 44 | 54 | 55 | 120 => ExitCode::NotFound,
        10 | 136 => ExitCode::NotHere,
        _ => ExitCode::Partial,
    };
    let message = Message::new(number, argument);
    ToolError::new(exit, message.to_string()).with_message(message)
}

/// Refuses with words of our own, where no message was published.
pub(super) fn refused_because(text: impl Into<String>) -> ToolError {
    ToolError::new(ExitCode::Partial, text)
}

/// A value of the command line that the grammar does not have.
pub(super) fn wrong(text: &str, error: &AddressError) -> ToolError {
    let message = Message::new(error.number, text);
    ToolError::usage(format!("{text}: {error}")).with_message(message)
}

/// Writes text of the command line in a code page.
pub(super) fn encode(code_page: CodePage, text: &str) -> Result<Vec<u8>, ToolError> {
    code_page
        .encode(text)
        .map_err(|error| ToolError::usage(format!("{text}: {error}")))
}

/// Stages MASTER.GLB.
pub(super) fn stage_master(batch: &Batch<'_>, master: &Master) -> Result<(), PostofficeError> {
    let mut bytes = [0; Master::LEN];
    master.encode(&mut bytes);
    batch.replace_bytes(&layout::MASTER, &bytes)
}
