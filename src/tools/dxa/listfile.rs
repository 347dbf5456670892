//! A list as a file: RESYNC.GLB, the text of `import -x`, a list file of ADMIN (.USR), LDIF (`spec/exchange.md` DX-05).
//!
//! | file | told by | says for itself | speaks for |
//! |---|---|---|---|
//! | RESYNC.GLB | its header | maker, addressee, numbers, an end mark | all lists of its maker |
//! | LDIF | `version:`, `dn:` or a comment | owner, numbers, a count | the container |
//! | text | what is left | nothing | the lists that it names |
//! | `NET/PO.USR` | its name | nothing | the postoffice that it is named after |

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, RecordKind};
use crate::codec::resync::{Ending, ResyncHeader, ResyncReader};
use crate::codec::{RecordReader, UsrRecord};
use crate::directory::entry::Entry;
use crate::directory::import::{Ask, Extent, Want};
use crate::directory::key::SyncKey;
use crate::directory::ldif::{ContainerRecord, List};
use crate::directory::note::Note;
use crate::directory::remote::ImportRules;
use crate::directory::schema;
use crate::importfile::{Block, ByName, Diagnostic, LeftOut, Reader};
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::{Entry as ListEntry, ListName, Transaction};

/// What a list file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    /// Maker, addressee and numbers of a resync file.
    Resync(ResyncHeader),
    /// Owner and numbers of an LDIF list.
    Ldif(Box<ContainerRecord>),
    /// Nothing.
    None,
}

/// What is in a list file.
pub(super) enum Contents {
    /// Transactions, and those records that are none with what is wrong with them.
    Transactions(Vec<Result<Listed, String>>),
    /// Entries.
    Entries(Vec<Entry>),
}

/// One transaction of a list file.
pub(super) enum Listed {
    /// With what its text says beside it.
    Whole(Transaction, LeftOut),
    /// M that gives no address.
    ByName(Box<ByName>),
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
    pub(super) fn ask(&self, rules: ImportRules<'_>) -> Ask {
        match self {
            Self::Whole(transaction, left_out) => Ask::of_text(transaction, left_out, None, rules),
            Self::ByName(by_name) => Ask::by_name(by_name, None, rules),
        }
    }
}

/// A list file, read to its end.
pub(super) struct ListFile {
    pub(super) label: Label,
    pub(super) contents: Contents,
    pub(super) extent: Extent,
    /// Why it is not proven whole.
    pub(super) missing: Option<String>,
}

/// Why a list file is put aside.
#[derive(Debug)]
pub(super) struct Damage(pub(super) Note);

/// Reads a list file.
pub(super) fn read(
    path: &Path,
    code_page: CodePage,
) -> Result<Result<ListFile, Damage>, ToolError> {
    let unreadable =
        |error| ToolError::new(ExitCode::NotFound, path.display().to_string()).caused_by(error);
    let file = File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    file.take(64).read_to_end(&mut head).map_err(unreadable)?;
    let file = || File::open(path).map(BufReader::new).map_err(unreadable);
    let is_usr = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("usr"));
    Ok(if is_usr {
        read_usr(path, file()?, code_page)
    } else if is_ldif(&head) {
        read_ldif(file()?)
    } else if head
        .iter()
        .take(24)
        .any(|&b| b < b' ' && !b"\t\r\n\x1a".contains(&b))
    {
        read_resync(file()?, code_page)
    } else {
        Ok(read_text(file()?, code_page).map_err(unreadable)?)
    })
}

fn is_ldif(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let begins =
        |word: &[u8]| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word);
    begins(b"version:") || begins(b"dn:")
}

fn damaged(text: impl Into<String>) -> Damage {
    Damage(Note::new(Reason::ListDamaged, text))
}

fn read_resync(input: impl Read, code_page: CodePage) -> Result<ListFile, Damage> {
    let mut reader =
        ResyncReader::new(input, &Framing::OURS).map_err(|e| damaged(e.to_string()))?;
    let label = Label::Resync(reader.header().clone());
    let mut transactions = Vec::new();
    let mut framed = Framed::default();
    let mut number = 1_u64;
    loop {
        match reader.read(&mut framed) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(damaged(error.to_string())),
        }
        number += 1;
        if framed.record.kind == RecordKind::Transaction {
            let block = Block::of_queue_text(&framed.record.text, code_page);
            let why = |m: &Diagnostic| {
                let (found, expected) = (&m.found, m.expected);
                format!("record {number}: found {found}, expected {expected}")
            };
            transactions.extend(Listed::of(block, why));
        }
    }
    let is_whole = matches!(reader.ending(), Some(Ending::Whole(_)));
    Ok(ListFile {
        label,
        contents: Contents::Transactions(transactions),
        extent: Extent::List { is_whole },
        missing: (!is_whole).then(|| "no end mark".to_owned()),
    })
}

fn read_text(input: BufReader<File>, code_page: CodePage) -> std::io::Result<ListFile> {
    let mut transactions = Vec::new();
    for block in Reader::new(input, code_page) {
        let why = |m: &Diagnostic| {
            format!(
                "line {}: found {}, expected {}",
                m.line, m.found, m.expected
            )
        };
        transactions.extend(Listed::of(block?, why));
    }
    Ok(ListFile {
        label: Label::None,
        contents: Contents::Transactions(begin_lists(transactions, code_page)),
        extent: Extent::Updates { is_whole: true },
        missing: None,
    })
}

/// Puts an R in front for every list that a text without any names: it is what `import -x` says of them.
fn begin_lists(
    transactions: Vec<Result<Listed, String>>,
    code_page: CodePage,
) -> Vec<Result<Listed, String>> {
    let mut lists: Vec<ListName> = Vec::new();
    for listed in transactions.iter().flatten() {
        let list = match listed {
            Listed::Whole(
                transaction @ (Transaction::Add { .. } | Transaction::Template { .. }),
                _,
            ) => transaction.list(),
            _ => return transactions,
        };
        if !lists.iter().any(|known| known.is_same(&list, code_page)) {
            lists.push(list);
        }
    }
    let begun = lists
        .into_iter()
        .map(|list| Ok(Listed::plain(Transaction::Replace { list })));
    begun.chain(transactions).collect()
}

/// `in/NAME/NET/PO.USR`: the folder says the network, the file the postoffice.
fn read_usr(path: &Path, input: BufReader<File>, code_page: CodePage) -> Result<ListFile, Damage> {
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let network = part(path.parent().and_then(Path::file_name));
    let name = format!("{network}/{}", part(path.file_stem()));
    let bytes = code_page
        .encode(&name)
        .map_err(|error| damaged(error.to_string()))?;
    let place = PostofficeName::parse(&bytes, code_page)
        .map_err(|error| damaged(format!("{name}: {error}; expected NET/PO.USR")))?;
    let list = ListName::new(AddressType::Pcm, Some(place.clone()));
    let mut transactions = vec![Ok(Listed::plain(Transaction::Replace { list }))];
    for (record, number) in RecordReader::<_, UsrRecord>::new(input, 0).zip(1_u64..) {
        let record = record.map_err(|error| damaged(format!("record {number}: {error}")))?;
        if !record.state.is_active() {
            continue;
        }
        let entry = place.mailbox_address(record.mailbox.as_bytes(), code_page);
        let entry =
            entry.and_then(|address| ListEntry::new(record.name.as_bytes(), address, code_page));
        transactions.push(match entry {
            Ok(entry) => Ok(Listed::plain(Transaction::Add {
                entry,
                info: Vec::new(),
                tokens: Vec::new(),
            })),
            Err(error) => Err(format!("record {number}: {error}")),
        });
    }
    Ok(ListFile {
        label: Label::None,
        contents: Contents::Transactions(transactions),
        extent: Extent::Updates { is_whole: true },
        missing: None,
    })
}

fn read_ldif(input: BufReader<File>) -> Result<ListFile, Damage> {
    let list = List::read_from(input)
        .map_err(|error| Damage(Note::new(error.reason(), error.to_string())))?;
    let entries = list.entries.into_iter().map(|located| located.record);
    Ok(ListFile {
        label: Label::Ldif(Box::new(list.container)),
        contents: Contents::Entries(entries.collect()),
        extent: Extent::List { is_whole: true },
        missing: None,
    })
}

/// Turns an entry of an LDIF list into what it asks: to be there as it is described.
pub(super) fn ask_of(entry: Entry) -> Option<Ask> {
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
