//! MCI Mail addresses: the blank before `EMS:` and `MBX:` is a line break when stored
//! (`spec/import.md` 3.6; whether the original broke elsewhere too was never published).

const LINE_HEADS: [&[u8]; 2] = [b"EMS:", b"MBX:"];

/// Returns the stored form, with CR LF for the blank before each line head.
pub(super) fn to_stored(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 4);
    for (at, &byte) in text.iter().enumerate() {
        if byte == b' ' && begins_line(&text[at + 1..]) {
            out.extend_from_slice(b"\r\n");
        } else {
            out.push(byte);
        }
    }
    out
}

/// Returns the text form. Takes CR LF (Q96001), and CR with or without the blank that the form of
/// Q94410 has behind it.
pub(super) fn from_stored(stored: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stored.len());
    let mut rest = stored;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'\r' {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            rest = rest.strip_prefix(b" ").unwrap_or(rest);
            out.push(b' ');
        } else {
            out.push(byte);
        }
    }
    out
}

fn begins_line(text: &[u8]) -> bool {
    LINE_HEADS.iter().any(|head| {
        text.get(..head.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(head))
    })
}
