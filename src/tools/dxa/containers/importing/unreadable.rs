//! Transactions that were refused because nobody can read them, or their address (DX247, Q193842).

use crate::directory::import::Fate;
use crate::plan::outcome::Reason;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};

/// Transactions that are named in the log one by one; the report has all of them.
const NAMED: usize = 100;

/// Such transactions: the first of them, and how many.
#[derive(Debug, Default)]
pub(in crate::tools::dxa) struct Unreadable {
    first: Vec<(&'static str, Option<u32>, String)>,
    count: usize,
}

impl Unreadable {
    /// Looks at what became of one.
    pub(in crate::tools::dxa) fn take(&mut self, fate: &Fate) {
        let Some(note) = &fate.reason else {
            return;
        };
        let what = match note.reason {
            Reason::AddressSyntax => "the address of a transaction is invalid",
            Reason::ListDamaged => "a transaction cannot be read",
            _ => return,
        };
        self.count += 1;
        if self.count <= NAMED {
            self.first.push((what, fate.number, note.detail.clone()));
        }
    }
}

impl<'f> FromIterator<&'f Fate> for Unreadable {
    fn from_iter<I: IntoIterator<Item = &'f Fate>>(fates: I) -> Self {
        let mut unreadable = Self::default();
        fates.into_iter().for_each(|fate| unreadable.take(fate));
        unreadable
    }
}

impl Agent<'_> {
    /// Says which transactions nobody can read.
    pub(in crate::tools::dxa) fn name_unreadable(
        &mut self,
        connection: &Connection,
        unreadable: Unreadable,
    ) {
        let of = |what: &str| {
            Event::new(Severity::Error, what)
                .id("DX247")
                .with("connection", &connection.name)
        };
        for (what, number, detail) in unreadable.first {
            let event = of(what);
            let event = match number {
                Some(number) => event.with("number", number),
                None => event,
            };
            self.say(event.with("because", detail));
        }
        if let Some(further @ 1..) = unreadable.count.checked_sub(NAMED) {
            self.say(of("further transactions cannot be read").with("count", further));
        }
    }
}
