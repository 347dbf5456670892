//! What `import -q` and `resync apply` leave behind, and what they leave alone.

use std::fs;

use dirsync::postoffice::layout::Dir;
use dirsync::postoffice::{File, layout};

use crate::support::{Office, resync_bytes, resync_header};

fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "PCM:NET/PO", "SMTP"])
        .registered_with("NET/SRV")
        .numbers(12, 71, 1)
}

fn full(srv: u32, stamp: u32, names: &[&str]) -> Vec<u8> {
    let adds: Vec<_> = names
        .iter()
        .map(|name| format!("A {name}\tPCM:NET/PO/{}", name.to_uppercase()))
        .collect();
    let mut lines = vec!["R PCM:NET/PO"];
    lines.extend(adds.iter().map(String::as_str));
    resync_bytes(&resync_header(18, srv, 2, stamp), &lines)
}

#[test]
fn imp_s047_s046_defect_41_temporaries_of_a_failed_run_are_gone_and_said_after_any_run() {
    let fixed = [
        layout::IUSRTRAN,
        layout::INMETRAN,
        layout::IGWTRANS,
        layout::SRVUPDS,
        layout::REQUPDS,
        layout::ILOCAL,
        layout::INDEX,
        layout::IMPORT_USR,
        layout::IMPORT_INF,
    ];
    for line in ["-q", "-f{}/in.txt"] {
        let office = office().queue(&layout::SRVTRANS, &[(72, "A One\tPCM:NET/PO/ONE")]);
        office.write("in.txt", "A Two\tPCM:NET/PO/TWO\r\n");
        let sorts = [File::sort(1), File::sort(9999)];
        let left: Vec<_> = fixed.iter().chain(&sorts).collect();
        for file in &left {
            office.put(file, b"left over");
        }
        let flag = office.bytes(&layout::FLAG);
        office.import(&format!("{line} --dry-run")).ends(0);
        assert!(
            left.iter().all(|file| office.exists(file)),
            "{line}: a dry run"
        );
        office.import(line).ends(0);
        let log = office.log(&layout::DIRSYNC_LOG);
        for file in &left {
            assert!(!office.exists(file), "{line}: {file}");
            let said = format!("Status       {file} was left by a failed run, and is removed");
            assert!(log.contains(&said), "{line}: {log:?}");
        }
        assert_ne!(office.bytes(&layout::FLAG), flag);
        assert!(office.exists(&layout::C850SORT) && office.exists(&layout::ANSISORT));
    }
}

#[test]
fn a_resync_file_that_waits_is_not_removed_by_another_one() {
    let office = office();
    let other = office.write("other.glb", full(80, 5, &["One"]));
    office.put(&layout::RESYNC, &full(90, 6, &["One", "Two"]));
    let line = format!("apply {} admin -pX -y", other.display());
    let run = office.run("resync", &line).ends(0);
    assert!(
        run.stdout
            .contains("GLB/RESYNC.GLB is not the file that is applied: it stays"),
        "{}",
        run.stdout
    );
    assert!(office.exists(&layout::RESYNC));
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);

    // A copy of the waiting file does its work wherever it is read from, a saved plan of it too.
    let copy = office.write("copy.glb", office.bytes(&layout::RESYNC));
    let plan = office.beside("plan");
    let (copy, plan) = (copy.display(), plan.display());
    office
        .run("resync", &format!("plan {copy} admin -pX -o {plan}"))
        .ends(0);
    office
        .run("resync", &format!("apply {plan} admin -pX -y"))
        .ends(0);
    assert!(!office.exists(&layout::RESYNC));
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Two"]);

    office.put(&layout::RESYNC, &full(91, 7, &["One"]));
    office.import("-q").ends(0);
    assert!(!office.exists(&layout::RESYNC));
    assert_eq!(office.config().srv_sync.0, 91);
}

#[test]
fn the_log_of_l_repeats_the_records_of_a_queue_that_failed_and_imports_again() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (72, "A One\tPCM:NET/PO/ONE"),
            (73, "A None\tPCM:NET/PO/"),
            (74, "D Nobody\tPCM:NET/PO/NOBODY"),
            (75, "M Nix\tPCM:NET/PO/NIX\r\n  Nix 2\tPCM:NET/PO/NIX"),
        ],
    );
    office.import("-q -l{}/bad.log").ends(1);
    let text = fs::read_to_string(office.beside("bad.log")).expect("written");
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.split_once(" | ").map_or(line, |(_, text)| text))
        .collect();
    assert_eq!(
        lines,
        [
            "Error  [ 81] No mailbox name None (2)",
            "A None\tPCM:NET/PO/",
            "Error  [ 29] Alias does not exist Nobody (3)",
            "D Nobody\tPCM:NET/PO/NOBODY",
            "Error  [ 29] Alias does not exist Nix (4)",
            "M Nix\tPCM:NET/PO/NIX",
            "  Nix 2\tPCM:NET/PO/NIX",
        ]
    );
    let again = text
        .replace("PCM:NET/PO/\r\n", "PCM:NET/PO/NONE\r\n")
        .replace("\nD ", "\nA ");
    office.write("again.txt", again);
    office.import("-f{}/again.txt").ends(1);
    assert_eq!(office.names("PCM:NET/PO"), ["Nobody", "None", "One"]);
}

#[test]
fn no_password_reaches_a_log_a_report_or_the_stream() {
    let office = Office::new("NET/REQ")
        .define(&["PCM:NET/SRV"])
        .registered_with("NET/SRV");
    let text = "A New\tPCM:NET/REQ/NEW\n&PASSWORD=hush1\n\
                A Administrator\tPCM:NET/REQ/TWICE\n&password=hush2\n&ACCESS=ADMIN\n\
                M Nobody\tPCM:NET/REQ/NOBODY\n&PASSWORD hush3\n\
                A Ext\tPCM:NET/SRV/EXT\n&PASSWORD=hush4hush4\n";
    let run = office
        .import_text("-l -v --report {}/report --json", text)
        .ends(1);
    let mut seen = vec![run.stdout.into_bytes(), run.stderr.into_bytes()];
    seen.push(fs::read(office.beside("report")).expect("written"));
    for name in office.open().layout().list(Dir::Log).expect("readable") {
        let file = File::named(Dir::Log, &name).expect("a name");
        seen.push(office.bytes(&file));
    }
    seen.push(office.bytes(&layout::REQTRANS));
    seen.push(office.bytes(&layout::DIRSYNC_PWD));
    let explained = office.run("import", "admin -phush --explain -q").ends(0);
    seen.push(explained.stdout.into_bytes());
    for bytes in &seen {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        assert!(!text.contains("hush"), "{text}");
    }
    let log = office.bytes(&layout::IMPORT_LOG);
    let log = String::from_utf8_lossy(&log);
    assert_eq!(log.matches("#&PASSWORD was given").count(), 3, "{log}");
    assert!(log.contains("&ACCESS=ADMIN"), "{log}");
    office.run("import", "new -pHUSH1 -q -y").ends(77); // no administrator
    office.run("import", "admin -pX -q -y").ends(0);
}

#[test]
fn e_says_in_json_what_it_dropped_and_is_not_done_where_it_did() {
    let office = office().numbers(0, 0, 0);
    let text = "A At\tSMTP:a@b\n- Phone:/1\nA One\tPCM:NET/PO/\nR PCM:NET/PO\n";
    let run = office
        .import_text("-e --json --report {}/report", text)
        .ends(1);
    let object = run.json();
    let numbers: Vec<_> = object["messages"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|message| message["number"].as_u64().unwrap_or_default())
        .collect();
    assert_eq!(numbers, [24, 81]);
    assert_eq!(
        (&object["added"], &object["refused"]),
        (&1.into(), &1.into())
    );
    let report = fs::read_to_string(office.beside("report")).expect("written");
    assert!(
        report.contains(r#""reason":"no-address","message":81"#),
        "{report}"
    );
    office
        .import_text("-e", "A At\tSMTP:a@b\n- Phone:/1\n")
        .ends(1);
    office.import_text("-e", "A At\tSMTP:a@b\n").ends(0);
    assert_eq!(office.queued(&layout::REQTRANS).len(), 4);
}
