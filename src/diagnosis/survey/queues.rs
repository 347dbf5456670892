//! The queues of transactions, each read once from front to end in constant memory.

use std::io::Read;

use super::reader::{Reader, Seen};
use crate::codec::queue::{Framed, Framing, QueueReader, RecordKind};
use crate::codec::resync::{Ending, ResyncHeader, ResyncReader};
use crate::codec::timestamp::Timestamp;
use crate::diagnosis::finding::{Damage, Place};
use crate::postoffice::{File, layout};

/// What a queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// Bytes of the file.
    pub len: u64,
    /// Records, dummies included.
    pub record_count: u64,
    /// Records that are transactions.
    pub transaction_count: u64,
    /// The number of the first record.
    pub first: Option<u32>,
    /// The number of the last record; none where that record is damaged.
    pub last: Option<u32>,
    /// The date stamp of the first record.
    pub first_stamp: Timestamp,
    /// What is damaged first.
    pub damage: Option<Damage>,
    /// Records whose checksum is wrong.
    pub wrong_checksum_count: u64,
    /// The file ends inside a record, or goes on with something that is none.
    pub is_torn: bool,
    /// The first record whose number is not above the one before it.
    pub disorder: Option<Step>,
    /// The first record whose number leaves some out.
    pub gap: Option<Step>,
    /// Records whose number leaves some out.
    pub gap_count: u64,
    /// A record begins, or the file ends, where the pointer of REQCONF.GLB leads.
    pub pointer_fits: bool,
}

/// The step from one record to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where the later record is.
    pub place: Place,
    /// The number before.
    pub previous: u32,
    /// Its number.
    pub found: u32,
}

impl Queue {
    /// Tells whether every record can be believed.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.damage.is_none()
    }

    /// Reads a queue; `pointer` is where REQCONF.GLB says that work goes on.
    pub fn scan(input: impl Read, len: u64, pointer: Option<u64>) -> Self {
        let mut queue = Self {
            len,
            pointer_fits: pointer == Some(len),
            ..Self::default()
        };
        let mut reader = QueueReader::new(input, &Framing::OURS);
        let mut framed = Framed::default();
        let mut previous = None;
        loop {
            match reader.read(&mut framed) {
                Ok(true) => previous = queue.take(&framed, previous, pointer),
                Ok(false) => return queue,
                Err(error) => {
                    queue.damage.get_or_insert_with(|| Damage::from(&error));
                    queue.is_torn = true;
                    queue.last = None;
                    return queue;
                }
            }
        }
    }

    /// Takes one record, and returns its number where it can be believed.
    fn take(
        &mut self,
        framed: &Framed,
        previous: Option<u32>,
        pointer: Option<u64>,
    ) -> Option<u32> {
        self.record_count += 1;
        self.pointer_fits |= pointer == Some(framed.offset);
        if let Some(error) = framed.checksum_error() {
            self.damage.get_or_insert_with(|| Damage::from(&error));
            self.wrong_checksum_count += 1;
            self.last = None;
            return None;
        }
        let record = &framed.record;
        if matches!(record.kind, RecordKind::Transaction | RecordKind::Other(_)) {
            self.transaction_count += 1;
        }
        if self.record_count == 1 {
            self.first = Some(record.sync);
            self.first_stamp = record.stamp;
        }
        self.last = Some(record.sync);
        if let Some(previous) = previous {
            let step = Step {
                place: Place::record(framed.number, framed.offset),
                previous,
                found: record.sync,
            };
            if record.sync <= previous {
                self.disorder.get_or_insert(step);
            } else if record.sync - previous > 1 {
                self.gap.get_or_insert(step);
                self.gap_count += 1;
            }
        }
        Some(record.sync)
    }
}

/// All queues of a postoffice.
#[derive(Debug, Clone, Default)]
pub struct Queues {
    /// REQTRANS.GLB.
    pub requestor: Seen<Queue>,
    /// MSTTRANS.GLB.
    pub master: Seen<Queue>,
    /// SRVTRANS, USRTRANS, GWTRANS and NMETRANS, in the order of the pointers in REQCONF.GLB.
    pub import: [Seen<Queue>; 4],
    /// RESYNC.GLB.
    pub resync: Seen<Resync>,
}

/// The queues of IMPORT in the order of the pointers in REQCONF.GLB (Q140462).
pub static IMPORT_QUEUES: [File; 4] = [
    layout::SRVTRANS,
    layout::USRTRANS,
    layout::GWTRANS,
    layout::NMETRANS,
];

/// What RESYNC.GLB is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resync {
    /// Its header, and whether the end mark proves it whole.
    List {
        /// The header.
        header: ResyncHeader,
        /// Whether an end mark agrees.
        is_whole: bool,
    },
    /// No resync file, or a damaged one.
    Damaged(String),
}

impl Queues {
    pub(super) fn read(reader: &mut Reader<'_>, pointers: [i32; 4]) -> Self {
        let mut import = <[Seen<Queue>; 4]>::default();
        for ((queue, file), pointer) in import.iter_mut().zip(&IMPORT_QUEUES).zip(pointers) {
            *queue = read_queue(reader, file, u64::try_from(pointer).ok());
        }
        Self {
            requestor: read_queue(reader, &layout::REQTRANS, None),
            master: read_queue(reader, &layout::MSTTRANS, None),
            import,
            resync: read_resync(reader),
        }
    }
}

fn read_queue(reader: &mut Reader<'_>, file: &File, pointer: Option<u64>) -> Seen<Queue> {
    match reader.open(file) {
        Seen::Absent => Seen::Absent,
        Seen::Unusable => Seen::Unusable,
        Seen::Whole(input) => {
            let len = reader.files.len(file).unwrap_or(0);
            Seen::Whole(Queue::scan(input.into_inner(), len, pointer))
        }
    }
}

fn read_resync(reader: &mut Reader<'_>) -> Seen<Resync> {
    let input = match reader.open(&layout::RESYNC) {
        Seen::Absent => return Seen::Absent,
        Seen::Unusable => return Seen::Unusable,
        Seen::Whole(input) => input,
    };
    let read = ResyncReader::new(input.into_inner(), &Framing::OURS).and_then(|reader| {
        let header = reader.header().clone();
        let is_whole = matches!(reader.verify()?, Ending::Whole(_));
        Ok(Resync::List { header, is_whole })
    });
    Seen::Whole(read.unwrap_or_else(|error| Resync::Damaged(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::queue::{QueueRecord, QueueWriter};

    fn bytes(numbers: &[u32]) -> Vec<u8> {
        let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
        for &number in numbers {
            let text = b"A x\tPCM:N/P/x".to_vec();
            let record = QueueRecord::transaction(Timestamp(7), number, 0, text);
            writer.write(&record).unwrap();
        }
        writer.finish().unwrap().0
    }

    fn scan(bytes: &[u8]) -> Queue {
        Queue::scan(bytes, bytes.len() as u64, None)
    }

    #[test]
    fn numbers_that_go_up_are_in_order() {
        let queue = scan(&bytes(&[4, 5, 6]));
        assert_eq!((queue.first, queue.last), (Some(4), Some(6)));
        assert_eq!((queue.disorder, queue.gap), (None, None));
        assert!(queue.is_intact());
    }

    #[test]
    fn a_step_back_and_a_gap_are_told_with_their_place() {
        let queue = scan(&bytes(&[4, 4, 9, 11]));
        let disorder = queue.disorder.unwrap();
        assert_eq!((disorder.previous, disorder.found), (4, 4));
        assert_eq!(disorder.place, Place::record(2, 37));
        let gap = queue.gap.unwrap();
        assert_eq!((gap.previous, gap.found, queue.gap_count), (4, 9, 2));
    }

    #[test]
    fn a_damaged_record_has_no_number_and_makes_no_gap() {
        let mut bytes = bytes(&[4, 5, 6]);
        bytes[37 + 30] ^= 1;
        let queue = scan(&bytes);
        assert_eq!((queue.wrong_checksum_count, queue.gap), (1, None));
        assert_eq!(queue.damage.unwrap().place, Place::record(2, 37));
        assert_eq!(queue.last, Some(6));
        let torn = scan(&bytes[..bytes.len() - 1]);
        assert!(torn.is_torn && torn.last.is_none());
    }

    #[test]
    fn a_pointer_fits_where_a_record_begins_or_the_file_ends() {
        let bytes = bytes(&[1, 2]);
        let fits =
            |pointer| Queue::scan(&bytes[..], bytes.len() as u64, Some(pointer)).pointer_fits;
        assert!(fits(0) && fits(37) && fits(74));
        assert!(!fits(1) && !fits(75));
        assert!(Queue::scan(&[][..], 0, Some(0)).pointer_fits);
    }
}
