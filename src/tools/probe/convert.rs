//! `--convert --to`: a queue of ours in the framing of a profile.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use super::options::Options;
use crate::codec::queue::{Framed, Framing, QueueReader};
use crate::probe::layout::{Item, Layout};
use crate::probe::walk::{Piece, Walk};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::outfile::OutFile;

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
    let input = framed::open(&options.file, given.as_ref()).map_err(|error| {
        ToolError::new(ExitCode::NotFound, options.file.display().to_string()).caused_by(error)
    })?;
    let mut queue = QueueReader::new(BufReader::new(input), &Framing::OURS);
    let mut file = OutFile::create(to).map_err(|e| super::cannot_write(to, e))?;
    let count = {
        let mut output = BufWriter::new(&mut file);
        let count = write(&options.file, &layout, &mut queue, &mut output)?;
        output.flush().map_err(|e| super::cannot_write(to, e))?;
        count
    };
    file.put_in_place()
        .map_err(|e| super::cannot_write(to, e))?;
    let read = read_again(to, &layout)?;
    if read != count {
        let what = format!(
            "{}: {count} records written, {read} read again",
            to.display()
        );
        return Err(ToolError::new(ExitCode::Damaged, what).into());
    }
    match options.common.json {
        true => writeln!(
            screen,
            "{}",
            serde_json::json!({"program": "probe", "records": count, "exit": 0})
        )?,
        false => writeln!(screen, "{}: {count} records", to.display())?,
    }
    Ok(ExitCode::Done)
}

fn write(
    path: &Path,
    layout: &Layout,
    queue: &mut QueueReader<impl std::io::Read>,
    output: &mut impl Write,
) -> Result<u64, ToolError> {
    let damaged =
        |what: String| ToolError::new(ExitCode::Damaged, format!("{}: {what}", path.display()));
    let mut framed = Framed::default();
    let mut bytes = vec![0; layout.lead];
    let mut offset = 0;
    let mut previous = None;
    let mut count = 0;
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
        count += 1;
        let written = output.write_all(&bytes);
        written.map_err(|e| ToolError::new(ExitCode::CannotWrite, "output").caused_by(e))?;
        offset += bytes.len() as u64;
        bytes.clear();
    }
    Ok(count)
}

/// Joins the lines of a text as the other framing does.
fn rejoined(text: &[u8], joiner: &[u8]) -> Vec<u8> {
    let joiner = if joiner.is_empty() { b"\r\n" } else { joiner };
    let lines: Vec<&[u8]> = text
        .split(|&b| b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    lines.join(joiner)
}

/// Counts the records that are read back without any disagreement.
fn read_again(path: &Path, layout: &Layout) -> Result<u64, ToolError> {
    let open = File::open(path).map_err(|e| super::cannot_write(path, e))?;
    let mut walk = Walk::new(BufReader::new(open), layout);
    let mut count = 0;
    while let Some(piece) = walk
        .next_piece()
        .map_err(|e| super::cannot_write(path, e))?
    {
        if let Piece::Record { wrong, .. } = piece {
            count += u64::from(wrong.is_empty());
        }
    }
    Ok(count)
}
