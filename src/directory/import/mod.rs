//! What a list or updates make of an import container: decided on values, before anything is written
//! (`spec/exchange.md` DX-05, DX-06, DX-17 to DX-19, DX-25).
//!
//! [`Ask`] is what one transaction asks, in terms of keys and attributes. [`Snapshot`] is what the directory holds of the
//! keys that matter. [`decide`] says what becomes of each ask and which [`Write`]s make it so: the end state of all asks
//! against what is there, so that D and A of one key are one modification, and nothing is numbered or refused because of
//! what is on its way out. A long list is decided part by part ([`decide_part`]): what parts have in common is in its
//! [`Course`], and [`Packed`] is how what they are about waits in a file.

mod ask;
mod asks;
mod changes;
mod course;
mod decide;
mod decision;
mod filling;
mod lists;
mod needs;
mod packed;
mod put;
mod sender;
mod snapshot;
mod working;
mod writes;

pub use ask::{Ask, Changed, ListScope, Select, Want};
pub use changes::{Change, Modified, Write};
pub use course::Course;
pub use decide::{Mapping, Part, Terms, decide, decide_part};
pub use decision::{Decision, Extent, Fate};
pub use filling::{Filling, managed};
pub use lists::Moment;
pub use needs::Needs;
pub use packed::Packed;
pub use sender::{Authorities, Sender};
pub use snapshot::{Held, Snapshot};
