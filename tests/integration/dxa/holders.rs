//! Whose an address or an entry is, and what a server takes for a value (`spec/exchange.md` LD-04, LD-07, LD-08).

use std::fs;

use super::scene::{CONTAINER, Numbers, Scene, names, resync};
use crate::support::relay::ADD;
use crate::support::slapd::Setup;

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

const KATE: &str = "A Kate\tSMTP:kate@org.example";
const KAY: &str = "A Kay\tPCM:NET1/PO1/KAY";

/// Applies a list and returns the report line of each entry.
fn apply(scene: &Scene, numbers: Numbers, texts: &[&str], exit: i32) -> Vec<serde_json::Value> {
    scene.drop_file("RESYNC.GLB", &resync(numbers, texts));
    let _ = fs::remove_dir_all(scene.data("done"));
    scene.dxa("lists --json").ends(exit);
    let reports = names(&scene.data("done"));
    let report = reports.iter().find(|name| name.ends_with(".report"));
    let report = scene.data("done").join(report.expect("a report"));
    let text = fs::read_to_string(report).expect("readable");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let entries = lines.filter(|line: &serde_json::Value| line["entry"].is_string());
    entries.collect()
}

fn local(scene: &Scene) {
    scene.add(
        "dn: cn=Local,ou=People,o=Org\nobjectClass: inetOrgPerson\ncn: Local\nsn: Local\n\
         mail: kate@org.example\nmail: kay@po1.example\n",
    );
}

#[test]
fn ldc_007_the_holder_of_a_mail_address_is_named_before_the_server_is_asked() {
    let setup = Setup::new().overlay("unique", &["unique_uri ldap:///?mail?sub?"]);
    let scene = Scene::on(setup);
    let other = scene.unit("Other");
    let held = "SMTP:KATE@ORG.EXAMPLE";
    scene.add(&format!(
        "dn: syncKey={held},{other}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\nsyncKey: {held}\n\
         syncAddress: SMTP:kate@org.example\nsyncImportedFrom: dss/NET9/PO9\ncn: Kate\nsn: K\nmail: kate@org.example\n"
    ));
    let relay = scene.through_relay();
    let lines = apply(&scene, FIRST, &[KATE, KAY], 1);
    assert_eq!(lines[0]["reason"], "address-duplicate", "{lines:?}");
    let detail = lines[0]["detail"].to_string();
    assert!(detail.contains(&format!("syncKey={held}")), "{detail}");
    assert_eq!(relay.count(ADD), 1, "only Kay is asked for");
    assert_eq!(scene.shown(), ["MS:NET1/PO1/KAY=Kay"]);
}

#[test]
fn ldc_007_a_mail_address_that_a_line_brings_a_second_time_is_left_out_and_its_holder_named() {
    let setup = Setup::new().overlay("unique", &["unique_uri ldap:///?mail?sub?"]);
    let scene = Scene::on(setup);
    scene.configure("[[connection.mapping]]\nprompt = \"E-Mail:\"\nattribute = \"mail\"\n");
    let lines = apply(
        &scene,
        FIRST,
        &[
            "A Ann\tPCM:NET1/PO1/ANN\r\n- E-Mail:/both@org.example",
            "A Ben\tPCM:NET1/PO1/BEN\r\n- E-Mail:/both@org.example",
        ],
        0,
    );
    let with_mail: Vec<_> = scene
        .entries(CONTAINER)
        .into_iter()
        .filter(|entry| entry.attributes.first("mail").is_some())
        .collect();
    assert_eq!(with_mail.len(), 1, "{lines:?}");
    let notes: String = lines.iter().map(|line| line["notes"].to_string()).collect();
    let expected = format!("held by {}", with_mail[0].dn);
    assert!(notes.contains("19 constraintViolation"), "{notes}");
    assert!(notes.contains(&expected), "{notes}");
}

#[test]
fn ldc_008_the_address_of_a_local_person_is_taken_although_the_server_would_take_it_twice() {
    let filtered = "unique_uri ldap:///?mail?sub?(objectClass=syncRemoteAddress)";
    let scene = Scene::on(Setup::new().overlay("unique", &[filtered]));
    scene.configure("smtp-domain = \"po1.example\"");
    local(&scene);
    let lines = apply(&scene, FIRST, &[KATE, KAY], 1);
    assert_eq!(lines[0]["reason"], "address-duplicate", "{lines:?}");
    assert_eq!(lines[0]["detail"], "cn=Local,ou=People,o=Org", "{lines:?}");
    // A generated address never costs the entry: it is numbered, and its holder named too.
    assert_eq!(lines[1]["outcome"], "added", "{lines:?}");
    let notes = lines[1]["notes"].to_string();
    assert!(notes.contains("proxy-numbered"), "{notes}");
    assert!(notes.contains("cn=Local,ou=People,o=Org"), "{notes}");
    let entries = scene.entries(CONTAINER);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].attributes.text("mail"), Some("kay2@po1.example"));
    // The server itself sees nothing wrong.
    scene.add(&format!(
        "dn: syncKey=SMTP:KATE@ORG.EXAMPLE,{CONTAINER}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\n\
         syncKey: SMTP:KATE@ORG.EXAMPLE\nsyncAddress: SMTP:kate@org.example\nsyncImportedFrom: dss/NET1/PO1\ncn: Kate\n\
         sn: Kate\nmail: kate@org.example\n"
    ));
}

#[test]
fn ldc_033_only_entries_of_exactly_this_owner_are_swept() {
    for (owner, others) in [
        (
            "dss/NET1/PO1",
            ["dss/NET1/PO11", "dss/NET1/PO", "xdss/NET1/PO1", "dss/NET1"],
        ),
        // Nothing in it means anything to a filter.
        (
            "dss/(NET*)",
            ["dss/(NET1)", "dss/(NET", "dss/(NET*)x", "dss/NET*"],
        ),
    ] {
        let scene = Scene::new();
        let text = fs::read_to_string(scene.config()).expect("readable");
        let text = text.replace("owner = \"dss/NET1/PO1\"", &format!("owner = \"{owner}\""));
        fs::write(scene.config(), text).expect("written");
        let list = ["A Ann\tPCM:NET1/PO1/ANN", "A Stale\tPCM:NET1/PO1/STALE"];
        apply(&scene, FIRST, &list, 0);
        for (number, other) in others.iter().enumerate() {
            scene.remote(CONTAINER, other, "Foreign", &format!("MS:N/P/F{number}"));
        }
        // The server compares owners without case, and so does the agent.
        scene.remote(CONTAINER, &owner.to_uppercase(), "Same", "MS:NET1/PO1/SAME");
        scene.drop_file("RESYNC.GLB", &resync(SECOND, &list[..1]));
        let report = scene.dxa("lists --json").ends(0).json();
        let list = &report["lists"][0];
        assert_eq!(
            (&list["swept"], &list["foreign"], &list["unchanged"]),
            (&2.into(), &4.into(), &1.into()),
            "{owner}: {report}"
        );
        assert_eq!(scene.entries(CONTAINER).len(), 5);
    }
}

#[test]
fn ldc_005_what_a_line_says_reaches_a_boolean_attribute_as_true_or_false_or_not_at_all() {
    let flag = "attributetype ( 1.1.2.3.1 NAME 'takesPart' EQUALITY booleanMatch \
        SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )";
    let rule = "ditcontentrule ( 2.16.840.1.113730.3.2.2 NAME 'people' \
        AUX ( syncRemoteAddress $ syncLocalRecipient ) MAY takesPart )";
    let scene = Scene::on(Setup::new().global(flag).global(rule));
    scene.configure("[[connection.mapping]]\nprompt = \"Part:\"\nattribute = \"takesPart\"\n");
    // A line of a list holds no blank at its end: that one is the server's business alone.
    for (number, (said, kept)) in [
        ("YES", None),
        ("true", None),
        ("1", None),
        ("TRUE", Some("TRUE")),
        ("FALSE", Some("FALSE")),
    ]
    .into_iter()
    .enumerate()
    {
        let numbers = (14, 80 + number as u32, 1, 100 + number as u32);
        let ann = format!("A Ann\tPCM:NET1/PO1/ANN\r\n- Part:/{said}");
        let lines = apply(&scene, numbers, &[&ann], 0);
        let entries = scene.entries(CONTAINER);
        let attributes = &entries[0].attributes;
        assert_eq!(attributes.text("takesPart"), kept, "{said}: {lines:?}");
        let line = kept.is_none().then(|| format!("Part:/{said}"));
        assert_eq!(attributes.text("syncTemplate"), line.as_deref(), "{said}");
    }
    // Whether somebody takes part at all is not for a line of another postoffice to say.
    scene.configure("[[connection.mapping]]\nprompt = \"Part:\"\nattribute = \"syncExport\"\n");
    scene.dxa("check").ends(2);
}
