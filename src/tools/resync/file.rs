//! A resync file as it is read for people: its header, its records, how it ends. No postoffice is touched.

use std::path::Path;

use serde::Serialize;

use super::tally::Lists;
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueError, RecordKind};
use crate::codec::resync::{Ending, ResyncError, ResyncHeader, ResyncReader};
use crate::importfile::Diagnostic;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::transaction::Transaction;

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// With an end mark that agrees: nothing is missing.
    Whole,
    /// Behind a record: cut there, or of another make.
    NoEndMark,
    /// Somewhere in it the bytes are not what they were.
    Damaged,
}

/// The header, for a screen and as JSON.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Header {
    /// IMPSEQ.
    pub(super) import_sync: u32,
    /// REQSEQ.
    pub(super) req_sync: u32,
    /// SRVSEQ.
    pub(super) srv_sync: u32,
    /// STAMP.
    pub(super) stamp: u32,
    /// `PCM:NET/PO` of the server.
    pub(super) server: String,
    /// `PCM:NET/PO` of the requestor it is for, `*` for any.
    #[serde(rename = "for")]
    pub(super) addressee: String,
}

impl Header {
    fn new(header: &ResyncHeader, code_page: CodePage) -> Self {
        let name = |bytes: &[u8]| format!("PCM:{}", code_page.decode(bytes));
        let addressee = header.addressee.as_deref();
        Self {
            import_sync: header.import_sync.0,
            req_sync: header.req_sync.0,
            srv_sync: header.srv_sync.0,
            stamp: header.stamp,
            server: name(&header.server),
            addressee: addressee.map_or_else(|| "*".to_owned(), name),
        }
    }
}

/// What a file holds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Contents {
    /// The header.
    pub(super) header: Header,
    /// The lists in the order of the file.
    pub(super) lists: Lists,
    /// Records between header and end mark.
    pub(super) records: u64,
    /// Records whose text is no transaction.
    pub(super) unreadable: u64,
    /// How it ends.
    pub(super) ending: State,
    /// What is damaged, in which record and at which byte.
    pub(super) damage: Option<String>,
}

/// One record as it is shown.
pub(super) enum Shown<'a> {
    /// A transaction.
    Transaction(&'a Transaction),
    /// A record whose text is none, with what is wrong with it.
    Unreadable(&'a [Diagnostic]),
    /// A comment.
    Comment,
}

/// Reads a file from the front to its end or to where it is damaged, and shows each record to `take`.
///
/// # Errors
/// The file cannot be read, or does not begin with a resync header; `take` failed.
pub(super) fn read(
    path: &Path,
    framing: Option<&Path>,
    code_page: CodePage,
    take: &mut dyn FnMut(&Framed, Shown<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Contents> {
    let layout = framed::load(framing)?;
    let open = match framed::open(path, layout.as_ref()) {
        Ok(open) => open,
        Err(error) if layout.is_some() => return Err(framed::failed(path, error).into()),
        Err(error) => return Err(unreadable(path, error).into()),
    };
    let mut reader = ResyncReader::new(open, &Framing::OURS).map_err(|e| unusable(path, e))?;
    let mut contents = Contents {
        header: Header::new(reader.header(), code_page),
        lists: Lists::default(),
        records: 0,
        unreadable: 0,
        ending: State::NoEndMark,
        damage: None,
    };
    let mut framed = Framed::default();
    loop {
        match reader.read(&mut framed) {
            Ok(true) => {}
            Ok(false) => break,
            Err(ResyncError::Queue(QueueError::Io(error))) => {
                return Err(unreadable(path, error).into());
            }
            Err(error) => {
                contents.ending = State::Damaged;
                contents.damage = Some(error.to_string());
                return Ok(contents);
            }
        }
        contents.records += 1;
        if framed.record.kind != RecordKind::Transaction {
            take(&framed, Shown::Comment)?;
            continue;
        }
        match Transaction::decode_queue_text(&framed.record.text, code_page) {
            Ok(text) => {
                contents.lists.count(&text.transaction, code_page);
                take(&framed, Shown::Transaction(&text.transaction))?;
            }
            Err(messages) => {
                contents.unreadable += 1;
                take(&framed, Shown::Unreadable(&messages))?;
            }
        }
    }
    if let Some(Ending::Whole(_)) = reader.ending() {
        contents.ending = State::Whole;
    }
    Ok(contents)
}

impl Contents {
    /// Returns how a file ends, in words.
    pub(super) fn verdict(&self) -> String {
        match (self.ending, &self.damage) {
            (State::Whole, _) => "whole".to_owned(),
            (State::NoEndMark, _) => {
                "no end mark: cut behind a record, or of another make".to_owned()
            }
            (State::Damaged, damage) => {
                format!("damaged: {}", damage.as_deref().unwrap_or("unknown"))
            }
        }
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> ToolError {
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => ExitCode::NotFound,
        _ => ExitCode::Damaged,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}

fn unusable(path: &Path, error: ResyncError) -> ToolError {
    match error {
        ResyncError::Queue(QueueError::Io(error)) => unreadable(path, error),
        error => ToolError::new(ExitCode::Damaged, path.display().to_string()).caused_by(error),
    }
}
