//! What every program promises of its command line: help everywhere, logins, one JSON object whatever happens.

use std::fs;

use serde_json::json;

use crate::support::{Office, resync_bytes, resync_header, run};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(ToOwned::to_owned).collect()
}

#[test]
fn every_word_has_a_help_of_its_own_in_both_spellings() {
    for (program, word, first) in [
        ("admin", "", "Administrates a postoffice"),
        ("admin", "setup", "Make a new postoffice"),
        ("admin", "local", "The users of this postoffice"),
        ("admin", "local create", "Create a user"),
        (
            "admin",
            "config dirsync server requestors create",
            "Register a postoffice",
        ),
        (
            "admin",
            "config dirsync requestor options",
            "Settings of the requestor",
        ),
        ("resync", "", "Makes, shows, checks"),
        ("resync", "apply", "Apply a resync file"),
        ("import", "", "Adds, changes, removes"),
        ("listds", "", "Shows the dir-sync configuration"),
        ("listq", "", "Lists the transactions"),
        ("audit", "", "Compares two sides"),
        ("probe", "", "Reads queue files"),
        ("tour", "", ""),
    ] {
        for help in ["-?", "--help"] {
            let line = format!("{word} {help}");
            let run = run(program, words(&line), |_| ()).ends(0);
            assert!(
                run.stdout.starts_with(first),
                "{program} {line}: {}",
                run.stdout
            );
            assert!(run.stdout.contains("Usage: "), "{program} {line}");
            assert_eq!(run.stderr, "", "{program} {line}");
        }
        let run = run(program, words(&format!("{word} --version")), |_| ()).ends(0);
        assert!(
            run.stdout.contains(env!("CARGO_PKG_VERSION")),
            "{program} {word}"
        );
    }
}

#[test]
fn our_own_programs_take_the_first_administrator_and_no_password_where_none_is_set() {
    let office = Office::new("NET/PO");
    office.run("admin", "local list").ends(0);
    office
        .run("admin", "config dirsync options server yes")
        .ends(0);
    office.run("resync", "create").ends(0);
    // The published programs do not know that (import.md 2.2).
    office.run("import", "-x -f{}/out.txt").ends(77);
    office.run("listds", "-r").ends(77);

    office.write("new", "secret");
    office
        .run("admin", "passwd --new-password-file {}/new")
        .ends(0);
    for line in [
        "local list",
        "-pwrong local list",
        "admin -pwrong local list",
    ] {
        assert_eq!(
            office.run("admin", line).ends(77).stderr,
            "admin: Bad ID or Password\n"
        );
    }
    office.run("resync", "create --dry-run").ends(77);
    office.run("admin", "-pSECRET local list").ends(0);
    office.run("resync", "create -pSecret99 --dry-run").ends(77);
    office.run("resync", "create -psecret --dry-run").ends(0);
}

#[test]
fn the_administrator_of_resync_stands_anywhere() {
    let office = Office::new("NET/REQ").define(&["PCM:NET/PO"]);
    let bytes = resync_bytes(
        &resync_header(1, 2, 1, 5),
        &["R PCM:NET/PO", "A One\tPCM:NET/PO/ONE"],
    );
    office.write("full", bytes);
    for line in [
        "plan {}/full admin -pX",
        "plan admin -pX {}/full",
        "plan -pX ADMIN {}/full -o {}/plan",
        "apply admin -pX {}/plan --dry-run",
        "apply -y admin -pX {}/full",
    ] {
        office.run("resync", line).ends(0);
    }
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
}

#[test]
fn json_is_one_object_with_the_code_even_where_nothing_could_be_done() {
    let office = Office::new("NET/PO");
    office.write("in.txt", "A One\tPCM:NET/PO9/ONE\n");
    fs::write(office.path().join("GLB/GWTRANS.GLB"), b"x").expect("writable");
    for (program, line, exit, number) in [
        ("import", "admin -pX -y -f{}/none.txt", 66, json!(56)),
        ("import", "admin -pX -y -c -f{}/in.txt", 66, json!(54)),
        ("import", "admin -pX -y -s", 78, json!(67)),
        ("import", "admin -pX -f{}/in.txt -e", 2, json!(null)),
        ("import", "nobody -pX -y -q", 77, json!(null)),
        ("import", "admin -pX -y -x -gSMTP -f{}/out", 66, json!(44)),
        ("import", "admin -pX -y -d{}/none -q", 66, json!(null)),
        ("import", "-zap", 2, json!(null)),
        ("resync", "create", 78, json!(67)),
        ("resync", "check {}/none", 66, json!(null)),
        ("resync", "apply {}/none", 66, json!(null)),
        ("listds", "admin -pX -s", 78, json!(null)),
        ("listq", "admin -pX -fresync", 66, json!(null)),
        ("listq", "admin -pX -fgwtrans", 65, json!(null)),
        ("audit", "{} {}/none", 66, json!(null)),
        ("admin", "local delete nobody", 66, json!(29)),
        ("admin", "setup NET/PO", 73, json!(null)),
    ] {
        let run = office.run(program, &format!("{line} --json")).ends(exit);
        let object = run.json();
        assert_eq!(run.stdout.lines().count(), 1, "{program} {line}");
        assert_eq!(object["exit"], exit, "{program} {line}");
        let messages = object["messages"].as_array().expect("an array");
        let said = |message: &serde_json::Value| message["number"] == number;
        // A program that has said what it read so far need not repeat the error.
        assert!(
            messages.iter().any(said) || program == "listq" || program == "listds",
            "{program} {line}: {object}"
        );
    }
}
