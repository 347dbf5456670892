//! Lists on their way into `out/`: all of them get there, or none (`spec/exchange.md` DX-07, DX-08).

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::codec::queue::QueueRecord;
use crate::codec::resync::{ResyncError, ResyncHeader, ResyncWriter};
use crate::codec::timestamp::Timestamp;
use crate::tools::dxa::home::unusable;
use crate::tools::exit::{ExitCode, ToolError};

/// Mode of a new file, before the process's mask.
const MODE: u32 = 0o666;

/// Lists beside their place.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Staged<'a> {
    folder: &'a Path,
    files: Vec<(NamedTempFile, String)>,
}

/// Lists in their place, which go again unless they are kept.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Placed {
    paths: Vec<PathBuf>,
}

impl<'a> Staged<'a> {
    /// Begins without a list.
    pub(in crate::tools::dxa) fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            files: Vec::new(),
        }
    }

    /// Writes one list, durably; `name` is what its own name begins with.
    pub(in crate::tools::dxa) fn write(
        &mut self,
        name: String,
        header: &ResyncHeader,
        now: Timestamp,
        texts: &[Vec<u8>],
    ) -> Result<(), ToolError> {
        let failed = |error: io::Error| unusable(self.folder, error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dirsync-");
        builder.permissions(Permissions::from_mode(MODE));
        let mut staged = builder.tempfile_in(self.folder).map_err(failed)?;
        write(&mut staged, header, now, texts).map_err(|error| {
            let text = self.folder.display().to_string();
            ToolError::new(ExitCode::CannotWrite, text).caused_by(error)
        })?;
        staged.as_file().sync_all().map_err(failed)?;
        self.files.push((staged, name));
        Ok(())
    }

    /// Gives every list a name that nothing has (Q156063: the original wrote over the one before).
    pub(in crate::tools::dxa) fn place(self) -> Result<Placed, ToolError> {
        let mut placed = Placed { paths: Vec::new() };
        for (mut staged, name) in self.files {
            let mut number = 1;
            loop {
                let path = self.folder.join(file_name(&name, number));
                match staged.persist_noclobber(&path) {
                    Ok(_) => {
                        placed.paths.push(path);
                        break;
                    }
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                        staged = error.file;
                        number += 1;
                    }
                    Err(error) => return Err(unusable(&path, error.error)),
                }
            }
        }
        let synced = File::open(self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| unusable(self.folder, error))?;
        Ok(placed)
    }
}

impl Placed {
    /// Lets the lists stay and returns where they are, in the order in which they were written.
    pub(in crate::tools::dxa) fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.paths)
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        for path in &self.paths {
            // Nothing more can be done; its STAMP is one that the server does not know.
            let _gone = fs::remove_file(path);
        }
    }
}

/// Returns the name of a list; it keeps the ending, by which people know it.
fn file_name(name: &str, number: u32) -> String {
    match number {
        1 => format!("{name}-RESYNC.GLB"),
        n => format!("{name}-{n}-RESYNC.GLB"),
    }
}

fn write(
    output: &mut NamedTempFile,
    header: &ResyncHeader,
    now: Timestamp,
    texts: &[Vec<u8>],
) -> Result<(), ResyncError> {
    let mut writer = ResyncWriter::new(output, header, now)?;
    for text in texts {
        let record = QueueRecord::transaction(now, header.srv_sync.0, 0, text.clone());
        writer.write(&record)?;
    }
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

    fn header() -> ResyncHeader {
        ResyncHeader {
            import_sync: ImportSync(1),
            req_sync: ReqSync(2),
            srv_sync: SrvSync(3),
            stamp: 4,
            server: b"NET1/AGENT"[..].into(),
            addressee: None,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|e| e.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_there_stays_and_what_is_not_kept_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = |keep: bool| {
            let mut staged = Staged::new(folder.path());
            for name in ["T-R1", "T-R2"] {
                let texts = [b"A x".to_vec()];
                let written = staged.write(name.to_owned(), &header(), Timestamp(1), &texts);
                written.expect("written");
            }
            let placed = staged.place().expect("placed");
            if keep {
                placed.keep();
            }
        };
        stage(true);
        let first = ["T-R1-RESYNC.GLB", "T-R2-RESYNC.GLB"];
        assert_eq!(names(folder.path()), first);
        stage(false);
        assert_eq!(names(folder.path()), first);
        stage(true);
        let all = names(folder.path());
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(all.contains(&"T-R2-2-RESYNC.GLB".to_owned()), "{all:?}");
    }

    #[test]
    fn one_that_cannot_be_placed_leaves_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut staged = Staged::new(folder.path());
        for name in ["T-R1", "no/such/folder"] {
            let written = staged.write(name.to_owned(), &header(), Timestamp(1), &[]);
            written.expect("written");
        }
        staged.place().expect_err("no folder");
        assert!(names(folder.path()).is_empty());
    }
}
