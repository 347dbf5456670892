//! What a pass says of single entries: lines of the report, and messages of the logs.

use std::io;

use crate::address::PostofficeName;
use crate::list::{ListEntry, ListId};
use crate::messages::Message;
use crate::plan::outcome::{EntryOutcome, OutcomeSink};
use crate::plan::{Decision, Note};
use crate::postoffice::Postoffice;
use crate::postoffice::log::LogLine;

/// Writes one line per decision, if the sink wants them.
///
/// # Errors
/// The sink cannot take them.
pub fn write_decisions(
    po: &Postoffice,
    list: Option<&ListId>,
    decisions: &[Decision],
    sink: &mut dyn OutcomeSink,
) -> io::Result<()> {
    if !sink.wants_details() {
        return Ok(());
    }
    let code_page = po.code_page();
    let list_text = list.map_or_else(String::new, |id| id.display(code_page));
    for decision in decisions {
        let entry = decision.entry.as_ref();
        let address = entry.map_or_else(String::new, |entry| address_text(po, list, entry));
        let name = entry.map_or_else(String::new, |e| code_page.decode(e.name.as_bytes()));
        let (action, outcome) = (decision.action, decision.outcome);
        let mut line = EntryOutcome::new(address, name, &*list_text, action, outcome);
        line.reason = decision.reason;
        line.message = decision.message;
        line.sync = Some(decision.at.sync).filter(|&sync| sync != 0);
        line.line = Some(u64::from(decision.at.line)).filter(|&line| line != 0);
        sink.take(line)?;
    }
    Ok(())
}

fn address_text(po: &Postoffice, list: Option<&ListId>, entry: &ListEntry) -> String {
    let code_page = po.code_page();
    let (kind, place) = match list {
        Some(ListId::Postoffice {
            family,
            network,
            postoffice,
        }) => (
            *family,
            Some(PostofficeName::from_checked(network, postoffice)),
        ),
        Some(ListId::Gateway(kind)) => (*kind, None),
        Some(ListId::Local) => (crate::address::AddressType::Pcm, Some(po.name().clone())),
        Some(ListId::Pol) | None => return String::new(),
    };
    match entry.address(kind, place.as_ref(), code_page) {
        Ok(address) => address.view(code_page),
        Err(_) => code_page.decode(entry.mailbox.as_bytes()),
    }
}

/// Returns the log line of a numbered message.
#[must_use]
pub fn log_line(po: &Postoffice, note: &Note) -> LogLine {
    LogLine::from(Message::new(
        note.message,
        po.code_page().decode(&note.argument),
    ))
}
