//! The published samples and sizes of list files, mailbags and templates: `testdata/spec/vectors.json`.
//!
//! Each test names the key of the file it is about.

mod mail;
mod records;
mod sizes;

use std::sync::OnceLock;

use dirsync::codec::Record;
use serde_json::Value;

fn vector(key: &str) -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    let vectors = VECTORS.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/spec/vectors.json");
        let text = std::fs::read(path).expect("vectors.json is part of the package");
        serde_json::from_slice(&text).expect("vectors.json is JSON")
    });
    &vectors[key]
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().expect("a list");
    assert!(!list.is_empty());
    list
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}: text"))
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value}: a number"))
}

fn at(value: &Value) -> usize {
    number(value).try_into().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    text(value)
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0xee; T::LEN];
    record.encode(&mut bytes);
    bytes
}
