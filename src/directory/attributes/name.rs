//! Names of attributes: those of the schema in a byte, others written out.

use crate::directory::schema::USUAL;

/// Names of attributes, compared without case.
#[derive(Debug, Clone, Default)]
pub struct Names {
    usual: u64,
    written: Vec<String>,
}

// A name is one bit of a word.
const _: () = assert!(USUAL.len() <= u64::BITS as usize);

impl Names {
    pub(super) fn has(&self, name: Name<'_>) -> bool {
        match name {
            Name::Usual(_) => self.usual & name.bit() != 0,
            Name::Written(text) => {
                let mut written = self.written.iter();
                written.any(|written| written.eq_ignore_ascii_case(text))
                    || self.usual & Name::of(text).bit() != 0
            }
        }
    }
}

impl<N: AsRef<str>> FromIterator<N> for Names {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        let mut all = Self::default();
        for name in names {
            match Name::of(name.as_ref()) {
                Name::Written(name) => all.written.push(name.to_owned()),
                usual => all.usual |= usual.bit(),
            }
        }
        all
    }
}

#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Usual(u8),
    Written(&'a str),
}

impl<'a> Name<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        let found = USUAL
            .iter()
            .position(|usual| usual.eq_ignore_ascii_case(name));
        let found = found.and_then(|at| u8::try_from(at).ok());
        found.map_or(Self::Written(name), Self::Usual)
    }

    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Usual(at) => USUAL[usize::from(at)],
            Self::Written(name) => name,
        }
    }

    fn bit(self) -> u64 {
        match self {
            Self::Usual(at) => 1 << at,
            Self::Written(_) => 0,
        }
    }

    pub(super) fn is_same(self, other: Name<'_>) -> bool {
        match (self, other) {
            (Self::Usual(one), Name::Usual(other)) => one == other,
            // A usual name may also be written out, in another letter case.
            _ => self.text().eq_ignore_ascii_case(other.text()),
        }
    }
}
