//! Damaged files: what was not touched comes back, and what does not fit is named.

use dirsync::probe::walk::{Piece, Walk};
use dirsync::probe::{self, profile};

use super::framings::drawn;
use super::texts::Random;

/// Destroys some bytes and reads the file by what is left of it; returns texts that were not touched and are lost.
fn lost(seed: u64, from: usize, fill: impl Fn(usize) -> u8, len: usize) -> (usize, bool) {
    let (_, written) = drawn(seed, 300);
    let mut bytes = written.bytes.clone();
    let end = (from + len).min(bytes.len());
    for (at, byte) in bytes[from..end].iter_mut().enumerate() {
        *byte = fill(at);
    }
    let layout = probe::infer(&bytes, true).expect("a framing in spite of it");
    let mut walk = Walk::new(&bytes[..], &layout);
    let mut found = Vec::new();
    let mut named = false;
    while let Some(piece) = walk.next_piece().expect("memory") {
        match piece {
            Piece::Record {
                offset,
                record,
                wrong,
            } => {
                named |= !wrong.is_empty();
                found.push((
                    offset as usize + record.text,
                    record.bytes[record.text..record.text_end].to_vec(),
                ));
            }
            Piece::Loose { offset, text, .. } => {
                named = true;
                found.push((offset as usize, text.to_vec()));
            }
            Piece::Gap { .. } => named = true,
            Piece::Aside { .. } => {}
        }
    }
    let untouched = written.texts.iter().filter(|(at, text, ..)| {
        // A record whose header is hit may lose the end of its text with the length.
        at + text.len() <= from || *at >= end + 64
    });
    let lost = untouched.filter(|(at, text, ..)| {
        !found
            .iter()
            .any(|(found_at, found)| found_at == at && found == text)
    });
    (lost.count(), named)
}

#[test]
fn probe_salvages_what_zeros_and_rubbish_left_over() {
    let mut report = Vec::new();
    for seed in 0..40 {
        let from = 9000 + 131 * seed as usize;
        for (name, fill) in [("zeros", 0), ("rubbish", 1)] {
            let fill = move |at: usize| (fill * (at * 197 + 13 * at * at + 7)) as u8;
            let (lost, named) = lost(seed, from, fill, 1500);
            if lost > 0 || !named {
                report.push(format!("seed {seed}, {name}: {lost} lost, named {named}"));
            }
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn probe_reads_a_file_cut_anywhere_and_never_panics() {
    // Each cut is inferred anew: PROBE_CUT=1 cuts everywhere.
    let step = std::env::var("PROBE_CUT").map_or(293, |step| step.parse().expect("a number"));
    for seed in 0..12 {
        let (_, written) = drawn(seed, 40);
        for cut in (seed as usize..written.bytes.len()).step_by(step) {
            let bytes = &written.bytes[..cut];
            let Some(layout) = probe::infer(bytes, true) else {
                continue;
            };
            let mut walk = Walk::new(bytes, &layout);
            let mut len = 0;
            while let Some(piece) = walk.next_piece().expect("memory") {
                len = match piece {
                    Piece::Record { offset, record, .. } => offset + record.bytes.len() as u64,
                    Piece::Loose { offset, text, .. } => offset + text.len() as u64,
                    Piece::Gap { offset, len, .. } | Piece::Aside { offset, len } => offset + len,
                };
            }
            assert_eq!(len, cut as u64, "every byte is in one piece");
        }
    }
}

#[test]
fn probe_survives_what_nobody_would_write() {
    let mut random = Random::new(4711);
    for round in 0..150 {
        let (_, written) = drawn(300 + round % 50, 12 + round as usize % 30);
        let mut bytes = written.bytes;
        for _ in 0..1 + random.below(12) {
            let at = random.below(bytes.len());
            let to = (at + random.below(60)).min(bytes.len());
            match random.below(5) {
                0 => bytes[at] = random.next() as u8,
                1 => drop(bytes.drain(at..to)),
                2 => {
                    let piece = bytes[at..to].to_vec();
                    let place = random.below(bytes.len());
                    bytes.splice(place..place, piece);
                }
                3 => bytes[at..to].fill(random.pick(b"\0 \n:\t\xff")),
                _ => bytes.truncate(to.max(8)),
            }
            if bytes.len() < 8 {
                break;
            }
        }
        let Some(layout) = probe::infer(&bytes, round % 2 == 0) else {
            continue;
        };
        let saved = profile::to_toml(&layout);
        assert!(profile::from_toml(&saved).is_ok(), "round {round}: {saved}");
        let mut walk = Walk::new(&bytes[..], &layout);
        while walk.next_piece().expect("memory").is_some() {}
    }
}

#[test]
fn probe_texts_far_apart_or_few_in_rubbish_have_no_framing() {
    let mut random = Random::new(815);
    for gap in [200, 800, 3000] {
        for count in [3, 4, 6] {
            let mut bytes = Vec::new();
            for n in 0..count {
                bytes.extend((0..gap + random.below(40)).map(|_| random.next() as u8));
                bytes.extend(format!("A Joe Smith\tPCM:NET/PO/joe{n}").bytes());
            }
            let found = probe::infer(&bytes, true);
            assert!(found.is_none(), "{count} texts {gap} apart: {found:#?}");
        }
    }
}
