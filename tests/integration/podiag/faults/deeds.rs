//! What is done to a healthy postoffice to make it ill.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use dirsync::codec::mailbag::MbgRecord;
use dirsync::codec::process::{ProcessEntry, ProcessFile, ProcessKind};
use dirsync::codec::{
    Control, GrpMember, HexId, NetworkRecord, NmeRecord, Opaque, Record, RecordState, RouteKind,
    Tid, XtnRecord,
};
use dirsync::postoffice::{File, layout};

use crate::podiag::bases::{Case, encoded, master_record, queue, stamp, text};
use crate::support::{resync_bytes, resync_header};

pub(in crate::podiag) fn mode(case: &Case, file: &File, mode: u32) {
    case.put(file, &case.bytes(file));
    fs::set_permissions(case.at(file), fs::Permissions::from_mode(mode)).expect("ours");
}

pub(in crate::podiag) fn age(path: &Path, written: &str) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(stamp(written).0));
    let file = fs::File::options().write(true).open(path).expect("there");
    file.set_modified(at).expect("ours");
}

pub(in crate::podiag) fn append<T: Record>(case: &Case, file: &File, record: &T) {
    let bytes = case.bytes(file);
    case.put(file, &[bytes, encoded(record)].concat());
}

/// The `.XTN` of the own network; NET/SRV (or NET/REQ) is its first postoffice.
pub(in crate::podiag) fn xtn(case: &Case) -> File {
    let bytes = case.bytes(&layout::NETWORK);
    let record = NetworkRecord::decode(&bytes[..NetworkRecord::LEN]).expect("a record");
    File::xtn(record.xtn.id().expect("a network with postoffices"))
}

/// The stem of the second postoffice of the own network: NET/FAR, NET/OTH on the server.
pub(in crate::podiag) fn far(case: &Case) -> HexId {
    let bytes = case.bytes(&xtn(case));
    let record = XtnRecord::decode(&bytes[XtnRecord::LEN..][..XtnRecord::LEN]).expect("a record");
    record.mailbag.id().expect("a mailbag")
}

pub(in crate::podiag) fn usr(case: &Case) -> File {
    File::usr(far(case))
}

/// Adds a postoffice without a mailbag to the own network.
pub(in crate::podiag) fn place(case: &Case, name: &str, route_kind: RouteKind, route: &str) {
    let record = XtnRecord {
        state: RecordState::Active,
        postoffice: text(name),
        route_kind,
        route: text(route),
        unknown_116: Opaque::default(),
        ..XtnRecord::default()
    };
    append(case, &xtn(case), &record);
}

/// Takes identifiers that nobody has, and returns the first.
pub(in crate::podiag) fn spare_tids(case: &Case, count: u32) -> u32 {
    let mut first = 0;
    case.edit::<Tid>(&layout::TID, 0, 0, |tid| {
        first = tid.last + 1;
        tid.last += count;
    });
    first
}

/// Changes ADMIN.NME and its shadow alike.
pub(in crate::podiag) fn pol(case: &Case, change: impl FnOnce(&mut Vec<NmeRecord>)) {
    let bytes = case.bytes(&layout::ADMIN_NME);
    let decode = |bytes| NmeRecord::decode(bytes).expect("a record");
    let mut records: Vec<_> = bytes.chunks_exact(NmeRecord::LEN).map(decode).collect();
    change(&mut records);
    let bytes: Vec<_> = records.iter().flat_map(encoded).collect();
    case.put(&layout::ADMIN_NME, &bytes);
    case.put(&layout::ADMINSHD_NME, &bytes);
}

pub(in crate::podiag) fn named<'r>(records: &'r mut [NmeRecord], name: &str) -> &'r mut NmeRecord {
    let found = records.iter_mut().find(|record| record.name == text(name));
    found.expect("in the list")
}

/// Changes the first member of the first group, in ADMIN.GRP and its shadow.
pub(in crate::podiag) fn chains(case: &Case, change: impl Fn(&mut GrpMember)) {
    for file in [layout::ADMIN_GRP, layout::ADMINSHD_GRP] {
        case.edit::<GrpMember>(&file, 8, 0, &change);
    }
}

pub(in crate::podiag) fn members_file(case: &Case) -> (HexId, Vec<u8>) {
    let mut names = fs::read_dir(case.path().join("MEM")).expect("readable");
    let id = names.find_map(|entry| {
        let name = entry
            .expect("readable")
            .file_name()
            .into_string()
            .expect("text");
        HexId::parse(name.strip_suffix(".MEM")?.as_bytes())
    });
    let id = id.expect("a group");
    (id, case.bytes(&File::mem(id)))
}

pub(in crate::podiag) fn numbers(case: &Case, req: u32, srv: u32) {
    case.requestor(|config| {
        config.req_sync.0 = req;
        config.srv_sync.0 = srv;
    });
}

pub(in crate::podiag) fn transactions(numbers: &[u32]) -> Vec<u8> {
    let records: Vec<_> = numbers
        .iter()
        .map(|&number| master_record(number, "A Some One\tPCM:NET/FAR/some"))
        .collect();
    queue(&records)
}

pub(in crate::podiag) fn resync(case: &Case, req: u32, srv: u32, server: &str) {
    let mut header = resync_header(req, srv, 1, 7);
    header.server = server.as_bytes().into();
    let bytes = resync_bytes(&header, &["A Some One\tPCM:NET/FAR/some"]);
    case.put(&layout::RESYNC, &bytes);
}

/// An entry whose time is not decided yet.
pub(in crate::podiag) fn entry(kind: ProcessKind, day: u8, minute: u16) -> ProcessEntry {
    ProcessEntry {
        kind,
        day,
        minute,
        window: ProcessEntry::DEFAULT_WINDOW,
        ..ProcessEntry::default()
    }
}

pub(in crate::podiag) fn schedule(case: &Case, entries: &[ProcessEntry]) {
    let file = ProcessFile {
        header: [0; 512],
        records: entries.to_vec(),
    };
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).expect("a vector takes it");
    case.put(&layout::PROCESS, &bytes);
}

pub(in crate::podiag) fn message(id: u32) -> MbgRecord {
    MbgRecord {
        sender: text("One"),
        mai: HexId(id).into(),
        ..MbgRecord::default()
    }
}

/// Puts a message where the counter knows of it.
pub(in crate::podiag) fn letter(case: &Case, id: u32) {
    case.put(&File::mai(HexId(id)), b"a letter");
    case.edit::<Control>(&layout::CONTROL, 0, 0, |control| control.nletter = id + 1);
}
