//! What a text says, import file or dir-sync message, as JSON in the shape of the published cases
//! (`spec/import.md` section 13): the answer of `import --check`.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom, Write};

use serde_json::{Map, Value};

use super::message::{BodyReader, Profile, peek_section};
use crate::codec::codepage::CodePage;
use crate::importfile::{Block, Reader, message_json, transaction_json};

/// Which side of a check failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The text could not be read.
    #[error("the text cannot be read")]
    Input(#[source] io::Error),
    /// The answer, or the messages put aside for its end, could not be written.
    #[error("the answer cannot be written")]
    Output(#[source] io::Error),
}

/// Reads a text and writes what it says to `output`, in constant memory: the messages, which come
/// last in the answer, wait in `spool`. Returns whether there are any.
///
/// A text whose first line that is not blank reads `[DIRSYNC]` or `[DIRSYNC-TRANSACTIONS]` is a
/// message: `{"profile": {...}, "records": [...], "messages": [...]}`, without a profile where it
/// has none. Any other is an import file: `{"transactions": [...], "messages": [...]}`.
///
/// # Errors
/// Those of the input, before anything is written if the very beginning cannot be read; those of
/// the output and the spool.
pub fn write_check(
    mut input: impl BufRead,
    code_page: CodePage,
    output: &mut impl Write,
    spool: &mut (impl Read + Write + Seek),
) -> Result<bool, CheckError> {
    let (is_message, head) = peek_section(&mut input).map_err(CheckError::Input)?;
    let input = Cursor::new(head).chain(input);
    let answer = Answer {
        code_page,
        output,
        spool,
        has_messages: false,
    };
    if !is_message {
        return answer.of_blocks("{\"transactions\":[", Reader::new(input, code_page));
    }
    let body = BodyReader::open(input, code_page).map_err(CheckError::Input)?;
    match body {
        None => answer.of_blocks("{\"records\":[", std::iter::empty()),
        Some(body) => answer.of_body(body),
    }
}

/// As [`write_check`], held in memory: for people and tests.
///
/// # Errors
/// Those of the input.
pub fn check(input: impl BufRead, code_page: CodePage) -> io::Result<Value> {
    let mut output = Vec::new();
    match write_check(input, code_page, &mut output, &mut Cursor::new(Vec::new())) {
        Ok(_) => Ok(serde_json::from_slice(&output)?),
        Err(CheckError::Input(error) | CheckError::Output(error)) => Err(error),
    }
}

/// An answer on its way out.
struct Answer<'a, W, S> {
    code_page: CodePage,
    output: &'a mut W,
    spool: &'a mut S,
    has_messages: bool,
}

impl<W: Write, S: Read + Write + Seek> Answer<'_, W, S> {
    fn of_body(mut self, body: BodyReader<impl BufRead>) -> Result<bool, CheckError> {
        let mut head = String::from("{");
        if let Some(profile) = body.profile() {
            let profile = in_order(profile_json(profile), body.keys());
            head.push_str(&format!("\"profile\":{},", Value::Object(profile)));
        }
        head.push_str("\"records\":[");
        for message in body.messages() {
            self.put_aside(&message_json(message))
                .map_err(CheckError::Output)?;
        }
        self.of_blocks(&head, body)
    }

    /// Writes everything from `head` on.
    fn of_blocks(
        mut self,
        head: &str,
        blocks: impl Iterator<Item = io::Result<Block>>,
    ) -> Result<bool, CheckError> {
        self.output
            .write_all(head.as_bytes())
            .map_err(CheckError::Output)?;
        let mut is_first = true;
        for block in blocks {
            let block = block.map_err(CheckError::Input)?;
            self.write_block(&block, &mut is_first)
                .map_err(CheckError::Output)?;
        }
        self.finish().map_err(CheckError::Output)
    }

    fn write_block(&mut self, block: &Block, is_first: &mut bool) -> io::Result<()> {
        for message in &block.messages {
            self.put_aside(&message_json(message))?;
        }
        let Some(transaction) = &block.transaction else {
            return Ok(());
        };
        let mut object = Map::new();
        match block.sync {
            Some(sync) => object.insert("sync".into(), sync.into()),
            None => object.insert("line".into(), block.line.into()),
        };
        transaction_json(transaction, self.code_page, &mut object);
        if !std::mem::take(is_first) {
            self.output.write_all(b",")?;
        }
        write!(self.output, "{}", Value::Object(object))
    }

    fn put_aside(&mut self, message: &Value) -> io::Result<()> {
        let separator = if self.has_messages { "," } else { "" };
        self.has_messages = true;
        write!(self.spool, "{separator}{message}")
    }

    fn finish(self) -> io::Result<bool> {
        self.output.write_all(b"],\"messages\":[")?;
        self.spool.seek(SeekFrom::Start(0))?;
        io::copy(self.spool, self.output)?;
        self.output.write_all(b"]}")?;
        Ok(self.has_messages)
    }
}

/// Puts the keys of a profile into the order of the text.
fn in_order(mut object: Map<String, Value>, keys: &[String]) -> Map<String, Value> {
    let taken = keys.iter().filter_map(|key| object.remove_entry(key));
    taken.collect()
}

/// Keys in lower case, numbers as numbers, a password only as `"given"`.
fn profile_json(profile: &Profile) -> Map<String, Value> {
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
    put("was", profile.was.map(Into::into));
    put("confirmed", profile.confirmed.map(|n| n.0.into()));
    put("reqdigest", profile.reqdigest.map(Into::into));
    put("after", profile.after.clone().map(Into::into));
    put("export", profile.export.map(Into::into));
    put("limit", profile.limit.map(Into::into));
    put("transactions", profile.transactions.clone().map(Into::into));
    for (key, value) in &profile.other {
        put(key, Some(value.clone().into()));
    }
    object
}
