//! Whose entry an entry of a directory or an address book is: its address and its name.

use crate::address::AddressType;
use crate::directory::address_text::TargetAddress;
use crate::directory::entry::Attributes;
use crate::directory::note::Note;
use crate::directory::{schema, syntax};
use crate::plan::outcome::Reason;

/// Where else an address may stand, first come first: the names of Internet and of Notes address books.
const ADDRESSES: [&str; 5] = [
    "address",
    "mail",
    "InternetAddress",
    "MailAddress",
    "rfc822Mailbox",
];

/// Where the name stands, first come first.
const NAMES: [&str; 6] = [
    schema::ORIGINAL_NAME,
    "displayName",
    "cn",
    "commonName",
    "FullName",
    "name",
];

/// Who an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address; none with the reason why.
    pub address: Result<TargetAddress, Note>,
    /// The name; derived from the address where there is none (NT-05).
    pub name: String,
}

impl Recipient {
    /// Finds address and name. `column` is where the address is looked for first.
    #[must_use]
    pub fn of(attributes: &Attributes, column: Option<&str>) -> Self {
        let address = address(attributes, column);
        let derived = || {
            address
                .as_ref()
                .map_or_else(|_| String::new(), name_from_address)
        };
        let name = name(attributes).unwrap_or_else(derived);
        Self { address, name }
    }
}

/// Tells whether an attribute or a column is looked at for the address or the name alone.
#[must_use]
pub fn is_address_or_name(attribute: &str) -> bool {
    let mut known = NAMES.iter().chain(&ADDRESSES);
    // A mail address may be one beside the address.
    attribute != "mail" && known.any(|name| name.eq_ignore_ascii_case(attribute))
}

fn address(attributes: &Attributes, column: Option<&str>) -> Result<TargetAddress, Note> {
    let named = |name: &str| text(attributes, name).or(text(attributes, syntax::canonical(name)));
    if let Some(text) = column.and_then(named) {
        return parse(&text);
    }
    if let Some(text) = text(attributes, schema::ADDRESS) {
        return TargetAddress::parse(&text);
    }
    if attributes.is_of_class(schema::REMOTE_ADDRESS) {
        let detail = format!("{}: every such entry has one", schema::ADDRESS);
        return Err(Note::new(Reason::MissingAttribute, detail));
    }
    let proxies = attributes.values(schema::PROXY_PRIMARY).iter();
    let mut proxies: Vec<_> = proxies
        .filter_map(|value| TargetAddress::parse(&String::from_utf8_lossy(value)).ok())
        .collect();
    // What a postoffice is told first.
    proxies.sort_by_key(|address| (!address.is_pc_mail(), address.to_string()));
    if let Some(proxy) = proxies.into_iter().next() {
        return Ok(proxy);
    }
    match ADDRESSES.iter().find_map(|name| text(attributes, name)) {
        Some(text) => parse(&text),
        None => Err(Note::new(
            Reason::NoAddress,
            "no attribute holds an address",
        )),
    }
}

/// Reads an address of an address book: with its type, or one that shows by its form which it is.
fn parse(text: &str) -> Result<TargetAddress, Note> {
    let has_type = text.split_once(':').is_some_and(|(kind, _)| {
        AddressType::from_token(kind.trim().as_bytes()).is_some() || kind.eq_ignore_ascii_case("MS")
    });
    if has_type {
        TargetAddress::parse(text)
    } else if text.contains('@') {
        Ok(TargetAddress::new("SMTP", text))
    } else if text.split('/').count() == 3 {
        TargetAddress::parse(text)
    } else {
        Err(Note::new(Reason::AddressSyntax, format!("{text:?}")))
    }
}

fn name(attributes: &Attributes) -> Option<String> {
    NAMES.iter().find_map(|name| text(attributes, name))
}

fn text(attributes: &Attributes, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(attributes.first(name)?)
        .trim()
        .to_owned();
    Some(text).filter(|text| !text.is_empty())
}

/// Returns the last part of an address (NT-05).
fn name_from_address(address: &TargetAddress) -> String {
    let value = address.value();
    let part = match address.three_parts() {
        Some([_, _, mailbox]) => mailbox,
        None => value.split('@').next().unwrap_or(value),
    };
    part.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(pairs: &[(&str, &str)], column: Option<&str>) -> (String, String) {
        let attributes = pairs.iter().copied().collect();
        let found = Recipient::of(&attributes, column);
        let address = match &found.address {
            Ok(address) => address.to_string(),
            Err(note) => note.reason.to_string(),
        };
        (address, found.name)
    }

    #[test]
    fn the_address_comes_from_where_it_is_surest() {
        for (pairs, column, address) in [
            (
                &[("syncAddress", "PCM:N/P/BOB"), ("mail", "b@x")][..],
                None,
                "MS:N/P/BOB",
            ),
            (
                &[
                    ("syncProxyPrimary", "SMTP:b@x"),
                    ("syncProxyPrimary", "MS:N/P/B"),
                ],
                None,
                "MS:N/P/B",
            ),
            (&[("syncProxyPrimary", "SMTP:b@x")], None, "SMTP:b@x"),
            (&[("mail", "b@x")], None, "SMTP:b@x"),
            (&[("InternetAddress", "b@x")], None, "SMTP:b@x"),
            (&[("mail", "b@x"), ("PO", "N/P/B")], Some("po"), "MS:N/P/B"),
            (&[("address", "x400:c=US;s=B")], None, "X400:c=US;s=B"),
            (&[("mail", "bob")], None, "address-syntax"),
            (&[("cn", "Bob")], None, "no-address"),
            (
                &[("objectClass", "syncRemoteAddress"), ("mail", "b@x")],
                None,
                "missing-attribute",
            ),
        ] {
            assert_eq!(recipient(pairs, column).0, address, "{pairs:?}");
        }
    }

    #[test]
    fn ntc_010_a_name_that_is_missing_is_derived_from_the_address() {
        for (pairs, name) in [
            (&[("mail", "b.smith@x"), ("cn", " ")][..], "b.smith"),
            (&[("syncAddress", "MS:N/P/BOB")], "BOB"),
            (
                &[
                    ("syncAddress", "MS:N/P/BOB"),
                    ("cn", "B"),
                    ("displayName", "Bob"),
                ],
                "Bob",
            ),
            (&[("mail", "b@x"), ("FullName", "Bob")], "Bob"),
        ] {
            assert_eq!(recipient(pairs, None).1, name, "{pairs:?}");
        }
    }
}
