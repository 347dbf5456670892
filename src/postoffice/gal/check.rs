//! What the records of the lists must hold: a damaged one must not take names out of the global list.

use crate::codec::{
    AliasKind, CodecError, FixedText, GalTids, NmeRecord, Record, RecordReader, RecordState,
    UsrRecord, record_count,
};
use crate::postoffice::{Postoffice, PostofficeError, layout};

/// Tells whether a record of a `.USR` is in use.
///
/// # Errors
/// It is neither a whole record in use nor a deleted one.
pub(super) fn is_in_use(record: &UsrRecord) -> Result<bool, CodecError> {
    match record.state {
        // A deleted record keeps its name; nothing but zeroes is a file that was never written.
        RecordState::Deleted if !record.name.is_empty() => return Ok(false),
        RecordState::Deleted => {
            let expected = "the name of a deleted entry";
            return Err(CodecError::field(2, "name", "nothing", expected));
        }
        RecordState::Active => {}
        RecordState::Other(state) => {
            return Err(CodecError::field(0, "state", state, "0 or 1"));
        }
    }
    name(&record.name)?;
    if record.mailbox.is_empty() {
        return Err(CodecError::field(33, "mailbox", "nothing", "a mailbox"));
    }
    Ok(true)
}

/// Everything but an entry for somebody elsewhere: users, whatever their code (it was never published), and groups.
pub(super) fn is_local(record: &NmeRecord) -> bool {
    record.kind != AliasKind::External
}

/// Reads ADMIN.NME.
///
/// # Errors
/// It is missing, empty (the original ended without a word, Q119018) or damaged.
pub(super) fn read_own(po: &Postoffice) -> Result<Vec<NmeRecord>, PostofficeError> {
    let damaged = |error| po.damaged(&layout::ADMIN_NME, error);
    let bytes = po.read(&layout::ADMIN_NME)?;
    if bytes.is_empty() {
        let error = CodecError::field(0, "size", "0 bytes", "at least one entry");
        return Err(damaged(error));
    }
    record_count(bytes.len() as u64, 0, NmeRecord::LEN).map_err(damaged)?;
    let mut own = Vec::with_capacity(bytes.len() / NmeRecord::LEN);
    for (number, record) in RecordReader::<_, NmeRecord>::new(&bytes[..], 0).enumerate() {
        let record = record.map_err(damaged)?;
        let check = name(&record.name).and_then(|()| tid(&record));
        check.map_err(|error| {
            let at = (number * NmeRecord::LEN) as u64;
            damaged(error.in_record(number as u64 + 1, at))
        })?;
        own.push(record);
    }
    Ok(own)
}

/// A name is text with a NUL behind it.
pub(super) fn name(name: &FixedText<31>) -> Result<(), CodecError> {
    if name.is_empty() {
        return Err(CodecError::field(2, "name", "nothing", "a name"));
    }
    if name.as_bytes().len() > FixedText::<31>::MAX {
        let expected = "a NUL behind at most 30";
        return Err(CodecError::field(2, "name", "31 bytes of text", expected));
    }
    Ok(())
}

/// The TIDs of the postoffice itself are below those of the global list.
fn tid(record: &NmeRecord) -> Result<(), CodecError> {
    if is_local(record) && record.tid >= GalTids::FIRST {
        let found = format!("{:#010X}", record.tid);
        let expected = format!(
            "below {:#010X}, where the global list begins",
            GalTids::FIRST
        );
        return Err(CodecError::field(33, "tid", found, expected));
    }
    Ok(())
}
