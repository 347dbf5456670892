//! The administrator's groups: ADMIN.NME leads (Q107767), GROUP.GLB, ADMIN.GRP with its shadow, GRPMEM.GLB and
//! `MEM\<tid>.MEM` follow.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Accounts;
use super::batch::Batch;
use super::layout::{self, File};
use super::pol::Pol;
use super::{Postoffice, PostofficeError};
use crate::codec::grpmem::{GROUPS_PER_RECORD, GrpMemRecord, GrpMemTable};
use crate::codec::mem::{MAX_MEM_MEMBERS, MemFile};
use crate::codec::{
    AliasKind, FixedText, GroupRecord, GroupTable, GrpTable, HexId, Record, RecordState, Table,
};

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name in the postoffice list.
    pub name: FixedText<31>,
    /// The mailbox that stands for it; `None` where GROUP.GLB has lost it (Q128872).
    pub address: Option<FixedText<11>>,
    /// Its TID, which is the stem of its `.MEM` too.
    pub tid: u32,
    /// TIDs of its members.
    pub members: Vec<u32>,
}

/// A group has more local members than its `.MEM` takes (Q77926).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a group has at most {MAX_MEM_MEMBERS} members in its own postoffice")]
pub struct GroupFull;

/// All groups of a postoffice, in memory.
#[derive(Debug)]
pub struct Groups {
    groups: Vec<Group>,
    table: GroupTable,
    chains: GrpTable,
    memberships: GrpMemTable,
    /// Content of the `.MEM` of every group that changed; `None` for a group that is no more.
    delivery: BTreeMap<u32, Option<Vec<u32>>>,
    changed: bool,
}

impl Groups {
    /// Reads the groups of a postoffice list.
    ///
    /// # Errors
    /// A file cannot be read or is damaged, or a chain of members is broken.
    pub fn load(po: &Postoffice, pol: &Pol) -> Result<Self, PostofficeError> {
        let table: GroupTable = load(po, &layout::GROUP)?;
        let chains: GrpTable = load(po, &layout::ADMIN_GRP)?;
        let memberships = load(po, &layout::GRPMEM)?;
        let mut groups = Vec::new();
        for record in pol.records.iter().filter(|r| r.kind == AliasKind::Group) {
            let members = chains
                .members(record.pointer)
                .map_err(|e| po.damaged(&layout::ADMIN_GRP, e))?;
            let known = table
                .records
                .iter()
                .find(|g| g.state.is_active() && g.tid == record.tid);
            let address = known.map(|g| g.address).filter(|a| !a.is_empty());
            groups.push(Group {
                name: record.name,
                address,
                tid: record.tid,
                members,
            });
        }
        Ok(Self {
            groups,
            table,
            chains,
            memberships,
            delivery: BTreeMap::new(),
            changed: false,
        })
    }

    /// Returns the groups in the order of the postoffice list; new ones stand last.
    #[must_use]
    pub fn all(&self) -> &[Group] {
        &self.groups
    }

    /// Finds a group by its whole name without case.
    #[must_use]
    pub fn find(&self, po: &Postoffice, name: &[u8]) -> Option<usize> {
        let code_page = po.code_page();
        self.groups
            .iter()
            .position(|group| code_page.eq_ignore_case(group.name.as_bytes(), name))
    }

    /// Finds a group by its address without case.
    #[must_use]
    pub fn find_address(&self, po: &Postoffice, address: &[u8]) -> Option<usize> {
        let code_page = po.code_page();
        self.groups.iter().position(|group| {
            let known = group.address.as_ref();
            known.is_some_and(|known| code_page.eq_ignore_case(known.as_bytes(), address))
        })
    }

    /// Tells whether a group takes part in dir-sync: one with a member elsewhere does not (Q118621, Q119241), and
    /// none can without an address.
    ///
    /// The original had a mark per group besides; its place was never published, and a record of 51 bytes has no
    /// room for one, so every such group takes part.
    #[must_use]
    pub fn takes_part(group: &Group, pol: &Pol) -> bool {
        let is_elsewhere = |tid: &u32| {
            pol.find_tid(*tid)
                .is_some_and(|index| pol.records[index].kind == AliasKind::External)
        };
        group.address.is_some() && !group.members.iter().any(is_elsewhere)
    }

    /// Adds a group.
    ///
    /// # Errors
    /// It has too many members here.
    pub fn create(
        &mut self,
        group: Group,
        pol: &mut Pol,
        accounts: &mut Accounts,
    ) -> Result<(), GroupFull> {
        let address = group.address.unwrap_or_default();
        let record = GroupRecord::new(group.name, address, group.tid, 0);
        place(&mut self.table, record);
        pol.insert_group(group.name, group.tid, 0);
        let tid = group.tid;
        self.groups.push(group);
        self.settle(&[tid], pol, accounts)
    }

    /// Gives the group at a place another name, address or members.
    ///
    /// # Errors
    /// It has too many members here.
    pub fn modify(
        &mut self,
        index: usize,
        group: Group,
        pol: &mut Pol,
        accounts: &mut Accounts,
    ) -> Result<(), GroupFull> {
        let tid = self.groups[index].tid;
        if let Some(entry) = pol.find_tid(tid) {
            pol.rename(entry, group.name);
        }
        let is_known = |record: &GroupRecord| record.state.is_active() && record.tid == tid;
        if !self.table.records.iter().any(is_known) {
            // GROUP.GLB was reset; an address given now makes the group whole again.
            let address = group.address.unwrap_or_default();
            place(
                &mut self.table,
                GroupRecord::new(group.name, address, tid, 0),
            );
        }
        self.groups[index] = Group { tid, ..group };
        self.settle(&[tid], pol, accounts)
    }

    /// Deletes the group at a place, with its `.MEM`, and returns it.
    pub fn delete(&mut self, index: usize, pol: &mut Pol, accounts: &mut Accounts) -> Group {
        let group = self.groups.remove(index);
        if let Some(entry) = pol.find_tid(group.tid) {
            pol.remove(entry);
        }
        for record in &mut self.table.records {
            if record.tid == group.tid {
                record.state = RecordState::Deleted;
            }
        }
        self.settle(&[group.tid], pol, accounts)
            .expect("nothing grows by a deletion");
        group
    }

    /// Takes entries that go out of all groups; returns the TIDs of the groups that had them.
    pub fn forget(&mut self, tids: &[u32], pol: &mut Pol, accounts: &mut Accounts) -> Vec<u32> {
        let mut touched = Vec::new();
        for group in &mut self.groups {
            let before = group.members.len();
            group.members.retain(|member| !tids.contains(member));
            if group.members.len() != before {
                touched.push(group.tid);
            }
        }
        if !touched.is_empty() {
            self.settle(&touched, pol, accounts)
                .expect("nothing grows by a deletion");
        }
        touched
    }

    /// Makes the files that follow the groups agree with them.
    fn settle(
        &mut self,
        touched: &[u32],
        pol: &mut Pol,
        accounts: &mut Accounts,
    ) -> Result<(), GroupFull> {
        self.changed = true;
        self.chains.records.clear();
        let mut groups_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for group in &self.groups {
            let first = self.chains.append(&group.members).ok_or(GroupFull)?;
            if let Some(entry) = pol.find_tid(group.tid) {
                pol.set_pointer(entry, first);
            }
            for record in &mut self.table.records {
                if record.state.is_active() && record.tid == group.tid {
                    record.alias = group.name;
                    record.address = group.address.unwrap_or_default();
                    record.pointer = first;
                }
            }
            for &member in &group.members {
                groups_of.entry(member).or_default().push(group.tid);
            }
        }
        let known: BTreeSet<u32> = self.groups.iter().map(|group| group.tid).collect();
        for record in &mut self.table.records {
            if !known.contains(&record.tid) {
                record.pointer = 0; // its chain has moved or gone
            }
        }
        let users: Vec<_> = accounts
            .iter()
            .filter_map(|(index, record)| Some((index, record.tid, record.mailbag.id()?)))
            .collect();
        for &tid in touched {
            let group = self.groups.iter().find(|group| group.tid == tid);
            let members = group.map(|group| {
                let is_member = |user: &&(usize, u32, HexId)| group.members.contains(&user.1);
                let members = users.iter().filter(is_member);
                members.map(|(_, _, mailbag)| mailbag.0).collect::<Vec<_>>()
            });
            if members.as_ref().is_some_and(|m| m.len() > MAX_MEM_MEMBERS) {
                return Err(GroupFull);
            }
            self.delivery.insert(tid, members);
        }
        for (index, tid, mailbag) in users {
            let wanted = groups_of.get(&tid).map_or(&[][..], Vec::as_slice);
            self.set_memberships(accounts, index, mailbag, wanted);
        }
        Ok(())
    }

    /// Writes the groups of one user into his records of GRPMEM.GLB, which grow and shrink with them.
    fn set_memberships(
        &mut self,
        accounts: &mut Accounts,
        index: usize,
        mailbag: HexId,
        wanted: &[u32],
    ) {
        let mut chain = self.chain(accounts.groups(index), mailbag);
        let current = chain
            .iter()
            .flat_map(|&at| self.memberships.records[at].groups);
        let current: Vec<u32> = current.filter(|&tid| tid != 0).collect();
        if current == wanted {
            return;
        }
        let needed = wanted.len().div_ceil(GROUPS_PER_RECORD);
        for at in chain.drain(needed.min(chain.len())..) {
            self.memberships.records[at] = GrpMemRecord::default();
        }
        while chain.len() < needed {
            let record = GrpMemRecord {
                state: RecordState::Active,
                ..GrpMemRecord::default()
            };
            chain.push(place(&mut self.memberships, record));
        }
        let offset = |at: &usize| GrpMemTable::offset_of(*at).unwrap_or(0);
        for (number, groups) in wanted.chunks(GROUPS_PER_RECORD).enumerate() {
            let record = &mut self.memberships.records[chain[number]];
            record.mailbag = mailbag.0;
            record.next = chain.get(number + 1).map_or(0, offset);
            record.groups = [0; GROUPS_PER_RECORD];
            record.groups[..groups.len()].copy_from_slice(groups);
        }
        accounts.set_groups(index, chain.first().map_or(0, offset));
    }

    /// Returns the places of the records of a user. A pointer that leads to somebody else's is not followed.
    fn chain(&self, first: u32, mailbag: HexId) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut offset = first;
        while let Some(at) = self.memberships.index_at(offset) {
            let record = &self.memberships.records[at];
            if !record.state.is_active() || record.mailbag != mailbag.0 || chain.contains(&at) {
                break;
            }
            chain.push(at);
            offset = record.next;
        }
        chain
    }

    /// Stages everything that changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if !self.changed {
            return Ok(());
        }
        stage(batch, &layout::GROUP, &self.table)?;
        stage(batch, &layout::GRPMEM, &self.memberships)?;
        for file in [layout::ADMIN_GRP, layout::ADMINSHD_GRP] {
            stage(batch, &file, &self.chains)?;
        }
        for (tid, members) in &self.delivery {
            let file = File::mem(HexId(*tid));
            let Some(members) = members else {
                batch.remove(&file)?;
                continue;
            };
            let members = members.clone();
            let mut staged = batch.replace(&file)?;
            MemFile { members }
                .write_to(&mut staged)
                .map_err(|e| PostofficeError::Unstorable(format!("{file}: {e}")))?;
            staged.finish()?;
        }
        Ok(())
    }
}

/// Types whose records say whether they are in use.
trait Deletable: Record {
    fn is_deleted(&self) -> bool;
}

impl Deletable for GroupRecord {
    fn is_deleted(&self) -> bool {
        self.state == RecordState::Deleted
    }
}

impl Deletable for GrpMemRecord {
    fn is_deleted(&self) -> bool {
        self.state == RecordState::Deleted
    }
}

/// Puts a record in the place of a deleted one or at the end, and returns its place.
fn place<const BASE: usize, T: Deletable>(table: &mut Table<BASE, T>, record: T) -> usize {
    match table.records.iter().position(Deletable::is_deleted) {
        Some(at) => {
            table.records[at] = record;
            at
        }
        None => {
            table.records.push(record);
            table.records.len() - 1
        }
    }
}

fn load<const BASE: usize, T: Record>(
    po: &Postoffice,
    file: &File,
) -> Result<Table<BASE, T>, PostofficeError> {
    let bytes = po.read(file)?;
    Table::read_from(&bytes[..]).map_err(|e| po.damaged(file, e))
}

fn stage<const BASE: usize, T: Record>(
    batch: &Batch<'_>,
    file: &File,
    table: &Table<BASE, T>,
) -> Result<(), PostofficeError> {
    let mut staged = batch.replace(file)?;
    table
        .write_to(&mut staged)
        .map_err(|e| PostofficeError::Unstorable(format!("{file}: {e}")))?;
    staged.finish()
}
