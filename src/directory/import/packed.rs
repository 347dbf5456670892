//! How what a run works with waits in a file that nobody else reads: no form for keeping, only for this process.

use super::ask::{Ask, Changed, ListScope, Select, Want};
use super::changes::{Change, Modified};
use super::decision::Fate;
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
mod tests;
