//! Prompts of template lines, and what their values lie in or are made of (DX-26, NT-12).

use serde::Deserialize;

use super::{Direction, Fault};
use crate::directory::expression::Expression;
use crate::directory::template_map::TemplateRule;

/// A prompt and the attribute that its value lies in (DX-26).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapping {
    /// The prompt; case, a `~` in front, a colon and blanks behind do not matter.
    pub prompt: String,
    /// The attribute; empty where a value is made of several.
    #[serde(default)]
    pub attribute: String,
    /// What the value is made of (NT-12); such a line only goes out.
    pub value: Option<String>,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

impl Mapping {
    /// Returns the rule for one direction; none where there is none, or what its value is made of is wrong.
    #[must_use]
    pub fn rule(&self, is_wanted: fn(Direction) -> bool) -> Option<TemplateRule> {
        if !is_wanted(self.direction) {
            return None;
        }
        let Some(value) = &self.value else {
            return Some(TemplateRule::new(&self.prompt, &self.attribute));
        };
        let made = Expression::parse(value).ok();
        // Nothing is put together again out of what comes in.
        let made = made.filter(|_| is_wanted(Direction::Send));
        made.map(|made| TemplateRule::made_of(&self.prompt, made))
    }

    /// Returns the attribute, or `=` and what the value is made of: as settings are kept and shown.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.value {
            Some(value) => format!("={value}"),
            None => self.attribute.clone(),
        }
    }

    /// Makes one that goes out, of what [`Self::source`] returned.
    #[must_use]
    pub fn outgoing(prompt: &str, source: &str) -> Self {
        let value = source.strip_prefix('=').map(str::to_owned);
        Self {
            prompt: prompt.to_owned(),
            attribute: match value {
                Some(_) => String::new(),
                None => source.to_owned(),
            },
            value,
            direction: Direction::Send,
        }
    }
}

/// Checks all of them; what is wrong is told, all of it.
pub(super) fn check_mappings(mappings: &[Mapping], faults: &mut Vec<Fault>) {
    for mapping in mappings {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-;.".contains(c);
        if mapping.prompt.trim().is_empty() {
            let text = format!("no prompt for the attribute {:?}", mapping.attribute);
            faults.push(Fault::new("mapping", text));
        }
        if let Some(value) = &mapping.value {
            check_value(mapping, value, faults);
            continue;
        }
        if mapping.attribute.is_empty() || !mapping.attribute.chars().all(is_name) {
            let text = format!("{:?} is no name of an attribute", mapping.attribute);
            faults.push(Fault::new(format!("mapping {}", mapping.prompt), text));
        }
    }
}

fn check_value(mapping: &Mapping, value: &str, faults: &mut Vec<Fault>) {
    let setting = format!("mapping {}", mapping.prompt);
    let mut fault = |text: String| faults.push(Fault::new(&setting[..], text));
    if !mapping.attribute.is_empty() {
        fault("attribute is set too, expected either it or value".to_owned());
    }
    if mapping.direction == Direction::Receive {
        fault("value: made of attributes it only goes out, expected attribute".to_owned());
    }
    if let Err(error) = Expression::parse(value) {
        fault(format!("value, {error}"));
    }
}
