//! Faults of places and routes, of the global list, of mail and of passwords.

use dirsync::codec::mailbag::KeyFile;
use dirsync::codec::process::ProcessKind;
use dirsync::codec::{
    Control, HexId, HexText, Master, NetpoRecord, NetworkKind, NetworkRecord, RouteKind, Tid,
    XtnRecord,
};
use dirsync::postoffice::{File, layout};

use super::deeds::{age, append, entry, letter, message, mode, place, schedule, xtn};
use super::{Fault, fault, nothing, with};
use crate::podiag::bases::{Base, encoded, text};

pub(super) const FAULTS: &[Fault] = &[
    // Places.
    fault("network-duplicate", Base::Requestor, |case| {
        append(
            case,
            &layout::NETWORK,
            &NetworkRecord::new(NetworkKind::Pcm, text("net")),
        );
    }),
    fault("postoffice-duplicate", Base::Requestor, |case| {
        place(case, "far", RouteKind::Mail, "far@mail.example");
    }),
    fault("network-kind-unknown", Base::Requestor, |case| {
        let record = NetworkRecord::new(NetworkKind::Other(0x77), text("ODD"));
        append(case, &layout::NETWORK, &record);
    }),
    fault("xtn-missing", Base::Requestor, |case| {
        let mut record = NetworkRecord::new(NetworkKind::Pcm, text("LOST"));
        record.xtn = HexText::from(HexId(0));
        append(case, &layout::NETWORK, &record);
    }),
    fault("xtn-unused", Base::Requestor, |case| {
        case.put(&File::xtn(HexId(0)), b"")
    }),
    fault("own-postoffice-external", Base::Requestor, |case| {
        place(case, "req", RouteKind::Mail, "req@mail.example");
    }),
    fault("route-none", Base::Requestor, |case| {
        place(case, "NOWAY", RouteKind::None, "")
    }),
    fault("route-autocreated", Base::Server, |case| {
        place(case, "NEW", RouteKind::Direct, "");
    }),
    fault("route-autocreated", Base::Requestor, |case| {
        let server = case.neighbour(Base::Server).display().to_string();
        place(case, "NEW", RouteKind::Direct, &server);
    }),
    fault("route-nowhere", Base::Requestor, |case| {
        place(case, "NIL", RouteKind::Direct, "")
    }),
    fault("route-nowhere", Base::Requestor, |case| {
        place(case, "NIL", RouteKind::Indirect, "NET/SRVX");
    }),
    fault("route-nowhere", Base::Requestor, |case| {
        place(case, "NIL", RouteKind::Mail, "host")
    }),
    fault("route-nowhere", Base::Requestor, |case| {
        place(case, "NIL", RouteKind::Other(9), "x")
    }),
    fault("route-circle", Base::Requestor, |case| {
        case.edit::<XtnRecord>(&xtn(case), 0, 0, |record| {
            record.route_kind = RouteKind::Indirect;
            record.route = text("NET/FAR");
        });
        case.edit::<XtnRecord>(&xtn(case), 0, 1, |record| record.indirect_count = 1);
    }),
    fault("route-circle", Base::Requestor, |case| {
        place(case, "BACK", RouteKind::Indirect, "net/req");
    }),
    fault("route-unreachable", Base::Requestor, |case| {
        place(case, "GONE", RouteKind::Direct, "/no/such/postoffice");
    }),
    fault("route-other", Base::Requestor, |case| {
        let own = case.path().display().to_string();
        place(case, "DIR", RouteKind::Direct, &own);
    }),
    fault("route-count", Base::Requestor, |case| {
        case.edit::<XtnRecord>(&xtn(case), 0, 0, |record| record.indirect_count = 5);
    }),
    // The global list.
    fault("gal-absent", Base::New, |case| {
        case.edit::<Master>(&layout::MASTER, 0, 0, |master| master.gal_enabled = true);
    }),
    fault("gal-incomplete", Base::WithGal, |case| {
        case.remove(&layout::GALINDEX)
    }),
    fault("gal-zeroes", Base::WithGal, |case| {
        let len = case.bytes(&layout::GALNETPO).len();
        case.put(&layout::GALNETPO, &vec![0; len]);
    }),
    fault("gal-zeroes", Base::WithGal, |case| {
        let len = case.bytes(&layout::GAL_NME).len();
        case.put(&layout::GAL_NME, &vec![0; len]);
    }),
    fault("gal-tid", Base::WithGal, |case| {
        case.edit::<Tid>(&layout::TID, 0, 0, |tid| tid.last = 0x7f67_697d);
    }),
    fault("gal-tid", Base::New, |case| {
        case.edit::<Tid>(&layout::TID, 0, 0, |tid| tid.last = u32::MAX);
    }),
    fault("gal-index", Base::WithGal, |case| {
        // The only entry of the last name goes.
        let bytes = case.bytes(&layout::GALINDEX);
        let zoe = [0, 0, 135, 0, 0, 0];
        let at = bytes
            .windows(6)
            .position(|entry| entry == zoe)
            .expect("an entry");
        case.put(
            &layout::GALINDEX,
            &[&bytes[..at], &bytes[at + 6..]].concat(),
        );
    }),
    fault("gal-index", Base::WithGal, |case| {
        let mut bytes = case.bytes(&layout::GALINDEX);
        bytes[208 + 2] = 1;
        case.put(&layout::GALINDEX, &bytes);
    }),
    fault("gal-index", Base::WithGal, |case| {
        let mut bytes = case.bytes(&layout::GALINDEX);
        bytes[25 * 4] += 1; // Z begins inside of an entry
        case.put(&layout::GALINDEX, &bytes);
    }),
    fault("gal-address", Base::WithGal, |case| {
        case.edit::<NetpoRecord>(&layout::GALNETPO, 4, 1, |record| record.tid = 5);
    }),
    // Mail.
    fault("mailbag-missing", Base::New, |case| {
        case.remove(&layout::SYSTEM_MBG);
        case.remove(&layout::SYSTEM_KEY);
    }),
    fault("mailbag-half", Base::New, |case| {
        case.remove(&layout::INQUEUE_KEY)
    }),
    fault("mailbag-half", Base::New, |case| {
        case.remove(&layout::INQUEUE_MBG)
    }),
    fault("mailbag-full", Base::New, |case| {
        case.put(&layout::SYSTEM_MBG, &vec![0; 116 * 4097]);
    }),
    fault("mailbag-bitmap", Base::New, |case| {
        let mut key = KeyFile::default();
        assert!(key.deleted.set(3, true));
        case.put(&layout::SYSTEM_KEY, &encoded(&key));
    }),
    fault("mailbag-bitmap", Base::New, |case| {
        case.put(&layout::SYSTEM_KEY, &[0; 512])
    }),
    fault("mailbag-unused", Base::New, |case| {
        case.edit::<Control>(&layout::CONTROL, 0, 0, |control| control.nmailbag = 9);
        case.put(&File::mbg(HexId(8)), b"");
        case.put(&File::key(HexId(8)), &[0; 560]);
    }),
    fault("message-lost", Base::New, |case| {
        case.put(&File::mbg(HexId(0)), &encoded(&message(5)));
    }),
    with("system-duplicate", Base::New, &["original-mail"], |case| {
        letter(case, 5);
        case.put(
            &layout::SYSTEM_MBG,
            &[encoded(&message(5)), encoded(&message(5))].concat(),
        );
    }),
    fault("original-mail", Base::New, |case| {
        letter(case, 5);
        case.put(&layout::INQUEUE_MBG, &encoded(&message(5)));
    }),
    fault("mail-undelivered", Base::Requestor, |case| {
        age(
            &case.put_at("P1/new/1.request", b"mail"),
            "2026-11-20T09:00:00Z",
        );
    }),
    fault("mail-undelivered", Base::Server, |case| {
        // Written after T1 of today and before T2, which was an hour ago.
        schedule(
            case,
            &[
                entry(ProcessKind::T1, 6, 480),
                entry(ProcessKind::T2, 6, 540),
            ],
        );
        age(
            &case.put_at("P1/new/1.request", b"mail"),
            "2026-11-21T08:30:00Z",
        );
    }),
    fault("mail-unprocessed", Base::Requestor, |case| {
        age(
            &case.put_at("MBG/SYSTEM/new/1.reply", b"mail"),
            "2026-11-20T09:00:00Z",
        );
    }),
    fault("mail-quarantined", Base::Requestor, |case| {
        case.put_at("MBG/QUARANT/new/1.stranger", b"mail");
    }),
    fault("mail-unfinished", Base::Requestor, |case| {
        age(&case.put_at("P1/tmp/1.torn", b"ma"), "2026-11-19T09:00:00Z");
    }),
    // Security.
    fault("password-file-open", Base::Server, |case| {
        mode(case, &layout::DIRSYNC_PWD, 0o644)
    }),
    fault("administrator-open", Base::New, nothing),
    fault("requestor-open", Base::Server, nothing),
    fault("log-open", Base::Requestor, |case| {
        mode(case, &layout::DIRSYNC_LOG, 0o666)
    }),
];
