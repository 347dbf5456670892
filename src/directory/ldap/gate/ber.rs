//! The shape of BER, looked at before anybody takes it apart: lengths are checked against what is there, nothing is copied,
//! and how deep it goes is bounded.

use std::ops::Range;

/// How deep values may lie in each other. An answer of LDAP has six levels, one with controls no more.
const MAX_DEPTH: usize = 12;

/// Values in one message. A value of two bytes costs a reader a hundred.
const MAX_VALUES: usize = 1_000_000;

/// What is wrong with the bytes.
pub(super) type Malformed = &'static str;

/// Class of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Universal,
    Application,
    Context,
    Private,
}

/// A value: what it is, and where its content stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) class: Class,
    pub(super) number: u8,
    pub(super) is_constructed: bool,
    /// Of the bytes that it was read from.
    pub(super) content: Range<usize>,
}

impl Value {
    /// Reads the head of the value at the beginning of `within`; `None` where the head goes on behind the end. That its
    /// content lies within is not checked.
    pub(super) fn head(bytes: &[u8], within: Range<usize>) -> Result<Option<Self>, Malformed> {
        let mut at = within.start;
        let mut next = || {
            let byte = bytes[..within.end].get(at).copied();
            at += 1;
            byte
        };
        let Some(tag) = next() else { return Ok(None) };
        let number = tag & 0x1f;
        if number == 0x1f {
            return Err("a tag of several bytes");
        }
        let Some(first) = next() else {
            return Ok(None);
        };
        let len = match first {
            0..=0x7f => u64::from(first),
            0x80 => return Err("a value without length"),
            _ => {
                let count = first & 0x7f;
                if count > 8 {
                    return Err("a length of more than eight bytes");
                }
                let mut len = 0_u64;
                for _ in 0..count {
                    let Some(byte) = next() else { return Ok(None) };
                    len = len << 8 | u64::from(byte);
                }
                len
            }
        };
        let end = usize::try_from(len)
            .ok()
            .and_then(|len| at.checked_add(len));
        let class = match tag >> 6 {
            0 => Class::Universal,
            1 => Class::Application,
            2 => Class::Context,
            _ => Class::Private,
        };
        Ok(Some(Self {
            class,
            number,
            is_constructed: tag & 0x20 != 0,
            content: at..end.ok_or("a length beyond all memory")?,
        }))
    }

    /// Reads the value at the beginning of `within`, which has it whole.
    fn read(bytes: &[u8], within: Range<usize>) -> Result<Self, Malformed> {
        let end = within.end;
        match Self::head(bytes, within)? {
            Some(value) if value.content.end <= end => Ok(value),
            _ => Err("a value that goes on behind its end"),
        }
    }

    /// Tells whether it is this value of the universal class, with or without parts.
    pub(super) fn is(&self, number: u8, is_constructed: bool) -> bool {
        self.class == Class::Universal
            && self.number == number
            && self.is_constructed == is_constructed
    }
}

/// Reads the values that stand one after the other in a part of some bytes.
pub(super) fn values(bytes: &[u8], within: Range<usize>) -> Result<Vec<Value>, Malformed> {
    each(bytes, within).collect()
}

/// Reads each of them when it is wanted.
pub(super) fn each(bytes: &[u8], within: Range<usize>) -> Each<'_> {
    Each { bytes, within }
}

/// Values that stand one after the other, to the first that is none.
pub(super) struct Each<'b> {
    bytes: &'b [u8],
    within: Range<usize>,
}

impl Iterator for Each<'_> {
    type Item = Result<Value, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.within.is_empty() {
            return None;
        }
        let value = Value::read(self.bytes, self.within.clone());
        self.within.start = match &value {
            Ok(value) => value.content.end,
            Err(_) => self.within.end,
        };
        Some(value)
    }
}

/// Checks that bytes are values through and through, neither too deep nor too many.
pub(in super::super) fn check(bytes: &[u8]) -> Result<(), Malformed> {
    let mut ends = [bytes.len(); MAX_DEPTH];
    let (mut at, mut depth, mut count) = (0, 0, 0);
    loop {
        while at == ends[depth] {
            if depth == 0 {
                return Ok(());
            }
            depth -= 1;
        }
        let value = Value::read(bytes, at..ends[depth])?;
        count += 1;
        if count > MAX_VALUES {
            return Err("too many values in one message");
        }
        at = value.content.end;
        if value.is_constructed {
            at = value.content.start;
            depth += 1;
            *ends.get_mut(depth).ok_or("values too deep in each other")? = value.content.end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_with_any_form_of_its_length() {
        for bytes in [
            &b"\x04\x02ab"[..],
            b"\x04\x81\x02ab",
            b"\x04\x84\0\0\0\x02ab",
        ] {
            let value = Value::read(bytes, 0..bytes.len()).expect("a value");
            assert!(value.is(4, false));
            assert_eq!(&bytes[value.content], b"ab");
            check(bytes).expect("well formed");
            for end in 0..bytes.len() {
                assert!(check(&bytes[..end]).is_err() || end == 0, "{end}");
            }
        }
    }

    #[test]
    fn what_no_server_should_send_is_refused() {
        for (bytes, why) in [
            (&b"\x1f\x81\x01\x00"[..], "a tag of several bytes"),
            (b"\x30\x80\x04\x00\0\0", "a value without length"),
            (
                b"\x04\x89\0\0\0\0\0\0\0\0\x01a",
                "a length of more than eight bytes",
            ),
            (
                b"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff",
                "a length beyond all memory",
            ),
            (
                b"\x04\x84\x7f\xff\xff\xff",
                "a value that goes on behind its end",
            ),
            (b"\x30\x03\x04\x05a", "a value that goes on behind its end"),
        ] {
            assert_eq!(check(bytes), Err(why), "{bytes:x?}");
        }
        let deep = |levels: usize| {
            (0..levels).fold(Vec::new(), |inner, _| {
                let mut outer = vec![0x30, u8::try_from(inner.len()).expect("short")];
                outer.extend(inner);
                outer
            })
        };
        check(&deep(MAX_DEPTH - 1)).expect("deep enough for everybody");
        assert_eq!(
            check(&deep(MAX_DEPTH)),
            Err("values too deep in each other")
        );
        assert_eq!(
            check(&b"\x05\x00".repeat(MAX_VALUES + 1)),
            Err("too many values in one message")
        );
    }
}
