//! Distinguished names (RFC 4514), compared parsed: servers write `=` as `\3D` and `+` as `\2B` where others do not
//! (`spec/exchange.md` LD-03).

mod text;

use std::fmt;
use std::sync::Arc;

pub use text::DnError;
use text::{NamePart, escape, is_plain, read, write};

/// A distinguished name, the entry itself in front.
///
/// It is kept as the one text that [`Display`](fmt::Display) gives: a container has a name for each of its entries, and
/// to pass one on costs nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dn {
    text: Arc<str>,
}

impl Dn {
    /// Reads a name. Blanks around `,`, `+` and `=` carry no meaning, and `;` parts as `,` does (RFC 2253).
    ///
    /// # Errors
    /// The first byte that does not fit.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        match is_plain(text) {
            true => Ok(Self { text: text.into() }),
            false => read(text).map(Self::of),
        }
    }

    /// Takes a text that [`Self::as_str`] returned.
    pub(super) fn written(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// Returns the name as it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    fn of(relative: Vec<Vec<NamePart>>) -> Self {
        let text = write(&relative).into();
        Self { text }
    }

    /// Returns the entry of this name and value below `self`.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &[u8]) -> Self {
        let mut text = format!("{attribute}={}", escape(value));
        if !self.is_root() {
            text.push(',');
            text.push_str(&self.text);
        }
        Self { text: text.into() }
    }

    /// Returns this name, of an entry itself, below another entry.
    #[must_use]
    pub fn below(&self, above: &Self) -> Self {
        match (self.is_root(), above.is_root()) {
            (true, _) => above.clone(),
            (_, true) => self.clone(),
            _ => Self {
                text: format!("{self},{above}").into(),
            },
        }
    }

    /// Tells whether this is the name of the root, which is empty.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns how many relative names there are: none for the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.is_root() {
            true => 0,
            false => commas(&self.text).count() + 1,
        }
    }

    /// Returns the relative name of the entry itself.
    #[must_use]
    pub fn own(&self) -> Self {
        let end = commas(&self.text).next().unwrap_or(self.text.len());
        Self {
            text: self.text[..end].into(),
        }
    }

    /// Returns the value of an attribute in the name of the entry itself.
    #[must_use]
    pub fn own_value(&self, attribute: &str) -> Option<Vec<u8>> {
        let own = parts(&self.own().text).into_iter().next()?;
        let part = own
            .into_iter()
            .find(|p| p.attribute.eq_ignore_ascii_case(attribute));
        part.map(|part| part.value)
    }

    /// Returns the name of the entry above, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let above = commas(&self.text).next().map(|at| &self.text[at + 1..]);
        Some(Self {
            text: above.unwrap_or_default().into(),
        })
    }

    /// Tells whether this is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        if other.is_root() {
            return true;
        }
        let Some(above) = self.depth().checked_sub(other.depth()) else {
            return false;
        };
        let tail = match above.checked_sub(1) {
            None => Some(0),
            Some(comma) => commas(&self.text).nth(comma).map(|at| at + 1),
        };
        tail.is_some_and(|at| is_same(&self.text[at..], &other.text))
    }

    /// Returns what two names of one entry have in common: attributes and values without case, blanks in values
    /// squeezed, as `caseIgnoreMatch` has it; the parts of a relative name in order.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.text)
    }

    /// Tells whether two names are of one entry.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        is_same(&self.text, &other.text)
    }
}

/// Returns where the commas are that part relative names.
fn commas(text: &str) -> impl Iterator<Item = usize> {
    let mut is_escaped = false;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        let is_comma = byte == b',' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_comma.then_some(at)
    })
}

/// Returns the relative names of a name as it is written.
fn parts(text: &str) -> Vec<Vec<NamePart>> {
    read(text).unwrap_or_default()
}

/// Tells whether letter case and blanks are all that may differ in two writings of a name.
fn is_simple(text: &str) -> bool {
    let is_simple = |b: u8| b.is_ascii() && !matches!(b, b'\\' | b'+');
    text.bytes().all(is_simple)
}

fn key(text: &str) -> String {
    if is_simple(text) {
        let mut key = text.to_ascii_lowercase();
        if key.contains("  ") {
            let mut before = b'=';
            key.retain(|c| {
                let stays = c != ' ' || before != b' ';
                before = if c == ' ' { b' ' } else { b'=' };
                stays
            });
        }
        return key;
    }
    let mut relative = parts(text);
    for parts in &mut relative {
        for part in &mut *parts {
            *part = fold(part);
        }
        parts.sort_unstable();
    }
    write(&relative)
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || key(one) == key(other)
}

fn fold(part: &NamePart) -> NamePart {
    let text = String::from_utf8_lossy(&part.value).to_lowercase();
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    NamePart {
        attribute: part.attribute.to_ascii_lowercase(),
        value: words.join(" ").into_bytes(),
    }
}

impl Default for Dn {
    /// The root.
    fn default() -> Self {
        Self { text: "".into() }
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({:?})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn one_entry_has_one_key_however_its_name_is_written() {
        for (one, other) in [
            (
                r"syncKey=SMTP:pat\2Bnews@a.example,ou=I,o=O",
                r"SYNCKEY=smtp:pat\+news@a.example, OU=i ; o=o",
            ),
            (r"cn=a\3Db,o=O", r"cn=a\=b,o=O"),
            ("cn=Bob  Smith,o=O", "cn=bob smith,o=O"),
            ("cn=a+sn=b,o=O", "sn=b + cn=a,o=O"),
            (r"cn=J\C3\B6rg", "cn=Jörg"),
            ("", "  "),
        ] {
            assert_eq!(dn(one).key(), dn(other).key(), "{one}");
        }
        assert!(!dn("cn=a,o=O").is_same(&dn("cn=a,o=P")));
        assert!(!dn(r"cn=a\,o=O").is_same(&dn("cn=a,o=O")));
    }

    #[test]
    fn the_text_of_a_wrong_name_and_its_byte_are_said() {
        for (text, at) in [
            ("cn", 2),
            ("=x", 0),
            ("cn=a,", 5),
            ("cn=a\\", 5),
            ("cn=\\4", 4),
            ("cn=a\"b", 4),
        ] {
            assert_eq!(Dn::parse(text).map_err(|e| e.at), Err(at), "{text}");
        }
    }

    #[test]
    fn who_lies_below_whom_is_told_by_whole_names() {
        let container = dn("ou=Imported,o=Org");
        assert!(
            container
                .child("syncKey", b"MS:A/B/C")
                .is_within(&container)
        );
        assert!(container.is_within(&container));
        assert!(dn("ou=X,OU=imported,o=org").is_within(&container));
        assert!(!dn("ou=AlsoImported,o=Org").is_within(&container));
        assert!(!dn("o=Org").is_within(&container));
        assert_eq!(container.parent(), Some(dn("o=Org")));
    }

    #[test]
    fn a_name_is_taken_apart_at_its_commas_and_not_at_those_in_values() {
        let name = dn(r"cn=Smith\, Bob\\,ou=a\=b , o=Org");
        assert_eq!(name.depth(), 3);
        assert_eq!(name.own(), dn(r"cn=Smith\, Bob\\"));
        assert_eq!(name.own_value("CN").as_deref(), Some(&br"Smith, Bob\"[..]));
        assert_eq!(name.own_value("ou"), None);
        let above = name.parent().expect("a name above");
        assert_eq!(above.own_value("ou").as_deref(), Some(&b"a=b"[..]));
        assert_eq!(name.own().below(&above), name);
        assert_eq!(
            above.parent().and_then(|above| above.parent()),
            Some(Dn::default())
        );
        assert_eq!(Dn::default().parent(), None);
        assert!(
            name.is_within(&Dn::default()) && name.is_within(&above) && !above.is_within(&name)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..4)) {
            let name = values.iter().fold(Dn::default(), |above, value| above.child("cn", value));
            let read = Dn::parse(&name.to_string()).expect("a name");
            prop_assert_eq!(read, name);
        }

        #[test]
        fn a_plain_name_is_what_its_parts_say(text in r"((cn|CN|o|[a-z];x|) ?= ?[ab#,+=;<\\ ]{0,3},?){1,3}") {
            let parted = read(&text);
            prop_assert_eq!(Dn::parse(&text), parted.map(Dn::of));
        }

        #[test]
        fn letter_case_and_blanks_are_folded_alike_however_a_name_is_written(value in r"[a-bA-B ö\\+,]{0,6}") {
            let name = Dn::default().child("cn", value.as_bytes());
            let parted = parts(&name.to_string());
            let folded: Vec<Vec<_>> = parted.iter().map(|parts| parts.iter().map(fold).collect()).collect();
            prop_assert_eq!(name.key(), write(&folded));
            let other = Dn::default().child("CN", format!(" {} ", value.to_uppercase().replace(' ', "  ")).as_bytes());
            prop_assert!(name.is_same(&other));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            let _ = Dn::parse(&text);
        }
    }
}
