//! What a directory server takes for a value: checked before sending, so that the reason is ours (`spec/exchange.md`
//! LD-04, LD-07). Tried on OpenLDAP 2.5 with its `core`, `cosine` and `inetorgperson` schemas.

use super::schema;

/// Attributes an `organizationalRole` may have, of those a template line could be mapped to.
const ROLE: &[&str] = &[
    "cn",
    "description",
    "destinationIndicator",
    "facsimileTelephoneNumber",
    "internationaliSDNNumber",
    "l",
    "ou",
    "physicalDeliveryOfficeName",
    "postOfficeBox",
    "postalAddress",
    "postalCode",
    "st",
    "street",
    "telephoneNumber",
    "telexNumber",
    "x121Address",
    // What `syncRemoteAddress` brings along.
    "displayName",
    "mail",
    "uid",
];

const SINGLE: &[&str] = &["displayName", "employeeNumber", "preferredLanguage"];

/// Names of one attribute: the first is what entries are written with.
const ALIASES: &[(&str, &[&str])] = &[
    ("cn", &["commonName"]),
    ("facsimileTelephoneNumber", &["fax"]),
    ("givenName", &["gn"]),
    ("homePhone", &["homeTelephoneNumber"]),
    ("l", &["localityName"]),
    ("mail", &["rfc822Mailbox"]),
    ("mobile", &["mobileTelephoneNumber"]),
    ("o", &["organizationName"]),
    ("ou", &["organizationalUnitName"]),
    ("pager", &["pagerTelephoneNumber"]),
    ("sn", &["surname"]),
    ("st", &["stateOrProvinceName"]),
    ("street", &["streetAddress"]),
    ("uid", &["userid"]),
];

enum Syntax {
    /// Any text.
    Text,
    /// Telephone numbers, destination indicators: the printable string of X.520.
    Printable,
    /// A printable number, and `$` before parameters.
    Fax,
    /// ASCII.
    Ia5,
    /// Digits and blanks.
    Numeric,
    /// Lines parted by `$`, with `$` and `\` escaped.
    Postal,
    /// The name of another entry.
    Name,
}

fn syntax(attribute: &str) -> Syntax {
    match &*attribute.to_ascii_lowercase() {
        "telephonenumber" | "mobile" | "pager" | "homephone" | "destinationindicator" => {
            Syntax::Printable
        }
        "facsimiletelephonenumber" | "telexnumber" => Syntax::Fax,
        "mail" => Syntax::Ia5,
        "x121address" | "internationalisdnnumber" => Syntax::Numeric,
        "postaladdress" | "homepostaladdress" | "registeredaddress" => Syntax::Postal,
        "manager" | "secretary" | "seealso" | "roleoccupant" => Syntax::Name,
        _ => Syntax::Text,
    }
}

/// Returns the name that entries are written with.
#[must_use]
pub fn canonical(attribute: &str) -> &str {
    let is_it =
        |names: &&(&str, &[&str])| names.1.iter().any(|n| n.eq_ignore_ascii_case(attribute));
    ALIASES
        .iter()
        .find(is_it)
        .map_or(attribute, |names| names.0)
}

/// Returns the name that an attribute of an entry has: as [`canonical`], and what options it is named with stay.
#[must_use]
pub fn canonical_name(attribute: &str) -> String {
    let (base, options) = attribute.split_at(attribute.find(';').unwrap_or(attribute.len()));
    [canonical(base), options].concat()
}

/// Returns the stored form of one line of text.
///
/// # Errors
/// What the server would refuse it for (result 21): the character, and the form it wants.
pub fn store(attribute: &str, text: &str) -> Result<String, String> {
    let refuse = |bad: Option<char>, form| match bad {
        Some(c) => Err(format!("{attribute}: character {c:?} is not in {form}")),
        None => Ok(text.to_owned()),
    };
    match syntax(attribute) {
        Syntax::Text => Ok(text.to_owned()),
        Syntax::Printable => refuse(
            text.chars().find(|c| !is_printable(*c)),
            "a printable string",
        ),
        Syntax::Fax => refuse(
            text.chars().find(|c| !is_printable(*c)),
            "a printable number",
        ),
        // The code that the list of reasons has for characters is part of the detail.
        Syntax::Ia5 => match text.chars().find(|c| !c.is_ascii()) {
            Some(c) => Err(format!(
                "charset: {attribute}: character {c:?} is not in IA5"
            )),
            None => Ok(text.to_owned()),
        },
        Syntax::Numeric => {
            let is_numeric = |c: char| c.is_ascii_digit() || c == ' ';
            refuse(text.chars().find(|c| !is_numeric(*c)), "a numeric string")
        }
        Syntax::Postal => Ok(text.replace('\\', "\\5C").replace('$', "\\24")),
        Syntax::Name => match super::dn::Dn::parse(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(e) => Err(format!("{attribute}: {e}")),
        },
    }
}

/// Returns the text of a stored value on one line, the reverse of [`store`].
#[must_use]
pub fn show(attribute: &str, value: &str) -> String {
    let text = match syntax(attribute) {
        Syntax::Postal => value
            .replace('$', ", ")
            .replace("\\24", "$")
            .replace("\\5C", "\\"),
        _ => value.to_owned(),
    };
    // A template line has no line ends.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    text.trim().to_owned()
}

/// Tells whether an attribute holds one value only.
#[must_use]
pub fn is_single(attribute: &str) -> bool {
    SINGLE.iter().any(|a| a.eq_ignore_ascii_case(attribute))
}

/// Tells whether an entry that is no person may have the attribute (result 65 otherwise).
#[must_use]
pub fn is_of_role(attribute: &str) -> bool {
    ROLE.iter().any(|a| a.eq_ignore_ascii_case(attribute))
}

/// Tells whether the server takes two values of an attribute for one (result 20).
#[must_use]
pub fn is_same_value(attribute: &str, one: &str, other: &str) -> bool {
    let folded = |value: &str| {
        let words: Vec<_> = value.split_whitespace().collect();
        match syntax(attribute) {
            Syntax::Printable | Syntax::Numeric => words.concat().replace('-', "").to_lowercase(),
            // Of the texts only template lines are compared with case.
            _ if attribute.eq_ignore_ascii_case(schema::TEMPLATE) => words.join(" "),
            _ => words.join(" ").to_lowercase(),
        }
    };
    folded(one) == folded(other)
}

fn is_printable(c: char) -> bool {
    c.is_ascii_alphanumeric() || "'()+,-./:?= ".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_refuses_is_refused_before() {
        for (attribute, text, is_taken) in [
            ("telephoneNumber", "#3423*9", false),
            ("telephoneNumber", "+1 (206) 555-0100", true),
            ("MOBILE", "a_b", false),
            ("facsimileTelephoneNumber", "a@b", false),
            ("mail", "jörg@x", false),
            ("departmentNumber", "Trey Research #86", true),
            ("x121Address", "12 3", true),
            ("x121Address", "abc", false),
            ("manager", "Bob", false),
            ("manager", "cn=Bob", true),
        ] {
            assert_eq!(
                store(attribute, text).is_ok(),
                is_taken,
                "{attribute} {text}"
            );
        }
    }

    #[test]
    fn a_postal_address_keeps_its_dollars() {
        assert_eq!(
            store("postalAddress", r"5$ Av\B"),
            Ok(r"5\24 Av\5CB".to_owned())
        );
        assert_eq!(show("postalAddress", r"5\24 Av\5CB"), r"5$ Av\B");
        assert_eq!(show("postalAddress", "One Way$Redmond"), "One Way, Redmond");
    }

    #[test]
    fn other_names_and_other_spellings_are_recognised() {
        assert_eq!(canonical("Surname"), "sn");
        assert_eq!(canonical("departmentNumber"), "departmentNumber");
        assert_eq!(canonical_name("SURNAME;lang-de"), "sn;lang-de");
        assert_eq!(canonical_name("title"), "title");
        assert!(is_same_value("telephoneNumber", "555-01 00", "5550100"));
        assert!(is_same_value("description", "A  b", "a B"));
        assert!(!is_same_value("syncTemplate", "A:/b", "a:/b"));
        assert!(is_of_role("TelephoneNumber") && !is_of_role("givenName"));
        assert!(is_single("employeeNumber") && !is_single("telephoneNumber"));
    }
}
