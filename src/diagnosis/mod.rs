//! What is wrong with a postoffice: the checks of PODIAG, and repairs that lose nothing.
//!
//! ```text
//! files -> Survey::take() -> Survey -> diagnose() -> findings -> repair::Plan -> one batch
//!          reads, never stops          pure          values      pure
//! ```
//!
//! Every check stands in [`catalog`], with its articles; [`checks`] has one file per theme. A check looks at what the
//! survey holds and at nothing else, so that one damaged file never hides another.

pub mod catalog;
pub mod checks;
pub mod finding;
pub mod remedy;
pub mod repair;
pub mod survey;

pub use catalog::{CHECKS, Check, Theme};
pub use checks::diagnose;
pub use finding::{Finding, Place, Severity};
pub use remedy::{Operator, Remedy};
pub use survey::Survey;
