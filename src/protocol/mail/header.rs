//! The fields of a header, of a message or of one of its parts.

use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

use super::fault::FaultKind;

/// Bytes a header may have. Mail systems allow less.
pub(super) const MAX_HEADER_LEN: usize = 256 << 10;

/// Bytes of a field that is looked into.
const MAX_FIELD_LEN: usize = 8 << 10;

/// The fields in their order. Values are as written, folded lines included.
#[derive(Debug, Default)]
pub(super) struct Header<'x> {
    fields: Vec<(&'x [u8], &'x [u8])>,
}

impl<'x> Header<'x> {
    /// Splits a message, or a part of one, into header and body. A `From ` line of a mailbox file may stand above it.
    ///
    /// A line that is no field is passed over, as mail systems do.
    pub(super) fn split(bytes: &'x [u8]) -> Result<(Self, Option<&'x [u8]>), FaultKind> {
        let mut header = Self::default();
        let mut at = 0;
        while at < bytes.len() {
            let end = line_end(bytes, at);
            let line = &bytes[at..end];
            if line.trim_ascii().is_empty() && !line.starts_with(b" ") && !line.starts_with(b"\t") {
                return Ok((header, Some(&bytes[end..])));
            }
            if end > MAX_HEADER_LEN {
                return Err(FaultKind::HeaderTooLong(MAX_HEADER_LEN));
            }
            if !(at == 0 && line.starts_with(b"From ")) {
                header.take_line(bytes, at, end);
            }
            at = end;
        }
        Ok((header, None))
    }

    fn take_line(&mut self, bytes: &'x [u8], at: usize, end: usize) {
        let line = &bytes[at..end];
        if matches!(line[0], b' ' | b'\t') {
            // A folded line; the value before it reaches up to here.
            if let Some((_, value)) = self.fields.last_mut() {
                let start = end_of(bytes, value);
                if start == at {
                    *value = &bytes[start - value.len()..end];
                }
            }
            return;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return;
        };
        let name = line[..colon].trim_ascii_end();
        if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) {
            self.fields.push((name, &line[colon + 1..]));
        }
    }

    /// Tells whether there is no field at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the fields of a name.
    fn all(&self, name: &str) -> impl Iterator<Item = &'x [u8]> {
        self.fields
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// Returns the first field of a name as text: unfolded, encoded words decoded.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all(name).next().map(text_of)
    }

    /// Returns all fields of a name as text.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = String> {
        self.all(name).map(text_of)
    }

    /// Returns a field that may stand once only.
    pub(super) fn once(&self, name: &'static str) -> Result<Option<String>, FaultKind> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(FaultKind::Repeated(name)),
            (Some(value), None) if value.len() > MAX_FIELD_LEN => {
                Err(FaultKind::HeaderTooLong(MAX_FIELD_LEN))
            }
            (value, None) => Ok(value.map(text_of)),
        }
    }

    /// Returns a field with parameters, `Content-Type:` or `Content-Disposition:`.
    pub(super) fn parameters(
        &self,
        name: &'static str,
    ) -> Result<Option<ContentType<'x>>, FaultKind> {
        let Some(value) = self.all(name).next() else {
            return Ok(None);
        };
        if value.len() > MAX_FIELD_LEN {
            return Err(FaultKind::HeaderTooLong(MAX_FIELD_LEN));
        }
        Ok(match MessageStream::new(value).parse_content_type() {
            HeaderValue::ContentType(found) => Some(found),
            _ => None,
        })
    }

    /// Returns `Date:` in seconds since 1970 UTC.
    pub(super) fn date(&self) -> Option<i64> {
        let value = self
            .all("Date")
            .next()
            .filter(|v| v.len() <= MAX_FIELD_LEN)?;
        match MessageStream::new(value).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => Some(date.to_timestamp()),
            _ => None,
        }
    }
}

/// Returns the offset behind a slice of `bytes`.
fn end_of(bytes: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - bytes.as_ptr() as usize + part.len()
}

/// Returns the offset behind the line that begins at `at`, its LF included.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..].iter().position(|&b| b == b'\n');
    end.map_or(bytes.len(), |len| at + len + 1)
}

fn text_of(value: &[u8]) -> String {
    let value = &value[..value.len().min(MAX_FIELD_LEN)];
    // Its reader needs the line end.
    let line = [value.trim_ascii_end(), b"\n"].concat();
    match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) => text.trim().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Header<'_> {
        Header::split(text.as_bytes()).unwrap().0
    }

    #[test]
    fn fields_are_found_in_any_form() {
        let text = "From x@y Thu Jan  1\r\nSubject: =?UTF-8?Q?M=C3=BCn?=\r\n =?UTF-8?Q?chen?= x\r\n\
                    junk\nX-A:1\nx-a :\n\t2\n\n3\n: y\nbody: no\n";
        let (header, body) = Header::split(text.as_bytes()).unwrap();
        assert_eq!(header.text("subject").unwrap(), "München x");
        assert_eq!(header.text("X-A").unwrap(), "1");
        assert_eq!(header.once("X-A"), Err(FaultKind::Repeated("X-A")));
        assert_eq!(header.text("body"), None);
        assert_eq!(body.unwrap(), b"3\n: y\nbody: no\n");
    }

    #[test]
    fn folded_lines_belong_to_their_field() {
        let header = header("A: 1\n 2\n\t3\nB: 4\njunk\n 5\n\n");
        assert_eq!(header.text("A").unwrap(), "1 2 3");
        assert_eq!(header.text("B").unwrap(), "4");
    }

    #[test]
    fn parameters_and_dates_are_read() {
        let header = header(
            "Content-Type: Multipart/Mixed;\r\n boundary=\"a b\"\r\nDate: Thu, 01 Jan 1970 01:00:05 +0100\r\n\r\n",
        );
        let found = header.parameters("Content-Type").unwrap().unwrap();
        assert_eq!(found.attribute("boundary"), Some("a b"));
        assert!(found.ctype().eq_ignore_ascii_case("multipart"));
        assert_eq!(header.date(), Some(5));
    }

    #[test]
    fn a_header_without_end_is_bounded() {
        let long = format!("A: {}", "x".repeat(MAX_HEADER_LEN));
        assert_eq!(
            Header::split(long.as_bytes()).unwrap_err(),
            FaultKind::HeaderTooLong(MAX_HEADER_LEN)
        );
        let (header, body) = Header::split(b"A: 1\n").unwrap();
        assert!(body.is_none() && !header.is_empty());
        assert!(Header::split(b"\xff\xfe\x00").unwrap().0.is_empty());
    }
}
