//! The numbers of a requestor as REQCONF.GLB keeps them.

use super::Requestor;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::codec::sync_number::ReqSync;
use crate::protocol::sync::{RecordDigest, Stamp};

impl Requestor {
    /// Reads the numbers of a configuration.
    #[must_use]
    pub fn from_config(config: &ReqConf) -> Self {
        Self {
            req_sync: config.req_sync,
            digest: RecordDigest(config.req_digest),
            srv_sync: config.srv_sync,
            import_sync: config.import_sync,
            stamp: Stamp(config.server_stamp),
            sent: config.sent,
            raised_from: config.raised_from.checked_sub(1).map(ReqSync),
            import_requested: config.options.contains(ReqOptions::IMPORT_REQUESTED),
        }
    }

    /// Writes the numbers into a configuration.
    pub fn put(&self, config: &mut ReqConf) {
        config.req_sync = self.req_sync;
        config.req_digest = self.digest.0;
        config.srv_sync = self.srv_sync;
        config.import_sync = self.import_sync;
        config.server_stamp = self.stamp.0;
        config.sent = self.sent;
        config.raised_from = self.raised_from.map_or(0, |n| n.0.saturating_add(1));
        let asked = self.import_requested;
        config.options = config.options.with(ReqOptions::IMPORT_REQUESTED, asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::sync_number::{ImportSync, SrvSync};

    #[test]
    fn numbers_are_read_back_and_nothing_else_is_touched() {
        let numbers = Requestor {
            req_sync: ReqSync(1),
            digest: RecordDigest(2),
            srv_sync: SrvSync(3),
            import_sync: ImportSync(4),
            stamp: Stamp(5),
            sent: ReqSync(6),
            raised_from: Some(ReqSync(0)),
            import_requested: true,
        };
        let mut config = ReqConf {
            options: ReqOptions::CREATE_PO,
            limit: 9,
            ..ReqConf::default()
        };
        numbers.put(&mut config);
        assert_eq!(Requestor::from_config(&config), numbers);
        assert!(config.options.contains(ReqOptions::CREATE_PO));
        Requestor::default().put(&mut config);
        let expected = ReqConf {
            options: ReqOptions::CREATE_PO,
            limit: 9,
            ..ReqConf::default()
        };
        assert_eq!(config, expected);
    }
}
