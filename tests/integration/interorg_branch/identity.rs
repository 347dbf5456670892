//! Who is who: the key of the source, and nothing else.

use dirsync::plan::outcome::{Outcome, Reason};

use super::scene::{Hub, OTHERS, Org, PEOPLE, because, ended};

#[test]
fn ioc_001_the_same_alias_three_times_is_three_people() {
    let orgs = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    for org in &orgs {
        let domain = org.name.to_lowercase();
        org.person(
            "John Smith",
            "jsmith",
            &format!("jsmith@{domain}.example"),
            "",
        );
    }
    let mut hub = Hub::new();
    let rounds = hub.round(&orgs.each_ref());
    for (org, (asked, _, took)) in orgs.iter().zip(&rounds) {
        assert_eq!((asked.exported, took.counts.added), (1, 2), "{took:?}");
        let entries = org.entries();
        let branches: Vec<_> = entries
            .iter()
            .map(|entry| {
                assert_eq!(entry.attributes.text("uid"), Some("jsmith"));
                let key = entry.attributes.text("syncKey").expect("a key");
                key.split(':').next().expect("a branch").to_owned()
            })
            .collect();
        let others = ["ORG1", "ORG2", "ORG3"].into_iter();
        let others: Vec<_> = others.filter(|name| *name != org.name).collect();
        assert_eq!(branches, others);
    }
    // Nothing comes back, and nothing is sent twice.
    for (asked, taken, took) in hub.round(&orgs.each_ref()) {
        assert_eq!((asked.sent, asked.deleted, asked.considered), (0, 0, 1));
        assert_eq!((taken.added, taken.modified), (0, 0));
        assert_eq!(took.counts.read, 0);
    }
}

#[test]
fn ioc_003_a_rename_and_a_move_at_the_source_change_one_entry() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    two.person("John Smith", "jsmith", "jsmith@org2.example", "");
    hub.round(&[&one, &two]);
    let before = one.entry("John Smith");
    two.slapd.add(&format!(
        "dn: ou=Sales,{PEOPLE}\nobjectClass: organizationalUnit\nou: Sales\n"
    ));
    two.slapd.modify(&format!(
        "dn: cn=John Smith,{PEOPLE}\nchangetype: modrdn\nnewrdn: cn=John B Smith\ndeleteoldrdn: 1\n\
         newsuperior: ou=Sales,{PEOPLE}\n"
    ));
    let moved = format!("cn=John B Smith,ou=Sales,{PEOPLE}");
    two.replace(&moved, "uid", "jsmith2");
    let rounds = hub.round(&[&one, &two]);
    let took = &rounds[0].2;
    assert_eq!((took.counts.modified, took.counts.read), (1, 1), "{took:?}");
    let after = one.entry("John Smith");
    assert_eq!(
        after.attributes.text("entryUUID"),
        before.attributes.text("entryUUID")
    );
    assert_eq!(after.attributes.text("uid"), Some("jsmith2"));
    assert_eq!(after.attributes.text("cn"), Some("John B Smith"));
    assert_eq!(one.entries().len(), 1);
}

#[test]
fn ioc_020_what_came_from_the_hub_never_goes_back_wherever_it_lies() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.configure("relay = true");
    let mut hub = Hub::new();
    two.person("Ann Gray", "ann", "ann@org2.example", "");
    hub.round(&[&one, &two]);
    let entry = one.entry("Ann Gray");
    let key = entry.attributes.text("syncKey").expect("a key").to_owned();
    one.slapd.modify(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: syncKey={key}\ndeleteoldrdn: 1\nnewsuperior: {PEOPLE}\n",
        entry.dn
    ));
    let (asked, ..) = hub.cycle(&one);
    assert_eq!((asked.considered, asked.exported, asked.sent), (1, 0, 0));
    assert_eq!(asked.skipped.get("own-import"), Some(&1));
    let [line] = because(&asked.lines, Reason::OwnImport)[..] else {
        panic!("{:?}", asked.lines);
    };
    assert_eq!(line.outcome, Outcome::Ignored);
    // It is the entry of its source all the same, where it is now.
    two.replace(&format!("cn=Ann Gray,{PEOPLE}"), "title", "Clerk");
    hub.cycle(&two);
    let (.., took) = hub.cycle(&one);
    assert_eq!(took.counts.modified, 1, "{took:?}");
    let moved = one.entry("Ann Gray");
    assert_eq!(moved.attributes.text("title"), Some("Clerk"));
    assert!(moved.dn.to_string().ends_with(PEOPLE));
    two.delete(&format!("cn=Ann Gray,{PEOPLE}"));
    hub.cycle(&two);
    hub.cycle(&one);
    assert_eq!(one.entries(), []);
}

#[test]
fn what_another_connection_brought_is_passed_on_only_where_that_is_wanted() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.slapd.add(&format!(
        "dn: syncKey=SMTP:eve@pc.example,{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\n\
         syncKey: SMTP:eve@pc.example\ncn: Eve\nsn: Eve\ndisplayName: Eve\nsyncAddress: SMTP:eve@pc.example\n\
         syncImportedFrom: dss/NET1/PO1\n"
    ));
    let mut hub = Hub::new();
    let (asked, ..) = hub.cycle(&one);
    assert_eq!(asked.skipped.get("not-authoritative"), Some(&1));
    one.configure("relay = true");
    hub.round(&[&one, &two]);
    assert_eq!(two.shown(), ["ORG1 Eve <eve@pc.example>"]);
}

#[test]
fn ioc_040_whoever_moved_to_another_organization_keeps_the_name_from_before() {
    let orgs = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    let [one, two, three] = &orgs;
    let mut hub = Hub::new();
    one.person("John Smith", "jsmith", "jsmith@company.example", "");
    hub.round(&orgs.each_ref());
    one.delete(&format!("cn=John Smith,{PEOPLE}"));
    let cn = "John Q Smith";
    two.person(
        cn,
        "john",
        "john@org2.example",
        "syncProxySecondary: SMTP:jsmith@company.example",
    );
    hub.round(&orgs.each_ref());
    let expected = format!("X500:cn=John Smith,{PEOPLE}");
    for org in [one, three] {
        let entry = org.entry(cn);
        let secondary = entry.attributes.values("syncProxySecondary");
        let mut found: Vec<_> = secondary.map(String::from_utf8_lossy).collect();
        found.sort();
        assert_eq!(
            found,
            ["SMTP:jsmith@company.example", &expected],
            "{}",
            org.name
        );
        assert_eq!(org.entries().len(), 1);
    }
    // It stays, whatever else changes, and whatever the ledger forgets.
    std::fs::remove_file(three.data("branch.db")).expect("removed");
    two.replace(&format!("cn={cn},{PEOPLE}"), "title", "Clerk");
    hub.round(&orgs.each_ref());
    let entry = three.entry(cn);
    assert_eq!(entry.attributes.text("title"), Some("Clerk"));
    let mut secondary = entry.attributes.values("syncProxySecondary");
    assert!(secondary.any(|value| value == expected.as_bytes()));
}

#[test]
fn ioc_040_whoever_was_moved_within_an_organization_keeps_the_name_from_before() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    two.person("Ann Gray", "ann", "ann@org2.example", "");
    hub.round(&[&one, &two]);
    two.slapd.modify(&format!(
        "dn: cn=Ann Gray,{PEOPLE}\nchangetype: modrdn\nnewrdn: cn=Ann Black\ndeleteoldrdn: 1\n"
    ));
    hub.round(&[&one, &two]);
    let expected = format!("X500:cn=Ann Gray,{PEOPLE}");
    let secondary = |org: &Org| {
        let mut values = org.entries()[0]
            .attributes
            .values("syncProxySecondary")
            .to_vec();
        values.sort();
        values
    };
    assert_eq!(secondary(&one), [expected.as_bytes()]);
    // An address that goes at its source goes here, the name does not.
    let dn = format!("cn=Ann Black,{PEOPLE}");
    two.replace(&dn, "syncProxySecondary", "SMTP:a@org2.example");
    hub.round(&[&one, &two]);
    assert_eq!(secondary(&one).len(), 2);
    two.replace(&dn, "syncProxySecondary", "SMTP:b@org2.example");
    hub.round(&[&one, &two]);
    assert_eq!(
        secondary(&one),
        [b"SMTP:b@org2.example", expected.as_bytes()]
    );
    assert_eq!(two.entries(), []);
}

#[test]
fn an_entry_of_the_container_that_is_not_of_the_hub_is_nobodys_business() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    one.slapd.add(&format!(
        "dn: cn=Manual,{OTHERS}\nobjectClass: inetOrgPerson\ncn: Manual\nsn: Manual\nmail: m@x.example\n"
    ));
    let mut hub = Hub::new();
    two.person("Ann Gray", "ann", "ann@org2.example", "");
    hub.round(&[&one, &two]);
    let (.., took) = hub.cycle_with(
        &one,
        dirsync::tools::dxa::interorg::branch::Wanted {
            import_all: true,
            ..Default::default()
        },
    );
    assert!(took.is_full && ended(&took.lines, Outcome::Swept).is_empty());
    let found = one.slapd.search(OTHERS, "(cn=Manual)", &["mail"]);
    assert!(found.contains("m@x.example"), "{found}");
}
