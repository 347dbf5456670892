//! setup, passwords and users.

use std::fs;

use dirsync::codec::AccessFlags;

use super::site::{Site, is_dir, text};

#[test]
fn a_new_postoffice_has_one_administrator_and_any_password_is_his() {
    let site = Site::new();
    let users = site.list(&["local", "list"]);
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["mailbox"], "Admin");
    assert_eq!(users[0]["administrator"], true);
    assert_eq!(users[0]["password"], false);
    let shown = site.done(&["local", "list"]);
    assert!(shown.starts_with("mailbox  name "), "{shown}");
}

#[test]
fn setup_takes_nothing_that_is_there_already() {
    let site = Site::new();
    let said = site.refused(&["setup", "NET/PO2"], 73);
    assert!(said.contains("exists and is not empty"), "{said}");
}

#[test]
fn setup_keeps_code_page_and_serial_number() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_admin"));
        command.env_clear().args(words);
        command.arg(format!("-d{}", dir.path().join("po").display()));
        command.output().unwrap().status.code()
    };
    assert_eq!(run(&["setup", "NET/PO1", "--serial", "no blanks"]), Some(2));
    assert_eq!(run(&["setup", "SMTP/PO1"]), Some(1), "message 64");
    assert_eq!(run(&["setup", "NET/PO1", "--code-page", "1"]), Some(2));
    assert_eq!(run(&["setup", "NET/PO1", "--dry-run"]), Some(0));
    assert!(!dir.path().join("po").exists());
    let words = [
        "setup",
        "NET/PO1",
        "--serial",
        "0799-99992",
        "--code-page",
        "852",
    ];
    assert_eq!(run(&words), Some(0));
    let master = fs::read(dir.path().join("po/GLB/MASTER.GLB")).unwrap();
    assert_eq!(master[6..8], 852u16.to_le_bytes());
    assert_eq!(master[0x1e..0x2a], *b"0799-99992\0\0");
}

#[test]
fn a_password_that_is_set_is_asked_for_and_can_be_removed() {
    let site = Site::new();
    let file = site.path("../new.txt");
    fs::write(&file, "Secret99More\n").unwrap();
    let words = ["passwd", "--new-password-file", file.to_str().unwrap()];
    let said = site.done(&words);
    assert!(
        said.contains("[ 89] Truncating password to 8 characters"),
        "{said}"
    );
    assert_eq!(
        site.run(&["local", "list"]).status.code(),
        Some(77),
        "x is not the password"
    );
    let output = site.run_as("ADMIN", "sECRET99", &["local", "list"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!text(&site.bytes("GLB/DIRSYNC.PWD")).contains("ecret"));
    let output = site.run_as("ADMIN", "secret99", &["passwd", "admin", "--remove"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    site.done(&["local", "list"]);
}

#[test]
fn a_new_password_is_never_made_up() {
    let site = Site::new();
    let said = site.refused(&["passwd"], 2);
    assert!(said.contains("no new password"), "{said}");
    site.refused(&["passwd", "NOBODY", "--remove"], 66);
}

#[test]
fn imp_s099_users_have_one_record_in_each_access_file_at_the_same_place() {
    let site = Site::new();
    for (name, mailbox) in [("Ann A", "ANN"), ("Bob B", "BOB"), ("Cid C", "CID")] {
        site.done(&["local", "create", name, mailbox]);
    }
    assert_eq!(site.len("GLB/ACCESS.GLB") / 586, 4);
    assert_eq!(site.len("GLB/ACCESS2.GLB") / 69, 4);
    assert_eq!(site.len("GLB/ACCESS3.GLB") / 512, 4);
    let mailboxes: Vec<_> = site.accounts().iter().map(|a| a.mailbox).collect();
    assert_eq!(mailboxes[1].as_bytes(), b"ANN");
    assert_eq!(mailboxes[3].as_bytes(), b"CID");
    assert_eq!(
        site.pol_names(),
        ["Administrator", "Ann A", "Bob B", "Cid C"]
    );
}

#[test]
fn a_deleted_users_place_is_taken_before_the_files_grow() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    site.done(&["local", "delete", "ann"]);
    site.done(&["local", "create", "Bob B", "BOB"]);
    assert_eq!(site.len("GLB/ACCESS2.GLB") / 69, 2);
}

#[test]
fn imp_s007_and_s008_a_user_keeps_his_files_under_a_new_mailbox() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "BEFORE", "--administrator"]);
    let before = site.account("BEFORE");
    let stem = format!("{:08X}", before.mailbag.id().unwrap().0);
    let index = format!("FOLDERS/LOC/{stem}/{stem}.IDX");
    let index = match site.exists(&index) {
        true => index,
        false => format!("FOLDERS/{stem}.IDX"),
    };
    site.write(&index, &[7; 258]);
    site.write(&format!("MBG/{stem}.MBG"), &[1; 116]);
    site.done(&["local", "modify", "before", "--mailbox", "AFTER"]);
    let after = site.account("AFTER");
    assert_eq!(after.mailbag, before.mailbag);
    assert_eq!(after.tid, before.tid);
    assert_eq!(site.bytes(&index), [7; 258]);
    assert_eq!(site.len(&format!("MBG/{stem}.MBG")), 116);
    let output = site.run_as("after", "any", &["local", "list"]);
    assert_eq!(output.status.code(), Some(0), "login works: {output:?}");
    assert_eq!(
        site.run_as("before", "any", &["local", "list"])
            .status
            .code(),
        Some(77)
    );
}

#[test]
fn a_password_moves_with_the_mailbox() {
    let site = Site::new();
    let file = site.path("../new.txt");
    fs::write(&file, "secret\n").unwrap();
    let file = file.to_str().unwrap();
    let words = [
        "local",
        "create",
        "Ann A",
        "ANN",
        "--administrator",
        "--new-password-file",
        file,
    ];
    site.done(&words);
    site.done(&["local", "modify", "ANN", "--mailbox", "BEA"]);
    let login = |password| {
        site.run_as("BEA", password, &["local", "list"])
            .status
            .code()
    };
    assert_eq!((login("other"), login("SECRET")), (Some(77), Some(0)));
}

#[test]
fn defect_5_a_deleted_users_folders_and_mailbag_go() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    let stem = format!("{:08X}", site.account("ANN").mailbag.id().unwrap().0);
    let folder = site.path(&format!("FOLDERS/LOC/{stem}"));
    assert!(is_dir(&folder));
    fs::write(folder.join("00000001.FLD"), [0; 129]).unwrap();
    let mine = |path: &std::path::PathBuf| path.to_str().unwrap().contains(&stem);
    assert!(site.tree().keys().any(mine));
    site.done(&["local", "delete", "ANN"]);
    let left: Vec<_> = site.tree().into_keys().filter(mine).collect();
    assert!(left.is_empty() && !folder.exists(), "{left:?}");
    assert_eq!(site.pol_names(), ["Administrator"]);
}

#[test]
fn defect_9_a_mailbag_number_is_never_given_twice() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    site.write("GLB/CONTROL.GLB", &[0; 8]);
    site.done(&["local", "create", "Bob B", "BOB"]);
    let (ann, bob) = (site.account("ANN").mailbag, site.account("BOB").mailbag);
    assert!(bob.id().unwrap().0 > ann.id().unwrap().0);
}

#[test]
fn defect_10_without_tid_glb_no_user_is_created() {
    let site = Site::new();
    fs::remove_file(site.path("GLB/TID.GLB")).unwrap();
    let said = site.refused(&["local", "create", "Ann A", "ANN"], 73);
    assert!(said.contains("Error generating TID"), "{said}");
    assert!(text(&site.bytes("LOG/DIRSYNC.LOG")).contains("Fatal  [ 39]"));
}

#[test]
fn defects_11_and_12_tids_are_unique_and_stay() {
    let site = Site::new();
    for mailbox in ["A1", "A2", "A3", "A4"] {
        site.done(&["local", "create", mailbox, mailbox]);
    }
    let tids = |site: &Site| site.accounts().iter().map(|a| a.tid).collect::<Vec<_>>();
    let before = tids(&site);
    let mut unique = before.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), before.len());
    assert!(!before.contains(&0));
    site.done(&["local", "modify", "A2", "--name", "Somebody Else"]);
    assert_eq!(tids(&site), before);
    let by_list: Vec<_> = site.pol().iter().map(|r| r.tid).collect();
    assert!(before.iter().all(|tid| by_list.contains(tid)));
}

#[test]
fn names_and_limits_are_refused_with_their_messages() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    let name = "x".repeat(31);
    for (words, code, says) in [
        (
            ["local", "create", "ann a", "OTHER"],
            1,
            "Alias already exists",
        ),
        (
            ["local", "create", "Other", "ann"],
            1,
            "Unable to create local user",
        ),
        (
            ["local", "create", "Other", "TOOLONGNAME"],
            2,
            "1 to 10 characters",
        ),
        (
            ["local", "create", "Other", "A B"],
            2,
            "letters and digits only",
        ),
        (["local", "create", "", "OTHER"], 2, "expected a full name"),
        (
            ["local", "create", &name, "OTHER"],
            2,
            "at most 30 characters",
        ),
        (["local", "create", "Ångström", "$SYSTEM"], 2, "mailbox"),
        (
            ["local", "modify", "NOBODY", "--name=X"],
            66,
            "Alias does not exist",
        ),
        (
            ["local", "modify", "ANN", "--name=Administrator"],
            1,
            "Alias already exists",
        ),
        (
            ["local", "modify", "ANN", "--info=Phone:/1"],
            1,
            "No template defined",
        ),
    ] {
        let said = site.refused(&words, code);
        assert!(said.contains(says), "{words:?}: {said}");
    }
    let said = site.refused(&["local", "delete", "Admin"], 1);
    assert!(said.contains("Unable to delete local user"), "{said}");
    site.refused(&["local", "delete", "NOBODY"], 66);
    let said = site.refused(&["local", "modify", "ANN"], 2);
    assert!(said.contains("what is to change?"), "{said}");
}

#[test]
fn the_same_user_again_is_no_change_and_no_failure() {
    let site = Site::registered();
    site.done(&["local", "create", "Ann A", "ANN"]);
    let before = site.tree();
    let said = site.done(&["local", "create", "Ann A", "ANN"]);
    assert!(said.contains("[ 27] Alias already exists Ann A"), "{said}");
    assert_eq!(site.tree(), before);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let site = Site::registered();
    fs::remove_file(site.path("GLB/DIRSYNC.LCK")).ok();
    let log = site.bytes("LOG/DIRSYNC.LOG");
    let flag = site.bytes("GLB/FLAG.GLB");
    let words = ["local", "create", "Ann A", "ANN"];
    let said = site.refused(&["--dry-run", "local", "create", "Ann A", "ANN"], 0);
    assert_eq!(site.bytes("LOG/DIRSYNC.LOG"), log);
    assert_eq!(site.bytes("GLB/FLAG.GLB"), flag);
    let (dry, real) = (said, site.done(&words));
    assert_eq!(dry, format!("{real}Dry run: nothing was written.\n"));
}

#[test]
fn a_change_stands_in_the_log_and_in_the_flag() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    let flag = site.bytes("GLB/FLAG.GLB");
    site.done(&["local", "modify", "ANN", "--remote", "yes"]);
    assert_ne!(site.bytes("GLB/FLAG.GLB"), flag);
    let log = site.bytes("LOG/DIRSYNC.LOG");
    let log = text(&log);
    assert!(
        log.contains("04/03/1996 16:30:00 | Status       user Ann A (PCM:NET/PO1/ANN) created\r\n"),
        "{log}"
    );
    let flags = site.account("ANN").flags;
    assert!(flags.contains(AccessFlags::REMOTE) && flags.contains(AccessFlags::IN_DIRSYNC));
}

#[test]
fn json_is_one_object_for_success_and_refusal() {
    let site = Site::new();
    let report = site.path("../report.txt");
    let report = report.to_str().unwrap();
    let words = [
        "local", "create", "Ann A", "ANN", "--json", "--report", report,
    ];
    for (code, added, refused) in [(0, 1, 0), (0, 0, 0)] {
        let object: serde_json::Value = serde_json::from_str(&site.ends(&words, code)).unwrap();
        assert_eq!(object["program"], "admin");
        assert_eq!(object["added"], added);
        assert_eq!(object["refused"], refused);
    }
    let lines = fs::read_to_string(report).unwrap();
    assert!(
        lines
            .lines()
            .next()
            .unwrap()
            .contains("\"entry\":\"PCM:NET/PO1/ANN\""),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let said = site.ends(&["local", "create", "Ann A", "BEA", "--json"], 1);
    let object: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(object["exit"], 1);
    assert_eq!(object["refused"], 1);
    assert_eq!(object["messages"][0]["number"], 27);
}

#[test]
fn details_follow_the_template() {
    let site = Site::registered();
    site.write("TPL/ADMIN.TPL", b"Phone:~9~10~A~~\rCity:~9~12~A~~\r");
    site.write("INF/ADMIN.INF", b"");
    site.done(&[
        "local",
        "create",
        "Ann A",
        "ANN",
        "--info",
        "Phone:/555",
        "--info",
        "City:/Oslo",
    ]);
    let said = site.refused(&["local", "modify", "ANN", "--info", "Fax:/1"], 1);
    assert!(said.contains("Prompt not found in template"), "{said}");
    site.done(&["local", "modify", "ANN", "--info", "Phone:/556"]);
    // Others get all details: what an M leaves out would fall back to the default there.
    let queue = site.queue();
    assert_eq!(
        queue[0].1,
        "A Ann A|PCM:NET/PO1/ANN~- Phone:/555~- City:/Oslo"
    );
    assert_eq!(
        queue[1].1,
        "M Ann A|PCM:NET/PO1/ANN~  Ann A|PCM:NET/PO1/ANN~- Phone:/556~- City:/Oslo"
    );
}
