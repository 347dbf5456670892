//! What import text refuses and a directory still understands (`spec/exchange.md` DX-19, DX-22).
//!
//! The readers report such lines as wrong, as they always did, and give them along for those who know more: which entries
//! have a name, and which prompts are declared.

use super::Diagnostic;
use super::block::second_line;
use super::line::{self, LineKind};
use crate::codec::codepage::CodePage;
use crate::transaction::{Entry, InfoLine};

/// What a block says that no transaction has room for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loose {
    /// The block is an M that gives no address.
    pub by_name: Option<Box<ByName>>,
    /// Information lines that the transaction lacks, since their prompt does not end (22).
    pub info: Vec<LooseInfo>,
}

/// An information line without a slash that stands alone, such as `Prompt//data`: only who knows the prompt can tell where
/// it ends.
#[derive(Clone, PartialEq, Eq)]
pub struct LooseInfo {
    /// Its text behind the hyphen and one blank, slashes as they are.
    pub text: Box<[u8]>,
    /// The physical line it was read from, from 1.
    pub line: u64,
}

/// What a transaction does not hold of the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Information lines whose prompt does not end.
    pub info: Vec<LooseInfo>,
    /// What is wrong with every line that is left out, those among them.
    pub messages: Vec<Diagnostic>,
}

/// M with a name and nothing else on its line, as the manual prints it (Q152424).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName {
    name: Box<[u8]>,
    /// Name and address that the entry is to have.
    pub new: Option<Entry>,
    /// Its template information.
    pub info: Vec<InfoLine>,
    /// Lines below the first that are in neither.
    pub left_out: LeftOut,
}

impl LooseInfo {
    /// Keeps a line whose hyphen stands at `hyphen`.
    pub(super) fn new(text: &[u8], hyphen: usize, line: u64) -> Self {
        let text = &text[hyphen + 1..];
        let text = match text.first() {
            Some(b' ' | b'\t') => &text[1..],
            _ => text,
        };
        Self {
            text: text.into(),
            line,
        }
    }
}

impl std::fmt::Debug for LooseInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.line, self.text.escape_ascii())
    }
}

impl ByName {
    /// Reads an M line that ends behind the name; `None` for every other line.
    pub(super) fn start(text: &[u8], code_page: CodePage) -> Option<Self> {
        let name = line::lone_name(text, code_page)?;
        Some(Self {
            name: name.into(),
            new: None,
            info: Vec::new(),
            left_out: LeftOut::default(),
        })
    }

    /// Returns the name, without its padding.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Takes a line that continues it; false where the line refuses the whole.
    pub(super) fn add(
        &mut self,
        line: u64,
        kind: LineKind,
        text: &[u8],
        code_page: CodePage,
    ) -> bool {
        let LeftOut {
            info: loose,
            messages,
        } = &mut self.left_out;
        let hyphen = match kind {
            LineKind::Info => 0,
            LineKind::Indented if text.get(1) == Some(&b'-') => 1,
            LineKind::Indented => {
                let is_first = self.new.is_none() && self.info.is_empty() && loose.is_empty();
                self.new = second_line(is_first, text, code_page).ok();
                return self.new.is_some();
            }
            _ => {
                let error = super::block::unknown(text, "\"-\" for information");
                messages.push(Diagnostic::new(line, 1, error));
                return true;
            }
        };
        match line::info(text, hyphen) {
            Ok(info) => self.info.push(info.at_line(line)),
            Err(error) => {
                if error.number == 22 {
                    loose.push(LooseInfo::new(text, hyphen, line));
                }
                messages.push(Diagnostic::new(line, 1, error));
            }
        }
        true
    }
}
