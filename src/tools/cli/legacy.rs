//! The original spellings of the command lines, rewritten into long options.
//!
//! The original programs take one token per option: a hyphen, one or two letters in either case, and the
//! value attached without blank (`-dM`, `-p<password>`, `-st`); sources in `spec/import.md` 2.1 and
//! `spec/protocol.md` 8.1. A general parser would read `-st` as `-s -t` and `-l admin` as a log file
//! named `admin`. So a [`Table`] per program turns each such token into `--long` or `--long=value`, and
//! clap sees long options only: what may be combined, repeated or left out is defined there alone.

use std::ffi::{OsStr, OsString};

use clap_lex::OsStrExt as _;

/// What may be attached to the letters of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    None,
    /// A value, always.
    Required,
    /// The name of a file, always; one leading colon is dropped (`-f:PROXY.DAT`, Q115319).
    File,
    /// A value or nothing.
    Optional,
    /// A value, always; attached, or the next token. Not one of the original options.
    Apart,
}

/// One option in its original spelling.
#[derive(Clone, Copy, Debug)]
pub struct Letters {
    /// The letters behind the hyphen, in lower case.
    pub letters: &'static str,
    /// The long option it stands for, without hyphens.
    pub long: &'static str,
    /// What may be attached.
    pub value: Value,
}

/// The original options of one program.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Name of the program.
    pub program: &'static str,
    /// Its options, in the order of their published synopsis. `-?` is part of every program.
    pub options: &'static [Letters],
}

/// Why a token could not be rewritten.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// No option of the program begins like that.
    #[error("unknown option '{0}'")]
    Unknown(String),
    /// The option is known, but what is attached to it does not belong there.
    #[error("'{token}': -{letters} takes no value")]
    UnexpectedValue {
        /// The token as written.
        token: String,
        /// The letters of the option.
        letters: &'static str,
    },
    /// The option needs a value.
    #[error("-{letters} needs its value attached: -{letters}<{long}>")]
    MissingValue {
        /// The letters of the option.
        letters: &'static str,
        /// The long option, which names the value.
        long: &'static str,
    },
}

impl Table {
    /// Rewrites the original spellings among `arguments`, the first of which is the program itself.
    ///
    /// Bare tokens and long options pass as they are, and so does everything behind `--`.
    ///
    /// # Errors
    ///
    /// A token that begins with a hyphen and is no option of the program.
    pub fn rewrite(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Vec<OsString>, LegacyError> {
        let mut arguments = arguments.into_iter();
        let mut rewritten: Vec<OsString> = arguments.next().into_iter().collect();
        for token in arguments.by_ref() {
            let end = token == "--";
            match token.strip_prefix("-") {
                Some(body) if !body.starts_with("-") => {
                    rewritten.push(self.rewrite_option(&token, body)?)
                }
                _ => rewritten.push(token),
            }
            if end {
                break;
            }
        }
        rewritten.extend(arguments);
        Ok(rewritten)
    }

    fn rewrite_option(&self, token: &OsStr, body: &OsStr) -> Result<OsString, LegacyError> {
        if body == "?" {
            return Ok("--help".into());
        }
        // The longest letters first, so that -st is not -s with a value.
        let mut candidates: Vec<_> = self
            .options
            .iter()
            .filter_map(|option| Some((option, strip_letters(body, option.letters)?)))
            .collect();
        candidates.sort_by_key(|(option, _)| std::cmp::Reverse(option.letters.len()));

        let mut first_error = None;
        for (option, attached) in candidates {
            match option.with_value(token, attached) {
                Ok(long) => return Ok(long),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| LegacyError::Unknown(display(token))))
    }
}

impl Letters {
    fn with_value(&self, token: &OsStr, attached: &OsStr) -> Result<OsString, LegacyError> {
        let value = match self.value {
            Value::File => attached.strip_prefix(":").unwrap_or(attached),
            _ => attached,
        };
        let mut long = OsString::from("--");
        long.push(self.long);
        if value.is_empty() {
            return match self.value {
                Value::None | Value::Optional | Value::Apart => Ok(long),
                Value::Required | Value::File => Err(LegacyError::MissingValue {
                    letters: self.letters,
                    long: self.long,
                }),
            };
        }
        if self.value == Value::None {
            return Err(LegacyError::UnexpectedValue {
                token: display(token),
                letters: self.letters,
            });
        }
        long.push("=");
        long.push(value);
        Ok(long)
    }
}

/// Returns what follows `letters`, if `body` begins with them in either case.
fn strip_letters<'b>(body: &'b OsStr, letters: &str) -> Option<&'b OsStr> {
    let written = body.as_encoded_bytes().get(..letters.len())?;
    if !written.eq_ignore_ascii_case(letters.as_bytes()) {
        return None;
    }
    body.strip_prefix(std::str::from_utf8(written).ok()?)
}

fn display(token: &OsStr) -> String {
    token.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::cli::tables;

    fn rewrite(table: &Table, line: &str) -> Result<String, LegacyError> {
        let arguments = line.split_whitespace().map(OsString::from);
        let rewritten = table.rewrite(arguments)?;
        let words: Vec<_> = rewritten
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        Ok(words.join(" "))
    }

    fn rewritten(table: &Table, line: &str) -> String {
        rewrite(table, line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn published_lines_become_long_options() {
        let cases = [
            (
                &tables::IMPORT,
                "import -dm -t -a -fimport.txt -l -v admin -ppassword",
                "import --data=m --templates --pol --file=import.txt --log --verbose admin --password=password",
            ),
            (
                &tables::IMPORT,
                "IMPORT ADMIN -Ppw -ST -F:PROXY.DAT -X",
                "IMPORT ADMIN --password=pw --foreign --file=PROXY.DAT --extract",
            ),
            (
                &tables::EXTERNAL,
                "external -0 -dmp -ms -mr -q1 -lx.log -a",
                "external --once --data=mp --ms --mr --q=1 --log=x.log --no-modem",
            ),
            (
                &tables::NSDA,
                "nsda -RR -dn",
                "nsda --requestor-receive --data=n",
            ),
            (&tables::NSDA, "nsda -s", "nsda --server"),
            (
                &tables::LISTQ,
                "listq -freqtrans -C -t",
                "listq --file=reqtrans --checksum --dates",
            ),
        ];
        for (table, line, expected) in cases {
            assert_eq!(rewritten(table, line), expected);
        }
    }

    #[test]
    fn a_log_option_without_value_does_not_take_the_administrator() {
        assert_eq!(
            rewritten(&tables::IMPORT, "import -l admin"),
            "import --log admin"
        );
    }

    #[test]
    fn long_options_and_what_follows_two_hyphens_pass_as_they_are() {
        assert_eq!(
            rewritten(&tables::IMPORT, "import --report r.json -y -- -zap -y"),
            "import --report r.json --yes -- -zap -y"
        );
    }

    #[test]
    fn help_is_a_question_mark_everywhere() {
        for table in tables::ALL {
            assert_eq!(rewritten(table, "x -?"), "x --help", "{}", table.program);
        }
    }

    #[test]
    fn what_is_no_option_is_named() {
        let cases = [
            ("import -zap", "unknown option '-zap'"),
            ("import -", "unknown option '-'"),
            ("import -h", "unknown option '-h'"),
            ("import -stx", "'-stx': -st takes no value"),
            ("import -qy", "'-qy': -q takes no value"),
            ("import -p", "-p needs its value attached: -p<password>"),
            ("import -f:", "-f needs its value attached: -f<file>"),
        ];
        for (line, expected) in cases {
            let error = rewrite(&tables::IMPORT, line).expect_err(line);
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn only_one_colon_is_dropped_and_only_from_a_file() {
        assert_eq!(
            rewritten(&tables::IMPORT, "import -f::a"),
            "import --file=:a"
        );
        assert_eq!(rewritten(&tables::IMPORT, "import -l:a"), "import --log=:a");
        assert_eq!(
            rewritten(&tables::IMPORT, "import --file=:a"),
            "import --file=:a"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_name_need_not_be_unicode() {
        use std::os::unix::ffi::OsStringExt;
        let arguments = [
            b"import".to_vec(),
            b"-F\xff\xe9".to_vec(),
            b"-\xff".to_vec(),
        ];
        let arguments = arguments.map(OsString::from_vec);
        let rewritten = tables::IMPORT
            .rewrite(arguments[..2].to_vec())
            .expect("any bytes are a file name");
        assert_eq!(
            rewritten[1],
            OsString::from_vec(b"--file=\xff\xe9".to_vec())
        );
        assert!(tables::IMPORT.rewrite(arguments).is_err());
    }
}
