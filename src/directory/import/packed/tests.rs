use super::*;
use crate::codec::codepage::CodePage;
use crate::directory::remote::ImportRules;
use crate::transaction::Transaction;

fn comes_back<T: Packed + PartialEq + std::fmt::Debug>(value: &T) {
    let mut bytes = Vec::new();
    value.pack(&mut bytes);
    let mut input = &bytes[..];
    assert_eq!(T::unpack(&mut input).as_ref(), Some(value));
    assert!(input.is_empty(), "{value:?}");
    for len in 0..bytes.len() {
        // What is cut off is no value, and no panic.
        assert_eq!(T::unpack(&mut &bytes[..len]), None, "{value:?}");
    }
}

#[test]
fn what_is_asked_comes_back_as_it_was() {
    let rules = ImportRules {
        owner: "dss/NET1/PO1",
        trust: None,
        page: CodePage::Cp850,
        templates: None,
    };
    let texts = [
        "A J\u{94}rg\tPCM:net/po/ann",
        "A Ann\tX400:c=US;X.121=1",
        "M Ann\tPCM:NET/PO/ANN\r\n- Title:/Clerk",
        "M Ann\tPCM:NET/PO/ANN\r\n  Anna\tMSMAIL:Anna Smith@A,B",
        "D Ann\tSMTP:a@b",
        "R PCM:NET/PO",
        "R SMTP:",
    ];
    for text in texts {
        let decoded = Transaction::decode_queue_text(text.as_bytes(), CodePage::Cp850);
        let decoded = decoded.expect(text);
        comes_back(&Ask::of(&decoded.transaction, Some(300), rules));
        comes_back(&Ask::of(&decoded.transaction, None, rules));
    }
    comes_back(&Ask::unusable("record 7", None));
    let reasons = Reason::ALL.iter().copied();
    for reason in reasons.chain([0, 27, u16::MAX].map(Reason::Message)) {
        comes_back(&Note::new(reason, "why"));
    }
    for number in [0, 127, 128, u64::from(u32::MAX), u64::MAX] {
        comes_back(&number);
    }
}

#[test]
fn a_key_keeps_the_case_in_which_it_is_stored() {
    let key = SyncKey::stored(" smtp:Ann@X ");
    let mut bytes = Vec::new();
    key.pack(&mut bytes);
    let found = SyncKey::unpack(&mut &bytes[..]).expect("a key");
    assert_eq!(found.as_str(), key.as_str());
    assert_eq!(found.folded(), key.folded());
}

#[test]
fn what_is_written_comes_back_as_it_was() {
    let dn = |text| Dn::parse(text).expect("a name");
    let [from, to] = [r"syncKey=SMTP:a\+b,ou=A\,B,o=Org", "cn=x"].map(dn);
    let attributes = Attributes::from_iter([("cn", "Ann"), ("x-other", "1"), ("cn", "Anna")]);
    let modified = vec![
        Modified {
            attribute: "title".to_owned(),
            values: vec![b"\xff\0".to_vec(), Vec::new()],
        },
        Modified {
            attribute: "o".to_owned(),
            values: Vec::new(),
        },
    ];
    comes_back(&Change::Delete { dn: from.clone() });
    comes_back(&Change::Modify {
        dn: to.clone(),
        modified,
    });
    comes_back(&Change::Add(Entry {
        dn: to.clone(),
        attributes,
    }));
    comes_back(&Change::Rename { dn: from, to });
    comes_back(&Fate {
        key: Some(SyncKey::stored("MS:A/B/C")),
        action: Action::Rename,
        outcome: Outcome::Command,
        reason: Some(Note::new(Reason::NotOwner, "dss/B")),
        notes: vec![Note::new(Reason::NameShortened, "cn")],
        number: Some(9),
    });
}
