//! The dir-sync server that a full list comes from: its numbers, its requestors and its STAMP.

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::master::GatewayWord;
use crate::codec::reqconf::ReqConf;
use crate::codec::resync::ResyncHeader;
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConf};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::codec::timestamp::Timestamp;
use crate::messages::Message;
use crate::postoffice::master_list::MasterList;
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::protocol::resync::{ServerNumbers, header_numbers};
use crate::protocol::server::{Master, Server as Numbers};
use crate::tools::exit::{ExitCode, ToolError};

use super::Selection;
use super::own::{is_ahead_of_resync, master};

/// What a dir-sync server knows of itself.
#[derive(Debug)]
pub struct Server {
    config: SrvConf,
    own: ReqConf,
    /// What it answers from.
    master: Master,
    /// Changes of the own users come once more behind a resync file.
    is_ahead: bool,
    name: PostofficeName,
    code_page: CodePage,
}

impl Server {
    /// Reads SRVCONF and REQCONF.
    ///
    /// # Errors
    /// [`ExitCode::NotHere`] with message 67 where the postoffice is no server; a file is damaged.
    pub fn load(po: &Postoffice) -> Result<Self, ToolError> {
        let Some(config) = po.server_config()? else {
            let message = Message::new(67, "");
            let error = ToolError::new(ExitCode::NotHere, message.to_string());
            return Err(error.with_message(message));
        };
        let name = po.name().clone();
        let code_page = po.code_page();
        let numbers = Numbers::from_header(&config.header);
        let own = config.find(name.network(), name.postoffice(), code_page);
        let taken = own.map_or(ReqSync::ZERO, |own| config.requestors[own].req_sync);
        let list = match MasterList::open(po) {
            Ok(list) => Some(list),
            // A resync is the way out of that (Q112280).
            Err(PostofficeError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let master = master(po, &numbers, list.as_ref(), taken)?;
        Ok(Self {
            is_ahead: is_ahead_of_resync(po, list.as_ref(), master.applied, taken)?,
            own: po.requestor_config()?,
            master,
            config,
            name,
            code_page,
        })
    }

    /// Returns the numbers of a resync file: they are the same whomever it is for, since a file that has the highest
    /// numbers of some requestors only is refused by the others (Q215505).
    #[must_use]
    pub fn numbers(&self) -> (ReqSync, SrvSync, ImportSync) {
        let active = self
            .config
            .requestors
            .iter()
            .filter(|r| r.state.is_active());
        let requestors = active.map(|r| (r.req_sync, r.srv_sync, r.import_count));
        header_numbers(&ServerNumbers {
            requestors: requestors.collect(),
            own_srv_sync: self.master.applied,
            own_import_sync: self.own.import_sync,
        })
    }

    /// Gives out the next STAMP: the clock, or one more than the last where the clock was set back. It counts among
    /// those that the server knows once SRVCONF is staged, unless its lists are not in step. Where changes of the own
    /// users come once more behind the file, the server itself is asked to export behind them.
    ///
    /// # Errors
    /// There is none left.
    pub fn issue_stamp(&mut self, now: Timestamp) -> Result<u32, ToolError> {
        let mut numbers = Numbers::from_header(&self.config.header);
        let stamp = numbers.issue_resync(now, &self.master).ok_or_else(|| {
            ToolError::new(ExitCode::CannotWrite, "SRVCONF.GLB: no STAMP is left")
        })?;
        numbers.put(&mut self.config.header);
        let own = self
            .config
            .find(self.name.network(), self.name.postoffice(), self.code_page);
        if let Some(own) = own.filter(|_| self.is_ahead) {
            let flags = &mut self.config.requestors[own].flags;
            *flags = flags.with(RequestorFlags::EXPORT_DUE, true);
        }
        Ok(stamp.0)
    }

    /// Stages SRVCONF.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        let mut bytes = Vec::new();
        self.config.write_to(&mut bytes).expect("a vector takes it");
        batch.replace_bytes(&layout::SRVCONF, &bytes)
    }

    /// Returns the header of a resync file.
    #[must_use]
    pub fn header(&self, stamp: u32, addressee: Option<&PostofficeName>) -> ResyncHeader {
        let (req_sync, srv_sync, import_sync) = self.numbers();
        ResyncHeader {
            import_sync,
            req_sync,
            srv_sync,
            stamp,
            server: self.name.encode().into(),
            addressee: addressee.map(|name| name.encode().into()),
        }
    }

    /// Finds a registered requestor by its whole name; returns its name as it is registered.
    ///
    /// # Errors
    /// [`ExitCode::NotFound`] with message 120.
    pub fn requestor(
        &self,
        name: &PostofficeName,
    ) -> Result<(PostofficeName, &RequestorRecord), ToolError> {
        let Some(record) = self.find(name) else {
            let message = Message::new(120, name.view(self.code_page));
            let error = format!("{message} (unknown-requestor)");
            return Err(ToolError::new(ExitCode::NotFound, error).with_message(message));
        };
        let registered = [record.network.as_bytes(), record.postoffice.as_bytes()].join(&b'/');
        let registered = PostofficeName::parse(&registered, self.code_page)
            .map_err(|e| ToolError::new(ExitCode::Damaged, format!("SRVCONF.GLB: {e}")))?;
        Ok((registered, record))
    }

    fn find(&self, name: &PostofficeName) -> Option<&RequestorRecord> {
        let index = self
            .config
            .find(name.network(), name.postoffice(), self.code_page)?;
        self.config.requestors.get(index)
    }
}

/// Returns what a requestor has asked for: its types, PC Mail always among them, and whether it takes templates.
#[must_use]
pub fn settings(record: &RequestorRecord) -> Selection {
    let types = GatewayWord(u16::try_from(record.types & 0xffff).unwrap_or_default());
    Selection {
        types: Some(types.with(GatewayWord::PCM, true)),
        templates: record.flags.contains(RequestorFlags::TEMPLATES),
        without: None,
    }
}
