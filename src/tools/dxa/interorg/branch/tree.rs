//! What the tree holds of the entries of others, and who in it has which address. After updates only what they name is read;
//! a full list is held against everything.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::entry::sync_key;
use super::plan::{Held, Holder};
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::filter::Filter;
use crate::directory::import::{Needs, Snapshot};
use crate::directory::interorg::SourceKey;
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Connection, Search};
use crate::directory::schema;
use crate::tools::dxa::containers::container::unread;
use crate::tools::exit::ToolError;

/// Entries that one search asks for by their keys.
const KEYS: usize = 100;

/// Addresses that one search asks for; each may stand in four attributes.
const ADDRESSES: usize = 50;

/// Attributes that hold typed addresses.
const TYPED: [&str; 3] = [
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
];

/// Where is read, and for whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Root of the tree.
    pub(super) tree: &'a Dn,
    /// Where new entries go.
    pub(super) container: &'a Dn,
    /// Owner of what came from the hub.
    pub(super) owner: &'a str,
    /// Entries that are read at a time.
    pub(super) page: u32,
}

/// Addresses that are wanted.
#[derive(Debug)]
pub(super) struct Claims {
    /// SMTP, lower case.
    pub(super) smtp: BTreeSet<String>,
    /// Of other types.
    pub(super) others: BTreeSet<SyncKey>,
}

/// What was read.
pub(super) struct Tree<'a> {
    pub(super) snapshot: Snapshot,
    pub(super) held: Held,
    place: Place<'a>,
    claims: &'a Claims,
}

impl<'a> Tree<'a> {
    fn new(place: Place<'a>, claims: &'a Claims) -> Self {
        Self {
            snapshot: Snapshot::default(),
            held: Held::default(),
            place,
            claims,
        }
    }

    /// Reads every entry that came from the hub, wherever it lies, and keeps of each what the asks need.
    pub(super) fn read_all(
        directory: &mut Connection,
        place: Place<'a>,
        claims: &'a Claims,
        needs: &Needs<'_>,
    ) -> Result<Self, ToolError> {
        let mut tree = Self::new(place, claims);
        let owned = Filter::equal(schema::IMPORTED_FROM, place.owner);
        let class = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
        tree.search(directory, class.and(owned.clone()), &[], |tree, entry| {
            tree.take(entry, Some(needs));
        })?;
        let names = [&TYPED[..], &[schema::MAIL]].concat();
        let present = names.iter().map(|name| Filter::present(name)).collect();
        let filter = Filter::Or(present).and(owned.negated());
        tree.search(directory, filter, &names, |tree, entry| {
            tree.hold(&entry);
        })?;
        Ok(tree)
    }

    /// Reads the entries with these keys, and who has the addresses.
    pub(super) fn read_some(
        directory: &mut Connection,
        place: Place<'a>,
        claims: &'a Claims,
        keys: &[SourceKey],
    ) -> Result<Self, ToolError> {
        let mut tree = Self::new(place, claims);
        for keys in keys.chunks(KEYS) {
            let keys = keys.iter().map(|key| {
                let key = sync_key(key);
                Filter::equal(schema::KEY, key.as_str())
            });
            let filter = Filter::Or(keys.collect());
            tree.search(directory, filter, &[], |tree, entry| tree.take(entry, None))?;
        }
        let smtp = claims.smtp.iter().map(|address| {
            let typed = format!("SMTP:{address}");
            (Some(address.as_str()), typed)
        });
        let others = claims.others.iter();
        let others = others.map(|address| (None, address.as_str().to_owned()));
        let addresses: Vec<_> = smtp.chain(others).collect();
        let wanted = [
            &TYPED[..],
            &[schema::MAIL, schema::KEY, schema::IMPORTED_FROM],
        ]
        .concat();
        for addresses in addresses.chunks(ADDRESSES) {
            let filters = addresses.iter().flat_map(|(mail, typed)| {
                let mail = mail.map(|mail| Filter::equal(schema::MAIL, mail));
                let typed = TYPED.map(|name| Filter::equal(name, typed.as_str()));
                mail.into_iter().chain(typed)
            });
            let filter = Filter::Or(filters.collect());
            tree.search(directory, filter, &wanted, |tree, entry| tree.hold(&entry))?;
        }
        Ok(tree)
    }

    fn search(
        &mut self,
        directory: &mut Connection,
        filter: Filter,
        attributes: &[&str],
        mut take: impl FnMut(&mut Self, Entry),
    ) -> Result<(), ToolError> {
        let mut search = Search::new(self.place.tree.clone()).attributes(attributes);
        search.filter = filter;
        search.page = Some(self.place.page);
        let read = directory.search(&search, |entry| {
            take(self, entry);
            ControlFlow::Continue(())
        });
        read.map(|_| ()).map_err(unread)
    }

    /// Takes an entry that has a key.
    fn take(&mut self, entry: Entry, needs: Option<&Needs<'_>>) {
        self.hold(&entry);
        let Entry { dn, attributes } = entry;
        let Some(text) = attributes.text(schema::KEY) else {
            return;
        };
        let sync_key = SyncKey::stored(text);
        // One that somebody copied: the one in the container is meant.
        let there = self.snapshot.get(&sync_key);
        if there.is_some() && !dn.is_within(self.place.container) {
            return;
        }
        if let Some(key) = self.source_key(&attributes) {
            let addresses = smtp_addresses(&attributes).collect();
            self.held.shown.insert(key, (dn.clone(), addresses));
        }
        let owner = attributes.text(schema::IMPORTED_FROM).map(str::to_owned);
        let is_needed = needs.is_none_or(|needs| needs.keeps(&sync_key, &attributes));
        let attributes = is_needed.then_some(attributes);
        self.snapshot
            .add(sync_key, dn, owner.as_deref(), attributes);
    }

    /// Returns whose entry it is, where it came from the hub.
    fn source_key(&self, attributes: &Attributes) -> Option<SourceKey> {
        let owner = attributes.text(schema::IMPORTED_FROM)?;
        let is_ours = owner.trim().eq_ignore_ascii_case(self.place.owner);
        let key = attributes.text(schema::KEY).filter(|_| is_ours)?;
        SourceKey::parse(key)
    }

    /// Notes which of the wanted addresses an entry has.
    fn hold(&mut self, entry: &Entry) {
        let Entry { dn, attributes } = entry;
        let key = self.source_key(attributes);
        for address in smtp_addresses(attributes) {
            if !self.claims.smtp.contains(&address) {
                continue;
            }
            let holders = self.held.by_address.entry(address).or_default();
            if !holders.iter().any(|holder| holder.dn.is_same(dn)) {
                let (dn, key) = (dn.clone(), key.clone());
                holders.push(Holder { dn, key });
            }
        }
        if key.is_some() {
            return;
        }
        for address in typed(attributes) {
            if self.claims.others.contains(&SyncKey::of(&address)) {
                self.snapshot.add_other(&address, dn);
            }
        }
    }
}

/// Returns the typed addresses of an entry.
fn typed(attributes: &Attributes) -> impl Iterator<Item = TargetAddress> {
    let values = TYPED.into_iter().flat_map(|name| attributes.values(name));
    values.filter_map(|value| TargetAddress::parse(&String::from_utf8_lossy(value)).ok())
}

/// Returns the SMTP addresses of an entry, lower case: primary, secondary, or just its mail (LD-08).
fn smtp_addresses(attributes: &Attributes) -> impl Iterator<Item = String> {
    let typed = typed(attributes).filter(|address| address.kind() == "SMTP");
    let typed = typed.map(|address| address.value().to_lowercase());
    let mail = attributes.values(schema::MAIL);
    typed.chain(mail.map(|value| String::from_utf8_lossy(value).trim().to_lowercase()))
}
