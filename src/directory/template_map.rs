//! Which template line goes into which attribute, and back (`spec/exchange.md` DX-22, DX-26).

use super::entry::Attributes;
use super::expression::{Expression, MAX_VALUE};
use super::note::Note;
use super::{schema, syntax};
use crate::codec::codepage::CodePage;
use crate::importfile::parse_info;
use crate::plan::outcome::Reason;
use crate::transaction::InfoLine;

/// A prompt that is declared, and the attribute that takes its data; without one the line is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRule {
    /// Prompt, as it is written on lines that go out.
    pub prompt: String,
    /// Attribute.
    pub attribute: Option<String>,
    /// What its data is made of where that is not one attribute alone; such a line only goes out.
    pub made: Option<Expression>,
}

impl TemplateRule {
    /// Makes a rule.
    #[must_use]
    pub fn new(prompt: &str, attribute: &str) -> Self {
        Self {
            prompt: prompt.to_owned(),
            attribute: Some(attribute.to_owned()),
            made: None,
        }
    }

    /// Makes a rule for a line whose data is made of attributes (NT-12).
    #[must_use]
    pub fn made_of(prompt: &str, made: Expression) -> Self {
        Self {
            prompt: prompt.to_owned(),
            attribute: None,
            made: Some(made),
        }
    }

    /// Returns the attributes that it reads.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let made = self.made.iter().flat_map(Expression::attributes);
        self.attribute.as_deref().into_iter().chain(made)
    }

    /// Returns its data in an entry, empty where there is none.
    fn value(&self, attributes: &Attributes, notes: &mut Vec<Note>) -> String {
        let Some(made) = &self.made else {
            let attribute = self.attribute.as_deref();
            return attribute.map_or_else(String::new, |name| joined(name, attributes));
        };
        made.value(attributes).unwrap_or_else(|count| {
            let detail = format!(
                "mapping-error: {:?}: {count} characters, at most {MAX_VALUE}",
                self.prompt
            );
            notes.push(Note::new(Reason::ValueDropped, detail));
            String::new()
        })
    }
}

/// Why a table cannot be used (message DX181).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateMapError {
    /// Nothing is left of a prompt.
    #[error("the prompt {prompt:?} is empty")]
    EmptyPrompt {
        /// The prompt.
        prompt: String,
    },
    /// Two rules are for one prompt, and one of them would never be seen.
    #[error("the prompts {first:?} and {second:?} are one prompt")]
    PromptTwice {
        /// The prompt of the first rule.
        first: String,
        /// That of the second.
        second: String,
    },
    /// The attribute is not for the data of lines.
    #[error("the prompt {prompt:?} cannot go into {attribute:?}, which the agent fills itself")]
    AttributeReserved {
        /// The prompt.
        prompt: String,
        /// The attribute.
        attribute: String,
    },
}

/// A table of prompts. There is one for each direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateMap {
    rules: Vec<TemplateRule>,
    /// The prompts of `rules`, as they are compared.
    folded: Vec<String>,
}

/// A line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateLine<'a> {
    /// What its prompt is called: as declared, or as the line has it.
    pub prompt: &'a str,
    /// Attribute that takes it.
    pub attribute: Option<&'a str>,
    /// Its data, without blanks around it.
    pub value: &'a str,
}

/// The prompts that LD-04 names. Which prompts postoffices use is theirs to choose, so these are the spellings of the
/// articles and a few near them; the first of an attribute is the one that is written.
const DEFAULT: &[(&str, &str)] = &[
    ("First:", "givenName"),
    ("First Name:", "givenName"),
    ("Given Name:", "givenName"),
    ("Last:", "sn"),
    ("Last Name:", "sn"),
    ("Surname:", "sn"),
    ("Initials:", "initials"),
    ("Local:", "telephoneNumber"),
    ("Phone:", "telephoneNumber"),
    ("Phone #:", "telephoneNumber"),
    ("Telephone:", "telephoneNumber"),
    ("Fax:", "facsimileTelephoneNumber"),
    ("Mobile:", "mobile"),
    ("Department:", "departmentNumber"),
    ("Employee Number:", "employeeNumber"),
    ("Title:", "title"),
    ("Company:", "o"),
    ("Office:", "physicalDeliveryOfficeName"),
    ("Mail Stop:", "roomNumber"),
    ("Address:", "postalAddress"),
    ("City:", "l"),
    ("State:", "st"),
    ("Zip:", "postalCode"),
    ("Web Page:", "labeledURI"),
    ("Comment:", "description"),
    ("Notes:", "description"),
];

impl Default for TemplateMap {
    /// Returns the table of LD-04.
    fn default() -> Self {
        let rules = DEFAULT.iter().map(|(p, a)| TemplateRule::new(p, a));
        Self::new(rules.collect()).expect("the prompts of the table differ")
    }
}

impl TemplateMap {
    /// Makes a table.
    ///
    /// # Errors
    /// The first rule that could not work.
    pub fn new(mut rules: Vec<TemplateRule>) -> Result<Self, TemplateMapError> {
        let mut folded: Vec<String> = Vec::with_capacity(rules.len());
        for at in 0..rules.len() {
            let prompt = rules[at].prompt.clone();
            let key = fold(&prompt);
            if key.is_empty() {
                return Err(TemplateMapError::EmptyPrompt { prompt });
            }
            if let Some(first) = folded.iter().position(|f| *f == key) {
                return Err(TemplateMapError::PromptTwice {
                    first: rules[first].prompt.clone(),
                    second: prompt,
                });
            }
            folded.push(key);
            if let Some(attribute) = &mut rules[at].attribute {
                *attribute = syntax::canonical(attribute).to_owned();
                if is_reserved(attribute) {
                    let attribute = attribute.clone();
                    return Err(TemplateMapError::AttributeReserved { prompt, attribute });
                }
            }
        }
        Ok(Self { rules, folded })
    }

    /// Returns the rules.
    #[must_use]
    pub fn rules(&self) -> &[TemplateRule] {
        &self.rules
    }

    /// Takes a line without its hyphen apart. The longest declared prompt wins, whether its slashes are doubled on the
    /// line or not; else the prompt ends at the first single slash, or at the first of all. `None` without a slash.
    ///
    /// A doubled slash before a single one is part of the prompt: `City//ST:/x` is no line of `City:`.
    #[must_use]
    pub fn split<'l>(&'l self, line: &'l str) -> Option<TemplateLine<'l>> {
        let ends: Vec<usize> = line.match_indices('/').map(|(at, _)| at).collect();
        let end_of_whole = undeclared_end(line)?;
        let is_doubled = |end: usize| line.as_bytes().get(end + 1) == Some(&b'/');
        for &end in ends.iter().rev() {
            if end < end_of_whole && is_doubled(end) {
                continue;
            }
            let prompt = &line[..end];
            let rule = self.rule(prompt).or_else(|| {
                let has_doubled = prompt.contains("//");
                has_doubled
                    .then(|| self.rule(&prompt.replace("//", "/")))
                    .flatten()
            });
            if let Some(rule) = rule {
                return Some(TemplateLine {
                    prompt: &rule.prompt,
                    attribute: rule.attribute.as_deref(),
                    value: line[end + 1..].trim(),
                });
            }
        }
        Some(TemplateLine {
            prompt: &line[..end_of_whole],
            attribute: None,
            value: line[end_of_whole + 1..].trim(),
        })
    }

    /// Returns what the prompts of two lines must have in common for one to replace the other.
    #[must_use]
    pub fn prompt_key(&self, line: &str) -> String {
        fold(self.split(line).map_or(line, |split| split.prompt))
    }

    /// Returns the lines that stand for the attributes of an entry: those of the table, in its order, then the kept
    /// ones whose prompt is not among them.
    ///
    /// Values of one attribute share a line: a postoffice has one field for a prompt. What order a server returns
    /// values in is its own affair, so they are sorted.
    #[must_use]
    pub fn lines(&self, attributes: &Attributes) -> Vec<String> {
        self.lines_noting(attributes, &mut Vec::new())
    }

    /// The same, with notes of lines that could not be made.
    #[must_use]
    pub fn lines_noting(&self, attributes: &Attributes, notes: &mut Vec<Note>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        let mut prompts = Vec::new();
        for rule in &self.rules {
            if let Some(attribute) = rule.attribute.as_deref() {
                let is_done = done.iter().any(|a| a.eq_ignore_ascii_case(attribute));
                if is_done || attributes.values(attribute).is_empty() {
                    continue;
                }
                done.push(attribute);
            }
            let value = rule.value(attributes, notes);
            if !value.is_empty() {
                prompts.push(fold(&rule.prompt));
                lines.push(format!("{}/{value}", rule.prompt.replace('/', "//")));
            }
        }
        let mut kept = texts(attributes, schema::TEMPLATE);
        kept.retain(|line| !prompts.contains(&self.prompt_key(line)));
        lines.extend(kept);
        lines
    }

    fn rule(&self, prompt: &str) -> Option<&TemplateRule> {
        let key = fold(prompt);
        let at = self.folded.iter().position(|folded| *folded == key)?;
        Some(&self.rules[at])
    }
}

/// Returns a line as entries keep it: without its hyphen, slashes of the prompt doubled.
#[must_use]
pub fn line_text(line: &InfoLine, page: CodePage) -> String {
    let mut out = Vec::new();
    line.encode_into(&mut out);
    page.decode(out.strip_prefix(b"- ").unwrap_or(&out))
}

/// Returns the values of an attribute as text, sorted.
fn texts(attributes: &Attributes, name: &str) -> Vec<String> {
    let values = attributes.values(name).iter();
    let mut texts: Vec<_> = values
        .map(|v| String::from_utf8_lossy(v).into_owned())
        .collect();
    texts.sort_unstable();
    texts
}

fn joined(attribute: &str, attributes: &Attributes) -> String {
    let texts = texts(attributes, attribute);
    let shown: Vec<_> = texts
        .iter()
        .map(|text| syntax::show(attribute, text))
        .collect();
    shown.join(", ")
}

/// Returns where the prompt of a line ends that nobody declared.
fn undeclared_end(line: &str) -> Option<usize> {
    let first = line.find('/')?;
    let single = parse_info(line.as_bytes()).ok().map(|info| {
        let doubled = info.prompt().iter().filter(|b| **b == b'/').count();
        info.prompt().len() + doubled
    });
    Some(
        single
            .filter(|end| line.as_bytes().get(*end) == Some(&b'/'))
            .unwrap_or(first),
    )
}

fn fold(prompt: &str) -> String {
    let is_blank = |c: char| c.is_whitespace();
    let prompt = prompt.trim_start_matches(|c: char| is_blank(c) || c == '~');
    let prompt = prompt.trim_end_matches(|c: char| is_blank(c) || c == ':');
    prompt.to_lowercase()
}

fn is_reserved(attribute: &str) -> bool {
    let is_sync = attribute
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("sync"));
    is_sync || attribute.is_empty() || attribute.eq_ignore_ascii_case(schema::OBJECT_CLASS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rules: &[(&str, &str)]) -> TemplateMap {
        let rules = rules.iter().map(|(p, a)| TemplateRule::new(p, a)).collect();
        TemplateMap::new(rules).unwrap_or_else(|e| panic!("{e}"))
    }

    fn split<'l>(map: &'l TemplateMap, line: &'l str) -> (&'l str, Option<&'l str>, &'l str) {
        let line = map.split(line).expect("a line with a slash");
        (line.prompt, line.attribute, line.value)
    }

    #[test]
    fn dxc_068_the_longest_declared_prompt_wins() {
        let map = map(&[("Phone:", "telephoneNumber"), ("Phone:/", "mobile")]);
        assert_eq!(
            split(&map, "Phone:/1"),
            ("Phone:", Some("telephoneNumber"), "1")
        );
        assert_eq!(split(&map, "Phone://2"), ("Phone:/", Some("mobile"), "2"));
        // The same prompt with its slash doubled, as import files have it.
        assert_eq!(split(&map, "Phone:///2"), ("Phone:/", Some("mobile"), "2"));
        assert_eq!(
            split(&map, "Phone:/1/2"),
            ("Phone:", Some("telephoneNumber"), "1/2")
        );
    }

    #[test]
    fn dxc_069_prompts_are_compared_without_case_colon_and_tilde() {
        for prompt in [
            "Department",
            "department:",
            "~DEPARTMENT :",
            " Department: ",
        ] {
            let map = map(&[(prompt, "departmentNumber")]);
            for line in [
                "Department:/Sales",
                "DEPARTMENT/Sales",
                "~department: / Sales ",
            ] {
                let (_, attribute, value) = split(&map, line);
                assert_eq!(
                    (attribute, value),
                    (Some("departmentNumber"), "Sales"),
                    "{prompt} {line}"
                );
            }
        }
    }

    #[test]
    fn dxc_071_any_attribute_may_be_mapped_but_those_of_the_agent() {
        assert_eq!(
            split(&map(&[("Initials", "initials")]), "Initials:/BS").1,
            Some("initials")
        );
        assert_eq!(
            split(&map(&[("X", "someNewAttribute")]), "X:/1").1,
            Some("someNewAttribute")
        );
        assert_eq!(split(&map(&[("X", "surname")]), "X:/1").1, Some("sn"));
        for (prompt, attribute) in [
            ("X", "syncKey"),
            ("X", "objectclass"),
            (" ~: ", "cn"),
            ("X", ""),
        ] {
            let rules = vec![TemplateRule::new(prompt, attribute)];
            assert!(TemplateMap::new(rules).is_err(), "{prompt:?} {attribute:?}");
        }
        let twice = vec![
            TemplateRule::new("Fax", "fax"),
            TemplateRule::new("~FAX:", "mobile"),
        ];
        assert!(matches!(
            TemplateMap::new(twice),
            Err(TemplateMapError::PromptTwice { .. })
        ));
    }

    #[test]
    fn a_prompt_nobody_declared_ends_at_its_single_slash() {
        let map = map(&[]);
        assert_eq!(
            split(&map, "City//ST//Zip:/A/B"),
            ("City//ST//Zip:", None, "A/B")
        );
        assert_eq!(split(&map, "Prompt//data"), ("Prompt", None, "/data"));
        assert_eq!(map.split("no slash"), None);
        assert_eq!(
            map.prompt_key("~Mail Stop :/x"),
            map.prompt_key("mail stop:/y")
        );
    }

    #[test]
    fn a_prompt_of_several_words_is_not_the_first_of_them() {
        // The template of the published node SNADSGATE/SNADSDGN has this prompt, and the table has City:.
        let map = TemplateMap::default();
        let line = "City//ST//Zip:/Any City, Any State, 12345";
        assert_eq!(
            split(&map, line),
            ("City//ST//Zip:", None, "Any City, Any State, 12345")
        );
        assert_eq!(
            split(&map, "City:/Any City"),
            ("City:", Some("l"), "Any City")
        );
        assert_eq!(split(&map, "City://x"), ("City:", Some("l"), "/x"));
    }

    #[test]
    fn attributes_become_lines_again() {
        let map = TemplateMap::default();
        let attributes = Attributes::from_iter([
            ("description", "two"),
            ("description", "one"),
            ("telephoneNumber", "3423"),
            ("postalAddress", "One Way$Redmond"),
            ("syncTemplate", "Shoe Size:/9"),
            ("syncTemplate", "PHONE:/ext. 1"),
            ("syncTemplate", "Local:/#3423"),
        ]);
        let expected = [
            "Local:/3423",
            "Address:/One Way, Redmond",
            "Comment:/one, two",
            // Another prompt, though it goes into an attribute that has a line.
            "PHONE:/ext. 1",
            "Shoe Size:/9",
        ];
        assert_eq!(map.lines(&attributes), expected);
    }

    #[test]
    fn a_line_of_a_transaction_keeps_its_text() {
        let info = parse_info(b"City//ST:/Any \x84 City").unwrap();
        assert_eq!(line_text(&info, CodePage::Cp850), "City//ST:/Any ä City");
    }
}
