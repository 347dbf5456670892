//! The lists of other postoffices and of gateways, read entry by entry.

use std::io::Read;

use super::names::{Duplicates, Named, Names, Several, is_unended};
use super::places::Places;
use super::reader::{Reader, Seen};
use super::tids::Tids;
use crate::codec::codepage::CodePage;
use crate::codec::{
    FixedText, GatewayReader, HexId, InfLayout, NmeRecord, Record, RecordState, Template, UsrRecord,
};
use crate::diagnosis::finding::Place;
use crate::postoffice::{File, layout};

/// The most bytes a template file is read of; `MAX_FIELDS` lines are far below.
const MAX_TEMPLATE_LEN: u64 = 1 << 20;

/// One list.
#[derive(Debug, Clone)]
pub struct List {
    /// Its file.
    pub file: File,
    /// Whose it is, `PCM:NET/PO` or the type of a gateway, in the code page.
    pub owner: Vec<u8>,
    /// Whether the file is there.
    pub exists: bool,
    /// Whether it could be read to its end.
    pub is_whole: bool,
    /// Records in the file, deleted ones too.
    pub record_count: u64,
    /// What its names say.
    pub names: Names,
    /// Entries without a mailbox.
    pub without_mailbox: Several<Named>,
    /// Records that are neither in use nor deleted.
    pub unknown_states: Several<(Place, u8)>,
    /// What belongs to a gateway alone.
    pub gateway: Option<Gateway>,
    /// Template and template information of a postoffice.
    pub template: Information,
}

/// Template information and what it should fit.
#[derive(Debug, Clone, Default)]
pub struct Information {
    /// Bytes of one record by the template; none without a template that can be used.
    pub record_len: Option<usize>,
    /// Whether there is a template file, usable or not.
    pub has_template: bool,
    /// Bytes of the `.INF`; none without one.
    pub len: Option<u64>,
}

/// What a gateway list says of its addresses.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// The file of the addresses.
    pub file: Option<File>,
    /// Names whose pointer leads to no address, or to an empty one.
    pub without_address: Several<Named>,
    /// Addresses that no name points to, with their byte.
    pub without_name: Several<u64>,
    /// TIDs of its entries, sorted.
    pub tids: Vec<u32>,
}

impl List {
    fn new(file: File, owner: Vec<u8>, exists: bool) -> Self {
        Self {
            file,
            owner,
            exists,
            is_whole: false,
            record_count: 0,
            names: Names::default(),
            without_mailbox: Several::default(),
            unknown_states: Several::default(),
            gateway: None,
            template: Information::default(),
        }
    }
}

/// Reads every list that belongs to a postoffice, node or gateway.
pub(super) fn read(
    reader: &mut Reader<'_>,
    places: &Places,
    code_page: CodePage,
    tids: &mut Tids,
) -> Vec<List> {
    let mut lists = Vec::new();
    for (network, postoffice) in places.all() {
        let Some(stem) = postoffice.record.mailbag.id() else {
            continue;
        };
        let owner = network.name_of(postoffice);
        let owner = [owner.network(), owner.postoffice()].join(&b'/');
        lists.push(read_usr(reader, stem, owner, code_page, tids));
    }
    for kind in places.gateway_types() {
        lists.extend(read_gateway(reader, kind.token(), code_page, tids));
    }
    lists
}

fn read_usr(
    reader: &mut Reader<'_>,
    stem: HexId,
    owner: Vec<u8>,
    code_page: CodePage,
    tids: &mut Tids,
) -> List {
    let file = File::usr(stem);
    let mut list = List::new(file.clone(), owner, reader.files.has(&file));
    let read = reader.each(&file, 0, |number, byte, record: UsrRecord| {
        list.record_count = number;
        let place = Place::record(number, byte);
        match record.state {
            RecordState::Active => {}
            RecordState::Deleted => return,
            RecordState::Other(state) => return list.unknown_states.add((place, state)),
        }
        list.names.take(place, &record.name, code_page);
        if is_unended(&record.mailbox) {
            list.names.unended.add((place, "mailbox"));
        } else if record.mailbox.is_empty() {
            list.without_mailbox.add(named(place, &record.name));
        }
        tids.take(&file, number, record.tid);
    });
    list.is_whole = read != Seen::Unusable;
    if list.names.is_disordered() {
        find_duplicates::<UsrRecord>(reader, &file, &mut list.names, code_page, |record| {
            record.state.is_active().then_some(record.name)
        });
    }
    list.template = read_information(reader, &File::tpl(stem), &File::inf(stem), code_page);
    list
}

fn read_gateway(
    reader: &mut Reader<'_>,
    kind: &str,
    code_page: CodePage,
    tids: &mut Tids,
) -> Option<List> {
    let file = File::gateway_nme(kind).ok()?;
    let addresses_file = File::gateway_glb(kind).ok()?;
    let addresses = Addresses::read(reader, &addresses_file);
    let mut list = List::new(file.clone(), kind.into(), reader.files.has(&file));
    let mut gateway = Gateway {
        file: Some(addresses_file),
        ..Gateway::default()
    };
    let mut addresses = match addresses {
        Seen::Whole(addresses) => Some(addresses),
        Seen::Absent => Some(Addresses::default()),
        Seen::Unusable => None,
    };
    let read = reader.each(&file, 0, |number, byte, record: NmeRecord| {
        list.record_count = number;
        let place = Place::record(number, byte);
        list.names.take(place, &record.name, code_page);
        tids.take(&file, number, record.tid);
        gateway.tids.push(record.tid);
        let Some(addresses) = &mut addresses else {
            return;
        };
        if !addresses.point(record.pointer) {
            gateway.without_address.add(named(place, &record.name));
        }
    });
    if list.names.is_disordered() {
        find_duplicates::<NmeRecord>(reader, &file, &mut list.names, code_page, |record| {
            Some(record.name)
        });
    }
    gateway.tids.sort_unstable();
    list.is_whole = read != Seen::Unusable;
    // Without all names it is not known which addresses none points to.
    if list.is_whole {
        let unnamed = addresses.iter().flat_map(Addresses::unnamed);
        unnamed.for_each(|offset| gateway.without_name.add(u64::from(offset)));
    }
    list.gateway = Some(gateway);
    Some(list)
}

/// Where the addresses of a gateway begin: five bytes for each, however long it is.
#[derive(Debug, Default)]
struct Addresses {
    offsets: Vec<u32>,
    marks: Vec<u8>,
}

impl Addresses {
    const EMPTY: u8 = 1;
    const NAMED: u8 = 2;

    fn read(reader: &mut Reader<'_>, file: &File) -> Seen<Self> {
        reader.value(file, |input| {
            let mut records = GatewayReader::new(input)?;
            let mut addresses = Self::default();
            while let Some((offset, record)) = records.read()? {
                addresses.offsets.push(offset);
                let is_empty = record.address.is_empty();
                addresses.marks.push(if is_empty { Self::EMPTY } else { 0 });
            }
            Ok(addresses)
        })
    }

    /// Notes that a name leads to a byte; false where no address with text begins there.
    fn point(&mut self, pointer: u32) -> bool {
        let Ok(index) = self.offsets.binary_search(&pointer) else {
            return false;
        };
        self.marks[index] |= Self::NAMED;
        self.marks[index] & Self::EMPTY == 0
    }

    /// Returns the offsets of addresses that no name leads to.
    fn unnamed(&self) -> impl Iterator<Item = u32> {
        let all = self.offsets.iter().zip(&self.marks);
        all.filter(|(_, mark)| **mark & Self::NAMED == 0)
            .map(|(offset, _)| *offset)
    }
}

/// Reads a list out of order twice more for its duplicates.
pub(super) fn find_duplicates<T: Record>(
    reader: &mut Reader<'_>,
    file: &File,
    names: &mut Names,
    code_page: CodePage,
    name_of: impl Fn(&T) -> Option<FixedText<31>>,
) {
    let faults = reader.faults.clone();
    let mut duplicates = Duplicates::default();
    reader.each(file, 0, |_, _, record: T| {
        if let Some(name) = name_of(&record) {
            duplicates.note(&name, code_page);
        }
    });
    duplicates.settle();
    names.duplicates = Several::default();
    reader.each(file, 0, |number, byte, record: T| {
        let Some(name) = name_of(&record) else { return };
        if duplicates.confirm(&name, code_page) {
            names
                .duplicates
                .add(named(Place::record(number, byte), &name));
        }
    });
    // What is wrong in the file was said in the first pass.
    reader.faults = faults;
}

/// Reads a template and the size of the information that belongs to it.
pub(super) fn read_information(
    reader: &mut Reader<'_>,
    template: &File,
    information: &File,
    code_page: CodePage,
) -> Information {
    let has_template = reader.files.len(template).is_some_and(|len| len > 0);
    let mut found = Information {
        record_len: None,
        has_template,
        len: reader.files.len(information),
    };
    if has_template {
        let read = reader.value(template, |input| {
            let mut bytes = Vec::new();
            input.take(MAX_TEMPLATE_LEN).read_to_end(&mut bytes)?;
            Template::decode(&bytes, code_page)
        });
        found.record_len = read
            .whole()
            .map(|template| InfLayout::from(template).record_len());
    }
    found
}

/// Reads the template of the own users.
pub(super) fn read_own_information(reader: &mut Reader<'_>, code_page: CodePage) -> Information {
    read_information(reader, &layout::ADMIN_TPL, &layout::ADMIN_INF, code_page)
}

pub(super) fn named(place: Place, name: &FixedText<31>) -> Named {
    Named {
        place,
        name: name.as_bytes().to_vec(),
    }
}
