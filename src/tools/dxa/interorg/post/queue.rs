//! What goes out, until the mail system has it: a Maildir `mail-out/` in the data folder.
//!
//! An answer is written into `tmp` first, then the change that it answers is kept, then it gets its name in `new`. A run that
//! is killed in between leaves it in `tmp`: whether it is to go is known by its receipt, which was kept with the change, or
//! not ([`Queue::recover`]). So an answer goes if and only if what it says is so. A mail that was sent, and not yet removed, is
//! sent again; the other side passes it over.
//!
//! A unit that is queued takes away what is left of the one before it to the same side: it says all of that again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::MAX_LETTER_LEN;
use super::letter;
use super::maildir::{self, unwritable};
use super::side::{Link, task};
use crate::directory::interorg::wire::{Part, Unit};
use crate::postoffice::mailbag;
use crate::tools::exit::ToolError;

/// The queue.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa::interorg) struct Queue {
    root: PathBuf,
}

/// A message of the queue, as its name has it: `00000003.ANSWER.ORG1.0a1b2c3d4e5f6071.2of3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools::dxa::interorg) struct Queued {
    /// The number of its unit: later ones have higher.
    pub(super) number: u64,
    /// Which part, from 1.
    pub(super) part: usize,
    /// `REQUEST` or `ANSWER`.
    pub(in crate::tools::dxa::interorg) task: String,
    /// The branch.
    pub(in crate::tools::dxa::interorg) branch: String,
    /// Its file.
    pub(super) name: String,
}

impl Queued {
    fn parse(name: &str) -> Option<Self> {
        let mut front = name.splitn(3, '.');
        let (number, task, rest) = (front.next()?, front.next()?, front.next()?);
        let mut back = rest.rsplitn(3, '.');
        let (part, _unit, branch) = (back.next()?, back.next()?, back.next()?);
        Some(Self {
            number: number.parse().ok()?,
            part: part.split_once("of")?.0.parse().ok()?,
            task: ["REQUEST", "ANSWER"]
                .iter()
                .find(|known| **known == task)?
                .to_string(),
            branch: branch.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Tells whether it goes out over a link.
    pub(super) fn is_of(&self, link: &Link) -> bool {
        let task = if link.is_hub() { "ANSWER" } else { "REQUEST" };
        self.task == task && self.branch.eq_ignore_ascii_case(link.branch())
    }
}

/// A unit that was written, and has no name yet.
#[derive(Debug)]
#[must_use = "it goes nowhere before it is published"]
pub(in crate::tools::dxa::interorg) struct Staged {
    number: u64,
    names: Vec<String>,
    task: &'static str,
    branch: String,
}

impl Staged {
    /// Returns how many messages it has.
    pub(in crate::tools::dxa::interorg) fn parts(&self) -> usize {
        self.names.len()
    }
}

impl Queue {
    /// Speaks of the queue in a data folder.
    pub(in crate::tools::dxa::interorg) fn at(data: &Path) -> Self {
        Self {
            root: data.join("mail-out"),
        }
    }

    /// Makes what is missing of it.
    pub(in crate::tools::dxa::interorg) fn make(&self) -> Result<(), ToolError> {
        maildir::make(&self.root)
    }

    pub(super) fn path(&self, queued: &Queued) -> PathBuf {
        self.root.join("new").join(&queued.name)
    }

    /// Returns what waits, in order.
    pub(in crate::tools::dxa::interorg) fn waiting(&self) -> Result<Vec<Queued>, ToolError> {
        let mut found = self.names("new")?;
        found.sort();
        Ok(found)
    }

    fn names(&self, part: &str) -> Result<Vec<Queued>, ToolError> {
        let found = mailbag::list_files(&self.root.join(part))?;
        let names = found.files.iter();
        Ok(names.filter_map(|(name, _)| Queued::parse(name)).collect())
    }

    /// Writes the messages of a unit, durably but for their names. `copy` sees each.
    pub(in crate::tools::dxa::interorg) fn stage(
        &self,
        link: &Link,
        unit: Unit,
        now: Timestamp,
        mut copy: impl FnMut(&[u8], &Part),
    ) -> Result<Staged, ToolError> {
        let queued = self.names("new")?;
        let number = queued.iter().map(|queued| queued.number).max();
        let mut staged = Staged {
            number: number.unwrap_or(0) + 1,
            names: Vec::new(),
            task: task(&unit),
            branch: link.branch().to_owned(),
        };
        let id: String = Sha256::digest(unit.id())[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let cannot = |error| unwritable(&self.root, error);
        for (part, bytes) in letter::write(link, unit, now).map_err(cannot)? {
            let Staged {
                number,
                task,
                branch,
                ..
            } = &staged;
            let name = format!(
                "{number:08}.{task}.{branch}.{id}.{}of{}",
                part.number, part.of
            );
            let written = maildir::stage(&self.root, &name, &bytes);
            staged.names.push(name);
            if let Err(error) = written {
                self.drop_staged(&staged);
                return Err(cannot(error));
            }
            copy(&bytes, &part);
        }
        if let Err(error) = maildir::sync(&self.root.join("tmp")) {
            self.drop_staged(&staged);
            return Err(cannot(error));
        }
        Ok(staged)
    }

    /// Removes what was written of a unit that does not go.
    pub(in crate::tools::dxa::interorg) fn drop_staged(&self, staged: &Staged) {
        for name in &staged.names {
            // What is left is found by the next run.
            let _left = fs::remove_file(self.root.join("tmp").join(name));
        }
    }

    /// Lets a unit go; returns how many messages of one before it were taken away for it.
    pub(in crate::tools::dxa::interorg) fn publish(
        &self,
        staged: &Staged,
    ) -> Result<usize, ToolError> {
        let cannot = |error| unwritable(&self.root, error);
        for name in &staged.names {
            maildir::publish(&self.root, name).map_err(cannot)?;
        }
        maildir::sync(&self.root.join("new")).map_err(cannot)?;
        self.drop_older(&staged.branch, staged.task, staged.number)
    }

    fn drop_older(&self, branch: &str, task: &str, number: u64) -> Result<usize, ToolError> {
        let mut dropped = 0;
        for queued in self.names("new")? {
            let is_same = queued.task == task && queued.branch.eq_ignore_ascii_case(branch);
            if is_same && queued.number < number {
                maildir::remove(&self.path(&queued))?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// Looks at what a run that was killed has left: an answer whose change was kept goes, everything else is removed. A
    /// request is made again by the next cycle.
    pub(in crate::tools::dxa::interorg) fn recover(
        &self,
        links: &[Link],
        mut is_kept: impl FnMut(&Unit) -> Result<bool, ToolError>,
    ) -> Result<u64, ToolError> {
        let mut left = self.names("tmp")?;
        left.sort();
        let mut published = 0;
        let mut newest: BTreeMap<(String, String), u64> = BTreeMap::new();
        for queued in left {
            let path = self.root.join("tmp").join(&queued.name);
            let link = links.iter().find(|link| queued.is_of(link));
            let link = link.filter(|link| link.is_hub());
            let unit = match (link, maildir::open(&path)?) {
                (Some(link), Some(file)) => {
                    let bytes = maildir::read(file, &path, MAX_LETTER_LEN)?.unwrap_or_default();
                    letter::read_own(link, &bytes).ok().map(|l| l.part.unit)
                }
                _ => None,
            };
            let goes = match &unit {
                Some(unit) => is_kept(unit)?,
                None => false,
            };
            if goes {
                let cannot = |error: io::Error| unwritable(&path, error);
                maildir::publish(&self.root, &queued.name).map_err(cannot)?;
                maildir::sync(&self.root.join("new")).map_err(cannot)?;
                published += 1;
            } else {
                maildir::remove(&path)?;
            }
        }
        // The run may have been killed before it had taken away what these replace.
        for queued in self.names("new")? {
            let key = (queued.task, queued.branch);
            let newest = newest.entry(key).or_default();
            *newest = queued.number.max(*newest);
        }
        for ((task, branch), number) in newest {
            self.drop_older(&branch, &task, number)?;
        }
        // Others that lie there were never named by this queue, or torn before they had a name of a part.
        Ok(published)
    }

    /// Removes what waits for a branch.
    pub(in crate::tools::dxa::interorg) fn drop_branch(
        &self,
        branch: &str,
    ) -> Result<usize, ToolError> {
        self.drop_older(branch, "ANSWER", u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_whatever_the_branch_is_called() {
        let name = "00000003.ANSWER.ORG-1.SITE_2.0a1b2c3d4e5f6071.2of3";
        let queued = Queued::parse(name).expect("a name");
        assert_eq!((queued.number, queued.part), (3, 2));
        assert_eq!((&*queued.task, &*queued.branch), ("ANSWER", "ORG-1.SITE_2"));
        for name in [
            "",
            "1.ANSWER.ORG1.x",
            "x.ANSWER.ORG1.0a.1of1",
            "1.NOTE.A.b.1of1",
        ] {
            assert_eq!(Queued::parse(name), None, "{name}");
        }
    }
}
