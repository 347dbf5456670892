//! `resync plan` and `resync apply` on a real postoffice.

use std::fs;

use dirsync::postoffice::layout;

use crate::support::{Office, resync_bytes, resync_header};

fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "PCM:NET/PO"])
        .registered_with("NET/SRV")
        .numbers(12, 71, 1)
}

fn file(office: &Office, adds: &[&str]) -> String {
    let bytes = resync_bytes(
        &resync_header(18, 80, 2, 5),
        &[&["R PCM:NET/PO"], adds].concat(),
    );
    office.write("full.glb", bytes).display().to_string()
}

#[test]
fn apply_is_import_q_with_a_file_from_anywhere() {
    let office = office();
    let file = file(&office, &["A One\tPCM:NET/PO/ONE"]);
    let run = office
        .run("resync", &format!("apply {file} admin -pX -y"))
        .ends(0);
    assert!(
        run.stdout
            .contains("ReqSync 12 -> 18, SrvSync 71 -> 80, ImportSync 1 -> 2"),
        "{}",
        run.stdout
    );
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    assert!(
        fs::exists(&file).expect("readable"),
        "only GLB/RESYNC.GLB is removed"
    );
    assert_eq!(office.bytes(&layout::REQTRANS).len(), 49);
}

#[test]
fn apply_removes_resync_glb_only_after_success() {
    let office = office();
    let bytes = resync_bytes(&resync_header(18, 80, 2, 5), &["R PCM:NET/PO"]);
    office.put(&layout::RESYNC, &bytes[..bytes.len() - 3]);
    let path = office.file(&layout::RESYNC).display().to_string();
    office
        .run("resync", &format!("apply {path} admin -pX -y"))
        .ends(65);
    assert!(office.exists(&layout::RESYNC));
    office.put(&layout::RESYNC, &bytes);
    office
        .run("resync", &format!("apply {path} admin -pX -y"))
        .ends(0);
    assert!(!office.exists(&layout::RESYNC));
}

#[test]
fn a_saved_plan_is_applied_exactly_as_it_stands() {
    let office = office();
    office.import_text("", "A Hand\tPCM:NET/PO/HAND\n").ends(0);
    let before = office.snapshot();
    let path = file(
        &office,
        &["A One\tPCM:NET/PO/ONE", "A J\u{fc}rg\tPCM:NET/PO/JURG"],
    );
    let run = office
        .run("resync", &format!("plan {path} admin -pX -o {{}}/plan"))
        .ends(0);
    assert!(
        run.stdout.contains("add     PCM:NET/PO  One"),
        "{}",
        run.stdout
    );
    assert_eq!(office.snapshot(), before);
    // What the file says meanwhile does not matter: the plan is what is applied.
    file(&office, &["A Other\tPCM:NET/PO/OTHER"]);
    let run = office
        .run("resync", "apply {}/plan admin -pX -y --json")
        .ends(0);
    assert_eq!(
        (&run.json()["added"], &run.json()["kept"]),
        (&2.into(), &1.into())
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Hand", "Jürg", "One"]);
    let config = office.config();
    assert_eq!(
        (config.req_sync.0, config.srv_sync.0, config.import_sync.0),
        (18, 80, 2)
    );
}

#[test]
fn a_plan_that_no_longer_holds_says_what_has_moved() {
    let office = office();
    let path = file(&office, &["A One\tPCM:NET/PO/ONE"]);
    office
        .run("resync", &format!("plan {path} admin -pX -o {{}}/plan"))
        .ends(0);
    office.import_text("", "A Hand\tPCM:NET/PO/HAND\n").ends(0);
    let before = office.snapshot();
    let run = office
        .run("resync", "apply {}/plan admin -pX -y --dry-run")
        .ends(4);
    for moved in ["GLB/REQCONF.GLB", "GLB/DIRSYNC.OWN", "PCM:NET/PO"] {
        assert!(run.stderr.contains(moved), "{moved}: {}", run.stderr);
    }
    assert_eq!(office.snapshot(), before);
    office.run("resync", "apply {}/plan admin -pX -y").ends(4);
    assert_eq!(office.names("PCM:NET/PO"), ["Hand"]);
}

#[test]
fn a_plan_for_another_postoffice_and_a_damaged_one_are_refused() {
    let office = office();
    let path = file(&office, &["A One\tPCM:NET/PO/ONE"]);
    office
        .run("resync", &format!("plan {path} admin -pX -o {{}}/plan"))
        .ends(0);
    let text = fs::read_to_string(office.beside("plan")).expect("written");
    office.write("cut", &text[..text.len() - 30]);
    let run = office.run("resync", "apply {}/cut admin -pX -y").ends(65);
    assert!(run.stderr.contains("cut: line 4"), "{}", run.stderr);
    let other = Office::new("NET/OTHER");
    let plan = other.write("plan", text).display().to_string();
    let run = other
        .run("resync", &format!("apply {plan} admin -pX -y"))
        .ends(78);
    assert!(
        run.stderr.contains("the plan is for NET/REQ"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_guard_holds_for_a_plan_too() {
    let office = office();
    let adds: Vec<String> = (0..30)
        .map(|n| format!("A Name {n:02}\tPCM:NET/PO/U{n}"))
        .collect();
    let adds: Vec<&str> = adds.iter().map(String::as_str).collect();
    let all = file(&office, &adds);
    office
        .run("resync", &format!("apply {all} admin -pX -y"))
        .ends(0);
    let few = file(&office, &adds[..5]);
    office
        .run("resync", &format!("plan {few} admin -pX -o {{}}/plan"))
        .ends(3);
    office.run("resync", "apply {}/plan admin -pX -y").ends(3);
    assert_eq!(office.names("PCM:NET/PO").len(), 30);
    office
        .run("resync", "apply {}/plan admin -pX -y --allow-deletes 25")
        .ends(0);
    assert_eq!(office.names("PCM:NET/PO").len(), 5);
}
