//! The numbers that a container shows, written last (`spec/exchange.md` DX-05, LD-13).

use super::{refused, unread};
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection, Meaning, Operation, ResultCode, Scope, Search};
use crate::directory::schema;
use crate::tools::dxa::connections::numbers::Shown;
use crate::tools::exit::{ExitCode, ToolError};

/// Reads the numbers that the container holds; `None` where it has none yet.
pub(in crate::tools::dxa) fn numbers(
    directory: &mut Connection,
    container: &Dn,
) -> Result<Option<Shown>, ToolError> {
    let mut search = Search::new(container.clone());
    search.scope = Scope::Base;
    let found = directory.find(&search).map_err(unread)?;
    let Some(entry) = found.first() else {
        let text = format!("the import container {container} is not there (DX-38)");
        return Err(ToolError::new(ExitCode::NotFound, text));
    };
    let number = |name| {
        entry
            .attributes
            .text(name)
            .and_then(|text| text.parse().ok())
    };
    let numbers = [
        schema::REQ_SEQ,
        schema::SVR_SEQ,
        schema::CONF_SEQ,
        schema::IMP_SEQ,
    ]
    .map(number);
    Ok(match numbers {
        [None, None, None, None] => None,
        [req, svr, conf, imp] => Some(Shown {
            req: req.unwrap_or_default(),
            svr: svr.unwrap_or_default(),
            conf: conf.unwrap_or_default(),
            imp: imp.unwrap_or_default(),
        }),
    })
}

/// Writes the numbers, the owner and the class of the container, if the numbers are still those that were read.
pub(in crate::tools::dxa) fn put_numbers(
    directory: &mut Connection,
    container: &Dn,
    owner: &str,
    before: Option<Shown>,
    after: Shown,
) -> Result<(), ToolError> {
    if before == Some(after) {
        return Ok(());
    }
    let one = |value: u32| vec![value.to_string().into_bytes()];
    let mut parts = Vec::new();
    let mut condition = Filter::present(schema::REQ_SEQ).negated();
    match before {
        None => {
            parts.push(Modification {
                kind: ModificationKind::Add,
                attribute: schema::OBJECT_CLASS.to_owned(),
                values: vec![schema::IMPORT_CONTAINER.into()],
            });
        }
        Some(before) => {
            let holds = |name, value: u32| Filter::equal(name, value.to_string());
            condition = holds(schema::REQ_SEQ, before.req)
                .and(holds(schema::SVR_SEQ, before.svr))
                .and(holds(schema::CONF_SEQ, before.conf))
                .and(holds(schema::IMP_SEQ, before.imp));
        }
    }
    for (name, values) in [
        (schema::IMPORTED_FROM, vec![owner.into()]),
        (schema::REQ_SEQ, one(after.req)),
        (schema::SVR_SEQ, one(after.svr)),
        (schema::CONF_SEQ, one(after.conf)),
        (schema::IMP_SEQ, one(after.imp)),
    ] {
        parts.push(Modification::replace(name, values));
    }
    let operation = Operation::new(container.clone(), Change::Modify(parts));
    let has_assertions = directory.root_dse().map_err(unread)?.has_assertions();
    let operation = match has_assertions {
        true => operation.only_if(condition),
        false => operation,
    };
    match directory.apply(&operation)? {
        Ok(()) => Ok(()),
        Err(refusal) if refusal.meaning(&operation.change) == Meaning::Overtaken => {
            let text = format!(
                "the numbers of {container} are not those that were read: another agent writes there"
            );
            Err(ToolError::new(ExitCode::OutOfStep, text))
        }
        // What a run that was killed behind its entries left: class and owner are there, the numbers are not.
        Err(refusal)
            if before.is_none() && refusal.code == ResultCode::ATTRIBUTE_OR_VALUE_EXISTS =>
        {
            put_missing(directory, container, operation)
        }
        Err(refusal) => Err(refused(container, &refusal)),
    }
}

/// Writes the numbers into a container that has the class already.
fn put_missing(
    directory: &mut Connection,
    container: &Dn,
    operation: Operation,
) -> Result<(), ToolError> {
    let Change::Modify(parts) = operation.change else {
        return Ok(());
    };
    let parts = parts
        .into_iter()
        .filter(|part| part.attribute != schema::OBJECT_CLASS);
    let again = Operation {
        change: Change::Modify(parts.collect()),
        ..operation
    };
    let outcome = directory.apply(&again)?;
    outcome.map_err(|refusal| refused(container, &refusal))
}
