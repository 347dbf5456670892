//! The URL of a subtree, RFC 4516: `ldap://HOST[:PORT]/BASE[??SCOPE]`.

use url::Url;

use crate::directory::dn::Dn;
use crate::directory::ldap::Scope;
use crate::tools::exit::ToolError;

/// A URL, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subtree {
    /// `ldap://HOST[:PORT]`.
    pub(super) server: String,
    /// Where it begins.
    pub(super) base: Dn,
    /// How far down it goes: to the end unless the URL says otherwise, since a base alone is no side.
    pub(super) scope: Scope,
}

impl Subtree {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none, or asks for something that a side cannot be: single attributes, a filter, an extension.
    pub(super) fn parse(text: &str) -> Result<Self, ToolError> {
        let wrong = |why: &str| ToolError::usage(format!("{text}: {why}"));
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it has no host"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(wrong(
                "a name and a password are given by --bind-dn and --password-file",
            ));
        }
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let server = format!("{}://{host}{port}", url.scheme());
        let base = decoded(url.path().strip_prefix('/').unwrap_or_default());
        let base = base.ok_or_else(|| wrong("the name is not UTF-8"))?;
        let base = Dn::parse(&base).map_err(|error| wrong(&error.to_string()))?;
        if base.is_root() {
            return Err(wrong(
                "it has no name to begin at, such as /ou=Imported,o=Org",
            ));
        }
        let parts: Vec<_> = url.query().unwrap_or_default().split('?').collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        if !matches!(part(0), "" | "*") {
            return Err(wrong("single attributes: a side is read with all of them"));
        }
        let scope = match part(1) {
            "" | "sub" => Scope::Subtree,
            "one" => Scope::OneLevel,
            "base" => Scope::Base,
            _ => return Err(wrong("the scope is none of sub, one and base")),
        };
        let filter = decoded(part(2)).unwrap_or_default();
        if !matches!(&filter[..], "" | "(objectClass=*)") {
            return Err(wrong(
                "a filter: what it leaves out would look as if it were absent",
            ));
        }
        if parts.len() > 3 && !part(3).is_empty() {
            return Err(wrong("no extension is known"));
        }
        Ok(Self {
            server,
            base,
            scope,
        })
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = (first == b'%').then(|| behind.get(..2)).flatten();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_server_a_base_and_how_far_down() {
        for (text, server, base, scope) in [
            (
                "ldap://h/ou=Imported,o=Org",
                "ldap://h",
                "ou=Imported,o=Org",
                Scope::Subtree,
            ),
            (
                "ldaps://h:6360/o=My%20Org??one",
                "ldaps://h:6360",
                "o=My Org",
                Scope::OneLevel,
            ),
            (
                "ldap://127.0.0.1:3890/o=J%C3%B6rg?*?sub?(objectClass=*)",
                "ldap://127.0.0.1:3890",
                "o=Jörg",
                Scope::Subtree,
            ),
            ("ldap://[::1]/o=x", "ldap://[::1]", "o=x", Scope::Subtree),
        ] {
            let found = Subtree::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((&found.server[..], found.scope), (server, scope), "{text}");
            assert!(found.base.is_same(&Dn::parse(base).expect(base)), "{text}");
        }
        for text in [
            "ldap://h",
            "ldap:///o=x",
            "ldap://h/o=x?cn",
            "ldap://h/o=x??all",
            "ldap://h/o=x???(cn=a)",
            "ldap://h/o=x????bindname=cn=a",
            "ldap://me:secret@h/o=x",
            "ldap://h/nothing",
        ] {
            Subtree::parse(text).expect_err(text);
        }
    }
}
