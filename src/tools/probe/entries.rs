//! The transactions of a file one by one, each with what is known of it.

use std::fs::File;
use std::io::BufReader;

use serde::Serialize;

use super::options::Options;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::probe::layout::{Layout, Meaning};
use crate::probe::walk::{Piece, Walk};
use crate::tools::framed::{self, Values};

/// One transaction as it was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// Offset of its text.
    pub(super) offset: u64,
    pub(super) sync: Option<u64>,
    pub(super) stamp: Option<String>,
    pub(super) checksum: Option<String>,
    /// `sure` with its checksum, `fits` the framing, `doubtful` where a field disagrees, `text` alone.
    pub(super) how: &'static str,
    pub(super) wrong: Vec<String>,
    pub(super) text: String,
}

/// Describes a transaction.
pub(super) fn found(
    offset: u64,
    text: &[u8],
    layout: &Layout,
    record: Option<(&Values, &Vec<String>)>,
    page: CodePage,
) -> Found {
    let has_sum = layout
        .field(|m| matches!(m, Meaning::Checksum { .. }))
        .is_some();
    let (values, wrong) = match record {
        Some((values, wrong)) => (*values, wrong.clone()),
        None => Default::default(),
    };
    let is_bare = *layout == Layout::bare();
    let stamp = values.stamp.and_then(|s| u32::try_from(s).ok());
    Found {
        offset,
        sync: values.sync,
        stamp: stamp.map(|s| Timestamp(s).to_jiff().to_string()),
        checksum: values.checksum.map(|sum| format!("{sum:04X}")),
        how: match record {
            None => "text",
            Some(_) if is_bare => "text",
            Some(_) if !wrong.is_empty() => "doubtful",
            Some(_) if has_sum => "sure",
            Some(_) => "fits",
        },
        wrong,
        text: page.decode(&framed::joined(text)),
    }
}

/// Takes a transaction, and its text.
pub(super) type Take<'t> = dyn FnMut(Found, &[u8]) -> Result<(), String> + 't;

/// Reads the file once more, for the list of its transactions: each as it is described, and its text.
pub(super) fn each(
    options: &Options,
    file: File,
    layout: &Layout,
    page: CodePage,
    take: &mut Take<'_>,
) -> Result<(), String> {
    let mut walk = Walk::new(BufReader::new(file), layout);
    while let Some(piece) = walk.next_piece().map_err(|e| e.to_string())? {
        match piece {
            Piece::Record {
                offset,
                record,
                wrong,
            } => {
                let values = framed::values(layout, &record);
                let at = offset + record.text as u64;
                let text = &record.bytes[record.text..record.text_end];
                let found = found(at, text, layout, Some((&values, &wrong)), page);
                take(found, text)?;
            }
            Piece::Loose { offset, text, .. } if options.salvage => {
                take(found(offset, text, layout, None, page), text)?;
            }
            Piece::Loose { .. } | Piece::Gap { .. } | Piece::Aside { .. } => {}
        }
    }
    Ok(())
}
