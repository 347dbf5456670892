//! Mail that means no good: put aside with a reason, never a panic, never more memory than a message has.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::letter::Letter;
use super::org::Org;
use super::scene::Scene;
use crate::support::Run;

fn scene() -> (Scene, Org) {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    one.person("a", "ann", "ann@org1.example");
    (scene, one)
}

/// A message as it should be.
fn letter(one: &mut Org) -> Letter {
    let request = one.ask();
    one.letters(request).remove(0)
}

/// Delivers, and returns the only reason that there is.
#[track_caller]
fn reason(scene: &Scene, bytes: &[u8]) -> String {
    scene.deliver_bytes(bytes);
    let run = scene.dxa("cycle").ends(1);
    assert_eq!(scene.lying(), 0, "{}", run.stdout);
    let mut reasons = scene.reasons();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    fs::remove_dir_all(scene.data("quarantine")).expect("removed");
    reasons.remove(0)
}

#[test]
fn a_message_cut_off_anywhere_is_put_aside_or_waits_for_nothing() {
    let (scene, mut one) = scene();
    let whole = letter(&mut one).bytes();
    for at in (0..whole.len() - 10).step_by(101) {
        let said = reason(&scene, &whole[..at]);
        let is_known = ["unknown-requestor", "list-damaged"];
        assert!(
            is_known.iter().any(|code| said.contains(code)),
            "{at}: {said}"
        );
    }
    scene.deliver_bytes(&whole);
    let done = scene.cycle(0);
    assert_eq!(done["hub"]["requests"][0]["added"], 1, "{done}");
}

#[test]
fn mail_of_others_is_put_aside_with_what_it_is() {
    let (scene, _) = scene();
    let said = reason(
        &scene,
        b"From: Eve <eve@shop.example>\nSubject: Buy\n\nnow\n",
    );
    assert!(
        said.ends_with(
            "unknown-requestor: mail of somebody else, from \"eve@shop.example\", subject \"Buy\""
        ),
        "{said}"
    );
    let bounce = b"From: MAILER-DAEMON@po.test\nSubject: Undelivered\nContent-Type: multipart/report; boundary=x\n\n--x--\n";
    let said = reason(&scene, bounce);
    assert!(said.contains("a mail system gives mail back"), "{said}");
    for garbage in [
        &b""[..],
        b"\xff\xfe\x00\x01",
        b"\n\n\n",
        b"no header at all",
    ] {
        let said = reason(&scene, garbage);
        assert!(said.contains("unknown-requestor"), "{said}");
    }
}

#[test]
fn a_header_of_megabytes_and_parts_without_end_are_refused() {
    let (scene, mut one) = scene();
    let letter = letter(&mut one);
    let text = String::from_utf8(letter.bytes()).expect("text");
    let long = format!("X-Long: {}\n{text}", "x".repeat(10 << 20));
    assert!(reason(&scene, long.as_bytes()).contains("a header of more than"));
    let many = format!("{}{text}", "X-Many: y\n".repeat(100_000));
    assert!(reason(&scene, many.as_bytes()).contains("a header of more than"));
    let (header, _) = text.split_once("Content-Type: multipart").expect("parts");
    let mut deep = header.to_owned();
    for n in 0..5000 {
        deep.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=B{n}\n\n--B{n}\n"
        ));
    }
    for n in (0..5000).rev() {
        deep.push_str(&format!("--B{n}--\n"));
    }
    assert!(reason(&scene, deep.as_bytes()).contains("more than 8 deep"));
    let wide = format!(
        "{header}Content-Type: multipart/mixed; boundary=B\n\n{}--B--\n",
        "--B\n\nx\n".repeat(100_000)
    );
    assert!(reason(&scene, wide.as_bytes()).contains("more than 64 parts"));
    let big = format!("{text}{}", "x".repeat(40 << 20));
    assert!(reason(&scene, big.as_bytes()).contains("too-long"));
    // Of who is unknown no more than the header is looked at.
    let stranger = text.replace("BRANCH:ORG1", "BRANCH:ORG9") + &"x".repeat(40 << 20);
    assert!(reason(&scene, stranger.as_bytes()).contains("is not registered"));
}

/// What a branch signs that means no good, or is broken.
#[test]
fn tables_and_heads_that_lie_are_damaged_and_nothing_comes_of_them() {
    let (scene, mut one) = scene();
    let good = letter(&mut one);
    let head = "number,key,action,kind,dn,mail,target,secondary,uid\r\n";
    let row = "1,ORG1:a,put,mailbox,x,,,,ann\r\n";
    let tables = [
        (format!("{head}{row}{row}"), "2 records, the head says 1"),
        (head.to_owned(), "0 records, the head says 1"),
        (
            format!("{head}1,ORG1:a,put,mailbox,x,,,\r\n"),
            "8 fields, expected 9",
        ),
        (
            format!("{head}x,ORG1:a,put,mailbox,x,,,,ann\r\n"),
            "number \"x\"",
        ),
        (
            format!("{head}1,nobody,put,mailbox,x,,,,ann\r\n"),
            "expected BRANCH:entryUUID",
        ),
        (
            format!("{head}1,ORG1:a,burn,mailbox,x,,,,ann\r\n"),
            "expected put or remove",
        ),
        (
            format!("{head}1,ORG1:a,put,\"mailbox,x,,,,ann\r\n"),
            "fields, expected",
        ),
        ("\u{0}".repeat(1000), "columns"),
        (",".repeat(2 << 20), "columns"),
        (
            format!("{head}{}", "1,ORG1:a,remove,,,,,,\r\n".repeat(200_000)),
            "the head says 1",
        ),
        (
            format!(
                "{head}1,ORG1:a,put,mailbox,x,,,,\"{}\"\r\n",
                "\n".repeat(1 << 20)
            ) + row,
            "the head says 1",
        ),
    ];
    for (table, expected) in tables {
        let mut letter = good.clone();
        letter.files[0].1 = table.into_bytes();
        let said = reason(&scene, &letter.signed(&one.key).bytes());
        assert!(
            said.contains("list-damaged") && said.contains(expected),
            "{expected}: {said}"
        );
    }
    let heads = [
        (
            "PART=1/1",
            "PART=1/18446744073709551615",
            "more than 4096 parts",
        ),
        ("PART=1/1", "PART=1/5000", "more than 4096 parts"),
        (
            "EARLIER=",
            &*format!("EARLIER={}", "x".repeat(200)),
            "an id of 200 bytes",
        ),
        (
            "EARLIER=",
            &format!("EARLIER={}", "x ".repeat(40_000)),
            "is no head",
        ),
    ];
    for (found, replaced, expected) in heads {
        let mut letter = good.clone();
        letter.head = letter.head.replace(found, replaced);
        let said = reason(&scene, &letter.signed(&one.key).bytes());
        assert!(
            said.contains("list-damaged") && said.contains(expected),
            "{expected}: {said}"
        );
    }
    let mut letter = good.clone();
    letter.files.remove(1);
    let said = reason(&scene, &letter.signed(&one.key).bytes());
    assert!(
        said.contains("expected changes.csv and withheld.csv"),
        "{said}"
    );
    scene.deliver(&[good]);
    scene.cycle(0);
}

#[test]
fn what_is_no_file_stays_where_it_is_and_is_said() {
    let (scene, mut one) = scene();
    scene.ask(&mut one);
    fs::create_dir_all(scene.data("mail/new/folder")).expect("made");
    symlink("/etc/passwd", scene.data("mail/new/link")).expect("made");
    let pipe = scene.data("mail/new/pipe");
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, mode, 0).expect("made");
    let run = scene.dxa("cycle").ends(0);
    for name in ["folder", "link", "pipe"] {
        let said = format!("passed over in the Maildir file=new/{name}");
        assert!(run.stdout.contains(&said), "{}", run.stdout);
    }
    scene.answer(&one);
}

#[test]
fn two_that_are_called_the_same_lie_beside_each_other_in_the_quarantine() {
    let (scene, _) = scene();
    for text in ["one", "two"] {
        fs::create_dir_all(scene.data("mail/new")).expect("made");
        fs::write(scene.data("mail/new/same"), text).expect("written");
        scene.dxa("cycle").ends(1);
    }
    let read = |name: &str| fs::read_to_string(scene.data("quarantine").join(name)).expect("there");
    assert_eq!(
        (read("same.eml"), read("same.2.eml")),
        ("one".to_owned(), "two".to_owned())
    );
    assert!(read("same.2.reason").contains("unknown-requestor"));
}

#[test]
fn a_message_of_gigabytes_costs_no_memory() {
    let (scene, mut one) = scene();
    let letter = letter(&mut one);
    let text = letter.bytes();
    // Of who is registered, of a stranger, and without any end of its header.
    let stranger = String::from_utf8_lossy(&text).replace("BRANCH:ORG1", "BRANCH:ORG9");
    for text in [&text[..], stranger.as_bytes(), b"From: x"] {
        let path = scene.deliver_bytes(text);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .expect("opened");
        file.set_len(2 << 30).expect("a file with a hole");
    }
    let mut command = Command::new("sh");
    let limited = "ulimit -v 409600 && exec \"$0\" \"$@\"";
    command.args(["-c", limited, env!("CARGO_BIN_EXE_dxa")]);
    scene.prepare(&mut command, "cycle");
    Run::of(command.output().expect("it runs")).ends(1);
    assert_eq!((scene.lying(), scene.reasons().len()), (0, 3));
}
