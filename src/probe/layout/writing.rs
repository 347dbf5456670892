//! Writing a record in a framing whose every byte is explained.

use super::{Field, Layout, Meaning, Measure, Target};
use crate::probe::checksum::Record;
use crate::probe::value::Zone;

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
        if self.lead > 0 {
            list.push(format!(
                "{} bytes before the first record: what stands there is not kept",
                self.lead
            ));
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
        let text_len = item.text.len();
        out.resize(begin + self.header_len, 0);
        out.extend_from_slice(item.text);
        out.extend_from_slice(&self.terminator);
        out.resize(out.len() + self.trailer_len, 0);
        out.resize(out.len() + self.padding(text_len), self.pad);
        let footer = out.len() - begin;
        out.resize(out.len() + self.footer_len, 0);
        let len = (out.len() - begin) as i64;
        let text_end = self.header_len + text_len;
        let empty = Record::<'static> {
            bytes: &[],
            text: self.header_len,
            text_end,
            terminator_end: text_end + self.terminator.len(),
            footer,
        };
        let is_checksum = |f: &&Field| matches!(f.meaning, Meaning::Checksum { .. });
        let plain = self.fields.iter().filter(|f| !is_checksum(f));
        let mut message = Vec::new();
        for field in plain.chain(self.fields.iter().filter(is_checksum)) {
            let place = &field.place;
            let at = begin + empty.offset_of(place);
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
                Meaning::Stamp(kind) => {
                    let bytes = &mut out[at..at + place.size];
                    if !kind.put(place.code, item.stamp, bytes) {
                        return Err(format!("stamp {} cannot be written", item.stamp));
                    }
                    continue;
                }
                Meaning::Constant(bytes) => {
                    out[at..at + place.size].copy_from_slice(bytes);
                    continue;
                }
                Meaning::Checksum { algorithm, extent } => {
                    let record = Record {
                        bytes: &out[begin..],
                        text: empty.text,
                        text_end: empty.text_end,
                        terminator_end: empty.terminator_end,
                        footer: empty.footer,
                    };
                    extent
                        .message(&record, place, &mut message)
                        .ok_or("the checksum covers nothing")?;
                    algorithm.0.compute(&message).into()
                }
                Meaning::Unknown { .. } => unreachable!("refused above"),
            };
            let fits = u64::try_from(number)
                .is_ok_and(|v| place.code.put(v, &mut out[at..at + place.size]));
            if !fits {
                return Err(format!(
                    "{number} does not fit the {} bytes at {} byte {}",
                    place.size,
                    place.zone.word(),
                    place.offset
                ));
            }
        }
        Ok(())
    }
}
