//! `nsda --due`: looks once into the schedule of each postoffice and runs what is due (`spec/protocol.md` 8.3).
//!
//! For each postoffice, while no other dispatcher serves it:
//!
//! 1. PROCESS.GLB is read and it is decided what has missed its window and what is due. That the file can be written
//!    is made sure of before anything starts.
//! 2. The due sets run in the order T1, T2, T3.
//! 3. All next times are stored in one batch.
//!
//! Times move *after* the runs. A run that is cut short by a crash is repeated by the next look inside of its window;
//! the programs take that, since a second T1, T2 or T3 finds the work of the first one done. The other order would
//! leave a run out until next week. Sets that an interrupt kept from running keep their times likewise; a set that
//! failed does not: it would run again at every look.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::PROGRAM;
use super::dispatch_log::{self, DispatchLog};
use super::end::End;
use super::set::{Runner, SetReport};
use super::steps::{HandedOn, steps};
use crate::address::PostofficeName;
use crate::codec::master::Master;
use crate::postoffice::dispatch::DispatchLock;
use crate::postoffice::{Layout, Postoffice, PostofficeError, layout};
use crate::protocol::schedule::{Move, Passed, Plan, Run, plan};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::data::DataLocation;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::schedule::{self, Schedule};
use crate::tools::session::unattended_holder;

/// How long to wait for a program that holds the postoffice, before anything runs.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait for one when the next times are stored: what ran must not run again.
const STORE_PATIENCE: Duration = Duration::from_secs(60);

/// A time of the schedule, in `--json`.
#[derive(Debug, Serialize)]
pub(super) struct TimeView {
    process: String,
    /// RFC 3339.
    at: String,
}

impl TimeView {
    fn of_passed(passed: &Passed) -> Self {
        Self {
            process: passed.phase.to_string(),
            at: passed.at.to_jiff().to_string(),
        }
    }

    fn of_run(run: &Run) -> Self {
        Self {
            process: run.phase.to_string(),
            at: run.since.to_jiff().to_string(),
        }
    }
}

/// What was found and done on one postoffice.
#[derive(Debug, Serialize)]
pub(super) struct Served {
    /// As given with `-d`.
    data: String,
    /// `NET\PO`; none where it cannot be read.
    postoffice: Option<String>,
    /// What missed its window.
    missed: Vec<TimeView>,
    /// T2 that does not run, as this is no server.
    not_server: Vec<TimeView>,
    /// What was due, and since when.
    due: Vec<TimeView>,
    /// What was run.
    sets: Vec<SetReport>,
    /// What else is to be said.
    messages: Vec<String>,
    /// Why its process table could not be read or written.
    pub(super) error: Option<String>,
    /// An interrupt came.
    #[serde(skip)]
    pub(super) interrupted: bool,
}

impl Served {
    fn new(data: &DataLocation) -> Self {
        Self {
            data: data.to_string(),
            postoffice: None,
            missed: Vec::new(),
            not_server: Vec::new(),
            due: Vec::new(),
            sets: Vec::new(),
            messages: Vec::new(),
            error: None,
            interrupted: false,
        }
    }

    fn note(&mut self, plan: &Plan) {
        self.missed = plan.missed.iter().map(TimeView::of_passed).collect();
        self.not_server = plan.not_server.iter().map(TimeView::of_passed).collect();
        self.due = plan.runs.iter().map(TimeView::of_run).collect();
    }

    /// Returns how `nsda` would end for this postoffice alone.
    pub(super) fn exit(&self) -> End {
        let own = match self.error.is_some() || self.interrupted {
            true => End::Error,
            false => End::Normal,
        };
        self.sets.iter().map(|set| set.exit).fold(own, End::worst)
    }
}

/// One look at the schedules.
pub(super) struct Look<'l, W> {
    pub(super) clock: &'l Clock,
    pub(super) handed_on: &'l HandedOn,
    pub(super) runner: &'l Runner,
    pub(super) log: DispatchLog,
    pub(super) screen: &'l mut W,
}

impl<W: Write> Look<'_, W> {
    /// Serves one postoffice after the other, until an interrupt comes.
    ///
    /// # Errors
    /// The screen could not be written.
    pub(super) fn serve_all(&mut self, postoffices: &[DataLocation]) -> io::Result<Vec<Served>> {
        let mut all = Vec::with_capacity(postoffices.len());
        for data in postoffices {
            let served = self.serve(data)?;
            let interrupted = served.interrupted;
            all.push(served);
            if interrupted {
                break;
            }
        }
        Ok(all)
    }

    /// Serves one postoffice. What is wrong with it is said and does not stop the others (Q149451).
    ///
    /// # Errors
    /// The screen could not be written.
    fn serve(&mut self, data: &DataLocation) -> io::Result<Served> {
        let mut served = Served::new(data);
        if let Err(stop) = self.serve_or_stop(data, &mut served) {
            let error = match stop {
                Stop::Screen(error) => return Err(error),
                Stop::Table(error) => error,
            };
            let why = format!("{:#}", anyhow::Error::from(error)); // with its causes
            self.say(dispatch_log::FAILURE)?;
            self.say(&why)?;
            eprintln!("{PROGRAM}: {why}");
            served.error = Some(why);
        }
        Ok(served)
    }

    fn serve_or_stop(&mut self, data: &DataLocation, served: &mut Served) -> Result<(), Stop> {
        let found = Found::find(data);
        served.postoffice = found.as_ref().ok().map(|found| found.name.clone());
        let name = served.postoffice.clone();
        let name = name.unwrap_or_else(|| data.to_string());
        self.say(&dispatch_log::checking(&name))?;
        let Found { path, layout, .. } = found?;
        if let Some(plan) = self.glance(&layout)? {
            served.note(&plan);
            self.announce(&name, &plan)?;
            return Ok(self.preview(data, &plan)?);
        }
        let Some(_alone) = DispatchLock::acquire(&layout)? else {
            let text = format!("{name} is being served by another dispatcher");
            self.say(&text)?;
            served.messages.push(text);
            return Ok(());
        };
        let plan = self.look_alone(&path)?;
        served.note(&plan);
        self.announce(&name, &plan)?;
        let mut moves = plan.moves;
        for run in plan.runs {
            moves.extend(self.run(data, run, served)?);
            if served.interrupted {
                break;
            }
        }
        self.store(&path, &moves, served)
    }

    /// Decides without keeping anybody out: most looks find nothing to do. Returns the plan where that is all, and none
    /// where something is to be done or an interrupted run to be completed.
    fn glance(&self, layout: &Layout) -> Result<Option<Plan>, ToolError> {
        let dry_run = self.handed_on.dry_run;
        if layout.exists(&layout::DIRSYNC_JNL)? {
            let path = layout.path(&layout::DIRSYNC_JNL)?;
            return match dry_run {
                true => Err(PostofficeError::Busy { path }.into()),
                false => Ok(None),
            };
        }
        let plan = look(layout, self.clock)?;
        Ok(Some(plan).filter(|plan| plan.is_empty() || dry_run))
    }

    /// Decides again, now that nobody else does, and makes sure that the decision can be stored. What an interrupted
    /// run left is completed by this.
    fn look_alone(&self, path: &Path) -> Result<Plan, ToolError> {
        let po = self.open_write(path, PATIENCE)?;
        po.batch()?.check_targets([&layout::PROCESS])?;
        look(po.layout(), self.clock)
    }

    fn open_write(&self, path: &Path, patience: Duration) -> Result<Postoffice, PostofficeError> {
        let holder = unattended_holder(PROGRAM, self.clock);
        Postoffice::open_write_within(path, holder, patience)
    }

    /// Says what does not run.
    fn announce(&mut self, name: &str, plan: &Plan) -> io::Result<()> {
        for passed in &plan.not_server {
            self.say(&dispatch_log::not_server(passed.phase, name))?;
        }
        for passed in &plan.missed {
            self.say(&dispatch_log::missed(passed.phase))?;
        }
        Ok(())
    }

    /// Says what would run.
    fn preview(&mut self, data: &DataLocation, plan: &Plan) -> io::Result<()> {
        for run in &plan.runs {
            let steps = steps(
                run.phase,
                data,
                &HandedOn {
                    dry_run: false,
                    ..self.handed_on.clone()
                },
            );
            let lines: Vec<_> = steps.iter().map(ToString::to_string).collect();
            let since = run.since.asctime(self.clock.zone());
            let option = run.phase.option();
            let lines = lines.join("; ");
            self.say(&format!(
                "Would run \"NSDA {option}\", due since {since}: {lines}"
            ))?;
        }
        Ok(())
    }

    /// Runs one set, and returns the times that it serves.
    fn run(&mut self, data: &DataLocation, run: Run, served: &mut Served) -> io::Result<Vec<Move>> {
        if self.runner.interrupt.check().is_err() {
            served.interrupted = true;
            return Ok(Vec::new());
        }
        self.say(&dispatch_log::running(run.phase))?;
        let steps = steps(run.phase, data, self.handed_on);
        let set = self.runner.run(run.phase, &steps, self.screen)?;
        for step in set.steps.iter().filter(|step| step.is_remarkable()) {
            self.log.append(&step.to_string());
        }
        self.say(&dispatch_log::terminated(run.phase, set.exit))?;
        served.interrupted = set.interrupted;
        served.sets.push(set);
        match served.interrupted {
            true => Ok(Vec::new()),
            false => Ok(run.moves),
        }
    }

    /// Stores the next times of what ran or passed.
    fn store(&mut self, path: &Path, moves: &[Move], served: &mut Served) -> Result<(), Stop> {
        if moves.is_empty() {
            return Ok(());
        }
        let po = self.open_write(path, STORE_PATIENCE)?;
        let mut schedule = Schedule::load(po.layout())?;
        let stored = schedule.carry_out(moves);
        if stored > 0 {
            let batch = po.batch()?;
            schedule.stage(&batch)?;
            let committed = batch.commit()?;
            let warnings = committed.warnings.iter().map(ToString::to_string);
            served.messages.extend(warnings);
        }
        if stored < moves.len() {
            let text = "The schedule was replaced meanwhile; its new times stay as they are.";
            self.say(text)?;
            served.messages.push(text.to_owned());
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.log.say(text, self.screen)
    }
}

/// Why the service of a postoffice ends early.
enum Stop {
    /// Something is wrong with it.
    Table(ToolError),
    /// Nothing can be said any more.
    Screen(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Screen(error)
    }
}

impl From<ToolError> for Stop {
    fn from(error: ToolError) -> Self {
        Self::Table(error)
    }
}

impl From<PostofficeError> for Stop {
    fn from(error: PostofficeError) -> Self {
        Self::Table(error.into())
    }
}

/// A postoffice that is there.
struct Found {
    path: PathBuf,
    layout: Layout,
    /// `NET\PO`, as the session logs have it.
    name: String,
}

impl Found {
    fn find(data: &DataLocation) -> Result<Self, ToolError> {
        let path = data.directory()?;
        let layout = Layout::open(&path)?;
        let Some(master) = layout.read_record::<Master>(&layout::MASTER)? else {
            let reason = "GLB/MASTER.GLB is missing".to_owned();
            return Err(PostofficeError::NoPostoffice { path, reason }.into());
        };
        let (network, postoffice) = (master.network.as_bytes(), master.postoffice.as_bytes());
        let name = PostofficeName::from_checked(network, postoffice);
        let page = master.code_page().unwrap_or_default();
        Ok(Self {
            path,
            layout,
            name: name.view(page).replace('/', "\\"),
        })
    }
}

/// Decides what is to be done.
fn look(layout: &Layout, clock: &Clock) -> Result<Plan, ToolError> {
    let schedule = Schedule::load(layout)?;
    let now = schedule::now(clock)?;
    let situation = schedule::situation(layout, clock, now)?;
    plan(&schedule.entries, &situation)
        .map_err(|end| ToolError::new(ExitCode::CannotWrite, end.to_string()))
}
