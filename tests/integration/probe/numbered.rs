//! Files of numbered mailboxes in plain framings: texts that are nearly alike, of one length or two, hardly show where they
//! end, least of all in a file of ten records. The transactions come back complete all the same.

use dirsync::probe;

use super::drawn::Drawn;
use super::framings::texts;
use super::texts::{Random, seeds};

/// The texts of a directory whose entries hardly differ; `style` is what they look like.
fn numbered(style: usize, n: usize) -> String {
    match (style, n) {
        (0, _) => format!("A User {n}\tPCM:NET/PO/user{n}"),
        (1, _) => format!("A User {n:04}\tPCM:NET/PO/user{n:04}"),
        (2, _) if n % 5 == 0 => format!("D User {n}\tPCM:NET/PO/USER{n}"),
        (2, _) => format!("A User {n}\tPCM:NET/PO/USER{n}"),
        (3, _) => format!("A User {:x}\tPCM:NET/PO/user{:x}", 37 * n, 37 * n),
        (4, _) if n % 4 == 0 => format!("R PCM:NET/PO{}", n / 3),
        (4, _) => format!("A Smith, John {}\tSMTP:john{}@example.com", n / 3, n / 3),
        (5, _) => format!("A User {n}\tX400:c=US;a= ;p=Org;o=Site;s=User{n};"),
        (6, _) => format!("A {:<31}PCM:NET/PO/USER{n}", format!("User {n}")),
        (7, _) => format!("M Old {n}\tPCM:N/P/OLD{n}\r\n  New {n}\tPCM:N/P/NEW{n}"),
        (_, _) => format!("A User {n}\tSMTP:user{n}@example.com"),
    }
}

#[test]
fn probe_numbered_mailboxes_come_back_complete() {
    let seeds = seeds(60);
    let count = seeds.end - seeds.start;
    let mut lost = Vec::new();
    for seed in seeds {
        let mut random = Random::new(seed);
        let records = random.pick(&[10, 20, 50, 120, 300]);
        let style = random.below(9);
        let plain = Drawn::plain(&mut random);
        let text = |_: &mut Random, n| numbered(style, n + 1).into_bytes();
        let written = plain.write_texts(&mut random, records, text);
        let expected = written.texts.into_iter().map(|(at, text, ..)| (at, text));
        let expected: Vec<_> = expected.collect();
        let layout = probe::infer(&written.bytes, true);
        let found = layout.map(|layout| texts(&written.bytes, &layout));
        if found.as_ref() != Some(&expected) {
            let first = found.and_then(|found| found.into_iter().next());
            lost.push(format!(
                "seed {seed}, style {style}: {first:?} in {plain:?}"
            ));
        }
    }
    println!("{} of {count} files are not read completely", lost.len());
    // One in two hundred leaves it open.
    assert!(lost.len() as u64 * 200 <= count, "{}", lost.join("\n"));
}
