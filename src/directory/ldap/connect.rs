//! Connecting: to whom, as whom, how long.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ldap3::{LdapConnAsync, LdapConnSettings, StdStream};
use url::{Host, Url};

use super::code::{Refusal, ResultCode};
use super::connection::Connection;
use super::error::LdapError;
use super::password::Password;
use super::tls;

/// To whom, as whom, how long.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `ldap://HOST[:PORT]` or `ldaps://HOST[:PORT]`.
    pub url: String,
    /// Whether an `ldap:` connection is encrypted before anything else is said.
    pub start_tls: bool,
    /// Certificates (PEM) of authorities that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Who we are.
    pub login: Login,
    /// How long connecting may take, encryption included.
    pub connect_timeout: Duration,
    /// How long the server may take to answer a request, or to send the next entry.
    pub operation_timeout: Duration,
}

/// Who we are to the server.
#[derive(Debug, Clone)]
pub enum Login {
    /// Nobody.
    Anonymous,
    /// Name and password.
    Simple {
        /// The name. It is the server's business to read it, so it stays text.
        dn: String,
        /// The password.
        password: Password,
    },
}

impl ConnectOptions {
    /// To a server, as nobody, with 10 seconds to connect and 60 for each answer.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            start_tls: false,
            ca_file: None,
            login: Login::Anonymous,
            connect_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(60),
        }
    }

    /// As somebody.
    #[must_use]
    pub fn login(mut self, dn: &str, password: Password) -> Self {
        self.login = Login::Simple {
            dn: dn.to_owned(),
            password,
        };
        self
    }
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Which step failed: the address, the way there, the encryption, or name and password.
    pub fn open(options: &ConnectOptions) -> Result<Self, LdapError> {
        let server = Server::parse(&options.url)?;
        if server.is_encrypted && options.start_tls {
            return Err(
                server.wrong("StartTLS is for ldap: addresses; ldaps: is encrypted already")
            );
        }
        let deadline = Instant::now() + options.connect_timeout;
        let mut settings = LdapConnSettings::new();
        if server.is_encrypted || options.start_tls {
            settings = settings.set_config(tls::config(options.ca_file.as_deref())?);
        }
        let stream = server.reach(deadline)?;
        let settings = settings
            .set_starttls(options.start_tls)
            .set_conn_timeout(deadline.saturating_duration_since(Instant::now()))
            .set_std_stream(StdStream::Tcp(stream));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| server.unreachable(source))?;
        let connected = runtime.block_on(async {
            let (connection, ldap) = LdapConnAsync::with_settings(settings, &options.url).await?;
            // How it ends is seen by the requests that are then without answer.
            tokio::spawn(connection.drive());
            Ok(ldap)
        });
        let ldap = connected.map_err(|error| server.not_secured(error, options.connect_timeout))?;
        let mut connection = Self::new(runtime, ldap, options.operation_timeout);
        connection.log_in(&options.url, &options.login)?;
        Ok(connection)
    }

    fn log_in(&mut self, url: &str, login: &Login) -> Result<(), LdapError> {
        let Login::Simple { dn, password } = login else {
            return Ok(());
        };
        let (url, dn) = (url.to_owned(), dn.clone());
        if password.is_empty() {
            return Err(LdapError::NoPassword { url, dn });
        }
        let result = self.request(async |ldap| ldap.simple_bind(&dn, password.reveal()).await)?;
        match Refusal::check(result) {
            Ok(()) => Ok(()),
            Err(refusal) if refusal.code == ResultCode::INVALID_CREDENTIALS => {
                Err(LdapError::WrongPassword { url, dn })
            }
            Err(refusal) => Err(LdapError::Refused {
                what: format!("login as {dn:?} at {url}"),
                refusal,
            }),
        }
    }
}

/// An address, taken apart.
struct Server<'u> {
    url: &'u str,
    host: String,
    port: u16,
    is_encrypted: bool,
}

impl<'u> Server<'u> {
    fn parse(url: &'u str) -> Result<Self, LdapError> {
        let wrong = |why: &str| LdapError::Url {
            url: url.to_owned(),
            why: why.to_owned(),
        };
        let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        let is_encrypted = match parsed.scheme() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err(wrong("it must begin with ldap:// or ldaps://")),
        };
        let is_more = !matches!(parsed.path(), "" | "/")
            || parsed.query().is_some()
            || parsed.fragment().is_some()
            || !parsed.username().is_empty()
            || parsed.password().is_some();
        if is_more {
            return Err(wrong("it has more than host and port"));
        }
        let host = match parsed.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(wrong("it has no host")),
        };
        let usual_port = if is_encrypted { 636 } else { 389 };
        Ok(Self {
            url,
            host,
            port: parsed.port().unwrap_or(usual_port),
            is_encrypted,
        })
    }

    /// Connects to the first of its addresses that answers.
    fn reach(&self, deadline: Instant) -> Result<TcpStream, LdapError> {
        let addresses = (&self.host[..], self.port).to_socket_addrs();
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses.map_err(|source| self.unreachable(source))? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                last = io::ErrorKind::TimedOut.into();
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    // Many small requests on their way at a time must not wait for each other.
                    stream
                        .set_nodelay(true)
                        .map_err(|source| self.unreachable(source))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(self.unreachable(last))
    }

    fn unreachable(&self, source: io::Error) -> LdapError {
        LdapError::Unreachable {
            url: self.url.to_owned(),
            source,
        }
    }

    fn wrong(&self, why: &str) -> LdapError {
        LdapError::Url {
            url: self.url.to_owned(),
            why: why.to_owned(),
        }
    }

    /// Says why the connection, which was there, could not be encrypted.
    fn not_secured(&self, error: ldap3::LdapError, timeout: Duration) -> LdapError {
        let why = match error {
            ldap3::LdapError::Timeout { .. } => return LdapError::Timeout(timeout),
            ldap3::LdapError::LdapResult { result } => {
                format!("StartTLS refused: {}", Refusal::from(result))
            }
            ldap3::LdapError::ResultRecv { .. } => "the server hung up".to_owned(),
            ldap3::LdapError::Io { source } => source.to_string(),
            other => other.to_string(),
        };
        LdapError::Tls {
            url: self.url.to_owned(),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for (url, host, port) in [
            ("ldap://dir.example", "dir.example", 389),
            ("ldaps://dir.example/", "dir.example", 636),
            ("ldap://127.0.0.1:3890", "127.0.0.1", 3890),
            ("ldap://[::1]:3890", "::1", 3890),
        ] {
            let server = Server::parse(url).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((&server.host[..], server.port), (host, port), "{url}");
        }
        for (url, why) in [
            ("dir.example", "relative URL without a base"),
            (
                "http://dir.example",
                "it must begin with ldap:// or ldaps://",
            ),
            ("ldapi:///", "it must begin with ldap:// or ldaps://"),
            ("ldap:///o=Org", "it has more than host and port"),
            ("ldap://", "it has no host"),
            (
                "ldap://me:secret@dir.example",
                "it has more than host and port",
            ),
            ("ldap://dir.example/o=Org", "it has more than host and port"),
            ("ldap://dir.example:x", "invalid port number"),
        ] {
            match Server::parse(url) {
                Err(LdapError::Url { why: found, .. }) => assert_eq!(found, why, "{url}"),
                Err(other) => panic!("{url}: {other}"),
                Ok(_) => panic!("{url} was taken"),
            }
        }
    }
}
