//! Files in framings drawn at random: the transactions come back complete, and the framing is found or its doubts are
//! named.

use dirsync::probe::walk::{Piece, Walk};
use dirsync::probe::{self, layout::Layout};

use super::drawn::{Drawn, Written};
use super::judge::{Verdict, judge};
use super::texts::{Random, seeds};

/// Reads a file by a framing: offset and bytes of each text.
pub(super) fn texts(bytes: &[u8], layout: &Layout) -> Vec<(usize, Vec<u8>)> {
    let mut walk = Walk::new(bytes, layout);
    let mut found = Vec::new();
    while let Some(piece) = walk.next_piece().expect("memory") {
        match piece {
            Piece::Record { offset, record, .. } => found.push((
                offset as usize + record.text,
                record.bytes[record.text..record.text_end].to_vec(),
            )),
            Piece::Loose { offset, text, .. } => found.push((offset as usize, text.to_vec())),
            Piece::Gap { .. } | Piece::Aside { .. } => {}
        }
    }
    found
}

fn show((at, text): &(usize, Vec<u8>)) -> String {
    format!("{at} {}", text.escape_ascii())
}

pub(super) fn drawn(seed: u64, count: usize) -> (Drawn, Written) {
    let mut random = Random::new(seed);
    let drawn = Drawn::new(&mut random);
    let written = drawn.write(&mut random, count);
    (drawn, written)
}

#[test]
fn probe_framings_drawn_at_random_are_found() {
    let mut tally = [0; 3];
    let mut fields = (0, 0);
    let mut lost = Vec::new();
    let mut report = Vec::new();
    for seed in seeds(40) {
        let count = [50, 80, 150, 400][seed as usize % 4];
        let (drawn, written) = drawn(seed, count);
        let Some(layout) = probe::infer(&written.bytes, true) else {
            lost.push(format!("seed {seed}: nothing found\n{drawn:?}"));
            continue;
        };
        let expected: Vec<_> = written
            .texts
            .iter()
            .map(|(at, text, ..)| (*at, text.clone()))
            .collect();
        let found = texts(&written.bytes, &layout);
        if found != expected {
            let at = found.iter().zip(&expected).position(|(a, b)| a != b);
            let shown = at.map(|at| (show(&found[at]), show(&expected[at])));
            lost.push(format!(
                "seed {seed}: {} of {} texts, first difference {at:?} {shown:?}, align {}, terminator {:?}, header {}, found {} {} {}",
                found.len(),
                expected.len(),
                drawn.align,
                drawn.terminator,
                drawn.header_len,
                layout.align,
                layout.header_len,
                layout.terminator.escape_ascii(),
            ));
        }
        let (verdict, notes, of_fields) =
            judge(&drawn, &layout, &written.bytes[drawn.lead.len()..]);
        fields = (fields.0 + of_fields.0, fields.1 + of_fields.1);
        tally[verdict as usize] += 1;
        if verdict != Verdict::Exact {
            report.push(format!("seed {seed}: {verdict:?} {notes:#?}"));
        }
    }
    if std::env::var_os("PROBE_SEED").is_some() {
        println!("{}", report.join("\n"));
    }
    println!(
        "exact, doubtful, wrong: {tally:?}, fields {fields:?}; texts lost: {}",
        lost.len()
    );
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    let all: i32 = tally.iter().sum();
    let shares = [
        ("fields exact", fields.0 * 1000 >= 980 * fields.1),
        (
            "framings exact",
            tally[Verdict::Exact as usize] * 100 >= 91 * all,
        ),
        // What is wrong and not named.
        (
            "framings wrong",
            tally[Verdict::Wrong as usize] * 150 <= all,
        ),
    ];
    for (what, holds) in shares {
        assert!(holds, "{what}: {tally:?} {fields:?}\n{}", report.join("\n"));
    }
}

#[test]
fn probe_short_files_give_their_transactions() {
    let (mut lost, mut doubted) = (Vec::new(), 0);
    for seed in 20_000..20_150 {
        let (drawn, written) = drawn(seed, 10 + seed as usize % 20);
        let expected: Vec<_> = written
            .texts
            .iter()
            .map(|(at, text, ..)| (*at, text.clone()))
            .collect();
        let layout = probe::infer(&written.bytes, true);
        let found = layout.as_ref().map(|layout| texts(&written.bytes, layout));
        if found.as_ref() == Some(&expected) {
            continue;
        }
        // A dozen records may leave open where the text or a terminator of zeros ends and the padding begins, above all where
        // the padding is a blank or a byte that the code page has a letter for; that is said.
        let doubts = layout.map(|layout| layout.doubts).unwrap_or_default();
        if doubts.iter().any(|doubt| {
            doubt.contains("terminator or padding") || doubt.contains("may be padding")
        }) {
            doubted += 1;
        } else {
            lost.push(format!("seed {seed}, align {}", drawn.align));
        }
    }
    println!(
        "{doubted} of 150 short files are doubted, {} not read completely",
        lost.len()
    );
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(doubted <= 2, "{doubted}");
}

#[test]
fn probe_a_long_file_is_confirmed_to_its_end() {
    let (drawn, written) = drawn(3, 100_000);
    let sample = written.bytes.len().min(2 << 20);
    let layout = probe::infer(&written.bytes[..sample], false).expect("a framing");
    let mut walk = Walk::new(&written.bytes[..], &layout);
    let (mut count, mut wrong) = (0, 0);
    while let Some(piece) = walk.next_piece().expect("memory") {
        match piece {
            Piece::Record {
                wrong: disagreeing, ..
            } => {
                count += 1;
                wrong += usize::from(!disagreeing.is_empty());
            }
            other => panic!("{other:?} in {drawn:?}"),
        }
    }
    assert_eq!((count, wrong), (100_000, 0), "{drawn:?}");
}
