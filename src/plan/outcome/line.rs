//! Lines of a report, made only where somebody wants them, and counted together with what they say.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use super::{Action, Counts, Outcome, Reason};

/// One line of a report: what became of one entry.
///
/// Serialised as one JSON object with its keys in this order; absent values are `null`, except `detail`,
/// which is left out when there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryOutcome<'a> {
    /// Address of the entry as text, `TYPE:...`; empty for a command without one.
    pub entry: Cow<'a, str>,
    /// Name of the entry in its list.
    pub name: Cow<'a, str>,
    /// The list it belongs to, `PCM:NET/PO` or the address type.
    pub list: Cow<'a, str>,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not applied, or was applied in altered form.
    pub reason: Option<Reason>,
    /// Number of the published message (`spec/messages.tsv`), where there is one.
    pub message: Option<u16>,
    /// Sync number of the transaction, where it came from a queue or a dir-sync message.
    pub sync: Option<u32>,
    /// Line of the input file, from 1, where it came from text.
    pub line: Option<u64>,
    /// What the reason names: the holder of an address, the rule, the attribute and its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
}

impl<'a> EntryOutcome<'a> {
    /// Makes a line without reason, message, sync number, line and detail, which are public fields.
    pub fn new(
        entry: impl Into<Cow<'a, str>>,
        name: impl Into<Cow<'a, str>>,
        list: impl Into<Cow<'a, str>>,
        action: Action,
        outcome: Outcome,
    ) -> Self {
        Self {
            entry: entry.into(),
            name: name.into(),
            list: list.into(),
            action,
            outcome,
            reason: None,
            message: None,
            sync: None,
            line: None,
            detail: None,
        }
    }

    /// Sets the reason, and the message number where the reason is one.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        if let Reason::Message(number) = reason {
            self.message = Some(number);
        }
        self
    }

    /// Copies what is borrowed, for a sink that keeps the line.
    #[must_use]
    pub fn into_owned(self) -> EntryOutcome<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        EntryOutcome {
            entry: own(self.entry),
            name: own(self.name),
            list: own(self.list),
            action: self.action,
            outcome: self.outcome,
            reason: self.reason,
            message: self.message,
            sync: self.sync,
            line: self.line,
            detail: self.detail.map(own),
        }
    }
}

/// Where the details of outcomes go: a report file, a list kept in memory, or nowhere.
pub trait OutcomeSink {
    /// Returns whether [`take`](Self::take) does anything, so that a pass makes no details in vain.
    fn wants_details(&self) -> bool;

    /// Takes one line.
    ///
    /// # Errors
    ///
    /// The line could not be written.
    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()>;
}

/// The sink of a run without `--report`.
impl OutcomeSink for () {
    fn wants_details(&self) -> bool {
        false
    }

    fn take(&mut self, _: EntryOutcome<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps every line, for comparisons and small lists.
impl OutcomeSink for Vec<EntryOutcome<'static>> {
    fn wants_details(&self) -> bool {
        true
    }

    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()> {
        self.push(line.into_owned());
        Ok(())
    }
}

/// Counts and a sink, kept together so that no outcome reaches only one of them.
pub struct Tally<'s> {
    counts: Counts,
    sink: &'s mut dyn OutcomeSink,
    details: bool,
}

impl<'s> Tally<'s> {
    /// Starts at zero.
    pub fn new(sink: &'s mut dyn OutcomeSink) -> Self {
        let details = sink.wants_details();
        Self {
            counts: Counts::default(),
            sink,
            details,
        }
    }

    /// Counts one entry as read.
    pub fn read(&mut self) {
        self.counts.read += 1;
    }

    /// Counts one outcome and, where the sink wants it, makes its line with `details`, which must carry the
    /// same outcome and reason.
    ///
    /// # Errors
    ///
    /// The sink could not write the line.
    pub fn record<'a>(
        &mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        details: impl FnOnce() -> EntryOutcome<'a>,
    ) -> io::Result<()> {
        self.counts.count(outcome, reason);
        if !self.details {
            return Ok(());
        }
        let line = details();
        debug_assert_eq!(
            (line.outcome, line.reason),
            (outcome, reason),
            "the line must say what was counted"
        );
        self.sink.take(line)
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_keys_in_the_documented_order() {
        let mut line = EntryOutcome::new(
            "PCM:NET/PO/ann",
            "Ann",
            "PCM:NET/PO",
            Action::Add,
            Outcome::Refused,
        )
        .because(Reason::Message(27));
        line.line = Some(3);
        assert_eq!(
            serde_json::to_string(&line).expect("serialisable"),
            r#"{"entry":"PCM:NET/PO/ann","name":"Ann","list":"PCM:NET/PO","action":"add","outcome":"refused","reason":"message-27","message":27,"sync":null,"line":3}"#
        );
        line.detail = Some("held by Bob".into());
        let text = serde_json::to_string(&line).expect("serialisable");
        assert!(
            text.ends_with(r#""line":3,"detail":"held by Bob"}"#),
            "{text}"
        );
    }

    #[test]
    fn no_details_are_made_for_a_sink_that_wants_none() {
        let mut sink = ();
        let mut tally = Tally::new(&mut sink);
        tally.read();
        tally
            .record(Outcome::Added, None, || unreachable!("not wanted"))
            .expect("nothing is written");
        assert!(tally.counts().adds_up());
    }

    #[test]
    fn a_sink_that_wants_details_gets_what_was_counted() {
        let mut sink: Vec<EntryOutcome<'static>> = Vec::new();
        let mut tally = Tally::new(&mut sink);
        tally
            .record(Outcome::Ignored, Some(Reason::Message(66)), || {
                EntryOutcome::new(
                    "PCM:N/P/b",
                    "Bob",
                    "PCM:N/P",
                    Action::Delete,
                    Outcome::Ignored,
                )
                .because(Reason::Message(66))
            })
            .expect("a list takes every line");
        assert_eq!(tally.counts().ignored, 1);
        assert_eq!(sink.len(), 1);
        assert_eq!(sink[0].message, Some(66));
    }
}
