//! Damaged list files: every cut, every flipped byte, random bytes. No panic, no hang, memory bounded by the input,
//! errors that name record and byte; and what decodes encodes to the same bytes.

use std::fmt::Debug;
use std::io::{self, Read};

use dirsync::codec::codepage::CodePage;
use dirsync::codec::folder::{FolderHead, FolderIndex, FolderRecord};
use dirsync::codec::galnetpo::{GalStamp, GalnetpoHeader};
use dirsync::codec::mai::{Elements, MaiAddress, decipher, reference_count};
use dirsync::codec::misc::{GlobalFile, ModemFile, ServerRecord, ServerTable, SortTable};
use dirsync::codec::msgfile::{MessageFile, MessageSlot};
use dirsync::codec::template::InfReader;
use dirsync::codec::{
    Access2Record, Access3Record, AccessRecord, CodecError, GalIndexEntry, GalIndexHeader,
    GatewayFile, GatewayRecord, GroupRecord, GroupTable, GrpMemRecord, GrpMemTable, GrpMember,
    GrpTable, InfLayout, KeyFile, MbgRecord, MemFile, NetpoRecord, NetpoTable, NetworkRecord,
    NmeRecord, OwnFile, Record, RecordReader, Table, Template, UsrRecord, XtnRecord,
};
use proptest::prelude::*;

/// Every record type of the list files, each for one call.
macro_rules! each_record {
    ($check:ident($($argument:expr),*)) => {
        $check::<Access2Record>($($argument),*);
        $check::<Access3Record>($($argument),*);
        $check::<AccessRecord>($($argument),*);
        $check::<FolderHead>($($argument),*);
        $check::<FolderRecord>($($argument),*);
        $check::<GalIndexEntry>($($argument),*);
        $check::<GalIndexHeader>($($argument),*);
        $check::<GalStamp>($($argument),*);
        $check::<GalnetpoHeader>($($argument),*);
        $check::<GlobalFile>($($argument),*);
        $check::<GroupRecord>($($argument),*);
        $check::<GrpMemRecord>($($argument),*);
        $check::<GrpMember>($($argument),*);
        $check::<KeyFile>($($argument),*);
        $check::<MbgRecord>($($argument),*);
        $check::<MessageSlot>($($argument),*);
        $check::<ModemFile>($($argument),*);
        $check::<NetpoRecord>($($argument),*);
        $check::<NetworkRecord>($($argument),*);
        $check::<NmeRecord>($($argument),*);
        $check::<ServerRecord>($($argument),*);
        $check::<SortTable>($($argument),*);
        $check::<UsrRecord>($($argument),*);
        $check::<XtnRecord>($($argument),*);
    };
}

/// What decodes must encode to the same bytes; what does not must say where.
fn comes_back_or_says_where<T: Record + PartialEq + Debug>(bytes: &[u8]) {
    match T::decode(bytes) {
        Ok(record) => {
            let mut again = vec![0x5a; T::LEN];
            record.encode(&mut again);
            assert_eq!(again, bytes);
        }
        Err(error) => assert!(error.to_string().contains("byte 0x"), "{error}"),
    }
}

fn sample<T: Record>() -> Vec<u8> {
    (0..T::LEN).map(|_| b'0').collect()
}

fn every_cut_is_an_error<T: Record + PartialEq + Debug>() {
    let bytes = sample::<T>();
    for len in 0..T::LEN {
        let error = T::decode(&bytes[..len]).unwrap_err();
        assert!(matches!(error, CodecError::Truncated { have, .. } if have == len as u64));
        let file = [&bytes[..], &bytes[..len]].concat();
        let last = RecordReader::<_, T>::new(&file[..], 4).last().unwrap();
        if len > 0 {
            let at = format!("record 2 at byte {:#x}: ", 4 + T::LEN);
            let error = last.unwrap_err().to_string();
            assert!(error.starts_with(&at), "{error}");
        }
    }
    let long = [&bytes[..], &[0]].concat();
    assert!(T::decode(&long).is_err());
}

fn every_byte_may_be_flipped<T: Record + PartialEq + Debug>() {
    for fill in [0, b'0', 0xff] {
        let mut bytes = vec![fill; T::LEN];
        for at in 0..T::LEN {
            for flip in [0x01, 0x80, 0xff] {
                bytes[at] ^= flip;
                comes_back_or_says_where::<T>(&bytes);
                bytes[at] ^= flip;
            }
        }
    }
}

#[test]
fn a_record_cut_anywhere_is_an_error_with_its_byte() {
    each_record!(every_cut_is_an_error());
}

#[test]
fn a_record_with_any_byte_flipped_comes_back_or_is_an_error() {
    each_record!(every_byte_may_be_flipped());
}

fn random_record<T: Record + PartialEq + Debug>(bytes: &[u8]) {
    let record: Vec<u8> = bytes.iter().copied().cycle().take(T::LEN).collect();
    comes_back_or_says_where::<T>(&record);
    let _: Result<T, _> = T::decode(bytes);
}

/// Gives at most three bytes per call.
struct Short<'a>(&'a [u8]);

impl Read for Short<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(3);
        self.0.read(&mut buffer[..len])
    }
}

fn table_comes_back<const BASE: usize, T: Record>(bytes: &[u8])
where
    Table<BASE, T>: PartialEq + Debug,
{
    let short = Table::<BASE, T>::read_from(Short(bytes));
    match Table::<BASE, T>::read_from(bytes) {
        Ok(table) => {
            let mut again = Vec::new();
            table.write_to(&mut again).unwrap();
            assert_eq!(again, bytes);
            assert_eq!(short.unwrap(), table);
        }
        Err(error) => assert_eq!(short.unwrap_err().to_string(), error.to_string()),
    }
}

fn gateway_comes_back(bytes: &[u8]) {
    let short = GatewayFile::read_from(Short(bytes));
    match GatewayFile::read_from(bytes) {
        Ok(file) => {
            let mut again = Vec::new();
            file.write_to(&mut again).unwrap();
            assert_eq!(again, bytes);
            assert_eq!(short.unwrap(), file);
            for (offset, record) in file.iter() {
                assert_eq!(file.at(offset), Some(record));
            }
        }
        Err(error) => assert_eq!(short.unwrap_err().to_string(), error.to_string()),
    }
}

fn gateway_sample() -> Vec<u8> {
    let mut file = GatewayFile::default();
    for address in [
        &b"Sue Smith\rBldg 2\rContoso\r555\r"[..],
        b"",
        b"sue@example.com",
    ] {
        let address = address.into();
        file.push(GatewayRecord { tid: 7, address }).unwrap();
    }
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_gateway_file_cut_or_flipped_comes_back_or_is_an_error() {
    let sample = gateway_sample();
    let whole: Vec<_> = GatewayFile::read_from(&sample[..])
        .unwrap()
        .iter()
        .map(|(offset, _)| offset as usize)
        .chain([sample.len()])
        .collect();
    for len in 0..sample.len() {
        let read = GatewayFile::read_from(&sample[..len]);
        assert_eq!(read.is_ok(), whole.contains(&len), "cut at {len}");
        gateway_comes_back(&sample[..len]);
    }
    for at in 0..sample.len() {
        let mut bytes = sample.clone();
        bytes[at] ^= 0xff;
        gateway_comes_back(&bytes);
    }
}

#[test]
fn a_claimed_length_allocates_nothing_that_is_not_there() {
    // Claims of 2^32 - 1 lists and marks; only what stands in the file may be read.
    let mut own = b"DSYNCOWN\x01\0\0\0\x07\0\0\0\xff\xff\xff\xff\x01\0L\xff\xff\xff\xff".to_vec();
    let error = OwnFile::read_from(&own[..]).unwrap_err().to_string();
    assert_eq!(error, "byte 0x1b: file ends inside name: 0 of 2 bytes");
    own.extend([0xff; 64]);
    let error = OwnFile::read_from(&own[..]).unwrap_err().to_string();
    assert_eq!(
        error,
        "byte 0x1b: name: found 65535 bytes, expected at most 1024"
    );

    let element = [0x7f, 0x84, 0xff, 0xff, 0xff, 0xff, 1];
    assert!(Elements::new(&element, 0).next().unwrap().is_err());
}

#[test]
fn a_chain_of_members_always_ends() {
    // All chains of three records with every pointer a record could hold.
    let offsets = [0, 8, 16, 24, 32, 5, u32::MAX];
    for a in offsets {
        for b in offsets {
            for c in offsets {
                let member = |next| GrpMember { tid: 1, next };
                let table = GrpTable {
                    header: [0; 8],
                    records: vec![member(a), member(b), member(c)],
                };
                if let Ok(members) = table.members(8) {
                    assert!(members.len() <= 3);
                }
            }
        }
    }
}

fn mai_is_walked(bytes: &[u8]) {
    let mut open = vec![Elements::new(bytes, 0)];
    let mut seen = 0;
    while let Some(elements) = open.pop() {
        for element in elements {
            seen += 1;
            match element {
                Ok(element) => {
                    assert!(element.contents.len() < bytes.len());
                    open.push(element.children());
                    let _: Option<u32> = element.integer();
                    if let Some(text) = element.text() {
                        let _: Result<MaiAddress, _> = MaiAddress::decode(&text);
                    }
                }
                Err(error) => assert!(error.to_string().contains("byte 0x"), "{error}"),
            }
        }
    }
    assert!(seen <= bytes.len() * bytes.len());
}

fn template_comes_back(bytes: &[u8], page: CodePage) {
    match Template::decode(bytes, page) {
        Ok(template) => {
            let stored = template.encode();
            assert_eq!(Template::decode(&stored, page).unwrap(), template);
            let fields = template.fields().to_vec();
            assert_eq!(Template::new(fields, page).unwrap(), template);
        }
        Err(error) => assert!(error.to_string().contains("byte 0x"), "{error}"),
    }
}

#[test]
fn a_template_cut_or_flipped_comes_back_or_is_an_error() {
    let sample = b"Alias:~9~30~ULNP~~\rSurname:~15~10~ULP~Lastname~\r";
    for page in [CodePage::Cp850, CodePage::Cp932] {
        for at in 0..sample.len() {
            template_comes_back(&sample[..at], page);
            for byte in 0..=u8::MAX {
                let mut bytes = sample.to_vec();
                bytes[at] = byte;
                template_comes_back(&bytes, page);
            }
        }
    }
}

#[test]
fn a_mailbox_sample_cut_or_flipped_is_walked() {
    // A message of two recipients after the dump of Q104423.
    let sample = b"\x4c\x2d\x05\x02\x14ZeWY\x0ePthlT\x18e8q)|\xb4\xd5\xb3\xf8\x02\x14ZeWY\x0ePthlT\x18e9y(}\xb5\xd4\xb2\xf9\x00";
    for at in 0..sample.len() {
        mai_is_walked(&sample[..at]);
        for byte in 0..=u8::MAX {
            let mut bytes = sample.to_vec();
            bytes[at] = byte;
            mai_is_walked(&bytes);
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 1..1500)) {
        each_record!(random_record(&bytes));
        table_comes_back::<4, NetpoRecord>(&bytes);
        table_comes_back::<4, GroupRecord>(&bytes);
        table_comes_back::<4, GrpMemRecord>(&bytes);
        table_comes_back::<8, GrpMember>(&bytes);
        table_comes_back::<100, FolderRecord>(&bytes);
        table_comes_back::<0, ServerRecord>(&bytes);
        table_comes_back::<0, MessageSlot>(&bytes);
        gateway_comes_back(&bytes);
        mai_is_walked(&bytes);
        let _: Result<u16, _> = reference_count(&bytes);
        let _: Result<MaiAddress, _> = MaiAddress::decode(&bytes);
        let mut text = bytes.clone();
        decipher(&mut text);
        template_comes_back(&bytes, CodePage::Cp932);
        prop_assert!(OwnFile::read_from(&bytes[..]).is_err());
        if let Ok(file) = MemFile::read_from(&bytes[..]) {
            let mut again = Vec::new();
            file.write_to(&mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn whole_tables_come_back(
        header in any::<[u8; 4]>(),
        records in prop::collection::vec(prop::collection::vec(any::<u8>(), 43), 0..20),
        deletes in prop::collection::vec(0_usize..25, 0..20),
    ) {
        let mut bytes = header.to_vec();
        bytes.extend(records.concat());
        table_comes_back::<4, NetpoRecord>(&bytes);
        // Whatever the delete chain says, no record in use is overwritten.
        let mut table = NetpoTable::read_from(&bytes[..]).unwrap();
        for index in deletes {
            let live = table.records.iter().filter(|r| r.state.is_active()).count();
            if index % 2 == 0 {
                let deleted = table.delete(NetpoTable::offset_of(index).unwrap());
                let left = table.records.iter().filter(|r| r.state.is_active()).count();
                prop_assert_eq!(left, live - usize::from(deleted));
            } else {
                let mut record = table.records.first().copied().unwrap_or_default();
                record.state = dirsync::codec::RecordState::Active;
                let offset = table.insert(record).unwrap();
                prop_assert_eq!(table.at(offset), Some(&record));
                let left = table.records.iter().filter(|r| r.state.is_active()).count();
                prop_assert_eq!(left, live + 1);
            }
        }
    }

    #[test]
    fn details_come_back_as_they_stand(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let template = Template::decode(b"A:~1~7~A~~\rB:~1~1~N~~\r", CodePage::Cp850).unwrap();
        let layout = InfLayout::from(&template);
        let mut reader = InfReader::new(Short(&bytes), &layout);
        let (mut record, mut all) = (Vec::new(), Vec::new());
        let error = loop {
            match reader.read(&mut record) {
                Ok(true) => {
                    prop_assert_eq!(layout.values(&record).count(), 2);
                    all.extend_from_slice(&record);
                }
                Ok(false) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        let whole = bytes.len() / 10 * 10;
        prop_assert_eq!(&all[..], &bytes[..whole]);
        prop_assert_eq!(error.is_some(), whole < bytes.len());
        prop_assert_eq!(layout.record_count(bytes.len() as u64).is_err(), whole < bytes.len());
    }

    #[test]
    fn marks_come_back(
        generation in any::<u32>(),
        marks in prop::collection::btree_map(
            prop::collection::vec(any::<u8>(), 0..6),
            prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..31), 0..9),
            0..5,
        ),
    ) {
        let file = OwnFile { generation, marks };
        let mut bytes = Vec::new();
        file.write_to(&mut bytes).unwrap();
        prop_assert_eq!(OwnFile::read_from(Short(&bytes)).unwrap(), file);
    }
}

#[test]
fn tables_end_with_their_input() {
    table_comes_back::<4, GroupRecord>(&[0; 4 + 2 * 51]);
    assert_eq!(
        FolderIndex::read_from(&[0; 100][..]).unwrap(),
        FolderIndex::default()
    );
    assert_eq!(
        ServerTable::read_from(&[][..]).unwrap(),
        ServerTable::default()
    );
    assert_eq!(
        MessageFile::read_from(&[0; 256][..]).unwrap().records.len(),
        2
    );
    assert_eq!(
        GroupTable::read_from(&[0; 4][..]).unwrap(),
        GroupTable::default()
    );
    assert_eq!(
        GrpMemTable::read_from(&[0; 4][..]).unwrap(),
        GrpMemTable::default()
    );
}
