//! The numbers of the server and its requestors as SRVCONF.GLB keeps them.

use super::{Due, ImportReason, Registered, Server};
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConfHeader};
use crate::codec::stamps::StampRing;
use crate::protocol::sync::{Issued, RecordDigest, Stamp};

impl Server {
    /// Reads the numbers of the header.
    #[must_use]
    pub fn from_header(header: &SrvConfHeader) -> Self {
        Self {
            sync: header.srv_sync,
            cycle: header.cycle,
            stamp: Stamp(header.stamp),
            issued: Issued::from_newest(header.issued.iter()),
        }
    }

    /// Writes the numbers into the header.
    pub fn put(&self, header: &mut SrvConfHeader) {
        header.srv_sync = self.sync;
        header.cycle = self.cycle;
        header.stamp = self.stamp.0;
        header.issued = StampRing::from_newest(self.issued.iter().map(|stamp| stamp.0));
    }
}

impl Registered {
    /// Reads the numbers of a record.
    #[must_use]
    pub fn from_record(record: &RequestorRecord) -> Self {
        let has = |flag| record.flags.contains(flag);
        let reason = ImportReason::from_code(record.import_reason).unwrap_or(ImportReason::Asked);
        Self {
            req_sync: record.req_sync,
            digest: RecordDigest(record.req_digest),
            srv_sync: record.srv_sync,
            import_count: record.import_count,
            heard: Stamp(record.heard_stamp),
            sent: Issued::from_newest(record.sent_stamps.iter()),
            due: Due {
                reply: has(RequestorFlags::REPLY_DUE),
                import: has(RequestorFlags::IMPORT_DUE).then_some(reason),
                export: has(RequestorFlags::EXPORT_DUE),
            },
        }
    }

    /// Writes the numbers into a record.
    pub fn put(&self, record: &mut RequestorRecord) {
        record.req_sync = self.req_sync;
        record.req_digest = self.digest.0;
        record.srv_sync = self.srv_sync;
        record.import_count = self.import_count;
        record.heard_stamp = self.heard.0;
        record.sent_stamps = StampRing::from_newest(self.sent.iter().map(|stamp| stamp.0));
        record.import_reason = self.due.import.map_or(0, ImportReason::code);
        record.flags = record
            .flags
            .with(RequestorFlags::REPLY_DUE, self.due.reply)
            .with(RequestorFlags::IMPORT_DUE, self.due.import.is_some())
            .with(RequestorFlags::EXPORT_DUE, self.due.export);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

    #[test]
    fn numbers_are_read_back_and_nothing_else_is_touched() {
        let server = Server {
            sync: SrvSync(1),
            cycle: 2,
            stamp: Stamp(9),
            issued: Issued::from_newest([9, 7]),
        };
        let mut header = SrvConfHeader::default();
        server.put(&mut header);
        assert_eq!(Server::from_header(&header), server);
        let entry = Registered {
            req_sync: ReqSync(3),
            digest: RecordDigest(4),
            srv_sync: SrvSync(5),
            import_count: ImportSync(6),
            heard: Stamp(7),
            sent: Issued::from_newest([9, 8]),
            due: Due {
                reply: true,
                import: Some(ImportReason::Beyond),
                export: true,
            },
        };
        let mut record = RequestorRecord {
            flags: RequestorFlags::TEMPLATES,
            limit: 8,
            ..RequestorRecord::default()
        };
        entry.put(&mut record);
        assert_eq!(Registered::from_record(&record), entry);
        Registered::default().put(&mut record);
        let expected = RequestorRecord {
            flags: RequestorFlags::TEMPLATES,
            limit: 8,
            ..RequestorRecord::default()
        };
        assert_eq!(record, expected);
    }
}
