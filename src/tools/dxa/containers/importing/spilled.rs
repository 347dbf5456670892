//! Which entry holds which address, in a temporary file: a directory may hold more addresses than memory should.
//!
//! In memory is where the records about an address are: a few bytes each. A record is read where the hash says so, and
//! then says itself what it is about.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::path::Path;

use hashbrown::HashTable;

use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::holders::Holding;
use crate::directory::import::Packed;
use crate::directory::key::SyncKey;
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::spool::Spool;

/// Addresses and their holders, as [`Holders`](crate::directory::holders::Holders) knows them.
pub(super) struct SpilledHolders {
    index: HashTable<Slot>,
    hashing: RandomState,
    /// Names that were released, and up to where in the file that was.
    released: HashMap<String, u64>,
    file: RefCell<Records>,
}

struct Records {
    spool: Spool,
    failed: Option<io::Error>,
}

/// Where a record is: the lower half of the hash of its address, and its place in five bytes.
#[derive(Clone, Copy)]
struct Slot {
    hash: [u8; 4],
    place: [u8; 5],
}

impl Slot {
    fn new(hash: u32, place: u64) -> Self {
        let [a, b, c, d, e, ..] = place.to_le_bytes();
        Self {
            hash: hash.to_le_bytes(),
            place: [a, b, c, d, e],
        }
    }

    fn hash(&self) -> u32 {
        u32::from_le_bytes(self.hash)
    }

    fn place(&self) -> u64 {
        let [a, b, c, d, e] = self.place;
        u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
    }
}

/// Spreads a hash over the bits that the table looks at.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl SpilledHolders {
    /// Makes one that knows of none; what memory is not to hold goes into `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            index: HashTable::new(),
            hashing: RandomState::new(),
            released: HashMap::new(),
            file: RefCell::new(Records {
                spool: Spool::new(folder),
                failed: None,
            }),
        }
    }

    /// Returns what failed of the file: nothing that was said since counts.
    pub(super) fn check(&self) -> Result<(), ToolError> {
        match self.file.borrow_mut().failed.take() {
            Some(error) => Err(unspilled(error)),
            None => Ok(()),
        }
    }

    fn hash(&self, key: &SyncKey) -> u32 {
        self.hashing.hash_one(key) as u32
    }

    /// Returns the holders of an address, the first of them first.
    fn holders(&self, key: &SyncKey) -> Vec<Dn> {
        let hash = self.hash(key);
        let slots = self.index.iter_hash(spread(hash));
        let slots = slots.filter(|slot| slot.hash() == hash);
        let mut places: Vec<_> = slots.map(Slot::place).collect();
        places.sort_unstable();
        let mut file = self.file.borrow_mut();
        let mut holders = Vec::new();
        for place in places {
            match file.read(place) {
                Ok((found, dn)) if found == *key => {
                    let gone = match self.released.is_empty() {
                        true => None,
                        false => self.released.get(&dn.key()),
                    };
                    if gone.is_none_or(|gone| place >= *gone) {
                        holders.push(dn);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    file.failed.get_or_insert(error);
                }
            }
        }
        holders
    }
}

impl Records {
    fn read(&mut self, place: u64) -> io::Result<(SyncKey, Dn)> {
        let mut record = self.spool.get(place)?;
        let found = Packed::unpack(&mut record);
        found.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl Holding for SpilledHolders {
    fn hold(&mut self, address: &TargetAddress, dn: &Dn) {
        let key = SyncKey::of(address);
        let hash = self.hash(&key);
        let mut record = Vec::new();
        key.pack(&mut record);
        dn.pack(&mut record);
        let file = self.file.get_mut();
        match file.spool.push(&record) {
            Ok(place) => {
                let slot = Slot::new(hash, place);
                let again = |slot: &Slot| spread(slot.hash());
                self.index.insert_unique(spread(hash), slot, again);
            }
            Err(error) => {
                file.failed.get_or_insert(error);
            }
        }
    }

    fn release(&mut self, gone: &[Dn]) {
        let end = self.file.get_mut().spool.end();
        if end > 0 {
            let gone = gone.iter().map(|dn| (dn.key(), end));
            self.released.extend(gone);
        }
    }

    fn other(&self, address: &TargetAddress, own: &Dn) -> Option<Dn> {
        let holders = self.holders(&SyncKey::of(address));
        holders.into_iter().find(|holder| !holder.is_same(own))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::holders::Holders;

    #[derive(Debug, Clone)]
    enum Step {
        Hold(u8, u8),
        Release(Vec<u8>),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..6_u8, 0..4_u8).prop_map(|(address, dn)| Step::Hold(address, dn)),
            1 => proptest::collection::vec(0..4_u8, 1..3).prop_map(Step::Release),
        ]
    }

    fn address(number: u8) -> TargetAddress {
        TargetAddress::new("SMTP", &format!("u{number}@x"))
    }

    fn dn(number: u8) -> Dn {
        Dn::parse(&format!("cn={number},o=Org")).expect("a name")
    }

    proptest! {
        #[test]
        fn a_file_knows_what_memory_knows(steps in proptest::collection::vec(any_step(), 0..40)) {
            let mut known = Holders::default();
            let mut spilled = SpilledHolders::new(None);
            for step in steps {
                match step {
                    Step::Hold(number, holder) => {
                        known.hold(&address(number), &dn(holder));
                        spilled.hold(&address(number), &dn(holder));
                    }
                    Step::Release(gone) => {
                        let gone: Vec<_> = gone.into_iter().map(dn).collect();
                        known.release(&gone);
                        spilled.release(&gone);
                    }
                }
                for (number, own) in (0..6).flat_map(|number| (0..4).map(move |own| (number, own))) {
                    let (address, own) = (address(number), dn(own));
                    let found = spilled.other(&address, &own);
                    prop_assert_eq!(found.as_ref(), known.other(&address, &own));
                }
            }
            prop_assert!(spilled.check().is_ok());
        }
    }

    #[test]
    fn a_disk_that_is_full_is_said_so() {
        let mut spilled = SpilledHolders::new(Some(Path::new("/nowhere")));
        for number in 0..5000_u32 {
            let address = TargetAddress::new("SMTP", &format!("user{number}@x.example"));
            spilled.hold(&address, &dn(1));
        }
        assert!(spilled.check().is_err());
    }
}
