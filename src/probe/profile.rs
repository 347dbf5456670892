//! A framing as a TOML file: what `probe --save` writes and `--framing` takes.

use serde::{Deserialize, Serialize};

use super::checksum::{Algorithm, Extent, Own, Start, Stop};
use super::layout::{AlgorithmRef, Field, Layout, Meaning, Measure, Target};
use super::stamp::StampKind;
use super::value::{Code, Place, Zone};
use super::varying::{MAX_NUMBERS, MOST_DECIMAL};

/// Bytes that a part of a record may have in a profile, so that a wrong one does not ask for all memory.
const MAX_PART: usize = 1 << 16;

/// Digits that a number of any width may have.
const MAX_DIGITS: usize = MOST_DECIMAL;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Profile {
    lead: usize,
    #[serde(default)]
    tail: usize,
    header: usize,
    trailer: usize,
    footer: usize,
    terminator: String,
    align: usize,
    align_rest: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    pad: u8,
    joiner: String,
    #[serde(default)]
    doubts: Vec<String>,
    #[serde(default, rename = "field")]
    fields: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    zone: String,
    offset: usize,
    size: usize,
    code: String,
    meaning: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plus: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// Records that agreed, of how many; for the reader alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
}

/// Writes a framing as TOML.
#[must_use]
pub fn to_toml(layout: &Layout) -> String {
    let profile = Profile {
        lead: layout.lead,
        tail: layout.tail,
        header: layout.header_len,
        trailer: layout.trailer_len,
        footer: layout.footer_len,
        terminator: hex(&layout.terminator),
        align: layout.align,
        align_rest: layout.align_rest,
        size: layout.size,
        pad: layout.pad,
        joiner: hex(&layout.joiner),
        doubts: layout.doubts.clone(),
        fields: layout.fields.iter().map(entry).collect(),
    };
    toml::to_string(&profile).expect("plain values")
}

/// Reads a framing.
///
/// # Errors
/// What is wrong with it.
pub fn from_toml(text: &str) -> Result<Layout, String> {
    let profile: Profile = toml::from_str(text).map_err(|e| e.to_string())?;
    for (key, len) in [
        ("lead", profile.lead),
        ("tail", profile.tail),
        ("header", profile.header),
        ("trailer", profile.trailer),
        ("footer", profile.footer),
        ("align", profile.align),
    ] {
        if len > MAX_PART {
            return Err(format!("{key}: {len} bytes, expected at most {MAX_PART}"));
        }
    }
    let (align, rest) = (profile.align, profile.align_rest);
    if align == 0 {
        return Err("align: found 0, expected at least 1".to_owned());
    }
    if rest >= align {
        return Err(format!(
            "align-rest: found {rest}, expected less than align, {align}"
        ));
    }
    if let Some(size) = profile.size.filter(|&size| size != align) {
        return Err(format!("size: found {size}, expected align, {align}"));
    }
    let bytes = |key: &str, text: &str| unhex(text).map_err(|error| format!("{key}: {error}"));
    let mut layout = Layout {
        lead: profile.lead,
        tail: profile.tail,
        header_len: profile.header,
        trailer_len: profile.trailer,
        footer_len: profile.footer,
        terminator: bytes("terminator", &profile.terminator)?,
        align: profile.align,
        align_rest: profile.align_rest,
        size: profile.size,
        pad: profile.pad,
        joiner: bytes("joiner", &profile.joiner)?,
        fields: Vec::new(),
        doubts: profile.doubts,
    };
    for (number, entry) in (1..).zip(&profile.fields) {
        let added = field(entry).and_then(|field| add(&mut layout, field));
        added.map_err(|error| {
            let Entry {
                meaning,
                zone,
                offset,
                ..
            } = entry;
            format!("field {number}, {meaning} at {zone} byte {offset}: {error}")
        })?;
    }
    layout.fields.sort_by_key(|f| f.place);
    if layout.varying().count() > MAX_NUMBERS {
        return Err(format!("more than {MAX_NUMBERS} numbers of any width"));
    }
    if layout.overhead() == 0 && layout.align <= 1 {
        return Err(
            "header, terminator, trailer, footer and align: nothing ends a text".to_owned(),
        );
    }
    Ok(layout)
}

/// Adds a field where it has room.
fn add(layout: &mut Layout, field: Field) -> Result<(), String> {
    let place = field.place;
    let len = match place.zone {
        Zone::Header => layout.header_len,
        Zone::Trailer => layout.trailer_len,
        Zone::Footer => layout.footer_len,
    };
    if place.size == 0 {
        return Err("size: found 0, expected at least 1".to_owned());
    }
    if place.offset.saturating_add(place.size) > len {
        let (size, zone) = (place.size, place.zone.word());
        return Err(format!("its {size} bytes leave the {zone} of {len}"));
    }
    if place.code.is_varying() && (place.zone != Zone::Header || place.size > MAX_DIGITS) {
        return Err(format!(
            "a number of any width stands in the header, and has at most {MAX_DIGITS} digits"
        ));
    }
    if let Some(other) = layout.fields.iter().find(|f| f.place.overlaps(&place)) {
        let (word, at) = (other.meaning.word(), other.place.offset);
        return Err(format!("overlaps the {word} at byte {at}"));
    }
    layout.fields.push(field);
    Ok(())
}

fn entry(field: &Field) -> Entry {
    let place = field.place;
    let mut entry = Entry {
        zone: place.zone.word().to_owned(),
        offset: place.offset,
        size: place.size,
        code: place.code.word().to_owned(),
        evidence: (field.of > 0).then(|| format!("{} of {}", field.agree, field.of)),
        doubt: field.doubt.clone(),
        ..Entry::default()
    };
    if !field.others.is_empty() && entry.doubt.is_none() {
        entry.doubt = Some(format!(
            "{} other readings agree as well",
            field.others.len()
        ));
    }
    entry.meaning = field.meaning.word().to_owned();
    match &field.meaning {
        Meaning::Length { of, plus } => {
            entry.of = Some(measure(*of).to_owned());
            entry.plus = Some(*plus);
        }
        Meaning::Sync => {}
        Meaning::Stamp(kind) => entry.kind = Some(kind.describe()),
        Meaning::Constant(bytes) => entry.bytes = Some(hex(bytes)),
        Meaning::Link { to, plus } => {
            entry.of = Some(target(*to).to_owned());
            entry.plus = Some(*plus);
        }
        Meaning::Checksum { algorithm, extent } => {
            entry.algorithm = Some(algorithm.0.name().to_owned());
            entry.from = Some(match extent.start {
                Start::Text => "text".to_owned(),
                Start::Header(at) => format!("header {at}"),
            });
            entry.to = Some(extent.stop.word().to_owned());
            entry.own = Some(own(extent.own).to_owned());
        }
        Meaning::Kind { table } => {
            let pairs: Vec<_> = table
                .iter()
                .map(|(letter, number)| format!("{}={number}", char::from(*letter)))
                .collect();
            entry.table = Some(pairs.join(" "));
        }
        Meaning::Unknown { values } => entry.values = Some(*values),
    }
    entry
}

fn field(entry: &Entry) -> Result<Field, String> {
    let missing = |what: &str| format!("{what} is missing or not known");
    let code = Code::ALL.into_iter().find(|c| c.word() == entry.code);
    let zone = Zone::ALL.into_iter().find(|z| z.word() == entry.zone);
    let place = Place {
        zone: zone.ok_or_else(|| missing("zone"))?,
        offset: entry.offset,
        size: entry.size,
        code: code.ok_or_else(|| missing("code"))?,
    };
    let plus = entry.plus.unwrap_or(0);
    if plus.unsigned_abs() > MAX_PART as u64 {
        return Err(format!(
            "plus: found {plus}, expected at most {MAX_PART} up or down"
        ));
    }
    let of = entry.of.as_deref();
    let meaning = match entry.meaning.as_str() {
        "length" => {
            let all = [Measure::Text, Measure::Record, Measure::Previous];
            let found = all.into_iter().find(|&m| Some(measure(m)) == of);
            let of = found.ok_or_else(|| missing("of"))?;
            Meaning::Length { of, plus }
        }
        "sync number" => Meaning::Sync,
        "date stamp" => {
            let kind = entry.kind.as_deref().and_then(StampKind::parse);
            let kind = kind.ok_or_else(|| missing("kind"))?;
            if !StampKind::of_size(place.size, place.code).contains(&kind) {
                return Err("its size or code does not fit its kind".to_owned());
            }
            Meaning::Stamp(kind)
        }
        "constant" => {
            let bytes = unhex(entry.bytes.as_deref().unwrap_or_default())
                .map_err(|error| format!("bytes: {error}"))?;
            if bytes.len() != place.size {
                let (found, size) = (bytes.len(), place.size);
                return Err(format!("bytes: found {found}, expected {size}"));
            }
            Meaning::Constant(bytes)
        }
        "offset" => {
            let all = [Target::This, Target::Next, Target::Previous];
            let found = all.into_iter().find(|&t| Some(target(t)) == of);
            let to = found.ok_or_else(|| missing("of"))?;
            Meaning::Link { to, plus }
        }
        "checksum" => {
            let algorithm = entry.algorithm.as_deref().and_then(Algorithm::named);
            let start = match entry.from.as_deref() {
                Some("text") => Start::Text,
                Some(from) => {
                    let at = from.strip_prefix("header ").and_then(|at| at.parse().ok());
                    Start::Header(at.ok_or_else(|| missing("from"))?)
                }
                None => return Err(missing("from")),
            };
            let to = entry.to.as_deref();
            let stop = Stop::ALL.into_iter().find(|s| Some(s.word()) == to);
            let mut owns = [Own::Zero, Own::Skipped].into_iter();
            let own = owns.find(|&o| Some(own(o)) == entry.own.as_deref());
            Meaning::Checksum {
                algorithm: AlgorithmRef(algorithm.ok_or_else(|| missing("algorithm"))?),
                extent: Extent {
                    start,
                    stop: stop.ok_or_else(|| missing("to"))?,
                    own: own.ok_or_else(|| missing("own"))?,
                },
            }
        }
        "kind" => Meaning::Kind {
            table: table(entry.table.as_deref().unwrap_or_default(), &place)?,
        },
        "not explained" => Meaning::Unknown {
            values: entry.values.unwrap_or(0),
        },
        _ => return Err(missing("meaning")),
    };
    let mut field = Field::new(place, meaning);
    field.doubt.clone_from(&entry.doubt);
    Ok(field)
}

/// Reads the numbers of the letters, `A=1 D=2`.
fn table(text: &str, place: &Place) -> Result<Vec<(u8, u64)>, String> {
    let mut table = Vec::<(u8, u64)>::new();
    for pair in text.split_ascii_whitespace() {
        let wrong = || format!("table: \"{pair}\": expected a letter, = and its number");
        let (letter, number) = pair.split_once('=').ok_or_else(wrong)?;
        let &[letter] = letter.as_bytes() else {
            return Err(wrong());
        };
        let number = number.parse().map_err(|_| wrong())?;
        if table.iter().any(|(l, _)| *l == letter) {
            return Err(format!("table: {} twice", char::from(letter)));
        }
        if !place.code.put(number, &mut vec![0; place.size]) {
            return Err(format!("table: {number} does not fit {} bytes", place.size));
        }
        table.push((letter, number));
    }
    if table.is_empty() {
        return Err("table is missing or empty".to_owned());
    }
    Ok(table)
}

fn measure(of: Measure) -> &'static str {
    match of {
        Measure::Text => "text",
        Measure::Record => "record",
        Measure::Previous => "previous record",
    }
}

fn target(to: Target) -> &'static str {
    match to {
        Target::This => "this record",
        Target::Next => "next record",
        Target::Previous => "previous record",
    }
}

fn own(own: Own) -> &'static str {
    match own {
        Own::Zero => "zero",
        Own::Skipped => "skipped",
    }
}

/// Writes bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("\"{text}\": expected pairs of hexadecimal digits");
    if text.len() % 2 != 0 || !text.is_ascii() {
        return Err(wrong());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Layout {
        let place = |zone, offset, size, code| Place {
            zone,
            offset,
            size,
            code,
        };
        let sum = Meaning::Checksum {
            algorithm: AlgorithmRef(Algorithm::named("CRC-16/ARC").unwrap()),
            extent: Extent {
                start: Start::Header(2),
                stop: Stop::Record,
                own: Own::Zero,
            },
        };
        let length = Meaning::Length {
            of: Measure::Text,
            plus: 3,
        };
        let link = Meaning::Link {
            to: Target::Next,
            plus: -4,
        };
        let stamp = Meaning::Stamp(StampKind::Dos { date_first: true });
        let fields = [
            (place(Zone::Header, 0, 4, Code::Decimal), length),
            (place(Zone::Header, 4, 4, Code::Big), Meaning::Sync),
            (place(Zone::Header, 8, 4, Code::Little), stamp),
            (place(Zone::Header, 12, 4, Code::Mixed), link),
            (
                place(Zone::Header, 16, 3, Code::Little),
                Meaning::Unknown { values: 9 },
            ),
            (place(Zone::Trailer, 0, 2, Code::Little), sum),
            (
                place(Zone::Footer, 0, 1, Code::Little),
                Meaning::Constant(vec![0x1a]),
            ),
        ];
        Layout {
            lead: 7,
            tail: 3,
            header_len: 19,
            terminator: b"\r\n".to_vec(),
            trailer_len: 2,
            footer_len: 1,
            align: 16,
            align_rest: 3,
            size: None,
            pad: 0x20,
            joiner: b"\n".to_vec(),
            fields: fields
                .map(|(place, meaning)| Field::new(place, meaning))
                .to_vec(),
            doubts: vec!["one".to_owned()],
        }
    }

    #[test]
    fn a_profile_is_read_back_as_it_was_written() {
        assert_eq!(from_toml(&to_toml(&sample())), Ok(sample()));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let text = to_toml(&sample());
        for (from, to, said) in [
            (
                "offset = 4",
                "offset = 3",
                "field 2, sync number at header byte 3: overlaps the length at byte 0",
            ),
            (
                "offset = 16",
                "offset = 17",
                "field 5, not explained at header byte 17: its 3 bytes leave the header of 19",
            ),
            (
                "align = 16",
                "align = 0",
                "align: found 0, expected at least 1",
            ),
            (
                "align-rest = 3",
                "align-rest = 16",
                "align-rest: found 16, expected less than align, 16",
            ),
            (
                "pad = 32",
                "size = 15\npad = 32",
                "size: found 15, expected align, 16",
            ),
            (
                "header = 19",
                "header = 99999999",
                "header: 99999999 bytes, expected at most 65536",
            ),
            (
                "\"date stamp\"",
                "\"birthday\"",
                "field 3, birthday at header byte 8: meaning is missing or not known",
            ),
            (
                "CRC-16/ARC",
                "CRC-17/ARC",
                "field 6, checksum at trailer byte 0: algorithm is missing or not known",
            ),
            (
                "plus = 3",
                "plus = -9223372036854775808",
                "field 1, length at header byte 0: plus: found -9223372036854775808, expected at most 65536 up or down",
            ),
            (
                "terminator = \"0d0a\"",
                "terminator = \"0d0\"",
                "terminator: \"0d0\": expected pairs of hexadecimal digits",
            ),
            ("pad = 32", "pad = 320", "line 9"),
        ] {
            assert!(text.contains(from), "{from}\n{text}");
            let error = from_toml(&text.replacen(from, to, 1)).expect_err(from);
            assert!(
                error == said || said.starts_with("line") && error.contains(said),
                "{error}"
            );
        }
    }
}
