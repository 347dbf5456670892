//! One message: a part of a unit as mail, and back.

use std::io;

use jiff::Timestamp;

use super::side::{Link, Side, task};
use super::{MAX_PARTS, limits};
use crate::directory::interorg::wire::{Part, Unit};
use crate::directory::interorg::{Change, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;
use crate::protocol::mail::{
    Attachment, Contents, MessageId, Parcel, ParcelHeader, Signature, SignatureCheck, SignatureKey,
    Signed,
};

/// First line of what is signed; another form would get another number.
const DOMAIN: &str = "DirSync-InterOrg 1";

const CHANGES: &str = "changes.csv";
const WITHHELD: &str = "withheld.csv";

/// Bytes of a head that is read: it has few lines, and the longest names some dozens of messages.
const MAX_HEAD_LEN: usize = 64 << 10;

/// Characters of an id: it is kept, and stands in names and logs.
const MAX_ID_LEN: usize = 128;

/// Who a message says that it is from and to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) from: Side,
    pub(super) to: Side,
    /// The address of `From:`.
    pub(super) address: String,
}

impl Label {
    /// Reads the beginning of a message.
    ///
    /// # Errors
    /// It is none between organizations; the reason is what it is put aside for.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Note> {
        let strange = |what: String| Note::new(Reason::UnknownRequestor, what);
        let header = ParcelHeader::parse(head).map_err(|fault| strange(fault.to_string()))?;
        let subject = header.text("Subject").unwrap_or_default();
        let subject: String = subject.chars().take(100).collect();
        let from = header.from().map_err(|fault| strange(fault.to_string()))?;
        let address = from.unwrap_or_default();
        let side = |name| {
            let value = header
                .once(name)
                .map_err(|fault| strange(fault.to_string()))?;
            let Some(value) = value else {
                let what = match header.is_bounce() {
                    true => "a mail system gives mail back",
                    false => "mail of somebody else",
                };
                return Err(strange(format!(
                    "{what}, from {address:?}, subject {subject:?}"
                )));
            };
            let shown: String = value.chars().take(100).collect();
            Side::parse(&value)
                .ok_or_else(|| strange(format!("{name}: {shown:?} is no branch and no hub")))
        };
        Ok(Self {
            from: side("DirSync-From")?,
            to: side("DirSync-To")?,
            address,
        })
    }
}

/// A message that was read, and is from whom it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa::interorg) struct Letter {
    /// The head; its tables are empty.
    pub(in crate::tools::dxa::interorg) part: Part,
    /// `changes.csv`
    pub(in crate::tools::dxa::interorg) changes: Vec<u8>,
    /// `withheld.csv`
    pub(in crate::tools::dxa::interorg) withheld: Vec<u8>,
    /// Its signature: a copy has the same.
    pub(in crate::tools::dxa::interorg) signature: String,
}

/// Writes the messages of a unit. What is too big for a message of this side has to be taken out before, see [`trim`].
///
/// # Errors
/// None that memory does not have.
pub(in crate::tools::dxa::interorg) fn write(
    link: &Link,
    unit: Unit,
    now: Timestamp,
) -> io::Result<Vec<(Part, Vec<u8>)>> {
    let (limit, _) = limits(link.limit);
    let parts = unit.into_parts(limit).into_iter();
    parts
        .map(|(part, changes, withheld)| {
            let letter = write_one(link, &part, changes, withheld, now)?;
            Ok((part, letter))
        })
        .collect()
}

fn write_one(
    link: &Link,
    part: &Part,
    changes: Vec<u8>,
    withheld: Vec<u8>,
    now: Timestamp,
) -> io::Result<Vec<u8>> {
    let file = |name: &str, bytes| Attachment {
        name: name.to_owned(),
        bytes,
    };
    let unit = &part.unit;
    let task = task(unit);
    let said = format!(
        "{} {task} {} {}/{}",
        link.own,
        unit.id(),
        part.number,
        part.of
    );
    let host = link.own_address.as_str().rsplit('@').next();
    let id = MessageId::of_text(&said, host.unwrap_or_default());
    let parcel = Parcel {
        message_id: Some(id.clone()),
        body: part.to_text().into_bytes(),
        attachments: vec![file(CHANGES, changes), file(WITHHELD, withheld)],
    };
    let signed = signed(&id, part, (&link.own, &link.other), &parcel.contents());
    let signature = signed.sign(&link.key).to_string();
    let address = |side: &Side, address| {
        let name = match side {
            Side::Branch(name) => name,
            Side::Hub(_) => "hub",
        };
        format!("\"{name}\" <{address}>")
    };
    let fields = [
        ("From", address(&link.own, &link.own_address)),
        ("To", address(&link.other, &link.other_address)),
        ("Subject", subject(link.branch(), part)),
        ("DirSync-From", link.own.to_string()),
        ("DirSync-To", link.other.to_string()),
        ("DirSync-Signature", signature),
    ];
    parcel.write(&fields, now)
}

/// `[DIRSYNC] REQUEST ORG1 (4, 9], 5 changes, part 1/2`
fn subject(branch: &str, part: &Part) -> String {
    let (task, span, is_full) = match &part.unit {
        Unit::Request(request) => ("REQUEST", request.span, request.is_full),
        Unit::Answer(answer) => ("ANSWER", answer.span, answer.is_full),
    };
    let full = if is_full { " full list" } else { "" };
    let changes = part.changes;
    let mut text = format!("[DIRSYNC] {task} {branch}{full} {span}, {changes} changes");
    if part.of > 1 {
        text.push_str(&format!(", part {}/{}", part.number, part.of));
    }
    text
}

/// Returns what is signed: with everything that says which message it is.
fn signed(id: &MessageId, part: &Part, (from, to): (&Side, &Side), contents: &Contents) -> Signed {
    let unit = &part.unit;
    let lines = [
        &id.to_string(),
        task(unit),
        &from.to_string(),
        &to.to_string(),
        unit.id(),
        &format!("{}/{}", part.number, part.of),
    ];
    Signed::of(DOMAIN, &lines, contents)
}

/// Reads a message that says that it comes over a link.
///
/// # Errors
/// Why it is put aside.
pub(in crate::tools::dxa::interorg) fn read(link: &Link, bytes: &[u8]) -> Result<Letter, Note> {
    read_between(&link.other, &link.own, &link.key, bytes)
}

/// Reads a message that goes out over a link.
///
/// # Errors
/// It is none of ours, or not whole.
pub(super) fn read_own(link: &Link, bytes: &[u8]) -> Result<Letter, Note> {
    read_between(&link.own, &link.other, &link.key, bytes)
}

fn read_between(from: &Side, to: &Side, key: &SignatureKey, bytes: &[u8]) -> Result<Letter, Note> {
    let damaged = |what: String| Note::new(Reason::ListDamaged, what);
    let unknown = |what: String| Note::new(Reason::UnknownRequestor, what);
    let header = ParcelHeader::parse(bytes).map_err(|fault| damaged(fault.to_string()))?;
    let signature = header.once("DirSync-Signature");
    let signature = signature.map_err(|fault| unknown(fault.to_string()))?;
    let Some(signature) = signature else {
        return Err(unknown(format!(
            "it says it is from {from}, and is not signed"
        )));
    };
    let parcel = Parcel::parse(bytes).map_err(|fault| damaged(fault.to_string()))?;
    let Some(id) = &parcel.message_id else {
        return Err(unknown(format!(
            "it says it is from {from}, and has no Message-ID"
        )));
    };
    if parcel.body.len() > MAX_HEAD_LEN {
        let len = parcel.body.len();
        return Err(damaged(format!("a text of {len} bytes is no head")));
    }
    let text = String::from_utf8_lossy(&parcel.body);
    let part = Part::parse(&text).map_err(|fault| damaged(fault.to_string()))?;
    let signed = signed(id, &part, (from, to), &parcel.contents());
    match signed.check(Some(&Signature::from_header(&signature)), key) {
        SignatureCheck::Valid => {}
        SignatureCheck::Missing | SignatureCheck::Wrong => {
            let what = "its signature is not made with the registered key over this message";
            return Err(unknown(format!("it says it is from {from}, and {what}")));
        }
    }
    check_head(&part, from, to)?;
    let [changes, withheld] = files(parcel.attachments)?;
    Ok(Letter {
        part,
        changes,
        withheld,
        signature: signature.trim().to_owned(),
    })
}

/// Looks whether a head is what these two say to each other, and of the size of one.
fn check_head(part: &Part, from: &Side, to: &Side) -> Result<(), Note> {
    let damaged = |what: String| Err(Note::new(Reason::ListDamaged, what));
    let unit = &part.unit;
    let branch = match (unit, from, to) {
        (Unit::Request(_), Side::Branch(branch), Side::Hub(_))
        | (Unit::Answer(_), Side::Hub(_), Side::Branch(branch)) => branch,
        _ => return damaged(format!("{} from {from} to {to}", task(unit))),
    };
    if !unit.branch().eq_ignore_ascii_case(branch) {
        return damaged(format!(
            "BRANCH={}, and it is from {from} to {to}",
            unit.branch()
        ));
    }
    if part.of > MAX_PARTS {
        return damaged(format!(
            "PART={}/{}, more than {MAX_PARTS} parts",
            part.number, part.of
        ));
    }
    let earlier: Vec<&str> = match unit {
        Unit::Request(request) => request.earlier.iter().map(String::as_str).collect(),
        Unit::Answer(answer) => answer.earlier.iter().map(|r| r.0.as_str()).collect(),
    };
    let mut ids = earlier.into_iter().chain([unit.id()]);
    match ids.find(|id| id.len() > MAX_ID_LEN) {
        Some(id) => damaged(format!("an id of {} bytes", id.len())),
        None => Ok(()),
    }
}

/// Finds the two tables.
fn files(attachments: Vec<Attachment>) -> Result<[Vec<u8>; 2], Note> {
    let names: Vec<_> = attachments.iter().map(|a| a.name.clone()).collect();
    match <[Attachment; 2]>::try_from(attachments) {
        Ok([changes, withheld]) if names == [CHANGES, WITHHELD] => {
            Ok([changes.bytes, withheld.bytes])
        }
        _ => {
            let what = format!("files {names:?}, expected {CHANGES} and {WITHHELD}");
            Err(Note::new(Reason::ListDamaged, what))
        }
    }
}

/// Takes out of a unit what is too big for a message of this side (IO-14), and returns it; the unit says so.
pub(in crate::tools::dxa::interorg) fn trim(limit: u32, unit: &mut Unit) -> Vec<Withheld> {
    use crate::directory::interorg::wire::fits;
    let (_, limit) = limits(limit);
    let (changes, withheld) = match unit {
        Unit::Request(request) => (&mut request.changes, &mut request.withheld),
        Unit::Answer(answer) => (&mut answer.changes, &mut answer.refused),
    };
    let is_too_long = |change: &Change| {
        (change.card.as_ref()).is_some_and(|card| !fits(&change.key, card, limit))
    };
    let mut long = Vec::new();
    changes.retain(|change| {
        let is_long = is_too_long(change);
        if is_long {
            let detail = format!("alone it is more than a message of {limit} bytes holds");
            long.push(Withheld {
                key: change.key.clone(),
                dn: (change.card.as_ref()).map_or_else(String::new, |card| shortened(&card.dn)),
                note: Note::new(Reason::TooLong, detail),
            });
        }
        !is_long
    });
    withheld.extend(long.iter().cloned());
    long
}

/// A name may be what is too long.
fn shortened(dn: &str) -> String {
    match dn.char_indices().nth(500) {
        Some((at, _)) => format!("{}...", &dn[..at]),
        None => dn.to_owned(),
    }
}

/// Returns the tables of a message of ours.
pub(in crate::tools::dxa::interorg) fn tables(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let parcel = Parcel::parse(bytes).ok();
    let tables = parcel.and_then(|parcel| files(parcel.attachments).ok());
    let [changes, withheld] = tables.unwrap_or_default();
    (changes, withheld)
}
