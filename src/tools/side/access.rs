//! How sides are read that need more than their name: code page, login, columns of an address book.

use std::path::PathBuf;

#[cfg(feature = "ldap")]
use std::fs;

use clap::builder::NonEmptyStringValueParser;

use crate::codec::codepage::CodePage;
#[cfg(feature = "ldap")]
use crate::directory::ldap::{ConnectOptions, Password};
#[cfg(feature = "ldap")]
use crate::tools::exit::{ExitCode, ToolError};

/// The options of a directory by its URL.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DirectoryArgs {
    /// Log in to the directory under this name; nobody unless given
    #[arg(long, value_name = "DN", value_parser = NonEmptyStringValueParser::new(), requires = "password_file")]
    pub bind_dn: Option<String>,

    /// Read the password of that name from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Encrypt an ldap: connection before anything else is said
    #[arg(long)]
    pub start_tls: bool,

    /// Trust the authorities in this file (PEM) besides those of the system
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// How a side is read.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Code page of files that do not say which they are in.
    pub page: CodePage,
    /// How to get into a directory.
    pub directory: DirectoryArgs,
    /// Attribute that must be told apart from one that is hidden.
    pub consent: Option<String>,
}

#[cfg(feature = "ldap")]
impl Access {
    /// Returns how to connect to `ldap://HOST:PORT`.
    pub(super) fn connect_options(&self, server: &str) -> Result<ConnectOptions, ToolError> {
        let args = &self.directory;
        let mut options = ConnectOptions::new(server);
        options.start_tls = args.start_tls;
        options.ca_file = args.ca_file.clone();
        if let (Some(dn), Some(file)) = (&args.bind_dn, &args.password_file) {
            let text = fs::read_to_string(file).map_err(|error| {
                let what = format!("password file {}", file.display());
                ToolError::new(ExitCode::NotFound, what).caused_by(error)
            })?;
            let password = text.lines().next().unwrap_or_default();
            options = options.login(dn, Password::new(password));
        }
        Ok(options)
    }
}
