//! Every published `file` case of `testdata/spec/import-cases.jsonl`: transactions and parse
//! messages, through the reader that `import --check` uses.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use dirsync::codec::codepage::CodePage;
use dirsync::protocol;
use serde_json::Value;

const CODE_PAGE: CodePage = CodePage::Cp850;

/// Cases of this kind in the file: a case that goes missing must not pass unseen.
const FILE_CASES: usize = 74;

fn file_cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/spec/import-cases.jsonl");
    let text = fs::read_to_string(path).expect("the published cases");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("one JSON object per line"))
        .filter(|case| case["kind"] == "file")
        .collect()
}

fn input(case: &Value) -> Vec<u8> {
    let text = case["input"].as_str().expect("input is text");
    CODE_PAGE.encode(text).expect("input in code page 850")
}

/// Leaves out the messages that need a postoffice.
fn parse_stage(expected: &Value) -> Value {
    let mut expected = expected.clone();
    if let Some(messages) = expected["messages"].as_array_mut() {
        messages.retain(|message| message["stage"] == "parse");
    }
    expected
}

#[test]
fn every_published_file_case_parses_as_expected() {
    let cases = file_cases();
    let mut differing = String::new();
    for case in &cases {
        let found = protocol::check(&input(case)[..], CODE_PAGE).expect("reading a slice");
        let expected = parse_stage(&case["expected"]);
        if found != expected {
            writeln!(
                differing,
                "{}\n  expected {expected}\n  found    {found}",
                case["id"]
            )
            .expect("writing to a string");
        }
    }
    assert!(differing.is_empty(), "cases that differ:\n{differing}");
    assert_eq!(cases.len(), FILE_CASES);
}

#[test]
fn keys_stand_in_the_order_of_the_cases() {
    for case in file_cases() {
        let found = protocol::check(&input(&case)[..], CODE_PAGE).expect("reading a slice");
        let expected = parse_stage(&case["expected"]);
        assert_eq!(
            found.to_string(),
            expected.to_string(),
            "{}: same values, other order of keys",
            case["id"]
        );
    }
}
