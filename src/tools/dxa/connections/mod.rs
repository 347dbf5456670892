//! A connection as a whole: its numbers, what the ledger keeps of it, and how it begins anew, goes, or is taken over.

pub(super) mod aside;
pub(super) mod numbers;
pub(super) mod removing;
pub(super) mod reset;
pub(super) mod state;
pub(super) mod stateset;
pub(super) mod stateshow;
pub(super) mod takeover;
pub(super) mod todo;
