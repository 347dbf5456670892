//! Import text as a side.

use super::about::About;
use super::access::Access;
use super::spec::SideSpec;
use super::{Event, Place, Refusal, Sink};
use crate::codec::codepage::CodePage;
use crate::importfile::{Block, Diagnostic, Reader, name_on_line};
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;
use crate::transaction::Transaction;

/// Reads a text to its end. Without a template and without a single line of information it says nothing of either.
pub(super) fn read(
    spec: &SideSpec,
    access: &Access,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let page = access.page;
    let mut about = About::new(spec.kind, spec.title());
    about.page = Some(page);
    about.has_details = false;
    for block in Reader::new(spec.open()?, page) {
        let block = block.map_err(|error| spec.unreadable(error))?;
        let place = Place::Line(block.line);
        let Some(transaction) = block.transaction else {
            if let Some(message) = block.messages.last() {
                about.read += 1;
                sink(Event::Refused(refused(&block, message, place, page)))?;
            }
            continue;
        };
        about.read += u64::from(transaction.entry().is_some());
        about.has_details |= has_details(&transaction);
        sink(Event::Transaction {
            transaction,
            place,
            sync: None,
            stamp: None,
        })?;
    }
    Ok(about)
}

/// Tells whether a transaction is about template information.
pub(super) fn has_details(transaction: &Transaction) -> bool {
    matches!(transaction, Transaction::Template { .. }) || !transaction.info().is_empty()
}

fn refused(block: &Block, message: &Diagnostic, place: Place, page: CodePage) -> Refusal {
    Refusal {
        address: String::new(),
        name: page.decode(name_on_line(&block.raw, page)),
        place,
        reason: Reason::of_refused_line(message.number),
        message: Some(message.number),
        detail: message.to_string(),
    }
}
