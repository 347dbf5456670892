//! `listq`: the published screen by its cases, and damaged queues.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use dirsync::codec::checksum::crc16;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::timestamp::Timestamp;
use dirsync::postoffice::{Holder, Postoffice, layout};
use serde_json::Value;

use crate::scene::{Ran, Scene, queue};

const PROGRAM: &str = env!("CARGO_BIN_EXE_listq");
const VECTORS: &str = include_str!("../../testdata/spec/vectors.json");

/// Thu Apr 07 12:13:52 1994.
const STAMP: Timestamp = Timestamp(765_720_832);

fn sample(index: usize) -> Value {
    serde_json::from_str::<Value>(VECTORS).unwrap()["listq"][index].clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// The records of the published screen.
fn published() -> Vec<QueueRecord> {
    let records: Vec<_> = sample(0)["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            assert_eq!(text(&line["date"]), "Thu Apr 07 12:13:52 1994");
            let sync = text(&line["sync"]).parse().unwrap();
            let transaction = text(&line["transaction"]).as_bytes().to_vec();
            QueueRecord::transaction(STAMP, sync, 0, transaction)
        })
        .collect();
    assert_eq!(records.len(), 6);
    records
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("REQTRANS.GLB", &queue(&published()));
    scene
}

fn listq(scene: &Scene, line: &str) -> Ran {
    scene.run_reading(PROGRAM, &format!("admin -ppassword {line}"))
}

/// Where record `number` of a queue begins, from 1.
fn offset(records: &[QueueRecord], number: usize) -> usize {
    queue(&records[..number - 1]).len()
}

#[test]
fn ds_c015_the_published_screen_comes_out_as_printed() {
    let scene = scene();
    let ran = listq(&scene, "-c -t -freqtrans");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let banner: Vec<_> = ran.stdout.lines().take(2).collect();
    let published_banner = &sample(0)["banner"];
    assert_eq!(banner[0], published_banner[0]);
    assert_eq!(banner[1], published_banner[1]);

    let mut lines = ran.screen().lines();
    assert_eq!(lines.next(), published_banner[2].as_str());
    assert_eq!(lines.next(), Some(""));
    assert_eq!(lines.next(), published_banner[3].as_str());
    assert_eq!(lines.next(), Some(""));
    assert_eq!(
        lines.next(),
        Some("CRC  Date stamp               Sync#  Transaction")
    );
    let (records, bytes) = (published(), queue(&published()));
    for (number, line) in (1..).zip(sample(0)["lines"].as_array().unwrap()) {
        let (from, to) = (offset(&records, number), offset(&records, number + 1));
        let checksum = crc16(&bytes[from + 2..to]);
        let transaction = text(&line["transaction"]).replace('\t', "<tab>");
        let (date, sync) = (text(&line["date"]), text(&line["sync"]));
        let expected = format!("{checksum:04X} {date} {sync} {transaction}");
        assert_eq!(lines.next(), Some(expected.as_str()));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn ds_c015_each_column_comes_by_its_own_letter() {
    let scene = scene();
    for (line, head, first) in [
        (
            "-freqtrans",
            "Sync#  Transaction",
            "000001 R PCM:POLYNOMIAL/MONTGOMERY",
        ),
        (
            "-t -fREQTRANS.GLB",
            "Date stamp               Sync#  Transaction",
            "Thu Apr 07 12:13:52 1994 000001 R PCM:POLYNOMIAL/MONTGOMERY",
        ),
    ] {
        let ran = listq(&scene, line);
        assert_eq!(ran.code, 0);
        let lines: Vec<_> = ran.screen().lines().collect();
        assert_eq!(
            lines[..4],
            [
                "Examining POLYNOMIAL/MONTGOMERY Dirsync transaction file: REQTRANS",
                "",
                head,
                first
            ],
            "{line}"
        );
        assert_eq!(lines.len(), 9, "{line}");
    }
    let ran = listq(&scene, "-c -freqtrans");
    let lines: Vec<_> = ran.screen().lines().collect();
    assert_eq!(
        lines[2..5],
        ["Checking CRC...", "", "CRC  Sync#  Transaction"]
    );
    let (checksum, rest) = lines[5].split_at(4);
    assert!(u16::from_str_radix(checksum, 16).is_ok(), "{}", lines[5]);
    assert_eq!(rest, " 000001 R PCM:POLYNOMIAL/MONTGOMERY");
}

#[test]
fn q110496_the_record_of_podiag_shows_its_nul() {
    let scene = Scene::new();
    scene.write(
        "REQTRANS.GLB",
        &queue(&[QueueRecord::podiag_dummy(STAMP, 12)]),
    );
    assert_eq!(fs::metadata(scene.glb("REQTRANS.GLB")).unwrap().len(), 60);
    let ran = listq(&scene, "-freqtrans");
    let shown = text(&sample(1)["lines"][0]["transaction"]).to_owned();
    assert_eq!(
        ran.screen().lines().last(),
        Some(format!("000012 {shown}").as_str())
    );
}

#[test]
fn every_queue_and_the_resync_file_can_be_read_by_name_or_path() {
    let scene = scene();
    fs::rename(scene.glb("REQTRANS.GLB"), scene.glb("resync.glb")).unwrap();
    let ran = listq(&scene, "-fresync");
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 12));

    fs::rename(scene.glb("resync.glb"), scene.beside("copy.old")).unwrap();
    let ran = listq(&scene, "-f./copy.old");
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 12));
    assert!(ran.stdout.contains("transaction file: ./copy.old\n"));

    let ran = listq(&scene, "-fsrvtrans");
    assert_eq!(ran.code, 0);
    assert!(
        ran.screen().ends_with("\n\nThe queue is empty.\n"),
        "{ran:?}"
    );

    for line in ["-fmsttrans", "-f./none", "-f."] {
        let ran = listq(&scene, line);
        let expected = if line == "-f." { 2 } else { 66 };
        assert_eq!((ran.code, ran.stdout.as_str()), (expected, ""), "{line}");
    }
    let ran = listq(&scene, "-f./PO/GLB");
    assert_eq!(ran.code, 66);
    assert!(ran.stderr.ends_with("a directory, expected a queue\n"));
}

#[test]
fn lines_of_one_transaction_stand_together_and_control_bytes_are_spelled_out() {
    let scene = Scene::with_page(CodePage::Cp850);
    let text = b"M M\x81ller\tPCM:N/P/m\r\n  Meier\tPCM:N/P/m\r\n  I\tTITLE\t\x1b[2J\r\n".to_vec();
    let record = QueueRecord::transaction(STAMP, 1_234_567, 0, text);
    scene.write("USRTRANS.GLB", &queue(&[record]));
    let ran = listq(&scene, "-fusrtrans");
    assert!(
        ran.screen().ends_with(
            "\nSync#  Transaction\n\
             1234567 M Müller<tab>PCM:N/P/m\n\
             \x20         Meier<tab>PCM:N/P/m\n\
             \x20         I<tab>TITLE<tab><1B>[2J<0D><0A>\n"
        ),
        "{}",
        ran.screen()
    );
}

#[test]
fn ds_c017_a_wrong_checksum_is_marked_and_the_exit_code_tells() {
    let records = published();
    for (line, wrong) in [("-c -freqtrans", 1), ("-freqtrans", 2)] {
        let scene = scene();
        let mut bytes = queue(&records);
        for number in 2..2 + wrong {
            let last = offset(&records, number + 1) - 1;
            bytes[last] ^= 0x20;
        }
        scene.write("REQTRANS.GLB", &bytes);
        let ran = listq(&scene, line);
        assert_eq!(ran.code, 65);
        let marks = ran.stdout.matches("*** wrong checksum: stored ").count();
        assert_eq!(marks, wrong);
        assert!(ran.stdout.contains("A apple<tab>"), "the others are listed");
        assert!(ran.stdout.contains("A Mark<tab>"), "the others are listed");
        let what = match wrong {
            1 => "1 of 6 transactions has a wrong checksum: ",
            _ => "2 of 6 transactions have a wrong checksum, the first: ",
        };
        assert!(ran.stderr.starts_with(&format!("listq: {what}")), "{ran:?}");
        let place = format!(
            "REQTRANS.GLB: transaction 2 at byte {:#x}: stored checksum 0x",
            offset(&records, 2)
        );
        assert!(ran.stderr.contains(&place), "{ran:?}");
    }
}

#[test]
fn of_a_torn_queue_what_is_whole_is_listed() {
    let (scene, records) = (scene(), published());
    let bytes = queue(&records);
    let start = offset(&records, 4);
    let len = records[3].text.len();
    for (cut, why) in [
        (
            start + 10,
            "file ends inside the header (10 of 24 bytes)".to_owned(),
        ),
        (
            start + 30,
            format!("text length {len} leaves the file (6 bytes left)"),
        ),
    ] {
        scene.write("REQTRANS.GLB", &bytes[..cut]);
        let ran = listq(&scene, "-freqtrans");
        assert_eq!(ran.code, 65);
        assert_eq!(ran.screen().lines().count(), 3 + 3, "{ran:?}");
        let fault = format!("REQTRANS.GLB: transaction 4 at byte {start:#x}: {why}\n");
        assert!(ran.stderr.ends_with(&fault), "{ran:?}");
    }
}

#[test]
fn json_is_one_object_with_every_record() {
    let (scene, records) = (scene(), published());
    let ran = listq(&scene, "-freqtrans --json");
    let listing = ran.json();
    let keys: Vec<_> = listing.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys.join(" "),
        "program postoffice file transactions read wrong_checksums messages seconds exit"
    );
    assert_eq!(listing["postoffice"], "POLYNOMIAL/MONTGOMERY");
    assert_eq!(
        (listing["read"].as_u64(), listing["exit"].as_u64()),
        (Some(6), Some(0))
    );
    let third = &listing["transactions"][2];
    assert_eq!(third["number"], 3);
    assert_eq!(third["offset"], offset(&records, 3));
    assert_eq!(third["kind"], "transaction");
    assert_eq!(third["stamp"], "1994-04-07T12:13:52Z");
    assert_eq!(third["text"], "A apple\tPCM:POLYNOMIAL/MONTGOMERY/apple");
    assert_eq!(third["intact"], true);

    let mut bytes = queue(&records);
    bytes.pop();
    bytes[30] ^= 1;
    scene.write("REQTRANS.GLB", &bytes);
    let report = scene.beside("report.jsonl");
    let ran = listq(
        &scene,
        &format!("-freqtrans --json --report {}", report.display()),
    );
    let listing = ran.json();
    assert_eq!((ran.code, listing["exit"].as_u64()), (65, Some(65)));
    assert_eq!(listing["transactions"].as_array().unwrap().len(), 5);
    assert_eq!(listing["wrong_checksums"], 1);
    let said = text(&listing["messages"][0]["text"]);
    assert!(said.contains("transaction 6 at byte"), "{said}");
    assert!(
        said.contains("1 of 5 transactions has a wrong checksum"),
        "{said}"
    );
    assert!(ran.stderr.contains(said), "{}", ran.stderr);

    let report = fs::read_to_string(report).unwrap();
    let lines: Vec<Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["intact"], false);
    assert_eq!(
        (lines[5]["program"].as_str(), lines[5]["read"].as_u64()),
        (Some("listq"), Some(5))
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let scene = Scene::new();
    let record = QueueRecord::transaction(STAMP, 1, 0, vec![b'x'; 1000]);
    scene.write("MSTTRANS.GLB", &queue(&vec![record; 2000]));
    let mut child = Command::new(PROGRAM)
        .args(["admin", "-ppassword", "-fmsttrans"])
        .arg(format!("-d{}", scene.path().display()))
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_listing_that_stands_in_a_pager_keeps_no_writer_out_and_shows_one_state() {
    let scene = Scene::new();
    let record = QueueRecord::transaction(STAMP, 1, 0, vec![b'x'; 1000]);
    let bytes = queue(&vec![record; 2000]);
    scene.write("MSTTRANS.GLB", &bytes);
    let mut child = Command::new(PROGRAM)
        .args(["admin", "-ppassword", "-fmsttrans"])
        .arg(format!("-d{}", scene.path().display()))
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pager = child.stdout.take().unwrap();
    let mut screen = vec![0; 100];
    pager.read_exact(&mut screen).unwrap();

    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let holder = Holder::new("test", "Admin", "Administrator", now);
    let writer = Postoffice::open_write(&scene.path(), holder).expect("nobody holds it");
    let batch = writer.batch().unwrap();
    batch.append(&layout::MSTTRANS, &bytes).unwrap();
    batch.commit().unwrap();

    pager.read_to_end(&mut screen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let rows = screen
        .split(|&b| b == b'\n')
        .filter(|line| line.starts_with(b"000001 x"));
    assert_eq!(rows.count(), 2000);
}

#[test]
fn nobody_reads_without_an_administrators_login() {
    let scene = scene();
    for line in [
        "nobody -pX -freqtrans",
        "-pX -freqtrans",
        "admin -freqtrans",
    ] {
        let ran = scene.run_reading(PROGRAM, line);
        assert_eq!((ran.code, ran.stdout.as_str()), (77, ""), "{line}");
        assert_eq!(ran.stderr, "listq: Bad ID or Password\n", "{line}");
    }
}

#[test]
fn no_damage_to_a_queue_makes_it_panic_or_hang() {
    let scene = Scene::new();
    let records = &published()[..2];
    let bytes = queue(records);
    // Every boundary and every header byte; the texts are tried by the codec's own tests.
    let cuts = (0..=bytes.len())
        .step_by(7)
        .map(|len| bytes[..len].to_vec());
    let flips = (0..24)
        .chain(offset(records, 2)..offset(records, 2) + 24)
        .map(|at| {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0xff;
            flipped
        });
    for (case, bytes) in cuts.chain(flips).enumerate() {
        scene.write("REQTRANS.GLB", &bytes);
        let line = if case % 2 == 0 {
            "-c -t -freqtrans"
        } else {
            "--json -freqtrans"
        };
        let ran = scene.run(PROGRAM, &format!("admin -px {line}"));
        let is_whole = bytes.is_empty() || bytes.len() == offset(records, 2);
        assert_eq!(
            ran.code,
            if is_whole { 0 } else { 65 },
            "case {case}: {ran:?}"
        );
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    }
}
