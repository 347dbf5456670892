//! Asking for a value without reading it: what is missing and what must not be seen are told apart
//! (`spec/exchange.md` LD-12).

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
        match ResultCode(result.0.rc) {
            ResultCode::COMPARE_TRUE => Ok(Comparison::True),
            ResultCode::COMPARE_FALSE => Ok(Comparison::False),
            ResultCode::NO_SUCH_ATTRIBUTE => Ok(Comparison::Absent),
            ResultCode::INSUFFICIENT_ACCESS_RIGHTS => Ok(Comparison::Unreadable),
            _ => Err(LdapError::Refused {
                what: format!("comparing {attribute} of {name:?}"),
                refusal: Refusal::from(result.0),
            }),
        }
    }
}
