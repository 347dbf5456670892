//! A message as people read it: the copy that is kept of it (`spec/exchange.md` DX-33).
//!
//! Transactions are text in it, whatever form they travelled in. It has no password, and is no message any more: its text
//! begins with a line that says so, so that one that gets into a mailbag by mistake is refused.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueReader};
use crate::protocol::mail::{Label, Mail, Reader};
use crate::protocol::message::peek_section;

/// Header lines that a copy keeps. Those about encodings and signatures would be wrong.
const KEPT: [&str; 7] = [
    "Date",
    "From",
    "To",
    "Subject",
    "Message-ID",
    "DirSync-From",
    "DirSync-To",
];

/// What stands in place of a password.
const MASKED: &str = "(left out of this copy)";

/// Returns the copy of a message. `said` is the first line of its text.
pub(in crate::tools::dxa) fn copy_of(
    bytes: &[u8],
    own: &PostofficeName,
    code_page: CodePage,
    said: &str,
) -> String {
    let mut copy = Copy::begin(bytes, said);
    copy.line("Passwords are left out of this copy; transactions are text in it, whatever form they came in.");
    copy.line("");
    match Mail::parse(bytes, &Reader { own, code_page }) {
        Ok(mail) => copy.mail(&mail, code_page),
        Err(fault) => {
            let message = fault.message(code_page);
            copy.line(&format!("It cannot be read: {message}"));
        }
    }
    copy.text
}

/// Returns the copy of a message that has a text and files, all of them UTF-8.
pub(in crate::tools::dxa) fn copy_of_texts(
    bytes: &[u8],
    text: &str,
    files: &[(&str, &[u8])],
    said: &str,
) -> String {
    let mut copy = Copy::begin(bytes, said);
    copy.line("");
    text.lines().for_each(|line| copy.line(line));
    for (name, bytes) in files {
        copy.line("");
        copy.line(&format!("--- {name} ---"));
        String::from_utf8_lossy(bytes)
            .lines()
            .for_each(|line| copy.line(line));
    }
    copy.text
}

/// Goes through the header lines that a copy keeps.
fn header_lines(head: &[u8], mut line: impl FnMut(&str)) {
    let mut is_kept = false;
    for text in head.split(|&b| b == b'\n') {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        if !text.starts_with([' ', '\t']) {
            let name = text.split(':').next().unwrap_or_default().trim();
            is_kept = KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name));
        }
        if is_kept {
            line(text);
        }
    }
}

#[derive(Default)]
struct Copy {
    text: String,
}

impl Copy {
    /// Begins with the header, and the first line of the text.
    fn begin(bytes: &[u8], said: &str) -> Self {
        let head = &bytes[..bytes.len().min(Label::MAX_HEAD_LEN)];
        let mut copy = Self::default();
        header_lines(head, |line| copy.line(line));
        copy.line("MIME-Version: 1.0");
        copy.line("Content-Type: text/plain; charset=utf-8");
        copy.line("Content-Transfer-Encoding: 8bit");
        copy.line("");
        copy.line(said);
        copy
    }

    /// Adds one line, without a password and without control characters.
    fn line(&mut self, line: &str) {
        let line = without_password(line);
        let shown = line.chars().map(|c| match c {
            '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        });
        self.text.extend(shown);
        self.text.push_str("\r\n");
    }

    fn lines(&mut self, bytes: &[u8], code_page: CodePage) {
        for line in bytes.split(|&b| b == b'\n') {
            let end = line
                .iter()
                .rposition(|&b| b != b'\r')
                .map_or(0, |at| at + 1);
            self.line(&code_page.decode(&line[..end]));
        }
    }

    fn mail(&mut self, mail: &Mail, code_page: CodePage) {
        match mail.text(code_page) {
            Ok(text) => self.lines(&text, code_page),
            Err(fault) => self.line(&format!("Its text cannot be read: {fault:?}")),
        }
        for attachment in &mail.attachments {
            self.line("");
            self.line(&format!("--- {} ---", attachment.name));
            let bytes = &attachment.bytes;
            let is_section = peek_section(&mut &bytes[..]).is_ok_and(|(is_section, _)| is_section);
            let is_text = |&b: &u8| b >= b' ' || b"\t\r\n\x1a".contains(&b);
            match is_section || bytes.iter().all(is_text) {
                true => self.lines(bytes, code_page),
                false => self.queue(bytes, code_page),
            }
        }
    }

    /// Adds the records of a queue as the text forms have them.
    fn queue(&mut self, bytes: &[u8], code_page: CodePage) {
        let mut queue = QueueReader::new(bytes, &Framing::OURS);
        let mut framed = Framed::default();
        loop {
            match queue.read(&mut framed) {
                Ok(false) => return,
                Ok(true) => {}
                Err(error) => return self.line(&format!("The rest is damaged: {error}")),
            }
            let mut number = String::new();
            write!(number, "{:010} ", framed.record.sync).expect("a string takes everything");
            let mut text = code_page.encode(&number).unwrap_or_default();
            text.extend_from_slice(&framed.record.text);
            self.lines(&text, code_page);
        }
    }
}

/// Puts something else in place of what `PASSWORD=` says, wherever in a line it stands.
fn without_password(line: &str) -> Cow<'_, str> {
    let folded = line.to_ascii_lowercase();
    let word = "password";
    let values = folded.match_indices(word).filter_map(|(at, _)| {
        let behind = &folded[at + word.len()..];
        let blanks = behind.len() - behind.trim_start().len();
        behind[blanks..]
            .starts_with('=')
            .then_some(at + word.len() + blanks + 1)
    });
    match values.min() {
        Some(value) => Cow::Owned(format!("{}{MASKED}", &line[..value])),
        None => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::queue::{QueueRecord, QueueWriter};
    use crate::codec::timestamp::Timestamp;

    const PAGE: CodePage = CodePage::Cp850;

    fn copy(message: &[u8]) -> String {
        let own = PostofficeName::parse(b"NET1/AGENT", PAGE).expect("a name");
        copy_of(message, &own, PAGE, "This is a copy.")
    }

    fn message(encoding: &str, body: &str) -> Vec<u8> {
        format!(
            "Received: from elsewhere\r\nDirSync-From: PCM:NET1/PO1\r\nDirSync-To: PCM:NET1/AGENT\r\n\
             DirSync-Signature: hmac-sha256 00\r\nSubject: a folded\r\n subject\r\nMessage-ID: <a@x>\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    #[test]
    fn a_password_is_nowhere_in_a_copy_however_it_is_written() {
        use base64::Engine;
        let lines = "[DIRSYNC]\r\nTASK=UPDATEREQ\r\n password = geheim\r\nPASSWORD=geheim\r\n\r\n[DIRSYNC-TRANSACTIONS]\r\n\
            0000000001 A Ann\tPCM:N/P/A\r\n&PassWord=geheim\r\n";
        let base64 = base64::engine::general_purpose::STANDARD.encode(lines);
        let quoted = lines.replace('=', "=3D").replace("geheim", "ge=\r\nheim");
        for (encoding, body) in [
            ("8bit", lines),
            ("base64", &base64),
            ("quoted-printable", &quoted),
        ] {
            let copy = copy(&message(encoding, body));
            assert!(
                !copy.contains("geheim") && !copy.contains("heim"),
                "{encoding}: {copy}"
            );
            assert_eq!(copy.matches(MASKED).count(), 3, "{encoding}: {copy}");
            assert!(
                copy.contains("0000000001 A Ann\tPCM:N/P/A"),
                "{encoding}: {copy}"
            );
            assert!(copy.contains("Subject: a folded\r\n subject\r\n"), "{copy}");
            assert!(
                !copy.contains("Received") && !copy.contains("Signature"),
                "{copy}"
            );
        }
    }

    #[test]
    fn the_records_of_a_queue_are_text_and_damage_is_said() {
        let mut queue = QueueWriter::new(Vec::new(), &Framing::OURS);
        for (number, text) in [
            (7, "A Ann\tPCM:N/P/A\r\n- Title:/x"),
            (8, "D Bob\tPCM:N/P/B"),
        ] {
            let record = QueueRecord::transaction(Timestamp(1), number, 0, text.into());
            queue.write(&record).expect("memory");
        }
        let (bytes, _) = queue.finish().expect("memory");
        let mut copy = Copy::default();
        copy.queue(&bytes[..bytes.len() - 1], PAGE);
        let lines: Vec<_> = copy.text.split("\r\n").collect();
        assert_eq!(lines[0], "0000000007 A Ann\tPCM:N/P/A");
        assert_eq!(lines[1], "- Title:/x");
        assert!(lines[2].starts_with("The rest is damaged"), "{lines:?}");
    }

    #[test]
    fn what_cannot_be_read_is_said_and_shows_nothing_of_its_text() {
        let copy = copy(b"Subject: hello\r\nFrom: a@b\r\n\r\nPassword: geheim, and more\r\n");
        assert!(copy.contains("It cannot be read"), "{copy}");
        assert!(
            copy.contains("Subject: hello") && !copy.contains("geheim"),
            "{copy}"
        );
        assert!(
            !copy_of(
                b"",
                &PostofficeName::parse(b"N/P", PAGE).expect("a name"),
                PAGE,
                "x"
            )
            .is_empty()
        );
    }

    #[test]
    fn lines_end_in_one_cr_lf_whatever_came() {
        let copy = copy(&message("8bit", "[DIRSYNC]\r\r\nTASK=X\r\r\n\r\r\n"));
        assert!(!copy.contains("\r\r\n"), "{copy:?}");
        assert!(copy.contains("[DIRSYNC]\r\nTASK=X\r\n"), "{copy:?}");
    }
}
