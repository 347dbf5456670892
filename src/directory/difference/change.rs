//! One change at a requestor, and the transaction that carries it.

use std::fmt;

use super::{Export, Sent};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::charset::Charset;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::outgoing::{SentLine, list_entry};
use crate::directory::x400::X121Spelling;
use crate::plan::outcome::Reason;
use crate::transaction::{InfoLine, ListName, Transaction};

/// Why something is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The requestor never had it, or has it no more.
    New,
    /// A full list.
    Full,
    /// Its name is another, or its address in another letter case.
    Renamed,
    /// A template line is another.
    Content,
    /// Somebody asked for it to be sent again.
    Touched,
    /// The entry is not there any more.
    Gone,
    /// The entry is there and must not leave.
    Excluded(Note),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Full => f.write_str("full list"),
            Self::Renamed => f.write_str("renamed"),
            Self::Content => f.write_str("changed"),
            Self::Touched => f.write_str("touched"),
            Self::Gone => f.write_str("deleted"),
            Self::Excluded(note) => note.fmt(f),
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `R`: a postoffice of ours is sent anew.
    Replace {
        /// Network.
        network: String,
        /// Postoffice.
        postoffice: String,
    },
    /// `D`.
    Delete {
        /// What the requestor has.
        sent: Sent,
        /// Why it goes.
        cause: Cause,
    },
    /// `M`, with a second line where name or address change.
    Modify {
        /// What the requestor has.
        sent: Sent,
        /// What it is to have.
        export: Box<Export>,
        /// Why.
        cause: Cause,
    },
    /// `A`.
    Add {
        /// What the requestor is to have.
        export: Box<Export>,
        /// Why.
        cause: Cause,
    },
}

impl Change {
    pub(super) fn add(export: &Export, cause: Cause) -> Self {
        let export = Box::new(export.clone());
        Self::Add { export, cause }
    }

    pub(super) fn modify(sent: &Sent, export: &Export, cause: Cause) -> Self {
        let (sent, export) = (sent.clone(), Box::new(export.clone()));
        Self::Modify {
            sent,
            export,
            cause,
        }
    }

    /// Returns the key of the entry; `R` has none.
    #[must_use]
    pub fn key(&self) -> Option<&SyncKey> {
        match self {
            Self::Replace { .. } => None,
            Self::Delete { sent, .. } => Some(&sent.key),
            Self::Modify { export, .. } | Self::Add { export, .. } => {
                Some(&export.found.record.key)
            }
        }
    }

    /// Returns the transaction for a postoffice.
    ///
    /// # Errors
    /// What keeps the postoffice from taking it.
    pub fn transaction(&self, page: CodePage, x121: X121Spelling) -> Result<Transaction, Note> {
        let entry = |name: &str, address: &TargetAddress| list_entry(name, address, page, x121);
        // It was sent in another page, where that was another: then the address says who is meant.
        let known = |sent: &Sent| entry(&Charset::Page(page).fit(&sent.name).0, &sent.address);
        Ok(match self {
            Self::Replace {
                network,
                postoffice,
            } => Transaction::Replace {
                list: owned_list(network, postoffice, page)?,
            },
            Self::Delete { sent, .. } => Transaction::Delete {
                entry: known(sent)?,
            },
            Self::Add { export, .. } => Transaction::Add {
                entry: entry(&export.name, &export.found.record.address)?,
                info: infos(&export.found.record.lines, page)?,
                tokens: Vec::new(),
            },
            Self::Modify {
                sent,
                export,
                cause,
            } => {
                let old = known(sent)?;
                let new = entry(&export.name, &export.found.record.address)?;
                let mut info = infos(&export.found.record.lines, page)?;
                info.extend(infos(&cleared(sent, export), page)?);
                Transaction::Modify {
                    new: (new != old || *cause == Cause::Renamed).then_some(new),
                    entry: old,
                    info,
                    tokens: Vec::new(),
                }
            }
        })
    }
}

/// Returns lines without data for prompts that were sent and are not any more: an `M` changes only what it names.
fn cleared(sent: &Sent, export: &Export) -> Vec<SentLine> {
    let lines = &export.found.record.lines;
    let is_gone = |prompt: &&String| lines.iter().all(|line| line.prompt != **prompt);
    let gone = sent.prompts.iter().filter(is_gone);
    gone.map(|prompt| SentLine {
        prompt: prompt.clone(),
        value: String::new(),
    })
    .collect()
}

fn infos(lines: &[SentLine], page: CodePage) -> Result<Vec<InfoLine>, Note> {
    lines.iter().map(|line| line.to_info(page)).collect()
}

fn owned_list(network: &str, postoffice: &str, page: CodePage) -> Result<ListName, Note> {
    let name = format!("{network}/{postoffice}");
    let bytes = page.encode(&name);
    let bytes = bytes.map_err(|e| Note::new(Reason::Charset, format!("postoffice: {e}")))?;
    let place = PostofficeName::parse(&bytes, page);
    let place = place.map_err(|e| Note::new(Reason::of_refused_line(e.number), e.to_string()))?;
    Ok(ListName::new(AddressType::Pcm, Some(place)))
}
