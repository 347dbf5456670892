//! The object of `listq --json`, written while the queue is read.

use std::cell::RefCell;
use std::time::Instant;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::record::RecordLine;
use super::walk::{Ended, Walk};
use crate::codec::codepage::CodePage;
use crate::tools::exit::ExitCode;
use crate::tools::report::Note;

/// One listing; to serialize it reads the queue, record by record, so it can be done once.
///
/// Keys: `program`, `postoffice`, `file`, `transactions` (of [`RecordLine`]), and those of [`End`].
#[derive(Debug)]
pub struct Listing {
    /// `NET/PO`.
    pub postoffice: String,
    /// The queue, as the screen calls it.
    pub file: String,
    /// Code page of the texts.
    pub page: CodePage,
    /// When the run began.
    pub started: Instant,
    /// The queue.
    pub walk: RefCell<Walk>,
    /// How it ended, once the object is written.
    pub ended: RefCell<Option<Ended>>,
}

/// How a listing ended: the last keys of the object, and the last line of a report.
#[derive(Debug, Serialize)]
pub struct End {
    /// Name of the program.
    pub program: &'static str,
    /// Records read.
    pub read: u64,
    /// Those whose checksum is wrong.
    pub wrong_checksums: u64,
    /// What was wrong with the file.
    pub messages: Vec<Note>,
    /// How long it took.
    pub seconds: f64,
    /// How the program ends.
    pub exit: ExitCode,
}

impl End {
    /// Sums up a walk that has ended.
    #[must_use]
    pub fn new(ended: &Ended, since: Instant) -> Self {
        let error = ended.error.as_ref();
        let messages = error.map(|error| Note {
            number: None,
            text: error.to_string(),
        });
        Self {
            program: super::PROGRAM.name,
            read: ended.read,
            wrong_checksums: ended.wrong_checksums,
            messages: messages.into_iter().collect(),
            // Milliseconds, as in the summaries of the other programs.
            seconds: since.elapsed().as_millis() as f64 / 1000.0,
            exit: error.map_or(ExitCode::Done, |error| error.exit),
        }
    }
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Listing", 9)?;
        object.serialize_field("program", super::PROGRAM.name)?;
        object.serialize_field("postoffice", &self.postoffice)?;
        object.serialize_field("file", &self.file)?;
        object.serialize_field("transactions", &Transactions(self))?;
        let ended = self.walk.borrow_mut().finish();
        let end = End::new(&ended, self.started);
        *self.ended.borrow_mut() = Some(ended);
        object.serialize_field("read", &end.read)?;
        object.serialize_field("wrong_checksums", &end.wrong_checksums)?;
        object.serialize_field("messages", &end.messages)?;
        object.serialize_field("seconds", &end.seconds)?;
        object.serialize_field("exit", &end.exit)?;
        object.end()
    }
}

struct Transactions<'l>(&'l Listing);

impl Serialize for Transactions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut walk = self.0.walk.borrow_mut();
        let (page, digits) = (self.0.page, walk.digits());
        let records = std::iter::from_fn(|| Some(RecordLine::new(&walk.read()?, digits, page)));
        serializer.collect_seq(records)
    }
}
