//! `rebuild` through the real program: what stands in the global list after it, and after one that was stopped.

mod failures;
mod hostile;
mod identifiers;
mod list;
mod order;
mod requests;

use dirsync::codec::codepage::CodePage;
use dirsync::codec::{
    AliasKind, FixedText, GatewayFile, GatewayRecord, HexId, NetpoRecord, NmeRecord, Record,
    UsrRecord,
};
use dirsync::postoffice::gal::Gal;
use dirsync::postoffice::places::Places;
use dirsync::postoffice::{File, layout};

use crate::support::{Office, Run, encoded, name};

/// The banner of every run in both logs.
const BANNER: &str = "Microsoft (R) Mail GAL Rebuild Utility Version 3.5";

/// A postoffice that knows two others, a gateway of one part and a node behind one of three.
fn office() -> Office {
    Office::new("NET/OWN").define(&["PCM:NET/PO1", "PCM:NET2/PO2", "SMTP", "SNADS:GATE/DGN1"])
}

/// The postoffice with the two lists of [`office`] filled.
fn filled() -> Office {
    let office = office();
    office.put_list("NET/PO1", &[("Smith, Sue", "SUE"), ("Doe, John", "JOHN")]);
    office.put_list("NET2/PO2", &[("Brown, Ann", "ANN")]);
    office.put_list("GATE/DGN1", &[("Wu, Li", "WU")]);
    office.put_gateway(&[("Meyer, Max", "max@example.com", 70)]);
    office
}

impl Office {
    /// Writes the list of an external postoffice, in the order given, as another program would.
    fn put_list(&self, place: &str, entries: &[(&str, &str)]) {
        let page = self.page();
        let mut bytes = Vec::new();
        for (full_name, mailbox) in entries {
            let record = UsrRecord::new(text(page, full_name), text(page, mailbox), 1000);
            bytes.extend(encoded(&record));
        }
        self.put(&self.usr(place), &bytes);
    }

    /// Writes the list of the SMTP gateway: name, address and TID.
    fn put_gateway(&self, entries: &[(&str, &str, u32)]) {
        let page = self.page();
        let (mut names, mut addresses) = (Vec::new(), GatewayFile::default());
        for &(full_name, address, tid) in entries {
            let address = address.as_bytes().into();
            let mut record = NmeRecord::new(AliasKind::External, text(page, full_name), tid);
            record.pointer = addresses.push(GatewayRecord { tid, address }).unwrap();
            names.extend(encoded(&record));
        }
        self.put(&File::gateway_nme("SMTP").unwrap(), &names);
        let mut bytes = Vec::new();
        addresses.write_to(&mut bytes).unwrap();
        self.put(&File::gateway_glb("SMTP").unwrap(), &bytes);
    }

    /// Puts an entry for somebody elsewhere into the postoffice list, with its record in NETPO.GLB.
    fn put_pol(&self, full_name: &str, netpo: NetpoRecord) {
        let mut table = self.bytes(&layout::NETPO);
        let pointer = table.len() as u32;
        table.extend(encoded(&netpo));
        self.put(&layout::NETPO, &table);
        let name = text(self.page(), full_name);
        let mut entry = NmeRecord::new(AliasKind::External, name, netpo.tid);
        entry.pointer = pointer;
        entry.id = HexId(netpo.mailbag);
        let mut names = self.bytes(&layout::ADMIN_NME);
        names.extend(encoded(&entry));
        self.put(&layout::ADMIN_NME, &names);
        self.put(&layout::ADMINSHD_NME, &names);
    }

    fn page(&self) -> CodePage {
        self.open().code_page()
    }

    /// The file of the list of an external postoffice.
    fn usr(&self, place: &str) -> File {
        let po = self.open();
        let places = Places::load(&po).unwrap();
        let stem = places.find(&name(place)).and_then(|place| place.stem());
        File::usr(stem.expect("defined"))
    }

    /// Runs `rebuild -f` with more arguments.
    fn rebuild(&self, args: &str) -> Run {
        self.run("rebuild", &format!("-f {args}"))
    }

    /// Reads the global list and makes sure that it is whole.
    #[track_caller]
    fn gal(&self) -> Gal {
        let gal = Gal::load(&self.open()).unwrap().expect("all three files");
        gal.verify().unwrap();
        gal
    }

    /// Returns the names of the global list in its order.
    #[track_caller]
    fn gal_names(&self) -> Vec<String> {
        let page = self.page();
        let names = self.gal();
        let names = names.entries();
        names.map(|e| page.decode(e.name.as_bytes())).collect()
    }

    /// Returns the entry of a name that stands once.
    #[track_caller]
    fn gal_entry(&self, full_name: &str) -> NmeRecord {
        let wanted = self.page().encode(full_name).unwrap();
        let gal = self.gal();
        let mut found = gal.entries().filter(|e| e.name.as_bytes() == wanted);
        let entry = found.next().unwrap_or_else(|| panic!("{full_name}"));
        assert!(found.next().is_none(), "{full_name} stands twice");
        entry
    }

    /// Returns the TID of a name that stands once.
    #[track_caller]
    fn tid(&self, full_name: &str) -> u32 {
        self.gal_entry(full_name).tid
    }

    /// Returns the bytes of the three files; empty where one is not there.
    fn gal_files(&self) -> [Vec<u8>; 3] {
        dirsync::postoffice::gal::FILES.map(|file| self.bytes(&file))
    }
}

fn text<const N: usize>(page: CodePage, text: &str) -> FixedText<N> {
    FixedText::new(&page.encode(text).unwrap()).unwrap()
}

/// An address as NETPO.GLB holds it.
fn netpo(network: &str, postoffice: &str, mailbox: &str, tid: u32) -> NetpoRecord {
    let text = |part: &str| text(CodePage::Cp850, part);
    NetpoRecord {
        state: dirsync::codec::RecordState::Active,
        kind: AliasKind::External,
        network: text(network),
        postoffice: text(postoffice),
        mailbox: text(mailbox),
        tid,
        mailbag: 0x77,
    }
}

/// Bytes of one address in GALNETPO.GLB.
const ADDRESS_LEN: usize = NetpoRecord::LEN;

/// Where the addresses begin in GALNETPO.GLB: header, then stamp.
const FIRST_ADDRESS: usize = 4 + ADDRESS_LEN;
