//! What a run has to say: events for the log, lines for the report, and how it ends.

use serde_json::Value;

use crate::directory::note::Note;
use crate::plan::outcome::{Action, EntryOutcome, Outcome, Reason};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::ExitCode;

/// What a run has to say.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) events: Vec<Event>,
    /// Lines of the report.
    pub(super) lines: Vec<Value>,
    pub(super) exit: ExitCode,
}

/// An entry that does not go through. The original had one number for all of it, and said neither who nor why (Q250578,
/// Q247934, Q249037).
pub(super) struct Refused<'a> {
    pub(super) branch: &'a str,
    pub(super) key: &'a str,
    pub(super) dn: &'a str,
    pub(super) reason: Option<Reason>,
    pub(super) detail: &'a str,
}

impl Refused<'_> {
    pub(super) fn event(&self) -> Event {
        let event = Event::new(Severity::Warn, "an entry is refused").id("IO4096");
        let event = event.with("branch", self.branch).with("entry", self.key);
        let event = event.with("dn", self.dn);
        let event = match self.reason {
            Some(reason) => event.with("reason", reason),
            None => event,
        };
        event.with("detail", self.detail)
    }
}

impl Told {
    /// Says something.
    pub(super) fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    /// An entry does not go through.
    pub(super) fn refused(&mut self, branch: &str, key: &str, dn: &str, note: &Note) {
        let line = EntryOutcome::new(key, dn, branch, Action::None, Outcome::Refused);
        let mut line = line.because(note.reason);
        line.detail = Some(note.detail.as_str().into());
        self.lines
            .push(serde_json::to_value(&line).unwrap_or_default());
        self.exit = self.exit.worst(ExitCode::Partial);
        let refused = Refused {
            branch,
            key,
            dn,
            reason: Some(note.reason),
            detail: &note.detail,
        };
        self.say(refused.event());
    }

    /// Something about a message as a whole.
    pub(super) fn remark(&mut self, branch: &str, note: &Note) {
        let event = Event::new(Severity::Warn, "numbers do not fit").with("branch", branch);
        let event = event.with("reason", note.reason);
        self.say(event.with("detail", &note.detail));
        self.exit = self.exit.worst(exit_of(note));
    }

    /// Something failed; the rest goes on.
    pub(super) fn fail(&mut self, error: &crate::tools::exit::ToolError) {
        self.exit = self.exit.worst(error.exit);
        self.say(Event::of_error(error));
    }
}

/// Returns how a pass ended, as far as what does not fit says.
fn exit_of(note: &Note) -> ExitCode {
    match note.reason {
        Reason::SequenceGap | Reason::SequenceEpoch => ExitCode::OutOfStep,
        _ => ExitCode::Done,
    }
}
