//! Writing one entry.

use std::collections::HashSet;

use ldap3::controls::{Assertion, RawControl};
use ldap3::{Ldap, LdapResult, Mod};

use super::code::Refusal;
use super::connection::Connection;
use super::error::LdapError;
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::filter::Filter;

/// RFC 4528.
pub(super) const ASSERTION: &str = "1.3.6.1.1.12";

/// A change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The entry.
    pub dn: Dn,
    /// What happens to it.
    pub change: Change,
    /// What must hold for the entry, or else nothing happens (result 122).
    pub assertion: Option<Filter>,
}

/// How an operation ended: a refusal is no error.
pub type Outcome = Result<(), Refusal>;

impl Operation {
    /// A change without condition.
    #[must_use]
    pub fn new(dn: Dn, change: Change) -> Self {
        Self {
            dn,
            change,
            assertion: None,
        }
    }

    /// Only if a filter holds for the entry as it is.
    #[must_use]
    pub fn only_if(mut self, filter: Filter) -> Self {
        self.assertion = Some(filter);
        self
    }

    /// Returns the control of the condition.
    fn condition(&self) -> ldap3::result::Result<Option<RawControl>> {
        let Some(filter) = &self.assertion else {
            return Ok(None);
        };
        let text = filter.to_string();
        if ldap3::parse_filter(&text).is_err() {
            return Err(ldap3::LdapError::FilterParsing);
        }
        let mut control = Assertion::new(text);
        // A server that does not know it must not go on without.
        control.crit = true;
        Ok(Some(control))
    }
}

impl Connection {
    /// Makes a change.
    ///
    /// # Errors
    /// There was no answer: whether it was made is not known. That the server refused it is no error but the outcome.
    pub fn apply(&mut self, operation: &Operation) -> Result<Outcome, LdapError> {
        let result = self.request(async |ldap| send(ldap, operation).await)?;
        Ok(Refusal::check(result))
    }
}

/// Sends an operation and returns the answer.
pub(super) async fn send(
    ldap: &mut Ldap,
    operation: &Operation,
) -> ldap3::result::Result<LdapResult> {
    send_with(ldap, operation, Vec::new()).await
}

/// Sends an operation with controls and returns the answer.
pub(super) async fn send_with(
    ldap: &mut Ldap,
    operation: &Operation,
    mut controls: Vec<RawControl>,
) -> ldap3::result::Result<LdapResult> {
    controls.extend(operation.condition()?);
    if !controls.is_empty() {
        ldap.with_controls(controls);
    }
    let dn = operation.dn.to_string();
    match &operation.change {
        Change::Add(attributes) => {
            let attributes = attributes
                .iter()
                .map(|(name, values)| (name.as_bytes(), values.collect()));
            ldap.add(&dn, attributes.collect()).await
        }
        Change::Delete => ldap.delete(&dn).await,
        Change::Modify(parts) => ldap.modify(&dn, parts.iter().map(part).collect()).await,
        Change::Rename {
            new_rdn,
            delete_old,
            new_superior,
        } => {
            let above = new_superior.as_ref().map(Dn::to_string);
            ldap.modifydn(&dn, &new_rdn.to_string(), *delete_old, above.as_deref())
                .await
        }
    }
}

fn part(part: &Modification) -> Mod<&[u8]> {
    let name = part.attribute.as_bytes();
    let values = set(&part.values);
    match part.kind {
        ModificationKind::Add => Mod::Add(name, values),
        ModificationKind::Delete => Mod::Delete(name, values),
        ModificationKind::Replace => Mod::Replace(name, values),
    }
}

/// Values of an attribute have no order.
fn set(values: &[Vec<u8>]) -> HashSet<&[u8]> {
    values.iter().map(|value| &value[..]).collect()
}
