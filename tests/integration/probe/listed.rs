//! `listq --framing`: what stands in a file of another framing, not what it would be in ours.

use std::fs;

use serde_json::{Value, json};

use super::foreign::{self, HEADER, profile};
use super::texts::Random;
use crate::scene::{Ran, Scene};

const LISTQ: &str = env!("CARGO_BIN_EXE_listq");
const PROBE: &str = env!("CARGO_BIN_EXE_probe");

fn listq(scene: &Scene, line: &str) -> Ran {
    scene.run_reading(LISTQ, &format!("admin -ppassword {line}"))
}

fn scene() -> (Scene, Vec<u8>, Vec<String>) {
    let scene = Scene::new();
    profile(&scene.beside(""));
    let (bytes, texts) = foreign::queue(30);
    fs::write(scene.beside("FOREIGN"), &bytes).unwrap();
    (scene, bytes, texts)
}

/// Offset of each record, by the `Q` and 7 it begins with and the length it has.
fn offsets(bytes: &[u8]) -> Vec<usize> {
    let mut all = vec![0];
    while let Some(&at) = all.last().filter(|&&at| at < bytes.len()) {
        assert_eq!(bytes[at..at + 2], *b"Q\x07");
        let len = u16::from_be_bytes([bytes[at + 6], bytes[at + 7]]);
        all.push(at + HEADER + usize::from(len) + 2);
    }
    all
}

#[test]
fn probe_profile_lets_listq_show_what_stands_in_the_file() {
    let (scene, bytes, texts) = scene();
    let offsets = offsets(&bytes);
    let found = listq(&scene, "-f./FOREIGN --framing=PROFILE --json").json();
    let rows = found["transactions"].as_array().unwrap();
    assert_eq!((rows.len(), &found["exit"]), (30, &json!(0)));
    for (n, row) in rows.iter().enumerate() {
        let end = offsets[n + 1];
        let sum = u16::from_be_bytes([bytes[end - 2], bytes[end - 1]]);
        assert_eq!(row["offset"], offsets[n], "{row}");
        assert_eq!(row["sync"], 0x0001_8000 + n, "{row}");
        assert_eq!(row["checksum"], format!("{sum:04X}"), "{row}");
        assert_eq!(
            (&row["intact"], &row["origin"]),
            (&json!(true), &Value::Null)
        );
        assert_eq!(row["text"], texts[n].as_str());
    }
    let sum = rows[2]["checksum"].as_str().unwrap();
    let screen = listq(&scene, "-f./FOREIGN --framing=PROFILE -c -t").stdout;
    let line = format!("{sum} Thu Apr 07 12:15:06 1994 098306 A User 2<tab>PCM:NET/PO/u4\n");
    assert!(screen.contains(&line), "{line}{screen}");
}

#[test]
fn probe_profile_lets_listq_mark_what_does_not_fit_and_list_the_rest() {
    let (scene, mut bytes, texts) = scene();
    let at = offsets(&bytes);
    let stored = u16::from_be_bytes([bytes[at[4] - 2], bytes[at[4] - 1]]);
    // A letter of the fourth text, the mark of the tenth record, and all of the twentieth.
    bytes[at[3] + HEADER + 3] ^= 0x20;
    bytes[at[9]] = b'R';
    bytes[at[19]..at[20]].fill(0xee);
    fs::write(scene.beside("FOREIGN"), &bytes).unwrap();
    let ran = listq(&scene, "-f./FOREIGN --framing=PROFILE -c");
    assert_eq!(ran.code, 65, "{ran:?}");
    let marks: Vec<&str> = ran.stdout.lines().filter(|l| l.contains("***")).collect();
    assert!(marks[0].contains(&format!(
        "*** wrong checksum: stored {stored:04X}, computed "
    )));
    // The mark is among the bytes that the checksum covers.
    assert!(marks[1].contains("*** wrong checksum: "), "{marks:?}");
    assert!(
        marks[2].ends_with("*** wrong constant at header byte 0"),
        "{marks:?}"
    );
    assert_eq!(marks.len(), 3, "{marks:?}");
    for said in [
        format!(
            "2 of 29 transactions have a wrong checksum, the first: ./FOREIGN: transaction 4 at byte {:#x}: ",
            at[3]
        ),
        format!(
            "2 places do not fit the framing, the first: ./FOREIGN: transaction 10 at byte {:#x}: ",
            at[9]
        ),
    ] {
        assert!(ran.stderr.contains(&said), "{said}\n{}", ran.stderr);
    }
    let found = listq(&scene, "-f./FOREIGN --framing=PROFILE --json").json();
    let rows = found["transactions"].as_array().unwrap();
    let listed: Vec<&str> = rows.iter().map(|r| r["text"].as_str().unwrap()).collect();
    let expected = |n: &usize| !matches!(n, 3 | 19);
    let all: Vec<&str> = (0..30)
        .filter(expected)
        .map(|n| texts[n].as_str())
        .collect();
    let others: Vec<&str> = (0..29).filter(|n| *n != 3).map(|n| listed[n]).collect();
    assert_eq!(others, all);
    assert_eq!(rows[3]["intact"], false);
    assert_eq!(
        rows[9]["faults"],
        json!(["wrong constant at header byte 0"])
    );
    assert_eq!(
        (&found["wrong_checksums"], &found["exit"]),
        (&json!(2), &json!(65))
    );
    // A profile of something else reads nothing.
    let ran = listq(&scene, "-f./PROFILE --framing=PROFILE");
    assert_eq!(ran.code, 65, "{ran:?}");
}

#[test]
fn probe_profile_lets_listq_show_a_checksum_that_nothing_explains() {
    let scene = Scene::new();
    let (mut bytes, mut random) = (Vec::new(), Random::new(8));
    for n in 0..60_u32 {
        let text = format!("A User {n}\tPCM:NET/PO/u{}", n * n);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend((random.next() as u16).to_le_bytes());
        bytes.extend(text.bytes());
    }
    fs::write(scene.beside("FOREIGN"), &bytes).unwrap();
    let file = scene.beside("FOREIGN").display().to_string();
    let profile = scene.beside("PROFILE").display().to_string();
    let saved = std::process::Command::new(PROBE)
        .args([&file, "--save", &profile])
        .output()
        .unwrap();
    assert!(saved.status.success(), "{saved:?}");
    let ran = listq(&scene, "-f./FOREIGN --framing=PROFILE -c -t");
    assert_eq!(ran.code, 0, "{ran:?}");
    // Neither number nor date are in such a record, and nothing stands for them.
    let first = format!(
        "{:02X}{:02X}?{:-<24} ------ A User 0<tab>PCM:NET/PO/u0\n",
        bytes[2], bytes[3], ""
    );
    assert!(ran.stdout.contains(&first), "{first}{}", ran.stdout);
    let found = listq(&scene, "-f./FOREIGN --framing=PROFILE --json").json();
    let row = &found["transactions"][0];
    assert_eq!(
        (&row["intact"], &row["sync"], &row["stamp"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(row["checksum"], format!("{:02X}{:02X}", bytes[2], bytes[3]));
}
