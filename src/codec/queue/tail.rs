use std::io::{self, Read, Seek, SeekFrom};

use super::{Framed, Framing, MAX_TEXT_LEN, QueueError, QueueReader};

/// Bytes looked at first; most runs need no more.
const FIRST_WINDOW: u64 = 64 * 1024;

/// Bytes that are held at most; what begins before them is found by reading from the start.
const MAX_WINDOW: u64 = 16 * 1024 * 1024;

/// Where in a queue the records above a number begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Offset of the first of them; the length of the file where there is none.
    pub offset: u64,
    /// Number of the record before it in the file, or of the last one read where it is not known.
    pub before: u32,
}

/// Finds the records above `number` in a queue of [`Framing::OURS`] with consecutive numbers, which ends with `last`,
/// by reading from its end: the cost follows how many there are, not how many the queue holds.
///
/// A record does not say where the one before it begins. So a window at the end is searched for an offset from which
/// records with right checksums and consecutive numbers lead to the end of the file and to `last`: a text cannot hold
/// that by chance, and not on purpose, for it has no NUL. Where there is none, the window grows; beyond 16 MB the queue
/// is read from its start.
///
/// # Errors
/// Reading failed, or the queue is damaged where it had to be read.
pub fn find_tail<R: Read + Seek>(
    input: &mut R,
    len: u64,
    last: u32,
    number: u32,
) -> Result<Tail, QueueError> {
    if number >= last {
        return Ok(Tail {
            offset: len,
            before: last,
        });
    }
    let mut window = FIRST_WINDOW;
    while window < len && window <= MAX_WINDOW {
        let start = len - window;
        input.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(window).map_err(io::Error::other)?];
        input.read_exact(&mut bytes)?;
        if let Some(at) = chain(&bytes, last, number) {
            return Ok(Tail {
                offset: start + at as u64,
                before: number,
            });
        }
        window *= 4;
    }
    from_start(input, number)
}

/// Returns the offset of the first record above `number` in bytes that end a queue.
fn chain(bytes: &[u8], last: u32, number: u32) -> Option<usize> {
    let mut begin = 0;
    while begin + HEADER_LEN <= bytes.len() {
        let first = sync_at(bytes, begin);
        // The records to find must all be behind a boundary of which one more is known.
        let plausible = first <= number.saturating_add(1) && first > 0;
        if plausible && is_intact(bytes, begin) {
            if let Some(at) = follow(bytes, begin, first, last, number) {
                return Some(at);
            }
        }
        begin += 1;
    }
    None
}

/// Follows records from a boundary to the end of the bytes.
fn follow(bytes: &[u8], begin: usize, first: u32, last: u32, number: u32) -> Option<usize> {
    let (mut at, mut next) = (begin, first);
    let mut found = None;
    while at < bytes.len() {
        let len = record_len(bytes, at)?;
        if sync_at(bytes, at) != next {
            return None;
        }
        if next > number && found.is_none() {
            found = Some(at);
        }
        at += len;
        next = next.checked_add(1)?;
    }
    found.filter(|_| next - 1 == last)
}

const HEADER_LEN: usize = Framing::OURS.header_len;

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[at..at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(word)
}

fn sync_at(bytes: &[u8], at: usize) -> u32 {
    word(bytes, at + 12)
}

/// Returns the length of the record at an offset, if it ends inside.
fn record_len(bytes: &[u8], at: usize) -> Option<usize> {
    if at + HEADER_LEN > bytes.len() {
        return None;
    }
    let len = word(bytes, at + 4) as usize;
    (len <= MAX_TEXT_LEN && at + HEADER_LEN + len <= bytes.len()).then_some(HEADER_LEN + len)
}

fn is_intact(bytes: &[u8], at: usize) -> bool {
    record_len(bytes, at).is_some_and(|len| {
        let mut framed = Framed::default();
        Framing::OURS.decode(&bytes[at..at + len], &mut framed);
        framed.is_intact()
    })
}

fn from_start<R: Read + Seek>(input: &mut R, number: u32) -> Result<Tail, QueueError> {
    input.seek(SeekFrom::Start(0))?;
    let mut reader = QueueReader::new(input, &Framing::OURS);
    let mut framed = Framed::default();
    let mut before = 0;
    loop {
        let offset = reader.offset();
        if !reader.read(&mut framed)? || framed.record.sync > number {
            return Ok(Tail { offset, before });
        }
        before = framed.record.sync;
    }
}

/// Returns the number of the last record of a queue of [`Framing::OURS`] with consecutive numbers; `None` where it is
/// empty. It is read from the end as [`find_tail`] does.
///
/// # Errors
/// Reading failed, or the end is damaged: a torn or impossible record, with its place.
pub fn last_number<R: Read + Seek>(input: &mut R, len: u64) -> Result<Option<u32>, QueueError> {
    if len == 0 {
        return Ok(None);
    }
    let mut window = FIRST_WINDOW;
    while window < len && window <= MAX_WINDOW {
        let start = len - window;
        input.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(window).map_err(io::Error::other)?];
        input.read_exact(&mut bytes)?;
        if let Some(last) = last_in(&bytes) {
            return Ok(Some(last));
        }
        window *= 4;
    }
    input.seek(SeekFrom::Start(0))?;
    let mut reader = QueueReader::new(input, &Framing::OURS);
    let mut framed = Framed::default();
    let mut last = None;
    while reader.read(&mut framed)? {
        last = Some(framed.record.sync);
    }
    Ok(last)
}

/// Finds a boundary from which at least two records lead to the end.
fn last_in(bytes: &[u8]) -> Option<u32> {
    for begin in 0..bytes.len().saturating_sub(HEADER_LEN) {
        if !is_intact(bytes, begin) || sync_at(bytes, begin) == 0 {
            continue;
        }
        let (mut at, mut next, mut count) = (begin, sync_at(bytes, begin), 0_u32);
        while let Some(len) = record_len(bytes, at) {
            if sync_at(bytes, at) != next {
                break;
            }
            at += len;
            count += 1;
            let Some(more) = next.checked_add(1) else {
                break;
            };
            next = more;
        }
        if at == bytes.len() && count >= 2 {
            return Some(sync_at(bytes, begin) + (count - 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{QueueRecord, QueueWriter};
    use super::*;
    use crate::codec::timestamp::Timestamp;

    /// Counts what is read.
    struct Counted<R>(R, u64);

    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.0.read(buffer)?;
            self.1 += len as u64;
            Ok(len)
        }
    }

    impl<R: Seek> Seek for Counted<R> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    fn queue(numbers: impl IntoIterator<Item = u32>) -> (Vec<u8>, Vec<u64>) {
        let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
        let mut offsets = Vec::new();
        for n in numbers {
            offsets.push(writer.offset());
            let text = format!("A User Number {n}\tPCM:NET/PO{}/user{n}", n % 7).into_bytes();
            let record = QueueRecord::transaction(Timestamp(n), n, n % 3, text);
            writer.write(&record).unwrap();
        }
        (writer.finish().unwrap().0, offsets)
    }

    #[test]
    fn the_end_is_found_without_reading_the_rest() {
        let (bytes, offsets) = queue(5..=60_000);
        let len = bytes.len() as u64;
        let mut input = Counted(Cursor::new(&bytes), 0);
        assert_eq!(last_number(&mut input, len).unwrap(), Some(60_000));
        let tail = find_tail(&mut input, len, 60_000, 59_990).unwrap();
        assert_eq!(tail.offset, offsets[59_991 - 5]);
        assert!(input.1 <= 2 * FIRST_WINDOW, "{} bytes read", input.1);
        for number in [59_999, 60_000, 70_000, 59_000, 55_000, 100, 5, 4, 0] {
            let tail = find_tail(&mut input, len, 60_000, number).unwrap();
            let index = number.max(4) as usize + 1 - 5;
            let expected = offsets.get(index).copied().unwrap_or(len);
            assert_eq!(tail.offset, expected, "above {number}");
        }
    }

    #[test]
    fn a_short_queue_is_read_whole() {
        let (bytes, offsets) = queue(1..=3);
        let len = bytes.len() as u64;
        let mut input = Cursor::new(&bytes);
        assert_eq!(last_number(&mut input, len).unwrap(), Some(3));
        let tail = find_tail(&mut input, len, 3, 1).unwrap();
        assert_eq!((tail.offset, tail.before), (offsets[1], 1));
        assert_eq!(last_number(&mut Cursor::new(&[]), 0).unwrap(), None);
    }

    #[test]
    fn a_text_that_looks_like_records_is_not_taken_for_them() {
        let (inner, _) = queue(90..=95);
        let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
        for n in 1..=4000_u32 {
            let text = match n {
                3990 => inner.clone(),
                n => format!("A User Number {n}\tPCM:NET/PO/user{n}").into_bytes(),
            };
            writer
                .write(&QueueRecord::transaction(Timestamp(n), n, 0, text))
                .unwrap();
        }
        let bytes = writer.finish().unwrap().0;
        let len = bytes.len() as u64;
        let mut input = Cursor::new(&bytes);
        assert_eq!(last_number(&mut input, len).unwrap(), Some(4000));
        let tail = find_tail(&mut input, len, 4000, 3980).unwrap();
        let mut reader = QueueReader::new(&bytes[tail.offset as usize..], &Framing::OURS);
        let mut framed = Framed::default();
        assert!(reader.read(&mut framed).unwrap());
        assert_eq!(framed.record.sync, 3981);
    }

    #[test]
    fn a_torn_end_is_an_error() {
        let (bytes, _) = queue(1..=4000);
        let cut = &bytes[..bytes.len() - 5];
        let error = last_number(&mut Cursor::new(cut), cut.len() as u64).unwrap_err();
        assert!(
            error.to_string().starts_with("transaction 4000 at byte"),
            "{error}"
        );
    }
}
