use std::collections::HashMap;
use std::collections::hash_map::Entry;

use proptest::prelude::*;

use super::*;
use crate::codec::FixedText;

const PAGE: CodePage = CodePage::Cp850;

fn entry(name: &str) -> ListEntry {
    ListEntry {
        name: FixedText::new(name.as_bytes()).expect("short"),
        ..ListEntry::default()
    }
}

/// What a run may ask of the names of a list.
#[derive(Debug, Clone)]
enum Step {
    Push(String),
    Find(String),
    Release(prop::sample::Index),
    Change(prop::sample::Index, String),
}

/// Few letters in both cases, so that names meet.
fn name() -> impl Strategy<Value = String> {
    "[ABab]{1,3}"
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => name().prop_map(Step::Push),
        3 => name().prop_map(Step::Find),
        1 => any::<prop::sample::Index>().prop_map(Step::Release),
        2 => (any::<prop::sample::Index>(), name()).prop_map(|(at, name)| Step::Change(at, name)),
    ]
}

proptest! {
    #[test]
    fn a_name_is_found_whatever_the_order_in_which_names_come_and_go(
        mut sorted in prop::collection::vec(name(), 0..20),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        sorted.sort_by_key(|name| name.to_uppercase());
        let mut slots = Slots::with_capacity(0, PAGE);
        let mut expected = HashMap::<String, u32>::new();
        let base = sorted.into_iter().map(Step::Push);
        for step in base.chain(steps) {
            let numbers: Vec<u32> = {
                let mut numbers: Vec<_> = expected.values().copied().collect();
                numbers.sort_unstable();
                numbers
            };
            match step {
                Step::Push(name) => {
                    if let Entry::Vacant(free) = expected.entry(name.to_uppercase()) {
                        free.insert(slots.push(Slot::added(entry(&name), false)));
                    }
                }
                Step::Find(name) => {
                    let found = slots.find_name(name.as_bytes());
                    prop_assert_eq!(found, expected.get(&name.to_uppercase()).copied());
                }
                Step::Release(at) if !numbers.is_empty() => {
                    let number = *at.get(&numbers);
                    slots.release_name(number);
                    expected.retain(|_, &mut known| known != number);
                }
                Step::Change(at, name) if !numbers.is_empty() => {
                    let number = *at.get(&numbers);
                    let taken = expected.get(&name.to_uppercase());
                    if taken.is_none_or(|&known| known == number) {
                        expected.retain(|_, &mut known| known != number);
                        slots.change(number, entry(&name));
                        expected.insert(name.to_uppercase(), number);
                    }
                }
                Step::Release(_) | Step::Change(..) => {}
            }
            for (name, &number) in &expected {
                prop_assert_eq!(slots.find_name(name.as_bytes()), Some(number));
            }
        }
    }
}

#[test]
fn names_in_order_need_no_hash() {
    let mut slots = Slots::with_capacity(0, PAGE);
    for number in (0..1000).step_by(2) {
        slots.push(Slot::of_base(entry(&format!("name {number:04}")), false));
    }
    for number in 0..1000 {
        let name = format!("NAME {number:04}");
        let found = slots.find_name(name.as_bytes());
        assert_eq!(found, (number % 2 == 0).then_some(number / 2));
        if found.is_none() {
            slots.push(Slot::added(entry(&name), false));
        }
    }
    assert_eq!(slots.names.stray_count(), 0);
    slots.push(Slot::added(entry("a"), false));
    assert_eq!(slots.names.stray_count(), 1);
    assert_eq!(slots.find_name(b"A"), Some(1000));
}
