//! The session log of `nsda --due`: what DISPATCH wrote (`spec/protocol.md` 7.3).

use std::io::{self, Write};

use crate::postoffice::dispatch::session_line;
use crate::postoffice::{Layout, layout, log};
use crate::protocol::schedule::Phase;
use crate::tools::cli::clock::Clock;

/// Says what happens on the screen and in DISPATCH.LOG of the home postoffice.
///
/// Each line is written when it happens: a run may take hours, and the log shows that it has begun.
#[derive(Debug)]
pub(super) struct DispatchLog {
    /// Where the log is; none in a dry run, and where no postoffice can be reached.
    pub(super) home: Option<Layout>,
    /// First column.
    pub(super) instance: Option<String>,
    pub(super) clock: Clock,
    /// Whether the screen shows the lines.
    pub(super) on_screen: bool,
    /// Why the log lacks lines, the first reason.
    pub(super) failure: Option<String>,
}

impl DispatchLog {
    /// Writes a line.
    ///
    /// # Errors
    /// The screen could not be written; a log that cannot is remembered in `failure`.
    pub(super) fn say(&mut self, text: &str, screen: &mut impl Write) -> io::Result<()> {
        if self.on_screen {
            writeln!(screen, "{}", self.line(text))?;
        }
        self.append(text);
        Ok(())
    }

    /// Writes a line to the log alone.
    pub(super) fn append(&mut self, text: &str) {
        let Some(home) = &self.home else { return };
        let line = format!("{}\r\n", self.line(text));
        let written = log::append_now(home, &layout::DISPATCH_LOG, line.as_bytes());
        if let (Err(error), None) = (written, &self.failure) {
            self.failure = Some(format!("DISPATCH.LOG is incomplete: {error}"));
        }
    }

    fn line(&self, text: &str) -> String {
        let instance = self.instance.as_deref();
        session_line(instance, self.clock.now(), self.clock.zone(), text)
    }
}

/// `Checking the process table on NET1\PO1` (Q148705).
pub(super) fn checking(postoffice: &str) -> String {
    format!("Checking the process table on {postoffice}")
}

/// `Running "NSDA -RT"` (Q148705).
pub(super) fn running(phase: Phase) -> String {
    format!("Running \"NSDA {}\"", phase.option())
}

/// `"NSDA -RT" terminated normally with exit code 64` (Q139034).
pub(super) fn terminated(phase: Phase, end: super::end::End) -> String {
    format!("\"NSDA {}\" {end}", phase.option())
}

/// `NSDA-RR Missed its run Window` (Q148718).
pub(super) fn missed(phase: Phase) -> String {
    format!("NSDA{} Missed its run Window", phase.option())
}

/// A process table that cannot be read or written (Q149451).
pub(super) const FAILURE: &str = "Failure while accessing the process table.";

/// T2 of a former server (Q136487); the words are ours.
pub(super) fn not_server(phase: Phase, postoffice: &str) -> String {
    format!(
        "NSDA{} not run: {postoffice} is not a directory server; remove {phase} from its schedule \
         (dssched -x, delete the lines, dssched -i)",
        phase.option()
    )
}

#[cfg(test)]
mod tests {
    use super::super::end::End;
    use super::*;

    #[test]
    fn ds_l020_ds_l022_the_published_lines() {
        assert_eq!(
            terminated(Phase::T1, End::Normal),
            "\"NSDA -RT\" terminated normally with exit code 64"
        );
        assert_eq!(
            terminated(Phase::T2, End::Error),
            "\"NSDA -S\" terminated abnormally with exit code 65"
        );
        assert_eq!(running(Phase::T1), "Running \"NSDA -RT\"");
        assert_eq!(missed(Phase::T1), "NSDA-RT Missed its run Window");
        assert_eq!(missed(Phase::T2), "NSDA-S Missed its run Window");
        assert_eq!(missed(Phase::T3), "NSDA-RR Missed its run Window");
    }
}
