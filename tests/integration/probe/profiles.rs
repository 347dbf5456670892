//! Profiles that were edited badly, and good ones with files that they do not fit: an error that says where, in bounded
//! time, and never a panic.

use std::time::{Duration, Instant};

use dirsync::probe::layout::Layout;
use dirsync::probe::walk::{Piece, Walk};
use dirsync::probe::{self, profile};

use super::framings::drawn;
use super::texts::Random;

/// What a profile may hold that it should not.
const VALUES: [&str; 22] = [
    "-1",
    "0",
    "1",
    "7",
    "65535",
    "65536",
    "65537",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "true",
    "\"\"",
    "\"zz\"",
    "\"0d0\"",
    "\"00\"",
    "\"header 99999999999999999999\"",
    "\"header -1\"",
    "\"parts YMDhms 2 65535\"",
    "[]",
    "{}",
    "nothing",
];

/// Words that mean something elsewhere in a profile.
const WORDS: [&str; 22] = [
    "header",
    "trailer",
    "footer",
    "text",
    "record",
    "previous record",
    "this record",
    "next record",
    "length",
    "sync number",
    "date stamp",
    "constant",
    "offset",
    "checksum",
    "not explained",
    "little-endian",
    "big-endian",
    "high word first",
    "decimal",
    "hexadecimal",
    "unix",
    "parts hmDMY 1 1900",
];

/// Changes one thing in a profile.
fn mutate(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    match random.below(12) {
        // A number that is another number does the most harm.
        8.. => {
            let numbers = (0..lines.len()).filter_map(|at| {
                let (key, value) = lines[at].split_once(" = ")?;
                Some((at, key.to_owned(), value.parse::<i64>().ok()?))
            });
            let numbers: Vec<_> = numbers.collect();
            let (at, key, value) = &numbers[random.below(numbers.len())];
            let other = match random.below(5) {
                0 => value.saturating_add(1),
                1 => value.saturating_sub(1),
                2 => value.saturating_mul(2).saturating_add(1),
                3 => random.below(40) as i64,
                _ => random.below(70_000) as i64,
            };
            lines[*at] = format!("{key} = {other}");
        }
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[random.below(lines.len())].clone()),
        2 => lines.swap(at, random.below(text.lines().count())),
        3 | 4 => {
            let key = lines[at].split('=').next().unwrap_or_default().to_owned();
            lines[at] = format!("{key}= {}", random.pick(&VALUES));
        }
        5 | 6 => {
            let key = lines[at].split('=').next().unwrap_or_default().to_owned();
            lines[at] = format!("{key}= \"{}\"", random.pick(&WORDS));
        }
        _ => {
            let mut bytes = lines[at].clone().into_bytes();
            if !bytes.is_empty() {
                let index = random.below(bytes.len());
                bytes[index] = 0x20 + random.below(0x5f) as u8;
            }
            lines[at] = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    lines.join("\n")
}

/// Reads a file to its end; every byte must be in one piece.
fn walk(layout: &Layout, bytes: &[u8], what: &dyn Fn() -> String) {
    let mut walk = Walk::new(bytes, layout);
    let mut end = 0;
    while let Some(piece) = walk.next_piece().expect("memory") {
        let (from, to) = match piece {
            Piece::Record { offset, record, .. } => (offset, offset + record.bytes.len() as u64),
            Piece::Loose { offset, text, .. } => (end.min(offset), offset + text.len() as u64),
            Piece::Gap { offset, len, .. } | Piece::Aside { offset, len } => (offset, offset + len),
        };
        assert!(
            from == end && to > end,
            "{from} to {to} behind {end}\n{}",
            what()
        );
        end = to;
    }
    assert_eq!(end, bytes.len() as u64, "{}", what());
}

#[test]
fn probe_profiles_that_are_edited_are_read_or_refused_with_the_place() {
    let mut random = Random::new(31);
    let (mut refused, mut read) = (0, 0);
    let started = Instant::now();
    for seed in 0..40 {
        let (_, written) = drawn(seed, 60);
        let layout = probe::infer(&written.bytes, true).expect("a framing");
        let good = profile::to_toml(&layout);
        for round in 0..40 {
            let mut text = mutate(&mut random, &good);
            for _ in 0..random.below(8) / 6 {
                text = mutate(&mut random, &text);
            }
            let layout = match profile::from_toml(&text) {
                Ok(layout) => layout,
                Err(error) => {
                    refused += 1;
                    // The line of the file, or the key or field before what is wrong with it.
                    let says_where = error.contains("line ") || error.contains(": ");
                    assert!(says_where, "seed {seed}, round {round}: {error}\n{text}");
                    continue;
                }
            };
            read += 1;
            let what = || format!("seed {seed}, round {round}\n{text}");
            walk(&layout, &written.bytes, &what);
            assert_eq!(
                profile::from_toml(&profile::to_toml(&layout)).as_ref(),
                Ok(&layout),
                "{}",
                what()
            );
            let item = probe::layout::Item {
                text: b"A One\tPCM:N/P/one",
                sync: u32::MAX,
                stamp: 0,
            };
            let mut out = Vec::new();
            let _ = layout.write(&item, u64::from(u32::MAX), Some((9, 9)), &mut out);
        }
    }
    println!("{refused} refused, {read} read");
    assert!(
        refused > 300 && read > 200,
        "{refused} refused, {read} read"
    );
    assert!(
        started.elapsed() < Duration::from_secs(120),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn probe_profiles_read_mutated_files_to_their_end() {
    let mut random = Random::new(32);
    for seed in 0..40 {
        let (_, written) = drawn(seed, 80);
        let layout = probe::infer(&written.bytes, true).expect("a framing");
        for round in 0..12 {
            let mut bytes = written.bytes.clone();
            for _ in 0..1 + random.below(20) {
                let at = random.below(bytes.len());
                let to = (at + random.below(120)).min(bytes.len());
                match random.below(6) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => drop(bytes.drain(at..to)),
                    2 => {
                        let piece = bytes[at..to].to_vec();
                        bytes.splice(at..at, piece);
                    }
                    3 => bytes[at..to].fill(random.pick(b"\0 A:\t\xff")),
                    4 => bytes[at..to]
                        .iter_mut()
                        .for_each(|b| *b = random.next() as u8),
                    _ => bytes.truncate(to.max(1)),
                }
                if bytes.is_empty() {
                    bytes.push(b'A');
                }
            }
            walk(&layout, &bytes, &|| format!("seed {seed}, round {round}"));
        }
    }
}

#[test]
fn probe_profiles_with_the_widest_parts_take_bounded_time() {
    // What a hand may write: records padded to 64 KiB, a header as long, and files of zeros or text.
    let text = |header, align, pad, field: &str| {
        format!(
            "lead = 0\nheader = {header}\ntrailer = 0\nfooter = 0\nterminator = \"\"\nalign = {align}\nalign-rest = 0\n\
             pad = {pad}\njoiner = \"0d0a\"\n{field}"
        )
    };
    let length = "[[field]]\nzone = \"header\"\noffset = 0\nsize = 4\ncode = \"little-endian\"\nmeaning = \"length\"\n\
                  of = \"record\"\nplus = 0\n";
    let zeros = vec![0; 1 << 20];
    let mut blanks = vec![b' '; 1 << 20];
    blanks[4..20].copy_from_slice(b"A One\tPCM:N/P/o\r");
    let mut lengths = vec![0; 1 << 20];
    for record in lengths.chunks_mut(1 << 16) {
        record[..4].copy_from_slice(&(1_u32 << 16).to_le_bytes());
        record[4..20].copy_from_slice(b"A One\tPCM:N/P/o\0");
    }
    for header in [4, 65_536] {
        for align in [1, 65_536] {
            for pad in [0, 32] {
                for field in ["", length] {
                    let profile = text(header, align, pad, field);
                    let layout = profile::from_toml(&profile).expect("a profile");
                    for bytes in [&zeros, &blanks, &lengths] {
                        let started = Instant::now();
                        walk(&layout, bytes, &|| profile.clone());
                        let took = started.elapsed();
                        assert!(took < Duration::from_secs(20), "{took:?}\n{profile}");
                    }
                }
            }
        }
    }
}
