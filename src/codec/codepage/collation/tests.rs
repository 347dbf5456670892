use super::*;

use proptest::prelude::*;

fn page_order(page: CodePage) -> Collation {
    Collation::new(Order::Page, page)
}

/// Asserts that texts stand in an order, each strictly before the next.
#[track_caller]
fn stand(page: CodePage, texts: &[&str]) {
    let collation = page_order(page);
    let encoded: Vec<_> = texts.iter().map(|t| page.encode(t).unwrap()).collect();
    for (i, pair) in encoded.windows(2).enumerate() {
        assert_eq!(
            collation.compare(&pair[0], &pair[1]),
            Ordering::Less,
            "page {page}: {:?} before {:?}",
            texts[i],
            texts[i + 1]
        );
        assert_eq!(
            collation.compare(&pair[1], &pair[0]),
            Ordering::Greater,
            "page {page}"
        );
    }
}

/// Asserts that texts are equal but for accents, letter case and width.
#[track_caller]
fn are_one(page: CodePage, texts: &[&str]) {
    let collation = page_order(page);
    for text in texts {
        let (first, text) = (page.encode(texts[0]).unwrap(), page.encode(text).unwrap());
        assert_eq!(
            collation.compare_letters(&first, &text),
            Ordering::Equal,
            "page {page}: {} and {}",
            page.decode(&first),
            page.decode(&text)
        );
    }
}

#[test]
fn the_table_of_the_module_is_how_page_850_sorts() {
    stand(
        CodePage::Cp850,
        &[
            "", " ", " a", ",", ";", "/", "(", ")", "[", "]", "<", ">", "\"", "!", "#", "&", "'",
            "*", "-", ".", "@", "_", "§", "½", "0", "1", "¹", "2", "²", "3", "9", "A", "a", "ª",
            "À", "à", "Á", "á", "å", "AA", "AB", "Æ", "æ", "AF", "B", "c", "Ç", "d", "Ð", "e", "é",
            "f", "ƒ", "g", "o", "ø", "S", "s", "SS", "ss", "ß", "st", "TH", "th", "þ", "ti", "y",
            "ÿ", "Z", "z", "zz", "µ",
        ],
    );
}

#[test]
fn a_shorter_name_stands_before_a_longer_one() {
    stand(
        CodePage::Cp850,
        &[
            "Doe",
            "Doe J",
            "Doe, A",
            "Doe, John",
            "Doe, John D",
            "Doe,John",
            "Doe-Smith",
            "Doef",
        ],
    );
}

#[test]
fn accents_count_before_letter_case() {
    stand(CodePage::Cp850, &["ROLE", "role", "RÔLE", "rôle", "rolf"]);
    stand(
        CodePage::Windows1252,
        &["MULLER", "Muller", "muller", "MÜLLER", "Müller", "müller"],
    );
}

#[test]
fn each_page_sorts_its_own_letters() {
    stand(
        CodePage::Cp852,
        &[
            "Lech", "LOD", "Lód", "Łód", "Łódź", "Ňový", "Nowak", "Zet", "Žet",
        ],
    );
    stand(
        CodePage::Cp437,
        &["é", "f", "Z", "Γ", "Θ", "Σ", "σ", "Φ", "Ω"],
    );
    for page in [CodePage::Cp737, CodePage::Windows1253] {
        stand(
            page,
            &["Zoe", "Αθήνα", "Άννα", "Βόλος", "Έλλη", "Ζωή", "Ω", "Ώ"],
        );
        are_one(page, &["ΑΘΗΝΑ", "Αθήνα"]);
    }
    for page in [CodePage::Cp866, CodePage::Windows1251] {
        stand(
            page,
            &[
                "Zed",
                "Анна",
                "Борис",
                "ЕЖ",
                "ёж",
                "Ем",
                "Жук",
                "Иван",
                "Йод",
                "Яна",
            ],
        );
        are_one(page, &["ЕЖ", "Ёж", "ёж"]);
    }
    stand(
        CodePage::Windows1251,
        &[
            "Г", "Ґ", "Д", "Ђ", "Е", "Є", "Ж", "И", "І", "Ї", "Й", "Ј", "К", "Љ", "Џ", "Ш",
        ],
    );
    stand(CodePage::Windows1254, &["I", "ı", "İ", "J", "s", "ş", "t"]);
    stand(CodePage::Windows1257, &["a", "Ą", "ą", "b", "z", "Ž"]);
    stand(CodePage::Windows1258, &["d", "Đ", "đ", "e", "o", "Ơ", "ơ"]);
    stand(CodePage::Windows1255, &["z", "א", "ב", "ת"]);
    stand(CodePage::Windows1256, &["z", "ا", "ب", "ي"]);
}

#[test]
fn combining_marks_count_as_accents() {
    let page = CodePage::Windows1258;
    are_one(page, &["Tran", "Tra\u{300}n", "TRÂN"]);
    stand(page, &["Tran", "Tra\u{300}n", "Trang"]);
}

#[test]
fn wide_letters_stand_with_ascii_and_pairs_by_their_code() {
    for page in [
        CodePage::Cp932,
        CodePage::Cp936,
        CodePage::Cp949,
        CodePage::Cp950,
    ] {
        are_one(page, &["Smith 2", "ＳＭＩＴＨ　２", "smith　2"]);
        are_one(page, &["Α", "α"]);
        stand(page, &["Smith", "Ｓｍｉｔｈ", "Smithe", "Α", "α", "Ω"]);
    }
    stand(CodePage::Cp932, &["z", "ｱ", "ﾝ", "あ", "ア", "亜", "山"]);
    stand(CodePage::Cp936, &["a", "ā", "B", "啊", "中"]);
    are_one(CodePage::Cp936, &["ma", "mā", "mǎ"]);
    stand(CodePage::Cp949, &["z", "가", "한"]);
}

#[test]
fn every_latin_letter_of_every_page_has_a_place_in_the_alphabet() {
    let mut seen = 0;
    for page in CodePage::ALL.into_iter().filter(|p| !p.is_double_byte()) {
        let collation = page_order(page);
        for byte in 0x80..=0xff {
            let view = page.decode(&[byte]);
            let character = view.chars().next().unwrap();
            let is_latin = character.is_alphabetic() && (character as u32) < 0x250;
            if !is_latin || character == 'µ' {
                continue;
            }
            let mut key = Vec::new();
            collation.key_into(&[byte], &mut key);
            assert!(collation.letter(&key).is_some(), "page {page}: {character}");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} letters");
}

#[test]
fn upper_and_lower_case_have_one_place_in_every_page() {
    for page in CodePage::ALL {
        let collation = page_order(page);
        for byte in 0..=255u8 {
            let (text, folded) = ([byte], page.fold(&[byte]));
            assert_eq!(
                collation.compare_letters(&text, &folded),
                Ordering::Equal,
                "page {page}: {byte:#x}"
            );
        }
    }
}

#[test]
fn a_torn_pair_stands_before_its_row() {
    let collation = page_order(CodePage::Cp932);
    let row = [&b"\x88"[..], b"\x88\x40", b"\x88\x9f", b"\x89"];
    assert!(row.is_sorted_by(|a, b| collation.compare(a, b) == Ordering::Less));
    assert_eq!(collation.key_len(b"\x88"), 2);
}

#[test]
fn words_stand_between_separators() {
    let words = |page: CodePage, text: &str| -> Vec<String> {
        let bytes = page.encode(text).unwrap();
        let words = page_order(page);
        let words = words.words(&bytes).map(|word| page.decode(word));
        words.collect()
    };
    let page = CodePage::Cp850;
    assert_eq!(words(page, " Sue  B. Smith "), ["Sue", "B.", "Smith"]);
    assert_eq!(words(page, "Doe,John"), ["Doe", "John"]);
    assert_eq!(
        words(page, "O'Brien-Wu, \"Al\" (R&D/3rd)"),
        ["O'Brien-Wu", "Al", "R&D", "3rd"]
    );
    assert_eq!(words(page, "a\u{a0}b"), ["a", "b"]);
    assert_eq!(words(page, ""), [""; 0]);
    assert_eq!(words(page, " ,;"), [""; 0]);
    let page = CodePage::Cp932;
    // The second bytes of these pairs are those of a backslash and of a bracket.
    assert_eq!(words(page, "表示　山田(株)"), ["表示", "山田", "株"]);
    assert_eq!(words(CodePage::Cp950, "功 許"), ["功", "許"]);
    let page = CodePage::Windows1258;
    assert_eq!(words(page, "\u{300} a\u{300} \u{301}"), ["a\u{300}"]);
}

#[test]
fn the_order_of_bytes_is_that_of_the_c_locale() {
    let collation = Collation::new(Order::Bytes, CodePage::Cp850);
    let texts = [
        &b""[..],
        b" ",
        b",",
        b"1",
        b"A",
        b"B",
        b"_",
        b"a",
        b"b",
        b"\x80",
    ];
    for pair in texts.windows(2) {
        assert_eq!(collation.compare(pair[0], pair[1]), Ordering::Less);
        assert_eq!(collation.compare_letters(pair[0], pair[1]), Ordering::Less);
    }
    assert_eq!(collation.letter(b"b"), Some(b'b'));
    assert_eq!(collation.letter(b"1"), None);
    assert_eq!(collation.words(b"a, B").count(), 2);
}

#[test]
fn a_key_has_the_letter_it_stands_under() {
    let collation = page_order(CodePage::Cp850);
    for (text, letter) in [
        ("müller", Some(b'M')),
        ("Ærø", Some(b'A')),
        ("ßa", Some(b'S')),
        ("Ø", Some(b'O')),
        ("1a", None),
        ("(a", None),
        ("", None),
    ] {
        let mut key = Vec::new();
        collation.key_into(&CodePage::Cp850.encode(text).unwrap(), &mut key);
        assert_eq!(collation.letter(&key), letter, "{text}");
        let text = CodePage::Cp850.encode(text).unwrap();
        assert_eq!(collation.letter_of(&text), letter);
    }
}

#[test]
fn codes_of_orders_come_back() {
    for order in [Order::Page, Order::Bytes] {
        assert_eq!(Order::from_byte(order.as_byte()), Some(order));
    }
    assert_eq!(Order::from_byte(2), None);
}

fn any_collation() -> impl Strategy<Value = Collation> {
    let orders = prop::sample::select(vec![Order::Page, Order::Bytes]);
    let pages = prop::sample::select(CodePage::ALL.to_vec());
    (orders, pages).prop_map(|(order, page)| Collation::new(order, page))
}

proptest! {
    #[test]
    fn keys_compare_as_the_texts_do(
        collation in any_collation(),
        a in prop::collection::vec(1u8.., 0..30),
        b in prop::collection::vec(1u8.., 0..30),
    ) {
        let key = |text: &[u8]| {
            let mut key = Vec::new();
            collation.key_into(text, &mut key);
            assert_eq!(key.len(), collation.key_len(text));
            assert!(key.len() <= 2 * text.len() && !key.contains(&0));
            key
        };
        prop_assert_eq!(key(&a).cmp(&key(&b)), collation.compare_letters(&a, &b));
        prop_assert_eq!(collation.compare(&a, &b), collation.compare(&b, &a).reverse());
        prop_assert_eq!(collation.compare(&a, &b).is_eq(), a == b);
        let unequal = collation.compare_letters(&a, &b);
        prop_assert!(unequal.is_eq() || collation.compare(&a, &b) == unequal);
    }

    #[test]
    fn sorting_is_transitive(
        collation in any_collation(),
        mut texts in prop::collection::vec(prop::collection::vec(prop::sample::select(
            b"aAbB\x84\x8e\xe1\xb4 ,1-\x88\x40\x82\x60\xff".to_vec()), 0..5), 3),
    ) {
        texts.sort_by(|a, b| collation.compare(a, b));
        prop_assert_ne!(collation.compare(&texts[0], &texts[2]), Ordering::Greater);
    }

    #[test]
    fn segments_and_their_keys_make_up_the_text(
        collation in any_collation(),
        text in prop::collection::vec(1u8.., 0..30),
    ) {
        let (mut again, mut keys, mut key) = (Vec::new(), Vec::new(), Vec::new());
        for segment in collation.segments(&text) {
            let (Segment::Word(part) | Segment::Gap(part)) = segment;
            prop_assert!(!part.is_empty());
            again.extend_from_slice(part);
            collation.key_into(part, &mut keys);
        }
        collation.key_into(&text, &mut key);
        prop_assert_eq!(&again, &text);
        prop_assert_eq!(keys, key);
    }
}
