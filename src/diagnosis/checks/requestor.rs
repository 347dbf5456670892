//! The requestor: whom it is registered with, and its numbers.

use crate::address::{AddressType, PostofficeName};
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::codec::{ProcessKind, QueuePointers};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::postoffice::places::{family_of, gateway_bit};
use crate::postoffice::{Role, layout};

/// Where the numbers are in REQCONF.GLB.
const REQ_SYNC_BYTE: u64 = 40;

/// The global reset of Q96060 (`spec/protocol.md` 5.4).
pub(super) const GLOBAL_RESET: &str = "take the global reset: admin config dirsync options server no, then yes; listds -r -z on every postoffice; register \
     the requestors again, choose their types, export";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(config) = survey.requestor.whole() else {
        return;
    };
    let server = PostofficeName::from_checked(
        config.server_network.as_bytes(),
        config.server_postoffice.as_bytes(),
    );
    match config.has_server() {
        true => check_server(survey, &server, out),
        false => out.extend(unregistered(survey, config)),
    }
    if config.req_sync.0 > config.srv_sync.0 {
        let finding = Finding::at(
            &c::NUMBERS_OUT_OF_STEP,
            &layout::REQCONF,
            format!("ReqSync {}, SrvSync {}", config.req_sync, config.srv_sync),
            "ReqSync not above SrvSync once a cycle is completed",
        );
        let finding = finding.place(Place::byte(REQ_SYNC_BYTE));
        out.push(finding.remedy(
            "a hint and no fault: look whether replies of the server come and are applied",
        ));
    }
    if config.options.contains(ReqOptions::IMPORT_REQUESTED) {
        let finding = Finding::at(
            &c::FULL_LIST_AWAITED,
            &layout::REQCONF,
            "a full list was asked for",
            "its coming with the next cycles",
        );
        out.push(
            finding.remedy("nothing to do for two cycles; then look at the log of the server"),
        );
    }
    check_types(survey, config, out);
}

fn check_server(survey: &Survey, server: &PostofficeName, out: &mut Vec<Finding>) {
    let shown = super::shown_name(survey, server);
    let is_own = survey
        .name
        .as_ref()
        .is_some_and(|own| own.is_same(server, survey.code_page));
    let at = |check, found: String, expected: &str| {
        Finding::at(check, &layout::REQCONF, found, expected).place(Place::byte(8))
    };
    match (survey.role(), is_own) {
        (Role::Server, true) => {}
        (Role::Server, false) => {
            // Whether it is the own one cannot be told without the own name.
            if survey.name.is_some() {
                let found = format!("dir-sync server {shown}");
                let finding = at(
                    &c::SERVER_REGISTERED_ELSEWHERE,
                    found,
                    "this postoffice itself",
                );
                out.push(finding.remedy(format!(
                    "decide which of the two is the server. If it is this one: admin config dirsync requestor registration \
                     with its own name; if its numbers came from the other one, {GLOBAL_RESET}"
                )));
            }
        }
        (Role::Requestor, true) => {
            if !super::server::is_lost(survey) {
                let found = format!("dir-sync server {shown}, which is this postoffice");
                let finding = at(&c::REGISTERED_WITH_ITSELF, found, "a dir-sync server");
                out.push(finding.remedy(
                    "register with the server (admin config dirsync requestor registration NET/PO), or make this postoffice \
                     the server (admin config dirsync options server yes)",
                ));
            }
        }
        (Role::Requestor, false) => {
            let place = survey
                .places
                .find(server.network(), server.postoffice(), survey.code_page);
            let is_pcm = place.is_some_and(|(network, _)| {
                family_of(network.record.kind) == Some(AddressType::Pcm)
            });
            if !is_pcm && survey.places.is_whole {
                let found = format!("dir-sync server {shown}");
                let finding = at(
                    &c::SERVER_UNDEFINED,
                    found,
                    "a postoffice that is defined here",
                );
                out.push(finding.remedy(
                    "define it (admin external create), or register with its new name (message 55; Q114246)",
                ));
            }
        }
    }
}

/// Without a server a postoffice either takes no part, or has lost the name (message 54).
fn unregistered(survey: &Survey, config: &ReqConf) -> Option<Finding> {
    let numbers = [config.req_sync.0, config.srv_sync.0, config.import_sync.0];
    let schedule = survey.schedule.whole();
    let is_scheduled = schedule.is_some_and(|schedule| {
        let mut entries = schedule.records.iter();
        entries.any(|entry| matches!(entry.kind, ProcessKind::T1 | ProcessKind::T3))
    });
    let is_server = survey.role() == Role::Server;
    if !is_server && !is_scheduled && numbers == [0; 3] {
        let finding = Finding::at(
            &c::NOT_REGISTERED,
            &layout::REQCONF,
            "no dir-sync server",
            "one, if it is to take part",
        );
        return Some(finding.remedy(
            "to take part: define the server (admin external create) and register with it (admin config dirsync requestor \
             registration NET/PO)",
        ));
    }
    let own = survey.name.as_ref().filter(|_| is_server);
    let server = own.map_or_else(|| "NET/PO".into(), |own| super::shown_name(survey, own));
    let finding = Finding::at(
        &c::SERVER_NAME_MISSING,
        &layout::REQCONF,
        "no dir-sync server",
        match is_server {
            true => "this postoffice, which is the server",
            false => "one, for this postoffice takes part",
        },
    );
    Some(finding.place(Place::byte(8)).remedy(Remedy::signed_in(
        "register: nothing is sent and nothing is received until then (message 54); if it takes no part any more, listds -r \
         -z sets the numbers to zero",
        "admin",
        format!("config dirsync requestor registration {server}"),
    )))
}

fn check_types(survey: &Survey, config: &ReqConf, out: &mut Vec<Finding>) {
    if !survey.places.is_whole {
        return;
    }
    let installed = |kind: AddressType| {
        let mut networks = survey.places.networks.iter();
        networks.any(|network| family_of(network.record.kind) == Some(kind))
    };
    let wanted = AddressType::ALL.into_iter().filter(|kind| {
        let bit = u32::from(gateway_bit(*kind).0);
        kind.family() == *kind && *kind != AddressType::Pcm && config.types & bit != 0
    });
    let missing: Vec<_> = wanted
        .filter(|kind| !installed(*kind))
        .map(|kind| kind.token().to_owned())
        .collect();
    if !missing.is_empty() {
        let finding = Finding::at(
            &c::TYPE_UNINSTALLED,
            &layout::REQCONF,
            format!("types {}", super::listed(&missing)),
            "a gateway of each",
        );
        let finding = finding.place(Place::byte(76));
        out.push(finding.remedy(
            "its entries are left out with message 44: install the gateway (admin gateway install TYPE), or leave the type \
             out (admin config dirsync requestor types)",
        ));
    }
}

/// Returns the pointers that REQCONF.GLB has.
pub(super) fn pointers(survey: &Survey) -> QueuePointers {
    survey
        .requestor
        .whole()
        .map_or(QueuePointers::RESET, |config| config.pointers)
}
