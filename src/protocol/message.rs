//! The text of a dir-sync message: the profile under `[DIRSYNC]` and the numbered records under
//! `[DIRSYNC-TRANSACTIONS]` (`spec/protocol.md` 6.2, `spec/import.md` 5.2).
//!
//! The manual that defined this text is lost; what is read is what the printed samples hold, and
//! what is written is the form of the fullest of them (Q118298).

mod body;
mod head;
mod profile;
mod task;

pub use body::{BodyReader, RECORDS_SECTION, peek_section, push_record};
pub use head::{ReplyHead, RequestHead};
pub use profile::{Profile, Setting};
pub use task::{Form, Task};
