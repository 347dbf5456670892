//! What is written into a container, and what the directory refuses of it (`spec/exchange.md` DX-25).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::directory::change::{Change, Modification};
use crate::directory::entry::Attributes;
use crate::directory::import::{self, Write};
use crate::directory::ldap::{Connection, Meaning, Operation, Refusal};
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;

/// Requests on their way at a time.
const WINDOW: usize = 64;

/// What the directory refused of what was to be written.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Refused {
    /// Index of the fate.
    pub(in crate::tools::dxa) fate: usize,
    /// What was to be written.
    pub(in crate::tools::dxa) operation: Operation,
    /// What it said.
    pub(in crate::tools::dxa) refusal: Refusal,
    /// What the entry held before, where it was kept beside the write.
    pub(in crate::tools::dxa) held: Option<Attributes>,
}

impl Refused {
    pub(in crate::tools::dxa) fn new(fate: usize, operation: Operation, refusal: Refusal) -> Self {
        Self {
            fate,
            operation,
            refusal,
            held: None,
        }
    }

    /// Tells whether the entry is not as it was read: somebody else was there.
    pub(in crate::tools::dxa) fn has_moved(&self) -> bool {
        matches!(
            self.refusal.meaning(&self.operation.change),
            Meaning::Missing | Meaning::Exists | Meaning::Overtaken
        )
    }
}

/// One write that waits for its turn.
pub(in crate::tools::dxa) struct Planned {
    /// Index of the fate.
    pub(in crate::tools::dxa) fate: usize,
    /// What is written.
    pub(in crate::tools::dxa) change: import::Change,
    /// What the entry holds before.
    pub(in crate::tools::dxa) held: Option<Attributes>,
}

/// Writes, each kind after the other, so that names and addresses are free when they are taken.
pub(in crate::tools::dxa) fn write(
    directory: &mut Connection,
    writes: Vec<Write>,
    check: &mut dyn FnMut() -> Result<(), ToolError>,
) -> Result<Vec<Refused>, ToolError> {
    let planned = writes.into_iter().map(|write| {
        Ok(Planned {
            fate: write.fate,
            change: write.change,
            held: None,
        })
    });
    write_planned(directory, planned, check)
}

/// As [`write`], of what is got one by one. Where that fails, what was got until then is written.
pub(in crate::tools::dxa) fn write_planned(
    directory: &mut Connection,
    writes: impl Iterator<Item = Result<Planned, ToolError>>,
    check: &mut dyn FnMut() -> Result<(), ToolError>,
) -> Result<Vec<Refused>, ToolError> {
    let mut refused = Vec::new();
    let mut stopped = None;
    // Those on their way, in order.
    let sent = RefCell::new(VecDeque::new());
    let mut failed = None;
    let operations = writes.map_while(|write| match write {
        Ok(Planned { fate, change, held }) => {
            sent.borrow_mut().push_back((fate, held));
            Some(operation(change))
        }
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    directory.pipeline(operations, WINDOW, |operation, outcome| {
        let (fate, held) = sent.borrow_mut().pop_front().unwrap_or_default();
        if let Err(refusal) = outcome {
            if refusal.meaning(&operation.change) != Meaning::Done {
                let refusal = Refused::new(fate, operation, refusal);
                refused.push(Refused { held, ..refusal });
            }
        }
        match check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                let text = "interrupted: the numbers stay, and the next run goes on from here";
                stopped = Some(ToolError::new(error.exit, text));
                ControlFlow::Break(())
            }
        }
    })?;
    match stopped.or(failed) {
        Some(error) => Err(error),
        None => Ok(refused),
    }
}

fn operation(change: import::Change) -> Operation {
    match change {
        import::Change::Delete { dn } => Operation::new(dn, Change::Delete),
        import::Change::Rename { dn, to } => {
            let above = to
                .parent()
                .filter(|above| dn.parent().is_none_or(|now| !now.is_same(above)));
            let change = Change::Rename {
                new_rdn: to.own(),
                delete_old: true,
                new_superior: above,
            };
            Operation::new(dn, change)
        }
        import::Change::Modify { dn, modified } => {
            let parts = modified
                .into_iter()
                .map(|m| Modification::replace(&m.attribute, m.values));
            Operation::new(dn, Change::Modify(parts.collect()))
        }
        import::Change::Add(entry) => Operation::new(entry.dn, Change::Add(entry.attributes)),
    }
}

/// The reason code of a refusal.
pub(in crate::tools::dxa) fn reason(refused: &Refused) -> Reason {
    refused.refusal.code.reason()
}
