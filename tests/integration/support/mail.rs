//! Messages in the Maildirs of a postoffice.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use dirsync::codec::RouteKind;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::timestamp::Timestamp;
use dirsync::postoffice::mailbag::Outbox;
use dirsync::postoffice::places::Route;
use dirsync::protocol::mail::{
    ContentHash, Contents, Envelope, Mail, MailFault, MailKind, MailWriter, MessageId, Party,
    Reader, SignatureKey, Signed,
};

use super::{Office, name};

const PAGE: CodePage = CodePage::Cp850;

/// The password that messages are signed with.
pub(crate) const PASSWORD: &[u8] = b"secret";

/// A message to be sent.
pub(crate) struct Draft<'d> {
    pub(crate) to: &'d str,
    pub(crate) kind: MailKind,
    pub(crate) subject: &'d str,
    pub(crate) body: &'d str,
    pub(crate) attachment: Option<&'d [u8]>,
    /// Seconds since 1970; another one makes another message.
    pub(crate) date: u32,
}

impl<'d> Draft<'d> {
    pub(crate) fn to(to: &'d str) -> Self {
        Self {
            to,
            kind: MailKind::DirSync,
            subject: "ReqTx R=4 (was 0), S=0, I=0 4 sent",
            body: "[DIRSYNC]\r\nTASK=UPDATE\r\nSTAMP=5\r\n",
            attachment: None,
            date: 1_795_255_200,
        }
    }
}

impl Office {
    /// Returns a copy of it, as it is now.
    pub(crate) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let copy = Self { directory };
        copy_tree(&self.path(), &copy.path());
        copy
    }

    /// Puts messages into P1 as a pass does, and returns their Message-IDs.
    pub(crate) fn send(&self, drafts: &[Draft<'_>]) -> Vec<MessageId> {
        let mut ids = Vec::new();
        let from = Party::system(self.open().name().clone());
        self.change(|po, batch| {
            let outbox = Outbox::open(po.layout(), batch, Timestamp(drafts[0].date)).unwrap();
            for draft in drafts {
                let to = Party::parse(draft.to.as_bytes(), PAGE).unwrap();
                let mut contents = Contents::new(draft.body.as_bytes());
                if let Some(bytes) = draft.attachment {
                    contents = contents.and("REQUPDS.GLB", ContentHash::of_bytes(bytes));
                }
                let date = Timestamp(draft.date);
                let numbers = [outbox.count()];
                let message_id = MessageId::new(&from, &to, date, &numbers, &contents, PAGE);
                let signed = Signed::new(&message_id, draft.kind, &from, &to, &contents, PAGE);
                let key = SignatureKey::new(PASSWORD, PAGE).unwrap();
                let envelope = Envelope {
                    message_id: message_id.clone(),
                    from: from.clone(),
                    to,
                    subject: draft.subject.to_owned(),
                    date,
                    kind: draft.kind,
                    in_reply_to: None,
                    signature: Some(signed.sign(&key)),
                };
                let staged = outbox.post(&message_id.short()).unwrap();
                let mut mail = MailWriter::new(staged, &envelope, &contents, PAGE).unwrap();
                mail.write_all(draft.body.as_bytes()).unwrap();
                if let Some(bytes) = draft.attachment {
                    mail.attach("REQUPDS.GLB").unwrap();
                    mail.write_all(bytes).unwrap();
                }
                mail.finish().unwrap().finish().unwrap();
                ids.push(message_id);
            }
        });
        ids
    }

    /// Returns the messages in a directory of the postoffice, by name.
    pub(crate) fn mails(&self, directory: &str) -> Vec<(String, Vec<u8>)> {
        mails_in(&self.path().join(directory))
    }

    /// Returns the names of the messages in a directory of the postoffice.
    pub(crate) fn mail_names(&self, directory: &str) -> Vec<String> {
        let mails = self.mails(directory).into_iter();
        mails.map(|(name, _)| name).collect()
    }

    /// Reads the incoming messages as a pass does.
    pub(crate) fn received(&self) -> Vec<Result<Mail, MailFault>> {
        let po = self.open();
        let reader = Reader {
            own: po.name(),
            code_page: po.code_page(),
        };
        let mails = self.mails("MBG/SYSTEM/new").into_iter();
        mails
            .map(|(_, bytes)| Mail::parse(&bytes, &reader))
            .collect()
    }

    /// Returns the Message-IDs of the incoming messages, each of which must be whole.
    pub(crate) fn received_ids(&self) -> Vec<MessageId> {
        let mails = self.received().into_iter();
        mails
            .map(|mail| mail.expect("a whole message").envelope.message_id)
            .collect()
    }

    /// Defines a postoffice that can be reached directly, by mail or through another one.
    pub(crate) fn route(self, place: &str, route: &str) -> Self {
        let (kind, text) = route.split_once(':').unwrap_or((route, ""));
        let kind = match kind {
            "direct" => RouteKind::Direct,
            "indirect" => RouteKind::Indirect,
            "mail" => RouteKind::Mail,
            _ => RouteKind::None,
        };
        let _ = name(place);
        let text = text.as_bytes().into();
        self.define_routed(&[&format!("PCM:{place}")], &Route { kind, text })
    }

    /// Returns `direct:` and the path, for the route of another postoffice to this one.
    pub(crate) fn direct(&self) -> String {
        format!("direct:{}", self.path().display())
    }
}

/// Copies a directory with everything in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("readable").is_dir() {
            true => copy_tree(&entry.path(), &target),
            false => fs::copy(entry.path(), target)
                .map(|_| ())
                .expect("writable"),
        }
    }
}

/// Returns the files of a directory, by name; none where it is not there.
pub(crate) fn mails_in(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}
