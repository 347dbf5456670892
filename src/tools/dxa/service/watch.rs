//! A look at what has come: messages in the mail place, lists in `in/`, cycles that were asked for. Nothing is opened for it
//! but what is new.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::postoffice::layout::Layout;
use crate::postoffice::mailbag;
use crate::tools::dxa::config::Config;
use crate::tools::dxa::home::Home;
use crate::tools::dxa::lists::dropfolder;
use crate::tools::dxa::mail::backlog::Backlog;
use crate::tools::exit::ToolError;

use super::plan::Seen;

/// A list as it lay there.
type Dropped = (PathBuf, u64, Option<SystemTime>);

/// What was there at the last look.
#[derive(Debug, Default)]
pub(super) struct Watch {
    messages: BTreeSet<String>,
    lists: BTreeSet<Dropped>,
}

impl Watch {
    /// Returns what is there that was not, or was another file.
    pub(super) fn look(&mut self, config: &Config, home: &Home) -> Result<Seen, ToolError> {
        let mut seen = Seen {
            queued: home.has_queued(),
            ..Seen::default()
        };
        let messages = messages(&home.postoffice())?;
        if !messages.is_subset(&self.messages) {
            let backlog = Backlog::read(config, &home.postoffice())?;
            let names = config.connections.iter().map(|c| c.name.clone());
            seen.mail = names.filter(|name| backlog.incoming(name) > 0).collect();
            seen.strangers = backlog.strange() > 0;
        }
        self.messages = messages;
        let lists = lists(home)?;
        seen.lists = !lists.is_subset(&self.lists);
        self.lists = lists;
        Ok(seen)
    }

    /// Lists that were left are looked at again.
    pub(super) fn forget_lists(&mut self) {
        self.lists.clear();
    }

    /// Everything is looked at again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn messages(postoffice: &Path) -> Result<BTreeSet<String>, ToolError> {
    if !postoffice.exists() {
        return Ok(BTreeSet::new());
    }
    let bag = mailbag::incoming(&Layout::open(postoffice)?)?;
    Ok(bag
        .mails
        .into_iter()
        .map(|mail| mail.file.name().to_owned())
        .collect())
}

fn lists(home: &Home) -> Result<BTreeSet<Dropped>, ToolError> {
    let files = dropfolder::paths(&home.incoming())?;
    // Who was taken away meanwhile is not there.
    let found = files.into_iter().filter_map(|path| {
        let metadata = fs::metadata(&path).ok()?;
        Some((path, metadata.len(), metadata.modified().ok()))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_seen_once_and_again_when_it_is_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        let text =
            "[agent]\naddress = \"NET1/AGENT\"\ndata = \"d\"\n[directory]\nurl = \"ldap://x\"\n";
        let config = Config::parse(text, Path::new("dxa.toml")).expect("a configuration");
        let mut watch = Watch::default();
        let mut look = || watch.look(&config, &home).expect("a look");
        assert_eq!(look(), Seen::default(), "nothing is there at all");
        let below = home.incoming().join("HQ");
        fs::create_dir_all(&below).expect("made");
        fs::write(below.join("list.tmp"), "a").expect("written");
        assert!(!look().lists, "that is of who writes it");
        fs::rename(below.join("list.tmp"), below.join("list")).expect("renamed");
        assert!(look().lists);
        assert!(!look().lists);
        fs::write(below.join("list"), "ab").expect("written");
        assert!(look().lists);
        watch.forget_lists();
        assert!(watch.look(&config, &home).expect("a look").lists);
    }
}
