//! Import text: the lines that people, foreign systems and `import -x` write
//! (`spec/import.md` sections 3 and 4.1), and the same lines inside queue records.
//!
//! [`Reader`] takes a file of any length in constant memory, block by block: a block is one
//! transaction with the lines that belong to it. A line that is wrong is reported with its number,
//! column, what was found and what was expected; it never hides its neighbours.
//!
//! Where the grammar leaves a choice, this reader:
//!
//! - skips blank lines and comments everywhere, also inside a block;
//! - refuses with a line that fails the lines that continue it, without further messages;
//! - takes an unknown character in column 1 for a bad command when a blank follows it or it is a
//!   letter or digit, so that the next information line is not given to the wrong entry, and
//!   otherwise for a bad continuation line;
//! - leaves the entry standing when one of its information lines or tokens is bad, and refuses the
//!   whole of T and of M when a field or the second line is bad.

mod block;
mod diagnostic;
mod json;
mod line;
mod lines;
mod loose;
mod numbered;
mod queue_text;
mod reader;
#[cfg(test)]
mod strategies;
mod writer;

pub use diagnostic::Diagnostic;
pub use json::{message_json, transaction_json};
pub use line::{check_tokens, name_on_line, parse_info};
pub(crate) use lines::Lines;
pub use lines::MAX_LINE_LEN;
pub use loose::{ByName, LeftOut, Loose, LooseInfo};
pub use queue_text::QueueText;
pub(crate) use queue_text::plain_add;
pub use reader::{Block, MAX_BLOCK_LINES, Reader};
pub use writer::Writer;
pub(crate) use writer::push_columns;
