//! Framings drawn at random, and files in them. This is written apart from what it tests: its own writer, and the
//! checksums of the `crc` package.

use crc::{Crc, Table};

use super::texts::{Random, transaction};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Little,
    Big,
    Mixed,
    Digits,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counts {
    Text,
    Terminated,
    HeaderAndText,
    Whole,
    /// What follows the field, to the end of the record.
    Rest,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Date {
    Unix,
    Dos { date_first: bool },
    Words { sequence: &'static str },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sum {
    Ibm3740,
    Arc,
    Xmodem,
    Kermit,
    Modbus,
    Bytes16,
    Rotate16,
    Fletcher16,
    Crc32,
    Crc32Bzip2,
    Adler32,
    Bytes32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Covers {
    Text,
    Behind,
    WholeZero,
    WholeSkipped,
    HeaderZero,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Is {
    Length(Counts),
    Sync,
    Stamp(Date),
    Sum(Sum, Covers),
    Next,
    Previous,
    Here,
    Fixed([u8; 4]),
    /// The letter of the transaction as a small number.
    Code,
    Origin,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) is: Is,
    pub(super) size: usize,
    pub(super) order: Order,
    /// Offset in its part of the record.
    pub(super) offset: usize,
    pub(super) in_trailer: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) parts: Vec<Part>,
    pub(super) header_len: usize,
    pub(super) trailer_len: usize,
    pub(super) terminator: Vec<u8>,
    pub(super) joiner: Vec<u8>,
    pub(super) align: usize,
    pub(super) pad: u8,
    first_sync: u64,
    gaps: bool,
    first_stamp: i64,
    stamp_steps: usize,
}

/// A file with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    /// Offset of each text, with the text, its number and stamp.
    pub(super) texts: Vec<(usize, Vec<u8>, u64, i64)>,
}

impl Drawn {
    pub(super) fn new(random: &mut Random) -> Self {
        let order = if random.chance(70) {
            Order::Little
        } else {
            Order::Big
        };
        let other = |random: &mut Random| match random.below(10) {
            0 if order == Order::Little => Order::Big,
            0 => Order::Little,
            _ => order,
        };
        let terminator: &[u8] =
            random.pick(&[b"".as_slice(), b"", b"\0", b"\r\n", b"\n", b"\x1a", b"\0\0"]);
        let mut parts = Vec::new();
        let mut add = |is, size, order| {
            parts.push(Part {
                is,
                size,
                order,
                offset: 0,
                in_trailer: false,
            });
        };
        if terminator.is_empty() || random.chance(75) {
            let counts = random.pick(&[
                Counts::Text,
                Counts::Text,
                Counts::Terminated,
                Counts::HeaderAndText,
                Counts::Whole,
                Counts::Rest,
            ]);
            match random.below(8) {
                0 => add(Is::Length(counts), 4, Order::Digits),
                1..=3 => add(Is::Length(counts), 4, other(random)),
                _ => add(Is::Length(counts), 2, other(random)),
            }
        }
        let mut first_sync = random.pick(&[1, 250, 4000, 70_000, 900_000, 0x0103_0507]);
        if random.chance(92) {
            match random.below(8) {
                0 => {
                    let size = random.pick(&[6, 8, 10]);
                    first_sync = first_sync.min(10_u64.pow(size as u32 - 1) / 2);
                    add(Is::Sync, size, Order::Digits);
                }
                1 | 2 => {
                    first_sync = first_sync.min(4000);
                    add(Is::Sync, 2, other(random));
                }
                _ => add(Is::Sync, 4, other(random)),
            }
        }
        if random.chance(85) {
            match random.below(10) {
                0 => add(Is::Stamp(Date::Dos { date_first: true }), 4, other(random)),
                1 => add(Is::Stamp(Date::Dos { date_first: false }), 4, other(random)),
                2 => add(
                    Is::Stamp(Date::Words { sequence: "YMDhms" }),
                    12,
                    other(random),
                ),
                3 => add(
                    Is::Stamp(Date::Words { sequence: "YMDhm" }),
                    10,
                    other(random),
                ),
                4 => add(Is::Stamp(Date::Unix), 4, Order::Mixed),
                _ => add(Is::Stamp(Date::Unix), 4, other(random)),
            }
        }
        if random.chance(75) {
            let covers = random.pick(&[
                Covers::Text,
                Covers::Behind,
                Covers::WholeZero,
                Covers::WholeSkipped,
                Covers::HeaderZero,
            ]);
            let (sum, size) = random.pick(&[
                (Sum::Ibm3740, 2),
                (Sum::Arc, 2),
                (Sum::Xmodem, 2),
                (Sum::Kermit, 2),
                (Sum::Modbus, 2),
                (Sum::Bytes16, 2),
                (Sum::Rotate16, 2),
                (Sum::Fletcher16, 2),
                (Sum::Crc32, 4),
                (Sum::Crc32Bzip2, 4),
                (Sum::Adler32, 4),
                (Sum::Bytes32, 4),
            ]);
            add(Is::Sum(sum, covers), size, other(random));
        }
        if random.chance(25) {
            add(
                random.pick(&[Is::Next, Is::Previous, Is::Here]),
                4,
                other(random),
            );
        }
        for _ in 0..random.below(3) {
            let magic = [0; 4].map(|_| random.next() as u8);
            let bytes = random.pick(&[[0; 4], magic]);
            add(Is::Fixed(bytes), 1 + random.below(4), Order::Little);
        }
        if random.chance(30) {
            add(Is::Code, 1, order);
        }
        if random.chance(25) {
            add(Is::Origin, 1, order);
        }
        random.shuffle(&mut parts);
        for part in &mut parts {
            let may = matches!(part.is, Is::Sum(..) | Is::Fixed(_) | Is::Here);
            part.in_trailer = may && random.chance(15);
            if let (true, Is::Sum(_, covers)) = (part.in_trailer, &mut part.is) {
                *covers = if *covers == Covers::Behind {
                    Covers::Text
                } else {
                    *covers
                };
            }
        }
        let align = random.pick(&[1, 1, 1, 1, 2, 4, 8, 16, 320]);
        // Padding behind a trailer behind a text that neither length nor terminator ends: nobody could read that.
        let is_endless = align > 1 && terminator.is_empty() && parts.iter().any(|p| p.in_trailer);
        for part in &mut parts {
            if let (true, Is::Length(counts)) = (is_endless, &mut part.is) {
                *counts = Counts::Text;
            }
        }
        let (mut header_len, mut trailer_len) = (0, 0);
        for part in &mut parts {
            let len = if part.in_trailer {
                &mut trailer_len
            } else {
                &mut header_len
            };
            part.offset = *len;
            *len += part.size;
        }
        let has_length = parts.iter().any(|p| matches!(p.is, Is::Length(_)));
        let joiners: &[&[u8]] = match has_length {
            true => &[b"\r\n", b"\n", b"\r", b"\0"],
            false => &[b"\r\n", b"\n", b"\r"],
        };
        Self {
            joiner: random.pick(joiners).to_vec(),
            parts,
            header_len,
            trailer_len,
            terminator: terminator.to_vec(),
            align,
            pad: random.pick(&[0, 0, 0, 0x20, 0xff]),
            first_sync,
            gaps: random.chance(30),
            first_stamp: 480_000_000 + random.below(1_880_000_000) as i64,
            stamp_steps: random.pick(&[2, 60, 2000]),
        }
    }

    /// Writes a file of so many records.
    pub(super) fn write(&self, random: &mut Random, count: usize) -> Written {
        let mut written = Written {
            bytes: Vec::new(),
            texts: Vec::new(),
        };
        let (mut sync, mut stamp) = (self.first_sync, self.first_stamp);
        let mut previous = 0;
        for _ in 0..count {
            let text = transaction(random, &self.joiner);
            let start = written.bytes.len();
            let record = self.record(&text, sync, stamp, start, previous, random);
            written.bytes.extend(record);
            written
                .texts
                .push((start + self.header_len, text, sync, stamp));
            previous = start;
            sync += if self.gaps {
                1 + random.below(5) as u64
            } else {
                1
            };
            stamp += random.below(self.stamp_steps) as i64;
        }
        written
    }

    fn record(
        &self,
        text: &[u8],
        sync: u64,
        stamp: i64,
        start: usize,
        previous: usize,
        random: &mut Random,
    ) -> Vec<u8> {
        let (header, trailer) = (self.header_len, self.trailer_len);
        let mut out = vec![0; header];
        out.extend(text);
        out.extend(&self.terminator);
        let behind = out.len();
        out.resize(behind + trailer, 0);
        while out.len() % self.align != 0 {
            out.push(self.pad);
        }
        let whole = out.len();
        let mut sums = Vec::new();
        for part in &self.parts {
            let at = part.offset + if part.in_trailer { behind } else { 0 };
            let place = &mut out[at..at + part.size];
            let number = match part.is {
                Is::Length(counts) => match counts {
                    Counts::Text => text.len(),
                    Counts::Terminated => text.len() + self.terminator.len(),
                    Counts::HeaderAndText => header + text.len(),
                    Counts::Whole => whole,
                    Counts::Rest => whole - at - part.size,
                },
                Is::Sync => sync as usize,
                Is::Stamp(date) => {
                    date.put(stamp, part.order, place);
                    continue;
                }
                Is::Sum(sum, covers) => {
                    sums.push((at, *part, sum, covers));
                    continue;
                }
                Is::Next => start + whole,
                Is::Previous => previous,
                Is::Here => start,
                Is::Fixed(bytes) => {
                    place.copy_from_slice(&bytes[..part.size]);
                    continue;
                }
                Is::Code => b"ADMRT#".iter().position(|l| *l == text[0]).unwrap(),
                Is::Origin => random.below(3),
            };
            put(number as u64, part.order, place);
        }
        for (at, part, sum, covers) in sums {
            let end = at + part.size;
            let message = match covers {
                Covers::Text => text.to_vec(),
                Covers::Behind => out[end..header + text.len()].to_vec(),
                Covers::WholeZero => out.clone(),
                Covers::WholeSkipped => [&out[..at], &out[end..]].concat(),
                Covers::HeaderZero if part.in_trailer => out[..header + text.len()].to_vec(),
                Covers::HeaderZero => out[..header + text.len()].to_vec(),
            };
            put(sum.of(&message).into(), part.order, &mut out[at..end]);
        }
        out
    }
}

fn put(value: u64, order: Order, place: &mut [u8]) {
    let size = place.len();
    match order {
        Order::Little => place.copy_from_slice(&value.to_le_bytes()[..size]),
        Order::Big => place.copy_from_slice(&value.to_be_bytes()[8 - size..]),
        Order::Mixed => {
            let [a, b, c, d] = (value as u32).to_be_bytes();
            place.copy_from_slice(&[b, a, d, c]);
        }
        Order::Digits => place.copy_from_slice(format!("{value:0size$}").as_bytes()),
    }
}

impl Date {
    fn put(self, stamp: i64, order: Order, place: &mut [u8]) {
        let time = jiff::Timestamp::from_second(stamp)
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC);
        let [y, mo, d, h, mi, s] = [
            time.year() as u64,
            time.month() as u64,
            time.day() as u64,
            time.hour() as u64,
            time.minute() as u64,
            time.second() as u64,
        ];
        match self {
            Self::Unix => put(stamp as u64, order, place),
            Self::Dos { date_first } => {
                let date = (y - 1980) << 9 | mo << 5 | d;
                let clock = (h << 11) | (mi << 5) | (s / 2);
                let (left, right) = place.split_at_mut(2);
                let (date_at, clock_at) = if date_first {
                    (left, right)
                } else {
                    (right, left)
                };
                put(date, order, date_at);
                put(clock, order, clock_at);
            }
            Self::Words { .. } => {
                for (value, word) in [y, mo, d, h, mi, s].into_iter().zip(place.chunks_mut(2)) {
                    put(value, order, word);
                }
            }
        }
    }
}

impl Sum {
    fn of(self, bytes: &[u8]) -> u32 {
        let crc16 = |a: &'static crc::Algorithm<u16>| -> u32 {
            Crc::<u16, Table<1>>::new(a).checksum(bytes).into()
        };
        match self {
            Self::Ibm3740 => crc16(&crc::CRC_16_IBM_3740),
            Self::Arc => crc16(&crc::CRC_16_ARC),
            Self::Xmodem => crc16(&crc::CRC_16_XMODEM),
            Self::Kermit => crc16(&crc::CRC_16_KERMIT),
            Self::Modbus => crc16(&crc::CRC_16_MODBUS),
            Self::Crc32 => Crc::<u32, Table<1>>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes),
            Self::Crc32Bzip2 => Crc::<u32, Table<1>>::new(&crc::CRC_32_BZIP2).checksum(bytes),
            Self::Bytes16 => bytes.iter().map(|&b| u32::from(b)).sum::<u32>() & 0xffff,
            Self::Bytes32 => bytes.iter().map(|&b| u32::from(b)).sum(),
            Self::Rotate16 => {
                let mut sum = 0_u16;
                for &byte in bytes {
                    sum = sum.rotate_right(1).wrapping_add(byte.into());
                }
                sum.into()
            }
            Self::Fletcher16 => {
                let (mut low, mut high) = (0_u32, 0_u32);
                for &byte in bytes {
                    low = (low + u32::from(byte)) % 255;
                    high = (high + low) % 255;
                }
                high << 8 | low
            }
            Self::Adler32 => {
                let (mut low, mut high) = (1_u32, 0_u32);
                for &byte in bytes {
                    low = (low + u32::from(byte)) % 65_521;
                    high = (high + low) % 65_521;
                }
                high << 16 | low
            }
        }
    }
}
