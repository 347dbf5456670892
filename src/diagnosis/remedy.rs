//! What an operator does about a finding, with the command to type where there is one.

use std::borrow::Cow;
use std::fmt::Write;

use crate::postoffice::File;

/// Advice, and the command that carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remedy {
    /// What to do, as a sentence without a full stop.
    pub advice: Cow<'static, str>,
    /// What to type.
    pub command: Option<Command>,
}

/// A command line; [`Command::line`] completes it with who signs in where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program that asks for an administrator.
    SignedIn {
        /// Its name.
        program: &'static str,
        /// Its arguments behind the login.
        arguments: Cow<'static, str>,
    },
    /// A program that works on the postoffice without a login.
    Program {
        /// Its name.
        program: &'static str,
        /// Its arguments before the postoffice.
        arguments: &'static str,
    },
    /// A command of the system with the paths of files behind it.
    System {
        /// The words before the files.
        words: Cow<'static, str>,
        /// The files.
        files: Vec<String>,
    },
}

/// Who types the commands, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Mailbox of the administrator.
    pub administrator: String,
    /// The postoffice as it was given.
    pub data: String,
    /// The directory of the postoffice.
    pub root: String,
}

impl Remedy {
    /// Advice without a command.
    #[must_use]
    pub fn advice(advice: impl Into<Cow<'static, str>>) -> Self {
        Self {
            advice: advice.into(),
            command: None,
        }
    }

    /// What `podiag --repair` does by itself.
    #[must_use]
    pub fn repair(advice: impl Into<Cow<'static, str>>) -> Self {
        Self::signed_in(advice, "podiag", "--repair")
    }

    /// A program that asks for an administrator.
    #[must_use]
    pub fn signed_in(
        advice: impl Into<Cow<'static, str>>,
        program: &'static str,
        arguments: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            advice: advice.into(),
            command: Some(Command::SignedIn {
                program,
                arguments: arguments.into(),
            }),
        }
    }

    /// A program without a login.
    #[must_use]
    pub fn program(
        advice: impl Into<Cow<'static, str>>,
        program: &'static str,
        arguments: &'static str,
    ) -> Self {
        Self {
            advice: advice.into(),
            command: Some(Command::Program { program, arguments }),
        }
    }

    /// A command of the system on files of the postoffice.
    #[must_use]
    pub fn system<'f>(
        advice: impl Into<Cow<'static, str>>,
        words: impl Into<Cow<'static, str>>,
        files: impl IntoIterator<Item = &'f File>,
    ) -> Self {
        let files = files.into_iter().map(ToString::to_string).collect();
        Self {
            advice: advice.into(),
            command: Some(Command::System {
                words: words.into(),
                files,
            }),
        }
    }
}

impl From<&'static str> for Remedy {
    fn from(advice: &'static str) -> Self {
        Self::advice(advice)
    }
}

impl From<String> for Remedy {
    fn from(advice: String) -> Self {
        Self::advice(advice)
    }
}

impl Command {
    /// Returns what is typed at a shell. Without `-p` a program asks for the password.
    #[must_use]
    pub fn line(&self, operator: &Operator) -> String {
        let data = quoted(&operator.data);
        match self {
            Self::SignedIn { program, arguments } => format!(
                "{program} {} -d{data} {arguments}",
                quoted(&operator.administrator)
            ),
            Self::Program { program, arguments } => format!("{program} {arguments} -d{data}"),
            Self::System { words, files } => {
                let mut line = words.to_string();
                for file in files {
                    let path = format!("{}/{file}", operator.root);
                    write!(line, " {}", quoted(&path)).expect("a string takes everything");
                }
                line
            }
        }
    }
}

/// Quotes a word for a shell, where it has to be.
#[must_use]
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-:,=+@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postoffice::layout;

    #[test]
    fn a_command_can_be_typed_as_it_stands() {
        let operator = Operator {
            administrator: "admin".into(),
            data: "/mail/my po".into(),
            root: "/mail/my po".into(),
        };
        let line = |remedy: Remedy| remedy.command.map(|command| command.line(&operator));
        assert_eq!(
            line(Remedy::repair("x")).as_deref(),
            Some("podiag admin -d'/mail/my po' --repair")
        );
        assert_eq!(
            line(Remedy::program("x", "rebuild", "-f")).as_deref(),
            Some("rebuild -f -d'/mail/my po'")
        );
        assert_eq!(
            line(Remedy::system("x", "chmod 600", [&layout::DIRSYNC_PWD])).as_deref(),
            Some("chmod 600 '/mail/my po/GLB/DIRSYNC.PWD'")
        );
        assert_eq!(line(Remedy::advice("x")), None);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_split_or_read_them() {
        for (word, shell) in [
            ("/mail/po1", "/mail/po1"),
            ("o'hara", "'o'\\''hara'"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shell);
        }
    }
}
