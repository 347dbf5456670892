//! An entry of a directory: a name and attributes.

pub use super::attributes::{Attributes, Beside, Names, Values};
use super::dn::Dn;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its name.
    pub dn: Dn,
    /// Its attributes.
    pub attributes: Attributes,
}
