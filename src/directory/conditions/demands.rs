//! Attributes that an entry must have, and how long values may be (`spec/exchange.md` NT-05, NT-06).

use std::collections::BTreeMap;

use crate::directory::charset::Charset;
use crate::directory::entry::Attributes;
use crate::directory::note::Note;
use crate::directory::outgoing::ExportKind;
use crate::directory::remote::surname;
use crate::directory::{schema, syntax};
use crate::plan::outcome::Reason;

/// What is asked of the attributes of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demands {
    /// Attributes that an entry of a kind must have.
    pub required: Vec<(ExportKind, Vec<String>)>,
    /// Longest value of an attribute, in bytes as the other side stores it.
    pub limits: BTreeMap<String, usize>,
}

/// An entry as it is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demanded {
    /// Its attributes, with what could be derived and without what is too long.
    pub attributes: Attributes,
    /// What was left out.
    pub notes: Vec<Note>,
}

impl Demands {
    /// Tells whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.limits.is_empty()
    }

    /// Returns every attribute with its setting.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, &str)> {
        let required = self.required.iter().flat_map(|(kind, names)| {
            let place = format!("required {}", kind.word());
            names.iter().map(move |name| (place.clone(), &name[..]))
        });
        let limits = self.limits.keys();
        required.chain(limits.map(|name| ("limits".to_owned(), &name[..])))
    }

    /// Checks an entry whose address ends in `alias`. What is missing is derived where it can be; a value that is too long is
    /// left out, and never cut.
    ///
    /// # Errors
    /// An attribute that the entry must have is missing or too long.
    pub fn check(
        &self,
        attributes: &Attributes,
        kind: ExportKind,
        alias: &str,
        charset: Charset,
    ) -> Result<Demanded, Note> {
        let mut demanded = Demanded {
            attributes: attributes.clone(),
            notes: Vec::new(),
        };
        let required = self.required_of(kind);
        for name in required.clone() {
            if is_filled(&demanded.attributes, name) {
                continue;
            }
            match derived(&demanded.attributes, name, alias) {
                Some(value) => demanded.attributes.set_one(name, value),
                None => {
                    let detail = format!("{name}: missing, and nothing to derive it from");
                    return Err(Note::new(Reason::MissingAttribute, detail));
                }
            }
        }
        for (name, &limit) in &self.limits {
            let is_too_long = |value: &[u8]| {
                let len = charset.len(&String::from_utf8_lossy(value));
                (len > limit).then_some(len)
            };
            let values = attributes.values(name);
            let Some(len) = values.iter().filter_map(is_too_long).max() else {
                continue;
            };
            let detail = format!("{name}: {len}/{limit}");
            let is_needed = [schema::DISPLAY_NAME, schema::CN]
                .into_iter()
                .chain(required.clone())
                .any(|needed| is_same(needed, name));
            if is_needed {
                return Err(Note::new(Reason::TooLong, detail));
            }
            let kept: Vec<_> = values.iter().filter(|v| is_too_long(v).is_none()).collect();
            demanded.attributes.set(name, kept);
            let detail = format!("too-long: {detail}");
            demanded.notes.push(Note::new(Reason::ValueDropped, detail));
        }
        Ok(demanded)
    }

    fn required_of(&self, kind: ExportKind) -> impl Iterator<Item = &str> + Clone {
        let of_kind = self.required.iter().filter(move |(of, _)| *of == kind);
        of_kind.flat_map(|(_, names)| names.iter().map(String::as_str))
    }
}

fn is_same(one: &str, other: &str) -> bool {
    syntax::canonical(one).eq_ignore_ascii_case(syntax::canonical(other))
}

fn is_filled(attributes: &Attributes, name: &str) -> bool {
    let mut values = attributes.values(name).iter();
    values.any(|value| !value.trim_ascii().is_empty())
}

/// Derives a value: the name from what else is a name, or from the last part of the address; the surname and the alias
/// from them.
fn derived(attributes: &Attributes, name: &str, alias: &str) -> Option<String> {
    let text = |name: &str| {
        let text = attributes.text(name).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let full = text(schema::DISPLAY_NAME).or_else(|| text(schema::CN));
    let alias = Some(alias.to_owned()).filter(|alias| !alias.is_empty());
    if is_same(name, schema::DISPLAY_NAME) || is_same(name, schema::CN) {
        full.or(alias)
    } else if is_same(name, schema::SN) {
        let full = full.or(alias)?;
        Some(surname(&full).to_owned())
    } else if is_same(name, schema::UID) {
        alias.or_else(|| Some(full?.split_whitespace().collect()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codepage::CodePage;

    fn check(demands: &Demands, attributes: &[(&str, &str)]) -> Result<Demanded, Note> {
        let attributes = attributes.iter().copied().collect();
        let charset = Charset::Page(CodePage::Cp850);
        demands.check(&attributes, ExportKind::Person, "LENA", charset)
    }

    fn required(names: &[&str]) -> Demands {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Demands {
            required: vec![(ExportKind::Person, names)],
            ..Demands::default()
        }
    }

    #[test]
    fn ntc_037_the_surname_of_turner_sarah_is_turner_whole() {
        for (name, expected) in [
            ("Turner, Sarah", "Turner"),
            ("Turner, Sarah E.", "Turner"),
            ("Sarah E. Turner", "Turner"),
            ("Turner", "Turner"),
        ] {
            let demanded = check(&required(&["sn"]), &[("cn", name)]).expect("derived");
            assert_eq!(demanded.attributes.text("sn"), Some(expected), "{name}");
        }
    }

    #[test]
    fn ntc_010_012_what_can_be_derived_is_and_the_rest_is_missing_by_its_name() {
        let demanded = check(&required(&["displayName", "uid", "sn"]), &[("title", "x")]);
        let attributes = demanded.expect("derived").attributes;
        let text = |name| attributes.text(name);
        assert_eq!(text("displayName"), Some("LENA"));
        assert_eq!((text("uid"), text("sn")), (Some("LENA"), Some("LENA")));
        let missing = check(&required(&["mailDomain"]), &[("mailDomain", " ")]);
        let missing = missing.expect_err("nothing to derive it from");
        assert_eq!(missing.reason, Reason::MissingAttribute);
        assert!(missing.detail.starts_with("mailDomain: "), "{missing}");
        let other = Demands {
            required: vec![(ExportKind::Group, vec!["mailDomain".to_owned()])],
            ..Demands::default()
        };
        assert!(check(&other, &[]).is_ok(), "that is asked of groups");
    }

    #[test]
    fn ntc_014_015_016_too_long_is_a_reason_and_nothing_is_cut() {
        let mut demands = required(&["o"]);
        demands.limits = [("o", 31), ("cn", 252), ("description", 512)]
            .map(|(name, limit)| (name.to_owned(), limit))
            .into();
        let o = ("o", "Acme");
        for (long, length, detail) in [("cn", 300, "cn: 300/252"), ("o", 40, "o: 40/31")] {
            let value = "x".repeat(length);
            let note = check(&demands, &[o, (long, &value)]).expect_err("too long");
            assert_eq!(note, Note::new(Reason::TooLong, detail));
        }
        let long = "ä".repeat(600);
        let demanded = check(&demands, &[o, ("description", &long), ("description", "b")]);
        let demanded = demanded.expect("it goes without");
        assert_eq!(demanded.attributes.values("description"), ["b"]);
        let note = Note::new(Reason::ValueDropped, "too-long: description: 600/512");
        assert_eq!(demanded.notes, [note]);
        let fits = "ä".repeat(512);
        let demanded = check(&demands, &[o, ("description", &fits)]).expect("it fits");
        assert_eq!(demanded.notes, []);
    }
}
