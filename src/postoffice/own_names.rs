//! The names of the postoffice itself: its groups and its users, as other postoffices are told of them.

use std::collections::BTreeSet;

use super::layout::{self, File};
use super::{Postoffice, PostofficeError};
use crate::codec::{
    Access2Record, AccessFlags, AliasKind, FixedText, GroupTable, GrpTable, HexId, NmeRecord,
    Record, RecordReader,
};
use crate::plan::info::Template;

/// One name of the postoffice itself: a group or a local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnName {
    /// Full name.
    pub name: FixedText<31>,
    /// Mailbox, or the address of the group.
    pub mailbox: FixedText<11>,
    /// What it is.
    pub kind: OwnKind,
    /// The `.INF` record of a user, where one was asked for and the users have a template.
    pub info: Option<Box<[u8]>>,
}

/// What one name of the postoffice itself is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKind {
    /// A local user.
    User {
        /// Takes part in directory synchronization.
        in_dirsync: bool,
    },
    /// A group of ADMIN.NME.
    Group {
        /// A local user is in it: mail from elsewhere reaches local members only (`.MEM`, Q87396).
        has_local_member: bool,
    },
    /// A group of GROUP.GLB that cannot be resolved: ADMIN.NME does not have it under its TID (Q122689), or the
    /// chain of its members is broken.
    LostGroup,
}

impl Postoffice {
    /// Reads the names of the postoffice itself: groups in the order of GROUP.GLB, then users in order of creation
    /// (`spec/import.md` 4.1).
    ///
    /// # Errors
    /// A file cannot be read or is damaged; ADMIN.INF does not fit `template`.
    pub fn own_names(&self, template: Option<&Template>) -> Result<Vec<OwnName>, PostofficeError> {
        let mut names = self.own_groups()?;
        let bytes = self.read(&layout::ACCESS2)?;
        let info = self.own_info(template, bytes.len() / Access2Record::LEN)?;
        let records = RecordReader::<_, Access2Record>::new(&bytes[..], 0);
        for (index, record) in records.enumerate() {
            let record = record.map_err(|e| self.damaged(&layout::ACCESS2, e))?;
            if !record.state.is_active() {
                continue;
            }
            let in_dirsync = record.flags.contains(AccessFlags::IN_DIRSYNC);
            let kept = |template: &Template| match info.get(index) {
                Some(record) => record.clone(),
                None => template.defaults(),
            };
            names.push(OwnName {
                name: record.name,
                mailbox: record.mailbox,
                kind: OwnKind::User { in_dirsync },
                info: template.map(kept),
            });
        }
        Ok(names)
    }

    fn own_groups(&self) -> Result<Vec<OwnName>, PostofficeError> {
        let bytes = self.read_optional(&layout::GROUP)?.unwrap_or_default();
        if bytes.len() <= GroupTable::offset_of(0).unwrap_or(0) as usize {
            return Ok(Vec::new());
        }
        let table =
            GroupTable::read_from(&bytes[..]).map_err(|e| self.damaged(&layout::GROUP, e))?;
        let groups = table.records.iter().filter(|group| group.state.is_active());
        let members = Members::load(self)?;
        groups
            .map(|group| {
                Ok(OwnName {
                    name: group.alias,
                    mailbox: group.address,
                    kind: members.kind_of(self, group.tid)?,
                    info: None,
                })
            })
            .collect()
    }

    /// Returns the ADMIN.INF records by place; users behind its end have none yet.
    fn own_info(
        &self,
        template: Option<&Template>,
        count: usize,
    ) -> Result<Vec<Box<[u8]>>, PostofficeError> {
        let Some(template) = template else {
            return Ok(Vec::new());
        };
        let bytes = self.read_optional(&layout::ADMIN_INF)?.unwrap_or_default();
        let len = template.record_len();
        if len == 0 || bytes.len() % len != 0 || bytes.len() / len > count {
            let expected = format!("records of {len} bytes for up to {count} accounts");
            return Err(self.mismatch(&layout::ADMIN_INF, bytes.len() as u64, expected));
        }
        Ok(bytes.chunks_exact(len).map(Into::into).collect())
    }
}

/// What the groups are resolved by: ADMIN.NME leads to the chains of ADMIN.GRP (Q107767).
struct Members {
    names: Vec<NmeRecord>,
    local: BTreeSet<u32>,
    chains: GrpTable,
}

impl Members {
    fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read(&layout::ADMIN_NME)?;
        let mut names = Vec::new();
        let mut local = BTreeSet::new();
        for record in RecordReader::<_, NmeRecord>::new(&bytes[..], 0) {
            let record = record.map_err(|e| po.damaged(&layout::ADMIN_NME, e))?;
            match record.kind {
                AliasKind::Local => {
                    local.insert(record.tid);
                }
                AliasKind::Group => names.push(record),
                _ => {}
            }
        }
        let chains = match po.read_optional(&layout::ADMIN_GRP)? {
            Some(bytes) => {
                GrpTable::read_from(&bytes[..]).map_err(|e| po.damaged(&layout::ADMIN_GRP, e))?
            }
            None => GrpTable::default(),
        };
        Ok(Self {
            names,
            local,
            chains,
        })
    }

    fn kind_of(&self, po: &Postoffice, tid: u32) -> Result<OwnKind, PostofficeError> {
        let Some(entry) = self.names.iter().find(|entry| entry.tid == tid) else {
            return Ok(OwnKind::LostGroup);
        };
        let Ok(members) = self.chains.members(entry.pointer) else {
            return Ok(OwnKind::LostGroup);
        };
        let has_local_member = po.layout().len(&File::mem(HexId(tid)))?.unwrap_or(0) > 0
            || members.iter().any(|member| self.local.contains(member));
        Ok(OwnKind::Group { has_local_member })
    }
}
