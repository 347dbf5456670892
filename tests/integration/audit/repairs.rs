//! The repair file: the real `import` takes it, and then nothing differs any more.

use std::fs;

use dirsync::codec::codepage::CodePage;

use super::scene::Scene;
use crate::support::Office;

const LISTS: [&str; 3] = ["PCM:NET/PO", "SMTP", "SNADS:GATE/NODE"];
const WANTED: &str = "--list PCM:NET/PO --list SMTP: --list SNADS:";

/// Compares a text with a postoffice, applies the repair, and compares again.
#[track_caller]
fn mend(office: &Office, scene: &Scene, text: &str) -> String {
    scene.text("a.txt", text);
    let path = office.path().display().to_string();
    let repair = scene.path("repair.txt");
    let more = format!("{WANTED} --repair {}", repair.display());
    let found = scene.audit("a.txt", &path, &more);
    let shown = CodePage::Cp850.decode(&fs::read(&repair).expect("written"));
    if found.exit != 0 {
        let ran = office.import(&format!("-t -f{}", repair.display()));
        assert_eq!(ran.exit, 0, "{text}\n{shown}\n{}{}", ran.stdout, ran.stderr);
    }
    let again = scene.audit("a.txt", &path, &more);
    let mut left = again.found();
    // The administrator is in another list, and several may share a mailbox.
    left.retain(|line| !line.starts_with("excluded") && !line.starts_with("duplicated BOTH"));
    assert_eq!((again.exit, left), (0, vec![]), "{text}\n{shown}");
    assert_eq!(
        fs::read(&repair).expect("written"),
        b"",
        "nothing is left to do"
    );
    shown.replace("\r\n", "\n")
}

#[test]
fn deletes_come_first_then_changes_then_additions() {
    let office = Office::new("NET/HERE").define(&LISTS);
    office
        .import_text(
            "-t",
            "T PCM:NET/PO\n Title:~15~25~A~None~\n Phone:~15~25~A~~\nA Ann\tPCM:NET/PO/ANN\n- Title:/Clerk\n- Phone:/1\n\
             A Bob\tPCM:NET/PO/BOB\nA Old\tPCM:NET/PO/OLD\nA Cid\tSMTP:cid@x.example\n",
        )
        .ends(0);
    let scene = Scene::new();
    let wanted = "T PCM:NET/PO\n Title:~15~25~A~None~\n Phone:~15~25~A~~\nA Änn\tPCM:NET/PO/Ann\n- Title:/Boss\n\
        A Bob\tPCM:NET/PO/BOB\n- Title:/\nA New\tPCM:NET/PO/NEW\n- Phone:/2\nA Cid\tSMTP:CID@x.example\nA Dan\tSMTP:dan@x\n";
    let repair = mend(&office, &scene, wanted);
    assert_eq!(
        repair,
        "D Old                            PCM:NET/PO/OLD
M Ann                            PCM:NET/PO/ANN
  Änn                            PCM:NET/PO/Ann
- Title:/Boss
- Phone:/
M Bob                            PCM:NET/PO/BOB
  Bob                            PCM:NET/PO/BOB
- Title:/
M Cid                            SMTP:cid@x.example
  Cid                            SMTP:CID@x.example
A New                            PCM:NET/PO/NEW
- Phone:/2
- Title:/None
A Dan                            SMTP:dan@x
"
    );
}

#[test]
fn ntc_024_025_a_value_in_an_empty_field_and_a_longer_one_are_changes_and_arrive() {
    let office = Office::new("NET/HERE").define(&LISTS);
    let scene = Scene::new();
    let with = |company: &str| {
        format!("T PCM:NET/PO\n Company:~15~25~A~~\nA Ann\tPCM:NET/PO/ANN\n- Company:/{company}\n")
    };
    office.import_text("-t", &with("")).ends(0);
    for company in ["Acme", "Acme USA", "ACME USA"] {
        let repair = mend(&office, &scene, &with(company));
        assert!(repair.starts_with("M Ann "), "{repair}");
        assert!(
            repair.ends_with(&format!("- Company:/{company}\n")),
            "{repair}"
        );
    }
}

#[test]
fn names_that_are_exchanged_or_passed_on_find_their_places() {
    let office = Office::new("NET/HERE").define(&LISTS);
    office
        .import_text(
            "",
            "A One\tPCM:NET/PO/A\nA Two\tPCM:NET/PO/B\nA Three\tPCM:NET/PO/C\nA Four\tPCM:NET/PO/D\nA Five\tPCM:NET/PO/E\n",
        )
        .ends(0);
    let scene = Scene::new();
    mend(
        &office,
        &scene,
        // One and Two change places, Three to Five move up, and somebody new is called Three.
        "A Two\tPCM:NET/PO/A\nA One\tPCM:NET/PO/B\nA Four\tPCM:NET/PO/C\nA Five\tPCM:NET/PO/D\nA Six\tPCM:NET/PO/E\n\
         A Three\tPCM:NET/PO/F\n",
    );
}

#[test]
fn any_list_becomes_any_other() {
    // A few names and mailboxes, so that they meet in every way.
    let mut state = 5220_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut list = || {
        let mut names = Vec::new();
        let mut text = String::new();
        for _ in 0..random(12) {
            let (place, name) = (random(3), random(8));
            if names.contains(&(place, name)) {
                continue;
            }
            names.push((place, name));
            let name = ["ann", "Bob", "Cid", "DAN", "Eve", "Fay", "Gil", "Hal"][name as usize];
            let name = if random(3) == 0 {
                name.to_uppercase()
            } else {
                name.to_owned()
            };
            let box_number = random(6);
            let address = match place {
                0 => format!("PCM:NET/PO/B{box_number}"),
                1 => format!("SMTP:b{box_number}@x.example"),
                _ => format!("SNADS:GATE/NODE/B{box_number}"),
            };
            text.push_str(&format!("A {name}\t{address}\n"));
        }
        text
    };
    let office = Office::new("NET/HERE").define(&LISTS);
    let scene = Scene::new();
    for _ in 0..25 {
        let wanted = list();
        mend(&office, &scene, &wanted);
    }
}

#[test]
fn nothing_is_written_about_the_names_of_the_postoffice_itself() {
    let office = Office::new("NET/PO");
    office.run("admin", "local create Ann ANN").ends(0);
    let scene = Scene::new();
    scene.text("a.txt", "A Anna\tPCM:NET/PO/ANN\nA Dan\tPCM:NET/PO/DAN\n");
    let path = office.path().display().to_string();
    let found = scene
        .audit("a.txt", &path, "--repair {}/repair.txt")
        .ends(5, "PARTIAL");
    assert_eq!(fs::read(scene.path("repair.txt")).expect("written"), b"");
    let left_out = &found.summary["repair"]["left_out"];
    assert_eq!(*left_out, serde_json::json!({"not-authoritative": 3}));
}

#[test]
fn what_no_postoffice_can_hold_is_left_out_and_counted() {
    let office = Office::new("NET/HERE").define(&LISTS);
    let scene = Scene::new();
    scene.write(
        "a.ldif",
        "version: 1\n\ndn: cn=a\ncn:: 5bGx\nmail: a@x\n\ndn: cn=b\ncn: A name of more than thirty characters\nmail: b@x\n\n\
         dn: cn=c\ncn: Cid\nsyncAddress: NOTES:Cid@Org\n\ndn: cn=d\ncn: Dan\nmail: d@x\ntitle: Clerk\n\n",
    );
    let path = office.path().display().to_string();
    let found = scene.audit(
        "a.ldif",
        &path,
        "--list SMTP: --list NOTES: --repair {}/repair.txt",
    );
    let left_out = found.summary["repair"]["left_out"].clone();
    assert_eq!(
        left_out,
        serde_json::json!({"address-type": 1, "charset": 1, "too-long": 1})
    );
    let repair = fs::read_to_string(scene.path("repair.txt")).expect("text");
    assert_eq!(
        repair,
        "A Dan                            SMTP:d@x\r\n- Title:/Clerk\r\n"
    );
}

#[test]
fn of_two_with_one_name_none_is_touched() {
    let scene = Scene::new();
    scene.text(
        "a.txt",
        "A Ann\tPCM:N/P/ANN\nA Bob\tPCM:N/P/ONE\nA Bob\tPCM:N/P/TWO\n",
    );
    scene.text("b.txt", "A Cid\tPCM:N/P/CID\n");
    let more = "--repair {}/repair.txt";
    for (a, b, expected, left_out) in [
        ("a.txt", "b.txt", "D Cid A Ann", 2),
        ("b.txt", "a.txt", "D Ann A Cid", 2),
    ] {
        let found = scene.audit(a, b, more).ends(5, "PARTIAL");
        let repair = fs::read_to_string(scene.path("repair.txt")).expect("text");
        let words: Vec<_> = repair.lines().map(|line| line[..5].trim_end()).collect();
        assert_eq!(words.join(" "), expected);
        let counted = &found.summary["repair"]["left_out"];
        assert_eq!(*counted, serde_json::json!({"ambiguous-name": left_out}));
    }
}
