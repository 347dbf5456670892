//! Directories and files as such: what is there, whether it can be read and changed, and its size.

use crate::codec::sizes::{Evidence, SizeRule};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Damage, Finding};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::files::{Entry, EntryKind, Listing, rule_of};
use crate::diagnosis::survey::gal::GAL_FILES;
use crate::diagnosis::survey::queues::IMPORT_QUEUES;
use crate::diagnosis::survey::reader::{Fault, FaultKind};
use crate::postoffice::{Dir, File, layout};

const RESTORE: &str = "restore it from a backup";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    for (dir, listing) in survey.files.dirs() {
        check_directory(survey, dir, listing, out);
        for (name, entry) in &listing.entries {
            check_entry(survey, dir, name, entry, out);
        }
    }
    check_missing(survey, out);
    for fault in &survey.faults {
        out.extend(is_told_here(fault).then(|| damaged(fault)));
    }
}

fn check_directory(survey: &Survey, dir: Dir, listing: &Listing, out: &mut Vec<Finding>) {
    let named = |check, found: String, expected: &str| Finding {
        file: Some(dir.to_string()),
        ..Finding::new(check, found, expected)
    };
    if let Some(fault) = &listing.fault {
        let is_ambiguous = dir.parent().is_some_and(|parent| {
            let mut entries = survey.files.entries(parent);
            entries.any(|(name, entry)| name == dir.name() && entry.twin.is_some())
        });
        if !is_ambiguous {
            let finding = named(&c::FILE_UNREADABLE, fault.clone(), "a readable directory");
            out.push(finding.remedy("look at its owner and mode, and at the disk"));
        }
        return;
    }
    if listing.exists || !Dir::published().any(|published| published == dir) {
        return;
    }
    let is_lost = |dir: &Dir| survey.files.dirs().any(|(d, l)| d == *dir && !l.exists);
    // With its parent gone, the parent is what is told.
    if dir.parent().is_some_and(|parent| is_lost(&parent)) {
        return;
    }
    let children = Dir::published().filter(|child| child.parent() == Some(dir));
    let dirs: Vec<_> = std::iter::once(dir).chain(children).collect();
    let finding = named(
        &c::DIRECTORY_MISSING,
        "no such directory".into(),
        "a directory",
    );
    out.push(finding.repair(Repair::MakeDirs(dirs)));
}

fn check_entry(survey: &Survey, dir: Dir, name: &str, entry: &Entry, out: &mut Vec<Finding>) {
    let Ok(file) = File::named(dir, name) else {
        return;
    };
    if let Some(twin) = &entry.twin {
        let found = format!("both {} and {twin}", entry.name);
        let remedy = "compare them, keep the one that is right and move the other one away";
        out.push(Finding::at(&c::NAME_AMBIGUOUS, &file, found, "one of them").remedy(remedy));
        return;
    }
    if !is_database(dir, name) {
        return;
    }
    let found = match entry.kind {
        EntryKind::File => None,
        EntryKind::Directory => Some("a directory"),
        EntryKind::Link => Some("a symbolic link"),
        EntryKind::Other => Some("a device, pipe or socket"),
    };
    if let Some(found) = found {
        let remedy = "move it away and put the file itself in its place";
        out.push(Finding::at(&c::FILE_NOT_REGULAR, &file, found, "a file").remedy(remedy));
        return;
    }
    if entry.mode & 0o222 == 0 && is_changed(dir, &file) {
        let found = format!("mode {:03o}", entry.mode & 0o777);
        let finding = Finding::at(&c::FILE_READ_ONLY, &file, found, "a write bit");
        out.push(finding.remedy(Remedy::system("let it be written", "chmod u+w", [&file])));
    }
    if let Some(rule) = rule_of(dir, name) {
        if !survey.files.size_fits(dir, name, entry) {
            out.extend(wrong_size(&file, entry, rule));
        }
    }
}

/// Tells whether a name is that of a file which programs read: one with a fixed name, or a numbered or gateway one.
fn is_database(dir: Dir, name: &str) -> bool {
    let is_fixed = layout::FIXED
        .iter()
        .any(|file| file.dir() == dir && file.name() == name);
    let is_template = matches!(dir, Dir::Tpl | Dir::Inf);
    is_fixed || is_template || rule_of(dir, name).is_some()
}

/// Tells whether programs change a file: MASTER.GLB is read alone (Q104870), and so are tables and message texts.
fn is_changed(dir: Dir, file: &File) -> bool {
    const READ_ALONE: [File; 18] = [
        layout::MASTER,
        layout::MODEM,
        layout::GLOBAL,
        layout::SERVER,
        layout::RNETSEM,
        layout::C850SORT,
        layout::C850INT,
        layout::C850SCAN,
        layout::ANSISORT,
        layout::ANSIINT,
        layout::ANSISCAN,
        layout::DS_MSG,
        layout::ERRORADM,
        layout::ERRORDYN,
        layout::ENGMAI,
        layout::ENGMON,
        layout::TRANSFIL,
        layout::WELCOME,
    ];
    let is_folder = matches!(
        dir,
        Dir::Folders | Dir::FoldersLoc | Dir::FoldersPub | Dir::FoldersUser(_)
    );
    !is_folder && !READ_ALONE.contains(file)
}

fn wrong_size(file: &File, entry: &Entry, rule: &SizeRule) -> Option<Finding> {
    // MASTER.GLB and the bitmaps have checks of their own.
    if *file == layout::MASTER || file.dir() == Dir::Key {
        return None;
    }
    let found = format!("{} bytes", entry.len);
    let expected = match rule.record {
        0 => format!("{} bytes", rule.base),
        record if rule.base == 0 => format!("a multiple of {record} bytes"),
        record => format!("{} + n * {record} bytes", rule.base),
    };
    if rule.evidence == Evidence::Derived {
        let finding = Finding::at(&c::SIZE_UNUSUAL, file, found, expected);
        return Some(
            finding.remedy("programs of ours do not read it; restore it for the original's"),
        );
    }
    let records = entry.len.saturating_sub(rule.base) / rule.record.max(1);
    if let Some(max) = rule.max.filter(|max| records > *max) {
        if entry.len.saturating_sub(rule.base) % rule.record.max(1) == 0 {
            let is_mailbag = file.dir() == Dir::Mbg;
            let check = if is_mailbag {
                &c::MAILBAG_FULL
            } else {
                &c::SIZE_WRONG
            };
            let remedy = match is_mailbag {
                true => "have its owner delete messages, or move it away and make an empty one",
                false => "take members out of the group, or divide it",
            };
            let found = format!("{records} records");
            let finding = Finding::at(check, file, found, format!("at most {max}"));
            return Some(finding.remedy(remedy));
        }
    }
    let finding = Finding::at(&c::SIZE_WRONG, file, found, expected);
    if *file == layout::FLAG && entry.len < rule.base {
        return Some(finding.repair(Repair::Recover));
    }
    Some(finding.remedy(size_remedy(file, entry.len, rule)))
}

/// Returns what the articles say about a file of a wrong size.
fn size_remedy(file: &File, len: u64, rule: &SizeRule) -> Remedy {
    if *file == layout::FLAG {
        return Remedy::system("cut it to its two bytes", "truncate -s 2", [file]);
    }
    let cut_off = |whole| {
        Remedy::system(
            "keep a copy, then cut the partial record at its end off (Q128243)",
            format!("truncate -s {whole}"),
            [file],
        )
    };
    let known = known_remedy(file).or_else(|| rule.repaired_len(len).map(cut_off));
    known.unwrap_or_else(|| RESTORE.into())
}

/// Returns what is known to help where the content of a file is lost.
fn known_remedy(file: &File) -> Option<Remedy> {
    let remedy = if *file == layout::PROCESS {
        Remedy::system(
            "keep a copy, reset it to its header and schedule the processes again (Q119111)",
            "truncate -s 512",
            [file],
        )
    } else if *file == layout::SRVCONF {
        "restore SRVCONF.GLB and MSTTRANS.GLB together, and have every requestor export; without a backup: a global reset"
            .into()
    } else if *file == layout::REQCONF {
        "restore it from a backup; without one make it 512 zero bytes, register again, and ask for a full list".into()
    } else if *file == layout::DIRSYNC_PWD {
        "take the line out: its account then has no password until one is set".into()
    } else if GAL_FILES.contains(file) {
        Remedy::program("build the global list anew", "rebuild", "-f")
    } else if file.dir() == Dir::Tpl {
        "restore it, or ask for a full list, which brings the template again".into()
    } else {
        return None;
    };
    Some(remedy)
}

fn check_missing(survey: &Survey, out: &mut Vec<Finding>) {
    const NEEDED: [File; 13] = [
        layout::ACCESS,
        layout::ACCESS2,
        layout::ACCESS3,
        layout::CONTROL,
        layout::TID,
        layout::GROUP,
        layout::GRPMEM,
        layout::NETPO,
        layout::NETWORK,
        layout::PROCESS,
        layout::REQCONF,
        layout::ADMIN_NME,
        layout::ADMIN_GRP,
    ];
    for file in NEEDED {
        if is_lost(survey, &file) {
            let remedy = match &file {
                file if *file == layout::CONTROL => new_counter(file, 8),
                file if *file == layout::TID => new_counter(file, 4),
                file if *file == layout::PROCESS => Remedy::system(
                    "restore it, or begin with an empty schedule",
                    "truncate -s 512",
                    [file],
                ),
                _ => RESTORE.into(),
            };
            let finding = Finding::at(&c::FILE_MISSING, &file, "no such file", "a file");
            out.push(finding.remedy(remedy));
        }
    }
    for file in &IMPORT_QUEUES {
        if is_lost(survey, file) {
            let finding = Finding::at(
                &c::EMPTY_FILE_MISSING,
                file,
                "no such file",
                "a file of 0 bytes",
            );
            out.push(finding.repair(Repair::MakeFiles(vec![(file.clone(), 0)])));
        }
    }
}

/// A counter of zero is known for lost, and a repair raises it above the numbers in use (Q112894).
fn new_counter(file: &File, len: u32) -> Remedy {
    Remedy::system(
        "make it anew with zeroes, then run podiag --repair, which raises it above the numbers in use (Q112894)",
        format!("truncate -s {len}"),
        [file],
    )
}

/// Tells whether a file is not there although its directory is.
pub(super) fn is_lost(survey: &Survey, file: &File) -> bool {
    let mut dirs = survey.files.dirs();
    let listed =
        dirs.any(|(dir, listing)| dir == file.dir() && listing.exists && listing.fault.is_none());
    listed && !survey.files.has(file)
}

/// The marks of hand-made entries and MASTER.GLB have checks of their own.
fn is_told_here(fault: &Fault) -> bool {
    fault.file != layout::MASTER && fault.file != layout::DIRSYNC_OWN
}

fn damaged(fault: &Fault) -> Finding {
    let file = &fault.file;
    match &fault.kind {
        FaultKind::Unreadable(cause) => {
            let finding = Finding::at(&c::FILE_UNREADABLE, file, cause, "a readable file");
            finding.remedy("look at its owner and mode, and at the disk")
        }
        FaultKind::Damaged(damage) => {
            let Damage {
                place,
                found,
                expected,
            } = damage;
            let more = match fault.count {
                1 => String::new(),
                count => format!(" (and {} more records)", count - 1),
            };
            let finding = Finding::at(
                &c::FILE_DAMAGED,
                file,
                format!("{found}{more}"),
                expected.clone(),
            );
            let remedy = known_remedy(file).unwrap_or_else(|| RESTORE.into());
            finding.place(*place).remedy(remedy)
        }
    }
}
