//! Messages as they are documented, written and read here without the program's own code for it: headers, MIME, signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dirsync::directory::interorg::wire::{Part, Unit};
use hmac::{Hmac, Mac};
use mail_parser::{MessageParser, MimeHeaders};
use sha2::{Digest, Sha256};

/// A message, to be written rightly or with something else in its place.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The address of `From:`.
    pub(super) address: String,
    /// `DirSync-From:`
    pub(super) from: String,
    /// `DirSync-To:`
    pub(super) to: String,
    pub(super) id: String,
    /// The head, lines ending in CR LF.
    pub(super) head: String,
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// `DirSync-Signature:`; none is left out.
    pub(super) signature: Option<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Letter {
    /// Makes a part into a message, not signed yet.
    pub(super) fn new(
        (address, from, to): (&str, &str, &str),
        (part, changes, withheld): (Part, Vec<u8>, Vec<u8>),
    ) -> Self {
        let id = part.unit.id();
        Self {
            address: address.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            id: format!("{id}.{}@test.example", part.number),
            head: part.to_text(),
            files: vec![
                ("changes.csv".to_owned(), changes),
                ("withheld.csv".to_owned(), withheld),
            ],
            signature: None,
        }
    }

    /// Returns what is signed: Message-ID, direction, both sides, id of the unit, number of the part, text, files.
    fn canonical(&self) -> String {
        let part = Part::parse(&self.head).expect("a head");
        let task = match &part.unit {
            Unit::Request(_) => "REQUEST",
            Unit::Answer(_) => "ANSWER",
        };
        let mut text = format!(
            "DirSync-InterOrg 1\n<{}>\n{task}\n{}\n{}\n{}\n{}/{}\n",
            self.id,
            self.from,
            self.to,
            part.unit.id(),
            part.number,
            part.of
        );
        let head = self.head.replace("\r\n", "\n");
        let head = head.trim_end_matches('\n');
        let digest = hex(&Sha256::digest(head));
        text.push_str(&format!("{} {digest} [BODY]\n", head.len()));
        for (name, bytes) in &self.files {
            let digest = hex(&Sha256::digest(bytes));
            let name = name.to_uppercase();
            text.push_str(&format!("{} {digest} {name}\n", bytes.len()));
        }
        text
    }

    fn digits(&self, key: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
        let mac = mac.chain_update(self.canonical()).finalize();
        format!("hmac-sha256 {}", hex(&mac.into_bytes()))
    }

    /// Signs it.
    pub(super) fn signed(mut self, key: &str) -> Self {
        self.signature = Some(self.digits(key));
        self
    }

    /// Tells whether it is signed with a key.
    pub(super) fn is_signed(&self, key: &str) -> bool {
        self.signature.as_deref() == Some(&self.digits(key))
    }

    /// Writes it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "From: {}\nMessage-ID: <{}>\nSubject: a message\nDirSync-From: {}\nDirSync-To: {}\n",
            self.address, self.id, self.from, self.to
        );
        if let Some(signature) = &self.signature {
            text.push_str(&format!("DirSync-Signature: {signature}\n"));
        }
        text.push_str("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"part\"\n\n");
        let head = self.head.replace("\r\n", "\n");
        text.push_str(&format!("--part\nContent-Type: text/plain\n\n{head}\n"));
        for (name, bytes) in &self.files {
            text.push_str(&format!(
                "--part\nContent-Type: text/csv\nContent-Disposition: attachment; filename=\"{name}\"\n\
                 Content-Transfer-Encoding: base64\n\n"
            ));
            let digits = STANDARD.encode(bytes);
            for line in digits.as_bytes().chunks(76) {
                text.push_str(std::str::from_utf8(line).expect("digits"));
                text.push('\n');
            }
        }
        text.push_str("--part--\n");
        text.into_bytes()
    }

    /// Reads one that the program wrote.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mail = MessageParser::default().parse(bytes).expect("a message");
        let header = |name: &str| {
            let value = mail.header(name).and_then(|value| value.as_text());
            value.map(|value| value.trim().to_owned())
        };
        let sender = mail.from().and_then(|from| from.first()).expect("a sender");
        let files = mail.attachments().map(|file| {
            let name = file.attachment_name().expect("a name").to_owned();
            (name, file.contents().to_vec())
        });
        let text = mail.body_text(0).expect("a text");
        Self {
            address: sender.address().expect("an address").to_owned(),
            from: header("DirSync-From").expect("DirSync-From"),
            to: header("DirSync-To").expect("DirSync-To"),
            id: mail.message_id().expect("an id").to_owned(),
            head: text.replace("\r\n", "\n").replace('\n', "\r\n"),
            files: files.collect(),
            signature: header("DirSync-Signature"),
        }
    }
}
