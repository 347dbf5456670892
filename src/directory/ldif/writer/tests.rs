use super::*;

fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("a name")
}

fn entry(name: &str, pairs: &[(&str, &str)]) -> Entry {
    Entry {
        dn: dn(name),
        attributes: pairs.iter().copied().collect(),
    }
}

fn content(entries: &[Entry]) -> String {
    let mut writer = Writer::new(Vec::new(), VersionLine::LeftOut);
    for entry in entries {
        writer.entry(entry).expect("an entry");
    }
    String::from_utf8(writer.finish().expect("a file")).expect("ASCII")
}

fn changed(change: &Change) -> io::Result<String> {
    let mut writer = Writer::new(Vec::new(), VersionLine::LeftOut);
    writer.change(&dn("o=Org"), change)?;
    Ok(String::from_utf8(writer.finish()?).expect("ASCII"))
}

#[test]
fn a_value_is_in_base64_where_it_must_be_and_only_there() {
    for (value, written) in [
        ("Bob", "cn: Bob"),
        ("", "cn:"),
        ("a b", "cn: a b"),
        ("#-", "cn: #-"),
        ("a:<", "cn: a:<"),
        ("~", "cn: ~"),
        (" a", "cn:: IGE="),
        ("a ", "cn:: YSA="),
        (" ", "cn:: IA=="),
        (":a", "cn:: OmE="),
        ("<a", "cn:: PGE="),
        ("a\tb", "cn:: YQli"),
        ("a\nb", "cn:: YQpi"),
        ("a\0", "cn:: YQA="),
        ("\u{7f}", "cn:: fw=="),
        ("é", "cn:: w6k="),
    ] {
        let text = content(&[entry("cn=x", &[("cn", value)])]);
        assert_eq!(text, format!("dn: cn=x\n{written}\n\n"), "{value:?}");
    }
    let text = content(&[entry("cn=é", &[("cn", "x")])]);
    assert_eq!(text, "dn:: Y249w6k=\ncn: x\n\n");
}

#[test]
fn lines_are_folded_at_76() {
    // "cn: " and the value.
    for (len, lengths) in [
        (72, &[76][..]),
        (73, &[76, 2]),
        (72 + 75, &[76, 76]),
        (72 + 75 + 1, &[76, 76, 2]),
    ] {
        let text = content(&[entry("cn=x", &[("cn", &"v".repeat(len))])]);
        let lines: Vec<_> = text.lines().skip(1).take_while(|l| !l.is_empty()).collect();
        let found: Vec<_> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(found, lengths);
        assert!(lines[1..].iter().all(|line| line.starts_with(" v")));
    }
}

#[test]
fn a_file_begins_with_its_version_unless_told_otherwise() {
    let one = entry("cn=x", &[("cn", "x")]);
    let mut writer = Writer::new(Vec::new(), VersionLine::Written);
    writer.entry(&one).expect("an entry");
    writer.entry(&one).expect("an entry");
    let text = writer.finish().expect("a file");
    let record = "dn: cn=x\ncn: x\n\n";
    assert_eq!(text, format!("version: 1\n\n{record}{record}").as_bytes());
    assert_eq!(content(&[one]), record);
    let empty = Writer::new(Vec::new(), VersionLine::Written).finish();
    assert_eq!(empty.expect("a file"), b"version: 1\n\n");
}

#[test]
fn every_kind_of_change_is_written() {
    let modification = |kind, attribute: &str, values: &[&str]| Modification {
        kind,
        attribute: attribute.to_owned(),
        values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
    };
    let rename = |new_superior| Change::Rename {
        new_rdn: dn("cn=é"),
        delete_old: true,
        new_superior,
    };
    for (change, text) in [
        (
            Change::Add(Attributes::from_iter([
                ("o", "Org"),
                ("objectClass", "top"),
            ])),
            "changetype: add\nobjectClass: top\no: Org\n",
        ),
        (Change::Delete, "changetype: delete\n"),
        (
            Change::Modify(vec![
                modification(ModificationKind::Replace, "sn", &["z", "a"]),
                modification(ModificationKind::Delete, "cn", &[]),
                modification(ModificationKind::Add, "cn", &["é"]),
            ]),
            "changetype: modify\nreplace: sn\nsn: z\nsn: a\n-\ndelete: cn\n-\nadd: cn\ncn:: w6k=\n-\n",
        ),
        (
            rename(None),
            "changetype: modrdn\nnewrdn:: Y249w6k=\ndeleteoldrdn: 1\n",
        ),
        (
            rename(Some(dn("ou=x"))),
            "changetype: modrdn\nnewrdn:: Y249w6k=\ndeleteoldrdn: 1\nnewsuperior: ou=x\n",
        ),
    ] {
        let written = changed(&change).expect("a change");
        assert_eq!(written, format!("dn: o=Org\n{text}\n"));
    }
}

#[test]
fn what_could_not_be_read_back_is_refused_whole() {
    let add = |attribute: &str, values: &[&str]| {
        Change::Modify(vec![Modification {
            kind: ModificationKind::Add,
            attribute: attribute.to_owned(),
            values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
        }])
    };
    let rename = |new_rdn| Change::Rename {
        new_rdn,
        delete_old: true,
        new_superior: None,
    };
    let named = |name| Change::Add(Attributes::from_iter([(name, "x")]));
    for (change, what) in [
        (
            Change::Add(Attributes::default()),
            "an entry without attributes",
        ),
        (Change::Modify(Vec::new()), "a modification of nothing"),
        (add("cn", &[]), "an addition of no value to cn"),
        (
            add("cn:< file:///", &["x"]),
            "an attribute \"cn:< file:///\"",
        ),
        (named("cn: y\ndn"), "an attribute \"cn: y\\ndn\""),
        (named(""), "an attribute \"\""),
        (named("DN"), "an attribute DN"),
        (named("changeType"), "an attribute changeType"),
        (named("control"), "an attribute control"),
        (
            rename(dn("cn=a,o=b")),
            "cn=a,o=b as the new name of an entry itself",
        ),
        (rename(dn("")), " as the new name of an entry itself"),
        (
            rename(Dn::default().child("c n", b"x")),
            "the name \"c n=x\"",
        ),
    ] {
        let mut writer = Writer::new(Vec::new(), VersionLine::LeftOut);
        let error = writer.change(&dn("o=Org"), &change).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), format!("no LDIF can hold {what}"));
        assert_eq!(writer.finish().expect("a file"), b"", "{what}");
    }
}

#[test]
fn a_file_is_never_mixed() {
    let one = entry("cn=x", &[("cn", "x")]);
    let mixed = "no LDIF can hold entries and changes in one file";
    let mut writer = Writer::new(Vec::new(), VersionLine::Written);
    writer.entry(&one).expect("an entry");
    let error = writer.change(&one.dn, &Change::Delete).unwrap_err();
    assert_eq!(error.to_string(), mixed);
    let mut writer = Writer::new(Vec::new(), VersionLine::Written);
    writer.change(&one.dn, &Change::Delete).expect("a change");
    assert_eq!(writer.entry(&one).unwrap_err().to_string(), mixed);
}
