//! `import -q`: the queue from the server, and resync files.

mod hindered;
mod resync;

use std::fs;

use dirsync::codec::reqconf::{QueuePointers, ReqOptions};
use dirsync::codec::{NmeRecord, RecordReader};
use dirsync::postoffice::{File, layout};

use crate::support::{Office, queue_bytes, resync_bytes, resync_header};

pub(super) fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "PCM:NET/PO", "PCM:NET/PO10", "SMTP"])
        .registered_with("NET/SRV")
}

pub(super) const QUEUES: [File; 4] = [
    layout::SRVTRANS,
    layout::USRTRANS,
    layout::NMETRANS,
    layout::GWTRANS,
];

pub(super) fn assert_idle(office: &Office) {
    for file in QUEUES {
        assert_eq!(office.bytes(&file), b"", "{file}");
    }
    let absent = [
        layout::IUSRTRAN,
        layout::INMETRAN,
        layout::IGWTRANS,
        layout::SRVUPDS,
        layout::REQUPDS,
        layout::ILOCAL,
        layout::INDEX,
        layout::SORTLOCK,
        layout::RESYNC,
        layout::IMPORT_USR,
        layout::IMPORT_INF,
        layout::DIRSYNC_JNL,
        File::sort(1),
    ];
    for file in absent {
        assert!(!office.exists(&file), "{file}");
    }
}

pub(super) fn pol(office: &Office) -> Vec<(String, u32)> {
    let bytes = office.bytes(&layout::ADMIN_NME);
    let records = RecordReader::<_, NmeRecord>::new(&bytes[..], 0).map(|r| r.expect("whole"));
    let text = |r: NmeRecord| {
        (
            String::from_utf8_lossy(r.name.as_bytes()).into_owned(),
            r.tid,
        )
    };
    records.map(text).collect()
}

pub(super) fn stem(office: &Office, place: &str) -> dirsync::codec::HexId {
    let po = office.open();
    let places = dirsync::postoffice::places::Places::load(&po).expect("readable");
    places
        .find(&crate::support::name(place))
        .and_then(|place| place.stem())
        .expect("defined")
}

#[test]
fn imp_s047_after_a_good_run_the_queues_are_empty_and_nothing_is_left() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (81, "A One\tPCM:NET/PO/ONE"),
            (82, "A Two\tPCM:NET/PO/TWO"),
            (83, "D One\tPCM:NET/PO/ONE"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Two"]);
    assert_idle(&office);
    assert_eq!(office.config().pointers, QueuePointers::RESET);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log.first().map(String::as_str),
        Some("Status       Microsoft (R) Mail Import V3.5")
    );
    assert_eq!(
        log.last().map(String::as_str),
        Some("Status       Import is finished.")
    );
}

#[test]
fn imp_s016_s080_s081_bad_records_are_said_one_by_one_and_the_others_done() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "A NAME\tPCM:NET/PO/"),
            (2, "D name\tPCM:NET/PO/ELEVENCHARS"),
            (3, "A Good\tPCM:NET/PO/GOOD"),
            (4, "A Other\tPCM:NET/PO/"),
        ],
    );
    let run = office.import("-q --json").ends(1);
    assert_eq!(run.json()["refused"], 3);
    assert_eq!(run.json()["added"], 1);
    let log = office.log(&layout::DIRSYNC_LOG);
    let with = |start: &str| log.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!(with("Error  [ 81] No mailbox"), 2, "{log:?}");
    assert_eq!(
        with("Error  [ 20] Address element is too long"),
        1,
        "{log:?}"
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Good"]);
    assert_idle(&office);
}

#[test]
fn ds_s038_a_malformed_m_has_no_effect() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "M\u{1}\u{2}garbage"),
            (2, "M Half"),
            (3, "A Good\tPCM:NET/PO/GOOD"),
        ],
    );
    office.import("-q").ends(1);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log.iter()
            .filter(|line| line.contains("[ 47] Transaction has no effect"))
            .count(),
        2
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Good"]);
}

#[test]
fn imp_s028_lists_of_a_proxy_postoffice_are_lists_like_others() {
    let office = Office::new("NET/REQ")
        .define(&["FFAPI:MACNET/MACPO"])
        .queue(
            &layout::SRVTRANS,
            &[
                (1, "R PCM:MACNET/MACPO"),
                (2, "A Mac User\tPCM:MACNET/MACPO/MACUSER"),
            ],
        );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:MACNET/MACPO"), ["Mac User"]);
}

#[test]
fn imp_s040_ds_s033_pol_entries_follow_the_tids_of_a_replaced_gateway_list() {
    let office = office();
    office
        .import_text(
            "-a -gSMTP",
            "A Ann\tSMTP:ann@x.com\nA Bob\tSMTP:bob@x.com\n",
        )
        .ends(0);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "R SMTP:"),
            (2, "A Bob\tSMTP:bob@x.com"),
            (3, "A Ann\tSMTP:ann@x.com"),
            (4, "A Cid\tSMTP:cid@x.com"),
        ],
    );
    office.import("-q").ends(0);
    for (name, _, tid) in office
        .list("SMTP:")
        .iter()
        .filter(|(name, ..)| name != "Cid")
    {
        assert!(pol(&office).contains(&(name.clone(), *tid)), "{name}");
    }
    assert!(
        !pol(&office).iter().any(|(name, _)| name == "Cid"),
        "A never reaches the POL"
    );
}

#[test]
fn d_and_m_of_pc_mail_names_follow_into_the_pol() {
    let office = office();
    office
        .import_text("-a", "A Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\n")
        .ends(0);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "D Ann\tPCM:NET/PO/ANN"),
            (2, "M Bob\tPCM:NET/PO/BOB\r\n  Bobby\tPCM:NET/PO/BOB"),
        ],
    );
    office.import("-q").ends(0);
    let names: Vec<_> = pol(&office).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Administrator", "Bobby"]);
}

#[test]
fn imp_s042_gateways_that_are_not_installed_are_said_once() {
    let office = office();
    let header = resync_header(18, 80, 1, 5);
    let file = resync_bytes(
        &header,
        &[
            "R SNADS:G/D",
            "A Sue\tSNADS:G/D/SUE",
            "A Tom\tSNADS:G/D/TOM",
            "R PCM:NET/PO",
            "A One\tPCM:NET/PO/ONE",
        ],
    );
    office.put(&layout::RESYNC, &file);
    office.import("-q").ends(0);
    let log = office.log(&layout::DIRSYNC_LOG);
    let said: Vec<_> = log.iter().filter(|line| line.contains("[ 44]")).collect();
    assert_eq!(said, ["Error  [ 44] Gateway not installed: SNADS"]);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    assert_idle(&office);
}

#[test]
fn the_queue_is_taken_without_login_as_the_other_programs_of_dirsync_run() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    office
        .import_text(
            "",
            "A Boss\tPCM:NET/REQ/BOSS\n&ACCESS=ADMIN\n&PASSWORD=right\n",
        )
        .ends(0);
    for wrong in [
        "boss --unattended -q -y",
        "-pright --unattended -q -y",
        "--unattended -y -x -f{}/x",
        "--unattended -q -s -y",
        "--unattended -q -e -f{}/in.txt -y",
    ] {
        office.run("import", wrong).ends(2);
    }
    let before = office.log(&layout::DIRSYNC_LOG).len();
    office.run("import", "--unattended -q -y").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        (log[before].as_str(), log.last().map(String::as_str)),
        (
            "Status       Microsoft (R) Mail Import V3.5",
            Some("Status       Import is finished.")
        )
    );
    let help = office.run("import", "-?").ends(0).stdout;
    assert!(help.contains("--unattended"), "{help}");
}

#[test]
fn ds_p053_an_m_with_information_lines_alone_keeps_name_and_address() {
    let office = office().configure(|config| {
        config.options = config.options.with(ReqOptions::TEMPLATES_RECEIVE, true);
    });
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "T PCM:NET/PO\r\n Phone:~10~20~A~~"),
            (2, "A One\tPCM:NET/PO/ONE"),
            (3, "M One\tPCM:NET/PO/ONE\r\n- Phone:/555"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.list("PCM:NET/PO")[0].0, "One");
    let inf = office.bytes(&File::inf(stem(&office, "NET/PO")));
    assert_eq!(&inf[..4], b"555\0");
}

#[test]
fn ds_p058_unknown_postoffices_are_created_where_the_option_says_so() {
    let office = office()
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEW/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/NEW"), ["New"]);
}

#[test]
fn ds_s069_a_known_address_under_a_new_name_is_a_rename() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A Old Name\tPCM:NET/PO/WHO")]);
    office.import("-q").ends(0);
    let tid = office.list("PCM:NET/PO")[0].2;
    office.put(
        &layout::SRVTRANS,
        &queue_bytes(&[(
            2,
            "M Display Name\tPCM:NET/PO/WHO\r\n  New Name\tPCM:NET/PO/WHO",
        )]),
    );
    office.import("-q").ends(0);
    assert_eq!(
        office.list("PCM:NET/PO"),
        [("New Name".to_owned(), "WHO".to_owned(), tid)]
    );
}

#[test]
fn message_66_the_own_postoffice_is_never_touched_by_the_queue() {
    let office = office();
    let before = office.bytes(&layout::ACCESS2);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "R PCM:NET/REQ"),
            (2, "A One\tPCM:NET/REQ/ONE"),
            (3, "D Administrator\tPCM:NET/REQ/Admin"),
        ],
    );
    let run = office.import("-q --json").ends(0);
    assert_eq!(
        (&run.json()["ignored"], &run.json()["read"]),
        (&2.into(), &2.into())
    );
    assert_eq!(office.bytes(&layout::ACCESS2), before);
    assert_idle(&office);
}

#[test]
fn a_dry_run_plans_the_same_and_leaves_every_byte() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "R PCM:NET/PO"),
            (2, "A One\tPCM:NET/PO/ONE"),
            (3, "A Two\tSMTP:two@x.com"),
            (4, "D No\tPCM:NET/PO/NO"),
        ],
    );
    let before = office.snapshot();
    let dry = office
        .import("-q --dry-run --json --report {}/dry")
        .ends(1)
        .json();
    assert_eq!(office.snapshot(), before);
    let real = office.import("-q --json --report {}/real").ends(1).json();
    for key in ["read", "added", "refused", "commands", "exit"] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    let lines = |file: &str| {
        let text = fs::read_to_string(office.beside(file)).expect("written");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[..lines.len() - 1].to_vec()
    };
    assert_eq!(lines("dry"), lines("real"));
    let line = r#"{"entry":"PCM:NET/PO/ONE","name":"One","list":"PCM:NET/PO","action":"add","outcome":"added","reason":null,"message":null,"sync":2,"line":2}"#;
    assert!(
        lines("real").iter().any(|found| found == line),
        "{:?}",
        lines("real")
    );
}

#[test]
fn ds_p051_ds_p052_types_in_any_case_and_blank_lines_inside_records_are_taken() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "R pcm:Net/Po"),
            (2, "A One\tpcm:net/po/one\r\n\r"),
            (3, "A Two\tPCM:NET/PO/TWO\r\n\r\n"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Two"]);
}

#[test]
fn ds_s030_a_postoffice_that_appears_is_said_with_a_hint_about_renaming() {
    let office = office()
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEWNAME/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    let run = office.import("-q").ends(0);
    assert!(
        run.stdout
            .contains("delete its old definition): NET/NEWNAME"),
        "{}",
        run.stdout
    );
    assert_eq!(office.names("PCM:NET/NEWNAME"), ["New"]);
}

#[test]
fn ds_s068_a_server_that_is_no_longer_defined_under_its_name_is_55() {
    let office = Office::new("NET/REQ")
        .define(&["PCM:NEWNET/SRV"])
        .registered_with("OLDNET/SRV")
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEW/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    let run = office.import("-q").ends(66);
    assert!(
        run.stderr
            .contains("Can't find Dir-Sync Server postoffice definition"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("OLDNET/SRV"), "{}", run.stderr);
    assert_eq!(office.queued(&layout::SRVTRANS).len(), 1);
}

#[test]
fn ds_s031_a_replace_of_another_list_is_taken() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[(1, "A One\tPCM:NET/PO/ONE"), (2, "A Ten\tPCM:NET/PO10/TEN")],
    );
    office.import("-q").ends(0);
    office.put(&layout::SRVTRANS, &queue_bytes(&[(3, "R PCM:NET/PO")]));
    office.import("-q").ends(0);
    assert!(office.names("PCM:NET/PO").is_empty());
    assert_eq!(office.names("PCM:NET/PO10"), ["Ten"]);
}
