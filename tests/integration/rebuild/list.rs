//! What stands in the list, in which files, and what the logs say.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::master::Master;
use dirsync::codec::{AccessFlags, AliasKind, HexId, Record, UsrRecord};
use dirsync::postoffice::accounts::Accounts;
use dirsync::postoffice::{Dir, File, layout};
use serde_json::Value;

use super::{ADDRESS_LEN, BANNER, FIRST_ADDRESS, filled, netpo, office, text};
use crate::support::{Office, encoded};

#[test]
fn every_list_of_the_postoffice_stands_in_the_global_one() {
    let office = filled().groups(&[("All hands", "HANDS", 50, &[1])]);
    let run = office.rebuild("").ends(0);
    assert_eq!(
        office.gal_names(),
        [
            "Administrator",
            "All hands",
            "Brown, Ann",
            "Doe, John",
            "Meyer, Max",
            "Smith, Sue",
            "Wu, Li"
        ]
    );
    assert!(run.stdout.contains("7 entries, 13 words"), "{}", run.stdout);

    let own = office.gal_entry("Administrator");
    assert_eq!((own.kind, own.tid, own.pointer), (AliasKind::Local, 1, 0));
    let group = office.gal_entry("All hands");
    assert_eq!(
        (group.kind, group.tid, group.id),
        (AliasKind::Group, 50, HexId(50))
    );
    let gal = office.gal();
    for (full_name, network, postoffice, mailbox) in [
        ("Smith, Sue", "NET", "PO1", "SUE"),
        ("Brown, Ann", "NET2", "PO2", "ANN"),
        ("Wu, Li", "GATE", "DGN1", "WU"),
        ("Meyer, Max", "SMTP", "", ""),
    ] {
        let entry = office.gal_entry(full_name);
        assert_eq!(entry.kind, AliasKind::External, "{full_name}");
        let address = gal.address(entry.tid).expect(full_name);
        assert_eq!(address.network.as_bytes(), network.as_bytes());
        assert_eq!(address.postoffice.as_bytes(), postoffice.as_bytes());
        assert_eq!(address.mailbox.as_bytes(), mailbox.as_bytes());
        assert_eq!(HexId(address.mailbag), entry.id, "{full_name}");
        assert!(entry.id != HexId(0), "{full_name} has a mailbag");
        let at = entry.pointer as usize;
        assert_eq!((at - FIRST_ADDRESS) % ADDRESS_LEN, 0, "{full_name}");
    }
}

#[test]
fn users_that_take_no_part_in_dirsync_are_in_the_list_of_their_own_postoffice() {
    let office = office();
    office
        .import_text(
            "",
            "A Hidden, Heidi                  PCM:NET/OWN/HIDDEN\n&DIRSYNC=NO\n",
        )
        .ends(0);
    let accounts = Accounts::load(&office.open()).unwrap();
    let hidden = accounts.get(accounts.find(b"HIDDEN").expect("made"));
    assert!(!hidden.flags.contains(AccessFlags::IN_DIRSYNC));
    office.rebuild("").ends(0);
    assert_eq!(office.gal_names(), ["Administrator", "Hidden, Heidi"]);
    assert_eq!(office.tid("Hidden, Heidi"), hidden.tid);
}

#[test]
fn a_group_of_another_postoffice_is_an_entry_for_somebody_elsewhere() {
    let office = office();
    let mut record = UsrRecord::new(text(office.page(), "Team"), text(office.page(), "TEAM"), 7);
    record.kind = AliasKind::Group;
    let mut deleted = record;
    deleted.state = dirsync::codec::RecordState::Deleted;
    let bytes = [encoded(&deleted), encoded(&record)].concat();
    office.put(&office.usr("NET/PO1"), &bytes);
    office.rebuild("").ends(0);
    assert_eq!(office.gal_names(), ["Administrator", "Team"]);
    let entry = office.gal_entry("Team");
    assert_eq!(entry.kind, AliasKind::External);
    let address = office.gal().address(entry.tid).unwrap();
    assert_eq!(address.kind, AliasKind::Group);
}

#[test]
fn a_name_may_stand_for_several_people() {
    let office = office();
    office.put_list("NET/PO1", &[("Doe, John", "JD")]);
    office.put_list("NET2/PO2", &[("Doe, John", "JD"), ("Doe, Johnny", "JD")]);
    office.rebuild("").ends(0);
    assert_eq!(
        office.gal_names(),
        ["Administrator", "Doe, John", "Doe, John", "Doe, Johnny"]
    );
    let gal = office.gal();
    let tids: Vec<u32> = gal.entries().map(|e| e.tid).collect();
    assert_ne!(tids[1], tids[2], "two addresses");
    assert!(tids[3] == tids[1] || tids[3] == tids[2], "one address");
    assert_eq!(
        office.bytes(&layout::GALNETPO).len(),
        FIRST_ADDRESS + 2 * ADDRESS_LEN
    );
}

#[test]
fn an_entry_of_the_postoffice_list_and_of_its_own_list_stands_once() {
    let office = filled();
    office.put_pol("Smith, Sue", netpo("net", "po1", "sue", 300));
    office.put_pol("Sue from Sales", netpo("NET", "PO1", "SUE", 301));
    office.put_pol("Meyer, Max", netpo("SMTP", "", "", 70));
    office.put_pol("Max", netpo("SMTP", "", "", 70));
    office.put_pol("Stranger", netpo("NET9", "PO9", "WHO", 302));
    let json = office.rebuild("--json").ends(0).json();
    let names = office.gal_names();
    assert_eq!(names.iter().filter(|n| *n == "Smith, Sue").count(), 1);
    assert_eq!(names.iter().filter(|n| *n == "Meyer, Max").count(), 1);
    assert_eq!(office.tid("Sue from Sales"), office.tid("Smith, Sue"));
    assert_eq!(office.tid("Max"), office.tid("Meyer, Max"));
    assert_eq!(office.gal_entry("Stranger").id, HexId(0x77));
    assert_eq!(json["read"], 11);
    assert_eq!((&json["added"], &json["ignored"]), (&9.into(), &2.into()));
}

#[test]
fn ds_s062_sizes_are_those_published() {
    let office = office();
    let names: Vec<_> = (0..79_999)
        .map(|n| match n % 2 {
            0 => format!("N{n:05} Smith"),
            _ => format!("N{n:05} J. Smith"),
        })
        .collect();
    let entries: Vec<_> = names.iter().map(|n| (n.as_str(), &n[1..6])).collect();
    office.put_list("NET/PO1", &entries);
    // 40,000 of two words; 39,999 of three, and the Administrator, who gets three more: 2.5 each.
    office
        .import_text("", "M Administrator                  PCM:NET/OWN/ADMIN\n  The Postoffice Administrator    PCM:NET/OWN/ADMIN\n")
        .ends(0);
    let json = office.rebuild("--json").ends(0).json();
    assert_eq!(json["gal"]["entries"], 80_000);
    assert_eq!(json["gal"]["words"], 200_000);
    assert_eq!(office.bytes(&layout::GAL_NME).len(), 3_600_000);
    assert_eq!(office.bytes(&layout::GALINDEX).len(), 1_200_208);
    office.gal();
}

#[test]
fn q149271_the_logs_read_as_published() {
    let office = office();
    let names: Vec<_> = (0..135)
        .map(|n| (format!("Name {n:03}"), format!("N{n}")))
        .collect();
    let entries: Vec<_> = names
        .iter()
        .map(|(n, m)| (n.as_str(), m.as_str()))
        .collect();
    office.put_list("NET/PO1", &entries);
    office.put_list("NET2/PO2", &[]);
    office.put_list("GATE/DGN1", &[]);
    office.rebuild("").ends(0);
    // DS-S065: the original took 68 s for these 136 names, and 215 s for 954 (Q148364).
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG),
        [
            format!("Status       {BANNER}").as_str(),
            "Status       Number of entries in GAL:      136",
            "Status       ",
        ]
    );
    assert_eq!(
        office.log(&layout::DSSERVER_LOG),
        [
            format!("1  -1 {BANNER}").as_str(),
            "1  -1 Number of entries in GAL:      136",
            "1  -1",
        ]
    );
}

#[test]
fn a_postoffice_without_a_list_is_said_and_does_not_count() {
    let office = office();
    let run = office.rebuild("").ends(0);
    assert!(
        run.stdout
            .contains("[201] Warning .USR file missing NET/PO1"),
        "{}",
        run.stdout
    );
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG)[1..4],
        [
            "Warning[201] Warning .USR file missing NET/PO1",
            "Warning[201] Warning .USR file missing NET2/PO2",
            "Warning[201] Warning .USR file missing GATE/DGN1",
        ]
    );
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG).last().unwrap(),
        "Status       "
    );
}

#[test]
fn names_without_an_address_are_left_out_and_named() {
    let office = filled().name_without_address("SMTP", "Nobody");
    office.put_pol("Lost", netpo("SMTP", "", "", 4711));
    office.put_pol("Broken", netpo("NET", "PO1", "X", 9));
    let mut names = office.bytes(&layout::ADMIN_NME);
    let at = names.len() - 8;
    names[at..at + 4].copy_from_slice(&[9, 9, 9, 9]);
    office.put(&layout::ADMIN_NME, &names);
    let report = office.beside("report.jsonl");
    let json = office
        .rebuild(&format!("--json --report {}", report.display()))
        .ends(1)
        .json();
    assert_eq!(json["refused"], 3);
    assert_eq!(office.gal().len(), 6);
    let log = office.log(&layout::DIRSYNC_LOG);
    for line in [
        "Warning[ 43] Gateway alias has no physical address Nobody (SMTP:)",
        "Warning[ 43] Gateway alias has no physical address Lost (SMTP:)",
        "Warning[ 40] Possible database corruption detected: NETPO: no address at 0x9090909, where Broken of ADMIN.NME points",
    ] {
        assert!(log.contains(&line.to_owned()), "{line}: {log:#?}");
    }
    let lines = fs::read_to_string(report).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let refused = lines.iter().filter(|line| line["outcome"] == "refused");
    assert_eq!(refused.count(), 3);
    assert_eq!(lines.len(), 9 + 1, "one line per entry, and the summary");
}

#[test]
fn addresses_without_a_name_are_said() {
    let office = filled();
    office.put(&File::gateway_nme("SMTP").unwrap(), &[]);
    let run = office.rebuild("").ends(0);
    assert!(
        run.stdout
            .contains("[ 46] No fullname (SMTP: addresses without one: 1)"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_report_has_a_line_for_every_entry() {
    let office = filled().groups(&[("All hands", "HANDS", 50, &[1])]);
    let report = office.beside("report.jsonl");
    office
        .rebuild(&format!("--report {}", report.display()))
        .ends(0);
    let lines = fs::read_to_string(report).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let (summary, entries) = lines.split_last().unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|line| {
            (
                line["list"].as_str().unwrap(),
                line["entry"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("POL", "PCM:NET/OWN/Admin"),
            ("POL", "PCM:NET/OWN/HANDS"),
            ("PCM:NET2/PO2", "PCM:NET2/PO2/ANN"),
            ("PCM:NET/PO1", "PCM:NET/PO1/JOHN"),
            ("SMTP:", "SMTP:max@example.com"),
            ("PCM:NET/PO1", "PCM:NET/PO1/SUE"),
            ("SNADS:GATE/DGN1", "SNADS:GATE/DGN1/WU"),
        ]
    );
    assert_eq!(entries[0]["detail"], "TID 00000001");
    assert_eq!(summary["gal"]["entries"], 7);
    assert_eq!(summary["exit"], 0);
}

#[test]
fn the_summary_has_the_keys_of_every_program_and_those_of_the_list() {
    let office = filled();
    let json = office.rebuild("--json").ends(0).json();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        keys(&json).join(" "),
        "program postoffice dry_run read added modified renamed deleted unchanged refused ignored \
         swept kept withheld commands before after messages seconds exit gal"
    );
    assert_eq!(
        keys(&json["gal"]).join(" "),
        "entries_before entries words order code_page tids_given tids_retired replaced sizes"
    );
    assert_eq!(json["gal"]["entries_before"], Value::Null);
    assert_eq!(json["gal"]["order"], "page");
    assert_eq!(json["gal"]["tids_given"], 5);
    assert_eq!(json["gal"]["sizes"]["gal_nme"], 6 * 45);
    assert_eq!(json["gal"]["sizes"]["galindex"], 208 + 11 * 6);
    assert_eq!(
        json["gal"]["sizes"]["galnetpo"],
        FIRST_ADDRESS + 5 * ADDRESS_LEN
    );
}

#[test]
fn a_dry_run_writes_nothing_at_all() {
    let office = filled();
    office.put(&File::named(Dir::Nme, "TMP00003.NME").unwrap(), b"left");
    let before = office.snapshot();
    let json = office.run("rebuild", "--dry-run --json").ends(0).json();
    assert!(before == office.snapshot());
    assert_eq!(
        (&json["dry_run"], &json["added"]),
        (&true.into(), &6.into())
    );
    office.rebuild("").ends(0);
    let before = office.snapshot();
    office.run("rebuild", "--dry-run").ends(0);
    assert!(before == office.snapshot());
    fs::write(office.file(&layout::ADMIN_NME), [1]).unwrap();
    let before = office.snapshot();
    office.run("rebuild", "--dry-run").ends(65);
    assert!(before == office.snapshot(), "not even of its failure");
}

#[test]
fn a_list_that_is_as_it_was_is_left_alone() {
    let office = filled();
    office.rebuild("").ends(0);
    let (files, flag) = (office.gal_files(), office.bytes(&layout::FLAG));
    let modified = || {
        fs::metadata(office.file(&layout::GAL_NME))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    let json = office.rebuild("--json").ends(0).json();
    assert_eq!(json["gal"]["replaced"], false);
    assert_eq!((modified(), office.gal_files()), (before, files));
    assert_eq!(
        office.bytes(&layout::FLAG),
        flag,
        "nobody need read it again"
    );
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG).last().unwrap(),
        "Status       "
    );

    office.put_list("NET2/PO2", &[("Brown, Ann", "ANN"), ("Brown, Bo", "BO")]);
    let json = office.rebuild("--json").ends(0).json();
    assert_eq!(json["gal"]["replaced"], true);
    assert_eq!(json["gal"]["entries_before"], 6);
    assert_ne!(office.bytes(&layout::FLAG), flag);
}

#[test]
fn ds_s058_the_setting_of_the_administrator_is_kept() {
    for setting in [false, true] {
        let office = filled();
        let bytes = office.bytes(&layout::MASTER);
        let mut master = Master::decode(&bytes).unwrap();
        master.gal_enabled = setting;
        office.put(&layout::MASTER, &encoded(&master));
        let before = office.bytes(&layout::MASTER);
        office.rebuild("").ends(0);
        assert_eq!(office.bytes(&layout::MASTER), before);
        assert_eq!(office.gal().len(), 6);
    }
}

#[test]
fn ds_s056_a_read_only_master_is_no_error() {
    let office = filled();
    let master = office.file(&layout::MASTER);
    fs::set_permissions(&master, fs::Permissions::from_mode(0o444)).unwrap();
    let run = office.rebuild("").ends(0);
    assert!(
        !run.stdout.contains("202") && run.stderr.is_empty(),
        "{}",
        run.stderr
    );
    assert_eq!(office.gal().len(), 6);
}

#[test]
fn what_an_interrupted_run_of_the_original_left_is_cleaned_away() {
    let office = filled();
    let left = [
        File::named(Dir::Nme, "TMP00003.NME").unwrap(),
        File::named(Dir::Nme, "TMP00007.NME").unwrap(),
        layout::GAL_FALLBACK,
        layout::GALINDEX_TEMPORARY,
        layout::TMPNETPO,
        layout::GALTMP,
        layout::TMPACC2,
        layout::TMPGRP,
    ];
    for file in &left {
        office.put(file, b"left");
    }
    office.put(&File::named(Dir::Nme, "TMP00012.NME").unwrap(), b"another");
    office.rebuild("").ends(0);
    let log = office.log(&layout::DIRSYNC_LOG);
    for file in &left {
        assert!(!office.exists(file), "{file}");
        let line = format!("Status       Removed {file}, left by an interrupted rebuild");
        assert!(log.contains(&line), "{line}: {log:#?}");
    }
    assert!(office.exists(&File::named(Dir::Nme, "TMP00012.NME").unwrap()));
    assert_eq!(office.gal().len(), 6);
}

#[test]
fn the_own_postoffice_defined_as_another_is_not_read_twice() {
    let office = office().define(&["PCM:NET/OWN"]);
    office.put_list("NET/OWN", &[("Administrator", "ADMIN")]);
    let run = office.rebuild("").ends(0);
    assert_eq!(office.gal_names(), ["Administrator"]);
    assert!(
        run.stdout.contains("NET/OWN is this postoffice itself"),
        "{}",
        run.stdout
    );
}

#[test]
fn ds_s060_lists_without_a_requestor_are_listed_on_the_server() {
    let fill = |office: Office| {
        office.put_list("NET/PO1", &[("Smith, Sue", "SUE"), ("Doe, John", "JOHN")]);
        office.put_list("NET2/PO2", &[("Brown, Ann", "ANN")]);
        office
    };
    let office = fill(office()).server(&[("NET/OWN", 0, 0, 0), ("net/po1", 0, 0, 0)]);
    let run = office.rebuild("").ends(0);
    assert_eq!(office.gal().len(), 4, "its names stay");
    assert!(
        run.stdout
            .contains("PCM:NET2/PO2: no requestor of this name is registered; its names (1) stay"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("PCM:NET/PO1:"), "{}", run.stdout);
    // The list needs no server configuration.
    office.put(&layout::SRVCONF, b"damaged");
    let run = office.rebuild("").ends(0);
    assert!(
        run.stdout
            .contains("which requestors are registered is not known: "),
        "{}",
        run.stdout
    );
    // A requestor does not know who else is registered.
    let run = fill(self::office()).rebuild("").ends(0);
    assert!(!run.stdout.contains("registered"), "{}", run.stdout);
}
