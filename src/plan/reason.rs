//! The closed list of reason codes (`spec/exchange.md` 2.1).

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal $kind:ident,)+) => {
        /// Why an entry was not applied, was kept, or was applied in altered form.
        ///
        /// Written as its code, for instance `address-syntax`; [`Reason::Message`] as `message-27`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant,)+
            /// None of the codes says it, only a published message does (number in `spec/messages.tsv`).
            Message(u16),
        }

        impl Reason {
            /// Every code of the list, [`Reason::Message`] aside.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the code, or none for a message number.
            #[must_use]
            pub const fn code(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($code),)+
                    Self::Message(_) => None,
                }
            }

            /// Returns whether this is a note: the entry was applied all the same.
            #[must_use]
            pub const fn is_note(self) -> bool {
                match self {
                    $(Self::$variant => reasons!(@is_note $kind),)+
                    Self::Message(_) => false,
                }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($code),)+
                    Self::Message(number) => write!(f, "message-{number}"),
                }
            }
        }
    };
    (@is_note note) => { true };
    (@is_note reason) => { false };
}

reasons! {
    /// No usable target address at all.
    NoAddress = "no-address" reason,
    /// Hub: no SMTP address (Q250578).
    NoSmtp = "no-smtp" reason,
    /// Address present but malformed (Q156729).
    AddressSyntax = "address-syntax" reason,
    /// Unknown or unsupported address type.
    AddressType = "address-type" reason,
    /// Target address already held; the detail names the holder (Q250578, Q238447).
    AddressDuplicate = "address-duplicate" reason,
    /// Hub: SMTP address already held; the detail names the holder.
    SmtpDuplicate = "smtp-duplicate" reason,
    /// The entry belongs to another source; the detail names it (Q155727).
    NotOwner = "not-owner" reason,
    /// The sender does not own that network/postoffice (Q156996).
    NotAuthoritative = "not-authoritative" reason,
    /// A modification or deletion for a key that is not there.
    NoSuchEntry = "no-such-entry" reason,
    /// A transaction without address matches several entries (Q152424).
    AmbiguousName = "ambiguous-name" reason,
    /// Consent says no (`spec/exchange.md` NT-02).
    ConsentNo = "consent-no" reason,
    /// Consent is blank.
    ConsentBlank = "consent-blank" reason,
    /// Consent could not be read.
    ConsentUnreadable = "consent-unreadable" reason,
    /// Consent holds a value nobody knows.
    ConsentUnrecognised = "consent-unrecognised" reason,
    /// Filtered out; the detail names the rule.
    Filtered = "filtered" reason,
    /// Trust level above the limit; the detail has both numbers.
    Trust = "trust" reason,
    /// Marked hidden.
    Hidden = "hidden" reason,
    /// Not in any export container.
    OutsideContainers = "outside-containers" reason,
    /// Custom recipients or groups are not selected for export.
    KindOff = "kind-off" reason,
    /// Would be sent back to where it came from.
    OwnImport = "own-import" reason,
    /// Hub: not in the domains to import.
    DomainNotWanted = "domain-not-wanted" reason,
    /// A required attribute is missing; the detail names it.
    MissingAttribute = "missing-attribute" reason,
    /// Too long; the detail has attribute, length and limit.
    TooLong = "too-long" reason,
    /// A character has no place in the target code page; the detail has attribute, character and page.
    Charset = "charset" reason,
    /// A mapping rule failed; the detail has its name and position.
    MappingError = "mapping-error" reason,
    /// No target object class.
    ClassUnsupported = "class-unsupported" reason,
    /// The directory server refused it: LDAP result 65.
    ServerSchema = "server-schema" reason,
    /// The directory server refused it: LDAP result 21.
    ServerSyntax = "server-syntax" reason,
    /// The directory server refused it: LDAP result 19.
    ServerConstraint = "server-constraint" reason,
    /// The directory server refused it: LDAP result 50.
    ServerAccess = "server-access" reason,
    /// The directory server refused it with another result.
    ServerOther = "server-other" reason,
    /// Sync number already taken (`spec/exchange.md` DX-30).
    SequenceOld = "sequence-old" reason,
    /// Sync numbers are missing before this one.
    SequenceGap = "sequence-gap" reason,
    /// The other side counts from a new beginning (`spec/exchange.md` IO-04).
    SequenceEpoch = "sequence-epoch" reason,
    /// The list was not proven whole.
    ListIncomplete = "list-incomplete" reason,
    /// The list is damaged.
    ListDamaged = "list-damaged" reason,
    /// The list is addressed to another.
    ListForOther = "list-for-other" reason,
    /// The list is one's own.
    ListOwn = "list-own" reason,
    /// The sweep was stopped by the limit (`spec/exchange.md` NT-07).
    DeleteLimit = "delete-limit" reason,
    /// The requestor is not registered (`spec/exchange.md` DX-02).
    UnknownRequestor = "unknown-requestor" reason,
    /// The requestor is registered twice.
    RequestorTwice = "requestor-twice" reason,
    /// Note: the name got a suffix to be unique.
    NameSuffixed = "name-suffixed" note,
    /// Note: the name was shortened.
    NameShortened = "name-shortened" note,
    /// Note: a proxy address got a number to be unique.
    ProxyNumbered = "proxy-numbered" note,
    /// Note: a proxy address was left out.
    ProxyDropped = "proxy-dropped" note,
    /// Note: the alias was shortened.
    AliasShortened = "alias-shortened" note,
    /// Note: the address type was assumed.
    TypeAssumed = "type-assumed" note,
    /// Note: the owner could not be found and another stands in.
    OwnerFallback = "owner-fallback" note,
    /// Note: a value the target cannot hold was left out.
    ValueDropped = "value-dropped" note,
}

impl Reason {
    /// Returns whether an entry kept for this reason would otherwise have been removed.
    #[must_use]
    pub const fn withholds(self) -> bool {
        matches!(self, Self::ListIncomplete | Self::DeleteLimit)
    }

    /// Returns the reason for a line or record that was refused as it stands with a message.
    #[must_use]
    pub const fn of_refused_line(message: u16) -> Self {
        match message {
            46 | 48 | 81 => Self::NoAddress,
            16 => Self::AddressType,
            15 | 17 | 19 | 26 | 69..=71 => Self::AddressSyntax,
            20 | 25 | 72 | 74..=77 => Self::TooLong,
            _ => Self::Message(message),
        }
    }

    /// Reads a reason as written by `Display`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("message-") {
            Some(number) => number.parse().ok().map(Self::Message),
            None => Self::ALL
                .iter()
                .copied()
                .find(|reason| reason.code() == Some(text)),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `spec/exchange.md` 2.1 as printed there, row by row.
    const LIST: &str = "no-address no-smtp address-syntax address-type address-duplicate smtp-duplicate \
        not-owner not-authoritative no-such-entry ambiguous-name \
        consent-no consent-blank consent-unreadable consent-unrecognised \
        filtered trust hidden outside-containers kind-off own-import domain-not-wanted missing-attribute \
        too-long charset mapping-error class-unsupported \
        server-schema server-syntax server-constraint server-access server-other \
        sequence-old sequence-gap sequence-epoch \
        list-incomplete list-damaged list-for-other list-own delete-limit \
        unknown-requestor requestor-twice";
    const NOTES: &str = "name-suffixed name-shortened proxy-numbered proxy-dropped alias-shortened \
        type-assumed owner-fallback value-dropped";

    fn codes(notes: bool) -> Vec<&'static str> {
        Reason::ALL
            .iter()
            .filter(|reason| reason.is_note() == notes)
            .filter_map(|reason| reason.code())
            .collect()
    }

    #[test]
    fn the_list_is_the_published_one() {
        assert_eq!(codes(false), LIST.split_whitespace().collect::<Vec<_>>());
        assert_eq!(codes(true), NOTES.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn every_reason_is_read_back_as_written() {
        let numbers = [0, 27, u16::MAX].map(Reason::Message);
        for reason in Reason::ALL.iter().copied().chain(numbers) {
            assert_eq!(Reason::parse(&reason.to_string()), Some(reason));
        }
        for text in ["", "no-adress", "message-", "message-65536", "NO-ADDRESS"] {
            assert_eq!(Reason::parse(text), None, "{text:?}");
        }
    }
}
