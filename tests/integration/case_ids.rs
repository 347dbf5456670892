//! Which cases are tests: a test carries the ids of its cases in its name (`dxc_005_006_...`), and none is claimed that
//! has no test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Outside of what is built, or for reference only: nothing to test.
const DIRSYNC_APART: [&str; 3] = ["DS-C025", "DS-L001", "DS-S065"];

/// Returns the ids of a file of cases.
fn ids(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/spec")
        .join(file);
    let text = fs::read_to_string(path).expect("the cases");
    let cases = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    cases
        .map(|case: serde_json::Value| case["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Returns the ids in the names of all tests.
fn tested() -> BTreeSet<String> {
    let mut tested = BTreeSet::new();
    for folder in ["src", "tests"] {
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut tested,
        );
    }
    tested
}

fn collect(folder: &Path, tested: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, tested);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let mut before = "";
            for line in text.lines().map(str::trim) {
                let name = line
                    .strip_prefix("fn ")
                    .filter(|_| before.starts_with("#["));
                tested.extend(name.map(ids_of).unwrap_or_default());
                before = line;
            }
        }
    }
}

/// Reads `dxc_005_006_...` and `ds_p049_ds_s001_...`.
fn ids_of(name: &str) -> Vec<String> {
    let words: Vec<_> = name.split(['_', '(']).collect();
    let is_number = |word: &str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let mut found = Vec::new();
    let mut series = None;
    for (at, word) in words.iter().enumerate() {
        match *word {
            "dxc" | "ldc" | "ntc" | "ioc" => series = Some(word.to_uppercase()),
            word if is_number(word) => {
                found.extend(series.as_ref().map(|series| format!("{series}-{word}")))
            }
            word => {
                series = None;
                let is_lettered = word.is_char_boundary(1) && is_number(&word[1..]);
                if is_lettered && at > 0 && words[at - 1] == "ds" {
                    found.push(format!("DS-{}", word.to_uppercase()));
                }
            }
        }
    }
    found
}

/// Asserts that exactly the cases apart have no test.
fn assert_tested(cases: &BTreeSet<String>, apart: &[&str]) {
    let tested = tested();
    let untested: BTreeSet<_> = cases.difference(&tested).map(String::as_str).collect();
    assert_eq!(untested, apart.iter().copied().collect());
}

#[test]
fn every_case_of_dirsync_is_the_name_of_a_test() {
    assert_tested(&ids("dirsync-cases.jsonl"), &DIRSYNC_APART);
}

#[test]
fn every_case_of_the_directory_agent_is_the_name_of_a_test() {
    assert_tested(&ids("exchange-cases.jsonl"), &[]);
}
