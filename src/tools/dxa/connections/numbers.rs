//! The numbers of a connection, in the very form that a postoffice keeps them: REQCONF.GLB where the agent is a
//! requestor, SRVCONF.GLB with one record where it is the server.
//!
//! A server in Exchange has numbers of its own for each requestor, since what it sends to each differs (1.1). So each
//! connection is a dirsync server with one requestor, and its queue the master list.

use std::fmt;

use crate::address::PostofficeName;
use crate::codec::FixedText;
use crate::codec::Record;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::codec::srvconf::{RequestorRecord, SrvConf};
use crate::postoffice::places::word_of;
use crate::protocol::requestor::Requestor;
use crate::protocol::server::{Registered, Server};
use crate::tools::dxa::config::{Connection, Role};
use crate::tools::exit::{ExitCode, ToolError};

/// The numbers of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Numbers {
    /// The agent is a requestor.
    Requestor(Box<ReqConf>),
    /// It is the server.
    Server(Box<SrvConf>),
}

/// The three numbers of 1.1, for people and for the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub(in crate::tools::dxa) struct Shown {
    /// `syncReqSeq`: transactions of the requestor, confirmed or taken.
    pub(in crate::tools::dxa) req: u32,
    /// `syncSvrSeq`: transactions of the server, received or given out.
    pub(in crate::tools::dxa) svr: u32,
    /// `syncConfSeq`: of those, what the requestor has confirmed.
    pub(in crate::tools::dxa) conf: u32,
    /// `syncImpSeq`: full lists.
    pub(in crate::tools::dxa) imp: u32,
}

impl Numbers {
    /// Makes the numbers of a connection about which nothing is known.
    pub(in crate::tools::dxa) fn new(connection: &Connection) -> Result<Self, ToolError> {
        let mut numbers = match connection.role {
            Role::Requestor => Self::Requestor(Box::default()),
            Role::Server => {
                let (network, postoffice) = names(&connection.address)?;
                let mut conf = SrvConf::default();
                conf.requestors
                    .push(RequestorRecord::new(network, postoffice, 1));
                conf.header.next_registration = 2;
                conf.set_requestor_count();
                Self::Server(Box::new(conf))
            }
        };
        numbers.configure(connection)?;
        Ok(numbers)
    }

    /// Reads what the ledger keeps.
    pub(in crate::tools::dxa) fn decode(
        bytes: &[u8],
        connection: &Connection,
    ) -> Result<Self, ToolError> {
        let damaged = |error: &dyn fmt::Display| {
            let text = format!(
                "the numbers of {} in the ledger: {error}; dxa reset {} begins anew",
                connection.name, connection.name
            );
            ToolError::new(ExitCode::Damaged, text)
        };
        let mut numbers = match connection.role {
            Role::Requestor if bytes.len() == ReqConf::LEN => {
                Self::Requestor(Box::new(ReqConf::decode(bytes).map_err(|e| damaged(&e))?))
            }
            Role::Server if bytes.len() > ReqConf::LEN => {
                let conf = SrvConf::read_from(bytes).map_err(|e| damaged(&e))?;
                if conf.requestors.len() != 1 {
                    return Err(damaged(&format!(
                        "{} requestors, expected 1",
                        conf.requestors.len()
                    )));
                }
                Self::Server(Box::new(conf))
            }
            role => {
                let text = format!(
                    "connection {} was not a {} before: see dxa reset {}",
                    connection.name,
                    role.word(),
                    connection.name
                );
                return Err(ToolError::new(ExitCode::NotHere, text));
            }
        };
        numbers.configure(connection)?;
        Ok(numbers)
    }

    /// Returns the role that kept numbers are of: one REQCONF.GLB has a size of its own.
    pub(in crate::tools::dxa) fn role_of(bytes: &[u8]) -> Role {
        match bytes.len() <= ReqConf::LEN {
            true => Role::Requestor,
            false => Role::Server,
        }
    }

    /// Writes what the ledger keeps.
    pub(in crate::tools::dxa) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Requestor(conf) => {
                let mut bytes = vec![0; ReqConf::LEN];
                conf.encode(&mut bytes);
                bytes
            }
            Self::Server(conf) => {
                let mut bytes = Vec::new();
                conf.write_to(&mut bytes).expect("memory takes everything");
                bytes
            }
        }
    }

    /// Brings in what the configuration says.
    fn configure(&mut self, connection: &Connection) -> Result<(), ToolError> {
        let password = connection
            .password
            .as_ref()
            .map_or("", |password| password.reveal());
        let password = FixedText::new(password.as_bytes()).map_err(|error| {
            ToolError::usage(format!("connection {}: password: {error}", connection.name))
        })?;
        let types = word_of(&connection.export.types);
        match self {
            Self::Requestor(conf) => {
                (conf.server_network, conf.server_postoffice) = names(&connection.address)?;
                conf.password = password;
                conf.types = types;
                conf.options = conf
                    .options
                    .with(ReqOptions::TEMPLATES_SEND, connection.templates.sends())
                    .with(
                        ReqOptions::TEMPLATES_RECEIVE,
                        connection.templates.receives(),
                    );
            }
            Self::Server(conf) => {
                let record = &mut conf.requestors[0];
                (record.network, record.postoffice) = names(&connection.address)?;
                record.password = password;
            }
        }
        Ok(())
    }

    /// Returns the numbers of a requestor.
    ///
    /// # Errors
    /// They are those of a server.
    pub(in crate::tools::dxa) fn req_conf(&self) -> Result<&ReqConf, ToolError> {
        match self {
            Self::Requestor(conf) => Ok(conf),
            Self::Server(_) => Err(is_no(Role::Requestor)),
        }
    }

    /// Returns the numbers of a server.
    ///
    /// # Errors
    /// They are those of a requestor.
    pub(in crate::tools::dxa) fn srv_conf(&self) -> Result<&SrvConf, ToolError> {
        match self {
            Self::Server(conf) => Ok(conf),
            Self::Requestor(_) => Err(is_no(Role::Server)),
        }
    }

    /// Returns what people see.
    pub(in crate::tools::dxa) fn shown(&self) -> Shown {
        match self {
            Self::Requestor(conf) => Shown {
                req: conf.req_sync.0,
                svr: conf.srv_sync.0,
                conf: conf.srv_sync.0,
                imp: conf.import_sync.0,
            },
            Self::Server(conf) => {
                let record = &conf.requestors[0];
                Shown {
                    req: record.req_sync.0,
                    svr: conf.header.srv_sync.0,
                    conf: record.srv_sync.0,
                    imp: record.import_count.0,
                }
            }
        }
    }
}

/// The numbers are those of the other role.
fn is_no(role: Role) -> ToolError {
    let text = format!("the agent is no {} there", role.word());
    ToolError::new(ExitCode::NotHere, text)
}

/// The numbers of a requestor, for decisions.
pub(in crate::tools::dxa) fn requestor(conf: &ReqConf) -> Requestor {
    Requestor::from_config(conf)
}

/// The numbers of a server and its one requestor, for decisions.
pub(in crate::tools::dxa) fn server(conf: &SrvConf) -> (Server, Registered) {
    (
        Server::from_header(&conf.header),
        Registered::from_record(&conf.requestors[0]),
    )
}

/// Reads from kept numbers what the agent was, and the name of the other side; none where they cannot be read.
pub(in crate::tools::dxa) fn other_side(bytes: &[u8]) -> Option<(Role, PostofficeName)> {
    let role = Numbers::role_of(bytes);
    let (network, postoffice) = match role {
        Role::Requestor => {
            let conf = ReqConf::decode(bytes).ok()?;
            (conf.server_network, conf.server_postoffice)
        }
        Role::Server => {
            let conf = SrvConf::read_from(bytes).ok()?;
            let record = conf.requestors.first()?;
            (record.network, record.postoffice)
        }
    };
    let name = PostofficeName::from_checked(network.as_bytes(), postoffice.as_bytes());
    Some((role, name))
}

/// Puts back what a decision made of them.
pub(in crate::tools::dxa) fn put_server(
    conf: &mut SrvConf,
    server: &Server,
    registered: &Registered,
) {
    server.put(&mut conf.header);
    registered.put(&mut conf.requestors[0]);
}

fn names(place: &PostofficeName) -> Result<(FixedText<11>, FixedText<11>), ToolError> {
    let text =
        |bytes: &[u8]| FixedText::new(bytes).map_err(|error| ToolError::usage(error.to_string()));
    Ok((text(place.network())?, text(place.postoffice())?))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            req,
            svr,
            conf,
            imp,
        } = self;
        write!(f, "req={req} svr={svr} conf={conf} imp={imp}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::codec::sync_number::{ReqSync, SrvSync};
    use crate::tools::dxa::config::Config;

    fn connection(role: &str) -> Connection {
        let text = format!(
            "[agent]\naddress = \"NET1/AGENT\"\ndata = \"d\"\n[directory]\nurl = \"ldap://x\"\n[[connection]]\n\
             name = \"HQ\"\nrole = \"{role}\"\naddress = \"NET1/PO1\"\nimport-container = \"o=I\"\n\
             export-containers = [\"o=E\"]\ntypes = [\"PCM\", \"SMTP\"]\n"
        );
        let mut config = Config::parse(&text, Path::new("dxa.toml")).expect("a configuration");
        config.connections.remove(0)
    }

    #[test]
    fn numbers_are_read_back_as_they_were_kept() {
        for role in ["requestor", "server"] {
            let connection = connection(role);
            let mut numbers = Numbers::new(&connection).expect("new");
            match &mut numbers {
                Numbers::Requestor(conf) => conf.req_sync = ReqSync(7),
                Numbers::Server(conf) => {
                    let (mut own, mut registered) = server(conf);
                    (own.sync, registered.req_sync) = (SrvSync(9), ReqSync(7));
                    put_server(conf, &own, &registered);
                }
            }
            let read = Numbers::decode(&numbers.encode(), &connection).expect("read");
            assert_eq!(read, numbers);
            assert_eq!(read.shown().req, 7);
        }
    }

    #[test]
    fn a_role_that_was_changed_is_said() {
        let numbers = Numbers::new(&connection("server")).expect("new").encode();
        let error = Numbers::decode(&numbers, &connection("requestor")).expect_err("another role");
        assert_eq!(error.exit, ExitCode::NotHere);
        assert!(error.message.contains("dxa reset HQ"), "{}", error.message);
        let numbers = Numbers::decode(&numbers, &connection("server")).expect("the same role");
        numbers.srv_conf().expect("a server");
        let error = numbers.req_conf().expect_err("no requestor");
        assert_eq!(error.message, "the agent is no requestor there");
        assert_eq!(error.exit, ExitCode::NotHere);
    }
}
