//! Addresses that the server itself keeps apart (`overlay unique`, LD-08): two entries that swap theirs have one of them twice
//! for a moment, whichever is written first.

use std::collections::HashMap;

use crate::directory::change::{Change, Modification};
use crate::directory::entry::Attributes;
use crate::directory::ldap::{Connection, Operation, Refusal, ResultCode};
use crate::directory::schema;
use crate::tools::exit::ToolError;

use super::container::Refused;

/// Tells whether a write was refused since another entry has its mail address.
pub(in crate::tools::dxa) fn is_contested(refused: &Refused) -> bool {
    let writes_mail = match &refused.operation.change {
        Change::Add(attributes) => !attributes.values(schema::MAIL).is_empty(),
        Change::Modify(parts) => parts
            .iter()
            .any(|part| is_mail(part) && !part.values.is_empty()),
        Change::Delete | Change::Rename { .. } => false,
    };
    let is_named = refused.refusal.text.to_lowercase().contains(schema::MAIL);
    writes_mail && is_named && refused.refusal.code == ResultCode::CONSTRAINT_VIOLATION
}

fn is_mail(part: &Modification) -> bool {
    part.attribute.eq_ignore_ascii_case(schema::MAIL)
}

/// Lets all of them give up their mail addresses, then gives each what it is to have. Who is refused even then gets back what
/// it had, which `held` knows; returns those.
pub(in crate::tools::dxa) fn contest(
    directory: &mut Connection,
    contested: Vec<Refused>,
    held: impl Fn(&Refused) -> Vec<Vec<u8>>,
) -> Result<Vec<Refused>, ToolError> {
    let mut given_up = HashMap::new();
    for refused in &contested {
        let dn = &refused.operation.dn;
        let held = held(refused);
        if held.is_empty() {
            continue;
        }
        if set_mail(directory, refused, Vec::new())?.is_ok() {
            given_up.insert(dn.key(), held);
        }
    }
    let mut left = Vec::new();
    for refused in contested {
        match directory.apply(&refused.operation)? {
            Ok(()) => {}
            Err(refusal) => left.push(Refused { refusal, ..refused }),
        }
    }
    for refused in &mut left {
        let Some(held) = given_up.remove(&refused.operation.dn.key()) else {
            continue;
        };
        if let Err(refusal) = set_mail(directory, refused, held)? {
            refused.refusal = refusal;
        }
    }
    Ok(left)
}

/// Returns the mail addresses of an entry; none where it is not there.
pub(in crate::tools::dxa) fn mail_of(held: Option<&Attributes>) -> Vec<Vec<u8>> {
    held.map_or_else(Vec::new, |held| held.values(schema::MAIL).to_vec())
}

fn set_mail(
    directory: &mut Connection,
    refused: &Refused,
    values: Vec<Vec<u8>>,
) -> Result<Result<(), Refusal>, ToolError> {
    let part = Modification::replace(schema::MAIL, values);
    let operation = Operation::new(refused.operation.dn.clone(), Change::Modify(vec![part]));
    Ok(directory.apply(&operation)?)
}
