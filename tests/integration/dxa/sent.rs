//! What goes out can be read by the programs of a postoffice (`spec/exchange.md` DX-22, DX-32).

use std::fs;

use super::net::{Net, letters};
use crate::cycle::site::Letter;

/// The header lines of a message that say how something is written.
fn encodings(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let lines = text.lines().filter(|line| line.starts_with("content-"));
    lines.map(str::to_owned).collect()
}

/// Asserts that a message has nothing in it that a postoffice cannot read.
fn assert_plain(letter: &Letter) {
    let bytes = fs::read(&letter.path).expect("readable");
    for line in encodings(&bytes) {
        let (name, value) = line.split_once(':').expect("a header line");
        match name {
            "content-transfer-encoding" => {
                assert!(
                    ["quoted-printable", "base64"].contains(&value.trim()),
                    "{line}"
                );
            }
            "content-type" => {
                let plain = ["text/plain", "multipart/mixed", "application/octet-stream"];
                assert!(
                    plain.iter().any(|kind| value.trim().starts_with(kind)),
                    "{line}"
                );
            }
            "content-disposition" => {}
            _ => panic!("{line}"),
        }
    }
    let attached = letter.mail.transactions().expect("transactions");
    let packed: [&[u8]; 5] = [b"\x1f\x8b", b"PK", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    assert!(!packed.iter().any(|magic| attached.bytes.starts_with(magic)));
    // As long as what is in it.
    let texts: usize = letter.queued().iter().map(|(_, text)| text.len()).sum();
    assert!(
        attached.bytes.len() > texts,
        "{} for {texts}",
        attached.bytes.len()
    );
}

#[test]
fn dxc_103_what_goes_to_a_postoffice_is_plain_and_its_programs_take_it() {
    let names: Vec<_> = (0..200).map(|n| format!("User Nr{n}")).collect();
    let ldif: String = names
        .iter()
        .zip(0..)
        .map(|(name, n)| {
            format!(
                "dn: cn={name},ou=People,o=Org\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\n\
                 cn: {name}\nsn: {name}\ndisplayName: {name}\nsyncProxyPrimary: MS:NET1/AGENT/USER{n}\n\n"
            )
        })
        .collect();
    let requestor = Net::requestor(&["NET1/PO1"]);
    requestor.scene.add(&ldif);
    requestor.scene.dxa("cycle").ends(0);
    let sent = letters(&requestor.scene, "P1/new");
    assert_eq!(sent[0].queued().len(), 201);
    assert_plain(&sent[0]);
    requestor.serve();
    assert_eq!(requestor.site.names_in("NET1/PO1", "NET1/AGENT").len(), 200);

    let server = Net::server(&["NET1/PO1"]);
    server.scene.unit("PO1");
    server.scene.configure_connections(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"NET1/PO1\"\n\
         import-container = \"ou=PO1,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n",
    );
    server.scene.add(&ldif);
    server.site.t1("NET1/PO1");
    server.carry();
    server.scene.dxa("cycle").ends(0);
    let sent = letters(&server.scene, "P1/new");
    assert_eq!(sent[0].queued().len(), 201);
    assert_plain(&sent[0]);
    server.carry();
    server.site.t3("NET1/PO1");
    assert_eq!(server.site.names_in("NET1/PO1", "NET1/AGENT").len(), 200);
}

#[test]
fn dxc_067_a_value_with_line_ends_makes_none_in_what_is_sent() {
    let net = Net::requestor(&["NET1/PO1"]);
    // "one\r\r\ntwo\r\n\r\n"
    net.scene.person_in(
        "ou=People,o=Org",
        "Lena Berg",
        "LENA",
        "description:: b25lDQ0KdHdvDQoNCg==\ntitle:: eA0=\n",
    );
    net.scene.dxa("cycle").ends(0);
    let mut seen = 0;
    let mut assert_clean = |letters: Vec<Letter>| {
        for letter in letters {
            seen += 1;
            let bytes = fs::read(&letter.path).expect("readable");
            let texts = letter
                .queued()
                .into_iter()
                .map(|(_, text)| text.into_bytes());
            for text in [bytes, letter.mail.body.clone()].into_iter().chain(texts) {
                assert!(
                    !text.windows(3).any(|end| end == b"\r\r\n"),
                    "{:?}",
                    String::from_utf8_lossy(&text)
                );
            }
        }
    };
    assert_clean(letters(&net.scene, "P1/new"));
    net.site.t1("NET1/PO1");
    assert_clean(net.site.outgoing("NET1/PO1"));
    net.carry();
    net.site.t2();
    assert_clean(net.site.outgoing("NET1/PO1"));
    net.carry();
    net.site.t3("NET1/PO1");
    assert_eq!(net.site.names_in("NET1/PO1", "NET1/AGENT"), ["Lena Berg"]);
    assert!(seen > 3, "{seen}");
}

#[test]
fn an_address_of_a_type_without_templates_takes_none_along() {
    let net = Net::requestor(&["NET1/PO1"]);
    net.scene
        .configure("custom-recipients = true\nrelay = true\ntypes = [\"PCM\", \"SMTP\"]");
    let dn = "syncKey=SMTP:sam@x.example,ou=People,o=Org";
    net.scene
        .remote("ou=People,o=Org", "elsewhere", "Sam", "SMTP:sam@x.example");
    net.scene.change(
        dn,
        "changetype: modify\nadd: telephoneNumber\ntelephoneNumber: 3423",
    );
    net.scene.person_in(
        "ou=People,o=Org",
        "Lena Berg",
        "LENA",
        "telephoneNumber: 3424\n",
    );
    let run = net.scene.dxa("cycle").ends(0);
    assert!(
        run.stdout.contains("notes: value-dropped 1"),
        "{}",
        run.stdout
    );
    let sent = letters(&net.scene, "P1/new");
    let texts: Vec<_> = sent[0].queued().into_iter().map(|(_, text)| text).collect();
    let with = |name: &str| {
        texts
            .iter()
            .find(|text| text.contains(name))
            .expect("an entry")
    };
    assert!(with("Lena Berg").contains("3424"), "{texts:?}");
    assert!(!with("Sam").contains("3423"), "{texts:?}");
}
