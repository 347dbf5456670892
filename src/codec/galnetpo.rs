//! `GLB/GALNETPO.GLB`: addresses of the external entries of the global address list.
//!
//! A header of 4 bytes, then records as in NETPO.GLB ([`NetpoRecord`](super::NetpoRecord)), found by TID (Q96060, Q116436,
//! `spec/files.md` 4.11). REBUILD alone writes it. The record length is not published; 43 is taken from NETPO.GLB.

use super::layout::record;

record! {
    /// The header of GALNETPO.GLB.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `last_tid` | the TID given last, 0 = none yet | length published (Q135486), meaning ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GalnetpoHeader, "the GALNETPO header", 4 bytes {
        /// The TID given last; 0 where none was.
        0 => last_tid: u32,
    }
}

/// Gives TIDs to entries of the global address list: from the top down, so that they never meet those of
/// TID.GLB, which go up (Q135486).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalTids {
    last: u32,
    floor: u32,
}

/// All numbers between TID.GLB and the last TID of the global list are used up: message 39.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("next GAL identifier {next:#010X} is not above {floor:#010X}, the value in TID.GLB")]
pub struct TidsExhausted {
    /// The TID that would come next.
    pub next: u32,
    /// The value in TID.GLB.
    pub floor: u32,
}

impl GalTids {
    /// The first TID given when there was no GALNETPO.GLB (Q135486).
    pub const FIRST: u32 = 0x7f67_697f;

    /// Goes on behind the header of the GALNETPO.GLB there was, if any. `floor` is the value in TID.GLB.
    #[must_use]
    pub fn new(header: Option<GalnetpoHeader>, floor: u32) -> Self {
        let last = header.map_or(0, |h| h.last_tid);
        Self { last, floor }
    }

    /// Returns the next TID.
    ///
    /// # Errors
    /// It would not be above the value in TID.GLB.
    pub fn next_tid(&mut self) -> Result<u32, TidsExhausted> {
        let next = match self.last {
            0 => Self::FIRST,
            last => last - 1,
        };
        if next <= self.floor {
            let floor = self.floor;
            return Err(TidsExhausted { next, floor });
        }
        self.last = next;
        Ok(next)
    }

    /// Returns the header to write.
    #[must_use]
    pub fn header(&self) -> GalnetpoHeader {
        GalnetpoHeader {
            last_tid: self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_go_down_from_the_published_start() {
        let mut tids = GalTids::new(None, 1000);
        assert_eq!(tids.next_tid(), Ok(0x7f67_697f));
        assert_eq!(tids.next_tid(), Ok(0x7f67_697e));
        let mut later = GalTids::new(Some(tids.header()), 1000);
        assert_eq!(later.next_tid(), Ok(0x7f67_697d));
    }

    #[test]
    fn they_never_meet_the_local_ones() {
        let header = GalnetpoHeader { last_tid: 1002 };
        let mut tids = GalTids::new(Some(header), 1000);
        assert_eq!(tids.next_tid(), Ok(1001));
        let error = tids.next_tid().unwrap_err();
        assert_eq!(
            error.to_string(),
            "next GAL identifier 0x000003E8 is not above 0x000003E8, the value in TID.GLB"
        );
        assert_eq!(tids.header().last_tid, 1001);
        let last = GalnetpoHeader { last_tid: 1 };
        assert!(GalTids::new(Some(last), 0).next_tid().is_err());
    }
}
