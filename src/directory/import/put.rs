//! What an A makes of an entry that is there.

use super::changes::is_same_set;
use super::sender::Sender;
use crate::directory::entry::{Attributes, Names};
use crate::directory::schema;

/// Puts what an A wants over what an entry holds: `managed` attributes are set or removed, others are not its business.
pub(super) fn put(
    present: &Attributes,
    wanted: &Attributes,
    sender: &Sender<'_>,
    managed: &Names,
) -> Attributes {
    let mut attributes = present.without(managed);
    overlay(&mut attributes, present, wanted);
    stamp(&mut attributes, sender, present.first(schema::TRUST_LEVEL));
    attributes
}

/// Tells whether [`put`] leaves an entry as it is, without making another one. Where it cannot be told so, it says no.
pub(super) fn is_put(
    present: &Attributes,
    wanted: &Attributes,
    sender: &Sender<'_>,
    managed: &Names,
) -> bool {
    let mut trust = present.values(schema::TRUST_LEVEL);
    let forced = sender.force_trust.then(|| sender.trust.to_string());
    let is_stamped = present.values(schema::IMPORTED_FROM) == [sender.owner]
        && trust.next().is_some_and(|trust| {
            forced
                .as_ref()
                .is_none_or(|forced| forced.as_bytes() == trust)
        })
        && trust.is_empty();
    is_stamped
        && present.beside(wanted).all(|beside| match beside.name() {
            schema::IMPORTED_FROM | schema::TRUST_LEVEL => true,
            _ if beside.there.is_empty() => !beside.is_one_of(managed),
            _ => is_same_set(&beside.here, &beside.there),
        })
}

/// Writes whose the entry is, and its trust level: the one that it has, unless the sender forces its own.
pub(super) fn stamp(attributes: &mut Attributes, sender: &Sender<'_>, trust: Option<&[u8]>) {
    attributes.set_one(schema::IMPORTED_FROM, sender.owner);
    match trust.filter(|_| !sender.force_trust) {
        Some(trust) => attributes.set_one(schema::TRUST_LEVEL, trust),
        None => attributes.set_one(schema::TRUST_LEVEL, sender.trust.to_string()),
    }
}

/// Puts values over those that are there. Classes and addresses that were added by hand stay.
fn overlay(attributes: &mut Attributes, present: &Attributes, wanted: &Attributes) {
    for (name, values) in wanted.iter() {
        let is_class = name.eq_ignore_ascii_case("objectClass");
        if !is_class && !name.eq_ignore_ascii_case(schema::PROXY_SECONDARY) {
            attributes.set(name, values);
            continue;
        }
        let there = present.values(name);
        let there = there.filter(|there| !is_class || !is_ours(there));
        let there = there.filter(|there| !values.iter().any(|v| v.eq_ignore_ascii_case(there)));
        let all: Vec<_> = values.iter().chain(there).map(<[u8]>::to_vec).collect();
        attributes.set(name, all);
    }
}

/// Tells whether a class is one that the kind of an entry decides.
fn is_ours(class: &[u8]) -> bool {
    let ours = [
        "top",
        "person",
        "organizationalPerson",
        "inetOrgPerson",
        "organizationalRole",
    ];
    ours.iter()
        .any(|ours| class.eq_ignore_ascii_case(ours.as_bytes()))
}
