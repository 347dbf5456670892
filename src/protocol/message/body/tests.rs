use super::*;

const CP: CodePage = CodePage::Cp850;

fn open(text: &str) -> BodyReader<io::Cursor<String>> {
    BodyReader::open(io::Cursor::new(text.to_owned()), CP)
        .expect("reading a slice")
        .expect("a section first")
}

/// Sync number and code of each record; `-` where there is no transaction. Then line and number of
/// each message.
fn records(lines: &str) -> (String, Vec<(u64, u16)>) {
    let mut outline = Vec::new();
    let mut messages = Vec::new();
    for block in open(&format!("{RECORDS_SECTION}\r\n{lines}")) {
        let block = block.expect("reading a slice");
        messages.extend(block.messages.iter().map(|m| (m.line, m.number)));
        let code = block.transaction.map_or('-', |t| t.code());
        outline.push(
            block
                .sync
                .map_or("?".to_owned(), |sync| format!("{sync}{code}")),
        );
    }
    (outline.join(" "), messages)
}

#[test]
fn other_texts_are_no_message() {
    for text in [
        "",
        "\r\n\r\n",
        "A a\tPCM:N/P/M",
        "[DIRSYNCX]",
        "x\n[DIRSYNC]",
    ] {
        assert!(
            BodyReader::open(text.as_bytes(), CP)
                .expect("read")
                .is_none()
        );
        let (is_message, head) = peek_section(&mut text.as_bytes()).expect("read");
        assert!(!is_message);
        assert!(text.as_bytes().starts_with(&head));
    }
    let endless = "\n".repeat(10 * MAX_HEAD_LEN);
    let (is_message, head) = peek_section(&mut endless.as_bytes()).expect("read");
    assert!(!is_message && head.len() <= MAX_HEAD_LEN);
}

#[test]
fn profile_keys_come_in_any_order_and_case_and_may_be_unknown() {
    let body = open(
        "\r\n\r\n[dirsync]\r\r\n# remark\r\nsrvseq = 0000000644\r\nTypes=pcm|CSI|pcm,smtp\r\n\
         TEMPLATE=yes\r\nX-More=a=b\r\nREQNAME=PCM:net/po\r\nPassword=secret\r\nEXPORT=1\r\n\
         \r\n[DirSync-Transactions]\r\n1 A a\tPCM:N/P/M\r\n",
    );
    let profile = body.profile().expect("a profile");
    assert_eq!(body.messages(), []);
    assert_eq!(profile.srvseq.map(|n| n.0), Some(644));
    let tokens: Vec<_> = profile.types.iter().flatten().map(|t| t.token()).collect();
    assert_eq!(tokens, ["PCM", "CSI", "SMTP"]);
    assert_eq!(profile.template, Some(true));
    assert_eq!(profile.export, Some(true));
    assert_eq!(profile.requestor(), Some("PCM:net/po"));
    assert_eq!(profile.other, [("X-More".to_owned(), "a=b".to_owned())]);
    assert!(!format!("{profile:?}").contains("secret"));
    let lines: Vec<_> = body.map(|block| block.expect("read").line).collect();
    assert_eq!(lines, [14]);
}

#[test]
fn values_that_cannot_be_read_are_message_103_and_count_as_missing() {
    let body = open(
        "[DIRSYNC]\nSRVSEQ=-1\nTYPES=PCM|UUCP\nTEMPLATE=maybe\nhello\nCOUNT=4294967296\nTASK=x\n",
    );
    let messages: Vec<_> = body.messages().iter().map(|m| (m.line, m.number)).collect();
    assert_eq!(messages, [(2, 103), (3, 103), (4, 103), (5, 103), (6, 103)]);
    let profile = body.profile().expect("a profile");
    assert_eq!(
        (profile.srvseq, profile.template, profile.count),
        (None, None, None)
    );
    assert_eq!(profile.types.as_ref().map(Vec::len), Some(1));
    assert_eq!(profile.task.as_deref(), Some("x"));
}

#[test]
fn a_profile_of_endless_lines_is_cut_with_one_message() {
    let lines = "A=b\n".repeat(100_000);
    let body = open(&format!(
        "[DIRSYNC]\n{lines}{RECORDS_SECTION}\n7 D a\tPCM:N/P/M\n"
    ));
    assert_eq!(body.messages().len(), 1);
    assert_eq!(body.messages()[0].number, 21);
    assert_eq!(body.profile().expect("a profile").other.len(), 256);
    assert_eq!(body.count(), 1);
}

#[test]
fn a_profile_reads_back_what_it_prints() {
    let text = "[DIRSYNC]\r\nTASK=UPDATE\r\nREQNAME=PCM:NET/PO\r\nPASSWORD=x\r\nVERSION=1\r\n\
                TYPES=PCM|SMTP\r\nTEMPLATE=NO\r\nREQSEQ=0000000003\r\nSRVSEQ=0000087298\r\n\
                IMPSEQ=0000000002\r\nCOUNT=15603\r\nSTAMP=5\r\nEXPORT=1\r\nLIMIT=0\r\n\
                TRANSACTIONS=INTERNAL\r\nOURS=y\r\n";
    let mut profile = open(text).profile().expect("a profile").clone();
    assert_eq!(profile.encode(), text);
    profile.task = Some("a\r\nPASSWORD=stolen".to_owned());
    let again = profile.encode();
    let again = open(&again);
    assert_eq!(
        again.profile().expect("a profile").password.as_deref(),
        Some("x")
    );
}

#[test]
fn records_without_a_code_are_adds_in_columns_and_with_tab() {
    let lines = "0000000645 User Number 1                    PCM:NETWORK/POSTOFFICE/USER1\r\n\
                 - Phone:/(206) 635-7022\r\n646 User Number 2\tPCM:N/P/USER2\r\n";
    assert_eq!(records(lines), ("645A 646A".into(), vec![]));
    let mut body = open(&format!("{RECORDS_SECTION}\n{lines}"));
    let block = body.next().expect("a record").expect("read");
    let transaction = block.transaction.expect("A");
    assert_eq!(transaction.entry().expect("entry").name(), b"User Number 1");
    assert_eq!(transaction.info().len(), 1);
    let bad = "645 User Number 1                    UUCP:x";
    let mut body = open(&format!("{RECORDS_SECTION}\n{bad}"));
    let block = body.next().expect("a record").expect("read");
    assert_eq!(block.messages[0].column, 38);
    assert_eq!(&bad[37..], "UUCP:x");
}

#[test]
fn numbers_are_checked_and_bad_codes_are_message_13() {
    assert_eq!(
        records(
            "1 D a\tPCM:N/P/M\n4294967295  R PCM:N/P\n3 # dummy\n0000000004 M a\tPCM:N/P/M\n  b\tPCM:N/P/M\n"
        ),
        ("1D 4294967295R 3- 4M".into(), vec![])
    );
    assert_eq!(
        records(
            "4294967296 D a\tPCM:N/P/M\n00000000001 D a\tPCM:N/P/M\nA a\tPCM:N/P/M\n- T:/x\n5\n6A b\n"
        ),
        (
            "? ? ? ? ?".into(),
            vec![(2, 21), (3, 21), (4, 12), (6, 13), (7, 23)]
        )
    );
    assert_eq!(
        records("1 X a\tPCM:N/P/M\n- T:/x\n2 J Smith\tPCM:N/P/M\n3 a b\tPCM:N/P/M\n"),
        ("1- 2- 3-".into(), vec![(2, 13), (4, 13), (5, 13)])
    );
}

#[test]
fn blank_lines_and_extra_returns_between_records_are_skipped() {
    let lines = "1 A a\tPCM:N/P/M\r\r\n\r\r\n\r\n- T:/x\r\r\n\r\n2 D b\tPCM:N/P/M\r\r\n";
    assert_eq!(records(lines), ("1A 2D".into(), vec![]));
}

#[test]
fn written_records_read_back() {
    let text = b"A User Number 1\tPCM:NETWORK/POSTOFFICE/USER1\r\n- City//ST:/x";
    let transaction = Transaction::decode_queue_text(text, CP)
        .expect("a transaction")
        .transaction;
    let mut out = format!("{RECORDS_SECTION}\r\n").into_bytes();
    push_record(645, &transaction, &mut out);
    let printed = String::from_utf8(out).expect("ASCII");
    assert_eq!(
        printed,
        "[DIRSYNC-TRANSACTIONS]\r\n\
         0000000645 A User Number 1                  PCM:NETWORK/POSTOFFICE/USER1\r\n\
         - City//ST:/x\r\n"
    );
    let block = open(&printed).next().expect("a record").expect("read");
    assert_eq!(
        (block.sync, block.transaction),
        (Some(645), Some(transaction))
    );
}

#[test]
fn ds_p050_the_published_export_is_one_add_whatever_its_blanks() {
    let profile = "[dirsync]\ntask=export\nreqname=PCM:net/po\ntransactions=inbody\n\n[dirsync-transactions]\n";
    for record in [
        "1200 A Martin, Robert PCM:net/po/rmartin",
        "1200 A Martin, Robert                PCM:net/po/rmartin",
        "1200 A Martin, Robert\tPCM:net/po/rmartin",
        "0000001200 A Martin, Robert   pcm:net/po/rmartin",
    ] {
        let text = format!("{profile}{record}\n");
        let body = BodyReader::open(text.as_bytes(), CodePage::Cp850);
        let body = body.expect("readable").expect("a message");
        assert_eq!(
            body.profile().expect("a profile").requestor(),
            Some("PCM:net/po")
        );
        let blocks: Vec<_> = body.map(|block| block.expect("readable")).collect();
        let [block] = blocks.as_slice() else {
            panic!("{blocks:?}");
        };
        assert_eq!(
            (block.sync, block.messages.len()),
            (Some(1200), 0),
            "{record}"
        );
        let entry = block
            .transaction
            .as_ref()
            .and_then(Transaction::entry)
            .expect("an A");
        assert_eq!(entry.name(), b"Martin, Robert");
        assert_eq!(entry.address().mailbox(), Some(&b"rmartin"[..]));
    }
}
