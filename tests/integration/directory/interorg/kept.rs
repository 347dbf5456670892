//! What stays of a change, and what does not: whole or not at all, any text, of our format only.

use dirsync::directory::interorg::master::Progress;
use dirsync::directory::interorg::store::{MasterChange, StoreError};
use dirsync::directory::interorg::{Epoch, Master, Member, Receipt, Row, Usn};
use dirsync::directory::note::Note;
use dirsync::plan::outcome::Reason;

use super::over_both;
use super::place::{FIRST, Place, above, card, change, gone, holders, read, shown, waits};

over_both!(
    an_address_of_two_is_refused_and_nothing_of_the_change_stays,
    what_is_not_committed_is_not_there,
    a_number_that_does_not_fit_spoils_the_change,
    everything_is_there_when_it_is_opened_again,
    any_text_is_kept,
    fifty_thousand_entries_are_put_and_read,
    a_later_format_is_refused,
    what_is_none_of_ours_is_refused,
    a_damaged_entry_is_told,
);

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
