//! What was read of a directory last time, so that only what has changed since is read again (`spec/exchange.md` DX-12,
//! LD-09).
//!
//! A server that is asked for the names, `entryUUID` and `entryCSN` of all entries sends little, and it is enough: an entry
//! whose two are as they were is as it was, one that lacks is gone or hidden, which is the same to us (LD-10), and the others
//! are read anew. Nothing rests on numbers that only grow: what was set back differs too.
//!
//! A mirror is a hint and never the truth. It is another file than the ledger, may be lost at any time, and says nothing
//! of what was sent. Whenever there is a doubt ([`Identity::doubt`]), a number that does not add up, a checksum that does
//! not fit, all is read again.

mod error;
mod identity;
mod pack;
mod store;

pub use error::MirrorError;
pub use identity::{Doubt, Identity};
pub use store::{Known, Mirror, Update};

use std::fmt;

use sha2::{Digest, Sha256};

use super::consent::UNREADABLE;
use super::dn::Dn;
use super::entry::Entry;

/// Attribute that names an entry for good.
pub const UUID: &str = "entryUUID";

/// Attribute that changes with every change of an entry (LD-09).
pub const CSN: &str = "entryCSN";

/// Identity of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// Reads the text of RFC 4122.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let digits = std::str::from_utf8(&digits).ok()?;
        u128::from_str_radix(digits, 16)
            .ok()
            .map(|number| Self(number.to_be_bytes()))
    }
}

/// As [`Uuid::parse`] reads it.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if [4, 6, 8, 10].contains(&at) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What an entry has as long as nobody changes it: a hash of its CSN and its name, since an entry that is moved along with
/// one above it keeps its CSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(u64);

impl Mark {
    /// The mark of an entry of which something is hidden: another access rule may show it, and the entry is as it was. It is
    /// read each time.
    pub const UNSURE: Self = Self(0);

    /// Makes the mark of an entry.
    #[must_use]
    pub fn of(csn: &str, dn: &Dn) -> Self {
        let mut hash = Sha256::new();
        hash.update(csn.as_bytes());
        hash.update([0]);
        hash.update(dn.to_string().as_bytes());
        let hash = hash.finalize();
        let first = hash.first_chunk().expect("it has 32 bytes");
        Self(u64::from_be_bytes(*first))
    }
}

/// An entry with what is needed to recognise it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Which entry.
    pub uuid: Uuid,
    /// What it has as long as it is as it is.
    pub mark: Mark,
    /// The change that made it so, as the server writes it.
    pub csn: String,
    /// The entry, without the two.
    pub entry: Entry,
}

impl Marked {
    /// Takes an entry that was read with [`UUID`] and [`CSN`]; `Err` is one that lacks them.
    ///
    /// # Errors
    /// The server has no such attributes, or hides them.
    pub fn of(mut entry: Entry) -> Result<Self, Entry> {
        let uuid = entry.attributes.text(UUID).and_then(Uuid::parse);
        let csn = entry.attributes.text(CSN).map(str::to_owned);
        let (Some(uuid), Some(csn)) = (uuid, csn) else {
            return Err(entry);
        };
        entry.attributes.remove(UUID);
        entry.attributes.remove(CSN);
        let mark = match entry.attributes.values(UNREADABLE).is_empty() {
            true => Mark::of(&csn, &entry.dn),
            false => Mark::UNSURE,
        };
        Ok(Self {
            uuid,
            mark,
            csn,
            entry,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_recognised_by_uuid_csn_and_name() {
        let entry = |dn: &str, csn: &str| {
            let attributes = [
                ("cn", "a"),
                ("ENTRYUUID", "01234567-89ab-cdef-0123-456789ABCDEF"),
                ("entryCSN", csn),
            ];
            Entry {
                dn: Dn::parse(dn).expect("a name"),
                attributes: attributes.into_iter().collect(),
            }
        };
        let one = Marked::of(entry("cn=a,o=Org", "2026#1")).expect("marked");
        assert_eq!(one.entry.attributes.iter().count(), 1);
        let same = Marked::of(entry("cn=a,o=Org", "2026#1")).expect("marked");
        assert_eq!(one, same);
        for other in [
            entry("cn=a,o=Org", "2026#2"),
            entry("cn=a,ou=b,o=Org", "2026#1"),
        ] {
            let other = Marked::of(other).expect("marked");
            assert_eq!(one.uuid, other.uuid);
            assert_ne!(one.mark, other.mark);
        }
        assert_eq!(one.uuid.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
        let mut hidden = entry("cn=a,o=Org", "2026#1");
        hidden.attributes.set_one(UNREADABLE, "cn");
        let hidden = Marked::of(hidden).expect("marked");
        assert_eq!(hidden.mark, Mark::UNSURE);
        let mut bare = entry("cn=a,o=Org", "2026#1");
        bare.attributes.set(UUID, vec![b"none".to_vec()]);
        assert_eq!(Marked::of(bare.clone()), Err(bare));
    }
}
