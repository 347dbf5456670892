use super::*;
use crate::directory::interorg::branch::{Asked, Said};
use crate::directory::interorg::{Applied, CardHash, CardKind, Receipt, Usn};
use crate::plan::outcome::Reason;

fn epoch(text: &str) -> Epoch {
    Epoch::new(text).expect("an epoch")
}

fn key(uuid: &str) -> SourceKey {
    SourceKey::new("ORG2", uuid)
}

#[test]
fn what_is_put_is_there_after_a_commit_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("branch.db");
    let mut ledger = Ledger::open(&path, "ORG1", epoch("e-1")).expect("opened");
    assert!(ledger.is_new);
    let mut head = Head::new("ORG1", epoch("e-1"), "");
    assert_eq!(ledger.begin().and_then(|c| c.head()).expect("a head"), head);
    head.branch.applied = Applied {
        epoch: Some(epoch("h-1")),
        usn: Usn(130),
        receipt: Some(Receipt("r-9".to_owned())),
    };
    head.branch.asked = vec![Asked {
        id: "q-1".to_owned(),
        is_full: true,
    }];
    head.branch.owes_all = false;
    head.settings = Some(BTreeMap::from([("trust".to_owned(), "20".to_owned())]));
    head.filled_for = Some("all".to_owned());
    head.filled_in = Some("ou=others,o=org".to_owned());
    let row = |hash| SaidRow {
        said: Said {
            hash,
            number: Usn(7),
        },
        dn: "cn=Ann,o=Org1".to_owned(),
        claims: vec!["ann@o".to_owned()],
        plain_name: "Ann".to_owned(),
        name: "Ann001".to_owned(),
    };
    let said = BTreeMap::from([
        (key("a"), row(Some(CardHash([3; 32])))),
        (key("b"), row(None)),
    ]);
    let card = Card {
        kind: CardKind::List,
        dn: "cn=All,o=Org2".to_owned(),
        mail: None,
        target: Some("X400:c=US".to_owned()),
        secondary: Vec::new(),
        attributes: BTreeMap::new(),
    };
    let refused = |card| Refused {
        card,
        note: Note::new(Reason::SmtpDuplicate, "a@o is held by cn=x"),
    };
    let refused = BTreeMap::from([(key("c"), refused(Some(card))), (key("d"), refused(None))]);
    let imported = Imported {
        dn: "cn=Bob,o=Org2".to_owned(),
        claims: vec!["bob@o".to_owned()],
    };
    let change = ledger.begin().expect("begun");
    change.set_head(&head).expect("put");
    change.put_said(&BTreeMap::new(), &said).expect("put");
    change.set_refused(&refused).expect("put");
    change.put_imported(&key("e"), &imported).expect("put");
    change.put_renamed(&key("e"), "cn=Older").expect("put");
    let gone = change.put_gone(&key("e"), &imported.claims, "cn=Old");
    gone.expect("put");
    drop(change);
    let change = ledger.begin().expect("begun");
    assert_eq!(change.said().expect("read"), BTreeMap::new());
    change.set_head(&head).expect("put");
    change.put_said(&BTreeMap::new(), &said).expect("put");
    change.set_refused(&refused).expect("put");
    change.put_imported(&key("e"), &imported).expect("put");
    change.put_renamed(&key("e"), "cn=Older").expect("put");
    let gone = change.put_gone(&key("e"), &imported.claims, "cn=Old");
    gone.expect("put");
    change.commit().expect("kept");
    drop(ledger);

    let mut ledger = Ledger::open(&path, "ORG1", epoch("e-2")).expect("opened");
    assert!(!ledger.is_new);
    let change = ledger.begin().expect("begun");
    assert_eq!(change.head().expect("read"), head);
    assert_eq!(change.said().expect("read"), said);
    assert_eq!(change.refused().expect("read"), refused);
    let keys = [key("e"), key("f")];
    let found = change.imported_of(keys.iter()).expect("read");
    assert_eq!(found, BTreeMap::from([(key("e"), imported)]));
    assert_eq!(change.imported_count().expect("read"), 1);
    let names = |uuid, address: &str| {
        let names = change.former(&key(uuid), [address.to_owned()].into_iter());
        let names = names.expect("read").into_iter();
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("x", "bob@o"), ["cn=Old", "cn=Older"]);
    assert_eq!(names("e", "x@o"), ["cn=Older"]);
    assert_eq!(names("x", "x@o"), [""; 0]);
    let only = BTreeMap::from([(key("a"), said[&key("a")].clone())]);
    change.put_said(&said, &only).expect("put");
    assert_eq!(change.said().expect("read"), only);
    let anew = Head::new("ORG1", epoch("e-3"), "o=org");
    change.begin_anew(&anew).expect("put");
    assert_eq!(change.head().expect("read"), anew);
    assert_eq!(change.imported().expect("read"), BTreeMap::new());
    assert_eq!(change.refused().expect("read"), BTreeMap::new());
}

#[test]
fn another_database_is_none_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("branch.db");
    let database = Connection::open(&path).expect("opened");
    database
        .execute_batch("PRAGMA application_id = 1; CREATE TABLE x (y);")
        .expect("made");
    drop(database);
    let error = Ledger::open(&path, "ORG1", epoch("e-1")).expect_err("another's");
    assert_eq!(error.exit, ExitCode::Damaged);
    std::fs::write(&path, "no database at all, but more than a hundred bytes of text so that it is looked at as a file that has a header").expect("written");
    let error = Ledger::open(&path, "ORG1", epoch("e-1")).expect_err("no database");
    assert_eq!(error.exit, ExitCode::Damaged);
}
