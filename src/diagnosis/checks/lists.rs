//! The lists of other postoffices and of gateways, their templates, and the marks of entries made by hand.

use std::collections::BTreeSet;

use crate::address::AddressType;
use crate::codec::HexId;
use crate::diagnosis::catalog::{self as c, Check};
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::lists::{Information, List};
use crate::diagnosis::survey::names::{Named, Names};
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{Dir, File, Role, layout};

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    for list in &survey.lists {
        check_names(survey, &list.file, &list.names, out);
        check_entries(survey, list, out);
        if list.is_whole {
            let template = File::named(Dir::Tpl, &format!("{}.TPL", list.file.stem()));
            let information = File::named(Dir::Inf, &format!("{}.INF", list.file.stem()));
            if let (Ok(template), Ok(information)) = (template, information) {
                let counts = list.record_count..=list.record_count;
                out.extend(check_information(
                    &list.template,
                    &template,
                    &information,
                    counts,
                ));
            }
        }
    }
    check_own_information(survey, out);
    check_definitions(survey, out);
    check_ownership(survey, out);
}

/// Checks the names of a list; the postoffice list asks for it too.
pub(super) fn check_names(survey: &Survey, file: &File, names: &Names, out: &mut Vec<Finding>) {
    let name = |named: &Named| format!("\"{}\"", super::shown(survey, &named.name));
    if let Some(((later, earlier), count)) = names.disorder.told() {
        let earlier = super::shown(survey, earlier);
        let found = format!(
            "{} behind \"{earlier}\"{}",
            name(later),
            super::and_more(count - 1)
        );
        let finding = Finding::at(&c::LIST_ORDER, file, found, "names in order");
        out.push(finding.place(later.place).remedy(sort_remedy(survey, file)));
    }
    if let Some((named, count)) = names.duplicates.told() {
        let found = format!("{} once more{}", name(named), super::and_more(count - 1));
        let finding = Finding::at(&c::NAME_DUPLICATE, file, found, "each name once");
        out.push(
            finding
                .place(named.place)
                .remedy(renew_remedy(survey, file)),
        );
    }
    if let Some((place, count)) = names.empty.told() {
        let found = format!("an empty name{}", super::and_more(count - 1));
        let finding = Finding::at(&c::NAME_EMPTY, file, found, "a name");
        out.push(finding.place(*place).remedy(renew_remedy(survey, file)));
    }
    if let Some(((place, field), count)) = names.unended.told() {
        let found = format!("a {field} without an end{}", super::and_more(count - 1));
        let finding = Finding::at(&c::TEXT_UNENDED, file, found, "a NUL in the field");
        out.push(finding.place(*place).remedy(renew_remedy(survey, file)));
    }
}

/// Any change of a list writes it in order.
fn sort_remedy(survey: &Survey, file: &File) -> Remedy {
    match *file == layout::ADMIN_NME {
        true => {
            "modify any user or group: the list is then written in order (RESORT, Q126230)".into()
        }
        false => renew_remedy(survey, file),
    }
}

/// The list of another postoffice comes anew with a full list.
fn renew_remedy(survey: &Survey, file: &File) -> Remedy {
    if *file == layout::ADMIN_NME {
        return "restore ADMIN.NME and its shadow from a backup".into();
    }
    match survey.role() {
        Role::Requestor => Remedy::signed_in(
            "ask the server for a full list, which makes the list anew",
            "admin",
            "config dirsync requestor import",
        ),
        Role::Server => "have the postoffice it belongs to export its list (config dirsync requestor export there)".into(),
    }
}

fn check_entries(survey: &Survey, list: &List, out: &mut Vec<Finding>) {
    let first = |check: &'static Check, named: &Named, count: u64, expected: &str| {
        let name = super::shown(survey, &named.name);
        let found = format!("\"{name}\"{}", super::and_more(count - 1));
        Finding::at(check, &list.file, found, expected).place(named.place)
    };
    if let Some((named, count)) = list.without_mailbox.told() {
        let finding = first(&c::MAILBOX_EMPTY, named, count, "a mailbox");
        out.push(finding.remedy(renew_remedy(survey, &list.file)));
    }
    if let Some(((place, state), count)) = list.unknown_states.told() {
        out.push(unknown_state(&list.file, *place, *state, count));
    }
    let Some(gateway) = &list.gateway else { return };
    if let Some((named, count)) = gateway.without_address.told() {
        let finding = first(
            &c::GATEWAY_NAME_LOST,
            named,
            count,
            "an address in its .GLB",
        );
        out.push(finding.remedy(
            "import the list of the gateway anew (import -r -g); until then a full list leaves these names out (messages \
             43 and 46)",
        ));
    }
    if let (Some((byte, count)), Some(file)) = (gateway.without_name.told(), &gateway.file) {
        let names = &list.file;
        let found = match count {
            1 => "an address that no name points to".into(),
            count => format!("{count} addresses that no name points to"),
        };
        let finding = Finding::at(
            &c::GATEWAY_ADDRESS_LOST,
            file,
            found,
            format!("a name in {names} for each"),
        );
        out.push(finding.place(Place::byte(*byte)).remedy(
            "import the list of the gateway anew (import -r -g); until then they are left out (message 46)",
        ));
    }
}

/// A record that is neither in use nor deleted; other themes ask for it too.
pub(super) fn unknown_state(file: &File, place: Place, state: u8, count: u64) -> Finding {
    let found = format!("state {state}{}", super::and_more(count - 1));
    let finding = Finding::at(&c::STATE_UNKNOWN, file, found, "1 in use or 0 deleted");
    finding
        .place(place)
        .remedy("such a record is left alone and never used: restore the file from a backup")
}

fn check_information(
    found: &Information,
    template: &File,
    information: &File,
    counts: std::ops::RangeInclusive<u64>,
) -> Option<Finding> {
    let len = found.len.unwrap_or(0);
    if !found.has_template {
        let finding = Finding::at(
            &c::TEMPLATE_MISSING,
            information,
            format!("{len} bytes of template information"),
            format!("its template, {template}"),
        );
        return (len > 0).then(|| {
            finding.remedy("ask for a full list, which brings the template again (message 65)")
        });
    }
    let record = found.record_len? as u64;
    let is_whole = match record {
        0 => len == 0,
        record => len % record == 0 && counts.contains(&(len / record)),
    };
    // The own users get their information when it is first given.
    if is_whole {
        return None;
    }
    let expected = match (counts.start(), counts.end()) {
        (start, end) if start == end => format!("{start} records of {record} bytes, one per entry"),
        (_, end) => format!("records of {record} bytes, {end} at most"),
    };
    let finding = Finding::at(
        &c::TEMPLATE_MISMATCH,
        information,
        format!("{len} bytes"),
        expected,
    );
    Some(finding.remedy(format!(
        "restore {information} and {template} together, or take them away and ask for a full list (message 36)"
    )))
}

fn check_own_information(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(accounts) = survey.accounts.access2.whole() else {
        return;
    };
    out.extend(check_information(
        &survey.own_information,
        &layout::ADMIN_TPL,
        &layout::ADMIN_INF,
        0..=accounts.len() as u64,
    ));
}

/// Compares the lists that are there with the postoffices and gateways that are defined.
fn check_definitions(survey: &Survey, out: &mut Vec<Finding>) {
    let places = &survey.places;
    let defined: BTreeSet<HexId> = places.mailbags().map(|(id, ..)| id).collect();
    if places.is_whole {
        for (id, entry) in survey.files.numbered(Dir::Usr, "USR") {
            if !defined.contains(&id) && entry.len > 0 {
                out.push(undefined(
                    &File::usr(id),
                    entry.len / 53,
                    "a postoffice or node",
                ));
            }
        }
        let types = places.gateway_types();
        for kind in AddressType::ALL {
            let is_gateway = kind.family() == kind && !kind.is_three_part();
            let Some(file) = File::gateway_nme(kind.token()).ok().filter(|_| is_gateway) else {
                continue;
            };
            let len = survey.files.len(&file).unwrap_or(0);
            if !types.contains(&kind) && len > 0 {
                out.push(undefined(&file, len / 45, "a gateway"));
            }
        }
    }
    let missing = survey.lists.iter().filter(|list| !list.exists);
    let missing: Vec<_> = missing
        .map(|list| super::shown(survey, &list.owner))
        .collect();
    if !missing.is_empty() {
        let finding = Finding::new(
            &c::LIST_MISSING,
            super::listed(&missing),
            "a list, once entries of it have come",
        );
        out.push(finding.remedy("nothing to do before the first cycle (message 201)"));
    }
}

fn undefined(file: &File, count: u64, what: &str) -> Finding {
    let finding = Finding::at(
        &c::LIST_UNDEFINED,
        file,
        format!("{count} entries that belong to nobody"),
        format!("{what} that is defined"),
    );
    finding
        .remedy("define it again, or take the file away: its entries are in no list and in no mail")
}

fn check_ownership(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(config) = survey.requestor.whole() else {
        return;
    };
    let expected = config.own_generation;
    let found = match &survey.own_generation {
        Seen::Absent if expected == 0 => return,
        Seen::Whole(generation) if *generation == expected => return,
        Seen::Absent => "no such file".into(),
        Seen::Whole(generation) => format!("generation {generation}"),
        Seen::Unusable => "a file that cannot be read".into(),
    };
    let finding = Finding::at(
        &c::OWNERSHIP_LOST,
        &layout::DIRSYNC_OWN,
        found,
        format!("generation {expected}, as GLB/REQCONF.GLB says"),
    );
    out.push(finding.remedy(Remedy::signed_in(
        "restore it; or take the next full list with --replace, which drops what was made by hand: until then nothing is \
         removed by absence",
        "import",
        "-q -y --replace",
    )));
}
