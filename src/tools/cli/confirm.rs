//! Asking for permission to continue (`spec/import.md` 2.5).

use std::io::{self, BufRead, IsTerminal, Write};

use crate::tools::exit::ToolError;

/// Asks before the first write, unless `-y` has answered already.
///
/// # Errors
///
/// [`ExitCode::Usage`](crate::tools::exit::ExitCode::Usage): the answer was no, or there is neither `-y` nor a
/// terminal to ask on.
pub fn confirm(yes: bool, question: &str) -> Result<(), ToolError> {
    confirm_by("-y", yes, question)
}

/// As [`confirm`], for a program in which another option answers.
///
/// # Errors
///
/// As [`confirm`].
pub fn confirm_by(option: &str, yes: bool, question: &str) -> Result<(), ToolError> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let terminal = (&mut io::stdin().lock(), &mut io::stderr().lock());
        confirm_on(option, yes, question, Some(terminal))
    } else {
        confirm_on::<io::Empty, io::Sink>(option, yes, question, None)
    }
}

fn confirm_on<R: BufRead, W: Write>(
    option: &str,
    yes: bool,
    question: &str,
    terminal: Option<(&mut R, &mut W)>,
) -> Result<(), ToolError> {
    if yes {
        return Ok(());
    }
    let Some((answers, prompt)) = terminal else {
        return Err(ToolError::usage(format!(
            "this changes the mail data files: give {option} where there is no terminal to ask on",
        )));
    };
    let answer = ask(question, answers, prompt)
        .map_err(|error| ToolError::usage("asking for permission").caused_by(error))?;
    if matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(ToolError::usage("not confirmed, nothing changed"))
    }
}

fn ask(question: &str, answers: &mut impl BufRead, prompt: &mut impl Write) -> io::Result<String> {
    write!(prompt, "{question} Continue (y/n)? ")?;
    prompt.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::exit::ExitCode;

    fn answered(answer: &str) -> (Result<(), ToolError>, String) {
        let mut prompt = Vec::new();
        let result = confirm_on(
            "-y",
            false,
            "Two lists change.",
            Some((&mut answer.as_bytes(), &mut prompt)),
        );
        (result, String::from_utf8(prompt).expect("text"))
    }

    #[test]
    fn only_yes_is_yes() {
        for answer in ["y\n", "Y\n", "yes\r\n", " YES "] {
            let (result, prompt) = answered(answer);
            result.expect(answer);
            assert_eq!(prompt, "Two lists change. Continue (y/n)? ");
        }
        for answer in ["n\n", "\n", "", "yesterday\n"] {
            let error = answered(answer).0.expect_err(answer);
            assert_eq!(error.exit, ExitCode::Usage);
        }
    }

    #[test]
    fn without_a_terminal_only_the_option_is_yes() {
        confirm_on::<io::Empty, io::Sink>("-y", true, "", None).expect("-y answers");
        let error =
            confirm_on::<io::Empty, io::Sink>("-f", false, "", None).expect_err("nobody answers");
        assert_eq!(error.exit, ExitCode::Usage);
        assert!(error.to_string().contains("give -f where"), "{error}");
    }
}
