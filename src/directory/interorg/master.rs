//! What the hub keeps, what it takes from a branch and what it answers (`spec/exchange.md` IO-03, IO-04, IO-09).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::card::{Card, SourceKey};
use super::number::{Epoch, Receipt, Span, Usn};
use super::settle::{Contender, Lost, settle};
use super::unit::{Answer, Change, Request, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// Receipts that are remembered of each branch.
const RECEIPTS: usize = 64;

/// The head of the master table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Whose numbers they are.
    pub epoch: Epoch,
    /// Last number given.
    pub last: Usn,
    /// Highest number of a deletion that was forgotten: who has less cannot be told what went (IO-04).
    pub forgotten: Usn,
}

/// An entry of the master table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose it is.
    pub key: SourceKey,
    /// Number of the last change that the other branches see.
    pub usn: Usn,
    /// As they see it; none where it is gone, or never was to be seen.
    pub shown: Option<Card>,
    /// As its branch has it, and why the others do not see that.
    pub waiting: Option<(Card, Note)>,
}

/// What the hub knows of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, upper case.
    pub name: String,
    /// How far its changes were taken, and the request that brought the last of them.
    pub taken: Option<Progress>,
    /// The requests before that one.
    pub earlier: Vec<String>,
    /// How far it said that it has applied.
    pub confirmed: Usn,
    /// The answers it got, oldest first, and how far each went.
    pub given: Vec<(Receipt, Usn)>,
}

/// How far something was taken, in whose numbers, and what brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whose numbers.
    pub epoch: Epoch,
    /// The last one.
    pub usn: Usn,
    /// Id of the request.
    pub by: String,
}

impl Member {
    /// Begins with a branch that nothing is known of.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_uppercase(),
            taken: None,
            earlier: Vec::new(),
            confirmed: Usn::NONE,
            given: Vec::new(),
        }
    }

    /// Tells whether nothing was ever heard of it.
    fn is_blank(&self) -> bool {
        self.taken.is_none() && self.given.is_empty()
    }
}

/// The master table inside a transaction: what is put is there together with everything else that is, or not at all. Two
/// hubs that work beside each other see one another's work only whole.
pub trait MasterStore {
    /// What reading or writing fails with.
    type Error;

    /// Returns the head.
    fn head(&mut self) -> Result<Master, Self::Error>;
    /// Writes the head.
    fn set_head(&mut self, head: &Master) -> Result<(), Self::Error>;
    /// Returns what is known of a branch; of one that is new, nothing.
    fn member(&mut self, name: &str) -> Result<Member, Self::Error>;
    /// Writes what is known of a branch.
    fn set_member(&mut self, member: &Member) -> Result<(), Self::Error>;
    /// Returns the names of the branches that something is known of.
    fn members(&mut self) -> Result<Vec<String>, Self::Error>;
    /// Forgets a branch.
    fn remove_member(&mut self, name: &str) -> Result<(), Self::Error>;
    /// Returns those of the entries that are there.
    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, Self::Error>;
    /// Writes entries, with the addresses that they are seen to claim: first all of them give up what they had. One that
    /// waits for nothing and was never seen is taken out.
    fn put(&mut self, rows: &[Row]) -> Result<(), Self::Error>;
    /// Returns who is seen to have which of these addresses, given in lower case.
    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, Self::Error>;
    /// Returns the entries that wait, by key.
    fn waiting(&mut self) -> Result<Vec<Row>, Self::Error>;
    /// Returns the keys of the entries of a branch that are seen or wait.
    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, Self::Error>;
    /// Hands over the entries with a number above one, in order of their numbers, those of one branch left out.
    fn above(
        &mut self,
        usn: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), Self::Error>;
    /// Forgets deletions up to a number; returns the highest that it forgot.
    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, Self::Error>;
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Changes that the others will see: new, changed, gone.
    pub added: u64,
    /// Of these, those that were there already.
    pub modified: u64,
    /// Of these, those that go.
    pub deleted: u64,
    /// Of those that go, the ones that a full list did not name.
    pub swept: u64,
    /// What is as it was, and gets no new number (IO-15).
    pub unchanged: u64,
    /// What waits for an address, newly or still, and what is not the branch's to say.
    pub refused: Vec<Withheld>,
    /// What does not fit: a gap, another epoch, an old message.
    pub remarks: Vec<Note>,
    /// The branch is to send everything.
    pub wants_all: bool,
    /// The branch has to get everything.
    pub gives_all: bool,
}

/// Takes a request. `fresh` makes a new epoch, for a table that turns out to be an older copy.
///
/// # Errors
/// What the store fails with.
pub fn take<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    fresh: impl FnOnce() -> Epoch,
) -> Result<Taken, S::Error> {
    let mut taken = Taken::default();
    place(store, request, fresh, &mut taken)?;
    let mut member = store.member(&request.branch)?;
    let beyond = match judge(&member, request) {
        Verdict::All => Some(Usn::NONE),
        Verdict::Beyond(usn) => Some(usn),
        Verdict::Old(detail) => {
            if !request.changes.is_empty() {
                taken.remarks.push(Note::new(Reason::SequenceOld, detail));
            }
            None
        }
        Verdict::Wanting(note) => {
            taken.remarks.push(note);
            taken.wants_all = true;
            None
        }
    };
    // What waits is tried again with every request (IO-09).
    apply(store, beyond.map(|beyond| (request, beyond)), &mut taken)?;
    if beyond.is_some() {
        member.taken = Some(Progress {
            epoch: request.epoch.clone(),
            usn: request.span.upto,
            by: request.id.clone(),
        });
        member.earlier.clone_from(&request.earlier);
    }
    store.set_member(&member)?;
    Ok(taken)
}

/// Looks where the branch stands in the numbers of the hub.
fn place<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    fresh: impl FnOnce() -> Epoch,
    taken: &mut Taken,
) -> Result<(), S::Error> {
    let mut head = store.head()?;
    let mut member = store.member(&request.branch)?;
    let applied = &request.applied;
    let is_ours = applied.epoch.as_ref() == Some(&head.epoch);
    let is_known = applied.receipt.as_ref().is_some_and(|receipt| {
        let mut given = member.given.iter();
        given.any(|(known, _)| known == receipt)
    });
    let is_ahead = applied.usn > head.last;
    let is_unknown = applied.receipt.is_some() && !is_known;
    if is_ours && is_unknown && !is_ahead && member.is_blank() {
        // It was forgotten, or the table is of a time before it came: it alone begins anew.
        let detail = format!("{} is not known here, and gets everything", request.branch);
        taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        taken.gives_all = true;
        return Ok(());
    }
    if is_ours && (is_ahead || is_unknown && applied.usn >= member.confirmed) {
        let detail = format!(
            "{} has applied USN {}, which this table (last USN {}) did not give: it was restored",
            request.branch, applied.usn, head.last
        );
        taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        head.epoch = fresh();
        head.last = head.last.max(applied.usn);
        store.set_head(&head)?;
        for name in store.members()? {
            let mut member = store.member(&name)?;
            member.confirmed = Usn::NONE;
            member.given.clear();
            store.set_member(&member)?;
        }
        taken.gives_all = true;
        return Ok(());
    }
    if !is_ours {
        if let Some(epoch) = &applied.epoch {
            let detail = format!(
                "{} speaks of epoch {epoch}, not {}",
                request.branch, head.epoch
            );
            taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        }
        taken.gives_all = true;
        return Ok(());
    }
    taken.gives_all = applied.usn == Usn::NONE || applied.usn < head.forgotten;
    if is_known {
        member.confirmed = applied.usn;
        store.set_member(&member)?;
    }
    Ok(())
}

enum Verdict {
    /// It carries everything.
    All,
    /// It carries what is new behind a number.
    Beyond(Usn),
    /// It carries nothing that is new.
    Old(String),
    /// Something before it is missing.
    Wanting(Note),
}

/// Looks where a request stands in the numbers of its branch.
fn judge(member: &Member, request: &Request) -> Verdict {
    let Span { after, upto } = request.span;
    let branch = &request.branch;
    let Some(taken) = member
        .taken
        .as_ref()
        .filter(|taken| taken.epoch == request.epoch)
    else {
        return match request.is_full {
            true => Verdict::All,
            false => {
                let detail = format!("nothing is known of the numbers of {branch}");
                Verdict::Wanting(Note::new(Reason::SequenceEpoch, detail))
            }
        };
    };
    let detail = format!("{branch} sends {}, taken is {}", request.span, taken.usn);
    let is_known = request.earlier.contains(&taken.by) || request.id == taken.by;
    match (is_known, request.is_full) {
        (true, _) if upto <= taken.usn => Verdict::Old(detail),
        (true, false) if after <= taken.usn => Verdict::Beyond(taken.usn),
        (true, false) => Verdict::Wanting(Note::new(Reason::SequenceGap, detail)),
        (false, _) if member.earlier.contains(&request.id) => Verdict::Old(detail),
        (_, true) => Verdict::All,
        (false, false) => {
            let detail = format!("{detail} of request {}, which it does not know", taken.by);
            Verdict::Wanting(Note::new(Reason::SequenceEpoch, detail))
        }
    }
}

/// Stores the changes that a request carries behind a number, and whatever of what waits can be shown now.
fn apply<S: MasterStore + ?Sized>(
    store: &mut S,
    news: Option<(&Request, Usn)>,
    taken: &mut Taken,
) -> Result<(), S::Error> {
    let mut before: BTreeMap<SourceKey, Row> = BTreeMap::new();
    let mut wanted: BTreeMap<SourceKey, Option<Card>> = BTreeMap::new();
    let mut swept = BTreeSet::new();
    if let Some((request, beyond)) = news {
        let branch = request.branch.to_uppercase();
        if request.is_full {
            swept = store.keys_of(&branch)?;
            wanted.extend(swept.iter().map(|key| (key.clone(), None)));
        }
        if request.is_full {
            for about in request.withheld.iter().filter(|about| about.is_held()) {
                swept.remove(&about.key);
                wanted.remove(&about.key);
            }
        }
        for change in &request.changes {
            if change.key.branch() != branch {
                let note = Note::new(Reason::NotOwner, change.key.branch());
                let refused = withheld(&change.key, change.card.as_ref(), note);
                taken.refused.push(refused);
            } else if request.is_full || change.number > beyond {
                swept.remove(&change.key);
                wanted.insert(change.key.clone(), change.card.clone());
            }
        }
    }
    for row in store.waiting()? {
        let key = row.key.clone();
        let waiting = row.waiting.as_ref().map(|(card, _)| card.clone());
        wanted.entry(key.clone()).or_insert(waiting);
        before.insert(key, row);
    }
    let unread = wanted.keys().filter(|key| !before.contains_key(*key));
    let unread = unread.cloned().collect();
    let read = store.rows(&unread)?.into_iter();
    before.extend(read.map(|row| (row.key.clone(), row)));
    let cards = wanted.values().flatten();
    let mut holders = store.holders(&cards.flat_map(Card::claims).collect())?;
    holders.retain(|_, holder| !wanted.contains_key(holder));
    let contenders = wanted.iter().filter_map(|(key, card)| {
        let shown = before.get(key).and_then(|row| row.shown.as_ref());
        card.as_ref()
            .map(|wanted| (key.clone(), Contender { wanted, shown }))
    });
    let lost = settle(&contenders.collect(), &holders);
    let names = names(store, &lost, &wanted)?;
    let mut head = store.head()?;
    let mut changed = Vec::new();
    for (key, card) in wanted {
        let old = before.remove(&key);
        let waiting = match (&card, lost.get(&key)) {
            (Some(card), Some(lost)) => {
                let dn = names.get(&lost.holder).map_or("", String::as_str);
                let detail = format!("{} is held by {} ({dn})", lost.address, lost.holder);
                let note = Note::new(Reason::SmtpDuplicate, detail);
                taken.refused.push(withheld(&key, Some(card), note.clone()));
                Some((card.clone(), note))
            }
            _ => None,
        };
        let shown = match &waiting {
            Some(_) => old.as_ref().and_then(|row| row.shown.clone()),
            None => card,
        };
        let was = old.as_ref().and_then(|row| row.shown.as_ref());
        let is_seen = was != shown.as_ref();
        let waited = old.as_ref().and_then(|row| row.waiting.as_ref());
        match (was, &shown) {
            _ if waiting.is_some() => {}
            (None, None) if waited.is_none() => taken.unchanged += 1,
            (_, None) if swept.contains(&key) => taken.swept += 1,
            (_, None) => taken.deleted += 1,
            (None, Some(_)) => taken.added += 1,
            _ if is_seen => taken.modified += 1,
            _ => taken.unchanged += 1,
        }
        if !is_seen && waited == waiting.as_ref() {
            continue;
        }
        let mut usn = old.as_ref().map_or(Usn::NONE, |row| row.usn);
        if is_seen {
            // 2^64 changes: nobody gets there.
            usn = head.last.next().unwrap_or(head.last);
            head.last = usn;
        }
        changed.push(Row {
            key,
            usn,
            shown,
            waiting,
        });
    }
    store.put(&changed)?;
    store.set_head(&head)
}

/// Returns the names at their source of those who hold an address that another one wants.
fn names<S: MasterStore + ?Sized>(
    store: &mut S,
    lost: &BTreeMap<SourceKey, Lost>,
    wanted: &BTreeMap<SourceKey, Option<Card>>,
) -> Result<HashMap<SourceKey, String>, S::Error> {
    let mut names = HashMap::new();
    let mut unknown = BTreeSet::new();
    for Lost { holder, .. } in lost.values() {
        match wanted.get(holder) {
            Some(Some(card)) => {
                names.insert(holder.clone(), card.dn.clone());
            }
            _ => {
                unknown.insert(holder.clone());
            }
        }
    }
    for Row { key, shown, .. } in store.rows(&unknown)? {
        names.insert(key, shown.map(|card| card.dn).unwrap_or_default());
    }
    Ok(names)
}

fn withheld(key: &SourceKey, card: Option<&Card>, note: Note) -> Withheld {
    Withheld {
        key: key.clone(),
        dn: card.map(|card| card.dn.clone()).unwrap_or_default(),
        note,
    }
}

/// Answers a request that was taken, under the id of the answer and its receipt.
///
/// # Errors
/// What the store fails with.
pub fn answer<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    taken: &Taken,
    id: &str,
    receipt: Receipt,
) -> Result<Answer, S::Error> {
    let head = store.head()?;
    let mut member = store.member(&request.branch)?;
    let after = match taken.gives_all {
        true => Usn::NONE,
        false => request.applied.usn,
    };
    let mut changes = Vec::new();
    store.above(after, &member.name, &mut |row| {
        // A full list does not speak of what is gone.
        if row.shown.is_some() || !taken.gives_all {
            changes.push(Change {
                number: row.usn,
                key: row.key,
                card: row.shown,
            });
        }
    })?;
    let earlier = member.given.iter().map(|(receipt, _)| receipt.clone());
    let earlier = earlier.collect();
    member.given.push((receipt.clone(), head.last));
    let surplus = member.given.len().saturating_sub(RECEIPTS);
    member.given.drain(..surplus);
    store.set_member(&member)?;
    let own = |withheld: &&Withheld| withheld.key.branch() == member.name;
    Ok(Answer {
        id: id.to_owned(),
        branch: member.name.clone(),
        answers: request.id.clone(),
        epoch: head.epoch,
        span: Span {
            after,
            upto: head.last,
        },
        is_full: taken.gives_all,
        receipt,
        earlier,
        taken: member.taken.clone(),
        wants_all: taken.wants_all,
        changes,
        refused: taken.refused.iter().filter(own).cloned().collect(),
    })
}

/// Forgets deletions that every registered branch has confirmed (IO-04); returns up to which number.
///
/// # Errors
/// What the store fails with.
pub fn forget<S: MasterStore + ?Sized>(
    store: &mut S,
    registered: &[String],
) -> Result<Option<Usn>, S::Error> {
    let mut upto: Option<Usn> = None;
    for name in registered {
        let confirmed = store.member(name)?.confirmed;
        upto = Some(upto.map_or(confirmed, |upto| upto.min(confirmed)));
    }
    let Some(upto) = upto.filter(|upto| *upto > Usn::NONE) else {
        return Ok(None);
    };
    let forgotten = store.forget(upto)?;
    if let Some(forgotten) = forgotten {
        let mut head = store.head()?;
        head.forgotten = head.forgotten.max(forgotten);
        store.set_head(&head)?;
    }
    Ok(forgotten)
}
