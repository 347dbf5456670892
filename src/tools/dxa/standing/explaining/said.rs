//! What was said of an entry: in the reports of lists, and in the log.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde_json::json;

use crate::directory::key::SyncKey;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::home::{Home, unusable};
use crate::tools::exit::ToolError;

/// Lines of a log or a report that are shown.
const LATEST: usize = 5;

/// Returns what the log and the reports of lists said of an entry last.
pub(super) fn last(
    home: &Home,
    connection: &Connection,
    key: &SyncKey,
) -> Result<Vec<String>, ToolError> {
    let mut lines = Vec::new();
    let quoted = json!(key.as_str()).to_string();
    for (folder, what) in [(home.done(), "done"), (home.bad(), "bad")] {
        for name in reports(&folder)? {
            let path = folder.join(&name);
            let is_ours =
                |line: &str| line.contains(&format!("\"connection\":\"{}\"", connection.name));
            let (mut found, mut is_its) = (Vec::new(), false);
            each_line(&path, |line| {
                is_its |= is_ours(line);
                if line.contains(&quoted) {
                    found.push(fate(line));
                }
            })?;
            if is_its {
                lines.extend(
                    found
                        .into_iter()
                        .map(|fate| format!("{what}/{name}: {fate}")),
                );
            }
        }
    }
    let is_said = |line: &str| {
        let about = format!("connection={}", connection.name);
        line.contains(&about) && (line.contains(key.as_str()))
    };
    each_line(&home.log(), |line| {
        if is_said(line) {
            lines.push(line.to_owned());
        }
    })?;
    let from = lines.len().saturating_sub(LATEST);
    Ok(lines.split_off(from))
}

/// Returns the names of the reports in a folder, which begin with their moments, in order.
fn reports(folder: &Path) -> Result<Vec<String>, ToolError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unusable(folder, error))?,
    };
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".report")).collect();
    names.sort();
    Ok(names)
}

fn each_line(path: &Path, mut take: impl FnMut(&str)) -> Result<(), ToolError> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(|error| unusable(path, error))?,
    };
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(|error| unusable(path, error))?;
        take(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

/// Shows what became of an entry, from a line of a report.
fn fate(line: &str) -> String {
    let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else {
        return line.to_owned();
    };
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let mut shown = format!("{} {}", text("action"), text("outcome"));
    for part in [text("reason"), text("detail")] {
        if !part.is_empty() {
            shown.push_str(&format!(", {part}"));
        }
    }
    shown
}
