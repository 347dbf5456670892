//! Who may change an entry, and which one a line without address means (`spec/exchange.md` DX-17, DX-18, DX-19).

use super::key::SyncKey;
use super::names::fold;
use super::note::Note;
use crate::plan::outcome::Reason;

/// A sender that wants to change or delete an entry. Sources are named as in `syncImportedFrom`.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Who sent the transaction.
    pub sender: &'a str,
    /// Who owns the entry.
    pub owner: Option<&'a str>,
    /// Who is registered for the network and postoffice of its address.
    pub authority: Option<&'a str>,
    /// Further owners whose entries this sender may change.
    pub also_accept: &'a [String],
}

/// Why a sender may change an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// It is registered for the postoffice, and becomes the owner; the note is `owner-fallback` where it was not.
    Authority(Option<Note>),
    /// It is the owner.
    Owner,
    /// The owner is on the list of those also accepted: message DX282, once per run and name.
    AlsoAccepted(String),
}

/// Decides on an `M` or `D` for an entry that is there. An entry without owner was made by hand and is nobody's to change.
///
/// # Errors
/// `not-owner`, with the owner.
pub fn may_change(claim: Claim<'_>) -> Result<Grant, Note> {
    let is_sender = |name: &str| is_same(name, claim.sender);
    let refused = |owner: &str| {
        let detail = format!("owner {owner}, sender {}", claim.sender);
        Err(Note::new(Reason::NotOwner, detail))
    };
    let Some(owner) = claim.owner.filter(|owner| !owner.trim().is_empty()) else {
        return refused("none");
    };
    if claim.authority.is_some_and(is_sender) {
        let detail = format!(
            "{} is registered, the entry came from {owner}",
            claim.sender
        );
        let note = (!is_sender(owner)).then(|| Note::new(Reason::OwnerFallback, detail));
        return Ok(Grant::Authority(note));
    }
    if is_sender(owner) {
        return Ok(Grant::Owner);
    }
    if claim.also_accept.iter().any(|name| is_same(name, owner)) {
        return Ok(Grant::AlsoAccepted(owner.to_owned()));
    }
    refused(owner)
}

/// Decides on an `R`, or an `A` for an address that is new: nobody brings what another is registered for.
///
/// # Errors
/// `not-authoritative`, with who is.
pub fn may_bring(sender: &str, place: &str, authority: Option<&str>) -> Result<(), Note> {
    match authority {
        Some(other) if !is_same(other, sender) => {
            let detail = format!("{place} is of {other}, sender {sender}");
            Err(Note::new(Reason::NotAuthoritative, detail))
        }
        _ => Ok(()),
    }
}

/// Returns the keys of all entries that have a name.
pub fn all_named<'a>(
    name: &str,
    entries: impl IntoIterator<Item = (&'a SyncKey, &'a str)>,
) -> Vec<&'a SyncKey> {
    let wanted = fold(name);
    let found = entries.into_iter().filter(|(_, name)| fold(name) == wanted);
    let mut keys: Vec<_> = found.map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Finds the entry that a line without address means, among those of its sender.
///
/// # Errors
/// `no-such-entry`, or `ambiguous-name` with the keys; nothing is changed on a guess.
pub fn by_name<'a>(
    name: &str,
    entries: impl IntoIterator<Item = (&'a SyncKey, &'a str)>,
) -> Result<&'a SyncKey, Note> {
    let keys = all_named(name, entries);
    match &keys[..] {
        [key] => Ok(key),
        [] => Err(Note::new(
            Reason::NoSuchEntry,
            format!("no entry is named {name:?}"),
        )),
        _ => {
            let keys: Vec<_> = keys.iter().map(|key| key.as_str()).collect();
            let detail = format!("{name:?} is {}", keys.join(" and "));
            Err(Note::new(Reason::AmbiguousName, detail))
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(sender: &'static str, owner: Option<&'static str>) -> Claim<'static> {
        Claim {
            sender,
            owner,
            authority: Some("dss/NET/PO2"),
            also_accept: &[],
        }
    }

    #[test]
    fn dxc_049_the_registered_postoffice_may_and_becomes_the_owner() {
        let Ok(Grant::Authority(Some(note))) =
            may_change(claim("DSS/net/po2", Some("dss/NET/PO1")))
        else {
            panic!("granted with a note");
        };
        assert_eq!(note.reason, Reason::OwnerFallback);
        let own = may_change(claim("dss/NET/PO2", Some("dss/NET/PO2")));
        assert_eq!(own, Ok(Grant::Authority(None)));
        assert_eq!(
            may_change(claim("dss/NET/PO1", Some("dss/NET/PO1"))),
            Ok(Grant::Owner)
        );
    }

    #[test]
    fn dxc_050_another_postoffice_may_not_and_hears_whose_it_is() {
        let note = may_change(claim("dss/NET/PO3", Some("dss/NET/PO1"))).unwrap_err();
        assert_eq!(note.reason, Reason::NotOwner);
        assert!(note.detail.contains("owner dss/NET/PO1"), "{note}");
        // Not by a prefix.
        assert!(may_change(claim("dss/NET/PO", Some("dss/NET/PO1"))).is_err());
    }

    #[test]
    fn dxc_051_an_owner_also_accepted_is_named_for_the_log() {
        let names = ["dss/NET/PO9".to_owned()];
        let claim = Claim {
            also_accept: &names,
            ..claim("dss/NET/PO1", Some("dss/net/po9"))
        };
        assert_eq!(
            may_change(claim),
            Ok(Grant::AlsoAccepted("dss/net/po9".to_owned()))
        );
    }

    #[test]
    fn dxc_052_an_entry_without_owner_is_nobodys_to_change() {
        for owner in [None, Some(" ")] {
            // Not even its registered postoffice's.
            let note = may_change(claim("dss/NET/PO2", owner)).unwrap_err();
            assert_eq!(note.reason, Reason::NotOwner);
            assert!(note.detail.contains("owner none"), "{note}");
        }
    }

    #[test]
    fn dxc_045_a_postoffice_registered_to_another_is_not_replaced() {
        let place = "NETWORK/MSM3";
        let note = may_bring("SHADOW", place, Some("dss/NETWORK/MSM3")).unwrap_err();
        assert_eq!(note.reason, Reason::NotAuthoritative);
        assert!(note.detail.contains("dss/NETWORK/MSM3"), "{note}");
        assert_eq!(may_bring("SHADOW", place, Some("shadow")), Ok(()));
        assert_eq!(may_bring("SHADOW", place, None), Ok(()));
    }

    #[test]
    fn dxc_055_dxc_056_a_name_alone_means_one_entry_or_none() {
        let keys = ["MS:N/P/GJ", "MS:N/P/GJONES", "MS:N/P/X"].map(SyncKey::stored);
        let one = [(&keys[0], "George Jones"), (&keys[2], "Xavier")];
        assert_eq!(by_name("george jones ", one), Ok(&keys[0]));
        let two = [(&keys[0], "George Jones"), (&keys[1], "George Jones")];
        let note = by_name("George Jones", two).unwrap_err();
        assert_eq!(note.reason, Reason::AmbiguousName);
        assert!(
            note.detail.contains("MS:N/P/GJ and MS:N/P/GJONES"),
            "{note}"
        );
        let none = by_name("George", one).unwrap_err();
        assert_eq!(none.reason, Reason::NoSuchEntry);
    }
}
