//! Transactions and messages as JSON in the shape of the published cases (`spec/import.md`
//! section 13).

use serde_json::{Map, Value, json};

use super::Diagnostic;
use crate::codec::codepage::CodePage;
use crate::transaction::{Entry, TemplateField, Transaction};

/// Returns `{"stage": "parse", "line": .., "number": ..}`.
#[must_use]
pub fn message_json(message: &Diagnostic) -> Value {
    json!({"stage": "parse", "line": message.line, "number": message.number})
}

/// Adds the keys of a transaction: `code`, `name`, `type`, `address`, and `new_name`,
/// `new_address`, `info`, `fields` where it has them.
pub fn transaction_json(
    transaction: &Transaction,
    code_page: CodePage,
    object: &mut Map<String, Value>,
) {
    object.insert("code".into(), transaction.code().to_string().into());
    if let Some(entry) = transaction.entry() {
        object.insert("name".into(), code_page.decode(entry.name()).into());
    }
    object.insert("type".into(), transaction.kind().token().into());
    let address = match transaction {
        Transaction::Add { entry, .. }
        | Transaction::Delete { entry }
        | Transaction::Modify { entry, .. } => code_page.decode(entry.address().text()),
        Transaction::Replace { list } | Transaction::Template { list, .. } => list
            .place()
            .map_or_else(String::new, |place| place.view(code_page)),
    };
    object.insert("address".into(), address.into());
    match transaction {
        Transaction::Modify { new: Some(new), .. } => new_entry_json(new, code_page, object),
        Transaction::Template { fields, .. } => {
            let fields = fields.iter().map(|field| field_json(field, code_page));
            object.insert("fields".into(), fields.collect());
        }
        _ => {}
    }
    if !transaction.info().is_empty() {
        let info = transaction.info().iter().map(|info| {
            json!([
                code_page.decode(info.prompt()),
                code_page.decode(info.value())
            ])
        });
        object.insert("info".into(), info.collect());
    }
}

fn new_entry_json(new: &Entry, code_page: CodePage, object: &mut Map<String, Value>) {
    object.insert("new_name".into(), code_page.decode(new.name()).into());
    object.insert("new_address".into(), new.address().view(code_page).into());
}

fn field_json(field: &TemplateField, code_page: CodePage) -> Value {
    json!({
        "prompt": code_page.decode(field.prompt()),
        "start": field.start(),
        "width": field.width(),
        "edit": code_page.decode(field.edit()),
        "default": code_page.decode(field.default_value()),
        "internal": code_page.decode(field.internal()),
    })
}
