//! One rebuild from the first look to the commit.

use super::failure::Failure;
use super::install::{Installation, commit_log};
use super::options::Options;
use super::report::{GalView, count, write_entries};
use super::{not_active, notice};
use crate::codec::codepage::collation::Collation;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::codec::{NmeRecord, Record};
use crate::messages::Severity;
use crate::plan::outcome::OutcomeSink;
use crate::postoffice::gal::{self, Collector, FILES, check_networks, sources};
use crate::postoffice::log::LogLine;
use crate::postoffice::places::Places;
use crate::postoffice::{File, Postoffice, PostofficeError, layout};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::Report;
use crate::tools::progress::{self, Progress};
use crate::tools::report::{Note, Summary};
use crate::tools::session::Session;

/// A run with everything it needs.
pub(super) struct Run<'a> {
    pub(super) session: Session,
    options: &'a Options,
    report: Report,
    interrupt: &'a Interrupt,
    progress: Box<dyn Progress>,
    summary: Summary,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        session: Session,
        options: &'a Options,
        report: Report,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self {
            summary: session.summary(options.dry_run),
            session,
            options,
            report,
            interrupt,
            progress: progress::on_stderr(),
        }
    }

    /// Rebuilds the list; nothing where the requestor keeps none.
    pub(super) fn carry_out(&mut self) -> Result<Option<GalView>, Failure> {
        let config = self.ask(Postoffice::requestor_config)?;
        if self.options.if_wanted && !config.options.contains(ReqOptions::REBUILD) {
            let line = not_active();
            self.session.log(&line);
            self.summary.messages.push(note(&line));
            if !self.options.dry_run {
                let Session { po, log, .. } = &mut self.session;
                commit_log(po, log).map_err(|error| Failure::new(po, &error))?;
            }
            return Ok(None);
        }
        let before = self.ask(|po| po.layout().len(&layout::GAL_NME))?;
        let leftovers = self.ask(gal::leftovers)?;
        if !self.options.dry_run {
            // Before a million names are read for a list that cannot be put in its place.
            self.ask(|po| {
                let batch = po.batch()?.with_patience(self.options.wait);
                batch.check_targets(FILES.iter().chain(&leftovers))
            })?;
        }
        let mut view = self.build(&config, &leftovers)?;
        view.entries_before = before.map(|len| len / NmeRecord::LEN as u64);
        Ok(Some(view))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Postoffice) -> Result<T, PostofficeError>,
    ) -> Result<T, Failure> {
        let po = &self.session.po;
        question(po).map_err(|error| Failure::new(po, &error))
    }

    fn build(&mut self, config: &ReqConf, leftovers: &[File]) -> Result<GalView, Failure> {
        let Session { po, log, clock, .. } = &mut self.session;
        let po = &*po; // lent to the lists, beside the log
        let failed = |error: PostofficeError| Failure::new(po, &error);
        let messages = &mut self.summary.messages;

        let places = Places::load(po).map_err(failed)?;
        check_networks(po, &places).map_err(failed)?;
        let sources = sources(&places);
        let counts = sources.iter().map(|source| source.entry_count(po));
        let counts: Vec<u64> = counts.collect::<Result<_, _>>().map_err(failed)?;
        let total = counts.iter().sum();
        let mut collector =
            Collector::open(po, config, self.report.wants_details()).map_err(failed)?;
        let order = collector.stamp().and_then(|stamp| stamp.order());
        let order = self.options.order.or(order).unwrap_or_default();
        collector.reserve(total);
        self.progress.begin("reading lists", Some(total));
        for (source, count) in sources.iter().zip(&counts) {
            self.interrupt.check()?;
            collector.read(source).map_err(failed)?;
            self.progress.advance(*count);
        }
        let mut collected = collector.finish().map_err(failed)?;

        let orphans = notice::orphans(po, &sources).into_iter();
        let orphans = orphans.map(|text| LogLine::text(Severity::Warning, text));
        let notices = collected.take_notices();
        for line in orphans.chain(notices.iter().map(notice::line)) {
            log.add(clock.now(), &line);
            messages.push(note(&line));
        }
        for line in notices.iter().filter_map(notice::refused) {
            self.report.take(line).map_err(report_failed)?;
        }

        self.progress.begin("sorting", None);
        let collation = Collation::new(order, po.code_page());
        let list = collected.arrange(collation).map_err(failed)?;
        let tally = list.tally();
        let line = format!("Number of entries in GAL:{:>9}", tally.listed);
        log.add(clock.now(), &LogLine::status(line));
        write_entries(po, &places, &list, &mut self.report)
            .map_err(failed)?
            .map_err(report_failed)?;
        self.report.flush()?;
        self.interrupt.check()?;

        let mut view = GalView {
            entries: tally.listed,
            words: list.word_count() as u64,
            order: order.to_string(),
            code_page: po.code_page().id(),
            tids_given: tally.tids_given,
            tids_retired: tally.retired,
            ..GalView::default()
        };
        if !self.options.dry_run {
            self.progress.begin("writing", None);
            let wait = self.options.wait;
            let installed = Installation {
                po,
                log,
                clock,
                wait,
            }
            .carry_out(list, leftovers, self.interrupt)?;
            messages.extend(installed.lines.iter().map(note));
            view.replaced = installed.replaced;
            view.sizes = Some(installed.sizes);
        }
        self.progress.end();
        count(&mut self.summary, &tally);
        Ok(view)
    }

    /// Ends the summary; some entries without an address make the run a partial one.
    pub(super) fn finish(mut self) -> (Summary, Report) {
        let exit = ExitCode::from(&self.summary.counts);
        self.session.finish(&mut self.summary, exit);
        (self.summary, self.report)
    }
}

fn report_failed(error: std::io::Error) -> Failure {
    Failure::from(ToolError::new(ExitCode::CannotWrite, error.to_string()))
}

fn note(line: &LogLine) -> Note {
    Note {
        number: line.number(),
        text: line.to_string(),
    }
}
