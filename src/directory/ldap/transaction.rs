//! Several changes, all or nothing (RFC 5805).

use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::exop::Exop;
use ldap3::result::ExopResult;

use super::code::Refusal;
use super::connection::Connection;
use super::decode;
use super::error::LdapError;
use super::operation::{Operation, send_with};

/// Starts a transaction.
pub(super) const START: &str = "1.3.6.1.1.21.1";

/// Makes a change a part of one.
pub(super) const CONTROL: &str = "1.3.6.1.1.21.2";

/// Ends it.
pub(super) const END: &str = "1.3.6.1.1.21.3";

/// How long the end of a transaction waits behind the answer to its last request.
///
/// OpenLDAP (seen with 2.5.13) answers a request of a transaction before the thread that took it lets go of it. The end, coming
/// at once, is worked on by another thread, which frees the request under the first: about one transaction in 1000 brought the
/// server down, and none of 8000 did behind a pause of 2 ms. Nothing that a client can ask tells when that thread is done.
const SETTLING: Duration = Duration::from_millis(20);

/// A transaction that was refused. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Rejected {
    /// Which operation the server refused, counted from 0, where it says so.
    pub at: Option<usize>,
    /// What it said.
    pub refusal: Refusal,
}

impl Connection {
    /// Makes all changes, in this order, or none.
    ///
    /// # Errors
    /// The server has no transactions, or there was no answer: whether all were made or none is then not known. That the server
    /// refused them is no error but the outcome.
    pub fn transaction(
        &mut self,
        operations: &[Operation],
    ) -> Result<Result<(), Rejected>, LdapError> {
        if operations.is_empty() {
            return Ok(Ok(()));
        }
        let transaction = self.begin()?;
        let mut ids = Vec::with_capacity(operations.len());
        // One after the other: sent at a time, the server could queue them in another order.
        for (at, operation) in operations.iter().enumerate() {
            let controls = vec![transaction.control()];
            let sent = self.request(async |ldap| {
                let result = send_with(ldap, operation, controls).await?;
                Ok((result, ldap.last_id()))
            });
            let (result, id) = match sent {
                Ok(sent) => sent,
                Err(error) => {
                    if self.check().is_ok() {
                        self.end(&transaction, false)?;
                    }
                    return Err(error);
                }
            };
            if let Err(refusal) = Refusal::check(result) {
                self.end(&transaction, false)?;
                return Ok(Err(Rejected {
                    at: Some(at),
                    refusal,
                }));
            }
            ids.push(id);
        }
        let ExopResult(answer, result) = self.end(&transaction, true)?;
        Ok(Refusal::check(result).map_err(|refusal| {
            let refused = answer.val.as_deref().and_then(refused_id);
            let at =
                refused.and_then(|refused| ids.iter().position(|id| i64::from(*id) == refused));
            Rejected { at, refusal }
        }))
    }

    fn begin(&mut self) -> Result<Transaction, LdapError> {
        let request = exop(START, None);
        let ExopResult(answer, result) = self.request(async |ldap| ldap.extended(request).await)?;
        match Refusal::check(result) {
            Ok(()) => Ok(Transaction {
                identifier: answer.val.unwrap_or_default(),
            }),
            Err(refusal) => Err(LdapError::Refused {
                what: "a transaction".into(),
                refusal,
            }),
        }
    }

    fn end(&mut self, transaction: &Transaction, commit: bool) -> Result<ExopResult, LdapError> {
        std::thread::sleep(SETTLING);
        let request = exop(END, Some(transaction.end(commit)));
        self.request(async |ldap| ldap.extended(request).await)
    }
}

/// A transaction that was started.
struct Transaction {
    /// The server's name for it, which may be empty.
    identifier: Vec<u8>,
}

impl Transaction {
    fn control(&self) -> RawControl {
        RawControl {
            ctype: CONTROL.to_owned(),
            crit: true,
            val: Some(self.identifier.clone()),
        }
    }

    /// Returns `txnEndReq`: whether to commit, which is the default and then left out, and the identifier.
    fn end(&self, commit: bool) -> Vec<u8> {
        let mut content = match commit {
            true => Vec::new(),
            false => vec![BOOLEAN, 1, 0],
        };
        content.extend(encoded(OCTET_STRING, &self.identifier));
        encoded(SEQUENCE, &content)
    }
}

const BOOLEAN: u8 = 0x01;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(len) if len < 0x80 => bytes.push(len),
        _ => {
            let len = content.len().to_be_bytes();
            let len: Vec<_> = len.into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.push(0x80 | len.len() as u8);
            bytes.extend(len);
        }
    }
    bytes.extend(content);
    bytes
}

/// Reads from `txnEndRes` which request was refused.
fn refused_id(answer: &[u8]) -> Option<i64> {
    let fields = decode::parts(decode::value(answer)?)?;
    decode::integer(fields.first()?)
}

fn exop(name: &str, val: Option<Vec<u8>>) -> Exop {
    Exop {
        name: Some(name.to_owned()),
        val,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_says_commit_by_saying_nothing() {
        let transaction = |identifier: &[u8]| Transaction {
            identifier: identifier.to_vec(),
        };
        assert_eq!(transaction(b"").end(true), b"\x30\x02\x04\x00");
        assert_eq!(transaction(b"T1").end(true), b"\x30\x04\x04\x02T1");
        assert_eq!(
            transaction(b"T1").end(false),
            b"\x30\x07\x01\x01\x00\x04\x02T1"
        );
        let long = transaction(&[b'x'; 200]).end(true);
        assert_eq!(long[..6], *b"\x30\x81\xcb\x04\x81\xc8");
        assert_eq!(long.len(), 206);
    }

    #[test]
    fn the_refused_request_is_read_from_the_answer() {
        assert_eq!(refused_id(b"\x30\x03\x02\x01\x07"), Some(7));
        for answer in [
            &b""[..],
            b"\x30\x00",
            b"\x30\x03\x04\x01\x07",
            b"\x30\x03\x02\x01",
            b"\x02\x01\x07",
        ] {
            assert_eq!(refused_id(answer), None, "{answer:?}");
        }
    }
}
