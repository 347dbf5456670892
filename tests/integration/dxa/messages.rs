//! What the transactions of a message look like, in every form that the agent reads (`spec/exchange.md` DX-19, DX-22).

use std::fs;

use super::net::{AGENT, quarantine};
use super::replies::{FORMS, Form, SERVER, Server, difference};
use super::scene::{CONTAINER, Scene, resync};

/// A line is long from here on: an address would stand behind it (Q151782).
const LONG: &str = "- Department:/Trade and Tourism and Economic Development";

/// The four printed forms of M, each with one line of information.
fn printed(value: &str) -> [String; 4] {
    let line = "George Jones\tPCM:NET1/PO1/GJONES";
    [
        format!("M {line}\r\n  {line}\r\n{LONG} {value}0"),
        format!("M {line}\r\n{LONG} {value}1"),
        format!("M {line}\r\n - Department:/{value}2"),
        format!("M George Jones\r\n{LONG} {value}3"),
    ]
}

const GEORGE: &str = "MS:NET1/PO1/GJONES";
const JONES: &str = "A George Jones\tPCM:NET1/PO1/GJONES\r\n- Title:/Clerk";
const SMITH: &str = "A George Smith\tPCM:NET1/PO1/GSMITH";

#[test]
fn dxc_053_055_057_all_printed_forms_of_m_change_only_what_their_lines_name() {
    let mut server = Server::new("", &[JONES, SMITH]);
    for form in FORMS {
        for (text, n) in printed(&format!("{form:?}")).iter().zip(0..) {
            let before = server.entry(GEORGE);
            let smith = server.entry("MS:NET1/PO1/GSMITH");
            server.put(form, "UPDATE", &[text]);
            let became = server.take(0);
            assert_eq!(became.len(), 1, "{form:?} {n}: {became:?}");
            assert_eq!(became[0]["outcome"], "modified", "{form:?} {n}: {became:?}");
            let difference = difference(&before, &server.entry(GEORGE));
            let is_department = |pair: &String| pair[1..].starts_with("departmentNumber=");
            assert!(
                !difference.is_empty() && difference.iter().all(is_department),
                "{form:?} {n}: {difference:?}"
            );
            assert_eq!(server.entry("MS:NET1/PO1/GSMITH"), smith);
        }
    }
}

#[test]
fn dxc_055_a_dropped_list_names_an_entry_without_its_address() {
    let server = Server::new("", &[JONES, SMITH]);
    let scene = &server.scene;
    let before = server.entry(GEORGE);
    scene.drop_file(
        "changes.txt",
        format!("M George Jones\r\n{LONG}\r\n").as_bytes(),
    );
    let run = scene.dxa("lists").ends(0);
    assert!(run.stdout.contains("modified 1"), "{}", run.stdout);
    assert_eq!(difference(&before, &server.entry(GEORGE)).len(), 1);
    assert_eq!(scene.shown().len(), 2, "changes are no list: nobody goes");

    let list = resync(
        (1, 90, 4, 900),
        &[JONES, SMITH, "M George Smith\r\n- Title:/Smith"],
    );
    scene.drop_file("RESYNC.GLB", &list);
    let run = scene.dxa("lists").ends(0);
    assert!(run.stdout.contains("modified 2"), "{}", run.stdout);
    let smith = server.entry("MS:NET1/PO1/GSMITH");
    assert!(smith.contains(&"title=Smith".to_owned()), "{smith:?}");
}

#[test]
fn dxc_056_a_name_that_two_have_or_none_changes_nothing() {
    let other = "A George Jones\tPCM:NET1/PO1/GJ2";
    let mut server = Server::new("", &[JONES, other]);
    for form in FORMS {
        let before = server.scene.shown();
        let entries = [server.entry(GEORGE), server.entry("MS:NET1/PO1/GJ2")];
        server.put(
            form,
            "UPDATE",
            &[
                "M George Jones\r\n- Title:/Boss",
                "M Nobody\r\n- Title:/Boss",
            ],
        );
        let became = server.take(1);
        let reasons: Vec<_> = became.iter().map(|line| &line["reason"]).collect();
        assert_eq!(
            reasons,
            ["ambiguous-name", "no-such-entry"],
            "{form:?}: {became:?}"
        );
        let detail = became[0]["detail"].as_str().expect("a detail");
        assert!(
            detail.contains(GEORGE) && detail.contains("MS:NET1/PO1/GJ2"),
            "{detail}"
        );
        assert_eq!(
            server.scene.shown(),
            before,
            "nobody is deleted because of an M"
        );
        assert_eq!(
            [server.entry(GEORGE), server.entry("MS:NET1/PO1/GJ2")],
            entries
        );
        let number = server.number.to_string();
        assert_eq!(server.scene.numbers()[1], number, "it does not come again");
    }
}

#[test]
fn a_name_means_only_the_entries_of_its_sender() {
    let mut server = Server::new("", &[JONES]);
    server
        .scene
        .remote(CONTAINER, "other/NET1/PO2", "Otto", "MS:NET1/PO2/OTTO");
    server.put(Form::InBody, "UPDATE", &["M Otto\r\n- Title:/Boss"]);
    let became = server.take(1);
    assert_eq!(became[0]["reason"], "no-such-entry", "{became:?}");
}

#[test]
fn dxc_054_a_user_that_comes_and_is_changed_in_one_message_is_there_with_all_of_it() {
    for form in FORMS {
        let mut server = Server::new("", &[JONES]);
        let both = [
            "A Ann Lee\tPCM:NET1/PO1/ANN",
            "M Ann Lee\r\n- Title:/Doctor",
        ];
        server.put(form, "UPDATE", &both);
        server.take(0);
        let ann = server.entry("MS:NET1/PO1/ANN");
        assert!(
            ann.contains(&"title=Doctor".to_owned()),
            "{form:?}: {ann:?}"
        );
    }
}

#[test]
fn dxc_055_a_requestor_of_the_agent_may_leave_the_address_out_too() {
    let scene = Scene::new();
    scene.unit("PO1");
    scene.configure_connections(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"NET1/PO1\"\nowner = \"PO1\"\n\
         import-container = \"ou=PO1,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n",
    );
    scene.dxa("cycle").ends(0);
    let request =
        |last: u32| format!("TASK=UPDATEREQ\nREQNAME=PCM:{SERVER}\nREQSEQ={last}\nSRVSEQ=0\n");
    let add = "0000000001 A George Jones                   PCM:NET1/PO1/GJONES";
    scene.put_mail(SERVER, "one", &request(1), &[add]);
    scene.dxa("cycle").ends(0);
    let change = ["0000000002 M George Jones", "- Title:/Clerk"];
    scene.put_mail(SERVER, "two", &request(2), &change);
    scene.dxa("cycle").ends(0);
    let entries = scene.entries("ou=PO1,o=Org");
    assert_eq!(entries[0].attributes.text("title"), Some("Clerk"));
    let status = scene.dxa("status").ends(0);
    assert!(status.stdout.contains("req=2"), "{}", status.stdout);
}

const PROMPTS: &str = "
[[connection.mapping]]
prompt = \"Phone:\"
attribute = \"telephoneNumber\"

[[connection.mapping]]
prompt = \"Phone:/\"
attribute = \"mobile\"
";

#[test]
fn dxc_068_the_longest_declared_prompt_wins_in_every_form() {
    let mut server = Server::new(PROMPTS, &[JONES]);
    for (form, n) in FORMS.into_iter().zip(0..) {
        let (name, key) = (format!("User Nr{n}"), format!("MS:NET1/PO1/U{n}"));
        let add =
            format!("A {name}\tPCM:NET1/PO1/U{n}\r\n- Phone:/1{n}\r\n- Phone://2{n}\r\n- Extra//3");
        server.put(form, "UPDATE", &[&add]);
        server.take(0);
        let entry = server.entry(&key);
        for pair in [
            format!("telephoneNumber=1{n}"),
            format!("mobile=2{n}"),
            "syncTemplate=Extra//3".to_owned(),
        ] {
            assert!(entry.contains(&pair), "{form:?}: no {pair} in {entry:?}");
        }
        server.put(form, "UPDATE", &[&format!("M {name}\r\n- Phone://4{n}")]);
        server.take(0);
        let changed = difference(&entry, &server.entry(&key));
        assert_eq!(
            changed,
            [format!("-mobile=2{n}"), format!("+mobile=4{n}")],
            "{form:?}"
        );
    }
    let dropped = "A User Nr9\tPCM:NET1/PO1/U9\r\n- Phone:/19\r\n- Phone://29\r\n";
    let changes = format!("{dropped}D User Nr0\tPCM:NET1/PO1/U0\r\n");
    server.scene.drop_file("changes.txt", changes.as_bytes());
    server.scene.dxa("lists").ends(0);
    let entry = server.entry("MS:NET1/PO1/U9");
    assert!(entry.contains(&"mobile=29".to_owned()), "{entry:?}");
}

#[test]
fn a_line_of_information_that_nobody_can_use_is_reported_and_costs_nothing_else() {
    let mut server = Server::new("", &[JONES]);
    for form in FORMS {
        server.put(
            form,
            "UPDATE",
            &["A Ann Lee\tPCM:NET1/PO1/ANN\r\n- no slash\r\n- Title:/Doctor"],
        );
        let became = server.take(0);
        let notes = became[0]["notes"].to_string();
        assert!(notes.contains("value-dropped"), "{form:?}: {became:?}");
        let ann = server.entry("MS:NET1/PO1/ANN");
        assert!(ann.contains(&"title=Doctor".to_owned()), "{ann:?}");
    }
}

#[test]
fn dxc_067_lines_that_end_in_two_crs_and_empty_lines_between_are_read() {
    let text = "\r\r\n[DIRSYNC-TRANSACTIONS]\r\r\n\r\r\n\
        0000000041 A Ann Lee                        PCM:NET1/PO1/ANN\r\r\n\r\r\n- Title:/Doctor\r\r\n\
        \r\n\r\r\n0000000042 M George Jones\r\r\n\r\r\n- Title:/Boss\r\r\n\r\r\n";
    let profile = format!(
        "TASK=UPDATE\r\r\nREQNAME=PCM:{AGENT}\r\r\n\r\r\nREQSEQ=1\r\r\nSRVSEQ=42\r\r\nIMPSEQ=3\r\r\n\
         COUNT=2\r\r\nTRANSACTIONS=INATTACHMENT\r\r\n"
    );
    let body = format!("[dirsync]\r\r\n{profile}");
    let head =
        format!("DirSync-From: PCM:{SERVER}\r\nDirSync-To: PCM:{AGENT}\r\nSubject: dirsync\r\n");
    let parts = |encoding: &str, attachment: &str| {
        format!(
            "{head}Message-ID: <{encoding}@x>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n{body}\r\n\
             --cut\r\nContent-Type: application/octet-stream; name=\"TMPTRANS.GLB\"\r\n\
             Content-Disposition: attachment; filename=\"TMPTRANS.GLB\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n\
             {attachment}\r\n--cut--\r\n"
        )
    };
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(text);
    let base64: Vec<_> = base64
        .as_bytes()
        .chunks(76)
        .map(String::from_utf8_lossy)
        .collect();
    for (encoding, attachment) in [("base64", base64.join("\r\n")), ("8bit", text.to_owned())] {
        let server = Server::new("", &[JONES]);
        let folder = server.scene.data("postoffice/MBG/SYSTEM/new");
        fs::write(folder.join("doubled"), parts(encoding, &attachment)).expect("written");
        let became = server.take(0);
        let outcomes: Vec<_> = became.iter().map(|line| &line["outcome"]).collect();
        assert_eq!(outcomes, ["added", "modified"], "{encoding}: {became:?}");
        assert!(quarantine(&server.scene).is_empty(), "{encoding}");
        let ann = server.entry("MS:NET1/PO1/ANN");
        assert!(
            ann.contains(&"title=Doctor".to_owned()),
            "{encoding}: {ann:?}"
        );
        assert!(
            !ann.iter().any(|pair| pair.contains('\r')),
            "{encoding}: {ann:?}"
        );
        assert_eq!(server.scene.numbers()[1], "42");
    }
}
