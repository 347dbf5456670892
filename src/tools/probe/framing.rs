//! The framing as it is told: a table with its evidence, or a part of the JSON object.

use std::io::{self, Write};

use serde::Serialize;

use crate::probe::checksum::Start;
use crate::probe::layout::{Field, Layout, Meaning, Measure, Target};
use crate::probe::profile::hex;
use crate::probe::value::{Code, Place};

/// Other readings of a field that the screen shows.
const MAX_OTHERS: usize = 2;

/// The framing as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Framing<'p> {
    lead: usize,
    tail: usize,
    header: usize,
    terminator: String,
    trailer: usize,
    footer: usize,
    align: usize,
    align_rest: usize,
    size: Option<usize>,
    pad: u8,
    joiner: String,
    doubts: &'p [String],
    unexplained: Vec<String>,
    fields: Vec<Row>,
}

/// One field.
#[derive(Debug, Serialize)]
struct Row {
    zone: &'static str,
    offset: usize,
    size: usize,
    code: &'static str,
    meaning: String,
    agree: u64,
    of: u64,
    sure: bool,
    doubt: Option<String>,
    others: Vec<String>,
    same: Vec<String>,
}

/// Describes a framing.
pub(super) fn framing(layout: &Layout) -> Framing<'_> {
    Framing {
        lead: layout.lead,
        tail: layout.tail,
        header: layout.header_len,
        terminator: hex(&layout.terminator),
        trailer: layout.trailer_len,
        footer: layout.footer_len,
        align: layout.align,
        align_rest: layout.align_rest,
        size: layout.size,
        pad: layout.pad,
        joiner: hex(&layout.joiner),
        doubts: &layout.doubts,
        unexplained: layout.unexplained(),
        fields: layout.fields.iter().map(row).collect(),
    }
}

fn row(field: &Field) -> Row {
    let place = field.place;
    Row {
        zone: place.zone.word(),
        offset: place.offset,
        size: place.size,
        code: place.code.word(),
        meaning: describe(&field.meaning),
        agree: field.agree,
        of: field.of,
        sure: field.is_sure(),
        doubt: field.doubt.clone(),
        others: field.others.iter().map(|(p, m)| other(p, m)).collect(),
        same: field.same.iter().map(|(p, m)| other(p, m)).collect(),
    }
}

fn other(place: &Place, meaning: &Meaning) -> String {
    let Place {
        offset, size, code, ..
    } = place;
    format!(
        "{} at {offset}, {size} bytes {}",
        describe(meaning),
        code.word()
    )
}

/// Says what a field means.
fn describe(meaning: &Meaning) -> String {
    let plus = |what: &str, plus: i64| match plus {
        0 => what.to_owned(),
        n if n > 0 => format!("{what} + {n}"),
        n => format!("{what} - {}", -n),
    };
    match meaning {
        Meaning::Length { of, plus: n } => {
            let what = match of {
                Measure::Text => "length of the text",
                Measure::Record => "length of the record",
                Measure::Previous => "length of the record before",
            };
            plus(what, *n)
        }
        Meaning::Sync => "sync number".to_owned(),
        Meaning::Stamp(kind) => format!("date stamp ({})", kind.describe()),
        Meaning::Constant(bytes) => format!("always {}", hex(bytes)),
        Meaning::Link { to, plus: n } => {
            let what = match to {
                Target::This => "offset of this record",
                Target::Next => "offset of the next record",
                Target::Previous => "offset of the record before",
            };
            plus(what, *n)
        }
        Meaning::Checksum { algorithm, extent } => {
            let from_text = extent.start == Start::Text;
            let what = if from_text { "text" } else { "record" };
            format!(
                "checksum of {what}: {}, {}",
                algorithm.0.name(),
                extent.describe()
            )
        }
        Meaning::Kind { table } => {
            let pairs: Vec<_> = table
                .iter()
                .map(|(letter, number)| format!("{} {number}", char::from(*letter)))
                .collect();
            format!("by letter: {}", pairs.join(", "))
        }
        Meaning::Unknown { values } => format!("not explained ({values} values)"),
    }
}

/// Prints a framing: the fields with their evidence, the sure and the doubtful apart.
pub(super) fn print(layout: &Layout, screen: &mut impl Write) -> io::Result<()> {
    writeln!(
        screen,
        "\nFraming: header of {} bytes, text, terminator \"{}\", trailer of {}, footer of {}",
        layout.header_len,
        layout.terminator.escape_ascii(),
        layout.trailer_len,
        layout.footer_len
    )?;
    if layout.lead > 0 {
        writeln!(screen, "  the first record begins at byte {}", layout.lead)?;
    }
    if layout.tail > 0 {
        writeln!(
            screen,
            "  {} bytes stand behind the last record",
            layout.tail
        )?;
    }
    if let Some(size) = layout.size {
        writeln!(
            screen,
            "  records have {size} bytes, filled up with {:#04x}",
            layout.pad
        )?;
    } else if layout.align > 1 {
        writeln!(
            screen,
            "  records are padded with {:#04x} to a multiple of {}, and {}",
            layout.pad, layout.align, layout.align_rest
        )?;
    }
    for is_sure in [true, false] {
        let mut fields = layout
            .fields
            .iter()
            .filter(|f| f.is_sure() == is_sure)
            .peekable();
        if fields.peek().is_none() {
            continue;
        }
        writeln!(screen, "\n{}", if is_sure { "Sure" } else { "Doubtful" })?;
        writeln!(screen, "  Part    Offset Size  Records that agree  Meaning")?;
        for field in fields {
            let place = field.place;
            let evidence = match field.of {
                0 => String::new(),
                of => format!("{} of {of}", field.agree),
            };
            let code = match (&field.meaning, place.code) {
                (Meaning::Constant(_) | Meaning::Unknown { .. }, _) => String::new(),
                (_, Code::Little | Code::Big) if place.size == 1 => String::new(),
                (_, code) => format!(", {}", code.word()),
            };
            writeln!(
                screen,
                "  {:<7} {:>6} {:>4}  {evidence:<18}  {}{code}",
                place.zone.word(),
                place.offset,
                place.size,
                describe(&field.meaning)
            )?;
            for (place, meaning) in field.others.iter().take(MAX_OTHERS) {
                writeln!(screen, "{:42}or {}", "", other(place, meaning))?;
            }
            let more = field.others.len().saturating_sub(MAX_OTHERS);
            if more > 0 {
                writeln!(
                    screen,
                    "{:42}or one of {more} more readings (--json has them)",
                    ""
                )?;
            }
            if let Some((place, meaning)) = field.same.first() {
                writeln!(screen, "{:42}the same here: {}", "", other(place, meaning))?;
            }
            if let Some(doubt) = &field.doubt {
                writeln!(screen, "{:42}{doubt}", "")?;
            }
        }
    }
    for doubt in &layout.doubts {
        writeln!(screen, "\nIn doubt: {doubt}")?;
    }
    Ok(())
}
