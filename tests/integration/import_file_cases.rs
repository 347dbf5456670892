//! Every `file` case of `testdata/spec/import-cases.jsonl` and of `testdata/import/derived-cases.jsonl`:
//! transactions and parse messages, through the reader that `import --check` uses.

use std::fmt::Write as _;
use std::fs;

use std::path::Path;
use std::process::Command;

use dirsync::codec::codepage::CodePage;
use dirsync::protocol;
use serde_json::Value;

const CODE_PAGE: CodePage = CodePage::Cp850;

/// The published cases, and how many there are: a case that goes missing must not pass unseen.
const PUBLISHED: (&str, usize) = ("testdata/spec/import-cases.jsonl", 74);

/// The cases derived from the same rules.
const DERIVED: (&str, usize) = ("testdata/import/derived-cases.jsonl", 481);

fn cases((path, count): (&str, usize)) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(path).expect("the cases");
    let cases: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("one JSON object per line"))
        .filter(|case| case["kind"] == "file")
        .collect();
    assert_eq!(cases.len(), count);
    cases
}

fn code_page(case: &Value) -> CodePage {
    match case["code_page"].as_u64() {
        None => CODE_PAGE,
        Some(id) => u16::try_from(id)
            .ok()
            .and_then(CodePage::from_id)
            .expect("a code page"),
    }
}

fn input(case: &Value) -> Vec<u8> {
    let text = case["input"].as_str().expect("input is text");
    code_page(case)
        .encode(text)
        .expect("input in its code page")
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
    assert_parsed(&cases(PUBLISHED));
}

#[test]
fn every_derived_file_case_parses_as_expected() {
    assert_parsed(&cases(DERIVED));
}

fn assert_parsed(cases: &[Value]) {
    let mut differing = String::new();
    for case in cases {
        let found = protocol::check(&input(case)[..], code_page(case)).expect("reading a slice");
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
}

#[test]
fn keys_stand_in_the_order_of_the_cases() {
    for case in cases(PUBLISHED).into_iter().chain(cases(DERIVED)) {
        let found = protocol::check(&input(&case)[..], code_page(&case)).expect("reading a slice");
        let expected = parse_stage(&case["expected"]);
        assert_eq!(
            found.to_string(),
            expected.to_string(),
            "{}: same values, other order of keys",
            case["id"]
        );
    }
}

/// Reads a text that may be anything, and returns what the reader must always promise.
fn read_hostile(text: &[u8], what: &str) {
    let found = protocol::check(text, CODE_PAGE).expect("reading a slice");
    let lines = text.split(|&b| b == b'\n').count() as u64;
    for message in found["messages"].as_array().expect("messages") {
        let line = message["line"].as_u64().expect("a line");
        assert!(
            (1..=lines).contains(&line),
            "{what}: message at line {line}"
        );
    }
}

#[test]
fn cases_cut_at_every_byte_are_answered() {
    for case in cases(PUBLISHED) {
        let text = input(&case);
        let whole = protocol::check(&text[..], CODE_PAGE).expect("reading a slice");
        let first = whole["transactions"].get(0);
        for len in 0..text.len() {
            let what = format!("{} cut at {len}", case["id"]);
            read_hostile(&text[..len], &what);
            // What is complete before the cut stays as it is.
            let second_line = whole["transactions"].get(1).map(|t| t["line"].as_u64());
            let lines_left = text[..len].iter().filter(|&&b| b == b'\n').count() as u64;
            if second_line.flatten().is_some_and(|line| line <= lines_left) {
                let cut = protocol::check(&text[..len], CODE_PAGE).expect("reading a slice");
                assert_eq!(cut["transactions"].get(0), first, "{what}");
            }
        }
    }
}

#[test]
fn cases_with_any_bit_flipped_are_answered() {
    for case in cases(PUBLISHED) {
        let mut text = input(&case);
        for at in 0..text.len() {
            for bit in [0x01, 0x04, 0x20, 0x80, 0xff] {
                text[at] ^= bit;
                read_hostile(&text, &format!("{} byte {at} ^ {bit:#x}", case["id"]));
                text[at] ^= bit;
            }
        }
    }
}

#[test]
fn random_lines_are_answered() {
    let pieces: [&[u8]; 24] = [
        b"A ",
        b"D\t",
        b"M ",
        b"R ",
        b"T ",
        b" ",
        b"- ",
        b"&",
        b"#",
        b"\r\n",
        b"\n",
        b"\r",
        b"\t",
        b"PCM:",
        b"FAX:",
        b"N/P/M",
        b"~",
        b"//",
        b"=",
        b"PASSWORD",
        b"\x00",
        b"\x1a",
        b"\xff",
        b"0000000001 ",
    ];
    // A fixed sequence: xorshift, so that a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    for round in 0..20_000 {
        let mut text = if round % 3 == 0 {
            b"[DIRSYNC-TRANSACTIONS]\n".to_vec()
        } else {
            Vec::new()
        };
        for _ in 0..next(40) {
            text.extend_from_slice(pieces[next(pieces.len())]);
        }
        read_hostile(&text, &text.escape_ascii().to_string());
    }
}

/// Every body of `dirsync_profiles` (vectors.json) is read; the attachment, printed without its code letters, too.
#[test]
fn dirsync_profiles_are_read_as_printed() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../testdata/spec/vectors.json")).expect("JSON");
    let read = |sample: &serde_json::Value| {
        let lines = sample["text"].as_array().expect("lines").iter();
        let text: String = lines
            .map(|line| format!("{}\r\n", line.as_str().expect("text")))
            .collect();
        dirsync::protocol::check(text.as_bytes(), CodePage::Cp850).expect("readable")
    };
    let samples = vectors["dirsync_profiles"].as_array().expect("a list");
    assert_eq!(samples.len(), 3);
    let request = read(&samples[0]);
    assert_eq!(request["profile"]["srvseq"], 644);
    assert_eq!(
        request["profile"]["types"],
        serde_json::json!(["PCM", "CSI", "PROFS"])
    );
    let attachment = read(&samples[1]);
    let record = &attachment["records"][0];
    assert_eq!(
        (&record["sync"], &record["code"]),
        (&645.into(), &"A".into())
    );
    assert_eq!(record["name"], "User Number 1");
    assert_eq!(record["info"].as_array().map(Vec::len), Some(2));
    let export = read(&samples[2]);
    assert_eq!(export["profile"]["reqname"], "PCM:net/po");
}

/// 60,000 lines, every other one wrong: held at once, their JSON alone took a hundred mebibytes.
#[test]
fn check_answers_a_long_file_in_constant_memory() {
    const LINES: u64 = 60_000;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("long.txt");
    let mut text = String::new();
    for number in (0..LINES).step_by(2) {
        write!(text, "A User {number}\tPCM:NET/PO/U{number}\r\n!\r\n").expect("a string");
    }
    fs::write(&path, text).expect("writable");
    // Address space, since what the system counts of a new process is at first that of this one.
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 65536 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_import"))
        .arg(format!("-f{}", path.display()))
        .arg("--check")
        .env_clear()
        .output()
        .expect("the program starts");
    let answer = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_str(&answer).expect("one object");
    let count = |key: &str| found[key].as_array().map(Vec::len);
    assert_eq!(count("transactions"), Some(LINES as usize / 2));
    assert_eq!(count("messages"), Some(LINES as usize / 2));
    assert_eq!(found["messages"][0]["line"], 2);
}

#[test]
fn keys_of_a_profile_stand_in_the_order_of_the_text() {
    let text = "[dirsync]\nTransactions=inbody\nSRVSEQ=7\nx-note=a=b\nTASK=export\nsrvseq=8\n";
    let found = protocol::check(text.as_bytes(), CODE_PAGE).expect("reading a slice");
    assert_eq!(
        found.to_string(),
        "{\"profile\":{\"transactions\":\"inbody\",\"srvseq\":8,\"x-note\":\"a=b\",\"task\":\"export\"},\
         \"records\":[],\"messages\":[]}"
    );
}
