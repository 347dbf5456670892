//! Import containers in the directory: where they are, what is written there, and how their entries move or go.

pub(super) mod adopting;
pub(super) mod container;
pub(super) mod contested;
pub(super) mod deleting;
pub(super) mod dropping;
pub(super) mod handover;
pub(super) mod held;
pub(super) mod importing;
pub(super) mod moves;
pub(super) mod moving;
pub(super) mod place;
pub(super) mod refused;
pub(super) mod removed;
pub(super) mod steps;
