//! Which programs a set runs, and with which arguments (`spec/protocol.md` 1.2 and 8.1).

use std::ffi::OsString;
use std::fmt;

use crate::protocol::schedule::Phase;
use crate::tools::cli::data::DataLocation;

/// One program of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Name of the program, which stands in the directory of `nsda`.
    pub(super) program: &'static str,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
}

/// What `nsda` hands on to its programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandedOn {
    /// `--dry-run`, to all of them: each writes.
    pub dry_run: bool,
    /// `--allow-deletes N`, to `import`.
    pub allow_deletes: Option<u64>,
    /// `--replace`, to `import`.
    pub replace: bool,
    /// `--whole`, to `import`.
    pub whole: bool,
}

impl HandedOn {
    fn for_import(&self) -> Vec<OsString> {
        let mut arguments = Vec::new();
        if let Some(count) = self.allow_deletes {
            arguments.extend(["--allow-deletes".into(), count.to_string().into()]);
        }
        let flags = [(self.replace, "--replace"), (self.whole, "--whole")];
        let given = flags.into_iter().filter(|(given, _)| *given);
        arguments.extend(given.map(|(_, flag)| flag.into()));
        arguments
    }
}

/// Returns the programs of a set in their order.
///
/// IMPORT needs no login there, as the others (how the original gave it one was never published); whether REBUILD is
/// wanted, the requestor's option says (Q105965).
#[must_use]
pub(super) fn steps(phase: Phase, data: &DataLocation, handed_on: &HandedOn) -> Vec<Step> {
    let programs: &[(&str, &[&str])] = match phase {
        Phase::T1 => &[("reqmain", &["-t"])],
        Phase::T2 => &[("srvmain", &["-r"]), ("srvmain", &["-t"])],
        Phase::T3 => &[
            ("reqmain", &["-r"]),
            ("import", &["-q", "-y", "--unattended"]),
            ("rebuild", &["-f", "--if-wanted"]),
        ],
    };
    let step = |&(program, options): &(&'static str, &[&str])| {
        let mut arguments: Vec<OsString> = options.iter().map(OsString::from).collect();
        arguments.push(attached(data));
        if program == "import" {
            arguments.extend(handed_on.for_import());
        }
        if handed_on.dry_run {
            arguments.push("--dry-run".into());
        }
        Step { program, arguments }
    };
    programs.iter().map(step).collect()
}

fn attached(data: &DataLocation) -> OsString {
    let mut argument = OsString::from("-d");
    match data {
        DataLocation::Drive(letter) => argument.push(letter.to_string()),
        DataLocation::Path(path) => argument.push(path),
    }
    argument
}

/// Writes the command line.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program)?;
        let arguments = self.arguments.iter();
        arguments
            .map(|argument| argument.to_string_lossy())
            .try_for_each(|argument| write!(f, " {argument}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(phase: Phase, handed_on: &HandedOn) -> Vec<String> {
        let steps = steps(phase, &DataLocation::Drive('N'), handed_on);
        steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ds_c001_ds_c002_ds_c006_the_sets_are_the_published_ones() {
        let nothing = HandedOn::default();
        assert_eq!(lines(Phase::T1, &nothing), ["reqmain -t -dN"]);
        assert_eq!(
            lines(Phase::T2, &nothing),
            ["srvmain -r -dN", "srvmain -t -dN"]
        );
        assert_eq!(
            lines(Phase::T3, &nothing),
            [
                "reqmain -r -dN",
                "import -q -y --unattended -dN",
                "rebuild -f --if-wanted -dN",
            ]
        );
    }

    #[test]
    fn options_reach_the_program_they_are_for() {
        let handed_on = HandedOn {
            dry_run: true,
            allow_deletes: Some(20),
            replace: true,
            whole: true,
        };
        assert_eq!(
            lines(Phase::T3, &handed_on),
            [
                "reqmain -r -dN --dry-run",
                "import -q -y --unattended -dN --allow-deletes 20 --replace --whole --dry-run",
                "rebuild -f --if-wanted -dN --dry-run",
            ]
        );
        assert_eq!(lines(Phase::T1, &handed_on), ["reqmain -t -dN --dry-run"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_goes_on_byte_by_byte() {
        use std::os::unix::ffi::OsStringExt;
        let path = OsString::from_vec(b"/po \xff".to_vec());
        let data = DataLocation::Path(path.into());
        let steps = steps(Phase::T1, &data, &HandedOn::default());
        let expected = OsString::from_vec(b"-d/po \xff".to_vec());
        assert_eq!(steps[0].arguments[1], expected);
    }
}
