//! What a connection is to be sent: the export containers beside what was sent before, and what settings do to that.

pub(super) mod basis;
pub(super) mod effect;
pub(super) mod exported;
pub(super) mod exporting;
pub(super) mod pacing;
pub(super) mod reading;
pub(super) mod rules;
pub(super) mod settings;
pub(super) mod sight;
pub(super) mod source;
pub(super) mod tally;
pub(super) mod touched;
pub(super) mod touching;
