//! What an entry has to meet before it goes out, as it stands in the configuration (`spec/exchange.md` NT-02, NT-05, NT-06,
//! NT-11).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::directory::conditions::{Conditions, Demands, FilterRule};
use crate::directory::consent::ConsentRules;
use crate::directory::outgoing::ExportKind;
use crate::directory::syntax;

/// What is meant by an attribute of consent that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blank {
    /// The entry may leave.
    Yes,
    /// It may not (Q184623).
    #[default]
    No,
}

/// The settings, as the ledger keeps them too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ConditionsText {
    /// `consent-attribute`.
    pub consent_attribute: Option<String>,
    /// `consent-blank`.
    pub consent_blank: Option<Blank>,
    /// `filters`.
    pub filters: Vec<String>,
    /// `required`.
    pub required: BTreeMap<String, Vec<String>>,
    /// `limits`.
    pub limits: BTreeMap<String, usize>,
}

impl ConditionsText {
    /// Reads them; what is wrong is told, all of it.
    pub(in crate::tools::dxa) fn check(&self, faults: &mut Vec<Fault>) -> Conditions {
        let consent = self.consent_attribute.as_ref().map(|attribute| {
            check_name("consent-attribute", attribute, faults);
            ConsentRules {
                attribute: syntax::canonical_name(attribute),
                blank_is_yes: self.consent_blank == Some(Blank::Yes),
            }
        });
        if consent.is_none() && self.consent_blank.is_some() {
            let text = "there is no consent-attribute";
            faults.push(Fault::new("consent-blank", text));
        }
        let mut filters: Vec<FilterRule> = Vec::new();
        for (at, text) in self.filters.iter().enumerate() {
            let setting = format!("filters, rule {}", at + 1);
            match FilterRule::parse(text) {
                Ok(rule) if filters.iter().any(|other| other.name() == rule.name()) => {
                    let text = format!("there is a rule {} already", rule.name());
                    faults.push(Fault::new(setting, text));
                }
                Ok(rule) => filters.push(rule),
                Err(error) => faults.push(Fault::new(setting, error.to_string())),
            }
        }
        let mut required = Vec::new();
        for (word, names) in &self.required {
            let setting = format!("required {word}");
            let kind = ExportKind::ALL.into_iter().find(|kind| kind.word() == word);
            match kind {
                Some(kind) => {
                    let names = names.iter().map(|name| syntax::canonical_name(name));
                    required.push((kind, names.collect()));
                }
                None => {
                    let known = ExportKind::ALL.map(ExportKind::word).join(", ");
                    faults.push(Fault::new(&setting[..], format!("expected one of {known}")));
                }
            }
            for name in names {
                check_name(&setting, name, faults);
            }
        }
        let mut limits = BTreeMap::new();
        for (name, limit) in &self.limits {
            check_name("limits", name, faults);
            if limits
                .insert(syntax::canonical_name(name), *limit)
                .is_some()
            {
                let text = format!("{name}: there is a limit of it already, by another name");
                faults.push(Fault::new("limits", text));
            }
            if *limit == 0 {
                let text = format!("{name}: 0, expected a number of bytes");
                faults.push(Fault::new("limits", text));
            }
        }
        Conditions {
            consent,
            filters,
            demands: Demands { required, limits },
        }
    }

    /// Returns the settings as rows of name and value.
    pub(in crate::tools::dxa) fn rows(&self) -> [(&'static str, String); 5] {
        let none = || "none".to_owned();
        let or_none = |text: String| match text.is_empty() {
            true => none(),
            false => text,
        };
        let consent = self.consent_attribute.clone();
        let blank = match self.consent_blank.unwrap_or_default() {
            Blank::Yes => "yes",
            Blank::No => "no",
        };
        let required = self.required.iter();
        let required = required.map(|(kind, names)| format!("{kind}: {}", names.join(" ")));
        let limits = self.limits.iter();
        let limits = limits.map(|(name, limit)| format!("{name} {limit}"));
        [
            ("consent-attribute", consent.unwrap_or_else(none)),
            ("consent-blank", blank.to_owned()),
            ("filters", or_none(self.filters.join("; "))),
            ("required", or_none(required.collect::<Vec<_>>().join("; "))),
            ("limits", or_none(limits.collect::<Vec<_>>().join(", "))),
        ]
    }
}

fn check_name(setting: &str, name: &str, faults: &mut Vec<Fault>) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-;.".contains(c);
    if name.is_empty() || !name.chars().all(is_part) {
        let text = format!("{name:?} is no name of an attribute");
        faults.push(Fault::new(setting, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntc_032_every_fault_is_told_and_the_operators_there_are() {
        let text = ConditionsText {
            consent_attribute: Some("may leave".to_owned()),
            filters: ["x = o, EQ, A", "x = o, NE, B", "y = o, SW, A"]
                .map(String::from)
                .into(),
            required: [("persons".to_owned(), vec!["o o".to_owned()])].into(),
            limits: [("o".to_owned(), 0)].into(),
            ..ConditionsText::default()
        };
        let mut faults = Vec::new();
        text.check(&mut faults);
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "consent-attribute: \"may leave\" is no name of an attribute",
                "filters, rule 2: there is a rule x already",
                "filters, rule 3: y: there is no operator \"SW\", only EQ and NE",
                "required persons: expected one of people, groups, remote",
                "required persons: \"o o\" is no name of an attribute",
                "limits: o: 0, expected a number of bytes",
            ]
        );
    }
}
