//! The parts of a message (RFC 2046).
//!
//! mail-parser reads the fields; the parts are taken apart here, since three things count that it does not tell: the bytes
//! of a text before any charset touched them, whether the last boundary was there at all, and a bound on parts in parts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::ContentType;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::charset::Charset;
use super::fault::FaultKind;
use super::header::{Header, line_end};

/// Parts in parts.
const MAX_DEPTH: usize = 8;

/// Parts in all.
const MAX_PARTS: usize = 64;

/// A part without parts.
#[derive(Debug)]
pub(super) struct Leaf<'x> {
    header: Header<'x>,
    bytes: &'x [u8],
    kind: Option<ContentType<'x>>,
    name: Option<String>,
    is_attachment: bool,
    /// Number in the message, from 1.
    number: usize,
}

impl<'x> Leaf<'x> {
    fn new(header: Header<'x>, bytes: &'x [u8], number: usize) -> Result<Self, FaultKind> {
        let kind = header.parameters("Content-Type")?;
        let disposition = header.parameters("Content-Disposition")?;
        let attribute = |field: &Option<ContentType<'x>>, name| {
            field.as_ref()?.attribute(name).map(str::to_owned)
        };
        let name = attribute(&disposition, "filename").or_else(|| attribute(&kind, "name"));
        let is_attachment =
            disposition.is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"));
        Ok(Self {
            header,
            bytes,
            kind,
            name,
            is_attachment,
            number,
        })
    }

    /// Tells whether it is of a type; `*` stands for any subtype. A part without type is `text/plain`.
    pub(super) fn is_type(&self, kind: &str, subtype: &str) -> bool {
        let (found, found_sub) = match &self.kind {
            Some(kind) => (kind.ctype(), kind.subtype().unwrap_or("plain")),
            None => ("text", "plain"),
        };
        found.eq_ignore_ascii_case(kind)
            && (subtype == "*" || found_sub.eq_ignore_ascii_case(subtype))
    }

    /// Tells whether it is text to be read, not a file.
    pub(super) fn is_text(&self) -> bool {
        !self.is_attachment && self.name.is_none() && self.is_type("text", "plain")
    }

    /// Tells whether it is a file.
    pub(super) fn is_file(&self) -> bool {
        self.is_attachment || self.name.is_some() || !self.is_type("text", "*")
    }

    /// Returns the name of the file, empty where it has none.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Returns the charset of its text.
    pub(super) fn charset(&self) -> Charset {
        let label = self
            .kind
            .as_ref()
            .and_then(|kind| kind.attribute("charset"));
        label.map_or(Charset::Unlabelled, Charset::from_name)
    }

    /// Returns its bytes without the transfer encoding.
    pub(super) fn decode(&self) -> Result<Vec<u8>, FaultKind> {
        let encoding = self
            .header
            .text("Content-Transfer-Encoding")
            .unwrap_or_default();
        let decoded = match encoding.to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" => Some(self.bytes.to_vec()),
            "quoted-printable" => quoted_printable_decode(self.bytes),
            "base64" => decode_base64(self.bytes),
            _ => None,
        };
        decoded.ok_or_else(|| FaultKind::Encoding {
            part: self.number,
            encoding: encoding.chars().take(40).collect(),
        })
    }
}

fn decode_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    STANDARD.decode(digits).ok()
}

/// Takes a message apart. Memory is bounded by its size, and so is time: each byte is looked at once for each depth.
pub(super) fn leaves<'x>(header: Header<'x>, body: &'x [u8]) -> Result<Vec<Leaf<'x>>, FaultKind> {
    let mut leaves = Vec::new();
    let mut waiting = vec![(header, body, 0)];
    let mut count = 0;
    while let Some((header, body, depth)) = waiting.pop() {
        let kind = header.parameters("Content-Type")?;
        let multipart = kind.filter(|kind| kind.ctype().eq_ignore_ascii_case("multipart"));
        let Some(multipart) = multipart else {
            count += 1;
            leaves.push(Leaf::new(header, body, count)?);
            continue;
        };
        let Some(boundary) = multipart.attribute("boundary").filter(|b| !b.is_empty()) else {
            return Err(FaultKind::Structure(
                "parts without a boundary between them",
            ));
        };
        if depth == MAX_DEPTH {
            return Err(FaultKind::TooComplex("parts in parts, more than 8 deep"));
        }
        let parts = split_parts(body, boundary.as_bytes(), MAX_PARTS)?;
        if waiting.len() + leaves.len() + parts.len() > MAX_PARTS {
            return Err(FaultKind::TooComplex("more than 64 parts"));
        }
        for part in parts.into_iter().rev() {
            let (header, body) = Header::split(part)?;
            waiting.push((header, body.unwrap_or_default(), depth + 1));
        }
    }
    Ok(leaves)
}

/// Returns what stands between the boundaries; the line end before a boundary belongs to it.
fn split_parts<'x>(
    body: &'x [u8],
    boundary: &[u8],
    max: usize,
) -> Result<Vec<&'x [u8]>, FaultKind> {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    while at < body.len() {
        let end = line_end(body, at);
        let line = body[at..end].trim_ascii_end();
        let behind = line
            .strip_prefix(b"--")
            .and_then(|rest| rest.strip_prefix(boundary));
        // Another line may begin with the boundary of an outer or inner multipart that is longer.
        if let Some(behind @ (b"" | b"--")) = behind {
            if let Some(start) = start {
                parts.push(without_line_end(&body[start..at.max(start)]));
            }
            if behind == b"--" {
                return Ok(parts);
            }
            if parts.len() == max {
                return Err(FaultKind::TooComplex("more than 64 parts"));
            }
            start = Some(end);
        }
        at = end;
    }
    match start {
        Some(_) => Err(FaultKind::Cut {
            part: parts.len() + 1,
        }),
        None => Err(FaultKind::Structure("the boundary of its parts is nowhere")),
    }
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<(String, Vec<u8>)>, FaultKind> {
        let (header, body) = Header::split(text.as_bytes())?;
        leaves(header, body.unwrap_or_default())?
            .iter()
            .map(|leaf| Ok((leaf.name().to_owned(), leaf.decode()?)))
            .collect()
    }

    #[test]
    fn parts_are_taken_in_order() {
        let text = "Content-Type: multipart/mixed; boundary=B\n\npreamble\n--B\n\none\n--B  \r\n\
            Content-Type: multipart/alternative; boundary=\"B2\"\r\n\r\n--B2\n\ntwo\r\n--B2--\r\nx\n--B\n\
            Content-Disposition: attachment; filename=\"Q.GLB\"\nContent-Transfer-Encoding: BASE64\n\nYWJj\nZGU=\n\n--B--\nepilogue";
        let parts = parse(text).unwrap();
        let expected: [(&str, &[u8]); 3] = [("", b"one"), ("", b"two"), ("Q.GLB", b"abcde")];
        let expected = expected.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_message_without_its_last_boundary_is_cut() {
        let text = "Content-Type: multipart/mixed; boundary=B\n\n--B\n\none\n--B\n\ntwo\n--B-";
        assert_eq!(parse(text), Err(FaultKind::Cut { part: 2 }));
        let text = "Content-Type: multipart/mixed; boundary=B\n\n-B\n";
        assert!(matches!(parse(text), Err(FaultKind::Structure(_))));
        let text = "Content-Type: multipart/mixed\n\n--B\n";
        assert!(matches!(parse(text), Err(FaultKind::Structure(_))));
    }

    #[test]
    fn damaged_encodings_are_refused() {
        for body in ["YWJjZA", "YWJj!", "YW=Jj", "YWJjZA=", "Y"] {
            let text = format!("Content-Transfer-Encoding: base64\n\n{body}\n");
            let expected = FaultKind::Encoding {
                part: 1,
                encoding: "base64".to_owned(),
            };
            assert_eq!(parse(&text), Err(expected), "{body}");
        }
        let text = "Content-Transfer-Encoding: quoted-printable\n\na=ZZ\n";
        assert!(matches!(parse(text), Err(FaultKind::Encoding { .. })));
        let text = "Content-Transfer-Encoding: x-uuencode\n\na\n";
        assert!(matches!(parse(text), Err(FaultKind::Encoding { .. })));
    }

    #[test]
    fn parts_in_parts_and_their_number_are_bounded() {
        let mut deep = String::new();
        for n in 0..10_000 {
            deep.push_str(&format!(
                "Content-Type: multipart/mixed; boundary=B{n}\n\n--B{n}\n"
            ));
        }
        for n in (0..10_000).rev() {
            deep.push_str(&format!("--B{n}--\n"));
        }
        assert!(matches!(parse(&deep), Err(FaultKind::TooComplex(_))));
        let nested = "Content-Type: message/rfc822\n\n".repeat(10_000);
        assert_eq!(parse(&nested).unwrap().len(), 1);
        let many = format!(
            "Content-Type: multipart/mixed; boundary=B\n\n{}--B--\n",
            "--B\n\n".repeat(100_000)
        );
        assert!(matches!(parse(&many), Err(FaultKind::TooComplex(_))));
    }
}
