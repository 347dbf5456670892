//! Dir-sync messages as the programs send and read them: what `reqmain`, `srvmain` and `admin` share.
//!
//! ```text
//! Payload (transactions in one of the three forms, spooled) -> Letter -> Outbox of a batch
//! Maildir -> Inbox (whole, or refused with its number) -> Transactions (record by record)
//! ```

mod inbox;
mod letter;
mod payload;
mod report;
mod request;
mod run;
mod spool;
mod transactions;

pub use inbox::{Fate, Inbox, Letterbox, Read};
pub use letter::{Letter, note_to, post, write_mail};
pub use payload::{Payload, PayloadWriter, list_kind};
pub use report::{Exchange, MailCounts, MailLine, Reporter, ServerNumbers};
pub use request::{VERSION, encode, key_of, request_letter, sent_line, status_letter};
pub(in crate::tools) use run::Run;
pub use spool::Spool;
pub use transactions::{Item, Transactions, announced, only_digest};
