//! Interruption at a transaction boundary (`spec/import.md` 2.6).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::tools::exit::{ExitCode, ToolError};

/// Remembers that the operator wants the run to end.
///
/// The first SIGINT or SIGTERM is honoured where the run looks, between two transactions; a second one ends
/// the process at once, which is safe because a batch is applied whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen for the signals.
    ///
    /// # Errors
    ///
    /// The system does not let us.
    pub fn install() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // Registered first, so that it sees the flag as the signals before this one left it.
            flag::register_conditional_shutdown(
                signal,
                i32::from(ExitCode::Busy.number()),
                Arc::clone(&interrupt.wanted),
            )?;
            flag::register(signal, Arc::clone(&interrupt.wanted))?;
        }
        Ok(interrupt)
    }

    /// Returns what is set once the run should end, for what waits without looking here.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wanted)
    }

    /// Returns an error once the run should end; called between two transactions.
    ///
    /// # Errors
    ///
    /// [`ExitCode::Busy`]: a signal came.
    pub fn check(&self) -> Result<(), ToolError> {
        if self.wanted.load(Ordering::Relaxed) {
            Err(ToolError::new(
                ExitCode::Busy,
                "interrupted, nothing changed",
            ))
        } else {
            Ok(())
        }
    }
}

/// Lets a file that grows over the limit of the process (`ulimit -f`) be a failure to write, as a full disk is, and not
/// the end of the process.
///
/// # Errors
///
/// The system does not let us.
pub fn fail_at_size_limit() -> io::Result<()> {
    flag::register(SIGXFSZ, Arc::default()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_the_run_at_the_next_look() {
        let interrupt = Interrupt::install().expect("signals can be had");
        interrupt.check().expect("no signal yet");
        signal_hook::low_level::raise(SIGTERM).expect("a signal to ourselves");
        let error = interrupt.check().expect_err("a signal came");
        assert_eq!(error.exit, ExitCode::Busy);
    }
}
