//! The lists of a postoffice as transactions, entry by entry: what `import -x`, `-s`, `-st` and `resync create`
//! write (`spec/import.md` 4 and 6.6, `spec/protocol.md` 4.4 and 5.3).
//!
//! ```text
//! Contents (one list: template, entries, what cannot be extracted)
//!    -> Walk (outcomes, messages, progress, interruption)
//!       -> resync file, message body, import text
//! ```
//!
//! A resync file holds per list, own names first and then the order of NETWORK.GLB: T where the list has a template,
//! R, and an A per entry. The numbers of its records count from 1 without a gap, so that LISTQ shows a missing one;
//! they are places in the file and say nothing about SRVSEQ, which the header and the end mark carry. What cannot be
//! extracted is left out, said, and makes the run end with 1; a template that cannot be read stops it, since a full
//! list without its template would empty the details of everybody at the requestors.

mod contents;
mod make;
mod own;
mod server;
mod walk;

pub use contents::{Contents, Item, LeftOut};
pub use make::{Job, Target, failure, run, write_failures};
pub use own::{OwnList, is_ahead_of_resync, master};
pub use server::{Server, settings};
pub use walk::{How, Purpose, Selection, Walk, Walked, all_lists};
