use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::directory::dn::Dn;
use crate::directory::holders::Holders;

fn address(text: &str) -> TargetAddress {
    TargetAddress::parse(text).unwrap_or_else(|e| panic!("{e}"))
}

fn rules(patterns: &[(&str, &str)]) -> ProxyRules {
    let rule = |(kind, pattern): &(&str, &str)| ProxyRule {
        kind: (*kind).to_owned(),
        pattern: (*pattern).to_owned(),
    };
    ProxyRules {
        rules: patterns.iter().map(rule).collect(),
        map: AddressMap::parse("NET1/PO1 x.example").unwrap(),
        when_taken: WhenTaken::Number,
    }
}

const SMTP: (&str, &str) = ("SMTP", "{alias}@{domain}");
const X400: (&str, &str) = (
    "X400",
    "c=US;a= ;p=Org;o={postoffice};s={surname};g={given}",
);

fn entry(mailbox: &str, given: &str) -> Attributes {
    let address = format!("MS:NET1/PO1/{mailbox}");
    Attributes::from_iter([
        ("syncAddress", &*address),
        ("uid", mailbox),
        ("sn", "Smith"),
        ("givenName", given),
    ])
}

fn texts(list: &[TargetAddress]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

const NOBODY: &dyn Fn(&TargetAddress) -> Option<String> = &|_| None;

#[test]
fn dxc_074_what_was_generated_is_replaced_and_what_was_added_kept() {
    let rules = rules(&[SMTP, X400]);
    let mut bob = entry("BSMITH", "Bob");
    let first = rules.plan(&bob, &[], NOBODY);
    let generated = "X400:c=US;a= ;p=Org;o=PO1;s=Smith;g=Bob";
    assert_eq!(texts(&first.primary), ["SMTP:bsmith@x.example", generated]);
    first.put(&[], &mut bob);
    assert_eq!(bob.text("mail"), Some("bsmith@x.example"));
    let by_hand = "X400:c=US;a=MCI;p=Org;s=Smithy";
    bob.add("syncProxySecondary", by_hand);

    bob.set("givenName", vec![b"Robert".to_vec()]);
    let second = rules.plan(&bob, &first.generated, NOBODY);
    let generated = "X400:c=US;a= ;p=Org;o=PO1;s=Smith;g=Robert";
    assert_eq!(texts(&second.primary), ["SMTP:bsmith@x.example", generated]);
    assert_eq!(texts(&second.secondary), [by_hand]);
}

#[test]
fn dxc_075_a_generated_address_that_is_taken_never_blocks() {
    let mut rules = rules(&[SMTP]);
    let taken = |a: &TargetAddress| {
        is_same(a, &address("SMTP:bsmith@x.example")).then(|| "cn=Eve,o=Org".to_owned())
    };
    let mut bob = entry("BSMITH", "Bob");
    let numbered = rules.plan(&bob, &[], &taken);
    assert_eq!(texts(&numbered.primary), ["SMTP:bsmith2@x.example"]);
    assert_eq!(numbered.notes[0].reason, Reason::ProxyNumbered);
    assert!(numbered.notes[0].detail.contains("cn=Eve,o=Org"));

    rules.when_taken = WhenTaken::LeaveOut;
    let dropped = rules.plan(&bob, &[], &taken);
    assert_eq!((dropped.primary.len(), dropped.generated.len()), (0, 0));
    assert_eq!(dropped.notes[0].reason, Reason::ProxyDropped);
    dropped.put(&[], &mut bob);
    assert_eq!(bob.text("mail"), None);
}

#[test]
fn dxc_078_numbers_have_no_limit() {
    let rules = rules(&[SMTP]);
    let mut held = HashSet::new();
    for number in 1..=200 {
        let holder = |a: &TargetAddress| held.contains(&SyncKey::of(a)).then(|| "cn=x".to_owned());
        let planned = rules.plan(&entry("BSMITH", "Bob"), &[], &holder);
        let expected = match number {
            1 => "SMTP:bsmith@x.example".to_owned(),
            _ => format!("SMTP:bsmith{number}@x.example"),
        };
        assert_eq!(texts(&planned.primary), [expected]);
        held.insert(SyncKey::of(&planned.primary[0]));
    }
}

#[test]
fn dxc_042_what_a_batch_frees_is_free() {
    let rules = rules(&[("SMTP", "{alias}@x.example")]);
    let [old, new] = ["cn=old,o=Org", "cn=new,o=Org"].map(|dn| Dn::parse(dn).unwrap());
    let mut holders = Holders::default();
    holders.hold(&address("SMTP:bsmith@x.example"), &old);
    let moved = Attributes::from_iter([("syncAddress", "MS:NET2/PO2/BSMITH"), ("uid", "BSMITH")]);
    let plan = |holders: &Holders| {
        let holder = |a: &TargetAddress| holders.other(a, &new).map(ToString::to_string);
        texts(&rules.plan(&moved, &[], &holder).primary)
    };
    assert_eq!(plan(&holders), ["SMTP:bsmith2@x.example"]);
    holders.release(std::slice::from_ref(&old));
    assert_eq!(plan(&holders), ["SMTP:bsmith@x.example"]);
}

#[test]
fn a_number_once_given_stays_though_the_plain_address_is_free() {
    let rules = rules(&[SMTP]);
    let before = [address("SMTP:bsmith7@x.example")];
    let planned = rules.plan(&entry("BSMITH", "Bob"), &before, NOBODY);
    assert_eq!(texts(&planned.primary), ["SMTP:bsmith7@x.example"]);
    assert_eq!(planned.notes, []);
}

#[test]
fn a_primary_of_the_same_type_stays_and_a_missing_field_makes_no_address() {
    let rules = rules(&[SMTP, ("NOTES", "{initials}")]);
    let mut bob = entry("BSMITH", "Bob");
    bob.add("syncProxyPrimary", "SMTP:boss@x.example");
    bob.add("mail", "boss@x.example");
    let planned = rules.plan(&bob, &[], NOBODY);
    assert_eq!(texts(&planned.primary), ["SMTP:boss@x.example"]);
    assert_eq!(texts(&planned.secondary), ["SMTP:bsmith@x.example"]);
    planned.put(&[], &mut bob);
    assert_eq!(bob.text("mail"), Some("boss@x.example"));
}

#[test]
fn what_the_rules_made_is_recognised_without_a_record() {
    let rules = rules(&[SMTP, X400]);
    let mut bob = entry("BSMITH", "Bob");
    bob.add("syncProxyPrimary", "SMTP:bsmith12@x.example");
    bob.add("syncProxySecondary", "SMTP:bsmith@x.example");
    bob.add("syncProxySecondary", "SMTP:bsmith3@x.example");
    bob.add("syncProxySecondary", "SMTP:bsmith@other.example");
    let made = ["SMTP:bsmith12@x.example", "SMTP:bsmith@x.example"];
    assert_eq!(texts(&rules.recognise(&bob)), made);
}

proptest! {
    /// Whoever comes in whatever order: no address twice, and a second run changes nothing.
    #[test]
    fn generated_addresses_are_unique_and_stay(mailboxes in prop::collection::vec("[ab]{1,2}2?", 1..12)) {
        let rules = rules(&[SMTP]);
        let mut held: Vec<(TargetAddress, usize)> = Vec::new();
        for (own, mailbox) in mailboxes.iter().enumerate() {
            let holder = |a: &TargetAddress| {
                held.iter().any(|(h, by)| is_same(h, a) && *by != own).then(|| "cn=x".to_owned())
            };
            let planned = rules.plan(&entry(mailbox, "Bob"), &[], &holder);
            let again = rules.plan(&entry(mailbox, "Bob"), &planned.generated, &holder);
            prop_assert_eq!(&again.primary, &planned.primary);
            prop_assert_eq!(planned.primary.len(), 1);
            held.push((planned.primary[0].clone(), own));
        }
        let distinct: HashSet<_> = held.iter().map(|(a, _)| SyncKey::of(a)).collect();
        prop_assert_eq!(distinct.len(), mailboxes.len());
    }
}
