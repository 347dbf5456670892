//! The limit of a reply (`spec/protocol.md` 4.3, Q133719).

/// Fills a reply up to the limit of its requestor, in bytes of its transactions as they are sent.
///
/// The first transaction always goes: a limit below the length of one would stop the requestor for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pace {
    limit: Option<u64>,
    used: u64,
    is_full: bool,
}

impl Pace {
    /// Begins a reply; 0 stands for no limit.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit: Some(u64::from(limit)).filter(|&limit| limit > 0),
            used: 0,
            is_full: false,
        }
    }

    /// Tells whether a transaction of `len` bytes still goes, and counts it. After one that does not, none does.
    pub fn admits(&mut self, len: u64) -> bool {
        let fits = self
            .limit
            .is_none_or(|limit| self.used == 0 || self.used + len <= limit);
        self.is_full |= !fits;
        if !self.is_full {
            self.used += len;
        }
        !self.is_full
    }

    /// Tells whether something did not go.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Tells whether a full list of `len` bytes goes: it cannot be sent in parts (Q119450).
    #[must_use]
    pub fn takes_whole(limit: u32, len: u64) -> bool {
        limit == 0 || len <= u64::from(limit)
    }
}
