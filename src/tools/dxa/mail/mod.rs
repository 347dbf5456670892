//! The agent's postoffice as its mail place: what came, what waits, and copies for people.

pub(super) mod backlog;
pub(super) mod copies;
pub(super) mod copytext;
pub(super) mod mailplace;
pub(super) mod mailscan;
pub(super) mod offices;
pub(super) mod remarks;
