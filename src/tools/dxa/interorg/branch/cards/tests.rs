use super::*;
use crate::directory::dn::Dn;
use crate::tools::dxa::interorg::config::Rewrite;

fn export() -> Export {
    Export {
        containers: Vec::new(),
        attributes: Card::GENERAL.into_iter().map(str::to_owned).collect(),
        append: None,
        rewrite: Vec::new(),
        trust: 100,
        relay: false,
    }
}

fn judged(lines: &str, export: &Export, no_smtp: NoSmtp) -> Verdict {
    let pairs = lines.split(';').map(|line| {
        let (name, value) = line.split_once('=').expect("a pair");
        (name.trim(), value.trim())
    });
    let entry = Entry {
        dn: Dn::parse("cn=Ann,ou=People,o=Org1").expect("a name"),
        attributes: pairs.collect(),
    };
    let rules = Rules {
        owner: "hub/ORG1",
        export,
        no_smtp,
    };
    judge(&entry, &CardKind::ALL.into(), rules)
}

fn card(lines: &str, export: &Export) -> Card {
    match judged(lines, export, NoSmtp::Skip) {
        Verdict::Card(card) => *card,
        other => panic!("{other:?}"),
    }
}

fn reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Card(card) => panic!("{card:?}"),
        Verdict::Withheld(note) | Verdict::Skipped(note) => note.reason,
    }
}

#[test]
fn ioc_035_nothing_is_asked_for_that_is_not_carried_or_needed() {
    let export = export();
    let rules = Rules {
        owner: "hub/ORG1",
        export: &export,
        no_smtp: NoSmtp::Skip,
    };
    let asked = rules.attributes();
    let general = Card::GENERAL;
    let needed = NEEDED.into_iter().map(str::to_lowercase);
    let allowed: BTreeSet<_> = general
        .into_iter()
        .map(str::to_owned)
        .chain(needed)
        .collect();
    let found: BTreeSet<_> = asked.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(found, allowed);
    assert_eq!(asked.len(), found.len(), "each once: {asked:?}");
}

#[test]
fn ioc_023_a_text_is_appended_once() {
    let with = Export {
        append: Some(" (ORG1)".to_owned()),
        ..export()
    };
    for (name, export, shown) in [
        ("Ann", &with, "Ann (ORG1)"),
        ("Ann (ORG1)", &with, "Ann (ORG1)"),
        ("Ann", &export(), "Ann"),
    ] {
        let card = card(&format!("cn=Ann; displayName={name}; mail=a@o"), export);
        assert_eq!(card.attributes[DISPLAY_NAME], [shown]);
    }
}

#[test]
fn ioc_025_the_address_before_is_target_and_secondary() {
    let export = Export {
        rewrite: vec![Rewrite {
            from: "org1.company.example".to_owned(),
            to: "company.example".to_owned(),
        }],
        ..export()
    };
    let ann = card(
        "cn=Ann; mail=Ann@ORG1.company.example; syncProxySecondary=smtp:A@org1.company.example",
        &export,
    );
    assert_eq!(ann.mail.as_deref(), Some("Ann@company.example"));
    assert_eq!(ann.target.as_deref(), Some("SMTP:Ann@ORG1.company.example"));
    assert_eq!(
        ann.secondary,
        [
            "SMTP:A@org1.company.example",
            "SMTP:Ann@ORG1.company.example"
        ]
    );
    let other = card("cn=Bob; mail=bob@sub.org1.company.example", &export);
    assert_eq!(other.mail.as_deref(), Some("bob@sub.org1.company.example"));
    assert_eq!(other.target, None);
}

#[test]
fn ioc_006_another_type_stands_in_where_mail_is_not_needed() {
    let remote = "objectClass=syncRemoteAddress; cn=Ann; syncAddress=FAX:12";
    assert_eq!(
        reason(judged(remote, &export(), NoSmtp::Skip)),
        Reason::NoSmtp
    );
    match judged(remote, &export(), NoSmtp::ImportWithoutMail) {
        Verdict::Card(card) => {
            assert_eq!((card.mail, card.target.as_deref()), (None, Some("FAX:12")));
        }
        other => panic!("{other:?}"),
    }
    let none = judged("cn=Ann", &export(), NoSmtp::ImportWithoutMail);
    assert_eq!(reason(none), Reason::NoAddress);
}

#[test]
fn what_is_not_to_leave_stays() {
    for (lines, expected) in [
        (
            "syncImportedFrom=HUB/org1; syncHidden=TRUE",
            Reason::OwnImport,
        ),
        ("syncHidden=true", Reason::Hidden),
        ("syncExport=FALSE", Reason::ConsentNo),
        ("syncTrustLevel=101", Reason::Trust),
        ("syncTrustLevel=x", Reason::Trust),
        ("syncImportedFrom=dss/NET1/PO1", Reason::NotAuthoritative),
        ("mail=nobody", Reason::AddressSyntax),
    ] {
        let lines = format!("cn=Ann; {lines}");
        let verdict = judged(&lines, &export(), NoSmtp::Skip);
        assert_eq!(reason(verdict), expected, "{lines}");
    }
    let relay = Export {
        relay: true,
        ..export()
    };
    let own = judged(
        "cn=A; syncImportedFrom=hub/ORG1; mail=a@o",
        &relay,
        NoSmtp::Skip,
    );
    assert_eq!(reason(own), Reason::OwnImport);
    let other = card("cn=A; syncImportedFrom=dss/N/P; mail=a@o", &relay);
    assert_eq!(other.mail.as_deref(), Some("a@o"));
}

#[test]
fn the_primary_address_is_the_one_that_the_entry_calls_so() {
    let ann = card(
        "cn=Ann; mail=old@o; mail=new@o; syncProxyPrimary=SMTP:New@o; syncProxyPrimary=MS:N/P/A",
        &export(),
    );
    assert_eq!(ann.mail.as_deref(), Some("new@o"));
    assert_eq!(ann.secondary, ["SMTP:old@o"]);
}
