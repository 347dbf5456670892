//! What a dispatcher has in a postoffice: the sign that it serves it, and the lines of DISPATCH.LOG
//! (`spec/protocol.md` 7.3 and 8.3).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fs::FlockOperation;

use super::PostofficeError;
use super::layout::{self, Layout};
use super::lock::{lock_file, unlock};
use super::log::push_escaped;

/// Characters of the instance name in a line; EXTERNAL cuts it alike (Q99139).
const INSTANCE_LEN: usize = 10;

/// Only one dispatcher may serve a postoffice (Q118621). Dropping it lets the next one in.
///
/// It says nothing about the data, which FLAG.GLB locks while a program works: it is held from the decision that
/// something is due until the next times are stored, so that two that look at once do not run it twice.
#[derive(Debug)]
#[must_use = "the postoffice is free for another dispatcher when this is dropped"]
pub struct DispatchLock {
    file: fs::File,
    path: PathBuf,
}

impl DispatchLock {
    /// Takes GLB/DISPATCH.LCK; `None` where another dispatcher has it.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn acquire(layout: &Layout) -> Result<Option<Self>, PostofficeError> {
        let path = layout.path(&layout::DISPATCH_LCK)?;
        let operation = FlockOperation::NonBlockingLockExclusive;
        match lock_file(layout, &path, operation, Duration::ZERO) {
            Ok(file) => Ok(file.map(|file| Self { file, path })),
            Err(PostofficeError::Locked(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for DispatchLock {
    fn drop(&mut self) {
        // While it is still locked: whoever has opened it meanwhile finds that it is gone, and makes another.
        let _ = fs::remove_file(&self.path);
        unlock(&self.file);
    }
}

/// Returns a line of DISPATCH.LOG, without its end: the instance in a column of ten where there is one, date and time
/// without seconds, the text. The year has two digits, in and after 2000 too.
#[must_use]
pub fn session_line(instance: Option<&str>, at: Timestamp, zone: &TimeZone, text: &str) -> String {
    let mut line = String::new();
    if let Some(instance) = instance {
        let cut: String = instance.chars().take(INSTANCE_LEN).collect();
        push_escaped(&mut line, &format!("{cut:<INSTANCE_LEN$} "));
    }
    let local = at.to_zoned(zone.clone());
    line.push_str(&local.strftime("%m/%d/%y %H:%M ").to_string());
    push_escaped(&mut line, text);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(instance: Option<&str>, at: &str, text: &str) -> String {
        session_line(instance, at.parse().unwrap(), &TimeZone::UTC, text)
    }

    #[test]
    fn ds_l020_lines_are_those_of_the_articles() {
        let at = "1996-02-02T13:18:59Z";
        for (text, published) in [
            (
                "Checking the process table on NET1\\PO1",
                "INST1 02/02/96 13:18 Checking the process table on NET1\\PO1",
            ),
            (
                "\"NSDA -RT\" terminated normally with exit code 64",
                "INST1 02/02/96 13:18 \"NSDA -RT\" terminated normally with exit code 64",
            ),
        ] {
            let made = line(Some("INST1"), at, text);
            // The articles have lost the blanks of the column.
            let words: Vec<_> = made.split_whitespace().collect();
            assert_eq!(words.join(" "), published);
            assert_eq!(made[..11], *"INST1      ");
        }
        assert_eq!(line(None, at, "x"), "02/02/96 13:18 x");
    }

    #[test]
    fn ds_l021_the_column_of_the_instance_is_ten_wide() {
        for (instance, column) in [
            ("", "           "),
            ("ANZ", "ANZ        "),
            ("0123456789", "0123456789 "),
            ("0123456789AB", "0123456789 "),
            ("ÄÖÜ456789ABC", "ÄÖÜ456789A "),
        ] {
            let made = line(Some(instance), "1996-02-02T13:18:00Z", "text");
            assert_eq!(made, format!("{column}02/02/96 13:18 text"));
        }
    }

    #[test]
    fn years_have_two_digits_whatever_the_century() {
        for (at, stamp) in [
            ("1999-12-31T23:59:00Z", "12/31/99 23:59 "),
            ("2000-01-01T10:50:31Z", "01/01/00 10:50 "),
            ("2026-11-21T10:00:00Z", "11/21/26 10:00 "),
        ] {
            assert_eq!(line(None, at, ""), stamp);
        }
        assert_eq!(
            line(None, "2000-01-01T00:00:00Z", "a\r\nb"),
            "01/01/00 00:00 a\\r\\nb"
        );
    }

    #[test]
    fn one_dispatcher_serves_a_postoffice_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("GLB")).unwrap();
        let layout = Layout::open(root.path()).unwrap();
        let first = DispatchLock::acquire(&layout).unwrap().expect("free");
        assert!(DispatchLock::acquire(&layout).unwrap().is_none());
        drop(first);
        assert!(!layout.exists(&layout::DISPATCH_LCK).unwrap());
        drop(DispatchLock::acquire(&layout).unwrap().expect("free again"));
        // What a killed one left is free.
        fs::write(root.path().join("GLB/DISPATCH.LCK"), "").unwrap();
        layout.forget();
        drop(DispatchLock::acquire(&layout).unwrap().expect("free"));
        fs::remove_dir(root.path().join("GLB")).unwrap();
        assert!(DispatchLock::acquire(&layout).is_err());
    }
}
