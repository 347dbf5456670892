//! Writing a file in a framing.

use super::super::texts::{Random, transaction};
use super::{Counts, Covers, Date, Drawn, Is, Order, Part, Written};

/// What one record is made of.
struct Record<'a> {
    text: &'a [u8],
    sync: u64,
    stamp: i64,
    /// Offset of it, and of the one before.
    start: usize,
    previous: usize,
    origin: usize,
}

impl Drawn {
    /// Writes a file of so many records of every form.
    pub(in super::super) fn write(&self, random: &mut Random, count: usize) -> Written {
        self.write_texts(random, count, |random, _| transaction(random, &self.joiner))
    }

    /// Writes a file of so many records; `text` makes the text of each from its number, which counts from 0.
    pub(in super::super) fn write_texts(
        &self,
        random: &mut Random,
        count: usize,
        mut text: impl FnMut(&mut Random, usize) -> Vec<u8>,
    ) -> Written {
        let mut written = Written {
            bytes: self.lead.clone(),
            texts: Vec::new(),
        };
        let (mut sync, mut stamp) = (self.first_sync, self.first_stamp);
        let mut previous = 0;
        for n in 0..count {
            let text = text(random, n);
            let start = written.bytes.len();
            let record = Record {
                text: &text,
                sync,
                stamp,
                start,
                previous: if n == 0 { start } else { previous },
                origin: random.below(3),
            };
            let (bytes, at) = self.record(&record, n == 0);
            written.bytes.extend(bytes);
            written.texts.push((start + at, text, sync, stamp));
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

    /// Makes a record; returns it with the offset of its text.
    fn record(&self, record: &Record<'_>, is_first: bool) -> (Vec<u8>, usize) {
        // How long the header is may depend on what it says, and the other way round.
        let mut header_len = self.header_len;
        loop {
            let (bytes, text) = self.try_record(record, is_first, header_len);
            if text == header_len {
                return (bytes, text);
            }
            header_len = text;
        }
    }

    /// Makes a record whose header should have so many bytes; returns how many it has.
    fn try_record(&self, record: &Record<'_>, is_first: bool, header: usize) -> (Vec<u8>, usize) {
        let text = record.text;
        let behind = header + text.len() + self.terminator.len();
        let front = if self.is_footer { 0 } else { self.trailer_len };
        let back = self.trailer_len - front;
        let padded = (behind + front + back).next_multiple_of(self.align);
        let whole = padded;
        let number = |part: &Part, end: usize| match part.is {
            Is::Length(Counts::Text) => text.len(),
            Is::Length(Counts::Terminated) => text.len() + self.terminator.len(),
            Is::Length(Counts::HeaderAndText) => header + text.len(),
            Is::Length(Counts::Whole) => whole,
            Is::Length(Counts::Rest) => whole - end,
            Is::Sync => record.sync as usize,
            Is::Stamp(_) => record.stamp as usize,
            Is::Next => record.start + whole,
            Is::NextText => record.start + whole + header,
            Is::Previous if is_first => 0,
            Is::Previous => record.previous,
            Is::Back => record.start - record.previous,
            Is::Here => record.start,
            Is::Code => b"ADMRT#".iter().position(|l| *l == text[0]).unwrap(),
            Is::Origin => record.origin,
            Is::Sum(..) | Is::Fixed(_) => 0,
        };
        let mut places = Vec::new();
        let mut out = self.mark.clone();
        for part in self.parts.iter().filter(|p| !p.in_trailer) {
            let at = out.len();
            if let (true, Is::Sum(sum, _)) = (part.order.is_free(), part.is) {
                out.extend(digits(sum.of(text).into(), part.order).bytes());
            } else if part.order.is_free() {
                out.extend(digits(number(part, 0) as u64, part.order).bytes());
            } else {
                out.resize(at + part.size, 0);
                places.push((*part, at));
            }
            out.extend(self.separator);
        }
        let text_at = out.len();
        out.extend(text);
        out.extend(&self.terminator);
        let trailer_at = if self.is_footer {
            whole - back
        } else {
            out.len()
        };
        out.resize(out.len() + front, 0);
        out.resize(whole.max(out.len() + back) - back, self.pad);
        out.resize(out.len() + back, 0);
        if text_at != header {
            return (out, text_at);
        }
        let in_trailer = self.parts.iter().filter(|p| p.in_trailer);
        places.extend(in_trailer.map(|p| (*p, trailer_at + p.offset)));
        for (part, at) in &places {
            let place = &mut out[*at..at + part.size];
            match part.is {
                Is::Stamp(date) => date.put(record.stamp, part.order, place),
                Is::Fixed(bytes) => place.copy_from_slice(&bytes[..part.size]),
                Is::Sum(..) => {}
                _ => put(number(part, at + part.size) as u64, part.order, place),
            }
        }
        for (part, at) in places {
            let Is::Sum(sum, covers) = part.is else {
                continue;
            };
            let end = at + part.size;
            let message = match covers {
                Covers::Text => text.to_vec(),
                Covers::Behind => out[end..header + text.len()].to_vec(),
                Covers::WholeZero => out.clone(),
                Covers::WholeSkipped => [&out[..at], &out[end..]].concat(),
                Covers::HeaderZero => out[..header + text.len()].to_vec(),
            };
            put(sum.of(&message).into(), part.order, &mut out[at..end]);
        }
        (out, text_at)
    }
}

fn digits(value: u64, order: Order) -> String {
    match order {
        Order::FreeHex => format!("{value:X}"),
        _ => value.to_string(),
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
        Order::Hex => place.copy_from_slice(format!("{value:0size$X}").as_bytes()),
        Order::FreeDigits | Order::FreeHex => unreachable!("they are put in one after the other"),
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
