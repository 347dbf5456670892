//! The command line of `import`: every published and every derived case by its id, and the rules behind them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const PUBLISHED: &str = include_str!("../../testdata/spec/import-cases.jsonl");
const DERIVED: &str = include_str!("../../testdata/import/derived-cases.jsonl");

/// Runs `import` with the tokens of `line` behind its name, in an empty directory that must stay empty.
fn import(line: &str) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(env!("CARGO_BIN_EXE_import"))
        .args(line.split_whitespace().skip(1))
        .current_dir(&directory)
        .env_clear()
        .output()
        .expect("the program starts");
    assert!(is_empty(directory.path()), "{line}: touched something");
    output
}

fn is_empty(directory: &Path) -> bool {
    directory.read_dir().expect("readable").next().is_none()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// Returns what `--explain` prints for a line; its exit code must fit.
fn explain(line: &str) -> String {
    let output = import(&format!("{line} --explain"));
    let stdout = text(&output.stdout).to_owned();
    let expected = if stdout == "{\"error\":\"usage\"}\n" {
        2
    } else {
        0
    };
    assert_eq!(output.status.code(), Some(expected), "{line}: {output:?}");
    assert_eq!(
        output.stderr.is_empty(),
        expected == 0,
        "{line}: {output:?}"
    );
    stdout
}

fn is_wrong(line: &str) -> bool {
    explain(line) == "{\"error\":\"usage\"}\n"
}

fn field(line: &str, key: &str) -> Value {
    let explained: Value = serde_json::from_str(&explain(line)).expect("one JSON object");
    explained
        .get(key)
        .unwrap_or_else(|| panic!("{line}: no {key}"))
        .clone()
}

#[test]
fn every_published_command_line_is_understood_as_published() {
    assert_understood(PUBLISHED, 66);
}

#[test]
fn every_derived_command_line_is_understood_by_the_rules() {
    assert_understood(DERIVED, 263);
}

/// Compares every command line among `cases` with what `--explain` says; a case that goes missing must not pass
/// unseen.
fn assert_understood(cases: &str, count: usize) {
    let mut failures = Vec::new();
    let mut run = 0;
    for line in cases.lines() {
        let mut case: Value = serde_json::from_str(line).expect("one case per line");
        if case["kind"] != "command-line" {
            continue;
        }
        run += 1;
        let expected = &mut case["expected"];
        if expected["password"].is_string() {
            expected["password"] = "given".into();
        }
        // As text: the order of the keys is part of the shape.
        let expected = format!("{expected}\n");
        let found = explain(case["input"].as_str().expect("a command line"));
        if found != expected {
            failures.push(format!(
                "{}: {}\n  expected {expected}  found    {found}",
                case["id"], case["input"]
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(run, count);
}

#[test]
fn an_option_is_one_token_and_its_letters_stand_alone() {
    for line in [
        "import admin -ppw -f in.txt",
        "import admin -p pw -fin.txt",
        "import admin -ppw -fin.txt -qy",
        "import admin -ppw -fin.txt -stx",
        "import admin -ppw -fin.txt -h",
        "import admin -ppw -fin.txt -",
        "import admin -ppw -fin.txt -p",
        "import admin -ppw -fin.txt -d",
        "import admin -ppw -fin.txt -g",
        "import admin -ppw -f:",
        "import admin -ppw -f",
    ] {
        assert!(is_wrong(line), "{line}");
    }
}

#[test]
fn nothing_may_stand_twice() {
    for line in [
        "import admin admin -ppw -fin.txt",
        "import admin -ppw -Ppw -fin.txt",
        "import admin -ppw -fin.txt -Fin.txt",
        "import admin -ppw -fin.txt -a -A",
        "import admin -ppw -fin.txt -l -lx.log",
        "import admin -ppw -fin.txt -x -xNET/PO",
        "import admin -ppw -s -s",
        "import admin -ppw -dm -dn -s",
    ] {
        assert!(is_wrong(line), "{line}");
    }
}

#[test]
fn the_two_server_modes_exclude_each_other() {
    assert!(is_wrong("import admin -ppw -s -st -fout.txt"));
    assert!(is_wrong("import admin -ppw -ST -S -fout.txt"));
}

#[test]
fn only_a_hyphen_begins_an_option() {
    for line in [
        "import /q",
        "import admin -ppw /q",
        "import admin -ppw -fin.txt /tmp/x",
    ] {
        let output = import(&format!("{line} --explain"));
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(
            text(&output.stderr).contains("options begin with '-', not '/'"),
            "{output:?}"
        );
    }
    assert!(!is_wrong("import admin -ppw -f/tmp/x --report /tmp/r"));
}

#[test]
fn a_file_is_needed_where_one_is_read_or_written() {
    for mode in ["", "-e", "-x", "-xNET/PO", "-st"] {
        assert!(is_wrong(&format!("import admin -ppw {mode}")), "{mode}");
    }
    for mode in ["-q", "-s"] {
        assert!(!is_wrong(&format!("import admin -ppw {mode}")), "{mode}");
    }
}

#[test]
fn the_modes_have_their_order() {
    let mode = |modes: &str| field(&format!("import admin -ppw -fa.txt {modes}"), "mode");
    assert_eq!(mode("-x -q -e -st"), "foreign");
    assert_eq!(mode("-x -q -e -s"), "resync");
    assert_eq!(mode("-x -q -e"), "feed");
    assert_eq!(mode("-x -q"), "queue");
    assert_eq!(mode("-x"), "extract");
    assert_eq!(mode(""), "import");
}

#[test]
fn what_no_row_of_the_table_names_stays_in_force() {
    for mode in ["-s", "-st", "-q"] {
        let line = format!("import admin -ppw {mode} -fa.txt -l -v -n -y -dN");
        assert_eq!(
            field(&line, "flags"),
            serde_json::json!(["n", "v", "y"]),
            "{line}"
        );
        assert_eq!(field(&line, "log"), "default", "{line}");
        assert_eq!(field(&line, "data"), "N", "{line}");
    }
    assert_eq!(
        field("import admin -ppw -st -fout.txt -l", "ignored"),
        serde_json::json!([])
    );
}

#[test]
fn values_are_normalised_as_far_as_the_rules_go() {
    let line = |tokens: &str| format!("import admin -ppw -fa.txt {tokens}");
    assert_eq!(field(&line("-gpcm:Net1\\po1"), "gtype"), "PCM:Net1/po1");
    assert_eq!(field(&line("-gpcm:Straße/po1"), "gtype"), "PCM:Straße/po1");
    assert_eq!(field(&line("-gpcm:"), "gtype"), "PCM");
    assert_eq!(field(&line("-xNet\\Po"), "list"), "Net/Po");
    assert_eq!(field(&line("-dn:"), "data"), "N");
    assert_eq!(field(&line("-dn:\\po"), "data"), "n:\\po");
    assert_eq!(field(&line("-l:x"), "log"), ":x");
    assert_eq!(field("import admin -ppw -f::a", "file"), ":a");
    for tokens in [
        "-guucp",
        "-gpcm:net",
        "-gpcm:net/po/user",
        "-gsmtp:net/po",
        "-g:",
        "-xlist",
        "-x/po",
        "-xa/b/c",
    ] {
        assert!(is_wrong(&line(tokens)), "{tokens}");
    }
}

#[test]
fn a_bare_token_beside_an_option_is_the_administrator_and_never_its_value() {
    for option in ["-l", "-x"] {
        let line = format!("import {option} admin -ppw -fa.txt");
        assert_eq!(field(&line, "admin"), "admin", "{line}");
    }
}

#[test]
fn long_options_may_stand_beside_the_original_ones() {
    let line = "import admin --password-file secret --data n --file a.txt --type=smtp --extract -T \
                --dry-run --json --report r.jsonl --allow-deletes 20 --code-page 437";
    assert_eq!(
        explain(line),
        "{\"mode\":\"extract\",\"admin\":\"admin\",\"password\":\"given\",\"data\":\"N\",\
         \"file\":\"a.txt\",\"log\":null,\"gtype\":\"SMTP\",\"list\":null,\"flags\":[\"t\"],\
         \"ignored\":[]}\n"
    );
    for tokens in [
        "--allow-deletes many",
        "--allow-deletes -1",
        "--code-page 1",
        "--password=",
        "-ppw --password-file x",
        "--no-such-option",
    ] {
        let line = format!("import admin -fa.txt {tokens}");
        assert!(is_wrong(&line), "{line}");
    }
}

#[test]
fn check_prints_what_the_file_says() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let run = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).expect("writable");
        let before = fs::read_dir(&directory).expect("readable").count();
        let output = import(&format!("import -f{} --check", path.display()));
        assert_eq!(fs::read_dir(&directory).expect("readable").count(), before);
        let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        (output.status.code(), found)
    };
    let (code, found) = run(
        "good.txt",
        "A Ann Example                    SMTP:ann@example.com\r\n",
    );
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(found["transactions"][0]["name"], "Ann Example");
    assert_eq!(found["messages"], serde_json::json!([]));

    let (code, found) = run("bad.txt", "A Ann Example                    UUCP:ann\r\n");
    assert_eq!(code, Some(1), "{found}");
    assert_eq!(found["messages"][0]["number"], 16);
}

#[test]
fn check_needs_an_input_file_that_is_there() {
    let output = import("import -fno-such-file --check");
    assert_eq!(output.status.code(), Some(66), "{output:?}");
    assert!(
        text(&output.stderr).starts_with("import: Error accessing input file no-such-file: "),
        "{output:?}"
    );
    let directory = import("import -f. --check");
    assert_eq!(directory.status.code(), Some(66), "{directory:?}");
    assert!(directory.stdout.is_empty(), "{directory:?}");
    for line in [
        "import --check",
        "import -x -fa.txt --check",
        "import -q --check",
        "import -fa.txt --check --report r.jsonl",
    ] {
        let output = import(line);
        assert_eq!(output.status.code(), Some(2), "{line}: {output:?}");
        assert!(output.stdout.is_empty(), "{line}: {output:?}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for line in [
        "import admin -pSecret9 -fin.txt",
        "import admin -pSecret9 -pSecret9 -fin.txt",
        "import admin boss -pSecret9",
        "import admin -pSecret9 -zap",
        "import -pSecret9 -x",
    ] {
        let output = import(&format!("{line} --explain"));
        for stream in [&output.stdout, &output.stderr] {
            assert!(
                !text(stream).to_lowercase().contains("secret9"),
                "{line}: {output:?}"
            );
        }
    }
}

#[test]
fn help_and_version_are_printed_and_nothing_is_done() {
    let help = import("import -?");
    assert_eq!(help.status.code(), Some(0));
    assert_eq!(help, import("import --help"));
    for word in [
        "-f, --file <FILE>",
        "-x, --extract[=<NET/PO>]",
        "-st",
        "-dM",
    ] {
        assert!(
            text(&help.stdout).contains(word),
            "{word}: {}",
            text(&help.stdout)
        );
    }
    let version = import("import --version");
    assert_eq!(
        text(&version.stdout),
        concat!("import ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
