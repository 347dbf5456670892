//! Numbers of the hub and of its branches, and what says whose they are (`spec/exchange.md` IO-03, IO-04).

use std::fmt;

/// A number of a change: the master USN where the hub gave it, or a branch's own number of what it sends. Strictly
/// rising, one for each change, never given twice (IO-03). Zero is before all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usn(pub u64);

impl Usn {
    /// Before the first change: whoever has it has nothing, and gets everything.
    pub const NONE: Self = Self(0);

    /// Returns the number after this one; `None` behind the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Usn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Identity of a numbering, new with each new or restored store: numbers of two epochs have nothing to do with
/// each other (IO-04).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(String);

impl Epoch {
    /// Bytes of an epoch at most: a UUID has 36.
    pub const MAX_LEN: usize = 64;

    /// Takes a text; `None` where it is none: empty, too long, or with anything but letters, digits and hyphens.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN && text.bytes().all(is_fine);
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one answer of the hub is known by: the branch gives it back with its next request. A hub that does not know it
/// was restored from an older copy, and so was a branch that gives back one from before the last (IO-04).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub String);

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The changes from behind one number up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Last number before them.
    pub after: Usn,
    /// Last number of them. Not every number has a change: what is not meant for the other side is passed over.
    pub upto: Usn,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}]", self.after, self.upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_no_case_and_no_room_for_tricks() {
        assert_eq!(Epoch::new("7D1F-a"), Epoch::new("7d1f-A"));
        for text in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert_eq!(Epoch::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_last_number_has_none_behind_it() {
        assert_eq!(Usn::NONE.next(), Some(Usn(1)));
        assert_eq!(Usn(u64::MAX).next(), None);
    }
}
