//! One block of an import file on its way into an intake, or refused with its messages.

use crate::importfile::{Block, Diagnostic, check_tokens, name_on_line};
use crate::plan::Note;
use crate::plan::intake::Intake;
use crate::plan::op::Position;
use crate::plan::outcome::Action;
use crate::postoffice::Postoffice;

/// Feeds one block to an intake.
pub(super) fn take_block(po: &Postoffice, intake: &mut Intake, block: Block) {
    let line = u32::try_from(block.line).unwrap_or(u32::MAX);
    let at = Position { line, sync: 0 };
    let mut note = |message: &Diagnostic| {
        let line = u32::try_from(message.line).unwrap_or(u32::MAX);
        let argument = argument_of(po, message);
        intake.notes.push(Note {
            at: Position { line, sync: 0 },
            message: message.number,
            argument,
        });
    };
    for message in &block.messages {
        note(message);
    }
    match block.transaction {
        None => {
            let message = block.messages.last().map_or(21, |message| message.number);
            let action = action_of(&block.raw);
            intake.take_refused(
                at,
                action,
                message,
                name_on_line(&block.raw, po.code_page()),
            );
        }
        Some(mut transaction) => {
            let foreign = check_tokens(&transaction, po.name(), po.code_page());
            for message in &foreign {
                note(message);
            }
            if !foreign.is_empty() {
                transaction.clear_tokens();
            }
            intake.take(at, transaction);
        }
    }
}

/// What a parse message says behind its text: what stood there.
pub(super) fn argument_of(po: &Postoffice, message: &Diagnostic) -> Vec<u8> {
    let Diagnostic {
        found,
        column,
        expected,
        ..
    } = message;
    let text = format!("{found} (column {column}, expected {expected})");
    po.code_page()
        .encode(&text)
        .unwrap_or_else(|_| text.into_bytes())
}

pub(super) fn action_of(raw: &[u8]) -> Action {
    match raw.first() {
        Some(b'A') => Action::Add,
        Some(b'D') => Action::Delete,
        Some(b'M') => Action::Modify,
        Some(b'R') => Action::Replace,
        Some(b'T') => Action::Template,
        _ => Action::None,
    }
}
