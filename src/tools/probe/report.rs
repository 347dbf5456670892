//! What `probe` says: a table of the framing with its evidence, and what does not fit.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};

use super::options::Options;
use super::pass::{self, Counts, Hole, Misfit, Pass};
use crate::codec::codepage::visible::push_visible;
use crate::probe::checksum::Start;
use crate::probe::layout::{Field, Layout, Meaning, Measure, Target};
use crate::probe::profile::hex;
use crate::probe::value::{Code, Place};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;

/// Lines of one kind that the screen shows.
const MAX_SHOWN: usize = 20;

/// Other readings of a field that the screen shows.
const MAX_OTHERS: usize = 2;

/// The summary: the object of `--json` without its transactions, and the last line of `--report`.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'p> {
    program: &'static str,
    transactions: u64,
    counts: Counts,
    records: u64,
    doubtful: u64,
    loose: u64,
    framing: Option<Framing<'p>>,
    misfits: &'p [Misfit],
    misfit_count: u64,
    holes: &'p [Hole],
    hole_count: u64,
    seconds: f64,
    exit: ExitCode,
}

/// The framing as it is told.
#[derive(Debug, Serialize)]
struct Framing<'p> {
    lead: usize,
    header: usize,
    terminator: String,
    trailer: usize,
    footer: usize,
    align: usize,
    align_rest: usize,
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
}

impl<'p> Summary<'p> {
    pub(super) fn new(pass: &'p Pass) -> Self {
        Self {
            program: "probe",
            transactions: pass.transactions(),
            counts: pass.counts,
            records: pass.records,
            doubtful: pass.doubtful,
            loose: pass.loose,
            framing: pass.layout.as_ref().map(framing),
            misfits: &pass.misfits,
            misfit_count: pass.misfit_count,
            holes: &pass.holes,
            hole_count: pass.hole_count,
            seconds: pass.started.elapsed().as_millis() as f64 / 1000.0,
            exit: pass.exit(),
        }
    }
}

fn framing(layout: &Layout) -> Framing<'_> {
    Framing {
        lead: layout.lead,
        header: layout.header_len,
        terminator: hex(&layout.terminator),
        trailer: layout.trailer_len,
        footer: layout.footer_len,
        align: layout.align,
        align_rest: layout.align_rest,
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
pub(super) fn describe(meaning: &Meaning) -> String {
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
        Meaning::Unknown { values } => format!("not explained ({values} values)"),
    }
}

/// Prints the screen, or the object of `--json`.
pub(super) fn print(options: &Options, pass: &Pass, screen: &mut impl Write) -> anyhow::Result<()> {
    if options.common.json {
        let object = WithEntries {
            summary: Summary::new(pass),
            entries: Entries {
                options,
                pass,
                file: RefCell::new(Some(open(options)?)),
            },
        };
        serde_json::to_writer(&mut *screen, &object).map_err(io::Error::from)?;
        writeln!(screen)?;
        return Ok(());
    }
    print_counts(options, pass, screen)?;
    match &pass.layout {
        Some(layout) => print_layout(layout, screen)?,
        None => writeln!(
            screen,
            "\nNo framing: too few records, or nothing repeats around them."
        )?,
    }
    print_rest(pass, screen)?;
    if options.salvage {
        print_entries(options, pass, screen)?;
    }
    Ok(())
}

/// Prints every transaction that was found, with its offset and how sure it is.
fn print_entries(options: &Options, pass: &Pass, screen: &mut impl Write) -> anyhow::Result<()> {
    let layout = pass.layout.clone().unwrap_or_else(Layout::bare);
    writeln!(
        screen,
        "\nsure: its checksum agrees; fits: its record fits; doubtful: a field disagrees; text: found by its text alone"
    )?;
    writeln!(screen, "      Offset  How       Sync#  Transaction")?;
    let file = open(options)?;
    pass::each(options, file, &layout, pass.page, &mut |found, text| {
        let sync = match found.sync {
            Some(sync) => format!("{sync:06}"),
            None => "------".to_owned(),
        };
        let mut line = format!("  {:>#10x}  {:<8}  {sync} ", found.offset, found.how);
        let indent = line.len();
        push_visible(&mut line, &framed::joined(text), pass.page, indent);
        writeln!(screen, "{line}").map_err(|e| e.to_string())
    })
    .map_err(anyhow::Error::msg)
}

fn open(options: &Options) -> Result<File, ToolError> {
    File::open(&options.file).map_err(|error| {
        ToolError::new(ExitCode::NotFound, options.file.display().to_string()).caused_by(error)
    })
}

fn print_counts(options: &Options, pass: &Pass, screen: &mut impl Write) -> io::Result<()> {
    let c = pass.counts;
    writeln!(
        screen,
        "{}: {} transactions (A {}, M {}, D {}, R {}, T {}), {} comments, {} other texts",
        options.file.display(),
        pass.transactions(),
        c.add,
        c.modify,
        c.delete,
        c.replace,
        c.template,
        c.comment,
        c.other
    )
}

fn print_layout(layout: &Layout, screen: &mut impl Write) -> io::Result<()> {
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
    if layout.align > 1 {
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

fn print_rest(pass: &Pass, screen: &mut impl Write) -> io::Result<()> {
    if pass.misfit_count > 0 {
        writeln!(screen, "\n{} places do not fit:", pass.misfit_count)?;
        for misfit in pass.misfits.iter().take(MAX_SHOWN) {
            writeln!(
                screen,
                "  byte {:#x}, {} bytes: {}",
                misfit.offset, misfit.len, misfit.reason
            )?;
        }
        let more = pass.misfit_count.saturating_sub(MAX_SHOWN as u64);
        if more > 0 {
            writeln!(screen, "  and {more} more (--json has them)")?;
        }
    }
    // Where numbers are left out all over, holes say nothing.
    if pass.hole_count > 0 {
        writeln!(screen, "\nSync numbers that are not there:")?;
        for hole in pass.holes.iter().take(MAX_SHOWN) {
            match hole.to - hole.from {
                0 => writeln!(screen, "  {}", hole.from)?,
                _ => writeln!(screen, "  {} to {}", hole.from, hole.to)?,
            }
        }
        let more = pass.hole_count.saturating_sub(MAX_SHOWN as u64);
        if more > 0 {
            writeln!(screen, "  and {more} more holes")?;
        }
    }
    Ok(())
}

/// The object of `--json`.
#[derive(Serialize)]
struct WithEntries<'p> {
    #[serde(flatten)]
    summary: Summary<'p>,
    entries: Entries<'p>,
}

/// The transactions, read again while they are written.
struct Entries<'p> {
    options: &'p Options,
    pass: &'p Pass,
    file: RefCell<Option<File>>,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let layout = self.pass.layout.clone().unwrap_or_else(Layout::bare);
        let file = self.file.borrow_mut().take();
        let file = file.ok_or_else(|| S::Error::custom("the list is written once"))?;
        pass::each(
            self.options,
            file,
            &layout,
            self.pass.page,
            &mut |found, _| list.serialize_element(&found).map_err(|e| e.to_string()),
        )
        .map_err(S::Error::custom)?;
        list.end()
    }
}
