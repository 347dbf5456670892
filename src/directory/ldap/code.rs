//! What a server answers, and what it means for us (`spec/exchange.md` LD-15).

use std::fmt;

use ldap3::LdapResult;

use crate::directory::change::{Change, ModificationKind};
use crate::plan::outcome::Reason;

/// Result code of an answer (RFC 4511 section 4.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultCode(pub u32);

macro_rules! codes {
    ($($name:ident = $number:literal $text:literal,)+) => {
        #[allow(missing_docs, reason = "the name says it")]
        impl ResultCode {
            $(pub const $name: Self = Self($number);)+

            /// Returns the name of the code in the standards.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => $text,)+
                    _ => "unknown",
                }
            }
        }
    };
}

codes! {
    SUCCESS = 0 "success",
    OPERATIONS_ERROR = 1 "operationsError",
    PROTOCOL_ERROR = 2 "protocolError",
    TIME_LIMIT_EXCEEDED = 3 "timeLimitExceeded",
    SIZE_LIMIT_EXCEEDED = 4 "sizeLimitExceeded",
    COMPARE_FALSE = 5 "compareFalse",
    COMPARE_TRUE = 6 "compareTrue",
    AUTH_METHOD_NOT_SUPPORTED = 7 "authMethodNotSupported",
    STRONGER_AUTH_REQUIRED = 8 "strongerAuthRequired",
    REFERRAL = 10 "referral",
    ADMIN_LIMIT_EXCEEDED = 11 "adminLimitExceeded",
    UNAVAILABLE_CRITICAL_EXTENSION = 12 "unavailableCriticalExtension",
    CONFIDENTIALITY_REQUIRED = 13 "confidentialityRequired",
    NO_SUCH_ATTRIBUTE = 16 "noSuchAttribute",
    UNDEFINED_ATTRIBUTE_TYPE = 17 "undefinedAttributeType",
    INAPPROPRIATE_MATCHING = 18 "inappropriateMatching",
    CONSTRAINT_VIOLATION = 19 "constraintViolation",
    ATTRIBUTE_OR_VALUE_EXISTS = 20 "attributeOrValueExists",
    INVALID_ATTRIBUTE_SYNTAX = 21 "invalidAttributeSyntax",
    NO_SUCH_OBJECT = 32 "noSuchObject",
    ALIAS_PROBLEM = 33 "aliasProblem",
    INVALID_DN_SYNTAX = 34 "invalidDNSyntax",
    INAPPROPRIATE_AUTHENTICATION = 48 "inappropriateAuthentication",
    INVALID_CREDENTIALS = 49 "invalidCredentials",
    INSUFFICIENT_ACCESS_RIGHTS = 50 "insufficientAccessRights",
    BUSY = 51 "busy",
    UNAVAILABLE = 52 "unavailable",
    UNWILLING_TO_PERFORM = 53 "unwillingToPerform",
    LOOP_DETECT = 54 "loopDetect",
    NAMING_VIOLATION = 64 "namingViolation",
    OBJECT_CLASS_VIOLATION = 65 "objectClassViolation",
    NOT_ALLOWED_ON_NON_LEAF = 66 "notAllowedOnNonLeaf",
    NOT_ALLOWED_ON_RDN = 67 "notAllowedOnRDN",
    ENTRY_ALREADY_EXISTS = 68 "entryAlreadyExists",
    OBJECT_CLASS_MODS_PROHIBITED = 69 "objectClassModsProhibited",
    AFFECTS_MULTIPLE_DSAS = 71 "affectsMultipleDSAs",
    OTHER = 80 "other",
    CANCELED = 118 "canceled",
    ASSERTION_FAILED = 122 "assertionFailed",
    TRANSACTION_ID_INVALID = 16654 "txnIDInvalid",
}

impl ResultCode {
    /// Returns the reason code that an entry refused with this result gets.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::SIZE_LIMIT_EXCEEDED => Reason::ListIncomplete,
            Self::CONSTRAINT_VIOLATION => Reason::ServerConstraint,
            Self::INVALID_ATTRIBUTE_SYNTAX => Reason::ServerSyntax,
            Self::NO_SUCH_OBJECT => Reason::NoSuchEntry,
            Self::INSUFFICIENT_ACCESS_RIGHTS => Reason::ServerAccess,
            Self::OBJECT_CLASS_VIOLATION => Reason::ServerSchema,
            Self::ENTRY_ALREADY_EXISTS => Reason::AddressDuplicate,
            _ => Reason::ServerOther,
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

/// The server said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its result code.
    pub code: ResultCode,
    /// What it adds, for people; often empty.
    pub text: String,
}

/// What a refusal means for the change that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// What was wanted is so already: a value that is there, an entry that is gone.
    Done,
    /// There is no entry to modify or rename: it must be added.
    Missing,
    /// An entry of this name is there: key and owner tell whether it must be modified, or belongs to another.
    Exists,
    /// Somebody else changed what the assertion asserts: start over.
    Overtaken,
    /// Nothing can be done about it.
    Refused(Reason),
}

impl Refusal {
    /// Returns what it means for a change.
    #[must_use]
    pub fn meaning(&self, change: &Change) -> Meaning {
        match (self.code, change) {
            (ResultCode::ATTRIBUTE_OR_VALUE_EXISTS, Change::Modify(parts)) => {
                // A modification is refused as a whole: with a second part or value, something else was not done either.
                match &parts[..] {
                    [only] if only.kind == ModificationKind::Add && only.values.len() == 1 => {
                        Meaning::Done
                    }
                    _ => Meaning::Refused(self.code.reason()),
                }
            }
            (ResultCode::NO_SUCH_OBJECT, Change::Delete) => Meaning::Done,
            (ResultCode::NO_SUCH_OBJECT, Change::Modify(_) | Change::Rename { .. }) => {
                Meaning::Missing
            }
            // The entry above is missing, not this one.
            (ResultCode::NO_SUCH_OBJECT, Change::Add(_)) => Meaning::Refused(Reason::ServerOther),
            (ResultCode::ENTRY_ALREADY_EXISTS, _) => Meaning::Exists,
            (ResultCode::ASSERTION_FAILED, _) => Meaning::Overtaken,
            (code, _) => Meaning::Refused(code.reason()),
        }
    }

    /// Takes a result apart; success is no refusal.
    pub(super) fn check(result: LdapResult) -> Result<(), Self> {
        match ResultCode(result.rc) {
            ResultCode::SUCCESS => Ok(()),
            _ => Err(result.into()),
        }
    }
}

impl From<LdapResult> for Refusal {
    fn from(result: LdapResult) -> Self {
        let mut text = result.text;
        if !result.refs.is_empty() {
            let separator = if text.is_empty() { "" } else { "; " };
            text = format!("{text}{separator}go to {}", result.refs.join(", "));
        }
        Self {
            code: ResultCode(result.rc),
            text,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        match &self.text[..] {
            "" => Ok(()),
            text => write!(f, ": {text}"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::change::Modification;
    use crate::directory::entry::Attributes;

    fn refusal(code: ResultCode) -> Refusal {
        Refusal {
            code,
            text: String::new(),
        }
    }

    #[test]
    fn codes_have_the_reasons_of_the_list() {
        for (code, reason) in [
            (4, "list-incomplete"),
            (19, "server-constraint"),
            (21, "server-syntax"),
            (32, "no-such-entry"),
            (50, "server-access"),
            (65, "server-schema"),
            (66, "server-other"),
            (53, "server-other"),
            (4711, "server-other"),
        ] {
            assert_eq!(ResultCode(code).reason().to_string(), reason, "{code}");
        }
    }

    #[test]
    fn the_same_code_means_what_the_change_makes_of_it() {
        let add = Change::Add(Attributes::from_iter([("cn", "a")]));
        let value = |values: &[&str]| Modification {
            kind: ModificationKind::Add,
            attribute: "cn".into(),
            values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
        };
        let one = Change::Modify(vec![value(&["a"])]);
        let two = Change::Modify(vec![value(&["a", "b"])]);
        let parts = Change::Modify(vec![value(&["a"]), Modification::replace("sn", Vec::new())]);
        let exists = refusal(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS);
        let other = Meaning::Refused(Reason::ServerOther);
        assert_eq!(exists.meaning(&one), Meaning::Done);
        assert_eq!(exists.meaning(&two), other);
        assert_eq!(exists.meaning(&parts), other);
        assert_eq!(exists.meaning(&add), other);
        let missing = refusal(ResultCode::NO_SUCH_OBJECT);
        assert_eq!(missing.meaning(&one), Meaning::Missing);
        assert_eq!(missing.meaning(&Change::Delete), Meaning::Done);
        assert_eq!(missing.meaning(&add), other);
        let there = refusal(ResultCode::ENTRY_ALREADY_EXISTS);
        assert_eq!(there.meaning(&add), Meaning::Exists);
        let failed = refusal(ResultCode::ASSERTION_FAILED);
        assert_eq!(failed.meaning(&one), Meaning::Overtaken);
    }

    #[test]
    fn a_refusal_says_number_name_and_text() {
        let mut refusal = refusal(ResultCode(65));
        assert_eq!(refusal.to_string(), "65 objectClassViolation");
        refusal.text = "object class 'person' requires attribute 'sn'".into();
        assert_eq!(
            refusal.to_string(),
            "65 objectClassViolation: object class 'person' requires attribute 'sn'"
        );
    }
}
