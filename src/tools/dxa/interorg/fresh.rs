//! Names that nobody has given before.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::directory::interorg::Epoch;

/// Returns 32 hexadecimal digits that are nobody's yet, and that nobody can guess.
pub(super) fn id() -> String {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        // The system always has some, once it is up; interrupted calls are made again.
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).unwrap_or(0);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns an epoch that is nobody's yet.
pub(super) fn epoch() -> Epoch {
    Epoch::new(&id()).expect("digits are one")
}
