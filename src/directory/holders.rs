//! Which entry holds which address, as it will be at the end of a batch (`spec/exchange.md` DX-25, DX-27, LD-08).

use std::collections::HashMap;

use super::address_text::TargetAddress;
use super::dn::Dn;
use super::key::SyncKey;
use super::note::Note;
use crate::plan::outcome::Reason;

/// Addresses and their holders. Filled from a search of the whole tree; then deletions are released before additions
/// are held, so that what a batch frees is free.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    held: HashMap<SyncKey, Vec<Dn>>,
}

impl Holders {
    /// Says that an entry holds an address: its own, a primary or a secondary proxy.
    pub fn hold(&mut self, address: &TargetAddress, dn: &Dn) {
        let holders = self.held.entry(SyncKey::of(address)).or_default();
        if !holders.iter().any(|holder| holder.is_same(dn)) {
            holders.push(dn.clone());
        }
    }

    /// Says that an entry holds nothing any more.
    pub fn release(&mut self, dn: &Dn) {
        self.held.retain(|_, holders| {
            holders.retain(|holder| !holder.is_same(dn));
            !holders.is_empty()
        });
    }

    /// Returns an entry other than `own` that holds the address.
    #[must_use]
    pub fn other(&self, address: &TargetAddress, own: &Dn) -> Option<&Dn> {
        let holders = self.held.get(&SyncKey::of(address))?;
        holders.iter().find(|holder| !holder.is_same(own))
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
        holders.release(&Dn::parse("CN=bob, O=org").unwrap());
        assert_eq!(
            holders.check_target(&address("MS:NET/PO/BOB"), &eve),
            Ok(())
        );
    }
}
