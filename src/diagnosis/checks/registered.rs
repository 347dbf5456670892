//! The requestors that a server has registered, one by one.

use super::server::record_place;
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConf};
use crate::codec::timestamp::Timestamp;
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::queues::Queue;
use crate::postoffice::{File, layout};

const SECONDS_PER_DAY: u32 = 24 * 60 * 60;

pub(super) fn check(
    survey: &Survey,
    config: &SrvConf,
    master: Option<&Queue>,
    out: &mut Vec<Finding>,
) {
    check_requestors(survey, config, master, out);
    check_lists(survey, config, out);
}

fn check_requestors(
    survey: &Survey,
    config: &SrvConf,
    master: Option<&Queue>,
    out: &mut Vec<Finding>,
) {
    let mut out_of_step = Vec::new();
    let mut due = Vec::new();
    let lowest = lowest_kept(config, master);
    for (record, number) in config.requestors.iter().zip(1..) {
        if !record.state.is_active() {
            continue;
        }
        let name = super::shown(survey, &record.requestor_name());
        if record.req_sync.0 > record.srv_sync.0 {
            out_of_step.push(format!(
                "{name} (ReqSync {}, SrvSync {})",
                record.req_sync, record.srv_sync
            ));
        }
        if record.flags.contains(RequestorFlags::REPLY_DUE) {
            due.push(name.clone());
        }
        let mut told = |finding: Finding| out.push(finding.place(record_place(number)));
        if let Some(finding) = lowest.and_then(|lowest| purged(record, &name, lowest, config)) {
            told(finding);
        }
        if let Some(finding) = silent(survey.now, config, record, &name) {
            told(finding);
        }
        if let Some(finding) = undefined(survey, record, &name) {
            told(finding);
        }
    }
    let file = &layout::SRVCONF;
    if !out_of_step.is_empty() {
        let finding = Finding::at(
            &c::REQUESTOR_STEP,
            file,
            super::listed(&out_of_step),
            "ReqSync not above SrvSync once a cycle is completed",
        );
        out.push(finding.remedy("a hint and no fault: look whether the replies reach them"));
    }
    if !due.is_empty() {
        let finding = Finding::at(
            &c::REPLY_DUE,
            file,
            super::listed(&due),
            "no reply due when nobody is at work",
        );
        let remedy = Remedy::program("send the replies", "srvmain", "-t");
        out.push(finding.remedy(remedy));
    }
}

/// Returns the lowest number that is still kept.
fn lowest_kept(config: &SrvConf, master: Option<&Queue>) -> Option<u32> {
    let queue = master.filter(|queue| queue.is_intact())?;
    match queue.first {
        Some(first) => Some(first),
        None => config.header.srv_sync.0.checked_add(1),
    }
}

/// What a requestor lacks was purged, unless it is new and gets a full list anyway (message 138).
fn purged(record: &RequestorRecord, name: &str, lowest: u32, config: &SrvConf) -> Option<Finding> {
    let has = record.srv_sync.0;
    let is_new = record.req_sync.0 == 0 && has == 0;
    let next = has.checked_add(1)?;
    if is_new || next >= lowest || has >= config.header.srv_sync.0 {
        return None;
    }
    let finding = Finding::at(
        &c::REQUESTOR_PURGED,
        &layout::SRVCONF,
        format!("{name} has SrvSync {has}"),
        format!(
            "at least {}, for MSTTRANS.GLB begins with {lowest}",
            lowest - 1
        ),
    );
    Some(finding.remedy(
        "export and ask for a full list on that postoffice (config dirsync requestor export, import), or give it a resync \
         (messages 138 and 139)",
    ))
}

fn silent(
    now: Timestamp,
    config: &SrvConf,
    record: &RequestorRecord,
    name: &str,
) -> Option<Finding> {
    let days = u32::from(config.header.keep_updates_days);
    let since = now.0.saturating_sub(record.last_update.0);
    if record.last_update == Timestamp::ZERO || days == 0 || since <= days * SECONDS_PER_DAY {
        return None;
    }
    let finding = Finding::at(
        &c::REQUESTOR_SILENT,
        &layout::SRVCONF,
        format!(
            "{name}: last update {} ({} days ago)",
            record.last_update.to_jiff(),
            since / SECONDS_PER_DAY
        ),
        format!("one within the {days} days that updates are kept"),
    );
    Some(finding.remedy(
        "look why its mail does not come; when it is back it has to export and ask for a full list, or delete it here",
    ))
}

fn undefined(survey: &Survey, record: &RequestorRecord, name: &str) -> Option<Finding> {
    let page = survey.code_page;
    let (network, postoffice) = (record.network.as_bytes(), record.postoffice.as_bytes());
    // Without the own name any record may be its own.
    let is_own = survey.name.as_ref().is_none_or(|own| {
        page.eq_ignore_case(own.network(), network)
            && page.eq_ignore_case(own.postoffice(), postoffice)
    });
    let is_defined = survey.places.find(network, postoffice, page).is_some();
    if is_own || is_defined || !survey.places.is_whole || network.is_empty() {
        return None;
    }
    let finding = Finding::at(
        &c::REQUESTOR_UNDEFINED,
        &layout::SRVCONF,
        format!("{name} is registered"),
        "a postoffice that is defined here",
    );
    Some(
        finding.remedy(
            "define it with a route (admin external create NET/PO --route), or strike it off",
        ),
    )
}

/// Names of a postoffice that left stay in all lists until it is deleted everywhere (Q130230).
fn check_lists(survey: &Survey, config: &SrvConf, out: &mut Vec<Finding>) {
    let page = survey.code_page;
    let mut orphans = Vec::new();
    for (network, postoffice) in survey.places.pcm() {
        let name = network.name_of(postoffice);
        let file = postoffice.record.mailbag.id().map(File::usr);
        let list = survey
            .lists
            .iter()
            .find(|list| Some(&list.file) == file.as_ref());
        let count = list.map_or(0, |list| list.names.count);
        if count > 0
            && config
                .find(name.network(), name.postoffice(), page)
                .is_none()
        {
            let entries = if count == 1 { "entry" } else { "entries" };
            let name = super::shown_name(survey, &name);
            orphans.push(format!("{name} ({count} {entries})"));
        }
    }
    if !orphans.is_empty() {
        let finding = Finding::new(
            &c::LIST_WITHOUT_REQUESTOR,
            super::listed(&orphans),
            "a registered requestor, or a list that is fed by hand",
        );
        out.push(finding.remedy(
            "if such a postoffice is gone, delete it here and on every other one: its names stay in all lists until then",
        ));
    }
}
