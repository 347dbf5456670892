//! Plain framings: header, text, terminator, padding, and numbers in one byte order.

use super::super::texts::Random;
use super::{Counts, Covers, Date, Drawn, Is, Order, Part, Sum};

impl Drawn {
    /// Draws a framing without anything unusual.
    pub(in super::super) fn plain(random: &mut Random) -> Self {
        let terminators: [&[u8]; 5] = [b"", b"\r\n", b"\0", b"\n", b"\x1a"];
        let terminator = random.pick(&terminators);
        let constant = [(); 4].map(|()| random.next() as u8);
        let sync_size = random.pick(&[2, 4, 4]);
        let counts = random.pick(&[Counts::Text, Counts::Text, Counts::Whole]);
        let mut fields = vec![(Is::Sync, sync_size)];
        for field in [
            (Is::Stamp(Date::Unix), 4),
            (Is::Sum(Sum::Ibm3740, Covers::Text), 2),
            (Is::Fixed([0; 4]), 2),
            (Is::Fixed(constant), 4),
        ] {
            if random.chance(70) {
                fields.push(field);
            }
        }
        if terminator.is_empty() || random.chance(70) {
            fields.push((Is::Length(counts), random.pick(&[2, 4])));
        }
        random.shuffle(&mut fields);
        let order = random.pick(&[Order::Little, Order::Big]);
        let mut header_len = 0;
        let parts = fields.into_iter().map(|(is, size)| {
            let offset = header_len;
            header_len += size;
            Part {
                is,
                size,
                order,
                offset,
                in_trailer: false,
            }
        });
        Self {
            parts: parts.collect(),
            header_len,
            trailer_len: 0,
            is_footer: false,
            terminator: terminator.to_vec(),
            joiner: b"\r\n".to_vec(),
            align: random.pick(&[1, 1, 1, 2, 4, 16]),
            pad: random.pick(b"\0\0 \xff"),
            lead: Vec::new(),
            mark: Vec::new(),
            separator: None,
            first_sync: match sync_size {
                2 => random.pick(&[1, 900]),
                _ => random.pick(&[1, 100, 5000, 70_000]),
            },
            gaps: false,
            first_stamp: 700_000_000 + random.below(200_000_000) as i64,
            stamp_steps: random.pick(&[2, 60, 3600]),
        }
    }
}
