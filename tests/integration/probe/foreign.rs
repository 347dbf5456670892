//! A framing that is nobody's, written here by hand: every byte of it can be explained, so that it can be written, too.
//!
//! | Offset | Size | What                                                     |
//! |-------:|-----:|----------------------------------------------------------|
//! |      0 |    2 | always `Q` and 7                                          |
//! |      2 |    4 | sync number, big-endian                                   |
//! |      6 |    2 | length of the text and its NUL, big-endian                |
//! |      8 |    4 | date stamp, seconds since 1970, big-endian                |
//! |     12 |    n | text, its lines joined by LF, and a NUL                   |
//! |   13+n |    2 | CRC-16/ARC of all bytes before it, big-endian             |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes before a text.
pub(super) const HEADER: usize = 12;
/// Bytes behind it.
pub(super) const BEHIND: usize = 3;

/// Appends a record.
pub(super) fn push(bytes: &mut Vec<u8>, sync: u32, stamp: u32, text: &str) {
    let start = bytes.len();
    let text = text.replace("\r\n", "\n");
    bytes.extend(b"Q\x07");
    bytes.extend(sync.to_be_bytes());
    bytes.extend((text.len() as u16 + 1).to_be_bytes());
    bytes.extend(stamp.to_be_bytes());
    bytes.extend(text.bytes());
    bytes.push(0);
    let sum = crc::Crc::<u16>::new(&crc::CRC_16_ARC).checksum(&bytes[start..]);
    bytes.extend(sum.to_be_bytes());
}

/// Returns a queue of adds and changes, and its texts as we join their lines.
pub(super) fn queue(count: u32) -> (Vec<u8>, Vec<String>) {
    queue_with(None, count)
}

/// As [`queue`], with another text in the first record.
pub(super) fn queue_with(first: Option<&str>, count: u32) -> (Vec<u8>, Vec<String>) {
    let mut bytes = Vec::new();
    let mut texts = Vec::new();
    for n in 0..count {
        let text = match (n, first) {
            (0, Some(first)) => first.to_owned(),
            _ if n % 5 == 4 => format!(
                "M User {n}\tPCM:NET/PO/u{n}\r\n  Users {n}\tPCM:NET/PO/us{}",
                n * n
            ),
            _ => format!("A User {n}\tPCM:NET/PO/u{}", n * n),
        };
        push(&mut bytes, 0x0001_8000 + n, 765_720_832 + 37 * n, &text);
        texts.push(text);
    }
    (bytes, texts)
}

/// Has `probe` learn the framing from another file of it, and returns the profile.
pub(super) fn profile(directory: &Path) -> PathBuf {
    let (file, profile) = (directory.join("TAUGHT"), directory.join("PROFILE"));
    fs::write(&file, queue(80).0).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_probe"))
        .arg(&file)
        .arg("--save")
        .arg(&profile)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    profile
}
