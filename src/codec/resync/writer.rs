use std::io::{self, Write};

use super::{EndMark, ResyncError, ResyncFault, ResyncHeader};
use crate::codec::checksum::Crc32;
use crate::codec::queue::{Framing, QueueError, QueueRecord, QueueWriter, RecordKind};
use crate::codec::timestamp::Timestamp;

/// Writes a resync file in our framing: header, records, end mark; `output` needs no buffer of its own.
///
/// Header and end mark carry SRVSEQ as their sync number. Without [`ResyncWriter::finish`] there is no
/// end mark, so that a run that fails cannot leave a file that looks whole.
#[derive(Debug)]
#[must_use = "the end mark is written by finish()"]
pub struct ResyncWriter<W> {
    queue: QueueWriter<Summed<W>>,
    stamp: Timestamp,
    sync: u32,
}

impl<W: Write> ResyncWriter<W> {
    /// Writes the header; `stamp` is the date of the file.
    ///
    /// # Errors
    /// A name in the header could not be read back; writing failed.
    pub fn new(output: W, header: &ResyncHeader, stamp: Timestamp) -> Result<Self, ResyncError> {
        let text = header.encode();
        ResyncHeader::decode(&text).map_err(ResyncError::Header)?;
        let summed = Summed {
            output,
            crc32: Crc32::new(),
        };
        let sync = header.srv_sync.0;
        let mut queue = QueueWriter::new(summed, &Framing::OURS);
        queue.write(&own_record(RecordKind::ResyncHeader, stamp, sync, text))?;
        Ok(Self { queue, stamp, sync })
    }

    /// Writes one record of the list.
    ///
    /// # Errors
    /// The record is a header or an end mark, or too long; writing failed.
    pub fn write(&mut self, record: &QueueRecord) -> Result<(), ResyncError> {
        if matches!(record.kind, RecordKind::ResyncHeader | RecordKind::EndMark) {
            let fault = ResyncFault::Kind(record.kind.code());
            return Err(fault.at(self.queue.count() + 1, self.queue.offset()));
        }
        Ok(self.queue.write(record)?)
    }

    /// Writes the end mark and returns it with the output.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> Result<(W, EndMark), ResyncError> {
        let (stamp, sync) = (self.stamp, self.sync);
        let (summed, count) = self.queue.finish().map_err(QueueError::from)?;
        let mark = EndMark {
            count,
            crc32: summed.crc32.value(),
        };
        let mut queue = QueueWriter::new(summed.output, &Framing::OURS);
        queue.write(&own_record(RecordKind::EndMark, stamp, sync, mark.encode()))?;
        let (output, _) = queue.finish().map_err(QueueError::from)?;
        Ok((output, mark))
    }
}

fn own_record(kind: RecordKind, stamp: Timestamp, sync: u32, text: Vec<u8>) -> QueueRecord {
    QueueRecord {
        kind,
        ..QueueRecord::transaction(stamp, sync, 0, text)
    }
}

/// Sums up what passes through.
#[derive(Debug)]
struct Summed<W> {
    output: W,
    crc32: Crc32,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.output.write(bytes)?;
        self.crc32.update(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
