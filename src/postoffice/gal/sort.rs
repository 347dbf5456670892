//! Sorting a million names or words by keys that are made once.
//!
//! Eight bytes of each key lie beside its number; those are compared first, and only among equal ones the next
//! eight are fetched. So most comparisons are of two machine words that lie beside each other.

/// Bytes of a key that are compared together.
const STEP: usize = 8;

/// Keys in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    /// Where each key ends.
    ends: Vec<u32>,
}

/// A part of a key: a word of a name, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it begins.
    pub(super) start: u8,
    /// How long it is.
    pub(super) len: u8,
}

/// Something to be sorted: a stretch of a key. 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// The bytes that are being compared.
    step: u64,
    /// Number of the key.
    pub(super) number: u32,
    /// Which word of the name it is.
    pub(super) word: u8,
    stretch: Stretch,
}

const _: () = assert!(size_of::<Item>() == 16);

/// All keys together would pass 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Item {
    /// Makes an item of the key with a number.
    pub(super) fn new(number: u32, word: u8, stretch: Stretch) -> Self {
        Self {
            step: 0,
            number,
            word,
            stretch,
        }
    }
}

impl Keys {
    /// Makes room for keys that have `len` bytes together.
    pub(super) fn with_capacity(count: usize, len: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(len),
            ends: Vec::with_capacity(count),
        }
    }

    /// Returns the bytes, for the next key to be appended to.
    pub(super) fn open(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the key that was appended, and returns its length.
    pub(super) fn close(&mut self) -> Result<usize, TooMany> {
        let start = self.ends.last().map_or(0, |&end| end as usize);
        let end = u32::try_from(self.bytes.len()).map_err(|_| TooMany)?;
        self.ends.push(end);
        Ok(self.bytes.len() - start)
    }

    /// Returns a key by its number.
    fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |n| self.ends[n] as usize);
        &self.bytes[start..self.ends[number] as usize]
    }

    /// Returns what an item stands for.
    pub(super) fn of(&self, item: &Item) -> &[u8] {
        let Stretch { start, len } = item.stretch;
        &self.get(item.number)[usize::from(start)..][..usize::from(len)]
    }

    fn step(&self, item: &Item, depth: usize) -> u64 {
        let rest = self.of(item).get(depth..).unwrap_or(&[]);
        let mut step = [0; STEP];
        let len = rest.len().min(STEP);
        step[..len].copy_from_slice(&rest[..len]);
        u64::from_be_bytes(step)
    }

    /// Sorts items by their stretches, which hold no zero byte. Those that are equal stay in the order in which they
    /// come; `settle` may give them another.
    pub(super) fn sort(&self, items: &mut [Item], settle: &mut impl FnMut(&mut [Item])) {
        self.sort_from(items, 0, settle);
    }

    fn sort_from(&self, items: &mut [Item], depth: usize, settle: &mut impl FnMut(&mut [Item])) {
        for item in items.iter_mut() {
            item.step = self.step(item, depth);
        }
        items.sort_by_key(|item| item.step);
        for run in items.chunk_by_mut(|a, b| a.step == b.step) {
            match run {
                [] | [_] => {}
                // The last byte is a zero: all of these end here.
                [first, ..] if first.step as u8 == 0 => settle(run),
                _ => self.sort_from(run, depth + STEP, settle),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn keys(texts: &[Vec<u8>]) -> Keys {
        let mut keys = Keys::default();
        for text in texts {
            keys.open().extend_from_slice(text);
            assert_eq!(keys.close(), Ok(text.len()));
        }
        keys
    }

    fn items(texts: &[Vec<u8>]) -> Vec<Item> {
        let item = |(number, text): (u32, &Vec<u8>)| {
            let (start, len) = (0, text.len() as u8);
            Item::new(number, 0, Stretch { start, len })
        };
        (0..).zip(texts).map(item).collect()
    }

    proptest! {
        #[test]
        fn items_come_in_the_order_of_their_keys(
            texts in prop::collection::vec(prop::collection::vec(1u8..4, 0..20), 0..60),
        ) {
            let (keys, mut items) = (keys(&texts), items(&texts));
            keys.sort(&mut items, &mut |_| ());
            let mut expected: Vec<_> = (0..).zip(&texts).map(|(n, text)| (text, n)).collect();
            expected.sort();
            let expected: Vec<u32> = expected.into_iter().map(|(_, n)| n).collect();
            let sorted: Vec<u32> = items.iter().map(|item| item.number).collect();
            prop_assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn a_stretch_is_compared_alone() {
        let texts = [b"zz,aa".to_vec(), b"aa,zz".to_vec()];
        let keys = keys(&texts);
        let stretch = |number, start| Item::new(number, 0, Stretch { start, len: 2 });
        let mut items = [stretch(0, 0), stretch(0, 3), stretch(1, 0), stretch(1, 3)];
        keys.sort(&mut items, &mut |run| run.reverse());
        let sorted = items.map(|item| (item.number, item.stretch.start));
        assert_eq!(sorted, [(1, 0), (0, 3), (1, 3), (0, 0)]);
    }
}
