//! What applying the queue or a resync file changes beside the lists: queues, numbers, RESYNC.GLB.

use std::fs::File as FsFile;
use std::io::{self, BufReader};

use crate::address::AddressType;
use crate::codec::master::GatewayWord;
use crate::codec::queue::{Framed, QueueRecord, QueueWriter, RecordKind};
use crate::codec::reqconf::{QueuePointers, ReqConf};
use crate::codec::resync::{ResyncHeader, ResyncReader};
use crate::codec::timestamp::Timestamp;
use crate::messages::{Message, Severity};
use crate::plan::Fingerprint;
use crate::postoffice::log::LogLine;
use crate::postoffice::places::gateway_bit;
use crate::postoffice::{File, Postoffice, PostofficeError, layout};
use crate::probe::layout::Layout;
use crate::protocol::requestor::{Requestor, resynced};
use crate::protocol::sync::Stamp;
use crate::tools::exit::ToolError;
use crate::tools::framed;
use crate::tools::pass::{Effects, State};
use crate::tools::session::Session;

use super::FRAMING;

/// What is applied, as far as it says what changes beside the lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'s> {
    /// Header of the resync file, where there is one.
    pub(super) header: Option<&'s ResyncHeader>,
    /// How its records lie, where they are not ours.
    pub(super) framing: Option<&'s Layout>,
    /// Damaged queue files that are kept.
    pub(super) damaged: &'s [(File, Vec<u8>)],
}

/// Works out what changes beside the lists.
pub(super) fn effects(
    session: &Session,
    state: &State,
    source: &Source<'_>,
    messages: &mut Vec<LogLine>,
) -> Result<Effects, ToolError> {
    let po = &session.po;
    let mut effects = Effects {
        replace: source.damaged.to_vec(),
        ..Effects::default()
    };
    for file in [
        layout::SRVTRANS,
        layout::USRTRANS,
        layout::NMETRANS,
        layout::GWTRANS,
    ] {
        if po.layout().len(&file)?.is_some_and(|len| len > 0) {
            effects.replace.push((file, Vec::new()));
        }
    }
    if let Some(header) = source.header {
        let applied = applied_resync(po, header, source.framing, messages)?;
        effects.remove.extend(applied);
    }
    let mut config = state.config.clone();
    config.pointers = QueuePointers::RESET;
    if let Some(header) = source.header {
        let now = Timestamp::from_jiff(session.clock.now()).unwrap_or_default();
        let numbers = (header.req_sync, header.srv_sync, header.import_sync);
        let stamp = Stamp(header.stamp);
        resynced(&Requestor::from_config(&state.config), numbers, stamp).put(&mut config);
        config.last_import = now;
        effects.replace.push(renumbered(
            po,
            (state.config.req_sync.0, header.req_sync.0),
            now,
            messages,
        )?);
    }
    if config != state.config {
        effects.config = Some(config);
    }
    Ok(effects)
}

/// Returns RESYNC.GLB where it is the file that is applied, wherever that was read from: then it has done its work.
/// Another one waits for its own run.
fn applied_resync(
    po: &Postoffice,
    header: &ResyncHeader,
    framing: Option<&Layout>,
    messages: &mut Vec<LogLine>,
) -> Result<Option<File>, PostofficeError> {
    let Some(waiting) = po.layout().open_file(&layout::RESYNC)? else {
        return Ok(None);
    };
    let is_it = |waiting: io::Result<FsFile>| {
        let reader = waiting.map(|waiting| ResyncReader::new(BufReader::new(waiting), &FRAMING));
        matches!(reader, Ok(Ok(reader)) if reader.header() == header)
    };
    let path = po.layout().path(&layout::RESYNC)?;
    if is_it(Ok(waiting)) || framing.is_some() && is_it(framed::open(&path, framing)) {
        return Ok(Some(layout::RESYNC));
    }
    messages.push(LogLine::text(
        Severity::Warning,
        "GLB/RESYNC.GLB is not the file that is applied: it stays, and the next import -q takes it",
    ));
    Ok(None)
}

/// Returns REQTRANS.GLB with its waiting transactions renumbered above the new ReqSync, so that they are
/// still sent (Q119452: under the original they were lost), or with the one record that keeps the number.
fn renumbered(
    po: &Postoffice,
    (old, req_sync): (u32, u32),
    now: Timestamp,
    messages: &mut Vec<LogLine>,
) -> Result<(File, Vec<u8>), PostofficeError> {
    let file = layout::REQTRANS;
    let mut output = QueueWriter::new(Vec::new(), &FRAMING);
    let unstorable =
        |e: &dyn std::fmt::Display| PostofficeError::Unstorable(format!("REQTRANS.GLB: {e}"));
    let mut next = req_sync;
    let mut moved = false;
    if let Some(mut queue) = po.open_queue(&file, &FRAMING)? {
        let mut framed = Framed::default();
        while queue
            .read(&mut framed)
            .map_err(|e| po.damaged_queue(&file, e))?
        {
            if let Some(error) = framed.checksum_error() {
                return Err(po.damaged_queue(&file, error));
            }
            let is_waiting = framed.record.kind == RecordKind::Transaction
                && framed.record.text.first() != Some(&b'#')
                && framed.record.sync > old;
            if is_waiting {
                next = next
                    .checked_add(1)
                    .ok_or_else(|| unstorable(&"no number is left"))?;
                moved |= framed.record.sync != next;
                framed.record.sync = next;
                output.write(&framed.record).map_err(|e| unstorable(&e))?;
            }
        }
    } else {
        let message = Message::new(2, file.stem()).with_severity(Severity::Warning);
        messages.push(message.into());
    }
    let count = next - req_sync;
    if count == 0 {
        output
            .write(&QueueRecord::dummy(now, req_sync))
            .map_err(|e| unstorable(&e))?;
    } else if moved {
        let text = format!(
            "{count} transactions waiting in REQTRANS are renumbered {} to {next}, above the new ReqSync {req_sync}",
            req_sync + 1
        );
        messages.push(LogLine::status(text));
    }
    let (bytes, _) = output.finish().map_err(|e| unstorable(&e))?;
    Ok((file, bytes))
}

/// Returns the families of addresses that the requestor asks for; `None` where it has never chosen.
pub(super) fn wanted_families(config: &ReqConf) -> Option<Vec<AddressType>> {
    if config.types == 0 {
        return None;
    }
    let types = GatewayWord(u16::try_from(config.types & 0xffff).unwrap_or_default());
    let known = AddressType::ALL
        .into_iter()
        .filter(|kind| kind.family() == *kind);
    let mut families: Vec<_> = known
        .filter(|kind| types.contains(gateway_bit(*kind)))
        .collect();
    if !families.contains(&AddressType::Pcm) {
        families.push(AddressType::Pcm);
    }
    Some(families)
}

/// Everything a saved plan rests on: where one of these has moved, it no longer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMark {
    /// Name of each thing with what it was.
    pub parts: Vec<(String, Fingerprint)>,
}

impl StateMark {
    /// Takes the marks of the files that a resync rests on beside the lists themselves.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn take(po: &Postoffice) -> Result<Self, PostofficeError> {
        let files = [
            layout::REQCONF,
            layout::REQTRANS,
            layout::SRVTRANS,
            layout::NETWORK,
            layout::ADMIN_NME,
            layout::NETPO,
            layout::DIRSYNC_OWN,
        ];
        let mut parts = Vec::new();
        for file in files {
            let bytes = po.read_optional(&file)?.unwrap_or_default();
            parts.push((
                file.to_string(),
                crate::postoffice::lists::fingerprint(&bytes),
            ));
        }
        Ok(Self { parts })
    }
}
