//! Search filters (RFC 4515), built from values so that no value can end a filter or begin another.

use std::fmt;

use super::schema;

/// A filter. `Display` writes it as text, values escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// The attribute is there.
    Present(String),
    /// The attribute has this value.
    Equal(String, Vec<u8>),
    /// The attribute has this value or one behind it.
    AtLeast(String, Vec<u8>),
    /// The attribute has this value or one before it.
    AtMost(String, Vec<u8>),
    /// All of them hold.
    And(Vec<Self>),
    /// One of them holds.
    Or(Vec<Self>),
    /// It does not hold. Where the attribute cannot be read, this does not hold either (LD-12).
    Not(Box<Self>),
    /// A filter that somebody wrote, parentheses included. What is none is refused where it is used.
    Text(String),
}

impl Filter {
    /// Returns the filter that holds for every entry.
    #[must_use]
    pub fn any() -> Self {
        Self::present(schema::OBJECT_CLASS)
    }

    /// The attribute is there.
    #[must_use]
    pub fn present(attribute: &str) -> Self {
        Self::Present(attribute.to_owned())
    }

    /// The attribute has this value.
    #[must_use]
    pub fn equal(attribute: &str, value: impl Into<Vec<u8>>) -> Self {
        Self::Equal(attribute.to_owned(), value.into())
    }

    /// The attribute has this value or one behind it.
    #[must_use]
    pub fn at_least(attribute: &str, value: impl Into<Vec<u8>>) -> Self {
        Self::AtLeast(attribute.to_owned(), value.into())
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::And(mut all) => {
                all.push(other);
                Self::And(all)
            }
            one => Self::And(vec![one, other]),
        }
    }

    /// It does not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Equal(attribute, value) => write!(f, "({attribute}={})", Escaped(value)),
            Self::AtLeast(attribute, value) => write!(f, "({attribute}>={})", Escaped(value)),
            Self::AtMost(attribute, value) => write!(f, "({attribute}<={})", Escaped(value)),
            Self::And(all) => list(f, '&', all),
            Self::Or(all) => list(f, '|', all),
            Self::Not(one) => write!(f, "(!{one})"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, sign: char, all: &[Filter]) -> fmt::Result {
    write!(f, "({sign}")?;
    all.iter().try_for_each(|one| write!(f, "{one}"))?;
    f.write_str(")")
}

/// A value in which every byte that could mean something, or is no printable ASCII, stands as two hex digits.
struct Escaped<'v>(&'v [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b'*' | b'(' | b')' | b'\\' => write!(f, "\\{byte:02x}")?,
                b' '..=b'~' => write!(f, "{}", char::from(*byte))?,
                _ => write!(f, "\\{byte:02x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_filters_nest() {
        let owner = Filter::equal("syncImportedFrom", "dss/NET1/PO1");
        let filter = owner
            .and(Filter::equal("cn", "a*b)(c\\ ü\0"))
            .and(Filter::present("syncHidden").negated());
        assert_eq!(
            filter.to_string(),
            r"(&(syncImportedFrom=dss/NET1/PO1)(cn=a\2ab\29\28c\5c \c3\bc\00)(!(syncHidden=*)))"
        );
        let either = Filter::Or(vec![
            Filter::at_least("entryCSN", "20261121"),
            Filter::AtMost("syncTrustLevel".into(), b"20".to_vec()),
            Filter::Text("(cn=B*)".into()),
        ]);
        assert_eq!(
            either.to_string(),
            "(|(entryCSN>=20261121)(syncTrustLevel<=20)(cn=B*))"
        );
    }
}
