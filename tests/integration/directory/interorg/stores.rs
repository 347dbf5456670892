//! What a store of the hub's table has to do, whichever it is.

use std::collections::{BTreeSet, HashMap};

use dirsync::directory::interorg::master::Progress;
use dirsync::directory::interorg::store::{MasterChange, StoreError};
use dirsync::directory::interorg::{Epoch, Master, Member, Receipt, Row, Usn};
use dirsync::directory::note::Note;
use dirsync::plan::outcome::Reason;

use super::over_both;
use super::place::{FIRST, Place, card, change, gone, key, shown, waits};

over_both!(
    a_new_table_has_an_epoch_and_nothing_else,
    the_head_is_kept,
    a_branch_is_kept_and_forgotten,
    entries_are_put_changed_and_taken_out,
    of_many_entries_those_asked_for_come,
    an_address_goes_from_one_to_another_in_one_put,
    only_what_is_seen_holds_an_address,
    an_address_of_two_is_refused_and_nothing_of_the_change_stays,
    what_waits_comes_by_key,
    keys_are_those_of_what_is_seen_or_waits,
    changes_come_by_number_without_those_of_one_branch,
    deletions_are_forgotten_up_to_a_number,
    a_message_is_seen_once,
    what_is_not_committed_is_not_there,
    a_number_that_does_not_fit_spoils_the_change,
    everything_is_there_when_it_is_opened_again,
    any_text_is_kept,
    fifty_thousand_entries_are_put_and_read,
    a_later_format_is_refused,
    what_is_none_of_ours_is_refused,
    a_damaged_entry_is_told,
);

fn read(change: &mut dyn MasterChange, keys: &[&str]) -> Result<Vec<Row>, StoreError> {
    let mut rows = change.rows(&keys.iter().map(|text| key(text)).collect())?;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(rows)
}

fn above(change: &mut dyn MasterChange, usn: u64, except: &str) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    change.above(Usn(usn), except, &mut |row| rows.push(row))?;
    Ok(rows)
}

/// Who has which of these addresses, as text.
fn holders(change: &mut dyn MasterChange, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
    let asked = addresses.iter().map(|&address| address.to_owned());
    let found = change.holders(&asked.collect())?;
    let lines = found
        .iter()
        .map(|(address, key)| format!("{address} {key}"));
    Ok(lines.collect::<BTreeSet<_>>().into_iter().collect())
}

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

fn an_address_of_two_is_refused_and_nothing_of_the_change_stays(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[shown("ORG1:a", 1, "x@o")])
    });
    for rows in [
        vec![shown("ORG2:b", 2, "y@o"), shown("ORG2:c", 3, "X@o")],
        vec![shown("ORG2:b", 2, "y@o"), shown("ORG2:c", 3, "z@o y@o")],
    ] {
        let mut change = table.begin().expect("begun");
        change.set_member(&Member::new("ORG2")).expect("written");
        assert!(change.see("ORG2", "m1").expect("written"));
        let refused = change.put(&rows).expect_err("two have one address");
        assert!(matches!(refused, StoreError::Io { .. }), "{refused:?}");
        let half = change.commit().expect_err("a part of it failed");
        assert!(
            half.to_string().contains("a part of the change failed"),
            "{half}"
        );
    }
    change(&mut table, |change| {
        assert!(change.members()?.is_empty());
        assert!(change.see("ORG2", "m1")?);
        assert_eq!(above(change, 0, "")?, [shown("ORG1:a", 1, "x@o")]);
        assert_eq!(holders(change, &["x@o", "y@o", "z@o"])?, ["x@o ORG1:a"]);
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

/// Everything that a change can do.
fn much(change: &mut dyn MasterChange) -> Result<(), StoreError> {
    let head = change.head()?;
    change.set_head(&Master {
        last: Usn(8),
        ..head
    })?;
    change.set_member(&Member::new("ORG1"))?;
    change.put(&[
        shown("ORG1:a", 7, "a@o"),
        waits("ORG2:b", "a@o"),
        gone("ORG2:c", 8),
    ])?;
    assert!(change.see("ORG1", "m1")?);
    Ok(())
}

fn what_is_not_committed_is_not_there(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let mut begun = table.begin().expect("begun");
    much(&mut *begun).expect("written");
    drop(begun);
    // The next one finds nothing of it, in this connection or another.
    for mut table in [table, place.open().expect("opened")] {
        change(&mut table, |change| {
            assert_eq!(change.head()?.last, Usn::NONE);
            assert!(change.members()?.is_empty());
            assert!(above(change, 0, "")?.is_empty());
            assert!(change.waiting()?.is_empty());
            assert!(holders(change, &["a@o"])?.is_empty());
            Ok(())
        });
        let mut change = table.begin().expect("begun");
        assert!(change.see("ORG1", "m1").expect("written"));
    }
}

fn a_number_that_does_not_fit_spoils_the_change(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    let mut begun = table.begin().expect("begun");
    begun.set_member(&Member::new("ORG1")).expect("written");
    let row = shown("ORG1:a", u64::MAX, "a@o");
    let error = begun.put(&[row]).expect_err("it does not fit");
    assert!(error.to_string().contains("is above 2^63"), "{error}");
    begun.commit().expect_err("a part of it failed");
    assert!(change(&mut table, |change| change.members()).is_empty());
}

fn everything_is_there_when_it_is_opened_again(make: fn() -> Place) {
    let place = make();
    change(&mut place.open().expect("opened"), much);
    let again = place
        .address
        .open_with(std::time::Duration::from_secs(60), || {
            panic!("it has its epoch already")
        });
    let mut table = again.expect("opened");
    change(&mut table, |change| {
        let head = change.head()?;
        assert_eq!((head.epoch.as_str(), head.last), (FIRST, Usn(8)));
        assert_eq!(change.members()?, ["ORG1"]);
        let expected = [shown("ORG1:a", 7, "a@o"), gone("ORG2:c", 8)];
        assert_eq!(above(change, 0, "")?, expected);
        assert_eq!(change.waiting()?, [waits("ORG2:b", "a@o")]);
        assert_eq!(holders(change, &["a@o"])?, ["a@o ORG1:a"]);
        assert!(!change.see("ORG1", "m1")?);
        Ok(())
    });
}

/// Whoever can write one bad text into a directory is not to stop all others.
fn any_text_is_kept(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    // Long and hardly to be compressed, as an index would want it.
    let mut state = 1_u32;
    let long: String = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        })
        .collect();
    for odd in [
        "a\0b",
        "a\\0b",
        "'; DROP TABLE entry; --",
        "$1 {} %s",
        "\u{10FFFF}ä\u{301}",
        "\r\n\t",
        &long,
    ] {
        let of = format!("ORG1:u{}", odd.to_lowercase());
        let mut seen = shown(&of, 1, "");
        let one = seen.shown.as_mut().expect("a card");
        one.mail = Some(format!("{odd}@o"));
        one.target = Some(odd.to_owned());
        one.attributes.insert(odd.to_owned(), vec![odd.to_owned()]);
        let mut waiting = waits(&format!("{of}-w"), "");
        waiting.waiting = Some((card(odd), Note::new(Reason::SmtpDuplicate, odd)));
        let member = Member {
            taken: Some(Progress {
                epoch: Epoch::new(FIRST).expect("an epoch"),
                usn: Usn(1),
                by: odd.to_owned(),
            }),
            earlier: vec![odd.to_owned()],
            given: vec![(Receipt(odd.to_owned()), Usn(1))],
            ..Member::new("ORG1")
        };
        change(&mut table, |change| {
            change.put(&[seen.clone(), waiting.clone()])?;
            change.set_member(&member)?;
            assert!(change.see("ORG1", odd)?);
            Ok(())
        });
        change(&mut table, |change| {
            assert!(above(change, 0, "")? == [seen.clone()], "{odd:?}");
            assert!(change.waiting()? == [waiting.clone()], "{odd:?}");
            assert!(change.member("ORG1")? == member, "{odd:?}");
            let address = format!("{odd}@o").to_lowercase();
            let found = change.holders(&[address.clone()].into())?;
            assert!(found == [(address, seen.key.clone())].into(), "{odd:?}");
            let keys = [seen.key.clone(), waiting.key.clone()].into();
            assert!(change.keys_of("ORG1")? == keys, "{odd:?}");
            assert_eq!(change.rows(&keys)?.len(), 2, "{odd:?}");
            assert!(!change.see("ORG1", odd)?);
            let voids = keys.into_iter().map(|key| Row {
                key,
                ..gone("ORG1:x", 0)
            });
            change.put(&voids.collect::<Vec<_>>())
        });
    }
}

fn fifty_thousand_entries_are_put_and_read(make: fn() -> Place) {
    const MANY: u64 = 50_000;
    let place = make();
    let mut table = place.open().expect("opened");
    let rows: Vec<Row> = (1..=MANY)
        .map(|at| {
            let addresses = format!("person{at}@company.example p{at}@org1.example");
            shown(&format!("ORG{}:{at:08x}", at % 2), at, &addresses)
        })
        .collect();
    change(&mut table, |change| change.put(&rows));
    change(&mut table, |change| {
        let mut at = 0;
        change.above(Usn::NONE, "ORG1", &mut |row| {
            at += 2;
            assert!(row == rows[at - 1], "entry {at}");
        })?;
        assert_eq!(at as u64, MANY);
        assert_eq!(above(change, MANY - 1, "")?, rows[rows.len() - 1..]);
        Ok(())
    });
}

fn a_later_format_is_refused(make: fn() -> Place) {
    let place = make();
    change(&mut place.open().expect("opened"), much);
    for format in [2, 900] {
        place.set_format(format);
        match place.open().err() {
            Some(StoreError::Format {
                found, expected, ..
            }) => assert_eq!((found, expected), (format, 1)),
            other => panic!("{other:?}"),
        }
    }
    // Nothing was touched.
    place.set_format(1);
    let mut table = place.open().expect("opened");
    assert_eq!(change(&mut table, |change| change.members()), ["ORG1"]);
}

fn what_is_none_of_ours_is_refused(make: fn() -> Place) {
    let place = make();
    place.spoil(
        "CREATE TABLE head (id INTEGER); INSERT INTO head VALUES (1)",
        "CREATE SCHEMA dirsync AUTHORIZATION hub; CREATE TABLE dirsync.head (id INTEGER)",
    );
    let refused = place.open().err().expect("it is another's");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    // With a mark, but another's.
    let place = make();
    place.open().expect("opened");
    place.spoil(
        "PRAGMA application_id = 7",
        "UPDATE dirsync.mark SET application = 'weather'",
    );
    let refused = place.open().err().expect("it is another's");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
}

fn a_damaged_entry_is_told(make: fn() -> Place) {
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[shown("ORG1:a", 1, "a@o")])
    });
    place.spoil(
        "UPDATE entry SET shown = '{}'",
        "UPDATE dirsync.entry SET shown = '{}'",
    );
    let mut change = table.begin().expect("begun");
    let damaged = read(&mut *change, &["ORG1:a"]).expect_err("it is damaged");
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    assert!(damaged.to_string().contains("ORG1:a"), "{damaged}");
    change.commit().expect_err("a part of it failed");
}
