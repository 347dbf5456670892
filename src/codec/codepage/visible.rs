//! Record text for a screen: every byte can be seen, and none can act on the terminal.

use super::CodePage;

/// Appends `text` with its control characters spelled out: a tab as `<tab>` (Q96060), NUL as `<00>` (Q110496), any
/// other as two hexadecimal digits. CR LF inside the text begins a new line, `indent` blanks in, so that the lines
/// of one transaction stand together; at its end it is spelled out too.
///
/// Bytes that the code page has no character for, and characters without a width of their own (which could
/// turn the line around), are spelled out as well.
pub fn push_visible(out: &mut String, text: &[u8], page: CodePage, indent: usize) {
    let mut rest = text;
    while let [first, ..] = *rest {
        let len = match first {
            b' '..=b'~' => {
                out.push(char::from(first));
                1
            }
            b'\t' => {
                out.push_str("<tab>");
                1
            }
            b'\r' if rest.len() > 2 && rest[1] == b'\n' => {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                2
            }
            0..0x20 | 0x7f => {
                push_hex(out, first);
                1
            }
            0x80.. => {
                let len = page.character_len(rest);
                let shown = page.decode(&rest[..len]);
                if shown.chars().all(is_harmless) {
                    out.push_str(&shown);
                } else {
                    rest[..len].iter().for_each(|&byte| push_hex(out, byte));
                }
                len
            }
        };
        rest = &rest[len..];
    }
}

/// Returns a name for a screen, as [`push_visible`] shows it, on one line.
#[must_use]
pub fn visible_name(name: &[u8], page: CodePage) -> String {
    let mut out = String::with_capacity(name.len());
    for line in name.split_inclusive(|&b| b == b'\n') {
        // A CR LF at the end of what is shown is spelled out.
        push_visible(&mut out, line, page, 0);
    }
    out
}

fn push_hex(out: &mut String, byte: u8) {
    use std::fmt::Write;
    write!(out, "<{byte:02X}>").expect("a string takes everything");
}

fn is_harmless(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}'
    );
    !character.is_control() && !is_invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &[u8], page: CodePage) -> String {
        let mut out = String::new();
        push_visible(&mut out, text, page, 4);
        out
    }

    #[test]
    fn control_bytes_are_spelled_out() {
        let page = CodePage::default();
        for (text, shown) in [
            (&b"A apple\tPCM:N/P/apple"[..], "A apple<tab>PCM:N/P/apple"),
            (b"# Dummy.\0", "# Dummy.<00>"),
            (b"\x1b[31m\x7f\x01", "<1B>[31m<7F><01>"),
            (b"a\nb\rc", "a<0A>b<0D>c"),
            (b"M old\r\n  new", "M old\n      new"),
            (b"A x\r\n", "A x<0D><0A>"),
            (b"\r\n", "<0D><0A>"),
            (b"", ""),
        ] {
            assert_eq!(visible(text, page), shown, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn text_is_that_of_the_code_page() {
        assert_eq!(visible(b"M\x81ller", CodePage::Cp850), "Müller");
        assert_eq!(visible(b"M\xfcller", CodePage::Windows1252), "Müller");
        assert_eq!(visible(b"\x83\x65\x83\x58", CodePage::Cp932), "テス");
        // A torn pair does not swallow the tab behind it.
        assert_eq!(visible(b"\x83\tx", CodePage::Cp932), "<83><tab>x");
        // Right-to-left mark, and a byte without a character.
        assert_eq!(visible(b"\xfe", CodePage::Windows1255), "<FE>");
        assert_eq!(visible(b"\x81", CodePage::Windows1252), "<81>");
    }

    #[test]
    fn a_name_stays_on_one_line() {
        let shown = visible_name(b"NET\r\nforged\r\n", CodePage::default());
        assert_eq!(shown, "NET<0D><0A>forged<0D><0A>");
    }
}
