//! An LDAP server: connecting, reading whole, comparing, writing one by one, many at once or all or nothing.
//!
//! The interface waits for every answer; that there is an asynchronous client below does not show. What the server
//! refuses is a value ([`Refusal`]); an error means that the connection, or the reading as a whole, failed.

mod code;
mod compare;
mod connect;
mod connection;
mod decode;
mod error;
mod gate;
mod operation;
mod order;
mod password;
mod pipeline;
mod root;
mod search;
mod transaction;

pub use code::{Meaning, Refusal, ResultCode};
pub use compare::Comparison;
pub use connect::{ConnectOptions, Login};
pub use connection::Connection;
pub use error::{Incomplete, LdapError};
pub use operation::{Operation, Outcome};
pub use password::Password;
pub use root::RootDse;
pub use search::{Scope, Search};
pub use transaction::Rejected;
