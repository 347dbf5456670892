//! One postoffice for each check: what is wrong with it is found, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use dirsync::codec::mailbag::{KeyFile, MbgRecord};
use dirsync::codec::process::{ProcessEntry, ProcessFile, ProcessKind};
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::srvconf::RequestorFlags;
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{
    Access2Record, AccessRecord, AliasKind, Control, FixedText, GroupRecord, GrpMember, HexId,
    HexText, Master, NetpoRecord, NetworkKind, NetworkRecord, NmeRecord, Opaque, Record,
    RecordState, ReqOptions, RouteKind, Tid, UsrRecord, XtnRecord,
};
use dirsync::diagnosis::{CHECKS, Finding};
use dirsync::postoffice::{File, layout};

use super::bases::{Base, Case, encoded, master_record, queue, stamp, text};
use crate::support::{resync_bytes, resync_header};

/// One fault: the check that finds it, the healthy postoffice it is put into, checks that rightly follow, and the deed.
pub(super) struct Fault {
    pub(super) id: &'static str,
    pub(super) base: Base,
    also: &'static [&'static str],
    put: fn(&Case),
}

const fn fault(id: &'static str, base: Base, put: fn(&Case)) -> Fault {
    Fault {
        id,
        base,
        also: &[],
        put,
    }
}

const fn with(
    id: &'static str,
    base: Base,
    also: &'static [&'static str],
    put: fn(&Case),
) -> Fault {
    Fault {
        id,
        base,
        also,
        put,
    }
}

/// The healthy postoffice itself has the remark.
fn nothing(_: &Case) {}

pub(super) const FAULTS: &[Fault] = &[
    // Files.
    fault("directory-missing", Base::New, |case| {
        fs::remove_dir_all(case.path().join("MEM")).expect("there");
    }),
    fault("directory-missing", Base::New, |case| {
        fs::remove_dir_all(case.path().join("MAI")).expect("there");
    }),
    fault("file-missing", Base::New, |case| {
        case.remove(&layout::NETPO)
    }),
    fault("empty-file-missing", Base::New, |case| {
        case.remove(&layout::GWTRANS)
    }),
    fault("file-unreadable", Base::New, |case| {
        let path = case.path().join("CAL");
        fs::remove_dir_all(&path).expect("there");
        fs::write(path, "a file").expect("writable");
    }),
    fault("name-ambiguous", Base::New, |case| {
        case.put(&layout::RNETSEM, &[0; 4]);
        case.put_at("GLB/rnetsem.glb", &[0; 4]);
    }),
    fault("name-ambiguous", Base::New, |case| {
        fs::create_dir(case.path().join("cal")).expect("writable");
    }),
    fault("file-not-regular", Base::New, |case| {
        let target = case.path().join("GLB/POPULATE.MSM");
        symlink(target, case.at(&layout::RNETSEM)).expect("writable");
    }),
    fault("file-not-regular", Base::New, |case| {
        case.remove(&layout::SRVTRANS);
        fs::create_dir(case.at(&layout::SRVTRANS)).expect("writable");
    }),
    fault("file-read-only", Base::New, |case| {
        mode(case, &layout::REQTRANS, 0o444)
    }),
    fault("size-wrong", Base::New, |case| {
        case.put(&layout::PROCESS, &[0; 512 + 196])
    }),
    fault("size-wrong", Base::New, |case| {
        case.put(&layout::FLAG, &[0; 1])
    }),
    fault("size-wrong", Base::New, |case| {
        case.put(&layout::REQCONF, &[0; 100])
    }),
    fault("size-wrong", Base::Server, |case| {
        let bytes = case.bytes(&layout::SRVCONF);
        case.put(&layout::SRVCONF, &bytes[..bytes.len() - 512]);
    }),
    fault("size-wrong", Base::Requestor, |case| {
        let file = xtn(case);
        let bytes = case.bytes(&file);
        case.put(&file, &[&bytes[..], &[0; 223]].concat());
    }),
    fault("size-unusual", Base::New, |case| {
        case.put(&layout::ENGMON, &[0; 100])
    }),
    fault("file-damaged", Base::New, |case| {
        schedule(case, &[entry(ProcessKind::T1, 0, 60)]);
        let mut bytes = case.bytes(&layout::PROCESS);
        bytes[512 + 1] = 7;
        case.put(&layout::PROCESS, &bytes);
    }),
    fault("file-damaged", Base::Server, |case| {
        let mut bytes = case.bytes(&layout::SRVCONF);
        bytes[..6].copy_from_slice(b"garbag");
        case.put(&layout::SRVCONF, &bytes);
    }),
    fault("file-damaged", Base::Server, |case| {
        case.put(&layout::DIRSYNC_PWD, b"no tab in this line\n");
    }),
    // Identity.
    fault("master-damaged", Base::Requestor, |case| {
        case.put(&layout::MASTER, &[7; 176]);
    }),
    fault("master-damaged", Base::Server, |case| {
        case.put(&layout::MASTER, &[0; 174])
    }),
    fault("master-damaged", Base::New, |case| {
        case.remove(&layout::MASTER)
    }),
    fault("master-damaged", Base::New, |case| {
        case.edit::<Master>(&layout::MASTER, 0, 0, |master| master.code_page_id = 4711);
    }),
    fault("server-flag-wrong", Base::Server, |case| {
        case.edit::<Master>(&layout::MASTER, 0, 0, |master| master.is_server = false);
    }),
    fault("own-network-missing", Base::New, |case| {
        case.edit::<NetworkRecord>(&layout::NETWORK, 0, 0, |record| record.name = text("XYZ"));
    }),
    // Leftovers.
    fault("journal-pending", Base::New, |case| {
        case.put(&layout::DIRSYNC_JNL, b"torn")
    }),
    fault("staging-left", Base::New, |case| {
        case.put_at("GLB/DIRSYNC.TMP/00000001", b"prepared");
    }),
    fault("sortlock-left", Base::New, |case| {
        case.put(&layout::SORTLOCK, b"")
    }),
    fault("temporary-left", Base::New, |case| {
        for path in [
            "GLB/SORT0001.GLB",
            "GLB/IUSRTRAN.GLB",
            "GLB/REQUPDS.GLB",
            "GLB/GALINDE$.GLB",
            "USR/IMPORT.USR",
            "INF/IMPORT.INF",
            "NME/TMP00007.NME",
            "NME/GAL$.NME",
        ] {
            let len = if path.contains("GALINDE$") { 208 } else { 0 };
            case.put_at(path, &vec![0; len]);
        }
    }),
    fault("harmless-left", Base::New, |case| {
        case.put(&layout::TMPGRP, b"")
    }),
    fault("queue-lock-left", Base::New, |case| {
        case.put_at("P1/00000001.0LK", b"");
    }),
    fault("damaged-queue-kept", Base::New, |case| {
        case.put_at("GLB/SRVTRANS.BAD", b"torn");
    }),
    fault("repair-kept", Base::New, |case| {
        case.put_at("GLB/PODIAG.001/REQCONF.GLB", b"old");
    }),
    // Accounts.
    fault("account-count", Base::Requestor, |case| {
        let bytes = case.bytes(&layout::ACCESS3);
        case.put(&layout::ACCESS3, &[&bytes[..], &[0; 512]].concat());
    }),
    fault("account-state", Base::Requestor, |case| {
        case.edit::<AccessRecord>(&layout::ACCESS, 0, 1, |r| r.state = RecordState::Deleted);
    }),
    fault("account-duplicate", Base::Requestor, |case| {
        case.edit::<Access2Record>(&layout::ACCESS2, 0, 2, |r| r.mailbox = text("ONE"));
    }),
    fault("account-name", Base::Requestor, |case| {
        case.edit::<Access2Record>(&layout::ACCESS2, 0, 2, |r| r.mailbox = text("a.b"));
    }),
    fault("account-unlisted", Base::Requestor, |case| {
        pol(case, |records| {
            records.retain(|record| record.name != text("Three"))
        });
    }),
    fault("mailbag-duplicate", Base::Requestor, |case| {
        let one = HexId::parse(&case.bytes(&layout::ACCESS2)[69 + 44..][..8]).expect("digits");
        case.edit::<Access2Record>(&layout::ACCESS2, 0, 3, |record| {
            let three = record.mailbag.id().expect("a mailbag");
            case.remove(&File::mbg(three));
            case.remove(&File::key(three));
            record.mailbag = one.into();
        });
    }),
    fault("mailbag-counter-low", Base::Requestor, |case| {
        case.edit::<Control>(&layout::CONTROL, 0, 0, |control| control.nmailbag = 0);
    }),
    fault("letter-counter-low", Base::New, |case| {
        case.put_at("MAI/MA6/00000116.MAI", b"a letter");
    }),
    fault("tid-counter-low", Base::Requestor, |case| {
        case.edit::<Tid>(&layout::TID, 0, 0, |tid| tid.last = 1);
    }),
    fault("tid-duplicate", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 0, |record| record.tid = 1);
    }),
    fault("tid-zero", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 1, |record| record.tid = 0);
    }),
    // Lists.
    fault("list-order", Base::Requestor, |case| {
        let bytes = case.bytes(&usr(case));
        case.put(&usr(case), &[&bytes[53..], &bytes[..53]].concat());
    }),
    fault("name-duplicate", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 1, |record| record.name = text("FAR ONE"));
    }),
    with("name-duplicate", Base::Requestor, &["list-order"], |case| {
        // Out of order, and the two do not stand beside each other.
        let names = ["Zoe", "Far One", "zoe"];
        let first = spare_tids(case, 3);
        let records = names
            .into_iter()
            .zip(first..)
            .map(|(name, tid)| encoded(&UsrRecord::new(text(name), text("box"), tid)));
        case.put(&usr(case), &records.collect::<Vec<_>>().concat());
    }),
    fault("name-empty", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 0, |record| {
            record.name = FixedText::default()
        });
    }),
    fault("mailbox-empty", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 0, |record| {
            record.mailbox = FixedText::default()
        });
    }),
    fault("text-unended", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 1, |record| {
            record.name = FixedText::from_field(&[b'x'; 31]);
        });
    }),
    fault("state-unknown", Base::Requestor, |case| {
        case.edit::<UsrRecord>(&usr(case), 0, 1, |r| r.state = RecordState::Other(7));
    }),
    fault("state-unknown", Base::Requestor, |case| {
        let record = XtnRecord {
            state: RecordState::Other(0x55),
            ..XtnRecord::default()
        };
        append(case, &xtn(case), &record);
    }),
    fault("list-undefined", Base::Requestor, |case| {
        let record = NmeRecord::new(AliasKind::External, text("Nobody"), 9);
        case.put(
            &File::gateway_nme("X400").expect("a gateway"),
            &encoded(&record),
        );
    }),
    fault("list-missing", Base::Requestor, nothing),
    fault("template-mismatch", Base::Requestor, |case| {
        case.put(&File::tpl(far(case)), b"Phone:~1~20~A~~\r");
        case.put(&File::inf(far(case)), &[0; 21]);
    }),
    fault("template-mismatch", Base::Requestor, |case| {
        case.put(&layout::ADMIN_TPL, b"Phone:~1~20~A~~\r");
        case.put(&layout::ADMIN_INF, &[0; 22]);
    }),
    fault("template-missing", Base::Requestor, |case| {
        case.put(&File::inf(far(case)), &[0; 42])
    }),
    fault("gateway-name-lost", Base::Requestor, |case| {
        let tid = spare_tids(case, 1);
        let mut record = NmeRecord::new(AliasKind::External, text("Zed"), tid);
        record.pointer = 0x00ff_ffff;
        append(
            case,
            &File::gateway_nme("SMTP").expect("a gateway"),
            &record,
        );
    }),
    fault("gateway-address-lost", Base::Requestor, |case| {
        let file = File::gateway_glb("SMTP").expect("a gateway");
        let record = [&9_u32.to_le_bytes()[..], &[3, 0], b"a@b"].concat();
        case.put(&file, &[case.bytes(&file), record].concat());
    }),
    fault("ownership-lost", Base::Requestor, |case| {
        case.remove(&layout::DIRSYNC_OWN)
    }),
    fault("ownership-lost", Base::Requestor, |case| {
        case.put(&layout::DIRSYNC_OWN, b"torn")
    }),
    fault("ownership-lost", Base::Requestor, |case| {
        case.requestor(|config| config.own_generation += 1);
    }),
    // The postoffice list.
    fault("pol-empty", Base::New, |case| {
        case.put(&layout::ADMIN_NME, b"")
    }),
    fault("pol-shadow", Base::Requestor, |case| {
        let mut bytes = case.bytes(&layout::ADMINSHD_NME);
        bytes[50] ^= 1;
        case.put(&layout::ADMINSHD_NME, &bytes);
    }),
    fault("pol-shadow", Base::Requestor, |case| {
        let bytes = case.bytes(&layout::ADMINSHD_GRP);
        case.put(&layout::ADMINSHD_GRP, &bytes[..bytes.len() - 8]);
    }),
    fault("pol-user-pointer", Base::Requestor, |case| {
        pol(case, |records| named(records, "One").pointer = 3);
    }),
    fault("pol-user-pointer", Base::Requestor, |case| {
        pol(case, |records| {
            let two = named(records, "Two").pointer;
            named(records, "One").pointer = two;
        });
    }),
    fault("pol-address-pointer", Base::Requestor, |case| {
        pol(case, |records| named(records, "Smith, Sue").pointer = 5);
    }),
    fault("pol-address-gone", Base::Requestor, |case| {
        pol(case, |records| named(records, "Smith, Sue").tid = 9999);
        case.edit::<NetpoRecord>(&layout::NETPO, 4, 0, |record| record.tid = 9999);
    }),
    fault("netpo-chain", Base::Requestor, |case| {
        let mut bytes = case.bytes(&layout::NETPO);
        bytes[0] = 4;
        case.put(&layout::NETPO, &bytes);
    }),
    fault("group-chain", Base::Requestor, |case| {
        chains(case, |member| member.next = 9);
    }),
    fault("group-member-unknown", Base::Requestor, |case| {
        chains(case, |member| member.tid = 777);
    }),
    fault("group-address-lost", Base::Requestor, |case| {
        case.edit::<GroupRecord>(&layout::GROUP, 4, 0, |group| group.address = text(""));
    }),
    fault("group-unlisted", Base::Requestor, |case| {
        let tid = spare_tids(case, 1);
        let group = GroupRecord::new(text("Ghost"), text("ghost"), tid, 0);
        append(case, &layout::GROUP, &group);
    }),
    fault("group-delivery", Base::Requestor, |case| {
        let (id, bytes) = members_file(case);
        case.put(&File::mem(id), &bytes[..4]);
    }),
    fault("group-delivery", Base::Requestor, |case| {
        case.remove(&File::mem(members_file(case).0));
    }),
    fault("membership-pointer", Base::Requestor, |case| {
        case.edit::<AccessRecord>(&layout::ACCESS, 0, 1, |record| record.groups = 5);
    }),
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
    // The requestor.
    fault("not-registered", Base::New, nothing),
    fault("server-name-missing", Base::Requestor, |case| {
        case.requestor(|config| {
            config.server_postoffice = FixedText::default();
            config.srv_sync.0 = 5;
        });
    }),
    fault("server-name-missing", Base::Server, |case| {
        case.requestor(|config| config.server_network = FixedText::default());
    }),
    fault("server-undefined", Base::Requestor, |case| {
        // A whole name is compared: NET/SRV is defined, NET/SRVX is not.
        case.requestor(|config| config.server_postoffice = text("SRVX"));
    }),
    fault("registered-with-itself", Base::Requestor, |case| {
        case.requestor(|config| config.server_postoffice = text("req"));
    }),
    fault("server-registered-elsewhere", Base::Server, |case| {
        case.requestor(|config| config.server_postoffice = text("REQ"));
    }),
    fault("numbers-out-of-step", Base::Requestor, |case| {
        case.requestor(|config| config.req_sync.0 = 18);
        case.put(
            &layout::REQTRANS,
            &queue(&[QueueRecord::dummy(Timestamp(1), 18)]),
        );
    }),
    fault("queue-pointer", Base::Requestor, |case| {
        case.requestor(|config| config.pointers.0[1] = 7);
    }),
    fault("queue-pointer", Base::Requestor, |case| {
        case.requestor(|config| config.pointers.0[0] = -2);
    }),
    fault("reqtrans-missing", Base::Requestor, |case| {
        case.remove(&layout::REQTRANS)
    }),
    fault("reqtrans-empty", Base::Requestor, |case| {
        numbers(case, 3, 3);
        case.put(&layout::REQTRANS, b"");
    }),
    fault("reqtrans-behind", Base::Requestor, |case| {
        numbers(case, 40, 40);
        case.put(&layout::REQTRANS, &transactions(&[1, 2, 3, 4, 5, 6]));
    }),
    fault("queue-damaged", Base::Requestor, |case| {
        let mut bytes = case.bytes(&layout::REQTRANS);
        bytes[30] ^= 1;
        case.put(&layout::REQTRANS, &bytes);
    }),
    fault("queue-damaged", Base::Requestor, |case| {
        let bytes = transactions(&[1, 2]);
        case.put(&layout::SRVTRANS, &bytes[..bytes.len() - 3]);
    }),
    fault("queue-damaged", Base::Server, |case| {
        let mut bytes = case.bytes(&layout::MSTTRANS);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        case.put(&layout::MSTTRANS, &bytes);
    }),
    fault("queue-order", Base::Requestor, |case| {
        case.put(&layout::REQTRANS, &transactions(&[4, 5, 5]));
    }),
    fault("queue-order", Base::Server, |case| {
        case.put(&layout::MSTTRANS, &transactions(&[3, 2, 4]));
    }),
    fault("srvtrans-waiting", Base::Requestor, |case| {
        case.put(&layout::SRVTRANS, &transactions(&[81]));
    }),
    fault("import-queue-left", Base::Requestor, |case| {
        case.put(&layout::NMETRANS, &transactions(&[81]));
    }),
    fault("resync-waiting", Base::Requestor, |case| {
        resync(case, 1, 1, "NET/SRV")
    }),
    fault("resync-damaged", Base::Requestor, |case| {
        case.put(&layout::RESYNC, b"no list")
    }),
    fault("resync-damaged", Base::Requestor, |case| {
        resync(case, 1, 1, "NET/SRV");
        let bytes = case.bytes(&layout::RESYNC);
        let end = 24 + "# END COUNT=0000000002 CRC32=00000000".len();
        case.put(&layout::RESYNC, &bytes[..bytes.len() - end]);
    }),
    fault("resync-refused", Base::Requestor, |case| {
        resync(case, 1, 1, "NET/XXX")
    }),
    fault("resync-refused", Base::Requestor, |case| {
        numbers(case, 25, 80);
        case.put(
            &layout::REQTRANS,
            &queue(&[QueueRecord::dummy(Timestamp(1), 25)]),
        );
        resync(case, 18, 90, "NET/SRV");
    }),
    fault("full-list-awaited", Base::Requestor, |case| {
        case.requestor(|config| {
            config.options = config.options.with(ReqOptions::IMPORT_REQUESTED, true);
        });
    }),
    fault("type-uninstalled", Base::Requestor, |case| {
        case.requestor(|config| config.types |= 0x10);
    }),
    // The server.
    fault("server-config-lost", Base::Server, |case| {
        case.remove(&layout::SRVCONF)
    }),
    fault("srvconf-wrong", Base::Server, |case| {
        case.server(|config| config.header.requestor_count = 9);
    }),
    fault("requestor-duplicate", Base::Server, |case| {
        case.server(|config| {
            let mut again = config.requestors[1].clone();
            again.postoffice = text("req");
            again.registration = config.header.next_registration;
            config.header.next_registration += 1;
            config.requestors.push(again);
            config.set_requestor_count();
        });
    }),
    fault("server-unregistered", Base::Server, |case| {
        case.server(|config| config.requestors[0].state = RecordState::Deleted);
    }),
    fault("requestor-ahead", Base::Server, |case| {
        case.server(|config| config.requestors[1].srv_sync.0 = 99);
    }),
    fault("requestor-ahead", Base::Server, |case| {
        case.requestor(|config| config.srv_sync.0 = 99);
    }),
    fault("requestor-purged", Base::Server, |case| {
        case.put(
            &layout::MSTTRANS,
            &queue(&[master_record(4, "A x\tPCM:NET/REQ/x")]),
        );
        case.server(|config| config.requestors[1].srv_sync.0 = 1);
    }),
    fault("requestor-purged", Base::Server, |case| {
        // Everything was purged, and one has not got all of it.
        case.put(&layout::MSTTRANS, b"");
        case.server(|config| config.requestors[1].srv_sync.0 = 3);
    }),
    fault("requestor-silent", Base::Server, |case| {
        case.server(|config| config.requestors[2].last_update = stamp("2026-10-01T00:00:00Z"));
    }),
    fault("requestor-undefined", Base::Server, |case| {
        case.server(|config| config.requestors[1].postoffice = text("REQX"));
    }),
    fault("requestor-step", Base::Server, |case| {
        case.server(|config| {
            config.requestors[1].req_sync.0 = 18;
            config.requestors[1].srv_sync.0 = 0;
        });
    }),
    fault("reply-due", Base::Server, |case| {
        case.server(|config| config.requestors[1].flags = RequestorFlags::REPLY_DUE);
    }),
    fault("server-administrator", Base::Server, |case| {
        case.server(|config| config.header.administrator = text("nobody"));
    }),
    fault("msttrans-missing", Base::Server, |case| {
        case.remove(&layout::MSTTRANS)
    }),
    fault("msttrans-gap", Base::Server, |case| {
        case.put(&layout::MSTTRANS, &transactions(&[1, 2, 4]));
    }),
    fault("msttrans-end", Base::Server, |case| {
        case.put(&layout::MSTTRANS, &transactions(&[1, 2, 3]));
    }),
    fault("msttrans-end", Base::Server, |case| {
        case.put(&layout::MSTTRANS, &transactions(&[1, 2, 3, 4, 5]));
    }),
    fault("msttrans-left", Base::Requestor, |case| {
        case.put(&layout::MSTTRANS, b"")
    }),
    fault("resync-on-server", Base::Server, |case| {
        resync(case, 1, 4, "NET/SRV")
    }),
    fault("list-without-requestor", Base::Server, |case| {
        case.server(|config| config.requestors[2].state = RecordState::Deleted);
        let tid = spare_tids(case, 1);
        let record = UsrRecord::new(text("Left Over"), text("left"), tid);
        case.put(&usr(case), &encoded(&record));
    }),
    // The schedule.
    fault("schedule-stale-t2", Base::Requestor, |case| {
        let entries = [
            entry(ProcessKind::T1, 1, 60),
            entry(ProcessKind::T2, 1, 180),
        ];
        schedule(case, &entries);
    }),
    fault("schedule-duplicate", Base::Requestor, |case| {
        let entries = [
            entry(ProcessKind::T1, 2, 60),
            entry(ProcessKind::T1, 2, 1380),
        ];
        schedule(case, &entries);
    }),
    fault("schedule-order", Base::Server, |case| {
        let entries = [
            entry(ProcessKind::T1, 2, 60),
            entry(ProcessKind::T3, 2, 120),
            entry(ProcessKind::T2, 2, 180),
        ];
        schedule(case, &entries);
    }),
    fault("schedule-window", Base::Requestor, |case| {
        let short = ProcessEntry {
            window: 14_400,
            ..entry(ProcessKind::T1, 2, 60)
        };
        schedule(case, &[short]);
    }),
    fault("schedule-missed", Base::Requestor, |case| {
        let missed = ProcessEntry {
            current: stamp("2026-11-17T01:00:00Z"),
            ..entry(ProcessKind::T1, 2, 60)
        };
        schedule(case, &[missed]);
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

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut healthy: BTreeMap<Base, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, fault) in FAULTS.iter().enumerate() {
        let case = fault.base.link();
        let before = healthy
            .entry(fault.base)
            .or_insert_with(|| case.ids().into_iter().collect());
        (fault.put)(&case);
        let findings = case.findings();
        findings.iter().for_each(check_words);
        let found: BTreeSet<_> = findings.iter().map(|finding| finding.check.id).collect();
        let mut expected: BTreeSet<_> = fault.also.iter().copied().collect();
        expected.insert(fault.id);
        let new: BTreeSet<_> = found.difference(before).copied().collect();
        let expected: BTreeSet<_> = expected.difference(before).copied().collect();
        if new != expected || !found.contains(fault.id) {
            wrong.push(format!("{number}: {}: found {new:?}", fault.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts a fault into a copy of its postoffice.
pub(super) fn put_fault(fault: &Fault, case: &Case) {
    (fault.put)(case);
}

/// A finding says what, and what helps, each in one line.
fn check_words(finding: &Finding) {
    let id = finding.check.id;
    let is_said = |text: &str| !text.is_empty() && !text.contains('\n') && !text.ends_with('.');
    assert!(is_said(&finding.found), "{id}: {:?}", finding.found);
    assert!(is_said(&finding.expected), "{id}: {:?}", finding.expected);
    assert!(
        is_said(&finding.remedy.advice),
        "{id}: {:?}",
        finding.remedy
    );
    assert!(
        finding.repair.is_none() || finding.check.is_repairable,
        "{id}"
    );
    if let Some(file) = &finding.file {
        let is_spelled = file.chars().all(|c| c.is_ascii_graphic());
        assert!(is_spelled && !file.starts_with('/'), "{id}: {file}");
    }
}

#[test]
fn every_check_has_a_postoffice_with_its_fault() {
    let made: BTreeSet<_> = FAULTS.iter().map(|fault| fault.id).collect();
    let known: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(
        made.symmetric_difference(&known).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
}

fn mode(case: &Case, file: &File, mode: u32) {
    case.put(file, &case.bytes(file));
    fs::set_permissions(case.at(file), fs::Permissions::from_mode(mode)).expect("ours");
}

fn age(path: &Path, written: &str) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(stamp(written).0));
    let file = fs::File::options().write(true).open(path).expect("there");
    file.set_modified(at).expect("ours");
}

fn append<T: Record>(case: &Case, file: &File, record: &T) {
    let bytes = case.bytes(file);
    case.put(file, &[bytes, encoded(record)].concat());
}

/// The `.XTN` of the own network; NET/SRV (or NET/REQ) is its first postoffice.
fn xtn(case: &Case) -> File {
    let bytes = case.bytes(&layout::NETWORK);
    let record = NetworkRecord::decode(&bytes[..NetworkRecord::LEN]).expect("a record");
    File::xtn(record.xtn.id().expect("a network with postoffices"))
}

/// The stem of the second postoffice of the own network: NET/FAR, NET/OTH on the server.
fn far(case: &Case) -> HexId {
    let bytes = case.bytes(&xtn(case));
    let record = XtnRecord::decode(&bytes[XtnRecord::LEN..][..XtnRecord::LEN]).expect("a record");
    record.mailbag.id().expect("a mailbag")
}

pub(super) fn usr(case: &Case) -> File {
    File::usr(far(case))
}

/// Adds a postoffice without a mailbag to the own network.
fn place(case: &Case, name: &str, route_kind: RouteKind, route: &str) {
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
fn spare_tids(case: &Case, count: u32) -> u32 {
    let mut first = 0;
    case.edit::<Tid>(&layout::TID, 0, 0, |tid| {
        first = tid.last + 1;
        tid.last += count;
    });
    first
}

/// Changes ADMIN.NME and its shadow alike.
fn pol(case: &Case, change: impl FnOnce(&mut Vec<NmeRecord>)) {
    let bytes = case.bytes(&layout::ADMIN_NME);
    let decode = |bytes| NmeRecord::decode(bytes).expect("a record");
    let mut records: Vec<_> = bytes.chunks_exact(NmeRecord::LEN).map(decode).collect();
    change(&mut records);
    let bytes: Vec<_> = records.iter().flat_map(encoded).collect();
    case.put(&layout::ADMIN_NME, &bytes);
    case.put(&layout::ADMINSHD_NME, &bytes);
}

fn named<'r>(records: &'r mut [NmeRecord], name: &str) -> &'r mut NmeRecord {
    let found = records.iter_mut().find(|record| record.name == text(name));
    found.expect("in the list")
}

/// Changes the first member of the first group, in ADMIN.GRP and its shadow.
fn chains(case: &Case, change: impl Fn(&mut GrpMember)) {
    for file in [layout::ADMIN_GRP, layout::ADMINSHD_GRP] {
        case.edit::<GrpMember>(&file, 8, 0, &change);
    }
}

fn members_file(case: &Case) -> (HexId, Vec<u8>) {
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

fn numbers(case: &Case, req: u32, srv: u32) {
    case.requestor(|config| {
        config.req_sync.0 = req;
        config.srv_sync.0 = srv;
    });
}

fn transactions(numbers: &[u32]) -> Vec<u8> {
    let records: Vec<_> = numbers
        .iter()
        .map(|&number| master_record(number, "A Some One\tPCM:NET/FAR/some"))
        .collect();
    queue(&records)
}

fn resync(case: &Case, req: u32, srv: u32, server: &str) {
    let mut header = resync_header(req, srv, 1, 7);
    header.server = server.as_bytes().into();
    let bytes = resync_bytes(&header, &["A Some One\tPCM:NET/FAR/some"]);
    case.put(&layout::RESYNC, &bytes);
}

/// An entry whose time is not decided yet.
pub(super) fn entry(kind: ProcessKind, day: u8, minute: u16) -> ProcessEntry {
    ProcessEntry {
        kind,
        day,
        minute,
        window: ProcessEntry::DEFAULT_WINDOW,
        ..ProcessEntry::default()
    }
}

pub(super) fn schedule(case: &Case, entries: &[ProcessEntry]) {
    let file = ProcessFile {
        header: [0; 512],
        records: entries.to_vec(),
    };
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).expect("a vector takes it");
    case.put(&layout::PROCESS, &bytes);
}

fn message(id: u32) -> MbgRecord {
    MbgRecord {
        sender: text("One"),
        mai: HexId(id).into(),
        ..MbgRecord::default()
    }
}

/// Puts a message where the counter knows of it.
fn letter(case: &Case, id: u32) {
    case.put(&File::mai(HexId(id)), b"a letter");
    case.edit::<Control>(&layout::CONTROL, 0, 0, |control| control.nletter = id + 1);
}
