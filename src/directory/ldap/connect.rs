//! Connecting: to whom, as whom, how long.

use std::io;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::code::{Refusal, ResultCode};
use super::connection::Connection;
use super::error::LdapError;
use super::gate::{self, Gate};
use super::password::Password;
use crate::directory::trust;

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
    /// Says once it is set that the run is to end: no answer is waited for any longer then but to what changes something.
    pub stop: Option<Arc<AtomicBool>>,
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
            stop: None,
        }
    }

    /// Tells whether the password would be read by whoever is on the way: to another machine, and not encrypted.
    #[must_use]
    pub fn shows_password(&self) -> bool {
        let Login::Simple { .. } = self.login else {
            return false;
        };
        Server::parse(&self.url)
            .is_ok_and(|server| !server.is_encrypted && !self.start_tls && !server.is_here())
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

    fn trusted(&self) -> Result<Arc<ClientConfig>, LdapError> {
        trust::config(self.ca_file.as_deref()).map_err(|why| LdapError::CaFile {
            file: self.ca_file.clone().unwrap_or_default(),
            why,
        })
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
        let encryption = match server.is_encrypted || options.start_tls {
            true => Some(options.trusted()?),
            false => None,
        };
        let stream = server.reach(deadline)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| server.unreachable(source))?;
        let gate = Gate::default();
        let left = deadline.saturating_duration_since(Instant::now());
        let connected = runtime.block_on(async {
            let connecting = server.connect(stream, encryption, options.start_tls, &gate);
            match tokio::time::timeout(left, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(LdapError::Timeout(options.connect_timeout)),
            }
        })?;
        let (timeout, stop) = (options.operation_timeout, options.stop.clone());
        let mut connection = Self::new(runtime, connected, gate, timeout, stop);
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
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.timeout);
        let result = self.wait(async { ldap.simple_bind(&dn, password.reveal()).await })?;
        let result = result.map_err(|error| self.failed(error))?;
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

    /// Tells whether it is this machine by its address, or by the name that is reserved for that (RFC 6761).
    fn is_here(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => {
                let name = self.host.trim_end_matches('.').to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
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

    /// Encrypts where that is asked for, and puts the gate between the server and the library.
    async fn connect(
        &self,
        stream: TcpStream,
        encryption: Option<Arc<ClientConfig>>,
        start_tls: bool,
        gate: &Gate,
    ) -> Result<Ldap, LdapError> {
        let local = |source| self.unreachable(source);
        stream.set_nonblocking(true).map_err(local)?;
        let mut stream = tokio::net::TcpStream::from_std(stream).map_err(local)?;
        let (near, far) = UnixStream::pair().map_err(local)?;
        far.set_nonblocking(true).map_err(local)?;
        let far = tokio::net::UnixStream::from_std(far).map_err(local)?;
        match encryption {
            None => drop(tokio::spawn(gate.clone().stand(stream, far))),
            Some(config) => {
                if start_tls {
                    let answer = gate::start_tls(&mut stream).await;
                    answer
                        .map_err(|error| self.not_secured(error.to_string()))?
                        .map_err(|no| self.not_secured(format!("StartTLS refused: {no}")))?;
                }
                let name = ServerName::try_from(self.host.clone());
                let name = name.map_err(|error| self.not_secured(error.to_string()))?;
                let secured = TlsConnector::from(config).connect(name, stream).await;
                let secured = secured.map_err(|error| self.not_secured(error.to_string()))?;
                drop(tokio::spawn(gate.clone().stand(secured, far)));
            }
        }
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(near));
        let connected = LdapConnAsync::with_settings(settings, "ldapi://gate").await;
        let (connection, ldap) = connected.map_err(|error| local(io::Error::other(error)))?;
        // How it ends is seen by the requests that are then without answer.
        tokio::spawn(connection.drive());
        Ok(ldap)
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
    fn not_secured(&self, why: String) -> LdapError {
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
    fn a_password_shows_where_it_leaves_the_machine_in_the_clear() {
        for (url, start_tls, shows) in [
            ("ldap://dir.example", false, true),
            ("ldap://10.1.2.3:3890", false, true),
            ("ldap://[2001:db8::1]", false, true),
            ("ldap://localhost.example", false, true),
            ("ldap://dir.example", true, false),
            ("ldaps://dir.example", false, false),
            ("ldap://127.0.0.1", false, false),
            ("ldap://127.8.0.1", false, false),
            ("ldap://[::1]:3890", false, false),
            ("ldap://LOCALHOST:3890", false, false),
            ("ldap://dir.localhost", false, false),
        ] {
            let mut options = ConnectOptions::new(url);
            options.start_tls = start_tls;
            assert!(!options.shows_password(), "{url}: there is none");
            let options = options.login("cn=agent", Password::new("secret"));
            assert_eq!(options.shows_password(), shows, "{url}");
        }
    }

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
