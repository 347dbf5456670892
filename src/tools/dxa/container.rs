//! An import container in the directory: what it holds, what is written, the numbers last (`spec/exchange.md` DX-05,
//! LD-13).

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::directory::address_text::TargetAddress;
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::holders::Holders;
use crate::directory::import::{self, Needs, Snapshot, Write};
use crate::directory::key::SyncKey;
use crate::directory::ldap::{
    Connection, Incomplete, LdapError, Meaning, Operation, Refusal, ResultCode, Scope, Search,
};
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};

use super::handover::entry_at;
use super::numbers::Shown;

/// Requests on their way at a time.
const WINDOW: usize = 64;

/// Attributes that hold addresses.
const ADDRESSES: [&str; 3] = [
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
];

/// What a container and the tree around it hold, as far as a run needs it.
pub(super) struct Contents<'a> {
    /// Entries with a key.
    pub(super) snapshot: Snapshot,
    /// Who holds which address that may be made, in the whole tree.
    pub(super) holders: Holders,
    place: Place<'a>,
    needs: &'a Needs<'a>,
}

/// Where a run reads, and for whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The container.
    pub(super) container: &'a Dn,
    /// The tree that it lies in.
    pub(super) suffix: &'a Dn,
    /// Owner of the entries.
    pub(super) owner: &'a str,
    /// Types of the addresses that are made for entries.
    pub(super) made: &'a [String],
    /// Entries that are read at a time.
    pub(super) page: u32,
}

impl<'a> Contents<'a> {
    /// Reads a container, what had to stay in those that were the container before (`behind`), and who else in the tree
    /// has an address, and keeps what is needed.
    pub(super) fn read(
        directory: &mut Connection,
        place: Place<'a>,
        behind: &[Dn],
        needs: &'a Needs<'a>,
    ) -> Result<Self, ToolError> {
        let mut contents = Self {
            snapshot: Snapshot::default(),
            holders: Holders::default(),
            place,
            needs,
        };
        // What was put in by hand is counted, and else left alone.
        let mut own = Search::new(place.container.clone());
        own.page = Some(place.page);
        directory
            .search(&own, |entry| {
                let attributes = &entry.attributes;
                let is_remote = attributes.is_of_class(schema::REMOTE_ADDRESS);
                let has_key = is_remote && attributes.text(schema::KEY).is_some();
                contents.snapshot.by_hand +=
                    u64::from(!has_key && !schema::is_structure(attributes));
                if is_remote {
                    contents.take(entry, false);
                }
                ControlFlow::Continue(())
            })
            .map_err(unread)?;
        let addresses = [&ADDRESSES[..], &[schema::MAIL]].concat();
        let attributes = [&addresses[..], &[schema::KEY]].concat();
        let addresses = Filter::Or(addresses.into_iter().map(Filter::present).collect());
        let foreign = Filter::equal(schema::IMPORTED_FROM, place.owner).negated();
        let mut others = Search::new(place.suffix.clone()).attributes(&attributes);
        others.filter = addresses.and(foreign);
        others.page = Some(place.page);
        directory
            .search(&others, |entry| {
                contents.take_other(&entry);
                ControlFlow::Continue(())
            })
            .map_err(unread)?;
        for container in behind {
            contents.read_behind(directory, container)?;
        }
        contents.read_elsewhere(directory)?;
        contents.read_contested(directory)?;
        Ok(contents)
    }

    fn take(&mut self, entry: Entry, is_needed: bool) {
        self.hold(&entry);
        let Entry { dn, attributes } = entry;
        let Some(key) = attributes.text(schema::KEY).map(SyncKey::stored) else {
            return;
        };
        let owner = attributes.text(schema::IMPORTED_FROM).map(str::to_owned);
        let is_needed = is_needed || self.needs.keeps(&key, &attributes);
        let attributes = is_needed.then_some(attributes);
        self.snapshot.add(key, dn, owner.as_deref(), attributes);
    }

    /// Takes an entry outside of the container: it may hold an address, or be one that another connection brought.
    fn take_other(&mut self, entry: &Entry) {
        if entry.dn.is_within(self.place.container) {
            return;
        }
        self.hold(entry);
        let key = entry.attributes.text(schema::KEY).map(SyncKey::stored);
        let is_foreign = key.is_some();
        if let Some(key) = key.filter(|key| self.needs.asks_for(key)) {
            // Read whole, so that its owner can be judged.
            self.snapshot.add_elsewhere(key, entry.dn.clone());
        }
        for text in addresses(entry) {
            // Under its key, an entry of another connection is judged as what it is.
            let is_key = is_foreign && entry.attributes.text(schema::ADDRESS) == Some(&*text);
            if let (false, Ok(address)) = (is_key, TargetAddress::parse(&text)) {
                self.snapshot.add_other(&address, &entry.dn);
            }
        }
    }

    /// Notes which addresses an entry holds that may be made for others.
    fn hold(&mut self, entry: &Entry) {
        let made = self.place.made;
        if made.is_empty() {
            return;
        }
        for text in addresses(entry) {
            match TargetAddress::parse(&text) {
                Ok(address) if made.iter().any(|kind| kind == address.kind()) => {
                    self.holders.hold(&address, &entry.dn);
                }
                _ => {}
            }
        }
    }

    /// Reads the entries of the owner that had to stay in a container when the others were moved: they are its all the same.
    fn read_behind(&mut self, directory: &mut Connection, container: &Dn) -> Result<(), ToolError> {
        if entry_at(directory, container, &[schema::OBJECT_CLASS])?.is_none() {
            return Ok(());
        }
        let class = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
        let owner = Filter::equal(schema::IMPORTED_FROM, self.place.owner);
        let search = Search::new(container.clone()).filter(class.and(owner));
        for entry in directory.find(&search).map_err(unread)? {
            let key = entry.attributes.text(schema::KEY).map(SyncKey::stored);
            if key.is_some_and(|key| self.snapshot.get(&key).is_none()) {
                self.take(entry, false);
            }
        }
        Ok(())
    }

    /// Reads entries that other connections brought and that are asked for now, so that their owner can be judged.
    fn read_elsewhere(&mut self, directory: &mut Connection) -> Result<(), ToolError> {
        let found = self.snapshot.elsewhere().cloned().collect();
        self.read_whole(directory, found)
    }

    /// Reads entries whose address another one has too: they may have to get another one, whatever else is asked.
    fn read_contested(&mut self, directory: &mut Connection) -> Result<(), ToolError> {
        let contested: HashSet<_> = self.holders.contested().map(Dn::key).collect();
        if contested.is_empty() {
            return Ok(());
        }
        let entries = self.snapshot.iter().map(|(_, held)| held);
        let entries = entries.filter(|held| held.attributes.is_none());
        let entries = entries.filter(|held| contested.contains(&held.dn.key()));
        let found = entries.map(|held| held.dn.clone()).collect();
        self.read_whole(directory, found)
    }

    fn read_whole(&mut self, directory: &mut Connection, names: Vec<Dn>) -> Result<(), ToolError> {
        for dn in names {
            let mut search = Search::new(dn);
            search.scope = Scope::Base;
            for entry in directory.find(&search).map_err(unread)? {
                self.take(entry, true);
            }
        }
        Ok(())
    }
}

/// Entries up to which each is read by its name; more are found by reading their container.
const FEW: usize = 200;

/// Reads entries of a container whole, those that are still there.
pub(super) fn read_entries(
    directory: &mut Connection,
    container: &Dn,
    names: &[Dn],
    page: u32,
) -> Result<Vec<Entry>, ToolError> {
    let mut entries = Vec::with_capacity(names.len());
    if names.len() <= FEW {
        for name in names {
            let mut search = Search::new(name.clone());
            search.scope = Scope::Base;
            entries.extend(directory.find(&search).map_err(unread)?);
        }
        return Ok(entries);
    }
    let wanted: HashSet<_> = names.iter().map(Dn::key).collect();
    let mut all = Search::new(container.clone())
        .filter(Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS));
    all.page = Some(page);
    directory
        .search(&all, |entry| {
            if wanted.contains(&entry.dn.key()) {
                entries.push(entry);
            }
            ControlFlow::Continue(())
        })
        .map_err(unread)?;
    Ok(entries)
}

/// Returns every address of an entry as `TYPE:value`: its own, primary and secondary proxies, and that of a person who has
/// no more than a mail address (LD-08).
fn addresses(entry: &Entry) -> impl Iterator<Item = String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let ours = ADDRESSES.iter();
    let ours = ours.flat_map(move |name| entry.attributes.values(name).map(text));
    let mail = entry.attributes.values(schema::MAIL);
    let mail = mail.map(move |value| format!("SMTP:{}", text(value)));
    ours.chain(mail)
}

/// What the directory refused of what was to be written.
#[derive(Debug)]
pub(super) struct Refused {
    /// Index of the fate.
    pub(super) fate: usize,
    /// What was to be written.
    pub(super) operation: Operation,
    /// What it said.
    pub(super) refusal: Refusal,
}

impl Refused {
    pub(super) fn new(fate: usize, operation: Operation, refusal: Refusal) -> Self {
        Self {
            fate,
            operation,
            refusal,
        }
    }

    /// Tells whether the entry is not as it was read: somebody else was there.
    pub(super) fn has_moved(&self) -> bool {
        matches!(
            self.refusal.meaning(&self.operation.change),
            Meaning::Missing | Meaning::Exists | Meaning::Overtaken
        )
    }
}

/// Writes, each kind after the other, so that names and addresses are free when they are taken.
pub(super) fn write(
    directory: &mut Connection,
    writes: Vec<Write>,
    check: &mut dyn FnMut() -> Result<(), ToolError>,
) -> Result<Vec<Refused>, ToolError> {
    let mut refused = Vec::new();
    let mut fates = writes
        .iter()
        .map(|write| write.fate)
        .collect::<Vec<_>>()
        .into_iter();
    let mut stopped = None;
    let operations = writes.into_iter().map(|write| operation(write.change));
    directory.pipeline(operations, WINDOW, |operation, outcome| {
        let fate = fates.next().unwrap_or_default();
        if let Err(refusal) = outcome {
            if refusal.meaning(&operation.change) != Meaning::Done {
                refused.push(Refused::new(fate, operation, refusal));
            }
        }
        match check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                let text = "interrupted: the numbers stay, and the next run goes on from here";
                stopped = Some(ToolError::new(error.exit, text));
                ControlFlow::Break(())
            }
        }
    })?;
    match stopped {
        Some(error) => Err(error),
        None => Ok(refused),
    }
}

fn operation(change: import::Change) -> Operation {
    match change {
        import::Change::Delete { dn } => Operation::new(dn, Change::Delete),
        import::Change::Rename { dn, to } => {
            let above = to
                .parent()
                .filter(|above| dn.parent().is_none_or(|now| !now.is_same(above)));
            let change = Change::Rename {
                new_rdn: to.own(),
                delete_old: true,
                new_superior: above,
            };
            Operation::new(dn, change)
        }
        import::Change::Modify { dn, modified } => {
            let parts = modified
                .into_iter()
                .map(|m| Modification::replace(&m.attribute, m.values));
            Operation::new(dn, Change::Modify(parts.collect()))
        }
        import::Change::Add(entry) => Operation::new(entry.dn, Change::Add(entry.attributes)),
    }
}

/// The reason code of a refusal.
pub(super) fn reason(refused: &Refused) -> Reason {
    refused.refusal.code.reason()
}

/// Reads the numbers that the container holds; `None` where it has none yet.
pub(super) fn numbers(
    directory: &mut Connection,
    container: &Dn,
) -> Result<Option<Shown>, ToolError> {
    let mut search = Search::new(container.clone());
    search.scope = Scope::Base;
    let found = directory.find(&search).map_err(unread)?;
    let Some(entry) = found.first() else {
        let text = format!("the import container {container} is not there (DX-38)");
        return Err(ToolError::new(ExitCode::NotFound, text));
    };
    let number = |name| {
        entry
            .attributes
            .text(name)
            .and_then(|text| text.parse().ok())
    };
    let numbers = [
        schema::REQ_SEQ,
        schema::SVR_SEQ,
        schema::CONF_SEQ,
        schema::IMP_SEQ,
    ]
    .map(number);
    Ok(match numbers {
        [None, None, None, None] => None,
        [req, svr, conf, imp] => Some(Shown {
            req: req.unwrap_or_default(),
            svr: svr.unwrap_or_default(),
            conf: conf.unwrap_or_default(),
            imp: imp.unwrap_or_default(),
        }),
    })
}

/// Writes the numbers, the owner and the class of the container, if the numbers are still those that were read.
pub(super) fn put_numbers(
    directory: &mut Connection,
    container: &Dn,
    owner: &str,
    before: Option<Shown>,
    after: Shown,
) -> Result<(), ToolError> {
    if before == Some(after) {
        return Ok(());
    }
    let one = |value: u32| vec![value.to_string().into_bytes()];
    let mut parts = Vec::new();
    let mut condition = Filter::present(schema::REQ_SEQ).negated();
    match before {
        None => {
            parts.push(Modification {
                kind: ModificationKind::Add,
                attribute: schema::OBJECT_CLASS.to_owned(),
                values: vec![schema::IMPORT_CONTAINER.into()],
            });
        }
        Some(before) => {
            let holds = |name, value: u32| Filter::equal(name, value.to_string());
            condition = holds(schema::REQ_SEQ, before.req)
                .and(holds(schema::SVR_SEQ, before.svr))
                .and(holds(schema::CONF_SEQ, before.conf))
                .and(holds(schema::IMP_SEQ, before.imp));
        }
    }
    for (name, values) in [
        (schema::IMPORTED_FROM, vec![owner.into()]),
        (schema::REQ_SEQ, one(after.req)),
        (schema::SVR_SEQ, one(after.svr)),
        (schema::CONF_SEQ, one(after.conf)),
        (schema::IMP_SEQ, one(after.imp)),
    ] {
        parts.push(Modification::replace(name, values));
    }
    let operation = Operation::new(container.clone(), Change::Modify(parts));
    let has_assertions = directory.root_dse().map_err(unread)?.has_assertions();
    let operation = match has_assertions {
        true => operation.only_if(condition),
        false => operation,
    };
    match directory.apply(&operation)? {
        Ok(()) => Ok(()),
        Err(refusal) if refusal.meaning(&operation.change) == Meaning::Overtaken => {
            let text = format!(
                "the numbers of {container} are not those that were read: another agent writes there"
            );
            Err(ToolError::new(ExitCode::OutOfStep, text))
        }
        // What a run that was killed behind its entries left: class and owner are there, the numbers are not.
        Err(refusal)
            if before.is_none() && refusal.code == ResultCode::ATTRIBUTE_OR_VALUE_EXISTS =>
        {
            put_missing(directory, container, operation)
        }
        Err(refusal) => Err(refused(container, &refusal)),
    }
}

/// Writes the numbers into a container that has the class already.
fn put_missing(
    directory: &mut Connection,
    container: &Dn,
    operation: Operation,
) -> Result<(), ToolError> {
    let Change::Modify(parts) = operation.change else {
        return Ok(());
    };
    let parts = parts
        .into_iter()
        .filter(|part| part.attribute != schema::OBJECT_CLASS);
    let again = Operation {
        change: Change::Modify(parts.collect()),
        ..operation
    };
    let outcome = directory.apply(&again)?;
    outcome.map_err(|refusal| refused(container, &refusal))
}

/// DX133: the directory refused an operation.
fn refused(dn: &Dn, refusal: &Refusal) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, format!("DX133 dn={dn} {refusal}"))
}

/// A read that did not end is no list, and removes nothing.
pub(super) fn unread(error: LdapError) -> ToolError {
    let mut text = error.to_string();
    if let LdapError::Incomplete {
        cause: Incomplete::Result(refusal),
        ..
    } = &error
    {
        let limits = [
            ResultCode::SIZE_LIMIT_EXCEEDED,
            ResultCode::TIME_LIMIT_EXCEEDED,
            ResultCode::ADMIN_LIMIT_EXCEEDED,
        ];
        if limits.contains(&refusal.code) {
            text.push_str(
                "; nothing is done: the server must let the agent read without limit (LD-11)",
            );
        }
    }
    ToolError::new(ExitCode::from(&error), text)
}

/// Makes an organizational unit where there is none.
pub(super) fn make_unit(directory: &mut Connection, dn: &Dn) -> Result<(), ToolError> {
    let name = dn.own_value(schema::OU).unwrap_or_default();
    let mut attributes = crate::directory::entry::Attributes::default();
    attributes.add(schema::OBJECT_CLASS, "organizationalUnit");
    attributes.add(schema::OU, name);
    let operation = Operation::new(dn.clone(), Change::Add(attributes));
    match directory.apply(&operation)? {
        Err(refusal) if refusal.code != ResultCode::ENTRY_ALREADY_EXISTS => {
            Err(refused(dn, &refusal))
        }
        _ => Ok(()),
    }
}
