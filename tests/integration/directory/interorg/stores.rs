//! What a store of the hub's table has to do, whichever it is.

use std::collections::{BTreeSet, HashMap};

use dirsync::directory::interorg::master::Progress;
use dirsync::directory::interorg::{Epoch, Master, Member, Receipt, Row, Usn};

use super::over_both;
use super::place::{FIRST, Place, above, change, gone, holders, key, read, shown, waits};

over_both!(
    a_new_table_has_an_epoch_and_nothing_else,
    the_head_is_kept,
    a_branch_is_kept_and_forgotten,
    entries_are_put_changed_and_taken_out,
    of_many_entries_those_asked_for_come,
    an_address_goes_from_one_to_another_in_one_put,
    only_what_is_seen_holds_an_address,
    what_waits_comes_by_key,
    keys_are_those_of_what_is_seen_or_waits,
    changes_come_by_number_without_those_of_one_branch,
    deletions_are_forgotten_up_to_a_number,
    a_message_is_seen_once,
);

fn a_new_table_has_an_epoch_and_nothing_else(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        let head = Master {
            epoch: Epoch::new(FIRST).expect("an epoch"),
            last: Usn::NONE,
            forgotten: Usn::NONE,
        };
        assert_eq!(change.head()?, head);
        assert!(change.members()?.is_empty());
        assert_eq!(change.member("org1")?, Member::new("ORG1"));
        assert!(read(change, &["ORG1:a"])?.is_empty());
        assert!(above(change, 0, "ORG1")?.is_empty());
        assert!(change.waiting()?.is_empty());
        assert!(change.keys_of("ORG1")?.is_empty());
        assert!(holders(change, &["x@o"])?.is_empty());
        assert_eq!(change.forget(Usn(10))?, None);
        // Nothing is asked for, nothing is said.
        assert!(read(change, &[])?.is_empty());
        assert!(holders(change, &[])?.is_empty());
        change.put(&[])
    });
}

fn the_head_is_kept(make: fn() -> Place) {
    let place = make();
    let head = Master {
        epoch: Epoch::new("other").expect("an epoch"),
        last: Usn(i64::MAX as u64),
        forgotten: Usn(7),
    };
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.set_head(&head)?;
        assert_eq!(change.head()?, head);
        Ok(())
    });
    assert_eq!(change(&mut table, |change| change.head()), head);
}

fn a_branch_is_kept_and_forgotten(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let member = Member {
        name: "ORG2".to_owned(),
        taken: Some(Progress {
            epoch: Epoch::new("their-own").expect("an epoch"),
            usn: Usn(12),
            by: "request-3".to_owned(),
        }),
        earlier: vec!["request-1".to_owned(), "request \"2\"".to_owned()],
        confirmed: Usn(4),
        given: vec![
            (Receipt("r1".to_owned()), Usn(3)),
            (Receipt("r2".to_owned()), Usn(4)),
        ],
    };
    change(&mut table, |change| {
        change.set_member(&Member::new("ORG2"))?;
        change.set_member(&member)?;
        change.set_member(&Member::new("ORG10"))?;
        change.set_member(&Member::new("ORG"))?;
        assert!(change.see("ORG2", "m1")?);
        assert!(change.see("ORG10", "m1")?);
        Ok(())
    });
    change(&mut table, |change| {
        assert_eq!(change.members()?, ["ORG", "ORG10", "ORG2"]);
        assert_eq!(change.member("org2")?, member);
        assert_eq!(change.member("ORG10")?, Member::new("ORG10"));
        change.remove_member("org2")?;
        change.remove_member("ORG9")
    });
    change(&mut table, |change| {
        assert_eq!(change.members()?, ["ORG", "ORG10"]);
        assert_eq!(change.member("ORG2")?, Member::new("ORG2"));
        // It comes anew, and its messages do.
        assert!(change.see("ORG2", "m1")?);
        assert!(!change.see("ORG10", "m1")?);
        Ok(())
    });
}

fn entries_are_put_changed_and_taken_out(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let both = Row {
        waiting: waits("ORG1:c", "z@o").waiting,
        ..shown("ORG1:c", 3, "c@o")
    };
    let first = [
        shown("ORG1:a", 1, "a@o"),
        waits("ORG1:b", "a@o"),
        both,
        gone("ORG1:d", 4),
    ];
    change(&mut table, |change| change.put(&first));
    let keys = ["ORG1:a", "ORG1:b", "ORG1:c", "ORG1:d", "ORG1:e"];
    change(&mut table, |change| {
        assert_eq!(read(change, &keys)?, first);
        change.put(&[
            shown("ORG1:b", 5, "b@o"),
            gone("ORG1:c", 6),
            gone("ORG1:a", 0),
        ])?;
        let left = [
            shown("ORG1:b", 5, "b@o"),
            gone("ORG1:c", 6),
            gone("ORG1:d", 4),
        ];
        assert_eq!(read(change, &keys)?, left);
        assert_eq!(holders(change, &["a@o", "b@o", "c@o"])?, ["b@o ORG1:b"]);
        // What is not there is taken out without more.
        change.put(&[gone("ORG1:z", 0)])
    });
}

fn of_many_entries_those_asked_for_come(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let rows: Vec<Row> = (1..=3_500)
        .map(|at| shown(&format!("ORG1:{at:05}"), at, &format!("{at}@o")))
        .collect();
    change(&mut table, |change| {
        change.put(&rows)?;
        let asked: BTreeSet<_> = rows.iter().skip(100).map(|row| row.key.clone()).collect();
        let mut found = change.rows(&asked)?;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        assert!(found == rows[100..], "{} entries", found.len());
        let addresses = (0..=3_600).map(|at| format!("{at}@o"));
        let expected: HashMap<_, _> = rows
            .iter()
            .map(|row| (format!("{}@o", row.usn), row.key.clone()))
            .collect();
        assert!(change.holders(&addresses.collect())? == expected);
        // All of them change hands at once.
        let moved = rows.iter().zip(rows.iter().rev());
        let moved: Vec<Row> = moved
            .map(|(to, from)| Row {
                shown: from.shown.clone(),
                ..to.clone()
            })
            .collect();
        change.put(&moved)?;
        assert_eq!(holders(change, &["1@o"])?, ["1@o ORG1:03500"]);
        let voids: Vec<Row> = rows
            .iter()
            .map(|row| gone(&row.key.to_string(), 0))
            .collect();
        change.put(&voids)?;
        assert!(change.rows(&asked)?.is_empty());
        assert!(holders(change, &["1@o"])?.is_empty());
        Ok(())
    });
}

fn an_address_goes_from_one_to_another_in_one_put(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[
            shown("ORG1:a", 1, "X@O x2@o"),
            shown("ORG2:b", 2, "y@o x3@o x4@o"),
        ])?;
        let asked = ["x@o", "x2@o", "x3@o", "x4@o", "y@o", "z@o"];
        let expected = [
            "x2@o ORG1:a",
            "x3@o ORG2:b",
            "x4@o ORG2:b",
            "x@o ORG1:a",
            "y@o ORG2:b",
        ];
        assert_eq!(holders(change, &asked)?, expected);
        // One that names an address twice, in two spellings, has it once.
        change.put(&[shown("ORG1:a", 3, "y@o Y@O y@O"), shown("ORG2:b", 4, "x@o")])?;
        assert_eq!(holders(change, &asked)?, ["x@o ORG2:b", "y@o ORG1:a"]);
        Ok(())
    });
}

fn only_what_is_seen_holds_an_address(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[waits("ORG1:a", "x@o"), waits("ORG1:b", "x@o")])?;
        assert!(holders(change, &["x@o"])?.is_empty());
        change.put(&[shown("ORG1:a", 1, "x@o")])?;
        assert_eq!(holders(change, &["x@o"])?, ["x@o ORG1:a"]);
        change.put(&[gone("ORG1:a", 2)])?;
        assert!(holders(change, &["x@o"])?.is_empty());
        Ok(())
    });
}

fn what_waits_comes_by_key(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let by_key = [
        waits("ORG:b", "x@o"),
        Row {
            waiting: waits("ORG:c", "x@o").waiting,
            ..shown("ORG:c", 2, "y@o")
        },
        waits("ORG-A:a", "x@o"),
        waits("ORG1:a", "x@o"),
        waits("ÖRG:ä", "x@o"),
        waits("ÖRG:ö", "x@o"),
    ];
    assert!(by_key.is_sorted_by_key(|row| &row.key));
    change(&mut table, |change| {
        let mut rows: Vec<Row> = by_key.iter().rev().cloned().collect();
        rows.push(shown("ORG:a", 1, "x@o"));
        rows.push(gone("ORG:d", 3));
        change.put(&rows)
    });
    assert_eq!(change(&mut table, |change| change.waiting()), by_key);
}

fn keys_are_those_of_what_is_seen_or_waits(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[
            shown("ORG1:a", 1, "a@o"),
            waits("ORG1:b", "a@o"),
            gone("ORG1:c", 2),
            shown("ORG10:a", 3, "b@o"),
            shown("ORG:a", 4, "c@o"),
        ])?;
        let keys = ["ORG1:a", "ORG1:b"].map(key);
        assert_eq!(change.keys_of("ORG1")?, keys.clone().into());
        assert_eq!(change.keys_of("org1")?, keys.into());
        Ok(())
    });
}

fn changes_come_by_number_without_those_of_one_branch(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let both = Row {
        waiting: waits("ORG2:c", "z@o").waiting,
        ..shown("ORG2:c", 4, "c@o")
    };
    change(&mut table, |change| {
        change.put(&[
            both.clone(),
            gone("ORG2:b", 10),
            shown("ORG1:a", 3, "a@o"),
            waits("ORG1:w", "a@o"),
            shown("ORG2:a", 2, "b@o"),
            gone("ORG10:a", 100),
        ])?;
        let all = [
            shown("ORG2:a", 2, "b@o"),
            shown("ORG1:a", 3, "a@o"),
            both.clone(),
            gone("ORG2:b", 10),
            gone("ORG10:a", 100),
        ];
        assert_eq!(above(change, 0, "")?, all);
        assert_eq!(above(change, 3, "")?, all[2..]);
        let others = [
            all[0].clone(),
            all[2].clone(),
            all[3].clone(),
            all[4].clone(),
        ];
        assert_eq!(above(change, 0, "org1")?, others);
        assert_eq!(above(change, 1, "ORG2")?, [all[1].clone(), all[4].clone()]);
        assert!(above(change, 100, "ORG1")?.is_empty());
        Ok(())
    });
}

fn deletions_are_forgotten_up_to_a_number(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        let waits_again = Row {
            waiting: waits("ORG1:d", "a@o").waiting,
            ..gone("ORG1:d", 3)
        };
        change.put(&[
            gone("ORG1:a", 2),
            shown("ORG1:b", 1, "b@o"),
            gone("ORG2:c", 4),
            waits_again.clone(),
            gone("ORG1:e", 6),
        ])?;
        assert_eq!(change.forget(Usn(1))?, None);
        assert_eq!(change.forget(Usn(5))?, Some(Usn(4)));
        assert_eq!(change.forget(Usn(5))?, None);
        let left = [shown("ORG1:b", 1, "b@o"), waits_again, gone("ORG1:e", 6)];
        assert_eq!(above(change, 0, "")?, left);
        Ok(())
    });
}

fn a_message_is_seen_once(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        assert!(change.see("ORG1", "<m@x>")?);
        assert!(!change.see("ORG1", "<m@x>")?);
        Ok(())
    });
    change(&mut table, |change| {
        assert!(!change.see("org1", "<m@x>")?);
        assert!(change.see("ORG1", "<M@x>")?);
        assert!(change.see("ORG2", "<m@x>")?);
        Ok(())
    });
}
