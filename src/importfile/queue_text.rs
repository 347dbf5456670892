//! The text of one queue record: one transaction, name and address separated by a TAB, lines
//! joined by CR LF without a last one (Q96060; `spec/import.md` 5.1).

use super::block::{Finished, Form, OpenBlock};
use super::line::{self, LineKind, classify};
use super::lines::text_len;
use super::{Block, Diagnostic};
use crate::codec::codepage::CodePage;
use crate::transaction::{Entry, EntryText, Transaction};

/// A transaction read from a queue record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueText {
    /// The transaction.
    pub transaction: Transaction,
    /// What was wrong with lines that do not refuse it: information lines and tokens.
    pub messages: Vec<Diagnostic>,
}

impl Transaction {
    /// Returns the text of the transaction's queue record.
    ///
    /// Tokens are left out: they configure a user of the own postoffice, may hold a password, and
    /// a queue record travels.
    #[must_use]
    pub fn encode_queue_text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        out.push(self.code() as u8);
        out.push(b' ');
        match self {
            Self::Add { entry, .. } | Self::Delete { entry } => encode_entry(entry, &mut out),
            Self::Modify { entry, new, .. } => {
                encode_entry(entry, &mut out);
                if let Some(new) = new {
                    out.extend_from_slice(b"\r\n  ");
                    encode_entry(new, &mut out);
                }
            }
            Self::Replace { list } => list.encode_into(&mut out),
            Self::Template { list, fields } => {
                list.encode_into(&mut out);
                for field in fields {
                    out.extend_from_slice(b"\r\n ");
                    field.encode_into(&mut out);
                }
            }
        }
        for info in self.info() {
            out.extend_from_slice(b"\r\n");
            info.encode_into(&mut out);
        }
        out
    }

    /// Reads the text of a queue record. NULs behind it, as other framings have, are no part of it.
    ///
    /// # Errors
    /// The messages that refuse the record, lines counted inside it: 13 for a bad code, 47 for a
    /// malformed M (`spec/import.md` 11.6 and defect 15), 21 for a second transaction, else those
    /// of the import file.
    pub fn decode_queue_text(
        text: &[u8],
        code_page: CodePage,
    ) -> Result<QueueText, Vec<Diagnostic>> {
        let block = Block::of_queue_text(text, code_page);
        match block.transaction {
            Some(transaction) => Ok(QueueText {
                transaction,
                messages: block.messages,
            }),
            None => Err(block.messages),
        }
    }
}

impl Block {
    /// Reads the text of a queue record, with what [`Transaction::decode_queue_text`] has no room for. The text itself is
    /// not kept.
    #[must_use]
    pub fn of_queue_text(text: &[u8], code_page: CodePage) -> Self {
        let mut open: Option<OpenBlock> = None;
        for (line, number) in without_nuls(text).split(|&b| b == b'\n').zip(1..) {
            let line = &line[..text_len(line)];
            let kind = classify(line);
            match (&mut open, kind) {
                (_, LineKind::Blank) => {}
                (None, _) => {
                    let block = OpenBlock::start(Form::Record, number, 1, line, code_page);
                    open = Some(block);
                }
                (Some(_), LineKind::Comment) => {}
                (Some(block), LineKind::Command | LineKind::UnknownCommand) => {
                    block.refuse(Diagnostic {
                        number: 21,
                        line: number,
                        column: 1,
                        found: "a second transaction".into(),
                        expected: "one transaction in a record",
                    });
                }
                (Some(block), kind) => block.add(number, kind, line),
            }
        }
        let block = open.unwrap_or_else(|| {
            let missing = Diagnostic::at_end(13, 1, 0, "a transaction");
            OpenBlock::refused(1, Some(missing), code_page)
        });
        let line = block.line();
        let Finished {
            transaction,
            loose,
            mut messages,
        } = block.finish();
        if transaction.is_none() && text.first() == Some(&b'M') {
            if let Some(last) = messages.last_mut() {
                last.number = 47;
            }
        }
        Self {
            line,
            sync: None,
            raw: Vec::new(),
            transaction,
            loose,
            messages,
        }
    }
}

/// Returns the entry of a record that is one A line and nothing else, as nearly all of a full list are, without
/// copying it. `None` for every other record and for what [`Transaction::decode_queue_text`] refuses.
pub(crate) fn plain_add(text: &[u8], code_page: CodePage) -> Option<EntryText<'_>> {
    if text.first() != Some(&b'A') || text.contains(&b'\n') {
        return None;
    }
    let line = without_nuls(text);
    line::entry_text(&line[..text_len(line)], code_page).ok()
}

/// Returns the text without the NULs that other framings have behind it.
fn without_nuls(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    &text[..end]
}

fn encode_entry(entry: &Entry, out: &mut Vec<u8>) {
    out.extend_from_slice(entry.name());
    out.push(b'\t');
    entry.address().encode_into(out);
}

#[cfg(test)]
mod tests;
