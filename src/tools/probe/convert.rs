//! `--convert`: a queue in our framing; with `--to` one of ours in the framing of a profile.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::options::Options;
use crate::codec::queue::{Framed, Framing, QueueReader};
use crate::probe::checksum::Record;
use crate::probe::layout::{Item, Layout};
use crate::probe::walk::{Piece, Walk};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed::{self, Converter};
use crate::tools::outfile::OutFile;

/// The file of `--convert`, if one is asked for.
pub(super) struct Convert<'o> {
    options: &'o Options,
    file: Option<(&'o Path, Converter<'o, BufWriter<OutFile>>)>,
}

impl<'o> Convert<'o> {
    pub(super) fn new(options: &'o Options, layout: &'o Layout) -> Result<Self, ToolError> {
        let file = match options.convert.as_deref() {
            Some(path) => {
                let file = OutFile::create(path).map_err(|e| super::cannot_write(path, e))?;
                Some((path, Converter::new(BufWriter::new(file), layout)))
            }
            None => None,
        };
        Ok(Self { options, file })
    }

    /// Writes a record; one with a number that ours cannot hold is taken by its text, where damage is expected.
    pub(super) fn record(&mut self, offset: u64, record: &Record<'_>) -> Result<(), ToolError> {
        let Some((path, converter)) = &mut self.file else {
            return Ok(());
        };
        let written = match converter.record(offset, record) {
            Err(e) if e.kind() == io::ErrorKind::InvalidData && self.options.salvage => {
                converter.loose(&record.bytes[record.text..record.text_end])
            }
            written => written,
        };
        written.map_err(|e| super::cannot_write(path, e))
    }

    pub(super) fn loose(&mut self, text: &[u8]) -> Result<(), ToolError> {
        match &mut self.file {
            Some((path, converter)) => converter
                .loose(text)
                .map_err(|e| super::cannot_write(path, e)),
            None => Ok(()),
        }
    }

    pub(super) fn put_in_place(self) -> Result<(), ToolError> {
        let Some((path, converter)) = self.file else {
            return Ok(());
        };
        let put = || {
            converter
                .finish()?
                .into_inner()
                .map_err(|e| e.into_error())?
                .put_in_place()
        };
        put().map_err(|e| super::cannot_write(path, e))
    }
}

/// What a queue has that the other framing does not.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Records.
    records: u64,
    /// Those that name the requestor they came from.
    with_origin: u64,
}

/// Writes the queue, and reads it again before it takes its name.
pub(super) fn to_foreign(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let (Some(to), Some(profile)) = (&options.convert, &options.to) else {
        return Err(ToolError::usage("--to needs --convert").into());
    };
    let layout = framed::load(Some(profile))?.expect("it is named");
    let unexplained = layout.unexplained();
    if !unexplained.is_empty() {
        let what = format!(
            "{}: not every byte of the framing is explained, so nothing is written:\n  {}",
            profile.display(),
            unexplained.join("\n  ")
        );
        return Err(ToolError::new(ExitCode::CannotWrite, what).into());
    }
    let given = framed::load(options.framing.as_deref())?;
    let input = || {
        let input = framed::open(&options.file, given.as_ref());
        input.map_err(|error| framed::failed(&options.file, error))
    };
    let cannot_write = |error| super::cannot_write(to, error);
    let mut file = OutFile::create(to).map_err(cannot_write)?;
    let counts = {
        let mut output = BufWriter::new(&mut file);
        let counts = write(&options.file, input()?, &layout, &mut output)?;
        output.flush().map_err(cannot_write)?;
        counts
    };
    let written = file.reopen().map_err(cannot_write)?;
    let differs = compare(input()?, written, &layout).map_err(cannot_write)?;
    if let Some(what) = differs {
        let what = format!("{}: nothing is written: {what}", to.display());
        return Err(ToolError::new(ExitCode::CannotWrite, what).into());
    }
    file.put_in_place().map_err(cannot_write)?;
    let Counts {
        records,
        with_origin,
    } = counts;
    if options.common.json {
        let object = serde_json::json!({
            "program": "probe", "records": records, "without_origin": with_origin, "exit": ExitCode::Done,
        });
        writeln!(screen, "{object}")?;
        return Ok(ExitCode::Done);
    }
    writeln!(screen, "{}: {records} records", to.display())?;
    if with_origin > 0 {
        writeln!(
            screen,
            "{with_origin} of them name the requestor they came from; this framing has no place for it"
        )?;
    }
    Ok(ExitCode::Done)
}

fn write(
    path: &Path,
    input: File,
    layout: &Layout,
    output: &mut impl Write,
) -> Result<Counts, ToolError> {
    let damaged =
        |what: String| ToolError::new(ExitCode::Damaged, format!("{}: {what}", path.display()));
    let mut queue = QueueReader::new(BufReader::new(input), &Framing::OURS);
    let mut framed = Framed::default();
    let mut bytes = vec![0; layout.lead];
    let mut offset = 0;
    let mut previous = None;
    let mut counts = Counts::default();
    loop {
        match queue.read(&mut framed) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(damaged(error.to_string())),
        }
        if let Some(error) = framed.checksum_error() {
            return Err(damaged(error.to_string()));
        }
        let at = offset + bytes.len() as u64;
        let text = rejoined(&framed.record.text, &layout.joiner);
        let item = Item {
            text: &text,
            sync: framed.record.sync,
            stamp: framed.record.stamp.0.into(),
        };
        let before = bytes.len();
        layout
            .write(&item, at, previous, &mut bytes)
            .map_err(|error| damaged(format!("record {}: {error}", framed.number)))?;
        previous = Some((at, (bytes.len() - before) as u64));
        counts.records += 1;
        counts.with_origin += u64::from(framed.record.origin != 0);
        let written = output.write_all(&bytes);
        written.map_err(|e| ToolError::new(ExitCode::CannotWrite, "output").caused_by(e))?;
        offset += bytes.len() as u64;
        bytes.clear();
    }
    Ok(counts)
}

/// Joins the lines of a text as the other framing does.
fn rejoined<'t>(text: &'t [u8], joiner: &[u8]) -> Cow<'t, [u8]> {
    let joiner = if joiner.is_empty() { b"\r\n" } else { joiner };
    if joiner == b"\r\n" || !text.contains(&b'\n') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&[u8]> = text
        .split(|&b| b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    Cow::Owned(lines.join(joiner))
}

/// Reads what was written and says where it differs from the queue: a text, a number or a date that this framing cannot
/// hold, or that it does not give back.
fn compare(input: File, written: impl Read, layout: &Layout) -> io::Result<Option<String>> {
    let mut queue = QueueReader::new(BufReader::new(input), &Framing::OURS);
    let mut framed = Framed::default();
    let mut walk = Walk::new(BufReader::new(written), layout);
    while let Some(piece) = walk.next_piece()? {
        let (record, wrong) = match piece {
            Piece::Record { record, wrong, .. } => (record, wrong),
            Piece::Aside { .. } => continue,
            Piece::Gap { reason, .. } | Piece::Loose { reason, .. } => {
                let number = framed.number + 1;
                return Ok(Some(format!(
                    "record {number} could not be read again: {reason}"
                )));
            }
        };
        if !queue.read(&mut framed).map_err(io::Error::other)? {
            let number = framed.number;
            return Ok(Some(format!(
                "more than the {number} records are read again"
            )));
        }
        let values = framed::values(layout, &record);
        let text = &record.bytes[record.text..record.text_end];
        let sync = u64::from(framed.record.sync);
        let what = if !wrong.is_empty() {
            format!("wrong {}", wrong.join(", "))
        } else if framed::joined(text) != framed::joined(&framed.record.text) {
            "another text".to_owned()
        } else if values.sync.is_some_and(|read| read != sync) {
            format!("sync number {sync} does not fit")
        } else {
            continue;
        };
        let number = framed.number;
        return Ok(Some(format!(
            "record {number} is not the same when it is read again: {what}"
        )));
    }
    match queue.read(&mut framed).map_err(io::Error::other)? {
        true => Ok(Some(format!(
            "record {} and what follows is not read again",
            framed.number
        ))),
        false => Ok(None),
    }
}
