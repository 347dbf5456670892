//! Transactions on their way into a message, in the form that its receiver asks for (`spec/protocol.md` 6.2, 6.3).

use std::io::{self, Write};

use super::Spool;
use crate::address::AddressType;
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framing, QueueRecord, QueueWriter};
use crate::protocol::mail::{ContentHash, ContentHasher};
use crate::protocol::message::{Form, RECORDS_SECTION, push_record};
use crate::protocol::server::Pace;
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::Transaction;

/// Bytes of a queue record before its text.
const RECORD_HEADER_LEN: u64 = Framing::OURS.header_len as u64;

/// Writes transactions one after the other.
#[derive(Debug)]
pub struct PayloadWriter {
    form: Form,
    code_page: CodePage,
    output: Output,
    count: u32,
    line: Vec<u8>,
}

#[derive(Debug)]
enum Output {
    Queue(Box<QueueWriter<Hashing>>),
    Text(Box<Hashing>),
}

/// A spool that hashes what goes into it.
#[derive(Debug)]
struct Hashing {
    spool: Spool,
    hasher: ContentHasher,
    len: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.spool.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spool.flush()
    }
}

impl PayloadWriter {
    /// Begins.
    #[must_use]
    pub fn new(form: Form, code_page: CodePage) -> Self {
        let output = Hashing {
            spool: Spool::new(),
            hasher: ContentHasher::bytes(),
            len: 0,
        };
        Self {
            form,
            code_page,
            output: match form {
                Form::Internal => Output::Queue(Box::new(QueueWriter::new(output, &Framing::OURS))),
                Form::InAttachment | Form::InBody => Output::Text(Box::new(output)),
            },
            count: 0,
            line: Vec::new(),
        }
    }

    /// Adds a transaction, if `pace` lets it; returns whether it went.
    ///
    /// # Errors
    /// The record holds no transaction where a text form needs one; writing failed.
    pub fn push(&mut self, record: &QueueRecord, pace: &mut Pace) -> Result<bool, ToolError> {
        match &mut self.output {
            Output::Queue(queue) => {
                if !pace.admits(RECORD_HEADER_LEN + record.text.len() as u64) {
                    return Ok(false);
                }
                queue.write(record).map_err(|e| spool_error(&e))?;
            }
            Output::Text(output) => {
                let text =
                    Transaction::decode_queue_text(&record.text, self.code_page).map_err(|_| {
                        ToolError::new(ExitCode::Damaged, "a record without transaction")
                    })?;
                self.line.clear();
                push_record(record.sync, &text.transaction, &mut self.line);
                if !pace.admits(self.line.len() as u64) {
                    return Ok(false);
                }
                if self.count == 0 {
                    let section = format!("{RECORDS_SECTION}\r\n");
                    output
                        .write_all(section.as_bytes())
                        .map_err(|e| spool_error(&e))?;
                }
                output.write_all(&self.line).map_err(|e| spool_error(&e))?;
            }
        }
        self.count = self.count.saturating_add(1);
        Ok(true)
    }

    /// Returns how many transactions there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns the bytes of the record that was added last.
    #[must_use]
    pub fn record_len(&self, record: &QueueRecord) -> u64 {
        match self.form {
            Form::Internal => RECORD_HEADER_LEN + record.text.len() as u64,
            Form::InAttachment | Form::InBody => self.line.len() as u64,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> Result<Payload, ToolError> {
        let output = match self.output {
            Output::Queue(queue) => queue.finish().map_err(|e| spool_error(&e))?.0,
            Output::Text(output) => *output,
        };
        Ok(Payload {
            form: self.form,
            count: self.count,
            len: output.len,
            hash: output.hasher.finish(),
            spool: output.spool,
        })
    }
}

/// Transactions ready to be sent.
#[derive(Debug)]
pub struct Payload {
    form: Form,
    count: u32,
    len: u64,
    hash: ContentHash,
    spool: Spool,
}

impl Payload {
    /// Returns the form.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns how many transactions there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns their bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the hash of the bytes, as an attachment has it.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Copies the bytes; may be done again.
    ///
    /// # Errors
    /// Reading or writing failed.
    pub fn copy_to(&mut self, output: &mut impl Write) -> io::Result<()> {
        self.spool.copy_to(output)
    }
}

/// Returns the address type of the list that the text of a record is for, without taking the rest apart.
#[must_use]
pub fn list_kind(text: &[u8]) -> Option<AddressType> {
    let line = text.split(|&b| b == b'\r' || b == b'\n').next()?;
    let name = match line.first()? {
        b'R' | b'T' => line.get(2..)?,
        _ => &line[line.iter().position(|&b| b == b'\t')? + 1..],
    };
    let name = name.trim_ascii_start();
    let end = name.iter().position(|&b| matches!(b, b':' | b'/'))?;
    match name[end] {
        b':' => AddressType::from_token(&name[..end]),
        _ => Some(AddressType::Pcm),
    }
}

fn spool_error(error: &dyn std::fmt::Display) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, format!("temporary file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::timestamp::Timestamp;

    const PAGE: CodePage = CodePage::Cp850;

    fn record(sync: u32, text: &str) -> QueueRecord {
        QueueRecord::transaction(Timestamp(5), sync, 3, text.as_bytes().to_vec())
    }

    fn written(form: Form, limit: u32) -> (Vec<u8>, Payload) {
        let mut writer = PayloadWriter::new(form, PAGE);
        let mut pace = Pace::new(limit);
        for n in 645..648 {
            let text =
                format!("A User Number {n}\tPCM:NETWORK/POSTOFFICE/USER{n}\r\n- FAX:/206 {n}");
            writer.push(&record(n, &text), &mut pace).unwrap();
        }
        let mut payload = writer.finish().unwrap();
        let mut bytes = Vec::new();
        payload.copy_to(&mut bytes).unwrap();
        assert_eq!(payload.len(), bytes.len() as u64);
        assert_eq!(payload.hash(), ContentHash::of_bytes(&bytes));
        (bytes, payload)
    }

    #[test]
    fn ds_p049_text_has_ten_digits_and_the_columns_of_an_import_file() {
        let (bytes, payload) = written(Form::InAttachment, 0);
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "[DIRSYNC-TRANSACTIONS]");
        assert_eq!(
            lines[1],
            "0000000645 A User Number 645                PCM:NETWORK/POSTOFFICE/USER645"
        );
        assert_eq!(lines[2], "- FAX:/206 645");
        assert_eq!((lines.len(), payload.count()), (7, 3));
    }

    #[test]
    fn the_limit_counts_the_bytes_as_they_are_sent() {
        for form in Form::ALL {
            let (all, _) = written(form, 0);
            let (_, short) = written(form, all.len() as u32 - 30);
            assert_eq!(short.count(), 2, "{form:?}");
            let (_, one) = written(form, 1);
            assert_eq!(one.count(), 1, "{form:?}");
        }
    }

    #[test]
    fn the_type_of_a_record_is_found_without_its_parts() {
        for (text, kind) in [
            ("A x\tPCM:NET/PO/x", Some(AddressType::Pcm)),
            ("D x: y\tsmtp:a@b", Some(AddressType::Smtp)),
            ("M x\tNET/PO/x\r\n  y\tSMTP:a@b", Some(AddressType::Pcm)),
            ("R PCM:NET/PO", Some(AddressType::Pcm)),
            ("T X400:", Some(AddressType::X400)),
            ("R smtp:", Some(AddressType::Smtp)),
            ("A x", None),
            ("", None),
        ] {
            assert_eq!(list_kind(text.as_bytes()), kind, "{text}");
        }
    }
}
