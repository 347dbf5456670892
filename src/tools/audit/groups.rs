//! Two sorted sides, walked over together key by key.

use std::io;

use crate::tools::sorted::Sorted;

/// Entries of one key on one side that are looked at together. More of them are no mailbox that several share.
const MAX_GROUP: usize = 1000;

/// One side.
struct Side {
    sorted: Sorted,
    key: Vec<u8>,
    value: Vec<u8>,
    is_at_end: bool,
}

/// What both sides have of one key, as it was encoded.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Of A.
    pub(super) a: Vec<Vec<u8>>,
    /// Of B.
    pub(super) b: Vec<Vec<u8>>,
    /// Memory of entries before, to be used again.
    spare: Vec<Vec<u8>>,
}

/// Walks over two sides.
pub(super) struct Groups {
    a: Side,
    b: Side,
}

impl Groups {
    /// Begins.
    pub(super) fn new(a: Sorted, b: Sorted) -> io::Result<Self> {
        Ok(Self {
            a: Side::new(a)?,
            b: Side::new(b)?,
        })
    }

    /// Takes what there is of the next key; false at the end. Of a key that one side has very often, what is left comes again, as if it
    /// had another.
    pub(super) fn next(&mut self, together: &mut Together) -> io::Result<bool> {
        let (is_of_a, is_of_b) = match (self.a.is_at_end, self.b.is_at_end) {
            (true, true) => return Ok(false),
            (true, false) => (false, true),
            (false, true) => (true, false),
            (false, false) => (self.a.key <= self.b.key, self.b.key <= self.a.key),
        };
        let Together { a, b, spare } = together;
        spare.append(a);
        spare.append(b);
        if is_of_a {
            self.a.take(a, spare)?;
        }
        if is_of_b {
            self.b.take(b, spare)?;
        }
        Ok(true)
    }
}

impl Side {
    fn new(sorted: Sorted) -> io::Result<Self> {
        let mut side = Self {
            sorted,
            key: Vec::new(),
            value: Vec::new(),
            is_at_end: false,
        };
        side.advance()?;
        Ok(side)
    }

    fn advance(&mut self) -> io::Result<bool> {
        let Some((key, value)) = self.sorted.next()? else {
            self.is_at_end = true;
            return Ok(false);
        };
        let is_same = self.key == key;
        self.key.clear();
        self.key.extend_from_slice(key);
        self.value.clear();
        self.value.extend_from_slice(value);
        Ok(is_same)
    }

    fn take(&mut self, items: &mut Vec<Vec<u8>>, spare: &mut Vec<Vec<u8>>) -> io::Result<()> {
        loop {
            let next = spare.pop().unwrap_or_default();
            items.push(std::mem::replace(&mut self.value, next));
            if !self.advance()? || items.len() == MAX_GROUP {
                return Ok(());
            }
        }
    }
}
