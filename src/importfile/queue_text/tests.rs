use proptest::prelude::*;

use super::*;
use crate::importfile::strategies::{CP, transaction, without_tokens};

fn decode(text: &[u8]) -> Result<QueueText, Vec<(u16, u64)>> {
    Transaction::decode_queue_text(text, CP).map_err(|messages| {
        messages
            .iter()
            .map(|message| (message.number, message.line))
            .collect()
    })
}

#[test]
fn text_is_that_of_the_published_listing() {
    let text = b"A able is he who knows his limit\tPCM:POLYNOMIAL/MONTGOMERY/able";
    let decoded = decode(text).expect("a transaction");
    assert_eq!(decoded.transaction.encode_queue_text(), text);
    let replace = b"R PCM:POLYNOMIAL/MONTGOMERY";
    let decoded = decode(replace).expect("a transaction");
    assert_eq!(decoded.transaction.encode_queue_text(), replace);
}

#[test]
fn columns_and_trailing_nuls_are_read_as_well() {
    let text = b"D User1 alias                    PCM:NET1/PO1/USER1\r\n\0";
    let decoded = decode(text).expect("a transaction");
    assert_eq!(
        decoded.transaction.encode_queue_text(),
        b"D User1 alias\tPCM:NET1/PO1/USER1"
    );
}

#[test]
fn bad_codes_are_13_and_malformed_changes_47() {
    assert_eq!(decode(b""), Err(vec![(13, 1)]));
    assert_eq!(decode(b"X a\tPCM:N/P/M"), Err(vec![(13, 1)]));
    assert_eq!(decode(b"# Last confirmed ReqSync."), Err(vec![(13, 1)]));
    assert_eq!(decode(b"- a:/b"), Err(vec![(13, 1)]));
    assert_eq!(decode(b"A a"), Err(vec![(48, 1)]));
    assert_eq!(decode(b"M George Jones\r\n- Title:/x"), Err(vec![(47, 1)]));
    assert_eq!(
        decode(b"M a\tPCM:N/P/M\r\n  b\tPCM:N/P"),
        Err(vec![(47, 2)])
    );
    assert_eq!(
        decode(b"A a\tPCM:N/P/M\r\nA b\tPCM:N/P/O"),
        Err(vec![(21, 2)])
    );
}

#[test]
fn a_bad_information_line_leaves_the_entry() {
    let decoded = decode(b"A a\tPCM:N/P/M\r\n- x\r\n- y:/z").expect("an entry");
    assert_eq!(decoded.transaction.info().len(), 1);
    assert_eq!(decoded.transaction.info()[0].line(), 3);
    assert_eq!(decoded.messages.len(), 1);
    assert_eq!(
        (decoded.messages[0].number, decoded.messages[0].line),
        (22, 2)
    );
}

#[test]
fn an_m_without_address_is_refused_and_given_along() {
    let text = b"M George Jones\r\n- Title:/Clerk\0";
    let refused = decode(text).expect_err("no address");
    assert_eq!(refused, [(47, 1)]);
    let block = Block::of_queue_text(text, CP);
    let by_name = block.loose.by_name.expect("a name");
    assert_eq!(by_name.info[0].value(), b"Clerk");
    let two = Block::of_queue_text(b"M George Jones\r\nA b\tPCM:N/P/B", CP);
    assert_eq!(
        two.loose,
        crate::importfile::Loose::default(),
        "two transactions are none"
    );
}

#[test]
fn a_password_never_enters_a_queue() {
    let decoded = decode(b"A a\tPCM:N/P/M\r\n&PASSWORD=secret").expect("an entry");
    assert_eq!(decoded.transaction.tokens().len(), 1);
    assert_eq!(decoded.transaction.encode_queue_text(), b"A a\tPCM:N/P/M");
    assert!(!format!("{decoded:?}").contains("secret"));
}

proptest! {
    #[test]
    fn queue_text_reads_back_unchanged(transaction in transaction()) {
        let decoded = decode(&transaction.encode_queue_text()).expect("our own text");
        prop_assert_eq!(decoded.messages, []);
        prop_assert_eq!(decoded.transaction, without_tokens(transaction));
    }

    #[test]
    fn any_bytes_are_answered(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        for code in [&b""[..], b"A ", b"M a\tPCM:N/P/M\n", b"T PCM:N/P\n "] {
            let _ = decode(&[code, &text].concat());
        }
    }
}

proptest! {
    #[test]
    fn a_plain_add_is_what_the_decoder_says(
        transaction in transaction(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        tail in prop::sample::select(vec!["", " ", "\0\0", "\r", "\r\n", "\r\n\0", "\r\n- a:b"]),
    ) {
        let mut text = transaction.encode_queue_text();
        text.extend_from_slice(tail.as_bytes());
        let plain_lines = !text.contains(&b'\n');
        let index = at.index(text.len());
        for changed in [false, true] {
            if changed {
                text[index] = byte;
            }
            let decoded = Transaction::decode_queue_text(&text, CP);
            let plain = plain_add(&text, CP).map(|entry| Transaction::Add {
                entry: entry.into(),
                info: Vec::new(),
                tokens: Vec::new(),
            });
            if let Some(transaction) = plain {
                prop_assert_eq!(decoded, Ok(QueueText { transaction, messages: Vec::new() }));
            } else if plain_lines && !changed {
                prop_assert!(!matches!(decoded, Ok(text) if text.transaction.code() == 'A'));
            }
        }
    }
}
