//! `group create|modify|delete|list`: the groups of the postoffice.

use serde_json::json;

use super::local::{own_entry, shown};
use super::run::{Run, refused, refused_because};
use super::words::Group as Word;
use crate::codec::{AliasKind, FixedText};
use crate::messages::Message;
use crate::plan::outcome::{Action, Outcome};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::groups::{Group, GroupFull, Groups};
use crate::postoffice::ids::TidSource;
use crate::postoffice::pol::Pol;
use crate::postoffice::queues::RequestorQueue;
use crate::tools::exit::ToolError;
use crate::transaction::{Entry, Transaction};

/// Everything a group consists of.
struct Files {
    pol: Pol,
    accounts: Accounts,
    groups: Groups,
    queue: Option<RequestorQueue>,
    tids: Option<TidSource>,
}

pub(super) fn run(run: &mut Run<'_>, word: &Word) -> Result<(), ToolError> {
    let mut files = Files::load(run)?;
    match word {
        Word::Create {
            name,
            address,
            members,
        } => files.create(run, name, address, members)?,
        Word::Modify {
            group,
            name,
            address,
            add,
            remove,
        } => {
            let change = Change {
                name: name.as_deref(),
                address: address.as_deref(),
                add,
                remove,
            };
            if !files.modify(run, group, &change)? {
                return Ok(());
            }
        }
        Word::Delete { name } => files.delete(run, name)?,
        Word::List => {
            files.list(run);
            return Ok(());
        }
    }
    files.commit(run)
}

/// What `group modify` changes.
struct Change<'a> {
    name: Option<&'a str>,
    address: Option<&'a str>,
    add: &'a [String],
    remove: &'a [String],
}

impl Files {
    fn load(run: &Run<'_>) -> Result<Self, ToolError> {
        let po = run.po();
        let pol = Pol::load(po)?;
        let groups = Groups::load(po, &pol)?;
        let config = &run.state.config;
        let queue = match config.has_server() && !run.options.words.only_reads() {
            true => Some(RequestorQueue::open(po, config, run.stamp())?),
            false => None,
        };
        Ok(Self {
            accounts: Accounts::load(po)?,
            pol,
            groups,
            queue,
            tids: None,
        })
    }

    fn create(
        &mut self,
        run: &mut Run<'_>,
        name: &str,
        address: &str,
        members: &[String],
    ) -> Result<(), ToolError> {
        let entry = own_entry(run, &run.encode(name)?, address)?;
        if self.pol.find(entry.name()).is_some() {
            return Err(refused(27, name));
        }
        self.check_address(run, &entry, None)?;
        let members = self.resolve_all(run, members)?;
        let mut tids = TidSource::open(run.po(), &run.state.places, &run.state.config)?;
        let group = group_of(&entry, tids.give()?, members);
        self.tids = Some(tids);
        let (pol, accounts) = (&mut self.pol, &mut self.accounts);
        self.groups
            .create(group.clone(), pol, accounts)
            .map_err(full)?;
        run.say(format!(
            "group {} created with {} members",
            shown(run, &entry),
            group.members.len()
        ));
        count(run, Action::Add, Outcome::Added, &entry)?;
        self.tell(run, None, Some((&group, &entry)))
    }

    /// Returns whether anything changes.
    fn modify(
        &mut self,
        run: &mut Run<'_>,
        name: &str,
        change: &Change<'_>,
    ) -> Result<bool, ToolError> {
        let index = self.find(run, name)?;
        let old = self.groups.all()[index].clone();
        let known = old.address.map(|a| run.code_page().decode(a.as_bytes()));
        let address = change.address.map(ToOwned::to_owned).or(known.clone());
        // An update of such a group would be error 81 on every postoffice until it is purged (Q128872).
        let address = address.ok_or_else(|| {
            refused(
                81,
                format!("{name}: GROUP.GLB does not have it, give --address"),
            )
        })?;
        let new_name = match change.name {
            Some(name) => run.encode(name)?,
            None => old.name.as_bytes().to_vec(),
        };
        let new_entry = own_entry(run, &new_name, &address)?;
        let old_entry = match known {
            Some(known) => Some(own_entry(run, old.name.as_bytes(), &known)?),
            None => None,
        };
        let taken = self.pol.find(new_entry.name());
        if taken.is_some_and(|at| self.pol.records[at].tid != old.tid) {
            return Err(refused(27, run.code_page().decode(new_entry.name())));
        }
        self.check_address(run, &new_entry, Some(index))?;
        let mut members = old.members.clone();
        for tid in self.resolve_all(run, change.remove)? {
            members.retain(|&member| member != tid);
        }
        for tid in self.resolve_all(run, change.add)? {
            if !members.contains(&tid) {
                members.push(tid);
            }
        }
        let new = group_of(&new_entry, old.tid, members);
        if new == old {
            run.remark("nothing changes: that is how it is");
            return Ok(false);
        }
        let was = old_entry
            .filter(|_| Groups::takes_part(&old, &self.pol))
            .map(|entry| (old, entry));
        let (pol, accounts) = (&mut self.pol, &mut self.accounts);
        self.groups
            .modify(index, new.clone(), pol, accounts)
            .map_err(full)?;
        run.say(format!(
            "group {name} is now {} with {} members",
            shown(run, &new_entry),
            new.members.len()
        ));
        let (action, outcome) = match change.name {
            Some(_) => (Action::Rename, Outcome::Renamed),
            None => (Action::Modify, Outcome::Modified),
        };
        count(run, action, outcome, &new_entry)?;
        let was = was.as_ref().map(|(group, entry)| (group, entry));
        self.tell(run, was, Some((&new, &new_entry)))?;
        Ok(true)
    }

    fn delete(&mut self, run: &mut Run<'_>, name: &str) -> Result<(), ToolError> {
        let index = self.find(run, name)?;
        run.confirm(&format!("Group {name} goes; its members stay."))?;
        let took_part = Groups::takes_part(&self.groups.all()[index], &self.pol);
        let (pol, accounts) = (&mut self.pol, &mut self.accounts);
        let group = self.groups.delete(index, pol, accounts);
        run.say(format!("group {name} deleted"));
        let Some(address) = group.address else {
            // Nobody can be told of it: the record would have no mailbox.
            run.warn(Message::new(
                81,
                format!("{name}: other postoffices are not told"),
            ));
            let text = run.code_page().decode(group.name.as_bytes());
            return run.count(Action::Delete, Outcome::Deleted, "LOCAL", &text, "");
        };
        let address = run.code_page().decode(address.as_bytes());
        let entry = own_entry(run, group.name.as_bytes(), &address)?;
        count(run, Action::Delete, Outcome::Deleted, &entry)?;
        let was = took_part.then_some((&group, &entry));
        self.tell(run, was, None)
    }

    /// Puts into REQTRANS what others have to know; a group with members elsewhere is nobody's business.
    fn tell(
        &mut self,
        run: &mut Run<'_>,
        was: Option<(&Group, &Entry)>,
        is: Option<(&Group, &Entry)>,
    ) -> Result<(), ToolError> {
        let is = is.filter(|(group, _)| Groups::takes_part(group, &self.pol));
        let Some(queue) = &mut self.queue else {
            return Ok(());
        };
        let (info, tokens) = (Vec::new(), Vec::new());
        let transaction = match (was, is) {
            (None, None) => return Ok(()),
            (Some((old, _)), Some((new, _)))
                if old.name == new.name && old.address == new.address =>
            {
                return Ok(());
            }
            (Some((_, old)), Some((_, new))) => Transaction::Modify {
                entry: old.clone(),
                new: Some(new.clone()),
                info,
                tokens,
            },
            (None, Some((_, new))) => Transaction::Add {
                entry: new.clone(),
                info,
                tokens,
            },
            (Some((_, old)), None) => Transaction::Delete { entry: old.clone() },
        };
        let number = queue.push(&transaction)?;
        run.remark(format!("transaction {number} waits for T1"));
        Ok(())
    }

    fn commit(self, run: &mut Run<'_>) -> Result<(), ToolError> {
        let Self {
            mut pol,
            accounts,
            groups,
            queue,
            tids,
        } = self;
        run.commit(|_, _, batch, config| {
            groups.stage(batch)?;
            accounts.stage(batch)?;
            pol.stage(batch)?;
            if let Some(tids) = &tids {
                tids.stage(batch, config)?;
            }
            queue.map_or(Ok(()), |queue| queue.stage(batch))
        })
    }

    fn find(&self, run: &Run<'_>, name: &str) -> Result<usize, ToolError> {
        let found = self.groups.find(run.po(), &run.encode(name)?);
        found.ok_or_else(|| refused(29, name))
    }

    /// No user and no other group may have the address.
    fn check_address(
        &self,
        run: &Run<'_>,
        entry: &Entry,
        own: Option<usize>,
    ) -> Result<(), ToolError> {
        let mailbox = entry.address().mailbox().unwrap_or_default();
        let text = run.code_page().decode(mailbox);
        if self.accounts.find(mailbox).is_some() {
            return Err(refused_because(format!(
                "{text} is the mailbox of a user already"
            )));
        }
        let other = self.groups.find_address(run.po(), mailbox);
        if other.is_some_and(|other| Some(other) != own) {
            return Err(refused_because(format!(
                "{text} is the address of a group already"
            )));
        }
        Ok(())
    }

    fn resolve_all(&self, run: &Run<'_>, members: &[String]) -> Result<Vec<u32>, ToolError> {
        let mut tids = Vec::new();
        for member in members {
            let tid = self.resolve(run, member)?;
            if !tids.contains(&tid) {
                tids.push(tid);
            }
        }
        Ok(tids)
    }

    /// Finds a member by the mailbox of a user, or by a name in the postoffice list.
    fn resolve(&self, run: &Run<'_>, member: &str) -> Result<u32, ToolError> {
        let bytes = run.encode(member)?;
        if let Some(index) = self.accounts.find(&bytes) {
            return Ok(self.accounts.get(index).tid);
        }
        let found = self.pol.find(&bytes).ok_or_else(|| refused(29, member))?;
        let record = &self.pol.records[found];
        match record.kind {
            AliasKind::Group => Err(refused_because(format!(
                "{member} is a group; groups hold users alone"
            ))),
            // Without a TID nothing could point to it (Q137865).
            _ if record.tid == 0 => Err(refused_because(format!(
                "{member} has no identifier; import its list with -a first"
            ))),
            _ => Ok(record.tid),
        }
    }

    fn list(&self, run: &mut Run<'_>) {
        let code_page = run.code_page();
        let name_of = |tid: &u32| match self.pol.find_tid(*tid) {
            Some(index) => code_page.decode(self.pol.records[index].name.as_bytes()),
            None => format!("(gone: {tid:08X})"),
        };
        let rows = self.groups.all().iter().map(|group| {
            let address = group.address.as_ref();
            vec![
                json!(code_page.decode(group.name.as_bytes())),
                json!(address.map(|a| code_page.decode(a.as_bytes()))),
                json!(Groups::takes_part(group, &self.pol)),
                json!(group.members.iter().map(name_of).collect::<Vec<_>>()),
            ]
        });
        let rows = rows.collect();
        run.show(&["name", "address", "dirsync", "members"], rows);
    }
}

fn group_of(entry: &Entry, tid: u32, members: Vec<u32>) -> Group {
    let mailbox = entry.address().mailbox().unwrap_or_default();
    Group {
        name: FixedText::new(entry.name()).expect("an entry's name has at most 30 bytes"),
        address: Some(FixedText::new(mailbox).expect("a mailbox has at most 10 bytes")),
        tid,
        members,
    }
}

fn count(
    run: &mut Run<'_>,
    action: Action,
    outcome: Outcome,
    entry: &Entry,
) -> Result<(), ToolError> {
    let code_page = run.code_page();
    let (name, address) = (
        code_page.decode(entry.name()),
        entry.address().view(code_page),
    );
    run.count(action, outcome, "LOCAL", &name, &address)
}

fn full(error: GroupFull) -> ToolError {
    refused_because(error.to_string())
}
