//! The cipher of strings: a running xor, derived from the published dump (`spec/files.md` 5.8).
//!
//! Proven by a recipient that was not used to find it; checked for positions up to 33. That the position
//! wraps at 256 is assumed.

const KEY: [u8; 8] = *b"XpuYbtfZ";

fn mask(position: usize) -> u8 {
    KEY[position % KEY.len()] ^ position.to_le_bytes()[0]
}

/// Enciphers one string in place.
pub fn encipher(text: &mut [u8]) {
    let mut before = 0;
    for (position, byte) in text.iter_mut().enumerate() {
        *byte ^= before ^ mask(position);
        before = *byte;
    }
}

/// Deciphers one string in place.
pub fn decipher(text: &mut [u8]) {
    let mut before = 0;
    for (position, byte) in text.iter_mut().enumerate() {
        let cipher = *byte;
        *byte ^= before ^ mask(position);
        before = cipher;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q104423_the_first_recipient_reads() {
        let mut text =
            *b"\x5a\x65\x57\x59\x0e\x50\x74\x68\x6c\x54\x18\x65\x38\x71\x29\x7c\xb4\xd5\xb3\xf8";
        let cipher = text;
        decipher(&mut text);
        assert_eq!(text, *b"\x02NET1/DATA3/300\0\x80\0\x01\x01");
        encipher(&mut text);
        assert_eq!(text, cipher);
    }

    #[test]
    fn strings_longer_than_the_dump_come_back() {
        let text: Vec<u8> = (0..=255).cycle().take(700).collect();
        let mut bytes = text.clone();
        encipher(&mut bytes);
        assert_ne!(bytes, text);
        decipher(&mut bytes);
        assert_eq!(bytes, text);
    }
}
