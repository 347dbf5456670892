//! Names of our object classes and attributes (`spec/exchange.md` LD-06), and the schema itself for a server.

use super::entry::Attributes;

/// The schema as `slapd.conf` includes it.
pub const SCHEMA: &str = include_str!("../../contrib/schema/dirsync.schema");

/// The schema as LDIF for `cn=config`.
pub const SCHEMA_LDIF: &str = include_str!("../../contrib/schema/dirsync.ldif");

/// Class of an entry that stands for an address elsewhere.
pub const REMOTE_ADDRESS: &str = "syncRemoteAddress";

/// Class of a container that holds the addresses of one source, and the numbers.
pub const IMPORT_CONTAINER: &str = "syncImportContainer";

/// Class of a local recipient that takes part.
pub const LOCAL_RECIPIENT: &str = "syncLocalRecipient";

/// Stable key of a remote address, and its name in the container.
pub const KEY: &str = "syncKey";

/// Target address, `TYPE:value`, as received.
pub const ADDRESS: &str = "syncAddress";

/// Primary proxy addresses, one `TYPE:value` for each type.
pub const PROXY_PRIMARY: &str = "syncProxyPrimary";

/// Further proxy addresses. Its own attribute, since letter case alone parts no values (LD-05).
pub const PROXY_SECONDARY: &str = "syncProxySecondary";

/// Owner of an entry or a container: agent and source.
pub const IMPORTED_FROM: &str = "syncImportedFrom";

/// Trust level.
pub const TRUST_LEVEL: &str = "syncTrustLevel";

/// Whether the entry is hidden.
pub const HIDDEN: &str = "syncHidden";

/// Consent to leave this directory.
pub const EXPORT: &str = "syncExport";

/// Display name as received, before anything was done to make it unique.
pub const ORIGINAL_NAME: &str = "syncOriginalName";

/// Template line that no other attribute can hold, `Prompt:/data`.
pub const TEMPLATE: &str = "syncTemplate";

/// Number of the last transaction applied to an entry.
pub const SOURCE_SEQ: &str = "syncSourceSeq";

/// Transactions the requestor has sent.
pub const REQ_SEQ: &str = "syncReqSeq";

/// Transactions the server has sent to this requestor.
pub const SVR_SEQ: &str = "syncSvrSeq";

/// Full imports asked for.
pub const IMP_SEQ: &str = "syncImpSeq";

/// How far the requestor has acknowledged.
pub const CONF_SEQ: &str = "syncConfSeq";

/// Identity of the numbering itself.
pub const EPOCH: &str = "syncEpoch";

/// Entries that a complete list holds.
pub const ENTRY_COUNT: &str = "syncEntryCount";

/// Class of an entry: what it is (RFC 4512).
pub const OBJECT_CLASS: &str = "objectClass";

/// Name of an entry (RFC 4519).
pub const CN: &str = "cn";

/// Surname (RFC 4519).
pub const SN: &str = "sn";

/// Name of an organizational unit (RFC 4519).
pub const OU: &str = "ou";

/// Name as it is shown (RFC 2798).
pub const DISPLAY_NAME: &str = "displayName";

/// Alias (RFC 4519).
pub const UID: &str = "uid";

/// Address of Internet mail (RFC 4524).
pub const MAIL: &str = "mail";

/// Attributes that entries usually have, in the order in which lists are written: what an entry is, whose it is, what it
/// shows, and the rest by name.
pub(super) const USUAL: [&str; 41] = [
    "objectClass",
    "ou",
    "syncKey",
    "syncAddress",
    "syncProxyPrimary",
    "syncProxySecondary",
    "syncImportedFrom",
    "syncEpoch",
    "syncReqSeq",
    "syncSvrSeq",
    "syncImpSeq",
    "syncConfSeq",
    "syncEntryCount",
    "syncOriginalName",
    "syncTrustLevel",
    "syncHidden",
    "syncExport",
    "syncSourceSeq",
    "cn",
    "sn",
    "givenName",
    "initials",
    "displayName",
    "mail",
    "uid",
    "telephoneNumber",
    "facsimileTelephoneNumber",
    "mobile",
    "departmentNumber",
    "employeeNumber",
    "title",
    "o",
    "physicalDeliveryOfficeName",
    "roomNumber",
    "postalAddress",
    "l",
    "st",
    "postalCode",
    "labeledURI",
    "description",
    "syncTemplate",
];

/// Classes of entries that hold others (RFC 4519, RFC 4524).
const HOLDERS: [&str; 6] = [
    "organizationalUnit",
    "organization",
    "domain",
    "dcObject",
    "country",
    "locality",
];

/// Tells whether an entry only holds others: it is nobody's address.
#[must_use]
pub fn is_structure(attributes: &Attributes) -> bool {
    HOLDERS.iter().any(|class| attributes.is_of_class(class))
        && !attributes.is_of_class(LOCAL_RECIPIENT)
        && !attributes.is_of_class(REMOTE_ADDRESS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CLASSES: [&str; 3] = [REMOTE_ADDRESS, IMPORT_CONTAINER, LOCAL_RECIPIENT];
    const ATTRIBUTES: [&str; 17] = [
        KEY,
        ADDRESS,
        PROXY_PRIMARY,
        PROXY_SECONDARY,
        IMPORTED_FROM,
        TRUST_LEVEL,
        HIDDEN,
        EXPORT,
        ORIGINAL_NAME,
        TEMPLATE,
        SOURCE_SEQ,
        REQ_SEQ,
        SVR_SEQ,
        IMP_SEQ,
        CONF_SEQ,
        EPOCH,
        ENTRY_COUNT,
    ];

    /// The definitions of a kind, in order, blanks squeezed.
    fn definitions(text: &str, kind: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut is_of_kind = false;
        for line in text.lines() {
            let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
            match line.strip_prefix(kind) {
                Some(rest) => {
                    found.push(rest.split_whitespace().collect::<Vec<_>>().join(" "));
                    is_of_kind = true;
                }
                None if line.starts_with(' ') && is_of_kind => {
                    let last = found.last_mut().expect("it goes on");
                    last.push(' ');
                    last.push_str(&words);
                }
                None => is_of_kind = false,
            }
        }
        found
    }

    fn names(definitions: &[String]) -> BTreeSet<&str> {
        definitions
            .iter()
            .map(|text| text.split('\'').nth(1).expect("a name in quotes"))
            .collect()
    }

    #[test]
    fn the_schema_defines_what_is_named_here_and_nothing_else() {
        let attributes = definitions(SCHEMA, "attributetype");
        assert_eq!(names(&attributes), BTreeSet::from(ATTRIBUTES));
        let classes = definitions(SCHEMA, "objectclass");
        assert_eq!(names(&classes), BTreeSet::from(CLASSES));
    }

    #[test]
    fn both_forms_of_the_schema_define_the_same() {
        for (plain, ldif, count) in [
            ("objectidentifier", "olcObjectIdentifier:", 3),
            ("attributetype", "olcAttributeTypes:", 17),
            ("objectclass", "olcObjectClasses:", 3),
        ] {
            let defined = definitions(SCHEMA, plain);
            assert_eq!(defined.len(), count, "{plain}");
            assert_eq!(defined, definitions(SCHEMA_LDIF, ldif), "{plain}");
        }
    }
}
