//! The branch of the hub's own agent, which no mail carries.

use std::collections::BTreeMap;

use super::hub::local;
use super::table;
use super::told::Told;
use crate::directory::interorg::store::MasterTable;
use crate::directory::interorg::{Branch, Card, CardKind, Epoch, SourceKey};
use crate::tools::dxa::interorg::config::Table;
use crate::tools::exit::ExitCode;

fn card(mail: &str) -> Card {
    Card {
        kind: CardKind::Mailbox,
        dn: format!("cn={mail},o=Org"),
        mail: Some(mail.to_owned()),
        target: None,
        secondary: Vec::new(),
        attributes: BTreeMap::new(),
    }
}

/// Lets a branch ask once, and applies the answer; returns the keys that it brought.
fn round(table: &mut dyn MasterTable, core: &mut Branch, id: &str, mails: &[&str]) -> Vec<String> {
    let key = |mail: &&str| (SourceKey::new(&core.name, mail), card(mail));
    let cards = mails.iter().map(key).collect();
    let request = core.ask(id, &cards, Vec::new(), &mut BTreeMap::new());
    let mut told = Told::default();
    let (answer, took) = local(table, &request, &mut told, true).expect("taken");
    assert_eq!((told.exit, took.answer.messages), (ExitCode::Done, 0));
    assert!(core.hear(&answer).news.is_some());
    core.has_applied(&answer);
    let changes = answer.changes.iter();
    changes.map(|change| change.key.to_string()).collect()
}

#[test]
fn a_local_branch_gives_and_gets_without_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Table::File(folder.path().join("master.db"));
    let mut table = table::open(&file, false).expect("a table");
    let epoch = |text| Epoch::new(text).expect("an epoch");
    let mut one = Branch::new("ORG1", epoch("e-1"));
    let mut two = Branch::new("ORG2", epoch("e-2"));
    assert!(round(table.as_mut(), &mut one, "r-1", &["a@x", "b@x"]).is_empty());
    let brought = round(table.as_mut(), &mut two, "r-2", &["c@x"]);
    assert_eq!(brought, ["ORG1:a@x", "ORG1:b@x"]);
    drop(table);
    // What was taken is kept.
    let mut table = table::open(&file, false).expect("a table");
    assert_eq!(
        round(table.as_mut(), &mut one, "r-3", &["a@x", "b@x"]),
        ["ORG2:c@x"]
    );
}
