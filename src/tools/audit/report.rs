//! What an audit says: on the screen, a limited number of each finding; in the report, a line for every entry.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::explain::Explained;
use super::finding::{At, Finding, Outcome, Tally, Which};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, ReportFile};
use crate::tools::side::{About, Numbers, SideKind, SideSpec};

/// Findings of one kind that the screen shows without `--all`.
const SHOWN: u64 = 20;

/// Takes findings as they come.
pub(super) struct Reporter<'s> {
    screen: Option<&'s mut dyn Write>,
    report: Option<ReportFile>,
    shows_all: bool,
    shown: BTreeMap<Outcome, u64>,
    /// One entry alone is asked about.
    only: Option<&'s Explained>,
    /// What is counted, here and elsewhere.
    pub(super) tally: Tally,
    /// A finding is a difference between the sides, or wrong with one of them.
    pub(super) has_differences: bool,
}

impl<'s> Reporter<'s> {
    /// Shows findings on `screen`, if there is one, and writes them into `report`, if there is one.
    pub(super) fn new(
        screen: Option<&'s mut dyn Write>,
        report: Option<ReportFile>,
        shows_all: bool,
    ) -> Self {
        Self {
            screen,
            report,
            shows_all,
            shown: BTreeMap::new(),
            only: None,
            tally: Tally::default(),
            has_differences: false,
        }
    }

    /// Shows what is found about one entry, and nothing else.
    pub(super) fn only(mut self, explained: Option<&'s Explained>) -> Self {
        self.only = explained;
        if explained.is_some() {
            self.screen = None;
        }
        self
    }

    /// Tells whether entries without a difference are wanted too.
    pub(super) fn wants_equal(&self) -> bool {
        self.report.is_some() || self.only.is_some()
    }

    /// Takes a finding.
    ///
    /// # Errors
    /// The report or the screen cannot be written.
    pub(super) fn take(&mut self, finding: &Finding) -> Result<(), ToolError> {
        if let Some(explained) = self.only {
            explained.take(finding);
        }
        if let Some(report) = &mut self.report {
            report.line(finding)?;
        }
        let is_quiet = matches!(finding.outcome, Outcome::Equal | Outcome::Excluded);
        if let (Some(screen), false) = (&mut self.screen, is_quiet) {
            let shown = self.shown.entry(finding.outcome).or_default();
            *shown += 1;
            if *shown <= SHOWN || self.shows_all {
                print_finding(finding, *screen).map_err(unwritable)?;
            }
        }
        Ok(())
    }

    /// Takes a line for the screen.
    ///
    /// # Errors
    /// The screen cannot be written.
    pub(super) fn say(&mut self, text: &str) -> Result<(), ToolError> {
        match &mut self.screen {
            Some(screen) => writeln!(screen, "{text}").map_err(unwritable),
            None => Ok(()),
        }
    }

    /// Ends with the summary: what was counted, what was said, how the run ends.
    ///
    /// # Errors
    /// The report or the screen cannot be written.
    pub(super) fn finish(mut self, summary: &Summary<'_>) -> Result<(), ToolError> {
        let hidden = self.shown.iter().filter(|(_, count)| **count > SHOWN);
        let hidden: Vec<_> = hidden.map(|(o, count)| (*o, count - SHOWN)).collect();
        let is_limited = !self.shows_all;
        for (outcome, count) in hidden.into_iter().filter(|_| is_limited) {
            let word = outcome.word();
            self.say(&format!("{word:10} and {count} more: --all shows them"))?;
        }
        if let Some(screen) = &mut self.screen {
            print_summary(summary, *screen).map_err(unwritable)?;
        }
        match self.report {
            Some(report) => report.finish_with(summary, summary.exit),
            None => Ok(()),
        }
    }
}

/// What a run found, as one JSON object.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'t> {
    /// `audit`.
    pub(super) program: &'static str,
    /// `COMPLETE`: B holds exactly the entries of A; else `PARTIAL` (NT-01).
    pub(super) state: &'static str,
    /// What the sides are.
    pub(super) sides: Sides,
    /// How many of each.
    #[serde(flatten)]
    pub(super) tally: &'t Tally,
    /// What was written to mend B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repair: Option<Repaired>,
    /// Bytes that went through temporary files.
    pub(super) spilled: u64,
    /// What is said of the sides as a whole.
    pub(super) messages: Vec<Note>,
    /// How long it took, in seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub(super) elapsed: Duration,
    /// How the run ends.
    pub(super) exit: ExitCode,
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_millis() as f64 / 1000.0)
}

/// The two sides.
#[derive(Debug, Serialize)]
pub(super) struct Sides {
    /// What should be.
    pub(super) a: SideView,
    /// What is.
    pub(super) b: SideView,
}

/// A line for each: `A: postoffice M (NET/PO), ReqSync 4`.
impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, side, end) in [("A", &self.a, "\n"), ("B", &self.b, "")] {
            write!(f, "{letter}: {} {}", side.kind, side.place)?;
            if let Some(owner) = &side.owner {
                write!(f, " ({owner})")?;
            }
            if !side.whole {
                f.write_str(", not whole")?;
            }
            let numbers = [
                ("ReqSync", side.numbers.req_sync),
                ("SrvSync", side.numbers.srv_sync),
                ("ImportSync", side.numbers.import_sync),
            ];
            for (name, number) in numbers {
                if let Some(number) = number {
                    write!(f, ", {name} {number}")?;
                }
            }
            f.write_str(end)?;
        }
        Ok(())
    }
}

/// A side, as it was recognised.
#[derive(Debug, Serialize)]
pub(super) struct SideView {
    /// What it is.
    kind: SideKind,
    /// Where it is.
    place: String,
    /// Whose it is, as far as it says so.
    owner: Option<String>,
    /// Whether it was read to its end and nothing in it is damaged.
    whole: bool,
    /// Its numbers.
    numbers: Numbers,
}

impl From<&About> for SideView {
    fn from(about: &About) -> Self {
        Self {
            kind: about.kind,
            place: about.title.clone(),
            owner: about.owner.clone(),
            whole: about.incomplete.is_none() && !about.is_damaged,
            numbers: about.numbers.clone(),
        }
    }
}

/// What a repair consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Repaired {
    /// The file.
    pub(super) file: String,
    /// D transactions.
    pub(super) deletes: u64,
    /// M transactions.
    pub(super) modifies: u64,
    /// A transactions.
    pub(super) adds: u64,
    /// Findings that no transaction mends, by reason.
    pub(super) left_out: BTreeMap<String, u64>,
}

/// Returns the line that says what a side is.
pub(super) fn headline(side: Which, spec: &SideSpec) -> String {
    format!("{}: {} {}", side.letter(), spec.kind, spec.title())
}

pub(super) fn print_finding(finding: &Finding, screen: &mut dyn Write) -> std::io::Result<()> {
    write!(screen, "{:10}", finding.outcome.word())?;
    if let Some(side) = finding.side {
        write!(screen, " {}:", side.letter())?;
    }
    for text in [&finding.entry, &finding.name] {
        if !text.is_empty() {
            write!(screen, " {text}")?;
        }
    }
    let at = |letter: &str, at: &At| format!("{letter}: {}", at.place);
    let mut places: Vec<_> = finding.places.iter().map(ToString::to_string).collect();
    if finding.outcome != Outcome::Duplicated {
        places.extend(finding.a.as_ref().map(|a| at("A", a)));
        places.extend(finding.b.as_ref().map(|b| at("B", b)));
    }
    if !places.is_empty() {
        write!(screen, " ({})", places.join("; "))?;
    }
    if let Some(reason) = finding.reason {
        write!(screen, " {reason}")?;
    }
    if let Some(detail) = &finding.detail {
        write!(screen, ": {detail}")?;
    }
    writeln!(screen)?;
    for difference in &finding.differences {
        let shown = |values: &[String]| match values {
            [] => "nothing".to_owned(),
            values => values
                .iter()
                .map(|value| format!("\"{value}\""))
                .collect::<Vec<_>>()
                .join(", "),
        };
        writeln!(
            screen,
            "  {} A {}, B {}",
            difference.attribute,
            shown(&difference.a),
            shown(&difference.b)
        )?;
    }
    Ok(())
}

fn print_summary(summary: &Summary<'_>, screen: &mut dyn Write) -> std::io::Result<()> {
    let tally = summary.tally;
    let sides = &summary.sides;
    for (letter, side, counts) in [("A", &sides.a, &tally.a), ("B", &sides.b, &tally.b)] {
        let owner = side.owner.as_ref().map(|owner| format!(" ({owner})"));
        write!(
            screen,
            "{letter}{}: {} read, {} compared",
            owner.unwrap_or_default(),
            counts.read,
            counts.entries
        )?;
        if counts.superseded > 0 {
            write!(screen, ", {} superseded", counts.superseded)?;
        }
        for (what, counts) in [
            ("excluded", &counts.excluded),
            ("withheld", &counts.withheld),
            ("refused", &counts.refused),
        ] {
            for (reason, count) in counts {
                write!(screen, ", {count} {what} ({reason})")?;
            }
        }
        writeln!(screen)?;
    }
    let duplicates = &tally.duplicated;
    let parts = [
        (tally.altered, "altered"),
        (tally.missing, "missing"),
        (tally.extra, "extra"),
        (tally.kept, "kept"),
        (duplicates.a, "duplicated in A"),
        (duplicates.b, "duplicated in B"),
        (duplicates.both, "duplicated in both"),
        (duplicates.names, "with a name that stands twice"),
        (tally.stale, "stale"),
        (tally.gap, "out of sequence"),
        (tally.pairs, "under two keys"),
        (tally.templates, "other templates"),
        (tally.lines_refused, "lines refused"),
    ];
    write!(screen, "{} equal", tally.equal)?;
    for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
        write!(screen, ", {count} {what}")?;
    }
    writeln!(screen)?;
    for note in &summary.messages {
        writeln!(screen, "{}", note.text)?;
    }
    if let Some(repair) = &summary.repair {
        let Repaired {
            file,
            deletes,
            modifies,
            adds,
            ..
        } = repair;
        write!(screen, "{file}: {deletes} D, {modifies} M, {adds} A")?;
        for (reason, count) in &repair.left_out {
            write!(screen, ", {count} left out ({reason})")?;
        }
        writeln!(screen)?;
    }
    if summary.state == "PARTIAL" {
        writeln!(
            screen,
            "PARTIAL: the entries of B are not those of A, or of some it is not known."
        )?;
    }
    if summary.exit != ExitCode::Done {
        let (number, meaning) = (summary.exit.number(), summary.exit.meaning());
        writeln!(screen, "Exit {number}: {meaning}.")?;
    }
    Ok(())
}

pub(super) fn unwritable(error: std::io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "standard output").caused_by(error)
}
