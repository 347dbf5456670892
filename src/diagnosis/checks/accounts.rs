//! The local users, and the numbers that are given once: mailbags, messages and tuple identifiers.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::codec::{AliasKind, GalTids, HexId, RecordState, is_mailbox_byte};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::tids::MAX_TOLD;
use crate::postoffice::{Dir, layout};

/// Bytes of a record of ACCESS2.GLB.
const ACCESS2_LEN: u64 = 69;

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_files(survey, out);
    check_names(survey, out);
    check_listed(survey, out);
    check_mailbags(survey, out);
    check_counters(survey, out);
    check_tids(survey, out);
}

fn place(index: usize) -> Place {
    let index = index as u64;
    Place::record(index + 1, index * ACCESS2_LEN)
}

fn check_files(survey: &Survey, out: &mut Vec<Finding>) {
    let accounts = &survey.accounts;
    let Some(access2) = accounts.access2.whole() else {
        return;
    };
    let access = accounts.access.whole();
    let access3 = accounts.access3.whole();
    let counts = [
        (layout::ACCESS, access.map(Vec::len)),
        (layout::ACCESS3, access3.map(Vec::len)),
    ];
    let count = access2.len();
    for (file, found) in counts {
        let Some(found) = found.filter(|found| *found != count) else {
            continue;
        };
        let expected = format!("{count} as in GLB/ACCESS2.GLB");
        let finding = Finding::at(
            &c::ACCOUNT_COUNT,
            &file,
            format!("{found} accounts"),
            expected,
        );
        out.push(finding.remedy("restore the three files of one backup together (Q108840)"));
    }
    for (index, record) in access2.iter().enumerate() {
        let others = [
            (
                layout::ACCESS,
                access.and_then(|all| Some(all.get(index)?.0)),
            ),
            (
                layout::ACCESS3,
                access3.and_then(|all| all.get(index).copied()),
            ),
        ];
        for (file, state) in others {
            let Some(state) = state.filter(|state| *state != record.state) else {
                continue;
            };
            let name = super::shown(survey, record.mailbox.as_bytes());
            let found = format!("{name} is {}", state_word(state));
            let expected = format!("{}, as in GLB/ACCESS2.GLB", state_word(record.state));
            let finding = Finding::at(&c::ACCOUNT_STATE, &file, found, expected);
            let finding = finding.place(Place {
                record: Some(index as u64 + 1),
                byte: None,
            });
            out.push(finding.remedy("restore the three files of one backup together (Q108840)"));
        }
    }
}

fn state_word(state: RecordState) -> String {
    match state {
        RecordState::Active => "in use".into(),
        RecordState::Deleted => "deleted".into(),
        RecordState::Other(code) => format!("neither in use nor deleted ({code})"),
    }
}

fn check_names(survey: &Survey, out: &mut Vec<Finding>) {
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
    for (index, record) in survey.accounts.active() {
        let mailbox = record.mailbox.as_bytes();
        let name = super::shown(survey, mailbox);
        if mailbox.is_empty() || !mailbox.iter().all(|&byte| is_mailbox_byte(byte)) {
            let finding = Finding::at(
                &c::ACCOUNT_NAME,
                &layout::ACCESS2,
                format!("mailbox \"{name}\""),
                "letters, digits and letters of the code page",
            );
            out.push(finding.place(place(index)).remedy(
                "delete the account and create it under another mailbox (admin local delete, create)",
            ));
        }
        if let Some(first) = seen.insert(survey.code_page.fold(mailbox), index) {
            let found = format!("{name} is record {} too", first + 1);
            let finding = Finding::at(
                &c::ACCOUNT_DUPLICATE,
                &layout::ACCESS2,
                found,
                "one account",
            );
            out.push(finding.place(place(index)).remedy(
                "the first one signs in; restore the account files, or give the other one another mailbox",
            ));
        }
    }
}

fn check_listed(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(list) = survey.pol.list.whole() else {
        return;
    };
    // An empty list has a finding of its own.
    if list.names.count == 0 {
        return;
    }
    let mut unlisted = survey.accounts.active().filter(|(_, record)| {
        record.tid != 0 && list.kind_of(record.tid) != Some(AliasKind::Local)
    });
    let Some((index, record)) = unlisted.next() else {
        return;
    };
    let name = super::shown(survey, record.mailbox.as_bytes());
    let more = super::and_more(unlisted.count() as u64);
    let finding = Finding::at(
        &c::ACCOUNT_UNLISTED,
        &layout::ACCESS2,
        format!("{name} (identifier {}){more}", record.tid),
        "an entry of NME/ADMIN.NME with that identifier",
    );
    out.push(finding.place(place(index)).remedy(
        "restore ADMIN.NME, its shadow, GROUP.GLB and the account files of one backup together (Q108840, Q199676)",
    ));
}

fn check_mailbags(survey: &Survey, out: &mut Vec<Finding>) {
    let mut owners: HashMap<HexId, String> = HashMap::new();
    let users = survey.accounts.active().filter_map(|(_, record)| {
        let name = super::shown(survey, record.mailbox.as_bytes());
        Some((record.mailbag.id()?, format!("user {name}")))
    });
    let places = survey.places.mailbags().map(|(id, network, postoffice)| {
        let owner = match postoffice {
            Some(postoffice) => {
                format!(
                    "postoffice {}",
                    super::shown_name(survey, &network.name_of(postoffice))
                )
            }
            None => format!(
                "gateway {}",
                super::shown(survey, network.record.name.as_bytes())
            ),
        };
        (id, owner)
    });
    for (id, owner) in users.chain(places) {
        if let Some(first) = owners.get(&id) {
            let found = format!("mailbag {id} of {first} and of {owner}");
            let finding = Finding::new(&c::MAILBAG_DUPLICATE, found, "one owner");
            out.push(finding.remedy(
                "delete one of the two and create it again: its number is then new; mail in the mailbag is of both",
            ));
        } else {
            owners.insert(id, owner);
        }
    }
}

/// Compares the counters with the numbers in use; zero counters are known for lost (Q112894, Q117738).
fn check_counters(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(control) = survey.control.whole() else {
        return;
    };
    let (highest, owner) = highest_mailbag(survey);
    let needed = highest.saturating_add(1);
    if control.nmailbag < needed {
        let finding = Finding::at(
            &c::MAILBAG_COUNTER_LOW,
            &layout::CONTROL,
            format!("next mailbag {:08X}", control.nmailbag),
            format!("at least {needed:08X}, above {owner}"),
        );
        let repair = Repair::RaiseMailbags(needed);
        out.push(finding.place(Place::byte(0)).repair(repair));
    }
    if let Some((highest, file)) = highest_letter(survey) {
        let needed = highest.saturating_add(1);
        if control.nletter < needed {
            let finding = Finding::at(
                &c::LETTER_COUNTER_LOW,
                &layout::CONTROL,
                format!("next message {:08X}", control.nletter),
                format!("at least {needed:08X}, above {file}"),
            );
            let repair = Repair::RaiseLetters(needed);
            out.push(finding.place(Place::byte(4)).repair(repair));
        }
    }
}

fn highest_mailbag(survey: &Survey) -> (u32, String) {
    let mut used: BTreeMap<u32, String> = BTreeMap::new();
    let dirs = [
        (Dir::Mbg, "MBG"),
        (Dir::Key, "KEY"),
        (Dir::Xtn, "XTN"),
        (Dir::Usr, "USR"),
    ];
    for (dir, extension) in dirs {
        let last = survey.files.numbered(dir, extension).last();
        used.extend(last.map(|(id, _)| (id.0, format!("{dir}/{id}.{extension}"))));
    }
    let owned = survey.places.mailbags().map(|(id, ..)| id);
    let xtns = survey
        .places
        .networks
        .iter()
        .filter_map(|n| n.record.xtn.id());
    let users = survey
        .accounts
        .active()
        .filter_map(|(_, record)| record.mailbag.id());
    for id in owned.chain(xtns).chain(users) {
        used.entry(id.0)
            .or_insert_with(|| format!("number {id} in use"));
    }
    if let Some(config) = survey.requestor.whole() {
        let mark = config.highest_mailbag;
        used.entry(mark)
            .or_insert_with(|| format!("{mark:08X}, given before (GLB/REQCONF.GLB)"));
    }
    used.pop_last().unwrap_or_default()
}

fn highest_letter(survey: &Survey) -> Option<(u32, String)> {
    let parts =
        (0..16).flat_map(|digit| [(Dir::MaiPart(digit), "MAI"), (Dir::AttPart(digit), "ATT")]);
    let dirs = parts.chain([(Dir::P1, "P1")]);
    let highest = dirs.filter_map(|(dir, extension)| {
        let (id, _) = survey.files.numbered(dir, extension).last()?;
        Some((id.0, format!("{dir}/{id}.{extension}")))
    });
    highest.max()
}

fn check_tids(survey: &Survey, out: &mut Vec<Finding>) {
    let (shared, count) = survey.tids.shared();
    for (number, shared) in shared.iter().enumerate() {
        let more = match number + 1 {
            MAX_TOLD => super::and_more(count.saturating_sub(MAX_TOLD) as u64),
            _ => String::new(),
        };
        let [(first, first_place), (file, place)] = &shared.holders[..] else {
            continue;
        };
        let found = format!("identifier {}, as {first} {first_place}{more}", shared.tid);
        let finding = Finding::at(&c::TID_DUPLICATE, file, found, "one of its own");
        out.push(finding.place(*place).remedy(
            "delete one of the two entries and create it again: it is then given a new identifier (Q107443)",
        ));
    }
    for (file, place, count) in survey.tids.zeroes() {
        let found = match count {
            1 => "an entry with identifier 0".into(),
            count => format!("{count} entries with identifier 0"),
        };
        let finding = Finding::at(&c::TID_ZERO, file, found, "an identifier from 1 on");
        out.push(finding.place(*place).remedy(
            "delete the entries and create them again, or have their postoffice export its list (Q216193)",
        ));
    }
    let Some(tid) = survey.tid.whole() else {
        return;
    };
    let marked = survey
        .requestor
        .whole()
        .map_or(0, |config| config.highest_tid);
    let marked = if marked < GalTids::FIRST { marked } else { 0 };
    let highest = survey.tids.highest_below(GalTids::FIRST).unwrap_or(0);
    let needed = highest.max(marked);
    if tid.last < needed {
        let why = if highest >= marked {
            "in use"
        } else {
            "given before (GLB/REQCONF.GLB)"
        };
        let finding = Finding::at(
            &c::TID_COUNTER_LOW,
            &layout::TID,
            format!("last identifier {}", tid.last),
            format!("at least {needed}, which is {why}"),
        );
        out.push(
            finding
                .place(Place::byte(0))
                .repair(Repair::RaiseTids(needed)),
        );
    }
}
