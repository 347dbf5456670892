//! The messages in the agent's postoffice: what has come and waits to be taken, what was sent and waits to be carried.

use std::collections::BTreeMap;
use std::path::Path;

use crate::address::PostofficeName;
use crate::postoffice::PostofficeError;
use crate::postoffice::layout::{Dir, Layout};
use crate::postoffice::mailbag::{self, Waiting};
use crate::protocol::mail::{Label, Party};
use crate::tools::dxa::config::Config;

/// How many messages lie there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::tools::dxa) struct Backlog {
    incoming: BTreeMap<String, u64>,
    outgoing: BTreeMap<String, u64>,
    /// Incoming ones of nobody that is registered, or that cannot be read.
    strange: u64,
}

impl Backlog {
    /// Counts the messages by connection; none where there is no postoffice yet.
    pub(in crate::tools::dxa) fn read(
        config: &Config,
        postoffice: &Path,
    ) -> Result<Self, PostofficeError> {
        let mut backlog = Self::default();
        if !postoffice.exists() {
            return Ok(backlog);
        }
        let layout = Layout::open(postoffice)?;
        for mail in mailbag::incoming(&layout)?.mails {
            let Some([from, _]) = parties(&layout, &mail, config)? else {
                continue;
            };
            match from.and_then(|party| name(config, &party.place)) {
                Some(name) => *backlog.incoming.entry(name).or_default() += 1,
                None => backlog.strange += 1,
            }
        }
        for mail in mailbag::list(&layout, Dir::P1)?.mails {
            let Some([_, to]) = parties(&layout, &mail, config)? else {
                continue;
            };
            if let Some(name) = to.and_then(|party| name(config, &party.place)) {
                *backlog.outgoing.entry(name).or_default() += 1;
            }
        }
        Ok(backlog)
    }

    /// Messages that a connection is to take.
    pub(in crate::tools::dxa) fn incoming(&self, connection: &str) -> u64 {
        self.incoming.get(connection).copied().unwrap_or_default()
    }

    /// Messages of nobody that is registered.
    pub(in crate::tools::dxa) fn strange(&self) -> u64 {
        self.strange
    }

    /// Messages that are to be carried to it.
    pub(in crate::tools::dxa) fn outgoing(&self, connection: &str) -> u64 {
        self.outgoing.get(connection).copied().unwrap_or_default()
    }
}

/// Reads whom a message is from and whom it is to; none where somebody took it away. What cannot be read is of nobody.
fn parties(
    layout: &Layout,
    mail: &Waiting,
    config: &Config,
) -> Result<Option<[Option<Party>; 2]>, PostofficeError> {
    let Some(file) = layout.open_file(&mail.file)? else {
        return Ok(None);
    };
    let head = mailbag::read_head(file, Label::MAX_HEAD_LEN).unwrap_or_default();
    let label = Label::parse(&head, config.agent.code_page);
    Ok(Some(
        label.map_or([None, None], |label| [label.from, label.to]),
    ))
}

fn name(config: &Config, place: &PostofficeName) -> Option<String> {
    let page = config.agent.code_page;
    let mut connections = config.connections.iter();
    let found = connections.find(|connection| connection.address.is_same(place, page));
    found.map(|connection| connection.name.clone())
}
