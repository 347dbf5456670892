//! A directory by its URL, on a real server.

use super::scene::Scene;
use crate::support::slapd::{ADMIN, AGENT, Setup, Slapd};

const CONTENT: &str = "dn: ou=Imported,o=Org
objectClass: organizationalUnit
objectClass: syncImportContainer
ou: Imported
syncImportedFrom: dss/NET/SRV
syncReqSeq: 14
syncSvrSeq: 88
syncImpSeq: 2
syncEntryCount: 2

dn: syncKey=MS:NET/PO/ANN,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: MS:NET/PO/ANN
syncAddress: MS:NET/PO/Ann
syncImportedFrom: dss/NET/SRV
syncOriginalName: Ann
syncSourceSeq: 81
cn: Ann
sn: Ann
title: Clerk
title: Boss

dn: syncKey=SMTP:pat\\2Bnews@x.example,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: SMTP:pat+news@x.example
syncAddress: SMTP:pat+news@x.example
syncImportedFrom: dss/NET/SRV
cn: Pat
sn: Pat
mail: pat+news@x.example

";

fn url(server: &Slapd) -> String {
    format!("{}/ou=Imported,o=Org", server.url())
}

#[test]
fn a_directory_is_the_same_as_its_export_and_as_the_list_it_came_from() {
    let server = Setup::new().content(CONTENT).start();
    let scene = Scene::new();
    scene.write("export.ldif", format!("version: 1\n\n{CONTENT}"));
    let numbers = [14, 88, 2];
    scene.resync(
        "list.glb",
        numbers,
        &[
            "T PCM:NET/PO\r\n Title:~15~25~A~~",
            "A Ann\tPCM:NET/PO/Ann\r\n- Title:/Boss, Clerk",
            "A Pat\tSMTP:pat+news@x.example",
        ],
    );
    for a in ["export.ldif", "list.glb"] {
        let audited = scene.audit(a, &url(&server), "").ends(0, "COMPLETE");
        assert_eq!(audited.count("/equal"), 2, "{a}");
        let side = &audited.summary["sides"]["b"];
        assert_eq!(
            (&side["kind"], &side["owner"]),
            (&"ldap".into(), &"dss/NET/SRV".into())
        );
    }
    server.modify(
        "dn: syncKey=MS:NET/PO/ANN,ou=Imported,o=Org\nchangetype: modify\nreplace: title\ntitle: Clerk\n-\n\
         replace: syncSourceSeq\nsyncSourceSeq: 79\n-\n\n\
         dn: syncKey=SMTP:pat\\2Bnews@x.example,ou=Imported,o=Org\nchangetype: delete\n\n\
         dn: ou=Imported,o=Org\nchangetype: modify\nreplace: syncSvrSeq\nsyncSvrSeq: 80\n-\n\n",
    );
    let audited = scene
        .audit("export.ldif", &url(&server), "")
        .ends(5, "PARTIAL");
    assert_eq!(
        audited.found(),
        [
            "stale B sequence-old",
            "altered MS:NET/PO/ANN title Boss;Clerk|Clerk",
            "stale B MS:NET/PO/ANN sequence-old",
            "missing SMTP:pat+news@x.example",
        ]
    );
}

#[test]
fn the_way_in_is_by_name_and_password_and_encrypted_where_that_is_asked_for() {
    let server = Setup::new().content(CONTENT).tls().start();
    let scene = Scene::new();
    scene.write("export.ldif", format!("version: 1\n\n{CONTENT}"));
    scene.write("password", server.password());
    scene.write("wrong", "wrong");
    let login = format!("--bind-dn {ADMIN} --password-file {{}}/password");
    let ca = format!("--ca-file {}", server.ca_file().display());
    let ldaps = format!("{}/ou=Imported,o=Org", server.ldaps_url());
    for (url, more, exit) in [
        (&url(&server), format!("{login} {ca} --start-tls"), 0),
        (&ldaps, format!("{login} {ca}"), 0),
        (&ldaps, login.clone(), 75),
        (
            &url(&server),
            format!("--bind-dn {ADMIN} --password-file {{}}/wrong {ca} --start-tls"),
            77,
        ),
        (
            &url(&server),
            format!("--bind-dn {ADMIN} --password-file {{}}/none"),
            66,
        ),
        (
            &format!("{}/ou=None,o=Org", server.ldaps_url()),
            format!("{login} {ca}"),
            66,
        ),
        (
            &format!("{}/ou=Imported,o=Org??sub?(cn=x)", server.ldaps_url()),
            ca.clone(),
            2,
        ),
    ] {
        let ran = scene.run("export.ldif", url, &format!("{more} --json"));
        assert_eq!(ran.exit, exit, "{url} {more}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains(server.password()));
    }
}

#[test]
fn a_directory_that_shows_only_a_part_is_no_side() {
    let server = Setup::new().content(CONTENT).global("sizelimit 2").start();
    let scene = Scene::new();
    scene.write("export.ldif", format!("version: 1\n\n{CONTENT}"));
    let ran = scene.run("export.ldif", &url(&server), "--json").ends(75);
    assert!(ran.stderr.contains("incomplete read"), "{}", ran.stderr);
}

#[test]
fn nt02_consent_that_is_hidden_is_not_taken_for_blank() {
    let person = |name: &str, consent: &str| {
        format!(
            "dn: cn={name},o=Org\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: {name}\nsn: {name}\n\
             mail: {name}@x.example\n{consent}\n\n"
        )
    };
    let people = [
        person("yes", "syncExport: TRUE"),
        person("no", "syncExport: FALSE"),
        person("blank", ""),
        person("hidden", "syncExport: TRUE"),
    ];
    let server = Setup::new()
        .content(&people.concat())
        .access("to dn.exact=cn=hidden,o=Org attrs=syncExport by * none")
        .start();
    let scene = Scene::new();
    scene.write("password", server.password());
    scene.text(
        "target.txt",
        "A yes\tSMTP:yes@x.example\nA hidden\tSMTP:hidden@x.example\n",
    );
    let people = format!("{}/o=Org??one", server.url());
    let more = format!("--consent syncExport --bind-dn {AGENT} --password-file {{}}/password");
    let audited = scene.audit(&people, "target.txt", &more);
    let found: Vec<_> = audited
        .found()
        .into_iter()
        .filter(|line| !line.contains("no-address"))
        .collect();
    assert_eq!(
        found,
        [
            "excluded A SMTP:no@x.example consent-no",
            "excluded A SMTP:blank@x.example consent-blank",
            "withheld A SMTP:hidden@x.example consent-unreadable",
            "kept SMTP:hidden@x.example consent-unreadable",
        ]
    );
    assert_eq!((audited.exit, audited.count("/equal")), (1, 1));
}

#[test]
fn resync_show_takes_a_directory() {
    let server = Setup::new().content(CONTENT).start();
    let args = vec!["show".to_owned(), url(&server)];
    let shown = crate::support::run("resync", args, |_| ()).ends(0).stdout;
    let expected = format!(
        "{}: directory from dss/NET/SRV\nIMPSEQ 2, REQSEQ 14, SRVSEQ 88\n\
         \u{20} PCM:NET/PO                             1\n\u{20} SMTP:                                  1\n2 entries, whole\n",
        url(&server)
    );
    assert_eq!(shown, expected);
}

#[test]
fn nt_08_an_attribute_is_the_same_by_each_of_its_names() {
    let server = Setup::new().content(CONTENT).start();
    let scene = Scene::new();
    let ldif = format!("version: 1\n\n{CONTENT}");
    let ldif = ldif
        .replace("sn: ", "surname: ")
        .replace("mail: ", "rfc822Mailbox: ");
    scene.write("export.ldif", ldif.replace("\ncn: ", "\ncommonName: "));
    let audited = scene
        .audit("export.ldif", &url(&server), "")
        .ends(0, "COMPLETE");
    assert_eq!(audited.count("/equal"), 2);
    let altered = ldif.replace("surname: Ann", "surname: Gray");
    scene.write("export.ldif", altered);
    let audited = scene
        .audit("export.ldif", &url(&server), "")
        .ends(5, "COMPLETE");
    assert_eq!(audited.count("/altered"), 1);
    for name in ["sn", "Surname"] {
        let ignore = format!("--ignore {name}");
        scene
            .audit("export.ldif", &url(&server), &ignore)
            .ends(0, "COMPLETE");
    }
}

#[test]
fn nt_02_consent_is_read_by_whichever_name_it_is_called() {
    let server = Setup::new().content(CONTENT).start();
    let scene = Scene::new();
    let ann =
        "dn: syncKey=MS:NET/PO/ANN,ou=Imported,o=Org\nchangetype: modify\nadd: o\no: yes\n-\n\n";
    server.modify(ann);
    scene.text("there.txt", "A Ann\tPCM:NET/PO/Ann\n");
    for name in ["o", "organizationName"] {
        let audited = scene.audit(
            &url(&server),
            "there.txt",
            &format!("--names --consent {name}"),
        );
        assert_eq!(audited.count("/equal"), 1, "{name}: {}", audited.summary);
        assert_eq!(
            audited.summary["a"]["excluded"],
            serde_json::json!({"consent-blank": 1}),
            "{name}"
        );
    }
}
