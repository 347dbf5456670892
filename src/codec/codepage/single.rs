//! Code pages of one byte per character: DOS pages from `oem_cp`, the others from `encoding_rs`.

use std::sync::OnceLock;

use encoding_rs::Encoding;
use oem_cp::code_table;

use super::CodePage;

/// What one page knows about its 256 bytes.
pub(super) struct Tables {
    /// Characters of 0x80 to 0xFF; `None` where the page defines none.
    high: [Option<char>; 128],
    /// The same pairs by character, sorted.
    by_character: Vec<(char, u8)>,
    /// Upper case of each byte.
    pub(super) fold: [u8; 256],
}

/// Returns the tables of a page, built on first use.
pub(super) fn tables(page: CodePage) -> &'static Tables {
    static TABLES: [OnceLock<Tables>; CodePage::ALL.len()] =
        [const { OnceLock::new() }; CodePage::ALL.len()];
    TABLES[page as usize].get_or_init(|| Tables::new(high_half(page)))
}

impl Tables {
    fn new(high: [Option<char>; 128]) -> Self {
        let mut by_character: Vec<(char, u8)> = (0x80..=0xff)
            .zip(high)
            .filter_map(|(byte, character)| Some((character?, byte)))
            .collect();
        by_character.sort_unstable();
        let mut tables = Self {
            high,
            by_character,
            fold: [0; 256],
        };
        tables.fold = std::array::from_fn(|byte| tables.upper(byte as u8));
        tables
    }

    fn upper(&self, byte: u8) -> u8 {
        if byte.is_ascii() {
            return byte.to_ascii_uppercase();
        }
        let mut upper = self.character(byte).to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => self.high_byte(single).unwrap_or(byte),
            _ => byte,
        }
    }

    /// Returns the character of a byte, U+FFFD where there is none.
    pub(super) fn character(&self, byte: u8) -> char {
        match byte.checked_sub(0x80) {
            None => char::from(byte),
            Some(i) => self.high[usize::from(i)].unwrap_or(char::REPLACEMENT_CHARACTER),
        }
    }

    fn high_byte(&self, character: char) -> Option<u8> {
        self.by_character
            .binary_search_by_key(&character, |pair| pair.0)
            .ok()
            .map(|i| self.by_character[i].1)
    }

    /// Encodes a text, or returns index and value of the first character that is not in the page.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u8>, (usize, char)> {
        text.chars()
            .enumerate()
            .map(|(position, c)| match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => Ok(byte),
                _ => self.high_byte(c).ok_or((position, c)),
            })
            .collect()
    }
}

fn high_half(page: CodePage) -> [Option<char>; 128] {
    match page {
        CodePage::Cp437 => code_table::DECODING_TABLE_CP437.map(Some),
        CodePage::Cp737 => code_table::DECODING_TABLE_CP737.map(Some),
        CodePage::Cp850 => code_table::DECODING_TABLE_CP850.map(Some),
        CodePage::Cp852 => code_table::DECODING_TABLE_CP852.map(Some),
        CodePage::Cp866 => from_encoding(encoding_rs::IBM866),
        CodePage::Windows1250 => from_encoding(encoding_rs::WINDOWS_1250),
        CodePage::Windows1251 => from_encoding(encoding_rs::WINDOWS_1251),
        CodePage::Windows1252 => from_encoding(encoding_rs::WINDOWS_1252),
        CodePage::Windows1253 => from_encoding(encoding_rs::WINDOWS_1253),
        CodePage::Windows1254 => from_encoding(encoding_rs::WINDOWS_1254),
        CodePage::Windows1255 => from_encoding(encoding_rs::WINDOWS_1255),
        CodePage::Windows1256 => from_encoding(encoding_rs::WINDOWS_1256),
        CodePage::Windows1257 => from_encoding(encoding_rs::WINDOWS_1257),
        CodePage::Windows1258 => from_encoding(encoding_rs::WINDOWS_1258),
        CodePage::Cp932 | CodePage::Cp936 | CodePage::Cp949 | CodePage::Cp950 => [None; 128],
    }
}

fn from_encoding(encoding: &'static Encoding) -> [Option<char>; 128] {
    std::array::from_fn(|i| {
        let byte = [i as u8 + 0x80];
        encoding
            .decode_without_bom_handling_and_without_replacement(&byte)?
            .chars()
            .next()
    })
}
