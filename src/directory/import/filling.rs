//! How a connection fills its container: entries from lines, proxies that nobody else has.

use super::ask::Changed;
use super::changes::is_same;
use super::decide::Mapping;
use super::snapshot::Held;
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Names};
use crate::directory::holders::{Holders, Holding};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::proxy::ProxyRules;
use crate::directory::remote::{ImportRules, Received, RecipientKind, modified};
use crate::directory::template_map::TemplateMap;

/// Attributes that an A decides beside those of the template table; what else an entry has is not its business.
const MANAGED: [&str; 10] = [
    "syncKey",
    "syncAddress",
    "syncImportedFrom",
    "syncOriginalName",
    "syncTemplate",
    "cn",
    "sn",
    "displayName",
    "uid",
    "mail",
];

/// Returns the attributes that an A sets or removes under a template table.
#[must_use]
pub fn managed(templates: Option<&TemplateMap>) -> Names {
    let rules = templates.into_iter().flat_map(|map| map.rules());
    let mapped = rules.filter_map(|rule| rule.attribute.as_deref());
    MANAGED.into_iter().chain(mapped).collect()
}

/// How a connection fills its container.
pub struct Filling<'a, H = Holders> {
    /// What lines become.
    pub rules: ImportRules<'a>,
    /// Which proxies are made.
    pub proxies: &'a ProxyRules,
    /// Who holds which address.
    pub holders: H,
    /// Entries that go, whose addresses are free from the first that is completed on.
    pub gone: Vec<Dn>,
    /// The name of an entry.
    pub dn: &'a dyn Fn(&SyncKey) -> Dn,
}

impl<H: Holding> Mapping for Filling<'_, H> {
    fn modify(&self, present: &Attributes, changed: &Changed) -> (Attributes, Vec<Note>) {
        let page = self.rules.page;
        let (name, address) = match &changed.new {
            Some((name, address)) => (name.clone(), Some(address.clone())),
            None => (
                present_name(present, page).unwrap_or_else(|| changed.name.clone()),
                None,
            ),
        };
        let here = || {
            present
                .text("syncAddress")
                .and_then(|text| TargetAddress::parse(text).ok())
        };
        let Some(address) = address.or_else(here) else {
            // Nothing that this layer put in; whoever changed the address must mend it.
            return (present.clone(), Vec::new());
        };
        let received = Received {
            name: &name,
            address: &address,
            lines: &changed.lines,
            kind: RecipientKind::Person,
        };
        let wanted = modified(present, received, self.rules);
        (wanted.attributes, wanted.notes)
    }

    fn finish(
        &mut self,
        key: &SyncKey,
        held: Option<&Held>,
        attributes: &mut Attributes,
    ) -> Vec<Note> {
        self.holders.release(&std::mem::take(&mut self.gone));
        let before = held.and_then(|held| held.attributes.as_ref());
        let before = before.map(|present| self.proxies.recognise(present));
        let before = before.unwrap_or_default();
        let own = (self.dn)(key);
        let others = held.map_or_else(|| own.clone(), |held| held.dn.clone());
        let holder = |address: &TargetAddress| {
            let found = self
                .holders
                .other(address, &others)
                .filter(|dn| !dn.is_same(&own));
            found.map(|dn| dn.to_string())
        };
        let planned = self.proxies.plan(attributes, &before, &holder);
        planned.put(&before, attributes);
        for address in &planned.generated {
            self.holders.hold(address, &own);
        }
        planned.notes
    }

    fn leaves(&self, present: &Attributes) -> bool {
        if self.proxies.has_none(present) {
            return true;
        }
        let before = self.proxies.recognise(present);
        let planned = self.proxies.plan(present, &before, &|_| None);
        let mut attributes = present.clone();
        planned.put(&before, &mut attributes);
        is_same(present, &attributes)
    }

    fn free(&mut self, _: &SyncKey, held: &Held) {
        self.gone.push(held.dn.clone());
    }
}

/// Returns the name of an entry as the other side writes it, where it can.
fn present_name(present: &Attributes, page: CodePage) -> Option<Vec<u8>> {
    page.encode(present.text("syncOriginalName")?).ok()
}
