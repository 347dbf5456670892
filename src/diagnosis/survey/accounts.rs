//! The local users: three files with one record each in the same place.

use super::reader::{Reader, Seen};
use super::tids::Tids;
use crate::codec::{Access2Record, Access3Record, AccessRecord, RecordState};
use crate::postoffice::layout;

/// The three files; a record that cannot be decoded makes its file unusable.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// State and pointer into GRPMEM.GLB of each record of ACCESS.GLB.
    pub access: Seen<Vec<(RecordState, u32)>>,
    /// ACCESS2.GLB.
    pub access2: Seen<Vec<Access2Record>>,
    /// States of the records of ACCESS3.GLB.
    pub access3: Seen<Vec<RecordState>>,
}

impl Accounts {
    pub(super) fn read(reader: &mut Reader<'_>, tids: &mut Tids) -> Self {
        let mut access = Vec::new();
        let read = reader.each(&layout::ACCESS, 0, |_, _, record: AccessRecord| {
            access.push((record.state, record.groups));
        });
        let access = keep(read, access);
        let mut access2 = Vec::new();
        let read = reader.each(&layout::ACCESS2, 0, |number, _, record: Access2Record| {
            if record.state.is_active() {
                tids.take(&layout::ACCESS2, number, record.tid);
            }
            access2.push(record);
        });
        let access2 = keep(read, access2);
        let mut access3 = Vec::new();
        let read = reader.each(&layout::ACCESS3, 0, |_, _, record: Access3Record| {
            access3.push(record.state);
        });
        let access3 = keep(read, access3);
        Self {
            access,
            access2,
            access3,
        }
    }

    /// Returns the accounts in use, each with its place from 0.
    pub fn active(&self) -> impl Iterator<Item = (usize, &Access2Record)> {
        let records = self.access2.whole().into_iter().flatten();
        records
            .enumerate()
            .filter(|(_, record)| record.state.is_active())
    }
}

pub(super) fn keep<T>(read: Seen<()>, value: T) -> Seen<T> {
    match read {
        Seen::Absent => Seen::Absent,
        Seen::Unusable => Seen::Unusable,
        Seen::Whole(()) => Seen::Whole(value),
    }
}
