//! Who the postoffice is: MASTER.GLB, and its own network.

use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::reader::{FaultKind, Seen};
use crate::postoffice::{Role, layout};

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    out.extend(check_master(survey));
    let is_server = survey.master.whole().map(|master| master.is_server);
    if survey.role() == Role::Server && is_server == Some(false) {
        let finding = Finding::at(
            &c::SERVER_FLAG_WRONG,
            &layout::MASTER,
            "\"dir-sync server\" is no",
            "yes, for GLB/SRVCONF.GLB is here",
        );
        out.push(
            finding
                .place(Place::byte(0x2a))
                .repair(Repair::SetServerFlag),
        );
    }
    out.extend(check_own_network(survey));
}

fn check_master(survey: &Survey) -> Option<Finding> {
    let finding = |found: String, expected: &str| {
        let finding = Finding::at(&c::MASTER_DAMAGED, &layout::MASTER, found, expected);
        finding.remedy(
            "restore it from a backup, or from the copy of another day: it hardly ever changes",
        )
    };
    match &survey.master {
        Seen::Absent => Some(finding("no such file".into(), "176 bytes")),
        Seen::Whole(master) if master.code_page().is_none() => {
            let found = format!("code page {}", master.code_page_id);
            Some(finding(found, "a code page that is known").place(Place::byte(6)))
        }
        Seen::Whole(_) if survey.name.is_none() => {
            Some(finding("no name".into(), "network and postoffice").place(Place::byte(8)))
        }
        Seen::Whole(_) => None,
        Seen::Unusable => {
            let mut faults = survey.faults.iter();
            let fault = faults.find(|fault| fault.file == layout::MASTER);
            match (
                fault.map(|fault| &fault.kind),
                survey.files.get(&layout::MASTER),
            ) {
                (Some(FaultKind::Damaged(damage)), _) => {
                    let finding = finding(damage.found.clone(), &damage.expected);
                    Some(finding.place(damage.place))
                }
                (Some(FaultKind::Unreadable(cause)), _) => {
                    Some(finding(cause.clone(), "a readable file"))
                }
                (None, Some(entry)) if entry.is_file && entry.twin.is_none() => {
                    let finding = finding(format!("{} bytes", entry.len), "176 bytes");
                    Some(match entry.len {
                        174 => finding.remedy(
                            "something took it for text and changed its line ends (Q103199): restore it, and copy it \
                             as a binary file",
                        ),
                        _ => finding,
                    })
                }
                // Two spellings, or no file at all: that is told of the name.
                _ => None,
            }
        }
    }
}

fn check_own_network(survey: &Survey) -> Option<Finding> {
    let name = survey.name.as_ref()?;
    if !survey.places.is_whole {
        return None;
    }
    let page = survey.code_page;
    let is_own = |network: &&[u8]| page.eq_ignore_case(network, name.network());
    let mut networks = survey.places.networks.iter();
    if networks.any(|network| is_own(&network.record.name.as_bytes())) {
        return None;
    }
    let expected = super::shown(survey, name.network());
    let finding = Finding::at(
        &c::OWN_NETWORK_MISSING,
        &layout::NETWORK,
        "no record of the own network",
        expected,
    );
    Some(finding.remedy(Remedy::advice("restore NETWORK.GLB from a backup")))
}
