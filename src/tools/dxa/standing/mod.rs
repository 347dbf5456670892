//! How the connections stand: status, figures for Prometheus, what the last runs came to, and one entry explained.

pub(super) mod explaining;
pub(super) mod history;
pub(super) mod metrics;
pub(super) mod notice;
pub(super) mod status;
