//! Between organizations: branches and the hub that they share (`spec/exchange.md` section 4), decided on values.
//!
//! A branch sends what changed in its own directory ([`Request`]); the hub gives every change that it stores a number of
//! its own, the master USN, and answers with what the branch lacks ([`Answer`]).
//!
//! - [`card`] is what is carried of an entry, under the key of its source: never alias, name or mail (IO-07).
//! - [`number`] is how far somebody is, and in whose counting.
//! - [`unit`](mod@unit) is what is said.
//! - [`master`] is what the hub keeps and decides, [`settle`] who gets an address that two want.
//! - [`branch`] is what a branch keeps and decides.
//! - [`store`] is where the hub keeps its table, [`wire`] all that is said as text.
//!
//! # What must hold
//!
//! When no mail is lost for a round, each branch has applied exactly what the others export, an address that two of them claim
//! apart. Nothing is applied twice with another result, whatever is doubled, late, lost, or restored:
//!
//! | event | noticed by | mended by |
//! |---|---|---|
//! | request doubled or late | its numbers are at or below the ones taken | passed over |
//! | request lost | | the next one carries everything that is not confirmed |
//! | answer doubled or late | its numbers are at or below the ones applied | passed over |
//! | answer lost, or a part of one | the next request confirms the same number as before | answered anew |
//! | the hub was restored | a request confirms a receipt that it never gave, or a USN above its own | new epoch, full lists both ways |
//! | the store of the hub is new | the epoch of the request is none of its own | a full list |
//! | a branch was restored | it does not know the request of its own that was taken last, and is not one before that | full list of the branch |
//! | the ledger of a branch is new | another epoch of its numbers | full list of the branch |
//! | deletions are forgotten (IO-04) | the confirmed USN is below the highest forgotten one | a full list |

pub mod branch;
pub mod card;
pub mod master;
pub mod number;
pub mod settle;
pub mod store;
pub mod unit;
pub mod wire;

pub use branch::{Branch, Heard};
pub use card::{Card, CardHash, CardKind, SourceKey};
pub use master::{Master, MasterStore, Member, Row, Taken};
pub use number::{Epoch, Receipt, Span, Usn};
pub use unit::{Answer, Applied, Change, Request, Withheld};
