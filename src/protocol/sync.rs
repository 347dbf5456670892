//! What identifies a state of the numbers: the STAMP of a server, and the digest of the transaction that a number
//! belongs to.
//!
//! Numbers alone do not say whether two sides speak of the same history. A server restored from an old copy gives
//! the numbers that it gave before to other transactions, and so does a requestor. So a SrvSync travels with the
//! STAMP of the answer that brought it, and a ReqSync with the digest of its transaction: a number whose companion
//! is not known belongs to a history that this side does not have (`spec/protocol.md` sections 2, 4.3 and 12; design
//! section 4). STAMPs are compared with those of the same server only, never with a clock.

use std::fmt;

use crate::codec::checksum::Crc32;
use crate::codec::timestamp::Timestamp;

/// The STAMP of a directory server: every run that answers, and every resync file, has one of its own, higher than
/// all before it. Zero means none: nothing was taken yet, or the message of a program that knows no stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub u32);

impl Stamp {
    /// No stamp.
    pub const NONE: Self = Self(0);

    /// Stamps that stay reserved, so that a message with the highest number of all does not end the series.
    const RESERVE: u32 = 1 << 20;

    /// Returns the stamp after this one: the clock, or one more where the clock stands still or was set back. A
    /// server restored from an old copy goes on with the clock, and so gives no stamp a second time.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Option<Self> {
        self.0.checked_add(1).map(|next| Self(next.max(now.0)))
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Returns the higher one of the own stamp and one that a requestor has from this server: an answer must have a
    /// higher stamp than the answer before it, also where this server has forgotten that.
    #[must_use]
    pub fn adopt(self, heard: Self) -> Self {
        match heard.0 < u32::MAX - Self::RESERVE {
            true => self.max(heard),
            false => self,
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The stamps that were given out last, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Issued(Vec<Stamp>);

impl Issued {
    /// Takes stamps, newest first, up to the first that is none.
    #[must_use]
    pub fn from_newest(stamps: impl IntoIterator<Item = u32>) -> Self {
        let stamps = stamps.into_iter().map(Stamp);
        Self(stamps.take_while(|stamp| !stamp.is_none()).collect())
    }

    /// Adds a stamp; of more than `capacity` the oldest is forgotten.
    pub fn push(&mut self, stamp: Stamp, capacity: usize) {
        self.0.insert(0, stamp);
        self.0.truncate(capacity);
    }

    /// Tells whether a stamp is among them.
    #[must_use]
    pub fn contains(&self, stamp: Stamp) -> bool {
        self.0.contains(&stamp)
    }

    /// Returns the stamps, newest first.
    pub fn iter(&self) -> impl Iterator<Item = Stamp> + '_ {
        self.0.iter().copied()
    }
}

/// Which transaction a ReqSync numbers: a checksum over its date stamp and its text.
///
/// The date stamp makes it unique: a requestor that was restored from an old copy gives a number to another
/// transaction later than it did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RecordDigest(pub u32);

impl RecordDigest {
    /// Not known: nothing is compared.
    pub const UNKNOWN: Self = Self(0);

    /// No transaction has the number: it was adopted from what the requestor said. Every real one differs from it.
    pub const NO_RECORD: Self = Self(1);

    /// Returns the digest of a transaction. A text form carries no date stamp: zero then.
    #[must_use]
    pub fn of(stamp: Timestamp, text: &[u8]) -> Self {
        let mut sum = Crc32::new();
        sum.update(&stamp.0.to_le_bytes());
        sum.update(text);
        Self(sum.value().max(Self::NO_RECORD.0 + 1))
    }

    /// Returns it unless it is not known.
    #[must_use]
    pub fn known(self) -> Option<Self> {
        Some(self).filter(|&digest| digest != Self::UNKNOWN)
    }

    /// Tells whether both are known and of different transactions.
    #[must_use]
    pub fn differs(self, other: Self) -> bool {
        self != Self::UNKNOWN && other != Self::UNKNOWN && self != other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_follow_the_clock_and_never_stand_still() {
        assert_eq!(Stamp(5).next(Timestamp(100)), Some(Stamp(100)));
        assert_eq!(Stamp(100).next(Timestamp(100)), Some(Stamp(101)));
        assert_eq!(Stamp(200).next(Timestamp(100)), Some(Stamp(201)));
        assert_eq!(Stamp(u32::MAX).next(Timestamp(100)), None);
    }

    #[test]
    fn a_stamp_from_nowhere_does_not_use_up_the_series() {
        assert_eq!(Stamp(5).adopt(Stamp(9)), Stamp(9));
        assert_eq!(Stamp(9).adopt(Stamp(5)), Stamp(9));
        assert_eq!(Stamp(5).adopt(Stamp(u32::MAX)), Stamp(5));
    }

    #[test]
    fn the_oldest_stamp_is_forgotten() {
        let mut issued = Issued::from_newest([3, 2, 0, 1]);
        issued.push(Stamp(4), 2);
        assert_eq!(issued.iter().collect::<Vec<_>>(), [Stamp(4), Stamp(3)]);
        assert!(!issued.contains(Stamp(2)));
    }

    #[test]
    fn a_digest_tells_the_same_text_of_another_day_apart() {
        let of = |stamp, text: &[u8]| RecordDigest::of(Timestamp(stamp), text);
        assert_ne!(of(1, b"A x"), of(2, b"A x"));
        assert!(of(1, b"A x").differs(of(1, b"A y")));
        assert!(of(1, b"A x").differs(RecordDigest::NO_RECORD));
        assert!(!of(1, b"A x").differs(RecordDigest::UNKNOWN));
    }
}
