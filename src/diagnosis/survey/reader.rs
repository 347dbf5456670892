//! Reads the files of a postoffice so that one that is damaged never keeps another from being read.

use std::fs;
use std::io::BufReader;

use super::files::Files;
use crate::codec::{CodecError, Record, RecordReader};
use crate::diagnosis::finding::Damage;
use crate::postoffice::{File, Layout, PostofficeError};

const BUFFER_LEN: usize = 1 << 16;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seen<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is there and cannot be used; a fault or its size says why.
    Unusable,
    /// It was read.
    Whole(T),
}

impl<T> Seen<T> {
    /// Returns what was read.
    pub fn whole(&self) -> Option<&T> {
        match self {
            Self::Whole(value) => Some(value),
            _ => None,
        }
    }

    /// Tells whether the file is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Why a file of the right size cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: File,
    /// Why.
    pub kind: FaultKind,
    /// Records that are wrong; the first is described.
    pub count: u64,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It cannot be read.
    Unreadable(String),
    /// Its bytes are not what its layout says.
    Damaged(Damage),
}

/// Opens files and keeps what is wrong with them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) layout: &'a Layout,
    pub(super) files: &'a Files,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layout: &'a Layout, files: &'a Files) -> Self {
        Self {
            layout,
            files,
            faults: Vec::new(),
        }
    }

    /// Opens a file whose size is right.
    pub(super) fn open(&mut self, file: &File) -> Seen<BufReader<fs::File>> {
        if !self.files.has(file) {
            return Seen::Absent;
        }
        if !self.files.is_sound(file) {
            return Seen::Unusable;
        }
        match self.layout.open_file(file) {
            Ok(Some(open)) => Seen::Whole(BufReader::with_capacity(BUFFER_LEN, open)),
            Ok(None) => Seen::Absent,
            // A link that leads out is told by what stands there.
            Err(PostofficeError::Outside { .. }) => Seen::Unusable,
            Err(error) => {
                self.unreadable(file, cause(&error));
                Seen::Unusable
            }
        }
    }

    /// Reads a file as one value.
    pub(super) fn value<T>(
        &mut self,
        file: &File,
        decode: impl FnOnce(BufReader<fs::File>) -> Result<T, CodecError>,
    ) -> Seen<T> {
        match self.open(file) {
            Seen::Absent => Seen::Absent,
            Seen::Unusable => Seen::Unusable,
            Seen::Whole(input) => match decode(input) {
                Ok(value) => Seen::Whole(value),
                Err(error) => {
                    self.fault(file, &error);
                    Seen::Unusable
                }
            },
        }
    }

    /// Reads a file that is one record.
    pub(super) fn record<T: Record>(&mut self, file: &File) -> Seen<T> {
        self.value(file, |mut input| T::read_from(&mut input))
    }

    /// Hands every record of a file that can be decoded to `take`, with its number from 1 and its byte. Records that
    /// cannot are counted, and leave the file [`Seen::Unusable`] as a whole.
    pub(super) fn each<T: Record>(
        &mut self,
        file: &File,
        base: usize,
        mut take: impl FnMut(u64, u64, T),
    ) -> Seen<()> {
        let mut input = match self.open(file) {
            Seen::Absent => return Seen::Absent,
            Seen::Unusable => return Seen::Unusable,
            Seen::Whole(input) => input,
        };
        let mut header = vec![0; base];
        if let Err(error) = std::io::Read::read_exact(&mut input, &mut header) {
            self.fault(file, &error.into());
            return Seen::Unusable;
        }
        let mut is_whole = true;
        let mut offset = base as u64;
        for (record, number) in RecordReader::new(input, offset).zip(1..) {
            match record {
                Ok(record) => take(number, offset, record),
                Err(error) => {
                    is_whole = false;
                    self.fault(file, &error);
                }
            }
            offset += T::LEN as u64;
        }
        match is_whole {
            true => Seen::Whole(()),
            false => Seen::Unusable,
        }
    }

    /// Notes that a file cannot be read.
    pub(super) fn unreadable(&mut self, file: &File, cause: String) {
        self.faults.push(Fault {
            file: file.clone(),
            kind: FaultKind::Unreadable(cause),
            count: 1,
        });
    }

    /// Notes what is wrong in a file; of several only the first is described.
    pub(super) fn fault(&mut self, file: &File, error: &CodecError) {
        if let CodecError::Io(error) = error {
            return self.unreadable(file, error.to_string());
        }
        let known = self.faults.iter_mut().find(|fault| fault.file == *file);
        match known {
            Some(known) => known.count += 1,
            None => self.faults.push(Fault {
                file: file.clone(),
                kind: FaultKind::Damaged(Damage::from(error)),
                count: 1,
            }),
        }
    }
}

/// Returns what the system said, without the path that the finding names anyway.
fn cause(error: &PostofficeError) -> String {
    match error {
        PostofficeError::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
