//! Networks, gateways and postoffices: defined once, and reached by a route that leads somewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::AddressType;
use crate::codec::{HexId, NetworkKind};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::places::Network;
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::places::family_of;
use crate::postoffice::{Dir, File, layout};

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_networks(survey, out);
    check_postoffices(survey, out);
    check_states(survey, out);
}

fn check_networks(survey: &Survey, out: &mut Vec<Finding>) {
    let file = &layout::NETWORK;
    let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
    for network in &survey.places.networks {
        let name = network.record.name.as_bytes();
        let number = network.place.record.unwrap_or(0);
        let shown = super::shown(survey, name);
        if let Some(first) = seen.insert(survey.code_page.fold(name), number) {
            let found = format!("{shown} is record {first} too");
            let finding = Finding::at(&c::NETWORK_DUPLICATE, file, found, "one record");
            out.push(finding.place(network.place).remedy(
                "the first one is used: restore NETWORK.GLB, or delete the postoffices of the other one and the network",
            ));
        }
        if let NetworkKind::Other(kind) = network.record.kind {
            let found = format!("{shown} of kind {kind:#04x}");
            let finding = Finding::at(
                &c::NETWORK_KIND_UNKNOWN,
                file,
                found,
                "a kind that is known",
            );
            out.push(finding.place(network.place).remedy(
                "its addresses are left out; install the gateway anew if it is one of ours (admin gateway install)",
            ));
        }
        if let (Seen::Absent, Some(xtn)) = (&network.postoffices, network.xtn()) {
            let finding = Finding::at(
                &c::XTN_MISSING,
                &xtn,
                "no such file",
                format!("the postoffices of {shown}"),
            );
            out.push(finding.remedy(
                "restore it from a backup; an empty one means that the network has no postoffices",
            ));
        }
    }
    if survey.places.is_whole {
        let networks = survey.places.networks.iter();
        let named: BTreeSet<HexId> = networks.filter_map(|n| n.record.xtn.id()).collect();
        for (id, entry) in survey.files.numbered(Dir::Xtn, "XTN") {
            if !named.contains(&id) {
                let finding = Finding::at(
                    &c::XTN_UNUSED,
                    &File::xtn(id),
                    format!("{} records", entry.len / 698),
                    "a network of NETWORK.GLB that names it",
                );
                out.push(
                    finding.remedy("restore NETWORK.GLB of the same backup, or take the file away"),
                );
            }
        }
    }
}

fn check_postoffices(survey: &Survey, out: &mut Vec<Finding>) {
    for network in &survey.places.networks {
        let Some(file) = network.xtn() else { continue };
        let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
        for postoffice in network.postoffices.whole().into_iter().flatten() {
            let name = postoffice.record.postoffice.as_bytes();
            let number = postoffice.place.record.unwrap_or(0);
            let whole = network.name_of(postoffice);
            let shown = super::shown_name(survey, &whole);
            if let Some(first) = seen.insert(survey.code_page.fold(name), number) {
                let found = format!("{shown} is record {first} too");
                let finding = Finding::at(&c::POSTOFFICE_DUPLICATE, &file, found, "one record");
                out.push(finding.place(postoffice.place).remedy(Remedy::signed_in(
                    "the first one is used: delete the postoffice, which takes both, and define it again",
                    "admin",
                    format!("external delete {shown}"),
                )));
            }
            if survey
                .name
                .as_ref()
                .is_some_and(|own| own.is_same(&whole, survey.code_page))
                && is_pcm(network)
            {
                let finding = Finding::at(
                    &c::OWN_POSTOFFICE_EXTERNAL,
                    &file,
                    format!("{shown}, which is this postoffice"),
                    "other postoffices alone",
                );
                out.push(finding.place(postoffice.place).remedy(Remedy::signed_in(
                    "delete the definition",
                    "admin",
                    format!("external delete {shown}"),
                )));
            }
        }
    }
}

fn is_pcm(network: &Network) -> bool {
    family_of(network.record.kind) == Some(AddressType::Pcm)
}

fn check_states(survey: &Survey, out: &mut Vec<Finding>) {
    let mut by_file: BTreeMap<&File, Vec<_>> = BTreeMap::new();
    for (file, place, state) in &survey.places.unknown_states {
        by_file.entry(file).or_default().push((*place, *state));
    }
    for (file, states) in by_file {
        let (place, state) = states[0];
        out.push(super::lists::unknown_state(
            file,
            place,
            state,
            states.len() as u64,
        ));
    }
}
