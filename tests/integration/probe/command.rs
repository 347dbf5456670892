//! The program: what it prints and writes, and the other programs with a profile that it saved.

use std::fs;
use std::path::Path;
use std::process::Command;

use dirsync::codec::queue::QueueRecord;
use dirsync::codec::timestamp::Timestamp;
use serde_json::Value;

use super::foreign;
use super::framings::drawn;
use super::texts::Random;
use crate::scene::{self, Ran, Scene};

const PROBE: &str = env!("CARGO_BIN_EXE_probe");
const LISTQ: &str = env!("CARGO_BIN_EXE_listq");
const AUDIT: &str = env!("CARGO_BIN_EXE_audit");
const RESYNC: &str = env!("CARGO_BIN_EXE_resync");
const IMPORT: &str = env!("CARGO_BIN_EXE_import");

/// The screen of Q96060.
const LISTQ_SAMPLE: &str = "\
FB16 Thu Apr 07 12:13:52 1994 000001 R PCM:POLYNOMIAL/MONTGOMERY
B4A2 Thu Apr 07 12:13:52 1994 000002 A able is he who knows his limit<tab>PCM:POLYNOMIAL/MONTGOMERY/able
2FC1 Thu Apr 07 12:13:52 1994 000003 A apple<tab>PCM:POLYNOMIAL/MONTGOMERY/apple
D2CD Thu Apr 07 12:13:52 1994 000004 A Paul<tab>PCM:POLYNOMIAL/MONTGOMERY/paul
6D23 Thu Apr 07 12:13:52 1994 000005 A Bryan<tab>PCM:POLYNOMIAL/MONTGOMERY/bryan
16F9 Thu Apr 07 12:13:52 1994 000006 A Mark<tab>PCM:POLYNOMIAL/MONTGOMERY/mark
";

fn run(program: &str, directory: &Path, line: &str) -> Ran {
    let output = Command::new(program)
        .args(line.split_whitespace())
        .current_dir(directory)
        .env("TZ", "UTC")
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code().expect("ended by itself"),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn scene() -> (Scene, Vec<u8>, Vec<String>) {
    let scene = Scene::new();
    let (bytes, texts) = foreign::queue(80);
    fs::write(scene.beside("FOREIGN"), &bytes).unwrap();
    (scene, bytes, texts)
}

fn entries(found: &Value) -> Vec<String> {
    let text = |e: &Value| e["text"].as_str().unwrap().to_owned();
    found["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect()
}

#[test]
fn probe_says_the_framing_with_its_evidence() {
    let (scene, _, texts) = scene();
    let ran = run(PROBE, &scene.beside(""), "FOREIGN --json");
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = ran.json();
    assert_eq!(entries(&found), texts);
    assert_eq!(found["transactions"], 80);
    let framing = &found["framing"];
    assert_eq!(
        (&framing["header"], &framing["terminator"]),
        (&12.into(), &"00".into())
    );
    assert_eq!(framing["unexplained"], serde_json::json!([]));
    let fields: Vec<String> = framing["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            format!(
                "{} {} {}: {} {}/{}",
                f["zone"], f["offset"], f["size"], f["meaning"], f["agree"], f["of"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        fields,
        [
            "header 0 2: always 5107 80/80",
            "header 2 4: sync number 79/79",
            "header 6 2: length of the text + 1 80/80",
            "header 8 4: date stamp (unix) 80/80",
            "trailer 0 2: checksum of record: CRC-16/ARC, start of record to end of record, own bytes left out 80/80",
        ]
    );
    let screen = run(PROBE, &scene.beside(""), "FOREIGN").stdout;
    for line in [
        "80 transactions (A 64, M 16, D 0, R 0, T 0)",
        "Sure",
        "  header       2    4  79 of 79            sync number, big-endian",
    ] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }
    let text = run(PROBE, &scene.beside(""), "FOREIGN --text").stdout;
    assert_eq!(text.lines().count(), 96, "{text}");
    assert!(
        text.starts_with("A User 0                         PCM:NET/PO/u0\r\n"),
        "{text}"
    );
}

#[test]
fn probe_gives_every_program_what_it_found() {
    let (scene, bytes, texts) = scene();
    let dir = scene.beside("");
    let ran = run(PROBE, &dir, "FOREIGN --save PROFILE --convert OURS.GLB");
    assert_eq!(ran.code, 0, "{ran:?}");
    let listed = |line: &str| {
        let ran = scene.run(LISTQ, &format!("admin -ppassword --json {line}"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let found = ran.json();
        let row = |r: &Value| {
            (
                r["sync"].as_u64().unwrap(),
                r["stamp"].clone(),
                r["text"].as_str().unwrap().to_owned(),
            )
        };
        found["transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(row)
            .collect::<Vec<_>>()
    };
    let ours = listed("-f./OURS.GLB");
    assert_eq!(ours.iter().map(|r| r.2.clone()).collect::<Vec<_>>(), texts);
    assert_eq!(
        (ours[3].0, ours[3].1.as_str()),
        (0x0001_8003, Some("1994-04-07T12:15:43Z"))
    );
    assert_eq!(listed("-f./FOREIGN --framing=PROFILE"), ours);
    // The other way round nothing is lost.
    let ran = run(PROBE, &dir, "OURS.GLB --convert BACK --to PROFILE");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(fs::read(scene.beside("BACK")).unwrap(), bytes);
    let ran = run(AUDIT, &dir, "queue:FOREIGN OURS.GLB --framing PROFILE");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(AUDIT, &dir, "queue:FOREIGN OURS.GLB");
    assert_ne!(
        ran.code, 0,
        "without the profile it cannot be read: {ran:?}"
    );
}

#[test]
fn probe_lets_resync_read_a_foreign_full_list() {
    let scene = Scene::new();
    let dir = scene.beside("");
    let header = "# RESYNC IMPSEQ=0000000003 REQSEQ=0000000007 SRVSEQ=0000000099 STAMP=0000000001 SERVER=PCM:NET/PO FOR=*";
    let (bytes, texts) = foreign::queue_with(Some(header), 60);
    assert_eq!(texts[0], header);
    fs::write(scene.beside("LIST"), bytes).unwrap();
    let ran = run(PROBE, &dir, "LIST --save PROFILE");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(RESYNC, &dir, "show LIST --framing PROFILE --text");
    assert_eq!(ran.code, 0, "{ran:?}");
    // 59 transactions, of which twelve have two lines.
    let lines = ran.stdout.lines().filter(|l| !l.starts_with('#'));
    assert_eq!(lines.count(), 71, "{}", ran.stdout);
    // What another make has written does not prove itself whole.
    let ran = run(RESYNC, &dir, "check LIST --framing PROFILE");
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stdout.contains("no end mark"), "{ran:?}");
    assert_eq!(run(RESYNC, &dir, "check LIST").code, 65);
}

#[test]
fn probe_lets_import_take_a_foreign_queue() {
    let (scene, bytes, _) = scene();
    let ran = run(PROBE, &scene.beside(""), "FOREIGN --save PROFILE");
    assert_eq!(ran.code, 0, "{ran:?}");
    scene.write("SRVTRANS.GLB", &bytes);
    let before = scene.run(IMPORT, "admin -ppassword -q --dry-run --json -y");
    let after = scene.run(
        IMPORT,
        "admin -ppassword -q --framing=PROFILE --dry-run --json -y",
    );
    assert_eq!(after.json()["read"], 80, "{after:?}");
    assert_ne!(before.json()["read"], 80, "{before:?}");
}

#[test]
fn probe_refuses_to_write_what_is_not_explained() {
    let scene = Scene::new();
    let (mut bytes, mut random) = (Vec::new(), Random::new(5));
    for n in 0..60_u32 {
        let text = format!("A User {n}\tPCM:NET/PO/u{}", n * n);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend((random.next() as u32).to_le_bytes());
        bytes.extend(text.bytes());
    }
    fs::write(scene.beside("FOREIGN"), &bytes).unwrap();
    let dir = scene.beside("");
    let ran = run(PROBE, &dir, "FOREIGN --save PROFILE --convert OURS.GLB");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(PROBE, &dir, "OURS.GLB --convert BACK --to PROFILE");
    assert_eq!(ran.code, 73, "{ran:?}");
    assert!(
        ran.stderr.contains("header byte 2, 4 bytes: 60 values"),
        "{ran:?}"
    );
    assert!(!scene.beside("BACK").exists());
}

#[test]
fn probe_takes_nothing_else_for_a_queue() {
    let scene = Scene::new();
    let mut random = Random::new(77);
    let noise: Vec<u8> = (0..500_000).map(|_| random.next() as u8).collect();
    let picture = [
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x48\0\x48\0\0".as_slice(),
        &noise[..90_000],
        b"\xff\xd9",
    ]
    .concat();
    let import = (0..200)
        .map(|n| format!("A User {n:<26}PCM:NET/PO/u{n}\r\n"))
        .collect::<String>();
    let prose = "Dear all: the list of PCM: names is not here. A man said so.\n".repeat(300);
    for (name, bytes) in [
        ("NOISE", &noise[..]),
        ("PICTURE", &picture),
        ("IMPORT", import.as_bytes()),
        ("PROSE", prose.as_bytes()),
        ("EMPTY", b""),
    ] {
        fs::write(scene.beside(name), bytes).unwrap();
        let ran = run(PROBE, &scene.beside(""), name);
        assert_eq!(ran.code, 65, "{name}: {ran:?}");
        assert!(ran.stderr.contains("not a queue file"), "{name}: {ran:?}");
    }
    assert_eq!(run(PROBE, &scene.beside(""), "NOWHERE").code, 66);
    // Nor does a profile make a queue of it.
    foreign::profile(&scene.beside(""));
    let ran = run(
        PROBE,
        &scene.beside(""),
        "NOISE --framing PROFILE --convert OURS",
    );
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(!scene.beside("OURS").exists());
}

#[test]
fn probe_names_what_does_not_fit_and_salvages_the_rest() {
    let (scene, mut bytes, texts) = scene();
    let at = 2000;
    bytes[at..at + 400].fill(0);
    bytes.truncate(bytes.len() - 20);
    fs::write(scene.beside("DAMAGED"), &bytes).unwrap();
    let ran = run(PROBE, &scene.beside(""), "DAMAGED --salvage --json");
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = ran.json();
    let got = entries(&found);
    assert!(
        got.len() >= 70 && got.iter().all(|t| texts.contains(t) || t.len() < 40),
        "{got:?}"
    );
    assert!(found["misfit_count"].as_u64().unwrap() >= 2, "{found}");
    // The screen lists them, with their offsets and how sure they are.
    let screen = run(PROBE, &scene.beside(""), "DAMAGED --salvage").stdout;
    for line in [
        "         0xc  sure      098304 A User 0<tab>PCM:NET/PO/u0\n",
        "  text      ------ ",
    ] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }
    let hole = &found["holes"][0];
    assert!(hole["to"].as_u64() >= hole["from"].as_u64(), "{found}");
    assert!(
        found["misfits"][0]["offset"].as_u64().unwrap() <= at as u64,
        "{found}"
    );
}

#[test]
fn probe_searches_checksums_and_claims_nothing_by_chance() {
    let (scene, ..) = scene();
    fs::write(scene.beside("SAMPLE"), LISTQ_SAMPLE).unwrap();
    let ran = run(PROBE, &scene.beside(""), "SAMPLE --checksums --json");
    assert_eq!(ran.code, 5, "{ran:?}");
    let found = ran.json();
    assert_eq!(
        (&found["samples"], &found["found"]),
        (&6.into(), &serde_json::json!([]))
    );
    assert!(found["tried"].as_u64().unwrap() > 100_000, "{found}");
    let ran = run(PROBE, &scene.beside(""), "FOREIGN --checksums --json");
    assert_eq!(ran.code, 0, "{ran:?}");
    let first = ran.json()["found"][0].as_str().unwrap().to_owned();
    assert!(
        first.starts_with("CRC-16/ARC at trailer byte 1, 2 bytes big-endian: 80 of 80")
            || first.starts_with("CRC-16/ARC at trailer byte 0"),
        "{first}"
    );
}

#[test]
fn probe_reads_files_drawn_at_random_to_the_last_entry() {
    let scene = Scene::new();
    for seed in 40..46 {
        let (_, written) = drawn(seed, 120);
        fs::write(scene.beside("DRAWN"), &written.bytes).unwrap();
        let found = run(PROBE, &scene.beside(""), "DRAWN --json").json();
        let offsets: Vec<_> = found["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["offset"].as_u64().unwrap() as usize)
            .collect();
        let expected: Vec<_> = written.texts.iter().map(|t| t.0).collect();
        assert_eq!(offsets, expected, "seed {seed}");
    }
}

#[test]
fn probe_finds_the_fields_of_the_lists_we_write() {
    // The offsets of NME that were published, found without knowing them: full name at 2, hexid at 41.
    let scene = Scene::new();
    let mut list = Vec::new();
    for n in 0..40_u32 {
        let mut record = vec![2, 0];
        record.extend(format!("User {} Number{n}", char::from(b'A' + n as u8 % 26)).bytes());
        record.resize(33, 0);
        record.extend((0x5000 + n * 3 % 97).to_le_bytes());
        record.extend((69 * (n * 7 % 40)).to_le_bytes());
        record.extend((n * 5 + 300).to_le_bytes());
        assert_eq!(record.len(), 45);
        list.extend(record);
    }
    fs::write(scene.beside("ADMIN.NME"), &list).unwrap();
    let ran = run(PROBE, &scene.beside(""), "--records ADMIN.NME --json");
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = ran.json();
    let columns: Vec<String> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            format!(
                "{} {} {}",
                c["offset"],
                c["size"],
                c["meaning"].as_str().unwrap()
            )
        })
        .collect();
    assert!(columns[2].starts_with("2 31 name"), "{columns:?}");
    assert!(
        columns
            .iter()
            .any(|c| c.starts_with("41 4 number that rises")),
        "{columns:?}"
    );
    assert_eq!(found["entries"][7]["values"][0]["value"], "User H Number7");
    let screen = run(PROBE, &scene.beside(""), "--records ADMIN.NME").stdout;
    assert!(
        screen.contains("40 records of 45 bytes") && screen.contains("User H Number7"),
        "{screen}"
    );
    list.extend([1; 10]);
    fs::write(scene.beside("OTHER"), &list).unwrap();
    assert_eq!(run(PROBE, &scene.beside(""), "--records OTHER").code, 2);
    assert_eq!(
        run(PROBE, &scene.beside(""), "--records OTHER --length 45").code,
        1
    );
}

#[test]
fn probe_writes_another_framing_whole_or_not_at_all() {
    let scene = Scene::new();
    let dir = scene.beside("");
    foreign::profile(&dir);
    let queue =
        |records: &[QueueRecord]| fs::write(scene.beside("OURS"), scene::queue(records)).unwrap();
    let record = |sync: u32, origin: u32, text: &str| {
        QueueRecord::transaction(
            Timestamp(765_720_832),
            sync,
            origin,
            text.as_bytes().to_vec(),
        )
    };
    let many: Vec<QueueRecord> = (1..=40)
        .map(|n| {
            record(
                n,
                n % 3,
                &format!("M User {n}\tPCM:NET/PO/u{n}\r\n  Name {n}\tPCM:NET/PO/n{n}"),
            )
        })
        .collect();
    queue(&many);
    let line = "OURS --convert BACK --to PROFILE";
    let ran = run(PROBE, &dir, line);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("27 of them name the requestor they came from"),
        "{ran:?}"
    );
    let listed = scene.run(LISTQ, "admin -ppassword --json -f./BACK --framing=PROFILE");
    let listed = listed.json();
    let texts: Vec<&str> = listed["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["text"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = many
        .iter()
        .map(|r| String::from_utf8(r.text.clone()).unwrap())
        .collect();
    assert_eq!(texts, expected);
    // A text with a NUL at its end, as PODIAG writes one, is the same to whoever reads it.
    queue(&[
        many[0].clone(),
        record(2, 0, "# Dummy record installed by PODIAG.\0"),
    ]);
    assert_eq!(run(PROBE, &dir, line).code, 0);
    let before = fs::read(scene.beside("BACK")).unwrap();
    // A text that is longer than its length can say.
    queue(&[
        many[0].clone(),
        record(2, 0, &format!("A User\tSMTP:{}", "x".repeat(70_000))),
    ]);
    let ran = run(PROBE, &dir, line);
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.stderr.contains("record 2: "), "{ran:?}");
    assert_eq!(
        fs::read(scene.beside("BACK")).unwrap(),
        before,
        "the old file is still there"
    );
    // A torn queue.
    let mut torn = scene::queue(&many);
    torn.truncate(torn.len() - 5);
    fs::write(scene.beside("OURS"), torn).unwrap();
    let ran = run(PROBE, &dir, line);
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.stderr.contains("transaction 40 at byte "), "{ran:?}");
    // A profile in which a byte belongs to no field, and one with bytes before the first record.
    let profile = fs::read_to_string(scene.beside("PROFILE")).unwrap();
    queue(&many);
    for (from, to, said) in [
        (
            "header = 12",
            "header = 14",
            "header byte 12, 2 bytes: no field",
        ),
        (
            "lead = 0",
            "lead = 9",
            "9 bytes before the first record: what stands there is not kept",
        ),
    ] {
        fs::write(scene.beside("PROFILE"), profile.replacen(from, to, 1)).unwrap();
        let ran = run(PROBE, &dir, line);
        assert_eq!(ran.code, 73, "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
    assert_eq!(fs::read(scene.beside("BACK")).unwrap(), before);
}
