//! Walks over lists: each entry goes to the output or is left out, with its outcome either way.

use std::collections::HashSet;

use super::contents::{Contents, Item, LeftOut};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::master::GatewayWord;
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{Action, Counts, EntryOutcome, Outcome, OutcomeSink, Reason, Tally};
use crate::postoffice::places::{Places, gateway_bit};
use crate::postoffice::{Postoffice, PostofficeError};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::progress::{self, Progress};
use crate::tools::report::Note;
use crate::transaction::Transaction;

/// Who the transactions are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A person: everything the lists hold.
    Extract,
    /// Other postoffices: users that take part in directory synchronization, groups that mail can reach.
    Dirsync,
}

/// What is written of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// Information lines below the entries of a list with a template.
    pub info: bool,
    /// A T before them.
    pub template: bool,
    /// An R before the entries.
    pub replace: bool,
    /// Who it is for.
    pub purpose: Purpose,
}

/// Which lists of a server go to a requestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Bits of the wanted address types; `None` for all.
    pub types: Option<GatewayWord>,
    /// The requestor takes templates.
    pub templates: bool,
    /// A postoffice whose own list is left out: it knows its users itself.
    pub without: Option<PostofficeName>,
}

impl Selection {
    /// Everything: what any requestor may need.
    pub const ALL: Self = Self {
        types: None,
        templates: true,
        without: None,
    };

    /// Tells whether a list is among the wanted ones.
    #[must_use]
    pub fn takes(&self, id: &ListId, code_page: CodePage) -> bool {
        let kind = match id {
            ListId::Local | ListId::Pol => AddressType::Pcm,
            ListId::Gateway(kind) => *kind,
            ListId::Postoffice { family, .. } => *family,
        };
        let wanted = self
            .types
            .is_none_or(|types| types.contains(gateway_bit(kind)));
        let own = self
            .without
            .as_ref()
            .is_some_and(|without| *id == ListId::postoffice(AddressType::Pcm, without, code_page));
        wanted && !own
    }
}

/// Returns every list of a postoffice but the postoffice list: its own names first, then the order of the files.
#[must_use]
pub fn all_lists(po: &Postoffice, places: &Places) -> Vec<ListId> {
    let own = ListId::postoffice(AddressType::Pcm, po.name(), po.code_page());
    let others = places.lists().into_iter().filter(|id| *id != own);
    std::iter::once(ListId::Local).chain(others).collect()
}

/// A walk over some lists.
pub struct Walk<'a> {
    po: &'a Postoffice,
    places: &'a Places,
    interrupt: &'a Interrupt,
    tally: Tally<'a>,
    progress: Box<dyn Progress>,
    messages: Vec<Message>,
    said: HashSet<(u16, String)>,
    lists: Vec<(String, u64)>,
    altered: bool,
}

/// What a walk has come to.
#[derive(Debug)]
pub struct Walked {
    /// What became of the entries.
    pub counts: Counts,
    /// Messages about entries that were left out, in their order, each once.
    pub messages: Vec<Message>,
    /// Each list with the number of its entries that were written.
    pub lists: Vec<(String, u64)>,
    /// A value of some entry could not be written, so that the run is not complete.
    pub altered: bool,
}

impl Walked {
    /// Adds the walk for another file of the same run.
    pub fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.lists.extend(other.lists);
        self.altered |= other.altered;
        let said = |message: &Message| (message.number, message.argument.clone());
        let known: HashSet<_> = self.messages.iter().map(said).collect();
        let new = other.messages.into_iter();
        self.messages
            .extend(new.filter(|message| !known.contains(&said(message))));
    }

    /// Returns what `-v` says: a line for each list.
    pub fn details(&self) -> impl Iterator<Item = Note> {
        self.lists.iter().map(|(list, count)| Note {
            number: None,
            text: match count {
                1 => format!("{}: 1 entry", list.trim_end_matches(':')),
                _ => format!("{}: {count} entries", list.trim_end_matches(':')),
            },
        })
    }

    /// Returns how the run ends.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        if self.altered {
            ExitCode::Partial
        } else {
            ExitCode::from(&self.counts)
        }
    }
}

impl<'a> Walk<'a> {
    /// Begins; `lists` are those that will be walked over, for the progress bar alone.
    ///
    /// # Errors
    /// The size of a list cannot be read.
    pub fn new(
        po: &'a Postoffice,
        places: &'a Places,
        lists: &[ListId],
        sink: &'a mut dyn OutcomeSink,
        interrupt: &'a Interrupt,
    ) -> Result<Self, PostofficeError> {
        let mut total = 0;
        for id in lists {
            total += po.list_len(places, id)?;
        }
        let mut progress = progress::on_stderr();
        progress.begin("extracting", Some(total));
        Ok(Self {
            po,
            places,
            interrupt,
            tally: Tally::new(sink),
            progress,
            messages: Vec::new(),
            said: HashSet::new(),
            lists: Vec::new(),
            altered: false,
        })
    }

    /// Walks over one list; `send` writes a transaction and returns its number, where it has one.
    ///
    /// # Errors
    /// The list cannot be read; `send` failed; interrupted.
    pub fn list(
        &mut self,
        id: &ListId,
        how: How,
        send: &mut dyn FnMut(&Transaction) -> Result<Option<u32>, ToolError>,
    ) -> Result<(), ToolError> {
        let mut contents = Contents::open(self.po, self.places, id, how.info, how.purpose)?;
        let list = contents.list().clone();
        let list_text = list.view(self.po.code_page());
        if how.template && contents.fields().is_empty() {
            if how.purpose == Purpose::Extract {
                self.say(Message::new(61, &*list_text));
            }
        } else if how.template {
            let fields = contents.fields().to_vec();
            let transaction = Transaction::Template {
                list: list.clone(),
                fields,
            };
            self.command(&transaction, Action::Template, &list_text, send)?;
        }
        if how.replace {
            let transaction = Transaction::Replace { list };
            self.command(&transaction, Action::Replace, &list_text, send)?;
        }
        let before = self.tally.counts().added;
        for item in &mut contents {
            self.interrupt.check()?;
            self.tally.read();
            match item? {
                Item::Entry {
                    entry,
                    info,
                    altered,
                } => {
                    if let Some(message) = altered {
                        self.altered = true;
                        self.say(message);
                    }
                    let tokens = Vec::new();
                    let transaction = Transaction::Add {
                        entry,
                        info,
                        tokens,
                    };
                    let number = send(&transaction)?;
                    self.written(&transaction, &list_text, number)?;
                }
                Item::LeftOut(left_out) => self.left_out(left_out, &list_text)?,
            }
            self.progress.advance(1);
        }
        let count = self.tally.counts().added - before;
        self.lists.push((list_text, count));
        Ok(())
    }

    /// Ends the walk.
    #[must_use]
    pub fn finish(mut self) -> Walked {
        self.progress.end();
        Walked {
            counts: *self.tally.counts(),
            messages: self.messages,
            lists: self.lists,
            altered: self.altered,
        }
    }

    fn say(&mut self, message: Message) {
        if self.said.insert((message.number, message.argument.clone())) {
            self.messages.push(message);
        }
    }

    fn command(
        &mut self,
        transaction: &Transaction,
        action: Action,
        list: &str,
        send: &mut dyn FnMut(&Transaction) -> Result<Option<u32>, ToolError>,
    ) -> Result<(), ToolError> {
        let number = send(transaction)?;
        let line = || {
            let mut line = EntryOutcome::new("", "", list, action, Outcome::Command);
            line.sync = number;
            line
        };
        self.tally
            .record(Outcome::Command, None, line)
            .map_err(report_error)
    }

    fn written(
        &mut self,
        transaction: &Transaction,
        list: &str,
        number: Option<u32>,
    ) -> Result<(), ToolError> {
        let code_page = self.po.code_page();
        let line = || {
            let entry = transaction.entry().expect("an A has an entry");
            let (address, name) = (
                entry.address().view(code_page),
                code_page.decode(entry.name()),
            );
            let mut line = EntryOutcome::new(address, name, list, Action::Add, Outcome::Added);
            line.sync = number;
            line
        };
        self.tally
            .record(Outcome::Added, None, line)
            .map_err(report_error)
    }

    fn left_out(&mut self, left_out: LeftOut, list: &str) -> Result<(), ToolError> {
        let LeftOut {
            name,
            address,
            outcome,
            reason,
            message,
            detail,
        } = left_out;
        let number = message.as_ref().map(|message| message.number);
        let line = || {
            let line = EntryOutcome::new(address, name, list, Action::Add, outcome);
            let mut line = line.because(reason);
            line.message = number;
            line.detail = Some(detail.into());
            line
        };
        self.tally
            .record(outcome, Some(reason), line)
            .map_err(report_error)?;
        debug_assert!(!matches!(reason, Reason::Message(_)), "codes say more");
        if let Some(message) = message {
            self.say(message);
        }
        Ok(())
    }
}

fn report_error(error: std::io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, error.to_string())
}
