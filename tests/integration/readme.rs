//! What the README shows is what the programs print: its commands are run again, in the postoffices of the tour.
//!
//! `UPDATE_README=1` writes what they print now into the README; look at the difference before it goes in.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::tour::{self, Given, SHOWN};

/// Begins a block of commands and answers.
const FENCE: &str = "```console\n";

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// Splits a transcript into commands with what they answered.
fn commands(transcript: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in transcript.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command, String::new())),
            // Remarks of the tour stand between the commands, and an empty line before each part.
            (None, _) if line.starts_with("# ") || line.starts_with("== ") => {}
            (None, Some((_, answer))) => {
                answer.push_str(line);
                answer.push('\n');
            }
            (None, None) => panic!("{line:?} stands before the first command"),
        }
    }
    found
}

/// Answers as the tour did, or runs what it did not show.
struct Answers<'t> {
    tour: &'t Given,
    shown: Vec<(&'t str, String)>,
    /// Where the last answer was: a command that the tour gives several times is meant as it comes next.
    next: usize,
}

impl Answers<'_> {
    fn answer(&mut self, command: &str) -> String {
        let later = (self.next..self.shown.len()).find(|&at| self.shown[at].0 == command);
        let known = later.or_else(|| self.shown.iter().rposition(|(known, _)| *known == command));
        if let Some(at) = known {
            self.next = at + 1;
            return self.shown[at].1.trim_end().to_owned();
        }
        let path = self.tour.path().display().to_string();
        let mut words = command
            .split_whitespace()
            .map(|word| word.replace(SHOWN, &path));
        let name = words.next().expect("a command");
        let output = tour::program(&name).args(words).output().expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        // Import text has the line ends of DOS, the README those of its own.
        let text = String::from_utf8(text).expect("text").replace("\r\n", "\n");
        let text = self.tour.shown(&text);
        let code = output.status.code().expect("it was not killed");
        let says_so =
            code == 0 || text.contains(&format!("Exit {code}: ")) || name == "nsda" && code == 64;
        assert!(
            says_so,
            "{command}: ended with {code}, which is not shown: {text}"
        );
        text.trim_end().to_owned()
    }
}

#[test]
fn every_command_in_the_readme_answers_as_shown() {
    let text = fs::read_to_string(readme()).expect("the README");
    let tour = tour::give();
    assert_eq!(tour.exit, 0, "{}", tour.stderr);
    let transcript = tour.shown(&tour.stdout);
    let mut answers = Answers {
        tour: &tour,
        shown: commands(&transcript),
        next: 0,
    };

    let update = env::var_os("UPDATE_README").is_some();
    let mut parts = text.split(FENCE);
    let mut now = parts.next().expect("a beginning").to_owned();
    let mut count = 0;
    for part in parts {
        let (block, rest) = part.split_once("```").expect("an end of the block");
        let mut again = String::new();
        for (command, _) in commands(block) {
            let text = format!("$ {command}\n{}", answers.answer(command));
            again.push_str(text.trim_end());
            again.push('\n');
            count += 1;
        }
        assert!(
            update || again == block,
            "run this test with UPDATE_README=1 and look at the difference; shown:\n{block}\nprinted now:\n{again}"
        );
        now.push_str(&format!("{FENCE}{again}```{rest}"));
    }
    assert!(
        count >= 8,
        "{count} commands: one for each program at least"
    );
    if update {
        fs::write(readme(), now).expect("writable");
    }
}

#[test]
fn every_program_is_in_the_readme() {
    let text = fs::read_to_string(readme()).expect("the README");
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    for entry in fs::read_dir(bin).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("text");
        // The tour is the main command, and its transcript is what the others are taken from.
        let run = match name {
            "tour" => "--bin tour -- ".to_owned(),
            name => format!("\n$ {name} "),
        };
        assert!(text.contains(&run), "{name}: no run is shown");
    }
}

#[test]
fn every_exit_code_is_in_the_readme() {
    let text = fs::read_to_string(readme()).expect("the README");
    for code in dirsync::tools::exit::ExitCode::BY_SEVERITY {
        let row = format!("| {} | ", code.number());
        assert!(text.contains(&row), "{row}");
    }
}
