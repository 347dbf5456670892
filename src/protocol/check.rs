//! What a text says, import file or dir-sync message, as JSON in the shape of the published cases
//! (`spec/import.md` section 13): the answer of `import --check`.

use std::io::{self, BufRead, Cursor, Read};

use serde_json::{Map, Value, json};

use super::message::{BodyReader, Profile, peek_section};
use crate::codec::codepage::CodePage;
use crate::importfile::{self, message_json, transaction_json};

/// Reads a text and returns what it says.
///
/// A text whose first line that is not blank reads `[DIRSYNC]` or `[DIRSYNC-TRANSACTIONS]` is a
/// message: `{"profile": {...}, "records": [...], "messages": [...]}`, without a profile where it
/// has none. Any other is an import file, see [`importfile::check`].
///
/// # Errors
/// Those of the input.
pub fn check(mut input: impl BufRead, code_page: CodePage) -> io::Result<Value> {
    let (is_message, head) = peek_section(&mut input)?;
    let input = Cursor::new(head).chain(input);
    if !is_message {
        return importfile::check(input, code_page);
    }
    let Some(body) = BodyReader::open(input, code_page)? else {
        return Ok(json!({"records": [], "messages": []}));
    };
    let mut result = Map::new();
    if let Some(profile) = body.profile() {
        result.insert("profile".into(), profile_json(profile));
    }
    let mut messages: Vec<_> = body.messages().iter().map(message_json).collect();
    let mut records = Vec::new();
    for block in body {
        let block = block?;
        messages.extend(block.messages.iter().map(message_json));
        if let (Some(sync), Some(transaction)) = (block.sync, &block.transaction) {
            let mut object = Map::new();
            object.insert("sync".into(), sync.into());
            transaction_json(transaction, code_page, &mut object);
            records.push(object);
        }
    }
    result.insert("records".into(), records.into());
    result.insert("messages".into(), messages.into());
    Ok(result.into())
}

/// Keys in lower case, numbers as numbers, a password only as `"given"`.
fn profile_json(profile: &Profile) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_ascii_lowercase(), value);
        }
    };
    put("task", profile.task.clone().map(Into::into));
    put("name", profile.name.clone().map(Into::into));
    put("reqname", profile.reqname.clone().map(Into::into));
    put(
        "password",
        profile.password.as_ref().map(|_| "given".into()),
    );
    put("version", profile.version.clone().map(Into::into));
    let tokens = |types: &Vec<_>| {
        let token = |kind: &crate::address::AddressType| Value::from(kind.token());
        types.iter().map(token).collect()
    };
    put("types", profile.types.as_ref().map(tokens));
    put("template", profile.template.map(Into::into));
    put("reqseq", profile.reqseq.map(|n| n.0.into()));
    put("srvseq", profile.srvseq.map(|n| n.0.into()));
    put("impseq", profile.impseq.map(|n| n.0.into()));
    put("count", profile.count.map(Into::into));
    put("stamp", profile.stamp.map(Into::into));
    put("export", profile.export.map(Into::into));
    put("limit", profile.limit.map(Into::into));
    put("transactions", profile.transactions.clone().map(Into::into));
    for (key, value) in &profile.other {
        put(key, Some(value.clone().into()));
    }
    object.into()
}
