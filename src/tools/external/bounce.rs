//! The report that goes to the sender of a message that cannot be delivered (message 154 there).

use std::io::Write;

use super::item::{Failure, Item};
use super::site::Site;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::PostofficeError;
use crate::postoffice::mailbag::Outbox;
use crate::protocol::mail::{Contents, Envelope, Label, MailKind, MailWriter, MessageId, Party};

/// Characters of a line of text in the report.
const MAX_LINE_LEN: usize = 200;

/// Stages the report in the outgoing mail of the postoffice where the message got stuck; from there it takes its own way.
///
/// # Errors
/// It cannot be staged.
pub(super) fn post(
    outbox: &Outbox<'_, '_>,
    site: &Site,
    item: &Item,
    label: &Label,
    sender: &Party,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), PostofficeError> {
    let code_page = site.code_page;
    let body = text(item, label, failure, code_page);
    let contents = Contents::new(&body);
    let from = site.system();
    let numbers = [item.tries().failed, outbox.count()];
    let envelope = Envelope {
        message_id: MessageId::new(&from, sender, now, &numbers, &contents, code_page),
        from,
        to: sender.clone(),
        subject: "Undeliverable mail".to_owned(),
        date: now,
        kind: MailKind::NonDelivery,
        in_reply_to: Some(label.message_id.clone()),
        signature: None,
    };
    let staged = outbox.post(&envelope.message_id.short())?;
    let path = site.layout.path(staged.file())?;
    let written = MailWriter::new(staged, &envelope, &contents, code_page).and_then(|mut mail| {
        mail.write_all(&body)?;
        mail.finish()
    });
    match written {
        Ok(staged) => staged.finish(),
        Err(source) => Err(PostofficeError::Write { path, source }),
    }
}

/// Returns the text: for an address that nobody knows in the words of Q125511, with EXTERNAL's number (Q187779).
fn text(item: &Item, label: &Label, failure: &Failure, code_page: CodePage) -> Vec<u8> {
    let to = item.to(code_page);
    let mut lines = match failure.is_unknown_address {
        true => vec![
            "[030] User mail received addressed to the following unknown addresses:".to_owned(),
            to,
        ],
        false => vec![
            "Mail could not be delivered to the following addresses:".to_owned(),
            to,
        ],
    };
    lines.push(String::new());
    lines.push(format!("Reason: {}", failure.reason));
    if !failure.is_final {
        lines.push(format!("Tries: {}", item.tries().failed + 1));
    }
    lines.push(format!("Subject: {}", label.subject));
    lines.push(format!("Message-ID: {}", label.message_id));
    let mut body = Vec::new();
    for line in lines {
        for c in line.chars().take(MAX_LINE_LEN) {
            let c = if c.is_control() { ' ' } else { c };
            let encoded = code_page.encode(c.encode_utf8(&mut [0; 4]));
            body.extend(encoded.unwrap_or_else(|_| vec![b'?']));
        }
        body.extend_from_slice(b"\r\n");
    }
    body
}
