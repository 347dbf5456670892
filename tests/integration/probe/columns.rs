//! `probe --records` on drawn files: every text and every deleted record is found, and what is called sure is right.

use dirsync::probe::records::{self, Column, Columns, Kind};

use super::fixed::{Drawn, Field, Is, Kept, Value};
use super::texts::{Random, seeds};

/// What came out of one file.
#[derive(Debug, Default)]
struct Tally {
    texts: (usize, usize),
    numbers: (usize, usize),
    deleted: (usize, usize),
    sorted: (usize, usize),
    /// Fields that are called sure, of all found.
    sure: (usize, usize),
    /// What is missed, though nothing wrong is said.
    missed: Vec<String>,
    /// What is called sure and is not so.
    wrong: Vec<String>,
}

fn show(found: &Columns) -> String {
    let line = |c: &Column| {
        let sure = if c.is_sure() { "sure" } else { "doubtful" };
        format!(
            "  {} {} {:?} {:?} {sure}",
            c.offset, c.size, c.kind, c.padding
        )
    };
    let lines: Vec<String> = found
        .columns
        .iter()
        .filter(|c| !matches!(c.kind, Kind::Constant(_)))
        .map(line)
        .collect();
    format!(
        "{}\n  {:?} {:?}",
        lines.join("\n"),
        found.deleted,
        found.order
    )
}

fn is_text(field: &Field) -> bool {
    matches!(field.is, Is::Name(_) | Is::Word(_) | Is::Digits)
}

fn is_number(field: &Field) -> bool {
    matches!(
        field.is,
        Is::Counter | Is::Number | Is::Pointer(_) | Is::SameAsDigits
    )
}

fn judge(seed: u64, tally: &mut Tally) {
    let drawn = Drawn::new(seed);
    let (header, len) = records::published(drawn.name).expect("a published length");
    assert_eq!((header, len), (drawn.header_len, drawn.record_len));
    let found = records::infer(&drawn.bytes, header, len).expect("enough records");
    assert_eq!((found.count, found.left_over), (drawn.records.len(), 0));
    let rows: Vec<&[u8]> = drawn.bytes[header..].chunks_exact(len).collect();
    let report = |what: String| {
        format!(
            "seed {seed}: {what}\n  {:?}\n{}",
            drawn.fields,
            show(&found)
        )
    };
    // Every byte belongs to one field.
    let mut at = 0;
    for column in &found.columns {
        assert_eq!(column.offset, at, "{}", report("fields overlap".to_owned()));
        at += column.size;
    }
    assert_eq!(at, len);
    for (index, field) in drawn.fields.iter().enumerate() {
        let column = found.columns.iter().find(|c| c.offset == field.offset);
        let value = |number: usize| &drawn.records[number].1[index];
        if is_text(field) {
            tally.texts.1 += 1;
            let reads = |column: &Column| {
                (0..rows.len()).all(|n| {
                    let text = column.text(rows[n]).unwrap_or_default();
                    *value(n) == Value::Text(text.to_vec())
                })
            };
            match column.filter(|c| c.is_text() && reads(c)) {
                Some(_) => tally.texts.0 += 1,
                None => tally.missed.push(report(format!("text {field:?}"))),
            }
        }
        if is_number(field) {
            tally.numbers.1 += 1;
            let is_used = |n: &usize| !drawn.records[*n].0;
            let reads = |column: &Column| {
                (0..rows.len()).filter(is_used).all(|n| {
                    column
                        .number(rows[n])
                        .is_some_and(|v| *value(n) == Value::Number(v))
                })
            };
            match column.filter(|c| c.is_number() && reads(c)) {
                Some(_) => tally.numbers.0 += 1,
                None => tally.missed.push(report(format!("number {field:?}"))),
            }
        }
    }
    for column in &found.columns {
        if matches!(column.kind, Kind::Constant(_)) {
            continue;
        }
        tally.sure.0 += usize::from(column.is_sure());
        tally.sure.1 += 1;
        let field = drawn.fields.iter().find(|f| f.offset == column.offset);
        let is_right = field.is_some_and(|field| {
            let is_kind = match (field.is, &column.kind) {
                (Is::Name(_) | Is::Word(_), Kind::Name | Kind::Word) => true,
                (Is::Digits, kind) => *kind == Kind::HexId,
                (Is::Flag(_) | Is::Deleted(..), Kind::Flag(_)) => true,
                (Is::Deleted(value, _), Kind::Deleted(found)) => value == *found,
                (Is::Chain, kind) => *kind == Kind::Link,
                _ => is_number(field) && column.is_number(),
            };
            is_kind && (field.size == column.size || fills(field, column))
        });
        if column.is_sure() && !is_right {
            tally
                .wrong
                .push(report(format!("{column:?} is called sure")));
        }
    }
    let expected: Vec<usize> = (0..rows.len()).filter(|&n| drawn.records[n].0).collect();
    let marked: Vec<usize> = (0..rows.len())
        .filter(|&n| found.is_deleted(n, rows[n]))
        .collect();
    let is_said = drawn.says_what_is_deleted();
    tally.deleted.1 += usize::from(is_said);
    if marked == expected {
        tally.deleted.0 += usize::from(is_said);
    } else if is_said || !marked.is_empty() {
        let is_doubted = found
            .columns
            .iter()
            .any(|c| matches!(c.kind, Kind::Deleted(_)) && !c.is_sure());
        let what = report(format!("deleted {marked:?}, expected {expected:?}"));
        match marked.is_empty() || is_doubted {
            true => tally.missed.push(what),
            false => tally.wrong.push(what),
        }
    }
    let is_at = |offset: usize, at: usize| {
        found
            .columns
            .iter()
            .any(|c| c.offset == offset && (offset..offset + c.size).contains(&at))
    };
    tally.sorted.1 += usize::from(drawn.says_how_it_is_sorted());
    match (drawn.sorted, &found.order) {
        (Some(at), Some(order)) if is_at(order.offset, at) => {
            tally.sorted.0 += usize::from(drawn.says_how_it_is_sorted());
        }
        (_, None) if !drawn.says_how_it_is_sorted() => {}
        (_, None) => tally
            .missed
            .push(report(format!("the order by {:?}", drawn.sorted))),
        (_, Some(_)) => tally
            .wrong
            .push(report(format!("sorted by {:?}", drawn.sorted))),
    }
}

/// A field that a text may fill has no other end than that of its longest text; blanks behind a fixed blank are one.
fn fills(field: &Field, column: &Column) -> bool {
    matches!(
        field.is,
        Is::Name(Kept::Zeros | Kept::Blanks) | Is::Word(Kept::Zeros | Kept::Blanks)
    ) && column.size >= field.size - 1
        && column.size <= field.size + 1
}

#[test]
fn probe_records_of_files_drawn_at_random_are_read() {
    let mut tally = Tally::default();
    for seed in seeds(250) {
        judge(seed, &mut tally);
    }
    let Tally {
        texts,
        numbers,
        deleted,
        sorted,
        sure,
        missed,
        wrong,
    } = tally;
    println!(
        "texts {texts:?}, numbers {numbers:?}, deleted {deleted:?}, sorted {sorted:?}, sure {sure:?}, {} missed",
        missed.len()
    );
    if std::env::var_os("PROBE_SEED").is_some() {
        println!("{}", missed.join("\n"));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for (name, (found, all), percent) in [
        ("texts", texts, 98),
        ("numbers", numbers, 98),
        ("deleted", deleted, 96),
        ("sorted", sorted, 98),
        ("sure", sure, 40),
    ] {
        assert!(
            found * 100 >= all * percent,
            "{name}: {found} of {all}\n{}",
            missed.join("\n")
        );
    }
}

#[test]
fn probe_records_survive_any_bytes() {
    let mut random = Random::new(11);
    for round in 0..120 {
        let mut drawn = Drawn::new(round);
        let len = drawn.bytes.len();
        for _ in 0..1 + random.below(40) {
            let at = random.below(len);
            let to = (at + random.below(200)).min(len);
            match random.below(3) {
                0 => drawn.bytes[at] = random.next() as u8,
                1 => drawn.bytes[at..to].fill(random.pick(b"\0 A\xff")),
                _ => drawn.bytes[at..to]
                    .iter_mut()
                    .for_each(|b| *b = random.next() as u8),
            }
        }
        drawn.bytes.truncate(len - random.below(len / 2));
        // Any length, also wrong ones.
        for (header, record) in [
            (drawn.header_len, drawn.record_len),
            (random.below(600), 1 + random.below(300)),
            (random.below(8), 1 + random.below(4)),
        ] {
            let Some(found) = records::infer(&drawn.bytes, header, record) else {
                continue;
            };
            let sum: usize = found.columns.iter().map(|c| c.size).sum();
            assert_eq!(sum, record, "round {round}");
            for (number, row) in drawn.bytes[header..].chunks_exact(record).enumerate() {
                let _ = found.is_deleted(number, row);
                for column in &found.columns {
                    let _ = (column.text(row), column.number(row));
                }
            }
        }
    }
}
