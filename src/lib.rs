//! Directory synchronization for Microsoft Mail postoffices: the original utilities rebuilt, with nothing dropped in
//! silence and no run half done.
//!
//! # The system on a page
//!
//! Every postoffice owns the names of its own users. A *requestor* sends what changed in them to the *dir-sync
//! server* of its organization (T1), the server collects and sends to each what it lacks (T2), and the requestor
//! brings it into its address lists (T3). Three kinds of numbers say who has what: how many transactions of a
//! requestor the server has confirmed ([`ReqSync`]), up to which of the server's a requestor has got ([`SrvSync`]),
//! and which full list it took last ([`ImportSync`]). Who fell out of step gets a full list: a *resync*.
//!
//! An arrow means "may use":
//!
//! ```text
//! src/bin/*  ->  tools  ->  diagnosis   what is wrong with a postoffice, and what mends it
//!                       ->  protocol    what is decided: numbers, messages; no clock, no files
//!                       ->  plan        what a run would change, before anything is written
//!                       ->  postoffice  one postoffice on disk: files, locks, batches, logs
//!                       ->  directory   an LDAP directory as address lists
//! diagnosis  ->  protocol, postoffice
//! directory  ->  plan
//! protocol, plan, postoffice, directory  ->  importfile, transaction, list, address, messages, codec
//! ```
//!
//! - [`codec`] has one file per structure on disk, with its layout in a table: bytes in, values out, and back.
//! - [`address`], [`transaction`] and [`list`] are the values that all layers speak of; [`importfile`] reads and writes
//!   them as import text.
//! - [`messages`] holds the numbered messages of the original programs.
//! - [`plan`] merges transactions into lists without touching a file, counts what happens to every entry, and stops
//!   what looks like a mass deletion by accident.
//! - [`postoffice`] knows names, places and locks, and changes files only by a
//!   [`Batch`](postoffice::Batch): all of them or none, also when the power fails.
//! - [`protocol`] judges what comes from elsewhere.
//! - [`directory`] turns transactions into entries of an LDAP directory and back, decides what a list makes of a container
//!   and what the other side lacks, and remembers what it was sent; it also speaks LDAP and LDIF.
//! - [`diagnosis`] examines a postoffice in whatever state it is, and repairs what loses nothing by it.
//! - [`probe`] reads queue files whose framing nobody published: it finds the transactions by their text and infers the
//!   rest.
//! - [`tools`] has a module for each program; a binary is one call into it.
//!
//! Three rules decide most questions. *Nothing in silence*: every entry that was read ends in one outcome, and the
//! counts add up. *All or nothing*: files, mail and numbers change together. *Decide, then do*: a dry run is the same
//! plan, not carried out.
//!
//! # Example
//!
//! A line of import text has the name in columns 3 to 32 and the address from column 34 on; in a queue, a TAB parts
//! them.
//!
//! ```
//! use dirsync::codec::codepage::CodePage;
//! use dirsync::importfile::Reader;
//!
//! # fn main() -> std::io::Result<()> {
//! let text = b"A PO1 User One                   PCM:NET1/PO1/one1\r\n";
//! for block in Reader::new(&text[..], CodePage::Cp850) {
//!     let block = block?;
//!     assert!(block.messages.is_empty());
//!     let transaction = block.transaction.expect("a line without a message is a transaction");
//!     let queued = CodePage::Cp850.decode(&transaction.encode_queue_text());
//!     println!("line {}: {queued}", block.line);
//!     assert_eq!(queued, "A PO1 User One\tPCM:NET1/PO1/one1");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`ReqSync`]: codec::sync_number::ReqSync
//! [`SrvSync`]: codec::sync_number::SrvSync
//! [`ImportSync`]: codec::sync_number::ImportSync

pub mod address;
pub mod codec;
pub mod diagnosis;
pub mod directory;
pub mod importfile;
pub mod list;
pub mod messages;
pub mod plan;
pub mod postoffice;
pub mod probe;
pub mod protocol;
pub mod tools;
pub mod transaction;
