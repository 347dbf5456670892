//! Consent to leave a directory has five values, not two (`spec/exchange.md` NT-02).

use super::item::State;
use crate::directory::entry::Attributes;
use crate::plan::outcome::Reason;

/// What an entry says of its leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Consent {
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
pub(super) struct Rules {
    /// The attribute.
    pub(super) attribute: String,
    /// Blank is yes.
    pub(super) blank_is_yes: bool,
}

impl Consent {
    /// Reads the attribute of an entry; `unreadable` are attributes that are there and must not be looked at.
    pub(super) fn of(attributes: &Attributes, attribute: &str, unreadable: &[&str]) -> Self {
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

impl Rules {
    /// Returns why an entry does not leave, and what is said of it; nothing where it does. Only no and blank exclude; what
    /// is not understood leaves the other side as it is.
    pub(super) fn judge(&self, consent: &Consent) -> Option<(State, String)> {
        let attribute = &self.attribute;
        let says = |what: &str| format!("{attribute}: {what}");
        match consent {
            Consent::Yes => None,
            Consent::Blank if self.blank_is_yes => None,
            Consent::No => Some((State::Excluded(Reason::ConsentNo), says("no"))),
            Consent::Blank => Some((State::Excluded(Reason::ConsentBlank), says("blank"))),
            Consent::Unreadable(raw) => {
                Some((State::Withheld(Reason::ConsentUnreadable), says(raw)))
            }
            Consent::Unrecognised(raw) => {
                Some((State::Withheld(Reason::ConsentUnrecognised), says(raw)))
            }
        }
    }
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
        let hidden = Consent::of(&Attributes::default(), "sync", &["sync"]);
        assert!(matches!(hidden, Consent::Unreadable(_)));
    }

    #[test]
    fn ntc_009_blank_excludes_for_a_reason_of_its_own_unless_it_is_set_to_yes() {
        let mut rules = Rules {
            attribute: "sync".to_owned(),
            blank_is_yes: false,
        };
        let judged = |rules: &Rules, consent| rules.judge(&consent).map(|(state, _)| state);
        let blank = State::Excluded(Reason::ConsentBlank);
        assert_eq!(judged(&rules, Consent::Blank), Some(blank));
        assert_eq!(
            judged(&rules, Consent::No),
            Some(State::Excluded(Reason::ConsentNo))
        );
        rules.blank_is_yes = true;
        assert_eq!(judged(&rules, Consent::Blank), None);
        assert_eq!(
            judged(&rules, Consent::No),
            Some(State::Excluded(Reason::ConsentNo))
        );
    }
}
