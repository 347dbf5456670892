//! Checksums that are no CRC: sums, sums with rotation, Fletcher's and Adler's, and a few hashes of the time.

/// A way to fold bytes into a number.
type Fold = fn(&[u8]) -> u32;

/// Name, bits and function of each.
pub(super) const SUMS: &[(&str, u32, Fold)] = &[
    ("sum of bytes, 16 bits", 16, |b| sum(b)),
    ("sum of bytes, 16 bits, negated", 16, |b| {
        sum(b).wrapping_neg()
    }),
    ("sum of bytes, 16 bits, inverted", 16, |b| !sum(b)),
    ("sum of little-endian words, 16 bits", 16, |b| {
        words(b, false)
    }),
    ("sum of little-endian words, 16 bits, negated", 16, |b| {
        words(b, false).wrapping_neg()
    }),
    ("sum of little-endian words, 16 bits, inverted", 16, |b| {
        !words(b, false)
    }),
    ("sum of big-endian words, 16 bits", 16, |b| words(b, true)),
    ("sum of big-endian words, 16 bits, negated", 16, |b| {
        words(b, true).wrapping_neg()
    }),
    (
        "ones' complement sum of little-endian words, inverted",
        16,
        |b| !ones(b, false),
    ),
    ("ones' complement sum of little-endian words", 16, |b| {
        ones(b, false)
    }),
    (
        "ones' complement sum of big-endian words (internet), inverted",
        16,
        |b| !ones(b, true),
    ),
    ("ones' complement sum of big-endian words", 16, |b| {
        ones(b, true)
    }),
    ("exclusive or of little-endian words", 16, |b| {
        xor_words(b, false)
    }),
    ("exclusive or of big-endian words", 16, |b| {
        xor_words(b, true)
    }),
    ("rotate right and add (BSD), 16 bits", 16, |b| {
        rotate16(b, 15, false)
    }),
    ("rotate left and add, 16 bits", 16, |b| {
        rotate16(b, 1, false)
    }),
    ("rotate right and exclusive or, 16 bits", 16, |b| {
        rotate16(b, 15, true)
    }),
    ("rotate left and exclusive or, 16 bits", 16, |b| {
        rotate16(b, 1, true)
    }),
    ("Fletcher-16", 16, |b| fletcher16(b, 255)),
    ("Fletcher-16 modulo 256", 16, |b| fletcher16(b, 256)),
    ("Fletcher-16, halves exchanged", 16, |b| {
        (fletcher16(b, 255) as u16).swap_bytes().into()
    }),
    ("System V sum, 16 bits", 16, |b| {
        let s = wide(b);
        let r = (s & 0xffff) + (s >> 16);
        (r & 0xffff) + (r >> 16)
    }),
    ("sum of bytes, 32 bits", 32, |b| wide(b)),
    ("sum of bytes, 32 bits, negated", 32, |b| {
        wide(b).wrapping_neg()
    }),
    ("sum of bytes, 32 bits, inverted", 32, |b| !wide(b)),
    ("sum of little-endian words, 32 bits", 32, |b| {
        double_words(b, false)
    }),
    ("sum of big-endian words, 32 bits", 32, |b| {
        double_words(b, true)
    }),
    ("sum of 16-bit little-endian words, 32 bits", 32, |b| {
        pairs(b, false).fold(0, |s: u32, w| s.wrapping_add(w))
    }),
    ("exclusive or of little-endian words, 32 bits", 32, |b| {
        quads(b, false).fold(0, |s, w| s ^ w)
    }),
    ("rotate left and add, 32 bits", 32, |b| {
        b.iter()
            .fold(0, |s: u32, &x| s.rotate_left(1).wrapping_add(x.into()))
    }),
    ("rotate right and add, 32 bits", 32, |b| {
        b.iter()
            .fold(0, |s: u32, &x| s.rotate_right(1).wrapping_add(x.into()))
    }),
    ("rotate left and exclusive or, 32 bits", 32, |b| {
        b.iter()
            .fold(0, |s: u32, &x| s.rotate_left(1) ^ u32::from(x))
    }),
    ("rotate right and exclusive or, 32 bits", 32, |b| {
        b.iter()
            .fold(0, |s: u32, &x| s.rotate_right(1) ^ u32::from(x))
    }),
    ("Fletcher-32", 32, |b| {
        let step = |(low, high): (u32, u32), w: u32| {
            let low = (low + w) % 65_535;
            (low, (high + low) % 65_535)
        };
        let (low, high) = pairs(b, false).fold((0, 0), step);
        high << 16 | low
    }),
    ("Adler-32", 32, |b| {
        let step = |(low, high): (u32, u32), &x: &u8| {
            let low = (low + u32::from(x)) % 65_521;
            (low, (high + low) % 65_521)
        };
        let (low, high) = b.iter().fold((1, 0), step);
        high << 16 | low
    }),
    ("times 31 hash, 32 bits", 32, |b| {
        b.iter()
            .fold(0, |s: u32, &x| s.wrapping_mul(31).wrapping_add(x.into()))
    }),
    ("times 33 hash, 32 bits", 32, |b| {
        b.iter()
            .fold(5381, |s: u32, &x| s.wrapping_mul(33).wrapping_add(x.into()))
    }),
];

fn wide(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |s: u32, &b| s.wrapping_add(b.into()))
}

fn sum(bytes: &[u8]) -> u32 {
    wide(bytes) & 0xffff
}

/// Returns the words of two bytes; a last byte alone is filled up with zero.
fn pairs(bytes: &[u8], big: bool) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks(2).map(move |c| {
        let pair = [c[0], c.get(1).copied().unwrap_or(0)];
        let word = if big {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        };
        word.into()
    })
}

fn quads(bytes: &[u8], big: bool) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks(4).map(move |c| {
        let mut quad = [0; 4];
        quad[..c.len()].copy_from_slice(c);
        if big {
            u32::from_be_bytes(quad)
        } else {
            u32::from_le_bytes(quad)
        }
    })
}

fn words(bytes: &[u8], big: bool) -> u32 {
    pairs(bytes, big).fold(0, |s: u32, w| s.wrapping_add(w))
}

fn double_words(bytes: &[u8], big: bool) -> u32 {
    quads(bytes, big).fold(0, |s: u32, w| s.wrapping_add(w))
}

fn xor_words(bytes: &[u8], big: bool) -> u32 {
    pairs(bytes, big).fold(0, |s, w| s ^ w)
}

fn ones(bytes: &[u8], big: bool) -> u32 {
    pairs(bytes, big).fold(0, |s, w| {
        let s = s + w;
        (s & 0xffff) + (s >> 16)
    })
}

fn rotate16(bytes: &[u8], left: u32, xor: bool) -> u32 {
    let step = |s: u16, &b: &u8| {
        let turned = s.rotate_left(left);
        if xor {
            turned ^ u16::from(b)
        } else {
            turned.wrapping_add(b.into())
        }
    };
    bytes.iter().fold(0, step).into()
}

fn fletcher16(bytes: &[u8], modulus: u32) -> u32 {
    let step = |(low, high): (u32, u32), &b: &u8| {
        let low = (low + u32::from(b)) % modulus;
        (low, (high + low) % modulus)
    };
    let (low, high) = bytes.iter().fold((0, 0), step);
    high << 8 | low
}

#[cfg(test)]
mod tests {
    use super::super::Algorithm;

    // Published values: RFC 1071 3 (sum ddf2), RFC 1950 and Fletcher's as in the usual examples.
    #[test]
    fn sums_have_their_published_values() {
        let value = |name: &str, bytes: &[u8]| Algorithm::named(name).expect(name).compute(bytes);
        let rfc = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(
            value("ones' complement sum of big-endian words", &rfc),
            0xddf2
        );
        assert_eq!(value("Adler-32", b"Wikipedia"), 0x11e6_0398);
        assert_eq!(value("Fletcher-16", b"abcde"), 0xc8f0);
        assert_eq!(value("Fletcher-32", b"abcdef"), 0x5650_2d2a);
        assert_eq!(value("sum of bytes, 16 bits, negated", &[1, 2]), 0xfffd);
        assert_eq!(value("rotate right and add (BSD), 16 bits", b"a\n"), 0x803a);
    }
}
