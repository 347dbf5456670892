//! Asking for a value without reading it: what is missing and what must not be seen are told apart
//! (`spec/exchange.md` LD-12).

use futures_util::StreamExt;
use futures_util::stream;
use ldap3::LdapResult;

use super::code::{Refusal, ResultCode};
use super::connection::Connection;
use super::error::LdapError;
use crate::directory::dn::Dn;

/// Whether an attribute has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It has this value.
    True,
    /// It has others.
    False,
    /// It has none (16).
    Absent,
    /// It must not be looked at (50).
    Unreadable,
}

/// Values to ask for, one after the other: whatever says yes or no has a syntax that takes one of them, and of a value that
/// the syntax does not take the server says nothing but that.
const VALUES: [&[u8]; 2] = [b"TRUE", b"0"];

impl Connection {
    /// Asks whether an attribute of an entry has a value.
    ///
    /// # Errors
    /// Any other answer, for instance that there is no such entry: [`LdapError::Refused`].
    pub fn compare(
        &mut self,
        dn: &Dn,
        attribute: &str,
        value: &[u8],
    ) -> Result<Comparison, LdapError> {
        let name = dn.to_string();
        let result = self.request(async |ldap| ldap.compare(&name, attribute, value).await)?;
        answer(result.0, dn, attribute)
    }

    /// Asks of many entries whether an attribute is there, with `window` questions on their way at a time. The answers come
    /// in the order of the questions; that an entry is not there, for instance, is one.
    ///
    /// # Errors
    /// The connection failed.
    pub fn presences(
        &mut self,
        questions: &[(&Dn, &str)],
        window: usize,
    ) -> Result<Vec<Result<Comparison, LdapError>>, LdapError> {
        self.check()?;
        let (ldap, timeout) = (self.ldap.clone(), self.timeout);
        let ask = |&(dn, attribute): &(&Dn, &str)| {
            let (mut ldap, name, attribute) = (ldap.clone(), dn.to_string(), attribute.to_owned());
            async move {
                let mut result = None;
                for value in VALUES {
                    ldap.with_timeout(timeout);
                    let asked = ldap.compare(&name, &attribute, value).await?.0;
                    let is_answer = ResultCode(asked.rc) != ResultCode::INVALID_ATTRIBUTE_SYNTAX;
                    result = Some(asked);
                    if is_answer {
                        break;
                    }
                }
                Ok(result.expect("there are values"))
            }
        };
        let asked = stream::iter(questions).map(ask).buffered(window.max(1));
        let asked: Vec<ldap3::result::Result<LdapResult>> = self.runtime.block_on(asked.collect());
        let answers = asked.into_iter().zip(questions);
        answers
            .map(|(result, (dn, attribute))| match result {
                Ok(result) => Ok(answer(result, dn, attribute)),
                Err(error) => Err(self.failed(error)),
            })
            .collect()
    }
}

fn answer(result: LdapResult, dn: &Dn, attribute: &str) -> Result<Comparison, LdapError> {
    match ResultCode(result.rc) {
        ResultCode::COMPARE_TRUE => Ok(Comparison::True),
        ResultCode::COMPARE_FALSE => Ok(Comparison::False),
        ResultCode::NO_SUCH_ATTRIBUTE => Ok(Comparison::Absent),
        ResultCode::INSUFFICIENT_ACCESS_RIGHTS => Ok(Comparison::Unreadable),
        _ => Err(LdapError::Refused {
            what: format!("comparing {attribute} of {:?}", dn.to_string()),
            refusal: Refusal::from(result),
        }),
    }
}
