//! The order in which a run goes through asks and entries: that of their keys, whatever bytes are in them.

use crate::directory::key::SyncKey;

/// Bytes that a sort keeps in memory.
pub(super) const MEMORY: usize = 8 << 20;

/// Returns bytes that are ordered as keys are, and none of which another begins with; what has no key comes first.
pub(super) fn key_of(key: Option<&SyncKey>) -> Vec<u8> {
    let folded = key.map_or("", SyncKey::folded);
    let mut bytes = Vec::with_capacity(folded.len() + 3);
    for &byte in folded.as_bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(u8::MAX);
        }
    }
    bytes.extend([0, 0]);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_bytes_are_ordered_as_the_keys(one in "[\\x00ab]{0,4}", other in "[\\x00ab]{0,4}") {
            let keys = [one, other].map(|text| SyncKey::stored(&text));
            let [a, b] = [&keys[0], &keys[1]].map(|key| key_of(Some(key)));
            prop_assert_eq!(a.cmp(&b), keys[0].cmp(&keys[1]));
            prop_assert!(a == b || !a.starts_with(&b) && !b.starts_with(&a));
            prop_assert!(key_of(None) <= a);
        }
    }
}
