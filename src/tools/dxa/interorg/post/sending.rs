//! Handing over what is queued: to `sendmail`, a relay, or Maildirs below a folder.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::maildir;
use super::queue::{Queue, Queued};
use super::side::Link;
use crate::protocol::mail::MailAddress;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::interorg::config::Way;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::external::options::MailSystem;
use crate::tools::external::transport::{Outgoing, Transport};

/// What came of the queue.
#[derive(Debug, Default, Serialize)]
pub(in crate::tools::dxa::interorg) struct Sent {
    /// Messages that were handed over.
    pub(in crate::tools::dxa::interorg) sent: u64,
    /// Bytes of these.
    pub(in crate::tools::dxa::interorg) bytes: u64,
    /// Messages that stay.
    pub(in crate::tools::dxa::interorg) queued: u64,
    /// Messages for who is not registered any more: removed.
    pub(in crate::tools::dxa::interorg) dropped: u64,
    #[serde(skip)]
    pub(in crate::tools::dxa::interorg) events: Vec<Event>,
    #[serde(skip)]
    pub(in crate::tools::dxa::interorg) exit: ExitCode,
}

enum Carrier<'w> {
    System(Box<Transport>),
    Folder(&'w Path),
}

/// Opens a mail system. What is wrong with it is a setting here, and not an option of a command line.
///
/// # Errors
/// It cannot be used.
pub(in crate::tools::dxa::interorg) fn open(system: &MailSystem) -> Result<Transport, ToolError> {
    Transport::open(system).map_err(|error| {
        let text = error.message.replace("--sendmail", "mail.sendmail");
        ToolError::new(error.exit, text)
    })
}

/// Sends what waits, in order. What is refused stays, and is tried again by the next run, or replaced by what comes after it;
/// that the mail system will never take it is said with it.
pub(in crate::tools::dxa::interorg) fn send(
    queue: &Queue,
    links: &[Link],
    way: Option<&Way>,
    interrupt: &Interrupt,
) -> Result<Sent, ToolError> {
    let mut sent = Sent::default();
    let waiting = queue.waiting()?;
    if waiting.is_empty() {
        return Ok(sent);
    }
    let mut carrier = match way {
        Some(Way::System(system)) => {
            open(system).map(|transport| Carrier::System(Box::new(transport)))
        }
        Some(Way::Folder(folder)) => Ok(Carrier::Folder(folder)),
        None => Err(ToolError::usage("no way for mail is configured")),
    };
    for queued in &waiting {
        interrupt.check()?;
        let about = |event: Event| {
            let event = event.with("branch", &queued.branch);
            event.with("message", &queued.name)
        };
        let path = queue.path(queued);
        let Some(link) = links.iter().find(|link| queued.is_of(link)) else {
            maildir::remove(&path)?;
            sent.dropped += 1;
            let event = Event::new(Severity::Warn, "a message was not sent");
            let because = "nobody of that name is registered any more";
            sent.events.push(about(event).with("because", because));
            continue;
        };
        let len = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let refused = match &mut carrier {
            Ok(carrier) => hand_over(carrier, link, queued, &path)?,
            Err(error) => Some((error.to_string(), error.exit, false)),
        };
        match refused {
            None => {
                maildir::remove(&path)?;
                sent.sent += 1;
                sent.bytes += len;
            }
            Some((reason, exit, is_final)) => {
                sent.queued += 1;
                sent.exit = sent.exit.worst(exit);
                let (severity, text) = match is_final {
                    true => (Severity::Error, "a message is refused for good, and stays"),
                    false => (Severity::Warn, "a message could not be sent, and stays"),
                };
                let event = about(Event::new(severity, text));
                sent.events.push(event.with("because", reason));
            }
        }
    }
    Ok(sent)
}

/// Returns why a message was not taken.
fn hand_over(
    carrier: &mut Carrier<'_>,
    link: &Link,
    queued: &Queued,
    path: &Path,
) -> Result<Option<(String, ExitCode, bool)>, ToolError> {
    let Some(mut file) = maildir::open(path)? else {
        return Ok(None);
    };
    match carrier {
        Carrier::System(transport) => {
            let sent = transport.send(Outgoing {
                from: &link.own_address,
                to: &link.other_address,
                head: b"",
                body: &mut file,
            });
            Ok(sent
                .err()
                .map(|refused| (refused.reason, ExitCode::Partial, refused.is_final)))
        }
        Carrier::Folder(folder) => {
            let root = folder_of(folder, &link.other_address);
            let bytes = maildir::read(file, path, u64::MAX - 1)?.unwrap_or_default();
            let put = maildir::make(&root).and_then(|()| {
                let cannot = |error| maildir::unwritable(&root, error);
                maildir::stage(&root, &queued.name, &bytes).map_err(cannot)?;
                maildir::publish(&root, &queued.name).map_err(cannot)?;
                maildir::sync(&root.join("new")).map_err(cannot)
            });
            Ok(put.err().map(|error| {
                let text = crate::tools::dxa::event::told(&error);
                (text, error.exit, false)
            }))
        }
    }
}

/// Returns the Maildir of an address, in lower case; none of its characters leads elsewhere.
pub(in crate::tools::dxa::interorg) fn folder_of(folder: &Path, address: &MailAddress) -> PathBuf {
    let name = address.as_str().to_lowercase();
    folder.join(name.replace('/', "%2F"))
}
