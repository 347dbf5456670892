//! An entry as it is compared, and as it lies in the files of a sort.

use std::io;

use super::exact;
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::side::Place;
use crate::transaction::{Entry, InfoLine};

/// Attributes or template lines with their values.
pub(super) type Details = Vec<(String, Vec<Vec<u8>>)>;

/// What an entry is to its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is there.
    Present,
    /// Its side keeps it to itself: at the other it should not be.
    Excluded(Reason),
    /// Nobody knows whether it should be at the other side: it stays as it is there.
    Withheld(Reason),
    /// The records of its side have removed it.
    Removed,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// What it is to its side.
    pub(super) state: State,
    /// Its name stands twice in its list, which is a finding already.
    pub(super) is_twin: bool,
    /// Its details are not known but for those that it has.
    pub(super) is_partial: bool,
    /// Number of the last transaction about it.
    pub(super) sync: Option<u32>,
    /// Its date stamp.
    pub(super) stamp: Option<u32>,
    /// Where it stands.
    pub(super) place: Place,
    /// Its address.
    pub(super) address: TargetAddress,
    /// Its name.
    pub(super) name: String,
    /// Attributes, in lower case and in order; or prompts. Each has its values in order, none of them empty.
    pub(super) details: Details,
}

impl Item {
    /// Takes an entry of a postoffice with its template lines.
    pub(super) fn of_entry(entry: &Entry, info: &[InfoLine], place: Place, page: CodePage) -> Self {
        let address = entry.address();
        let text = exact::decode(page, address.text());
        let mut item = Self::new(
            TargetAddress::new(address.kind().token(), &text),
            exact::decode(page, entry.name()),
            place,
        );
        item.details = lines(info, page);
        item
    }

    /// An entry without details.
    pub(super) fn new(address: TargetAddress, name: String, place: Place) -> Self {
        Self {
            state: State::Present,
            is_twin: false,
            is_partial: false,
            sync: None,
            stamp: None,
            place,
            address,
            name,
            details: Details::new(),
        }
    }

    /// Returns its key.
    pub(super) fn key(&self) -> SyncKey {
        SyncKey::of(&self.address)
    }

    /// Returns its mail addresses, as they are compared.
    pub(super) fn mails(&self) -> Vec<String> {
        const MAILS: [&str; 3] = ["mail", "rfc822mailbox", "internetaddress"];
        let mut mails = Vec::new();
        let mut add = |text: &str| {
            let text = text.trim();
            if text.contains('@') {
                let mail = text.to_lowercase();
                mails.extend(Some(mail.clone()).filter(|_| !mails.contains(&mail)));
            }
        };
        if self.address.kind() == "SMTP" {
            add(self.address.value());
        }
        for (name, values) in &self.details {
            let is_proxy = [schema::PROXY_PRIMARY, schema::PROXY_SECONDARY]
                .iter()
                .any(|proxy| proxy.eq_ignore_ascii_case(name));
            if !is_proxy && !MAILS.contains(&&**name) {
                continue;
            }
            for value in values {
                let text = String::from_utf8_lossy(value);
                match text.split_once(':') {
                    Some((kind, mail)) if kind.eq_ignore_ascii_case("SMTP") => add(mail),
                    _ if !is_proxy => add(&text),
                    _ => {}
                }
            }
        }
        mails
    }

    /// Returns its details as attributes.
    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, values) in &self.details {
            attributes.set(name, values.clone());
        }
        attributes
    }

    /// Returns it in bytes: what is compared lies at the end, so that equal entries end in equal bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let reason = |state: State| match state {
            State::Present => String::new(),
            State::Removed => "removed".to_owned(),
            State::Excluded(reason) => format!("excluded {reason}"),
            State::Withheld(reason) => format!("withheld {reason}"),
        };
        out.extend([0; 4]);
        let has_mail = !self.mails().is_empty();
        let flags = [self.is_twin, self.is_partial, has_mail];
        out.push(
            flags
                .iter()
                .rev()
                .fold(0, |bits, flag| bits << 1 | u8::from(*flag)),
        );
        put_text(&mut out, &reason(self.state));
        put_number(&mut out, self.sync);
        put_number(&mut out, self.stamp);
        put_place(&mut out, &self.place);
        let content = u32::try_from(out.len()).expect("a place and two numbers");
        out[..4].copy_from_slice(&content.to_le_bytes());
        put_text(&mut out, self.address.kind());
        put_text(&mut out, self.address.value());
        put_text(&mut out, &self.name);
        put_len(&mut out, self.details.len());
        for (name, values) in &self.details {
            put_text(&mut out, name);
            put_len(&mut out, values.len());
            for value in values {
                put_bytes(&mut out, value);
            }
        }
        out
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(super) fn decode(bytes: &[u8]) -> io::Result<Self> {
        let mut rest = Input(bytes);
        rest.take(4)?;
        let flags = rest.take(1)?[0];
        let state = match rest.text()?.split_once(' ') {
            Some(("excluded", reason)) => State::Excluded(parse(reason)?),
            Some(("withheld", reason)) => State::Withheld(parse(reason)?),
            Some(_) => return Err(damaged()),
            None if bytes[5..9] == [0; 4] => State::Present,
            None => State::Removed,
        };
        let (sync, stamp) = (rest.number()?, rest.number()?);
        let place = rest.place()?;
        let address = (rest.text()?, rest.text()?);
        let name = rest.text()?.to_owned();
        let mut details = Details::new();
        for _ in 0..rest.len()? {
            let name = rest.text()?.to_owned();
            let mut values = Vec::new();
            for _ in 0..rest.len()? {
                values.push(rest.bytes()?.to_vec());
            }
            details.push((name, values));
        }
        Ok(Self {
            state,
            is_twin: flags & 1 != 0,
            is_partial: flags & 2 != 0,
            sync,
            stamp,
            place,
            address: TargetAddress::new(address.0, address.1),
            name,
            details,
        })
    }
}

/// Returns prompts and values. One without a value is kept: it may stand against the default of a template.
fn lines(info: &[InfoLine], page: CodePage) -> Details {
    let mut details: Details = Vec::with_capacity(info.len());
    for line in info {
        let prompt = exact::decode(page, line.prompt());
        let value = exact::decode(page, line.value()).into_bytes();
        // The last line of a prompt is the one that counts.
        details.retain(|(known, _)| *known != prompt);
        details.push((prompt, vec![value]));
    }
    details.sort();
    details
}

/// An encoded entry, looked at without taking it apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoded<'b>(pub(super) &'b [u8]);

impl<'b> Encoded<'b> {
    /// Returns what is compared.
    pub(super) fn content(self) -> &'b [u8] {
        let at = self.0.first_chunk().map_or(0, |at| u32::from_le_bytes(*at));
        self.0.get(at as usize..).unwrap_or_default()
    }

    /// Tells whether it is there, all of it is known, and no mail address is part of it.
    pub(super) fn is_plain(self) -> bool {
        let flags = self.0.get(4).copied().unwrap_or(PARTIAL);
        flags & (PARTIAL | MAIL) == 0 && self.0.get(5..9) == Some(&[0; 4])
    }

    /// Returns its name.
    pub(super) fn name(self) -> io::Result<&'b str> {
        let mut rest = Input(self.content());
        rest.bytes()?;
        rest.bytes()?;
        rest.text()
    }
}

/// Bits of the flags.
const PARTIAL: u8 = 1 << 1;
const MAIL: u8 = 1 << 2;

fn parse(reason: &str) -> io::Result<Reason> {
    Reason::parse(reason).ok_or_else(damaged)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a temporary file is damaged")
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    let len = u32::try_from(len).expect("a record has at most 4 GiB");
    out.extend(len.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

fn put_number(out: &mut Vec<u8>, number: Option<u32>) {
    out.push(u8::from(number.is_some()));
    out.extend(number.unwrap_or(0).to_le_bytes());
}

fn put_place(out: &mut Vec<u8>, place: &Place) {
    let (tag, numbers, name) = match place {
        Place::Line(line) => (0, [*line, 0], ""),
        Place::Record(number, offset) => (1, [*number, *offset], ""),
        Place::Entry(number) => (2, [*number, 0], ""),
        Place::Name(name) => (3, [0, 0], &name[..]),
    };
    out.push(tag);
    out.extend(numbers[0].to_le_bytes());
    out.extend(numbers[1].to_le_bytes());
    put_text(out, name);
}

/// Bytes that are read from the front.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn take(&mut self, len: usize) -> io::Result<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn word(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?.first_chunk().ok_or_else(damaged)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn long(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.first_chunk().ok_or_else(damaged)?;
        Ok(u64::from_le_bytes(*bytes))
    }

    fn len(&mut self) -> io::Result<usize> {
        Ok(self.word()? as usize)
    }

    fn bytes(&mut self) -> io::Result<&'b [u8]> {
        let len = self.len()?;
        self.take(len)
    }

    fn text(&mut self) -> io::Result<&'b str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| damaged())
    }

    fn number(&mut self) -> io::Result<Option<u32>> {
        let is_there = self.take(1)?[0] != 0;
        let number = self.word()?;
        Ok(is_there.then_some(number))
    }

    fn place(&mut self) -> io::Result<Place> {
        let tag = self.take(1)?[0];
        let numbers = (self.long()?, self.long()?);
        let name = self.text()?;
        Ok(match tag {
            0 => Place::Line(numbers.0),
            1 => Place::Record(numbers.0, numbers.1),
            2 => Place::Entry(numbers.0),
            3 => Place::Name(name.to_owned()),
            _ => return Err(damaged()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_state() -> impl Strategy<Value = State> {
        let reason = || proptest::sample::select(Reason::ALL.to_vec());
        prop_oneof![
            Just(State::Present),
            Just(State::Removed),
            reason().prop_map(State::Excluded),
            reason().prop_map(State::Withheld),
        ]
    }

    fn any_place() -> impl Strategy<Value = Place> {
        prop_oneof![
            any::<u64>().prop_map(Place::Line),
            any::<(u64, u64)>().prop_map(|(n, o)| Place::Record(n, o)),
            any::<u64>().prop_map(Place::Entry),
            ".{0,12}".prop_map(Place::Name),
        ]
    }

    proptest! {
        #[test]
        fn an_item_comes_back_and_its_content_depends_on_what_is_compared_alone(
            state in any_state(),
            flags in any::<(bool, bool)>(),
            numbers in any::<(Option<u32>, Option<u32>)>(),
            place in any_place(),
            value in "[a-z/@]{1,9}",
            name in ".{0,9}",
            details in proptest::collection::vec((".{0,5}", proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5), 0..3)), 0..3),
        ) {
            let address = TargetAddress::new("SMTP", &value);
            let mut item = Item::new(address, name, place);
            item.state = state;
            (item.is_twin, item.is_partial) = flags;
            (item.sync, item.stamp) = numbers;
            item.details = details;
            let bytes = item.encode();
            prop_assert_eq!(&Item::decode(&bytes).expect("back"), &item);
            let mut other = item.clone();
            other.place = Place::Line(7);
            other.sync = Some(7);
            let encoded = other.encode();
            prop_assert_eq!(Encoded(&bytes).content(), Encoded(&encoded).content());
            prop_assert_eq!(Encoded(&bytes).name().expect("text"), &item.name);
            other.name.push('x');
            let encoded = other.encode();
            prop_assert_ne!(Encoded(&bytes).content(), Encoded(&encoded).content());
            for end in 0..bytes.len() {
                let _ = Item::decode(&bytes[..end]);
                let _ = Encoded(&bytes[..end]).name();
            }
        }
    }
}
