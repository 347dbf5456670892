//! Templates: which details a list keeps about its entries (`TPL/<hexid>.TPL`), and the details (`INF/<hexid>.INF`).
//!
//! The record of the `.INF` follows from the `.TPL`; so both change together (Q87432, Q105124).

mod inf;
mod tpl;

pub use inf::{InfLayout, InfReader, InfWriter};
pub use tpl::{MAX_FIELDS, MAX_INF_RECORD_LEN, Template, TemplateField};
