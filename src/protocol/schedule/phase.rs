//! The three times of a cycle.

use std::fmt;

use crate::codec::process::ProcessKind;

/// A time of the dir-sync cycle that a schedule starts programs for (`spec/protocol.md` 1.2), in the order of the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The requestor sends its updates.
    T1,
    /// The server processes updates.
    T2,
    /// The requestor processes updates.
    T3,
}

impl Phase {
    /// All three.
    pub const ALL: [Self; 3] = [Self::T1, Self::T2, Self::T3];

    /// Returns the option of NSDA for it: `-RT`, `-S` or `-RR`.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::T1 => "-RT",
            Self::T2 => "-S",
            Self::T3 => "-RR",
        }
    }

    /// Returns what DSSCHED says of it (Q96060).
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::T1 => "Requestor sends updates",
            Self::T2 => "Server process",
            Self::T3 => "Requestor processes updates",
        }
    }

    /// Reads `T1`, `T2` or `T3` in either case.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        let named = |phase: &Self| phase.to_string().eq_ignore_ascii_case(token);
        Self::ALL.into_iter().find(named)
    }

    /// Returns the phase of a stored code; `None` where it is none of the three.
    #[must_use]
    pub const fn from_kind(kind: ProcessKind) -> Option<Self> {
        match kind {
            ProcessKind::T1 => Some(Self::T1),
            ProcessKind::T2 => Some(Self::T2),
            ProcessKind::T3 => Some(Self::T3),
            ProcessKind::Other(_) => None,
        }
    }

    /// Returns the code that is stored.
    #[must_use]
    pub const fn kind(self) -> ProcessKind {
        match self {
            Self::T1 => ProcessKind::T1,
            Self::T2 => ProcessKind::T2,
            Self::T3 => ProcessKind::T3,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_tokens_lead_back() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_kind(phase.kind()), Some(phase));
            assert_eq!(Phase::from_token(&phase.to_string()), Some(phase));
        }
        assert_eq!(Phase::from_token("t3"), Some(Phase::T3));
        assert_eq!(Phase::from_token("T4"), None);
        assert_eq!(Phase::from_kind(ProcessKind::Other(4)), None);
        assert!(Phase::T1 < Phase::T2 && Phase::T2 < Phase::T3);
    }
}
