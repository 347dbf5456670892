use std::cmp::Ordering;

use super::*;

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut value = vec![tag, u8::try_from(content.len()).expect("short")];
    value.extend(content);
    value
}

fn message(id: u8, operation: &[u8], controls: &[u8]) -> Vec<u8> {
    tagged(0x30, &[&[2, 1, id], operation, controls])
}

/// An answer of this number with a result code and a text.
fn result(number: u8, code: u8, text: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 3] = [&[10, 1, code], &[4, 0], &tagged(4, &[text])];
    tagged(0x60 | number, &parts)
}

/// Requests under the numbers 1 to 4: a search, an addition, an extended one, a deletion.
fn waiting() -> Waiting {
    let mut waiting = Waiting::default();
    for (id, operation) in [
        (1, &b"\x63\x00"[..]),
        (2, b"\x68\x00"),
        (3, b"\x77\x00"),
        (4, b"\x4a\x04cn=a"),
    ] {
        waiting
            .ask(&message(id, operation, b""))
            .expect("a request");
    }
    waiting
}

#[track_caller]
fn judge(waiting: &mut Waiting, message: &[u8]) -> Result<Verdict, Malformed> {
    waiting.answer(&mut message.to_vec())
}

#[test]
fn each_request_gets_answers_of_its_own_kind() {
    let mut waiting = waiting();
    let entry = tagged(0x64, &[b"\x04\x00\x30\x00"]);
    let reference = tagged(0x73, &[b"\x04\x01x"]);
    // Its content stands behind the heads of message, number and operation.
    let found = Verdict::Entry(1, 7..11);
    for (part, expected) in [
        (&entry, &found),
        (&reference, &Verdict::Pass),
        (&b"\x79\x00".to_vec(), &Verdict::Pass),
    ] {
        assert_eq!(
            judge(&mut waiting, &message(1, part, b"")).as_ref(),
            Ok(expected)
        );
        assert_eq!(
            judge(&mut waiting, &message(2, part, b"")),
            Err("an answer of another operation")
        );
    }
    for (id, number) in [(1, 5), (2, 9), (3, 24), (4, 11)] {
        for other in [1, 4, 5, 7, 9, 11, 13, 15, 24, 25, 30] {
            let found = judge(&mut waiting, &message(id, &result(other, 0, b""), b""));
            let is_part = id == 1 && [4, 25].contains(&other);
            let expected = match other.cmp(&number) {
                // Nobody waits once the last answer is there.
                Ordering::Greater => Ok(Verdict::Drop),
                Ordering::Equal => Ok(Verdict::Pass),
                Ordering::Less if is_part && other == 4 => Ok(Verdict::Entry(1, 7..14)),
                Ordering::Less if is_part => Ok(Verdict::Pass),
                Ordering::Less => Err("an answer of another operation"),
            };
            assert_eq!(found, expected, "{id} {other}");
        }
    }
}

#[test]
fn what_was_abandoned_is_waited_for_no_more() {
    let mut waiting = waiting();
    let entry = message(1, &tagged(0x64, &[b"\x04\x00\x30\x00"]), b"");
    assert_eq!(judge(&mut waiting, &entry), Ok(Verdict::Entry(1, 7..11)));
    waiting
        .ask(&message(5, b"\x50\x01\x01", b""))
        .expect("a request");
    assert_eq!(judge(&mut waiting, &entry), Ok(Verdict::Drop));
    assert!(!waiting.requests.contains_key(&5));
}

#[test]
fn a_text_that_is_no_utf_8_costs_nobody_the_answer() {
    let mut waiting = waiting();
    let mut answer = message(2, &result(9, 21, b"ung\xfcltig"), b"");
    assert_eq!(waiting.answer(&mut answer), Ok(Verdict::Pass));
    assert_eq!(answer, message(2, &result(9, 21, b"ung?ltig"), b""));
}

#[test]
fn a_server_may_say_that_it_goes() {
    let said = result(24, 52, b"going down");
    let notice = Verdict::Notice(52, "going down".to_owned());
    assert_eq!(
        judge(&mut waiting(), &message(0, &said, b"")),
        Ok(notice.clone())
    );
    // As Active Directory writes it.
    let misplaced = message(0, &said, b"\x8a\x031.3");
    assert_eq!(judge(&mut waiting(), &misplaced), Ok(notice));
    assert!(judge(&mut waiting(), &message(0, &result(9, 0, b""), b"")).is_err());
}

#[test]
fn what_has_another_shape_is_refused() {
    let control = |parts: &[&[u8]]| tagged(0xa0, &[&tagged(0x30, parts)]);
    let done = result(9, 0, b"");
    for good in [
        control(&[b"\x04\x011"]),
        control(&[b"\x04\x011", b"\x01\x01\xff"]),
        control(&[b"\x04\x011", b"\x04\x00"]),
        control(&[b"\x04\x011", b"\x01\x01\0", b"\x04\x00"]),
    ] {
        assert_eq!(
            judge(&mut waiting(), &message(2, &done, &good)),
            Ok(Verdict::Pass)
        );
    }
    for bad in [
        control(&[]),
        control(&[b"\x01\x01\0"]),
        control(&[b"\x04\x01\xff"]),
        // The library looks at the first byte of it.
        control(&[b"\x04\x011", b"\x01\x00"]),
        control(&[b"\x04\x011", b"\x05\x00"]),
        control(&[b"\x04\x011", b"\x24\x00"]),
        control(&[b"\x04\x011", b"\x04\x00", b"\x04\x00"]),
        b"\xa0\x02\x04\x00".to_vec(),
        b"\xa1\x00".to_vec(),
        b"\x80\x00".to_vec(),
    ] {
        let found = judge(&mut waiting(), &message(2, &done, &bad));
        assert!(found.is_err(), "{bad:x?}: {found:?}");
    }
    for bad in [
        &b"\x49\x09\x0a\x01\0\x04\x00\x04\x00"[..],
        b"\x69\x00",
        b"\x69\x03\x0a\x01\0",
        b"\x69\x07\x02\x01\0\x04\x00\x04\x00",
        b"\x69\x06\x0a\x00\x04\x00\x04\x00",
        b"\x69\x07\x0a\x01\0\x24\x00\x04\x00",
        b"\x69\x09\x0a\x01\0\x04\x00\x04\x00\x83\x00",
        b"\x69\x0b\x0a\x01\0\x04\x00\x04\x00\xa3\x02\x24\x00",
        b"\x69\x09\x0a\x01\0\x04\x00\x04\x00\xa7\x00",
        b"\x69\x09\x0a\x01\0\x04\x00\x04\x00\xaa\x00",
        b"\x69\x09\x0a\x01\0\x04\x00\x04\x00\xab\x00",
    ] {
        let found = judge(&mut waiting(), &message(2, bad, b""));
        assert!(found.is_err(), "{bad:x?}: {found:?}");
    }
    for bad in [
        &b"\x30\x00"[..],
        b"\x30\x03\x02\x01\x02",
        b"\x30\x05\x02\x00\x69\x01\0",
        b"\x30\x05\x04\x01\x02\x69\x00",
        b"\x30\x05\x02\x01\x02\x30\x00",
        b"\x04\x00",
        b"\x30\x00\x30\x00",
    ] {
        assert!(judge(&mut waiting(), bad).is_err(), "{bad:x?}");
    }
}
