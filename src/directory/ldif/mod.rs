//! LDIF (RFC 2849; `spec/exchange.md` LD-16): records read and written, and a file as a list. Bytes in, values out; no
//! path and no directory server is known here.
//!
//! - [`Reader`] takes a file of any length, record by record, in memory bounded by one record.
//! - [`ListReader`] reads a content file as a list: the container first, as [`ContainerRecord`], then as many entries
//!   as it declares.
//! - [`Writer`] writes records, and [`write_list`] a whole list such that two exports of one state are the same bytes.
//!
//! # What the reader accepts
//!
//! A file is *content* (entries) or *changes* (`changetype:`), decided by its first record; a record of the other kind
//! is refused. Beyond the grammar this reader takes what is seen in the wild and has one meaning only: a file without
//! `version:` (slapcat, and what slapadd needs), a byte order mark in front, UTF-8 that is not in base64, more than one
//! CR before LF (a gateway of Exchange wrote them, Q159294).
//!
//! It refuses:
//!
//! - values given as URL (`attr:< file:///..`): the file is never opened (Q261283);
//! - `control:` lines: a control changes what its record does (a tree delete, for instance), nothing here acts on one,
//!   and a record must not be taken without it;
//! - `dn:` and `changetype:` inside a record: the empty line before them is lost, and two entries would become one;
//! - a last line without its end: it may be the beginning of a longer one.
//!
//! # What a cut file looks like
//!
//! Whatever ends too early has the reason `list-incomplete`, and so has a list with more or fewer entries than its
//! container declares; everything else that is wrong is `list-damaged`. A cut exactly behind a line of the *last*
//! record leaves a file that is right in itself. Only the empty line that every common writer puts behind each record,
//! this one too, is missing then: [`Reader::is_closed`] tells.

mod container;
mod error;
mod head;
mod line;
mod lines;
mod list;
mod order;
mod reader;
mod record;
mod writer;

pub use container::ContainerRecord;
pub use error::LdifError;
pub use head::{begins, first_line};
pub use list::{List, ListReader, write_list};
pub use reader::{MAX_ATTRIBUTES, MAX_RECORD_LEN, Reader};
pub use record::{Located, Record};
pub use writer::{VersionLine, Writer};
