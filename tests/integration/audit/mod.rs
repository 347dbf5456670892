//! `audit`: two sides of any kind, and all that differs between them.

mod consent;
#[cfg(feature = "ldap")]
mod directory;
mod explain;
mod findings;
mod hostile;
mod planted;
mod program;
mod repairs;
mod scene;
mod show;
mod sides;
