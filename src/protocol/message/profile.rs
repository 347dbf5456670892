//! The `KEY=VALUE` lines under `[DIRSYNC]`.

use std::fmt::Display;

use super::{Form, Task};
use crate::address::AddressType;
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

/// What a message says about itself. Every key may be missing; unknown ones are kept.
///
/// `TASK`, `NAME`, `REQNAME`, `TYPES`, `TEMPLATE`, `SRVSEQ` and `TRANSACTIONS` are published
/// (Q106623, Q118298), `REQSEQ` and `IMPSEQ` are the names of the resync header (Q119449); the
/// other keys are ours.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// `TASK`: what is asked or sent, as written.
    pub task: Option<String>,
    /// `NAME`: the requestor, `TYPE:NET/PO` as written; in requests.
    pub name: Option<String>,
    /// `REQNAME`: the same in updates. Both spellings are accepted everywhere.
    pub reqname: Option<String>,
    /// `PASSWORD`.
    pub password: Option<String>,
    /// `VERSION`.
    pub version: Option<String>,
    /// `TYPES`: address types that are wanted.
    pub types: Option<Vec<AddressType>>,
    /// `TEMPLATE`: whether template information is wanted.
    pub template: Option<bool>,
    /// `REQSEQ`.
    pub reqseq: Option<ReqSync>,
    /// `SRVSEQ`.
    pub srvseq: Option<SrvSync>,
    /// `IMPSEQ`.
    pub impseq: Option<ImportSync>,
    /// `COUNT`: transactions in the message.
    pub count: Option<u32>,
    /// `STAMP`: date stamp of the server.
    pub stamp: Option<u32>,
    /// `WAS`: what the number of the sender's own kind was before, as the subject has it: ReqSync in a request, SrvSync
    /// in a reply.
    pub was: Option<u32>,
    /// `CONFIRMED`: what the server itself had confirmed before a resync file raised `WAS`.
    pub confirmed: Option<ReqSync>,
    /// `REQDIGEST`: digest of the transaction that was confirmed last.
    pub reqdigest: Option<u32>,
    /// `AFTER`: STAMPs of the states that the updates fit on.
    pub after: Option<Vec<u32>>,
    /// `EXPORT`: the server asks for a full export.
    pub export: Option<bool>,
    /// `LIMIT`: bytes the requestor takes at once.
    pub limit: Option<u32>,
    /// `TRANSACTIONS`: `INBODY`, `INATTACHMENT` or `INTERNAL`, as written.
    pub transactions: Option<String>,
    /// Other keys as written, with their values, in order.
    pub other: Vec<(String, String)>,
}

/// What became of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Taken.
    Taken,
    /// The value cannot be read: what was expected. The key counts as missing.
    BadValue(&'static str),
}

const NUMBER: &str = "a number up to 4294967295";
const NUMBERS: &str = "numbers up to 4294967295 between bars";
const YES_NO: &str = "YES or NO";

impl Profile {
    /// Returns the requestor under whichever key it came.
    #[must_use]
    pub fn requestor(&self) -> Option<&str> {
        self.reqname.as_deref().or(self.name.as_deref())
    }

    /// Returns the task, if it is a known one.
    #[must_use]
    pub fn known_task(&self) -> Option<Task> {
        self.task.as_deref().and_then(Task::parse)
    }

    /// Returns where the transactions are, if that is said in a known word.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        self.transactions.as_deref().and_then(Form::parse)
    }

    /// Takes one line apart from its key; keys in any letter case, blanks around both allowed.
    pub fn set(&mut self, key: &str, value: &str) -> Setting {
        let (key, value) = (key.trim(), value.trim());
        match key.to_ascii_uppercase().as_str() {
            "TASK" => text(&mut self.task, value),
            "NAME" => text(&mut self.name, value),
            "REQNAME" => text(&mut self.reqname, value),
            "PASSWORD" => text(&mut self.password, value),
            "VERSION" => text(&mut self.version, value),
            "TRANSACTIONS" => text(&mut self.transactions, value),
            "TYPES" => self.set_types(value),
            "TEMPLATE" => put(&mut self.template, yes_no(value), YES_NO),
            "EXPORT" => put(&mut self.export, yes_no(value), YES_NO),
            "REQSEQ" => put(&mut self.reqseq, number(value).map(ReqSync), NUMBER),
            "SRVSEQ" => put(&mut self.srvseq, number(value).map(SrvSync), NUMBER),
            "IMPSEQ" => put(&mut self.impseq, number(value).map(ImportSync), NUMBER),
            "COUNT" => put(&mut self.count, number(value), NUMBER),
            "STAMP" => put(&mut self.stamp, number(value), NUMBER),
            "WAS" => put(&mut self.was, number(value), NUMBER),
            "CONFIRMED" => put(&mut self.confirmed, number(value).map(ReqSync), NUMBER),
            "REQDIGEST" => put(&mut self.reqdigest, number(value), NUMBER),
            "AFTER" => put(&mut self.after, numbers(value), NUMBERS),
            "LIMIT" => put(&mut self.limit, number(value), NUMBER),
            _ => {
                self.other.push((key.to_owned(), value.to_owned()));
                Setting::Taken
            }
        }
    }

    /// Types stand between bars; commas, as logs print them, do as well.
    fn set_types(&mut self, value: &str) -> Setting {
        let mut outcome = Setting::Taken;
        let types = self.types.get_or_insert_default();
        for token in value.split(['|', ',']).map(str::trim) {
            match AddressType::from_token(token.as_bytes()) {
                Some(kind) if types.contains(&kind) => {}
                Some(kind) => types.push(kind),
                None if token.is_empty() => {}
                None => outcome = Setting::BadValue(AddressType::TOKENS),
            }
        }
        outcome
    }

    /// Returns the section: `[DIRSYNC]` and a line for each key that is set, joined by CR LF.
    ///
    /// A line break inside a value would make a line of its own, so it becomes a blank.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("[DIRSYNC]\r\n");
        push(&mut out, "TASK", &self.task);
        push(&mut out, "NAME", &self.name);
        push(&mut out, "REQNAME", &self.reqname);
        push(&mut out, "PASSWORD", &self.password);
        push(&mut out, "VERSION", &self.version);
        let tokens = |types: &Vec<AddressType>| {
            let tokens: Vec<_> = types.iter().map(|kind| kind.token()).collect();
            tokens.join("|")
        };
        push(&mut out, "TYPES", &self.types.as_ref().map(tokens));
        let word = |yes| if yes { "YES" } else { "NO" };
        push(&mut out, "TEMPLATE", &self.template.map(word));
        push(&mut out, "REQSEQ", &self.reqseq.map(|n| format!("{n:010}")));
        push(&mut out, "SRVSEQ", &self.srvseq.map(|n| format!("{n:010}")));
        push(&mut out, "IMPSEQ", &self.impseq.map(|n| format!("{n:010}")));
        push(&mut out, "WAS", &self.was.map(|n| format!("{n:010}")));
        push(
            &mut out,
            "CONFIRMED",
            &self.confirmed.map(|n| format!("{n:010}")),
        );
        push(&mut out, "REQDIGEST", &self.reqdigest);
        push(&mut out, "COUNT", &self.count);
        push(&mut out, "STAMP", &self.stamp);
        let joined = |stamps: &Vec<u32>| {
            let stamps: Vec<_> = stamps.iter().map(ToString::to_string).collect();
            stamps.join("|")
        };
        push(&mut out, "AFTER", &self.after.as_ref().map(joined));
        push(&mut out, "EXPORT", &self.export.map(u8::from));
        push(&mut out, "LIMIT", &self.limit);
        push(&mut out, "TRANSACTIONS", &self.transactions);
        for (key, value) in &self.other {
            push(&mut out, key, &Some(value));
        }
        out
    }
}

fn push(out: &mut String, key: &str, value: &Option<impl Display>) {
    if let Some(value) = value {
        let value = value.to_string().replace(['\r', '\n', '\x1a'], " ");
        out.push_str(&format!("{key}={value}\r\n"));
    }
}

fn text(field: &mut Option<String>, value: &str) -> Setting {
    *field = Some(value.to_owned());
    Setting::Taken
}

fn put<T>(field: &mut Option<T>, value: Option<T>, expected: &'static str) -> Setting {
    *field = value;
    match field {
        Some(_) => Setting::Taken,
        None => Setting::BadValue(expected),
    }
}

fn number(value: &str) -> Option<u32> {
    if !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    value.parse().ok()
}

/// Most STAMPs in one line; a server never has more to name.
const MAX_STAMPS: usize = 64;

fn numbers(value: &str) -> Option<Vec<u32>> {
    let parts = value.split('|');
    let numbers: Option<Vec<_>> = parts.take(MAX_STAMPS).map(|n| number(n.trim())).collect();
    numbers
}

fn yes_no(value: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is(["YES", "1", "TRUE"]) {
        Some(true)
    } else if is(["NO", "0", "FALSE"]) {
        Some(false)
    } else {
        None
    }
}

/// Leaves the password out.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.clone();
        if let Some(password) = &mut shown.password {
            password.replace_range(.., "...");
        }
        f.write_str(&shown.encode())
    }
}
