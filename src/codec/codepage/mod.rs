//! Code pages of postoffice text: a view of the bytes as Unicode, and folding inside the page.
//!
//! Text in records is bytes in the code page of the postoffice (`spec/files.md` section 1: 850 in the
//! United States and western Europe; 852, 737, 866, 932, 936, 949, 950 elsewhere, Q174153, Q87432).
//! Nothing here ever changes stored text: comparing and cutting work on the bytes, and decoding is a
//! view for screens and for other systems.

pub mod collation;
mod double;
mod single;
pub mod visible;

use std::cmp::Ordering;
use std::fmt;

/// A code page that text of a postoffice may be in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum CodePage {
    /// DOS United States.
    Cp437,
    /// DOS Greek (and Turkish postoffices, Q118853).
    Cp737,
    /// DOS Latin 1, the usual one.
    #[default]
    Cp850,
    /// DOS Latin 2.
    Cp852,
    /// DOS Cyrillic.
    Cp866,
    /// Japanese, Shift-JIS.
    Cp932,
    /// Simplified Chinese, GBK.
    Cp936,
    /// Korean, unified Hangul.
    Cp949,
    /// Traditional Chinese, Big5.
    Cp950,
    /// Windows central European.
    Windows1250,
    /// Windows Cyrillic.
    Windows1251,
    /// Windows western European ("ANSI").
    Windows1252,
    /// Windows Greek.
    Windows1253,
    /// Windows Turkish.
    Windows1254,
    /// Windows Hebrew.
    Windows1255,
    /// Windows Arabic.
    Windows1256,
    /// Windows Baltic.
    Windows1257,
    /// Windows Vietnamese.
    Windows1258,
}

/// A character that a code page does not have, so that the text cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "character {} ({character:?}, U+{:04X}) is not in code page {code_page}",
    position + 1,
    u32::from(*character)
)]
pub struct CharacterError {
    /// Index of the character in the text, in characters from 0; the message counts from 1.
    pub position: usize,
    /// The character.
    pub character: char,
    /// The page that lacks it.
    pub code_page: CodePage,
}

impl CodePage {
    /// Every code page, in the order of the enumeration.
    pub const ALL: [Self; 18] = [
        Self::Cp437,
        Self::Cp737,
        Self::Cp850,
        Self::Cp852,
        Self::Cp866,
        Self::Cp932,
        Self::Cp936,
        Self::Cp949,
        Self::Cp950,
        Self::Windows1250,
        Self::Windows1251,
        Self::Windows1252,
        Self::Windows1253,
        Self::Windows1254,
        Self::Windows1255,
        Self::Windows1256,
        Self::Windows1257,
        Self::Windows1258,
    ];

    /// Returns the page with this number.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.id() == id)
    }

    /// Returns the number of the page.
    #[must_use]
    pub fn id(self) -> u16 {
        match self {
            Self::Cp437 => 437,
            Self::Cp737 => 737,
            Self::Cp850 => 850,
            Self::Cp852 => 852,
            Self::Cp866 => 866,
            Self::Cp932 => 932,
            Self::Cp936 => 936,
            Self::Cp949 => 949,
            Self::Cp950 => 950,
            Self::Windows1250 => 1250,
            Self::Windows1251 => 1251,
            Self::Windows1252 => 1252,
            Self::Windows1253 => 1253,
            Self::Windows1254 => 1254,
            Self::Windows1255 => 1255,
            Self::Windows1256 => 1256,
            Self::Windows1257 => 1257,
            Self::Windows1258 => 1258,
        }
    }

    /// Tells whether characters of this page may take two bytes.
    #[must_use]
    pub fn is_double_byte(self) -> bool {
        matches!(self, Self::Cp932 | Self::Cp936 | Self::Cp949 | Self::Cp950)
    }

    /// Returns the text as Unicode, for showing.
    ///
    /// This is a view: a byte (or a pair) that would not come back from [`Self::encode`] as it is
    /// shows as U+FFFD, one per character of the page, so what is shown unharmed can be typed again.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        if bytes.is_ascii() {
            String::from_utf8_lossy(bytes).into_owned()
        } else if self.is_double_byte() {
            double::decode(self, bytes)
        } else {
            let table = single::tables(self);
            bytes.iter().map(|&b| table.character(b)).collect()
        }
    }

    /// Returns the bytes of a text; nothing is approximated.
    ///
    /// # Errors
    /// The first character that the page does not have, or would give back as another one.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, CharacterError> {
        if text.is_ascii() {
            return Ok(text.as_bytes().to_vec());
        }
        let encoded = if self.is_double_byte() {
            double::encode(self, text)
        } else {
            single::tables(self).encode(text)
        };
        encoded.map_err(|(position, character)| CharacterError {
            position,
            character,
            code_page: self,
        })
    }

    /// Tells whether this byte begins a character of two bytes.
    #[must_use]
    pub fn is_lead_byte(self, byte: u8) -> bool {
        match self {
            Self::Cp932 => matches!(byte, 0x81..=0x9f | 0xe0..=0xfc),
            Self::Cp936 | Self::Cp949 | Self::Cp950 => matches!(byte, 0x81..=0xfe),
            _ => false,
        }
    }

    /// Returns the length of the first character in bytes: 1 or 2, and 0 for no bytes.
    ///
    /// A lead byte makes a pair only with a byte that can be a trail byte in some page (0x40 and up).
    /// One that stands before a TAB, a line end or a `/` is taken for a torn character of one byte:
    /// damage to a name never swallows the separator behind it.
    #[must_use]
    pub fn character_len(self, bytes: &[u8]) -> usize {
        match bytes {
            [] => 0,
            [lead, trail, ..] if self.is_lead_byte(*lead) && double::is_trail_byte(*trail) => 2,
            _ => 1,
        }
    }

    /// Returns the text in upper case, inside the code page and of the same length.
    ///
    /// A letter is raised where its upper-case form is one character of the same page; `ÿ` of page
    /// 850 and `ß` stay. Nothing above 0x7F folds into ASCII (`ı` stays apart from `I`): better two
    /// names than one of two people lost. In the East Asian pages only ASCII letters fold; pairs,
    /// full-width letters among them, are untouched.
    #[must_use]
    pub fn fold(self, bytes: &[u8]) -> Vec<u8> {
        let mut folded = Vec::with_capacity(bytes.len());
        self.fold_into(bytes, &mut folded);
        folded
    }

    /// Appends the text in upper case to `folded`; see [`Self::fold`].
    pub fn fold_into(self, bytes: &[u8], folded: &mut Vec<u8>) {
        if !self.is_double_byte() {
            let table = &single::tables(self).fold;
            folded.extend(bytes.iter().map(|&b| table[usize::from(b)]));
            return;
        }
        let start = folded.len();
        folded.extend_from_slice(bytes);
        let mut rest = &mut folded[start..];
        while !rest.is_empty() {
            let len = self.character_len(rest);
            let (character, behind) = rest.split_at_mut(len);
            if len == 1 {
                character[0].make_ascii_uppercase();
            }
            rest = behind;
        }
    }

    /// Compares two texts without regard to letter case, as [`Self::fold`] sees it.
    #[must_use]
    pub fn eq_ignore_case(self, a: &[u8], b: &[u8]) -> bool {
        if a.len() != b.len() {
            return false;
        }
        // An empty slice may point nowhere, and comparing two of them is slow on some processors.
        if a.is_empty() || a == b {
            return true;
        }
        if !self.is_double_byte() {
            let table = &single::tables(self).fold;
            return a
                .iter()
                .zip(b)
                .all(|(&a, &b)| table[usize::from(a)] == table[usize::from(b)]);
        }
        let mut at = 0;
        while at < a.len() {
            let len = self.character_len(&a[at..]);
            let (a, b) = (&a[at..at + len], &b[at..at + len]);
            if a != b && (len == 2 || !a.eq_ignore_ascii_case(b)) {
                return false;
            }
            at += len;
        }
        true
    }

    /// Orders two texts by their folded bytes, as [`Self::fold`] makes them.
    #[must_use]
    pub fn compare_ignore_case(self, a: &[u8], b: &[u8]) -> Ordering {
        if self.is_double_byte() {
            return self.fold(a).cmp(&self.fold(b));
        }
        let table = &single::tables(self).fold;
        let folded = |byte: &u8| table[usize::from(*byte)];
        // Neighbours in a sorted list begin alike.
        let alike = common_prefix_len(a, b);
        let (a, b) = (&a[alike..], &b[alike..]);
        a.iter().map(folded).cmp(b.iter().map(folded))
    }

    /// Returns the longest beginning of the text that has at most `max` bytes and ends on a whole character.
    #[must_use]
    pub fn cut(self, bytes: &[u8], max: usize) -> &[u8] {
        if bytes.len() <= max {
            return bytes;
        }
        if !self.is_double_byte() {
            return &bytes[..max];
        }
        let mut end = 0;
        loop {
            let next = end + self.character_len(&bytes[end..]);
            if next > max {
                return &bytes[..end];
            }
            end = next;
        }
    }

    /// Returns the first position of an ASCII character such as a separator; a trail byte of the same
    /// value (`\`, `|` and `~` can be one) does not count.
    #[must_use]
    pub fn find(self, bytes: &[u8], byte: u8) -> Option<usize> {
        if !self.is_double_byte() || !double::is_trail_byte(byte) {
            return bytes.iter().position(|&b| b == byte);
        }
        let mut at = 0;
        while at < bytes.len() {
            let len = self.character_len(&bytes[at..]);
            if len == 1 && bytes[at] == byte {
                return Some(at);
            }
            at += len;
        }
        None
    }
}

/// Returns how many bytes two texts have in common at their beginning, in steps of eight.
fn common_prefix_len(a: &[u8], b: &[u8]) -> usize {
    let word = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).expect("a chunk of eight");
    let mut words = a.chunks_exact(8).zip(b.chunks_exact(8));
    let differs = words.position(|(a, b)| word(a) != word(b));
    8 * differs.unwrap_or(a.len().min(b.len()) / 8)
}

impl fmt::Display for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}

#[cfg(test)]
mod tests;
