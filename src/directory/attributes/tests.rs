use proptest::prelude::*;

use super::*;

#[test]
fn attributes_are_found_without_case_and_vanish_with_their_last_value() {
    let mut attributes = Attributes::from_iter([("cn", "Bob"), ("CN", "Robert"), ("sn", "Smith")]);
    assert_eq!(attributes.values("Cn"), ["Bob", "Robert"]);
    assert_eq!(attributes.text("SN"), Some("Smith"));
    attributes.remove("sn");
    attributes.remove("uid");
    let names: Vec<_> = attributes.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cn"]);
}

/// What attributes are, put plainly.
#[derive(Debug, Default)]
struct Plain(Vec<(String, Vec<Vec<u8>>)>);

impl Plain {
    fn set(&mut self, name: &str, values: Vec<Vec<u8>>) {
        let at = self
            .0
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name));
        match (at, values.is_empty()) {
            (Some(at), true) => drop(self.0.remove(at)),
            (Some(at), false) => self.0[at].1 = values,
            (None, true) => {}
            (None, false) => self.0.push((name.to_owned(), values)),
        }
    }

    fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let mut found = self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, values)| values.clone())
            .unwrap_or_default()
    }
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "cn", "CN", "syncKey", "synckey", "x-other", "X-Other", "", "sn",
    ])
}

fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        (120_usize..140).prop_map(|len| vec![b'x'; len]),
        Just(vec![b'y'; 20_000]),
    ];
    prop::collection::vec(value, 0..3)
}

proptest! {
    #[test]
    fn whatever_is_put_is_there_and_nothing_else(steps in prop::collection::vec((names(), values(), any::<bool>()), 0..12)) {
        let mut attributes = Attributes::default();
        let mut plain = Plain::default();
        for (name, values, adds) in steps {
            let mut all = values.clone();
            if adds {
                all = plain.values(name);
                for value in values {
                    attributes.add(name, &value);
                    all.push(value);
                }
            } else {
                attributes.set(name, &values);
            }
            plain.set(name, all);
            let found: Vec<_> = attributes.iter().map(|(n, v)| (n.to_owned(), v.to_vec())).collect();
            prop_assert_eq!(&found, &plain.0);
            prop_assert_eq!(attributes.is_empty(), plain.0.is_empty());
        }
        for name in ["cn", "SYNCKEY", "X-OTHER", "", "uid"] {
            let found = attributes.values(name);
            prop_assert_eq!(found.len(), plain.values(name).len());
            prop_assert_eq!(found.to_vec(), plain.values(name));
        }
        let pairs = plain.0.iter().flat_map(|(n, values)| values.iter().map(move |v| (n, v)));
        prop_assert_eq!(Attributes::from_iter(pairs), attributes);
    }
}
