//! When something is due on one connection.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::tools::dxa::config::{Connection, Role, Schedule};
use crate::tools::dxa::exchange::cycle::Wanted;

/// The longest pause before something is tried again.
pub(super) const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// A pause after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) tries: u32,
    pub(super) until: Timestamp,
}

impl Pause {
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        // A clock that was set back makes no pause longer.
        self.until <= now || self.until > now + LONGEST_PAUSE
    }
}

/// What is known of a connection.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) schedule: Schedule,
    /// When updates were last exchanged, or it was given up.
    pub(super) last: Option<Timestamp>,
    /// They are to be exchanged now, whatever the schedule says.
    pub(super) is_asked: bool,
    /// The options with which that is tried again which was in vain.
    pub(super) wanted: Wanted,
    /// Messages are to be taken.
    pub(super) has_mail: bool,
    pub(super) pause: Option<Pause>,
}

impl Timing {
    pub(super) fn new(connection: &Connection, last: Option<Timestamp>) -> Self {
        Self {
            name: connection.name.clone(),
            role: connection.role,
            schedule: connection.schedule.clone(),
            last,
            is_asked: false,
            wanted: Wanted::default(),
            has_mail: false,
            pause: None,
        }
    }

    pub(super) fn exchange_at(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self.is_asked {
            true => Some(now),
            false => self.schedule.next(self.last, now, zone),
        }
    }

    pub(super) fn takes_mail(&self) -> bool {
        self.has_mail && self.role == Role::Requestor
    }

    /// When anything is due, were it not for a pause.
    pub(super) fn due_at(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self.takes_mail() {
            true => Some(now),
            false => self.exchange_at(now, zone),
        }
    }
}
