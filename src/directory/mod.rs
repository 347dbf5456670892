//! An LDAP directory as address lists (`spec/exchange.md` sections 1, 3 and 6): its entries and their names, import
//! containers, the ledger of what was sent to whom, and LDIF.
//!
//! - [`dn`] and [`entry`] are the values of this layer: names compared parsed, attributes compared without case of
//!   their names.
//! - [`address_text`] is an address as an entry holds it, [`x400`] the form of one type of them, [`key`] what two
//!   spellings of one address have in common.
//! - [`note`] is a reason with its detail, [`charset`] what the other side can write.
//! - [`import`] decides what a list or updates make of a container, on values.
//! - [`ledger`] keeps what was sent to whom.
//! - [`mirror`] keeps what was read of a directory last time.
//! - [`ldif`] reads and writes LDIF: records, and whole lists.
//! - [`schema`] names the classes and attributes of our own, and holds their definition for a server.
//! - [`change`] is what happens to an entry, and [`filter`] which entries are meant.
//! - `ldap` speaks with a server (feature `ldap`).
//! - [`note`] is a reason with its detail, [`charset`] what the other side can write, [`syntax`] what a directory
//!   server takes for a value.
//! - In: [`template_map`] sorts template lines into attributes, [`remote`] makes the entry of a remote address,
//!   [`proxy`] its proxy addresses by the domains of an [`address_map`] and what [`holders`] has, and [`authority`] says
//!   who may change it.
//! - [`consent`] is what an entry says of its leaving, [`conditions`] what else decides whether it leaves.
//! - Out: [`outgoing`] decides what of an entry a requestor gets, [`names`] makes the names unique, and [`difference`]
//!   what must be sent.

pub mod address_map;
pub mod address_text;
mod attributes;
pub mod authority;
pub mod change;
pub mod charset;
pub mod conditions;
pub mod consent;
pub(crate) mod database;
pub mod difference;
pub mod dn;
pub mod entry;
pub mod expression;
pub mod filter;
pub mod holders;
pub mod import;
pub mod interorg;
pub mod key;
#[cfg(feature = "ldap")]
pub mod ldap;
pub mod ldif;
pub mod ledger;
pub mod mirror;
pub mod names;
pub mod note;
pub mod outgoing;
pub mod proxy;
pub mod remote;
pub mod schema;
pub mod syntax;
pub mod template_map;
#[cfg(any(feature = "ldap", feature = "postgres"))]
mod trust;
pub mod x400;
