//! Where a character stands in the order of the postoffice, whatever its code page.

/// What a character is; kinds sort in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// A blank, or a sign that parts words.
    Separator,
    Control,
    /// Any other sign: punctuation, currency, lines.
    Sign,
    Digit,
    Latin,
    Greek,
    Cyrillic,
    /// A letter of another script.
    Other,
    /// The code page defines no character.
    Undefined,
}

/// One place in the order: the kind, and the number inside it.
pub(super) type Place = (Kind, u32);

/// Signs that part words, in their order; no-break and ideographic blanks count as the first.
const SEPARATORS: &str = " ,;/()[]<>\"";

/// Upper-case letters, ligatures and signs that sort as Latin letters.
const LATIN: [(&str, &str); 30] = [
    ("A", "ªÀÁÂÃÄÅĀĂĄǍⱭ"),
    ("AE", "Æ"),
    ("B", "Ƀ"),
    ("C", "ÇĆĈĊČ"),
    ("D", "ÐĎĐ"),
    ("E", "ÈÉÊËĒĔĖĘĚ"),
    ("F", "Ƒ"),
    ("G", "ĜĞĠĢꞬ"),
    ("H", "ĤĦ"),
    ("I", "ÌÍÎÏĨĪĬĮİǏ"),
    ("IJ", "Ĳ"),
    ("J", "Ĵ"),
    ("K", "Ķĸ"),
    ("L", "ĹĻĽĿŁ"),
    ("M", "Ḿ"),
    ("N", "ⁿÑŃŅŇǸŊ"),
    ("O", "ºÒÓÔÕÖØŌŎŐƠǑ"),
    ("OE", "Œ"),
    ("P", "Ᵽ"),
    ("R", "ŔŖŘ"),
    ("S", "ŚŜŞŠȘ"),
    ("T", "ŢŤŦȚ"),
    ("TH", "Þ"),
    ("U", "ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛ"),
    ("W", "Ŵ"),
    ("Y", "ÝŶŸ"),
    ("Z", "ŹŻŽ"),
    ("1", "¹"),
    ("2", "²"),
    ("3", "³"),
];

/// The alphabet; a letter behind a colon sorts as the one before it.
const GREEK: &str = "Α:ΆΒΓΔΕ:ΈΖΗ:ΉΘΙ:Ί:ΪΚΛΜΝΞΟ:ΌΠΡΣΤΥ:Ύ:ΫΦΧΨΩ:Ώ";

/// The letters of Russian, Ukrainian, Belarusian, Bulgarian, Serbian and Macedonian in one alphabet.
const CYRILLIC: &str = "АБВГ:ЃҐДЂЕ:ЁЄЖЗЅИ:ЍІ:ЇЙЈК:ЌЛЉМНЊОПРСТЋУ:ЎФХЦЧЏШЩЪЫЬЭЮЯ";

/// How one character sorts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Character {
    /// Its places: none for a combining mark, two for a ligature.
    pub(super) places: [Option<Place>; 2],
    /// 0 for the plain one of its place; else a number by which the variants of a place stand in order.
    pub(super) variant: u16,
    /// It is a lower-case letter.
    pub(super) is_lower: bool,
}

impl Character {
    /// Looks up a character.
    pub(super) fn new(character: char) -> Self {
        let narrow = narrow(character);
        let mut places = [None; 2];
        let mut free = places.iter_mut();
        for upper in narrow.to_uppercase() {
            for place in places_of(upper).into_iter().flatten() {
                if let Some(free) = free.next() {
                    *free = Some(place);
                }
            }
        }
        let mut upper = narrow.to_uppercase();
        let first = upper.next().unwrap_or(narrow);
        let is_single = upper.next().is_none();
        let variant = match character.to_uppercase().next() {
            _ if narrow == character && is_single && is_plain(first) => 0,
            Some(upper) if is_single => u32::from(upper),
            _ => u32::from(character),
        };
        Self {
            places,
            variant: u16::try_from(variant).unwrap_or(u16::MAX),
            is_lower: first != narrow,
        }
    }
}

/// Gives a wide character of the East Asian pages its ASCII form, and every blank that of a blank.
fn narrow(character: char) -> char {
    match character {
        '\u{a0}' | '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    }
}

/// Tells whether a character is the one that names its place.
fn is_plain(upper: char) -> bool {
    upper.is_ascii() || (latin(upper).is_none() && !is_mark(upper) && !is_variant(upper))
}

fn is_variant(upper: char) -> bool {
    [GREEK, CYRILLIC].iter().any(|alphabet| {
        let mut previous = ' ';
        alphabet.chars().any(|letter| {
            let found = letter == upper && previous == ':';
            previous = letter;
            found
        })
    })
}

fn places_of(upper: char) -> [Option<Place>; 2] {
    if is_mark(upper) {
        return [None; 2];
    }
    if let Some(base) = latin(upper) {
        let mut base = base.chars().map(plain_place);
        return [base.next(), base.next()];
    }
    [Some(plain_place(upper)), None]
}

fn plain_place(upper: char) -> Place {
    let code = u32::from(upper);
    if let Some(number) = SEPARATORS.chars().position(|c| c == upper) {
        return (Kind::Separator, number as u32);
    }
    match upper {
        '0'..='9' => return (Kind::Digit, code),
        'A'..='Z' => return (Kind::Latin, code),
        char::REPLACEMENT_CHARACTER => return (Kind::Undefined, code),
        _ => {}
    }
    let alphabets = [(Kind::Greek, GREEK), (Kind::Cyrillic, CYRILLIC)];
    let found = alphabets
        .iter()
        .find_map(|(kind, alphabet)| Some((*kind, number_in(alphabet, upper)?)));
    match found {
        Some(place) => place,
        None if upper.is_control() => (Kind::Control, code),
        None if upper.is_alphabetic() => (Kind::Other, code),
        None => (Kind::Sign, code),
    }
}

/// Returns the number of a letter in its alphabet.
fn number_in(alphabet: &str, upper: char) -> Option<u32> {
    let mut number = 0;
    let mut is_variant = false;
    for letter in alphabet.chars() {
        if letter == ':' {
            is_variant = true;
            continue;
        }
        if !is_variant {
            number += 1;
        }
        is_variant = false;
        if letter == upper {
            return Some(number);
        }
    }
    None
}

/// Returns the plain letters that a letter sorts as.
fn latin(upper: char) -> Option<&'static str> {
    let row = LATIN
        .iter()
        .find(|(_, variants)| variants.contains(upper))?;
    Some(row.0)
}

/// Tells whether a character only changes the one before it: the marks of the Vietnamese, Hebrew and Arabic pages.
fn is_mark(character: char) -> bool {
    matches!(
        u32::from(character),
        0x300..=0x36f | 0x591..=0x5bd | 0x5bf | 0x5c1 | 0x5c2 | 0x5c4 | 0x5c5 | 0x5c7 | 0x64b..=0x652
    )
}
