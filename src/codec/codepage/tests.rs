use super::*;

use proptest::prelude::*;

fn single_byte_pages() -> impl Iterator<Item = CodePage> {
    CodePage::ALL.into_iter().filter(|p| !p.is_double_byte())
}

#[test]
fn ids_are_unique_and_come_back() {
    for page in CodePage::ALL {
        assert_eq!(CodePage::from_id(page.id()), Some(page));
    }
    assert_eq!(CodePage::from_id(0), None);
    assert_eq!(CodePage::default().id(), 850);
}

#[test]
fn every_byte_of_a_single_byte_page_comes_back_or_shows_as_a_replacement() {
    // The count of undefined bytes per page, from the pages themselves.
    let undefined = |page| match page {
        CodePage::Windows1253 => 3,
        CodePage::Windows1255 => 10,
        CodePage::Windows1257 => 2,
        _ => 0,
    };
    for page in single_byte_pages() {
        let mut replaced = 0;
        for byte in 0..=255u8 {
            let view = page.decode(&[byte]);
            assert_eq!(view.chars().count(), 1, "{page} {byte:#x}");
            if view == "\u{fffd}" {
                replaced += 1;
                assert!(page.encode(&view).is_err());
            } else {
                assert_eq!(page.encode(&view).unwrap(), [byte], "{page} {byte:#x}");
            }
        }
        assert_eq!(replaced, undefined(page), "page {page}");
    }
}

#[test]
fn known_texts_have_their_published_bytes() {
    for (page, text, bytes) in [
        (CodePage::Cp437, "Jürg", &b"J\x81rg"[..]),
        (CodePage::Cp850, "JÜRG", b"J\x9aRG"),
        (CodePage::Cp850, "ÀÑØ", b"\xb7\xa5\x9d"),
        (CodePage::Cp852, "Łódź", b"\x9d\xa2d\xab"),
        (CodePage::Cp737, "Αθήνα", b"\x80\x9f\xe3\xa4\x98"),
        (CodePage::Cp866, "Москва", b"\x8c\xae\xe1\xaa\xa2\xa0"),
        (CodePage::Windows1252, "Jürg €", b"J\xfcrg \x80"),
        (CodePage::Cp932, "表示", b"\x95\x5c\x8e\xa6"),
        (CodePage::Cp936, "中文", b"\xd6\xd0\xce\xc4"),
        (CodePage::Cp949, "한글", b"\xc7\xd1\xb1\xdb"),
        (CodePage::Cp950, "中文", b"\xa4\xa4\xa4\xe5"),
    ] {
        assert_eq!(page.encode(text).unwrap(), bytes, "{text} in {page}");
        assert_eq!(page.decode(bytes), text, "{bytes:x?} in {page}");
    }
}

#[test]
fn a_character_outside_the_page_is_named_with_its_position() {
    let error = CodePage::Cp850.encode("Jürg Łódź").unwrap_err();
    assert_eq!(
        error,
        CharacterError {
            position: 5,
            character: 'Ł',
            code_page: CodePage::Cp850
        }
    );
    assert_eq!(
        error.to_string(),
        "character 6 ('Ł', U+0141) is not in code page 850"
    );
    // The encoder would write a backslash here.
    let error = CodePage::Cp932.encode("価格¥5").unwrap_err();
    assert_eq!((error.position, error.character), (2, '¥'));
}

#[test]
fn folding_raises_letters_inside_the_page() {
    for (page, lower, upper) in [
        (CodePage::Cp850, "jürg çà ñø", "JÜRG ÇÀ ÑØ"),
        (CodePage::Cp850, "ÿ ß ı", "ÿ ß ı"),
        (CodePage::Cp437, "é à", "É à"),
        (CodePage::Cp852, "łódź", "ŁÓDŹ"),
        (CodePage::Cp737, "αθήνας", "ΑΘΉΝΑΣ"),
        (CodePage::Cp866, "москва ё", "МОСКВА Ё"),
        (CodePage::Windows1252, "ÿ œ", "Ÿ Œ"),
        (CodePage::Cp932, "abc表a", "ABC表A"),
    ] {
        let folded = page.fold(&page.encode(lower).unwrap());
        assert_eq!(page.decode(&folded), upper, "page {page}");
    }
}

#[test]
fn a_trail_byte_is_neither_folded_nor_a_separator() {
    let page = CodePage::Cp932;
    // ヂ is 83 61: its trail byte is the letter a. 表 is 95 5C: its trail byte is a backslash.
    assert_eq!(page.fold(b"a\x83\x61a"), b"A\x83\x61A");
    assert!(!page.eq_ignore_case(b"\x83\x61", b"\x83\x41"));
    assert!(page.eq_ignore_case(b"x\x83\x61y", b"X\x83\x61Y"));
    assert_eq!(page.find(b"\x95\x5cA\x5cB", b'\\'), Some(3));
    assert_eq!(page.find(b"\x95\x5c", b'\\'), None);
    // Full-width letters keep their case.
    assert_eq!(page.fold(b"\x82\x81"), b"\x82\x81");
}

#[test]
fn a_torn_pair_does_not_swallow_the_separator() {
    let page = CodePage::Cp932;
    assert_eq!(page.find(b"name\x95\tPCM:A/B/C", b'\t'), Some(5));
    assert_eq!(page.decode(b"\x95\tA"), "\u{fffd}\tA");
    assert_eq!(page.decode(b"A\x95"), "A\u{fffd}");
}

#[test]
fn cutting_never_splits_a_character() {
    let page = CodePage::Cp932;
    assert_eq!(page.cut(b"A\x95\x5cB", 2), b"A");
    assert_eq!(page.cut(b"A\x95\x5cB", 3), b"A\x95\x5c");
    assert_eq!(page.cut(b"\x95\x5c", 1), b"");
    assert_eq!(CodePage::Cp850.cut(b"abc", 2), b"ab");
    assert_eq!(CodePage::Cp850.cut(b"abc", 9), b"abc");
}

#[test]
fn a_pair_with_a_twin_shows_only_as_the_one_that_comes_back() {
    // 81 CA and FA 54 are both the full-width not sign in page 932.
    assert_eq!(CodePage::Cp932.decode(b"\x81\xca"), "￢");
    assert_eq!(CodePage::Cp932.decode(b"\xfa\x54"), "\u{fffd}");
}

#[test]
fn every_pair_of_an_east_asian_page_comes_back_or_shows_as_a_replacement() {
    for page in CodePage::ALL.into_iter().filter(|p| p.is_double_byte()) {
        let mut defined = 0;
        for pair in (0x8140..=0xfefeu16).map(u16::to_be_bytes) {
            let view = page.decode(&pair);
            if !view.contains('\u{fffd}') {
                assert_eq!(page.encode(&view).unwrap(), pair, "{page} {pair:x?}");
                defined += usize::from(page.character_len(&pair) == 2);
            }
        }
        assert!(defined > 6000, "page {page} has {defined} pairs");
    }
}

proptest! {
    #[test]
    fn operations_agree_on_any_bytes(
        which in 0..CodePage::ALL.len(),
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        max in 0..40usize,
        other in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let page = CodePage::ALL[which];
        let folded = page.fold(&bytes);
        prop_assert_eq!(folded.len(), bytes.len());
        prop_assert_eq!(page.fold(&folded), folded.clone());
        prop_assert!(page.eq_ignore_case(&bytes, &folded));
        prop_assert_eq!(
            page.eq_ignore_case(&bytes, &other),
            page.fold(&bytes) == page.fold(&other)
        );
        let view = page.decode(&bytes);
        if !view.contains('\u{fffd}') {
            prop_assert_eq!(page.encode(&view).unwrap(), bytes.clone());
        }
        let cut = page.cut(&bytes, max);
        prop_assert!(cut.len() <= max && bytes.starts_with(cut));
        prop_assert!(bytes.len() <= max || cut.len() + 1 >= max);
        prop_assert_eq!(page.find(&bytes, b'\t'), bytes.iter().position(|&b| b == b'\t'));
    }
}
