//! Messages between organizations: what [`wire`](crate::directory::interorg::wire) writes, as Internet mail (RFC 5322, MIME)
//! that a person can read, signed, and the Maildirs that it comes from and goes to (`spec/exchange.md` IO-01, IO-02, IO-14).
//!
//! | header | value |
//! |---|---|
//! | `Subject:` | `[DIRSYNC] REQUEST ORG1 (4, 9], 5 changes, part 1/2` |
//! | `DirSync-From:`, `DirSync-To:` | `BRANCH:ORG1`, `HUB:dirsync@hub.example` |
//! | `DirSync-Signature:` | `hmac-sha256` and the digits, with the key of the registration |
//!
//! The text is the head, the tables are attached. What is signed is the text and the tables, together with Message-ID,
//! direction, both sides, id of the unit and number of the part: nothing of it can be moved into another message. Whoever
//! signs it right and writes from the registered address is who it says; everything else is put aside ([`quarantine`]).
//!
//! - [`side`] is who speaks to whom, [`letter`] one message.
//! - [`inbox`] takes them out of a Maildir, unit by unit, [`queue`] keeps what goes out until [`sending`] has handed it over.

pub(in crate::tools::dxa::interorg) mod bundle;
pub(in crate::tools::dxa::interorg) mod inbox;
pub(in crate::tools::dxa::interorg) mod letter;
pub(in crate::tools::dxa::interorg) mod maildir;
pub(in crate::tools::dxa::interorg) mod quarantine;
pub(in crate::tools::dxa::interorg) mod queue;
pub(in crate::tools::dxa::interorg) mod sending;
pub(in crate::tools::dxa::interorg) mod side;

#[cfg(test)]
mod tests;

/// Bytes of a message that is read.
pub(in crate::tools::dxa::interorg) const MAX_LETTER_LEN: u64 = 32 << 20;

/// Bytes of a message that is written, where its receiver takes any: one that is read is never much longer.
const LARGEST_LETTER: usize = 24 << 20;

/// Bytes of a message that a unit is cut into where no limit is set.
const USUAL_LETTER: usize = 8 << 20;

/// Parts of a unit at most.
const MAX_PARTS: usize = 4096;

/// Returns the limit that a unit is cut by, and the one that a change alone has to keep, for a setting `limit`.
fn limits(limit: u32) -> (usize, usize) {
    match usize::try_from(limit).unwrap_or(usize::MAX) {
        0 => (USUAL_LETTER, LARGEST_LETTER),
        limit => (limit.min(LARGEST_LETTER), limit.min(LARGEST_LETTER)),
    }
}
