//! Each finding, in texts small enough to see.

use super::scene::Scene;
use crate::support::Office;

const A: &str = "A Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\nA Cid\tSMTP:cid@x.example\n";

#[track_caller]
fn found(a: &str, b: &str, exit: i32, state: &str) -> Vec<String> {
    let scene = Scene::new();
    scene.text("a.txt", a);
    scene.text("b.txt", b);
    scene.audit("a.txt", "b.txt", "").ends(exit, state).found()
}

#[test]
fn the_same_in_another_order_is_no_difference() {
    let b = "A Cid\tSMTP:cid@x.example\nA Bob\tcsi:net/po/BOB\nA Ann\tMS:NET/PO/ANN\n";
    assert_eq!(found(A, b, 0, "COMPLETE"), [""; 0]);
    assert_eq!(found("", "", 0, "COMPLETE"), [""; 0]);
}

#[test]
fn what_b_lacks_is_missing_and_what_a_lacks_is_extra() {
    let b = "A Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\nA Dan\tPCM:NET/PO2/DAN\n";
    assert_eq!(
        found(A, b, 5, "PARTIAL"),
        ["extra MS:NET/PO2/DAN", "missing SMTP:cid@x.example"]
    );
}

#[test]
fn what_differs_is_named_with_both_values() {
    let b = "A Anna\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/Bob\nA Cid\tSMTP:Cid@x.example\n";
    assert_eq!(
        found(A, b, 5, "COMPLETE"),
        [
            "altered MS:NET/PO/ANN name Ann|Anna",
            "altered MS:NET/PO/BOB address MS:NET/PO/BOB|MS:NET/PO/Bob",
            "altered SMTP:cid@x.example address SMTP:cid@x.example|SMTP:Cid@x.example",
        ]
    );
}

#[test]
fn template_lines_are_compared_where_both_sides_have_any() {
    let with = |phone: &str| {
        format!("A Ann\tPCM:N/P/ANN\n- Phone:/{phone}\n- Title:/Clerk\nA Bob\tPCM:N/P/BOB\n")
    };
    assert_eq!(
        found(&with("1"), &with("2"), 5, "COMPLETE"),
        ["altered MS:N/P/ANN Phone: 1|2"]
    );
    let less = "A Ann\tPCM:N/P/ANN\n- Title:/Clerk\nA Bob\tPCM:N/P/BOB\n- Title:/Boss\n";
    assert_eq!(
        found(&with("1"), less, 5, "COMPLETE"),
        [
            "altered MS:N/P/ANN Phone: 1|",
            "altered MS:N/P/BOB Title: |Boss"
        ]
    );
    // A text without any says nothing of them, and the summary says that.
    let none = "A Ann\tPCM:N/P/ANN\nA Bob\tPCM:N/P/BOB\n";
    assert_eq!(found(&with("1"), none, 0, "COMPLETE"), [""; 0]);
}

#[test]
fn another_template_of_a_list_is_a_finding_where_both_sides_tell() {
    let with =
        |width: u8| format!("T PCM:N/P\n Title:~15~{width}~A~~\nA Ann\tPCM:N/P/ANN\n- Title:/x\n");
    let scene = Scene::new();
    scene.text("a.txt", &with(25));
    scene.text("b.txt", &with(10));
    let audited = scene.audit("a.txt", "b.txt", "").ends(5, "COMPLETE");
    let expected = "template MS:N/P Title:~15~25~A~~|Title:~15~10~A~~";
    assert_eq!(audited.found(), [expected]);
    assert_eq!(
        (audited.count("/templates"), audited.count("/equal")),
        (1, 1)
    );
    let audited = scene.audit("a.txt", "b.txt", "--list SMTP:");
    assert_eq!(audited.ends(0, "COMPLETE").count("/templates"), 0);
    // A text may have lines without their template.
    let none = "A Ann\tPCM:N/P/ANN\n- Title:/x\n";
    assert_eq!(found(&with(25), none, 0, "COMPLETE"), [""; 0]);
    // A postoffice has every template that it has.
    let office = Office::new("NET/HERE").define(&["PCM:N/P"]);
    office.import_text("", "A Ann\tPCM:N/P/ANN\n").ends(0);
    let path = office.path().display().to_string();
    let audited = scene
        .audit("a.txt", &path, "--list PCM:N/P")
        .ends(5, "COMPLETE");
    assert_eq!(
        audited.found()[1..],
        [
            "template MS:N/P Title:~15~25~A~~|",
            "altered MS:N/P/ANN Title: x|"
        ]
    );
}

#[test]
fn a_second_name_of_one_mailbox_is_a_duplicate_where_the_other_side_has_one() {
    let twice = "A Ann\tPCM:N/P/ANN\nA Anna\tPCM:n/p/ann\n";
    let once = "A Ann\tPCM:N/P/ANN\n";
    let duplicate = |side: &str| format!("duplicated {side} MS:N/P/ANN address-duplicate");
    assert_eq!(found(once, twice, 5, "COMPLETE"), [duplicate("B")]);
    assert_eq!(found(twice, once, 5, "COMPLETE"), [duplicate("A")]);
    // The same on both sides is said, and is no difference: several may share a mailbox.
    assert_eq!(found(twice, twice, 0, "COMPLETE"), [duplicate("BOTH")]);
}

#[test]
fn a_name_that_stands_twice_in_one_list_is_a_finding_with_both_places() {
    let scene = Scene::new();
    scene.text("a.txt", A);
    scene.text(
        "b.txt",
        &format!("{A}A bob\tPCM:NET/PO/OTHER\nA Bob\tPCM:NET/PO2/BOB\n"),
    );
    let audited = scene.audit("a.txt", "b.txt", "").ends(5, "PARTIAL");
    assert_eq!(
        audited.found(),
        [
            "duplicated B MS:NET/PO/OTHER ambiguous-name",
            "extra MS:NET/PO/OTHER",
            "extra MS:NET/PO2/BOB",
            "pair MS:NET/PO/BOB",
            "pair MS:NET/PO/BOB",
        ]
    );
    let places = &audited.of("duplicated")[0]["places"];
    assert_eq!(*places, serde_json::json!(["line 2", "line 4"]));
    assert_eq!(audited.count("/duplicated/names"), 1);
    // The very same line twice is one finding too.
    let twice = format!("{A}A Bob\tPCM:NET/PO/BOB\n");
    assert_eq!(
        found(A, &twice, 5, "COMPLETE"),
        ["duplicated B MS:NET/PO/BOB ambiguous-name"]
    );
}

#[test]
fn a_queue_is_what_its_records_make_of_it() {
    let scene = Scene::new();
    scene.queue(
        "MSTTRANS.GLB",
        &[
            (1, "A Ann\tPCM:NET/PO/ANN\r\n- Title:/Clerk"),
            (2, "A Bob\tPCM:NET/PO/BOB"),
            (3, "A Old\tPCM:NET/PO2/OLD"),
            (
                4,
                "M Ann\tPCM:NET/PO/ANN\r\n  Anna\tPCM:NET/PO/ANN2\r\n- Title:/Boss",
            ),
            (5, "D Bob\tPCM:NET/PO/BOB"),
            (6, "R PCM:NET/PO2"),
            (7, "A New\tPCM:NET/PO2/NEW"),
            (8, "M New\tPCM:NET/PO2/NEW\r\n- Title:/x"),
        ],
    );
    scene.text(
        "b.txt",
        "A Anna\tPCM:NET/PO/ANN2\n- Title:/Boss\nA New\tPCM:NET/PO2/NEW\n- Title:/x\n",
    );
    let audited = scene.audit("MSTTRANS.GLB", "b.txt", "").ends(0, "COMPLETE");
    assert_eq!(audited.found(), [""; 0]);
    assert_eq!(audited.count("/a/read"), 7);
    assert_eq!(audited.count("/a/superseded"), 5);

    // What the records have removed should not be there; of what they do not name nothing is known, but in a list that
    // they began anew.
    scene.text(
        "c.txt",
        "A Anna\tPCM:NET/PO/ANN2\n- Title:/Boss\nA New\tPCM:NET/PO2/NEW\n- Title:/x\nA Bob\tPCM:NET/PO/BOB\n\
         A Dan\tPCM:NET/PO/DAN\nA Eve\tPCM:NET/PO2/EVE\n",
    );
    let audited = scene.audit("MSTTRANS.GLB", "c.txt", "").ends(5, "PARTIAL");
    assert_eq!(
        audited.found(),
        [
            "extra MS:NET/PO/BOB",
            "extra MS:NET/PO/DAN list-incomplete",
            "extra MS:NET/PO2/EVE",
        ]
    );
    let detail = audited.of("extra")[0]["detail"].as_str().expect("a detail");
    assert!(detail.starts_with("A has removed it: record 5"), "{detail}");
}

#[test]
fn numbers_that_a_queue_lacks_or_that_go_back_are_gaps() {
    let scene = Scene::new();
    let records = [
        (3, "A Ann\tPCM:NET/PO/ANN"),
        (4, "A Bob\tPCM:NET/PO/BOB"),
        (8, "A Cid\tPCM:NET/PO/CID"),
        (7, "A Dan\tPCM:NET/PO/DAN"),
    ];
    scene.queue("REQTRANS.GLB", &records);
    let audited = scene.audit("REQTRANS.GLB", "REQTRANS.GLB", "");
    let audited = audited.ends(5, "COMPLETE");
    let details: Vec<_> = audited
        .of("gap")
        .iter()
        .map(|line| {
            format!("{} {} {}", line["side"], line["reason"], line["detail"]).replace('"', "")
        })
        .collect();
    let gaps = [
        "sequence-gap numbers 5 to 7 are missing",
        "sequence-old number 7 behind 8",
    ];
    let expected = ["a", "b"].map(|side| gaps.map(|gap| format!("{side} {gap}")));
    assert_eq!(details, expected.concat());
    // What a filter by address types leaves out of the queue from the server is said, and is no fault.
    scene.queue("SRVTRANS.GLB", &records[..3]);
    let audited = scene.audit("SRVTRANS.GLB", "SRVTRANS.GLB", "");
    assert_eq!(audited.ends(0, "COMPLETE").count("/gap"), 2);
}

#[test]
fn an_older_number_is_stale() {
    let scene = Scene::new();
    scene.queue(
        "MSTTRANS.GLB",
        &[(80, "A Ann\tPCM:N/P/ANN"), (81, "A Bob\tPCM:N/P/BOB")],
    );
    scene.queue(
        "SRVTRANS.GLB",
        &[(80, "A Ann\tPCM:N/P/ANN"), (90, "A Bob\tPCM:N/P/BOB")],
    );
    let audited = scene.audit("MSTTRANS.GLB", "SRVTRANS.GLB", "");
    assert_eq!(
        audited.ends(5, "COMPLETE").found()[1..],
        ["stale A MS:N/P/BOB sequence-old"]
    );
    // The numbers of a requestor and of a server are two countings.
    scene.queue(
        "REQTRANS.GLB",
        &[(5, "A Ann\tPCM:N/P/ANN"), (6, "A Bob\tPCM:N/P/BOB")],
    );
    let audited = scene.audit("MSTTRANS.GLB", "REQTRANS.GLB", "");
    assert_eq!(audited.ends(0, "COMPLETE").found(), [""; 0]);
    // Lists of one server.
    let list = ["R PCM:N/P", "A Ann\tPCM:N/P/ANN"];
    scene.resync("new.glb", [14, 88, 2], &list);
    scene.resync("old.glb", [14, 80, 2], &list);
    let audited = scene.audit("new.glb", "old.glb", "").ends(5, "COMPLETE");
    assert_eq!(audited.found(), ["stale B sequence-old"]);
    assert_eq!(audited.of("stale")[0]["detail"], "SRVSEQ A 88, B 80");
}

#[test]
fn ntc_003_one_more_than_the_independent_count_is_partial_with_its_key() {
    let book: String = (0..100)
        .map(|n| format!("A User {n:03}\tPCM:N/P/U{n:03}\n"))
        .collect();
    let export = format!("{book}A Ghost\tPCM:N/P/GHOST\n");
    let scene = Scene::new();
    scene.text("book.txt", &book);
    scene.text("export.txt", &export);
    let audited = scene.audit("book.txt", "export.txt", "").ends(5, "PARTIAL");
    assert_eq!(audited.keys("extra"), ["MS:N/P/GHOST"]);
    assert_eq!(
        (audited.count("/a/read"), audited.count("/b/read")),
        (100, 101)
    );
}

#[test]
fn ntc_004_equal_counts_with_one_other_key_are_partial_and_both_keys_are_listed() {
    let list = |last: &str| -> String {
        let common = (0..79).map(|n| format!("A User {n:03}\tPCM:N/P/U{n:03}\n"));
        common
            .chain([format!("A Last\tPCM:N/P/{last}\n")])
            .collect()
    };
    let scene = Scene::new();
    scene.text("exported.txt", &list("HERE"));
    scene.text("applied.txt", &list("THERE"));
    let audited = scene.audit("exported.txt", "applied.txt", "");
    let audited = audited.ends(5, "PARTIAL");
    assert_eq!(
        (audited.count("/a/entries"), audited.count("/b/entries")),
        (80, 80)
    );
    assert_eq!(audited.keys("missing"), ["MS:N/P/HERE"]);
    assert_eq!(audited.keys("extra"), ["MS:N/P/THERE"]);
}

#[test]
fn dxc_110_a_person_with_an_account_on_either_side_is_a_pair_and_nothing_is_merged() {
    let scene = Scene::new();
    scene.write(
        "a.ldif",
        "version: 1\n\ndn: cn=Bob,o=Org\nobjectClass: inetOrgPerson\ncn: Bob Smith\nsn: Smith\n\
         mail: bob@x.example\nsyncProxyPrimary: MS:ORG/HQ/BSMITH\n\n",
    );
    scene.text(
        "b.txt",
        "A Smith, Bob\tSMTP:Bob@X.example\nA Ann\tPCM:N/P/ANN\n",
    );
    let audited = scene.audit("a.ldif", "b.txt", "").ends(5, "PARTIAL");
    let pair = &audited.of("pair")[0]["pair"];
    assert_eq!(
        (&pair[0]["key"], &pair[1]["key"]),
        (&"MS:ORG/HQ/BSMITH".into(), &"SMTP:Bob@X.example".into())
    );
    assert_eq!(audited.of("pair")[0]["detail"], "same mail");
    // Each is still what it is on its own side.
    assert_eq!(audited.keys("missing"), ["MS:ORG/HQ/BSMITH"]);
    assert_eq!(audited.keys("extra").len(), 2);
    // The same name under two keys.
    let a = "A Bob Smith\tPCM:N/P/BOB\nA Ann\tPCM:N/P/ANN\n";
    let b = "A bob  smith\tPCM:N/Q/BOB\nA Ann\tPCM:N/P/ANN\n";
    scene.text("a.txt", a);
    scene.text("c.txt", b);
    let audited = scene.audit("a.txt", "c.txt", "").ends(5, "PARTIAL");
    assert_eq!(audited.count("/pairs"), 1);
    // Where both sides have both, they are two people to both, and nothing differs.
    let both = format!("{a}A Bob Smith\tPCM:N/Q/BOB\n");
    assert_eq!(found(&both, &both, 0, "COMPLETE"), [""; 0]);
}
