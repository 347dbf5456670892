//! Dir-sync messages as Internet mail (RFC 5322, MIME): what `design.md` section 3 "Mail" says, without files and clock.
//!
//! A message is addressed by two headers of its own, since the RFC 5322 addresses are only the route:
//!
//! | Header | Value |
//! |---|---|
//! | `DirSync-From:` | `PCM:NET/PO`, or `PCM:NET/PO/MAILBOX` where it is not `$SYSTEM`; see [`Party::to_header`] for other characters |
//! | `DirSync-To:` | the same |
//! | `DirSync-Hop:` | `PCM:NET/PO` of each postoffice that sent it on to another one, the last in front |
//! | `DirSync-Kind:` | `note` or `non-delivery`; a dir-sync message has none |
//! | `DirSync-Digest:` | `sha-256` and the digits of its [`Fingerprint`](crate::codec::Fingerprint): a message changed on the way is refused |
//! | `DirSync-Signature:` | `hmac-sha256` and the digits; only where a password is registered |
//!
//! A message that is sent is hashed first ([`Contents`]), named ([`MessageId::new`]), signed ([`Signed::sign`]), then written
//! as a stream ([`MailWriter`]). One that comes is read whole ([`Mail::parse`]).
//!
//! ```
//! use std::io::Write;
//!
//! use dirsync::address::PostofficeName;
//! use dirsync::codec::codepage::CodePage;
//! use dirsync::codec::timestamp::Timestamp;
//! use dirsync::protocol::mail::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let page = CodePage::Cp850;
//! let (from, to) = (Party::parse(b"NET/PO", page)?, Party::parse(b"NET/DSS", page)?);
//! let (body, queue) = (b"[DIRSYNC]\r\nTASK=UPDATEREQ\r\n", b"the queue");
//!
//! let contents = Contents::new(body).and("REQUPDS.GLB", ContentHash::of_bytes(queue));
//! let date = Timestamp(1_700_000_000);
//! let id = MessageId::new(&from, &to, date, &[4, 0, 0], &contents, page);
//! let signed = Signed::new(&id, MailKind::DirSync, &from, &to, &contents, page);
//! let key = SignatureKey::new(b"secret", page).expect("a password");
//! let envelope = Envelope {
//!     signature: Some(signed.sign(&key)),
//!     message_id: id,
//!     from,
//!     to,
//!     subject: "ReqTx R=4 (was 0), S=0, I=0 4 sent".to_owned(),
//!     date,
//!     kind: MailKind::DirSync,
//!     in_reply_to: None,
//! };
//! let mut mail = MailWriter::new(Vec::new(), &envelope, &contents, page)?;
//! mail.write_all(body)?;
//! mail.attach("REQUPDS.GLB")?;
//! mail.write_all(queue)?;
//! let bytes = mail.finish()?;
//!
//! let own = PostofficeName::parse(b"NET/DSS", page)?;
//! let read = Mail::parse(&bytes, &Reader { own: &own, code_page: page })?;
//! assert_eq!(read.check_signature(&key, page), SignatureCheck::Valid);
//! assert_eq!(read.transactions()?.bytes, queue);
//! # Ok(())
//! # }
//! ```

mod charset;
mod contents;
mod encode;
mod envelope;
mod fault;
mod header;
mod label;
mod message_id;
mod mime;
mod parcel;
mod party;
mod read;
mod signature;
mod writer;

pub use charset::Charset;
pub use contents::{ContentHash, ContentHasher, Contents};
pub use envelope::{Envelope, MailKind};
pub use fault::{FaultKind, MailFault, NonDelivery};
pub use label::{Label, MailAddress, MailAddressError, hop_line, readdress};
pub use message_id::MessageId;
pub use parcel::{Parcel, ParcelHeader};
pub use party::{Party, SYSTEM};
pub use read::{Attachment, Mail, Reader};
pub use signature::{Signature, SignatureCheck, SignatureKey, Signed};
pub use writer::{MailWriter, PLACEHOLDER_DOMAIN};

#[cfg(test)]
mod tests;
