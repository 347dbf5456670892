//! Runs commands as they are printed, and prints what they answered.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::tools::cli::screen::Screen;
use crate::tools::exit::{self, ExitCode, ToolError};
use crate::tools::{
    admin, external, import, listds, listq, podiag, rebuild, reqmain, resync, srvmain,
};

/// Directory of the import files, beside the postoffices.
pub(super) const FILES: &str = "files";

/// Stands for the directory of the tour in a command.
const ROOT: &str = "{}";

/// Where the tour takes place, and who watches.
pub(super) struct Stage<'a, W: Write> {
    root: &'a Path,
    screen: &'a mut W,
    /// Number of the part of the tour, from 1.
    part: u32,
}

impl<'a, W: Write> Stage<'a, W> {
    pub(super) fn new(root: &'a Path, screen: &'a mut W) -> Self {
        Self {
            root,
            screen,
            part: 0,
        }
    }

    /// Begins a part of the tour.
    pub(super) fn part(&mut self, title: &str) -> Result<(), ToolError> {
        self.part += 1;
        let (gap, part) = (if self.part == 1 { "" } else { "\n" }, self.part);
        writeln!(self.screen, "{gap}== {part}. {title}").map_err(screen_gone)
    }

    /// Says something between the commands.
    pub(super) fn say(&mut self, text: &str) -> Result<(), ToolError> {
        writeln!(self.screen, "# {text}").map_err(screen_gone)
    }

    /// Runs one command, given with `{}` for the directory of the tour and without quotes; words are parted by blanks.
    ///
    /// # Errors
    /// It did not end in [`ExitCode::Done`]: the error has its code and names the step.
    pub(super) fn run(&mut self, line: &str) -> Result<(), ToolError> {
        self.run_to(line, ExitCode::Done)
    }

    /// As [`Self::run`] for one that is to find something.
    ///
    /// # Errors
    /// It did not end in [`ExitCode::Differences`].
    pub(super) fn find(&mut self, line: &str) -> Result<(), ToolError> {
        self.run_to(line, ExitCode::Differences)
    }

    fn run_to(&mut self, line: &str, expected: ExitCode) -> Result<(), ToolError> {
        let words: Vec<OsString> = line.split(' ').map(|word| self.word(word)).collect();
        let shown: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let shown = shown.join(" ");
        writeln!(self.screen, "$ {shown}").map_err(screen_gone)?;
        let mut output = Vec::new();
        let code = run_program(words, &mut output);
        self.show(&output).map_err(screen_gone)?;
        if code == expected {
            return Ok(());
        }
        // The screen shows what the program had to say; the error says where the tour ended.
        self.screen.flush().map_err(screen_gone)?;
        let (part, meaning) = (self.part, code.meaning());
        let what = format!(
            "part {part}: {shown}: ended with {code}, {meaning}",
            code = code.number()
        );
        // An end that was good, but not the one that was to be shown, is none of the tour.
        let code = match code {
            ExitCode::Done => ExitCode::OutOfStep,
            code => code,
        };
        Err(ToolError::new(code, what))
    }

    /// Overwrites bytes of a file, printed as the command that would do it.
    pub(super) fn damage(
        &mut self,
        file: &str,
        offset: usize,
        bytes: [u8; 2],
    ) -> Result<(), ToolError> {
        let path = PathBuf::from(self.word(file));
        let shown = quoted(path.as_os_str());
        let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
        let command =
            format!("printf '{octal}' | dd of={shown} bs=1 seek={offset} conv=notrunc status=none");
        writeln!(self.screen, "$ {command}").map_err(screen_gone)?;
        overwrite(&path, offset, bytes)
            .map_err(|error| ToolError::new(ExitCode::CannotWrite, shown).caused_by(error))
    }

    fn word(&self, word: &str) -> OsString {
        match word.split_once(ROOT) {
            Some((before, after)) => {
                let mut whole = OsString::from(before);
                whole.push(self.root);
                whole.push(after);
                whole
            }
            None => word.into(),
        }
    }

    /// Prints an answer; a message that is given for one entry after the other is printed once and counted.
    fn show(&mut self, output: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(output);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            writeln!(self.screen, "{line}")?;
            let Some(kind) = message_of(line) else {
                continue;
            };
            let mut more = 0;
            while lines
                .next_if(|next| message_of(next) == Some(kind))
                .is_some()
            {
                more += 1;
            }
            if more > 0 {
                writeln!(self.screen, "... and {more} more of these")?;
            }
        }
        Ok(())
    }
}

/// Returns program, severity and number of a message about an entry, as in `12 IMPORT: Warning[ 66] ...`.
fn message_of(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once(' ')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let kind = &rest[..rest.find(']')?];
    let (program, _) = kind.split_once(": ")?;
    let is_program = program.bytes().all(|b| b.is_ascii_uppercase());
    (is_number && is_program).then_some(kind)
}

/// Writes a word as a shell takes it.
fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:,=+%@".contains(&b);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Runs a program; an error goes where its output goes, as on a terminal.
fn run_program(words: Vec<OsString>, output: &mut Vec<u8>) -> ExitCode {
    let program = words[0].to_string_lossy().into_owned();
    let result = match program.as_str() {
        "admin" => admin::start(words, output),
        "import" => import::start(words, output),
        "listds" => listds::start(words, output),
        "podiag" => podiag::start(words, output),
        "rebuild" => rebuild::start(words, output),
        "reqmain" => reqmain::start(words, output),
        "resync" => resync::start(words, output),
        "srvmain" => srvmain::start(words, output),
        "external" => on_screen(output, |screen| external::start(words, screen)),
        "listq" => on_screen(output, |screen| listq::start(words, screen)),
        _ => coreutil(&words)
            .map(|()| ExitCode::Done)
            .map_err(Into::into),
    };
    exit::finish(&program, result, output)
}

/// Runs a program that prints on a screen which may go away.
fn on_screen<'o>(
    output: &'o mut Vec<u8>,
    run: impl FnOnce(&mut Screen<&'o mut Vec<u8>>) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let mut screen = Screen::new(output);
    let code = run(&mut screen)?;
    screen.flush()?;
    Ok(code)
}

fn overwrite(path: &Path, offset: usize, bytes: [u8; 2]) -> io::Result<()> {
    let mut content = fs::read(path)?;
    let Some(place) = content.get_mut(offset..offset + bytes.len()) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    place.copy_from_slice(&bytes);
    fs::write(path, content)
}

/// Does what `rm`, `mv`, `sort -o` (with `LC_ALL=C`) and `cmp` do, as far as the tour needs it.
fn coreutil(words: &[OsString]) -> io::Result<()> {
    let paths: Vec<PathBuf> = words.iter().map(PathBuf::from).collect();
    match (words[0].to_str(), &paths[1..]) {
        (Some("rm"), [path]) => fs::remove_file(path),
        (Some("mv"), [from, to]) => fs::rename(from, to),
        (Some("sort"), [_, to, from]) => {
            let bytes = fs::read(from)?;
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
            lines.sort_unstable();
            fs::write(to, lines.concat())
        }
        (Some("cmp"), [one, other]) => match fs::read(one)? == fs::read(other)? {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the files differ",
            )),
        },
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "not a command of the tour",
        )),
    }
}

fn screen_gone(error: io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "standard output").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_ends_the_tour_with_its_code_and_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut output = Vec::new();
        let mut stage = Stage::new(directory.path(), &mut output);
        stage.part("Nothing").expect("memory");
        let error = stage
            .run("listds admin -pX -d{}/none -r")
            .expect_err("no postoffice");
        assert_eq!(error.exit, ExitCode::NotFound);
        let root = directory.path().display();
        assert_eq!(
            error.to_string(),
            format!("part 1: listds admin -pX -d{root}/none -r: ended with 66, not found")
        );
        let text = String::from_utf8(output).expect("text");
        assert!(
            text.contains(&format!("\nlistds: {root}/none: no postoffice")),
            "{text}"
        );
    }

    #[test]
    fn messages_about_one_entry_after_the_other_are_counted() {
        let mut output = Vec::new();
        let text = "1 IMPORT: Warning[ 66] a\n2 IMPORT: Warning[ 66] b\n3 IMPORT: Warning[ 27] c\ndone\ndone\n";
        Stage::new(Path::new("/"), &mut output)
            .show(text.as_bytes())
            .expect("memory");
        assert_eq!(
            String::from_utf8(output).expect("text"),
            "1 IMPORT: Warning[ 66] a\n... and 1 more of these\n3 IMPORT: Warning[ 27] c\ndone\ndone\n"
        );
    }

    #[test]
    fn words_are_shown_as_a_shell_takes_them() {
        let shown = |word: &str| quoted(OsStr::new(word));
        assert_eq!(shown("-d/tmp/a"), "-d/tmp/a");
        assert_eq!(shown("/tmp/my tour"), "'/tmp/my tour'");
        assert_eq!(shown("it's"), "'it'\\''s'");
    }
}
