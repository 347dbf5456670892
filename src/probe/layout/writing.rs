//! Writing a record in a framing whose every byte is explained.

use super::{Field, Layout, Meaning, Measure, Target};
use crate::probe::checksum::Record;
use crate::probe::value::Zone;
use crate::probe::varying::{Lacks, MAX_NUMBERS};

/// Times a record is tried until its numbers are as wide as they say.
const MAX_ROUNDS: usize = 64;

/// What goes into a record.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Its number.
    pub sync: u32,
    /// When it was queued, in seconds since 1970.
    pub stamp: i64,
}

impl Layout {
    /// Returns what is not explained, so that such records cannot be written: empty where all is.
    #[must_use]
    pub fn unexplained(&self) -> Vec<String> {
        let mut list = Vec::new();
        for (len, place) in [
            (self.lead, "before the first"),
            (self.tail, "behind the last"),
        ] {
            if len > 0 {
                list.push(format!(
                    "{len} bytes {place} record: what stands there is not kept"
                ));
            }
        }
        for zone in Zone::ALL {
            list.extend(self.uncovered(zone));
        }
        for field in &self.fields {
            let place = &field.place;
            if let Meaning::Unknown { values } = field.meaning {
                list.push(format!(
                    "{} byte {}, {} bytes: {values} values, none of the known meanings",
                    place.zone.word(),
                    place.offset,
                    place.size
                ));
            }
        }
        list
    }

    /// Returns the bytes of a part of the record that belong to no field.
    fn uncovered(&self, zone: Zone) -> Vec<String> {
        let len = match zone {
            Zone::Header => self.header_len,
            Zone::Trailer => self.trailer_len,
            Zone::Footer => self.footer_len,
        };
        let mut places: Vec<_> = self.fields.iter().map(|f| f.place).collect();
        places.retain(|place| place.zone == zone);
        places.sort_by_key(|place| place.offset);
        let mut list = Vec::new();
        let mut at = 0;
        for (start, end) in places
            .iter()
            .map(|place| (place.offset, place.offset + place.size))
            .chain([(len, len)])
        {
            if start > at {
                let zone = zone.word();
                list.push(format!("{zone} byte {at}, {} bytes: no field", start - at));
            }
            at = at.max(end);
        }
        list
    }

    /// Makes a record.
    ///
    /// # Errors
    /// A value does not fit its field, or the framing is not explained.
    pub fn write(
        &self,
        item: &Item<'_>,
        offset: u64,
        previous: Option<(u64, u64)>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let unexplained = self.unexplained();
        if let Some(first) = unexplained.first() {
            return Err(format!("not explained: {first}"));
        }
        let begin = out.len();
        let mut widths = vec![1; self.varying().count()];
        // The width of one number may change another, a length for one: until all are as wide as they say.
        for _ in 0..MAX_ROUNDS {
            let Some((index, digits)) = self.write_with(&widths, item, offset, previous, out)?
            else {
                return Ok(());
            };
            out.truncate(begin);
            widths[index] = digits;
        }
        Err("the widths of the numbers do not come to rest".to_owned())
    }

    /// Makes a record with numbers of these widths; returns which of them has not the digits it needs, and how many those
    /// are.
    fn write_with(
        &self,
        widths: &[usize],
        item: &Item<'_>,
        offset: u64,
        previous: Option<(u64, u64)>,
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, usize)>, String> {
        let mut lacks = Lacks::default();
        for (place, &width) in self.varying().zip(widths) {
            if !lacks.push(place, width) {
                return Err(format!("more than {MAX_NUMBERS} numbers of varying width"));
            }
        }
        let header_len = self.header_len - lacks.total();
        let begin = out.len();
        let text_len = item.text.len();
        out.resize(begin + header_len, 0);
        out.extend_from_slice(item.text);
        out.extend_from_slice(&self.terminator);
        out.resize(out.len() + self.trailer_len, 0);
        out.resize(out.len() + self.padding(header_len, text_len), self.pad);
        let footer = out.len() - begin;
        out.resize(out.len() + self.footer_len, 0);
        let len = (out.len() - begin) as i64;
        if let Some(size) = self.size.filter(|&size| size as i64 != len) {
            return Err(format!(
                "a text of {text_len} bytes does not fit records of {size} bytes"
            ));
        }
        let text_end = header_len + text_len;
        let empty = Record::<'static> {
            bytes: &[],
            text: header_len,
            text_end,
            terminator_end: text_end + self.terminator.len(),
            footer,
            lacks,
        };
        let is_checksum = |f: &&Field| matches!(f.meaning, Meaning::Checksum { .. });
        let plain = self.fields.iter().filter(|f| !is_checksum(f));
        let mut message = Vec::new();
        for field in plain.chain(self.fields.iter().filter(is_checksum)) {
            let place = &field.place;
            let at = begin + empty.offset_of(place);
            let size = lacks
                .size_of(place)
                .ok_or("a field cuts a number of varying width")?;
            let number = match &field.meaning {
                Meaning::Length { of, plus } => {
                    let counted = match of {
                        Measure::Text => text_len as i64,
                        Measure::Record => len,
                        Measure::Previous => previous.map_or(-*plus, |(_, len)| len as i64),
                    };
                    counted + plus
                }
                Meaning::Sync => i64::from(item.sync),
                Meaning::Link { to, plus } => match to {
                    Target::This => offset as i64 + plus,
                    Target::Next => offset as i64 + len + plus,
                    Target::Previous => previous.map_or(0, |(at, _)| at as i64 + plus),
                },
                Meaning::Stamp(_) if place.code.is_varying() => item.stamp,
                Meaning::Stamp(kind) => {
                    let bytes = &mut out[at..at + size];
                    if !kind.put(place.code, item.stamp, bytes) {
                        return Err(format!("stamp {} cannot be written", item.stamp));
                    }
                    continue;
                }
                Meaning::Constant(bytes) => {
                    out[at..at + size].copy_from_slice(bytes);
                    continue;
                }
                Meaning::Checksum { algorithm, extent } => {
                    let record = Record {
                        bytes: &out[begin..],
                        text: empty.text,
                        text_end: empty.text_end,
                        terminator_end: empty.terminator_end,
                        footer: empty.footer,
                        lacks,
                    };
                    extent
                        .message(&record, place, &mut message)
                        .ok_or("the checksum covers nothing")?;
                    algorithm.0.compute(&message).into()
                }
                Meaning::Kind { table } => {
                    let letter = item.text.first().copied().unwrap_or(0);
                    let entry = table.iter().find(|(l, _)| *l == letter);
                    let number = entry.and_then(|(_, number)| i64::try_from(*number).ok());
                    number.ok_or_else(|| {
                        format!(
                            "no number is known for the kind \"{}\" at {} byte {}",
                            letter.escape_ascii(),
                            place.zone.word(),
                            place.offset
                        )
                    })?
                }
                Meaning::Unknown { .. } => unreachable!("refused above"),
            };
            if let Ok(number) = u64::try_from(number) {
                let digits = place.code.digits(number).len();
                let index = self.varying().position(|p| p == place);
                if let Some(index) = index.filter(|_| digits != size && digits <= place.size) {
                    return Ok(Some((index, digits)));
                }
            }
            let fits =
                u64::try_from(number).is_ok_and(|v| place.code.put(v, &mut out[at..at + size]));
            if !fits {
                return Err(format!(
                    "{number} does not fit the {} bytes at {} byte {}",
                    place.size,
                    place.zone.word(),
                    place.offset
                ));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::value::{Code, Place, Zone};

    /// A header "LENGTH,NUMBER;" of any width, in which the length counts all of the record.
    fn layout() -> Layout {
        let place = |offset, code| Place {
            zone: Zone::Header,
            offset,
            size: 10,
            code,
        };
        let comma = |offset, byte: u8| {
            let place = Place {
                size: 1,
                ..place(offset, Code::Little)
            };
            Field::new(place, Meaning::Constant(vec![byte]))
        };
        let of = Measure::Record;
        Layout {
            header_len: 22,
            fields: vec![
                Field::new(place(0, Code::Digits), Meaning::Length { of, plus: 0 }),
                comma(10, b','),
                Field::new(place(11, Code::Digits), Meaning::Sync),
                comma(21, b';'),
            ],
            ..Layout::bare()
        }
    }

    #[test]
    fn numbers_of_any_width_are_read_as_they_were_written() {
        // Five bytes of text fit a length of nine, and one of ten with a digit more: the shorter one is written.
        // Ninety-four make a record of more than a hundred by its own three digits.
        for (len, sync, header) in [
            (5, 7, "9,7;"),
            (93, 12, "99,12;"),
            (94, 12, "101,12;"),
            (92, 99_999, "102,99999;"),
        ] {
            let text = vec![b'A'; len];
            let item = Item {
                text: &text,
                sync,
                stamp: 0,
            };
            let mut out = b"before".to_vec();
            layout().write(&item, 6, None, &mut out).unwrap();
            let record = &out[6..];
            assert!(
                record.starts_with(header.as_bytes()),
                "{}",
                record.escape_ascii()
            );
            let read = layout().record(record, 6).unwrap();
            assert_eq!(&record[read.text..read.text_end], &text[..]);
            let fields = layout().fields;
            assert_eq!(read.value(&fields[2].place), Some(u64::from(sync)));
            assert_eq!(layout().start_of(record, read.text), Some(0));
        }
    }

    #[test]
    fn a_header_without_its_digits_is_none() {
        assert!(layout().record(b"10,;AAAAA", 0).is_err());
        assert!(layout().record(b"", 0).is_err());
        // Eleven digits are more than a number has.
        assert!(layout().record(b"12345678901,7;AA", 0).is_err());
    }
}
