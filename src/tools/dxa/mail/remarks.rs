//! What is said of a message: over its numbers (`spec/exchange.md` DX-30), and that it is not taken.

use crate::protocol::outcome::{Consequence, Remark};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::outcome::Done;
use crate::tools::exit::ExitCode;
use crate::tools::post::Fate;

impl Agent<'_> {
    /// Says what was noticed over numbers (DX220: something was lost).
    pub(in crate::tools::dxa) fn remark(
        &mut self,
        connection: &Connection,
        remark: &Remark,
        done: &mut Done,
    ) {
        let consequence = remark.consequence();
        done.worsen(match consequence {
            Consequence::None => ExitCode::Done,
            Consequence::Partial => ExitCode::Partial,
            Consequence::OutOfStep => ExitCode::OutOfStep,
        });
        let missing = match remark {
            Remark::Gap { base, own } => Some((own.0.saturating_add(1), base.0.saturating_add(1))),
            Remark::NumbersSkipped { from, to } | Remark::TransactionsLost { from, to } => {
                Some((from.0, to.0.saturating_add(1)))
            }
            _ => None,
        };
        let name = &connection.address.view(connection.code_page);
        let text: Vec<_> = remark.lines(name).into_iter().map(|l| l.text).collect();
        let severity = match consequence {
            Consequence::None => Severity::Info,
            _ => Severity::Warn,
        };
        let mut event = Event::new(severity, text.join(" ")).with("connection", &connection.name);
        if let Some((expected, got)) = missing {
            event = event
                .id("DX220")
                .with("expected", expected)
                .with("got", got);
        }
        self.say(event);
    }

    /// Says that a message is not taken, and why: its numbers count as if it had not come.
    pub(in crate::tools::dxa) fn put_aside(
        &mut self,
        connection: &Connection,
        why: String,
    ) -> Fate {
        let event = Event::new(Severity::Warn, format!("message put aside: {why}"));
        self.say(event.with("connection", &connection.name));
        Fate::Refused(why)
    }
}
