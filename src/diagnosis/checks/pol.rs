//! The postoffice list: its shadow, and where its entries lead (Q107767).

use crate::codec::RecordState;
use crate::diagnosis::catalog::{self as c, Check};
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::names::{Named, Several};
use crate::diagnosis::survey::pol::{Netpo, PolList};
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{File, layout};

const RESTORE_SET: &str = "restore ADMIN.NME, its shadow, NETPO.GLB and the account files of one backup together (Q108840, Q199676)";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    let pol = &survey.pol;
    if let Some(list) = pol.list.whole() {
        check_list(survey, list, out);
    }
    let pairs = [
        (layout::ADMIN_NME, layout::ADMINSHD_NME, &pol.list_shadow),
        (layout::ADMIN_GRP, layout::ADMINSHD_GRP, &pol.groups_shadow),
    ];
    for (file, shadow, compared) in pairs {
        if let Seen::Whole(Some(byte)) = compared {
            out.push(shadow_differs(&file, &shadow, *byte));
        }
    }
    if let Some(netpo) = pol.netpo.whole() {
        check_netpo(netpo, out);
    }
}

fn check_list(survey: &Survey, list: &PolList, out: &mut Vec<Finding>) {
    let file = &layout::ADMIN_NME;
    if list.names.count == 0 {
        let finding = Finding::at(&c::POL_EMPTY, file, "0 bytes", "an entry per user");
        let has_shadow = survey.files.len(&layout::ADMINSHD_NME).unwrap_or(0) > 0;
        let remedy = match has_shadow {
            true => Remedy::system(
                "copy the shadow, which has entries, over it",
                "cp -p",
                [&layout::ADMINSHD_NME, file],
            ),
            false => Remedy::advice(RESTORE_SET),
        };
        out.push(finding.remedy(remedy));
        return;
    }
    super::lists::check_names(survey, file, &list.names, out);
    let mut lost =
        |check: &'static Check, lost: &Several<Named>, expected: &str, remedy: Remedy| {
            if let Some((named, count)) = lost.told() {
                let name = super::shown(survey, &named.name);
                let found = format!("\"{name}\"{}", super::and_more(count - 1));
                let finding = Finding::at(check, file, found, expected);
                out.push(finding.place(named.place).remedy(remedy));
            }
        };
    lost(
        &c::POL_USER_POINTER,
        &list.lost_users,
        "an account of GLB/ACCESS2.GLB with its identifier",
        RESTORE_SET.into(),
    );
    lost(
        &c::POL_ADDRESS_POINTER,
        &list.lost_addresses,
        "an address of GLB/NETPO.GLB with its identifier",
        "delete the entry from the postoffice list and add it again (import -a), or restore ADMIN.NME and NETPO.GLB together"
            .into(),
    );
    if let Some(((place, kind), count)) = list.unknown_kinds.told() {
        let found = format!("kind {kind}{}", super::and_more(count - 1));
        let finding = Finding::at(&c::FILE_DAMAGED, file, found, "1, 2 or 4 (Q107767)");
        out.push(finding.place(*place).remedy(RESTORE_SET));
    }
    check_gateway_entries(survey, list, out);
}

/// An entry behind a gateway is found by its TID in the list of the gateway (Q137865).
fn check_gateway_entries(survey: &Survey, list: &PolList, out: &mut Vec<Finding>) {
    let mut gone = Several::default();
    for (kind, tid, named) in &list.behind_gateways {
        let owner = survey.lists.iter().find(|list| list.owner == *kind);
        let gateway = owner
            .filter(|list| list.is_whole)
            .and_then(|list| list.gateway.as_ref());
        let Some(gateway) = gateway else { continue };
        if gateway.tids.binary_search(tid).is_err() {
            gone.add((kind, named));
        }
    }
    let Some(((kind, named), count)) = gone.told() else {
        return;
    };
    let (name, kind) = (
        super::shown(survey, &named.name),
        super::shown(survey, kind),
    );
    let finding = Finding::at(
        &c::POL_ADDRESS_GONE,
        &layout::ADMIN_NME,
        format!("\"{name}\"{}", super::and_more(count - 1)),
        format!("its identifier in NME/{kind}.NME"),
    );
    out.push(finding.place(named.place).remedy(format!(
        "import the names with -a -g{kind}, which puts list and postoffice list in step (\"Address no longer valid\")"
    )));
}

fn shadow_differs(file: &File, shadow: &File, byte: u64) -> Finding {
    let finding = Finding::at(
        &c::POL_SHADOW,
        shadow,
        "other bytes than the list itself",
        format!("a copy of {file}"),
    );
    finding.place(Place::byte(byte)).remedy(Remedy::system(
        "if the list is the good one, copy it over its shadow; else the other way round",
        "cp -p",
        [file, shadow],
    ))
}

fn check_netpo(netpo: &Netpo, out: &mut Vec<Finding>) {
    let file = &layout::NETPO;
    if let Some(offset) = netpo.chain_fault() {
        let finding = Finding::at(
            &c::NETPO_CHAIN,
            file,
            format!("the chain comes to byte {offset:#x}"),
            "a deleted record that was not met before, or 0",
        );
        out.push(finding.place(Place::byte(0)).repair(Repair::ResetChain));
    }
    let mut unknown = Several::default();
    for (record, index) in netpo.records.iter().zip(0..) {
        if let RecordState::Other(state) = record.state {
            unknown.add((Place::record(index + 1, 4 + index * 43), state));
        }
    }
    if let Some(((place, state), count)) = unknown.told() {
        out.push(super::lists::unknown_state(file, *place, *state, count));
    }
}
