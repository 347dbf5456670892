//! Writes import text in the columns of `import -x` (`spec/import.md` 4.1, Q132681).

use std::io::{self, Write};

use crate::transaction::{Entry, ListName, MAX_NAME_LEN, Transaction};

/// Writes transactions that [`Reader`](super::Reader) reads back unchanged.
///
/// Nothing is ever written in another form than it was given: an [`Entry`] cannot hold a name or
/// an address that the columns could not carry.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    text: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes to `output`, one call per transaction: buffer it.
    #[must_use]
    pub fn new(output: W) -> Self {
        Self {
            output,
            text: Vec::with_capacity(128),
        }
    }

    /// Writes one line of an extract: `A`, the name in columns 3 to 32, `TYPE:address` from
    /// column 34.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.text.clear();
        push_entry(b"A ", entry, &mut self.text);
        self.output.write_all(&self.text)
    }

    /// Writes a transaction with all its lines, tokens included.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, transaction: &Transaction) -> io::Result<()> {
        self.text.clear();
        push_columns(transaction, &mut self.text);
        for token in transaction.tokens() {
            push_line(&mut self.text, |text| token.encode_into(text));
        }
        self.output.write_all(&self.text)
    }

    /// Flushes and returns the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// Appends a transaction in columns, without its tokens.
pub(crate) fn push_columns(transaction: &Transaction, text: &mut Vec<u8>) {
    let code = [transaction.code() as u8, b' '];
    match transaction {
        Transaction::Add { entry, .. } | Transaction::Delete { entry } => {
            push_entry(&code, entry, text);
        }
        Transaction::Modify { entry, new, .. } => {
            push_entry(&code, entry, text);
            if let Some(new) = new {
                push_entry(b"  ", new, text);
            }
        }
        Transaction::Replace { list } => push_list(&code, list, text),
        Transaction::Template { list, fields } => {
            push_list(&code, list, text);
            for field in fields {
                push_line(text, |text| {
                    text.push(b' ');
                    field.encode_into(text);
                });
            }
        }
    }
    for info in transaction.info() {
        push_line(text, |text| info.encode_into(text));
    }
}

fn push_list(code: &[u8; 2], list: &ListName, text: &mut Vec<u8>) {
    push_line(text, |text| {
        text.extend_from_slice(code);
        list.encode_into(text);
    });
}

fn push_line(text: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    content(text);
    text.extend_from_slice(b"\r\n");
}

fn push_entry(code: &[u8; 2], entry: &Entry, text: &mut Vec<u8>) {
    push_line(text, |text| {
        text.extend_from_slice(code);
        text.extend_from_slice(entry.name());
        let padding = MAX_NAME_LEN + 1 - entry.name().len();
        text.extend(std::iter::repeat_n(b' ', padding));
        entry.address().encode_into(text);
    });
}

#[cfg(test)]
mod tests;
