//! `--records`: the inside of a file of records of one size.

use std::fs;
use std::io::{self, Write};
use std::slice::ChunksExact;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::options::Options;
use crate::codec::codepage::CodePage;
use crate::probe::records::{self, Column, Columns, Deleted, Kind, Order, Padding};
use crate::tools::exit::{ExitCode, ToolError};

/// Bytes a file may have; lists of half a million names have 24 million.
const MAX_LEN: u64 = 256 << 20;

/// Prints the layout with its evidence, and the entries.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let path = &options.file;
    let cannot =
        |error| ToolError::new(ExitCode::NotFound, path.display().to_string()).caused_by(error);
    let len = fs::metadata(path).map_err(cannot)?.len();
    if len > MAX_LEN {
        let what = format!(
            "{}: {len} bytes, expected at most {MAX_LEN}",
            path.display()
        );
        return Err(ToolError::new(ExitCode::Damaged, what).into());
    }
    let bytes = fs::read(path).map_err(cannot)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = records::published(&name);
    let (header, record) = match (options.length, known) {
        (Some(length), _) => (options.header.unwrap_or(0), length),
        (None, Some((header, length))) => (options.header.unwrap_or(header), length),
        (None, None) => {
            let what = format!("{name}: no record length is published for it, give --length");
            return Err(ToolError::usage(what).into());
        }
    };
    let Some(found) = records::infer(&bytes, header, record) else {
        let what = format!(
            "{}: {len} bytes hold fewer than three records of {record} bytes behind a header of {header}",
            path.display()
        );
        return Err(ToolError::new(ExitCode::Damaged, what).into());
    };
    let exit = match found.left_over {
        0 => ExitCode::Done,
        _ => ExitCode::Partial,
    };
    let page = options.code_page.unwrap_or_default();
    let entries = Entries {
        rows: bytes[header..].chunks_exact(record),
        found: &found,
        page,
    };
    if options.common.json {
        let object = Object {
            program: "probe",
            header,
            record,
            records: found.count,
            left_over: found.left_over,
            columns: found.columns.iter().map(column).collect(),
            deleted: found.deleted.as_ref().map(by),
            order: found.order.as_ref().map(order),
            entries,
            exit,
        };
        serde_json::to_writer(&mut *screen, &object).map_err(io::Error::from)?;
        writeln!(screen)?;
        return Ok(exit);
    }
    writeln!(
        screen,
        "{}: {} records of {record} bytes behind a header of {header}",
        path.display(),
        found.count
    )?;
    layout(&found, screen)?;
    entries.print(screen)?;
    Ok(exit)
}

/// The object of `--json`.
#[derive(Serialize)]
struct Object<'f> {
    program: &'static str,
    header: usize,
    record: usize,
    records: usize,
    left_over: usize,
    columns: Vec<Value>,
    deleted: Option<String>,
    order: Option<Value>,
    entries: Entries<'f>,
    exit: ExitCode,
}

/// What can be read of each record.
#[derive(Clone)]
struct Entries<'f> {
    rows: ChunksExact<'f, u8>,
    found: &'f Columns,
    page: CodePage,
}

impl Entries<'_> {
    fn print(self, screen: &mut impl Write) -> io::Result<()> {
        writeln!(screen)?;
        for (number, row) in self.rows.enumerate() {
            let columns = self.found.columns.iter();
            let texts: Vec<String> = columns
                .filter_map(|c| c.text(row))
                .map(|text| self.page.decode(text))
                .collect();
            let mark = match self.found.is_deleted(number, row) {
                true => "deleted  ",
                false => "",
            };
            if !texts.is_empty() || !mark.is_empty() {
                writeln!(screen, "{:>6}  {mark}{}", number + 1, texts.join("  "))?;
            }
        }
        Ok(())
    }

    fn entry(&self, number: usize, row: &[u8]) -> Value {
        let value = |column: &Column| -> Option<Value> {
            let value: Value = match (column.text(row), column.number(row)) {
                (Some(text), _) => self.page.decode(text).into(),
                (None, Some(number)) => number.into(),
                (None, None) => return None,
            };
            Some(json!({"offset": column.offset, "value": value}))
        };
        let values: Vec<Value> = self.found.columns.iter().filter_map(value).collect();
        json!({"deleted": self.found.is_deleted(number, row), "values": values})
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.rows.clone().enumerate();
        serializer.collect_seq(rows.map(|(number, row)| self.entry(number, row)))
    }
}

/// Prints the fields, the sure and the doubtful apart, and what is known of the records besides.
fn layout(found: &Columns, screen: &mut impl Write) -> io::Result<()> {
    let columns = joined(found);
    for is_sure in [true, false] {
        let mut of_kind = columns.iter().filter(|c| c.is_sure() == is_sure).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        writeln!(screen, "\n{}", if is_sure { "Sure" } else { "Doubtful" })?;
        writeln!(screen, "  Offset Size  Records that agree  Meaning")?;
        for column in of_kind {
            let evidence = format!("{} of {}", column.agree, column.of);
            let Column { offset, size, .. } = column;
            let what = describe(column);
            writeln!(screen, "  {offset:>6} {size:>4}  {evidence:<18}  {what}")?;
            if let Some(doubt) = &column.doubt {
                writeln!(screen, "{:35}{doubt}", "")?;
            }
        }
    }
    let lines = [
        found
            .deleted
            .as_ref()
            .map(|d| format!("Deleted records are told apart {}", by(d))),
        found.order.as_ref().map(|order| {
            let case = if order.ignores_case {
                ", without regard to case"
            } else {
                ""
            };
            let (agree, of, at) = (order.agree, order.of, order.offset);
            format!("Sorted by the text at {at}{case}: {agree} of {of} stand behind the one before")
        }),
        (found.left_over > 0)
            .then(|| format!("{} bytes are left over: a partial record", found.left_over)),
    ];
    for line in lines.into_iter().flatten() {
        writeln!(screen, "\n{line}")?;
    }
    Ok(())
}

/// Joins the bytes of one kind that follow each other.
fn joined(found: &Columns) -> Vec<Column> {
    let mut all = Vec::<Column>::new();
    for column in &found.columns {
        match all.last_mut() {
            Some(last) if last.kind == column.kind && matches!(column.kind, Kind::Constant(_)) => {
                last.size += column.size;
            }
            _ => all.push(column.clone()),
        }
    }
    all
}

/// Says what a field means.
fn describe(column: &Column) -> String {
    let what = match &column.kind {
        Kind::HexId => "identifier of eight hexadecimal digits".to_owned(),
        Kind::Word => "word: a mailbox, network or postoffice".to_owned(),
        Kind::Name => "name".to_owned(),
        Kind::Id => "number, another in every record".to_owned(),
        Kind::Counter => "number that rises".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Link => "offset of another record, or none".to_owned(),
        Kind::Flag(values) => format!("flag or type, one of {values:?}"),
        Kind::Deleted(value) => format!("{value} in deleted records"),
        Kind::Constant(value) => format!("always {value}"),
    };
    let padding = match column.padding {
        Padding::Counted => ", its length in front",
        Padding::Blank => ", filled up with blanks",
        Padding::Nul => "",
    };
    match &column.note {
        Some(note) => format!("{what}{padding}; {note}"),
        None => format!("{what}{padding}"),
    }
}

fn by(deleted: &Deleted) -> String {
    match deleted {
        Deleted::Flag { offset, value } => {
            format!("by the byte at {offset}: it is {value} in them")
        }
        Deleted::Chain(numbers) => format!(
            "by the chain that the header begins: {} records",
            numbers.len()
        ),
    }
}

fn order(order: &Order) -> Value {
    json!({
        "offset": order.offset, "ignores_case": order.ignores_case, "agree": order.agree, "of": order.of,
    })
}

fn column(column: &Column) -> Value {
    json!({
        "offset": column.offset, "size": column.size, "meaning": describe(column), "agree": column.agree,
        "of": column.of, "sure": column.is_sure(), "doubt": column.doubt,
    })
}
