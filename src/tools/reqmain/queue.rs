//! REQTRANS.GLB as a whole: what waits in it, discarded, renumbered and added to.

use crate::codec::queue::{Framed, Framing, QueueRecord, QueueWriter, RecordKind};
use crate::codec::sync_number::ReqSync;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::protocol::requestor::{Acknowledgment, QueueView};
use crate::protocol::sync::RecordDigest;
use crate::transaction::Transaction;

/// The transactions of a requestor that the server has not confirmed, and the last number given.
#[derive(Debug)]
pub(super) struct Queue {
    records: Vec<QueueRecord>,
    last: ReqSync,
    is_changed: bool,
    /// Bytes beside the transactions, such as the dummy.
    has_others: bool,
}

impl Queue {
    /// Reads it; `None` where the file is missing.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub(super) fn load(
        po: &Postoffice,
        confirmed: ReqSync,
    ) -> Result<Option<Self>, PostofficeError> {
        let file = &layout::REQTRANS;
        let Some(mut reader) = po.open_queue(file, &Framing::OURS)? else {
            return Ok(None);
        };
        let mut queue = Self::empty();
        let mut framed = Framed::default();
        while reader
            .read(&mut framed)
            .map_err(|e| po.damaged_queue(file, e))?
        {
            if let Some(error) = framed.checksum_error() {
                return Err(po.damaged_queue(file, error));
            }
            let record = std::mem::take(&mut framed.record);
            queue.last = ReqSync(record.sync);
            let is_transaction =
                record.kind == RecordKind::Transaction && record.text.first() != Some(&b'#');
            if is_transaction && record.sync > confirmed.0 {
                queue.records.push(record);
            } else {
                queue.has_others = true;
            }
        }
        Ok(Some(queue))
    }

    /// A queue without anything: that of a file that is missing.
    pub(super) fn empty() -> Self {
        Self {
            records: Vec::new(),
            last: ReqSync::ZERO,
            is_changed: false,
            has_others: false,
        }
    }

    /// Returns the last number, dummies included.
    pub(super) fn last(&self) -> ReqSync {
        self.last
    }

    /// Returns the transactions that wait, in order.
    pub(super) fn records(&self) -> &[QueueRecord] {
        &self.records
    }

    /// Returns what a reply needs to know.
    pub(super) fn view(&self, confirmed: ReqSync) -> QueueView {
        let at = self.records.iter().find(|r| r.sync == confirmed.0);
        QueueView {
            last: self.last,
            at_confirmed: at.map_or(RecordDigest::UNKNOWN, |record| {
                RecordDigest::of(record.stamp, &record.text)
            }),
        }
    }

    /// Returns the number of the last export that waits: an R for the own list.
    pub(super) fn waiting_export(&self, own: &[u8], po: &Postoffice) -> Option<ReqSync> {
        let code_page = po.code_page();
        let is_export = |record: &&QueueRecord| {
            record.text.first() == Some(&b'R')
                && record
                    .text
                    .get(2..)
                    .is_some_and(|list| code_page.eq_ignore_case(list, own))
        };
        let found = self.records.iter().rev().find(is_export);
        found.map(|record| ReqSync(record.sync))
    }

    /// Does what a reply means for the queue; `next` is the confirmed number afterwards. Returns how many transactions
    /// left it, and how many got another number.
    pub(super) fn acknowledge(&mut self, acknowledgment: Acknowledgment, next: ReqSync) -> Done {
        let before = self.records.len();
        let mut done = Done::default();
        match acknowledgment {
            Acknowledgment::Nothing => {}
            Acknowledgment::Discard { through } => {
                self.records.retain(|record| record.sync > through.0);
                done.discarded = before - self.records.len();
                self.is_changed = true;
            }
            Acknowledgment::Renumber { above } => {
                let mut number = above.0;
                for record in &mut self.records {
                    number = number.saturating_add(1);
                    record.sync = number;
                }
                self.last = ReqSync(number);
                done.renumbered = before;
                self.is_changed = true;
            }
        }
        self.last = self.last.max(next);
        done
    }

    /// Adds a transaction with the next number.
    ///
    /// # Errors
    /// There is no number left.
    pub(super) fn push(
        &mut self,
        transaction: &Transaction,
        confirmed: ReqSync,
        now: Timestamp,
    ) -> Result<ReqSync, PostofficeError> {
        let next = self.last.max(confirmed).next().ok_or_else(|| {
            PostofficeError::Unstorable("REQTRANS.GLB has no number left".to_owned())
        })?;
        let text = transaction.encode_queue_text();
        self.records
            .push(QueueRecord::transaction(now, next.0, 0, text));
        self.last = next;
        self.is_changed = true;
        Ok(next)
    }

    /// Stages the file where it has changed: what waits, or the one record that keeps the number (Q133428).
    ///
    /// # Errors
    /// Staging failed.
    pub(super) fn stage(
        &self,
        batch: &Batch<'_>,
        confirmed: ReqSync,
        now: Timestamp,
    ) -> Result<(), PostofficeError> {
        if !self.is_changed {
            return Ok(());
        }
        let unstorable =
            |e: &dyn std::fmt::Display| PostofficeError::Unstorable(format!("REQTRANS.GLB: {e}"));
        let mut output = QueueWriter::new(Vec::new(), &Framing::OURS);
        for record in &self.records {
            output.write(record).map_err(|e| unstorable(&e))?;
        }
        if self.records.is_empty() {
            let number = self.last.max(confirmed);
            output
                .write(&QueueRecord::dummy(now, number.0))
                .map_err(|e| unstorable(&e))?;
        }
        let (bytes, _) = output.finish().map_err(|e| unstorable(&e))?;
        batch.replace_bytes(&layout::REQTRANS, &bytes)
    }
}

/// What an acknowledgment did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Transactions that left the queue.
    pub(super) discarded: usize,
    /// Transactions that got another number.
    pub(super) renumbered: usize,
}
