//! `import -s` and the words `create`, `show` and `check` of `resync`: the scenarios of the case files by their ids.

use std::fs;
use std::path::Path;

use dirsync::codec::Record;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::master::GatewayWord;
use dirsync::codec::queue::{Framed, Framing, RecordKind};
use dirsync::codec::resync::{Ending, ResyncHeader, ResyncReader};
use dirsync::codec::srvconf::RequestorFlags;
use dirsync::codec::{UsrRecord, XtnRecord};
use dirsync::postoffice::{File, layout};

use crate::support::{Office, Run, resync_bytes, resync_header, run};

/// The moment of every run, as a STAMP.
const NOW_STAMP: u32 = 1_795_255_200;

/// A server with lists of several kinds and the requestors of the LISTDS sample in Q96060.
fn server() -> Office {
    let office = Office::new("NET/SRV")
        .define(&["PCM:NET/A", "PCM:NET/B", "SMTP", "SNADS:GATE/DGN"])
        .groups(&[("All", "ALL", 50, &[1])])
        .server(&[
            ("NET/SRV", 17, 80, 1),
            ("NET/A", 18, 0, 4),
            ("NET/B", 12, 71, 2),
        ])
        .numbers(17, 80, 1);
    office
        .import_text(
            "",
            "A Ann                            PCM:NET/A/ANN\n\
             A Bob                            PCM:NET/B/BOB\n\
             A Smtp                           SMTP:a@b\n\
             A Den                            SNADS:GATE/DGN/DEN\n",
        )
        .ends(0);
    office
}

/// Everything a file from [`server`] holds between header and end mark.
const EVERYTHING: [&str; 11] = [
    "R PCM:NET/SRV",
    "A All\tPCM:NET/SRV/ALL",
    "A Administrator\tPCM:NET/SRV/Admin",
    "R PCM:NET/A",
    "A Ann\tPCM:NET/A/ANN",
    "R PCM:NET/B",
    "A Bob\tPCM:NET/B/BOB",
    "R SMTP:",
    "A Smtp\tSMTP:a@b",
    "R SNADS:GATE/DGN",
    "A Den\tSNADS:GATE/DGN/DEN",
];

/// Reads a whole resync file; its numbers must be dense.
fn read(bytes: &[u8]) -> (ResyncHeader, Vec<String>) {
    let mut reader = ResyncReader::new(bytes, &Framing::OURS).expect("a resync file");
    let header = reader.header().clone();
    let mut framed = Framed::default();
    let mut texts = Vec::new();
    while reader.read(&mut framed).expect("undamaged") {
        assert_eq!(framed.record.kind, RecordKind::Transaction);
        assert_eq!(framed.record.stamp.0, NOW_STAMP);
        texts.push(CodePage::Cp850.decode(&framed.record.text));
        assert_eq!(framed.record.sync as usize, texts.len());
    }
    assert!(matches!(reader.ending(), Some(Ending::Whole(_))));
    (header, texts)
}

fn read_file(path: &Path) -> (ResyncHeader, Vec<String>) {
    read(&fs::read(path).expect("written"))
}

/// Runs `resync`.
fn resync(office: &Office, args: &str) -> Run {
    office.run("resync", args)
}

#[test]
fn imp_s048_s092_ds_p041_the_header_has_the_largest_reqsync_and_what_the_lists_hold() {
    let office = server();
    let run = office.import("-s").ends(0);
    let (header, texts) = read(&office.bytes(&layout::RESYNC));
    assert_eq!(
        (header.req_sync.0, header.srv_sync.0, header.import_sync.0),
        (18, 80, 4)
    );
    assert_eq!(header.addressee, None);
    assert_eq!(*header.server, *b"NET/SRV");
    assert_eq!(texts, EVERYTHING);

    assert!(
        run.stdout
            .contains("RESYNC.GLB: 11 records for any requestor, IMPSEQ=4 REQSEQ=18 SRVSEQ=80")
    );
    // The file must leave the server, or its next run stumbles over it.
    assert!(
        run.stdout.contains(
            "Copy RESYNC.GLB into the GLB directory of each requestor, and delete it here"
        )
    );
    let log = office.log(&layout::DIRSYNC_LOG).join("\n");
    assert!(
        log.contains("RESYNC.GLB") && log.ends_with("Status       Import is finished."),
        "{log}"
    );
    office.import("-q").ends(78);

    // Between T2 and its own T3 the server's lists do not yet hold what SRVCONF says (DS-P041).
    let office = office.numbers(17, 75, 1);
    office.import("-s").ends(0);
    assert_eq!(read(&office.bytes(&layout::RESYNC)).0.srv_sync.0, 75);
}

#[test]
fn ds_p041_what_the_lists_hold_counts_where_the_record_of_the_server_itself_was_made_anew() {
    let office = server()
        .server(&[("NET/SRV", 0, 0, 0), ("NET/EXT", 18, 80, 1)])
        .numbers(17, 75, 1);
    office.import("-s").ends(0);
    assert_eq!(read(&office.bytes(&layout::RESYNC)).0.srv_sync.0, 75);
}

#[test]
fn the_stamp_never_goes_back_and_stands_in_srvconf() {
    let office = server();
    office.import("-s").ends(0);
    assert_eq!(read(&office.bytes(&layout::RESYNC)).0.stamp, NOW_STAMP);
    assert_eq!(office.server_config().header.stamp, NOW_STAMP);
    // The clock stands still: the next one is larger all the same.
    resync(&office, "create -oX -dM -o {}/out.glb").ends(2);
    resync(&office, "create -dM -o {}/out.glb").ends(0);
    assert_eq!(read_file(&office.beside("out.glb")).0.stamp, NOW_STAMP + 1);
    assert_eq!(office.server_config().header.stamp, NOW_STAMP + 1);
}

#[test]
fn imp_s052_only_the_server_makes_a_resync_file() {
    let office = Office::new("NET/PO");
    let text = "Resync extract can be performed only at a Directory Synchronization Server";
    let run = office.import("-s").ends(78);
    assert_eq!(run.stderr, format!("import: {text}\n"));
    assert!(!office.exists(&layout::RESYNC));
    let log = office.log(&layout::DIRSYNC_LOG).join("\n");
    assert!(log.contains(&format!("Fatal  [ 67] {text}")), "{log}");
    let run = resync(&office, "create -dM -o {}/out.glb").ends(78);
    assert_eq!(run.stderr, format!("resync: {text}\n"));
    assert!(!office.beside("out.glb").exists());
}

#[test]
fn imp_s018_s019_templates_of_256_fields_are_extracted_and_257_are_refused() {
    for (count, exit) in [(150, 0), (256, 0), (257, 65)] {
        let office = Office::new("NET/SRV").server(&[]);
        let lines: String = (0..count).map(|n| format!("F{n}:~15~4~A~~\r")).collect();
        office.put(&layout::ADMIN_TPL, lines.as_bytes());
        let run = office.import("-s").ends(exit);
        if exit == 0 {
            let (_, texts) = read(&office.bytes(&layout::RESYNC));
            assert_eq!(texts[0].lines().count(), count + 1);
            assert!(
                texts[0].starts_with("T PCM:NET/SRV\r\n F0:~15~4~A~~\r\n"),
                "{}",
                texts[0]
            );
            assert_eq!(texts[1], "R PCM:NET/SRV");
        } else {
            assert!(
                run.stderr
                    .contains("Resync extract failed: Error loading postoffice template ADMIN.TPL"),
                "{}",
                run.stderr
            );
            assert!(!office.exists(&layout::RESYNC));
            assert_eq!(office.server_config().header.stamp, 0);
        }
    }
}

#[test]
fn imp_s035_the_lists_of_proxy_postoffices_are_in_it() {
    let office = Office::new("NET/SRV")
        .define(&["FFAPI:PROXY/PO9"])
        .server(&[]);
    office
        .import_text("", "A Far                            PCM:PROXY/PO9/FAR\n")
        .ends(0);
    office.import("-s").ends(0);
    let (_, texts) = read(&office.bytes(&layout::RESYNC));
    assert_eq!(texts[2..], ["R PCM:PROXY/PO9", "A Far\tPCM:PROXY/PO9/FAR"]);
}

#[test]
fn imp_s037_ds_s035_gateway_entries_without_name_or_address_stay_here_with_a_warning() {
    let office = Office::new("NET/SRV").define(&["X400"]).server(&[]);
    office
        .import_text("", "A Ann                            X400:/c=us/s=ann\n")
        .ends(0);
    office.put(&File::gateway_nme("X400").expect("a gateway"), b"");
    let office = office.name_without_address("X400", "Lost");
    let run = office.import("-s --json").ends(1);
    let (_, texts) = read(&office.bytes(&layout::RESYNC));
    assert_eq!(texts[2..], ["R X400:"]);
    let messages = run.json()["messages"].clone();
    assert_eq!(
        (&messages[0]["number"], &messages[1]["number"]),
        (&43.into(), &46.into())
    );
    let log = office.log(&layout::DIRSYNC_LOG).join("\n");
    assert!(
        log.contains("Warning[ 43] Gateway alias has no physical address Lost"),
        "{log}"
    );
    assert!(
        log.contains("Warning[ 46] No fullname X400:/c=us/s=ann"),
        "{log}"
    );
}

#[test]
fn groups_that_cannot_be_resolved_are_message_81_each_and_the_run_ends() {
    let office = Office::new("NET/SRV")
        .groups(&[
            ("Good", "GOOD", 50, &[1]),
            ("Bad", "BAD", 51, &[1]),
            ("Blank", "", 52, &[1]),
        ])
        .server(&[]);
    // GROUP.GLB keeps the TID 51, ADMIN.NME has another one (Q122689).
    let mut names = office.bytes(&layout::ADMIN_NME);
    let at = names.len() - 2 * 45 + 33;
    assert_eq!(names[at], 51);
    names[at] = 99;
    office.put(&layout::ADMIN_NME, &names);
    let run = office.import("-s --json --report {}/report.txt").ends(1);
    let (_, texts) = read(&office.bytes(&layout::RESYNC));
    assert_eq!(
        texts,
        [
            "R PCM:NET/SRV",
            "A Good\tPCM:NET/SRV/GOOD",
            "A Administrator\tPCM:NET/SRV/Admin"
        ]
    );
    let summary = run.json();
    assert_eq!(
        (&summary["read"], &summary["refused"]),
        (&4.into(), &2.into())
    );
    let log = office.log(&layout::DIRSYNC_LOG).join("\n");
    assert!(log.contains("Error  [ 81] No mailbox name Bad"), "{log}");
    assert!(log.contains("Error  [ 81] No mailbox name Blank"), "{log}");
}

#[test]
fn users_outside_dirsync_and_groups_without_local_members_are_ignored() {
    let office = Office::new("NET/SRV")
        .groups(&[("Far", "FAR", 50, &[77])])
        .server(&[]);
    office
        .import_text(
            "",
            "A In                             PCM:NET/SRV/IN\n\
             A Out                            PCM:NET/SRV/OUT\n&DIRSYNC=NO\n",
        )
        .ends(0);
    let run = office.import("-s --json").ends(0);
    let (_, texts) = read(&office.bytes(&layout::RESYNC));
    assert_eq!(
        texts,
        [
            "R PCM:NET/SRV",
            "A Administrator\tPCM:NET/SRV/Admin",
            "A In\tPCM:NET/SRV/IN"
        ]
    );
    assert_eq!(run.json()["ignored"], 2);
}

#[test]
fn a_file_for_a_requestor_has_its_types_and_not_its_own_list() {
    let office = server();
    let mut config = office.server_config();
    config.requestors[1].types = u32::from(GatewayWord::SMTP.0);
    let mut bytes = Vec::new();
    config.write_to(&mut bytes).expect("a vector takes it");
    office.put(&layout::SRVCONF, &bytes);
    let directory = office.beside("files");
    fs::create_dir(&directory).expect("writable");

    let run = resync(
        &office,
        "create -dM -o {}/files --for net/a --for PCM:NET/B --for NET/A --json",
    )
    .ends(0);
    assert_eq!(run.json()["added"], 4 + 3);
    let (header, texts) = read_file(&directory.join("RESYNC-NET-A.GLB"));
    assert_eq!(header.addressee.as_deref(), Some(&b"NET/A"[..]));
    // Global maxima, whomever it is for (Q215505).
    assert_eq!(
        (header.req_sync.0, header.srv_sync.0, header.import_sync.0),
        (18, 80, 4)
    );
    let without_a: Vec<_> = EVERYTHING[..3].iter().chain(&EVERYTHING[5..9]).collect();
    assert_eq!(texts.iter().collect::<Vec<_>>(), without_a);
    let (header, texts) = read_file(&directory.join("RESYNC-NET-B.GLB"));
    assert_eq!(header.addressee.as_deref(), Some(&b"NET/B"[..]));
    assert_eq!(
        texts,
        EVERYTHING[..5],
        "PC Mail alone, without its own list"
    );
    assert!(!office.exists(&layout::RESYNC));

    // Without -o it goes where import -s puts it.
    resync(&office, "create -dM --for NET/B").ends(0);
    assert_eq!(read(&office.bytes(&layout::RESYNC)).1, EVERYTHING[..5]);

    let run = resync(
        &office,
        "create -dM -o {}/x.glb --for NET/A --for NET/B --shared",
    )
    .ends(2);
    assert!(
        run.stderr
            .contains("NET/A and NET/B have asked for different types"),
        "{}",
        run.stderr
    );
    resync(&office, "create -dM --for NET/A --for NET/B").ends(2);
    let run = resync(&office, "create -dM -o {}/x.glb --for NET/C").ends(66);
    assert!(run.stderr.contains("unknown-requestor"), "{}", run.stderr);
    resync(&office, "create -dM -o {}/x.glb --for NET").ends(2);
    resync(&office, "create -dM -o {}/x.glb --for NET/SRV").ends(78);
    assert!(!office.beside("x.glb").exists());
}

#[test]
fn one_file_serves_all_requestors_of_the_same_settings() {
    let office = server();
    resync(
        &office,
        "create -dM -o {}/x.glb --for NET/A --for NET/B --shared",
    )
    .ends(0);
    let (header, texts) = read_file(&office.beside("x.glb"));
    assert_eq!(header.addressee, None);
    assert_eq!(texts, EVERYTHING[..7]);
    resync(&office, "create -dM -o {}/y.glb --for NET/A --for NET/B").ends(0);
    for file in ["y-NET-A.glb", "y-NET-B.glb"] {
        read_file(&office.beside(file));
    }
}

#[test]
fn templates_go_to_requestors_that_take_them() {
    let office = Office::new("NET/SRV").define(&["PCM:NET/EXT"]).server_with(
        &[("NET/A", 0, 0, 0), ("NET/B", 0, 0, 0)],
        |config| {
            config.requestors[0].flags = RequestorFlags::TEMPLATES;
        },
    );
    office
        .import_text(
            "-t",
            "T PCM:NET/EXT\n Phone:~15~4~A~~\nA Ext                            PCM:NET/EXT/EXT\n- Phone:/555\n",
        )
        .ends(0);
    resync(&office, "create -dM -o {}/x.glb --for NET/A --for NET/B").ends(0);
    let (_, texts) = read_file(&office.beside("x-NET-A.glb"));
    assert_eq!(
        texts[2..],
        [
            "T PCM:NET/EXT\r\n Phone:~15~4~A~~",
            "R PCM:NET/EXT",
            "A Ext\tPCM:NET/EXT/EXT\r\n- Phone:/555"
        ]
    );
    let (_, texts) = read_file(&office.beside("x-NET-B.glb"));
    assert_eq!(texts[2..], ["R PCM:NET/EXT", "A Ext\tPCM:NET/EXT/EXT"]);
}

#[test]
fn imp_s100_a_requestor_that_takes_the_file_has_the_lists_of_the_server() {
    let from = server();
    from.import("-s").ends(0);
    let to = Office::new("NET/B")
        .define(&["PCM:NET/SRV", "PCM:NET/A", "SMTP", "SNADS:GATE/DGN"])
        .registered_with("NET/SRV");
    to.put(&layout::RESYNC, &from.bytes(&layout::RESYNC));
    to.import("-q").ends(0);
    assert!(!to.exists(&layout::RESYNC));
    let config = to.config();
    assert_eq!(
        (config.req_sync.0, config.srv_sync.0, config.import_sync.0),
        (18, 80, 4)
    );
    assert_eq!(config.server_stamp, NOW_STAMP);
    assert_eq!(to.names("PCM:NET/SRV"), ["Administrator", "All"]);
    for list in ["PCM:NET/A", "SMTP:", "SNADS:GATE/DGN"] {
        assert_eq!(to.names(list), from.names(list), "{list}");
    }
    // The sizes of section 7, on both sides.
    for office in [&from, &to] {
        let names = office.bytes(&layout::ADMIN_NME);
        assert_eq!(names.len() % 45, 0);
        assert_eq!(office.bytes(&layout::NETPO).len() % 43, 4);
        if office.exists(&layout::ADMINSHD_NME) {
            assert!(names == office.bytes(&layout::ADMINSHD_NME));
        }
        for (file, bytes) in office.snapshot() {
            let record = match file.extension().and_then(|extension| extension.to_str()) {
                Some("USR") => UsrRecord::LEN,
                Some("XTN") => XtnRecord::LEN,
                _ => continue,
            };
            assert_eq!(bytes.len() % record, 0, "{}", file.display());
        }
    }
}

#[test]
fn a_dry_run_looks_at_everything_and_writes_nothing() {
    let office = server();
    let before = office.snapshot();
    let run = office.import("-s --dry-run --json").ends(0);
    assert_eq!(
        (&run.json()["added"], &run.json()["commands"]),
        (&6.into(), &5.into())
    );
    resync(&office, "create -dM -o {}/out.glb --for NET/A --dry-run").ends(0);
    assert_eq!(office.snapshot(), before);
    assert!(!office.beside("out.glb").exists());
}

#[test]
fn what_cannot_be_written_leaves_the_server_as_it_was() {
    let office = server();
    let before = office.snapshot();
    let run = resync(&office, "create -dM -o {}/no/out.glb").ends(73);
    assert!(
        run.stderr.contains("Resync extract failed"),
        "{}",
        run.stderr
    );
    let mut after = office.snapshot();
    let logs = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("LOG"));
    after.retain(|path, _| !logs(path));
    assert!(
        after
            .iter()
            .all(|(path, bytes)| before.get(path) == Some(bytes))
    );
    let outside = office.write("out.glb", "old");
    resync(&office, "create -dM -o {}/out.glb -pX wrong").ends(77);
    assert_eq!(fs::read(outside).expect("there"), b"old");
}

#[test]
fn show_tells_header_lists_and_ending() {
    let office = server();
    resync(&office, "create -dM -o {}/x.glb").ends(0);
    let path = office.beside("x.glb").display().to_string();
    let shown = |args: &str| {
        let mut all = vec!["show".to_owned(), path.clone()];
        all.extend(
            args.split_whitespace()
                .map(|arg| arg.replace("{}", &office.beside("").display().to_string())),
        );
        run("resync", all, |_| ()).ends(0)
    };
    assert_eq!(
        shown("").stdout,
        format!(
            "{path}: from PCM:NET/SRV for *\n\
             IMPSEQ 4, REQSEQ 18, SRVSEQ 80, STAMP {NOW_STAMP} (Sat Nov 21 10:00:00 2026)\n\
             R PCM:NET/SRV                            2\n\
             R PCM:NET/A                              1\n\
             R PCM:NET/B                              1\n\
             R SMTP:                                  1\n\
             R SNADS:GATE/DGN                         1\n\
             11 records, whole\n"
        )
    );
    let json = shown("--json --report {}/report.txt").json();
    assert_eq!(json["header"]["for"], "*");
    assert_eq!(json["lists"][0]["entries"], 2);
    assert_eq!(
        (&json["ending"], &json["records"]),
        (&"whole".into(), &11.into())
    );
    assert_eq!(
        (&json["read"], &json["unchanged"], &json["commands"]),
        (&6.into(), &6.into(), &5.into())
    );
    let report = fs::read_to_string(office.beside("report.txt")).expect("written");
    assert_eq!(report.lines().count(), 12);
    assert!(
        report
            .contains(r#""entry":"PCM:NET/A/ANN","name":"Ann","list":"PCM:NET/A","action":"add""#)
    );

    // The text is import text: the lists of the file, and nothing of it a message.
    office.write("text.txt", shown("--text").stdout);
    let checked = office.run("import", "--check -f{}/text.txt").ends(0).json();
    assert_eq!(checked["transactions"].as_array().map(Vec::len), Some(11));
}

#[test]
fn check_proves_a_file_whole_and_finds_every_cut_and_every_changed_byte() {
    let office = Office::new("NET/PO");
    let whole = resync_bytes(&resync_header(1, 2, 3, 4), &["R SMTP:", "A Ann\tSMTP:a@b"]);
    let check = |name: &str, bytes: &[u8]| {
        let path = office.write(name, bytes);
        run(
            "resync",
            vec!["check".to_owned(), path.display().to_string()],
            |_| (),
        )
    };
    let run = check("whole", &whole).ends(0);
    assert!(
        run.stdout.ends_with("whole: 2 records, whole\n"),
        "{}",
        run.stdout
    );

    // Where the records begin, from the queue's own reader.
    let mut starts = Vec::new();
    let mut queue = dirsync::codec::queue::QueueReader::new(&whole[..], &Framing::OURS);
    let mut framed = Framed::default();
    while queue.read(&mut framed).expect("undamaged") {
        starts.push(framed.offset as usize);
    }
    for len in 0..whole.len() {
        let exit = match starts[1..].contains(&len) {
            true => 5,
            false => 65,
        };
        let run = check("cut", &whole[..len]).ends(exit);
        if exit == 5 {
            assert!(run.stdout.contains("no end mark"), "{}", run.stdout);
        }
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        check("flipped", &bytes).ends(65);
    }
    let mut bytes = whole.clone();
    bytes[starts[2] + 30] ^= 1;
    let run = check("named", &bytes).ends(65);
    let place = format!("damaged: transaction 3 at byte {:#x}: ", starts[2]);
    assert!(run.stdout.contains(&place), "{}", run.stdout);

    let path = office.beside("nothing").display().to_string();
    crate::support::run("resync", vec!["check".to_owned(), path], |_| ()).ends(66);
}

#[test]
fn a_record_that_is_no_transaction_is_named_although_the_file_is_whole() {
    let office = Office::new("NET/PO");
    let bytes = resync_bytes(
        &resync_header(1, 2, 3, 4),
        &["R SMTP:", "A Ann", "X y\tSMTP:a"],
    );
    let path = office.write("file", bytes).display().to_string();
    let run_word = |word: &str, more: &str| {
        let mut args = vec![word.to_owned(), path.clone()];
        args.extend(more.split_whitespace().map(str::to_owned));
        run("resync", args, |_| ())
    };
    let checked = run_word("check", "").ends(5);
    assert!(
        checked.stdout.contains("record 3 at byte 0x"),
        "{}",
        checked.stdout
    );
    assert_eq!(run_word("check", "--json").ends(5).json()["unreadable"], 2);
    let text = run_word("show", "--text").ends(0).stdout;
    assert!(text.starts_with("R SMTP:\r\n# record 3 at byte"), "{text}");
    assert!(text.ends_with("# whole\r\n"), "{text}");
}
