//! Whose list a file is, and whether its numbers allow that it is taken (`spec/exchange.md` DX-06, DX-07, DX-10).

use std::path::Path;

use crate::codec::resync::ResyncHeader;
use crate::directory::note::Note;
use crate::plan::outcome::Reason;
use crate::protocol::requestor::resynced;
use crate::protocol::resync::{Lower, RequestorState, Verdict, judge};
use crate::protocol::sync::Stamp;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Connection, Role};
use crate::tools::dxa::connections::numbers::{Numbers, requestor};

use super::dropped::Permission;
use super::listfile::Label;

impl<'c> Agent<'c> {
    /// Finds out whose list it is: what it says itself, else the folder that it lies in.
    pub(in crate::tools::dxa) fn connection_of(
        &self,
        path: &Path,
        label: &Label,
    ) -> Result<&'c Connection, Note> {
        let config = self.config;
        let below = path.strip_prefix(self.home.incoming()).unwrap_or(path);
        let folder = below
            .components()
            .next()
            .filter(|_| below.components().count() > 1);
        let folder = folder.map(|folder| folder.as_os_str().to_string_lossy().into_owned());
        if let Some(name) = folder {
            return config.connection(&name).ok_or_else(|| {
                let near = config.near(&name).join(", ");
                let text = format!("the folder {name} names no connection; near it: {near}");
                Note::new(Reason::ListForOther, text)
            });
        }
        let page = config.agent.code_page;
        let is_same = |name: &str, place: &crate::address::PostofficeName| {
            name.eq_ignore_ascii_case(&place.view(page))
        };
        match label {
            Label::Resync(header) => {
                let maker = page.decode(&header.server);
                if is_same(&maker, &config.agent.address) {
                    return Err(Note::new(
                        Reason::ListOwn,
                        format!("{maker} made it, which is this agent"),
                    ));
                }
                let mut connections = config.connections.iter();
                let found =
                    connections.find(|c| c.role == Role::Requestor && is_same(&maker, &c.address));
                found.ok_or_else(|| {
                    let text = format!("{maker} made it, and no connection is to that server");
                    Note::new(Reason::ListForOther, text)
                })
            }
            Label::Ldif(record) => {
                let mut connections = config.connections.iter();
                let found =
                    connections.find(|c| c.import.owner.eq_ignore_ascii_case(&record.owner));
                found.ok_or_else(|| {
                    let text = format!(
                        "it is of {}, and no connection has that owner",
                        record.owner
                    );
                    Note::new(Reason::ListForOther, text)
                })
            }
            Label::None => match &config.connections[..] {
                [only] => Ok(only),
                _ => {
                    let text = "it does not say whose list it is: put it into in/NAME, named after the connection";
                    Err(Note::new(Reason::ListForOther, text))
                }
            },
        }
    }

    /// Judges the numbers of a list; returns those of the connection afterwards, none where a list has none.
    pub(in crate::tools::dxa) fn judge(
        &self,
        connection: &Connection,
        numbers: &Numbers,
        label: &Label,
        permission: Permission,
    ) -> Result<(Option<Numbers>, Option<String>), Note> {
        let (Label::Resync(header), Numbers::Requestor(conf)) = (label, numbers) else {
            return Ok((None, None));
        };
        let own = requestor(conf);
        let state = RequestorState {
            name: self.config.agent.address.clone(),
            server: Some(connection.address.clone()),
            is_server: false,
            req_sync: own.req_sync,
            srv_sync: own.srv_sync,
            import_sync: own.import_sync,
            server_stamp: own.stamp.0,
        };
        let header = match permission.for_any {
            true => ResyncHeader {
                addressee: None,
                ..header.clone()
            },
            false => header.clone(),
        };
        let lower = |lower: &[Lower]| {
            lower
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let note = match judge(&header, &state, self.config.agent.code_page) {
            Verdict::Take => None,
            Verdict::TakeOlder(numbers) => {
                Some(format!("the server was restored: {}", lower(&numbers)))
            }
            Verdict::Own => return Err(Note::new(Reason::ListOwn, "made here")),
            Verdict::ForOther {
                found,
                expected,
                role,
            } => {
                let page = self.config.agent.code_page;
                let text = format!(
                    "{role} is {}, expected {}",
                    page.decode(&found),
                    expected.view(page)
                );
                return Err(Note::new(Reason::ListForOther, text));
            }
            Verdict::Stale(numbers) => return Err(Note::new(Reason::SequenceOld, lower(&numbers))),
        };
        let said = (header.req_sync, header.srv_sync, header.import_sync);
        let mut next = conf.clone();
        resynced(&own, said, Stamp(header.stamp)).put(&mut next);
        Ok((Some(Numbers::Requestor(next)), note))
    }
}
