//! A value that the directory refuses does not cost the entry: it is left out, and the line that it came from is kept
//! (`spec/exchange.md` DX-26, LD-04).
//!
//! Most servers name the attribute. Where this one does not, or names it in vain, the entry goes in without any of the
//! attributes that it can do without, and then gets each of them by itself.

use std::ops::ControlFlow;

use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection, Operation, Refusal, ResultCode, Search};
use crate::directory::note::Note;
use crate::directory::schema;
use crate::directory::template_map::TemplateMap;
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;

use super::container::unread;

/// Attributes that the server may name, one after the other, before all of them are tried.
const NAMED: usize = 4;

/// What an entry cannot be without, besides what makes it one of ours.
const NEEDED: [&str; 3] = [schema::OBJECT_CLASS, schema::CN, schema::SN];

/// Asks a search for names alone (RFC 4511 section 4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";

/// Results that may be about one value.
const ABOUT_VALUES: [ResultCode; 4] = [
    ResultCode::UNDEFINED_ATTRIBUTE_TYPE,
    ResultCode::CONSTRAINT_VIOLATION,
    ResultCode::INVALID_ATTRIBUTE_SYNTAX,
    ResultCode::OBJECT_CLASS_VIOLATION,
];

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Ended {
    /// The entry is as it was asked for but for these values.
    Without {
        notes: Vec<Note>,
        /// What is left was worth a write.
        has_changed: bool,
    },
    /// It is not a matter of values that an entry can do without.
    Refused(Refusal),
}

/// Writes an entry that was refused, without the values that the directory does not take. `held` is the entry as it was.
pub(in crate::tools::dxa) fn write_without(
    directory: &mut Connection,
    tree: &Dn,
    operation: &Operation,
    refusal: Refusal,
    held: Option<&Attributes>,
    templates: Option<&TemplateMap>,
) -> Result<Ended, ToolError> {
    let draft = Draft::of(operation, held, templates);
    let Some(mut draft) = draft.filter(|_| is_about_values(&refusal)) else {
        return Ok(Ended::Refused(refusal));
    };
    let mut latest = refusal.clone();
    for _ in 0..NAMED {
        let Some(named) = draft.named(&latest.text) else {
            break;
        };
        let words = draft.words(directory, tree, &named, &latest)?;
        draft.drop_values(&named, &words);
        match draft.write(directory)? {
            Ok(has_changed) => return Ok(draft.ended(has_changed)),
            Err(again) if is_about_values(&again) => latest = again,
            Err(again) => return Ok(Ended::Refused(again)),
        }
    }
    one_by_one(directory, tree, draft, refusal)
}

/// Tells whether a refusal may be about one value.
pub(in crate::tools::dxa) fn is_about_values(refusal: &Refusal) -> bool {
    ABOUT_VALUES.contains(&refusal.code)
}

fn one_by_one(
    directory: &mut Connection,
    tree: &Dn,
    mut draft: Draft<'_>,
    refusal: Refusal,
) -> Result<Ended, ToolError> {
    let spare = draft.take_spare();
    if spare.is_empty() {
        return Ok(Ended::Refused(refusal));
    }
    let mut has_changed = match draft.write(directory)? {
        Ok(has_changed) => has_changed,
        // What it cannot do without is refused.
        Err(_) => return Ok(Ended::Refused(refusal)),
    };
    draft.is_new = false;
    draft.parts.clear();
    for (attribute, values) in spare {
        let part = Modification::replace(&attribute, values.clone());
        let operation = Operation::new(draft.dn.clone(), Change::Modify(vec![part]));
        match directory.apply(&operation)? {
            Ok(()) => has_changed = true,
            Err(refusal) => {
                draft.parts.push((attribute.clone(), values));
                let words = draft.words(directory, tree, &attribute, &refusal)?;
                draft.drop_values(&attribute, &words);
            }
        }
    }
    // What the dropped values leave: an old value that must not stay, lines that are kept.
    has_changed |= draft.write(directory)?.unwrap_or_default();
    Ok(draft.ended(has_changed))
}

/// An entry on its way into the directory.
struct Draft<'a> {
    dn: Dn,
    /// It is added, with these attributes; else they replace those that it has.
    is_new: bool,
    parts: Vec<(String, Vec<Vec<u8>>)>,
    held: Option<&'a Attributes>,
    templates: Option<&'a TemplateMap>,
    notes: Vec<Note>,
}

impl<'a> Draft<'a> {
    fn of(
        operation: &Operation,
        held: Option<&'a Attributes>,
        templates: Option<&'a TemplateMap>,
    ) -> Option<Self> {
        let (is_new, parts) = match &operation.change {
            Change::Add(attributes) => {
                let parts = attributes.iter();
                let parts = parts.map(|(name, values)| (name.to_owned(), values.to_vec()));
                (true, parts.collect())
            }
            Change::Modify(parts) => {
                let is_replaced = |part: &Modification| part.kind == ModificationKind::Replace;
                if !parts.iter().all(is_replaced) {
                    return None;
                }
                let parts = parts.iter();
                let parts = parts.map(|part| (part.attribute.clone(), part.values.clone()));
                (false, parts.collect())
            }
            Change::Delete | Change::Rename { .. } => return None,
        };
        Some(Self {
            dn: operation.dn.clone(),
            is_new,
            parts,
            held: held.filter(|_| !is_new),
            templates,
            notes: Vec::new(),
        })
    }

    /// Returns the one attribute that a text names, of those that the entry can do without.
    fn named(&self, text: &str) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ';';
        let has = |attribute: &str| {
            let mut words = text.split(|c| !is_part(c));
            words.any(|word| word.eq_ignore_ascii_case(attribute))
        };
        let mut named = self.parts.iter().filter(|(attribute, values)| {
            !values.is_empty() && can_be_spared(attribute) && has(attribute)
        });
        let first = named.next()?;
        named.next().is_none().then(|| first.0.clone())
    }

    /// Returns what is said of a value that is left out: the server's words, and the entry that has it where it may be there
    /// once only. The server does not say which (LD-07).
    fn words(
        &self,
        directory: &mut Connection,
        tree: &Dn,
        attribute: &str,
        refusal: &Refusal,
    ) -> Result<String, ToolError> {
        let words = refusal.to_string();
        let found = self.position(attribute);
        let value = found.and_then(|at| self.parts[at].1.first());
        let Some(value) = value.filter(|_| refusal.code == ResultCode::CONSTRAINT_VIOLATION) else {
            return Ok(words);
        };
        let mut search = Search::new(tree.clone()).attributes(&[NO_ATTRIBUTES]);
        search.filter = Filter::equal(attribute, value.clone());
        let mut holder = None;
        let searched = directory.search(&search, |entry| match entry.dn.is_same(&self.dn) {
            true => ControlFlow::Continue(()),
            false => {
                holder = Some(entry.dn);
                ControlFlow::Break(())
            }
        });
        match (holder, searched) {
            // It is enough to know one.
            (Some(holder), _) => Ok(format!("{words}; held by {holder}")),
            (None, Ok(_)) => Ok(words),
            (None, Err(error)) => Err(unread(error)),
        }
    }

    fn position(&self, attribute: &str) -> Option<usize> {
        let mut parts = self.parts.iter();
        parts.position(|(name, _)| name.eq_ignore_ascii_case(attribute))
    }

    /// Leaves an attribute out, and keeps the line that it came from.
    fn drop_values(&mut self, attribute: &str, words: &str) {
        let Some(at) = self.position(attribute) else {
            return;
        };
        let values = std::mem::take(&mut self.parts[at].1);
        if self.is_new {
            self.parts.remove(at);
        }
        let mut detail = format!("{attribute}: {words}");
        let is_template = attribute.eq_ignore_ascii_case(schema::TEMPLATE);
        for line in self.lines(attribute, values).filter(|_| !is_template) {
            detail.push_str(&format!("; kept as {line:?}"));
            self.keep(line.into_bytes());
        }
        self.notes.push(Note::new(Reason::ValueDropped, detail));
    }

    fn lines(&self, attribute: &str, values: Vec<Vec<u8>>) -> impl Iterator<Item = String> + use<> {
        let mut only = Attributes::default();
        only.set(attribute, values);
        let lines = self.templates.map(|templates| templates.lines(&only));
        lines.into_iter().flatten()
    }

    fn keep(&mut self, line: Vec<u8>) {
        let mut parts = self.parts.iter_mut();
        let found = parts.find(|(name, _)| name.eq_ignore_ascii_case(schema::TEMPLATE));
        let lines = match found {
            Some((_, lines)) => lines,
            None => {
                let there = self.held.map(|held| held.values(schema::TEMPLATE).to_vec());
                let part = (schema::TEMPLATE.to_owned(), there.unwrap_or_default());
                self.parts.push(part);
                &mut self.parts.last_mut().expect("just put there").1
            }
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }

    /// Takes out what the entry can do without; the lines that are kept come last, since more may come to them.
    fn take_spare(&mut self) -> Vec<(String, Vec<Vec<u8>>)> {
        let parts = std::mem::take(&mut self.parts);
        let is_spare = |(attribute, values): &(String, Vec<Vec<u8>>)| {
            !values.is_empty() && can_be_spared(attribute)
        };
        let (mut spare, needed): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_spare);
        self.parts = needed;
        spare.sort_by_key(|(attribute, _)| attribute.eq_ignore_ascii_case(schema::TEMPLATE));
        spare
    }

    /// Writes what is left; returns whether there was anything.
    fn write(&mut self, directory: &mut Connection) -> Result<Result<bool, Refusal>, ToolError> {
        let change = match self.is_new {
            true => {
                let mut attributes = Attributes::default();
                for (name, values) in &self.parts {
                    attributes.set(name, values.clone());
                }
                Change::Add(attributes)
            }
            false => {
                let parts = self.parts.iter().filter(|part| self.differs(part));
                let parts = parts.map(|(name, values)| Modification::replace(name, values.clone()));
                let parts: Vec<_> = parts.collect();
                // The number of a transaction that changes nothing else is not worth a write.
                let is_number = |part: &Modification| part.attribute == schema::SOURCE_SEQ;
                if parts.iter().all(is_number) {
                    return Ok(Ok(false));
                }
                Change::Modify(parts)
            }
        };
        let operation = Operation::new(self.dn.clone(), change);
        let outcome = directory.apply(&operation)?;
        Ok(outcome.map(|()| true))
    }

    /// Tells whether a part is another than the entry has.
    fn differs(&self, (name, values): &(String, Vec<Vec<u8>>)) -> bool {
        let sorted = |mut values: Vec<Vec<u8>>| {
            values.sort_unstable();
            values
        };
        self.held
            .is_none_or(|held| sorted(held.values(name).to_vec()) != sorted(values.clone()))
    }

    fn ended(self, has_changed: bool) -> Ended {
        Ended::Without {
            notes: self.notes,
            has_changed,
        }
    }
}

/// Tells whether an entry can do without an attribute: never without what it is, whose it is and where mail to it goes.
fn can_be_spared(attribute: &str) -> bool {
    let name = attribute.split(';').next().unwrap_or(attribute);
    let is_ours = name
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("sync"));
    let is_needed = NEEDED
        .iter()
        .any(|needed| needed.eq_ignore_ascii_case(name));
    name.eq_ignore_ascii_case(schema::TEMPLATE) || !(is_ours || is_needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(parts: &[(&str, &str)], is_new: bool) -> Operation {
        let dn = Dn::parse("syncKey=x,o=Org").expect("a name");
        let change = match is_new {
            true => Change::Add(parts.iter().copied().collect()),
            false => {
                let parts = parts.iter();
                let parts = parts.map(|(n, v)| Modification::replace(n, vec![v.as_bytes().into()]));
                Change::Modify(parts.collect())
            }
        };
        Operation::new(dn, change)
    }

    #[test]
    fn the_server_names_an_attribute_where_one_and_no_more_is_meant() {
        let parts = [
            ("sn", "Smith"),
            ("syncAddress", "MS:N/P/B"),
            ("title", "x"),
            ("mail", "b@x"),
        ];
        let operation = draft(&parts, true);
        let draft = Draft::of(&operation, None, None).expect("an entry");
        for (text, named) in [
            ("TITLE: value #0 invalid per syntax", Some("title")),
            ("attribute 'mail' not allowed", Some("mail")),
            ("non-unique attributes found with (mail=b@x)", Some("mail")),
            ("subtitle: value #0 invalid per syntax", None),
            ("title or mail", None),
            // It cannot do without them.
            ("object class 'person' requires attribute 'sn'", None),
            ("syncAddress: value #0 invalid per syntax", None),
            ("", None),
        ] {
            assert_eq!(draft.named(text).as_deref(), named, "{text}");
        }
    }

    #[test]
    fn a_line_is_kept_once_and_what_is_as_it_was_is_not_written() {
        let map = TemplateMap::default();
        let held = Attributes::from_iter([
            ("title", "x"),
            ("syncTemplate", "Shoe Size:/9"),
            ("syncTemplate", "Title:/y"),
        ]);
        let operation = draft(&[("title", "y"), ("syncTemplate", "Shoe Size:/9")], false);
        let mut draft = Draft::of(&operation, Some(&held), Some(&map)).expect("an entry");
        draft.drop_values("title", "21 invalidAttributeSyntax: no");
        let differing: Vec<_> = draft.parts.iter().filter(|p| draft.differs(p)).collect();
        // The old value is not what the source says any more.
        assert_eq!(differing, [&("title".to_owned(), Vec::new())]);
        let detail = "title: 21 invalidAttributeSyntax: no; kept as \"Title:/y\"";
        assert_eq!(draft.notes, [Note::new(Reason::ValueDropped, detail)]);
    }
}
