//! Requests and answers as text: what a message between organizations holds (`spec/exchange.md` IO-01, IO-08, IO-14).
//!
//! A message has a head, lines `KEY=value` that a person can read, and a table of changes, CSV with one column for each
//! attribute, so that an absent value is an empty field and never a missing column (IO-08). What is too big for one
//! message goes in parts, cut between entries; each part has the whole head and counts what it holds itself.
//!
//! | line | request | answer |
//! |---|---|---|
//! | `TASK=` | `REQUEST` | `ANSWER` |
//! | `ID=`, `BRANCH=` | id of the message, name of the branch | the same |
//! | `ANSWERS=` | | id of the request |
//! | `EPOCH=`, `AFTER=`, `UPTO=`, `FULL=` | numbers of the branch | numbers of the hub |
//! | `APPLIED-EPOCH=`, `APPLIED-USN=`, `APPLIED-RECEIPT=` | how far the branch is | |
//! | `RECEIPT=` | | what the branch gives back |
//! | `TAKEN-EPOCH=`, `TAKEN-USN=`, `TAKEN-BY=` | | how far the hub has the branch's changes |
//! | `WANTS-ALL=` | | everything is to be sent again |
//! | `EARLIER=` | ids of requests before it | receipts given before it |
//! | `PART=` | `n/m` | the same |
//! | `CHANGES=`, `WITHHELD=` | rows of the tables in this part | the same |

mod fault;
mod head;
mod parts;
mod table;

pub use fault::WireFault;
pub use head::{Part, Unit};
pub use parts::{Parts, cut, fits};
pub use table::{read_changes, read_withheld, write_changes, write_withheld};

#[cfg(test)]
mod tests;
