//! Which entry holds which address, as it will be at the end of a batch (`spec/exchange.md` DX-25, DX-27, LD-08).

use std::collections::{HashMap, HashSet};

use super::address_text::TargetAddress;
use super::dn::Dn;
use super::key::SyncKey;
use super::note::Note;
use crate::plan::outcome::Reason;

/// Whoever knows the holders of addresses.
pub trait Holding {
    /// Says that an entry holds an address.
    fn hold(&mut self, address: &TargetAddress, dn: &Dn);

    /// Says that entries hold nothing any more of what was said of them so far.
    fn release(&mut self, gone: &[Dn]);

    /// Returns an entry other than `own` that holds the address.
    fn other(&self, address: &TargetAddress, own: &Dn) -> Option<Dn>;
}

impl Holding for Holders {
    fn hold(&mut self, address: &TargetAddress, dn: &Dn) {
        Self::hold(self, address, dn);
    }

    fn release(&mut self, gone: &[Dn]) {
        Self::release(self, gone);
    }

    fn other(&self, address: &TargetAddress, own: &Dn) -> Option<Dn> {
        Self::other(self, address, own).cloned()
    }
}

/// Addresses and their holders. Filled from a search of the whole tree; then deletions are released before additions
/// are held, so that what a batch frees is free.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    /// Who was first to hold an address.
    first: HashMap<SyncKey, Dn>,
    /// Who else holds it: hardly ever anybody.
    others: HashMap<SyncKey, Vec<Dn>>,
}

impl Holders {
    /// Says that an entry holds an address: its own, a primary or a secondary proxy.
    pub fn hold(&mut self, address: &TargetAddress, dn: &Dn) {
        let key = SyncKey::of(address);
        let Some(first) = self.first.get(&key) else {
            self.first.insert(key, dn.clone());
            return;
        };
        if !first.is_same(dn) {
            let others = self.others.entry(key).or_default();
            if !others.iter().any(|other| other.is_same(dn)) {
                others.push(dn.clone());
            }
        }
    }

    /// Says that entries hold nothing any more.
    pub fn release(&mut self, gone: &[Dn]) {
        if gone.is_empty() {
            return;
        }
        let gone: HashSet<_> = gone.iter().map(Dn::key).collect();
        let stays = |dn: &Dn| !gone.contains(&dn.key());
        self.others.retain(|_, others| {
            others.retain(&stays);
            !others.is_empty()
        });
        let Self { first, others } = self;
        first.retain(|key, dn| {
            if stays(dn) {
                return true;
            }
            let Some(mut left) = others.remove(key) else {
                return false;
            };
            *dn = left.remove(0);
            if !left.is_empty() {
                others.insert(key.clone(), left);
            }
            true
        });
    }

    /// Returns an entry that holds the address.
    #[must_use]
    pub fn holder(&self, address: &TargetAddress) -> Option<&Dn> {
        self.first.get(&SyncKey::of(address))
    }

    /// Returns an entry other than `own` that holds the address.
    #[must_use]
    pub fn other(&self, address: &TargetAddress, own: &Dn) -> Option<&Dn> {
        let key = SyncKey::of(address);
        let others = self.others.get(&key).into_iter().flatten();
        let mut holders = self.first.get(&key).into_iter().chain(others);
        holders.find(|holder| !holder.is_same(own))
    }

    /// Returns the entries that hold an address which another one holds too.
    pub fn contested(&self) -> impl Iterator<Item = &Dn> {
        let others = self.others.iter();
        others.flat_map(|(key, others)| self.first.get(key).into_iter().chain(others))
    }

    /// Checks the target address of an entry. It alone blocks: a generated one is numbered or left out.
    ///
    /// # Errors
    /// `address-duplicate` with the holder.
    pub fn check_target(&self, address: &TargetAddress, own: &Dn) -> Result<(), Note> {
        match self.other(address, own) {
            Some(holder) => {
                let detail = format!("{address} is held by {holder}");
                Err(Note::new(Reason::AddressDuplicate, detail))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dx27_a_target_address_that_another_entry_holds_blocks_and_names_it() {
        let address = |text| TargetAddress::parse(text).unwrap();
        let [bob, eve] = ["cn=Bob,o=Org", "cn=Eve,o=Org"].map(|dn| Dn::parse(dn).unwrap());
        let mut holders = Holders::default();
        holders.hold(&address("MS:NET/PO/BOB"), &bob);
        holders.hold(&address("SMTP:bob@x"), &bob);
        let note = holders
            .check_target(&address("pcm:net/po/bob"), &eve)
            .unwrap_err();
        assert_eq!(note.reason, Reason::AddressDuplicate);
        assert!(note.detail.contains("cn=Bob,o=Org"), "{note}");
        assert_eq!(
            holders.check_target(&address("MS:NET/PO/BOB"), &bob),
            Ok(())
        );
        assert_eq!(holders.other(&address("smtp:BOB@x"), &eve), Some(&bob));
        assert_eq!(holders.contested().count(), 0);
        holders.hold(&address("SMTP:bob@x"), &eve);
        let mut contested: Vec<_> = holders.contested().map(ToString::to_string).collect();
        contested.sort_unstable();
        assert_eq!(contested, ["cn=Bob,o=Org", "cn=Eve,o=Org"]);
        holders.release(&[Dn::parse("CN=bob, O=org").unwrap()]);
        assert_eq!(
            holders.check_target(&address("MS:NET/PO/BOB"), &eve),
            Ok(())
        );
        assert_eq!(holders.holder(&address("SMTP:bob@x")), Some(&eve));
        assert_eq!(holders.other(&address("SMTP:bob@x"), &eve), None);
    }
}
