//! `admin`: the dir-sync menus of ADMIN as words (`design.md` section 6), and what is needed around them to have a
//! postoffice at all.

mod external;
mod gateway;
mod group;
mod local;
pub mod options;
mod password;
mod requestor;
mod run;
mod server;
mod setup;
mod stream;
mod words;

use std::ffi::OsString;
use std::io::Write;

use options::{Options, YesNo};
use run::Run;
pub use words::Words;
use words::{Config, Dirsync, DirsyncOptions, External, Gateway, Group, Local, Requestor};
use words::{Requestors, Server};

use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::session::Program;

/// How `admin` calls itself in the logs.
const PROGRAM: Program = Program {
    name: "admin",
    banner: Some(concat!("Mail Administration V", env!("CARGO_PKG_VERSION"))),
    farewell: None,
};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// # Errors
///
/// Nothing was changed; the error says why and how the program ends.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    let clock = Clock::from_environment()?;
    if let Words::Setup(args) = &options.words {
        return setup::run(&options, args, clock, screen);
    }
    let mut run = Run::open(&options, clock)?;
    let result = dispatch(&mut run, &options.words);
    run.finish(result, screen)
}

fn dispatch(run: &mut Run<'_>, words: &Words) -> Result<ExitCode, ToolError> {
    match words {
        Words::Setup(_) => Ok(()), // done without a postoffice
        Words::Passwd(args) => password::passwd(run, args),
        Words::Local(word) => local::run(run, word),
        Words::Group(word) => group::run(run, word),
        Words::Gateway(word) => gateway::run(run, word),
        Words::External(word) => external::run(run, word),
        Words::Config(Config::GlobalList { on }) => global_list(run, *on),
        Words::Config(Config::Dirsync(Dirsync::Options(DirsyncOptions::Server { on }))) => match on
        {
            YesNo::Yes => server::enable(run),
            YesNo::No => server::disable(run),
        },
        Words::Config(Config::Dirsync(Dirsync::Server(word))) => server::run(run, word),
        Words::Config(Config::Dirsync(Dirsync::Requestor(word))) => match word {
            Requestor::Export => return stream::export(run),
            Requestor::Touch { addresses } => stream::touch(run, addresses),
            word => requestor::run(run, word),
        },
    }
    .map(|()| ExitCode::Done)
}

impl Words {
    /// Tells whether nothing changes, so that the postoffice is shared with other readers.
    fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Local(Local::List)
                | Self::Group(Group::List)
                | Self::Gateway(Gateway::List)
                | Self::External(External::List)
                | Self::Config(Config::Dirsync(
                    Dirsync::Server(Server::Requestors(Requestors::List))
                        | Dirsync::Requestor(Requestor::Show)
                ))
        )
    }
}

/// `config global-list yes|no`: whether REBUILD keeps a global list here.
fn global_list(run: &mut Run<'_>, on: YesNo) -> Result<(), ToolError> {
    let mut master = run.po().master().clone();
    if master.gal_enabled == on.is_yes() {
        run.remark("nothing changes: that is how it is set");
        return Ok(());
    }
    master.gal_enabled = on.is_yes();
    run.count_setting();
    run.say(match on {
        YesNo::Yes => "global address list: yes; rebuild makes it",
        YesNo::No => "global address list: no; its files stay until they are removed",
    });
    run.commit(|_, _, batch, _| run::stage_master(batch, &master))
}
