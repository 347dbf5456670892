use sha2::Digest;

use super::*;
use crate::codec::codepage::CodePage;
use crate::directory::template_map::TemplateRule;

struct Given {
    conditions: Conditions,
    types: Vec<String>,
    owned: Vec<(String, String)>,
    map: TemplateMap,
}

impl Given {
    fn new(types: &[&str]) -> Self {
        Self {
            conditions: Conditions::default(),
            types: types.iter().map(|&t| t.to_owned()).collect(),
            owned: vec![("NET1".to_owned(), "PO1".to_owned())],
            map: TemplateMap::default(),
        }
    }

    fn rules(&self) -> ExportRules<'_> {
        ExportRules {
            own_source: "dss/NET9/PO9",
            kinds: ExportKinds {
                people: true,
                groups: true,
                remote: true,
            },
            types: &self.types,
            as_proxy: false,
            trust_limit: None,
            owned: &self.owned,
            relay: true,
            templates: Some(&self.map),
            charset: Charset::Page(CodePage::Cp850),
            strict_charset: false,
            x121: X121Spelling::Plain,
            conditions: &self.conditions,
        }
    }
}

fn entry(attributes: &[(&str, &str)]) -> Entry {
    Entry {
        dn: Dn::parse("cn=x,ou=People,o=Org").unwrap(),
        attributes: attributes.iter().copied().collect(),
    }
}

fn local(more: &[(&str, &str)]) -> Entry {
    let base = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncLocalRecipient"),
        ("cn", "Bob Smith"),
        ("syncProxyPrimary", "SMTP:bob@org.example"),
        ("syncProxyPrimary", "MS:NET1/PO1/BSMITH"),
    ];
    entry(&[&base[..], more].concat())
}

fn remote(address: &str, owner: Option<&str>, more: &[(&str, &str)]) -> Entry {
    let owner = owner.map(|owner| ("syncImportedFrom", owner));
    let base = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("cn", "Bob Smith"),
        ("syncAddress", address),
    ];
    entry(&[&base[..], owner.as_slice(), more].concat())
}

fn exported(entry: &Entry, rules: &ExportRules<'_>) -> (ExportRecord, Vec<Note>) {
    match decide(entry, rules) {
        Decision::Export(record, notes) => (*record, notes),
        Decision::Skip { note, .. } | Decision::Hold { note, .. } => panic!("{note}"),
    }
}

fn skipped(entry: &Entry, rules: &ExportRules<'_>) -> (Option<SyncKey>, Note) {
    match decide(entry, rules) {
        Decision::Export(record, _) => panic!("{record:?}"),
        Decision::Skip { key, note } => (key, note),
        Decision::Hold { key, note, .. } => (Some(key), note),
    }
}

#[test]
fn a_person_goes_out_under_the_pc_mail_address_with_lines() {
    let given = Given::new(&["PCM"]);
    let (record, notes) = exported(
        &local(&[("title", "Boss"), ("syncTemplate", "Shoe Size:/9")]),
        &given.rules(),
    );
    assert_eq!(record.address.to_string(), "MS:NET1/PO1/BSMITH");
    assert_eq!(
        (&*record.name, record.kind),
        ("Bob Smith", ExportKind::Person)
    );
    assert_eq!(
        record.lines,
        [
            SentLine::new("Title:", "Boss"),
            SentLine::new("Shoe Size:", "9")
        ]
    );
    assert_eq!(notes, []);
    let off = ExportRules {
        templates: None,
        ..given.rules()
    };
    assert_eq!(exported(&local(&[("title", "Boss")]), &off).0.lines, []);
}

#[test]
fn dxc_072_without_templates_no_lines_are_made() {
    let given = Given::new(&["PCM"]);
    let off = ExportRules {
        templates: None,
        ..given.rules()
    };
    let plain = exported(&local(&[]), &off).0;
    let full = exported(
        &local(&[("title", "Boss"), ("syncTemplate", "Shoe Size:/9")]),
        &off,
    )
    .0;
    assert_eq!(plain, full);
}

#[test]
fn dx_17_of_two_primary_addresses_it_is_the_same_in_whatever_order_they_come() {
    let given = Given::new(&["PCM"]);
    let all = ["MS:NET1/MSM2/B", "MS:NET1/PO1/B", "MS:NET1/PO1/A"];
    for at in 0..all.len() {
        let mut values = all;
        values.rotate_left(at);
        let person = [("objectClass", "person"), ("cn", "Bob")];
        let proxies = values.map(|value| ("syncProxyPrimary", value));
        let both = entry(&[&person[..], &proxies].concat());
        let record = exported(&both, &given.rules()).0;
        assert_eq!(record.address.to_string(), "MS:NET1/PO1/A", "{values:?}");
    }
}

#[test]
fn dxc_046_only_a_primary_address_counts() {
    let given = Given::new(&["PCM"]);
    let both = local(&[("syncProxySecondary", "MS:NET1/MSM2/BSMITH")]);
    assert_eq!(
        exported(&both, &given.rules()).0.address.to_string(),
        "MS:NET1/PO1/BSMITH"
    );
    let only_secondary = entry(&[
        ("objectClass", "person"),
        ("cn", "Bob"),
        ("syncProxySecondary", "MS:NET1/PO1/B"),
    ]);
    assert_eq!(
        skipped(&only_secondary, &given.rules()).1.reason,
        Reason::NoAddress
    );
    let other = entry(&[
        ("objectClass", "person"),
        ("cn", "Bob"),
        ("syncProxyPrimary", "MS:NET1/MSM2/B"),
    ]);
    assert_eq!(
        skipped(&other, &given.rules()).1.reason,
        Reason::NotAuthoritative
    );
}

#[test]
fn dxc_044_what_was_made_by_hand_for_another_postoffice_stays_here() {
    let given = Given::new(&["PCM", "SMTP"]);
    let rules = given.rules();
    for address in ["MS:NETWORK/MSM3/TESTUSER", "SMTP:bob@elsewhere.example"] {
        for owner in [None, Some(" ")] {
            let note = skipped(&remote(address, owner, &[]), &rules).1;
            assert_eq!(note.reason, Reason::NotAuthoritative, "{note}");
        }
        let imported = remote(address, Some("dss/NETWORK/MSM3"), &[]);
        assert_eq!(exported(&imported, &rules).0.address.to_string(), address);
        let closed = ExportRules {
            relay: false,
            ..rules.clone()
        };
        assert_eq!(
            skipped(&imported, &closed).1.reason,
            Reason::NotAuthoritative
        );
    }
    // One of our own postoffice is ours, though made by hand. Names are whole and without case.
    exported(&remote("MS:net1/po1/ROOM", None, &[]), &rules);
    assert_eq!(
        skipped(&remote("MS:NET1/PO10/ROOM", None, &[]), &rules)
            .1
            .reason,
        Reason::NotAuthoritative
    );
}

#[test]
fn dx14_dx15_trust_hidden_kind_and_origin_have_each_their_reason_and_the_key() {
    let given = Given::new(&["PCM"]);
    let limit = ExportRules {
        trust_limit: Some(20),
        ..given.rules()
    };
    let at = |level| local(&[("syncTrustLevel", level)]);
    assert_eq!(exported(&at("20"), &limit).0.trust, Some(20));
    let (key, note) = skipped(&at("21"), &limit);
    assert_eq!(key, Some(SyncKey::stored("MS:NET1/PO1/BSMITH")));
    assert_eq!(note, Note::new(Reason::Trust, "level 21, limit 20"));
    assert_eq!(skipped(&at("high"), &limit).1.reason, Reason::Trust);

    let hidden = skipped(&local(&[("syncHidden", "TRUE")]), &given.rules());
    assert_eq!(
        (hidden.0.is_some(), hidden.1.reason),
        (true, Reason::Hidden)
    );
    exported(&local(&[("syncHidden", "FALSE")]), &given.rules());
    let no = skipped(&local(&[("syncExport", "FALSE")]), &given.rules());
    assert_eq!(no.1.reason, Reason::ConsentNo);

    let back = remote("MS:NET9/PO9/A", Some("DSS/net9/po9"), &[]);
    assert_eq!(skipped(&back, &given.rules()).1.reason, Reason::OwnImport);

    let none = ExportKinds {
        people: false,
        groups: false,
        remote: false,
    };
    let role = entry(&[
        ("objectClass", "organizationalRole"),
        ("cn", "All"),
        ("syncProxyPrimary", "MS:NET1/PO1/ALL"),
    ]);
    let contact = remote("MS:NETX/POX/A", Some("dss/NETX/POX"), &[]);
    for (entry, only) in [
        (
            local(&[]),
            ExportKinds {
                people: true,
                ..none
            },
        ),
        (
            role,
            ExportKinds {
                groups: true,
                ..none
            },
        ),
        (
            contact,
            ExportKinds {
                remote: true,
                ..none
            },
        ),
    ] {
        let with = |kinds| ExportRules {
            kinds,
            ..given.rules()
        };
        assert_eq!(skipped(&entry, &with(none)).1.reason, Reason::KindOff);
        exported(&entry, &with(only));
    }
}

#[test]
fn dx16_a_type_nobody_asked_for_goes_out_as_proxy_or_not_at_all() {
    let given = Given::new(&["csi"]);
    let proxied = [("syncProxyPrimary", "MS:NET1/PO1/GATE")];
    let gateway = remote("SMTP:bob@elsewhere.example", Some("dss/NETX/POX"), &proxied);
    assert_eq!(
        skipped(&gateway, &given.rules()).1.reason,
        Reason::AddressType
    );
    let as_proxy = ExportRules {
        as_proxy: true,
        ..given.rules()
    };
    assert_eq!(
        exported(&gateway, &as_proxy).0.address.to_string(),
        "MS:NET1/PO1/GATE"
    );
    let asked = Given::new(&["PCM", "smtp"]);
    assert_eq!(
        exported(&gateway, &asked.rules()).0.address.to_string(),
        "SMTP:bob@elsewhere.example"
    );
    let only_smtp = Given::new(&["SMTP"]);
    assert_eq!(
        skipped(&local(&[]), &only_smtp.rules()).1.reason,
        Reason::AddressType
    );
}

#[test]
fn dxc_061_an_address_of_a_gateway_goes_on_unchanged() {
    let given = Given::new(&["PROFS"]);
    let record = exported(
        &remote("PROFS:GATEWAY/NODE/USER", Some("dss/N/P"), &[]),
        &given.rules(),
    )
    .0;
    let page = CodePage::Cp850;
    let sent =
        record::list_entry(&record.name, &record.address, page, X121Spelling::Plain).unwrap();
    assert_eq!(sent.address().encode(), b"PROFS:GATEWAY/NODE/USER");
}

#[test]
fn dxc_079_a_name_the_page_lacks_is_sent_with_replacements() {
    let given = Given::new(&["PCM"]);
    let name = "สมชาย";
    let thai = local(&[("displayName", name), ("syncTemplate", "Nick:/ชาย")]);
    let (record, notes) = exported(&thai, &given.rules());
    assert_eq!((&*record.name, &*record.original), ("?????", name));
    assert_eq!(record.lines, [SentLine::new("Nick:", "???")]);
    assert_eq!(notes.len(), 2);
    assert!(
        notes.iter().all(|note| note.reason == Reason::Charset),
        "{notes:?}"
    );
    assert!(
        notes[0].detail.contains("'ส' is not in code page 850"),
        "{}",
        notes[0]
    );

    let unicode = ExportRules {
        charset: Charset::Utf8,
        ..given.rules()
    };
    let (record, notes) = exported(&thai, &unicode);
    assert_eq!((&*record.name, notes), (name, vec![]));
    let strict = ExportRules {
        strict_charset: true,
        ..given.rules()
    };
    assert_eq!(skipped(&thai, &strict).1.reason, Reason::Charset);
}

#[test]
fn an_address_that_a_postoffice_cannot_hold_is_skipped_with_its_reason() {
    let given = Given::new(&["PCM", "X400", "NOTES"]);
    for (address, reason) in [
        ("MS:NETX/POX/ELEVENCHARS", Reason::TooLong),
        ("MS:NETX/POX", Reason::AddressSyntax),
        ("NOTES:Bob@Org", Reason::AddressType),
        ("SMTP: ", Reason::NoAddress),
    ] {
        assert_eq!(
            skipped(&remote(address, Some("x"), &[]), &given.rules())
                .1
                .reason,
            reason
        );
    }
    // The terminal number is remembered as it is sent.
    let dotted = ExportRules {
        x121: X121Spelling::Dotted,
        ..given.rules()
    };
    let x400 = remote("X400:c=US;X121=1;s=B", Some("x"), &[]);
    assert_eq!(
        exported(&x400, &dotted).0.address.to_string(),
        "X400:c=US;X.121=1;s=B"
    );
    assert_eq!(
        exported(&x400, &dotted).0.key,
        exported(&x400, &given.rules()).0.key
    );
}

#[test]
fn dx12_the_hash_is_of_what_is_sent_and_of_nothing_else() {
    let given = Given::new(&["PCM"]);
    let hash = |more: &[(&str, &str)]| exported(&local(more), &given.rules()).0.hash;
    let plain = hash(&[]);
    assert_eq!(
        hash(&[
            ("carLicense", "X"),
            ("syncTrustLevel", "3"),
            ("userPassword", "x")
        ]),
        plain
    );
    assert_ne!(hash(&[("title", "Boss")]), plain);
    assert_ne!(hash(&[("displayName", "Bob S.")]), plain);
    // A server may return values in any order.
    let one = [
        ("description", "a"),
        ("description", "b"),
        ("syncTemplate", "X:/1"),
        ("syncTemplate", "Y:/2"),
    ];
    let other = [
        ("description", "b"),
        ("description", "a"),
        ("syncTemplate", "Y:/2"),
        ("syncTemplate", "X:/1"),
    ];
    assert_eq!(hash(&one), hash(&other));
    assert_eq!(ContentHash::parse(&plain.to_string()), Some(plain));
    assert_eq!(ContentHash::parse(&"é".repeat(32)), None);
    // The very bytes, since a ledger outlives the program that wrote it.
    let mut bytes = Vec::new();
    for part in ["MS", "NET1/PO1/BSMITH", "Bob Smith"] {
        bytes.extend(u64::try_from(part.len()).unwrap().to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    let expected: [u8; 32] = sha2::Sha256::digest(&bytes).into();
    let expected: String = expected.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(plain.to_string(), expected);
}

#[test]
fn dxc_071_any_attribute_goes_out_that_is_mapped() {
    let mut given = Given::new(&["PCM"]);
    given.map = TemplateMap::new(vec![TemplateRule::new("Plate", "carLicense")]).unwrap();
    let record = exported(&local(&[("carLicense", "X 1")]), &given.rules()).0;
    assert_eq!(record.lines, [SentLine::new("Plate", "X 1")]);
}
