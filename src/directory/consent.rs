//! Consent to leave a directory has five values, not two (`spec/exchange.md` NT-02).

use super::entry::Attributes;
use super::note::Note;
use crate::plan::outcome::Reason;

/// Attribute that stands in an entry which was read for attributes that are there and must not be read: their names are
/// its values. No server has one of this name.
pub const UNREADABLE: &str = "?unreadable";

/// What an entry says of its leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// It may.
    Yes,
    /// It may not.
    No,
    /// Nothing.
    Blank,
    /// Something that cannot be read, with what is seen of it.
    Unreadable(String),
    /// Something that nobody knows, as it is.
    Unrecognised(String),
}

/// Which attribute says it, and what is meant by nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRules {
    /// The attribute.
    pub attribute: String,
    /// Blank is yes.
    pub blank_is_yes: bool,
}

impl Consent {
    /// Reads the attribute of an entry; `unreadable` are attributes that are there and must not be looked at.
    #[must_use]
    pub fn of(attributes: &Attributes, attribute: &str, unreadable: &[&str]) -> Self {
        if unreadable
            .iter()
            .any(|name| name.eq_ignore_ascii_case(attribute))
        {
            return Self::Unreadable("hidden by an access rule".to_owned());
        }
        let values = attributes.values(attribute);
        let raw = || {
            let shown = values.iter().map(|value| value.escape_ascii().to_string());
            shown.collect::<Vec<_>>().join(", ")
        };
        let mut all = values.iter();
        let value = match (all.next(), all.next()) {
            (None, _) => return Self::Blank,
            (Some(value), None) => value,
            // Which of them is meant cannot be told.
            _ => return Self::Unrecognised(raw()),
        };
        let Ok(text) = std::str::from_utf8(value) else {
            return Self::Unreadable(raw());
        };
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Self::Unreadable(raw());
        }
        let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if text.is_empty() {
            Self::Blank
        } else if is_one_of(&["yes", "true", "1", "y"]) {
            Self::Yes
        } else if is_one_of(&["no", "false", "0", "n"]) {
            Self::No
        } else {
            Self::Unrecognised(raw())
        }
    }
}

impl ConsentRules {
    /// Reads what an entry says; which of its attributes are hidden stands in [`UNREADABLE`].
    #[must_use]
    pub fn read(&self, attributes: &Attributes) -> Consent {
        let hidden = attributes.values(UNREADABLE).iter();
        let hidden: Vec<_> = hidden
            .filter_map(|name| std::str::from_utf8(name).ok())
            .collect();
        Consent::of(attributes, &self.attribute, &hidden)
    }

    /// Returns why an entry does not leave; nothing where it does. Only no and blank exclude: what is not understood
    /// ([`is_unclear`]) leaves the other side as it is.
    #[must_use]
    pub fn judge(&self, consent: &Consent) -> Option<Note> {
        let attribute = &self.attribute;
        let says = |reason, what: &str| Some(Note::new(reason, format!("{attribute}: {what}")));
        match consent {
            Consent::Yes => None,
            Consent::Blank if self.blank_is_yes => None,
            Consent::No => says(Reason::ConsentNo, "no"),
            Consent::Blank => says(Reason::ConsentBlank, "blank"),
            Consent::Unreadable(raw) => says(Reason::ConsentUnreadable, raw),
            Consent::Unrecognised(raw) => says(Reason::ConsentUnrecognised, raw),
        }
    }
}

/// Tells whether an attribute of an entry is there and hidden.
#[must_use]
pub fn is_hidden(attributes: &Attributes, attribute: &str) -> bool {
    let mut hidden = attributes.values(UNREADABLE).iter();
    hidden.any(|name| name.eq_ignore_ascii_case(attribute.as_bytes()))
}

/// Tells whether a reason says that nobody knows what is wanted.
#[must_use]
pub fn is_unclear(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::ConsentUnreadable | Reason::ConsentUnrecognised
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(values: &[&[u8]]) -> Consent {
        let attributes = values
            .iter()
            .map(|value| ("sync", value.to_vec()))
            .collect();
        Consent::of(&attributes, "SYNC", &[])
    }

    #[test]
    fn nt02_consent_has_five_values() {
        for value in [&b"TRUE"[..], b"yes", b" Y ", b"1"] {
            assert_eq!(consent(&[value]), Consent::Yes);
        }
        for value in [&b"FALSE"[..], b"No", b"n", b"0"] {
            assert_eq!(consent(&[value]), Consent::No);
        }
        for values in [&[][..], &[&b""[..]], &[b"  "]] {
            assert_eq!(consent(values), Consent::Blank);
        }
        assert_eq!(consent(&[b"Jein"]), Consent::Unrecognised("Jein".into()));
        assert_eq!(
            consent(&[b"yes", b"no"]),
            Consent::Unrecognised("yes, no".into())
        );
        for value in [&b"Y\xff"[..], b"Yes\0"] {
            assert!(matches!(consent(&[value]), Consent::Unreadable(_)));
        }
        let rules = ConsentRules {
            attribute: "sync".to_owned(),
            blank_is_yes: true,
        };
        let mut hidden = Attributes::default();
        assert_eq!(rules.read(&hidden), Consent::Blank);
        hidden.set_one(UNREADABLE, "SYNC");
        assert!(matches!(rules.read(&hidden), Consent::Unreadable(_)));
    }

    #[test]
    fn ntc_009_blank_excludes_for_a_reason_of_its_own_unless_it_is_set_to_yes() {
        let mut rules = ConsentRules {
            attribute: "sync".to_owned(),
            blank_is_yes: false,
        };
        let judged = |rules: &ConsentRules, consent| {
            let note = rules.judge(&consent);
            note.map(|note| note.reason)
        };
        assert_eq!(judged(&rules, Consent::Blank), Some(Reason::ConsentBlank));
        assert_eq!(judged(&rules, Consent::No), Some(Reason::ConsentNo));
        rules.blank_is_yes = true;
        assert_eq!(judged(&rules, Consent::Blank), None);
        assert_eq!(judged(&rules, Consent::No), Some(Reason::ConsentNo));
    }
}
