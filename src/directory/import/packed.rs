//! How what a run works with waits in a file that nobody else reads: no form for keeping, only for this process.

use super::ask::{Ask, Changed, ListScope, Select, Want};
use super::changes::{Change, Modified};
use super::decide::Fate;
use super::lists::Moment;
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::plan::outcome::{Action, Outcome, Reason};

/// What can be packed into bytes, and comes out of them as it was.
pub trait Packed: Sized {
    /// Puts it behind what is there.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes it from the front; none where the bytes are not what [`Self::pack`] made.
    fn unpack(input: &mut &[u8]) -> Option<Self>;
}

impl Packed for u8 {
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        let (first, rest) = input.split_first()?;
        *input = rest;
        Some(*first)
    }
}

/// Seven bits a byte, the lowest first.
impl Packed for u64 {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            out.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        let mut value = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let byte = u8::unpack(input)?;
            value |= Self::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl Packed for u32 {
    fn pack(&self, out: &mut Vec<u8>) {
        u64::from(*self).pack(out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Self::try_from(u64::unpack(input)?).ok()
    }
}

impl Packed for usize {
    fn pack(&self, out: &mut Vec<u8>) {
        (*self as u64).pack(out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Self::try_from(u64::unpack(input)?).ok()
    }
}

impl Packed for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Some(u8::unpack(input)? != 0)
    }
}

fn pack_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    bytes.len().pack(out);
    out.extend_from_slice(bytes);
}

fn unpack_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::unpack(input)?;
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes)
}

fn unpack_text<'a>(input: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(unpack_bytes(input)?).ok()
}

impl Packed for String {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_bytes(self.as_bytes(), out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        unpack_text(input).map(str::to_owned)
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        for item in self {
            item.pack(out);
        }
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        let len = usize::unpack(input)?;
        (0..len).map(|_| T::unpack(input)).collect()
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(item) = self {
            item.pack(out);
        }
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Some(match bool::unpack(input)? {
            true => Some(T::unpack(input)?),
            false => None,
        })
    }
}

impl<T: Packed> Packed for Box<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        (**self).pack(out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        T::unpack(input).map(Self::new)
    }
}

impl<A: Packed, B: Packed> Packed for (A, B) {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Some((A::unpack(input)?, B::unpack(input)?))
    }
}

impl Packed for SyncKey {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_bytes(self.as_str().as_bytes(), out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        unpack_text(input).map(Self::stored)
    }
}

impl Packed for Dn {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_bytes(self.as_str().as_bytes(), out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        unpack_text(input).map(Self::written)
    }
}

impl Packed for Attributes {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_bytes(self.as_bytes(), out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        unpack_bytes(input).map(Self::of_bytes)
    }
}

impl Packed for TargetAddress {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_bytes(self.kind().as_bytes(), out);
        pack_bytes(self.value().as_bytes(), out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        Some(Self::new(unpack_text(input)?, unpack_text(input)?))
    }
}

impl Packed for Reason {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message(number) => (Self::ALL.len() + usize::from(*number)).pack(out),
            code => {
                let at = Self::ALL.iter().position(|known| known == code);
                at.unwrap_or_default().pack(out);
            }
        }
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        let at = usize::unpack(input)?;
        match Self::ALL.get(at) {
            Some(code) => Some(*code),
            None => u16::try_from(at - Self::ALL.len()).ok().map(Self::Message),
        }
    }
}

macro_rules! packed_struct {
    ($name:ident { $($field:ident),+ }) => {
        impl Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                $(self.$field.pack(out);)+
            }

            fn unpack(input: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Packed::unpack(input)?),+ })
            }
        }
    };
}

macro_rules! packed_enum {
    ($name:ident { $($tag:literal $variant:ident $({ $($field:ident),+ })? $(($inner:ident))?,)+ }) => {
        impl Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $({ $($field),+ })? $(($inner))? => {
                        out.push($tag);
                        $($($field.pack(out);)+)?
                        $($inner.pack(out);)?
                    })+
                }
            }

            fn unpack(input: &mut &[u8]) -> Option<Self> {
                Some(match u8::unpack(input)? {
                    $($tag => {
                        $($(let $field = Packed::unpack(input)?;)+)?
                        $(let $inner = Packed::unpack(input)?;)?
                        Self::$variant $({ $($field),+ })? $(($inner))?
                    })+
                    _ => return None,
                })
            }
        }
    };
}

impl Packed for Moment {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
    }

    fn unpack(input: &mut &[u8]) -> Option<Self> {
        u32::unpack(input).map(Self)
    }
}

packed_struct!(Note { reason, detail });
packed_struct!(Ask {
    want,
    number,
    notes
});
packed_struct!(Changed { name, new, lines });
packed_struct!(Fate {
    key,
    action,
    outcome,
    reason,
    notes,
    number
});
packed_struct!(Entry { dn, attributes });
packed_struct!(Modified { attribute, values });

packed_enum!(Want {
    0 Put { key, attributes },
    1 Change { select, changed },
    2 Remove { key },
    3 Replace { list },
    4 Template,
    5 Unusable { key, reason },
});
packed_enum!(Select {
    0 Key(key),
    1 Name(name),
});
packed_enum!(ListScope {
    0 Postoffice { network, postoffice },
    1 Type(kind),
});
packed_enum!(Change {
    0 Delete { dn },
    1 Rename { dn, to },
    2 Modify { dn, modified },
    3 Add(entry),
});
packed_enum!(Action {
    0 Add,
    1 Modify,
    2 Rename,
    3 Delete,
    4 Replace,
    5 Template,
    6 None,
});
packed_enum!(Outcome {
    0 Added,
    1 Modified,
    2 Renamed,
    3 Deleted,
    4 Unchanged,
    5 Refused,
    6 Ignored,
    7 Swept,
    8 Kept,
    9 Command,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codepage::CodePage;
    use crate::directory::remote::ImportRules;
    use crate::transaction::Transaction;

    fn comes_back<T: Packed + PartialEq + std::fmt::Debug>(value: &T) {
        let mut bytes = Vec::new();
        value.pack(&mut bytes);
        let mut input = &bytes[..];
        assert_eq!(T::unpack(&mut input).as_ref(), Some(value));
        assert!(input.is_empty(), "{value:?}");
        for len in 0..bytes.len() {
            // What is cut off is no value, and no panic.
            assert_eq!(T::unpack(&mut &bytes[..len]), None, "{value:?}");
        }
    }

    #[test]
    fn what_is_asked_comes_back_as_it_was() {
        let rules = ImportRules {
            owner: "dss/NET1/PO1",
            trust: None,
            page: CodePage::Cp850,
            templates: None,
        };
        let texts = [
            "A J\u{94}rg\tPCM:net/po/ann",
            "A Ann\tX400:c=US;X.121=1",
            "M Ann\tPCM:NET/PO/ANN\r\n- Title:/Clerk",
            "M Ann\tPCM:NET/PO/ANN\r\n  Anna\tMSMAIL:Anna Smith@A,B",
            "D Ann\tSMTP:a@b",
            "R PCM:NET/PO",
            "R SMTP:",
        ];
        for text in texts {
            let decoded = Transaction::decode_queue_text(text.as_bytes(), CodePage::Cp850);
            let decoded = decoded.expect(text);
            comes_back(&Ask::of(&decoded.transaction, Some(300), rules));
            comes_back(&Ask::of(&decoded.transaction, None, rules));
        }
        comes_back(&Ask::unusable("record 7", None));
        let reasons = Reason::ALL.iter().copied();
        for reason in reasons.chain([0, 27, u16::MAX].map(Reason::Message)) {
            comes_back(&Note::new(reason, "why"));
        }
        for number in [0, 127, 128, u64::from(u32::MAX), u64::MAX] {
            comes_back(&number);
        }
    }

    #[test]
    fn a_key_keeps_the_case_in_which_it_is_stored() {
        let key = SyncKey::stored(" smtp:Ann@X ");
        let mut bytes = Vec::new();
        key.pack(&mut bytes);
        let found = SyncKey::unpack(&mut &bytes[..]).expect("a key");
        assert_eq!(found.as_str(), key.as_str());
        assert_eq!(found.folded(), key.folded());
    }

    #[test]
    fn what_is_written_comes_back_as_it_was() {
        let dn = |text| Dn::parse(text).expect("a name");
        let [from, to] = [r"syncKey=SMTP:a\+b,ou=A\,B,o=Org", "cn=x"].map(dn);
        let attributes = Attributes::from_iter([("cn", "Ann"), ("x-other", "1"), ("cn", "Anna")]);
        let modified = vec![
            Modified {
                attribute: "title".to_owned(),
                values: vec![b"\xff\0".to_vec(), Vec::new()],
            },
            Modified {
                attribute: "o".to_owned(),
                values: Vec::new(),
            },
        ];
        comes_back(&Change::Delete { dn: from.clone() });
        comes_back(&Change::Modify {
            dn: to.clone(),
            modified,
        });
        comes_back(&Change::Add(Entry {
            dn: to.clone(),
            attributes,
        }));
        comes_back(&Change::Rename { dn: from, to });
        comes_back(&Fate {
            key: Some(SyncKey::stored("MS:A/B/C")),
            action: Action::Rename,
            outcome: Outcome::Command,
            reason: Some(Note::new(Reason::NotOwner, "dss/B")),
            notes: vec![Note::new(Reason::NameShortened, "cn")],
            number: Some(9),
        });
    }
}
