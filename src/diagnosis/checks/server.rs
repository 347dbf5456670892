//! The dir-sync server: SRVCONF.GLB against MSTTRANS.GLB, against its own REQCONF.GLB and against what is defined.

use crate::codec::srvconf::{SrvConf, SrvConfFinding};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::queues::Queue;
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{Role, layout};

/// Bytes of the header and of each record.
const RECORD_LEN: u64 = 1024;

/// The mailbox of the administrator where none is set (`spec/protocol.md` 6.4).
const DEFAULT_ADMINISTRATOR: &[u8] = b"ADMIN";

const RESTORED: &str = "the server was restored from an older copy: have every requestor export, run one cycle, then give each a resync \
     (resync create; Q96060, problem 9)";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    if survey.role() == Role::Requestor {
        check_former(survey, out);
        return;
    }
    let master = &survey.queues.master;
    if super::files::is_lost(survey, &layout::MSTTRANS) {
        let finding = Finding::at(
            &c::MSTTRANS_MISSING,
            &layout::MSTTRANS,
            "no such file",
            "the master transaction list",
        );
        out.push(finding.remedy(Remedy::system(
            "restore it with SRVCONF.GLB of the same backup; without one make it empty and have every requestor export \
             (Q112280)",
            "touch",
            [&layout::MSTTRANS],
        )));
    }
    let Some(config) = survey.server.whole() else {
        return;
    };
    check_config(survey, config, out);
    check_own(survey, config, out);
    if let Some(queue) = master.whole().filter(|queue| queue.is_intact()) {
        check_master(config, queue, out);
    }
    super::registered::check(survey, config, master.whole(), out);
    check_administrator(survey, config, out);
}

/// Tells whether a server has lost what makes it one.
pub(super) fn is_lost(survey: &Survey) -> bool {
    let master = survey.master.whole();
    survey.role() == Role::Requestor && master.is_some_and(|master| master.is_server)
}

fn check_former(survey: &Survey, out: &mut Vec<Finding>) {
    if is_lost(survey) {
        let finding = Finding::at(
            &c::SERVER_CONFIG_LOST,
            &layout::SRVCONF,
            "no such file",
            "the configuration of the server",
        );
        out.push(finding.remedy(Remedy::signed_in(
            "restore SRVCONF.GLB and MSTTRANS.GLB together, have every requestor export, run one cycle, give each a resync; \
             without a backup reset its own numbers and make it the server anew",
            "listds",
            "-r -z",
        )));
    } else if survey.files.has(&layout::MSTTRANS) {
        let finding = Finding::at(
            &c::MSTTRANS_LEFT,
            &layout::MSTTRANS,
            "the master transaction list of a former server",
            "no such file where there is no SRVCONF.GLB",
        );
        let remedy = Remedy::system(
            "remove it if this is no longer the server",
            "rm",
            [&layout::MSTTRANS],
        );
        out.push(finding.remedy(remedy));
    }
}

pub(super) fn record_place(number: usize) -> Place {
    let number = number as u64;
    Place::record(number, number * RECORD_LEN)
}

fn check_config(survey: &Survey, config: &SrvConf, out: &mut Vec<Finding>) {
    for found in config.verify(survey.code_page) {
        let place = match &found {
            SrvConfFinding::State { number, .. }
            | SrvConfFinding::Text { number, .. }
            | SrvConfFinding::Registration { number, .. }
            | SrvConfFinding::Ahead { number, .. } => record_place(*number),
            SrvConfFinding::SameName { second, .. }
            | SrvConfFinding::SameRegistration { second, .. } => record_place(*second),
            _ => Place::byte(0),
        };
        let (check, expected, remedy) = match &found {
            SrvConfFinding::SameName { .. } => (
                &c::REQUESTOR_DUPLICATE,
                "one record",
                "delete the requestor, register it again and have it export and take a full list",
            ),
            SrvConfFinding::Ahead { .. } => (
                &c::REQUESTOR_AHEAD,
                "no number above the highest SrvSync",
                RESTORED,
            ),
            _ => (
                &c::SRVCONF_WRONG,
                "what SRVMAIN wrote",
                "restore SRVCONF.GLB and MSTTRANS.GLB together, have every requestor export, run one cycle, give each a \
                 resync",
            ),
        };
        let finding = Finding::at(check, &layout::SRVCONF, found.to_string(), expected);
        out.push(finding.place(place).remedy(remedy));
    }
}

/// The server is its own requestor (Q96060).
fn check_own(survey: &Survey, config: &SrvConf, out: &mut Vec<Finding>) {
    let Some(own) = &survey.name else { return };
    if config
        .find(own.network(), own.postoffice(), survey.code_page)
        .is_none()
    {
        let name = super::shown_name(survey, own);
        let finding = Finding::at(
            &c::SERVER_UNREGISTERED,
            &layout::SRVCONF,
            format!("no record of {name}"),
            "the server as its own requestor",
        );
        out.push(finding.remedy(Remedy::signed_in(
            "register it (message 136)",
            "admin",
            format!("config dirsync server requestors create {name}"),
        )));
    }
    let Some(requestor) = survey.requestor.whole() else {
        return;
    };
    let names_itself = {
        let page = survey.code_page;
        page.eq_ignore_case(requestor.server_network.as_bytes(), own.network())
            && page.eq_ignore_case(requestor.server_postoffice.as_bytes(), own.postoffice())
    };
    // The number of another server says nothing about this one.
    if names_itself && requestor.srv_sync > config.header.srv_sync {
        let finding = Finding::at(
            &c::REQUESTOR_AHEAD,
            &layout::REQCONF,
            format!("own SrvSync {}", requestor.srv_sync),
            format!(
                "at most {}, the highest of the server",
                config.header.srv_sync
            ),
        );
        out.push(finding.place(Place::byte(44)).remedy(RESTORED));
    }
}

/// MSTTRANS.GLB is consecutive and ends at the highest SrvSync; a purge takes from its beginning only.
fn check_master(config: &SrvConf, queue: &Queue, out: &mut Vec<Finding>) {
    let file = &layout::MSTTRANS;
    if let Some(step) = queue.disorder {
        let finding = Finding::at(
            &c::QUEUE_ORDER,
            file,
            format!("number {} behind {}", step.found, step.previous),
            "numbers that go up by one",
        );
        out.push(finding.place(step.place).remedy(
            "restore MSTTRANS.GLB and SRVCONF.GLB together; then have every requestor export and apply a resync",
        ));
        return;
    }
    if let Some(step) = queue.gap {
        let found = match queue.gap_count {
            1 => format!("number {} behind {}", step.found, step.previous),
            count => format!(
                "number {} behind {}, and {} more gaps",
                step.found,
                step.previous,
                count - 1
            ),
        };
        let finding = Finding::at(
            &c::MSTTRANS_GAP,
            file,
            found,
            (step.previous + 1).to_string(),
        );
        out.push(finding.place(step.place).remedy(
            "updates are lost: restore MSTTRANS.GLB, or have every requestor export and ask for a full list",
        ));
    }
    let highest = config.header.srv_sync.0;
    if let Some(last) = queue.last.filter(|last| *last != highest) {
        let remedy = match last < highest {
            true => {
                "its end is lost: restore it, or have every requestor export and ask for a full list"
            }
            false => {
                "SRVCONF.GLB is older than the list: restore the two of one backup; requestors that have more get a resync"
            }
        };
        let finding = Finding::at(
            &c::MSTTRANS_END,
            file,
            format!("last number {last}"),
            format!("{highest}, the highest SrvSync"),
        );
        let place = Place {
            record: Some(queue.record_count),
            byte: None,
        };
        out.push(finding.place(place).remedy(remedy));
    }
}

/// Notes and reports to nobody bounce as Warning 154 (Q125511).
fn check_administrator(survey: &Survey, config: &SrvConf, out: &mut Vec<Finding>) {
    if survey.accounts.access2.whole().is_none() {
        return;
    }
    let stored = config.header.administrator.as_bytes();
    let mailbox = match stored.is_empty() {
        true => DEFAULT_ADMINISTRATOR,
        false => stored,
    };
    let mut accounts = survey.accounts.active();
    let page = survey.code_page;
    if accounts.any(|(_, account)| page.eq_ignore_case(account.mailbox.as_bytes(), mailbox)) {
        return;
    }
    let finding = Finding::at(
        &c::SERVER_ADMINISTRATOR,
        &layout::SRVCONF,
        format!("administrator {}", super::shown(survey, mailbox)),
        "a mailbox of this postoffice",
    );
    out.push(finding.place(Place::byte(28)).remedy(Remedy::signed_in(
        "name one that is there; its notes bounce as Warning 154 until then",
        "admin",
        "config dirsync server options --administrator MAILBOX",
    )));
}

/// Returns what SRVCONF.GLB says, where it can be read.
pub(super) fn config(survey: &Survey) -> Option<&SrvConf> {
    match &survey.server {
        Seen::Whole(config) => Some(config),
        _ => None,
    }
}
