//! What a rebuild says about the lists it has read.

use crate::messages::{Message, Severity};
use crate::plan::outcome::{Action, EntryOutcome, Outcome, Reason};
use crate::postoffice::Postoffice;
use crate::postoffice::gal::{Notice, Source};
use crate::postoffice::log::LogLine;
use crate::postoffice::places::Place;

/// Returns the line of the logs for a notice.
pub(super) fn line(notice: &Notice) -> LogLine {
    let warning = |number, argument: String| {
        let message = Message::new(number, argument).with_severity(Severity::Warning);
        LogLine::from(message)
    };
    match notice {
        Notice::NoList { place } => LogLine::numbered(201, place),
        Notice::OwnList { place } => LogLine::text(
            Severity::Warning,
            format!(
                "{place} is this postoffice itself, but defined as an external one: that list is not read"
            ),
        ),
        Notice::NoAddress { list, name } => warning(43, format!("{name} ({list})")),
        Notice::NoName { list, count } => {
            warning(46, format!("({list} addresses without one: {count})"))
        }
        Notice::NoNetpo { name, pointer } => warning(
            40,
            format!("NETPO: no address at {pointer:#x}, where {name} of ADMIN.NME points"),
        ),
        Notice::Identifiers { faults } => warning(39, format!("GALNETPO: {}", faults.join("; "))),
    }
}

/// Returns the line of a report for an entry that was left out; other notices are about no entry.
pub(super) fn refused(notice: &Notice) -> Option<EntryOutcome<'static>> {
    let (list, name, number) = match notice {
        Notice::NoAddress { list, name } => (list.clone(), name.clone(), 43),
        Notice::NoNetpo { name, .. } => ("POL".to_owned(), name.clone(), 40),
        _ => return None,
    };
    let line = EntryOutcome::new("", name, list, Action::Add, Outcome::Refused);
    Some(line.because(Reason::Message(number)))
}

/// Returns what a dir-sync server knows of the lists it reads: which have names although no requestor is registered that
/// could ever change them. A postoffice that was deleted stays in every global list until its definition is
/// deleted on each postoffice (Q130230). Elsewhere nobody knows who is registered.
pub(super) fn orphans(po: &Postoffice, sources: &[Source<'_>]) -> Vec<String> {
    let requestors = match po.server_config() {
        Ok(Some(config)) => config.requestors,
        Ok(None) => return Vec::new(),
        // The list needs no server configuration; its damage is for others to mend.
        Err(error) => {
            return vec![format!(
                "which requestors are registered is not known: {error}"
            )];
        }
    };
    let page = po.code_page();
    let is_registered = |place: &Place<'_>| {
        let (network, postoffice) = (place.network.record.name, place.record.postoffice);
        requestors.iter().any(|requestor| {
            requestor.state.is_active()
                && page.eq_ignore_case(requestor.network.as_bytes(), network.as_bytes())
                && page.eq_ignore_case(requestor.postoffice.as_bytes(), postoffice.as_bytes())
        })
    };
    let mut orphans = Vec::new();
    for source in sources {
        let Source::Place(place) = source else {
            continue;
        };
        let count = source.entry_count(po).unwrap_or(0);
        if count > 0 && !is_registered(place) {
            let list = source.list(po);
            orphans.push(format!(
                "{list}: no requestor of this name is registered; its names ({count}) stay until the postoffice is deleted everywhere"
            ));
        }
    }
    orphans
}
