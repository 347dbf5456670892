//! The guard at its limits, in every program that it guards, and what a dry run says of the same lists (design, section 5).

use dirsync::postoffice::layout;

use crate::support::{Office, Run, resync_bytes, resync_header};

/// Lines of `A`, one per entry.
fn adds(place: &str, numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|n| format!("A User {n:04}\t{place}/U{n}\n"))
        .collect()
}

fn office(lists: &[&str], each: u32) -> Office {
    let office = Office::new("NET/REQ").define(lists);
    for list in lists {
        office.import_text("", &adds(list, 0..each)).ends(0);
    }
    office
}

/// Returns the counts of a summary.
fn counts(run: &Run) -> Vec<u64> {
    let object = run.json();
    let keys = [
        "read",
        "added",
        "modified",
        "renamed",
        "deleted",
        "unchanged",
        "refused",
        "ignored",
    ];
    let counts: Vec<_> = keys
        .iter()
        .map(|key| object[key].as_u64().expect("a count"))
        .collect();
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{object}");
    counts
}

#[test]
fn entries_that_go_by_absence_are_stopped_above_ten_and_five_percent_of_more_than_twenty() {
    for (entries, removed, exit) in [
        (20, 20, 0),
        (21, 10, 0),
        (21, 11, 3),
        (219, 10, 0),
        (219, 11, 3),
        (220, 11, 0),
        (220, 12, 3),
    ] {
        let office = office(&["PCM:NET/PO"], entries);
        let text = format!("R PCM:NET/PO\n{}", adds("PCM:NET/PO", removed..entries));
        let before = office.snapshot();
        let dry = office.import_text("--dry-run --json", &text).ends(exit);
        assert!(
            before == office.snapshot(),
            "{entries}: a dry run writes nothing"
        );
        let wet = office.import_text("--json", &text).ends(exit);
        assert_eq!(counts(&dry), counts(&wet), "{entries} {removed}");
        assert_eq!(dry.json()["swept"], removed);
        assert_eq!(dry.json()["swept"], wet.json()["swept"]);
        let left = if exit == 3 {
            entries
        } else {
            entries - removed
        };
        assert_eq!(office.names("PCM:NET/PO").len(), left as usize);
        if exit == 0 {
            continue;
        }
        let allowed = format!("--allow-deletes {}", removed - 1);
        let said = office.import_text(&allowed, &text).ends(3);
        let allowed = format!("--allow-deletes {removed}");
        assert!(said.stdout.contains(&allowed), "{}", said.stdout);
        office.import_text(&allowed, &text).ends(0);
        assert_eq!(
            office.names("PCM:NET/PO").len(),
            (entries - removed) as usize
        );
    }
}

#[test]
fn entries_that_go_by_name_are_stopped_above_a_hundred_and_a_quarter() {
    for (entries, removed, exit) in [
        (100, 100, 0),
        (101, 100, 0),
        (101, 101, 3),
        (440, 110, 0),
        (440, 111, 3),
    ] {
        let office = office(&["PCM:NET/PO"], entries);
        let text = adds("PCM:NET/PO", 0..removed).replace("A User", "D User");
        let dry = office.import_text("--dry-run --json", &text).ends(exit);
        assert_eq!(counts(&dry)[4], u64::from(removed));
        if exit == 3 {
            let allowed = format!("--allow-deletes {}", removed - 1);
            office.import_text(&allowed, &text).ends(3);
            office
                .import_text(&format!("--allow-deletes {removed}"), &text)
                .ends(0);
        } else {
            office.import_text("", &text).ends(0);
        }
        assert_eq!(
            office.names("PCM:NET/PO").len(),
            (entries - removed) as usize
        );
    }
}

#[test]
fn the_postoffice_is_judged_as_a_whole_where_its_lists_are_small() {
    let lists = ["PCM:NET/P1", "PCM:NET/P2", "PCM:NET/P3"];
    let office = office(&lists, 15);
    let run = office.import_text("", "R PCM:NET/P1\n").ends(3);
    assert!(
        run.stdout.contains("all lists: 15 of 45 entries"),
        "{}",
        run.stdout
    );
    let text = format!("R PCM:NET/P1\n{}", adds("PCM:NET/P1", 10..15));
    office.import_text("", &text).ends(0);
    // Accounts never go by absence, and do not make the postoffice larger for it.
    let small = self::office(&["PCM:NET/P1"], 20);
    small
        .import_text("", "R PCM:NET/P1\nA Jane\tPCM:NET/REQ/JANE\n")
        .ends(0);
}

#[test]
fn r_as_an_option_is_one_command_for_the_list_that_g_names() {
    let office = office(&["PCM:NET/PO", "PCM:NET/P2"], 10);
    let text = adds("PCM:NET/PO", 0..9) + &adds("PCM:NET/P2", 0..1);
    let run = office.import_text("-r -gPCM:NET/PO --json", &text).ends(0);
    let object = run.json();
    assert_eq!(object["commands"], 1);
    assert_eq!(
        (&object["swept"], &object["ignored"]),
        (&1.into(), &1.into())
    );
    assert_eq!(office.names("PCM:NET/P2").len(), 10);
    let run = office
        .import_text("-r -gPCM:NET/P2 --json", "# nobody\n")
        .ends(0);
    assert_eq!(
        run.json()["swept"],
        10,
        "emptied even where the file says nothing of it"
    );
}

#[test]
fn a_resync_is_guarded_in_import_and_in_resync_and_says_the_same_before_and_after() {
    let office = office(&["PCM:NET/PO"], 0);
    let full = |names: std::ops::Range<u32>, stamp| {
        let adds = adds("PCM:NET/PO", names);
        let lines: Vec<_> = std::iter::once("R PCM:NET/PO")
            .chain(adds.lines())
            .collect();
        resync_bytes(&resync_header(1, stamp, 1, stamp), &lines)
    };
    let path = office
        .write("full.glb", full(0..40, 1))
        .display()
        .to_string();
    office
        .run("resync", &format!("apply {path} admin -pX -y"))
        .ends(0);
    office.write("full.glb", full(0..29, 2));
    office.put(&layout::RESYNC, &full(0..29, 2));
    let before = office.snapshot();
    let dry = office
        .run(
            "resync",
            &format!("apply {path} admin -pX -y --dry-run --json"),
        )
        .ends(3);
    let plan = office
        .run("resync", &format!("plan {path} admin -pX --json"))
        .ends(3);
    let queue = office.import("-q --dry-run --json").ends(3);
    assert!(before == office.snapshot(), "nothing was written");
    for run in [&dry, &plan, &queue] {
        assert_eq!(counts(run), counts(&dry));
        assert_eq!(run.json()["swept"], 11);
    }
    office.import("-q").ends(3);
    office
        .run("resync", &format!("apply {path} admin -pX -y"))
        .ends(3);
    assert_eq!(office.config().srv_sync.0, 1, "the numbers stay too");
    assert!(office.exists(&layout::RESYNC));
    office.import("-q --allow-deletes 11").ends(0);
    assert_eq!(office.names("PCM:NET/PO").len(), 29);
    assert_eq!(office.config().srv_sync.0, 2);
}
