//! The screen of `podiag`: the worst first, two to four lines for each finding.

use std::io::{self, Write};

use super::options::Mode;
use super::view::{CheckView, Diagnosis, FindingView, RepairView, Totals};
use crate::diagnosis::CHECKS;
use crate::tools::banner;

/// The version is that of the companions (Q96060); the original's is not published.
const VERSION: &str = "PODIAG v3.2";

/// Severities with their headings, the worst first.
const GROUPS: [(&str, &str); 4] = [
    ("fatal", "Fatal"),
    ("error", "Errors"),
    ("warning", "Warnings"),
    ("remark", "Remarks"),
];

/// Prints a diagnosis. `repair` is the command that mends what can be mended.
///
/// # Errors
/// The output could not be written.
pub(super) fn print(
    diagnosis: &Diagnosis,
    mode: Mode,
    repair: &str,
    output: &mut dyn Write,
) -> io::Result<()> {
    banner::print(VERSION, output)?;
    let name = diagnosis.totals.postoffice.as_deref();
    let name = name.unwrap_or("a postoffice without a name");
    writeln!(
        output,
        "Examining {name}: {} checks",
        diagnosis.totals.checks
    )?;
    if mode == Mode::Repair {
        print_repairs(diagnosis, "Repaired", output)?;
    }
    for (severity, heading) in GROUPS {
        let mut findings = diagnosis
            .findings
            .iter()
            .filter(|f| f.severity == severity)
            .peekable();
        if findings.peek().is_some() {
            writeln!(output, "\n{heading}")?;
        }
        findings.try_for_each(|finding| print_finding(finding, output))?;
    }
    if mode == Mode::DryRun {
        print_repairs(diagnosis, "A repair would", output)?;
    }
    writeln!(output, "\n{}", counts(&diagnosis.totals))?;
    for note in &diagnosis.totals.messages {
        writeln!(output, "{}", note.text)?;
    }
    let repairable = diagnosis.findings.iter().filter(|f| f.repairable).count();
    if repairable > 0 && mode != Mode::Repair {
        writeln!(
            output,
            "What is marked \"repair\" ({repairable}) is mended by: {repair}"
        )?;
    }
    if mode == Mode::DryRun {
        writeln!(output, "Dry run: nothing was written.")?;
    }
    Ok(())
}

fn print_finding(finding: &FindingView, output: &mut dyn Write) -> io::Result<()> {
    let articles = finding.articles.join(" ");
    let separator = if articles.is_empty() { "" } else { "; " };
    let FindingView {
        theme,
        title,
        id,
        place,
        found,
        expected,
        remedy,
        ..
    } = finding;
    writeln!(output, "  {theme}: {title} ({id}{separator}{articles})")?;
    let colon = if place.is_empty() { "" } else { ": " };
    writeln!(output, "    {place}{colon}{found}; expected {expected}")?;
    match (&finding.command, finding.repairable) {
        (_, true) => writeln!(output, "    repair: {remedy}"),
        (None, false) => writeln!(output, "    remedy: {remedy}"),
        (Some(command), false) => {
            writeln!(output, "    remedy: {remedy}")?;
            writeln!(output, "      {command}")
        }
    }
}

fn print_repairs(diagnosis: &Diagnosis, heading: &str, output: &mut dyn Write) -> io::Result<()> {
    if diagnosis.repairs.is_empty() {
        return writeln!(output, "\nNothing to repair.");
    }
    writeln!(output, "\n{heading}")?;
    for repair in &diagnosis.repairs {
        let RepairView { id, action, .. } = repair;
        match &repair.refused {
            None => writeln!(output, "  {id}: {action}")?,
            Some(reason) => writeln!(output, "  not done, {reason}: {id}: {action}")?,
        }
    }
    match &diagnosis.totals.kept {
        Some(kept) => writeln!(output, "  The files as they were are kept in {kept}."),
        None => Ok(()),
    }
}

fn counts(totals: &Totals) -> String {
    let several = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let counts = [
        several(totals.fatal, "fatal error", "fatal errors"),
        several(totals.errors, "error", "errors"),
        several(totals.warnings, "warning", "warnings"),
        several(totals.remarks, "remark", "remarks"),
    ];
    let told: Vec<_> = counts.into_iter().flatten().collect();
    match told.is_empty() {
        true => "Nothing found.".into(),
        false => format!("{}.", told.join(", ")),
    }
}

/// Prints every check.
///
/// # Errors
/// The output could not be written.
pub(super) fn print_checks(json: bool, output: &mut dyn Write) -> io::Result<()> {
    let checks = CHECKS.iter().copied().map(CheckView::from);
    if json {
        let object = serde_json::json!({
            "program": super::PROGRAM.name,
            "checks": checks.collect::<Vec<_>>(),
        });
        serde_json::to_writer(&mut *output, &object)?;
        return writeln!(output);
    }
    banner::print(VERSION, output)?;
    let mut theme = "";
    for check in checks {
        if check.theme != theme {
            theme = check.theme;
            writeln!(output, "{theme}")?;
        }
        let repair = if check.repairable { "repair" } else { "" };
        writeln!(
            output,
            "  {:27} {:8} {repair:6}  {}",
            check.id, check.severity, check.title
        )?;
        if !check.articles.is_empty() {
            writeln!(output, "{:46}{}", "", check.articles.join(" "))?;
        }
    }
    writeln!(output, "\n{} checks.", CHECKS.len())
}
