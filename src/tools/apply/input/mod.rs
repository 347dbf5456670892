//! Reads what is to be applied, in this order: what a failed run left in the sorted queues, the resync file, the
//! queue from the server (`spec/import.md` 6.5, `spec/protocol.md` 5.3).

mod resync;

use std::fs::File as FsFile;
use std::io::BufReader;
use std::path::PathBuf;

use super::{FRAMING, Request};
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, QueueReader, RecordKind};
use crate::codec::resync::ResyncHeader;
use crate::importfile::{name_on_line, plain_add};
use crate::messages::{Message, SRVTRANS_INACCESSIBLE, Severity};
use crate::plan::Note;
use crate::plan::intake::Intake;
use crate::plan::op::Position;
use crate::plan::outcome::Action;
use crate::postoffice::log::LogLine;
use crate::postoffice::{File, Postoffice, PostofficeError, layout};
use crate::probe::layout::Layout;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ToolError;
use crate::tools::framed;
use crate::tools::pass::{State, key_of};
use crate::tools::session::Session;
use crate::transaction::Transaction;

/// What was read beside the transactions.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The source ends where it should, with every checksum right.
    pub(super) is_whole: bool,
    /// Header of the resync file, where there was one.
    pub(super) header: Option<ResyncHeader>,
    /// Damaged queue files that are kept beside their successors.
    pub(super) leftovers: Vec<(File, Vec<u8>)>,
    /// Messages about the source as a whole.
    pub(super) messages: Vec<LogLine>,
}

/// Reads everything that is to be applied into `intake`.
pub(super) fn read(
    session: &Session,
    state: &State,
    request: &Request,
    intake: &mut Intake,
    interrupt: &Interrupt,
) -> Result<Read, ToolError> {
    let mut reading = Reading {
        po: &session.po,
        code_page: session.po.code_page(),
        intake,
        interrupt,
        read: Read {
            is_whole: true,
            ..Read::default()
        },
        went_back: false,
        framing: request.framing.as_ref(),
    };
    reading.check_access()?;
    let pointers = state.config.pointers.0;
    for (file, pointer) in [
        (layout::USRTRANS, pointers[1]),
        (layout::GWTRANS, pointers[2]),
        (layout::NMETRANS, pointers[3]),
    ] {
        reading.queue(&file, pointer, 0)?;
    }
    if let Some(path) = resync_path(&session.po, request)? {
        reading.resync(&path, state)?;
    }
    let after = reading
        .read
        .header
        .as_ref()
        .map_or(0, |header| header.srv_sync.0);
    if !reading.copied_resync(state)? && !reading.went_back {
        reading.queue(&layout::SRVTRANS, pointers[0], after)?;
    }
    Ok(reading.read)
}

/// Walks over the records of everything that is applied, for the log of `-l`; what cannot be read was said already.
pub(super) fn walk(
    po: &Postoffice,
    request: &Request,
    take: &mut dyn FnMut(u64, u64, &[u8]),
) -> Result<(), PostofficeError> {
    let mut queues = Vec::new();
    for file in [layout::USRTRANS, layout::GWTRANS, layout::NMETRANS] {
        queues.push(po.layout().path(&file)?);
    }
    let sorted = queues.clone();
    queues.extend(resync_path(po, request)?);
    queues.push(po.layout().path(&layout::SRVTRANS)?);
    for path in queues {
        let is_sorted = sorted.contains(&path);
        let framing = request.framing.as_ref().filter(|_| !is_sorted);
        let Ok(open) = framed::open(&path, framing) else {
            continue;
        };
        let mut queue = QueueReader::new(BufReader::new(open), &FRAMING);
        let mut framed = Framed::default();
        while matches!(queue.read(&mut framed), Ok(true)) {
            let key = key_of(position(&framed));
            take(key, key, &framed.record.text);
        }
    }
    Ok(())
}

/// Returns the place of a record: its number in the file, and its sync number.
fn position(framed: &Framed) -> Position {
    Position {
        line: u32::try_from(framed.number).unwrap_or(u32::MAX),
        sync: framed.record.sync,
    }
}

/// Returns the resync file to apply: the one named, or GLB/RESYNC.GLB.
pub(super) fn resync_path(
    po: &Postoffice,
    request: &Request,
) -> Result<Option<PathBuf>, PostofficeError> {
    match &request.resync {
        Some(path) => Ok(Some(path.clone())),
        None if po.layout().exists(&layout::RESYNC)? => po.layout().path(&layout::RESYNC).map(Some),
        None => Ok(None),
    }
}

struct Reading<'a> {
    po: &'a Postoffice,
    code_page: CodePage,
    intake: &'a mut Intake,
    interrupt: &'a Interrupt,
    read: Read,
    /// The numbers of the server went back: what waits in SRVTRANS was numbered before, and comes again as far as the
    /// server still has it.
    went_back: bool,
    /// How the records of a resync file and of SRVTRANS lie, where they are not ours.
    framing: Option<&'a Layout>,
}

impl Reading<'_> {
    /// A queue that somebody holds, or that may not be written, stops the run before anything is decided (Q174164).
    fn check_access(&self) -> Result<(), ToolError> {
        let Some(_) = self.po.exclusive_lock() else {
            return Ok(());
        };
        let batch = self.po.batch()?;
        batch.check_targets([&layout::SRVTRANS]).map_err(|error| {
            let message = Message::new(13, "").with_text(SRVTRANS_INACCESSIBLE);
            let message = message.with_severity(Severity::Error);
            ToolError::from(error).with_message(message)
        })
    }

    /// Reads one queue from the place its pointer names; records up to `after` are already applied.
    fn queue(&mut self, file: &File, pointer: i32, after: u32) -> Result<(), ToolError> {
        let Some(len) = self.po.layout().len(file)?.filter(|&len| len > 0) else {
            return self.check_pointer(file, pointer, 0);
        };
        self.check_pointer(file, pointer, len)?;
        let start = u64::try_from(pointer)
            .ok()
            .filter(|&start| start < len)
            // It counts bytes of the file as it lies there.
            .filter(|_| self.framing.is_none() || *file != layout::SRVTRANS)
            .unwrap_or(0);
        let Some(mut queue) = self.open_queue(file)? else {
            return Ok(());
        };
        let mut framed = Framed::default();
        loop {
            match queue.read(&mut framed) {
                Ok(false) => return Ok(()),
                Ok(true) if framed.offset < start => {}
                Ok(true) => match framed.checksum_error() {
                    Some(error) => self.damaged_record(file, &framed, error.to_string())?,
                    None if framed.record.sync > after || after == 0 => self.record(&framed)?,
                    None => {}
                },
                Err(error) => {
                    let error = self.po.damaged_queue(file, error);
                    if matches!(error, PostofficeError::Read { .. }) {
                        return Err(error.into());
                    }
                    return self.torn(file, &error.to_string());
                }
            }
        }
    }

    /// Opens a queue; SRVTRANS may be of another framing, the others are what we left there.
    fn open_queue(&self, file: &File) -> Result<Option<QueueReader<BufReader<FsFile>>>, ToolError> {
        let framing = self.framing.filter(|_| *file == layout::SRVTRANS);
        if framing.is_none() || !self.po.layout().exists(file)? {
            return Ok(self.po.open_queue(file, &FRAMING)?);
        }
        let path = self.po.layout().path(file)?;
        let open = framed::open(&path, framing).map_err(|error| framed::failed(&path, error))?;
        Ok(Some(QueueReader::new(BufReader::new(open), &FRAMING)))
    }

    /// A pointer that leads nowhere gave error 45 for ever; it is reset, and that is said (Q112301, Q140462).
    fn check_pointer(&mut self, file: &File, pointer: i32, len: u64) -> Result<(), ToolError> {
        let valid = pointer == -1 || u64::try_from(pointer).is_ok_and(|pointer| pointer <= len);
        if !valid {
            let argument = format!(
                "{}: pointer {pointer} reset, the file has {len} bytes",
                file.stem()
            );
            let message = Message::new(45, argument).with_severity(Severity::Warning);
            self.read.messages.push(message.into());
        }
        Ok(())
    }

    fn record(&mut self, framed: &Framed) -> Result<(), ToolError> {
        self.interrupt.check()?;
        let record = &framed.record;
        let is_comment = record.text.first() == Some(&b'#');
        if !matches!(record.kind, RecordKind::Transaction | RecordKind::Other(_)) || is_comment {
            return Ok(());
        }
        let at = position(framed);
        if let Some(entry) = plain_add(&record.text, self.code_page) {
            self.intake.take_add(at, &entry);
            return Ok(());
        }
        match Transaction::decode_queue_text(&record.text, self.code_page) {
            Ok(text) => {
                for message in &text.messages {
                    self.note(at, message.number, message.found.as_bytes());
                }
                self.intake.take(at, text.transaction);
            }
            Err(messages) => {
                let number = messages.last().map_or(47, |message| message.number);
                let name = name_on_line(&record.text, self.code_page);
                let shown = if name.is_empty() {
                    first_line(&record.text)
                } else {
                    name
                };
                for message in &messages {
                    self.note(at, message.number, shown);
                }
                let action = match record.text.first() {
                    Some(b'A') => Action::Add,
                    Some(b'D') => Action::Delete,
                    Some(b'M') => Action::Modify,
                    _ => Action::None,
                };
                self.intake.take_refused(at, action, number, name);
            }
        }
        Ok(())
    }

    fn note(&mut self, at: Position, message: u16, argument: &[u8]) {
        self.intake.notes.push(Note {
            at,
            message,
            argument: argument.to_vec(),
        });
    }

    /// A record with a wrong checksum is not believed; the others are applied, and nothing is removed by absence.
    fn damaged_record(
        &mut self,
        file: &File,
        framed: &Framed,
        error: String,
    ) -> Result<(), ToolError> {
        let at = position(framed);
        self.intake.take_refused(at, Action::None, 40, b"");
        self.torn(file, &error)
    }

    fn torn(&mut self, file: &File, error: &str) -> Result<(), ToolError> {
        self.read.is_whole = false;
        let kept = File::named(file.dir(), &format!("{}.BAD", file.stem())).expect("a fixed name");
        let argument = format!("{}: {error}; the file is kept as {kept}", file.stem());
        let message = Message::new(40, argument).with_severity(Severity::Error);
        self.read.messages.push(message.into());
        if !self.read.leftovers.iter().any(|(known, _)| *known == kept) {
            let bytes = self.po.read(file)?;
            self.read.leftovers.push((kept, bytes));
        }
        Ok(())
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|&b| b == b'\r' || b == b'\n')
        .next()
        .unwrap_or_default()
}
