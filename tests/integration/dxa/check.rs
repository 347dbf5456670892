//! `dxa check` and `dxa status` (`spec/exchange.md` DX-38).

use std::fs;

use super::scene::{CONTAINER, Scene, names, resync};
use crate::support::slapd::Setup;

#[test]
fn all_is_well_where_all_is_well() {
    let scene = Scene::new();
    let run = scene.dxa("check").ends(0);
    assert!(!run.stdout.contains("FAULT"), "{}", run.stdout);
    assert!(
        run.stdout.contains("0 entries of dss/NET1/PO1, 0 foreign"),
        "{}",
        run.stdout
    );
    assert!(!scene.data("").exists(), "it changes nothing");
    scene.dxa("lists").ends(0);
    scene.dxa("check").ends(0);
    let status = scene.dxa("status").ends(0);
    assert!(
        status
            .stdout
            .starts_with("HQ: requestor, NET1/PO1, req=0 svr=0 conf=0 imp=0, 0 waiting"),
        "{}",
        status.stdout
    );
}

#[test]
fn a_configuration_beside_us_has_its_folder_beside_us() {
    let scene = Scene::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dxa"));
    let folder = scene.config().with_file_name("");
    let output = command.arg("check").current_dir(folder).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("data folder: data will be made"),
        "{stdout}"
    );
}

#[test]
fn dxc_086_107_a_container_that_is_not_there_is_named() {
    let scene = Scene::new();
    let output = scene.slapd.client("ldapdelete", &[CONTAINER], "");
    assert!(output.status.success(), "{output:?}");
    let run = scene.dxa("check").ends(66);
    assert!(
        run.stdout
            .contains("FAULT  connection HQ: import container"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("ok     connection HQ: export container"),
        "one fault hides no other: {}",
        run.stdout
    );
    let output = scene.slapd.client("ldapdelete", &["ou=People,o=Org"], "");
    assert!(output.status.success(), "{output:?}");
    let run = scene.dxa("check").ends(66);
    assert!(
        run.stdout.contains("export container ou=People,o=Org: "),
        "{}",
        run.stdout
    );
}

#[test]
fn dxc_106_a_folder_that_cannot_be_made_is_named() {
    let scene = Scene::new();
    let config = fs::read_to_string(scene.config()).expect("read");
    fs::write(
        scene.config(),
        config.replace("data = \"data\"", "data = \"/proc/agent\""),
    )
    .expect("written");
    let run = scene.dxa("check").ends(73);
    assert!(
        run.stdout.contains("FAULT  data folder: /proc: "),
        "{}",
        run.stdout
    );
    let run = scene.dxa("lists");
    assert!(
        run.exit == 73 || run.exit == 66,
        "{} {}",
        run.exit,
        run.stderr
    );
    assert!(run.stderr.contains("/proc/agent"), "{}", run.stderr);
}

#[test]
fn dxc_009_the_data_folder_is_anywhere_and_every_check_looks_there() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(scene.config()).expect("read");
    let point_at = |data: &std::path::Path| {
        let data = format!("data = \"{}\"", data.display());
        fs::write(scene.config(), text.replace("data = \"data\"", &data)).expect("written");
    };
    let data = elsewhere.path().join("far/away");
    point_at(&data);
    let run = scene.dxa("check").ends(0);
    let made = format!("ok     data folder: {} will be made", data.display());
    assert!(run.stdout.contains(&made), "{}", run.stdout);
    assert!(!data.exists(), "it changes nothing");

    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let list = resync((1, 88, 2, 500), &["A Ann\tPCM:NET1/PO1/ANN"]);
    fs::write(data.join("in/RESYNC.GLB"), list).expect("written");
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    assert_eq!(names(&data.join("postoffice/P1/new")).len(), 1);
    let beside = scene.config().parent().expect("a folder").to_owned();
    assert_eq!(
        names(&beside),
        ["dxa.toml", "secret"],
        "nothing is made beside it"
    );
    let run = scene.dxa("check").ends(0);
    let ledger = data.join("ledger.db");
    let found = format!("ok     ledger: {}", ledger.display());
    assert!(run.stdout.contains(&found), "{}", run.stdout);

    // As long as no disk has room for four of it, and no ledger.
    let file = fs::File::options()
        .write(true)
        .open(&ledger)
        .expect("a ledger");
    file.set_len(1 << 42).expect("a hole");
    let run = scene.dxa("check").ends(73);
    let fault = format!("FAULT  data folder: {}: ", data.display());
    assert!(run.stdout.contains(&fault), "{}", run.stdout);
    let before = names(&data.join("postoffice/P1/new"));
    let run = scene.dxa("cycle").ends(73);
    assert!(run.stderr.contains("bytes free"), "{}", run.stderr);
    assert_eq!(
        names(&data.join("postoffice/P1/new")),
        before,
        "nothing is sent"
    );
    fs::write(&ledger, "no ledger").expect("written");
    let run = scene.dxa("check").ends(0);
    let warning = format!("warning ledger: DX249 the ledger {}", ledger.display());
    assert!(run.stdout.contains(&warning), "{}", run.stdout);

    let below_a_file = ledger.join("data");
    point_at(&below_a_file);
    let run = scene.dxa("check").ends(73);
    let fault = format!("FAULT  data folder: {}", ledger.display());
    assert!(run.stdout.contains(&fault), "{}", run.stdout);
    let run = scene.dxa("cycle").ends(73);
    assert!(
        run.stderr.contains(&below_a_file.display().to_string()),
        "{}",
        run.stderr
    );
}

#[test]
fn a_server_without_our_schema_a_wrong_password_and_no_server_are_three_things() {
    let scene = Scene::on(Setup::new().without_our_schema());
    let run = scene.dxa("check").ends(66);
    assert!(
        run.stdout
            .contains("syncRemoteAddress: load what dxa schema prints"),
        "{}",
        run.stdout
    );
    let scene = Scene::new();
    fs::write(scene.config().with_file_name("secret"), "wrong").expect("written");
    scene.dxa("check").ends(77);
    let mut scene = Scene::new();
    scene.slapd.kill();
    scene.dxa("check").ends(75);
}

#[test]
fn ldc_001_an_attribute_that_access_rules_hide_is_no_missing_one() {
    let scene = Scene::on(
        Setup::new().access("to attrs=syncAddress by dn.exact=\"cn=admin,o=Org\" write by * none"),
    );
    let config = fs::read_to_string(scene.config()).expect("read");
    fs::write(
        scene.config(),
        config.replace("cn=admin,o=Org", "cn=agent,o=Org"),
    )
    .expect("written");
    let ldif = format!(
        "dn: syncKey=SMTP:a@b,{CONTAINER}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\nsyncKey: SMTP:a@b\n\
         syncAddress: SMTP:a@b\nsyncImportedFrom: dss/NET1/PO1\ncn: A\nsn: A\n"
    );
    assert!(scene.slapd.client("ldapadd", &[], &ldif).status.success());
    let run = scene.dxa("check").ends(77);
    assert!(
        run.stdout.contains("syncAddress") && run.stdout.contains("access rules"),
        "{}",
        run.stdout
    );
}
