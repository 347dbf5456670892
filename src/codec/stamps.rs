//! Stamps that a dirsync server has given out, newest first.

use std::fmt;

use super::CodecError;
use super::layout::Field;

/// The last `N` stamps of a server, newest first; zeroes behind them. A stamp that is not among them was not given by
/// this server, or so long ago that nobody can build on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StampRing<const N: usize>([u32; N]);

impl<const N: usize> StampRing<N> {
    /// Makes a ring of stamps, newest first; what does not fit is left out.
    #[must_use]
    pub fn from_newest(stamps: impl IntoIterator<Item = u32>) -> Self {
        let mut ring = Self::default();
        for (place, stamp) in ring.0.iter_mut().zip(stamps) {
            *place = stamp;
        }
        ring
    }

    /// Returns the stamps, newest first.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied().take_while(|&stamp| stamp != 0)
    }
}

impl<const N: usize> Default for StampRing<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> fmt::Debug for StampRing<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<const N: usize> Field for StampRing<N> {
    const WIDTH: usize = 4 * N;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        let mut ring = Self::default();
        for (place, bytes) in ring.0.iter_mut().zip(bytes.chunks_exact(4)) {
            *place = u32::get(bytes, offset, name)?;
        }
        Ok(ring)
    }

    fn put(&self, bytes: &mut [u8]) {
        for (stamp, bytes) in self.0.iter().zip(bytes.chunks_exact_mut(4)) {
            stamp.put(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stands_first_and_the_oldest_falls_out() {
        let ring = StampRing::<3>::from_newest([9, 8, 7, 6]);
        assert_eq!(ring.iter().collect::<Vec<_>>(), [9, 8, 7]);
        let mut bytes = [0xee; 12];
        ring.put(&mut bytes);
        assert_eq!(bytes, [9, 0, 0, 0, 8, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(StampRing::get(&bytes, 0, "issued").unwrap(), ring);
        assert_eq!(StampRing::<3>::default().iter().count(), 0);
    }
}
