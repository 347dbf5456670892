//! What a server answers from: its master list, and its own lists, of which that of its own users is given as it is now,
//! ahead of what still comes (`spec/protocol.md` 4.4).

use crate::address::AddressType;
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, RecordKind};
use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::postoffice::master_list::MasterList;
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::protocol::requestor::Requestor;
use crate::protocol::server::{Master, Server, is_ahead, own_applied, own_stamp};
use crate::transaction::{ListName, Transaction};

/// The list of the users of a postoffice, as transactions name it.
#[derive(Debug)]
pub struct OwnList {
    name: ListName,
    code_page: CodePage,
}

impl OwnList {
    /// Returns that of a postoffice.
    #[must_use]
    pub fn of(po: &Postoffice) -> Self {
        Self {
            name: ListName::new(AddressType::Pcm, Some(po.name().clone())),
            code_page: po.code_page(),
        }
    }

    /// Tells of the text of a transaction whether it is for this list; then whether it is an R of it.
    #[must_use]
    pub fn replaces(&self, text: &[u8]) -> Option<bool> {
        let decoded = Transaction::decode_queue_text(text, self.code_page).ok()?;
        let transaction = decoded.transaction;
        let is_own = transaction.list().is_same(&self.name, self.code_page);
        is_own.then_some(matches!(transaction, Transaction::Replace { .. }))
    }

    /// Tells of each transaction for this list that waits in REQTRANS above a number whether it is an R. A queue that is
    /// damaged is the concern of T1; what could be read of it counts.
    fn waiting(&self, po: &Postoffice, taken: ReqSync) -> Result<Vec<bool>, PostofficeError> {
        let mut found = Vec::new();
        let Some(mut queue) = po.open_queue(&layout::REQTRANS, &Framing::OURS)? else {
            return Ok(found);
        };
        let mut framed = Framed::default();
        while let Ok(true) = queue.read(&mut framed) {
            let record = &framed.record;
            if record.kind == RecordKind::Transaction && record.sync > taken.0 {
                found.extend(self.replaces(&record.text));
            }
        }
        Ok(found)
    }
}

/// Reads what the server answers from; a master list that is missing counts as empty. `taken` is the last number taken from its own postoffice as a requestor.
///
/// # Errors
/// A file cannot be read.
pub fn master(
    po: &Postoffice,
    server: &Server,
    list: Option<&MasterList<'_>>,
    taken: ReqSync,
) -> Result<Master, PostofficeError> {
    let after_all = SrvSync(server.sync.0.saturating_add(1));
    let first = list.and_then(MasterList::first);
    let own = po.requestor_config()?;
    let waiting = OwnList::of(po).waiting(po, taken)?;
    Ok(Master {
        low: first.map_or(after_all, |(first, _)| first),
        applied: own_applied(own.srv_sync, po.first_pending()?, server.sync),
        own_stamp: own_stamp(&Requestor::from_config(&own)),
        own_is_ahead: is_ahead(waiting),
    })
}

/// Tells whether the list of the own users as it is now is ahead of a resync file, behind which also what the own lists
/// have not taken yet comes once more.
///
/// # Errors
/// MSTTRANS cannot be read, or is damaged.
pub fn is_ahead_of_resync(
    po: &Postoffice,
    list: Option<&MasterList<'_>>,
    applied: SrvSync,
    taken: ReqSync,
) -> Result<bool, PostofficeError> {
    let own = OwnList::of(po);
    let mut coming = Vec::new();
    if let Some(list) = list {
        let mut reader = list.above(applied)?;
        let mut framed = Framed::default();
        while list.read(&mut reader, &mut framed)? {
            if framed.record.sync > applied.0 {
                coming.extend(own.replaces(&framed.record.text));
            }
        }
    }
    coming.extend(own.waiting(po, taken)?);
    Ok(is_ahead(coming))
}
