//! LDIF files (`spec/exchange.md` LD-16): the published samples, the cases, what damage does, and round trips.

mod cases;
mod hostile;
mod round_trip;
mod samples;

use std::fs;
use std::path::Path;

use dirsync::directory::ldif::{LdifError, List, Located, Reader, Record, VersionLine, Writer};

/// Returns a file of `testdata/ldif`.
fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ldif");
    fs::read(folder.join(name)).expect("a sample")
}

fn records(bytes: &[u8]) -> Result<Vec<Record>, LdifError> {
    let records = Reader::new(bytes).map(|record| Ok(record?.record));
    records.collect()
}

fn list(bytes: &[u8]) -> Result<List, LdifError> {
    List::read_from(bytes)
}

/// Returns a list without its line numbers, which differ between two forms of it.
fn unnumbered(mut list: List) -> List {
    for Located { line, .. } in &mut list.entries {
        *line = 0;
    }
    list
}

fn written(records: &[Record], version: VersionLine) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), version);
    for record in records {
        match record {
            Record::Entry(entry) => writer.entry(entry),
            Record::Change { dn, change } => writer.change(dn, change),
        }
        .expect("a record");
    }
    writer.finish().expect("a file")
}
