//! Mailbags with their bitmaps, and dir-sync mail that waits.

use std::collections::BTreeSet;

use crate::address::AddressType;
use crate::codec::mailbag::MAX_MAILBAG_RECORDS;
use crate::codec::timestamp::Timestamp;
use crate::codec::{HexId, KeyFile, ProcessKind};
use crate::diagnosis::catalog::{self as c, Check};
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::mail::{Letter, Mailbag, mailbag_files};
use crate::postoffice::places::family_of;
use crate::postoffice::{Dir, File, Role};

use super::schedule::{cycle_len, last_t2};

/// Mailbags that every postoffice has.
const FIXED: [&str; 3] = ["INQUEUE", "INQUEUE3", "SYSTEM"];

/// Bytes of a `.KEY`.
const KEY_LEN: usize = 560;

/// After this time a message in `tmp` is nobody's any more: 36 hours, as the Maildir standard has it.
const UNFINISHED_AFTER: u32 = 36 * 60 * 60;

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_pairs(survey, out);
    for (stem, mailbag) in &survey.mail.mailbags {
        if let [Some(messages), Some(bitmap)] = mailbag_files(stem) {
            check_bitmap(survey, &bitmap, mailbag, out);
            check_messages(stem, &messages, mailbag, out);
        }
    }
    check_letters(survey, out);
    check_quarantine(survey, out);
}

/// Every owner has both files (Q132744), and no owner has none.
fn check_pairs(survey: &Survey, out: &mut Vec<Finding>) {
    let is_readable = [Dir::Mbg, Dir::Key].into_iter().all(|dir| {
        let mut dirs = survey.files.dirs();
        dirs.any(|(d, listing)| d == dir && listing.exists && listing.fault.is_none())
    });
    if !is_readable {
        return;
    }
    let owners = owners(survey);
    for stem in &owners {
        let mailbag = survey.mail.mailbags.get(stem);
        let there = (
            mailbag.is_some_and(|mailbag| mailbag.has_messages),
            mailbag.is_some_and(|mailbag| mailbag.has_bitmap),
        );
        let [Some(messages), Some(bitmap)] = mailbag_files(stem) else {
            continue;
        };
        // Two spellings, or something that is no file, are told of the name.
        if survey.files.has(&messages) != there.0 || survey.files.has(&bitmap) != there.1 {
            continue;
        }
        out.extend(match there {
            (true, true) => None,
            (false, false) => Some(missing(
                &c::MAILBAG_MISSING,
                &messages,
                "neither .MBG nor .KEY",
                vec![(messages.clone(), 0), (bitmap, KEY_LEN)],
            )),
            (true, false) => Some(missing(
                &c::MAILBAG_HALF,
                &bitmap,
                "no such file beside the .MBG",
                vec![(bitmap.clone(), KEY_LEN)],
            )),
            // The messages that the bitmap was for are lost already; it begins anew with the empty mailbag.
            (false, true) => Some(missing(
                &c::MAILBAG_HALF,
                &messages,
                "no such file beside the .KEY",
                vec![(messages.clone(), 0), (bitmap, KEY_LEN)],
            )),
        });
    }
    let owners: BTreeSet<_> = owners.into_iter().collect();
    let unused: Vec<_> = survey
        .mail
        .mailbags
        .keys()
        .filter(|stem| HexId::parse(stem.as_bytes()).is_some() && !owners.contains(*stem))
        .cloned()
        .collect();
    let is_known = survey.accounts.access2.whole().is_some() && survey.places.is_whole;
    if !unused.is_empty() && is_known {
        let finding = Finding::new(
            &c::MAILBAG_UNUSED,
            super::listed(&unused),
            "an owner of each",
        );
        out.push(finding.remedy(
            "of a user or postoffice that is gone: remove them when nobody misses their mail",
        ));
    }
}

fn missing(check: &'static Check, file: &File, found: &str, files: Vec<(File, usize)>) -> Finding {
    Finding::at(check, file, found, "a pair of the same name").repair(Repair::MakeFiles(files))
}

/// Returns the stems of all mailbags that somebody owns: nodes and DGNs use that of their gateway (Q119640).
fn owners(survey: &Survey) -> Vec<String> {
    let mut owners: Vec<_> = FIXED.map(String::from).into();
    let users = survey
        .accounts
        .active()
        .filter_map(|(_, account)| account.mailbag.id());
    let places = survey
        .places
        .mailbags()
        .filter_map(|(id, network, postoffice)| {
            let is_pcm = family_of(network.record.kind) == Some(AddressType::Pcm);
            (postoffice.is_none() || is_pcm).then_some(id)
        });
    owners.extend(users.chain(places).map(|id| id.to_string()));
    owners
}

fn check_bitmap(survey: &Survey, bitmap: &File, mailbag: &Mailbag, out: &mut Vec<Finding>) {
    let Some(entry) = survey
        .files
        .get(bitmap)
        .filter(|entry| entry.twin.is_none())
    else {
        return;
    };
    let Some(count) = mailbag.record_count else {
        return;
    };
    let count_u16 = u16::try_from(count).unwrap_or(u16::MAX);
    let (found, expected, key) = match &mailbag.bitmap {
        Some(key) => {
            let mut rebuilt = key.clone();
            let beyond = (count_u16..MAX_MAILBAG_RECORDS)
                .filter(|&n| key.deleted.contains(n) && rebuilt.deleted.set(n, false))
                .count();
            if beyond == 0 {
                return;
            }
            let found = format!("{beyond} deleted messages behind the last one");
            (found, format!("bits of {count} messages"), rebuilt)
        }
        // Nothing is known to be deleted, so every message shows again.
        None if entry.is_file && entry.len != KEY_LEN as u64 => (
            format!("{} bytes", entry.len),
            format!("{KEY_LEN} bytes"),
            KeyFile::default(),
        ),
        None => return,
    };
    let finding = Finding::at(&c::MAILBAG_BITMAP, bitmap, found, expected);
    out.push(finding.repair(Repair::RebuildBitmap {
        file: bitmap.clone(),
        key: Box::new(key),
        count,
    }));
}

fn check_messages(stem: &str, messages: &File, mailbag: &Mailbag, out: &mut Vec<Finding>) {
    if let Some(((place, id), count)) = mailbag.lost.told() {
        let file = File::mai(*id);
        let finding = Finding::at(
            &c::MESSAGE_LOST,
            messages,
            format!(
                "a message in {file}, which is not there{}",
                super::and_more(count - 1)
            ),
            "its .MAI",
        );
        out.push(finding.place(*place).remedy(
            "restore the .MAI files, or have the owner delete the messages; for INQUEUE and SYSTEM make an empty pair",
        ));
    }
    if let Some(((place, id), count)) = mailbag.duplicates.told().filter(|_| stem == "SYSTEM") {
        let finding = Finding::at(
            &c::SYSTEM_DUPLICATE,
            messages,
            format!(
                "a second header of {}{}",
                File::mai(*id),
                super::and_more(count - 1)
            ),
            "one header per message",
        );
        out.push(finding.place(*place).remedy(
            "the original before 3.2.10 stopped at it (errors 115 and 8): make an empty pair once the mail is processed",
        ));
    }
    let is_dirsync = matches!(stem, "SYSTEM" | "INQUEUE");
    if is_dirsync && mailbag.live_count > 0 {
        let finding = Finding::at(
            &c::ORIGINAL_MAIL,
            messages,
            format!("{} messages of the original programs", mailbag.live_count),
            "none: ours keep dir-sync mail in the Maildirs P1 and MBG/SYSTEM",
        );
        out.push(finding.remedy("let the original programs finish their cycle first; the requestors send again what is lost"));
    }
}

/// Looks for mail that should have gone, or been processed, before now.
fn check_letters(survey: &Survey, out: &mut Vec<Finding>) {
    let now = survey.now;
    let ago = |seconds: u32| Timestamp(now.0.saturating_sub(seconds));
    let cycle = ago(cycle_len(survey, &[ProcessKind::T1]));
    // At T2 the mail of T1 has to be there, the server's own too (DS-S026).
    let t2 = match survey.role() {
        Role::Server => last_t2(survey, now),
        Role::Requestor => None,
    };
    let due = t2.unwrap_or(cycle).max(cycle);
    out.extend(waiting(&c::MAIL_UNDELIVERED, &survey.mail.outgoing, due).map(|finding| {
        finding.remedy(Remedy::program(
            "deliver it: run external over all postoffices between T1 and T2, and see that its route works; updates are a \
             cycle late each time",
            "external",
            "-0",
        ))
    }));
    let kinds = [ProcessKind::T2, ProcessKind::T3];
    let processed = match survey.role() {
        Role::Server => &kinds[..],
        Role::Requestor => &kinds[1..],
    };
    let due = ago(cycle_len(survey, processed));
    out.extend(
        waiting(&c::MAIL_UNPROCESSED, &survey.mail.incoming, due).map(|finding| {
            let (advice, arguments) = match survey.role() {
                Role::Server => ("run the programs of T2, then those of T3", "-s"),
                Role::Requestor => ("run the programs of T3", "-rr"),
            };
            finding.remedy(Remedy::program(advice, "nsda", arguments))
        }),
    );
    out.extend(
        waiting(
            &c::MAIL_UNFINISHED,
            &survey.mail.unfinished,
            ago(UNFINISHED_AFTER),
        )
        .map(|finding| finding.remedy("its writer was interrupted and sent it again: remove it")),
    );
}

/// Whatever is not for dir-sync, or not as it should be, is kept until somebody has looked at it.
fn check_quarantine(survey: &Survey, out: &mut Vec<Finding>) {
    let kept = &survey.mail.quarantined;
    let Some(oldest) = kept.first() else { return };
    let found = format!(
        "refused {}{}",
        oldest.at.to_jiff(),
        super::and_more(kept.len() as u64 - 1)
    );
    let finding = Finding {
        file: Some(oldest.file.clone()),
        ..Finding::new(
            &c::MAIL_QUARANTINED,
            found,
            "nothing, once they have been looked at",
        )
    };
    out.push(
        finding.remedy("read them and the log, which says why each was refused; then remove them"),
    );
}

fn waiting(check: &'static Check, letters: &[Letter], due: Timestamp) -> Option<Finding> {
    let late = letters.iter().take_while(|letter| letter.at < due);
    let count = late.count() as u64;
    let oldest = letters.first().filter(|_| count > 0)?;
    let found = format!(
        "written {}{}",
        oldest.at.to_jiff(),
        super::and_more(count - 1)
    );
    let expected = format!("nothing from before {}", due.to_jiff());
    Some(Finding {
        file: Some(oldest.file.clone()),
        ..Finding::new(check, found, expected)
    })
}
