//! Sides that are cut, changed, or longer than memory: no panic, no hang, and memory that does not grow with them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use dirsync::tools::audit;
use dirsync::tools::exit::{ExitCode, code_of};

use super::scene::Scene;

/// Compares two files inside of this process.
fn compare(a: &Path, b: &Path) -> ExitCode {
    let arguments: Vec<OsString> = vec!["audit".into(), a.into(), b.into(), "--json".into()];
    audit::start(arguments, &mut Vec::new()).unwrap_or_else(|error| code_of(&error))
}

fn sides(scene: &Scene) -> Vec<(&'static str, Vec<u8>)> {
    let queue = [
        (1, "T PCM:N/P\r\n Title:~1~9~A~x~"),
        (2, "A Jörg\tPCM:N/P/ANN\r\n- Title:/y"),
        (3, "M Jörg\tPCM:N/P/ANN\r\n  Ann\tPCM:N/P/BOB"),
        (4, "D Ann\tPCM:N/P/BOB"),
    ];
    scene.queue("q.glb", &queue);
    scene.resync("r.glb", [1, 2, 3], &queue.map(|(_, text)| text));
    scene.text(
        "t.txt",
        "T PCM:N/P\n Title:~1~9~A~x~\nA Jörg\tPCM:N/P/ANN\n- Title:/y\nA Bob\tSMTP:b@x\n",
    );
    scene.write(
        "l.ldif",
        "version: 1\n\ndn: cn=a,o=x\ncn:: SsO2cmc=\nmail: a@x\nsyncProxyPrimary: MS:N/P/A\n\n",
    );
    scene.write(
        "c.csv",
        "FullName,Address,Title\n\"Jörg, A\",PCM:N/P/ANN,x\nBob,b@x,\n",
    );
    let names = ["q.glb", "r.glb", "t.txt", "l.ldif", "c.csv"];
    let read = |name| fs::read(scene.path(name)).expect("written");
    names.map(|name| (name, read(name))).to_vec()
}

#[test]
fn a_side_cut_or_changed_anywhere_ends_with_a_code_of_the_table() {
    let scene = Scene::new();
    let allowed = [
        ExitCode::Done,
        ExitCode::Partial,
        ExitCode::Differences,
        ExitCode::Damaged,
    ];
    for (name, bytes) in sides(&scene) {
        let whole = scene.path(name);
        assert_eq!(compare(&whole, &whole), ExitCode::Done, "{name}");
        let damaged = scene.path(&format!("damaged-{name}"));
        let check = |bytes: &[u8], what: String| {
            fs::write(&damaged, bytes).expect("writable");
            for code in [compare(&whole, &damaged), compare(&damaged, &whole)] {
                assert!(allowed.contains(&code), "{name} {what}: {code:?}");
            }
        };
        for len in 0..bytes.len() {
            check(&bytes[..len], format!("cut at {len}"));
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x41;
            check(&bytes, format!("changed at {at}"));
        }
    }
}

#[test]
fn sides_of_any_length_are_compared_in_bounded_memory() {
    // Address space that the program needs however small the sides are, the program itself among it.
    const ALLOWED: u64 = 96 << 20;
    let count = super::planted::entry_count();
    let scene = Scene::new();
    // One name, and one mailbox, over and over among the others.
    let lines: String = (0..count)
        .map(|n| match n % 4 {
            0 => format!("A Number {n:09}\tPCM:N/P/U{n:07}\n"),
            1 => format!("A Same\tPCM:N/P/V{n:07}\n"),
            2 => format!("A Other {n:09}\tPCM:N/P/SAME\n"),
            _ => "A Both\tPCM:N/P/BOTH\n".to_owned(),
        })
        .collect();
    let sides = [
        scene.text("a.txt", &lines),
        scene.text("b.txt", &lines.replace("/V", "/W")),
    ];
    let output = Command::new("sh")
        .args(["-c", "ulimit -v $0 && exec \"$@\""])
        .arg((ALLOWED >> 10).to_string())
        .arg(env!("CARGO_BIN_EXE_audit"))
        .args(&sides)
        .args(["--json", "--memory", "1m"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let summary: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let size = fs::metadata(&sides[0]).expect("there").len();
    let spilled = summary["spilled"].as_u64().expect("a number");
    assert!(spilled > size, "{spilled} of {size}: {summary}");
    assert_eq!(summary["exit"], 5, "{summary}");
}
