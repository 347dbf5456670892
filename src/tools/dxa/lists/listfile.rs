//! A list as a file: RESYNC.GLB, the text of `import -x`, a list file of ADMIN (.USR), LDIF (`spec/exchange.md` DX-05).
//!
//! | file | told by | says for itself | speaks for |
//! |---|---|---|---|
//! | RESYNC.GLB | its header | maker, addressee, numbers, an end mark | all lists of its maker |
//! | LDIF | `version:`, `dn:` or a comment | owner, numbers, a count | the container |
//! | text | what is left | nothing | the lists that it names |
//! | `NET/PO.USR` | its name | nothing | the postoffice that it is named after |

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, RecordKind};
use crate::codec::resync::{Ending, ResyncHeader, ResyncReader};
use crate::codec::{RecordReader, UsrRecord};
use crate::directory::entry::Entry;
use crate::directory::import::{Ask, Extent, Sender, Want};
use crate::directory::key::SyncKey;
use crate::directory::ldif::{self, ContainerRecord, LdifError, ListReader, Reader as LdifReader};
use crate::directory::note::Note;
use crate::directory::remote::ImportRules;
use crate::directory::schema;
use crate::importfile::{Block, ByName, Diagnostic, LeftOut, Reader};
use crate::plan::outcome::Reason;
use crate::tools::dxa::containers::importing::{AskWriter, Asks};
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::{Entry as ListEntry, ListName, Transaction};

/// Bytes looked at to find out what a file is: remarks may stand in front of what tells.
const HEAD_LEN: u64 = 64 * 1024;

/// What a list file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Label {
    /// Maker, addressee and numbers of a resync file.
    Resync(ResyncHeader),
    /// Owner and numbers of an LDIF list.
    Ldif(Box<ContainerRecord>),
    /// Nothing.
    None,
}

/// One transaction of a list file.
enum Listed {
    /// With what its text says beside it.
    Whole(Transaction, LeftOut),
    /// M that gives no address.
    ByName(Box<ByName>),
    /// An entry that is to be there.
    Entry(Ask),
}

impl Listed {
    /// Takes a block; `None` where nothing was meant to be a transaction.
    fn of(block: Block, why: impl Fn(&Diagnostic) -> String) -> Option<Result<Self, String>> {
        let Block {
            transaction,
            loose,
            messages,
            ..
        } = block;
        let info = loose.info;
        match (transaction, loose.by_name) {
            (Some(transaction), _) => {
                Some(Ok(Self::Whole(transaction, LeftOut { info, messages })))
            }
            (None, Some(by_name)) => Some(Ok(Self::ByName(by_name))),
            (None, None) if messages.is_empty() => None,
            (None, None) => {
                let why: Vec<_> = messages.iter().map(why).collect();
                Some(Err(why.join("; ")))
            }
        }
    }

    fn plain(transaction: Transaction) -> Self {
        Self::Whole(transaction, LeftOut::default())
    }

    /// Returns what it asks.
    fn ask(self, rules: ImportRules<'_>) -> Ask {
        match self {
            Self::Whole(transaction, left_out) => {
                Ask::of_text(&transaction, &left_out, None, rules)
            }
            Self::ByName(by_name) => Ask::by_name(&by_name, None, rules),
            Self::Entry(ask) => ask,
        }
    }
}

/// A list file, read up to its entries.
pub(in crate::tools::dxa) struct ListFile {
    pub(in crate::tools::dxa) label: Label,
    body: Body,
    code_page: CodePage,
}

/// What lies behind the label.
enum Body {
    Resync(Box<ResyncReader<BufReader<File>>>),
    Text(BufReader<File>),
    Usr(BufReader<File>, PostofficeName),
    /// Entries: only all of them are a list.
    Ldif(Box<ListReader<BufReader<File>>>),
}

/// What a list file asks.
pub(in crate::tools::dxa) struct Asked<'a> {
    pub(in crate::tools::dxa) label: Label,
    pub(in crate::tools::dxa) asks: Asks<'a>,
    /// Why it is not proven whole.
    pub(in crate::tools::dxa) missing: Option<String>,
}

/// Why nothing came of a list file.
#[derive(Debug)]
pub(in crate::tools::dxa) enum Unread {
    /// It is put aside.
    Aside(Note),
    /// The run ends.
    Failed(ToolError),
}

impl From<Note> for Unread {
    fn from(note: Note) -> Self {
        Self::Aside(note)
    }
}

impl From<ToolError> for Unread {
    fn from(error: ToolError) -> Self {
        Self::Failed(error)
    }
}

/// Takes each transaction of a list as it is read, or what is wrong with a record that is none.
type Take<'t> = dyn FnMut(Result<Listed, String>) -> Result<(), ToolError> + 't;

/// Opens a list file and finds out what it says of itself.
pub(in crate::tools::dxa) fn open(path: &Path, code_page: CodePage) -> Result<ListFile, Unread> {
    let unreadable =
        |error| ToolError::new(ExitCode::NotFound, path.display().to_string()).caused_by(error);
    let file = File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    file.take(HEAD_LEN)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    let file = || File::open(path).map(BufReader::new).map_err(unreadable);
    let is_usr = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("usr"));
    let is_binary = |b: &u8| *b < b' ' && !b"\t\r\n\x1a".contains(b);
    let (label, body) = if is_usr {
        (Label::None, Body::Usr(file()?, place_of(path, code_page)?))
    } else if ldif::begins(&head) {
        let list = ListReader::new(LdifReader::new(file()?)).map_err(|error| no_list(&error))?;
        let label = Label::Ldif(Box::new(list.container().clone()));
        (label, Body::Ldif(Box::new(list)))
    } else if head.iter().take(24).any(is_binary) {
        let reader = ResyncReader::new(file()?, &Framing::OURS);
        let reader = reader.map_err(|error| damaged(error.to_string()))?;
        let label = Label::Resync(reader.header().clone());
        (label, Body::Resync(Box::new(reader)))
    } else {
        (Label::None, Body::Text(file()?))
    };
    Ok(ListFile {
        label,
        body,
        code_page,
    })
}

impl ListFile {
    /// Reads what the list asks. Each transaction is done with as soon as it is read; what memory is not to hold goes into
    /// `folder`.
    pub(in crate::tools::dxa) fn asks<'a>(
        self,
        rules: ImportRules<'_>,
        sender: Sender<'a>,
        folder: Option<&Path>,
    ) -> Result<Asked<'a>, Unread> {
        let (label, code_page) = (self.label.clone(), self.code_page);
        let is_text = matches!(self.body, Body::Text(_));
        let mut asks = AskWriter::new(sender, self.extent(), folder);
        let mut begun = Begun::default();
        let (extent, missing) = self.transactions(&mut |listed| {
            if let (Ok(listed), true) = (&listed, is_text) {
                begun.take(listed, code_page);
            }
            asks.push(&match listed {
                Ok(listed) => listed.ask(rules),
                Err(detail) => Ask::unusable(detail, None),
            })
        })?;
        for list in begun.lists() {
            let list = Listed::plain(Transaction::Replace { list });
            asks.begin_in_front(list.ask(rules));
        }
        Ok(Asked {
            label,
            asks: asks.finish(extent)?,
            missing,
        })
    }

    /// Reads to the end and finds out whether the list is damaged, for one that cannot be taken anyway.
    pub(in crate::tools::dxa) fn check(self) -> Result<(), Unread> {
        self.transactions(&mut |_| Ok(())).map(|_| ())
    }

    /// Returns how much the list speaks for, if it is whole.
    fn extent(&self) -> Extent {
        match self.body {
            Body::Resync(_) | Body::Ldif(_) => Extent::List { is_whole: true },
            Body::Text(_) | Body::Usr(..) => Extent::Updates { is_whole: true },
        }
    }

    /// Hands on each transaction. Returns how much the list speaks for, and what it lacks.
    fn transactions(self, take: &mut Take<'_>) -> Result<(Extent, Option<String>), Unread> {
        let extent = self.extent();
        match self.body {
            Body::Resync(reader) => {
                let is_whole = read_resync(*reader, self.code_page, take)?;
                let missing = (!is_whole).then(|| "no end mark".to_owned());
                return Ok((Extent::List { is_whole }, missing));
            }
            Body::Text(input) => read_text(input, self.code_page, take)?,
            Body::Usr(input, place) => read_usr(input, &place, self.code_page, take)?,
            Body::Ldif(list) => {
                for entry in *list {
                    let entry = entry.map_err(|error| no_list(&error))?;
                    if let Some(ask) = ask_of(entry.record) {
                        take(Ok(Listed::Entry(ask)))?;
                    }
                }
            }
        }
        Ok((extent, None))
    }
}

fn no_list(error: &LdifError) -> Note {
    Note::new(error.reason(), error.to_string())
}

fn damaged(text: impl Into<String>) -> Note {
    Note::new(Reason::ListDamaged, text)
}

/// Reads the transactions of a resync file; returns whether it has its end mark.
fn read_resync(
    mut reader: ResyncReader<BufReader<File>>,
    code_page: CodePage,
    take: &mut Take<'_>,
) -> Result<bool, Unread> {
    let mut framed = Framed::default();
    let mut number = 1_u64;
    loop {
        match reader.read(&mut framed) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(damaged(error.to_string()).into()),
        }
        number += 1;
        if framed.record.kind == RecordKind::Transaction {
            let block = Block::of_queue_text(&framed.record.text, code_page);
            let why = |m: &Diagnostic| {
                let (found, expected) = (&m.found, m.expected);
                format!("record {number}: found {found}, expected {expected}")
            };
            if let Some(listed) = Listed::of(block, why) {
                take(listed)?;
            }
        }
    }
    Ok(matches!(reader.ending(), Some(Ending::Whole(_))))
}

fn read_text(
    input: BufReader<File>,
    code_page: CodePage,
    take: &mut Take<'_>,
) -> Result<(), ToolError> {
    for block in Reader::new(input, code_page) {
        let why = |m: &Diagnostic| {
            format!(
                "line {}: found {}, expected {}",
                m.line, m.found, m.expected
            )
        };
        let block = block.map_err(|error| {
            ToolError::new(ExitCode::NotFound, "the list cannot be read").caused_by(error)
        })?;
        if let Some(listed) = Listed::of(block, why) {
            take(listed)?;
        }
    }
    Ok(())
}

/// The lists that a text names. One without any R begins all of them: it is what `import -x` says of them.
#[derive(Default)]
struct Begun {
    lists: Vec<ListName>,
    /// As they are written, then folded.
    known: HashSet<ListName>,
    is_update: bool,
}

impl Begun {
    fn take(&mut self, listed: &Listed, code_page: CodePage) {
        let list = match listed {
            Listed::Whole(
                transaction @ (Transaction::Add { .. } | Transaction::Template { .. }),
                _,
            ) => transaction.list(),
            _ => {
                self.is_update = true;
                return;
            }
        };
        if self.is_update || self.known.contains(&list) {
            return;
        }
        let folded = list.folded(code_page);
        let is_new = !self.known.contains(&folded);
        self.known.extend([list.clone(), folded]);
        if is_new {
            self.lists.push(list);
        }
    }

    /// Returns the lists that begin in front.
    fn lists(self) -> Vec<ListName> {
        match self.is_update {
            true => Vec::new(),
            false => self.lists,
        }
    }
}

/// `in/NAME/NET/PO.USR`: the folder says the network, the file the postoffice.
fn place_of(path: &Path, code_page: CodePage) -> Result<PostofficeName, Note> {
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let network = part(path.parent().and_then(Path::file_name));
    let name = format!("{network}/{}", part(path.file_stem()));
    let bytes = code_page
        .encode(&name)
        .map_err(|error| damaged(error.to_string()))?;
    PostofficeName::parse(&bytes, code_page)
        .map_err(|error| damaged(format!("{name}: {error}; expected NET/PO.USR")))
}

fn read_usr(
    input: BufReader<File>,
    place: &PostofficeName,
    code_page: CodePage,
    take: &mut Take<'_>,
) -> Result<(), Unread> {
    let list = ListName::new(AddressType::Pcm, Some(place.clone()));
    take(Ok(Listed::plain(Transaction::Replace { list })))?;
    for (record, number) in RecordReader::<_, UsrRecord>::new(input, 0).zip(1_u64..) {
        let record = record.map_err(|error| damaged(format!("record {number}: {error}")))?;
        if !record.state.is_active() {
            continue;
        }
        let entry = place.mailbox_address(record.mailbox.as_bytes(), code_page);
        let entry =
            entry.and_then(|address| ListEntry::new(record.name.as_bytes(), address, code_page));
        take(match entry {
            Ok(entry) => Ok(Listed::plain(Transaction::Add {
                entry,
                info: Vec::new(),
                tokens: Vec::new(),
            })),
            Err(error) => Err(format!("record {number}: {error}")),
        })?;
    }
    Ok(())
}

/// Turns an entry of an LDIF list into what it asks: to be there as it is described.
fn ask_of(entry: Entry) -> Option<Ask> {
    let key = SyncKey::stored(entry.attributes.text(schema::KEY)?);
    let mut attributes = entry.attributes;
    let number = attributes
        .text(schema::SOURCE_SEQ)
        .and_then(|text| text.parse().ok());
    attributes.remove(schema::SOURCE_SEQ);
    attributes.shrink();
    Some(Ask {
        want: Want::Put { key, attributes },
        number,
        notes: Vec::new(),
    })
}
