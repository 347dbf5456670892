//! A filter rule in its published form (`spec/exchange.md` NT-11):
//! `name = attribute, EQ|NE, value [| value] [& value] [& attribute, EQ|NE, value]`.

use crate::directory::entry::Attributes;
use crate::directory::syntax;

/// A rule that an entry passes or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRule {
    name: String,
    conditions: Vec<Condition>,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterRuleError {
    /// There is no name in front of `=`.
    #[error(
        "{text:?} has no name, expected NAME = ATTRIBUTE, EQ, VALUE or NAME = ATTRIBUTE, NE, VALUE"
    )]
    NoName {
        /// The text.
        text: String,
    },
    /// There are no two commas.
    #[error("{rule}: {text:?}, expected ATTRIBUTE, EQ, VALUE or ATTRIBUTE, NE, VALUE")]
    NoCondition {
        /// The rule.
        rule: String,
        /// The text.
        text: String,
    },
    /// What stands first is no name of an attribute.
    #[error("{rule}: {text:?} is no name of an attribute")]
    Attribute {
        /// The rule.
        rule: String,
        /// The text.
        text: String,
    },
    /// The operator is another.
    #[error("{rule}: there is no operator {operator:?}, only EQ and NE")]
    Operator {
        /// The rule.
        rule: String,
        /// The operator.
        operator: String,
    },
}

impl FilterRuleError {
    /// Tells whether what was read was meant for a condition, and for no value with commas: its operator is one that books
    /// have and no program ever had (Q241324), or is spelt in small letters.
    fn is_meant(&self) -> bool {
        const PRINTED: [&str; 6] = ["SW", "DNSW", "CN", "DNCN", "EQ", "NE"];
        let is_printed = |operator: &str| PRINTED.iter().any(|p| p.eq_ignore_ascii_case(operator));
        matches!(self, Self::Operator { operator, .. } if is_printed(operator))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    attribute: String,
    is_negated: bool,
    /// Alternatives, each of values that are wanted together.
    values: Vec<Vec<String>>,
}

impl FilterRule {
    /// Reads a rule. The name may have the `filter_` of the published form in front. Only the first two commas of a
    /// condition separate (Q249113); a backslash takes its meaning from a `|`, a `&` or another one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FilterRuleError> {
        let no_name = || FilterRuleError::NoName {
            text: text.to_owned(),
        };
        let (name, rest) = text.split_once('=').ok_or_else(no_name)?;
        let name = name.trim();
        let name = name.strip_prefix("filter_").unwrap_or(name).to_owned();
        // A comma before the first `=` means that this is the one of a value.
        if name.is_empty() || name.contains(',') {
            return Err(no_name());
        }
        let mut conditions: Vec<Condition> = Vec::new();
        for (at, piece) in split(rest, '&').into_iter().enumerate() {
            match Condition::parse(&name, piece) {
                Ok(condition) => conditions.push(condition),
                Err(error) if at == 0 || error.is_meant() => return Err(error),
                // No condition of its own: one more value.
                Err(_) => {
                    let last = conditions.last_mut().expect("the first is one");
                    last.add_together(piece);
                }
            }
        }
        Ok(Self { name, conditions })
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the attributes of its conditions, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.conditions
            .iter()
            .map(|condition| &condition.attribute[..])
    }

    /// Tells whether an entry passes: every condition holds.
    #[must_use]
    pub fn passes(&self, attributes: &Attributes) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(attributes))
    }
}

impl Condition {
    fn parse(rule: &str, text: &str) -> Result<Self, FilterRuleError> {
        let rule = || rule.to_owned();
        let mut parts = text.splitn(3, ',');
        let mut next = || parts.next().map(str::trim);
        let (Some(attribute), Some(operator), Some(values)) = (next(), next(), next()) else {
            return Err(FilterRuleError::NoCondition {
                rule: rule(),
                text: text.trim().to_owned(),
            });
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-;.".contains(c);
        if attribute.is_empty() || !attribute.chars().all(is_name) {
            return Err(FilterRuleError::Attribute {
                rule: rule(),
                text: attribute.to_owned(),
            });
        }
        let is_negated = match operator {
            "EQ" => false,
            "NE" => true,
            _ => {
                return Err(FilterRuleError::Operator {
                    rule: rule(),
                    operator: operator.to_owned(),
                });
            }
        };
        let values = split(values, '|').into_iter();
        Ok(Self {
            attribute: syntax::canonical_name(attribute),
            is_negated,
            values: values.map(|value| vec![folded(&plain(value))]).collect(),
        })
    }

    /// Adds what stands behind a `&`: it belongs to the last alternative.
    fn add_together(&mut self, text: &str) {
        let mut values = split(text, '|').into_iter();
        let mut value = || values.next().map(|value| folded(&plain(value)));
        if let (Some(together), Some(value)) = (self.values.last_mut(), value()) {
            together.push(value);
        }
        while let Some(value) = value() {
            self.values.push(vec![value]);
        }
    }

    /// EQ: the attribute has all values of one alternative. NE: it has none of the values. What is empty fails the one and
    /// passes the other.
    fn holds(&self, attributes: &Attributes) -> bool {
        let found = attributes.values(&self.attribute).iter();
        let found = found.map(|value| folded(&String::from_utf8_lossy(value)));
        let found: Vec<_> = found.filter(|value| !value.is_empty()).collect();
        match self.is_negated {
            true => !self.values.iter().flatten().any(|v| found.contains(v)),
            false => {
                let has_all = |together: &Vec<String>| together.iter().all(|v| found.contains(v));
                self.values.iter().any(has_all)
            }
        }
    }
}

/// Returns what lies between the marks that no backslash stands before.
fn split(text: &str, mark: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == mark {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the backslashes out that take a meaning.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && "\\|&".contains(next) => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// Returns what two values have in common that are the same to a directory: letter case and blanks do not matter.
fn folded(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> FilterRule {
        FilterRule::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn passes(text: &str, attributes: &[(&str, &str)]) -> bool {
        rule(text).passes(&attributes.iter().copied().collect())
    }

    #[test]
    fn ntc_033_only_the_first_two_commas_separate() {
        let text =
            "filter_person = o, EQ, Ministry of Economic Development, Trade and Tourism | Acme";
        assert_eq!(rule(text).name(), "person");
        let ministry = "Ministry of Economic Development, Trade and Tourism";
        assert!(passes(text, &[("o", ministry)]));
        assert!(passes(text, &[("O", "ACME")]));
        assert!(!passes(text, &[("o", "Ministry of Economic Development")]));
    }

    #[test]
    fn ntc_034_035_what_is_empty_fails_eq_and_passes_ne() {
        for empty in [&[][..], &[("l", " ")]] {
            assert!(!passes("x = l, EQ, Sales", empty));
            assert!(!passes("x = l, EQ,", empty));
            assert!(passes("x = l, NE, Sales", empty));
        }
        assert!(!passes("x = l, NE, Sales", &[("l", "Sales")]));
        assert!(passes("x = l, NE, Sales", &[("l", "Sales North")]));
    }

    #[test]
    fn conditions_and_values_are_joined_as_printed() {
        let rule = "x = o, EQ, A | B & title, NE, Chef | Head";
        assert!(passes(rule, &[("o", "b"), ("title", "Clerk")]));
        assert!(!passes(rule, &[("o", "b"), ("title", "Head")]));
        assert!(!passes(rule, &[("o", "c")]));
        let both = "x = ou, EQ, A & B | C";
        assert!(passes(both, &[("ou", "b"), ("ou", "a")]));
        assert!(passes(both, &[("ou", "c")]));
        assert!(!passes(both, &[("ou", "b")]));
        let none = "x = ou, NE, A & B";
        assert!(!passes(none, &[("ou", "b")]));
        assert!(passes(none, &[("ou", "c")]));
        assert!(passes(r"x = o, EQ, Smith \& Co", &[("o", "Smith  & Co")]));
        assert!(passes(r"x = o, EQ, a\b", &[("o", r"a\b")]));
        assert!(passes("x = o, EQ, A=B, C", &[("o", "a=b, c")]));
    }

    #[test]
    fn ntc_032_what_is_no_rule_is_told_apart() {
        let error = |text: &str| FilterRule::parse(text).expect_err(text).to_string();
        for operator in ["SW", "DNSW", "CN", "DNCN", "eq", ""] {
            let told = error(&format!("x = o, {operator}, A"));
            assert!(told.starts_with("x: "), "{told}");
            assert!(told.ends_with("only EQ and NE"), "{told}");
        }
        let second = error("x = o, EQ, A & title, SW, B");
        assert!(second.ends_with("only EQ and NE"), "{second}");
        for text in ["o, EQ, A", " = o, EQ, A", "o, EQ, A=B"] {
            assert!(error(text).contains("no name"), "{text}");
        }
        assert!(error("x = o, EQ").contains("expected"));
        assert!(error("x = o o, EQ, A").contains("no name of an attribute"));
    }
}
