//! An import container in the directory: what it holds, what is written, the numbers last (`spec/exchange.md` DX-05,
//! LD-13).

mod entries;
mod sequence;
mod writing;

pub(in crate::tools::dxa) use entries::{FEW, read_entries, visit_entries, visit_entry};
pub(in crate::tools::dxa) use sequence::{numbers, put_numbers};
pub(in crate::tools::dxa) use writing::{Planned, Refused, reason, write, write_planned};

use crate::directory::change::Change;
use crate::directory::dn::Dn;
use crate::directory::ldap::{Connection, Incomplete, LdapError, Operation, Refusal, ResultCode};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

/// DX133: the directory refused an operation.
fn refused(dn: &Dn, refusal: &Refusal) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, format!("DX133 dn={dn} {refusal}"))
}

/// A read that did not end is no list, and removes nothing.
pub(in crate::tools::dxa) fn unread(error: LdapError) -> ToolError {
    let mut text = error.to_string();
    if let LdapError::Incomplete {
        cause: Incomplete::Result(refusal),
        ..
    } = &error
    {
        let limits = [
            ResultCode::SIZE_LIMIT_EXCEEDED,
            ResultCode::TIME_LIMIT_EXCEEDED,
            ResultCode::ADMIN_LIMIT_EXCEEDED,
        ];
        if limits.contains(&refusal.code) {
            text.push_str(
                "; nothing is done: the server must let the agent read without limit (LD-11)",
            );
        }
    }
    ToolError::new(ExitCode::from(&error), text)
}

/// Makes an organizational unit where there is none.
pub(in crate::tools::dxa) fn make_unit(
    directory: &mut Connection,
    dn: &Dn,
) -> Result<(), ToolError> {
    let name = dn.own_value(schema::OU).unwrap_or_default();
    let mut attributes = crate::directory::entry::Attributes::default();
    attributes.add(schema::OBJECT_CLASS, "organizationalUnit");
    attributes.add(schema::OU, name);
    let operation = Operation::new(dn.clone(), Change::Add(attributes));
    match directory.apply(&operation)? {
        Err(refusal) if refusal.code != ResultCode::ENTRY_ALREADY_EXISTS => {
            Err(refused(dn, &refusal))
        }
        _ => Ok(()),
    }
}
