//! `config dirsync requestor export` and `touch`: entries that are sent again at the next T1.

use serde_json::json;

use super::requestor::check_registered;
use super::run::{Run, refused, refused_because, wrong};
use crate::address::Address;
use crate::codec::reqconf::ReqOptions;
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{Action, Outcome};
use crate::postoffice::participants::OwnEntry;
use crate::postoffice::pol::Pol;
use crate::postoffice::queues::RequestorQueue;
use crate::postoffice::touched::TouchedEntries;
use crate::postoffice::{ExportItem, PostofficeError, layout};
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::{Entry, InfoLine, Transaction};

/// `export`: R for the own postoffice, then one A per user and group that takes part.
pub(super) fn export(run: &mut Run<'_>) -> Result<ExitCode, ToolError> {
    let mut queue = open_queue(run)?;
    let mut exit = ExitCode::Done;
    let mut first = None;
    for item in run.po().own_export(sends_templates(run))? {
        match item {
            ExportItem::Command(transaction) => {
                let number = queue.push(&transaction)?;
                match first {
                    None => {
                        first = Some(number);
                        let list = transaction.list().view(run.code_page());
                        run.count(Action::Replace, Outcome::Command, "LOCAL", "", &list)?;
                    }
                    Some(_) => run.count_setting(),
                }
            }
            ExportItem::Entry(transaction) => {
                queue.push(&transaction)?;
                let entry = transaction.entry().expect("an A has an entry");
                let shown = run.code_page().decode(entry.name());
                let address = entry.address().view(run.code_page());
                run.count(Action::Add, Outcome::Added, "LOCAL", &shown, &address)?;
            }
            ExportItem::Refused { name, error } => {
                let shown = run.code_page().decode(name.as_bytes());
                run.warn(Message::new(error.number, &*shown));
                run.count(Action::Add, Outcome::Refused, "LOCAL", &shown, "")?;
                exit = ExitCode::Partial;
            }
        }
    }
    let first = first.expect("an export begins with its R");
    let count = queue.count();
    let last = u64::from(first) + count - 1;
    run.say(format!(
        "export: {count} transactions wait for T1, numbers {first} to {last}"
    ));
    let stamp = run.stamp();
    run.commit(|_, _, batch, config| {
        config.last_export = stamp;
        queue.stage(batch)
    })?;
    Ok(exit)
}

/// `touch ADDRESS...`: each entry as an A, which brings it where it is missing, and an M, which mends it elsewhere.
/// Without addresses: what became of those before.
pub(super) fn touch(run: &mut Run<'_>, addresses: &[String]) -> Result<(), ToolError> {
    let mut touched = TouchedEntries::load(run.po())?;
    if addresses.is_empty() {
        let rows = touched.entries.iter().map(|entry| {
            vec![
                json!(entry.address),
                json!(entry.number),
                json!(entry.state.to_string()),
            ]
        });
        let rows = rows.collect();
        run.show(&["address", "number", "state"], rows);
        return Ok(());
    }
    let mut queue = open_queue(run)?;
    let with_info = sends_templates(run);
    let pol = Pol::load(run.po())?;
    let own = run.po().own_entries(&pol, with_info)?;
    let mut numbers = Vec::new();
    for text in addresses {
        for (list, entry, info) in found(run, &own, text, with_info)? {
            numbers.push(queue.push(&add(entry.clone(), info.clone()))?);
            let modify = Transaction::Modify {
                entry: entry.clone(),
                new: Some(entry.clone()),
                info,
                tokens: Vec::new(),
            };
            let last = queue.push(&modify)?;
            numbers.push(last);
            let code_page = run.code_page();
            touched.add(last, entry.address().view(code_page));
            let (name, address) = (
                code_page.decode(entry.name()),
                entry.address().view(code_page),
            );
            run.say(format!("{name} ({address}) is sent again"));
            run.count(Action::Modify, Outcome::Modified, &list, &name, &address)?;
        }
    }
    if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
        run.remark(format!(
            "{} transactions wait for T1, numbers {first} to {last}",
            numbers.len()
        ));
    }
    run.commit(|_, _, batch, _| {
        batch.replace_bytes(&layout::DIRSYNC_TCH, &touched.encode())?;
        queue.stage(batch)
    })
}

/// Entries to send again, each with the list it stands in.
type Found = Vec<(String, Entry, Vec<InfoLine>)>;

fn found(run: &Run<'_>, own: &[OwnEntry], text: &str, with_info: bool) -> Result<Found, ToolError> {
    let code_page = run.code_page();
    let bytes = run.encode(text)?;
    let is_mailbox = !text.contains(['/', ':', '@']);
    let address = match is_mailbox {
        true => run.po().name().mailbox_address(&bytes, code_page),
        false => Address::parse(&bytes, code_page),
    };
    let address = address.map_err(|error| wrong(text, &error))?;
    let id = ListId::of_address(&address, run.po().name(), code_page);
    let shown = id.display(code_page);
    if id == ListId::Local {
        let mailbox = address.mailbox().unwrap_or_default();
        let is_meant = |entry: &&OwnEntry| {
            let known = entry.mailbox.as_ref();
            known.is_some_and(|known| code_page.eq_ignore_case(known.as_bytes(), mailbox))
        };
        let entry = own.iter().find(is_meant).ok_or_else(|| refused(29, text))?;
        if !entry.takes_part {
            return Err(refused_because(format!(
                "{text} does not take part in dir-sync"
            )));
        }
        let named = entry.entry(run.po()).map_err(|error| wrong(text, &error))?;
        return Ok(vec![(shown, named, entry.info.clone())]);
    }
    if let Err(missing) = run.state.places.check(&id) {
        return Err(refused(missing.message(), text));
    }
    let stored = run.po().load_list(&run.state.places, &id)?;
    // As the files here spell it, not as it was typed.
    let place = run.state.places.place_of(&id).map(|place| place.name());
    let key = address.key(code_page);
    let mut found = Vec::new();
    for entry in &stored.entries {
        let Ok(same) = entry.address(address.kind(), place.as_ref(), code_page) else {
            continue; // an address that no transaction can name is not the one given
        };
        if same.key(code_page) != key {
            continue;
        }
        let info = match (&stored.template, entry.info(), with_info) {
            (Some(template), Some(record), true) => template
                .values(record)
                .filter_map(|(prompt, value)| InfoLine::new(prompt, value).ok())
                .collect(),
            _ => Vec::new(),
        };
        let named = Entry::new(entry.name.as_bytes(), same, code_page)
            .map_err(|error| wrong(text, &error))?;
        found.push((shown.clone(), named, info));
    }
    match found.is_empty() {
        true => Err(refused(29, text)),
        false => Ok(found),
    }
}

/// Opens REQTRANS.GLB. Where it is missing nothing could be stored; the original said nothing and stamped the date of the
/// export (Q119017).
fn open_queue(run: &mut Run<'_>) -> Result<RequestorQueue, ToolError> {
    check_registered(&run.state.config)?;
    let stamp = run.stamp();
    let queue = match RequestorQueue::open(run.po(), &run.state.config, stamp) {
        Ok(queue) => queue,
        Err(PostofficeError::Missing { .. }) => return Err(refused(2, layout::REQTRANS.name())),
        Err(error) => return Err(error.into()),
    };
    if queue.is_behind() {
        run.remark(format!(
            "REQTRANS.GLB ends at {}, the server has confirmed {}: the numbers go on behind that",
            queue.last, queue.confirmed
        ));
    }
    Ok(queue)
}

fn sends_templates(run: &Run<'_>) -> bool {
    let options = run.state.config.options;
    options.contains(ReqOptions::TEMPLATES_SEND)
}

fn add(entry: Entry, info: Vec<InfoLine>) -> Transaction {
    Transaction::Add {
        entry,
        info,
        tokens: Vec::new(),
    }
}
