//! Which answers are let through (RFC 4511): those that somebody waits for, of the shape that the standard gives them.

use std::collections::HashMap;
use std::ops::Range;

use super::ber::{self, Class, Malformed, Value};

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const OCTET_STRING: u8 = 4;
const ENUMERATED: u8 = 10;
const SEQUENCE: u8 = 16;

const UNBIND: u8 = 2;
const SEARCH: u8 = 3;
const ENTRY: u8 = 4;
const SEARCH_DONE: u8 = 5;
const ABANDON: u8 = 16;
const REFERENCE: u8 = 19;
const EXTENDED: u8 = 23;
const EXTENDED_RESPONSE: u8 = 24;
const INTERMEDIATE: u8 = 25;

/// Identity of a request. 0 is none: a message with it answers nothing.
pub(in super::super) type Id = i64;

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Pass,
    /// It is an entry that a search found: of which request, and where it stands.
    Entry(Id, Range<usize>),
    /// Nobody waits for it.
    Drop,
    /// The server says something unasked: a result code and a text.
    Notice(u32, String),
}

/// The requests that wait for an answer, by number of the operation.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: HashMap<Id, u8>,
}

impl Waiting {
    /// Notes a request that is about to be sent.
    pub(super) fn ask(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let (id, operation, _) = parts(message)?;
        match operation.number {
            UNBIND => {}
            ABANDON => {
                let abandoned = integer(message, operation.content)?;
                self.requests.remove(&abandoned);
            }
            number => {
                self.requests.insert(id, number);
            }
        }
        Ok(())
    }

    /// Judges an answer. A text in it that is no UTF-8 is made some, since it is for people only: its length stays.
    pub(super) fn answer(&mut self, message: &mut [u8]) -> Result<Verdict, Malformed> {
        ber::check(message)?;
        let (id, operation, controls) = parts(message)?;
        if let Some(controls) = controls {
            check_controls(message, controls)?;
        }
        let number = operation.number;
        if !operation.is_constructed {
            return Err("an answer without parts");
        }
        if id == 0 {
            return match number {
                EXTENDED_RESPONSE => notice(message, operation.content),
                _ => Err("an answer to nothing"),
            };
        }
        let Some(&request) = self.requests.get(&id) else {
            return Ok(Verdict::Drop);
        };
        let is_part = match (request, number) {
            (SEARCH, ENTRY) => return Ok(Verdict::Entry(id, operation.content)),
            (SEARCH, REFERENCE | INTERMEDIATE) => true,
            (SEARCH, SEARCH_DONE) | (EXTENDED, EXTENDED_RESPONSE) => false,
            (SEARCH | EXTENDED, _) => return Err("an answer of another operation"),
            // That of every other one follows it.
            _ if number == request + 1 => false,
            _ => return Err("an answer of another operation"),
        };
        if !is_part {
            check_result(message, operation.content)?;
            self.requests.remove(&id);
        }
        Ok(Verdict::Pass)
    }
}

/// Reads number, operation and controls of a message.
fn parts(message: &[u8]) -> Result<(Id, Value, Option<Value>), Malformed> {
    let whole = ber::values(message, 0..message.len())?;
    let [sequence] = &whole[..] else {
        return Err("no message");
    };
    if !sequence.is(SEQUENCE, true) {
        return Err("no message");
    }
    let mut fields = ber::values(message, sequence.content.clone())?.into_iter();
    let (Some(id), Some(operation), controls, None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err("a message of too few or too many parts");
    };
    if !id.is(INTEGER, false) {
        return Err("a message without number");
    }
    // An unbind has no content, an abandon and a deletion have no parts.
    if operation.class != Class::Application {
        return Err("a message without operation");
    }
    // Active Directory puts the name of a notice where controls belong.
    let is_misplaced = |value: &Value| value.number == 10 && operation.number == EXTENDED_RESPONSE;
    if let Some(controls) = &controls {
        let is_controls = controls.number == 0 && controls.is_constructed;
        if controls.class != Class::Context || !(is_controls || is_misplaced(controls)) {
            return Err("something behind the operation that is no control");
        }
    }
    let controls = controls.filter(|value| !is_misplaced(value));
    Ok((integer(message, id.content)?, operation, controls))
}

fn integer(message: &[u8], content: Range<usize>) -> Result<i64, Malformed> {
    let bytes = &message[content];
    match bytes.split_first() {
        Some((first, rest)) if bytes.len() <= 4 => {
            let start = i64::from(i8::from_be_bytes([*first]));
            Ok(rest.iter().fold(start, |n, byte| n << 8 | i64::from(*byte)))
        }
        _ => Err("a number of no or too many bytes"),
    }
}

/// Checks `LDAPResult` (4.1.9) and what an answer may add to it.
fn check_result(message: &mut [u8], content: Range<usize>) -> Result<(), Malformed> {
    let fields = ber::values(message, content)?;
    let [code, matched, text, more @ ..] = &fields[..] else {
        return Err("a result of too few parts");
    };
    if !code.is(ENUMERATED, false) {
        return Err("a result without code");
    }
    integer(message, code.content.clone())?;
    for field in [matched, text] {
        if !field.is(OCTET_STRING, false) {
            return Err("a result without text");
        }
        mend(&mut message[field.content.clone()]);
    }
    for field in more {
        match (field.number, field.is_constructed) {
            // Referrals.
            (3, true) => {
                for place in ber::values(message, field.content.clone())? {
                    if place.is_constructed {
                        return Err("a referral that is no text");
                    }
                    mend(&mut message[place.content]);
                }
            }
            (10, false) => mend(&mut message[field.content.clone()]),
            (3 | 7 | 10 | 11, _) if field.is_constructed != (field.number == 3) => {
                return Err("a result with a part of another shape");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads what a server says unasked (4.4): mostly that it ends the connection.
fn notice(message: &mut [u8], content: Range<usize>) -> Result<Verdict, Malformed> {
    check_result(message, content.clone())?;
    let (code, text) = code_and_text(message, content)?;
    Ok(Verdict::Notice(code, text))
}

/// Returns result code and text of an answer that was let through.
pub(super) fn result(message: &[u8]) -> Result<(u32, String), Malformed> {
    let (_, operation, _) = parts(message)?;
    code_and_text(message, operation.content)
}

fn code_and_text(message: &[u8], content: Range<usize>) -> Result<(u32, String), Malformed> {
    let fields = ber::values(message, content)?;
    let [code, _, text, ..] = &fields[..] else {
        return Err("a result of too few parts");
    };
    let code = integer(message, code.content.clone())?;
    let code = u32::try_from(code).map_err(|_| "a result code below zero")?;
    let text = String::from_utf8_lossy(&message[text.content.clone()]);
    Ok((code, text.into_owned()))
}

/// Checks `Controls` (4.1.11).
fn check_controls(message: &[u8], controls: Value) -> Result<(), Malformed> {
    for control in ber::values(message, controls.content)? {
        if !control.is(SEQUENCE, true) {
            return Err("a control of another shape");
        }
        let fields = ber::values(message, control.content)?;
        let Some((name, mut rest)) = fields.split_first() else {
            return Err("a control without name");
        };
        if !name.is(OCTET_STRING, false) || !message[name.content.clone()].is_ascii() {
            return Err("a control without name");
        }
        if let Some((first, behind)) = rest.split_first() {
            if first.is(BOOLEAN, false) && first.content.len() == 1 {
                rest = behind;
            }
        }
        match rest {
            [] => {}
            [value] if value.is(OCTET_STRING, false) => {}
            _ => return Err("a control of another shape"),
        }
    }
    Ok(())
}

/// Replaces what is no ASCII in a text that is no UTF-8.
fn mend(text: &mut [u8]) {
    if std::str::from_utf8(text).is_err() {
        for byte in text.iter_mut().filter(|byte| !byte.is_ascii()) {
            *byte = b'?';
        }
    }
}

#[cfg(test)]
mod tests;
