use super::*;
use crate::directory::template_map::TemplateRule;

const PAGE: CodePage = CodePage::Cp850;

fn address(text: &str) -> TargetAddress {
    TargetAddress::received(&PAGE.encode(text).unwrap(), PAGE)
        .unwrap_or_else(|e| panic!("{e}"))
        .0
}

fn rules<'a>(templates: &'a TemplateMap) -> ImportRules<'a> {
    ImportRules {
        owner: "dss/NET1/PO1",
        trust: Some(20),
        page: PAGE,
        templates: Some(templates),
    }
}

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn add(name: &str, to: &str, texts: &[&str], kind: RecipientKind) -> Wanted {
    let map = TemplateMap::default();
    let received = Received {
        name: &PAGE.encode(name).unwrap(),
        address: &address(to),
        lines: &lines(texts),
        kind,
    };
    added(received, rules(&map))
}

fn person(name: &str, to: &str, texts: &[&str]) -> Wanted {
    add(name, to, texts, RecipientKind::Person)
}

fn modify(present: &Attributes, name: &str, to: &str, texts: &[&str]) -> Wanted {
    let map = TemplateMap::default();
    let received = Received {
        name: &PAGE.encode(name).unwrap(),
        address: &address(to),
        lines: &lines(texts),
        kind: RecipientKind::Person,
    };
    modified(present, received, rules(&map))
}

fn texts<'a>(attributes: &'a Attributes, name: &str) -> Vec<&'a str> {
    let values = attributes.values(name).iter();
    values
        .map(|value| std::str::from_utf8(value).unwrap())
        .collect()
}

fn reasons(wanted: &Wanted) -> Vec<Reason> {
    wanted.notes.iter().map(|note| note.reason).collect()
}

#[test]
fn ldc_034_a_person_is_named_by_key_and_shown_by_name() {
    let wanted = person(
        "Bob Smith",
        "pcm:Net1/PO1/BSMITH",
        &["Department:/Sales", "Shoe Size:/9"],
    );
    let expected = Attributes::from_iter([
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("syncKey", "MS:NET1/PO1/BSMITH"),
        ("syncAddress", "MS:Net1/PO1/BSMITH"),
        ("syncImportedFrom", "dss/NET1/PO1"),
        ("syncOriginalName", "Bob Smith"),
        ("syncTrustLevel", "20"),
        ("cn", "Bob Smith"),
        ("sn", "Smith"),
        ("displayName", "Bob Smith"),
        ("uid", "BSMITH"),
        ("departmentNumber", "Sales"),
        ("syncTemplate", "Shoe Size:/9"),
    ]);
    assert_eq!(wanted.attributes, expected);
    assert_eq!(wanted.notes, []);
    assert_eq!(wanted.key.as_str(), "MS:NET1/PO1/BSMITH");
}

#[test]
fn ldc_009_dxc_070_a_surname_is_mapped_or_derived() {
    for (name, surname) in [
        ("Bob Smith", "Smith"),
        ("Smith, Bob", "Smith"),
        ("van Dyke, Bob X", "van Dyke"),
        ("Cher", "Cher"),
        (", Bob", "Bob"),
        (",", ","),
    ] {
        let wanted = person(name, "PCM:N/P/M", &[]);
        assert_eq!(wanted.attributes.text("sn"), Some(surname), "{name}");
        assert_eq!(wanted.attributes.text("givenName"), None);
    }
    let mapped = person(
        "B. Smith",
        "PCM:N/P/M",
        &["Surname:/Smithfield", "Given Name:/Bob"],
    );
    assert_eq!(mapped.attributes.text("sn"), Some("Smithfield"));
    assert_eq!(mapped.attributes.text("givenName"), Some("Bob"));
    let cleared = person("Bob Smith", "PCM:N/P/M", &["Surname:/", "Given Name:/"]);
    assert_eq!(cleared.attributes.text("sn"), Some("Smith"));
    assert_eq!(cleared.attributes.text("givenName"), None);
}

#[test]
fn ldc_010_a_group_or_a_nameless_address_is_a_role() {
    let texts = ["Comment:/All of us", "Title:/x"];
    let group = add(
        "All Staff",
        "PCM:NET1/PO1/ALLSTAFF",
        &texts,
        RecipientKind::Group,
    );
    assert_eq!(
        group.attributes.text("objectClass"),
        Some("organizationalRole")
    );
    assert!(group.attributes.values("sn").is_empty());
    assert_eq!(group.attributes.text("description"), Some("All of us"));
    // The class has no title: result 65.
    assert!(group.attributes.values("title").is_empty());
    assert_eq!(group.attributes.text("syncTemplate"), Some("Title:/x"));
    assert_eq!(reasons(&group), [Reason::ValueDropped]);

    let nameless = person("", "PCM:NET1/PO1/ROOM7", &[]);
    assert_eq!(
        nameless.attributes.text("objectClass"),
        Some("organizationalRole")
    );
    assert_eq!(nameless.attributes.text("cn"), Some("ROOM7"));
    assert_eq!(nameless.attributes.text("syncOriginalName"), None);
}

#[test]
fn ldc_011_a_value_the_server_refuses_is_dropped_and_its_line_kept() {
    let wanted = person("Bob Smith", "PCM:N/P/M", &["Phone:/#3423*9", "Fax:/555"]);
    assert!(wanted.attributes.values("telephoneNumber").is_empty());
    assert_eq!(
        wanted.attributes.text("facsimileTelephoneNumber"),
        Some("555")
    );
    assert_eq!(
        texts(&wanted.attributes, "syncTemplate"),
        ["Phone:/#3423*9"]
    );
    assert_eq!(reasons(&wanted), [Reason::ValueDropped]);
    // A good number takes the place of the line.
    let mended = modify(
        &wanted.attributes,
        "Bob Smith",
        "PCM:N/P/M",
        &["Phone:/3423"],
    );
    assert_eq!(mended.attributes.text("telephoneNumber"), Some("3423"));
    assert!(mended.attributes.values("syncTemplate").is_empty());
}

#[test]
fn ldc_012_a_mail_address_outside_ascii_is_dropped_and_the_entry_stays() {
    let wanted = person("Jörg", "SMTP:jörg@x.example", &[]);
    assert!(wanted.attributes.values("mail").is_empty());
    assert_eq!(
        wanted.attributes.text("syncAddress"),
        Some("SMTP:jörg@x.example")
    );
    assert_eq!(reasons(&wanted), [Reason::ValueDropped]);
    assert!(
        wanted.notes[0].detail.starts_with("charset: mail"),
        "{}",
        wanted.notes[0]
    );
    let plain = person("Bob", "SMTP:bob@x.example", &[]);
    assert_eq!(plain.attributes.text("mail"), Some("bob@x.example"));
}

#[test]
fn ldc_013_empty_data_removes_the_attribute() {
    let present = person(
        "Bob Smith",
        "PCM:N/P/M",
        &["Title:/Boss", "Shoe Size:/9", "Phone:/1"],
    );
    let wanted = modify(
        &present.attributes,
        "Bob Smith",
        "PCM:N/P/M",
        &["Title:/ ", "Shoe Size:/"],
    );
    assert!(wanted.attributes.values("title").is_empty());
    // Nobody knows what becomes of the line elsewhere, so that it is passed on as it is.
    assert_eq!(texts(&wanted.attributes, "syncTemplate"), ["Shoe Size:/"]);
    assert_eq!(wanted.attributes.text("telephoneNumber"), Some("1"));
    assert!(
        wanted
            .attributes
            .iter()
            .all(|(_, values)| values.iter().all(|v| !v.is_empty()))
    );
}

#[test]
fn dxc_053_dxc_054_dxc_057_a_modification_changes_only_what_its_lines_name() {
    let long = "Comment:/more than thirty-two characters of comment";
    let mut present = person("Bob Smith", "PCM:N/P/M", &["Title:/Boss"]).attributes;
    present.set("syncTrustLevel", one("90"));
    present.set("description", one("old"));
    let wanted = modify(&present, "Bob Smith", "PCM:N/P/M", &[long]);
    let mut expected = present.clone();
    expected.set(
        "description",
        one("more than thirty-two characters of comment"),
    );
    assert_eq!(wanted.attributes, expected);
    assert_eq!(wanted.notes, []);
}

#[test]
fn dxc_060_an_address_in_ffapi_spelling_has_the_alias_of_its_mailbox() {
    let wanted = person("User", "CSI:NET/PO/USER", &[]);
    assert_eq!(
        wanted.attributes.text("syncAddress"),
        Some("MS:NET/PO/USER")
    );
    assert_eq!(wanted.attributes.text("uid"), Some("USER"));
}

#[test]
fn dx21_only_the_alias_is_cut_and_cleaned() {
    for (to, alias, is_noted) in [
        ("PCM:NET/PO/BSMITH", "BSMITH", false),
        ("SMTP:robert.smithfield@x", "robertsmit", true),
        ("MSMAIL:NET/PO/Smithfield, Robert", "Smithfield", true),
        ("X400:c=US;a=MCI;s=O'Hara;g=Pat", "OHara", true),
        ("FAX:Pat~Here~Org~555", "Pat", false),
        ("MHS:$~^#@x", "x", true),
    ] {
        let wanted = person("Somebody Else", to, &[]);
        assert_eq!(wanted.attributes.text("uid"), Some(alias), "{to}");
        assert_eq!(
            reasons(&wanted) == [Reason::AliasShortened],
            is_noted,
            "{to}"
        );
    }
}

#[test]
fn dxc_080_a_name_in_hebrew_is_kept_in_utf8() {
    let name = "שלום כהן";
    let page = CodePage::Windows1255;
    let received = Received {
        name: &page.encode(name).unwrap(),
        address: &address("PCM:N/P/M"),
        lines: &[],
        kind: RecipientKind::Person,
    };
    let map = TemplateMap::default();
    let wanted = added(
        received,
        ImportRules {
            page,
            ..rules(&map)
        },
    );
    assert_eq!(wanted.attributes.text("displayName"), Some(name));
    assert_eq!(wanted.attributes.text("sn"), Some("כהן"));
    assert_eq!(wanted.notes, []);
}

#[test]
fn dx28_a_byte_without_a_character_is_noted_and_the_entry_made() {
    let received = Received {
        name: b"Bob\x81 Smith",
        address: &address("PCM:N/P/M"),
        lines: &[],
        kind: RecipientKind::Person,
    };
    let map = TemplateMap::default();
    let page = CodePage::Windows1252;
    let wanted = added(
        received,
        ImportRules {
            page,
            ..rules(&map)
        },
    );
    assert_eq!(wanted.attributes.text("cn"), Some("Bob? Smith"));
    assert_eq!(reasons(&wanted), [Reason::Charset]);
}

#[test]
fn a_new_name_or_address_takes_along_what_was_made_from_the_old_one() {
    let present = person("Bob Smith", "SMTP:bob@x", &["Title:/Boss"]).attributes;
    let renamed = modify(&present, "Bob Jones", "SMTP:bjones@x", &[]);
    for (attribute, value) in [
        ("cn", "Bob Jones"),
        ("sn", "Jones"),
        ("displayName", "Bob Jones"),
        ("syncOriginalName", "Bob Jones"),
        ("syncAddress", "SMTP:bjones@x"),
        ("uid", "bjones"),
        ("mail", "bjones@x"),
        ("title", "Boss"),
    ] {
        assert_eq!(texts(&renamed.attributes, attribute), [value]);
    }
    // What a line or an administrator set is not ours to change.
    let mut present = present;
    present.set("sn", one("Smithfield"));
    present.set("uid", one("bobs"));
    let renamed = modify(&present, "Bob Jones", "SMTP:bjones@x", &[]);
    assert_eq!(renamed.attributes.text("sn"), Some("Smithfield"));
    assert_eq!(renamed.attributes.text("uid"), Some("bobs"));
}

#[test]
fn templates_that_are_not_received_leave_no_trace() {
    let map = TemplateMap::default();
    let texts = lines(&["Title:/Boss", "Shoe Size:/9"]);
    let received = Received {
        name: b"Bob",
        address: &address("PCM:N/P/M"),
        lines: &texts,
        kind: RecipientKind::Person,
    };
    let off = ImportRules {
        templates: None,
        ..rules(&map)
    };
    let wanted = added(received, off);
    assert!(wanted.attributes.values("title").is_empty());
    assert!(wanted.attributes.values("syncTemplate").is_empty());
    let present = person("Bob", "PCM:N/P/M", &["Title:/Chief"]).attributes;
    assert_eq!(modified(&present, received, off).attributes, present);
}

#[test]
fn values_the_server_takes_for_one_are_written_once() {
    let texts = [
        "Comment:/A  b",
        "Notes:/a B",
        "Employee Number:/1",
        "Employee Number:/2",
    ];
    let wanted = person("Bob", "PCM:N/P/M", &texts);
    assert_eq!(wanted.attributes.values("description").len(), 1);
    assert_eq!(wanted.attributes.text("employeeNumber"), Some("1"));
    assert_eq!(
        wanted.attributes.text("syncTemplate"),
        Some("Employee Number:/2")
    );
    assert_eq!(reasons(&wanted), [Reason::ValueDropped]);
}

#[test]
fn dx26_a_changed_table_moves_lines_and_attributes() {
    let old = TemplateMap::default();
    let texts = ["Title:/Boss", "Shoe Size:/9"];
    let present = person("Bob", "PCM:N/P/M", &texts).attributes;
    let rule = TemplateRule::new("shoe size", "carLicense");
    let new = TemplateMap::new(vec![rule]).unwrap();
    let (attributes, notes) = remapped(&present, &old, &new);
    assert_eq!(attributes.text("carLicense"), Some("9"));
    assert_eq!(attributes.text("title"), None);
    assert_eq!(attributes.text("syncTemplate"), Some("Title:/Boss"));
    assert_eq!(notes, []);
    let (back, _) = remapped(&attributes, &new, &old);
    assert_eq!(back.text("title"), Some("Boss"));
    assert_eq!(back.text("cn"), Some("Bob"));
}
