//! Reads a text of any length, block by block.

use std::io::{self, BufRead};

use super::Diagnostic;
use super::block::{Finished, Form, OpenBlock, orphan};
use super::line::LineKind;
use super::lines::{Lines, MAX_LINE_LEN};
use super::loose::Loose;
use super::numbered;
use crate::codec::codepage::CodePage;
use crate::transaction::Transaction;

/// Lines that may continue one block: a template of 256 fields fits four times.
pub const MAX_BLOCK_LINES: usize = 1024;

/// One transaction, or what was meant to be one, with the lines that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Physical line of the first line, from 1.
    pub line: u64,
    /// Sync number of a numbered record of a dir-sync message; `None` in an import file.
    pub sync: Option<u32>,
    /// The lines as read, with their ends, without blank lines and comments: what the `-l` log
    /// repeats. Lines beyond [`MAX_LINE_LEN`] or [`MAX_BLOCK_LINES`] are left out.
    pub raw: Vec<u8>,
    /// The transaction; `None` when the block is refused, or is a numbered comment.
    pub transaction: Option<Transaction>,
    /// What was refused in it and may be understood elsewhere.
    pub loose: Loose,
    /// What is wrong in it, in the order of the lines. There may be messages beside a transaction:
    /// a bad information line does not refuse its entry.
    pub messages: Vec<Diagnostic>,
}

/// Iterates over the blocks of an import text in constant memory.
///
/// Yields an error when the input cannot be read, and then ends: such a text was not read whole.
/// 0x1A ends the text like the end of the input.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    code_page: CodePage,
    numbered: bool,
    /// The line in `lines` begins the next block.
    pending: bool,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads an import file.
    #[must_use]
    pub fn new(input: R, code_page: CodePage) -> Self {
        Self {
            lines: Lines::new(input, 0),
            code_page,
            numbered: false,
            pending: false,
            done: false,
        }
    }

    /// Reads the records of a dir-sync message, from behind the line
    /// `[DIRSYNC-TRANSACTIONS]` on: each first line has a sync number before its code
    /// (`spec/protocol.md` 6.2). `lines_before` counts the lines already taken from the input.
    #[must_use]
    pub fn numbered(input: R, code_page: CodePage, lines_before: u64) -> Self {
        Self {
            lines: Lines::new(input, lines_before),
            code_page,
            numbered: true,
            pending: false,
            done: false,
        }
    }

    /// Returns the number of the last line read.
    #[must_use]
    pub fn line_count(&self) -> u64 {
        self.lines.number()
    }

    fn next_block(&mut self) -> io::Result<Option<Block>> {
        let mut open: Option<Pending> = None;
        loop {
            if !std::mem::take(&mut self.pending) && !self.lines.advance()? {
                return Ok(open.map(Pending::close));
            }
            let kind = self.kind();
            match kind {
                LineKind::Blank | LineKind::Comment => continue,
                _ => {}
            }
            let Some(block) = &mut open else {
                if matches!(kind, LineKind::Indented | LineKind::Info | LineKind::Token) {
                    return Ok(Some(self.orphan()));
                }
                open = Some(self.start());
                continue;
            };
            if block.is_ended_by(kind) {
                self.pending = true;
                return Ok(open.map(Pending::close));
            }
            block.add(kind, &self.lines);
        }
    }

    fn kind(&self) -> LineKind {
        match self.lines.text().first() {
            Some(first) if self.numbered && first.is_ascii_digit() => LineKind::Command,
            _ => self.lines.kind(),
        }
    }

    /// Begins a block with the current line.
    fn start(&self) -> Pending {
        let lines = &self.lines;
        let (line, code_page) = (lines.number(), self.code_page);
        let (sync, block) = if let Some(message) = lines.too_long() {
            (None, OpenBlock::refused(line, Some(message), code_page))
        } else if self.numbered {
            numbered::start(line, lines.text(), code_page)
        } else {
            let block = OpenBlock::start(Form::File, line, 1, lines.text(), code_page);
            (None, block)
        };
        Pending {
            block,
            sync,
            raw: lines.raw().to_vec(),
            line_count: 0,
        }
    }

    /// Reports a line that continues something where nothing is open.
    fn orphan(&self) -> Block {
        let lines = &self.lines;
        let message = lines
            .too_long()
            .unwrap_or_else(|| orphan(lines.number(), lines.text()));
        Block {
            line: lines.number(),
            sync: None,
            raw: lines.raw().to_vec(),
            transaction: None,
            loose: Loose::default(),
            messages: vec![message],
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = io::Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_block().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// A block that is being read.
struct Pending {
    block: OpenBlock,
    sync: Option<u32>,
    raw: Vec<u8>,
    line_count: usize,
}

impl Pending {
    /// Returns true for a line that is no part of this block. Unknown lines are part of one that
    /// stands, so that what follows them still finds it; an endless run of them must not refuse it.
    fn is_ended_by(&self, kind: LineKind) -> bool {
        match kind {
            LineKind::Command | LineKind::UnknownCommand => true,
            LineKind::Unknown => self.block.is_refused() || self.line_count >= MAX_BLOCK_LINES,
            _ => false,
        }
    }

    fn add<R: BufRead>(&mut self, kind: LineKind, lines: &Lines<R>) {
        self.line_count += 1;
        if let Some(message) = lines.too_long() {
            self.block.refuse_line(kind, message);
        } else if self.line_count > MAX_BLOCK_LINES
            || self.raw.len() + lines.raw().len() > MAX_LINE_LEN
        {
            self.block.refuse(Diagnostic {
                number: 21,
                line: lines.number(),
                column: 1,
                found: "one line more".into(),
                expected: "at most 1024 lines and 1048576 bytes in a transaction",
            });
        } else {
            self.raw.extend_from_slice(lines.raw());
            self.block.add(lines.number(), kind, lines.text());
        }
    }

    fn close(self) -> Block {
        let line = self.block.line();
        let Finished {
            transaction,
            loose,
            messages,
        } = self.block.finish();
        Block {
            line,
            sync: self.sync,
            raw: self.raw,
            transaction,
            loose,
            messages,
        }
    }
}

#[cfg(test)]
mod tests;
