//! A configuration that is read again: what cannot be used is refused whole, and the old one goes on; what is another is told
//! with what comes of it, before it acts.

use std::fs;
use std::io::Write;
use std::rc::Rc;

use crate::tools::dxa::check;
use crate::tools::dxa::config::{self, Config};
use crate::tools::dxa::event::{Event, Severity, told};
use crate::tools::dxa::home::unusable;
use crate::tools::dxa::sending::effect;
use crate::tools::exit::ToolError;

use super::Service;

impl<W: Write> Service<'_, W> {
    /// Reads the configuration again.
    pub(super) fn reload(&mut self) {
        let (config, text) = match self.read() {
            Ok(read) => read,
            Err(error) => {
                let event = Event::new(Severity::Error, "configuration refused, the old one stays");
                let event = event.with("file", self.config.path.display());
                self.voice.say([event.with("because", told(&error))]);
                return;
            }
        };
        let changed = config::difference(&self.text, &text);
        let event = Event::new(Severity::Info, "configuration read again");
        let event = event.with("file", config.path.display());
        let mut events = vec![event.with("changed", changed.len())];
        for changed in changed {
            let event = Event::new(Severity::Info, "setting is another");
            let event = event.with("setting", changed.setting);
            let nothing = || "not set".to_owned();
            let event = event.with("was", changed.before.unwrap_or_else(nothing));
            events.push(event.with("is", changed.after.unwrap_or_else(nothing)));
        }
        events.extend(effect::events(&config));
        self.voice.say(events);
        self.voice.forget();
        self.plan.reconfigure(&config);
        self.watch.forget();
        (self.config, self.text) = (Rc::new(config), text);
        self.make_lists();
    }

    /// Reads the configuration, and checks it as at a start.
    fn read(&self) -> Result<(Config, String), ToolError> {
        let path = &self.config.path;
        let text = fs::read_to_string(path).map_err(|error| unusable(path, error))?;
        let config =
            Config::parse(&text, path).map_err(|error| ToolError::usage(error.to_string()))?;
        if config.agent.data != self.config.agent.data {
            let text = "agent.data is another folder: that needs a new start of the service";
            return Err(ToolError::usage(text));
        }
        match check::run(&config).refusal() {
            Some(error) => Err(error),
            None => Ok((config, text)),
        }
    }
}
