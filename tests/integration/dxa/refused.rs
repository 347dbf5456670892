//! What the directory refuses while a list is applied: one value, one entry, or what somebody else did meanwhile
//! (`spec/exchange.md` DX-26, LD-15).

use std::fs;

use super::scene::{CONTAINER, Numbers, Scene, names, resync};
use crate::support::relay::MODIFY;
use crate::support::slapd::Setup;

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);
const THIRD: Numbers = (14, 90, 3, 300);

/// Prompts whose attributes the server takes or not, each in a way of its own.
const MAPPINGS: &str = "
[[connection.mapping]]
prompt = \"Badge:\"
attribute = \"x500UniqueIdentifier\"
[[connection.mapping]]
prompt = \"Shirt:\"
attribute = \"shirtSize\"
[[connection.mapping]]
prompt = \"Site:\"
attribute = \"associatedDomain\"
";

/// A directory that takes digits only for a telephone number, and nothing but letters for a surname.
fn strict() -> Setup {
    Setup::new().overlay(
        "constraint",
        &[
            "constraint_attribute telephoneNumber regex ^[0-9]+$",
            "constraint_attribute sn regex ^[A-Za-z]+$",
        ],
    )
}

/// Applies a list of Ann with these lines and Bob with none, and returns the report of the list.
fn apply(scene: &Scene, numbers: Numbers, lines: &str, exit: i32) -> serde_json::Value {
    let ann = format!("A Ann Berg\tPCM:NET1/PO1/ANN{lines}");
    let list = [
        "R PCM:NET1/PO1",
        &ann,
        "A Bob Carr\tPCM:NET1/PO1/BOB\r\n- Title:/Doctor",
    ];
    scene.drop_file("RESYNC.GLB", &resync(numbers, &list));
    let _ = fs::remove_dir_all(scene.data("done"));
    let run = scene.dxa("lists --json").ends(exit);
    let reports = names(&scene.data("done"));
    let report = reports.iter().find(|name| name.ends_with(".report"));
    let report = scene.data("done").join(report.expect("a report"));
    let lines = fs::read_to_string(report).expect("readable");
    let entry = lines.lines().find(|line| line.contains("PO1/ANN"));
    let entry = entry.unwrap_or_else(|| panic!("{lines}"));
    assert_eq!(scene.entries(CONTAINER).len() + usize::from(exit != 0), 2);
    assert!(run.json()["lists"][0]["read"] == 2, "{}", run.stdout);
    serde_json::from_str(entry).expect("JSON")
}

/// Returns the values of an attribute of Ann, sorted.
fn values(scene: &Scene, attribute: &str) -> Vec<String> {
    let entries = scene.entries(CONTAINER);
    let values = entries[0].attributes.values(attribute).iter();
    let mut values: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect();
    values.sort();
    values
}

#[test]
fn a_value_that_the_directory_refuses_is_left_out_and_its_line_is_kept() {
    let scene = Scene::on(strict());
    scene.configure(MAPPINGS);
    for (numbers, line, attribute, result) in [
        (
            FIRST,
            "Badge:/abc",
            "x500UniqueIdentifier",
            "21 invalidAttributeSyntax",
        ),
        (SECOND, "Shirt:/7", "shirtSize", "17 undefinedAttributeType"),
        (
            THIRD,
            "Site:/x.example",
            "associatedDomain",
            "65 objectClassViolation",
        ),
        (
            (14, 91, 4, 400),
            "Local:/12-34",
            "telephoneNumber",
            "19 constraintViolation",
        ),
    ] {
        let lines = format!("\r\n- Title:/Chef\r\n- {line}");
        let entry = apply(&scene, numbers, &lines, 0);
        let notes = entry["notes"].to_string();
        let expected = format!("value-dropped: {attribute}: {result}");
        assert!(notes.contains(&expected), "{notes}");
        assert_eq!(values(&scene, attribute), [""; 0]);
        assert_eq!(values(&scene, "title"), ["Chef"], "{line}");
        assert_eq!(values(&scene, "syncTemplate"), [line]);
        assert_eq!(values(&scene, "syncKey"), ["MS:NET1/PO1/ANN"]);
    }
}

#[test]
fn the_same_list_changes_nothing_although_a_value_is_refused_again() {
    let scene = Scene::on(strict());
    let lines = "\r\n- Local:/12-34\r\n- Shoe Size:/38";
    let entry = apply(&scene, FIRST, lines, 0);
    assert_eq!(entry["outcome"], "added", "{entry}");
    let csn = values(&scene, "entryCSN");
    let entry = apply(&scene, SECOND, lines, 0);
    assert_eq!(entry["outcome"], "unchanged", "{entry}");
    assert!(
        entry["notes"].to_string().contains("value-dropped"),
        "{entry}"
    );
    assert_eq!(values(&scene, "entryCSN"), csn);
    assert_eq!(
        values(&scene, "syncTemplate"),
        ["Local:/12-34", "Shoe Size:/38"]
    );
}

#[test]
fn a_new_value_that_is_refused_takes_the_old_one_with_it() {
    let scene = Scene::on(strict());
    apply(&scene, FIRST, "\r\n- Local:/1234", 0);
    assert_eq!(values(&scene, "telephoneNumber"), ["1234"]);
    let entry = apply(&scene, SECOND, "\r\n- Local:/12-34\r\n- Title:/Chef", 0);
    assert_eq!(entry["outcome"], "modified", "{entry}");
    assert_eq!(values(&scene, "telephoneNumber"), [""; 0]);
    assert_eq!(values(&scene, "syncTemplate"), ["Local:/12-34"]);
    assert_eq!(values(&scene, "title"), ["Chef"]);
    // And back.
    apply(&scene, THIRD, "\r\n- Local:/5678", 0);
    assert_eq!(values(&scene, "telephoneNumber"), ["5678"]);
    assert_eq!(values(&scene, "syncTemplate"), [""; 0]);
}

#[test]
fn where_the_server_names_nothing_each_value_is_tried() {
    // Two attributes in one rule: what it says names both.
    let setup = Setup::new().overlay("unique", &["unique_uri ldap:///?title,roomNumber?sub?"]);
    let scene = Scene::on(setup);
    scene.person_in("ou=People,o=Org", "Doc Holiday", "DOC", "title: Doctor\n");
    let lines = "\r\n- Title:/Doctor\r\n- Mail Stop:/7\r\n- Department:/Sales";
    let entry = apply(&scene, FIRST, lines, 0);
    let report = entry["notes"].to_string();
    assert!(
        report.contains("held by cn=Doc Holiday,ou=People,o=Org"),
        "{report}"
    );
    assert_eq!(values(&scene, "title"), [""; 0], "{report}");
    assert_eq!(values(&scene, "roomNumber"), ["7"], "{report}");
    assert_eq!(values(&scene, "departmentNumber"), ["Sales"], "{report}");
    let entry = apply(&scene, SECOND, &format!("{lines}\r\n- Fax:/9"), 0);
    assert_eq!(values(&scene, "facsimileTelephoneNumber"), ["9"], "{entry}");
}

#[test]
fn what_an_entry_cannot_be_without_refuses_it_and_no_other() {
    let scene = Scene::on(strict());
    let entry = apply(&scene, FIRST, "\r\n- Last:/B3rg\r\n- Title:/Chef", 1);
    assert_eq!(entry["outcome"], "refused", "{entry}");
    assert_eq!(entry["reason"], "server-constraint", "{entry}");
    assert_eq!(scene.shown(), ["MS:NET1/PO1/BOB=Bob Carr"]);
}

#[test]
fn ldc_037_an_entry_that_is_gone_when_it_is_changed_is_added_in_the_same_run() {
    let mut scene = Scene::new();
    apply(&scene, FIRST, "\r\n- Title:/Cook", 0);
    let relay = scene.through_relay();
    let ann = format!("syncKey=MS:NET1/PO1/ANN,{CONTAINER}");
    let list = [
        "R PCM:NET1/PO1",
        "A Ann Berg\tPCM:NET1/PO1/ANN\r\n- Title:/Chef",
        "A Bob Carr\tPCM:NET1/PO1/BOB\r\n- Title:/Doctor",
    ];
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &list));
    relay.stop_at(MODIFY, 0);
    let run = scene.dxa_meanwhile("lists --json", &relay, |scene| {
        let output = scene.slapd.client("ldapdelete", &[&ann], "");
        assert!(output.status.success(), "{output:?}");
    });
    let report = run.ends(0).json();
    let list = &report["lists"][0];
    let counts = ["added", "modified", "unchanged", "refused"].map(|name| list[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1), Some(0)], "{report}");
    assert_eq!(values(&scene, "title"), ["Chef"]);
    assert_eq!(values(&scene, "cn"), ["Ann Berg"]);
    assert_eq!(values(&scene, "syncImportedFrom"), ["dss/NET1/PO1"]);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
    let entry = apply(&scene, THIRD, "\r\n- Title:/Chef", 0);
    assert_eq!(entry["outcome"], "unchanged", "{entry}");
}
