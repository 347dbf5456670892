//! Does what a plan says: everything in one batch, every replaced file kept first.

use std::io::Read;

use super::plan::{Edit, Plan, Planned};
use crate::postoffice::{Batch, Dir, File, HeldLayout, PostofficeError};

/// The most repairs whose files can be kept at one time.
const MAX_KEPT: u16 = 999;

/// Bytes copied at a time.
const COPIED_TOGETHER: usize = 1 << 16;

/// A repair that was carried out, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The repair.
    pub planned: Planned,
    /// Why it was not done: a file may not be written, or somebody holds it.
    pub refused: Option<String>,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Each repair.
    pub done: Vec<Done>,
    /// The directory where the replaced files are kept; none where none was replaced.
    pub kept: Option<Dir>,
    /// What the batch noticed.
    pub warnings: Vec<String>,
}

/// Carries out a plan; `log` stages the lines that say so in the same batch.
///
/// A repair whose file cannot be written is left out and told, so that it does not keep the others from being done.
///
/// # Errors
/// Nothing was changed, but for [`PostofficeError::Incomplete`]: then the next run completes it.
pub fn carry_out(
    held: &HeldLayout,
    mut plan: Plan,
    log: impl FnOnce(&Outcome, &Batch<'_>) -> Result<(), PostofficeError>,
) -> Result<Outcome, PostofficeError> {
    let batch = held.batch()?;
    let mut outcome = Outcome {
        warnings: batch.warnings().iter().map(ToString::to_string).collect(),
        ..Outcome::default()
    };
    leave_out_refused(&batch, &mut plan, &mut outcome)?;
    let done = plan.repairs.iter().cloned().map(|planned| Done {
        planned,
        refused: None,
    });
    outcome.done.splice(0..0, done);
    if plan.repairs.is_empty() {
        return Ok(outcome);
    }
    let mut kept = Kept::new(held)?;
    for edit in &plan.edits {
        stage(held, &batch, &mut kept, edit)?;
    }
    outcome.kept = kept.used();
    log(&outcome, &batch)?;
    batch.bump_flag();
    batch.commit()?;
    Ok(outcome)
}

/// Looks which files may be written.
fn leave_out_refused(
    batch: &Batch<'_>,
    plan: &mut Plan,
    outcome: &mut Outcome,
) -> Result<(), PostofficeError> {
    let mut refused: Vec<(String, String)> = Vec::new();
    for file in plan.edits.iter().filter_map(Edit::file) {
        match batch.check_targets([file]) {
            Ok(()) => {}
            Err(PostofficeError::Target(error)) => {
                refused.push((file.to_string(), error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let files: Vec<_> = refused.iter().map(|(file, _)| file.clone()).collect();
    for planned in plan.without(&files) {
        let reason = refused
            .iter()
            .find(|(file, _)| planned.files.contains(file));
        outcome.done.push(Done {
            refused: reason.map(|(_, reason)| reason.clone()),
            planned,
        });
    }
    Ok(())
}

fn stage(
    held: &HeldLayout,
    batch: &Batch<'_>,
    kept: &mut Kept,
    edit: &Edit,
) -> Result<(), PostofficeError> {
    match edit {
        Edit::MakeDir(dir) => {
            batch.create_dir(*dir);
            Ok(())
        }
        Edit::Write { file, bytes } => {
            kept.copy(held, batch, file)?;
            batch.replace_bytes(file, bytes)
        }
        Edit::WriteHeader { file, bytes } => {
            kept.copy(held, batch, file)?;
            let Some(mut old) = held.layout().open_file(file)? else {
                return Ok(());
            };
            let mut staged = batch.replace(file)?;
            staged.put(bytes)?;
            let path = held.layout().path(file)?;
            let unreadable = |source| PostofficeError::Read {
                path: path.clone(),
                source,
            };
            let mut header = vec![0; bytes.len()];
            old.read_exact(&mut header).map_err(unreadable)?;
            copy(&mut old, |bytes| staged.put(bytes), unreadable)?;
            staged.finish()
        }
        Edit::MoveAside(file) => {
            // Copied and removed rather than moved: the work file may lie on another device, and SORTLOCK.GLB goes with
            // every batch.
            kept.copy(held, batch, file)?;
            batch.remove(file)
        }
    }
}

/// Where the replaced files of one repair are kept.
struct Kept {
    dir: Dir,
    is_used: bool,
}

impl Kept {
    /// Finds the first number that no earlier repair has.
    fn new(held: &HeldLayout) -> Result<Self, PostofficeError> {
        for number in 1..=MAX_KEPT {
            let dir = Dir::Kept(number);
            if !held.layout().dir_path(dir)?.exists() {
                return Ok(Self {
                    dir,
                    is_used: false,
                });
            }
        }
        Err(PostofficeError::Unstorable(format!(
            "GLB/PODIAG.001 to PODIAG.{MAX_KEPT} are all there: remove those that are no longer needed"
        )))
    }

    fn copy(
        &mut self,
        held: &HeldLayout,
        batch: &Batch<'_>,
        file: &File,
    ) -> Result<(), PostofficeError> {
        let Some(mut old) = held.layout().open_file(file)? else {
            return Ok(());
        };
        if !self.is_used {
            batch.create_dir(self.dir);
            self.is_used = true;
        }
        let path = held.layout().path(file)?;
        let mut staged = batch.replace(&File::named(self.dir, file.name())?)?;
        copy(
            &mut old,
            |bytes| staged.put(bytes),
            |source| PostofficeError::Read {
                path: path.clone(),
                source,
            },
        )?;
        staged.finish()
    }

    fn used(&self) -> Option<Dir> {
        self.is_used.then_some(self.dir)
    }
}

fn copy(
    from: &mut impl Read,
    mut put: impl FnMut(&[u8]) -> Result<(), PostofficeError>,
    unreadable: impl Fn(std::io::Error) -> PostofficeError,
) -> Result<(), PostofficeError> {
    let mut buffer = vec![0; COPIED_TOGETHER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => put(&buffer[..n])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
}
