//! Messages that are written, carried by mail systems, and read.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;

const PAGE: CodePage = CodePage::Cp850;
const BODY: &[u8] = b"[DIRSYNC]\r\nTASK=UPDATE\r\nREQNAME=PCM:NET/PO\r\nSTAMP=5\r\n\r\n\
    [DIRSYNC-TRANSACTIONS]\r\n0000000001 A M\x81ller \t PCM:NET/PO/mueller  \r\nFrom here\r\n.\r\n";

fn own() -> PostofficeName {
    PostofficeName::parse(b"NET/DSS", PAGE).unwrap()
}

fn parse(bytes: &[u8]) -> Result<Mail, MailFault> {
    let reader = Reader {
        own: &own(),
        code_page: PAGE,
    };
    Mail::parse(bytes, &reader)
}

fn key() -> SignatureKey {
    SignatureKey::new(b"secret", PAGE).unwrap()
}

fn message(from: &str, body: &[u8], attachments: &[(&str, &[u8])]) -> Vec<u8> {
    write_message(
        from,
        "ReqTx R=4 (was 0), S=0, I=0 4 sent",
        body,
        attachments,
    )
}

fn message_with_subject(subject: &str) -> Vec<u8> {
    write_message("NET/PO", subject, BODY, &[])
}

/// Writes a signed message.
fn write_message(from: &str, subject: &str, body: &[u8], attachments: &[(&str, &[u8])]) -> Vec<u8> {
    let party = |text: &str| Party::parse(text.as_bytes(), PAGE).unwrap();
    let (from, to) = (party(from), party("NET/DSS"));
    let mut contents = Contents::new(body);
    for (name, bytes) in attachments {
        contents = contents.and(*name, ContentHash::of_bytes(bytes));
    }
    let date = Timestamp(1_700_000_000);
    let message_id = MessageId::new(&from, &to, date, &[1, 2], &contents, PAGE);
    let signed = Signed::new(&message_id, MailKind::DirSync, &from, &to, &contents, PAGE);
    let envelope = Envelope {
        message_id,
        from,
        to,
        subject: subject.to_owned(),
        date,
        kind: MailKind::DirSync,
        in_reply_to: None,
        signature: Some(signed.sign(&key())),
    };
    let mut writer = MailWriter::new(Vec::new(), &envelope, &contents, PAGE).unwrap();
    writer.write_all(body).unwrap();
    for (name, bytes) in attachments {
        writer.attach(name).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn queue() -> Vec<u8> {
    (0..3000_u32).map(|n| (n * 31 % 256) as u8).collect()
}

fn samples() -> [Vec<u8>; 4] {
    let queue = queue();
    [
        message("NET/PO", BODY, &[]),
        message("NET/PO", BODY, &[("REQUPDS.GLB", &queue)]),
        message(
            "ORG/SITE/SYSTEM1",
            b"[DIRSYNC]\r\nTASK=STATUS\r\n",
            &[("DSSERVER.LOG", b"x\r\n"), ("REQUPDS.GLB", &queue[..7])],
        ),
        message(
            "N\u{e9}T/P\u{e4}".replace('\u{e9}', "E").as_str(),
            b"",
            &[("A", b"")],
        ),
    ]
}

#[track_caller]
fn assert_whole(bytes: &[u8], attachments: usize) {
    let mail = parse(bytes).unwrap();
    // Empty lines at the end come and go.
    assert_eq!(mail.body.trim_ascii_end(), BODY.trim_ascii_end());
    assert_eq!(*mail.text(PAGE).unwrap(), mail.body);
    assert_eq!(mail.attachments.len(), attachments);
    assert_eq!(mail.check_signature(&key(), PAGE), SignatureCheck::Valid);
    let other = SignatureKey::new(b"other", PAGE).unwrap();
    assert_eq!(mail.check_signature(&other, PAGE), SignatureCheck::Wrong);
}

#[test]
fn a_message_is_plain_mail_that_anybody_can_read() {
    let text = String::from_utf8(message("NET/PO", BODY, &[("REQUPDS.GLB", b"abc")])).unwrap();
    let expected = "Date: Tue, 14 Nov 2023 22:13:20 +0000\n\
        From: \"PCM:NET/PO\" <system.po.net@dirsync.invalid>\n\
        To: \"PCM:NET/DSS\" <system.dss.net@dirsync.invalid>\n\
        Subject: ReqTx R=4 (was 0), S=0, I=0 4 sent\n\
        Message-ID: <1700000000.";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains(
            "\nDirSync-From: PCM:NET/PO\nDirSync-To: PCM:NET/DSS\nDirSync-Digest: sha-256 "
        )
    );
    assert!(text.contains("\n[DIRSYNC]\nTASK=3DUPDATE\n"));
    assert!(text.contains("\nYWJj\n\n--=_"));
    assert!(text.lines().all(|line| line.len() <= 998));
    assert!(text.is_ascii());
}

#[test]
fn what_was_sent_is_what_is_read() {
    let queue = queue();
    let mail = parse(&message(
        "ORG/SITE/SYSTEM1",
        BODY,
        &[("REQUPDS.GLB", &queue)],
    ))
    .unwrap();
    assert_eq!(mail.body, BODY);
    assert_eq!(mail.attachments[0].bytes, queue);
    assert_eq!(mail.transactions().unwrap().name, "REQUPDS.GLB");
    assert_eq!(mail.envelope.date, Timestamp(1_700_000_000));
    assert_eq!(mail.envelope.subject, "ReqTx R=4 (was 0), S=0, I=0 4 sent");
    // DS-P057, Q150828: the sender's mailbox is the one to answer.
    assert_eq!(mail.envelope.from.view(PAGE), "PCM:ORG/SITE/SYSTEM1");
    assert_eq!(mail.envelope.to, Party::system(own()));
}

#[test]
fn what_mail_systems_do_on_the_way_changes_nothing() {
    let queue = queue();
    for (message, files) in [
        (message("NET/PO", BODY, &[]), 0),
        (message("NET/PO", BODY, &[("REQUPDS.GLB", &queue)]), 1),
    ] {
        let text = String::from_utf8(message.clone()).unwrap();
        let crlf = text.replace('\n', "\r\n");
        assert_whole(crlf.as_bytes(), files);
        let received = format!(
            "Return-Path: <dirsync@example.com>\r\nReceived: from a (b [127.0.0.1])\r\n\tby c with ESMTP id 1\r\n\t\
             for <x@y>; Thu, 1 Jan 2026 00:00:00 +0000\r\nX-Spam: no\r\n{crlf}"
        );
        assert_whole(received.as_bytes(), files);
        let mbox = format!("From dirsync@example.com Thu Jan  1 00:00:00 2026\n{text}\n\n");
        assert_whole(mbox.as_bytes(), files);
        let folded = text
            .replace("DirSync-From: PCM:NET/PO", "DIRSYNC-FROM:\n\t PCM:NET/PO ")
            .replace("hmac-sha256 ", "hmac-sha256\n ")
            .replace("sha-256 ", "sha-256\n\t");
        assert_ne!(folded, text);
        assert_whole(folded.as_bytes(), files);
        let upper = text
            .replace(
                "Content-Transfer-Encoding: base64",
                "content-transfer-encoding: BASE64",
            )
            .replace("multipart/mixed", "MULTIPART/Mixed");
        assert_whole(upper.as_bytes(), files);
    }
}

#[test]
fn a_message_survives_other_transfer_encodings() {
    let text = String::from_utf8(message("NET/PO", BODY, &[])).unwrap();
    let head = text
        .split_once("Content-Transfer-Encoding")
        .map(|(head, _)| head.as_bytes())
        .unwrap();
    let with = |encoding: &str, body: &[u8]| {
        let line = format!("Content-Transfer-Encoding: {encoding}\n\n");
        [head, line.as_bytes(), body].concat()
    };
    assert_whole(&with("8bit", BODY), 0);
    let lf: Vec<u8> = BODY.iter().copied().filter(|b| *b != b'\r').collect();
    assert_whole(&with("binary", &lf), 0);
    let wrapped: Vec<u8> = STANDARD
        .encode(BODY)
        .into_bytes()
        .chunks(60)
        .flat_map(|line| [line, b"\r\n"].concat())
        .collect();
    assert_whole(&with("base64", &wrapped), 0);
}

#[test]
fn a_footer_or_a_changed_number_is_noticed_without_any_password() {
    let text = String::from_utf8(message("NET/PO", BODY, &[("A.GLB", b"abc")])).unwrap();
    for (from, to) in [
        ("TASK=3DUPDATE", "TASK=3DUPDATES"),
        ("STAMP=3D5", "STAMP=3D6"),
        ("YWJj", "YWJk"),
        ("DirSync-From: PCM:NET/PO", "DirSync-From: PCM:NET/PO1"),
        ("DirSync-To: PCM:NET/DSS", "DirSync-To: PCM:NET/DSX"),
        ("Message-ID: <17", "Message-ID: <18"),
    ] {
        assert!(text.contains(from), "{from}");
        let fault = parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(
            matches!(fault.kind, FaultKind::Digest { .. }),
            "{from}: {fault}"
        );
        assert_eq!(fault.number(), 125);
        assert!(fault.from.is_some());
    }
}

#[test]
fn a_header_that_matters_may_stand_once_only() {
    let text = String::from_utf8(message("NET/PO", BODY, &[])).unwrap();
    for name in [
        "DirSync-From",
        "DirSync-To",
        "DirSync-Signature",
        "DirSync-Digest",
    ] {
        let twice = format!("{name}: PCM:EVIL/ONE\n{text}");
        let fault = parse(twice.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Repeated(name));
        assert_eq!(fault.number(), 115);
    }
}

#[test]
fn a_foreign_requestor_needs_no_headers_of_ours() {
    // Q106623, with the blanks and the letter case of the sample.
    let text = "From: gateway@example.com\nSubject: Directory Exchange Profile\n\n\n[dirsync]\ntask=export\n\
        reqname=PCM:net/po\ntransactions=inbody\n\n[dirsync-transactions]\n1200 A Martin, Robert PCM:net/po/rmartin\n";
    let mail = parse(text.as_bytes()).unwrap();
    assert_eq!(mail.envelope.from.view(PAGE), "PCM:net/po/$SYSTEM");
    assert_eq!(mail.envelope.to, Party::system(own()));
    assert!(
        mail.envelope
            .message_id
            .as_str()
            .ends_with("@anonymous.dirsync.invalid")
    );
    assert_eq!(mail.check_signature(&key(), PAGE), SignatureCheck::Missing);
    assert_eq!(parse(text.as_bytes()).unwrap(), mail);
}

#[test]
fn mail_of_strangers_is_154_with_its_text() {
    let fault = parse(b"From: \"A\" <a@example.com>\nSubject: hello\n\nBuy\nthis\n").unwrap_err();
    assert_eq!(fault.number(), 154);
    assert_eq!(
        fault.to_string(),
        "no dir-sync message: it is from \"A\" <a@example.com>"
    );
    assert_eq!(fault.kind.report().unwrap().lines, ["Buy", "this"]);
}

#[test]
fn ds_l025_the_text_of_a_bounce_is_kept_and_its_number_is_154() {
    // Q187779: EXTERNAL's own [030] is text, not a number of dir-sync.
    let text = "From: \"PCM:NET/HUB\" <x@dirsync.invalid>\nDirSync-From: PCM:NET/HUB\nDirSync-To: PCM:NET/DSS\n\
        DirSync-Kind: non-delivery\nIn-Reply-To: <a@b>\nSubject: Undeliverable\n\n\
        [030] User mail received addressed to the following unknown addresses:\nNETWORK/POSTOFFICE/admin\n";
    let fault = parse(text.as_bytes()).unwrap_err();
    assert_eq!(fault.number(), 154);
    assert_eq!(fault.message(PAGE).to_string(), "Non-delivery report");
    let report = fault.kind.report().unwrap();
    assert_eq!(
        report.lines,
        [
            "[030] User mail received addressed to the following unknown addresses:",
            "NETWORK/POSTOFFICE/admin"
        ]
    );
    assert_eq!(report.about, MessageId::from_header("<a@b>"));
}

#[test]
fn the_report_of_a_mail_system_names_the_message() {
    let text = "From: MAILER-DAEMON@example.com (Mail Delivery System)\nSubject: Undelivered Mail\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n\nhost unknown\n\n--B\n\
        Content-Type: message/delivery-status\n\nAction: failed\n\n--B\nContent-Type: message/rfc822\n\n\
        Message-ID: <a@b>\nDirSync-From: PCM:NET/DSS\n\n[DIRSYNC]\n\n--B--\n";
    let fault = parse(text.as_bytes()).unwrap_err();
    let FaultKind::NonDelivery(report) = &fault.kind else {
        panic!("{fault}");
    };
    assert_eq!(report.lines, ["host unknown"]);
    assert_eq!(report.about, MessageId::from_header("a@b"));
    assert_eq!(report.sender, Some(Party::system(own())));
    let old = "Return-Path: <>\nFrom: Mail System <x@y>\n\nno such user\n";
    assert!(matches!(
        parse(old.as_bytes()).unwrap_err().kind,
        FaultKind::NonDelivery(_)
    ));
}

#[test]
fn ds_p023_a_header_holds_forty_characters_of_a_subject_and_the_body_all_numbers() {
    let subject = "SrvTx R=4294967295 S=4294967295 (was 4294967294), I=42 15603 sent";
    let text = String::from_utf8(message_with_subject(subject)).unwrap();
    assert!(
        text.contains("\nSubject: SrvTx R=4294967295 S=4294967295 (was 429\n"),
        "{text}"
    );
    assert_eq!(parse(text.as_bytes()).unwrap().body, BODY);
}

#[test]
fn an_attachment_that_is_missing_or_empty_is_116() {
    let mail = parse(&message("NET/PO", BODY, &[("DSSERVER.LOG", b"x")])).unwrap();
    assert_eq!(mail.transactions().unwrap_err().number(), 116);
    let mail = parse(&message("NET/PO", BODY, &[("REQUPDS.GLB", b"")])).unwrap();
    assert_eq!(mail.transactions(), Err(FaultKind::NoTransactions));
    let mail = parse(&message(
        "NET/PO",
        BODY,
        &[("DSSERVER.LOG", b"x"), ("other.dat", b"y")],
    ))
    .unwrap();
    assert_eq!(mail.transactions().unwrap().name, "other.dat");
}

#[test]
fn text_comes_in_the_code_page_of_the_reader() {
    let mail = |charset: &str, body: &[u8]| {
        let head =
            format!("DirSync-From: PCM:NET/PO\nContent-Type: text/plain; charset={charset}\n\n");
        parse(&[head.as_bytes(), body].concat()).unwrap()
    };
    assert_eq!(
        &*mail("utf-8", "Müller".as_bytes()).text(PAGE).unwrap(),
        b"M\x81ller"
    );
    assert_eq!(
        &*mail("iso-8859-1", b"M\xfcller").text(PAGE).unwrap(),
        b"M\x81ller"
    );
    assert_eq!(
        &*mail("IBM850", b"M\x81ller")
            .text(CodePage::Windows1252)
            .unwrap(),
        b"M\xfcller"
    );
    assert_eq!(
        &*mail("x-unknown", b"M\x81ller").text(PAGE).unwrap(),
        b"M\x81ller"
    );
    let fault = mail("utf-8", "日".as_bytes()).text(PAGE).unwrap_err();
    assert_eq!(
        (fault.number(), fault.to_string().as_str()),
        (124, "character '日' of its text is not in code page 850")
    );
}

#[test]
fn no_value_can_add_a_header() {
    let party = |text: &str| Party::parse(text.as_bytes(), PAGE).unwrap();
    let contents = Contents::new(b"");
    let envelope = Envelope {
        message_id: MessageId::from_header("<a\nBcc: b@c>").unwrap(),
        from: Party::new(
            PostofficeName::from_checked(b"N\nBcc:x", b"P\"\r\n<"),
            b"M\n",
        ),
        to: party("NET/DSS"),
        subject: "x\r\nBcc: a@b\r\n\r\n[DIRSYNC]".to_owned(),
        date: Timestamp::ZERO,
        kind: MailKind::Note,
        in_reply_to: MessageId::from_header("q\n\n"),
        signature: Some(Signature::from_header("bad\r\nBcc: a@b")),
    };
    let writer = MailWriter::new(Vec::new(), &envelope, &contents, PAGE).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    let (head, _) = text.split_once("\n\n").unwrap();
    let names: Vec<_> = head
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "In-Reply-To",
        "Auto-Submitted",
        "DirSync-From",
        "DirSync-To",
        "DirSync-Kind",
        "DirSync-Digest",
        "DirSync-Signature",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    assert_eq!(names, expected, "{text}");
}

#[test]
fn a_subject_of_any_characters_comes_back() {
    for subject in [
        "Großes =?x?= ö",
        "日本語のとても長い件名が二行に分かれます",
        "=?UTF-8?B?eA==?=",
    ] {
        let contents = Contents::new(b"[DIRSYNC]");
        let party = Party::system(own());
        let envelope = Envelope {
            message_id: MessageId::new(&party, &party, Timestamp(1), &[], &contents, PAGE),
            from: party.clone(),
            to: party,
            subject: subject.to_owned(),
            date: Timestamp(1),
            kind: MailKind::Note,
            in_reply_to: None,
            signature: None,
        };
        let mut writer = MailWriter::new(Vec::new(), &envelope, &contents, PAGE).unwrap();
        writer.write_all(b"[DIRSYNC]").unwrap();
        let bytes = writer.finish().unwrap();
        assert!(bytes.is_ascii());
        let mail = parse(&bytes).unwrap();
        assert_eq!(
            (mail.envelope.subject.as_str(), mail.envelope.kind),
            (subject, MailKind::Note)
        );
    }
}

#[test]
fn what_was_not_announced_is_not_sent() {
    let party = Party::system(own());
    let contents = Contents::new(b"x").and("A.GLB", ContentHash::of_bytes(b"abc"));
    let envelope = Envelope {
        message_id: MessageId::from_header("<a@b>").unwrap(),
        from: party.clone(),
        to: party,
        subject: String::new(),
        date: Timestamp(1),
        kind: MailKind::DirSync,
        in_reply_to: None,
        signature: None,
    };
    let writer = || MailWriter::new(Vec::new(), &envelope, &contents, PAGE).unwrap();
    let error = |result: std::io::Result<Vec<u8>>| result.unwrap_err().to_string();
    let mut other_body = writer();
    other_body.write_all(b"y").unwrap();
    assert_eq!(
        error(other_body.finish()),
        "message: another content than was announced"
    );
    let mut no_file = writer();
    no_file.write_all(b"x").unwrap();
    assert_eq!(
        error(no_file.finish()),
        "message: an attachment that was announced is missing"
    );
    let mut other_file = writer();
    other_file.write_all(b"x").unwrap();
    other_file.attach("A.GLB").unwrap();
    other_file.write_all(b"abd").unwrap();
    assert_eq!(
        error(other_file.finish()),
        "message: another content than was announced"
    );
    let mut bad_name = writer();
    assert!(bad_name.attach("../A\"").is_err());
}

#[test]
fn a_message_cut_anywhere_is_no_message_or_keeps_its_body() {
    for sample in samples() {
        let whole = parse(&sample).unwrap();
        for end in 0..sample.len() {
            match parse(&sample[..end]) {
                Ok(mail) => assert_eq!(
                    mail.contents(),
                    whole.contents(),
                    "{end} of {}",
                    sample.len()
                ),
                Err(fault) => assert!([115, 124, 125, 154].contains(&fault.number())),
            }
        }
    }
}

#[test]
fn a_message_with_any_byte_flipped_is_refused_or_the_same() {
    for sample in samples() {
        let whole = parse(&sample).unwrap();
        for at in 0..sample.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut flipped = sample.clone();
                flipped[at] ^= bit;
                let Ok(mail) = parse(&flipped) else { continue };
                if mail.signed(PAGE) == whole.signed(PAGE) {
                    continue;
                }
                // One flip in the name of the digest's or a party's header: then everything else is as it was.
                let line_start = sample[..at]
                    .iter()
                    .rposition(|b| *b == b'\n')
                    .map_or(0, |n| n + 1);
                let line = String::from_utf8_lossy(&sample[line_start..]).into_owned();
                assert!(line.starts_with("DirSync-Digest"), "{at} {bit}: {line}");
            }
        }
    }
}

#[test]
fn ten_thousand_levels_and_a_megabyte_of_header_are_refused_quickly() {
    let mut deep = String::from("DirSync-From: PCM:NET/PO\n");
    for n in 0..10_000 {
        deep.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"
        ));
    }
    assert!(parse(deep.as_bytes()).is_err());
    let nested = "Content-Type: message/rfc822\n\n".repeat(10_000);
    assert!(parse(nested.as_bytes()).is_err());
    for header in [
        format!("Subject: {}\n\nx", "a".repeat(1 << 20)),
        format!("{}\n\nx", "a: b\n".repeat(1 << 18)),
        format!("Content-Type: text/plain{}\n\nx", "; a=b".repeat(40_000)),
        format!("Content-Type: text/plain{}\n\nx", "; a*1=b".repeat(1_000)),
        format!("DirSync-From: {}\n\nx", "%41".repeat(50_000)),
        format!("Content-Type: {}\n\nx", "(".repeat(8000)),
        format!("Subject: {}\n\nx", "=?UTF-8?Q?".repeat(20_000)),
    ] {
        let _ = parse(header.as_bytes());
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = parse(&bytes);
        let with_header = [b"DirSync-From: PCM:A/B\nContent-Type: multipart/mixed; boundary=B\n\n--B\n", &bytes[..]].concat();
        let _ = parse(&with_header);
    }

    #[test]
    fn any_body_and_attachment_come_back(
        body in "[ -~\r\n\t]{0,300}",
        file in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let bytes = message("NET/PO", body.as_bytes(), &[("Q.GLB", &file)]);
        let mail = parse(&bytes).unwrap();
        prop_assert_eq!(&mail.attachments[0].bytes, &file);
        prop_assert_eq!(ContentHash::of_text(&mail.body), ContentHash::of_text(body.as_bytes()));
        prop_assert_eq!(mail.check_signature(&key(), PAGE), SignatureCheck::Valid);
    }
}

/// Counts what reaches it.
struct Count<'a>(&'a std::cell::Cell<u64>);

impl Write for Count<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_large_attachment_streams_through() {
    const PIECES: u64 = 3000;
    let piece = queue();
    let mut hasher = ContentHasher::bytes();
    (0..PIECES).for_each(|_| hasher.update(&piece));
    let contents = Contents::new(b"x").and("Q.GLB", hasher.finish());
    let party = Party::system(own());
    let envelope = Envelope {
        message_id: MessageId::new(&party, &party, Timestamp(1), &[], &contents, PAGE),
        from: party.clone(),
        to: party,
        subject: String::new(),
        date: Timestamp(1),
        kind: MailKind::DirSync,
        in_reply_to: None,
        signature: None,
    };
    let reached = std::cell::Cell::new(0);
    let mut writer = MailWriter::new(Count(&reached), &envelope, &contents, PAGE).unwrap();
    writer.write_all(b"x").unwrap();
    writer.attach("Q.GLB").unwrap();
    for n in 1..=PIECES {
        writer.write_all(&piece).unwrap();
        // All but a few buffers is out already.
        assert!(
            reached.get() + (32 << 10) > n * piece.len() as u64 * 4 / 3,
            "{n}"
        );
    }
    writer.finish().unwrap();
}
