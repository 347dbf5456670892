//! Which database, as whom, and how it is reached.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use super::super::{PATIENCE, StoreError};
use super::fault::explain;
use crate::directory::trust;

/// The schema where the address names none.
const SCHEMA: &str = "dirsync";

/// Where Debian and its kin have the socket of the server.
const SOCKETS: &str = "/var/run/postgresql";

/// How long a server may take to answer the first time.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server that has gone without a word is waited for.
const SILENCE: Duration = Duration::from_secs(60);

/// Which database holds a master table, and how it is reached. Neither `Debug` nor an error shows the password.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    config: Config,
    schema: String,
    ca_file: Option<PathBuf>,
    place: String,
    patience: Duration,
}

impl PostgresSettings {
    /// Reads `postgresql://[USER@][HOST[:PORT]][/DATABASE][?OPTION=VALUE&...]`, with the options of PostgreSQL's own
    /// clients and with `search_path`, which names the schema. Without a host it is the socket of this machine.
    ///
    /// An encrypted connection is one to the server that was meant: its certificate has to be vouched for by an authority
    /// of the system or of `sslrootcert`, and be that of the host.
    ///
    /// # Errors
    /// It is no such address. The error repeats nothing of it, since a password may stand anywhere in it.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let wrong = |cause: &str| StoreError::Address {
            cause: cause.to_owned(),
        };
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = SCHEMA.to_owned();
        let mut ca_file = None;
        let mut kept = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                ("search_path", name) if is_schema(name) => schema = name.to_owned(),
                ("search_path", _) => {
                    return Err(wrong(
                        "search_path is to be one schema, of small letters, digits and _",
                    ));
                }
                ("options", text) if text.contains("search_path") => {
                    return Err(wrong("the schema is named by search_path, not in options"));
                }
                ("sslrootcert", file) => ca_file = Some(PathBuf::from(file)),
                ("sslmode", "verify-full") => kept.push((name, "require".into())),
                ("sslmode", "disable" | "prefer" | "require") => kept.push((name, value)),
                ("sslmode", _) => {
                    return Err(wrong(
                        "sslmode is to be disable, prefer, require or verify-full",
                    ));
                }
                _ => kept.push((name, value)),
            }
        }
        let mut text = address.to_owned();
        for (at, (name, value)) in kept.iter().enumerate() {
            // Percent signs, and never a plus for a blank: the driver knows none.
            let encode = |text: &str| {
                let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
                encoded.replace('+', "%20")
            };
            let sign = if at == 0 { '?' } else { '&' };
            let _ = write!(text, "{sign}{}={}", encode(name), encode(value));
        }
        let expected = "expected postgresql://USER@HOST/DATABASE, with options that PostgreSQL has";
        if !(url.starts_with("postgresql://") || url.starts_with("postgres://")) {
            return Err(wrong(expected));
        }
        let mut config: Config = text.parse().map_err(|_| wrong(expected))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path(SOCKETS);
        }
        if config.get_application_name().is_none() {
            config.application_name("dirsync");
        }
        let is_given = |option| kept.iter().any(|(name, _)| name == option);
        if !is_given("connect_timeout") {
            config.connect_timeout(CONNECT);
        }
        if !is_given("keepalives_idle") {
            config.keepalives_idle(SILENCE);
        }
        if !is_given("tcp_user_timeout") {
            config.tcp_user_timeout(SILENCE);
        }
        Ok(Self {
            place: place(&config, &schema),
            config,
            schema,
            ca_file,
            patience: PATIENCE,
        })
    }

    /// Logs in with this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Waits so long for another hub.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns database, schema and host, for people.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// What holds for one transaction: which schema, and how long it waits for others.
    pub(super) fn for_transaction(&self) -> String {
        format!(
            "SET LOCAL search_path = \"{}\", pg_temp; SET LOCAL lock_timeout = {}",
            self.schema,
            // Zero is for ever.
            self.patience.as_millis().max(1)
        )
    }

    pub(super) fn connect(&self) -> Result<Client, StoreError> {
        let is_local = |host: &Host| matches!(host, Host::Unix(_));
        let connected = match self.config.get_ssl_mode() {
            SslMode::Disable => self.config.connect(NoTls),
            SslMode::Prefer if self.config.get_hosts().iter().all(is_local) => {
                self.config.connect(NoTls)
            }
            _ => {
                let trusted = trust::config(self.ca_file.as_deref()).map_err(|why| {
                    let file = self.ca_file.as_deref().unwrap_or(Path::new(""));
                    self.io(format!("sslrootcert {}: {why}", file.display()))
                })?;
                let encrypted = MakeRustlsConnect::new((*trusted).clone());
                self.config.connect(encrypted)
            }
        };
        connected.map_err(|error| self.io(explain(&error)))
    }

    fn io(&self, cause: String) -> StoreError {
        StoreError::Io {
            place: self.place.clone(),
            cause,
        }
    }
}

/// A name that means the same to whoever writes it without quotes.
fn is_schema(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    // What begins with pg_ is the server's own. A name has 63 bytes at most.
    name.len() <= 63
        && name.bytes().all(is_fine)
        && name.bytes().next().is_some_and(begins)
        && !name.starts_with("pg_")
}

fn place(config: &Config, schema: &str) -> String {
    let database = config.get_dbname().or(config.get_user());
    let mut text = format!("{}.{schema} at ", database.unwrap_or_default());
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let mut hosts: Vec<String> = hosts.collect();
    if hosts.is_empty() {
        let addresses = config.get_hostaddrs().iter();
        hosts.extend(addresses.map(ToString::to_string));
    }
    let ports = config.get_ports();
    for (at, host) in hosts.iter().enumerate() {
        let port = ports.get(at).or(ports.first()).unwrap_or(&5432);
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{host}:{port}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(url: &str) -> String {
        let settings = PostgresSettings::parse(url);
        settings.map_or_else(
            |error| error.to_string(),
            |settings| settings.place().to_owned(),
        )
    }

    #[test]
    fn an_address_says_database_schema_and_host() {
        for (url, place) in [
            (
                "postgresql://hub@db.example/mail",
                "mail.dirsync at db.example:5432",
            ),
            (
                "postgres://hub@h1:1,h2:2/mail?search_path=io",
                "mail.io at h1:1,h2:2",
            ),
            (
                "postgresql:///mail",
                "mail.dirsync at /var/run/postgresql:5432",
            ),
            (
                "postgresql://hub@%2Frun%2Fpg:9/mail",
                "mail.dirsync at /run/pg:9",
            ),
            ("postgresql://hub@h", "hub.dirsync at h:5432"),
        ] {
            assert_eq!(place_of(url), place, "{url}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_and_not_repeated() {
        for url in [
            "mysql://h/d",
            "postgresql://h/d?speed=secret",
            "postgresql://u:pa?secret@h/d",
            "postgresql://h:secret/d",
            "postgresql://h/d?sslmode=secret",
            "postgresql://h/d?sslmode=verify-ca",
            "postgresql://h/d?search_path=Secret",
            "postgresql://h/d?search_path=a,secret",
            "postgresql://h/d?search_path=pg_secret",
            "postgresql://h/d?search_path=",
            "postgresql://h/d?options=-csearch_path%3Dsecret",
        ] {
            let error = PostgresSettings::parse(url).expect_err(url).to_string();
            assert!(!error.to_lowercase().contains("secret"), "{url}: {error}");
            assert!(
                error.starts_with("the address of the master table"),
                "{error}"
            );
        }
    }

    #[test]
    fn options_reach_the_driver_as_they_were_meant() {
        let url = "postgresql://h/d?application_name=a+b%26c&connect_timeout=3&sslmode=verify-full";
        let settings = PostgresSettings::parse(url).expect("an address");
        assert_eq!(settings.config.get_application_name(), Some("a b&c"));
        let waits = settings.config.get_connect_timeout().copied();
        assert_eq!(waits, Some(Duration::from_secs(3)));
        assert_eq!(settings.config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn a_password_does_not_show() {
        let url = "postgresql://hub:s3cret@h/d?password=s3cret";
        let settings = PostgresSettings::parse(url).expect("an address");
        for settings in [settings.clone(), settings.password("s3cret")] {
            assert!(!format!("{settings:#?}").contains("s3cret"));
            assert!(!settings.place().contains("s3cret"));
        }
    }
}
