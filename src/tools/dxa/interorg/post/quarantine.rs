//! What is put aside: messages of who is not registered or does not sign right, of somebody else altogether, and those that
//! cannot be read. Each lies as it came, with a line of reason beside it (`spec/exchange.md` IO-02).
//!
//! Nothing stays in the Maildir that is not waiting for something: there it would be passed over for ever, and nobody told.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::maildir::{sync, unwritable};
use crate::directory::note::Note;
use crate::tools::dxa::event::whole;
use crate::tools::exit::ToolError;

/// Characters of a name that are kept.
const MAX_NAME_LEN: usize = 150;

/// Characters of a reason that are kept.
const MAX_REASON_LEN: usize = 900;

/// The folder of what is put aside.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa::interorg) struct Quarantine(pub(in crate::tools::dxa::interorg) PathBuf);

impl Quarantine {
    /// Puts a message aside; returns its name there.
    pub(in crate::tools::dxa::interorg) fn put(
        &self,
        path: &Path,
        note: &Note,
        now: Timestamp,
    ) -> Result<String, ToolError> {
        let put = || {
            fs::create_dir_all(&self.0)?;
            let name = self.free_name(path);
            // One that a killed run leaves without its message is written over by the next.
            let text = format!("{} {note}", whole(now));
            let text: String = text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(MAX_REASON_LEN)
                .collect();
            let mut reason = File::create(self.0.join(format!("{name}.reason")))?;
            writeln!(reason, "{text}")?;
            reason.sync_all()?;
            self.bring(path, &format!("{name}.eml"))?;
            sync(&self.0)?;
            Ok(format!("{name}.eml"))
        };
        put().map_err(|error| unwritable(path, error))
    }

    /// Counts the messages that lie there.
    pub(in crate::tools::dxa::interorg) fn count(&self) -> u64 {
        let Ok(found) = fs::read_dir(&self.0) else {
            return 0;
        };
        let names = found.filter_map(|entry| Some(entry.ok()?.file_name()));
        names
            .filter(|name| name.to_string_lossy().ends_with(".eml"))
            .count() as u64
    }

    fn free_name(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let fits = |c: char| {
            if c.is_ascii_graphic() && c != '/' {
                c
            } else {
                '_'
            }
        };
        let name: String = name.chars().map(fits).take(MAX_NAME_LEN).collect();
        let mut number = 1;
        loop {
            let name = match number {
                1 => name.clone(),
                _ => format!("{name}.{number}"),
            };
            if !self.0.join(format!("{name}.eml")).exists() {
                return name;
            }
            number += 1;
        }
    }

    fn bring(&self, path: &Path, name: &str) -> io::Result<()> {
        let target = self.0.join(name);
        match fs::rename(path, &target) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let part = self.0.join(format!("{name}.part"));
                let mut copy = File::create(&part)?;
                io::copy(&mut File::open(path)?, &mut copy)?;
                copy.sync_all()?;
                fs::rename(part, &target)?;
                fs::remove_file(path)
            }
            // Somebody took it away meanwhile: only the reason is there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
