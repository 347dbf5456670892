//! What the server tells of changes since a cookie (RFC 4533), asked with its own client.

use crate::support::slapd::{SUFFIX, Setup, Slapd};

const FILTER: &str = "(&(objectClass=syncLocalRecipient)(!(syncHidden=TRUE)))";

fn person(name: &str) -> String {
    format!(
        "dn: cn={name},o=Org
objectClass: inetOrgPerson
objectClass: syncLocalRecipient
cn: {name}
sn: {name}

"
    )
}

/// Returns what `ldapsearch` prints for everything since a cookie.
fn refresh(server: &Slapd, cookie: Option<&str>) -> String {
    let control = match cookie {
        Some(cookie) => format!("sync=ro/{cookie}"),
        None => "sync=ro".to_owned(),
    };
    let args = ["-b", SUFFIX, "-E", &control, FILTER, "cn", "entryUUID"];
    let output = server.client("ldapsearch", &args, "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn behind<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let lines = text.lines();
    lines.filter_map(|line| line.strip_prefix(start)).collect()
}

/// The server's half: the ledger makes a D of both.
#[test]
fn ldc_016_the_newly_hidden_and_the_deleted_come_back_alike_as_no_longer_matching() {
    let people = ["A", "B", "C"].map(person).concat();
    let server = Setup::new()
        .content(&people)
        .overlay("syncprov", &["syncprov-sessionlog 1000"])
        .start();
    let first = refresh(&server, None);
    let cookie = behind(&first, "# cookie: ")[0];
    let uuid = |name: &str| {
        let entry = first
            .split("\ndn: ")
            .find(|e| e.starts_with(&format!("cn={name},")));
        behind(entry.expect("it is listed"), "entryUUID: ")[0]
    };
    server.modify(
        "dn: cn=A,o=Org\nchangetype: modify\nreplace: syncHidden\nsyncHidden: TRUE\n-\n
dn: cn=B,o=Org\nchangetype: delete\n",
    );
    server.add(&person("D"));
    let second = refresh(&server, Some(cookie));
    assert!(
        second.contains("UUIDs no longer match the search"),
        "{second}"
    );
    let mut gone = behind(&second, "#\t");
    gone.sort_unstable();
    let mut expected = [uuid("A"), uuid("B")];
    expected.sort_unstable();
    assert_eq!(gone, expected, "{second}");
    assert_eq!(behind(&second, "cn: "), ["D"], "{second}");
}
