//! Damaged files: no panic, a message that says where, and nothing changed; or, of the list itself, mended.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use dirsync::codec::{NetpoRecord, Record, UsrRecord};
use dirsync::postoffice::gal::{FILES, Gal};
use dirsync::postoffice::{File, layout};

use super::{FIRST_ADDRESS, filled};
use crate::support::Office;

/// The files of the list and of everything it is made of.
fn state(office: &Office) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = office.snapshot();
    files.retain(|path, _| {
        !path.starts_with(office.path().join("LOG")) && !path.ends_with("DIRSYNC.LCK")
    });
    files
}

/// Damages a file, and asserts that the rebuild stops over it with everything as it was. Returns what it said.
#[track_caller]
fn stopped_by(office: &Office, file: &File, bytes: &[u8], exit: i32) -> String {
    let whole = office.bytes(file);
    office.put(file, bytes);
    let before = state(office);
    let run = office.rebuild("").ends(exit);
    assert!(state(office) == before, "{file}");
    assert!(
        run.stderr.contains(&file.to_string()),
        "{file}: {}",
        run.stderr
    );
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    office.put(file, &whole);
    run.stderr
}

fn listed() -> Office {
    let office = filled();
    office.rebuild("").ends(0);
    office
}

#[test]
fn a_list_that_is_cut_does_not_shrink_the_global_one() {
    let office = listed();
    for file in [
        office.usr("NET/PO1"),
        layout::ADMIN_NME,
        File::gateway_nme("SMTP").unwrap(),
        File::gateway_glb("SMTP").unwrap(),
        layout::NETWORK,
    ] {
        let bytes = office.bytes(&file);
        let record = match file.dir() {
            dirsync::postoffice::Dir::Usr => 53,
            dirsync::postoffice::Dir::Nme => 45,
            _ if file == layout::NETWORK => 122,
            _ => usize::MAX,
        };
        for len in [1, bytes.len() / 2, bytes.len() - 1] {
            if len % record != 0 {
                let said = stopped_by(&office, &file, &bytes[..len], 65);
                assert!(
                    said.contains("Possible database corruption detected:"),
                    "{said}"
                );
            }
        }
    }
}

#[test]
fn damage_in_a_record_is_named_by_file_record_and_byte() {
    let office = listed();
    let file = office.usr("NET/PO1");
    let whole = office.bytes(&file);
    for (at, value, said) in [
        (
            0,
            7,
            "record 2 at byte 0x35: byte 0x0: state: found 7, expected 0 or 1",
        ),
        (
            2,
            0,
            "record 2 at byte 0x35: byte 0x2: name: found nothing, expected a name",
        ),
        (
            33,
            0,
            "record 2 at byte 0x35: byte 0x21: mailbox: found nothing, expected a mailbox",
        ),
    ] {
        let mut bytes = whole.clone();
        bytes[UsrRecord::LEN + at] = value;
        let found = stopped_by(&office, &file, &bytes, 65);
        assert!(found.contains(said), "{found}");
    }
    let mut bytes = whole;
    bytes[2..33].fill(b'x');
    let found = stopped_by(&office, &file, &bytes, 65);
    assert!(
        found.contains("record 1 at byte 0x0: byte 0x2: name: found 31 bytes of text"),
        "{found}"
    );
}

#[test]
fn a_list_of_zeroes_is_not_one_of_deleted_names() {
    let office = listed();
    for file in [
        office.usr("NET/PO1"),
        layout::ADMIN_NME,
        File::gateway_nme("SMTP").unwrap(),
    ] {
        let zeroes = vec![0; office.bytes(&file).len()];
        let said = stopped_by(&office, &file, &zeroes, 65);
        assert!(
            said.contains("record 1 at byte 0x0: byte 0x2: name: found nothing"),
            "{said}"
        );
    }
}

#[test]
fn any_byte_of_a_list_may_be_flipped() {
    let office = listed();
    for file in [
        office.usr("NET2/PO2"),
        layout::ADMIN_NME,
        File::gateway_glb("SMTP").unwrap(),
    ] {
        let whole = office.bytes(&file);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            office.put(&file, &bytes);
            let before = office.gal_files();
            let run = office.rebuild("");
            assert!(
                [0, 1, 65, 73].contains(&run.exit),
                "{file} {at}: {}",
                run.stderr
            );
            if run.exit >= 65 {
                assert_eq!(office.gal_files(), before, "{file} {at}");
            }
            office.gal();
        }
        office.put(&file, &whole);
    }
}

#[test]
fn half_of_a_gateway_list_is_no_list() {
    let office = listed();
    for file in [
        File::gateway_nme("SMTP").unwrap(),
        File::gateway_glb("SMTP").unwrap(),
    ] {
        let bytes = office.bytes(&file);
        fs::remove_file(office.file(&file)).unwrap();
        let before = state(&office);
        let run = office.rebuild("").ends(66);
        assert!(
            run.stderr.contains(&format!("{file}: no such file")),
            "{}",
            run.stderr
        );
        assert!(state(&office) == before);
        office.put(&file, &bytes);
    }
}

#[test]
fn a_lost_list_of_postoffices_is_not_taken_for_an_empty_one() {
    let office = listed();
    let xtn = office
        .snapshot()
        .into_keys()
        .find(|path| path.extension().is_some_and(|e| e == "XTN"));
    let xtn = xtn.expect("a network has one");
    fs::remove_file(&xtn).unwrap();
    let before = state(&office);
    let run = office.rebuild("").ends(66);
    let name = xtn.file_name().unwrap().to_str().unwrap();
    assert!(run.stderr.contains(name), "{}", run.stderr);
    assert!(state(&office) == before);
}

#[test]
fn a_damaged_global_list_is_mended() {
    let office = listed();
    let whole = office.gal_files();
    for (file, whole_bytes) in FILES.iter().zip(&whole).take(2) {
        for len in [0, 1, 44, 208, whole_bytes.len() - 1] {
            office.put(file, &whole_bytes[..len.min(whole_bytes.len() - 1)]);
            office.rebuild("").ends(0);
            assert_eq!(office.gal_files(), whole, "{file} {len}");
        }
        for at in (0..whole_bytes.len()).step_by(17) {
            let mut bytes = whole_bytes.clone();
            bytes[at] ^= 0xff;
            office.put(file, &bytes);
            office.rebuild("").ends(0);
            assert_eq!(office.gal_files(), whole, "{file} {at}");
        }
    }
}

#[test]
fn any_byte_of_the_addresses_may_be_flipped_or_lost() {
    let office = listed();
    let whole = office.bytes(&layout::GALNETPO);
    let names = [
        "Smith, Sue",
        "Doe, John",
        "Brown, Ann",
        "Wu, Li",
        "Meyer, Max",
    ];
    let before = names.map(|name| office.tid(name));
    let check = |bytes: &[u8], what: &str| {
        office.put(&layout::GALNETPO, bytes);
        let run = office.rebuild("");
        // A TID that a flip has made as low as those of the local lists is message 39.
        assert!([0, 73].contains(&run.exit), "{what}: {}", run.stderr);
        if run.exit == 73 {
            assert_eq!(office.bytes(&layout::GALNETPO), bytes, "{what}");
            return;
        }
        let gal = office.gal();
        let tids: Vec<u32> = names.iter().map(|name| office.tid(name)).collect();
        let same = before.iter().zip(&tids).filter(|(a, b)| a == b).count();
        assert!(same >= names.len() - 2, "{what}: {tids:x?}");
        for (n, tid) in tids.iter().enumerate() {
            let other = before.iter().position(|before| before == tid);
            assert!(
                other.is_none_or(|other| other == n),
                "{what}: somebody else's"
            );
        }
        assert!(gal.entries().all(|entry| entry.tid != 0));
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        check(&bytes, &format!("flipped at {at}"));
    }
    for len in (FIRST_ADDRESS + 3 * NetpoRecord::LEN..whole.len()).step_by(5) {
        check(&whole[..len], &format!("cut at {len}"));
    }
}

#[test]
fn a_list_of_another_make_is_read_without_its_stamp() {
    let office = listed();
    let [names, index, addresses] = office.gal_files();
    let header = &addresses[..4];
    let foreign = [header, &addresses[FIRST_ADDRESS..]].concat();
    let gal = Gal::new(names, index, foreign.clone(), office.page());
    let fault = gal.verify().unwrap_err().to_string();
    assert!(
        fault.contains("GALNETPO.GLB") && fault.contains("the stamp of a rebuild"),
        "{fault}"
    );
    let before = office.tid("Smith, Sue");
    office.put(&layout::GALNETPO, &foreign);
    office.rebuild("").ends(0);
    assert_eq!(office.tid("Smith, Sue"), before);
}
