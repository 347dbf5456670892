//! What `probe` says: what is in the file, its framing, and what does not fit.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};

use super::entries;
use super::framing::{self, Framing};
use super::options::Options;
use super::pass::{Counts, Hole, Misfit, Pass};
use crate::codec::codepage::visible::push_visible;
use crate::probe::layout::Layout;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;

/// Lines of one kind that the screen shows.
const MAX_SHOWN: usize = 20;

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

impl<'p> Summary<'p> {
    pub(super) fn new(pass: &'p Pass) -> Self {
        Self {
            program: "probe",
            transactions: pass.transactions(),
            counts: pass.counts,
            records: pass.records,
            doubtful: pass.doubtful,
            loose: pass.loose,
            framing: pass.layout.as_ref().map(framing::framing),
            misfits: &pass.misfits,
            misfit_count: pass.misfit_count,
            holes: &pass.holes,
            hole_count: pass.hole_count,
            seconds: pass.started.elapsed().as_millis() as f64 / 1000.0,
            exit: pass.exit(),
        }
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
        Some(layout) => framing::print(layout, screen)?,
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
    entries::each(options, file, &layout, pass.page, &mut |found, text| {
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
        entries::each(
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
