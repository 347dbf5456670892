//! `passwd`, and new passwords wherever one is given.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};

use super::options::NewPasswordArgs;
use super::run::{Run, refused};
use super::words::PasswdArgs;
use crate::messages::Message;
use crate::postoffice::accounts::Accounts;
use crate::postoffice::passwords::Passwords;
use crate::tools::cli::password::{MAX_PASSWORD_LEN, Password};
use crate::tools::exit::{ExitCode, ToolError};

/// `passwd [MAILBOX]`: sets or removes the password of an account.
pub(super) fn passwd(run: &mut Run<'_>, args: &PasswdArgs) -> Result<(), ToolError> {
    let mailbox = args.mailbox.as_ref().unwrap_or(&run.administrator);
    let mailbox = mailbox.clone();
    let accounts = Accounts::load(run.po())?;
    let found = accounts.find(&run.encode(&mailbox)?);
    let index = found.ok_or_else(|| refused(29, &*mailbox))?;
    let mailbox = run
        .code_page()
        .decode(accounts.get(index).mailbox.as_bytes());
    let mut passwords = Passwords::load(run.po())?;
    let folded = if args.remove {
        if !passwords.is_set(&mailbox) {
            run.remark(format!("{mailbox} has no password"));
            return Ok(());
        }
        String::new()
    } else {
        let text = match given(&args.new_password)? {
            Some(text) => text,
            None => typed()?,
        };
        if text.is_empty() {
            return Err(ToolError::usage("an empty password is none: say --remove"));
        }
        fold(run, &text, &mailbox)
    };
    run.count_setting();
    run.say(match args.remove {
        true => format!("password of {mailbox} removed; any is accepted now"),
        false => format!("password of {mailbox} set"),
    });
    if run.options.dry_run {
        return Ok(());
    }
    passwords.set(&mailbox, &folded)?;
    run.commit(|_, _, batch, _| passwords.stage(batch))
}

/// Returns the form that counts, and warns where characters go (message 89).
pub(super) fn fold(run: &mut Run<'_>, text: &str, whose: &str) -> String {
    if text.chars().count() > MAX_PASSWORD_LEN {
        run.warn(Message::new(89, whose));
    }
    Password::new(text).folded()
}

/// Returns the new password from a file or the environment, if either gives one.
pub(super) fn given(args: &NewPasswordArgs) -> Result<Option<String>, ToolError> {
    if let Some(path) = &args.new_password_file {
        let text = fs::read_to_string(path).map_err(|error| {
            let text = format!("new password file {}", path.display());
            ToolError::new(ExitCode::NotFound, text).caused_by(error)
        })?;
        return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
    }
    match env::var_os("DIRSYNC_NEW_PASSWORD") {
        None => Ok(None),
        Some(value) => value
            .into_string()
            .map(Some)
            .map_err(|_| ToolError::usage("DIRSYNC_NEW_PASSWORD: not valid Unicode")),
    }
}

/// Asks for the new password twice.
fn typed() -> Result<String, ToolError> {
    if !io::stdin().is_terminal() {
        return Err(ToolError::usage(
            "no new password: give --new-password-file or DIRSYNC_NEW_PASSWORD",
        ));
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map_err(|error| ToolError::usage("asking for the password").caused_by(error))
    };
    let first = ask("New password: ")?;
    match first == ask("New password again: ")? {
        true => Ok(first),
        false => Err(ToolError::usage(
            "the two passwords differ, nothing changed",
        )),
    }
}

/// Bytes of a password that a requestor gives.
pub(super) const MAX_STORED: usize = MAX_PASSWORD_LEN;
