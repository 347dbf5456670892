//! `listds`: the published screens by their cases, the reset, and damaged configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::FixedText;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::reqconf::{QueuePointers, ReqConf};
use dirsync::codec::srvconf::{RequestorRecord, SrvConf};
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use serde_json::Value;

use crate::scene::{Ran, Scene, queue};

const PROGRAM: &str = env!("CARGO_BIN_EXE_listds");
const VECTORS: &str = include_str!("../../testdata/spec/vectors.json");

fn listds(scene: &Scene, line: &str) -> Ran {
    scene.run(PROGRAM, &format!("admin -ppassword {line}"))
}

/// Runs a command line that may not write.
fn reading(scene: &Scene, line: &str) -> Ran {
    scene.run_reading(PROGRAM, &format!("admin -ppassword {line}"))
}

fn sample(index: usize) -> Value {
    serde_json::from_str::<Value>(VECTORS).unwrap()["listds"][index].clone()
}

/// Returns a published screen behind its banner.
fn published(index: usize) -> String {
    let lines = sample(index)["output"].clone();
    let lines = lines.as_array().unwrap().iter().skip(3);
    lines
        .map(|line| format!("{}\n", line.as_str().unwrap()))
        .collect()
}

fn fixed<const N: usize>(text: &str) -> FixedText<N> {
    FixedText::new(text.as_bytes()).unwrap()
}

fn stamp(at: &Value) -> Timestamp {
    let at = format!("{}Z", at.as_str().unwrap());
    Timestamp::from_jiff(at.parse().unwrap()).unwrap()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

/// The server of the published screen.
fn server() -> SrvConf {
    let decoded = &sample(0)["decoded"];
    let mut config = SrvConf::default();
    config.header.srv_sync = SrvSync(number(&decoded["highest_srvsync"]));
    config.header.cycle = number(&decoded["cycle"]);
    for (registration, seen) in (1..).zip(decoded["requestors"].as_array().unwrap()) {
        let name = seen["name"].as_str().unwrap().strip_prefix("PCM:").unwrap();
        let (network, postoffice) = name.split_once('/').unwrap();
        let mut record = RequestorRecord::new(fixed(network), fixed(postoffice), registration);
        record.req_sync = ReqSync(number(&seen["reqsync"]));
        record.srv_sync = SrvSync(number(&seen["srvsync"]));
        record.last_cycle = number(&seen["last_cycle"]);
        record.last_update = stamp(&seen["last_update"]);
        record.password = fixed("SECRET");
        config.requestors.push(record);
    }
    config.header.next_registration = 4;
    config.set_requestor_count();
    config
}

fn bytes(config: &SrvConf) -> Vec<u8> {
    let mut bytes = Vec::new();
    config.write_to(&mut bytes).unwrap();
    bytes
}

/// The requestor of the published screen, with everything set that a reset could touch.
fn requestor() -> ReqConf {
    let decoded = &sample(1)["decoded"];
    let (network, postoffice) = decoded["server"].as_str().unwrap().split_once('/').unwrap();
    ReqConf {
        server_network: fixed(network),
        server_postoffice: fixed(postoffice),
        password: fixed("SECRET"),
        req_sync: ReqSync(number(&decoded["reqsync"])),
        srv_sync: SrvSync(number(&decoded["srvsync"])),
        import_sync: ImportSync(2),
        pointers: QueuePointers([4, 3, 2, 1]),
        last_export: Timestamp(765_720_832),
        last_import: Timestamp(765_720_833),
        types: 0x0101,
        highest_tid: 9,
        ..ReqConf::default()
    }
}

/// A requestor; a server too with [`server`] in place.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write_record("REQCONF.GLB", &requestor());
    let record = QueueRecord::transaction(Timestamp(1), 18, 0, b"D x\tPCM:N/P/x".to_vec());
    scene.write("REQTRANS.GLB", &queue(&[record]));
    scene
}

fn server_scene() -> Scene {
    let scene = scene();
    scene.write("SRVCONF.GLB", &bytes(&server()));
    scene
}

#[test]
fn ds_c008_the_screen_of_the_server_comes_out_as_printed() {
    let ran = reading(&server_scene(), "-s");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.screen(), published(0));
    assert_eq!(ran.stdout.lines().next(), sample(0)["output"][0].as_str());
}

#[test]
fn ds_c009_the_screen_of_the_requestor_comes_out_as_printed() {
    let ran = reading(&server_scene(), "-r");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.screen(), published(1));
}

#[test]
fn without_a_letter_it_shows_what_the_postoffice_is() {
    let ran = reading(&server_scene(), "");
    assert_eq!(ran.screen(), format!("{}\n{}", published(0), published(1)));
    let ran = reading(&scene(), "");
    assert_eq!(ran.screen(), published(1));
    let ran = reading(&scene(), "-s");
    assert_eq!((ran.code, ran.stdout.as_str()), (78, ""));
    assert_eq!(
        ran.stderr,
        "listds: POLYNOMIAL/MONTGOMERY is no dir-sync server: GLB/SRVCONF.GLB does not exist\n"
    );
}

#[test]
fn a_new_postoffice_has_no_server_and_nothing_received() {
    let scene = Scene::new();
    let ran = reading(&scene, "-r");
    assert_eq!(
        ran.screen(),
        "Examining POLYNOMIAL/MONTGOMERY Requestor Configuration Record\n\n\
         Dir-Sync Server: <null>\nReqSync = 0, SrvSync = 0\n"
    );
    let mut config = SrvConf::default();
    config
        .requestors
        .push(RequestorRecord::new(fixed("NET"), fixed("PO"), 1));
    config.header.next_registration = 2;
    config.set_requestor_count();
    scene.write("SRVCONF.GLB", &bytes(&config));
    let ran = reading(&scene, "-s");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.screen()
            .ends_with("Last Cycle = 0\nNo update received yet\n")
    );
}

#[test]
fn ds_p056_req_sync_above_srv_sync_is_a_remark() {
    let scene = server_scene();
    let ran = reading(&scene, "-s");
    assert_eq!(
        ran.stderr,
        "listds: remark: record #2, PCM:POLYNOMIAL/NOVEMBER: \
         ReqSync 18 is above SrvSync 0: no completed cycle or out of step\n"
    );
    let found = reading(&scene, "-s --json").json();
    let health: Vec<_> = found["server"]["requestors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["health"].as_str().unwrap())
        .collect();
    assert_eq!(
        health,
        ["healthy", "no completed cycle or out of step", "healthy"]
    );
    assert_eq!(found["exit"], 0);
}

#[test]
fn ds_s012_an_open_record_is_flagged() {
    let scene = scene();
    let mut config = server();
    config.requestors[1].password = FixedText::default();
    scene.write("SRVCONF.GLB", &bytes(&config));
    let ran = reading(&scene, "-s -v");
    assert_eq!(ran.code, 0);
    let passwords: Vec<_> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("Password: "))
        .collect();
    assert_eq!(
        passwords,
        [
            "Password: set",
            "Password: none (open record: any password is accepted)",
            "Password: set"
        ]
    );
    assert!(
        ran.stderr
            .contains("remark: 1 of 3 requestor records have no password and accept any: #2\n"),
        "{ran:?}"
    );
    assert!(
        !format!("{ran:?}").contains("SECRET"),
        "no password is shown"
    );
    let ran = reading(&scene, "--json");
    assert_eq!(ran.json()["server"]["requestors"][1]["password_set"], false);
    assert!(
        !format!("{ran:?}").contains("SECRET"),
        "no password is shown"
    );
}

#[test]
fn ds_s016_a_mailbox_of_ten_characters_leaves_keep_updates_alone() {
    let scene = scene();
    let mut config = server();
    config.header.administrator = fixed("TENLETTERS");
    config.header.keep_updates_days = 14;
    scene.write("SRVCONF.GLB", &bytes(&config));
    let ran = reading(&scene, "-s -v");
    assert!(
        ran.stdout
            .contains("Administrator mailbox: TENLETTERS\nKeep Updates: 14 days\n"),
        "{ran:?}"
    );
}

#[test]
fn more_detail_comes_below_the_published_lines() {
    let ran = reading(&server_scene(), "-v");
    let plain = format!("{}\n{}", published(0), published(1));
    let mut rest = ran.screen().lines();
    for line in plain.lines() {
        assert!(
            rest.any(|found| found == line),
            "{line} is missing, or out of order"
        );
    }
    for line in [
        "Import number: 2",
        "Address types: PCM,SMTP",
        "Last export: Thu Apr 07 12:13:52 1994",
        "Queue pointers: SRVTRANS = 4, USRTRANS = 3, GWTRANS = 2, NMETRANS = 1",
        "Status: healthy",
        "Registration: 3",
        "Updates sent as: INTERNAL",
    ] {
        assert!(
            ran.stdout.lines().any(|found| found == line),
            "{line} in {}",
            ran.stdout
        );
    }
}

#[test]
fn ds_c014_ds_s017_damage_to_srvconf_is_named_and_the_requestor_still_shown() {
    let whole = bytes(&server());
    let overwritten = [&b"ABCDEF"[..], &whole[6..]].concat();
    // What a card did that wrote in pieces of 512 bytes (Q107443): a record moved by one piece.
    let shifted = [&whole[..1024], &whole[1536..], &[0; 512]].concat();
    let mut lost_record = whole.clone();
    lost_record.truncate(3072);
    for (damaged, fault) in [
        (whole[..whole.len() - 24].to_vec(), "1000 of 1024 bytes"),
        (whole[..100].to_vec(), "100 of 1024 bytes"),
        (Vec::new(), "0 of 1024 bytes"),
        (overwritten, "mark: found \"ABCDEF\", expected \"SRVC"),
        (shifted, "checksum: found 0x"),
        (lost_record, "header counts 3 requestors, found 2"),
    ] {
        let scene = server_scene();
        scene.write("SRVCONF.GLB", &damaged);
        let ran = reading(&scene, "-s");
        assert_eq!(ran.code, 65, "{fault}: {ran:?}");
        assert!(ran.stderr.contains("SRVCONF.GLB: "), "{ran:?}");
        assert!(ran.stderr.contains(fault), "{fault}: {ran:?}");

        let ran = reading(&scene, "");
        assert_eq!(ran.code, 65);
        assert!(ran.screen().ends_with(&published(1)), "{ran:?}");
        let found = reading(&scene, "--json");
        assert_eq!((found.code, found.json()["exit"].as_u64()), (65, Some(65)));
        assert_eq!(found.json()["requestor"]["srv_sync"], 80);
    }
}

#[test]
fn a_server_that_went_back_is_out_of_step_and_not_damaged() {
    let scene = scene();
    let mut config = server();
    config.header.srv_sync = SrvSync(75);
    scene.write("SRVCONF.GLB", &bytes(&config));
    let ran = reading(&scene, "-s");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains(
            "requestor 1: SrvSync 80, expected at most 75: the server may have been restored"
        ),
        "{ran:?}"
    );
}

#[test]
fn deleted_records_are_not_shown_and_keep_their_numbers() {
    let scene = scene();
    let mut config = server();
    config.requestors[0].state = dirsync::codec::RecordState::Deleted;
    scene.write("SRVCONF.GLB", &bytes(&config));
    let ran = reading(&scene, "-s");
    assert!(!ran.stdout.contains("Record #1"), "{ran:?}");
    assert!(
        ran.stdout
            .contains("     Server Requestor Record #2\nRequestor name: PCM:POLYNOMIAL/NOVEMBER\n")
    );
}

#[test]
fn ds_c010_ds_c011_ds_c012_a_reset_clears_numbers_and_pointers_alone() {
    let scene = scene();
    let before = scene.tree();
    let ran = listds(&scene, "-r -z");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.screen().starts_with(
            "Examining POLYNOMIAL/MONTGOMERY Requestor Configuration Record\n\n\
             Dir-Sync Server: POLYNOMIAL/MONTGOMERY\nReqSync = 0, SrvSync = 0\n\n\
             ReqSync 17 -> 0, SrvSync 80 -> 0, ImportSync 2 -> 0; all four queue pointers -1.\n"
        ),
        "{ran:?}"
    );
    for word in ["address types", "templates", "export"] {
        assert!(ran.stdout.contains(word), "{word} is to be selected again");
    }
    let after: ReqConf = scene.read_record("REQCONF.GLB").unwrap();
    let expected = ReqConf {
        req_sync: ReqSync(0),
        srv_sync: SrvSync(0),
        import_sync: ImportSync(0),
        pointers: QueuePointers([-1; 4]),
        ..requestor()
    };
    assert_eq!(
        after, expected,
        "server name, dates, types and the rest are kept"
    );

    let mut changed: Vec<_> = scene
        .tree()
        .into_iter()
        .filter(|(path, bytes)| before.get(path) != Some(bytes))
        .map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    changed.retain(|name| name != "FLAG.GLB" && name != "DIRSYNC.LCK");
    assert_eq!(
        changed,
        ["REQCONF.GLB", "DIRSYNC.LOG", "DSSERVER.LOG"],
        "REQTRANS is untouched"
    );
    let log = fs::read_to_string(scene.path().join("LOG/DIRSYNC.LOG")).unwrap();
    assert!(
        log.contains(
            "11/21/2026 08:30:00 | Status       Requestor numbers set to zero: \
             ReqSync was 17, SrvSync 80, ImportSync 2\r\n"
        ),
        "{log}"
    );

    let ran = reading(&scene, "-r");
    assert!(
        ran.screen()
            .ends_with("Dir-Sync Server: POLYNOMIAL/MONTGOMERY\nReqSync = 0, SrvSync = 0\n")
    );
    let ran = listds(&scene, "-r -z");
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr
            .contains("were reset already; nothing was written"),
        "{ran:?}"
    );
    assert_eq!(
        fs::read_to_string(scene.path().join("LOG/DIRSYNC.LOG")).unwrap(),
        log
    );
}

#[test]
fn a_dry_run_of_a_reset_says_the_same_and_writes_nothing() {
    let scene = scene();
    let dry = reading(&scene, "-r -z --dry-run");
    assert_eq!(dry.code, 0);
    let found = reading(&scene, "-r -z --dry-run --json").json();
    assert_eq!(
        (&found["dry_run"], &found["before"]["srv_sync"]),
        (&true.into(), &80.into())
    );
    assert_eq!(found["after"]["srv_sync"], 0);
    let real = listds(&scene, "-r -z");
    assert_eq!(
        dry.stdout,
        format!("{}Dry run: nothing was written.\n", real.stdout)
    );
}

#[test]
fn ds_c013_the_server_is_not_reset_until_it_is_switched_off() {
    let scene = server_scene();
    let ran = reading(&scene, "-r -z --dry-run");
    assert_eq!(ran.code, 78);
    for damage in [false, true] {
        if damage {
            scene.write("SRVCONF.GLB", b"damaged");
        }
        let ran = listds(&scene, "-r -z");
        assert_eq!((ran.code, ran.stdout.as_str()), (78, ""));
        assert!(
            ran.stderr.contains("is the dir-sync server")
                && ran.stderr.contains("cannot be undone"),
            "{ran:?}"
        );
        assert_eq!(
            scene.read_record::<ReqConf>("REQCONF.GLB").unwrap(),
            requestor()
        );
    }
    let log = fs::read_to_string(scene.path().join("LOG/DIRSYNC.LOG")).unwrap();
    assert!(
        log.contains("Fatal  [   ] this postoffice is the dir-sync server"),
        "{log}"
    );

    fs::remove_file(scene.glb("SRVCONF.GLB")).unwrap();
    assert_eq!(listds(&scene, "-r -z").code, 0);
    assert_eq!(
        scene
            .read_record::<ReqConf>("REQCONF.GLB")
            .unwrap()
            .srv_sync,
        SrvSync(0)
    );
}

#[test]
fn a_reset_that_cannot_be_written_changes_nothing() {
    let scene = scene();
    fs::set_permissions(scene.glb("REQCONF.GLB"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = listds(&scene, "-r -z");
    assert_eq!(ran.code, 73, "{ran:?}");
    assert_eq!(
        scene.read_record::<ReqConf>("REQCONF.GLB").unwrap(),
        requestor()
    );
    let log = fs::read_to_string(scene.path().join("LOG/DIRSYNC.LOG")).unwrap();
    assert!(
        log.contains("Fatal") && !log.contains("set to zero"),
        "{log}"
    );
}

#[test]
fn a_damaged_or_missing_reqconf_is_named_and_never_reset() {
    let scene = scene();
    for (bytes, code) in [
        (Some(vec![0; 100]), 65),
        (Some(vec![7; 512]), 65),
        (None, 66),
    ] {
        match &bytes {
            Some(bytes) => scene.write("REQCONF.GLB", bytes),
            None => fs::remove_file(scene.glb("REQCONF.GLB")).unwrap(),
        }
        for line in ["-r", "-r -z"] {
            let ran = listds(&scene, line);
            assert_eq!(ran.code, code, "{line}: {ran:?}");
            assert!(ran.stderr.contains("REQCONF.GLB: "), "{ran:?}");
        }
        assert_eq!(fs::read(scene.glb("REQCONF.GLB")).ok(), bytes);
    }
}

#[test]
fn nobody_reads_or_resets_without_an_administrators_login() {
    let scene = server_scene();
    for line in ["nobody -pX -s", "nobody -pX -r", "admin -r"] {
        let ran = scene.run_reading(PROGRAM, line);
        assert_eq!((ran.code, ran.stdout.as_str()), (77, ""), "{line}");
    }
    let scene = self::scene();
    let ran = scene.run(PROGRAM, "nobody -pX -r -z");
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (77, "listds: Bad ID or Password\n")
    );
    assert_eq!(
        scene.read_record::<ReqConf>("REQCONF.GLB").unwrap(),
        requestor()
    );
}

#[test]
fn the_report_has_a_line_per_record_and_the_summary_last() {
    let scene = server_scene();
    let report = scene.beside("report.jsonl");
    let ran = reading(&scene, &format!("--report={}", report.display()));
    assert_eq!(ran.code, 0);
    let report = fs::read_to_string(report).unwrap();
    let lines: Vec<Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[2]["name"], "PCM:POLYNOMIAL/OCTOBER");
    assert_eq!(lines[2]["last_update"], "1994-02-17T08:52:45Z");
    assert_eq!(lines[3]["program"], "listds");
}

#[test]
fn names_are_those_of_the_code_page_and_cannot_act_on_the_terminal() {
    let scene = Scene::with_page(CodePage::Cp850);
    let config = ReqConf {
        server_network: FixedText::new(b"M\x9aNCHEN").unwrap(),
        server_postoffice: FixedText::new(b"\x1b[2J\r\nx").unwrap(),
        ..ReqConf::default()
    };
    scene.write_record("REQCONF.GLB", &config);
    let ran = reading(&scene, "-r");
    assert!(
        ran.stdout
            .contains("Dir-Sync Server: MÜNCHEN/<1B>[2J<0D><0A>x\n"),
        "{ran:?}"
    );
}

#[test]
fn no_damage_to_srvconf_makes_it_panic() {
    let scene = scene();
    let mut config = server();
    config.requestors.truncate(1);
    config.set_requestor_count();
    let whole = bytes(&config);
    let cuts = (0..whole.len())
        .step_by(97)
        .map(|len| whole[..len].to_vec());
    let flips = (0..whole.len()).step_by(61).map(|at| {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        flipped
    });
    for (case, damaged) in cuts.chain(flips).enumerate() {
        scene.write("SRVCONF.GLB", &damaged);
        let line = if case % 2 == 0 { "-s -v" } else { "-s --json" };
        let ran = scene.run(PROGRAM, &format!("admin -px {line}"));
        assert_eq!(ran.code, 65, "case {case}: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    }
}
