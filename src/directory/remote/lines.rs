//! Template lines of one transaction, sorted into attributes and lines to keep.

use super::Class;
use crate::directory::entry::Attributes;
use crate::directory::note::Note;
use crate::directory::template_map::TemplateMap;
use crate::directory::{schema, syntax};
use crate::plan::outcome::Reason;

/// What the lines of a transaction come to.
#[derive(Debug, Default)]
pub(super) struct Applied<'m> {
    /// Attributes that a line names; without a value they are to be removed.
    set: Vec<(String, Vec<String>)>,
    /// Lines kept as they are.
    kept: Vec<String>,
    /// Prompts of all lines, as they are compared.
    prompts: Vec<String>,
    map: Option<&'m TemplateMap>,
}

impl<'m> Applied<'m> {
    pub(super) fn of(
        lines: &[String],
        map: Option<&'m TemplateMap>,
        class: Class,
        notes: &mut Vec<Note>,
    ) -> Self {
        let Some(map) = map else {
            return Self::default();
        };
        let mut applied = Self {
            map: Some(map),
            ..Self::default()
        };
        for line in lines {
            applied.prompts.push(map.prompt_key(line));
            if let Err(note) = applied.apply(line, map, class) {
                applied.keep(line);
                notes.extend(note);
            }
        }
        applied
    }

    /// Takes a line into its attribute.
    ///
    /// # Errors
    /// The line is to be kept instead, with a note where an attribute should have taken it.
    fn apply(&mut self, line: &str, map: &TemplateMap, class: Class) -> Result<(), Option<Note>> {
        let split = map.split(line).ok_or(None)?;
        let attribute = split.attribute.ok_or(None)?;
        let dropped = |why: String| {
            let detail = format!("{why}; kept as {line:?}");
            Some(Note::new(Reason::ValueDropped, detail))
        };
        if !class.allows(attribute) {
            let class = class.object_class();
            return match split.value {
                "" => Ok(()),
                _ => Err(dropped(format!("{attribute}: not of class {class}"))),
            };
        }
        let at = self
            .set
            .iter()
            .position(|(name, _)| name.eq_ignore_ascii_case(attribute));
        let at = at.unwrap_or_else(|| {
            self.set.push((attribute.to_owned(), Vec::new()));
            self.set.len() - 1
        });
        if split.value.is_empty() {
            return Ok(());
        }
        let value = syntax::store(attribute, split.value).map_err(dropped)?;
        let values = &mut self.set[at].1;
        if values
            .iter()
            .any(|v| syntax::is_same_value(attribute, v, &value))
        {
            return Ok(());
        }
        if syntax::is_single(attribute) && !values.is_empty() {
            return Err(dropped(format!("{attribute}: holds one value only")));
        }
        values.push(value);
        Ok(())
    }

    fn keep(&mut self, line: &str) {
        if !self
            .kept
            .iter()
            .any(|k| syntax::is_same_value(schema::TEMPLATE, k, line))
        {
            self.kept.push(line.to_owned());
        }
    }

    /// Takes out the values for an attribute that an entry has anyway; `None` where no line brings any.
    pub(super) fn take(&mut self, attribute: &str) -> Option<Vec<Vec<u8>>> {
        let found = self
            .set
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        let (_, values) = found.filter(|(_, values)| !values.is_empty())?;
        Some(bytes(&std::mem::take(values)))
    }

    /// Tells whether the lines name the attribute and leave it without a value.
    pub(super) fn clears(&self, attribute: &str) -> bool {
        let mut set = self.set.iter();
        set.any(|(name, values)| name.eq_ignore_ascii_case(attribute) && values.is_empty())
    }

    /// Puts what is left into a new entry.
    pub(super) fn put(self, attributes: &mut Attributes) {
        for (name, values) in self.set.into_iter().filter(|(_, v)| !v.is_empty()) {
            attributes.set(&name, bytes(&values));
        }
        attributes.set(schema::TEMPLATE, bytes(&self.kept));
    }

    /// Puts what is left into an entry that is there: attributes the lines name are replaced or removed, kept lines
    /// give way to those of the same prompt.
    pub(super) fn put_over(self, attributes: &mut Attributes) {
        for (name, values) in &self.set {
            // Those an entry has anyway are settled before.
            let is_settled = [
                schema::CN,
                schema::SN,
                schema::DISPLAY_NAME,
                schema::UID,
                schema::MAIL,
            ]
            .contains(&&**name);
            if !(is_settled && values.is_empty()) {
                attributes.set(name, bytes(values));
            }
        }
        let Some(map) = self.map else {
            return;
        };
        let present = attributes.values(schema::TEMPLATE).iter();
        let present = present.map(|line| String::from_utf8_lossy(line).into_owned());
        let mut lines: Vec<_> = present
            .filter(|line| !self.prompts.contains(&map.prompt_key(line)))
            .collect();
        lines.extend(self.kept);
        attributes.set(schema::TEMPLATE, bytes(&lines));
    }
}

fn bytes(values: &[String]) -> Vec<Vec<u8>> {
    values
        .iter()
        .map(|value| value.clone().into_bytes())
        .collect()
}
