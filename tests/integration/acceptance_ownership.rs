//! Who owns an entry, through import, queue, resync, loss and restoration of the marks (design, section 3).

use std::fs;

use dirsync::postoffice::File;
use dirsync::postoffice::layout::{self, Dir};

use crate::support::{Office, Run, resync_bytes, resync_header};

fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/PO", "PCM:NET/P2", "SMTP"])
        .registered_with("NET/SRV")
}

/// Applies a full list of NET/PO with these names, by `import -q`.
fn full(office: &Office, stamp: u32, names: &[&str], options: &str) -> Run {
    let adds: Vec<_> = names
        .iter()
        .map(|name| {
            format!(
                "A {name}\tPCM:NET/PO/{}",
                name.replace(' ', "").to_uppercase()
            )
        })
        .collect();
    let mut lines = vec!["R PCM:NET/PO"];
    lines.extend(adds.iter().map(String::as_str));
    let bytes = resync_bytes(&resync_header(1, stamp, 1, stamp), &lines);
    office.put(&layout::RESYNC, &bytes);
    office.import(&format!("-q --json {options}"))
}

fn hand(office: &Office, text: &str) {
    office.import_text("", text).ends(0);
}

#[test]
fn an_entry_made_by_hand_lives_until_the_server_has_had_it_or_replace_drops_it() {
    let office = office();
    full(&office, 1, &["One", "Two"], "").ends(0);
    hand(
        &office,
        "A Hand\tPCM:NET/PO/HAND\nA Other\tPCM:NET/PO/OTHER\n",
    );
    let object = full(&office, 2, &["One"], "").ends(0).json();
    assert_eq!((&object["swept"], &object["kept"]), (&1.into(), &2.into()));
    assert_eq!(office.names("PCM:NET/PO"), ["Hand", "One", "Other"]);

    // Adopted by the server, it is the server's: its absence removes it, and so does its D.
    full(&office, 3, &["One", "Hand"], "").ends(0);
    full(&office, 4, &["One"], "").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Other"]);
    hand(&office, "A Hand\tPCM:NET/PO/HAND\n");
    let office = office.queue(&layout::SRVTRANS, &[(90, "D Hand\tPCM:NET/PO/HAND")]);
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Other"]);

    // DS-P048 under the switch that does as the original did.
    full(&office, 91, &["One"], "--replace").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    full(&office, 92, &["One"], "").ends(0);
}

#[test]
fn a_mark_follows_its_entry_under_another_name_and_goes_with_it() {
    let office = office();
    hand(
        &office,
        "A Hand\tPCM:NET/PO/HAND\nA Foot\tPCM:NET/PO/FOOT\n",
    );
    hand(
        &office,
        "M Hand\tPCM:NET/PO/HAND\n  Fist\tPCM:NET/PO/HAND\nD Foot\tPCM:NET/PO/FOOT\n",
    );
    full(&office, 1, &["One"], "").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Fist", "One"]);
    // The server's own entry of the deleted name is not taken for one made by hand.
    full(&office, 2, &["One", "Foot"], "").ends(0);
    full(&office, 3, &["One"], "").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Fist", "One"]);
}

#[test]
fn without_its_marks_a_postoffice_removes_nothing_by_absence_until_one_run_with_replace() {
    let office = office();
    full(&office, 1, &["One", "Two"], "").ends(0);
    hand(&office, "A Hand\tPCM:NET/PO/HAND\n");
    let old = office.bytes(&layout::DIRSYNC_OWN);
    hand(&office, "A Late\tPCM:NET/PO/LATE\n");
    for lost in [None, Some(old.as_slice()), Some(&b"rubbish"[..])] {
        let path = office.file(&layout::DIRSYNC_OWN);
        match lost {
            None => fs::remove_file(path).expect("there"),
            Some(bytes) => fs::write(path, bytes).expect("writable"),
        }
        let before = office.config().srv_sync.0;
        let object = full(&office, before + 1, &["One", "New"], "")
            .ends(1)
            .json();
        assert_eq!(object["swept"], 0, "{object}");
        assert_eq!(object["withheld"], object["kept"], "{object}");
        assert!(
            object["messages"][0]["text"]
                .as_str()
                .is_some_and(|text| text.contains("--replace")),
            "{object}"
        );
        assert_eq!(
            office.names("PCM:NET/PO"),
            ["Hand", "Late", "New", "One", "Two"]
        );
        assert_eq!(
            office.config().srv_sync.0,
            before + 1,
            "adds and numbers are taken"
        );
    }
    let text = office
        .import_text("", "R PCM:NET/PO\nA One\tPCM:NET/PO/ONE\n")
        .ends(1);
    assert!(
        text.stdout.contains("withheld"),
        "a text file removes nobody either"
    );
    full(&office, 50, &["One"], "--replace").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    hand(&office, "A Hand\tPCM:NET/PO/HAND\n");
    full(&office, 51, &["Two"], "").ends(0);
    assert_eq!(
        office.names("PCM:NET/PO"),
        ["Hand", "Two"],
        "marks work again"
    );
}

#[test]
fn what_goes_by_absence_comes_back_with_its_information() {
    let office = office();
    let template = "T PCM:NET/PO\n Phone:~1~10~A~~\n City/ST:~12~10~A~X~\n";
    hand(&office, "# nothing\n");
    let text = format!("{template}A One\tPCM:NET/PO/ONE\n- Phone:/123\nA Two\tPCM:NET/PO/TWO\n");
    office.import_text("-t", &text).ends(0);
    let before = extract(&office, "before.txt");
    office
        .import_text("-t", "R PCM:NET/PO\nA Two\tPCM:NET/PO/TWO\n")
        .ends(0);
    let logs = office.open().layout().list(Dir::Log).expect("readable");
    let name = logs
        .iter()
        .find(|name| name.starts_with("REMOVED-"))
        .expect("kept");
    let kept = office.file(&File::named(Dir::Log, name).expect("a name"));
    assert_eq!(
        fs::read_to_string(&kept).expect("text"),
        "A One                            PCM:NET/PO/ONE\r\n- Phone:/123\r\n- City//ST:/X\r\n"
    );
    office
        .import(&format!("-a -t -f{}", kept.display()))
        .ends(0);
    assert_eq!(extract(&office, "after.txt"), before);
    full(&office, 1, &["Two"], "").ends(0);
    assert_eq!(
        office.names("PCM:NET/PO"),
        ["One", "Two"],
        "made by hand now"
    );
}

fn extract(office: &Office, file: &str) -> String {
    office
        .import(&format!("-x -t -gPCM:NET/PO -f{{}}/{file}"))
        .ends(0);
    fs::read_to_string(office.beside(file)).expect("text")
}

#[test]
fn a_postoffice_that_never_had_marks_owns_nothing() {
    let office = office();
    full(&office, 1, &["One", "Two"], "").ends(0);
    assert!(!office.exists(&layout::DIRSYNC_OWN));
    let object = full(&office, 2, &["One"], "").ends(0).json();
    assert_eq!((&object["swept"], &object["kept"]), (&1.into(), &0.into()));
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
}
