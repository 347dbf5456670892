//! A setting that is a request, and is taken out of the configuration once it is done.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::tools::outfile::OutFile;

/// The configuration without a request, beside its place.
#[derive(Debug)]
#[must_use = "the request stands until put_in_place"]
pub(in crate::tools::dxa) struct Consumed(OutFile);

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Request {
    resync_connections: Option<Spanned<Vec<String>>>,
}

impl Consumed {
    /// Writes the configuration without `resync-connections` beside its place: comments and layout of the rest stay.
    /// `None` where the file does not ask for `names` any more.
    pub(in crate::tools::dxa) fn prepare(
        path: &Path,
        names: &[String],
    ) -> io::Result<Option<Self>> {
        let text = fs::read_to_string(path)?;
        let Some(rest) = without(&text, names) else {
            return Ok(None);
        };
        let mut file = OutFile::create(path)?;
        file.write_all(rest.as_bytes())?;
        file.seal()?;
        Ok(Some(Self(file)))
    }

    /// Takes the request out.
    pub(in crate::tools::dxa) fn put_in_place(self) -> io::Result<()> {
        self.0.put_in_place()
    }
}

/// Returns the text without the lines of the setting, if it has the names.
fn without(text: &str, names: &[String]) -> Option<String> {
    let request: Request = toml::from_str(text).ok()?;
    let request = request.resync_connections?;
    let lines = lines(text, request.span());
    (request.get_ref() == names).then(|| [&text[..lines.start], &text[lines.end..]].concat())
}

/// Widens a value to its lines: its key stands on the first of them, nothing else on the last.
fn lines(text: &str, value: Range<usize>) -> Range<usize> {
    let start = text[..value.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[value.end..].find('\n');
    start..end.map_or(text.len(), |at| value.end + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_of_the_setting_go() {
        let names = ["R1".to_owned(), "R3".to_owned()];
        let around = |setting: &str| {
            format!(
                "# Branches.\r\n{setting}\n# The agent; mind the blanks.\n[agent]\n  data=\"d\" # here\n"
            )
        };
        let rest = around("");
        for setting in [
            "resync-connections = [\"R1\", \"R3\"]\n",
            "resync-connections = [\"R1\", \"R3\"] # once\r\n",
            "\"resync-connections\"=[\n  \"R1\", # the first\n  'R3',\n]\n",
        ] {
            let found = without(&around(setting), &names);
            assert_eq!(found.as_deref(), Some(&*rest), "{setting}");
        }
        let last = "resync-connections = [\"R1\", \"R3\"]";
        assert_eq!(without(last, &names).as_deref(), Some(""));
    }

    #[test]
    fn another_request_stays() {
        let names = ["R1".to_owned()];
        assert_eq!(without("resync-connections = [\"R2\"]\n", &names), None);
        assert_eq!(without("[agent]\ndata = \"d\"\n", &names), None);
    }
}
