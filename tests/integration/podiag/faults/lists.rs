//! Faults of accounts, lists, the postoffice list and its groups.

use dirsync::codec::{
    Access2Record, AccessRecord, AliasKind, Control, FixedText, GroupRecord, HexId, NetpoRecord,
    NmeRecord, RecordState, Tid, UsrRecord, XtnRecord,
};
use dirsync::postoffice::{File, layout};

use super::deeds::{append, chains, far, members_file, named, pol, spare_tids, usr, xtn};
use super::{Fault, fault, nothing, with};
use crate::podiag::bases::{Base, encoded, text};

pub(super) const FAULTS: &[Fault] = &[
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
];
