//! A transaction in the making: its first line and the lines that continue it.

use super::Diagnostic;
use super::line::{self, LineKind};
use super::loose::{ByName, Loose, LooseInfo};
use crate::address::{AddressError, quote_byte};
use crate::codec::codepage::CodePage;
use crate::transaction::{Entry, InfoLine, MAX_TEMPLATE_FIELDS, TemplateField, Token, Transaction};

/// Where a block stands, which decides the number of the message for a bad code
/// (`spec/import.md` 11.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An import file: 12.
    File,
    /// A queue record or a numbered record of a dir-sync message: 13.
    Record,
}

const CONTINUATION: &str = "A, D, M, R, T, #, \"-\" for information or \"&\" for a token";
const COMMAND: &str = "A, D, M, R, T or #";

/// A block that still takes lines.
#[derive(Debug)]
pub(super) struct OpenBlock {
    code_page: CodePage,
    line: u64,
    /// Bytes of the first line, for a message about what is missing behind it.
    first_len: usize,
    /// `None` once the block is refused; the lines that follow are then skipped with it.
    transaction: Option<Transaction>,
    messages: Vec<Diagnostic>,
    /// What is refused here and understood elsewhere.
    loose: Loose,
    /// An unknown line was seen among the fields of T.
    spoiled: bool,
}

impl OpenBlock {
    /// Begins a block with a line of any kind but blank and comment. `column` is that of the
    /// line's first byte, from 1.
    pub(super) fn start(
        form: Form,
        line: u64,
        column: usize,
        text: &[u8],
        code_page: CodePage,
    ) -> Self {
        let mut block = Self::refused(line, None, code_page);
        block.first_len = column - 1 + text.len();
        match parse_command(form, text, code_page) {
            Ok(transaction) => block.transaction = Some(transaction),
            Err(error) => {
                if text.first() == Some(&b'M') {
                    block.loose.by_name = ByName::start(text, code_page).map(Box::new);
                }
                block.messages.push(Diagnostic::new(line, column, error));
            }
        }
        block
    }

    /// Begins a block without a transaction: the lines that continue it are skipped with it.
    pub(super) fn refused(line: u64, message: Option<Diagnostic>, code_page: CodePage) -> Self {
        Self {
            code_page,
            line,
            first_len: 0,
            transaction: None,
            messages: message.into_iter().collect(),
            loose: Loose::default(),
            spoiled: false,
        }
    }

    /// Returns the physical line of the first line.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Returns true when the lines that follow are skipped.
    pub(super) fn is_refused(&self) -> bool {
        self.transaction.is_none()
    }

    /// Takes a line that continues the block: neither blank nor comment nor a command.
    pub(super) fn add(&mut self, line: u64, kind: LineKind, text: &[u8]) {
        let code_page = self.code_page;
        let loose = &mut self.loose.info;
        let outcome = match &mut self.transaction {
            None => return self.add_by_name(line, kind, text),
            Some(Transaction::Template { .. }) if kind == LineKind::Indented && self.spoiled => {
                // The bad line, already reported, stood inside the template, and half a template
                // would destroy information.
                self.transaction = None;
                return;
            }
            Some(Transaction::Template { fields, .. }) if kind == LineKind::Indented => {
                add_field(fields, text, code_page)
            }
            Some(Transaction::Add {
                entry,
                info,
                tokens,
            }) => {
                let at = At {
                    line,
                    kind,
                    code_page,
                };
                add_setting(entry, (info, loose, tokens), text, at)
            }
            Some(Transaction::Modify {
                entry,
                new,
                info,
                tokens,
            }) => {
                if is_second_line(kind, text) {
                    let first = new.is_none() && info.is_empty() && tokens.is_empty();
                    second_line(first, text, code_page).map(|entry| {
                        *new = Some(entry);
                        None
                    })
                } else {
                    let entry = new.as_ref().unwrap_or(entry);
                    let at = At {
                        line,
                        kind,
                        code_page,
                    };
                    add_setting(entry, (info, loose, tokens), text, at)
                }
            }
            Some(_) => Err(unknown(text, CONTINUATION).into()),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(warning)) => self.messages.push(Diagnostic::new(line, 1, warning)),
            Err(Refusal { error, whole }) => {
                self.messages.push(Diagnostic::new(line, 1, error));
                self.spoiled = true;
                if whole {
                    self.transaction = None;
                }
            }
        }
    }

    /// Takes a line below an M that gives no address.
    fn add_by_name(&mut self, line: u64, kind: LineKind, text: &[u8]) {
        if let Some(by_name) = &mut self.loose.by_name {
            if !by_name.add(line, kind, text, self.code_page) {
                self.loose.by_name = None;
            }
        }
    }

    /// Reports a line that cannot be held, and refuses the block if it needs the line.
    pub(super) fn refuse_line(&mut self, kind: LineKind, message: Diagnostic) {
        let needed = match &self.transaction {
            None => {
                self.loose.by_name = None;
                return;
            }
            Some(Transaction::Template { .. } | Transaction::Modify { .. }) => {
                kind == LineKind::Indented
            }
            Some(_) => false,
        };
        self.messages.push(message);
        self.spoiled = true;
        if needed {
            self.transaction = None;
        }
    }

    /// Refuses the whole block.
    pub(super) fn refuse(&mut self, message: Diagnostic) {
        self.loose = Loose::default();
        if self.transaction.take().is_some() {
            self.messages.push(message);
        }
    }

    /// Ends the block.
    pub(super) fn finish(mut self) -> Finished {
        if let Some(Transaction::Template { fields, .. }) = &self.transaction {
            if fields.is_empty() {
                // An empty template would throw away the information of the whole list.
                self.transaction = None;
                // Where a bad line stands in place of the fields, its message says enough.
                if !self.spoiled {
                    self.messages.push(Diagnostic::at_end(
                        21,
                        self.line,
                        self.first_len,
                        "template fields in the lines below",
                    ));
                }
            }
        }
        if self.transaction.is_none() {
            self.loose.info.clear();
        }
        Finished {
            transaction: self.transaction,
            loose: self.loose,
            messages: self.messages,
        }
    }
}

/// A block that takes no more lines.
pub(super) struct Finished {
    pub(super) transaction: Option<Transaction>,
    pub(super) loose: Loose,
    pub(super) messages: Vec<Diagnostic>,
}

/// Where a line stands, and what it is.
struct At {
    line: u64,
    kind: LineKind,
    code_page: CodePage,
}

/// A line that was refused, and whether it takes the block with it.
pub(super) struct Refusal {
    error: AddressError,
    whole: bool,
}

impl From<AddressError> for Refusal {
    fn from(error: AddressError) -> Self {
        Self {
            error,
            whole: false,
        }
    }
}

fn whole(error: AddressError) -> Refusal {
    Refusal { error, whole: true }
}

fn parse_command(
    form: Form,
    text: &[u8],
    code_page: CodePage,
) -> Result<Transaction, AddressError> {
    match text.first() {
        Some(b'A') => Ok(Transaction::Add {
            entry: line::entry(text, code_page)?,
            info: Vec::new(),
            tokens: Vec::new(),
        }),
        Some(b'D') => Ok(Transaction::Delete {
            entry: line::entry(text, code_page)?,
        }),
        Some(b'M') => Ok(Transaction::Modify {
            entry: line::entry(text, code_page)?,
            new: None,
            info: Vec::new(),
            tokens: Vec::new(),
        }),
        Some(b'R') => Ok(Transaction::Replace {
            list: line::list(text, code_page)?,
        }),
        Some(b'T') => Ok(Transaction::Template {
            list: line::template_list(text, code_page)?,
            fields: Vec::new(),
        }),
        _ => {
            let mut error = unknown(text, COMMAND);
            if form == Form::Record {
                error.number = 13;
            }
            Err(error)
        }
    }
}

/// Message 12.
pub(super) fn unknown(text: &[u8], expected: &'static str) -> AddressError {
    match text.first() {
        Some(&byte) => AddressError {
            number: 12,
            offset: 0,
            found: quote_byte(byte),
            expected,
        },
        None => AddressError::at_end(12, 0, expected),
    }
}

/// Message 12 for a line that continues something where nothing is open.
pub(super) fn orphan(line: u64, text: &[u8]) -> Diagnostic {
    Diagnostic::new(line, 1, unknown(text, COMMAND))
}

/// Returns true for what M takes for its second line: indented, but no indented information line
/// (Q152424, Q159308). A TAB in column 1 is one that was typed wrongly.
fn is_second_line(kind: LineKind, text: &[u8]) -> bool {
    (kind == LineKind::Indented && text.get(1) != Some(&b'-')) || text.first() == Some(&b'\t')
}

pub(super) fn second_line(first: bool, text: &[u8], code_page: CodePage) -> Result<Entry, Refusal> {
    if text.first() != Some(&b' ') {
        return Err(whole(unknown(text, "a blank before the new name")));
    }
    if !first {
        return Err(whole(unknown(
            text,
            "the new name and address directly below M, once",
        )));
    }
    line::entry(text, code_page).map_err(whole)
}

fn add_field(
    fields: &mut Vec<TemplateField>,
    text: &[u8],
    code_page: CodePage,
) -> Result<Option<AddressError>, Refusal> {
    if fields.len() == MAX_TEMPLATE_FIELDS {
        return Err(whole(AddressError {
            number: 21,
            offset: 0,
            found: "one field more".to_owned(),
            expected: "at most 256 fields",
        }));
    }
    fields.push(TemplateField::parse(&text[1..], code_page).map_err(|e| whole(e.shifted(1)))?);
    Ok(None)
}

/// Takes an information line or a token of A or M.
fn add_setting(
    entry: &Entry,
    (info, loose, tokens): (&mut Vec<InfoLine>, &mut Vec<LooseInfo>, &mut Vec<Token>),
    text: &[u8],
    at: At,
) -> Result<Option<AddressError>, Refusal> {
    let At {
        line,
        kind,
        code_page,
    } = at;
    let hyphen = match kind {
        LineKind::Info => 0,
        LineKind::Indented if text.get(1) == Some(&b'-') => 1,
        LineKind::Token => {
            let (token, warning) = line::token(text, code_page)?;
            tokens.push(token.at_line(line));
            return Ok(warning);
        }
        _ => return Err(unknown(text, CONTINUATION).into()),
    };
    let address_type = entry.address().kind();
    if !address_type.has_templates() {
        return Err(line::no_templates(hyphen, address_type).into());
    }
    match line::info(text, hyphen) {
        Ok(read) => info.push(read.at_line(line)),
        Err(error) => {
            if error.number == 22 {
                loose.push(LooseInfo::new(text, hyphen, line));
            }
            return Err(error.into());
        }
    }
    Ok(None)
}
