//! Groups, gateway names without addresses and dir-sync servers, put into a postoffice byte by byte.

use dirsync::codec::codepage::CodePage;
use dirsync::codec::srvconf::{RequestorRecord, SrvConf};
use dirsync::codec::{
    AliasKind, FixedText, GroupRecord, GroupTable, GrpTable, HexId, NmeRecord, Record,
};
use dirsync::postoffice::{File, layout};

use super::{Office, name};

fn text<const N: usize>(text: &str) -> FixedText<N> {
    let bytes = CodePage::Cp850.encode(text).expect("in the code page");
    FixedText::new(&bytes).expect("fits")
}

pub(crate) fn encoded(record: &impl Record) -> Vec<u8> {
    fn len<T: Record>(_: &T) -> usize {
        T::LEN
    }
    let mut bytes = vec![0; len(record)];
    record.encode(&mut bytes);
    bytes
}

impl Office {
    /// Makes groups of name, address, TID and members' TIDs; the Administrator has TID 1.
    pub(crate) fn groups(self, groups: &[(&str, &str, u32, &[u32])]) -> Self {
        let mut table = GroupTable::default();
        let mut chains = GrpTable::default();
        let mut names = self.bytes(&layout::ADMIN_NME);
        for (alias, address, tid, members) in groups {
            let pointer = chains.append(members).expect("below 4 GiB");
            table
                .records
                .push(GroupRecord::new(text(alias), text(address), *tid, pointer));
            let mut entry = NmeRecord::new(AliasKind::Group, text(alias), *tid);
            entry.pointer = pointer;
            entry.id = HexId(*tid);
            names.extend(encoded(&entry));
        }
        let mut bytes = Vec::new();
        table.write_to(&mut bytes).expect("a vector takes it");
        self.put(&layout::GROUP, &bytes);
        let mut bytes = Vec::new();
        chains.write_to(&mut bytes).expect("a vector takes it");
        self.put(&layout::ADMIN_GRP, &bytes);
        self.put(&layout::ADMIN_NME, &names);
        self.put(&layout::ADMINSHD_NME, &names);
        self
    }

    /// Adds a name to a gateway list that points to no address.
    pub(crate) fn name_without_address(self, kind: &str, alias: &str) -> Self {
        let file = File::gateway_nme(kind).expect("a gateway");
        let mut names = self.bytes(&file);
        let mut record = NmeRecord::new(AliasKind::External, text(alias), 99);
        record.pointer = 0x00ff_ffff;
        names.extend(encoded(&record));
        self.put(&file, &names);
        self
    }

    /// Makes the postoffice a dir-sync server with requestors of name, ReqSync, SrvSync and import number.
    pub(crate) fn server(self, requestors: &[(&str, u32, u32, u32)]) -> Self {
        self.server_with(requestors, |_| ())
    }

    /// As [`Self::server`], with more changes.
    pub(crate) fn server_with(
        self,
        requestors: &[(&str, u32, u32, u32)],
        change: impl FnOnce(&mut SrvConf),
    ) -> Self {
        let mut config = SrvConf::default();
        for ((requestor, req, srv, import), registration) in requestors.iter().zip(1..) {
            let requestor = name(requestor);
            let network = FixedText::new(requestor.network()).expect("fits");
            let postoffice = FixedText::new(requestor.postoffice()).expect("fits");
            let mut record = RequestorRecord::new(network, postoffice, registration);
            record.req_sync.0 = *req;
            record.srv_sync.0 = *srv;
            config.header.srv_sync = config.header.srv_sync.max(record.srv_sync);
            record.import_count.0 = *import;
            config.requestors.push(record);
        }
        config.set_requestor_count();
        change(&mut config);
        let mut bytes = Vec::new();
        config.write_to(&mut bytes).expect("a vector takes it");
        self.put(&layout::SRVCONF, &bytes);
        self
    }

    pub(crate) fn server_config(&self) -> SrvConf {
        SrvConf::read_from(&self.bytes(&layout::SRVCONF)[..]).expect("whole")
    }
}
