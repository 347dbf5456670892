//! A cycle: T1 and T3 as a requestor, T2 as the server, and what came of it.

pub(super) mod answering;
pub(super) mod asking;
pub mod cycle;
pub(super) mod cycling;
pub(super) mod line;
pub(super) mod outcome;
pub(super) mod requesting;
pub(super) mod serving;
