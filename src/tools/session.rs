//! One run of a program on one postoffice: who runs it, under which lock, and what the logs say.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::codec::{Access2Record, AccessFlags, RecordReader};
use crate::messages::{Message, Severity};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::log::{Log, LogLine};
use crate::postoffice::passwords::Passwords;
use crate::postoffice::{Holder, Layout, Locked, Postoffice, PostofficeError, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::data::DataLocation;
use crate::tools::cli::login::{Credentials, LocationArgs, LoginArgs, bad_login};
use crate::tools::cli::password::Password;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, Numbers, Summary};

/// Mailbox and full name, for message 91, of a program that nobody has signed in for: those of dir-sync mail.
const DIRSYNC_ITSELF: (&str, &str) = ("$SYSTEM", "Directory synchronization");

/// What a run wants to do with the postoffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read it, beside other readers.
    Read,
    /// Change it, alone.
    Write,
}

impl Access {
    /// Returns what a run that writes needs, which a dry run does not.
    #[must_use]
    pub fn of_writer(dry_run: bool) -> Self {
        match dry_run {
            true => Self::Read,
            false => Self::Write,
        }
    }
}

/// A program with its name in the logs.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of the binary.
    pub name: &'static str,
    /// First line of its run in the logs; programs without logs have none.
    pub banner: Option<&'static str>,
    /// Last line of its run in the logs, after success and failure alike.
    pub farewell: Option<&'static str>,
}

/// An open postoffice with the clock and the log of the run.
#[derive(Debug)]
pub struct Session {
    /// The postoffice.
    pub po: Postoffice,
    /// The program that runs.
    pub program: Program,
    /// The clock of the run.
    pub clock: Clock,
    /// Lines for the logs, written with the commit or at the end of a failure.
    pub log: Log,
    /// Letter of `-d`, for messages that name files with their drive.
    pub drive: char,
    started: Instant,
}

impl Session {
    /// Opens the postoffice of a command line and checks the login.
    ///
    /// # Errors
    /// No such postoffice, a wrong login (`Bad ID or Password`, also logged: Q148771), locked by another program (message
    /// 91 with its continuation lines, also logged), damaged files.
    pub fn open(
        program: Program,
        login: &LoginArgs,
        access: Access,
        clock: Clock,
    ) -> Result<Self, ToolError> {
        let path = login.location.data.directory()?;
        let credentials = match login.credentials() {
            Ok(credentials) => credentials,
            Err(error) => return Err(refused(program, &path, access, &clock, error)),
        };
        let full_name = match access {
            Access::Read => String::new(), // readers do not sign the lock
            Access::Write => full_name(&path, &credentials.administrator),
        };
        let operator = (credentials.administrator.as_str(), full_name.as_str());
        let po = open(program, &path, operator, access, &clock)?;
        if !check_login(&po, &credentials)? {
            return Err(refused(program, &path, access, &clock, bad_login()));
        }
        Ok(Self::begin(program, po, &login.location, clock))
    }

    /// Opens the postoffice for one of the programs of dir-sync, which run without login: whoever may start them
    /// may write the files anyway (`spec/protocol.md` 8.1).
    ///
    /// # Errors
    /// No such postoffice, locked by another program (message 91 with its continuation lines, also logged), damaged
    /// files.
    pub fn open_unattended(
        program: Program,
        location: &LocationArgs,
        access: Access,
        clock: Clock,
    ) -> Result<Self, ToolError> {
        let path = location.data.directory()?;
        let po = open(program, &path, DIRSYNC_ITSELF, access, &clock)?;
        Ok(Self::begin(program, po, location, clock))
    }

    fn begin(program: Program, po: Postoffice, location: &LocationArgs, clock: Clock) -> Self {
        let drive = match location.data {
            DataLocation::Drive(letter) => letter,
            DataLocation::Path(_) => 'M',
        };
        let mut session = Self {
            po,
            program,
            log: Log::new(clock.zone().clone(), clock.year_digits()),
            clock,
            drive,
            started: Instant::now(),
        };
        if let Some(banner) = program.banner {
            session.log(&LogLine::status(banner));
        }
        session
    }

    /// Adds a line to both logs, to be written with the commit or by [`Self::fail`].
    pub fn log(&mut self, line: &LogLine) {
        self.log.add(self.clock.now(), line);
    }

    /// Adds a message to both logs.
    pub fn log_message(&mut self, message: Message) {
        self.log(&LogLine::from(message));
    }

    /// Adds the last line of the run to the log.
    pub fn log_farewell(&mut self) {
        if let Some(farewell) = self.program.farewell {
            self.log(&LogLine::status(farewell));
        }
    }

    /// Writes the log of a run that stops, with the message of `error` where it has one and is not in it yet.
    pub fn fail(&mut self, mut error: ToolError) -> ToolError {
        match &error.logged {
            Some(message) => {
                let message = message.clone();
                if !error.message.contains(message.bare_text()) {
                    error.message = format!("{message}: {}", error.message);
                }
                self.log_message(message);
            }
            None => self.log(&LogLine::text(Severity::Fatal, error.to_string())),
        }
        self.close_log(error)
    }

    /// As [`Self::fail`] for an error of the postoffice, with the messages that go with it and what the system said.
    pub fn fail_with(&mut self, error: PostofficeError, messages: &[Message]) -> ToolError {
        for message in messages {
            self.log_message(message.clone());
        }
        let mut error = ToolError::from(error);
        self.log(&LogLine::text(Severity::Fatal, error.to_string()));
        if let Some(published) = messages.first().map(ToString::to_string) {
            error.message = match published.ends_with(&error.message) {
                true => published,
                false => format!("{published}: {}", error.message),
            };
        }
        self.close_log(error)
    }

    fn close_log(&mut self, error: ToolError) -> ToolError {
        self.log_farewell();
        if self.po.exclusive_lock().is_some() {
            if let Err(log_error) = self.log.append_now(self.po.layout()) {
                return ToolError::new(error.exit, format!("{error}; and {log_error}"));
            }
        }
        error
    }

    /// Starts the summary of the run.
    #[must_use]
    pub fn summary(&self, dry_run: bool) -> Summary {
        let name = self.po.name().view(self.po.code_page());
        Summary::new(self.program.name, Some(name), dry_run)
    }

    /// Ends the summary of the run.
    pub fn finish(&self, summary: &mut Summary, exit: ExitCode) {
        summary.elapsed = self.started.elapsed();
        summary.exit = exit;
    }
}

/// Completes the login of a program of ours. Where nobody is named, the first account with administrator rights is
/// meant. Where no password is given and there is no terminal to ask on, none is given, which is right only where that
/// account has none.
///
/// # Errors
/// No such postoffice; its accounts cannot be read.
pub fn complete_login(login: &LoginArgs) -> Result<LoginArgs, ToolError> {
    let mut login = login.clone();
    if login.administrator.is_none() {
        login.administrator = Some(first_administrator(&login.location.data.directory()?)?);
    }
    let given = login.password.is_some()
        || login.password_file.is_some()
        || env::var_os("DIRSYNC_PASSWORD").is_some();
    if !given && !io::stdin().is_terminal() {
        login.password = Some(Password::new(""));
    }
    Ok(login)
}

/// Returns the mailbox of the first account with administrator rights; nothing where there is none.
fn first_administrator(path: &Path) -> Result<String, PostofficeError> {
    let bytes = Layout::open(path)?
        .read(&layout::ACCESS2)?
        .unwrap_or_default();
    // What is damaged here is said when the postoffice is opened.
    let mut accounts = RecordReader::<_, Access2Record>::new(&bytes[..], 0).flatten();
    let administrator = accounts.find(|account| {
        account.state.is_active() && account.flags.contains(AccessFlags::ADMINISTRATOR)
    });
    Ok(administrator.map_or_else(String::new, |account| {
        String::from_utf8_lossy(account.mailbox.as_bytes()).into_owned()
    }))
}

/// Returns a note for the summary.
#[must_use]
pub fn note(message: &Message) -> Note {
    Note {
        number: Some(message.number),
        text: message.to_string(),
    }
}

/// Returns the numbers of a requestor for the summary.
#[must_use]
pub fn numbers(config: &crate::codec::reqconf::ReqConf) -> Numbers {
    Numbers {
        req_sync: config.req_sync.0,
        srv_sync: config.srv_sync.0,
        import_sync: config.import_sync.0,
    }
}

/// Describes a program that nobody has signed in for, to whoever finds the postoffice locked.
#[must_use]
pub fn unattended_holder(program: &str, clock: &Clock) -> Holder {
    let (mailbox, full_name) = DIRSYNC_ITSELF;
    Holder::new(program, mailbox, full_name, clock.local())
}

/// Opens the postoffice for who has this mailbox and full name. A run that would write and is kept out leaves that in
/// the log.
fn open(
    program: Program,
    path: &Path,
    (mailbox, full_name): (&str, &str),
    access: Access,
    clock: &Clock,
) -> Result<Postoffice, ToolError> {
    if access == Access::Read {
        return Ok(Postoffice::open_read(path)?);
    }
    let holder = Holder::new(program.name, mailbox, full_name, clock.local());
    Postoffice::open_write(path, holder).map_err(|error| match error {
        PostofficeError::Locked(locked) => {
            log_failure(program, path, clock, &lines_of(&locked));
            let message = locked.message();
            let mut error = ToolError::from(PostofficeError::Locked(locked));
            error.message = format!("{message}: {}", error.message);
            error.with_message(message)
        }
        error => error.into(),
    })
}

/// Logs a login that fails (Q148771), except for a run that only reads: it leaves no trace, not even of its failure.
fn refused(
    program: Program,
    path: &Path,
    access: Access,
    clock: &Clock,
    error: ToolError,
) -> ToolError {
    if access == Access::Write {
        let line = LogLine::text(Severity::Fatal, error.to_string());
        log_failure(program, path, clock, &[line]);
    }
    error
}

/// Returns the full name of a mailbox for the lock file, read without a lock; the mailbox itself where it
/// cannot be had.
pub(super) fn full_name(path: &Path, mailbox: &str) -> String {
    let found = || -> Option<String> {
        let bytes = Layout::open(path).ok()?.read(&layout::ACCESS2).ok()??;
        let mut records = RecordReader::<_, Access2Record>::new(&bytes[..], 0).flatten();
        let mailbox = mailbox.as_bytes();
        let record = records.find(|r| r.mailbox.as_bytes().eq_ignore_ascii_case(mailbox))?;
        Some(String::from_utf8_lossy(record.name.as_bytes()).into_owned())
    };
    found().unwrap_or_else(|| mailbox.to_owned())
}

/// The account is one of this postoffice with administrator rights, and the password is its own (Q148771).
fn check_login(po: &Postoffice, credentials: &Credentials) -> Result<bool, PostofficeError> {
    let code_page = po.code_page();
    let accounts = Accounts::load(po)?;
    let Ok(mailbox) = code_page.encode(&credentials.administrator) else {
        return Ok(false);
    };
    let Some(index) = accounts.find(&mailbox) else {
        return Ok(false);
    };
    let account = accounts.get(index);
    if !account.flags.contains(AccessFlags::ADMINISTRATOR) {
        return Ok(false);
    }
    let mailbox = code_page.decode(account.mailbox.as_bytes());
    Ok(Passwords::load(po)?.verify(&mailbox, &credentials.password.folded()))
}

/// Returns the log lines of a postoffice that somebody holds.
pub(super) fn lines_of(locked: &Locked) -> Vec<LogLine> {
    let mut lines = vec![LogLine::from(locked.message())];
    let more = locked.continuation().into_iter();
    lines.extend(more.map(|text| LogLine::text(Severity::Fatal, text)));
    lines
}

/// Writes the log of a run that could not begin. A log that cannot be written either is said on the screen.
pub(super) fn log_failure(program: Program, path: &Path, clock: &Clock, lines: &[LogLine]) {
    let Some(banner) = program.banner else { return };
    let mut log = Log::new(clock.zone().clone(), clock.year_digits());
    let farewell = program.farewell.map(LogLine::status);
    let all = std::iter::once(LogLine::status(banner))
        .chain(lines.iter().cloned())
        .chain(farewell);
    for line in all {
        log.add(clock.now(), &line);
    }
    let written = Layout::open(path).and_then(|layout| {
        let is_postoffice = layout.exists(&layout::MASTER)?;
        if is_postoffice {
            log.append_now(&layout)
        } else {
            Ok(())
        }
    });
    if let Err(error) = written {
        eprintln!("{}: {error}", program.name);
    }
}

/// Returns the path of a postoffice for commands that an operator is shown.
#[must_use]
pub fn path_of(po: &Postoffice) -> PathBuf {
    po.layout().root().to_owned()
}
