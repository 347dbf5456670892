//! One reading of the whole file: what goes out on the way, and what is counted.

use std::io::{BufReader, Write};
use std::time::Instant;

use serde::Serialize;

use super::convert::Convert;
use super::entries::found;
use super::options::Options;
use super::source::Source;
use crate::codec::codepage::CodePage;
use crate::importfile::Writer;
use crate::probe::layout::Layout;
use crate::probe::walk::{Piece, Walk};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed::{self, Values};
use crate::tools::report::ReportFile;
use crate::transaction::Transaction;

/// Places that are kept for the report; all are counted.
const MAX_NAMED: usize = 1000;

/// Bytes that are no record.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Misfit {
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) reason: String,
}

/// Sync numbers that are not there.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Hole {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// How many transactions of each kind there are.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) add: u64,
    pub(super) modify: u64,
    pub(super) delete: u64,
    pub(super) replace: u64,
    pub(super) template: u64,
    pub(super) comment: u64,
    pub(super) other: u64,
}

/// What a reading found.
#[derive(Debug)]
pub(super) struct Pass {
    /// The framing with its evidence over the whole file.
    pub(super) layout: Option<Layout>,
    pub(super) counts: Counts,
    pub(super) records: u64,
    /// Texts without a record that fits.
    pub(super) loose: u64,
    /// Records in which a field disagrees.
    pub(super) doubtful: u64,
    pub(super) misfits: Vec<Misfit>,
    pub(super) misfit_count: u64,
    pub(super) holes: Vec<Hole>,
    pub(super) hole_count: u64,
    pub(super) len: u64,
    pub(super) started: Instant,
    pub(super) page: CodePage,
    report: Option<ReportFile>,
}

impl Pass {
    /// Reads the file and writes what was asked for.
    pub(super) fn run(
        options: &Options,
        source: &Source,
        layout: Option<Layout>,
        screen: &mut impl Write,
    ) -> Result<Self, ToolError> {
        let report = options.common.report.as_deref();
        let mut pass = Self {
            counts: Counts::default(),
            records: 0,
            loose: 0,
            doubtful: 0,
            misfits: Vec::new(),
            misfit_count: 0,
            holes: Vec::new(),
            hole_count: 0,
            len: 0,
            started: Instant::now(),
            page: options.code_page.unwrap_or_default(),
            report: report.map(ReportFile::create).transpose()?,
            layout,
        };
        let by = pass.layout.clone().unwrap_or_else(Layout::bare);
        let mut convert = Convert::new(options, &by)?;
        let mut walk = Walk::new(BufReader::new(source.open()?), &by);
        let mut before: Option<u64> = None;
        while let Some(piece) = walk.next_piece().map_err(|e| source.unreadable(e))? {
            match piece {
                Piece::Record {
                    offset,
                    record,
                    wrong,
                } => {
                    pass.len = offset + record.bytes.len() as u64;
                    let values = framed::values(&by, &record);
                    pass.hole(before, values.sync);
                    before = values.sync.or(before);
                    pass.records += 1;
                    pass.doubtful += u64::from(!wrong.is_empty());
                    let text = &record.bytes[record.text..record.text_end];
                    convert.record(offset, &record)?;
                    let at = offset + record.text as u64;
                    pass.take(options, at, text, &by, Some((&values, &wrong)), screen)?;
                    if !wrong.is_empty() {
                        let reason = format!("wrong {}", wrong.join(", "));
                        pass.misfit(offset, record.bytes.len() as u64, reason);
                    }
                }
                Piece::Loose {
                    offset,
                    text,
                    reason,
                } => {
                    pass.len = offset + text.len() as u64;
                    pass.loose += 1;
                    if options.salvage {
                        convert.loose(text)?;
                        pass.take(options, offset, text, &by, None, screen)?;
                    }
                    let taken = if options.salvage {
                        ""
                    } else {
                        "; --salvage takes it"
                    };
                    let reason = format!("a transaction without its record ({reason}){taken}");
                    pass.misfit(offset, text.len() as u64, reason);
                }
                Piece::Gap {
                    offset,
                    len,
                    reason,
                } => {
                    pass.len = offset + len;
                    if pass.layout.is_some() {
                        pass.misfit(offset, len, reason);
                    }
                }
                Piece::Aside { offset, len } => pass.len = offset + len,
            }
        }
        if pass.records + pass.loose == 0 && pass.len > 0 {
            return Err(source.not_a_queue("no record and no transaction in it"));
        }
        if let Some(layout) = &mut pass.layout {
            walk.judge(layout);
        }
        convert.put_in_place()?;
        Ok(pass)
    }

    fn take(
        &mut self,
        options: &Options,
        offset: u64,
        text: &[u8],
        layout: &Layout,
        record: Option<(&Values, &Vec<String>)>,
        screen: &mut impl Write,
    ) -> Result<(), ToolError> {
        let count = match text.first() {
            Some(b'A') => &mut self.counts.add,
            Some(b'M') => &mut self.counts.modify,
            Some(b'D') => &mut self.counts.delete,
            Some(b'R') => &mut self.counts.replace,
            Some(b'T') => &mut self.counts.template,
            Some(b'#') => &mut self.counts.comment,
            _ => &mut self.counts.other,
        };
        *count += 1;
        let cannot =
            |error| ToolError::new(ExitCode::CannotWrite, "standard output").caused_by(error);
        if options.text {
            write_text(text, self.page, screen).map_err(cannot)?;
        }
        if let Some(report) = &mut self.report {
            report.line(&found(offset, text, layout, record, self.page))?;
        }
        Ok(())
    }

    fn misfit(&mut self, offset: u64, len: u64, reason: String) {
        self.misfit_count += 1;
        // Damage that is read in several steps is one.
        if let Some(last) = self.misfits.last_mut() {
            if last.offset + last.len == offset && last.reason == reason {
                last.len += len;
                self.misfit_count -= 1;
                return;
            }
        }
        if self.misfits.len() < MAX_NAMED {
            self.misfits.push(Misfit {
                offset,
                len,
                reason,
            });
        }
    }

    /// Numbers that are missing between two records, where the file has them all otherwise.
    fn hole(&mut self, before: Option<u64>, sync: Option<u64>) {
        if let (Some(before), Some(sync)) = (before, sync) {
            if sync > before + 1 {
                self.hole_count += 1;
                if self.holes.len() < MAX_NAMED {
                    self.holes.push(Hole {
                        from: before + 1,
                        to: sync - 1,
                    });
                }
            }
        }
    }

    /// Returns how the program ends: without a framing, nothing fits it.
    pub(super) fn exit(&self) -> ExitCode {
        match (&self.layout, self.misfit_count) {
            (Some(_), 0) => ExitCode::Done,
            _ => ExitCode::Partial,
        }
    }

    /// Returns the transactions found.
    pub(super) fn transactions(&self) -> u64 {
        let c = &self.counts;
        c.add + c.modify + c.delete + c.replace + c.template
    }

    /// Ends the report, and says how the program ends.
    pub(super) fn finish(mut self) -> anyhow::Result<ExitCode> {
        let exit = self.exit();
        if let Some(report) = self.report.take() {
            report.finish_with(&super::report::Summary::new(&self), exit)?;
        }
        Ok(exit)
    }
}

/// Writes a transaction as import text; one that our reader refuses as it stands.
fn write_text(text: &[u8], page: CodePage, screen: &mut impl Write) -> std::io::Result<()> {
    let text = framed::joined(text);
    match Transaction::decode_queue_text(&text, page) {
        Ok(read) => Writer::new(screen).write(&read.transaction),
        Err(_) => {
            screen.write_all(&text)?;
            screen.write_all(b"\r\n")
        }
    }
}
