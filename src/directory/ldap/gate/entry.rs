//! Entries that a search finds, read where they come in: a run over a container reads a hundred thousand of them, and the
//! library makes a hundred small pieces of memory of each.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::ber::{self, Malformed, Value};
use super::lock;
use super::message::Id;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::ldap::error::LdapError;

/// Bytes that the attributes of an entry mostly need.
const ROOM: usize = 256;

/// Entries that came in and were not fetched yet.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Found {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Mutex<VecDeque<(Id, Result<Entry, LdapError>)>>,
    come: Notify,
}

impl Found {
    pub(super) fn put(&self, id: Id, entry: Result<Entry, LdapError>) {
        lock(&self.inner.entries).push_back((id, entry));
        self.inner.come.notify_one();
    }

    /// Waits until entries came in since the last time. There may be none: they were fetched meanwhile.
    pub(in super::super) async fn wait(&self) {
        self.inner.come.notified().await;
    }

    /// Fetches the next entry of a request. Those of others are of searches that were given up.
    pub(in super::super) fn next(&self, request: Id) -> Option<Result<Entry, LdapError>> {
        let mut entries = lock(&self.inner.entries);
        loop {
            let (id, entry) = entries.pop_front()?;
            if id == request {
                return Some(entry);
            }
        }
    }
}

/// Reads an entry (RFC 4511 section 4.5.2): `content` of a message, which is well formed.
pub(super) fn read(message: &[u8], content: Range<usize>) -> Result<Entry, LdapError> {
    parse(message, content).map_err(|what| LdapError::Answer(what.to_owned()))?
}

fn parse(message: &[u8], content: Range<usize>) -> Result<Result<Entry, LdapError>, Malformed> {
    let mut fields = ber::each(message, content);
    let (Some(dn), Some(list)) = (fields.next(), fields.next()) else {
        return Err("an entry without name or attributes");
    };
    let dn = match Dn::parse(text(message, &dn?).ok_or("the name of an entry")?) {
        Ok(dn) => dn,
        Err(error) => return Ok(Err(LdapError::Answer(error.to_string()))),
    };
    let mut attributes = Attributes::with_room(ROOM);
    for attribute in parts(message, &list?).ok_or("the attributes of an entry")? {
        let mut fields = parts(message, &attribute?).ok_or("an attribute")?;
        let (Some(name), Some(values)) = (fields.next(), fields.next()) else {
            return Err("an attribute without name or values");
        };
        let name = text(message, &name?).ok_or("the name of an attribute")?;
        let mut is_wrong = false;
        let values = parts(message, &values?).ok_or("the values of an attribute")?;
        let values = values.filter_map(|value| {
            let value = value.ok().and_then(|value| bytes(message, &value));
            is_wrong |= value.is_none();
            value
        });
        attributes.set(name, values);
        if is_wrong {
            return Err("a value");
        }
    }
    Ok(Ok(Entry { dn, attributes }))
}

fn parts<'m>(message: &'m [u8], value: &Value) -> Option<ber::Each<'m>> {
    value
        .is_constructed
        .then(|| ber::each(message, value.content.clone()))
}

fn bytes<'m>(message: &'m [u8], value: &Value) -> Option<&'m [u8]> {
    (!value.is_constructed).then(|| &message[value.content.clone()])
}

fn text<'m>(message: &'m [u8], value: &Value) -> Option<&'m str> {
    std::str::from_utf8(bytes(message, value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cn=a`, `cn: a`, and `x` with a value that is no text.
    const ENTRY: &[u8] = b"\x04\x04cn=a\x30\x15\
        \x30\x09\x04\x02cn\x31\x03\x04\x01a\
        \x30\x08\x04\x01x\x31\x03\x04\x01\xff";

    #[test]
    fn an_entry_is_read_with_the_bytes_of_its_values() {
        let entry = read(ENTRY, 0..ENTRY.len()).expect("an entry");
        assert_eq!(entry.dn.to_string(), "cn=a");
        assert_eq!(entry.attributes.first("CN"), Some(&b"a"[..]));
        assert_eq!(entry.attributes.values("x"), [b"\xff"]);
    }

    #[test]
    fn whatever_is_broken_in_an_entry_is_an_error_and_no_more() {
        for at in 0..ENTRY.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut bytes = ENTRY.to_vec();
                bytes[at] ^= flip;
                // Some flips give another entry.
                let _ = read(&bytes, 0..bytes.len());
            }
            assert!(read(&ENTRY[..at], 0..at).is_err(), "{at}");
        }
        for (wrong, why) in [
            (&b"\x04\x04cn=a"[..], "an entry without name or attributes"),
            (
                b"\x04\x02cn\x30\x00",
                "byte 2 of the name \"cn\": the end, expected =",
            ),
            (b"\x04\x01\xff\x30\x00", "the name of an entry"),
            (b"\x04\x00\x04\x00", "the attributes of an entry"),
            (b"\x04\x00\x30\x02\x04\x00", "an attribute"),
            (
                b"\x04\x00\x30\x04\x30\x02\x04\x00",
                "an attribute without name or values",
            ),
            (
                b"\x04\x00\x30\x06\x30\x04\x04\x00\x04\x00",
                "the values of an attribute",
            ),
            (
                b"\x04\x00\x30\x09\x30\x07\x04\x01x\x31\x02\x30\x00",
                "a value",
            ),
        ] {
            match read(wrong, 0..wrong.len()) {
                Err(LdapError::Answer(found)) => assert_eq!(found, why),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn entries_are_fetched_by_who_asked_for_them() {
        let found = Found::default();
        let entry = |name: &str| Entry {
            dn: Dn::parse(name).expect("a name"),
            attributes: Attributes::default(),
        };
        for (id, name) in [(1, "cn=a"), (2, "cn=b"), (2, "cn=c")] {
            found.put(id, Ok(entry(name)));
        }
        assert_eq!(found.next(2).and_then(Result::ok), Some(entry("cn=b")));
        assert_eq!(found.next(2).and_then(Result::ok), Some(entry("cn=c")));
        assert!(found.next(2).is_none() && found.next(1).is_none());
    }
}
