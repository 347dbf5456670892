//! What the agent may not see, or not read to its end, is not taken for what is not there (`spec/exchange.md` LD-11,
//! LD-12).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::scene::{CONTAINER, Numbers, Scene, resync};
use crate::support::slapd::Setup;

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

/// Two people, and two imported entries, in the ledger and the container; then the agent is held to the rules.
fn settled(setup: Setup) -> Scene {
    let scene = Scene::on(setup);
    for name in ["Ann", "Ben"] {
        scene.person(&format!("{name} Berg"), &name.to_uppercase());
    }
    scene.dxa("cycle").ends(0);
    let list = ["A Kay\tPCM:NET1/PO1/KAY", "A Lea\tPCM:NET1/PO1/LEA"];
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &list));
    scene.dxa("lists").ends(0);
    scene.bind_as_agent();
    scene
}

/// Returns the files of the agent but for its log, which says what happened.
fn state(scene: &Scene) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = scene.files();
    files.retain(|path, _| !path.ends_with("dxa.log"));
    files
}

/// Asserts that neither check nor a cycle nor a list goes on, and that all is as it was.
fn assert_stops(scene: &Scene, exit: i32, says: &str, is_import: bool) {
    let mut search = ["-LLL", "-b", "o=Org"].to_vec();
    search.extend(["(objectClass=*)", "*", "entryCSN"]);
    let directory = || scene.slapd.client("ldapsearch", &search, "").stdout;
    let (before, files) = (directory(), state(scene));
    let run = scene.dxa("check").ends(exit);
    let fault = run.stdout.lines().find(|line| line.starts_with("FAULT"));
    assert!(
        fault.is_some_and(|fault| fault.contains(says)),
        "{}",
        run.stdout
    );
    // The list lacks all that is there.
    let list = resync(SECOND, &["A New\tPCM:NET1/PO1/NEW"]);
    let path = scene.drop_file("RESYNC.GLB", &list);
    match is_import {
        true => {
            let run = scene.dxa("lists --allow-deletes 100").ends(exit);
            assert!(run.stderr.contains(says), "{}", run.stderr);
        }
        false => {
            let run = scene.dxa("cycle --allow-deletes 100").ends(exit);
            assert!(run.stdout.contains(says), "{}", run.stdout);
        }
    }
    std::fs::remove_file(path).expect("it stays");
    assert_eq!(state(scene), files);
    assert_eq!(directory(), before);
}

fn hidden(what: &str) -> Setup {
    let rule = format!("to {what} by dn.exact=\"cn=admin,o=Org\" write by * none");
    Setup::new().access(&rule)
}

#[test]
fn attributes_that_access_rules_hide_stop_the_import() {
    for attribute in ["syncAddress", "syncKey", "syncImportedFrom", "syncSvrSeq"] {
        let scene = settled(hidden(&format!("dn.sub=\"{CONTAINER}\" attrs={attribute}")));
        assert_stops(&scene, 77, &format!("{attribute} of "), true);
    }
}

#[test]
fn ldc_001_attributes_that_access_rules_hide_stop_the_export() {
    for attribute in [
        "syncHidden",
        "syncExport",
        "syncTrustLevel",
        "syncProxyPrimary",
        "displayName",
        "title",
    ] {
        let rule = format!("dn.sub=\"ou=People,o=Org\" attrs={attribute}");
        let scene = settled(hidden(&rule));
        assert_stops(&scene, 77, &format!("{attribute} of "), false);
    }
}

#[test]
fn a_container_whose_entries_are_all_hidden_is_not_an_empty_one() {
    for (container, is_import) in [(CONTAINER, true), ("ou=People,o=Org", false)] {
        let scene = settled(hidden(&format!("dn.children=\"{container}\"")));
        let says = format!("the entries below {container} cannot be read");
        assert_stops(&scene, 77, &says, is_import);
    }
}

#[test]
fn a_limit_stops_lists_and_cycles() {
    for (container, is_import) in [(CONTAINER, true), ("ou=People,o=Org", false)] {
        let limit = "limits dn.exact=\"cn=agent,o=Org\" size=4 size.prtotal=4";
        let scene = settled(Setup::new().database(limit));
        for number in 0..6 {
            match is_import {
                true => scene.remote(
                    CONTAINER,
                    "dss/NET1/PO1",
                    "X",
                    &format!("MS:NET1/PO1/X{number}"),
                ),
                false => scene.person(&format!("P{number} Berg"), &format!("P{number}")),
            }
        }
        assert_stops(&scene, 75, "(LD-11)", is_import);
        let run = scene.dxa("check");
        let expected = format!("incomplete read of \"{container}\"");
        assert!(run.stdout.contains(&expected), "{}", run.stdout);
    }
}

#[test]
fn who_sees_all_that_there_is_goes_on() {
    let scene = settled(Setup::new());
    let run = scene.dxa("check").ends(0);
    let rights: Vec<_> = run
        .stdout
        .lines()
        .filter(|l| l.contains("rights to"))
        .collect();
    assert_eq!(rights.len(), 2, "{}", run.stdout);
    scene.dxa("cycle").ends(0);
}
