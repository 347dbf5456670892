//! MSTTRANS.GLB: the transactions of the directory server, consecutively numbered, purged from the low end only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

use super::error::AtPath;
use super::{Batch, Postoffice, PostofficeError, layout};
use crate::codec::queue::{
    Framed, Framing, QueueReader, QueueRecord, QueueWriter, find_tail, last_number,
};
use crate::codec::sync_number::SrvSync;
use crate::codec::timestamp::Timestamp;

/// The master list as it stands, open for reading.
#[derive(Debug)]
pub struct MasterList<'a> {
    po: &'a Postoffice,
    len: u64,
    first: Option<(SrvSync, Timestamp)>,
    last: Option<SrvSync>,
    /// Offsets found before, by the number they are above: many requestors have the same one.
    found: RefCell<BTreeMap<SrvSync, u64>>,
}

impl<'a> MasterList<'a> {
    /// Opens it and looks at both ends.
    ///
    /// # Errors
    /// It is missing (message 2, Q112280), cannot be read, or is damaged at an end.
    pub fn open(po: &'a Postoffice) -> Result<Self, PostofficeError> {
        let file = &layout::MSTTRANS;
        let Some(mut open) = po.layout().open_file(file)? else {
            return Err(PostofficeError::Missing {
                path: po.layout().path(file)?,
            });
        };
        let len = open.metadata().reading(&po.layout().path(file)?)?.len();
        let last = last_number(&mut open, len).map_err(|e| po.damaged_queue(file, e))?;
        let mut list = Self {
            po,
            len,
            first: None,
            last: last.map(SrvSync),
            found: RefCell::default(),
        };
        let mut framed = Framed::default();
        if list.read(&mut list.reader_at(0, 0)?, &mut framed)? {
            list.first = Some((SrvSync(framed.record.sync), framed.record.stamp));
        }
        Ok(list)
    }

    /// Returns the first number and its date stamp; none in an empty list.
    #[must_use]
    pub fn first(&self) -> Option<(SrvSync, Timestamp)> {
        self.first
    }

    /// Returns the last number; none in an empty list.
    #[must_use]
    pub fn last(&self) -> Option<SrvSync> {
        self.last
    }

    /// Begins to read the transactions above a number. What it costs follows how many those are.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged where it had to be looked at.
    pub fn above(&self, number: SrvSync) -> Result<MasterReader, PostofficeError> {
        let (Some((first, _)), Some(last)) = (self.first, self.last) else {
            return self.reader_at(self.len, 0);
        };
        if number < first {
            return self.reader_at(0, 0);
        }
        let found = self.found.borrow().get(&number).copied();
        let offset = match found {
            Some(offset) => offset,
            None => {
                let mut open = self.open_file()?;
                let tail = find_tail(&mut open, self.len, last.0, number.0)
                    .map_err(|e| self.po.damaged_queue(&layout::MSTTRANS, e))?;
                self.found.borrow_mut().insert(number, tail.offset);
                tail.offset
            }
        };
        let before = number.min(last).0 + 1 - first.0;
        self.reader_at(offset, u64::from(before))
    }

    /// Reads the next transaction.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged: a checksum is no exception here, since what follows goes to everybody.
    pub fn read(
        &self,
        reader: &mut MasterReader,
        framed: &mut Framed,
    ) -> Result<bool, PostofficeError> {
        let damaged = |e| self.po.damaged_queue(&layout::MSTTRANS, e);
        let is_there = reader.read(framed).map_err(damaged)?;
        match framed.checksum_error() {
            Some(error) if is_there => Err(damaged(error)),
            _ => Ok(is_there),
        }
    }

    /// Finds how much of the low end is older than a moment: offset and number of what stays. Where nothing is, only
    /// the first transaction is looked at.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn older_than(&self, cutoff: Timestamp) -> Result<Option<Purge>, PostofficeError> {
        if self.first.is_none_or(|(_, stamp)| stamp >= cutoff) {
            return Ok(None);
        }
        let mut reader = self.reader_at(0, 0)?;
        let mut framed = Framed::default();
        let mut purge = Purge {
            count: 0,
            offset: self.len,
            first: None,
        };
        while self.read(&mut reader, &mut framed)? {
            if framed.record.stamp >= cutoff {
                purge.offset = framed.offset;
                purge.first = Some(SrvSync(framed.record.sync));
                break;
            }
            purge.count += 1;
        }
        Ok(Some(purge))
    }

    fn open_file(&self) -> Result<fs::File, PostofficeError> {
        let file = &layout::MSTTRANS;
        self.po
            .layout()
            .open_file(file)?
            .ok_or(PostofficeError::Missing {
                path: self.po.layout().path(file)?,
            })
    }

    fn reader_at(&self, offset: u64, number: u64) -> Result<MasterReader, PostofficeError> {
        let mut open = self.open_file()?;
        let path = self.po.layout().path(&layout::MSTTRANS)?;
        open.seek(SeekFrom::Start(offset)).reading(&path)?;
        let input = BufReader::new(open);
        Ok(QueueReader::new_at(input, &Framing::OURS, number, offset))
    }
}

/// Reads transactions of the master list in order.
pub type MasterReader = QueueReader<BufReader<fs::File>>;

/// What a purge takes off the low end of the master list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Transactions that go.
    pub count: u64,
    /// Offset of the first that stays; the length of the file where none does.
    pub offset: u64,
    /// Its number; none where none stays.
    pub first: Option<SrvSync>,
}

/// New transactions for the end of the master list, and what goes at its beginning.
#[derive(Debug)]
pub struct MasterAppend<W: Write> {
    output: QueueWriter<W>,
}

impl<W: Write> MasterAppend<W> {
    /// Begins.
    pub fn new(output: W) -> Self {
        Self {
            output: QueueWriter::new(output, &Framing::OURS),
        }
    }

    /// Adds a transaction.
    ///
    /// # Errors
    /// It is longer than a record takes, or writing failed.
    pub fn push(&mut self, record: &QueueRecord) -> Result<(), PostofficeError> {
        self.output
            .write(record)
            .map_err(|e| PostofficeError::Unstorable(format!("MSTTRANS.GLB: {e}")))
    }

    /// Returns how many were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.output.count()
    }

    /// Hands everything to the output.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> Result<W, PostofficeError> {
        let finished = self.output.finish();
        finished
            .map(|(output, _)| output)
            .map_err(|e| PostofficeError::Unstorable(format!("MSTTRANS.GLB: {e}")))
    }
}

impl Postoffice {
    /// Stages the master list without its low end. The rest is copied; what is appended in the same batch stands
    /// behind it.
    ///
    /// # Errors
    /// Reading or staging failed.
    pub fn stage_purge(&self, batch: &Batch<'_>, offset: u64) -> Result<(), PostofficeError> {
        let file = &layout::MSTTRANS;
        let path = self.layout().path(file)?;
        let mut staged = batch.replace(file)?;
        if let Some(mut open) = self.layout().open_file(file)? {
            open.seek(SeekFrom::Start(offset)).reading(&path)?;
            let mut buffer = vec![0; 1 << 18];
            loop {
                let len = open.read(&mut buffer).reading(&path)?;
                if len == 0 {
                    break;
                }
                staged.put(&buffer[..len])?;
            }
        }
        staged.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::PostofficeName;
    use crate::codec::codepage::CodePage;
    use crate::postoffice::{Holder, setup};

    fn postoffice() -> (tempfile::TempDir, Postoffice) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("PO");
        let name = PostofficeName::parse(b"NET/PO", CodePage::Cp850).unwrap();
        setup::create(&path, &name, CodePage::Cp850).unwrap();
        let holder = Holder::new("test", "", "", jiff::Zoned::default());
        let po = Postoffice::open_write(&path, holder).unwrap();
        (root, po)
    }

    fn put(po: &Postoffice, numbers: impl IntoIterator<Item = u32>) {
        let mut output = MasterAppend::new(Vec::new());
        for n in numbers {
            let text = format!("A User {n}\tPCM:NET/PO/user{n}").into_bytes();
            let record = QueueRecord::transaction(Timestamp(n), n, 0, text);
            output.push(&record).unwrap();
        }
        let batch = po.batch().unwrap();
        batch
            .replace_bytes(&layout::MSTTRANS, &output.finish().unwrap())
            .unwrap();
        batch.commit().unwrap();
    }

    fn numbers_above(list: &MasterList<'_>, number: u32) -> Vec<u32> {
        let mut reader = list.above(SrvSync(number)).unwrap();
        let mut framed = Framed::default();
        let mut numbers = Vec::new();
        while list.read(&mut reader, &mut framed).unwrap() {
            numbers.push(framed.record.sync);
        }
        numbers
    }

    #[test]
    fn transactions_above_a_number_are_read() {
        let (_root, po) = postoffice();
        let missing = MasterList::open(&po).unwrap_err();
        assert_eq!(missing.exit_code(), 66);
        put(&po, 41..=5000);
        let list = MasterList::open(&po).unwrap();
        assert_eq!(list.first(), Some((SrvSync(41), Timestamp(41))));
        assert_eq!(list.last(), Some(SrvSync(5000)));
        for number in [0, 40, 41, 100, 4998, 4998, 4999, 5000, 6000] {
            let expected: Vec<_> = (number.max(40) + 1..=5000).collect();
            assert_eq!(numbers_above(&list, number), expected, "above {number}");
        }
    }

    #[test]
    fn ds_p027_the_low_end_goes_and_the_numbers_of_the_rest_stay() {
        let (_root, po) = postoffice();
        put(&po, 1..=50);
        let list = MasterList::open(&po).unwrap();
        assert_eq!(list.older_than(Timestamp(1)).unwrap(), None);
        let purge = list.older_than(Timestamp(31)).unwrap().unwrap();
        assert_eq!((purge.count, purge.first), (30, Some(SrvSync(31))));
        let batch = po.batch().unwrap();
        po.stage_purge(&batch, purge.offset).unwrap();
        let record = QueueRecord::transaction(Timestamp(51), 51, 0, b"R PCM:NET/PO".to_vec());
        let mut added = MasterAppend::new(Vec::new());
        added.push(&record).unwrap();
        batch
            .append(&layout::MSTTRANS, &added.finish().unwrap())
            .unwrap();
        batch.commit().unwrap();
        let list = MasterList::open(&po).unwrap();
        assert_eq!(numbers_above(&list, 0), (31..=51).collect::<Vec<_>>());
        let all = list.older_than(Timestamp(99)).unwrap().unwrap();
        assert_eq!((all.count, all.first), (21, None));
    }
}
