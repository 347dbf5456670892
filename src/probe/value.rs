//! How a number is written, and where it stands in a record.

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Code {
    /// Binary, the lowest byte first.
    Little,
    /// Binary, the highest byte first.
    Big,
    /// Two words of 16 bits, the higher word first, each with its lower byte first.
    Mixed,
    /// Decimal digits, filled up with zeros at the left.
    Decimal,
    /// Decimal digits, filled up with blanks at the left.
    Blanks,
    /// Hexadecimal digits.
    Hex,
    /// Decimal digits, as many as the number has; the size of the place is the most.
    Digits,
    /// Hexadecimal digits, as many as the number has.
    HexDigits,
}

impl Code {
    /// Reads a number.
    #[must_use]
    pub fn get(self, bytes: &[u8]) -> Option<u64> {
        if bytes.is_empty() || bytes.len() > 10 {
            return None;
        }
        match self {
            Self::Little => Some(bytes.iter().rfold(0, |v, &b| v << 8 | u64::from(b))),
            Self::Big => Some(bytes.iter().fold(0, |v, &b| v << 8 | u64::from(b))),
            Self::Mixed => match *bytes {
                [a, b, c, d] => Some(u64::from(u32::from_be_bytes([b, a, d, c]))),
                _ => None,
            },
            Self::Blanks => {
                let blanks = bytes.iter().take_while(|&&b| b == b' ').count();
                match &bytes[blanks..] {
                    [] | [b'0', _, ..] => None,
                    digits => Self::Decimal.get(digits),
                }
            }
            Self::Decimal | Self::Digits => bytes.iter().try_fold(0, |v, b| {
                Some(v * 10 + u64::from(b.is_ascii_digit().then(|| b - b'0')?))
            }),
            Self::Hex | Self::HexDigits => bytes.iter().try_fold(0, |v, &b| {
                Some(v << 4 | u64::from(char::from(b).to_digit(16)?))
            }),
        }
    }

    /// Writes a number over all of `bytes`; false where it does not fit.
    pub fn put(self, value: u64, bytes: &mut [u8]) -> bool {
        let size = bytes.len();
        match self {
            Self::Little | Self::Big | Self::Mixed => {
                if size < 8 && value >> (8 * size) != 0 {
                    return false;
                }
                for (i, byte) in bytes.iter_mut().enumerate() {
                    let index = match self {
                        Self::Little => i,
                        Self::Big => size - 1 - i,
                        _ => [2, 3, 0, 1][i % 4],
                    };
                    *byte = value.checked_shr(8 * index as u32).unwrap_or(0) as u8;
                }
                true
            }
            Self::Decimal => put_digits(&format!("{value:0size$}"), bytes),
            Self::Blanks => put_digits(&format!("{value:size$}"), bytes),
            Self::Hex => put_digits(&format!("{value:0size$X}"), bytes),
            Self::Digits | Self::HexDigits => put_digits(&self.digits(value), bytes),
        }
    }

    /// Tells whether a number is written in digits.
    #[must_use]
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Little | Self::Big | Self::Mixed)
    }

    /// Tells whether a number takes as many digits as it has.
    #[must_use]
    pub fn is_varying(self) -> bool {
        matches!(self, Self::Digits | Self::HexDigits)
    }

    /// Tells whether a byte is a digit of this way of writing; no byte of a binary number is.
    #[must_use]
    pub fn is_digit(self, byte: u8) -> bool {
        match self {
            Self::Decimal | Self::Blanks | Self::Digits => byte.is_ascii_digit(),
            Self::Hex | Self::HexDigits => byte.is_ascii_hexdigit(),
            Self::Little | Self::Big | Self::Mixed => false,
        }
    }

    /// Returns a number in digits, without zeros before it.
    #[must_use]
    pub fn digits(self, value: u64) -> String {
        match self {
            Self::Hex | Self::HexDigits => format!("{value:X}"),
            _ => value.to_string(),
        }
    }

    /// Returns the highest value that fits, counted in bits.
    #[must_use]
    pub fn bits(self, size: usize) -> u32 {
        match self {
            Self::Decimal | Self::Blanks | Self::Digits => (size as f64 * 10_f64.log2()) as u32,
            Self::Hex | Self::HexDigits => 4 * size as u32,
            _ => 8 * size as u32,
        }
    }

    /// Returns the word for it in reports and profiles.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Little => "little-endian",
            Self::Big => "big-endian",
            Self::Mixed => "high word first",
            Self::Decimal => "decimal",
            Self::Blanks => "decimal after blanks",
            Self::Hex => "hexadecimal",
            Self::Digits => "decimal of any width",
            Self::HexDigits => "hexadecimal of any width",
        }
    }

    /// Every way.
    pub const ALL: [Self; 8] = [
        Self::Little,
        Self::Big,
        Self::Mixed,
        Self::Decimal,
        Self::Blanks,
        Self::Hex,
        Self::Digits,
        Self::HexDigits,
    ];
}

fn put_digits(digits: &str, bytes: &mut [u8]) -> bool {
    let fits = digits.len() == bytes.len();
    if fits {
        bytes.copy_from_slice(digits.as_bytes());
    }
    fits
}

/// Which part of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Zone {
    /// Before the text; offsets count from the start of the record.
    Header,
    /// Behind text and terminator; offsets count from the end of the terminator.
    Trailer,
    /// Behind the padding; offsets count from its end.
    Footer,
}

impl Zone {
    /// Returns the word for it in reports and profiles.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Trailer => "trailer",
            Self::Footer => "footer",
        }
    }

    /// Every part.
    pub const ALL: [Self; 3] = [Self::Header, Self::Trailer, Self::Footer];
}

/// Where a number stands and how it is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Place {
    /// Part of the record.
    pub zone: Zone,
    /// Bytes before it in that part.
    pub offset: usize,
    /// Bytes of it.
    pub size: usize,
    /// How it is written.
    pub code: Code,
}

impl Place {
    /// Tells whether two places share a byte.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.zone == other.zone
            && self.offset < other.offset + other.size
            && other.offset < self.offset + self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_what_it_writes() {
        for code in Code::ALL {
            for value in [0, 7, 255, 1234, 9999] {
                let size = if code.is_varying() {
                    code.digits(value).len()
                } else {
                    4
                };
                let mut bytes = vec![0; size];
                assert!(code.put(value, &mut bytes), "{code:?} {value}");
                assert_eq!(code.get(&bytes), Some(value), "{code:?} {bytes:?}");
            }
        }
        assert!(!Code::Digits.put(7, &mut [0; 2]));
        assert_eq!(
            Code::Mixed.get(&[0x34, 0x12, 0x78, 0x56]),
            Some(0x1234_5678)
        );
        assert_eq!(Code::Blanks.get(b"  42"), Some(42));
        assert_eq!(Code::Blanks.get(b"   0"), Some(0));
        for bytes in [b"4 42", b"    ", b" 042"] {
            assert_eq!(Code::Blanks.get(bytes), None);
            assert_eq!(Code::Decimal.get(bytes), None);
        }
        assert!(!Code::Decimal.put(10_000, &mut [0; 4]));
        assert!(!Code::Little.put(65_536, &mut [0; 2]));
    }
}
