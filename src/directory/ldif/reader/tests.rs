use super::*;
use crate::plan::outcome::Reason;

fn read(text: &str) -> Result<Vec<Located<Record>>, LdifError> {
    Reader::new(text.as_bytes()).collect()
}

fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("a name")
}

fn entry(name: &str, pairs: &[(&str, &str)]) -> Record {
    Record::Entry(Entry {
        dn: dn(name),
        attributes: pairs.iter().copied().collect(),
    })
}

fn change(text: &str) -> Change {
    let mut records = read(&format!("dn: o=Org\n{text}")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(records.len(), 1);
    match records.remove(0).record {
        Record::Change { dn: name, change } => {
            assert_eq!(name, dn("o=Org"));
            change
        }
        Record::Entry(entry) => panic!("{entry:?}"),
    }
}

fn modification(kind: ModificationKind, attribute: &str, values: &[&str]) -> Modification {
    Modification {
        kind,
        attribute: attribute.to_owned(),
        values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
    }
}

/// Reads a file that is damaged; `(message, line)` pairs of the tables below have the line in front.
fn assert_damaged(text: &str, message: &str) {
    let error = read(text).unwrap_err();
    assert_eq!(error.to_string(), message, "{text:?}");
    assert_eq!(error.reason(), Reason::ListDamaged, "{text:?}");
}

#[test]
fn entries_come_with_their_lines_whatever_stands_between_them() {
    let text = "# made by hand\nversion: 1\ndn: o=Org\nobjectClass: organization\n# x\no: Org\n\n\n\
        # one\n  more\n\nDN:: Y249YQ==\ncn: a\nsn: b\nCN: c\n";
    let records = read(text).expect("two entries");
    let lines: Vec<_> = records.iter().map(|record| record.line).collect();
    assert_eq!(lines, [3, 12]);
    let pairs = [("objectClass", "organization"), ("o", "Org")];
    assert_eq!(records[0].record, entry("o=Org", &pairs));
    let pairs = [("cn", "a"), ("sn", "b"), ("cn", "c")];
    assert_eq!(records[1].record, entry("cn=a", &pairs));
}

#[test]
fn the_version_may_be_missing_and_is_one() {
    assert_eq!(read("dn: o=a\no: a\n").expect("an entry").len(), 1);
    assert_eq!(read("").expect("nothing"), []);
    assert_eq!(read("\n# c\nVersion: 1\n").expect("nothing"), []);
    for (text, message) in [
        (
            "version: 2\n",
            "line 1: \"version: 2\", expected version: 1",
        ),
        (
            "version: 1\nversion: 1\n",
            "line 2: \"version: 1\", expected dn:",
        ),
        (
            "dn: o=a\no: a\n\nversion: 1\n",
            "line 4: \"version: 1\", expected dn:",
        ),
    ] {
        assert_damaged(text, message);
    }
}

#[test]
fn every_kind_of_change_is_read() {
    let attributes = Attributes::from_iter([("o", "Org"), ("st", "")]);
    assert_eq!(
        change("changetype: add\no: Org\nst:\n"),
        Change::Add(attributes)
    );
    assert_eq!(change("changetype: delete\n"), Change::Delete);
    assert_eq!(
        change("ChangeType: Modify\nadd: cn\ncn: a\nCN:: Yg==\n-\ndelete: sn\n-\nreplace: o\n-\n"),
        Change::Modify(vec![
            modification(ModificationKind::Add, "cn", &["a", "b"]),
            modification(ModificationKind::Delete, "sn", &[]),
            modification(ModificationKind::Replace, "o", &[]),
        ])
    );
    assert_eq!(
        change("changetype: modrdn\nnewrdn: cn=a+sn=b\ndeleteoldrdn: 0\n"),
        Change::Rename {
            new_rdn: dn("cn=a+sn=b"),
            delete_old: false,
            new_superior: None,
        }
    );
    assert_eq!(
        change("changetype: moddn\nnewrdn:: Y249YQ==\ndeleteoldrdn: 1\nnewsuperior: ou=x,o=y\n"),
        Change::Rename {
            new_rdn: dn("cn=a"),
            delete_old: true,
            new_superior: Some(dn("ou=x,o=y")),
        }
    );
}

#[test]
fn a_change_that_is_none_says_what_it_should_be() {
    let kinds = "changetype: add, delete, modify, modrdn or moddn";
    let modify = "add:, delete: or replace:";
    for (text, line, found, expected) in [
        ("changetype: move\n", 2, "\"changetype: move\"", kinds),
        ("changetype:: /w==\n", 2, "\"\\xff\"", kinds),
        (
            "changetype: delete\ncn: a\n",
            3,
            "\"cn: a\"",
            "the end of the record",
        ),
        (
            "changetype: delete\n-\n",
            3,
            "\"-\"",
            "the end of the record",
        ),
        ("changetype: add\n\n", 3, "an empty line", "an attribute"),
        ("changetype: add\n-\n", 3, "\"-\"", "an attribute"),
        ("changetype: modify\n\n", 3, "an empty line", modify),
        ("changetype: modify\n-\n", 3, "\"-\"", modify),
        (
            "changetype: modify\nincrement: a\na: 1\n-\n",
            3,
            "\"increment: a\"",
            modify,
        ),
        (
            "changetype: modify\nadd: a b\n",
            3,
            "\"add: a b\"",
            "the name of an attribute",
        ),
        (
            "changetype: modify\nadd: a\n-\n",
            4,
            "\"-\"",
            "a value to add",
        ),
        (
            "changetype: modify\nadd: a\nb: 1\n-\n",
            4,
            "\"b: 1\"",
            "a value of the attribute, or -",
        ),
        (
            "changetype: modify\nadd: a\na: 1\n\n",
            5,
            "an empty line",
            "- behind the values",
        ),
        ("changetype: modrdn\ncn: a\n", 3, "\"cn: a\"", "newrdn:"),
        (
            "changetype: modrdn\nnewrdn: cn=a,o=b\n",
            3,
            "\"newrdn: cn=a,o=b\"",
            "one relative name",
        ),
        (
            "changetype: modrdn\nnewrdn:\n",
            3,
            "\"newrdn: \"",
            "one relative name",
        ),
        (
            "changetype: modrdn\nnewrdn: cn=a\n\n",
            4,
            "an empty line",
            "deleteoldrdn:",
        ),
        (
            "changetype: modrdn\nnewrdn: cn=a\ndeleteoldrdn: yes\n",
            4,
            "\"deleteoldrdn: yes\"",
            "deleteoldrdn: 0 or 1",
        ),
        (
            "changetype: modrdn\nnewrdn: cn=a\ndeleteoldrdn: 1\ncn: a\n",
            5,
            "\"cn: a\"",
            "newsuperior: or the end of the record",
        ),
        (
            "changetype: modrdn\nnewrdn: cn=a\ndeleteoldrdn: 1\nnewsuperior: o=b\ncn: a\n",
            6,
            "\"cn: a\"",
            "the end of the record",
        ),
    ] {
        let message = format!("line {line}: {found}, expected {expected}");
        assert_damaged(&format!("dn: o=Org\n{text}"), &message);
    }
}

#[test]
fn a_record_that_is_none_says_what_it_should_be() {
    let next = "an empty line before the next record";
    let control = "no control: none is acted on here";
    let first = "an attribute or changetype:";
    for (text, line, found, expected) in [
        ("cn: a\n", 1, "\"cn: a\"", "dn:"),
        ("-\n", 1, "\"-\"", "dn:"),
        ("dn: cn=a\n\n", 2, "an empty line", first),
        ("dn: cn=a\n-\n", 2, "\"-\"", first),
        ("dn: cn=a\ncn: a\n-\n", 3, "\"-\"", "an attribute"),
        ("dn: cn\n", 1, "the end at byte 2 of the name \"cn\"", "="),
        ("dn:: /w==\n", 1, "\"\\xff\"", "a name in UTF-8"),
        // The empty line before them is lost, or has a blank.
        (
            "dn: cn=a\ncn: a\ndn: cn=b\ncn: b\n",
            3,
            "\"dn: cn=b\"",
            next,
        ),
        (
            "dn: cn=a\ncn: a\n \nDn: cn=b\ncn: b\n",
            4,
            "\"Dn: cn=b\"",
            next,
        ),
        (
            "dn: cn=a\ncn: a\nchangetype: delete\n",
            3,
            "\"changetype: delete\"",
            next,
        ),
        (
            "dn: cn=a\ncontrol: 1.2.3 false\n",
            2,
            "\"control: 1.2.3 false\"",
            control,
        ),
        (
            "dn: cn=a\ncn: a\nControl: 1.2.3\n",
            3,
            "\"Control: 1.2.3\"",
            control,
        ),
        (
            "dn: cn=a\ncontrol: 1.2.840.113556.1.4.805 true\nchangetype: delete\n",
            2,
            "\"control: 1.2.840.113556.1.4.805 true\"",
            control,
        ),
    ] {
        assert_damaged(text, &format!("line {line}: {found}, expected {expected}"));
    }
}

#[test]
fn what_ends_too_early_is_incomplete() {
    for (text, line, expected) in [
        ("dn: cn=a\n", 1, "an attribute or changetype:"),
        ("dn: cn=a\nchangetype: add\n", 2, "an attribute"),
        (
            "dn: cn=a\nchangetype: modify\n",
            2,
            "add:, delete: or replace:",
        ),
        (
            "dn: cn=a\nchangetype: modify\nadd: a\na: 1\n",
            4,
            "- behind the values",
        ),
        ("dn: cn=a\nchangetype: modrdn\n", 2, "newrdn:"),
        (
            "dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\n",
            3,
            "deleteoldrdn:",
        ),
    ] {
        let error = read(text).unwrap_err();
        let message = format!("line {line}: the end of the file, expected {expected}");
        assert_eq!(error.to_string(), message, "{text:?}");
        assert_eq!(error.reason(), Reason::ListIncomplete, "{text:?}");
    }
}

#[test]
fn nothing_follows_an_error() {
    let text = "dn: cn=a\ncn: a\n\nx\n\ndn: cn=b\ncn: b\n";
    let mut reader = Reader::new(text.as_bytes());
    assert!(matches!(reader.next(), Some(Ok(_))));
    assert!(matches!(reader.next(), Some(Err(_))));
    assert!(reader.next().is_none());
}

#[test]
fn an_empty_line_closes_the_last_record() {
    for (text, is_closed) in [
        ("", true),
        ("dn: cn=a\ncn: a\n", false),
        ("dn: cn=a\ncn: a\n# c\n", false),
        ("dn: cn=a\ncn: a\n\n", true),
        ("dn: cn=a\ncn: a\r\n\r\n", true),
        ("dn: cn=a\ncn: a\n\ndn: cn=b\ncn: b\n", false),
        ("dn: cn=a\nchangetype: delete\n", false),
        ("dn: cn=a\nchangetype: delete\n\n", true),
    ] {
        let mut reader = Reader::new(text.as_bytes());
        assert!(reader.all(|record| record.is_ok()), "{text:?}");
        assert_eq!(reader.is_closed(), is_closed, "{text:?}");
    }
}

#[test]
fn a_record_has_limits() {
    let record = "dn: cn=a\ncn: a\n\n";
    let file = record.repeat(3);
    let limit = record.len();
    let within = Reader::new(file.as_bytes()).with_record_limit(limit);
    assert_eq!(within.filter(Result::is_ok).count(), 3);
    let mut beyond = Reader::new(file.as_bytes()).with_record_limit(limit - 1);
    let error = beyond.next().expect("an item").unwrap_err();
    assert_eq!(error.reason(), Reason::ListDamaged);

    let lines = |count: usize| (0..count).map(|n| format!("a{n}: 1\n"));
    let text = format!("dn: cn=a\n{}", lines(MAX_ATTRIBUTES).collect::<String>());
    assert_eq!(read(&text).expect("an entry").len(), 1);
    let text = format!(
        "dn: cn=a\n{}",
        lines(MAX_ATTRIBUTES + 1).collect::<String>()
    );
    assert_damaged(
        &text,
        "line 1026: one more, expected at most 1024 attributes in a record",
    );
}
