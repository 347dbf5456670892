//! What a pass wants to do, before it does it: outcomes, reasons and counts (`spec/design.md` section 5).

pub mod outcome;
mod reason;
