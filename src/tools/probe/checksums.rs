//! `--checksums`: what explains the checksums of a queue, or of a plain table.

use std::io::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::options::Options;
use super::source::Source;
use crate::probe;
use crate::probe::checksum::{MIN_BITS, table};
use crate::tools::exit::ExitCode;

/// Searches, and says what explains all samples, or that nothing does.
pub(super) fn run(
    options: &Options,
    source: &Source,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let lines = table::parse(&source.sample, &date);
    let (kind, samples, tried, found, is_short);
    if lines.len() > 1 {
        let result = table::search(&lines);
        kind = "table";
        samples = lines.len();
        tried = result.tried;
        is_short = result.is_short;
        found = result
            .found
            .iter()
            .map(|f| {
                let order = if f.is_swapped {
                    ", bytes exchanged"
                } else {
                    ""
                };
                format!("{} over {}{order}", f.algorithm.name(), f.range)
            })
            .collect::<Vec<_>>();
    } else {
        let Some(layout) = source.layout(None, false)? else {
            return Err(source
                .not_a_queue("too few records, and no table of checksums")
                .into());
        };
        let result = probe::checksum_search(&source.sample, source.is_whole, &layout);
        kind = "queue";
        samples = probe::fitting(&source.sample, source.is_whole, &layout);
        tried = result.tried;
        is_short = samples < 3;
        found = result
            .found
            .iter()
            .map(|f| {
                let place = f.place;
                format!(
                    "{} at {} byte {}, {} bytes {}: {} of {} samples, {}",
                    f.algorithm.name(),
                    place.zone.word(),
                    place.offset,
                    place.size,
                    place.code.word(),
                    f.agree,
                    f.of,
                    f.extent.describe()
                )
            })
            .collect();
    }
    let exit = if found.is_empty() {
        ExitCode::Differences
    } else {
        ExitCode::Done
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

/// Reads a date as LISTQ prints it; whose time it is, is not said: taken as UTC.
fn date(text: &str) -> Option<u32> {
    let time = DateTime::strptime("%a %b %d %H:%M:%S %Y", text).ok()?;
    let seconds = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    u32::try_from(seconds).ok()
}
