//! `resync show` of what is no resync file: import text, LDIF, CSV, a directory, a queue, a postoffice.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use super::options::ShowArgs;
use super::tally::{self, Lists};
use crate::codec::codepage::CodePage;
use crate::directory::note::Note as Why;
use crate::directory::template_map::TemplateMap;
use crate::importfile::Writer;
use crate::plan::outcome::{Action, Counts, EntryOutcome, Outcome, OutcomeSink};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::Report;
use crate::tools::report::{Note, Summary};
use crate::tools::side::{self, About, Access, Event, Numbers, Place, Refusal, SideKind, SideSpec};
use crate::transaction::Transaction;

/// Runs `resync show` on a side.
///
/// # Errors
/// The side cannot be read, or the output not written.
pub(super) fn run(
    args: &ShowArgs,
    spec: &SideSpec,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let page = match (args.code_page, spec.kind) {
        (_, SideKind::Postoffice) => spec.code_page()?,
        (page, _) => page.unwrap_or_default(),
    };
    let access = Access {
        page,
        directory: args.directory.clone(),
        consent: None,
    };
    let mut showing = Showing {
        page,
        map: TemplateMap::default(),
        report: Report::create(args.common.report.as_deref())?,
        counts: Counts::default(),
        lists: Lists::default(),
        messages: Vec::new(),
        started: Instant::now(),
    };
    let interrupt = Interrupt::install()?;
    let about = side::read(spec, &access, &interrupt, &mut |event| {
        showing.take(event, args.text.then_some(&mut *screen))
    })?;
    let Showing {
        report,
        counts,
        lists,
        messages,
        started,
        ..
    } = showing;
    let shown = Shown::new(about, lists, counts, messages, started);
    if args.common.json {
        writeln!(screen, "{}", serde_json::to_string(&shown)?)?;
    } else if args.text {
        write!(screen, "# {}\r\n", shown.verdict())?;
    } else {
        shown.print(screen)?;
    }
    report.finish(&shown.summary)?;
    Ok(shown.summary.exit)
}

/// The events of a side while they pass.
struct Showing {
    page: CodePage,
    map: TemplateMap,
    report: Report,
    counts: Counts,
    lists: Lists,
    messages: Vec<Note>,
    started: Instant,
}

impl Showing {
    fn take(&mut self, event: Event<'_>, text: Option<&mut impl Write>) -> Result<(), ToolError> {
        match event {
            Event::Transaction {
                transaction, sync, ..
            } => self.transaction(&transaction, sync, text),
            Event::Entry {
                attributes, place, ..
            } => match side::transaction::addition(&attributes, &self.map, self.page) {
                Ok(transaction) => self.transaction(&transaction, None, text),
                Err(why) => self.refused(&unfit(why, place), text),
            },
            Event::Refused(refusal) => self.refused(&refusal, text),
            Event::LineRefused(refusal) => self.say(&refusal, text).map(drop),
            Event::Excluded(_) | Event::Gap { .. } | Event::Backwards { .. } => Ok(()),
        }
    }

    fn transaction(
        &mut self,
        transaction: &Transaction,
        sync: Option<u32>,
        text: Option<&mut impl Write>,
    ) -> Result<(), ToolError> {
        self.lists.count(transaction, self.page);
        if let Some(output) = text {
            let mut text = Writer::new(Vec::with_capacity(128));
            let written = text.write(transaction).and_then(|()| text.finish());
            written
                .and_then(|text| output.write_all(&text))
                .map_err(unwritable)?;
        }
        let (counts, report) = (&mut self.counts, &mut self.report);
        tally::take(transaction, sync, self.page, counts, report).map_err(unwritable)
    }

    fn refused(
        &mut self,
        refusal: &Refusal,
        text: Option<&mut impl Write>,
    ) -> Result<(), ToolError> {
        self.counts.read += 1;
        self.counts.count(Outcome::Refused, Some(refusal.reason));
        let said = self.say(refusal, text)?;
        let line = EntryOutcome::new(
            &*refusal.address,
            &*refusal.name,
            "",
            Action::None,
            Outcome::Refused,
        );
        let mut line = line.because(refusal.reason);
        line.message = refusal.message;
        line.detail = Some(said.into());
        self.report.take(line).map_err(unwritable)
    }

    /// Says what is left out.
    fn say(
        &mut self,
        refusal: &Refusal,
        text: Option<&mut impl Write>,
    ) -> Result<String, ToolError> {
        let Refusal {
            place,
            reason,
            detail,
            ..
        } = refusal;
        let said = format!("{place}: {reason}: {detail}");
        if let Some(output) = text {
            write!(output, "# {said}\r\n").map_err(unwritable)?;
        }
        self.messages.push(Note {
            number: refusal.message,
            text: said.clone(),
        });
        Ok(said)
    }
}

fn unfit(why: Why, place: Place) -> Refusal {
    Refusal {
        address: String::new(),
        name: String::new(),
        place,
        reason: why.reason,
        message: None,
        detail: why.detail,
    }
}

fn unwritable(error: std::io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "output").caused_by(error)
}

/// What a side holds, as JSON: the summary of every program, and what it is.
#[derive(Debug, Serialize)]
struct Shown {
    file: String,
    kind: SideKind,
    owner: Option<String>,
    numbers: Numbers,
    lists: Lists,
    whole: bool,
    incomplete: Option<String>,
    #[serde(flatten)]
    summary: Summary,
}

impl Shown {
    fn new(
        about: About,
        lists: Lists,
        counts: Counts,
        messages: Vec<Note>,
        started: Instant,
    ) -> Self {
        let mut summary = Summary::new("resync", None, false);
        summary.counts = counts;
        summary.messages = messages;
        summary.elapsed = started.elapsed();
        if about.is_damaged {
            summary.exit = ExitCode::Damaged;
        }
        let mut shown = Self {
            file: about.title,
            kind: about.kind,
            owner: about.owner,
            numbers: about.numbers,
            lists,
            whole: about.incomplete.is_none() && !about.is_damaged,
            incomplete: about.incomplete,
            summary,
        };
        if !shown.whole {
            let text = shown.verdict();
            shown.summary.messages.push(Note { number: None, text });
        }
        shown
    }

    fn verdict(&self) -> String {
        match (&self.incomplete, self.whole) {
            (Some(why), _) => format!("not whole: {why}"),
            (None, true) => "whole".to_owned(),
            (None, false) => "damaged".to_owned(),
        }
    }

    fn print(&self, screen: &mut impl Write) -> std::io::Result<()> {
        let owner = self.owner.as_ref().map(|owner| format!(" from {owner}"));
        let (file, kind) = (&self.file, self.kind);
        writeln!(screen, "{file}: {kind}{}", owner.unwrap_or_default())?;
        let numbers = [
            ("IMPSEQ", self.numbers.import_sync),
            ("REQSEQ", self.numbers.req_sync),
            ("SRVSEQ", self.numbers.srv_sync),
        ];
        let numbers = numbers
            .iter()
            .filter_map(|(name, n)| Some(format!("{name} {}", (*n)?)));
        let numbers: Vec<_> = numbers.collect();
        if !numbers.is_empty() {
            writeln!(screen, "{}", numbers.join(", "))?;
        }
        self.lists.print(screen)?;
        for note in &self.summary.messages {
            writeln!(screen, "{}", note.text)?;
        }
        let counts = &self.summary.counts;
        writeln!(screen, "{} entries, {}", counts.read, self.verdict())
    }
}
