//! Queues and resync files as sides: records of transactions.

use std::io::Read;

use super::about::{About, Numbering, Numbers};
use super::access::Access;
use super::spec::{SideKind, SideSpec};
use super::text::has_details;
use super::{Event, Place, Refusal, Sink};
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueError, QueueReader, RecordKind};
use crate::codec::resync::{Ending, ResyncError, ResyncHeader, ResyncReader};
use crate::importfile::name_on_line;
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::Transaction;

/// Queues that a filter by address types leaves holes in (design, section 5).
const WITH_HOLES: [&str; 4] = ["SRVTRANS", "USRTRANS", "GWTRANS", "NMETRANS"];

/// Reads a resync file to its end, or to where it is damaged.
pub(super) fn read_resync(
    spec: &SideSpec,
    access: &Access,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let damaged = |error: ResyncError| match error {
        ResyncError::Queue(QueueError::Io(error)) => spec.unreadable(error),
        error => ToolError::new(ExitCode::Damaged, spec.title()).caused_by(error),
    };
    let mut reader = ResyncReader::new(spec.open()?, &Framing::OURS).map_err(damaged)?;
    let mut about = new_about(spec, access.page);
    describe(reader.header(), access.page, &mut about);
    let mut records = Records::new(access.page, &mut about, sink);
    // What is missing shows in the end mark. The numbers of a list say nothing: those of one maker are places, those of
    // another all the same.
    records.is_numbered = false;
    let mut framed = Framed::default();
    loop {
        match reader.read(&mut framed) {
            Ok(true) => records.take(&framed)?,
            Ok(false) => break,
            Err(ResyncError::Queue(QueueError::Io(error))) => return Err(spec.unreadable(error)),
            Err(error) => {
                about.incomplete = Some(error.to_string());
                about.is_damaged = true;
                return Ok(about);
            }
        }
    }
    if !matches!(reader.ending(), Some(Ending::Whole(_))) {
        about.incomplete = Some("no end mark: cut behind a record, or of another make".to_owned());
    }
    Ok(about)
}

/// Reads a queue to its end, or to where it is torn.
pub(super) fn read_queue(
    spec: &SideSpec,
    access: &Access,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let mut about = new_about(spec, access.page);
    let stem = spec.stem();
    about.has_holes = WITH_HOLES.contains(&&*stem);
    about.numbering = match &*stem {
        "REQTRANS" | "REQUPDS" => Numbering::Requestor,
        "MSTTRANS" | "SRVUPDS" => Numbering::Server,
        _ if about.has_holes => Numbering::Server,
        _ => Numbering::Unknown,
    };
    about.is_history = true;
    // Two copies of one queue; the same transaction gets another stamp in another.
    about.stamped_by = Some(stem);
    let mut queue = QueueReader::new(spec.open()?, &Framing::OURS);
    let mut records = Records::new(access.page, &mut about, sink);
    let fault = records.all(&mut queue)?;
    match fault {
        None => Ok(about),
        Some(QueueError::Io(error)) => Err(spec.unreadable(error)),
        Some(error) => {
            about.incomplete = Some(error.to_string());
            about.is_damaged = true;
            Ok(about)
        }
    }
}

fn new_about(spec: &SideSpec, page: CodePage) -> About {
    let mut about = About::new(spec.kind, spec.title());
    about.page = Some(page);
    about.has_details = false;
    about
}

fn describe(header: &ResyncHeader, page: CodePage, about: &mut About) {
    let name = |bytes: &[u8]| page.decode(bytes).to_uppercase();
    about.owner = Some(page.decode(&header.server));
    about.numbers = Numbers {
        server: Some(name(&header.server)),
        epoch: None,
        req_sync: Some(header.req_sync.0),
        srv_sync: Some(header.srv_sync.0),
        import_sync: Some(header.import_sync.0),
        stamp: Some(header.stamp),
    };
    let left_out = header.addressee.as_deref();
    about.left_out = left_out.map(|addressee| format!("MS:{}", name(addressee)));
}

struct Records<'r, 's> {
    page: CodePage,
    about: &'r mut About,
    sink: &'r mut Sink<'s>,
    is_numbered: bool,
    last: Option<u32>,
}

impl<'r, 's> Records<'r, 's> {
    fn new(page: CodePage, about: &'r mut About, sink: &'r mut Sink<'s>) -> Self {
        Self {
            page,
            about,
            sink,
            is_numbered: true,
            last: None,
        }
    }

    /// Takes the records of a queue, and returns why there are no more, if they did not come to their end.
    fn all<R: Read>(
        &mut self,
        queue: &mut QueueReader<R>,
    ) -> Result<Option<QueueError>, ToolError> {
        let mut framed = Framed::default();
        loop {
            match queue.read(&mut framed) {
                Ok(false) => return Ok(None),
                Ok(true) => match framed.checksum_error() {
                    None => self.take(&framed)?,
                    Some(error) => {
                        self.about.is_damaged = true;
                        self.refuse(&framed, "", 40, error.to_string())?;
                    }
                },
                Err(error) => return Ok(Some(error)),
            }
        }
    }

    fn take(&mut self, framed: &Framed) -> Result<(), ToolError> {
        let record = &framed.record;
        self.number(framed)?;
        let is_comment = record.text.first() == Some(&b'#');
        if !matches!(record.kind, RecordKind::Transaction | RecordKind::Other(_)) || is_comment {
            return Ok(());
        }
        match Transaction::decode_queue_text(&record.text, self.page) {
            Ok(text) => {
                let transaction = text.transaction;
                self.about.read += u64::from(transaction.entry().is_some());
                self.about.has_details |= has_details(&transaction);
                let is_list = self.about.kind == SideKind::Resync;
                (self.sink)(Event::Transaction {
                    transaction,
                    place: place(framed),
                    // Those of a resync file are places in it.
                    sync: (!is_list).then_some(record.sync),
                    stamp: (!is_list).then_some(record.stamp.0),
                })
            }
            Err(messages) => {
                let number = messages.last().map_or(13, |message| message.number);
                let said: Vec<_> = messages.iter().map(ToString::to_string).collect();
                let name = self.page.decode(name_on_line(&record.text, self.page));
                self.refuse(framed, &name, number, said.join("; "))
            }
        }
    }

    /// Compares a number with the one before it. The entries of a full list have one number together.
    fn number(&mut self, framed: &Framed) -> Result<(), ToolError> {
        if !self.is_numbered {
            return Ok(());
        }
        let number = framed.record.sync;
        let Some(before) = self.last.replace(number) else {
            return Ok(());
        };
        let place = place(framed);
        if number < before {
            return (self.sink)(Event::Backwards {
                before,
                number,
                place,
            });
        }
        if number > before.saturating_add(1) {
            let (from, to) = (before + 1, number - 1);
            return (self.sink)(Event::Gap { from, to, place });
        }
        Ok(())
    }

    fn refuse(
        &mut self,
        framed: &Framed,
        name: &str,
        message: u16,
        detail: String,
    ) -> Result<(), ToolError> {
        self.about.read += 1;
        (self.sink)(Event::Refused(Refusal {
            address: String::new(),
            name: name.to_owned(),
            place: place(framed),
            reason: Reason::of_refused_line(message),
            message: Some(message),
            detail,
        }))
    }
}

fn place(framed: &Framed) -> Place {
    Place::Record(framed.number, framed.offset)
}
