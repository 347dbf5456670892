//! The ledger: what the agent itself remembers of a connection: its numbers, what it sent and under which number, what
//! waits (`spec/exchange.md` DX-12, 1.1).
//!
//! It is one SQLite file: transactions that survive a crash at any moment, damage and a full disk as errors and never a
//! panic, and a file that an operator can read with `sqlite3` when nothing else is at hand. Keys are compared as bytes: the index
//! of the original sorted by locale and broke with each service pack (Q169677).
//!
//! The ledger is never the only truth. Entries lie in the directory, transactions at the other side; who has lost the
//! ledger begins a new one and exchanges full lists, and deletes nothing by guess.

mod error;
mod schema;
mod sent;
mod store;

pub use error::LedgerError;
pub use store::{ConnectionId, Ledger, Opened, Queued, Transaction};
