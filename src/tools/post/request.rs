//! The messages of a requestor: its status report and its request (`spec/protocol.md` section 6).

use super::{Letter, Payload};
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::queue::QueueRecord;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::plan::outcome::{Action, EntryOutcome, Outcome};
use crate::postoffice::places::types_of;
use crate::protocol::mail::{MailKind, Party, SignatureKey};
use crate::protocol::message::{Form, Profile, RequestHead, Task};
use crate::protocol::subject::Subject;
use crate::transaction::Transaction;

/// What the original calls itself in `VERSION=`; older than 3.0 is refused (157).
pub const VERSION: &str = "3.5";

fn name_of(own: &PostofficeName, code_page: CodePage) -> String {
    format!("PCM:{}", own.view(code_page))
}

/// Makes the status report: what the log says since the last one (`spec/protocol.md` 3.2).
#[must_use]
pub fn status_letter<'p>(
    own: &PostofficeName,
    server: &PostofficeName,
    log: &'p [u8],
    config: &ReqConf,
    code_page: CodePage,
) -> Letter<'p> {
    let profile = Profile {
        task: Some(Task::Status.word().to_owned()),
        reqname: Some(name_of(own, code_page)),
        version: Some(VERSION.to_owned()),
        ..Profile::default()
    };
    Letter {
        from: Party::system(own.clone()),
        to: Party::system(server.clone()),
        subject: format!("Status report from {}", own.view(code_page)),
        kind: MailKind::DirSync,
        body: encode(&profile, code_page),
        payload: None,
        file: Some(("DSSERVER.LOG", log)),
        numbers: vec![config.request_count, 0],
        key: key_of(config, code_page),
    }
}

/// Makes the request (`spec/protocol.md` 6.1, 6.2).
#[must_use]
pub fn request_letter<'p>(
    own: &PostofficeName,
    server: &PostofficeName,
    config: &ReqConf,
    head: &RequestHead,
    payload: &'p mut Payload,
    code_page: CodePage,
) -> Letter<'p> {
    let mut profile = Profile {
        reqname: Some(name_of(own, code_page)),
        version: Some(VERSION.to_owned()),
        types: Some(types_of(config.types)),
        template: Some(config.options.contains(ReqOptions::TEMPLATES_RECEIVE)),
        limit: Some(config.limit).filter(|&limit| limit > 0),
        transactions: Some(Form::Internal.word().to_owned()),
        count: Some(payload.count()),
        ..Profile::default()
    };
    head.put(&mut profile);
    let subject = Subject::Request {
        req_sync: head.req_sync,
        was: head.confirmed.unwrap_or_default(),
        srv_sync: head.srv_sync,
        import_sync: head.import_sync.unwrap_or_default(),
        count: payload.count().into(),
    };
    Letter {
        from: Party::system(own.clone()),
        to: Party::system(server.clone()),
        subject: subject.cut(),
        kind: MailKind::DirSync,
        body: encode(&profile, code_page),
        payload: Some(payload),
        file: None,
        numbers: vec![config.request_count, 1, u32::from(head.wants_import)],
        key: key_of(config, code_page),
    }
}

/// Returns a profile as the text of a message in a code page.
#[must_use]
pub fn encode(profile: &Profile, code_page: CodePage) -> Vec<u8> {
    let text = profile.encode();
    code_page.encode(&text).unwrap_or_else(|_| text.into())
}

/// Returns the key that the registered password makes.
#[must_use]
pub fn key_of(config: &ReqConf, code_page: CodePage) -> Option<SignatureKey> {
    SignatureKey::new(config.password.as_bytes(), code_page)
}

/// The report line of a transaction that is sent.
#[must_use]
pub fn sent_line(record: &QueueRecord, code_page: CodePage) -> EntryOutcome<'static> {
    let decoded = Transaction::decode_queue_text(&record.text, code_page);
    let (name, entry, list) = match &decoded {
        Ok(text) => {
            let entry = text.transaction.entry();
            (
                entry.map_or_else(String::new, |e| code_page.decode(e.name())),
                entry.map_or_else(String::new, |e| e.address().view(code_page)),
                text.transaction.list().view(code_page),
            )
        }
        Err(_) => Default::default(),
    };
    let action = match record.text.first() {
        Some(b'A') => Action::Add,
        Some(b'D') => Action::Delete,
        Some(b'M') => Action::Modify,
        Some(b'R') => Action::Replace,
        Some(b'T') => Action::Template,
        _ => Action::None,
    };
    let mut line = EntryOutcome::new(entry, name, list, action, Outcome::Added);
    line.sync = Some(record.sync);
    line
}
