//! Lines of a report: what became of one entry.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::directory::import::Fate;
use crate::directory::note::Note;
use crate::plan::outcome::{Action, Outcome};

/// A line, made when it is written: a full list has one for each of its entries.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa) enum Line<F = Fate> {
    /// What became of what was asked.
    Fate(F),
    /// One of another sort.
    Made(Value),
}

impl Line {
    /// Returns what became of what was asked, where the line says that.
    pub(in crate::tools::dxa) fn fate(&self) -> Option<&Fate> {
        match self {
            Self::Fate(fate) => Some(fate),
            Self::Made(_) => None,
        }
    }
}

#[derive(Serialize)]
struct Received<'f> {
    entry: Option<&'f str>,
    action: Action,
    outcome: Outcome,
    reason: Option<String>,
    detail: Option<&'f str>,
    notes: Vec<String>,
    sync: Option<u32>,
}

impl<F: std::borrow::Borrow<Fate>> Serialize for Line<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fate = match self {
            Self::Fate(fate) => fate.borrow(),
            Self::Made(line) => return line.serialize(serializer),
        };
        let reason = fate.reason.as_ref();
        let line = Received {
            entry: fate.key.as_ref().map(|key| key.as_str()),
            action: fate.action,
            outcome: fate.outcome,
            reason: reason.map(|note| note.reason.to_string()),
            detail: reason.map(|note| &note.detail[..]),
            notes: fate.notes.iter().map(Note::to_string).collect(),
            sync: fate.number,
        };
        line.serialize(serializer)
    }
}
