//! Messages as text, there and back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::*;
use super::*;
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

fn card(name: &str, mail: Option<&str>) -> Card {
    Card {
        kind: CardKind::Mailbox,
        dn: format!("cn={name},o=Org1"),
        mail: mail.map(str::to_owned),
        target: mail.map(|mail| format!("SMTP:{mail}")),
        secondary: vec![
            "X400:c=US;a= ;p=Org".to_owned(),
            "SMTP:b@x.example".to_owned(),
        ],
        attributes: BTreeMap::from([("cn".to_owned(), vec![name.to_owned()])]),
    }
}

fn change(number: u64, uuid: &str, card: Option<Card>) -> Change {
    Change {
        number: Usn(number),
        key: SourceKey::new("ORG1", uuid),
        card,
    }
}

fn request(changes: Vec<Change>) -> Request {
    Request {
        id: "r-2".to_owned(),
        branch: "ORG1".to_owned(),
        earlier: vec!["r-0".to_owned(), "r-1".to_owned()],
        epoch: Epoch::new("e-1").expect("an epoch"),
        span: Span {
            after: Usn(3),
            upto: Usn(9),
        },
        is_full: false,
        applied: Applied {
            epoch: Epoch::new("h-1"),
            usn: Usn(100),
            receipt: Some(Receipt("q-7".to_owned())),
        },
        changes,
        withheld: vec![Withheld {
            key: SourceKey::new("ORG1", "9"),
            dn: "cn=Nobody,o=Org1".to_owned(),
            note: Note::new(Reason::NoSmtp, "no mail, no proxy"),
        }],
    }
}

fn joined(parts: Vec<(Part, Vec<u8>, Vec<u8>)>) -> Result<Option<Unit>, WireFault> {
    let mut all = Parts::default();
    for (part, changes, withheld) in parts {
        let part = Part::parse(&part.to_text())?;
        all.add(part, read_changes(&changes)?, read_withheld(&withheld)?)?;
    }
    Ok(all.join())
}

#[test]
fn a_request_comes_back_as_it_was() {
    let changes = vec![
        change(
            4,
            "a",
            Some(card("Ann, \"A\"\nB", Some("ann@org1.example"))),
        ),
        change(9, "b", None),
    ];
    let unit = Unit::Request(request(changes));
    assert_eq!(joined(unit.clone().into_parts(0)), Ok(Some(unit)));
}

#[test]
fn ioc_005_an_empty_mail_is_an_empty_field_and_no_missing_column() {
    let bytes = write_changes(&[
        change(1, "a", Some(card("Ann", Some("ann@org1.example")))),
        change(2, "b", Some(card("Nosmtp", None))),
    ]);
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let columns = reader.headers().expect("a header").len();
    for row in reader.records() {
        assert_eq!(row.expect("a row of as many fields").len(), columns);
    }
    let read = read_changes(&bytes).expect("it reads its own");
    assert_eq!(read[1].card.as_ref().expect("a card").mail, None);
}

#[test]
fn a_row_with_a_field_less_is_named() {
    let bytes = write_changes(&[change(1, "a", Some(card("Ann", None)))]);
    let text = String::from_utf8(bytes).expect("text");
    let cut = text.replace("Ann,o=Org1\",", "Ann\"");
    assert_ne!(cut, text);
    let fault = read_changes(cut.as_bytes()).expect_err("a field is missing");
    assert!(
        fault.to_string().contains("8 fields, expected 9"),
        "{fault}"
    );
    assert!(fault.to_string().contains("record 1"), "{fault}");
}

#[test]
fn a_missing_part_is_named_and_nothing_comes_of_the_rest() {
    let changes = (0..200).map(|n| change(n, &n.to_string(), Some(card("Ann", None))));
    let unit = Unit::Request(request(changes.collect()));
    let parts = unit.clone().into_parts(12 * 1024);
    assert!(parts.len() > 2, "{} parts", parts.len());
    let mut some = Parts::default();
    for (part, changes, withheld) in parts.iter().filter(|(part, ..)| part.number != 2) {
        let (changes, withheld) = (read_changes(changes), read_withheld(withheld));
        let added = some.add(
            part.clone(),
            changes.expect("rows"),
            withheld.expect("rows"),
        );
        added.expect("they belong together");
    }
    assert_eq!(some.missing(), [2]);
    assert_eq!(some.join(), None);
    assert_eq!(joined(parts), Ok(Some(unit)));
}

#[test]
fn no_part_is_more_than_the_limit_whatever_it_holds() {
    // Each entry has a column of its own, which is an empty field of all others.
    let changes = (0..400).map(|n| {
        let mut card = card("Ann", None);
        card.attributes
            .insert(format!("attribute{n}"), vec!["x".to_owned()]);
        change(n, &n.to_string(), Some(card))
    });
    let mut request = request(changes.collect());
    let withheld = request.withheld[0].clone();
    request.withheld = vec![withheld; 1000];
    let unit = Unit::Request(request);
    let limit = 20 * 1024;
    let parts = unit.clone().into_parts(limit);
    for (part, changes, withheld) in &parts {
        let encoded = (changes.len() + withheld.len()).div_ceil(57) * 78;
        assert!(encoded + 4096 < limit, "part {}: {encoded}", part.number);
    }
    assert!(parts.len() > 5, "{}", parts.len());
    assert_eq!(joined(parts), Ok(Some(unit)));
}

#[test]
fn what_alone_is_too_big_is_known_before() {
    let key = SourceKey::new("ORG1", "a");
    let mut big = card("Ann", None);
    big.attributes
        .insert("title".to_owned(), vec!["x".repeat(20_000)]);
    assert!(!fits(&key, &big, 16 * 1024));
    assert!(fits(&key, &card("Ann", None), 16 * 1024));
    assert!(fits(&key, &big, 0));
}

#[test]
fn a_head_says_what_is_wrong_with_it() {
    let part = Unit::Request(request(Vec::new())).into_parts(0).remove(0).0;
    let text = part.to_text();
    let cases = [
        ("[INTERORG]", "[DIRSYNC]", "line 1"),
        ("TASK=REQUEST", "TASK=ORDER", "TASK="),
        ("UPTO=9", "UPTO=nine", "UPTO="),
        ("FULL=NO\r\n", "", "no line FULL="),
        ("PART=1/1", "PART=2/1", "PART="),
        ("PART=1/1", "PART=1/1\r\nMORE=1", "MORE"),
        ("PART=1/1", "PART=1/1\r\nPART=1/1", "each line once"),
    ];
    for (found, replaced, said) in cases {
        let broken = text.replace(found, replaced);
        assert_ne!(broken, text, "{found}");
        let fault = Part::parse(&broken).expect_err(replaced).to_string();
        assert!(fault.contains(said), "{replaced}: {fault}");
    }
}

proptest! {
    #[test]
    fn any_values_come_back(
        values in prop::collection::vec("[^\u{0}]{1,8}", 1..4),
        secondary in prop::collection::vec("[ -~]{1,8}", 0..3),
    ) {
        let mut wanted = card("Ann", None);
        wanted.attributes.insert("description".to_owned(), values);
        wanted.secondary = secondary;
        let change = change(7, "a", Some(wanted));
        prop_assert_eq!(read_changes(&write_changes(std::slice::from_ref(&change))), Ok(vec![change]));
    }

    #[test]
    fn bytes_from_anywhere_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_changes(&bytes);
        let _ = read_withheld(&bytes);
        let _ = Part::parse(&String::from_utf8_lossy(&bytes));
    }
}
