//! Reading a record by a framing.

use super::{Layout, Meaning, Measure};
use crate::probe::checksum::Record;
use crate::probe::geometry::{MAX_ASIDE, is_clean};
use crate::probe::scan::{self, begins};
use crate::probe::value::{Place, Zone};
use crate::probe::varying::Lacks;

/// Bytes within which the end of a record is looked for that only its successor shows.
const MAX_PADDED: usize = 1 << 16;

/// Reads the number at a place of the header at the beginning of some bytes.
fn number_at(bytes: &[u8], lacks: &Lacks, place: &Place) -> Result<i64, String> {
    let start = place.offset - lacks.before(place.offset).min(place.offset);
    let size = lacks.size_of(place).unwrap_or(0);
    let field = bytes.get(start..start + size).unwrap_or_default();
    let value = place.code.get(field).and_then(|v| i64::try_from(v).ok());
    value.ok_or_else(|| format!("no length in \"{}\"", field.escape_ascii()))
}

impl Layout {
    /// Reads the record at the beginning of `bytes`, which is at `offset` in the file.
    ///
    /// # Errors
    /// Why there is none.
    pub fn record<'a>(&self, bytes: &'a [u8], offset: u64) -> Result<Record<'a>, String> {
        let lacks = self
            .lacks(bytes)
            .ok_or("a number of the header has no digits")?;
        let text = self.header_len - lacks.total();
        if bytes.len() < text {
            return Err(format!(
                "file ends inside the header ({} of {text} bytes)",
                bytes.len()
            ));
        }
        let text_len = match self.length() {
            Some((place, of, plus)) => {
                let value = number_at(bytes, &lacks, place)?;
                self.counted_len(bytes, &lacks, value, of, plus)?
            }
            None => match self
                .linked_len(bytes, &lacks, offset)
                .or(self.fixed_len(bytes))
            {
                Some(len) => self.counted_len(bytes, &lacks, len, Measure::Record, 0)?,
                None => self.text_len(bytes, text)?,
            },
        };
        let text_end = text + text_len;
        let terminator_end = text_end + self.terminator.len();
        let footer = terminator_end + self.trailer_len + self.padding(text, text_len);
        let len = footer + self.footer_len;
        if len > bytes.len() {
            return Err(format!(
                "the record of {len} bytes leaves the file ({} bytes left)",
                bytes.len()
            ));
        }
        if bytes[text_end..terminator_end] != *self.terminator {
            return Err(format!(
                "found \"{}\" behind the text, expected \"{}\"",
                bytes[text_end..terminator_end].escape_ascii(),
                self.terminator.escape_ascii()
            ));
        }
        Ok(Record {
            bytes: &bytes[..len],
            text,
            text_end,
            terminator_end,
            footer,
            lacks,
        })
    }

    /// Returns the length of a record whose successor's offset is in it. The last one may name none.
    fn linked_len(&self, bytes: &[u8], lacks: &Lacks, offset: u64) -> Option<i64> {
        let (place, plus) = self.next()?;
        let next = number_at(bytes, lacks, place).ok()?.checked_sub(plus)?;
        let len = next.checked_sub(i64::try_from(offset).ok()?)?;
        let least = (self.overhead() - lacks.total()) as i64;
        (len >= least && len <= bytes.len() as i64).then_some(len)
    }

    /// Returns the length of every record, where all have one and the next one begins behind it, or the file ends before
    /// that.
    fn fixed_len(&self, bytes: &[u8]) -> Option<i64> {
        let size = self.size?;
        let rest = bytes.get(size..)?;
        // Behind the last record, something may stand that is none.
        let is_last =
            || rest.len() < size || rest.len() <= size + MAX_ASIDE && scan::scan(rest).is_empty();
        (begins(rest, self.header_len) || is_last()).then_some(size as i64)
    }

    fn counted_len(
        &self,
        bytes: &[u8],
        lacks: &Lacks,
        value: i64,
        of: Measure,
        plus: i64,
    ) -> Result<usize, String> {
        let counted = value
            .checked_sub(plus)
            .and_then(|len| usize::try_from(len).ok())
            .filter(|&len| len <= bytes.len())
            .ok_or_else(|| {
                format!(
                    "length {value} leaves the file ({} bytes left)",
                    bytes.len()
                )
            })?;
        if of == Measure::Text {
            return Ok(counted);
        }
        let text = self.header_len - lacks.total();
        let overhead = self.overhead() - lacks.total();
        let longest = counted
            .checked_sub(overhead)
            .ok_or_else(|| format!("length {value}, expected at least {overhead}"))?;
        if self.align <= 1 {
            return Ok(longest);
        }
        // Only the padding says where the text ends.
        let behind = self.trailer_len + self.terminator.len();
        let least = longest.saturating_sub(self.align - 1);
        if behind == 0 {
            let stop = (least..longest)
                .rev()
                .find(|&len| bytes[text + len] != self.pad)
                .map_or(least, |len| len + 1);
            return Ok(stop);
        }
        let whole = bytes.get(..longest + overhead).ok_or_else(|| {
            format!(
                "length {value} leaves the file ({} bytes left)",
                bytes.len()
            )
        })?;
        let fits = |len: &usize| self.ends_at(whole, text, *len);
        let agrees = |len: &usize| self.has_constants(whole, text + len);
        let clean = |len: &usize| is_clean(&whole[text..text + len]);
        let lens = least..=longest;
        Ok(lens
            .clone()
            .rev()
            .find(|len| fits(len) && agrees(len) && clean(len))
            .or_else(|| lens.clone().rev().find(|len| fits(len) && clean(len)))
            .or_else(|| lens.rev().find(fits))
            .unwrap_or(longest))
    }

    /// Tells whether what never changes in headers stands in the one at the beginning of some bytes, and numbers where those
    /// have them.
    fn has_header(&self, bytes: &[u8]) -> bool {
        let headers = self.fields.iter().filter(|f| f.place.zone == Zone::Header);
        headers.filter(|f| !f.place.code.is_varying()).all(|field| {
            let place = &field.place;
            let found = bytes.get(place.offset..place.offset + place.size);
            found.is_some_and(|found| match &field.meaning {
                Meaning::Constant(expected) => found == expected,
                Meaning::Length { .. } | Meaning::Sync | Meaning::Link { .. } => {
                    place.code.get(found).is_some()
                }
                _ => true,
            })
        })
    }

    /// Tells whether what never changes behind the texts stands behind one that ends here.
    fn has_constants(&self, bytes: &[u8], end: usize) -> bool {
        let trailer = end + self.terminator.len();
        self.fields.iter().all(|field| match &field.meaning {
            Meaning::Constant(expected) if field.place.zone == Zone::Trailer => bytes
                .get(trailer + field.place.offset..)
                .is_some_and(|found| found.starts_with(expected)),
            _ => true,
        })
    }

    /// Tells whether terminator and padding agree with a text of this length at the end of `bytes`.
    fn ends_at(&self, bytes: &[u8], text: usize, text_len: usize) -> bool {
        let end = text + text_len;
        let after = end + self.terminator.len() + self.trailer_len;
        let footer = bytes.len() - self.footer_len;
        bytes[end..].starts_with(&self.terminator)
            && after <= footer
            && bytes[after..footer].iter().all(|&b| b == self.pad)
            && footer - after == self.padding(text, text_len)
    }

    /// Returns the length of a text that only its terminator or its padding ends: the last line end behind which the
    /// file ends or another transaction stands where it should.
    ///
    /// A line may go on with a blank behind what ends a record as well, CR LF or the CR of it: then only what stands where the
    /// next text should begin tells them apart.
    fn text_len(&self, record: &[u8], header: usize) -> Result<usize, String> {
        let (head, bytes) = record.split_at(header);
        if self.align > 1 && scan::is_text(self.pad) && header == self.header_len {
            if let Some(len) = self.len_before_next(bytes) {
                return Ok(len);
            }
        }
        let joiner = (!self.joiner.is_empty()).then_some(&self.joiner[..]);
        let mut ends = scan::ends(bytes, joiner);
        let mark = self.mark();
        ends.retain(|&end| bytes[end..].starts_with(mark));
        let begins_at = |next: usize| {
            let text = bytes.get(next..).and_then(|header| self.text_of(header));
            text.is_some_and(|text| begins(bytes, next + text))
        };
        let is_end = |end: &&usize| {
            let padding = self.padding(header, **end);
            let next = **end + self.overhead() - self.header_len + padding;
            let footer = next - self.footer_len;
            bytes
                .get(footer - padding..footer)
                .is_some_and(|padding| padding.iter().all(|&b| b == self.pad))
                && (next == bytes.len() || begins_at(next))
        };
        // A shorter end fits by chance more often than a longer one, whose lines all go on from the one before.
        let last = ends.iter().rposition(|end| is_end(&end));
        // But where headers are text as well, a line that begins with a blank may be one, with its text.
        let is_header = |end: usize| {
            let next = end + self.overhead() - self.header_len + self.padding(header, end);
            let line = bytes.get(next..).unwrap_or_default();
            let text = line.iter().take_while(|&&b| scan::is_text(b) || b == b'\t');
            let line = &line[..text.count()];
            scan::scan(line).iter().any(|t| t.start == header)
        };
        let is_text = !head.is_empty() && head.iter().all(|&b| scan::is_text(b));
        let first = ends.iter().position(|end| is_end(&end));
        if let Some(first) = first.filter(|&n| is_text && is_header(ends[n])) {
            return Ok(ends[first]);
        }
        if let Some(&end) = last.map(|n| &ends[n]).or_else(|| ends.last()) {
            return Ok(end);
        }
        let limit = bytes.len().min(4096);
        if mark.is_empty() {
            return Err("text without an end".to_owned());
        }
        bytes[..limit]
            .windows(mark.len())
            .position(|w| w == mark)
            .ok_or_else(|| format!("text without its terminator ({limit} bytes read)"))
    }

    /// Returns the bytes that follow every text: the terminator, or what never changes where one could be.
    fn mark(&self) -> &[u8] {
        let constant = self.fields.iter().find_map(|field| match &field.meaning {
            Meaning::Constant(bytes)
                if field.place.zone == Zone::Trailer && field.place.offset == 0 =>
            {
                Some(&bytes[..])
            }
            _ => None,
        });
        match constant {
            Some(bytes) if self.terminator.is_empty() => bytes,
            _ => &self.terminator,
        }
    }

    /// Returns the length of a text whose padding looks like text: the next record, or the end of the file, is found first.
    /// Within a text, a letter and a blank may stand as well, but hardly so what never changes around the texts.
    fn len_before_next(&self, bytes: &[u8]) -> Option<usize> {
        let mut first = None;
        let mut total = self.align_rest;
        loop {
            total += self.align;
            let next = (total >= self.overhead()).then(|| total - self.header_len);
            let Some(next) = next else { continue };
            if next > bytes.len() || total > MAX_PADDED {
                return first;
            }
            if next == bytes.len() || begins(bytes, total) {
                let len = self.len_before(bytes, next);
                let has_header = next == bytes.len() || self.has_header(&bytes[next..]);
                if has_header && len.is_some_and(|len| self.has_end(&bytes[..next], len)) {
                    return len;
                }
                first = first.or(len);
            }
        }
    }

    /// Returns the length of a text behind whose padding the next record begins at an offset.
    fn len_before(&self, bytes: &[u8], next: usize) -> Option<usize> {
        let behind = self.terminator.len() + self.trailer_len;
        let end = next.checked_sub(self.footer_len)?;
        let least = end.saturating_sub(self.align - 1);
        let stop = (least..end).rev().find(|&at| bytes[at] != self.pad);
        stop.map_or(least, |at| at + 1).checked_sub(behind)
    }

    /// Tells whether a text of some length at the beginning of bytes is followed by what ends every one, up to the end of the
    /// bytes.
    fn has_end(&self, bytes: &[u8], len: usize) -> bool {
        let footer = bytes.len() - self.footer_len;
        let has_footer = self.fields.iter().all(|field| match &field.meaning {
            Meaning::Constant(expected) if field.place.zone == Zone::Footer => bytes
                .get(footer + field.place.offset..)
                .is_some_and(|found| found.starts_with(expected)),
            _ => true,
        });
        bytes[len..].starts_with(&self.terminator) && has_footer && self.has_constants(bytes, len)
    }
}
