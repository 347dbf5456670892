//! The global address list: all three files or none, each fitting the others (`spec/protocol.md` 10).

use crate::codec::GalTids;
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::gal::{GAL_FILES, IndexFault};
use crate::postoffice::layout;

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    let is_there = GAL_FILES.each_ref().map(|file| survey.files.has(file));
    let is_enabled = survey
        .master
        .whole()
        .is_some_and(|master| master.gal_enabled);
    match is_there {
        [false, false, false] => {
            if is_enabled {
                let finding = Finding::at(
                    &c::GAL_ABSENT,
                    &layout::GAL_NME,
                    "no such file",
                    "the global list",
                );
                out.push(finding.remedy(rebuild("build it")));
            }
        }
        [true, true, true] => check_files(survey, out),
        _ => {
            for (file, _) in GAL_FILES.iter().zip(is_there).filter(|(_, there)| !there) {
                let finding = Finding::at(
                    &c::GAL_INCOMPLETE,
                    file,
                    "no such file",
                    "it and the two others, of the same age",
                );
                out.push(finding.remedy(rebuild("build all three anew")));
            }
        }
    }
    check_identifiers(survey, out);
}

fn rebuild(advice: &'static str) -> Remedy {
    Remedy::program(advice, "rebuild", "-f")
}

fn check_files(survey: &Survey, out: &mut Vec<Finding>) {
    let zeroes = GAL_FILES.iter().zip(survey.gal.zeroes);
    if let Some((file, _)) = zeroes.into_iter().find(|(_, is_zeroes)| *is_zeroes) {
        let found = format!("{} bytes of 0", survey.files.len(file).unwrap_or(0));
        let finding = Finding::at(&c::GAL_ZEROES, file, found, "entries");
        let files = GAL_FILES.to_vec();
        out.push(finding.repair(Repair::MoveAside(files)));
        return;
    }
    if let Some(fault) = &survey.gal.index {
        out.push(index_fault(fault));
    }
    if let Some((named, count)) = survey.gal.without_address.told() {
        let name = super::shown(survey, &named.name);
        let finding = Finding::at(
            &c::GAL_ADDRESS,
            &layout::GAL_NME,
            format!("\"{name}\"{}", super::and_more(count - 1)),
            "its identifier in GLB/GALNETPO.GLB",
        );
        out.push(
            finding
                .place(named.place)
                .remedy(rebuild("build the global list anew")),
        );
    }
}

fn index_fault(fault: &IndexFault) -> Finding {
    let (place, found, expected) = match fault {
        IndexFault::Pointer {
            place,
            pointer,
            word,
        } => (
            *place,
            format!("word {word} of the name at byte {pointer:#x}"),
            "a name of GAL.NME, and each of its words once".to_owned(),
        ),
        IndexFault::Missing { pointer, count } => (
            Place::default(),
            format!(
                "words of the name at byte {pointer:#x} are missing{}",
                super::and_more(count - 1)
            ),
            "an entry for every word of every name".into(),
        ),
        IndexFault::Mixed {
            file,
            found,
            expected,
        } => (
            Place::default(),
            format!("{file} with checksum {found:08X}"),
            format!("{expected:08X}, the file of the same rebuild as the two others"),
        ),
        IndexFault::Letter { letter, offset } => (
            Place::byte(0),
            format!("words with {letter} begin at byte {offset:#x}"),
            "the first byte of an entry, or 0".into(),
        ),
    };
    let finding = Finding::at(&c::GAL_INDEX, &layout::GALINDEX, found, expected);
    finding
        .place(place)
        .remedy(rebuild("build the global list anew"))
}

/// Identifiers of the global list come from the top, those of TID.GLB from the bottom; they must not meet (message 39).
fn check_identifiers(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(tid) = survey.tid.whole() else {
        return;
    };
    let (file, last) = match survey.gal.last_tid.filter(|last| *last != 0) {
        Some(last) => (&layout::GALNETPO, last),
        None => (&layout::TID, GalTids::FIRST),
    };
    if last > tid.last {
        return;
    }
    let finding = Finding::at(
        &c::GAL_TID,
        file,
        format!(
            "last identifier {last:#010x} of the global list, {:#010x} of TID.GLB",
            tid.last
        ),
        "the one of TID.GLB below the other",
    );
    let remedy = match *file == layout::TID {
        true => "restore TID.GLB, or make it zero and run podiag --repair, which raises it above the identifiers in use".into(),
        false => Remedy::program(
            "build the global list anew, which begins again at the top (Q135486)",
            "rebuild",
            "-f",
        ),
    };
    out.push(finding.place(Place::byte(0)).remedy(remedy));
}
