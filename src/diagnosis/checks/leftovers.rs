//! What must not be there when nobody is at work (`spec/files.md` section 7; Q122750).

use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::files::{Entry, EntryKind};
use crate::postoffice::{Dir, File, layout};

/// Work files with fixed names.
const TEMPORARIES: [File; 16] = [
    layout::REQUPDS,
    layout::SRVUPDS,
    layout::TMPTRANS,
    layout::IUSRTRAN,
    layout::INMETRAN,
    layout::IGWTRANS,
    layout::ILOCAL,
    layout::INDEX,
    layout::GALINDEX_TEMPORARY,
    layout::TMPNETPO,
    layout::GALTMP,
    layout::GAL_FALLBACK,
    layout::GAL_TEMPORARY,
    layout::IMPORT_USR,
    layout::IMPORT_INF,
    layout::SORTLOCK,
];

/// Work files that nobody minds (Q119018, Q121956).
const HARMLESS: [File; 4] = [
    layout::TMPACC2,
    layout::TMPGRP,
    layout::DELTID,
    layout::NPTRANS,
];

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_batch(survey, out);
    for dir in [Dir::Glb, Dir::Nme, Dir::Usr, Dir::Inf, Dir::Mbg, Dir::P1] {
        for (name, entry) in survey.files.entries(dir) {
            check_name(dir, name, entry, out);
        }
    }
}

fn check_batch(survey: &Survey, out: &mut Vec<Finding>) {
    if survey.files.has(&layout::DIRSYNC_JNL) {
        let finding = Finding::at(
            &c::JOURNAL_PENDING,
            &layout::DIRSYNC_JNL,
            "the journal of a run that was interrupted",
            "no such file",
        );
        out.push(finding.repair(Repair::Recover));
        return;
    }
    let name = Dir::Staging.name();
    if survey
        .files
        .entries(Dir::Glb)
        .any(|(found, _)| found == name)
    {
        let finding = Finding::new(
            &c::STAGING_LEFT,
            "prepared files of a run that was interrupted before it changed anything",
            "no such directory",
        );
        out.push(Finding {
            file: Some(Dir::Staging.to_string()),
            ..finding.repair(Repair::Recover)
        });
    }
}

fn check_name(dir: Dir, name: &str, entry: &Entry, out: &mut Vec<Finding>) {
    let Ok(file) = File::named(dir, name) else {
        return;
    };
    if dir == Dir::Glb && is_kept(name) && entry.kind == EntryKind::Directory {
        let finding = Finding::at(
            &c::REPAIR_KEPT,
            &file,
            "replaced files of an earlier repair",
            "nothing, once they are no longer needed",
        );
        let remedy = Remedy::system("remove them when all is well", "rm -r", [&file]);
        out.push(finding.remedy(remedy));
        return;
    }
    if entry.kind != EntryKind::File || entry.twin.is_some() {
        return;
    }
    let found = format!("{} bytes", entry.len);
    let check = if file == layout::SORTLOCK {
        &c::SORTLOCK_LEFT
    } else if TEMPORARIES.contains(&file) || is_numbered_temporary(dir, name) {
        &c::TEMPORARY_LEFT
    } else if HARMLESS.contains(&file) || (dir == Dir::Mbg && name == "COPY.MBG") {
        &c::HARMLESS_LEFT
    } else if dir == Dir::P1 && is_queue_lock(name) {
        &c::QUEUE_LOCK_LEFT
    } else if dir == Dir::Glb && name.ends_with(".BAD") {
        let finding = Finding::at(&c::DAMAGED_QUEUE_KEPT, &file, found, "no such file");
        out.push(finding.remedy(kept_queue_remedy(&file)));
        return;
    } else {
        return;
    };
    let finding = Finding::at(check, &file, found, "no such file");
    out.push(finding.repair(Repair::MoveAside(vec![file])));
}

/// `SORTnnnn.GLB` of a sort, `TMP0000x.NME` of a rebuild.
fn is_numbered_temporary(dir: Dir, name: &str) -> bool {
    let number = |prefix: &str, extension: &str| {
        let rest = name.strip_prefix(prefix)?;
        rest.strip_suffix(extension)
    };
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match dir {
        Dir::Glb => number("SORT", ".GLB").is_some_and(is_digits),
        Dir::Nme => number("TMP", ".NME").is_some_and(|n| n.len() == 5 && is_digits(n)),
        _ => false,
    }
}

/// `<mailbag>.0LK` of a queue that is served, `LOCKP1ID.Pxx` of a session (Q119642, Q128913).
fn is_queue_lock(name: &str) -> bool {
    name.ends_with(".0LK") || name.starts_with("LOCKP1ID.P")
}

fn is_kept(name: &str) -> bool {
    let number = name.strip_prefix("PODIAG.").unwrap_or_default();
    number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit())
}

fn kept_queue_remedy(file: &File) -> Remedy {
    match file.stem() {
        "SRVTRANS" => Remedy::signed_in(
            "ask the server for a full list, then remove it",
            "admin",
            "config dirsync requestor import",
        ),
        _ => Remedy::advice("import again what it was made from, then remove it"),
    }
}
