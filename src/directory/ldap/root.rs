//! What a server says about itself (RFC 4512 section 5.1).

use std::collections::BTreeSet;

use super::connection::Connection;
use super::error::LdapError;
use super::search::{Scope, Search};
use super::transaction;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};

const CONTROLS: &str = "supportedControl";
const EXTENSIONS: &str = "supportedExtension";
const FEATURES: &str = "supportedFeatures";
const CONTEXTS: &str = "namingContexts";
const VENDOR: &str = "vendorName";
const VERSION: &str = "vendorVersion";

/// The entry at the root of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootDse {
    /// Controls it knows.
    pub controls: BTreeSet<String>,
    /// Extended operations it knows.
    pub extensions: BTreeSet<String>,
    /// Features it has.
    pub features: BTreeSet<String>,
    /// Roots of its trees, as it writes them.
    pub naming_contexts: Vec<Dn>,
    /// Who made it, and which version; many servers say neither.
    pub vendor: Option<String>,
}

impl RootDse {
    /// Tells whether several changes can be made all or nothing (RFC 5805). OpenLDAP does not list the control of it.
    #[must_use]
    pub fn has_transactions(&self) -> bool {
        [transaction::START, transaction::END]
            .iter()
            .all(|oid| self.extensions.contains(*oid))
    }

    /// Tells whether a change can depend on a filter (RFC 4528).
    #[must_use]
    pub fn has_assertions(&self) -> bool {
        self.controls.contains(super::operation::ASSERTION)
    }

    pub(super) fn read(connection: &mut Connection) -> Result<Self, LdapError> {
        let mut search = Search::new(Dn::default());
        search.scope = Scope::Base;
        search.page = None;
        search.attributes = [CONTROLS, EXTENSIONS, FEATURES, CONTEXTS, VENDOR, VERSION]
            .map(String::from)
            .to_vec();
        let mut found = None;
        connection.search(&search, |entry| {
            found = Some(entry);
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(found.map_or_else(Self::default, |entry: Entry| Self::of(&entry.attributes)))
    }

    fn of(attributes: &Attributes) -> Self {
        let texts = |name| {
            let values = attributes.values(name).iter();
            values.filter_map(|value| String::from_utf8(value.to_vec()).ok())
        };
        let vendor: Vec<_> = texts(VENDOR).chain(texts(VERSION)).collect();
        Self {
            controls: texts(CONTROLS).collect(),
            extensions: texts(EXTENSIONS).collect(),
            features: texts(FEATURES).collect(),
            naming_contexts: texts(CONTEXTS)
                .filter_map(|text| Dn::parse(&text).ok())
                .collect(),
            vendor: (!vendor.is_empty()).then(|| vendor.join(" ")),
        }
    }
}
