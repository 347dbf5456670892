//! On-disk structures: bytes in, values out, and back. No paths, no clock, no other layer.
//!
//! One file per structure. Every layout is documented once, in a table on its type, with a status
//! per field: *published* (an article states it), *derived* (follows from published facts) or
//! *ours* (nobody published it; this project chose it). See `spec/files.md`.

pub mod checksum;
pub mod codepage;
pub mod counters;
pub mod master;
pub mod process;
pub mod queue;
pub mod reqconf;
pub mod resync;
pub mod srvconf;
pub mod stamps;
pub mod sync_number;
pub mod timestamp;

mod error;
mod field;
mod hextext;
mod input;
mod layout;
mod mark;
mod opaque;
mod record;
mod state;
mod table;

pub mod access;
pub mod folder;
pub mod galindex;
pub mod galnetpo;
pub mod gateway;
pub mod group;
pub mod grp;
pub mod grpmem;
pub mod ids;
pub mod mai;
pub mod mailbag;
pub mod mem;
pub mod misc;
pub mod msgfile;
pub mod netpo;
pub mod network;
pub mod nme;
pub mod own;
pub mod sizes;
pub mod template;
pub mod usr;
pub mod xtn;

pub use access::{Access2Record, Access3Record, AccessFlags, AccessRecord, is_mailbox_byte};
pub use counters::{Control, Flag, RnetSem, SerialNo, Tid};
pub use error::CodecError;
pub use field::{FixedText, HexId, TextTooLong};
pub use galindex::{GalIndexEntry, GalIndexHeader, WordIndex};
pub use galnetpo::{GalStamp, GalTids, GalnetpoHeader, GalnetpoTable, GatewayAddress};
pub use gateway::{GatewayFile, GatewayReader, GatewayRecord, GatewayView, MAX_GATEWAY_ADDRESS};
pub use group::{GroupRecord, GroupTable};
pub use grp::{GrpMember, GrpTable};
pub use grpmem::{GrpMemRecord, GrpMemTable};
pub use hextext::HexText;
pub use ids::{Fingerprint, IdsFile, TakenMail};
pub use mailbag::{KeyFile, MbgRecord};
pub use master::{GatewayWord, Master};
pub use mem::MemFile;
pub use netpo::{NetpoRecord, NetpoTable};
pub use network::{NetworkKind, NetworkRecord};
pub use nme::NmeRecord;
pub use opaque::Opaque;
pub use own::OwnFile;
pub use process::{ProcessEntry, ProcessFile, ProcessKind};
pub use record::{Record, RecordReader, RecordWriter, record_count};
pub use reqconf::{QueuePointers, ReqConf, ReqOptions};
pub use srvconf::{RequestorFlags, RequestorRecord, SrvConf, SrvConfHeader};
pub use state::{AliasKind, RecordState};
pub use table::Table;
pub use template::{InfLayout, Template, TemplateField};
pub use usr::UsrRecord;
pub use xtn::{RouteKind, XtnRecord};
