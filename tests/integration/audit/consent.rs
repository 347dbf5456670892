//! Consent: five values, of which two exclude (`spec/exchange.md` NT-02, section 7 E).

use super::scene::{Audited, Scene};
use crate::support::Office;

/// A hundred persons: 80 yes, 10 no, 5 blank, 3 unreadable, 2 unrecognised, with an address in the list PCM:NET/PO.
fn book() -> Vec<u8> {
    let mut book = b"FullName,Address,Allowed\r\n".to_vec();
    for number in 0..100 {
        let consent: &[u8] = match number {
            0..80 => b"Yes",
            80..90 => b"No",
            90..95 => b"",
            95..98 => b"Y\x00\xff",
            _ => b"perhaps",
        };
        book.extend(format!("User {number:03},PCM:NET/PO/U{number:03},").bytes());
        book.extend(consent);
        book.extend(b"\r\n");
    }
    book
}

fn list(numbers: impl Iterator<Item = u32>) -> String {
    let lines = numbers.map(|n| format!("A User {n:03}\tPCM:NET/PO/U{n:03}\n"));
    lines.collect()
}

fn audited(scene: &Scene, target: &str) -> Audited {
    scene.text("target.txt", target);
    scene.audit("book.csv", "target.txt", "--consent allowed")
}

#[test]
fn ntc_001_eighty_apply_fifteen_are_excluded_and_five_are_named() {
    let scene = Scene::new();
    scene.write("book.csv", book());
    let found = audited(&scene, &list(0..80)).ends(1, "PARTIAL");
    assert_eq!((found.count("/a/read"), found.count("/equal")), (100, 80));
    assert_eq!(found.summary["a"]["excluded"], serde_json::json!({"consent-blank": 5, "consent-no": 10}));
    assert_eq!(
        found.summary["a"]["withheld"],
        serde_json::json!({"consent-unreadable": 3, "consent-unrecognised": 2})
    );
    let named: Vec<_> = found.of("withheld").iter().map(|l| (&l["entry"], &l["reason"])).collect();
    let expected = [95, 96, 97, 98, 99].map(|number| {
        let reason = if number < 98 { "consent-unreadable" } else { "consent-unrecognised" };
        (format!("MS:NET/PO/U{number:03}"), reason)
    });
    for ((entry, reason), expected) in named.iter().zip(&expected) {
        assert_eq!((entry.as_str(), reason.as_str()), (Some(&expected.0[..]), Some(expected.1)));
    }
    assert_eq!(named.len(), 5);
    // What cannot be read is shown as it is.
    assert_eq!(found.of("withheld")[0]["detail"], "allowed: Y\\x00\\xff");
    assert_eq!(found.of("withheld")[3]["detail"], "allowed: perhaps");
}

#[test]
fn ntc_001_of_the_five_those_that_were_there_stay_and_the_excluded_go() {
    let scene = Scene::new();
    scene.write("book.csv", book());
    let before = list((0..80).chain([80, 90, 95, 99]));
    let office = Office::new("NET/HERE").define(&["PCM:NET/PO"]);
    office.import_text("", &before).ends(0);
    let path = office.path().display().to_string();
    let repair = scene.path("repair.txt");
    let more = format!("--consent Allowed --list PCM:NET/PO --repair {}", repair.display());
    let found = scene.audit("book.csv", &path, &more).ends(5, "PARTIAL");
    assert_eq!(found.keys("extra"), ["MS:NET/PO/U080", "MS:NET/PO/U090"]);
    let reasons: Vec<_> = found.of("extra").iter().map(|l| l["reason"].clone()).collect();
    assert_eq!(reasons, ["consent-no", "consent-blank"]);
    assert_eq!(found.keys("kept"), ["MS:NET/PO/U095", "MS:NET/PO/U099"]);
    office.import(&format!("-f{}", repair.display())).ends(0);
    let found = scene.audit("book.csv", &path, &more).ends(1, "PARTIAL");
    assert_eq!((found.count("/extra"), found.count("/kept")), (0, 2));
}

#[test]
fn ntc_009_blank_is_counted_apart_from_no_and_may_be_set_to_yes() {
    let scene = Scene::new();
    scene.write(
        "book.ldif",
        "version: 1\n\ndn: cn=A\ncn: A\nmail: a@x\nsyncExport: FALSE\n\ndn: cn=B\ncn: B\nmail: b@x\n\n",
    );
    scene.text("target.txt", "A B\tSMTP:b@x\n");
    let found = scene.audit("book.ldif", "target.txt", "--consent syncExport");
    assert_eq!(
        found.ends(5, "PARTIAL").found(),
        [
            "excluded A SMTP:a@x consent-no",
            "excluded A SMTP:b@x consent-blank",
            "extra SMTP:b@x consent-blank",
        ]
    );
    let more = "--consent syncexport --consent-blank yes";
    let found = scene.audit("book.ldif", "target.txt", more).ends(0, "COMPLETE");
    assert_eq!(found.found(), ["excluded A SMTP:a@x consent-no"]);
}
