//! The order of a code page as tables, built on first use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::letters::{Character, Kind, Place};
use crate::codec::codepage::CodePage;

/// Second weight of a lead byte without its trail byte: before every pair.
const TORN: u8 = 0x3f;

/// How one character of a code page weighs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    /// Up to two weights from 1, closed by 0; none for a combining mark.
    pub(super) primary: [u8; 2],
    /// Orders the variants of one letter; 0 for the plain one.
    pub(super) variant: u16,
    /// It is a lower-case letter.
    pub(super) is_lower: bool,
    /// It parts words.
    pub(super) is_separator: bool,
}

/// The order of one code page.
pub(super) struct Weights {
    /// By byte; in an East Asian page a lead byte here is a torn one.
    pub(super) single: [Weight; 256],
    /// The capital letter that a weight belongs to, 0 where it is none.
    pub(super) letter: [u8; 256],
    /// First weight of a pair, by lead byte.
    lead: [u8; 256],
    /// Pairs that do not stand by their code, sorted by it.
    pairs: Vec<(u16, Weight)>,
}

/// Returns the order of a page.
pub(super) fn of(page: CodePage) -> &'static Weights {
    static WEIGHTS: [OnceLock<Weights>; CodePage::ALL.len()] =
        [const { OnceLock::new() }; CodePage::ALL.len()];
    WEIGHTS[page as usize].get_or_init(|| Weights::new(page))
}

impl Weights {
    fn new(page: CodePage) -> Self {
        let is_lead = |byte: u8| page.is_lead_byte(byte);
        let characters: Vec<_> = (0..=255u8).map(|byte| character(page, byte)).collect();
        let places: BTreeSet<Place> = (0..=255u8)
            .filter(|&byte| !is_lead(byte))
            .flat_map(|byte| characters[usize::from(byte)].places)
            .flatten()
            .collect();
        // The letters of ASCII in both cases share 26 places, so the places of 256 bytes fit into one.
        let ranks: BTreeMap<Place, u8> = places.into_iter().zip(1..).collect();
        let mut weights = Self {
            // A lead byte has no rank and gets its weight below.
            single: std::array::from_fn(|byte| characters[byte].weight(&ranks).unwrap_or_default()),
            letter: [0; 256],
            lead: [0; 256],
            pairs: Vec::new(),
        };
        for letter in b'A'..=b'Z' {
            let weight = weights.single[usize::from(letter)].primary[0];
            weights.letter[usize::from(weight)] = letter;
        }
        let leads: Vec<u8> = (0..=255).filter(|&byte| is_lead(byte)).collect();
        for (&byte, first) in leads.iter().zip(ranks.len() + 1..) {
            let first = u8::try_from(first).expect("single bytes and lead bytes are 256 together");
            weights.lead[usize::from(byte)] = first;
            weights.single[usize::from(byte)] = Weight {
                primary: [first, TORN],
                ..Weight::default()
            };
        }
        weights.pairs = weights.special_pairs(page, &leads, &ranks);
        weights
    }

    /// Returns how a pair weighs.
    pub(super) fn pair(&self, lead: u8, trail: u8) -> Weight {
        let code = u16::from_be_bytes([lead, trail]);
        match self.pairs.binary_search_by_key(&code, |pair| pair.0) {
            Ok(at) => self.pairs[at].1,
            Err(_) => Weight {
                primary: [self.lead[usize::from(lead)], trail],
                ..Weight::default()
            },
        }
    }

    /// Finds the pairs that sort with single bytes, or are the lower case of another pair.
    fn special_pairs(
        &self,
        page: CodePage,
        leads: &[u8],
        ranks: &BTreeMap<Place, u8>,
    ) -> Vec<(u16, Weight)> {
        let mut found = Vec::new();
        for &lead in leads {
            for trail in (0x40..=0xfe).filter(|&trail| trail != 0x7f) {
                let pair = [lead, trail];
                let view = page.decode(&pair);
                let mut characters = view.chars();
                let (Some(one), None) = (characters.next(), characters.next()) else {
                    continue;
                };
                let character = Character::new(one);
                let kind = character.places[0].map(|place| place.0);
                let is_wide = matches!(
                    kind,
                    Some(Kind::Separator | Kind::Digit | Kind::Latin | Kind::Sign)
                );
                let weight = match () {
                    () if one == char::REPLACEMENT_CHARACTER => None,
                    () if is_wide => character.weight(ranks),
                    () if character.is_lower => self.upper_pair(page, one),
                    () => None,
                };
                found.extend(weight.map(|weight| (u16::from_be_bytes(pair), weight)));
            }
        }
        found
    }

    /// Returns the weight of a lower-case pair: that of its upper case.
    fn upper_pair(&self, page: CodePage, lower: char) -> Option<Weight> {
        let upper = page
            .encode(&lower.to_uppercase().collect::<String>())
            .ok()?;
        let &[lead, trail] = &upper[..] else {
            return None;
        };
        Some(Weight {
            primary: [self.lead[usize::from(lead)], trail],
            is_lower: true,
            ..Weight::default()
        })
    }
}

impl Character {
    /// Returns the weight by the ranks of places; `None` where a place has no rank.
    fn weight(&self, ranks: &BTreeMap<Place, u8>) -> Option<Weight> {
        let mut primary = [0; 2];
        for (weight, place) in primary.iter_mut().zip(self.places.iter().flatten()) {
            *weight = *ranks.get(place)?;
        }
        Some(Weight {
            primary,
            variant: self.variant,
            is_lower: self.is_lower,
            is_separator: matches!(self.places[0], Some((Kind::Separator, _))),
        })
    }
}

/// Looks up what a byte stands for; undefined ones stand in the order of their values.
fn character(page: CodePage, byte: u8) -> Character {
    let view = page.decode(&[byte]);
    let mut character = Character::new(view.chars().next().unwrap_or_default());
    if let Some((Kind::Undefined, number)) = &mut character.places[0] {
        *number = u32::from(byte);
    }
    character
}
