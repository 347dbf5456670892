//! What is noticed while the lists are read.

/// Something noticed while reading; the run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// An external postoffice has no `.USR` (message 201).
    NoList {
        /// The postoffice.
        place: String,
    },
    /// The own postoffice is defined as an external one; that list is not read.
    OwnList {
        /// The postoffice.
        place: String,
    },
    /// A name behind a gateway has no address, and is left out (message 43).
    NoAddress {
        /// The list.
        list: String,
        /// The name.
        name: String,
    },
    /// Addresses of a gateway have no name, and cannot be listed (message 46).
    NoName {
        /// The list.
        list: String,
        /// How many.
        count: usize,
    },
    /// An entry of the postoffice list for somebody elsewhere has no record in NETPO.GLB, and is left out
    /// (message 40).
    NoNetpo {
        /// The name.
        name: String,
        /// Where it points.
        pointer: u32,
    },
    /// GALNETPO.GLB was damaged (message 39).
    Identifiers {
        /// How.
        faults: Vec<String>,
    },
}
