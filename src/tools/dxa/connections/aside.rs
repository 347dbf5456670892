//! A ledger that is damaged is put aside, and a new one begins, as if it were lost (`spec/exchange.md` DX-12): each connection
//! gets a full list, and nothing is deleted by guess. The original did not start any more (Q185225, Q169677).
//!
//! What cannot be opened, or is of a later version, is not damaged: it is refused and stays where it is.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::directory::ledger::{Ledger, LedgerError};
use crate::tools::dxa::agent::unusable_ledger;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::home::{Home, unusable};
use crate::tools::exit::{ExitCode, ToolError};

/// What SQLite may leave beside a database, and reads with it: it goes with the database.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A ledger of the data folder, as it was found.
#[derive(Debug)]
pub(in crate::tools::dxa) enum Found {
    /// There is none.
    None,
    /// It is whole.
    Whole(Ledger),
    /// It is damaged, for this reason.
    Damaged(String),
}

/// Opens the ledger, if there is one.
///
/// # Errors
/// It cannot be opened, is in use, or is of another version.
pub(in crate::tools::dxa) fn find(home: &Home) -> Result<Found, ToolError> {
    let path = home.ledger();
    if !path.exists() {
        return Ok(Found::None);
    }
    match Ledger::open(&path) {
        Ok(opened) => Ok(Found::Whole(opened.ledger)),
        Err(LedgerError::Damaged { cause, .. }) => Ok(Found::Damaged(cause)),
        Err(error) => Err(unusable_ledger(error)),
    }
}

/// Opens the ledger for a command that only looks; none where there is none.
///
/// # Errors
/// As [`find`]; it is damaged, which the next run that writes mends.
pub(in crate::tools::dxa) fn look(home: &Home) -> Result<Option<Ledger>, ToolError> {
    match find(home)? {
        Found::None => Ok(None),
        Found::Whole(ledger) => Ok(Some(ledger)),
        Found::Damaged(cause) => {
            let text = format!("DX249 {}", told(home, &cause));
            Err(ToolError::new(ExitCode::Damaged, text))
        }
    }
}

/// Says what is wrong with a damaged ledger, and what becomes of it.
pub(in crate::tools::dxa) fn told(home: &Home, cause: &str) -> String {
    let path = home.ledger();
    format!(
        "the ledger {} is damaged: {cause}; the next cycle puts it aside as {} and begins anew with full lists",
        path.display(),
        free_name(&path).display()
    )
}

impl Found {
    /// Returns the ledger to work with: a new one where there is none. One that is damaged is put aside, and the event says
    /// where; a dry run leaves it, and has a new one in memory.
    ///
    /// # Errors
    /// It cannot be moved, or a new one cannot be made.
    pub(in crate::tools::dxa) fn ready(
        self,
        home: &Home,
        dry_run: bool,
    ) -> Result<(Ledger, Option<Event>), ToolError> {
        let path = home.ledger();
        let event = match self {
            Self::Whole(ledger) => return Ok((ledger, None)),
            Self::None => None,
            Self::Damaged(cause) => Some(put_aside_for(&path, &cause, dry_run)?),
        };
        let opened = match dry_run {
            true => Ledger::in_memory(),
            false => Ledger::open(&path),
        };
        Ok((opened.map_err(unusable_ledger)?.ledger, event))
    }
}

/// Puts a damaged ledger aside, unless that is only tried, and says so.
fn put_aside_for(path: &Path, cause: &str, dry_run: bool) -> Result<Event, ToolError> {
    let (text, kept) = match dry_run {
        true => (
            "the ledger is damaged: a run puts it aside and begins anew",
            free_name(path),
        ),
        false => (
            "the ledger was damaged: it is put aside, and a new one begins",
            put_aside(path).map_err(|error| unusable(path, error))?,
        ),
    };
    let event = Event::new(Severity::Warn, text).id("DX249");
    Ok(event.with("file", kept.display()).with("because", cause))
}

/// Gives a damaged file, and what belongs to it, a name that nothing has; returns that.
fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let kept = free_name(path);
    // The database first: a journal that is left alone is that of no database, and SQLite drops it.
    fs::rename(path, &kept)?;
    for end in BESIDE {
        match fs::rename(with_end(path, end), with_end(&kept, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(kept)
}

/// Finds the first of `ledger.db.damaged-1`, `-2`, .. that nothing has; nor has anything that would go with it.
fn free_name(path: &Path) -> PathBuf {
    let mut names = (1_u64..).map(|n| with_end(path, &format!(".damaged-{n}")));
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    let is_free = |name: &PathBuf| {
        let mut beside = BESIDE.iter();
        !is_there(name) && !beside.any(|end| is_there(&with_end(name, end)))
    };
    names.find(is_free).expect("no folder has so many files")
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dx_12_what_is_put_aside_never_takes_the_place_of_anything() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("written");
        };
        write("ledger.db.damaged-1", "earlier");
        write("ledger.db.damaged-2-journal", "of one that was taken away");
        write("ledger.db", "no ledger");
        write("ledger.db-journal", "its journal");
        let kept = put_aside(&path).expect("moved");
        assert_eq!(kept, folder.path().join("ledger.db.damaged-3"));
        for (name, text) in [
            ("ledger.db.damaged-1", "earlier"),
            ("ledger.db.damaged-2-journal", "of one that was taken away"),
            ("ledger.db.damaged-3", "no ledger"),
            ("ledger.db.damaged-3-journal", "its journal"),
        ] {
            let found = fs::read_to_string(folder.path().join(name)).expect(name);
            assert_eq!(found, text, "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 4);
    }
}
