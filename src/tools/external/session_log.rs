//! SESSION.LOG: what a pass did, step by step (Q100826).

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use jiff::tz::TimeZone;

use super::site::Site;
use crate::postoffice::transfer_log::session_line;
use crate::postoffice::{layout, log};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};

/// Where the session is logged, if it is.
#[derive(Debug)]
pub(super) struct SessionLog {
    place: Option<Place>,
    instance: Option<String>,
    clock: Clock,
    lines: String,
}

#[derive(Debug)]
enum Place {
    /// SESSION.LOG of the home postoffice.
    Home(Rc<Site>),
    /// A file.
    File(PathBuf),
}

impl SessionLog {
    /// Begins a log in `file`, or in the home postoffice where `wanted` has no name. `None` for none at all.
    pub(super) fn new(
        wanted: Option<Option<PathBuf>>,
        home: &Rc<Site>,
        instance: Option<String>,
        clock: Clock,
    ) -> Self {
        let place = wanted.map(|file| match file {
            Some(path) => Place::File(path),
            None => Place::Home(Rc::clone(home)),
        });
        Self {
            place,
            instance,
            clock,
            lines: String::new(),
        }
    }

    /// Adds a line.
    pub(super) fn say(&mut self, text: &str) {
        if self.place.is_some() {
            let zone: &TimeZone = self.clock.zone();
            let instance = self.instance.as_deref();
            let line = session_line(self.clock.now(), zone, instance, text);
            self.lines.push_str(&line);
        }
    }

    /// Writes the lines so far.
    pub(super) fn flush(&mut self) -> Result<(), ToolError> {
        let lines = std::mem::take(&mut self.lines);
        match &self.place {
            _ if lines.is_empty() => Ok(()),
            None => Ok(()),
            Some(Place::Home(site)) => {
                log::append_now(&site.layout, &layout::SESSION_LOG, lines.as_bytes())
                    .map_err(ToolError::from)
            }
            Some(Place::File(path)) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(lines.as_bytes()))
                .map_err(|error| {
                    let what = format!("session log {}", path.display());
                    ToolError::new(ExitCode::CannotWrite, what).caused_by(error)
                }),
        }
    }
}
