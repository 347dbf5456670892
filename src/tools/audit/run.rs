//! Runs an audit: both sides in, the walk over them, the end.

use std::io::Write;
use std::time::Instant;

use super::compare::Comparer;
use super::explain::Explained;
use super::finding::Which;
use super::groups::{Groups, Together};
use super::intake::{Intake, Taken, Wishes, unsorted};
use super::judge::Judge;
use super::options::Options;
use super::pairs::Pairs;
use super::repair::{Repair, Target};
use super::report::{Reporter, Sides, Summary, headline};
use super::stale::{self, Comparable};
use crate::codec::codepage::CodePage;
use crate::directory::consent::ConsentRules;
use crate::directory::template_map::{TemplateMap, TemplateRule};
use crate::plan::outcome::Reason;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::progress::{self, Progress};
use crate::tools::report::{Note, ReportFile};
use crate::tools::side::{self, About, Access, SideKind, SideSpec};

/// Sorts that may hold memory at a time: both sides, the names of the second while it is read, and who is alike.
const SORTS: usize = 4;

/// Runs an audit.
///
/// # Errors
/// A side cannot be read, or something cannot be written.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let interrupt = Interrupt::install()?;
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let map = template_map(&options.maps)?;
    let framing = framed::load(options.framing.as_deref())?;
    let specs = [
        SideSpec::recognise(&options.a)?.framed_by(framing.clone()),
        SideSpec::recognise(&options.b)?.framed_by(framing),
    ];
    let pages = pages(options, &specs)?;
    let wishes = Wishes {
        memory: options.memory / SORTS,
        lists: options.lists.clone(),
        address: options.address.clone(),
        consent: options.consent.as_ref().map(|attribute| ConsentRules {
            attribute: attribute.clone(),
            blank_is_yes: options.blank_is_yes,
        }),
    };
    let shown: Option<&mut dyn Write> = match options.common.json {
        true => None,
        false => Some(&mut *screen),
    };
    let explained = options.explain.as_deref().map(Explained::new);
    let mut reporter = Reporter::new(shown, report, options.all).only(explained.as_ref());
    let mut progress = progress::on_stderr();
    let mut audit = Audit {
        options,
        wishes: &wishes,
        explained: explained.as_ref(),
        interrupt: &interrupt,
        progress: &mut *progress,
        spilled: 0,
    };
    let a = audit.side(Which::A, &specs[0], pages[0], &mut reporter)?;
    let b = audit.side(Which::B, &specs[1], pages[1], &mut reporter)?;
    let mut ended = audit.compare(a, b, &map, &mut reporter)?;
    let tally = std::mem::take(&mut reporter.tally);
    debug_assert!(tally.adds_up(), "{tally:?}");
    let exit = exit_of(&ended, tally.is_partial(), reporter.has_differences);
    let is_partial = tally.is_partial() || ended.is_incomplete;
    let summary = Summary {
        program: "audit",
        state: if is_partial { "PARTIAL" } else { "COMPLETE" },
        sides: Sides {
            a: (&ended.a).into(),
            b: (&ended.b).into(),
        },
        tally: &tally,
        repair: ended.repaired.take(),
        spilled: ended.spilled,
        messages: std::mem::take(&mut ended.messages),
        elapsed: started.elapsed(),
        exit,
    };
    reporter.finish(&summary)?;
    if let Some(explained) = &explained {
        return Ok(explained.finish(&summary.sides, options.common.json, screen)?);
    }
    if options.common.json {
        writeln!(screen, "{}", serde_json::to_string(&summary)?)?;
    }
    Ok(exit)
}

/// How the sides compared.
struct Ended {
    a: About,
    b: About,
    is_incomplete: bool,
    repaired: Option<super::report::Repaired>,
    messages: Vec<Note>,
    spilled: u64,
}

/// A difference is the answer that was asked for; what could not be read, or is withheld, makes it less than whole.
fn exit_of(ended: &Ended, is_partial: bool, has_differences: bool) -> ExitCode {
    let mut exit = ExitCode::Done;
    if is_partial || ended.is_incomplete {
        exit = exit.worst(ExitCode::Partial);
    }
    if has_differences {
        exit = exit.worst(ExitCode::Differences);
    }
    if ended.a.is_damaged || ended.b.is_damaged {
        exit = exit.worst(ExitCode::Damaged);
    }
    exit
}

struct Audit<'r> {
    options: &'r Options,
    wishes: &'r Wishes,
    explained: Option<&'r Explained>,
    interrupt: &'r Interrupt,
    progress: &'r mut dyn Progress,
    spilled: u64,
}

impl Audit<'_> {
    /// Takes a side in.
    fn side(
        &mut self,
        which: Which,
        spec: &SideSpec,
        page: CodePage,
        reporter: &mut Reporter<'_>,
    ) -> Result<Taken, ToolError> {
        reporter.say(&headline(which, spec))?;
        self.progress.begin("reading", None);
        let access = Access {
            page,
            directory: self.options.directory.clone(),
            consent: self.options.consent.clone().filter(|_| which == Which::A),
        };
        let is_list = spec.kind != SideKind::Queue;
        let mut intake = Intake::new(which, is_list, page, self.wishes, reporter);
        let (progress, explained) = (&mut *self.progress, self.explained);
        let about = side::read(spec, &access, self.interrupt, &mut |event| {
            progress.advance(1);
            if let Some(explained) = explained {
                explained.see(which, &event, page);
            }
            intake.take(event)
        })?;
        let taken = intake.finish(about)?;
        self.progress.end();
        self.spilled += taken.spilled + taken.sorted.spilled;
        Ok(taken)
    }

    /// Walks over both sides.
    fn compare(
        &mut self,
        a: Taken,
        b: Taken,
        map: &TemplateMap,
        reporter: &mut Reporter<'_>,
    ) -> Result<Ended, ToolError> {
        let (a_sorted, a) = a.apart();
        let (b_sorted, b) = b.apart();
        let comparer = Comparer::new(&a.about, &b.about, map.clone(), &self.options.ignored);
        let comparer = comparer.names_alone(self.options.names);
        for finding in stale::of_sides(&a.about.numbers, &b.about.numbers) {
            reporter.tally.stale += 1;
            reporter.has_differences = true;
            reporter.take(&finding)?;
        }
        let repair = self.repair(&a.about, &b.about, &comparer, map);
        let mut judge = Judge {
            a: &a,
            b: &b,
            comparable: Comparable::of(&a.about, &b.about),
            comparer: &comparer,
            reporter,
            repair,
            pairs: Pairs::new(self.wishes.memory),
        };
        if comparer.has_details() {
            judge.templates(&|list| self.wishes.wants(list))?;
        }
        self.progress.begin("comparing", None);
        let mut groups = Groups::new(a_sorted, b_sorted).map_err(unsorted)?;
        let mut group = Together::default();
        while groups.next(&mut group).map_err(unsorted)? {
            self.interrupt.check()?;
            judge.take(&group)?;
            self.progress.advance(1);
        }
        self.progress.end();
        let Judge {
            reporter,
            repair,
            pairs,
            ..
        } = judge;
        let paired = pairs.finish(&mut |finding| {
            reporter.tally.pairs += 1;
            reporter.take(finding).map_err(Failed::Said)
        });
        self.spilled += paired.map_err(ToolError::from)?;
        let repaired = repair.map(Repair::finish).transpose()?;
        let messages = messages(&a.about, &b.about);
        let is_incomplete = [&a, &b].iter().any(|side| side.about.incomplete.is_some());
        Ok(Ended {
            a: a.about,
            b: b.about,
            is_incomplete,
            repaired,
            messages,
            spilled: self.spilled,
        })
    }

    fn repair<'t>(
        &self,
        a: &About,
        b: &'t About,
        comparer: &Comparer,
        map: &'t TemplateMap,
    ) -> Option<Repair<'t>> {
        let path = self.options.repair.as_ref()?;
        let target = Target {
            page: b.page.or(self.options.page).or(a.page).unwrap_or_default(),
            own_list: b.own_list.as_deref(),
            is_directory: a.kind.is_directory(),
            map,
            has_details: comparer.has_details(),
        };
        Some(Repair::new(path, self.wishes.memory, target))
    }
}

/// What can fail while pairs are handed over.
enum Failed {
    Sort(std::io::Error),
    Said(ToolError),
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Sort(error)
    }
}

impl From<Failed> for ToolError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Sort(error) => unsorted(error),
            Failed::Said(error) => error,
        }
    }
}

/// What is said of the sides as a whole.
fn messages(a: &About, b: &About) -> Vec<Note> {
    let mut texts = Vec::new();
    for (which, about) in [(Which::A, a), (Which::B, b)] {
        let letter = which.letter();
        if let Some(why) = &about.incomplete {
            let reason = Reason::ListIncomplete;
            texts.push(format!("{letter} is not whole ({reason}): {why}"));
        }
        if !about.has_details {
            texts.push(format!(
                "{letter} has neither templates nor template lines: names and addresses alone are compared"
            ));
        }
    }
    let (epoch_a, epoch_b) = (&a.numbers.epoch, &b.numbers.epoch);
    if stale::has_other_beginning(&a.numbers, &b.numbers) {
        let reason = Reason::SequenceEpoch;
        let shown = |epoch: &Option<String>| epoch.clone().unwrap_or_default();
        texts.push(format!(
            "the numbers of A and B have different beginnings and are not compared ({reason}): {}, {}",
            shown(epoch_a),
            shown(epoch_b)
        ));
    }
    texts
        .into_iter()
        .map(|text| Note { number: None, text })
        .collect()
}

/// Returns the code pages of both sides: as given, else that of the other where it is a postoffice.
fn pages(options: &Options, specs: &[SideSpec; 2]) -> Result<[CodePage; 2], ToolError> {
    let own = |spec: &SideSpec| match spec.kind {
        SideKind::Postoffice => spec.code_page().map(Some),
        _ => Ok(None),
    };
    let known = [own(&specs[0])?, own(&specs[1])?];
    let given = [options.page, options.page_b.or(options.page)];
    let page = |at: usize| {
        let page = known[at].or(given[at]).or(known[1 - at]);
        page.unwrap_or_default()
    };
    Ok([page(0), page(1)])
}

/// Returns the usual table with more prompts, which go before those of it.
fn template_map(maps: &[(String, String)]) -> Result<TemplateMap, ToolError> {
    let own = maps
        .iter()
        .map(|(prompt, attribute)| TemplateRule::new(prompt, attribute));
    let wrong = |error| ToolError::usage(format!("--map: {error}"));
    let mut map = TemplateMap::new(own.collect()).map_err(wrong)?;
    for rule in TemplateMap::default().rules() {
        let mut rules = map.rules().to_vec();
        rules.push(rule.clone());
        // A prompt that stands there already has another attribute now.
        map = TemplateMap::new(rules).unwrap_or(map);
    }
    Ok(map)
}
