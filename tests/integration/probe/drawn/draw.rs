//! Drawing a framing.

use super::super::texts::Random;
use super::{Counts, Covers, Date, Drawn, Is, Order, Part, Sum};

const SUMS: [(Sum, usize); 12] = [
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
];

const COVERS: [Covers; 5] = [
    Covers::Text,
    Covers::Behind,
    Covers::WholeZero,
    Covers::WholeSkipped,
    Covers::HeaderZero,
];

/// The parts of a record while they are drawn.
struct Parts {
    list: Vec<Part>,
    order: Order,
    first_sync: u64,
}

impl Parts {
    fn add(&mut self, is: Is, size: usize, order: Order) {
        self.list.push(Part {
            is,
            size,
            order,
            offset: 0,
            in_trailer: false,
        });
    }

    /// Mostly the one byte order, but not everybody is consistent.
    fn order(&self, random: &mut Random) -> Order {
        match random.below(10) {
            0 if self.order == Order::Little => Order::Big,
            0 => Order::Little,
            _ => self.order,
        }
    }

    fn length(&mut self, random: &mut Random) {
        let counts = random.pick(&[
            Counts::Text,
            Counts::Text,
            Counts::Terminated,
            Counts::HeaderAndText,
            Counts::Whole,
            Counts::Rest,
        ]);
        let order = self.order(random);
        match random.below(16) {
            0 | 1 => self.add(Is::Length(counts), 4, Order::Digits),
            2 => self.add(Is::Length(counts), 4, Order::Hex),
            3..=7 => self.add(Is::Length(counts), 4, order),
            _ => self.add(Is::Length(counts), 2, order),
        }
    }

    fn sync(&mut self, random: &mut Random) {
        self.first_sync = random.pick(&[1, 250, 4000, 70_000, 900_000, 0x0103_0507]);
        let order = self.order(random);
        match random.below(16) {
            0 => {
                let size = random.pick(&[6, 8, 10]);
                self.first_sync = self.first_sync.min(10_u64.pow(size as u32 - 1) / 2);
                self.add(Is::Sync, size, Order::Digits);
            }
            1 => self.add(Is::Sync, 8, Order::Hex),
            2..=5 => {
                // Sixteen bits may begin anew.
                let near_end = random.chance(20);
                self.first_sync = if near_end {
                    65_480
                } else {
                    self.first_sync.min(4000)
                };
                self.add(Is::Sync, 2, order);
            }
            _ => self.add(Is::Sync, 4, order),
        }
    }

    fn stamp(&mut self, random: &mut Random) {
        let order = self.order(random);
        let (date, size, order) = match random.below(20) {
            0 | 1 => (Date::Dos { date_first: true }, 4, order),
            2 | 3 => (Date::Dos { date_first: false }, 4, order),
            4 | 5 => (Date::Words { sequence: "YMDhms" }, 12, order),
            6 | 7 => (Date::Words { sequence: "YMDhm" }, 10, order),
            8 => (Date::Unix, 4, Order::Mixed),
            9 => (Date::Unix, 8, Order::Hex),
            _ => (Date::Unix, 4, order),
        };
        self.add(Is::Stamp(date), size, order);
    }

    fn sum(&mut self, random: &mut Random) {
        let covers = random.pick(&COVERS);
        let (sum, size) = random.pick(&SUMS);
        let order = self.order(random);
        match random.chance(6) {
            true => self.add(Is::Sum(sum, covers), 2 * size, Order::Hex),
            false => self.add(Is::Sum(sum, covers), size, order),
        }
    }

    fn link(&mut self, random: &mut Random) {
        let all = [Is::Next, Is::Previous, Is::Here, Is::NextText, Is::Back];
        let order = self.order(random);
        self.add(random.pick(&all), 4, order);
    }

    fn others(&mut self, random: &mut Random) {
        for _ in 0..random.below(3) {
            let magic = [0; 4].map(|_| random.next() as u8);
            let bytes = random.pick(&[[0; 4], magic]);
            self.add(Is::Fixed(bytes), 1 + random.below(4), Order::Little);
        }
        if random.chance(30) {
            self.add(Is::Code, 1, self.order);
        }
        if random.chance(25) {
            self.add(Is::Origin, 1, self.order);
        }
    }

    /// Makes some of the numbers texts of as many digits as they have.
    fn free(&mut self, random: &mut Random, may_be_hex: bool) {
        for part in &mut self.list {
            let hex = may_be_hex && random.chance(30);
            let number = |part: &mut Part| {
                (part.size, part.order) = match hex {
                    true => (8, Order::FreeHex),
                    false => (10, Order::FreeDigits),
                };
            };
            match &mut part.is {
                Is::Length(counts) => {
                    if *counts == Counts::Rest {
                        *counts = Counts::Whole;
                    }
                    number(part);
                }
                Is::Sync if random.chance(80) => number(part),
                Is::Stamp(date) if random.chance(70) => {
                    *date = Date::Unix;
                    number(part);
                }
                Is::Sum(_, covers) if random.chance(40) => {
                    *covers = Covers::Text;
                    number(part);
                }
                Is::NextText => {
                    part.is = Is::Next;
                    number(part);
                }
                Is::Next | Is::Here | Is::Previous => number(part),
                _ => {}
            }
        }
    }
}

impl Drawn {
    pub(in super::super) fn new(random: &mut Random) -> Self {
        let terminator: &[u8] =
            random.pick(&[b"".as_slice(), b"", b"\0", b"\r\n", b"\n", b"\x1a", b"\0\0"]);
        let mut parts = Parts {
            list: Vec::new(),
            order: match random.chance(70) {
                true => Order::Little,
                false => Order::Big,
            },
            first_sync: 1,
        };
        if terminator.is_empty() || random.chance(75) {
            parts.length(random);
        }
        if random.chance(92) {
            parts.sync(random);
        }
        if random.chance(85) {
            parts.stamp(random);
        }
        if random.chance(75) {
            parts.sum(random);
        }
        if random.chance(25) {
            parts.link(random);
        }
        parts.others(random);
        random.shuffle(&mut parts.list);
        let mut separator = None;
        let mut mark = Vec::new();
        if random.chance(15) {
            let byte = random.pick(b" ,:;|/\t");
            // "A 5" would be the beginning of a text as well.
            parts.free(random, !matches!(byte, b' ' | b'\t'));
            separator = Some(byte);
            mark = random
                .pick(&[b"#".as_slice(), b"[", b"\x01", b"@@"])
                .to_vec();
        }
        let mut parts_list = parts.list;
        for part in &mut parts_list {
            let may =
                matches!(part.is, Is::Sum(..) | Is::Fixed(_) | Is::Here) && !part.order.is_free();
            part.in_trailer = may && random.chance(15);
            if let (true, Is::Sum(_, covers)) = (part.in_trailer, &mut part.is) {
                *covers = if *covers == Covers::Behind {
                    Covers::Text
                } else {
                    *covers
                };
            }
        }
        let mut align = random.pick(&[1, 1, 1, 1, 2, 4, 8, 16, 320]);
        if separator.is_some() {
            align = 1;
        }
        let is_footer = align > 1 && random.chance(25);
        // Padding behind a trailer behind a text that neither length nor terminator ends: nobody could read that.
        let has_trailer = parts_list.iter().any(|p| p.in_trailer);
        let is_endless = align > 1 && terminator.is_empty() && has_trailer && !is_footer;
        for part in &mut parts_list {
            if let (true, Is::Length(counts)) = (is_endless, &mut part.is) {
                *counts = Counts::Text;
            }
        }
        let (mut header_len, mut trailer_len) = (mark.len(), 0);
        for part in &mut parts_list {
            let len = if part.in_trailer {
                &mut trailer_len
            } else {
                &mut header_len
            };
            part.offset = *len;
            *len += part.size + usize::from(separator.is_some() && !part.in_trailer);
        }
        let has_length = parts_list.iter().any(|p| matches!(p.is, Is::Length(_)));
        let joiners: &[&[u8]] = match has_length {
            true => &[b"\r\n", b"\n", b"\r", b"\0"],
            false => &[b"\r\n", b"\n", b"\r"],
        };
        let lead_len = if random.chance(15) {
            random.pick(&[4, 16, 20, 64, 512])
        } else {
            0
        };
        Self {
            joiner: random.pick(joiners).to_vec(),
            parts: parts_list,
            header_len,
            trailer_len,
            is_footer: is_footer && trailer_len > 0,
            terminator: terminator.to_vec(),
            align,
            pad: random.pick(&[0, 0, 0, 0x20, 0xff]),
            lead: (0..lead_len)
                .map(|_| {
                    if random.chance(50) {
                        random.next() as u8
                    } else {
                        0
                    }
                })
                .collect(),
            mark,
            separator,
            first_sync: parts.first_sync,
            gaps: random.chance(30),
            first_stamp: 480_000_000 + random.below(1_880_000_000) as i64,
            stamp_steps: random.pick(&[2, 60, 2000]),
        }
    }
}
