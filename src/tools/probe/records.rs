//! `--records`: the inside of a file of records of one size.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::options::Options;
use crate::codec::codepage::CodePage;
use crate::probe::records::{self, Column, Columns, Kind, text_at};
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
    let rows = bytes[header..].chunks_exact(record);
    if options.common.json {
        let entries: Vec<Value> = rows.map(|row| entry(row, &found, page)).collect();
        let columns: Vec<Value> = found.columns.iter().map(column).collect();
        let object = json!({
            "program": "probe", "header": header, "record": record, "records": found.count,
            "left_over": found.left_over, "columns": columns, "entries": entries, "exit": exit,
        });
        writeln!(screen, "{object}")?;
        return Ok(exit);
    }
    writeln!(
        screen,
        "{}: {} records of {record} bytes behind a header of {header}\n",
        path.display(),
        found.count
    )?;
    writeln!(screen, "  Offset Size  Records that agree  Meaning")?;
    for column in joined(&found) {
        writeln!(
            screen,
            "  {:>6} {:>4}  {:<18}  {}",
            column.offset,
            column.size,
            format!("{} of {}", column.agree, column.of),
            describe(&column)
        )?;
    }
    if found.left_over > 0 {
        writeln!(
            screen,
            "\n{} bytes are left over: a partial record",
            found.left_over
        )?;
    }
    writeln!(screen)?;
    for (number, row) in (1_u64..).zip(rows) {
        let texts: Vec<String> = found
            .columns
            .iter()
            .filter(|c| is_text(&c.kind))
            .filter_map(|c| text_at(row, c.offset, c.size))
            .map(|text| page.decode(text))
            .collect();
        if !texts.is_empty() {
            let deleted = if is_deleted(row, &found) {
                "deleted  "
            } else {
                ""
            };
            writeln!(screen, "{number:>6}  {deleted}{}", texts.join("  "))?;
        }
    }
    Ok(exit)
}

fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::HexId | Kind::Word | Kind::Name)
}

fn is_deleted(row: &[u8], found: &Columns) -> bool {
    let is_flag = |c: &&Column| c.kind == Kind::Deleted;
    let flag = found.columns.iter().find(is_flag);
    flag.is_some_and(|c| row[c.offset] == 0)
}

/// Joins the bytes of one kind that follow each other.
fn joined(found: &Columns) -> Vec<Column> {
    let mut all = Vec::<Column>::new();
    for column in &found.columns {
        match all.last_mut() {
            Some(last)
                if last.kind == column.kind
                    && matches!(column.kind, Kind::Constant(_) | Kind::Unknown) =>
            {
                last.size += column.size;
            }
            _ => all.push(column.clone()),
        }
    }
    all
}

fn describe(column: &Column) -> String {
    let what = match &column.kind {
        Kind::HexId => "identifier of eight hexadecimal digits".to_owned(),
        Kind::Word => "word: a mailbox, network or postoffice".to_owned(),
        Kind::Name => "name".to_owned(),
        Kind::Id => "number, another in every record".to_owned(),
        Kind::Counter => "number that rises".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Flag(values) => format!("flag or type, one of {values:?}"),
        Kind::Deleted => "1 in use, 0 deleted".to_owned(),
        Kind::Constant(value) => format!("always {value}"),
        Kind::Unknown => "not explained".to_owned(),
    };
    match column.is_open {
        true => format!("{what} (in doubt: no text fills it)"),
        false => what,
    }
}

fn column(column: &Column) -> Value {
    json!({
        "offset": column.offset, "size": column.size, "meaning": describe(column),
        "agree": column.agree, "of": column.of, "sure": !column.is_open && column.kind != Kind::Unknown,
    })
}

fn entry(row: &[u8], found: &Columns, page: CodePage) -> Value {
    let values: Vec<Value> = found
        .columns
        .iter()
        .filter_map(|c| {
            let value: Value = match c.kind {
                Kind::HexId | Kind::Word | Kind::Name => {
                    page.decode(text_at(row, c.offset, c.size)?).into()
                }
                Kind::Id | Kind::Counter | Kind::Number => {
                    let bytes = row[c.offset..c.offset + 4].try_into().ok()?;
                    u32::from_le_bytes(bytes).into()
                }
                _ => return None,
            };
            Some(json!({"offset": c.offset, "value": value}))
        })
        .collect();
    json!({"deleted": is_deleted(row, found), "values": values})
}
