//! Values made of attributes: the part of the published mapping language that is of use (`spec/exchange.md` NT-12, NT-19).
//!
//! What stands side by side is joined: `givenName " " sn`. A name is an attribute, quotes hold a text (`""` in it is one
//! quote), and these functions may stand in letters of either case:
//!
//! | function | returns |
//! |---|---|
//! | `FIRST(a, b, ...)` | the first of them that is not empty |
//! | `JOIN(text, a, b, ...)` | those that are not empty, with the text between them |
//! | `LOWER(a)`, `UPPER(a)` | it in small letters, in capitals |
//! | `NAMEF(a)`, `NAMEM(a)`, `NAMEL(a)` | first, middle and last part of a name: of `Turner, Sarah E.` Sarah, E. and Turner |
//!
//! Blanks around a value go and several of them are one: a missing initial leaves no gap (Q216492).

use super::entry::Attributes;
use super::syntax;

/// Characters that a value may have.
pub const MAX_VALUE: usize = 2048;

/// Functions in one another; more of them nobody writes.
const MAX_DEPTH: usize = 16;

/// What makes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Text(String),
    Attribute(String),
    Call(Function, Vec<Vec<Self>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    First,
    Join,
    Lower,
    Upper,
    NameF,
    NameM,
    NameL,
}

/// Why a text makes no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: found {found}, expected {expected}")]
pub struct ExpressionError {
    /// Character at which it is wrong, from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: &'static str,
}

impl Function {
    const ALL: [(&'static str, Self); 7] = [
        ("FIRST", Self::First),
        ("JOIN", Self::Join),
        ("LOWER", Self::Lower),
        ("UPPER", Self::Upper),
        ("NAMEF", Self::NameF),
        ("NAMEM", Self::NameM),
        ("NAMEL", Self::NameL),
    ];

    fn of(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, function)| *function)
    }

    /// Tells whether it takes so many values.
    fn takes(self, count: usize) -> bool {
        match self {
            Self::First => count >= 1,
            Self::Join => count >= 2,
            _ => count == 1,
        }
    }

    fn apply(self, values: &[String]) -> String {
        let one = || values.first().map_or("", String::as_str);
        match self {
            Self::First => {
                let mut filled = values.iter().filter(|value| !value.trim().is_empty());
                filled.next().cloned().unwrap_or_default()
            }
            Self::Join => {
                let rest = values.get(1..).unwrap_or_default().iter();
                let filled = rest.map(|value| value.trim()).filter(|v| !v.is_empty());
                filled.collect::<Vec<_>>().join(one())
            }
            Self::Lower => one().to_lowercase(),
            Self::Upper => one().to_uppercase(),
            Self::NameF => NameParts::of(one()).first,
            Self::NameM => NameParts::of(one()).middle,
            Self::NameL => NameParts::of(one()).last,
        }
    }
}

/// The parts of a name, written `Sarah E. Turner` or `Turner, Sarah E.`.
#[derive(Debug, Default, PartialEq, Eq)]
struct NameParts {
    first: String,
    middle: String,
    last: String,
}

impl NameParts {
    fn of(name: &str) -> Self {
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let (given, last) = match name.split_once(',') {
            Some((last, given)) => (words(given), words(last).join(" ")),
            None => {
                let mut all = words(name);
                // One word alone is the name that a person is called by in a list (LD-04).
                let last = all.pop().unwrap_or_default();
                (all, last)
            }
        };
        let mut given = given.into_iter();
        Self {
            first: given.next().unwrap_or_default(),
            middle: given.collect::<Vec<_>>().join(" "),
            last,
        }
    }
}

impl Expression {
    /// Reads what makes a value.
    ///
    /// # Errors
    /// Where it is wrong, and what should stand there.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut reader = Reader {
            chars: text.chars().collect(),
            at: 0,
            depth: 0,
        };
        let terms = reader.terms()?;
        match reader.peek() {
            None => Ok(Self {
                text: text.to_owned(),
                terms,
            }),
            Some(_) => Err(reader.wrong("the end, or something to join")),
        }
    }

    /// Returns it as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the attributes that it is made of.
    #[must_use]
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.terms, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Makes the value of an entry; empty where nothing is left of it.
    ///
    /// # Errors
    /// It is longer than [`MAX_VALUE`]: so many characters.
    pub fn value(&self, attributes: &Attributes) -> Result<String, usize> {
        let value = evaluate(&self.terms, attributes);
        let words: Vec<_> = value.split_whitespace().collect();
        let value = words.join(" ");
        match value.chars().count() {
            count if count > MAX_VALUE => Err(count),
            _ => Ok(value),
        }
    }
}

fn collect<'t>(terms: &'t [Term], names: &mut Vec<&'t str>) {
    for term in terms {
        match term {
            Term::Text(_) => {}
            Term::Attribute(name) => names.push(name),
            Term::Call(_, values) => values.iter().for_each(|terms| collect(terms, names)),
        }
    }
}

fn evaluate(terms: &[Term], attributes: &Attributes) -> String {
    let made = terms.iter().map(|term| match term {
        Term::Text(text) => text.clone(),
        Term::Attribute(name) => shown(name, attributes),
        Term::Call(function, values) => {
            let values = values.iter().map(|terms| evaluate(terms, attributes));
            function.apply(&values.collect::<Vec<_>>())
        }
    });
    made.collect()
}

/// Returns the values of an attribute on one line. What order a server returns them in is its own affair, so they are sorted.
fn shown(name: &str, attributes: &Attributes) -> String {
    let values = attributes.values(name);
    let texts = values.map(|value| syntax::show(name, &String::from_utf8_lossy(value)));
    let mut texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    texts.sort_unstable();
    texts.join(", ")
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    /// Returns the next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn wrong(&self, expected: &'static str) -> ExpressionError {
        let rest: String = self.chars.iter().skip(self.at).take(20).collect();
        ExpressionError {
            column: self.at + 1,
            found: match rest.is_empty() {
                true => "the end".to_owned(),
                false => format!("{rest:?}"),
            },
            expected,
        }
    }

    /// Reads what stands side by side; something has to.
    fn terms(&mut self) -> Result<Vec<Term>, ExpressionError> {
        let mut terms = Vec::new();
        while let Some(next) = self.peek().filter(|next| !",)".contains(*next)) {
            terms.push(match next {
                '"' => Term::Text(self.quoted()?),
                c if c.is_ascii_alphabetic() => self.named()?,
                _ => return Err(self.wrong("an attribute, a function or a text in quotes")),
            });
        }
        match terms.is_empty() {
            true => Err(self.wrong("an attribute, a function or a text in quotes")),
            false => Ok(terms),
        }
    }

    fn quoted(&mut self) -> Result<String, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match (self.chars.get(self.at), self.chars.get(self.at + 1)) {
                (Some('"'), Some('"')) => {
                    text.push('"');
                    self.at += 2;
                }
                (Some('"'), _) => {
                    self.at += 1;
                    return Ok(text);
                }
                (Some(c), _) => {
                    text.push(*c);
                    self.at += 1;
                }
                (None, _) => {
                    self.at = start;
                    return Err(self.wrong("a text that ends with a quote"));
                }
            }
        }
    }

    fn named(&mut self) -> Result<Term, ExpressionError> {
        let start = self.at;
        let is_part = |c: &char| c.is_ascii_alphanumeric() || "-;.".contains(*c);
        while self.chars.get(self.at).is_some_and(is_part) {
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        if self.peek() != Some('(') {
            return Ok(Term::Attribute(syntax::canonical_name(&word)));
        }
        let Some(function) = Function::of(&word) else {
            self.at = start;
            return Err(self.wrong("FIRST, JOIN, LOWER, UPPER, NAMEF, NAMEM or NAMEL"));
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("at most 16 functions in one another"));
        }
        let mut values = Vec::new();
        loop {
            // The parenthesis, or a comma.
            self.at += 1;
            values.push(self.terms()?);
            match self.peek() {
                Some(',') => {}
                Some(')') => break,
                _ => return Err(self.wrong("a comma or a closing parenthesis")),
            }
        }
        if !function.takes(values.len()) {
            self.at = start;
            return Err(self.wrong("one value, of FIRST one or more, of JOIN two or more"));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(Term::Call(function, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, pairs: &[(&str, &str)]) -> String {
        let made = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        made.value(&pairs.iter().copied().collect()).expect("short")
    }

    #[test]
    fn nt_12_values_are_joined_chosen_and_taken_apart() {
        let bob = [
            ("givenName", "Bob"),
            ("sn", "Smith"),
            ("l", "Bonn"),
            ("o", "Acme"),
        ];
        for (text, expected) in [
            ("sn", "Smith"),
            ("surname \", \" givenName", "Smith, Bob"),
            ("givenName\" \"initials\" \"sn", "Bob Smith"),
            ("first(title, ou, o)", "Acme"),
            ("FIRST(title)", ""),
            ("JOIN(\", \", l, st, o)", "Bonn, Acme"),
            (
                "Join(\" / \", UPPER(sn), lower(givenName \"X\"))",
                "SMITH / bobx",
            ),
            ("\"a \"\"b\"\" c\"", "a \"b\" c"),
            ("\"  a   b \"", "a b"),
        ] {
            assert_eq!(value(text, &bob), expected, "{text}");
        }
        let several = [("title", "Boss"), ("title", "Actor")];
        assert_eq!(value("title", &several), "Actor, Boss");
    }

    #[test]
    fn nt_12_the_published_names_have_their_parts_and_no_blank_behind_them() {
        for (name, first, middle, last) in [
            ("Turner, Sarah E.", "Sarah", "E.", "Turner"),
            ("Turner, Sarah", "Sarah", "", "Turner"),
            ("Sarah E. Turner", "Sarah", "E.", "Turner"),
            ("Sarah Ann E. Turner", "Sarah", "Ann E.", "Turner"),
            ("van Dyke,  Jan", "Jan", "", "van Dyke"),
            ("Turner", "", "", "Turner"),
            ("", "", "", ""),
        ] {
            let of = |function: &str| value(&format!("{function}(cn)"), &[("cn", name)]);
            let found = ["NAMEF", "NAMEM", "NAMEL"].map(of);
            assert_eq!(found, [first, middle, last], "{name}");
        }
    }

    #[test]
    fn ntc_038_what_is_wrong_is_said_with_its_place() {
        for (text, column, found) in [
            ("", 1, "the end"),
            ("sn \"x", 4, "\"\\\"x\""),
            ("PROPER(sn)", 1, "\"PROPER(sn)\""),
            ("first()", 7, "\")\""),
            ("first(sn", 9, "the end"),
            ("first(sn))", 10, "\")\""),
            ("join(sn)", 1, "\"join(sn)\""),
            ("lower(sn, l)", 1, "\"lower(sn, l)\""),
            ("sn + l", 4, "\"+ l\""),
            ("ä", 1, "\"ä\""),
        ] {
            let error = Expression::parse(text).expect_err(text);
            assert_eq!((error.column, &error.found[..]), (column, found), "{text}");
        }
        let deep = "lower(".repeat(17) + "sn" + &")".repeat(17);
        assert!(Expression::parse(&deep).is_err());
        let fits = "lower(".repeat(16) + "sn" + &")".repeat(16);
        let fits = Expression::parse(&fits).expect("it fits");
        assert_eq!(fits.attributes(), ["sn"]);
    }

    #[test]
    fn nt_12_a_value_has_at_most_two_thousand_and_forty_eight_characters() {
        let made = Expression::parse("sn").expect("an attribute");
        let of = |count: usize| [("sn", "ä".repeat(count))].into_iter().collect();
        assert!(made.value(&of(2048)).is_ok());
        assert_eq!(made.value(&of(2049)), Err(2049));
    }
}
