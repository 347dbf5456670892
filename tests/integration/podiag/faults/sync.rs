//! Faults of the requestor, the server and the schedule.

use dirsync::codec::process::{ProcessEntry, ProcessKind};
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::srvconf::RequestorFlags;
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{FixedText, RecordState, ReqOptions, UsrRecord};
use dirsync::postoffice::layout;

use super::deeds::{entry, numbers, resync, schedule, spare_tids, transactions, usr};
use super::{Fault, fault, nothing};
use crate::podiag::bases::{Base, encoded, master_record, queue, stamp, text};

pub(super) const FAULTS: &[Fault] = &[
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
];
