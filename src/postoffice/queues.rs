//! The transaction queues of a postoffice: read record by record, and appended to with dense numbers.

use std::fs;
use std::io::BufReader;

use super::layout::{self, File};
use super::{Batch, Postoffice, PostofficeError};
use crate::codec::queue::{
    Framed, Framing, QueueError, QueueReader, QueueRecord, QueueWriter, RecordKind,
};
use crate::codec::reqconf::ReqConf;
use crate::codec::sync_number::SrvSync;
use crate::codec::timestamp::Timestamp;
use crate::transaction::Transaction;

impl Postoffice {
    /// Opens a queue; `None` where there is no such file.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_queue(
        &self,
        file: &File,
        framing: &Framing,
    ) -> Result<Option<QueueReader<BufReader<fs::File>>>, PostofficeError> {
        let open = self.layout().open_file(file)?;
        Ok(open.map(|open| QueueReader::new(BufReader::new(open), framing)))
    }

    /// Returns the lowest number that waits in SRVTRANS.GLB for IMPORT: received, but in no list yet.
    ///
    /// # Errors
    /// The queue cannot be read; where it is damaged, what could be read of it counts.
    pub fn first_pending(&self) -> Result<Option<SrvSync>, PostofficeError> {
        let file = &layout::SRVTRANS;
        let Some(mut queue) = self.open_queue(file, &Framing::OURS)? else {
            return Ok(None);
        };
        let mut framed = Framed::default();
        let mut lowest = None;
        loop {
            match queue.read(&mut framed) {
                Ok(true) if framed.record.kind == RecordKind::Transaction => {
                    let number = SrvSync(framed.record.sync);
                    lowest = Some(lowest.map_or(number, |lowest| number.min(lowest)));
                }
                Ok(true) => {}
                Ok(false) => return Ok(lowest),
                Err(QueueError::Io(error)) => {
                    return Err(self.damaged_queue(file, QueueError::Io(error)));
                }
                // IMPORT says what is wrong with it; no list holds any of it so far.
                Err(_) => return Ok(lowest.or(Some(SrvSync::ZERO))),
            }
        }
    }

    /// Adds the path of a queue to what is wrong in it.
    pub fn damaged_queue(&self, file: &File, error: QueueError) -> PostofficeError {
        match (self.layout().path(file), error) {
            (Ok(path), QueueError::Io(source)) => PostofficeError::Read { path, source },
            (Ok(path), error) => PostofficeError::Queue {
                path,
                source: Box::new(error),
            },
            (Err(error), _) => error,
        }
    }
}

/// New records for the end of REQTRANS.GLB, numbered after the last one there (`spec/protocol.md` 3.1).
#[derive(Debug)]
pub struct RequestorQueue {
    /// The number of the last record, dummies included; 0 in an empty queue.
    pub last: u32,
    /// The last number that the server has confirmed.
    pub confirmed: u32,
    next: u32,
    stamp: Timestamp,
    output: QueueWriter<Vec<u8>>,
}

impl RequestorQueue {
    /// Reads the queue to find its last number.
    ///
    /// Numbers go on behind the larger of that one and ReqSync: a queue that was deleted and made anew would else
    /// count from 1, and nothing in it would ever be sent (Q119014).
    ///
    /// # Errors
    /// REQTRANS.GLB is missing (message 2: it is not created in silence, Q119017), or damaged.
    pub fn open(
        po: &Postoffice,
        config: &ReqConf,
        stamp: Timestamp,
    ) -> Result<Self, PostofficeError> {
        let file = &layout::REQTRANS;
        let Some(mut queue) = po.open_queue(file, &Framing::OURS)? else {
            return Err(PostofficeError::Missing {
                path: po.layout().path(file)?,
            });
        };
        let mut framed = Framed::default();
        let mut last = 0;
        while queue
            .read(&mut framed)
            .map_err(|e| po.damaged_queue(file, e))?
        {
            if let Some(error) = framed.checksum_error() {
                return Err(po.damaged_queue(file, error));
            }
            last = framed.record.sync;
        }
        let confirmed = config.req_sync.0;
        let output = QueueWriter::new(Vec::new(), &Framing::OURS);
        Ok(Self {
            last,
            confirmed,
            next: last.max(confirmed),
            stamp,
            output,
        })
    }

    /// Adds a transaction and returns its number.
    ///
    /// # Errors
    /// The numbers are used up, or the text is longer than a record takes.
    pub fn push(&mut self, transaction: &Transaction) -> Result<u32, PostofficeError> {
        let number = self.next.checked_add(1).ok_or_else(|| {
            PostofficeError::Unstorable("REQTRANS.GLB has no number left".to_owned())
        })?;
        let text = transaction.encode_queue_text();
        self.output
            .write(&QueueRecord::transaction(self.stamp, number, 0, text))
            .map_err(|e| PostofficeError::Unstorable(format!("REQTRANS.GLB: {e}")))?;
        self.next = number;
        Ok(number)
    }

    /// Returns how many transactions were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.output.count()
    }

    /// Tells whether the queue lies behind what the server has confirmed, so that numbers had to be skipped.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.last < self.confirmed
    }

    /// Stages what was added.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if self.count() == 0 {
            return Ok(());
        }
        let (bytes, _) = self
            .output
            .finish()
            .map_err(|e| PostofficeError::Unstorable(format!("REQTRANS.GLB: {e}")))?;
        batch.append(&layout::REQTRANS, &bytes)
    }
}
