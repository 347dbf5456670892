//! Which operations must not be on their way together.
//!
//! A server may work on several requests of one connection at a time, in any order (RFC 4511 section 3.1). So an operation
//! waits for those before it where the outcome hangs on the order:
//!
//! - they are about one entry, or one is about an entry above or below the other;
//! - one may free a value that is unique in the tree (`spec/exchange.md` LD-08), and the other may take one;
//! - both take the same value of that kind: OpenLDAP looks for it before it writes, so that of two requests at a time
//!   neither finds it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::operation::Operation;
use crate::directory::change::{Change, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::schema;

/// Attributes whose values a server may be told to keep unique.
const UNIQUE: [&str; 6] = [
    schema::MAIL,
    schema::UID,
    schema::KEY,
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
];

/// What an operation touches.
pub(super) struct Footprint {
    names: Vec<Names>,
    frees: bool,
    takes: bool,
    /// Values it takes, as hashes: two that only look the same cost nothing but a wait.
    values: Vec<u64>,
}

/// Names of an entry and of those above it, in the form in which they are compared.
struct Names {
    own: String,
    above: Vec<String>,
}

impl Names {
    fn of(dn: &Dn) -> Self {
        let above = std::iter::successors(dn.parent(), Dn::parent);
        Self {
            own: dn.key(),
            above: above.map(|dn| dn.key()).collect(),
        }
    }
}

impl Footprint {
    pub(super) fn of(operation: &Operation) -> Self {
        let mut names = vec![Names::of(&operation.dn)];
        let mut values = Vec::new();
        let (frees, takes) = match &operation.change {
            Change::Add(attributes) => {
                for (name, added) in attributes.iter() {
                    take(name, added.into_iter(), &mut values);
                }
                (false, true)
            }
            Change::Delete => (true, false),
            Change::Modify(parts) => {
                for part in parts {
                    if part.kind != ModificationKind::Delete {
                        take(
                            &part.attribute,
                            part.values.iter().map(Vec::as_slice),
                            &mut values,
                        );
                    }
                }
                let any = |without: ModificationKind| {
                    let mut parts = parts.iter();
                    parts.any(|part| part.kind != without && unique(&part.attribute).is_some())
                };
                (any(ModificationKind::Add), any(ModificationKind::Delete))
            }
            Change::Rename {
                new_rdn,
                new_superior,
                ..
            } => {
                let above = new_superior.clone().or_else(|| operation.dn.parent());
                names.push(Names::of(&new_rdn.below(&above.unwrap_or_default())));
                // Under the same relative name no value comes or goes.
                let is_other = !operation.dn.own().is_same(new_rdn);
                (is_other, is_other)
            }
        };
        Self {
            names,
            frees,
            takes,
            values,
        }
    }
}

/// Returns the name of an attribute whose values may be unique.
fn unique(attribute: &str) -> Option<&'static str> {
    let name = attribute.split(';').next().unwrap_or(attribute);
    let mut unique = UNIQUE.into_iter();
    unique.find(|unique| unique.eq_ignore_ascii_case(name))
}

/// Notes values that may be unique. Servers compare them without case.
fn take<'v>(attribute: &str, values: impl Iterator<Item = &'v [u8]>, taken: &mut Vec<u64>) {
    let Some(name) = unique(attribute) else {
        return;
    };
    taken.extend(values.map(|value| {
        let mut hasher = DefaultHasher::new();
        (name, value.to_ascii_lowercase()).hash(&mut hasher);
        hasher.finish()
    }));
}

/// What the operations on their way touch.
#[derive(Default)]
pub(super) struct Outstanding {
    own: HashMap<String, usize>,
    above: HashMap<String, usize>,
    frees: usize,
    takes: usize,
    values: HashMap<u64, usize>,
}

impl Outstanding {
    /// Tells whether an operation must wait.
    pub(super) fn holds_up(&self, footprint: &Footprint) -> bool {
        let related = |names: &Names| {
            self.own.contains_key(&names.own)
                || self.above.contains_key(&names.own)
                || names.above.iter().any(|name| self.own.contains_key(name))
        };
        footprint.frees && self.takes > 0
            || footprint.takes && self.frees > 0
            || footprint
                .values
                .iter()
                .any(|value| self.values.contains_key(value))
            || footprint.names.iter().any(related)
    }

    pub(super) fn insert(&mut self, footprint: &Footprint) {
        for names in &footprint.names {
            *self.own.entry(names.own.clone()).or_default() += 1;
            for name in &names.above {
                *self.above.entry(name.clone()).or_default() += 1;
            }
        }
        for value in &footprint.values {
            *self.values.entry(*value).or_default() += 1;
        }
        self.frees += usize::from(footprint.frees);
        self.takes += usize::from(footprint.takes);
    }

    pub(super) fn remove(&mut self, footprint: &Footprint) {
        for names in &footprint.names {
            decrease(&mut self.own, &names.own[..]);
            for name in &names.above {
                decrease(&mut self.above, &name[..]);
            }
        }
        for value in &footprint.values {
            decrease(&mut self.values, value);
        }
        self.frees -= usize::from(footprint.frees);
        self.takes -= usize::from(footprint.takes);
    }
}

fn decrease<K, Q>(counts: &mut HashMap<K, usize>, of: &Q)
where
    K: Borrow<Q> + Eq + Hash,
    Q: Eq + Hash + ?Sized,
{
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::change::Modification;
    use crate::directory::entry::Attributes;

    fn operation(dn: &str, change: Change) -> Operation {
        Operation::new(Dn::parse(dn).unwrap_or_else(|e| panic!("{e}")), change)
    }

    fn add(dn: &str) -> Operation {
        operation(dn, Change::Add(Attributes::default()))
    }

    fn delete(dn: &str) -> Operation {
        operation(dn, Change::Delete)
    }

    fn replace(dn: &str, attribute: &str) -> Operation {
        let part = Modification::replace(attribute, vec![b"x".to_vec()]);
        operation(dn, Change::Modify(vec![part]))
    }

    fn rename(dn: &str, rdn: &str, above: Option<&str>) -> Operation {
        let parse = |text: &str| Dn::parse(text).unwrap_or_else(|e| panic!("{e}"));
        let change = Change::Rename {
            new_rdn: parse(rdn),
            delete_old: true,
            new_superior: above.map(parse),
        };
        operation(dn, change)
    }

    #[track_caller]
    fn check(first: &Operation, second: &Operation, waits: bool) {
        let mut outstanding = Outstanding::default();
        let (first, second) = (Footprint::of(first), Footprint::of(second));
        outstanding.insert(&first);
        assert_eq!(outstanding.holds_up(&second), waits);
        outstanding.remove(&first);
        assert!(!outstanding.holds_up(&second));
        assert!(outstanding.own.is_empty() && outstanding.above.is_empty());
        assert!(outstanding.values.is_empty());
    }

    #[test]
    fn operations_on_related_entries_wait_for_each_other() {
        check(&add("cn=a,o=O"), &replace("CN=A, o=o", "sn"), true);
        check(&add("cn=a,o=O"), &add("cn=b,o=O"), false);
        check(&add("o=O"), &add("cn=b,o=O"), true);
        check(&add("cn=b,ou=I,o=O"), &replace("o=O", "description"), true);
        check(&delete("cn=a,o=O"), &delete("cn=b,o=O"), false);
        check(
            &replace("cn=a,o=O", "sn"),
            &replace("cn=b,o=O", "sn"),
            false,
        );
    }

    #[test]
    fn a_rename_touches_both_names() {
        let moved = rename("cn=a,o=O", "cn=b", Some("ou=J,o=O"));
        for name in ["cn=a,o=O", "cn=x,cn=a,o=O", "cn=b,ou=J,o=O", "ou=J,o=O"] {
            check(&moved, &replace(name, "sn"), true);
            check(&replace(name, "sn"), &moved, true);
        }
        check(&moved, &replace("cn=b,o=O", "sn"), false);
        let stays = rename("cn=a,o=O", "cn=b", None);
        check(&stays, &replace("cn=b,o=O", "sn"), true);
    }

    #[test]
    fn entries_that_keep_their_name_go_elsewhere_at_one_time() {
        let go = |name: &str| rename(&format!("{name},o=O"), name, Some("ou=J,o=O"));
        check(&go("cn=a"), &go("cn=b"), false);
        check(&go("cn=a"), &add("cn=c,o=O"), false);
        check(&go("cn=a"), &go("CN=A"), true);
        let other = rename("cn=b,o=O", "cn=c", Some("ou=J,o=O"));
        check(&other, &go("cn=a"), false);
        check(&other, &other, true);
    }

    #[test]
    fn two_that_take_one_value_wait_for_each_other() {
        let add = |name: &str, attribute: &str, value: &str| {
            let attributes = Attributes::from_iter([(attribute, value)]);
            operation(name, Change::Add(attributes))
        };
        let first = add("cn=a,o=O", "mail", "a@x.example");
        check(&first, &add("cn=b,o=O", "Mail", "A@x.example"), true);
        check(&first, &add("cn=b,o=O", "mail", "b@x.example"), false);
        check(&first, &add("cn=b,o=O", "uid", "a@x.example"), false);
        let title = add("cn=a,o=O", "title", "x");
        check(&title, &add("cn=b,o=O", "title", "x"), false);
        let part = Modification::replace("mail", vec![b"a@x.example".to_vec()]);
        check(
            &first,
            &operation("cn=b,o=O", Change::Modify(vec![part])),
            true,
        );
    }

    #[test]
    fn what_frees_a_value_goes_before_what_may_take_it() {
        check(&delete("cn=a,o=O"), &add("cn=b,o=O"), true);
        check(&add("cn=b,o=O"), &delete("cn=a,o=O"), true);
        check(&replace("cn=a,o=O", "MAIL"), &add("cn=b,o=O"), true);
        check(
            &replace("cn=a,o=O", "mail"),
            &replace("cn=b,o=O", "syncAddress;x-a"),
            true,
        );
        check(
            &replace("cn=a,o=O", "telephoneNumber"),
            &add("cn=b,o=O"),
            false,
        );
        check(
            &replace("cn=a,o=O", "telephoneNumber"),
            &delete("cn=b,o=O"),
            false,
        );
    }
}
