//! Notes to the administrator of the server (`spec/protocol.md` 6.4).

use crate::codec::FixedText;
use crate::codec::srvconf::SrvConf;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::{Postoffice, PostofficeError};
use crate::tools::post::{MailLine, note_to, post};

/// Mailbox that gets the notes where Server Options name none.
const DEFAULT_ADMINISTRATOR: &[u8] = b"ADMIN";

/// A note that waits for the batch.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) subject: String,
    pub(super) text: String,
}

/// Returns the mailbox that gets the notes.
fn administrator(conf: &SrvConf) -> FixedText<11> {
    match conf.header.administrator.is_empty() {
        true => FixedText::new(DEFAULT_ADMINISTRATOR).expect("it is short"),
        false => conf.header.administrator,
    }
}

/// Stages a note, and returns its report line.
///
/// # Errors
/// It could not be written.
pub(super) fn send(
    po: &Postoffice,
    outbox: &Outbox<'_, '_>,
    conf: &SrvConf,
    note: &Note,
    now: Timestamp,
) -> Result<MailLine, PostofficeError> {
    let code_page = po.code_page();
    let administrator = administrator(conf);
    let number = outbox.count();
    let letter = note_to(
        po.name(),
        administrator.as_bytes(),
        note.subject.clone(),
        &note.text,
        code_page,
        number,
    );
    let mut line = MailLine {
        mail: "sent",
        from: letter.from.view(code_page),
        to: letter.to.view(code_page),
        subject: letter.subject.clone(),
        ..MailLine::default()
    };
    let id = post(po.layout(), outbox, now, code_page, letter)?;
    line.id = Some(id.as_str().to_owned());
    Ok(line)
}
