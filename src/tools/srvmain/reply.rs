//! One answer: its transactions, and the message around them (`spec/protocol.md` 4.3, 4.4 and section 6).

use std::collections::HashMap;

use super::{place, who};
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::master::GatewayWord;
use crate::codec::queue::{Framed, QueueRecord};
use crate::codec::srvconf::{RequestorFlags, RequestorRecord};
use crate::codec::sync_number::SrvSync;
use crate::codec::timestamp::Timestamp;
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{EntryOutcome, OutcomeSink};
use crate::postoffice::Postoffice;
use crate::postoffice::master_list::MasterList;
use crate::postoffice::places::{Places, gateway_bit};
use crate::protocol::mail::{MailKind, Party, SYSTEM, SignatureKey};
use crate::protocol::message::{Form, Profile, ReplyHead};
use crate::protocol::server::{Answer, Content, Pace};
use crate::protocol::subject::Subject;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::full_list::{How, OwnList, Purpose, Walk, all_lists, settings};
use crate::tools::post::{Letter, Payload, PayloadWriter, VERSION, encode, list_kind, sent_line};
use crate::transaction::Transaction;

/// What answers are made from, the same for every requestor of a run.
pub(super) struct Source<'a> {
    pub(super) po: &'a Postoffice,
    pub(super) master: &'a MasterList<'a>,
    pub(super) sync: SrvSync,
    pub(super) now: Timestamp,
    pub(super) interrupt: &'a Interrupt,
    /// A report line for each transaction is wanted.
    details: bool,
    /// Updates made before, by what decides what is in them: most requestors ask for the same.
    cache: HashMap<Wish, Updates>,
}

/// What decides which updates a requestor gets, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Wish {
    after: SrvSync,
    types: u32,
    templates: bool,
    form: Form,
    limit: u32,
}

/// Updates ready to be sent.
#[derive(Debug)]
pub(super) struct Updates {
    payload: Payload,
    /// The number that the requestor has afterwards.
    through: SrvSync,
    /// A report line for each, where they are wanted.
    lines: Vec<EntryOutcome<'static>>,
}

/// The transactions of one answer.
pub(super) enum Made<'s> {
    /// Those that others get too.
    Updates(&'s mut Updates),
    /// A full list, and the number that the requestor has afterwards.
    List(Payload, SrvSync),
}

impl Made<'_> {
    pub(super) fn payload(&mut self) -> &mut Payload {
        match self {
            Self::Updates(updates) => &mut updates.payload,
            Self::List(payload, _) => payload,
        }
    }

    pub(super) fn through(&self) -> SrvSync {
        match self {
            Self::Updates(updates) => updates.through,
            Self::List(_, through) => *through,
        }
    }

    /// Returns the report lines; those of a full list were written while it was made.
    pub(super) fn lines(&self) -> Vec<EntryOutcome<'static>> {
        match self {
            Self::Updates(updates) => updates.lines.clone(),
            Self::List(..) => Vec::new(),
        }
    }
}

/// Updates kept for others; more are made anew.
const CACHE_LEN: usize = 16;

/// A full list ready to be sent, or none where it is above the limit.
pub(super) struct FullList {
    pub(super) payload: Option<Payload>,
    pub(super) messages: Vec<Message>,
    pub(super) is_partial: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        po: &'a Postoffice,
        master: &'a MasterList<'a>,
        sync: SrvSync,
        now: Timestamp,
        interrupt: &'a Interrupt,
        details: bool,
    ) -> Self {
        Self {
            po,
            master,
            sync,
            now,
            interrupt,
            details,
            cache: HashMap::new(),
        }
    }

    /// Makes the updates above a number that a requestor is to get: of its types, without templates where it takes
    /// none, up to its limit.
    ///
    /// # Errors
    /// MSTTRANS is damaged, or something cannot be written.
    pub(super) fn updates(
        &mut self,
        record: &RequestorRecord,
        after: SrvSync,
    ) -> Result<&mut Updates, ToolError> {
        let wish = Wish {
            after,
            types: record.types,
            templates: record.flags.contains(RequestorFlags::TEMPLATES),
            form: Form::from_code(record.transactions),
            limit: record.limit,
        };
        if !self.cache.contains_key(&wish) {
            if self.cache.len() >= CACHE_LEN {
                self.cache.clear();
            }
            let made = self.make_updates(wish)?;
            self.cache.insert(wish, made);
        }
        Ok(self.cache.get_mut(&wish).expect("put there above"))
    }

    fn make_updates(&self, wish: Wish) -> Result<Updates, ToolError> {
        let code_page = self.po.code_page();
        let types = GatewayWord(u16::try_from(wish.types & 0xffff).unwrap_or_default())
            .with(GatewayWord::PCM, true);
        let mut writer = PayloadWriter::new(wish.form, code_page);
        let mut pace = Pace::new(wish.limit);
        let mut through = wish.after;
        let mut lines = Vec::new();
        let mut reader = self
            .master
            .above(wish.after)
            .map_err(super::damaged_master)?;
        let mut framed = Framed::default();
        while self
            .master
            .read(&mut reader, &mut framed)
            .map_err(super::damaged_master)?
        {
            self.interrupt.check()?;
            let record = &mut framed.record;
            if record.sync <= wish.after.0 {
                continue;
            }
            let kind = list_kind(&record.text);
            let is_wanted = kind.is_none_or(|kind| types.contains(gateway_bit(kind)));
            if is_wanted && keep(record, wish.templates, code_page) {
                if !writer.push(record, &mut pace)? {
                    // Paced: the rest comes with later replies, so that the number stops before it.
                    break;
                }
                if self.details {
                    lines.push(sent_line(record, code_page));
                }
            }
            through = SrvSync(record.sync);
        }
        Ok(Updates {
            payload: writer.finish()?,
            through: match pace.is_full() {
                true => through,
                false => self.sync,
            },
            lines,
        })
    }

    /// Makes a full list: every list of the server that the requestor wants but its own, each with its R, and what of
    /// MSTTRANS is in none of them yet, without what is for the users of the server itself: that list is given as it is
    /// now, and holds it already. Records of lists carry the number that the lists stand for.
    ///
    /// # Errors
    /// A list or MSTTRANS is damaged, or something cannot be written.
    pub(super) fn full_list(
        &self,
        places: &Places,
        record: &RequestorRecord,
        applied: SrvSync,
        sink: &mut dyn OutcomeSink,
    ) -> Result<FullList, ToolError> {
        let code_page = self.po.code_page();
        let mut selection = settings(record);
        selection.without = Some(place(record));
        let templates = selection.templates;
        let mut lists: Vec<ListId> = all_lists(self.po, places);
        lists.retain(|id| selection.takes(id, code_page));
        let form = Form::from_code(record.transactions);
        let mut writer = PayloadWriter::new(form, code_page);
        let mut over = Over::new(record.limit);
        let mut walk = Walk::new(self.po, places, &lists, sink, self.interrupt)?;
        let how = How {
            info: templates,
            template: templates,
            replace: true,
            purpose: Purpose::Dirsync,
        };
        for id in &lists {
            let walked = walk.list(id, how, &mut |transaction| {
                let text = transaction.encode_queue_text();
                let queued = QueueRecord::transaction(self.now, applied.0, 0, text);
                over.push(&mut writer, &queued)?;
                Ok(Some(applied.0))
            });
            match walked {
                Err(_) if over.is_over => break,
                other => other?,
            }
        }
        let walked = walk.finish();
        let mut reader = self.master.above(applied).map_err(super::damaged_master)?;
        let mut framed = Framed::default();
        let types = selection.types.unwrap_or_default();
        let own = OwnList::of(self.po);
        while !over.is_over
            && self
                .master
                .read(&mut reader, &mut framed)
                .map_err(super::damaged_master)?
        {
            self.interrupt.check()?;
            let queued = &mut framed.record;
            let is_wanted =
                list_kind(&queued.text).is_none_or(|kind| types.contains(gateway_bit(kind)));
            if queued.sync <= applied.0 || !is_wanted || own.replaces(&queued.text).is_some() {
                continue;
            }
            if !keep(queued, templates, code_page) {
                continue;
            }
            match over.push(&mut writer, queued) {
                Err(_) if over.is_over => break,
                other => other?,
            }
        }
        Ok(FullList {
            payload: match over.is_over {
                true => None,
                false => Some(writer.finish()?),
            },
            is_partial: walked.exit() != ExitCode::Done,
            messages: walked.messages,
        })
    }
}

/// Stops a full list as soon as it is above the limit: it cannot be sent in parts (Q119450).
struct Over {
    pace: Pace,
    is_over: bool,
    is_first: bool,
    limit: u32,
}

impl Over {
    fn new(limit: u32) -> Self {
        Self {
            pace: Pace::new(limit),
            is_over: false,
            is_first: true,
            limit,
        }
    }

    fn push(&mut self, writer: &mut PayloadWriter, record: &QueueRecord) -> Result<(), ToolError> {
        let went = writer.push(record, &mut self.pace)?;
        // The first goes under any limit where replies are paced; a list has no such exception.
        let is_large = self.is_first && !Pace::takes_whole(self.limit, writer.record_len(record));
        self.is_first = false;
        self.is_over |= !went || is_large;
        match self.is_over {
            true => Err(ToolError::new(ExitCode::Partial, "above the limit")),
            false => Ok(()),
        }
    }
}

/// Takes template information out of a record for a requestor that wants none (Q96060, Q118298); false where nothing
/// is left of it.
fn keep(record: &mut QueueRecord, templates: bool, code_page: CodePage) -> bool {
    if templates {
        return true;
    }
    if record.text.first() == Some(&b'T') {
        return false;
    }
    if !record.text.contains(&b'\n') {
        return true;
    }
    let Ok(decoded) = Transaction::decode_queue_text(&record.text, code_page) else {
        return true;
    };
    let mut transaction = decoded.transaction;
    match &mut transaction {
        Transaction::Modify { new: None, .. } => return false,
        Transaction::Add { info, .. } | Transaction::Modify { info, .. } => info.clear(),
        Transaction::Delete { .. } | Transaction::Replace { .. } | Transaction::Template { .. } => {
        }
    }
    record.text = transaction.encode_queue_text();
    true
}

/// Makes the message of an answer.
pub(in crate::tools) fn letter<'p>(
    own: &PostofficeName,
    record: &RequestorRecord,
    head: &ReplyHead,
    payload: &'p mut Payload,
    code_page: CodePage,
) -> Letter<'p> {
    let mut profile = Profile {
        reqname: Some(who(record, code_page)),
        version: Some(VERSION.to_owned()),
        count: Some(payload.count()),
        transactions: Some(payload.form().word().to_owned()),
        ..Profile::default()
    };
    head.put(&mut profile);
    let subject = Subject::Reply {
        req_sync: head.req_sync,
        srv_sync: head.srv_sync,
        was: head.was.unwrap_or_default(),
        import_sync: head.import_sync,
        count: payload.count().into(),
    };
    let mailbox = match record.mailbox.is_empty() {
        true => SYSTEM,
        false => record.mailbox.as_bytes(),
    };
    Letter {
        from: Party::system(own.clone()),
        to: Party::new(place(record), mailbox),
        subject: subject.cut(),
        kind: MailKind::DirSync,
        body: encode(&profile, code_page),
        numbers: vec![head.stamp.0, head.srv_sync.0, u32::from(head.is_import)],
        key: SignatureKey::new(record.password.as_bytes(), code_page),
        payload: Some(payload),
        file: None,
    }
}

/// Tells what an answer is of: updates, or the lists.
pub(super) fn is_full_list(answer: &Answer) -> bool {
    matches!(answer.content, Content::FullList { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, templates: bool) -> Option<String> {
        let mut record = QueueRecord::transaction(Timestamp(1), 1, 0, text.as_bytes().to_vec());
        let keeps = keep(&mut record, templates, CodePage::Cp850);
        keeps.then(|| String::from_utf8(record.text).unwrap())
    }

    #[test]
    fn ds_p049_who_wants_no_templates_gets_none() {
        let entry = "A Ann\tPCM:NET/PO/ann";
        for (text, without) in [
            (entry, Some(entry)),
            ("A Ann\tPCM:NET/PO/ann\r\n- Phone:/1", Some(entry)),
            ("M Ann\tPCM:NET/PO/ann\r\n- Phone:/1", None),
            (
                "M Ann\tPCM:NET/PO/ann\r\n  Anna\tPCM:NET/PO/ann\r\n- Phone:/1",
                Some("M Ann\tPCM:NET/PO/ann\r\n  Anna\tPCM:NET/PO/ann"),
            ),
            ("T PCM:NET/PO\r\n Phone:~1~20~~~", None),
            ("T what is no template", None),
            ("R PCM:NET/PO", Some("R PCM:NET/PO")),
        ] {
            assert_eq!(kept(text, false).as_deref(), without, "{text}");
            assert_eq!(kept(text, true).as_deref(), Some(text));
        }
    }
}
