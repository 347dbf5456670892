//! One list as a template and entries, each entry checked against the grammar it is written in.

use std::path::Path;
use std::vec;

use super::Purpose;
use crate::address::{Address, AddressError, AddressType};
use crate::codec::codepage::CodePage;
use crate::list::{ListEntry, ListId};
use crate::messages::{Message, Severity};
use crate::plan::info::Template;
use crate::plan::outcome::{Outcome, Reason};
use crate::postoffice::own_names::{OwnKind, OwnName};
use crate::postoffice::places::{Place, Places};
use crate::postoffice::scan::{ListScan, Scanned};
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::{Entry, InfoLine, ListName, TemplateField};

/// What stands at one place of a list.
#[derive(Debug, Clone)]
pub enum Item {
    /// An entry that a transaction can carry.
    Entry {
        /// Name and address.
        entry: Entry,
        /// Its template information.
        info: Vec<InfoLine>,
        /// A value that no information line can hold was left out.
        altered: Option<Message>,
    },
    /// One that is left out.
    LeftOut(LeftOut),
}

/// An entry that is not extracted.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// Its name, for people.
    pub name: String,
    /// Its address as far as it is known, for people.
    pub address: String,
    /// Refused because it is damaged, or rightly ignored.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The published message, where there is one.
    pub message: Option<Message>,
    /// What the reason is about.
    pub detail: &'static str,
}

/// One list while it is read.
#[derive(Debug)]
pub struct Contents<'a> {
    code_page: CodePage,
    list: ListName,
    purpose: Purpose,
    fields: Vec<TemplateField>,
    template: Option<Template>,
    names: Names<'a>,
}

#[derive(Debug)]
enum Names<'a> {
    Own(vec::IntoIter<OwnName>),
    List(Box<ListScan<'a>>),
}

impl<'a> Contents<'a> {
    /// Begins to read a list; with `templates` its template and template information are read too.
    ///
    /// # Errors
    /// A file of the list cannot be read or is damaged: message 38 for the template, 34 or 36 for the information.
    pub fn open(
        po: &'a Postoffice,
        places: &Places,
        id: &ListId,
        templates: bool,
        purpose: Purpose,
    ) -> Result<Self, ToolError> {
        let code_page = po.code_page();
        let (list, template) = match id {
            ListId::Gateway(kind) => (ListName::new(*kind, None), None),
            ListId::Postoffice { family, .. } => {
                let place = places.place_of(id);
                let template = match place.as_ref().and_then(Place::stem) {
                    Some(stem) if templates => {
                        let file = layout::File::tpl(stem);
                        let loaded = po.load_template(stem);
                        loaded.map_err(|e| with_message(e, 38, &file))?
                    }
                    _ => None,
                };
                let name = place.map(|place| place.name());
                (ListName::new(*family, name), template)
            }
            ListId::Local | ListId::Pol => {
                let template = if templates {
                    po.local_template()
                        .map_err(|e| with_message(e, 38, &layout::ADMIN_TPL))?
                } else {
                    None
                };
                let own = Some(po.name().clone());
                (ListName::new(AddressType::Pcm, own), template)
            }
        };
        let fields = match &template {
            Some(template) => fields_of(template, code_page)
                .map_err(|e| unwritable_template(&e, &list.view(code_page)))?,
            None => Vec::new(),
        };
        let names = match id {
            ListId::Local => Names::Own(
                po.own_names(template.as_ref())
                    .map_err(info_error)?
                    .into_iter(),
            ),
            id => Names::List(Box::new(
                po.scan_list(places, id, template.as_ref())
                    .map_err(info_error)?,
            )),
        };
        Ok(Self {
            code_page,
            list,
            purpose,
            fields,
            template,
            names,
        })
    }

    /// Returns the list as R and T name it.
    #[must_use]
    pub fn list(&self) -> &ListName {
        &self.list
    }

    /// Returns the fields of its template; none where it has none, or none was asked for.
    #[must_use]
    pub fn fields(&self) -> &[TemplateField] {
        &self.fields
    }

    fn own(&self, own: &OwnName) -> Item {
        let left_out = |outcome, reason, number: Option<u16>, detail| {
            let name = self.code_page.decode(own.name.as_bytes());
            Item::LeftOut(LeftOut {
                address: self.code_page.decode(own.mailbox.as_bytes()),
                outcome,
                reason,
                message: number.map(|number| Message::new(number, &*name)),
                detail,
                name,
            })
        };
        let is_dirsync = self.purpose == Purpose::Dirsync;
        match own.kind {
            OwnKind::LostGroup => left_out(
                Outcome::Refused,
                Reason::NoAddress,
                Some(81),
                "ADMIN.NME does not have this group, or its members cannot be found",
            ),
            _ if own.mailbox.is_empty() => left_out(
                Outcome::Refused,
                Reason::NoAddress,
                Some(81),
                "no mailbox name",
            ),
            OwnKind::Group {
                has_local_member: false,
            } if is_dirsync => left_out(
                Outcome::Ignored,
                Reason::Filtered,
                None,
                "mail to a group from elsewhere reaches its local members, and it has none",
            ),
            OwnKind::User { in_dirsync: false } if is_dirsync => left_out(
                Outcome::Ignored,
                Reason::Filtered,
                None,
                "takes no part in directory synchronization",
            ),
            _ => {
                let mut entry = ListEntry {
                    name: own.name,
                    mailbox: own.mailbox,
                    ..ListEntry::default()
                };
                entry.set_info(own.info.clone());
                self.entry(&entry)
            }
        }
    }

    fn scanned(&self, scanned: Scanned) -> Item {
        match scanned {
            Scanned::Entry(entry) if entry.name.is_empty() => {
                let address = self.address_text(&entry);
                self.no_name(address)
            }
            Scanned::Entry(entry)
                if entry.mailbox.is_empty() && self.list.kind().is_three_part() =>
            {
                self.no_address(entry.name.as_bytes(), 81)
            }
            Scanned::Entry(entry) => self.entry(&entry),
            Scanned::NoAddress(name) => self.no_address(name.as_bytes(), 43),
            Scanned::NoName(address) => {
                let kind = self.list.kind();
                let text = match Address::from_stored(kind, &address, self.code_page) {
                    Ok(address) => address.view(self.code_page),
                    Err(_) => format!("{}:{}", kind.token(), self.code_page.decode(&address)),
                };
                self.no_name(text)
            }
        }
    }

    fn no_address(&self, name: &[u8], number: u16) -> Item {
        let name = self.code_page.decode(name);
        Item::LeftOut(LeftOut {
            address: String::new(),
            outcome: Outcome::Refused,
            reason: Reason::NoAddress,
            message: Some(Message::new(number, &*name)),
            detail: "no physical address",
            name,
        })
    }

    /// At a requestor the entry would be Error 46 (Q119240).
    fn no_name(&self, address: String) -> Item {
        let message = Message::new(46, &*address);
        Item::LeftOut(LeftOut {
            name: String::new(),
            address,
            outcome: Outcome::Refused,
            reason: Reason::MissingAttribute,
            message: Some(message.with_severity(Severity::Warning)),
            detail: "an address without a name",
        })
    }

    fn entry(&self, entry: &ListEntry) -> Item {
        let (kind, code_page) = (self.list.kind(), self.code_page);
        let made = entry
            .address(kind, self.list.place(), code_page)
            .and_then(|address| Entry::new(entry.name.as_bytes(), address, code_page));
        match made {
            Ok(made) => {
                let (info, altered) = self.info(entry);
                Item::Entry {
                    entry: made,
                    info,
                    altered,
                }
            }
            Err(error) => {
                let name = code_page.decode(entry.name.as_bytes());
                let argument =
                    format!("{name}: found {}, expected {}", error.found, error.expected);
                Item::LeftOut(LeftOut {
                    address: self.address_text(entry),
                    outcome: Outcome::Refused,
                    reason: Reason::AddressSyntax,
                    message: Some(Message::new(error.number, argument)),
                    detail: "not in the form of an import file",
                    name,
                })
            }
        }
    }

    fn info(&self, entry: &ListEntry) -> (Vec<InfoLine>, Option<Message>) {
        let (Some(template), Some(record)) = (&self.template, entry.info()) else {
            return (Vec::new(), None);
        };
        let mut lines = Vec::new();
        let mut altered = None;
        for (prompt, value) in template.values(record) {
            match InfoLine::new(prompt, value) {
                Ok(line) => lines.push(line),
                Err(error) => {
                    let name = self.code_page.decode(entry.name.as_bytes());
                    let prompt = self.code_page.decode(prompt);
                    let argument = format!(
                        "{name}: {prompt}: found {}, expected {}",
                        error.found, error.expected
                    );
                    altered = Some(Message::new(error.number, argument));
                }
            }
        }
        (lines, altered)
    }

    fn address_text(&self, entry: &ListEntry) -> String {
        let mut text = self.list.encode();
        if self.list.place().is_some() {
            text.push(b'/');
        }
        text.extend_from_slice(entry.mailbox.as_bytes());
        text.extend_from_slice(entry.stored_address());
        self.code_page.decode(&text)
    }
}

/// Yields the places of the list in the order of its files.
impl Iterator for Contents<'_> {
    type Item = Result<Item, PostofficeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.names {
            Names::Own(names) => {
                let own = names.next()?;
                Some(Ok(self.own(&own)))
            }
            Names::List(scan) => {
                let scanned = scan.next()?;
                Some(scanned.map(|scanned| self.scanned(scanned)))
            }
        }
    }
}

fn fields_of(template: &Template, code_page: CodePage) -> Result<Vec<TemplateField>, AddressError> {
    let fields = template.fields().iter();
    fields
        .map(|field| TemplateField::parse(&field.to_line(), code_page))
        .collect()
}

fn unwritable_template(error: &AddressError, list: &str) -> ToolError {
    let message = Message::new(38, list);
    ToolError::new(ExitCode::Damaged, format!("{message}: {error}")).with_message(message)
}

fn with_message(error: PostofficeError, number: u16, file: &layout::File) -> ToolError {
    let message = Message::new(number, file.name());
    let mut error = ToolError::from(error);
    error.message = format!("{message}: {}", error.message);
    error.with_message(message)
}

/// An `.INF` that is missing is 34, one that does not fit its template 36; other files have no number of their own.
fn info_error(error: PostofficeError) -> ToolError {
    let number = match &error {
        PostofficeError::Missing { path } if is_info(path) => 34,
        PostofficeError::Codec { path, .. } if is_info(path) => 36,
        _ => return error.into(),
    };
    let text = error.to_string();
    let mut error = ToolError::from(error);
    let message = Message::new(number, "");
    error.message = format!("{message}: {text}");
    error.with_message(Message::new(number, text))
}

fn is_info(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("INF"))
}
