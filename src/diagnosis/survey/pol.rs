//! The postoffice list with its shadow, the addresses of NETPO.GLB and the groups.

use std::collections::BTreeMap;
use std::io::Read;

use super::accounts::{Accounts, keep};
use super::lists::{find_duplicates, named};
use super::names::{Named, Names, Several};
use super::reader::{Reader, Seen};
use super::tids::Tids;
use crate::codec::codepage::CodePage;
use crate::codec::grpmem::GrpMemTable;
use crate::codec::{
    Access2Record, AliasKind, GroupTable, GrpTable, HexId, MemFile, NetpoRecord, NmeRecord, Record,
    RecordState,
};
use crate::diagnosis::finding::Place;
use crate::postoffice::{Dir, File, layout};

/// The postoffice list and what hangs on it.
#[derive(Debug, Clone, Default)]
pub struct Pol {
    /// ADMIN.NME.
    pub list: Seen<PolList>,
    /// Where ADMIN.NME and its shadow differ first; whole where they are both there.
    pub list_shadow: Seen<Option<u64>>,
    /// The same of ADMIN.GRP.
    pub groups_shadow: Seen<Option<u64>>,
    /// NETPO.GLB.
    pub netpo: Seen<Netpo>,
    /// GROUP.GLB.
    pub groups: Seen<GroupTable>,
    /// ADMIN.GRP.
    pub chains: Seen<GrpTable>,
    /// GRPMEM.GLB.
    pub memberships: Seen<GrpMemTable>,
    /// `MEM\<tid>.MEM` of every group that has one.
    pub delivery: BTreeMap<HexId, Seen<MemFile>>,
}

/// ADMIN.NME as it was read.
#[derive(Debug, Clone, Default)]
pub struct PolList {
    /// What its names say.
    pub names: Names,
    /// Users whose pointer leads to no account in use, or to one with another TID.
    pub lost_users: Several<Named>,
    /// Entries whose pointer leads to no address in use, or to one with another TID.
    pub lost_addresses: Several<Named>,
    /// Entries of a kind that nobody knows.
    pub unknown_kinds: Several<(Place, u8)>,
    /// Entries behind gateways of one part: the type, and the TID by which the gateway knows them (Q137865).
    pub behind_gateways: Vec<(Vec<u8>, u32, Named)>,
    /// The groups.
    pub groups: Vec<Group>,
    /// TID and kind of every entry, sorted.
    pub tids: Vec<(u32, AliasKind)>,
}

/// A group of the postoffice list.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub named: Named,
    /// Its TID.
    pub tid: u32,
    /// Where its chain of members begins in ADMIN.GRP.
    pub first_member: u32,
}

/// NETPO.GLB: what a pointer or the chain of deleted records may lead to.
#[derive(Debug, Clone, Default)]
pub struct Netpo {
    /// The offset of the first deleted record, 0 where none is.
    pub first_deleted: u32,
    /// Of each record: whether it is in use, its TID or the next deleted record, and the type of its gateway.
    pub records: Vec<NetpoEntry>,
}

/// One record of NETPO.GLB.
#[derive(Debug, Clone)]
pub struct NetpoEntry {
    /// Whether it is in use.
    pub state: RecordState,
    /// Its TID.
    pub tid: u32,
    /// The next deleted record, where it is deleted.
    pub next: u32,
    /// The type of a gateway whose addresses have one part.
    pub gateway: Option<Box<[u8]>>,
}

impl Netpo {
    /// Bytes of the header.
    pub const BASE: u32 = 4;

    /// Returns the record that begins at a byte offset.
    #[must_use]
    pub fn at(&self, offset: u32) -> Option<&NetpoEntry> {
        let body = offset.checked_sub(Self::BASE)? as usize;
        (body % NetpoRecord::LEN == 0)
            .then(|| self.records.get(body / NetpoRecord::LEN))
            .flatten()
    }

    /// Returns the first offset of the chain of deleted records that does not lead to one, or leads back.
    #[must_use]
    pub fn chain_fault(&self) -> Option<u32> {
        let mut offset = self.first_deleted;
        for _ in 0..=self.records.len() {
            if offset == 0 {
                return None;
            }
            match self.at(offset) {
                Some(entry) if entry.state == RecordState::Deleted => offset = entry.next,
                _ => return Some(offset),
            }
        }
        Some(offset)
    }
}

impl PolList {
    /// Returns what kind of entry has a TID.
    #[must_use]
    pub fn kind_of(&self, tid: u32) -> Option<AliasKind> {
        let at = self.tids.partition_point(|(known, _)| *known < tid);
        let (known, kind) = self.tids.get(at)?;
        (*known == tid).then_some(*kind)
    }
}

impl Pol {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        accounts: &Accounts,
        code_page: CodePage,
        tids: &mut Tids,
    ) -> Self {
        let netpo = read_netpo(reader);
        let list = read_list(reader, accounts, &netpo, code_page);
        let groups = reader.value(&layout::GROUP, GroupTable::read_from);
        for (group, number) in groups.whole().iter().flat_map(|t| &t.records).zip(1..) {
            if group.state.is_active() {
                tids.take(&layout::GROUP, number, group.tid);
            }
        }
        let chains = reader.value(&layout::ADMIN_GRP, GrpTable::read_from);
        let memberships = reader.value(&layout::GRPMEM, GrpMemTable::read_from);
        let numbered: Vec<_> = reader.files.numbered(Dir::Mem, "MEM").collect();
        let delivery = numbered
            .iter()
            .map(|(id, _)| {
                let file = File::mem(*id);
                (*id, reader.value(&file, MemFile::read_from))
            })
            .collect();
        Self {
            list,
            list_shadow: compare(reader, &layout::ADMIN_NME, &layout::ADMINSHD_NME),
            groups_shadow: compare(reader, &layout::ADMIN_GRP, &layout::ADMINSHD_GRP),
            netpo,
            groups,
            chains,
            memberships,
            delivery,
        }
    }
}

fn read_netpo(reader: &mut Reader<'_>) -> Seen<Netpo> {
    let mut netpo = Netpo::default();
    let header = reader.open(&layout::NETPO);
    if let Seen::Whole(mut input) = header {
        let mut bytes = [0; 4];
        if input.read_exact(&mut bytes).is_ok() {
            netpo.first_deleted = u32::from_le_bytes(bytes);
        }
    }
    let base = Netpo::BASE as usize;
    let read = reader.each(&layout::NETPO, base, |_, _, record: NetpoRecord| {
        let is_gateway = record.state.is_active() && record.postoffice.is_empty();
        netpo.records.push(NetpoEntry {
            state: record.state,
            tid: record.tid,
            next: record.mailbag,
            gateway: is_gateway.then(|| record.network.as_bytes().into()),
        });
    });
    keep(read, netpo)
}

fn read_list(
    reader: &mut Reader<'_>,
    accounts: &Accounts,
    netpo: &Seen<Netpo>,
    code_page: CodePage,
) -> Seen<PolList> {
    let mut list = PolList::default();
    let read = reader.each(&layout::ADMIN_NME, 0, |number, byte, record: NmeRecord| {
        let place = Place::record(number, byte);
        list.names.take(place, &record.name, code_page);
        list.tids.push((record.tid, record.kind));
        match record.kind {
            AliasKind::Local => {
                let access2 = accounts.access2.whole();
                if access2.is_some_and(|accounts| !leads_to_account(&record, accounts)) {
                    list.lost_users.add(named(place, &record.name));
                }
            }
            AliasKind::External => {
                let Some(netpo) = netpo.whole() else { return };
                match netpo.at(record.pointer).filter(|e| e.state.is_active()) {
                    Some(entry) if entry.tid == record.tid => {
                        if let Some(kind) = &entry.gateway {
                            let named = named(place, &record.name);
                            list.behind_gateways
                                .push((kind.to_vec(), record.tid, named));
                        }
                    }
                    _ => list.lost_addresses.add(named(place, &record.name)),
                }
            }
            AliasKind::Group => list.groups.push(Group {
                named: named(place, &record.name),
                tid: record.tid,
                first_member: record.pointer,
            }),
            AliasKind::Other(kind) => list.unknown_kinds.add((place, kind)),
        }
    });
    if list.names.is_disordered() {
        let name_of = |record: &NmeRecord| Some(record.name);
        find_duplicates(
            reader,
            &layout::ADMIN_NME,
            &mut list.names,
            code_page,
            name_of,
        );
    }
    list.tids.sort_unstable_by_key(|(tid, _)| *tid);
    keep(read, list)
}

fn leads_to_account(record: &NmeRecord, accounts: &[Access2Record]) -> bool {
    let offset = record.pointer as usize;
    let found = accounts.get(offset / Access2Record::LEN);
    let is_same = |account: &&Access2Record| account.state.is_active() && account.tid == record.tid;
    offset % Access2Record::LEN == 0 && found.as_ref().is_some_and(is_same)
}

/// Compares a file with its shadow, and returns the first byte in which they differ.
fn compare(reader: &mut Reader<'_>, file: &File, shadow: &File) -> Seen<Option<u64>> {
    let (first, second) = match (reader.open(file), reader.open(shadow)) {
        (Seen::Whole(first), Seen::Whole(second)) => (first, second),
        (_, Seen::Absent) | (Seen::Absent, _) => return Seen::Absent,
        _ => return Seen::Unusable,
    };
    let mut offset = 0;
    let (mut first, mut second) = (first.bytes(), second.bytes());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return Seen::Whole(None),
            (Some(Ok(a)), Some(Ok(b))) if a == b => offset += 1,
            (Some(Err(_)), _) | (_, Some(Err(_))) => return Seen::Unusable,
            _ => return Seen::Whole(Some(offset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn netpo(first_deleted: u32, records: &[(u8, u32)]) -> Netpo {
        let records = records.iter().map(|&(state, next)| NetpoEntry {
            state: RecordState::from_byte(state),
            tid: 7,
            next,
            gateway: None,
        });
        Netpo {
            first_deleted,
            records: records.collect(),
        }
    }

    #[test]
    fn the_chain_of_deleted_records_ends_in_zero() {
        assert_eq!(netpo(0, &[(1, 3)]).chain_fault(), None);
        assert_eq!(netpo(47, &[(0, 0), (0, 4)]).chain_fault(), None);
        assert_eq!(netpo(4, &[(1, 0)]).chain_fault(), Some(4));
        assert_eq!(netpo(5, &[(0, 0)]).chain_fault(), Some(5));
        assert_eq!(netpo(47, &[(0, 47), (0, 4)]).chain_fault(), Some(4));
        assert_eq!(netpo(4, &[(0, 900)]).chain_fault(), Some(900));
    }
}
