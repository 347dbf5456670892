use super::*;

const CP: CodePage = CodePage::Cp850;

fn parse(text: &str) -> Result<Address, AddressError> {
    Address::parse(&CP.encode(text).expect("text of the code page"), CP)
}

fn number(text: &str) -> u16 {
    parse(text).expect_err(text).number
}

fn kept(text: &str) -> String {
    parse(text).expect(text).view(CP)
}

#[test]
fn a_colon_before_the_first_slash_marks_a_type() {
    assert_eq!(kept("smtp:user@host"), "SMTP:user@host");
    assert_eq!(kept("X400:/c=us/a=x:y"), "X400:/c=us/a=x:y");
    assert_eq!(kept("ABC/TESTING/GJONES"), "PCM:ABC/TESTING/GJONES");
    assert_eq!(number("NET/PO/A:B"), 71);
    assert_eq!(number("UUCP:host!user"), 16);
    assert_eq!(number("user:domain:org"), 16);
    assert_eq!(number(":NET/PO/M"), 16);
}

#[test]
fn blanks_around_the_address_and_behind_the_colon_are_skipped() {
    assert_eq!(kept("  PCM: NET/PO/M \t"), "PCM:NET/PO/M");
    assert_eq!(kept("SNADS:   G/D/U"), "SNADS:G/D/U");
}

#[test]
fn missing_parts_have_their_own_messages() {
    assert_eq!(number(""), 48);
    assert_eq!(number("PCM: "), 48);
    assert_eq!(number("PCM:NET"), 17);
    assert_eq!(number("PCM:NET/"), 17);
    assert_eq!(number("PCM:NET/PO"), 19);
    assert_eq!(number("PCM:NET/PO/"), 81);
    assert_eq!(number("PCM:NET/PO/M/X"), 26);
    assert_eq!(number("PCM:/PO/M"), 20);
    assert_eq!(number("PCM:NET//M"), 20);
}

#[test]
fn only_pc_mail_names_are_held_to_letters_and_digits() {
    assert_eq!(number("PCM:NE-T/PO/M"), 69);
    assert_eq!(number("CSI:NET/P O/M"), 70);
    assert_eq!(number("MS:NET/PO/M.X"), 71);
    assert_eq!(kept("PROFS:VM_GATE/N-1/A.B"), "PROFS:VM_GATE/N-1/A.B");
    assert_eq!(kept("PCM:NET/PO/JÖRG"), "PCM:NET/PO/JÖRG");
    assert_eq!(number("SNADS:N/P/MAILBOX8901"), 20);
}

#[test]
fn bytes_145_to_148_are_letters_but_in_mailboxes() {
    for byte in 128..=255_u8 {
        let text = |part: usize| {
            let mut parts = [&b"N"[..], b"P", b"M"];
            let name = [byte];
            parts[part] = &name;
            Address::parse(&parts.join(&b'/'), CP).map_err(|e| e.number)
        };
        assert!(text(0).is_ok() && text(1).is_ok(), "{byte}");
        let published = if (145..=148).contains(&byte) {
            Some(71)
        } else {
            None
        };
        assert_eq!(text(2).err(), published, "{byte}");
    }
}

#[test]
fn system_mailboxes_are_refused_in_every_three_part_type() {
    for text in [
        "PCM:N/P/$SYSTEM",
        "SNADS:N/P/$system",
        "PROFS:N/P/*SPECIAL",
        "PCM:N/P/*SPECIAL",
    ] {
        assert_eq!(number(text), 71, "{text}");
    }
}

#[test]
fn fax_fields_are_counted_measured_and_lose_a_fourth_tilde() {
    assert_eq!(kept("FAX:R~L~C~5 ~"), "FAX:R~L~C~5");
    assert_eq!(kept("FAX:~~~9,1206 1-2"), "FAX:~~~9,1206 1-2");
    assert_eq!(number("FAX:R~L~5"), 26);
    assert_eq!(number("FAX:R~L~C~"), 26);
    assert_eq!(number("FAX:R~L~C~5~~"), 26);
    assert_eq!(number("FAX:R~L~C~5~6"), 26);
    assert_eq!(number("FAX:R~L~C~+1 206"), 15);
    assert_eq!(number("FAX:R~L~C~1\t2"), 15);
    assert_eq!(number("FAX:R~L\r~C~1"), 26);
    for (field, message) in (0..4).zip(74..) {
        let mut fields = ["R".to_owned(), "L".into(), "C".into(), "5".into()];
        fields[field] = "5".repeat(if field == 3 { 22 } else { 30 });
        parse(&format!("FAX:{}", fields.join("~"))).expect("longest");
        fields[field].push('5');
        assert_eq!(number(&format!("FAX:{}", fields.join("~"))), message);
    }
}

#[test]
fn fax_tilde_inside_a_double_byte_character_is_no_separator() {
    let address = Address::parse(b"FAX:\x81~a~L~C~5", CodePage::Cp932).expect("four fields");
    let stored = address.to_stored(CodePage::Cp932);
    assert_eq!(stored, b"\x81~a\rL\rC\r5\r");
    let back = Address::from_stored(AddressType::Fax, &stored, CodePage::Cp932);
    assert_eq!(back, Ok(address));
}

#[test]
fn a_torn_character_hides_no_forbidden_one() {
    let mailbox = |bytes: &[u8]| Address::parse(&[b"PCM:N/P/", bytes].concat(), CodePage::Cp932);
    assert!(mailbox(b"\x93\xfa\x96\x7b").is_ok());
    let error = mailbox(b"\x93-1").expect_err("a hyphen");
    assert_eq!(error.number, 71);
}

#[test]
fn stored_forms_are_those_of_q94410_and_q96001() {
    let fax = parse("FAX:Sue~Bldg 2~Contoso~555-0100").expect("fax");
    assert_eq!(fax.to_stored(CP), b"Sue\rBldg 2\rContoso\r555-0100\r");
    let mci = parse("MCI:John Doe EMS:MCI Mail MBX:123-4567").expect("mci");
    let stored = mci.to_stored(CP);
    assert_eq!(stored, b"John Doe\r\nEMS:MCI Mail\r\nMBX:123-4567");
    assert_eq!(
        Address::from_stored(AddressType::Mci, &stored, CP),
        Ok(mci.clone())
    );
    let sibling = b"John Doe\r EMS:MCI Mail\r MBX:123-4567";
    assert_eq!(Address::from_stored(AddressType::Mci, sibling, CP), Ok(mci));
}

#[test]
fn free_addresses_end_at_512_bytes_and_hold_no_control_characters() {
    let longest = format!("SMTP:{}", "a".repeat(MAX_ADDRESS_LEN));
    assert_eq!(kept(&longest), longest);
    assert_eq!(number(&format!("{longest}a")), 25);
    assert_eq!(number("X400:a\tb"), 26);
}

#[test]
fn keys_join_the_spellings_of_pc_mail_and_letter_case() {
    let key = |text| parse(text).expect(text).key(CP);
    assert_eq!(key("PCM:net/po/ü"), key("CSI:NET/PO/Ü"));
    assert_eq!(key("MS:net/po/u"), key("FFAPI:NET/PO/U"));
    assert_ne!(key("SNADS:N/P/U"), key("PROFS:N/P/U"));
    assert_eq!(
        parse("MS:A/B/C").expect("MS").into_family().encode(),
        b"PCM:A/B/C"
    );
}

#[test]
fn errors_point_at_the_byte() {
    let error = parse(" PCM: NET/P-/M").expect_err("hyphen");
    assert_eq!((error.number, error.offset), (70, 11));
    assert_eq!(
        error.to_string(),
        "byte 11: [70] found \"P-\", expected letters and digits only in the postoffice name"
    );
}

#[test]
fn postoffice_names_take_both_slashes_and_compare_whole() {
    let name = |text: &[u8]| PostofficeName::parse(text, CP).expect("a name");
    assert_eq!(name(b"NET\\PO1").encode(), b"NET/PO1");
    assert!(name(b"net/po1").is_same(&name(b"NET/PO1"), CP));
    assert!(!name(b"NET/PO1").is_same(&name(b"NET/PO10"), CP));
    for (text, number) in [
        (&b""[..], 48),
        (b"NET", 17),
        (b"NET/", 17),
        (b"N/P/M", 26),
        (b"NETWORK8901/P", 20),
        (b"N!/P", 69),
        (b"N/P!", 70),
    ] {
        let error = PostofficeName::parse(text, CP).expect_err("refused");
        assert_eq!(error.number, number, "{}", text.escape_ascii());
    }
}
