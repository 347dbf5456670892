//! `resync`
