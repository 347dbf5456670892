//! Layouts written once: a table of offsets from which a record's `decode` and `encode` both follow.

use byteorder::{ByteOrder, LittleEndian};

use super::{CodecError, FixedText, HexId};

/// A value of fixed width inside a record.
pub(crate) trait Field: Sized {
    /// Bytes of the field.
    const WIDTH: usize;

    /// Reads the field from exactly [`Self::WIDTH`] bytes; `offset` and `name` are for the message.
    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError>;

    /// Writes the field over exactly [`Self::WIDTH`] bytes.
    fn put(&self, bytes: &mut [u8]);
}

impl Field for u8 {
    const WIDTH: usize = 1;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(bytes[0])
    }

    fn put(&self, bytes: &mut [u8]) {
        bytes[0] = *self;
    }
}

impl Field for u16 {
    const WIDTH: usize = 2;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(LittleEndian::read_u16(bytes))
    }

    fn put(&self, bytes: &mut [u8]) {
        LittleEndian::write_u16(bytes, *self);
    }
}

impl Field for u32 {
    const WIDTH: usize = 4;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(LittleEndian::read_u32(bytes))
    }

    fn put(&self, bytes: &mut [u8]) {
        LittleEndian::write_u32(bytes, *self);
    }
}

impl Field for i32 {
    const WIDTH: usize = 4;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(LittleEndian::read_i32(bytes))
    }

    fn put(&self, bytes: &mut [u8]) {
        LittleEndian::write_i32(bytes, *self);
    }
}

/// One byte, 1 for yes and 0 for no ("yes (1)", Q131423); anything else is damage.
impl Field for bool {
    const WIDTH: usize = 1;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        match bytes[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(CodecError::field(offset, name, other, "0 or 1")),
        }
    }

    fn put(&self, bytes: &mut [u8]) {
        bytes[0] = u8::from(*self);
    }
}

/// The binary form of an identifier: four bytes, least significant first (Q119563).
impl Field for HexId {
    const WIDTH: usize = 4;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(Self(LittleEndian::read_u32(bytes)))
    }

    fn put(&self, bytes: &mut [u8]) {
        LittleEndian::write_u32(bytes, self.0);
    }
}

impl<const N: usize> Field for FixedText<N> {
    const WIDTH: usize = N;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        Ok(Self::from_field(bytes))
    }

    fn put(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(self.as_field());
    }
}

/// Checks that `bytes` is one whole record of `N` bytes.
pub(crate) fn whole<'a, const N: usize>(
    bytes: &'a [u8],
    what: &'static str,
) -> Result<&'a [u8; N], CodecError> {
    bytes.try_into().map_err(|_| {
        let (have, need) = (bytes.len() as u64, N as u64);
        if have < need {
            CodecError::Truncated {
                offset: 0,
                what,
                have,
                need,
            }
        } else {
            CodecError::Size {
                len: have,
                base: need,
                record: 0,
            }
        }
    })
}

/// Defines a structure from its layout: `offset => field: type`, each field where the one before it ends.
///
/// The compiler checks that the fields fill the record without a gap. A gap in the sources is a field of its
/// own (`unknown_xx`, [`Opaque`](super::Opaque)), kept as it was read. This makes `decode_fields` and
/// `encode_fields` for a structure that has more to say in [`Record`](super::Record); [`record!`] makes all of it.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, $what:literal, $len:literal bytes {
            $( $(#[$field_meta:meta])* $offset:literal => $field:ident: $kind:ty, )+
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $kind, )+
        }

        const _: () = {
            let mut end = 0;
            $(
                assert!(end == $offset, concat!(stringify!($field), " leaves a gap or overlaps"));
                end += <$kind as $crate::codec::layout::Field>::WIDTH;
            )+
            assert!(end == $len, "the fields do not fill the record");
        };

        impl $name {
            fn decode_fields(bytes: &[u8]) -> Result<Self, $crate::codec::CodecError> {
                use $crate::codec::layout::Field;
                let bytes = $crate::codec::layout::whole::<$len>(bytes, $what)?;
                Ok(Self {
                    $( $field: <$kind as Field>::get(
                        &bytes[$offset..$offset + <$kind as Field>::WIDTH],
                        $offset,
                        stringify!($field),
                    )?, )+
                })
            }

            fn encode_fields(&self, bytes: &mut [u8]) {
                use $crate::codec::layout::Field;
                $( self.$field.put(&mut bytes[$offset..$offset + <$kind as Field>::WIDTH]); )+
            }
        }
    };
}

/// Defines a [`Record`](super::Record) from its layout; see [`fields!`].
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, $what:literal, $len:literal bytes { $($body:tt)+ }
    ) => {
        $crate::codec::layout::fields! {
            $(#[$meta])*
            pub struct $name, $what, $len bytes { $($body)+ }
        }

        impl $crate::codec::Record for $name {
            const LEN: usize = $len;

            fn decode(bytes: &[u8]) -> Result<Self, $crate::codec::CodecError> {
                Self::decode_fields(bytes)
            }

            fn encode(&self, bytes: &mut [u8]) {
                self.encode_fields(bytes);
            }
        }
    };
}

/// Defines an enum of one byte; a code nobody knows is `Other` and is written back as it was.
macro_rules! byte_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $code:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A code without a known meaning, kept as it was read.
            Other(u8),
        }

        impl $name {
            /// Returns the meaning of a code.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Self {
                match byte {
                    $( $code => Self::$variant, )+
                    other => Self::Other(other),
                }
            }

            /// Returns the code.
            #[must_use]
            pub const fn as_byte(self) -> u8 {
                match self {
                    $( Self::$variant => $code, )+
                    Self::Other(other) => other,
                }
            }
        }

        /// The meaning of a zero byte.
        impl Default for $name {
            fn default() -> Self {
                Self::from_byte(0)
            }
        }

        impl $crate::codec::layout::Field for $name {
            const WIDTH: usize = 1;

            fn get(
                bytes: &[u8],
                _: usize,
                _: &'static str,
            ) -> Result<Self, $crate::codec::CodecError> {
                Ok(Self::from_byte(bytes[0]))
            }

            fn put(&self, bytes: &mut [u8]) {
                bytes[0] = self.as_byte();
            }
        }
    };
}

/// Defines a word of option bits; bits without a name are kept.
macro_rules! flag_word {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($word:ty) { $( $(#[$flag_meta:meta])* $flag:ident = $bit:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub $word);

        impl $name {
            $( $(#[$flag_meta])* pub const $flag: Self = Self($bit); )+

            /// Tells whether all bits of `other` are set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Returns the bits with those of `other` set or cleared.
            #[must_use]
            pub const fn with(self, other: Self, set: bool) -> Self {
                Self(if set { self.0 | other.0 } else { self.0 & !other.0 })
            }
        }

        $crate::codec::layout::number_field!($name($word));
    };
}

/// Makes a number in a wrapper a field of its width.
macro_rules! number_field {
    ($name:ident($number:ty)) => {
        impl $crate::codec::layout::Field for $name {
            const WIDTH: usize = <$number as $crate::codec::layout::Field>::WIDTH;

            fn get(
                bytes: &[u8],
                offset: usize,
                name: &'static str,
            ) -> Result<Self, $crate::codec::CodecError> {
                $crate::codec::layout::Field::get(bytes, offset, name).map(Self)
            }

            fn put(&self, bytes: &mut [u8]) {
                self.0.put(bytes);
            }
        }
    };
}

pub(crate) use {byte_enum, fields, flag_word, number_field, record};

#[cfg(test)]
mod tests {
    use super::super::{Access2Record, AliasKind, NetworkKind, Record, RecordState, RouteKind};

    #[test]
    fn every_code_survives_a_round_trip() {
        for byte in 0..=u8::MAX {
            assert_eq!(RecordState::from_byte(byte).as_byte(), byte);
            assert_eq!(AliasKind::from_byte(byte).as_byte(), byte);
            assert_eq!(NetworkKind::from_byte(byte).as_byte(), byte);
            assert_eq!(RouteKind::from_byte(byte).as_byte(), byte);
        }
    }

    #[test]
    fn a_record_of_another_length_is_refused() {
        let error = |len: usize| {
            Access2Record::decode(&vec![0; len])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(68),
            "byte 0x0: file ends inside an ACCESS2 record: 68 of 69 bytes"
        );
        assert_eq!(error(70), "size is 70 bytes, expected 69");
    }
}
