//! What a run says about itself: the summary on the screen, and the lines of a report file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::plan::outcome::{Counts, EntryOutcome, OutcomeSink};
use crate::postoffice::log::LogLine;
use crate::tools::exit::{ExitCode, ToolError};

/// The sync numbers of a postoffice, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// REQSEQ.
    pub req_sync: u32,
    /// SRVSEQ.
    pub srv_sync: u32,
    /// IMPSEQ.
    pub import_sync: u32,
}

/// Something a run says that is not about one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Number of the published message (`spec/messages.tsv`), where there is one.
    pub number: Option<u16>,
    /// The message.
    pub text: String,
}

impl From<&LogLine> for Note {
    fn from(line: &LogLine) -> Self {
        Self {
            number: line.number(),
            text: line.to_string(),
        }
    }
}

/// What a run did. As JSON, one object with these keys in this order, the counts among them.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the program.
    pub program: &'static str,
    /// The postoffice it worked on, `NET/PO`; none where there is none, or more than one.
    pub postoffice: Option<String>,
    /// Whether nothing was written because that was asked for; the counts then are what would have been done.
    pub dry_run: bool,
    /// How many entries ended in which way.
    #[serde(flatten)]
    pub counts: Counts,
    /// The numbers before the run, where it is about numbers.
    pub before: Option<Numbers>,
    /// The numbers after it.
    pub after: Option<Numbers>,
    /// Warnings and other messages about the run as a whole.
    pub messages: Vec<Note>,
    /// How long it took; written in seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
    /// How the program ends; written as its number.
    pub exit: ExitCode,
}

fn seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Milliseconds are as much as anybody compares, and they print without a tail of digits.
    serializer.serialize_f64(elapsed.as_millis() as f64 / 1000.0)
}

impl Summary {
    /// Starts a summary in which nothing has happened.
    #[must_use]
    pub fn new(program: &'static str, postoffice: Option<String>, dry_run: bool) -> Self {
        Self {
            program,
            postoffice,
            dry_run,
            counts: Counts::default(),
            before: None,
            after: None,
            messages: Vec::new(),
            elapsed: Duration::ZERO,
            exit: ExitCode::Done,
        }
    }

    /// Prints the summary: with `json` as one object on one line, else as text for a person.
    ///
    /// # Errors
    ///
    /// The output could not be written.
    pub fn print(&self, json: bool, output: &mut dyn Write) -> io::Result<()> {
        if json {
            put_line(output, self)
        } else {
            write!(output, "{self}")
        }
    }
}

/// A few lines for a person: what was read and became of it, the numbers if they moved, messages, the end.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(postoffice) = &self.postoffice {
            write!(f, "{postoffice}: ")?;
        }
        writeln!(f, "{}", CountsLine(&self.counts))?;
        if let (Some(before), Some(after)) = (self.before, self.after) {
            writeln!(
                f,
                "ReqSync {}, SrvSync {}, ImportSync {}",
                Move(before.req_sync, after.req_sync),
                Move(before.srv_sync, after.srv_sync),
                Move(before.import_sync, after.import_sync),
            )?;
        }
        for note in &self.messages {
            match note.number {
                Some(number) => writeln!(f, "[{number:3}] {}", note.text)?,
                None => writeln!(f, "{}", note.text)?,
            }
        }
        if self.dry_run {
            writeln!(f, "Dry run: nothing was written.")?;
        }
        if self.exit != ExitCode::Done {
            writeln!(f, "Exit {}: {}.", self.exit.number(), self.exit.meaning())?;
        }
        Ok(())
    }
}

struct Move(u32, u32);

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{} -> {}", self.0, self.1)
        }
    }
}

struct CountsLine<'a>(&'a Counts);

impl fmt::Display for CountsLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0;
        write!(f, "{} read", counts.read)?;
        let parts = [
            (counts.added, "added"),
            (counts.modified, "modified"),
            (counts.renamed, "renamed"),
            (counts.deleted, "deleted"),
            (counts.unchanged, "unchanged"),
            (counts.refused, "refused"),
            (counts.ignored, "ignored"),
            (counts.swept, "swept"),
            (counts.kept, "kept"),
            (counts.withheld, "withheld"),
        ];
        for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        match counts.commands {
            0 => Ok(()),
            1 => f.write_str(", 1 command"),
            many => write!(f, ", {many} commands"),
        }
    }
}

/// The file of `--report`: one JSON line per entry, and the summary last.
///
/// Open it before anything else and call [`flush`](Self::flush) before the commit, so that a report that
/// cannot be written stops the run while nothing has changed.
#[derive(Debug)]
pub struct ReportFile<W: Write = File> {
    path: PathBuf,
    output: BufWriter<W>,
}

impl ReportFile {
    /// Creates the file, or empties the one of that name.
    ///
    /// # Errors
    ///
    /// [`ExitCode::CannotWrite`].
    pub fn create(path: &Path) -> Result<Self, ToolError> {
        match File::create(path) {
            Ok(file) => Ok(Self::new(path, file)),
            Err(error) => Err(cannot_write(path, ExitCode::CannotWrite, error)),
        }
    }
}

impl<W: Write> ReportFile<W> {
    fn new(path: &Path, output: W) -> Self {
        Self {
            path: path.into(),
            output: BufWriter::with_capacity(1 << 16, output),
        }
    }

    /// Hands every line so far to the system. For the moment before the commit.
    ///
    /// # Errors
    ///
    /// [`ExitCode::CannotWrite`].
    pub fn flush(&mut self) -> Result<(), ToolError> {
        self.output
            .flush()
            .map_err(|error| cannot_write(&self.path, ExitCode::CannotWrite, error))
    }

    /// Writes a line that says in its own way what it is about, such as a record of a queue.
    ///
    /// # Errors
    ///
    /// [`ExitCode::CannotWrite`].
    pub fn line(&mut self, line: &impl Serialize) -> Result<(), ToolError> {
        put_line(&mut self.output, line)
            .map_err(|error| cannot_write(&self.path, ExitCode::CannotWrite, error))
    }

    /// Writes the summary and closes the file.
    ///
    /// # Errors
    ///
    /// [`ExitCode::Partial`] where the run itself is done and only its summary is missing.
    pub fn finish(self, summary: &Summary) -> Result<(), ToolError> {
        self.finish_with(summary, summary.exit)
    }

    /// As [`Self::finish`], with the summary of a program that has its own, and the code it ends with.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`].
    pub fn finish_with(
        mut self,
        summary: &impl Serialize,
        exit: ExitCode,
    ) -> Result<(), ToolError> {
        put_line(&mut self.output, summary)
            .and_then(|()| self.output.flush())
            .map_err(|error| cannot_write(&self.path, exit.worst(ExitCode::Partial), error))
    }
}

/// Writes the report of a run that is about no entries, if one is wanted: its summary alone.
///
/// # Errors
///
/// It cannot be written.
pub fn report_alone(
    path: Option<&Path>,
    summary: &impl Serialize,
    exit: ExitCode,
) -> Result<(), ToolError> {
    match path {
        Some(path) => ReportFile::create(path)?.finish_with(summary, exit),
        None => Ok(()),
    }
}

impl<W: Write> OutcomeSink for ReportFile<W> {
    fn wants_details(&self) -> bool {
        true
    }

    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()> {
        put_line(&mut self.output, &line).map_err(|error| {
            let text = format!("report {}: {error}", self.path.display());
            io::Error::new(error.kind(), text)
        })
    }
}

/// Writes a value as one line of JSON.
pub(super) fn put_line(mut output: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut output, line)?;
    output.write_all(b"\n")
}

fn cannot_write(path: &Path, exit: ExitCode, error: io::Error) -> ToolError {
    ToolError::new(exit, format!("report {}", path.display())).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outcome::{Action, Outcome};

    fn summary() -> Summary {
        let mut summary = Summary::new("import", Some("NET1/PO1".into()), false);
        summary.counts = Counts {
            read: 4,
            added: 3,
            refused: 1,
            swept: 2,
            commands: 1,
            ..Counts::default()
        };
        summary.before = Some(Numbers {
            req_sync: 17,
            srv_sync: 80,
            import_sync: 1,
        });
        summary.after = Some(Numbers {
            req_sync: 17,
            srv_sync: 92,
            import_sync: 1,
        });
        summary.messages.push(Note {
            number: Some(27),
            text: "Alias already exists".into(),
        });
        summary.elapsed = Duration::from_micros(1_250_900);
        summary.exit = ExitCode::Partial;
        summary
    }

    #[test]
    fn the_json_summary_is_one_object_on_one_line_with_its_keys_in_order() {
        let mut output = Vec::new();
        summary().print(true, &mut output).expect("memory");
        assert_eq!(
            String::from_utf8(output).expect("text"),
            concat!(
                r#"{"program":"import","postoffice":"NET1/PO1","dry_run":false,"#,
                r#""read":4,"added":3,"modified":0,"renamed":0,"deleted":0,"unchanged":0,"refused":1,"#,
                r#""ignored":0,"swept":2,"kept":0,"withheld":0,"commands":1,"#,
                r#""before":{"req_sync":17,"srv_sync":80,"import_sync":1},"#,
                r#""after":{"req_sync":17,"srv_sync":92,"import_sync":1},"#,
                r#""messages":[{"number":27,"text":"Alias already exists"}],"seconds":1.25,"exit":1}"#,
                "\n"
            )
        );
    }

    #[test]
    fn the_screen_says_what_happened_in_a_few_lines() {
        let mut summary = summary();
        assert_eq!(
            summary.to_string(),
            "NET1/PO1: 4 read, 3 added, 1 refused, 2 swept, 1 command\n\
             ReqSync 17, SrvSync 80 -> 92, ImportSync 1\n\
             [ 27] Alias already exists\n\
             Exit 1: done, but not for every entry.\n"
        );
        summary.dry_run = true;
        assert!(
            summary
                .to_string()
                .contains("Dry run: nothing was written.\n")
        );
    }

    #[test]
    fn a_report_is_a_line_per_entry_and_the_summary_last() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("report.jsonl");
        let mut report = ReportFile::create(&path).expect("writable");
        assert!(report.wants_details());
        for name in ["Ann", "Bob \"the\" \u{1}"] {
            let line = EntryOutcome::new("SMTP:a@b", name, "SMTP", Action::Add, Outcome::Added);
            report.take(line).expect("writable");
        }
        report.flush().expect("writable");
        report.finish(&summary()).expect("writable");

        let text = std::fs::read_to_string(&path).expect("readable");
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("one object per line"))
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["name"], "Bob \"the\" \u{1}");
        assert_eq!(lines[2]["program"], "import");
        assert_eq!(lines[2]["exit"], 1);
    }

    #[test]
    fn a_report_that_cannot_be_made_stops_the_run_before_it_begins() {
        let error = ReportFile::create(Path::new("no/such/directory/r")).expect_err("no directory");
        assert_eq!(error.exit, ExitCode::CannotWrite);
        assert_eq!(error.to_string(), "report no/such/directory/r");
    }

    struct FullDisk;

    impl Write for FullDisk {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_full_before_the_commit_is_exit_73_and_after_it_exit_1() {
        let line = || EntryOutcome::new("SMTP:a@b", "Ann", "SMTP", Action::Add, Outcome::Added);
        let mut report = ReportFile::new(Path::new("r"), FullDisk);
        let long = EntryOutcome::new("x".repeat(1 << 17), "", "SMTP", Action::Add, Outcome::Added);
        let error = report.take(long).expect_err("longer than the buffer");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().starts_with("report r: "), "{error}");

        let mut report = ReportFile::new(Path::new("r"), FullDisk);
        report.take(line()).expect("buffered");
        assert_eq!(
            report.flush().expect_err("full").exit,
            ExitCode::CannotWrite
        );

        let report = ReportFile::new(Path::new("r"), FullDisk);
        let error = report.finish(&summary()).expect_err("full");
        assert_eq!(error.exit, ExitCode::Partial);
    }
}
