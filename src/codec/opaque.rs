//! Bytes whose meaning nobody published.

use std::fmt;

use super::CodecError;
use super::layout::Field;

/// Bytes without a known meaning: kept as they were read, zero in what we make (`spec/files.md` section 9).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opaque<const N: usize>(pub [u8; N]);

impl<const N: usize> Opaque<N> {
    /// Tells whether all bytes are zero, as in everything made here.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&b| b == 0)
    }
}

impl<const N: usize> Default for Opaque<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> fmt::Debug for Opaque<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return write!(f, "{N} zero bytes");
        }
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> Field for Opaque<N> {
    const WIDTH: usize = N;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        let mut kept = [0; N];
        kept.copy_from_slice(bytes);
        Ok(Self(kept))
    }

    fn put(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }
}
