//! The order of the list, and finding every word of every name in it.

use dirsync::codec::codepage::CodePage;
use dirsync::codec::codepage::collation::{Collation, Order};

use super::{filled, office};
use crate::support::Office;

/// Names of a page, at most `count`: extended characters, several separators, words that begin with anything.
fn names(page: CodePage, count: usize) -> Vec<String> {
    const PARTS: [&str; 12] = [
        "Smith", "smythe", "O'Brien", "3rd", "(Sales)", "R&D", "-", "\"Al\"", "van der", "Zz",
        "#1", "A/B",
    ];
    let special: Vec<String> = (0x80..=0xffu8)
        .filter_map(|byte| {
            let view = page.decode(&[byte]);
            let character = view.chars().next()?;
            (!page.is_double_byte() && character.is_alphabetic()).then_some(view)
        })
        .collect();
    let special = match special.is_empty() {
        true => ["山", "田", "中", "한"]
            .iter()
            .filter(|text| page.encode(text).is_ok())
            .map(ToString::to_string)
            .collect(),
        false => special,
    };
    let separators = [" ", ", ", "  ", ";", "/"];
    (0..count)
        .map(|n| {
            let special = &special[n % special.len()];
            let (one, two) = (PARTS[n % 12], PARTS[n / 12 % 12]);
            let (first, second) = (separators[n % 5], separators[n / 5 % 5]);
            match n % 4 {
                0 => format!("{special}m{special}{first}{one}{second}{n}"),
                1 => format!("{one}{first}{special}{n}"),
                2 => format!("{one}{second}{two}{special}{first}{n}"),
                _ => format!("{n}{special} {two}"),
            }
        })
        .filter(|name| page.encode(name).is_ok_and(|bytes| bytes.len() <= 30))
        .collect()
}

fn put(office: &Office, names: &[String]) {
    let mailboxes: Vec<_> = (0..names.len()).map(|n| format!("M{n}")).collect();
    let entries: Vec<_> = names
        .iter()
        .zip(&mailboxes)
        .map(|(n, m)| (n.as_str(), m.as_str()))
        .collect();
    office.put_list("NET/PO1", &entries);
}

/// Searches for every word of every name, and makes sure that each is found where it stands.
#[track_caller]
fn every_word_is_found(office: &Office, order: Order) {
    let gal = office.gal();
    assert_eq!(gal.collation().order(), order);
    let index = gal.index().unwrap();
    let mut count = 0;
    for (place, entry) in gal.entries().enumerate() {
        for (number, word) in gal.collation().words(entry.name.as_bytes()).enumerate() {
            let found = index.find(word).unwrap();
            let is_it = |n: usize| {
                let entry = index.entry(n);
                (entry.pointer as usize, usize::from(entry.word)) == (place * 45, number)
            };
            assert!(
                found.clone().any(is_it),
                "word {number} of {:?}",
                entry.name
            );
            assert!(found.len() < index.len(), "a word is not every word");
            count += 1;
        }
    }
    assert_eq!(index.len(), count);
}

#[test]
fn ds_s063_every_word_of_every_name_is_found_in_every_page() {
    for page in CodePage::ALL {
        let office = Office::with_page("NET/OWN", page).define(&["PCM:NET/PO1"]);
        let count = if page == CodePage::default() {
            4000
        } else {
            800
        };
        let names = names(page, count);
        assert!(names.len() > count / 2, "page {page}: {}", names.len());
        put(&office, &names);
        office.rebuild("").ends(0);
        assert_eq!(office.gal().len(), names.len() + 1, "page {page}");
        every_word_is_found(&office, Order::Page);

        let collation = Collation::new(Order::Page, page);
        let mut sorted: Vec<_> = names.iter().map(|n| page.encode(n).unwrap()).collect();
        sorted.push(b"Administrator".to_vec());
        sorted.sort_by(|a, b| collation.compare(a, b));
        let sorted: Vec<_> = sorted.iter().map(|name| page.decode(name)).collect();
        assert_eq!(office.gal_names(), sorted, "page {page}");
    }
}

#[test]
fn ds_s063_extended_letters_stand_where_the_table_says() {
    let office = office();
    let names = [
        "Zoe", "Émile", "Ole", "Östen", "Øyvind", "Anders", "Åse", "émile", "3Com", "ß", "st",
    ];
    put(&office, &names.map(str::to_owned));
    office.rebuild("").ends(0);
    assert_eq!(
        office.gal_names(),
        [
            "3Com",
            "Administrator",
            "Anders",
            "Åse",
            "Émile",
            "émile",
            "Ole",
            "Östen",
            "Øyvind",
            "ß",
            "st",
            "Zoe"
        ]
    );
    let gal = office.gal();
    let index = gal.index().unwrap();
    let page = CodePage::Cp850;
    for word in ["ÅSE", "ase", "ostén", "SS", "3com"] {
        let found = index.find(&page.encode(word).unwrap()).unwrap();
        assert_eq!(found.len(), 1, "{word}");
    }
    // What is typed to check a name.
    assert_eq!(index.find_beginning(b"o").unwrap().len(), 3);
}

#[test]
fn the_order_of_bytes_is_that_of_sort_in_the_c_locale() {
    let office = office();
    let names = names(CodePage::Cp850, 3000);
    put(&office, &names);
    let json = office.rebuild("--order c --json").ends(0).json();
    assert_eq!(json["gal"]["order"], "c");
    let mut sorted: Vec<_> = names
        .iter()
        .map(|n| CodePage::Cp850.encode(n).unwrap())
        .collect();
    sorted.push(b"Administrator".to_vec());
    sorted.sort();
    let found: Vec<_> = office
        .gal()
        .entries()
        .map(|e| e.name.as_bytes().to_vec())
        .collect();
    assert_eq!(found, sorted);
    every_word_is_found(&office, Order::Bytes);
}

#[test]
fn an_order_stays_until_another_one_is_asked_for() {
    let office = filled();
    let order = |args: &str| {
        let json = office.rebuild(&format!("--json {args}")).ends(0).json();
        json["gal"]["order"].as_str().unwrap().to_owned()
    };
    assert_eq!(order(""), "page");
    assert_eq!(order("--order c"), "c");
    assert_eq!(order(""), "c", "T3 does not undo it");
    assert_eq!(order("--order page"), "page");
    assert_eq!(order(""), "page");
}

#[test]
fn the_order_of_the_lists_does_not_change_that_of_the_names() {
    let names = names(CodePage::Cp850, 3000);
    let (one, other) = (office(), office());
    let reversed: Vec<_> = names.iter().rev().cloned().collect();
    put(&one, &names);
    put(&other, &reversed);
    for office in [&one, &other] {
        office.rebuild("").ends(0);
    }
    assert_eq!(one.gal_names(), other.gal_names());
}
