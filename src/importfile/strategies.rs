//! Random transactions of every type, for the round-trip tests.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::address::{Address, AddressType};
use crate::codec::codepage::CodePage;
use crate::transaction::{Entry, InfoLine, ListName, TemplateField, Token, TokenName, Transaction};

pub(super) const CP: CodePage = CodePage::Cp850;

/// Any byte a line may hold, blanks and the characters of the grammar more often than others.
fn line_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => b' '..=b'~',
        2 => prop::sample::select(b" /~-:&#=".to_vec()),
        1 => 0x80..=0xff_u8,
    ]
}

fn line_bytes(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(line_byte(), len)
}

fn part() -> impl Strategy<Value = String> {
    "[A-Za-z0-9]{1,10}"
}

fn three_part(kinds: Vec<AddressType>) -> impl Strategy<Value = (AddressType, Vec<u8>)> {
    (prop::sample::select(kinds), part(), part(), part())
        .prop_map(|(kind, n, p, m)| (kind, format!("{n}/{p}/{m}").into_bytes()))
}

fn address_text() -> impl Strategy<Value = (AddressType, Vec<u8>)> {
    use AddressType::{Csi, Fax, Ffapi, Mci, Mhs, Ms, Msmail, Ov, Pcm, Profs, Smtp, Snads, X400};
    let free = (
        prop::sample::select(vec![Smtp, X400, Mhs, Msmail, Mci]),
        line_bytes(1..60),
    );
    let fax = "[A-Za-z ]{0,30}~[A-Za-z/:]{0,30}~[A-Za-z ]{0,30}~[0-9][0-9 ,-]{0,21}~?"
        .prop_map(|text| (Fax, text.into_bytes()));
    let mci = "[A-Za-z]{1,9} EMS:[A-Za-z ]{1,9} MBX:[0-9-]{1,9}"
        .prop_map(|text| (Mci, text.into_bytes()));
    prop_oneof![
        three_part(vec![Pcm, Csi, Ffapi, Ms, Profs, Snads, Ov]),
        free,
        fax,
        mci
    ]
}

pub(super) fn address() -> impl Strategy<Value = Address> {
    address_text().prop_filter_map("an address", |(kind, text)| {
        Address::new(kind, &text, CP).ok()
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    (line_bytes(1..31), address()).prop_filter_map("a name", |(name, address)| {
        Entry::new(&name, address, CP).ok()
    })
}

fn info() -> impl Strategy<Value = Vec<InfoLine>> {
    let line = (line_bytes(0..20), line_bytes(0..30))
        .prop_map(|(prompt, value)| InfoLine::new(&prompt, &value).expect("no control characters"));
    vec(line, 0..4)
}

/// Keeps information only where the type may have it.
fn fitting(address: &Address, info: Vec<InfoLine>) -> Vec<InfoLine> {
    if address.kind().has_templates() {
        info
    } else {
        Vec::new()
    }
}

fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let token = prop_oneof![
        "[!-~]{0,8}".prop_map(|value| (TokenName::Password, value)),
        Just((TokenName::Access, "user".to_owned())),
        Just((TokenName::Dirsync, "No".to_owned())),
        Just((TokenName::Remote, "YES".to_owned())),
    ]
    .prop_map(|(name, value)| Token::new(name, value.as_bytes(), CP).expect("a token"));
    vec(token, 0..3)
}

fn field() -> impl Strategy<Value = TemplateField> {
    (
        line_bytes(0..20),
        any::<u16>(),
        1..=u16::MAX,
        "[ULNPA]{0,5}",
        line_bytes(0..20),
        line_bytes(0..20),
    )
        .prop_filter_map(
            "no tilde",
            |(prompt, start, width, edit, default, internal)| {
                let edit = edit.as_bytes();
                TemplateField::new(&prompt, start, width, edit, &default, &internal, CP).ok()
            },
        )
}

pub(super) fn transaction() -> impl Strategy<Value = Transaction> {
    let add = (entry(), info(), tokens()).prop_map(|(entry, info, tokens)| Transaction::Add {
        info: fitting(entry.address(), info),
        entry,
        tokens,
    });
    let delete = entry().prop_map(|entry| Transaction::Delete { entry });
    let modify = (entry(), proptest::option::of(entry()), info(), tokens()).prop_map(
        |(entry, new, info, tokens)| Transaction::Modify {
            info: fitting(new.as_ref().unwrap_or(&entry).address(), info),
            entry,
            new,
            tokens,
        },
    );
    let replace = address().prop_map(|address| Transaction::Replace {
        list: ListName::of(&address),
    });
    let template = (address(), vec(field(), 1..5)).prop_filter_map(
        "a type with templates",
        |(address, fields)| {
            address
                .kind()
                .has_templates()
                .then(|| Transaction::Template {
                    list: ListName::of(&address),
                    fields,
                })
        },
    );
    prop_oneof![4 => add, 1 => delete, 3 => modify, 1 => replace, 1 => template]
}

/// A queue record carries everything but tokens.
pub(super) fn without_tokens(mut transaction: Transaction) -> Transaction {
    if let Transaction::Add { tokens, .. } | Transaction::Modify { tokens, .. } = &mut transaction {
        tokens.clear();
    }
    transaction
}
