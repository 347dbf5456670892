//! Mailbags, messages and folders.

use dirsync::codec::folder::{FolderHead, FolderKind};
use dirsync::codec::mai::{
    ElementHeader, Elements, MaiAddress, decipher, directory_digit, encipher, reference_count,
    set_reference_count,
};
use dirsync::codec::mailbag::MAX_MAILBAG_RECORDS;
use dirsync::codec::{AliasKind, HexId, KeyFile, MbgRecord, Record};

use super::{at, encoded, hex, list, number, text, vector};

#[test]
fn hashed_directory_is_the_last_digit() {
    for entry in list(vector("hashed_directory")) {
        let (stem, extension) = text(&entry["file"]).split_once('.').unwrap();
        let id = HexId::parse(stem.as_bytes()).unwrap();
        let directory = match extension {
            "MAI" => format!("MAI/MA{}", directory_digit(id)),
            "att" => format!("ATT/AT{}", directory_digit(id)),
            other => panic!("{other}"),
        };
        assert_eq!(directory, text(&entry["dir"]));
    }
}

#[test]
fn key_file_of_zeroes_is_an_empty_mailbag() {
    let vector = vector("key_file");
    let empty = vec![hex(&vector["empty"]["fill"])[0]; at(&vector["empty"]["len"])];
    let key = KeyFile::decode(&empty).unwrap();
    assert_eq!(key, KeyFile::default());
    assert_eq!(key.deleted.iter(u16::MAX).count(), 0);
    assert_eq!(
        at(&vector["bitmap"]["bytes"]) * 8,
        at(&vector["bitmap"]["max_records"])
    );
    assert_eq!(
        at(&vector["bitmap"]["max_records"]),
        usize::from(MAX_MAILBAG_RECORDS)
    );
}

#[test]
fn mbg_records_decode() {
    let vector = vector("mbg");
    assert_eq!(at(&vector["record"]), MbgRecord::LEN);
    for entry in list(&vector["records"]) {
        let bytes = hex(&entry["hex"]);
        let record = MbgRecord::decode(&bytes).unwrap();
        let decoded = &entry["decoded"];
        assert_eq!(
            record.sender.as_bytes(),
            text(&decoded["sender"]).as_bytes()
        );
        assert_eq!(
            record.subject.as_bytes(),
            text(&decoded["subject"]).as_bytes()
        );
        for (field, name) in [
            (record.minute, "minute"),
            (record.hour, "hour"),
            (record.day, "day"),
            (record.month, "month"),
            (record.year, "year"),
        ] {
            assert_eq!(u64::from(field), number(&decoded[name]), "{name}");
        }
        assert_eq!(
            record.mai.id().unwrap().to_string(),
            text(&decoded["mai_id"])
        );
        assert_eq!(u64::from(record.message_len), number(&decoded["at_4e_u32"]));
        assert!(!record.unknown_52.is_zero());
        assert_eq!(encoded(&record), bytes);
    }
}

#[test]
fn mai_reference_counter_is_little_endian() {
    for entry in list(&vector("mai")["refcount"]) {
        let mut head = vec![0; 11];
        head.extend(hex(&entry["hex"]));
        let count = reference_count(&head).unwrap();
        assert_eq!(u64::from(count), number(&entry["u16"]));
        let mut again = vec![0; 13];
        set_reference_count(&mut again, count).unwrap();
        assert_eq!(again, head);
    }
}

#[test]
fn mai_dump_reads_as_elements() {
    let vector = vector("mai");
    let dump = hex(&vector["dump"]["hex"]);
    let start = at(&vector["dump"]["file_offset"]);
    assert_eq!(dump.len(), at(&vector["dump"]["len"]));
    let expected = list(&vector["elements"]);
    let first = at(&expected[0]["offset"]);
    let mut elements = Elements::new(&dump[first - start..], first as u64);
    for entry in &expected[..4] {
        let element = elements.next().unwrap().unwrap();
        assert_eq!(element.offset, number(&entry["offset"]));
        let tag = u8::from_str_radix(&text(&entry["tag"])[..2], 16).unwrap();
        assert_eq!(element.header.id, tag);
        let qualifier = u8::from_str_radix(&text(&entry["qualifier"])[..2], 16).unwrap();
        assert_eq!(element.header.qualifier, Some(qualifier));
        let inner: Vec<_> = element.children().map(Result::unwrap).collect();
        assert_eq!(inner.len(), 1);
        match entry.get("integer_le") {
            Some(value) => {
                assert_eq!(element.header.id, ElementHeader::VENDOR);
                assert_eq!(inner[0].integer().map(u64::from), Some(number(value)));
            }
            None => {
                assert_eq!(qualifier, ElementHeader::FROM);
                assert_eq!(element.header.contents_len + 1, at(&entry["length"]));
                let from = MaiAddress::decode(&inner[0].text().unwrap()).unwrap();
                assert_eq!(*from.address, *b"NET1/DATA3/Admin");
                assert_eq!(from.name.as_deref(), Some(&b"Administrator"[..]));
            }
        }
    }
    // The field To has 300 recipients; the dump ends inside the third.
    let to = &expected[4];
    let rest = &dump[at(&to["offset"]) - start..];
    let header = ElementHeader::decode(rest, number(&to["offset"])).unwrap();
    assert_eq!(
        (header.id, header.qualifier),
        (ElementHeader::FIELD, Some(ElementHeader::TO))
    );
    assert_eq!(header.contents_len + 1, at(&to["length"]));
    assert_eq!(
        header.contents_len,
        22 * usize::from(reference_count_of(&dump, start))
    );
    let mut recipients = Elements::new(&rest[header.header_len..], number(&to["offset"]) + 5);
    for mailbox in ["NET1/DATA3/300", "NET1/DATA3/299"] {
        let string = recipients.next().unwrap().unwrap();
        let address = MaiAddress::decode(&string.text().unwrap()).unwrap();
        assert_eq!(*address.address, *mailbox.as_bytes());
        assert_eq!(address.name, None);
    }
    let end = recipients.next().unwrap().unwrap_err().to_string();
    assert_eq!(
        end,
        "byte 0x7a: file ends inside an element: 17 of 22 bytes"
    );
    assert_eq!(
        elements.next().unwrap().unwrap_err().to_string(),
        "byte 0x49: file ends inside an element: 66 of 6605 bytes"
    );
}

fn reference_count_of(dump: &[u8], start: usize) -> u16 {
    let mut head = vec![0; start];
    head.extend(dump);
    reference_count(&head).unwrap()
}

#[test]
fn mai_string_cipher_reads_and_writes_all_samples() {
    let cipher = &vector("mai")["string_cipher"];
    let pairs = list(&cipher["pairs"]);
    assert_eq!(
        pairs.len(),
        4,
        "the third recipient was not used to find the key"
    );
    for (index, pair) in pairs.iter().enumerate() {
        let (ciphertext, plain) = (hex(&pair["cipher"]), hex(&pair["plain"]));
        let mut bytes = ciphertext.clone();
        decipher(&mut bytes);
        assert_eq!(bytes, plain);
        encipher(&mut bytes);
        assert_eq!(bytes, ciphertext);
        match MaiAddress::decode(&plain) {
            Ok(address) => {
                assert_eq!(address.kind, AliasKind::External);
                assert_eq!(address.encode(), plain);
            }
            Err(error) => {
                assert_eq!(index, 3, "only the sample that is cut is no whole address");
                assert_eq!(
                    error.to_string(),
                    "byte 0x0: file ends inside an address: 15 of 16 bytes"
                );
            }
        }
    }
}

#[test]
fn fld_type_stands_at_49() {
    let vector = vector("fld");
    let mut bytes = vec![0; at(&vector["new_file_size"])];
    let edit = &vector["edit"];
    assert_eq!(edit["offset"], vector["type_offset"]);
    for (value, kind, meaning) in [
        ("before", FolderKind::Group, "group"),
        ("after", FolderKind::Shared, "shared"),
    ] {
        bytes[at(&edit["offset"])] = hex(&edit[value])[0];
        let folder = FolderHead::decode(&bytes).unwrap();
        assert_eq!(folder.kind, kind);
        assert_eq!(vector["values"][kind.as_byte().to_string()], meaning);
        assert_eq!(encoded(&folder), bytes);
    }
}
