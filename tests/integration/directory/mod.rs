//! The directory layer against a real server.

#[cfg(feature = "ldap")]
mod access;
#[cfg(feature = "ldap")]
mod connecting;
#[cfg(feature = "ldap")]
mod hostile;
mod interorg;
#[cfg(feature = "ldap")]
mod pipeline;
#[cfg(feature = "ldap")]
mod reading;
mod server;
mod sync;
#[cfg(feature = "ldap")]
mod transactions;
#[cfg(feature = "ldap")]
mod values;
#[cfg(feature = "ldap")]
mod writing;

#[cfg(feature = "ldap")]
use self::client::{add, connect, connect_as, delete, dn, one, replace, values_of};

/// Short ways to what these tests do all the time.
#[cfg(feature = "ldap")]
mod client {
    use dirsync::directory::change::{Change, Modification};
    use dirsync::directory::dn::Dn;
    use dirsync::directory::entry::{Attributes, Entry};
    use dirsync::directory::ldap::{
        ConnectOptions, Connection, Operation, Password, Scope, Search,
    };

    use crate::support::slapd::{ADMIN, Slapd};

    pub(super) fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn connect(server: &Slapd) -> Connection {
        connect_as(server, ADMIN)
    }

    pub(super) fn connect_as(server: &Slapd, name: &str) -> Connection {
        let options = ConnectOptions::new(&server.url());
        let options = options.login(name, Password::new(server.password()));
        Connection::open(&options).unwrap_or_else(|error| panic!("{error}: {}", server.log()))
    }

    pub(super) fn add(name: &str, attributes: &[(&str, &str)]) -> Operation {
        let attributes = attributes.iter().copied();
        Operation::new(dn(name), Change::Add(Attributes::from_iter(attributes)))
    }

    pub(super) fn delete(name: &str) -> Operation {
        Operation::new(dn(name), Change::Delete)
    }

    pub(super) fn replace(name: &str, attribute: &str, values: &[&str]) -> Operation {
        let values = values.iter().map(|value| value.as_bytes().to_vec());
        let part = Modification::replace(attribute, values.collect());
        Operation::new(dn(name), Change::Modify(vec![part]))
    }

    /// Returns an entry with all its attributes, the operational ones too.
    #[track_caller]
    pub(super) fn one(connection: &mut Connection, name: &str) -> Entry {
        let mut search = Search::new(dn(name)).attributes(&["*", "+"]);
        search.scope = Scope::Base;
        let mut found = connection
            .find(&search)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.len(), 1, "{name}");
        found.remove(0)
    }

    pub(super) fn values_of(entry: &Entry, attribute: &str) -> Vec<String> {
        let mut values: Vec<_> = entry
            .attributes
            .values(attribute)
            .iter()
            .map(|value| String::from_utf8(value.to_vec()).expect("text"))
            .collect();
        values.sort_unstable();
        values
    }
}
