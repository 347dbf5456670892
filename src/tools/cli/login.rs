//! Who runs the program on which postoffice: the bare token, `-p` and `-d`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::data::DataLocation;
use super::password::Password;
use crate::tools::exit::{ExitCode, ToolError};

/// The arguments of every program that asks for an administrator.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LoginArgs {
    /// Mailbox of an account with administrator rights, anywhere on the line
    #[arg(value_name = "ADMIN", value_parser = super::administrator)]
    pub administrator: Option<String>,

    /// Password of that account; visible to others on this machine, unlike --password-file
    #[arg(
        short,
        long,
        value_parser = clap::builder::NonEmptyStringValueParser::new().map(Password::from),
        conflicts_with = "password_file"
    )]
    pub password: Option<Password>,

    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Where the mail data files are
    #[command(flatten)]
    pub location: LocationArgs,
}

/// The argument of every program that works on one postoffice.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LocationArgs {
    /// Where the mail data files are.
    #[arg(
        short,
        long,
        help = "Where the mail data files are: a drive letter (see DIRSYNC_DRIVE_<LETTER> below) or a path",
        value_name = "DRIVE|PATH",
        default_value = "M",
        value_parser = OsStringValueParser::new().try_map(data_location)
    )]
    pub data: DataLocation,
}

fn data_location(value: OsString) -> Result<DataLocation, &'static str> {
    if value.is_empty() {
        return Err("a drive letter or a path is needed");
    }
    Ok(DataLocation::from(value.as_os_str()))
}

/// A mailbox name and a password, both known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The administrator's mailbox, as given.
    pub administrator: String,
    /// Its password, as given.
    pub password: Password,
}

impl LoginArgs {
    /// Completes the login: the password from `-p`, `--password-file` or `DIRSYNC_PASSWORD`, and what is then
    /// missing from the terminal, if there is one.
    ///
    /// # Errors
    ///
    /// [`ExitCode::BadLogin`]: something is missing and there is no terminal to ask on;
    /// [`ExitCode::NotFound`]: the password file cannot be read.
    pub fn credentials(&self) -> Result<Credentials, ToolError> {
        let environment = env::var_os("DIRSYNC_PASSWORD");
        if io::stdin().is_terminal() {
            self.credentials_from(environment, Some(&mut Terminal))
        } else {
            self.credentials_from(environment, None)
        }
    }

    fn credentials_from(
        &self,
        environment: Option<OsString>,
        mut terminal: Option<&mut dyn Ask>,
    ) -> Result<Credentials, ToolError> {
        let mut ask = |what: Missing| match &mut terminal {
            Some(terminal) => terminal
                .ask(what)
                .map_err(|error| bad_login().caused_by(error)),
            None => Err(bad_login()),
        };
        let administrator = match &self.administrator {
            Some(name) => name.clone(),
            None => ask(Missing::Administrator)?,
        };
        let password = match (&self.password, &self.password_file, environment) {
            (Some(password), _, _) => password.clone(),
            (None, Some(path), _) => read_password(path)?,
            (None, None, Some(value)) => Password::new(
                value
                    .into_string()
                    .map_err(|_| ToolError::usage("DIRSYNC_PASSWORD: not valid Unicode"))?,
            ),
            (None, None, None) => Password::new(ask(Missing::Password)?),
        };
        Ok(Credentials {
            administrator,
            password,
        })
    }
}

/// Returns the error of a login that fails, in the published words (Q148771).
#[must_use]
pub fn bad_login() -> ToolError {
    ToolError::new(ExitCode::BadLogin, "Bad ID or Password")
}

fn read_password(path: &Path) -> Result<Password, ToolError> {
    let text = fs::read_to_string(path).map_err(|error| {
        ToolError::new(
            ExitCode::NotFound,
            format!("password file {}", path.display()),
        )
        .caused_by(error)
    })?;
    Ok(Password::new(text.lines().next().unwrap_or_default()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Administrator,
    Password,
}

trait Ask {
    fn ask(&mut self, what: Missing) -> io::Result<String>;
}

struct Terminal;

impl Ask for Terminal {
    fn ask(&mut self, what: Missing) -> io::Result<String> {
        match what {
            Missing::Password => rpassword::prompt_password("Password: "),
            Missing::Administrator => {
                let mut prompt = io::stderr().lock();
                write!(prompt, "Mailbox: ")?;
                prompt.flush()?;
                let mut line = String::new();
                io::stdin().read_line(&mut line)?;
                Ok(line.trim().to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Operator(Vec<Missing>);

    impl Ask for Operator {
        fn ask(&mut self, what: Missing) -> io::Result<String> {
            self.0.push(what);
            Ok(match what {
                Missing::Administrator => "admin".into(),
                Missing::Password => "typed".into(),
            })
        }
    }

    fn args(administrator: Option<&str>, password: Option<&str>) -> LoginArgs {
        LoginArgs {
            administrator: administrator.map(Into::into),
            password: password.map(Password::new),
            ..LoginArgs::default()
        }
    }

    #[test]
    fn what_is_missing_is_asked_for_on_a_terminal() {
        let mut operator = Operator(Vec::new());
        let found = args(None, None)
            .credentials_from(None, Some(&mut operator))
            .expect("all asked for");
        assert_eq!(operator.0, [Missing::Administrator, Missing::Password]);
        assert_eq!(found.administrator, "admin");
        assert_eq!(found.password, Password::new("typed"));
    }

    #[test]
    fn without_a_terminal_a_missing_part_is_a_bad_login() {
        for (administrator, password) in [(None, Some("x")), (Some("admin"), None), (None, None)] {
            let error = args(administrator, password)
                .credentials_from(None, None)
                .expect_err("incomplete");
            assert_eq!(error.exit, ExitCode::BadLogin);
            assert_eq!(error.to_string(), "Bad ID or Password");
        }
    }

    #[test]
    fn the_command_line_goes_before_the_file_and_the_file_before_the_environment() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("password");
        fs::write(&path, "filed\nsecond line\n").expect("writable");
        let environment = || Some(OsString::from("exported"));
        let found = |args: &LoginArgs| {
            let mut operator = Operator(Vec::new());
            let found = args
                .credentials_from(environment(), Some(&mut operator))
                .expect("complete");
            assert_eq!(operator.0, []);
            found.password
        };
        let mut args = args(Some("admin"), Some("given"));
        assert_eq!(found(&args), Password::new("given"));
        args.password = None;
        assert_eq!(found(&args), Password::new("exported"));
        args.password_file = Some(path);
        assert_eq!(found(&args), Password::new("filed"));
    }

    #[test]
    fn a_password_file_that_cannot_be_read_is_named() {
        let mut args = args(Some("admin"), None);
        args.password_file = Some("no/such/file".into());
        let error = args.credentials_from(None, None).expect_err("no such file");
        assert_eq!(error.exit, ExitCode::NotFound);
        assert_eq!(error.to_string(), "password file no/such/file");
    }
}
