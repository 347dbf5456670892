//! Framings as programs of the time had them, each written down by hand: what is read, and that it is written back.

use crc::{CRC_16_IBM_3740, Crc};
use dirsync::probe::layout::{Item, Layout, Meaning, Measure, Target};
use dirsync::probe::{self, layout::Field};

use super::framings::texts;

/// Transactions of common lengths and letters; the sixth is a comment.
fn transaction(n: usize, types: [&str; 2]) -> Vec<u8> {
    let name = ["Ann Oak", "Bartholomew Birch", "Cy", "Dora van Elm", "Ed"][n * 7 % 5];
    let kind = types[n % 2];
    let text = match n % 9 {
        5 => format!("# list {n} follows"),
        7 => format!("D {name} {n}\t{kind}:NET/PO/U{n}"),
        8 => format!("R {kind}:NET/PO{}", n % 97),
        2 => {
            let long = "of the Office in the Capital";
            format!(
                "M {name} {n}\t{kind}:NET/PO/U{n}\r\n  {name} {long}\t{kind}:NETWORK/POSTOFFICE/V{n}"
            )
        }
        _ => format!("A {name} {n}\t{kind}:NET/POSTOFFICE/USER{n}"),
    };
    text.into_bytes()
}

const UPPER: [&str; 2] = ["PCM", "MS"];

/// A file with its texts and their offsets.
struct File {
    bytes: Vec<u8>,
    texts: Vec<(usize, Vec<u8>)>,
}

/// Makes a file of 120 records; a record is made from its offset, its number and its text, and the text's offset returned.
fn file(types: [&str; 2], record: impl Fn(usize, usize, &[u8]) -> (usize, Vec<u8>)) -> File {
    let (mut bytes, mut texts) = (Vec::new(), Vec::new());
    for n in 0..120 {
        let text = transaction(n, types);
        let (at, made) = record(bytes.len(), n, &text);
        texts.push((bytes.len() + at, text));
        bytes.extend(made);
    }
    File { bytes, texts }
}

/// A moment of each record: a few records a minute, over a month's end.
fn stamp(n: usize) -> u32 {
    764_900_000 + 5_417 * (n / 3) as u32
}

impl File {
    /// Reads it: every text must come back.
    fn read(&self) -> Layout {
        let layout = probe::infer(&self.bytes, true).expect("a framing");
        assert_eq!(texts(&self.bytes, &layout), self.texts, "{layout:#?}");
        layout
    }

    /// Writes the records again: every byte must come back.
    fn write(&self, layout: &Layout) {
        let mut out = Vec::new();
        let mut previous = None;
        for (n, (_, text)) in self.texts.iter().enumerate() {
            let (sync, stamp) = (n as u32 + 1, stamp(n).into());
            let at = out.len();
            let item = Item { text, sync, stamp };
            layout
                .write(&item, at as u64, previous, &mut out)
                .unwrap_or_else(|error| panic!("record {n}: {error}\n{layout:#?}"));
            previous = Some((at as u64, (out.len() - at) as u64));
        }
        assert_eq!(out, self.bytes);
    }
}

/// Returns the field of a meaning, which must be sure.
fn sure(layout: &Layout, is: impl Fn(&Meaning) -> bool) -> &Field {
    let field = layout.field(is).unwrap_or_else(|| panic!("{layout:#?}"));
    assert!(field.is_sure(), "{field:#?}");
    field
}

fn place(field: &Field) -> (usize, usize) {
    (field.place.offset, field.place.size)
}

#[test]
fn probe_types_in_lower_case_are_transactions() {
    let file = file(["pcm", "smtp"], |_, n, text| {
        let mut record = (n as u32 + 1).to_le_bytes().to_vec();
        record.extend(stamp(n).to_le_bytes());
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(text);
        (10, record)
    });
    let layout = file.read();
    assert_eq!(place(sure(&layout, |m| *m == Meaning::Sync)), (0, 4));
    file.write(&layout);
}

#[test]
fn probe_a_mark_at_the_end_of_the_file_is_no_part_of_the_records() {
    let mut file = file(UPPER, |_, n, text| {
        let mut record = stamp(n).to_le_bytes().to_vec();
        record.extend((n as u32 + 1).to_le_bytes());
        record.extend((text.len() as u16).to_le_bytes());
        record.extend([0, 0]);
        record.extend(text);
        (12, record)
    });
    file.bytes.push(0x1a);
    let layout = file.read();
    assert_eq!((layout.lead, layout.tail, layout.header_len), (0, 1, 12));
    assert!(layout.doubts.is_empty(), "{:?}", layout.doubts);
    assert!(layout.fields.iter().all(Field::is_sure), "{layout:#?}");
    // What stands behind the records would be lost.
    let refused = layout.unexplained();
    assert!(
        refused[0].contains("1 bytes behind the last record"),
        "{refused:?}"
    );
}

#[test]
fn probe_bytes_before_the_first_record_are_told_from_its_header() {
    let mut file = file(UPPER, |_, n, text| {
        let mut record = (n as u16 + 1).to_le_bytes().to_vec();
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(stamp(n).to_le_bytes());
        record.extend(text);
        record.extend(b"\r\n");
        (8, record)
    });
    let lead = b"QUEUE\x01\x00\x00\x05\x00\x00\x00\x00\x00\x00\x80";
    file.bytes.splice(0..0, *lead);
    for (at, _) in &mut file.texts {
        *at += lead.len();
    }
    let layout = file.read();
    assert_eq!((layout.lead, layout.tail, layout.header_len), (16, 0, 8));
    assert_eq!(layout.terminator, b"\r\n");
    assert!(layout.doubts.is_empty(), "{:?}", layout.doubts);
}

#[test]
fn probe_dates_of_the_c_libraries_are_read() {
    // 1994-03-29 04:53:20 and later, over the end of the month: days of March, days of April.
    let parts = |n: usize| {
        let seconds = i64::from(stamp(n));
        let time = jiff::Timestamp::from_second(seconds)
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC);
        let date = [time.year() as u16, time.month() as u16, time.day() as u16];
        (
            date,
            [
                time.hour() as u16,
                time.minute() as u16,
                time.second() as u16,
            ],
        )
    };
    let tm = file(UPPER, |_, n, text| {
        let ([year, month, day], [hour, minute, second]) = parts(n);
        let words = [second, minute, hour, day, month - 1, year - 1900];
        let mut record: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        record.extend((n as u32 + 1).to_le_bytes());
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(text);
        (18, record)
    });
    let borland = file(UPPER, |_, n, text| {
        let ([year, month, day], [hour, minute, second]) = parts(n);
        let mut record = (text.len() as u16).to_le_bytes().to_vec();
        record.extend(year.to_le_bytes());
        record.extend([day, month, minute, hour, 0, second].map(|part| part as u8));
        record.extend((n as u32 + 1).to_le_bytes());
        record.extend(text);
        (14, record)
    });
    for (file, name, at) in [
        (tm, "parts smhDMY 2 1900, months from 0", (0, 12)),
        (borland, "parts Y2D1M1m1h1f1s1", (2, 8)),
    ] {
        let layout = file.read();
        let field = sure(&layout, |m| matches!(m, Meaning::Stamp(_)));
        let Meaning::Stamp(kind) = &field.meaning else {
            unreachable!()
        };
        assert_eq!((kind.describe().as_str(), place(field)), (name, at));
        file.write(&layout);
    }
}

#[test]
fn probe_digits_behind_blanks_are_written_back_so() {
    let file = file(UPPER, |_, n, text| {
        let mut record = format!("{:6}|{:4}|{:010}|", n + 1, text.len(), stamp(n)).into_bytes();
        record.extend(text);
        (23, record)
    });
    let layout = file.read();
    assert_eq!(place(sure(&layout, |m| *m == Meaning::Sync)), (0, 6));
    let length = sure(&layout, |m| matches!(m, Meaning::Length { .. }));
    assert_eq!(place(length), (7, 4));
    file.write(&layout);
}

#[test]
fn probe_the_offset_of_the_next_record_ends_a_text_that_nothing_else_ends() {
    // The first byte of a header is a letter as often as not.
    let file = file(UPPER, |at, n, text| {
        let mut record = (n as u16 * 131 + 7).to_be_bytes().to_vec();
        record[0] = b'A' + (n * 11 % 26) as u8;
        record.extend(stamp(n).to_le_bytes());
        record.extend((n as u32 + 1).to_le_bytes());
        record.extend(((at + 14 + text.len()) as u32).to_le_bytes());
        record.extend(text);
        (14, record)
    });
    let layout = file.read();
    let to = Target::Next;
    let next = sure(&layout, |m| *m == Meaning::Link { to, plus: 0 });
    assert_eq!(place(next), (10, 4));
    assert_eq!(place(sure(&layout, |m| *m == Meaning::Sync)), (6, 4));
}

#[test]
fn probe_a_text_may_fill_its_record_and_fields_follow_it() {
    let longest = (0..120).map(|n| transaction(n, UPPER).len()).max().unwrap();
    let file = file(UPPER, |_, n, text| {
        let mut record = (n as u32 + 1).to_le_bytes().to_vec();
        record.extend(text);
        // The longest text fills its place: nothing but the size ends it.
        record.resize(4 + longest, b' ');
        record.extend(stamp(n).to_le_bytes());
        (4, record)
    });
    let layout = file.read();
    let size = longest + 8;
    assert_eq!(
        (layout.size, layout.pad, layout.footer_len),
        (Some(size), b' ', 4)
    );
    file.write(&layout);
    let item = Item {
        text: &vec![b'A'; longest + 1],
        sync: 1,
        stamp: 0,
    };
    let refused = layout.write(&item, 0, None, &mut Vec::new()).unwrap_err();
    let len = longest + 1;
    assert_eq!(
        refused,
        format!("a text of {len} bytes does not fit records of {size} bytes")
    );
}

#[test]
fn probe_of_all_words_that_complete_a_sum_one_is_the_checksum() {
    // The sum of all words of a record is always the same: each of them is the checksum of the rest.
    let file = file(UPPER, |_, n, text| {
        let mut record = vec![0, 0];
        record.extend(stamp(n).to_le_bytes());
        record.extend((n as u32 + 1).to_le_bytes());
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(text);
        let words = record
            .chunks(2)
            .map(|w| u32::from(w[0]) | u32::from(*w.get(1).unwrap_or(&0)) << 8);
        let mut sum: u32 = words.sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        record[..2].copy_from_slice(&(!sum as u16).to_le_bytes());
        (12, record)
    });
    let layout = file.read();
    let sum = sure(&layout, |m| matches!(m, Meaning::Checksum { .. }));
    assert_eq!(place(sum), (0, 2));
    assert_eq!(
        place(sure(&layout, |m| matches!(m, Meaning::Stamp(_)))),
        (2, 4)
    );
    assert_eq!(place(sure(&layout, |m| *m == Meaning::Sync)), (6, 4));
    file.write(&layout);
}

#[test]
fn probe_a_checksum_may_cover_what_stands_before_it() {
    let crc = Crc::<u16>::new(&CRC_16_IBM_3740);
    let file = file(UPPER, |_, n, text| {
        let mut record = (n as u32 + 1).to_le_bytes().to_vec();
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(text);
        record.extend(stamp(n).to_le_bytes());
        record.extend(crc.checksum(&record).to_le_bytes());
        // Behind it stands what it does not cover.
        record.extend([0x55, 0xaa]);
        (6, record)
    });
    let layout = file.read();
    let sum = sure(&layout, |m| matches!(m, Meaning::Checksum { .. }));
    assert_eq!(place(sum), (4, 2));
    let Meaning::Checksum { extent, .. } = &sum.meaning else {
        unreachable!()
    };
    assert_eq!(extent.describe(), "start of record to the checksum itself");
    let of = Measure::Text;
    sure(&layout, |m| *m == Meaning::Length { of, plus: 0 });
    file.write(&layout);
}

#[test]
fn probe_counters_of_others_are_no_dates() {
    // The number of the last import rises now and then, in four bytes.
    let file = file(UPPER, |_, n, text| {
        let mut record = (n as u32 + 1).to_le_bytes().to_vec();
        record.extend(stamp(n).to_le_bytes());
        record.extend((9_641 + n as u32 / 4).to_le_bytes());
        record.extend((text.len() as u16).to_le_bytes());
        record.extend(text);
        (14, record)
    });
    let layout = file.read();
    let stamps = layout
        .fields
        .iter()
        .filter(|f| matches!(f.meaning, Meaning::Stamp(_)));
    assert_eq!(stamps.map(place).collect::<Vec<_>>(), [(4, 4)]);
    let unknown = layout.field(|m| matches!(m, Meaning::Unknown { .. }));
    let at = unknown.expect("a counter").place.offset;
    assert!((8..12).contains(&at), "{layout:#?}");
}

/// Numbers as `write!` prints them, the first one right behind the text before it: only the length tells its digits from
/// those of the text.
#[test]
fn probe_reads_numbers_of_any_width_right_behind_a_text() {
    let file = file(UPPER, |_, n, text| {
        let sum = Crc::<u16>::new(&CRC_16_IBM_3740).checksum(text);
        let header = format!("{}|{sum:04X}|{}|", text.len(), n + 1);
        let record = [header.as_bytes(), text].concat();
        (header.len(), record)
    });
    let layout = file.read();
    let (place, of, plus) = layout.length().expect("a length");
    assert_eq!((of, plus), (Measure::Text, 0), "{layout:#?}");
    assert!(place.code.is_varying() && place.offset == 0, "{layout:#?}");
    sure(&layout, |meaning| *meaning == Meaning::Sync);
    sure(&layout, |meaning| {
        matches!(meaning, Meaning::Checksum { .. })
    });
    file.write(&layout);
}
