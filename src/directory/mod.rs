//! An LDAP directory as address lists (`spec/exchange.md` sections 1, 3 and 6): its entries and their names, import
//! containers, the ledger of what was sent to whom, and LDIF.
//!
//! - [`dn`] and [`entry`] are the values of this layer: names compared parsed, attributes compared without case of
//!   their names.

pub mod dn;
pub mod entry;
