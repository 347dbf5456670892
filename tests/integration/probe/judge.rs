//! Compares a framing that was found with the one that was drawn.

use dirsync::probe::checksum::{Algorithm, Own, Start, Stop};
use dirsync::probe::layout::{Field, Layout, Meaning, Measure, Target};
use dirsync::probe::stamp::StampKind;
use dirsync::probe::value::{Code, Place, Zone};

use super::drawn::{Counts, Covers, Date, Drawn, Is, Order, Part, Sum};

/// How well a framing was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(super) enum Verdict {
    Exact,
    /// What was drawn is not what was chosen, but is named as a doubt.
    Doubtful,
    Wrong,
}

/// Returns the verdict with what differs, and how many of the fields drawn were found exactly, of how many.
///
/// Numbers of any width make offsets in the widened header depend on how they were read. So the header is compared as it
/// is in the first record.
pub(super) fn judge(
    drawn: &Drawn,
    layout: &Layout,
    first: &[u8],
) -> (Verdict, Vec<String>, (usize, usize)) {
    let drawn = &as_in(drawn, first);
    let layout = &found_in(layout, first);
    let mut fields = (0, 0);
    let mut verdict = Verdict::Exact;
    let mut notes = Vec::new();
    let mut note = |worse: Verdict, text: String| {
        verdict = verdict.max(worse);
        notes.push(format!("{worse:?}: {text}"));
    };
    let parts = |l: &Layout| (l.lead, l.header_len);
    if parts(layout) != (drawn.lead.len(), drawn.header_len) {
        note(
            Verdict::Wrong,
            format!("header {:?}, drawn {}", parts(layout), drawn.header_len),
        );
    }
    let behind = layout.terminator.len() + layout.trailer_len + layout.footer_len;
    let expected = drawn.terminator.len() + drawn.trailer_len;
    if behind != expected {
        let named = layout
            .doubts
            .iter()
            .any(|d| d.contains("terminator or padding"));
        let worse = if named {
            Verdict::Doubtful
        } else {
            Verdict::Wrong
        };
        note(
            worse,
            format!("{behind} bytes behind the text, drawn {expected}"),
        );
    }
    if layout.align != drawn.align {
        note(
            Verdict::Wrong,
            format!("alignment {}, drawn {}", layout.align, drawn.align),
        );
    }
    for part in &drawn.parts {
        let (verdict, text) = field(drawn, layout, part);
        fields.1 += 1;
        fields.0 += usize::from(verdict == Verdict::Exact);
        if verdict != Verdict::Exact {
            note(verdict, text);
        }
    }
    (verdict, notes, fields)
}

/// Puts the parts of the header where they are in the first record.
fn as_in(drawn: &Drawn, first: &[u8]) -> Drawn {
    let mut drawn = drawn.clone();
    let mut less = 0;
    for part in drawn.parts.iter_mut().filter(|p| !p.in_trailer) {
        part.offset -= less;
        if part.order.is_free() {
            let digits = first[part.offset..].iter().take(part.size);
            let width = digits.take_while(|b| b.is_ascii_hexdigit()).count();
            less += part.size - width;
            part.size = width;
        }
    }
    drawn.header_len -= less;
    drawn
}

/// Puts the fields that were found where they are in the first record.
fn found_in(layout: &Layout, first: &[u8]) -> Layout {
    let mut found = layout.clone();
    let Some(lacks) = layout.lacks(first) else {
        return found;
    };
    let put = |place: &mut Place| {
        let size = lacks.size_of(place).unwrap_or(0);
        if place.zone == Zone::Header {
            place.offset -= lacks.before(place.offset);
            place.size = size;
        }
    };
    let put_range = |meaning: &mut Meaning| {
        if let Meaning::Checksum { extent, .. } = meaning {
            if let Start::Header(at) = &mut extent.start {
                *at -= lacks.before(*at);
            }
        }
    };
    for field in &mut found.fields {
        put(&mut field.place);
        put_range(&mut field.meaning);
        for (place, meaning) in field.others.iter_mut().chain(&mut field.same) {
            put(place);
            put_range(meaning);
        }
    }
    found.header_len -= lacks.total();
    found
}

fn field(drawn: &Drawn, layout: &Layout, part: &Part) -> (Verdict, String) {
    let (place, accepts) = match expected(drawn, layout, part) {
        Some(expected) => expected,
        None => return (Verdict::Exact, String::new()),
    };
    let same = |p: &Place, m: &Meaning| {
        let bytes = (p.zone, p.offset, p.size) == (place.zone, place.offset, place.size);
        bytes && (p.code == place.code || p.size == 1 || is_always_full(part, p.code)) && accepts(m)
    };
    if layout.fields.iter().any(|f| same(&f.place, &f.meaning)) {
        return (Verdict::Exact, String::new());
    }
    // Beside bytes that are always zero, another width, or a range without them, writes and reads the same bytes in every
    // record of the file: it is named, but nothing is in doubt about any byte.
    let same_here = |f: &Field| f.same.iter().any(|(p, m)| same(p, m));
    if layout.fields.iter().any(same_here) {
        return (Verdict::Exact, String::new());
    }
    if wider_by_zeros(drawn, layout, part, &accepts) {
        return (Verdict::Exact, String::new());
    }
    // Of one width throughout, a number may be of that width or of any: that is said.
    let of_width = |f: &&Field| {
        let codes = [f.place.code, place.code];
        let is_pair = [[Code::Digits, Code::Decimal], [Code::HexDigits, Code::Hex]]
            .iter()
            .any(|pair| codes.iter().all(|c| pair.contains(c)));
        is_pair
            && f.doubt.is_some()
            && same(
                &Place {
                    code: place.code,
                    ..f.place
                },
                &f.meaning,
            )
    };
    if let Some(found) = layout.fields.iter().find(of_width) {
        return (
            Verdict::Doubtful,
            format!("{part:?}: found {:?}", found.place),
        );
    }
    let covering: Vec<_> = layout
        .fields
        .iter()
        .filter(|f| f.place.overlaps(&place))
        .map(|f| (f.place, &f.meaning, f.others.len()))
        .collect();
    let text = format!("{part:?}: found {covering:?}");
    let named = layout
        .fields
        .iter()
        .any(|f| f.others.iter().any(|(p, m)| same(p, m)));
    (
        if named {
            Verdict::Doubtful
        } else {
            Verdict::Wrong
        },
        text,
    )
}

/// Tells whether a number of eight hexadecimal digits with zeros before it never has any: a date in 1985 to 2045 takes all
/// eight. Then it is the same as one of as many digits as it has, in every record.
fn is_always_full(part: &Part, found: Code) -> bool {
    matches!(part.is, Is::Stamp(Date::Unix)) && part.order == Order::Hex && found == Code::HexDigits
}

/// Tells whether a length was found wider than it was drawn, by bytes that are drawn as zeros in every record.
///
/// That is the same framing: a length that the narrower number can hold is written with zeros above it by the wider one,
/// so that both write the same bytes for every record that the framing drawn can have, and read them alike. It is not the
/// same the other way round, nor where a number lends its high bytes, nor for a sync number, which goes on to rise.
fn wider_by_zeros(drawn: &Drawn, layout: &Layout, part: &Part, accepts: &Accepts) -> bool {
    if !matches!(part.is, Is::Length(_)) || part.in_trailer {
        return false;
    }
    let (from, to) = (part.offset, part.offset + part.size);
    let is_zero = |at: usize| {
        drawn.parts.iter().any(|p| {
            let inside = !p.in_trailer && (p.offset..p.offset + p.size).contains(&at);
            inside && matches!(p.is, Is::Fixed(bytes) if bytes[at - p.offset] == 0)
        })
    };
    layout.fields.iter().any(|f| {
        let (start, end) = (f.place.offset, f.place.offset + f.place.size);
        let high_bytes_only = match (f.place.code, part.order) {
            (Code::Little, Order::Little) => start == from && end > to,
            (Code::Big, Order::Big) => start < from && end == to,
            _ => false,
        };
        f.place.zone == Zone::Header
            && high_bytes_only
            && (start..from).chain(to..end).all(is_zero)
            && accepts(&f.meaning)
    })
}

type Accepts = Box<dyn Fn(&Meaning) -> bool>;

fn expected(drawn: &Drawn, layout: &Layout, part: &Part) -> Option<(Place, Accepts)> {
    let code = match part.order {
        Order::Little => Code::Little,
        Order::Big => Code::Big,
        Order::Mixed => Code::Mixed,
        Order::Digits => Code::Decimal,
        Order::Hex => Code::Hex,
        Order::FreeDigits => Code::Digits,
        Order::FreeHex => Code::HexDigits,
    };
    // Behind the text, offsets count from the end of the terminator. The file cannot tell a constant from a terminator, nor
    // the other way round, so that only the distance from the text counts.
    let place = Place {
        zone: match part.in_trailer {
            true if drawn.is_footer => Zone::Footer,
            true => Zone::Trailer,
            false => Zone::Header,
        },
        offset: if part.in_trailer && !drawn.is_footer {
            (part.offset + drawn.terminator.len()).checked_sub(layout.terminator.len())?
        } else {
            part.offset
        },
        size: part.size,
        code,
    };
    let (header, size) = (drawn.header_len as i64, part.size as i64);
    let (behind, padded) = (part.offset as i64 + size, drawn.align > 1);
    let rest = (drawn.terminator.len() + drawn.trailer_len) as i64;
    let is_free = drawn.parts.iter().any(|p| p.order.is_free());
    let accepts: Accepts = match part.is {
        Is::Length(counts) => {
            let (of, plus) = match counts {
                // A header of varying length is counted with the record.
                Counts::Whole if is_free => (Measure::Record, 0),
                Counts::HeaderAndText if is_free => (Measure::Record, -rest),
                Counts::Text => (Measure::Text, 0),
                Counts::Terminated => (Measure::Text, drawn.terminator.len() as i64),
                Counts::HeaderAndText => (Measure::Text, header),
                Counts::Whole if padded => (Measure::Record, 0),
                Counts::Rest if padded => (Measure::Record, -behind),
                Counts::Whole => (Measure::Text, header + rest),
                Counts::Rest => (Measure::Text, header + rest - behind),
            };
            Box::new(move |m| *m == Meaning::Length { of, plus })
        }
        Is::Sync => Box::new(|m| *m == Meaning::Sync),
        Is::Stamp(date) => {
            let kind = match date {
                Date::Unix => StampKind::Unix,
                Date::Dos { date_first } => StampKind::Dos { date_first },
                Date::Words { sequence } => {
                    let name = format!("parts {sequence} 2 0");
                    StampKind::parse(&name).expect("a kind of date")
                }
            };
            Box::new(move |m| *m == Meaning::Stamp(kind))
        }
        Is::Next => link(Target::Next, 0),
        Is::NextText => link(Target::Next, header),
        Is::Previous => link(Target::Previous, 0),
        Is::Here => link(Target::This, 0),
        Is::Back => {
            let (of, plus) = (Measure::Previous, 0);
            Box::new(move |m| *m == Meaning::Length { of, plus })
        }
        Is::Sum(sum, covers) => checksum(sum, covers, drawn, part),
        Is::Fixed(_) | Is::Code | Is::Origin => return None,
    };
    Some((place, accepts))
}

fn link(target: Target, more: i64) -> Accepts {
    Box::new(move |m| matches!(m, Meaning::Link { to, plus } if *to == target && *plus == more))
}

fn checksum(sum: Sum, covers: Covers, drawn: &Drawn, part: &Part) -> Accepts {
    let (behind, in_trailer) = (part.offset + part.size, part.in_trailer);
    // Ranges that hold the same bytes are the same range.
    let is_first = part.offset == 0 && !in_trailer;
    let ends_with_text =
        drawn.terminator.is_empty() && drawn.align == 1 && (in_trailer || drawn.trailer_len == 0);
    let name = match sum {
        Sum::Ibm3740 => "CRC-16/IBM-3740",
        Sum::Arc => "CRC-16/ARC",
        Sum::Xmodem => "CRC-16/XMODEM",
        Sum::Kermit => "CRC-16/KERMIT",
        Sum::Modbus => "CRC-16/MODBUS",
        Sum::Bytes16 => "sum of bytes, 16 bits",
        Sum::Rotate16 => "rotate right and add (BSD), 16 bits",
        Sum::Fletcher16 => "Fletcher-16",
        Sum::Crc32 => "CRC-32/ISO-HDLC",
        Sum::Crc32Bzip2 => "CRC-32/BZIP2",
        Sum::Adler32 => "Adler-32",
        Sum::Bytes32 => "sum of bytes, 32 bits",
    };
    // Sums without regard to place or leading zeros cannot tell every range from every other.
    let is_blind = matches!(
        sum,
        Sum::Bytes16
            | Sum::Bytes32
            | Sum::Xmodem
            | Sum::Arc
            | Sum::Kermit
            | Sum::Rotate16
            | Sum::Fletcher16
            | Sum::Adler32
    );
    Box::new(move |m| {
        let Meaning::Checksum { algorithm, extent } = m else {
            return false;
        };
        let from_start = extent.start == Start::Header(0);
        let skipped = from_start && extent.own == Own::Skipped;
        let behind_it = extent.start == Start::Header(behind);
        let range = match covers {
            Covers::Text => extent.start == Start::Text && extent.stop == Stop::Text,
            Covers::Behind => behind_it || extent.start == Start::Text || is_first && skipped,
            Covers::WholeZero => from_start && extent.own == Own::Zero,
            Covers::WholeSkipped => skipped || is_first && behind_it,
            Covers::HeaderZero if in_trailer => {
                from_start && (extent.stop == Stop::Text || ends_with_text)
            }
            Covers::HeaderZero => {
                let stops = extent.stop == Stop::Text || ends_with_text;
                from_start && extent.own == Own::Zero && stops
            }
        };
        let known = Algorithm::named(name).is_some_and(|a| a.name() == algorithm.0.name());
        known && (range || is_blind)
    })
}
