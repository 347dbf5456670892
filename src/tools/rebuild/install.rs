//! Puts the new list in its place: all three files, or none.

use std::time::Duration;

use super::failure::Failure;
use super::report::Sizes;
use crate::messages::Severity;
use crate::postoffice::gal::{Arranged, Gal};
use crate::postoffice::log::{Log, LogLine};
use crate::postoffice::{Batch, File, Postoffice, PostofficeError};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;

/// Where the list goes, and what is written with it.
pub(super) struct Installation<'a> {
    pub(super) po: &'a Postoffice,
    pub(super) log: &'a mut Log,
    pub(super) clock: &'a Clock,
    /// How long to try for a file that somebody holds.
    pub(super) wait: Duration,
}

/// What was done.
#[derive(Debug)]
pub(super) struct Installed {
    /// Whether the list differed from the one that was there.
    pub(super) replaced: bool,
    pub(super) sizes: Sizes,
    /// What the batch noticed, and what was cleaned away.
    pub(super) lines: Vec<LogLine>,
}

impl Installation<'_> {
    /// Writes the files, checks them, and commits them with what interrupted runs left and the last lines of the log.
    ///
    /// A list that is there already, byte for byte, is left alone, and so is FLAG.GLB: no client need read it again.
    pub(super) fn carry_out(
        self,
        list: Arranged<'_>,
        leftovers: &[File],
        interrupt: &Interrupt,
    ) -> Result<Installed, Failure> {
        let po = self.po;
        let failed = |error: PostofficeError| Failure::new(po, &error);
        let wait = self.wait;
        let begin = || Ok(po.batch()?.with_patience(wait));
        let mut batch = begin().map_err(failed)?;
        let gal = list.stage(&batch).map_err(failed)?;
        let replaced = !gal.is_installed(po).map_err(failed)?;
        match replaced {
            true => batch.bump_flag(),
            false => {
                drop(batch);
                batch = begin().map_err(failed)?;
            }
        }
        interrupt.check()?;
        let lines = self.commit(batch, leftovers).map_err(failed)?;
        Ok(Installed {
            replaced,
            sizes: sizes(&gal),
            lines,
        })
    }

    fn commit(self, batch: Batch<'_>, leftovers: &[File]) -> Result<Vec<LogLine>, PostofficeError> {
        let mut lines = Vec::new();
        for file in leftovers {
            batch.remove(file)?;
            let text = format!("Removed {file}, left by an interrupted rebuild");
            lines.push(LogLine::status(text));
        }
        let without_success = self.log.clone();
        for line in lines.iter().chain([&LogLine::status("")]) {
            self.log.add(self.clock.now(), line);
        }
        let staged = self.log.stage(&batch);
        let committed = staged.and_then(|()| batch.commit()).inspect_err(|_| {
            // The logs say then why there was none.
            *self.log = without_success;
        })?;
        let warnings = committed.warnings.iter().map(ToString::to_string);
        lines.extend(warnings.map(|text| LogLine::text(Severity::Warning, text)));
        Ok(lines)
    }
}

/// Writes the log of a run that has nothing else to write.
pub(super) fn commit_log(po: &Postoffice, log: &mut Log) -> Result<(), PostofficeError> {
    let batch = po.batch()?;
    log.stage(&batch)?;
    batch.commit().map(|_| ())
}

fn sizes(gal: &Gal) -> Sizes {
    let [gal_nme, galindex, galnetpo] = gal.sizes();
    Sizes {
        gal_nme,
        galindex,
        galnetpo,
    }
}
