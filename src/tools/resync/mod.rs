//! `resync`: full lists of a dir-sync server as files: make them, look into them, apply them (`design.md` section 6).

mod apply;
mod check;
mod create;
mod file;
pub mod options;
mod plan;
mod show;

use std::ffi::OsString;
use std::io::Write;

use crate::codec::{Access2Record, AccessFlags, RecordReader};
use crate::postoffice::{Layout, layout};
use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::password::Password;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::session::Program;
pub use options::{Options, Word};

/// How resync calls itself in the logs.
pub(crate) const PROGRAM: Program = Program {
    name: "resync",
    banner: Some("Resync"),
    farewell: Some("Resync is finished."),
};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// # Errors
///
/// The run stopped, or the output could not be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match Options::parse(arguments) {
        Ok(options) => carry_out(&options, screen),
        Err(early) => Ok(early.finish(screen)?),
    }
}

fn carry_out(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match &options.word {
        Word::Create(create) => create::run(create, screen),
        Word::Show(show) => show::run(show, screen),
        Word::Check(check) => check::run(check, screen),
        Word::Plan(args) => plan::run(args, screen),
        Word::Apply(args) => apply::run(args, screen),
    }
}

/// Completes a login that names nobody: the first account with administrator rights is meant, and without a password
/// none is given, which is right only where that account has none.
pub(crate) fn complete(login: &LoginArgs) -> Result<LoginArgs, ToolError> {
    let mut login = login.clone();
    if login.administrator.is_some() {
        return Ok(login);
    }
    let path = login.location.data.directory()?;
    let bytes = Layout::open(&path)?
        .read(&layout::ACCESS2)?
        .unwrap_or_default();
    // What is damaged here is said when the postoffice is opened.
    let mut accounts = RecordReader::<_, Access2Record>::new(&bytes[..], 0).flatten();
    let administrator = accounts.find(|account| {
        account.state.is_active() && account.flags.contains(AccessFlags::ADMINISTRATOR)
    });
    let mailbox = administrator.map_or_else(String::new, |account| {
        String::from_utf8_lossy(account.mailbox.as_bytes()).into_owned()
    });
    login.administrator = Some(mailbox);
    let given = login.password.is_some() || login.password_file.is_some();
    if !given && std::env::var_os("DIRSYNC_PASSWORD").is_none() {
        login.password = Some(Password::new(""));
    }
    Ok(login)
}
