//! `--explain`: how the command line was understood, and nothing else.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::options::{Mode, Options};
use super::values::LogFile;
use crate::tools::cli::data::DataLocation;

/// The JSON of `--explain`, in the shape of the command-line cases (`spec/import.md` 13).
#[derive(Debug, Serialize)]
pub struct Explanation<'a> {
    mode: Mode,
    admin: Option<&'a str>,
    /// Only that there is one.
    password: Option<&'static str>,
    data: &'a DataLocation,
    file: Option<String>,
    log: Option<String>,
    gtype: Option<String>,
    list: Option<&'a str>,
    /// The effective letters without a value and without a mode, sorted.
    flags: Vec<char>,
    ignored: &'a [char],
}

impl<'a> Explanation<'a> {
    /// Explains a command line.
    #[must_use]
    pub fn new(options: &'a Options) -> Self {
        let login = &options.login;
        let given = login.password.is_some() || login.password_file.is_some();
        let show = |path: &Path| path.to_string_lossy().into_owned();
        Self {
            mode: options.mode,
            admin: login.administrator.as_deref(),
            password: given.then_some("given"),
            data: &login.location.data,
            file: options.file.as_deref().map(show),
            log: options.log.as_ref().map(|log| match log {
                LogFile::Default => "default".to_owned(),
                LogFile::Path(path) => show(path),
            }),
            gtype: options.list_type.as_ref().map(ToString::to_string),
            list: options.list.as_deref(),
            flags: options.flags.letters(),
            ignored: &options.ignored,
        }
    }

    /// Prints the explanation as one line of JSON.
    ///
    /// # Errors
    ///
    /// The output could not be written.
    pub fn print(&self, output: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *output, self)?;
        writeln!(output)
    }
}

/// Prints what `--explain` says of a command line that is wrong.
///
/// # Errors
///
/// The output could not be written.
pub fn print_usage_error(output: &mut impl Write) -> io::Result<()> {
    writeln!(output, r#"{{"error":"usage"}}"#)
}
