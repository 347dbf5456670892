//! Takes an answer of the hub: the directory first, the numbers last (`spec/exchange.md` IO-03, IO-09, IO-13).

use std::collections::{BTreeMap, BTreeSet};

use super::BranchSide;
use super::plan::Work;
use super::report::{Line, Took};
use super::settings::wanted;
use crate::directory::interorg::branch::News;
use crate::directory::interorg::{Answer, SourceKey};
use crate::directory::note::Note;
use crate::plan::outcome::Outcome;
use crate::tools::exit::{ExitCode, ToolError};

impl BranchSide<'_> {
    /// Applies an answer, and whatever was refused before and can be taken now. `allow_deletes` is how many entries may go
    /// without a question.
    ///
    /// # Errors
    /// The directory could not be read or written, the guard asks, or the ledger cannot be used. The same answer, or the next
    /// one, makes good what is missing.
    pub fn hear(&mut self, answer: &Answer, allow_deletes: Option<u64>) -> Result<Took, ToolError> {
        if !answer.branch.eq_ignore_ascii_case(&self.branch.name) {
            let text = format!(
                "answer {} is one for {}, and this is {}",
                answer.id, answer.branch, self.branch.name
            );
            return Err(ToolError::new(ExitCode::NotHere, text));
        }
        let mut took = Took::default();
        let change = self.ledger.begin()?;
        let mut head = change.head()?;
        took.before = head.branch.applied.usn;
        took.after = took.before;
        let heard = head.branch.hear(answer);
        let refused = change.refused()?;
        if !self.dry_run {
            // What the hub has of ours is so whatever becomes of the rest.
            change.set_head(&head)?;
            change.commit()?;
        } else {
            drop(change);
        }
        for note in &heard.remarks {
            took.remark(note);
        }
        for about in &answer.refused {
            took.kept_back.push(Line::new(about, Outcome::Refused));
        }
        let mut work = Work {
            is_full: heard.news.is_some_and(|news| news.is_full),
            ..Work::default()
        };
        if !work.is_full {
            let cards = refused.into_iter();
            work.wanted
                .extend(cards.map(|(key, refused)| (key, refused.card)));
        }
        if let Some(news) = heard.news {
            took.is_news = true;
            took.is_full = news.is_full;
            work.wanted.extend(changes(answer, news));
            if news.is_full {
                work.kept = too_long(answer, &self.branch.name);
                work.kept.retain(|key, _| !work.wanted.contains_key(key));
            }
        }
        self.carry_out(&work, heard.news.map(|_| answer), allow_deletes, took)
    }

    /// Tries again what was refused before (IO-09). For a cycle in which no answer comes.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub fn retry(&mut self) -> Result<Took, ToolError> {
        let change = self.ledger.begin()?;
        let applied = change.head()?.branch.applied.usn;
        let refused = change.refused()?.into_iter();
        drop(change);
        let work = Work {
            wanted: refused.map(|(key, refused)| (key, refused.card)).collect(),
            ..Work::default()
        };
        let took = Took {
            before: applied,
            after: applied,
            ..Took::default()
        };
        self.carry_out(&work, None, None, took)
    }

    /// Does the work, then keeps what is known of it, the number of the answer with it.
    fn carry_out(
        &mut self,
        work: &Work,
        answer: Option<&Answer>,
        allowed: Option<u64>,
        mut took: Took,
    ) -> Result<Took, ToolError> {
        if answer.is_none() && work.wanted.is_empty() {
            return Ok(took);
        }
        if answer.is_some() {
            self.move_over(&mut took)?;
        }
        let taken = self.take(work, allowed, &mut took)?;
        let change = self.ledger.begin()?;
        let now = taken.imported(work);
        let known = match work.is_full {
            true => change.imported()?,
            false => change.imported_of(work.wanted.keys())?,
        };
        taken.tell(work, &known, &mut took);
        for (key, now) in &now {
            match now {
                Some(now) if known.get(key) != Some(now) => change.put_imported(key, now)?,
                None if known.contains_key(key) => change.remove_imported(key)?,
                _ => {}
            }
        }
        if work.is_full {
            // Whoever took it out of the directory by hand, it is named no more.
            let told: BTreeSet<_> = now.iter().map(|(key, _)| key).collect();
            let is_gone = |key: &&SourceKey| {
                !told.contains(key)
                    && !work.wanted.contains_key(*key)
                    && !work.kept.contains_key(*key)
            };
            for key in known.keys().filter(is_gone) {
                change.remove_imported(key)?;
            }
        }
        change.set_refused(&taken.refused(work))?;
        let mut head = change.head()?;
        if let Some(answer) = answer {
            head.branch.has_applied(answer);
            head.filled_in = Some(self.branch.container.key());
            took.after = head.branch.applied.usn;
        }
        if work.is_full {
            head.filled_for = Some(wanted(self.branch));
        }
        change.set_head(&head)?;
        if !self.dry_run {
            change.commit()?;
        }
        Ok(took)
    }
}

/// Returns what entries are to be by an answer.
fn changes(
    answer: &Answer,
    news: News,
) -> BTreeMap<SourceKey, Option<crate::directory::interorg::Card>> {
    let changes = answer.changes.iter();
    let changes = changes.filter(|change| news.is_full || change.number > news.beyond);
    changes
        .map(|change| (change.key.clone(), change.card.clone()))
        .collect()
}

/// Returns the entries of others that no message of the hub has room for (IO-14): a full list lacks them, and yet they are
/// meant to be there.
fn too_long(answer: &Answer, own: &str) -> BTreeMap<SourceKey, Note> {
    let others = answer
        .refused
        .iter()
        .filter(|about| about.is_held() && !about.key.branch().eq_ignore_ascii_case(own));
    others
        .map(|about| (about.key.clone(), about.note.clone()))
        .collect()
}
