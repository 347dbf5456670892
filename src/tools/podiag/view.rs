//! What a run found and did, as JSON has it and as the screen is printed from.

use std::time::Duration;

use serde::Serialize;

use crate::diagnosis::repair::{Done, Planned};
use crate::diagnosis::{CHECKS, Check, Finding, Operator, Severity};
use crate::tools::exit::ExitCode;
use crate::tools::report::Note;

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct FindingView {
    /// Id of the check.
    pub id: &'static str,
    /// `fatal`, `error`, `warning` or `remark`.
    pub severity: &'static str,
    /// What the check is about.
    pub theme: &'static str,
    /// What it says in general.
    pub title: &'static str,
    /// The file or directory below the postoffice.
    pub file: Option<String>,
    /// Number of the record, from 1.
    pub record: Option<u64>,
    /// Byte from the start of the file.
    pub byte: Option<u64>,
    /// What is there.
    pub found: String,
    /// What should be.
    pub expected: String,
    /// What to do.
    pub remedy: String,
    /// What to type.
    pub command: Option<String>,
    /// Whether `--repair` mends it.
    pub repairable: bool,
    /// The articles.
    pub articles: &'static [&'static str],
    /// Where, in words.
    #[serde(skip)]
    pub place: String,
}

impl FindingView {
    fn new(finding: &Finding, operator: &Operator) -> Self {
        let command = finding.remedy.command.as_ref();
        let place = finding.place.to_string();
        Self {
            id: finding.check.id,
            severity: finding.check.severity.word(),
            theme: finding.check.theme.title(),
            title: finding.check.title,
            file: finding.file.clone(),
            record: finding.place.record,
            byte: finding.place.byte,
            found: finding.found.clone(),
            expected: finding.expected.clone(),
            remedy: finding.remedy.advice.to_string(),
            command: command.map(|command| command.line(operator)),
            repairable: finding.repair.is_some(),
            articles: finding.check.articles,
            place: match &finding.file {
                Some(file) if place.is_empty() => file.clone(),
                Some(file) => format!("{file}, {place}"),
                None => place,
            },
        }
    }
}

/// One repair that was done, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct RepairView {
    /// Id of the check that found it.
    pub id: &'static str,
    /// What is done.
    pub action: String,
    /// The files it changes.
    pub files: Vec<String>,
    /// Whether it was done.
    pub done: bool,
    /// Why it was not.
    pub refused: Option<String>,
}

impl RepairView {
    /// A repair that a dry run shows.
    #[must_use]
    pub fn planned(planned: &Planned) -> Self {
        Self {
            id: planned.check,
            action: planned.repair.to_string(),
            files: planned.files.clone(),
            done: false,
            refused: None,
        }
    }

    /// A repair that was tried.
    #[must_use]
    pub fn done(done: &Done) -> Self {
        Self {
            done: done.refused.is_none(),
            refused: done.refused.clone(),
            ..Self::planned(&done.planned)
        }
    }
}

/// The totals: the last line of a report, and part of the object of `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Name of the program.
    pub program: &'static str,
    /// `NET/PO`, where MASTER.GLB says it.
    pub postoffice: Option<String>,
    /// Whether nothing was written although repairs were asked for.
    pub dry_run: bool,
    /// Checks that were made.
    pub checks: usize,
    /// Findings of each severity; after a repair, those that are left.
    pub fatal: usize,
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Remarks.
    pub remarks: usize,
    /// Where the files that a repair replaced are kept.
    pub kept: Option<String>,
    /// What is to be said about the run as a whole.
    pub messages: Vec<Note>,
    /// How long it took.
    pub seconds: f64,
    /// How the program ends.
    pub exit: ExitCode,
}

impl Totals {
    /// Counts findings.
    #[must_use]
    pub fn new(program: &'static str, postoffice: Option<String>, findings: &[Finding]) -> Self {
        let count = |severity| {
            let of_it = findings.iter().filter(|f| f.check.severity == severity);
            of_it.count()
        };
        let remarks = count(Severity::Remark);
        Self {
            program,
            postoffice,
            dry_run: false,
            checks: CHECKS.len(),
            fatal: count(Severity::Fatal),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            remarks,
            kept: None,
            messages: Vec::new(),
            seconds: 0.0,
            // Remarks are worth knowing; only what is or goes wrong asks for somebody.
            exit: match findings.len() == remarks {
                true => ExitCode::Done,
                false => ExitCode::Differences,
            },
        }
    }

    /// Sets the time taken, in milliseconds as in the summaries of the other programs.
    pub fn took(&mut self, elapsed: Duration) {
        self.seconds = elapsed.as_millis() as f64 / 1000.0;
    }
}

/// The object of `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// The totals.
    #[serde(flatten)]
    pub totals: Totals,
    /// The findings, the worst first.
    pub findings: Vec<FindingView>,
    /// The repairs.
    pub repairs: Vec<RepairView>,
}

impl Diagnosis {
    /// Describes findings for one operator.
    #[must_use]
    pub fn new(totals: Totals, findings: &[Finding], operator: &Operator) -> Self {
        let views = findings.iter().map(|f| FindingView::new(f, operator));
        Self {
            totals,
            findings: views.collect(),
            repairs: Vec::new(),
        }
    }
}

/// One check, for `--list`.
#[derive(Debug, Clone, Serialize)]
pub struct CheckView {
    /// Its id.
    pub id: &'static str,
    /// How bad its findings are.
    pub severity: &'static str,
    /// What it is about.
    pub theme: &'static str,
    /// What its findings say.
    pub title: &'static str,
    /// Whether `--repair` mends what it finds.
    pub repairable: bool,
    /// Its articles.
    pub articles: &'static [&'static str],
}

impl From<&'static Check> for CheckView {
    fn from(check: &'static Check) -> Self {
        Self {
            id: check.id,
            severity: check.severity.word(),
            theme: check.theme.title(),
            title: check.title,
            repairable: check.is_repairable,
            articles: check.articles,
        }
    }
}
