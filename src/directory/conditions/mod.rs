//! What an entry has to meet before it leaves, as those who run a connection set it: consent, filter rules, attributes that
//! it must have, and how long they may be (`spec/exchange.md` NT-02, NT-05, NT-06, NT-11).

mod demands;
mod filter_rule;

pub use demands::{Demanded, Demands};
pub use filter_rule::{FilterRule, FilterRuleError};

use super::consent::{self, ConsentRules};
use super::entry::Attributes;
use super::note::Note;
use crate::plan::outcome::Reason;

/// What an entry has to meet. Nothing is asked for by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// Who says whether an entry may leave.
    pub consent: Option<ConsentRules>,
    /// All of these must pass.
    pub filters: Vec<FilterRule>,
    /// What an entry must have, and what must not be longer.
    pub demands: Demands,
}

/// An attribute that a setting names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The setting: `filters person, condition 2`.
    pub place: String,
    /// The attribute.
    pub attribute: String,
}

impl Conditions {
    /// Returns every attribute that decides.
    #[must_use]
    pub fn attributes(&self) -> Vec<Named> {
        let mut named = Vec::new();
        let mut name = |place: String, attribute: &str| {
            let attribute = attribute.to_owned();
            named.push(Named { place, attribute });
        };
        if let Some(consent) = &self.consent {
            name("consent-attribute".to_owned(), &consent.attribute);
        }
        for rule in &self.filters {
            for (at, attribute) in rule.attributes().enumerate() {
                let place = format!("filters {}, condition {}", rule.name(), at + 1);
                name(place, attribute);
            }
        }
        for (place, attribute) in self.demands.attributes() {
            name(place, attribute);
        }
        named
    }

    /// Returns what keeps an entry here: it says no or nothing, or a rule filters it out.
    #[must_use]
    pub fn exclude(&self, attributes: &Attributes) -> Option<Note> {
        let consent = self.judged(attributes);
        consent
            .filter(|note| !consent::is_unclear(note.reason))
            .or_else(|| {
                let mut rules = self.filters.iter();
                let rule = rules
                    .find(|rule| hidden(rule, attributes).is_none() && !rule.passes(attributes))?;
                Some(Note::new(Reason::Filtered, rule.name()))
            })
    }

    /// Returns why it cannot be said whether an entry may leave: its consent is unclear, or what a rule is about is hidden.
    #[must_use]
    pub fn unclear(&self, attributes: &Attributes) -> Option<Note> {
        let consent = self.judged(attributes);
        consent
            .filter(|note| consent::is_unclear(note.reason))
            .or_else(|| {
                let mut rules = self.filters.iter();
                rules.find_map(|rule| {
                    let name = hidden(rule, attributes)?;
                    let detail = format!(
                        "{name}: hidden by an access rule, needed by filter {}",
                        rule.name()
                    );
                    Some(Note::new(Reason::ServerAccess, detail))
                })
            })
    }

    /// Returns the attributes of which it matters in each entry whether they are missing or hidden.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        let consent = self.consent.iter().map(|rules| &rules.attribute[..]);
        consent.chain(self.filters.iter().flat_map(FilterRule::attributes))
    }

    fn judged(&self, attributes: &Attributes) -> Option<Note> {
        let rules = self.consent.as_ref()?;
        rules.judge(&rules.read(attributes))
    }
}

fn hidden<'r>(rule: &'r FilterRule, attributes: &Attributes) -> Option<&'r str> {
    rule.attributes()
        .find(|name| consent::is_hidden(attributes, name))
}

/// Tells whether an entry stays as it is because nobody can tell whether it may leave.
#[must_use]
pub fn is_unclear(reason: Reason) -> bool {
    consent::is_unclear(reason) || reason == Reason::ServerAccess
}
