//! An address book as CSV: one person on a line, the names of the columns in the first.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::about::About;
use super::access::Access;
use super::spec::{SideSpec, read_line};
use super::{Event, Place, Refusal, Sink};
use crate::codec::codepage::CodePage;
use crate::directory::entry::Attributes;
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};

/// What may part columns; the one that the first line has most of does.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Reads a file to its end. A line with too few or too many columns is refused and the next one read.
pub(super) fn read(
    spec: &SideSpec,
    access: &Access,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let mut about = About::new(spec.kind, spec.title());
    let damaged = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => spec.unreadable(error),
        kind => ToolError::new(ExitCode::Damaged, format!("{}: {kind:?}", spec.title())),
    };
    let mut first = Vec::new();
    read_line(&mut spec.open()?, &mut first).map_err(|error| spec.unreadable(error))?;
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(&first))
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(without_mark(spec)?);
    let columns: Vec<_> = reader
        .byte_headers()
        .map_err(damaged)?
        .iter()
        .map(|column| decode(column, access.page))
        .collect();
    if columns.iter().all(String::is_empty) {
        let what = format!("{}: no names of columns in the first line", spec.title());
        return Err(ToolError::new(ExitCode::Damaged, what));
    }
    about.columns = Some(columns.iter().map(|column| column.to_lowercase()).collect());
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(damaged)? {
        about.read += 1;
        let place = Place::Line(record.position().map_or(0, csv::Position::line));
        if record.len() != columns.len() {
            sink(Event::Refused(Refusal {
                address: String::new(),
                name: String::new(),
                place,
                reason: Reason::ListDamaged,
                message: None,
                detail: format!(
                    "DI291 the record has {} columns, expected {}",
                    record.len(),
                    columns.len()
                ),
            }))?;
            continue;
        }
        sink(Event::Entry {
            attributes: attributes(&columns, &record, access),
            unreadable: &[],
            place,
        })?;
    }
    Ok(about)
}

/// Text in another encoding is taken to be in the code page; of consent the bytes are what counts (NT-02).
fn attributes(columns: &[String], record: &ByteRecord, access: &Access) -> Attributes {
    let is_consent = |column: &str| {
        let consent = access.consent.as_deref();
        consent.is_some_and(|consent| consent.eq_ignore_ascii_case(column))
    };
    let mut attributes = Attributes::default();
    for (column, value) in columns.iter().zip(record) {
        if is_consent(column) {
            attributes.set(column, vec![value.to_vec()]);
        } else if !column.is_empty() && !value.trim_ascii().is_empty() {
            attributes.add(column, decode(value, access.page).trim().as_bytes());
        }
    }
    attributes
}

fn decode(bytes: &[u8], page: CodePage) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| page.decode(bytes), str::to_owned)
}

fn separator(line: &[u8]) -> u8 {
    let count = |separator: u8| line.iter().filter(|&&b| b == separator).count();
    // The last of equals would win; the comma is the usual one.
    SEPARATORS
        .into_iter()
        .rev()
        .max_by_key(|&separator| count(separator))
        .unwrap_or(b',')
}

/// Opens the file behind its byte order mark.
fn without_mark(spec: &SideSpec) -> Result<impl Read, ToolError> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut input = spec.open()?;
    let buffer = std::io::BufRead::fill_buf(&mut input).map_err(|e| spec.unreadable(e))?;
    if buffer.starts_with(MARK) {
        std::io::BufRead::consume(&mut input, MARK.len());
    }
    Ok(input)
}
