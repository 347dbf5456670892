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
        let event = Event::new(Severity::Warn, "an entry is refused");
        let event = event.with("branch", branch).with("entry", key);
        let event = event.with("dn", dn).with("reason", note.reason);
        self.say(event.with("detail", &note.detail));
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
