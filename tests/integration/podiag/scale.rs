//! Long lists: memory stays far below the size of the files, and the work is one pass over each.

use std::env;
use std::process::Command;

use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{AliasKind, GatewayFile, GatewayRecord, NmeRecord, Tid, UsrRecord};
use dirsync::postoffice::{File, layout};

use super::bases::{Base, Case, encoded, make_gal, text};
use super::faults::deeds::usr;
use crate::support::NOW;

/// Entries of each list; a million with `DIRSYNC_PODIAG_ENTRIES=1000000`.
fn entry_count() -> u32 {
    let wanted = env::var("DIRSYNC_PODIAG_ENTRIES").ok();
    wanted.map_or(20_000, |count| count.parse().expect("a number"))
}

/// Bytes of memory that a diagnosis may take besides a fixed amount, for each entry of a list; an entry has from 45 to
/// 100 bytes in its files.
const MEMORY_PER_ENTRY: u64 = 64;

/// Bytes of address space that it may take however small the lists are, the program itself among them.
const MEMORY_AT_LEAST: u64 = 48 << 20;

fn fill(case: &Case, count: u32) {
    let names: Vec<_> = (0..count).map(|n| format!("User Number {n:08}")).collect();
    let list = names
        .iter()
        .zip(1000..)
        .flat_map(|(name, tid)| encoded(&UsrRecord::new(text(name), text("box"), tid)));
    case.put(&usr(case), &list.collect::<Vec<_>>());

    // The entry that is there stays, for the postoffice list leads to it; its name stands before the others.
    let (names_file, addresses_file) = (
        File::gateway_nme("SMTP").expect("a gateway"),
        File::gateway_glb("SMTP").expect("a gateway"),
    );
    let mut addresses = GatewayFile::read_from(&case.bytes(&addresses_file)[..]).expect("whole");
    let mut list = case.bytes(&names_file);
    for (name, tid) in names.iter().zip(1000 + count..) {
        let address = format!("{name}@mail.example").into_bytes().into();
        let mut record = NmeRecord::new(AliasKind::External, text(name), tid);
        record.pointer = addresses
            .push(GatewayRecord { tid, address })
            .expect("fits");
        list.extend(encoded(&record));
    }
    case.put(&names_file, &list);
    let mut bytes = Vec::new();
    addresses.write_to(&mut bytes).expect("a vector takes it");
    case.put(&addresses_file, &bytes);

    let mut queue = QueueWriter::new(Vec::new(), &Framing::OURS);
    for (name, number) in names.iter().zip(1..) {
        let text = format!("A {name}\tPCM:NET/REQ/box").into_bytes();
        let record = QueueRecord::transaction(Timestamp(1), number, 0, text);
        queue.write(&record).expect("a vector takes it");
    }
    case.put(
        &layout::REQTRANS,
        &queue.finish().expect("a vector takes it").0,
    );

    let names: Vec<_> = names.iter().map(String::as_str).collect();
    make_gal(case, &names);
    case.put(
        &layout::TID,
        &encoded(&Tid {
            last: 1000 + 2 * count,
        }),
    );
}

#[test]
fn lists_of_any_length_are_examined_in_bounded_memory() {
    let count = entry_count();
    let case = Base::Requestor.copy();
    fill(&case, count);
    // A limit of the address space, for what a child has used at most cannot be told from what its parent has.
    let allowed = MEMORY_AT_LEAST + MEMORY_PER_ENTRY * u64::from(count);
    let output = Command::new("sh")
        .args(["-c", "ulimit -v $0 && exec \"$@\""])
        .arg((allowed >> 10).to_string())
        .arg(env!("CARGO_BIN_EXE_podiag"))
        .args(["admin", "-px", "--json"])
        .arg(format!("-d{}", case.path().display()))
        .env("DIRSYNC_NOW", NOW)
        .output();
    let output = output.expect("it runs");
    let object: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{count} entries in {allowed} bytes: {error}: {said}")
        });
    let above: Vec<_> = object["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["severity"] != "remark")
        .collect();
    assert!(above.is_empty(), "{above:#?}");
}
