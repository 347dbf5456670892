use std::fs;

use proptest::prelude::*;

use super::*;
use crate::directory::address_text::TargetAddress;
use crate::directory::difference::Sent;
use crate::directory::dn::Dn;
use crate::directory::key::SyncKey;
use crate::directory::outgoing::ContentHash;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn open(&self) -> Opened {
        Ledger::open(&self.path()).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn queued(number: u32) -> Queued {
    Queued {
        number,
        stamp: Timestamp(1_795_255_200),
        text: format!("A User {number}\tPCM:NET/PO/U{number}").into_bytes(),
    }
}

fn sent(key: &str) -> Sent {
    Sent {
        key: SyncKey::stored(key),
        address: TargetAddress::parse("PCM:NET/PO/U").expect("an address"),
        plain_name: "User".to_owned(),
        name: "User001".to_owned(),
        hash: ContentHash([7; 32]),
        prompts: vec!["Phone:".to_owned(), "Fax:".to_owned()],
        container: Dn::parse("ou=People,o=Org").expect("a name"),
    }
}

fn numbers(change: &Transaction<'_>, id: ConnectionId) -> Vec<u32> {
    let mut numbers = Vec::new();
    change
        .waiting(id, 0, |queued| numbers.push(queued.number))
        .expect("read");
    let backlog = change.backlog(id).expect("counted");
    assert_eq!(usize::try_from(backlog), Ok(numbers.len()));
    numbers
}

#[test]
fn what_is_committed_is_there_again_and_what_is_not_is_not() {
    let place = Place::new();
    let Opened { mut ledger, is_new } = place.open();
    assert!(is_new);
    let change = ledger.begin().expect("begun");
    let id = change.connection("HQ").expect("made");
    assert_eq!(change.numbers(id).expect("read"), None);
    change.set_numbers(id, &[1, 2]).expect("set");
    change.push(id, &queued(1)).expect("pushed");
    change.put_sent(id, &sent("b")).expect("put");
    change.put_sent(id, &sent("a")).expect("put");
    change.commit().expect("committed");
    let change = ledger.begin().expect("begun");
    change.push(id, &queued(2)).expect("pushed");
    drop(change);
    drop(ledger);

    let Opened { mut ledger, is_new } = place.open();
    assert!(!is_new);
    let change = ledger.begin().expect("begun");
    assert_eq!(
        change.find("hq").expect("read"),
        Some(id),
        "names have no case"
    );
    assert_eq!(change.numbers(id).expect("read"), Some(vec![1, 2]));
    assert_eq!(numbers(&change, id), [1]);
    let mut all = Vec::new();
    change.sent(id, |sent| all.push(sent)).expect("read");
    assert_eq!(all, [sent("a"), sent("b")]);
}

#[test]
fn a_connection_that_is_forgotten_leaves_nothing() {
    let place = Place::new();
    let mut ledger = place.open().ledger;
    let change = ledger.begin().expect("begun");
    let id = change.connection("HQ").expect("made");
    change.push(id, &queued(1)).expect("pushed");
    change.put_sent(id, &sent("a")).expect("put");
    change.forget(id).expect("forgotten");
    let again = change.connection("HQ").expect("made");
    assert_eq!(change.ends(again).expect("read"), None);
    assert_eq!(change.state(again).expect("read"), "{}");
    assert_eq!(change.connections().expect("read"), ["HQ"]);
}

#[test]
fn dxc_011_what_waits_is_renumbered_and_keeps_its_order() {
    let place = Place::new();
    let mut ledger = place.open().ledger;
    let change = ledger.begin().expect("begun");
    let id = change.connection("HQ").expect("made");
    for number in 11..=14 {
        change.push(id, &queued(number)).expect("pushed");
    }
    change.renumber(id, 50).expect("renumbered");
    assert_eq!(numbers(&change, id), [51, 52, 53, 54]);
    let mut texts = Vec::new();
    change
        .waiting(id, 51, |queued| texts.push(queued.text))
        .expect("read");
    assert_eq!(texts, [12, 13, 14].map(|n| queued(n).text));
    assert!(
        change.renumber(id, u32::MAX - 3).is_err(),
        "no numbers left"
    );
    let other = change.connection("BRANCH").expect("made");
    let nothing = change.renumber(other, u32::MAX);
    assert!(nothing.is_ok(), "what does not wait needs no number");
}

proptest! {
    #[test]
    fn renumbering_never_meets_a_number_that_is_there(
        old in prop::collection::btree_set(1..60u32, 0..12), above in 0..60u32
    ) {
        let place = Place::new();
        let mut ledger = place.open().ledger;
        let change = ledger.begin().expect("begun");
        let id = change.connection("HQ").expect("made");
        for &number in &old {
            change.push(id, &queued(number)).expect("pushed");
        }
        change.renumber(id, above).expect("renumbered");
        let mut found = Vec::new();
        change.waiting(id, 0, |queued| found.push(queued)).expect("read");
        let wanted: Vec<_> = old.iter().zip(above + 1..).map(|(&old, new)| Queued { number: new, ..queued(old) }).collect();
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn dxc_096_keys_sort_as_bytes_whatever_the_locale() {
    let place = Place::new();
    let mut ledger = place.open().ledger;
    let change = ledger.begin().expect("begun");
    let id = change.connection("HQ").expect("made");
    for key in ["ä", "z", "A", "a-b", "ab", "É"] {
        change.put_sent(id, &sent(key)).expect("put");
    }
    let mut keys = Vec::new();
    change
        .sent(id, |sent| keys.push(sent.key.to_string()))
        .expect("read");
    assert_eq!(keys, ["A", "a-b", "ab", "z", "É", "ä"]);
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_as_it_is() {
    let place = Place::new();
    for bytes in [
        &b"this is a text of some length, and no database at all"[..],
        &[0xFF; 4096],
    ] {
        fs::write(place.path(), bytes).expect("written");
        let error = Ledger::open(&place.path()).expect_err("no ledger");
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert_eq!(fs::read(place.path()).expect("read"), bytes);
    }
    fs::remove_file(place.path()).expect("removed");
    let other = Connection::open(place.path()).expect("another database");
    other.execute_batch("CREATE TABLE t (x)").expect("a table");
    assert!(matches!(
        Ledger::open(&place.path()),
        Err(LedgerError::Damaged { .. })
    ));
    other
        .execute_batch(&format!(
            "PRAGMA application_id = {}; PRAGMA user_version = 9;",
            KIND.id
        ))
        .expect("set");
    assert!(matches!(
        Ledger::open(&place.path()),
        Err(LedgerError::Format { found: 9, .. })
    ));
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let place = Place::new();
    let mut ledger = place.open().ledger;
    let change = ledger.begin().expect("begun");
    let id = change.connection("HQ").expect("made");
    for number in 1..=200 {
        change
            .put_sent(id, &sent(&format!("key {number}")))
            .expect("put");
        change.push(id, &queued(number)).expect("pushed");
    }
    change.commit().expect("committed");
    drop(ledger);
    let whole = fs::read(place.path()).expect("read");
    let read = |bytes: &[u8]| {
        fs::write(place.path(), bytes).expect("written");
        let mut ledger = Ledger::open(&place.path())?.ledger;
        let change = ledger.begin()?;
        let Some(id) = change.find("HQ")? else {
            return Ok(0);
        };
        let mut count = 0;
        change.sent(id, |_| count += 1)?;
        change.waiting(id, 0, |_| count += 1)?;
        Ok::<_, LedgerError>(count)
    };
    assert_eq!(read(&whole).ok(), Some(400));
    let mut found = 0;
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        found += usize::from(read(&bytes).is_err());
    }
    assert!(found > 0, "no damage was noticed at all");
    for len in (0..whole.len()).step_by(4096).skip(1) {
        assert!(read(&whole[..len]).is_err(), "cut at {len}");
    }
}

#[test]
fn two_processes_do_not_write_at_once() {
    let place = Place::new();
    let mut ledger = place.open().ledger;
    let change = ledger.begin().expect("begun");
    change.connection("HQ").expect("made");
    let mut other = Ledger {
        path: place.path(),
        database: Connection::open(place.path()).expect("opened"),
    };
    other
        .database
        .busy_timeout(Duration::ZERO)
        .expect("no patience");
    assert!(matches!(other.begin(), Err(LedgerError::Busy { .. })));
    change.commit().expect("committed");
    assert!(other.begin().is_ok());
}
