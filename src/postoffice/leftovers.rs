//! Temporaries that a failed run of the original programs leaves behind, and that stop the next one (Q122750, Q134228).
//! No run of ours makes them.

use super::PostofficeError;
use super::layout::{self, Dir, File, Layout};

/// Those with fixed names; the numbered work files of a sort come on top.
const FIXED: [File; 9] = [
    layout::IUSRTRAN,
    layout::INMETRAN,
    layout::IGWTRANS,
    layout::ILOCAL,
    layout::INDEX,
    layout::SRVUPDS,
    layout::REQUPDS,
    layout::IMPORT_USR,
    layout::IMPORT_INF,
];

/// Returns the temporaries that are there. Whoever holds the postoffice alone may remove them.
///
/// # Errors
/// A directory cannot be read.
pub fn find(layout: &Layout) -> Result<Vec<File>, PostofficeError> {
    let mut found = Vec::new();
    for file in FIXED {
        if layout.exists(&file)? {
            found.push(file);
        }
    }
    for name in layout.list(Dir::Glb)? {
        if is_sort_file(&name) {
            found.extend(File::named(Dir::Glb, &name));
        }
    }
    Ok(found)
}

/// `SORTnnnn.GLB`.
fn is_sort_file(name: &str) -> bool {
    let number = name
        .strip_prefix("SORT")
        .and_then(|rest| rest.strip_suffix(".GLB"));
    number.is_some_and(|number| number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_work_files_of_a_sort_are_meant() {
        for name in ["SORT0001.GLB", "SORT9999.GLB"] {
            assert!(is_sort_file(name), "{name}");
        }
        for name in [
            "SORTLOCK.GLB",
            "SORT001.GLB",
            "SORT00011.GLB",
            "SORT0001.USR",
            "C850SORT.GLB",
        ] {
            assert!(!is_sort_file(name), "{name}");
        }
    }
}
