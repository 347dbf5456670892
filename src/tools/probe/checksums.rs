//! `--checksums`: what explains the checksums of a queue, or of a plain table.

use std::io::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::options::Options;
use super::source::Source;
use crate::probe;
use crate::probe::checksum::{MIN_BITS, table};
use crate::tools::exit::{ExitCode, ToolError};

/// Records that a queue has at least, for anything to be said.
const MIN_SAMPLES: usize = 3;

/// What a search found.
struct Outcome {
    kind: &'static str,
    samples: usize,
    tried: u64,
    found: Vec<String>,
    /// Too few samples for any claim.
    is_short: bool,
}

/// Searches, and says what explains all samples, or that nothing does.
pub(super) fn run(
    options: &Options,
    source: &Source,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let lines = table::parse(&source.sample, &date);
    let Outcome {
        kind,
        samples,
        tried,
        found,
        is_short,
    } = match lines.len() {
        0 | 1 => in_queue(source)?,
        _ => in_table(&lines),
    };
    let exit = match found.is_empty() {
        true => ExitCode::Differences,
        false => ExitCode::Done,
    };
    if options.common.json {
        let object = json!({
            "program": "probe", "kind": kind, "samples": samples, "tried": tried, "found": found,
            "too_few": is_short, "exit": exit,
        });
        writeln!(screen, "{object}")?;
        return Ok(exit);
    }
    writeln!(
        screen,
        "{}: {samples} samples, {tried} combinations tried",
        options.file.display()
    )?;
    if is_short {
        writeln!(
            screen,
            "Too few samples: a claim needs {MIN_BITS} bits beyond those it is fitted on."
        )?;
    } else if found.is_empty() {
        writeln!(screen, "Nothing that was tried explains them.")?;
    }
    for line in found {
        writeln!(screen, "  {line}")?;
    }
    Ok(exit)
}

fn in_table(lines: &[table::Line]) -> Outcome {
    let result = table::search(lines);
    let say = |found: &table::Explanation| {
        let order = if found.is_swapped {
            ", bytes exchanged"
        } else {
            ""
        };
        format!("{} over {}{order}", found.algorithm.name(), found.range)
    };
    Outcome {
        kind: "table",
        samples: lines.len(),
        tried: result.tried,
        found: result.found.iter().map(say).collect(),
        is_short: result.is_short,
    }
}

fn in_queue(source: &Source) -> Result<Outcome, ToolError> {
    let Some(layout) = source.layout(None, false)? else {
        return Err(source.not_a_queue("too few records, and no table of checksums"));
    };
    let result = probe::checksum_search(&source.sample, source.is_whole, &layout);
    let samples = probe::fitting(&source.sample, source.is_whole, &layout);
    let found = result.found.iter().map(|found| {
        let place = found.place;
        format!(
            "{} at {} byte {}, {} bytes {}: {} of {} samples, {}",
            found.algorithm.name(),
            place.zone.word(),
            place.offset,
            place.size,
            place.code.word(),
            found.agree,
            found.of,
            found.extent.describe()
        )
    });
    Ok(Outcome {
        kind: "queue",
        samples,
        tried: result.tried,
        found: found.collect(),
        is_short: samples < MIN_SAMPLES,
    })
}

/// Reads a date as LISTQ prints it; whose time it is, is not said: taken as UTC.
fn date(text: &str) -> Option<u32> {
    let time = DateTime::strptime("%a %b %d %H:%M:%S %Y", text).ok()?;
    let seconds = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    u32::try_from(seconds).ok()
}
