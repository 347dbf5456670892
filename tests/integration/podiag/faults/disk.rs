//! Faults of files as such, of the identity of a postoffice, and what interrupted runs leave.

use std::fs;
use std::os::unix::fs::symlink;

use dirsync::codec::process::{ProcessEntry, ProcessKind};
use dirsync::codec::{Master, NetworkRecord};
use dirsync::postoffice::layout;

use super::deeds::{entry, mode, schedule, xtn};
use super::{Fault, fault};
use crate::podiag::bases::{Base, stamp, text};

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
    fault("file-damaged", Base::Requestor, |case| {
        // Saturday 09:00, and the next time is a Sunday: it would start at a wrong time (Q119111).
        let entry = ProcessEntry {
            current: stamp("2026-11-22T09:00:00Z"),
            ..entry(ProcessKind::T1, 6, 540)
        };
        schedule(case, &[entry]);
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
];
