//! How a file of this form is told from others: by its first line that says anything.

/// Tells whether a file that begins so is LDIF: remarks and empty lines may stand in front of the version and of the first
/// name (RFC 2849).
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    let first = first_line(head);
    ["version:", "dn:"].iter().any(|word| {
        let begun = first.get(..word.len());
        begun.is_some_and(|begun| begun.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Returns the first line that is neither empty nor a remark, nor goes on with one; a byte order mark is not part of it.
#[must_use]
pub fn first_line(head: &[u8]) -> &[u8] {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut is_remark = false;
    let mut lines = text.split(|&b| b == b'\n' || b == b'\r');
    let first = lines.find(|line| match line.first() {
        _ if line.trim_ascii().is_empty() => false,
        Some(b'#') => {
            is_remark = true;
            false
        }
        Some(b' ') if is_remark => false,
        _ => true,
    });
    first.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ld_16_remarks_in_front_say_nothing() {
        for head in [
            &b"version: 1\n"[..],
            b"\xef\xbb\xbfDN: o=Org\n",
            b"# a remark\r\r\n  that goes on\r\n\r\nversion: 1\n",
            b"\n\ndn:: bz1Pcmc=\n",
        ] {
            assert!(begins(head), "{}", head.escape_ascii());
        }
        for head in [
            &b""[..],
            b"# dn: o=Org\n",
            b" dn: o=Org\n",
            b"A Ann PCM:N/P/A\n",
        ] {
            assert!(!begins(head), "{}", head.escape_ascii());
        }
        assert_eq!(first_line(b"#a\n b\n\nname,mail\nx"), b"name,mail");
    }
}
