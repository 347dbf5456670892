//! What differs between two entries of one key, attribute by attribute (`spec/exchange.md` NT-08, NT-10): byte for byte,
//! several values as sets.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::exact;
use super::item::{Details, Item};
use crate::directory::schema;
use crate::directory::syntax;
use crate::directory::template_map::TemplateMap;
use crate::tools::side::{About, recipient};

/// Attributes of the server's own, which no two of them share, and those that are compared as what they stand for: the
/// key, the address and the number.
const BOOKKEEPING: [&str; 18] = [
    "contextcsn",
    "createtimestamp",
    "creatorsname",
    "entrycsn",
    "entrydn",
    "entryuuid",
    "hassubordinates",
    "memberof",
    "modifiersname",
    "modifytimestamp",
    "numsubordinates",
    "pwdchangedtime",
    "structuralobjectclass",
    "subordinatecount",
    "subschemasubentry",
    "synckey",
    "syncaddress",
    "syncsourceseq",
];

/// Attributes that an entry of a directory has anyway, whether a template line brings them or not.
const STANDING: [&str; 5] = ["cn", "sn", "displayname", "uid", "mail"];

/// What one attribute holds on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `address`, `name`, an attribute, or the prompt of a template line.
    pub(super) attribute: String,
    /// Its values in A.
    pub(super) a: Vec<String>,
    /// Its values in B.
    pub(super) b: Vec<String>,
}

/// Compares entries of two sides.
#[derive(Debug)]
pub(super) struct Comparer {
    has_details: bool,
    are_directories: [bool; 2],
    /// A side that is a table knows its columns and nothing else.
    columns: Vec<BTreeSet<String>>,
    has_names: bool,
    ignored: BTreeSet<String>,
    map: TemplateMap,
}

/// Attributes by name, each with its values.
type Normal = BTreeMap<String, BTreeSet<String>>;

impl Comparer {
    /// Compares what both sides know, but for the attributes and prompts that are ignored.
    pub(super) fn new(a: &About, b: &About, map: TemplateMap, ignored: &[String]) -> Self {
        let tables = [a, b].into_iter().filter_map(|side| side.columns.as_ref());
        let columns: Vec<BTreeSet<_>> = tables
            .map(|columns| {
                let canonical = columns.iter().map(|c| syntax::canonical(c).to_lowercase());
                canonical.chain(columns.iter().cloned()).collect()
            })
            .collect();
        let are_directories = [a, b].map(|side| side.kind.is_directory());
        Self {
            has_details: a.has_details && b.has_details,
            are_directories,
            // Two directories have names as attributes, unless the names of those differ.
            has_names: are_directories != [true, true] || !columns.is_empty(),
            columns,
            ignored: ignored
                .iter()
                .flat_map(|name| {
                    [
                        name.to_lowercase(),
                        syntax::canonical_name(name).to_lowercase(),
                    ]
                })
                .collect(),
            map,
        }
    }

    /// Compares names and addresses alone, if that is wanted.
    pub(super) fn names_alone(mut self, is_wanted: bool) -> Self {
        self.has_details &= !is_wanted;
        self
    }

    /// Tells whether more than names and addresses is compared.
    pub(super) fn has_details(&self) -> bool {
        self.has_details
    }

    /// Returns what differs; nothing where the entries are equal.
    pub(super) fn differences(&self, a: &Item, b: &Item) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut add = |attribute: &str, a: Vec<String>, b: Vec<String>| {
            if !self.ignored.contains(&attribute.to_lowercase()) {
                differences.push(Difference {
                    attribute: attribute.to_owned(),
                    a,
                    b,
                });
            }
        };
        if own_part(a) != own_part(b) {
            let one = |item: &Item| vec![exact::shown(&item.address.to_string())];
            add("address", one(a), one(b));
        }
        if self.has_names && a.name != b.name {
            add(
                "name",
                vec![exact::shown(&a.name)],
                vec![exact::shown(&b.name)],
            );
        }
        if !self.has_details {
            return differences;
        }
        let (of_a, of_b) = self.details(a, b);
        let names: BTreeSet<_> = of_a.keys().chain(of_b.keys()).collect();
        let none = BTreeSet::new();
        for name in names {
            let (values_a, values_b) = (of_a.get(name), of_b.get(name));
            let is_known = |item: &Item, values: Option<&_>| !item.is_partial || values.is_some();
            if !is_known(a, values_a) || !is_known(b, values_b) {
                continue;
            }
            let (values_a, values_b) = (values_a.unwrap_or(&none), values_b.unwrap_or(&none));
            if values_a != values_b && !self.are_joined(values_a, values_b) {
                add(name, shown(values_a), shown(values_b));
            }
        }
        differences
    }

    fn details(&self, a: &Item, b: &Item) -> (Normal, Normal) {
        match self.are_directories {
            [false, false] => (as_they_are(&a.details), as_they_are(&b.details)),
            [true, true] => (self.attributes(a), self.attributes(b)),
            [false, true] => {
                let lines = self.of_lines(a);
                let attributes = self.of_directory(b, &lines);
                (lines, attributes)
            }
            [true, false] => {
                let lines = self.of_lines(b);
                (self.of_directory(a, &lines), lines)
            }
        }
    }

    /// Values of one attribute share a line: a postoffice has one field for a prompt.
    fn are_joined(&self, a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
        let joined = |several: &BTreeSet<String>, line: &BTreeSet<String>| {
            let texts: Vec<_> = several.iter().map(|text| &text[..]).collect();
            texts.len() > 1 && line.len() == 1 && line.contains(&texts.join(", "))
        };
        match self.are_directories {
            [false, true] => joined(b, a),
            [true, false] => joined(a, b),
            _ => false,
        }
    }

    /// Tells whether an attribute is compared: where a side is a table, what is one of its columns, the name and the
    /// address aside.
    fn is_column(&self, name: &str) -> bool {
        let is_told = !self.columns.is_empty() && recipient::is_address_or_name(name);
        !is_told && self.columns.iter().all(|columns| columns.contains(name))
    }

    /// Attributes of an entry of a directory, for another directory.
    fn attributes(&self, item: &Item) -> Normal {
        let mut normal = Normal::new();
        for (name, values) in &item.details {
            if BOOKKEEPING.contains(&&name[..]) || !self.is_column(name) {
                continue;
            }
            let text = |value: &Vec<u8>| match std::str::from_utf8(value) {
                Ok(text) if name == "objectclass" => text.to_lowercase(),
                Ok(text) => text.to_owned(),
                Err(_) => format!("{}", value.escape_ascii()),
            };
            // Every entry is of the class top, and some say so.
            let is_told = |text: &String| name != "objectclass" || text != "top";
            let values: BTreeSet<_> = values.iter().map(text).filter(is_told).collect();
            normal.insert(name.clone(), values);
        }
        normal
    }

    /// Template lines as the attributes that take them.
    fn of_lines(&self, item: &Item) -> Normal {
        let mut normal = Normal::new();
        for (prompt, values) in &item.details {
            for value in values {
                let value = String::from_utf8_lossy(value);
                let line = format!("{}/{value}", prompt.replace('/', "//"));
                self.put_line(&line, &mut normal);
            }
        }
        normal.retain(|name, _| self.is_column(name));
        normal
    }

    /// What a directory has of the attributes that template lines go into, and the lines that it keeps.
    fn of_directory(&self, item: &Item, lines: &Normal) -> Normal {
        let mut normal = Normal::new();
        let template = schema::TEMPLATE.to_lowercase();
        for (name, values) in &item.details {
            let texts = values.iter().map(|value| String::from_utf8_lossy(value));
            if *name == template {
                texts.for_each(|line| self.put_line(&line, &mut normal));
                continue;
            }
            let name = syntax::canonical(name).to_lowercase();
            let is_mapped = self.map.rules().iter().any(|rule| {
                let attribute = rule.attribute.as_deref();
                attribute.is_some_and(|attribute| attribute.eq_ignore_ascii_case(&name))
            });
            let is_compared = match STANDING.contains(&&name[..]) {
                true => lines.contains_key(&name),
                false => is_mapped,
            };
            if is_compared {
                let shown = texts.map(|text| syntax::show(&name, &text));
                let shown = shown.filter(|text| !text.is_empty());
                normal.entry(name.clone()).or_default().extend(shown);
            }
        }
        normal.retain(|_, values| !values.is_empty());
        normal
    }

    fn put_line(&self, line: &str, normal: &mut Normal) {
        let Some(split) = self.map.split(line) else {
            return;
        };
        let name = match split.attribute {
            Some(attribute) => attribute.to_lowercase(),
            None => format!("{}:", self.map.prompt_key(line).replace("//", "/")),
        };
        if !split.value.is_empty() {
            normal
                .entry(name)
                .or_default()
                .insert(split.value.to_owned());
        }
    }
}

fn as_they_are(details: &Details) -> Normal {
    let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
    details
        .iter()
        .map(|(name, values)| (name.clone(), values.iter().map(text).collect()))
        .collect()
}

fn shown(values: &BTreeSet<String>) -> Vec<String> {
    values.iter().map(|value| exact::shown(value)).collect()
}

/// Returns what an entry of a list holds of its address: network and postoffice are those of the list, however they are
/// spelled.
fn own_part(item: &Item) -> &str {
    match item.address.three_parts() {
        Some([_, _, mailbox]) => mailbox,
        None => item.address.value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::address_text::TargetAddress;
    use crate::tools::side::{Place, SideKind};

    fn comparer(kinds: [SideKind; 2], ignored: &[&str]) -> Comparer {
        let [a, b] = kinds.map(|kind| About::new(kind, String::new()));
        let ignored: Vec<_> = ignored.iter().map(|&name| name.to_owned()).collect();
        Comparer::new(&a, &b, TemplateMap::default(), &ignored)
    }

    fn item(address: &str, name: &str, details: &[(&str, &[&str])]) -> Item {
        let address = TargetAddress::parse(address).expect("an address");
        let mut item = Item::new(address, name.to_owned(), Place::Line(1));
        let bytes = |values: &&[&str]| values.iter().map(|v| v.as_bytes().to_vec()).collect();
        item.details = details
            .iter()
            .map(|(name, values)| ((*name).to_owned(), bytes(values)))
            .collect();
        item
    }

    fn found(kinds: [SideKind; 2], a: &Item, b: &Item) -> Vec<String> {
        let differences = comparer(kinds, &[]).differences(a, b);
        let shown = differences
            .iter()
            .map(|d| format!("{} {}|{}", d.attribute, d.a.join(";"), d.b.join(";")));
        shown.collect()
    }

    const TEXTS: [SideKind; 2] = [SideKind::Text, SideKind::Queue];
    const DIRECTORIES: [SideKind; 2] = [SideKind::Ldif, SideKind::Ldap];
    const MIXED: [SideKind; 2] = [SideKind::Postoffice, SideKind::Ldif];

    #[test]
    fn network_and_postoffice_are_spelled_by_the_list_and_the_mailbox_by_the_entry() {
        let a = item("PCM:NET/PO/Bob", "Bob", &[]);
        assert!(found(TEXTS, &a, &item("csi:net/po/Bob", "Bob", &[])).is_empty());
        assert_eq!(
            found(TEXTS, &a, &item("MS:NET/PO/BOB", "bob", &[])),
            ["address MS:NET/PO/Bob|MS:NET/PO/BOB", "name Bob|bob"]
        );
    }

    #[test]
    fn nt08_a_value_in_a_field_that_was_empty_and_a_longer_value_are_changes() {
        let company = |value: &[&str]| {
            let details: &[(&str, &[&str])] = match value {
                [] => &[],
                _ => &[("Company:", value)],
            };
            item("PCM:N/P/BOB", "Bob", details)
        };
        let (none, acme, usa) = (company(&[]), company(&["Acme"]), company(&["Acme USA"]));
        assert_eq!(found(TEXTS, &acme, &none), ["Company: Acme|"]);
        assert_eq!(found(TEXTS, &usa, &acme), ["Company: Acme USA|Acme"]);
        assert_eq!(
            found(TEXTS, &company(&["ACME"]), &acme),
            ["Company: ACME|Acme"]
        );
    }

    #[test]
    fn nt08_several_values_are_a_set() {
        let of = |values: &[&str]| item("SMTP:b@x", "Bob", &[("shortname", values)]);
        assert!(found(DIRECTORIES, &of(&["a", "b", "c"]), &of(&["c", "a", "b"])).is_empty());
        assert_eq!(
            found(DIRECTORIES, &of(&["a", "b", "c"]), &of(&["c"])),
            ["shortname a;b;c|c"]
        );
    }

    #[test]
    fn a_line_is_compared_with_the_attribute_that_takes_it() {
        let lines = item(
            "PCM:N/P/BOB",
            "Bob Smith",
            &[
                ("Phone #:", &["3423"]),
                ("Address:", &["A, B"]),
                ("Zip/Code:", &["1"]),
            ],
        );
        let mut entry = item(
            "MS:N/P/BOB",
            "Bob Smith",
            &[
                ("cn", &["Bob Smith"]),
                ("sn", &["Smith"]),
                ("telephonenumber", &["3423"]),
                ("postaladdress", &["A$B"]),
                ("synctemplate", &["Zip//Code:/1"]),
                ("entryuuid", &["x"]),
            ],
        );
        assert_eq!(found(MIXED, &lines, &entry), [""; 0]);
        entry.details[2].1 = vec![b"1".to_vec(), b"2".to_vec()];
        entry.details.pop();
        entry.details.pop();
        assert_eq!(
            found(MIXED, &lines, &entry),
            ["telephonenumber 3423|1;2", "zip/code: 1|"]
        );
        let joined = item(
            "PCM:N/P/BOB",
            "Bob Smith",
            &[("Phone:", &["1, 2"]), ("Address:", &["A, B"])],
        );
        assert_eq!(found(MIXED, &joined, &entry), [""; 0]);
    }

    #[test]
    fn what_every_entry_has_is_compared_where_a_line_brings_it() {
        let entry = item("MS:N/P/BOB", "Bob", &[("sn", &["Bob"]), ("uid", &["BOB"])]);
        assert_eq!(
            found(MIXED, &item("MS:N/P/BOB", "Bob", &[]), &entry),
            [""; 0]
        );
        let lines = item("MS:N/P/BOB", "Bob", &[("Last:", &["Smith"])]);
        assert_eq!(found(MIXED, &lines, &entry), ["sn Smith|Bob"]);
    }

    #[test]
    fn nt10_what_is_not_to_be_compared_is_not() {
        let of = |title: &str| item("SMTP:b@x", "Bob", &[("title", &[title])]);
        let comparer = comparer(DIRECTORIES, &["Title"]);
        assert!(comparer.differences(&of("a"), &of("b")).is_empty());
    }

    #[test]
    fn what_is_not_known_is_no_difference() {
        let mut a = item("PCM:N/P/BOB", "Bob", &[("Title:", &["x"])]);
        let b = item(
            "PCM:N/P/BOB",
            "Bob",
            &[("Title:", &["y"]), ("Phone:", &["1"])],
        );
        a.is_partial = true;
        assert_eq!(found(TEXTS, &a, &b), ["Title: x|y"]);
    }
}
