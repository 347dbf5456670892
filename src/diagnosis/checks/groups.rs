//! The administrator's groups: ADMIN.NME leads to the chain of members; GROUP.GLB, `.MEM` and GRPMEM.GLB follow
//! (Q107767).

use std::collections::BTreeSet;

use crate::codec::mem::MAX_MEM_MEMBERS;
use crate::codec::{AliasKind, GrpMemTable, GrpTable, HexId};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Damage, Finding, Place};
use crate::diagnosis::remedy::{Remedy, quoted};
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::pol::{Group, PolList};
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{File, layout};

const ANEW: &str = "delete the group and create it anew (Q128872)";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    let pol = &survey.pol;
    if let (Some(list), Some(chains)) = (pol.list.whole(), pol.chains.whole()) {
        for group in &list.groups {
            check_group(survey, list, chains, group, out);
        }
    }
    check_table(survey, out);
    check_memberships(survey, out);
}

fn check_group(
    survey: &Survey,
    list: &PolList,
    chains: &GrpTable,
    group: &Group,
    out: &mut Vec<Finding>,
) {
    let name = super::shown(survey, &group.named.name);
    let members = match chains.members(group.first_member) {
        Ok(members) => members,
        Err(error) => {
            let damage = Damage::from(&error);
            let finding = Finding::at(
                &c::GROUP_CHAIN,
                &layout::ADMIN_GRP,
                format!("group \"{name}\": {}", damage.found),
                damage.expected,
            );
            out.push(finding.place(damage.place).remedy(ANEW));
            return;
        }
    };
    let mut unknown = members.iter().filter(|tid| list.kind_of(**tid).is_none());
    if let Some(tid) = unknown.next() {
        let more = super::and_more(unknown.count() as u64);
        let finding = Finding::at(
            &c::GROUP_MEMBER_UNKNOWN,
            &layout::ADMIN_GRP,
            format!("group \"{name}\" has identifier {tid}{more}"),
            "an entry of NME/ADMIN.NME",
        );
        out.push(finding.remedy(ANEW));
    } else {
        check_delivery(survey, group, &name, &members, out);
    }
    check_address(survey, group, &name, out);
}

/// `.MEM` has the mailbags of the members here, in any order.
fn check_delivery(
    survey: &Survey,
    group: &Group,
    name: &str,
    members: &[u32],
    out: &mut Vec<Finding>,
) {
    if survey.accounts.access2.whole().is_none() {
        return;
    }
    let wanted: BTreeSet<u32> = survey
        .accounts
        .active()
        .filter(|(_, account)| members.contains(&account.tid))
        .filter_map(|(_, account)| Some(account.mailbag.id()?.0))
        .collect();
    let id = HexId(group.tid);
    let found: BTreeSet<u32> = match survey.pol.delivery.get(&id) {
        Some(Seen::Whole(file)) => file.members.iter().copied().collect(),
        Some(Seen::Unusable) => return,
        Some(Seen::Absent) | None => BTreeSet::new(),
    };
    if found == wanted {
        return;
    }
    let finding = Finding::at(
        &c::GROUP_DELIVERY,
        &File::mem(id),
        format!("{} mailbags for group \"{name}\"", found.len()),
        format!("the {} members of this postoffice", wanted.len()),
    );
    out.push(match wanted.len() <= MAX_MEM_MEMBERS {
        true => finding.repair(Repair::WriteMembers {
            file: File::mem(id),
            members: wanted.into_iter().collect(),
        }),
        false => finding.remedy("divide the group: a .MEM has 500 members at most (Q117895)"),
    });
}

fn check_address(survey: &Survey, group: &Group, name: &str, out: &mut Vec<Finding>) {
    let Some(table) = survey.pol.groups.whole() else {
        return;
    };
    let mut records = table.records.iter();
    let known = records.find(|record| record.state.is_active() && record.tid == group.tid);
    if known.is_some_and(|record| !record.address.is_empty()) {
        return;
    }
    let found = match known {
        None => format!("no record of group \"{name}\" (identifier {})", group.tid),
        Some(_) => format!("group \"{name}\" without an address"),
    };
    let finding = Finding::at(&c::GROUP_ADDRESS_LOST, &layout::GROUP, found, "its address");
    let group = quoted_name(&group.named.name, survey);
    out.push(finding.remedy(Remedy::signed_in(
        "give it an address; until then it is not sent to other postoffices (message 81)",
        "admin",
        format!("group modify {group} --address ADDRESS"),
    )));
}

fn check_table(survey: &Survey, out: &mut Vec<Finding>) {
    let (Some(table), Some(list)) = (survey.pol.groups.whole(), survey.pol.list.whole()) else {
        return;
    };
    let lost = table.records.iter().zip(0_u64..).filter(|(record, _)| {
        record.state.is_active() && list.kind_of(record.tid) != Some(AliasKind::Group)
    });
    for (record, index) in lost {
        let name = super::shown(survey, record.alias.as_bytes());
        let finding = Finding::at(
            &c::GROUP_UNLISTED,
            &layout::GROUP,
            format!("group \"{name}\" (identifier {})", record.tid),
            "a group of NME/ADMIN.NME with that identifier",
        );
        let place = Place::record(index + 1, 4 + index * 51);
        out.push(finding.place(place).remedy(
            "restore ADMIN.NME, ADMIN.GRP, their shadows and GROUP.GLB of one backup together (Q108840)",
        ));
    }
}

/// Follows the pointer of each account into GRPMEM.GLB.
fn check_memberships(survey: &Survey, out: &mut Vec<Finding>) {
    let accounts = &survey.accounts;
    let (Some(access), Some(table)) = (accounts.access.whole(), survey.pol.memberships.whole())
    else {
        return;
    };
    for (index, account) in accounts.active() {
        let (Some((_, first)), Some(mailbag)) = (access.get(index), account.mailbag.id()) else {
            continue;
        };
        let Some(offset) = broken_chain(table, *first, mailbag) else {
            continue;
        };
        let name = super::shown(survey, account.mailbox.as_bytes());
        let finding = Finding::at(
            &c::MEMBERSHIP_POINTER,
            &layout::GRPMEM,
            format!("the groups of {name} at byte {offset:#x}"),
            "records of that user, each once",
        );
        out.push(
            finding.remedy("modify a group that the user is in: its records are then made anew"),
        );
    }
}

/// Returns where a chain leads to no record of the user, or back.
fn broken_chain(table: &GrpMemTable, first: u32, mailbag: HexId) -> Option<u32> {
    let mut offset = first;
    for _ in 0..=table.records.len() {
        if offset == 0 {
            return None;
        }
        match table.at(offset) {
            Some(record) if record.state.is_active() && record.mailbag == mailbag.0 => {
                offset = record.next;
            }
            _ => return Some(offset),
        }
    }
    Some(offset)
}

fn quoted_name(name: &[u8], survey: &Survey) -> String {
    quoted(&super::shown(survey, name)).into_owned()
}
