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
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::protocol::resync::{ServerNumbers, header_numbers};
use crate::protocol::server::{Server as Numbers, own_applied};
use crate::tools::exit::{ExitCode, ToolError};

use super::Selection;

/// What a dir-sync server knows of itself.
#[derive(Debug)]
pub struct Server {
    config: SrvConf,
    own: ReqConf,
    /// What the own lists hold of MSTTRANS.
    applied: SrvSync,
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
        let own = po.requestor_config()?;
        let sync = config.header.srv_sync;
        Ok(Self {
            applied: own_applied(own.srv_sync, po.first_pending()?, sync),
            config,
            own,
            name: po.name().clone(),
            code_page: po.code_page(),
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
        let own = self.find(&self.name).map(|record| record.srv_sync);
        header_numbers(&ServerNumbers {
            requestors: requestors.collect(),
            own_record: own,
            own_srv_sync: self.applied,
            own_import_sync: self.own.import_sync,
        })
    }

    /// Gives out the next STAMP: the clock, or one more than the last where the clock was set back. It counts among
    /// those that the server knows once SRVCONF is staged.
    ///
    /// # Errors
    /// There is none left.
    pub fn issue_stamp(&mut self, now: Timestamp) -> Result<u32, ToolError> {
        let mut numbers = Numbers::from_header(&self.config.header);
        let stamp = numbers.issue(now).ok_or_else(|| {
            ToolError::new(ExitCode::CannotWrite, "SRVCONF.GLB: no STAMP is left")
        })?;
        numbers.put(&mut self.config.header);
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
