use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::address::{Address, AddressType};
use crate::importfile::Reader;
use crate::importfile::strategies::{CP, address, transaction};

fn written(transactions: &[Transaction]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for transaction in transactions {
        writer.write(transaction).expect("writing to memory");
    }
    writer.finish().expect("writing to memory")
}

fn read_back(text: &[u8]) -> Vec<Transaction> {
    Reader::new(text, CP)
        .map(|block| {
            let block = block.expect("reading a slice");
            assert_eq!(block.messages, [], "{}", block.raw.escape_ascii());
            block.transaction.expect("no message, so a transaction")
        })
        .collect()
}

fn entry(name: &[u8], address: &[u8]) -> Entry {
    let address = Address::parse(address, CP).expect("an address");
    Entry::new(name, address, CP).expect("a name")
}

#[test]
fn extract_lines_stand_in_the_columns_of_q132681() {
    let mut writer = Writer::new(Vec::new());
    for (name, address) in [
        ("PO1 User One", "pcm:NET1/PO1/one1"),
        ("123456789012345678901234567890", "SMTP:a@b"),
        (" leading", "FAX:R~L~C~5~"),
    ] {
        let entry = entry(name.as_bytes(), address.as_bytes());
        writer.write_entry(&entry).expect("writing to memory");
    }
    let text = writer.finish().expect("writing to memory");
    assert_eq!(
        String::from_utf8(text).expect("ASCII"),
        "A PO1 User One                   PCM:NET1/PO1/one1\r\n\
         A 123456789012345678901234567890 SMTP:a@b\r\n\
         A  leading                       FAX:R~L~C~5\r\n"
    );
}

#[test]
fn prompts_double_their_slashes_and_values_do_not() {
    let info = crate::transaction::InfoLine::new(b"City/ST/Zip:", b"A/B").expect("plain text");
    let text = written(&[Transaction::Add {
        entry: entry(b"N", b"SNADS:G/D/U"),
        info: vec![info],
        tokens: Vec::new(),
    }]);
    let lines = String::from_utf8(text).expect("ASCII");
    assert!(lines.ends_with("U\r\n- City//ST//Zip:/A/B\r\n"), "{lines}");
}

#[test]
fn names_that_columns_cannot_carry_are_no_entries() {
    for (name, number) in [
        (&b"a\tb"[..], 21),
        (b"a\rb", 21),
        (b"a\x1ab", 21),
        (b"a\0b", 21),
        (b"   ", 46),
        (b"1234567890123456789012345678901", 72),
    ] {
        let address = Address::parse(b"PCM:N/P/M", CP).expect("an address");
        let error = Entry::new(name, address, CP).expect_err("refused");
        assert_eq!(error.number, number, "{}", name.escape_ascii());
    }
}

#[test]
fn every_type_is_written_under_its_own_token() {
    for kind in AddressType::ALL {
        let text = match kind {
            AddressType::Fax => "R~L~C~5",
            _ if kind.is_three_part() => "N/P/M",
            _ => "x",
        };
        let address = Address::new(kind, text.as_bytes(), CP).expect("an address");
        let entry = Entry::new(b"Name", address, CP).expect("a name");
        let transactions = [Transaction::Delete { entry }];
        assert_eq!(read_back(&written(&transactions)), transactions);
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_unchanged(transactions in vec(transaction(), 1..6)) {
        prop_assert_eq!(read_back(&written(&transactions)), transactions);
    }

    #[test]
    fn stored_addresses_read_back_unchanged(address in address()) {
        let stored = address.to_stored(CP);
        prop_assert_eq!(Address::from_stored(address.kind(), &stored, CP), Ok(address));
    }
}
