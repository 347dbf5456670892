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
    header: usize,
    trailer: usize,
    footer: usize,
    terminator: String,
    align: usize,
    align_rest: usize,
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
        header: layout.header_len,
        trailer: layout.trailer_len,
        footer: layout.footer_len,
        terminator: hex(&layout.terminator),
        align: layout.align,
        align_rest: layout.align_rest,
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
    let parts = [
        profile.lead,
        profile.header,
        profile.trailer,
        profile.footer,
        profile.align,
    ];
    if parts.iter().any(|&len| len > MAX_PART) {
        return Err(format!("a part of a record has more than {MAX_PART} bytes"));
    }
    if profile.align == 0 || profile.align_rest >= profile.align {
        return Err("align must be at least 1, and align-rest less".to_owned());
    }
    let mut layout = Layout {
        lead: profile.lead,
        header_len: profile.header,
        trailer_len: profile.trailer,
        footer_len: profile.footer,
        terminator: unhex(&profile.terminator)?,
        align: profile.align,
        align_rest: profile.align_rest,
        pad: profile.pad,
        joiner: unhex(&profile.joiner)?,
        fields: Vec::new(),
        doubts: profile.doubts,
    };
    for entry in &profile.fields {
        let field = field(entry)?;
        let len = match field.place.zone {
            Zone::Header => layout.header_len,
            Zone::Trailer => layout.trailer_len,
            Zone::Footer => layout.footer_len,
        };
        let place = field.place;
        if place.size == 0 || place.offset.saturating_add(place.size) > len {
            return Err(format!("{} leaves the {}", entry.meaning, entry.zone));
        }
        if place.code.is_varying() && (place.zone != Zone::Header || place.size > MAX_DIGITS) {
            return Err(format!(
                "{}: a number of any width stands in the header, and has at most {MAX_DIGITS} digits",
                entry.meaning
            ));
        }
        if layout.fields.iter().any(|f| f.place.overlaps(&place)) {
            return Err(format!("{} overlaps another field", entry.meaning));
        }
        layout.fields.push(field);
    }
    layout.fields.sort_by_key(|f| f.place);
    if layout.varying().count() > MAX_NUMBERS {
        return Err(format!("more than {MAX_NUMBERS} numbers of any width"));
    }
    if layout.overhead() == 0 && layout.align <= 1 {
        return Err("nothing ends a text".to_owned());
    }
    Ok(layout)
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
        Meaning::Unknown { values } => entry.values = Some(*values),
    }
    entry
}

fn field(entry: &Entry) -> Result<Field, String> {
    let missing = |what: &str| format!("{}: {what} is missing or not known", entry.meaning);
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
        return Err(format!("{}: plus {plus} is out of bounds", entry.meaning));
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
                return Err("date stamp: its size or code does not fit its kind".to_owned());
            }
            Meaning::Stamp(kind)
        }
        "constant" => {
            let bytes = unhex(entry.bytes.as_deref().unwrap_or_default())?;
            if bytes.len() != place.size {
                return Err(missing("bytes"));
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
        "not explained" => Meaning::Unknown {
            values: entry.values.unwrap_or(0),
        },
        _ => return Err(missing("meaning")),
    };
    let mut field = Field::new(place, meaning);
    field.doubt.clone_from(&entry.doubt);
    Ok(field)
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
            header_len: 19,
            terminator: b"\r\n".to_vec(),
            trailer_len: 2,
            footer_len: 1,
            align: 16,
            align_rest: 3,
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
        for (from, to) in [
            ("offset = 4", "offset = 3"),
            ("offset = 16", "offset = 17"),
            ("align = 16", "align = 0"),
            ("header = 19", "header = 99999999"),
            ("\"date stamp\"", "\"birthday\""),
            ("CRC-16/ARC", "CRC-17/ARC"),
            ("plus = 3", "plus = -9223372036854775808"),
            ("terminator = \"0d0a\"", "terminator = \"0d0\""),
            ("pad = 32", "pad = 320"),
        ] {
            assert!(text.contains(from), "{from}\n{text}");
            let error = from_toml(&text.replacen(from, to, 1)).expect_err(from);
            assert!(!error.is_empty());
        }
    }
}
